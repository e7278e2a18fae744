/* Ciphers with a tag: their parameters, and the IVs that we make (6.13). */
#include "aead.h"

#include "crypto.h"
#include "data.h"

enum {
	BITS = 8,
	COUNTER_BITS = 64,
	/* so many bits make two IVs from chance alone differ (SP 800-38D, 8.3
	 * counts on more, but leaves the rest to the caller) */
	RANDOM_BITS_MIN = 64,
	CHACHA_NONCE = 12,
	CHACHA_TAG = 16,
};

bool
aead_is(CK_MECHANISM_TYPE type)
{
	return type == CKM_AES_GCM || type == CKM_AES_CCM ||
	       type == CKM_CHACHA20_POLY1305;
}

/* The parameter as a struct; the caller's may lie at an odd address. */
static bool
param_take(const void *parameter, CK_ULONG given, void *param, size_t size)
{
	struct cursor c = cursor_of(parameter, given);

	if (parameter == NULL)
		return false;
	cursor_copy(&c, param, size);
	return cursor_end(&c);
}

static CK_RV
read_gcm(const void *parameter, CK_ULONG size, struct aead *a)
{
	CK_GCM_MESSAGE_PARAMS p;

	if (!param_take(parameter, size, &p, sizeof(p)) ||
	    p.ulTagBits % BITS != 0)
		return CKR_MECHANISM_PARAM_INVALID;
	a->iv = p.pIv;
	a->iv_size = p.ulIvLen;
	a->fixed_bits = p.ulIvFixedBits;
	a->generator = p.ivGenerator;
	a->tag = p.pTag;
	a->tag_size = p.ulTagBits / BITS;
	return CKR_OK;
}

static CK_RV
read_ccm(const void *parameter, CK_ULONG size, struct aead *a)
{
	CK_CCM_MESSAGE_PARAMS p;

	if (!param_take(parameter, size, &p, sizeof(p)))
		return CKR_MECHANISM_PARAM_INVALID;
	a->iv = p.pNonce;
	a->iv_size = p.ulNonceLen;
	a->fixed_bits = p.ulNonceFixedBits;
	a->generator = p.nonceGenerator;
	a->tag = p.pMAC;
	a->tag_size = p.ulMACLen;
	a->data_size = p.ulDataLen;
	return CKR_OK;
}

/* The nonce is always the caller's. Its length is in bits (6.61), or, as the
 * first users had it, in bytes. */
static CK_RV
read_chacha(const void *parameter, CK_ULONG size, struct aead *a)
{
	CK_SALSA20_CHACHA20_POLY1305_MSG_PARAMS p;

	if (!param_take(parameter, size, &p, sizeof(p)) ||
	    (p.ulNonceLen != CHACHA_NONCE &&
	     p.ulNonceLen != BITS * CHACHA_NONCE))
		return CKR_MECHANISM_PARAM_INVALID;
	a->iv = p.pNonce;
	a->iv_size = CHACHA_NONCE;
	a->generator = CKG_NO_GENERATE;
	a->tag = p.pTag;
	a->tag_size = CHACHA_TAG;
	return CKR_OK;
}

/* What all of them have to keep to; the cipher knows the rest. How an IV is
 * made is "ignored" where there is none to make (6.13.2). */
static bool
is_sound(const struct aead *a)
{
	return a->iv != NULL && a->iv_size > 0 && a->iv_size <= AEAD_IV_MAX &&
	       a->tag_size > 0 && a->tag_size <= AEAD_TAG_MAX;
}

CK_RV
aead_read_message(CK_MECHANISM_TYPE type, const void *parameter, CK_ULONG size,
		  struct aead *aead)
{
	struct aead a = { .type = type };
	CK_RV rv = CKR_MECHANISM_INVALID;

	if (type == CKM_AES_GCM)
		rv = read_gcm(parameter, size, &a);
	else if (type == CKM_AES_CCM)
		rv = read_ccm(parameter, size, &a);
	else if (type == CKM_CHACHA20_POLY1305)
		rv = read_chacha(parameter, size, &a);
	if (rv != CKR_OK)
		return rv;
	if (!is_sound(&a) || a.tag == NULL)
		return CKR_MECHANISM_PARAM_INVALID;
	*aead = a;
	return CKR_OK;
}

bool
aead_is_wrap(const CK_MECHANISM *mechanism)
{
	CK_ULONG size = mechanism->ulParameterLen;

	return (mechanism->mechanism == CKM_AES_GCM &&
		size == sizeof(CK_GCM_WRAP_PARAMS)) ||
	       (mechanism->mechanism == CKM_AES_CCM &&
		size == sizeof(CK_CCM_WRAP_PARAMS));
}

