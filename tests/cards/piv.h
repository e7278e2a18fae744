/* The simulated PIV card application: its state, shared by its files.
 * Clauses are those of SP 800-73-4 unless said otherwise. */
#ifndef TESTS_CARDS_PIV_H
#define TESTS_CARDS_PIV_H

#include "card.h"
#include "chip.h"
#include "store.h"

enum {
	INS_MOVE = 0xf6,
	INS_METADATA = 0xf7,
	INS_SERIAL = 0xf8,
	INS_ATTEST = 0xf9,
	INS_SET_RETRIES = 0xfa,
	INS_RESET = 0xfb,
	INS_VERSION = 0xfd,
	INS_IMPORT = 0xfe,
	INS_SET_MANAGEMENT = 0xff,
};

enum {
	TAG_DISCOVERY = 0x7e,
	TAG_BIT_GROUP = 0x7f61,
	TAG_CCC = 0x5fc107,
	TAG_CHUID = 0x5fc102,
	TAG_PRINTED = 0x5fc109,
	TAG_ATTESTATION = 0x5fff01,
};

enum piv_policy {
	POLICY_DEFAULT,
	POLICY_NEVER,
	POLICY_ONCE,
	POLICY_ALWAYS,
};

enum piv_touch {
	TOUCH_DEFAULT,
	TOUCH_NEVER,
	TOUCH_ALWAYS,
	TOUCH_CACHED,
};

/* Status words in which cards differ, for --sw NAME=XXXX. */
enum piv_word {
	WORD_EMPTY_SLOT,	/* private-key use of an empty slot */
	WORD_WRONG_ALGORITHM,	/* algorithm is not the key's */
	WORD_WRONG_SLOT,	/* no such key reference */
	WORD_TEMPLATE,		/* the dynamic template is not understood */
	WORD_MANAGEMENT,	/* wrong answer to a 9B challenge */
	WORD_NOT_BLOCKED,	/* RESET while PIN or PUK still work */
	WORD_NO_TOUCH,		/* nobody touched the key */
	PIV_WORDS
};

#define PIV_VERSION(major, minor, patch) \
	((uint32_t)(major) << 16 | (uint32_t)(minor) << 8 | (uint32_t)(patch))

#define PIV_SLOTS	25	/* 9A 9C 9D 9E, 82 to 95, F9 */
#define PIN_SIZE	8

struct piv_pin {
	uint8_t value[PIN_SIZE];
	uint8_t total;
	uint8_t tries;
	bool verified;
};

struct piv_key {
	EVP_PKEY *pkey;		/* NULL: the slot is empty */
	uint8_t algorithm;
	uint8_t policy;		/* never POLICY_DEFAULT */
	uint8_t touch;
	uint8_t origin;		/* 1 generated, 2 imported */
};

struct piv_management {
	uint8_t cipher;		/* algorithm identifier, 03 08 0A 0C */
	uint8_t key[32];
	bool touch;
	bool authenticated;
	/* What the card waits for: nothing, a response to its challenge, or
	 * the witness it handed out. */
	enum { WAIT_NOTHING, WAIT_RESPONSE, WAIT_WITNESS } wait;
	uint8_t nonce[16];
	bool challenged;	/* for QUIRK_CHALLENGE_ONCE */
};

struct piv {
	uint64_t quirks;
	uint32_t version;
	uint32_t serial;
	uint16_t words[PIV_WORDS];
	size_t object_max;
	struct piv_pin pin;
	struct piv_pin puk;
	struct piv_pin global;
	bool fresh;		/* VERIFY was the last command */
	bool fresh_claimed;	/* by the first link of an 87 */
	bool touched;		/* a touch is given when asked for */
	struct piv_management management;
	struct piv_key keys[PIV_SLOTS];
	struct store objects;
};

extern const struct applet_ops piv_applet;

void
piv_init(struct piv *piv);

void
piv_free(struct piv *piv);

static inline bool
piv_has(const struct piv *piv, enum quirk quirk)
{
	return piv->quirks & UINT64_C(1) << quirk;
}

/* piv_pin.c */
void
pin_set(struct piv_pin *pin, const uint8_t value[PIN_SIZE], uint8_t tries);

/* Pads a text of 6 to 8 characters with FF (part 1, 4.3 and 2, 2.4.3). */
bool
pin_pad(const char *text, uint8_t value[PIN_SIZE]);

uint16_t
piv_verify(struct piv *piv, const struct command *command);

uint16_t
piv_change(struct piv *piv, const struct command *command);

uint16_t
piv_reset_retry(struct piv *piv, const struct command *command);

/* The PIN that a key or an object asks for has been verified. */
bool
piv_pin_given(const struct piv *piv);

/* piv_data.c */
uint16_t
piv_get_data(struct piv *piv, const struct command *command,
	     struct pile *answer);

uint16_t
piv_put_data(struct piv *piv, const struct command *command);

/* piv_keys.c */
struct piv_key *
piv_slot(struct piv *piv, uint8_t reference);

/* NULL when this firmware does not know the algorithm. */
const struct chip_kind *
piv_algorithm(const struct piv *piv, uint8_t algorithm);

/* Takes the key; false when its algorithm is not known to the card. */
bool
piv_key_put(struct piv *piv, uint8_t reference, EVP_PKEY *pkey,
	    struct piv_key policy);

void
piv_key_clear(struct piv_key *key);

/* The inside of 7F49. */
bool
piv_key_public(const struct piv_key *key, struct pile *to);

uint16_t
piv_generate(struct piv *piv, const struct command *command,
	     struct pile *answer);

uint16_t
piv_import(struct piv *piv, const struct command *command);

uint16_t
piv_move(struct piv *piv, const struct command *command);

/* piv_auth.c */
uint16_t
piv_authenticate(struct piv *piv, const struct command *command, bool fresh,
		 struct pile *answer);

/* piv_management.c */
const struct chip_cipher *
piv_cipher(const struct piv *piv, uint8_t algorithm);

void
piv_management_init(struct piv *piv);

uint16_t
piv_management(struct piv *piv, const struct command *command,
	       struct span template, struct pile *answer);

uint16_t
piv_set_management(struct piv *piv, const struct command *command);

/* piv_admin.c */
uint16_t
piv_metadata(struct piv *piv, const struct command *command,
	     struct pile *answer);

uint16_t
piv_set_retries(struct piv *piv, const struct command *command);

uint16_t
piv_reset(struct piv *piv);

/* piv_attest.c */
uint16_t
piv_attest(struct piv *piv, const struct command *command,
	   struct pile *answer);

/* Makes the attestation key and certificate when they are first wanted. */
bool
piv_attestation_ready(struct piv *piv);

/* Writes a self-made certificate of the key as DER; NULL issuer = self. */
bool
piv_certificate(struct piv *piv, const struct piv_key *subject,
		uint8_t reference, struct pile *der);

#endif
