/* PIV keys and certificates as objects; a slot exists when its certificate
 * does. */
#include "piv.h"

#include "cache.h"
#include "log.h"
#include "mem.h"
#include "tlv.h"

enum {
	TAG_CERTIFICATE = 0x70,
	TAG_CERT_INFO = 0x71,
	INFO_COMPRESSED = 0x81, /* 80 on early cards that counted bits so */
	REFERENCE_SHIFT = 8,	/* an object's id: key reference, class */
	NET_ID_HEADER = 4,	/* 01 00 and a length before zlib data */
};

/* A key reference and what PIV says of it (SP 800-73-4 part 2, table 4b). */
struct piv_slot {
	uint8_t reference;
	uint8_t cka_id;
	struct cursor object;
	const char *certificate, *public_key, *private_key;
	bool sign, decrypt; /* always, */
	bool decrypt_too;   /* or when no key usage speaks against it */
	bool pin_each_time, pin_never;
};

static const struct piv_slot piv_slots[] = {
	{
		.reference = 0x9A,
		.cka_id = 0x01,
		.object = PIV_BYTES(0x5F, 0xC1, 0x05),
		.certificate = "Certificate for PIV Authentication",
		.public_key = "PIV AUTH pubkey",
		.private_key = "PIV AUTH key",
		.sign = true,
		.decrypt_too = true,
	},
	{
		.reference = 0x9C,
		.cka_id = 0x02,
		.object = PIV_BYTES(0x5F, 0xC1, 0x0A),
		.certificate = "Certificate for Digital Signature",
		.public_key = "SIGN pubkey",
		.private_key = "SIGN key",
		.sign = true,
		.pin_each_time = true,
	},
	{
		.reference = PIV_KEY_MANAGEMENT,
		.cka_id = 0x03,
		.object = PIV_BYTES(0x5F, 0xC1, 0x0B),
		.certificate = "Certificate for Key Management",
		.public_key = "KEY MAN pubkey",
		.private_key = "KEY MAN key",
		.decrypt = true,
	},
	{
		.reference = 0x9E,
		.cka_id = 0x04,
		.object = PIV_BYTES(0x5F, 0xC1, 0x01),
		.certificate = "Certificate for Card Authentication",
		.public_key = "CARD AUTH pubkey",
		.private_key = "CARD AUTH key",
		.sign = true,
		.pin_never = true,
	},
};

enum { PIV_SLOTS = sizeof(piv_slots) / sizeof(piv_slots[0]) };

uint8_t
piv_reference(uint64_t id)
{
	return (uint8_t)(id >> REFERENCE_SHIFT);
}

static const struct piv_slot *
slot_find(uint8_t reference)
{
	for (size_t i = 0; i < PIV_SLOTS; i++)
		if (piv_slots[i].reference == reference)
			return &piv_slots[i];
	return NULL;
}

bool
piv_slot_id(uint8_t reference, CK_OBJECT_CLASS class, uint64_t *id,
	    struct cursor *object)
{
	const struct piv_slot *slot = slot_find(reference);

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

	return card_object_add(end, &name, complete, object);
}

CK_RV
piv_list(struct card_applet *a, size_t pin, CK_OBJECT_CLASS class,
	 struct card_object **list)
{
	struct card_object *first = NULL, **end = &first, *o;
	CK_RV rv = CKR_OK;

	for (size_t i = 0; i < PIV_SLOTS && rv == CKR_OK; i++) {
		const struct piv_slot *slot = &piv_slots[i];

		if ((rv = slot_add(&end, slot, CKO_CERTIFICATE, false, &o)) ||
		    (rv = slot_add(&end, slot, CKO_PUBLIC_KEY, false, &o)))
			break;
		rv = slot_add(&end, slot, CKO_PRIVATE_KEY, false, &o);
	}
	if (rv != CKR_OK) {
		card_objects_free(first);
		return rv;
	}
	*list = first;
	return CKR_OK;
}

/*
 * Appends the certificate in the content of its container (SP 800-73-4 part 1,
 * appendix A): tags come in any order, 71 and FE may miss, some cards hold the
 * bare certificate. What is compressed shows by itself: DER begins with 30.
 */
static CK_RV
certificate_unpack(struct cursor content, struct builder *der)
{
	static const uint8_t plain = 0x30, net_id[] = { 0x01, 0x00 };
	struct cursor body, info = cursor_of(NULL, 0);
	bool compressed;

	if (!tlv_find(content, TAG_CERTIFICATE, &body))
		body = content;
	DROP(tlv_find(content, TAG_CERT_INFO, &info)); /* may be missing */
	compressed = (cursor_u8(&info) & INFO_COMPRESSED) != 0;
	if (cursor_begins(body, &plain, sizeof(plain))) {
		builder_append(der, body);
		return builder_ok(der) ? CKR_OK : CKR_DATA_INVALID;
	}
	if (compressed && cursor_begins(body, net_id, sizeof(net_id)))
		cursor_take(&body, NET_ID_HEADER);
	return inflate_bytes(body, der);
}

/*
 * The container of a certificate. Where it comes in pieces, the first tells
 * whether what is kept of it still holds.
 */
