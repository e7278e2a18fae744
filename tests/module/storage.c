/* 4.5 to 4.10: what the attributes of objects promise, class by class. */
#include "suite.h"

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_OBJECT_CLASS data_class = CKO_DATA, secret_class = CKO_SECRET_KEY,
		       certificate_class = CKO_CERTIFICATE;
static CK_KEY_TYPE aes = CKK_AES;
static CK_CERTIFICATE_TYPE x509 = CKC_X_509;
static CK_BYTE value[16] = { 5, 5, 5 };

static CK_RV
create(CK_ATTRIBUTE *list, CK_ULONG count, CK_OBJECT_HANDLE *object)
{
	return suite.p11->C_CreateObject(suite.session, list, count, object);
}

static CK_RV
get(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, void *room, CK_ULONG *size)
{
	CK_ATTRIBUTE one = { type, room, *size };
	CK_RV rv =
		suite.p11->C_GetAttributeValue(suite.session, object, &one, 1);

	*size = one.ulValueLen;
	return rv;
}

static CK_RV
set(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, const void *to,
    CK_ULONG size)
{
	CK_ATTRIBUTE one = { type, (void *)to, size };

	return suite.p11->C_SetAttributeValue(suite.session, object, &one, 1);
}

/* 4.5.1: "values generated MUST be unique across all objects visible to any
 * particular session"; 4.5: CKA_CLASS "should be present on every object". */
static void
test_unique_ids(void **state)
{
	static CK_BYTE ids[256][64];
	CK_OBJECT_HANDLE found[256];
	CK_ULONG count = 0, sizes[256], i, j;

	need_3_0();
	login();
	data_make(suite.session, CK_FALSE, CK_FALSE, "unique");
	data_make(suite.session, CK_FALSE, CK_FALSE, "unique");
	assert_ok(suite.p11->C_FindObjectsInit(suite.session, NULL, 0));
	assert_ok(suite.p11->C_FindObjects(suite.session, found, 256, &count));
	assert_ok(suite.p11->C_FindObjectsFinal(suite.session));
	for (i = 0; i < count; i++) {
		assert_ok(object_peek(suite.session, found[i]));
		sizes[i] = sizeof(ids[i]);
		assert_ok(get(found[i], CKA_UNIQUE_ID, ids[i], &sizes[i]));
		assert_true(sizes[i] > 0);
		for (j = 0; j < i; j++)
			assert_true(sizes[i] != sizes[j] ||
				    memcmp(ids[i], ids[j], sizes[i]) != 0);
	}
}

/* 4.6: all that a data object has is "default empty". */
static void
test_data(void **state)
{
	static const CK_ATTRIBUTE_TYPE types[] = { CKA_APPLICATION,
						   CKA_OBJECT_ID, CKA_VALUE,
						   CKA_LABEL };
	CK_ATTRIBUTE list[] = { { CKA_CLASS, &data_class, sizeof(data_class) },
				{ CKA_PRIVATE, &no, 1 } };
	CK_OBJECT_HANDLE data;
	CK_BYTE room[8];
	size_t i;

	need_session_objects();
	assert_ok(create(list, 2, &data));
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		CK_ULONG size = sizeof(room);

		assert_ok(get(data, types[i], room, &size));
		assert_int_equal(size, 0);
	}
}

/* 4.4: what is not marked as one that may be modified is as it was made. */
static void
test_fixed(void **state)
{
	CK_OBJECT_HANDLE data =
		data_make(suite.session, CK_FALSE, CK_FALSE, "fixed");

	login();
	assert_rv(CKR_ATTRIBUTE_READ_ONLY, set(data, CKA_TOKEN, &yes, 1));
	assert_rv(CKR_ATTRIBUTE_READ_ONLY, set(data, CKA_PRIVATE, &yes, 1));
	assert_rv(CKR_ATTRIBUTE_READ_ONLY, set(data, CKA_MODIFIABLE, &no, 1));
	assert_rv(CKR_ATTRIBUTE_READ_ONLY, set(data, CKA_DESTROYABLE, &no, 1));
}

/* A certificate that is elsewhere. */
static CK_ATTRIBUTE elsewhere[] = {
	{ CKA_CLASS, &certificate_class, sizeof(certificate_class) },
	{ CKA_CERTIFICATE_TYPE, &x509, sizeof(x509) },
	{ CKA_PRIVATE, &no, 1 },
	{ CKA_VALUE, NULL, 0 },
	{ CKA_SUBJECT, (void *)"\x30\x00", 2 },
	{ CKA_URL, (void *)"http://example/1.cer", 20 },
	{ CKA_HASH_OF_SUBJECT_PUBLIC_KEY, value, 16 },
	{ CKA_HASH_OF_ISSUER_PUBLIC_KEY, value, 16 },
	{ CKA_TRUSTED, &yes, 1 },
	{ CKA_TOKEN, &yes, 1 },
};

