/* Tests of crypto/kdf.c and kdf_hmac.c: what is refused, the RFCs' examples,
 * and OpenSSL as the judge. */
#include "kdf.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>

#include "cipher.h"
#include "judge.h"

static CK_RV
run(CK_MECHANISM_TYPE type, void *param, CK_ULONG size, struct cursor base,
    struct cursor other, size_t wanted, struct builder *out)
{
	CK_MECHANISM m = { type, param, size };
	struct kdf_job job = { &m, base, other, wanted };
	builder_reset(out);
	return kdf_run(&job, out);
}

static CK_RV
refusal(CK_MECHANISM_TYPE type, void *param, CK_ULONG size, size_t wanted)
{
	struct builder out = builder_heap(KDF_SIZE_MAX);
	CK_RV rv = run(type, param, size, hex("0102030405060708"),
		       text("other"), wanted, &out);
	builder_free(&out);
	return rv;
}

#define PARAM(p) &(p), sizeof(p)

static void
test_refused(void **state)
{
	const CK_RV bad = CKR_MECHANISM_PARAM_INVALID;
	CK_KEY_DERIVATION_STRING_DATA data = { (CK_BYTE *)"ab", 2 },
				      none = { NULL, 2 };
	CK_EXTRACT_PARAMS bit = 64;
	CK_HKDF_PARAMS hkdf = { CK_FALSE, CK_FALSE, CKM_SHA256, 1 };
	assert_int_equal(refusal(CKM_SHA256, NULL, 0, 0),
			 CKR_MECHANISM_INVALID);
	assert_int_equal(refusal(CKM_XOR_BASE_AND_DATA, NULL, 0, 0), bad);
	assert_int_equal(refusal(CKM_XOR_BASE_AND_DATA, PARAM(none), 0), bad);
	assert_int_equal(refusal(CKM_XOR_BASE_AND_DATA, PARAM(data), 3),
			 CKR_KEY_SIZE_RANGE);
	assert_int_equal(refusal(CKM_CONCATENATE_BASE_AND_DATA, PARAM(none), 0),
			 bad);
	assert_int_equal(
		refusal(CKM_CONCATENATE_BASE_AND_DATA, PARAM(data), 11),
		CKR_KEY_SIZE_RANGE);
	assert_int_equal(refusal(CKM_EXTRACT_KEY_FROM_KEY, PARAM(bit), 2), bad);
	bit = 1;
	assert_int_equal(refusal(CKM_EXTRACT_KEY_FROM_KEY, PARAM(bit), 0),
			 CKR_TEMPLATE_INCOMPLETE);
	assert_int_equal(refusal(CKM_EXTRACT_KEY_FROM_KEY, PARAM(bit), 9),
			 CKR_KEY_SIZE_RANGE);
	assert_int_equal(refusal(CKM_HKDF_DERIVE, PARAM(hkdf), 8), bad);
	hkdf.bExpand = CK_TRUE;
	assert_int_equal(refusal(CKM_HKDF_DERIVE, PARAM(hkdf), 0),
			 CKR_TEMPLATE_INCOMPLETE);
	assert_int_equal(refusal(CKM_HKDF_DERIVE, PARAM(hkdf), 255 * 32 + 1),
			 CKR_KEY_SIZE_RANGE);
	hkdf.prfHashMechanism = CKM_SHA256_HMAC;
	assert_int_equal(refusal(CKM_HKDF_DERIVE, PARAM(hkdf), 8), bad);
	hkdf = (CK_HKDF_PARAMS){ CK_TRUE, CK_TRUE, CKM_SHA256, 3 };
	assert_int_equal(refusal(CKM_HKDF_DERIVE, PARAM(hkdf), 8), bad);
	assert_int_equal(refusal(CKM_SHA256_KEY_DERIVATION, PARAM(bit), 8),
			 bad);
	assert_int_equal(refusal(CKM_SHA256_KEY_DERIVATION, NULL, 0, 33),
			 CKR_KEY_SIZE_RANGE);
	assert_int_equal(refusal(CKM_SHAKE_128_KEY_DERIVATION, NULL, 0, 0),
			 CKR_TEMPLATE_INCOMPLETE);
	assert_int_equal(refusal(CKM_AES_ECB_ENCRYPT_DATA, PARAM(data), 0),
			 CKR_KEY_SIZE_RANGE);
}

