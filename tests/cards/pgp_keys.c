/* The keys of the simulated OpenPGP application: their algorithm attributes,
 * their making, their public halves. */
#include "pgp.h"

#include <string.h>

enum {
	ID_RSA = 0x01,
	ID_ECDH = 0x12,
	ID_ECDSA = 0x13,
	ID_EDDSA = 0x16,
};

struct algorithm {
	struct chip_kind kind;
	const char *oid; /* hexadecimal content, EC alone */
};

static const struct algorithm algorithms[PGP_ALGORITHMS] = {
	[ALGORITHM_RSA2048] = { { CHIP_RSA, 256, NULL }, NULL },
	[ALGORITHM_RSA3072] = { { CHIP_RSA, 384, NULL }, NULL },
	[ALGORITHM_RSA4096] = { { CHIP_RSA, 512, NULL }, NULL },
	[ALGORITHM_P256] = { { CHIP_EC, 32, "prime256v1" },
			     "2A8648CE3D030107" },
	[ALGORITHM_P384] = { { CHIP_EC, 48, "secp384r1" }, "2B81040022" },
	[ALGORITHM_P521] = { { CHIP_EC, 66, "secp521r1" }, "2B81040023" },
	[ALGORITHM_K256] = { { CHIP_EC, 32, "secp256k1" }, "2B8104000A" },
	[ALGORITHM_B256] = { { CHIP_EC, 32, "brainpoolP256r1" },
			     "2B2403030208010107" },
	[ALGORITHM_B384] = { { CHIP_EC, 48, "brainpoolP384r1" },
			     "2B240303020801010B" },
	[ALGORITHM_B512] = { { CHIP_EC, 64, "brainpoolP512r1" },
			     "2B240303020801010D" },
	[ALGORITHM_ED25519] = { { CHIP_ED25519, 32, NULL },
				"2B06010401DA470F01" },
	[ALGORITHM_X25519] = { { CHIP_X25519, 32, NULL },
			       "2B060104019755010501" },
};

/* What stands before the OID in a slot; 0 = not there. */
static uint8_t
algorithm_id(enum pgp_slot slot, enum chip_type type)
{
	switch (type) {
	case CHIP_RSA:
		return ID_RSA;
	case CHIP_EC:
		return slot == SLOT_DEC ? ID_ECDH : ID_ECDSA;
	case CHIP_ED25519:
		return slot == SLOT_DEC ? 0 : ID_EDDSA;
	case CHIP_X25519:
		return slot == SLOT_DEC ? ID_ECDH : 0;
	}
	return 0;
}

static bool
algorithm_offered(const struct pgp *pgp, enum pgp_algorithm algorithm)
{
	return pgp->kind->algorithms & 1u << algorithm;
}

/* Number of bits of n and e, then what an import brings. */
static void
rsa_write(const struct pgp *pgp, const struct chip_kind *kind, struct pile *to)
{
	uint8_t bytes[6] = { 0 };
	struct pile own = pile_of(bytes, sizeof(bytes));

	(void)hex_read(pgp->kind->attributes, &own);
	bytes[1] = (uint8_t)(kind->size * 8 >> 8);
	bytes[2] = 0;
	pile_bytes(to, bytes, sizeof(bytes));
}

bool
pgp_attributes_write(const struct pgp *pgp, enum pgp_slot slot,
		     enum pgp_algorithm algorithm, struct pile *to)
{
	const struct algorithm *a = &algorithms[algorithm];
	uint8_t id = algorithm_id(slot, a->kind.type);

	if (!algorithm_offered(pgp, algorithm))
		return false;
	if (a->kind.type == CHIP_RSA) {
		rsa_write(pgp, &a->kind, to);
		return true;
	}
	if (pgp_has(pgp, PGP_ALGORITHMS_25519) && a->kind.type != CHIP_EC)
		id = ID_EDDSA;
	if (id == 0)
		return false;
	pile_byte(to, id);
	return hex_read(a->oid, to);
}

