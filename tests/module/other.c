/* What the other files have no place for: 5.4.4, 5.5.4, 5.6.11, 5.12.4, 5.18.1,
 * 5.18.2, 5.18.5, 5.19, 5.20, 5.21. */
#include "suite.h"

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_BYTE byte = 1;

/* 5.5.4: CKF_DONT_BLOCK: "no slot's event flag is set: CKR_NO_EVENT"; and
 * "pReserved ... should be NULL_PTR" */
static void
test_no_event(void **state)
{
	CK_SLOT_ID slot;
	CK_RV rv;

	/* where there is no event, both apply (5.1.7) */
	rv = suite.p11->C_WaitForSlotEvent(CKF_DONT_BLOCK, NULL, NULL);
	assert_one_of(rv, CKR_ARGUMENTS_BAD,
		      suite.strict ? CKR_ARGUMENTS_BAD : CKR_NO_EVENT);
	rv = suite.p11->C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, &byte);
	assert_one_of(rv, CKR_ARGUMENTS_BAD,
		      suite.strict ? CKR_ARGUMENTS_BAD : CKR_NO_EVENT);
	rv = suite.p11->C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL);
	assert_one_of(rv, CKR_NO_EVENT, CKR_FUNCTION_NOT_SUPPORTED);
}

/* 5.4.4: the same list, whenever it is asked for */
static void
test_function_list(void **state)
{
	CK_FUNCTION_LIST *one = NULL, *other = NULL;

	assert_ok(suite.p11->C_GetFunctionList(&one));
	assert_ok(suite.p11->C_Finalize(NULL));
	assert_ok(suite.p11->C_GetFunctionList(&other));
	assert_ptr_equal(one, other);
	assert_non_null(one);
}

/* 5.6.11 (3.2): no validation, no flags */
static void
test_validation_flags(void **state)
{
	CK_FUNCTION_LIST_3_2 *p = need_3_2();
	CK_FLAGS flags = ~0UL;

	assert_ok(p->C_GetSessionValidationFlags(
		suite.session, CKS_LAST_VALIDATION_OK, &flags));
	assert_int_equal(flags, 0);
	assert_rv(CKR_ARGUMENTS_BAD,
		  p->C_GetSessionValidationFlags(suite.session,
						 CKS_LAST_VALIDATION_OK, NULL));
}

/* 5.21: "If the token does not support asynchronous operations" they are
 * refused, whatever is asked. */
static void
test_async(void **state)
{
	CK_FUNCTION_LIST_3_2 *p = need_3_2();
	CK_UTF8CHAR name[] = "C_Sign";
	CK_ASYNC_DATA data = { 0 };
	CK_ULONG id = 0;

	assert_rv(CKR_FUNCTION_NOT_SUPPORTED,
		  p->C_AsyncComplete(suite.session, name, &data));
	assert_rv(CKR_FUNCTION_NOT_SUPPORTED,
		  p->C_AsyncGetID(suite.session, name, &id));
	assert_rv(CKR_FUNCTION_NOT_SUPPORTED,
		  p->C_AsyncJoin(suite.session, name, id, &byte, 1));
}

/* 5.12.4 */
static void
test_digest_key(void **state)
{
	CK_MECHANISM sha256 = { CKM_SHA256, NULL, 0 };
	CK_RV none = CKR_OPERATION_NOT_INITIALIZED;
	CK_OBJECT_HANDLE public_key = object_get(CKO_PUBLIC_KEY, suite.rsa);
	CK_OBJECT_HANDLE key = secret_make(CKK_GENERIC_SECRET, 16, CKF_SIGN);

	assert_rv(none, suite.p11->C_DigestKey(suite.session, key));
	assert_ok(suite.p11->C_DigestInit(suite.session, &sha256));
	assert_rv(CKR_KEY_INDIGESTIBLE,
		  suite.p11->C_DigestKey(suite.session, public_key));
}

