/* Tests of base/ids.c. */
#include "case.h"

#include "object.h"

static void
test_grows(void **state)
{
	struct ids ids = { 0 };

	for (uint64_t id = 0; id < 1000; id++)
		assert_int_equal(ids_add(&ids, id << 32), CKR_OK);
	assert_int_equal(ids.count, 1000);
	for (uint64_t id = 0; id < 1000; id++)
		assert_true(ids.list[id] == id << 32);
	ids_free(&ids);
	assert_null(ids.list);
	assert_int_equal(ids.count, 0);
	assert_int_equal(ids_add(&ids, 7), CKR_OK);
	ids_free(&ids);
	ids_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/base/ids/grows", test_grows),
	};

	return cmocka_run_group_tests_name("/base/ids", tests, NULL, NULL);
}
