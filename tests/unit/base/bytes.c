/* Tests of base/bytes.c. */
#include "case.h"

#include "mem.h"

static void
test_read_past_end(void **state)
{
	struct cursor c = BYTES(1, 2, 3);

	assert_int_equal(cursor_u32(&c), 0);
	assert_false(cursor_ok(&c));
	assert_false(cursor_end(&c));
	/* what was there before is out of reach now */
	assert_int_equal(cursor_u8(&c), 0);
	assert_int_equal(cursor_u16(&c), 0);
	assert_int_equal(cursor_u64(&c), 0);
	assert_int_equal(cursor_rest(&c).left, 0);
	assert_false(cursor_ok(&c));
}

static void
test_take_past_end(void **state)
{
	struct cursor c = BYTES(1, 2, 3);
	struct cursor child = cursor_take(&c, 4);

	assert_false(cursor_ok(&child));
	assert_int_equal(child.left, 0);
	assert_false(cursor_ok(&c));
	child = cursor_take(&c, 0);
	assert_false(cursor_ok(&child));
	c = BYTES(1);
	child = cursor_take(&c, SIZE_MAX);
	assert_false(cursor_ok(&child));
}

static void
test_copy_past_end(void **state)
{
	struct cursor c = BYTES(1, 2, 3);
	uint8_t out[4] = { 9, 9, 9, 9 };

	cursor_copy(&c, out, 4);
	assert_false(cursor_ok(&c));
	assert_memory_equal(out, ((uint8_t[]){ 9, 9, 9, 9 }), 4);
}

static void
test_null(void **state)
{
	struct cursor c = cursor_of(NULL, 1);

	assert_false(cursor_ok(&c));
	c = cursor_of(NULL, 0);
	assert_true(cursor_end(&c));
	c = cursor_take(&c, 0);
	assert_true(cursor_end(&c));
}

static void
test_failed(void **state)
{
	struct cursor c = BYTES(1, 2, 3), empty = cursor_of(NULL, 0);

	cursor_fail(&c);
	assert_int_equal(cursor_u8(&c), 0);
	assert_false(cursor_ok(&c));
	/* a bad cursor is like nothing, not even like another bad one */
	assert_false(cursor_same(c, empty));
	assert_false(cursor_same(empty, c));
	assert_false(cursor_same(c, c));
	assert_false(cursor_begins(c, NULL, 0));
	assert_false(cursor_is(c, NULL, 0));
}

static void
test_numbers(void **state)
{
	struct cursor c =
		BYTES(1, 2, 3, 0xFF, 5, 6, 7, 0xF8, 9, 10, 11, 12, 13, 14, 15);

	assert_int_equal(cursor_u8(&c), 1);
	assert_int_equal(cursor_u16(&c), 0x0203);
	assert_int_equal(cursor_u32(&c), 0xFF050607);
	assert_true(cursor_u64(&c) == 0xF8090A0B0C0D0E0F);
	assert_true(cursor_end(&c));
}

static void
test_children(void **state)
{
	struct cursor c = BYTES(1, 2, 3, 4, 5);
	struct cursor child = cursor_take(&c, 2);
	uint8_t out[2];

	cursor_copy(&child, out, 2);
	assert_memory_equal(out, ((uint8_t[]){ 1, 2 }), 2);
	assert_true(cursor_end(&child));
	assert_int_equal(cursor_u8(&child), 0);
	assert_false(cursor_ok(&child));
	/* its parent does not care */
	assert_true(cursor_ok(&c));
	assert_false(cursor_end(&c));
	assert_true(cursor_same(cursor_rest(&c), BYTES(3, 4, 5)));
	assert_true(cursor_end(&c));
}

static void
test_compare(void **state)
{
	struct cursor c = BYTES(0, 0, 1, 2);
	const uint8_t same[] = { 0, 0, 1, 2 }, other[] = { 0, 0, 1, 3 };

	assert_false(cursor_is(c, other, 4));
	assert_false(cursor_is(c, same, 3));
	assert_false(cursor_begins(c, other, 4));
	assert_false(cursor_begins(cursor_of(same, 3), same, 4));
	assert_true(cursor_is(c, same, 4));
	assert_true(cursor_begins(c, same, 3));
	assert_true(cursor_begins(c, NULL, 0));
	assert_true(cursor_same(cursor_unpadded(c), BYTES(1, 2)));
	assert_int_equal(cursor_unpadded(BYTES(0, 0)).left, 0);
	assert_int_equal(c.left, 4);
}

