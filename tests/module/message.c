/* 5.9 to 5.16: messages that one key encrypts, decrypts, signs, verifies. */
#include "suite.h"

enum { TAG = 16, IV = 12, TEXT = 40 };

static CK_BYTE text[TEXT] = "attack at dawn, and not a minute later";
static CK_BYTE aad[] = "to whom it may concern";
static CK_BYTE cipher[TEXT], plain[TEXT];
static CK_BYTE iv[IV], tag[TAG];

static CK_GCM_MESSAGE_PARAMS
gcm(CK_GENERATOR_FUNCTION generator, CK_ULONG fixed_bits)
{
	return (CK_GCM_MESSAGE_PARAMS){ iv,	   IV,	fixed_bits,
					generator, tag, 8 * TAG };
}

static CK_OBJECT_HANDLE
key_make(CK_KEY_TYPE type, CK_ULONG size)
{
	return secret_make(type, size,
			   CKF_ENCRYPT | CKF_DECRYPT | CKF_SIGN | CKF_VERIFY |
				   CKF_WRAP | CKF_UNWRAP);
}

static CK_OBJECT_HANDLE
gcm_begin(void)
{
	CK_MECHANISM mechanism = { CKM_AES_GCM, NULL, 0 };
	CK_FUNCTION_LIST_3_0 *p11 = need_3_0();
	CK_OBJECT_HANDLE key;

	need_made();
	need_mechanism(CKM_AES_GCM, CKF_MESSAGE_ENCRYPT | CKF_MESSAGE_DECRYPT);
	key = key_make(CKK_AES, 16);
	assert_ok(p11->C_MessageEncryptInit(suite.session, &mechanism, key));
	assert_ok(p11->C_MessageDecryptInit(suite.session, &mechanism, key));
	return key;
}

static CK_RV
encrypt(CK_GCM_MESSAGE_PARAMS *p)
{
	CK_ULONG size = TEXT;

	return suite.p11_3_0->C_EncryptMessage(suite.session, p, sizeof(*p),
					       aad, sizeof(aad), text, TEXT,
					       cipher, &size);
}

static CK_RV
decrypt(CK_GCM_MESSAGE_PARAMS *p)
{
	CK_ULONG size = TEXT;
	CK_RV rv = suite.p11_3_0->C_DecryptMessage(suite.session, p, sizeof(*p),
						   aad, sizeof(aad), cipher,
						   TEXT, plain, &size);

	if (rv == CKR_OK) {
		assert_int_equal(size, TEXT);
		assert_memory_equal(plain, text, TEXT);
	}
	return rv;
}

/* 5.9.2: nothing has begun. */
static void
test_not_begun(void **state)
{
	CK_FUNCTION_LIST_3_0 *p11 = need_3_0();
	CK_GCM_MESSAGE_PARAMS p = gcm(CKG_GENERATE, 0);
	CK_RV none = CKR_OPERATION_NOT_INITIALIZED;
	CK_SESSION_HANDLE s = suite.session;
	CK_ULONG size = TEXT;

	need_mechanism(CKM_AES_GCM, CKF_MESSAGE_ENCRYPT);
	assert_rv(none, encrypt(&p));
	assert_rv(none, decrypt(&p));
	assert_rv(none, p11->C_EncryptMessageBegin(s, &p, sizeof(p), NULL, 0));
	assert_rv(none, p11->C_EncryptMessageNext(s, &p, sizeof(p), text, 1,
						  cipher, &size, 0));
	assert_rv(none, p11->C_MessageEncryptFinal(s));
	assert_rv(none, p11->C_MessageDecryptFinal(s));
	assert_rv(none, p11->C_MessageSignFinal(s));
	assert_rv(none, p11->C_MessageVerifyFinal(s));
}