static CK_RV
generate(CK_MECHANISM_TYPE type, CK_ULONG size)
{
	CK_MECHANISM mechanism = { type, NULL, 0 };
	CK_ATTRIBUTE list[] = { { CKA_VALUE_LEN, &size, sizeof(size) },
				{ CKA_PRIVATE, &no, 1 } };
	CK_OBJECT_HANDLE key;

	return suite.p11->C_GenerateKey(suite.session, &mechanism, list, 2,
					&key);
}

/* 5.18.1: a length that no key has; a parameter that the mechanism has not */
static void
test_generate(void **state)
{
	CK_MECHANISM more = { CKM_AES_KEY_GEN, &byte, 1 };
	CK_ULONG size = 16;
	CK_ATTRIBUTE list[] = { { CKA_VALUE_LEN, &size, sizeof(size) },
				{ CKA_PRIVATE, &no, 1 } };
	CK_OBJECT_HANDLE key;
	CK_RV rv;

	need_mechanism(CKM_AES_KEY_GEN, CKF_GENERATE);
	assert_ok(generate(CKM_AES_KEY_GEN, 32));
	rv = generate(CKM_AES_KEY_GEN, 17);
	assert_one_of(rv, CKR_ATTRIBUTE_VALUE_INVALID, CKR_KEY_SIZE_RANGE,
		      CKR_TEMPLATE_INCONSISTENT);
	assert_rv(
		CKR_MECHANISM_PARAM_INVALID,
		suite.p11->C_GenerateKey(suite.session, &more, list, 2, &key));
}

static CK_RV
pair(CK_MECHANISM *mechanism, CK_ATTRIBUTE_TYPE type, const void *value,
     CK_ULONG size)
{
	CK_ATTRIBUTE list[] = { { type, (void *)value, size },
				{ CKA_TOKEN, &no, 1 } };
	CK_ATTRIBUTE private_list[] = { { CKA_TOKEN, &no, 1 } };
	CK_OBJECT_HANDLE keys[2];

	return suite.p11->C_GenerateKeyPair(suite.session, mechanism, list, 2,
					    private_list, 1, &keys[0],
					    &keys[1]);
}

/* 5.18.2: a curve that nobody has, a modulus that nobody makes */
static void
test_generate_pair(void **state)
{
	static const CK_BYTE nobody[] = { 0x06, 0x05, 0x2a, 0x86,
					  0x48, 0xce, 0x7f };
	CK_MECHANISM ec = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
	CK_MECHANISM rsa = { CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0 };
	CK_MECHANISM more = { CKM_EC_KEY_PAIR_GEN, &byte, 1 };
	CK_ULONG bits = 500;
	CK_RV rv;

	need_mechanism(CKM_EC_KEY_PAIR_GEN, CKF_GENERATE_KEY_PAIR);
	need_made();
	login();
	rv = pair(&ec, CKA_EC_PARAMS, nobody, sizeof(nobody));
	assert_one_of(rv, CKR_CURVE_NOT_SUPPORTED,
		      suite.strict ? CKR_CURVE_NOT_SUPPORTED
				   : CKR_DOMAIN_PARAMS_INVALID);
	rv = pair(&ec, CKA_EC_PARAMS, &byte, 1);
	assert_one_of(rv, CKR_DOMAIN_PARAMS_INVALID,
		      suite.strict ? CKR_DOMAIN_PARAMS_INVALID
				   : CKR_CURVE_NOT_SUPPORTED);
	assert_rv(CKR_MECHANISM_PARAM_INVALID,
		  pair(&more, CKA_EC_PARAMS, nobody, sizeof(nobody)));
	rv = pair(&rsa, CKA_MODULUS_BITS, &bits, sizeof(bits));
	assert_one_of(rv, CKR_ATTRIBUTE_VALUE_INVALID, CKR_KEY_SIZE_RANGE);
}

