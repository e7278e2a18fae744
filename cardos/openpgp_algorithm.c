/* What kind of key each place of an OpenPGP card is for: DO C1 to C3. */
#include "openpgp.h"

#include "tlv.h"

enum {
	TAG_OID = 0x06,
	OID_MAX = 16,
	WITH_PUBLIC = 0xFF, /* after an OID: an import brings the point */
	EXPONENT_BITS = 32,
	EXPONENT_BITS_YUBICO = 17,
};

/* OpenPGP's own number of a curve (RFC 9580, 9.2) that RFC 8410 numbers too. */
struct openpgp_oid {
	CK_KEY_TYPE type;
	struct cursor oid;    /* its content */
	struct cursor params; /* CKA_EC_PARAMS */
};

static const struct openpgp_oid openpgp_oids[] = {
	{
		.type = CKK_EC_EDWARDS,
		.oid = OPENPGP_BYTES(0x2B, 0x06, 0x01, 0x04, 0x01, 0xDA, 0x47,
				     0x0F, 0x01),
		.params = OPENPGP_BYTES(0x06, 0x03, 0x2B, 0x65, 0x70),
	},
	{
		.type = CKK_EC_MONTGOMERY,
		.oid = OPENPGP_BYTES(0x2B, 0x06, 0x01, 0x04, 0x01, 0x97, 0x55,
				     0x01, 0x05, 0x01),
		.params = OPENPGP_BYTES(0x06, 0x03, 0x2B, 0x65, 0x6E),
	},
};

enum { OIDS = sizeof(openpgp_oids) / sizeof(openpgp_oids[0]) };

/* A curve's number without its header; EXTRA is what some cards append: FF or
 * 00, or a byte that means nothing (YubiKey 5.2). */
static const struct curve *
curve_parse(struct cursor oid, uint8_t *extra)
{
	uint8_t bytes[OID_MAX + 2];
	const struct curve *curve;
	struct builder b;

	for (size_t i = 0; i < OIDS; i++) {
		const struct openpgp_oid *own = &openpgp_oids[i];
		struct cursor rest = oid;

		if (!cursor_begins(oid, own->oid.at, own->oid.left) ||
		    oid.left > own->oid.left + 1)
			continue;
		cursor_take(&rest, own->oid.left);
		*extra = cursor_u8(&rest);
		return curve_typed(own->type, own->params);
	}
	for (unsigned cut = 0; cut < 2 && oid.left > cut; cut++) {
		struct cursor c = oid;

		b = builder_over(bytes, sizeof(bytes));
		tlv_put(&b, TAG_OID, cursor_take(&c, oid.left - cut));
		curve = builder_ok(&b) ? curve_find(builder_read(&b)) : NULL;
		*extra = cursor_u8(&c);
		if (curve != NULL)
			return curve;
	}
	return NULL;
}

void
openpgp_attributes_parse(struct cursor c, struct openpgp_key *key)
{
	key->algorithm = cursor_u8(&c);
	if (key->algorithm != OPENPGP_RSA) {
		key->curve = curve_parse(c, &key->format);
		return;
	}
	key->bits = cursor_u16(&c);
	key->exponent_bits = cursor_u16(&c);
	key->format = cursor_u8(&c); /* some cards leave it out: 00 */
}

uint8_t
openpgp_algorithm(enum openpgp_use use, CK_KEY_TYPE type)
{
	bool decipher = use == OPENPGP_DECIPHER;

	switch (type) {
	case CKK_RSA:
		return OPENPGP_RSA;
	case CKK_EC:
		return decipher ? OPENPGP_ECDH : OPENPGP_ECDSA;
	case CKK_EC_EDWARDS:
		return decipher ? 0 : OPENPGP_EDDSA;
	case CKK_EC_MONTGOMERY:
		return decipher ? OPENPGP_ECDH : 0;
	default:
		return 0;
	}
}

struct cursor
openpgp_curve_oid(const struct curve *curve)
{
	struct cursor oid = curve->oid, none = { 0 };
	struct tlv number;

	for (size_t i = 0; i < OIDS; i++)
		if (cursor_same(openpgp_oids[i].params, oid))
			return openpgp_oids[i].oid;
	return curve->type == CKK_EC && tlv_next(&oid, &number) ? number.value
								: none;
}

/* How the card writes RSA down: as for this key, or for another one. */
static void
rsa_manner(const struct openpgp_facts *facts, enum openpgp_use use,
	   struct openpgp_key *key)
{
	const struct openpgp_key *like = &facts->keys[use];