/* 5.9.1: mechanisms without messages, keys of another type, twice. */
static void
test_init_bad(void **state)
{
	CK_MECHANISM mechanism = { CKM_AES_GCM, NULL, 0 };
	CK_MECHANISM other = { CKM_AES_CBC, iv, 16 };
	CK_MECHANISM odd = { CKM_AES_GCM, iv, 3 };
	CK_SESSION_HANDLE s = suite.session;
	CK_OBJECT_HANDLE key = gcm_begin();
	CK_FUNCTION_LIST_3_0 *p11 = suite.p11_3_0;

	assert_rv(CKR_OPERATION_ACTIVE,
		  p11->C_MessageEncryptInit(s, &mechanism, key));
	assert_ok(p11->C_MessageEncryptInit(s, NULL, 0));
	assert_rv(CKR_MECHANISM_INVALID,
		  p11->C_MessageEncryptInit(s, &other, key));
	assert_rv(CKR_MECHANISM_PARAM_INVALID,
		  p11->C_MessageEncryptInit(s, &odd, key));
	assert_rv(CKR_KEY_HANDLE_INVALID,
		  p11->C_MessageEncryptInit(s, &mechanism, 0));
	key = key_make(CKK_GENERIC_SECRET, 16);
	assert_rv(CKR_KEY_TYPE_INCONSISTENT,
		  p11->C_MessageEncryptInit(s, &mechanism, key));
	assert_rv(CKR_OPERATION_NOT_INITIALIZED, p11->C_MessageEncryptFinal(s));
}

/* 6.13.3: each generator, message after message, and back. */
static void
test_generators(void **state)
{
	static const CK_GENERATOR_FUNCTION generators[] = {
		CKG_NO_GENERATE, CKG_GENERATE, CKG_GENERATE_COUNTER,
		CKG_GENERATE_RANDOM, CKG_GENERATE_COUNTER_XOR
	};
	CK_BYTE last[IV] = { 0 };
	size_t i, n;

	gcm_begin();
	for (i = 0; i < sizeof(generators) / sizeof(generators[0]); i++) {
		for (n = 0; n < 3; n++) {
			CK_GCM_MESSAGE_PARAMS p = gcm(generators[i], 32);

			memset(iv, 7, 4);
			if (generators[i] == CKG_NO_GENERATE)
				iv[11] = (CK_BYTE)(n + 1);
			assert_ok(encrypt(&p));
			assert_memory_not_equal(cipher, text, TEXT);
			assert_memory_not_equal(iv, last, IV);
			assert_memory_equal(iv, "\7\7\7\7", 4);
			memcpy(last, iv, IV);
			assert_ok(decrypt(&p));
		}
	}
	assert_ok(suite.p11_3_0->C_MessageEncryptFinal(suite.session));
	assert_ok(suite.p11_3_0->C_MessageDecryptFinal(suite.session));
}

/* 6.13.3: "the initial IV counter is zero". */
static void
test_counter(void **state)
{
	static const CK_BYTE first[IV] = { 0 };
	static const CK_BYTE second[IV] = { [11] = 1 };
	CK_GCM_MESSAGE_PARAMS p = gcm(CKG_GENERATE_COUNTER, 0);

	gcm_begin();
	memset(iv, 0xff, IV);
	assert_ok(encrypt(&p));
	assert_memory_equal(iv, first, IV);
	assert_ok(encrypt(&p));
	assert_memory_equal(iv, second, IV);
}

/* 6.13.3: the non-fixed portion that is passed must not vary. */
static void
test_xor(void **state)
{
	CK_GCM_MESSAGE_PARAMS p = gcm(CKG_GENERATE_COUNTER_XOR, 8);

	gcm_begin();
	memset(iv, 0xf0, IV);
	assert_ok(encrypt(&p));
	assert_int_equal(iv[11], 0xf0);
	memset(iv, 0xf0, IV);
	assert_ok(encrypt(&p));
	assert_int_equal(iv[11], 0xf1);
	assert_ok(encrypt(&p));
	assert_int_equal(iv[11], 0xf2);
	memset(iv, 0x0f, IV);
	assert_rv(CKR_MECHANISM_PARAM_INVALID, encrypt(&p));
}

