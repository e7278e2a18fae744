/* Tests of pcsc/events.c: readers as the service lists them. */
#include "fake.h"

#include <string.h>

static struct reader_state states[READERS_MAX];

static size_t
scan(struct pcsc *p)
{
	size_t count = SIZE_MAX;

	assert_int_equal(pcsc_scan(p, states, &count), CKR_OK);
	return count;
}

static void
test_no_service(void **state)
{
	struct pcsc *p = pcsc_new();

	fake.always[CALL_ESTABLISH] = SCARD_E_NO_SERVICE;
	assert_int_equal(scan(p), 0);
	assert_int_equal(fake.lines[LOG_ERROR], 1);
	assert_non_null(strstr(fake.line, "systemctl start pcscd.socket"));
	assert_int_equal(scan(p), 0);
	assert_int_equal(fake.lines[LOG_ERROR], 1);
	fake.always[CALL_ESTABLISH] = SCARD_W_SECURITY_VIOLATION;
	assert_int_equal(scan(p), 0);
	assert_int_equal(fake.lines[LOG_ERROR], 2);
	assert_non_null(strstr(fake.line, "polkit"));
	fake.always[CALL_ESTABLISH] = SCARD_S_SUCCESS;
	assert_int_equal(scan(p), 1);
	assert_int_equal(scan(p), 1);
	assert_int_equal(fake.lines[LOG_ERROR], 2);
	assert_int_equal(fake.lines[LOG_INFO], 1);
	pcsc_free(p);
	assert_int_equal(fake.contexts, 0);
}

/* No reader is nothing that failed. */
static void
test_no_readers(void **state)
{
	struct pcsc *p = pcsc_new();

	fake.always[CALL_LIST] = SCARD_E_NO_READERS_AVAILABLE;
	assert_int_equal(scan(p), 0);
	assert_int_equal(scan(p), 0);
	assert_int_equal(fake.lines[LOG_ERROR], 0);
	assert_int_equal(fake.lines[LOG_INFO], 1);
	assert_int_equal(fake.calls[CALL_ESTABLISH], 1);
	pcsc_free(p);
}

static void
service_died(enum fake_call call, LONG code)
{
	struct pcsc *p = pcsc_new();
	uint32_t insertion;

	assert_int_equal(scan(p), 1);
	insertion = states[0].insertion;
	fake_answer(call, code);
	assert_int_equal(scan(p), 1);
	assert_int_equal(fake.calls[CALL_ESTABLISH], 2);
	assert_int_equal(fake.contexts, 1);
	/* The same count of the new service is another insertion. */
	assert_int_not_equal(states[0].insertion, insertion);
	assert_int_equal(fake.lines[LOG_ERROR], 0);
	pcsc_free(p);
}

static void
test_service_restarted(void **state)
{
	service_died(CALL_LIST, SCARD_E_NO_SERVICE);
	fake_reset(NULL);
	service_died(CALL_LOOK, SCARD_E_SERVICE_STOPPED);
	fake_reset(NULL);
	service_died(CALL_LIST, SCARD_E_INVALID_HANDLE);
	fake_reset(NULL);
	service_died(CALL_LOOK, SCARD_W_SECURITY_VIOLATION);
	fake_reset(NULL);
	service_died(CALL_LIST, SCARD_F_COMM_ERROR);
}

/* At most one new context per call. */
static void
test_service_stays_dead(void **state)
{
	struct pcsc *p = pcsc_new();

	assert_int_equal(scan(p), 1);
	fake.always[CALL_LIST] = SCARD_E_NO_SERVICE;
	assert_int_equal(scan(p), 0);
	assert_int_equal(fake.calls[CALL_ESTABLISH], 2);
	assert_int_equal(fake.contexts, 0);
	assert_int_equal(scan(p), 0);
	assert_int_equal(fake.calls[CALL_ESTABLISH], 3);
	assert_int_equal(fake.lines[LOG_ERROR], 1);
	pcsc_free(p);
}

static void
test_reader_vanishes(void **state)
{
	struct pcsc *p = pcsc_new();

	fake_answer(CALL_LOOK, SCARD_E_UNKNOWN_READER);
	assert_int_equal(scan(p), 1);
	fake.always[CALL_LOOK] = SCARD_E_UNKNOWN_READER;
	assert_int_equal(scan(p), 0);
	assert_true(fake.calls[CALL_LOOK] <= 6);
	assert_int_equal(fake.calls[CALL_LIST], fake.calls[CALL_FREE]);
	pcsc_free(p);
}

