/* The keys and certificates of an OpenPGP card as objects. */
#include "openpgp.h"

#include <string.h>

#include "log.h"

enum {
	INS_GENERATE = 0x47,
	GENERATE_READ = 0x81,
	INS_SELECT_DATA = 0xA5,
	INS_GET_VERSION = 0xF1,
	TAG_CERTIFICATE = 0x7F21,
	USE_SHIFT = 8,		/* an object's id: key, class */
	GROUP_CERTIFICATES = 1, /* those of keys come after it */
	GROUP_KEYS = 2,
	EXTRA_BYTE = 0x06,
	VERSION_GOOD = 0x050404,
	SW_NO_INSTRUCTION = 0x6D00,
	SW_NO_CLASS = 0x6E00,
};

/* A key, as OpenSC numbers and names it. */
struct openpgp_name {
	uint8_t cka_id;
	uint8_t template[2]; /* its control reference template, empty */
	const char *key, *certificate;
};

static const struct openpgp_name openpgp_names[OPENPGP_KEYS] = {
	[OPENPGP_SIGN] = { 0x01,
			   { 0xB6, 0x00 },
			   "Signature key",
			   "SIG certificate" },
	[OPENPGP_DECIPHER] = { 0x02,
			       { 0xB8, 0x00 },
			       "Encryption key",
			       "DEC certificate" },
	[OPENPGP_AUTHENTICATE] = { 0x03,
				   { 0xA4, 0x00 },
				   "Authentication key",
				   "AUT certificate" },
};

/* The key of each occurrence of 7F21, unless its public key says otherwise. */
static const enum openpgp_use openpgp_occurrences[OPENPGP_KEYS] = {
	OPENPGP_AUTHENTICATE,
	OPENPGP_DECIPHER,
	OPENPGP_SIGN,
};

/* The certificates of a card, as read. */
struct openpgp_certificates {
	struct builder der[OPENPGP_KEYS];
	struct certificate parsed[OPENPGP_KEYS];
	bool there[OPENPGP_KEYS];
};

enum openpgp_use
openpgp_use_of(uint64_t id)
{
	return (enum openpgp_use)(id >> USE_SHIFT);
}

static CK_RV
object_add(struct card_object ***end, enum openpgp_use use,
	   CK_OBJECT_CLASS class, bool complete, struct card_object **object)
{
	const struct openpgp_name *n = &openpgp_names[use];
	bool certificate = class == CKO_CERTIFICATE;
	const struct card_object_name name = {
		.id = (uint64_t)use << USE_SHIFT | class,
		.group = certificate ? GROUP_CERTIFICATES : GROUP_KEYS + use,
		.class = class,
		.cka_id = n->cka_id,
		.label = certificate ? n->certificate : n->key,
		.private = class == CKO_PRIVATE_KEY,
	};

	return card_object_add(end, &name, complete, object);
}

/* The card told which keys it has; a certificate may be there without one. */
CK_RV
openpgp_list(struct card_applet *a, size_t pin, CK_OBJECT_CLASS class,
	     struct card_object **list)
{
	const struct openpgp *o = a->state;
	struct card_object *first = NULL, **end = &first, *new;
	CK_RV rv = CKR_OK;

	for (size_t i = 0; i < OPENPGP_KEYS && rv == CKR_OK; i++) {
		enum openpgp_use use = (enum openpgp_use)i;

		rv = object_add(&end, use, CKO_CERTIFICATE, false, &new);
		if (rv != CKR_OK ||
		    o->facts.keys[use].presence == OPENPGP_ABSENT)
			continue;
		rv = object_add(&end, use, CKO_PUBLIC_KEY, false, &new);
		if (rv == CKR_OK)
			rv = object_add(&end, use, CKO_PRIVATE_KEY, false,
					&new);
	}
	if (rv != CKR_OK) {
		card_objects_free(first);
		return rv;
	}
	*list = first;
	return CKR_OK;
}

