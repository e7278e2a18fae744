/* The object handles that an application has of one token. */
#ifndef SIGNET_HANDLE_H
#define SIGNET_HANDLE_H

#include <stdbool.h>

#include "lock.h"
#include "object.h"
#include "table.h"

/* What a handle stands for: an object of the token, of its host token, or one
 * that says what the token claims to be. */
struct object_ref {
	uint64_t id;
	bool host;
	bool profile;
};

struct handle;

/* The session objects of a session. Zero-initialised is empty and open. */
struct owned {
	struct handle *first;
	bool closed;
};

struct handles {
	pthread_mutex_t lock;
	unsigned long logouts; /* counts from 1; a handle knows its own */
	struct table by_handle;
	struct table by_id[3]; /* of the token, of the host token, profiles */
};

void handles_new(struct handles *h);
/* No session owns any of them any more. */
void handles_free(struct handles *h);

/*
 * The handle of an object, the same as before when it has one. OWNER, when
 * given, is the session whose object this is; CKR_SESSION_CLOSED when that
 * session has ended meanwhile. CKR_HOST_MEMORY.
 */
CK_RV handles_give(struct handles *h, struct object_ref ref,
		   struct owned *owner, CK_OBJECT_HANDLE *handle) MUST_CHECK;
/* DUE is 0, or since somebody logged out the handle has to be proven: its
 * object is not private, for handles_prove() with DUE, or it must die. */
bool handles_find(struct handles *h, CK_OBJECT_HANDLE handle,
		  struct object_ref *ref, unsigned long *due) MUST_CHECK;
void handles_prove(struct handles *h, CK_OBJECT_HANDLE handle,
		   unsigned long due);
/* Somebody has logged out: those of private objects are to die. */
void handles_logout(struct handles *h);
/* The handle dies; nothing happens when it is dead. */
void handles_drop(struct handles *h, CK_OBJECT_HANDLE handle);
void handles_drop_object(struct handles *h, struct object_ref ref);
/* All that live now. */
CK_RV handles_list(struct handles *h, struct ids *list) MUST_CHECK;

/* Takes one object from a session that ends, which gets no more; its handle
 * dies. False at the end. */
bool handles_disown(struct handles *h, struct owned *owner,
		    struct object_ref *ref) MUST_CHECK;

#endif
