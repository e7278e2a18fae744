/* Tests of crypto/padding.c: what OpenSSL's private keys make of our blocks,
 * and we of theirs. */
#include "judge.h"

enum { BLOCK_MAX = RSA_BITS_MAX / 8, KEYS = 9 };

/* Sizes around whole bytes: PSS has a byte less when bits - 1 is one. */
static const unsigned key_bits[KEYS] = { 1024, 1025, 1026, 1031, 1032,
					 2047, 2048, 3072, 4096 };
static EVP_PKEY *keys[KEYS];
static EVP_PKEY *small;

static const struct scheme pkcs1 = { .kind = SCHEME_RSA_PKCS1 };
static const struct scheme raw = { .kind = SCHEME_RSA_RAW };
static const struct scheme oaep = { .kind = SCHEME_RSA_OAEP,
				    .hash = DIGEST_SHA256,
				    .mgf = DIGEST_SHA1 };

static int
setup(void **state)
{
	for (size_t i = 0; i < KEYS; i++)
		keys[i] = judge_rsa(key_bits[i]);
	small = judge_rsa(512);
	return 0;
}

static int
teardown(void **state)
{
	for (size_t i = 0; i < KEYS; i++)
		EVP_PKEY_free(keys[i]);
	EVP_PKEY_free(small);
	crypto_close();
	return 0;
}

static void
assert_not_encoded(const struct scheme *s, size_t input, size_t bits, CK_RV rv)
{
	uint8_t space[BLOCK_MAX];
	struct builder in = builder_heap(BLOCK_MAX);
	struct builder out = builder_over(space, sizeof(space));
	builder_fill(&in, 0x5A, input);
	assert_int_equal(padding_encode(s, builder_read(&in), bits, &out), rv);
	assert_int_equal(out.used, 0);
	builder_free(&in);
}

static void
test_encode_refused(void **state)
{
	struct scheme s = pkcs1;
	assert_not_encoded(&s, 10, 0, CKR_KEY_SIZE_RANGE);
	assert_not_encoded(&s, 10, RSA_BITS_MAX + 1, CKR_KEY_SIZE_RANGE);
	assert_not_encoded(&s, 10, (size_t)-1, CKR_KEY_SIZE_RANGE);
	assert_not_encoded(&s, 118, 1024, CKR_DATA_LEN_RANGE);
	assert_not_encoded(&s, 0, 80, CKR_DATA_LEN_RANGE);
	s.digest = DIGEST_SHA256;
	assert_not_encoded(&s, 31, 1024, CKR_DATA_LEN_RANGE);
	assert_not_encoded(&s, 33, 1024, CKR_DATA_LEN_RANGE);
	assert_not_encoded(&s, 0, 1024, CKR_DATA_LEN_RANGE);
	s.digest = DIGEST_SHA512; /* 19 + 64 + 11 bytes */
	assert_not_encoded(&s, 64, 744, CKR_KEY_SIZE_RANGE);
	assert_not_encoded(&raw, 129, 1024, CKR_DATA_LEN_RANGE);
	assert_not_encoded(&oaep, 10, 1024, CKR_MECHANISM_INVALID);
	s.kind = SCHEME_ECDSA;
	assert_not_encoded(&s, 64, 1024, CKR_MECHANISM_INVALID);
}

static void
test_encode_pss_refused(void **state)
{
	struct scheme s = { .kind = SCHEME_RSA_PSS,
			    .hash = DIGEST_SHA256,
			    .mgf = DIGEST_SHA256,
			    .salt = 32 };
	assert_not_encoded(&s, 31, 1024, CKR_DATA_LEN_RANGE);
	assert_not_encoded(&s, 33, 1024, CKR_DATA_LEN_RANGE);
	s.salt = 128 - 32 - 2 + 1;
	assert_not_encoded(&s, 32, 1024, CKR_KEY_SIZE_RANGE);
	assert_not_encoded(&s, 32, 1025, CKR_KEY_SIZE_RANGE);
	s.salt = RSA_BITS_MAX / 8;
	assert_not_encoded(&s, 32, 1024, CKR_KEY_SIZE_RANGE);
	s.salt = 0;
	assert_not_encoded(&s, 32, 1, CKR_KEY_SIZE_RANGE);
	assert_not_encoded(&s, 32, 265, CKR_KEY_SIZE_RANGE);
}

static void
test_no_room(void **state)
{
	uint8_t space[127];
	struct builder out = builder_over(space, sizeof(space));
	assert_int_equal(padding_encode(&pkcs1, text("x"), 1024, &out),
			 CKR_BUFFER_TOO_SMALL);
	out = builder_over(space, sizeof(space));
	assert_int_equal(padding_encode(&raw, text("x"), 1024, &out),
			 CKR_BUFFER_TOO_SMALL);
}

