/* What an application has of a token, from its coming to its going. */
#include "presence.h"

#include "activity.h"
#include "mem.h"
#include "profile.h"
#include "session.h"

struct presence *
presence_new(struct token *token, CK_SLOT_ID slot, bool software)
{
	struct presence *p = mem_new(sizeof(*p));

	if (p != NULL) {
		p->host = host_token_new(token);
		p->profiles = profiles_new(!software);
	}
	if (p == NULL || p->host == NULL || p->profiles == NULL) {
		if (p != NULL) {
			token_unref(p->host);
			token_unref(p->profiles);
		}
		mem_free(p, sizeof(*p));
		token_unref(token);
		return NULL;
	}
	p->token = token;
	p->slot = slot;
	p->software = software;
	atomic_store(&p->references, 1);
	handles_new(&p->handles);
	states_new(&p->states);
	lock_new(&p->login_lock);
	lock_new(&p->lock);
	return p;
}

struct presence *
presence_ref(struct presence *p)
{
	atomic_fetch_add(&p->references, 1);
	return p;
}

void
presence_unref(struct presence *p)
{
	if (p == NULL || atomic_fetch_sub(&p->references, 1) != 1)
		return;
	handles_free(&p->handles);
	states_free(&p->states);
	token_unref(p->host);
	token_unref(p->profiles);
	token_unref(p->token);
	lock_free(&p->login_lock);
	lock_free(&p->lock);
	mem_free(p, sizeof(*p));
}

struct token *
presence_owner(struct presence *p, struct object_ref ref)
{
	if (ref.profile)
		return p->profiles;
	return ref.host ? p->host : p->token;
}

enum login
presence_login_state(struct presence *p)
{
	return p->token->ops->login_state(p->token);
}

/* With the lock. */
static CK_RV
may_add(struct presence *p, bool rw)
{
	if (atomic_load(&p->gone))
		return CKR_TOKEN_NOT_PRESENT;
	if (!rw && (p->so_comes || presence_login_state(p) == LOGIN_SO))
		return CKR_SESSION_READ_WRITE_SO_EXISTS;
	return CKR_OK;
}

static void
link_session(struct presence *p, struct session *s)
{
	s->next = p->sessions;
	if (p->sessions != NULL)
		p->sessions->previous = s;
	p->sessions = s;
	s->listed = true;
	p->session_count++;
	p->rw_count += s->rw;
}

/* With the lock. The last one leaves the login to be settled. */
static void
unlink_session(struct presence *p, struct session *s)
{
	if (s->previous != NULL)
		s->previous->next = s->next;
	else
		p->sessions = s->next;
	if (s->next != NULL)
		s->next->previous = s->previous;
	s->listed = false;
	p->session_count--;
	p->rw_count -= s->rw;
	if (p->session_count == 0)
		atomic_store(&p->unsettled, true);
}

CK_RV
presence_add(struct presence *p, struct session *s)
{
	CK_RV rv;

	/* a login that has ended must not be found by a new session */
	presence_settle(p);
	lock_take(&p->lock);
	rv = may_add(p, s->rw);
	if (rv == CKR_OK)
		link_session(p, s);
	lock_give(&p->lock);
	return rv;
}

bool
presence_remove(struct presence *p, struct session *s)
{
	bool listed;

	lock_take(&p->lock);
	listed = s->listed;
	if (listed)
		unlink_session(p, s);
	lock_give(&p->lock);
	return listed;
}

/* The first session, taken out; NULL when there is none. */
static struct session *
pop_session(struct presence *p)
{
	struct session *s;

	lock_take(&p->lock);
	s = p->sessions;
	if (s != NULL)
		unlink_session(p, s);
	lock_give(&p->lock);
	return s;
}

void
presence_close(struct presence *p)
{
	struct session *s;

	while ((s = pop_session(p)) != NULL)
		session_end(s);
	presence_settle(p);
}

void
presence_end(struct presence *p)
{
	lock_take(&p->lock);
	atomic_store(&p->gone, true);
	lock_give(&p->lock);
	presence_close(p);
	states_clear(&p->states, false);
}

/* Is this object private, or not even to be seen? */
static bool
is_private(struct token *owner, uint64_t id)
{
	CK_BBOOL value = CK_FALSE;
	CK_ATTRIBUTE attribute = { CKA_PRIVATE, &value, sizeof(value) };
	CK_RV rv = owner->ops->attributes_get(owner, id, &attribute, 1);

	return rv == CKR_OBJECT_HANDLE_INVALID ||
	       (rv == CKR_OK && value != CK_FALSE);
}

bool
presence_find(struct presence *p, CK_OBJECT_HANDLE handle,
	      struct object_ref *ref)
{
	unsigned long due;

	if (!handles_find(&p->handles, handle, ref, &due))
		return false;
	if (due == 0)
		return true;
	if (is_private(presence_owner(p, *ref), ref->id)) {
		handles_drop(&p->handles, handle);
		return false;
	}
	handles_prove(&p->handles, handle, due);
	return true;
}

CK_RV
presence_give(struct presence *p, struct object_ref ref, struct owned *owner,
	      CK_OBJECT_HANDLE *handle)
{
	CK_OBJECT_HANDLE given;
	struct object_ref found;
	CK_RV rv = handles_give(&p->handles, ref, owner, &given);

	if (rv == CKR_OK && !presence_find(p, given, &found))
		rv = handles_give(&p->handles, ref, owner, &given);
	if (rv == CKR_OK)
		*handle = given;
	return rv;
}

