/* 5.5.7 to 5.5.9: C_InitToken, C_InitPIN, C_SetPIN. */
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
	need_officer();
	assert_rv(CKR_SESSION_EXISTS, init_token(suite.so_pin));
}

/* 5.5.7: "the pPin parameter is checked against the existing SO PIN" */
static void
test_init_wrong(void **state)
{
	CK_TOKEN_INFO info;

	need_officer();
	assert_ok(suite.p11->C_CloseSession(suite.session));
	assert_rv(CKR_PIN_INCORRECT, init_token(wrong_so_pin()));
	assert_rv(CKR_ARGUMENTS_BAD,
		  suite.p11->C_InitToken(suite.slot,
					 (CK_UTF8CHAR *)suite.so_pin,
					 strlen(suite.so_pin), NULL));
	assert_int_not_equal(suite.p11->C_InitToken(0x7ffffff1, NULL, 0, NULL),
			     CKR_OK);
	assert_ok(suite.p11->C_GetTokenInfo(suite.slot, &info));
	assert_true(suite.card || memcmp(info.label, "suite ", 6) == 0);
	suite.session = session_open(CKF_RW_SESSION);
	login();
	(void)object_get(CKO_PRIVATE_KEY, suite.rsa);
}

/* 5.5.8: "can only be called in the R/W SO Functions state" */
static void
test_init_pin(void **state)
{
	need_officer();
	assert_rv(CKR_USER_NOT_LOGGED_IN, init_pin("11112222"));
	login();
	assert_rv(CKR_USER_NOT_LOGGED_IN, init_pin("11112222"));
	assert_ok(suite.p11->C_Logout(suite.session));
	assert_ok(login_as(CKU_SO, suite.so_pin));
	assert_int_not_equal(init_pin(""), CKR_OK);
	assert_ok(init_pin("11112222"));
	assert_ok(suite.p11->C_Logout(suite.session));
	assert_rv(CKR_PIN_INCORRECT, login_as(CKU_USER, suite.pin));
	assert_ok(login_as(CKU_USER, "11112222"));
	assert_ok(set_pin(suite.session, "11112222", suite.pin));
}

/* 5.5.9 */
static void
test_set_pin(void **state)
{
	CK_SESSION_HANDLE ro = session_open(0);

	need_officer();
	assert_rv(CKR_SESSION_READ_ONLY, set_pin(ro, suite.pin, "22223333"));
	login();
	assert_rv(CKR_SESSION_READ_ONLY, set_pin(ro, suite.pin, "22223333"));
	assert_rv(CKR_PIN_INCORRECT,
		  set_pin(suite.session, wrong_pin(), "22223333"));
	assert_rv(CKR_PIN_LEN_RANGE, set_pin(suite.session, suite.pin, ""));
	assert_ok(set_pin(suite.session, suite.pin, "22223333"));
	assert_int_equal(session_state(suite.session), CKS_RW_USER_FUNCTIONS);
	assert_ok(suite.p11->C_Logout(suite.session));
	assert_rv(CKR_PIN_INCORRECT, login_as(CKU_USER, suite.pin));
	assert_ok(login_as(CKU_USER, "22223333"));
	assert_ok(suite.p11->C_Logout(suite.session));
	/* "or the CKU_USER PIN if the session is not logged in" */
	assert_ok(set_pin(suite.session, "22223333", suite.pin));
	login();
}

/* 5.5.9: "the PIN of the user that is currently logged in": the SO's */
static void
test_set_so_pin(void **state)
{
	CK_RV rv;

	need_officer();
	assert_ok(login_as(CKU_SO, suite.so_pin));
	rv = set_pin(suite.session, suite.so_pin, wrong_so_pin());
	if (rv == CKR_FUNCTION_FAILED) {
		/* a card that cannot keeps the one that it has */
		assert_ok(suite.p11->C_Logout(suite.session));
		assert_ok(login_as(CKU_SO, suite.so_pin));
		return;
	}
	assert_ok(rv);
	assert_ok(suite.p11->C_Logout(suite.session));
	assert_rv(CKR_PIN_INCORRECT, login_as(CKU_SO, suite.so_pin));
	assert_ok(login_as(CKU_SO, wrong_so_pin()));
	assert_ok(set_pin(suite.session, wrong_so_pin(), suite.so_pin));
}

/* 5.5.9: "This standard allows PIN values to contain any valid UTF8 character,
 * but the token may impose subset restrictions": CKR_PIN_INVALID (5.1.6) */
static void
test_characters(void **state)
{
	static const char other[] = "geh-m\xc3\xa4";
	CK_RV rv;

	login();
	rv = set_pin(suite.session, suite.pin, other);
	if (rv == CKR_OK)
		assert_ok(set_pin(suite.session, other, suite.pin));
	else
		assert_one_of(rv, CKR_PIN_INVALID, CKR_PIN_LEN_RANGE);
	assert_ok(suite.p11->C_Logout(suite.session));
	login();
}

static const struct CMUnitTest list[] = {
	CASE("/token/init/in-use", test_init_in_use),
	CASE("/token/init/wrong", test_init_wrong),
	CASE("/token/init-pin", test_init_pin),
	CASE("/token/set-pin", test_set_pin),
	CASE("/token/set-pin/so", test_set_so_pin),
	CASE("/token/set-pin/characters", test_characters),
};

const struct cases token_cases = CASES("token", list);
