/* Tests of base/wire.c: the cases of ISO/IEC 7816-3, 12.1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "apdu.h"

static uint8_t out_bytes[APDU_WIRE_MAX];
static uint8_t data_bytes[APDU_COMMAND_MAX + 1];

static struct apdu
command_of(size_t data, size_t le)
{
	struct apdu command = { .cla = 0x00,
				.ins = 0xCB,
				.p1 = 0x3F,
				.p2 = 0xFF,
				.data = cursor_of(data_bytes, data),
				.le = le };

	return command;
}

static void
assert_bytes(const struct builder *b, const void *bytes, size_t size)
{
	struct cursor written = builder_read(b);

	assert_true(builder_ok(b));
	assert_int_equal(written.left, size);
	assert_memory_equal(written.at, bytes, size);
}

/* Encodes and checks the head of the wire bytes, and how many there are. */
static void
assert_wire(struct apdu command, bool t0, struct cursor head, size_t size)
{
	struct builder out = builder_over(out_bytes, sizeof(out_bytes));
	struct cursor written;

	assert_int_equal(apdu_encode(&command, t0, &out), CKR_OK);
	written = builder_read(&out);
	assert_int_equal(written.left, size);
	assert_true(cursor_begins(written, head.at, head.left));
}

#define HEAD(...)                                   \
	cursor_of((const uint8_t[]){ __VA_ARGS__ }, \
		  sizeof((const uint8_t[]){ __VA_ARGS__ }))

static void
assert_refused(struct apdu command, bool t0)
{
	struct builder out = builder_over(out_bytes, sizeof(out_bytes));

	assert_int_equal(apdu_encode(&command, t0, &out), CKR_DATA_LEN_RANGE);
	assert_int_equal(builder_read(&out).left, 0);
}

static void
test_too_long(void **state)
{
	assert_refused(command_of(APDU_COMMAND_MAX + 1, 0), false);
	assert_refused(command_of(0, APDU_ANSWER_MAX + 1), false);
	assert_refused(command_of(0, SIZE_MAX), true);
}

static void
test_t0_too_long(void **state)
{
	assert_refused(command_of(APDU_SHORT_DATA + 1, 0), true);
	assert_refused(command_of(APDU_COMMAND_MAX, 256), true);
}

static void
test_bad_data(void **state)
{
	struct apdu command = command_of(4, 0);

	cursor_fail(&command.data);
	assert_refused(command, false);
	assert_refused(command, true);
}

static void
test_no_room(void **state)
{
	struct apdu command = command_of(4, 0);
	struct builder out = builder_over(out_bytes, 8);

	assert_int_equal(apdu_encode(&command, false, &out), CKR_HOST_MEMORY);
}

static void
test_answer_short(void **state)
{
	static const uint8_t bytes[] = { 0x90 };
	struct cursor data = cursor_of(bytes, sizeof(bytes)), bad;
	uint16_t sw = 0x1234;

	assert_false(apdu_answer(cursor_of(NULL, 0), &data, &sw));
	assert_false(apdu_answer(cursor_of(bytes, 1), &data, &sw));
	bad = cursor_of(bytes, sizeof(bytes));
	cursor_fail(&bad);
	assert_false(apdu_answer(bad, &data, &sw));
	assert_ptr_equal(data.at, bytes);
	assert_int_equal(data.left, 1);
	assert_int_equal(sw, 0x1234);
}

static void
test_case_1(void **state)
{
	assert_wire(command_of(0, 0), false, HEAD(0x00, 0xCB, 0x3F, 0xFF), 4);
}

static void
test_case_2_short(void **state)
{
	assert_wire(command_of(0, 1), false, HEAD(0, 0xCB, 0x3F, 0xFF, 1), 5);
	assert_wire(command_of(0, 255), false, HEAD(0, 0xCB, 0x3F, 0xFF, 255),
		    5);
	assert_wire(command_of(0, 256), false, HEAD(0, 0xCB, 0x3F, 0xFF, 0), 5);
}

static void
test_case_2_extended(void **state)
{
	assert_wire(command_of(0, 257), false,
		    HEAD(0, 0xCB, 0x3F, 0xFF, 0, 1, 1), 7);
	assert_wire(command_of(0, 65535), false,
		    HEAD(0, 0xCB, 0x3F, 0xFF, 0, 0xFF, 0xFF), 7);
	assert_wire(command_of(0, 65536), false,
		    HEAD(0, 0xCB, 0x3F, 0xFF, 0, 0, 0), 7);
}

static void
test_case_3_short(void **state)
{
	assert_wire(command_of(3, 0), false,
		    HEAD(0, 0xCB, 0x3F, 0xFF, 3, 'a', 'b', 'c'), 8);
	assert_wire(command_of(255, 0), false,
		    HEAD(0, 0xCB, 0x3F, 0xFF, 255, 'a'), 5 + 255);
}

static void
test_case_3_extended(void **state)
{
	assert_wire(command_of(256, 0), false,
		    HEAD(0, 0xCB, 0x3F, 0xFF, 0, 1, 0, 'a'), 7 + 256);
	assert_wire(command_of(65535, 0), false,
		    HEAD(0, 0xCB, 0x3F, 0xFF, 0, 0xFF, 0xFF, 'a'), 7 + 65535);
}