/* An IV that has to come twice does not come. */
static void
test_no_room(void **state)
{
	CK_GCM_MESSAGE_PARAMS p = gcm(CKG_GENERATE_COUNTER, 95);

	gcm_begin();
	memset(iv, 0, IV);
	assert_ok(encrypt(&p));
	assert_ok(encrypt(&p));
	assert_rv(CKR_MECHANISM_PARAM_INVALID, encrypt(&p));
	p = gcm(CKG_GENERATE, 96);
	assert_rv(CKR_MECHANISM_PARAM_INVALID, encrypt(&p));
	p = gcm(CKG_GENERATE_RANDOM, 80);
	assert_rv(CKR_MECHANISM_PARAM_INVALID, encrypt(&p));
	p = gcm(CKG_GENERATE, 97);
	assert_rv(CKR_MECHANISM_PARAM_INVALID, encrypt(&p));
	p = gcm(5, 0);
	assert_rv(CKR_MECHANISM_PARAM_INVALID, encrypt(&p));
	p = gcm(CKG_GENERATE, 0);
	p.pTag = NULL;
	assert_rv(CKR_MECHANISM_PARAM_INVALID, encrypt(&p));
	/* the process goes on */
	p = gcm(CKG_GENERATE, 0);
	assert_ok(encrypt(&p));
}

/* 5.2: a question for the length makes no IV, too small a buffer neither. */
static void
test_length(void **state)
{
	CK_GCM_MESSAGE_PARAMS p = gcm(CKG_GENERATE_COUNTER, 0);
	CK_SESSION_HANDLE s = suite.session;
	CK_ULONG size = 0;

	gcm_begin();
	memset(iv, 9, IV);
	assert_ok(suite.p11_3_0->C_EncryptMessage(s, &p, sizeof(p), NULL, 0,
						  text, TEXT, NULL, &size));
	assert_int_equal(size, TEXT);
	size--;
	assert_rv(CKR_BUFFER_TOO_SMALL,
		  suite.p11_3_0->C_EncryptMessage(s, &p, sizeof(p), NULL, 0,
						  text, TEXT, cipher, &size));
	assert_int_equal(size, TEXT);
	assert_int_equal(iv[0], 9);
	assert_ok(encrypt(&p));
	assert_int_equal(iv[11], 0);
}

/* 5.11.2: what is not authentic does not come out. */
static void
test_forged(void **state)
{
	CK_GCM_MESSAGE_PARAMS p = gcm(CKG_GENERATE, 0);
	CK_BYTE untouched[TEXT];

	gcm_begin();
	assert_ok(encrypt(&p));
	memset(plain, 0xaa, TEXT);
	memset(untouched, 0xaa, TEXT);
	tag[0] ^= 1;
	assert_rv(CKR_AEAD_DECRYPT_FAILED, decrypt(&p));
	tag[0] ^= 1;
	cipher[3] ^= 1;
	assert_rv(CKR_AEAD_DECRYPT_FAILED, decrypt(&p));
	assert_memory_equal(plain, untouched, TEXT);
	cipher[3] ^= 1;
	assert_ok(decrypt(&p));
}

/* 5.9.4: in parts; what cannot be called meanwhile. */
static void
test_parts(void **state)
{
	CK_GCM_MESSAGE_PARAMS p = gcm(CKG_GENERATE, 0);
	CK_SESSION_HANDLE s = suite.session;
	CK_ULONG size = 10, rest = TEXT - 10;
	CK_FUNCTION_LIST_3_0 *p11;

	gcm_begin();
	p11 = suite.p11_3_0;
	assert_ok(
		p11->C_EncryptMessageBegin(s, &p, sizeof(p), aad, sizeof(aad)));
	assert_rv(CKR_OPERATION_ACTIVE, encrypt(&p));
	assert_rv(CKR_OPERATION_ACTIVE,
		  p11->C_EncryptMessageBegin(s, &p, sizeof(p), NULL, 0));
	assert_rv(CKR_OPERATION_ACTIVE, p11->C_MessageEncryptFinal(s));
	assert_ok(p11->C_EncryptMessageNext(s, &p, sizeof(p), text, 10, cipher,
					    &size, 0));
	assert_int_equal(size, 10);
	rest--;
	assert_rv(CKR_BUFFER_TOO_SMALL,
		  p11->C_EncryptMessageNext(s, &p, sizeof(p), text + 10,
					    TEXT - 10, cipher + 10, &rest,
					    CKF_END_OF_MESSAGE));
	assert_int_equal(rest, TEXT - 10);
	assert_ok(p11->C_EncryptMessageNext(s, &p, sizeof(p), text + 10,
					    TEXT - 10, cipher + 10, &rest,
					    CKF_END_OF_MESSAGE));
	assert_rv(CKR_OPERATION_NOT_INITIALIZED,
		  p11->C_EncryptMessageNext(s, &p, sizeof(p), text, 1, cipher,
					    &size, CKF_END_OF_MESSAGE));
	assert_ok(decrypt(&p));
	assert_ok(
		p11->C_DecryptMessageBegin(s, &p, sizeof(p), aad, sizeof(aad)));
	size = TEXT;
	assert_ok(p11->C_DecryptMessageNext(s, &p, sizeof(p), cipher, 7, plain,
					    &size, 0));
	assert_int_equal(size, 0);
	assert_ok(p11->C_DecryptMessageNext(s, &p, sizeof(p), cipher + 7,
					    TEXT - 7, NULL, &size,
					    CKF_END_OF_MESSAGE));
	assert_int_equal(size, TEXT);
	assert_ok(p11->C_DecryptMessageNext(s, &p, sizeof(p), cipher + 7,
					    TEXT - 7, plain, &size,
					    CKF_END_OF_MESSAGE));
	assert_memory_equal(plain, text, TEXT);
}

