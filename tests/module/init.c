/* What the functions that begin an operation have in common: C_EncryptInit
 * (5.8.1), C_DecryptInit (5.10.1), C_DigestInit (5.12.1), C_SignInit (5.13.1),
 * C_VerifyInit (5.15.1) and their kin. */
#include "suite.h"

enum key {
	KEY_NONE,
	KEY_AES,
	KEY_HMAC,
	KEY_RSA_PUBLIC,
	KEY_RSA_PRIVATE,
};

/* One function that begins an operation. */
struct beginner {
	CK_RV (*begin)(CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
	CK_MECHANISM good;
	/* with a parameter that is none of its mechanism's */
	CK_MECHANISM bad;
	CK_FLAGS flag;	/* of the mechanism, and of C_SessionCancel */
	CK_FLAGS usage; /* that the key needs */
	enum key key;
	int since; /* 2, 30, 32 */
};

static CK_BYTE iv[16], tag[16], one_byte[1], signature[256];
static CK_GCM_MESSAGE_PARAMS gcm = { iv, 12, 0, CKG_NO_GENERATE, tag, 128 };

#define AES_CBC                             \
	{                                   \
		CKM_AES_CBC, iv, sizeof(iv) \
	}
#define AES_CBC_SHORT_IV           \
	{                          \
		CKM_AES_CBC, iv, 5 \
	}
#define AES_GCM                                \
	{                                      \
		CKM_AES_GCM, &gcm, sizeof(gcm) \
	}
#define AES_GCM_SHORT                \
	{                            \
		CKM_AES_GCM, &gcm, 3 \
	}
#define SHA256                      \
	{                           \
		CKM_SHA256, NULL, 0 \
	}
#define SHA256_AND_MORE                 \
	{                               \
		CKM_SHA256, one_byte, 1 \
	}
#define HMAC                             \
	{                                \
		CKM_SHA256_HMAC, NULL, 0 \
	}
#define HMAC_OF_NO_LENGTH                        \
	{                                        \
		CKM_SHA256_HMAC_GENERAL, NULL, 0 \
	}
#define RSA                           \
	{                             \
		CKM_RSA_PKCS, NULL, 0 \
	}
#define RSA_AND_MORE                      \
	{                                 \
		CKM_RSA_PKCS, one_byte, 1 \
	}
#define RSA_SHA256                           \
	{                                    \
		CKM_SHA256_RSA_PKCS, NULL, 0 \
	}
#define RSA_SHA256_AND_MORE                      \
	{                                        \
		CKM_SHA256_RSA_PKCS, one_byte, 1 \
	}
#define PSS_OF_NOTHING                           \
	{                                        \
		CKM_SHA256_RSA_PKCS_PSS, NULL, 0 \
	}

/* One function with its call, and what is true of it. */
#define BEGINNER(name, call, ...)                          \
	static CK_RV begin_##name(CK_MECHANISM *mechanism, \
				  CK_OBJECT_HANDLE key)    \
	{                                                  \
		return suite.call;                         \
	}                                                  \
	static const struct beginner name = { begin_##name, __VA_ARGS__ };

BEGINNER(encrypt, p11->C_EncryptInit(suite.session, mechanism, key), AES_CBC,
	 AES_CBC_SHORT_IV, CKF_ENCRYPT, CKF_ENCRYPT, KEY_AES, 2)
BEGINNER(decrypt, p11->C_DecryptInit(suite.session, mechanism, key), AES_CBC,
	 AES_CBC_SHORT_IV, CKF_DECRYPT, CKF_DECRYPT, KEY_AES, 2)
BEGINNER(digest, p11->C_DigestInit(suite.session, mechanism), SHA256,
	 SHA256_AND_MORE, CKF_DIGEST, 0, KEY_NONE, 2)
BEGINNER(sign, p11->C_SignInit(suite.session, mechanism, key), HMAC,
	 HMAC_OF_NO_LENGTH, CKF_SIGN, CKF_SIGN, KEY_HMAC, 2)
BEGINNER(sign_recover, p11->C_SignRecoverInit(suite.session, mechanism, key),
	 RSA, RSA_AND_MORE, CKF_SIGN_RECOVER, CKF_SIGN_RECOVER, KEY_RSA_PRIVATE,
	 2)
BEGINNER(verify, p11->C_VerifyInit(suite.session, mechanism, key), HMAC,
	 HMAC_OF_NO_LENGTH, CKF_VERIFY, CKF_VERIFY, KEY_HMAC, 2)
BEGINNER(verify_recover,
	 p11->C_VerifyRecoverInit(suite.session, mechanism, key), RSA,
	 RSA_AND_MORE, CKF_VERIFY_RECOVER, CKF_VERIFY_RECOVER, KEY_RSA_PUBLIC,
	 2)
BEGINNER(verify_signature,
	 p11_3_2->C_VerifySignatureInit(suite.session, mechanism, key,
					signature, sizeof(signature)),
	 RSA_SHA256, PSS_OF_NOTHING, CKF_VERIFY, CKF_VERIFY, KEY_RSA_PUBLIC, 32)
BEGINNER(message_encrypt,
	 p11_3_0->C_MessageEncryptInit(suite.session, mechanism, key), AES_GCM,
	 AES_GCM_SHORT, CKF_MESSAGE_ENCRYPT, CKF_ENCRYPT, KEY_AES, 30)
BEGINNER(message_decrypt,
	 p11_3_0->C_MessageDecryptInit(suite.session, mechanism, key), AES_GCM,
	 AES_GCM_SHORT, CKF_MESSAGE_DECRYPT, CKF_DECRYPT, KEY_AES, 30)
BEGINNER(message_sign,
	 p11_3_0->C_MessageSignInit(suite.session, mechanism, key), RSA_SHA256,
	 RSA_SHA256_AND_MORE, CKF_MESSAGE_SIGN, CKF_SIGN, KEY_RSA_PRIVATE, 30)
BEGINNER(message_verify,
	 p11_3_0->C_MessageVerifyInit(suite.session, mechanism, key),
	 RSA_SHA256, PSS_OF_NOTHING, CKF_MESSAGE_VERIFY, CKF_VERIFY,
	 KEY_RSA_PUBLIC, 30)

/* The same with RSA, which every card of ours has. */
BEGINNER(rsa_encrypt, p11->C_EncryptInit(suite.session, mechanism, key), RSA,
	 RSA_AND_MORE, CKF_ENCRYPT, CKF_ENCRYPT, KEY_RSA_PUBLIC, 2)
BEGINNER(rsa_decrypt, p11->C_DecryptInit(suite.session, mechanism, key), RSA,
	 RSA_AND_MORE, CKF_DECRYPT, CKF_DECRYPT, KEY_RSA_PRIVATE, 2)
BEGINNER(rsa_sign, p11->C_SignInit(suite.session, mechanism, key), RSA_SHA256,
	 RSA_SHA256_AND_MORE, CKF_SIGN, CKF_SIGN, KEY_RSA_PRIVATE, 2)
BEGINNER(rsa_verify, p11->C_VerifyInit(suite.session, mechanism, key),
	 RSA_SHA256, RSA_SHA256_AND_MORE, CKF_VERIFY, CKF_VERIFY,
	 KEY_RSA_PUBLIC, 2)

static CK_RV
begin(const struct beginner *b, CK_MECHANISM mechanism, CK_OBJECT_HANDLE key)
{
	return b->begin(&mechanism, key);
}

/* Skips the case when the module or its token has no such operation. */
static const struct beginner *
beginner_of(void **state)
{
	const struct beginner *b = *state;

	if (b->since == 30)
		(void)need_3_0();
	if (b->since == 32)
		(void)need_3_2();
	need_mechanism(b->good.mechanism, b->flag);
	return b;
}

/* A key with what the operation needs, or with all but that. */
static CK_OBJECT_HANDLE
key_with(const struct beginner *b, CK_FLAGS usage)
{
	CK_OBJECT_HANDLE keys[2];

	switch (b->key) {
	case KEY_NONE:
		return CK_INVALID_HANDLE;
	case KEY_AES:
		return secret_make(CKK_AES, 16, usage);
	case KEY_HMAC:
		return secret_make(CKK_GENERIC_SECRET, 32, usage);
	case KEY_RSA_PUBLIC:
		return rsa_public_copy(suite.rsa, usage);
	case KEY_RSA_PRIVATE:
		break;
	}
	login();
	if (b->usage == usage && usage == CKF_DECRYPT)
		return object_get(CKO_PRIVATE_KEY, suite.decrypt);
	if (b->usage == usage && usage == CKF_SIGN)
		return object_get(CKO_PRIVATE_KEY, suite.rsa);
	if (suite.card)
		return rsa_private_without(b->usage);
	rsa_pair_make(usage, &keys[0], &keys[1]);
	return keys[1];
}

static CK_OBJECT_HANDLE
key_good(const struct beginner *b)
{
	return key_with(b, b->usage);
}

/* CKR_MECHANISM_INVALID: unknown, and of another kind of function */
static void
test_mechanism(void **state)
{
	const struct beginner *b = beginner_of(state);
	CK_MECHANISM unknown = { CKM_VENDOR_DEFINED | 0x123456, NULL, 0 };
	CK_MECHANISM other = { CKM_AES_KEY_GEN, NULL, 0 };
	CK_OBJECT_HANDLE key = key_good(b);

	assert_rv(CKR_MECHANISM_INVALID, begin(b, unknown, key));
	assert_rv(CKR_MECHANISM_INVALID, begin(b, other, key));
	assert_ok(begin(b, b->good, key));
}

/* CKR_MECHANISM_PARAM_INVALID */
static void
test_parameter(void **state)
{
	const struct beginner *b = beginner_of(state);
	CK_MECHANISM hollow = { b->good.mechanism, NULL, 16 };
	CK_OBJECT_HANDLE key = key_good(b);
	CK_RV rv;

	need_mechanism(b->bad.mechanism, b->flag);
	assert_rv(CKR_MECHANISM_PARAM_INVALID, begin(b, b->bad, key));
	rv = begin(b, hollow, key);
	assert_one_of(rv, CKR_MECHANISM_PARAM_INVALID, CKR_ARGUMENTS_BAD);
	assert_ok(begin(b, b->good, key));
}

/* CKR_KEY_HANDLE_INVALID: none, or "a valid handle for an object which is not
 * a key" (5.1.6) */
static void
test_key_handle(void **state)
{
	const struct beginner *b = beginner_of(state);
	CK_OBJECT_HANDLE never = (CK_OBJECT_HANDLE)-1;

	assert_rv(CKR_KEY_HANDLE_INVALID, begin(b, b->good, 0));
	assert_rv(CKR_KEY_HANDLE_INVALID, begin(b, b->good, never));
	assert_rv(CKR_KEY_HANDLE_INVALID,
		  begin(b, b->good,
			data_make(suite.session, CK_FALSE, CK_FALSE, "none")));
}

/* CKR_KEY_TYPE_INCONSISTENT, which "has a higher priority than
 * CKR_KEY_FUNCTION_NOT_PERMITTED" (5.1.6) */
static void
test_key_type(void **state)
{
	const struct beginner *b = beginner_of(state);
	CK_OBJECT_HANDLE key;

	if (b->key == KEY_AES || b->key == KEY_HMAC)
		key = rsa_public_copy(suite.rsa, CKF_VERIFY);
	else
		key = secret_make(CKK_AES, 16, b->usage & CKF_VERIFY);
	assert_rv(CKR_KEY_TYPE_INCONSISTENT, begin(b, b->good, key));
}

/* The same of a key that may do nothing of the kind, nor anything else. */
static void
test_type_first(void **state)
{
	const struct beginner *b = beginner_of(state);
	CK_FLAGS other = b->usage == CKF_VERIFY ? CKF_ENCRYPT : CKF_VERIFY;
	CK_OBJECT_HANDLE key;

	if (b->key == KEY_AES || b->key == KEY_HMAC)
		key = rsa_public_copy(suite.rsa, other);
	else
		key = secret_make(CKK_AES, 16, other);
	assert_rv(CKR_KEY_TYPE_INCONSISTENT, begin(b, b->good, key));
}

/* CKR_KEY_FUNCTION_NOT_PERMITTED */
static void
test_not_permitted(void **state)
{
	const struct beginner *b = beginner_of(state);
	CK_FLAGS other = b->usage == CKF_DECRYPT ? CKF_ENCRYPT : CKF_DECRYPT;

	if (b->key == KEY_HMAC)
		other = b->usage == CKF_SIGN ? CKF_VERIFY : CKF_SIGN;
	if (b->key == KEY_RSA_PUBLIC)
		other = b->usage == CKF_ENCRYPT ? CKF_VERIFY : CKF_ENCRYPT;
	if (b == &rsa_decrypt)
		other = CKF_SIGN;
	assert_rv(CKR_KEY_FUNCTION_NOT_PERMITTED,
		  begin(b, b->good, key_with(b, other)));
}

/* CKR_OPERATION_ACTIVE; the one that was there goes on. */
static void
test_twice(void **state)
{
	const struct beginner *b = beginner_of(state);
	CK_OBJECT_HANDLE key = key_good(b);

	assert_ok(begin(b, b->good, key));
	assert_rv(CKR_OPERATION_ACTIVE, begin(b, b->good, key));
	assert_rv(CKR_OPERATION_ACTIVE, begin(b, b->good, key));
}

/* "can be called with pMechanism set to NULL_PTR to terminate an active ...
 * operation", since 3.0 */
static void
test_cancel(void **state)
{
	const struct beginner *b = beginner_of(state);
	CK_OBJECT_HANDLE key = key_good(b);

	need_3_0();
	assert_ok(begin(b, b->good, key));
	assert_ok(b->begin(NULL, key));
	assert_ok(begin(b, b->good, key));
	assert_ok(b->begin(NULL, CK_INVALID_HANDLE));
	assert_ok(begin(b, b->good, key));
}

/* Where there is nothing to end, the mechanism is missing: CKR_ARGUMENTS_BAD,
 * or CKR_OPERATION_NOT_INITIALIZED, or there is nothing to complain of. */
static void
test_nothing(void **state)
{
	const struct beginner *b = beginner_of(state);
	CK_OBJECT_HANDLE key = key_good(b);
	CK_RV rv = b->begin(NULL, key);

	assert_one_of(rv, CKR_OK, CKR_ARGUMENTS_BAD,
		      CKR_OPERATION_NOT_INITIALIZED);
	assert_ok(begin(b, b->good, key));
}

/* 5.6.5: C_SessionCancel ends what its flags name, and nothing else. */
static void
test_session_cancel(void **state)
{
	const struct beginner *b = beginner_of(state);
	CK_FUNCTION_LIST_3_0 *p = need_3_0();
	CK_FLAGS others = ~b->flag & (CKF_ENCRYPT | CKF_DECRYPT | CKF_DIGEST |
				      CKF_SIGN_RECOVER | CKF_WRAP);
	CK_OBJECT_HANDLE key = key_good(b);

	assert_ok(begin(b, b->good, key));
	assert_ok(p->C_SessionCancel(suite.session, 0));
	assert_ok(p->C_SessionCancel(suite.session, others));
	assert_rv(CKR_OPERATION_ACTIVE, begin(b, b->good, key));
	assert_ok(p->C_SessionCancel(suite.session, b->flag));
	assert_ok(p->C_SessionCancel(suite.session, b->flag));
	assert_ok(begin(b, b->good, key));
}

#define CASES_OF(name, b)                                                     \
	CASE_OF("/init/" name "/mechanism", test_mechanism, (void *)&b),      \
		CASE_OF("/init/" name "/parameter", test_parameter,           \
			(void *)&b),                                          \
		CASE_OF("/init/" name "/twice", test_twice, (void *)&b),      \
		CASE_OF("/init/" name "/cancel", test_cancel, (void *)&b),    \
		CASE_OF("/init/" name "/nothing", test_nothing, (void *)&b),  \
		CASE_OF("/init/" name "/session-cancel", test_session_cancel, \
			(void *)&b)
#define CASES_OF_KEY(name, b)                                                  \
	CASES_OF(name, b),                                                     \
		CASE_OF("/init/" name "/key-handle", test_key_handle,          \
			(void *)&b),                                           \
		CASE_OF("/init/" name "/key-type", test_key_type, (void *)&b), \
		CASE_OF("/init/" name "/key-type-first", test_type_first,      \
			(void *)&b),                                           \
		CASE_OF("/init/" name "/not-permitted", test_not_permitted,    \
			(void *)&b)

static const struct CMUnitTest list[] = {
	CASES_OF("digest", digest),
	CASES_OF_KEY("encrypt", encrypt),
	CASES_OF_KEY("decrypt", decrypt),
	CASES_OF_KEY("sign", sign),
	CASES_OF_KEY("sign-recover", sign_recover),
	CASES_OF_KEY("verify", verify),
	CASES_OF_KEY("verify-recover", verify_recover),
	CASES_OF_KEY("verify-signature", verify_signature),
	CASES_OF_KEY("rsa-encrypt", rsa_encrypt),
	CASES_OF_KEY("rsa-decrypt", rsa_decrypt),
	CASES_OF_KEY("rsa-sign", rsa_sign),
	CASES_OF_KEY("rsa-verify", rsa_verify),
	CASES_OF_KEY("message-encrypt", message_encrypt),
	CASES_OF_KEY("message-decrypt", message_decrypt),
	CASES_OF_KEY("message-sign", message_sign),
	CASES_OF_KEY("message-verify", message_verify),
};

const struct cases init_cases = CASES("init", list);
