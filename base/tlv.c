/* BER-TLV data objects read off a cursor and written to a builder. */
#include "tlv.h"

enum {
	TAG_BYTES = 4,	  /* as many as struct tlv holds */
	LENGTH_BYTES = 4, /* that count, after leading zeros */
	TAG_MORE = 0x1F,  /* low bits of a first byte that others follow */
	BYTE_MORE = 0x80, /* in a later tag byte: not the last one */
	LENGTH_LONG = 0x80,
};

/* Filler bytes have no meaning (ISO/IEC 7816-4, 5.2.2.1). */
static void
tlv_skip_filler(struct cursor *c)
{
	while (c->left > 0 && (*c->at == 0x00 || *c->at == 0xFF))
		cursor_u8(c);
}

static uint32_t
tlv_tag(struct cursor *c)
{
	uint8_t byte = cursor_u8(c);
	uint32_t tag = byte;
	size_t count = 1;

	if ((byte & TAG_MORE) != TAG_MORE)
		return tag;
	do {
		byte = cursor_u8(c);
		tag = tag << 8 | byte;
		count++;
	} while ((byte & BYTE_MORE) != 0 && count < TAG_BYTES);
	if ((byte & BYTE_MORE) != 0)
		cursor_fail(c);
	return tag;
}

static size_t
tlv_length(struct cursor *c)
{
	uint8_t first = cursor_u8(c);
	struct cursor bytes;
	size_t length = 0;

	if (first < LENGTH_LONG)
		return first;
	bytes = cursor_unpadded(cursor_take(c, first - LENGTH_LONG));
	if (first == LENGTH_LONG || bytes.left > LENGTH_BYTES)
		cursor_fail(c);
	while (cursor_ok(c) && bytes.left > 0)
		length = length << 8 | cursor_u8(&bytes);
	return length;
}

bool
tlv_next(struct cursor *c, struct tlv *out)
{
	struct tlv next;

	tlv_skip_filler(c);
	if (c->left == 0)
		return false;
	next.tag = tlv_tag(c);
	next.value = cursor_take(c, tlv_length(c));
	if (!cursor_ok(c))
		return false;
	*out = next;
	return true;
}

bool
tlv_enter(struct cursor *c, uint32_t tag)
{
	tlv_skip_filler(c);
	if (tlv_tag(c) != tag)
		cursor_fail(c);
	tlv_length(c);
	return cursor_ok(c);
}

bool
tlv_find(struct cursor c, uint32_t tag, struct cursor *value)
{
	struct tlv next;

	while (tlv_next(&c, &next)) {
		if (next.tag == tag) {
			*value = next.value;
			return true;
		}
	}
	return false;
}

static size_t
number_size(size_t number)
{
	size_t size = 1;

	while ((number >>= 8) > 0)
		size++;
	return size;
}

static void
number_put(struct builder *b, size_t number)
{
	size_t size = number_size(number);

	while (size-- > 0)
		builder_u8(b, (uint8_t)(number >> 8 * size));
}

void
tlv_header(struct builder *b, uint32_t tag, size_t size)
{
	number_put(b, tag);
	if (size >= LENGTH_LONG)
		builder_u8(b, (uint8_t)(LENGTH_LONG | number_size(size)));
	number_put(b, size);
}

void
tlv_put(struct builder *b, uint32_t tag, struct cursor value)
{
	tlv_header(b, tag, value.left);
	builder_append(b, value);
}
