/* 6.11 to 6.16, 6.59: ciphers with secret keys, at the limits of their
 * parameters and lengths. */
#include "crypt.h"

enum { BLOCK = 16, TAG = 16, TEXT = 48, ROOM = 160 };

static CK_BYTE text[ROOM] = "what is said here goes on up to a limit, or over";
static CK_BYTE out[ROOM], plain[ROOM];
static CK_BYTE zeros[BLOCK], ones[BLOCK] = {
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
};
static const CK_GCM_PARAMS gcm = { zeros, 12, 96, text, 5, 8 * TAG };
static CK_CCM_PARAMS ccm = { TEXT, zeros, 12, text, 5, TAG };

static CK_OBJECT_HANDLE
aes_key(CK_MECHANISM_TYPE type)
{
	need_mechanism(type, CKF_ENCRYPT | CKF_DECRYPT);
	return secret_make(CKK_AES, 16, CKF_ENCRYPT | CKF_DECRYPT);
}

static CK_OBJECT_HANDLE
chacha_key(void)
{
	need_mechanism(CKM_CHACHA20, CKF_ENCRYPT | CKF_DECRYPT);
	return secret_make(CKK_CHACHA20, 32, CKF_ENCRYPT | CKF_DECRYPT);
}

/* 6.13.7: an IV of 1 byte and more, a tag of 128 bits and less. */
static void
test_gcm(void **state)
{
	CK_OBJECT_HANDLE key = aes_key(CKM_AES_GCM);
	CK_MECHANISM_TYPE type = CKM_AES_GCM;
	CK_GCM_PARAMS bad = gcm;

	bad.ulIvLen = 0;
	assert_param_invalid(type, &bad, sizeof(bad), key);
	bad = gcm;
	bad.pIv = NULL;
	assert_param_invalid(type, &bad, sizeof(bad), key);
	bad = gcm;
	bad.pAAD = NULL;
	assert_param_invalid(type, &bad, sizeof(bad), key);
	bad = gcm;
	bad.ulTagBits = 129;
	assert_param_invalid(type, &bad, sizeof(bad), key);
	bad.ulTagBits = 136;
	assert_param_invalid(type, &bad, sizeof(bad), key);
	bad.ulTagBits = (CK_ULONG)-8;
	assert_param_invalid(type, &bad, sizeof(bad), key);
	bad = gcm;
	bad.pAAD = NULL;
	bad.ulAADLen = 0;
	bad.ulIvLen = 1;
	bad.ulIvBits = 0; /* "Do no use ulIvBits" */
	bad.ulTagBits = 96;
	assert_ok(crypt_begin(type, &bad, sizeof(bad), true, key));
}

/* 5.1.6: "Which parameter values are supported by a given mechanism can vary
 * from token to token": SP 800-38D has no tag below 32 bits, and OpenSSL no IV
 * above 128 bytes. */
static void
test_gcm_values(void **state)
{
	static CK_BYTE long_iv[129];
	CK_OBJECT_HANDLE key = aes_key(CKM_AES_GCM);
	CK_GCM_PARAMS p = gcm;

	need_strict();
	p.ulTagBits = 24;
	assert_param_invalid(CKM_AES_GCM, &p, sizeof(p), key);
	p.ulTagBits = 32;
	p.pIv = long_iv;
	p.ulIvLen = 128;
	assert_ok(crypt_begin(CKM_AES_GCM, &p, sizeof(p), false, key));
	assert_ok(suite.p11->C_DecryptInit(suite.session, NULL, 0));
	p.ulIvLen++;
	assert_param_invalid(CKM_AES_GCM, &p, sizeof(p), key);
}

/* 6.13.7: "The length of the AAD can be any number between 0 and 2^32 - 1":
 * nothing is read of more. */
static void
test_gcm_much(void **state)
{
	CK_OBJECT_HANDLE key = aes_key(CKM_AES_GCM);
	CK_GCM_PARAMS bad = gcm;

	bad.ulAADLen = (CK_ULONG)1 << 32;
	assert_param_invalid(CKM_AES_GCM, &bad, sizeof(bad), key);
	bad.ulAADLen = (CK_ULONG)-1;
	assert_param_invalid(CKM_AES_GCM, &bad, sizeof(bad), key);
}

