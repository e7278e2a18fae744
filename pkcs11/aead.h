/* Parameters of ciphers with a tag that a token writes into: IV and tag. */
#ifndef SIGNET_AEAD_H
#define SIGNET_AEAD_H

#include "bytes.h"
#include "cryptoki.h"

enum { AEAD_IV_MAX = 128, AEAD_TAG_MAX = 16 };

/* CK_GCM_MESSAGE_PARAMS, CK_GCM_WRAP_PARAMS and their kin, read (6.13, 6.61).
 * The pointers are the caller's. */
struct aead {
	CK_MECHANISM_TYPE type;
	CK_BYTE *iv;
	size_t iv_size;
	CK_ULONG fixed_bits; /* of the IV, that stay as they are */
	CK_GENERATOR_FUNCTION generator;
	CK_BYTE *tag; /* NULL: the tag comes behind the text */
	size_t tag_size;
	CK_ULONG data_size; /* CCM: what the caller says */
	struct cursor aad;  /* not from the parameters of a message */
};

/* Is this a mechanism with such parameters? */
bool aead_is(CK_MECHANISM_TYPE type);
/* Of C_EncryptMessage, C_WrapKeyAuthenticated and their like.
 * CKR_MECHANISM_INVALID, CKR_MECHANISM_PARAM_INVALID. */
CK_RV aead_read_message(CK_MECHANISM_TYPE type, const void *parameter,
			CK_ULONG size, struct aead *aead) MUST_CHECK;
/* Are these the parameters with an IV generator that C_WrapKey takes? */
bool aead_is_wrap(const CK_MECHANISM *mechanism);
CK_RV aead_read_wrap(const CK_MECHANISM *mechanism,
		     struct aead *aead) MUST_CHECK;

/* What one key's IVs of one process are made of. Zero-initialised is new. */
struct iv_maker {
	uint64_t count; /* of the IVs that were counted out */
	bool drawn;	/* RANDOM is set: where CKG_GENERATE counts from */
	bool given;	/* BASE is set: what CKG_GENERATE_COUNTER_XOR counts on
			 */
	uint8_t random[AEAD_IV_MAX];
	uint8_t base[AEAD_IV_MAX];
	uint8_t last[AEAD_IV_MAX]; /* the IV that was made last */
};

/* Makes the next IV, which is LAST then. CKR_MECHANISM_PARAM_INVALID: there is
 * no room for one that was not there before, or the parameters are wrong. */
CK_RV iv_make(struct iv_maker *m, const struct aead *aead) MUST_CHECK;
/* The same for one IV alone: nothing counts from one to the next, so that
 * CKG_GENERATE_COUNTER would make the same again and again. */
CK_RV iv_make_once(struct iv_maker *m, const struct aead *aead) MUST_CHECK;
/* Writes it to the caller's parameters, unless it comes from there: what is
 * only read may lie where nothing can be written. */
void iv_give(const struct iv_maker *m, const struct aead *aead);

/* The plain mechanism of C_EncryptInit; points to what it is made of. */
struct aead_plain {
	CK_MECHANISM mechanism;
	union {
		CK_GCM_PARAMS gcm;
		CK_CCM_PARAMS ccm;
		CK_SALSA20_CHACHA20_POLY1305_PARAMS chacha;
	} parameter;
};
void aead_plain(const struct aead *aead, const uint8_t *iv, struct cursor aad,
		struct aead_plain *plain);

#endif
