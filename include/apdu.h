/* Command and answer APDU (ISO/IEC 7816-4, 5.1) and what carries them. */
#ifndef SIGNET_APDU_H
#define SIGNET_APDU_H

#include "bytes.h"
#include "cryptoki.h"

enum {
	APDU_SHORT_DATA = 255,     /* Lc of a short APDU */
	APDU_SHORT_ANSWER = 256,   /* Le 00 of a short APDU */
	APDU_WIRE_MAX = 65544,     /* header, extended Lc, data, Le, or answer + SW */
	APDU_COMMAND_MAX = 65535,  /* data of one logical command */
	APDU_ANSWER_MAX = 65536,   /* data of one logical answer */
	ATR_MAX = 33,
};

/* One logical command. The data is borrowed and may be longer than one APDU. */
struct apdu {
	uint8_t cla, ins, p1, p2;
	struct cursor data;
	size_t le; /* longest answer wanted: 0 none, 256 all of a short one */
};

struct transport_info {
	uint8_t atr[ATR_MAX];
	size_t atr_size;
	bool t0;            /* protocol T=0: never extended length */
	bool shared;        /* in use by others before we connected */
	bool pinpad;        /* pin_entry works */
	size_t max_command; /* bytes of one APDU on this reader, 0 unknown */
	const char *name;   /* the reader, for the log */
};

/* A PIN command whose data the reader's keypad completes (PC/SC part 10). */
struct pin_entry {
	struct apdu command;   /* the template, with its padding as data */
	uint8_t pin_min, pin_max;
	size_t block;          /* size of one padded PIN block, 0 unpadded */
	bool change;           /* ask for old PIN, new PIN, new PIN again */
};

struct transport;

/*
 * Layers stack in this order: driver, secure messaging, length layer, wire.
 * Each is a transport and takes whole commands from above; what the wire takes
 * fits one APDU. A reader, a scripted card and a fuzzer plug in as the wire.
 */
struct transport_ops {
	/*
	 * Starts a transaction, connecting to the card if need be; waits for
	 * others. GENERATION gets a number that changes with every reset and
	 * reconnect: what the card knew of us before is gone. It is kept over
	 * a release() and begin() only when the card was never let go.
	 * CKR_DEVICE_REMOVED when this insertion of the card is over (for good),
	 * CKR_DEVICE_ERROR. A begin is ended by exactly one end.
	 */
	CK_RV (*begin)(struct transport *t, uint64_t *generation);
	void (*end)(struct transport *t);
	/*
	 * One command within a transaction. The answer's data is appended to
	 * ANSWER, its status word goes to SW (also when it is an error of the
	 * card's: this returns CKR_OK then). CKR_DEVICE_REMOVED,
	 * CKR_DEVICE_ERROR when there was no answer; CKR_DEVICE_MEMORY when it
	 * did not fit ANSWER.
	 */
	CK_RV (*exchange)(struct transport *t, const struct apdu *command,
			  struct builder *answer, uint16_t *sw);
	/* Optional: as exchange, with the PIN from the reader's keypad.
	 * CKR_FUNCTION_CANCELED when the person gave up or took too long. */
	CK_RV (*pin_entry)(struct transport *t, const struct pin_entry *entry,
			   uint16_t *sw);
	/* Facts of the connection; valid after the first begin. */
	const struct transport_info *(*info)(struct transport *t);
	/* Lets go of the card between transactions, without a reset. */
	void (*release)(struct transport *t);
	/* Optional, after a release: is nobody connected any more? Then the
	 * card is powered down within seconds. No APDU. */
	bool (*alone)(struct transport *t);
	/* Releases and frees this layer and those below. */
	void (*close)(struct transport *t);
};

struct transport {
	const struct transport_ops *ops;
};

/*
 * The length layer over a wire, which it takes: short chaining or extended
 * length, 61xx and GET RESPONSE, 6Cxx, all loops bounded. It stops at le bytes:
 * SW is 61xx then when the card has more. NULL: no memory.
 */
struct transport *apdu_layer_new(struct transport *wire) MUST_CHECK;
/* The card is known to take extended length (or not); default not. */
void apdu_layer_extended(struct transport *layer, bool extended);
/* Does a long answer come in pieces, so that one may stop after the first? */
bool apdu_layer_pieces(struct transport *layer);

/*
 * A command as it goes over the wire, short or extended as its sizes demand;
 * CKR_DATA_LEN_RANGE when the data fits no APDU. T0 has case 1 and 4 altered
 * (ISO/IEC 7816-3, 12.1).
 */
CK_RV apdu_encode(const struct apdu *command, bool t0,
		  struct builder *out) MUST_CHECK;

/* Splits the SW off an answer; false when it is shorter than a SW. */
bool apdu_answer(struct cursor wire, struct cursor *data,
		 uint16_t *sw) MUST_CHECK;

/* A status word as CK_RV, CKR_OK for 9000 and where the data is good all the
 * same (61xx, 6282): the one table, cardos/sw.c. */
CK_RV sw_rv(uint16_t sw);

#endif
