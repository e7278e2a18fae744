/* Cipher mechanisms and their parameters (PKCS#11 3.2, 6.13 to 6.16, 6.59). */
#include "cipher_setup.h"

enum {
	AES_BLOCK = 16,
	DES_BLOCK = 8,
	HALF_BITS = 64,
	WRAP_IV = 8,	 /* RFC 3394, 2.2.3 */
	WRAP_PAD_IV = 4, /* RFC 5649, 3 */
	CHACHA_IV = 16,	 /* counter and nonce */
	CHACHA_COUNTER = 4,
	CHACHA_BLOCK = 64,
	CHACHA_NONCE = 12,
	CHACHA_TAG = 16,
	TAGGED_IV = 12, /* what OpenSSL takes without being told */
	BITS = 8,
};
/* One call of OpenSSL's takes an int. */
static const uint64_t whole_max = 1u << 30;
/* IEEE 1619, 5.1 */
static const uint64_t xts_max = (uint64_t)AES_BLOCK << 20;

/* OpenSSL's names, by the size of the key. */
static const struct {
	size_t key_size;
	const char *name;
} algorithms[MODES][KEY_SIZES_MAX] = {
#define AES(mode)                                                 \
	{                                                         \
		{ 16, "AES-128-" mode }, { 24, "AES-192-" mode }, \
			{ 32, "AES-256-" mode },                  \
	}
	[MODE_AES_ECB] = AES("ECB"),
	[MODE_AES_CBC] = AES("CBC"),
	[MODE_AES_CTR] = AES("CTR"),
	[MODE_AES_OFB] = AES("OFB"),
	[MODE_AES_CFB8] = AES("CFB8"),
	[MODE_AES_CFB128] = AES("CFB"),
	[MODE_AES_CTS] = AES("CBC-CTS"),
	[MODE_AES_GCM] = AES("GCM"),
	[MODE_AES_CCM] = AES("CCM"),
	[MODE_AES_WRAP] = AES("WRAP"),
	[MODE_AES_WRAP_PAD] = AES("WRAP-PAD"),
	[MODE_AES_XTS] = { { 32, "AES-128-XTS" }, { 64, "AES-256-XTS" } },
	[MODE_DES3_ECB] = { { 24, "DES-EDE3-ECB" } },
	[MODE_DES3_CBC] = { { 24, "DES-EDE3-CBC" } },
	[MODE_CHACHA20] = { { 32, "ChaCha20" } },
	[MODE_CHACHA20_POLY1305] = { { 32, "ChaCha20-Poly1305" } },
};

static CK_RV
bad_param(bool fine)
{
	return fine ? CKR_OK : CKR_MECHANISM_PARAM_INVALID;
}

static bool
iv_set(struct cipher_setup *s, struct cursor iv)
{
	struct builder b = builder_over(s->iv, sizeof(s->iv));
	builder_append(&b, iv);
	s->iv_size = iv.left;
	return builder_ok(&b);
}

static CK_RV
read_nothing(const CK_MECHANISM *m, struct cipher_setup *s)
{
	return bad_param(m->ulParameterLen == 0);
}

/* An IV as long as a block. */
static CK_RV
read_iv(const CK_MECHANISM *m, struct cipher_setup *s)
{
	struct cursor iv = param_bytes(m->pParameter, m->ulParameterLen);
	return bad_param(iv.left == s->block && iv_set(s, iv));
}

/* The IV of a key wrap is the standard's own when there is none. */
static CK_RV
read_wrap_iv(const CK_MECHANISM *m, struct cipher_setup *s)
{
	size_t wanted = s->mode == MODE_AES_WRAP ? WRAP_IV : WRAP_PAD_IV;
	struct cursor iv = param_bytes(m->pParameter, m->ulParameterLen);
	return bad_param((iv.left == 0 || iv.left == wanted) && iv_set(s, iv));
}

/* So many blocks of so many bytes, or as many bytes as can be counted. */
static uint64_t
blocks_max(uint64_t blocks, size_t block)
{
	return blocks > UINT64_MAX / block ? UINT64_MAX : blocks * block;
}

/* How far a big-endian counter in the last BITS bits of a block is from its
 * end (6.11.3: going round would use a block twice). */
