/* The keys and certificates of an OpenPGP card as objects. */
#include "openpgp.h"

enum {
	INS_GENERATE = 0x47,
	GENERATE_NEW = 0x80,
	GENERATE_READ = 0x81,
	USE_SHIFT = 8,		/* an object's id: key, class */
	GROUP_CERTIFICATES = 1, /* those of keys come after it */
	GROUP_KEYS = 2,
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

uint64_t
openpgp_object_id(enum openpgp_use use, CK_OBJECT_CLASS class)
{
	return (uint64_t)use << USE_SHIFT | class;
}

enum openpgp_use
openpgp_use_of(uint64_t id)
{
	return (enum openpgp_use)(id >> USE_SHIFT);
}

CK_RV
openpgp_object_add(struct card_object ***end, enum openpgp_use use,
		   CK_OBJECT_CLASS class, bool complete,
		   struct card_object **object)
{
	const struct openpgp_name *n = &openpgp_names[use];
	bool certificate = class == CKO_CERTIFICATE;
	const struct card_object_name name = {
		.id = openpgp_object_id(use, class),
		.group = certificate ? GROUP_CERTIFICATES : GROUP_KEYS + use,
		.class = class,
		.cka_id = n->cka_id,
		.label = certificate ? n->certificate : n->key,
		.private = class == CKO_PRIVATE_KEY,
		.removable = certificate,
	};

	return card_object_add(end, &name, complete, object);
}

/* Either half of a pair, with where it comes from if the card keeps that. */
static CK_RV
key_add(const struct openpgp *o, struct card_object ***end,
	enum openpgp_use use, CK_OBJECT_CLASS class, bool complete,
	struct card_object **object)
{
	enum openpgp_origin origin = o->facts.keys[use].origin;
	CK_RV rv = openpgp_object_add(end, use, class, complete, object);

	if (rv != CKR_OK || !o->facts.origins || origin == OPENPGP_UNTOLD)
		return rv;
	return card_object_origin(&(*object)->attrs, origin == OPENPGP_MADE);
}

static CK_RV
private_add(const struct openpgp *o, struct card_object ***end,
	    enum openpgp_use use, bool complete, struct card_object **object)
{
	CK_RV rv = key_add(o, end, use, CKO_PRIVATE_KEY, complete, object);

	if (rv != CKR_OK)
		return rv;
	return attrs_set_bool(&(*object)->attrs, CKA_DESTROYABLE,
			      openpgp_removes_keys(o));
}

/* The card told which keys it has; a certificate may be there without one. */
CK_RV
openpgp_list(struct card_applet *a, size_t pin, CK_OBJECT_CLASS class,
	     struct card_object **list)
{
	const struct openpgp *o = a->state;
	struct card_object *first = NULL, **end = &first, *new;
	CK_RV rv = CKR_OK;

	if (class == CKO_DATA)
		return openpgp_data_list(a, list);
	for (size_t i = 0; i < OPENPGP_KEYS && rv == CKR_OK; i++) {
		enum openpgp_use use = (enum openpgp_use)i;

		rv = openpgp_object_add(&end, use, CKO_CERTIFICATE, false,
					&new);
		if (rv != CKR_OK ||
		    o->facts.keys[use].presence == OPENPGP_ABSENT)
			continue;
		rv = key_add(o, &end, use, CKO_PUBLIC_KEY, false, &new);
		if (rv == CKR_OK)
			rv = private_add(o, &end, use, false, &new);
	}
	if (rv != CKR_OK) {
		card_objects_free(first);
		return rv;
	}
	*list = first;
	return CKR_OK;
}

struct cursor
openpgp_template(enum openpgp_use use)
{
	return cursor_of(openpgp_names[use].template,
			 sizeof(openpgp_names[use].template));
}

/* GENERATE ASYMMETRIC KEY PAIR, which reads a public key as well. */
static CK_RV
key_command(struct card_applet *a, enum openpgp_use use, uint8_t p1,
	    struct pubkey **key)
{
	struct openpgp *o = a->state;
	const struct apdu command = { .ins = INS_GENERATE,
				      .p1 = p1,
				      .data = openpgp_template(use),
				      .le = APDU_ANSWER_MAX };
	struct builder answer = builder_heap(APDU_ANSWER_MAX);
	CK_RV rv = applet_exchange(a, &command, &answer);

	if (rv == CKR_OK)
		rv = openpgp_key_parse(builder_read(&answer),
				       &o->facts.keys[use], key);
	builder_free(&answer);
	return rv;
}

void
openpgp_key_seen(struct openpgp *o, enum openpgp_use use, struct pubkey *key)
{
	pubkey_free(o->seen[use].key);
	o->seen[use].key = key;
	o->seen[use].new = true;
	o->facts.keys[use].presence =
		key != NULL ? OPENPGP_PRESENT : OPENPGP_ABSENT;
}

void
openpgp_key_came(struct openpgp *o, enum openpgp_use use, struct pubkey *key,
		 enum openpgp_origin origin)
{
	openpgp_key_seen(o, use, key);
	o->facts.keys[use].origin = origin;
}

/* Any answer but a key means that there is none: cards differ. */
CK_RV
openpgp_key_look(struct card_applet *a, enum openpgp_use use)
{
	struct openpgp *o = a->state;
	struct pubkey *key = NULL;
	CK_RV rv = key_command(a, use, GENERATE_READ, &key);

	if (applet_mute(a, rv) || rv == CKR_HOST_MEMORY)
		return rv;
	a->proven = a->proven || rv == CKR_OK;
	if (a->proven) {
		openpgp_key_seen(o, use, key);
		return CKR_OK;
	}
	pubkey_free(o->seen[use].key);
	o->seen[use].key = NULL;
	o->seen[use].new = false;
	return CKR_OK;
}

CK_RV
openpgp_key_generate(struct card_applet *a, enum openpgp_use use)
{
	struct pubkey *key = NULL;
	CK_RV rv = key_command(a, use, GENERATE_NEW, &key);

	if (rv == CKR_OK)
		openpgp_key_came(a->state, use, key, OPENPGP_MADE);
	return rv == CKR_OBJECT_HANDLE_INVALID ? CKR_DEVICE_ERROR : rv;
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
		.id = openpgp_object_id(use, CKO_PRIVATE_KEY),
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
	CK_RV rv = key_add(o, &end, use, CKO_PUBLIC_KEY, true, &new);

	if (rv == CKR_OK)
		rv = card_object_public_key(&new->attrs, &key, &none);
	if (rv == CKR_OK)
		rv = private_add(o, &end, use, true, &new);
	if (rv == CKR_OK)
		rv = card_object_private_key(&new->attrs, &key, &none);
	if (rv != CKR_OK) {
		card_objects_free(first);
		return rv;
	}
	new->key = key;
	new->key.touch = o->facts.keys[use].touch;
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

CK_RV
openpgp_read(struct card_applet *a, const struct card_object *object,
	     struct card_object **found)
{
	if (attrs_ulong(&object->attrs, CKA_CLASS, CKO_DATA) == CKO_DATA)
		return openpgp_data_read(a, object->id, found);
	if (object->group == GROUP_CERTIFICATES)
		return openpgp_certificates_read(a, found);
	return keys_read(a, openpgp_use_of(object->id), found);
}
