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
	PIV_RETIRED = 0x82, /* the first of 20 retired keys, */
	PIV_RETIRED_END = 0x96,
	PIV_KEY_MANAGEMENT = 0x9D,
	PIV_ATTESTATION = 0xF9, /* Yubico's: the key that signs attestations */
	PIV_KEY_ADMIN = 0x9B,
	PIV_DISCOVERY = 0x7E,
	PIV_CONTENT = 0x53, /* what GET DATA gives, but for PIV_DISCOVERY */
	PIV_TAG_LIST = 0x5C,
	PIV_PIN_BLOCK = 8,
	PIV_KEYS = 32, /* key references differ in their last five bits */
	/* what goes into GENERAL AUTHENTICATE, and comes out */
	PIV_TEMPLATE = 0x7C,
	PIV_WITNESS = 0x80,
	PIV_CHALLENGE = 0x81,
	PIV_RESPONSE = 0x82,
};

/* Attributes of private keys that Yubico's module has, too. */
#define PIV_TOUCH_POLICY (CKA_VENDOR_DEFINED + 0x59554201UL)
#define PIV_PIN_POLICY (CKA_VENDOR_DEFINED + 0x59554202UL)

/* Of a YubiKey's firmware; zeros when the card does not tell. */
struct piv_version {
	bool asked;
	uint8_t major, minor, patch;
};

struct piv {
	/* The key management key wants tag 85 for RSA as well. */
	bool exponentiates;
	/* Long RSA keys have the numbers of Nitrokeys before 1.8.2. */
	bool old_numbers;
	bool discovered; /* which PIN is the user's */
	bool admin;	/* 9B was authenticated, and not ended since */
	uint8_t cipher; /* of 9B, 0: not known */
	/* Public keys that were made here, of cards that tell of none. */
	struct pubkey *made[PIV_KEYS];
	struct piv_version version;
	/* Retired keys: see piv_retired.c */
	uint8_t retired_end; /* the reference after the last, 0: not known */
	bool retired_walk;   /* only the first that is missing tells the end */
	bool retired_first;  /* 82 has a certificate */
	uint32_t retired_shown; /* bits from 82 on: whatever the rule says */
};

/* piv_abilities.c: of this card, as far as its firmware tells. */
const struct card_abilities *piv_abilities(const struct card_applet *a,
					   const struct piv_version *version);
extern const CK_KEY_TYPE piv_generates[];

/* A key reference and what PIV says of it (SP 800-73-4 part 2, table 4b). */
struct piv_slot {
	uint8_t reference;
	uint8_t cka_id;
	struct cursor object; /* the certificate's tag */
	const char *certificate, *public_key, *private_key; /* labels */
	bool sign, decrypt; /* always, */
	bool decrypt_too;   /* or when no key usage speaks against it */
	bool pin_each_time, pin_never;
};

/* piv_slots.c: 9A, 9C, 9D, 9E and the retired ones; NULL after the last. F9 is
 * none of them, but can be found. */
const struct piv_slot *piv_slot_at(size_t index);
const struct piv_slot *piv_slot_find(uint8_t reference);
bool piv_slot_retired(const struct piv_slot *slot);

/* piv_retired.c: is this key to be asked for? CKR_OBJECT_HANDLE_INVALID. */
CK_RV piv_retired_check(struct card_applet *a,
			const struct piv_slot *slot) MUST_CHECK;
/* What reading its certificate told. */
void piv_retired_seen(struct card_applet *a, const struct piv_slot *slot,
		      bool present);
/* The key history was written: all is found out again. */
void piv_retired_forget(struct card_applet *a);
/* From now on this one is asked for, as it was written. */
void piv_retired_show(struct card_applet *a, uint8_t reference);

/* piv_attest.c: what a YubiKey says of a key that it made. */
CK_RV piv_attest(struct card_applet *a, const struct card_object *object,
		 struct builder *der);

/* piv_data.c */
CK_RV piv_data_list(struct card_object **list) MUST_CHECK;
bool piv_is_data(uint64_t id);
CK_RV piv_data_read(struct card_applet *a, const struct card_object *object,
		    struct card_object **found) MUST_CHECK;
/* Where new data goes: to a place by its object identifier, which is empty. */
CK_RV piv_data_place(struct card_applet *a, const struct card_new *new,
		     uint64_t *id) MUST_CHECK;
/* CKR_ACTION_PROHIBITED: this is not written as data. */
CK_RV piv_data_write(struct card_applet *a, uint64_t id,
		     struct cursor value) MUST_CHECK;
CK_RV piv_data_remove(struct card_applet *a, uint64_t id) MUST_CHECK;

/* piv_metadata.c: asked once, and only where there is one. */
CK_RV piv_version(struct card_applet *a,
		  struct piv_version *version) MUST_CHECK;
bool piv_version_least(const struct piv_version *version, uint8_t major,
		       uint8_t minor);
