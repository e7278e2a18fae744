/* The key that another is made with: lent by its object, or held by a caller.
 */
#ifndef SIGNET_SOFT_BASE_H
#define SIGNET_SOFT_BASE_H

#include "soft_made.h"

struct base {
	struct attrs lent;	   /* to be wiped */
	const struct attrs *attrs; /* these or the caller's */
	struct soft_key *key;	   /* of a public or private key */
};

/* The base of D, whatever key it is. CKR_KEY_HANDLE_INVALID. */
CK_RV base_take(struct soft_token *t, const struct derivation *d,
		struct base *base) MUST_CHECK;
/* May it be used so? To be asked after its type, which comes first (5.1.6).
 * CKR_KEY_FUNCTION_NOT_PERMITTED, CKR_MECHANISM_INVALID. */
CK_RV base_permits(const struct base *base, const struct derivation *d,
		   CK_ATTRIBUTE_TYPE usage) MUST_CHECK;
void base_free(struct base *base);
bool base_is(const struct base *base, CK_OBJECT_CLASS class, CK_KEY_TYPE type);
struct origin base_origin(const struct base *base);
/* The secrecy of any base goes on (6.43). */
CK_RV secrecy_inherit(const struct attrs *from, struct attrs *made) MUST_CHECK;

CK_RV soft_derive(struct token *token, const struct derivation *d,
		  struct derived *list, size_t *count);
CK_RV soft_encapsulate(struct token *token, const struct derivation *d,
		       struct builder *out, struct attrs *object);
CK_RV soft_decapsulate(struct token *token, const struct derivation *d,
		       struct attrs *object);
CK_RV soft_wrap(struct token *token, const struct derivation *d,
		struct builder *out);
CK_RV soft_unwrap(struct token *token, const struct derivation *d,
		  struct attrs *object);

/* All mechanisms of C_DeriveKey. */
size_t derive_mechanisms(struct mechanism *list, size_t room);

#endif
