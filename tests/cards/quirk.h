/* What one card does otherwise than the next, by name; a kind of card is a
 * firmware version, an ATR, some status words and a set of these. */
#ifndef TESTS_CARDS_QUIRK_H
#define TESTS_CARDS_QUIRK_H

#include <stdbool.h>
#include <stdint.h>

enum quirk {
	/* SELECT */
	QUIRK_APT_FULL_AID,	/* the property template names the whole AID */
	QUIRK_APT_SHIFTED,	/* PIX shifted, 79 without an inner 4F */
	QUIRK_APT_NESTED,	/* a second 61 inside the first */
	QUIRK_APT_LABEL,	/* label, URL and algorithms before 79 */
	QUIRK_APT_EMPTY,	/* 9000 and no template */
	QUIRK_SELECT_61XX,	/* the template only by GET RESPONSE */
	QUIRK_SELECT_6282,	/* selected, with a warning */
	QUIRK_SELECT_0C_6D00,	/* P2 other than 00: 6D00 */
	QUIRK_AID_9_OR_11,	/* no other truncation of the AID */
	QUIRK_RESELECT_DROPS_PIN,
	QUIRK_UNKNOWN_AID_DESELECTS,
	QUIRK_NONE_SELECTED,	/* no applet is selected by a reset */
	/* length of command and answer */
	QUIRK_NO_CHAINING,	/* CLA 10 gives 6884 */
	QUIRK_CHAIN_STAYS,	/* what is left of a chain waits for SELECT */
	QUIRK_CHUNK_255,	/* answers by 254, 255, ... with 61FF */
	QUIRK_NO_LE_61XX,	/* without Le the answer waits behind 61xx */
	QUIRK_BARE_61XX,	/* every answer waits behind 61xx */
	QUIRK_HIDE_MORE,	/* a full piece says 9000, not 61xx */
	QUIRK_GET_DATA_6CXX,	/* GET DATA insists on the exact Le */
	/* PIN */
	QUIRK_630X,		/* the counter as 630X */
	QUIRK_PLAIN_6300,	/* CHANGE, RESET RETRY: no counter at all */
	QUIRK_LAST_TRY_6983,	/* the wrong PIN that blocks says 6983 */
	QUIRK_NO_EMPTY_VERIFY,	/* the empty VERIFY never says 9000 */
	QUIRK_EMPTY_VERIFY_COUNTS, /* the empty VERIFY spends a try */
	QUIRK_NO_VERIFY_FF,	/* VERIFY P1=FF is unknown */
	QUIRK_LENGTH_6700,	/* a PIN that is not 8 bytes gives 6700 */
	QUIRK_PIN_DIGITS,	/* a new PIN must be decimal digits */
	/* data objects */
	QUIRK_NO_DISCOVERY,	/* 6A82 */
	QUIRK_DISCOVERY_6A80,
	QUIRK_DISCOVERY_GLOBAL,	/* the global PIN is the primary one */
	QUIRK_PIN_BEFORE_ABSENT, /* 6982 rather than 6A82 before the PIN */
	QUIRK_ABSENT_5300,	/* an absent object is 53 00 */
	QUIRK_ABSENT_EMPTY,	/* an absent object is 9000, no data */
	/* keys */
	QUIRK_EXACT_HASH_LENGTH, /* ECDSA wants the field's length */
	QUIRK_ESTABLISH_ONLY,	/* 9D refuses 81, wants 85 */
	QUIRK_MUTUAL_NO_82,	/* mutual, step 2: 82 00 gives 6A80 */
	QUIRK_MUTUAL_EMPTY,	/* mutual, step 2: 9000 without a proof */
	QUIRK_NO_9B,		/* no management key at all */
	QUIRK_CHALLENGE_ONCE,	/* a second challenge gives 6A80 */
	QUIRK_METADATA_EMPTY,	/* GET METADATA: 9000, no data */
	QUIRK_METADATA_NONSENSE, /* always P-384, no public key */
	QUIRK_IMPORT_E,		/* IMPORT RSA is p, q, e */
	QUIRK_NO_YUBICO,	/* none of the Yubico instructions */
	QUIRKS
};

#define QUIRK(name) (UINT64_C(1) << QUIRK_##name)

/* The quirk of this name; false when there is none. */
bool
quirk_find(const char *name, enum quirk *quirk);

/* The n-th name, or NULL at the end. */
const char *
quirk_name(unsigned n);

#endif
