/* 5.8, 5.10: encrypting and decrypting. */
#include "suite.h"

static CK_MECHANISM rsa = { CKM_RSA_PKCS, NULL, 0 };
static CK_BYTE text[] = "attack at dawn";
static CK_BYTE cipher[256];
static CK_BYTE plain[256];

static void
encrypt(CK_MECHANISM *mechanism)
{
	CK_ULONG size = sizeof(cipher);

	need_mechanism(mechanism->mechanism, CKF_ENCRYPT);
	assert_ok(suite.p11->C_EncryptInit(
		suite.session, mechanism,
		object_get(CKO_PUBLIC_KEY, suite.decrypt)));
	assert_ok(suite.p11->C_Encrypt(suite.session, text, sizeof(text),
				       cipher, &size));
	assert_int_equal(size, sizeof(cipher));
}

static void
decrypt_begin(CK_MECHANISM *mechanism)
{
	if (session_state(suite.session) != CKS_RW_USER_FUNCTIONS)
		login();
	assert_ok(suite.p11->C_DecryptInit(
		suite.session, mechanism,
		object_get(CKO_PRIVATE_KEY, suite.decrypt)));
}

static CK_RV
decrypt(CK_ULONG *size)
{
	return suite.p11->C_Decrypt(suite.session, cipher, sizeof(cipher),
				    plain, size);
}

static void
test_not_begun(void **state)
{
	CK_ULONG size = sizeof(plain);
	CK_RV none = CKR_OPERATION_NOT_INITIALIZED;

	assert_rv(none, decrypt(&size));
	assert_rv(none,
		  suite.p11->C_Encrypt(suite.session, text, 1, cipher, &size));
	assert_rv(none, suite.p11->C_EncryptUpdate(suite.session, text, 1,
						   cipher, &size));
	assert_rv(none,
		  suite.p11->C_EncryptFinal(suite.session, cipher, &size));
	assert_rv(none, suite.p11->C_DecryptUpdate(suite.session, cipher, 1,
						   plain, &size));
	assert_rv(none, suite.p11->C_DecryptFinal(suite.session, plain, &size));
}

/* 5.8.1: CKR_KEY_HANDLE_INVALID, CKR_KEY_TYPE_INCONSISTENT, ... */
static void
test_init_bad(void **state)
{
	CK_OBJECT_HANDLE private_key, public_key;
	CK_RV rv;

	login();
	private_key = object_get(CKO_PRIVATE_KEY, suite.decrypt);
	public_key = object_get(CKO_PUBLIC_KEY, suite.decrypt);
	assert_rv(CKR_KEY_HANDLE_INVALID,
		  suite.p11->C_EncryptInit(suite.session, &rsa, 0));
	rv = suite.p11->C_EncryptInit(suite.session, &rsa, private_key);
	assert_unfit(rv);
	rv = suite.p11->C_DecryptInit(suite.session, &rsa, public_key);
	assert_unfit(rv);
	rv = suite.p11->C_DecryptInit(suite.session, &rsa,
				      object_get(CKO_PRIVATE_KEY, suite.ec));
	assert_true(rv == CKR_KEY_TYPE_INCONSISTENT);
}

static void
test_init_twice(void **state)
{
	CK_OBJECT_HANDLE key;

	login();
	key = object_get(CKO_PRIVATE_KEY, suite.decrypt);
	assert_ok(suite.p11->C_DecryptInit(suite.session, &rsa, key));
	assert_rv(CKR_OPERATION_ACTIVE,
		  suite.p11->C_DecryptInit(suite.session, &rsa, key));
}

static void
test_round(void **state)
{
	CK_ULONG size = sizeof(plain);

	encrypt(&rsa);
	decrypt_begin(&rsa);
	assert_ok(decrypt(&size));
	assert_int_equal(size, sizeof(text));
	assert_memory_equal(plain, text, sizeof(text));
	assert_rv(CKR_OPERATION_NOT_INITIALIZED, decrypt(&size));
}

