/* Tests of crypto/scheme.c: which mechanism and parameter makes which scheme.
 */
#include "judge.h"
#include "message.h"

static CK_RV
parse(CK_MECHANISM_TYPE type, void *param, CK_ULONG size, struct scheme *s)
{
	CK_MECHANISM mechanism = { type, param, size };
	return scheme_parse(&mechanism, s);
}

/* A scheme that no mechanism makes: it must stay as it is on error. */
static const struct scheme untouched = { .kind = SCHEME_RSA_RAW, .salt = 77 };

static void
assert_refused(CK_MECHANISM_TYPE type, void *param, CK_ULONG size, CK_RV wanted)
{
	struct scheme s = untouched;
	assert_int_equal(parse(type, param, size, &s), wanted);
	assert_memory_equal(&s, &untouched, sizeof(s));
}

static void
test_unknown(void **state)
{
	static const CK_MECHANISM_TYPE types[] = {
		CKM_RSA_PKCS_KEY_PAIR_GEN,
		CKM_MD5_RSA_PKCS,
		CKM_SHA256,
		CKM_AES_CBC,
		CKM_XEDDSA,
		CKM_VENDOR_DEFINED,
		CK_UNAVAILABLE_INFORMATION,
	};
	for (size_t i = 0; i < COUNT(types); i++)
		assert_refused(types[i], NULL, 0, CKR_MECHANISM_INVALID);
}

static void
test_unwanted_param(void **state)
{
	uint8_t byte = 0;
	size_t count;
	const struct scheme_row *rows = scheme_rows(&count);
	for (size_t i = 0; i < count; i++) {
		CK_RV wanted = scheme_can(&rows[i])
				       ? CKR_MECHANISM_PARAM_INVALID
				       : CKR_MECHANISM_INVALID;
		if (rows[i].kind == SCHEME_RSA_PSS ||
		    rows[i].kind == SCHEME_RSA_OAEP)
			continue;
		assert_refused(rows[i].type, &byte, 1, wanted);
		assert_refused(rows[i].type, &byte, 0, wanted);
		assert_refused(rows[i].type, NULL, 1, wanted);
	}
}

/* EdDSA's parameter may say that there is nothing to say; what else it may say
 * depends on OpenSSL. */
static void
test_eddsa(void **state)
{
	static uint8_t context[256];
	CK_EDDSA_PARAMS p = { CK_FALSE, 0, NULL };
	struct scheme s;
	assert_int_equal(parse(CKM_EDDSA, &p, sizeof(p), &s), CKR_OK);
	assert_int_equal(s.kind, SCHEME_EDDSA);
	p = (CK_EDDSA_PARAMS){ CK_FALSE, 1, NULL };
	assert_refused(CKM_EDDSA, &p, sizeof(p), CKR_MECHANISM_PARAM_INVALID);
	p = (CK_EDDSA_PARAMS){ CK_FALSE, 256, context };
	assert_refused(CKM_EDDSA, &p, sizeof(p), CKR_MECHANISM_PARAM_INVALID);
	p = (CK_EDDSA_PARAMS){ CK_TRUE, 1, (CK_BYTE *)"c" };
	if (!message_variants()) {
		assert_refused(CKM_EDDSA, &p, sizeof(p),
			       CKR_MECHANISM_PARAM_INVALID);
		p.phFlag = CK_FALSE;
		assert_refused(CKM_EDDSA, &p, sizeof(p),
			       CKR_MECHANISM_PARAM_INVALID);
		return;
	}
	assert_int_equal(parse(CKM_EDDSA, &p, sizeof(p), &s), CKR_OK);
	assert_true(s.prehashed);
	assert_same(s.label, text("c"));
}