/* Does the firmware tell of its keys? */
CK_RV piv_metadata_had(struct card_applet *a, bool *had) MUST_CHECK;

/* Yubico's policies. */
enum piv_policy {
	PIV_POLICY_DEFAULT,
	PIV_POLICY_NEVER,
	PIV_PIN_ONCE,
	PIV_PIN_ALWAYS,
	PIV_MATCH_ONCE,
	PIV_MATCH_ALWAYS,
	PIV_TOUCH_ALWAYS = 2,
	PIV_TOUCH_CACHED = 3,
};
struct piv_metadata {
	uint8_t pin, touch; /* enum piv_policy */
	bool generated;     /* on the card */
	struct pubkey *public_key;
};
/* CKR_OBJECT_HANDLE_INVALID: there is no key. CKR_DATA_INVALID: what came is no
 * metadata. */
CK_RV piv_metadata_read(struct card_applet *a, uint8_t reference,
			struct piv_metadata *out) MUST_CHECK;

/* The value of P1 for a key (SP 800-78-4, table 6-2), 0 for one of a kind
 * that PIV does not have. */
uint8_t piv_algorithm(const struct pubkey *key);
/* The key reference in an object's id. */
uint8_t piv_reference(uint64_t id);
/* The other way round, and the data object of its certificate; false when
 * there is no such key. */
bool piv_slot_id(uint8_t reference, CK_OBJECT_CLASS class, uint64_t *id,
		 struct cursor *object) MUST_CHECK;

/*
 * GET DATA of at most LE bytes, all that there is with APDU_ANSWER_MAX. GIVES
 * the content of 53 (of the object's own tag, for 7E and 7F61) within ANSWER; it is cut short when LE was too small.
 * CKR_OBJECT_HANDLE_INVALID: absent. CKR_USER_NOT_LOGGED_IN.
 */
CK_RV piv_get_data(struct card_applet *a, struct cursor tag, size_t le,
		   struct builder *answer, struct cursor *content) MUST_CHECK;

/* The same, and that the object is absent is sure. */
CK_RV piv_find_data(struct card_applet *a, struct cursor tag, size_t le,
		    struct builder *answer, struct cursor *content) MUST_CHECK;

/* Some cards end a full block of an answer with 9000 though more is waiting:
 * appends it. */
CK_RV piv_get_rest(struct card_applet *a, struct builder *answer) MUST_CHECK;
/* Appends the rest of an object whose beginning is in ANSWER. */
CK_RV piv_get_more(struct card_applet *a, struct builder *answer) MUST_CHECK;
/* Makes sure that it is known which PIN is the user's, before any is sent. */
CK_RV piv_discover(struct card_applet *a) MUST_CHECK;
/* Is the data object at the start of the answer all there? */
bool piv_whole(const struct builder *answer);

/*
 * GENERAL AUTHENTICATE with TEMPLATE in 7C; COMMAND has the rest. The answer
 * comes whole.
 */
CK_RV piv_general_authenticate(struct card_applet *a, struct apdu command,
			       struct cursor template,
			       struct builder *answer) MUST_CHECK;

/* piv_admin.c: the management key, from a text in hexadecimal or as it is; and
 * a new one in its place. CKR_PIN_INCORRECT, CKR_PIN_LEN_RANGE. */
CK_RV piv_admin_login(struct card_applet *a, struct cursor text) MUST_CHECK;
CK_RV piv_admin_change(struct card_applet *a, struct cursor old_text,
		       struct cursor new_text) MUST_CHECK;
/* With the bytes of the key, and of a new one of the same cipher. */
CK_RV piv_admin_authenticate(struct card_applet *a,
			     struct cursor key) MUST_CHECK;
CK_RV piv_admin_set(struct card_applet *a, struct cursor key) MUST_CHECK;
/* Ends that by an answer that is wrong, where nothing else does. */
CK_RV piv_admin_spoil(struct card_applet *a) MUST_CHECK;
/* piv_protected.c: makes sure that who is logged in may write; the user may
 * when the PIN protects the management key. CKR_USER_NOT_LOGGED_IN. */
CK_RV piv_admin_need(struct card_applet *a) MUST_CHECK;
/* Is it kept in the printed information? */
CK_RV piv_protected_kept(struct card_applet *a, bool *kept) MUST_CHECK;
/* The management key is KEY now: so is the one that the PIN protects; what does
 * not follow is in the log. */
void piv_protected_follow(struct card_applet *a, struct cursor key);
/* The PIN is another: so is the management key that is made of it. */
void piv_derived_follow(struct card_applet *a, struct cursor old_pin,
			struct cursor new_pin);

/* piv_pin.c */
CK_RV piv_pin_status(struct card_applet *a, size_t pin,
		     struct card_pin_status *status);
