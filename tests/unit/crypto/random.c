/* Tests of crypto/random.c. */
#include "judge.h"

static void
test_nothing(void **state)
{
	assert_int_equal(random_bytes(NULL, 0), CKR_OK);
}

static void
test_seed(void **state)
{
	uint8_t seed[4] = { 1, 2, 3, 4 }, a[32] = { 0 }, b[32] = { 0 };
	size_t long_size = 1 << 20;
	uint8_t *long_seed = calloc(1, long_size);
	assert_non_null(long_seed);
	assert_int_equal(random_seed(cursor_of(NULL, 0)), CKR_OK);
	/* the same seed does not make the same bytes */
	assert_int_equal(random_seed(cursor_of(seed, 4)), CKR_OK);
	assert_int_equal(random_bytes(a, sizeof(a)), CKR_OK);
	assert_int_equal(random_seed(cursor_of(seed, 4)), CKR_OK);
	assert_int_equal(random_bytes(b, sizeof(b)), CKR_OK);
	assert_memory_not_equal(a, b, sizeof(a));
	assert_int_equal(random_seed(cursor_of(long_seed, long_size)), CKR_OK);
	free(long_seed);
}

/* All that can be said of randomness without a chance to fail: 32 bytes are
 * not twice the same, and every byte of a buffer is filled. */
static void
test_differs(void **state)
{
	uint8_t a[32] = { 0 }, b[32] = { 0 };
	assert_int_equal(random_bytes(a, sizeof(a)), CKR_OK);
	assert_int_equal(random_bytes(b, sizeof(b)), CKR_OK);
	assert_memory_not_equal(a, b, sizeof(a));
}

static void
test_fills(void **state)
{
	enum { SIZE = 200000, ROUNDS = 16 };
	uint8_t *bytes = malloc(SIZE), *seen = calloc(1, SIZE);
	size_t untouched = 0;
	assert_non_null(bytes);
	assert_non_null(seen);
	for (int round = 0; round < ROUNDS; round++) {
		memset(bytes, 0, SIZE);
		assert_int_equal(random_bytes(bytes, SIZE), CKR_OK);
		for (size_t i = 0; i < SIZE; i++)
			seen[i] |= bytes[i];
	}
	for (size_t i = 0; i < SIZE; i++)
		untouched += seen[i] == 0;
	assert_int_equal(untouched, 0);
	free(bytes);
	free(seen);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/crypto/random/nothing", test_nothing),
		CASE("/crypto/random/seed", test_seed),
		CASE("/crypto/random/differs", test_differs),
		CASE("/crypto/random/fills", test_fills),
	};
	int failed = cmocka_run_group_tests_name("/crypto/random", tests, NULL,
						 NULL);
	crypto_close();
	return failed;
}
