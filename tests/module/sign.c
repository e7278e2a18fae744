/* 5.13, 5.15: signing and verifying, and the life of an operation. */
#include "suite.h"

static CK_MECHANISM rsa_sha256 = { CKM_SHA256_RSA_PKCS, NULL, 0 };
static CK_MECHANISM rsa = { CKM_RSA_PKCS, NULL, 0 };
static CK_MECHANISM ecdsa = { CKM_ECDSA, NULL, 0 };
static CK_BYTE text[] = "Hello World!\n";
static CK_BYTE digest[32] = { 3, 1, 4, 1, 5 };
static CK_BYTE signature[256];

static void
sign_begin(CK_MECHANISM *mechanism, CK_BYTE id)
{
	if (session_state(suite.session) != CKS_RW_USER_FUNCTIONS)
		login();
	assert_ok(suite.p11->C_SignInit(suite.session, mechanism,
					object_get(CKO_PRIVATE_KEY, id)));
}

static void
verify_begin(CK_MECHANISM *mechanism, CK_BYTE id)
{
	assert_ok(suite.p11->C_VerifyInit(suite.session, mechanism,
					  object_get(CKO_PUBLIC_KEY, id)));
}

/* 5.1.6: "to use a key for performing encryption, that key MUST have its
 * CKA_ENCRYPT attribute set to CK_TRUE (... implies that the key cannot be a
 * private key)": of the other half it is the use that is wrong, not its type.
 */
static void
test_other_half(void **state)
{
	CK_FUNCTION_LIST *p = suite.p11;
	CK_SESSION_HANDLE s = suite.session;
	CK_OBJECT_HANDLE public_key, private_key;
	CK_RV rv[5];
	size_t i;

	login();
	public_key = object_get(CKO_PUBLIC_KEY, suite.rsa);
	private_key = object_get(CKO_PRIVATE_KEY, suite.rsa);
	rv[0] = p->C_SignInit(s, &rsa_sha256, public_key);
	rv[1] = p->C_VerifyInit(s, &rsa_sha256, private_key);
	rv[2] = p->C_EncryptInit(s, &rsa, private_key);
	rv[3] = p->C_DecryptInit(s, &rsa, public_key);
	rv[4] = p->C_VerifyRecoverInit(s, &rsa, private_key);
	for (i = 0; i < 5; i++) {
		if (suite.strict)
			assert_rv(CKR_KEY_FUNCTION_NOT_PERMITTED, rv[i]);
		else
			assert_unfit(rv[i]);
	}
}

static CK_RV
sign(CK_ULONG *size)
{
	return suite.p11->C_Sign(suite.session, text, sizeof(text), signature,
				 size);
}

static CK_RV
verify(CK_ULONG size)
{
	return suite.p11->C_Verify(suite.session, text, sizeof(text), signature,
				   size);
}

static void
assert_no_operation(void)
{
	CK_ULONG size = sizeof(signature);

	assert_rv(CKR_OPERATION_NOT_INITIALIZED, sign(&size));
}

static void
test_not_begun(void **state)
{
	CK_ULONG size = sizeof(signature);
	CK_RV none = CKR_OPERATION_NOT_INITIALIZED;

	assert_rv(none, sign(&size));
	assert_rv(none, suite.p11->C_SignUpdate(suite.session, text, 1));
	assert_rv(none,
		  suite.p11->C_SignFinal(suite.session, signature, &size));
	assert_rv(none, verify(256));
	assert_rv(none, suite.p11->C_VerifyUpdate(suite.session, text, 1));
	assert_rv(none,
		  suite.p11->C_VerifyFinal(suite.session, signature, 256));
}

/* 5.13.1, 5.15.1 */
static void
test_init_bad(void **state)
{
	CK_MECHANISM unknown = { CKM_VENDOR_DEFINED | 0x123456, NULL, 0 };
	CK_OBJECT_HANDLE data =
		data_make(suite.session, CK_FALSE, CK_FALSE, "sign");
	CK_OBJECT_HANDLE key;

	login();
	key = object_get(CKO_PRIVATE_KEY, suite.rsa);
	assert_rv(CKR_KEY_HANDLE_INVALID,
		  suite.p11->C_SignInit(suite.session, &rsa, 0));
	assert_rv(CKR_KEY_HANDLE_INVALID,
		  suite.p11->C_SignInit(suite.session, &rsa, data));
	assert_rv(CKR_MECHANISM_INVALID,
		  suite.p11->C_SignInit(suite.session, &unknown, key));
	assert_rv(CKR_KEY_TYPE_INCONSISTENT,
		  suite.p11->C_SignInit(suite.session, &ecdsa, key));
	assert_rv(CKR_KEY_HANDLE_INVALID,
		  suite.p11->C_VerifyInit(suite.session, &rsa, data));
	assert_no_operation();
}