static const struct chip_kind *
rsa_kind(const struct pgp *pgp, struct span rest)
{
	uint8_t bytes[6] = { 0 };
	struct pile own = pile_of(bytes, sizeof(bytes));
	uint32_t n = span_number(&rest, 2);
	uint32_t e = span_number(&rest, 2);

	(void)hex_read(pgp->kind->attributes, &own);
	if (rest.bad || rest.left > 1 || (rest.left == 1 && rest.at[0] > 3) ||
	    (e != 0x11 && e != 0x20))
		return NULL;
	if (pgp_has(pgp, PGP_EXACT_EXPONENT) && e != bytes[4])
		return NULL;
	for (int i = ALGORITHM_RSA2048; i <= ALGORITHM_RSA4096; i++) {
		if (n == algorithms[i].kind.size * 8 &&
		    algorithm_offered(pgp, (enum pgp_algorithm)i))
			return &algorithms[i].kind;
	}
	return NULL;
}

/* The OID, and perhaps a byte that speaks of the import. */
static bool
oid_is(struct span rest, const char *hex)
{
	uint8_t bytes[16];
	struct pile oid = pile_of(bytes, sizeof(bytes));
	uint8_t last;

	(void)hex_read(hex, &oid);
	if (rest.left == oid.used + 1) {
		last = rest.at[oid.used];
		if (last != 0xff && last != 0x00)
			return false;
		rest.left--;
	}
	return span_is(rest, oid.at, oid.used);
}

const struct chip_kind *
pgp_algorithm(const struct pgp *pgp, enum pgp_slot slot, struct span attributes)
{
	uint8_t id = span_byte(&attributes);
	const struct algorithm *a;
	bool edwards;

	if (id == ID_RSA)
		return rsa_kind(pgp, attributes);
	for (int i = ALGORITHM_P256; i < PGP_ALGORITHMS; i++) {
		a = &algorithms[i];
		/* Such a YubiKey takes for X25519 what its FA says. */
		edwards = id == ID_EDDSA && slot == SLOT_DEC &&
			  a->kind.type == CHIP_X25519 &&
			  pgp_has(pgp, PGP_ALGORITHMS_25519);
		if (!algorithm_offered(pgp, (enum pgp_algorithm)i) ||
		    !oid_is(attributes, a->oid))
			continue;
		if (id == algorithm_id(slot, a->kind.type) || edwards)
			return &a->kind;
	}
	return NULL;
}

void
pgp_key_clear(struct pgp_key *key)
{
	EVP_PKEY_free(key->pkey);
	key->pkey = NULL;
	key->origin = 0;
}

uint16_t
pgp_put_attributes(struct pgp *pgp, enum pgp_slot slot, struct span value)
{
	struct pgp_key *key = &pgp->keys[slot];
	struct pgp_attributes *a = &key->attributes;

	if (value.left > sizeof(a->bytes) || !pgp_algorithm(pgp, slot, value))
		return pgp_has(pgp, PGP_ATTRIBUTES_6F00) ? SW_FAILED : SW_DATA;
	if (span_is(value, a->bytes, a->size))
		return SW_OK;
	pgp_key_clear(key);
	memset(key->fingerprint, 0, sizeof(key->fingerprint));
	memset(key->time, 0, sizeof(key->time));
	memcpy(a->bytes, value.at, value.left);
	a->size = value.left;
	return SW_OK;
}

bool
pgp_key_put(struct pgp *pgp, enum pgp_slot slot, EVP_PKEY *pkey,
	    uint32_t created)
{
	struct pgp_key *key = &pgp->keys[slot];
	struct pile attributes =
		pile_of(key->attributes.bytes, sizeof(key->attributes.bytes));
	int i = 0;

	while (i < PGP_ALGORITHMS && !chip_matches(pkey, &algorithms[i].kind))
		i++;
	if (i == PGP_ALGORITHMS ||
	    !pgp_attributes_write(pgp, slot, (enum pgp_algorithm)i,
				  &attributes)) {
		EVP_PKEY_free(pkey);
		return false;
	}
	key->attributes.size = attributes.used;
	pgp_key_clear(key);
	key->pkey = pkey;
	key->origin = 2;
	for (int b = 0; b < 4; b++)
		key->time[b] = (uint8_t)(created >> (24 - 8 * b));
	return pgp_fingerprint(key, slot, key->fingerprint);
}

