/* The OpenPGP card application (2.0 to 3.4): what the openpgp*.c files share.
 */
#ifndef SIGNET_OPENPGP_H
#define SIGNET_OPENPGP_H

#include "card_object.h"
#include "iso7816.h"

/* A constant as a cursor. */
#define OPENPGP_BYTES(...)                                        \
	{                                                         \
		.at = (const uint8_t[]){ __VA_ARGS__ },           \
		.left = sizeof((const uint8_t[]){ __VA_ARGS__ }), \
	}

/* The three keys, in the order of C1 to C3 and of all lists on the card. */
enum openpgp_use {
	OPENPGP_SIGN,
	OPENPGP_DECIPHER,
	OPENPGP_AUTHENTICATE,
	OPENPGP_KEYS,
};

enum {
	OPENPGP_VERSION_3 = 0x0300,
	OPENPGP_YUBICO = 0x0006,
	OPENPGP_RSA = 0x01, /* algorithms in C1 to C3 */
	OPENPGP_ECDH = 0x12,
	OPENPGP_ECDSA = 0x13,
	OPENPGP_EDDSA = 0x16,
	OPENPGP_POINT_PREFIX = 0x40, /* of a point on Ed25519 or X25519 */
	OPENPGP_SALT = 8,
	OPENPGP_PIN_OTHER = 0x82, /* PW1, but for signatures */
	OPENPGP_PIN_MIN = 6,
	OPENPGP_DERIVED_MAX = DIGEST_SIZE_MAX,
};

enum openpgp_presence {
	OPENPGP_POSSIBLE, /* reading the public key tells */
	OPENPGP_ABSENT,
	OPENPGP_PRESENT,
};

/* What DO 6E tells of a key. */
struct openpgp_key {
	enum openpgp_presence presence;
	uint8_t algorithm;	   /* 0: not told */
	const struct curve *curve; /* NULL: none that is known */
	bool touch; /* its use wants somebody to touch the card */
};

/* What DO C4 tells of PW1. */
struct openpgp_pin {
	bool known;
	bool several; /* a VERIFY of 81 is good for more than one signature */
	uint8_t max, tries_left;
};

/* DO 6E, the application related data. */
struct openpgp_facts {
	uint16_t version, manufacturer;
	uint32_t serial;
	bool extended; /* length, as the historical bytes tell */
	bool kdf;      /* there may be a KDF */
	unsigned certificates;
	struct openpgp_pin pin;
	struct openpgp_key keys[OPENPGP_KEYS];
};

/* DO F9: what goes to the card instead of the PIN. */
struct openpgp_kdf {
	enum digest digest; /* DIGEST_NONE: the PIN itself goes */
	uint32_t count;
	uint8_t salt[OPENPGP_SALT];	 /* of PW1 */
	uint8_t salt_code[OPENPGP_SALT]; /* of the resetting code */
};

struct openpgp {
	struct openpgp_facts facts;
	bool kdf_known;
	struct openpgp_kdf kdf;
	/* PW1 was verified as 81 and that is not used up, as far as we know. */
	bool signs;
	/* The public keys as last read; NEW: read() has not given it yet. */
	struct {
		struct pubkey *key;
		bool new;
	} seen[OPENPGP_KEYS];
};

/* A curve that OpenPGP has a number of its own for. */
enum { OPENPGP_OIDS = 2 };
struct openpgp_oid {
	CK_KEY_TYPE type;
	struct cursor oid;    /* its content */
	struct cursor params; /* CKA_EC_PARAMS */
};
extern const struct openpgp_oid openpgp_oids[OPENPGP_OIDS];

/* openpgp_data.c: the data objects. FACTS is untouched unless they name an
 * OpenPGP card of version 2 or later. */
bool openpgp_facts_parse(struct cursor answer,
			 struct openpgp_facts *facts) MUST_CHECK;
bool openpgp_pin_parse(struct cursor answer,
		       struct openpgp_pin *pin) MUST_CHECK;
/* Takes off what OpenPGP puts before a point on Ed25519 or X25519. */
void openpgp_point_bare(const struct curve *curve, struct cursor *point);
/* The answer to a read of a public key. CKR_OBJECT_HANDLE_INVALID for what is
 * none or of a kind that is not known, CKR_HOST_MEMORY. */
CK_RV openpgp_key_parse(struct cursor answer, const struct openpgp_key *told,
			struct pubkey **key) MUST_CHECK;

/* openpgp_kdf.c. CKR_DEVICE_ERROR: one that is not known, so that no PIN may
 * be sent. */
CK_RV openpgp_kdf_parse(struct cursor answer,
			struct openpgp_kdf *kdf) MUST_CHECK;
CK_RV openpgp_kdf_derive(const struct openpgp_kdf *kdf, struct cursor pin,
			 struct builder *out) MUST_CHECK;

/* openpgp_pin.c: functions of the driver. */
CK_RV openpgp_pin_status(struct card_applet *a, size_t pin,
			 struct card_pin_status *status);
CK_RV openpgp_pin_verify(struct card_applet *a, size_t pin, struct cursor value,
			 struct card_pin_status *status);
CK_RV openpgp_pin_change(struct card_applet *a, size_t pin,
			 struct cursor old_value, struct cursor new_value,
			 struct card_pin_status *status);
CK_RV openpgp_pin_forget(struct card_applet *a, size_t pin);

/* openpgp_objects.c and openpgp_identity.c: the same. */
CK_RV openpgp_list(struct card_applet *a, size_t pin, CK_OBJECT_CLASS class,
		   struct card_object **list);
CK_RV openpgp_read(struct card_applet *a, const struct card_object *object,
		   struct card_object **found);
CK_RV openpgp_identify(struct card_applet *a, struct card_identity *out);
int openpgp_nominate(struct cursor atr);

/* Which key an object's id is about. */
enum openpgp_use openpgp_use_of(uint64_t id);
/*
 * Asks for the public key and keeps it in a->state. CKR_OK also when there is
 * none: seen[].key is NULL then, and the key counts as absent.
 */
CK_RV openpgp_key_look(struct card_applet *a, enum openpgp_use use) MUST_CHECK;

/* openpgp.c: GET DATA. */
CK_RV openpgp_get_data(struct card_applet *a, uint16_t tag, size_t le,
		       struct builder *answer) MUST_CHECK;

#endif
