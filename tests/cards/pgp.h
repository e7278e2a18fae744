/* The simulated OpenPGP card application: its state, shared by its files.
 * What it does follows the specification 3.4.1 of the OpenPGP application and,
 * before that, what real cards have answered. */
#ifndef TESTS_CARDS_PGP_H
#define TESTS_CARDS_PGP_H

#include "card.h"
#include "chip.h"
#include "store.h"

enum {
	INS_MSE = 0x22,
	INS_PSO = 0x2a,
	INS_ACTIVATE = 0x44,
	INS_CHALLENGE = 0x84,
	INS_INTERNAL_AUTHENTICATE = 0x88,
	INS_SELECT_DATA = 0xa5,
	INS_GET_NEXT = 0xcc,
	INS_UPDATE_BINARY = 0xd6,
	INS_PUT_TAG = 0xda,
	INS_TERMINATE = 0xe6,
	INS_YUBICO_VERSION = 0xf1,
	INS_YUBICO_TRIES = 0xf2,
};

enum {
	TAG_AID = 0x4f,
	TAG_NAME = 0x5b,
	TAG_LOGIN = 0x5e,
	TAG_CARDHOLDER = 0x65,
	TAG_APPLICATION = 0x6e,
	TAG_DISCRETIONARY = 0x73,
	TAG_SECURITY = 0x7a,
	TAG_CAPABILITIES = 0xc0,
	TAG_ATTRIBUTES = 0xc1, /* C1, C2, C3 */
	TAG_PIN_STATUS = 0xc4,
	TAG_FINGERPRINTS = 0xc5,
	TAG_CA_FINGERPRINTS = 0xc6,
	TAG_FINGERPRINT = 0xc7,	   /* C7, C8, C9 */
	TAG_CA_FINGERPRINT = 0xca, /* CA, CB, CC */
	TAG_TIMES = 0xcd,
	TAG_TIME = 0xce, /* CE, CF, D0 */
	TAG_RESET_CODE = 0xd3,
	TAG_AES = 0xd5,
	TAG_TOUCH = 0xd6, /* D6, D7, D8; D9 for the attestation key */
	TAG_ATTRIBUTES_ATT = 0xda,
	TAG_KEY_INFORMATION = 0xde,
	TAG_KDF = 0xf9,
	TAG_ALGORITHMS = 0xfa,
	TAG_PRIVATE = 0x0101, /* to 0104 */
	TAG_LANGUAGE = 0x5f2d,
	TAG_SEX = 0x5f35,
	TAG_URL = 0x5f50,
	TAG_HISTORICAL = 0x5f52,
	TAG_CERTIFICATE = 0x7f21,
	TAG_LENGTHS = 0x7f66,
	TAG_FEATURES = 0x7f74,
};

/* What one OpenPGP card does otherwise than the next. */
enum pgp_quirk {
	/* SELECT */
	PGP_SELECT_FCI, /* an FCI with the AID */
	PGP_RESELECT_KEEPS_PIN,
	PGP_TERMINATED_6985, /* SELECT of a terminated applet, not 6285 */
	/* PIN */
	PGP_WRONG_63CX,	 /* a wrong PIN gives the counter, not 6982 */
	PGP_LENGTH_6A80, /* a PIN of a wrong length costs no try */
	PGP_LENGTH_6700,
	PGP_NO_EMPTY_VERIFY,	/* the empty VERIFY gives 6A80 */
	PGP_EMPTY_VERIFY_ENDS,	/* the empty VERIFY ends the status */
	PGP_NO_VERIFY_FF,	/* VERIFY P1=FF gives 6A80 */
	PGP_ONE_SHOT_6985,	/* PW1 used up is 6985, not 6982 */
	PGP_FAIL_ENDS_81,	/* a failed signature uses PW1 up, too */
	PGP_CODE_6985,		/* a wrong resetting code, or none */
	PGP_CODE_COUNTED,	/* C4: tries of a resetting code never set */
	PGP_ACTIVATE_KEEPS_PIN, /* what was given before TERMINATE stays */
	PGP_KDF_EXACT,		/* F9: only some lengths, and all rights end */
	PGP_PW1_OF_KEYS,	/* see pgp_pin.c */
	/* data objects */
	PGP_OUTER_TAG,	      /* constructed ones come with their tag */
	PGP_EMPTY_73,	      /* 73 00, then what belongs inside */
	PGP_LENGTHS_INSIDE,   /* 7F66 inside 73 */
	PGP_FOUR_KEYS,	      /* C5, C6, CD for the attestation key, too */
	PGP_ABSENT_6A88,      /* certificate, private object never written */
	PGP_UNKNOWN_6A83,     /* a tag unknown, else 6A88 */
	PGP_APPLICATION_SHORT,	/* 6E: two bytes less than its length */
	PGP_ALGORITHMS_SHORT, /* FA: two bytes less than its length */
	PGP_ALGORITHMS_25519, /* FA: X25519 as EdDSA, too */
	PGP_ATTRIBUTES_TRAIL, /* EC attributes end with one byte more */
	PGP_EXACT_EXPONENT,   /* RSA attributes of another e: 6A80 */
	PGP_ATTRIBUTES_6F00,  /* attributes of what it has not, else 6A80 */
	PGP_LATER_OBJECTS,    /* FA, 7F74, D6 to D8 before version 3.4 */
	/* certificates */
	PGP_IMPORT_POINT,     /* an import on a curve wants the point */
	PGP_SELECT_DATA_BYTE, /* SELECT DATA wants its length twice */
	PGP_SELECT_DATA_6982, /* SELECT DATA wants a PIN */
	PGP_CERTS_REVERSED,   /* SIG first, not kept over other commands */
	PGP_CERT_BINARY,      /* written by UPDATE BINARY */
	/* keys */
	PGP_EXACT_HASH,	    /* ECDSA wants the field's length */
	PGP_NUMBERS_OF_DER, /* r and s as long as the longer is in DER */
	PGP_FULL_POINT,	    /* ECDH on NIST curves gives 04 X Y */
	PGP_POINT_40,	    /* 40 before points of 32 bytes */
	PGP_EMPTY_KEY_6F00, /* the public key of an empty slot, else 6A88 */
	PGP_QUIRKS
};

