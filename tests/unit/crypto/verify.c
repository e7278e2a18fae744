/* Tests of crypto/verify.c, with OpenSSL's signatures and private keys. */
#include <pthread.h>

#include "judge.h"

enum { SIGNATURE_MAX = 1024, RSA_KEYS = 4, EC_KEYS = 5 };

static const unsigned rsa_bits[RSA_KEYS] = { 1024, 1025, 2047, 2048 };
static const char *const ec_names[EC_KEYS] = { "secp224r1", "prime256v1",
					       "secp384r1", "secp521r1",
					       "brainpoolP320r1" };

static EVP_PKEY *rsa[RSA_KEYS], *ec[EC_KEYS];
static struct pubkey *rsa_keys[RSA_KEYS], *ec_keys[EC_KEYS];

static const struct scheme pkcs1 = { .kind = SCHEME_RSA_PKCS1 };
static const struct scheme pkcs1_sha256 = { .kind = SCHEME_RSA_PKCS1,
					    .digest = DIGEST_SHA256 };
static const struct scheme pss_sha256 = { .kind = SCHEME_RSA_PSS,
					  .hash = DIGEST_SHA256,
					  .mgf = DIGEST_SHA256,
					  .salt = 32 };
static const struct scheme raw = { .kind = SCHEME_RSA_RAW };
static const struct scheme ecdsa = { .kind = SCHEME_ECDSA };
static const char digest_text[] = "exactly the 32 bytes of a digest";

static int
setup(void **state)
{
	for (size_t i = 0; i < RSA_KEYS; i++) {
		rsa[i] = judge_rsa(rsa_bits[i]);
		rsa_keys[i] = judge_public(rsa[i]);
	}
	for (size_t i = 0; i < EC_KEYS; i++) {
		ec[i] = judge_ec(ec_names[i]);
		ec_keys[i] = judge_public(ec[i]);
	}
	return 0;
}

static int
teardown(void **state)
{
	for (size_t i = 0; i < RSA_KEYS; i++) {
		EVP_PKEY_free(rsa[i]);
		pubkey_free(rsa_keys[i]);
	}
	for (size_t i = 0; i < EC_KEYS; i++) {
		EVP_PKEY_free(ec[i]);
		pubkey_free(ec_keys[i]);
	}
	crypto_close();
	return 0;
}

/* A signature of OpenSSL's; for EC as r || s. */
static struct builder
signature_of(EVP_PKEY *pkey, const struct scheme *s, struct cursor input)
{
	struct builder out = builder_heap(SIGNATURE_MAX);
	judge_sign(pkey, s, input, &out);
	if (s->kind == SCHEME_ECDSA) {
		struct builder parts = builder_heap(SIGNATURE_MAX);
		size_t field = ((size_t)EVP_PKEY_get_bits(pkey) + 7) / 8;
		assert_int_equal(ecdsa_split(builder_read(&out), field, &parts),
				 CKR_OK);
		builder_free(&out);
		return parts;
	}
	return out;
}

static void
test_wrong_key_type(void **state)
{
	struct cursor some = text(digest_text);
	const CK_RV wanted = CKR_KEY_TYPE_INCONSISTENT;
	assert_int_equal(pubkey_verify(rsa_keys[0], &ecdsa, some, some),
			 wanted);
	assert_int_equal(pubkey_verify(ec_keys[0], &pkcs1_sha256, some, some),
			 wanted);
	assert_int_equal(pubkey_verify(ec_keys[0], &pss_sha256, some, some),
			 wanted);
}

/* One byte off, at either end, and no byte at all. */
static void
test_rsa_length(void **state)
{
	static const struct scheme *const schemes[] = { &pkcs1, &pkcs1_sha256,
							&pss_sha256, &raw };
	struct cursor input = text(digest_text);
	struct builder s = builder_heap(SIGNATURE_MAX);
	builder_fill(&s, 0, 129);
	for (size_t i = 0; i < COUNT(schemes); i++) {
		static const size_t sizes[] = { 0, 127, 129 };
		for (size_t j = 0; j < COUNT(sizes); j++) {
			struct cursor c = builder_read(&s);
			struct cursor cut = cursor_take(&c, sizes[j]);
			assert_int_equal(pubkey_verify(rsa_keys[0], schemes[i],
						       input, cut),
					 CKR_SIGNATURE_LEN_RANGE);
		}
	}
	builder_free(&s);
}

