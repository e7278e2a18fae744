/* Secret keys at work: ciphers and message authentication codes. */
#ifndef SIGNET_CIPHER_H
#define SIGNET_CIPHER_H

#include "crypto.h"

/* A mechanism that works with a secret key, and the keys that it takes. */
struct secret_row {
	CK_MECHANISM_TYPE type;
	CK_KEY_TYPE key_type; /* CKK_GENERIC_SECRET: see mac_rows() */
	CK_FLAGS flags;
	size_t key_min, key_max; /* bytes */
};

/*
 * A cipher under way. What is decrypted with a tag comes out of finish, once
 * the tag was found right; so does what a mode cannot do in parts.
 */
struct cipher;
struct cipher *cipher_new(void) MUST_CHECK;
/*
 * Starts it, whatever was before. CKR_MECHANISM_INVALID,
 * CKR_MECHANISM_PARAM_INVALID, CKR_KEY_SIZE_RANGE.
 */
CK_RV cipher_start(struct cipher *c, const CK_MECHANISM *mechanism,
		   struct cursor key, bool encrypt) MUST_CHECK;
/* Does its mechanism take nothing in parts (6.16.3)? */
bool cipher_single_part(const struct cipher *c);
/* Bytes that come out at most for IN_SIZE more; exact when encrypting. */
size_t cipher_size(const struct cipher *c, size_t in_size, bool finish);
/* CKR_DATA_LEN_RANGE, CKR_ENCRYPTED_DATA_LEN_RANGE,
 * CKR_ENCRYPTED_DATA_INVALID. */
CK_RV cipher_update(struct cipher *c, struct cursor in,
		    struct builder *out) MUST_CHECK;
CK_RV cipher_finish(struct cipher *c, struct builder *out) MUST_CHECK;
/* Both at one stroke, directly from IN after nothing else. */
CK_RV cipher_whole(struct cipher *c, struct cursor in,
		   struct builder *out) MUST_CHECK;
/* Wipes key and data, to wait for another start. */
void cipher_end(struct cipher *c);
/* After finish: keeps the key, where the mode can; the next start is to be with
 * the same. */
void cipher_rest(struct cipher *c);
void cipher_free(struct cipher *c);
/* One bare block. CKR_KEY_SIZE_RANGE, CKR_DATA_LEN_RANGE. */
CK_RV cipher_block(CK_KEY_TYPE type, struct cursor key, bool encrypt,
		   struct cursor in, struct builder *out) MUST_CHECK;
/* All there are; those of flag CKF_WRAP wrap and unwrap keys, too. */
const struct secret_row *cipher_rows(size_t *count);

/* A message authentication code under way. */
struct mac;
struct mac *mac_new(void) MUST_CHECK;
CK_RV mac_start(struct mac *m, const CK_MECHANISM *mechanism,
		struct cursor key) MUST_CHECK;
/* The same for HMAC with a digest that no mechanism names. */
CK_RV mac_start_hmac(struct mac *m, enum digest d,
		     struct cursor key) MUST_CHECK;
size_t mac_size(const struct mac *m);
CK_RV mac_update(struct mac *m, struct cursor in) MUST_CHECK;
CK_RV mac_finish(struct mac *m, struct builder *out) MUST_CHECK;
/* CKR_SIGNATURE_LEN_RANGE, CKR_SIGNATURE_INVALID. */
CK_RV mac_verify(struct mac *m, struct cursor signature) MUST_CHECK;
void mac_end(struct mac *m);
/* Another one in the middle of the same message; NULL: no memory. */
struct mac *mac_copy(const struct mac *m) MUST_CHECK;
void mac_free(struct mac *m);
/* All there are. An HMAC takes generic secrets and keys of its own type. */
const struct secret_row *mac_rows(size_t *count);
/* CKK_SHA256_HMAC and so on, of CKM_SHA256_HMAC; else the row's type. */
bool mac_takes(CK_MECHANISM_TYPE mechanism, CK_KEY_TYPE type);

#endif
