/* Tests of softtoken/soft_sealed.c and soft_rowed.c: what the file shows, and
 * what a changed file does. */
#include "place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET "the-value-nobody-may-see"
#define NAME   "label-nobody-may-see"

static uint8_t file_bytes[1 << 22];

/* Does any of the token's files hold these bytes? */
static bool
file_holds(struct place *p, struct cursor wanted)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	bool holds = false;

	for (size_t i = 0; i < COUNT(ends); i++) {
		char path[128];
		FILE *f;
		size_t size;

		place_path(p, ends[i], path);
		f = fopen(path, "rb");
		if (!f)
			continue;
		size = fread(file_bytes, 1, sizeof(file_bytes), f);
		fclose(f);
		holds = holds ||
			memmem(file_bytes, size, wanted.at, wanted.left);
	}
	return holds;
}

static void
test_nothing_shown(void **state)
{
	static const uint8_t der[] = { 0x30, 0x15, 0x31, 0x13, 0x30, 0x11,
				       0x06, 0x03, 0x55, 0x04, 0x03, 0x0C,
				       0x0A, 's',  'u',	 'b',  'j',  'e',
				       'c',  't',  '-',	 'o',  'f' };
	struct place p;
	struct token *t;
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_ATTRIBUTE list[] = {
		ONE_ATTR(CKA_CLASS, class),
		ONE_ATTR(CKA_KEY_TYPE, type),
		TEXT_ATTR(CKA_VALUE, SECRET),
		TEXT_ATTR(CKA_LABEL, NAME),
		TEXT_ATTR(CKA_ID, "id-nobody-may-see"),
	};
	CK_ATTRIBUTE subject[] = { ATTR(CKA_SUBJECT, der) };
	uint64_t id, pair[2];
	struct item *item;

	place_open(&p);
	t = place_token(&p);
	log_in(t, LOGIN_USER);
	assert_int_equal(t->ops->create(t, TEMPLATE(list), &id), CKR_OK);
	assert_int_equal(make_data(t, NAME, SECRET, true, &id), CKR_OK);
	assert_int_equal(make_rsa(t, "an-rsa-key", 1024, pair), CKR_OK);
	assert_int_equal(t->ops->attributes_set(t, pair[1], TEMPLATE(subject)),
			 CKR_OK);
	assert_int_equal(
		make_data(t, "public-label", "public-value", false, &id),
		CKR_OK);
	assert_true(file_holds(&p, TEXT("public-label")));
	assert_true(file_holds(&p, TEXT("public-value")));
	assert_false(file_holds(&p, TEXT(SECRET)));
	assert_false(file_holds(&p, TEXT(NAME)));
	assert_false(file_holds(&p, TEXT("id-nobody-may-see")));
	assert_false(file_holds(&p, TEXT("subject-of")));
	assert_false(file_holds(&p, TEXT(USER_PIN)));
	assert_int_equal(soft_get(soft_of(t), pair[1], &item), CKR_OK);
	assert_true(file_holds(&p, attrs_value(&item->attrs, CKA_MODULUS)));
	assert_false(file_holds(
		&p, attrs_value(&item->attrs, CKA_PRIVATE_EXPONENT)));
	assert_false(file_holds(&p, attrs_value(&item->attrs, CKA_PRIME_1)));
	soft_unlock(soft_of(t));
	place_close(&p);
}

/* Equality searches for private objects go by the hashed columns. */
static void
test_search_private(void **state)
{
	struct place p;
	struct token *t;
	struct ids found = { 0 };
	uint64_t pair[2], id;
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE match[] = { TEXT_ATTR(CKA_ID, "second"),
				 ONE_ATTR(CKA_CLASS, class) };

	place_open(&p);
	t = place_token(&p);
	log_in(t, LOGIN_USER);
	assert_int_equal(make_ec(t, "first", pair), CKR_OK);
	assert_int_equal(make_ec(t, "second", pair), CKR_OK);
	assert_int_equal(make_data(t, "second", "x", true, &id), CKR_OK);
	assert_int_equal(t->ops->search(t, TEMPLATE(match), &found), CKR_OK);
	assert_int_equal(found.count, 1);
	assert_int_equal(found.list[0], pair[1]);
	assert_int_equal(count_objects(t, "second"), 3);
	assert_int_equal(count_objects(t, ""), 0);
	log_out(t);
	found.count = 0;
	assert_int_equal(t->ops->search(t, TEMPLATE(match), &found), CKR_OK);
	assert_int_equal(found.count, 0);
	ids_free(&found);
	place_close(&p);
}

