/* What cardos/card_token.c sees of any card. */
#ifndef SIGNET_CARD_H
#define SIGNET_CARD_H

#include "apdu.h"
#include "card_key.h"
#include "object.h"

/* A PIN of an applet. Each has a token with its objects. */
enum { CARD_PINS_MAX = 4 };
struct card_pin {
	const char *label;   /* appended to the token label when not the first */
	uint8_t reference;   /* P2 of VERIFY */
	uint8_t min, max;    /* bytes */
};

struct card_pin_status {
	bool known;          /* the card told */
	bool verified;       /* only where the card can tell */
	unsigned tries_left;
	unsigned tries_max;  /* 0: not known */
};

/* For CK_TOKEN_INFO; texts may be empty. */
struct card_identity {
	char label[33];
	char manufacturer[33];
	char model[17];
	char serial[17];
	CK_VERSION hardware, firmware;
	struct card_pin_status tries; /* when it is known without asking */
	bool keyless; /* no private key is there, so no login is of use */
};

/* A harmless command that only the applet answers so. */
struct card_proof {
	struct apdu command;
	struct cursor begins; /* its answer does so; empty ends a table */
};

/* One applet on one card, while that card is in its reader. */
struct card_applet {
	const struct card_driver *driver;
	struct transport *transport; /* the length layer, in a transaction */
	void *state;                 /* the driver's own, from open to close */
	struct card_pin pins[CARD_PINS_MAX];
	size_t pin_count;
	const struct card_proof *proof; /* that this card answered, or NULL */
	bool proven; /* selected, in this transaction; a driver may set it too */
	bool extended; /* it takes extended length; the driver tells */
	uint16_t sw; /* of the last command, 0: no answer */
	const char *cache; /* folder for public objects; NULL or "": none */
	char card[17];     /* the serial number that they are kept by */
	bool identified;
	struct card_identity identity;

	/* Of the VERIFY to come: the key that wants it, NULL for C_Login, and
	 * whether the PIN will be there for another one. */
	const struct card_key *pin_for;
	bool pin_kept;
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
	bool slow;              /* a use takes, or took, the time of a touch */
	struct attrs attrs;
	struct card_key key;    /* of a private key, after read() */
	struct card_object *next;
};

/* A driver: all functions but nominate are called within a transaction. */
struct card_driver {
	const char *name;             /* as in the configuration: "piv" */
	struct cursor aid;            /* what SELECT gets */
	const struct cursor *marks;   /* one is in a good answer to SELECT */
	const struct card_proof *proofs;
	const uint16_t *pin_wanted;   /* status words of a key command, 0 ends */
	const uint16_t *wrong_applet; /* and of VERIFY too, 0 ends */
	bool guard_first; /* a sibling applet shares the key command */
	unsigned primitives;          /* that keys of such cards may have, */
	CK_ULONG rsa_min, rsa_max;    /* and their sizes in bits, 0 none */
	CK_ULONG ec_min, ec_max;

	/* Does this ATR's card belong first (1), possibly (0), never (-1)? */
	int (*nominate)(struct cursor atr);
	/* The applet is selected; ANSWER is what SELECT or a proof got. The
	 * first call fills pins and state and sends as little as can be, later
	 * ones send nothing and learn what ANSWER tells. */
	CK_RV (*open)(struct card_applet *a, struct cursor answer);
	void (*close)(struct card_applet *a);
	/* Lenient: what the card lacks stays empty. */
	CK_RV (*identify)(struct card_applet *a, struct card_identity *out);
	/* All objects that there may be for the PIN, chained at *LIST. CLASS is
	 * the one searched for; CK_UNAVAILABLE_INFORMATION: but data. */
	CK_RV (*list)(struct card_applet *a, size_t pin, CK_OBJECT_CLASS class,
		      struct card_object **list);
	/* Gives the object and the others of its group, those that exist, with
	 * no attribute unread. CKR_OBJECT_HANDLE_INVALID: none does.
	 * CKR_USER_NOT_LOGGED_IN: the PIN comes first. */
	CK_RV (*read)(struct card_applet *a, const struct card_object *object,
		      struct card_object **found);
	/* Without spending a try, and without ending a PIN's verified state. */
	CK_RV (*pin_status)(struct card_applet *a, size_t pin,
			    struct card_pin_status *status);
	/* One VERIFY; VALUE with a NULL pointer: by the reader's keypad.
	 * CKR_PIN_INCORRECT (STATUS then tells the tries), CKR_PIN_LOCKED,
	 * CKR_PIN_LEN_RANGE (nothing was sent). */
	CK_RV (*pin_verify)(struct card_applet *a, size_t pin,
			    struct cursor value,
			    struct card_pin_status *status);
	/* Optional: a new PIN, both of a length that may be, or both from the
	 * reader's keypad (NULL pointers); the old one may be left verified.
	 * A driver may take something else with a prefix for the old one
	 * (docs/cards). Errors as of pin_verify. */
	CK_RV (*pin_change)(struct card_applet *a, size_t pin,
			    struct cursor old_value, struct cursor new_value,
			    struct card_pin_status *status);
	/* Ends the verified state, without a reset. Optional. */
	CK_RV (*pin_forget)(struct card_applet *a, size_t pin);
	/* One private-key command; the bare result goes to OUT. */
	CK_RV (*compute)(struct card_applet *a, const struct card_job *job,
			 struct builder *out);
};

/* probe.c: the drivers, in the order in which slots show their applets. */
extern const struct card_driver *const card_drivers[];
extern const struct card_driver piv_driver, openpgp_driver;

#endif
