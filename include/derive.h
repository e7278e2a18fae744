/* Keys that come of other keys, and objects on their way between tokens. */
#ifndef SIGNET_DERIVE_H
#define SIGNET_DERIVE_H

#include "object.h"

/*
 * A session object lives with a slot's host token, a token object with its
 * token; what makes a key of another may have to do with both. So an object
 * crosses as its attributes, secrets and all: lend() gives those of an object
 * that goes into a computation, adopt() makes an object of those that came out
 * of one. They are wiped with attrs_free().
 */

/* Asks for a key, by C_DeriveKey, C_UnwrapKey, C_DecapsulateKey and so on. */
struct derivation {
	const CK_MECHANISM *mechanism;
	struct template object; /* what is to be made */
	/* The base, unwrapping or private key: an object of this token ... */
	uint64_t key;
	/*
	 * ... or with HELD, on a host token, somebody else's: its attributes,
	 * and, when its card has done the key's work, what came out of that:
	 * the shared secret of an ECDH, the bare content of a wrapped key.
	 */
	const struct attrs *held;
	struct cursor computed;
	/* The wrapped key or KEM ciphertext. */
	struct cursor input;
	/* The lent key that derivation_other() names, else NULL. */
	const struct attrs *other;
	/* As of struct operation. */
	CK_RV (*surrender)(void *caller);
	void *caller;
};

/*
 * The handle of a second key that the mechanism's parameter names (CKM_HKDF_*
 * with a salt key, CKM_CONCATENATE_BASE_AND_KEY), else CK_INVALID_HANDLE.
 */
CK_OBJECT_HANDLE derivation_other(const CK_MECHANISM *mechanism);

/* What came of a derivation: mostly one key, of TLS up to four, of SP 800-108
 * as many as it says. */
enum { DERIVED_MAX = 16 };
struct derived {
	struct attrs attrs;
	/* Where its handle goes: NULL, to the caller of C_DeriveKey, or into
	 * the mechanism's parameter. */
	CK_OBJECT_HANDLE *handle;
};

#endif