static void
test_rsa_input_length(void **state)
{
	struct builder s = builder_heap(SIGNATURE_MAX);
	struct builder in = builder_heap(SIGNATURE_MAX);
	builder_fill(&s, 0x5A, 128);
	builder_fill(&in, 0x5A, 129);
	struct cursor c = builder_read(&in);
	struct cursor signature = builder_read(&s);
	assert_int_equal(pubkey_verify(rsa_keys[0], &raw, c, signature),
			 CKR_DATA_LEN_RANGE);
	assert_int_equal(pubkey_verify(rsa_keys[0], &pkcs1,
				       cursor_take(&c, 118), signature),
			 CKR_DATA_LEN_RANGE);
	assert_int_equal(pubkey_verify(rsa_keys[0], &pkcs1_sha256,
				       text("no digest"), signature),
			 CKR_DATA_LEN_RANGE);
	assert_int_equal(pubkey_verify(rsa_keys[0], &pss_sha256,
				       text("no digest"), signature),
			 CKR_DATA_LEN_RANGE);
	builder_free(&s);
	builder_free(&in);
}

static void
test_ecdsa_length(void **state)
{
	struct builder s = builder_heap(SIGNATURE_MAX);
	builder_fill(&s, 1, 66);
	static const size_t sizes[] = { 0, 1, 63, 65, 66 };
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct cursor c = builder_read(&s);
		assert_int_equal(pubkey_verify(ec_keys[1], &ecdsa,
					       text(digest_text),
					       cursor_take(&c, sizes[i])),
				 CKR_SIGNATURE_LEN_RANGE);
	}
	builder_free(&s);
}

/* A changed bit in each byte, or in the input, is one wrong signature. */
static void
assert_forgeries(struct pubkey *key, EVP_PKEY *pkey, const struct scheme *s)
{
	struct builder signature = signature_of(pkey, s, text(digest_text));
	struct cursor input = text(digest_text);
	struct cursor found = builder_read(&signature);
	assert_int_equal(pubkey_verify(key, s, input, found), CKR_OK);
	for (size_t i = 0; i < signature.used; i++) {
		signature.data[i] ^= 0x10;
		assert_int_equal(pubkey_verify(key, s, input, found),
				 CKR_SIGNATURE_INVALID);
		signature.data[i] ^= 0x10;
	}
	assert_int_equal(pubkey_verify(key, s,
				       text("exactly the 32 bytes of a forger"),
				       found),
			 CKR_SIGNATURE_INVALID);
	assert_int_equal(pubkey_verify(key, s, input, found), CKR_OK);
	builder_free(&signature);
}

static void
test_forged(void **state)
{
	assert_forgeries(rsa_keys[0], rsa[0], &pkcs1);
	assert_forgeries(rsa_keys[1], rsa[1], &pkcs1_sha256);
	assert_forgeries(rsa_keys[1], rsa[1], &pss_sha256);
	for (size_t i = 0; i < EC_KEYS; i++)
		assert_forgeries(ec_keys[i], ec[i], &ecdsa);
}

/* Numbers that no signature has: zero, the group's order and above, and an RSA
 * signature not below the modulus. */
