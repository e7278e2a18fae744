/* pkcs11/operation.c, start.c: what an operation's life is made of. */
#include <string.h>

#include "fake.h"

static CK_MECHANISM parts = { FAKE_PARTS, NULL, 0 };
static CK_MECHANISM single = { FAKE_SINGLE, NULL, 0 };
static CK_MECHANISM digest = { FAKE_DIGEST, NULL, 0 };
static CK_BYTE data[] = { 1, 2, 3 };
static CK_BYTE bad_data[] = { 0xee };
static CK_BYTE out[64];

static CK_OBJECT_HANDLE
private_key(void)
{
	world_login();
	return world_find(world_session, CKO_PRIVATE_KEY, 1);
}

static void
sign_begin(CK_MECHANISM *mechanism)
{
	assert_int_equal(C_SignInit(world_session, mechanism, private_key()),
			 CKR_OK);
}

static CK_RV
sign(void)
{
	CK_ULONG size = sizeof(out);

	return C_Sign(world_session, data, sizeof(data), out, &size);
}

static void
test_not_initialized(void **state)
{
	CK_ULONG size = sizeof(out);
	CK_RV none = CKR_OPERATION_NOT_INITIALIZED;

	assert_int_equal(sign(), none);
	assert_int_equal(C_SignUpdate(world_session, data, 1), none);
	assert_int_equal(C_SignFinal(world_session, out, &size), none);
	assert_int_equal(C_Verify(world_session, data, 1, out, 8), none);
	assert_int_equal(C_DigestUpdate(world_session, data, 1), none);
	assert_int_equal(C_DecryptFinal(world_session, out, &size), none);
}

static void
test_bad_key(void **state)
{
	CK_OBJECT_HANDLE certificate =
		world_find(world_session, CKO_CERTIFICATE, 1);

	assert_int_equal(C_SignInit(world_session, &parts, 0),
			 CKR_KEY_HANDLE_INVALID);
	/* 5.1.6: the object is there, but is no key */
	assert_int_equal(C_SignInit(world_session, &parts, certificate),
			 CKR_KEY_HANDLE_INVALID);
	assert_int_equal(sign(), CKR_OPERATION_NOT_INITIALIZED);
}

static void
test_bad_mechanism(void **state)
{
	CK_MECHANISM unknown = { CKM_VENDOR_DEFINED, NULL, 0 };
	CK_MECHANISM hollow = { FAKE_PARTS, NULL, 5 };
	CK_OBJECT_HANDLE key = private_key();

	assert_int_equal(C_SignInit(world_session, &unknown, key),
			 CKR_MECHANISM_INVALID);
	assert_int_equal(C_SignInit(world_session, &hollow, key),
			 CKR_MECHANISM_PARAM_INVALID);
	assert_int_equal(C_DigestInit(world_session, &parts),
			 CKR_MECHANISM_INVALID);
}

/* 5.13.1: one operation of a kind at a time. */
static void
test_twice(void **state)
{
	sign_begin(&parts);
	assert_int_equal(
		C_SignInit(world_session, &parts,
			   world_find(world_session, CKO_PRIVATE_KEY, 1)),
		CKR_OPERATION_ACTIVE);
	assert_int_equal(sign(), CKR_OK);
}

/* 5.13.2: any error but CKR_BUFFER_TOO_SMALL ends it. */
static void
test_error_ends(void **state)
{
	CK_ULONG size = sizeof(out);

	sign_begin(&parts);
	assert_int_equal(C_Sign(world_session, bad_data, 1, out, &size),
			 CKR_DATA_LEN_RANGE);
	assert_int_equal(sign(), CKR_OPERATION_NOT_INITIALIZED);
}

static void
test_update_error_ends(void **state)
{
	sign_begin(&parts);
	assert_int_equal(C_SignUpdate(world_session, bad_data, 1),
			 CKR_DATA_LEN_RANGE);
	assert_int_equal(C_SignUpdate(world_session, data, 1),
			 CKR_OPERATION_NOT_INITIALIZED);
}

static void
test_arguments_end(void **state)
{
	CK_OBJECT_HANDLE key = private_key();
	CK_ULONG size = sizeof(out);

	assert_int_equal(C_SignInit(world_session, &parts, key), CKR_OK);
	assert_int_equal(C_Sign(world_session, NULL, 1, out, &size),
			 CKR_ARGUMENTS_BAD);
	assert_int_equal(sign(), CKR_OPERATION_NOT_INITIALIZED);
	assert_int_equal(C_SignInit(world_session, &parts, key), CKR_OK);
	assert_int_equal(C_Sign(world_session, data, 1, out, NULL),
			 CKR_ARGUMENTS_BAD);
	assert_int_equal(sign(), CKR_OPERATION_NOT_INITIALIZED);
	assert_int_equal(C_SignInit(world_session, &parts, key), CKR_OK);
	assert_int_equal(C_Sign(world_session, data, (CK_ULONG)-1, out, &size),
			 CKR_ARGUMENTS_BAD);
	assert_int_equal(sign(), CKR_OPERATION_NOT_INITIALIZED);
}

