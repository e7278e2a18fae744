/* Inside pcsc/: a PC/SC context, and what the service's codes mean to us. */
#ifndef SIGNET_PCSC_CONTEXT_H
#define SIGNET_PCSC_CONTEXT_H

#include <pthread.h>
#include <winscard.h>

#include "reader.h"

/* What is to be done about a code, beyond reporting it. */
enum scard_fate {
	FATE_NONE,    /* nothing: this one call failed, or went well */
	FATE_RESET,   /* somebody reset the card: reconnect */
	FATE_REMOVED, /* this insertion of the card is over */
	FATE_SERVICE, /* the service went away, and all that it knew of us */
	FATE_HANDLE,  /* the service does not know our context or card */
	FATE_BUSY,    /* somebody has the card for himself: wait */
};

struct scard_code {
	LONG code;
	CK_RV rv;
	enum scard_fate fate;
	const char *text; /* cause and cure */
};

/* The meaning of a code; never NULL, as unknown codes share an entry. */
const struct scard_code *scard_find(LONG code);
/* The code as users find it in other programs' logs: 8010001D. */
unsigned scard_number(LONG code);

/* Calls on one context wait for each other: each purpose has its own. */
struct context {
	SCARDCONTEXT handle;
	bool open;
};

/* Makes the context, unless it is there. */
LONG context_open(struct context *c) MUST_CHECK;
/* Ends the context, and all cards connected through it. */
void context_close(struct context *c);

/*
 * The code of a call that uses an open context or card: pcscd that hangs up
 * there has died. libpcsclite takes that for a refusal, which only making a
 * context and connecting can meet.
 */
LONG context_answer(LONG code) MUST_CHECK;

/* A wait for events, and how it is ended from outside: wait.c. */
struct waiter {
	pthread_mutex_t lock;	/* for what follows; not held over the wait */
	pthread_cond_t ended;	/* a wait has, or all are to end */
	struct context context; /* of the wait alone */
	bool waiting, woken, cancelled;
	unsigned waits; /* which one it is that waits */
	SCARD_READERSTATE readers[READERS_MAX + 1];
};

bool waiter_open(struct waiter *w) MUST_CHECK;
void waiter_close(struct waiter *w);

struct pcsc {
	pthread_mutex_t lock;
	struct context context; /* never waits in a call */
	/* Counts our contexts: the service's event counters begin anew when
	 * it is restarted, what follows from them must not. */
	uint16_t epoch;
	LONG reason; /* how the last scan ended, as the log knows */
	SCARD_READERSTATE readers[READERS_MAX];
	struct waiter waiter;
};

/* How often a card came or went in this reader since the service knows it. */
uint16_t event_counter(const SCARD_READERSTATE *state);
struct cursor event_atr(const SCARD_READERSTATE *state);

#endif