/* 6.13.7: nonces of 7 to 13 bytes, which leave the rest of 15 for the length;
 * MACs of 4, 6, ... 16 bytes. */
static void
test_ccm(void **state)
{
	static const CK_ULONG nonces[] = { 0, 6, 14, (CK_ULONG)-1 };
	static const CK_ULONG macs[] = { 0, 2, 5, 15, 18, (CK_ULONG)-2 };
	CK_OBJECT_HANDLE key = aes_key(CKM_AES_CCM);
	CK_MECHANISM_TYPE type = CKM_AES_CCM;
	CK_CCM_PARAMS bad;
	size_t i;

	for (i = 0; i < sizeof(nonces) / sizeof(nonces[0]); i++) {
		bad = ccm;
		bad.ulNonceLen = nonces[i];
		assert_param_invalid(type, &bad, sizeof(bad), key);
	}
	for (i = 0; i < sizeof(macs) / sizeof(macs[0]); i++) {
		bad = ccm;
		bad.ulMACLen = macs[i];
		assert_param_invalid(type, &bad, sizeof(bad), key);
	}
	bad = ccm;
	bad.pAAD = NULL;
	assert_param_invalid(type, &bad, sizeof(bad), key);
	bad = ccm;
	bad.pNonce = NULL;
	assert_param_invalid(type, &bad, sizeof(bad), key);
	bad = ccm;
	bad.ulNonceLen = 13;
	bad.ulDataLen = 1 << 16;
	assert_param_invalid(type, &bad, sizeof(bad), key);
	bad.ulDataLen--;
	assert_ok(crypt_begin(type, &bad, sizeof(bad), true, key));
}

static void
ccm_begin(bool encrypt, CK_OBJECT_HANDLE key)
{
	assert_ok(crypt_begin(CKM_AES_CCM, &ccm, sizeof(ccm), encrypt, key));
}

/* 6.13.4: "The total length of data processed must be ulDataLen", and so much
 * with the MAC. */
static void
ccm_promise(CK_OBJECT_HANDLE key, CK_ULONG given)
{
	CK_ULONG size = ROOM;

	ccm_begin(true, key);
	assert_rv(CKR_DATA_LEN_RANGE,
		  crypt_single(true, text, given, out, &size));
	assert_over(true);
	ccm_begin(true, key);
	size = ROOM;
	assert_ok(crypt_update(true, text, given, out, &size));
	size = ROOM;
	assert_rv(CKR_DATA_LEN_RANGE, crypt_final(true, out, &size));
	assert_over(true);
	ccm_begin(false, key);
	size = ROOM;
	assert_cannot_decrypt(
		crypt_single(false, text, given + TAG, out, &size));
	ccm_begin(false, key);
	size = ROOM;
	assert_ok(crypt_update(false, text, given + TAG, out, &size));
	size = ROOM;
	assert_cannot_decrypt(crypt_final(false, out, &size));
}

static void
test_ccm_promise(void **state)
{
	CK_OBJECT_HANDLE key = aes_key(CKM_AES_CCM);

	ccm_promise(key, TEXT - 1);
	ccm_promise(key, TEXT + 1);
	ccm_promise(key, 0);
}

/* 6.11.3: "if ulCounterBits = 2 and the counter bits start as 1 then only 3
 * blocks of data can be processed", however wide the counter is. */
