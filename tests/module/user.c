/* 5.6.8, 5.6.9, 5.5.7 to 5.5.9: PINs that are wrong, too long, locked or not
 * there yet, and C_LoginUser; what login.c and token.c leave open. */
#include "suite.h"

static CK_RV
login_user(CK_USER_TYPE user, const char *pin)
{
	return suite.p11_3_0->C_LoginUser(
		suite.session, user, (CK_UTF8CHAR *)pin, strlen(pin), NULL, 0);
}

/* 5.6.9: C_LoginUser without a name does what C_Login does. */
static void
test_login_user(void **state)
{
	CK_FUNCTION_LIST_3_0 *p = need_3_0();
	CK_MECHANISM mechanism = { CKM_SHA256_RSA_PKCS, NULL, 0 };

	assert_rv(CKR_USER_TYPE_INVALID, login_user(17, suite.pin));
	assert_rv(CKR_ARGUMENTS_BAD,
		  p->C_LoginUser(suite.session, CKU_USER, NULL, 4, NULL, 0));
	assert_rv(CKR_PIN_INCORRECT, login_user(CKU_USER, "0000-wrong"));
	assert_ok(login_user(CKU_USER, suite.pin));
	assert_int_equal(session_state(suite.session), CKS_RW_USER_FUNCTIONS);
	assert_rv(CKR_USER_ALREADY_LOGGED_IN, login_user(CKU_USER, suite.pin));
	assert_rv(CKR_USER_ANOTHER_ALREADY_LOGGED_IN,
		  login_user(CKU_SO, suite.so_pin));
	assert_rv(CKR_OPERATION_NOT_INITIALIZED,
		  login_user(CKU_CONTEXT_SPECIFIC, suite.pin));
	assert_ok(
		suite.p11->C_SignInit(suite.session, &mechanism,
				      object_get(CKO_PRIVATE_KEY, suite.rsa)));
	assert_ok(suite.p11->C_Logout(suite.session));
}

static void
test_login_user_so(void **state)
{
	CK_SESSION_HANDLE ro;

	(void)need_3_0();
	need_officer();
	ro = session_open(0);
	assert_rv(CKR_SESSION_READ_ONLY_EXISTS,
		  login_user(CKU_SO, suite.so_pin));
	assert_ok(suite.p11->C_CloseSession(ro));
	assert_rv(CKR_PIN_INCORRECT, login_user(CKU_SO, wrong_so_pin()));
	assert_ok(login_user(CKU_SO, suite.so_pin));
	assert_int_equal(session_state(suite.session), CKS_RW_SO_FUNCTIONS);
}

/* A name is of a user that the token does not have. */
static void
test_login_user_name(void **state)
{
	CK_FUNCTION_LIST_3_0 *p = need_3_0();
	CK_RV rv = p->C_LoginUser(suite.session, CKU_USER,
				  (CK_UTF8CHAR *)suite.pin, strlen(suite.pin),
				  NULL, 5);

	assert_rv(CKR_ARGUMENTS_BAD, rv);
	assert_int_equal(session_state(suite.session), CKS_RW_PUBLIC_SESSION);
}

/* 5.6.8: a PIN that is not there */
static void
test_arguments(void **state)
{
	CK_UTF8CHAR *pin = (CK_UTF8CHAR *)suite.pin;

	assert_rv(CKR_ARGUMENTS_BAD,
		  suite.p11->C_Login(suite.session, CKU_USER, NULL, 4));
	assert_rv(CKR_ARGUMENTS_BAD,
		  suite.p11->C_SetPIN(suite.session, NULL, 4, pin, 4));
	assert_rv(CKR_ARGUMENTS_BAD,
		  suite.p11->C_SetPIN(suite.session, pin, strlen(suite.pin),
				      NULL, 4));
	login();
}

static void
test_init_pin_arguments(void **state)
{
	need_officer();
	assert_ok(login_as(CKU_SO, suite.so_pin));
	assert_rv(CKR_ARGUMENTS_BAD,
		  suite.p11->C_InitPIN(suite.session, NULL, 4));
}

/* 5.5.9, 5.5.8: CKR_PIN_LEN_RANGE by the token's own limits */
static void
test_length(void **state)
{
	static CK_UTF8CHAR much[512];
	CK_UTF8CHAR *pin = (CK_UTF8CHAR *)suite.pin;
	CK_TOKEN_INFO info;

	need_officer();
	memset(much, '7', sizeof(much));
	assert_ok(suite.p11->C_GetTokenInfo(suite.slot, &info));
	assert_true(info.ulMinPinLen > 0);
	assert_in_range(info.ulMaxPinLen, strlen(suite.pin), 511);
	login();
	assert_rv(CKR_PIN_LEN_RANGE,
		  suite.p11->C_SetPIN(suite.session, pin, strlen(suite.pin),
				      much, info.ulMaxPinLen + 1));
	assert_rv(CKR_PIN_LEN_RANGE,
		  suite.p11->C_SetPIN(suite.session, pin, strlen(suite.pin),
				      much, info.ulMinPinLen - 1));
	assert_ok(suite.p11->C_Logout(suite.session));
	assert_ok(login_as(CKU_SO, suite.so_pin));
	assert_rv(CKR_PIN_LEN_RANGE,
		  suite.p11->C_InitPIN(suite.session, much,
				       info.ulMaxPinLen + 1));
}