static uint64_t
counter_room(struct cursor block, CK_ULONG bits)
{
	uint64_t high = cursor_u64(&block);
	uint64_t low = cursor_u64(&block);
	if (bits < HALF_BITS) {
		uint64_t end = (uint64_t)1 << bits;
		return blocks_max(end - (low & (end - 1)), AES_BLOCK);
	}
	/* the upper half counts, too, unless all of its bits are set */
	uint64_t upper = bits < 2 * HALF_BITS
				 ? ((uint64_t)1 << (bits - HALF_BITS)) - 1
				 : UINT64_MAX;
	if (low == 0 || (high & upper) != upper)
		return UINT64_MAX;
	return blocks_max(-low, AES_BLOCK);
}

static CK_RV
read_counter(const CK_MECHANISM *m, struct cipher_setup *s)
{
	CK_AES_CTR_PARAMS p;
	if (!param_read(m, &p, sizeof(p)))
		return CKR_MECHANISM_PARAM_INVALID;
	struct cursor block = cursor_of(p.cb, sizeof(p.cb));
	if (p.ulCounterBits == 0 || p.ulCounterBits > BITS * AES_BLOCK)
		return CKR_MECHANISM_PARAM_INVALID;
	s->data_max = counter_room(block, p.ulCounterBits);
	return bad_param(iv_set(s, block));
}

static CK_RV
read_gcm(const CK_MECHANISM *m, struct cipher_setup *s)
{
	CK_GCM_PARAMS p;
	if (!param_read(m, &p, sizeof(p)))
		return CKR_MECHANISM_PARAM_INVALID;
	/* SP 800-38D, 5.2.1.2; ulIvBits is left at anything by clients */
	s->tag_size = p.ulTagBits / BITS;
	s->aad = param_bytes(p.pAAD, p.ulAADLen);
	return bad_param(p.ulTagBits % BITS == 0 && s->tag_size >= 4 &&
			 s->tag_size <= AES_BLOCK && p.ulIvLen > 0 &&
			 cursor_ok(&s->aad) && s->aad.left <= UINT32_MAX &&
			 iv_set(s, param_bytes(p.pIv, p.ulIvLen)));
}

static CK_RV
read_ccm(const CK_MECHANISM *m, struct cipher_setup *s)
{
	CK_CCM_PARAMS p;
	if (!param_read(m, &p, sizeof(p)))
		return CKR_MECHANISM_PARAM_INVALID;
	/* SP 800-38C, A.1; the nonce leaves 15 - its size for the length */
	if (p.ulNonceLen < 7 || p.ulNonceLen > 13)
		return CKR_MECHANISM_PARAM_INVALID;
	size_t length_bits = BITS * (15 - p.ulNonceLen);
	if (length_bits < HALF_BITS && p.ulDataLen >> length_bits != 0)
		return CKR_MECHANISM_PARAM_INVALID;
	s->data_size = p.ulDataLen;
	s->tag_size = p.ulMACLen;
	s->aad = param_bytes(p.pAAD, p.ulAADLen);
	return bad_param(s->tag_size >= 4 && s->tag_size <= AES_BLOCK &&
			 s->tag_size % 2 == 0 && cursor_ok(&s->aad) &&
			 s->aad.left < whole_max && s->data_size < whole_max &&
			 iv_set(s, param_bytes(p.pNonce, p.ulNonceLen)));
}

/* How far the counter of the IETF's variant is from its end (6.59.5). */
static uint64_t
chacha_room(struct cursor counter)
{
	uint64_t blocks = (uint64_t)1 << (BITS * CHACHA_COUNTER);
	for (unsigned bit = 0; counter.left > 0; bit += BITS)
		blocks -= (uint64_t)cursor_u8(&counter) << bit;
	return blocks * CHACHA_BLOCK;
}

/* Block counter, least significant byte first, then nonce. */
static CK_RV
read_chacha(const CK_MECHANISM *m, struct cipher_setup *s)
{
	CK_CHACHA20_PARAMS p;
	if (!param_read(m, &p, sizeof(p)))
		return CKR_MECHANISM_PARAM_INVALID;
	bool ietf = p.blockCounterBits == 32 && p.ulNonceBits == 96;
	bool original = p.blockCounterBits == 64 && p.ulNonceBits == 64;
	if ((!ietf && !original) || p.pBlockCounter == NULL || p.pNonce == NULL)
		return CKR_MECHANISM_PARAM_INVALID;
	struct builder iv = builder_over(s->iv, CHACHA_IV);
	builder_put(&iv, p.pBlockCounter, p.blockCounterBits / BITS);
	builder_put(&iv, p.pNonce, p.ulNonceBits / BITS);
	s->iv_size = CHACHA_IV;
	if (ietf)
		s->data_max =
			chacha_room(cursor_of(p.pBlockCounter, CHACHA_COUNTER));
	return bad_param(builder_ok(&iv));
}

