/* GENERAL AUTHENTICATE of the simulated PIV application (part 2, 3.2.4). */
#include "piv.h"

enum {
	TAG_WITNESS = 0x80,
	TAG_CHALLENGE = 0x81,
	TAG_RESPONSE = 0x82,
	TAG_EXPONENTIATION = 0x85,
};

#define RESULT_MAX 512

static uint16_t
key_allowed(const struct piv *piv, const struct piv_key *key, bool fresh)
{
	if (key->policy == POLICY_ALWAYS && !(fresh && piv_pin_given(piv)))
		return SW_SECURITY;
	if (key->policy == POLICY_ONCE && !piv_pin_given(piv))
		return SW_SECURITY;
	if (key->touch > TOUCH_NEVER && !piv->touched)
		return piv->words[WORD_NO_TOUCH];
	return SW_OK;
}

/* A hash longer than the field is refused; a shorter one is taken by
 * YubiKeys and refused by others. */
static uint16_t
ecdsa_compute(const struct piv *piv, const struct piv_key *key,
	      const struct chip_kind *kind, struct span hash,
	      struct pile *result)
{
	if (hash.left == 0 || hash.left > kind->size)
		return SW_DATA;
	if (hash.left != kind->size && piv_has(piv, QUIRK_EXACT_HASH_LENGTH))
		return SW_DATA;
	return chip_sign(key->pkey, hash, result) ? SW_OK : SW_DATA;
}

static uint16_t
challenge_compute(const struct piv *piv, const struct piv_key *key,
		  const struct chip_kind *kind, struct span input,
		  struct pile *result)
{
	switch (kind->type) {
	case CHIP_RSA:
		if (input.left != kind->size)
			return SW_DATA;
		return chip_rsa(key->pkey, input, result) ? SW_OK : SW_DATA;
	case CHIP_EC:
		return ecdsa_compute(piv, key, kind, input, result);
	case CHIP_ED25519:
		return chip_sign(key->pkey, input, result) ? SW_OK : SW_DATA;
	case CHIP_X25519:
		break;
	}
	return SW_DATA;
}

static uint16_t
exponent_compute(const struct piv_key *key, const struct chip_kind *kind,
		 struct span input, struct pile *result)
{
	bool done = false;

	if (kind->type == CHIP_RSA && input.left == kind->size)
		done = chip_rsa(key->pkey, input, result);
	else if (kind->type == CHIP_EC && input.left == 2 * kind->size + 1 &&
		 input.at[0] == 0x04)
		done = chip_derive(key->pkey, input, result);
	else if (kind->type == CHIP_X25519 && input.left == kind->size)
		done = chip_derive(key->pkey, input, result);
	return done ? SW_OK : SW_DATA;
}

static uint16_t
key_compute(const struct piv *piv, const struct piv_key *key, uint8_t reference,
	    struct span template, struct pile *result)
{
	const struct chip_kind *kind = piv_algorithm(piv, key->algorithm);
	struct span input;

	if (!kind)
		return piv->words[WORD_WRONG_ALGORITHM];
	if (span_find(template, TAG_EXPONENTIATION, &input))
		return exponent_compute(key, kind, input, result);
	if (!span_find(template, TAG_CHALLENGE, &input))
		return piv->words[WORD_TEMPLATE];
	if (reference == 0x9d && piv_has(piv, QUIRK_ESTABLISH_ONLY))
		return SW_DATA;
	return challenge_compute(piv, key, kind, input, result);
}

static uint16_t
key_use(struct piv *piv, const struct command *command, bool fresh,
	struct span template, struct pile *answer)
{
	const struct piv_key *key = piv_slot(piv, command->p2);
	uint8_t bytes[RESULT_MAX];
	uint8_t inner[RESULT_MAX + 8];
	struct pile result = pile_of(bytes, sizeof(bytes));
	struct pile response = pile_of(inner, sizeof(inner));
	struct span wanted;
	uint16_t sw;

	if (!key || command->p2 == 0xf9)
		return piv->words[WORD_WRONG_SLOT];
	if (!key->pkey)
		return piv->words[WORD_EMPTY_SLOT];
	if (key->algorithm != command->p1)
		return piv->words[WORD_WRONG_ALGORITHM];
	if (!span_find(template, TAG_RESPONSE, &wanted) || wanted.left > 0)
		return piv->words[WORD_TEMPLATE];
	sw = key_allowed(piv, key, fresh);
	if (sw == SW_OK)
		sw = key_compute(piv, key, command->p2, template, &result);
	if (sw != SW_OK)
		return sw;
	pile_tlv(&response, TAG_RESPONSE, result.at, result.used);
	pile_tlv(answer, 0x7c, response.at, response.used);
	return SW_OK;
}

uint16_t
piv_authenticate(struct piv *piv, const struct command *command, bool fresh,
		 struct pile *answer)
{
	struct span data = command->data;
	struct span template;
	uint32_t tag;

	if (!span_tlv(&data, &tag, &template) || tag != 0x7c || data.left > 0)
		return piv->words[WORD_TEMPLATE];
	if (command->p2 == 0x9b)
		return piv_management(piv, command, template, answer);
	return key_use(piv, command, fresh, template, answer);
}