/* 5.13.1: "The CKA_SIGN attribute of the signature key ... MUST be CK_TRUE." */
static void
test_init_not_permitted(void **state)
{
	CK_OBJECT_HANDLE key;
	CK_BBOOL no = CK_FALSE;
	CK_ATTRIBUTE sign_flag = { CKA_SIGN, &no, 1 };
	CK_OBJECT_HANDLE keys[2];
	CK_RV rv;

	login();
	key = object_get(CKO_PUBLIC_KEY, suite.rsa);
	rv = suite.p11->C_SignInit(suite.session, &rsa, key);
	assert_unfit(rv);
	if (suite.card) {
		assert_rv(CKR_KEY_FUNCTION_NOT_PERMITTED,
			  suite.p11->C_SignInit(suite.session, &rsa,
						rsa_private_without(CKF_SIGN)));
		return;
	}
	assert_ok(pair_make(suite.session, CK_FALSE, &keys[0], &keys[1]));
	assert_ok(suite.p11->C_SetAttributeValue(suite.session, keys[1],
						 &sign_flag, 1));
	assert_rv(CKR_KEY_FUNCTION_NOT_PERMITTED,
		  suite.p11->C_SignInit(suite.session, &ecdsa, keys[1]));
}

static void
test_parameter(void **state)
{
	CK_BYTE junk[3] = { 0 };
	CK_MECHANISM too_much = { CKM_SHA256_RSA_PKCS, junk, sizeof(junk) };
	CK_MECHANISM missing = { CKM_RSA_PKCS_PSS, NULL, 0 };
	CK_MECHANISM hollow = { CKM_RSA_PKCS_PSS, NULL,
				sizeof(CK_RSA_PKCS_PSS_PARAMS) };
	CK_OBJECT_HANDLE key;
	CK_RV rv;

	login();
	key = object_get(CKO_PRIVATE_KEY, suite.rsa);
	assert_rv(CKR_MECHANISM_PARAM_INVALID,
		  suite.p11->C_SignInit(suite.session, &too_much, key));
	assert_rv(CKR_MECHANISM_PARAM_INVALID,
		  suite.p11->C_SignInit(suite.session, &missing, key));
	rv = suite.p11->C_SignInit(suite.session, &hollow, key);
	assert_one_of(rv, CKR_MECHANISM_PARAM_INVALID, CKR_ARGUMENTS_BAD);
}

/* 5.1.6: CKR_OPERATION_ACTIVE */
static void
test_init_twice(void **state)
{
	CK_ULONG size = sizeof(signature);
	CK_OBJECT_HANDLE key;

	login();
	key = object_get(CKO_PRIVATE_KEY, suite.rsa);
	assert_ok(suite.p11->C_SignInit(suite.session, &rsa_sha256, key));
	assert_rv(CKR_OPERATION_ACTIVE,
		  suite.p11->C_SignInit(suite.session, &rsa_sha256, key));
	assert_ok(sign(&size));
}

/* 5.13.1 (3.0): "with pMechanism set to NULL_PTR to terminate" */
static void
test_cancel(void **state)
{
	need_3_0();
	sign_begin(&rsa_sha256, suite.rsa);
	assert_ok(suite.p11->C_SignInit(suite.session, NULL, 0));
	assert_no_operation();
	verify_begin(&rsa_sha256, suite.rsa);
	assert_ok(suite.p11->C_VerifyInit(suite.session, NULL, 0));
	assert_rv(CKR_OPERATION_NOT_INITIALIZED, verify(256));
}

