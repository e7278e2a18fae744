/* Foreign bytes are read through a cursor and written through a builder. */
#ifndef SIGNET_BYTES_H
#define SIGNET_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "must_check.h"

/*
 * A bounded reader. The first read past the end makes it bad for good: every
 * later read yields zero or an empty, bad child. So a parser reads on and
 * checks once, with cursor_ok() or cursor_end(), before it believes a byte.
 */
struct cursor {
	const uint8_t *at;
	size_t left;
	bool bad;
};

/* A cursor over SIZE bytes at DATA, which it borrows. NULL with 0 is empty. */
struct cursor cursor_of(const void *data, size_t size);

/* True as long as nothing was read past the end. */
bool cursor_ok(const struct cursor *c) MUST_CHECK;
/* True when all was read and nothing past it: trailing bytes are an error. */
bool cursor_end(const struct cursor *c) MUST_CHECK;
/* Makes the cursor bad: the parser met something that cannot be. */
void cursor_fail(struct cursor *c);

/* The next 1, 2, 4 or 8 bytes as a big-endian number. */
uint8_t cursor_u8(struct cursor *c);
uint16_t cursor_u16(struct cursor *c);
uint32_t cursor_u32(struct cursor *c);
uint64_t cursor_u64(struct cursor *c);

/* The next SIZE bytes (or all the rest) as a child that cannot leave them. */
struct cursor cursor_take(struct cursor *c, size_t size);
struct cursor cursor_rest(struct cursor *c);
/* Copies the next SIZE bytes to OUT, which is untouched when the read is bad. */
void cursor_copy(struct cursor *c, void *out, size_t size);
/* The same cursor without its leading zero bytes (big-endian numbers). */
struct cursor cursor_unpadded(struct cursor c);

/* Is what is left of C exactly these bytes? Not for secrets. */
bool cursor_is(struct cursor c, const void *data, size_t size);
bool cursor_same(struct cursor a, struct cursor b);
/* Does C begin with these bytes? */
bool cursor_begins(struct cursor c, const void *data, size_t size);
/* A number that spreads bytes over a table; no secret is safe behind it. */
uint64_t cursor_hash(struct cursor c);

/*
 * A bounded writer. The first write that does not fit makes it bad for good
 * and leaves what was written before; check once, with builder_ok().
 */
struct builder {
	uint8_t *data;
	size_t used;
	size_t room;  /* bytes at data */
	size_t limit; /* it may grow to this; equals room for a fixed one */
	bool heap;
	bool bad;
};

/* A builder over the caller's SIZE bytes at BUFFER. */
struct builder builder_over(void *buffer, size_t size);
/* A builder on the heap that grows up to LIMIT bytes; for secrets too, as it
 * wipes what it leaves behind. builder_free() ends it. */
struct builder builder_heap(size_t limit);
/* Wipes and frees a heap builder's memory; wipes nothing of the caller's. */
void builder_free(struct builder *b);
/* Forgets (and wipes) what was written and forgives what was bad. */
void builder_reset(struct builder *b);

bool builder_ok(const struct builder *b) MUST_CHECK;
struct cursor builder_read(const struct builder *b);

void builder_u8(struct builder *b, uint8_t value);
void builder_u16(struct builder *b, uint16_t value);
void builder_u32(struct builder *b, uint32_t value);
void builder_u64(struct builder *b, uint64_t value);
void builder_put(struct builder *b, const void *data, size_t size);
void builder_append(struct builder *b, struct cursor c);
void builder_fill(struct builder *b, uint8_t value, size_t count);
/* Appends C left-padded with zeros to SIZE bytes; bad when C is longer. */
void builder_padded(struct builder *b, struct cursor c, size_t size);
/* Appends text without its final NUL, or in upper-case hexadecimal. */
void builder_text(struct builder *b, const char *text);
void builder_hex(struct builder *b, struct cursor c);

/*
 * Room for SIZE more bytes that a library will fill in: counted as written,
 * zeroed; NULL when they do not fit. builder_trim() takes back what the
 * library left unused.
 */
uint8_t *builder_space(struct builder *b, size_t size) MUST_CHECK;
/* The same, not zeroed: much data is written once. */
uint8_t *builder_claim(struct builder *b, size_t size) MUST_CHECK;
void builder_trim(struct builder *b, size_t unused);

/* Gives a heap builder's bytes to the caller (free with mem_free()), NULL and
 * 0 when it is bad or empty; the builder is empty afterwards. */
uint8_t *builder_give(struct builder *b, size_t *size) MUST_CHECK;

/* Copies text into a field of Cryptoki's: blank-padded, no NUL, cut at a
 * UTF-8 character's border when it is too long (PKCS#11 3.2, 3.1). */
void text_pad(uint8_t *field, size_t size, struct cursor text);

#endif
