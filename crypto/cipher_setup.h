/* Inside crypto/: a cipher mechanism with its parameter, read. */
#ifndef SIGNET_CRYPTO_CIPHER_SETUP_H
#define SIGNET_CRYPTO_CIPHER_SETUP_H

#include "cipher.h"
#include "context.h"

enum { CIPHER_IV_MAX = 128, CIPHER_BLOCK_MAX = 16, WRAP_UNIT = 8 };

/* How input and output of a mode have to do with each other. */
enum cipher_way {
	WAY_STREAM, /* byte by byte */
	WAY_BLOCKS, /* whole blocks, as many as there are */
	WAY_PADDED, /* blocks, the last one filled up (RFC 5652, 6.3) */
	WAY_TAGGED, /* a stream, then a tag */
	WAY_WHOLE,  /* nothing before all is there */
};

struct cipher_setup {
	enum cipher_mode mode;
	enum cipher_way way;
	size_t block; /* bytes */
	size_t key_size;
	uint8_t iv[CIPHER_IV_MAX];
	size_t iv_size; /* 0: the mode's own */
	size_t tag_size;
	struct cursor aad; /* borrowed from the mechanism */
	uint64_t data_max; /* what the mode or its counter can take */
	size_t data_size;  /* CCM knows it from the start */
};

/* CKR_MECHANISM_INVALID, CKR_MECHANISM_PARAM_INVALID, CKR_KEY_SIZE_RANGE. */
CK_RV cipher_setup_read(const CK_MECHANISM *mechanism, size_t key_size,
			struct cipher_setup *setup) MUST_CHECK;
/* Is there nothing to be told OpenSSL between the algorithm and the key? */
bool cipher_setup_usual(const struct cipher_setup *s);
/* Of a mode that takes all at once: is this length one of its? */
bool cipher_setup_fits(const struct cipher_setup *s, bool encrypt, size_t size);
/* Can a context go on with its key and another IV? */
bool cipher_setup_rests(const struct cipher_setup *s);

#endif