static CK_RV
read_chacha_poly(const CK_MECHANISM *m, struct cipher_setup *s)
{
	CK_SALSA20_CHACHA20_POLY1305_PARAMS p;
	if (!param_read(m, &p, sizeof(p)))
		return CKR_MECHANISM_PARAM_INVALID;
	/* The standard counts bits (6.61), the first users bytes. */
	if (p.ulNonceLen != CHACHA_NONCE && p.ulNonceLen != BITS * CHACHA_NONCE)
		return CKR_MECHANISM_PARAM_INVALID;
	s->tag_size = CHACHA_TAG;
	s->aad = param_bytes(p.pAAD, p.ulAADLen);
	return bad_param(cursor_ok(&s->aad) &&
			 iv_set(s, param_bytes(p.pNonce, CHACHA_NONCE)));
}

/* What each mechanism is, in the order of secret rows below. */
static const struct {
	enum cipher_mode mode;
	enum cipher_way way;
	size_t block;
	CK_RV (*read)(const CK_MECHANISM *m, struct cipher_setup *s);
} modes[] = {
	{ MODE_AES_ECB, WAY_BLOCKS, AES_BLOCK, read_nothing },
	{ MODE_AES_CBC, WAY_BLOCKS, AES_BLOCK, read_iv },
	{ MODE_AES_CBC, WAY_PADDED, AES_BLOCK, read_iv },
	{ MODE_AES_CTR, WAY_STREAM, AES_BLOCK, read_counter },
	{ MODE_AES_OFB, WAY_STREAM, AES_BLOCK, read_iv },
	{ MODE_AES_CFB8, WAY_STREAM, AES_BLOCK, read_iv },
	{ MODE_AES_CFB128, WAY_STREAM, AES_BLOCK, read_iv },
	{ MODE_AES_CTS, WAY_WHOLE, AES_BLOCK, read_iv },
	{ MODE_AES_GCM, WAY_TAGGED, AES_BLOCK, read_gcm },
	{ MODE_AES_CCM, WAY_WHOLE, AES_BLOCK, read_ccm },
	{ MODE_AES_WRAP, WAY_WHOLE, AES_BLOCK, read_wrap_iv },
	{ MODE_AES_WRAP_PAD, WAY_WHOLE, AES_BLOCK, read_wrap_iv },
	{ MODE_AES_XTS, WAY_WHOLE, AES_BLOCK, read_iv },
	{ MODE_DES3_ECB, WAY_BLOCKS, DES_BLOCK, read_nothing },
	{ MODE_DES3_CBC, WAY_BLOCKS, DES_BLOCK, read_iv },
	{ MODE_DES3_CBC, WAY_PADDED, DES_BLOCK, read_iv },
	{ MODE_CHACHA20, WAY_STREAM, 1, read_chacha },
	{ MODE_CHACHA20_POLY1305, WAY_TAGGED, 1, read_chacha_poly },
};

#define CRYPT (CKF_ENCRYPT | CKF_DECRYPT)
#define KEYS  (CRYPT | CKF_WRAP | CKF_UNWRAP)

