/* The PIV card application (SP 800-73-4): what the piv*.c files share. */
#ifndef SIGNET_PIV_H
#define SIGNET_PIV_H

#include "card_object.h"
#include "iso7816.h"

/* A constant as a cursor. */
#define PIV_BYTES(...)                                            \
	{                                                         \
		.at = (const uint8_t[]){ __VA_ARGS__ },           \
		.left = sizeof((const uint8_t[]){ __VA_ARGS__ }), \
	}

enum {
	PIV_KEY_MANAGEMENT = 0x9D,
	PIV_DISCOVERY = 0x7E,
	PIV_CONTENT = 0x53, /* what GET DATA gives, but for PIV_DISCOVERY */
};

struct piv {
	/* The key management key wants tag 85 for RSA as well. */
	bool exponentiates;
};

/* The value of P1 for a key (SP 800-78-4, table 6-2), 0 for one of a kind
 * that PIV does not have. */
uint8_t piv_algorithm(const struct pubkey *key);
/* The key reference in an object's id. */
uint8_t piv_reference(uint64_t id);

/*
 * GET DATA of at most LE bytes, all that there is with APDU_ANSWER_MAX. GIVES
 * the content of 53 within ANSWER; it is cut short when LE was too small.
 * CKR_OBJECT_HANDLE_INVALID: absent. CKR_USER_NOT_LOGGED_IN.
 */
CK_RV piv_get_data(struct card_applet *a, struct cursor tag, size_t le,
		   struct builder *answer, struct cursor *content) MUST_CHECK;

/* Appends the rest of an object whose beginning is in ANSWER. */
CK_RV piv_get_more(struct card_applet *a, struct builder *answer) MUST_CHECK;
/* Is the data object at the start of the answer all there? */
bool piv_whole(const struct builder *answer);

/* piv_objects.c and piv_identity.c: functions of the driver. */
CK_RV piv_list(struct card_applet *a, size_t pin, CK_OBJECT_CLASS class,
	       struct card_object **list);
CK_RV piv_read(struct card_applet *a, const struct card_object *object,
	       struct card_object **found);
CK_RV piv_identify(struct card_applet *a, struct card_identity *out);
int piv_nominate(struct cursor atr);
/* Does the card take extended length, as far as its ATR tells? */
bool piv_extended(struct cursor atr);

#endif