static void
test_out_of_range(void **state)
{
	struct builder s = builder_heap(SIGNATURE_MAX);
	struct cursor input = text(digest_text);
	builder_fill(&s, 0, 64);
	assert_int_equal(
		pubkey_verify(ec_keys[1], &ecdsa, input, builder_read(&s)),
		CKR_SIGNATURE_INVALID);
	builder_reset(&s);
	builder_fill(&s, 0xFF, 64);
	assert_int_equal(
		pubkey_verify(ec_keys[1], &ecdsa, input, builder_read(&s)),
		CKR_SIGNATURE_INVALID);
	builder_reset(&s);
	builder_fill(&s, 0xFF, 128);
	assert_int_equal(pubkey_verify(rsa_keys[0], &pkcs1_sha256, input,
				       builder_read(&s)),
			 CKR_SIGNATURE_INVALID);
	assert_int_equal(pubkey_verify(rsa_keys[0], &pss_sha256, input,
				       builder_read(&s)),
			 CKR_SIGNATURE_INVALID);
	assert_int_equal(
		pubkey_verify(rsa_keys[0], &raw, input, builder_read(&s)),
		CKR_SIGNATURE_INVALID);
	builder_reset(&s);
	builder_append(&s, rsa_keys[0]->modulus);
	assert_int_equal(
		pubkey_verify(rsa_keys[0], &raw, text(""), builder_read(&s)),
		CKR_SIGNATURE_INVALID);
	builder_free(&s);
}

/* Blocks that a lax parser takes for PKCS#1 v1.5 (RFC 8017, 8.2.2, note). */
static void
test_lax_padding(void **state)
{
	static const struct {
		uint8_t type, filler;
		size_t filled, behind;
	} blocks[] = {
		{ 2, 0xFF, 128 - 3 - 51, 0 },  /* block type */
		{ 1, 0xFE, 128 - 3 - 51, 0 },  /* filler */
		{ 1, 0xFF, 8, 128 - 11 - 51 }, /* short filler, rest behind */
		{ 1, 0xFF, 128 - 3 - 51 - 1, 1 },
	};
	for (size_t i = 0; i < COUNT(blocks); i++) {
		struct builder block = builder_heap(SIGNATURE_MAX);
		struct builder s = builder_heap(SIGNATURE_MAX);
		builder_u8(&block, 0);
		builder_u8(&block, blocks[i].type);
		builder_fill(&block, blocks[i].filler, blocks[i].filled);
		builder_u8(&block, 0);
		assert_int_equal(padding_digest_info(DIGEST_SHA256,
						     text(digest_text), &block),
				 CKR_OK);
		builder_fill(&block, 0, blocks[i].behind);
		assert_int_equal(block.used, 128);
		judge_private(rsa[0], builder_read(&block), &s);
		assert_int_equal(pubkey_verify(rsa_keys[0], &pkcs1_sha256,
					       text(digest_text),
					       builder_read(&s)),
				 CKR_SIGNATURE_INVALID);
		builder_free(&block);
		builder_free(&s);
	}
}

/* A PSS signature with another salt, hash or mask than asked for. */
static void
test_pss_other(void **state)
{
	struct builder s = signature_of(rsa[3], &pss_sha256, text(digest_text));
	struct scheme other = pss_sha256;
	struct cursor input = text(digest_text);
	other.salt = 31;
	assert_int_equal(
		pubkey_verify(rsa_keys[3], &other, input, builder_read(&s)),
		CKR_SIGNATURE_INVALID);
	other = pss_sha256;
	other.mgf = DIGEST_SHA1;
	assert_int_equal(
		pubkey_verify(rsa_keys[3], &other, input, builder_read(&s)),
		CKR_SIGNATURE_INVALID);
	other = pss_sha256;
	other.salt = RSA_BITS_MAX / 8;
	assert_int_equal(
		pubkey_verify(rsa_keys[3], &other, input, builder_read(&s)),
		CKR_SIGNATURE_INVALID);
	builder_free(&s);
}

static void
assert_verified(struct pubkey *key, EVP_PKEY *pkey, const struct scheme *s,
		struct cursor input)
{
	struct builder signature = signature_of(pkey, s, input);
	for (int round = 0; round < 2; round++)
		assert_int_equal(
			pubkey_verify(key, s, input, builder_read(&signature)),
			CKR_OK);
	builder_free(&signature);
}

