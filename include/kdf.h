/* Key derivation: new secrets from a secret's bytes. */
#ifndef SIGNET_KDF_H
#define SIGNET_KDF_H

#include "crypto.h"

/* A derivation that knows of no keys and objects. */
struct kdf_job {
	const CK_MECHANISM *mechanism;
	struct cursor base;
	struct cursor other; /* the second key that the parameter names */
	size_t wanted;	     /* bytes; 0: as many as come of themselves */
};
enum { KDF_SIZE_MAX = 65536 };

/*
 * OUT is a builder on the heap with room for KDF_SIZE_MAX.
 * CKR_MECHANISM_INVALID, CKR_MECHANISM_PARAM_INVALID; CKR_KEY_SIZE_RANGE when
 * that much cannot be had; CKR_TEMPLATE_INCOMPLETE when WANTED has to be said.
 */
CK_RV kdf_run(const struct kdf_job *job, struct builder *out) MUST_CHECK;

struct kdf_row {
	CK_MECHANISM_TYPE type;
	bool inherits;	 /* secrecy of the base goes on to what is derived
			  * (PKCS#11 3.2, 6.43) */
	bool gives_data; /* a CKO_DATA object comes of it */
};
/* All that kdf_run() knows, and whether this OpenSSL can do it. */
const struct kdf_row *kdf_rows(size_t *count);
bool kdf_can(CK_MECHANISM_TYPE type);

/* The part after an ECDH (PKCS#11 3.2, 6.3.20): what CKD_* makes of the shared
 * secret. WANTED 0 with CKD_NULL: all of it. */
CK_RV kdf_agreed(CK_EC_KDF_TYPE kdf, struct cursor secret,
		 struct cursor shared_info, size_t wanted,
		 struct builder *out) MUST_CHECK;

/*
 * The PRF of TLS 1.2 with this hash (RFC 5246, 5), or with CKM_TLS_PRF that of
 * TLS 1.0 and 1.1 (RFC 4346, 5); SEED is label and seed.
 * CKR_MECHANISM_PARAM_INVALID.
 */
CK_RV kdf_tls_prf(CK_MECHANISM_TYPE prf, struct cursor secret,
		  struct cursor seed, size_t wanted,
		  struct builder *out) MUST_CHECK;
/* PBKDF2 (RFC 8018, 5.2) as it is. */
CK_RV kdf_password(enum digest d, struct cursor password, struct cursor salt,
		   uint64_t rounds, size_t wanted,
		   struct builder *out) MUST_CHECK;
/* CKM_PKCS5_PBKD2, whose password is in its parameter. */
CK_RV kdf_pbkdf2(const CK_MECHANISM *mechanism, size_t wanted,
		 struct builder *out) MUST_CHECK;

#endif