/* 5.13.2: C_Sign cannot end what C_SignUpdate went on with. */
static void
test_single_after_update(void **state)
{
	sign_begin(&parts);
	assert_int_equal(C_SignUpdate(world_session, data, 1), CKR_OK);
	assert_int_equal(sign(), CKR_OPERATION_ACTIVE);
	assert_int_equal(C_SignUpdate(world_session, data, 1),
			 CKR_OPERATION_NOT_INITIALIZED);
}

static void
test_update_of_single(void **state)
{
	sign_begin(&single);
	assert_int_equal(C_SignUpdate(world_session, data, 1),
			 CKR_OPERATION_NOT_INITIALIZED);
	assert_int_equal(sign(), CKR_OPERATION_NOT_INITIALIZED);
}

/* 5.2: asking for the length, and too short a buffer, change nothing. */
static void
test_length(void **state)
{
	CK_ULONG size = 0;

	sign_begin(&parts);
	assert_int_equal(C_Sign(world_session, data, 3, NULL, &size), CKR_OK);
	assert_int_equal(size, FAKE_SIGNATURE_SIZE);
	size = FAKE_SIGNATURE_SIZE - 1;
	assert_int_equal(C_Sign(world_session, data, 3, out, &size),
			 CKR_BUFFER_TOO_SMALL);
	assert_int_equal(size, FAKE_SIGNATURE_SIZE);
	assert_int_equal(world_token->finishes, 0);
	assert_int_equal(C_Sign(world_session, data, 3, out, &size), CKR_OK);
	assert_int_equal(size, FAKE_SIGNATURE_SIZE);
	assert_int_equal(out[0], 6);
	assert_int_equal(sign(), CKR_OPERATION_NOT_INITIALIZED);
}

static void
test_parts(void **state)
{
	CK_ULONG size = 0;

	sign_begin(&parts);
	assert_int_equal(C_SignUpdate(world_session, data, 3), CKR_OK);
	assert_int_equal(C_SignUpdate(world_session, NULL, 0), CKR_OK);
	assert_int_equal(C_SignFinal(world_session, NULL, &size), CKR_OK);
	assert_int_equal(C_SignFinal(world_session, out, &size), CKR_OK);
	assert_int_equal(out[7], 6);
	assert_int_equal(C_SignFinal(world_session, out, &size),
			 CKR_OPERATION_NOT_INITIALIZED);
}

/* 5.13.1: without a mechanism it cancels. */
static void
test_cancel(void **state)
{
	assert_int_equal(C_SignInit(world_session, NULL, 0), CKR_OK);
	sign_begin(&parts);
	assert_int_equal(C_SignInit(world_session, NULL, 0), CKR_OK);
	assert_int_equal(sign(), CKR_OPERATION_NOT_INITIALIZED);
}

static void
test_reuse(void **state)
{
	CK_OBJECT_HANDLE key = private_key();

	assert_int_equal(C_SignInit(world_session, &parts, key), CKR_OK);
	assert_int_equal(sign(), CKR_OK);
	assert_int_equal(C_SignInit(world_session, &parts, key), CKR_OK);
	assert_int_equal(world_token->reuses, 1);
	assert_int_equal(sign(), CKR_OK);
	assert_int_equal(world_token->frees, 0);
}

/* What a card's operation holds (its card, a PIN, the message) goes with it. */
static void
test_single_use(void **state)
{
	CK_OBJECT_HANDLE key = private_key();

	world_token->single_use = true;
	assert_int_equal(C_SignInit(world_session, &parts, key), CKR_OK);
	assert_int_equal(sign(), CKR_OK);
	assert_int_equal(world_token->frees, 1);
	assert_int_equal(C_SignInit(world_session, &parts, key), CKR_OK);
	assert_int_equal(world_token->reuses, 0);
}

static void
test_no_reuse_after_error(void **state)
{
	CK_OBJECT_HANDLE key = private_key();

	assert_int_equal(C_SignInit(world_session, &parts, key), CKR_OK);
	world_token->refuse = CKR_DEVICE_ERROR;
	assert_int_equal(sign(), CKR_DEVICE_ERROR);
	world_token->refuse = CKR_OK;
	assert_int_equal(world_token->frees, 1);
	assert_int_equal(C_SignInit(world_session, &parts, key), CKR_OK);
	assert_int_equal(world_token->reuses, 0);
}