static void
test_write_past_end(void **state)
{
	uint8_t room[4] = { 9, 9, 9, 9 };
	struct builder b = builder_over(room, 3);

	builder_u16(&b, 0x0102);
	builder_u16(&b, 0x0304);
	assert_false(builder_ok(&b));
	builder_u8(&b, 5);
	assert_false(builder_ok(&b));
	assert_null(builder_space(&b, 0));
	assert_int_equal(b.used, 2);
	assert_memory_equal(room, ((uint8_t[]){ 1, 2, 9, 9 }), 4);
	assert_int_equal(builder_read(&b).left, 0);
	assert_true(builder_read(&b).bad);
}

static void
test_write_bad_input(void **state)
{
	uint8_t room[8];
	struct builder b = builder_over(room, sizeof(room));
	struct cursor bad = cursor_of(NULL, 1);

	builder_append(&b, bad);
	assert_false(builder_ok(&b));
	builder_reset(&b);
	builder_put(&b, NULL, 3);
	assert_false(builder_ok(&b));
	builder_reset(&b);
	builder_padded(&b, bad, 8);
	assert_false(builder_ok(&b));
	builder_reset(&b);
	builder_hex(&b, bad);
	assert_false(builder_ok(&b));
	builder_reset(&b);
	builder_padded(&b, BYTES(1, 2, 3), 2);
	assert_false(builder_ok(&b));
	builder_reset(&b);
	builder_trim(&b, 1);
	assert_false(builder_ok(&b));
	assert_int_equal(b.used, 0);
}

static void
test_write_nowhere(void **state)
{
	struct builder b = builder_over(NULL, 8);

	builder_put(&b, NULL, 0);
	assert_true(builder_ok(&b));
	builder_u8(&b, 1);
	assert_false(builder_ok(&b));
}

static void
test_heap_limit(void **state)
{
	struct builder b = builder_heap(100);
	size_t size = 1;

	builder_fill(&b, 7, 100);
	assert_true(builder_ok(&b));
	builder_u8(&b, 7);
	assert_false(builder_ok(&b));
	assert_int_equal(b.used, 100);
	assert_null(builder_give(&b, &size));
	assert_int_equal(size, 0);
	/* and may be used again */
	assert_true(builder_ok(&b));
	builder_fill(&b, 7, SIZE_MAX);
	assert_false(builder_ok(&b));
	builder_free(&b);
	assert_null(b.data);
	builder_free(&b);
	builder_free(NULL);
}

static void
test_heap_none(void **state)
{
	struct builder b = builder_heap(0);

	builder_u8(&b, 1);
	assert_false(builder_ok(&b));
	builder_free(&b);
}

static void
test_heap_grows(void **state)
{
	struct builder b = builder_heap(1 << 20);
	struct cursor c;
	uint8_t *given;
	size_t size;

	for (uint32_t i = 0; i < 5000; i++)
		builder_u32(&b, i);
	assert_true(builder_ok(&b));
	/* doubling, not in one step to the limit */
	assert_in_range(b.room, 20000, 40000);
	c = builder_read(&b);
	for (uint32_t i = 0; i < 5000; i++)
		assert_int_equal(cursor_u32(&c), i);
	assert_true(cursor_end(&c));
	given = builder_give(&b, &size);
	assert_non_null(given);
	assert_int_equal(size, 20000);
	assert_null(b.data);
	assert_int_equal(b.used, 0);
	mem_free(given, size);
	assert_null(builder_give(&b, &size));
}

static void
test_numbers_written(void **state)
{
	uint8_t room[15];
	struct builder b = builder_over(room, sizeof(room));

	builder_u8(&b, 1);
	builder_u16(&b, 0x0203);
	builder_u32(&b, 0xFF050607);
	builder_u64(&b, 0xF8090A0B0C0D0E0F);
	assert_written(&b, BYTES(1, 2, 3, 0xFF, 5, 6, 7, 0xF8, 9, 10, 11, 12,
				 13, 14, 15));
}