/* After CHANGE the private object with this label is reported, never used. */
static void
tampered(const char *change)
{
	struct place p;
	struct token *t;
	uint64_t a, b;
	CK_ATTRIBUTE get = { CKA_VALUE, NULL, 0 };

	place_open(&p);
	t = place_token(&p);
	log_in(t, LOGIN_USER);
	assert_int_equal(make_data(t, "a", "value a", true, &a), CKR_OK);
	assert_int_equal(make_data(t, "b", "value b", true, &b), CKR_OK);
	place_forget(&p);
	place_list(&p);
	t = p.list[0].token;
	place_sql(&p, change);
	log_in(t, LOGIN_USER);
	if (t->ops->attributes_get(t, a, &get, 1) != CKR_DEVICE_ERROR)
		fail_msg("used after: %s", change);
	assert_int_equal(count_objects(t, "a"), 0);
	place_close(&p);
}

static void
test_tampered(void **state)
{
	static const char *const changes[] = {
		/* swapped */
		"UPDATE object SET blob = CASE id"
		" WHEN 1 THEN (SELECT blob FROM object WHERE id = 2)"
		" ELSE (SELECT blob FROM object WHERE id = 1) END",
		/* moved to another id */
		"DELETE FROM object WHERE id = 1;"
		"UPDATE object SET id = 1 WHERE id = 2",
		/* cut, lengthened, emptied */
		"UPDATE object SET blob = substr(blob, 1, length(blob) - 1)",
		"UPDATE object SET blob = blob || x'00'",
		"UPDATE object SET blob = x''",
		"UPDATE object SET blob = x'02'",
		/* one bit */
		"UPDATE object SET blob = CAST(substr(blob, 1, 20) ||"
		" CASE substr(blob, 21, 1) WHEN x'00' THEN x'01' ELSE x'00' END"
		" || substr(blob, 22) AS BLOB)",
		/* columns that the blob is bound to */
		"UPDATE object SET class = 3",
		"UPDATE object SET version = 2",
		"UPDATE object SET key_type = 0",
		"UPDATE object SET private = 0",
	};

	for (size_t i = 0; i < COUNT(changes); i++)
		tampered(changes[i]);
}

/* A wrong column makes a search miss, but never find the wrong. */
static void
test_wrong_index(void **state)
{
	struct place p;
	struct token *t;
	uint64_t a, b;

	place_open(&p);
	t = place_token(&p);
	assert_int_equal(make_data(t, "a", "x", false, &a), CKR_OK);
	assert_int_equal(make_data(t, "b", "x", false, &b), CKR_OK);
	place_sql(&p, "UPDATE object SET label_tag = CAST('a' AS BLOB)");
	assert_int_equal(count_objects(t, "a"), 1);
	assert_int_equal(count_objects(t, "b"), 0);
	place_close(&p);
}

/* Public objects carry a mark: who changes the file is found out at the next
 * login. */
static void
test_public_mark(void **state)
{
	struct place p;
	struct token *t;
	uint64_t id;

	place_open(&p);
	t = place_token(&p);
	log_in(t, LOGIN_USER);
	assert_int_equal(make_data(t, "marked", "aaaa", false, &id), CKR_OK);
	log_out(t);
	place_sql(&p, "UPDATE object SET blob = CAST("
		      "substr(blob, 1, length(blob) - 1) || x'00' AS BLOB)");
	/* before a login nobody can tell */
	log_in(t, LOGIN_USER);
	assert_int_equal(count_objects(t, "marked"), 0);
	place_close(&p);
}

/* CKA_TRUSTED is the SO's to give, and counts for who can check the mark. */
static void
test_trusted(void **state)
{
	struct place p;
	struct token *t;
	uint64_t id;
	CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	CK_KEY_TYPE type = CKK_RSA;
	uint8_t modulus[128] = { 0xC1, [127] = 0x01 };
	static const uint8_t exponent[] = { 1, 0, 1 };
	CK_ATTRIBUTE list[] = {
		ONE_ATTR(CKA_CLASS, class), ONE_ATTR(CKA_KEY_TYPE, type),
		ATTR(CKA_MODULUS, modulus), ATTR(CKA_PUBLIC_EXPONENT, exponent),
		ONE_ATTR(CKA_TRUSTED, yes),
	};
	CK_ATTRIBUTE trust[] = { ONE_ATTR(CKA_TRUSTED, yes) };

	place_open(&p);
	t = place_token(&p);
	log_in(t, LOGIN_USER);
	assert_int_equal(t->ops->create(t, TEMPLATE(list), &id),
			 CKR_ATTRIBUTE_READ_ONLY);
	list[4].pValue = (void *)&no;
	assert_int_equal(t->ops->create(t, TEMPLATE(list), &id), CKR_OK);
	assert_int_equal(t->ops->attributes_set(t, id, TEMPLATE(trust)),
			 CKR_ATTRIBUTE_READ_ONLY);
	log_out(t);
	log_in(t, LOGIN_SO);
	assert_int_equal(t->ops->attributes_set(t, id, TEMPLATE(trust)),
			 CKR_OK);
	assert_int_equal(get_bool(t, id, CKA_TRUSTED), CK_TRUE);
	log_out(t);
	assert_int_equal(get_bool(t, id, CKA_TRUSTED), CK_FALSE);
	log_in(t, LOGIN_USER);
	assert_int_equal(get_bool(t, id, CKA_TRUSTED), CK_TRUE);
	place_close(&p);
}

