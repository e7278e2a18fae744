/* Checking a session's operations out and in, so that none is used twice. */
#include "activity.h"

#include "mem.h"

void
activity_unhold(struct activity *a)
{
	if (!a->held)
		return;
	builder_free(&a->held_in);
	builder_free(&a->result);
	a->held = false;
}

void
activity_free(struct activity *chain)
{
	while (chain != NULL) {
		struct activity *next = chain->next;

		activity_unhold(chain);
		builder_free(&chain->signature);
		message_free(chain->message);
		if (chain->operation != NULL)
			chain->operation->ops->free(chain->operation);
		mem_free(chain, sizeof(*chain));
		chain = next;
	}
}

/* With the lock. */
static CK_RV
take(struct session *s, unsigned kind, struct activity **activity)
{
	struct activity *a = s->activities[kind];

	if (s->closed)
		return CKR_SESSION_CLOSED;
	if (a == NULL)
		return CKR_OPERATION_NOT_INITIALIZED;
	if (atomic_load(&a->hold) != AT_HAND)
		return CKR_OPERATION_ACTIVE;
	if (a->progress == AT_REST)
		return CKR_OPERATION_NOT_INITIALIZED;
	atomic_store_explicit(&a->hold, CHECKED_OUT, memory_order_relaxed);
	*activity = a;
	return CKR_OK;
}

CK_RV
activity_take(struct session *s, unsigned kind,
	      struct activity **activity)
{
	CK_RV rv;

	lock_take(&s->lock);
	rv = take(s, kind, activity);
	lock_give(&s->lock);
	return rv;
}

/* With the lock. */
static CK_RV
take_new(struct session *s, unsigned kind,
	 struct activity **activity)
{
	struct activity *a = s->activities[kind];

	if (s->closed)
		return CKR_SESSION_CLOSED;
	if (a != NULL &&
	    (atomic_load(&a->hold) != AT_HAND || a->progress != AT_REST))
		return CKR_OPERATION_ACTIVE;
	if (a == NULL)
		a = mem_new(sizeof(*a));
	if (a == NULL)
		return CKR_HOST_MEMORY;
	s->activities[kind] = a;
	atomic_store_explicit(&a->hold, CHECKED_OUT, memory_order_relaxed);
	*activity = a;
	return CKR_OK;
}

CK_RV
activity_take_new(struct session *s, unsigned kind,
		  struct activity **activity)
{
	CK_RV rv;

	lock_take(&s->lock);
	rv = take_new(s, kind, activity);
	lock_give(&s->lock);
	return rv;
}

void
activity_give(struct session *s, struct activity *a)
{
	enum hold out = CHECKED_OUT;

	if (!atomic_compare_exchange_strong(&a->hold, &out, AT_HAND))
		activity_free(a);
}

/* With the lock. */
static void
detach(struct session *s, unsigned kind, struct activity **ended)
{
	struct activity *a = s->activities[kind];
	enum hold out = CHECKED_OUT;

	s->activities[kind] = NULL;
	if (a != NULL &&
	    !atomic_compare_exchange_strong(&a->hold, &out, ORPHANED)) {
		a->next = *ended;
		*ended = a;
	}
}

void
activity_detach(struct session *s, unsigned kind,
		struct activity **ended)
{
	lock_take(&s->lock);
	detach(s, kind, ended);
	lock_give(&s->lock);
}

struct activity *
activity_close(struct session *s)
{
	struct activity *ended = NULL;
	unsigned kind;

	lock_take(&s->lock);
	s->closed = true;
	for (kind = 0; kind < ACTIVITIES; kind++)
		detach(s, kind, &ended);
	lock_give(&s->lock);
	return ended;
}
