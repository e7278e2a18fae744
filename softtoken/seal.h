/* How a token's secrets lie on disk: PIN, master key, sealed objects. */
#ifndef SIGNET_SEAL_H
#define SIGNET_SEAL_H

#include "store.h"
#include "token.h"

enum kdf { KDF_SCRYPT = 1, KDF_PBKDF2 = 2 };

enum {
	MASTER_KEY_SIZE = 32,
	SCRYPT_N = 1 << 15,	/* with r = 8, p = 1: 32 MiB */
	SCRYPT_N_MIN = 1 << 10, /* floor, for tests */
	SCRYPT_N_MAX = 1 << 20,
	PBKDF2_ROUNDS = 600000,	  /* HMAC-SHA-256 */
	PBKDF2_ROUNDS_MIN = 1000, /* floor, for tests */
	PBKDF2_ROUNDS_MAX = 100000000,
};

struct kdf_choice {
	enum kdf kdf;
	uint32_t cost; /* N of scrypt, rounds of PBKDF2 */
};

/* "scrypt", "pbkdf2", "scrypt:N" or "pbkdf2:ROUNDS"; a cost out of bounds is
 * taken to the bound. Anything else is logged and scrypt's default holds. */
struct kdf_choice kdf_parse(const char *text);

/*
 * Wraps the master key under a PIN with a new salt: AES-256-GCM with a key from
 * the KDF, the role and serial number authenticated with it. Slow on purpose;
 * to be called without a lock.
 */
CK_RV pin_wrap(struct kdf_choice choice, const char *serial,
	       enum store_role role, struct cursor pin,
	       const uint8_t master[MASTER_KEY_SIZE],
	       struct pin_record *record) MUST_CHECK;
/* The master key again; CKR_PIN_INCORRECT. As slow. */
CK_RV pin_unwrap(const struct pin_record *record, const char *serial,
		 enum store_role role, struct cursor pin,
		 uint8_t master[MASTER_KEY_SIZE]) MUST_CHECK;

/* The keys that a login opens, derived from the master key (HKDF-SHA-256). Any
 * thread may use them; the last reference wipes them. */
struct ring;
struct ring *ring_new(const uint8_t master[MASTER_KEY_SIZE]) MUST_CHECK;
struct ring *ring_ref(struct ring *r);
void ring_unref(struct ring *r);
const uint8_t *ring_master(const struct ring *r);

/*
 * The blob of a row from the object's encoding: sealed with AES-256-GCM when
 * ROW->private, else plain with a MAC, or plain without one when RING is NULL.
 * Id, version, class and key type of ROW are authenticated with it.
 */
CK_RV blob_seal(struct ring *ring, const struct row *row, struct cursor plain,
		struct builder *blob) MUST_CHECK;
/*
 * The encoding again. PROVEN: it carries the seal or MAC of this token's master
 * key. CKR_DATA_INVALID when blob and row do not belong together;
 * CKR_USER_NOT_LOGGED_IN for a sealed one without RING.
 */
CK_RV blob_open(struct ring *ring, const struct row *row, struct builder *plain,
		bool *proven) MUST_CHECK;

/* The index entry of a private object's CKA_ID, CKA_LABEL or CKA_SUBJECT: a
 * keyed hash of the attribute's type and value. */
CK_RV tag_make(struct ring *ring, CK_ATTRIBUTE_TYPE type, struct cursor value,
	       struct builder *tag) MUST_CHECK;

/* An attribute set as bytes that mean the same on every machine, and back: all,
 * or when ONLY names some at least these. */
CK_RV attrs_encode(const struct attrs *attrs, struct builder *out) MUST_CHECK;
CK_RV attrs_decode(struct cursor in, struct template only,
		   struct attrs *attrs) MUST_CHECK;

#endif