/* ML-DSA and SLH-DSA, which a mechanism may name without their being there. */
static void
test_whole(void **state)
{
	static uint8_t context[256];
	CK_SIGN_ADDITIONAL_CONTEXT p = { CKH_DETERMINISTIC_REQUIRED, context,
					 255 };
	CK_HASH_SIGN_ADDITIONAL_CONTEXT h = { CKH_HEDGE_REQUIRED,
					      (CK_BYTE *)"c", 1, CKM_SHA3_384 };
	const CK_RV bad = CKR_MECHANISM_PARAM_INVALID;
	struct scheme s;
	if (!key_type_available(CKK_ML_DSA)) {
		assert_refused(CKM_ML_DSA, &p, sizeof(p),
			       CKR_MECHANISM_INVALID);
		assert_refused(CKM_HASH_SLH_DSA, &h, sizeof(h),
			       CKR_MECHANISM_INVALID);
		return;
	}
	assert_int_equal(parse(CKM_ML_DSA, &p, sizeof(p), &s), CKR_OK);
	assert_true(s.deterministic);
	assert_false(s.prehashed);
	assert_int_equal(s.label.left, 255);
	assert_int_equal(parse(CKM_HASH_SLH_DSA_SHAKE256, &p, sizeof(p), &s),
			 CKR_OK);
	assert_true(s.prehashed);
	assert_int_equal(s.digest, DIGEST_SHAKE256);
	assert_int_equal(parse(CKM_HASH_ML_DSA, &h, sizeof(h), &s), CKR_OK);
	assert_false(s.deterministic);
	assert_true(s.prehashed);
	assert_int_equal(s.digest, DIGEST_NONE);
	assert_int_equal(s.hash, DIGEST_SHA3_384);
	h.hash = CKM_SHA_1;
	assert_refused(CKM_HASH_ML_DSA, &h, sizeof(h), bad);
	h.hash = CKM_SHA256, h.pContext = NULL;
	assert_refused(CKM_HASH_ML_DSA, &h, sizeof(h), bad);
	assert_refused(CKM_HASH_ML_DSA, NULL, 0, bad);
	p.ulContextLen = 256;
	assert_refused(CKM_SLH_DSA, &p, sizeof(p), bad);
	p.ulContextLen = 0, p.hedgeVariant = CKH_DETERMINISTIC_REQUIRED + 1;
	assert_refused(CKM_ML_DSA, &p, sizeof(p), bad);
}

static void
test_pss_refused(void **state)
{
	static const CK_RSA_PKCS_PSS_PARAMS wrong[] = {
		{ CKM_MD5, CKG_MGF1_SHA1, 20 },
		{ CKM_SHA256_RSA_PKCS, CKG_MGF1_SHA256, 32 },
		{ 0, CKG_MGF1_SHA256, 32 },
		{ CKM_SHA256, 0, 32 },
		{ CKM_BLAKE2B_512, CKG_MGF1_SHA256, 32 },
		{ CKM_SHA256, CKG_MGF1_SHA3_512 + 1, 32 },
		{ CKM_SHA256, CKG_MGF1_SHA256, RSA_BITS_MAX / 8 + 1 },
		{ CKM_SHA256, CKG_MGF1_SHA256, (CK_ULONG)-1 },
	};
	CK_RSA_PKCS_PSS_PARAMS p;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		p = wrong[i];
		assert_refused(CKM_RSA_PKCS_PSS, &p, sizeof(p),
			       CKR_MECHANISM_PARAM_INVALID);
	}
	p = (CK_RSA_PKCS_PSS_PARAMS){ CKM_SHA256, CKG_MGF1_SHA256, 32 };
	for (CK_ULONG size = 0; size <= 2 * sizeof(p); size++)
		if (size != sizeof(p))
			assert_refused(CKM_RSA_PKCS_PSS, &p, size,
				       CKR_MECHANISM_PARAM_INVALID);
	assert_refused(CKM_RSA_PKCS_PSS, NULL, sizeof(p),
		       CKR_MECHANISM_PARAM_INVALID);
	assert_refused(CKM_RSA_PKCS_PSS, NULL, 0, CKR_MECHANISM_PARAM_INVALID);
	/* the mechanism's digest is another one */
	assert_refused(CKM_SHA1_RSA_PKCS_PSS, &p, sizeof(p),
		       CKR_MECHANISM_PARAM_INVALID);
	assert_refused(CKM_SHA512_RSA_PKCS_PSS, &p, sizeof(p),
		       CKR_MECHANISM_PARAM_INVALID);
}

