/* The operations of a fake token that fake_cross.c has. */
#ifndef SIGNET_TESTS_FAKE_CROSS_H
#define SIGNET_TESTS_FAKE_CROSS_H

#include "token.h"

CK_RV cross_generate(struct token *t, const CK_MECHANISM *mechanism,
		     struct template object, uint64_t *id);
CK_RV cross_lend(struct token *t, uint64_t id, struct attrs *object);
CK_RV cross_take(struct token *t, struct attrs *objects, size_t count,
		 uint64_t *ids);
CK_RV cross_copy(struct token *t, uint64_t id, struct template changes,
		 struct attrs *object);
CK_RV cross_unwrap(struct token *t, const struct derivation *d,
		   struct attrs *object);
CK_RV cross_wrap(struct token *t, const struct derivation *d,
		 struct builder *out);
CK_RV cross_encapsulate(struct token *t, const struct derivation *d,
			struct builder *out, struct attrs *object);
CK_RV cross_derive(struct token *t, const struct derivation *d,
		   struct derived *list, size_t *count);
/* Where the handle of a second derived key goes; NULL: there is none. */
extern CK_OBJECT_HANDLE *cross_second;

#endif
