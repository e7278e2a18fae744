/* pkcs11/slots.c, scan.c, slot.c: readers, cards and slots. */
#include <stdio.h>
#include <string.h>

#include "fake.h"

static CK_ULONG
slot_count(CK_BBOOL with_token)
{
	CK_ULONG count = 99;

	assert_int_equal(C_GetSlotList(with_token, NULL, &count), CKR_OK);
	return count;
}

static CK_SLOT_ID
slot_at(CK_ULONG index)
{
	CK_SLOT_ID list[16] = { 0 };
	CK_ULONG count = 16;

	assert_int_equal(C_GetSlotList(CK_FALSE, list, &count), CKR_OK);
	assert_true(index < count);
	return list[index];
}

static CK_FLAGS
slot_flags(CK_SLOT_ID slot)
{
	CK_SLOT_INFO info;

	assert_int_equal(C_GetSlotInfo(slot, &info), CKR_OK);
	return info.flags;
}

static void
assert_description(CK_SLOT_ID slot, const char *text)
{
	CK_SLOT_INFO info;
	char padded[65];

	assert_int_equal(C_GetSlotInfo(slot, &info), CKR_OK);
	snprintf(padded, sizeof(padded), "%-64s", text);
	assert_memory_equal(info.slotDescription, padded, 64);
}

static CK_RV
token_info(CK_SLOT_ID slot)
{
	CK_TOKEN_INFO info;

	return C_GetTokenInfo(slot, &info);
}

static CK_RV
session_info(CK_SESSION_HANDLE session)
{
	CK_SESSION_INFO info;

	return C_GetSessionInfo(session, &info);
}

static int
start_empty(void **state)
{
	world_setup(state);
	return C_Initialize(NULL) == CKR_OK ? 0 : -1;
}

#define CASE_EMPTY(name, function)                            \
	{                                                     \
		name, function, start_empty, world_stop, NULL \
	}

static void
test_null(void **state)
{
	assert_int_equal(C_GetSlotList(CK_FALSE, NULL, NULL),
			 CKR_ARGUMENTS_BAD);
	assert_int_equal(C_GetSlotInfo(world_slot, NULL), CKR_ARGUMENTS_BAD);
	assert_int_equal(C_GetTokenInfo(world_slot, NULL), CKR_ARGUMENTS_BAD);
}

static void
test_unknown_id(void **state)
{
	CK_SESSION_HANDLE session;
	CK_SLOT_INFO info;

	assert_int_equal(C_GetSlotInfo(77, &info), CKR_SLOT_ID_INVALID);
	assert_int_equal(token_info(0), CKR_SLOT_ID_INVALID);
	assert_int_equal(token_info(0x10000), CKR_SLOT_ID_INVALID);
	assert_int_equal(C_CloseAllSessions(77), CKR_SLOT_ID_INVALID);
	assert_int_equal(
		C_OpenSession(77, CKF_SERIAL_SESSION, NULL, NULL, &session),
		CKR_SLOT_ID_INVALID);
}

static void
test_too_small(void **state)
{
	CK_SLOT_ID list[1];
	CK_ULONG count = 0;

	world_reader(1, "Second 00 00");
	assert_int_equal(slot_count(CK_FALSE), 2);
	count = 1;
	assert_int_equal(C_GetSlotList(CK_FALSE, list, &count),
			 CKR_BUFFER_TOO_SMALL);
	assert_int_equal(count, 2);
}

/* 5.5.3 */
static void
test_empty(void **state)
{
	CK_SESSION_HANDLE session;

	world_reader(0, "Empty 00 00");
	assert_int_equal(slot_count(CK_FALSE), 1);
	assert_int_equal(slot_count(CK_TRUE), 0);
	assert_int_equal(slot_flags(1), CKF_REMOVABLE_DEVICE | CKF_HW_SLOT);
	assert_int_equal(token_info(1), CKR_TOKEN_NOT_PRESENT);
	assert_int_equal(
		C_OpenSession(1, CKF_SERIAL_SESSION, NULL, NULL, &session),
		CKR_TOKEN_NOT_PRESENT);
	assert_int_equal(world.opens, 0);
}