/* 5.2: the length may exceed what comes, "not by a large amount"; a buffer
 * that is too small costs nothing but another call. */
static void
test_length(void **state)
{
	CK_ULONG size = 0;
	CK_RV rv;

	encrypt(&rsa);
	decrypt_begin(&rsa);
	assert_ok(suite.p11->C_Decrypt(suite.session, cipher, sizeof(cipher),
				       NULL, &size));
	assert_in_range(size, sizeof(text), 256);
	size = 3;
	assert_rv(CKR_BUFFER_TOO_SMALL, decrypt(&size));
	assert_in_range(size, sizeof(text), 256);
	rv = decrypt(&size);
	assert_ok(rv);
	assert_int_equal(size, sizeof(text));
	assert_memory_equal(plain, text, sizeof(text));
}

/* A buffer of just the right size was always enough before 3.2 (5.2). */
static void
test_exact(void **state)
{
	CK_ULONG size = sizeof(text);
	CK_RV rv;

	encrypt(&rsa);
	decrypt_begin(&rsa);
	rv = decrypt(&size);
	if (rv == CKR_BUFFER_TOO_SMALL)
		rv = decrypt(&size);
	assert_ok(rv);
	assert_memory_equal(plain, text, sizeof(text));
}

/* 5.10.2: "The ciphertext and plaintext can be in the same place" */
static void
test_in_place(void **state)
{
	CK_ULONG size = sizeof(cipher);

	encrypt(&rsa);
	decrypt_begin(&rsa);
	assert_ok(suite.p11->C_Decrypt(suite.session, cipher, sizeof(cipher),
				       cipher, &size));
	assert_int_equal(size, sizeof(text));
	assert_memory_equal(cipher, text, sizeof(text));
}

/* 5.10.2: CKR_ENCRYPTED_DATA_LEN_RANGE, CKR_ENCRYPTED_DATA_INVALID */
static void
test_wrong(void **state)
{
	CK_ULONG size = sizeof(plain);
	CK_RV rv;

	encrypt(&rsa);
	decrypt_begin(&rsa);
	rv = suite.p11->C_Decrypt(suite.session, cipher, 100, plain, &size);
	assert_one_of(rv, CKR_ENCRYPTED_DATA_LEN_RANGE,
		      CKR_ENCRYPTED_DATA_INVALID);
	size = sizeof(plain);
	assert_rv(CKR_OPERATION_NOT_INITIALIZED, decrypt(&size));
}

/* CKR_ENCRYPTED_DATA_INVALID: 1 decrypts to itself, which has no padding. */
static void
test_unpadded(void **state)
{
	CK_ULONG size = sizeof(plain);

	encrypt(&rsa);
	memset(cipher, 0, sizeof(cipher));
	cipher[sizeof(cipher) - 1] = 1;
	decrypt_begin(&rsa);
	assert_rv(CKR_ENCRYPTED_DATA_INVALID, decrypt(&size));
	assert_rv(CKR_OPERATION_NOT_INITIALIZED, decrypt(&size));
}

/* 5.8.2: CKR_DATA_LEN_RANGE */
static void
test_too_long(void **state)
{
	static CK_BYTE much[250];
	CK_ULONG size = sizeof(cipher);

	need_mechanism(CKM_RSA_PKCS, CKF_ENCRYPT);
	assert_ok(suite.p11->C_EncryptInit(
		suite.session, &rsa,
		object_get(CKO_PUBLIC_KEY, suite.decrypt)));
	assert_rv(CKR_DATA_LEN_RANGE,
		  suite.p11->C_Encrypt(suite.session, much, sizeof(much),
				       cipher, &size));
	assert_rv(CKR_OPERATION_NOT_INITIALIZED,
		  suite.p11->C_Encrypt(suite.session, text, 1, cipher, &size));
}