static void
test_sp800_refused(void **state)
{
	const CK_RV bad = CKR_MECHANISM_PARAM_INVALID;
	CK_SP800_108_COUNTER_FORMAT counter = { CK_FALSE, 8 };
	CK_PRF_DATA_PARAM fields[2] = {
		{ CK_SP800_108_ITERATION_VARIABLE, PARAM(counter) },
		{ CK_SP800_108_ITERATION_VARIABLE, PARAM(counter) },
	};
	CK_SP800_108_KDF_PARAMS p = { CKM_SHA256_HMAC, 2, fields, 0, NULL };
	assert_int_equal(refusal(CKM_SP800_108_COUNTER_KDF, PARAM(p), 8), bad);
	p.ulNumberOfDataParams = 0;
	assert_int_equal(refusal(CKM_SP800_108_COUNTER_KDF, PARAM(p), 8), bad);
	p.ulNumberOfDataParams = 1;
	assert_int_equal(refusal(CKM_SP800_108_COUNTER_KDF, PARAM(p), 0),
			 CKR_TEMPLATE_INCOMPLETE);
	/* a counter of 8 bits counts 255 blocks */
	assert_int_equal(refusal(CKM_SP800_108_COUNTER_KDF, PARAM(p), 255 * 32),
			 CKR_OK);
	assert_int_equal(
		refusal(CKM_SP800_108_COUNTER_KDF, PARAM(p), 255 * 32 + 1),
		CKR_KEY_SIZE_RANGE);
	counter.ulWidthInBits = 7;
	assert_int_equal(refusal(CKM_SP800_108_COUNTER_KDF, PARAM(p), 8), bad);
	counter.ulWidthInBits = 8;
	p.prfType = CKM_SHA256;
	assert_int_equal(refusal(CKM_SP800_108_COUNTER_KDF, PARAM(p), 8), bad);
	p.prfType = CKM_AES_CMAC; /* the base is no AES key */
	assert_int_equal(refusal(CKM_SP800_108_COUNTER_KDF, PARAM(p), 8),
			 CKR_KEY_TYPE_INCONSISTENT);
	p.prfType = CKM_SHA256_HMAC;
	p.ulNumberOfDataParams = (CK_ULONG)-1;
	assert_int_equal(refusal(CKM_SP800_108_COUNTER_KDF, PARAM(p), 8), bad);
}

static void
test_simple(void **state)
{
	struct builder out = builder_heap(KDF_SIZE_MAX);
	const struct cursor base = hex("f0010203"), other = hex("aabb");
	CK_KEY_DERIVATION_STRING_DATA data = { (CK_BYTE *)"\x0f\x10\x20", 3 };
	CK_EXTRACT_PARAMS bit = 0;
	assert_int_equal(run(CKM_CONCATENATE_BASE_AND_KEY, NULL, 0, base, other,
			     0, &out),
			 CKR_OK);
	assert_hex(builder_read(&out), "f0010203aabb");
	assert_int_equal(run(CKM_CONCATENATE_BASE_AND_DATA, PARAM(data), base,
			     other, 5, &out),
			 CKR_OK);
	assert_hex(builder_read(&out), "f00102030f");
	assert_int_equal(run(CKM_CONCATENATE_DATA_AND_BASE, PARAM(data), base,
			     other, 0, &out),
			 CKR_OK);
	assert_hex(builder_read(&out), "0f1020f0010203");
	assert_int_equal(
		run(CKM_XOR_BASE_AND_DATA, PARAM(data), base, other, 0, &out),
		CKR_OK);
	assert_hex(builder_read(&out), "ff1122");
	assert_int_equal(
		run(CKM_EXTRACT_KEY_FROM_KEY, PARAM(bit), base, other, 2, &out),
		CKR_OK);
	assert_hex(builder_read(&out), "f001");
	bit = 4;
	assert_int_equal(
		run(CKM_EXTRACT_KEY_FROM_KEY, PARAM(bit), base, other, 4, &out),
		CKR_OK);
	assert_hex(builder_read(&out), "0010203f");
	bit = 31;
	assert_int_equal(
		run(CKM_EXTRACT_KEY_FROM_KEY, PARAM(bit), base, other, 4, &out),
		CKR_OK);
	assert_hex(builder_read(&out), "f8008101");
	assert_int_equal(run(CKM_SHA256_KEY_DERIVATION, NULL, 0, text("abc"),
			     other, 4, &out),
			 CKR_OK);
	assert_hex(builder_read(&out), "ba7816bf");
	/* FIPS 202's empty message, in SHAKE128 */
	assert_int_equal(run(CKM_SHAKE_128_KEY_DERIVATION, NULL, 0, text(""),
			     other, 8, &out),
			 CKR_OK);
	assert_hex(builder_read(&out), "7f9c2ba4e88f827d");
	/* SP 800-38A, F.1.1 */
	data = (CK_KEY_DERIVATION_STRING_DATA){
		(CK_BYTE *)hex("6bc1bee22e409f96e93d7e117393172a").at, 16
	};
	assert_int_equal(run(CKM_AES_ECB_ENCRYPT_DATA, PARAM(data),
			     hex("2b7e151628aed2a6abf7158809cf4f3c"), other, 0,
			     &out),
			 CKR_OK);
	assert_hex(builder_read(&out), "3ad77bb40d7a3660a89ecaf32466ef97");
	builder_free(&out);
}