/* 5.2: a length query and too small a buffer leave the operation. */
static void
test_length(void **state)
{
	CK_ULONG size = 0;

	sign_begin(&rsa_sha256, suite.rsa);
	assert_ok(suite.p11->C_Sign(suite.session, text, sizeof(text), NULL,
				    &size));
	assert_int_equal(size, 256);
	size = 255;
	assert_rv(CKR_BUFFER_TOO_SMALL, sign(&size));
	assert_int_equal(size, 256);
	assert_ok(sign(&size));
	assert_int_equal(size, 256);
	assert_no_operation();
	verify_begin(&rsa_sha256, suite.rsa);
	assert_ok(verify(size));
}

static void
test_length_final(void **state)
{
	CK_ULONG size = 0;

	sign_begin(&rsa_sha256, suite.rsa);
	assert_ok(suite.p11->C_SignUpdate(suite.session, text, sizeof(text)));
	assert_ok(suite.p11->C_SignFinal(suite.session, NULL, &size));
	assert_int_equal(size, 256);
	size = 10;
	assert_rv(CKR_BUFFER_TOO_SMALL,
		  suite.p11->C_SignFinal(suite.session, signature, &size));
	assert_int_equal(size, 256);
	assert_ok(suite.p11->C_SignFinal(suite.session, signature, &size));
	assert_no_operation();
	verify_begin(&rsa_sha256, suite.rsa);
	assert_ok(verify(size));
}

/* 5.13.2: any other error ends it. */
static void
test_error_ends(void **state)
{
	static CK_BYTE too_long[300];
	CK_ULONG size = sizeof(signature);

	sign_begin(&rsa, suite.rsa);
	assert_rv(CKR_DATA_LEN_RANGE,
		  suite.p11->C_Sign(suite.session, too_long, sizeof(too_long),
				    signature, &size));
	assert_no_operation();
}

static void
test_arguments(void **state)
{
	CK_ULONG size = sizeof(signature);

	sign_begin(&rsa_sha256, suite.rsa);
	assert_rv(CKR_ARGUMENTS_BAD,
		  suite.p11->C_Sign(suite.session, text, sizeof(text),
				    signature, NULL));
	assert_no_operation();
	sign_begin(&rsa_sha256, suite.rsa);
	assert_rv(CKR_ARGUMENTS_BAD,
		  suite.p11->C_Sign(suite.session, NULL, 5, signature, &size));
	assert_no_operation();
	verify_begin(&rsa_sha256, suite.rsa);
	assert_rv(CKR_ARGUMENTS_BAD,
		  suite.p11->C_Verify(suite.session, text, sizeof(text), NULL,
				      256));
	assert_rv(CKR_OPERATION_NOT_INITIALIZED, verify(256));
}

/* 5.13.2: "C_Sign cannot be used to terminate a multi-part operation" */
static void
test_single_after_update(void **state)
{
	CK_ULONG size = sizeof(signature);
	CK_RV rv;

	sign_begin(&rsa_sha256, suite.rsa);
	assert_ok(suite.p11->C_SignUpdate(suite.session, text, 1));
	rv = sign(&size);
	assert_one_of(rv, CKR_OPERATION_ACTIVE, CKR_OPERATION_NOT_INITIALIZED);
}

/* CKM_RSA_PKCS is of one part (6.1.6). */
static void
test_parts_of_single(void **state)
{
	sign_begin(&rsa, suite.rsa);
	assert_int_not_equal(suite.p11->C_SignUpdate(suite.session, text, 1),
			     CKR_OK);
	assert_no_operation();
}

/* 5.13.2: "C_Sign is equivalent to a sequence of C_SignUpdate operations
 * followed by C_SignFinal." */
static void
test_parts(void **state)
{
	static CK_BYTE whole[256];
	CK_ULONG size = sizeof(whole), i;

	sign_begin(&rsa_sha256, suite.rsa);
	assert_ok(suite.p11->C_Sign(suite.session, text, sizeof(text), whole,
				    &size));
	sign_begin(&rsa_sha256, suite.rsa);
	for (i = 0; i < sizeof(text); i++)
		assert_ok(suite.p11->C_SignUpdate(suite.session, &text[i], 1));
	assert_ok(suite.p11->C_SignFinal(suite.session, signature, &size));
	assert_memory_equal(signature, whole, 256);
	verify_begin(&rsa_sha256, suite.rsa);
	for (i = 0; i < sizeof(text); i++)
		assert_ok(
			suite.p11->C_VerifyUpdate(suite.session, &text[i], 1));
	assert_ok(suite.p11->C_VerifyFinal(suite.session, signature, size));
}

