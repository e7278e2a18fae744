/* What a client does with a card, step by step, every result looked at. */
#include "scenario.h"

#include <string.h>

#include <openssl/rsa.h>

#define PIN ((CK_UTF8CHAR *)"123456")

static const CK_BYTE message[] = "Hello World!\n";

bool
step(struct run *run, const char *name, CK_RV rv)
{
	if (rv == CKR_OK)
		return true;
	if (run->rv == CKR_OK) {
		run->rv = rv;
		run->step = name;
	}
	return false;
}

/* The token of that kind: a fault may have left another one alone. */
static bool
token_find(struct run *run)
{
	CK_SLOT_ID slots[16];
	CK_ULONG count = 16;
	CK_TOKEN_INFO info;
	const char *label = run->kind->label;

	if (!step(run, "C_GetSlotList",
		  run->p11->C_GetSlotList(CK_TRUE, slots, &count)))
		return false;
	for (CK_ULONG i = 0; i < count; i++) {
		run->slot = slots[i];
		if (!step(run, "C_GetTokenInfo",
			  run->p11->C_GetTokenInfo(run->slot, &info)))
			return false;
		if (memcmp(info.label, label, strlen(label)) == 0)
			return true;
	}
	return step(run, "C_GetSlotList", CKR_TOKEN_NOT_PRESENT);
}

bool
session_open(struct run *run, CK_FLAGS flags, CK_SESSION_HANDLE *session)
{
	return token_find(run) &&
	       step(run, "C_OpenSession",
		    run->p11->C_OpenSession(run->slot,
					    CKF_SERIAL_SESSION | flags, NULL,
					    NULL, session));
}

static bool
login(struct run *run, CK_SESSION_HANDLE *session)
{
	return session_open(run, 0, session) &&
	       step(run, "C_Login",
		    run->p11->C_Login(*session, CKU_USER, PIN, 6));
}

/* Finds by a template; a search may well find nothing. */
static bool
find(struct run *run, CK_SESSION_HANDLE session, CK_ATTRIBUTE *list,
     CK_ULONG size, CK_OBJECT_HANDLE *found, CK_ULONG *count)
{
	CK_ULONG room = *count;
	bool fine;

	if (!step(run, "C_FindObjectsInit",
		  run->p11->C_FindObjectsInit(session, list, size)))
		return false;
	fine = step(run, "C_FindObjects",
		    run->p11->C_FindObjects(session, found, room, count));
	return step(run, "C_FindObjectsFinal",
		    run->p11->C_FindObjectsFinal(session)) &&
	       fine;
}

bool
find_key(struct run *run, CK_SESSION_HANDLE session, CK_BYTE id,
	 CK_OBJECT_HANDLE *key)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE list[] = { { CKA_CLASS, &class, sizeof(class) },
				{ CKA_ID, &id, 1 } };
	CK_ULONG count = 1;

	if (!find(run, session, list, 2, key, &count))
		return false;
	return count == 1 ||
	       step(run, "C_FindObjects", CKR_OBJECT_HANDLE_INVALID);
}

static void
scenario_list(struct run *run)
{
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE found[32];
	CK_ULONG count = 32, on_card = 0;
	CK_BYTE value[4096];
	CK_OBJECT_CLASS class = CKO_PROFILE;
	CK_ATTRIBUTE what = { CKA_CLASS, &class, sizeof(class) };

	if (!session_open(run, 0, &session) ||
	    !find(run, session, NULL, 0, found, &count))
		return;
	for (CK_ULONG i = 0; i < count; i++) {
		CK_ATTRIBUTE id = { CKA_ID, value, sizeof(value) };

		if (!step(run, "C_GetAttributeValue, class",
			  run->p11->C_GetAttributeValue(session, found[i],
							&what, 1)) ||
		    class == CKO_PROFILE)
			continue;
		on_card++;
		step(run, "C_GetAttributeValue",
		     run->p11->C_GetAttributeValue(session, found[i], &id, 1));
	}
	if (on_card != run->kind->public_objects)
		step(run, "C_FindObjects", CKR_OBJECT_HANDLE_INVALID);
}

static bool
signature_right(EVP_PKEY *key, CK_BYTE *signature, CK_ULONG size)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool right;

	right = context &&
		EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) ==
			1 &&
		EVP_DigestVerify(context, signature, size, message,
				 sizeof(message)) == 1;
	EVP_MD_CTX_free(context);
	return right;
}

/* EACH: the key wants the PIN once more, for itself. */
static void
sign(struct run *run, CK_BYTE id, EVP_PKEY *public_key, bool each)
{
	CK_MECHANISM mechanism = { CKM_SHA256_RSA_PKCS, NULL, 0 };
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE key;
	CK_BYTE signature[512];
	CK_ULONG size = sizeof(signature);

	if (!login(run, &session) || !find_key(run, session, id, &key) ||
	    !step(run, "C_SignInit",
		  run->p11->C_SignInit(session, &mechanism, key)))
		return;
	if (each &&
	    !step(run, "C_Login, for the key",
		  run->p11->C_Login(session, CKU_CONTEXT_SPECIFIC, PIN, 6)))
		return;
	if (!step(run, "C_Sign",
		  run->p11->C_Sign(session, (CK_BYTE *)message, sizeof(message),
				   signature, &size)))
		return;
	if (!signature_right(public_key, signature, size))
		run->wrong = true;
	step(run, "C_Logout", run->p11->C_Logout(session));
}

