/* pkcs11/message_sign.c: each message, whole and in parts (5.14, 5.16). */
#include <string.h>

#include "fake.h"

static CK_MECHANISM parts = { FAKE_PARTS, NULL, 0 };
static CK_MECHANISM single = { FAKE_SINGLE, NULL, 0 };
static CK_BYTE data[] = { 1, 2, 3 }, out[64];
static CK_BYTE right[FAKE_SIGNATURE_SIZE] = { 6, 6, 6, 6, 6, 6, 6, 6 };

static void
sign_begin(CK_MECHANISM *mechanism)
{
	CK_OBJECT_HANDLE key;

	world_login();
	key = world_find(world_session, CKO_PRIVATE_KEY, 1);
	assert_int_equal(C_MessageSignInit(world_session, mechanism, key),
			 CKR_OK);
}

static void
verify_begin(CK_MECHANISM *mechanism)
{
	CK_OBJECT_HANDLE key = world_find(world_session, CKO_PUBLIC_KEY, 1);

	assert_int_equal(C_MessageVerifyInit(world_session, mechanism, key),
			 CKR_OK);
}

static CK_RV
sign(CK_BYTE *in, CK_BYTE *to, CK_ULONG *size)
{
	return C_SignMessage(world_session, NULL, 0, in, 3, to, size);
}

static CK_RV
next(CK_BYTE *in, CK_BYTE *to, CK_ULONG *size)
{
	return C_SignMessageNext(world_session, NULL, 0, in, 3, to, size);
}

static CK_RV
begin(void)
{
	return C_SignMessageBegin(world_session, NULL, 0);
}

static void
assert_signs(void)
{
	CK_ULONG size = sizeof(out);

	memset(out, 0, sizeof(out));
	assert_int_equal(sign(data, out, &size), CKR_OK);
	assert_int_equal(size, FAKE_SIGNATURE_SIZE);
	assert_memory_equal(out, right, sizeof(right));
}

/* A length, too small a buffer and an error end no process. */
static void
test_whole(void **state)
{
	CK_BYTE bad[] = { 1, 0xee, 3 };
	CK_ULONG size = 0;

	sign_begin(&parts);
	assert_signs();
	assert_int_equal(sign(data, NULL, &size), CKR_OK);
	assert_int_equal(size, FAKE_SIGNATURE_SIZE);
	size--;
	assert_int_equal(sign(data, out, &size), CKR_BUFFER_TOO_SMALL);
	assert_int_equal(size, FAKE_SIGNATURE_SIZE);
	assert_int_equal(sign(data, out, NULL), CKR_ARGUMENTS_BAD);
	assert_int_equal(sign(NULL, out, &size), CKR_ARGUMENTS_BAD);
	assert_int_equal(sign(bad, out, &size), CKR_DATA_LEN_RANGE);
	assert_int_equal(
		C_SignMessage(world_session, data, 1, data, 3, out, &size),
		CKR_MECHANISM_PARAM_INVALID);
	assert_signs();
}

/* 5.14.4: the last part comes with the signature, whose length may be asked. */
static void
test_parts(void **state)
{
	CK_BYTE three[] = { 1, 1, 1 };
	CK_ULONG size = 0;

	sign_begin(&parts);
	assert_int_equal(next(data, NULL, NULL), CKR_OPERATION_NOT_INITIALIZED);
	assert_int_equal(begin(), CKR_OK);
	assert_int_equal(begin(), CKR_OPERATION_ACTIVE);
	assert_int_equal(next(three, NULL, NULL), CKR_OK);
	assert_int_equal(next(three, NULL, &size), CKR_OK);
	assert_int_equal(size, FAKE_SIGNATURE_SIZE);
	size--;
	assert_int_equal(next(three, out, &size), CKR_BUFFER_TOO_SMALL);
	assert_int_equal(sign(data, out, &size), CKR_OPERATION_ACTIVE);
	assert_int_equal(next(three, out, &size), CKR_OK);
	assert_memory_equal(out, right, sizeof(right));
	assert_int_equal(next(three, NULL, NULL),
			 CKR_OPERATION_NOT_INITIALIZED);
	assert_signs();
}

/* An error in a part ends the message, and no more. */
static void
test_part_fails(void **state)
{
	CK_BYTE bad[] = { 1, 0xee, 3 };

	sign_begin(&parts);
	assert_int_equal(begin(), CKR_OK);
	assert_int_equal(next(bad, NULL, NULL), CKR_DATA_LEN_RANGE);
	assert_int_equal(next(data, NULL, NULL), CKR_OPERATION_NOT_INITIALIZED);
	assert_int_equal(begin(), CKR_OK);
	assert_int_equal(
		C_SignMessageNext(world_session, data, 1, data, 3, NULL, NULL),
		CKR_MECHANISM_PARAM_INVALID);
	assert_int_equal(next(data, NULL, NULL), CKR_OPERATION_NOT_INITIALIZED);
	assert_signs();
}

/* Of a mechanism of one part there is no message in parts. */
static void
test_single(void **state)
{
	sign_begin(&single);
	assert_int_equal(begin(), CKR_OPERATION_NOT_INITIALIZED);
	assert_int_equal(C_SignMessageBegin(world_session, data, 1),
			 CKR_MECHANISM_PARAM_INVALID);
	assert_signs();
}

static void
test_verify(void **state)
{
	CK_SESSION_HANDLE s = world_session;
	CK_BYTE wrong[FAKE_SIGNATURE_SIZE] = { 1 };

	verify_begin(&parts);
	assert_int_equal(C_VerifyMessage(s, NULL, 0, data, 3, right, 8),
			 CKR_OK);
	assert_int_equal(C_VerifyMessage(s, NULL, 0, data, 3, wrong, 8),
			 CKR_SIGNATURE_INVALID);
	assert_int_equal(C_VerifyMessageBegin(s, NULL, 0), CKR_OK);
	assert_int_equal(C_VerifyMessageNext(s, NULL, 0, data, 2, NULL, 0),
			 CKR_OK);
	assert_int_equal(C_VerifyMessageNext(s, NULL, 0, data + 2, 1, right, 8),
			 CKR_OK);
	assert_int_equal(C_VerifyMessageBegin(s, NULL, 0), CKR_OK);
	assert_int_equal(C_VerifyMessageNext(s, NULL, 0, data, 3, wrong, 8),
			 CKR_SIGNATURE_INVALID);
	assert_int_equal(C_VerifyMessageNext(s, NULL, 0, data, 3, right, 8),
			 CKR_OPERATION_NOT_INITIALIZED);
	assert_int_equal(C_MessageVerifyFinal(s), CKR_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/pkcs11/message_sign/whole", test_whole),
		CASE("/pkcs11/message_sign/parts", test_parts),
		CASE("/pkcs11/message_sign/part-fails", test_part_fails),
		CASE("/pkcs11/message_sign/single", test_single),
		CASE("/pkcs11/message_sign/verify", test_verify),
	};

	return cmocka_run_group_tests_name("/pkcs11/message_sign", tests, NULL,
					   NULL);
}
