/* pkcs11/object.c, find.c, keys.c, rules.c: objects of tokens and sessions. */
#include "fake.h"

static CK_OBJECT_CLASS data_class = CKO_DATA;
static CK_OBJECT_CLASS secret_class = CKO_SECRET_KEY;
static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;
static CK_BYTE id = 9;

static CK_ATTRIBUTE session_data[] = {
	{ CKA_CLASS, &data_class, sizeof(data_class) },
	{ CKA_ID, &id, sizeof(id) },
};
static CK_ATTRIBUTE token_data[] = {
	{ CKA_CLASS, &data_class, sizeof(data_class) },
	{ CKA_ID, &id, sizeof(id) },
	{ CKA_TOKEN, &yes, sizeof(yes) },
};
static CK_ATTRIBUTE private_data[] = {
	{ CKA_CLASS, &data_class, sizeof(data_class) },
	{ CKA_ID, &id, sizeof(id) },
	{ CKA_PRIVATE, &yes, sizeof(yes) },
};

static CK_OBJECT_HANDLE
make(CK_SESSION_HANDLE session, CK_ATTRIBUTE *list, CK_ULONG count)
{
	CK_OBJECT_HANDLE handle = 0;

	assert_int_equal(C_CreateObject(session, list, count, &handle), CKR_OK);
	return handle;
}

static CK_RV
peek(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
	CK_ATTRIBUTE none[] = { { CKA_TOKEN, NULL, 0 } };

	CK_RV rv = C_GetAttributeValue(session, object, none, 1);

	/* what it has is not the question */
	return rv == CKR_ATTRIBUTE_TYPE_INVALID ? CKR_OK : rv;
}

static void
test_bad_templates(void **state)
{
	CK_ATTRIBUTE hollow = { CKA_ID, NULL, 4 };
	CK_ATTRIBUTE endless = { CKA_ID, &id, (CK_ULONG)-1 };
	CK_ATTRIBUTE twice[] = { { CKA_ID, &id, 1 }, { CKA_ID, NULL, 0 } };
	CK_ATTRIBUTE half = { CKA_TOKEN, &id, 0 };
	CK_OBJECT_HANDLE handle;

	assert_int_equal(C_CreateObject(world_session, NULL, 1, &handle),
			 CKR_ARGUMENTS_BAD);
	assert_int_equal(C_CreateObject(world_session, session_data, 2, NULL),
			 CKR_ARGUMENTS_BAD);
	assert_int_equal(C_CreateObject(world_session, session_data,
					(CK_ULONG)-1, &handle),
			 CKR_ARGUMENTS_BAD);
	assert_int_equal(C_CreateObject(world_session, &hollow, 1, &handle),
			 CKR_ARGUMENTS_BAD);
	assert_int_equal(C_CreateObject(world_session, &endless, 1, &handle),
			 CKR_ATTRIBUTE_VALUE_INVALID);
	assert_int_equal(C_CreateObject(world_session, twice, 2, &handle),
			 CKR_TEMPLATE_INCONSISTENT);
	assert_int_equal(C_CreateObject(world_session, &half, 1, &handle),
			 CKR_ATTRIBUTE_VALUE_INVALID);
	assert_int_equal(C_FindObjectsInit(world_session, &endless, 1),
			 CKR_ATTRIBUTE_VALUE_INVALID);
	assert_int_equal(C_FindObjectsInit(world_session, NULL, 3),
			 CKR_ARGUMENTS_BAD);
}

static void
test_bad_handles(void **state)
{
	assert_int_equal(peek(world_session, 0), CKR_OBJECT_HANDLE_INVALID);
	assert_int_equal(peek(world_session, world_session),
			 CKR_OBJECT_HANDLE_INVALID);
	assert_int_equal(C_DestroyObject(world_session, 12345),
			 CKR_OBJECT_HANDLE_INVALID);
	assert_int_equal(
		C_SetAttributeValue(world_session, 12345, session_data, 1),
		CKR_OBJECT_HANDLE_INVALID);
	assert_int_equal(C_GetAttributeValue(world_session, 12345, NULL, 1),
			 CKR_ARGUMENTS_BAD);
}

/* 5.7.1: only session objects in an R/O session. */
static void
test_read_only(void **state)
{
	CK_SESSION_HANDLE ro = world_open(world_slot, 0);
	CK_OBJECT_HANDLE handle = world_find(ro, CKO_CERTIFICATE, 1);

	assert_int_equal(C_DestroyObject(ro, handle), CKR_SESSION_READ_ONLY);
	assert_int_equal(C_SetAttributeValue(ro, handle, session_data, 2),
			 CKR_SESSION_READ_ONLY);
	assert_int_equal(C_CreateObject(ro, token_data, 3, &handle),
			 CKR_SESSION_READ_ONLY);
	handle = make(ro, session_data, 2);
	assert_int_equal(C_SetAttributeValue(ro, handle, session_data, 2),
			 CKR_OK);
	assert_int_equal(C_DestroyObject(ro, handle), CKR_OK);
	assert_int_equal(peek(ro, handle), CKR_OBJECT_HANDLE_INVALID);
}

