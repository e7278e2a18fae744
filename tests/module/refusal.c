/* 5.8 to 5.18: what the functions have to refuse, each with its own value;
 * what message.c, life.c and wrapping.c leave open. */
#include "suite.h"

enum { TAG = 16, IV = 12, TEXT = 40, KNOWN = 8, BLOCK = 256 };

static CK_BYTE text[TEXT] = "attack at dawn, and not a minute later";
static CK_BYTE out[BLOCK], iv[IV], tag[TAG];
static CK_BYTE more[3];

static CK_GCM_MESSAGE_PARAMS
gcm(void)
{
	return (CK_GCM_MESSAGE_PARAMS){ iv, IV, 0, CKG_GENERATE, tag, 8 * TAG };
}

static CK_FUNCTION_LIST_3_0 *
crypt_begin(CK_MECHANISM_TYPE type)
{
	CK_MECHANISM mechanism = { type, NULL, 0 };
	CK_FUNCTION_LIST_3_0 *p11 = need_3_0();
	CK_OBJECT_HANDLE key;

	need_mechanism(type, CKF_MESSAGE_ENCRYPT | CKF_MESSAGE_DECRYPT);
	key = secret_make(CKK_AES, 16, CKF_ENCRYPT | CKF_DECRYPT);
	assert_ok(p11->C_MessageEncryptInit(suite.session, &mechanism, key));
	assert_ok(p11->C_MessageDecryptInit(suite.session, &mechanism, key));
	return p11;
}

/* 5.11, 5.16: nothing has begun. */
static void
test_not_begun(void **state)
{
	CK_FUNCTION_LIST_3_0 *p11 = need_3_0();
	CK_RV none = CKR_OPERATION_NOT_INITIALIZED;
	CK_SESSION_HANDLE s = suite.session;
	CK_GCM_MESSAGE_PARAMS p = gcm();
	CK_ULONG size = TEXT;

	assert_rv(none, p11->C_DecryptMessageBegin(s, &p, sizeof(p), NULL, 0));
	assert_rv(none, p11->C_DecryptMessageNext(s, &p, sizeof(p), text, 1,
						  out, &size, 0));
	assert_rv(none, p11->C_VerifyMessage(s, NULL, 0, text, 1, out, 1));
	assert_rv(none, p11->C_VerifyMessageBegin(s, NULL, 0));
	assert_rv(none, p11->C_VerifyMessageNext(s, NULL, 0, text, 1, out, 1));
}

/* CKR_ARGUMENTS_BAD: no place for a length, and text that is not there. */
static void
test_crypt_arguments(void **state)
{
	CK_FUNCTION_LIST_3_0 *p11 = crypt_begin(CKM_AES_GCM);
	CK_RV bad = CKR_ARGUMENTS_BAD;
	CK_SESSION_HANDLE s = suite.session;
	CK_GCM_MESSAGE_PARAMS p = gcm();
	CK_ULONG size = TEXT;

	assert_rv(bad, p11->C_EncryptMessage(s, &p, sizeof(p), NULL, 0, text,
					     TEXT, out, NULL));
	assert_rv(bad, p11->C_EncryptMessage(s, &p, sizeof(p), NULL, 3, text,
					     TEXT, out, &size));
	assert_rv(bad, p11->C_DecryptMessage(s, &p, sizeof(p), NULL, 0, text,
					     TEXT, out, NULL));
	assert_rv(bad, p11->C_DecryptMessage(s, &p, sizeof(p), NULL, 0, NULL,
					     TEXT, out, &size));
	assert_rv(bad, p11->C_DecryptMessageBegin(s, &p, sizeof(p), NULL, 3));
	assert_ok(p11->C_DecryptMessageBegin(s, &p, sizeof(p), NULL, 0));
	assert_rv(bad, p11->C_DecryptMessageNext(s, &p, sizeof(p), NULL, 3, out,
						 &size, 0));
	assert_ok(p11->C_MessageEncryptFinal(s));
	assert_ok(p11->C_MessageDecryptFinal(s));
}