/* RFC 5869, A.1 and A.3 */
static void
test_hkdf(void **state)
{
	struct builder out = builder_heap(KDF_SIZE_MAX);
	uint8_t *salt = copy_of(hex("000102030405060708090a0b0c"));
	uint8_t *info = copy_of(hex("f0f1f2f3f4f5f6f7f8f9"));
	uint8_t *key =
		copy_of(hex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"));
	struct cursor base = cursor_of(key, 22), none = text("");
	CK_HKDF_PARAMS p = { CK_TRUE, CK_TRUE, CKM_SHA256, 2, salt,
			     13,      0,       info,	   10 };
	const char *okm = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db0"
			  "2d56ecc4c5bf34007208d5b887185865";
	assert_int_equal(run(CKM_HKDF_DERIVE, PARAM(p), base, none, 42, &out),
			 CKR_OK);
	assert_hex(builder_read(&out), okm);
	p.ulSaltType = CKF_HKDF_SALT_KEY; /* the same, as a key */
	assert_int_equal(run(CKM_HKDF_DATA, PARAM(p), base, cursor_of(salt, 13),
			     42, &out),
			 CKR_OK);
	assert_hex(builder_read(&out), okm);
	p.bExpand = CK_FALSE;
	assert_int_equal(run(CKM_HKDF_DERIVE, PARAM(p), base,
			     cursor_of(salt, 13), 0, &out),
			 CKR_OK);
	assert_hex(builder_read(&out), "077709362c2e32df0ddc3f0dc47bba63"
				       "90b6c73bb50f9c3122ec844ad7c2b3e5");
	p.bExpand = CK_TRUE;
	p.bExtract = CK_FALSE;
	uint8_t *prk = copy_of(builder_read(&out));
	assert_int_equal(run(CKM_HKDF_DERIVE, PARAM(p), cursor_of(prk, 32),
			     none, 42, &out),
			 CKR_OK);
	assert_hex(builder_read(&out), okm);
	p = (CK_HKDF_PARAMS){ CK_TRUE, CK_TRUE, CKM_SHA256, 1 };
	assert_int_equal(run(CKM_HKDF_DERIVE, PARAM(p), base, none, 42, &out),
			 CKR_OK);
	assert_hex(builder_read(&out),
		   "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c"
		   "738d2d9d201395faa4b61a96c8");
	free(salt);
	free(info);
	free(key);
	free(prk);
	builder_free(&out);
}

static void
judge_kdf(const char *name, OSSL_PARAM *params, uint8_t *out, size_t size)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, name, NULL);
	EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
	assert_int_equal(EVP_KDF_derive(context, out, size, params), 1);
	EVP_KDF_CTX_free(context);
	EVP_KDF_free(kdf);
}

#define TEXT_PARAM(name, s) \
	OSSL_PARAM_construct_utf8_string(name, (char *)(s), 0)
#define BYTES_PARAM(name, s) \
	OSSL_PARAM_construct_octet_string(name, (void *)(s), strlen(s))

/* as long as the digest, as OpenSSL wants it */
#define SEED "012345678901234567890123456789012345678901234567"

