/* What the private keys of the simulated OpenPGP application do: signatures,
 * decryption, authentication. */
#include "pgp.h"

#include <string.h>

#define RSA_MAX 512

/* DigestInfo of at most 40 percent of the modulus, padded by the card. */
static uint16_t
sign_rsa(const struct pgp_key *key, struct span info, struct pile *answer)
{
	uint8_t bytes[RSA_MAX];
	struct pile block = pile_of(bytes, sizeof(bytes));
	size_t size = (size_t)EVP_PKEY_get_size(key->pkey);

	if (info.left == 0 || info.left > size * 2 / 5)
		return SW_DATA;
	pile_byte(&block, 0x00);
	pile_byte(&block, 0x01);
	while (block.used < size - info.left - 1)
		pile_byte(&block, 0xff);
	pile_byte(&block, 0x00);
	pile_span(&block, info);
	return chip_rsa(key->pkey, pile_view(&block), answer) ? SW_OK
							      : SW_FAILED;
}

/* A number of DER in so many bytes. */
static void
number_write(struct span number, size_t size, struct pile *answer)
{
	while (number.left > size)
		(void)span_byte(&number);
	for (size_t i = number.left; i < size; i++)
		pile_byte(answer, 0);
	pile_span(answer, number);
}

/* r and s, each as long as a coordinate. */
static uint16_t
sign_ec(const struct pgp *pgp, const struct pgp_key *key,
	const struct chip_kind *kind, struct span hash, struct pile *answer)
{
	uint8_t bytes[160];
	struct pile der = pile_of(bytes, sizeof(bytes));
	size_t exact = kind->size > 64 ? 64 : kind->size, size = kind->size;
	struct span outer, inner, r, s;
	uint32_t tag;

	if (hash.left == 0 || hash.left > 64 ||
	    (pgp_has(pgp, PGP_EXACT_HASH) && hash.left != exact))
		return SW_DATA;
	if (!chip_sign(key->pkey, hash, &der))
		return SW_FAILED;
	outer = pile_view(&der);
	if (!span_tlv(&outer, &tag, &inner) || !span_tlv(&inner, &tag, &r) ||
	    !span_tlv(&inner, &tag, &s))
		return SW_FAILED;
	if (pgp_has(pgp, PGP_NUMBERS_OF_DER))
		size = r.left > s.left ? r.left : s.left;
	number_write(r, size, answer);
	number_write(s, size, answer);
	return SW_OK;
}

static const struct chip_kind *
key_kind(const struct pgp *pgp, enum pgp_slot slot)
{
	const struct pgp_attributes *a = &pgp->keys[slot].attributes;

	return pgp_algorithm(pgp, slot, span_of(a->bytes, a->size));
}

static bool
touch_missing(const struct pgp *pgp, const struct pgp_key *key)
{
	return key->touch[0] != 0 && !pgp->touched;
}

static uint16_t
sign(const struct pgp *pgp, enum pgp_slot slot, struct span data,
     struct pile *answer)
{
	const struct pgp_key *key = &pgp->keys[slot];
	const struct chip_kind *kind = key_kind(pgp, slot);

	if (!key->pkey || !kind)
		return SW_REFERENCE;
	if (touch_missing(pgp, key))
		return SW_CONDITIONS;
	switch (kind->type) {
	case CHIP_RSA:
		return sign_rsa(key, data, answer);
	case CHIP_EC:
		return sign_ec(pgp, key, kind, data, answer);
	case CHIP_ED25519:
		return chip_sign(key->pkey, data, answer) ? SW_OK : SW_FAILED;
	default:
		return SW_CONDITIONS;
	}
}

static uint16_t
signature(struct pgp *pgp, const struct command *command, struct pile *answer)
{
	uint16_t sw;

	if (!pgp->given[RIGHT_SIGN])
		return pgp_has(pgp, PGP_ONE_SHOT_6985) ? SW_CONDITIONS
						       : SW_SECURITY;
	sw = sign(pgp, SLOT_SIG, command->data, answer);
	if (!pgp->several && (sw == SW_OK || pgp_has(pgp, PGP_FAIL_ENDS_81)))
		pgp->given[RIGHT_SIGN] = false;
	if (sw == SW_OK)
		pgp->signatures++;
	return sw;
}

/* 00 02, at least eight bytes but 00, 00, then the message. */
static uint16_t
decipher_rsa(const struct pgp_key *key, struct span data, struct pile *answer)
{
	uint8_t bytes[RSA_MAX];
	struct pile block = pile_of(bytes, sizeof(bytes));
	struct span rest;

	if (span_byte(&data) != 0x00 || data.bad ||
	    data.left != (size_t)EVP_PKEY_get_size(key->pkey))
		return SW_DATA;
	if (!chip_rsa(key->pkey, data, &block))
		return SW_DATA;
	rest = pile_view(&block);
	if (span_number(&rest, 2) != 0x0002)
		return SW_DATA;
	while (rest.left > 0 && rest.at[0] != 0)
		(void)span_byte(&rest);
	if (rest.left == 0 || block.used - rest.left < 10)
		return SW_DATA;
	(void)span_byte(&rest);
	pile_span(answer, rest);
	return SW_OK;
}