static void
test_forms(void **state)
{
	uint8_t room[32];
	struct builder b = builder_over(room, sizeof(room));

	builder_text(&b, "PIN");
	builder_hex(&b, BYTES(0x0A, 0xBC));
	builder_fill(&b, 0xFF, 2);
	builder_padded(&b, BYTES(1, 2), 4);
	builder_padded(&b, BYTES(3), 1);
	assert_written(&b, BYTES('P', 'I', 'N', '0', 'A', 'B', 'C', 0xFF, 0xFF,
				 0, 0, 1, 2, 3));
}

static void
test_space(void **state)
{
	struct builder b = builder_heap(1000);
	uint8_t *space;

	space = builder_space(&b, 0);
	assert_non_null(space);
	builder_u8(&b, 1);
	space = builder_space(&b, 4);
	assert_non_null(space);
	assert_memory_equal(space, ((uint8_t[4]){ 0 }), 4);
	space[0] = 2;
	space[3] = 9;
	builder_trim(&b, 3);
	/* what was taken back is wiped */
	assert_int_equal(space[3], 0);
	assert_written(&b, BYTES(1, 2));
	assert_null(builder_space(&b, 999));
	assert_false(builder_ok(&b));
	builder_free(&b);
}

static void
test_reset(void **state)
{
	uint8_t room[4] = { 9, 9, 9, 9 };
	struct builder b = builder_over(room, 3);

	builder_text(&b, "PIN");
	builder_u8(&b, 1);
	assert_false(builder_ok(&b));
	builder_reset(&b);
	assert_memory_equal(room, ((uint8_t[]){ 0, 0, 0, 9 }), 4);
	builder_u8(&b, 1);
	assert_written(&b, BYTES(1));
	builder_free(&b);
	assert_int_equal(room[0], 1);
}

static void
assert_padded(struct cursor text, const char *wanted)
{
	uint8_t field[9] = "........#";

	text_pad(field, 8, text);
	assert_memory_equal(field, wanted, 8);
	assert_int_equal(field[8], '#');
}

static void
test_text_pad(void **state)
{
	assert_padded(cursor_of(NULL, 1), "        ");
	assert_padded(TEXT("abcdefghi"), "abcdefgh");
	/* two, three and four bytes that end one byte too late */
	assert_padded(TEXT("abcdefg\xC3\xA9"), "abcdefg ");
	assert_padded(TEXT("abcdef\xE2\x82\xAC"), "abcdef  ");
	assert_padded(TEXT("abcde\xF0\x9F\x94\x91"), "abcde   ");
	assert_padded(TEXT("\x80\x80\x80\x80\x80\x80\x80\x80\x80"), "        ");
	assert_padded(TEXT("abcdef\xC3\xA9"), "abcdef\xC3\xA9");
	assert_padded(TEXT("abcdef\xC3\xA9x"), "abcdef\xC3\xA9");
	assert_padded(TEXT(""), "        ");
	assert_padded(TEXT("abc"), "abc     ");
	assert_padded(TEXT("abcdefgh"), "abcdefgh");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/base/bytes/cursor/past-end", test_read_past_end),
		CASE("/base/bytes/cursor/take-past-end", test_take_past_end),
		CASE("/base/bytes/cursor/copy-past-end", test_copy_past_end),
		CASE("/base/bytes/cursor/null", test_null),
		CASE("/base/bytes/cursor/failed", test_failed),
		CASE("/base/bytes/cursor/numbers", test_numbers),
		CASE("/base/bytes/cursor/children", test_children),
		CASE("/base/bytes/cursor/compare", test_compare),
		CASE("/base/bytes/builder/past-end", test_write_past_end),
		CASE("/base/bytes/builder/bad-input", test_write_bad_input),
		CASE("/base/bytes/builder/nowhere", test_write_nowhere),
		CASE("/base/bytes/builder/heap-limit", test_heap_limit),
		CASE("/base/bytes/builder/heap-none", test_heap_none),
		CASE("/base/bytes/builder/heap-grows", test_heap_grows),
		CASE("/base/bytes/builder/numbers", test_numbers_written),
		CASE("/base/bytes/builder/forms", test_forms),
		CASE("/base/bytes/builder/space", test_space),
		CASE("/base/bytes/builder/reset", test_reset),
		CASE("/base/bytes/text-pad", test_text_pad),
	};

	return cmocka_run_group_tests_name("/base/bytes", tests, NULL, NULL);
}