/* 5.9.4: an error ends the message, not the process. */
static void
test_error_ends_message(void **state)
{
	CK_GCM_MESSAGE_PARAMS p = gcm(CKG_GENERATE, 0);
	CK_SESSION_HANDLE s = suite.session;
	CK_ULONG size = TEXT;
	CK_FUNCTION_LIST_3_0 *p11;

	gcm_begin();
	p11 = suite.p11_3_0;
	assert_ok(p11->C_EncryptMessageBegin(s, &p, sizeof(p), NULL, 0));
	assert_rv(CKR_ARGUMENTS_BAD,
		  p11->C_EncryptMessageNext(s, &p, sizeof(p), NULL, 3, cipher,
					    &size, 0));
	assert_rv(CKR_OPERATION_NOT_INITIALIZED,
		  p11->C_EncryptMessageNext(s, &p, sizeof(p), text, 3, cipher,
					    &size, 0));
	assert_ok(encrypt(&p));
	assert_ok(p11->C_EncryptMessageBegin(s, &p, sizeof(p), NULL, 0));
	assert_ok(p11->C_MessageEncryptInit(s, NULL, 0));
	assert_rv(CKR_OPERATION_NOT_INITIALIZED, encrypt(&p));
}

/* 5.6.5 */
static void
test_cancel(void **state)
{
	CK_GCM_MESSAGE_PARAMS p = gcm(CKG_GENERATE, 0);

	gcm_begin();
	assert_ok(encrypt(&p));
	assert_ok(suite.p11_3_0->C_SessionCancel(suite.session,
						 CKF_MESSAGE_ENCRYPT));
	assert_rv(CKR_OPERATION_NOT_INITIALIZED, encrypt(&p));
	assert_ok(decrypt(&p));
}

/* The key is gone, and the process with it. */
static void
test_key_gone(void **state)
{
	CK_GCM_MESSAGE_PARAMS p = gcm(CKG_GENERATE, 0);
	CK_OBJECT_HANDLE key = gcm_begin();

	assert_ok(encrypt(&p));
	assert_ok(suite.p11->C_DestroyObject(suite.session, key));
	assert_rv(CKR_OPERATION_NOT_INITIALIZED, encrypt(&p));
	assert_rv(CKR_OPERATION_NOT_INITIALIZED,
		  suite.p11_3_0->C_MessageEncryptFinal(suite.session));
}

/* 6.13.5: of CCM the length is known before. */
static void
test_ccm(void **state)
{
	CK_MECHANISM mechanism = { CKM_AES_CCM, NULL, 0 };
	CK_CCM_MESSAGE_PARAMS p = { TEXT, iv, IV, 0, CKG_GENERATE, tag, TAG };
	CK_SESSION_HANDLE s = suite.session;
	CK_FUNCTION_LIST_3_0 *p11 = need_3_0();
	CK_ULONG size = TEXT, rest = TEXT;
	CK_OBJECT_HANDLE key;

	need_made();
	need_mechanism(CKM_AES_CCM, CKF_MESSAGE_ENCRYPT | CKF_MESSAGE_DECRYPT);
	key = key_make(CKK_AES, 32);
	assert_ok(p11->C_MessageEncryptInit(s, &mechanism, key));
	assert_ok(p11->C_MessageDecryptInit(s, &mechanism, key));
	assert_ok(
		p11->C_EncryptMessageBegin(s, &p, sizeof(p), aad, sizeof(aad)));
	assert_ok(p11->C_EncryptMessageNext(s, &p, sizeof(p), text, 5, cipher,
					    &size, 0));
	assert_ok(p11->C_EncryptMessageNext(s, &p, sizeof(p), text + 5,
					    TEXT - 5, cipher + size, &rest,
					    CKF_END_OF_MESSAGE));
	assert_int_equal(size + rest, TEXT);
	size = TEXT;
	assert_ok(p11->C_DecryptMessage(s, &p, sizeof(p), aad, sizeof(aad),
					cipher, TEXT, plain, &size));
	assert_memory_equal(plain, text, TEXT);
	p.ulDataLen--;
	assert_rv(CKR_DATA_LEN_RANGE,
		  p11->C_EncryptMessage(s, &p, sizeof(p), aad, sizeof(aad),
					text, TEXT, cipher, &size));
}