static CK_RV
derive(CK_MECHANISM mechanism, CK_OBJECT_HANDLE from, CK_ULONG size)
{
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_ATTRIBUTE list[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_KEY_TYPE, &type, sizeof(type) },
		{ CKA_PRIVATE, &no, 1 },
		{ CKA_VALUE_LEN, &size, sizeof(size) },
	};
	CK_OBJECT_HANDLE key;

	return suite.p11->C_DeriveKey(suite.session, &mechanism, from, list, 4,
				      &key);
}

/* 5.18.5 */
static void
test_derive(void **state)
{
	CK_MECHANISM hash = { CKM_SHA256_KEY_DERIVATION, NULL, 0 };
	CK_MECHANISM more = { CKM_SHA256_KEY_DERIVATION, &byte, 1 };
	CK_MECHANISM digest = { CKM_SHA256, NULL, 0 };
	CK_OBJECT_HANDLE base, other;
	CK_RV rv;

	need_mechanism(CKM_SHA256_KEY_DERIVATION, CKF_DERIVE);
	base = secret_make(CKK_GENERIC_SECRET, 32, CKF_DERIVE);
	other = secret_make(CKK_GENERIC_SECRET, 32, CKF_SIGN);
	assert_ok(derive(hash, base, 32));
	assert_rv(CKR_MECHANISM_INVALID, derive(digest, base, 32));
	assert_rv(CKR_MECHANISM_PARAM_INVALID, derive(more, base, 32));
	assert_rv(CKR_KEY_HANDLE_INVALID, derive(hash, 0, 32));
	/* "CKA_DERIVE ... MUST be CK_TRUE" */
	assert_int_not_equal(derive(hash, other, 32), CKR_OK);
	/* more than the hash yields */
	rv = derive(hash, base, 33);
	assert_one_of(rv, CKR_TEMPLATE_INCONSISTENT, CKR_KEY_SIZE_RANGE,
		      CKR_ATTRIBUTE_VALUE_INVALID);
}

/* 5.18.5: a point that is on no curve */
static void
test_agree(void **state)
{
	CK_BYTE point[65] = { 0x04, 1, 2, 3 };
	CK_ECDH1_DERIVE_PARAMS params = { CKD_NULL, 0, NULL, sizeof(point),
					  point };
	CK_MECHANISM ecdh = { CKM_ECDH1_DERIVE, &params, sizeof(params) };
	CK_MECHANISM hash = { CKM_SHA256_KEY_DERIVATION, NULL, 0 };
	CK_OBJECT_HANDLE keys[2];
	CK_RV rv;

	need_mechanism(CKM_ECDH1_DERIVE, CKF_DERIVE);
	need_mechanism(CKM_SHA256_KEY_DERIVATION, CKF_DERIVE);
	need_made();
	login();
	ec_pair_make(CKF_DERIVE, &keys[0], &keys[1]);
	assert_rv(CKR_KEY_TYPE_INCONSISTENT, derive(hash, keys[1], 32));
	rv = derive(ecdh, keys[1], 32);
	assert_one_of(rv, CKR_MECHANISM_PARAM_INVALID, CKR_PUBLIC_KEY_INVALID);
	assert_rv(CKR_KEY_TYPE_INCONSISTENT,
		  derive(ecdh, secret_make(CKK_GENERIC_SECRET, 32, CKF_DERIVE),
			 32));
}

static CK_RV
unwrap(CK_OBJECT_HANDLE with)
{
	static CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	static CK_KEY_TYPE type = CKK_AES;
	static CK_BYTE wrapped[24];
	CK_MECHANISM mechanism = { CKM_AES_KEY_WRAP, NULL, 0 };
	CK_ATTRIBUTE list[] = { { CKA_CLASS, &class, sizeof(class) },
				{ CKA_KEY_TYPE, &type, sizeof(type) } };
	CK_OBJECT_HANDLE key;

	return suite.p11->C_UnwrapKey(suite.session, &mechanism, with, wrapped,
				      sizeof(wrapped), list, 2, &key);
}

