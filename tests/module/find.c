/* 5.7.7 to 5.7.9: searching. */
#include "suite.h"

static CK_RV
step(CK_ULONG max, CK_ULONG *count)
{
	CK_OBJECT_HANDLE found[16];

	return suite.p11->C_FindObjects(suite.session, found, max, count);
}

static void
test_state(void **state)
{
	CK_ULONG count;

	assert_rv(CKR_OPERATION_NOT_INITIALIZED, step(1, &count));
	assert_rv(CKR_OPERATION_NOT_INITIALIZED,
		  suite.p11->C_FindObjectsFinal(suite.session));
	assert_ok(suite.p11->C_FindObjectsInit(suite.session, NULL, 0));
	/* "At most one search operation may be active at a given time in a
	 * given session." */
	assert_rv(CKR_OPERATION_ACTIVE,
		  suite.p11->C_FindObjectsInit(suite.session, NULL, 0));
	assert_ok(suite.p11->C_FindObjectsInit(session_open(0), NULL, 0));
	assert_ok(suite.p11->C_FindObjectsFinal(suite.session));
	assert_rv(CKR_OPERATION_NOT_INITIALIZED, step(1, &count));
}

static void
test_bad(void **state)
{
	CK_ATTRIBUTE hollow = { CKA_LABEL, NULL, 4 };
	CK_OBJECT_HANDLE found;
	CK_ULONG count;

	assert_rv(CKR_ARGUMENTS_BAD,
		  suite.p11->C_FindObjectsInit(suite.session, NULL, 1));
	/* "it can return CKR_ATTRIBUTE_VALUE_INVALID", or find nothing */
	if (suite.p11->C_FindObjectsInit(suite.session, &hollow, 1) == CKR_OK)
		assert_ok(suite.p11->C_FindObjectsFinal(suite.session));
	assert_ok(suite.p11->C_FindObjectsInit(suite.session, NULL, 0));
	assert_rv(CKR_ARGUMENTS_BAD,
		  suite.p11->C_FindObjects(suite.session, &found, 1, NULL));
	assert_rv(CKR_ARGUMENTS_BAD,
		  suite.p11->C_FindObjects(suite.session, NULL, 1, &count));
}

/* All that the session can see, but for what a search has to name. */
static CK_ULONG
find_all(CK_OBJECT_HANDLE *found, CK_ULONG room)
{
	CK_ULONG count = 0;

	assert_ok(suite.p11->C_FindObjectsInit(suite.session, NULL, 0));
	assert_ok(suite.p11->C_FindObjects(suite.session, found, room, &count));
	assert_ok(suite.p11->C_FindObjectsFinal(suite.session));
	assert_true(count > 0 && count < room);
	return count;
}

/* 4.3.2: every object has a CKA_UNIQUE_ID, "unique across all objects visible
 * to any particular session", so that a search by it finds this one. */
static void
test_unique_id(void **state)
{
	enum { ROOM = 64 };
	CK_OBJECT_HANDLE found[ROOM], again;
	CK_ULONG count, i, one;

	need_3_0();
	login();
	count = find_all(found, ROOM);
	for (i = 0; i < count; i++) {
		CK_BYTE value[256];
		CK_ATTRIBUTE id = { CKA_UNIQUE_ID, value, sizeof(value) };

		assert_ok(suite.p11->C_GetAttributeValue(suite.session,
							 found[i], &id, 1));
		assert_true(id.ulValueLen > 0);
		assert_ok(suite.p11->C_FindObjectsInit(suite.session, &id, 1));
		assert_ok(suite.p11->C_FindObjects(suite.session, &again, 1,
						   &one));
		assert_int_equal(one, 1);
		assert_int_equal(again, found[i]);
		assert_ok(suite.p11->C_FindObjects(suite.session, &again, 1,
						   &one));
		assert_int_equal(one, 0);
		assert_ok(suite.p11->C_FindObjectsFinal(suite.session));
	}
}

static bool
is_false(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type)
{
	CK_BBOOL value = CK_TRUE;
	CK_ATTRIBUTE a = { type, &value, sizeof(value) };

	assert_ok(suite.p11->C_GetAttributeValue(suite.session, object, &a, 1));
	return value == CK_FALSE;
}

/* 4.4, 5.7.3, 5.7.6: what an object says that cannot be done to it is
 * prohibited. */
