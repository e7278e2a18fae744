/* The data objects of an OpenPGP card, in all the forms that cards give them.
 */
#include "openpgp.h"

#include "tlv.h"

enum {
	TAG_APPLICATION_RELATED = 0x6E,
	TAG_DISCRETIONARY = 0x73,
	TAG_AID = 0x4F,
	TAG_HISTORICAL = 0x5F52,
	TAG_CAPABILITIES = 0xC0,
	TAG_ATTRIBUTES = 0xC1, /* and C2, C3 */
	TAG_PIN_STATUS = 0xC4,
	TAG_FINGERPRINTS = 0xC5,
	TAG_TOUCH = 0xD6, /* and D7, D8 */
	TAG_KEY_INFORMATION = 0xDE,
	TAG_PUBLIC_KEY = 0x7F49,
	TAG_MODULUS = 0x81,
	TAG_EXPONENT = 0x82,
	TAG_POINT = 0x86,
	CAPABILITY_KDF = 0x01, /* bits of the first byte of C0 */
	CAPABILITY_ATTRIBUTES = 0x04,
	CAPABILITY_PRIVATE = 0x08,
	CAPABILITY_IMPORT = 0x20,
	DATA_MAX_2 = 254,
	TOUCH_OFF = 0x00,
	PIN_MAX = 127,
	PIN_MAX_MASK = 0x7F, /* bit 8 tells of PIN block format 2 */
	FINGERPRINT = 20,
	OBJECTS_MAX = 64, /* in one 6E */
	VERSION_2 = 0x0200,
	CERTIFICATES_2 = 1, /* occurrences of 7F21 */
	CERTIFICATES_3 = 3,
	MODULUS_MAX = 512, /* bytes, RSA 4096 */
};

static const struct cursor openpgp_aid =
	OPENPGP_BYTES(0xD2, 0x76, 0x00, 0x01, 0x24, 0x01);

static bool
aid_parse(struct cursor aid, struct openpgp_facts *facts)
{
	if (!cursor_begins(aid, openpgp_aid.at, openpgp_aid.left))
		return false;
	cursor_take(&aid, openpgp_aid.left);
	facts->version = cursor_u16(&aid);
	facts->manufacturer = cursor_u16(&aid);
	facts->serial = cursor_u32(&aid);
	return cursor_ok(&aid) && facts->version >= VERSION_2;
}

bool
openpgp_pin_parse(struct cursor c, struct openpgp_pin *pin)
{
	struct openpgp_pin new = { .known = true };

	/* With its tag on a card that wraps what it gives. */
	if (c.left > 7 && !tlv_find(c, TAG_PIN_STATUS, &c))
		return false;
	/* some YubiKeys 4 say FF */
	new.several = cursor_u8(&c) != 0x00;
	for (size_t i = 0; i < OPENPGP_SECRETS; i++) {
		new.max[i] = cursor_u8(&c) & PIN_MAX_MASK;
		if (new.max[i] == 0)
			new.max[i] = PIN_MAX;
	}
	for (size_t i = 0; i < OPENPGP_SECRETS; i++)
		new.tries_left[i] = cursor_u8(&c);
	if (!cursor_ok(&c))
		return false;
	*pin = new;
	return true;
}

/* A fingerprint tells that there is a key; its absence tells nothing, as not
 * all software writes one. */
static void
fingerprints_parse(struct cursor c, struct openpgp_facts *facts)
{
	for (size_t i = 0; i < OPENPGP_KEYS; i++) {
		struct cursor one = cursor_take(&c, FINGERPRINT);
		struct openpgp_key *key = &facts->keys[i];

		if (key->presence == OPENPGP_POSSIBLE &&
		    cursor_unpadded(one).left > 0)
			key->presence = OPENPGP_PRESENT;
	}
}

/* Pairs of key number and status, which is 0 for no key. */
static void
information_parse(struct cursor c, struct openpgp_facts *facts)
{
	facts->origins = true;
	while (c.left >= 2) {
		uint8_t number = cursor_u8(&c), status = cursor_u8(&c);
		struct openpgp_key *key;

		if (number < 1 || number > OPENPGP_KEYS)
			continue;
		key = &facts->keys[number - 1];
		key->presence = status == 0 ? OPENPGP_ABSENT : OPENPGP_PRESENT;
		key->origin = status <= OPENPGP_BROUGHT
				      ? (enum openpgp_origin)status
				      : OPENPGP_UNTOLD;
	}
}

/*
 * The next data object of 6E, with 6E and 73 as if they were not there: some
 * cards leave 6E out, YubiKey NEO puts what belongs into 73 behind an empty
 * one, and YubiKey 5 has lengths that do not fit each other.
 */
