/* pkcs11/state.c: states of operations, saved and brought back (5.6.6, 5.6.7).
 */
#include <pthread.h>
#include <string.h>

#include "fake.h"

enum { STATE_MAX = 64, KEPT = 256 };

static CK_MECHANISM parts = { FAKE_PARTS, NULL, 0 };
static CK_MECHANISM digest = { FAKE_DIGEST, NULL, 0 };
static CK_BYTE data[] = { 1, 2, 3 };
static CK_BYTE once[FAKE_SIGNATURE_SIZE] = { 6, 6, 6, 6, 6, 6, 6, 6 };
static CK_BYTE twice[FAKE_SIGNATURE_SIZE] = { 12, 12, 12, 12, 12, 12, 12, 12 };

struct kept {
	CK_BYTE bytes[STATE_MAX];
	CK_ULONG size;
};

static CK_RV
save(CK_SESSION_HANDLE session, struct kept *kept)
{
	kept->size = sizeof(kept->bytes);
	return C_GetOperationState(session, kept->bytes, &kept->size);
}

static CK_RV
restore(CK_SESSION_HANDLE session, struct kept *kept)
{
	return C_SetOperationState(session, kept->bytes, kept->size, 0, 0);
}

/* A digest that has seen the data once. */
static void
digest_begin(CK_SESSION_HANDLE session)
{
	assert_int_equal(C_DigestInit(session, &digest), CKR_OK);
	assert_int_equal(C_DigestUpdate(session, data, sizeof(data)), CKR_OK);
}

static void
assert_digest(CK_SESSION_HANDLE session, const CK_BYTE *expected)
{
	CK_BYTE out[FAKE_SIGNATURE_SIZE];
	CK_ULONG size = sizeof(out);

	assert_int_equal(C_DigestFinal(session, out, &size), CKR_OK);
	assert_memory_equal(out, expected, sizeof(out));
}

static CK_OBJECT_HANDLE
sign_begin(void)
{
	CK_OBJECT_HANDLE key;

	world_login();
	key = world_find(world_session, CKO_PRIVATE_KEY, 1);
	assert_int_equal(C_SignInit(world_session, &parts, key), CKR_OK);
	assert_int_equal(C_SignUpdate(world_session, data, sizeof(data)),
			 CKR_OK);
	return key;
}

/* The one that goes on does not touch the saved one, nor does the restored
 * one, which may be brought back again, in another session too. */
static void
test_digest(void **state)
{
	CK_SESSION_HANDLE other = world_open(world_slot, CKF_RW_SESSION);
	struct kept kept;

	digest_begin(world_session);
	assert_int_equal(save(world_session, &kept), CKR_OK);
	assert_int_equal(C_DigestUpdate(world_session, data, 3), CKR_OK);
	assert_digest(world_session, twice);
	assert_int_equal(restore(world_session, &kept), CKR_OK);
	assert_int_equal(restore(other, &kept), CKR_OK);
	assert_int_equal(C_DigestUpdate(world_session, data, 3), CKR_OK);
	assert_digest(world_session, twice);
	assert_digest(other, once);
}

/* "The ongoing operations are abruptly cancelled", searches too. */
static void
test_cancels(void **state)
{
	CK_OBJECT_HANDLE object;
	CK_ULONG count;
	struct kept kept;

	digest_begin(world_session);
	assert_int_equal(save(world_session, &kept), CKR_OK);
	(void)sign_begin();
	assert_int_equal(C_Logout(world_session), CKR_OK);
	assert_int_equal(C_FindObjectsInit(world_session, NULL, 0), CKR_OK);
	assert_int_equal(C_DigestUpdate(world_session, data, 3), CKR_OK);
	assert_int_equal(restore(world_session, &kept), CKR_OK);
	assert_int_equal(C_FindObjects(world_session, &object, 1, &count),
			 CKR_OPERATION_NOT_INITIALIZED);
	assert_digest(world_session, once);
}

/* A length, and too small a buffer, keep nothing. */
static void
test_length(void **state)
{
	CK_BYTE bytes[STATE_MAX];
	CK_ULONG size = 0;

	assert_int_equal(C_GetOperationState(world_session, NULL, &size),
			 CKR_OPERATION_NOT_INITIALIZED);
	digest_begin(world_session);
	assert_int_equal(C_GetOperationState(world_session, NULL, NULL),
			 CKR_ARGUMENTS_BAD);
	assert_int_equal(C_GetOperationState(world_session, NULL, &size),
			 CKR_OK);
	assert_true(size > 0 && size <= STATE_MAX);
	size--;
	assert_int_equal(C_GetOperationState(world_session, bytes, &size),
			 CKR_BUFFER_TOO_SMALL);
	assert_digest(world_session, once);
}

static void
test_invalid(void **state)
{
	CK_RV bad = CKR_SAVED_STATE_INVALID;
	struct kept kept, other;

	digest_begin(world_session);
	assert_int_equal(save(world_session, &kept), CKR_OK);
	assert_int_equal(C_SetOperationState(world_session, NULL, 24, 0, 0),
			 CKR_ARGUMENTS_BAD);
	other = kept;
	other.size--;
	assert_int_equal(restore(world_session, &other), bad);
	other = kept;
	other.bytes[0] ^= 1;
	assert_int_equal(restore(world_session, &other), bad);
	other = kept;
	other.bytes[kept.size - 1] ^= 1;
	assert_int_equal(restore(world_session, &other), bad);
	/* of a session in another state */
	assert_int_equal(restore(world_open(world_slot, 0), &kept), bad);
	world_login();
	assert_int_equal(restore(world_session, &kept), bad);
	/* and what is not valid has cancelled nothing */
	assert_digest(world_session, once);
}