static void
test_kinds_beside(void **state)
{
	CK_ULONG size = sizeof(out);

	sign_begin(&parts);
	assert_int_equal(C_DigestInit(world_session, &digest), CKR_OK);
	assert_int_equal(C_DigestUpdate(world_session, data, 2), CKR_OK);
	assert_int_equal(sign(), CKR_OK);
	assert_int_equal(C_DigestFinal(world_session, out, &size), CKR_OK);
	assert_int_equal(out[0], 3);
}

static void
test_verify(void **state)
{
	CK_OBJECT_HANDLE key = world_find(world_session, CKO_PUBLIC_KEY, 1);
	CK_BYTE right[FAKE_SIGNATURE_SIZE], wrong[FAKE_SIGNATURE_SIZE] = { 0 };

	memset(right, 6, sizeof(right));
	assert_int_equal(C_VerifyInit(world_session, &parts, key), CKR_OK);
	assert_int_equal(C_Verify(world_session, data, 3, wrong, sizeof(wrong)),
			 CKR_SIGNATURE_INVALID);
	assert_int_equal(C_Verify(world_session, data, 3, right, sizeof(right)),
			 CKR_OPERATION_NOT_INITIALIZED);
	assert_int_equal(C_VerifyInit(world_session, &parts, key), CKR_OK);
	assert_int_equal(C_VerifyUpdate(world_session, data, 3), CKR_OK);
	assert_int_equal(C_VerifyFinal(world_session, right, sizeof(right)),
			 CKR_OK);
}

/* What the key's token cannot do the host does, for public keys alone. */
static void
test_verify_on_host(void **state)
{
	CK_OBJECT_HANDLE public_key =
		world_find(world_session, CKO_PUBLIC_KEY, 1);
	CK_OBJECT_HANDLE certificate =
		world_find(world_session, CKO_CERTIFICATE, 1);
	CK_BYTE right[FAKE_SIGNATURE_SIZE];

	memset(right, 6, sizeof(right));
	world_token->public_keys_elsewhere = true;
	assert_int_equal(C_VerifyInit(world_session, &parts, certificate),
			 CKR_KEY_HANDLE_INVALID);
	assert_int_equal(C_VerifyInit(world_session, &parts, private_key()),
			 CKR_KEY_FUNCTION_NOT_PERMITTED);
	assert_int_equal(C_EncryptInit(world_session, &parts, public_key),
			 CKR_KEY_FUNCTION_NOT_PERMITTED);
	assert_int_equal(C_VerifyInit(world_session, &parts, public_key),
			 CKR_OK);
	assert_int_equal(C_Verify(world_session, data, 3, right, sizeof(right)),
			 CKR_OK);
	assert_int_equal(world_token->starts, 0);
}

static void
decrypt_begin(void)
{
	assert_int_equal(C_DecryptInit(world_session, &single, private_key()),
			 CKR_OK);
}

/* The token foretells 16 bytes more than come: what fits is given. */
static void
test_decrypt_fits(void **state)
{
	CK_ULONG size = 0;

	decrypt_begin();
	assert_int_equal(C_Decrypt(world_session, data, 3, NULL, &size),
			 CKR_OK);
	assert_int_equal(size, 19);
	size = 3;
	assert_int_equal(C_Decrypt(world_session, data, 3, out, &size), CKR_OK);
	assert_int_equal(size, 3);
	assert_int_equal(out[0], 1 ^ 0x55);
	assert_int_equal(world_token->finishes, 1);
}

/* A card must not be asked twice because a buffer was too small. */
static void
test_decrypt_held(void **state)
{
	CK_ULONG size = 2;

	decrypt_begin();
	assert_int_equal(C_Decrypt(world_session, data, 3, out, &size),
			 CKR_BUFFER_TOO_SMALL);
	assert_int_equal(size, 3);
	assert_int_equal(C_Decrypt(world_session, data, 3, NULL, &size),
			 CKR_OK);
	assert_int_equal(size, 3);
	assert_int_equal(C_Decrypt(world_session, data, 3, out, &size), CKR_OK);
	assert_int_equal(size, 3);
	assert_int_equal(out[2], 3 ^ 0x55);
	assert_int_equal(world_token->finishes, 1);
	assert_int_equal(C_Decrypt(world_session, data, 3, out, &size),
			 CKR_OPERATION_NOT_INITIALIZED);
}