/* A card that nobody knows is looked at once, whoever asks how often. */
static void
test_unknown_card(void **state)
{
	CK_SESSION_HANDLE session;
	int i;

	world_reader(0, "Reader 00 00");
	world_insert(0, NULL, 0);
	for (i = 0; i < 3; i++) {
		assert_int_equal(slot_count(CK_TRUE), 1);
		assert_true(slot_flags(1) & CKF_TOKEN_PRESENT);
		assert_int_equal(token_info(1), CKR_TOKEN_NOT_RECOGNIZED);
		assert_int_equal(C_OpenSession(1, CKF_SERIAL_SESSION, NULL,
					       NULL, &session),
				 CKR_TOKEN_NOT_RECOGNIZED);
	}
	assert_int_equal(world.opens, 1);
	world_remove(0);
	world_insert(0, NULL, 0);
	assert_int_equal(token_info(1), CKR_TOKEN_NOT_RECOGNIZED);
	assert_int_equal(world.opens, 2);
}

static void
test_mute_card(void **state)
{
	world_reader(0, "Reader 00 00");
	world_insert(0, NULL, 0);
	world.readers[0].mute = true;
	assert_int_equal(token_info(1), CKR_TOKEN_NOT_RECOGNIZED);
	assert_true(slot_flags(1) & CKF_TOKEN_PRESENT);
	assert_int_equal(world.opens, 0);
}

/* Somebody may have it for himself now: it gets another chance whenever the
 * application asks for slots, but not from each state query. */
static void
test_card_in_trouble(void **state)
{
	struct fake *f = fake_new();

	world_reader(0, "Reader 00 00");
	world_insert(0, &f, 1);
	world.open = CKR_DEVICE_ERROR;
	assert_int_equal(slot_count(CK_TRUE), 1);
	assert_int_equal(token_info(1), CKR_DEVICE_ERROR);
	assert_int_equal(token_info(1), CKR_DEVICE_ERROR);
	assert_int_equal(world.opens, 1);
	world.open = CKR_OK;
	assert_int_equal(slot_count(CK_TRUE), 1);
	assert_int_equal(token_info(1), CKR_OK);
	assert_int_equal(world.opens, 2);
}

/* To wait for it in each list would freeze the program that asks. */
static void
test_card_held_exclusively(void **state)
{
	struct fake *f = fake_new();

	world_reader(0, "Reader 00 00");
	world_insert(0, &f, 1);
	world.readers[0].exclusive = true;
	world.open = CKR_DEVICE_ERROR;
	assert_int_equal(slot_count(CK_TRUE), 1);
	assert_int_equal(slot_count(CK_TRUE), 1);
	assert_int_equal(world.opens, 1);
	world.readers[0].exclusive = false;
	world.open = CKR_OK;
	assert_int_equal(slot_count(CK_TRUE), 1);
	assert_int_equal(token_info(1), CKR_OK);
	assert_int_equal(world.opens, 2);
}

static void
test_gone_while_looking(void **state)
{
	world_reader(0, "Reader 00 00");
	world_insert(0, NULL, 0);
	world.open = CKR_DEVICE_REMOVED;
	assert_int_equal(slot_count(CK_TRUE), 0);
	world_remove(0);
	assert_int_equal(token_info(1), CKR_TOKEN_NOT_PRESENT);
}

/* Nothing is asked of PC/SC or a card before somebody asks for it. */
static void
test_initialize_looks_at_nothing(void **state)
{
	assert_int_equal(world.scans, 0);
	assert_int_equal(world.opens, 0);
}

