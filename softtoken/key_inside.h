/* The inside of a decoded key, for those who load it and compute with it. */
#ifndef SIGNET_KEY_INSIDE_H
#define SIGNET_KEY_INSIDE_H

#include <openssl/evp.h>
#include <stdatomic.h>

#include "soft_key.h"

struct soft_key {
	atomic_uint references;
	struct pubkey *public_key; /* of a public key, then PKEY is NULL */
	EVP_PKEY *pkey;
	CK_KEY_TYPE type;
	size_t bits;
	size_t field; /* bytes of a modulus, a prime, or of r or s */
	size_t size;  /* of a signature, ciphertext or agreed secret */
	const struct curve *curve; /* of a private EC key of any type */
	/* Prepared for the bare private operation. It is never used itself but
	 * copied, as that costs much less than to prepare another. */
	_Atomic(EVP_PKEY_CTX *) prepared;
};

#endif