/* A SmartPGP of 3.0 has no objects for a button. */
#define PGP_BUTTON_SINCE 0x0304
/* A YubiKey 4 has a button and tells so, but not which keys want it. */
#define YUBIKEY_4 0x040000

#define PGP_QUIRK(name) (UINT64_C(1) << PGP_##name)

enum pgp_slot {
	SLOT_SIG,
	SLOT_DEC,
	SLOT_AUT,
	SLOT_ATT,
	PGP_SLOTS,
};

enum pgp_pin_name {
	PIN_USER,  /* PW1 */
	PIN_RESET, /* the resetting code */
	PIN_ADMIN, /* PW3 */
	PGP_PINS,
};

/* What has been proven: PW1 for a signature, PW1 for the rest, PW3. */
enum pgp_right {
	RIGHT_SIGN,
	RIGHT_USE,
	RIGHT_ADMIN,
	PGP_RIGHTS,
};

#define PGP_PIN_MAX 127

struct pgp_pin {
	uint8_t value[PGP_PIN_MAX];
	size_t size;
	uint8_t total;
	uint8_t tries;
	bool fresh; /* never set */
};

struct pgp_attributes {
	uint8_t bytes[16];
	size_t size;
};

struct pgp_key {
	EVP_PKEY *pkey; /* NULL: the slot is empty */
	uint8_t origin; /* 1 generated, 2 imported */
	struct pgp_attributes attributes;
	uint8_t fingerprint[20];
	uint8_t ca_fingerprint[20];
	uint8_t time[4];
	uint8_t touch[2];
};

/* One kind of card; capabilities and the rest are hexadecimal. */
struct pgp_kind {
	const char *name;
	const char *atr;
	const char *historical;
	const char *capabilities;
	const char *attributes; /* of each key on a new card */
	uint32_t firmware;	/* of a YubiKey, else 0 */
	uint16_t version;	/* of the specification, 0304 = 3.4 */
	uint16_t manufacturer;
	uint16_t command_max; /* in 7F66; 0 = no such object */
	uint8_t pin_max;
	bool several; /* C4[0] of a new card */
	bool extended;
	uint32_t algorithms; /* 1 << enum pgp_algorithm */
	uint64_t quirks;
	uint64_t transport; /* of enum quirk */
};

struct pgp {
	const struct pgp_kind *kind;
	uint64_t quirks;
	uint64_t transport;
	uint32_t serial;
	uint8_t capabilities[10];
	struct pgp_pin pins[PGP_PINS];
	bool given[PGP_RIGHTS];
	bool several; /* PW1 (81) is good for more than one */
	struct pgp_key keys[PGP_SLOTS];
	uint32_t signatures;
	struct store objects;	/* certificates as n << 16 | 7F21 */
	uint8_t occurrence;	/* which 7F21 is meant */
	enum pgp_slot decipher; /* the key that MSE has chosen */
	enum pgp_slot authenticate;
	bool short_only;	/* the chip does not take extended length */
	bool terminated;
	bool touched; /* a touch is given when asked for */
};

extern const struct applet_ops pgp_applet;

static inline bool
pgp_has(const struct pgp *pgp, enum pgp_quirk quirk)
{
	return pgp->quirks & UINT64_C(1) << quirk;
}

