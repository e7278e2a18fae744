/* Tests of base/objects.c. */
#include "case.h"

#include "object.h"

/* Adds an object with this number as label and CKA_ID (0: without one). */
static struct object *
add(struct objects *o, CK_ULONG label, CK_ULONG cka_id)
{
	struct object *object = NULL;
	struct attrs a = { 0 };
	CK_RV rv;

	assert_int_equal(attrs_set_ulong(&a, CKA_LABEL, label), CKR_OK);
	if (cka_id != 0)
		assert_int_equal(attrs_set_ulong(&a, CKA_ID, cka_id), CKR_OK);
	rv = objects_add(o, &a, &object);
	assert_int_equal(rv, CKR_OK);
	assert_null(a.list);
	assert_int_equal(a.count, 0);
	return object;
}

/* Looks for one attribute with this number. */
static struct ids
search(const struct objects *o, CK_ATTRIBUTE_TYPE type, CK_ULONG value)
{
	CK_ATTRIBUTE wanted = { type, &value, sizeof(value) };
	struct ids found = { 0 };

	assert_int_equal(objects_search(o, &wanted, 1, &found), CKR_OK);
	return found;
}

static size_t
count(const struct objects *o, CK_ATTRIBUTE_TYPE type, CK_ULONG value)
{
	struct ids found = search(o, type, value);
	size_t number = found.count;

	for (size_t i = 1; i < found.count; i++)
		assert_true(found.list[i - 1] < found.list[i]);
	ids_free(&found);
	return number;
}

static void
key_freed(void *key)
{
	int *times = key;

	(*times)++;
}

static void
test_not_there(void **state)
{
	struct objects *o = objects_new();
	struct ids found = { 0 };
	struct object stranger = { .id = 5 };
	CK_ATTRIBUTE null_id = { CKA_ID, NULL, 4 };

	assert_non_null(o);
	assert_null(objects_find(o, 0));
	assert_null(objects_find(o, 1));
	objects_remove(o, 1, key_freed);
	assert_int_equal(objects_search(o, NULL, 0, &found), CKR_OK);
	assert_int_equal(found.count, 0);
	add(o, 1, 1);
	assert_int_equal(objects_search(o, &null_id, 1, &found), CKR_OK);
	assert_int_equal(found.count, 0);
	assert_int_equal(objects_changed(o, &stranger),
			 CKR_OBJECT_HANDLE_INVALID);
	assert_int_equal(count(o, CKA_ID, 2), 0);
	assert_int_equal(count(o, CKA_LABEL, 2), 0);
	objects_free(o, key_freed);
	objects_free(NULL, key_freed);
	ids_free(&found);
	ids_free(NULL);
}

static void
test_ids_never_reused(void **state)
{
	struct objects *o = objects_new();
	uint64_t last = 0;

	for (int i = 0; i < 1000; i++) {
		struct object *object = add(o, 1, 1);

		assert_true(object->id > last);
		last = object->id;
		objects_remove(o, last, NULL);
		assert_null(objects_find(o, last));
	}
	assert_int_equal(count(o, CKA_ID, 1), 0);
	objects_free(o, NULL);
}

static void
test_keys_freed(void **state)
{
	struct objects *o = objects_new();
	int first = 0, second = 0;
	struct object *object;

	object = add(o, 1, 1);
	object->key = &first;
	add(o, 2, 2);
	add(o, 3, 3)->key = &second;
	objects_remove(o, object->id, key_freed);
	assert_int_equal(first, 1);
	assert_int_equal(second, 0);
	objects_free(o, key_freed);
	assert_int_equal(first, 1);
	assert_int_equal(second, 1);
}

static void
test_removed_places(void **state)
{
	struct objects *o = objects_new();
	uint64_t ids[5];
	struct ids found = { 0 };

	for (CK_ULONG i = 0; i < 5; i++)
		ids[i] = add(o, i, 9)->id;
	/* out of the middle, the front and the back of every list */
	objects_remove(o, ids[2], NULL);
	objects_remove(o, ids[0], NULL);
	objects_remove(o, ids[4], NULL);
	found = search(o, CKA_ID, 9);
	assert_int_equal(found.count, 2);
	assert_true(found.list[0] == ids[1] && found.list[1] == ids[3]);
	ids_free(&found);
	assert_int_equal(objects_search(o, NULL, 0, &found), CKR_OK);
	assert_int_equal(found.count, 2);
	assert_true(found.list[0] == ids[1] && found.list[1] == ids[3]);
	ids_free(&found);
	add(o, 5, 9);
	assert_int_equal(count(o, CKA_ID, 9), 3);
	objects_free(o, NULL);
}

