/* 5.7.1 to 5.7.6: making, reading, changing and destroying objects. */
#include "suite.h"

static CK_RV
create(CK_SESSION_HANDLE session, CK_ATTRIBUTE *list, CK_ULONG count)
{
	CK_OBJECT_HANDLE object;

	return suite.p11->C_CreateObject(session, list, count, &object);
}

/* 5.7.1: "Only session objects can be created during a read-only session." */
static void
test_create_read_only(void **state)
{
	CK_OBJECT_CLASS class = CKO_DATA;
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ATTRIBUTE list[] = { { CKA_CLASS, &class, sizeof(class) },
				{ CKA_PRIVATE, &no, 1 },
				{ CKA_TOKEN, &yes, 1 } };
	CK_SESSION_HANDLE ro = session_open(0);

	need_session_objects();
	assert_rv(CKR_SESSION_READ_ONLY, create(ro, list, 3));
	assert_ok(object_peek(ro, data_make(ro, CK_FALSE, CK_FALSE, "ro")));
}

/* 5.7.1: "Only public objects can be created unless the normal user is logged
 * in." */
static void
test_create_private(void **state)
{
	CK_OBJECT_CLASS class = CKO_DATA;
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE list[] = { { CKA_CLASS, &class, sizeof(class) },
				{ CKA_PRIVATE, &yes, 1 } };

	need_session_objects();
	assert_rv(CKR_USER_NOT_LOGGED_IN, create(suite.session, list, 2));
	if (suite.officer) {
		assert_ok(login_as(CKU_SO, suite.so_pin));
		assert_rv(CKR_USER_NOT_LOGGED_IN,
			  create(suite.session, list, 2));
		assert_ok(suite.p11->C_Logout(suite.session));
	}
	login();
	assert_ok(create(suite.session, list, 2));
}

/* 4.1.1: templates that cannot be. */
static void
test_create_bad(void **state)
{
	CK_OBJECT_CLASS class = CKO_DATA, nonsense = 0x4fffffff;
	CK_BYTE half = 1, whole = 2;
	CK_ATTRIBUTE no_class = { CKA_LABEL, &half, 1 };
	CK_ATTRIBUTE short_class = { CKA_CLASS, &class, 3 };
	CK_ATTRIBUTE unknown_class = { CKA_CLASS, &nonsense, sizeof(nonsense) };
	CK_ATTRIBUTE twice[] = { { CKA_CLASS, &class, sizeof(class) },
				 { CKA_LABEL, &half, 1 },
				 { CKA_LABEL, &whole, 1 } };
	CK_ATTRIBUTE hollow[] = { { CKA_CLASS, &class, sizeof(class) },
				  { CKA_LABEL, NULL, 5 } };
	CK_ATTRIBUTE modulus[] = { { CKA_CLASS, &class, sizeof(class) },
				   { CKA_MODULUS, &half, 1 } };

	need_session_objects();
	assert_rv(CKR_TEMPLATE_INCOMPLETE, create(suite.session, &no_class, 1));
	assert_int_not_equal(create(suite.session, &short_class, 1), CKR_OK);
	assert_int_not_equal(create(suite.session, &unknown_class, 1), CKR_OK);
	assert_int_not_equal(create(suite.session, twice, 3), CKR_OK);
	assert_int_not_equal(create(suite.session, hollow, 2), CKR_OK);
	assert_int_not_equal(create(suite.session, modulus, 2), CKR_OK);
	assert_int_not_equal(create(suite.session, NULL, 0), CKR_OK);
	assert_rv(CKR_ARGUMENTS_BAD, create(suite.session, NULL, 1));
	assert_rv(CKR_ARGUMENTS_BAD,
		  suite.p11->C_CreateObject(suite.session, twice, 2, NULL));
	assert_rv(CKR_ARGUMENTS_BAD,
		  create(suite.session, twice, (CK_ULONG)-1));
}

/* 4.1.1: an attribute that is given twice with one value may be refused,
 * "library developers are encouraged" to take it for one. */
