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
	OPENPGP_YUBICO = 0x0006, /* manufacturers */
	OPENPGP_CANOKEYS = 0xF1D0,
	OPENPGP_RSA = 0x01, /* algorithms in C1 to C3 */
	OPENPGP_ECDH = 0x12,
	OPENPGP_ECDSA = 0x13,
	OPENPGP_EDDSA = 0x16,
	OPENPGP_POINT_PREFIX = 0x40, /* of a point on Ed25519 or X25519 */
	OPENPGP_SALT = 8,
	OPENPGP_PIN_SIGN = 0x81,
	OPENPGP_PIN_OTHER = 0x82, /* PW1, but for signatures */
	OPENPGP_PIN_ADMIN = 0x83, /* PW3 */
	OPENPGP_PIN_MIN = 6,
	OPENPGP_ADMIN_MIN = 8,
	OPENPGP_DERIVED_MAX = DIGEST_SIZE_MAX,
};

enum openpgp_presence {
	OPENPGP_POSSIBLE, /* reading the public key tells */
	OPENPGP_ABSENT,
	OPENPGP_PRESENT,
};

/* As DO DE has it. */
enum openpgp_origin {
	OPENPGP_UNTOLD,
	OPENPGP_MADE, /* on the card */
	OPENPGP_BROUGHT,
};

/* What DO 6E tells of a key. */
struct openpgp_key {
	enum openpgp_presence presence;
	enum openpgp_origin origin;
	uint8_t algorithm;	   /* 0: not told */
	const struct curve *curve; /* NULL: none that is known */
	uint16_t bits;		   /* of RSA */
	uint16_t exponent_bits;	   /* the card's own length of e */
	uint8_t format;		   /* of an import; FF: with the point */
	bool touch; /* its use wants somebody to touch the card */
};

/* The secrets of a card, in the order of C4 and of the salts in F9. */
enum openpgp_secret {
	OPENPGP_PW1,
	OPENPGP_CODE, /* the resetting code */
	OPENPGP_PW3,
	OPENPGP_SECRETS,
};

/* What DO C4 tells of them. */
struct openpgp_pin {
	bool known;
	bool several; /* a VERIFY of 81 is good for more than one signature */
	uint8_t max[OPENPGP_SECRETS], tries_left[OPENPGP_SECRETS];
};

/* DO 6E, the application related data. */
struct openpgp_facts {
	uint16_t version, manufacturer;
	uint32_t serial;
	bool extended; /* length, as the historical bytes tell */
	bool kdf;      /* there may be a KDF */
	bool imports, changes; /* keys, and what kind of key a place has */
	bool private_data;     /* 0101 to 0104 */
	bool origins;	       /* it keeps where keys come from */
	size_t certificate_max, data_max; /* bytes, 0: not told */
	unsigned certificates;
	struct openpgp_pin pin;
	struct openpgp_key keys[OPENPGP_KEYS];
};

/* DO F9: what goes to the card instead of the PIN. */
struct openpgp_kdf {
	enum digest digest; /* DIGEST_NONE: the PIN itself goes */
	uint32_t count;
	uint8_t salts[OPENPGP_SECRETS][OPENPGP_SALT];
};

struct openpgp {
	struct openpgp_facts facts;
	bool kdf_known;
	struct openpgp_kdf kdf;
	/* PW1 was verified as 81 and that is not used up, as far as we know. */
	bool signs;
	bool reversed; /* occurrences of 7F21 count from SIG on */
	/* Of a card whose places have a kind of key each for good. */
	struct card_abilities can;
	CK_KEY_TYPE makes[OPENPGP_KEYS + 1];
	/* The public keys as last read; NEW: read() has not given it yet. */
	struct {
		struct pubkey *key;
		bool new;
	} seen[OPENPGP_KEYS];
};

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

/* openpgp_algorithm.c. DO C1 to C3, and what a new key asks of them. */
void openpgp_attributes_parse(struct cursor c, struct openpgp_key *key);
void openpgp_attributes_put(const struct openpgp_key *key, struct builder *out);
/* The number of an algorithm in a place, 0 when it has none there. */
uint8_t openpgp_algorithm(enum openpgp_use use, CK_KEY_TYPE type);
/* The number of a curve, without its header; empty when it has none. */
struct cursor openpgp_curve_oid(const struct curve *curve);
/* What C1 to C3 would say of a key on CURVE, or of BITS of RSA when NULL. */
struct openpgp_key openpgp_key_wanted(const struct openpgp_facts *facts,
				      enum openpgp_use use,
				      const struct curve *curve, size_t bits);
bool openpgp_key_same(const struct openpgp_key *a, const struct openpgp_key *b);
/* The other length that cards write for e; false: it has none. */
bool openpgp_exponent_other(struct openpgp_key *key) MUST_CHECK;
/* What such a card can do, kept in O; NULL: more than its places tell. */
const struct card_abilities *openpgp_abilities(struct openpgp *o);
/* Does an import bring the public half of this key as well? */
bool openpgp_point_wanted(const struct openpgp_key *key);
/* From now on it does; false: it did, or has no point. */
bool openpgp_point_add(struct openpgp_key *key) MUST_CHECK;

/* openpgp_fingerprint.c: 20 bytes. TIME in seconds since 1970. */
CK_RV openpgp_fingerprint(enum openpgp_use use, const struct pubkey *key,
			  uint32_t time, struct builder *out) MUST_CHECK;