/* Any answer but a key means that there is none: cards differ. */
CK_RV
openpgp_key_look(struct card_applet *a, enum openpgp_use use)
{
	struct openpgp *o = a->state;
	const struct apdu command = {
		.ins = INS_GENERATE,
		.p1 = GENERATE_READ,
		.data = cursor_of(openpgp_names[use].template,
				  sizeof(openpgp_names[use].template)),
		.le = APDU_ANSWER_MAX,
	};
	struct builder answer = builder_heap(APDU_ANSWER_MAX);
	struct pubkey *key = NULL;
	CK_RV rv = applet_exchange(a, &command, &answer);

	if (applet_mute(a, rv))
		goto out;
	if (rv == CKR_OK)
		rv = openpgp_key_parse(builder_read(&answer),
				       &o->facts.keys[use], &key);
	if (rv == CKR_HOST_MEMORY)
		goto out;
	a->proven = a->proven || rv == CKR_OK;
	pubkey_free(o->seen[use].key);
	o->seen[use].key = key;
	o->seen[use].new = a->proven;
	if (a->proven)
		o->facts.keys[use].presence =
			key != NULL ? OPENPGP_PRESENT : OPENPGP_ABSENT;
	rv = CKR_OK;
out:
	builder_free(&answer);
	return rv;
}

/* What a key of this kind computes in this place. */
static unsigned
key_primitives(enum openpgp_use use, CK_KEY_TYPE type)
{
	bool decipher = use == OPENPGP_DECIPHER;

	switch (type) {
	case CKK_RSA:
		return 1u << (decipher ? CARD_RSA_DECRYPT
				       : CARD_RSA_DIGESTINFO);
	case CKK_EC:
		return 1u << (decipher ? CARD_ECDH : CARD_ECDSA);
	case CKK_EC_EDWARDS:
		return decipher ? 0 : 1u << CARD_EDDSA;
	default:
		return decipher ? 1u << CARD_ECDH : 0;
	}
}

/* Takes no reference of the public key. */
static struct card_key
key_of(const struct openpgp *o, enum openpgp_use use, struct pubkey *public_key)
{
	unsigned primitives = key_primitives(use, public_key->type);

	return (struct card_key){
		.id = (uint64_t)use << USE_SHIFT | CKO_PRIVATE_KEY,
		.primitives = primitives,
		.sign = use != OPENPGP_DECIPHER,
		.decrypt = (primitives & 1u << CARD_RSA_DECRYPT) != 0,
		.derive = (primitives & 1u << CARD_ECDH) != 0,
		.pin_each_time = use == OPENPGP_SIGN && !o->facts.pin.several,
		.public_key = public_key,
	};
}

static CK_RV
keys_of(const struct openpgp *o, enum openpgp_use use,
	struct card_object **found)
{
	const struct certificate none = { .der.left = 0 };
	struct card_key key = key_of(o, use, o->seen[use].key);
	struct card_object *first = NULL, **end = &first, *new;
	CK_RV rv = object_add(&end, use, CKO_PUBLIC_KEY, true, &new);

	if (rv == CKR_OK)
		rv = card_object_public_key(&new->attrs, &key, &none);
	if (rv == CKR_OK)
		rv = object_add(&end, use, CKO_PRIVATE_KEY, true, &new);
	if (rv == CKR_OK)
		rv = card_object_private_key(&new->attrs, &key, &none);
	if (rv != CKR_OK) {
		card_objects_free(first);
		return rv;
	}
	new->slow = o->facts.keys[use].touch;
	new->key = key;
	new->key.public_key = pubkey_ref(key.public_key);
	*found = first;
	return CKR_OK;
}

static CK_RV
keys_read(struct card_applet *a, enum openpgp_use use,
	  struct card_object **found)
{
	struct openpgp *o = a->state;
	CK_RV rv = CKR_OK;