static void
test_by_number(void **state)
{
	struct fake *f = fake_new();

	world_reader(0, "Reader 00 00");
	world_insert(0, &f, 1);
	assert_int_equal(token_info(1), CKR_OK);
	assert_int_equal(world.opens, 1);
	assert_true(slot_flags(1) & CKF_TOKEN_PRESENT);
	world_open(1, 0);
	assert_int_equal(world.opens, 1);
}

/* 5.5.1: a list changes only when its length is asked for. */
static void
test_list_stands(void **state)
{
	assert_int_equal(slot_count(CK_FALSE), 1);
	world_reader(1, "Second 00 00");
	assert_int_equal(slot_flags(2), CKF_REMOVABLE_DEVICE | CKF_HW_SLOT);
	CK_SLOT_ID list[4];
	CK_ULONG count = 4;
	assert_int_equal(C_GetSlotList(CK_FALSE, list, &count), CKR_OK);
	assert_int_equal(count, 1);
	assert_int_equal(slot_count(CK_FALSE), 2);
	assert_int_equal(slot_at(1), 2);
}

static void
test_list_at_once(void **state)
{
	CK_SLOT_ID list[4];
	CK_ULONG count = 4;

	assert_int_equal(C_GetSlotList(CK_TRUE, list, &count), CKR_OK);
	assert_int_equal(count, 1);
	assert_int_equal(list[0], world_slot);
}

/* A slot never vanishes, and never means another reader. */
static void
test_reader_leaves(void **state)
{
	world_reader(1, "Second 00 00");
	assert_int_equal(slot_count(CK_FALSE), 2);
	world_remove(0);
	world.reader_count = 0;
	assert_int_equal(slot_count(CK_FALSE), 2);
	assert_int_equal(slot_count(CK_TRUE), 0);
	assert_int_equal(session_info(world_session),
			 CKR_SESSION_HANDLE_INVALID);
	world_reader(0, "Second 00 00");
	assert_int_equal(slot_count(CK_FALSE), 2);
	assert_description(2, "Second 00 00");
}

/* 5.1.2: a removed token closes its sessions; another one opens none. */
static void
test_removal(void **state)
{
	CK_OBJECT_HANDLE object = world_find(world_session, CKO_CERTIFICATE, 1);
	CK_ATTRIBUTE none = { CKA_ID, NULL, 0 };
	CK_SESSION_HANDLE session;
	struct fake *f = fake_new();

	fake_add(f, CKO_CERTIFICATE, 1, false);
	world_remove(0);
	assert_int_equal(slot_count(CK_TRUE), 0);
	assert_int_equal(session_info(world_session),
			 CKR_SESSION_HANDLE_INVALID);
	assert_int_equal(token_info(world_slot), CKR_TOKEN_NOT_PRESENT);
	world_insert(0, &f, 1);
	assert_int_equal(session_info(world_session),
			 CKR_SESSION_HANDLE_INVALID);
	session = world_open(world_slot, 0);
	assert_int_equal(C_GetAttributeValue(session, object, &none, 1),
			 CKR_OBJECT_HANDLE_INVALID);
	assert_int_not_equal(world_find(session, CKO_CERTIFICATE, 1), object);
}

/* Taken out and put in again while nobody looked. */
static void
test_reinsertion_unseen(void **state)
{
	struct fake *f = fake_new();

	world_remove(0);
	world_insert(0, &f, 1);
	assert_int_equal(token_info(world_slot), CKR_OK);
	assert_int_equal(session_info(world_session),
			 CKR_SESSION_HANDLE_INVALID);
	assert_int_equal(world.opens, 2);
}

/* A call meets the removal first. */
static void
test_lost(void **state)
{
	CK_ULONG count;
	CK_OBJECT_HANDLE object;

	world_token->lost = CKR_DEVICE_REMOVED;
	assert_int_equal(C_FindObjectsInit(world_session, NULL, 0),
			 CKR_DEVICE_REMOVED);
	assert_int_equal(C_FindObjects(world_session, &object, 1, &count),
			 CKR_SESSION_HANDLE_INVALID);
	world_remove(0);
	assert_int_equal(token_info(world_slot), CKR_TOKEN_NOT_PRESENT);
}

