/* Tests of crypto/der.c. */
#include "der.h"

#include "judge.h"

/* None of these is the start of a SEQUENCE, and the cursor is bad then. */
static void
test_take_refused(void **state)
{
	static const char *const wrong[] = {
		"",	  "30",	  "3001",	    "310100", "0030",
		"ff3000", "3080", "30850000000001", "1f30",
	};
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct cursor c = hex(wrong[i]);
		struct cursor raw;
		struct cursor value = der_take(&c, DER_SEQUENCE, &raw);
		assert_false(cursor_ok(&c));
		assert_false(cursor_ok(&value));
		assert_false(cursor_ok(&raw));
		assert_int_equal(raw.left + value.left + c.left, 0);
	}
}

static void
test_unsigned_refused(void **state)
{
	static const char *const wrong[] = { "0200", "020180", "0202ff00",
					     "0302", "040101" };
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct cursor c = hex(wrong[i]);
		struct cursor value = der_take_unsigned(&c);
		assert_false(cursor_ok(&c));
		assert_false(cursor_ok(&value));
	}
}

static void
test_bytes_refused(void **state)
{
	static const char *const wrong[] = { "0300", "03020180", "0402" };
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct cursor c = hex(wrong[i]);
		struct cursor value = der_take_bytes(&c);
		assert_false(cursor_ok(&c));
		assert_false(cursor_ok(&value));
	}
}

static void
test_take(void **state)
{
	struct cursor c = hex("3003020105ff");
	struct cursor raw;
	assert_true(der_next_is(&c, DER_SEQUENCE));
	assert_false(der_next_is(&c, DER_SET));
	struct cursor value = der_take(&c, DER_SEQUENCE, &raw);
	assert_hex(raw, "3003020105");
	assert_hex(value, "020105");
	assert_hex(c, "ff");
	assert_hex(der_take_unsigned(&value), "05");
	assert_true(cursor_end(&value));
	assert_false(der_next_is(&value, DER_INTEGER));
}

static void
test_bytes(void **state)
{
	struct cursor c = hex("0303000102");
	assert_hex(der_take_bytes(&c), "0102");
	assert_true(cursor_end(&c));
}

static void
test_unsigned(void **state)
{
	static const char *const pairs[][2] = {
		{ "", "020100" },	{ "00", "020100" },
		{ "7f", "02017f" },	{ "80", "02020080" },
		{ "000001", "020101" }, { "00ff00", "020300ff00" },
		{ "0123", "02020123" },
	};
	for (size_t i = 0; i < COUNT(pairs); i++) {
		uint8_t space[16];
		struct builder b = builder_over(space, sizeof(space));
		der_put_unsigned(&b, hex(pairs[i][0]));
		assert_hex(builder_read(&b), pairs[i][1]);
		struct cursor c = builder_read(&b);
		struct cursor value = der_take_unsigned(&c);
		assert_true(cursor_end(&c));
		assert_same(value, cursor_unpadded(hex(pairs[i][0])));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/crypto/der/take/refused", test_take_refused),
		CASE("/crypto/der/unsigned/refused", test_unsigned_refused),
		CASE("/crypto/der/bytes/refused", test_bytes_refused),
		CASE("/crypto/der/take", test_take),
		CASE("/crypto/der/bytes", test_bytes),
		CASE("/crypto/der/unsigned", test_unsigned),
	};
	return cmocka_run_group_tests_name("/crypto/der", tests, NULL, NULL);
}
