/* pkcs11/message.c: message-based operations from beginning to end. */
#include <string.h>

#include "fake.h"

static CK_MECHANISM parts = { FAKE_PARTS, NULL, 0 };
static CK_MECHANISM gcm = { CKM_AES_GCM, NULL, 0 };
static CK_BYTE data[] = { 1, 2, 3 }, out[64];

static CK_OBJECT_HANDLE
key_get(void)
{
	world_login();
	return world_find(world_session, CKO_PRIVATE_KEY, 1);
}

static CK_RV
sign(void)
{
	CK_ULONG size = sizeof(out);

	return C_SignMessage(world_session, NULL, 0, data, 3, out, &size);
}

/* 5.14.1: one at a time; no mechanism ends it. */
static void
test_init(void **state)
{
	CK_OBJECT_HANDLE key = key_get();

	assert_int_equal(sign(), CKR_OPERATION_NOT_INITIALIZED);
	assert_int_equal(C_MessageSignInit(world_session, NULL, 0), CKR_OK);
	assert_int_equal(C_MessageSignInit(world_session, &parts, key), CKR_OK);
	assert_int_equal(C_MessageSignInit(world_session, &parts, key),
			 CKR_OPERATION_ACTIVE);
	assert_int_equal(sign(), CKR_OK);
	assert_int_equal(C_MessageSignInit(world_session, NULL, 0), CKR_OK);
	assert_int_equal(sign(), CKR_OPERATION_NOT_INITIALIZED);
	/* beside what C_SignInit begins */
	assert_int_equal(C_MessageSignInit(world_session, &parts, key), CKR_OK);
	assert_int_equal(C_SignInit(world_session, &parts, key), CKR_OK);
	assert_int_equal(sign(), CKR_OK);
}

/* What is refused begins nothing. */
static void
test_refused(void **state)
{
	static CK_BYTE huge[5000];
	CK_MECHANISM gmac = { CKM_AES_GMAC, NULL, 0 };
	CK_MECHANISM long_one = { FAKE_PARTS, huge, sizeof(huge) };
	CK_OBJECT_HANDLE key = key_get();
	CK_SESSION_HANDLE s = world_session;

	assert_int_equal(C_MessageSignInit(s, &gmac, key),
			 CKR_MECHANISM_INVALID);
	assert_int_equal(C_MessageSignInit(s, &long_one, key),
			 CKR_MECHANISM_PARAM_INVALID);
	assert_int_equal(C_MessageSignInit(s, &parts, 4711),
			 CKR_KEY_HANDLE_INVALID);
	assert_int_equal(C_MessageEncryptInit(s, &parts, key),
			 CKR_MECHANISM_INVALID);
	gcm.pParameter = huge;
	gcm.ulParameterLen = 3;
	assert_int_equal(C_MessageEncryptInit(s, &gcm, key),
			 CKR_MECHANISM_PARAM_INVALID);
	assert_int_equal(C_MessageSignFinal(s), CKR_OPERATION_NOT_INITIALIZED);
	assert_int_equal(C_MessageEncryptFinal(s),
			 CKR_OPERATION_NOT_INITIALIZED);
}

/* The mechanism is the caller's again when C_MessageSignInit is over. */
static void
test_mechanism_kept(void **state)
{
	CK_BYTE parameter[] = { 7, 7 };
	CK_MECHANISM mechanism = { FAKE_PARTS, parameter, 2 };

	assert_int_equal(
		C_MessageSignInit(world_session, &mechanism, key_get()),
		CKR_OK);
	assert_int_equal(sign(), CKR_OK);
	parameter[0] = 8;
	mechanism = (CK_MECHANISM){ CKM_VENDOR_DEFINED, NULL, 3 };
	assert_int_equal(sign(), CKR_OK);
	assert_int_equal(world_token->parameter, 7);
}

/* 5.14.5: not in the middle of a message. */
static void
test_final(void **state)
{
	CK_ULONG size = sizeof(out);
	CK_SESSION_HANDLE s = world_session;

	assert_int_equal(C_MessageSignInit(s, &parts, key_get()), CKR_OK);
	assert_int_equal(C_SignMessageBegin(s, NULL, 0), CKR_OK);
	assert_int_equal(C_MessageSignFinal(s), CKR_OPERATION_ACTIVE);
	assert_int_equal(C_SignMessageNext(s, NULL, 0, data, 3, out, &size),
			 CKR_OK);
	assert_int_equal(C_MessageSignFinal(s), CKR_OK);
	assert_int_equal(sign(), CKR_OPERATION_NOT_INITIALIZED);
}

/* A process whose key is gone is over. */
static void
test_key_gone(void **state)
{
	CK_OBJECT_HANDLE key = key_get();

	assert_int_equal(C_MessageSignInit(world_session, &parts, key), CKR_OK);
	assert_int_equal(sign(), CKR_OK);
	assert_int_equal(C_DestroyObject(world_session, key), CKR_OK);
	assert_int_equal(sign(), CKR_OPERATION_NOT_INITIALIZED);
	assert_int_equal(C_MessageSignFinal(world_session),
			 CKR_OPERATION_NOT_INITIALIZED);
}

/* Nothing of it is left when its session ends in the middle of a message. */
static void
test_session_ends(void **state)
{
	assert_int_equal(C_MessageSignInit(world_session, &parts, key_get()),
			 CKR_OK);
	assert_int_equal(C_SignMessageBegin(world_session, NULL, 0), CKR_OK);
	assert_int_equal(C_CloseSession(world_session), CKR_OK);
	assert_int_equal(world_token->frees, 1);
	world_session = world_open(world_slot, CKF_RW_SESSION);
	assert_int_equal(sign(), CKR_OPERATION_NOT_INITIALIZED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/pkcs11/message/init", test_init),
		CASE("/pkcs11/message/refused", test_refused),
		CASE("/pkcs11/message/mechanism-kept", test_mechanism_kept),
		CASE("/pkcs11/message/final", test_final),
		CASE("/pkcs11/message/key-gone", test_key_gone),
		CASE("/pkcs11/message/session-ends", test_session_ends),
	};

	return cmocka_run_group_tests_name("/pkcs11/message", tests, NULL,
					   NULL);
}
