/* Tests of crypto/cipher.c and cipher_setup.c: what is refused, NIST's and the
 * RFCs' examples, parts of all sizes, and each mechanism after each other. */
#include "cipher.h"
#include "judge.h"

enum { OUT_MAX = 512, DATA_MAX = 100 };

#define KEY_128 "2b7e151628aed2a6abf7158809cf4f3c"
#define KEY_256                            \
	"603deb1015ca71be2b73aef0857d7781" \
	"1f352c073b6108d72d9810a30914dff4"
#define KEK_128 "000102030405060708090a0b0c0d0e0f"
#define IV	"000102030405060708090a0b0c0d0e0f"
#define TEXT                               \
	"6bc1bee22e409f96e93d7e117393172a" \
	"ae2d8a571e03ac9c9eb76fac45af8e51"

/* Parameters that point to bytes of the tests. */
static uint8_t gcm_iv[12], gcm_aad[20], ccm_nonce[7], ccm_aad[8];
static uint8_t chacha_nonce[12], chacha_aad[12], chacha_counter[4] = { 1 };
static uint8_t iv_bytes[16], des_iv[8], xts_iv[16];
static CK_AES_CTR_PARAMS ctr = { 128, { 0 } };
static CK_GCM_PARAMS gcm = { gcm_iv, 12, 96, gcm_aad, 20, 128 };
static CK_CCM_PARAMS ccm = { 4, ccm_nonce, 7, ccm_aad, 8, 4 };
static CK_CHACHA20_PARAMS chacha = { chacha_counter, 32, chacha_nonce, 96 };
static CK_SALSA20_CHACHA20_POLY1305_PARAMS poly = { chacha_nonce, 96,
						    chacha_aad, 12 };

static void
put(void *to, size_t size, const char *text)
{
	struct cursor c = hex(text);
	assert_int_equal(c.left, size);
	cursor_copy(&c, to, size);
}