static void
test_digest_info_refused(void **state)
{
	uint8_t space[83];
	struct builder out = builder_over(space, sizeof(space));
	assert_int_equal(padding_digest_info(DIGEST_NONE, text(""), &out),
			 CKR_DATA_LEN_RANGE);
	assert_int_equal(padding_digest_info(DIGEST_SHA1,
					     text("19 bytes, not "
						  "20..."),
					     &out),
			 CKR_DATA_LEN_RANGE);
}

static void
assert_refused(const struct scheme *s, struct cursor block)
{
	uint8_t space[BLOCK_MAX + 1];
	struct builder out = builder_over(space, sizeof(space));
	uint8_t *copy = copy_of(block);
	assert_int_equal(padding_decode(s, cursor_of(copy, block.left), &out),
			 CKR_ENCRYPTED_DATA_INVALID);
	assert_int_equal(out.used, 0);
	assert_true(builder_ok(&out));
	free(copy);
}

static void
test_decode_pkcs1_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		"00",
		"00020102030405060700",	    /* too short for any message */
		"01020102030405060708002a", /* first byte */
		"00010102030405060708002a", /* block type 1 */
		"00000102030405060708002a", /* block type 0 */
		"00030102030405060708002a",
		"80020102030405060708002a",
		"00820102030405060708002a",
		"00020002030405060708002a", /* a zero too early */
		"00020102030405060008002a",
		"00020102030405060700082a",
		"000201020304050607000800",
		"00020102030405060708090a", /* no zero at all */
		"0002ffffffffffffffffffff",
	};
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_refused(&pkcs1, hex(wrong[i]));
	struct builder block = builder_heap(BLOCK_MAX + 1);
	builder_put(&block, "\0\2", 2);
	builder_fill(&block, 0x5A, 8);
	builder_fill(&block, 0, BLOCK_MAX + 1 - 10);
	assert_refused(&pkcs1, builder_read(&block));
	builder_free(&block);
	struct cursor bad = hex("00020102030405060708002a");
	cursor_fail(&bad);
	assert_refused(&pkcs1, bad);
}

/* One changed byte anywhere in the block spoils hash, seed or both. */
static void
test_decode_oaep_refused(void **state)
{
	struct builder cipher = builder_heap(256), block = builder_heap(256);
	struct scheme other = oaep;
	judge_encrypt(keys[0], &oaep, text("plaintext"), &cipher);
	judge_private(keys[0], builder_read(&cipher), &block);
	assert_int_equal(block.used, 128);
	for (size_t i = 0; i < block.used; i++) {
		block.data[i] ^= 1;
		assert_refused(&oaep, builder_read(&block));
		block.data[i] ^= 0x81;
		assert_refused(&oaep, builder_read(&block));
		block.data[i] ^= 0x80;
	}
	other.hash = DIGEST_SHA1;
	assert_refused(&other, builder_read(&block));
	other = oaep;
	other.mgf = DIGEST_SHA256;
	assert_refused(&other, builder_read(&block));
	other = oaep;
	other.label = text("label");
	assert_refused(&other, builder_read(&block));
	/* too short for two hashes and two bytes */
	struct cursor c = builder_read(&block);
	assert_refused(&oaep, cursor_take(&c, 65));
	assert_refused(&oaep, cursor_take(&c, 32));
	builder_free(&cipher);
	builder_free(&block);
}

/* An OAEP block (RFC 8017, 7.1.1, step 2) that begins with FIRST and whose DB
 * is the hash of no label and TAIL. */
static struct builder
oaep_block(const char *first, const char *tail)
{
	const size_t hash = 32;
	struct builder b = builder_heap(256), db = builder_heap(256);
	uint8_t seed[32] = { 1, 2, 3 }, mask[96];
	judge_digest(DIGEST_SHA256, text(""), &db);
	builder_append(&db, hex(tail));
	struct builder mgf = builder_over(mask, sizeof(mask));
	for (uint32_t i = 0; mgf.used < db.used; i++) {
		struct builder in = builder_heap(64);
		builder_put(&in, seed, hash);
		builder_u32(&in, i);
		judge_digest(DIGEST_SHA256, builder_read(&in), &mgf);
		builder_free(&in);
	}
	for (size_t i = 0; i < db.used; i++)
		db.data[i] ^= mask[i];
	struct builder in = builder_heap(256);
	builder_append(&in, builder_read(&db));
	builder_u32(&in, 0);
	mgf = builder_over(mask, sizeof(mask));
	judge_digest(DIGEST_SHA256, builder_read(&in), &mgf);
	builder_free(&in);
	for (size_t i = 0; i < hash; i++)
		seed[i] ^= mask[i];
	builder_append(&b, hex(first));
	builder_put(&b, seed, sizeof(seed));
	builder_append(&b, builder_read(&db));
	builder_free(&db);
	assert_true(builder_ok(&b));
	return b;
}

