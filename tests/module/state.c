/* 5.6.7, 5.6.8: saved states of operations. */
#include "suite.h"

static CK_MECHANISM sha256 = { CKM_SHA256, NULL, 0 };
static CK_BYTE text[] = "attack at dawn";
static CK_BYTE state[256], digest[32];
static CK_ULONG state_size;

static CK_RV
save(void)
{
	state_size = sizeof(state);
	return suite.p11->C_GetOperationState(suite.session, state,
					      &state_size);
}

static CK_RV
restore(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE encryption_key,
	CK_OBJECT_HANDLE authentication_key)
{
	return suite.p11->C_SetOperationState(
		session, state, state_size, encryption_key, authentication_key);
}

static void
update(CK_SESSION_HANDLE session, CK_ULONG from, CK_ULONG to)
{
	assert_ok(suite.p11->C_DigestUpdate(session, text + from, to - from));
}

static void
digest_begin(void)
{
	assert_ok(suite.p11->C_DigestInit(suite.session, &sha256));
	update(suite.session, 0, 5);
	if (save() == CKR_FUNCTION_NOT_SUPPORTED)
		skip();
}

static void
final(CK_SESSION_HANDLE session, CK_BYTE out[static 32])
{
	CK_ULONG size = 32;

	assert_ok(suite.p11->C_DigestFinal(session, out, &size));
}

static void
whole(CK_BYTE out[static 32])
{
	CK_ULONG size = 32;

	assert_ok(suite.p11->C_DigestInit(suite.session, &sha256));
	assert_ok(suite.p11->C_Digest(suite.session, text, sizeof(text), out,
				      &size));
}

/* 5.6.7: nothing to save, and nowhere to save it to. */
static void
test_nothing(void **state_)
{
	CK_RV rv = save();

	if (rv == CKR_FUNCTION_NOT_SUPPORTED)
		skip();
	assert_int_equal(rv, CKR_OPERATION_NOT_INITIALIZED);
	digest_begin();
	assert_rv(CKR_ARGUMENTS_BAD,
		  suite.p11->C_GetOperationState(suite.session, state, NULL));
}

/* As often as one likes, and over what went on meanwhile. */
static void
test_digest(void **state_)
{
	CK_BYTE expected[32];
	CK_ULONG size = 0;

	digest_begin();
	assert_ok(suite.p11->C_GetOperationState(suite.session, NULL, &size));
	assert_int_equal(size, state_size);
	size--;
	assert_rv(CKR_BUFFER_TOO_SMALL,
		  suite.p11->C_GetOperationState(suite.session, state, &size));
	assert_int_equal(size, state_size);
	assert_ok(save());
	update(suite.session, 9, 12);
	assert_ok(restore(suite.session, 0, 0));
	update(suite.session, 5, sizeof(text));
	final(suite.session, digest);
	whole(expected);
	assert_memory_equal(digest, expected, 32);
	assert_ok(restore(suite.session, 0, 0));
	update(suite.session, 5, sizeof(text));
	final(suite.session, digest);
	assert_memory_equal(digest, expected, 32);
}

/* "The state need not have been obtained from the same session"; but it is of
 * another session state, R/O to R/W, that it is not for. */
static void
test_other_session(void **state_)
{
	CK_SESSION_HANDLE other = session_open(CKF_RW_SESSION);
	CK_SESSION_HANDLE reader = session_open(0);
	CK_BYTE expected[32];

	digest_begin();
	assert_ok(restore(other, 0, 0));
	update(other, 5, sizeof(text));
	final(other, digest);
	assert_rv(CKR_SAVED_STATE_INVALID, restore(reader, 0, 0));
	final(suite.session, expected);
	whole(expected);
	assert_memory_equal(digest, expected, 32);
	assert_ok(suite.p11->C_CloseSession(other));
	assert_ok(suite.p11->C_CloseSession(reader));
}

/* What is no state is refused, and harms nobody. */
static void
test_invalid(void **state_)
{
	CK_BYTE expected[32];
	CK_ULONG i, size;

	digest_begin();
	size = state_size;
	for (i = 0; i < size; i++) {
		state[i] ^= 0x10;
		assert_rv(CKR_SAVED_STATE_INVALID,
			  restore(suite.session, 0, 0));
		state[i] ^= 0x10;
	}
	state_size = size - 1;
	assert_rv(CKR_SAVED_STATE_INVALID, restore(suite.session, 0, 0));
	state_size = size + 1;
	assert_rv(CKR_SAVED_STATE_INVALID, restore(suite.session, 0, 0));
	state_size = 0;
	assert_rv(CKR_SAVED_STATE_INVALID, restore(suite.session, 0, 0));
	assert_rv(CKR_ARGUMENTS_BAD, suite.p11->C_SetOperationState(
					     suite.session, NULL, size, 0, 0));
	/* the digest went on all the while */
	update(suite.session, 5, sizeof(text));
	final(suite.session, digest);
	whole(expected);
	assert_memory_equal(digest, expected, 32);
}

