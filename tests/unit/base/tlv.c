/* Tests of base/tlv.c. */
#include "case.h"

#include "tlv.h"

static void
assert_refused(struct cursor c)
{
	struct tlv out = { .tag = 0x1234 };

	assert_false(tlv_next(&c, &out));
	assert_false(cursor_ok(&c));
	assert_int_equal(out.tag, 0x1234);
	assert_false(tlv_next(&c, &out));
}

static void
assert_next(struct cursor *c, uint32_t tag, struct cursor value)
{
	struct tlv out;

	assert_true(tlv_next(c, &out));
	assert_true(cursor_ok(c));
	assert_int_equal(out.tag, tag);
	assert_true(cursor_same(out.value, value));
}

static void
assert_finished(struct cursor *c)
{
	struct tlv out;

	assert_false(tlv_next(c, &out));
	assert_true(cursor_end(c));
}

static void
test_indefinite(void **state)
{
	assert_refused(BYTES(0x30, 0x80));
	assert_refused(BYTES(0x30, 0x80, 0x04, 0x01, 0x00, 0x00, 0x00));
}

static void
test_tag_too_long(void **state)
{
	assert_refused(BYTES(0x5F, 0x81, 0x82, 0x83, 0x04, 0x00));
	assert_refused(BYTES(0x5F, 0x81, 0x82, 0x83, 0x84, 0x85, 0x00));
}

static void
test_tag_cut(void **state)
{
	assert_refused(BYTES(0x5F));
	assert_refused(BYTES(0x5F, 0xC1));
	assert_refused(BYTES(0x5F, 0xC1, 0x05));
}

static void
test_length_cut(void **state)
{
	assert_refused(BYTES(0x04));
	assert_refused(BYTES(0x04, 0x81));
	assert_refused(BYTES(0x04, 0x82, 0x00));
	assert_refused(BYTES(0x04, 0x84, 0x00, 0x00, 0x00));
}

static void
test_length_overrun(void **state)
{
	assert_refused(BYTES(0x04, 0x01));
	assert_refused(BYTES(0x04, 0x03, 0x01, 0x02));
	assert_refused(BYTES(0x04, 0x7F, 0x01, 0x02));
	assert_refused(BYTES(0x04, 0x81, 0xFF, 0x01));
	assert_refused(BYTES(0x04, 0x84, 0xFF, 0xFF, 0xFF, 0xFF, 0x01));
}

static void
test_length_too_long(void **state)
{
	assert_refused(BYTES(0x04, 0x85, 0x01, 0, 0, 0, 0, 0xAA));
	assert_refused(BYTES(0x04, 0x88, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
			     0xFF, 0xFF, 0xAA));
	assert_refused(BYTES(0x04, 0xFF, 0x01, 0xAA));
	/* one that wraps to a length that fits */
	assert_refused(
		BYTES(0x04, 0x89, 0x01, 0, 0, 0, 0, 0, 0, 0, 0x01, 0xAA));
}

static void
test_find_missing(void **state)
{
	struct cursor value = BYTES(0x77);
	const uint8_t inside[] = { 0x30, 0x03, 0x04, 0x01, 0xAA };

	assert_false(tlv_find(BYTES(0x04, 0x01, 0xAA), 0x05, &value));
	assert_false(tlv_find(cursor_of(NULL, 0), 0x05, &value));
	assert_false(tlv_find(cursor_of(NULL, 1), 0x05, &value));
	/* nor inside of others, nor behind what is malformed */
	assert_false(tlv_find(cursor_of(inside, 5), 0x04, &value));
	assert_false(tlv_find(BYTES(0x30, 0x80, 0x04, 0x00), 0x04, &value));
	assert_int_equal(cursor_u8(&value), 0x77);
}

static void
test_enter_refused(void **state)
{
	struct cursor c = BYTES(0x53, 0x82, 0x01);

	assert_false(tlv_enter(&c, 0x53));
	assert_false(cursor_ok(&c));
	c = BYTES(0x53, 0x02, 0x01, 0x02);
	assert_false(tlv_enter(&c, 0x70));
	assert_false(cursor_ok(&c));
	c = BYTES(0x53, 0x80, 0x01);
	assert_false(tlv_enter(&c, 0x53));
	c = cursor_of(NULL, 0);
	assert_false(tlv_enter(&c, 0x53));
}

static void
test_enter(void **state)
{
	struct cursor c = BYTES(0x53, 0x82, 0x01, 0x00, 0xAA, 0xBB);

	assert_true(tlv_enter(&c, 0x53));
	assert_true(cursor_same(c, BYTES(0xAA, 0xBB)));
}

static void
test_empty(void **state)
{
	struct cursor c = cursor_of(NULL, 0);

	assert_finished(&c);
	c = BYTES(0x04, 0x00);
	assert_next(&c, 0x04, cursor_of(NULL, 0));
	assert_finished(&c);
}

static void
test_filler(void **state)
{
	struct cursor c = BYTES(0x00, 0xFF, 0x04, 0x01, 0x00, 0x00, 0xFF, 0x05,
				0x00, 0xFF, 0x00);

	assert_next(&c, 0x04, BYTES(0x00));
	assert_next(&c, 0x05, cursor_of(NULL, 0));
	assert_finished(&c);
	c = BYTES(0xFF, 0xFF);
	assert_finished(&c);
}

static void
test_tags(void **state)
{
	struct cursor c =
		BYTES(0x5F, 0xC1, 0x05, 0x01, 0x01, 0x7F, 0x49, 0x01, 0x02,
		      0xDF, 0x81, 0x82, 0x03, 0x01, 0x03, 0x3F, 0x00, 0x00);

	assert_next(&c, 0x5FC105, BYTES(1));
	assert_next(&c, 0x7F49, BYTES(2));
	assert_next(&c, 0xDF818203, BYTES(3));
	assert_next(&c, 0x3F00, cursor_of(NULL, 0));
	assert_finished(&c);
}