/* Well masked and hashed, but something else is wrong. */
static void
test_decode_oaep_inside(void **state)
{
	const struct scheme s = { .kind = SCHEME_RSA_OAEP,
				  .hash = DIGEST_SHA256,
				  .mgf = DIGEST_SHA256 };
	static const char *const wrong[][2] = {
		{ "01", "0000012a" }, { "80", "0000012a" },
		{ "00", "00000000" }, { "00", "0002012a" },
		{ "00", "ff00012a" }, { "00", "0000002a" },
		{ "00", "8100012a" },
	};
	static const char *const right[][2] = {
		{ "0000012a", "2a" },
		{ "012a0100", "2a0100" },
		{ "00000001", "" },
		{ "00000101", "01" },
	};
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct builder b = oaep_block(wrong[i][0], wrong[i][1]);
		assert_refused(&s, builder_read(&b));
		builder_free(&b);
	}
	for (size_t i = 0; i < COUNT(right); i++) {
		struct builder b = oaep_block("00", right[i][0]);
		struct builder out = builder_heap(256);
		assert_int_equal(padding_decode(&s, builder_read(&b), &out),
				 CKR_OK);
		assert_hex(builder_read(&out), right[i][1]);
		builder_free(&b);
		builder_free(&out);
	}
}

static void
test_decode_other(void **state)
{
	static const struct scheme pss = { .kind = SCHEME_RSA_PSS,
					   .hash = DIGEST_SHA1,
					   .mgf = DIGEST_SHA1 };
	uint8_t space[16];
	struct builder out = builder_over(space, sizeof(space));
	struct cursor block = hex("00020102030405060708002a");
	assert_int_equal(padding_decode(&pss, block, &out),
			 CKR_MECHANISM_INVALID);
	assert_int_equal(padding_decode(&raw, block, &out), CKR_OK);
	assert_same(builder_read(&out), block);
	/* right, but there is no room for it */
	out = builder_over(space, 0);
	assert_int_equal(padding_decode(&pkcs1, block, &out),
			 CKR_BUFFER_TOO_SMALL);
}

/* The verdict of OpenSSL on a block of ours, signed with a bare private key. */
static void
assert_judged(EVP_PKEY *pkey, const struct scheme *s, enum digest d)
{
	size_t bits = (size_t)EVP_PKEY_get_bits(pkey);
	struct builder digest = builder_heap(64), block = builder_heap(1024);
	struct builder signature = builder_heap(1024);
	judge_digest(d, text("message"), &digest);
	assert_int_equal(padding_encode(s, builder_read(&digest), bits, &block),
			 CKR_OK);
	assert_int_equal(block.used, (bits + 7) / 8);
	judge_private(pkey, builder_read(&block), &signature);
	assert_true(judge_verify(pkey, s, builder_read(&digest),
				 builder_read(&signature)));
	digest.data[0] ^= 1;
	assert_false(judge_verify(pkey, s, builder_read(&digest),
				  builder_read(&signature)));
	builder_free(&digest);
	builder_free(&block);
	builder_free(&signature);
}

static void
test_encode_pkcs1(void **state)
{
	for (size_t i = 0; i < KEYS; i++)
		for (enum digest d = DIGEST_SHA1; d < DIGEST_SIGNATURES; d++) {
			struct scheme s = pkcs1;
			s.digest = d;
			assert_judged(keys[i], &s, d);
		}
	struct scheme s = pkcs1; /* the smallest key, the tightest fit */
	s.digest = DIGEST_SHA256;
	assert_judged(small, &s, DIGEST_SHA256);
}

static void
test_encode_pss(void **state)
{
	for (size_t i = 0; i < KEYS; i++)
		for (enum digest d = DIGEST_SHA1; d <= DIGEST_SHA384; d++) {
			struct scheme s = { .kind = SCHEME_RSA_PSS,
					    .hash = d,
					    .mgf = d,
					    .salt = digest_size(d) };
			assert_judged(keys[i], &s, d);
			s.mgf = DIGEST_SHA1;
			s.salt = 0;
			assert_judged(keys[i], &s, d);
			s.mgf = DIGEST_SHA512;
			s.salt = (key_bits[i] + 6) / 8 - digest_size(d) - 2;
			assert_judged(keys[i], &s, d);
		}
}

static void
test_pss_salt_differs(void **state)
{
	const struct scheme s = { .kind = SCHEME_RSA_PSS,
				  .hash = DIGEST_SHA1,
				  .mgf = DIGEST_SHA1,
				  .salt = 20 };
	uint8_t a[128], b[128];
	struct builder first = builder_over(a, sizeof(a));
	struct builder second = builder_over(b, sizeof(b));
	assert_int_equal(
		padding_encode(&s, text("20 bytes of a digest"), 1024, &first),
		CKR_OK);
	assert_int_equal(
		padding_encode(&s, text("20 bytes of a digest"), 1024, &second),
		CKR_OK);
	assert_memory_not_equal(a, b, sizeof(a));
}

