/* 5.12.4, 5.17, 5.18, 5.7.2, 5.6.5, 5.15.7: secret keys, keys of keys, and
 * operations that stand beside each other. */
#include "suite.h"

static CK_OBJECT_CLASS secret_class = CKO_SECRET_KEY;
static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_ULONG key_size = 16;
static CK_MECHANISM aes_gen = { CKM_AES_KEY_GEN, NULL, 0 };
static CK_BYTE iv[16] = { 1, 2, 3 };
static CK_MECHANISM cbc_pad = { CKM_AES_CBC_PAD, iv, sizeof(iv) };
static CK_MECHANISM key_wrap = { CKM_AES_KEY_WRAP, NULL, 0 };
static CK_MECHANISM sha256 = { CKM_SHA256, NULL, 0 };
static CK_BYTE text[] = "twenty bytes of text";

static CK_RV
aes_rv(CK_SESSION_HANDLE session, CK_BBOOL *token, CK_BBOOL *extractable,
       CK_OBJECT_HANDLE *key)
{
	CK_ATTRIBUTE list[] = {
		{ CKA_VALUE_LEN, &key_size, sizeof(key_size) },
		{ CKA_TOKEN, token, 1 },
		{ CKA_EXTRACTABLE, extractable, 1 },
		{ CKA_SENSITIVE, &no, 1 },
		{ CKA_ENCRYPT, &yes, 1 },
		{ CKA_DECRYPT, &yes, 1 },
		{ CKA_WRAP, &yes, 1 },
		{ CKA_UNWRAP, &yes, 1 },
	};

	return suite.p11->C_GenerateKey(session, &aes_gen, list, 8, key);
}

static CK_OBJECT_HANDLE
aes_make(void)
{
	CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;

	need_mechanism(CKM_AES_KEY_GEN, CKF_GENERATE);
	if (session_state(suite.session) != CKS_RW_USER_FUNCTIONS)
		login();
	assert_ok(aes_rv(suite.session, &no, &yes, &key));
	return key;
}

static CK_ULONG
value_of(CK_OBJECT_HANDLE key, CK_BYTE *value, CK_ULONG size)
{
	CK_ATTRIBUTE attribute = { CKA_VALUE, value, size };

	assert_ok(suite.p11->C_GetAttributeValue(suite.session, key, &attribute,
						 1));
	return attribute.ulValueLen;
}

/* 5.18.1 */
static void
test_generate(void **state)
{
	CK_SESSION_HANDLE ro = session_open(0);
	CK_MECHANISM sign = { CKM_RSA_PKCS, NULL, 0 };
	CK_OBJECT_HANDLE key;
	CK_BYTE value[16];

	need_mechanism(CKM_AES_KEY_GEN, CKF_GENERATE);
	login();
	assert_rv(CKR_SESSION_READ_ONLY, aes_rv(ro, &yes, &yes, &key));
	assert_rv(CKR_ARGUMENTS_BAD, aes_rv(suite.session, &no, &yes, NULL));
	assert_rv(
		CKR_MECHANISM_INVALID,
		suite.p11->C_GenerateKey(suite.session, &sign, NULL, 0, &key));
	assert_rv(CKR_TEMPLATE_INCOMPLETE,
		  suite.p11->C_GenerateKey(suite.session, &aes_gen, NULL, 0,
					   &key));
	assert_ok(aes_rv(ro, &no, &yes, &key));
	assert_int_equal(value_of(key, value, sizeof(value)), 16);
}

static CK_RV
encrypt_part(CK_BYTE *part, CK_ULONG size, CK_BYTE *out, CK_ULONG *out_size)
{
	return suite.p11->C_EncryptUpdate(suite.session, part, size, out,
					  out_size);
}

/* 5.2: "always return as much output as can be computed", no more, and what
 * does not fit is not lost. */
