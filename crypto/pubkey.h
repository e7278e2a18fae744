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
	 * more than a tenth of a verification. EC and DSA: EVP_PKEY_verify, RSA: the
	 * bare public operation. Who takes it leaves NULL behind.
	 */
	_Atomic(EVP_PKEY_CTX *) idle;
};

/* A new computation with the key, not yet prepared for anything. */
EVP_PKEY_CTX *computation_new(const struct pubkey *key) MUST_CHECK;
/* The prepared computation of the key, or another one like it; and back. */
EVP_PKEY_CTX *computation_take(struct pubkey *key) MUST_CHECK;
void computation_put(struct pubkey *key, EVP_PKEY_CTX *computation);

/* The bare public operation on a block as long as the modulus; OTHERWISE says
 * what it means that the block is no number below the modulus. */
CK_RV rsa_public(struct pubkey *key, struct cursor block, CK_RV otherwise,
		 struct builder *out) MUST_CHECK;

/* Keys of finite fields, in their SubjectPublicKeyInfo: what stands in the
 * AlgorithmIdentifier and in the BIT STRING, and back. False when it is none of
 * these (TYPE then stays as it was) or malformed. */
void ffc_algorithm_write(const struct pubkey *key, struct builder *out);
bool ffc_oid_type(struct cursor oid, CK_KEY_TYPE *type);
bool ffc_parse(struct cursor parameter, struct cursor bits, struct pubkey *key);
/* What OpenSSL makes a key of. */
OSSL_PARAM *ffc_params(const struct pubkey *key) MUST_CHECK;

/* message.c: see message_sign() in key.h. */
CK_RV message_verify(struct pubkey *key, const struct scheme *scheme,
		     struct cursor input, struct cursor signature) MUST_CHECK;

/* A text parameter for OpenSSL, which only reads it. */
OSSL_PARAM param_text(const char *name, const char *text);

#endif
