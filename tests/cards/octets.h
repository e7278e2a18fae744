/* Bounded reading and writing of bytes, BER-TLV and hexadecimal text. */
#ifndef TESTS_CARDS_OCTETS_H
#define TESTS_CARDS_OCTETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A bounded reader: the first bad read makes it bad and empty for good. */
struct span {
	const uint8_t *at;
	size_t left;
	bool bad;
};

/* A bounded writer: what does not fit makes it bad, and nothing is written. */
struct pile {
	uint8_t *at;
	size_t used;
	size_t room;
	bool bad;
};

struct span
span_of(const void *bytes, size_t n);

uint8_t
span_byte(struct span *from);

/* A big-endian number of n bytes, n <= 4. */
uint32_t
span_number(struct span *from, size_t n);

struct span
span_take(struct span *from, size_t n);

/* Takes the next TLV; false at the end and when malformed (then bad). */
bool
span_tlv(struct span *from, uint32_t *tag, struct span *value);

/* Finds the first TLV with this tag in a template; false when it is absent
 * or the template is malformed before it. */
bool
span_find(struct span from, uint32_t tag, struct span *value);

bool
span_is(struct span s, const void *bytes, size_t n);

struct pile
pile_of(void *bytes, size_t room);

void
pile_byte(struct pile *to, uint8_t byte);

void
pile_bytes(struct pile *to, const void *bytes, size_t n);

void
pile_span(struct pile *to, struct span s);

/* Room for n bytes that the caller fills; NULL when there is none. */
uint8_t *
pile_reserve(struct pile *to, size_t n);

void
pile_header(struct pile *to, uint32_t tag, size_t n);

void
pile_tlv(struct pile *to, uint32_t tag, const void *bytes, size_t n);

void
pile_text(struct pile *to, const char *text);

struct span
pile_view(const struct pile *p);

/* Whole text of hexadecimal digit pairs into the pile; false otherwise. */
bool
hex_read(const char *text, struct pile *to);

/* At most 8 hexadecimal digits; false when there is anything else. */
bool
hex_number(const char *text, uint32_t *number);

#endif