/* Counter, label, 00, context, length: the order that OpenSSL has. */
static void
test_sp800_judged(void **state)
{
	static const char *modes[] = { "COUNTER", "FEEDBACK" };
	CK_SP800_108_COUNTER_FORMAT counter = { CK_FALSE, 32 };
	CK_SP800_108_DKM_LENGTH_FORMAT length = {
		CK_SP800_108_DKM_LENGTH_SUM_OF_KEYS, CK_FALSE, 32
	};
	struct builder out = builder_heap(KDF_SIZE_MAX);
	CK_BYTE zero = 0;
	for (size_t i = 0; i < 2; i++) {
		CK_PRF_DATA_PARAM counted[] = {
			{ CK_SP800_108_ITERATION_VARIABLE, PARAM(counter) },
			{ CK_SP800_108_BYTE_ARRAY, (void *)"label", 5 },
			{ CK_SP800_108_BYTE_ARRAY, &zero, 1 },
			{ CK_SP800_108_BYTE_ARRAY, (void *)"context", 7 },
			{ CK_SP800_108_DKM_LENGTH, PARAM(length) },
		};
		CK_PRF_DATA_PARAM fed[] = {
			{ CK_SP800_108_ITERATION_VARIABLE, NULL, 0 },
			{ CK_SP800_108_COUNTER, PARAM(counter) },
			counted[1],
			counted[2],
			counted[3],
			counted[4],
		};
		CK_SP800_108_KDF_PARAMS p = { CKM_SHA384_HMAC, 5, counted };
		CK_SP800_108_FEEDBACK_KDF_PARAMS f = { CKM_SHA384_HMAC, 6, fed,
						       48, (CK_BYTE *)SEED };
		uint8_t wanted[100];
		OSSL_PARAM params[] = {
			TEXT_PARAM(OSSL_KDF_PARAM_MODE, modes[i]),
			TEXT_PARAM(OSSL_KDF_PARAM_MAC, "HMAC"),
			TEXT_PARAM(OSSL_KDF_PARAM_DIGEST, "SHA384"),
			BYTES_PARAM(OSSL_KDF_PARAM_KEY, "01234567"),
			BYTES_PARAM(OSSL_KDF_PARAM_SALT, "label"),
			BYTES_PARAM(OSSL_KDF_PARAM_INFO, "context"),
			OSSL_PARAM_construct_end(),
			OSSL_PARAM_construct_end(),
		};
		if (i == 1)
			params[6] = BYTES_PARAM(OSSL_KDF_PARAM_SEED, SEED);
		judge_kdf("KBKDF", params, wanted, sizeof(wanted));
		CK_RV rv = i == 0 ? run(CKM_SP800_108_COUNTER_KDF, PARAM(p),
					text("01234567"), text(""), 100, &out)
				  : run(CKM_SP800_108_FEEDBACK_KDF, PARAM(f),
					text("01234567"), text(""), 100, &out);
		assert_int_equal(rv, CKR_OK);
		assert_same(builder_read(&out), cursor_of(wanted, 100));
	}
	builder_free(&out);
}

static void
hmac_of(struct cursor key, struct cursor a, struct cursor b, uint8_t out[32])
{
	struct builder o = builder_over(out, 32);
	struct mac *m = mac_new();
	assert_int_equal(mac_start_hmac(m, DIGEST_SHA256, key), CKR_OK);
	assert_int_equal(mac_update(m, a), CKR_OK);
	assert_int_equal(mac_update(m, b), CKR_OK);
	assert_int_equal(mac_finish(m, &o), CKR_OK);
	mac_free(m);
}

/* SP 800-108r1, 4.3, written down step by step. */
static void
test_pipeline(void **state)
{
	CK_PRF_DATA_PARAM fields[] = {
		{ CK_SP800_108_ITERATION_VARIABLE, NULL, 0 },
		{ CK_SP800_108_BYTE_ARRAY, (void *)"fixed", 5 },
	};
	CK_SP800_108_KDF_PARAMS p = { CKM_SHA256_HMAC, 2, fields };
	struct builder out = builder_heap(KDF_SIZE_MAX);
	uint8_t a1[32], a2[32], k1[32], k2[32];
	const struct cursor key = text("key"), none = text("");
	hmac_of(key, text("fixed"), none, a1);
	hmac_of(key, cursor_of(a1, 32), text("fixed"), k1);
	hmac_of(key, cursor_of(a1, 32), none, a2);
	hmac_of(key, cursor_of(a2, 32), text("fixed"), k2);
	assert_int_equal(run(CKM_SP800_108_DOUBLE_PIPELINE_KDF, PARAM(p), key,
			     none, 64, &out),
			 CKR_OK);
	assert_memory_equal(out.data, k1, 32);
	assert_memory_equal(out.data + 32, k2, 32);
	builder_free(&out);
}