/* 6.1.7 */
static void
test_oaep(void **state)
{
	CK_RSA_PKCS_OAEP_PARAMS params = { CKM_SHA_1, CKG_MGF1_SHA1,
					   CKZ_DATA_SPECIFIED, NULL, 0 };
	CK_MECHANISM oaep = { CKM_RSA_PKCS_OAEP, &params, sizeof(params) };
	CK_ULONG size = sizeof(plain);

	need_mechanism(CKM_RSA_PKCS_OAEP, CKF_DECRYPT);
	encrypt(&oaep);
	decrypt_begin(&oaep);
	assert_ok(decrypt(&size));
	assert_int_equal(size, sizeof(text));
	cipher[7] ^= 1;
	decrypt_begin(&oaep);
	size = sizeof(plain);
	assert_rv(CKR_ENCRYPTED_DATA_INVALID, decrypt(&size));
}

/* Encrypts so many bytes, the first of which is zero, for a key of 2048 bits.
 */
static CK_RV
encrypt_bytes(CK_MECHANISM *mechanism, CK_ULONG count)
{
	static CK_BYTE much[300] = { 0, 1, 2, 3 };
	CK_ULONG size = sizeof(cipher);

	assert_ok(suite.p11->C_EncryptInit(
		suite.session, mechanism,
		object_get(CKO_PUBLIC_KEY, suite.decrypt)));
	return suite.p11->C_Encrypt(suite.session, much, count, cipher, &size);
}

/* What fits goes there and back, and one byte more does not. */
static void
limits(CK_MECHANISM *mechanism, CK_ULONG most)
{
	CK_ULONG size = sizeof(plain);

	need_mechanism(mechanism->mechanism, CKF_ENCRYPT | CKF_DECRYPT);
	assert_rv(CKR_DATA_LEN_RANGE, encrypt_bytes(mechanism, most + 1));
	assert_ok(encrypt_bytes(mechanism, most));
	decrypt_begin(mechanism);
	assert_ok(decrypt(&size));
	assert_int_equal(size, most);
	assert_int_equal(plain[3], 3);
	assert_ok(encrypt_bytes(mechanism, 0));
	decrypt_begin(mechanism);
	size = sizeof(plain);
	assert_ok(decrypt(&size));
	assert_int_equal(size,
			 mechanism->mechanism == CKM_RSA_X_509 ? most : 0);
}

/* 6.1.6: at most k - 11 bytes */
static void
test_limits_pkcs(void **state)
{
	limits(&rsa, 256 - 11);
}

/* 6.1.8: at most k - 2 - 2hLen bytes */
static void
test_limits_oaep(void **state)
{
	CK_RSA_PKCS_OAEP_PARAMS params = { CKM_SHA_1, CKG_MGF1_SHA1,
					   CKZ_DATA_SPECIFIED, NULL, 0 };
	CK_MECHANISM oaep = { CKM_RSA_PKCS_OAEP, &params, sizeof(params) };

	limits(&oaep, 256 - 2 - 2 * 20);
}

/* 6.1.12: at most k bytes, and what is less has zeros before it. */
static void
test_limits_raw(void **state)
{
	CK_MECHANISM raw = { CKM_RSA_X_509, NULL, 0 };
	CK_BYTE zeros[252] = { 0 };
	CK_ULONG size = sizeof(plain);

	limits(&raw, 256);
	assert_ok(encrypt_bytes(&raw, 4));
	decrypt_begin(&raw);
	assert_ok(decrypt(&size));
	assert_int_equal(size, 256);
	assert_memory_equal(plain, zeros, sizeof(zeros));
	assert_memory_equal(&plain[252], "\0\1\2\3", 4);
}

/* 6.1.6 to 6.1.12: what is decrypted is as long as the modulus; and below it.
 */
static void
test_lengths(void **state)
{
	static const CK_ULONG wrong[] = { 0, 1, 255, 257 };
	CK_BYTE large[257];
	CK_ULONG size;
	CK_RV rv;
	size_t i;

	need_mechanism(CKM_RSA_PKCS, CKF_DECRYPT);
	memset(large, 0xff, sizeof(large));
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		decrypt_begin(&rsa);
		size = sizeof(plain);
		rv = suite.p11->C_Decrypt(suite.session, large, wrong[i], plain,
					  &size);
		assert_one_of(rv, CKR_ENCRYPTED_DATA_LEN_RANGE,
			      CKR_ENCRYPTED_DATA_INVALID);
		size = sizeof(plain);
		assert_rv(CKR_OPERATION_NOT_INITIALIZED, decrypt(&size));
	}
}