static void
test_many(void **state)
{
	struct pcsc *p = pcsc_new();

	for (size_t i = 0; i < FAKE_READERS; i++)
		fake.names[i] = "Reader";
	fake.readers = FAKE_READERS;
	assert_int_equal(scan(p), READERS_MAX);
	pcsc_free(p);
}

static void
test_unterminated(void **state)
{
	struct pcsc *p = pcsc_new();

	fake.names[1] = "Reader 1";
	fake.readers = 2;
	fake.list_size = sizeof("Reader 0") + sizeof("Reader 1") - 1;
	assert_int_equal(scan(p), 1);
	assert_string_equal(states[0].name, "Reader 0");
	pcsc_free(p);
}

static void
test_long_name(void **state)
{
	char name[300];
	struct pcsc *p = pcsc_new();

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	fake.names[0] = name;
	memset(states, 0xA5, sizeof(states));
	assert_int_equal(scan(p), 1);
	assert_int_equal(strlen(states[0].name), READER_NAME_MAX - 1);
	pcsc_free(p);
}

static void
test_empty_and_mute(void **state)
{
	struct pcsc *p = pcsc_new();

	fake.event = 2u << 16 | SCARD_STATE_CHANGED | SCARD_STATE_EMPTY;
	assert_int_equal(scan(p), 1);
	assert_false(states[0].card);
	assert_int_equal(states[0].atr_size, 0);
	fake.event = 3u << 16 | SCARD_STATE_PRESENT | SCARD_STATE_MUTE;
	fake.atr_size = 0;
	assert_int_equal(scan(p), 1);
	assert_true(states[0].card);
	assert_true(states[0].mute);
	pcsc_free(p);
}

static void
test_card(void **state)
{
	struct pcsc *p = pcsc_new();
	uint32_t insertion;

	assert_int_equal(scan(p), 1);
	assert_string_equal(states[0].name, "Reader 0");
	assert_true(states[0].card);
	assert_false(states[0].mute);
	assert_false(states[0].in_use);
	assert_int_equal(states[0].atr_size, 3);
	assert_memory_equal(states[0].atr, fake.atr, 3);
	insertion = states[0].insertion;
	fake.event |= SCARD_STATE_INUSE;
	assert_int_equal(scan(p), 1);
	assert_true(states[0].in_use);
	assert_false(states[0].exclusive);
	fake.event |= SCARD_STATE_EXCLUSIVE;
	assert_int_equal(scan(p), 1);
	assert_true(states[0].exclusive);
	assert_int_equal(states[0].insertion, insertion);
	fake.event += 2u << 16;
	assert_int_equal(scan(p), 1);
	assert_int_not_equal(states[0].insertion, insertion);
	assert_int_equal(fake.calls[CALL_ESTABLISH], 1);
	assert_int_equal(fake.calls[CALL_CONNECT], 0);
	pcsc_free(p);
}

static void
test_forget(void **state)
{
	struct pcsc *p = pcsc_new();
	unsigned calls;

	assert_int_equal(scan(p), 1);
	calls = fake_total();
	pcsc_forget(p);
	pcsc_forget(NULL);
	pcsc_free(NULL);
	assert_int_equal(fake_total(), calls);
}

#define CASE(name, function)                           \
	{                                              \
		name, function, fake_reset, NULL, NULL \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/pcsc/events/scan/no-service", test_no_service),
		CASE("/pcsc/events/scan/no-readers", test_no_readers),
		CASE("/pcsc/events/scan/restarted", test_service_restarted),
		CASE("/pcsc/events/scan/stays-dead", test_service_stays_dead),
		CASE("/pcsc/events/scan/vanishes", test_reader_vanishes),
		CASE("/pcsc/events/scan/many", test_many),
		CASE("/pcsc/events/scan/unterminated", test_unterminated),
		CASE("/pcsc/events/scan/long-name", test_long_name),
		CASE("/pcsc/events/scan/empty-and-mute", test_empty_and_mute),
		CASE("/pcsc/events/scan/card", test_card),
		CASE("/pcsc/events/forget", test_forget),
	};

	return cmocka_run_group_tests_name("/pcsc/events", tests, NULL, NULL);
}
