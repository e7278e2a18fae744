/* Sessions: opening, closing, finding by handle; C_OpenSession and kin. */
#include "session.h"

#include "activity.h"
#include "count.h"
#include "mem.h"
#include "module.h"
#include "slots.h"
#include "table.h"

struct sessions {
	pthread_mutex_t lock;
	struct table by_handle;
};

struct sessions *
sessions_new(void)
{
	struct sessions *all = mem_new(sizeof(*all));

	if (all != NULL)
		lock_new(&all->lock);
	return all;
}

void
sessions_free(struct sessions *all)
{
	if (all == NULL)
		return;
	table_free(&all->by_handle);
	lock_free(&all->lock);
	mem_free(all, sizeof(*all));
}

static void
session_unref(struct session *s)
{
	if (count_down(&s->references) != 0)
		return;
	lock_free(&s->lock);
	presence_unref(s->presence);
	mem_free(s, sizeof(*s));
}

/* Every call comes through here; alone there is nobody to lock out, and none
 * can come in between. */
static struct session *
session_find(struct sessions *all, CK_SESSION_HANDLE handle)
{
	bool alone = process_alone();
	struct session *s;

	if (!alone)
		lock_take(&all->lock);
	s = table_get(&all->by_handle, handle);
	if (s != NULL)
		DROP(count_up(&s->references));
	if (!alone)
		lock_give(&all->lock);
	return s;
}

CK_RV
session_enter(const char *name, CK_SESSION_HANDLE handle,
	      struct session **session)
{
	CK_RV rv = module_enter(name);
	struct session *s;

	if (rv != CKR_OK)
		return rv;
	s = session_find(module_sessions(), handle);
	if (s == NULL)
		return module_leave(name, CKR_SESSION_HANDLE_INVALID);
	*session = s;
	return CKR_OK;
}

CK_RV
session_leave(const char *name, struct session *s, CK_RV rv)
{
	if (rv == CKR_DEVICE_REMOVED)
		slots_lost(module_slots(), s->presence);
	session_unref(s);
	return module_leave(name, rv);
}

/* Opens one and gives its handle; LIKE tells of it what the caller wants. */
static CK_RV
session_open(struct presence *p, const struct session *like,
	     CK_SESSION_HANDLE *handle)
{
	struct sessions *all = module_sessions();
	struct session *s = mem_new(sizeof(*s));
	CK_SESSION_HANDLE own = module_handle();
	CK_RV rv;

	if (s == NULL)
		return CKR_HOST_MEMORY;
	s->presence = presence_ref(p);
	s->rw = like->rw;
	s->notify = like->notify;
	s->application = like->application;
	s->handle = own;
	atomic_store(&s->references, 1);
	lock_new(&s->lock);
	lock_take(&all->lock);
	rv = table_put(&all->by_handle, own, s);
	lock_give(&all->lock);
	if (rv != CKR_OK) {
		session_unref(s);
		return rv;
	}
	rv = presence_add(p, s);
	if (rv != CKR_OK) {
		session_end(s);
		return rv;
	}
	/* from here on the session may end at any time */
	*handle = own;
	return CKR_OK;
}

void
session_end(struct session *s)
{
	struct sessions *all = module_sessions();
	struct token *host = s->presence->host;
	struct object_ref ref;

	lock_take(&all->lock);
	(void)table_take(&all->by_handle, s->handle);
	lock_give(&all->lock);
	while (handles_disown(&s->presence->handles, &s->objects, &ref))
		(void)host->ops->destroy(host, ref.id);
	activity_free(activity_close(s));
	search_end(s);
	session_unref(s);
}

/* False when somebody else has closed it or is about to. */
static bool
session_close(struct session *s)
{
	struct presence *p = s->presence;

	if (!presence_remove(p, s))
		return false;
	session_end(s);
	presence_settle(p);
	return true;
}

CK_STATE
session_state(struct session *s)
{
	switch (presence_login_state(s->presence)) {
	case LOGIN_USER:
		return s->rw ? CKS_RW_USER_FUNCTIONS : CKS_RO_USER_FUNCTIONS;
	case LOGIN_SO:
		return CKS_RW_SO_FUNCTIONS;
	case LOGIN_NONE:
		break;
	}
	return s->rw ? CKS_RW_PUBLIC_SESSION : CKS_RO_PUBLIC_SESSION;
}