static void
test_rsa(void **state)
{
	for (size_t i = 0; i < RSA_KEYS; i++)
		for (enum digest d = DIGEST_SHA1; d < DIGEST_SIGNATURES; d++) {
			struct scheme s = { .kind = SCHEME_RSA_PKCS1,
					    .digest = d };
			struct builder in = builder_heap(DIGEST_SIZE_MAX);
			judge_digest(d, text("message"), &in);
			struct cursor digest = builder_read(&in);
			assert_verified(rsa_keys[i], rsa[i], &s, digest);
			s = (struct scheme){ .kind = SCHEME_RSA_PSS,
					     .hash = d,
					     .mgf = DIGEST_SHA1,
					     .salt = 17 };
			assert_verified(rsa_keys[i], rsa[i], &s, digest);
			s.salt = 0;
			s.mgf = d;
			s.digest = d;
			assert_verified(rsa_keys[i], rsa[i], &s, digest);
			builder_free(&in);
		}
}

/* CKM_RSA_PKCS: whatever the caller gives, from nothing to k - 11 bytes. */
static void
test_rsa_any_bytes(void **state)
{
	for (size_t size = 0; size <= 117; size += 39) {
		struct builder in = builder_heap(SIGNATURE_MAX);
		builder_fill(&in, 0x30, size);
		assert_verified(rsa_keys[0], rsa[0], &pkcs1, builder_read(&in));
		builder_free(&in);
	}
}

static void
test_rsa_raw(void **state)
{
	struct builder block = builder_heap(SIGNATURE_MAX);
	struct builder signature = builder_heap(SIGNATURE_MAX);
	builder_padded(&block, text("bare"), 128);
	judge_private(rsa[0], builder_read(&block), &signature);
	assert_int_equal(pubkey_verify(rsa_keys[0], &raw, text("bare"),
				       builder_read(&signature)),
			 CKR_OK);
	assert_int_equal(pubkey_verify(rsa_keys[0], &raw, builder_read(&block),
				       builder_read(&signature)),
			 CKR_OK);
	assert_int_equal(pubkey_verify(rsa_keys[0], &raw, text("barf"),
				       builder_read(&signature)),
			 CKR_SIGNATURE_INVALID);
	builder_free(&block);
	builder_free(&signature);
}

/* Digests shorter and longer than the group's order. */
static void
test_ecdsa(void **state)
{
	for (size_t i = 0; i < EC_KEYS; i++)
		for (enum digest d = DIGEST_SHA1; d < DIGEST_SIGNATURES; d++) {
			struct scheme s = { .kind = SCHEME_ECDSA, .digest = d };
			struct builder in = builder_heap(DIGEST_SIZE_MAX);
			judge_digest(d, text("message"), &in);
			assert_verified(ec_keys[i], ec[i], &s,
					builder_read(&in));
			builder_free(&in);
		}
	assert_verified(ec_keys[3], ec[3], &ecdsa, text("x"));
}

/* r and s may come without their leading zeros (PKCS#11 3.2, 6.3.1); every
 * fourth signature of P-521 has one in both. */
static void
test_ecdsa_short(void **state)
{
	size_t seen = 0;
	for (size_t i = 0; i < 200; i++) {
		struct builder s =
			signature_of(ec[3], &ecdsa, text(digest_text));
		struct builder cut = builder_heap(SIGNATURE_MAX);
		struct cursor c = builder_read(&s);
		struct cursor r = cursor_take(&c, 66);
		uint8_t first = cursor_u8(&r) | cursor_u8(&c);
		builder_append(&cut, r);
		builder_append(&cut, c);
		assert_int_equal(pubkey_verify(ec_keys[3], &ecdsa,
					       text(digest_text),
					       builder_read(&cut)),
				 first == 0 ? CKR_OK : CKR_SIGNATURE_INVALID);
		seen += first == 0;
		builder_free(&s);
		builder_free(&cut);
	}
	assert_true(seen > 0);
}

static void *
verify_often(void *argument)
{
	struct builder *signatures = argument;
	bool good = true;
	for (int i = 0; i < 200 && good; i++) {
		struct cursor a = builder_read(&signatures[0]);
		struct cursor b = builder_read(&signatures[1]);
		struct cursor input = text(digest_text);
		good = pubkey_verify(rsa_keys[0], &pkcs1_sha256, input, a) ==
			       CKR_OK &&
		       pubkey_verify(ec_keys[1], &ecdsa, input, b) == CKR_OK &&
		       pubkey_verify(ec_keys[1], &ecdsa, text("x"), b) ==
			       CKR_SIGNATURE_INVALID;
	}
	return good ? argument : NULL;
}