/* 5.5.9: which PIN it is depends on who is logged in; "CKR_PIN_INCORRECT" for
 * the other one's. */
static void
test_whose(void **state)
{
	CK_UTF8CHAR *so_pin = (CK_UTF8CHAR *)suite.so_pin;
	CK_UTF8CHAR other[] = "99998888";
	CK_RV rv;

	need_officer();
	login();
	rv = suite.p11->C_SetPIN(suite.session, so_pin, strlen(suite.so_pin),
				 other, 8);
	assert_one_of(rv, CKR_PIN_INCORRECT, CKR_PIN_LEN_RANGE);
	assert_ok(suite.p11->C_Logout(suite.session));
	rv = suite.p11->C_SetPIN(suite.session, so_pin, strlen(suite.so_pin),
				 other, 8);
	assert_one_of(rv, CKR_PIN_INCORRECT, CKR_PIN_LEN_RANGE);
	login();
}

/* A second token in the next empty slot: initialised, without a user PIN. */
static CK_SLOT_ID
other_make(void)
{
	CK_SLOT_ID slots[64], slot = 0;
	CK_ULONG count = 64, i;
	CK_TOKEN_INFO info = { 0 };
	CK_UTF8CHAR label[33] = "second                          ";

	assert_ok(suite.p11->C_GetSlotList(CK_TRUE, NULL, &i));
	assert_ok(suite.p11->C_GetSlotList(CK_TRUE, slots, &count));
	for (i = 0; i < count; i++) {
		assert_ok(suite.p11->C_GetTokenInfo(slots[i], &info));
		if (!(info.flags & CKF_TOKEN_INITIALIZED))
			slot = slots[i];
	}
	if (slot == 0)
		skip();
	assert_ok(suite.p11->C_InitToken(slot, (CK_UTF8CHAR *)suite.so_pin,
					 strlen(suite.so_pin), label));
	return slot;
}

static CK_SESSION_HANDLE
open_other(CK_SLOT_ID slot)
{
	CK_SESSION_HANDLE session = CK_INVALID_HANDLE;

	assert_ok(suite.p11->C_OpenSession(slot,
					   CKF_SERIAL_SESSION | CKF_RW_SESSION,
					   NULL, NULL, &session));
	return session;
}

/* 5.6.8: CKR_USER_PIN_NOT_INITIALIZED; 5.5.7: initialising once more takes the
 * SO PIN and leaves nothing. Each token is logged in to for itself. */
static void
test_no_user_pin(void **state)
{
	CK_UTF8CHAR *pin = (CK_UTF8CHAR *)suite.pin;
	CK_UTF8CHAR label[33] = "second once more                ";
	CK_SLOT_ID slot;
	CK_SESSION_HANDLE session;
	CK_TOKEN_INFO info;

	need_made();
	slot = other_make();
	session = open_other(slot);
	assert_rv(
		CKR_USER_PIN_NOT_INITIALIZED,
		suite.p11->C_Login(session, CKU_USER, pin, strlen(suite.pin)));
	if (suite.p11_3_0 != NULL)
		assert_rv(CKR_USER_PIN_NOT_INITIALIZED,
			  suite.p11_3_0->C_LoginUser(session, CKU_USER, pin,
						     strlen(suite.pin), NULL,
						     0));
	login();
	assert_int_equal(session_state(session), CKS_RW_PUBLIC_SESSION);
	(void)data_make(session, CK_TRUE, CK_FALSE, "to be gone");
	assert_ok(suite.p11->C_CloseSession(session));
	assert_ok(suite.p11->C_InitToken(slot, (CK_UTF8CHAR *)suite.so_pin,
					 strlen(suite.so_pin), label));
	assert_ok(suite.p11->C_GetTokenInfo(slot, &info));
	assert_memory_equal(info.label, label, 32);
	assert_false(info.flags & CKF_USER_PIN_INITIALIZED);
}

static const struct CMUnitTest list[] = {
	CASE("/user/login-user", test_login_user),
	CASE("/user/login-user/so", test_login_user_so),
	CASE("/user/login-user/name", test_login_user_name),
	CASE("/user/arguments", test_arguments),
	CASE("/user/init-pin/arguments", test_init_pin_arguments),
	CASE("/user/length", test_length),
	CASE("/user/whose", test_whose),
	CASE("/user/no-pin", test_no_user_pin),
};

const struct cases user_cases = CASES("user", list);