static void
scenario_sign(struct run *run)
{
	sign(run, run->kind->sign_id, run->keys[KEY_SIGN], false);
}

static void
scenario_sign_each(struct run *run)
{
	sign(run, run->kind->each_id, run->keys[KEY_EACH], true);
}

static bool
encrypt(struct run *run, CK_BYTE *out, size_t *size)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(run->keys[KEY_DECRYPT], NULL);
	int padding = run->kind->decrypt == CKM_RSA_PKCS
			      ? RSA_PKCS1_PADDING
			      : RSA_PKCS1_OAEP_PADDING;
	bool done;

	done = context && EVP_PKEY_encrypt_init(context) == 1 &&
	       EVP_PKEY_CTX_set_rsa_padding(context, padding) == 1 &&
	       EVP_PKEY_encrypt(context, out, size, message, sizeof(message)) ==
		       1;
	EVP_PKEY_CTX_free(context);
	return done;
}

static void
scenario_decrypt(struct run *run)
{
	CK_RSA_PKCS_OAEP_PARAMS oaep = { CKM_SHA_1, CKG_MGF1_SHA1,
					 CKZ_DATA_SPECIFIED, NULL, 0 };
	CK_MECHANISM mechanism = { run->kind->decrypt, NULL, 0 };
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE key;
	CK_BYTE secret[512], plain[512];
	size_t secret_size = sizeof(secret);
	CK_ULONG size = sizeof(plain);

	if (mechanism.mechanism == CKM_RSA_PKCS_OAEP) {
		mechanism.pParameter = &oaep;
		mechanism.ulParameterLen = sizeof(oaep);
	}
	if (!encrypt(run, secret, &secret_size)) {
		run->wrong = true;
		return;
	}
	if (!login(run, &session) ||
	    !find_key(run, session, run->kind->decrypt_id, &key) ||
	    !step(run, "C_DecryptInit",
		  run->p11->C_DecryptInit(session, &mechanism, key)) ||
	    !step(run, "C_Decrypt",
		  run->p11->C_Decrypt(session, secret, secret_size, plain,
				      &size)))
		return;
	if (size != sizeof(message) || memcmp(plain, message, size) != 0)
		run->wrong = true;
	/* the card took the padding off, which proves nothing to us */
	run->unproven = run->kind->decrypt == CKM_RSA_PKCS;
	step(run, "C_Logout", run->p11->C_Logout(session));
}

const struct scenario scenarios[] = {
	{ "list", scenario_list },
	{ "sign", scenario_sign },
	{ "sign, the PIN each time", scenario_sign_each },
	{ "decrypt", scenario_decrypt },
};
const size_t scenario_count = sizeof(scenarios) / sizeof(scenarios[0]);

/* PIV: four certificates and public keys, and the key that needs no PIN. */
static const struct kind kinds[] = {
	{ "piv", "PIV", 9, 1, 2, 3, "9a", "9c", "9d", CKM_RSA_PKCS_OAEP,
	  "010203040506070801020304050607080102030405060708", 1, true, false,
	  "PUK:12345678" },
	{ "openpgp", "OpenPGP", 6, 3, 1, 2, "aut", "sig", "dec", CKM_RSA_PKCS, "12345678",
	  3 },
};

const struct kind *
kind_find(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

static bool
rv_listed(const CK_RV *list, CK_RV rv)
{
	/* CKR_OK ends the list and is in it */
	while (*list != CKR_OK && *list != rv)
		list++;
	return *list == rv;
}

bool
rv_allowed(CK_RV rv, bool gone)
{
	static const CK_RV removed[] = {
		CKR_DEVICE_ERROR,
		CKR_DEVICE_REMOVED,
		CKR_TOKEN_NOT_PRESENT,
		CKR_SESSION_HANDLE_INVALID,
		CKR_OK,
	};
	static const CK_RV troubled[] = {
		CKR_DEVICE_MEMORY,	    CKR_TOKEN_NOT_RECOGNIZED,
		CKR_OBJECT_HANDLE_INVALID,  CKR_KEY_HANDLE_INVALID,
		CKR_USER_NOT_LOGGED_IN,	    CKR_PIN_INCORRECT,
		CKR_FUNCTION_FAILED,	    CKR_ENCRYPTED_DATA_INVALID,
		CKR_ATTRIBUTE_TYPE_INVALID, CKR_OK,
	};

	return rv_listed(removed, rv) || (!gone && rv_listed(troubled, rv));
}
