/* The inside of an operation, for those who start one. */
#ifndef SIGNET_SOFT_OPERATION_H
#define SIGNET_SOFT_OPERATION_H

#include "cipher.h"
#include "soft_token.h"

/* What does the work. */
enum engine {
	ENGINE_DIGEST,
	ENGINE_PAIR, /* a public or private key, after a digest or a buffer */
	ENGINE_CIPHER,
	ENGINE_MAC,
};

/* A finished one waits to be used again: it keeps its engines, no key. */
struct soft_operation {
	struct operation operation; /* first: pkcs11/ sees this */
	struct soft_token *token;
	enum engine engine;
	bool running;
	struct soft_key *key;
	struct scheme scheme;
	struct builder label;  /* what SCHEME.label points to */
	struct builder buffer; /* input that is not digested */
	enum digest digest;    /* what DIGESTER makes */
	struct digester *digester;
	bool digesting;
	struct cipher *cipher;
	uint64_t cipher_id, cipher_changes; /* of the key, when it came */
	struct mac *mac;
	bool authorised; /* by the context-specific login */
};

/* Gets an operation going that was cleared. */
CK_RV operation_begin(struct soft_operation *o, const CK_MECHANISM *mechanism,
		      const struct operation_key *key) MUST_CHECK;

/* May an object with these attributes be used by the mechanism (PKCS#11 3.2,
 * 4.7)? When CKA_ALLOWED_MECHANISMS is absent or empty, by every one. */
bool mechanism_allowed(const struct attrs *attrs, CK_MECHANISM_TYPE mechanism);

#endif