static CK_RV
read_gcm_wrap(const CK_MECHANISM *m, struct aead *a)
{
	CK_GCM_WRAP_PARAMS p;

	if (!param_take(m->pParameter, m->ulParameterLen, &p, sizeof(p)) ||
	    p.ulTagBits % BITS != 0 || data_is_bad(p.pAAD, p.ulAADLen))
		return CKR_MECHANISM_PARAM_INVALID;
	a->iv = p.pIv;
	a->iv_size = p.ulIvLen;
	a->fixed_bits = p.ulIvFixedBits;
	a->generator = p.ivGenerator;
	a->tag_size = p.ulTagBits / BITS;
	a->aad = cursor_of(p.pAAD, p.ulAADLen);
	return CKR_OK;
}

static CK_RV
read_ccm_wrap(const CK_MECHANISM *m, struct aead *a)
{
	CK_CCM_WRAP_PARAMS p;

	if (!param_take(m->pParameter, m->ulParameterLen, &p, sizeof(p)) ||
	    data_is_bad(p.pAAD, p.ulAADLen))
		return CKR_MECHANISM_PARAM_INVALID;
	a->iv = p.pNonce;
	a->iv_size = p.ulNonceLen;
	a->fixed_bits = p.ulNonceFixedBits;
	a->generator = p.nonceGenerator;
	a->tag_size = p.ulMACLen;
	a->aad = cursor_of(p.pAAD, p.ulAADLen);
	return CKR_OK;
}

CK_RV
aead_read_wrap(const CK_MECHANISM *mechanism, struct aead *aead)
{
	struct aead a = { .type = mechanism->mechanism };
	CK_RV rv = a.type == CKM_AES_GCM ? read_gcm_wrap(mechanism, &a)
					 : read_ccm_wrap(mechanism, &a);

	if (rv == CKR_OK && !is_sound(&a))
		rv = CKR_MECHANISM_PARAM_INVALID;
	if (rv == CKR_OK)
		*aead = a;
	return rv;
}

/* Are there no more fixed bits than there are bits? */
static bool
can_make(const struct aead *a)
{
	return a->generator == CKG_NO_GENERATE ||
	       a->fixed_bits <= BITS * a->iv_size;
}

/* Of byte PLACE of the IV: the bits that stay as they are. */
static uint8_t
fixed_bits(const struct aead *a, size_t place)
{
	CK_ULONG before = BITS * place;

	if (a->fixed_bits <= before)
		return 0;
	if (a->fixed_bits >= before + BITS)
		return UINT8_MAX;
	return (uint8_t)(UINT8_MAX << (before + BITS - a->fixed_bits));
}

/* Do two IVs have the same bits where they are not fixed? */
static bool
same_free(const struct aead *a, const uint8_t *one, const uint8_t *other)
{
	size_t i;

	for (i = 0; i < a->iv_size; i++) {
		if ((one[i] ^ other[i]) & (uint8_t)~fixed_bits(a, i))
			return false;
	}
	return true;
}

/* The fixed bits of the caller's IV, the others from ONE and OTHER. */
static void
iv_mix(struct iv_maker *m, const struct aead *a, const uint8_t *one,
       const uint8_t *other)
{
	size_t i;

	for (i = 0; i < a->iv_size; i++) {
		uint8_t fixed = fixed_bits(a, i);

		m->last[i] = (uint8_t)((a->iv[i] & fixed) |
				       ((one[i] ^ other[i]) & ~fixed));
	}
}

/* The next number, as long as the IV, in FIELD. */
static CK_RV
count_on(struct iv_maker *m, const struct aead *a,
	 uint8_t field[static AEAD_IV_MAX])
{
	CK_ULONG room = BITS * a->iv_size - a->fixed_bits;
	uint8_t number[sizeof(uint64_t)];
	struct builder digits = builder_over(number, sizeof(number));
	struct builder out = builder_over(field, a->iv_size);
	struct cursor c;

	if (room == 0 || (room < COUNTER_BITS && m->count >> room != 0) ||
	    m->count == UINT64_MAX)
		return CKR_MECHANISM_PARAM_INVALID;
	builder_u64(&digits, m->count);
	c = builder_read(&digits);
	if (a->iv_size < sizeof(number))
		cursor_take(&c, sizeof(number) - a->iv_size);
	builder_padded(&out, c, a->iv_size);
	m->count++;
	return CKR_OK;
}

/* The same IVs do not come again when the application starts anew, and none
 * comes twice before all were there: from a random start it is counted. */
static CK_RV
generate(struct iv_maker *m, const struct aead *a)
{
	uint8_t number[AEAD_IV_MAX];
	CK_RV rv = CKR_OK;

	if (!m->drawn)
		rv = random_bytes(m->random, sizeof(m->random));
	m->drawn = rv == CKR_OK;
	if (rv == CKR_OK)
		rv = count_on(m, a, number);
	if (rv == CKR_OK)
		iv_mix(m, a, m->random, number);
	return rv;
}