static void
test_case_4_short(void **state)
{
	assert_wire(command_of(2, 3), false,
		    HEAD(0, 0xCB, 0x3F, 0xFF, 2, 'a', 'b', 3), 8);
	assert_wire(command_of(2, 256), false,
		    HEAD(0, 0xCB, 0x3F, 0xFF, 2, 'a', 'b', 0), 8);
}

/* Both lengths are short or both extended; one 00 announces them. */
static void
test_case_4_extended(void **state)
{
	assert_wire(command_of(2, 257), false,
		    HEAD(0, 0xCB, 0x3F, 0xFF, 0, 0, 2, 'a', 'b', 1, 1), 11);
	assert_wire(command_of(256, 1), false,
		    HEAD(0, 0xCB, 0x3F, 0xFF, 0, 1, 0, 'a'), 9 + 256);
	assert_int_equal(out_bytes[7 + 256], 0);
	assert_int_equal(out_bytes[8 + 256], 1);
	assert_wire(command_of(65535, 65536), false,
		    HEAD(0, 0xCB, 0x3F, 0xFF, 0, 0xFF, 0xFF, 'a'),
		    APDU_WIRE_MAX);
	assert_int_equal(out_bytes[APDU_WIRE_MAX - 1], 0);
}

static void
test_t0_cases(void **state)
{
	assert_wire(command_of(0, 0), true, HEAD(0, 0xCB, 0x3F, 0xFF, 0), 5);
	assert_wire(command_of(0, 7), true, HEAD(0, 0xCB, 0x3F, 0xFF, 7), 5);
	assert_wire(command_of(0, 256), true, HEAD(0, 0xCB, 0x3F, 0xFF, 0), 5);
	assert_wire(command_of(1, 0), true, HEAD(0, 0xCB, 0x3F, 0xFF, 1, 'a'),
		    6);
	assert_wire(command_of(1, 9), true, HEAD(0, 0xCB, 0x3F, 0xFF, 1, 'a'),
		    6);
	assert_wire(command_of(255, 256), true,
		    HEAD(0, 0xCB, 0x3F, 0xFF, 255, 'a'), 5 + 255);
}

/* 258 must not become Le 02. */
static void
test_t0_long_answer(void **state)
{
	assert_wire(command_of(0, 258), true, HEAD(0, 0xCB, 0x3F, 0xFF, 0), 5);
	assert_wire(command_of(0, 65536), true, HEAD(0, 0xCB, 0x3F, 0xFF, 0),
		    5);
	assert_wire(command_of(1, 65536), true,
		    HEAD(0, 0xCB, 0x3F, 0xFF, 1, 'a'), 6);
}

static void
test_appends(void **state)
{
	static const uint8_t expected[] = { 0xEE, 0, 0xCB, 0x3F, 0xFF };
	struct apdu command = command_of(0, 0);
	struct builder out = builder_over(out_bytes, sizeof(out_bytes));

	builder_u8(&out, 0xEE);
	assert_int_equal(apdu_encode(&command, false, &out), CKR_OK);
	assert_bytes(&out, expected, sizeof(expected));
}

static void
test_answer(void **state)
{
	static const uint8_t bytes[] = { 'a', 'b', 0x61, 0x0C };
	struct cursor data;
	uint16_t sw;

	assert_true(apdu_answer(cursor_of(bytes, 4), &data, &sw));
	assert_int_equal(sw, 0x610C);
	assert_true(cursor_is(data, "ab", 2));
	assert_true(apdu_answer(cursor_of(bytes + 2, 2), &data, &sw));
	assert_int_equal(sw, 0x610C);
	assert_true(cursor_ok(&data));
	assert_int_equal(data.left, 0);
}

static int
setup(void **state)
{
	for (size_t i = 0; i < sizeof(data_bytes); i++)
		data_bytes[i] = (uint8_t)('a' + i % 26);
	return 0;
}

#define CASE(name, function)                     \
	{                                        \
		name, function, NULL, NULL, NULL \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/base/wire/encode/too-long", test_too_long),
		CASE("/base/wire/encode/t0/too-long", test_t0_too_long),
		CASE("/base/wire/encode/bad-data", test_bad_data),
		CASE("/base/wire/encode/no-room", test_no_room),
		CASE("/base/wire/answer/short", test_answer_short),
		CASE("/base/wire/encode/case-1", test_case_1),
		CASE("/base/wire/encode/case-2/short", test_case_2_short),
		CASE("/base/wire/encode/case-2/extended", test_case_2_extended),
		CASE("/base/wire/encode/case-3/short", test_case_3_short),
		CASE("/base/wire/encode/case-3/extended", test_case_3_extended),
		CASE("/base/wire/encode/case-4/short", test_case_4_short),
		CASE("/base/wire/encode/case-4/extended", test_case_4_extended),
		CASE("/base/wire/encode/t0/cases", test_t0_cases),
		CASE("/base/wire/encode/t0/long-answer", test_t0_long_answer),
		CASE("/base/wire/encode/appends", test_appends),
		CASE("/base/wire/answer", test_answer),
	};

	return cmocka_run_group_tests_name("/base/wire", tests, setup, NULL);
}