/* 5.15.2: CKR_SIGNATURE_INVALID, CKR_SIGNATURE_LEN_RANGE, and the end */
static void
test_verify_wrong(void **state)
{
	CK_ULONG size = sizeof(signature);

	sign_begin(&rsa_sha256, suite.rsa);
	assert_ok(sign(&size));
	verify_begin(&rsa_sha256, suite.rsa);
	assert_rv(CKR_SIGNATURE_LEN_RANGE, verify(size - 1));
	assert_rv(CKR_OPERATION_NOT_INITIALIZED, verify(size));
	signature[100] ^= 1;
	verify_begin(&rsa_sha256, suite.rsa);
	assert_rv(CKR_SIGNATURE_INVALID, verify(size));
	assert_rv(CKR_OPERATION_NOT_INITIALIZED, verify(size));
}

/* 6.3.1: r and s side by side, each of the order's size */
static void
test_ecdsa(void **state)
{
	CK_ULONG size = 0;

	sign_begin(&ecdsa, suite.ec);
	assert_ok(suite.p11->C_Sign(suite.session, digest, 32, NULL, &size));
	assert_int_equal(size, 64);
	assert_ok(
		suite.p11->C_Sign(suite.session, digest, 32, signature, &size));
	assert_int_equal(size, 64);
	verify_begin(&ecdsa, suite.ec);
	assert_ok(suite.p11->C_Verify(suite.session, digest, 32, signature,
				      size));
	verify_begin(&ecdsa, suite.ec);
	assert_rv(
		CKR_SIGNATURE_INVALID,
		suite.p11->C_Verify(suite.session, text, 10, signature, size));
}

/* 6.1.8: RSA-PSS */
static void
test_pss(void **state)
{
	CK_RSA_PKCS_PSS_PARAMS params = { CKM_SHA256, CKG_MGF1_SHA256, 32 };
	CK_MECHANISM pss = { CKM_SHA256_RSA_PKCS_PSS, &params, sizeof(params) };
	CK_ULONG size = sizeof(signature);

	need_mechanism(CKM_SHA256_RSA_PKCS_PSS, CKF_SIGN);
	sign_begin(&pss, suite.rsa);
	assert_ok(sign(&size));
	verify_begin(&pss, suite.rsa);
	assert_ok(verify(size));
	params.sLen = 20;
	verify_begin(&pss, suite.rsa);
	assert_rv(CKR_SIGNATURE_INVALID, verify(size));
}

/* One of each kind may be under way in a session (3.2.3). */
static void
test_beside(void **state)
{
	CK_ULONG size = sizeof(signature);

	sign_begin(&rsa_sha256, suite.rsa);
	if (suite.p11->C_FindObjectsInit(suite.session, NULL, 0) == CKR_OK)
		assert_ok(suite.p11->C_FindObjectsFinal(suite.session));
	assert_ok(sign(&size));
}

/* 5.6.2: an operation ends with its session. */
static void
test_closed(void **state)
{
	CK_ULONG size = sizeof(signature);

	sign_begin(&rsa_sha256, suite.rsa);
	assert_ok(suite.p11->C_CloseSession(suite.session));
	assert_rv(CKR_SESSION_HANDLE_INVALID, sign(&size));
}

static const struct CMUnitTest list[] = {
	CASE("/sign/not-begun", test_not_begun),
	CASE("/sign/init/bad", test_init_bad),
	CASE("/sign/init/other-half", test_other_half),
	CASE("/sign/init/not-permitted", test_init_not_permitted),
	CASE("/sign/init/parameter", test_parameter),
	CASE("/sign/init/twice", test_init_twice),
	CASE("/sign/cancel", test_cancel),
	CASE("/sign/length", test_length),
	CASE("/sign/length/final", test_length_final),
	CASE("/sign/error-ends", test_error_ends),
	CASE("/sign/arguments", test_arguments),
	CASE("/sign/single-after-update", test_single_after_update),
	CASE("/sign/parts-of-single", test_parts_of_single),
	CASE("/sign/parts", test_parts),
	CASE("/sign/verify/wrong", test_verify_wrong),
	CASE("/sign/ecdsa", test_ecdsa),
	CASE("/sign/pss", test_pss),
	CASE("/sign/beside", test_beside),
	CASE("/sign/closed", test_closed),
};

const struct cases sign_cases = CASES("sign", list);