static CK_RV
generate_random(struct iv_maker *m, const struct aead *a)
{
	static const uint8_t nothing[AEAD_IV_MAX];
	uint8_t random[AEAD_IV_MAX];
	CK_RV rv;

	if (BITS * a->iv_size - a->fixed_bits < RANDOM_BITS_MIN)
		return CKR_MECHANISM_PARAM_INVALID;
	rv = random_bytes(random, sizeof(random));
	if (rv == CKR_OK)
		iv_mix(m, a, random, nothing);
	return rv;
}

static CK_RV
generate_counter(struct iv_maker *m, const struct aead *a)
{
	static const uint8_t nothing[AEAD_IV_MAX];
	uint8_t number[AEAD_IV_MAX];
	CK_RV rv = count_on(m, a, number);

	if (rv == CKR_OK)
		iv_mix(m, a, nothing, number);
	return rv;
}

/* "The value of the non-fixed portion passed must not vary from call to call":
 * it is what came first, or what we wrote there last. */
static CK_RV
generate_xor(struct iv_maker *m, const struct aead *a)
{
	struct builder base = builder_over(m->base, a->iv_size);
	uint8_t number[AEAD_IV_MAX];
	CK_RV rv;

	if (!m->given)
		builder_put(&base, a->iv, a->iv_size);
	else if (!same_free(a, a->iv, m->base) && !same_free(a, a->iv, m->last))
		return CKR_MECHANISM_PARAM_INVALID;
	m->given = true;
	rv = count_on(m, a, number);
	if (rv == CKR_OK)
		iv_mix(m, a, m->base, number);
	return rv;
}

CK_RV
iv_make(struct iv_maker *m, const struct aead *aead)
{
	struct builder last = builder_over(m->last, sizeof(m->last));

	if (!can_make(aead))
		return CKR_MECHANISM_PARAM_INVALID;
	switch (aead->generator) {
	case CKG_NO_GENERATE:
		builder_put(&last, aead->iv, aead->iv_size);
		return CKR_OK;
	case CKG_GENERATE:
		return generate(m, aead);
	case CKG_GENERATE_RANDOM:
		return generate_random(m, aead);
	case CKG_GENERATE_COUNTER:
		return generate_counter(m, aead);
	case CKG_GENERATE_COUNTER_XOR:
		return generate_xor(m, aead);
	default:
		return CKR_MECHANISM_PARAM_INVALID;
	}
}

CK_RV
iv_make_once(struct iv_maker *m, const struct aead *aead)
{
	if (!can_make(aead))
		return CKR_MECHANISM_PARAM_INVALID;
	switch (aead->generator) {
	case CKG_NO_GENERATE:
		return iv_make(m, aead);
	case CKG_GENERATE:
	case CKG_GENERATE_RANDOM:
		return generate_random(m, aead);
	default:
		return CKR_MECHANISM_PARAM_INVALID;
	}
}

void
iv_give(const struct iv_maker *m, const struct aead *aead)
{
	struct builder out = builder_over(aead->iv, aead->iv_size);

	if (aead->generator != CKG_NO_GENERATE)
		builder_put(&out, m->last, aead->iv_size);
}

static void
plain_gcm(const struct aead *a, const uint8_t *iv, struct cursor aad,
	  struct aead_plain *plain)
{
	plain->parameter.gcm = (CK_GCM_PARAMS){
		.pIv = (CK_BYTE *)iv,
		.ulIvLen = a->iv_size,
		.ulIvBits = BITS * a->iv_size,
		.pAAD = (CK_BYTE *)aad.at,
		.ulAADLen = aad.left,
		.ulTagBits = BITS * a->tag_size,
	};
	plain->mechanism.ulParameterLen = sizeof(plain->parameter.gcm);
}

static void
plain_ccm(const struct aead *a, const uint8_t *iv, struct cursor aad,
	  struct aead_plain *plain)
{
	plain->parameter.ccm = (CK_CCM_PARAMS){
		.ulDataLen = a->data_size,
		.pNonce = (CK_BYTE *)iv,
		.ulNonceLen = a->iv_size,
		.pAAD = (CK_BYTE *)aad.at,
		.ulAADLen = aad.left,
		.ulMACLen = a->tag_size,
	};
	plain->mechanism.ulParameterLen = sizeof(plain->parameter.ccm);
}

void
aead_plain(const struct aead *aead, const uint8_t *iv, struct cursor aad,
	   struct aead_plain *plain)
{
	plain->mechanism.mechanism = aead->type;
	plain->mechanism.pParameter = &plain->parameter;
	if (aead->type == CKM_AES_GCM) {
		plain_gcm(aead, iv, aad, plain);
		return;
	}
	if (aead->type == CKM_AES_CCM) {
		plain_ccm(aead, iv, aad, plain);
		return;
	}
	plain->parameter.chacha = (CK_SALSA20_CHACHA20_POLY1305_PARAMS){
		.pNonce = (CK_BYTE *)iv,
		.ulNonceLen = BITS * aead->iv_size,
		.pAAD = (CK_BYTE *)aad.at,
		.ulAADLen = aad.left,
	};
	plain->mechanism.ulParameterLen = sizeof(plain->parameter.chacha);
}