static void
test_oaep_refused(void **state)
{
	static uint8_t label[4];
	static const CK_RSA_PKCS_OAEP_PARAMS wrong[] = {
		{ CKM_MD5, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, NULL, 0 },
		{ CKM_SHA_1, 0, CKZ_DATA_SPECIFIED, NULL, 0 },
		{ CKM_SHA_1, CKG_MGF1_SHA1, 2, NULL, 0 },
		{ CKM_SHA_1, CKG_MGF1_SHA1, 0, label, sizeof(label) },
		{ CKM_SHA_1, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, NULL, 4 },
	};
	CK_RSA_PKCS_OAEP_PARAMS p;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		p = wrong[i];
		assert_refused(CKM_RSA_PKCS_OAEP, &p, sizeof(p),
			       CKR_MECHANISM_PARAM_INVALID);
	}
	p = (CK_RSA_PKCS_OAEP_PARAMS){ CKM_SHA_1, CKG_MGF1_SHA1,
				       CKZ_DATA_SPECIFIED, NULL, 0 };
	assert_refused(CKM_RSA_PKCS_OAEP, &p, sizeof(p) - 1,
		       CKR_MECHANISM_PARAM_INVALID);
	assert_refused(CKM_RSA_PKCS_OAEP, NULL, 0, CKR_MECHANISM_PARAM_INVALID);
}

static void
test_plain(void **state)
{
	size_t count, seen = 0;
	const struct scheme_row *rows = scheme_rows(&count);
	for (size_t i = 0; i < count; i++) {
		struct scheme s;
		if (rows[i].kind == SCHEME_RSA_PSS ||
		    rows[i].kind == SCHEME_RSA_OAEP ||
		    scheme_key_type(rows[i].kind) == CKK_ML_DSA ||
		    scheme_key_type(rows[i].kind) == CKK_SLH_DSA)
			continue;
		assert_int_equal(parse(rows[i].type, NULL, 0, &s), CKR_OK);
		assert_int_equal(s.kind, rows[i].kind);
		assert_int_equal(s.digest, rows[i].digest);
		assert_int_equal(s.hash, DIGEST_NONE);
		assert_int_equal(s.mgf, DIGEST_NONE);
		assert_true(cursor_end(&s.label));
		seen++;
	}
	assert_int_equal(seen, 32);
}

