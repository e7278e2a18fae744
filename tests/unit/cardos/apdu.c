/* Chaining, extended length, GET RESPONSE and 6Cxx over a scripted wire. */
#include <stdio.h>

#include "script.h"

enum { TEXT = 4096 };

static struct script *script;
static struct transport *layer;

static int
setup(void **state)
{
	uint64_t generation;

	script = script_new();
	layer = apdu_layer_new(&script->transport);
	assert_non_null(layer);
	return layer->ops->begin(layer, &generation) == CKR_OK ? 0 : -1;
}

static int
teardown(void **state)
{
	layer->ops->end(layer);
	layer->ops->close(layer);
	script_free(script);
	return 0;
}

/* One command with SIZE bytes 5A, what came of it checked. */
static CK_RV
ask(size_t size, size_t le, size_t answered, uint16_t sw)
{
	struct builder data = builder_heap(APDU_COMMAND_MAX);
	struct builder answer = builder_heap(APDU_ANSWER_MAX);
	struct apdu command = { .ins = 0xCB, .p1 = 1, .p2 = 2, .le = le };
	uint16_t got = 0;
	CK_RV rv;

	builder_fill(&data, 0x5A, size);
	command.data = builder_read(&data);
	rv = layer->ops->exchange(layer, &command, &answer, &got);
	if (rv == CKR_OK) {
		assert_int_equal(answer.used, answered);
		assert_int_equal(got, sw);
	}
	builder_free(&data);
	builder_free(&answer);
	return rv;
}

/* A line of SIZE bytes 5A between two texts. */
static void
line(const char *before, size_t size, const char *after)
{
	struct builder b = builder_heap(1 << 20);

	builder_text(&b, before);
	for (size_t i = 0; i < size; i++)
		builder_text(&b, "5A");
	builder_text(&b, after);
	builder_u8(&b, 0);
	script_add(script, (char *)b.data);
	builder_free(&b);
}

static void
endless_pieces(void **state)
{
	script_add(script, "> 00CB010200\n< 5A6101\n");
	for (int i = 0; i < 512; i++)
		script_add(script, "> 00C0000001\n< 5A6101\n");
	assert_int_equal(ask(0, APDU_ANSWER_MAX, 0, 0), CKR_DEVICE_ERROR);
}

static void
endless_nothing(void **state)
{
	script_add(script, "> 00CB010200\n< 6100\n> 00C0000000\n< 6100\n");
	assert_int_equal(ask(0, APDU_ANSWER_MAX, 0, 0), CKR_DEVICE_ERROR);
}

static void
wrong_le_twice(void **state)
{
	script_add(script, "> 00CB010200\n< 6C10\n> 00CB010210\n< 6C08\n");
	assert_int_equal(ask(0, 256, 0, 0x6C08), CKR_OK);
}

static void
chain_refused(void **state)
{
	line("> 10CB0102FF", 255, "\n< 6884\n");
	assert_int_equal(ask(300, 0, 0, 0x6884), CKR_OK);
}

static void
no_answer(void **state)
{
	script_add(script, "> 00CB010200\n! error\n");
	assert_int_equal(ask(0, 256, 0, 0), CKR_DEVICE_ERROR);
}

static void
fetch_refused(void **state)
{
	script_add(script, "> 00CB010200\n< 5A5A6102\n> 00C0000002\n< 6A80\n");
	assert_int_equal(ask(0, APDU_ANSWER_MAX, 2, 0x6A80), CKR_OK);
}

static void
wrong_le(void **state)
{
	script_add(script, "> 00CB010200\n< 6C02\n> 00CB010202\n< 5A5A9000\n");
	assert_int_equal(ask(0, 256, 2, 0x9000), CKR_OK);
}

static void
wrong_le_in_fetch(void **state)
{
	script_add(script, "> 00CB010200\n< 6108\n> 00C0000008\n< 6C02\n"
			   "> 00C0000002\n< 5A5A9000\n");
	assert_int_equal(ask(0, APDU_ANSWER_MAX, 2, 0x9000), CKR_OK);
}