static void
test_chacha(void **state)
{
	CK_MECHANISM mechanism = { CKM_CHACHA20_POLY1305, NULL, 0 };
	CK_SALSA20_CHACHA20_POLY1305_MSG_PARAMS p = { iv, 8 * IV, tag };
	CK_SESSION_HANDLE s = suite.session;
	CK_FUNCTION_LIST_3_0 *p11 = need_3_0();
	CK_ULONG size = TEXT;
	CK_OBJECT_HANDLE key;

	need_made();
	need_mechanism(CKM_CHACHA20_POLY1305,
		       CKF_MESSAGE_ENCRYPT | CKF_MESSAGE_DECRYPT);
	key = key_make(CKK_CHACHA20, 32);
	assert_ok(p11->C_MessageEncryptInit(s, &mechanism, key));
	assert_ok(p11->C_MessageDecryptInit(s, &mechanism, key));
	/* in place */
	memcpy(cipher, text, TEXT);
	assert_ok(p11->C_EncryptMessage(s, &p, sizeof(p), aad, sizeof(aad),
					cipher, TEXT, cipher, &size));
	assert_memory_not_equal(cipher, text, TEXT);
	assert_ok(p11->C_DecryptMessage(s, &p, sizeof(p), aad, sizeof(aad),
					cipher, TEXT, cipher, &size));
	assert_memory_equal(cipher, text, TEXT);
	p.ulNonceLen = 64;
	assert_rv(CKR_MECHANISM_PARAM_INVALID,
		  p11->C_EncryptMessage(s, &p, sizeof(p), NULL, 0, cipher, TEXT,
					cipher, &size));
}

static void
sign_init(CK_MECHANISM_TYPE type)
{
	CK_MECHANISM mechanism = { type, NULL, 0 };
	CK_FUNCTION_LIST_3_0 *p11 = need_3_0();

	need_mechanism(type, CKF_MESSAGE_SIGN | CKF_MESSAGE_VERIFY);
	login();
	assert_ok(
		p11->C_MessageSignInit(suite.session, &mechanism,
				       object_get(CKO_PRIVATE_KEY, suite.rsa)));
	assert_ok(p11->C_MessageVerifyInit(
		suite.session, &mechanism,
		object_get(CKO_PUBLIC_KEY, suite.rsa)));
}

