/* 5.7.2 to 5.7.6, 4.1.2, 4.1.3, 4.4: reading, changing and copying objects; and
 * the forms that attributes of keys have (6.1, 6.3). */
#include "suite.h"

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_OBJECT_CLASS data_class = CKO_DATA;
static CK_BYTE byte = 1;

static CK_RV
set(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, const void *value,
    CK_ULONG size)
{
	CK_ATTRIBUTE attribute = { type, (void *)value, size };

	return suite.p11->C_SetAttributeValue(suite.session, object, &attribute,
					      1);
}

static CK_OBJECT_HANDLE
secret(void)
{
	return secret_make(CKK_GENERIC_SECRET, 16, CKF_SIGN | CKF_VERIFY);
}

/* 4.1.1, as 4.1.2 has it for changes */
static void
test_set_bad(void **state)
{
	CK_OBJECT_HANDLE key = secret();
	CK_ATTRIBUTE hollow = { CKA_LABEL, NULL, 4 };
	CK_ATTRIBUTE two[] = { { CKA_LABEL, (void *)"one", 3 },
			       { CKA_LABEL, (void *)"other", 5 } };
	CK_FUNCTION_LIST *p = suite.p11;
	CK_RV rv;

	assert_rv(CKR_OBJECT_HANDLE_INVALID, set(0, CKA_LABEL, "x", 1));
	assert_rv(CKR_ARGUMENTS_BAD,
		  p->C_SetAttributeValue(suite.session, key, NULL, 1));
	rv = p->C_SetAttributeValue(suite.session, key, &hollow, 1);
	assert_one_of(rv, CKR_ARGUMENTS_BAD, CKR_ATTRIBUTE_VALUE_INVALID);
	assert_rv(CKR_ATTRIBUTE_TYPE_INVALID,
		  set(key, CKA_VENDOR_DEFINED | 0x123456, &byte, 1));
	assert_rv(CKR_ATTRIBUTE_VALUE_INVALID, set(key, CKA_SIGN, "no", 2));
	assert_rv(CKR_TEMPLATE_INCONSISTENT, set(key, CKA_MODULUS, &byte, 1));
	assert_rv(CKR_TEMPLATE_INCONSISTENT,
		  p->C_SetAttributeValue(suite.session, key, two, 2));
	assert_rv(CKR_ATTRIBUTE_READ_ONLY, set(key, CKA_LOCAL, &yes, 1));
	assert_rv(CKR_ATTRIBUTE_READ_ONLY,
		  set(key, CKA_CLASS, &data_class, sizeof(data_class)));
}

/* 4.10: up to CK_TRUE, down to CK_FALSE, and never back; what has been so
 * always does not change with it. */
static void
test_one_way(void **state)
{
	CK_OBJECT_HANDLE key = secret();
	CK_BBOOL was[2] = { 7, 7 };
	CK_ATTRIBUTE always[] = { { CKA_ALWAYS_SENSITIVE, &was[0], 1 },
				  { CKA_NEVER_EXTRACTABLE, &was[1], 1 } };

	assert_ok(set(key, CKA_SENSITIVE, &yes, 1));
	assert_rv(CKR_ATTRIBUTE_READ_ONLY, set(key, CKA_SENSITIVE, &no, 1));
	assert_ok(set(key, CKA_EXTRACTABLE, &no, 1));
	assert_rv(CKR_ATTRIBUTE_READ_ONLY, set(key, CKA_EXTRACTABLE, &yes, 1));
	assert_ok(
		suite.p11->C_GetAttributeValue(suite.session, key, always, 2));
	assert_int_equal(was[0], CK_FALSE);
	assert_int_equal(was[1], CK_FALSE);
}

/* A call that fails of its last attribute has changed none (5.1). */
static void
test_set_whole(void **state)
{
	CK_ATTRIBUTE label = { CKA_LABEL, (void *)"changed", 7 };
	CK_ATTRIBUTE list[] = { label, { CKA_LOCAL, &yes, 1 } };

	assert_rv(CKR_ATTRIBUTE_READ_ONLY,
		  suite.p11->C_SetAttributeValue(suite.session, secret(), list,
						 2));
	assert_int_equal(object_count(&label, 1), 0);
}