static void
test_create_same(void **state)
{
	CK_OBJECT_CLASS class = CKO_DATA;
	CK_BYTE label = 1;
	CK_BBOOL no = CK_FALSE;
	CK_ATTRIBUTE list[] = { { CKA_CLASS, &class, sizeof(class) },
				{ CKA_LABEL, &label, 1 },
				{ CKA_PRIVATE, &no, sizeof(no) },
				{ CKA_PRIVATE, &no, sizeof(no) },
				{ CKA_LABEL, &label, 1 },
				{ CKA_CLASS, &class, sizeof(class) } };
	CK_BYTE found[4];
	CK_ATTRIBUTE ask = { CKA_LABEL, found, sizeof(found) };
	CK_OBJECT_HANDLE object;

	need_strict();
	need_session_objects();
	assert_ok(suite.p11->C_CreateObject(suite.session, list, 6, &object));
	assert_ok(
		suite.p11->C_GetAttributeValue(suite.session, object, &ask, 1));
	assert_int_equal(ask.ulValueLen, 1);
	assert_int_equal(found[0], label);
	assert_ok(suite.p11->C_DestroyObject(suite.session, object));
}

/* 4.1.2: a key that misses what its type needs. */
static void
test_create_incomplete(void **state)
{
	CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	CK_KEY_TYPE type = CKK_RSA;
	CK_BYTE exponent[] = { 1, 0, 1 };
	CK_ATTRIBUTE list[] = { { CKA_CLASS, &class, sizeof(class) },
				{ CKA_KEY_TYPE, &type, sizeof(type) },
				{ CKA_PUBLIC_EXPONENT, exponent, 3 } };

	need_session_objects();
	assert_rv(CKR_TEMPLATE_INCOMPLETE, create(suite.session, list, 3));
	assert_rv(CKR_TEMPLATE_INCOMPLETE, create(suite.session, list, 1));
}

/* 5.7.1: a token object outlives its session and the module's end. */
static void
test_create_token_object(void **state)
{
	CK_ATTRIBUTE label = { CKA_LABEL, (void *)"lasting", 7 };
	CK_OBJECT_HANDLE object;
	CK_ULONG count;

	need_made();
	data_make(suite.session, CK_TRUE, CK_FALSE, "lasting");
	assert_ok(suite.p11->C_Finalize(NULL));
	assert_int_equal(case_begin(state), 0);
	assert_int_equal(object_count(&label, 1), 1);
	assert_ok(suite.p11->C_FindObjectsInit(suite.session, &label, 1));
	assert_ok(suite.p11->C_FindObjects(suite.session, &object, 1, &count));
	assert_ok(suite.p11->C_FindObjectsFinal(suite.session));
	assert_ok(suite.p11->C_DestroyObject(suite.session, object));
	assert_int_equal(object_count(&label, 1), 0);
}

/* 5.7.3 */
static void
test_destroy(void **state)
{
	CK_SESSION_HANDLE ro = session_open(0);
	CK_OBJECT_HANDLE token, session;

	need_made();
	token = data_make(suite.session, CK_TRUE, CK_FALSE, "destroy");
	session = data_make(suite.session, CK_FALSE, CK_FALSE, "destroy");
	assert_rv(CKR_OBJECT_HANDLE_INVALID,
		  suite.p11->C_DestroyObject(suite.session, 0));
	assert_rv(CKR_SESSION_READ_ONLY, suite.p11->C_DestroyObject(ro, token));
	assert_ok(suite.p11->C_DestroyObject(ro, session));
	assert_rv(CKR_OBJECT_HANDLE_INVALID,
		  suite.p11->C_DestroyObject(suite.session, session));
	assert_ok(suite.p11->C_DestroyObject(suite.session, token));
	assert_rv(CKR_OBJECT_HANDLE_INVALID, object_peek(suite.session, token));
}

/* 5.7.3: "CKA_DESTROYABLE ... CKR_ACTION_PROHIBITED" */
static void
test_not_destroyable(void **state)
{
	CK_OBJECT_CLASS class = CKO_DATA;
	CK_BBOOL no = CK_FALSE;
	CK_ATTRIBUTE list[] = { { CKA_CLASS, &class, sizeof(class) },
				{ CKA_PRIVATE, &no, 1 },
				{ CKA_DESTROYABLE, &no, 1 } };
	CK_OBJECT_HANDLE object;

	need_session_objects();
	assert_ok(suite.p11->C_CreateObject(suite.session, list, 3, &object));
	assert_rv(CKR_ACTION_PROHIBITED,
		  suite.p11->C_DestroyObject(suite.session, object));
	assert_ok(object_peek(suite.session, object));
}

