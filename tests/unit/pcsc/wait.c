/* Tests of pcsc/wait.c: what a wait asks of the service, and when it ends. */
#include "fake.h"

#include <string.h>

static struct reader_state states[READERS_MAX];
static struct pcsc *pcsc;

static int
setup(void **state)
{
	fake_reset(state);
	pcsc = pcsc_new();
	return pcsc == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	pcsc_free(pcsc);
	assert_int_equal(fake.contexts, 0);
	return 0;
}

static void
wait_once(void)
{
	size_t count;

	assert_int_equal(pcsc_scan(pcsc, states, &count), CKR_OK);
	assert_int_equal(pcsc_wait(pcsc, states, count), CKR_OK);
}

/* What the same answer would follow is tried again after a pause only. */
static void
test_failing(void **state)
{
	static const LONG codes[] = {
		SCARD_E_NO_SERVICE,	SCARD_E_SERVICE_STOPPED,
		SCARD_E_INVALID_HANDLE, SCARD_F_INTERNAL_ERROR,
		SCARD_E_INVALID_VALUE,	SCARD_W_SECURITY_VIOLATION,
	};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		fake.always[CALL_LOOK] = codes[i];
		assert_int_equal(pcsc_wait(pcsc, states, 0), CKR_OK);
		assert_int_equal(fake.pauses, i + 1);
		assert_int_equal(fake.contexts, 0);
	}
}

static void
test_no_service(void **state)
{
	fake.always[CALL_ESTABLISH] = SCARD_E_NO_SERVICE;
	wait_once();
	wait_once();
	assert_int_equal(fake.pauses, 2);
	assert_int_equal(fake.calls[CALL_LOOK], 0);
}

static void
test_cancelled(void **state)
{
	pcsc_wait_cancel(pcsc);
	assert_int_equal(pcsc_wait(pcsc, states, 0), CKR_FUNCTION_CANCELED);
	assert_int_equal(fake_total(), 0);
	assert_int_equal(fake.pauses, 0);
}

/* What came before the wait is not lost, and ends only one. */
static void
test_woken(void **state)
{
	pcsc_wake(pcsc);
	assert_int_equal(pcsc_wait(pcsc, states, 0), CKR_OK);
	assert_int_equal(fake_total(), 0);
	assert_int_equal(pcsc_wait(pcsc, states, 0), CKR_OK);
	assert_int_equal(fake.calls[CALL_LOOK], 1);
}

/* Not so many fit; then no more readers can come. */
static void
test_too_many(void **state)
{
	fake_answer(CALL_LOOK, SCARD_S_SUCCESS); /* the scan */
	fake_answer(CALL_LOOK, SCARD_E_INVALID_PARAMETER);
	wait_once();
	assert_int_equal(fake.looked_at, 1);
	assert_string_equal(fake.known[0].szReader, "Reader 0");
	assert_int_equal(fake.pauses, 0);
}

static void
test_news(void **state)
{
	static const LONG codes[] = { SCARD_S_SUCCESS, SCARD_E_TIMEOUT,
				      SCARD_E_CANCELLED,
				      SCARD_E_UNKNOWN_READER };

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		fake.always[CALL_LOOK] = codes[i];
		assert_int_equal(pcsc_wait(pcsc, states, 0), CKR_OK);
	}
	assert_int_equal(fake.pauses, 0);
	assert_int_equal(fake.calls[CALL_ESTABLISH], 1);
}

static void
test_known(void **state)
{
	const DWORD card = 1 << 16 | SCARD_STATE_PRESENT;

	fake.event |= SCARD_STATE_INUSE;
	wait_once();
	assert_int_equal(fake.looked_at, 2);
	assert_string_equal(fake.known[0].szReader, "Reader 0");
	assert_int_equal(fake.known[0].dwCurrentState, card);
	assert_string_equal(fake.known[1].szReader, "\\\\?PnP?\\Notification");
	assert_int_equal(fake.known[1].dwCurrentState, SCARD_STATE_UNAWARE);
	assert_true(fake.timeout >= 1000);
	assert_int_equal(fake.calls[CALL_ESTABLISH], 2);
	fake.event = card | SCARD_STATE_MUTE;
	wait_once();
	assert_int_equal(fake.known[0].dwCurrentState, fake.event);
	fake.event = 2u << 16 | SCARD_STATE_EMPTY;
	wait_once();
	assert_int_equal(fake.known[0].dwCurrentState, fake.event);
	assert_int_equal(fake.calls[CALL_ESTABLISH], 2);
}

#define CASE(name, function)                          \
	{                                             \
		name, function, setup, teardown, NULL \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/pcsc/wait/failing", test_failing),
		CASE("/pcsc/wait/no-service", test_no_service),
		CASE("/pcsc/wait/cancelled", test_cancelled),
		CASE("/pcsc/wait/woken", test_woken),
		CASE("/pcsc/wait/too-many", test_too_many),
		CASE("/pcsc/wait/news", test_news),
		CASE("/pcsc/wait/known", test_known),
	};

	return cmocka_run_group_tests_name("/pcsc/wait", tests, NULL, NULL);
}