static void
test_cipher_parts(void **state)
{
	CK_OBJECT_HANDLE key = aes_make();
	CK_BYTE whole[32], parts[32];
	CK_ULONG size = sizeof(whole), first = 0, last;
	CK_FUNCTION_LIST *p = suite.p11;

	need_mechanism(CKM_AES_CBC_PAD, CKF_ENCRYPT | CKF_DECRYPT);
	assert_ok(p->C_EncryptInit(suite.session, &cbc_pad, key));
	assert_ok(p->C_Encrypt(suite.session, text, 20, whole, &size));
	assert_int_equal(size, 32);
	assert_ok(p->C_EncryptInit(suite.session, &cbc_pad, key));
	assert_ok(encrypt_part(text, 18, NULL, &first));
	assert_int_equal(first, 16);
	first = 15;
	assert_rv(CKR_BUFFER_TOO_SMALL, encrypt_part(text, 18, parts, &first));
	assert_int_equal(first, 16);
	assert_ok(encrypt_part(text, 18, parts, &first));
	assert_int_equal(first, 16);
	last = 16;
	assert_ok(encrypt_part(&text[18], 2, &parts[16], &last));
	assert_int_equal(last, 0);
	last = 16;
	assert_ok(p->C_EncryptFinal(suite.session, &parts[16], &last));
	assert_int_equal(last, 16);
	assert_memory_equal(parts, whole, 32);
}

/* 5.10.2: in place, and with a buffer of whatever size in the end. */
static void
test_decrypt(void **state)
{
	CK_OBJECT_HANDLE key = aes_make();
	CK_BYTE buffer[32];
	CK_ULONG size = sizeof(buffer);
	CK_FUNCTION_LIST *p = suite.p11;
	CK_RV rv;

	need_mechanism(CKM_AES_CBC_PAD, CKF_ENCRYPT | CKF_DECRYPT);
	assert_ok(p->C_EncryptInit(suite.session, &cbc_pad, key));
	assert_ok(p->C_Encrypt(suite.session, text, 20, buffer, &size));
	assert_ok(p->C_DecryptInit(suite.session, &cbc_pad, key));
	size = 3;
	assert_rv(CKR_BUFFER_TOO_SMALL,
		  p->C_Decrypt(suite.session, buffer, 32, buffer, &size));
	assert_in_range(size, 20, 32);
	size = sizeof(buffer);
	assert_ok(p->C_Decrypt(suite.session, buffer, 32, buffer, &size));
	assert_int_equal(size, 20);
	assert_memory_equal(buffer, text, 20);
	assert_ok(p->C_DecryptInit(suite.session, &cbc_pad, key));
	size = sizeof(buffer);
	rv = p->C_Decrypt(suite.session, buffer, 31, buffer, &size);
	assert_one_of(rv, CKR_ENCRYPTED_DATA_LEN_RANGE,
		      CKR_ENCRYPTED_DATA_INVALID);
}

/* 5.17.1: the digest is that of the plaintext. */
static void
test_dual(void **state)
{
	CK_OBJECT_HANDLE key = aes_make();
	CK_BYTE cipher[48], sum[32], plain[32], again[32];
	CK_ULONG size = 0, sum_size = sizeof(sum);
	CK_FUNCTION_LIST *p = suite.p11;

	need_dual();
	assert_rv(CKR_OPERATION_NOT_INITIALIZED,
		  p->C_DigestEncryptUpdate(suite.session, text, 16, cipher,
					   &size));
	assert_ok(p->C_EncryptInit(suite.session, &cbc_pad, key));
	assert_ok(p->C_DigestInit(suite.session, &sha256));
	size = 8;
	assert_rv(CKR_BUFFER_TOO_SMALL,
		  p->C_DigestEncryptUpdate(suite.session, text, 17, cipher,
					   &size));
	size = sizeof(cipher);
	assert_ok(p->C_DigestEncryptUpdate(suite.session, text, 17, cipher,
					   &size));
	assert_int_equal(size, 16);
	assert_ok(p->C_DigestFinal(suite.session, sum, &sum_size));
	size = 16;
	assert_ok(p->C_EncryptFinal(suite.session, &cipher[16], &size));
	assert_ok(p->C_DecryptInit(suite.session, &cbc_pad, key));
	assert_ok(p->C_DigestInit(suite.session, &sha256));
	size = sizeof(plain);
	assert_ok(p->C_DecryptDigestUpdate(suite.session, cipher, 32, plain,
					   &size));
	assert_int_equal(size, 16);
	assert_memory_equal(plain, text, 16);
	assert_ok(p->C_DecryptFinal(suite.session, plain, &size));
	assert_int_equal(size, 1);
	assert_ok(p->C_DigestUpdate(suite.session, plain, 1));
	assert_ok(p->C_DigestFinal(suite.session, again, &sum_size));
	assert_memory_equal(again, sum, 32);
}

