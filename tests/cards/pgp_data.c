/* The data objects of the simulated OpenPGP application: who may read and
 * write which, and the three certificates. */
#include "pgp.h"

#include <string.h>

#define NOBODY	     PGP_RIGHTS
#define ANYBODY	     (PGP_RIGHTS + 1)
#define CERTIFICATES 3
#define BINARY_BLOCK 256

/* An object that is stored as it came. */
struct rule {
	uint32_t tag;
	uint8_t read; /* enum pgp_right, NOBODY or ANYBODY */
	uint8_t write;
	uint8_t capability; /* bit of C0[0] that it needs, 0 = none */
	size_t least;	    /* bytes, when there are any */
	size_t most;	    /* 0: as the capabilities say */
};

static const struct rule rules[] = {
	{ TAG_NAME, ANYBODY, RIGHT_ADMIN, 0, 1, 39 },
	{ TAG_LANGUAGE, ANYBODY, RIGHT_ADMIN, 0, 2, 8 },
	{ TAG_SEX, ANYBODY, RIGHT_ADMIN, 0, 1, 1 },
	{ TAG_LOGIN, ANYBODY, RIGHT_ADMIN, 0, 1, 0 },
	{ TAG_URL, ANYBODY, RIGHT_ADMIN, 0, 1, 0 },
	{ TAG_PRIVATE, ANYBODY, RIGHT_USE, 0x08, 1, 0 },
	{ TAG_PRIVATE + 1, ANYBODY, RIGHT_ADMIN, 0x08, 1, 0 },
	{ TAG_PRIVATE + 2, RIGHT_USE, RIGHT_USE, 0x08, 1, 0 },
	{ TAG_PRIVATE + 3, RIGHT_ADMIN, RIGHT_ADMIN, 0x08, 1, 0 },
	{ TAG_KDF, ANYBODY, RIGHT_ADMIN, 0x01, 3, 0 },
	{ TAG_AES, NOBODY, RIGHT_ADMIN, 0x02, 16, 32 },
	{ TAG_CERTIFICATE, ANYBODY, RIGHT_ADMIN, 0, 1, 0 },
};

static const struct rule *
rule_find(const struct pgp *pgp, uint32_t tag)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (rules[i].tag == tag &&
		    (pgp->capabilities[0] & rules[i].capability) ==
			    rules[i].capability)
			return &rules[i];
	}
	return NULL;
}

static bool
right_given(const struct pgp *pgp, uint8_t right)
{
	return right == ANYBODY || (right < PGP_RIGHTS && pgp->given[right]);
}

/* C0 has the size of special objects from 3.0 on; before it is 254. */
static size_t
object_most(const struct pgp *pgp, const struct rule *rule)
{
	const uint8_t *c = pgp->capabilities;

	if (rule->most > 0)
		return rule->most;
	if (rule->tag == TAG_CERTIFICATE)
		return (size_t)c[4] << 8 | c[5];
	return pgp->kind->version >= 0x0300 ? (size_t)c[6] << 8 | c[7] : 254;
}

/* The certificate that is meant, by its slot, under a tag of its own. */
static uint32_t
certificate_tag(const struct pgp *pgp)
{
	uint32_t n = pgp->occurrence;

	if (pgp_has(pgp, PGP_CERTS_REVERSED))
		n = CERTIFICATES - 1 - n;
	return n << 16 | TAG_CERTIFICATE;
}

static uint16_t
word_unknown(const struct pgp *pgp)
{
	return pgp_has(pgp, PGP_UNKNOWN_6A83) ? SW_RECORD : SW_REFERENCE;
}

/* GnuPG gives a card up that does not have the others. */
static bool
object_optional(uint32_t tag)
{
	return tag == TAG_CERTIFICATE ||
	       (tag >= TAG_PRIVATE && tag < TAG_PRIVATE + 4);
}

