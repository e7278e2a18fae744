/* A stand-in for libpcsclite and the log, scripted and counted by a test. */
#ifndef TESTS_UNIT_PCSC_FAKE_H
#define TESTS_UNIT_PCSC_FAKE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <winscard.h>

#include "log.h"
#include "reader.h"

enum fake_call {
	CALL_ESTABLISH,
	CALL_RELEASE,
	CALL_LIST,
	CALL_FREE,
	CALL_LOOK, /* SCardGetStatusChange */
	CALL_CONNECT,
	CALL_RECONNECT,
	CALL_DISCONNECT,
	CALL_BEGIN,
	CALL_END,
	CALL_TRANSMIT,
	CALL_CANCEL,
	CALL_CONTROL,
	FAKE_CALLS,
};

/* Control codes: of PC/SC, and of the fake reader's choice. */
enum {
	FAKE_ASK_FEATURES = 0x42000000 + 3400,
	FAKE_ASK_PROPERTIES = 0x42330012,
	FAKE_VERIFY = 0x42330006,
	FAKE_MODIFY = 0x42330007,
};

enum { FAKE_SCRIPT = 64, FAKE_READERS = 300 };

struct fake {
	/* What the next calls answer, in turn; then ALWAYS. */
	LONG script[FAKE_CALLS][FAKE_SCRIPT];
	size_t scripted[FAKE_CALLS], played[FAKE_CALLS];
	LONG always[FAKE_CALLS];
	unsigned calls[FAKE_CALLS];
	unsigned contexts, cards, transactions; /* open now */
	unsigned pauses;

	const char *names[FAKE_READERS];
	size_t readers;
	size_t list_size; /* of the list as told; 0: as it is */
	DWORD timeout;	  /* of the last look, at so many, */
	DWORD looked_at;
	SCARD_READERSTATE known[FAKE_READERS]; /* of which this was known */
	DWORD event;			       /* of all readers, */
	DWORD event_next; /* and after the first look, when not 0 */
	uint8_t atr[MAX_ATR_SIZE];
	DWORD atr_size;

	/* What the reader tells of itself, and what its keypad gets. */
	const uint8_t *features, *properties;
	size_t features_size, properties_size;
	DWORD controlled;

	DWORD protocol;
	DWORD sent_protocol;
	uint8_t sent[APDU_WIRE_MAX];
	size_t sent_size;
	const uint8_t *sent_at;
	const uint8_t *reply;
	size_t reply_size;
	const uint8_t *received_at;

	unsigned lines[LOG_DEBUG + 1];
	char line[512];
	unsigned apdus;
};

extern struct fake fake;

/* A reader "Reader 0" with a card that answers 9000. */
int fake_reset(void **state);
/* The next call of this kind that is not scripted yet answers so. */
void fake_answer(enum fake_call call, LONG code);
/* All calls so far. */
unsigned fake_total(void);

#endif