static CK_RV
wrap(CK_OBJECT_HANDLE with, CK_OBJECT_HANDLE key, CK_BYTE *out, CK_ULONG *size)
{
	return suite.p11->C_WrapKey(suite.session, &key_wrap, with, key, out,
				    size);
}

/* 5.18.3, 5.18.5 */
static void
test_wrap(void **state)
{
	CK_OBJECT_HANDLE with = aes_make(), key = aes_make(), again, locked;
	CK_KEY_TYPE aes = CKK_AES;
	CK_BYTE wrapped[64], a[16], b[16];
	CK_ULONG size = 0;
	CK_ATTRIBUTE list[] = {
		{ CKA_CLASS, &secret_class, sizeof(secret_class) },
		{ CKA_KEY_TYPE, &aes, sizeof(aes) },
		{ CKA_TOKEN, &no, 1 },
		{ CKA_SENSITIVE, &no, 1 },
		{ CKA_EXTRACTABLE, &yes, 1 },
	};
	CK_FUNCTION_LIST *p = suite.p11;

	need_mechanism(CKM_AES_KEY_WRAP, CKF_WRAP | CKF_UNWRAP);
	assert_rv(CKR_WRAPPING_KEY_HANDLE_INVALID,
		  wrap(0, key, wrapped, &size));
	assert_rv(CKR_KEY_HANDLE_INVALID, wrap(with, 0, wrapped, &size));
	assert_ok(aes_rv(suite.session, &no, &no, &locked));
	size = sizeof(wrapped);
	assert_rv(CKR_KEY_UNEXTRACTABLE, wrap(with, locked, wrapped, &size));
	assert_ok(wrap(with, key, NULL, &size));
	assert_int_equal(size, 24);
	size = 23;
	assert_rv(CKR_BUFFER_TOO_SMALL, wrap(with, key, wrapped, &size));
	assert_int_equal(size, 24);
	assert_ok(wrap(with, key, wrapped, &size));
	assert_rv(CKR_UNWRAPPING_KEY_HANDLE_INVALID,
		  p->C_UnwrapKey(suite.session, &key_wrap, 0, wrapped, 24, list,
				 5, &again));
	assert_ok(p->C_UnwrapKey(suite.session, &key_wrap, with, wrapped, 24,
				 list, 5, &again));
	assert_int_equal(value_of(key, a, 16), 16);
	assert_int_equal(value_of(again, b, 16), 16);
	assert_memory_equal(a, b, 16);
	wrapped[5] ^= 1;
	assert_rv(CKR_WRAPPED_KEY_INVALID,
		  p->C_UnwrapKey(suite.session, &key_wrap, with, wrapped, 24,
				 list, 5, &again));
}