static void
test_digests(void **state)
{
	static const struct {
		CK_MECHANISM_TYPE type;
		enum scheme_kind kind;
		enum digest digest;
	} wanted[] = {
		{ CKM_RSA_PKCS, SCHEME_RSA_PKCS1, DIGEST_NONE },
		{ CKM_SHA1_RSA_PKCS, SCHEME_RSA_PKCS1, DIGEST_SHA1 },
		{ CKM_SHA224_RSA_PKCS, SCHEME_RSA_PKCS1, DIGEST_SHA224 },
		{ CKM_SHA256_RSA_PKCS, SCHEME_RSA_PKCS1, DIGEST_SHA256 },
		{ CKM_SHA384_RSA_PKCS, SCHEME_RSA_PKCS1, DIGEST_SHA384 },
		{ CKM_SHA512_RSA_PKCS, SCHEME_RSA_PKCS1, DIGEST_SHA512 },
		{ CKM_RSA_X_509, SCHEME_RSA_RAW, DIGEST_NONE },
		{ CKM_SHA3_224_RSA_PKCS, SCHEME_RSA_PKCS1, DIGEST_SHA3_224 },
		{ CKM_SHA3_256_RSA_PKCS, SCHEME_RSA_PKCS1, DIGEST_SHA3_256 },
		{ CKM_SHA3_384_RSA_PKCS, SCHEME_RSA_PKCS1, DIGEST_SHA3_384 },
		{ CKM_SHA3_512_RSA_PKCS, SCHEME_RSA_PKCS1, DIGEST_SHA3_512 },
		{ CKM_ECDSA_SHA3_224, SCHEME_ECDSA, DIGEST_SHA3_224 },
		{ CKM_ECDSA_SHA3_256, SCHEME_ECDSA, DIGEST_SHA3_256 },
		{ CKM_ECDSA_SHA3_384, SCHEME_ECDSA, DIGEST_SHA3_384 },
		{ CKM_ECDSA_SHA3_512, SCHEME_ECDSA, DIGEST_SHA3_512 },
		{ CKM_ECDSA, SCHEME_ECDSA, DIGEST_NONE },
		{ CKM_ECDSA_SHA1, SCHEME_ECDSA, DIGEST_SHA1 },
		{ CKM_ECDSA_SHA224, SCHEME_ECDSA, DIGEST_SHA224 },
		{ CKM_ECDSA_SHA256, SCHEME_ECDSA, DIGEST_SHA256 },
		{ CKM_ECDSA_SHA384, SCHEME_ECDSA, DIGEST_SHA384 },
		{ CKM_ECDSA_SHA512, SCHEME_ECDSA, DIGEST_SHA512 },
		{ CKM_EDDSA, SCHEME_EDDSA, DIGEST_NONE },
	};
	for (size_t i = 0; i < COUNT(wanted); i++) {
		struct scheme s;
		assert_int_equal(parse(wanted[i].type, NULL, 0, &s), CKR_OK);
		assert_int_equal(s.kind, wanted[i].kind);
		assert_int_equal(s.digest, wanted[i].digest);
	}
}

static void
test_pss(void **state)
{
	static const struct {
		CK_MECHANISM_TYPE type;
		CK_RSA_PKCS_PSS_PARAMS param;
		enum digest digest, hash, mgf;
	} wanted[] = {
		{ CKM_RSA_PKCS_PSS,
		  { CKM_SHA256, CKG_MGF1_SHA1, 11 },
		  DIGEST_NONE,
		  DIGEST_SHA256,
		  DIGEST_SHA1 },
		{ CKM_RSA_PKCS_PSS,
		  { CKM_SHA_1, CKG_MGF1_SHA512, 11 },
		  DIGEST_NONE,
		  DIGEST_SHA1,
		  DIGEST_SHA512 },
		{ CKM_SHA1_RSA_PKCS_PSS,
		  { CKM_SHA_1, CKG_MGF1_SHA1, 11 },
		  DIGEST_SHA1,
		  DIGEST_SHA1,
		  DIGEST_SHA1 },
		{ CKM_SHA224_RSA_PKCS_PSS,
		  { CKM_SHA224, CKG_MGF1_SHA224, 11 },
		  DIGEST_SHA224,
		  DIGEST_SHA224,
		  DIGEST_SHA224 },
		{ CKM_SHA256_RSA_PKCS_PSS,
		  { CKM_SHA256, CKG_MGF1_SHA256, 11 },
		  DIGEST_SHA256,
		  DIGEST_SHA256,
		  DIGEST_SHA256 },
		{ CKM_SHA384_RSA_PKCS_PSS,
		  { CKM_SHA384, CKG_MGF1_SHA384, 11 },
		  DIGEST_SHA384,
		  DIGEST_SHA384,
		  DIGEST_SHA384 },
		{ CKM_SHA512_RSA_PKCS_PSS,
		  { CKM_SHA512, CKG_MGF1_SHA1, 11 },
		  DIGEST_SHA512,
		  DIGEST_SHA512,
		  DIGEST_SHA1 },
	};
	for (size_t i = 0; i < COUNT(wanted); i++) {
		struct scheme s;
		CK_RSA_PKCS_PSS_PARAMS p = wanted[i].param;
		assert_int_equal(parse(wanted[i].type, &p, sizeof(p), &s),
				 CKR_OK);
		assert_int_equal(s.kind, SCHEME_RSA_PSS);
		assert_int_equal(s.digest, wanted[i].digest);
		assert_int_equal(s.hash, wanted[i].hash);
		assert_int_equal(s.mgf, wanted[i].mgf);
		assert_int_equal(s.salt, 11);
	}
}