static void
test_prohibited(void **state)
{
	enum { ROOM = 64 };
	static char label[] = "another label";
	CK_ATTRIBUTE change = { CKA_LABEL, label, sizeof(label) };
	CK_OBJECT_HANDLE found[ROOM], copy;
	CK_FUNCTION_LIST *p = suite.p11;
	CK_ULONG count, i;

	login();
	count = find_all(found, ROOM);
	for (i = 0; i < count; i++) {
		if (is_false(found[i], CKA_MODIFIABLE))
			assert_rv(CKR_ACTION_PROHIBITED,
				  p->C_SetAttributeValue(suite.session,
							 found[i], &change, 1));
		if (is_false(found[i], CKA_COPYABLE))
			assert_rv(CKR_ACTION_PROHIBITED,
				  p->C_CopyObject(suite.session, found[i], NULL,
						  0, &copy));
		if (is_false(found[i], CKA_DESTROYABLE))
			assert_rv(CKR_ACTION_PROHIBITED,
				  p->C_DestroyObject(suite.session, found[i]));
	}
}

/* "The object search operation will only find objects that the session can
 * view", even when asked for private ones. */
static void
test_private(void **state)
{
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE private = { CKA_PRIVATE, &yes, 1 };
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE keys = { CKA_CLASS, &class, sizeof(class) };

	assert_int_equal(object_count(&private, 1), 0);
	login();
	assert_true(object_count(&private, 1) >= 2);
	assert_true(object_count(&keys, 1) >= 2);
	assert_ok(suite.p11->C_Logout(suite.session));
	assert_int_equal(object_count(&private, 1), 0);
}

/* The same of an "R/W SO Functions" session. */
static void
test_private_officer(void **state)
{
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE private = { CKA_PRIVATE, &yes, 1 };

	need_officer();
	assert_ok(login_as(CKU_SO, suite.so_pin));
	assert_int_equal(object_count(&private, 1), 0);
}

/* "an exact byte-for-byte match with all attributes in the template" */
static void
test_match(void **state)
{
	CK_ATTRIBUTE list[] = { { CKA_LABEL, (void *)"match", 5 },
				{ CKA_VALUE, (void *)"match", 5 },
				{ CKA_APPLICATION, NULL, 0 } };

	data_make(suite.session, CK_FALSE, CK_FALSE, "match");
	data_make(suite.session, CK_FALSE, CK_FALSE, "matches");
	assert_int_equal(object_count(list, 2), 1);
	list[0].ulValueLen = 4;
	assert_int_equal(object_count(list, 1), 0);
	list[0].type = CKA_MODULUS;
	assert_int_equal(object_count(list, 1), 0);
}

/* What was changed is found as it is now, and not as it was. */
static void
test_changed(void **state)
{
	CK_ATTRIBUTE before = { CKA_LABEL, (void *)"before", 6 };
	CK_ATTRIBUTE after = { CKA_LABEL, (void *)"after", 5 };
	CK_OBJECT_HANDLE object =
		data_make(suite.session, CK_FALSE, CK_FALSE, "before");

	data_make(suite.session, CK_FALSE, CK_FALSE, "after");
	assert_int_equal(object_count(&before, 1), 1);
	assert_ok(suite.p11->C_SetAttributeValue(suite.session, object, &after,
						 1));
	assert_int_equal(object_count(&before, 1), 0);
	assert_int_equal(object_count(&after, 1), 2);
	assert_ok(suite.p11->C_DestroyObject(suite.session, object));
	assert_int_equal(object_count(&after, 1), 1);
}

/* "To find all objects, set ulCount to 0." */
static void
test_in_steps(void **state)
{
	CK_ULONG count, sum = 0, all = object_count(NULL, 0);
	int i;

	for (i = 0; i < 5; i++)
		data_make(suite.session, CK_FALSE, CK_FALSE, "step");
	assert_ok(suite.p11->C_FindObjectsInit(suite.session, NULL, 0));
	do {
		assert_ok(step(2, &count));
		assert_true(count <= 2);
		sum += count;
	} while (count > 0);
	assert_int_equal(sum, all + 5);
	assert_ok(step(2, &count));
	assert_int_equal(count, 0);
}