/* The other side's point, as CKA_EC_POINT has it: DER, or bare (6.3.16). */
static CK_OBJECT_HANDLE
agree(CK_OBJECT_HANDLE private_key, CK_OBJECT_HANDLE public_key)
{
	CK_BYTE point[80];
	CK_ATTRIBUTE attribute = { CKA_EC_POINT, point, sizeof(point) };
	CK_ECDH1_DERIVE_PARAMS params = { .kdf = CKD_NULL };
	CK_MECHANISM ecdh = { CKM_ECDH1_DERIVE, &params, sizeof(params) };
	CK_KEY_TYPE generic = CKK_GENERIC_SECRET;
	CK_ATTRIBUTE list[] = {
		{ CKA_CLASS, &secret_class, sizeof(secret_class) },
		{ CKA_KEY_TYPE, &generic, sizeof(generic) },
		{ CKA_SENSITIVE, &no, 1 },
		{ CKA_EXTRACTABLE, &yes, 1 },
		{ CKA_VALUE_LEN, &key_size, sizeof(key_size) },
	};
	CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;

	assert_ok(suite.p11->C_GetAttributeValue(suite.session, public_key,
						 &attribute, 1));
	params.pPublicData = point;
	params.ulPublicDataLen = attribute.ulValueLen;
	assert_ok(suite.p11->C_DeriveKey(suite.session, &ecdh, private_key,
					 list, 5, &key));
	return key;
}

static CK_RV
pair_for_agreement(CK_OBJECT_HANDLE *keys)
{
	CK_ATTRIBUTE flag = { CKA_DERIVE, &yes, 1 };
	CK_RV rv = pair_make(suite.session, CK_FALSE, &keys[0], &keys[1]);

	return rv != CKR_OK ? rv
			    : suite.p11->C_SetAttributeValue(suite.session,
							     keys[1], &flag, 1);
}

/* 5.18.6: both sides come to the same. */
static void
test_derive(void **state)
{
	CK_OBJECT_HANDLE a[2], b[2], key;
	CK_MECHANISM ecdh = { CKM_ECDH1_DERIVE, NULL, 0 };
	CK_KEY_TYPE generic = CKK_GENERIC_SECRET;
	CK_ATTRIBUTE list[] = {
		{ CKA_CLASS, &secret_class, sizeof(secret_class) },
		{ CKA_KEY_TYPE, &generic, sizeof(generic) },
	};
	CK_BYTE mine[16], yours[16];

	need_mechanism(CKM_ECDH1_DERIVE, CKF_DERIVE);
	need_made();
	login();
	assert_ok(pair_for_agreement(a));
	assert_ok(pair_for_agreement(b));
	assert_rv(CKR_MECHANISM_PARAM_INVALID,
		  suite.p11->C_DeriveKey(suite.session, &ecdh, a[1], list, 2,
					 &key));
	assert_int_equal(value_of(agree(a[1], b[0]), mine, 16), 16);
	assert_int_equal(value_of(agree(b[1], a[0]), yours, 16), 16);
	assert_memory_equal(mine, yours, 16);
}

/* 5.12.4: the digest of a key's value */
static void
test_digest_key(void **state)
{
	CK_OBJECT_HANDLE key = aes_make();
	CK_BYTE value[16], a[32], b[32];
	CK_ULONG size = sizeof(a);
	CK_FUNCTION_LIST *p = suite.p11;

	assert_int_equal(value_of(key, value, 16), 16);
	assert_ok(p->C_DigestInit(suite.session, &sha256));
	assert_ok(p->C_Digest(suite.session, value, 16, a, &size));
	assert_ok(p->C_DigestInit(suite.session, &sha256));
	assert_rv(CKR_KEY_HANDLE_INVALID, p->C_DigestKey(suite.session, 0));
	assert_ok(p->C_DigestKey(suite.session, key));
	assert_ok(p->C_DigestFinal(suite.session, b, &size));
	assert_memory_equal(a, b, 32);
}