/* pgp_card.c: the state of a new card, also after ACTIVATE. */
void pgp_init(struct pgp *pgp);

void pgp_free(struct pgp *pgp);

/* pgp_pin.c */
bool pgp_pin_set(struct pgp_pin *pin, struct span value);

void pgp_pins_init(struct pgp *pgp);

uint16_t pgp_verify(struct pgp *pgp, const struct command *command);

uint16_t pgp_change(struct pgp *pgp, const struct command *command);

uint16_t pgp_reset_retry(struct pgp *pgp, const struct command *command);

/* The resetting code, DO D3. */
uint16_t pgp_put_reset_code(struct pgp *pgp, struct span value);

/* Yubico's: three numbers of tries, with PW3. */
uint16_t pgp_set_tries(struct pgp *pgp, const struct command *command);

/* After a key was made or brought in: what becomes of the PINs. */
void pgp_pins_key(struct pgp *pgp);

/* The values of a new card; the numbers of tries stay. */
void pgp_pins_reset(struct pgp *pgp);

/* pgp_kdf.c: the PINs are hashed from now on, as GnuPG sets it up. */
bool pgp_kdf_set(struct pgp *pgp, bool one_salt);

uint16_t pgp_put_kdf(struct pgp *pgp, struct span value);

/* pgp_data.c */
uint16_t pgp_get_data(struct pgp *pgp, const struct command *command,
		      struct pile *answer);

uint16_t pgp_get_next(struct pgp *pgp, const struct command *command,
		      struct pile *answer);

uint16_t pgp_put_data(struct pgp *pgp, const struct command *command);

uint16_t pgp_select_data(struct pgp *pgp, const struct command *command);

/* Gnuk's way to write the certificate. */
uint16_t pgp_update_binary(struct pgp *pgp, const struct command *command);

/* pgp_compose.c: writes the object's value as it stands in the answer; false
 * when the tag is none of those that the card puts together. */
bool pgp_compose(const struct pgp *pgp, uint32_t tag, struct pile *answer);

void pgp_aid(const struct pgp *pgp, struct pile *to);

/* pgp_keys.c */
enum pgp_algorithm {
	ALGORITHM_RSA2048,
	ALGORITHM_RSA3072,
	ALGORITHM_RSA4096,
	ALGORITHM_P256,
	ALGORITHM_P384,
	ALGORITHM_P521,
	ALGORITHM_K256,
	ALGORITHM_B256,
	ALGORITHM_B384,
	ALGORITHM_B512,
	ALGORITHM_ED25519,
	ALGORITHM_X25519,
	PGP_ALGORITHMS
};

/* NULL when the attributes are malformed or not known to the card. */
const struct chip_kind *pgp_algorithm(const struct pgp *pgp, enum pgp_slot slot,
				      struct span attributes);

/* The attributes of an algorithm in a slot; false when it has no place. */
bool pgp_attributes_write(const struct pgp *pgp, enum pgp_slot slot,
			  enum pgp_algorithm algorithm, struct pile *to);

/* DO C1, C2, C3, DA: another algorithm deletes the key. */
uint16_t pgp_put_attributes(struct pgp *pgp, enum pgp_slot slot,
			    struct span value);

void pgp_key_clear(struct pgp_key *key);

/* Takes the key and the attributes that belong to it. */
bool pgp_key_put(struct pgp *pgp, enum pgp_slot slot, EVP_PKEY *pkey,
		 uint32_t created);

/* The inside of 7F49. */
bool pgp_key_public(const struct pgp *pgp, const struct pgp_key *key,
		    struct pile *to);

uint16_t pgp_generate(struct pgp *pgp, const struct command *command,
		      struct pile *answer);

/* pgp_import.c: the extended header list of PUT DATA 3FFF. */
uint16_t pgp_import(struct pgp *pgp, struct span list);

/* The fingerprint of a version 4 key (RFC 4880, 12.2). */
bool pgp_fingerprint(const struct pgp_key *key, enum pgp_slot slot,
		     uint8_t fingerprint[20]);

/* pgp_compute.c */
uint16_t pgp_operation(struct pgp *pgp, const struct command *command,
		       struct pile *answer);

uint16_t pgp_authenticate(struct pgp *pgp, const struct command *command,
			  struct pile *answer);

uint16_t pgp_environment(struct pgp *pgp, const struct command *command);

/* pgp_kind.c: by name, also without "yubikey-", or by the version of a
 * YubiKey; NULL when there is none. */
const struct pgp_kind *pgp_kind_find(const char *name);

const char *pgp_kind_name(size_t n);

void pgp_kind_apply(struct pgp *pgp, const struct pgp_kind *kind);

bool pgp_quirk_find(const char *name, enum pgp_quirk *quirk);

const char *pgp_quirk_name(unsigned n);

#endif