static void
two_applets(struct fake **piv, struct fake **openpgp)
{
	struct fake *both[2] = { fake_new(), fake_new() };

	both[0]->model = "PIV";
	both[1]->model = "OpenPGP";
	world_reader(0, "Key 00 00");
	world_insert(0, both, 2);
	*piv = both[0];
	*openpgp = both[1];
}

static void
test_applets(void **state)
{
	struct fake *piv, *openpgp;
	CK_SLOT_ID second;

	two_applets(&piv, &openpgp);
	assert_int_equal(slot_count(CK_TRUE), 2);
	assert_int_equal(slot_at(0), 1);
	second = slot_at(1);
	assert_true(second < 0x10000);
	assert_description(1, "Key 00 00 (PIV)");
	assert_description(second, "Key 00 00 (OpenPGP)");
	world_remove(0);
	assert_int_equal(slot_count(CK_FALSE), 2);
	assert_int_equal(slot_count(CK_TRUE), 0);
	assert_int_equal(token_info(second), CKR_TOKEN_NOT_PRESENT);
}

/* By its number, before anybody has looked at the card. */
static void
test_second_applet_by_number(void **state)
{
	struct fake *piv, *openpgp;
	CK_TOKEN_INFO info;

	two_applets(&piv, &openpgp);
	assert_int_equal(C_GetTokenInfo(0x1001, &info), CKR_OK);
	assert_memory_equal(info.model, "OpenPGP", 7);
}

/* One applet's call meets the removal: the card is gone for all. */
static void
test_applets_lost(void **state)
{
	struct fake *piv, *openpgp;
	CK_SESSION_HANDLE a, b;

	two_applets(&piv, &openpgp);
	a = world_open(1, 0);
	b = world_open(0x1001, 0);
	piv->lost = CKR_DEVICE_REMOVED;
	assert_int_equal(C_FindObjectsInit(a, NULL, 0), CKR_DEVICE_REMOVED);
	assert_int_equal(session_info(b), CKR_SESSION_HANDLE_INVALID);
}

static void
test_long_name(void **state)
{
	struct fake *piv, *openpgp;
	char name[101];

	memset(name, 'x', 100);
	name[100] = '\0';
	two_applets(&piv, &openpgp);
	world_reader(0, name);
	assert_int_equal(slot_count(CK_TRUE), 2);
	name[64 - strlen(" (OpenPGP)")] = '\0';
	strcat(name, " (OpenPGP)");
	assert_description(0x1001, name);
}

static void
test_software(void **state)
{
	struct fake *f = fake_new();

	world_soft("00000000deadbeef", f);
	assert_int_equal(slot_count(CK_TRUE), 1);
	assert_int_equal(slot_at(0), 0x5eadbeef);
	assert_description(0x5eadbeef, "Software token 00000000deadbeef");
	assert_int_equal(slot_flags(0x5eadbeef), CKF_TOKEN_PRESENT);
	assert_int_equal(token_info(0x5eadbeef), CKR_OK);
}

static void
test_software_by_number(void **state)
{
	world_soft("0000000000000001", fake_new());
	assert_int_equal(token_info(0x10001), CKR_OK);
}

static void
test_software_same_number(void **state)
{
	world_soft("1111111120000000", fake_new());
	world_soft("2222222220000000", fake_new());
	assert_int_equal(slot_count(CK_TRUE), 2);
	assert_int_equal(slot_at(0), 0x20000000);
	assert_int_equal(slot_at(1), 0x20000001);
}

static void
test_software_leaves(void **state)
{
	CK_SESSION_HANDLE session;

	world_soft("0000000000000001", fake_new());
	session = world_open(0x10001, 0);
	token_unref(world.soft[0].token);
	world.soft_count = 0;
	assert_int_equal(slot_count(CK_TRUE), 0);
	assert_int_equal(slot_count(CK_FALSE), 1);
	assert_int_equal(session_info(session), CKR_SESSION_HANDLE_INVALID);
	assert_int_equal(token_info(0x10001), CKR_TOKEN_NOT_PRESENT);
}

