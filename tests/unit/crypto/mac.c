/* Tests of crypto/mac.c: what is refused, the RFCs' examples, OpenSSL. */
#include <openssl/hmac.h>

#include "cipher.h"
#include "judge.h"

#define CMAC_KEY "2b7e151628aed2a6abf7158809cf4f3c"

static CK_RV
refusal(CK_MECHANISM_TYPE type, void *param, CK_ULONG size, const char *key)
{
	CK_MECHANISM m = { type, param, size };
	struct mac *mac = mac_new();
	CK_RV rv = mac_start(mac, &m, hex(key));
	if (rv != CKR_OK)
		assert_int_equal(mac_update(mac, text("x")),
				 CKR_OPERATION_NOT_INITIALIZED);
	mac_free(mac);
	return rv;
}

static void
test_refused(void **state)
{
	CK_MAC_GENERAL_PARAMS size = 0;
	const CK_RV bad = CKR_MECHANISM_PARAM_INVALID;
	assert_int_equal(refusal(CKM_AES_CBC, NULL, 0, CMAC_KEY),
			 CKR_MECHANISM_INVALID);
	assert_int_equal(refusal(CKM_AES_CMAC, NULL, 0, "00"),
			 CKR_KEY_SIZE_RANGE);
	assert_int_equal(refusal(CKM_SHA256_HMAC, &size, sizeof(size), "00"),
			 bad);
	assert_int_equal(refusal(CKM_SHA256_HMAC_GENERAL, NULL, 0, "00"), bad);
	assert_int_equal(
		refusal(CKM_SHA256_HMAC_GENERAL, &size, sizeof(size), "00"),
		bad);
	size = 33;
	assert_int_equal(
		refusal(CKM_SHA256_HMAC_GENERAL, &size, sizeof(size), "00"),
		bad);
	size = 17;
	assert_int_equal(
		refusal(CKM_AES_CMAC_GENERAL, &size, sizeof(size), CMAC_KEY),
		bad);
	size = 9;
	assert_int_equal(
		refusal(CKM_DES3_CMAC_GENERAL, &size, sizeof(size),
			"0123456789abcdef23456789abcdef01456789abcdef0123"),
		bad);
	assert_int_equal(refusal(CKM_AES_GMAC, NULL, 0, CMAC_KEY), bad);
}

static void
test_tls_refused(void **state)
{
	CK_TLS_MAC_PARAMS p = { CKM_SHA256, 12, 3 };
	const CK_RV bad = CKR_MECHANISM_PARAM_INVALID;
	assert_int_equal(refusal(CKM_TLS_MAC, NULL, 0, "00"), bad);
	assert_int_equal(refusal(CKM_TLS_MAC, &p, sizeof(p), "00"), bad);
	p.ulServerOrClient = 1, p.ulMacLength = 0;
	assert_int_equal(refusal(CKM_TLS_MAC, &p, sizeof(p), "00"), bad);
	p.ulMacLength = 65;
	assert_int_equal(refusal(CKM_TLS_MAC, &p, sizeof(p), "00"), bad);
	p.ulMacLength = 12, p.prfHashMechanism = CKM_SHA256_HMAC;
	assert_int_equal(refusal(CKM_TLS12_MAC, &p, sizeof(p), "00"), bad);
	p.prfHashMechanism = CKM_SHA256;
	assert_int_equal(refusal(CKM_TLS12_MAC, &p, sizeof(p) - 1, "00"), bad);
}

/* Both values were computed from RFC 5246, 7.4.9 and RFC 4346, 5 with Python's
 * hmac. */
