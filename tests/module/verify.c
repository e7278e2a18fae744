/* 5.13.5, 5.13.6, 5.15: verifying, with the signature last or first, and
 * signatures from which the data come back. */
#include "suite.h"

enum { TEXT = 20, ROOM = 256 };

/* One way to verify: a signature, and the text it is of. */
struct family {
	CK_RV (*begin)(CK_OBJECT_HANDLE key);
	CK_RV (*single)(CK_BYTE *data, CK_ULONG size);
	CK_RV (*update)(CK_BYTE *data, CK_ULONG size);
	CK_RV (*final)(void);
	int since;
};

static CK_MECHANISM sha256_rsa = { CKM_SHA256_RSA_PKCS, NULL, 0 };
static CK_MECHANISM rsa = { CKM_RSA_PKCS, NULL, 0 };
static CK_BYTE text[TEXT] = "twenty bytes of text";
static CK_BYTE signature[ROOM];
static CK_ULONG signature_size;
static CK_BYTE *given; /* the signature that the functions get */

static CK_RV
verify_begin(CK_OBJECT_HANDLE key)
{
	return suite.p11->C_VerifyInit(suite.session, &sha256_rsa, key);
}

static CK_RV
verify_single(CK_BYTE *data, CK_ULONG size)
{
	return suite.p11->C_Verify(suite.session, data, size, given,
				   signature_size);
}

static CK_RV
verify_update(CK_BYTE *data, CK_ULONG size)
{
	return suite.p11->C_VerifyUpdate(suite.session, data, size);
}

static CK_RV
verify_final(void)
{
	return suite.p11->C_VerifyFinal(suite.session, given, signature_size);
}

static CK_RV
first_begin(CK_OBJECT_HANDLE key)
{
	return suite.p11_3_2->C_VerifySignatureInit(suite.session, &sha256_rsa,
						    key, given, signature_size);
}

static CK_RV
first_single(CK_BYTE *data, CK_ULONG size)
{
	return suite.p11_3_2->C_VerifySignature(suite.session, data, size);
}

static CK_RV
first_update(CK_BYTE *data, CK_ULONG size)
{
	return suite.p11_3_2->C_VerifySignatureUpdate(suite.session, data,
						      size);
}

static CK_RV
first_final(void)
{
	return suite.p11_3_2->C_VerifySignatureFinal(suite.session);
}

static const struct family last = { verify_begin, verify_single, verify_update,
				    verify_final, 2 };
static const struct family first = { first_begin, first_single, first_update,
				     first_final, 32 };

static const struct family *
family_of(void **state)
{
	const struct family *f = *state;

	if (f->since == 32)
		(void)need_3_2();
	return f;
}

/* A signature of the text, by the token's RSA key. */
static void
sign_text(void)
{
	if (session_state(suite.session) != CKS_RW_USER_FUNCTIONS)
		login();
	signature_size = ROOM;
	given = signature;
	assert_ok(
		suite.p11->C_SignInit(suite.session, &sha256_rsa,
				      object_get(CKO_PRIVATE_KEY, suite.rsa)));
	assert_ok(suite.p11->C_Sign(suite.session, text, TEXT, signature,
				    &signature_size));
}

static CK_RV
begin(const struct family *f)
{
	return f->begin(object_get(CKO_PUBLIC_KEY, suite.rsa));
}

static void
assert_over(const struct family *f)
{
	assert_rv(CKR_OPERATION_NOT_INITIALIZED, f->update(text, 1));
	assert_rv(CKR_OPERATION_NOT_INITIALIZED, f->final());
	assert_rv(CKR_OPERATION_NOT_INITIALIZED, f->single(text, TEXT));
}

static void
test_good(void **state)
{
	const struct family *f = family_of(state);

	sign_text();
	assert_over(f);
	assert_ok(begin(f));
	assert_ok(f->single(text, TEXT));
	assert_over(f);
	assert_ok(begin(f));
	assert_ok(f->update(text, 0));
	assert_ok(f->update(text, 7));
	assert_ok(f->update(&text[7], TEXT - 7));
	assert_ok(f->final());
	assert_over(f);
}

/* CKR_SIGNATURE_INVALID; "always terminates the active ... operation" */
static void
test_invalid(void **state)
{
	const struct family *f = family_of(state);

	sign_text();
	assert_ok(begin(f));
	assert_rv(CKR_SIGNATURE_INVALID, f->single(text, TEXT - 1));
	assert_over(f);
	assert_ok(begin(f));
	assert_ok(f->update(text, TEXT - 1));
	assert_rv(CKR_SIGNATURE_INVALID, f->final());
	assert_over(f);
	signature[100] ^= 1;
	assert_ok(begin(f));
	assert_rv(CKR_SIGNATURE_INVALID, f->single(text, TEXT));
}

/* CKR_SIGNATURE_LEN_RANGE, which "has higher priority" (5.1.6), at the
 * beginning or at the end */
