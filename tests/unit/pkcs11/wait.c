/* pkcs11/wait.c: which events C_WaitForSlotEvent tells, and when it ends. */
#include <string.h>

#include "fake.h"

static CK_RV
event(CK_FLAGS flags, CK_SLOT_ID *slot)
{
	*slot = 999;
	return C_WaitForSlotEvent(flags, slot, NULL);
}

static void
assert_event(CK_SLOT_ID wanted)
{
	CK_SLOT_ID slot;

	assert_int_equal(event(CKF_DONT_BLOCK, &slot), CKR_OK);
	assert_int_equal(slot, wanted);
}

static void
assert_no_event(void)
{
	CK_SLOT_ID slot;

	assert_int_equal(event(CKF_DONT_BLOCK, &slot), CKR_NO_EVENT);
	assert_int_equal(slot, 999);
}

static int
start_empty(void **state)
{
	world_setup(state);
	return C_Initialize(NULL) == CKR_OK ? 0 : -1;
}

static void
test_arguments(void **state)
{
	CK_SLOT_ID slot;

	assert_int_equal(C_WaitForSlotEvent(CKF_DONT_BLOCK, NULL, NULL),
			 CKR_ARGUMENTS_BAD);
	assert_int_equal(C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, &slot),
			 CKR_ARGUMENTS_BAD);
}

/* What is there at the first look is no event. */
static void
test_nothing(void **state)
{
	assert_no_event();
	assert_no_event();
	assert_int_equal(world.waits, 0);
}

static void
test_cancelled(void **state)
{
	CK_SLOT_ID slot;

	assert_int_equal(event(0, &slot), CKR_CRYPTOKI_NOT_INITIALIZED);
	assert_int_equal(slot, 999);
	assert_int_equal(world.waits, 1);
}

static void
test_hidden(void **state)
{
	static char hide[] = "Second 00 00", ignore[] = "Third 00 00";

	world.config.slots_hide = hide;
	world.config.readers_ignore = ignore;
	world_reader(0, "First 00 00");
	assert_int_equal(C_Initialize(NULL), CKR_OK);
	assert_no_event();
	world_reader(1, "Second 00 00");
	world_reader(2, "Third 00 00");
	world_insert(1, NULL, 0);
	assert_no_event();
}

static void
test_first_reader(void **state)
{
	assert_no_event();
	world_reader(0, "First 00 00");
	assert_event(1);
	assert_no_event();
	world_reader(1, "Second 00 00");
	assert_event(2);
	assert_no_event();
}

static void
test_card(void **state)
{
	assert_no_event();
	world_remove(0);
	assert_event(1);
	assert_no_event();
	world_insert(0, NULL, 0);
	assert_event(1);
	assert_no_event();
}

/* Out and in again between two calls. */
static void
test_swap(void **state)
{
	CK_SESSION_INFO info;

	assert_no_event();
	world_remove(0);
	world_insert(0, NULL, 0);
	assert_event(1);
	assert_no_event();
	assert_int_equal(C_GetSessionInfo(world_session, &info),
			 CKR_SESSION_HANDLE_INVALID);
}

/* Another call saw it first: it is an event still. */
static void
test_seen_by_others(void **state)
{
	CK_SLOT_INFO info;

	world_remove(0);
	assert_int_equal(C_GetSlotInfo(1, &info), CKR_OK);
	assert_event(1);
	assert_no_event();
}

/* The service was restarted, and counts from the beginning. */
static void
test_restart(void **state)
{
	world_reader(1, "Second 00 00");
	assert_event(2);
	world.readers[1].insertion = 0x10000;
	assert_no_event();
	world.reader_count = 0;
	assert_event(1);
	assert_event(2);
	assert_no_event();
	world.reader_count = 2;
	assert_event(1);
	assert_event(2);
	assert_no_event();
}

/* Who waits is woken for what PC/SC does not tell. */
static void
test_applets(void **state)
{
	struct fake *both[] = { fake_new(), fake_new() };
	CK_ULONG count;

	world_remove(0);
	assert_event(1);
	world_insert(0, both, 2);
	assert_event(1);
	assert_int_equal(world.wakes, 0);
	assert_int_equal(C_GetSlotList(CK_TRUE, NULL, &count), CKR_OK);
	assert_int_equal(count, 2);
	assert_int_equal(world.wakes, 1);
	assert_event(0x1001);
	assert_no_event();
	world_remove(0);
	assert_event(1);
	assert_event(0x1001);
	assert_no_event();
}

/* A slot that its reader left stands for the reader that comes back. */
static void
test_slots_stay(void **state)
{
	CK_ULONG count = 0;

	world_reader(1, "Second 00 00");
	assert_event(2);
	world.reader_count = 0;
	assert_event(1);
	assert_event(2);
	assert_int_equal(C_GetSlotList(CK_FALSE, NULL, &count), CKR_OK);
	assert_int_equal(count, 2);
	memset(world.readers, 0, sizeof(world.readers));
	world_reader(0, "Second 00 00");
	assert_event(2);
	world_reader(1, "Third 00 00");
	assert_event(3);
	assert_no_event();
}

static void
insert_late(void)
{
	if (world.waits == 3)
		world_insert(0, NULL, 0);
}

/* A wait that was woken for nothing goes on. */
static void
test_blocking(void **state)
{
	CK_SLOT_ID slot;

	world_remove(0);
	assert_event(1);
	world.on_wait = insert_late;
	assert_int_equal(event(0, &slot), CKR_OK);
	assert_int_equal(slot, 1);
	assert_int_equal(world.waits, 3);
}

#define CASE_EMPTY(name, function)                            \
	{                                                     \
		name, function, start_empty, world_stop, NULL \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/pkcs11/wait/arguments", test_arguments),
		CASE("/pkcs11/wait/nothing", test_nothing),
		CASE("/pkcs11/wait/cancelled", test_cancelled),
		{ "/pkcs11/wait/hidden", test_hidden, world_setup, world_stop,
		  NULL },
		CASE_EMPTY("/pkcs11/wait/first-reader", test_first_reader),
		CASE("/pkcs11/wait/card", test_card),
		CASE("/pkcs11/wait/swap", test_swap),
		CASE("/pkcs11/wait/seen-by-others", test_seen_by_others),
		CASE("/pkcs11/wait/restart", test_restart),
		CASE("/pkcs11/wait/applets", test_applets),
		CASE("/pkcs11/wait/slots-stay", test_slots_stay),
		CASE("/pkcs11/wait/blocking", test_blocking),
	};

	return cmocka_run_group_tests_name("/pkcs11/wait", tests, NULL, NULL);
}
