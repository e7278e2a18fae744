/* Checking a session's operations out and in, so that none is used twice. */
#include "activity.h"

#include "count.h"
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

/* One step of a hold, if it is FROM; alone it costs no locked bus. */
static bool
hold_move(_Atomic enum hold *hold, enum hold from, enum hold to)
{
	if (!process_alone())
		return atomic_compare_exchange_strong(hold, &from, to);
	if (atomic_load_explicit(hold, memory_order_relaxed) != from)
		return false;
	atomic_store_explicit(hold, to, memory_order_relaxed);
	return true;
}

static void
give(struct session *s, unsigned kind)
{
	_Atomic enum hold *hold = &s->holds[kind];
	struct activity *a;

	if (hold_move(hold, CHECKED_OUT, AT_HAND))
		return;
	/* orphaned: whoever did that has left it to this call */
	a = s->activities[kind];
	s->activities[kind] = NULL;
	atomic_store(hold, AT_HAND);
	activity_free(a);
}

/* What there is of a kind, which may be nothing, is the caller's now. */
static CK_RV
check_out(struct session *s, unsigned kind)
{
	if (!hold_move(&s->holds[kind], AT_HAND, CHECKED_OUT))
		return CKR_OPERATION_ACTIVE;
	if (!atomic_load(&s->closed))
		return CKR_OK;
	give(s, kind);
	return CKR_SESSION_CLOSED;
}

CK_RV
activity_take(struct session *s, unsigned kind,
	      struct activity **activity)
{
	CK_RV rv = check_out(s, kind);
	struct activity *a;

	if (rv != CKR_OK)
		return rv;
	a = s->activities[kind];
	if (a == NULL || a->progress == AT_REST) {
		give(s, kind);
		return CKR_OPERATION_NOT_INITIALIZED;
	}
	*activity = a;
	return CKR_OK;
}

/* The activity of a kind that is checked out, to begin in it. */
static CK_RV
activity_fresh(struct session *s, unsigned kind,
	       struct activity **activity)
{
	struct activity *a = s->activities[kind];

	if (a != NULL && a->progress == LOCKED && !a->held)
		activity_end(a, CKR_FUNCTION_CANCELED);
	if (a != NULL && a->progress != AT_REST)
		return CKR_OPERATION_ACTIVE;
	if (a == NULL)
		a = mem_new(sizeof(*a));
	if (a == NULL)
		return CKR_HOST_MEMORY;
	a->kind = kind;
	s->activities[kind] = a;
	*activity = a;
	return CKR_OK;
}

CK_RV
activity_take_new(struct session *s, unsigned kind,
		  struct activity **activity)
{
	CK_RV rv = check_out(s, kind);

	if (rv != CKR_OK)
		return rv;
	rv = activity_fresh(s, kind, activity);
	if (rv != CKR_OK)
		give(s, kind);
	return rv;
}

void
activity_give(struct session *s, struct activity *a)
{
	give(s, a->kind);
}

void
activity_detach(struct session *s, unsigned kind,
		struct activity **ended)
{
	_Atomic enum hold *hold = &s->holds[kind];
	struct activity *a;

	while (!hold_move(hold, AT_HAND, CHECKED_OUT)) {
		if (hold_move(hold, CHECKED_OUT, ORPHANED) ||
		    atomic_load(hold) == ORPHANED)
			return;
		/* it was given back between the two: once more */
	}
	a = s->activities[kind];
	s->activities[kind] = NULL;
	atomic_store(hold, AT_HAND);
	if (a == NULL)
		return;
	a->next = *ended;
	*ended = a;
}

struct activity *
activity_close(struct session *s)
{
	struct activity *ended = NULL;
	unsigned kind;

	atomic_store(&s->closed, true);
	for (kind = 0; kind < ACTIVITIES; kind++)
		activity_detach(s, kind, &ended);
	return ended;
}
