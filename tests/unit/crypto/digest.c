/* Tests of crypto/digest.c: FIPS 180-4's examples, and reuse. */
#include "judge.h"

static void
test_none(void **state)
{
	assert_null(digester_new(DIGEST_NONE));
	assert_null(digest_algorithm(DIGEST_NONE));
	assert_int_equal(digest_size(DIGEST_NONE), 0);
	assert_int_equal(digest_of_mechanism(CKM_SHA256_RSA_PKCS), DIGEST_NONE);
	assert_int_equal(digest_of_mechanism(CKM_RSA_PKCS_KEY_PAIR_GEN),
			 DIGEST_NONE);
	assert_int_equal(digest_of_mechanism(CKM_MD5), DIGEST_NONE);
	digester_free(NULL);
}

static void
test_no_room(void **state)
{
	uint8_t space[DIGEST_SIZE_MAX];
	struct builder out = builder_over(space, 31);
	struct digester *d = digester_new(DIGEST_SHA256);
	assert_int_equal(digester_update(d, text("abc")), CKR_OK);
	assert_int_equal(digester_finish(d, &out), CKR_BUFFER_TOO_SMALL);
	/* and what was hashed is still there */
	out = builder_over(space, 32);
	assert_int_equal(digester_finish(d, &out), CKR_OK);
	assert_hex(builder_read(&out), "ba7816bf8f01cfea414140de5dae2223"
				       "b00361a396177a9cb410ff61f20015ad");
	digester_free(d);
}

static void
test_bad_input(void **state)
{
	struct cursor bad = text("abc");
	struct digester *d = digester_new(DIGEST_SHA1);
	cursor_fail(&bad);
	assert_int_not_equal(digester_update(d, bad), CKR_OK);
	digester_free(d);
}

static const struct {
	enum digest digest;
	CK_MECHANISM_TYPE mechanism;
	size_t size;
	const char *abc;
} known[] = {
	{ DIGEST_SHA1, CKM_SHA_1, 20,
	  "a9993e364706816aba3e25717850c26c9cd0d89d" },
	{ DIGEST_SHA224, CKM_SHA224, 28,
	  "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7" },
	{ DIGEST_SHA256, CKM_SHA256, 32,
	  "ba7816bf8f01cfea414140de5dae2223"
	  "b00361a396177a9cb410ff61f20015ad" },
	{ DIGEST_SHA384, CKM_SHA384, 48,
	  "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded163"
	  "1a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7" },
	{ DIGEST_SHA512, CKM_SHA512, 64,
	  "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
	  "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49"
	  "f" },
};

/* One digester, three messages: in one part, in three, and one given up. */
static void
test_known(void **state)
{
	for (size_t i = 0; i < COUNT(known); i++) {
		struct builder out = builder_heap(2 * DIGEST_SIZE_MAX);
		struct digester *d = digester_new(known[i].digest);
		assert_int_equal(digest_of_mechanism(known[i].mechanism),
				 known[i].digest);
		assert_int_equal(digest_size(known[i].digest), known[i].size);
		assert_int_equal(digester_update(d, text("abc")), CKR_OK);
		assert_int_equal(digester_finish(d, &out), CKR_OK);
		assert_hex(builder_read(&out), known[i].abc);

		assert_int_equal(digester_update(d, text("given up")), CKR_OK);
		digester_reset(d);
		builder_reset(&out);
		assert_int_equal(digester_update(d, text("a")), CKR_OK);
		assert_int_equal(digester_update(d, text("")), CKR_OK);
		assert_int_equal(digester_update(d, text("bc")), CKR_OK);
		assert_int_equal(digester_finish(d, &out), CKR_OK);
		assert_hex(builder_read(&out), known[i].abc);
		digester_free(d);
		builder_free(&out);
	}
}

static void
test_empty(void **state)
{
	uint8_t space[DIGEST_SIZE_MAX];
	struct digester *d = digester_new(DIGEST_SHA256);
	for (int i = 0; i < 2; i++) {
		struct builder out = builder_over(space, sizeof(space));
		assert_int_equal(digester_finish(d, &out), CKR_OK);
		assert_hex(builder_read(&out),
			   "e3b0c44298fc1c149afbf4c8996fb924"
			   "27ae41e4649b934ca495991b7852b855");
	}
	digester_free(d);
}

static void
test_long(void **state)
{
	uint8_t part[1000];
	uint8_t space[DIGEST_SIZE_MAX];
	struct builder out = builder_over(space, sizeof(space));
	struct builder letters = builder_over(part, sizeof(part));
	struct digester *d = digester_new(DIGEST_SHA1);
	builder_fill(&letters, 'a', sizeof(part));
	for (int i = 0; i < 1000; i++)
		assert_int_equal(digester_update(d, builder_read(&letters)),
				 CKR_OK);
	assert_int_equal(digester_finish(d, &out), CKR_OK);
	assert_hex(builder_read(&out),
		   "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
	digester_free(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/crypto/digest/none", test_none),
		CASE("/crypto/digest/no-room", test_no_room),
		CASE("/crypto/digest/bad-input", test_bad_input),
		CASE("/crypto/digest/known", test_known),
		CASE("/crypto/digest/empty", test_empty),
		CASE("/crypto/digest/long", test_long),
	};
	int failed = cmocka_run_group_tests_name("/crypto/digest", tests, NULL,
						 NULL);
	crypto_close();
	return failed;
}