/* A parameter may lie anywhere in a caller's memory. */
static void
test_odd_address(void **state)
{
	CK_RSA_PKCS_PSS_PARAMS p = { CKM_SHA256, CKG_MGF1_SHA256, 32 };
	uint8_t *bytes = malloc(sizeof(p) + 1);
	struct scheme s;
	assert_non_null(bytes);
	struct cursor c = cursor_of(&p, sizeof(p));
	cursor_copy(&c, bytes + 1, sizeof(p));
	assert_int_equal(parse(CKM_RSA_PKCS_PSS, bytes + 1, sizeof(p), &s),
			 CKR_OK);
	assert_int_equal(s.salt, 32);
	free(bytes);
}

static void
test_oaep(void **state)
{
	char label[] = "label";
	struct scheme s;
	CK_RSA_PKCS_OAEP_PARAMS p = { CKM_SHA256, CKG_MGF1_SHA1,
				      CKZ_DATA_SPECIFIED, label, 5 };
	assert_int_equal(parse(CKM_RSA_PKCS_OAEP, &p, sizeof(p), &s), CKR_OK);
	assert_int_equal(s.kind, SCHEME_RSA_OAEP);
	assert_int_equal(s.digest, DIGEST_NONE);
	assert_int_equal(s.hash, DIGEST_SHA256);
	assert_int_equal(s.mgf, DIGEST_SHA1);
	assert_same(s.label, text("label"));

	p = (CK_RSA_PKCS_OAEP_PARAMS){ CKM_SHA_1, CKG_MGF1_SHA1,
				       CKZ_DATA_SPECIFIED, NULL, 0 };
	assert_int_equal(parse(CKM_RSA_PKCS_OAEP, &p, sizeof(p), &s), CKR_OK);
	assert_true(cursor_end(&s.label));
	p.source = 0;
	assert_int_equal(parse(CKM_RSA_PKCS_OAEP, &p, sizeof(p), &s), CKR_OK);
	assert_true(cursor_end(&s.label));
}

static void
test_rows(void **state)
{
	const CK_FLAGS sign = CKF_SIGN | CKF_VERIFY;
	const CK_FLAGS crypt = CKF_ENCRYPT | CKF_DECRYPT;
	const CK_FLAGS recover = CKF_SIGN_RECOVER | CKF_VERIFY_RECOVER;
	size_t count;
	const struct scheme_row *rows = scheme_rows(&count);
	assert_int_equal(count, 67);
	for (size_t i = 0; i < count; i++) {
		CK_FLAGS wanted = sign;
		if (rows[i].type == CKM_RSA_PKCS_OAEP)
			wanted = crypt;
		if (rows[i].type == CKM_RSA_PKCS ||
		    rows[i].type == CKM_RSA_X_509)
			wanted = sign | crypt | recover;
		if (rows[i].kind == SCHEME_DSA)
			wanted = CKF_VERIFY;
		assert_int_equal(rows[i].flags, wanted);
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(rows[i].type, rows[j].type);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/crypto/scheme/unknown", test_unknown),
		CASE("/crypto/scheme/unwanted-param", test_unwanted_param),
		CASE("/crypto/scheme/eddsa", test_eddsa),
		CASE("/crypto/scheme/whole", test_whole),
		CASE("/crypto/scheme/pss/refused", test_pss_refused),
		CASE("/crypto/scheme/oaep/refused", test_oaep_refused),
		CASE("/crypto/scheme/plain", test_plain),
		CASE("/crypto/scheme/digests", test_digests),
		CASE("/crypto/scheme/pss", test_pss),
		CASE("/crypto/scheme/pss/odd-address", test_odd_address),
		CASE("/crypto/scheme/oaep", test_oaep),
		CASE("/crypto/scheme/rows", test_rows),
	};
	return cmocka_run_group_tests_name("/crypto/scheme", tests, NULL, NULL);
}
