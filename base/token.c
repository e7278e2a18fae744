/* References to a token, whatever is behind it. */
#include "token.h"

struct token *
token_ref(struct token *t)
{
	__atomic_add_fetch(&t->references, 1, __ATOMIC_RELAXED);
	return t;
}

void
token_unref(struct token *t)
{
	if (t == NULL)
		return;
	if (__atomic_sub_fetch(&t->references, 1, __ATOMIC_ACQ_REL) == 0)
		t->ops->free(t);
}
