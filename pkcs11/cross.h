/* Keys that go into a computation of one token and come out for another. */
#ifndef SIGNET_CROSS_H
#define SIGNET_CROSS_H

#include "rules.h"

/* An object by its handle: who has it. */
struct holder {
	struct token *owner;
	uint64_t id;
};

/* False when the handle stands for nothing. */
bool holder_find(struct session *s, CK_OBJECT_HANDLE handle,
		 struct holder *holder) MUST_CHECK;
/* What a computation of another token needs of it: the attributes, secrets
 * and all, to be wiped with attrs_free(). Without a token that lends, those
 * of a public key. CKR_KEY_UNEXTRACTABLE, CKR_OBJECT_HANDLE_INVALID. */
CK_RV holder_lend(const struct holder *holder, struct attrs *object) MUST_CHECK;

/* What a computation has to know of a private key whose token does it; no
 * secrets. CKR_KEY_TYPE_INCONSISTENT when it is none. */
CK_RV holder_describe(const struct holder *holder,
		      struct attrs *object) MUST_CHECK;

/* May an object be made of this template now? CLASS is its class when it does
 * not say. Also all that data_template() finds. */
CK_RV cross_check(struct session *s, const CK_ATTRIBUTE *list, CK_ULONG count,
		  CK_OBJECT_CLASS class, struct template *template) MUST_CHECK;
/* What decryption answers, as C_UnwrapKey and C_DecapsulateKey put it (5.18.4,
 * 5.18.9). */
CK_RV cross_unwrapping(CK_RV rv);
/* Gives objects that were computed to the token that they are for, by their
 * attributes, and each its handle. Takes OBJECTS, also on failure. */
CK_RV cross_adopt(struct session *s, struct attrs *objects, size_t count,
		  CK_OBJECT_HANDLE *handles) MUST_CHECK;

#endif