/* One key, many threads: they share what is prepared, one at a time. */
static void
test_threads(void **state)
{
	pthread_t threads[4];
	struct builder signatures[2] = {
		signature_of(rsa[0], &pkcs1_sha256, text(digest_text)),
		signature_of(ec[1], &ecdsa, text(digest_text)),
	};
	for (size_t i = 0; i < COUNT(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, verify_often,
						signatures),
				 0);
	for (size_t i = 0; i < COUNT(threads); i++) {
		void *result = NULL;
		pthread_join(threads[i], &result);
		assert_ptr_equal(result, signatures);
	}
	builder_free(&signatures[0]);
	builder_free(&signatures[1]);
}

/* What a signature holds comes back, and nothing else does. */
static void
test_recover(void **state)
{
	EVP_PKEY *pkey = judge_rsa(1024);
	struct pubkey *key = judge_public(pkey);
	static const struct {
		const char *start;
		CK_RV rv;
	} blocks[] = {
		{ "0001ffffffffffffffff00", CKR_OK },
		{ "0001ffffffffffffff00", CKR_SIGNATURE_INVALID },
		{ "0002ffffffffffffffff00", CKR_SIGNATURE_INVALID },
		{ "0001fffffffffffffffe00", CKR_SIGNATURE_INVALID },
		{ "0001ffffffffffffffffff", CKR_SIGNATURE_INVALID },
	};
	for (size_t i = 0; i < COUNT(blocks); i++) {
		struct scheme s = { .kind = SCHEME_RSA_PKCS1 };
		uint8_t space[128];
		struct builder block = builder_over(space, sizeof(space));
		struct builder signature = builder_heap(128);
		struct builder out = builder_heap(128);
		builder_append(&block, hex(blocks[i].start));
		builder_fill(&block, 0xFF, sizeof(space) - block.used);
		judge_private(pkey, builder_read(&block), &signature);
		assert_int_equal(
			pubkey_recover(key, &s, builder_read(&signature), &out),
			blocks[i].rv);
		assert_int_equal(out.used, blocks[i].rv == CKR_OK ? 117 : 0);
		s.kind = SCHEME_RSA_PSS;
		assert_int_equal(
			pubkey_recover(key, &s, builder_read(&signature), &out),
			CKR_MECHANISM_INVALID);
		assert_int_equal(pubkey_recover(key, &s,
						cursor_of(signature.data, 127),
						&out),
				 CKR_SIGNATURE_LEN_RANGE);
		builder_free(&signature);
		builder_free(&out);
	}
	pubkey_free(key);
	EVP_PKEY_free(pkey);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/crypto/verify/wrong-key-type", test_wrong_key_type),
		CASE("/crypto/verify/rsa/length", test_rsa_length),
		CASE("/crypto/verify/rsa/input-length", test_rsa_input_length),
		CASE("/crypto/verify/ecdsa/length", test_ecdsa_length),
		CASE("/crypto/verify/forged", test_forged),
		CASE("/crypto/verify/out-of-range", test_out_of_range),
		CASE("/crypto/verify/rsa/lax-padding", test_lax_padding),
		CASE("/crypto/verify/rsa/pss-other", test_pss_other),
		CASE("/crypto/verify/rsa", test_rsa),
		CASE("/crypto/verify/rsa/any-bytes", test_rsa_any_bytes),
		CASE("/crypto/verify/rsa/raw", test_rsa_raw),
		CASE("/crypto/verify/ecdsa", test_ecdsa),
		CASE("/crypto/verify/ecdsa/short", test_ecdsa_short),
		CASE("/crypto/verify/threads", test_threads),
		CASE("/crypto/verify/recover", test_recover),
	};
	return cmocka_run_group_tests_name("/crypto/verify", tests, setup,
					   teardown);
}
