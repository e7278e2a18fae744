/* pkcs11/dual.c, cancel.c, verify.c: operations beside each other, cancelled,
 * with recovery, and with the signature first. */
#include <string.h>

#include "fake.h"

static CK_MECHANISM parts = { FAKE_PARTS, NULL, 0 };
static CK_MECHANISM digest = { FAKE_DIGEST, NULL, 0 };
static CK_BYTE data[] = { 1, 2, 3 };
static CK_BYTE out[64];
static CK_BYTE right[FAKE_SIGNATURE_SIZE] = { 6, 6, 6, 6, 6, 6, 6, 6 };

static CK_OBJECT_HANDLE
public_key(void)
{
	return world_find(world_session, CKO_PUBLIC_KEY, 1);
}

static CK_OBJECT_HANDLE
private_key(void)
{
	world_login();
	return world_find(world_session, CKO_PRIVATE_KEY, 1);
}

static CK_RV
digest_encrypt(CK_BYTE *in, CK_BYTE *to, CK_ULONG *size)
{
	return C_DigestEncryptUpdate(world_session, in, 3, to, size);
}

/* 5.17.1: both must have begun. */
static void
test_not_begun(void **state)
{
	CK_ULONG size = sizeof(out);

	assert_int_equal(digest_encrypt(data, out, &size),
			 CKR_OPERATION_NOT_INITIALIZED);
	assert_int_equal(C_EncryptInit(world_session, &parts, public_key()),
			 CKR_OK);
	assert_int_equal(digest_encrypt(data, out, &size),
			 CKR_OPERATION_NOT_INITIALIZED);
	/* the one that has begun is as it was */
	assert_int_equal(C_Encrypt(world_session, data, 3, out, &size), CKR_OK);
}

/* A length query, and too small a buffer, move neither of the two. */
static void
test_digest_encrypt(void **state)
{
	CK_BYTE buffer[3] = { 1, 2, 3 };
	CK_ULONG size = 0;

	assert_int_equal(C_EncryptInit(world_session, &parts, public_key()),
			 CKR_OK);
	assert_int_equal(C_DigestInit(world_session, &digest), CKR_OK);
	assert_int_equal(digest_encrypt(buffer, NULL, &size), CKR_OK);
	assert_int_equal(size, 3);
	size = 2;
	assert_int_equal(digest_encrypt(buffer, out, &size),
			 CKR_BUFFER_TOO_SMALL);
	assert_int_equal(size, 3);
	/* in place: the plaintext is digested all the same */
	assert_int_equal(digest_encrypt(buffer, buffer, &size), CKR_OK);
	assert_int_equal(buffer[0], 1 ^ 0x55);
	size = sizeof(out);
	assert_int_equal(C_DigestFinal(world_session, out, &size), CKR_OK);
	assert_int_equal(out[0], 6);
	assert_int_equal(C_EncryptFinal(world_session, out, &size), CKR_OK);
}

static void
test_decrypt_digest(void **state)
{
	CK_BYTE cipher[] = { 1 ^ 0x55, 2 ^ 0x55, 3 ^ 0x55 };
	CK_ULONG size = 2;

	assert_int_equal(C_DecryptInit(world_session, &parts, private_key()),
			 CKR_OK);
	assert_int_equal(C_DigestInit(world_session, &digest), CKR_OK);
	assert_int_equal(
		C_DecryptDigestUpdate(world_session, cipher, 3, out, &size),
		CKR_BUFFER_TOO_SMALL);
	assert_int_equal(
		C_DecryptDigestUpdate(world_session, cipher, 3, out, &size),
		CKR_OK);
	assert_memory_equal(out, data, 3);
	size = sizeof(out);
	assert_int_equal(C_DigestFinal(world_session, out, &size), CKR_OK);
	assert_int_equal(out[0], 6);
}

static void
test_sign_encrypt(void **state)
{
	CK_ULONG size = sizeof(out);

	assert_int_equal(C_EncryptInit(world_session, &parts, public_key()),
			 CKR_OK);
	assert_int_equal(C_SignInit(world_session, &parts, private_key()),
			 CKR_OK);
	assert_int_equal(
		C_SignEncryptUpdate(world_session, data, 3, out, &size),
		CKR_OK);
	assert_int_equal(size, 3);
	size = sizeof(out);
	assert_int_equal(C_SignFinal(world_session, out, &size), CKR_OK);
	assert_memory_equal(out, right, sizeof(right));
}