/* CKR_MECHANISM_PARAM_INVALID: what is no parameter of a message. */
static void
test_crypt_parameter(void **state)
{
	CK_FUNCTION_LIST_3_0 *p11 = crypt_begin(CKM_AES_GCM);
	CK_RV bad = CKR_MECHANISM_PARAM_INVALID;
	CK_SESSION_HANDLE s = suite.session;
	CK_GCM_MESSAGE_PARAMS p = gcm();
	CK_ULONG size = TEXT;

	assert_rv(bad, p11->C_EncryptMessageBegin(s, more, 3, NULL, 0));
	assert_rv(bad, p11->C_DecryptMessageBegin(s, more, 3, NULL, 0));
	assert_rv(bad, p11->C_DecryptMessage(s, more, 3, NULL, 0, text, TEXT,
					     out, &size));
	assert_ok(p11->C_EncryptMessageBegin(s, &p, sizeof(p), NULL, 0));
	assert_rv(bad, p11->C_EncryptMessageNext(s, more, 3, text, 1, out,
						 &size, 0));
	assert_ok(p11->C_DecryptMessageBegin(s, &p, sizeof(p), NULL, 0));
	assert_rv(bad, p11->C_DecryptMessageNext(s, more, 3, text, 1, out,
						 &size, 0));
}

/* CKR_BUFFER_TOO_SMALL leaves the message as it was; CKR_AEAD_DECRYPT_FAILED
 * for what nobody has encrypted. */
static void
test_crypt_forged(void **state)
{
	CK_FUNCTION_LIST_3_0 *p11 = crypt_begin(CKM_AES_GCM);
	CK_SESSION_HANDLE s = suite.session;
	CK_GCM_MESSAGE_PARAMS p = gcm();
	CK_ULONG size = 3;

	assert_rv(CKR_BUFFER_TOO_SMALL,
		  p11->C_DecryptMessage(s, &p, sizeof(p), NULL, 0, text, TEXT,
					out, &size));
	assert_int_equal(size, TEXT);
	assert_ok(p11->C_DecryptMessageBegin(s, &p, sizeof(p), NULL, 0));
	size = 3;
	assert_rv(CKR_BUFFER_TOO_SMALL,
		  p11->C_DecryptMessageNext(s, &p, sizeof(p), text, TEXT, out,
					    &size, CKF_END_OF_MESSAGE));
	assert_int_equal(size, TEXT);
	assert_rv(CKR_AEAD_DECRYPT_FAILED,
		  p11->C_DecryptMessageNext(s, &p, sizeof(p), text, TEXT, out,
					    &size, CKF_END_OF_MESSAGE));
	assert_rv(CKR_OPERATION_NOT_INITIALIZED,
		  p11->C_DecryptMessageNext(s, &p, sizeof(p), text, TEXT, out,
					    &size, CKF_END_OF_MESSAGE));
}

/* 6.13.5: more than CCM was told of: CKR_DATA_LEN_RANGE and its like. */
static void
test_crypt_too_long(void **state)
{
	CK_CCM_MESSAGE_PARAMS p = { KNOWN, iv, IV, 0, CKG_GENERATE, tag, TAG };
	CK_FUNCTION_LIST_3_0 *p11 = crypt_begin(CKM_AES_CCM);
	CK_RV bad = CKR_ENCRYPTED_DATA_LEN_RANGE;
	CK_SESSION_HANDLE s = suite.session;
	CK_ULONG size = BLOCK;

	assert_ok(p11->C_EncryptMessageBegin(s, &p, sizeof(p), NULL, 0));
	assert_rv(CKR_DATA_LEN_RANGE,
		  p11->C_EncryptMessageNext(s, &p, sizeof(p), text, TEXT, out,
					    &size, CKF_END_OF_MESSAGE));
	size = BLOCK;
	assert_rv(bad, p11->C_DecryptMessage(s, &p, sizeof(p), NULL, 0, text,
					     TEXT, out, &size));
	assert_ok(p11->C_DecryptMessageBegin(s, &p, sizeof(p), NULL, 0));
	size = BLOCK;
	assert_rv(bad,
		  p11->C_DecryptMessageNext(s, &p, sizeof(p), text, TEXT, out,
					    &size, CKF_END_OF_MESSAGE));
}