CK_RV piv_pin_verify(struct card_applet *a, size_t pin, struct cursor value,
		     struct card_pin_status *status);
CK_RV piv_pin_change(struct card_applet *a, size_t pin, struct cursor old_value,
		     struct cursor new_value, struct card_pin_status *status);
CK_RV piv_pin_forget(struct card_applet *a, size_t pin);
CK_RV piv_reset(struct card_applet *a, struct cursor so_pin);

/* piv_write.c */
CK_RV piv_place(struct card_applet *a, const struct card_new *new,
		uint64_t *id);
CK_RV piv_write(struct card_applet *a, const struct card_new *new, uint64_t id);
CK_RV piv_remove(struct card_applet *a, const struct card_object *object);
/* Whether it can delete and move private keys; known when they are listed. */
bool piv_moves_keys(const struct card_applet *a);
CK_RV piv_move(struct card_applet *a, const struct card_object *object,
	       struct cursor cka_id, uint64_t *id);
/* piv_place.c: neither a key nor a certificate is there, by the word of a card
 * that has metadata; what it tells unclearly is not empty. */
CK_RV piv_place_empty(struct card_applet *a, const struct piv_slot *slot,
		      bool *empty) MUST_CHECK;
/* A place for what has no CKA_ID, or one that is no place: for a key the
 * first that is surely empty, for a certificate that of its key.
 * CKR_DEVICE_MEMORY: there is none. CKR_TEMPLATE_INCOMPLETE,
 * CKR_ATTRIBUTE_VALUE_INVALID: it cannot be told. */
CK_RV piv_place_find(struct card_applet *a, const struct card_new *new,
		     uint8_t *reference) MUST_CHECK;

/* piv_generate.c: judges the kind of a new key, and its policies. */
CK_RV piv_key_check(struct card_applet *a,
		    const struct card_new *new) MUST_CHECK;
CK_RV piv_generate(struct card_applet *a, const struct card_new *new,
		   uint64_t id);

/* piv_import.c */
CK_RV piv_import(struct card_applet *a, const struct card_new *new,
		 uint8_t reference) MUST_CHECK;
/* Yubico's policies in a template, as the tags that GENERATE and IMPORT take;
 * SLOT may be NULL. CKR_ATTRIBUTE_VALUE_INVALID, CKR_TEMPLATE_INCONSISTENT. */
CK_RV piv_policies_put(const struct card_new *new, const struct piv_slot *slot,
		       struct builder *out) MUST_CHECK;
uint8_t piv_new_algorithm(const struct card_new *new);
/* What comes of the card's answer to a key: CANNOT, unless it is a fault, or no
 * longer PIV that answers. */
CK_RV piv_key_refused(struct card_applet *a, CK_RV rv,
		      CK_RV cannot) MUST_CHECK;
/* Keeps a public key that was made here; takes it. */
void piv_made_keep(struct card_applet *a, uint8_t reference,
		   struct pubkey *key);
/* The public key that was made for a key reference, or NULL. */
struct pubkey *piv_made(const struct card_applet *a, uint8_t reference);
void piv_made_forget(struct card_applet *a);

/* piv_container.c: PUT DATA; without content the object is gone. */
CK_RV piv_put_data(struct card_applet *a, struct cursor tag,
		   struct cursor content) MUST_CHECK;
/* How much an object holds. */
size_t piv_object_max(const struct card_applet *a);
/* A certificate in its container: CKR_DEVICE_MEMORY when it is too large, also
 * compressed; and written to OBJECT. */
CK_RV piv_certificate_check(const struct card_applet *a,
			    struct cursor der) MUST_CHECK;
CK_RV piv_certificate_put(struct card_applet *a, struct cursor object,
			  struct cursor der) MUST_CHECK;
/* Takes the certificate of a key that is not there any more away; one that the
 * card keeps is in the log. */
CK_RV piv_certificate_remove(struct card_applet *a,
			     const struct piv_slot *slot) MUST_CHECK;
/* The DER of a slot's certificate, out of the cache where that still holds:
 * CKR_OBJECT_HANDLE_INVALID when there is none, CKR_DATA_INVALID. */
CK_RV piv_certificate_read(struct card_applet *a, const struct piv_slot *slot,
			   struct builder *der) MUST_CHECK;

/* piv_objects.c and piv_identity.c: functions of the driver. */
CK_RV piv_list(struct card_applet *a, size_t pin, CK_OBJECT_CLASS class,
	       struct card_object **list);
CK_RV piv_read(struct card_applet *a, const struct card_object *object,
	       struct card_object **found);
CK_RV piv_identify(struct card_applet *a, struct card_identity *out);
int piv_nominate(struct cursor atr);
/* Is it of a maker whose firmware tells its version? */
bool piv_versioned(const struct card_applet *a);
/* Does the card take extended length, as far as its ATR tells? */
bool piv_extended(struct cursor atr);

#endif
