/* The key slots of the simulated PIV application: generate, import, move. */
#include "piv.h"

static const struct {
	uint8_t algorithm;
	uint32_t since; /* firmware of a YubiKey */
	struct chip_kind kind;
} algorithms[] = {
	{ 0x06, 0, { CHIP_RSA, 128, NULL } },
	{ 0x07, 0, { CHIP_RSA, 256, NULL } },
	{ 0x05, PIV_VERSION(5, 7, 0), { CHIP_RSA, 384, NULL } },
	{ 0x16, PIV_VERSION(5, 7, 0), { CHIP_RSA, 512, NULL } },
	{ 0x11, 0, { CHIP_EC, 32, "prime256v1" } },
	{ 0x14, PIV_VERSION(4, 0, 0), { CHIP_EC, 48, "secp384r1" } },
	{ 0xe0, PIV_VERSION(5, 7, 0), { CHIP_ED25519, 32, NULL } },
	{ 0xe1, PIV_VERSION(5, 7, 0), { CHIP_X25519, 32, NULL } },
};

#define ALGORITHMS (sizeof(algorithms) / sizeof(algorithms[0]))

struct piv_key *
piv_slot(struct piv *piv, uint8_t reference)
{
	static const uint8_t main_slots[] = { 0x9a, 0x9c, 0x9d, 0x9e, 0xf9 };

	for (size_t i = 0; i < sizeof(main_slots); i++) {
		if (main_slots[i] == reference)
			return &piv->keys[i];
	}
	if (reference >= 0x82 && reference <= 0x95)
		return &piv->keys[sizeof(main_slots) + reference - 0x82];
	return NULL;
}

const struct chip_kind *
piv_algorithm(const struct piv *piv, uint8_t algorithm)
{
	for (size_t i = 0; i < ALGORITHMS; i++) {
		if (algorithms[i].algorithm != algorithm)
			continue;
		if (piv->version < algorithms[i].since &&
		    !piv_has(piv, QUIRK_NO_YUBICO))
			return NULL;
		return &algorithms[i].kind;
	}
	return NULL;
}

void
piv_key_clear(struct piv_key *key)
{
	EVP_PKEY_free(key->pkey);
	*key = (struct piv_key){ 0 };
}

/* Part 1, table 4b: 9C always, 9E never, the others once. */
static uint8_t
policy_default(uint8_t reference)
{
	if (reference == 0x9c)
		return POLICY_ALWAYS;
	return reference == 0x9e || reference == 0xf9 ? POLICY_NEVER
						      : POLICY_ONCE;
}

bool
piv_key_put(struct piv *piv, uint8_t reference, EVP_PKEY *pkey,
	    struct piv_key policy)
{
	struct piv_key *key = piv_slot(piv, reference);
	const struct chip_kind *kind;

	for (size_t i = 0; i < ALGORITHMS && key && pkey; i++) {
		kind = piv_algorithm(piv, algorithms[i].algorithm);
		if (!kind || !chip_matches(pkey, kind))
			continue;
		piv_key_clear(key);
		*key = policy;
		key->pkey = pkey;
		key->algorithm = algorithms[i].algorithm;
		if (key->policy == POLICY_DEFAULT)
			key->policy = policy_default(reference);
		if (key->touch == TOUCH_DEFAULT)
			key->touch = TOUCH_NEVER;
		return true;
	}
	EVP_PKEY_free(pkey);
	return false;
}

bool
piv_key_public(const struct piv_key *key, struct pile *to)
{
	uint8_t bytes[2][512];
	struct pile first = pile_of(bytes[0], sizeof(bytes[0]));
	struct pile second = pile_of(bytes[1], sizeof(bytes[1]));

	if (EVP_PKEY_is_a(key->pkey, "RSA")) {
		if (!chip_rsa_public(key->pkey, &first, &second))
			return false;
		pile_tlv(to, 0x81, first.at, first.used);
		pile_tlv(to, 0x82, second.at, second.used);
	} else {
		if (!chip_point(key->pkey, &first))
			return false;
		pile_tlv(to, 0x86, first.at, first.used);
	}
	return !to->bad;
}

/* AA and AB, each one byte where present. */
static bool
policy_read(const struct piv *piv, struct span template, struct piv_key *policy)
{
	struct span value;

	*policy = (struct piv_key){ 0 };
	if (span_find(template, 0xaa, &value)) {
		policy->policy = span_byte(&value);
		if (value.bad || policy->policy > POLICY_ALWAYS ||
		    piv->version < PIV_VERSION(4, 0, 0))
			return false;
	}
	if (span_find(template, 0xab, &value)) {
		policy->touch = span_byte(&value);
		if (value.bad || policy->touch > TOUCH_CACHED ||
		    piv->version < PIV_VERSION(4, 0, 0))
			return false;
		if (policy->touch == TOUCH_CACHED &&
		    piv->version < PIV_VERSION(4, 3, 0))
			return false;
	}
	return true;
}