	if (!o->seen[use].new)
		rv = openpgp_key_look(a, use);
	if (rv != CKR_OK)
		return rv;
	o->seen[use].new = false;
	if (o->seen[use].key == NULL)
		return CKR_OBJECT_HANDLE_INVALID;
	return keys_of(o, use, found);
}

/* Is it another applet that knows no such instruction? Then nothing that the
 * answer says is about certificates. */
static bool
elsewhere(const struct card_applet *a)
{
	return !a->proven &&
	       (a->sw == SW_NO_INSTRUCTION || a->sw == SW_NO_CLASS);
}

/* YubiKey before 5.4.4 wants the length of what follows twice. */
static CK_RV
extra_byte_wanted(struct card_applet *a, bool *wanted)
{
	const struct openpgp *o = a->state;
	const struct apdu command = { .ins = INS_GET_VERSION,
				      .le = APDU_SHORT_ANSWER };
	uint8_t bytes[APDU_SHORT_ANSWER];
	struct builder answer = builder_over(bytes, sizeof(bytes));
	struct cursor c;
	uint32_t version;
	CK_RV rv;

	*wanted = false;
	if (o->facts.manufacturer != OPENPGP_YUBICO)
		return CKR_OK;
	rv = applet_exchange(a, &command, &answer);
	if (applet_mute(a, rv))
		return rv;
	c = builder_read(&answer);
	version = cursor_u8(&c);
	version = version << 16 | cursor_u16(&c);
	*wanted = rv == CKR_OK && cursor_ok(&c) && version < VERSION_GOOD;
	return elsewhere(a) ? CKR_OBJECT_HANDLE_INVALID : CKR_OK;
}

/* SELECT DATA: the occurrence that the next GET DATA is about. */
static CK_RV
occurrence_select(struct card_applet *a, size_t occurrence, bool extra)
{
	static const uint8_t data[] = { EXTRA_BYTE, 0x60, 0x04, 0x5C,
					0x02,	    0x7F, 0x21 };
	struct cursor c = cursor_of(data, sizeof(data));
	struct apdu command = {
		.ins = INS_SELECT_DATA,
		.p1 = (uint8_t)occurrence,
		.p2 = 0x04,
		.le = APDU_SHORT_ANSWER,
	};

	if (!extra)
		cursor_take(&c, 1);
	command.data = c;
	return applet_exchange(a, &command, NULL);
}

/* An occurrence that cannot be chosen is not there, but for the one that the
 * card gives unasked. */
static CK_RV
certificate_read(struct card_applet *a, size_t occurrence, bool extra,
		 struct builder *der)
{
	const struct openpgp *o = a->state;
	CK_RV rv;

	if (o->facts.certificates > 1) {
		rv = occurrence_select(a, occurrence, extra);
		if (applet_mute(a, rv) || rv == CKR_USER_NOT_LOGGED_IN)
			return rv;
		if (elsewhere(a))
			return CKR_OBJECT_HANDLE_INVALID;
		if (rv != CKR_OK && occurrence > 0)
			return CKR_OK;
	}
	rv = openpgp_get_data(a, TAG_CERTIFICATE, APDU_ANSWER_MAX, der);
	if (rv == CKR_OK && der->used > 0)
		a->proven = true;
	if (rv != CKR_OK && !applet_mute(a, rv) && rv != CKR_USER_NOT_LOGGED_IN)
		builder_reset(der);
	else if (rv != CKR_OK)
		return rv;
	return CKR_OK;
}

/* In a card that numbers its occurrences the other way round, or where people
 * mixed them up, the public key tells what a certificate belongs to. */
static enum openpgp_use
certificate_use(const struct openpgp *o, const struct certificate *c,
		enum openpgp_use place)
{
	for (size_t i = 0; i < OPENPGP_KEYS; i++) {
		const struct pubkey *key = o->seen[i].key;

		if (key != NULL && cursor_same(key->info, c->public_key_info))
			return (enum openpgp_use)i;
	}
	return place;
}