static CK_RV
wrap(CK_OBJECT_HANDLE with, CK_OBJECT_HANDLE key)
{
	CK_MECHANISM mechanism = { CKM_AES_KEY_WRAP, NULL, 0 };
	CK_BYTE wrapped[64];
	CK_ULONG size = sizeof(wrapped);

	return suite.p11->C_WrapKey(suite.session, &mechanism, with, key,
				    wrapped, &size);
}

/* 5.1.6: a handle of what is no key is no handle of a key; and
 * CKR_KEY_TYPE_INCONSISTENT "has a higher priority than
 * CKR_KEY_FUNCTION_NOT_PERMITTED", as these keys may do nothing at all. */
static void
test_unfit(void **state)
{
	CK_MECHANISM hash = { CKM_SHA256_KEY_DERIVATION, NULL, 0 };
	CK_MECHANISM sha = { CKM_SHA256, NULL, 0 };
	CK_OBJECT_HANDLE data, key, other;

	need_mechanism(CKM_SHA256_KEY_DERIVATION, CKF_DERIVE);
	need_mechanism(CKM_AES_KEY_WRAP, CKF_WRAP | CKF_UNWRAP);
	login();
	data = data_make(suite.session, CK_FALSE, CK_FALSE, "no key");
	key = secret_make(CKK_AES, 16, CKF_WRAP);
	other = rsa_public_copy(suite.rsa, CKF_VERIFY);
	assert_rv(CKR_KEY_HANDLE_INVALID, derive(hash, data, 32));
	assert_ok(suite.p11->C_DigestInit(suite.session, &sha));
	assert_rv(CKR_KEY_HANDLE_INVALID,
		  suite.p11->C_DigestKey(suite.session, data));
	assert_rv(CKR_WRAPPING_KEY_HANDLE_INVALID, wrap(data, key));
	assert_rv(CKR_KEY_HANDLE_INVALID, wrap(key, data));
	assert_rv(CKR_UNWRAPPING_KEY_HANDLE_INVALID, unwrap(data));
	assert_rv(CKR_KEY_TYPE_INCONSISTENT, derive(hash, other, 32));
	assert_rv(CKR_WRAPPING_KEY_TYPE_INCONSISTENT, wrap(other, key));
	assert_rv(CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT, unwrap(other));
}

/* 5.20: "legacy functions", which every version answers the same */
static void
test_parallel(void **state)
{
	assert_rv(CKR_FUNCTION_NOT_PARALLEL,
		  suite.p11->C_GetFunctionStatus(suite.session));
	assert_rv(CKR_FUNCTION_NOT_PARALLEL,
		  suite.p11->C_CancelFunction(suite.session));
}

/* 5.19.1: to be mixed in, or CKR_RANDOM_SEED_NOT_SUPPORTED */
static void
test_seed(void **state)
{
	CK_BYTE random[8];
	CK_RV rv = suite.p11->C_SeedRandom(suite.session, &byte, 1);

	assert_one_of(rv, CKR_OK, CKR_RANDOM_SEED_NOT_SUPPORTED);
	assert_ok(suite.p11->C_GenerateRandom(suite.session, random, 0));
	assert_ok(suite.p11->C_GenerateRandom(suite.session, random, 8));
}