/* 5.7.1: only public objects unless the user is logged in. */
static void
test_private(void **state)
{
	CK_ATTRIBUTE secret[] = {
		{ CKA_CLASS, &secret_class, sizeof(secret_class) },
		{ CKA_ID, &id, sizeof(id) },
	};
	CK_OBJECT_HANDLE handle;

	assert_int_equal(
		C_CreateObject(world_session, private_data, 3, &handle),
		CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(C_CreateObject(world_session, secret, 2, &handle),
			 CKR_USER_NOT_LOGGED_IN);
	world_login();
	make(world_session, private_data, 3);
}

/* 5.6.10: private session objects are destroyed at logout. */
static void
test_private_session_object(void **state)
{
	CK_OBJECT_HANDLE handle, kept;

	world_login();
	handle = make(world_session, private_data, 3);
	kept = make(world_session, session_data, 2);
	assert_int_equal(C_Logout(world_session), CKR_OK);
	assert_int_equal(peek(world_session, handle),
			 CKR_OBJECT_HANDLE_INVALID);
	assert_int_equal(peek(world_session, kept), CKR_OK);
	world_login();
	assert_int_equal(world_count(world_session, CKO_DATA), 1);
}

/* 5.6.2: session objects die with their session, and are seen by all. */
static void
test_session_object(void **state)
{
	CK_SESSION_HANDLE other = world_open(world_slot, 0);
	CK_OBJECT_HANDLE handle = make(other, session_data, 2);

	assert_int_equal(world_find(world_session, CKO_DATA, id), handle);
	assert_int_equal(peek(world_session, handle), CKR_OK);
	assert_int_equal(C_CloseSession(other), CKR_OK);
	assert_int_equal(peek(world_session, handle),
			 CKR_OBJECT_HANDLE_INVALID);
	assert_int_equal(world_count(world_session, CKO_DATA), 0);
}

static void
test_token_object(void **state)
{
	CK_SESSION_HANDLE other = world_open(world_slot, CKF_RW_SESSION);
	CK_OBJECT_HANDLE handle = make(other, token_data, 3);

	assert_int_equal(C_CloseSession(other), CKR_OK);
	assert_int_equal(world_find(world_session, CKO_DATA, id), handle);
}

/* 5.7.3: CKR_ACTION_PROHIBITED, which does not keep it from its session's
 * end. */
static void
test_not_destroyable(void **state)
{
	CK_SESSION_HANDLE other = world_open(world_slot, 0);
	CK_ATTRIBUTE list[] = { { CKA_CLASS, &data_class, sizeof(data_class) },
				{ CKA_DESTROYABLE, &no, 1 } };
	CK_OBJECT_HANDLE handle = make(other, list, 2);

	assert_int_equal(C_DestroyObject(world_session, handle),
			 CKR_ACTION_PROHIBITED);
	assert_int_equal(peek(world_session, handle), CKR_OK);
	assert_int_equal(C_CloseSession(other), CKR_OK);
	assert_int_equal(world_count(world_session, CKO_DATA), 0);
}

/* 5.7.7 to 5.7.9 */
static void
test_find_state(void **state)
{
	CK_OBJECT_HANDLE found;
	CK_ULONG count;

	assert_int_equal(C_FindObjects(world_session, &found, 1, &count),
			 CKR_OPERATION_NOT_INITIALIZED);
	assert_int_equal(C_FindObjectsFinal(world_session),
			 CKR_OPERATION_NOT_INITIALIZED);
	assert_int_equal(C_FindObjectsInit(world_session, NULL, 0), CKR_OK);
	assert_int_equal(C_FindObjectsInit(world_session, NULL, 0),
			 CKR_OPERATION_ACTIVE);
	assert_int_equal(C_FindObjects(world_session, NULL, 1, &count),
			 CKR_ARGUMENTS_BAD);
	assert_int_equal(C_FindObjects(world_session, &found, 1, NULL),
			 CKR_ARGUMENTS_BAD);
	assert_int_equal(C_FindObjects(world_session, &found, 1, &count),
			 CKR_OK);
	assert_int_equal(count, 1);
	assert_int_equal(C_FindObjectsFinal(world_session), CKR_OK);
	assert_int_equal(C_FindObjectsFinal(world_session),
			 CKR_OPERATION_NOT_INITIALIZED);
}

static void
test_find_fails(void **state)
{
	world_token->lost = CKR_DEVICE_ERROR;
	assert_int_equal(C_FindObjectsInit(world_session, NULL, 0),
			 CKR_DEVICE_ERROR);
	world_token->lost = CKR_OK;
	assert_int_equal(C_FindObjectsInit(world_session, NULL, 0), CKR_OK);
}

static void
test_find_in_steps(void **state)
{
	CK_OBJECT_HANDLE found[7] = { 0 };
	CK_ULONG count;

	make(world_session, session_data, 2);
	assert_int_equal(C_FindObjectsInit(world_session, NULL, 0), CKR_OK);
	assert_int_equal(C_FindObjects(world_session, found, 2, &count),
			 CKR_OK);
	assert_int_equal(count, 2);
	assert_int_equal(C_FindObjects(world_session, &found[2], 5, &count),
			 CKR_OK);
	/* one more, and the token's three profiles */
	assert_int_equal(count, 4);
	assert_int_equal(C_FindObjects(world_session, found, 2, &count),
			 CKR_OK);
	assert_int_equal(count, 0);
}

/* Each of the two tokens is asked only when it can have something. */
static void
test_find_by_token(void **state)
{
	CK_ATTRIBUTE on_token = { CKA_TOKEN, &yes, sizeof(yes) };
	CK_ATTRIBUTE in_session = { CKA_TOKEN, &no, sizeof(no) };
	CK_ATTRIBUTE nonsense = { CKA_TOKEN, &id, 0 };
	unsigned before = world_token->searches;

	assert_int_equal(C_FindObjectsInit(world_session, &nonsense, 1),
			 CKR_ATTRIBUTE_VALUE_INVALID);
	assert_int_equal(C_FindObjectsInit(world_session, &in_session, 1),
			 CKR_OK);
	assert_int_equal(world_token->searches, before);
	assert_int_equal(C_FindObjectsFinal(world_session), CKR_OK);
	assert_int_equal(C_FindObjectsInit(world_session, &on_token, 1),
			 CKR_OK);
	assert_int_equal(world_token->searches, before + 1);
}

/* A search does not hand out what its user may no longer see. */
static void
test_find_over_logout(void **state)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE match = { CKA_CLASS, &class, sizeof(class) };
	CK_OBJECT_HANDLE found;
	CK_ULONG count;

	world_login();
	assert_int_equal(C_FindObjectsInit(world_session, &match, 1), CKR_OK);
	assert_int_equal(C_Logout(world_session), CKR_OK);
	assert_int_equal(C_FindObjects(world_session, &found, 1, &count),
			 CKR_OK);
	assert_int_equal(count, 0);
}