static void
test_hidden(void **state)
{
	static char hide[] = "OpenPGP";
	struct fake *piv, *openpgp;

	world.config.slots_hide = hide;
	two_applets(&piv, &openpgp);
	assert_int_equal(slot_count(CK_TRUE), 1);
	assert_int_equal(token_info(0x1001), CKR_SLOT_ID_INVALID);
}

static void
test_ignored(void **state)
{
	static char ignore[] = "Key";
	struct fake *piv, *openpgp;

	world.config.readers_ignore = ignore;
	two_applets(&piv, &openpgp);
	assert_int_equal(slot_count(CK_FALSE), 0);
	assert_int_equal(world.opens, 0);
}

static void
test_token_info(void **state)
{
	CK_TOKEN_INFO info;

	world_open(world_slot, 0);
	assert_int_equal(C_GetTokenInfo(world_slot, &info), CKR_OK);
	assert_int_equal(info.ulSessionCount, 2);
	assert_int_equal(info.ulRwSessionCount, 1);
	assert_int_equal(info.ulMaxSessionCount, CK_EFFECTIVELY_INFINITE);
	assert_true(info.flags & CKF_RNG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/pkcs11/slots/null", test_null),
		CASE("/pkcs11/slots/unknown-id", test_unknown_id),
		CASE("/pkcs11/slots/too-small", test_too_small),
		CASE_EMPTY("/pkcs11/slots/empty", test_empty),
		CASE_EMPTY("/pkcs11/slots/card/unknown", test_unknown_card),
		CASE_EMPTY("/pkcs11/slots/card/mute", test_mute_card),
		CASE_EMPTY("/pkcs11/slots/card/in-trouble",
			   test_card_in_trouble),
		CASE_EMPTY("/pkcs11/slots/card/held-exclusively",
			   test_card_held_exclusively),
		CASE_EMPTY("/pkcs11/slots/card/gone-while-looking",
			   test_gone_while_looking),
		CASE_EMPTY("/pkcs11/slots/initialize-looks-at-nothing",
			   test_initialize_looks_at_nothing),
		CASE_EMPTY("/pkcs11/slots/by-number", test_by_number),
		CASE("/pkcs11/slots/list/stands", test_list_stands),
		CASE("/pkcs11/slots/list/at-once", test_list_at_once),
		CASE("/pkcs11/slots/reader-leaves", test_reader_leaves),
		CASE("/pkcs11/slots/removal", test_removal),
		CASE("/pkcs11/slots/removal/unseen", test_reinsertion_unseen),
		CASE("/pkcs11/slots/removal/lost", test_lost),
		CASE_EMPTY("/pkcs11/slots/applets", test_applets),
		CASE_EMPTY("/pkcs11/slots/applets/by-number",
			   test_second_applet_by_number),
		CASE_EMPTY("/pkcs11/slots/applets/lost", test_applets_lost),
		CASE_EMPTY("/pkcs11/slots/long-name", test_long_name),
		CASE_EMPTY("/pkcs11/slots/software", test_software),
		CASE_EMPTY("/pkcs11/slots/software/by-number",
			   test_software_by_number),
		CASE_EMPTY("/pkcs11/slots/software/same-number",
			   test_software_same_number),
		CASE_EMPTY("/pkcs11/slots/software/leaves",
			   test_software_leaves),
		CASE_EMPTY("/pkcs11/slots/hidden", test_hidden),
		CASE_EMPTY("/pkcs11/slots/ignored", test_ignored),
		CASE("/pkcs11/slots/token-info", test_token_info),
	};

	return cmocka_run_group_tests_name("/pkcs11/slots", tests, NULL, NULL);
}
