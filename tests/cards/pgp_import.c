/* What comes into the simulated OpenPGP application from outside: private keys
 * in an extended header list; and the name that OpenPGP gives a key. */
#include "pgp.h"

#include <openssl/evp.h>

#include <string.h>

enum {
	PART_E = 0x91,
	PART_P = 0x92, /* also the scalar or seed of other kinds */
	PART_Q = 0x93,
	PART_LAST = 0x99,
};

/* The parts, cut from 5F48 as 7F48 says. */
struct parts {
	struct span values[PART_LAST - PART_E + 1];
};

static bool
parts_cut(struct span lengths, struct span values, struct parts *parts)
{
	uint32_t tag, n;

	*parts = (struct parts){ 0 };
	while (lengths.left > 0) {
		tag = span_byte(&lengths);
		n = span_byte(&lengths);
		if (n == 0x81 || n == 0x82)
			n = span_number(&lengths, n & 0x0f);
		if (tag < PART_E || tag > PART_LAST)
			return false;
		parts->values[tag - PART_E] = span_take(&values, n);
	}
	return !lengths.bad && !values.bad && values.left == 0;
}

static struct span
part(const struct parts *parts, uint32_t tag)
{
	return parts->values[tag - PART_E];
}

/* X25519 comes as a number, its most significant byte first. */
static EVP_PKEY *
montgomery(const struct chip_kind *kind, struct span number)
{
	uint8_t bytes[32];

	if (number.left != sizeof(bytes))
		return NULL;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = number.at[sizeof(bytes) - 1 - i];
	return chip_import_raw(kind, span_of(bytes, sizeof(bytes)));
}

static EVP_PKEY *
parts_key(const struct chip_kind *kind, const struct parts *parts)
{
	EVP_PKEY *pkey = NULL;

	switch (kind->type) {
	case CHIP_RSA:
		pkey = chip_import_rsa(part(parts, PART_P), part(parts, PART_Q),
				       part(parts, PART_E));
		break;
	case CHIP_EC:
		pkey = chip_import_ec(kind, part(parts, PART_P));
		break;
	case CHIP_ED25519:
		pkey = chip_import_raw(kind, part(parts, PART_P));
		break;
	case CHIP_X25519:
		pkey = montgomery(kind, part(parts, PART_P));
		break;
	}
	if (pkey && !chip_matches(pkey, kind)) {
		EVP_PKEY_free(pkey);
		pkey = NULL;
	}
	return pkey;
}

static bool
point_missing(const struct pgp *pgp, const struct chip_kind *kind,
	      const struct parts *parts)
{
	return pgp_has(pgp, PGP_IMPORT_POINT) && kind->type != CHIP_RSA &&
	       part(parts, PART_LAST).left == 0;
}

static bool
control_slot(uint32_t tag, struct span inner, enum pgp_slot *slot)
{
	struct span reference;
	uint32_t seen;

	*slot = tag == 0xb6 ? SLOT_SIG : tag == 0xb8 ? SLOT_DEC : SLOT_AUT;
	if (tag != 0xb6 && tag != 0xb8 && tag != 0xa4)
		return false;
	if (inner.left == 0)
		return true;
	return span_tlv(&inner, &seen, &reference) && seen == 0x84 &&
	       reference.left == 1 && reference.at[0] == *slot + 1 &&
	       inner.left == 0;
}

