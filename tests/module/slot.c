/* 5.5: slots, tokens as they are seen in them, mechanisms. */
#include "suite.h"

enum { SLOT_NONE = 0x7ffffff1 };

/* 5.5.1 */
static void
test_list_null(void **state)
{
	assert_rv(CKR_ARGUMENTS_BAD,
		  suite.p11->C_GetSlotList(CK_TRUE, NULL, NULL));
}

/* 5.5.1: "In either case, the value *pulCount is set to hold the number of
 * slots." */
static void
test_list_too_small(void **state)
{
	CK_SLOT_ID slots[1];
	CK_ULONG all = 0, count = 0;

	assert_ok(suite.p11->C_GetSlotList(CK_TRUE, NULL, &all));
	assert_true(all > 0);
	assert_rv(CKR_BUFFER_TOO_SMALL,
		  suite.p11->C_GetSlotList(CK_TRUE, slots, &count));
	assert_int_equal(count, all);
}

/* 5.5.1: "All slots which C_GetSlotList reports MUST be able to be queried as
 * valid slots by C_GetSlotInfo." */
static void
test_list(void **state)
{
	CK_SLOT_ID slots[64];
	CK_SLOT_INFO info;
	CK_ULONG all = 0, count = 64, i;
	bool seen = false;

	assert_ok(suite.p11->C_GetSlotList(CK_FALSE, NULL, &all));
	assert_ok(suite.p11->C_GetSlotList(CK_FALSE, slots, &count));
	assert_int_equal(count, all);
	for (i = 0; i < count; i++) {
		assert_ok(suite.p11->C_GetSlotInfo(slots[i], &info));
		seen = seen || slots[i] == suite.slot;
	}
	assert_true(seen);
}

/* 5.5.2, 3.2.2 */
static void
test_info(void **state)
{
	CK_SLOT_INFO info;
	size_t i;

	assert_rv(CKR_ARGUMENTS_BAD,
		  suite.p11->C_GetSlotInfo(suite.slot, NULL));
	assert_rv(CKR_SLOT_ID_INVALID,
		  suite.p11->C_GetSlotInfo(SLOT_NONE, &info));
	assert_ok(suite.p11->C_GetSlotInfo(suite.slot, &info));
	assert_true(info.flags & CKF_TOKEN_PRESENT);
	for (i = 0; i < sizeof(info.slotDescription); i++)
		assert_int_not_equal(info.slotDescription[i], '\0');
	for (i = 0; i < sizeof(info.manufacturerID); i++)
		assert_int_not_equal(info.manufacturerID[i], '\0');
}

/* 5.5.3, 3.2.3 */
static void
test_token(void **state)
{
	CK_TOKEN_INFO info;

	assert_rv(CKR_ARGUMENTS_BAD,
		  suite.p11->C_GetTokenInfo(suite.slot, NULL));
	assert_rv(CKR_SLOT_ID_INVALID,
		  suite.p11->C_GetTokenInfo(SLOT_NONE, &info));
	assert_ok(suite.p11->C_GetTokenInfo(suite.slot, &info));
	if (!suite.card)
		assert_memory_equal(info.label,
				    "suite                           ", 32);
	assert_true(info.flags & CKF_TOKEN_INITIALIZED);
	assert_true(info.flags & CKF_USER_PIN_INITIALIZED);
	assert_true(info.flags & CKF_LOGIN_REQUIRED);
	assert_true(info.flags & CKF_RNG);
	assert_true(info.ulMinPinLen <= strlen(suite.pin));
	assert_true(info.ulMaxPinLen >= strlen(suite.pin));
}

/* 3.2.3: ulSessionCount and ulRwSessionCount, "this application" */
static void
test_token_sessions(void **state)
{
	CK_TOKEN_INFO info;
	CK_SESSION_HANDLE other = session_open(0);

	assert_ok(suite.p11->C_GetTokenInfo(suite.slot, &info));
	if (info.ulSessionCount == CK_UNAVAILABLE_INFORMATION)
		return;
	assert_int_equal(info.ulSessionCount, 2);
	assert_int_equal(info.ulRwSessionCount, 1);
	assert_ok(suite.p11->C_CloseSession(other));
	assert_ok(suite.p11->C_GetTokenInfo(suite.slot, &info));
	assert_int_equal(info.ulSessionCount, 1);
}

/* 5.5.5 */
static void
test_mechanisms(void **state)
{
	CK_MECHANISM_TYPE types[512];
	CK_MECHANISM_INFO info;
	CK_ULONG all = 0, count = 0, i, j;

	assert_rv(CKR_ARGUMENTS_BAD,
		  suite.p11->C_GetMechanismList(suite.slot, NULL, NULL));
	assert_rv(CKR_SLOT_ID_INVALID,
		  suite.p11->C_GetMechanismList(SLOT_NONE, NULL, &all));
	assert_ok(suite.p11->C_GetMechanismList(suite.slot, NULL, &all));
	assert_in_range(all, 1, 512);
	assert_rv(CKR_BUFFER_TOO_SMALL,
		  suite.p11->C_GetMechanismList(suite.slot, types, &count));
	assert_int_equal(count, all);
	count = 512;
	assert_ok(suite.p11->C_GetMechanismList(suite.slot, types, &count));
	assert_int_equal(count, all);
	for (i = 0; i < count; i++) {
		assert_ok(suite.p11->C_GetMechanismInfo(suite.slot, types[i],
							&info));
		for (j = 0; j < i; j++)
			assert_int_not_equal(types[i], types[j]);
	}
}

/* 5.5.6 */
static void
test_mechanism(void **state)
{
	CK_MECHANISM_INFO info;

	assert_rv(CKR_ARGUMENTS_BAD, suite.p11->C_GetMechanismInfo(
					     suite.slot, CKM_RSA_PKCS, NULL));
	assert_rv(CKR_SLOT_ID_INVALID, suite.p11->C_GetMechanismInfo(
					       SLOT_NONE, CKM_RSA_PKCS, &info));
	assert_rv(CKR_MECHANISM_INVALID,
		  suite.p11->C_GetMechanismInfo(
			  suite.slot, CKM_VENDOR_DEFINED | 0x123456, &info));
	assert_ok(
		suite.p11->C_GetMechanismInfo(suite.slot, CKM_RSA_PKCS, &info));
	assert_true(info.flags & CKF_SIGN);
	assert_true(info.flags & CKF_VERIFY);
	assert_true(info.ulMinKeySize <= 2048 && info.ulMaxKeySize >= 2048);
}

static const struct CMUnitTest list[] = {
	CASE("/slot/list/null", test_list_null),
	CASE("/slot/list/too-small", test_list_too_small),
	CASE("/slot/list", test_list),
	CASE("/slot/info", test_info),
	CASE("/slot/token", test_token),
	CASE("/slot/token/sessions", test_token_sessions),
	CASE("/slot/mechanism/list", test_mechanisms),
	CASE("/slot/mechanism", test_mechanism),
};

const struct cases slot_cases = CASES("slot", list);