/* 4.4: CKA_COPYABLE: CKR_ACTION_PROHIBITED, and it "Can't be set to TRUE once
 * it is set to FALSE". */
static void
test_not_copyable(void **state)
{
	CK_ATTRIBUTE list[] = { { CKA_CLASS, &data_class, sizeof(data_class) },
				{ CKA_PRIVATE, &no, 1 },
				{ CKA_COPYABLE, &no, 1 } };
	CK_ATTRIBUTE label = { CKA_LABEL, (void *)"copy", 4 };
	CK_FUNCTION_LIST *p = suite.p11;
	CK_OBJECT_HANDLE data, key = secret(), made;
	CK_RV bad = CKR_ACTION_PROHIBITED;

	assert_ok(p->C_CopyObject(suite.session, key, &label, 1, &made));
	assert_ok(p->C_CreateObject(suite.session, list, 3, &data));
	assert_rv(bad, p->C_CopyObject(suite.session, data, &label, 1, &made));
	assert_rv(CKR_ATTRIBUTE_READ_ONLY, set(data, CKA_COPYABLE, &yes, 1));
	if (set(key, CKA_COPYABLE, &no, 1) != CKR_OK)
		return; /* "a particular token might not" (4.1.2) */
	assert_rv(bad, p->C_CopyObject(suite.session, key, &label, 1, &made));
	assert_rv(CKR_ATTRIBUTE_READ_ONLY, set(key, CKA_COPYABLE, &yes, 1));
}

/* 5.7.2: a copy may be more sensitive than what it is of, not less. */
static void
test_copy_one_way(void **state)
{
	CK_ATTRIBUTE up = { CKA_SENSITIVE, &yes, 1 };
	CK_ATTRIBUTE down = { CKA_SENSITIVE, &no, 1 };
	CK_OBJECT_HANDLE key = secret(), copy, back;
	CK_RV rv;

	assert_ok(suite.p11->C_CopyObject(suite.session, key, &up, 1, &copy));
	rv = suite.p11->C_CopyObject(suite.session, copy, &down, 1, &back);
	assert_one_of(rv, CKR_ATTRIBUTE_READ_ONLY, CKR_TEMPLATE_INCONSISTENT);
}

/* 4.5.1: CKA_UNIQUE_ID of each object is its own, a copy's too. */
static void
test_unique_id(void **state)
{
	CK_BYTE a[64], b[64];
	CK_ATTRIBUTE one = { CKA_UNIQUE_ID, a, sizeof(a) };
	CK_ATTRIBUTE other = { CKA_UNIQUE_ID, b, sizeof(b) };
	CK_OBJECT_HANDLE key = secret(), copy;
	CK_FUNCTION_LIST *p = suite.p11;

	need_3_0();
	assert_ok(p->C_CopyObject(suite.session, key, NULL, 0, &copy));
	assert_ok(p->C_GetAttributeValue(suite.session, key, &one, 1));
	assert_ok(p->C_GetAttributeValue(suite.session, copy, &other, 1));
	assert_true(one.ulValueLen != other.ulValueLen ||
		    memcmp(a, b, one.ulValueLen) != 0);
	assert_int_equal(object_count(&one, 1), 1);
}

/* 5.7.4 */
static void
test_size(void **state)
{
	CK_ULONG size = 0;
	CK_OBJECT_HANDLE key = secret();
	CK_RV rv;

	assert_rv(CKR_OBJECT_HANDLE_INVALID,
		  suite.p11->C_GetObjectSize(suite.session, 0, &size));
	assert_rv(CKR_ARGUMENTS_BAD,
		  suite.p11->C_GetObjectSize(suite.session, key, NULL));
	rv = suite.p11->C_GetObjectSize(suite.session, key, &size);
	assert_one_of(rv, CKR_OK, CKR_INFORMATION_SENSITIVE);
}