/* 5.7.5: lengths, values, and what to do with those that are not there. */
static void
test_get(void **state)
{
	CK_BYTE small[2], label[16];
	CK_ATTRIBUTE list[] = {
		{ CKA_LABEL, NULL, 0 },
		{ CKA_MODULUS, label, sizeof(label) },
		{ CKA_VALUE, small, sizeof(small) },
		{ CKA_LABEL, label, sizeof(label) },
	};
	CK_OBJECT_HANDLE object =
		data_make(suite.session, CK_FALSE, CK_FALSE, "get");
	CK_RV rv;

	rv = suite.p11->C_GetAttributeValue(suite.session, object, list, 4);
	assert_one_of(rv, CKR_ATTRIBUTE_TYPE_INVALID, CKR_BUFFER_TOO_SMALL);
	assert_int_equal(list[0].ulValueLen, 3);
	assert_int_equal(list[1].ulValueLen, CK_UNAVAILABLE_INFORMATION);
	assert_int_equal(list[2].ulValueLen, CK_UNAVAILABLE_INFORMATION);
	assert_int_equal(list[3].ulValueLen, 3);
	assert_memory_equal(label, "get", 3);
	assert_ok(
		suite.p11->C_GetAttributeValue(suite.session, object, list, 1));
	assert_rv(CKR_ATTRIBUTE_TYPE_INVALID,
		  suite.p11->C_GetAttributeValue(suite.session, object,
						 &list[1], 1));
	list[2].ulValueLen = sizeof(small);
	assert_rv(CKR_BUFFER_TOO_SMALL,
		  suite.p11->C_GetAttributeValue(suite.session, object,
						 &list[2], 1));
	assert_rv(CKR_ARGUMENTS_BAD, suite.p11->C_GetAttributeValue(
					     suite.session, object, NULL, 1));
}

/* 5.7.5, 4.9: CKR_ATTRIBUTE_SENSITIVE */
static void
test_get_sensitive(void **state)
{
	CK_BYTE value[512], id[4];
	CK_ATTRIBUTE list[] = { { CKA_PRIVATE_EXPONENT, value, sizeof(value) },
				{ CKA_ID, id, sizeof(id) },
				{ CKA_PRIME_1, NULL, 0 } };

	login();
	assert_rv(CKR_ATTRIBUTE_SENSITIVE,
		  suite.p11->C_GetAttributeValue(
			  suite.session, object_get(CKO_PRIVATE_KEY, suite.rsa),
			  list, 3));
	assert_int_equal(list[0].ulValueLen, CK_UNAVAILABLE_INFORMATION);
	assert_int_equal(list[1].ulValueLen, 1);
	assert_int_equal(id[0], suite.rsa);
	assert_int_equal(list[2].ulValueLen, CK_UNAVAILABLE_INFORMATION);
}

/* 5.7.6 */
static void
test_set(void **state)
{
	CK_SESSION_HANDLE ro = session_open(0);
	CK_ATTRIBUTE label = { CKA_LABEL, (void *)"changed", 7 };
	CK_OBJECT_HANDLE token, session;

	need_made();
	token = data_make(suite.session, CK_TRUE, CK_FALSE, "set");
	session = data_make(suite.session, CK_FALSE, CK_FALSE, "set");
	assert_rv(CKR_SESSION_READ_ONLY,
		  suite.p11->C_SetAttributeValue(ro, token, &label, 1));
	assert_ok(suite.p11->C_SetAttributeValue(ro, session, &label, 1));
	assert_ok(suite.p11->C_SetAttributeValue(suite.session, token, &label,
						 1));
	assert_int_equal(object_count(&label, 1), 2);
	assert_ok(suite.p11->C_DestroyObject(suite.session, token));
}

/* 4.1.2: some attributes are set once. */
static void
test_set_read_only(void **state)
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_ATTRIBUTE change = { CKA_CLASS, &class, sizeof(class) };
	CK_OBJECT_HANDLE object =
		data_make(suite.session, CK_FALSE, CK_FALSE, "set");

	assert_rv(CKR_ATTRIBUTE_READ_ONLY,
		  suite.p11->C_SetAttributeValue(suite.session, object, &change,
						 1));
	assert_ok(suite.p11->C_DestroyObject(suite.session, object));
}