static void
test_agreed(void **state)
{
	struct builder out = builder_heap(KDF_SIZE_MAX);
	uint8_t wanted[70];
	OSSL_PARAM params[] = {
		TEXT_PARAM(OSSL_KDF_PARAM_DIGEST, "SHA256"),
		BYTES_PARAM(OSSL_KDF_PARAM_SECRET, "secret"),
		BYTES_PARAM(OSSL_KDF_PARAM_INFO, "shared"),
		OSSL_PARAM_construct_end(),
	};
	assert_int_equal(kdf_agreed(77, text("secret"), text(""), 0, &out),
			 CKR_MECHANISM_PARAM_INVALID);
	assert_int_equal(
		kdf_agreed(CKD_NULL, text("secret"), text("x"), 0, &out),
		CKR_MECHANISM_PARAM_INVALID);
	assert_int_equal(
		kdf_agreed(CKD_NULL, text("secret"), text(""), 7, &out),
		CKR_KEY_SIZE_RANGE);
	builder_reset(&out);
	assert_int_equal(
		kdf_agreed(CKD_NULL, text("secret"), text(""), 0, &out),
		CKR_OK);
	assert_same(builder_read(&out), text("secret"));
	builder_reset(&out);
	assert_int_equal(
		kdf_agreed(CKD_NULL, text("secret"), text(""), 4, &out),
		CKR_OK);
	assert_same(builder_read(&out), text("cret"));
	judge_kdf("X963KDF", params, wanted, sizeof(wanted));
	builder_reset(&out);
	assert_int_equal(kdf_agreed(CKD_SHA256_KDF, text("secret"),
				    text("shared"), 70, &out),
			 CKR_OK);
	assert_same(builder_read(&out), cursor_of(wanted, 70));
	builder_free(&out);
}

/* The test vector that implementors of RFC 5246 pass round. */
static void
test_tls_prf(void **state)
{
	struct builder out = builder_heap(KDF_SIZE_MAX);
	struct builder seed = builder_heap(64);
	builder_text(&seed, "test label");
	builder_append(&seed, hex("a0ba9f936cda311827a6f796ffd5198c"));
	assert_int_equal(kdf_tls_prf(CKM_SHA256,
				     hex("9bbe436ba940f017b17652849a71db35"),
				     builder_read(&seed), 100, &out),
			 CKR_OK);
	assert_hex(builder_read(&out),
		   "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e6"
		   "1edb5a6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd"
		   "3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42"
		   "c5a72e5a5110fff70187347b66");
	builder_free(&out);
	builder_free(&seed);
}

/* The PRF of TLS 1.0, computed from RFC 4346, 5 with Python's hmac: the halves
 * of the secret have a byte in common. */
static void
test_tls_prf_old(void **state)
{
	struct builder out = builder_heap(KDF_SIZE_MAX);
	struct builder seed = builder_heap(64);
	builder_text(&seed, "test label");
	builder_append(&seed, hex("a0ba9f936cda311827a6f796ffd5198c"));
	assert_int_equal(kdf_tls_prf(CKM_SHA256_HMAC, text("s"), text("t"), 8,
				     &out),
			 CKR_MECHANISM_PARAM_INVALID);
	assert_int_equal(kdf_tls_prf(CKM_TLS_PRF,
				     hex("9bbe436ba940f017b17652849a71db3501"),
				     builder_read(&seed), 50, &out),
			 CKR_OK);
	assert_hex(builder_read(&out),
		   "383efe5bcee535a940450a3f563e523f390cc3ecdc46eb4ab82f99e476"
		   "73eb368f6df508205b3fa062c8b1f0d3d2752f5707");
	builder_free(&out);
	builder_free(&seed);
}