static void
chain_short(void **state)
{
	line("> 10CB0102FF", 255, "\n< 9000\n");
	line("> 10CB0102FF", 255, "\n< 9000\n");
	line("> 00CB01020A", 10, "00\n< 5A9000\n");
	assert_int_equal(ask(520, 256, 1, 0x9000), CKR_OK);
}

/* The last piece may be full, but is never empty. */
static void
chain_exact(void **state)
{
	line("> 10CB0102FF", 255, "\n< 9000\n");
	line("> 00CB0102FF", 255, "\n< 9000\n");
	assert_int_equal(ask(510, 0, 0, 0x9000), CKR_OK);
}

/* YubiKey 4 says FF and means 255 that are not all. */
static void
hint_wrong(void **state)
{
	line("> 00CB010200\n< ", 255, "61FF\n");
	line("> 00C00000FF\n< ", 255, "61FF\n");
	script_add(script, "> 00C00000FF\n< 5A9000\n");
	assert_int_equal(ask(0, APDU_ANSWER_MAX, 511, 0x9000), CKR_OK);
}

/* A card that gives Le bytes and says 61xx of the rest. Nothing is peeked at:
 * 256 are asked for at once, then what is left. */
static void
le_is_met(void **state)
{
	line("> 00CB010200\n< ", 256, "6108\n");
	line("> 00C0000008\n< ", 8, "9000\n");
	assert_int_equal(ask(0, APDU_ANSWER_MAX, 264, 0x9000), CKR_OK);
	/* the rest of what was enough is in nobody's way */
	line("> 00CB010200\n< ", 256, "6108\n");
	assert_int_equal(ask(0, 256, 256, 0x6108), CKR_OK);
	script_add(script, "> 00CB010200\n< 5A9000\n");
	assert_int_equal(ask(0, APDU_ANSWER_MAX, 1, 0x9000), CKR_OK);
}

/* Who wants the first block only is not given the rest. */
static void
enough(void **state)
{
	line("> 00CB010200\n< ", 256, "6100\n");
	assert_int_equal(ask(0, 256, 256, 0x6100), CKR_OK);
}

/* Some cards hand out more than a short APDU may hold. */
static void
more_than_asked(void **state)
{
	line("> 00CB010200\n< ", 300, "9000\n");
	assert_int_equal(ask(0, 256, 300, 0x9000), CKR_OK);
}

static void
protocol_t0(void **state)
{
	script->info.t0 = true;
	apdu_layer_extended(layer, true);
	line("> 10CB0102FF", 255, "\n< 9000\n");
	line("> 00CB010201", 1, "\n< 6101\n");
	script_add(script, "> 00C0000001\n< 5A9000\n");
	assert_int_equal(ask(256, APDU_ANSWER_MAX, 1, 0x9000), CKR_OK);
}

static void
extended(void **state)
{
	apdu_layer_extended(layer, true);
	line("> 00CB010200010A", 266, "0000\n< 5A9000\n");
	assert_int_equal(ask(266, APDU_ANSWER_MAX, 1, 0x9000), CKR_OK);
	script_add(script, "> 00CB0102000000\n< 5A9000\n");
	assert_int_equal(ask(0, APDU_ANSWER_MAX, 1, 0x9000), CKR_OK);
}

/* What fits a short APDU goes as one. */
static void
extended_not_needed(void **state)
{
	apdu_layer_extended(layer, true);
	line("> 00CB0102FF", 255, "00\n< 5A9000\n");
	assert_int_equal(ask(255, 256, 1, 0x9000), CKR_OK);
}

static void
extended_over_reader(void **state)
{
	apdu_layer_extended(layer, true);
	script->info.max_command = 261;
	script_add(script, "> 00CB010200\n< 5A9000\n");
	assert_int_equal(ask(0, APDU_ANSWER_MAX, 1, 0x9000), CKR_OK);
	script->info.max_command = 274;
	line("> 10CB0102FF", 255, "\n< 9000\n");
	line("> 00CB01020B", 11, "00\n< 5A9000\n");
	assert_int_equal(ask(266, APDU_ANSWER_MAX, 1, 0x9000), CKR_OK);
	script->info.max_command = 275;
	line("> 00CB010200010A", 266, "0000\n< 5A9000\n");
	assert_int_equal(ask(266, APDU_ANSWER_MAX, 1, 0x9000), CKR_OK);
}

