/* Sessions, and how a call enters and leaves one. */
#ifndef SIGNET_SESSION_H
#define SIGNET_SESSION_H

#include "lock.h"
#include "operation.h"
#include "presence.h"

struct activity; /* activity.h */
struct search;	 /* find.c */

/* What a session may have under way, beside the kinds of operations. */
enum message_kind {
	MESSAGE_ENCRYPT = OPERATION_KINDS,
	MESSAGE_DECRYPT,
	MESSAGE_SIGN,
	MESSAGE_VERIFY,
	ACTIVITIES,
};

/* Who has an activity of a session. No lock is taken for it: that is a part of
 * what a short operation costs. */
enum hold {
	AT_HAND,     /* nobody, it may be checked out */
	CHECKED_OUT, /* a call */
	ORPHANED,    /* a call that is to free it */
};

struct session {
	CK_SESSION_HANDLE handle;
	struct presence *presence;
	atomic_uint references;
	bool rw;
	CK_NOTIFY notify;		 /* of the application, may be NULL */
	void *application;		 /* what it wants to be told then */
	struct session *next, *previous; /* with the presence's lock */
	bool listed;			 /* with it too: not yet closed */
	struct owned objects;		 /* with its handles' lock */

	atomic_bool closed;
	/* Whose hold it is may touch the activity. */
	_Atomic enum hold holds[ACTIVITIES];
	struct activity *activities[ACTIVITIES];

	pthread_mutex_t lock; /* for what follows */
	struct search *search;
};

struct sessions;
struct sessions *sessions_new(void) MUST_CHECK;
/* All are closed. NULL is fine. */
void sessions_free(struct sessions *all);

/*
 * A call with a session handle: as module_enter(), and finds the session.
 * CKR_SESSION_HANDLE_INVALID. SESSION is valid until session_leave().
 */
CK_RV session_enter(const char *name, CK_SESSION_HANDLE handle,
		    struct session **session) MUST_CHECK;
/* Logs and gives the result. CKR_DEVICE_REMOVED closes all sessions there. */
CK_RV session_leave(const char *name, struct session *s, CK_RV rv);

/* Ends one that was taken out of its presence. */
void session_end(struct session *s);

CK_STATE session_state(struct session *s);

/* Asks the application whether it can wait (surrender callbacks). */
CK_RV session_surrender(void *session);
/* Does such a callback make the call that asks? */
bool session_in_callback(void);

#endif