static int
setup(void **state)
{
	put(iv_bytes, 16, IV);
	put(ctr.cb, 16, "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
	put(gcm_iv, 12, "cafebabefacedbaddecaf888");
	put(gcm_aad, 20, "feedfacedeadbeeffeedfacedeadbeefabaddad2");
	put(ccm_nonce, 7, "10111213141516");
	put(ccm_aad, 8, "0001020304050607");
	put(chacha_nonce, 12, "070000004041424344454647");
	put(chacha_aad, 12, "50515253c0c1c2c3c4c5c6c7");
	put(des_iv, 8, "0123456789abcdef");
	return 0;
}

#define PARAM(p) &(p), sizeof(p)

/* SP 800-38A F, GCM's specification B, SP 800-38C C.1, RFC 3394 4.1, RFC 5649
 * 6, IEEE 1619 B, RFC 8439 2.8.2. Those without a result agree with OpenSSL. */
static const struct known {
	CK_MECHANISM mechanism;
	const char *key, *plain, *cipher;
} known[] = {
	{ { CKM_AES_ECB, NULL, 0 },
	  KEY_128,
	  TEXT,
	  "3ad77bb40d7a3660a89ecaf32466ef97f5d3d58503b9699de785895a96fdbaaf" },
	{ { CKM_AES_ECB, NULL, 0 },
	  KEY_256,
	  TEXT,
	  "f3eed1bdb5d2a03c064b5a7e3db181f8591ccb10d410ed26dc5ba74a31362870" },
	{ { CKM_AES_CBC, PARAM(iv_bytes) },
	  KEY_128,
	  TEXT,
	  "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2" },
	{ { CKM_AES_CBC_PAD, PARAM(iv_bytes) },
	  KEY_128,
	  TEXT,
	  "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
	  "55e21d7100b988ffec32feeafaf23538" },
	{ { CKM_AES_CTR, PARAM(ctr) },
	  KEY_128,
	  TEXT,
	  "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff" },
	{ { CKM_AES_OFB, PARAM(iv_bytes) },
	  KEY_128,
	  TEXT,
	  "3b3fd92eb72dad20333449f8e83cfb4a7789508d16918f03f53c52dac54ed825" },
	{ { CKM_AES_CFB8, PARAM(iv_bytes) },
	  KEY_128,
	  "6bc1bee22e409f96e93d7e117393172aae2d",
	  "3b79424c9c0dd436bace9e0ed4586a4f32b9" },
	{ { CKM_AES_CFB128, PARAM(iv_bytes) },
	  KEY_128,
	  TEXT,
	  "3b3fd92eb72dad20333449f8e83cfb4ac8a64537a0b3a93fcde3cdad9f1ce58b" },
	{ { CKM_AES_GCM, PARAM(gcm) },
	  "feffe9928665731c6d6a8f9467308308",
	  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
	  "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
	  "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
	  "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091"
	  "5bc94fbc3221a5db94fae95ae7121a47" },
	{ { CKM_AES_CCM, PARAM(ccm) },
	  "404142434445464748494a4b4c4d4e4f",
	  "20212223",
	  "7162015b4dac255d" },
	{ { CKM_AES_KEY_WRAP, NULL, 0 },
	  KEK_128,
	  "00112233445566778899aabbccddeeff",
	  "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5" },
	{ { CKM_AES_KEY_WRAP_KWP, NULL, 0 },
	  "5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8",
	  "c37b7e6492584340bed12207808941155068f738",
	  "138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a" },
	{ { CKM_AES_KEY_WRAP_KWP, NULL, 0 },
	  "5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8",
	  "466f7250617369",
	  "afbeb0f07dfbf5419200f2ccb50bb24f" },
	{ { CKM_AES_XTS, PARAM(xts_iv) },
	  "00000000000000000000000000000001"
	  "00000000000000000000000000000002",
	  "00000000000000000000000000000000",
	  NULL },
	{ { CKM_AES_CTS, PARAM(iv_bytes) },
	  KEY_128,
	  TEXT,
	  "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2" },
	{ { CKM_AES_CTS, PARAM(iv_bytes) },
	  KEY_128,
	  "6bc1bee22e409f96e93d7e117393172aae2d",
	  NULL },
	{ { CKM_DES3_ECB, NULL, 0 },
	  "0123456789abcdef23456789abcdef01456789abcdef0123",
	  "5468652071756663",
	  "a826fd8ce53b855f" },
	{ { CKM_DES3_CBC, PARAM(des_iv) },
	  "0123456789abcdef23456789abcdef01456789abcdef0123",
	  "54686520717566636b2062726f776e20",
	  NULL },
	{ { CKM_DES3_CBC_PAD, PARAM(des_iv) },
	  "0123456789abcdef23456789abcdef01456789abcdef0123",
	  "5468652071",
	  NULL },
	{ { CKM_CHACHA20, PARAM(chacha) },
	  "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
	  "4c616469657320616e642047656e746c",
	  "d31a8d34648e60db7b86afbc53ef7ec2" },
	{ { CKM_CHACHA20_POLY1305, PARAM(poly) },
	  "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
	  "4c616469657320616e642047656e746c656d656e206f662074686520636c6173"
	  "73206f66202739393a204966204920636f756c64206f6666657220796f75206f"
	  "6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73"
	  "637265656e20776f756c642062652069742e",
	  "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
	  "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
	  "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
	  "3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd060"
	  "0691" },
};

/* In parts of this many bytes; 0: at one stroke. */
static CK_RV
run(struct cipher *c, struct cursor in, size_t part, struct builder *out)
{
	CK_RV rv = CKR_OK;
	if (part == 0) {
		size_t most = cipher_size(c, in.left, true);
		rv = cipher_whole(c, in, out);
		assert_true(rv != CKR_OK || out->used <= most);
		return rv;
	}
	while (rv == CKR_OK && in.left > 0) {
		size_t now = part < in.left ? part : in.left;
		size_t before = out->used, most = cipher_size(c, now, false);
		rv = cipher_update(c, cursor_take(&in, now), out);
		assert_true(rv != CKR_OK || out->used - before == most);
	}
	size_t before = out->used, most = cipher_size(c, 0, true);
	if (rv == CKR_OK)
		rv = cipher_finish(c, out);
	assert_true(out->used - before <= most);
	return rv;
}

static CK_RV
start(struct cipher *c, const struct known *k, bool encrypt)
{
	return cipher_start(c, &k->mechanism, hex(k->key), encrypt);
}

static void
assert_run(struct cipher *c, const struct known *k, bool encrypt, size_t part,
	   struct cursor in, struct cursor wanted)
{
	uint8_t space[OUT_MAX];
	struct builder out = builder_over(space, sizeof(space));
	assert_int_equal(start(c, k, encrypt), CKR_OK);
	if (encrypt && part == 0)
		assert_int_equal(cipher_size(c, in.left, true), wanted.left);
	assert_int_equal(run(c, in, part, &out), CKR_OK);
	assert_same(builder_read(&out), wanted);
}

/* The ciphertext that the table has, or what comes out now. */
static struct cursor
ciphertext(struct cipher *c, const struct known *k, struct builder *out)
{
	if (k->cipher != NULL)
		return hex(k->cipher);
	assert_int_equal(start(c, k, true), CKR_OK);
	assert_int_equal(run(c, hex(k->plain), 0, out), CKR_OK);
	return builder_read(out);
}

static CK_RV
refusal(CK_MECHANISM_TYPE type, void *param, CK_ULONG size, const char *key)
{
	CK_MECHANISM m = { type, param, size };
	struct cipher *c = cipher_new();
	CK_RV rv = cipher_start(c, &m, hex(key), true);
	uint8_t space[16];
	struct builder out = builder_over(space, sizeof(space));
	/* and then it does nothing at all */
	if (rv != CKR_OK)
		assert_int_equal(cipher_update(c, text("x"), &out),
				 CKR_OPERATION_NOT_INITIALIZED);
	cipher_free(c);
	return rv;
}

static void
test_refused(void **state)
{
	CK_GCM_PARAMS g;
	CK_CCM_PARAMS m;
	CK_AES_CTR_PARAMS r = ctr;
	const CK_RV bad = CKR_MECHANISM_PARAM_INVALID;
	assert_int_equal(refusal(CKM_AES_MAC, NULL, 0, KEY_128),
			 CKR_MECHANISM_INVALID);
	assert_int_equal(refusal(CKM_AES_ECB, iv_bytes, 16, KEY_128), bad);
	assert_int_equal(refusal(CKM_AES_CBC, NULL, 0, KEY_128), bad);
	assert_int_equal(refusal(CKM_AES_CBC, NULL, 16, KEY_128), bad);
	assert_int_equal(refusal(CKM_AES_CBC, iv_bytes, 15, KEY_128), bad);
	assert_int_equal(refusal(CKM_AES_CBC, iv_bytes, 16, "00"),
			 CKR_KEY_SIZE_RANGE);
	assert_int_equal(refusal(CKM_AES_CBC, iv_bytes, 16, ""),
			 CKR_KEY_SIZE_RANGE);
	assert_int_equal(refusal(CKM_AES_KEY_WRAP, iv_bytes, 4, KEY_128), bad);
	assert_int_equal(refusal(CKM_AES_KEY_WRAP_KWP, iv_bytes, 8, KEY_128),
			 bad);
	for (r.ulCounterBits = 129;; r.ulCounterBits = 0) {
		assert_int_equal(refusal(CKM_AES_CTR, PARAM(r), KEY_128), bad);
		if (r.ulCounterBits == 0)
			break;
	}
	g = gcm, g.ulTagBits = 129;
	assert_int_equal(refusal(CKM_AES_GCM, PARAM(g), KEY_128), bad);
	g.ulTagBits = 0;
	assert_int_equal(refusal(CKM_AES_GCM, PARAM(g), KEY_128), bad);
	g = gcm, g.ulIvLen = 0;
	assert_int_equal(refusal(CKM_AES_GCM, PARAM(g), KEY_128), bad);
	g = gcm, g.ulIvLen = 1000;
	assert_int_equal(refusal(CKM_AES_GCM, PARAM(g), KEY_128), bad);
	g = gcm, g.pAAD = NULL;
	assert_int_equal(refusal(CKM_AES_GCM, PARAM(g), KEY_128), bad);
	g = gcm;
	assert_int_equal(refusal(CKM_AES_GCM, &g, sizeof(g) - 1, KEY_128), bad);
	m = ccm, m.ulNonceLen = 6;
	assert_int_equal(refusal(CKM_AES_CCM, PARAM(m), KEY_128), bad);
	m = ccm, m.ulMACLen = 5;
	assert_int_equal(refusal(CKM_AES_CCM, PARAM(m), KEY_128), bad);
	m = ccm, m.ulDataLen = (CK_ULONG)-1;
	assert_int_equal(refusal(CKM_AES_CCM, PARAM(m), KEY_128), bad);
	CK_CHACHA20_PARAMS n = chacha;
	n.ulNonceBits = 64;
	assert_int_equal(refusal(CKM_CHACHA20, PARAM(n), KEY_256), bad);
	CK_SALSA20_CHACHA20_POLY1305_PARAMS p = poly;
	p.ulNonceLen = 24;
	assert_int_equal(refusal(CKM_CHACHA20_POLY1305, PARAM(p), KEY_256),
			 bad);
}

static CK_RV
run_of(size_t i, bool encrypt, struct cursor in)
{
	struct cipher *c = cipher_new();
	struct builder out = builder_heap(OUT_MAX);
	assert_int_equal(start(c, &known[i], encrypt), CKR_OK);
	CK_RV whole = run(c, in, 0, &out);
	assert_int_equal(start(c, &known[i], encrypt), CKR_OK);
	builder_reset(&out);
	assert_int_equal(run(c, in, 3, &out), whole);
	builder_free(&out);
	cipher_free(c);
	return whole;
}

/* Every ciphertext that is cut short or changed is refused, by those that can
 * know it. */
static void
test_tampered(void **state)
{
	static const CK_MECHANISM_TYPE proving[] = {
		CKM_AES_GCM,	      CKM_AES_CCM,	     CKM_AES_KEY_WRAP,
		CKM_AES_KEY_WRAP_KWP, CKM_CHACHA20_POLY1305,
	};
	size_t seen = 0;
	for (size_t i = 0; i < COUNT(known); i++) {
		bool proves = false;
		for (size_t j = 0; j < COUNT(proving); j++)
			proves |= proving[j] == known[i].mechanism.mechanism;
		if (!proves)
			continue;
		seen++;
		struct cursor good = hex(known[i].cipher);
		for (size_t at = 0; at < good.left; at++) {
			uint8_t *bad = copy_of(good);
			bad[at] ^= 0x10;
			assert_int_equal(
				run_of(i, false, cursor_of(bad, good.left)),
				CKR_ENCRYPTED_DATA_INVALID);
			struct cursor cut = cursor_of(bad, at);
			assert_int_not_equal(run_of(i, false, cut), CKR_OK);
			free(bad);
		}
	}
	assert_int_equal(seen, 6);
}

static void
test_lengths(void **state)
{
	static const struct {
		CK_MECHANISM_TYPE type;
		size_t size;
	} wrong[] = {
		{ CKM_AES_ECB, 17 },	 { CKM_AES_CBC, 15 },
		{ CKM_AES_CCM, 3 },	 { CKM_AES_CCM, 5 },
		{ CKM_AES_KEY_WRAP, 8 }, { CKM_AES_KEY_WRAP, 17 },
		{ CKM_AES_KEY_WRAP, 0 }, { CKM_AES_KEY_WRAP_KWP, 0 },
		{ CKM_AES_XTS, 15 },	 { CKM_AES_CTS, 15 },
		{ CKM_DES3_CBC, 7 },
	};
	uint8_t *data = copy_of(hex(TEXT));
	for (size_t i = 0; i < COUNT(known); i++)
		for (size_t j = 0; j < COUNT(wrong); j++)
			if (known[i].mechanism.mechanism == wrong[j].type)
				assert_int_equal(
					run_of(i, true,
					       cursor_of(data, wrong[j].size)),
					CKR_DATA_LEN_RANGE);
	assert_int_equal(run_of(3, false, cursor_of(data, 0)),
			 CKR_ENCRYPTED_DATA_LEN_RANGE);
	assert_int_equal(run_of(3, false, cursor_of(data, 17)),
			 CKR_ENCRYPTED_DATA_LEN_RANGE);
	assert_int_equal(run_of(3, false, cursor_of(data, 32)),
			 CKR_ENCRYPTED_DATA_INVALID);
	free(data);
}

static void
test_counter_end(void **state)
{
	CK_AES_CTR_PARAMS p = { 2, { 0 } };
	CK_MECHANISM m = { CKM_AES_CTR, PARAM(p) };
	struct cipher *c = cipher_new();
	uint8_t space[OUT_MAX], data[64] = { 0 };
	struct builder out = builder_over(space, sizeof(space));
	p.cb[15] = 0xFD; /* of four blocks the first is used up */
	assert_int_equal(cipher_start(c, &m, hex(KEY_128), true), CKR_OK);
	assert_int_equal(cipher_update(c, cursor_of(data, 40), &out), CKR_OK);
	assert_int_equal(cipher_update(c, cursor_of(data, 9), &out),
			 CKR_DATA_LEN_RANGE);
	assert_int_equal(cipher_update(c, cursor_of(data, 8), &out), CKR_OK);
	assert_int_equal(out.used, 48);
	cipher_free(c);
}

static void
test_no_room(void **state)
{
	for (size_t i = 0; i < COUNT(known); i++) {
		uint8_t space[OUT_MAX];
		struct cipher *c = cipher_new();
		assert_int_equal(start(c, &known[i], true), CKR_OK);
		size_t size = cipher_size(c, hex(known[i].plain).left, true);
		struct builder out = builder_over(space, size - 1);
		assert_int_equal(cipher_whole(c, hex(known[i].plain), &out),
				 CKR_BUFFER_TOO_SMALL);
		cipher_free(c);
	}
}

/* What a message is told to need grows with it, however long it is. */
static void
test_sizes(void **state)
{
	static const size_t much = (size_t)3 << 30;
	for (size_t i = 0; i < COUNT(known); i++) {
		size_t size = hex(known[i].plain).left;
		struct cipher *c = cipher_new();
		assert_int_equal(start(c, &known[i], true), CKR_OK);
		assert_int_equal(cipher_size(c, much + size, true),
				 much + cipher_size(c, size, true));
		cipher_free(c);
	}
}

static void
test_known(void **state)
{
	for (size_t i = 0; i < COUNT(known); i++)
		for (size_t part = 0; part < 40; part++) {
			const struct known *k = &known[i];
			uint8_t space[OUT_MAX];
			struct builder b = builder_over(space, sizeof(space));
			struct cipher *c = cipher_new();
			struct cursor sealed = ciphertext(c, k, &b);
			assert_run(c, k, true, part, hex(k->plain), sealed);
			assert_run(c, k, false, part, sealed, hex(k->plain));
			cipher_free(c);
		}
}

/* What the standards leave unsaid, OpenSSL says. */
static void
test_judged(void **state)
{
	for (size_t i = 0; i < COUNT(known); i++) {
		const struct known *k = &known[i];
		uint8_t space[OUT_MAX], wanted[OUT_MAX];
		struct builder b = builder_over(space, sizeof(space));
		const char *name = k->mechanism.mechanism == CKM_AES_XTS
					   ? "AES-128-XTS"
				   : k->mechanism.mechanism == CKM_DES3_ECB
					   ? "DES-EDE3-ECB"
					   : "DES-EDE3-CBC";
		int size = 0, rest = 0;
		if (k->cipher != NULL || k->mechanism.mechanism == CKM_AES_CTS)
			continue;
		struct cipher *c = cipher_new();
		struct cursor sealed = ciphertext(c, k, &b), in = hex(k->plain);
		EVP_CIPHER_CTX *judge = EVP_CIPHER_CTX_new();
		EVP_CIPHER *algorithm = EVP_CIPHER_fetch(NULL, name, NULL);
		EVP_EncryptInit_ex2(judge, algorithm, hex(k->key).at,
				    k->mechanism.pParameter, NULL);
		EVP_CIPHER_CTX_set_padding(judge, k->mechanism.mechanism ==
							  CKM_DES3_CBC_PAD);
		EVP_EncryptUpdate(judge, wanted, &size, in.at, (int)in.left);
		EVP_EncryptFinal_ex(judge, wanted + size, &rest);
		assert_same(sealed, cursor_of(wanted, (size_t)(size + rest)));
		EVP_CIPHER_CTX_free(judge);
		EVP_CIPHER_free(algorithm);
		cipher_free(c);
	}
}

/* CS1 (SP 800-38A addendum): the last but one block is cut. */
static void
test_stealing(void **state)
{
	CK_MECHANISM m = { CKM_AES_CTS, PARAM(iv_bytes) };
	uint8_t space[OUT_MAX], data[40] = { 0 };
	struct cipher *c = cipher_new();
	struct builder out = builder_over(space, sizeof(space));
	assert_int_equal(cipher_start(c, &m, hex(KEY_128), true), CKR_OK);
	assert_int_equal(cipher_whole(c, cursor_of(data, 40), &out), CKR_OK);
	assert_int_equal(out.used, 40);
	/* as CBC of the data filled up with zeros has them, less the 8 bytes */
	uint8_t cbc_space[OUT_MAX], filled[48] = { 0 };
	struct builder cbc = builder_over(cbc_space, sizeof(cbc_space));
	m.mechanism = CKM_AES_CBC;
	assert_int_equal(cipher_start(c, &m, hex(KEY_128), true), CKR_OK);
	assert_int_equal(cipher_whole(c, cursor_of(filled, 48), &cbc), CKR_OK);
	assert_memory_equal(space, cbc_space, 24);
	assert_memory_equal(space + 24, cbc_space + 32, 16);
	cipher_free(c);
}

/* Each one after each other one, which was given up half way. */
static void
test_after_each_other(void **state)
{
	struct cipher *c = cipher_new();
	for (size_t i = 0; i < COUNT(known); i++)
		for (size_t j = 0; j < COUNT(known); j++) {
			uint8_t space[OUT_MAX], other[OUT_MAX];
			struct builder b = builder_over(space, sizeof(space));
			struct builder o = builder_over(other, sizeof(other));
			struct cursor sealed = ciphertext(c, &known[j], &b);
			bool encrypt = (i + j) % 2 == 0;
			assert_int_equal(start(c, &known[i], encrypt), CKR_OK);
			assert_int_equal(cipher_update(c, text("abc"), &o),
					 CKR_OK);
			if ((i + j) % 3 == 0)
				cipher_end(c);
			assert_run(c, &known[j], true, 5, hex(known[j].plain),
				   sealed);
			assert_run(c, &known[j], false, 0, sealed,
				   hex(known[j].plain));
		}
	cipher_free(c);
}

/* What rests with its key takes every other mechanism and direction. */
static void
test_at_rest(void **state)
{
	struct cipher *c = cipher_new(), *other = cipher_new();
	for (size_t i = 0; i < COUNT(known); i++)
		for (size_t j = 0; j < COUNT(known); j++) {
			uint8_t space[OUT_MAX], mine[OUT_MAX];
			struct builder b = builder_over(space, sizeof(space));
			struct builder m = builder_over(mine, sizeof(mine));
			struct cursor sealed = ciphertext(other, &known[j], &b);
			struct cursor first = ciphertext(other, &known[i], &m);
			if (strcmp(known[i].key, known[j].key) != 0)
				continue;
			assert_run(c, &known[i], true, 5, hex(known[i].plain),
				   first);
			cipher_rest(c);
			assert_run(c, &known[j], true, 7, hex(known[j].plain),
				   sealed);
			cipher_rest(c);
			assert_run(c, &known[j], false, 0, sealed,
				   hex(known[j].plain));
			cipher_rest(c);
			assert_run(c, &known[i], false, 5, first,
				   hex(known[i].plain));
			/* given up, it does not rest in the middle of things */
			assert_int_equal(start(c, &known[j], true), CKR_OK);
			cipher_end(c);
		}
	cipher_free(c);
	cipher_free(other);
}

static void
test_empty(void **state)
{
	static const CK_MECHANISM_TYPE types[] = { CKM_AES_CBC_PAD, CKM_AES_GCM,
						   CKM_AES_CTR, CKM_AES_ECB };
	static const size_t sizes[] = { 16, 16, 0, 0 };
	for (size_t i = 0; i < COUNT(types); i++) {
		CK_MECHANISM m = { types[i], NULL, 0 };
		for (size_t j = 0; j < COUNT(known); j++)
			if (known[j].mechanism.mechanism == types[i])
				m = known[j].mechanism;
		uint8_t space[OUT_MAX];
		struct builder out = builder_over(space, sizeof(space));
		uint8_t again[OUT_MAX];
		struct builder none = builder_over(again, sizeof(again));
		struct cipher *c = cipher_new();
		assert_int_equal(cipher_start(c, &m, hex(KEY_128), true),
				 CKR_OK);
		assert_int_equal(cipher_whole(c, text(""), &out), CKR_OK);
		assert_int_equal(out.used, sizes[i]);
		assert_int_equal(cipher_start(c, &m, hex(KEY_128), false),
				 CKR_OK);
		assert_int_equal(cipher_whole(c, builder_read(&out), &none),
				 CKR_OK);
		assert_int_equal(none.used, 0);
		cipher_free(c);
	}
}

static void
test_rows(void **state)
{
	size_t count;
	const struct secret_row *rows = cipher_rows(&count);
	for (size_t i = 0; i < count; i++) {
		bool tested = false;
		for (size_t j = 0; j < COUNT(known); j++)
			tested |= known[j].mechanism.mechanism == rows[i].type;
		assert_true(tested);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/crypto/cipher/refused", test_refused),
		CASE("/crypto/cipher/tampered", test_tampered),
		CASE("/crypto/cipher/lengths", test_lengths),
		CASE("/crypto/cipher/counter-end", test_counter_end),
		CASE("/crypto/cipher/no-room", test_no_room),
		CASE("/crypto/cipher/sizes", test_sizes),
		CASE("/crypto/cipher/known", test_known),
		CASE("/crypto/cipher/judged", test_judged),
		CASE("/crypto/cipher/stealing", test_stealing),
		CASE("/crypto/cipher/after-each-other", test_after_each_other),
		CASE("/crypto/cipher/at-rest", test_at_rest),
		CASE("/crypto/cipher/empty", test_empty),
		CASE("/crypto/cipher/rows", test_rows),
	};
	int failed = cmocka_run_group_tests_name("/crypto/cipher", tests, setup,
						 NULL);
	crypto_close();
	return failed;
}