static const struct secret_row rows[] = {
	{ CKM_AES_ECB, CKK_AES, KEYS, 16, 32 },
	{ CKM_AES_CBC, CKK_AES, KEYS, 16, 32 },
	{ CKM_AES_CBC_PAD, CKK_AES, KEYS, 16, 32 },
	{ CKM_AES_CTR, CKK_AES, CRYPT, 16, 32 },
	{ CKM_AES_OFB, CKK_AES, CRYPT, 16, 32 },
	{ CKM_AES_CFB8, CKK_AES, CRYPT, 16, 32 },
	{ CKM_AES_CFB128, CKK_AES, CRYPT, 16, 32 },
	{ CKM_AES_CTS, CKK_AES, CRYPT, 16, 32 },
	{ CKM_AES_GCM, CKK_AES, KEYS, 16, 32 },
	{ CKM_AES_CCM, CKK_AES, KEYS, 16, 32 },
	{ CKM_AES_KEY_WRAP, CKK_AES, KEYS, 16, 32 },
	{ CKM_AES_KEY_WRAP_KWP, CKK_AES, KEYS, 16, 32 },
	{ CKM_AES_XTS, CKK_AES_XTS, CRYPT, 32, 64 },
	{ CKM_DES3_ECB, CKK_DES3, CRYPT, 24, 24 },
	{ CKM_DES3_CBC, CKK_DES3, CRYPT, 24, 24 },
	{ CKM_DES3_CBC_PAD, CKK_DES3, KEYS, 24, 24 },
	{ CKM_CHACHA20, CKK_CHACHA20, CRYPT, 32, 32 },
	{ CKM_CHACHA20_POLY1305, CKK_CHACHA20, KEYS, 32, 32 },
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
_Static_assert(ROWS == sizeof(modes) / sizeof(modes[0]),
	       "a mechanism for each mode");

const struct secret_row *
cipher_rows(size_t *count)
{
	*count = ROWS;
	return rows;
}

CK_RV
cipher_setup_read(const CK_MECHANISM *mechanism, size_t key_size,
		  struct cipher_setup *setup)
{
	for (size_t i = 0; i < ROWS; i++) {
		if (rows[i].type != mechanism->mechanism)
			continue;
		struct cipher_setup s = {
			.mode = modes[i].mode,
			.way = modes[i].way,
			.block = modes[i].block,
			.key_size = key_size,
			.data_max = modes[i].way == WAY_WHOLE ? whole_max
							      : UINT64_MAX,
		};
		if (s.mode == MODE_AES_XTS)
			s.data_max = xts_max;
		if (cipher_name(s.mode, key_size) == NULL)
			return CKR_KEY_SIZE_RANGE;
		CK_RV rv = modes[i].read(mechanism, &s);
		if (rv == CKR_OK)
			*setup = s;
		return rv;
	}
	return CKR_MECHANISM_INVALID;
}

bool
cipher_setup_usual(const struct cipher_setup *s)
{
	return (s->way != WAY_TAGGED || s->iv_size == TAGGED_IV) &&
	       s->mode != MODE_AES_CCM;
}

bool
cipher_setup_rests(const struct cipher_setup *s)
{
	switch (s->mode) {
	case MODE_AES_ECB:
	case MODE_AES_CBC:
	case MODE_AES_CTR:
	case MODE_AES_GCM:
		return cipher_setup_usual(s);
	default:
		return false;
	}
}

const char *
cipher_name(enum cipher_mode mode, size_t key_size)
{
	for (size_t i = 0; i < KEY_SIZES_MAX; i++)
		if (algorithms[mode][i].key_size == key_size)
			return algorithms[mode][i].name;
	return NULL;
}

const EVP_CIPHER *
cipher_algorithm(enum cipher_mode mode, size_t key_size)
{
	struct crypto *c = crypto_get();
	size_t i = 0;
	while (i < KEY_SIZES_MAX && algorithms[mode][i].key_size != key_size)
		i++;
	if (c == NULL || i == KEY_SIZES_MAX || key_size == 0)
		return NULL;
	EVP_CIPHER *known = atomic_load(&c->ciphers[mode][i]);
	if (known != NULL)
		return known;
	crypto_enter();
	EVP_CIPHER *mine =
		EVP_CIPHER_fetch(c->library, algorithms[mode][i].name, NULL);
	DROP(crypto_leave(mine != NULL, CKR_OK)); /* NULL says it all */
	if (mine == NULL ||
	    atomic_compare_exchange_strong(&c->ciphers[mode][i], &known, mine))
		return mine;
	EVP_CIPHER_free(mine); /* another thread was faster */
	return known;
}

bool
cipher_setup_fits(const struct cipher_setup *s, bool encrypt, size_t size)
{
	size_t units = size / WRAP_UNIT;

	switch (s->mode) {
	case MODE_AES_WRAP: /* RFC 3394, 2.2.1 */
		return size % WRAP_UNIT == 0 && units >= (encrypt ? 2 : 3);
	case MODE_AES_WRAP_PAD: /* RFC 5649, 4 */
		return encrypt ? size > 0 : size % WRAP_UNIT == 0 && units >= 2;
	case MODE_AES_CCM:
		return size == s->data_size + (encrypt ? 0 : s->tag_size);
	case MODE_AES_CTS:
	case MODE_AES_XTS:
		return size >= CIPHER_BLOCK_MAX;
	default:
		return size >= s->tag_size;
	}
}