static void
test_lengths(void **state)
{
	struct cursor c = BYTES(0x04, 0x81, 0x01, 0xAA, 0x04, 0x84, 0x00, 0x00,
				0x00, 0x01, 0xBB, 0x04, 0x86, 0x00, 0x00, 0x00,
				0x00, 0x00, 0x01, 0xCC, 0x04, 0x81, 0x00);

	/* longer than needed, but clear */
	assert_next(&c, 0x04, BYTES(0xAA));
	assert_next(&c, 0x04, BYTES(0xBB));
	assert_next(&c, 0x04, BYTES(0xCC));
	assert_next(&c, 0x04, cursor_of(NULL, 0));
	assert_finished(&c);
}

static void
test_nested(void **state)
{
	struct cursor c = BYTES(0x30, 0x06, 0x31, 0x04, 0x04, 0x03, 0x01, 0x02,
				0x04, 0x00);
	struct tlv outer, inner, leaf;

	assert_true(tlv_next(&c, &outer));
	assert_true(tlv_next(&outer.value, &inner));
	assert_int_equal(inner.tag, 0x31);
	assert_true(cursor_end(&outer.value));
	/* the leaf says one byte more than its parent has */
	assert_false(tlv_next(&inner.value, &leaf));
	assert_false(cursor_ok(&inner.value));
	/* its grandparent goes on */
	assert_next(&c, 0x04, cursor_of(NULL, 0));
	assert_finished(&c);
}

static void
test_find(void **state)
{
	const uint8_t data[] = { 0x70, 0x02, 0x01, 0x02, 0x71, 0x01,
				 0x03, 0x70, 0x01, 0x04, 0x30, 0x80 };
	struct cursor value;

	assert_true(tlv_find(cursor_of(data, sizeof(data)), 0x71, &value));
	assert_true(cursor_same(value, BYTES(3)));
	/* the first of two, and whatever comes behind */
	assert_true(tlv_find(cursor_of(data, sizeof(data)), 0x70, &value));
	assert_true(cursor_same(value, BYTES(1, 2)));
}

static void
assert_header(uint32_t tag, size_t size, struct cursor wanted)
{
	uint8_t room[16];
	struct builder b = builder_over(room, sizeof(room));

	tlv_header(&b, tag, size);
	assert_written(&b, wanted);
}

static void
test_header(void **state)
{
	assert_header(0x04, 0, BYTES(0x04, 0x00));
	assert_header(0x04, 0x7F, BYTES(0x04, 0x7F));
	assert_header(0x7F49, 0x80, BYTES(0x7F, 0x49, 0x81, 0x80));
	assert_header(0x5FC105, 0xFF, BYTES(0x5F, 0xC1, 0x05, 0x81, 0xFF));
	assert_header(0x30, 0x100, BYTES(0x30, 0x82, 0x01, 0x00));
	assert_header(0xDF818203, 0x10000,
		      BYTES(0xDF, 0x81, 0x82, 0x03, 0x83, 0x01, 0x00, 0x00));
	assert_header(0x30, 0x1000000,
		      BYTES(0x30, 0x84, 0x01, 0x00, 0x00, 0x00));
}

static void
test_put_bad(void **state)
{
	uint8_t room[4];
	struct builder b = builder_over(room, sizeof(room));

	tlv_put(&b, 0x04, BYTES(1, 2, 3));
	assert_false(builder_ok(&b));
	builder_reset(&b);
	tlv_put(&b, 0x04, cursor_of(NULL, 1));
	assert_false(builder_ok(&b));
}

static void
test_put(void **state)
{
	struct builder b = builder_heap(1000), inner = builder_heap(1000);
	struct cursor c;

	builder_fill(&inner, 0xAB, 200);
	tlv_put(&b, 0x5FC105, builder_read(&inner));
	tlv_put(&b, 0x04, cursor_of(NULL, 0));
	assert_int_equal(b.used, 3 + 2 + 200 + 2);
	c = builder_read(&b);
	assert_next(&c, 0x5FC105, builder_read(&inner));
	assert_next(&c, 0x04, cursor_of(NULL, 0));
	assert_finished(&c);
	builder_free(&inner);
	builder_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/base/tlv/next/indefinite", test_indefinite),
		CASE("/base/tlv/next/tag-too-long", test_tag_too_long),
		CASE("/base/tlv/next/tag-cut", test_tag_cut),
		CASE("/base/tlv/next/length-cut", test_length_cut),
		CASE("/base/tlv/next/length-overrun", test_length_overrun),
		CASE("/base/tlv/next/length-too-long", test_length_too_long),
		CASE("/base/tlv/find/missing", test_find_missing),
		CASE("/base/tlv/enter/refused", test_enter_refused),
		CASE("/base/tlv/put/bad", test_put_bad),
		CASE("/base/tlv/next/empty", test_empty),
		CASE("/base/tlv/next/filler", test_filler),
		CASE("/base/tlv/next/tags", test_tags),
		CASE("/base/tlv/next/lengths", test_lengths),
		CASE("/base/tlv/next/nested", test_nested),
		CASE("/base/tlv/find", test_find),
		CASE("/base/tlv/enter", test_enter),
		CASE("/base/tlv/header", test_header),
		CASE("/base/tlv/put", test_put),
	};

	return cmocka_run_group_tests_name("/base/tlv", tests, NULL, NULL);
}