/* CKA_TOKEN tells token objects from session objects. */
static void
test_token(void **state)
{
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ATTRIBUTE on_token = { CKA_TOKEN, &yes, 1 };
	CK_ATTRIBUTE in_session = { CKA_TOKEN, &no, 1 };
	CK_ULONG before = object_count(&on_token, 1);

	data_make(suite.session, CK_FALSE, CK_FALSE, "token");
	assert_int_equal(object_count(&on_token, 1), before);
	assert_int_equal(object_count(&in_session, 1), 1);
	assert_int_equal(object_count(NULL, 0), before + 1);
}

/* 5.7.7: objects that come and go meanwhile "may or may not be found"; the
 * search goes on. */
static void
test_meanwhile(void **state)
{
	CK_ATTRIBUTE label = { CKA_LABEL, (void *)"meanwhile", 9 };
	CK_OBJECT_HANDLE gone, found;
	CK_ULONG count, sum = 0;

	gone = data_make(suite.session, CK_FALSE, CK_FALSE, "meanwhile");
	data_make(suite.session, CK_FALSE, CK_FALSE, "meanwhile");
	assert_ok(suite.p11->C_FindObjectsInit(suite.session, &label, 1));
	assert_ok(suite.p11->C_DestroyObject(suite.session, gone));
	data_make(suite.session, CK_FALSE, CK_FALSE, "meanwhile");
	do {
		assert_ok(suite.p11->C_FindObjects(suite.session, &found, 1,
						   &count));
		sum += count;
	} while (count > 0);
	assert_in_range(sum, 1, 3);
	assert_ok(suite.p11->C_FindObjectsFinal(suite.session));
	assert_int_equal(object_count(&label, 1), 2);
}

/* 5.6.10: a search does not hand out what its user may no longer see. */
static void
test_logout(void **state)
{
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE private = { CKA_PRIVATE, &yes, 1 };
	CK_OBJECT_HANDLE found = 0;
	CK_ULONG count = 0;
	CK_RV rv;

	login();
	assert_ok(suite.p11->C_FindObjectsInit(suite.session, &private, 1));
	assert_ok(suite.p11->C_Logout(suite.session));
	rv = suite.p11->C_FindObjects(suite.session, &found, 1, &count);
	if (rv == CKR_OK && count == 1)
		assert_rv(CKR_OBJECT_HANDLE_INVALID,
			  object_peek(suite.session, found));
	else
		assert_one_of(rv, CKR_OK, CKR_OPERATION_NOT_INITIALIZED);
}

/* 5.7.7: "To find all objects, set ulCount to 0", those with data, too. */
static void
test_all_data(void **state)
{
	CK_OBJECT_CLASS class = CKO_DATA, found;
	CK_BBOOL token = CK_TRUE;
	CK_ATTRIBUTE match[] = { { CKA_CLASS, &class, sizeof(class) },
				 { CKA_TOKEN, &token, sizeof(token) } };
	CK_ATTRIBUTE ask = { CKA_CLASS, &found, sizeof(found) };
	CK_OBJECT_HANDLE objects[256];
	CK_ULONG count = 0, data = 0, wanted, i;

	if (!suite.card)
		data_make(suite.session, CK_TRUE, CK_FALSE, "all of it");
	login();
	wanted = object_count(match, 2);
	if (wanted == 0)
		skip();
	assert_ok(suite.p11->C_FindObjectsInit(suite.session, NULL, 0));
	assert_ok(
		suite.p11->C_FindObjects(suite.session, objects, 256, &count));
	assert_ok(suite.p11->C_FindObjectsFinal(suite.session));
	for (i = 0; i < count; i++) {
		assert_ok(suite.p11->C_GetAttributeValue(suite.session,
							 objects[i], &ask, 1));
		data += found == CKO_DATA;
	}
	assert_true(data >= wanted);
}

static const struct CMUnitTest list[] = {
	CASE("/find/state", test_state),
	CASE("/find/bad", test_bad),
	CASE("/find/unique-id", test_unique_id),
	CASE("/find/prohibited", test_prohibited),
	CASE("/find/private", test_private),
	CASE("/find/private/officer", test_private_officer),
	CASE("/find/match", test_match),
	CASE("/find/changed", test_changed),
	CASE("/find/in-steps", test_in_steps),
	CASE("/find/token", test_token),
	CASE("/find/meanwhile", test_meanwhile),
	CASE("/find/logout", test_logout),
	CASE("/find/all-data", test_all_data),
};

const struct cases find_cases = CASES("find", list);
