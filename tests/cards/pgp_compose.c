/* The data objects that the simulated OpenPGP application puts together. */
#include "pgp.h"

void
pgp_aid(const struct pgp *pgp, struct pile *to)
{
	pile_bytes(to, pgp_applet.aid, pgp_applet.aid_size);
	pile_byte(to, (uint8_t)(pgp->kind->version >> 8));
	pile_byte(to, (uint8_t)pgp->kind->version);
	pile_byte(to, (uint8_t)(pgp->kind->manufacturer >> 8));
	pile_byte(to, (uint8_t)pgp->kind->manufacturer);
	for (int shift = 24; shift >= 0; shift -= 8)
		pile_byte(to, (uint8_t)(pgp->serial >> shift));
	pile_byte(to, 0);
	pile_byte(to, 0);
}

static size_t
key_count(const struct pgp *pgp)
{
	return pgp_has(pgp, PGP_FOUR_KEYS) ? PGP_SLOTS : SLOT_ATT;
}

static bool
later_objects(const struct pgp *pgp)
{
	return pgp->kind->version >= PGP_BUTTON_SINCE ||
	       pgp_has(pgp, PGP_LATER_OBJECTS);
}

static void
attributes_write(const struct pgp *pgp, enum pgp_slot slot, struct pile *to)
{
	const struct pgp_attributes *a = &pgp->keys[slot].attributes;

	pile_bytes(to, a->bytes, a->size);
	if (pgp_has(pgp, PGP_ATTRIBUTES_TRAIL) && a->bytes[0] != 0x01)
		pile_byte(to, 0x00);
}

static void
status_write(const struct pgp *pgp, struct pile *to)
{
	pile_byte(to, pgp->several);
	for (int i = 0; i < PGP_PINS; i++)
		pile_byte(to, pgp->kind->pin_max);
	for (int i = 0; i < PGP_PINS; i++)
		pile_byte(to, pgp->pins[i].tries);
}

static void
fingerprints_write(const struct pgp *pgp, struct pile *to)
{
	for (size_t i = 0; i < key_count(pgp); i++)
		pile_bytes(to, pgp->keys[i].fingerprint, 20);
}

static void
ca_fingerprints_write(const struct pgp *pgp, struct pile *to)
{
	for (size_t i = 0; i < key_count(pgp); i++)
		pile_bytes(to, pgp->keys[i].ca_fingerprint, 20);
}

static void
times_write(const struct pgp *pgp, struct pile *to)
{
	for (size_t i = 0; i < key_count(pgp); i++)
		pile_bytes(to, pgp->keys[i].time, 4);
}

/* The attestation key of a YubiKey came with the device. */
static void
information_write(const struct pgp *pgp, struct pile *to)
{
	for (size_t i = 0; i < key_count(pgp); i++) {
		pile_byte(to, i == SLOT_ATT ? 0x81 : (uint8_t)(i + 1));
		pile_byte(to, i == SLOT_ATT ? 2 : pgp->keys[i].origin);
	}
}

static void
lengths_write(const struct pgp *pgp, struct pile *to)
{
	uint8_t most[2] = {
		(uint8_t)(pgp->kind->command_max >> 8),
		(uint8_t)pgp->kind->command_max,
	};

	pile_tlv(to, 0x02, most, 2);
	pile_tlv(to, 0x02, most, 2);
}

static void
algorithms_write(const struct pgp *pgp, struct pile *to)
{
	uint8_t bytes[16];
	struct pile one;

	for (size_t slot = 0; slot < key_count(pgp); slot++) {
		for (int i = 0; i < PGP_ALGORITHMS; i++) {
			one = pile_of(bytes, sizeof(bytes));
			if (!pgp_attributes_write(pgp, (enum pgp_slot)slot,
						  (enum pgp_algorithm)i, &one))
				continue;
			pile_tlv(to,
				 slot == SLOT_ATT
					 ? TAG_ATTRIBUTES_ATT
					 : TAG_ATTRIBUTES + (uint32_t)slot,
				 one.at, one.used);
		}
	}
}

/* The third byte behind 73 tells of chaining and extended length
 * (ISO 7816-4, 12.1.1.9). */
static bool
historical_write(const struct pgp *pgp, struct pile *to)
{
	size_t start = to->used, at = start;

	if (!hex_read(pgp->kind->historical, to))
		return false;
	while (at < to->used && to->at[at] != 0x73)
		at++;
	if (pgp->short_only && at + 3 < to->used)
		to->at[at + 3] = (to->at[at + 3] & 0xbf) | 0x80;
	return true;
}

/* Objects that are bytes alone; false when the tag is none of them. */
static bool
plain_write(const struct pgp *pgp, uint32_t tag, struct pile *to)
{
	static const uint8_t button[] = { 0x81, 0x01, 0x20 };

	switch (tag) {
	case TAG_AID:
		pgp_aid(pgp, to);
		return true;
	case TAG_HISTORICAL:
		return historical_write(pgp, to);
	case TAG_CAPABILITIES:
		pile_bytes(to, pgp->capabilities, sizeof(pgp->capabilities));
		return true;
	case TAG_PIN_STATUS:
		status_write(pgp, to);
		return true;
	case TAG_FINGERPRINTS:
		fingerprints_write(pgp, to);
		return true;
	case TAG_CA_FINGERPRINTS:
		ca_fingerprints_write(pgp, to);
		return true;
	case TAG_TIMES:
		times_write(pgp, to);
		return true;
	case TAG_KEY_INFORMATION:
		information_write(pgp, to);
		return pgp->kind->version >= 0x0304;
	case TAG_LENGTHS:
		lengths_write(pgp, to);
		return pgp->kind->command_max > 0 && !pgp->short_only;
	case TAG_FEATURES:
		pile_bytes(to, button, sizeof(button));
		return later_objects(pgp) || pgp->kind->firmware >= YUBIKEY_4;
	default:
		return false;
	}
}

