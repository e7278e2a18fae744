/* Saved states of operations: C_GetOperationState, C_SetOperationState. */
#ifndef SIGNET_STATE_H
#define SIGNET_STATE_H

#include <stdbool.h>

#include "cryptoki.h"
#include "lock.h"
#include "must_check.h"

/*
 * OpenSSL writes no state of a digest down, and a key must not leave. So what
 * the application gets is no more than a name: the state itself is a copy of
 * the operation, kept with the token until it leaves or C_Finalize. A name is
 * of 128 random bits, and of no use elsewhere.
 */
struct saved;
struct states {
	pthread_mutex_t lock;
	struct saved *newest;
	size_t count;
};

void states_new(struct states *all);
void states_free(struct states *all);
/* Forgets all, or those of sessions that were logged in. */
void states_clear(struct states *all, bool private_only);

#endif