static void
test_tls(void **state)
{
	static const struct {
		CK_TLS_MAC_PARAMS param;
		const char *mac;
	} macs[] = {
		{ { CKM_SHA256, 12, 2 }, "afce131bfff53dd4a035b32b" },
		{ { CKM_TLS_PRF, 12, 1 }, "e4bdf208134b083ca142d987" },
	};
	for (size_t i = 0; i < COUNT(macs); i++) {
		CK_TLS_MAC_PARAMS p = macs[i].param;
		CK_MECHANISM mechanism = { CKM_TLS_MAC, &p, sizeof(p) };
		uint8_t space[64];
		struct builder out = builder_over(space, sizeof(space));
		struct mac *m = mac_new();
		assert_int_equal(mac_start(m, &mechanism,
					   text("0123456789abcdef")),
				 CKR_OK);
		assert_int_equal(mac_size(m), 12);
		assert_int_equal(mac_update(m, text("a")), CKR_OK);
		struct mac *copy = mac_copy(m);
		assert_int_equal(mac_update(m, text("bc")), CKR_OK);
		assert_int_equal(mac_finish(m, &out), CKR_OK);
		assert_hex(builder_read(&out), macs[i].mac);
		assert_non_null(copy);
		assert_int_equal(mac_update(copy, text("bc")), CKR_OK);
		assert_int_equal(mac_verify(copy, builder_read(&out)), CKR_OK);
		mac_free(copy);
		assert_int_equal(mac_start(m, &mechanism,
					   text("0123456789abcdeX")),
				 CKR_OK);
		assert_int_equal(mac_update(m, text("abc")), CKR_OK);
		assert_int_equal(mac_verify(m, builder_read(&out)),
				 CKR_SIGNATURE_INVALID);
		mac_free(m);
	}
}

static CK_ULONG ten = 10;
static uint8_t gmac_iv[] = { 0xCA, 0xFE, 0xBA, 0xBE, 0xFA, 0xCE,
			     0xDB, 0xAD, 0xDE, 0xCA, 0xF8, 0x88 };
static uint8_t gmac_aad[] = { 'a', 'b' };
static CK_GCM_PARAMS gmac = { gmac_iv, 12, 96, gmac_aad, 2, 96 };