static CK_RV
open_session(CK_SLOT_ID slot, CK_FLAGS flags, const struct session *like,
	     CK_SESSION_HANDLE *session)
{
	struct slots *slots = module_slots();
	CK_TOKEN_INFO info = { 0 };
	struct presence *p;
	CK_RV rv;

	if (session == NULL)
		return CKR_ARGUMENTS_BAD;
	if (!(flags & CKF_SERIAL_SESSION))
		return CKR_SESSION_PARALLEL_NOT_SUPPORTED;
	if (flags & CKF_ASYNC_SESSION)
		return CKR_SESSION_ASYNC_NOT_SUPPORTED;
	rv = slots_token(slots, slot, &p);
	if (rv != CKR_OK)
		return rv;
	if (like->rw)
		rv = p->token->ops->info(p->token, &info);
	if (rv == CKR_OK && (info.flags & CKF_WRITE_PROTECTED))
		rv = CKR_TOKEN_WRITE_PROTECTED;
	if (rv == CKR_OK)
		rv = session_open(p, like, session);
	if (rv == CKR_DEVICE_REMOVED)
		slots_lost(slots, p);
	presence_unref(p);
	return rv;
}

/* The callback is called on the thread that waits for a card, and told no more
 * than CKN_SURRENDER. */
CK_RV
C_OpenSession(CK_SLOT_ID slot, CK_FLAGS flags, void *application,
	      CK_NOTIFY notify, CK_SESSION_HANDLE *session)
{
	const struct session like = { .rw = (flags & CKF_RW_SESSION) != 0,
				      .notify = notify,
				      .application = application };
	CK_RV rv = module_enter(__func__);

	if (rv != CKR_OK)
		return rv;
	return module_leave(__func__,
			    open_session(slot, flags, &like, session));
}

CK_RV
C_CloseSession(CK_SESSION_HANDLE session)
{
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	/* two threads may close one session: one of them comes too late */
	rv = session_close(s) ? CKR_OK : CKR_SESSION_CLOSED;
	return session_leave(__func__, s, rv);
}

CK_RV
C_CloseAllSessions(CK_SLOT_ID slot)
{
	struct presence *p;
	CK_RV rv = module_enter(__func__);

	if (rv != CKR_OK)
		return rv;
	rv = slots_token(module_slots(), slot, &p);
	if (rv == CKR_OK) {
		presence_close(p);
		presence_unref(p);
	}
	return module_leave(__func__, rv);
}

CK_RV
C_GetSessionInfo(CK_SESSION_HANDLE session, CK_SESSION_INFO *info)
{
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	if (info == NULL)
		return session_leave(__func__, s, CKR_ARGUMENTS_BAD);
	*info = (CK_SESSION_INFO){
		.slotID = s->presence->slot,
		.state = session_state(s),
		.flags = CKF_SERIAL_SESSION | (s->rw ? CKF_RW_SESSION : 0),
	};
	return session_leave(__func__, s, CKR_OK);
}

/* This thread is in the application's callback. */
static _Thread_local bool in_callback;

CK_RV
session_surrender(void *session)
{
	struct session *s = session;
	bool within = in_callback; /* which made a call of its own */
	CK_RV rv;

	if (s->notify == NULL)
		return CKR_OK;
	in_callback = true;
	rv = s->notify(s->handle, CKN_SURRENDER, s->application);
	in_callback = within;
	return rv;
}

bool
session_in_callback(void)
{
	return in_callback;
}

/* No token of ours has a validation to keep to (4.15). */
CK_RV
C_GetSessionValidationFlags(CK_SESSION_HANDLE session,
			    CK_SESSION_VALIDATION_FLAGS_TYPE type,
			    CK_FLAGS *flags)
{
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	if (flags == NULL)
		return session_leave(__func__, s, CKR_ARGUMENTS_BAD);
	*flags = 0;
	return session_leave(__func__, s, CKR_OK);
}
