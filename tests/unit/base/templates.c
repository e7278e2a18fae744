/* Tests of base/templates.c. */
#include "case.h"

#include "object.h"

static void
test_check_bad(void **state)
{
	static CK_ATTRIBUTE many[2000];
	uint8_t byte = 1, other = 2;
	CK_ATTRIBUTE null_value = { CKA_LABEL, NULL, 1 };
	CK_ATTRIBUTE endless = { CKA_LABEL, &byte, CK_UNAVAILABLE_INFORMATION };
	CK_ATTRIBUTE twice[] = { { CKA_LABEL, &byte, 1 },
				 { CKA_ID, &byte, 1 },
				 { CKA_LABEL, &other, 1 } };
	CK_ATTRIBUTE longer[] = { { CKA_LABEL, NULL, 0 },
				  { CKA_LABEL, &byte, 1 } };
	CK_ATTRIBUTE same[] = { { CKA_LABEL, &byte, 1 },
				{ CKA_LABEL, &byte, 1 } };

	for (CK_ULONG i = 0; i < 2000; i++)
		many[i].type = i;
	assert_int_equal(template_check(NULL, 1), CKR_ARGUMENTS_BAD);
	assert_int_equal(template_check(&null_value, 1), CKR_ARGUMENTS_BAD);
	assert_int_equal(template_check(&endless, 1),
			 CKR_ATTRIBUTE_VALUE_INVALID);
	assert_int_equal(template_check(twice, 3), CKR_TEMPLATE_INCONSISTENT);
	assert_int_equal(template_check(longer, 2), CKR_TEMPLATE_INCONSISTENT);
	assert_int_equal(template_check(same, 2), CKR_OK);
	assert_int_equal(template_check(many, 2000), CKR_ARGUMENTS_BAD);
	assert_int_equal(template_check(many, ~0UL), CKR_ARGUMENTS_BAD);
	assert_int_equal(template_check(many, 500), CKR_OK);
	assert_int_equal(template_check(twice, 2), CKR_OK);
	assert_int_equal(template_check(NULL, 0), CKR_OK);
}

static void
test_ulong_bad(void **state)
{
	CK_ULONG in = 5, out = 77;
	CK_ATTRIBUTE list[] = { { CKA_CLASS, &in, sizeof(in) - 1 },
				{ CKA_KEY_TYPE, NULL, sizeof(in) },
				{ CKA_MODULUS_BITS, NULL, 0 } };

	for (int i = 0; i < 3; i++) {
		assert_int_equal(template_ulong(list, 3, list[i].type, 1, &out),
				 CKR_ATTRIBUTE_VALUE_INVALID);
		assert_int_equal(out, 77);
	}
}

static void
test_bool_bad(void **state)
{
	CK_ULONG in = 1;
	bool out = true;
	CK_ATTRIBUTE list[] = { { CKA_TOKEN, &in, sizeof(in) },
				{ CKA_PRIVATE, NULL, 1 } };

	assert_int_equal(template_bool(list, 2, CKA_TOKEN, false, &out),
			 CKR_ATTRIBUTE_VALUE_INVALID);
	assert_int_equal(template_bool(list, 2, CKA_PRIVATE, false, &out),
			 CKR_ATTRIBUTE_VALUE_INVALID);
	assert_true(out);
}

static void
test_ulong(void **state)
{
	struct {
		uint8_t odd; /* what follows is not aligned */
		uint8_t bytes[sizeof(CK_ULONG)];
	} in = { 0 };
	CK_ATTRIBUTE list[] = { { CKA_CLASS, in.bytes, sizeof(in.bytes) } };
	CK_ULONG out;

	memset(in.bytes, 0xA5, sizeof(in.bytes));
	assert_int_equal(template_ulong(list, 1, CKA_CLASS, 3, &out), CKR_OK);
	assert_memory_equal(&out, in.bytes, sizeof(out));
	assert_int_equal(template_ulong(list, 1, CKA_KEY_TYPE, 3, &out),
			 CKR_OK);
	assert_int_equal(out, 3);
	assert_int_equal(template_ulong(NULL, 0, CKA_CLASS, 4, &out), CKR_OK);
	assert_int_equal(out, 4);
}

static void
test_bool(void **state)
{
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ATTRIBUTE list[] = { { CKA_TOKEN, &yes, 1 },
				{ CKA_PRIVATE, &no, 1 } };
	bool out;

	assert_int_equal(template_bool(list, 2, CKA_TOKEN, false, &out),
			 CKR_OK);
	assert_true(out);
	assert_int_equal(template_bool(list, 2, CKA_PRIVATE, true, &out),
			 CKR_OK);
	assert_false(out);
	assert_int_equal(template_bool(list, 2, CKA_SIGN, true, &out), CKR_OK);
	assert_true(out);
	assert_int_equal(template_bool(list, 2, CKA_SIGN, false, &out), CKR_OK);
	assert_false(out);
}

static void
test_find(void **state)
{
	uint8_t byte = 1;
	CK_ATTRIBUTE list[] = { { CKA_LABEL, &byte, 1 }, { CKA_ID, &byte, 1 } };

	assert_null(template_find(list, 2, CKA_CLASS));
	assert_null(template_find(list, 1, CKA_ID));
	assert_null(template_find(NULL, 0, CKA_ID));
	assert_ptr_equal(template_find(list, 2, CKA_ID), &list[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/base/templates/check", test_check_bad),
		CASE("/base/templates/ulong/bad", test_ulong_bad),
		CASE("/base/templates/bool/bad", test_bool_bad),
		CASE("/base/templates/ulong", test_ulong),
		CASE("/base/templates/bool", test_bool),
		CASE("/base/templates/find", test_find),
	};

	return cmocka_run_group_tests_name("/base/templates", tests, NULL,
					   NULL);
}
