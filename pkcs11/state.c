/* C_GetOperationState and C_SetOperationState (5.6.7, 5.6.8). */
#include "state.h"

#include "activity.h"
#include "crypto.h"
#include "data.h"
#include "mem.h"
#include "module.h"
#include "output.h"

enum {
	NAME_SIZE = 16,
	STATE_SIZE = 24, /* signature, version, name */
	STATES_MAX = 256,
};
static const char magic[] = "signet\1"; /* of version 1, with its final 0 */
_Static_assert(sizeof(magic) + NAME_SIZE == STATE_SIZE, "what is handed out");

/* These have a state that can be saved at all (5.6.7). */
static const enum operation_kind kinds[] = {
	OPERATION_DIGEST,  OPERATION_SIGN,    OPERATION_VERIFY,
	OPERATION_ENCRYPT, OPERATION_DECRYPT,
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* One operation; none when its OPERATION is NULL. */
struct part {
	struct operation *operation;
	const struct token *token;
	CK_OBJECT_HANDLE key;
	enum progress progress;
};

struct saved {
	struct saved *older;
	uint8_t name[NAME_SIZE];
	CK_STATE session;
	struct part parts[KINDS];
};

static void
parts_free(struct part parts[static KINDS])
{
	size_t i;

	for (i = 0; i < KINDS; i++) {
		if (parts[i].operation != NULL)
			parts[i].operation->ops->free(parts[i].operation);
		parts[i].operation = NULL;
	}
}

static void
saved_free(struct saved *saved)
{
	if (saved == NULL)
		return;
	parts_free(saved->parts);
	mem_free(saved, sizeof(*saved));
}

void
states_new(struct states *all)
{
	*all = (struct states){ .newest = NULL };
	lock_new(&all->lock);
}

void
states_free(struct states *all)
{
	states_clear(all, false);
	lock_free(&all->lock);
}

static bool
is_private(const struct saved *saved)
{
	return saved->session != CKS_RO_PUBLIC_SESSION &&
	       saved->session != CKS_RW_PUBLIC_SESSION;
}

void
states_clear(struct states *all, bool private_only)
{
	struct saved **at = &all->newest;

	lock_take(&all->lock);
	while (*at != NULL) {
		struct saved *saved = *at;

		if (private_only && !is_private(saved)) {
			at = &saved->older;
			continue;
		}
		*at = saved->older;
		all->count--;
		saved_free(saved);
	}
	lock_give(&all->lock);
}

/* When there are too many the oldest goes. Takes SAVED. */
static void
states_add(struct states *all, struct saved *saved)
{
	struct saved **at = &saved->older;

	lock_take(&all->lock);
	saved->older = all->newest;
	all->newest = saved;
	if (++all->count > STATES_MAX) {
		while ((*at)->older != NULL)
			at = &(*at)->older;
		saved_free(*at);
		*at = NULL;
		all->count--;
	}
	lock_give(&all->lock);
}

static CK_RV
part_copy(const struct part *from, struct part *to)
{
	struct operation *o = from->operation;
	struct part copy = *from;
	CK_RV rv;

	if (o == NULL)
		return CKR_OK;
	if (o->ops->copy == NULL)
		return CKR_STATE_UNSAVEABLE;
	rv = o->ops->copy(o, &copy.operation);
	if (rv == CKR_OK)
		*to = copy;
	return rv;
}

/* The session's operation of this kind, if one has begun. */
static CK_RV
part_save(struct session *s, enum operation_kind kind, struct part *part,
	  bool *any)
{
	struct activity *a;
	struct part active;
	CK_RV rv = activity_take(s, kind, &a);

	if (rv == CKR_OPERATION_NOT_INITIALIZED)
		return CKR_OK;
	if (rv != CKR_OK)
		return rv;
	active = (struct part){ .operation = a->operation,
				.token = a->token,
				.key = a->key,
				.progress = a->progress };
	*any = true;
	if (a->signature_first || a->held)
		rv = CKR_STATE_UNSAVEABLE;
	else
		rv = part_copy(&active, part);
	activity_give(s, a);
	return rv;
}

static CK_RV
save(struct session *s, struct saved *saved)
{
	bool any = false;
	CK_RV rv = CKR_OK;
	size_t i;

	saved->session = session_state(s);
	for (i = 0; i < KINDS && rv == CKR_OK; i++)
		rv = part_save(s, kinds[i], &saved->parts[i], &any);
	if (rv == CKR_OK && !any)
		rv = CKR_OPERATION_NOT_INITIALIZED;
	return rv == CKR_OK ? random_bytes(saved->name, NAME_SIZE) : rv;
}

static CK_RV
get_state(struct session *s, CK_BYTE *state, CK_ULONG *size)
{
	uint8_t space[STATE_SIZE];
	struct builder out = builder_over(space, sizeof(space));
	struct saved *saved;
	CK_RV rv;

	if (size == NULL)
		return CKR_ARGUMENTS_BAD;
	saved = mem_new(sizeof(*saved));
	if (saved == NULL)
		return CKR_HOST_MEMORY;
	rv = save(s, saved);
	if (rv == CKR_OK) {
		builder_put(&out, magic, sizeof(magic));
		builder_put(&out, saved->name, NAME_SIZE);
		rv = output_give(&out, state, size);
	}
	if (rv == CKR_OK && state != NULL)
		states_add(&s->presence->states, saved);
	else
		saved_free(saved);
	return rv;
}

CK_RV
C_GetOperationState(CK_SESSION_HANDLE session, CK_BYTE *operation_state,
		    CK_ULONG *operation_state_len)
{
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	rv = get_state(s, operation_state, operation_state_len);
	return session_leave(__func__, s, rv);
}

/* A key that comes along has to be the one in use, of ONE kind or the OTHER. */
static CK_RV
key_check(const struct saved *saved, CK_OBJECT_HANDLE key, unsigned one,
	  unsigned other)
{
	CK_RV rv = CKR_KEY_NOT_NEEDED;
	size_t i;

	if (key == CK_INVALID_HANDLE)
		return CKR_OK;
	for (i = 0; i < KINDS; i++) {
		const struct part *part = &saved->parts[i];

		if (part->operation == NULL ||
		    (kinds[i] != one && kinds[i] != other))
			continue;
		if (part->key == key)
			return CKR_OK;
		rv = CKR_KEY_CHANGED;
	}
	return rv;
}

/* What a state is asked for with. */
struct wanted {
	struct cursor name;
	CK_STATE session;
	CK_OBJECT_HANDLE encryption_key, authentication_key;
};

/* With the lock. */
static CK_RV
load(const struct states *all, const struct wanted *wanted,
     struct part parts[static KINDS])
{
	const struct saved *saved = all->newest;
	CK_RV rv;
	size_t i;

	while (saved != NULL &&
	       !mem_equal(saved->name, wanted->name.at, NAME_SIZE))
		saved = saved->older;
	if (saved == NULL || saved->session != wanted->session)
		return CKR_SAVED_STATE_INVALID;
	rv = key_check(saved, wanted->encryption_key, OPERATION_ENCRYPT,
		       OPERATION_DECRYPT);
	if (rv == CKR_OK)
		rv = key_check(saved, wanted->authentication_key,
			       OPERATION_SIGN, OPERATION_VERIFY);
	for (i = 0; i < KINDS && rv == CKR_OK; i++)
		rv = part_copy(&saved->parts[i], &parts[i]);
	return rv;
}

/* "The ongoing operations are abruptly cancelled", unless a call has one. */
static CK_RV
cancel_all(struct session *s)
{
	unsigned kind;

	for (kind = 0; kind < ACTIVITIES; kind++) {
		if (operation_cancel(s, kind) != CKR_OK)
			return CKR_OPERATION_ACTIVE;
	}
	return search_cancel(s) == CKR_OK ? CKR_OK : CKR_OPERATION_ACTIVE;
}

/* Takes the part. */
static CK_RV
part_restore(struct session *s, enum operation_kind kind, struct part *part)
{
	struct activity *a;
	CK_RV rv;

	if (part->operation == NULL)
		return CKR_OK;
	rv = activity_take_new(s, kind, &a);
	if (rv != CKR_OK)
		return rv;
	if (a->operation != NULL)
		a->operation->ops->free(a->operation);
	a->operation = part->operation;
	a->token = part->token;
	a->key = part->key;
	a->progress = part->progress;
	a->since = part->operation->login_each_time ? module_handle() : 0;
	part->operation = NULL;
	activity_give(s, a);
	return CKR_OK;
}

static CK_RV
set_state(struct session *s, const CK_BYTE *state, CK_ULONG size,
	  struct wanted *wanted)
{
	struct states *all = &s->presence->states;
	struct cursor in = cursor_of(state, size);
	struct part parts[KINDS] = { { NULL } };
	CK_RV rv;
	size_t i;

	if (state == NULL || data_is_bad(state, size))
		return CKR_ARGUMENTS_BAD;
	if (size != STATE_SIZE || !cursor_begins(in, magic, sizeof(magic)))
		return CKR_SAVED_STATE_INVALID;
	cursor_take(&in, sizeof(magic));
	wanted->name = in;
	wanted->session = session_state(s);
	lock_take(&all->lock);
	rv = load(all, wanted, parts);
	lock_give(&all->lock);
	if (rv == CKR_OK)
		rv = cancel_all(s);
	for (i = 0; i < KINDS && rv == CKR_OK; i++)
		rv = part_restore(s, kinds[i], &parts[i]);
	parts_free(parts);
	return rv;
}

CK_RV
C_SetOperationState(CK_SESSION_HANDLE session, CK_BYTE *operation_state,
		    CK_ULONG operation_state_len,
		    CK_OBJECT_HANDLE encryption_key,
		    CK_OBJECT_HANDLE authentication_key)
{
	struct wanted wanted = { .encryption_key = encryption_key,
				 .authentication_key = authentication_key };
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	rv = set_state(s, operation_state, operation_state_len, &wanted);
	return session_leave(__func__, s, rv);
}