/* Table 15 and what each class adds: the defaults of what is not given. */
static void
test_defaults(void **state)
{
	static const struct {
		CK_ATTRIBUTE_TYPE type;
		CK_BBOOL value;
	} defaults[] = {
		{ CKA_TOKEN, CK_FALSE },   { CKA_MODIFIABLE, CK_TRUE },
		{ CKA_COPYABLE, CK_TRUE }, { CKA_DESTROYABLE, CK_TRUE },
		{ CKA_DERIVE, CK_FALSE },  { CKA_LOCAL, CK_FALSE },
		{ CKA_ENCRYPT, CK_FALSE }, { CKA_WRAP_WITH_TRUSTED, CK_FALSE },
		{ CKA_TRUSTED, CK_FALSE }, { CKA_ALWAYS_SENSITIVE, CK_FALSE },
	};
	CK_OBJECT_HANDLE key = secret();
	size_t i;

	for (i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
		CK_BBOOL value = 7;
		CK_ATTRIBUTE one = { defaults[i].type, &value, 1 };

		assert_ok(suite.p11->C_GetAttributeValue(suite.session, key,
							 &one, 1));
		assert_int_equal(value, defaults[i].value);
	}
}

/* Attributes of a class's that have no value are empty, not absent. */
static void
test_empty(void **state)
{
	CK_BYTE room[8];
	CK_ATTRIBUTE list[] = { { CKA_ID, room, sizeof(room) },
				{ CKA_START_DATE, room, sizeof(room) },
				{ CKA_END_DATE, room, sizeof(room) },
				{ CKA_LABEL, room, sizeof(room) } };
	size_t i;

	assert_ok(suite.p11->C_GetAttributeValue(suite.session, secret(), list,
						 4));
	for (i = 0; i < 4; i++)
		assert_int_equal(list[i].ulValueLen, 0);
}

/* Nested templates: lengths first, then each value (5.7.5). */
static void
test_nested(void **state)
{
	CK_BBOOL flag = 7;
	CK_ATTRIBUTE inner = { CKA_SENSITIVE, &yes, 1 };
	CK_ATTRIBUTE got = { 0, NULL, 0 };
	CK_ATTRIBUTE query = { CKA_UNWRAP_TEMPLATE, NULL, 0 };
	CK_KEY_TYPE type = CKK_AES;
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_BYTE value[16] = { 1 };
	CK_ATTRIBUTE list[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_KEY_TYPE, &type, sizeof(type) },
		{ CKA_PRIVATE, &no, 1 },
		{ CKA_VALUE, value, sizeof(value) },
		{ CKA_UNWRAP_TEMPLATE, &inner, sizeof(inner) },
	};
	CK_OBJECT_HANDLE key;
	CK_FUNCTION_LIST *p = suite.p11;

	if (p->C_CreateObject(suite.session, list, 5, &key) != CKR_OK)
		skip();
	assert_ok(p->C_GetAttributeValue(suite.session, key, &query, 1));
	assert_int_equal(query.ulValueLen, sizeof(inner));
	query.pValue = &got;
	assert_ok(p->C_GetAttributeValue(suite.session, key, &query, 1));
	assert_int_equal(got.type, CKA_SENSITIVE);
	assert_int_equal(got.ulValueLen, 1);
	got.pValue = &flag;
	assert_ok(p->C_GetAttributeValue(suite.session, key, &query, 1));
	assert_int_equal(flag, CK_TRUE);
	got.ulValueLen = 0;
	assert_rv(CKR_BUFFER_TOO_SMALL,
		  p->C_GetAttributeValue(suite.session, key, &query, 1));
	assert_int_equal(got.ulValueLen, CK_UNAVAILABLE_INFORMATION);
}

/* Elliptic curves */

static const CK_BYTE p256[] = { 0x06, 0x08, 0x2a, 0x86, 0x48,
				0xce, 0x3d, 0x03, 0x01, 0x07 };

static CK_RV
ec_create(const CK_BYTE *params, CK_ULONG params_size, const CK_BYTE *point,
	  CK_ULONG point_size, CK_OBJECT_HANDLE *key)
{
	CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	CK_KEY_TYPE type = CKK_EC;
	CK_ATTRIBUTE list[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_KEY_TYPE, &type, sizeof(type) },
		{ CKA_PRIVATE, &no, 1 },
		{ CKA_VERIFY, &yes, 1 },
		{ CKA_EC_PARAMS, (void *)params, params_size },
		{ CKA_EC_POINT, (void *)point, point_size },
	};

	return suite.p11->C_CreateObject(suite.session, list, 6, key);
}

