/* Readers, their events, and a reader as a transport (PC/SC part 5). */
#ifndef SIGNET_READER_H
#define SIGNET_READER_H

#include "apdu.h"

enum {
	READER_NAME_MAX = 128,
	READERS_MAX = 256, /* bound of one scan; pcsc-lite has 16 */
};

/* What PC/SC says of one reader at one moment. */
struct reader_state {
	char name[READER_NAME_MAX];
	bool card;          /* a card is in it */
	bool mute;          /* it does not answer */
	bool in_use;        /* somebody is connected to it */
	bool exclusive;     /* and lets nobody else */
	bool explained;     /* the log says already why it cannot be used */
	uint32_t insertion; /* changes with every insertion and removal */
	uint8_t atr[ATR_MAX];
	size_t atr_size;
};

/* The connection to the PC/SC service. It may be down; then it comes back. */
struct pcsc;
struct pcsc *pcsc_new(void) MUST_CHECK;
/* No wait is under way. Never called in a forked child. */
void pcsc_free(struct pcsc *p);
/* In a forked child: frees memory only, touches none of the parent's handles. */
void pcsc_forget(struct pcsc *p);

/*
 * The readers and their cards now, without waiting and without an APDU. When
 * the service is down, refuses us or has no readers, COUNT is 0 and the log
 * says why, once per change of reason. Always CKR_OK but for CKR_HOST_MEMORY.
 * STATES has room for READERS_MAX.
 */
CK_RV pcsc_scan(struct pcsc *p, struct reader_state *states,
		size_t *count) MUST_CHECK;

/*
 * Waits until readers or cards are other than a scan told (SEEN and COUNT), or
 * may be: then it is time for another scan. With the service down it is that
 * about once a second. CKR_FUNCTION_CANCELED after pcsc_wait_cancel().
 */
CK_RV pcsc_wait(struct pcsc *p, const struct reader_state *seen,
		size_t count) MUST_CHECK;
/* Ends the wait that is under way, or else the next: there is news that PC/SC
 * does not know. */
void pcsc_wake(struct pcsc *p);
/* Ends all waits, those to come too, and returns when none is under way. */
void pcsc_wait_cancel(struct pcsc *p);

/*
 * The card of one insertion as a transport, not yet connected: it connects at
 * the first begin. Once another card is in the reader, or none, each begin
 * answers CKR_DEVICE_REMOVED. NULL: no memory.
 */
struct transport *reader_open(struct pcsc *p,
			      const struct reader_state *state) MUST_CHECK;

#endif
