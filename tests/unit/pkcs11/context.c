/* pkcs11/context.c: C_Login with CKU_CONTEXT_SPECIFIC (4.9). */
#include <string.h>

#include "fake.h"

static CK_MECHANISM parts = { FAKE_PARTS, NULL, 0 };
static CK_BYTE data[3] = { 1, 2, 3 }, out[16];

/* A key that wants a login for each use. */
static CK_OBJECT_HANDLE
always_key(void)
{
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE always = { CKA_ALWAYS_AUTHENTICATE, &yes, 1 };
	CK_OBJECT_HANDLE key = world_find(world_session, CKO_PRIVATE_KEY, 1);

	assert_int_equal(C_SetAttributeValue(world_session, key, &always, 1),
			 CKR_OK);
	return key;
}

static void
sign_init(CK_OBJECT_HANDLE key)
{
	assert_int_equal(C_SignInit(world_session, &parts, key), CKR_OK);
}

static void
decrypt_init(CK_OBJECT_HANDLE key)
{
	assert_int_equal(C_DecryptInit(world_session, &parts, key), CKR_OK);
}

static CK_RV
sign(void)
{
	CK_ULONG size = sizeof(out);

	return C_Sign(world_session, data, sizeof(data), out, &size);
}

static CK_RV
decrypt(void)
{
	CK_ULONG size = sizeof(out);

	return C_Decrypt(world_session, data, sizeof(data), out, &size);
}

static CK_RV
sign_message(void)
{
	CK_ULONG size = sizeof(out);

	return C_SignMessage(world_session, NULL, 0, data, sizeof(data), out,
			     &size);
}

static CK_RV
login_again(const char *pin)
{
	return C_Login(world_session, CKU_CONTEXT_SPECIFIC, (CK_UTF8CHAR *)pin,
		       strlen(pin));
}

static void
test_without(void **state)
{
	CK_OBJECT_HANDLE key;

	world_login();
	key = world_find(world_session, CKO_PRIVATE_KEY, 1);
	assert_int_equal(login_again("1234"), CKR_OPERATION_NOT_INITIALIZED);
	sign_init(key);
	assert_int_equal(login_again("1234"), CKR_OPERATION_NOT_INITIALIZED);
	assert_int_equal(sign(), CKR_OK);
}

static void
test_omitted(void **state)
{
	world_login();
	sign_init(always_key());
	assert_int_equal(sign(), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(sign(), CKR_OPERATION_NOT_INITIALIZED);
}

static void
test_wrong(void **state)
{
	CK_OBJECT_HANDLE key;

	world_login();
	key = always_key();
	sign_init(key);
	assert_int_equal(login_again("0000"), CKR_PIN_INCORRECT);
	assert_int_equal(login_again("1234"), CKR_OK);
	assert_int_equal(sign(), CKR_OK);
	sign_init(key);
	assert_int_equal(sign(), CKR_USER_NOT_LOGGED_IN);
}

/* "Immediately after a cryptographic operation using the key has been
 * initiated": it is for the one begun last, whichever kind that is. */
static void
test_last_begun(void **state)
{
	CK_OBJECT_HANDLE key;

	world_login();
	key = always_key();
	sign_init(key);
	decrypt_init(key);
	assert_int_equal(login_again("1234"), CKR_OK);
	assert_int_equal(decrypt(), CKR_OK);
	assert_int_equal(sign(), CKR_USER_NOT_LOGGED_IN);
	decrypt_init(key);
	sign_init(key);
	assert_int_equal(login_again("1234"), CKR_OK);
	assert_int_equal(sign(), CKR_OK);
	assert_int_equal(decrypt(), CKR_USER_NOT_LOGGED_IN);
}

/* One that has its login is not asked for it again while another waits. */
static void
test_both(void **state)
{
	CK_OBJECT_HANDLE key;

	world_login();
	key = always_key();
	sign_init(key);
	assert_int_equal(login_again("1234"), CKR_OK);
	decrypt_init(key);
	assert_int_equal(login_again("1234"), CKR_OK);
	assert_int_equal(sign(), CKR_OK);
	assert_int_equal(decrypt(), CKR_OK);
	sign_init(key);
	decrypt_init(key);
	assert_int_equal(login_again("1234"), CKR_OK);
	assert_int_equal(login_again("1234"), CKR_OK);
	assert_int_equal(sign(), CKR_OK);
	assert_int_equal(decrypt(), CKR_OK);
}

/* Each message wants a login of its own (5.14). */
static void
test_message(void **state)
{
	CK_OBJECT_HANDLE key;

	world_login();
	key = always_key();
	assert_int_equal(C_MessageSignInit(world_session, &parts, key), CKR_OK);
	decrypt_init(key);
	assert_int_equal(login_again("1234"), CKR_OK);
	assert_int_equal(decrypt(), CKR_OK);
	assert_int_equal(login_again("1234"), CKR_OK);
	assert_int_equal(sign_message(), CKR_OK);
	assert_int_equal(sign_message(), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(login_again("1234"), CKR_OK);
	assert_int_equal(sign_message(), CKR_OK);
}

/* "C_Login returns in this case CKR_PIN_LOCKED and this also logs the user out
 * from the token": what his key has begun is over. */
static void
test_locked(void **state)
{
	CK_SESSION_INFO info;

	world_login();
	sign_init(always_key());
	world_token->context = CKR_PIN_LOCKED;
	assert_int_equal(login_again("0000"), CKR_PIN_LOCKED);
	assert_int_equal(C_GetSessionInfo(world_session, &info), CKR_OK);
	assert_int_equal(info.state, CKS_RW_PUBLIC_SESSION);
	assert_int_equal(sign(), CKR_OPERATION_NOT_INITIALIZED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/pkcs11/context/without", test_without),
		CASE("/pkcs11/context/omitted", test_omitted),
		CASE("/pkcs11/context/wrong", test_wrong),
		CASE("/pkcs11/context/last-begun", test_last_begun),
		CASE("/pkcs11/context/both", test_both),
		CASE("/pkcs11/context/message", test_message),
		CASE("/pkcs11/context/locked", test_locked),
	};

	return cmocka_run_group_tests_name("/pkcs11/context", tests, NULL,
					   NULL);
}
