/* pkcs11/aead.c: parameters with an IV to be made, and the IVs. */
#include <string.h>

#include "../../../pkcs11/aead.h"
#include "fake.h"

enum { IV = 12 };

static CK_BYTE iv[IV], tag[16];

static CK_RV
read_gcm(CK_GENERATOR_FUNCTION generator, CK_ULONG fixed, struct aead *a)
{
	CK_GCM_MESSAGE_PARAMS p = { iv, IV, fixed, generator, tag, 128 };

	return aead_read_message(CKM_AES_GCM, &p, sizeof(p), a);
}

static void
test_bad(void **state)
{
	CK_GCM_MESSAGE_PARAMS p = { iv, IV, 0, CKG_GENERATE, tag, 127 };
	CK_CCM_MESSAGE_PARAMS ccm = { 1, iv, IV, 0, CKG_GENERATE, NULL, 16 };
	CK_RV bad = CKR_MECHANISM_PARAM_INVALID;
	struct aead a;

	assert_int_equal(aead_read_message(CKM_AES_GCM, &p, sizeof(p), &a),
			 bad);
	assert_int_equal(aead_read_message(CKM_AES_GCM, &p, sizeof(p) - 1, &a),
			 bad);
	assert_int_equal(aead_read_message(CKM_AES_GCM, NULL, sizeof(p), &a),
			 bad);
	p.ulTagBits = 8 * (AEAD_TAG_MAX + 1);
	assert_int_equal(aead_read_message(CKM_AES_GCM, &p, sizeof(p), &a),
			 bad);
	assert_int_equal(aead_read_message(CKM_AES_CCM, &ccm, sizeof(ccm), &a),
			 bad);
	assert_int_equal(aead_read_message(CKM_AES_CBC, &p, sizeof(p), &a),
			 CKR_MECHANISM_INVALID);
	p.ulTagBits = 128;
	p.ulIvLen = AEAD_IV_MAX + 1;
	assert_int_equal(aead_read_message(CKM_AES_GCM, &p, sizeof(p), &a),
			 bad);
}

/* What says how an IV is made is looked at when one is to be made: of a message
 * that is decrypted it is ignored. */
static void
test_bad_maker(void **state)
{
	CK_RV bad = CKR_MECHANISM_PARAM_INVALID;
	struct iv_maker m = { 0 };
	struct aead a;

	assert_int_equal(read_gcm(CKG_GENERATE, 97, &a), CKR_OK);
	assert_int_equal(iv_make(&m, &a), bad);
	assert_int_equal(iv_make_once(&m, &a), bad);
	assert_int_equal(read_gcm(CKG_GENERATE_COUNTER, 97, &a), CKR_OK);
	assert_int_equal(iv_make(&m, &a), bad);
	assert_int_equal(read_gcm(CKG_GENERATE_COUNTER_XOR + 1, 0, &a), CKR_OK);
	assert_int_equal(iv_make(&m, &a), bad);
	assert_int_equal(iv_make_once(&m, &a), bad);
}

/* The fixed bits stay, down to the single bit. */
static void
test_fixed_bits(void **state)
{
	struct iv_maker m = { 0 };
	struct aead a;

	memset(iv, 0xff, IV);
	assert_int_equal(read_gcm(CKG_GENERATE_COUNTER, 11, &a), CKR_OK);
	assert_int_equal(iv_make(&m, &a), CKR_OK);
	assert_int_equal(m.last[0], 0xff);
	assert_int_equal(m.last[1], 0xe0);
	assert_int_equal(m.last[2], 0);
	/* nothing of the caller's before it is given */
	assert_int_equal(iv[11], 0xff);
	iv_give(&m, &a);
	assert_int_equal(iv[11], 0);
}

