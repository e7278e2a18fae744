/* What writes to a card, step by step, and what it has written in use. */
#include "scenario.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/x509.h>

#define PIN ((CK_UTF8CHAR *)"123456")

enum { PIN_SIZE = 6, FIELD = 32 };

static const CK_BYTE message[] = "Hello World!\n";
static CK_BYTE p256[] = { 0x06, 0x08, 0x2A, 0x86, 0x48,
			  0xCE, 0x3D, 0x03, 0x01, 0x07 };
static CK_BBOOL yes = CK_TRUE;

static bool
officer(struct run *run, CK_SESSION_HANDLE *session)
{
	const char *pin = run->kind->so_pin;

	return session_open(run, CKF_RW_SESSION, session) &&
	       step(run, "C_Login, SO",
		    run->p11->C_Login(*session, CKU_SO, (CK_UTF8CHAR *)pin,
				      strlen(pin)));
}

/* Is SIGNATURE, r and s, by KEY? */
static bool
signature_right(EVP_PKEY *key, const CK_BYTE *signature)
{
	ECDSA_SIG *parts = ECDSA_SIG_new();
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char *der = NULL;
	int size;
	bool right;

	(void)ECDSA_SIG_set0(parts, BN_bin2bn(signature, FIELD, NULL),
			     BN_bin2bn(signature + FIELD, FIELD, NULL));
	size = i2d_ECDSA_SIG(parts, &der);
	right = size > 0 &&
		EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) ==
			1 &&
		EVP_DigestVerify(context, der, (size_t)size, message,
				 sizeof(message)) == 1;
	OPENSSL_free(der);
	ECDSA_SIG_free(parts);
	EVP_MD_CTX_free(context);
	return right;
}

/* The user signs with the key that the officer has put there. */
static void
use(struct run *run, CK_SESSION_HANDLE session, EVP_PKEY *key)
{
	CK_MECHANISM mechanism = { CKM_ECDSA_SHA256, NULL, 0 };
	CK_OBJECT_HANDLE found;
	CK_BYTE signature[2 * FIELD];
	CK_ULONG size = sizeof(signature);

	if (!step(run, "C_Logout, SO", run->p11->C_Logout(session)) ||
	    !step(run, "C_Login",
		  run->p11->C_Login(session, CKU_USER, PIN, PIN_SIZE)) ||
	    !find_key(run, session, run->kind->write_id, &found) ||
	    !step(run, "C_SignInit",
		  run->p11->C_SignInit(session, &mechanism, found)) ||
	    !step(run, "C_Sign",
		  run->p11->C_Sign(session, (CK_BYTE *)message, sizeof(message),
				   signature, &size)))
		return;
	run->wrong =
		size != sizeof(signature) || !signature_right(key, signature);
	step(run, "C_Logout", run->p11->C_Logout(session));
}

static void
scenario_generate(struct run *run)
{
	CK_MECHANISM mechanism = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
	CK_BYTE id = run->kind->write_id, info[256];
	CK_ATTRIBUTE public_key[] = { { CKA_TOKEN, &yes, 1 },
				      { CKA_ID, &id, 1 },
				      { CKA_EC_PARAMS, p256, sizeof(p256) } };
	CK_ATTRIBUTE private_key[] = { { CKA_TOKEN, &yes, 1 },
				       { CKA_PRIVATE, &yes, 1 },
				       { CKA_ID, &id, 1 } };
	CK_ATTRIBUTE spki = { CKA_PUBLIC_KEY_INFO, info, sizeof(info) };
	CK_OBJECT_HANDLE pair[2];
	CK_SESSION_HANDLE session;
	const unsigned char *der = info;
	EVP_PKEY *key;

	if (!officer(run, &session) ||
	    !step(run, "C_GenerateKeyPair",
		  run->p11->C_GenerateKeyPair(session, &mechanism, public_key,
					      3, private_key, 3, &pair[0],
					      &pair[1])) ||
	    !step(run, "C_GetAttributeValue",
		  run->p11->C_GetAttributeValue(session, pair[0], &spki, 1)))
		return;
	key = d2i_PUBKEY(NULL, &der, (long)spki.ulValueLen);
	if (key)
		use(run, session, key);
	else
		run->wrong = true;
	EVP_PKEY_free(key);
}

static void
scenario_import(struct run *run)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_KEY_TYPE type = CKK_EC;
	CK_BYTE id = run->kind->write_id, value[FIELD];
	CK_ATTRIBUTE list[] = { { CKA_CLASS, &class, sizeof(class) },
				{ CKA_KEY_TYPE, &type, sizeof(type) },
				{ CKA_TOKEN, &yes, 1 },
				{ CKA_PRIVATE, &yes, 1 },
				{ CKA_ID, &id, 1 },
				{ CKA_EC_PARAMS, p256, sizeof(p256) },
				{ CKA_VALUE, value, sizeof(value) } };
	EVP_PKEY *key = EVP_EC_gen("P-256");
	CK_OBJECT_HANDLE made;
	CK_SESSION_HANDLE session;
	BIGNUM *number = NULL;

	if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &number) !=
		    1 ||
	    BN_bn2binpad(number, value, FIELD) != FIELD)
		run->wrong = true;
	else if (officer(run, &session) &&
		 step(run, "C_CreateObject, key",
		      run->p11->C_CreateObject(session, list, 7, &made)))
		use(run, session, key);
	BN_clear_free(number);
	EVP_PKEY_free(key);
}

