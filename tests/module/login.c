/* 5.6.8 to 5.6.10: logging in and out, and who may then do what. */
#include "suite.h"

static CK_RV
login_in(CK_SESSION_HANDLE session, CK_USER_TYPE user, const char *pin)
{
	return suite.p11->C_Login(session, user, (CK_UTF8CHAR *)pin,
				  strlen(pin));
}

/* 5.6.8: CKR_USER_TYPE_INVALID */
static void
test_user_type(void **state)
{
	assert_rv(CKR_USER_TYPE_INVALID, login_as(17, suite.pin));
	assert_int_equal(session_state(suite.session), CKS_RW_PUBLIC_SESSION);
}

/* A wrong PIN spends one try, and an empty one none: three empty ones and two
 * wrong ones leave the third for the right one even on a strict card. */
static void
test_wrong(void **state)
{
	CK_TOKEN_INFO info;
	int i;

	for (i = 0; i < 3; i++)
		assert_int_not_equal(login_as(CKU_USER, ""), CKR_OK);
	assert_rv(CKR_PIN_INCORRECT, login_as(CKU_USER, "0000-no"));
	assert_int_equal(session_state(suite.session), CKS_RW_PUBLIC_SESSION);
	assert_ok(suite.p11->C_GetTokenInfo(suite.slot, &info));
	assert_false(info.flags & CKF_USER_PIN_LOCKED);
	login();
	assert_ok(suite.p11->C_GetTokenInfo(suite.slot, &info));
	assert_false(info.flags & CKF_USER_PIN_COUNT_LOW);
}

/* CKR_PIN_LEN_RANGE is none of the values of C_Login (5.6.8). */
static void
test_short(void **state)
{
	assert_rv(CKR_PIN_INCORRECT, login_as(CKU_USER, "1"));
	login();
}

static void
test_wrong_so(void **state)
{
	need_officer();
	assert_rv(CKR_PIN_INCORRECT, login_as(CKU_SO, wrong_so_pin()));
	assert_ok(login_as(CKU_SO, suite.so_pin));
}

/* 5.6.8: without a protected path a PIN has to be given. */
static void
test_no_pin(void **state)
{
	CK_TOKEN_INFO info;

	assert_ok(suite.p11->C_GetTokenInfo(suite.slot, &info));
	if (info.flags & CKF_PROTECTED_AUTHENTICATION_PATH)
		skip();
	assert_int_not_equal(
		suite.p11->C_Login(suite.session, CKU_USER, NULL, 0), CKR_OK);
	assert_int_equal(session_state(suite.session), CKS_RW_PUBLIC_SESSION);
}

/* 5.6.8: "each of the application's sessions will enter ..." */
static void
test_all_sessions(void **state)
{
	CK_SESSION_HANDLE ro = session_open(0);

	assert_ok(login_in(ro, CKU_USER, suite.pin));
	assert_int_equal(session_state(suite.session), CKS_RW_USER_FUNCTIONS);
	assert_int_equal(session_state(ro), CKS_RO_USER_FUNCTIONS);
	assert_int_equal(session_state(session_open(0)), CKS_RO_USER_FUNCTIONS);
	assert_ok(suite.p11->C_Logout(suite.session));
	assert_int_equal(session_state(ro), CKS_RO_PUBLIC_SESSION);
}

/* 5.6.8: CKR_USER_ALREADY_LOGGED_IN, CKR_USER_ANOTHER_ALREADY_LOGGED_IN */
static void
test_twice(void **state)
{
	login();
	assert_rv(CKR_USER_ALREADY_LOGGED_IN, login_as(CKU_USER, suite.pin));
	assert_rv(CKR_USER_ANOTHER_ALREADY_LOGGED_IN,
		  login_as(CKU_SO, suite.so_pin));
	if (!suite.officer)
		return;
	assert_ok(suite.p11->C_Logout(suite.session));
	assert_ok(login_as(CKU_SO, suite.so_pin));
	assert_int_equal(session_state(suite.session), CKS_RW_SO_FUNCTIONS);
	assert_rv(CKR_USER_ALREADY_LOGGED_IN, login_as(CKU_SO, suite.so_pin));
	assert_rv(CKR_USER_ANOTHER_ALREADY_LOGGED_IN,
		  login_as(CKU_USER, suite.pin));
}

/* 5.6.8: "If the application calling C_Login has a R/O session open with the
 * token, then it will be unable to log the SO into a session" */
