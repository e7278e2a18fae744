/* Tests of pcsc/pinpad.c, by way of the reader: what it tells of itself, and
 * what its keypad is asked. */
#include "fake.h"

#include <string.h>

static struct transport *transport;
static struct pcsc *pcsc;

static const uint8_t features[] = {
	0x06, 4,    0x42, 0x33, 0x00, 0x06, 0x12, 4,	0x42, 0x33, 0x00,
	0x12, 0x07, 4,	  0x42, 0x33, 0x00, 0x07, 0x99, 1,    0x00,
};

static int
setup(void **state)
{
	struct reader_state states[READERS_MAX];
	size_t count;

	fake_reset(state);
	fake.features = features;
	fake.features_size = sizeof(features);
	pcsc = pcsc_new();
	if (pcsc == NULL || pcsc_scan(pcsc, states, &count) != CKR_OK)
		return -1;
	transport = reader_open(pcsc, &states[0]);
	return transport == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	transport->ops->close(transport);
	pcsc_free(pcsc);
	return 0;
}

static void
tell(const uint8_t *properties, size_t size)
{
	fake.properties = properties;
	fake.properties_size = size;
}

static const struct transport_info *
begin(void)
{
	uint64_t generation;

	assert_int_equal(transport->ops->begin(transport, &generation), CKR_OK);
	return transport->ops->info(transport);
}

static const uint8_t block[] = {
	0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
	0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF
};

static CK_RV
enter(bool change, uint16_t *sw)
{
	const struct pin_entry entry = {
		.command = { .ins = change ? 0x24 : 0x20,
			     .p2 = 0x80,
			     .data = cursor_of(block, change ? 16 : 8) },
		.pin_min = 6,
		.pin_max = 8,
		.block = 8,
		.change = change,
	};

	*sw = 0xAAAA;
	return transport->ops->pin_entry(transport, &entry, sw);
}

static void
test_no_features(void **state)
{
	const struct transport_info *info;
	uint16_t sw;

	fake.features = NULL;
	info = begin();
	assert_false(info->pinpad);
	assert_int_equal(info->max_command, 0);
	assert_int_equal(enter(false, &sw), CKR_FUNCTION_NOT_SUPPORTED);
	assert_int_equal(enter(true, &sw), CKR_FUNCTION_NOT_SUPPORTED);
	assert_int_equal(fake.calls[CALL_CONTROL], 1);
	transport->ops->end(transport);
}

/* What a bad reader tells is taken as far as it is whole. */
static void
test_cut_short(void **state)
{
	static const uint8_t cut[] = { 10, 4, 0, 0 }, empty[] = { 10 };
	const struct transport_info *info;

	fake.features_size = 5;
	info = begin();
	assert_false(info->pinpad);
	transport->ops->end(transport);
	teardown(NULL);
	setup(NULL);
	tell(cut, sizeof(cut));
	info = begin();
	assert_true(info->pinpad);
	assert_int_equal(info->max_command, 0);
	transport->ops->end(transport);
	teardown(NULL);
	setup(NULL);
	tell(empty, sizeof(empty));
	assert_int_equal(begin()->max_command, 0);
	transport->ops->end(transport);
}

static void
assert_max(uint32_t told, size_t wanted)
{
	const uint8_t size[] = { 10,
				 4,
				 (uint8_t)told,
				 (uint8_t)(told >> 8),
				 (uint8_t)(told >> 16),
				 (uint8_t)(told >> 24) };

	tell(size, sizeof(size));
	assert_int_equal(begin()->max_command, wanted);
	transport->ops->end(transport);
	teardown(NULL);
	setup(NULL);
}

static void
test_max_command(void **state)
{
	assert_max(0xFFFFFFFF, APDU_WIRE_MAX);
	assert_max(0, 261);
	assert_max(1024, 1033);
	assert_max(65535, APDU_WIRE_MAX);
	assert_max(0x10000, APDU_WIRE_MAX);
}

/* Once per insertion, not once per transaction. */
static void
test_asked_once(void **state)
{
	(void)begin();
	transport->ops->end(transport);
	transport->ops->release(transport);
	(void)begin();
	transport->ops->end(transport);
	assert_int_equal(fake.calls[CALL_CONTROL], 2);
}