/* The point of the suite's own key on P-256, as DER OCTET STRING. */
static CK_ULONG
point_get(CK_OBJECT_HANDLE key, CK_BYTE *point, CK_ULONG size)
{
	CK_ATTRIBUTE attribute = { CKA_EC_POINT, point, size };

	assert_ok(suite.p11->C_GetAttributeValue(suite.session, key, &attribute,
						 1));
	return attribute.ulValueLen;
}

static void
assert_point(CK_OBJECT_HANDLE key, const CK_BYTE *der)
{
	CK_BYTE point[128];

	assert_int_equal(point_get(key, point, sizeof(point)), 67);
	assert_memory_equal(der, point, 67);
}

/* 6.3.3: "DER-encoding of ANSI X9.62 ECPoint value" */
static void
test_ec_point(void **state)
{
	CK_BYTE der[128];
	CK_OBJECT_HANDLE key;

	assert_int_equal(point_get(object_get(CKO_PUBLIC_KEY, suite.ec), der,
				   sizeof(der)),
			 67);
	need_session_objects();
	assert_ok(ec_create(p256, sizeof(p256), der, 67, &key));
	assert_point(key, der);
}

/* What others write, the bare point or a BIT STRING, may be taken; it comes
 * out as 6.3.3 has it. */
static void
test_ec_forms(void **state)
{
	CK_BYTE der[128], bits[68] = { 0x03, 66, 0 };
	CK_OBJECT_HANDLE key;

	(void)point_get(object_get(CKO_PUBLIC_KEY, suite.ec), der, sizeof(der));
	memcpy(&bits[3], &der[2], 65);
	if (ec_create(p256, sizeof(p256), &der[2], 65, &key) != CKR_OK)
		skip();
	assert_point(key, der);
	assert_ok(ec_create(p256, sizeof(p256), bits, 68, &key));
	assert_point(key, der);
}

/* 6.3.3: CKA_EC_PARAMS is the curve's object identifier. */
static void
test_ec_params(void **state)
{
	CK_BYTE params[64];
	CK_ATTRIBUTE one = { CKA_EC_PARAMS, params, sizeof(params) };

	login();
	assert_ok(suite.p11->C_GetAttributeValue(
		suite.session, object_get(CKO_PUBLIC_KEY, suite.ec), &one, 1));
	assert_int_equal(one.ulValueLen, sizeof(p256));
	assert_memory_equal(params, p256, sizeof(p256));
	one.ulValueLen = sizeof(params);
	assert_ok(suite.p11->C_GetAttributeValue(
		suite.session, object_get(CKO_PRIVATE_KEY, suite.ec), &one, 1));
	assert_int_equal(one.ulValueLen, sizeof(p256));
	assert_memory_equal(params, p256, sizeof(p256));
}

/* CKR_CURVE_NOT_SUPPORTED, CKR_DOMAIN_PARAMS_INVALID, and a point that is not
 * on its curve, which others may find out when the key is used (5.1.6) */
static void
test_ec_bad(void **state)
{
	static const CK_BYTE nobody[] = { 0x06, 0x05, 0x2a, 0x86,
					  0x48, 0xce, 0x7f };
	CK_BYTE der[128];
	CK_OBJECT_HANDLE key;
	CK_RV rv;

	need_strict();
	(void)point_get(object_get(CKO_PUBLIC_KEY, suite.ec), der, sizeof(der));
	assert_rv(CKR_CURVE_NOT_SUPPORTED,
		  ec_create(nobody, sizeof(nobody), der, 67, &key));
	assert_rv(CKR_DOMAIN_PARAMS_INVALID,
		  ec_create(&byte, 1, der, 67, &key));
	der[40] ^= 1;
	rv = ec_create(p256, sizeof(p256), der, 67, &key);
	assert_one_of(rv, CKR_ATTRIBUTE_VALUE_INVALID, CKR_PUBLIC_KEY_INVALID);
	rv = ec_create(p256, sizeof(p256), der, 60, &key);
	assert_one_of(rv, CKR_ATTRIBUTE_VALUE_INVALID, CKR_PUBLIC_KEY_INVALID);
}

