/* 5.7.1, 5.7.3, 5.18.2: keys and certificates that are made on the token, by
 * who may make them there: on cards that is the security officer, which the
 * list of each of them says. The place of a key on P-256 gets others here. */
#include "suite.h"

enum { ROOM = 1024 };

static CK_BYTE p256[] = { 0x06, 0x08, 0x2a, 0x86, 0x48,
			  0xce, 0x3d, 0x03, 0x01, 0x07 };
static CK_MECHANISM ecdsa = { CKM_ECDSA, NULL, 0 };
static CK_BYTE digest[32] = { 6, 0, 2, 2 };
static CK_BBOOL yes = CK_TRUE;
static CK_OBJECT_CLASS private_class = CKO_PRIVATE_KEY;
static CK_KEY_TYPE ec_type = CKK_EC;

static CK_RV
generate(CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key)
{
	CK_MECHANISM mechanism = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
	CK_ATTRIBUTE public_list[] = {
		{ CKA_TOKEN, &yes, 1 },
		{ CKA_ID, &suite.ec, 1 },
		{ CKA_VERIFY, &yes, 1 },
		{ CKA_EC_PARAMS, p256, sizeof(p256) },
	};
	CK_ATTRIBUTE private_list[] = {
		{ CKA_TOKEN, &yes, 1 },	  { CKA_ID, &suite.ec, 1 },
		{ CKA_PRIVATE, &yes, 1 }, { CKA_SENSITIVE, &yes, 1 },
		{ CKA_SIGN, &yes, 1 },
	};

	return suite.p11->C_GenerateKeyPair(suite.session, &mechanism,
					    public_list, 4, private_list, 5,
					    public_key, private_key);
}

/* A token of the suite's own would keep the keys that there are, too. */
static void
make_room(void)
{
	CK_ATTRIBUTE id = { CKA_ID, &suite.ec, 1 };
	CK_OBJECT_HANDLE found[8];
	CK_ULONG count = 0, i;

	if (suite.card)
		return;
	assert_ok(suite.p11->C_FindObjectsInit(suite.session, &id, 1));
	assert_ok(suite.p11->C_FindObjects(suite.session, found, 8, &count));
	assert_ok(suite.p11->C_FindObjectsFinal(suite.session));
	for (i = 0; i < count; i++)
		assert_ok(suite.p11->C_DestroyObject(suite.session, found[i]));
}

static void
login_to_make(void)
{
	if (suite.card)
		need_officer();
	assert_ok(suite.card ? login_as(CKU_SO, suite.so_pin)
			     : login_as(CKU_USER, suite.pin));
	need_mechanism(CKM_EC_KEY_PAIR_GEN, CKF_GENERATE_KEY_PAIR);
}

/* From here on as the user, whoever has made the keys. */
static void
login_to_use(void)
{
	assert_ok(suite.p11->C_Logout(suite.session));
	login();
}

static void
assert_flag(CK_OBJECT_HANDLE key, CK_ATTRIBUTE_TYPE type, CK_BBOOL wanted)
{
	CK_BBOOL value = 7;
	CK_ATTRIBUTE one = { type, &value, 1 };

	assert_ok(suite.p11->C_GetAttributeValue(suite.session, key, &one, 1));
	if (value != wanted)
		print_error("attribute 0x%lx\n", type);
	assert_int_equal(value, wanted);
}

static void
assert_works(void)
{
	CK_BYTE signature[64];
	CK_ULONG size = sizeof(signature);

	assert_ok(suite.p11->C_SignInit(suite.session, &ecdsa,
					object_get(CKO_PRIVATE_KEY, suite.ec)));
	assert_ok(
		suite.p11->C_Sign(suite.session, digest, 32, signature, &size));
	assert_ok(suite.p11->C_VerifyInit(
		suite.session, &ecdsa, object_get(CKO_PUBLIC_KEY, suite.ec)));
	assert_ok(suite.p11->C_Verify(suite.session, digest, 32, signature,
				      size));
}

static void
assert_same_info(void)
{
	CK_BYTE a[ROOM], b[ROOM];
	CK_ATTRIBUTE mine = { CKA_PUBLIC_KEY_INFO, a, ROOM };
	CK_ATTRIBUTE yours = { CKA_PUBLIC_KEY_INFO, b, ROOM };

	if (suite.p11_3_0 == NULL)
		return;
	assert_ok(suite.p11->C_GetAttributeValue(
		suite.session, object_get(CKO_PUBLIC_KEY, suite.ec), &mine, 1));
	assert_ok(suite.p11->C_GetAttributeValue(
		suite.session, object_get(CKO_PRIVATE_KEY, suite.ec), &yours,
		1));
	assert_int_equal(mine.ulValueLen, yours.ulValueLen);
	assert_memory_equal(a, b, mine.ulValueLen);
}

/* 4.4, 5.6.8: the security officer makes no private objects. */
static void
test_officer(void **state)
{
	CK_OBJECT_HANDLE keys[2];

	need_officer();
	need_mechanism(CKM_EC_KEY_PAIR_GEN, CKF_GENERATE_KEY_PAIR);
	assert_ok(login_as(CKU_SO, suite.so_pin));
	assert_rv(CKR_USER_NOT_LOGGED_IN, generate(&keys[0], &keys[1]));
}