static void
assert_word(uint16_t word, bool change, CK_RV wanted)
{
	const uint8_t reply[] = { (uint8_t)(word >> 8), (uint8_t)word };
	uint16_t sw;

	fake.reply = reply;
	fake.reply_size = sizeof(reply);
	assert_int_equal(enter(change, &sw), wanted);
	assert_int_equal(sw, wanted == CKR_OK ? word : 0xAAAA);
}

static void
test_words(void **state)
{
	(void)begin();
	assert_word(0x6400, false, CKR_FUNCTION_CANCELED);
	assert_word(0x6401, false, CKR_FUNCTION_CANCELED);
	assert_word(0x6402, true, CKR_PIN_INVALID);
	assert_word(0x6403, true, CKR_PIN_LEN_RANGE);
	assert_word(0x6403, false, CKR_PIN_INCORRECT);
	assert_word(0x6B80, false, CKR_DEVICE_ERROR);
	assert_word(0x63C2, false, CKR_OK);
	assert_word(0x9000, true, CKR_OK);
	transport->ops->end(transport);
}

static void
test_no_answer(void **state)
{
	static const uint8_t reply[] = { 0x90 };
	uint16_t sw;

	(void)begin();
	fake.always[CALL_CONTROL] = SCARD_E_NOT_TRANSACTED;
	assert_int_equal(enter(false, &sw), CKR_DEVICE_ERROR);
	fake.always[CALL_CONTROL] = SCARD_W_REMOVED_CARD;
	assert_int_equal(enter(false, &sw), CKR_DEVICE_REMOVED);
	fake.always[CALL_CONTROL] = SCARD_S_SUCCESS;
	fake.reply = reply;
	fake.reply_size = sizeof(reply);
	assert_int_equal(enter(false, &sw), CKR_DEVICE_ERROR);
	transport->ops->end(transport);
}

/* Byte for byte, as gcc lays PIN_VERIFY_STRUCTURE out. */
static void
test_verify(void **state)
{
	static const uint8_t display[] = { 1, 2, 0x10, 0x02 };
	static const uint8_t wanted[] = {
		30,   30,   0x82, 0x08, 0x00, 8,    6,	  0x02,
		1,    0x09, 0x04, 0x00, 0x00, 0x00, 0x00, 13,
		0,    0,    0,	  0x00, 0x20, 0x00, 0x80, 0x08,
		0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
	};
	uint16_t sw;

	tell(display, sizeof(display));
	(void)begin();
	assert_int_equal(enter(false, &sw), CKR_OK);
	assert_int_equal(sw, 0x9000);
	assert_int_equal(fake.controlled, FAKE_VERIFY);
	assert_int_equal(fake.sent_size, sizeof(wanted));
	assert_memory_equal(fake.sent, wanted, sizeof(wanted));
	assert_int_equal(fake.apdus, 1);
	transport->ops->end(transport);
}

static void
test_modify(void **state)
{
	static const uint8_t digits[] = { 6, 1, 7, 7, 1, 12 };
	static const uint8_t wanted[] = {
		30,   30, 0x82, 0x08, 0x00, 0,	  8,	8,    7,    0x03,
		0x02, 0,  0x09, 0x04, 0,    1,	  2,	0,    0,    0,
		21,   0,  0,	0,    0x00, 0x24, 0x00, 0x80, 0x10,
	};
	uint16_t sw;

	tell(digits, sizeof(digits));
	(void)begin();
	assert_int_equal(enter(true, &sw), CKR_OK);
	assert_int_equal(fake.controlled, FAKE_MODIFY);
	assert_int_equal(fake.sent_size, sizeof(wanted) + 16);
	assert_memory_equal(fake.sent, wanted, sizeof(wanted));
	assert_memory_equal(fake.sent + sizeof(wanted), block, 16);
	transport->ops->end(transport);
}

#define CASE(name, function)                          \
	{                                             \
		name, function, setup, teardown, NULL \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/pcsc/pinpad/features/none", test_no_features),
		CASE("/pcsc/pinpad/features/cut-short", test_cut_short),
		CASE("/pcsc/pinpad/features/max-command", test_max_command),
		CASE("/pcsc/pinpad/features/once", test_asked_once),
		CASE("/pcsc/pinpad/entry/words", test_words),
		CASE("/pcsc/pinpad/entry/no-answer", test_no_answer),
		CASE("/pcsc/pinpad/entry/verify", test_verify),
		CASE("/pcsc/pinpad/entry/modify", test_modify),
	};

	return cmocka_run_group_tests_name("/pcsc/pinpad", tests, NULL, NULL);
}