static CK_FUNCTION_LIST_3_0 *
sign_begin(CK_MECHANISM mechanism)
{
	CK_FUNCTION_LIST_3_0 *p11 = need_3_0();

	need_mechanism(mechanism.mechanism,
		       CKF_MESSAGE_SIGN | CKF_MESSAGE_VERIFY);
	login();
	assert_ok(
		p11->C_MessageSignInit(suite.session, &mechanism,
				       object_get(CKO_PRIVATE_KEY, suite.rsa)));
	assert_ok(p11->C_MessageVerifyInit(
		suite.session, &mechanism,
		object_get(CKO_PUBLIC_KEY, suite.rsa)));
	return p11;
}

static void
test_sign_arguments(void **state)
{
	CK_MECHANISM mechanism = { CKM_SHA256_RSA_PKCS, NULL, 0 };
	CK_FUNCTION_LIST_3_0 *p11 = sign_begin(mechanism);
	CK_RV bad = CKR_ARGUMENTS_BAD;
	CK_SESSION_HANDLE s = suite.session;
	CK_ULONG size = BLOCK;

	assert_rv(bad, p11->C_SignMessage(s, NULL, 0, text, TEXT, out, NULL));
	assert_rv(bad, p11->C_SignMessage(s, NULL, 0, NULL, 3, out, &size));
	assert_rv(bad, p11->C_VerifyMessage(s, NULL, 0, NULL, 3, out, BLOCK));
	assert_rv(bad, p11->C_VerifyMessage(s, NULL, 0, text, 3, NULL, BLOCK));
	assert_ok(p11->C_SignMessageBegin(s, NULL, 0));
	assert_rv(bad, p11->C_SignMessageNext(s, NULL, 0, NULL, 3, NULL, NULL));
	assert_ok(p11->C_VerifyMessageBegin(s, NULL, 0));
	assert_rv(bad, p11->C_VerifyMessageNext(s, NULL, 0, NULL, 3, NULL, 0));
}

/* No mechanism that signs has a parameter of each message. */
static void
test_sign_parameter(void **state)
{
	CK_MECHANISM mechanism = { CKM_SHA256_RSA_PKCS, NULL, 0 };
	CK_FUNCTION_LIST_3_0 *p11 = sign_begin(mechanism);
	CK_RV bad = CKR_MECHANISM_PARAM_INVALID;
	CK_SESSION_HANDLE s = suite.session;

	assert_rv(bad, p11->C_SignMessageBegin(s, more, 3));
	assert_rv(bad, p11->C_VerifyMessageBegin(s, more, 3));
	assert_rv(bad, p11->C_VerifyMessage(s, more, 3, text, 3, out, BLOCK));
	assert_ok(p11->C_SignMessageBegin(s, NULL, 0));
	assert_rv(bad, p11->C_SignMessageNext(s, more, 3, text, 3, NULL, NULL));
	assert_ok(p11->C_VerifyMessageBegin(s, NULL, 0));
	assert_rv(bad, p11->C_VerifyMessageNext(s, more, 3, text, 3, NULL, 0));
}

/* 5.16: in parts a signature is refused as it is in one. */
static void
test_verify_parts(void **state)
{
	CK_MECHANISM mechanism = { CKM_SHA256_RSA_PKCS, NULL, 0 };
	CK_FUNCTION_LIST_3_0 *p11 = sign_begin(mechanism);
	CK_SESSION_HANDLE s = suite.session;

	memset(out, 1, BLOCK);
	assert_ok(p11->C_VerifyMessageBegin(s, NULL, 0));
	assert_rv(CKR_SIGNATURE_INVALID,
		  p11->C_VerifyMessageNext(s, NULL, 0, text, 3, out, BLOCK));
	assert_ok(p11->C_VerifyMessageBegin(s, NULL, 0));
	assert_rv(CKR_SIGNATURE_LEN_RANGE,
		  p11->C_VerifyMessageNext(s, NULL, 0, text, 3, out, 5));
	assert_ok(p11->C_MessageVerifyFinal(s));
}

/* 5.14.4, 5.16.4: a call with an error "terminates the current message ...
 * operation", with or without a signature, and not the process. */
