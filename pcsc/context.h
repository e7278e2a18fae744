/* Inside pcsc/: a PC/SC context, and what the service's codes mean to us. */
#ifndef SIGNET_PCSC_CONTEXT_H
#define SIGNET_PCSC_CONTEXT_H

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

/* How often a card came or went in this reader since the service knows it. */
uint16_t event_counter(const SCARD_READERSTATE *state);
struct cursor event_atr(const SCARD_READERSTATE *state);

#endif