static bool
slot_may_generate(struct piv *piv, uint8_t reference)
{
	return piv_slot(piv, reference) &&
	       (reference != 0xf9 || piv->version >= PIV_VERSION(4, 3, 0));
}

uint16_t
piv_generate(struct piv *piv, const struct command *command,
	     struct pile *answer)
{
	struct span data = command->data;
	struct span template, value;
	struct piv_key policy;
	const struct chip_kind *kind;
	uint8_t bytes[600];
	struct pile public = pile_of(bytes, sizeof(bytes));
	uint32_t tag;

	if (!piv->management.authenticated)
		return SW_SECURITY;
	if (command->p1 != 0 || !slot_may_generate(piv, command->p2))
		return piv->words[WORD_WRONG_SLOT];
	if (!span_tlv(&data, &tag, &template) || tag != 0xac || data.left > 0 ||
	    !span_find(template, 0x80, &value) || value.left != 1)
		return SW_DATA;
	kind = piv_algorithm(piv, value.at[0]);
	if (!kind || !policy_read(piv, template, &policy))
		return SW_DATA;
	policy.origin = 1;
	if (!piv_key_put(piv, command->p2, chip_generate(kind), policy) ||
	    !piv_key_public(piv_slot(piv, command->p2), &public))
		return SW_FAILED;
	pile_tlv(answer, 0x7f49, public.at, public.used);
	return SW_OK;
}

/* p, q, dP, dQ and qInv of a YubiKey: half the modulus each. The last three
 * follow from the first two and e = 65537. */
static EVP_PKEY *
import_rsa(const struct piv *piv, const struct chip_kind *kind,
	   struct span data)
{
	static const uint8_t f4[] = { 1, 0, 1 };
	struct span p, q, e = span_of(f4, sizeof(f4));
	size_t half = kind->size / 2;

	if (!span_find(data, 0x01, &p) || !span_find(data, 0x02, &q) ||
	    p.left != half || q.left != half)
		return NULL;
	if (piv_has(piv, QUIRK_IMPORT_E) && !span_find(data, 0x03, &e))
		return NULL;
	return chip_import_rsa(p, q, e);
}

static EVP_PKEY *
import_key(const struct piv *piv, const struct chip_kind *kind,
	   struct span data)
{
	struct span secret;

	switch (kind->type) {
	case CHIP_RSA:
		return import_rsa(piv, kind, data);
	case CHIP_EC:
		if (span_find(data, 0x06, &secret))
			return chip_import_ec(kind, secret);
		break;
	case CHIP_ED25519:
		if (span_find(data, 0x07, &secret))
			return chip_import_raw(kind, secret);
		break;
	case CHIP_X25519:
		if (span_find(data, 0x08, &secret))
			return chip_import_raw(kind, secret);
		break;
	}
	return NULL;
}

/* 00 FE algorithm slot. */
uint16_t
piv_import(struct piv *piv, const struct command *command)
{
	const struct chip_kind *kind;
	struct piv_key policy;
	EVP_PKEY *pkey;

	if (!piv->management.authenticated)
		return SW_SECURITY;
	if (!piv_slot(piv, command->p2))
		return piv->words[WORD_WRONG_SLOT];
	kind = piv_algorithm(piv, command->p1);
	/* its source: RSA, into 9A, and 6A81 for all else */
	if (piv_has(piv, QUIRK_IMPORT_E) &&
	    (command->p2 != 0x9a || !kind || kind->type != CHIP_RSA))
		return SW_FUNCTION;
	if (!kind || !policy_read(piv, command->data, &policy))
		return SW_DATA;
	policy.origin = 2;
	pkey = import_key(piv, kind, command->data);
	if (!pkey || !piv_key_put(piv, command->p2, pkey, policy))
		return SW_DATA;
	return SW_OK;
}

/* 00 F6 to from; to = FF deletes. */
uint16_t
piv_move(struct piv *piv, const struct command *command)
{
	struct piv_key *from = piv_slot(piv, command->p2);
	struct piv_key *to = piv_slot(piv, command->p1);

	if (!piv->management.authenticated)
		return SW_SECURITY;
	if (!from || (!to && command->p1 != 0xff) || from == to ||
	    command->p1 == 0xf9)
		return piv->words[WORD_WRONG_SLOT];
	if (!from->pkey)
		return SW_REFERENCE;
	if (!to) {
		piv_key_clear(from);
		return SW_OK;
	}
	piv_key_clear(to);
	*to = *from;
	*from = (struct piv_key){ 0 };
	return SW_OK;
}
