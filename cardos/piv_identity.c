/* Who a PIV card is: its maker by the ATR, its serial number by the CHUID. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "mem.h"
#include "piv.h"
#include "tlv.h"

enum {
	INS_GET_SERIAL = 0xF8,
	TAG_FASC_N = 0x30,
	TAG_GUID = 0x34,
	FASC_N_SIZE = 25,
	GUID_SIZE = 16,
	NUMBER_SIZE = 4,
	SERIAL_BYTES = 8, /* in hexadecimal they fill CK_TOKEN_INFO */
	LABEL_CHARS = 8,
};

static const struct cursor chuid = PIV_BYTES(0x5F, 0xC1, 0x02);

/* Texts in the historical bytes, the longer of two that begin alike first. */
struct piv_maker {
	const char *text, *manufacturer, *model;
	bool extended; /* takes extended length, also without saying so */
	bool versioned; /* GET VERSION gives the firmware's */
	bool numbered; /* GET SERIAL gives the number on the case */
};

static const struct piv_maker piv_makers[] = {
	{ "YubikeyNEO", "Yubico", "YubiKey NEO", false, true, false },
	{ "Yubikey4", "Yubico", "YubiKey 4", true, true, false },
	{ "YubiKey", "Yubico", "YubiKey 5", true, true, true },
	{ "Nitrokey", "Nitrokey", "Nitrokey 3", false, false, false },
	{ "PIVKEY", "Taglio", "PIVKey", false, false, false },
	{ "iShield", "Swissbit", "iShield Key", false, false, false },
};

static const struct piv_maker *
maker_find(struct cursor atr)
{
	struct cursor text = iso_historical(atr);

	for (size_t i = 0; i < sizeof(piv_makers) / sizeof(piv_makers[0]); i++)
		if (iso_contains_text(text, piv_makers[i].text))
			return &piv_makers[i];
	return NULL;
}

int
piv_nominate(struct cursor atr)
{
	return maker_find(atr) != NULL ? 1 : 0;
}

bool
piv_extended(struct cursor atr)
{
	const struct piv_maker *maker = maker_find(atr);

	return (maker != NULL && maker->extended) ||
	       iso_extended(iso_historical(atr));
}

bool
piv_versioned(const struct card_applet *a)
{
	const struct transport_info *info =
		a->transport->ops->info(a->transport);
	const struct piv_maker *maker =
		maker_find(cursor_of(info->atr, info->atr_size));

	return maker != NULL && maker->versioned;
}

/* A field of struct card_identity: text, then more text, then NUL. */
static void
text_set(char *field, size_t size, const char *text, struct cursor more)
{
	struct builder b = builder_over(field, size - 1);

	builder_text(&b, text);
	builder_append(&b, more);
}

static void
serial_hex(char *field, size_t size, struct cursor bytes)
{
	struct builder b = builder_over(field, size);

	while (bytes.left > 0) {
		uint8_t byte = cursor_u8(&bytes);

		builder_u8(&b, (uint8_t) "0123456789abcdef"[byte >> 4]);
		builder_u8(&b, (uint8_t) "0123456789abcdef"[byte & 0x0F]);
	}
	builder_u8(&b, '\0');
}

/* The agency code 9999 of FASC-N is for cards that are nobody's; then the
 * number after it is the same on many. */
static bool
fasc_n_counts(struct cursor fasc_n)
{
	static const uint8_t nobody[] = { 0xD4, 0xE7, 0x39 };

	return fasc_n.left == FASC_N_SIZE && cursor_unpadded(fasc_n).left > 0 &&
	       !cursor_begins(fasc_n, nobody, sizeof(nobody));
}

/*
 * The serial number that OpenSC's users have: the end of FASC-N on a federal
 * card, else the end of the GUID, in lower case. Zeros tell nothing.
 */
static bool
serial_from_chuid(struct cursor content, struct card_identity *out)
{
	struct cursor fasc_n = cursor_of(NULL, 0), guid = fasc_n, serial;
	struct tlv next;

	while (tlv_next(&content, &next)) {
		if (next.tag == TAG_FASC_N)
			fasc_n = next.value;
		if (next.tag == TAG_GUID)
			guid = next.value;
	}
	if (fasc_n_counts(fasc_n))
		serial = fasc_n;
	else if (guid.left == GUID_SIZE && cursor_unpadded(guid).left > 0)
		serial = guid;
	else
		return false;
	cursor_take(&serial, serial.left - SERIAL_BYTES);
	serial_hex(out->serial, sizeof(out->serial), serial);
	return true;
}

/* A new YubiKey has no CHUID, but a number. */
static CK_RV
serial_from_number(struct card_applet *a, struct card_identity *out)
{
	const struct apdu command = { .ins = INS_GET_SERIAL,
				      .le = APDU_SHORT_ANSWER };
	uint8_t bytes[APDU_SHORT_ANSWER];
	struct builder answer = builder_over(bytes, sizeof(bytes));
	struct cursor c;
	uint32_t number;
	CK_RV rv = applet_exchange(a, &command, &answer);

	if (applet_mute(a, rv))
		return rv;
	c = builder_read(&answer);
	number = cursor_u32(&c);
	if (rv == CKR_OK && cursor_end(&c) && number != 0)
		snprintf(out->serial, sizeof(out->serial), "%" PRIu32, number);
	return CKR_OK;
}

static CK_RV
serial_read(struct card_applet *a, const struct piv_maker *maker,
	    struct card_identity *out)
{
	struct builder answer = builder_heap(APDU_ANSWER_MAX);
	struct cursor content;
	bool known = false;
	CK_RV rv;

	/* the first block holds what identifies the card */
	rv = piv_find_data(a, chuid, APDU_SHORT_ANSWER, &answer, &content);

	if (rv == CKR_OK)
		known = serial_from_chuid(content, out);
	if (!applet_mute(a, rv))
		rv = CKR_OK;
	if (rv == CKR_OK && !known && maker != NULL && maker->numbered)
		rv = serial_from_number(a, out);
	builder_free(&answer);
	return rv;
}

/* Tokens in one reader after another are told apart by a short number. */
static void
label_set(struct card_identity *out)
{
	struct cursor serial = cursor_of(out->serial, strlen(out->serial));

	if (serial.left > LABEL_CHARS)
		cursor_take(&serial, serial.left - LABEL_CHARS);
	text_set(out->label, sizeof(out->label),
		 serial.left > 0 ? "PIV " : "PIV", serial);
}

CK_RV
piv_identify(struct card_applet *a, struct card_identity *out)
{
	const struct transport_info *info =
		a->transport->ops->info(a->transport);
	const struct piv_maker *maker =
		maker_find(cursor_of(info->atr, info->atr_size));
	struct card_identity identity = { 0 };
	struct cursor none = cursor_of(NULL, 0);
	struct piv_version version;
	CK_RV rv = serial_read(a, maker, &identity);

	if (rv == CKR_OK)
		rv = piv_version(a, &version);
	if (rv != CKR_OK)
		return rv;
	identity.firmware =
		(CK_VERSION){ version.major, version.minor };
	identity.can = piv_abilities(a, &version);
	label_set(&identity);
	text_set(identity.manufacturer, sizeof(identity.manufacturer),
		 maker != NULL ? maker->manufacturer : "unknown", none);
	text_set(identity.model, sizeof(identity.model),
		 maker != NULL ? maker->model : "PIV", none);
	*out = identity;
	return CKR_OK;
}
