/* 5.5.7 to 5.5.9: C_InitToken, C_InitPIN, C_SetPIN, on the suite's token. */
#include "suite.h"

static CK_RV
init_token(const char *pin)
{
	CK_UTF8CHAR label[33] = "other                           ";

	return suite.p11->C_InitToken(suite.slot, (CK_UTF8CHAR *)pin,
				      strlen(pin), label);
}

static CK_RV
set_pin(CK_SESSION_HANDLE session, const char *old_pin, const char *new_pin)
{
	return suite.p11->C_SetPIN(session, (CK_UTF8CHAR *)old_pin,
				   strlen(old_pin), (CK_UTF8CHAR *)new_pin,
				   strlen(new_pin));
}

static CK_RV
init_pin(const char *pin)
{
	return suite.p11->C_InitPIN(suite.session, (CK_UTF8CHAR *)pin,
				    strlen(pin));
}

/* 5.5.7: "A token cannot be initialized if ... any application has an open
 * session with it" */
static void
test_init_in_use(void **state)
{
	need_made();
	assert_rv(CKR_SESSION_EXISTS, init_token(suite.so_pin));
}

/* 5.5.7: "the pPin parameter is checked against the existing SO PIN" */
static void
test_init_wrong(void **state)
{
	CK_TOKEN_INFO info;

	need_made();
	assert_ok(suite.p11->C_CloseSession(suite.session));
	assert_rv(CKR_PIN_INCORRECT, init_token("0000-wrong"));
	assert_rv(CKR_ARGUMENTS_BAD,
		  suite.p11->C_InitToken(suite.slot,
					 (CK_UTF8CHAR *)suite.so_pin,
					 strlen(suite.so_pin), NULL));
	assert_int_not_equal(suite.p11->C_InitToken(0x7ffffff1, NULL, 0, NULL),
			     CKR_OK);
	assert_ok(suite.p11->C_GetTokenInfo(suite.slot, &info));
	assert_memory_equal(info.label, "suite ", 6);
	suite.session = session_open(CKF_RW_SESSION);
	login();
	(void)object_get(CKO_PRIVATE_KEY, suite.rsa);
}

/* 5.5.8: "can only be called in the R/W SO Functions state" */
static void
test_init_pin(void **state)
{
	need_made();
	assert_rv(CKR_USER_NOT_LOGGED_IN, init_pin("1111-other"));
	login();
	assert_rv(CKR_USER_NOT_LOGGED_IN, init_pin("1111-other"));
	assert_ok(suite.p11->C_Logout(suite.session));
	assert_ok(login_as(CKU_SO, suite.so_pin));
	assert_int_not_equal(init_pin(""), CKR_OK);
	assert_ok(init_pin("1111-other"));
	assert_ok(suite.p11->C_Logout(suite.session));
	assert_rv(CKR_PIN_INCORRECT, login_as(CKU_USER, suite.pin));
	assert_ok(login_as(CKU_USER, "1111-other"));
	assert_ok(set_pin(suite.session, "1111-other", suite.pin));
}

/* 5.5.9 */
static void
test_set_pin(void **state)
{
	CK_SESSION_HANDLE ro = session_open(0);

	need_made();
	assert_rv(CKR_SESSION_READ_ONLY, set_pin(ro, suite.pin, "2222-other"));
	login();
	assert_rv(CKR_SESSION_READ_ONLY, set_pin(ro, suite.pin, "2222-other"));
	assert_rv(CKR_PIN_INCORRECT,
		  set_pin(suite.session, "0000-wrong", "2222-other"));
	assert_rv(CKR_PIN_LEN_RANGE, set_pin(suite.session, suite.pin, ""));
	assert_ok(set_pin(suite.session, suite.pin, "2222-other"));
	assert_int_equal(session_state(suite.session), CKS_RW_USER_FUNCTIONS);
	assert_ok(suite.p11->C_Logout(suite.session));
	assert_rv(CKR_PIN_INCORRECT, login_as(CKU_USER, suite.pin));
	assert_ok(login_as(CKU_USER, "2222-other"));
	assert_ok(suite.p11->C_Logout(suite.session));
	/* "or the CKU_USER PIN if the session is not logged in" */
	assert_ok(set_pin(suite.session, "2222-other", suite.pin));
	login();
}

/* 5.5.9: "the PIN of the user that is currently logged in": the SO's */
static void
test_set_so_pin(void **state)
{
	need_made();
	assert_ok(login_as(CKU_SO, suite.so_pin));
	assert_ok(set_pin(suite.session, suite.so_pin, "3333-other"));
	assert_ok(suite.p11->C_Logout(suite.session));
	assert_rv(CKR_PIN_INCORRECT, login_as(CKU_SO, suite.so_pin));
	assert_ok(login_as(CKU_SO, "3333-other"));
	assert_ok(set_pin(suite.session, "3333-other", suite.so_pin));
}

static const struct CMUnitTest list[] = {
	CASE("/token/init/in-use", test_init_in_use),
	CASE("/token/init/wrong", test_init_wrong),
	CASE("/token/init-pin", test_init_pin),
	CASE("/token/set-pin", test_set_pin),
	CASE("/token/set-pin/so", test_set_so_pin),
};

const struct cases token_cases = CASES("token", list);
