/* Status words as CK_RV. */
#include "script.h"

static void
unknown(void **state)
{
	assert_int_equal(sw_rv(0x0000), CKR_DEVICE_ERROR);
	assert_int_equal(sw_rv(0x6F00), CKR_DEVICE_ERROR);
	assert_int_equal(sw_rv(0x6285), CKR_DEVICE_ERROR);
	assert_int_equal(sw_rv(0x9001), CKR_DEVICE_ERROR);
	assert_int_equal(sw_rv(0x6D00), CKR_DEVICE_ERROR);
}

static void
refused(void **state)
{
	assert_int_equal(sw_rv(0x6300), CKR_PIN_INCORRECT);
	assert_int_equal(sw_rv(0x63C2), CKR_PIN_INCORRECT);
	assert_int_equal(sw_rv(0x6983), CKR_PIN_LOCKED);
	assert_int_equal(sw_rv(0x6982), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(sw_rv(0x6A82), CKR_OBJECT_HANDLE_INVALID);
	assert_int_equal(sw_rv(0x6700), CKR_DATA_LEN_RANGE);
}

static void
good(void **state)
{
	assert_int_equal(sw_rv(0x9000), CKR_OK);
	assert_int_equal(sw_rv(0x6105), CKR_OK);
	assert_int_equal(sw_rv(0x6282), CKR_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ "/cardos/sw/unknown", unknown, NULL, NULL, NULL },
		{ "/cardos/sw/refused", refused, NULL, NULL, NULL },
		{ "/cardos/sw/good", good, NULL, NULL, NULL },
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