/* 5.6.8: no key has to do with a digest. */
static void
test_key_not_needed(void **state_)
{
	CK_OBJECT_HANDLE key = object_get(CKO_PUBLIC_KEY, suite.rsa);

	digest_begin();
	assert_rv(CKR_KEY_NOT_NEEDED, restore(suite.session, key, 0));
	assert_rv(CKR_KEY_NOT_NEEDED, restore(suite.session, 0, key));
	assert_ok(restore(suite.session, 0, 0));
}

/* A session's search and its other operations are cancelled. */
static void
test_cancels(void **state_)
{
	CK_MECHANISM rsa = { CKM_RSA_PKCS, NULL, 0 };
	CK_ULONG size = sizeof(state);
	CK_BYTE out[256];

	digest_begin();
	assert_ok(suite.p11->C_EncryptInit(
		suite.session, &rsa,
		object_get(CKO_PUBLIC_KEY, suite.decrypt)));
	assert_ok(suite.p11->C_FindObjectsInit(suite.session, NULL, 0));
	assert_ok(restore(suite.session, 0, 0));
	assert_rv(CKR_OPERATION_NOT_INITIALIZED,
		  suite.p11->C_FindObjectsFinal(suite.session));
	assert_rv(CKR_OPERATION_NOT_INITIALIZED,
		  suite.p11->C_Encrypt(suite.session, text, 5, out, &size));
}

/* A signature goes on with its own key only, and not after its user left. */
static void
test_sign(void **state_)
{
	CK_MECHANISM mechanism = { CKM_SHA256_RSA_PKCS, NULL, 0 };
	CK_BYTE signature[256], second[256];
	CK_ULONG size = sizeof(signature);
	CK_OBJECT_HANDLE key, other;

	need_made();
	need_mechanism(CKM_SHA256_RSA_PKCS, CKF_SIGN);
	login();
	key = object_get(CKO_PRIVATE_KEY, suite.rsa);
	other = object_get(CKO_PUBLIC_KEY, suite.rsa);
	assert_ok(suite.p11->C_SignInit(suite.session, &mechanism, key));
	assert_ok(suite.p11->C_SignUpdate(suite.session, text, 5));
	if (save() == CKR_FUNCTION_NOT_SUPPORTED)
		skip();
	assert_ok(suite.p11->C_SignUpdate(suite.session, text + 5, 5));
	assert_ok(suite.p11->C_SignFinal(suite.session, signature, &size));
	assert_rv(CKR_KEY_CHANGED, restore(suite.session, 0, other));
	assert_rv(CKR_KEY_NOT_NEEDED, restore(suite.session, key, 0));
	assert_ok(restore(suite.session, 0, key));
	assert_ok(suite.p11->C_SignUpdate(suite.session, text + 5, 5));
	assert_ok(suite.p11->C_SignFinal(suite.session, second, &size));
	assert_memory_equal(signature, second, size);
	assert_ok(suite.p11->C_Logout(suite.session));
	assert_rv(CKR_SAVED_STATE_INVALID, restore(suite.session, 0, 0));
	login();
	assert_rv(CKR_SAVED_STATE_INVALID, restore(suite.session, 0, 0));
}

/* Two at once go together: a digest, and a cipher that has no copy. */
static void
test_unsaveable(void **state_)
{
	CK_MECHANISM ecb = { CKM_AES_ECB, NULL, 0 };
	CK_MECHANISM make = { CKM_AES_KEY_GEN, NULL, 0 };
	CK_ULONG length = 16;
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ATTRIBUTE list[] = {
		{ CKA_VALUE_LEN, &length, sizeof(length) },
		{ CKA_ENCRYPT, &yes, 1 },
		{ CKA_PRIVATE, &no, 1 },
	};
	CK_OBJECT_HANDLE key;

	need_made();
	need_mechanism(CKM_AES_ECB, CKF_ENCRYPT);
	digest_begin();
	assert_ok(
		suite.p11->C_GenerateKey(suite.session, &make, list, 3, &key));
	assert_ok(suite.p11->C_EncryptInit(suite.session, &ecb, key));
	assert_rv(CKR_STATE_UNSAVEABLE, save());
	/* both are as they were */
	update(suite.session, 5, 6);
	assert_ok(suite.p11->C_EncryptUpdate(suite.session, text, 1, digest,
					     &length));
}

static const struct CMUnitTest list[] = {
	CASE("/state/nothing", test_nothing),
	CASE("/state/digest", test_digest),
	CASE("/state/other-session", test_other_session),
	CASE("/state/invalid", test_invalid),
	CASE("/state/key-not-needed", test_key_not_needed),
	CASE("/state/cancels", test_cancels),
	CASE("/state/sign", test_sign),
	CASE("/state/unsaveable", test_unsaveable),
};
const struct cases state_cases = CASES("state", list);
