/* 5.18.4 by RSA: the key of a message that was encrypted for the token's own
 * key, which may be on a card. */
#include "suite.h"

static CK_BBOOL yes = CK_TRUE;
static struct wrapped wrapped;
static CK_RSA_PKCS_OAEP_PARAMS oaep_params = { CKM_SHA_1, CKG_MGF1_SHA1,
					       CKZ_DATA_SPECIFIED, NULL, 0 };
static CK_MECHANISM pkcs = { CKM_RSA_PKCS, NULL, 0 };
static CK_MECHANISM oaep = { CKM_RSA_PKCS_OAEP, &oaep_params,
			     sizeof(oaep_params) };
static CK_BYTE content[16] = "the content's k";

/* Gives the key that unwraps it. */
static CK_OBJECT_HANDLE
encrypt_content(CK_MECHANISM *mechanism)
{
	CK_SESSION_HANDLE s = suite.session;

	need_mechanism(mechanism->mechanism, CKF_UNWRAP);
	if (session_state(s) != CKS_RW_USER_FUNCTIONS)
		login();
	wrapped.size = sizeof(wrapped.bytes);
	assert_ok(suite.p11->C_EncryptInit(
		s, mechanism, rsa_public_copy(suite.decrypt, CKF_ENCRYPT)));
	assert_ok(suite.p11->C_Encrypt(s, content, sizeof(content),
				       wrapped.bytes, &wrapped.size));
	return object_get(CKO_PRIVATE_KEY, suite.decrypt);
}

/* "recovers": the key is the one that was wrapped. */
static void
test_rsa(void **state)
{
	CK_MECHANISM *mechanism = *state;
	CK_OBJECT_HANDLE with = encrypt_content(mechanism), made;
	CK_BYTE value[32];
	CK_BBOOL local = 7;
	CK_ATTRIBUTE told[] = { { CKA_VALUE, value, sizeof(value) },
				{ CKA_LOCAL, &local, 1 } };

	assert_ok(secret_unwrap(mechanism, with, &wrapped, CKK_AES, 0, &made));
	assert_ok(suite.p11->C_GetAttributeValue(suite.session, made, told, 2));
	assert_int_equal(told[0].ulValueLen, sizeof(content));
	assert_memory_equal(value, content, sizeof(content));
	assert_int_equal(local, CK_FALSE);
	assert_ok(secret_unwrap(mechanism, with, &wrapped, CKK_GENERIC_SECRET,
				16, &made));
}

/* CKR_WRAPPED_KEY_INVALID, CKR_WRAPPED_KEY_LEN_RANGE; of PKCS #1 v1.5 nothing
 * is told but that it is wrong (RFC 8017, 7.2). */
static void
test_rsa_invalid(void **state)
{
	CK_MECHANISM *mechanism = *state;
	CK_OBJECT_HANDLE with = encrypt_content(mechanism), made;
	CK_ULONG before = object_count(NULL, 0);
	CK_RV length = mechanism == &oaep ? CKR_WRAPPED_KEY_LEN_RANGE
					  : CKR_WRAPPED_KEY_INVALID;
	CK_RV rv;

	rv = secret_unwrap(mechanism, with, &wrapped, CKK_AES, 32, &made);
	assert_one_of(rv, length,
		      suite.strict ? length : CKR_WRAPPED_KEY_LEN_RANGE);
	wrapped.size--;
	rv = secret_unwrap(mechanism, with, &wrapped, CKK_AES, 0, &made);
	assert_one_of(rv, CKR_WRAPPED_KEY_LEN_RANGE, CKR_WRAPPED_KEY_INVALID);
	wrapped.size++;
	memset(wrapped.bytes, 0, wrapped.size); /* what 1 decrypts to */
	wrapped.bytes[wrapped.size - 1] = 1;
	assert_rv(CKR_WRAPPED_KEY_INVALID,
		  secret_unwrap(mechanism, with, &wrapped, CKK_AES, 0, &made));
	assert_int_equal(object_count(NULL, 0), before);
}

