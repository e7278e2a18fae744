/* pkcs11/session.c, presence.c, login.c, token.c: sessions and logins. */
#include "fake.h"

static CK_UTF8CHAR pin[] = "1234";
static CK_UTF8CHAR wrong[] = "0000";

static CK_STATE
state_of(CK_SESSION_HANDLE session)
{
	CK_SESSION_INFO info;

	assert_int_equal(C_GetSessionInfo(session, &info), CKR_OK);
	return info.state;
}

static CK_RV
open_rv(CK_FLAGS flags)
{
	CK_SESSION_HANDLE session;

	return C_OpenSession(world_slot, flags, NULL, NULL, &session);
}

/* 5.6.1 */
static void
test_open_flags(void **state)
{
	assert_int_equal(open_rv(0), CKR_SESSION_PARALLEL_NOT_SUPPORTED);
	assert_int_equal(open_rv(CKF_RW_SESSION),
			 CKR_SESSION_PARALLEL_NOT_SUPPORTED);
	assert_int_equal(open_rv(CKF_SERIAL_SESSION | CKF_ASYNC_SESSION),
			 CKR_SESSION_ASYNC_NOT_SUPPORTED);
	assert_int_equal(
		C_OpenSession(world_slot, CKF_SERIAL_SESSION, NULL, NULL, NULL),
		CKR_ARGUMENTS_BAD);
}

static void
test_write_protected(void **state)
{
	world_token->flags = CKF_WRITE_PROTECTED;
	assert_int_equal(open_rv(CKF_SERIAL_SESSION | CKF_RW_SESSION),
			 CKR_TOKEN_WRITE_PROTECTED);
	assert_int_equal(open_rv(CKF_SERIAL_SESSION), CKR_OK);
}

static void
test_close_twice(void **state)
{
	assert_int_equal(C_CloseSession(world_session), CKR_OK);
	assert_int_equal(C_CloseSession(world_session),
			 CKR_SESSION_HANDLE_INVALID);
	assert_int_equal(C_CloseSession(0), CKR_SESSION_HANDLE_INVALID);
}

static void
test_handle_never_again(void **state)
{
	CK_SESSION_HANDLE before = world_session;

	assert_int_equal(C_CloseSession(world_session), CKR_OK);
	assert_int_not_equal(world_open(world_slot, 0), before);
	assert_int_equal(C_Finalize(NULL), CKR_OK);
	assert_int_equal(C_Initialize(NULL), CKR_OK);
	assert_int_not_equal(world_open(world_slot, 0), before);
}

/* 5.6.2: the last one's end is the login's. */
static void
test_last_logs_out(void **state)
{
	CK_SESSION_HANDLE other = world_open(world_slot, 0);

	world_login();
	assert_int_equal(C_CloseSession(world_session), CKR_OK);
	assert_int_equal(state_of(other), CKS_RO_USER_FUNCTIONS);
	assert_int_equal(world_token->logouts, 0);
	assert_int_equal(C_CloseSession(other), CKR_OK);
	assert_int_equal(world_token->logouts, 1);
	assert_int_equal(world_token->idles, 1);
	assert_int_equal(state_of(world_open(world_slot, 0)),
			 CKS_RO_PUBLIC_SESSION);
}

static void
test_close_all(void **state)
{
	CK_SESSION_HANDLE other = world_open(world_slot, 0);

	world_login();
	assert_int_equal(C_CloseAllSessions(world_slot), CKR_OK);
	assert_int_equal(C_CloseSession(other), CKR_SESSION_HANDLE_INVALID);
	assert_int_equal(C_CloseSession(world_session),
			 CKR_SESSION_HANDLE_INVALID);
	assert_int_equal(world_token->logouts, 1);
}

static void
test_finalize_logs_out(void **state)
{
	world_login();
	token_ref(&world_token->token);
	assert_int_equal(C_Finalize(NULL), CKR_OK);
	assert_int_equal(world_token->logouts, 1);
	token_unref(&world_token->token);
}

static void
test_info(void **state)
{
	CK_SESSION_INFO info;
	CK_FLAGS flags;

	assert_int_equal(C_GetSessionInfo(world_session, NULL),
			 CKR_ARGUMENTS_BAD);
	assert_int_equal(C_GetSessionInfo(world_session, &info), CKR_OK);
	assert_int_equal(info.slotID, world_slot);
	assert_int_equal(info.state, CKS_RW_PUBLIC_SESSION);
	assert_int_equal(info.flags, CKF_SERIAL_SESSION | CKF_RW_SESSION);
	assert_int_equal(info.ulDeviceError, 0);
	assert_int_equal(C_GetSessionValidationFlags(
				 world_session, CKS_LAST_VALIDATION_OK, &flags),
			 CKR_OK);
	assert_int_equal(flags, 0);
}