static void
test_so_and_read_only(void **state)
{
	CK_SESSION_HANDLE session, ro = session_open(0);

	need_officer();
	assert_rv(CKR_SESSION_READ_ONLY_EXISTS, login_as(CKU_SO, suite.so_pin));
	assert_ok(suite.p11->C_CloseSession(ro));
	assert_ok(login_as(CKU_SO, suite.so_pin));
	/* 5.6.1 */
	assert_rv(CKR_SESSION_READ_WRITE_SO_EXISTS,
		  suite.p11->C_OpenSession(suite.slot, CKF_SERIAL_SESSION, NULL,
					   NULL, &session));
	assert_int_equal(session_state(session_open(CKF_RW_SESSION)),
			 CKS_RW_SO_FUNCTIONS);
}

/* 5.6.10: CKR_USER_NOT_LOGGED_IN */
static void
test_logout_twice(void **state)
{
	assert_rv(CKR_USER_NOT_LOGGED_IN, suite.p11->C_Logout(suite.session));
	login();
	assert_ok(suite.p11->C_Logout(suite.session));
	assert_rv(CKR_USER_NOT_LOGGED_IN, suite.p11->C_Logout(suite.session));
}

/* 5.6.10: "any of the application's handles to private objects become invalid
 * (even if a user is later logged back into the token ...)" */
static void
test_logout_handles(void **state)
{
	CK_OBJECT_HANDLE private_key, public_key;

	login();
	private_key = object_get(CKO_PRIVATE_KEY, suite.rsa);
	public_key = object_get(CKO_PUBLIC_KEY, suite.rsa);
	assert_ok(suite.p11->C_Logout(suite.session));
	assert_rv(CKR_OBJECT_HANDLE_INVALID,
		  object_peek(suite.session, private_key));
	assert_ok(object_peek(suite.session, public_key));
	login();
	assert_rv(CKR_OBJECT_HANDLE_INVALID,
		  object_peek(suite.session, private_key));
	assert_ok(object_peek(suite.session, public_key));
}

/* 5.6.10: "all private session objects ... are destroyed" */
static void
test_logout_session_objects(void **state)
{
	CK_ATTRIBUTE label = { CKA_LABEL, (void *)"logout", 6 };
	CK_OBJECT_HANDLE private, public;

	login();
	private = data_make(suite.session, CK_FALSE, CK_TRUE, "logout");
	public = data_make(suite.session, CK_FALSE, CK_FALSE, "logout");
	assert_int_equal(object_count(&label, 1), 2);
	assert_ok(suite.p11->C_Logout(suite.session));
	assert_rv(CKR_OBJECT_HANDLE_INVALID,
		  object_peek(suite.session, private));
	assert_ok(object_peek(suite.session, public));
	login();
	assert_int_equal(object_count(&label, 1), 1);
}

/* 4.9: "C_Login will return CKR_OPERATION_NOT_INITIALIZED ... if an attempt is
 * made to re-authenticate when CKA_ALWAYS_AUTHENTICATE is set to CK_FALSE",
 * and the operation goes on. */
static void
test_context_specific(void **state)
{
	CK_MECHANISM mechanism = { CKM_ECDSA, NULL, 0 };
	CK_BYTE data[32] = { 1 }, signature[64];
	CK_ULONG size = sizeof(signature);

	login();
	assert_rv(CKR_OPERATION_NOT_INITIALIZED,
		  login_as(CKU_CONTEXT_SPECIFIC, suite.pin));
	assert_ok(suite.p11->C_SignInit(suite.session, &mechanism,
					object_get(CKO_PRIVATE_KEY, suite.ec)));
	assert_rv(CKR_OPERATION_NOT_INITIALIZED,
		  login_as(CKU_CONTEXT_SPECIFIC, suite.pin));
	assert_ok(suite.p11->C_Sign(suite.session, data, sizeof(data),
				    signature, &size));
}

static const struct CMUnitTest list[] = {
	CASE("/login/user-type", test_user_type),
	CASE("/login/wrong", test_wrong),
	CASE("/login/short", test_short),
	CASE("/login/wrong/so", test_wrong_so),
	CASE("/login/no-pin", test_no_pin),
	CASE("/login/all-sessions", test_all_sessions),
	CASE("/login/twice", test_twice),
	CASE("/login/so-and-read-only", test_so_and_read_only),
	CASE("/login/logout/twice", test_logout_twice),
	CASE("/login/logout/handles", test_logout_handles),
	CASE("/login/logout/session-objects", test_logout_session_objects),
	CASE("/login/context-specific", test_context_specific),
};

const struct cases login_cases = CASES("login", list);
