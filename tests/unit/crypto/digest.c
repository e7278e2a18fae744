/* Tests of crypto/digest.c: the examples of FIPS 180-4, FIPS 202 and RFC
 * 7693, and reuse. */
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
	{ DIGEST_SHA512_224, CKM_SHA512_224, 28,
	  "4634270f707b6a54daae7530460842e20e37ed265ceee9a43e8924aa" },
	{ DIGEST_SHA512_256, CKM_SHA512_256, 32,
	  "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23" },
	{ DIGEST_SHA3_224, CKM_SHA3_224, 28,
	  "e642824c3f8cf24ad09234ee7d3c766fc9a3a5168d0c94ad73b46fdf" },
	{ DIGEST_SHA3_256, CKM_SHA3_256, 32,
	  "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532" },
	{ DIGEST_SHA3_384, CKM_SHA3_384, 48,
	  "ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b2"
	  "98d88cea927ac7f539f1edf228376d25" },
	{ DIGEST_SHA3_512, CKM_SHA3_512, 64,
	  "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e"
	  "10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0" },
	{ DIGEST_BLAKE2B, CKM_BLAKE2B_512, 64,
	  "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
	  "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923" },
	{ DIGEST_BLAKE2B_160, CKM_BLAKE2B_160, 20,
	  "384264f676f39536840523f284921cdc68b6846b" },
	{ DIGEST_BLAKE2B_256, CKM_BLAKE2B_256, 32,
	  "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319" },
	{ DIGEST_BLAKE2B_384, CKM_BLAKE2B_384, 48,
	  "6f56a82c8e7ef526dfe182eb5212f7db9df1317e57815dbda46083fc30f54ee6"
	  "c66ba83be64b302d7cba6ce15bb556f4" },
	{ DIGEST_SHAKE128, CK_UNAVAILABLE_INFORMATION, 32,
	  "5881092dd818bf5cf8a3ddb793fbcba74097d5c526a6d35f97b83351940f2cc8" },
	{ DIGEST_SHAKE256, CK_UNAVAILABLE_INFORMATION, 64,
	  "483366601360a8771c6863080cc4114d8db44530f8f1e1ee4f94ea37e78b5739"
	  "d5a15bef186a5386c75744c0527e1faa9f8726e462a12a4feb06bd8801e751e4" },
};

/* One digester, three messages: in one part, in three, and one given up. */
static void
test_known(void **state)
{
	for (size_t i = 0; i < COUNT(known); i++) {
		struct builder out = builder_heap(2 * DIGEST_SIZE_MAX);
		struct digester *d = digester_new(known[i].digest);
		bool named = known[i].mechanism != CK_UNAVAILABLE_INFORMATION;
		assert_int_equal(digest_mechanism(known[i].digest),
				 known[i].mechanism);
		assert_int_equal(digest_of_mechanism(known[i].mechanism),
				 named ? known[i].digest : DIGEST_NONE);
		assert_int_equal(digest_size(known[i].digest), known[i].size);
		/* an older OpenSSL says that it has none, and makes none */
		if (digest_algorithm(known[i].digest) == NULL) {
			assert_true(known[i].digest > DIGEST_BLAKE2B);
			assert_null(d);
			continue;
		}
		assert_int_equal(digester_update(d, text("abc")), CKR_OK);
		assert_int_equal(digester_finish(d, &out), CKR_OK);
		assert_hex(builder_read(&out), known[i].abc);

		assert_int_equal(digester_update(d, text("given up")), CKR_OK);
		digester_reset(d);
		builder_reset(&out);
		assert_int_equal(digester_update(d, text("a")), CKR_OK);
		assert_int_equal(digester_update(d, text("")), CKR_OK);
		struct digester *copy = digester_copy(d);
		assert_int_equal(digester_update(d, text("bc")), CKR_OK);
		assert_int_equal(digester_finish(d, &out), CKR_OK);
		assert_hex(builder_read(&out), known[i].abc);
		digester_free(d);

		/* from the middle, and from the start again */
		assert_int_equal(digester_update(copy, text("bc")), CKR_OK);
		builder_reset(&out);
		assert_int_equal(digester_finish(copy, &out), CKR_OK);
		assert_hex(builder_read(&out), known[i].abc);
		assert_int_equal(digester_update(copy, text("abc")), CKR_OK);
		builder_reset(&out);
		assert_int_equal(digester_finish(copy, &out), CKR_OK);
		assert_hex(builder_read(&out), known[i].abc);
		digester_free(copy);
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