static bool
object_next(struct cursor *c, struct tlv *next)
{
	struct cursor inside = *c;

	for (unsigned level = 0; level < 2; level++) {
		if (tlv_enter(&inside, TAG_APPLICATION_RELATED))
			*c = inside;
		inside = *c;
		if (tlv_enter(&inside, TAG_DISCRETIONARY))
			*c = inside;
		inside = *c;
	}
	return tlv_next(c, next);
}

/* C0. Before version 3 the last size is of commands, and objects are small. */
static void
capabilities_parse(struct cursor c, struct openpgp_facts *facts)
{
	uint8_t bits = cursor_u8(&c);

	facts->kdf = (bits & CAPABILITY_KDF) != 0;
	facts->changes = (bits & CAPABILITY_ATTRIBUTES) != 0;
	facts->private_data = (bits & CAPABILITY_PRIVATE) != 0;
	facts->imports = (bits & CAPABILITY_IMPORT) != 0;
	cursor_take(&c, 3); /* secure messaging, GET CHALLENGE */
	facts->certificate_max = cursor_u16(&c);
	facts->data_max = cursor_u16(&c);
}

static void
object_parse(const struct tlv *object, struct openpgp_facts *facts)
{
	struct cursor value = object->value;

	switch (object->tag) {
	case TAG_HISTORICAL:
		facts->extended = iso_extended(value);
		break;
	case TAG_CAPABILITIES:
		capabilities_parse(value, facts);
		break;
	case TAG_ATTRIBUTES + OPENPGP_SIGN:
	case TAG_ATTRIBUTES + OPENPGP_DECIPHER:
	case TAG_ATTRIBUTES + OPENPGP_AUTHENTICATE:
		openpgp_attributes_parse(
			value, &facts->keys[object->tag - TAG_ATTRIBUTES]);
		break;
	case TAG_TOUCH + OPENPGP_SIGN:
	case TAG_TOUCH + OPENPGP_DECIPHER:
	case TAG_TOUCH + OPENPGP_AUTHENTICATE:
		facts->keys[object->tag - TAG_TOUCH].touch =
			cursor_u8(&value) != TOUCH_OFF;
		break;
	case TAG_PIN_STATUS:
		/* What cannot be read there stays unknown. */
		DROP(openpgp_pin_parse(value, &facts->pin));
		break;
	case TAG_FINGERPRINTS:
		fingerprints_parse(value, facts);
		break;
	case TAG_KEY_INFORMATION:
		information_parse(value, facts);
		break;
	}
}

bool
openpgp_facts_parse(struct cursor answer, struct openpgp_facts *facts)
{
	struct openpgp_facts new = { .pin.max = { PIN_MAX, PIN_MAX, PIN_MAX } };
	bool named = false;
	struct tlv next;

	for (unsigned i = 0; i < OBJECTS_MAX && object_next(&answer, &next);
	     i++) {
		if (next.tag == TAG_AID)
			named = aid_parse(next.value, &new);
		else
			object_parse(&next, &new);
	}
	if (!named)
		return false;
	new.certificates = new.version >= OPENPGP_VERSION_3 ? CERTIFICATES_3
							    : CERTIFICATES_2;
	if (new.version < OPENPGP_VERSION_3)
		new.data_max = DATA_MAX_2;
	*facts = new;
	return true;
}

/* Some cards put 40 before a point on Ed25519 or X25519, as OpenPGP does. */
void
openpgp_point_bare(const struct curve *curve, struct cursor *point)
{
	const uint8_t prefix = OPENPGP_POINT_PREFIX;

	if (curve->type != CKK_EC && point->left == curve->field + 1 &&
	    cursor_begins(*point, &prefix, 1))
		cursor_u8(point);
}

static CK_RV
key_of(struct cursor body, const struct openpgp_key *told, struct pubkey **key)
{
	struct cursor first, second;

	if (tlv_find(body, TAG_MODULUS, &first) &&
	    tlv_find(body, TAG_EXPONENT, &second) &&
	    cursor_unpadded(first).left <= MODULUS_MAX)
		return pubkey_from_rsa(first, second, key);
	if (!tlv_find(body, TAG_POINT, &first) || told->curve == NULL)
		return CKR_OBJECT_HANDLE_INVALID;
	openpgp_point_bare(told->curve, &first);
	return pubkey_from_ec(told->curve, first, key);
}

CK_RV
openpgp_key_parse(struct cursor answer, const struct openpgp_key *told,
		  struct pubkey **key)
{
	struct cursor body;
	CK_RV rv = CKR_OBJECT_HANDLE_INVALID;

	if (tlv_find(answer, TAG_PUBLIC_KEY, &body))
		rv = key_of(body, told, key);
	if (rv == CKR_OK || rv == CKR_HOST_MEMORY)
		return rv;
	return CKR_OBJECT_HANDLE_INVALID;
}