/* The point in A6 { 7F49 { 86 } }; the answer is its X, or all of it on
 * the cards that give it. */
static uint16_t
decipher_ec(const struct pgp *pgp, const struct pgp_key *key, struct span data,
	    struct pile *answer)
{
	struct span outer, inner, point;
	bool weierstrass = EVP_PKEY_is_a(key->pkey, "EC");

	if (!span_find(data, 0xa6, &outer) ||
	    !span_find(outer, 0x7f49, &inner) ||
	    !span_find(inner, 0x86, &point))
		return SW_DATA;
	if (!weierstrass && point.left == 33 && point.at[0] == 0x40)
		(void)span_byte(&point);
	if (weierstrass && pgp_has(pgp, PGP_FULL_POINT))
		pile_byte(answer, 0x04);
	if (!chip_derive(key->pkey, point, answer))
		return SW_DATA;
	/* The driver shall look at X alone, so any Y will do. */
	if (weierstrass && pgp_has(pgp, PGP_FULL_POINT))
		pile_bytes(answer, point.at + 1 + (point.left - 1) / 2,
			   (point.left - 1) / 2);
	return SW_OK;
}

/* CBC with the key of DO D5 and an initial vector of zeros. */
static uint16_t
cipher_blocks(const struct pgp *pgp, bool encrypt, struct span data,
	      struct pile *answer)
{
	static const char *const names[] = { "AES-128-ECB", "AES-192-ECB",
					     "AES-256-ECB" };
	uint8_t chain[16] = { 0 }, block[16], out[16];
	struct chip_cipher cipher = { .block_size = 16 };
	struct span key;

	if (!store_get(&pgp->objects, TAG_AES, &key))
		return SW_REFERENCE;
	if (data.left == 0 || data.left % 16 != 0)
		return SW_DATA;
	cipher.name = names[key.left / 8 - 2];
	cipher.key_size = key.left;
	while (data.left > 0) {
		memcpy(block, span_take(&data, 16).at, 16);
		for (int i = 0; encrypt && i < 16; i++)
			block[i] ^= chain[i];
		if (!chip_block(&cipher, key.at, encrypt, block, out))
			return SW_FAILED;
		for (int i = 0; !encrypt && i < 16; i++)
			out[i] ^= chain[i];
		memcpy(chain, encrypt ? out : block, 16);
		pile_bytes(answer, out, 16);
	}
	return SW_OK;
}

static uint16_t
decipher(struct pgp *pgp, const struct command *command, struct pile *answer)
{
	const struct pgp_key *key = &pgp->keys[pgp->decipher];
	struct span data = command->data;

	if (!pgp->given[RIGHT_USE])
		return SW_SECURITY;
	if (data.left > 0 && data.at[0] == 0x02 &&
	    (pgp->capabilities[0] & 0x02)) {
		(void)span_byte(&data);
		return cipher_blocks(pgp, false, data, answer);
	}
	if (!key->pkey)
		return SW_REFERENCE;
	if (touch_missing(pgp, key))
		return SW_CONDITIONS;
	if (EVP_PKEY_is_a(key->pkey, "RSA"))
		return decipher_rsa(key, data, answer);
	return decipher_ec(pgp, key, data, answer);
}

static uint16_t
encipher(const struct pgp *pgp, const struct command *command,
	 struct pile *answer)
{
	if (!(pgp->capabilities[0] & 0x02))
		return SW_P1P2;
	if (!pgp->given[RIGHT_USE])
		return SW_SECURITY;
	pile_byte(answer, 0x02);
	return cipher_blocks(pgp, true, command->data, answer);
}

uint16_t
pgp_operation(struct pgp *pgp, const struct command *command,
	      struct pile *answer)
{
	switch (command->p1 << 8 | command->p2) {
	case 0x9e9a:
		return signature(pgp, command, answer);
	case 0x8086:
		return decipher(pgp, command, answer);
	case 0x8680:
		return encipher(pgp, command, answer);
	default:
		return SW_P1P2;
	}
}

uint16_t
pgp_authenticate(struct pgp *pgp, const struct command *command,
		 struct pile *answer)
{
	if (command->p1 != 0 || command->p2 != 0)
		return SW_P1P2;
	if (!pgp->given[RIGHT_USE])
		return SW_SECURITY;
	return sign(pgp, pgp->authenticate, command->data, answer);
}

/* SET of B8 or A4: the key 02 or 03 for what the template stands for. */
uint16_t
pgp_environment(struct pgp *pgp, const struct command *command)
{
	static const uint8_t reference[] = { 0x83, 0x01 };
	struct span data = command->data;
	uint8_t key;

	if (pgp->kind->version < 0x0303 || pgp->capabilities[9] != 0x01)
		return SW_INS;
	if (command->p1 != 0x41 || (command->p2 != 0xb8 && command->p2 != 0xa4))
		return SW_P1P2;
	if (!span_is(span_take(&data, 2), reference, 2) || data.left != 1)
		return SW_DATA;
	key = data.at[0];
	if (key != 2 && key != 3)
		return SW_REFERENCE;
	if (command->p2 == 0xb8)
		pgp->decipher = (enum pgp_slot)(key - 1);
	else
		pgp->authenticate = (enum pgp_slot)(key - 1);
	return SW_OK;
}
