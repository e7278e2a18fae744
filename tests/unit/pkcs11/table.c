/* pkcs11/table.c: numbers to pointers. */
#include "../../../pkcs11/table.h"

#include "fake.h"

static char values[5000];

static void
test_missing(void **state)
{
	struct table t = { 0 };

	assert_null(table_get(&t, 1));
	assert_null(table_take(&t, 1));
	assert_int_equal(table_put(&t, 1, &values[1]), CKR_OK);
	assert_null(table_get(&t, 2));
	assert_null(table_take(&t, 2));
	table_free(&t);
}

static void
test_any_key(void **state)
{
	struct table t = { 0 };

	assert_int_equal(table_put(&t, 0, &values[0]), CKR_OK);
	assert_int_equal(table_put(&t, UINT64_MAX, &values[1]), CKR_OK);
	assert_ptr_equal(table_get(&t, 0), &values[0]);
	assert_ptr_equal(table_get(&t, UINT64_MAX), &values[1]);
	table_free(&t);
}

/* What is taken out must not cut off what was put behind it. */
static void
test_take_many(void **state)
{
	struct table t = { 0 };
	uint64_t i;

	for (i = 0; i < 5000; i++)
		assert_int_equal(table_put(&t, i * 7, &values[i]), CKR_OK);
	for (i = 0; i < 5000; i += 3)
		assert_ptr_equal(table_take(&t, i * 7), &values[i]);
	for (i = 0; i < 5000; i++)
		assert_ptr_equal(table_get(&t, i * 7),
				 i % 3 == 0 ? NULL : &values[i]);
	for (i = 0; i < 5000; i += 3)
		assert_int_equal(table_put(&t, i * 7, &values[i]), CKR_OK);
	for (i = 0; i < 5000; i++)
		assert_ptr_equal(table_get(&t, i * 7), &values[i]);
	assert_int_equal(t.count, 5000);
	table_free(&t);
}

static void
test_walk(void **state)
{
	struct table t = { 0 };
	size_t row = 0, seen = 0, i;

	assert_null(table_next(&t, &row));
	for (i = 0; i < 100; i++)
		assert_int_equal(table_put(&t, i, &values[i]), CKR_OK);
	row = 0;
	while (table_next(&t, &row) != NULL)
		seen++;
	assert_int_equal(seen, 100);
	table_free(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_PLAIN("/pkcs11/table/missing", test_missing),
		CASE_PLAIN("/pkcs11/table/any-key", test_any_key),
		CASE_PLAIN("/pkcs11/table/take/many", test_take_many),
		CASE_PLAIN("/pkcs11/table/walk", test_walk),
	};

	return cmocka_run_group_tests_name("/pkcs11/table", tests, NULL, NULL);
}
