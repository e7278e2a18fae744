/* Bounded reading and writing of bytes; the only place that copies memory. */
#include "bytes.h"

#include <assert.h>
#include <string.h>

#include "mem.h"

enum { BUILDER_FIRST = 64 }; /* bytes of a heap builder's first room */

struct cursor
cursor_of(const void *data, size_t size)
{
	if (data == NULL && size > 0)
		return (struct cursor){ .bad = true };
	return (struct cursor){ .at = data, .left = size };
}

bool
cursor_ok(const struct cursor *c)
{
	return !c->bad;
}

bool
cursor_end(const struct cursor *c)
{
	return !c->bad && c->left == 0;
}

void
cursor_fail(struct cursor *c)
{
	c->bad = true;
	c->left = 0;
}

static uint64_t
cursor_number(struct cursor *c, size_t size)
{
	struct cursor bytes = cursor_take(c, size);
	uint64_t value = 0;

	for (; bytes.left > 0; bytes.left--)
		value = value << 8 | *bytes.at++;
	return value;
}

uint8_t
cursor_u8(struct cursor *c)
{
	return (uint8_t)cursor_number(c, 1);
}

uint16_t
cursor_u16(struct cursor *c)
{
	return (uint16_t)cursor_number(c, 2);
}

uint32_t
cursor_u32(struct cursor *c)
{
	return (uint32_t)cursor_number(c, 4);
}

uint64_t
cursor_u64(struct cursor *c)
{
	return cursor_number(c, 8);
}

struct cursor
cursor_take(struct cursor *c, size_t size)
{
	struct cursor taken = { .at = c->at, .left = size };

	if (c->bad || size > c->left) {
		cursor_fail(c);
		return *c;
	}
	if (size > 0)
		c->at += size;
	c->left -= size;
	return taken;
}

struct cursor
cursor_rest(struct cursor *c)
{
	return cursor_take(c, c->left);
}

void
cursor_copy(struct cursor *c, void *out, size_t size)
{
	struct cursor bytes = cursor_take(c, size);

	if (bytes.left > 0)
		memcpy(out, bytes.at, bytes.left);
}

struct cursor
cursor_unpadded(struct cursor c)
{
	while (c.left > 0 && *c.at == 0) {
		c.at++;
		c.left--;
	}
	return c;
}

bool
cursor_is(struct cursor c, const void *data, size_t size)
{
	return cursor_same(c, cursor_of(data, size));
}

bool
cursor_same(struct cursor a, struct cursor b)
{
	if (a.bad || b.bad || a.left != b.left)
		return false;
	return a.left == 0 || memcmp(a.at, b.at, a.left) == 0;
}

bool
cursor_begins(struct cursor c, const void *data, size_t size)
{
	return cursor_is(cursor_take(&c, size), data, size);
}

/* FNV-1a, 64 bits. */
uint64_t
cursor_hash(struct cursor c)
{
	uint64_t hash = 0xCBF29CE484222325;

	for (; c.left > 0; c.left--)
		hash = (hash ^ *c.at++) * 0x100000001B3;
	return hash ^ hash >> 32;
}

struct builder
builder_over(void *buffer, size_t size)
{
	size_t room = buffer == NULL ? 0 : size;

	return (struct builder){ .data = buffer, .room = room, .limit = room };
}

struct builder
builder_heap(size_t limit)
{
	return (struct builder){ .limit = limit, .heap = true };
}

void
builder_free(struct builder *b)
{
	if (b == NULL || !b->heap)
		return;
	mem_free(b->data, b->room);
	*b = builder_heap(b->limit);
}

void
builder_reset(struct builder *b)
{
	mem_wipe(b->data, b->used);
	b->used = 0;
	b->bad = false;
}

bool
builder_ok(const struct builder *b)
{
	return !b->bad;
}

struct cursor
builder_read(const struct builder *b)
{
	struct cursor c = cursor_of(b->data, b->used);

	if (b->bad)
		cursor_fail(&c);
	return c;
}

/* Moves a heap builder into at least NEEDED bytes; realloc would not wipe. */
static bool
builder_grow(struct builder *b, size_t needed)
{
	size_t room = b->room < BUILDER_FIRST ? BUILDER_FIRST : b->room;
	uint8_t *data;

	while (room < needed && room <= b->limit / 2)
		room *= 2;
	if (room < needed || room > b->limit)
		room = b->limit;
	data = mem_new(room);
	if (data == NULL)
		return false;
	if (b->used > 0)
		memcpy(data, b->data, b->used);
	mem_free(b->data, b->room);
	b->data = data;
	b->room = room;
	return true;
}

