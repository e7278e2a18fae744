/* Kinds of PIV cards. */
#include "piv_kind.h"

#include <stdlib.h>
#include <string.h>

/* A YubiKey refuses a slot with 6B00, an algorithm with 6A80. */
/* clang-format off */
#define YUBIKEY_WORDS { \
	[WORD_EMPTY_SLOT] = SW_WRONG_P1P2, \
	[WORD_WRONG_ALGORITHM] = SW_DATA, \
	[WORD_WRONG_SLOT] = SW_WRONG_P1P2, \
	[WORD_TEMPLATE] = SW_DATA, \
	[WORD_MANAGEMENT] = SW_SECURITY, \
	[WORD_NOT_BLOCKED] = SW_CONDITIONS, \
	[WORD_NO_TOUCH] = SW_CONDITIONS, \
}

#define YUBIKEY_QUIRKS (QUIRK(UNKNOWN_AID_DESELECTS) | \
	QUIRK(NONE_SELECTED) | QUIRK(SELECT_0C_6D00) | QUIRK(LAST_TRY_6983))
/* clang-format on */

#define YUBIKEY5_ATR "3BFD1300008131FE158073C021C057597562694B657940"

static const struct piv_kind kinds[] = {
	{
		.name = "neo", .version = PIV_VERSION(1, 0, 4),
		.atr = "3BFC1300008131FE15597562696B65794E454F7233E1",
		.quirks = QUIRK(UNKNOWN_AID_DESELECTS) | QUIRK(NONE_SELECTED) |
			  QUIRK(630X) | QUIRK(NO_EMPTY_VERIFY),
		.extended = true, .yubico = true, .object_max = 2025,
		.words = YUBIKEY_WORDS,
	}, {
		.name = "4.3", .version = PIV_VERSION(4, 3, 7),
		.atr = "3BF81300008131FE15597562696B657934D4",
		.quirks = YUBIKEY_QUIRKS | QUIRK(CHUNK_255),
		.extended = true, .yubico = true, .object_max = 3052,
		.words = YUBIKEY_WORDS,
	}, {
		.name = "5.2", .version = PIV_VERSION(5, 2, 4),
		.atr = YUBIKEY5_ATR, .quirks = YUBIKEY_QUIRKS,
		.extended = true, .yubico = true, .object_max = 3052,
		.words = YUBIKEY_WORDS,
	}, {
		.name = "5.4", .version = PIV_VERSION(5, 4, 3),
		.atr = YUBIKEY5_ATR, .quirks = YUBIKEY_QUIRKS,
		.extended = true, .yubico = true, .object_max = 3052,
		.words = YUBIKEY_WORDS,
	}, {
		.name = "5.7", .version = PIV_VERSION(5, 7, 4),
		.atr = YUBIKEY5_ATR, .quirks = YUBIKEY_QUIRKS,
		.extended = true, .yubico = true, .object_max = 3052,
		.words = YUBIKEY_WORDS,
	}, {
		.name = "nitrokey3", .version = PIV_VERSION(6, 6, 6),
		.atr = "3B8F01805D4E6974726F6B657900000000006A",
		.quirks = QUIRK(AID_9_OR_11) | QUIRK(APT_LABEL) |
			  QUIRK(NO_LE_61XX) | QUIRK(PLAIN_6300) |
			  QUIRK(EXACT_HASH_LENGTH) | QUIRK(MUTUAL_NO_82) |
			  QUIRK(METADATA_EMPTY) | QUIRK(IMPORT_E) |
			  QUIRK(PIN_DIGITS) | QUIRK(UNKNOWN_AID_DESELECTS) |
			  QUIRK(NONE_SELECTED) | QUIRK(NO_VERIFY_FF),
		.extended = true, .object_max = 3052,
		.words = {
			[WORD_EMPTY_SLOT] = SW_CONDITIONS,
			[WORD_WRONG_ALGORITHM] = SW_P1P2,
			[WORD_WRONG_SLOT] = SW_P1P2,
			[WORD_TEMPLATE] = SW_DATA,
			[WORD_MANAGEMENT] = SW_DATA,
			[WORD_NOT_BLOCKED] = SW_CONDITIONS,
			[WORD_NO_TOUCH] = SW_SECURITY,
		},
	}, {
		.name = "nist", .version = 0,
		.atr = "3BDF960081B1FE451F838073CC91CBF9"
		       "A0000003080000100079",
		.quirks = QUIRK(NO_YUBICO) | QUIRK(APT_FULL_AID) |
			  QUIRK(PIN_BEFORE_ABSENT) | QUIRK(PIN_DIGITS),
		.extended = false, .object_max = 16384,
		.words = {
			[WORD_EMPTY_SLOT] = SW_P1P2,
			[WORD_WRONG_ALGORITHM] = SW_P1P2,
			[WORD_WRONG_SLOT] = SW_P1P2,
			[WORD_TEMPLATE] = SW_DATA,
			[WORD_MANAGEMENT] = SW_SECURITY,
			[WORD_NOT_BLOCKED] = SW_SECURITY,
			[WORD_NO_TOUCH] = SW_SECURITY,
		},
	},
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

const struct piv_kind *
piv_kind_get(size_t n)
{
	return n < KINDS ? &kinds[n] : NULL;
}

/* Up to three numbers below 256 with points between them. */
static bool
version_read(const char *text, uint32_t *version)
{
	unsigned long part[3] = { 0 };
	char *end;

	for (int i = 0; i < 3; i++) {
		if (*text < '0' || *text > '9')
			return false;
		part[i] = strtoul(text, &end, 10);
		if (part[i] > 255)
			return false;
		if (!*end) {
			*version = PIV_VERSION(part[0], part[1], part[2]);
			return true;
		}
		if (*end != '.')
			return false;
		text = end + 1;
	}
	return false;
}

const struct piv_kind *
piv_kind_find(const char *text, uint32_t *version)
{
	const struct piv_kind *found = &kinds[0];

	for (size_t i = 0; i < KINDS; i++) {
		if (!strcmp(kinds[i].name, text)) {
			*version = kinds[i].version;
			return &kinds[i];
		}
	}
	if (!version_read(text, version))
		return NULL;
	/* The newest YubiKey kind of the same or an older minor version. */
	for (size_t i = 0; i < KINDS; i++) {
		if (kinds[i].yubico && (kinds[i].version & ~0xffu) <= *version)
			found = &kinds[i];
	}
	return found;
}

void
piv_kind_apply(struct piv *piv, const struct piv_kind *kind, uint32_t version)
{
	piv->version = version;
	piv->quirks = kind->quirks;
	if (kind->yubico && version < PIV_VERSION(5, 4, 3))
		piv->quirks |= QUIRK(NO_VERIFY_FF);
	if (kind->yubico && version < PIV_VERSION(4, 3, 2))
		piv->quirks |= QUIRK(NO_EMPTY_VERIFY);
	/* A Nitrokey 3 gives the same number on every device. */
	piv->serial = kind->yubico ? 12345678 : 0x0052f743;
	memcpy(piv->words, kind->words, sizeof(piv->words));
	piv_init(piv);
	piv->object_max = kind->object_max;
}