/* RFC 4231, case 2; RFC 4493, 4; the rest agrees with OpenSSL below. */
static const struct known {
	CK_MECHANISM mechanism;
	const char *key, *data, *mac;
} known[] = {
	{ { CKM_SHA224_HMAC, NULL, 0 },
	  "4a656665",
	  "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
	  "a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44" },
	{ { CKM_SHA256_HMAC, NULL, 0 },
	  "4a656665",
	  "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
	  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
	{ { CKM_SHA256_HMAC_GENERAL, &ten, sizeof(ten) },
	  "4a656665",
	  "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
	  "5bdcc146bf60754e6a04" },
	{ { CKM_SHA384_HMAC, NULL, 0 },
	  "4a656665",
	  "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
	  "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
	  "8e2240ca5e69e2c78b3239ecfab21649" },
	{ { CKM_AES_CMAC, NULL, 0 },
	  CMAC_KEY,
	  "",
	  "bb1d6929e95937287fa37d129b756746" },
	{ { CKM_AES_CMAC, NULL, 0 },
	  CMAC_KEY,
	  "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
	  "30c81c46a35ce411",
	  "dfa66747de9ae63030ca32611497c827" },
	{ { CKM_AES_CMAC_GENERAL, &ten, sizeof(ten) },
	  CMAC_KEY,
	  "6bc1bee22e409f96e93d7e117393172a",
	  "070a16b46b4d4144f79b" },
	{ { CKM_AES_GMAC, gmac_iv, sizeof(gmac_iv) },
	  "feffe9928665731c6d6a8f9467308308",
	  "61626364",
	  "4d44f2b0ff0c5c53960fb35d43e46166" },
	{ { CKM_AES_GMAC, &gmac, sizeof(gmac) },
	  "feffe9928665731c6d6a8f9467308308",
	  "6364",
	  "4d44f2b0ff0c5c53960fb35d" },
};

static void
sign(struct mac *m, const struct known *k, size_t part, struct builder *out)
{
	struct cursor data = hex(k->data);
	assert_int_equal(mac_start(m, &k->mechanism, hex(k->key)), CKR_OK);
	while (data.left > 0) {
		size_t now = part < data.left ? part : data.left;
		assert_int_equal(mac_update(m, cursor_take(&data, now)),
				 CKR_OK);
	}
	if (out != NULL)
		assert_int_equal(mac_finish(m, out), CKR_OK);
}

/* All after all others. */
static void
test_known(void **state)
{
	struct mac *m = mac_new();
	for (size_t i = 0; i < COUNT(known); i++)
		for (size_t j = 0; j < COUNT(known); j++) {
			uint8_t space[64];
			struct builder out = builder_over(space, sizeof(space));
			const struct known *k = &known[j];
			sign(m, &known[i], 7, NULL);
			sign(m, k, i + 1, &out);
			assert_hex(builder_read(&out), k->mac);
			assert_int_equal(mac_size(m), hex(k->mac).left);
		}
	mac_free(m);
}

static void
test_verify(void **state)
{
	struct mac *m = mac_new();
	for (size_t i = 0; i < COUNT(known); i++) {
		uint8_t *kept = copy_of(hex(known[i].mac));
		struct cursor good = cursor_of(kept, hex(known[i].mac).left);
		for (size_t at = 0; at < good.left; at++) {
			uint8_t *bad = copy_of(good);
			bad[at] ^= 1;
			sign(m, &known[i], 99, NULL);
			assert_int_equal(
				mac_verify(m, cursor_of(bad, good.left)),
				CKR_SIGNATURE_INVALID);
			sign(m, &known[i], 99, NULL);
			assert_int_equal(mac_verify(m, cursor_of(bad, at)),
					 CKR_SIGNATURE_LEN_RANGE);
			free(bad);
		}
		sign(m, &known[i], 99, NULL);
		assert_int_equal(mac_verify(m, good), CKR_OK);
		free(kept);
	}
	mac_free(m);
}

/* Every HMAC, and an empty key, by OpenSSL. */
static void
test_judged(void **state)
{
	static const struct {
		CK_MECHANISM_TYPE type;
		enum digest digest;
	} macs[] = {
		{ CKM_SHA_1_HMAC, DIGEST_SHA1 },
		{ CKM_SHA512_HMAC, DIGEST_SHA512 },
		{ CKM_SHA512_224_HMAC, DIGEST_SHA512_224 },
		{ CKM_SHA512_256_HMAC, DIGEST_SHA512_256 },
		{ CKM_SHA3_224_HMAC, DIGEST_SHA3_224 },
		{ CKM_SHA3_256_HMAC, DIGEST_SHA3_256 },
		{ CKM_SHA3_384_HMAC, DIGEST_SHA3_384 },
		{ CKM_SHA3_512_HMAC, DIGEST_SHA3_512 },
		{ CKM_BLAKE2B_512_HMAC, DIGEST_BLAKE2B },
	};
	static const uint8_t key[200] = { 1, 2, 3 };
	for (size_t i = 0; i < COUNT(macs); i++)
		for (size_t size = 0; size <= sizeof(key); size += 100) {
			CK_MECHANISM mechanism = { macs[i].type, NULL, 0 };
			EVP_MD *md = EVP_MD_fetch(
				NULL, judge_name(macs[i].digest), NULL);
			uint8_t wanted[64], space[64];
			unsigned wanted_size = 0;
			struct builder out = builder_over(space, sizeof(space));
			struct mac *m = mac_new();
			assert_non_null(md);
			HMAC(md, key, (int)size, text("abc").at, 3, wanted,
			     &wanted_size);
			assert_int_equal(
				mac_start(m, &mechanism, cursor_of(key, size)),
				CKR_OK);
			assert_int_equal(mac_update(m, text("abc")), CKR_OK);
			assert_int_equal(mac_finish(m, &out), CKR_OK);
			assert_same(builder_read(&out),
				    cursor_of(wanted, wanted_size));
			mac_free(m);
			EVP_MD_free(md);
		}
}

static void
test_takes(void **state)
{
	assert_true(mac_takes(CKM_SHA256_HMAC, CKK_GENERIC_SECRET));
	assert_true(mac_takes(CKM_SHA256_HMAC, CKK_SHA256_HMAC));
	assert_true(mac_takes(CKM_SHA256_HMAC_GENERAL, CKK_SHA256_HMAC));
	assert_false(mac_takes(CKM_SHA256_HMAC, CKK_SHA384_HMAC));
	assert_false(mac_takes(CKM_SHA256_HMAC, CKK_AES));
	assert_true(mac_takes(CKM_AES_CMAC, CKK_AES));
	assert_false(mac_takes(CKM_AES_CMAC, CKK_GENERIC_SECRET));
	assert_false(mac_takes(CKM_AES_CBC, CKK_AES));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/crypto/mac/refused", test_refused),
		CASE("/crypto/mac/tls/refused", test_tls_refused),
		CASE("/crypto/mac/tls/known", test_tls),
		CASE("/crypto/mac/takes", test_takes),
		CASE("/crypto/mac/known", test_known),
		CASE("/crypto/mac/verify", test_verify),
		CASE("/crypto/mac/judged", test_judged),
	};
	int failed =
		cmocka_run_group_tests_name("/crypto/mac", tests, NULL, NULL);
	crypto_close();
	return failed;
}
