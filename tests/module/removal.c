/* 5.1.2, 5.1.3, 5.5.4, 5.6: a token that goes away and comes back, on cards of
 * which the suite is told how (--tell). */
#include <stdlib.h>
#include <time.h>

#include "suite.h"

static void
tell(const char *what)
{
	char command[1024];
	int n = snprintf(command, sizeof(command), "%s %s >/dev/null",
			 suite.tell, what);

	assert_in_range(n, 1, sizeof(command) - 1);
	assert_int_equal(system(command), 0);
}

static void
need_tell(void)
{
	if (suite.tell == NULL)
		skip();
}

/* The slot as the next look at it has it; a list is asked for first, as that
 * is when a library looks around (5.5.1). */
static bool
is_present(void)
{
	CK_SLOT_INFO info = { 0 };
	CK_ULONG count = 0;

	assert_ok(suite.p11->C_GetSlotList(CK_FALSE, NULL, &count));
	assert_ok(suite.p11->C_GetSlotInfo(suite.slot, &info));
	return info.flags & CKF_TOKEN_PRESENT;
}

/* Waits for the reader service; that it comes at all is what is tested. */
static void
wait_for(bool present)
{
	const struct timespec pause = { 0, 20000000 };
	int i;

	for (i = 0; i < 1000 && is_present() != present; i++)
		(void)nanosleep(&pause, NULL);
	assert_true(is_present() == present);
}

static void
take_away(void)
{
	tell("remove");
	wait_for(false);
}

/* However the case ends, the next one finds the card. */
static int
bring_back(void **state)
{
	int result = 0;

	if (suite.tell != NULL) {
		tell("insert");
		(void)suite.p11->C_Initialize(NULL);
		wait_for(true);
	}
	result = case_end(state);
	return result;
}

/* 5.1.2: "removing a token closes all sessions with it"; 5.1.7: so that a
 * session's functions answer CKR_SESSION_HANDLE_INVALID */
static void
test_sessions(void **state)
{
	CK_SESSION_HANDLE other;
	CK_SESSION_INFO info;
	CK_OBJECT_HANDLE key;

	need_tell();
	other = session_open(0);
	login();
	key = object_get(CKO_PRIVATE_KEY, suite.rsa);
	take_away();
	assert_rv(CKR_SESSION_HANDLE_INVALID,
		  suite.p11->C_GetSessionInfo(suite.session, &info));
	assert_rv(CKR_SESSION_HANDLE_INVALID,
		  suite.p11->C_GetSessionInfo(other, &info));
	tell("insert");
	wait_for(true);
	assert_rv(CKR_SESSION_HANDLE_INVALID,
		  suite.p11->C_GetSessionInfo(suite.session, &info));
	suite.session = session_open(CKF_RW_SESSION);
	assert_int_equal(session_state(suite.session), CKS_RW_PUBLIC_SESSION);
	assert_rv(CKR_OBJECT_HANDLE_INVALID, object_peek(suite.session, key));
	login();
	assert_rv(CKR_OBJECT_HANDLE_INVALID, object_peek(suite.session, key));
}

/* 5.1.3: CKR_TOKEN_NOT_PRESENT of what takes a slot */
static void
test_not_present(void **state)
{
	CK_UTF8CHAR label[33] = "nobody                          ";
	CK_UTF8CHAR pin[] = "12345678";
	CK_FUNCTION_LIST *p = suite.p11;
	CK_RV gone = CKR_TOKEN_NOT_PRESENT;
	CK_MECHANISM_INFO mechanism;
	CK_SESSION_HANDLE session;
	CK_TOKEN_INFO token;
	CK_ULONG count;

	need_tell();
	take_away();
	assert_rv(gone, p->C_GetTokenInfo(suite.slot, &token));
	assert_rv(gone, p->C_GetMechanismList(suite.slot, NULL, &count));
	assert_rv(gone,
		  p->C_GetMechanismInfo(suite.slot, CKM_RSA_PKCS, &mechanism));
	assert_rv(gone, p->C_OpenSession(suite.slot, CKF_SERIAL_SESSION, NULL,
					 NULL, &session));
	assert_rv(gone, p->C_InitToken(suite.slot, pin, 8, label));
	assert_rv(gone, p->C_CloseAllSessions(suite.slot));
}

/* 5.5.4: removal and insertion are events of their slot. What more than one
 * slot has of a card may be known only when it was looked at. */
static void
test_events(void **state)
{
	CK_SLOT_ID slot = 0;
	CK_FUNCTION_LIST *p = suite.p11;
	int i;

	need_tell();
	while (p->C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL) == CKR_OK)
		continue;
	for (i = 0; i < 2; i++) {
		tell(i == 0 ? "remove" : "insert");
		do {
			assert_ok(p->C_WaitForSlotEvent(0, &slot, NULL));
			wait_for(i == 1);
		} while (slot != suite.slot);
	}
}

#define CASE_REMOVING(name, function)                        \
	{                                                    \
		name, function, case_begin, bring_back, NULL \
	}

static const struct CMUnitTest list[] = {
	CASE_REMOVING("/removal/sessions", test_sessions),
	CASE_REMOVING("/removal/not-present", test_not_present),
	CASE_REMOVING("/removal/events", test_events),
};

const struct cases removal_cases = CASES("removal", list);