static void
counter_overflow(CK_MECHANISM_TYPE type, void *parameter, CK_ULONG size,
		 CK_OBJECT_HANDLE key, CK_ULONG most)
{
	CK_ULONG room = ROOM;

	assert_ok(crypt_begin(type, parameter, size, true, key));
	assert_rv(CKR_DATA_LEN_RANGE,
		  crypt_single(true, text, most + 1, out, &room));
	assert_over(true);
	assert_ok(crypt_begin(type, parameter, size, true, key));
	room = ROOM;
	assert_ok(crypt_update(true, text, most, out, &room));
	assert_int_equal(room, most);
	room = ROOM;
	assert_rv(CKR_DATA_LEN_RANGE, crypt_update(true, text, 1, out, &room));
	assert_over(true);
	assert_ok(crypt_begin(type, parameter, size, false, key));
	room = ROOM;
	assert_cannot_decrypt(crypt_single(false, text, most + 1, out, &room));
	assert_ok(crypt_begin(type, parameter, size, false, key));
	room = ROOM;
	assert_ok(crypt_single(false, out, most, plain, &room));
	assert_int_equal(room, most);
}

static void
test_ctr_overflow(void **state)
{
	static const CK_ULONG wide[] = { 1, 2, 32, 63, 64, 65, 127, 128 };
	CK_OBJECT_HANDLE key = aes_key(CKM_AES_CTR);
	CK_AES_CTR_PARAMS p = { 2, { [15] = 1 } };
	size_t i;

	counter_overflow(CKM_AES_CTR, &p, sizeof(p), key, 3 * BLOCK);
	memcpy(p.cb, ones, BLOCK);
	for (i = 0; i < sizeof(wide) / sizeof(wide[0]); i++) {
		p.ulCounterBits = wide[i];
		counter_overflow(CKM_AES_CTR, &p, sizeof(p), key, BLOCK);
	}
}

/* 6.11.2: "any values outside this range", which is 1 to 128 */
static void
test_ctr_bits(void **state)
{
	CK_OBJECT_HANDLE key = aes_key(CKM_AES_CTR);
	CK_AES_CTR_PARAMS p = { 0, { 0 } };

	assert_param_invalid(CKM_AES_CTR, &p, sizeof(p), key);
	p.ulCounterBits = 129;
	assert_param_invalid(CKM_AES_CTR, &p, sizeof(p), key);
	p.ulCounterBits = (CK_ULONG)-1;
	assert_param_invalid(CKM_AES_CTR, &p, sizeof(p), key);
	p.ulCounterBits = 128;
	assert_ok(crypt_begin(CKM_AES_CTR, &p, sizeof(p), true, key));
}

/* 6.59.5: the counter of the IETF's variant has 32 bits. */
static void
test_chacha_overflow(void **state)
{
	CK_CHACHA20_PARAMS p = { ones, 32, zeros, 96 };

	counter_overflow(CKM_CHACHA20, &p, sizeof(p), chacha_key(), 64);
}

/* 6.59.3: a counter of 32 or 64 bits, with a nonce that goes with it. */
static void
test_chacha(void **state)
{
	CK_OBJECT_HANDLE key = chacha_key();
	CK_CHACHA20_PARAMS p = { zeros, 33, zeros, 96 };

	assert_param_invalid(CKM_CHACHA20, &p, sizeof(p), key);
	p = (CK_CHACHA20_PARAMS){ NULL, 32, zeros, 96 };
	assert_param_invalid(CKM_CHACHA20, &p, sizeof(p), key);
	p = (CK_CHACHA20_PARAMS){ zeros, 32, NULL, 96 };
	assert_param_invalid(CKM_CHACHA20, &p, sizeof(p), key);
	p = (CK_CHACHA20_PARAMS){ zeros, 32, zeros, 95 };
	assert_param_invalid(CKM_CHACHA20, &p, sizeof(p), key);
}

/* 6.16.3: what is wrapped is of whole semiblocks, two at least (RFC 3394),
 * and proven. */