/* Are there SIZE more bytes? */
static bool
builder_fits(struct builder *b, size_t size)
{
	if (b->bad || size > b->limit - b->used)
		return false;
	if (b->data != NULL && size <= b->room - b->used)
		return true;
	return b->heap ? builder_grow(b, b->used + size) : size == 0;
}

uint8_t *
builder_claim(struct builder *b, size_t size)
{
	uint8_t *place;

	if (!builder_fits(b, size)) {
		b->bad = true;
		return NULL;
	}
	if (b->data == NULL)
		return NULL;
	place = b->data + b->used;
	b->used += size;
	return place;
}

static void
builder_number(struct builder *b, uint64_t value, size_t size)
{
	uint8_t *place = builder_claim(b, size);

	if (place == NULL)
		return;
	for (; size > 0; size--) {
		place[size - 1] = (uint8_t)value;
		value >>= 8;
	}
}

void
builder_u8(struct builder *b, uint8_t value)
{
	builder_number(b, value, 1);
}

void
builder_u16(struct builder *b, uint16_t value)
{
	builder_number(b, value, 2);
}

void
builder_u32(struct builder *b, uint32_t value)
{
	builder_number(b, value, 4);
}

void
builder_u64(struct builder *b, uint64_t value)
{
	builder_number(b, value, 8);
}

void
builder_put(struct builder *b, const void *data, size_t size)
{
	builder_append(b, cursor_of(data, size));
}

void
builder_append(struct builder *b, struct cursor c)
{
	uint8_t *place;

	if (c.bad) {
		b->bad = true;
		return;
	}
	place = builder_claim(b, c.left);
	if (place != NULL && c.left > 0)
		memcpy(place, c.at, c.left);
}

void
builder_fill(struct builder *b, uint8_t value, size_t count)
{
	uint8_t *place = builder_claim(b, count);

	if (place != NULL)
		memset(place, value, count);
}

void
builder_padded(struct builder *b, struct cursor c, size_t size)
{
	if (c.bad || c.left > size) {
		b->bad = true;
		return;
	}
	builder_fill(b, 0, size - c.left);
	builder_append(b, c);
}

void
builder_text(struct builder *b, const char *text)
{
	builder_put(b, text, strlen(text));
}

void
builder_hex(struct builder *b, struct cursor c)
{
	static const char digits[] = "0123456789ABCDEF";
	uint8_t *place;

	if (c.bad || c.left > SIZE_MAX / 2) {
		b->bad = true;
		return;
	}
	place = builder_claim(b, 2 * c.left);
	if (place == NULL)
		return;
	for (; c.left > 0; c.left--) {
		*place++ = (uint8_t)digits[*c.at >> 4];
		*place++ = (uint8_t)digits[*c.at++ & 0x0F];
	}
}

uint8_t *
builder_space(struct builder *b, size_t size)
{
	uint8_t *place = builder_claim(b, size);

	if (place != NULL)
		memset(place, 0, size);
	return place;
}

void
builder_trim(struct builder *b, size_t unused)
{
	if (unused > b->used) {
		b->bad = true;
		return;
	}
	b->used -= unused;
	if (unused > 0)
		mem_wipe(b->data + b->used, unused);
}

uint8_t *
builder_give(struct builder *b, size_t *size)
{
	uint8_t *data = b->data;

	assert(b->heap);
	*size = 0;
	if (b->bad || b->used == 0) {
		builder_free(b);
		return NULL;
	}
	*size = b->used;
	*b = builder_heap(b->limit);
	return data;
}

/* The longest beginning of TEXT in SIZE bytes that cuts no UTF-8 character. */
static size_t
text_fit(struct cursor text, size_t size)
{
	if (text.left <= size)
		return text.left;
	while (size > 0 && (text.at[size] & 0xC0) == 0x80)
		size--;
	return size;
}

void
text_pad(uint8_t *field, size_t size, struct cursor text)
{
	size_t used = text.bad ? 0 : text_fit(text, size);

	if (used > 0)
		memcpy(field, text.at, used);
	memset(field + used, ' ', size - used);
}