/* 6.1.6, 6.1.8: "Single-part operations only" */
static void
test_single_part(void **state)
{
	CK_ULONG size = sizeof(cipher);
	CK_RV rv;

	need_mechanism(CKM_RSA_PKCS, CKF_ENCRYPT);
	assert_ok(suite.p11->C_EncryptInit(
		suite.session, &rsa,
		object_get(CKO_PUBLIC_KEY, suite.decrypt)));
	rv = suite.p11->C_EncryptUpdate(suite.session, text, sizeof(text),
					cipher, &size);
	assert_one_of(rv, CKR_OPERATION_NOT_INITIALIZED,
		      CKR_FUNCTION_NOT_SUPPORTED);
	encrypt(&rsa);
	decrypt_begin(&rsa);
	rv = suite.p11->C_DecryptUpdate(suite.session, cipher, sizeof(cipher),
					plain, &size);
	assert_one_of(rv, CKR_OPERATION_NOT_INITIALIZED,
		      CKR_FUNCTION_NOT_SUPPORTED);
}

static void
assert_oaep_invalid(void *parameter, CK_ULONG size)
{
	CK_MECHANISM oaep = { CKM_RSA_PKCS_OAEP, parameter, size };
	CK_RV bad = CKR_MECHANISM_PARAM_INVALID;

	assert_rv(bad, suite.p11->C_EncryptInit(
			       suite.session, &oaep,
			       object_get(CKO_PUBLIC_KEY, suite.decrypt)));
	assert_rv(bad, suite.p11->C_DecryptInit(
			       suite.session, &oaep,
			       object_get(CKO_PRIVATE_KEY, suite.decrypt)));
}

/* 6.1.7: each field of the parameter, and its length. */
static void
test_oaep_parameter(void **state)
{
	const CK_RSA_PKCS_OAEP_PARAMS good = { CKM_SHA_1, CKG_MGF1_SHA1,
					       CKZ_DATA_SPECIFIED, NULL, 0 };
	struct {
		CK_RSA_PKCS_OAEP_PARAMS it;
		CK_BYTE more;
	} p = { good, 0 };

	need_mechanism(CKM_RSA_PKCS_OAEP, CKF_ENCRYPT | CKF_DECRYPT);
	login();
	assert_oaep_invalid(NULL, 0);
	assert_oaep_invalid(&p, sizeof(p.it) - 1);
	assert_oaep_invalid(&p, sizeof(p.it) + 1);
	p.it.hashAlg = CKM_AES_CBC;
	assert_oaep_invalid(&p.it, sizeof(p.it));
	p.it = good;
	p.it.mgf = 0;
	assert_oaep_invalid(&p.it, sizeof(p.it));
	p.it.mgf = 99;
	assert_oaep_invalid(&p.it, sizeof(p.it));
	p.it = good;
	p.it.source = CKZ_DATA_SPECIFIED + 1;
	assert_oaep_invalid(&p.it, sizeof(p.it));
	p.it = good;
	p.it.ulSourceDataLen = 4;
	assert_oaep_invalid(&p.it, sizeof(p.it));
}

/* 6.1.7: "the optional label L to be associated with the message", which is the
 * caller's again when C_DecryptInit has returned. */