/* The key that unwraps: CKR_UNWRAPPING_KEY_*; CKA_UNWRAP "MUST be CK_TRUE". */
static void
test_rsa_key(void **state)
{
	CK_MECHANISM raw = { CKM_RSA_X_509, NULL, 0 };
	CK_OBJECT_HANDLE with = encrypt_content(&pkcs), made;
	CK_OBJECT_HANDLE other = object_get(CKO_PRIVATE_KEY, suite.ec);
	CK_RV unfit = CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT;

	need_strict();
	assert_rv(CKR_MECHANISM_INVALID,
		  secret_unwrap(&raw, with, &wrapped, CKK_AES, 0, &made));
	assert_rv(CKR_UNWRAPPING_KEY_HANDLE_INVALID,
		  secret_unwrap(&pkcs, 0, &wrapped, CKK_AES, 0, &made));
	assert_rv(unfit,
		  secret_unwrap(&pkcs, other, &wrapped, CKK_AES, 0, &made));
	other = object_get(CKO_PUBLIC_KEY, suite.decrypt);
	assert_rv(unfit,
		  secret_unwrap(&pkcs, other, &wrapped, CKK_AES, 0, &made));
	assert_ok(suite.p11->C_Logout(suite.session));
	assert_rv(CKR_UNWRAPPING_KEY_HANDLE_INVALID,
		  secret_unwrap(&pkcs, with, &wrapped, CKK_AES, 0, &made));
	login();
	if (suite.card)
		other = rsa_private_without(CKF_UNWRAP);
	else
		rsa_pair_make(CKF_DECRYPT, &with, &other);
	assert_rv(CKR_KEY_FUNCTION_NOT_PERMITTED,
		  secret_unwrap(&pkcs, other, &wrapped, CKK_AES, 0, &made));
}

/* 4.1.1: what cannot be made of any content */
static void
test_rsa_template(void **state)
{
	CK_OBJECT_HANDLE with = encrypt_content(&pkcs), made;
	CK_OBJECT_CLASS class = CKO_SECRET_KEY, private = CKO_PRIVATE_KEY;
	CK_KEY_TYPE type = CKK_RSA;
	CK_ATTRIBUTE list[] = { { CKA_CLASS, &class, sizeof(class) } };
	CK_ATTRIBUTE key[] = { { CKA_CLASS, &private, sizeof(private) },
			       { CKA_KEY_TYPE, &type, sizeof(type) } };
	CK_FUNCTION_LIST *p = suite.p11;

	need_strict();
	assert_rv(CKR_TEMPLATE_INCOMPLETE,
		  p->C_UnwrapKey(suite.session, &pkcs, with, wrapped.bytes,
				 wrapped.size, list, 1, &made));
	assert_rv(CKR_TEMPLATE_INCONSISTENT,
		  p->C_UnwrapKey(suite.session, &pkcs, with, wrapped.bytes,
				 wrapped.size, key, 2, &made));
	assert_rv(CKR_ARGUMENTS_BAD,
		  p->C_UnwrapKey(suite.session, &pkcs, with, wrapped.bytes,
				 wrapped.size, list, 1, NULL));
}

/* CKR_WRAPPING_KEY_SIZE_RANGE, CKR_UNWRAPPING_KEY_SIZE_RANGE: a modulus that
 * has no room for two hashes (RFC 8017, 7.1.1) */
static void
test_rsa_size(void **state)
{
	CK_RSA_PKCS_OAEP_PARAMS params = { CKM_SHA512, CKG_MGF1_SHA512,
					   CKZ_DATA_SPECIFIED, NULL, 0 };
	CK_MECHANISM large = { CKM_RSA_PKCS_OAEP, &params, sizeof(params) };
	CK_MECHANISM generate = { CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0 };
	CK_ULONG bits = 1024;
	CK_ATTRIBUTE of_public[] = { { CKA_MODULUS_BITS, &bits, sizeof(bits) },
				     { CKA_WRAP, &yes, 1 } };
	CK_ATTRIBUTE of_private = { CKA_UNWRAP, &yes, 1 };
	CK_OBJECT_HANDLE keys[2], key, made;

	need_made();
	need_mechanism(CKM_RSA_PKCS_OAEP, CKF_WRAP | CKF_UNWRAP);
	login();
	assert_ok(suite.p11->C_GenerateKeyPair(suite.session, &generate,
					       of_public, 2, &of_private, 1,
					       &keys[0], &keys[1]));
	key = secret_make(CKK_GENERIC_SECRET, 16, CKF_SIGN);
	wrapped.size = sizeof(wrapped.bytes);
	assert_rv(CKR_WRAPPING_KEY_SIZE_RANGE,
		  suite.p11->C_WrapKey(suite.session, &large, keys[0], key,
				       wrapped.bytes, &wrapped.size));
	wrapped.size = 128;
	assert_rv(CKR_UNWRAPPING_KEY_SIZE_RANGE,
		  secret_unwrap(&large, keys[1], &wrapped, CKK_AES, 0, &made));
}

static const struct CMUnitTest list[] = {
	CASE_OF("/envelope/pkcs", test_rsa, &pkcs),
	CASE_OF("/envelope/oaep", test_rsa, &oaep),
	CASE_OF("/envelope/pkcs/invalid", test_rsa_invalid, &pkcs),
	CASE_OF("/envelope/oaep/invalid", test_rsa_invalid, &oaep),
	CASE("/envelope/key", test_rsa_key),
	CASE("/envelope/template", test_rsa_template),
	CASE("/envelope/key-size", test_rsa_size),
};

const struct cases envelope_cases = CASES("envelope", list);