static void
test_length(void **state)
{
	const struct family *f = family_of(state);
	CK_RV rv;

	sign_text();
	signature_size--;
	rv = begin(f);
	if (rv == CKR_OK)
		rv = f->single(text, TEXT);
	assert_rv(CKR_SIGNATURE_LEN_RANGE, rv);
	assert_over(f);
	rv = begin(f);
	if (rv == CKR_OK)
		rv = f->update(text, TEXT);
	if (rv == CKR_OK)
		rv = f->final();
	assert_rv(CKR_SIGNATURE_LEN_RANGE, rv);
	assert_over(f);
}

/* CKR_ARGUMENTS_BAD, which ends the operation as any error does */
static void
test_arguments(void **state)
{
	const struct family *f = family_of(state);

	sign_text();
	assert_ok(begin(f));
	assert_rv(CKR_ARGUMENTS_BAD, f->single(NULL, 4));
	assert_over(f);
	assert_ok(begin(f));
	assert_rv(CKR_ARGUMENTS_BAD, f->update(NULL, 4));
	assert_over(f);
}

static void
test_no_signature(void **state)
{
	sign_text();
	given = NULL;
	assert_ok(begin(&last));
	assert_rv(CKR_ARGUMENTS_BAD, last.single(text, TEXT));
	assert_over(&last);
	assert_ok(begin(&last));
	assert_rv(CKR_ARGUMENTS_BAD, last.final());
	assert_over(&last);
	(void)need_3_2();
	assert_rv(CKR_ARGUMENTS_BAD, begin(&first));
	assert_over(&first);
}

static void
test_single_after_update(void **state)
{
	const struct family *f = family_of(state);
	CK_RV rv;

	sign_text();
	assert_ok(begin(f));
	assert_ok(f->update(text, 1));
	rv = f->single(&text[1], TEXT - 1);
	assert_one_of(rv, CKR_OPERATION_ACTIVE, CKR_OPERATION_NOT_INITIALIZED);
}

/* 3.2, 5.15.7: an operation of one kind is none of the other. */
static void
test_kinds(void **state)
{
	(void)need_3_2();
	sign_text();
	assert_ok(begin(&last));
	assert_over(&first);
	assert_ok(last.single(text, TEXT));
	assert_ok(begin(&first));
	assert_over(&last);
	assert_ok(first.single(text, TEXT));
}

/* 5.15.7: "Any mechanism that supports C_VerifyInit must also support
 * C_VerifySignatureInit": what one says of a key, the other says, too. */
static void
test_mechanisms(void **state)
{
	CK_FUNCTION_LIST_3_2 *p = need_3_2();
	CK_OBJECT_HANDLE keys[] = { object_get(CKO_PUBLIC_KEY, suite.rsa),
				    object_get(CKO_PUBLIC_KEY, suite.ec) };
	CK_MECHANISM_TYPE types[512];
	CK_ULONG count = 512, i, j;

	assert_ok(p->C_GetMechanismList(suite.slot, types, &count));
	for (i = 0; i < 2 * count; i++) {
		CK_MECHANISM mechanism = { types[i / 2], NULL, 0 };
		CK_OBJECT_HANDLE key = keys[i % 2];
		CK_RV rv[2];

		rv[0] = p->C_VerifyInit(suite.session, &mechanism, key);
		assert_ok(p->C_VerifyInit(suite.session, NULL, 0));
		rv[1] = p->C_VerifySignatureInit(suite.session, &mechanism, key,
						 signature, ROOM);
		assert_ok(p->C_VerifySignatureInit(suite.session, NULL, 0, NULL,
						   0));
		for (j = 0; j < 2 && rv[1] != CKR_SIGNATURE_LEN_RANGE; j++)
			assert_rv(rv[1 - j], rv[j]);
	}
}

/* 5.15.7: CKR_SIGNATURE_LEN_RANGE, "in which case no active operation is
 * initiated", for a signature that no mechanism has */
static void
test_endless(void **state)
{
	static CK_BYTE endless[1 << 17];

	need_strict();
	(void)need_3_2();
	given = endless;
	signature_size = sizeof(endless);
	assert_rv(CKR_SIGNATURE_LEN_RANGE, begin(&first));
	assert_over(&first);
}

/* Recovery */

static CK_BYTE out[ROOM];

static CK_RV
recover(CK_ULONG *size)
{
	return suite.p11->C_VerifyRecover(suite.session, signature,
					  signature_size, out, size);
}

static CK_RV
sign_recover(CK_BYTE *data, CK_ULONG data_size, CK_ULONG *size)
{
	return suite.p11->C_SignRecover(suite.session, data, data_size,
					signature, size);
}

static void
sign_recover_begin(void)
{
	need_mechanism(CKM_RSA_PKCS, CKF_SIGN_RECOVER);
	if (session_state(suite.session) != CKS_RW_USER_FUNCTIONS)
		login();
	assert_ok(suite.p11->C_SignRecoverInit(
		suite.session, &rsa, object_get(CKO_PRIVATE_KEY, suite.rsa)));
}

static void
recover_begin(void)
{
	assert_ok(suite.p11->C_VerifyRecoverInit(
		suite.session, &rsa,
		rsa_public_copy(suite.rsa, CKF_VERIFY_RECOVER)));
}

