/* PIV keys and certificates as objects. A slot exists when its certificate
 * does, or when the card tells of its key. */
#include "config.h"
#include "log.h"
#include "piv.h"

enum {
	REFERENCE_SHIFT = 8, /* an object's id: key reference, class */
};

uint8_t
piv_reference(uint64_t id)
{
	return (uint8_t)(id >> REFERENCE_SHIFT);
}

bool
piv_slot_id(uint8_t reference, CK_OBJECT_CLASS class, uint64_t *id,
	    struct cursor *object)
{
	const struct piv_slot *slot = piv_slot_find(reference);

	if (slot == NULL)
		return false;
	*id = (uint64_t)reference << REFERENCE_SHIFT | class;
	*object = slot->object;
	return true;
}

static struct card_object_name
slot_name(const struct piv_slot *slot, CK_OBJECT_CLASS class)
{
	struct card_object_name name = {
		.id = (uint64_t)slot->reference << REFERENCE_SHIFT | class,
		.group = slot->reference,
		.class = class,
		.cka_id = slot->cka_id,
		.label = slot->certificate,
		.removable = class == CKO_CERTIFICATE &&
			     slot->reference != PIV_ATTESTATION,
	};

	if (class == CKO_PUBLIC_KEY)
		name.label = slot->public_key;
	if (class == CKO_PRIVATE_KEY) {
		name.label = slot->private_key;
		name.private = !slot->pin_never;
	}
	return name;
}

static CK_RV
slot_add(struct card_object ***end, const struct piv_slot *slot,
	 CK_OBJECT_CLASS class, bool complete, struct card_object **object)
{
	struct card_object_name name = slot_name(slot, class);
	CK_RV rv = card_object_add(end, &name, complete, object);

	if (rv != CKR_OK || slot->reference != PIV_ATTESTATION)
		return rv;
	return attrs_set_ulong(&(*object)->attrs, CKA_CERTIFICATE_CATEGORY,
			       CK_CERTIFICATE_CATEGORY_AUTHORITY);
}

/* What metadata tell. A key may do without a PIN in any slot. */
static const CK_ATTRIBUTE_TYPE public_told[] = { CKA_LOCAL, 0 };
static const CK_ATTRIBUTE_TYPE private_told[] = {
	CKA_PRIVATE, CKA_LOCAL, PIV_PIN_POLICY, PIV_TOUCH_POLICY, 0,
};

/* Whether one can be deleted and moved is the firmware's to tell. */
static CK_RV
private_add(const struct card_applet *a, struct card_object ***end,
	    const struct piv_slot *slot, bool complete,
	    struct card_object **object)
{
	bool moves = piv_moves_keys(a);
	CK_RV rv = slot_add(end, slot, CKO_PRIVATE_KEY, complete, object);

	if (rv == CKR_OK)
		rv = attrs_set_bool(&(*object)->attrs, CKA_DESTROYABLE, moves);
	if (rv == CKR_OK)
		rv = attrs_set_bool(&(*object)->attrs, CKA_MODIFIABLE, moves);
	return rv;
}

static CK_RV
keys_list(const struct card_applet *a, struct card_object ***end,
	  const struct piv_slot *slot, bool metadata)
{
	struct card_object *public_key, *private_key;
	CK_RV rv = slot_add(end, slot, CKO_PUBLIC_KEY, false, &public_key);

	if (rv == CKR_OK)
		rv = private_add(a, end, slot, false, &private_key);
	if (rv != CKR_OK || !metadata)
		return rv;
	public_key->told = public_told;
	private_key->told = private_told;
	rv = card_object_unread(public_key);
	return rv == CKR_OK ? card_object_unread(private_key) : rv;
}

/* The certificate of the attestation key is for who asks for it: it is none
 * that anybody logs in with. */
static CK_RV
attestation_list(struct card_object ***end)
{
	struct card_object *o;
	CK_RV rv = slot_add(end, piv_slot_find(PIV_ATTESTATION),
			    CKO_CERTIFICATE, false, &o);

	if (rv == CKR_OK)
		o->aside = true;
	return rv;
}

CK_RV
piv_list(struct card_applet *a, size_t pin, CK_OBJECT_CLASS class,
	 struct card_object **list)
{
	struct card_object *first = NULL, **end = &first, *o;
	const struct piv_slot *slot;
	struct piv_version version;
	CK_RV rv;

	if (class == CKO_DATA)
		return piv_data_list(list);
	rv = piv_version(a, &version);
	for (size_t i = 0; rv == CKR_OK && (slot = piv_slot_at(i)) != NULL;
	     i++) {
		rv = slot_add(&end, slot, CKO_CERTIFICATE, false, &o);
		if (rv == CKR_OK)
			rv = keys_list(a, &end, slot,
				       piv_version_least(&version, 5, 3));
	}
	if (rv == CKR_OK && piv_version_least(&version, 4, 3))
		rv = attestation_list(&end);
	if (rv != CKR_OK) {
		card_objects_free(first);
		return rv;
	}
	*list = first;
	return CKR_OK;
}