/* 4.7.3: CKA_VALUE "MUST be non-empty if CKA_URL is empty", and the other way
 * round; hashes "Can only be empty if CKA_URL is empty". */
static void
test_url(void **state)
{
	CK_ATTRIBUTE list[8];
	CK_OBJECT_HANDLE made;
	CK_BYTE room[8];
	CK_ULONG size = 0;

	memcpy(list, elsewhere, sizeof(list));
	if (create(list, 8, &made) != CKR_OK)
		skip();
	assert_ok(get(made, CKA_URL, NULL, &size));
	assert_int_equal(size, 20);
	size = sizeof(room);
	assert_ok(get(made, CKA_VALUE, room, &size));
	assert_int_equal(size, 0);
	list[6].ulValueLen = 0;
	assert_int_not_equal(create(list, 8, &made), CKR_OK);
	list[6].ulValueLen = 16;
	list[7].ulValueLen = 0;
	assert_int_not_equal(create(list, 8, &made), CKR_OK);
	list[7].ulValueLen = 16;
	list[5].ulValueLen = 0;
	assert_int_not_equal(create(list, 8, &made), CKR_OK);
}

/* 4.7.2: CKA_TRUSTED "cannot be set to CK_TRUE by an application. It MUST be
 * set by ... the token's SO. Trusted certificates cannot be modified." */
static void
test_trusted(void **state)
{
	CK_OBJECT_HANDLE made, other;
	CK_BBOOL trusted = 7;
	CK_ULONG size = 1;

	need_made();
	need_officer();
	assert_ok(login_as(CKU_SO, suite.so_pin));
	if (create(elsewhere, 10, &made) != CKR_OK)
		skip();
	assert_ok(get(made, CKA_TRUSTED, &trusted, &size));
	assert_int_equal(trusted, CK_TRUE);
	assert_ok(suite.p11->C_Logout(suite.session));
	login();
	assert_int_not_equal(set(made, CKA_LABEL, "mine", 4), CKR_OK);
	assert_int_not_equal(set(made, CKA_ID, "mine", 4), CKR_OK);
	assert_ok(create(elsewhere, 8, &other));
	assert_int_not_equal(set(other, CKA_TRUSTED, &yes, 1), CKR_OK);
	assert_ok(set(other, CKA_ID, "mine", 4));
	assert_ok(suite.p11->C_DestroyObject(suite.session, made));
}

static CK_OBJECT_HANDLE
aes_make(CK_ATTRIBUTE_TYPE type, const void *more, CK_ULONG size)
{
	CK_ATTRIBUTE list[] = {
		{ CKA_CLASS, &secret_class, sizeof(secret_class) },
		{ CKA_KEY_TYPE, &aes, sizeof(aes) },
		{ CKA_PRIVATE, &no, 1 },
		{ CKA_ENCRYPT, &yes, 1 },
		{ CKA_VALUE, value, sizeof(value) },
		{ type, (void *)more, size },
	};
	CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;

	if (create(list, 6, &key) != CKR_OK)
		skip();
	return key;
}

/* 4.8: CKA_ALLOWED_MECHANISMS: "A list of mechanisms allowed to be used with
 * this key" */
static void
test_allowed(void **state)
{
	CK_MECHANISM_TYPE only = CKM_AES_CBC;
	CK_MECHANISM ecb = { CKM_AES_ECB, NULL, 0 };
	CK_MECHANISM cbc = { CKM_AES_CBC, value, sizeof(value) };
	CK_OBJECT_HANDLE key;

	need_mechanism(CKM_AES_ECB, CKF_ENCRYPT);
	need_mechanism(CKM_AES_CBC, CKF_ENCRYPT);
	key = aes_make(CKA_ALLOWED_MECHANISMS, &only, sizeof(only));
	assert_rv(CKR_MECHANISM_INVALID,
		  suite.p11->C_EncryptInit(suite.session, &ecb, key));
	assert_ok(suite.p11->C_EncryptInit(suite.session, &cbc, key));
}

