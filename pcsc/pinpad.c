/* A reader's keypad, and what else it tells of itself (PC/SC part 10). */
#include "pinpad.h"

enum {
	GET_FEATURES = 0x42000000 + 3400, /* CM_IOCTL_GET_FEATURE_REQUEST */
	FEATURE_VERIFY = 0x06,
	FEATURE_MODIFY = 0x07,
	FEATURE_PROPERTIES = 0x12,
	PROPERTY_DISPLAY = 1,
	PROPERTY_PIN_MIN = 6,
	PROPERTY_PIN_MAX = 7,
	PROPERTY_MAX_DATA = 10,
	ANSWER_MAX = 264,
	SHORT_APDU = 261,
	OVERHEAD = 9,	    /* of an extended APDU: header, 00 Lc Lc, Le Le */
	TIMEOUT = 30,	    /* seconds for the first key, and between two */
	ASCII_BYTES = 0x82, /* the PIN in ASCII at the start of the data */
	VALIDATION_KEY = 0x02,
	CONFIRM_AND_CURRENT = 0x03,
	ENGLISH = 0x0409,
	BLOCK_MAX = 15,
	SW_TIMEOUT = 0x6400,
	SW_CANCELLED = 0x6401,
	SW_DIFFERENT = 0x6402,
	SW_WRONG_SIZE = 0x6403,
	SW_BAD_STRUCTURE = 0x6B80,
};

static struct cursor
pinpad_ask(SCARDHANDLE card, DWORD code, uint8_t *answer)
{
	DWORD size = 0;
	LONG result =
		SCardControl(card, code, NULL, 0, answer, ANSWER_MAX, &size);

	return cursor_of(answer, result == SCARD_S_SUCCESS ? size : 0);
}

/* Control codes are big-endian, whatever the host (part 10, 2.2). */
static void
features_parse(struct pinpad *pinpad, struct cursor c)
{
	while (c.left > 0) {
		uint8_t tag = cursor_u8(&c);
		struct cursor value = cursor_take(&c, cursor_u8(&c));
		uint32_t code = cursor_u32(&value);

		if (!cursor_ok(&c) || !cursor_end(&value))
			continue;
		if (tag == FEATURE_VERIFY)
			pinpad->verify = code;
		if (tag == FEATURE_MODIFY)
			pinpad->modify = code;
		if (tag == FEATURE_PROPERTIES)
			pinpad->properties = code;
	}
}

/* Numbers of the properties are little-endian (part 10, 2.6.14). */
static uint32_t
property_number(struct cursor value)
{
	uint32_t number = 0;

	for (unsigned shift = 0; value.left > 0 && shift < 32; shift += 8)
		number |= (uint32_t)cursor_u8(&value) << shift;
	return number;
}

static void
properties_parse(struct pinpad *pinpad, struct cursor c)
{
	while (c.left > 0) {
		uint8_t tag = cursor_u8(&c);
		struct cursor value = cursor_take(&c, cursor_u8(&c));
		uint32_t number = property_number(value);

		if (!cursor_ok(&c))
			break;
		if (tag == PROPERTY_DISPLAY)
			pinpad->display = number != 0;
		if (tag == PROPERTY_PIN_MIN)
			pinpad->pin_min = (uint8_t)number;
		if (tag == PROPERTY_PIN_MAX)
			pinpad->pin_max = (uint8_t)number;
		if (tag != PROPERTY_MAX_DATA)
			continue;
		pinpad->max_told = true;
		pinpad->max_data = number;
	}
}

void
pinpad_read(SCARDHANDLE card, struct pinpad *pinpad)
{
	uint8_t answer[ANSWER_MAX];

	*pinpad = (struct pinpad){ 0 };
	features_parse(pinpad, pinpad_ask(card, GET_FEATURES, answer));
	if (pinpad->properties != 0)
		properties_parse(pinpad,
				 pinpad_ask(card, pinpad->properties, answer));
}

size_t
pinpad_max_command(const struct pinpad *pinpad)
{
	if (!pinpad->max_told)
		return 0;
	if (pinpad->max_data == 0)
		return SHORT_APDU;
	if (pinpad->max_data > APDU_COMMAND_MAX)
		return APDU_WIRE_MAX;
	return pinpad->max_data + OVERHEAD;
}

/* Numbers of the structures are in the host's order; the driver turns them. */
static void
put_u16(struct builder *out, uint16_t value)
{
	builder_put(out, &value, sizeof(value));
}

static void
put_digits(const struct pinpad *pinpad, const struct pin_entry *entry,
	   struct builder *out)
{
	uint8_t min = entry->pin_min, max = entry->pin_max;

	if (pinpad->pin_min > min && pinpad->pin_min <= max)
		min = pinpad->pin_min;
	if (pinpad->pin_max >= min && pinpad->pin_max < max)
		max = pinpad->pin_max;
	put_u16(out, (uint16_t)(min << 8 | max));
}

static void
put_template(struct cursor apdu, struct builder *out)
{
	uint32_t size = (uint32_t)apdu.left;

	builder_fill(out, 0, 3); /* the driver makes the prologue of T=1 */
	builder_put(out, &size, sizeof(size));
	builder_append(out, apdu);
}

void
pinpad_structure(const struct pinpad *pinpad, const struct pin_entry *entry,
		 struct cursor apdu, struct builder *out)
{
	uint8_t block = entry->block > BLOCK_MAX ? 0 : (uint8_t)entry->block;

	builder_u8(out, TIMEOUT);
	builder_u8(out, TIMEOUT);
	builder_u8(out, ASCII_BYTES);
	builder_u8(out, block);
	builder_u8(out, 0); /* the APDU has no field for the PIN's length */
	if (entry->change) {
		builder_u8(out, 0); /* where the old PIN goes, and the new */
		builder_u8(out, block);
	}
	put_digits(pinpad, entry, out);
	if (entry->change)
		builder_u8(out, CONFIRM_AND_CURRENT);
	builder_u8(out, VALIDATION_KEY);
	if (pinpad->display)
		builder_u8(out, entry->change ? 3 : 1);
	else
		builder_u8(out, 0);
	put_u16(out, ENGLISH);
	for (uint8_t message = 0; message < (entry->change ? 3 : 1); message++)
		builder_u8(out, message);
	put_template(apdu, out);
}

CK_RV
pinpad_rv(uint16_t sw, bool change)
{
	switch (sw) {
	case SW_TIMEOUT:
	case SW_CANCELLED:
		return CKR_FUNCTION_CANCELED;
	case SW_DIFFERENT:
		return CKR_PIN_INVALID;
	case SW_WRONG_SIZE:
		return change ? CKR_PIN_LEN_RANGE : CKR_PIN_INCORRECT;
	case SW_BAD_STRUCTURE:
		return CKR_DEVICE_ERROR;
	default:
		return CKR_OK;
	}
}
