/* 5.1.2, 5.1.3, 5.5.4, 5.6: a token that goes away and comes back, on cards of
 * which the suite is told how (--tell). */
#include "suite.h"

static void
take_away(void)
{
	card_tell("remove");
	card_wait(false);
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
	card_tell("insert");
	card_wait(true);
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
		card_tell(i == 0 ? "remove" : "insert");
		do {
			assert_ok(p->C_WaitForSlotEvent(0, &slot, NULL));
			card_wait(i == 1);
		} while (slot != suite.slot);
	}
}

static const struct CMUnitTest list[] = {
	CASE_REMOVING("/removal/sessions", test_sessions, NULL),
	CASE_REMOVING("/removal/not-present", test_not_present, NULL),
	CASE_REMOVING("/removal/events", test_events, NULL),
};

const struct cases removal_cases = CASES("removal", list);