/* 5.14, 5.16: messages signed one after the other, in one part and in many. */
static void
test_sign(void **state)
{
	CK_SESSION_HANDLE s = suite.session;
	CK_FUNCTION_LIST_3_0 *p11 = need_3_0();
	CK_BYTE signature[256];
	CK_ULONG size = 0, none = 0;

	sign_init(CKM_SHA256_RSA_PKCS);
	assert_ok(p11->C_SignMessage(s, NULL, 0, text, TEXT, NULL, &size));
	assert_int_equal(size, 256);
	size = 3;
	assert_rv(CKR_BUFFER_TOO_SMALL,
		  p11->C_SignMessage(s, NULL, 0, text, TEXT, signature, &size));
	assert_ok(p11->C_SignMessage(s, NULL, 0, text, TEXT, signature, &size));
	assert_ok(
		p11->C_VerifyMessage(s, NULL, 0, text, TEXT, signature, size));
	assert_rv(CKR_SIGNATURE_INVALID,
		  p11->C_VerifyMessage(s, NULL, 0, text, TEXT - 1, signature,
				       size));
	assert_rv(CKR_SIGNATURE_LEN_RANGE,
		  p11->C_VerifyMessage(s, NULL, 0, text, TEXT, signature,
				       size - 1));
	assert_ok(p11->C_SignMessageBegin(s, NULL, 0));
	assert_rv(CKR_OPERATION_ACTIVE,
		  p11->C_SignMessage(s, NULL, 0, text, TEXT, signature, &size));
	assert_ok(p11->C_SignMessageNext(s, NULL, 0, text, 4, NULL, NULL));
	assert_ok(p11->C_SignMessageNext(s, NULL, 0, text + 4, TEXT - 4, NULL,
					 &none));
	assert_int_equal(none, 256);
	none = 5;
	assert_rv(CKR_BUFFER_TOO_SMALL,
		  p11->C_SignMessageNext(s, NULL, 0, text + 4, TEXT - 4,
					 signature, &none));
	assert_ok(p11->C_SignMessageNext(s, NULL, 0, text + 4, TEXT - 4,
					 signature, &none));
	assert_rv(CKR_OPERATION_NOT_INITIALIZED,
		  p11->C_SignMessageNext(s, NULL, 0, text, 1, NULL, NULL));
	assert_ok(p11->C_VerifyMessageBegin(s, NULL, 0));
	assert_ok(p11->C_VerifyMessageNext(s, NULL, 0, text, 9, NULL, 0));
	assert_ok(p11->C_VerifyMessageNext(s, NULL, 0, text + 9, TEXT - 9,
					   signature, none));
	assert_ok(p11->C_MessageSignFinal(s));
	assert_ok(p11->C_MessageVerifyFinal(s));
}

/* A mechanism of single parts has no messages in parts. */
static void
test_sign_single(void **state)
{
	CK_SESSION_HANDLE s = suite.session;
	CK_FUNCTION_LIST_3_0 *p11 = need_3_0();
	CK_MECHANISM_INFO info;
	CK_BYTE signature[256];
	CK_ULONG size = sizeof(signature);

	sign_init(CKM_RSA_PKCS);
	assert_ok(
		suite.p11->C_GetMechanismInfo(suite.slot, CKM_RSA_PKCS, &info));
	assert_false(info.flags & CKF_MULTI_MESSAGE);
	assert_rv(CKR_OPERATION_NOT_INITIALIZED,
		  p11->C_SignMessageBegin(s, NULL, 0));
	assert_ok(p11->C_SignMessage(s, NULL, 0, digest_info, DIGEST_INFO_SIZE,
				     signature, &size));
	assert_ok(p11->C_VerifyMessage(s, NULL, 0, digest_info,
				       DIGEST_INFO_SIZE, signature, size));
	assert_rv(CKR_MECHANISM_PARAM_INVALID,
		  p11->C_SignMessage(s, iv, 1, digest_info, DIGEST_INFO_SIZE,
				     signature, &size));
}

/* 5.6.9: with the user the process goes. */
static void
test_logout(void **state)
{
	CK_BYTE signature[256];
	CK_ULONG size = sizeof(signature);

	sign_init(CKM_SHA256_RSA_PKCS);
	assert_ok(suite.p11->C_Logout(suite.session));
	assert_rv(CKR_OPERATION_NOT_INITIALIZED,
		  suite.p11_3_0->C_SignMessage(suite.session, NULL, 0, text,
					       TEXT, signature, &size));
}

static const struct CMUnitTest list[] = {
	CASE("/message/not-begun", test_not_begun),
	CASE("/message/init/bad", test_init_bad),
	CASE("/message/iv/generators", test_generators),
	CASE("/message/iv/counter", test_counter),
	CASE("/message/iv/xor", test_xor),
	CASE("/message/iv/no-room", test_no_room),
	CASE("/message/length", test_length),
	CASE("/message/forged", test_forged),
	CASE("/message/parts", test_parts),
	CASE("/message/error-ends-message", test_error_ends_message),
	CASE("/message/cancel", test_cancel),
	CASE("/message/key-gone", test_key_gone),
	CASE("/message/ccm", test_ccm),
	CASE("/message/chacha", test_chacha),
	CASE("/message/sign", test_sign),
	CASE("/message/sign/single", test_sign_single),
	CASE("/message/sign/logout", test_logout),
};
const struct cases message_cases = CASES("message", list);