/* 5.5.3 and its like: CKR_SLOT_ID_INVALID of all that take a slot */
static void
test_slot_id(void **state)
{
	CK_SLOT_ID none = 0x7ffffff1;
	CK_FUNCTION_LIST *p = suite.p11;
	CK_UTF8CHAR label[33] = "nowhere                         ";
	CK_UTF8CHAR pin[] = "1234-none";
	CK_SESSION_HANDLE session;
	CK_TOKEN_INFO token;
	CK_ULONG count = 0;

	assert_rv(CKR_SLOT_ID_INVALID, p->C_GetTokenInfo(none, &token));
	assert_rv(CKR_SLOT_ID_INVALID,
		  p->C_GetMechanismList(none, NULL, &count));
	assert_rv(CKR_SLOT_ID_INVALID, p->C_InitToken(none, pin, 9, label));
	assert_rv(CKR_SLOT_ID_INVALID,
		  p->C_OpenSession(none, CKF_SERIAL_SESSION, NULL, NULL,
				   &session));
	assert_rv(CKR_SLOT_ID_INVALID, p->C_CloseAllSessions(none));
}

/* 4.7: a certificate misses its value, or has one that is none */
static void
test_certificate(void **state)
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_CERTIFICATE_TYPE type = CKC_X_509;
	CK_BYTE subject[] = { 0x30, 0x00 };
	CK_ATTRIBUTE list[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_PRIVATE, &no, 1 },
		{ CKA_TRUSTED, &no, 1 },
		{ CKA_SUBJECT, subject, sizeof(subject) },
		{ CKA_CERTIFICATE_TYPE, &type, sizeof(type) },
	};
	CK_ATTRIBUTE trusted[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_CERTIFICATE_TYPE, &type, sizeof(type) },
		{ CKA_PRIVATE, &no, 1 },
		{ CKA_TRUSTED, &yes, 1 },
		{ CKA_SUBJECT, subject, sizeof(subject) },
	};
	CK_OBJECT_HANDLE object;

	need_session_objects();
	assert_rv(CKR_TEMPLATE_INCOMPLETE,
		  suite.p11->C_CreateObject(suite.session, list, 4, &object));
	assert_rv(CKR_TEMPLATE_INCOMPLETE,
		  suite.p11->C_CreateObject(suite.session, list, 5, &object));
	/* "can only be set to CK_TRUE by the SO user" */
	assert_int_not_equal(
		suite.p11->C_CreateObject(suite.session, trusted, 5, &object),
		CKR_OK);
}

/* 4.15: profile objects tell what the token implements; they are not made by
 * applications. */
static void
test_profiles(void **state)
{
	CK_OBJECT_CLASS class = CKO_PROFILE;
	CK_PROFILE_ID id = CKP_BASELINE_PROVIDER;
	CK_ATTRIBUTE list[] = { { CKA_CLASS, &class, sizeof(class) },
				{ CKA_PROFILE_ID, &id, sizeof(id) } };
	CK_OBJECT_HANDLE object;

	need_3_0();
	assert_int_not_equal(
		suite.p11->C_CreateObject(suite.session, list, 2, &object),
		CKR_OK);
	if (object_count(list, 1) == 0)
		skip();
	assert_true(object_count(list, 2) <= 1);
	id = CKP_EXTENDED_PROVIDER;
	assert_true(object_count(list, 2) <= 1);
	id = CKP_PUBLIC_CERTIFICATES_TOKEN;
	assert_true(object_count(list, 2) <= 1);
	id = CKP_INVALID_ID;
	assert_int_equal(object_count(list, 2), 0);
}

static const struct CMUnitTest list[] = {
	CASE("/other/event", test_no_event),
	CASE("/other/function-list", test_function_list),
	CASE("/other/validation-flags", test_validation_flags),
	CASE("/other/async", test_async),
	CASE("/other/digest-key", test_digest_key),
	CASE("/other/generate", test_generate),
	CASE("/other/generate-pair", test_generate_pair),
	CASE("/other/derive", test_derive),
	CASE("/other/agree", test_agree),
	CASE("/other/unfit", test_unfit),
	CASE("/other/parallel", test_parallel),
	CASE("/other/seed", test_seed),
	CASE("/other/slot-id", test_slot_id),
	CASE("/other/certificate", test_certificate),
	CASE("/other/profiles", test_profiles),
};

const struct cases other_cases = CASES("other", list);
