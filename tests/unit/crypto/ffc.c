/* Tests of crypto/ffc.c and of DSA in crypto/verify.c: keys that are none, then
 * OpenSSL's own keys and signatures. */
#include <openssl/core_names.h>
#include <openssl/params.h>

#include "judge.h"

enum { OUT_MAX = 8192 };

/* A field, and a key in it. */
static EVP_PKEY *
judge_dsa(size_t bits)
{
	size_t q = bits == 1024 ? 160 : 256;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_size_t(OSSL_PKEY_PARAM_FFC_PBITS, &bits),
		OSSL_PARAM_construct_size_t(OSSL_PKEY_PARAM_FFC_QBITS, &q),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "DSA", NULL);
	EVP_PKEY *field = NULL, *key = NULL;
	assert_int_equal(EVP_PKEY_paramgen_init(c), 1);
	assert_int_equal(EVP_PKEY_CTX_set_params(c, params), 1);
	assert_int_equal(EVP_PKEY_generate(c, &field), 1);
	EVP_PKEY_CTX_free(c);
	c = EVP_PKEY_CTX_new_from_pkey(NULL, field, NULL);
	assert_int_equal(EVP_PKEY_keygen_init(c), 1);
	assert_int_equal(EVP_PKEY_generate(c, &key), 1);
	EVP_PKEY_CTX_free(c);
	EVP_PKEY_free(field);
	return key;
}

static EVP_PKEY *
judge_dh(void)
{
	char group[] = "ffdhe2048";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
						 group, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
	EVP_PKEY *key = NULL;
	assert_int_equal(EVP_PKEY_keygen_init(c), 1);
	assert_int_equal(EVP_PKEY_CTX_set_params(c, params), 1);
	assert_int_equal(EVP_PKEY_generate(c, &key), 1);
	EVP_PKEY_CTX_free(c);
	return key;
}

static void
test_refused(void **state)
{
	EVP_PKEY *dsa = judge_dsa(1024);
	struct builder info = builder_heap(OUT_MAX);
	struct pubkey *key = judge_public(dsa), *other = NULL;
	struct pubkey wrong = *key;
	struct cursor cut;

	wrong.subprime = text("short");
	assert_int_equal(pubkey_from_field(&wrong, &other), CKR_DATA_INVALID);
	wrong = *key, wrong.prime = text("even number, and a short one.. 0");
	assert_int_equal(pubkey_from_field(&wrong, &other), CKR_DATA_INVALID);
	wrong = *key, wrong.value = text("");
	assert_int_equal(pubkey_from_field(&wrong, &other), CKR_DATA_INVALID);
	wrong = *key, wrong.base = text("");
	assert_int_equal(pubkey_from_field(&wrong, &other), CKR_DATA_INVALID);
	judge_info(dsa, &info);
	for (size_t size = 0; size < info.used; size++) {
		cut = cursor_of(info.data, size);
		assert_int_not_equal(pubkey_from_info(cut, &other), CKR_OK);
	}
	assert_null(other);
	builder_free(&info);
	pubkey_free(key);
	EVP_PKEY_free(dsa);
}

/* OpenSSL's signature as r || s. */
static void
sign(EVP_PKEY *pkey, enum digest d, struct cursor message, size_t size,
     struct builder *out)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	uint8_t der[128];
	size_t used = sizeof(der);
	assert_int_equal(EVP_DigestSignInit_ex(c, NULL, judge_name(d), NULL,
					       NULL, pkey, NULL),
			 1);
	assert_int_equal(
		EVP_DigestSign(c, der, &used, message.at, message.left), 1);
	assert_int_equal(ecdsa_split(cursor_of(der, used), size, out), CKR_OK);
	EVP_MD_CTX_free(c);
}

static void
test_verify(void **state)
{
	static const enum digest digests[] = { DIGEST_SHA1, DIGEST_SHA256,
					       DIGEST_SHA512,
					       DIGEST_SHA3_256 };
	for (size_t bits = 1024; bits <= 2048; bits += 1024) {
		EVP_PKEY *pkey = judge_dsa(bits);
		struct pubkey *key = judge_public(pkey);
		size_t half = bits == 1024 ? 20 : 32;
		assert_int_equal(key->type, CKK_DSA);
		assert_int_equal(key->bits, bits);
		assert_int_equal(pubkey_size(key), 2 * half);
		for (size_t i = 0; i < COUNT(digests); i++) {
			struct scheme s = { .kind = SCHEME_DSA,
					    .digest = digests[i] };
			struct builder out = builder_heap(OUT_MAX);
			struct builder digest = builder_heap(OUT_MAX);
			struct cursor short_one;
			sign(pkey, digests[i], text("message"), half, &out);
			judge_digest(digests[i], text("message"), &digest);
			assert_int_equal(pubkey_verify(key, &s,
						       builder_read(&digest),
						       builder_read(&out)),
					 CKR_OK);
			short_one = cursor_of(out.data, out.used - 2);
			assert_int_equal(pubkey_verify(key, &s,
						       builder_read(&digest),
						       short_one),
					 CKR_SIGNATURE_LEN_RANGE);
			out.data[3] ^= 1;
			assert_int_equal(pubkey_verify(key, &s,
						       builder_read(&digest),
						       builder_read(&out)),
					 CKR_SIGNATURE_INVALID);
			s.kind = SCHEME_ECDSA;
			assert_int_equal(pubkey_verify(key, &s,
						       builder_read(&digest),
						       builder_read(&out)),
					 CKR_KEY_TYPE_INCONSISTENT);
			builder_free(&out);
			builder_free(&digest);
		}
		pubkey_free(key);
		EVP_PKEY_free(pkey);
	}
}

/* What OpenSSL writes comes back byte by byte; of DH without the length of
 * private values, which is no part of a public key. */
static void
test_info(void **state)
{
	EVP_PKEY *dsa = judge_dsa(1024), *dh = judge_dh();
	struct builder info = builder_heap(OUT_MAX);
	struct pubkey *key = judge_public(dsa), *again = NULL;

	judge_info(dsa, &info);
	assert_same(key->info, builder_read(&info));
	pubkey_free(key);
	key = judge_public(dh);
	assert_int_equal(key->type, CKK_DH);
	assert_int_equal(key->bits, 2048);
	assert_int_equal(pubkey_size(key), 256);
	assert_int_equal(EVP_PKEY_eq(key->pkey, dh), 1);
	assert_int_equal(pubkey_from_field(key, &again), CKR_OK);
	assert_same(again->info, key->info);
	pubkey_free(again);
	pubkey_free(key);
	builder_free(&info);
	EVP_PKEY_free(dsa);
	EVP_PKEY_free(dh);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/crypto/ffc/refused", test_refused),
		CASE("/crypto/ffc/verify", test_verify),
		CASE("/crypto/ffc/info", test_info),
	};
	int failed =
		cmocka_run_group_tests_name("/crypto/ffc", tests, NULL, NULL);
	crypto_close();
	return failed;
}