static void
test_message_ends(void **state)
{
	CK_MECHANISM mechanism = { CKM_SHA256_RSA_PKCS, NULL, 0 };
	CK_FUNCTION_LIST_3_0 *p11 = sign_begin(mechanism);
	CK_RV bad = CKR_ARGUMENTS_BAD, none = CKR_OPERATION_NOT_INITIALIZED;
	CK_SESSION_HANDLE s = suite.session;
	CK_ULONG size, i;

	for (i = 0; i < 2; i++) {
		size = BLOCK;
		assert_ok(p11->C_SignMessageBegin(s, NULL, 0));
		assert_rv(bad, p11->C_SignMessageNext(s, NULL, 0, NULL, 3, out,
						      i ? &size : NULL));
		assert_rv(none, p11->C_SignMessageNext(s, NULL, 0, text, 3,
						       NULL, NULL));
		assert_ok(p11->C_VerifyMessageBegin(s, NULL, 0));
		assert_rv(bad, p11->C_VerifyMessageNext(s, NULL, 0, NULL, 3,
							i ? out : NULL,
							i ? BLOCK : 0));
		assert_rv(none, p11->C_VerifyMessageNext(s, NULL, 0, text, 3,
							 NULL, 0));
	}
	size = BLOCK;
	assert_ok(p11->C_SignMessage(s, NULL, 0, text, 3, out, &size));
	assert_ok(p11->C_VerifyMessage(s, NULL, 0, text, 3, out, size));
	assert_ok(p11->C_MessageSignFinal(s));
	assert_ok(p11->C_MessageVerifyFinal(s));
}

/* 6.1.6: more than the key has room for. */
static void
test_sign_too_long(void **state)
{
	CK_MECHANISM mechanism = { CKM_RSA_PKCS, NULL, 0 };
	CK_FUNCTION_LIST_3_0 *p11 = sign_begin(mechanism);
	CK_BYTE signature[BLOCK];
	CK_ULONG size = BLOCK;

	assert_rv(CKR_DATA_LEN_RANGE,
		  p11->C_SignMessage(suite.session, NULL, 0, out, BLOCK,
				     signature, &size));
}

/* 6.1.9: of what is given to PSS the hash has told the length. */
static void
test_verify_length(void **state)
{
	CK_RSA_PKCS_PSS_PARAMS pss = { CKM_SHA256, CKG_MGF1_SHA256, 32 };
	CK_MECHANISM mechanism = { CKM_RSA_PKCS_PSS, &pss, sizeof(pss) };
	CK_SESSION_HANDLE s = suite.session;
	CK_OBJECT_HANDLE key;
	CK_RV rv;

	need_mechanism(CKM_RSA_PKCS_PSS, CKF_VERIFY);
	key = rsa_public_copy(suite.rsa, CKF_VERIFY);
	assert_ok(suite.p11->C_VerifyInit(s, &mechanism, key));
	rv = suite.p11->C_Verify(s, text, 5, out, BLOCK);
	assert_one_of(rv, CKR_DATA_LEN_RANGE, CKR_SIGNATURE_INVALID);
	(void)need_3_2();
	assert_ok(suite.p11_3_2->C_VerifySignatureInit(s, &mechanism, key, out,
						       BLOCK));
	assert_rv(CKR_DATA_LEN_RANGE,
		  suite.p11_3_2->C_VerifySignature(s, text, 5));
	assert_ok(suite.p11_3_0->C_MessageVerifyInit(s, &mechanism, key));
	assert_rv(CKR_DATA_LEN_RANGE, suite.p11_3_0->C_VerifyMessage(
					      s, NULL, 0, text, 5, out, BLOCK));
}

/* CKR_KEY_SIZE_RANGE: a key with no room for the salt (RFC 8017, 9.1.1), which
 * the functions that begin have among their values, and no others. */