/* For the key that SIGN is for: a number of its own makes it a new one. */
static int
certificate_make(struct run *run, unsigned char **der)
{
	static long number;
	X509 *x = X509_new();
	EVP_PKEY *authority = EVP_EC_gen("P-256");
	int size = -1;

	if (x && authority &&
	    ASN1_INTEGER_set(X509_get_serialNumber(x), ++number) &&
	    X509_gmtime_adj(X509_getm_notBefore(x), 0) &&
	    X509_gmtime_adj(X509_getm_notAfter(x), 86400) &&
	    X509_set_pubkey(x, run->keys[KEY_SIGN]) &&
	    X509_sign(x, authority, EVP_sha256()))
		size = i2d_X509(x, der);
	X509_free(x);
	EVP_PKEY_free(authority);
	return size;
}

static void
scenario_certificate(struct run *run)
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_CERTIFICATE_TYPE type = CKC_X_509;
	CK_BYTE id = run->kind->write_id, read[4096];
	unsigned char *der = NULL;
	int size = certificate_make(run, &der);
	CK_ATTRIBUTE list[] = { { CKA_CLASS, &class, sizeof(class) },
				{ CKA_CERTIFICATE_TYPE, &type, sizeof(type) },
				{ CKA_TOKEN, &yes, 1 },
				{ CKA_ID, &id, 1 },
				{ CKA_VALUE, der, (CK_ULONG)size } };
	CK_ATTRIBUTE value = { CKA_VALUE, read, sizeof(read) };
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE made;

	run->wrong = size <= 0;
	/* nobody has signed what we read there but its maker */
	run->unproven = !run->wrong;
	if (!run->wrong && officer(run, &session) &&
	    step(run, "C_CreateObject, certificate",
		 run->p11->C_CreateObject(session, list, 5, &made)) &&
	    step(run, "C_GetAttributeValue",
		 run->p11->C_GetAttributeValue(session, made, &value, 1))) {
		run->wrong = value.ulValueLen != (CK_ULONG)size ||
			     memcmp(read, der, (size_t)size) != 0;
		step(run, "C_Logout", run->p11->C_Logout(session));
	}
	OPENSSL_free(der);
}

/* To what it is, so that it is known whatever happens. */
static void
scenario_pin(struct run *run)
{
	CK_SESSION_HANDLE session;

	if (session_open(run, CKF_RW_SESSION, &session) &&
	    step(run, "C_SetPIN",
		 run->p11->C_SetPIN(session, PIN, PIN_SIZE, PIN, PIN_SIZE)) &&
	    step(run, "C_Login",
		 run->p11->C_Login(session, CKU_USER, PIN, PIN_SIZE)))
		step(run, "C_Logout", run->p11->C_Logout(session));
}

static void
scenario_unblock(struct run *run)
{
	const char *code = run->kind->code;
	CK_SESSION_HANDLE session;

	if (session_open(run, CKF_RW_SESSION, &session) &&
	    step(run, "C_SetPIN, unblock",
		 run->p11->C_SetPIN(session, (CK_UTF8CHAR *)code, strlen(code),
				    PIN, PIN_SIZE)) &&
	    step(run, "C_Login",
		 run->p11->C_Login(session, CKU_USER, PIN, PIN_SIZE)))
		step(run, "C_Logout", run->p11->C_Logout(session));
}

static void
scenario_init_pin(struct run *run)
{
	CK_SESSION_HANDLE session;

	if (officer(run, &session) &&
	    step(run, "C_InitPIN", run->p11->C_InitPIN(session, PIN, PIN_SIZE)))
		step(run, "C_Logout", run->p11->C_Logout(session));
}

/* The last one, as nothing is left after it. */
static void
scenario_reset(struct run *run)
{
	CK_UTF8CHAR label[32];
	CK_SESSION_HANDLE session;

	(void)memset(label, ' ', sizeof(label));
	if (session_open(run, 0, &session) &&
	    step(run, "C_CloseSession", run->p11->C_CloseSession(session)))
		step(run, "C_InitToken",
		     run->p11->C_InitToken(run->slot,
					   (CK_UTF8CHAR *)run->kind->so_pin,
					   strlen(run->kind->so_pin), label));
}

static bool
imports(const struct kind *kind)
{
	return kind->imports;
}

static bool
sets_pin(const struct kind *kind)
{
	return kind->sets_pin;
}

static bool
unblocks(const struct kind *kind)
{
	return kind->code != NULL;
}

const struct scenario write_scenarios[] = {
	{ "write a certificate", scenario_certificate },
	{ "change the PIN", scenario_pin },
	{ "unblock the PIN", scenario_unblock, unblocks },
	{ "set the PIN", scenario_init_pin, sets_pin },
	{ "generate", scenario_generate },
	{ "import", scenario_import, imports },
	{ "reset the card", scenario_reset },
};
const size_t write_scenario_count =
	sizeof(write_scenarios) / sizeof(write_scenarios[0]);