static void
test_decrypt_verify(void **state)
{
	CK_BYTE cipher[] = { 1 ^ 0x55, 2 ^ 0x55, 3 ^ 0x55 };
	CK_ULONG size = sizeof(out);

	assert_int_equal(C_DecryptInit(world_session, &parts, private_key()),
			 CKR_OK);
	assert_int_equal(C_VerifyInit(world_session, &parts, public_key()),
			 CKR_OK);
	assert_int_equal(
		C_DecryptVerifyUpdate(world_session, cipher, 3, out, &size),
		CKR_OK);
	assert_int_equal(C_VerifyFinal(world_session, right, sizeof(right)),
			 CKR_OK);
}

/* 5.6.5 */
static void
test_cancel(void **state)
{
	CK_ULONG size = sizeof(out);

	assert_int_equal(C_SessionCancel(world_session, 0), CKR_OK);
	assert_int_equal(C_SessionCancel(world_session, CKF_SIGN), CKR_OK);
	assert_int_equal(C_DigestInit(world_session, &digest), CKR_OK);
	assert_int_equal(C_SignInit(world_session, &parts, private_key()),
			 CKR_OK);
	assert_int_equal(C_FindObjectsInit(world_session, NULL, 0), CKR_OK);
	assert_int_equal(
		C_SessionCancel(world_session, CKF_SIGN | CKF_FIND_OBJECTS),
		CKR_OK);
	assert_int_equal(C_SignFinal(world_session, out, &size),
			 CKR_OPERATION_NOT_INITIALIZED);
	assert_int_equal(C_FindObjectsFinal(world_session),
			 CKR_OPERATION_NOT_INITIALIZED);
	assert_int_equal(C_DigestFinal(world_session, out, &size), CKR_OK);
}

/* 5.13.5, 5.15.5: apart from operations that sign and verify. */
static void
test_recover(void **state)
{
	CK_BYTE sealed[] = { 1 ^ 0x55, 2 ^ 0x55, 3 ^ 0x55 };
	CK_ULONG size = sizeof(out);

	assert_int_equal(
		C_SignRecoverInit(world_session, &parts, private_key()),
		CKR_OK);
	assert_int_equal(C_Sign(world_session, data, 3, out, &size),
			 CKR_OPERATION_NOT_INITIALIZED);
	assert_int_equal(C_SignRecover(world_session, data, 3, out, &size),
			 CKR_OK);
	assert_int_equal(size, FAKE_SIGNATURE_SIZE);
	assert_int_equal(
		C_VerifyRecoverInit(world_session, &parts, public_key()),
		CKR_OK);
	size = 2;
	assert_int_equal(C_VerifyRecover(world_session, sealed, 3, out, &size),
			 CKR_BUFFER_TOO_SMALL);
	assert_int_equal(size, 3);
	assert_int_equal(C_VerifyRecover(world_session, sealed, 3, out, &size),
			 CKR_OK);
	assert_memory_equal(out, data, 3);
}

static CK_RV
signature_init(const CK_BYTE *signature, CK_ULONG size)
{
	return C_VerifySignatureInit(world_session, &parts, public_key(),
				     (CK_BYTE *)signature, size);
}

/* 5.15.7 to 5.15.10 */
static void
test_signature_first(void **state)
{
	CK_BYTE wrong[FAKE_SIGNATURE_SIZE] = { 0 };

	assert_int_equal(C_VerifySignature(world_session, data, 3),
			 CKR_OPERATION_NOT_INITIALIZED);
	assert_int_equal(signature_init(NULL, 8), CKR_ARGUMENTS_BAD);
	assert_int_equal(signature_init(right, (CK_ULONG)-1),
			 CKR_ARGUMENTS_BAD);
	assert_int_equal(signature_init(right, 8), CKR_OK);
	assert_int_equal(signature_init(right, 8), CKR_OPERATION_ACTIVE);
	assert_int_equal(C_VerifySignature(world_session, data, 3), CKR_OK);
	assert_int_equal(C_VerifySignature(world_session, data, 3),
			 CKR_OPERATION_NOT_INITIALIZED);
	assert_int_equal(signature_init(wrong, 8), CKR_OK);
	assert_int_equal(C_VerifySignatureUpdate(world_session, data, 3),
			 CKR_OK);
	assert_int_equal(C_VerifySignatureFinal(world_session),
			 CKR_SIGNATURE_INVALID);
	assert_int_equal(signature_init(right, 8), CKR_OK);
	assert_int_equal(C_VerifySignatureInit(world_session, NULL, 0, NULL, 0),
			 CKR_OK);
	assert_int_equal(C_VerifySignatureFinal(world_session),
			 CKR_OPERATION_NOT_INITIALIZED);
}

