/* Inside crypto/: the derivations that kdf.c has in its table. */
#ifndef SIGNET_CRYPTO_KDF_INSIDE_H
#define SIGNET_CRYPTO_KDF_INSIDE_H

#include "cipher.h"
#include "context.h"
#include "kdf.h"

/* The first WANTED bytes of ALL, which has to have them. */
CK_RV kdf_cut(struct cursor all, size_t wanted, struct builder *out) MUST_CHECK;

/* kdf_hmac.c: on top of a MAC. */
CK_RV kdf_hkdf(const struct kdf_job *job, struct builder *out) MUST_CHECK;
CK_RV kdf_counter(const struct kdf_job *job, struct builder *out) MUST_CHECK;
CK_RV kdf_feedback(const struct kdf_job *job, struct builder *out) MUST_CHECK;
CK_RV kdf_pipeline(const struct kdf_job *job, struct builder *out) MUST_CHECK;
/* P_hash, which is the PRF of TLS 1.2 (RFC 5246, 5). */
CK_RV kdf_p_hash(enum digest d, struct cursor secret, struct cursor seed,
		 size_t wanted, struct builder *out) MUST_CHECK;

/* kdf_tls.c */
CK_RV kdf_tls_master(const struct kdf_job *job, struct builder *out) MUST_CHECK;
CK_RV kdf_tls_extended(const struct kdf_job *job,
		       struct builder *out) MUST_CHECK;
CK_RV kdf_tls_export(const struct kdf_job *job, struct builder *out) MUST_CHECK;

#endif