static CK_RV
container_read(struct card_applet *a, const struct piv_slot *slot,
	       struct builder *answer, struct cursor *content)
{
	bool pieces = cache_on(a) && applet_pieces(a);
	size_t le = pieces ? APDU_SHORT_ANSWER : APDU_ANSWER_MAX;
	bool found, known;
	struct cursor c;
	CK_RV rv = piv_get_data(a, slot->object, le, answer, content);

	if (rv != CKR_OK)
		return rv;
	found = pieces && !piv_whole(answer) &&
		cache_find(a, slot->reference, answer);
	if (pieces && !piv_whole(answer))
		rv = piv_get_more(a, answer);
	if (rv != CKR_OK)
		return rv;
	known = found || (!pieces && cache_has(a, slot->reference));
	if (!known && piv_whole(answer))
		cache_keep(a, slot->reference, builder_read(answer));
	c = builder_read(answer);
	if (!tlv_enter(&c, PIV_CONTENT))
		return CKR_OBJECT_HANDLE_INVALID;
	*content = cursor_rest(&c);
	return CKR_OK;
}

static CK_RV
certificate_read(struct card_applet *a, const struct piv_slot *slot,
		 struct builder *der)
{
	struct builder answer = builder_heap(APDU_ANSWER_MAX);
	struct cursor content;
	CK_RV rv;

	rv = container_read(a, slot, &answer, &content);
	if (rv == CKR_OK)
		rv = certificate_unpack(content, der);
	builder_free(&answer);
	return rv;
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

/* Key usage counts where the certificate has one; the slot's own use stays, so
 * that a CA's key in 9C, say, still signs. */
static struct card_key
slot_key(const struct piv_slot *slot, const struct certificate *c,
	 struct pubkey *public_key)
{
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
		.sign = only_signs || (signs && (slot->sign || sign)),
		.decrypt = rsa && (slot->decrypt || decrypt),
		.derive = agrees && (slot->decrypt || agree || !signs),
		.pin_each_time = slot->pin_each_time,
		.pin_never = slot->pin_never,
		.public_key = public_key,
	};
}

/* The two halves of the pair; takes the public key, whatever it answers. */
static CK_RV
keys_add(struct card_object ***end, const struct piv_slot *slot,
	 const struct certificate *c, struct pubkey *public_key)
{
	struct card_key key = slot_key(slot, c, public_key);
	struct card_object *o;
	CK_RV rv = slot_add(end, slot, CKO_PUBLIC_KEY, true, &o);

	if (rv == CKR_OK)
		rv = card_object_public_key(&o->attrs, &key, c);
	if (rv == CKR_OK)
		rv = slot_add(end, slot, CKO_PRIVATE_KEY, true, &o);
	if (rv != CKR_OK) {
		pubkey_free(public_key);
		return rv;
	}
	o->key = key;
	return card_object_private_key(&o->attrs, &key, c);
}

/* A key of a kind that PIV cannot have leaves only the certificate. */
static CK_RV
objects_of(const struct piv_slot *slot, const struct certificate *c,
	   struct card_object **found)
{
	struct card_object *first = NULL, **end = &first, *o;
	struct pubkey *key = NULL;
	CK_RV rv = slot_add(&end, slot, CKO_CERTIFICATE, true, &o);

	if (rv == CKR_OK)
		rv = card_object_certificate(&o->attrs, c);
	if (rv == CKR_OK)
		rv = pubkey_from_info(c->public_key_info, &key);
	if (rv == CKR_OK && piv_algorithm(key) != 0) {
		rv = keys_add(&end, slot, c, key);
	} else if (first != NULL && rv != CKR_HOST_MEMORY) {
		log_line(LOG_INFO, "PIV %02X: no key that is known",
			 slot->reference);
		pubkey_free(key);
		rv = CKR_OK;
	}
	if (rv != CKR_OK) {
		card_objects_free(first);
		return rv;
	}
	*found = first;
	return CKR_OK;
}

/* A key that was made here, and has no certificate yet. */
static CK_RV
objects_made(const struct piv_slot *slot, struct pubkey *key,
	     struct card_object **found)
{
	const struct certificate none = { 0 };
	struct card_object *first = NULL, **end = &first;
	CK_RV rv = keys_add(&end, slot, &none, pubkey_ref(key));

	if (rv != CKR_OK) {
		card_objects_free(first);
		return rv;
	}
	*found = first;
	return CKR_OK;
}

CK_RV
piv_read(struct card_applet *a, const struct card_object *object,
	 struct card_object **found)
{
	const struct piv_slot *slot = slot_find(piv_reference(object->id));
	struct builder der = builder_heap(CERTIFICATE_MAX);
	struct certificate c;
	CK_RV rv;

	if (slot == NULL)
		return CKR_OBJECT_HANDLE_INVALID;
	rv = certificate_read(a, slot, &der);
	if (rv == CKR_OK)
		rv = certificate_parse(builder_read(&der), &c);
	if (rv == CKR_OK)
		rv = objects_of(slot, &c, found);
	if (rv == CKR_DATA_INVALID) {
		log_line(LOG_INFO, "PIV %02X: not a certificate",
			 slot->reference);
		rv = CKR_OBJECT_HANDLE_INVALID;
	}
	builder_free(&der);
	if (rv == CKR_OBJECT_HANDLE_INVALID &&
	    piv_made(a, slot->reference) != NULL)
		rv = objects_made(slot, piv_made(a, slot->reference), found);
	return rv;
}