/* What the chip can do with a key of this type. */
static unsigned
type_primitives(CK_KEY_TYPE type)
{
	switch (type) {
	case CKK_EC:
		return 1u << CARD_ECDSA | 1u << CARD_ECDH;
	case CKK_EC_EDWARDS:
		return 1u << CARD_EDDSA;
	case CKK_EC_MONTGOMERY:
		return 1u << CARD_ECDH;
	default:
		return 1u << CARD_RSA_RAW;
	}
}

/* What was found out of a slot, for its objects. */
struct slot_content {
	const struct piv_slot *slot;
	struct certificate certificate; /* without one its DER is empty */
	bool told;			/* by metadata, which are: */
	struct piv_metadata metadata;
	struct pubkey *key; /* a reference, or NULL */
};

/* Key usage counts where the certificate has one; the slot's own use stays, so
 * that a CA's key in 9C, say, still signs. A key that has no certificate yet
 * signs the request for it, where the card is known not to mind. */
static struct card_key
slot_key(const struct slot_content *x)
{
	const struct piv_slot *slot = x->slot;
	const struct certificate *c = &x->certificate;
	struct pubkey *public_key = x->key;
	bool asked_for = x->told && c->der.left == 0;
	unsigned can = type_primitives(public_key->type);
	bool rsa = public_key->type == CKK_RSA;
	bool agrees = (can & 1u << CARD_ECDH) != 0;
	bool signs = (can & ~(1u << CARD_ECDH)) != 0;
	bool only_signs = !rsa && !agrees;
	bool decrypt = c->key_usage ? c->decrypt : slot->decrypt_too;
	bool agree = c->key_usage && c->agree;
	bool sign = c->key_usage && c->sign;

	return (struct card_key){
		.id = slot_name(slot, CKO_PRIVATE_KEY).id,
		.primitives = can,
		.sign = only_signs ||
			(signs && (slot->sign || sign || asked_for)),
		.decrypt = rsa && (slot->decrypt || decrypt),
		.derive = agrees && (slot->decrypt || agree || !signs),
		.pin_each_time = slot->pin_each_time,
		.pin_never = slot->pin_never,
		.public_key = public_key,
	};
}

/* The slot's own policy, unless the card tells another. */
static void
policy_apply(const struct card_applet *a, const struct slot_content *x,
	     struct card_key *key)
{
	uint8_t pin = x->told ? x->metadata.pin : PIV_POLICY_DEFAULT;
	bool asks = a->config == NULL || a->config->piv_always_authenticate;

	if (pin != PIV_POLICY_DEFAULT) {
		key->pin_never = pin == PIV_POLICY_NEVER;
		key->pin_each_time =
			pin == PIV_PIN_ALWAYS || pin == PIV_MATCH_ALWAYS;
	}
	/* without a PIN that is kept there is nothing to do it with */
	if (key->pin_each_time && !asks && a->config->pin_keep) {
		key->pin_each_time = false;
		key->pin_anew = true;
	}
}

static CK_RV
origin_set(const struct slot_content *x, struct attrs *attrs)
{
	return x->told ? card_object_origin(attrs, x->metadata.generated)
		       : CKR_OK;
}

/* Yubico's attributes have one byte. */
static CK_RV
policies_set(const struct slot_content *x, struct attrs *attrs)
{
	const uint8_t *pin = &x->metadata.pin, *touch = &x->metadata.touch;
	CK_RV rv;

	if (!x->told)
		return CKR_OK;
	rv = attrs_set(attrs, PIV_PIN_POLICY, cursor_of(pin, 1));
	return rv == CKR_OK
		       ? attrs_set(attrs, PIV_TOUCH_POLICY, cursor_of(touch, 1))
		       : rv;
}

/* The two halves of the pair. */
static CK_RV
keys_add(const struct card_applet *a, struct slot_content *x,
	 struct card_object ***end)
{
	struct card_key key = slot_key(x);
	struct card_object *o;
	CK_RV rv;

	policy_apply(a, x, &key);
	rv = slot_add(end, x->slot, CKO_PUBLIC_KEY, true, &o);
	if (rv == CKR_OK)
		rv = origin_set(x, &o->attrs);
	if (rv == CKR_OK)
		rv = card_object_public_key(&o->attrs, &key, &x->certificate);
	if (rv == CKR_OK)
		rv = private_add(a, end, x->slot, true, &o);
	if (rv != CKR_OK)
		return rv;
	key.touch = x->told && x->metadata.touch >= PIV_TOUCH_ALWAYS;
	o->key = key;
	x->key = NULL; /* the object has it */
	if ((rv = origin_set(x, &o->attrs)) ||
	    (rv = policies_set(x, &o->attrs)) ||
	    (rv = attrs_set_bool(&o->attrs, CKA_PRIVATE, !key.pin_never)))
		return rv;
	return card_object_private_key(&o->attrs, &key, &x->certificate);
}

static CK_RV
certificate_add(struct slot_content *x, struct card_object ***end)
{
	struct card_object *o;
	CK_RV rv = slot_add(end, x->slot, CKO_CERTIFICATE, true, &o);

	if (rv != CKR_OK)
		return rv;
	return card_object_certificate(&o->attrs, &x->certificate);
}