static uint16_t
object_read(const struct pgp *pgp, const struct rule *rule, struct pile *answer)
{
	static const uint8_t kdf_off[] = { 0x81, 0x01, 0x00 };
	uint32_t tag = rule->tag;
	struct span content;

	if (!right_given(pgp, rule->read))
		return rule->read == NOBODY ? word_unknown(pgp) : SW_SECURITY;
	if (tag == TAG_CERTIFICATE)
		tag = certificate_tag(pgp);
	if (store_get(&pgp->objects, tag, &content))
		pile_span(answer, content);
	else if (tag == TAG_KDF && !pgp_has(pgp, PGP_KDF_EXACT))
		pile_bytes(answer, kdf_off, sizeof(kdf_off));
	else if (object_optional(rule->tag) && pgp_has(pgp, PGP_ABSENT_6A88))
		return SW_REFERENCE;
	return SW_OK;
}

uint16_t
pgp_get_data(struct pgp *pgp, const struct command *command,
	     struct pile *answer)
{
	uint32_t tag = (uint32_t)command->p1 << 8 | command->p2;
	const struct rule *rule = rule_find(pgp, tag);

	if (command->data.left > 0)
		return SW_LENGTH;
	if (rule)
		return object_read(pgp, rule, answer);
	return pgp_compose(pgp, tag, answer) ? SW_OK : word_unknown(pgp);
}

static bool
certificate_choice(const struct pgp *pgp)
{
	return pgp->kind->version >= 0x0300 && !pgp_has(pgp, PGP_CERT_BINARY);
}

uint16_t
pgp_get_next(struct pgp *pgp, const struct command *command,
	     struct pile *answer)
{
	uint32_t tag = (uint32_t)command->p1 << 8 | command->p2;

	if (!certificate_choice(pgp))
		return SW_INS;
	if (tag != TAG_CERTIFICATE)
		return SW_REFERENCE;
	if (pgp->occurrence + 1 >= CERTIFICATES)
		return pgp->kind->firmware ? SW_DATA : SW_REFERENCE;
	pgp->occurrence++;
	return object_read(pgp, rule_find(pgp, tag), answer);
}

/* 60 { 5C 7F21 }; YubiKeys up to 5.4.3 want the length once more in front. */
uint16_t
pgp_select_data(struct pgp *pgp, const struct command *command)
{
	static const uint8_t list[] = {
		0x06, 0x60, 0x04, 0x5c, 0x02, 0x7f, 0x21
	};
	size_t skip = pgp_has(pgp, PGP_SELECT_DATA_BYTE) ? 0 : 1;

	if (!certificate_choice(pgp))
		return SW_INS;
	if (pgp_has(pgp, PGP_SELECT_DATA_6982) && !pgp->given[RIGHT_USE] &&
	    !pgp->given[RIGHT_ADMIN])
		return SW_SECURITY;
	if (command->p2 != 0x04)
		return SW_P1P2;
	if (!span_is(command->data, list + skip, sizeof(list) - skip))
		return SW_DATA;
	if (command->p1 >= CERTIFICATES)
		return SW_REFERENCE;
	pgp->occurrence = command->p1;
	return SW_OK;
}

static uint16_t
object_write(struct pgp *pgp, const struct rule *rule, struct span value)
{
	uint32_t tag = rule->tag;

	if (tag == TAG_CERTIFICATE && pgp_has(pgp, PGP_CERT_BINARY))
		return word_unknown(pgp);
	if (!right_given(pgp, rule->write))
		return SW_SECURITY;
	if (value.left > object_most(pgp, rule))
		return SW_LENGTH;
	if (value.left > 0 && value.left < rule->least)
		return SW_DATA;
	if (tag == TAG_AES && value.left % 8 != 0)
		return SW_DATA;
	if (tag == TAG_KDF)
		return pgp_put_kdf(pgp, value);
	if (tag == TAG_CERTIFICATE)
		tag = certificate_tag(pgp);
	return store_put(&pgp->objects, tag, value) ? SW_OK : SW_MEMORY;
}

static uint16_t
bytes_write(uint8_t *to, size_t n, struct span value)
{
	if (value.left != n && value.left != 0)
		return SW_DATA;
	memset(to, 0, n);
	if (value.left > 0)
		memcpy(to, value.at, n);
	return SW_OK;
}

/* Touch: off, on, on until the card is reset; a YubiKey caches in two ways,
 * and the second is for good, too. */
static uint16_t
touch_write(const struct pgp *pgp, struct pgp_key *key, struct span value)
{
	uint8_t most = pgp->kind->firmware ? 4 : 2;

	if (value.left != 2 || value.at[0] > most || value.at[1] != 0x20)
		return SW_DATA;
	if (key->touch[0] == 2 || key->touch[0] == 4)
		return SW_SECURITY;
	memcpy(key->touch, value.at, 2);
	return SW_OK;
}

