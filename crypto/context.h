/* Inside crypto/: the library context with what was fetched from it, and the
 * border that OpenSSL's errors do not cross. */
#ifndef SIGNET_CRYPTO_CONTEXT_H
#define SIGNET_CRYPTO_CONTEXT_H

#include <openssl/evp.h>

#include "crypto.h"

/* Fetching costs a lock and a table walk, so it is done once per context. */
struct crypto {
	OSSL_LIB_CTX *library;
	OSSL_PROVIDER *provider;
	EVP_MD *digests[DIGESTS]; /* none for DIGEST_NONE */
};

/* The context of this process; NULL when there is no memory for it. */
const struct crypto *crypto_get(void) MUST_CHECK;

/*
 * Calls to OpenSSL that may fail stand between these two, in one function:
 * the host program's error queue is left as it was. crypto_leave() gives
 * CKR_OK when GOOD, CKR_HOST_MEMORY when that was the reason, else OTHERWISE.
 */
void crypto_enter(void);
CK_RV crypto_leave(bool good, CK_RV otherwise) MUST_CHECK;

/* CKR_OK, or what it means that OUT did not take all that was written. */
CK_RV crypto_written(const struct builder *out) MUST_CHECK;

/* OpenSSL's name of a digest, NULL for DIGEST_NONE. */
const char *digest_name(enum digest d);

#endif
