/* Tests of pcsc/context.c: the one table, and contexts. */
#include "fake.h"

#include "../../../pcsc/context.h"

static void
test_find_unknown(void **state)
{
	const struct scard_code *found = scard_find((LONG)0x80100ABC);

	assert_int_equal(found->rv, CKR_DEVICE_ERROR);
	assert_int_equal(found->fate, FATE_NONE);
	assert_non_null(found->text);
}

/* Each code that libpcsclite of any version gives has a line of its own. */
static void
test_find_known(void **state)
{
	static const LONG codes[] = {
		SCARD_F_INTERNAL_ERROR,	    SCARD_E_CANCELLED,
		SCARD_E_INVALID_HANDLE,	    SCARD_E_INVALID_PARAMETER,
		SCARD_E_NO_MEMORY,	    SCARD_E_INSUFFICIENT_BUFFER,
		SCARD_E_UNKNOWN_READER,	    SCARD_E_TIMEOUT,
		SCARD_E_SHARING_VIOLATION,  SCARD_E_NO_SMARTCARD,
		SCARD_E_PROTO_MISMATCH,	    SCARD_E_NOT_READY,
		SCARD_E_INVALID_VALUE,	    SCARD_E_SYSTEM_CANCELLED,
		SCARD_F_COMM_ERROR,	    SCARD_F_UNKNOWN_ERROR,
		SCARD_E_INVALID_ATR,	    SCARD_E_NOT_TRANSACTED,
		SCARD_E_READER_UNAVAILABLE, SCARD_P_SHUTDOWN,
		SCARD_E_PCI_TOO_SMALL,	    SCARD_E_READER_UNSUPPORTED,
		SCARD_E_CARD_UNSUPPORTED,   SCARD_E_NO_SERVICE,
		SCARD_E_SERVICE_STOPPED,    SCARD_E_UNSUPPORTED_FEATURE,
		SCARD_E_NO_ACCESS,	    SCARD_E_NO_READERS_AVAILABLE,
		SCARD_E_COMM_DATA_LOST,	    SCARD_E_SERVER_TOO_BUSY,
		SCARD_W_UNSUPPORTED_CARD,   SCARD_W_UNRESPONSIVE_CARD,
		SCARD_W_UNPOWERED_CARD,	    SCARD_W_RESET_CARD,
		SCARD_W_REMOVED_CARD,	    SCARD_W_SECURITY_VIOLATION,
	};
	const struct scard_code *found;

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		found = scard_find(codes[i]);
		assert_int_equal(found->code, codes[i]);
		assert_true(found->text[0] != '\0');
		assert_int_not_equal(found->rv, CKR_OK);
		/* The contract of transport_ops.begin. */
		if (found->fate == FATE_REMOVED || found->fate == FATE_SERVICE)
			assert_int_equal(found->rv, CKR_DEVICE_REMOVED);
		else
			assert_int_not_equal(found->rv, CKR_DEVICE_REMOVED);
	}
	assert_int_equal(scard_find(SCARD_S_SUCCESS)->rv, CKR_OK);
	assert_int_equal(scard_find(SCARD_S_SUCCESS)->fate, FATE_NONE);
}

static void
test_fates(void **state)
{
	assert_int_equal(scard_find(SCARD_W_RESET_CARD)->fate, FATE_RESET);
	assert_int_equal(scard_find(SCARD_W_REMOVED_CARD)->fate, FATE_REMOVED);
	assert_int_equal(scard_find(SCARD_E_NO_SERVICE)->fate, FATE_SERVICE);
	assert_int_equal(scard_find(SCARD_E_INVALID_HANDLE)->fate, FATE_HANDLE);
	assert_int_equal(scard_find(SCARD_E_SHARING_VIOLATION)->fate,
			 FATE_BUSY);
	assert_int_equal(scard_find(SCARD_E_NO_MEMORY)->rv, CKR_HOST_MEMORY);
}

static void
test_number(void **state)
{
	assert_int_equal(scard_number(SCARD_E_NO_SERVICE), 0x8010001D);
}

static void
test_open_fails(void **state)
{
	struct context c = { 0 };

	fake_answer(CALL_ESTABLISH, SCARD_E_NO_SERVICE);
	assert_int_equal(context_open(&c), SCARD_E_NO_SERVICE);
	context_close(&c);
	assert_int_equal(fake.calls[CALL_RELEASE], 0);
	assert_int_equal(context_open(&c), SCARD_S_SUCCESS);
	context_close(&c);
}

static void
test_open_once(void **state)
{
	struct context c = { 0 };

	assert_int_equal(context_open(&c), SCARD_S_SUCCESS);
	assert_int_equal(context_open(&c), SCARD_S_SUCCESS);
	assert_int_equal(fake.calls[CALL_ESTABLISH], 1);
	fake_answer(CALL_RELEASE, SCARD_E_NO_SERVICE);
	context_close(&c);
	context_close(&c);
	assert_int_equal(fake.calls[CALL_RELEASE], 1);
}

static void
test_atr(void **state)
{
	SCARD_READERSTATE now = { .dwEventState = 7u << 16, .cbAtr = 3 };

	assert_int_equal(event_atr(&now).left, 0);
	assert_int_equal(event_counter(&now), 7);
	now.dwEventState |= SCARD_STATE_PRESENT;
	assert_int_equal(event_atr(&now).left, 3);
	now.cbAtr = sizeof(now.rgbAtr) + 1;
	assert_int_equal(event_atr(&now).left, 0);
}

#define CASE(name, function)                           \
	{                                              \
		name, function, fake_reset, NULL, NULL \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/pcsc/context/find/unknown", test_find_unknown),
		CASE("/pcsc/context/find/known", test_find_known),
		CASE("/pcsc/context/find/fates", test_fates),
		CASE("/pcsc/context/number", test_number),
		CASE("/pcsc/context/open/fails", test_open_fails),
		CASE("/pcsc/context/open/once", test_open_once),
		CASE("/pcsc/context/event/atr", test_atr),
	};

	return cmocka_run_group_tests_name("/pcsc/context", tests, NULL, NULL);
}
