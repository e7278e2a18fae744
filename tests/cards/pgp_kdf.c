/* DO F9 of the simulated OpenPGP application: PINs come as hashes (RFC 4880,
 * 3.7.1.3). */
#include "pgp.h"

#include <openssl/evp.h>

#define COUNT	  100000
#define HASH_SIZE 32

static const uint8_t salts[PGP_PINS][8] = {
	[PIN_USER] = { 0x55, 0x73, 0x65, 0x72, 0x53, 0x61, 0x6c, 0x74 },
	[PIN_RESET] = { 0x43, 0x6f, 0x64, 0x65, 0x53, 0x61, 0x6c, 0x74 },
	[PIN_ADMIN] = { 0x41, 0x64, 0x6d, 0x69, 0x53, 0x61, 0x6c, 0x74 },
};

/* Salt and PIN over and over, cut to COUNT bytes, through SHA-256. */
static bool
pin_hash(struct pgp_pin *pin, const uint8_t salt[8])
{
	uint8_t hash[HASH_SIZE];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t left = COUNT, n;
	bool ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) > 0;

	while (ok && left > 0) {
		n = left < 8 ? left : 8;
		ok = EVP_DigestUpdate(ctx, salt, n) > 0;
		left -= n;
		n = left < pin->size ? left : pin->size;
		ok = ok && EVP_DigestUpdate(ctx, pin->value, n) > 0;
		left -= n;
	}
	ok = ok && EVP_DigestFinal_ex(ctx, hash, NULL) > 0 &&
	     pgp_pin_set(pin, span_of(hash, sizeof(hash)));
	EVP_MD_CTX_free(ctx);
	return ok;
}

static void
hashes_write(struct pgp_pin *pins, struct pile *object)
{
	for (int i = PIN_USER; i <= PIN_ADMIN; i += PIN_ADMIN - PIN_USER)
		pile_tlv(object, i == PIN_USER ? 0x87 : 0x88, pins[i].value,
			 pins[i].size);
}

/* The hashes in the object are of the PINs that a new card has. */
bool
pgp_kdf_set(struct pgp *pgp, bool one_salt)
{
	static const uint8_t head[] = {
		0x81,
		0x01,
		0x03,
		0x82,
		0x01,
		0x08,
		0x83,
		0x04,
		COUNT >> 24,
		COUNT >> 16 & 0xff,
		COUNT >> 8 & 0xff,
		COUNT & 0xff,
	};
	uint8_t bytes[128];
	struct pile object = pile_of(bytes, sizeof(bytes));
	struct pgp fresh = { .quirks = 0 };

	pgp_pins_init(&fresh);
	pile_bytes(&object, head, sizeof(head));
	for (int i = 0; i < (one_salt ? 1 : PGP_PINS); i++)
		pile_tlv(&object, 0x84 + (uint32_t)i, salts[i], 8);
	for (int i = 0; i < PGP_PINS; i++) {
		if (!pin_hash(&fresh.pins[i], salts[one_salt ? 0 : i]))
			return false;
		if (pgp->pins[i].size > 0 &&
		    !pin_hash(&pgp->pins[i], salts[one_salt ? 0 : i]))
			return false;
	}
	hashes_write(fresh.pins, &object);
	return !object.bad &&
	       store_put(&pgp->objects, TAG_KDF, pile_view(&object));
}

/* 90 and 110 bytes are what a Gnuk takes, and what ends it. */
static bool
kdf_good(const struct pgp *pgp, struct span value)
{
	if (!pgp_has(pgp, PGP_KDF_EXACT))
		return value.left == 0 || value.left >= 3;
	return value.left == 0 || value.left == 3 || value.left == 90 ||
	       value.left == 110;
}

/* All PINs are new ones then: those that the object brings, or the default. */
uint16_t
pgp_put_kdf(struct pgp *pgp, struct span value)
{
	struct span user, admin;

	if (!kdf_good(pgp, value))
		return SW_DATA;
	if (!store_put(&pgp->objects, TAG_KDF, value))
		return SW_MEMORY;
	pgp_pins_reset(pgp);
	if (span_find(value, 0x87, &user) && span_find(value, 0x88, &admin) &&
	    (!pgp_pin_set(&pgp->pins[PIN_USER], user) ||
	     !pgp_pin_set(&pgp->pins[PIN_ADMIN], admin)))
		return SW_DATA;
	for (int i = 0; i < PGP_RIGHTS && pgp_has(pgp, PGP_KDF_EXACT); i++)
		pgp->given[i] = false;
	return SW_OK;
}