static CK_RV
generate(CK_SESSION_HANDLE session, CK_MECHANISM_TYPE type, CK_BBOOL *public,
	 CK_BBOOL *private)
{
	CK_MECHANISM mechanism = { type, NULL, 0 };
	CK_ATTRIBUTE a = { CKA_TOKEN, public, 1 };
	CK_ATTRIBUTE b = { CKA_TOKEN, private, 1 };
	CK_OBJECT_HANDLE keys[2] = { 0 };
	CK_RV rv = C_GenerateKeyPair(session, &mechanism, &a, 1, &b, 1,
				     &keys[0], &keys[1]);

	if (rv == CKR_OK) {
		assert_int_equal(peek(session, keys[0]), CKR_OK);
		assert_int_equal(peek(session, keys[1]), CKR_OK);
		assert_int_not_equal(keys[0], keys[1]);
	}
	return rv;
}

/* 5.18.2 */
static void
test_generate(void **state)
{
	static struct token_ops ops;
	CK_SESSION_HANDLE ro = world_open(world_slot, 0);
	CK_OBJECT_HANDLE key;

	assert_int_equal(generate(world_session, FAKE_KEYPAIR, &yes, &yes),
			 CKR_USER_NOT_LOGGED_IN);
	world_login();
	assert_int_equal(generate(ro, FAKE_KEYPAIR, &yes, &yes),
			 CKR_SESSION_READ_ONLY);
	/* of the host alone */
	assert_int_equal(generate(world_session, CKM_EC_KEY_PAIR_GEN, &no, &no),
			 CKR_MECHANISM_INVALID);
	assert_int_equal(generate(world_session, FAKE_PARTS, &no, &no),
			 CKR_MECHANISM_INVALID);
	assert_int_equal(C_GenerateKeyPair(world_session, NULL, NULL, 0, NULL,
					   0, &key, &key),
			 CKR_ARGUMENTS_BAD);
	assert_int_equal(generate(world_session, FAKE_KEYPAIR, &yes, &no),
			 CKR_OK);
	assert_int_equal(generate(ro, FAKE_KEYPAIR, &yes, &no),
			 CKR_SESSION_READ_ONLY);
	assert_int_equal(generate(world_session, FAKE_KEYPAIR, &no, &yes),
			 CKR_OK);
	assert_int_equal(generate(ro, FAKE_KEYPAIR, &no, &no), CKR_OK);
	assert_int_equal(generate(world_session, FAKE_KEYPAIR, &yes, &yes),
			 CKR_OK);
	/* what takes no public key alone */
	ops = *world_token->token.ops;
	ops.adopt = NULL;
	world_token->token.ops = &ops;
	assert_int_equal(generate(world_session, FAKE_KEYPAIR, &yes, &no),
			 CKR_TEMPLATE_INCONSISTENT);
}

