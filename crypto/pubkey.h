/* Inside crypto/: what a public key has beside its public face. */
#ifndef SIGNET_CRYPTO_PUBKEY_H
#define SIGNET_CRYPTO_PUBKEY_H

#include <openssl/evp.h>
#include <stdatomic.h>

#include "key.h"

/* Every struct pubkey is the first member of one of these. */
struct counted_key {
	struct pubkey key;
	atomic_uint references;
	/*
	 * A prepared computation for the next caller, as preparing one costs
	 * more than a tenth of a verification. EC: EVP_PKEY_verify, RSA: the
	 * bare public operation. Who takes it leaves NULL behind.
	 */
	_Atomic(EVP_PKEY_CTX *) idle;
};

#endif