static void
test_decrypt_held_other(void **state)
{
	CK_ULONG size = 2;

	decrypt_begin();
	assert_int_equal(C_Decrypt(world_session, data, 3, out, &size),
			 CKR_BUFFER_TOO_SMALL);
	size = sizeof(out);
	assert_int_equal(C_Decrypt(world_session, data, 2, out, &size),
			 CKR_FUNCTION_FAILED);
	assert_int_equal(C_Decrypt(world_session, data, 3, out, &size),
			 CKR_OPERATION_NOT_INITIALIZED);
}

/* Held plaintext does not outlive its session or its user. */
static void
test_decrypt_held_logout(void **state)
{
	CK_ULONG size = 2;

	decrypt_begin();
	assert_int_equal(C_Decrypt(world_session, data, 3, out, &size),
			 CKR_BUFFER_TOO_SMALL);
	assert_int_equal(C_Logout(world_session), CKR_OK);
	size = sizeof(out);
	assert_int_equal(C_Decrypt(world_session, data, 3, out, &size),
			 CKR_OPERATION_NOT_INITIALIZED);
}

/* 5.8.2: input and output may be in the same place. */
static void
test_encrypt_in_place(void **state)
{
	CK_BYTE buffer[8] = { 1, 2, 3 };
	CK_ULONG size = sizeof(buffer);

	assert_int_equal(
		C_EncryptInit(world_session, &parts,
			      world_find(world_session, CKO_PUBLIC_KEY, 1)),
		CKR_OK);
	assert_int_equal(C_Encrypt(world_session, buffer, 3, buffer, &size),
			 CKR_OK);
	assert_int_equal(size, 4);
	assert_int_equal(buffer[2], 3 ^ 0x55);
	assert_int_equal(buffer[3], 0x0f);
}

/* Asking C_EncryptUpdate for a length is no update yet. */
static void
test_encrypt_length(void **state)
{
	CK_ULONG size = 0;

	assert_int_equal(
		C_EncryptInit(world_session, &parts,
			      world_find(world_session, CKO_PUBLIC_KEY, 1)),
		CKR_OK);
	assert_int_equal(C_EncryptUpdate(world_session, data, 3, NULL, &size),
			 CKR_OK);
	assert_int_equal(size, 3);
	size = 2;
	assert_int_equal(C_EncryptUpdate(world_session, data, 3, out, &size),
			 CKR_BUFFER_TOO_SMALL);
	size = 4;
	assert_int_equal(C_Encrypt(world_session, data, 3, out, &size), CKR_OK);
	assert_int_equal(size, 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/pkcs11/operation/not-initialized", test_not_initialized),
		CASE("/pkcs11/operation/bad-key", test_bad_key),
		CASE("/pkcs11/operation/bad-mechanism", test_bad_mechanism),
		CASE("/pkcs11/operation/twice", test_twice),
		CASE("/pkcs11/operation/error-ends", test_error_ends),
		CASE("/pkcs11/operation/update-error-ends",
		     test_update_error_ends),
		CASE("/pkcs11/operation/arguments-end", test_arguments_end),
		CASE("/pkcs11/operation/single-after-update",
		     test_single_after_update),
		CASE("/pkcs11/operation/update-of-single",
		     test_update_of_single),
		CASE("/pkcs11/operation/length", test_length),
		CASE("/pkcs11/operation/parts", test_parts),
		CASE("/pkcs11/operation/cancel", test_cancel),
		CASE("/pkcs11/operation/reuse", test_reuse),
		CASE("/pkcs11/operation/single-use", test_single_use),
		CASE("/pkcs11/operation/no-reuse-after-error",
		     test_no_reuse_after_error),
		CASE("/pkcs11/operation/kinds-beside", test_kinds_beside),
		CASE("/pkcs11/operation/verify", test_verify),
		CASE("/pkcs11/operation/verify/on-host", test_verify_on_host),
		CASE("/pkcs11/operation/decrypt/fits", test_decrypt_fits),
		CASE("/pkcs11/operation/decrypt/held", test_decrypt_held),
		CASE("/pkcs11/operation/decrypt/held-other",
		     test_decrypt_held_other),
		CASE("/pkcs11/operation/decrypt/held-logout",
		     test_decrypt_held_logout),
		CASE("/pkcs11/operation/encrypt/in-place",
		     test_encrypt_in_place),
		CASE("/pkcs11/operation/encrypt/length", test_encrypt_length),
	};

	return cmocka_run_group_tests_name("/pkcs11/operation", tests, NULL,
					   NULL);
}
