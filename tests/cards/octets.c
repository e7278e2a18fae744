/* Bounded reading and writing of bytes, BER-TLV and hexadecimal text. */
#include "octets.h"

#include <string.h>

struct span
span_of(const void *bytes, size_t n)
{
	return (struct span){ .at = bytes, .left = n };
}

struct span
span_take(struct span *from, size_t n)
{
	struct span taken = { .at = from->at };

	if (from->bad || n > from->left) {
		*from = (struct span){ .at = from->at, .bad = true };
		taken.bad = true;
		return taken;
	}
	taken.left = n;
	if (n > 0)
		from->at += n;
	from->left -= n;
	return taken;
}

uint8_t
span_byte(struct span *from)
{
	struct span one = span_take(from, 1);

	return one.left == 1 ? one.at[0] : 0;
}

uint32_t
span_number(struct span *from, size_t n)
{
	uint32_t number = 0;

	while (n-- > 0)
		number = number << 8 | span_byte(from);
	return number;
}

static uint32_t
span_tag(struct span *from)
{
	uint32_t tag = span_byte(from);
	uint8_t next;

	if ((tag & 0x1f) != 0x1f)
		return tag;
	for (int i = 0; i < 2; i++) {
		next = span_byte(from);
		tag = tag << 8 | next;
		if (!(next & 0x80))
			return tag;
	}
	from->bad = true;
	return 0;
}

bool
span_tlv(struct span *from, uint32_t *tag, struct span *value)
{
	uint32_t length;

	if (from->bad || from->left == 0)
		return false;
	*tag = span_tag(from);
	length = span_byte(from);
	if (length >= 0x81 && length <= 0x83)
		length = span_number(from, length & 0x0f);
	else if (length >= 0x80)
		from->bad = true;
	*value = span_take(from, length);
	return !from->bad;
}

bool
span_find(struct span from, uint32_t tag, struct span *value)
{
	struct span found;
	uint32_t seen;

	while (span_tlv(&from, &seen, &found)) {
		if (seen == tag) {
			*value = found;
			return true;
		}
	}
	return false;
}

bool
span_is(struct span s, const void *bytes, size_t n)
{
	return !s.bad && s.left == n && (n == 0 || !memcmp(s.at, bytes, n));
}

struct pile
pile_of(void *bytes, size_t room)
{
	return (struct pile){ .at = bytes, .room = room };
}

uint8_t *
pile_reserve(struct pile *to, size_t n)
{
	uint8_t *place;

	if (to->bad || n > to->room - to->used) {
		to->bad = true;
		return NULL;
	}
	place = to->at + to->used;
	to->used += n;
	return place;
}

void
pile_byte(struct pile *to, uint8_t byte)
{
	pile_bytes(to, &byte, 1);
}

void
pile_bytes(struct pile *to, const void *bytes, size_t n)
{
	uint8_t *place = pile_reserve(to, n);

	if (place && n > 0)
		memcpy(place, bytes, n);
}

void
pile_span(struct pile *to, struct span s)
{
	pile_bytes(to, s.at, s.left);
}

void
pile_header(struct pile *to, uint32_t tag, size_t n)
{
	for (int shift = 24; shift >= 0; shift -= 8) {
		if (tag >> shift || shift == 0)
			pile_byte(to, (uint8_t)(tag >> shift));
	}
	if (n > 0xffff) {
		to->bad = true;
		return;
	}
	if (n > 0xff) {
		pile_byte(to, 0x82);
		pile_byte(to, (uint8_t)(n >> 8));
	} else if (n > 0x7f) {
		pile_byte(to, 0x81);
	}
	pile_byte(to, (uint8_t)n);
}

void
pile_tlv(struct pile *to, uint32_t tag, const void *bytes, size_t n)
{
	pile_header(to, tag, n);
	pile_bytes(to, bytes, n);
}

void
pile_text(struct pile *to, const char *text)
{
	pile_bytes(to, text, strlen(text));
}

struct span
pile_view(const struct pile *p)
{
	return span_of(p->at, p->used);
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

bool
hex_read(const char *text, struct pile *to)
{
	int high, low;

	for (; *text; text += 2) {
		high = hex_digit(text[0]);
		if (high < 0)
			return false;
		low = hex_digit(text[1]);
		if (low < 0)
			return false;
		pile_byte(to, (uint8_t)(high << 4 | low));
	}
	return !to->bad;
}

bool
hex_number(const char *text, uint32_t *number)
{
	uint32_t n = 0;
	size_t digits = strlen(text);

	if (digits == 0 || digits > 8)
		return false;
	for (; *text; text++) {
		if (hex_digit(*text) < 0)
			return false;
		n = n << 4 | (uint32_t)hex_digit(*text);
	}
	*number = n;
	return true;
}
