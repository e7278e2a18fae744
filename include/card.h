/* What cardos/card_token.c sees of any card. */
#ifndef SIGNET_CARD_H
#define SIGNET_CARD_H

#include "apdu.h"
#include "card_key.h"
#include "mem.h"
#include "object.h"

/*
 * A PIN of an applet. Each has a token with its objects, but for the security
 * officer's, which comes after them and is all tokens'; its max is 0 when there
 * is none.
 */
enum { CARD_PINS_MAX = 4, CARD_PIN_SO = CARD_PINS_MAX };
struct card_pin {
	const char *label;   /* appended to the token label when not the first */
	uint8_t reference;   /* P2 of VERIFY */
	uint8_t min, max;    /* bytes, also what a keypad asks for */
	uint8_t old_min;     /* of one that is there */
};

enum { CARD_TRIES_ENDLESS = 255 }; /* a wrong one spends nothing */
struct card_pin_status {
	bool known;          /* the card told */
	bool verified;       /* only where the card can tell */
	unsigned tries_left;
	unsigned tries_max;  /* 0: not known */
};

/* What keys may do, and their sizes in bits, 0 none. */
struct card_abilities {
	unsigned primitives; /* 1u << enum card_primitive */
	CK_ULONG rsa_min, rsa_max;
	CK_ULONG ec_min, ec_max;
	/* Key types of pairs that generate() makes; ends with
	 * CK_UNAVAILABLE_INFORMATION, NULL: none. */
	const CK_KEY_TYPE *generates;
};

/* For CK_TOKEN_INFO; texts may be empty. */
struct card_identity {
	char label[33];
	char manufacturer[33];
	char model[17];
	char serial[17];
	CK_VERSION hardware, firmware;
	struct card_pin_status tries; /* when they are known without asking, */
	struct card_pin_status so_tries; /* and the security officer's */
	bool keyless; /* no private key is there, so no login is of use */
	/* less than the driver's cards can do; NULL: as much as any of them */
	const struct card_abilities *can;
};

/* A harmless command that only the applet answers so. */
struct card_proof {
	struct apdu command;
	struct cursor begins; /* its answer does so; empty ends a table */
};

struct config;

/* One applet on one card, while that card is in its reader. */
struct card_applet {
	const struct card_driver *driver;
	struct transport *transport; /* the length layer, in a transaction */
	void *state;                 /* the driver's own, from open to close */
	struct card_pin pins[CARD_PIN_SO + 1];
	size_t pin_count; /* without the security officer's */
	const struct card_proof *proof; /* that this card answered, or NULL */
	bool proven; /* selected, in this transaction; a driver may set it too */
	bool extended; /* it takes extended length; the driver tells */
	bool chained; /* a chain failed, whose pieces it may keep till SELECT */
	uint16_t sw; /* of the last command, 0: no answer */
	const struct config *config; /* which outlives the card */
	const char *cache; /* folder for public objects; NULL or "": none */
	char card[17];     /* the serial number that they are kept by */
	bool identified;
	struct card_identity identity;

	/* Of the VERIFY to come: the key that wants it, NULL for C_Login, and
	 * whether the PIN will be there for another one. */
	const struct card_key *pin_for;
	bool pin_kept;
	/* Who writes: the security officer, else the user, and the PIN of
	 * either if it is kept. */
	bool by_so;
	const struct secret *kept;
};

/*
 * What list() tells of an object, without reading it: ATTRS holds what is
 * known for sure (CKA_CLASS always, CKA_ID where it follows from the place),
 * and ATTR_UNREAD for the rest. read() gives it complete.
 */
struct card_object {
	uint64_t id;
	unsigned group; /* those of one are read, and are absent, together */
	enum card_object_state {
		CARD_OBJECT_LISTED, /* reading tells whether it exists */
		CARD_OBJECT_READ,
		CARD_OBJECT_ABSENT, /* for this insertion */
	} state;
	bool pin_first;         /* the card reads it after VERIFY only */
	bool aside; /* only for a search that names its CKA_ID or label */
	/* attributes that reading tells beside those of its class, 0 ends;
	 * NULL: none */
	const CK_ATTRIBUTE_TYPE *told;
	bool slow;              /* its last use took the time of a touch */
	struct attrs attrs;
	struct card_key key;    /* of a private key, after read() */
	struct card_object *next;
};

#endif
