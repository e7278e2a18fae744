/* 5.6.1 to 5.6.5: sessions. */
#include "suite.h"

static CK_RV
open_rv(CK_SLOT_ID slot, CK_FLAGS flags, CK_SESSION_HANDLE *session)
{
	return suite.p11->C_OpenSession(slot, flags, NULL, NULL, session);
}

/* 5.6.1: "the CKF_SERIAL_SESSION bit MUST always be set" */
static void
test_parallel(void **state)
{
	CK_SESSION_HANDLE session;

	assert_rv(CKR_SESSION_PARALLEL_NOT_SUPPORTED,
		  open_rv(suite.slot, 0, &session));
	assert_rv(CKR_SESSION_PARALLEL_NOT_SUPPORTED,
		  open_rv(suite.slot, CKF_RW_SESSION, &session));
}

/* 5.6.1: CKF_ASYNC_SESSION of a token without (3.2) */
static void
test_async(void **state)
{
	CK_SESSION_HANDLE session;

	need_3_2();
	assert_rv(CKR_SESSION_ASYNC_NOT_SUPPORTED,
		  open_rv(suite.slot, CKF_SERIAL_SESSION | CKF_ASYNC_SESSION,
			  &session));
}

static void
test_open_bad(void **state)
{
	CK_SESSION_HANDLE session;

	assert_rv(CKR_ARGUMENTS_BAD,
		  open_rv(suite.slot, CKF_SERIAL_SESSION, NULL));
	assert_rv(CKR_SLOT_ID_INVALID,
		  open_rv(0x7ffffff1, CKF_SERIAL_SESSION, &session));
}

/* 5.6.2 */
static void
test_close(void **state)
{
	CK_SESSION_HANDLE session = session_open(0);

	assert_ok(suite.p11->C_CloseSession(session));
	assert_rv(CKR_SESSION_HANDLE_INVALID,
		  suite.p11->C_CloseSession(session));
}

/* 5.6.2: "all session objects created by the session are destroyed
 * automatically, even if the application has other sessions" */
static void
test_close_destroys(void **state)
{
	CK_SESSION_HANDLE session = session_open(0);
	CK_OBJECT_HANDLE object =
		data_make(session, CK_FALSE, CK_FALSE, "fleeting");

	assert_ok(object_peek(suite.session, object));
	assert_ok(suite.p11->C_CloseSession(session));
	assert_rv(CKR_OBJECT_HANDLE_INVALID,
		  object_peek(suite.session, object));
}

/* 5.6.2: "If ... it closes the last session ... the login state of the token
 * for the application returns to public sessions." */
static void
test_close_last(void **state)
{
	login();
	assert_ok(suite.p11->C_CloseSession(suite.session));
	suite.session = session_open(CKF_RW_SESSION);
	assert_int_equal(session_state(suite.session), CKS_RW_PUBLIC_SESSION);
}

/* 5.6.3 */
static void
test_close_all(void **state)
{
	CK_SESSION_HANDLE other = session_open(0);

	login();
	assert_rv(CKR_SLOT_ID_INVALID,
		  suite.p11->C_CloseAllSessions(0x7ffffff1));
	assert_ok(suite.p11->C_CloseAllSessions(suite.slot));
	assert_rv(CKR_SESSION_HANDLE_INVALID, suite.p11->C_CloseSession(other));
	assert_rv(CKR_SESSION_HANDLE_INVALID,
		  suite.p11->C_CloseSession(suite.session));
	assert_int_equal(session_state(session_open(0)), CKS_RO_PUBLIC_SESSION);
	assert_ok(suite.p11->C_CloseAllSessions(suite.slot));
	assert_ok(suite.p11->C_CloseAllSessions(suite.slot));
}

/* 5.6.4, 3.3.4 */
static void
test_info(void **state)
{
	CK_SESSION_INFO info;

	assert_rv(CKR_ARGUMENTS_BAD,
		  suite.p11->C_GetSessionInfo(suite.session, NULL));
	assert_ok(suite.p11->C_GetSessionInfo(suite.session, &info));
	assert_int_equal(info.slotID, suite.slot);
	assert_int_equal(info.state, CKS_RW_PUBLIC_SESSION);
	assert_int_equal(info.flags, CKF_SERIAL_SESSION | CKF_RW_SESSION);
	assert_ok(suite.p11->C_GetSessionInfo(session_open(0), &info));
	assert_int_equal(info.state, CKS_RO_PUBLIC_SESSION);
	assert_int_equal(info.flags, CKF_SERIAL_SESSION);
}

/* 3.3.1: "Valid session handles in Cryptoki always have nonzero values"; two
 * sessions have two handles. */
static void
test_handles(void **state)
{
	CK_SESSION_HANDLE a = session_open(0), b = session_open(0);

	assert_int_not_equal(a, CK_INVALID_HANDLE);
	assert_int_not_equal(a, b);
}

/* A handle that is dead is not handed out again. */
static void
test_handles_fresh(void **state)
{
	CK_SESSION_HANDLE gone = session_open(0);

	need_strict();
	assert_ok(suite.p11->C_CloseSession(gone));
	assert_int_not_equal(session_open(0), gone);
	assert_ok(suite.p11->C_Finalize(NULL));
	assert_int_equal(case_begin(state), 0);
	assert_int_not_equal(suite.session, gone);
	assert_int_not_equal(session_open(0), gone);
}

/* 5.20: "should simply return the value CKR_FUNCTION_NOT_PARALLEL", which
 * openCryptoki's tests ask for before they have a session. */
static void
test_legacy(void **state)
{
	need_strict();
	assert_rv(CKR_FUNCTION_NOT_PARALLEL,
		  suite.p11->C_GetFunctionStatus(CK_INVALID_HANDLE));
	assert_rv(CKR_FUNCTION_NOT_PARALLEL,
		  suite.p11->C_CancelFunction(CK_INVALID_HANDLE));
	assert_ok(suite.p11->C_Finalize(NULL));
	assert_rv(CKR_CRYPTOKI_NOT_INITIALIZED,
		  suite.p11->C_GetFunctionStatus(suite.session));
	assert_rv(CKR_CRYPTOKI_NOT_INITIALIZED,
		  suite.p11->C_CancelFunction(suite.session));
}

static const struct CMUnitTest list[] = {
	CASE("/session/open/parallel", test_parallel),
	CASE("/session/open/async", test_async),
	CASE("/session/open/bad", test_open_bad),
	CASE("/session/close", test_close),
	CASE("/session/close/destroys", test_close_destroys),
	CASE("/session/close/last", test_close_last),
	CASE("/session/close/all", test_close_all),
	CASE("/session/info", test_info),
	CASE("/session/handles", test_handles),
	CASE("/session/handles/fresh", test_handles_fresh),
	CASE("/session/legacy", test_legacy),
};

const struct cases session_cases = CASES("session", list);