/* 4.8, 4.9: SubjectPublicKeyInfo of every key, the same in both halves; it "MAY
 * be empty", but not by signet */
static void
test_public_key_info(void **state)
{
	const CK_BYTE ids[] = { suite.rsa, suite.decrypt, suite.ec };
	CK_BYTE a[1024], b[1024];
	size_t i;

	need_3_0();
	login();
	for (i = 0; i < sizeof(ids); i++) {
		CK_ATTRIBUTE mine = { CKA_PUBLIC_KEY_INFO, a, sizeof(a) };
		CK_ATTRIBUTE yours = { CKA_PUBLIC_KEY_INFO, b, sizeof(b) };

		assert_ok(suite.p11->C_GetAttributeValue(
			suite.session, object_get(CKO_PUBLIC_KEY, ids[i]),
			&mine, 1));
		assert_ok(suite.p11->C_GetAttributeValue(
			suite.session, object_get(CKO_PRIVATE_KEY, ids[i]),
			&yours, 1));
		if (!suite.strict && mine.ulValueLen * yours.ulValueLen == 0)
			continue;
		assert_true(mine.ulValueLen > 60);
		assert_int_equal(a[0], 0x30);
		assert_int_equal(mine.ulValueLen, yours.ulValueLen);
		assert_memory_equal(a, b, mine.ulValueLen);
	}
}

/* 4.9: of a private key that is made it has to be its own: "If there is a
 * mismatch, the command SHALL return CKR_ATTRIBUTE_VALUE_INVALID", or
 * CKR_ATTRIBUTE_TYPE_INVALID where it cannot be given */
static void
test_other_info(void **state)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_KEY_TYPE type = CKK_EC;
	CK_BYTE info[1024], value[32] = { 1 };
	CK_ATTRIBUTE list[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_KEY_TYPE, &type, sizeof(type) },
		{ CKA_EC_PARAMS, (void *)p256, sizeof(p256) },
		{ CKA_VALUE, value, sizeof(value) },
		{ CKA_PUBLIC_KEY_INFO, info, sizeof(info) },
	};
	CK_OBJECT_HANDLE key;
	CK_RV rv;

	need_3_0();
	need_session_objects();
	login();
	assert_ok(suite.p11->C_GetAttributeValue(
		suite.session, object_get(CKO_PUBLIC_KEY, suite.ec), &list[4],
		1));
	rv = suite.p11->C_CreateObject(suite.session, list, 5, &key);
	assert_one_of(rv, CKR_ATTRIBUTE_VALUE_INVALID,
		      CKR_ATTRIBUTE_TYPE_INVALID);
	assert_ok(suite.p11->C_CreateObject(suite.session, list, 4, &key));
	list[4].ulValueLen = sizeof(info);
	assert_ok(suite.p11->C_GetAttributeValue(suite.session, key, &list[4],
						 1));
	assert_ok(suite.p11->C_CreateObject(suite.session, list, 5, &key));
}

static const struct CMUnitTest list[] = {
	CASE("/attribute/set/bad", test_set_bad),
	CASE("/attribute/set/whole", test_set_whole),
	CASE("/attribute/one-way", test_one_way),
	CASE("/attribute/not-copyable", test_not_copyable),
	CASE("/attribute/copy/one-way", test_copy_one_way),
	CASE("/attribute/unique-id", test_unique_id),
	CASE("/attribute/size", test_size),
	CASE("/attribute/defaults", test_defaults),
	CASE("/attribute/empty", test_empty),
	CASE("/attribute/nested", test_nested),
	CASE("/attribute/ec/point", test_ec_point),
	CASE("/attribute/ec/forms", test_ec_forms),
	CASE("/attribute/ec/params", test_ec_params),
	CASE("/attribute/ec/bad", test_ec_bad),
	CASE("/attribute/public-key-info", test_public_key_info),
	CASE("/attribute/public-key-info/other", test_other_info),
};

const struct cases attribute_cases = CASES("attribute", list);
