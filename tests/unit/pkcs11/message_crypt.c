/* pkcs11/message_crypt.c: IVs and tags of messages, whole and in parts (5.9,
 * 5.11). The fakes' tag has one byte. */
#include <string.h>

#include "fake.h"

enum { IV = 12, TAG_BITS = 8, TAG = 0x0f };

static CK_MECHANISM mechanism = { CKM_AES_GCM, NULL, 0 };
static CK_BYTE data[] = { 1, 2, 3 }, cipher[] = { 0x54, 0x57, 0x56 };
static CK_BYTE out[64], iv[IV], tag[1];

static CK_GCM_MESSAGE_PARAMS
params(CK_GENERATOR_FUNCTION generator)
{
	memset(iv, 0, sizeof(iv));
	memset(tag, 0, sizeof(tag));
	return (CK_GCM_MESSAGE_PARAMS){ iv, IV, 0, generator, tag, TAG_BITS };
}

static void
encrypt_begin(void)
{
	CK_OBJECT_HANDLE key = world_find(world_session, CKO_PUBLIC_KEY, 1);

	assert_int_equal(C_MessageEncryptInit(world_session, &mechanism, key),
			 CKR_OK);
}

static CK_RV
encrypt(CK_GCM_MESSAGE_PARAMS *p, CK_BYTE *in, CK_BYTE *to, CK_ULONG *size)
{
	return C_EncryptMessage(world_session, p, sizeof(*p), NULL, 0, in, 3,
				to, size);
}

static CK_RV
next(CK_GCM_MESSAGE_PARAMS *p, CK_BYTE *in, CK_ULONG *size, CK_FLAGS flags)
{
	return C_EncryptMessageNext(world_session, p, sizeof(*p), in, 3, out,
				    size, flags);
}

/* The tag goes to its own place, not behind the text. */
static void
test_whole(void **state)
{
	CK_GCM_MESSAGE_PARAMS p = params(CKG_NO_GENERATE);
	CK_ULONG size = sizeof(out);

	encrypt_begin();
	assert_int_equal(encrypt(&p, data, out, &size), CKR_OK);
	assert_int_equal(size, 3);
	assert_memory_equal(out, cipher, 3);
	assert_int_equal(tag[0], TAG);
}

/* A length, and too small a buffer, use up no IV. */
static void
test_length(void **state)
{
	CK_GCM_MESSAGE_PARAMS p = params(CKG_GENERATE_COUNTER);
	CK_BYTE first[IV] = { 0 }, second[IV] = { [IV - 1] = 1 };
	CK_ULONG size = 0;

	encrypt_begin();
	assert_int_equal(encrypt(&p, data, NULL, &size), CKR_OK);
	assert_int_equal(size, 3);
	size = 2;
	assert_int_equal(encrypt(&p, data, out, &size), CKR_BUFFER_TOO_SMALL);
	assert_int_equal(size, 3);
	assert_int_equal(encrypt(&p, data, out, &size), CKR_OK);
	assert_memory_equal(iv, first, IV);
	assert_int_equal(encrypt(&p, data, out, &size), CKR_OK);
	assert_memory_equal(iv, second, IV);
}

static void
test_bad(void **state)
{
	CK_GCM_MESSAGE_PARAMS p = params(CKG_NO_GENERATE);
	CK_SESSION_HANDLE s = world_session;
	CK_ULONG size = sizeof(out);

	assert_int_equal(encrypt(&p, data, out, &size),
			 CKR_OPERATION_NOT_INITIALIZED);
	encrypt_begin();
	assert_int_equal(encrypt(&p, data, out, NULL), CKR_ARGUMENTS_BAD);
	assert_int_equal(encrypt(&p, NULL, out, &size), CKR_ARGUMENTS_BAD);
	assert_int_equal(C_EncryptMessage(s, &p, sizeof(p), NULL, 1, data, 3,
					  out, &size),
			 CKR_ARGUMENTS_BAD);
	assert_int_equal(
		C_EncryptMessage(s, &p, 1, NULL, 0, data, 3, out, &size),
		CKR_MECHANISM_PARAM_INVALID);
	p.pTag = NULL;
	assert_int_equal(encrypt(&p, data, out, &size),
			 CKR_MECHANISM_PARAM_INVALID);
	/* after all that the process goes on */
	p = params(CKG_NO_GENERATE);
	assert_int_equal(encrypt(&p, data, out, &size), CKR_OK);
}

