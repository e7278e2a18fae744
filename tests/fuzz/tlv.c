/* Fuzzes base/tlv.c: whatever the bytes are, what is read lies within them,
 * and written again it reads the same. */
#include <stdlib.h>

#include "tlv.h"

enum { DEPTH_MAX = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool holds)
{
	if (!holds)
		abort();
}

/* VALUE lies in WHOLE and ends where REST begins. */
static void
require_inside(struct cursor whole, struct cursor value, struct cursor rest)
{
	require(cursor_ok(&value));
	require(value.at >= whole.at);
	require(value.left <= whole.left);
	require(value.at + value.left == rest.at);
	require(rest.at + rest.left == whole.at + whole.left);
}

/* A header that may be longer than needed is never shorter. */
static void
require_header(const struct tlv *object, struct cursor before)
{
	uint8_t room[16];
	struct builder header = builder_over(room, sizeof(room));

	tlv_header(&header, object->tag, object->value.left);
	require(builder_ok(&header));
	require(header.used <= (size_t)(object->value.at - before.at));
}

/* Reads all objects and, in each, what may be objects again. */
static void
walk(struct cursor c, unsigned depth, struct builder *copy)
{
	struct cursor before = c, found;
	struct tlv object;

	while (tlv_next(&c, &object)) {
		require_inside(before, object.value, c);
		require_header(&object, before);
		require(tlv_find(before, object.tag, &found));
		require(cursor_same(found, object.value));
		tlv_put(copy, object.tag, object.value);
		if (depth < DEPTH_MAX) {
			struct builder inner = builder_heap(object.value.left);

			walk(object.value, depth + 1, &inner);
			builder_free(&inner);
		}
		before = c;
	}
	require(c.left == 0);
	/* the shortest form is no longer than what was read */
	require(builder_ok(copy));
}

/* Both hold the same objects, as far as the first is sound. */
static void
require_same(struct cursor c, struct cursor copy)
{
	struct tlv object, again;

	while (tlv_next(&c, &object)) {
		require(tlv_next(&copy, &again));
		require(object.tag == again.tag);
		require(cursor_same(object.value, again.value));
	}
	require(cursor_end(&copy));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_of(data, size);
	struct builder copy = builder_heap(size);

	walk(c, 0, &copy);
	require_same(c, builder_read(&copy));
	builder_free(&copy);
	return 0;
}