static void
test_encode_bytes(void **state)
{
	uint8_t space[16];
	struct builder out = builder_over(space, sizeof(space));
	assert_int_equal(padding_encode(&pkcs1, hex("abcdef"), 128, &out),
			 CKR_OK);
	assert_hex(builder_read(&out), "0001ffffffffffffffffffff00abcdef");
	builder_reset(&out);
	assert_int_equal(padding_encode(&pkcs1, hex(""), 121, &out), CKR_OK);
	assert_hex(builder_read(&out), "0001ffffffffffffffffffffffffff00");
	builder_reset(&out);
	assert_int_equal(padding_encode(&raw, hex("abcdef"), 128, &out),
			 CKR_OK);
	assert_hex(builder_read(&out), "00000000000000000000000000abcdef");
	out = builder_over(space, 14);
	assert_int_equal(padding_encode(&pkcs1, hex("abcdef"), 112, &out),
			 CKR_OK);
	assert_hex(builder_read(&out), "0001ffffffffffffffff00abcdef");
}

static void
test_digest_info(void **state)
{
	uint8_t space[64];
	struct builder out = builder_over(space, sizeof(space));
	assert_int_equal(padding_digest_info(DIGEST_SHA1,
					     text("20 bytes of a digest"),
					     &out),
			 CKR_OK);
	assert_hex(builder_read(&out),
		   "3021300906052b0e03021a05000414"
		   "3230206279746573206f66206120646967657374");
}

/* Every key, and messages from none to the longest that fit. */
static void
assert_decoded(const struct scheme *s, size_t overhead)
{
	for (size_t i = 0; i < KEYS; i++) {
		size_t most = (key_bits[i] + 7) / 8 - overhead;
		const size_t sizes[] = { 0, 1, 16, most - 1, most };
		for (size_t j = 0; j < COUNT(sizes); j++) {
			struct builder in = builder_heap(1024);
			struct builder cipher = builder_heap(1024);
			struct builder block = builder_heap(1024);
			struct builder out = builder_heap(1024);
			builder_fill(&in, (uint8_t)j, sizes[j]);
			judge_encrypt(keys[i], s, builder_read(&in), &cipher);
			judge_private(keys[i], builder_read(&cipher), &block);
			builder_u8(&out, 0x5A);
			assert_int_equal(
				padding_decode(s, builder_read(&block), &out),
				CKR_OK);
			struct cursor found = builder_read(&out);
			assert_int_equal(cursor_u8(&found), 0x5A);
			assert_same(found, builder_read(&in));
			builder_free(&in);
			builder_free(&cipher);
			builder_free(&block);
			builder_free(&out);
		}
	}
}

static void
test_decode_pkcs1(void **state)
{
	assert_decoded(&pkcs1, 11);
}

static void
test_decode_oaep(void **state)
{
	struct scheme s = { .kind = SCHEME_RSA_OAEP };
	for (s.hash = DIGEST_SHA1; s.hash <= DIGEST_SHA384; s.hash++) {
		s.mgf = s.hash;
		s.label = text("");
		assert_decoded(&s, 2 * digest_size(s.hash) + 2);
		s.mgf = DIGEST_SHA512;
		s.label = text("a label");
		assert_decoded(&s, 2 * digest_size(s.hash) + 2);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/crypto/padding/encode/refused", test_encode_refused),
		CASE("/crypto/padding/encode/pss/refused",
		     test_encode_pss_refused),
		CASE("/crypto/padding/encode/no-room", test_no_room),
		CASE("/crypto/padding/digest-info/refused",
		     test_digest_info_refused),
		CASE("/crypto/padding/decode/pkcs1/refused",
		     test_decode_pkcs1_refused),
		CASE("/crypto/padding/decode/oaep/refused",
		     test_decode_oaep_refused),
		CASE("/crypto/padding/decode/oaep/inside",
		     test_decode_oaep_inside),
		CASE("/crypto/padding/decode/other", test_decode_other),
		CASE("/crypto/padding/encode/pkcs1", test_encode_pkcs1),
		CASE("/crypto/padding/encode/pss", test_encode_pss),
		CASE("/crypto/padding/encode/pss/salt", test_pss_salt_differs),
		CASE("/crypto/padding/encode/bytes", test_encode_bytes),
		CASE("/crypto/padding/digest-info", test_digest_info),
		CASE("/crypto/padding/decode/pkcs1", test_decode_pkcs1),
		CASE("/crypto/padding/decode/oaep", test_decode_oaep),
	};
	return cmocka_run_group_tests_name("/crypto/padding", tests, setup,
					   teardown);
}