static uint16_t
status_write(struct pgp *pgp, struct span value)
{
	if ((value.left != 1 && value.left != 4) || value.at[0] > 1)
		return SW_DATA;
	pgp->several = value.at[0];
	return SW_OK;
}

/* The slot of a tag in a row of three, or four where the last is apart. */
static bool
slot_of(const struct pgp *pgp, uint32_t tag, uint32_t first, uint32_t last,
	enum pgp_slot *slot)
{
	if (tag >= first && tag < first + 3) {
		*slot = (enum pgp_slot)(tag - first);
		return true;
	}
	*slot = SLOT_ATT;
	return last != 0 && tag == last && pgp_has(pgp, PGP_FOUR_KEYS);
}

/* Objects that the card takes apart; PW3 has been given. */
static uint16_t
part_write(struct pgp *pgp, uint32_t tag, struct span value)
{
	enum pgp_slot slot;

	if (slot_of(pgp, tag, TAG_ATTRIBUTES, TAG_ATTRIBUTES_ATT, &slot))
		return pgp->capabilities[0] & 0x04
			       ? pgp_put_attributes(pgp, slot, value)
			       : SW_CONDITIONS;
	if (slot_of(pgp, tag, TAG_FINGERPRINT, 0xdb, &slot))
		return bytes_write(pgp->keys[slot].fingerprint, 20, value);
	if (slot_of(pgp, tag, TAG_CA_FINGERPRINT, 0xdc, &slot))
		return bytes_write(pgp->keys[slot].ca_fingerprint, 20, value);
	if (slot_of(pgp, tag, TAG_TIME, 0xdd, &slot))
		return bytes_write(pgp->keys[slot].time, 4, value);
	if (slot_of(pgp, tag, TAG_TOUCH, 0xd9, &slot) &&
	    (pgp->kind->version >= PGP_BUTTON_SINCE ||
	     pgp_has(pgp, PGP_LATER_OBJECTS)))
		return touch_write(pgp, &pgp->keys[slot], value);
	if (tag == TAG_PIN_STATUS)
		return status_write(pgp, value);
	if (tag == TAG_RESET_CODE)
		return pgp_put_reset_code(pgp, value);
	return word_unknown(pgp);
}

uint16_t
pgp_put_data(struct pgp *pgp, const struct command *command)
{
	uint32_t tag = (uint32_t)command->p1 << 8 | command->p2;
	const struct rule *rule = rule_find(pgp, tag);

	if (command->ins == INS_PUT_DATA) {
		if (tag != 0x3fff)
			return SW_P1P2;
		if (!pgp->given[RIGHT_ADMIN])
			return SW_SECURITY;
		return pgp_import(pgp, command->data);
	}
	if (rule)
		return object_write(pgp, rule, command->data);
	if (!pgp->given[RIGHT_ADMIN])
		return SW_SECURITY;
	return part_write(pgp, tag, command->data);
}

/* P1 = 85 begins the certificate, P1 = n goes on with its n-th block. */
uint16_t
pgp_update_binary(struct pgp *pgp, const struct command *command)
{
	uint8_t bytes[8 * BINARY_BLOCK];
	struct pile whole = pile_of(bytes, sizeof(bytes));
	struct span there;

	if (!pgp_has(pgp, PGP_CERT_BINARY))
		return SW_INS;
	if (!pgp->given[RIGHT_ADMIN])
		return SW_SECURITY;
	if (command->p2 != 0 || command->data.left > BINARY_BLOCK)
		return SW_P1P2;
	if (command->data.left % 2 != 0)
		return SW_DATA;
	if (command->p1 != 0x85) {
		if (!store_get(&pgp->objects, TAG_CERTIFICATE, &there) ||
		    there.left != (size_t)command->p1 * BINARY_BLOCK)
			return SW_P1P2;
		pile_span(&whole, there);
	}
	pile_span(&whole, command->data);
	if (whole.bad)
		return SW_MEMORY;
	return store_put(&pgp->objects, TAG_CERTIFICATE, pile_view(&whole))
		       ? SW_OK
		       : SW_MEMORY;
}