static void
test_oaep_label(void **state)
{
	CK_BYTE label[] = "label";
	CK_RSA_PKCS_OAEP_PARAMS params = { CKM_SHA_1, CKG_MGF1_SHA1,
					   CKZ_DATA_SPECIFIED, label, 5 };
	CK_MECHANISM oaep = { CKM_RSA_PKCS_OAEP, &params, sizeof(params) };
	CK_ULONG size = sizeof(plain);

	need_mechanism(CKM_RSA_PKCS_OAEP, CKF_DECRYPT);
	encrypt(&oaep);
	decrypt_begin(&oaep);
	label[0] = 'L';
	assert_ok(decrypt(&size));
	assert_memory_equal(plain, text, sizeof(text));
	decrypt_begin(&oaep);
	size = sizeof(plain);
	assert_rv(CKR_ENCRYPTED_DATA_INVALID, decrypt(&size));
}

/* CKR_KEY_SIZE_RANGE: a key with no room for a digest, twice of which OAEP has
 * (6.1.8); it is a value of C_EncryptInit and not of C_Encrypt. */
static void
test_key_size(void **state)
{
	CK_RSA_PKCS_OAEP_PARAMS params = { CKM_SHA512, CKG_MGF1_SHA512,
					   CKZ_DATA_SPECIFIED, NULL, 0 };
	CK_MECHANISM oaep = { CKM_RSA_PKCS_OAEP, &params, sizeof(params) };
	CK_BYTE modulus[128];
	CK_OBJECT_HANDLE key;

	need_mechanism(CKM_RSA_PKCS_OAEP, CKF_ENCRYPT);
	memset(modulus, 0xfb, sizeof(modulus));
	key = rsa_public_make(modulus, sizeof(modulus), CKF_ENCRYPT);
	assert_rv(CKR_KEY_SIZE_RANGE,
		  suite.p11->C_EncryptInit(suite.session, &oaep, key));
}

/* The same of the key that decrypts. */
static void
test_key_size_private(void **state)
{
	CK_RSA_PKCS_OAEP_PARAMS params = { CKM_SHA512, CKG_MGF1_SHA512,
					   CKZ_DATA_SPECIFIED, NULL, 0 };
	CK_MECHANISM oaep = { CKM_RSA_PKCS_OAEP, &params, sizeof(params) };
	CK_MECHANISM generate = { CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0 };
	CK_BBOOL yes = CK_TRUE;
	CK_ULONG bits = 1024;
	CK_ATTRIBUTE of_public = { CKA_MODULUS_BITS, &bits, sizeof(bits) };
	CK_ATTRIBUTE of_private = { CKA_DECRYPT, &yes, sizeof(yes) };
	CK_OBJECT_HANDLE keys[2];

	need_made();
	need_mechanism(CKM_RSA_PKCS_OAEP, CKF_DECRYPT);
	login();
	assert_ok(suite.p11->C_GenerateKeyPair(suite.session, &generate,
					       &of_public, 1, &of_private, 1,
					       &keys[0], &keys[1]));
	assert_rv(CKR_KEY_SIZE_RANGE,
		  suite.p11->C_DecryptInit(suite.session, &oaep, keys[1]));
}

static const struct CMUnitTest list[] = {
	CASE("/cipher/not-begun", test_not_begun),
	CASE("/cipher/init/bad", test_init_bad),
	CASE("/cipher/init/twice", test_init_twice),
	CASE("/cipher/round", test_round),
	CASE("/cipher/length", test_length),
	CASE("/cipher/length/exact", test_exact),
	CASE("/cipher/in-place", test_in_place),
	CASE("/cipher/wrong", test_wrong),
	CASE("/cipher/unpadded", test_unpadded),
	CASE("/cipher/too-long", test_too_long),
	CASE("/cipher/oaep", test_oaep),
	CASE("/cipher/limits/pkcs", test_limits_pkcs),
	CASE("/cipher/limits/oaep", test_limits_oaep),
	CASE("/cipher/lengths", test_lengths),
	CASE("/cipher/single-part", test_single_part),
	CASE("/cipher/oaep/parameter", test_oaep_parameter),
	CASE("/cipher/oaep/label", test_oaep_label),
	CASE("/cipher/key-size", test_key_size),
	CASE("/cipher/key-size/private", test_key_size_private),
	CASE("/cipher/limits/raw", test_limits_raw),
};

const struct cases cipher_cases = CASES("cipher", list);