static void
test_changed(void **state)
{
	struct objects *o = objects_new();
	struct object *object = add(o, 1, 0);

	add(o, 2, 2);
	assert_int_equal(count(o, CKA_ID, 2), 1);
	/* it gets one, then another, then it is not known, then gone */
	assert_int_equal(attrs_set_ulong(&object->attrs, CKA_ID, 2), CKR_OK);
	assert_int_equal(objects_changed(o, object), CKR_OK);
	assert_int_equal(count(o, CKA_ID, 2), 2);
	assert_int_equal(attrs_set_ulong(&object->attrs, CKA_ID, 3), CKR_OK);
	assert_int_equal(objects_changed(o, object), CKR_OK);
	assert_int_equal(count(o, CKA_ID, 2), 1);
	assert_int_equal(count(o, CKA_ID, 3), 1);
	assert_int_equal(attrs_set_unread(&object->attrs, CKA_ID), CKR_OK);
	assert_int_equal(objects_changed(o, object), CKR_OK);
	assert_int_equal(count(o, CKA_ID, 2), 2);
	assert_int_equal(count(o, CKA_ID, 4), 1);
	attrs_remove(&object->attrs, CKA_ID);
	assert_int_equal(objects_changed(o, object), CKR_OK);
	assert_int_equal(count(o, CKA_ID, 2), 1);
	assert_int_equal(count(o, CKA_ID, 4), 0);
	objects_free(o, NULL);
}

static void
test_search_narrows(void **state)
{
	struct objects *o = objects_new();
	CK_ULONG id = 7, label = 2;
	CK_ATTRIBUTE wanted[] = { { CKA_LABEL, &label, sizeof(label) },
				  { CKA_ID, &id, sizeof(id) } };
	struct ids found = { 0 };
	uint64_t mine;

	add(o, 1, 7);
	mine = add(o, 2, 7)->id;
	add(o, 2, 8);
	/* what was found before stays in front */
	assert_int_equal(ids_add(&found, 1000), CKR_OK);
	assert_int_equal(objects_search(o, wanted, 2, &found), CKR_OK);
	assert_int_equal(found.count, 2);
	assert_true(found.list[0] == 1000 && found.list[1] == mine);
	ids_free(&found);
	objects_free(o, NULL);
}

/* Enough that the index must have grown many times, in an order that has
 * nothing to do with the ids. */
static void
test_many(void **state)
{
	enum { MANY = 20000 };
	struct objects *o = objects_new();

	for (CK_ULONG i = 0; i < MANY; i++)
		add(o, i % 10, 1 + i * 7919 % (MANY / 2));
	for (CK_ULONG i = 0; i < MANY / 2; i += 97)
		assert_int_equal(count(o, CKA_ID, 1 + i), 2);
	for (uint64_t id = 1; id <= MANY; id += 2) {
		assert_true(objects_find(o, id)->id == id);
		objects_remove(o, id, NULL);
	}
	assert_int_equal(count(o, CKA_LABEL, 1), MANY / 10);
	assert_int_equal(count(o, CKA_LABEL, 2), 0);
	objects_free(o, NULL);
}

/* That a search by CKA_ID does not walk the list is seen by what it reads: in
 * an object that it must not look at, the index was not told of the change. */
static void
test_indexed(void **state)
{
	struct objects *o = objects_new();
	struct object *object = add(o, 1, 1);

	assert_int_equal(attrs_set_ulong(&object->attrs, CKA_ID, 2), CKR_OK);
	assert_int_equal(count(o, CKA_ID, 2), 0);
	assert_int_equal(objects_changed(o, object), CKR_OK);
	assert_int_equal(count(o, CKA_ID, 2), 1);
	objects_free(o, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/base/objects/not-there", test_not_there),
		CASE("/base/objects/id/never-reused", test_ids_never_reused),
		CASE("/base/objects/remove/key", test_keys_freed),
		CASE("/base/objects/remove/places", test_removed_places),
		CASE("/base/objects/changed", test_changed),
		CASE("/base/objects/search/narrows", test_search_narrows),
		CASE("/base/objects/search/many", test_many),
		CASE("/base/objects/search/indexed", test_indexed),
	};

	return cmocka_run_group_tests_name("/base/objects", tests, NULL, NULL);
}