/*
 * Private session objects die at logout (5.6.10): before it, as long as they
 * can be seen. Handles of private token objects die with it, each when it is
 * used next: to look at all would take long where there are many.
 */
static void
drop_private(struct presence *p)
{
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE private = { CKA_PRIVATE, &yes, sizeof(yes) };
	struct template match = { &private, 1 };
	struct ids list = { 0 };
	size_t i;

	/* without memory for the list they live on, hidden by the token */
	DROP(p->host->ops->search(p->host, match, &list));
	for (i = 0; i < list.count; i++) {
		struct object_ref ref = { .id = list.list[i], .host = true };

		(void)p->host->ops->destroy(p->host, ref.id);
		handles_drop_object(&p->handles, ref);
	}
	ids_free(&list);
}

/* After it: what was known before has to be proven now. */
static void
logged_out(struct presence *p)
{
	handles_logout(&p->handles);
	atomic_fetch_add(&p->logouts, 1);
}

/* What a private key has begun must not end after its user has left. */
static void
end_private_operations(struct presence *p)
{
	struct activity *ended = NULL;
	struct session *s;

	lock_take(&p->lock);
	for (s = p->sessions; s != NULL; s = s->next) {
		activity_detach(s, OPERATION_SIGN, &ended);
		activity_detach(s, OPERATION_SIGN_RECOVER, &ended);
		activity_detach(s, OPERATION_DECRYPT, &ended);
		activity_detach(s, MESSAGE_SIGN, &ended);
		activity_detach(s, MESSAGE_DECRYPT, &ended);
	}
	lock_give(&p->lock);
	activity_free(ended);
	states_clear(&p->states, true);
}

/* With login_lock. What of a login is ours ends before the token's part. */
static void
end_login(struct presence *p)
{
	drop_private(p);
	end_private_operations(p);
}

/* With login_lock. */
static void
settle(struct presence *p)
{
	bool due, empty, login;

	lock_take(&p->lock);
	due = atomic_exchange(&p->unsettled, false);
	empty = p->session_count == 0;
	lock_give(&p->lock);
	if (!due || atomic_load(&p->gone))
		return;
	login = presence_login_state(p) != LOGIN_NONE;
	if (login)
		end_login(p);
	if (empty)
		p->token->ops->idle(p->token);
	/* nobody is left to be told that it failed */
	if (presence_login_state(p) != LOGIN_NONE)
		(void)p->token->ops->logout(p->token);
	if (login)
		logged_out(p);
}

void
presence_settle(struct presence *p)
{
	/* most often there is nothing to wait for; for a token that is gone
	 * there is nothing to be done */
	if (!atomic_load(&p->unsettled) || atomic_load(&p->gone))
		return;
	lock_take(&p->login_lock);
	settle(p);
	lock_give(&p->login_lock);
}

/* PKCS#11 3.2, 5.6.8 */
static CK_RV
may_log_in(struct presence *p, enum login user)
{
	enum login now = presence_login_state(p);
	CK_RV rv = CKR_OK;

	if (now == user)
		return CKR_USER_ALREADY_LOGGED_IN;
	if (now != LOGIN_NONE)
		return CKR_USER_ANOTHER_ALREADY_LOGGED_IN;
	lock_take(&p->lock);
	/* a session that closes from here on waits to end this login, too */
	if (p->session_count == 0)
		rv = CKR_SESSION_CLOSED;
	else if (user == LOGIN_SO && p->session_count > p->rw_count)
		rv = CKR_SESSION_READ_ONLY_EXISTS;
	p->so_comes = rv == CKR_OK && user == LOGIN_SO;
	lock_give(&p->lock);
	return rv;
}

CK_RV
presence_login(struct presence *p, enum login user, struct cursor pin)
{
	CK_RV rv;

	lock_take(&p->login_lock);
	settle(p);
	rv = may_log_in(p, user);
	if (rv == CKR_OK)
		rv = p->token->ops->login(p->token, user, pin);
	lock_take(&p->lock);
	p->so_comes = false;
	lock_give(&p->lock);
	lock_give(&p->login_lock);
	return rv;
}

CK_RV
presence_logout(struct presence *p)
{
	CK_RV rv = CKR_USER_NOT_LOGGED_IN;

	lock_take(&p->login_lock);
	settle(p);
	if (presence_login_state(p) != LOGIN_NONE) {
		end_login(p);
		rv = p->token->ops->logout(p->token);
		logged_out(p);
	}
	lock_give(&p->login_lock);
	return rv;
}

/* All handles of the token's objects die with the objects. */
static void
drop_all(struct presence *p)
{
	struct ids list = { 0 };
	size_t i;

	/* without memory for the list they stand for nothing any more */
	DROP(handles_list(&p->handles, &list));
	for (i = 0; i < list.count; i++)
		handles_drop(&p->handles, list.list[i]);
	ids_free(&list);
}

CK_RV
presence_init(struct presence *p, struct cursor so_pin, struct cursor label)
{
	CK_RV rv = CKR_OK;

	if (p->token->ops->init == NULL)
		return CKR_FUNCTION_NOT_SUPPORTED;
	lock_take(&p->login_lock);
	settle(p);
	lock_take(&p->lock);
	if (p->session_count > 0)
		rv = CKR_SESSION_EXISTS;
	else
		atomic_store(&p->unsettled,
			     true); /* makes a new session wait */
	lock_give(&p->lock);
	if (rv == CKR_OK)
		rv = p->token->ops->init(p->token, so_pin, label);
	if (rv == CKR_OK)
		drop_all(p);
	settle(p);
	lock_give(&p->login_lock);
	return rv;
}