static void
make_pair(void)
{
	CK_OBJECT_HANDLE keys[2];

	login_to_make();
	make_room();
	assert_ok(generate(&keys[0], &keys[1]));
	login_to_use();
}

/* 5.18.2: a pair on the token, which outlives its session. */
static void
test_pair(void **state)
{
	int i;

	make_pair();
	for (i = 0; i < 2; i++) {
		CK_OBJECT_HANDLE key = object_get(CKO_PRIVATE_KEY, suite.ec);

		assert_flag(key, CKA_TOKEN, CK_TRUE);
		assert_flag(key, CKA_SENSITIVE, CK_TRUE);
		assert_flag(key, CKA_EXTRACTABLE, CK_FALSE);
		key = object_get(CKO_PUBLIC_KEY, suite.ec);
		assert_flag(key, CKA_TOKEN, CK_TRUE);
		assert_flag(key, CKA_PRIVATE, CK_FALSE);
		assert_same_info();
		assert_works();
		assert_ok(suite.p11->C_CloseSession(suite.session));
		suite.session = session_open(CKF_RW_SESSION);
		login();
	}
}

/* 5.18.2: "cannot support the precise template ... will fail" */
static void
test_pair_private(void **state)
{
	make_pair();
	assert_flag(object_get(CKO_PRIVATE_KEY, suite.ec), CKA_PRIVATE,
		    CK_TRUE);
}

/* 5.18.2: "CKA_LOCAL ... set to CK_TRUE", and what 4.9 has of a key that was
 * always as it is now */
static void
test_pair_local(void **state)
{
	CK_OBJECT_HANDLE key;

	make_pair();
	key = object_get(CKO_PRIVATE_KEY, suite.ec);
	assert_flag(key, CKA_LOCAL, CK_TRUE);
	assert_flag(key, CKA_ALWAYS_SENSITIVE, CK_TRUE);
	assert_flag(key, CKA_NEVER_EXTRACTABLE, CK_TRUE);
	assert_flag(object_get(CKO_PUBLIC_KEY, suite.ec), CKA_LOCAL, CK_TRUE);
}

/* The key of RFC 6979, A.2.5; skips the case when the card knows no such
 * command. */
static void
import(void)
{
	static CK_BYTE value[] = {
		0xc9, 0xaf, 0xa9, 0xd8, 0x45, 0xba, 0x75, 0x16,
		0x6b, 0x5c, 0x21, 0x57, 0x67, 0xb1, 0xd6, 0x93,
		0x4e, 0x50, 0xc3, 0xdb, 0x36, 0xe8, 0x9b, 0x12,
		0x7b, 0x8a, 0x62, 0x2b, 0x12, 0x0f, 0x67, 0x21,
	};
	CK_ATTRIBUTE list[] = {
		{ CKA_CLASS, &private_class, sizeof(private_class) },
		{ CKA_KEY_TYPE, &ec_type, sizeof(ec_type) },
		{ CKA_TOKEN, &yes, 1 },
		{ CKA_PRIVATE, &yes, 1 },
		{ CKA_ID, &suite.ec, 1 },
		{ CKA_SIGN, &yes, 1 },
		{ CKA_EC_PARAMS, p256, sizeof(p256) },
		{ CKA_VALUE, value, sizeof(value) },
	};
	CK_OBJECT_HANDLE key;
	CK_RV rv;

	login_to_make();
	make_room();
	rv = suite.p11->C_CreateObject(suite.session, list, 8, &key);
	if (suite.card &&
	    (rv == CKR_DEVICE_ERROR || rv == CKR_ATTRIBUTE_VALUE_INVALID))
		skip();
	assert_ok(rv);
	login_to_use();
}

/* 5.7.1: "the key object will have its CKA_LOCAL attribute set to CK_FALSE" */
static void
test_import(void **state)
{
	CK_BYTE signature[64];
	CK_ULONG size = sizeof(signature);
	CK_OBJECT_HANDLE key;

	import();
	key = object_get(CKO_PRIVATE_KEY, suite.ec);
	assert_flag(key, CKA_LOCAL, CK_FALSE);
	assert_flag(key, CKA_TOKEN, CK_TRUE);
	assert_ok(suite.p11->C_SignInit(suite.session, &ecdsa, key));
	assert_ok(
		suite.p11->C_Sign(suite.session, digest, 32, signature, &size));
}

/* 5.7.1: CKA_ALWAYS_SENSITIVE and CKA_NEVER_EXTRACTABLE "set to CK_FALSE" */
static void
test_import_always(void **state)
{
	CK_OBJECT_HANDLE key;

	import();
	key = object_get(CKO_PRIVATE_KEY, suite.ec);
	assert_flag(key, CKA_ALWAYS_SENSITIVE, CK_FALSE);
	assert_flag(key, CKA_NEVER_EXTRACTABLE, CK_FALSE);
}

static const struct CMUnitTest list[] = {
	CASE("/made/officer", test_officer),
	CASE("/made/pair", test_pair),
	CASE("/made/pair/private", test_pair_private),
	CASE("/made/pair/local", test_pair_local),
	CASE("/made/import", test_import),
	CASE("/made/import/always", test_import_always),
};

const struct cases made_cases = CASES("made", list);