uint16_t
pgp_import(struct pgp *pgp, struct span list)
{
	struct span header, control, lengths, values;
	const struct chip_kind *kind;
	struct pgp_attributes *a;
	struct parts parts;
	enum pgp_slot slot;
	uint32_t tag, seen;
	EVP_PKEY *pkey;

	if (!(pgp->capabilities[0] & 0x20))
		return SW_CONDITIONS;
	if (!span_tlv(&list, &tag, &header) || tag != 0x4d || list.left > 0 ||
	    !span_tlv(&header, &tag, &control) ||
	    !control_slot(tag, control, &slot) ||
	    !span_tlv(&header, &seen, &lengths) || seen != 0x7f48 ||
	    !span_tlv(&header, &seen, &values) || seen != 0x5f48 ||
	    header.left > 0 || !parts_cut(lengths, values, &parts))
		return SW_DATA;
	a = &pgp->keys[slot].attributes;
	kind = pgp_algorithm(pgp, slot, span_of(a->bytes, a->size));
	pkey = kind && !point_missing(pgp, kind, &parts)
		       ? parts_key(kind, &parts)
		       : NULL;
	if (!pkey)
		return SW_DATA;
	pgp_key_clear(&pgp->keys[slot]);
	pgp->keys[slot].pkey = pkey;
	pgp->keys[slot].origin = 2;
	pgp_pins_key(pgp);
	if (slot == SLOT_SIG)
		pgp->signatures = 0;
	return SW_OK;
}

/* A number of OpenPGP: its bits, then its bytes (RFC 4880, 3.2). */
static void
mpi_write(struct pile *to, const uint8_t *at, size_t n)
{
	size_t bits;
	uint8_t top;

	while (n > 0 && *at == 0) {
		at++;
		n--;
	}
	bits = n * 8;
	for (top = n > 0 ? *at : 0xff; !(top & 0x80); top <<= 1)
		bits--;
	pile_byte(to, (uint8_t)(bits >> 8));
	pile_byte(to, (uint8_t)bits);
	pile_bytes(to, at, n);
}

/* Hash and cipher of ECDH as GnuPG chooses them by the curve's size. */
static void
derivation_write(struct pile *to, size_t coordinate)
{
	pile_byte(to, 3);
	pile_byte(to, 1);
	pile_byte(to, coordinate <= 32 ? 0x08 : coordinate <= 48 ? 0x09 : 0x0a);
	pile_byte(to, coordinate <= 32 ? 0x07 : 0x09);
}

static bool
material_write(const struct pgp_key *key, enum pgp_slot slot, struct pile *to)
{
	const struct pgp_attributes *a = &key->attributes;
	bool edwards = EVP_PKEY_is_a(key->pkey, "ED25519");
	bool weierstrass = EVP_PKEY_is_a(key->pkey, "EC");
	uint8_t n_bytes[512], e_bytes[160];
	struct pile n = pile_of(n_bytes, sizeof(n_bytes));
	struct pile e = pile_of(e_bytes, sizeof(e_bytes));

	if (EVP_PKEY_is_a(key->pkey, "RSA")) {
		if (!chip_rsa_public(key->pkey, &n, &e))
			return false;
		pile_byte(to, 0x01);
		mpi_write(to, n.at, n.used);
		mpi_write(to, e.at, e.used);
		return !to->bad;
	}
	if (!weierstrass)
		pile_byte(&e, 0x40);
	if (!chip_point(key->pkey, &e))
		return false;
	pile_byte(to, slot == SLOT_DEC ? 0x12 : edwards ? 0x16 : 0x13);
	pile_byte(to, (uint8_t)(a->size - 1));
	pile_bytes(to, a->bytes + 1, a->size - 1);
	mpi_write(to, e.at, e.used);
	if (slot == SLOT_DEC)
		derivation_write(to, weierstrass ? e.used / 2 : 32);
	return !to->bad;
}

bool
pgp_fingerprint(const struct pgp_key *key, enum pgp_slot slot,
		uint8_t fingerprint[20])
{
	uint8_t body_bytes[700], bytes[720];
	struct pile body = pile_of(body_bytes, sizeof(body_bytes));
	struct pile whole = pile_of(bytes, sizeof(bytes));
	unsigned n = 0;

	pile_byte(&body, 4);
	pile_bytes(&body, key->time, sizeof(key->time));
	if (!material_write(key, slot, &body))
		return false;
	pile_byte(&whole, 0x99);
	pile_byte(&whole, (uint8_t)(body.used >> 8));
	pile_byte(&whole, (uint8_t)body.used);
	pile_bytes(&whole, body.at, body.used);
	return EVP_Digest(whole.at, whole.used, fingerprint, &n, EVP_sha1(),
			  NULL) > 0;
}