	for (size_t i = 0; i < OPENPGP_KEYS && like->algorithm != OPENPGP_RSA;
	     i++)
		like = &facts->keys[i];
	if (like->algorithm == OPENPGP_RSA) {
		key->exponent_bits = like->exponent_bits;
		key->format = like->format;
		return;
	}
	key->format = 0;
	key->exponent_bits = facts->manufacturer == OPENPGP_YUBICO
				     ? EXPONENT_BITS_YUBICO
				     : EXPONENT_BITS;
}

struct openpgp_key
openpgp_key_wanted(const struct openpgp_facts *facts, enum openpgp_use use,
		   const struct curve *curve, size_t bits)
{
	const struct openpgp_key *told = &facts->keys[use];
	struct openpgp_key key = *told;

	key.origin = OPENPGP_UNTOLD;
	key.curve = curve;
	key.algorithm =
		openpgp_algorithm(use, curve != NULL ? curve->type : CKK_RSA);
	key.bits = (uint16_t)bits;
	if (curve == NULL)
		rsa_manner(facts, use, &key);
	else if (told->curve != curve)
		key.format = 0;
	return key;
}

/* X25519 is 12 everywhere but in some lists of a YubiKey before 5.6. */
bool
openpgp_key_same(const struct openpgp_key *a, const struct openpgp_key *b)
{
	if (a->algorithm == OPENPGP_RSA || b->algorithm == OPENPGP_RSA)
		return a->algorithm == b->algorithm && a->bits == b->bits;
	return a->curve != NULL && a->curve == b->curve;
}

void
openpgp_attributes_put(const struct openpgp_key *key, struct builder *out)
{
	builder_u8(out, key->algorithm);
	if (key->algorithm != OPENPGP_RSA) {
		builder_append(out, openpgp_curve_oid(key->curve));
		return;
	}
	builder_u16(out, key->bits);
	builder_u16(out, key->exponent_bits);
	builder_u8(out, key->format);
}

bool
openpgp_exponent_other(struct openpgp_key *key)
{
	if (key->algorithm != OPENPGP_RSA)
		return false;
	key->exponent_bits = key->exponent_bits == EXPONENT_BITS
				     ? EXPONENT_BITS_YUBICO
				     : EXPONENT_BITS;
	return true;
}

bool
openpgp_point_wanted(const struct openpgp_key *key)
{
	return key->curve != NULL && key->format == WITH_PUBLIC;
}

bool
openpgp_point_add(struct openpgp_key *key)
{
	if (key->curve == NULL || openpgp_point_wanted(key))
		return false;
	key->format = WITH_PUBLIC;
	return true;
}

/* What one place adds; false when it does not tell what it is for. */
static bool
ability_add(enum openpgp_use use, const struct openpgp_key *key,
	    struct card_abilities *can)
{
	bool decipher = use == OPENPGP_DECIPHER;
	const struct curve *curve = key->curve;

	if (key->algorithm == OPENPGP_RSA) {
		can->primitives |= 1u << (decipher ? CARD_RSA_DECRYPT
						   : CARD_RSA_DIGESTINFO);
		can->rsa_min =
			key->bits < can->rsa_min ? key->bits : can->rsa_min;
		can->rsa_max =
			key->bits > can->rsa_max ? key->bits : can->rsa_max;
		return true;
	}
	if (curve == NULL || openpgp_algorithm(use, curve->type) == 0)
		return false;
	if (curve->type == CKK_EC_EDWARDS) {
		can->primitives |= 1u << CARD_EDDSA;
		return true;
	}
	can->primitives |= 1u << (decipher ? CARD_ECDH : CARD_ECDSA);
	can->ec_min = curve->bits < can->ec_min ? curve->bits : can->ec_min;
	can->ec_max = curve->bits > can->ec_max ? curve->bits : can->ec_max;
	return true;
}

const struct card_abilities *
openpgp_abilities(struct openpgp *o)
{
	const struct openpgp_key *keys = o->facts.keys;

	if (o->facts.changes)
		return NULL;
	o->can = (struct card_abilities){ .rsa_min = UINT16_MAX,
					  .ec_min = UINT16_MAX,
					  .generates = o->makes };
	for (size_t i = 0; i < OPENPGP_KEYS; i++) {
		if (!ability_add((enum openpgp_use)i, &keys[i], &o->can))
			return NULL;
		o->makes[i] =
			keys[i].curve != NULL ? keys[i].curve->type : CKK_RSA;
	}
	o->makes[OPENPGP_KEYS] = CK_UNAVAILABLE_INFORMATION;
	return &o->can;
}