/* 5.6.7: a key may come along, and has to be the right one. */
static void
test_key(void **state)
{
	CK_OBJECT_HANDLE key = sign_begin();
	CK_BYTE out[FAKE_SIGNATURE_SIZE];
	CK_ULONG size = sizeof(out);
	struct kept kept;

	assert_int_equal(save(world_session, &kept), CKR_OK);
	assert_int_equal(C_SetOperationState(world_session, kept.bytes,
					     kept.size, key, 0),
			 CKR_KEY_NOT_NEEDED);
	assert_int_equal(C_SetOperationState(world_session, kept.bytes,
					     kept.size, 0, key + 1),
			 CKR_KEY_CHANGED);
	assert_int_equal(C_SetOperationState(world_session, kept.bytes,
					     kept.size, 0, key),
			 CKR_OK);
	assert_int_equal(C_SignFinal(world_session, out, &size), CKR_OK);
	assert_memory_equal(out, once, sizeof(out));
}

/* What a private key has begun does not outlive the login. */
static void
test_logout(void **state)
{
	struct kept kept;

	(void)sign_begin();
	assert_int_equal(save(world_session, &kept), CKR_OK);
	assert_int_equal(C_Logout(world_session), CKR_OK);
	world_login();
	assert_int_equal(restore(world_session, &kept),
			 CKR_SAVED_STATE_INVALID);
}

/* A signature that was waited for is not its key's only use of a login. */
static void
test_login_each_time(void **state)
{
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE always = { CKA_ALWAYS_AUTHENTICATE, &yes, 1 };
	CK_OBJECT_HANDLE key = sign_begin();
	CK_BYTE out[FAKE_SIGNATURE_SIZE];
	CK_ULONG size = sizeof(out);
	struct kept kept;

	assert_int_equal(C_SetAttributeValue(world_session, key, &always, 1),
			 CKR_OK);
	assert_int_equal(C_SignInit(world_session, NULL, 0), CKR_OK);
	assert_int_equal(C_SignInit(world_session, &parts, key), CKR_OK);
	assert_int_equal(C_Login(world_session, CKU_CONTEXT_SPECIFIC,
				 (CK_UTF8CHAR *)"1234", 4),
			 CKR_OK);
	assert_int_equal(save(world_session, &kept), CKR_OK);
	assert_int_equal(C_Sign(world_session, data, 3, out, &size), CKR_OK);
	assert_int_equal(restore(world_session, &kept), CKR_OK);
	assert_int_equal(C_Sign(world_session, data, 3, out, &size),
			 CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(restore(world_session, &kept), CKR_OK);
	assert_int_equal(C_Login(world_session, CKU_CONTEXT_SPECIFIC,
				 (CK_UTF8CHAR *)"1234", 4),
			 CKR_OK);
	assert_int_equal(C_Sign(world_session, data, 3, out, &size), CKR_OK);
}

static void
test_unsaveable(void **state)
{
	CK_OBJECT_HANDLE key = world_find(world_session, CKO_PUBLIC_KEY, 1);
	struct kept kept;

	assert_int_equal(C_VerifySignatureInit(world_session, &parts, key, once,
					       sizeof(once)),
			 CKR_OK);
	assert_int_equal(save(world_session, &kept), CKR_STATE_UNSAVEABLE);
	assert_int_equal(C_VerifySignature(world_session, data, 3), CKR_OK);
}

/* They cost memory, so that the oldest goes when there are many. */
static void
test_many(void **state)
{
	struct kept first, last;
	int i;

	digest_begin(world_session);
	assert_int_equal(save(world_session, &first), CKR_OK);
	for (i = 0; i < KEPT; i++) {
		world.random++;
		assert_int_equal(save(world_session, &last), CKR_OK);
		if (i == KEPT - 2)
			assert_int_equal(restore(world_session, &first),
					 CKR_OK);
	}
	assert_int_equal(restore(world_session, &last), CKR_OK);
	assert_int_equal(restore(world_session, &first),
			 CKR_SAVED_STATE_INVALID);
}

static void *
sign_slowly(void *arg)
{
	CK_RV *rv = arg;
	CK_BYTE out[FAKE_SIGNATURE_SIZE];
	CK_ULONG size = sizeof(out);

	*rv = C_SignFinal(world_session, out, &size);
	return NULL;
}

/* What is in a card is not cancelled: the session stays as it is. */
static void
test_busy(void **state)
{
	struct gate *gate = gate_new();
	pthread_t thread;
	struct kept kept, none;
	CK_RV rv = CKR_OK;

	(void)sign_begin();
	assert_int_equal(save(world_session, &kept), CKR_OK);
	world_token->finish_gate = gate;
	assert_int_equal(pthread_create(&thread, NULL, sign_slowly, &rv), 0);
	gate_wait(gate);
	assert_int_equal(save(world_session, &none), CKR_OPERATION_ACTIVE);
	assert_int_equal(restore(world_session, &kept), CKR_OPERATION_ACTIVE);
	gate_open(gate);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(rv, CKR_OK);
	gate_free(gate);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/pkcs11/state/digest", test_digest),
		CASE("/pkcs11/state/cancels", test_cancels),
		CASE("/pkcs11/state/length", test_length),
		CASE("/pkcs11/state/invalid", test_invalid),
		CASE("/pkcs11/state/key", test_key),
		CASE("/pkcs11/state/logout", test_logout),
		CASE("/pkcs11/state/login-each-time", test_login_each_time),
		CASE("/pkcs11/state/unsaveable", test_unsaveable),
		CASE("/pkcs11/state/many", test_many),
		CASE("/pkcs11/state/busy", test_busy),
	};

	return cmocka_run_group_tests_name("/pkcs11/state", tests, NULL, NULL);
}