static void
test_salt(void **state)
{
	CK_RSA_PKCS_PSS_PARAMS pss = { CKM_SHA256, CKG_MGF1_SHA256,
				       BLOCK - 32 - 1 };
	CK_MECHANISM mechanism = { CKM_RSA_PKCS_PSS, &pss, sizeof(pss) };
	CK_FUNCTION_LIST_3_2 *p11 = need_3_2();
	CK_SESSION_HANDLE s = suite.session;
	CK_RV bad = CKR_KEY_SIZE_RANGE;
	CK_OBJECT_HANDLE key;

	need_made();
	need_mechanism(CKM_RSA_PKCS_PSS, CKF_SIGN | CKF_VERIFY);
	login();
	key = rsa_public_copy(suite.rsa, CKF_VERIFY);
	assert_rv(bad, p11->C_VerifyInit(s, &mechanism, key));
	assert_rv(bad,
		  p11->C_VerifySignatureInit(s, &mechanism, key, out, BLOCK));
	assert_rv(bad, p11->C_MessageVerifyInit(s, &mechanism, key));
	key = object_get(CKO_PRIVATE_KEY, suite.rsa);
	assert_rv(bad, p11->C_SignInit(s, &mechanism, key));
	assert_rv(bad, p11->C_MessageSignInit(s, &mechanism, key));
	pss.sLen--;
	assert_ok(p11->C_SignInit(s, &mechanism, key));
}

/* 6.1.10: a number that is not below the modulus. */
static void
test_raw(void **state)
{
	CK_MECHANISM mechanism = { CKM_RSA_X_509, NULL, 0 };
	CK_SESSION_HANDLE s = suite.session;
	CK_BYTE large[BLOCK];
	CK_ULONG size = BLOCK;
	CK_OBJECT_HANDLE key;
	CK_RV rv;

	need_made();
	need_mechanism(CKM_RSA_X_509, CKF_SIGN | CKF_SIGN_RECOVER);
	memset(large, 0xff, BLOCK);
	login();
	key = object_get(CKO_PRIVATE_KEY, suite.rsa);
	assert_ok(suite.p11->C_SignInit(s, &mechanism, key));
	assert_rv(CKR_DATA_INVALID,
		  suite.p11->C_Sign(s, large, BLOCK, out, &size));
	assert_ok(suite.p11->C_SignRecoverInit(s, &mechanism, key));
	assert_rv(CKR_DATA_INVALID,
		  suite.p11->C_SignRecover(s, large, BLOCK, out, &size));
	if (suite.p11_3_0 != NULL) {
		CK_FUNCTION_LIST_3_0 *p = suite.p11_3_0;

		assert_ok(p->C_MessageSignInit(s, &mechanism, key));
		assert_rv(
			CKR_DATA_INVALID,
			p->C_SignMessage(s, NULL, 0, large, BLOCK, out, &size));
	}
	key = rsa_public_copy(suite.rsa, CKF_ENCRYPT | CKF_VERIFY);
	assert_ok(suite.p11->C_EncryptInit(s, &mechanism, key));
	assert_rv(CKR_DATA_INVALID,
		  suite.p11->C_Encrypt(s, large, BLOCK, out, &size));
	/* that nobody can have signed it says the same */
	memset(out, 0, BLOCK);
	assert_ok(suite.p11->C_VerifyInit(s, &mechanism, key));
	rv = suite.p11->C_Verify(s, large, BLOCK, out, BLOCK);
	assert_one_of(rv, CKR_SIGNATURE_INVALID, CKR_DATA_INVALID);
}

/* 6.13.4: a counter of one bit is good for two blocks. */
static CK_AES_CTR_PARAMS one_bit = { 1, { 0 } };
static CK_MECHANISM counter = { CKM_AES_CTR, &one_bit, sizeof(one_bit) };
static CK_MECHANISM sha256 = { CKM_SHA256, NULL, 0 };
static CK_MECHANISM hmac = { CKM_SHA256_HMAC, NULL, 0 };

static CK_OBJECT_HANDLE
counter_key(void)
{
	need_dual();
	need_mechanism(CKM_AES_CTR, CKF_ENCRYPT | CKF_DECRYPT);
	return secret_make(CKK_AES, 16, CKF_ENCRYPT | CKF_DECRYPT);
}

