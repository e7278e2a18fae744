/* A token for as long as it is in its slot, and what an application has of it:
 * sessions, object handles, session objects. */
#ifndef SIGNET_PRESENCE_H
#define SIGNET_PRESENCE_H

#include <stdatomic.h>

#include "handle.h"
#include "lock.h"
#include "state.h"
#include "token.h"

struct session;

struct presence {
	struct presence *next; /* in a chain of those that leave */
	struct token *token;
	struct token *host;
	struct token *profiles;
	CK_SLOT_ID slot;
	bool software;
	atomic_uint references;
	atomic_bool gone;	/* out of its slot, for good */
	atomic_ulong logouts;	/* counts, so that searches notice */
	struct handles handles; /* locks for itself */
	struct states states;	/* too */
	pthread_mutex_t login_lock;

	pthread_mutex_t lock; /* for what follows */
	struct session *sessions;
	size_t session_count, rw_count;
	bool so_comes; /* an SO login is under way: no R/O session now */
	atomic_bool unsettled; /* the last session was closed, or C_InitToken
				* runs; read without the lock */
};

/* Takes the reference to TOKEN, whatever it answers. NULL: no memory. */
struct presence *presence_new(struct token *token, CK_SLOT_ID slot,
			      bool software) MUST_CHECK;
struct presence *presence_ref(struct presence *p);
void presence_unref(struct presence *p);

/* The token has left its slot: closes all sessions. */
void presence_end(struct presence *p);
/* Closes all sessions and logs out. */
void presence_close(struct presence *p);

/* Adds a session, by the rules of R/O sessions and the SO. */
CK_RV presence_add(struct presence *p, struct session *s) MUST_CHECK;
/* Takes a session out. False when somebody else did. */
bool presence_remove(struct presence *p, struct session *s) MUST_CHECK;
/* After the last session was closed: logs out and lets the card go. */
void presence_settle(struct presence *p);

/* C_Login and C_Logout, without the rules of their arguments. */
CK_RV presence_login(struct presence *p, enum login user, struct cursor pin);
CK_RV presence_logout(struct presence *p);
/* C_InitToken. */
CK_RV presence_init(struct presence *p, struct cursor so_pin,
		    struct cursor label);

/* What a handle stands for; false when it is none, or none any more. */
bool presence_find(struct presence *p, CK_OBJECT_HANDLE handle,
		   struct object_ref *ref) MUST_CHECK;
/* As handles_give(); an object that was private before a logout has a new
 * one. */
CK_RV presence_give(struct presence *p, struct object_ref ref,
		    struct owned *owner, CK_OBJECT_HANDLE *handle) MUST_CHECK;
/* Who has the object: the token, or one of those beside it. */
struct token *presence_owner(struct presence *p, struct object_ref ref);
enum login presence_login_state(struct presence *p);

#endif