static CK_RV
certificates_objects(const struct openpgp *o,
		     const struct openpgp_certificates *all,
		     struct card_object **found)
{
	struct card_object *first = NULL, **end = &first, *new;
	bool taken[OPENPGP_KEYS] = { false };
	CK_RV rv = CKR_OK;

	for (size_t i = 0; i < OPENPGP_KEYS && rv == CKR_OK; i++) {
		enum openpgp_use use;

		if (!all->there[i])
			continue;
		use = certificate_use(o, &all->parsed[i],
				      openpgp_occurrences[i]);
		if (taken[use]) {
			log_line(LOG_INFO,
				 "OpenPGP: certificate %zu is one "
				 "too many",
				 i);
			continue;
		}
		taken[use] = true;
		rv = object_add(&end, use, CKO_CERTIFICATE, true, &new);
		if (rv == CKR_OK)
			rv = card_object_certificate(&new->attrs,
						     &all->parsed[i]);
	}
	if (rv != CKR_OK) {
		card_objects_free(first);
		return rv;
	}
	*found = first;
	return first != NULL ? CKR_OK : CKR_OBJECT_HANDLE_INVALID;
}

/* The public keys that certificates are held against, when they are there. */
static CK_RV
public_keys_read(struct card_applet *a)
{
	struct openpgp *o = a->state;
	CK_RV rv = CKR_OK;

	for (size_t i = 0; i < OPENPGP_KEYS && rv == CKR_OK; i++)
		if (o->facts.keys[i].presence != OPENPGP_ABSENT &&
		    o->seen[i].key == NULL)
			rv = openpgp_key_look(a, (enum openpgp_use)i);
	return rv;
}

static CK_RV
occurrences_read(struct card_applet *a, struct openpgp_certificates *all,
		 unsigned *count)
{
	const struct openpgp *o = a->state;
	bool extra = false;
	CK_RV rv = CKR_OK;

	if (o->facts.certificates > 1)
		rv = extra_byte_wanted(a, &extra);
	for (size_t i = 0; i < o->facts.certificates && rv == CKR_OK; i++) {
		rv = certificate_read(a, i, extra, &all->der[i]);
		if (rv != CKR_OK || all->der[i].used == 0)
			continue;
		rv = certificate_parse(builder_read(&all->der[i]),
				       &all->parsed[i]);
		all->there[i] = rv == CKR_OK;
		*count += all->there[i];
		if (rv == CKR_DATA_INVALID) {
			log_line(LOG_INFO, "OpenPGP: not a certificate");
			rv = CKR_OK;
		}
	}
	return rv;
}

static CK_RV
certificates_read(struct card_applet *a, struct card_object **found)
{
	struct openpgp_certificates all = { .there = { false } };
	unsigned count = 0;
	bool switched;
	CK_RV rv;

	for (size_t i = 0; i < OPENPGP_KEYS; i++)
		all.der[i] = builder_heap(CERTIFICATE_MAX);
	rv = occurrences_read(a, &all, &count);
	if (rv == CKR_OBJECT_HANDLE_INVALID && elsewhere(a)) {
		rv = applet_guard(a, &switched);
		if (rv == CKR_OK)
			rv = occurrences_read(a, &all, &count);
	}
	if (rv == CKR_OK && count > 0)
		rv = public_keys_read(a);
	if (rv == CKR_OK)
		rv = certificates_objects(a->state, &all, found);
	for (size_t i = 0; i < OPENPGP_KEYS; i++)
		builder_free(&all.der[i]);
	return rv;
}

CK_RV
openpgp_read(struct card_applet *a, const struct card_object *object,
	     struct card_object **found)
{
	if (object->group == GROUP_CERTIFICATES)
		return certificates_read(a, found);
	return keys_read(a, openpgp_use_of(object->id), found);
}