/* 4.8: CKA_KEY_GEN_MECHANISM "contains a valid value only if the CKA_LOCAL
 * attribute has the value CK_TRUE", else CK_UNAVAILABLE_INFORMATION. */
static void
test_generated_by(void **state)
{
	CK_MECHANISM mechanism = { CKM_AES_KEY_GEN, NULL, 0 };
	CK_MECHANISM_TYPE by = 7;
	CK_ULONG length = 16, size = sizeof(by);
	CK_ATTRIBUTE list[] = { { CKA_VALUE_LEN, &length, sizeof(length) },
				{ CKA_PRIVATE, &no, 1 } };
	CK_OBJECT_HANDLE key;

	need_mechanism(CKM_AES_KEY_GEN, CKF_GENERATE);
	assert_ok(suite.p11->C_GenerateKey(suite.session, &mechanism, list, 2,
					   &key));
	assert_ok(get(key, CKA_KEY_GEN_MECHANISM, &by, &size));
	assert_int_equal(by, CKM_AES_KEY_GEN);
	key = aes_make(CKA_ID, "brought", 7);
	size = sizeof(by);
	assert_ok(get(key, CKA_KEY_GEN_MECHANISM, &by, &size));
	assert_int_equal(by, CK_UNAVAILABLE_INFORMATION);
}

/* 4.10: "If the CKA_SENSITIVE attribute is CK_TRUE, or if the CKA_EXTRACTABLE
 * attribute is CK_FALSE", the value "cannot be revealed". */
static void
test_hidden(void **state)
{
	CK_BYTE room[16];
	CK_ULONG size = sizeof(room);
	CK_OBJECT_HANDLE key = aes_make(CKA_EXTRACTABLE, &no, 1);

	assert_rv(CKR_ATTRIBUTE_SENSITIVE, get(key, CKA_VALUE, room, &size));
	assert_int_equal(size, CK_UNAVAILABLE_INFORMATION);
	key = aes_make(CKA_SENSITIVE, &yes, 1);
	size = sizeof(room);
	assert_rv(CKR_ATTRIBUTE_SENSITIVE, get(key, CKA_VALUE, room, &size));
}

/* 4.10: CKA_WRAP_WITH_TRUSTED, footnote 11: "cannot be changed once set to
 * CK_TRUE" */
static void
test_with_trusted(void **state)
{
	CK_OBJECT_HANDLE key = aes_make(CKA_WRAP_WITH_TRUSTED, &yes, 1);

	assert_rv(CKR_ATTRIBUTE_READ_ONLY,
		  set(key, CKA_WRAP_WITH_TRUSTED, &no, 1));
}

/* 4.10.2: CKA_CHECK_VALUE: "C_SetAttributeValue may be used to destroy the
 * attribute, by supplying no-value." */
static void
test_check_value(void **state)
{
	CK_OBJECT_HANDLE key = aes_make(CKA_ID, "checked", 7);
	CK_BYTE check[3];
	CK_ULONG size = sizeof(check);

	if (get(key, CKA_CHECK_VALUE, check, &size) != CKR_OK || size != 3 ||
	    set(key, CKA_CHECK_VALUE, NULL, 0) == CKR_ATTRIBUTE_READ_ONLY) {
		need_strict();
		fail();
	}
	assert_ok(get(key, CKA_CHECK_VALUE, check, &size));
	assert_int_equal(size, 0);
}

/* 4.9: "for C_CreateObject, C_CopyObject or C_SetAttributeValue ... If there is
 * a mismatch, the command SHALL return CKR_ATTRIBUTE_VALUE_INVALID", or
 * CKR_ATTRIBUTE_TYPE_INVALID where it cannot be given. */
static void
test_public_key_info(void **state)
{
	CK_BYTE mine[256], others[256];
	CK_ULONG size = sizeof(mine), other_size = sizeof(others);
	CK_OBJECT_HANDLE pair[2], other[2], copy;
	CK_ATTRIBUTE one = { CKA_PUBLIC_KEY_INFO, others, 0 };
	CK_RV rv;

	need_3_0();
	login();
	ec_pair_make(CKF_SIGN, &pair[0], &pair[1]);
	ec_pair_make(CKF_SIGN, &other[0], &other[1]);
	if (get(pair[1], CKA_PUBLIC_KEY_INFO, mine, &size) != CKR_OK ||
	    size == 0)
		skip();
	assert_ok(get(other[1], CKA_PUBLIC_KEY_INFO, others, &other_size));
	one.ulValueLen = other_size;
	rv = set(pair[1], CKA_PUBLIC_KEY_INFO, others, other_size);
	assert_one_of(rv, CKR_ATTRIBUTE_VALUE_INVALID,
		      CKR_ATTRIBUTE_TYPE_INVALID);
	rv = suite.p11->C_CopyObject(suite.session, pair[1], &one, 1, &copy);
	assert_one_of(rv, CKR_ATTRIBUTE_VALUE_INVALID,
		      CKR_ATTRIBUTE_TYPE_INVALID);
	rv = set(pair[1], CKA_PUBLIC_KEY_INFO, mine, size);
	assert_one_of(rv, CKR_OK, CKR_ATTRIBUTE_TYPE_INVALID);
}