static bool
key_object_write(const struct pgp *pgp, uint32_t tag, struct pile *to)
{
	bool fourth = pgp_has(pgp, PGP_FOUR_KEYS);

	if (tag >= TAG_ATTRIBUTES && tag < TAG_ATTRIBUTES + 3) {
		attributes_write(pgp, (enum pgp_slot)(tag - TAG_ATTRIBUTES),
				 to);
		return true;
	}
	if (tag == TAG_ATTRIBUTES_ATT && fourth) {
		attributes_write(pgp, SLOT_ATT, to);
		return true;
	}
	if (tag >= TAG_TOUCH && tag < TAG_TOUCH + (fourth ? 4u : 3u) &&
	    later_objects(pgp)) {
		pile_bytes(to, pgp->keys[tag - TAG_TOUCH].touch, 2);
		return true;
	}
	return false;
}

/* One object inside a template; nothing when the card does not have it. */
static void
member_write(const struct pgp *pgp, uint32_t tag, struct pile *to)
{
	uint8_t bytes[128];
	struct pile value = pile_of(bytes, sizeof(bytes));

	if (plain_write(pgp, tag, &value) || key_object_write(pgp, tag, &value))
		pile_tlv(to, tag, value.at, value.used);
}

static void
discretionary_write(const struct pgp *pgp, struct pile *to)
{
	static const uint8_t tags[] = {
		TAG_CAPABILITIES,    TAG_ATTRIBUTES,	  TAG_ATTRIBUTES + 1,
		TAG_ATTRIBUTES + 2,  TAG_ATTRIBUTES_ATT,  TAG_PIN_STATUS,
		TAG_FINGERPRINTS,    TAG_CA_FINGERPRINTS, TAG_TIMES,
		TAG_KEY_INFORMATION,
	};

	for (size_t i = 0; i < sizeof(tags); i++)
		member_write(pgp, tags[i], to);
	if (pgp_has(pgp, PGP_LENGTHS_INSIDE))
		member_write(pgp, TAG_LENGTHS, to);
	for (uint32_t tag = TAG_TOUCH; tag < TAG_TOUCH + 4; tag++)
		member_write(pgp, tag, to);
}

static void
application_write(const struct pgp *pgp, struct pile *to)
{
	uint8_t bytes[512];
	struct pile inner = pile_of(bytes, sizeof(bytes));

	member_write(pgp, TAG_AID, to);
	member_write(pgp, TAG_HISTORICAL, to);
	if (!pgp_has(pgp, PGP_LENGTHS_INSIDE))
		member_write(pgp, TAG_LENGTHS, to);
	member_write(pgp, TAG_FEATURES, to);
	discretionary_write(pgp, &inner);
	pile_header(to, TAG_DISCRETIONARY,
		    pgp_has(pgp, PGP_EMPTY_73) ? 0 : inner.used);
	pile_bytes(to, inner.at, inner.used);
}

static void
cardholder_write(const struct pgp *pgp, struct pile *to)
{
	static const uint32_t tags[] = { TAG_NAME, TAG_LANGUAGE, TAG_SEX };
	struct span content;

	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		/* 39: not announced. */
		if (!store_get(&pgp->objects, tags[i], &content))
			content = span_of("9", tags[i] == TAG_SEX ? 1 : 0);
		pile_tlv(to, tags[i], content.at, content.left);
	}
}

static void
security_write(const struct pgp *pgp, struct pile *to)
{
	pile_header(to, 0x93, 3);
	for (int shift = 16; shift >= 0; shift -= 8)
		pile_byte(to, (uint8_t)(pgp->signatures >> shift));
}

static bool
template_write(const struct pgp *pgp, uint32_t tag, struct pile *to)
{
	switch (tag) {
	case TAG_CARDHOLDER:
		cardholder_write(pgp, to);
		return true;
	case TAG_APPLICATION:
		application_write(pgp, to);
		return true;
	case TAG_DISCRETIONARY:
		discretionary_write(pgp, to);
		return true;
	case TAG_SECURITY:
		security_write(pgp, to);
		return true;
	case TAG_ALGORITHMS:
		algorithms_write(pgp, to);
		return later_objects(pgp);
	default:
		return false;
	}
}

bool
pgp_compose(const struct pgp *pgp, uint32_t tag, struct pile *answer)
{
	uint8_t bytes[1024];
	struct pile value = pile_of(bytes, sizeof(bytes));
	size_t missing = 0;

	if (!template_write(pgp, tag, &value))
		return plain_write(pgp, tag, answer) ||
		       key_object_write(pgp, tag, answer);
	if (tag == TAG_ALGORITHMS && pgp_has(pgp, PGP_ALGORITHMS_SHORT))
		missing = 2;
	if (tag == TAG_APPLICATION && pgp_has(pgp, PGP_APPLICATION_SHORT))
		missing = 2;
	if (pgp_has(pgp, PGP_OUTER_TAG))
		pile_header(answer, tag, value.used + missing);
	pile_bytes(answer, value.at, value.used);
	return true;
}