/* 5.6.8 */
static void
test_login_bad(void **state)
{
	assert_int_equal(C_Login(world_session, 3, pin, 4),
			 CKR_USER_TYPE_INVALID);
	assert_int_equal(C_Login(world_session, CKU_USER, NULL, 4),
			 CKR_ARGUMENTS_BAD);
	assert_int_equal(C_Login(world_session, CKU_USER, NULL, 0),
			 CKR_ARGUMENTS_BAD);
	assert_int_equal(C_Login(world_session, CKU_CONTEXT_SPECIFIC, pin, 4),
			 CKR_OPERATION_NOT_INITIALIZED);
	assert_int_equal(C_Logout(world_session), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(world_token->logins, 0);
}

/* No token sees an empty PIN: a card would take it for a question. */
static void
test_login_empty(void **state)
{
	assert_int_equal(C_Login(world_session, CKU_USER, pin, 0),
			 CKR_PIN_INCORRECT);
	assert_int_equal(C_Login(world_session, CKU_USER, pin, (CK_ULONG)-1),
			 CKR_PIN_INCORRECT);
	assert_int_equal(world_token->logins, 0);
}

static void
test_login_wrong(void **state)
{
	assert_int_equal(C_Login(world_session, CKU_USER, wrong, 4),
			 CKR_PIN_INCORRECT);
	assert_int_equal(world_token->logins, 1);
	assert_int_equal(state_of(world_session), CKS_RW_PUBLIC_SESSION);
}

static void
test_login_keypad(void **state)
{
	world_token->flags = CKF_PROTECTED_AUTHENTICATION_PATH;
	assert_int_equal(C_Login(world_session, CKU_USER, NULL, 0), CKR_OK);
	assert_int_equal(state_of(world_session), CKS_RW_USER_FUNCTIONS);
}

static void
test_login_twice(void **state)
{
	CK_SESSION_HANDLE other = world_open(world_slot, 0);

	world_login();
	assert_int_equal(C_Login(other, CKU_USER, pin, 4),
			 CKR_USER_ALREADY_LOGGED_IN);
	assert_int_equal(C_Login(other, CKU_SO, pin, 4),
			 CKR_USER_ANOTHER_ALREADY_LOGGED_IN);
	assert_int_equal(state_of(other), CKS_RO_USER_FUNCTIONS);
	assert_int_equal(C_Logout(other), CKR_OK);
	assert_int_equal(state_of(world_session), CKS_RW_PUBLIC_SESSION);
	assert_int_equal(C_Logout(other), CKR_USER_NOT_LOGGED_IN);
}

static void
test_so(void **state)
{
	CK_SESSION_HANDLE other = world_open(world_slot, 0);

	assert_int_equal(C_Login(world_session, CKU_SO, pin, 4),
			 CKR_SESSION_READ_ONLY_EXISTS);
	assert_int_equal(C_Login(other, CKU_SO, pin, 4),
			 CKR_SESSION_READ_ONLY_EXISTS);
	assert_int_equal(C_CloseSession(other), CKR_OK);
	assert_int_equal(C_Login(world_session, CKU_SO, pin, 4), CKR_OK);
	assert_int_equal(state_of(world_session), CKS_RW_SO_FUNCTIONS);
	assert_int_equal(open_rv(CKF_SERIAL_SESSION),
			 CKR_SESSION_READ_WRITE_SO_EXISTS);
	assert_int_equal(open_rv(CKF_SERIAL_SESSION | CKF_RW_SESSION), CKR_OK);
	assert_int_equal(C_Login(world_session, CKU_USER, pin, 4),
			 CKR_USER_ANOTHER_ALREADY_LOGGED_IN);
}

static void
test_login_user(void **state)
{
	CK_UTF8CHAR name[] = "me";

	assert_int_equal(C_LoginUser(world_session, CKU_USER, pin, 4, name, 2),
			 CKR_ARGUMENTS_BAD);
	assert_int_equal(C_LoginUser(world_session, CKU_USER, pin, 4, NULL, 0),
			 CKR_OK);
	assert_int_equal(state_of(world_session), CKS_RW_USER_FUNCTIONS);
}

/* 5.5.8, 5.5.9 */
static void
test_pins(void **state)
{
	CK_SESSION_HANDLE ro = world_open(world_slot, 0);

	assert_int_equal(C_InitPIN(world_session, pin, 4),
			 CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(C_SetPIN(ro, pin, 4, pin, 4), CKR_SESSION_READ_ONLY);
	assert_int_equal(C_SetPIN(world_session, wrong, 4, pin, 4),
			 CKR_PIN_INCORRECT);
	assert_int_equal(C_SetPIN(world_session, pin, 4, pin, 0),
			 CKR_PIN_LEN_RANGE);
	assert_int_equal(C_SetPIN(world_session, pin, 4, NULL, 0),
			 CKR_ARGUMENTS_BAD);
	assert_int_equal(C_SetPIN(world_session, pin, 4, pin, 4), CKR_OK);
	assert_int_equal(C_CloseSession(ro), CKR_OK);
	world_login();
	assert_int_equal(C_InitPIN(world_session, pin, 4),
			 CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(C_Logout(world_session), CKR_OK);
	assert_int_equal(C_Login(world_session, CKU_SO, pin, 4), CKR_OK);
	assert_int_equal(C_InitPIN(world_session, NULL, 4), CKR_ARGUMENTS_BAD);
	assert_int_equal(C_InitPIN(world_session, pin, 0), CKR_PIN_LEN_RANGE);
	assert_int_equal(C_InitPIN(world_session, pin, 4), CKR_OK);
}

/* 5.5.7 */
static void
test_init_token(void **state)
{
	CK_UTF8CHAR label[32] = "label";

	assert_int_equal(C_InitToken(world_slot, pin, 4, label),
			 CKR_SESSION_EXISTS);
	assert_int_equal(C_InitToken(77, pin, 4, label), CKR_SLOT_ID_INVALID);
	assert_int_equal(C_CloseSession(world_session), CKR_OK);
	assert_int_equal(C_InitToken(world_slot, pin, 4, NULL),
			 CKR_ARGUMENTS_BAD);
	assert_int_equal(C_InitToken(world_slot, NULL, 4, label),
			 CKR_ARGUMENTS_BAD);
	assert_int_equal(C_InitToken(world_slot, pin, 0, label),
			 CKR_PIN_INCORRECT);
	assert_int_equal(world_token->inits, 0);
	assert_int_equal(C_InitToken(world_slot, pin, 4, label), CKR_OK);
	assert_int_equal(world_token->inits, 1);
}

/* 5.6.10: private handles die at logout, for good. */
static void
test_logout_handles(void **state)
{
	CK_ATTRIBUTE none = { CKA_ID, NULL, 0 };
	CK_OBJECT_HANDLE private_key, public_key;

	world_login();
	private_key = world_find(world_session, CKO_PRIVATE_KEY, 1);
	public_key = world_find(world_session, CKO_PUBLIC_KEY, 1);
	assert_int_equal(C_Logout(world_session), CKR_OK);
	world_login();
	assert_int_equal(
		C_GetAttributeValue(world_session, private_key, &none, 1),
		CKR_OBJECT_HANDLE_INVALID);
	assert_int_equal(
		C_GetAttributeValue(world_session, public_key, &none, 1),
		CKR_OK);
	assert_int_not_equal(world_find(world_session, CKO_PRIVATE_KEY, 1),
			     private_key);
}

/* What a private key has begun ends with its user's stay. */
static void
test_logout_operations(void **state)
{
	CK_MECHANISM mechanism = { FAKE_PARTS, NULL, 0 };
	CK_MECHANISM digest = { FAKE_DIGEST, NULL, 0 };
	CK_OBJECT_HANDLE key;
	CK_BYTE out[16];
	CK_ULONG size = sizeof(out);

	world_login();
	key = world_find(world_session, CKO_PRIVATE_KEY, 1);
	assert_int_equal(C_SignInit(world_session, &mechanism, key), CKR_OK);
	assert_int_equal(C_DigestInit(world_session, &digest), CKR_OK);
	assert_int_equal(C_Logout(world_session), CKR_OK);
	assert_int_equal(C_SignFinal(world_session, out, &size),
			 CKR_OPERATION_NOT_INITIALIZED);
	assert_int_equal(C_DigestFinal(world_session, out, &size), CKR_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/pkcs11/session/open/flags", test_open_flags),
		CASE("/pkcs11/session/open/write-protected",
		     test_write_protected),
		CASE("/pkcs11/session/close/twice", test_close_twice),
		CASE("/pkcs11/session/handle-never-again",
		     test_handle_never_again),
		CASE("/pkcs11/session/close/last-logs-out", test_last_logs_out),
		CASE("/pkcs11/session/close/all", test_close_all),
		CASE("/pkcs11/session/finalize-logs-out",
		     test_finalize_logs_out),
		CASE("/pkcs11/session/info", test_info),
		CASE("/pkcs11/session/login/bad", test_login_bad),
		CASE("/pkcs11/session/login/empty", test_login_empty),
		CASE("/pkcs11/session/login/wrong", test_login_wrong),
		CASE("/pkcs11/session/login/keypad", test_login_keypad),
		CASE("/pkcs11/session/login/twice", test_login_twice),
		CASE("/pkcs11/session/login/so", test_so),
		CASE("/pkcs11/session/login/user-name", test_login_user),
		CASE("/pkcs11/session/pins", test_pins),
		CASE("/pkcs11/session/init-token", test_init_token),
		CASE("/pkcs11/session/logout/handles", test_logout_handles),
		CASE("/pkcs11/session/logout/operations",
		     test_logout_operations),
	};

	return cmocka_run_group_tests_name("/pkcs11/session", tests, NULL,
					   NULL);
}
