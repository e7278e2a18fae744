/* Yubico's administrative instructions: metadata, tries, reset. */
#include "piv.h"

#include <string.h>

static const uint8_t factory_pin[PIN_SIZE] = "123456\xff\xff";
static const uint8_t factory_puk[PIN_SIZE] = "12345678";

#define FACTORY_TRIES 3

static uint16_t
metadata_pin(const struct piv_pin *pin, const uint8_t *factory,
	     struct pile *answer)
{
	uint8_t none = 0xff;
	uint8_t is_default = !memcmp(pin->value, factory, PIN_SIZE);
	uint8_t tries[2] = { pin->total, pin->tries };

	pile_tlv(answer, 0x01, &none, 1);
	pile_tlv(answer, 0x05, &is_default, 1);
	pile_tlv(answer, 0x06, tries, sizeof(tries));
	return SW_OK;
}

static uint16_t
metadata_management(const struct piv *piv, struct pile *answer)
{
	const struct piv_management *m = &piv->management;
	struct piv factory = { .version = piv->version };
	uint8_t policy[2] = { 0, m->touch ? TOUCH_ALWAYS : TOUCH_NEVER };
	uint8_t is_default;

	piv_management_init(&factory);
	is_default = m->cipher == factory.management.cipher &&
		     !memcmp(m->key, factory.management.key, sizeof(m->key));
	pile_tlv(answer, 0x01, &m->cipher, 1);
	pile_tlv(answer, 0x02, policy, sizeof(policy));
	pile_tlv(answer, 0x05, &is_default, 1);
	return SW_OK;
}

static uint16_t
metadata_key(struct piv *piv, const struct piv_key *key, struct pile *answer)
{
	uint8_t policy[2] = { key->policy, key->touch };
	uint8_t algorithm = key->algorithm;
	uint8_t bytes[600];
	struct pile public = pile_of(bytes, sizeof(bytes));

	if (piv_has(piv, QUIRK_METADATA_NONSENSE))
		algorithm = 0x14;
	pile_tlv(answer, 0x01, &algorithm, 1);
	pile_tlv(answer, 0x02, policy, sizeof(policy));
	pile_tlv(answer, 0x03, &key->origin, 1);
	if (piv_has(piv, QUIRK_METADATA_NONSENSE))
		return SW_OK;
	if (!piv_key_public(key, &public))
		return SW_FAILED;
	pile_tlv(answer, 0x04, public.at, public.used);
	return SW_OK;
}

uint16_t
piv_metadata(struct piv *piv, const struct command *command,
	     struct pile *answer)
{
	const struct piv_key *key = piv_slot(piv, command->p2);

	if (piv_has(piv, QUIRK_METADATA_EMPTY))
		return SW_OK;
	if (command->p1 != 0)
		return SW_P1P2;
	if (command->p2 == 0x80)
		return metadata_pin(&piv->pin, factory_pin, answer);
	if (command->p2 == 0x81)
		return metadata_pin(&piv->puk, factory_puk, answer);
	if (command->p2 == 0x9b)
		return metadata_management(piv, answer);
	if (command->p2 == 0xf9)
		(void)piv_attestation_ready(piv);
	if (!key || !key->pkey)
		return SW_REFERENCE;
	return metadata_key(piv, key, answer);
}

/* 00 FA pin puk: needs 9B and the PIN, sets both to their first values. */
uint16_t
piv_set_retries(struct piv *piv, const struct command *command)
{
	if (!piv->management.authenticated || !piv_pin_given(piv))
		return SW_SECURITY;
	if (command->p1 == 0 || command->p2 == 0)
		return SW_DATA;
	pin_set(&piv->pin, factory_pin, command->p1);
	pin_set(&piv->puk, factory_puk, command->p2);
	return SW_OK;
}

static void
piv_factory(struct piv *piv)
{
	pin_set(&piv->pin, factory_pin, FACTORY_TRIES);
	pin_set(&piv->puk, factory_puk, FACTORY_TRIES);
	pin_set(&piv->global, factory_pin, FACTORY_TRIES);
	piv_management_init(piv);
	piv->fresh = false;
}

/* Keeps the attestation key and certificate, as a YubiKey does. */
uint16_t
piv_reset(struct piv *piv)
{
	struct piv_key *kept = piv_slot(piv, 0xf9);
	struct span certificate = { 0 };
	uint8_t copy[2048];
	struct pile saved = pile_of(copy, sizeof(copy));

	if (piv->pin.tries > 0 ||
	    (piv->puk.tries > 0 && !piv_has(piv, QUIRK_METADATA_EMPTY)))
		return piv->words[WORD_NOT_BLOCKED];
	if (store_get(&piv->objects, TAG_ATTESTATION, &certificate))
		pile_span(&saved, certificate);
	store_clear(&piv->objects);
	for (size_t i = 0; i < PIV_SLOTS; i++) {
		if (&piv->keys[i] != kept)
			piv_key_clear(&piv->keys[i]);
	}
	if (!store_put(&piv->objects, TAG_ATTESTATION, pile_view(&saved)))
		return SW_MEMORY;
	piv_factory(piv);
	return SW_OK;
}

void
piv_init(struct piv *piv)
{
	piv->object_max = 3052;
	piv->touched = true;
	piv_factory(piv);
}

void
piv_free(struct piv *piv)
{
	for (size_t i = 0; i < PIV_SLOTS; i++)
		piv_key_clear(&piv->keys[i]);
	store_clear(&piv->objects);
}