static void
test_update_encrypt(void **state)
{
	CK_OBJECT_HANDLE key = counter_key(), mac;
	CK_SESSION_HANDLE s = suite.session;
	CK_ULONG size = BLOCK;

	assert_ok(suite.p11->C_EncryptInit(s, &counter, key));
	assert_rv(CKR_DATA_LEN_RANGE,
		  suite.p11->C_EncryptUpdate(s, text, TEXT, out, &size));
	assert_ok(suite.p11->C_EncryptInit(s, &counter, key));
	assert_ok(suite.p11->C_DigestInit(s, &sha256));
	size = BLOCK;
	assert_rv(CKR_DATA_LEN_RANGE,
		  suite.p11->C_DigestEncryptUpdate(s, text, TEXT, out, &size));
	mac = secret_make(CKK_GENERIC_SECRET, 32, CKF_SIGN);
	assert_ok(suite.p11->C_SignInit(s, &hmac, mac));
	assert_ok(suite.p11->C_EncryptInit(s, &counter, key));
	size = BLOCK;
	assert_rv(CKR_DATA_LEN_RANGE,
		  suite.p11->C_SignEncryptUpdate(s, text, TEXT, out, &size));
}

static void
test_update_decrypt(void **state)
{
	CK_OBJECT_HANDLE key = counter_key(), mac;
	CK_RV bad = CKR_ENCRYPTED_DATA_LEN_RANGE;
	CK_SESSION_HANDLE s = suite.session;
	CK_ULONG size = BLOCK;

	assert_ok(suite.p11->C_DecryptInit(s, &counter, key));
	assert_rv(bad, suite.p11->C_DecryptUpdate(s, text, TEXT, out, &size));
	assert_ok(suite.p11->C_DecryptInit(s, &counter, key));
	assert_ok(suite.p11->C_DigestInit(s, &sha256));
	size = BLOCK;
	assert_rv(bad,
		  suite.p11->C_DecryptDigestUpdate(s, text, TEXT, out, &size));
	mac = secret_make(CKK_GENERIC_SECRET, 32, CKF_VERIFY);
	assert_ok(suite.p11->C_VerifyInit(s, &hmac, mac));
	assert_ok(suite.p11->C_DecryptInit(s, &counter, key));
	size = BLOCK;
	assert_rv(bad,
		  suite.p11->C_DecryptVerifyUpdate(s, text, TEXT, out, &size));
}

/* 6.43.4: an AES key of a length that comes of itself, and is none. */
static void
test_derive(void **state)
{
	CK_KEY_DERIVATION_STRING_DATA data = { text, 3 };
	CK_MECHANISM mechanism = { CKM_CONCATENATE_BASE_AND_DATA, &data,
				   sizeof(data) };
	CK_KEY_TYPE type = CKK_AES;
	CK_ATTRIBUTE template[] = { { CKA_KEY_TYPE, &type, sizeof(type) } };
	CK_OBJECT_HANDLE key;

	need_mechanism(CKM_CONCATENATE_BASE_AND_DATA, CKF_DERIVE);
	login();
	key = secret_make(CKK_GENERIC_SECRET, 5, CKF_DERIVE);
	assert_rv(CKR_TEMPLATE_INCOMPLETE,
		  suite.p11->C_DeriveKey(suite.session, &mechanism, key,
					 template, 1, &key));
}

static const struct CMUnitTest list[] = {
	CASE("/refusal/not-begun", test_not_begun),
	CASE("/refusal/crypt/arguments", test_crypt_arguments),
	CASE("/refusal/crypt/parameter", test_crypt_parameter),
	CASE("/refusal/crypt/forged", test_crypt_forged),
	CASE("/refusal/crypt/too-long", test_crypt_too_long),
	CASE("/refusal/sign/arguments", test_sign_arguments),
	CASE("/refusal/sign/parameter", test_sign_parameter),
	CASE("/refusal/sign/too-long", test_sign_too_long),
	CASE("/refusal/sign/message", test_message_ends),
	CASE("/refusal/verify/parts", test_verify_parts),
	CASE("/refusal/verify/length", test_verify_length),
	CASE("/refusal/salt", test_salt),
	CASE("/refusal/raw", test_raw),
	CASE("/refusal/update/encrypt", test_update_encrypt),
	CASE("/refusal/update/decrypt", test_update_decrypt),
	CASE("/refusal/derive/incomplete", test_derive),
};

const struct cases refusal_cases = CASES("refusal", list);
