/* The commands and bytes that all cards share (ISO/IEC 7816-3 and -4). */
#include "iso7816.h"

#include <string.h>

#include "mem.h"

enum {
	INS_VERIFY = 0x20,
	INS_CHANGE = 0x24,
	INS_SELECT = 0xA4,
	SELECT_BY_NAME = 0x04,
	PIN_PADDING = 0xFF,
	PIN_BLOCK_MAX = 128,
	ATR_PROTOCOL = 0x08, /* TDi follows, in a format nibble */
	CATEGORY_STATUS_LAST = 0x00,
	CATEGORY_COMPACT = 0x80,
	STATUS_SIZE = 3,
	TAG_CAPABILITIES = 7,
	CAPABILITIES_SIZE = 3,
	CAPABILITY_EXTENDED = 0x40,
};

CK_RV
applet_exchange(struct card_applet *a, const struct apdu *command,
		struct builder *answer)
{
	uint8_t unwanted[APDU_SHORT_ANSWER];
	struct builder none = builder_over(unwanted, sizeof(unwanted));
	uint16_t sw = 0;
	CK_RV rv;

	a->sw = 0;
	if (answer == NULL)
		answer = &none;
	apdu_layer_extended(a->transport, a->extended);
	rv = a->transport->ops->exchange(a->transport, command, answer, &sw);
	if (rv != CKR_OK)
		return rv;
	a->sw = sw;
	rv = sw_rv(sw);
	if (command->data.left > APDU_SHORT_DATA)
		a->chained = rv != CKR_OK && applet_pieces(a);
	return rv;
}

bool
applet_pieces(const struct card_applet *a)
{
	apdu_layer_extended(a->transport, a->extended);
	return apdu_layer_pieces(a->transport);
}

bool
applet_mute(const struct card_applet *a, CK_RV rv)
{
	return rv != CKR_OK && a->sw == 0;
}

CK_RV
iso_select(struct card_applet *a, struct cursor aid, struct builder *answer)
{
	const struct apdu command = {
		.ins = INS_SELECT,
		.p1 = SELECT_BY_NAME,
		.data = aid,
		.le = APDU_SHORT_ANSWER,
	};

	return applet_exchange(a, &command, answer);
}

static CK_RV
iso_keypad(struct card_applet *a, const struct card_pin *pin,
	   const struct apdu *command, size_t block)
{
	const struct pin_entry entry = {
		.command = *command,
		.pin_min = pin->min,
		.pin_max = pin->max,
		.block = block,
		.change = command->ins == INS_CHANGE,
	};
	const struct transport_ops *ops = a->transport->ops;
	uint16_t sw = 0;
	CK_RV rv;

	a->sw = 0;
	if (ops->pin_entry == NULL || !ops->info(a->transport)->pinpad)
		return CKR_PIN_LEN_RANGE;
	rv = ops->pin_entry(a->transport, &entry, &sw);
	if (rv != CKR_OK)
		return rv;
	a->sw = sw;
	return sw_rv(sw);
}

CK_RV
iso_verify(struct card_applet *a, const struct card_pin *pin,
	   struct cursor value, size_t block)
{
	uint8_t bytes[PIN_BLOCK_MAX];
	struct builder b = builder_over(bytes, sizeof(bytes));
	struct apdu command = { .ins = INS_VERIFY, .p2 = pin->reference };
	bool keypad = value.at == NULL;
	CK_RV rv;

	a->sw = 0;
	if (!keypad && (value.left == 0 || value.left > pin->max))
		return CKR_PIN_LEN_RANGE;
	builder_append(&b, value);
	if (block > b.used)
		builder_fill(&b, PIN_PADDING, block - b.used);
	command.data = builder_read(&b);
	if (!builder_ok(&b))
		rv = CKR_PIN_LEN_RANGE;
	else if (keypad)
		rv = iso_keypad(a, pin, &command, block);
	else
		rv = applet_exchange(a, &command, NULL);
	mem_wipe(bytes, sizeof(bytes));
	return rv;
}

CK_RV
iso_change_keypad(struct card_applet *a, const struct card_pin *pin,
		  size_t block)
{
	uint8_t bytes[2 * PIN_BLOCK_MAX];
	struct builder b = builder_over(bytes, sizeof(bytes));
	struct apdu command = { .ins = INS_CHANGE, .p2 = pin->reference };

	builder_fill(&b, PIN_PADDING, 2 * block);
	command.data = builder_read(&b);
	return builder_ok(&b) ? iso_keypad(a, pin, &command, block)
			      : CKR_PIN_LEN_RANGE;
}

CK_RV
iso_verify_state(struct card_applet *a, const struct card_pin *pin)
{
	const struct apdu command = { .ins = INS_VERIFY, .p2 = pin->reference };

	return applet_exchange(a, &command, NULL);
}

/* 6300 says "wrong" on some cards that count, so it tells no number; YubiKey
 * NEO has its count in 630x. */
struct card_pin_status
iso_pin_status(uint16_t sw)
{
	struct card_pin_status status = { 0 };
	bool counts = (sw & 0xFFF0) == 0x63C0 ||
		      ((sw & 0xFFF0) == 0x6300 && sw != 0x6300);

	status.verified = sw == 0x9000;
	status.known = status.verified || counts || sw == 0x6983;
	status.tries_left = counts ? sw & 0x0F : 0;
	return status;
}

struct cursor
iso_historical(struct cursor atr)
{
	uint8_t format;
	unsigned interface;

	cursor_u8(&atr);
	format = cursor_u8(&atr);
	interface = format >> 4;
	while (interface != 0 && cursor_ok(&atr)) {
		bool more = (interface & ATR_PROTOCOL) != 0;

		for (unsigned bit = 1; bit < ATR_PROTOCOL; bit <<= 1)
			if ((interface & bit) != 0)
				cursor_u8(&atr);
		interface = more ? cursor_u8(&atr) >> 4 : 0;
	}
	return cursor_take(&atr, format & 0x0F);
}

bool
iso_extended(struct cursor historical)
{
	uint8_t category = cursor_u8(&historical);
	struct cursor value;
	uint8_t head;

	if (category == CATEGORY_STATUS_LAST && historical.left >= STATUS_SIZE)
		historical =
			cursor_take(&historical, historical.left - STATUS_SIZE);
	else if (category != CATEGORY_COMPACT)
		return false;
	while (historical.left > 0) {
		head = cursor_u8(&historical);
		value = cursor_take(&historical, head & 0x0F);
		if (head >> 4 != TAG_CAPABILITIES ||
		    value.left < CAPABILITIES_SIZE)
			continue;
		cursor_take(&value, CAPABILITIES_SIZE - 1);
		return (cursor_u8(&value) & CAPABILITY_EXTENDED) != 0;
	}
	return false;
}

bool
iso_contains(struct cursor in, struct cursor what)
{
	for (; in.left >= what.left && what.left > 0; cursor_u8(&in))
		if (cursor_begins(in, what.at, what.left))
			return true;
	return false;
}

bool
iso_contains_text(struct cursor in, const char *text)
{
	return iso_contains(in, cursor_of(text, strlen(text)));
}

bool
sw_listed(const uint16_t *list, uint16_t sw)
{
	for (; list != NULL && *list != 0; list++)
		if (*list == sw)
			return true;
	return false;
}