bool
pgp_key_public(const struct pgp *pgp, const struct pgp_key *key,
	       struct pile *to)
{
	uint8_t n_bytes[512], e_bytes[8], point_bytes[160];
	struct pile n = pile_of(n_bytes, sizeof(n_bytes));
	struct pile e = pile_of(e_bytes, sizeof(e_bytes));
	struct pile point = pile_of(point_bytes, sizeof(point_bytes));

	if (EVP_PKEY_is_a(key->pkey, "RSA")) {
		if (!chip_rsa_public(key->pkey, &n, &e))
			return false;
		pile_tlv(to, 0x81, n.at, n.used);
		pile_tlv(to, 0x82, e.at, e.used);
		return !to->bad;
	}
	if (pgp_has(pgp, PGP_POINT_40) && !EVP_PKEY_is_a(key->pkey, "EC"))
		pile_byte(&point, 0x40);
	if (!chip_point(key->pkey, &point))
		return false;
	pile_tlv(to, 0x86, point.at, point.used);
	return !to->bad;
}

/* B6, B8 or A4, empty or with the reference of the key; B6 with the reference
 * 81 is the attestation key. */
static bool
template_slot(struct span data, enum pgp_slot *slot)
{
	struct span inner, reference;
	uint32_t tag, seen;

	if (!span_tlv(&data, &tag, &inner) || data.left > 0)
		return false;
	if (tag == 0xb6)
		*slot = SLOT_SIG;
	else if (tag == 0xb8)
		*slot = SLOT_DEC;
	else if (tag == 0xa4)
		*slot = SLOT_AUT;
	else
		return false;
	if (inner.left == 0)
		return true;
	if (!span_tlv(&inner, &seen, &reference) || seen != 0x84 ||
	    reference.left != 1 || inner.left > 0)
		return false;
	if (*slot == SLOT_SIG && reference.at[0] == 0x81)
		*slot = SLOT_ATT;
	return *slot == SLOT_ATT || reference.at[0] == *slot + 1;
}

static uint16_t
key_make(struct pgp *pgp, enum pgp_slot slot)
{
	struct pgp_key *key = &pgp->keys[slot];
	const struct chip_kind *kind;
	EVP_PKEY *pkey;

	if (!pgp->given[RIGHT_ADMIN])
		return SW_SECURITY;
	kind = pgp_algorithm(
		pgp, slot,
		span_of(key->attributes.bytes, key->attributes.size));
	pkey = kind ? chip_generate(kind) : NULL;
	if (!pkey)
		return SW_CONDITIONS;
	pgp_key_clear(key);
	key->pkey = pkey;
	key->origin = 1;
	pgp_pins_key(pgp);
	if (slot == SLOT_SIG)
		pgp->signatures = 0;
	return SW_OK;
}

uint16_t
pgp_generate(struct pgp *pgp, const struct command *command,
	     struct pile *answer)
{
	uint8_t bytes[600];
	struct pile inner = pile_of(bytes, sizeof(bytes));
	enum pgp_slot slot;
	uint16_t sw = SW_OK;

	if ((command->p1 != 0x80 && command->p1 != 0x81) || command->p2 != 0)
		return SW_P1P2;
	if (!template_slot(command->data, &slot) ||
	    (slot == SLOT_ATT && !pgp_has(pgp, PGP_FOUR_KEYS)))
		return SW_DATA;
	if (command->p1 == 0x80)
		sw = key_make(pgp, slot);
	if (sw != SW_OK)
		return sw;
	if (!pgp->keys[slot].pkey)
		return pgp_has(pgp, PGP_EMPTY_KEY_6F00) ? SW_FAILED
							: SW_REFERENCE;
	if (!pgp_key_public(pgp, &pgp->keys[slot], &inner))
		return SW_FAILED;
	pile_tlv(answer, 0x7f49, inner.at, inner.used);
	return SW_OK;
}
