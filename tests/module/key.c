/* 5.18: making keys, and what keys of sessions and tokens can do. */
#include "suite.h"

static CK_MECHANISM ecdsa = { CKM_ECDSA, NULL, 0 };
static CK_BYTE digest[32] = { 2, 7, 1, 8, 2, 8 };

static void
assert_pair_works(CK_OBJECT_HANDLE public_key, CK_OBJECT_HANDLE private_key)
{
	CK_BYTE signature[64];
	CK_ULONG size = sizeof(signature);

	assert_ok(suite.p11->C_SignInit(suite.session, &ecdsa, private_key));
	assert_ok(
		suite.p11->C_Sign(suite.session, digest, 32, signature, &size));
	assert_ok(suite.p11->C_VerifyInit(suite.session, &ecdsa, public_key));
	assert_ok(suite.p11->C_Verify(suite.session, digest, 32, signature,
				      size));
}

static CK_BBOOL
flag_of(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type)
{
	CK_BBOOL value = 7;
	CK_ATTRIBUTE attribute = { type, &value, sizeof(value) };

	assert_ok(suite.p11->C_GetAttributeValue(suite.session, object,
						 &attribute, 1));
	return value;
}

/* 5.18.2: who may make what */
static void
test_pair_rules(void **state)
{
	CK_OBJECT_HANDLE keys[2];
	CK_SESSION_HANDLE ro = session_open(0);

	need_made();
	assert_rv(CKR_USER_NOT_LOGGED_IN,
		  pair_make(suite.session, CK_TRUE, &keys[0], &keys[1]));
	assert_rv(CKR_USER_NOT_LOGGED_IN,
		  pair_make(suite.session, CK_FALSE, &keys[0], &keys[1]));
	login();
	assert_rv(CKR_SESSION_READ_ONLY,
		  pair_make(ro, CK_TRUE, &keys[0], &keys[1]));
	assert_ok(pair_make(ro, CK_FALSE, &keys[0], &keys[1]));
}

static void
test_pair_bad(void **state)
{
	CK_MECHANISM unknown = { CKM_VENDOR_DEFINED | 0x123456, NULL, 0 };
	CK_MECHANISM ec = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
	CK_OBJECT_HANDLE key;

	login();
	assert_rv(CKR_ARGUMENTS_BAD,
		  suite.p11->C_GenerateKeyPair(suite.session, NULL, NULL, 0,
					       NULL, 0, &key, &key));
	assert_rv(CKR_ARGUMENTS_BAD,
		  suite.p11->C_GenerateKeyPair(suite.session, &ec, NULL, 0,
					       NULL, 0, NULL, &key));
	assert_rv(CKR_MECHANISM_INVALID,
		  suite.p11->C_GenerateKeyPair(suite.session, &unknown, NULL, 0,
					       NULL, 0, &key, &key));
	assert_rv(CKR_MECHANISM_INVALID,
		  suite.p11->C_GenerateKeyPair(suite.session, &ecdsa, NULL, 0,
					       NULL, 0, &key, &key));
	if (suite.card)
		return;
	assert_rv(CKR_TEMPLATE_INCOMPLETE,
		  suite.p11->C_GenerateKeyPair(suite.session, &ec, NULL, 0,
					       NULL, 0, &key, &key));
}

/* 5.18.2: "CKA_LOCAL attributes set to CK_TRUE"; 4.9 */
static void
test_session_pair(void **state)
{
	CK_OBJECT_HANDLE keys[2];

	need_made();
	login();
	assert_ok(pair_make(suite.session, CK_FALSE, &keys[0], &keys[1]));
	assert_pair_works(keys[0], keys[1]);
	assert_int_equal(flag_of(keys[0], CKA_LOCAL), CK_TRUE);
	assert_int_equal(flag_of(keys[1], CKA_LOCAL), CK_TRUE);
	assert_int_equal(flag_of(keys[0], CKA_TOKEN), CK_FALSE);
	assert_int_equal(flag_of(keys[1], CKA_TOKEN), CK_FALSE);
	assert_int_equal(flag_of(keys[1], CKA_PRIVATE), CK_TRUE);
}

static void
test_token_pair(void **state)
{
	CK_OBJECT_HANDLE keys[2];

	need_made();
	login();
	assert_ok(pair_make(suite.session, CK_TRUE, &keys[0], &keys[1]));
	assert_pair_works(keys[0], keys[1]);
	assert_int_equal(flag_of(keys[1], CKA_TOKEN), CK_TRUE);
	assert_ok(suite.p11->C_Finalize(NULL));
	assert_int_equal(case_begin(state), 0);
	login();
	assert_pair_works(object_get(CKO_PUBLIC_KEY, 0x77),
			  object_get(CKO_PRIVATE_KEY, 0x77));
	assert_ok(suite.p11->C_DestroyObject(suite.session,
					     object_get(CKO_PUBLIC_KEY, 0x77)));
	assert_ok(suite.p11->C_DestroyObject(
		suite.session, object_get(CKO_PRIVATE_KEY, 0x77)));
}

