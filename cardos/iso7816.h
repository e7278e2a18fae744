/* One call, one command; what ISO/IEC 7816-4 says the same for all cards. */
#ifndef SIGNET_ISO7816_H
#define SIGNET_ISO7816_H

#include "card_driver.h"

/*
 * Sends a command within a transaction and gives its status word as CK_RV,
 * noting it in a->sw: 0 tells that there was no answer at all. ANSWER may be
 * NULL when nothing is wanted.
 */
CK_RV applet_exchange(struct card_applet *a, const struct apdu *command,
		      struct builder *answer) MUST_CHECK;
/* Does a long answer come in pieces, so that one may stop after the first? */
bool applet_pieces(const struct card_applet *a);
/* Did the last command fail without an answer of the card? */
bool applet_mute(const struct card_applet *a, CK_RV rv);

/* probe.c: asks the applet's proofs; a->proven tells. Errors: no answer. */
CK_RV applet_prove(struct card_applet *a) MUST_CHECK;
/* Selects the applet. CKR_DEVICE_ERROR when the card does not. */
CK_RV applet_select(struct card_applet *a) MUST_CHECK;
/* Makes sure that the applet is selected; SWITCHED: it was not. */
CK_RV applet_guard(struct card_applet *a, bool *switched) MUST_CHECK;

/* In a transaction: makes sure that its identity is known. */
CK_RV applet_identify(struct card_applet *a) MUST_CHECK;

CK_RV iso_select(struct card_applet *a, struct cursor aid,
		 struct builder *answer) MUST_CHECK;

/*
 * VERIFY with the PIN padded with FF to BLOCK bytes when BLOCK is not 0; a
 * NULL pointer in VALUE lets the reader's keypad ask for it. An empty PIN is
 * never sent, nor one that is too long (CKR_PIN_LEN_RANGE).
 */
CK_RV iso_verify(struct card_applet *a, const struct card_pin *pin,
		 struct cursor value, size_t block) MUST_CHECK;
/* CHANGE REFERENCE DATA with the old and the new PIN from the reader's keypad,
 * each padded as above. CKR_FUNCTION_NOT_SUPPORTED: it has no such thing. */
CK_RV iso_change_keypad(struct card_applet *a, const struct card_pin *pin,
			size_t block) MUST_CHECK;
/* VERIFY without data asks for the state; it spends no try. */
CK_RV iso_verify_state(struct card_applet *a,
		       const struct card_pin *pin) MUST_CHECK;
/* What 9000, 63Cx, 630x and 6983 tell of a PIN. */
struct card_pin_status iso_pin_status(uint16_t sw);

/* The historical bytes of an ATR (ISO/IEC 7816-3, 8.2); empty when none. */
struct cursor iso_historical(struct cursor atr);
/* Do they say that the card takes extended length (ISO/IEC 7816-4, 12.1.1)? */
bool iso_extended(struct cursor historical);

/* Does WHAT occur anywhere in IN? */
bool iso_contains(struct cursor in, struct cursor what);
bool iso_contains_text(struct cursor in, const char *text);
/* Is SW one of a list that 0 ends? */
bool sw_listed(const uint16_t *list, uint16_t sw);

#endif