/* 4.9: CKA_ALWAYS_AUTHENTICATE "may only be set to CK_TRUE when CKA_PRIVATE is
 * also CK_TRUE"; 5.18.2: of templates that it cannot support C_GenerateKeyPair
 * creates nothing. */
static void
test_always_authenticate(void **state)
{
	static CK_BYTE p256[] = { 0x06, 0x08, 0x2a, 0x86, 0x48,
				  0xce, 0x3d, 0x03, 0x01, 0x07 };
	CK_MECHANISM mechanism = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
	CK_ATTRIBUTE public_list[] = { { CKA_EC_PARAMS, p256, sizeof(p256) } };
	CK_ATTRIBUTE private_list[] = { { CKA_ALWAYS_AUTHENTICATE, &yes, 1 },
					{ CKA_PRIVATE, &no, 1 } };
	CK_OBJECT_HANDLE pair[2];
	CK_ULONG before;

	need_mechanism(CKM_EC_KEY_PAIR_GEN, CKF_GENERATE_KEY_PAIR);
	need_strict();
	login();
	before = object_count(NULL, 0);
	assert_rv(CKR_TEMPLATE_INCONSISTENT,
		  suite.p11->C_GenerateKeyPair(suite.session, &mechanism,
					       public_list, 1, private_list, 2,
					       &pair[0], &pair[1]));
	assert_int_equal(object_count(NULL, 0), before);
}

/* 5.7.5, 4.8: "any attribute whose value is an array of attributes", also those
 * without CKF_ARRAY_ATTRIBUTE: nothing comes out but attributes. */
static void
test_kem_template(void **state)
{
	CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	CK_KEY_TYPE type = CKK_RSA;
	CK_BYTE modulus[256], label[8];
	CK_ULONG size = sizeof(modulus);
	CK_ATTRIBUTE inner = { CKA_LABEL, (void *)"wanted", 6 };
	CK_ATTRIBUTE got = { CKA_ID, label, sizeof(label) };
	CK_ATTRIBUTE list[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_KEY_TYPE, &type, sizeof(type) },
		{ CKA_PRIVATE, &no, 1 },
		{ CKA_MODULUS, modulus, sizeof(modulus) },
		{ CKA_PUBLIC_EXPONENT, (void *)"\1\0\1", 3 },
		{ CKA_ENCAPSULATE_TEMPLATE, &inner, sizeof(inner) },
	};
	CK_OBJECT_HANDLE key;

	need_3_2();
	assert_ok(get(object_get(CKO_PUBLIC_KEY, suite.rsa), CKA_MODULUS,
		      modulus, &size));
	if (create(list, 6, &key) != CKR_OK)
		skip();
	size = sizeof(got);
	assert_ok(get(key, CKA_ENCAPSULATE_TEMPLATE, &got, &size));
	assert_int_equal(size, sizeof(got));
	assert_int_equal(got.type, CKA_LABEL);
	assert_int_equal(got.ulValueLen, 6);
	assert_memory_equal(label, "wanted", 6);
}

static const struct CMUnitTest list[] = {
	CASE("/storage/unique-ids", test_unique_ids),
	CASE("/storage/data", test_data),
	CASE("/storage/fixed", test_fixed),
	CASE("/storage/certificate/url", test_url),
	CASE("/storage/certificate/trusted", test_trusted),
	CASE("/storage/allowed-mechanisms", test_allowed),
	CASE("/storage/generated-by", test_generated_by),
	CASE("/storage/hidden", test_hidden),
	CASE("/storage/with-trusted", test_with_trusted),
	CASE("/storage/check-value", test_check_value),
	CASE("/storage/public-key-info", test_public_key_info),
	CASE("/storage/always-authenticate", test_always_authenticate),
	CASE("/storage/kem-template", test_kem_template),
};

const struct cases storage_cases = CASES("storage", list);