/* The standard's own example: the private key on the token, its public key in
 * the session, where CKA_TOKEN is not given. */
static void
test_mixed_pair(void **state)
{
	static CK_BYTE p256[] = { 0x06, 0x08, 0x2a, 0x86, 0x48,
				  0xce, 0x3d, 0x03, 0x01, 0x07 };
	CK_MECHANISM mechanism = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
	CK_BBOOL yes = CK_TRUE;
	CK_BYTE id = 0x78;
	CK_ATTRIBUTE public_list[] = {
		{ CKA_EC_PARAMS, p256, sizeof(p256) },
		{ CKA_VERIFY, &yes, 1 },
		{ CKA_ID, &id, 1 },
	};
	CK_ATTRIBUTE private_list[] = {
		{ CKA_TOKEN, &yes, 1 },
		{ CKA_PRIVATE, &yes, 1 },
		{ CKA_SIGN, &yes, 1 },
		{ CKA_ID, &id, 1 },
	};
	CK_ATTRIBUTE match = { CKA_ID, &id, 1 };
	CK_OBJECT_HANDLE keys[2];

	need_made();
	login();
	assert_ok(suite.p11->C_GenerateKeyPair(suite.session, &mechanism,
					       public_list, 3, private_list, 4,
					       &keys[0], &keys[1]));
	assert_pair_works(keys[0], keys[1]);
	assert_int_equal(flag_of(keys[0], CKA_TOKEN), CK_FALSE);
	assert_int_equal(flag_of(keys[1], CKA_TOKEN), CK_TRUE);
	assert_int_equal(object_count(&match, 1), 2);
	assert_ok(suite.p11->C_DestroyObject(suite.session, keys[1]));
	assert_ok(suite.p11->C_CloseSession(suite.session));
	suite.session = session_open(0);
	assert_int_equal(object_count(&match, 1), 0);
}

/* The other way round: "any of the two" may be a token object (5.18.2). A card
 * keeps no public key alone. */
static void
test_mixed_pair_public(void **state)
{
	static CK_BYTE p256[] = { 0x06, 0x08, 0x2a, 0x86, 0x48,
				  0xce, 0x3d, 0x03, 0x01, 0x07 };
	CK_MECHANISM mechanism = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_BYTE id = 0x79;
	CK_ATTRIBUTE public_list[] = {
		{ CKA_TOKEN, &yes, 1 },
		{ CKA_PRIVATE, &no, 1 },
		{ CKA_EC_PARAMS, p256, sizeof(p256) },
		{ CKA_VERIFY, &yes, 1 },
		{ CKA_ID, &id, 1 },
	};
	CK_ATTRIBUTE private_list[] = {
		{ CKA_TOKEN, &no, 1 },
		{ CKA_SIGN, &yes, 1 },
		{ CKA_ID, &id, 1 },
	};
	CK_ATTRIBUTE match = { CKA_ID, &id, 1 };
	CK_OBJECT_HANDLE keys[2];

	if (suite.card)
		skip();
	login();
	assert_ok(suite.p11->C_GenerateKeyPair(suite.session, &mechanism,
					       public_list, 5, private_list, 3,
					       &keys[0], &keys[1]));
	assert_pair_works(keys[0], keys[1]);
	assert_int_equal(flag_of(keys[0], CKA_TOKEN), CK_TRUE);
	assert_int_equal(flag_of(keys[1], CKA_TOKEN), CK_FALSE);
	assert_int_equal(object_count(&match, 1), 2);
	assert_ok(suite.p11->C_CloseSession(suite.session));
	suite.session = session_open(CKF_RW_SESSION);
	assert_int_equal(object_count(&match, 1), 1);
	login();
	assert_ok(suite.p11->C_DestroyObject(suite.session,
					     object_get(CKO_PUBLIC_KEY, id)));
}

/* 5.6.2 for keys: they end with their session, wherever they are in use. */
static void
test_session_pair_ends(void **state)
{
	CK_SESSION_HANDLE other = session_open(0);
	CK_OBJECT_HANDLE keys[2];

	need_made();
	login();
	assert_ok(pair_make(other, CK_FALSE, &keys[0], &keys[1]));
	assert_pair_works(keys[0], keys[1]);
	assert_ok(suite.p11->C_CloseSession(other));
	assert_rv(CKR_KEY_HANDLE_INVALID,
		  suite.p11->C_SignInit(suite.session, &ecdsa, keys[1]));
}

