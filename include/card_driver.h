/* What a driver is: one for each card system. */
#ifndef SIGNET_CARD_DRIVER_H
#define SIGNET_CARD_DRIVER_H

#include "card.h"
#include "card_new.h"

/* Of a private key: the certificate by which the card says that the key was
 * made on it, in DER. */
#define SIGNET_ATTESTATION (CKA_VENDOR_DEFINED + 0x53474E01UL)

/* A driver: all functions but nominate are called within a transaction. */
struct card_driver {
	const char *name;             /* as in the configuration: "piv" */
	struct cursor aid;            /* what SELECT gets */
	const struct cursor *marks;   /* one is in a good answer to SELECT */
	const struct card_proof *proofs;
	const uint16_t *pin_wanted;   /* status words of a key command, 0 ends */
	const uint16_t *wrong_applet; /* and of VERIFY too, 0 ends */
	const uint16_t *terminated;   /* of SELECT; ACTIVATE undoes it; optional */
	bool guard_first; /* a sibling applet shares the key command */
	struct card_abilities can; /* of any such card */
	/* Attributes of a private key's template that only it knows, 0 ends. */
	const CK_ATTRIBUTE_TYPE *own;

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
	/* Optional: the certificate of a key that the card signs itself, which
	 * is read when SIGNET_ATTESTATION is asked for and at no other time.
	 * CKR_ATTRIBUTE_TYPE_INVALID: the object has none. */
	CK_RV (*attest)(struct card_applet *a, const struct card_object *object,
			struct builder *der);
	/* In all PIN functions PIN may be CARD_PIN_SO where there is one. */
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
	/* Optional: the SO, who is logged in, gives the user a new PIN. */
	CK_RV (*pin_init)(struct card_applet *a, size_t pin,
			  struct cursor new_value);
	/* Ends the verified state, without a reset, and with it whatever a
	 * write by this PIN was allowed by. Optional. */
	CK_RV (*pin_forget)(struct card_applet *a, size_t pin);
	/* One private-key command; the bare result goes to OUT. */
	CK_RV (*compute)(struct card_applet *a, const struct card_job *job,
			 struct builder *out);

	/*
	 * Writing, all optional. After a proof of the applet, in the same
	 * transaction, and with somebody logged in; CKR_USER_NOT_LOGGED_IN: it
	 * takes somebody else, or the card forgot. Afterwards the objects of
	 * the group are read again when they are asked for.
	 */
	/* Before all of it, also before the proof: judges what NEW asks for,
	 * as far as the card is known, and gives the id that it will have; of
	 * a key, its private half's. It sends nothing when NEW says where it
	 * goes, and else only asks. CKR_ATTRIBUTE_VALUE_INVALID,
	 * CKR_TEMPLATE_INCOMPLETE, CKR_TEMPLATE_INCONSISTENT,
	 * CKR_KEY_SIZE_RANGE, CKR_CURVE_NOT_SUPPORTED, CKR_DEVICE_MEMORY. */
	CK_RV (*place)(struct card_applet *a, const struct card_new *new,
		       uint64_t *id);
	/* Writes it there: all or nothing. */
	CK_RV (*write)(struct card_applet *a, const struct card_new *new,
		       uint64_t id);
	/* The same for a pair, which the card makes. read() must give its
	 * public half, at least as long as the applet is open. */
	CK_RV (*generate)(struct card_applet *a, const struct card_new *new,
			  uint64_t id);
	/* CKR_ACTION_PROHIBITED: the card cannot, so nothing was sent. */
	CK_RV (*remove)(struct card_applet *a,
			const struct card_object *object);
	/* Another CKA_ID; gives the id that the object has now. A value that
	 * can be no place changes nothing. CKR_ATTRIBUTE_READ_ONLY: cannot. */
	CK_RV (*move)(struct card_applet *a, const struct card_object *object,
		      struct cursor cka_id, uint64_t *id);
	/* C_InitToken: back to the factory's state, after the SO PIN was found
	 * to be right. Errors as of pin_verify. */
	CK_RV (*reset)(struct card_applet *a, struct cursor so_pin);
};

/* probe.c: the drivers, in the order in which slots show their applets. */
extern const struct card_driver *const card_drivers[];
extern const struct card_driver piv_driver, openpgp_driver;


#endif
