/* 4.13: profile objects, which say what a token claims to be. */
#include "suite.h"

static CK_OBJECT_CLASS class = CKO_PROFILE;

static CK_ULONG
claims(CK_PROFILE_ID id)
{
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE match[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_PROFILE_ID, &id, sizeof(id) },
		{ CKA_TOKEN, &yes, 1 },
	};

	return object_count(match, 3);
}

static void
need_profiles(void)
{
	CK_ATTRIBUTE match = { CKA_CLASS, &class, sizeof(class) };

	if (object_count(&match, 1) == 0)
		skip();
}

/* What is claimed is found, with and without a login. Which ones a token claims
 * is its own business. */
static void
test_claims(void **state)
{
	need_profiles();
	need_strict();
	assert_int_equal(claims(CKP_BASELINE_PROVIDER), 1);
	assert_in_range(claims(CKP_EXTENDED_PROVIDER), 0, 1);
	assert_int_equal(claims(CKP_INVALID_ID), 0);
	assert_int_equal(claims(CKP_COMPLETE_PROVIDER), 0);
	login();
	assert_int_equal(claims(CKP_BASELINE_PROVIDER), 1);
}

static CK_OBJECT_HANDLE
baseline(void)
{
	CK_PROFILE_ID id = CKP_BASELINE_PROVIDER;
	CK_ATTRIBUTE match[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_PROFILE_ID, &id, sizeof(id) },
	};
	CK_OBJECT_HANDLE object = 0;
	CK_ULONG count = 0;

	need_profiles();
	assert_ok(suite.p11->C_FindObjectsInit(suite.session, match, 2));
	assert_ok(suite.p11->C_FindObjects(suite.session, &object, 1, &count));
	assert_ok(suite.p11->C_FindObjectsFinal(suite.session));
	if (count == 0)
		skip();
	return object;
}

static void
test_attributes(void **state)
{
	CK_OBJECT_HANDLE object = baseline();
	CK_PROFILE_ID id = 0;
	CK_OBJECT_CLASS is = 0;
	CK_BYTE value[64];
	CK_ATTRIBUTE list[] = {
		{ CKA_CLASS, &is, sizeof(is) },
		{ CKA_PROFILE_ID, &id, sizeof(id) },
		{ CKA_VALUE, value, sizeof(value) },
	};

	assert_rv(
		CKR_ATTRIBUTE_TYPE_INVALID,
		suite.p11->C_GetAttributeValue(suite.session, object, list, 3));
	assert_int_equal(is, CKO_PROFILE);
	assert_int_equal(id, CKP_BASELINE_PROVIDER);
}

/* Nobody changes, copies, destroys or makes them, or takes them for keys. */
static void
test_fixed(void **state)
{
	CK_OBJECT_HANDLE object = baseline(), copy;
	CK_PROFILE_ID id = CKP_COMPLETE_PROVIDER;
	CK_MECHANISM rsa = { CKM_RSA_PKCS, NULL, 0 };
	CK_ATTRIBUTE list[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_PROFILE_ID, &id, sizeof(id) },
	};
	CK_RV rv;

	rv = suite.p11->C_SetAttributeValue(suite.session, object, &list[1], 1);
	assert_one_of(rv, CKR_ACTION_PROHIBITED, CKR_ATTRIBUTE_READ_ONLY);
	assert_rv(CKR_ACTION_PROHIBITED,
		  suite.p11->C_DestroyObject(suite.session, object));
	assert_rv(
		CKR_ACTION_PROHIBITED,
		suite.p11->C_CopyObject(suite.session, object, NULL, 0, &copy));
	assert_true(suite.p11->C_CreateObject(suite.session, list, 2, &copy) !=
		    CKR_OK);
	assert_rv(CKR_KEY_HANDLE_INVALID,
		  suite.p11->C_EncryptInit(suite.session, &rsa, object));
	login();
	assert_rv(CKR_KEY_HANDLE_INVALID,
		  suite.p11->C_SignInit(suite.session, &rsa, object));
	assert_int_equal(claims(CKP_COMPLETE_PROVIDER), 0);
	assert_int_equal(baseline(), object);
}

/* The profile's own words: all certificates can be found without a login, and
 * a public key or private key of the same CKA_ID. */
static void
test_public_certificates(void **state)
{
	CK_OBJECT_CLASS certificate = CKO_CERTIFICATE;
	CK_OBJECT_CLASS public_key = CKO_PUBLIC_KEY;
	CK_ATTRIBUTE match = { CKA_CLASS, &certificate, sizeof(certificate) };
	CK_OBJECT_HANDLE found[32];
	CK_ULONG before, count = 0, i;

	need_profiles();
	if (claims(CKP_PUBLIC_CERTIFICATES_TOKEN) == 0)
		skip();
	before = object_count(&match, 1);
	login();
	assert_int_equal(object_count(&match, 1), before);
	assert_ok(suite.p11->C_Logout(suite.session));
	assert_ok(suite.p11->C_FindObjectsInit(suite.session, &match, 1));
	assert_ok(suite.p11->C_FindObjects(suite.session, found, 32, &count));
	assert_ok(suite.p11->C_FindObjectsFinal(suite.session));
	for (i = 0; i < count; i++) {
		CK_BYTE id[64];
		CK_ATTRIBUTE of[] = {
			{ CKA_ID, id, sizeof(id) },
			{ CKA_CLASS, &public_key, sizeof(public_key) },
		};

		assert_ok(suite.p11->C_GetAttributeValue(suite.session,
							 found[i], of, 1));
		assert_in_range(object_count(of, 2), 1, 32);
	}
}

static const struct CMUnitTest list[] = {
	CASE("/profile/claims", test_claims),
	CASE("/profile/attributes", test_attributes),
	CASE("/profile/fixed", test_fixed),
	CASE("/profile/public-certificates", test_public_certificates),
};
const struct cases profile_cases = CASES("profile", list);