/* More objects than the cache takes, and a search that fills it not. */
static void
test_many(void **state)
{
	enum { MANY = 200 };
	struct place p;
	struct token *t;
	uint64_t id;

	place_open(&p);
	t = place_token(&p);
	log_in(t, LOGIN_USER);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(make_data(t, "many", "x", i % 2, &id), CKR_OK);
	assert_int_equal(count_objects(t, "many"), MANY);
	assert_int_equal(soft_of(t)->items.count, 0);
	assert_int_equal(count_objects(t, NULL), MANY);
	log_out(t);
	assert_int_equal(count_objects(t, "many"), MANY / 2);
	place_close(&p);
}

/* How many objects a search for these finds. */
static size_t
count_matches(struct token *t, struct template match)
{
	struct ids found = { NULL, 0, 0 };
	size_t count;

	assert_int_equal(t->ops->search(t, match, &found), CKR_OK);
	count = found.count;
	ids_free(&found);
	return count;
}

/* What the index answers for many is what the objects themselves would say. */
static void
test_index_answers(void **state)
{
	enum { MANY = 140 };
	struct place p;
	struct token *t;
	CK_OBJECT_CLASS class = CKO_DATA, other = CKO_CERTIFICATE;
	CK_ATTRIBUTE list[] = {
		TEXT_ATTR(CKA_LABEL, "many"),  ONE_ATTR(CKA_CLASS, class),
		ONE_ATTR(CKA_PRIVATE, yes),    ONE_ATTR(CKA_TOKEN, yes),
		TEXT_ATTR(CKA_VALUE, "value"),
	};
	CK_ATTRIBUTE get = { CKA_VALUE, NULL, 0 };
	uint64_t id;

	place_open(&p);
	t = place_token(&p);
	log_in(t, LOGIN_USER);
	for (int i = 0; i < 2 * MANY; i++)
		assert_int_equal(make_data(t, "many", i ? "value" : "another",
					   i % 2, &id),
				 CKR_OK);
	assert_int_equal(make_data(t, "one", "value", true, &id), CKR_OK);
	list[3].pValue = (void *)&no;
	assert_int_equal(count_matches(t, TEMPLATE(list)), 0);
	list[3].pValue = (void *)&yes;
	assert_int_equal(count_matches(t, (struct template){ list, 1 }),
			 2 * MANY);
	assert_int_equal(count_matches(t, (struct template){ list, 4 }), MANY);
	list[2].pValue = (void *)&no;
	assert_int_equal(count_matches(t, (struct template){ list, 4 }), MANY);
	/* a value has no index */
	assert_int_equal(count_matches(t, (struct template){ list, 5 }),
			 MANY - 1);
	list[1].pValue = &other;
	assert_int_equal(count_matches(t, (struct template){ list, 2 }), 0);
	/* a private object's tag is none for a public one */
	place_sql(&p, "UPDATE object SET label_tag = (SELECT label_tag FROM"
		      " object WHERE private = 1 LIMIT 1)");
	assert_int_equal(count_matches(t, (struct template){ list, 1 }),
			 MANY + 1);
	/* and what came in by a changed index is not used */
	assert_int_equal(t->ops->attributes_get(t, id, &get, 1),
			 CKR_DEVICE_ERROR);
	place_close(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ "/softtoken/sealed/tampered", test_tampered },
		{ "/softtoken/sealed/wrong-index", test_wrong_index },
		{ "/softtoken/sealed/public-mark", test_public_mark },
		{ "/softtoken/sealed/nothing-shown", test_nothing_shown },
		{ "/softtoken/sealed/search-private", test_search_private },
		{ "/softtoken/sealed/trusted", test_trusted },
		{ "/softtoken/sealed/many", test_many },
		{ "/softtoken/sealed/index-answers", test_index_answers },
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
