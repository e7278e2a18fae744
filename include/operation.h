/* An operation: what C_SignInit and its like start, on any token. */
#ifndef SIGNET_OPERATION_H
#define SIGNET_OPERATION_H

#include "bytes.h"
#include "cryptoki.h"

/*
 * An operation that C_SignInit and its like started. pkcs11/ owns when it
 * ends; the room that made it owns its state. An operation holds a reference
 * to its token.
 */
enum operation_kind {
	OPERATION_DIGEST,
	OPERATION_SIGN,
	OPERATION_VERIFY,
	OPERATION_ENCRYPT,
	OPERATION_DECRYPT,
	OPERATION_SIGN_RECOVER,
	OPERATION_VERIFY_RECOVER, /* IN of update is the signature */
	OPERATION_KINDS,
};

struct operation;

struct operation_ops {
	/*
	 * Bytes that update or finish gives out at most for IN_SIZE more bytes
	 * of input; what C_Sign answers to a length query. Exact but for what
	 * finish gives of a decryption or a recovery from a signature.
	 */
	size_t (*size)(struct operation *o, size_t in_size, bool finish);
	/* More input. OUT is used by ciphers only. CKR_DATA_LEN_RANGE etc. */
	CK_RV (*update)(struct operation *o, struct cursor in,
			struct builder *out);
	/*
	 * The last step; signature, digest, plaintext go to OUT. For a
	 * verification IN is the signature, else it is empty.
	 */
	CK_RV (*finish)(struct operation *o, struct cursor in,
			struct builder *out);
	/*
	 * Optional: update and finish at one stroke, for C_Encrypt and its
	 * like, when nothing was updated before. It saves what must not go out
	 * before all was seen (a decryption that proves its tag) from a copy.
	 */
	CK_RV (*whole)(struct operation *o, struct cursor in,
		       struct cursor signature, struct builder *out);
	/* Optional: C_Login with CKU_CONTEXT_SPECIFIC for this operation. */
	CK_RV (*login)(struct operation *o, struct cursor pin);
	/* Optional: another operation in the state that this one is in, but
	 * without its context-specific login. CKR_STATE_UNSAVEABLE. */
	CK_RV (*copy)(struct operation *o, struct operation **copy);
	/* Ends it in any state: wipes, lets the token go, frees. */
	void (*free)(struct operation *o);
};

struct operation {
	const struct operation_ops *ops;
	enum operation_kind kind;
	/* C_SignUpdate and its like are refused (CKM_RSA_PKCS, CKM_ECDSA) */
	bool single_part;
	/* this key wants a context-specific login before each finish */
	bool login_each_time;
	/* a finished one holds nothing, and may be started again */
	bool reusable;
	/* Called on the caller's thread before a step that will wait for the
	 * card, or for a person. Not CKR_OK: give up. NULL: nobody cares. */
	CK_RV (*surrender)(void *caller);
	void *caller;
};

/* The key of an operation: an object of this token, or somebody else's public
 * key by its CKA_PUBLIC_KEY_INFO. All zero for a digest. */
struct operation_key {
	uint64_t id;
	struct cursor public_key_info;
};

#endif
