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

static const struct CMUnitTest list[] = {
	CASE("/cipher/not-begun", test_not_begun),
	CASE("/cipher/init/bad", test_init_bad),
	CASE("/cipher/init/twice", test_init_twice),
	CASE("/cipher/round", test_round),
	CASE("/cipher/length", test_length),
	CASE("/cipher/length/exact", test_exact),
	CASE("/cipher/in-place", test_in_place),
	CASE("/cipher/wrong", test_wrong),
	CASE("/cipher/too-long", test_too_long),
	CASE("/cipher/oaep", test_oaep),
};

const struct cases cipher_cases = CASES("cipher", list);
