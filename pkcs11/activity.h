/* A session's operations: checking them out, and the rules of their life. */
#ifndef SIGNET_ACTIVITY_H
#define SIGNET_ACTIVITY_H

#include "session.h"

/* One call of the application on an operation that has begun. */
enum step_kind {
	STEP_UPDATE,
	STEP_FINAL,
	STEP_SINGLE, /* C_Sign and its like: all in one */
};

struct step {
	enum step_kind kind;
	const CK_BYTE *in;
	CK_ULONG in_size;
	const CK_BYTE *signature; /* to be verified */
	CK_ULONG signature_size;
	bool signature_first; /* C_VerifySignatureInit has it */
	bool has_out;	      /* this call gives bytes out: */
	CK_BYTE *out;
	CK_ULONG *out_size;
};

enum progress {
	AT_REST, /* nothing has begun; a finished operation may be kept */
	LOCKED,	 /* begun, but its key's own login has not come yet */
	BEGUN,
	UPDATED, /* and has seen at least one update */
};

struct message; /* message.h */

/* What a session has of one kind of operation. */
struct activity {
	struct activity *next; /* in a chain that is to be freed */
	struct operation *operation;
	unsigned kind;
	const struct token *token; /* that made it; compared only */
	CK_OBJECT_HANDLE key;
	enum progress progress;
	CK_ULONG since; /* rises; when a key that wants its own login began */
	bool held; /* RESULT waits for a buffer that is large enough: */
	enum step_kind held_step;
	struct builder held_in, result;
	bool signature_first; /* what is to be verified came first: */
	struct builder signature;
	struct message *message; /* of a message-based operation */
};

/*
 * Checks the session's operation of a kind (enum operation_kind or
 * message_kind) out, for nobody else to touch.
 * CKR_OPERATION_NOT_INITIALIZED when none has begun, CKR_OPERATION_ACTIVE when
 * another call has it, CKR_SESSION_CLOSED.
 */
CK_RV activity_take(struct session *s, unsigned kind,
		    struct activity **activity) MUST_CHECK;
/* The same to begin one: CKR_OPERATION_ACTIVE when one has begun. One that is
 * LOCKED gives way: OpenSSH's agent leaves such a one behind for each signature
 * whose PIN it cannot ask for, and goes on with another key. */
CK_RV activity_take_new(struct session *s, unsigned kind,
			struct activity **activity) MUST_CHECK;
/* Checks it in, or frees it when its session has ended meanwhile. */
void activity_give(struct session *s, struct activity *a);
/* Chains the activity to ENDED; one that is checked out is left to its call. */
void activity_detach(struct session *s, unsigned kind,
		     struct activity **ended);
/* The session is closed: gives all of them as a chain. */
struct activity *activity_close(struct session *s) MUST_CHECK;
void activity_free(struct activity *chain);
/* Begins the operation of one that is checked out; KEY is 0 for a digest. */
CK_RV activity_start(struct session *s, struct activity *a,
		     enum operation_kind kind, const CK_MECHANISM *mechanism,
		     CK_OBJECT_HANDLE key) MUST_CHECK;
/* A card that keeps its caller waiting tells the application of S so. */
void activity_announce(struct session *s, struct activity *a);
/* One step of one that is checked out, by all rules but those of the session.
 */
CK_RV activity_step(struct activity *a, const struct step *step);
/* Would this step find room for its bytes? Nothing moves.
 * CKR_BUFFER_TOO_SMALL. */
CK_RV activity_room(struct activity *a, const struct step *step);
/* It is over, with this result. After an error nothing of the operation may be
 * used again. */
void activity_end(struct activity *a, CK_RV rv);
/* Forgets a result that is held. */
void activity_unhold(struct activity *a);

/* C_SignInit and its like; KEY is 0 for a digest. No mechanism: cancels. */
CK_RV operation_init(struct session *s, enum operation_kind kind,
		     const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
/* C_VerifySignatureInit: the same, with the signature. */
CK_RV operation_init_verify(struct session *s, const CK_MECHANISM *mechanism,
			    CK_OBJECT_HANDLE key, const CK_BYTE *signature,
			    CK_ULONG size);
/* Cancels what has begun; CKR_OPERATION_CANCEL_FAILED when a call has it. */
CK_RV operation_cancel(struct session *s, unsigned kind);
/* C_Sign, C_SignUpdate, C_SignFinal and their like. */
CK_RV operation_step(struct session *s, enum operation_kind kind,
		     const struct step *step);
/* context.c: C_Login with CKU_CONTEXT_SPECIFIC. */
CK_RV context_login(struct session *s, struct cursor pin);
/* NULL is fine. */
void message_free(struct message *m);

/* A search ends with its session. */
void search_end(struct session *s);
/* C_SessionCancel of a search. */
CK_RV search_cancel(struct session *s);

#endif