static void
test_mechanisms(void **state)
{
	CK_MECHANISM_TYPE list[8];
	CK_MECHANISM_INFO info;
	CK_ULONG count = 2;

	assert_int_equal(C_GetMechanismList(world_slot, NULL, NULL),
			 CKR_ARGUMENTS_BAD);
	assert_int_equal(C_GetMechanismList(world_slot, list, &count),
			 CKR_BUFFER_TOO_SMALL);
	assert_int_equal(count, 6);
	assert_int_equal(C_GetMechanismList(world_slot, NULL, &count), CKR_OK);
	assert_int_equal(C_GetMechanismList(world_slot, list, &count), CKR_OK);
	assert_int_equal(
		C_GetMechanismInfo(world_slot, CKM_EC_KEY_PAIR_GEN, &info),
		CKR_MECHANISM_INVALID);
	/* a secret key of a card is no work for the host */
	assert_int_equal(C_GetMechanismInfo(world_slot, FAKE_HMAC, &info),
			 CKR_MECHANISM_INVALID);
	assert_int_equal(C_GetMechanismInfo(world_slot, FAKE_PARTS, NULL),
			 CKR_ARGUMENTS_BAD);
	assert_int_equal(C_GetMechanismInfo(world_slot, FAKE_PARTS, &info),
			 CKR_OK);
	assert_int_equal(info.flags,
			 CKF_HW | CKF_SIGN | CKF_VERIFY | CKF_MESSAGE_SIGN |
				 CKF_MESSAGE_VERIFY);
	assert_int_equal(info.ulMaxKeySize, 2048);
	assert_int_equal(C_GetMechanismInfo(world_slot, FAKE_DIGEST, &info),
			 CKR_OK);
	assert_int_equal(info.flags, CKF_DIGEST);
}

static void
test_random(void **state)
{
	CK_BYTE bytes[4] = { 0 };

	assert_int_equal(C_GenerateRandom(world_session, NULL, 4),
			 CKR_ARGUMENTS_BAD);
	assert_int_equal(C_GenerateRandom(world_session, bytes, (CK_ULONG)-1),
			 CKR_ARGUMENTS_BAD);
	assert_int_equal(C_SeedRandom(world_session, NULL, 4),
			 CKR_ARGUMENTS_BAD);
	assert_int_equal(C_SeedRandom(world_session, bytes, (CK_ULONG)-1),
			 CKR_ARGUMENTS_BAD);
	assert_int_equal(world.seed, 0);
	assert_int_equal(C_SeedRandom(world_session, bytes, 4), CKR_OK);
	assert_int_equal(world.seed, 4);
	assert_int_equal(C_GenerateRandom(world_session, bytes, 4), CKR_OK);
	assert_int_equal(bytes[3], 0x5a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/pkcs11/object/bad-templates", test_bad_templates),
		CASE("/pkcs11/object/bad-handles", test_bad_handles),
		CASE("/pkcs11/object/read-only", test_read_only),
		CASE("/pkcs11/object/private", test_private),
		CASE("/pkcs11/object/private/session-object",
		     test_private_session_object),
		CASE("/pkcs11/object/of-session", test_session_object),
		CASE("/pkcs11/object/of-token", test_token_object),
		CASE("/pkcs11/object/not-destroyable", test_not_destroyable),
		CASE("/pkcs11/find/state", test_find_state),
		CASE("/pkcs11/find/fails", test_find_fails),
		CASE("/pkcs11/find/in-steps", test_find_in_steps),
		CASE("/pkcs11/find/by-token", test_find_by_token),
		CASE("/pkcs11/find/over-logout", test_find_over_logout),
		CASE("/pkcs11/keys/generate", test_generate),
		CASE("/pkcs11/mechanism/list", test_mechanisms),
		CASE("/pkcs11/random", test_random),
	};

	return cmocka_run_group_tests_name("/pkcs11/object", tests, NULL, NULL);
}