/* openpgp_import.c: the whole of 4D. CKR_ATTRIBUTE_VALUE_INVALID. */
CK_RV openpgp_import_put(enum openpgp_use use, const struct openpgp_key *as,
			 const struct private_key *key,
			 struct builder *out) MUST_CHECK;

/* openpgp_kdf.c. CKR_DEVICE_ERROR: one that is not known, so that no PIN may
 * be sent. */
CK_RV openpgp_kdf_parse(struct cursor answer,
			struct openpgp_kdf *kdf) MUST_CHECK;
CK_RV openpgp_kdf_derive(const struct openpgp_kdf *kdf, enum openpgp_secret which,
			 struct cursor pin, struct builder *out) MUST_CHECK;

/* openpgp_pin.c: functions of the driver. */
CK_RV openpgp_pin_status(struct card_applet *a, size_t pin,
			 struct card_pin_status *status);
CK_RV openpgp_pin_verify(struct card_applet *a, size_t pin, struct cursor value,
			 struct card_pin_status *status);
CK_RV openpgp_pin_change(struct card_applet *a, size_t pin,
			 struct cursor old_value, struct cursor new_value,
			 struct card_pin_status *status);
CK_RV openpgp_pin_init(struct card_applet *a, size_t pin,
		       struct cursor new_value);
CK_RV openpgp_pin_forget(struct card_applet *a, size_t pin);

/* openpgp_objects.c and openpgp_identity.c: the same. */
CK_RV openpgp_list(struct card_applet *a, size_t pin, CK_OBJECT_CLASS class,
		   struct card_object **list);
CK_RV openpgp_read(struct card_applet *a, const struct card_object *object,
		   struct card_object **found);
CK_RV openpgp_identify(struct card_applet *a, struct card_identity *out);
int openpgp_nominate(struct cursor atr);

uint64_t openpgp_object_id(enum openpgp_use use, CK_OBJECT_CLASS class);
/* Which key an object's id is about. */
enum openpgp_use openpgp_use_of(uint64_t id);
/*
 * Asks for the public key and keeps it in a->state. CKR_OK also when there is
 * none: seen[].key is NULL then, and the key counts as absent.
 */
CK_RV openpgp_key_look(struct card_applet *a, enum openpgp_use use) MUST_CHECK;

/* Makes a new key there, and keeps its public half. */
CK_RV openpgp_key_generate(struct card_applet *a,
			   enum openpgp_use use) MUST_CHECK;
/* The card has this public key there, or none (NULL). Takes it. */
void openpgp_key_seen(struct openpgp *o, enum openpgp_use use,
		      struct pubkey *key);
/* The same of a key that came there just now. */
void openpgp_key_came(struct openpgp *o, enum openpgp_use use,
		      struct pubkey *key, enum openpgp_origin origin);
/* The control reference template of a key, empty. */
struct cursor openpgp_template(enum openpgp_use use);
CK_RV openpgp_object_add(struct card_object ***end, enum openpgp_use use,
			 CK_OBJECT_CLASS class, bool complete,
			 struct card_object **object) MUST_CHECK;

/* openpgp_certificates.c. An empty DER deletes. To the key that a certificate
 * is for: CKR_TEMPLATE_INCOMPLETE when the card has no such key. */
CK_RV openpgp_certificate_match(struct card_applet *a,
				const struct certificate *c,
				enum openpgp_use *use) MUST_CHECK;
CK_RV openpgp_certificates_read(struct card_applet *a,
				struct card_object **found) MUST_CHECK;
CK_RV openpgp_certificate_write(struct card_applet *a, enum openpgp_use use,
				struct cursor der) MUST_CHECK;

/* openpgp_private.c: the private data objects. */
CK_RV openpgp_data_list(struct card_applet *a,
			struct card_object **list) MUST_CHECK;
CK_RV openpgp_data_read(struct card_applet *a, uint64_t id,
			struct card_object **found) MUST_CHECK;
CK_RV openpgp_data_place(struct card_applet *a, const struct card_new *new,
			 uint64_t *id) MUST_CHECK;
/* An empty value deletes. CKR_USER_NOT_LOGGED_IN: it is the other's. */
CK_RV openpgp_data_write(struct card_applet *a, uint64_t id,
			 struct cursor value) MUST_CHECK;

/* openpgp_write.c: functions of the driver. */
CK_RV openpgp_place(struct card_applet *a, const struct card_new *new,
		    uint64_t *id);
CK_RV openpgp_write(struct card_applet *a, const struct card_new *new,
		    uint64_t id);
CK_RV openpgp_generate(struct card_applet *a, const struct card_new *new,
		       uint64_t id);
CK_RV openpgp_remove(struct card_applet *a, const struct card_object *object);
bool openpgp_removes_keys(const struct openpgp *o);
CK_RV openpgp_reset(struct card_applet *a, struct cursor so_pin);

/* openpgp.c: GET DATA and PUT DATA; DO 6E once more. */
CK_RV openpgp_get_data(struct card_applet *a, uint16_t tag, size_t le,
		       struct builder *answer) MUST_CHECK;
CK_RV openpgp_put_data(struct card_applet *a, uint16_t tag,
		       struct cursor data) MUST_CHECK;
CK_RV openpgp_facts_reload(struct card_applet *a) MUST_CHECK;

#endif