/* 6.3.3: CKA_EC_POINT of a Weierstrass curve is a DER OCTET STRING. */
static void
test_ec_point(void **state)
{
	CK_BYTE point[128];
	CK_ATTRIBUTE attribute = { CKA_EC_POINT, point, sizeof(point) };

	assert_ok(suite.p11->C_GetAttributeValue(
		suite.session, object_get(CKO_PUBLIC_KEY, suite.ec), &attribute,
		1));
	assert_int_equal(attribute.ulValueLen, 67);
	assert_int_equal(point[0], 0x04);
	assert_int_equal(point[1], 65);
	assert_int_equal(point[2], 0x04);
}

static void
assert_signs(CK_MECHANISM *mechanism, const CK_OBJECT_HANDLE pair[2],
	     CK_ULONG wanted)
{
	CK_BYTE signature[512];
	CK_ULONG size = sizeof(signature);
	CK_FUNCTION_LIST *p = suite.p11;

	assert_ok(p->C_SignInit(suite.session, mechanism, pair[1]));
	assert_ok(p->C_Sign(suite.session, digest, sizeof(digest), signature,
			    &size));
	assert_int_equal(size, wanted);
	assert_ok(p->C_VerifyInit(suite.session, mechanism, pair[0]));
	assert_ok(p->C_Verify(suite.session, digest, sizeof(digest), signature,
			      size));
}

/* 6.1.4: "Length in bits of modulus n": of whatever length between the limits
 * of the mechanism, of which multiples of eight are no more than others. */
static void
test_rsa_bits(void **state)
{
	CK_MECHANISM gen = { CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0 };
	CK_RSA_PKCS_PSS_PARAMS p = { CKM_SHA256, CKG_MGF1_SHA256, 32 };
	CK_MECHANISM pkcs1 = { CKM_RSA_PKCS, NULL, 0 };
	CK_MECHANISM pss = { CKM_SHA256_RSA_PKCS_PSS, &p, sizeof(p) };
	CK_MECHANISM_INFO info;
	CK_ULONG bits;
	CK_ATTRIBUTE list = { CKA_MODULUS_BITS, &bits, sizeof(bits) };
	CK_OBJECT_HANDLE pair[2];

	need_made();
	need_mechanism(gen.mechanism, CKF_GENERATE_KEY_PAIR);
	need_mechanism(pss.mechanism, CKF_SIGN | CKF_VERIFY);
	login();
	assert_ok(suite.p11->C_GetMechanismInfo(suite.slot, gen.mechanism,
						&info));
	for (bits = 1025; bits < 1032; bits++) {
		if (bits < info.ulMinKeySize || bits > info.ulMaxKeySize)
			skip();
		assert_ok(suite.p11->C_GenerateKeyPair(suite.session, &gen,
						       &list, 1, NULL, 0,
						       &pair[0], &pair[1]));
		assert_signs(&pkcs1, pair, 129);
		assert_signs(&pss, pair, 129);
	}
}

/* A key is as long as was asked for, or there is none. */
static void
test_rsa_bits_odd(void **state)
{
	CK_MECHANISM gen = { CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0 };
	CK_MECHANISM pkcs1 = { CKM_RSA_PKCS, NULL, 0 };
	CK_ULONG bits = 2049;
	CK_ATTRIBUTE list = { CKA_MODULUS_BITS, &bits, sizeof(bits) };
	CK_OBJECT_HANDLE pair[2];
	CK_RV rv;

	need_made();
	need_mechanism(gen.mechanism, CKF_GENERATE_KEY_PAIR);
	login();
	rv = suite.p11->C_GenerateKeyPair(suite.session, &gen, &list, 1, NULL,
					  0, &pair[0], &pair[1]);
	if (rv == CKR_OK)
		assert_signs(&pkcs1, pair, 257);
	else
		assert_int_equal(rv, CKR_KEY_SIZE_RANGE);
}

static const struct CMUnitTest list[] = {
	CASE("/key/pair/rules", test_pair_rules),
	CASE("/key/pair/bad", test_pair_bad),
	CASE("/key/pair/session", test_session_pair),
	CASE("/key/pair/token", test_token_pair),
	CASE("/key/pair/mixed", test_mixed_pair),
	CASE("/key/pair/mixed/public", test_mixed_pair_public),
	CASE("/key/pair/session-ends", test_session_pair_ends),
	CASE("/key/pair/rsa-bits", test_rsa_bits),
	CASE("/key/pair/rsa-bits/odd", test_rsa_bits_odd),
	CASE("/key/ec-point", test_ec_point),
};

const struct cases key_cases = CASES("key", list);