static void
test_parts(void **state)
{
	CK_GCM_MESSAGE_PARAMS p = params(CKG_GENERATE_COUNTER);
	CK_SESSION_HANDLE s = world_session;
	CK_ULONG size = sizeof(out);

	encrypt_begin();
	assert_int_equal(next(&p, data, &size, 0),
			 CKR_OPERATION_NOT_INITIALIZED);
	assert_int_equal(C_EncryptMessageBegin(s, &p, sizeof(p), NULL, 0),
			 CKR_OK);
	assert_int_equal(C_EncryptMessageBegin(s, &p, sizeof(p), NULL, 0),
			 CKR_OPERATION_ACTIVE);
	assert_int_equal(encrypt(&p, data, out, &size), CKR_OPERATION_ACTIVE);
	assert_int_equal(next(&p, data, &size, 0), CKR_OK);
	assert_int_equal(size, 3);
	assert_int_equal(tag[0], 0);
	size = 2;
	assert_int_equal(next(&p, data, &size, CKF_END_OF_MESSAGE),
			 CKR_BUFFER_TOO_SMALL);
	size = sizeof(out);
	assert_int_equal(next(&p, data, &size, CKF_END_OF_MESSAGE), CKR_OK);
	assert_int_equal(size, 3);
	assert_int_equal(tag[0], TAG);
	assert_int_equal(C_MessageEncryptFinal(s), CKR_OK);
}

/* What is wrong in a part ends the message, and no more. */
static void
test_part_fails(void **state)
{
	CK_GCM_MESSAGE_PARAMS p = params(CKG_NO_GENERATE);
	CK_BYTE bad[] = { 1, 0xee, 3 };
	CK_ULONG size = sizeof(out);
	CK_SESSION_HANDLE s = world_session;

	encrypt_begin();
	assert_int_equal(C_EncryptMessageBegin(s, &p, sizeof(p), NULL, 0),
			 CKR_OK);
	assert_int_equal(next(&p, bad, &size, 0), CKR_DATA_LEN_RANGE);
	assert_int_equal(next(&p, data, &size, 0),
			 CKR_OPERATION_NOT_INITIALIZED);
	assert_int_equal(C_EncryptMessageBegin(s, &p, sizeof(p), NULL, 0),
			 CKR_OK);
	assert_int_equal(next(&p, data, &size, 2), CKR_ARGUMENTS_BAD);
	assert_int_equal(next(&p, data, &size, 0),
			 CKR_OPERATION_NOT_INITIALIZED);
	assert_int_equal(encrypt(&p, data, out, &size), CKR_OK);
}

/* Of what is decrypted nobody makes the IV; what is not proven stays here. */
static void
test_decrypt(void **state)
{
	CK_GCM_MESSAGE_PARAMS p = params(CKG_GENERATE_RANDOM);
	CK_SESSION_HANDLE s = world_session;
	CK_BYTE zeros[IV] = { 0 }, nothing[sizeof(out)] = { 0 };
	CK_ULONG size = sizeof(out);

	world_login();
	assert_int_equal(
		C_MessageDecryptInit(s, &mechanism,
				     world_find(s, CKO_PRIVATE_KEY, 1)),
		CKR_OK);
	assert_int_equal(C_DecryptMessage(s, &p, sizeof(p), NULL, 0, cipher, 3,
					  out, &size),
			 CKR_OK);
	assert_memory_equal(out, data, 3);
	assert_memory_equal(iv, zeros, IV);
	memset(out, 0, sizeof(out));
	world_token->refuse = CKR_ENCRYPTED_DATA_INVALID;
	size = sizeof(out);
	assert_int_equal(C_DecryptMessage(s, &p, sizeof(p), NULL, 0, cipher, 3,
					  out, &size),
			 CKR_AEAD_DECRYPT_FAILED);
	assert_memory_equal(out, nothing, sizeof(out));
	assert_int_equal(C_MessageDecryptFinal(s), CKR_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/pkcs11/message_crypt/whole", test_whole),
		CASE("/pkcs11/message_crypt/length", test_length),
		CASE("/pkcs11/message_crypt/bad", test_bad),
		CASE("/pkcs11/message_crypt/parts", test_parts),
		CASE("/pkcs11/message_crypt/part-fails", test_part_fails),
		CASE("/pkcs11/message_crypt/decrypt", test_decrypt),
	};

	return cmocka_run_group_tests_name("/pkcs11/message_crypt", tests, NULL,
					   NULL);
}
