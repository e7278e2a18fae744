/* Inside crypto/: the library context with what was fetched from it, and the
 * border that OpenSSL's errors do not cross. */
#ifndef SIGNET_CRYPTO_CONTEXT_H
#define SIGNET_CRYPTO_CONTEXT_H

#include <openssl/evp.h>
#include <stdatomic.h>

#include "crypto.h"

/* Block and stream ciphers in a mode of operation. */
enum cipher_mode {
	MODE_AES_ECB,
	MODE_AES_CBC,
	MODE_AES_CTR,
	MODE_AES_OFB,
	MODE_AES_CFB8,
	MODE_AES_CFB128,
	MODE_AES_CTS,
	MODE_AES_GCM,
	MODE_AES_CCM,
	MODE_AES_WRAP,
	MODE_AES_WRAP_PAD,
	MODE_AES_XTS,
	MODE_DES3_ECB,
	MODE_DES3_CBC,
	MODE_CHACHA20,
	MODE_CHACHA20_POLY1305,
	MODES,
};
enum { KEY_SIZES_MAX = 3 };

/* RSA, EC and others by names that only a provider knows: under their usual ones an
 * engine that the host program made its default (`openssl -engine pkcs11`) would
 * be asked for our keys. */
#define ALGORITHM_RSA "1.2.840.113549.1.1.1"
#define ALGORITHM_EC "1.2.840.10045.2.1"
#define ALGORITHM_DSA "1.2.840.10040.4.1"
#define ALGORITHM_DH "1.2.840.113549.1.3.1"

enum { PARAMETER_SETS = 18 }; /* see parameter_set.c */
/* Does this libcrypto have an algorithm? To learn that it has not takes long,
 * and mechanism lists ask each time. */
enum availability { AVAILABLE_UNKNOWN, AVAILABLE, UNAVAILABLE };
/* Fetching costs a lock and a table walk, so it is done once per context. */
struct crypto {
	OSSL_LIB_CTX *library;
	OSSL_PROVIDER *provider;
	EVP_MD *digests[DIGESTS]; /* none for DIGEST_NONE; see digest_fetch() */
	/* Fetched at first use; in the order of the modes' key sizes. */
	_Atomic(EVP_CIPHER *) ciphers[MODES][KEY_SIZES_MAX];
	_Atomic enum availability sets[PARAMETER_SETS];
};

/* The context of this process; NULL when there is no memory for it. */
struct crypto *crypto_get(void) MUST_CHECK;

/*
 * Calls to OpenSSL that may fail stand between these two, in one function:
 * the host program's error queue is left as it was. crypto_leave() gives
 * CKR_OK when GOOD, CKR_HOST_MEMORY when that was the reason, else OTHERWISE.
 */
void crypto_enter(void);
CK_RV crypto_leave(bool good, CK_RV otherwise) MUST_CHECK;

/* CKR_OK, or what it means that OUT did not take all that was written. */
CK_RV crypto_written(const struct builder *out) MUST_CHECK;

/* The algorithm for a mode and key size, kept by the context; NULL when there is
 * none. And its name. */
const EVP_CIPHER *cipher_algorithm(enum cipher_mode mode, size_t key_size);
const char *cipher_name(enum cipher_mode mode, size_t key_size);

/* A mechanism's parameter as a struct of exactly SIZE bytes; the caller's may
 * lie at an odd address. */
bool param_read(const CK_MECHANISM *mechanism, void *param,
		size_t size) MUST_CHECK;
/* Bytes that a parameter points to; bad when they are not there. */
struct cursor param_bytes(const void *data, CK_ULONG size);

/* OpenSSL's name of a digest, NULL for DIGEST_NONE. Those that are optional have
 * one that does not say their size. */
const char *digest_name(enum digest d);
bool digest_optional(enum digest d);
/* NULL when this OpenSSL has not got it. */
EVP_MD *digest_fetch(OSSL_LIB_CTX *library, enum digest d) MUST_CHECK;

#endif
