/* C_Login with CKU_CONTEXT_SPECIFIC: which operation it is for (4.9). */
#include "activity.h"
#include "message.h"

/* What a private key does that wants the PIN for each use. */
static const unsigned kinds[] = { OPERATION_SIGN, OPERATION_SIGN_RECOVER,
				  OPERATION_DECRYPT, MESSAGE_SIGN };
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

struct choice {
	unsigned kind;
	bool waits;
	CK_ULONG since; /* 0: there is none */
};

/* "Immediately after a cryptographic operation using the key has been
 * initiated": the one begun last, of those that wait for a login if any does.
 */
static void
choose(struct choice *best, unsigned kind, const struct activity *work)
{
	/* a message process waits from one message to the next */
	bool waits = work->progress == LOCKED || work->progress == AT_REST;

	if (work->since == 0 || best->waits > waits ||
	    (best->waits == waits && best->since > work->since))
		return;
	*best = (struct choice){ kind, waits, work->since };
}

static CK_RV
look(struct session *s, unsigned kind, struct choice *best)
{
	struct activity *a;
	CK_RV rv = activity_take(s, kind, &a);

	if (rv != CKR_OK)
		return rv;
	choose(best, kind, a->message != NULL ? &a->message->work : a);
	activity_give(s, a);
	return CKR_OK;
}

/* One that another call has in hand is no choice. */
static CK_RV
look_at_all(struct session *s, struct choice *best)
{
	bool busy = false;
	size_t i;

	for (i = 0; i < KINDS; i++) {
		CK_RV rv = look(s, kinds[i], best);

		busy = busy || rv == CKR_OPERATION_ACTIVE;
		if (rv == CKR_SESSION_CLOSED)
			return rv;
	}
	if (best->since != 0)
		return CKR_OK;
	return busy ? CKR_OPERATION_ACTIVE : CKR_OPERATION_NOT_INITIALIZED;
}

/* A wrong PIN leaves the operation as it was. */
static CK_RV
log_in(struct activity *work, struct cursor pin)
{
	struct operation *o = work->operation;
	CK_RV rv = CKR_OPERATION_NOT_INITIALIZED;

	if (o->login_each_time && o->ops->login != NULL)
		rv = o->ops->login(o, pin);
	if (rv == CKR_OK && work->progress == LOCKED)
		work->progress = BEGUN;
	return rv;
}

static CK_RV
log_in_message(struct session *s, struct activity *a, struct cursor pin)
{
	struct message *m = a->message;
	CK_RV rv = message_start(s, m, &m->mechanism);

	if (rv == CKR_OK)
		rv = log_in(&m->work, pin);
	message_give(s, a);
	return rv;
}

static CK_RV
log_in_kind(struct session *s, unsigned kind, struct cursor pin)
{
	struct activity *a;
	CK_RV rv = activity_take(s, kind, &a);

	if (rv != CKR_OK)
		return rv;
	if (a->message != NULL)
		return log_in_message(s, a, pin);
	rv = log_in(a, pin);
	activity_give(s, a);
	return rv;
}

/* With a PIN that is locked now the user is logged out from the token, too. */
CK_RV
context_login(struct session *s, struct cursor pin)
{
	struct choice best = { 0 };
	CK_RV rv = look_at_all(s, &best);

	if (rv == CKR_OK)
		rv = log_in_kind(s, best.kind, pin);
	if (rv == CKR_PIN_LOCKED)
		(void)presence_logout(s->presence); /* it is what counts */
	return rv;
}
