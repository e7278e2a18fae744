/* The few DER types that keys and certificates use, on the TLV reader. */
#include "der.h"

bool
der_next_is(const struct cursor *c, uint8_t tag)
{
	return !c->bad && cursor_begins(*c, &tag, 1);
}

struct cursor
der_take(struct cursor *c, uint8_t tag, struct cursor *raw)
{
	struct cursor whole = *c;
	struct tlv element = { .value = cursor_of(NULL, 0) };
	/* The first byte is looked at first: DER has no filler bytes. */
	if (!der_next_is(c, tag) || !tlv_next(c, &element) ||
	    element.tag != tag) {
		cursor_fail(c);
		cursor_fail(&element.value);
		cursor_fail(&whole);
	}
	struct cursor taken = cursor_take(&whole, whole.left - c->left);
	if (raw != NULL)
		*raw = taken;
	return element.value;
}

struct cursor
der_take_unsigned(struct cursor *c)
{
	struct cursor value = der_take(c, DER_INTEGER, NULL);
	struct cursor sign = value;
	if (cursor_u8(&sign) & 0x80 || !cursor_ok(&sign)) {
		cursor_fail(c);
		cursor_fail(&value);
	}
	return cursor_unpadded(value);
}

struct cursor
der_take_bytes(struct cursor *c)
{
	struct cursor value = der_take(c, DER_BIT_STRING, NULL);
	if (cursor_u8(&value) != 0 || !cursor_ok(&value)) {
		cursor_fail(c);
		cursor_fail(&value);
	}
	return value;
}

void
der_put_unsigned(struct builder *b, struct cursor value)
{
	struct cursor digits = cursor_unpadded(value);
	struct cursor first = digits;
	/* A zero in front of a number that would else be negative; it is also
	 * the number zero itself. */
	size_t sign = digits.left == 0 || cursor_u8(&first) & 0x80 ? 1 : 0;
	tlv_header(b, DER_INTEGER, sign + digits.left);
	builder_fill(b, 0, sign);
	builder_append(b, digits);
}