/* 5.7.2, 5.7.4 */
static void
test_copy(void **state)
{
	CK_SESSION_HANDLE ro = session_open(0);
	CK_ATTRIBUTE to_token = { CKA_TOKEN, &yes, 1 };
	CK_ATTRIBUTE in_session = { CKA_TOKEN, &no, 1 };
	CK_ATTRIBUTE label = { CKA_LABEL, (void *)"copied", 6 };
	CK_OBJECT_HANDLE from =
		data_make(suite.session, CK_FALSE, CK_FALSE, "copied");
	CK_OBJECT_HANDLE to;
	CK_ULONG size = 0;
	CK_FUNCTION_LIST *p = suite.p11;

	need_made();
	assert_rv(CKR_OBJECT_HANDLE_INVALID,
		  p->C_CopyObject(suite.session, 0, &in_session, 1, &to));
	assert_rv(CKR_SESSION_READ_ONLY,
		  p->C_CopyObject(ro, from, &to_token, 1, &to));
	assert_ok(p->C_CopyObject(ro, from, &in_session, 1, &to));
	assert_int_not_equal(to, from);
	assert_int_equal(object_count(&label, 1), 2);
	assert_ok(p->C_CopyObject(suite.session, from, &to_token, 1, &to));
	assert_ok(p->C_GetObjectSize(suite.session, to, &size));
	assert_true(size > 0);
	assert_ok(p->C_CloseAllSessions(suite.slot));
	suite.session = session_open(CKF_RW_SESSION);
	assert_int_equal(object_count(&label, 1), 1);
	assert_ok(p->C_FindObjectsInit(suite.session, &label, 1));
	assert_ok(p->C_FindObjects(suite.session, &to, 1, &size));
	assert_ok(p->C_FindObjectsFinal(suite.session));
	assert_ok(p->C_DestroyObject(suite.session, to));
}

/* 5.6.5 (3.0) */
static void
test_cancel(void **state)
{
	CK_FUNCTION_LIST_3_0 *p = need_3_0();
	CK_BYTE sum[32];
	CK_ULONG size = sizeof(sum);

	assert_ok(p->C_SessionCancel(suite.session, CKF_DIGEST));
	assert_ok(p->C_DigestInit(suite.session, &sha256));
	assert_ok(p->C_SessionCancel(suite.session, 0));
	assert_ok(p->C_DigestUpdate(suite.session, text, 1));
	assert_ok(p->C_SessionCancel(suite.session, CKF_DIGEST));
	assert_rv(CKR_OPERATION_NOT_INITIALIZED,
		  p->C_DigestFinal(suite.session, sum, &size));
}

/* 5.15.7 (3.2): the signature comes first. */
static void
test_signature_first(void **state)
{
	CK_FUNCTION_LIST_3_2 *p = need_3_2();
	CK_MECHANISM rsa = { CKM_SHA256_RSA_PKCS, NULL, 0 };
	CK_OBJECT_HANDLE key;
	CK_BYTE signature[256];
	CK_ULONG size = sizeof(signature);

	login();
	assert_ok(p->C_SignInit(suite.session, &rsa,
				object_get(CKO_PRIVATE_KEY, suite.rsa)));
	assert_ok(p->C_Sign(suite.session, text, 20, signature, &size));
	key = object_get(CKO_PUBLIC_KEY, suite.rsa);
	assert_ok(p->C_VerifySignatureInit(suite.session, &rsa, key, signature,
					   size));
	assert_ok(p->C_VerifySignature(suite.session, text, 20));
	assert_ok(p->C_VerifySignatureInit(suite.session, &rsa, key, signature,
					   size));
	assert_ok(p->C_VerifySignatureUpdate(suite.session, text, 19));
	assert_rv(CKR_SIGNATURE_INVALID,
		  p->C_VerifySignatureFinal(suite.session));
	assert_rv(CKR_OPERATION_NOT_INITIALIZED,
		  p->C_VerifySignatureFinal(suite.session));
}

static const struct CMUnitTest list[] = {
	CASE("/secret/generate", test_generate),
	CASE("/secret/cipher/parts", test_cipher_parts),
	CASE("/secret/cipher/decrypt", test_decrypt),
	CASE("/secret/dual", test_dual),
	CASE("/secret/wrap", test_wrap),
	CASE("/secret/derive", test_derive),
	CASE("/secret/digest-key", test_digest_key),
	CASE("/secret/copy", test_copy),
	CASE("/secret/cancel", test_cancel),
	CASE("/secret/signature-first", test_signature_first),
};

const struct cases secret_cases = CASES("secret", list);
