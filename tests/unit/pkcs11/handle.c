/* pkcs11/handle.c: object handles. */
#include "../../../pkcs11/handle.h"

#include "fake.h"

static const struct object_ref token_object = { .id = 7 };
static unsigned long due;
static const struct object_ref host_object = { .id = 7, .host = true };

static void
test_unknown(void **state)
{
	struct handles h;
	struct object_ref ref;

	handles_new(&h);
	assert_false(handles_find(&h, 1, &ref, &due));
	handles_drop(&h, 1);
	handles_free(&h);
}

static void
test_closed_owner(void **state)
{
	struct handles h;
	struct owned owner = { 0 };
	struct object_ref ref;
	CK_OBJECT_HANDLE handle;

	handles_new(&h);
	assert_false(handles_disown(&h, &owner, &ref));
	assert_int_equal(handles_give(&h, host_object, &owner, &handle),
			 CKR_SESSION_CLOSED);
	handles_free(&h);
}

static void
test_same_again(void **state)
{
	struct handles h;
	struct object_ref ref;
	CK_OBJECT_HANDLE a, b, c;

	handles_new(&h);
	assert_int_equal(handles_give(&h, token_object, NULL, &a), CKR_OK);
	assert_int_equal(handles_give(&h, token_object, NULL, &b), CKR_OK);
	assert_int_equal(handles_give(&h, host_object, NULL, &c), CKR_OK);
	assert_int_equal(a, b);
	assert_int_not_equal(a, c);
	assert_true(handles_find(&h, c, &ref, &due));
	assert_true(ref.host);
	assert_int_equal(ref.id, 7);
	handles_free(&h);
}

static void
test_never_again(void **state)
{
	struct handles h;
	struct object_ref ref;
	CK_OBJECT_HANDLE a, b;

	handles_new(&h);
	assert_int_equal(handles_give(&h, token_object, NULL, &a), CKR_OK);
	handles_drop(&h, a);
	assert_false(handles_find(&h, a, &ref, &due));
	assert_int_equal(handles_give(&h, token_object, NULL, &b), CKR_OK);
	assert_int_not_equal(a, b);
	handles_free(&h);
}

/* After a logout each has to be proven once, or to die. */
static void
test_logout(void **state)
{
	struct handles h;
	struct object_ref ref;
	CK_OBJECT_HANDLE a, b, again;
	unsigned long old;

	handles_new(&h);
	assert_int_equal(handles_give(&h, token_object, NULL, &a), CKR_OK);
	assert_int_equal(handles_give(&h, host_object, NULL, &b), CKR_OK);
	assert_true(handles_find(&h, a, &ref, &due));
	assert_int_equal(due, 0);
	handles_logout(&h);
	assert_true(handles_find(&h, a, &ref, &old));
	assert_int_not_equal(old, 0);
	/* proof of before another logout proves nothing after it */
	handles_logout(&h);
	handles_prove(&h, a, old);
	assert_true(handles_find(&h, a, &ref, &due));
	assert_int_not_equal(due, 0);
	handles_prove(&h, a, due);
	assert_true(handles_find(&h, a, &ref, &due));
	assert_int_equal(due, 0);
	handles_drop_object(&h, host_object);
	handles_drop_object(&h, host_object);
	assert_false(handles_find(&h, b, &ref, &due));
	assert_int_equal(handles_give(&h, host_object, NULL, &again), CKR_OK);
	assert_true(handles_find(&h, again, &ref, &due));
	assert_int_equal(due, 0);
	handles_free(&h);
}

/* In whatever order the session's objects were destroyed before. */
static void
test_disown(void **state)
{
	struct handles h;
	struct owned owner = { 0 };
	struct object_ref ref = { .host = true };
	CK_OBJECT_HANDLE handles[5];
	unsigned left = 0;

	handles_new(&h);
	for (ref.id = 0; ref.id < 5; ref.id++)
		assert_int_equal(
			handles_give(&h, ref, &owner, &handles[ref.id]),
			CKR_OK);
	handles_drop(&h, handles[2]);
	handles_drop(&h, handles[4]);
	handles_drop(&h, handles[0]);
	while (handles_disown(&h, &owner, &ref)) {
		assert_true(ref.id == 1 || ref.id == 3);
		left++;
	}
	assert_int_equal(left, 2);
	assert_false(handles_find(&h, handles[1], &ref, &due));
	handles_free(&h);
}

/* Somebody found it before the session that made it got its handle. */
static void
test_found_first(void **state)
{
	struct handles h;
	struct owned owner = { 0 };
	struct object_ref ref;
	CK_OBJECT_HANDLE found, made;

	handles_new(&h);
	assert_int_equal(handles_give(&h, host_object, NULL, &found), CKR_OK);
	assert_int_equal(handles_give(&h, host_object, &owner, &made), CKR_OK);
	assert_int_equal(found, made);
	assert_true(handles_disown(&h, &owner, &ref));
	assert_false(handles_find(&h, found, &ref, &due));
	handles_free(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_PLAIN("/pkcs11/handle/unknown", test_unknown),
		CASE_PLAIN("/pkcs11/handle/logout", test_logout),
		CASE_PLAIN("/pkcs11/handle/closed-owner", test_closed_owner),
		CASE_PLAIN("/pkcs11/handle/same-again", test_same_again),
		CASE_PLAIN("/pkcs11/handle/never-again", test_never_again),
		CASE_PLAIN("/pkcs11/handle/disown", test_disown),
		CASE_PLAIN("/pkcs11/handle/found-first", test_found_first),
	};

	return cmocka_run_group_tests_name("/pkcs11/handle", tests, NULL, NULL);
}
