/* Tests of crypto/encrypt.c, with OpenSSL's private keys. */
#include "judge.h"

enum { CIPHER_MAX = 1024, KEYS = 4 };

static const unsigned key_bits[KEYS] = { 1024, 1025, 2047, 2048 };
static EVP_PKEY *pkeys[KEYS];
static struct pubkey *keys[KEYS];

static const struct scheme pkcs1 = { .kind = SCHEME_RSA_PKCS1 };
static const struct scheme oaep = { .kind = SCHEME_RSA_OAEP,
				    .hash = DIGEST_SHA256,
				    .mgf = DIGEST_SHA256 };
static const struct scheme raw = { .kind = SCHEME_RSA_RAW };

static int
setup(void **state)
{
	for (size_t i = 0; i < KEYS; i++) {
		pkeys[i] = judge_rsa(key_bits[i]);
		keys[i] = judge_public(pkeys[i]);
	}
	return 0;
}

static int
teardown(void **state)
{
	for (size_t i = 0; i < KEYS; i++) {
		EVP_PKEY_free(pkeys[i]);
		pubkey_free(keys[i]);
	}
	crypto_close();
	return 0;
}

static void
test_wrong_key_type(void **state)
{
	static const struct scheme pss = { .kind = SCHEME_RSA_PSS };
	static const struct scheme ecdsa = { .kind = SCHEME_ECDSA };
	EVP_PKEY *pkey = judge_ec("P-256");
	struct pubkey *key = judge_public(pkey);
	struct builder out = builder_heap(CIPHER_MAX);
	assert_int_equal(pubkey_encrypt(key, &pkcs1, text("x"), &out),
			 CKR_KEY_TYPE_INCONSISTENT);
	assert_int_equal(pubkey_encrypt(keys[0], &pss, text("x"), &out),
			 CKR_MECHANISM_INVALID);
	assert_int_equal(pubkey_encrypt(keys[0], &ecdsa, text("x"), &out),
			 CKR_MECHANISM_INVALID);
	assert_int_equal(out.used, 0);
	pubkey_free(key);
	EVP_PKEY_free(pkey);
}

static void
test_length(void **state)
{
	struct builder in = builder_heap(CIPHER_MAX);
	struct builder out = builder_heap(CIPHER_MAX);
	builder_fill(&in, 0x01, 129);
	struct cursor c = builder_read(&in);
	assert_int_equal(pubkey_encrypt(keys[0], &raw, c, &out),
			 CKR_DATA_LEN_RANGE);
	assert_int_equal(
		pubkey_encrypt(keys[0], &pkcs1, cursor_take(&c, 118), &out),
		CKR_DATA_LEN_RANGE);
	c = builder_read(&in);
	assert_int_equal(
		pubkey_encrypt(keys[0], &oaep, cursor_take(&c, 63), &out),
		CKR_DATA_LEN_RANGE);
	struct scheme large = oaep;
	large.hash = DIGEST_SHA512;
	assert_int_equal(pubkey_encrypt(keys[0], &large, text(""), &out),
			 CKR_KEY_SIZE_RANGE);
	/* as long as the modulus, but not below it */
	builder_reset(&in);
	builder_fill(&in, 0xFF, 128);
	assert_int_equal(pubkey_encrypt(keys[0], &raw, builder_read(&in), &out),
			 CKR_DATA_INVALID);
	assert_int_equal(out.used, 0);
	uint8_t space[127];
	struct builder tight = builder_over(space, sizeof(space));
	assert_int_equal(pubkey_encrypt(keys[0], &pkcs1, text("x"), &tight),
			 CKR_BUFFER_TOO_SMALL);
	builder_free(&in);
	builder_free(&out);
}

static void
assert_encrypted(size_t key, const struct scheme *s, struct cursor input)
{
	struct builder cipher = builder_heap(CIPHER_MAX);
	struct builder out = builder_heap(CIPHER_MAX);
	builder_u8(&cipher, 0x5A);
	assert_int_equal(pubkey_encrypt(keys[key], s, input, &cipher), CKR_OK);
	struct cursor c = builder_read(&cipher);
	assert_int_equal(cursor_u8(&c), 0x5A);
	assert_int_equal(c.left, pubkey_size(keys[key]));
	judge_decrypt(pkeys[key], s, c, &out);
	if (s->kind == SCHEME_RSA_RAW)
		assert_same(cursor_unpadded(builder_read(&out)), input);
	else
		assert_same(builder_read(&out), input);
	builder_free(&cipher);
	builder_free(&out);
}

static void
test_padded(void **state)
{
	struct builder full = builder_heap(CIPHER_MAX);
	builder_fill(&full, 0x5A, 117);
	struct cursor longest = builder_read(&full);
	assert_encrypted(0, &pkcs1, longest);
	assert_encrypted(0, &oaep, cursor_take(&longest, 62));
	for (size_t i = 0; i < KEYS; i++) {
		assert_encrypted(i, &pkcs1, text(""));
		assert_encrypted(i, &pkcs1, text("plaintext"));
		assert_encrypted(i, &raw, text("plaintext"));
		for (enum digest d = DIGEST_SHA1; d < DIGEST_SHA512; d++) {
			struct scheme s = { .kind = SCHEME_RSA_OAEP,
					    .hash = d,
					    .mgf = DIGEST_SHA1,
					    .label = text("a label") };
			assert_encrypted(i, &s, text("plaintext"));
			s.label = text("");
			s.mgf = d;
			assert_encrypted(i, &s, text(""));
		}
	}
	builder_free(&full);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/crypto/encrypt/wrong-key-type", test_wrong_key_type),
		CASE("/crypto/encrypt/length", test_length),
		CASE("/crypto/encrypt/padded", test_padded),
	};
	return cmocka_run_group_tests_name("/crypto/encrypt", tests, setup,
					   teardown);
}