static void
falls_back(const char *refusal)
{
	apdu_layer_extended(layer, true);
	script_add(script, "> 00CB0102000000\n");
	script_add(script, refusal);
	script_add(script, "> 00CB010200\n< 5A9000\n");
	assert_int_equal(ask(0, APDU_ANSWER_MAX, 1, 0x9000), CKR_OK);
	/* and never tries it again */
	apdu_layer_extended(layer, true);
	script_add(script, "> 00CB010200\n< 5A9000\n");
	assert_int_equal(ask(0, APDU_ANSWER_MAX, 1, 0x9000), CKR_OK);
	line("> 10CB0102FF", 255, "\n< 9000\n");
	line("> 00CB01020B", 11, "00\n< 5A9000\n");
	assert_int_equal(ask(266, APDU_ANSWER_MAX, 1, 0x9000), CKR_OK);
}

static void
extended_fails(void **state)
{
	falls_back("! error\n");
}

static void
extended_refused(void **state)
{
	falls_back("< 6700\n");
}

/* What worked once is no matter of length any more. */
static void
extended_fails_later(void **state)
{
	apdu_layer_extended(layer, true);
	script_add(script, "> 00CB0102000000\n< 5A9000\n");
	assert_int_equal(ask(0, APDU_ANSWER_MAX, 1, 0x9000), CKR_OK);
	script_add(script, "> 00CB0102000000\n! error\n");
	assert_int_equal(ask(0, APDU_ANSWER_MAX, 0, 0), CKR_DEVICE_ERROR);
}

/* A reader may carry a long answer, and no long command. */
static void
extended_one_way(void **state)
{
	apdu_layer_extended(layer, true);
	script_add(script, "> 00CB0102000000\n< 5A9000\n");
	assert_int_equal(ask(0, APDU_ANSWER_MAX, 1, 0x9000), CKR_OK);
	line("> 00CB010200010A", 266, "0000\n! error\n");
	line("> 10CB0102FF", 255, "\n< 9000\n");
	line("> 00CB01020B", 11, "00\n< 5A9000\n");
	assert_int_equal(ask(266, APDU_ANSWER_MAX, 1, 0x9000), CKR_OK);
}

static void
removed(void **state)
{
	apdu_layer_extended(layer, true);
	script_add(script, "> 00CB0102000000\n! removed\n");
	assert_int_equal(ask(0, APDU_ANSWER_MAX, 0, 0), CKR_DEVICE_REMOVED);
}

#define CASE(name, function)                                          \
	{                                                             \
		"/cardos/apdu/" name, function, setup, teardown, NULL \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("fetch/endless-pieces", endless_pieces),
		CASE("fetch/endless-nothing", endless_nothing),
		CASE("fetch/refused", fetch_refused),
		CASE("wrong-le/twice", wrong_le_twice),
		CASE("chaining/refused", chain_refused),
		CASE("no-answer", no_answer),
		CASE("removed", removed),
		CASE("wrong-le/once", wrong_le),
		CASE("wrong-le/in-fetch", wrong_le_in_fetch),
		CASE("chaining/short", chain_short),
		CASE("chaining/exact", chain_exact),
		CASE("fetch/hint-wrong", hint_wrong),
		CASE("fetch/enough", enough),
		CASE("fetch/le-is-met", le_is_met),
		CASE("fetch/more-than-asked", more_than_asked),
		CASE("t0", protocol_t0),
		CASE("extended/fails", extended_fails),
		CASE("extended/refused", extended_refused),
		CASE("extended/one-way", extended_one_way),
		CASE("extended/fails-later", extended_fails_later),
		CASE("extended/over-reader", extended_over_reader),
		CASE("extended/not-needed", extended_not_needed),
		CASE("extended/long", extended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