/* What RSA_PKCS signs, so that it can be recovered on cards as well. */
static void
recover_prepare(void)
{
	need_mechanism(CKM_RSA_PKCS, CKF_VERIFY_RECOVER);
	login();
	signature_size = ROOM;
	assert_ok(suite.p11->C_SignInit(
		suite.session, &rsa, object_get(CKO_PRIVATE_KEY, suite.rsa)));
	assert_ok(suite.p11->C_Sign(suite.session, digest_info,
				    DIGEST_INFO_SIZE, signature,
				    &signature_size));
}

/* 5.13.6 */
static void
test_sign_recover(void **state)
{
	static CK_BYTE much[ROOM];
	CK_ULONG size = ROOM;
	CK_RV none = CKR_OPERATION_NOT_INITIALIZED;

	need_mechanism(CKM_RSA_PKCS, CKF_SIGN_RECOVER);
	assert_rv(none, sign_recover(text, TEXT, &size));
	sign_recover_begin();
	size = 0;
	assert_ok(suite.p11->C_SignRecover(suite.session, text, TEXT, NULL,
					   &size));
	assert_int_equal(size, ROOM);
	size = ROOM - 1;
	assert_rv(CKR_BUFFER_TOO_SMALL, sign_recover(text, TEXT, &size));
	assert_int_equal(size, ROOM);
	assert_ok(sign_recover(text, TEXT, &size));
	assert_rv(none, sign_recover(text, TEXT, &size));
	sign_recover_begin();
	assert_rv(CKR_DATA_LEN_RANGE, sign_recover(much, ROOM, &size));
	assert_rv(none, sign_recover(text, TEXT, &size));
	sign_recover_begin();
	assert_rv(CKR_ARGUMENTS_BAD, sign_recover(NULL, 4, &size));
	assert_rv(none, sign_recover(text, TEXT, &size));
	sign_recover_begin();
	assert_rv(CKR_ARGUMENTS_BAD, sign_recover(text, TEXT, NULL));
	assert_rv(none, sign_recover(text, TEXT, &size));
}

/* 5.15.6 */
static void
test_recover(void **state)
{
	CK_ULONG size = ROOM;
	CK_RV none = CKR_OPERATION_NOT_INITIALIZED;

	recover_prepare();
	assert_rv(none, recover(&size));
	recover_begin();
	assert_ok(suite.p11->C_VerifyRecover(suite.session, signature,
					     signature_size, NULL, &size));
	assert_in_range(size, DIGEST_INFO_SIZE, ROOM);
	size = DIGEST_INFO_SIZE - 1;
	assert_rv(CKR_BUFFER_TOO_SMALL, recover(&size));
	size = ROOM;
	assert_ok(recover(&size));
	assert_int_equal(size, DIGEST_INFO_SIZE);
	assert_memory_equal(out, digest_info, DIGEST_INFO_SIZE);
	assert_rv(none, recover(&size));
}

static void
test_recover_bad(void **state)
{
	CK_ULONG size = ROOM;
	CK_RV none = CKR_OPERATION_NOT_INITIALIZED;

	recover_prepare();
	recover_begin();
	assert_rv(CKR_ARGUMENTS_BAD, recover(NULL));
	assert_rv(none, recover(&size));
	recover_begin();
	assert_rv(
		CKR_ARGUMENTS_BAD,
		suite.p11->C_VerifyRecover(suite.session, NULL, 4, out, &size));
	assert_rv(none, recover(&size));
	recover_begin();
	signature_size--;
	assert_rv(CKR_SIGNATURE_LEN_RANGE, recover(&size));
	assert_rv(none, recover(&size));
	signature_size++;
	signature[30] ^= 1;
	recover_begin();
	assert_rv(CKR_SIGNATURE_INVALID, recover(&size));
	assert_rv(none, recover(&size));
	/* "if C_VerifyRecover is supplied with an invalid signature, it will
	 * never return CKR_BUFFER_TOO_SMALL" */
	size = 1;
	recover_begin();
	assert_rv(CKR_SIGNATURE_INVALID, recover(&size));
	assert_rv(none, recover(&size));
}

#define CASES_OF(name, f)                                                      \
	CASE_OF("/verify/" name, test_good, (void *)&f),                       \
		CASE_OF("/verify/" name "/invalid", test_invalid, (void *)&f), \
		CASE_OF("/verify/" name "/length", test_length, (void *)&f),   \
		CASE_OF("/verify/" name "/arguments", test_arguments,          \
			(void *)&f),                                           \
		CASE_OF("/verify/" name "/single-after-update",                \
			test_single_after_update, (void *)&f)

static const struct CMUnitTest list[] = {
	CASES_OF("last", last),
	CASES_OF("first", first),
	CASE("/verify/no-signature", test_no_signature),
	CASE("/verify/kinds", test_kinds),
	CASE("/verify/mechanisms", test_mechanisms),
	CASE("/verify/endless", test_endless),
	CASE("/verify/sign-recover", test_sign_recover),
	CASE("/verify/recover", test_recover),
	CASE("/verify/recover/bad", test_recover_bad),
};

const struct cases verify_cases = CASES("verify", list);