/* Master secrets and an exporter, with the PRF of the case before. */
static void
test_tls_secrets(void **state)
{
	static const char premaster[] =
		"\x03\x03 forty-six bytes more, as RSA brings them....";
	const struct cursor base = cursor_of(premaster, 48), none = text("");
	CK_VERSION version = { 9, 9 };
	CK_SSL3_RANDOM_DATA random = { (CK_BYTE *)"client", 6,
				       (CK_BYTE *)"server", 6 };
	CK_TLS12_MASTER_KEY_DERIVE_PARAMS m = { random, &version, CKM_SHA256 };
	CK_TLS12_EXTENDED_MASTER_KEY_DERIVE_PARAMS e = { CKM_SHA384,
							 (CK_BYTE *)"hash", 4,
							 NULL };
	CK_TLS_KDF_PARAMS k = { CKM_SHA256, (CK_BYTE *)"label", 5,
				random,	    (CK_BYTE *)"ctx",	3 };
	struct builder out = builder_heap(KDF_SIZE_MAX);
	struct builder wanted = builder_heap(KDF_SIZE_MAX);
	const CK_RV bad = CKR_MECHANISM_PARAM_INVALID;
	assert_int_equal(run(CKM_TLS12_MASTER_KEY_DERIVE_DH, PARAM(m), base,
			     none, 0, &out),
			 bad);
	assert_int_equal(run(CKM_TLS12_MASTER_KEY_DERIVE, PARAM(m),
			     text("short"), none, 0, &out),
			 CKR_KEY_SIZE_RANGE);
	assert_int_equal(run(CKM_TLS12_MASTER_KEY_DERIVE, PARAM(m), base, none,
			     47, &out),
			 CKR_KEY_SIZE_RANGE);
	assert_int_equal(run(CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE, PARAM(e),
			     text("short"), none, 0, &out),
			 CKR_KEY_SIZE_RANGE);
	assert_int_equal(version.major, 9);
	assert_int_equal(run(CKM_TLS12_MASTER_KEY_DERIVE, PARAM(m), base, none,
			     48, &out),
			 CKR_OK);
	assert_int_equal(version.major, 3);
	assert_int_equal(version.minor, 3);
	assert_int_equal(kdf_tls_prf(CKM_SHA256, base,
				     text("master secretclientserver"), 48,
				     &wanted),
			 CKR_OK);
	assert_same(builder_read(&out), builder_read(&wanted));
	assert_int_equal(run(CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE_DH, PARAM(e),
			     base, none, 0, &out),
			 CKR_OK);
	builder_reset(&wanted);
	assert_int_equal(kdf_tls_prf(CKM_SHA384, base,
				     text("extended master secrethash"), 48,
				     &wanted),
			 CKR_OK);
	assert_same(builder_read(&out), builder_read(&wanted));
	assert_int_equal(run(CKM_TLS12_KDF, PARAM(k), base, none, 0, &out),
			 CKR_TEMPLATE_INCOMPLETE);
	assert_int_equal(run(CKM_TLS12_KDF, PARAM(k), base, none, 33, &out),
			 CKR_OK);
	builder_reset(&wanted);
	assert_int_equal(kdf_tls_prf(CKM_SHA256, base,
				     cursor_of("labelclientserver\0\3ctx", 22),
				     33, &wanted),
			 CKR_OK);
	assert_same(builder_read(&out), builder_read(&wanted));
	k.prfMechanism = CKM_SHA256_HMAC; /* no PRF of TLS */
	assert_int_equal(run(CKM_TLS12_KDF, PARAM(k), base, none, 33, &out),
			 bad);
	builder_free(&out);
	builder_free(&wanted);
}