static void
test_wrap_length(void **state)
{
	static const CK_ULONG wrong[] = { 0, 8, 15, 17 };
	CK_OBJECT_HANDLE key = aes_key(CKM_AES_KEY_WRAP);
	CK_MECHANISM_TYPE type = CKM_AES_KEY_WRAP;
	CK_ULONG size = ROOM;
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_ok(crypt_begin(type, NULL, 0, true, key));
		size = ROOM;
		assert_rv(CKR_DATA_LEN_RANGE,
			  crypt_single(true, text, wrong[i], out, &size));
		assert_ok(crypt_begin(type, NULL, 0, false, key));
		size = ROOM;
		assert_cannot_decrypt(
			crypt_single(false, text, wrong[i] + 8, plain, &size));
	}
	assert_ok(crypt_begin(type, NULL, 0, true, key));
	size = 23;
	assert_rv(CKR_BUFFER_TOO_SMALL,
		  crypt_single(true, text, 16, out, &size));
	assert_int_equal(size, 24);
	assert_ok(crypt_single(true, text, 16, out, &size));
	out[3] ^= 1;
	assert_ok(crypt_begin(type, NULL, 0, false, key));
	size = ROOM;
	assert_rv(CKR_ENCRYPTED_DATA_INVALID,
		  crypt_single(false, out, 24, plain, &size));
}

/* 6.16.2: no IV, or one of 8 bytes; of KWP 4. */
static void
test_wrap_iv(void **state)
{
	CK_OBJECT_HANDLE key = aes_key(CKM_AES_KEY_WRAP);

	assert_param_invalid(CKM_AES_KEY_WRAP, zeros, 4, key);
	assert_param_invalid(CKM_AES_KEY_WRAP, zeros, 7, key);
	assert_param_invalid(CKM_AES_KEY_WRAP, zeros, 16, key);
	assert_ok(crypt_begin(CKM_AES_KEY_WRAP, zeros, 8, false, key));
	key = aes_key(CKM_AES_KEY_WRAP_KWP);
	assert_rv(CKR_MECHANISM_PARAM_INVALID,
		  crypt_begin(CKM_AES_KEY_WRAP_KWP, zeros, 3, true, key));
	assert_rv(CKR_MECHANISM_PARAM_INVALID,
		  crypt_begin(CKM_AES_KEY_WRAP_KWP, zeros, 8, true, key));
	assert_ok(crypt_begin(CKM_AES_KEY_WRAP_KWP, zeros, 4, true, key));
}

/* 6.16.3: "The mechanisms support only single-part operations". */
static void
test_wrap_parts(void **state)
{
	static const CK_MECHANISM_TYPE types[] = { CKM_AES_KEY_WRAP,
						   CKM_AES_KEY_WRAP_KWP };
	CK_ULONG size;
	CK_RV rv;
	size_t i;

	for (i = 0; i < 2; i++) {
		CK_OBJECT_HANDLE key = aes_key(types[i]);

		assert_ok(crypt_begin(types[i], NULL, 0, true, key));
		size = ROOM;
		rv = crypt_update(true, text, 16, out, &size);
		assert_one_of(rv, CKR_OPERATION_NOT_INITIALIZED,
			      CKR_FUNCTION_NOT_SUPPORTED);
		assert_over(true);
		assert_ok(crypt_begin(types[i], NULL, 0, false, key));
		size = ROOM;
		rv = crypt_update(false, text, 24, out, &size);
		assert_one_of(rv, CKR_OPERATION_NOT_INITIALIZED,
			      CKR_FUNCTION_NOT_SUPPORTED);
		assert_over(false);
	}
}

static const struct CMUnitTest list[] = {
	CASE("/limit/gcm", test_gcm),
	CASE("/limit/gcm/values", test_gcm_values),
	CASE("/limit/gcm/much", test_gcm_much),
	CASE("/limit/ccm", test_ccm),
	CASE("/limit/ccm/promise", test_ccm_promise),
	CASE("/limit/ctr", test_ctr_bits),
	CASE("/limit/ctr/overflow", test_ctr_overflow),
	CASE("/limit/chacha20", test_chacha),
	CASE("/limit/chacha20/overflow", test_chacha_overflow),
	CASE("/limit/wrap/length", test_wrap_length),
	CASE("/limit/wrap/iv", test_wrap_iv),
	CASE("/limit/wrap/parts", test_wrap_parts),
};

const struct cases limit_cases = CASES("limit", list);