/* Neither family ends what the other has begun. */
static void
test_signature_other(void **state)
{
	assert_int_equal(signature_init(right, 8), CKR_OK);
	assert_int_equal(C_Verify(world_session, data, 3, right, 8),
			 CKR_OPERATION_NOT_INITIALIZED);
	assert_int_equal(C_VerifySignature(world_session, data, 3), CKR_OK);
	assert_int_equal(C_VerifyInit(world_session, &parts, public_key()),
			 CKR_OK);
	assert_int_equal(C_VerifySignature(world_session, data, 3),
			 CKR_OPERATION_NOT_INITIALIZED);
	assert_int_equal(C_Verify(world_session, data, 3, right, 8), CKR_OK);
}

static CK_RV told, cancelled, finished;

static CK_RV
notify(CK_SESSION_HANDLE session, CK_NOTIFICATION event, void *application)
{
	told = event;
	cancelled = C_SessionCancel(session, CKF_DIGEST | CKF_SIGN);
	finished = C_Finalize(NULL);
	return *(CK_RV *)application;
}

/*
 * 5.6.5: a callback cancels nothing; 5.21: it gives up by CKR_CANCEL. Nor does
 * it end the module, which would wait for the call that the callback is in.
 */
static void
test_callback(void **state)
{
	CK_OBJECT_HANDLE key = private_key();
	CK_RV answer = CKR_OK;
	CK_SESSION_HANDLE session;
	CK_ULONG size = sizeof(out);

	world_token->surrenders = true;
	assert_int_equal(C_OpenSession(world_slot, CKF_SERIAL_SESSION, &answer,
				       notify, &session),
			 CKR_OK);
	assert_int_equal(C_DigestInit(session, &digest), CKR_OK);
	assert_int_equal(C_SignInit(session, &parts, key), CKR_OK);
	told = CKN_OTP_CHANGED;
	assert_int_equal(C_Sign(session, data, 3, out, &size), CKR_OK);
	assert_int_equal(told, CKN_SURRENDER);
	assert_int_equal(cancelled, CKR_FUNCTION_FAILED);
	assert_int_equal(finished, CKR_FUNCTION_FAILED);
	assert_int_equal(C_DigestUpdate(session, data, 3), CKR_OK);
	answer = CKR_CANCEL;
	assert_int_equal(C_SignInit(session, &parts, key), CKR_OK);
	assert_int_equal(C_Sign(session, data, 3, out, &size),
			 CKR_FUNCTION_CANCELED);
	assert_int_equal(C_SessionCancel(session, CKF_DIGEST), CKR_OK);
	assert_int_equal(C_DigestUpdate(session, data, 3),
			 CKR_OPERATION_NOT_INITIALIZED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/pkcs11/dual/not-begun", test_not_begun),
		CASE("/pkcs11/dual/digest-encrypt", test_digest_encrypt),
		CASE("/pkcs11/dual/decrypt-digest", test_decrypt_digest),
		CASE("/pkcs11/dual/sign-encrypt", test_sign_encrypt),
		CASE("/pkcs11/dual/decrypt-verify", test_decrypt_verify),
		CASE("/pkcs11/cancel", test_cancel),
		CASE("/pkcs11/cancel/callback", test_callback),
		CASE("/pkcs11/recover", test_recover),
		CASE("/pkcs11/verify/signature-first", test_signature_first),
		CASE("/pkcs11/verify/signature-first/other",
		     test_signature_other),
	};

	return cmocka_run_group_tests_name("/pkcs11/dual", tests, NULL, NULL);
}
