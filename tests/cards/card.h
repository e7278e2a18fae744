/* A chip with one or more applets: APDU in, APDU out (ISO 7816-3, 7816-4). */
#ifndef TESTS_CARDS_CARD_H
#define TESTS_CARDS_CARD_H

#include "octets.h"
#include "quirk.h"

enum {
	SW_OK = 0x9000,
	SW_MORE = 0x6100,
	SW_WARNING = 0x6282,
	SW_TERMINATED = 0x6285,
	SW_TRIES = 0x63c0,
	SW_LENGTH = 0x6700,
	SW_NO_CHAINING = 0x6884,
	SW_SECURITY = 0x6982,
	SW_BLOCKED = 0x6983,
	SW_CONDITIONS = 0x6985,
	SW_DATA = 0x6a80,
	SW_FUNCTION = 0x6a81,
	SW_NOT_FOUND = 0x6a82,
	SW_RECORD = 0x6a83,
	SW_MEMORY = 0x6a84,
	SW_P1P2 = 0x6a86,
	SW_REFERENCE = 0x6a88,
	SW_WRONG_P1P2 = 0x6b00,
	SW_WRONG_LE = 0x6c00,
	SW_INS = 0x6d00,
	SW_CLA = 0x6e00,
	SW_FAILED = 0x6f00,
};

enum {
	INS_VERIFY = 0x20,
	INS_CHANGE = 0x24,
	INS_RESET_RETRY = 0x2c,
	INS_GENERATE = 0x47,
	INS_GENERAL_AUTHENTICATE = 0x87,
	INS_SELECT = 0xa4,
	INS_GET_RESPONSE = 0xc0,
	INS_GET_TAG = 0xca,	/* GET DATA, the tag in P1 and P2 */
	INS_GET_DATA = 0xcb,
	INS_PUT_DATA = 0xdb,
};

/* A vpcd message carries at most 65,535 bytes. */
#define CARD_ANSWER_MAX	65535
#define CARD_CHAIN_MAX	65535
#define CARD_APPLETS	6

/* One command APDU; after chaining, one logical command. */
struct command {
	uint8_t cla;
	uint8_t ins;
	uint8_t p1;
	uint8_t p2;
	struct span data;
	size_t le;		/* 0 = absent */
	bool extended;
};

/* An application on the card; OPTIONAL functions may be NULL. */
struct applet_ops {
	const char *name;
	uint8_t aid[16];
	size_t aid_size;
	uint8_t slow_ins;	/* what --slow slows, 0 = nothing */

	/* Writes the answer to SELECT; again = it was selected already. */
	uint16_t (*select)(void *applet, bool again, struct pile *answer);

	/* Serves one logical command; gives the status word. */
	uint16_t (*serve)(void *applet, const struct command *command,
			  struct pile *answer);

	/* OPTIONAL: sees each APDU on the wire first, also the links of a
	 * chain; continues = the APDU carries an open chain on. */
	void (*notice)(void *applet, const struct command *command,
		       bool continues);

	/* OPTIONAL: the security status ends (reset, other applet). */
	void (*forget)(void *applet);

	/* OPTIONAL: the state as one line of text, for the tests. */
	void (*describe)(void *applet, struct pile *text);

	/* OPTIONAL: obeys one line of a test; false = not understood. */
	bool (*control)(void *applet, const char *line);
};

struct applet {
	const struct applet_ops *ops;
	void *self;
};

struct card {
	struct applet applets[CARD_APPLETS];	/* the first is the default */
	size_t applet_count;
	struct applet *current;			/* NULL: none selected */
	uint64_t quirks;
	bool extended;				/* extended length accepted */
	unsigned slow;				/* ms, see slow_ins */

	bool chaining;
	struct command chain;			/* header of the open chain */
	uint8_t chain_bytes[CARD_CHAIN_MAX];
	struct pile chain_data;

	uint8_t answer_bytes[CARD_ANSWER_MAX];
	size_t answer_size;			/* an answer that waits */
	size_t answer_sent;
	uint16_t answer_sw;
};

void
card_init(struct card *card, uint64_t quirks, bool extended);

/* Adds an applet; false when the table is full. */
bool
card_add(struct card *card, const struct applet_ops *ops, void *self);

/* Power up or reset: PIN, chain and waiting answer are gone. */
void
card_reset(struct card *card);

/* Selects the next applet behind the client's back. */
void
card_switch(struct card *card);

/* Answers one APDU; *delay is in milliseconds. */
void
card_exchange(struct card *card, struct span apdu, struct pile *answer,
	      unsigned *delay);

/* The state as one line of text. */
void
card_describe(struct card *card, struct pile *text);

/* Hands a line of a test to all applets; false when none understands it. */
bool
card_control(struct card *card, const char *line);

/* Parses cases 1 to 4, short and extended (ISO 7816-3, 12.1.3). */
bool
command_parse(struct span apdu, struct command *command);

#endif