/* One bit is free: two IVs, whoever counts. */
static void
test_exhausted(void **state)
{
	struct iv_maker m = { 0 };
	struct aead a;

	assert_int_equal(read_gcm(CKG_GENERATE_COUNTER, 95, &a), CKR_OK);
	assert_int_equal(iv_make(&m, &a), CKR_OK);
	assert_int_equal(read_gcm(CKG_GENERATE, 95, &a), CKR_OK);
	assert_int_equal(iv_make(&m, &a), CKR_OK);
	assert_int_equal(iv_make(&m, &a), CKR_MECHANISM_PARAM_INVALID);
	m.count = UINT64_MAX;
	assert_int_equal(read_gcm(CKG_GENERATE, 0, &a), CKR_OK);
	assert_int_equal(iv_make(&m, &a), CKR_MECHANISM_PARAM_INVALID);
}

/* CKG_GENERATE never makes one twice, though the bits are few. */
static void
test_distinct(void **state)
{
	struct iv_maker m = { 0 };
	uint8_t seen[32] = { 0 };
	struct aead a;
	int i;

	assert_int_equal(read_gcm(CKG_GENERATE, 88, &a), CKR_OK);
	for (i = 0; i < 256; i++) {
		uint8_t bit;

		assert_int_equal(iv_make(&m, &a), CKR_OK);
		bit = (uint8_t)(1u << (m.last[11] % 8));
		assert_false(seen[m.last[11] / 8] & bit);
		seen[m.last[11] / 8] |= bit;
	}
	assert_int_equal(iv_make(&m, &a), CKR_MECHANISM_PARAM_INVALID);
}

/* An IV shorter than the counter. */
static void
test_short(void **state)
{
	CK_GCM_MESSAGE_PARAMS p = { iv, 2, 4, CKG_GENERATE_COUNTER, tag, 128 };
	struct iv_maker m = { .count = 0x123 };
	struct aead a;

	iv[0] = 0xff;
	assert_int_equal(aead_read_message(CKM_AES_GCM, &p, sizeof(p), &a),
			 CKR_OK);
	assert_int_equal(iv_make(&m, &a), CKR_OK);
	assert_int_equal(m.last[0], 0xf1);
	assert_int_equal(m.last[1], 0x23);
}

static void
test_wrap(void **state)
{
	CK_BYTE text[] = { 7 };
	CK_GCM_WRAP_PARAMS gcm = { iv, IV, 0, CKG_GENERATE, text, 1, 128 };
	CK_CCM_WRAP_PARAMS ccm = { 9,    iv, IV, 0, CKG_NO_GENERATE,
				   NULL, 1,  16 };
	CK_MECHANISM m = { CKM_AES_GCM, &gcm, sizeof(gcm) };
	struct aead a;

	assert_true(aead_is_wrap(&m));
	assert_int_equal(aead_read_wrap(&m, &a), CKR_OK);
	assert_null(a.tag);
	assert_int_equal(a.tag_size, 16);
	assert_int_equal(a.aad.left, 1);
	m.ulParameterLen = sizeof(CK_GCM_PARAMS);
	assert_false(aead_is_wrap(&m));
	m = (CK_MECHANISM){ CKM_AES_CCM, &ccm, sizeof(ccm) };
	assert_true(aead_is_wrap(&m));
	assert_int_equal(aead_read_wrap(&m, &a), CKR_MECHANISM_PARAM_INVALID);
}

int
main(void)
{
	static const struct CMUnitTest list[] = {
		CASE_PLAIN("/pkcs11/aead/bad", test_bad),
		CASE_PLAIN("/pkcs11/aead/bad-maker", test_bad_maker),
		CASE_PLAIN("/pkcs11/aead/fixed-bits", test_fixed_bits),
		CASE_PLAIN("/pkcs11/aead/exhausted", test_exhausted),
		CASE_PLAIN("/pkcs11/aead/distinct", test_distinct),
		CASE_PLAIN("/pkcs11/aead/short", test_short),
		CASE_PLAIN("/pkcs11/aead/wrap", test_wrap),
	};

	return cmocka_run_group_tests(list, NULL, NULL);
}