/* 4.9: CKA_SENSITIVE "can be changed ... to CK_TRUE but not to CK_FALSE" */
static void
test_set_less_sensitive(void **state)
{
	CK_BBOOL no = CK_FALSE;
	CK_ATTRIBUTE change = { CKA_SENSITIVE, &no, 1 };
	CK_RV rv;

	login();
	rv = suite.p11->C_SetAttributeValue(
		suite.session, object_get(CKO_PRIVATE_KEY, suite.rsa), &change,
		1);
	assert_one_of(rv, CKR_ATTRIBUTE_READ_ONLY, CKR_ATTRIBUTE_VALUE_INVALID,
		      CKR_TEMPLATE_INCONSISTENT, CKR_ACTION_PROHIBITED);
}

/* 4.4: CKA_MODIFIABLE false: CKR_ACTION_PROHIBITED */
static void
test_not_modifiable(void **state)
{
	CK_OBJECT_CLASS class = CKO_DATA;
	CK_BBOOL no = CK_FALSE;
	CK_ATTRIBUTE list[] = { { CKA_CLASS, &class, sizeof(class) },
				{ CKA_PRIVATE, &no, 1 },
				{ CKA_MODIFIABLE, &no, 1 } };
	CK_ATTRIBUTE label = { CKA_LABEL, (void *)"changed", 7 };
	CK_OBJECT_HANDLE object;

	need_session_objects();
	assert_ok(suite.p11->C_CreateObject(suite.session, list, 3, &object));
	assert_rv(CKR_ACTION_PROHIBITED,
		  suite.p11->C_SetAttributeValue(suite.session, object, &label,
						 1));
}

/* 3.4.1: "Valid object handles in Cryptoki always have nonzero values", and one
 * is good in every session of the application. */
static void
test_handles(void **state)
{
	CK_OBJECT_HANDLE object =
		data_make(suite.session, CK_FALSE, CK_FALSE, "handles");

	assert_int_not_equal(object, CK_INVALID_HANDLE);
	assert_ok(object_peek(session_open(0), object));
	assert_int_equal(object_get(CKO_PUBLIC_KEY, suite.rsa),
			 object_get(CKO_PUBLIC_KEY, suite.rsa));
}

/* A handle that is dead is not handed out again, whatever its object was. */
static void
test_handles_fresh(void **state)
{
	CK_OBJECT_HANDLE gone =
		data_make(suite.session, CK_FALSE, CK_FALSE, "handles");
	CK_OBJECT_HANDLE key;
	int i;

	need_strict();
	assert_ok(suite.p11->C_DestroyObject(suite.session, gone));
	for (i = 0; i < 100; i++)
		assert_int_not_equal(gone, data_make(suite.session, CK_FALSE,
						     CK_FALSE, "handles"));
	login();
	key = object_get(CKO_PRIVATE_KEY, suite.rsa);
	assert_ok(suite.p11->C_Logout(suite.session));
	login();
	assert_int_not_equal(key, object_get(CKO_PRIVATE_KEY, suite.rsa));
}

static const struct CMUnitTest list[] = {
	CASE("/object/create/read-only", test_create_read_only),
	CASE("/object/create/private", test_create_private),
	CASE("/object/create/bad", test_create_bad),
	CASE("/object/create/same", test_create_same),
	CASE("/object/create/incomplete", test_create_incomplete),
	CASE("/object/create/token-object", test_create_token_object),
	CASE("/object/destroy", test_destroy),
	CASE("/object/destroy/not-destroyable", test_not_destroyable),
	CASE("/object/get", test_get),
	CASE("/object/get/sensitive", test_get_sensitive),
	CASE("/object/set", test_set),
	CASE("/object/set/read-only", test_set_read_only),
	CASE("/object/set/less-sensitive", test_set_less_sensitive),
	CASE("/object/set/not-modifiable", test_not_modifiable),
	CASE("/object/handles", test_handles),
	CASE("/object/handles/fresh", test_handles_fresh),
};

const struct cases object_cases = CASES("object", list);