/* The key that the card tells of counts, else the certificate's, else the one
 * that was made here. Where the first two differ the certificate was left. */
static CK_RV
key_choose(const struct card_applet *a, struct slot_content *x)
{
	static const struct certificate none;
	struct cursor info = x->certificate.public_key_info;
	CK_RV rv;

	if (x->told) {
		x->key = pubkey_ref(x->metadata.public_key);
		if (!cursor_same(info, x->key->info)) {
			if (info.left > 0)
				log_line(LOG_INFO,
					 "PIV %02X: the certificate "
					 "is of another key",
					 x->slot->reference);
			x->certificate = none;
		}
		return CKR_OK;
	}
	if (info.left == 0) {
		x->key = pubkey_ref(piv_made(a, x->slot->reference));
		return CKR_OK;
	}
	rv = pubkey_from_info(info, &x->key);
	if (rv == CKR_OK && piv_algorithm(x->key) != 0)
		return CKR_OK;
	pubkey_free(x->key);
	x->key = NULL;
	return rv == CKR_HOST_MEMORY ? rv : CKR_OK;
}

/* A key of a kind that PIV cannot have leaves only the certificate. */
static CK_RV
objects_of(const struct card_applet *a, struct slot_content *x, bool keyless,
	   struct card_object **found)
{
	struct card_object *first = NULL, **end = &first;
	CK_RV rv = CKR_OK;

	if (x->certificate.der.left > 0)
		rv = certificate_add(x, &end);
	if (rv == CKR_OK && !keyless)
		rv = key_choose(a, x);
	if (rv == CKR_OK && x->key != NULL)
		rv = keys_add(a, x, &end);
	else if (rv == CKR_OK)
		log_line(LOG_INFO, "PIV %02X: no key that is known",
			 x->slot->reference);
	pubkey_free(x->key);
	x->key = NULL;
	if (rv != CKR_OK) {
		card_objects_free(first);
		return rv;
	}
	*found = first;
	return CKR_OK;
}

/* A retired key without a certificate is looked for only when all are. */
static bool
metadata_wanted(const struct card_applet *a, const struct slot_content *x)
{
	return x->certificate.der.left > 0 || !piv_slot_retired(x->slot) ||
	       piv_made(a, x->slot->reference) != NULL ||
	       (a->config != NULL && a->config->piv_retired_all);
}

/* KEYLESS: the card tells that the slot has none. */
static CK_RV
metadata_add(struct card_applet *a, struct slot_content *x, bool *keyless)
{
	bool had = false;
	CK_RV rv = piv_metadata_had(a, &had);

	if (rv != CKR_OK || !had || !metadata_wanted(a, x))
		return rv;
	rv = piv_metadata_read(a, x->slot->reference, &x->metadata);
	if (applet_mute(a, rv) || rv == CKR_HOST_MEMORY)
		return rv;
	x->told = rv == CKR_OK;
	*keyless = rv == CKR_OBJECT_HANDLE_INVALID;
	return CKR_OK;
}

/* What is in the container; nothing where there is no certificate. */
static CK_RV
slot_certificate(struct card_applet *a, const struct piv_slot *slot,
		 struct builder *der, struct certificate *c)
{
	CK_RV rv = piv_retired_check(a, slot);

	if (rv == CKR_OK) {
		rv = piv_certificate_read(a, slot, der);
		if (rv == CKR_OK || rv == CKR_OBJECT_HANDLE_INVALID)
			piv_retired_seen(a, slot, rv == CKR_OK);
	}
	if (rv == CKR_OK)
		rv = certificate_parse(builder_read(der), c);
	if (rv == CKR_DATA_INVALID)
		log_line(LOG_INFO, "PIV %02X: not a certificate",
			 slot->reference);
	return rv == CKR_OBJECT_HANDLE_INVALID || rv == CKR_DATA_INVALID
		       ? CKR_OK
		       : rv;
}

CK_RV
piv_read(struct card_applet *a, const struct card_object *object,
	 struct card_object **found)
{
	struct slot_content x = { .slot = piv_slot_find(
					  piv_reference(object->id)) };
	struct builder der = builder_heap(CERTIFICATE_MAX);
	bool keyless = piv_reference(object->id) == PIV_ATTESTATION;
	CK_RV rv;

	if (piv_is_data(object->id))
		return piv_data_read(a, object, found);
	if (x.slot == NULL)
		return CKR_OBJECT_HANDLE_INVALID;
	rv = slot_certificate(a, x.slot, &der, &x.certificate);
	if (rv == CKR_OK && !keyless)
		rv = metadata_add(a, &x, &keyless);
	if (rv == CKR_OK && !x.told && x.certificate.der.left == 0 &&
	    piv_made(a, x.slot->reference) == NULL)
		rv = CKR_OBJECT_HANDLE_INVALID;
	if (rv == CKR_OK)
		rv = objects_of(a, &x, keyless, found);
	pubkey_free(x.metadata.public_key);
	builder_free(&der);
	return rv;
}