/* TLS 1.0 has parameters of its own, without a hash. */
static void
test_tls_old(void **state)
{
	static const char premaster[] =
		"\x03\x02 forty-six bytes more, as RSA brings them....";
	const struct cursor base = cursor_of(premaster, 48), none = text("");
	CK_VERSION version = { 9, 9 };
	CK_SSL3_RANDOM_DATA random = { (CK_BYTE *)"client", 6,
				       (CK_BYTE *)"server", 6 };
	CK_SSL3_MASTER_KEY_DERIVE_PARAMS m = { random, &version };
	CK_TLS12_MASTER_KEY_DERIVE_PARAMS other = { random, &version,
						    CKM_SHA256 };
	struct builder out = builder_heap(KDF_SIZE_MAX);
	struct builder wanted = builder_heap(KDF_SIZE_MAX);
	const CK_RV bad = CKR_MECHANISM_PARAM_INVALID;
	assert_int_equal(run(CKM_TLS_MASTER_KEY_DERIVE, PARAM(other), base,
			     none, 0, &out),
			 bad);
	assert_int_equal(run(CKM_TLS_MASTER_KEY_DERIVE_DH, PARAM(m), base,
			     none, 0, &out),
			 bad);
	assert_int_equal(run(CKM_TLS_MASTER_KEY_DERIVE, PARAM(m), text("short"),
			     none, 0, &out),
			 CKR_KEY_SIZE_RANGE);
	assert_int_equal(run(CKM_TLS_MASTER_KEY_DERIVE, PARAM(m), base, none,
			     0, &out),
			 CKR_OK);
	assert_int_equal(version.minor, 2);
	assert_int_equal(kdf_tls_prf(CKM_TLS_PRF, base,
				     text("master secretclientserver"), 48,
				     &wanted),
			 CKR_OK);
	assert_same(builder_read(&out), builder_read(&wanted));
	builder_free(&out);
	builder_free(&wanted);
}

/* RFC 6070 */
static void
test_pbkdf2(void **state)
{
	struct builder out = builder_heap(KDF_SIZE_MAX);
	CK_PKCS5_PBKD2_PARAMS2 p = { CKZ_SALT_SPECIFIED,
				     (void *)"salt",
				     4,
				     2,
				     CKP_PKCS5_PBKD2_HMAC_SHA1,
				     NULL,
				     0,
				     (CK_UTF8CHAR *)"password",
				     8 };
	CK_MECHANISM m = { CKM_PKCS5_PBKD2, PARAM(p) };
	assert_int_equal(kdf_pbkdf2(&m, 20, &out), CKR_OK);
	assert_hex(builder_read(&out),
		   "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957");
	/* the length by a pointer, as NSS and CK_PKCS5_PBKD2_PARAMS have it */
	CK_ULONG length = 8;
	builder_reset(&out);
	p.ulPasswordLen = (CK_ULONG)&length;
	assert_int_equal(kdf_pbkdf2(&m, 20, &out), CKR_OK);
	assert_hex(builder_read(&out),
		   "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957");
	p.ulPasswordLen = CK_UNAVAILABLE_INFORMATION;
	assert_int_equal(kdf_pbkdf2(&m, 20, &out), CKR_MECHANISM_PARAM_INVALID);
	p.ulPasswordLen = 0;
	assert_int_equal(kdf_pbkdf2(&m, 20, &out), CKR_OK);
	p.iterations = 0;
	assert_int_equal(kdf_pbkdf2(&m, 20, &out), CKR_MECHANISM_PARAM_INVALID);
	p.iterations = 2, p.prf = CKP_PKCS5_PBKD2_HMAC_GOSTR3411;
	assert_int_equal(kdf_pbkdf2(&m, 20, &out), CKR_MECHANISM_PARAM_INVALID);
	p.prf = CKP_PKCS5_PBKD2_HMAC_SHA1, p.pPassword = NULL;
	p.ulPasswordLen = 3;
	assert_int_equal(kdf_pbkdf2(&m, 20, &out), CKR_MECHANISM_PARAM_INVALID);
	m.ulParameterLen--;
	assert_int_equal(kdf_pbkdf2(&m, 20, &out), CKR_MECHANISM_PARAM_INVALID);
	builder_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/crypto/kdf/refused", test_refused),
		CASE("/crypto/kdf/sp800/refused", test_sp800_refused),
		CASE("/crypto/kdf/simple", test_simple),
		CASE("/crypto/kdf/hkdf", test_hkdf),
		CASE("/crypto/kdf/sp800/judged", test_sp800_judged),
		CASE("/crypto/kdf/sp800/pipeline", test_pipeline),
		CASE("/crypto/kdf/agreed", test_agreed),
		CASE("/crypto/kdf/tls-prf", test_tls_prf),
		CASE("/crypto/kdf/tls-prf/old", test_tls_prf_old),
		CASE("/crypto/kdf/tls-secrets", test_tls_secrets),
		CASE("/crypto/kdf/tls-secrets/old", test_tls_old),
		CASE("/crypto/kdf/pbkdf2", test_pbkdf2),
	};
	int failed =
		cmocka_run_group_tests_name("/crypto/kdf", tests, NULL, NULL);
	crypto_close();
	return failed;
}
