/* Tests of base/attrs.c. */
#include "case.h"

#include "object.h"

/* A template's entry over a variable of the test's own. */
#define ENTRY(type, variable)                         \
	(CK_ATTRIBUTE)                                \
	{                                             \
		type, &(variable), sizeof((variable)) \
	}

/* A key of a token: public parts, a secret one, one not yet read. */
static struct attrs
key_of(CK_OBJECT_CLASS class, CK_KEY_TYPE type)
{
	struct attrs a = { 0 };

	assert_int_equal(attrs_set_ulong(&a, CKA_CLASS, class), CKR_OK);
	assert_int_equal(attrs_set_ulong(&a, CKA_KEY_TYPE, type), CKR_OK);
	assert_int_equal(attrs_set_text(&a, CKA_LABEL, "mine"), CKR_OK);
	assert_int_equal(attrs_set_unread(&a, CKA_ID), CKR_OK);
	return a;
}

static void
set_secret(struct attrs *a, bool sensitive, bool extractable)
{
	CK_RV rv = attrs_set_bool(a, CKA_SENSITIVE, sensitive);

	assert_int_equal(rv, CKR_OK);
	rv = attrs_set_bool(a, CKA_EXTRACTABLE, extractable);
	assert_int_equal(rv, CKR_OK);
	assert_int_equal(attrs_set_text(a, CKA_VALUE, "secret"), CKR_OK);
}

/* Asks for one attribute with room for 16 bytes; nothing may be written when
 * the answer is not CKR_OK. */
static CK_RV
ask(const struct attrs *a, CK_ATTRIBUTE_TYPE type)
{
	uint8_t room[16], untouched[16];
	CK_ATTRIBUTE wanted = { type, room, sizeof(room) };
	CK_RV rv;

	memset(room, 0xEE, sizeof(room));
	memset(untouched, 0xEE, sizeof(untouched));
	rv = attrs_answer(a, &wanted, 1);
	if (rv == CKR_OK)
		return rv;
	assert_true(wanted.ulValueLen == CK_UNAVAILABLE_INFORMATION);
	assert_memory_equal(room, untouched, sizeof(room));
	return rv;
}

static void
test_set_bad(void **state)
{
	struct attrs a = { 0 };
	uint8_t byte = 1;
	CK_ATTRIBUTE null_value = { CKA_LABEL, NULL, 3 };
	CK_ATTRIBUTE huge = { CKA_LABEL, &byte, CK_UNAVAILABLE_INFORMATION };
	CK_ATTRIBUTE nested = ENTRY(CKA_WRAP_TEMPLATE, null_value);

	assert_int_equal(attrs_set(&a, CKA_LABEL, cursor_of(NULL, 1)),
			 CKR_ATTRIBUTE_VALUE_INVALID);
	assert_int_equal(attrs_set_template(&a, &null_value, 1),
			 CKR_ATTRIBUTE_VALUE_INVALID);
	assert_int_equal(attrs_set_template(&a, &huge, 1),
			 CKR_ATTRIBUTE_VALUE_INVALID);
	assert_int_equal(attrs_set_template(&a, &nested, 1),
			 CKR_ATTRIBUTE_TYPE_INVALID);
	nested.type = CKA_ENCAPSULATE_TEMPLATE;
	assert_int_equal(attrs_set_template(&a, &nested, 1),
			 CKR_ATTRIBUTE_TYPE_INVALID);
	assert_int_equal(a.count, 0);
	attrs_free(&a);
	attrs_free(NULL);
}

static void
test_set_bad_keeps(void **state)
{
	struct attrs a = { 0 };

	assert_int_equal(attrs_set_text(&a, CKA_LABEL, "old"), CKR_OK);
	assert_int_equal(attrs_set(&a, CKA_LABEL, cursor_of(NULL, 1)),
			 CKR_ATTRIBUTE_VALUE_INVALID);
	assert_true(cursor_same(attrs_value(&a, CKA_LABEL), TEXT("old")));
	attrs_free(&a);
}

static void
test_absent(void **state)
{
	struct attrs a = { 0 };
	struct cursor value;

	assert_null(attrs_find(&a, CKA_LABEL));
	value = attrs_value(&a, CKA_LABEL);
	assert_false(cursor_ok(&value));
	assert_int_equal(attrs_ulong(&a, CKA_CLASS, 77), 77);
	assert_true(attrs_bool(&a, CKA_TOKEN, true));
	assert_false(attrs_bool(&a, CKA_TOKEN, false));
	attrs_remove(&a, CKA_LABEL);
	assert_int_equal(ask(&a, CKA_LABEL), CKR_ATTRIBUTE_TYPE_INVALID);
}

static void
test_wrong_size(void **state)
{
	struct attrs a = { 0 };

	assert_int_equal(attrs_set(&a, CKA_CLASS, BYTES(1, 2, 3)), CKR_OK);
	assert_int_equal(attrs_set(&a, CKA_TOKEN, BYTES(1, 1)), CKR_OK);
	assert_int_equal(attrs_ulong(&a, CKA_CLASS, 77), 77);
	assert_false(attrs_bool(&a, CKA_TOKEN, false));
	assert_true(attrs_bool(&a, CKA_TOKEN, true));
	attrs_free(&a);
}

static void
test_set(void **state)
{
	struct attrs a = { 0 };
	const struct attr *attr;

	assert_int_equal(attrs_set_ulong(&a, CKA_CLASS, CKO_DATA), CKR_OK);
	assert_int_equal(attrs_set_bool(&a, CKA_TOKEN, true), CKR_OK);
	assert_int_equal(attrs_set_text(&a, CKA_LABEL, "one"), CKR_OK);
	assert_int_equal(attrs_set_text(&a, CKA_LABEL, "three"), CKR_OK);
	assert_int_equal(attrs_set(&a, CKA_ID, cursor_of(NULL, 0)), CKR_OK);
	assert_int_equal(attrs_set_unread(&a, CKA_VALUE), CKR_OK);
	assert_int_equal(a.count, 5);
	assert_int_equal(attrs_ulong(&a, CKA_CLASS, 77), CKO_DATA);
	assert_true(attrs_bool(&a, CKA_TOKEN, false));
	assert_true(cursor_same(attrs_value(&a, CKA_LABEL), TEXT("three")));
	assert_true(cursor_same(attrs_value(&a, CKA_ID), TEXT("")));
	attr = attrs_find(&a, CKA_VALUE);
	assert_int_equal(attr->state, ATTR_UNREAD);
	assert_true(attrs_value(&a, CKA_VALUE).bad);
	/* reading it makes it present, and it may be forgotten again */
	assert_int_equal(attrs_set_text(&a, CKA_VALUE, "read"), CKR_OK);
	assert_true(cursor_same(attrs_value(&a, CKA_VALUE), TEXT("read")));
	assert_int_equal(attrs_set_unread(&a, CKA_VALUE), CKR_OK);
	assert_true(attrs_value(&a, CKA_VALUE).bad);
	assert_int_equal(a.count, 5);
	attrs_free(&a);
	assert_int_equal(a.count, 0);
	assert_null(a.list);
}

static void
test_set_own_value(void **state)
{
	struct attrs a = { 0 };

	assert_int_equal(attrs_set_text(&a, CKA_LABEL, "same"), CKR_OK);
	assert_int_equal(attrs_set(&a, CKA_LABEL, attrs_value(&a, CKA_LABEL)),
			 CKR_OK);
	assert_true(cursor_same(attrs_value(&a, CKA_LABEL), TEXT("same")));
	attrs_free(&a);
}

static void
test_many(void **state)
{
	struct attrs a = { 0 };

	for (CK_ULONG i = 0; i < 100; i++)
		assert_int_equal(attrs_set_ulong(&a, i, i * i), CKR_OK);
	for (CK_ULONG i = 0; i < 100; i += 2)
		attrs_remove(&a, i);
	assert_int_equal(a.count, 50);
	for (CK_ULONG i = 0; i < 100; i++)
		assert_int_equal(attrs_ulong(&a, i, 7), i % 2 ? i * i : 7);
	attrs_free(&a);
}

static void
test_template_and_copy(void **state)
{
	CK_ULONG class = CKO_PUBLIC_KEY;
	CK_MECHANISM_TYPE allowed[] = { CKM_ECDSA, CKM_ECDSA_SHA256 };
	CK_ATTRIBUTE list[] = { ENTRY(CKA_CLASS, class),
				ENTRY(CKA_ALLOWED_MECHANISMS, allowed),
				{ CKA_LABEL, NULL, 0 } };
	struct attrs a = { 0 }, b = { 0 };

	assert_int_equal(attrs_set_template(&a, list, 3), CKR_OK);
	assert_int_equal(attrs_set_unread(&a, CKA_ID), CKR_OK);
	assert_int_equal(attrs_set_text(&b, CKA_LABEL, "old"), CKR_OK);
	assert_int_equal(attrs_set_text(&b, CKA_VALUE, "kept"), CKR_OK);
	assert_int_equal(attrs_copy(&b, &a), CKR_OK);
	attrs_free(&a);
	assert_int_equal(attrs_ulong(&b, CKA_CLASS, 77), CKO_PUBLIC_KEY);
	assert_true(cursor_is(attrs_value(&b, CKA_ALLOWED_MECHANISMS), allowed,
			      sizeof(allowed)));
	assert_true(cursor_same(attrs_value(&b, CKA_LABEL), TEXT("")));
	assert_true(cursor_same(attrs_value(&b, CKA_VALUE), TEXT("kept")));
	assert_int_equal(attrs_find(&b, CKA_ID)->state, ATTR_UNREAD);
	attrs_free(&b);
}

static void
test_match(void **state)
{
	struct attrs a = key_of(CKO_PUBLIC_KEY, CKK_RSA);
	CK_ULONG class = CKO_PUBLIC_KEY, other = CKO_PRIVATE_KEY;
	char label[] = "mine", byte[] = "\1";
	CK_ATTRIBUTE list[] = { ENTRY(CKA_CLASS, other),
				{ CKA_LABEL, label, 4 },
				{ CKA_ID, byte, 1 } };

	assert_int_equal(attrs_match(&a, list, 3), MATCH_NO);
	list[0] = ENTRY(CKA_CLASS, class);
	assert_int_equal(attrs_match(&a, list, 0), MATCH_YES);
	assert_int_equal(attrs_match(&a, list, 2), MATCH_YES);
	assert_int_equal(attrs_match(&a, list, 3), MATCH_UNREAD);
	assert_true(attrs_unread(&a, list, 3));
	assert_false(attrs_unread(&a, list, 2));
	/* what cannot match is not worth a read, wherever it stands */
	list[1].ulValueLen = 3;
	assert_int_equal(attrs_match(&a, list, 3), MATCH_NO);
	list[1] = list[2];
	list[2] = (CK_ATTRIBUTE){ CKA_VALUE, byte, 1 };
	assert_int_equal(attrs_match(&a, list, 3), MATCH_NO);
	list[2] = (CK_ATTRIBUTE){ CKA_LABEL, NULL, 4 };
	assert_int_equal(attrs_match(&a, list, 3), MATCH_NO);
	attrs_free(&a);
}

static void
test_match_secret(void **state)
{
	struct attrs a = key_of(CKO_SECRET_KEY, CKK_AES);
	char text[] = "secret";
	CK_ATTRIBUTE guess = { CKA_VALUE, text, 6 };

	set_secret(&a, true, true);
	assert_int_equal(attrs_match(&a, &guess, 1), MATCH_NO);
	set_secret(&a, false, false);
	assert_int_equal(attrs_match(&a, &guess, 1), MATCH_NO);
	set_secret(&a, false, true);
	assert_int_equal(attrs_match(&a, &guess, 1), MATCH_YES);
	attrs_free(&a);
}

static void
test_answer_sensitive(void **state)
{
	static const CK_OBJECT_CLASS classes[] = { CKO_SECRET_KEY,
						   CKO_PRIVATE_KEY,
						   CKO_OTP_KEY };

	for (size_t i = 0; i < 3; i++) {
		struct attrs a = key_of(classes[i], CKK_GENERIC_SECRET);

		set_secret(&a, true, true);
		assert_int_equal(ask(&a, CKA_VALUE), CKR_ATTRIBUTE_SENSITIVE);
		set_secret(&a, true, false);
		assert_int_equal(ask(&a, CKA_VALUE), CKR_ATTRIBUTE_SENSITIVE);
		set_secret(&a, false, false);
		assert_int_equal(ask(&a, CKA_VALUE), CKR_ATTRIBUTE_SENSITIVE);
		set_secret(&a, false, true);
		assert_int_equal(ask(&a, CKA_VALUE), CKR_OK);
		/* a key that forgot to say is sensitive */
		attrs_remove(&a, CKA_SENSITIVE);
		assert_int_equal(ask(&a, CKA_VALUE), CKR_ATTRIBUTE_SENSITIVE);
		attrs_free(&a);
	}
}

static void
test_answer_rsa_parts(void **state)
{
	static const CK_ATTRIBUTE_TYPE parts[] = {
		CKA_PRIVATE_EXPONENT, CKA_PRIME_1,    CKA_PRIME_2,
		CKA_EXPONENT_1,	      CKA_EXPONENT_2, CKA_COEFFICIENT
	};
	struct attrs rsa = key_of(CKO_PRIVATE_KEY, CKK_RSA);
	struct attrs ec = key_of(CKO_PRIVATE_KEY, CKK_EC);
	struct attrs pq = key_of(CKO_PRIVATE_KEY, CKK_ML_DSA);
	CK_RV rv;

	/* refused for what the key has, also where the card keeps it */
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		rv = ask(&rsa, parts[i]);
		assert_int_equal(rv, CKR_ATTRIBUTE_SENSITIVE);
		rv = ask(&ec, parts[i]);
		assert_int_equal(rv, CKR_ATTRIBUTE_TYPE_INVALID);
		assert_int_equal(attrs_set_text(&ec, parts[i], "s"), CKR_OK);
		rv = ask(&ec, parts[i]);
		assert_int_equal(rv, CKR_ATTRIBUTE_SENSITIVE);
	}
	assert_int_equal(ask(&ec, CKA_VALUE), CKR_ATTRIBUTE_SENSITIVE);
	assert_int_equal(ask(&rsa, CKA_VALUE), CKR_ATTRIBUTE_TYPE_INVALID);
	assert_int_equal(ask(&rsa, CKA_SEED), CKR_ATTRIBUTE_TYPE_INVALID);
	assert_int_equal(ask(&pq, CKA_SEED), CKR_ATTRIBUTE_SENSITIVE);
	assert_int_equal(ask(&rsa, CKA_LABEL), CKR_OK);
	attrs_free(&rsa);
	attrs_free(&ec);
	attrs_free(&pq);
}

static void
test_answer_not_secret(void **state)
{
	struct attrs a = key_of(CKO_CERTIFICATE, CKK_RSA);

	assert_int_equal(attrs_set_text(&a, CKA_VALUE, "public"), CKR_OK);
	assert_int_equal(ask(&a, CKA_VALUE), CKR_OK);
	attrs_free(&a);
}

static void
test_answer_short_room(void **state)
{
	struct attrs a = key_of(CKO_DATA, CKK_RSA);
	uint8_t room[4] = { 9, 9, 9, 9 };
	CK_ATTRIBUTE wanted = { CKA_LABEL, room, 3 };

	assert_int_equal(attrs_answer(&a, &wanted, 1), CKR_BUFFER_TOO_SMALL);
	assert_true(wanted.ulValueLen == CK_UNAVAILABLE_INFORMATION);
	assert_memory_equal(room, ((uint8_t[]){ 9, 9, 9, 9 }), 4);
	attrs_free(&a);
}

static void
test_answer_goes_on(void **state)
{
	struct attrs a = key_of(CKO_SECRET_KEY, CKK_AES);
	uint8_t label[4], byte;
	CK_ULONG class = 0;
	CK_ATTRIBUTE list[] = {
		{ CKA_LABEL, &byte, 1 }, { CKA_MODULUS, &byte, 1 },
		{ CKA_VALUE, &byte, 1 }, { CKA_ID, NULL, 0 },
		{ CKA_LABEL, label, 4 }, ENTRY(CKA_CLASS, class),
		{ CKA_LABEL, NULL, 0 },
	};

	set_secret(&a, true, true);
	assert_int_equal(attrs_answer(&a, list, 7), CKR_ATTRIBUTE_SENSITIVE);
	for (int i = 0; i < 4; i++)
		assert_true(list[i].ulValueLen == CK_UNAVAILABLE_INFORMATION);
	assert_memory_equal(label, "mine", 4);
	assert_int_equal(list[4].ulValueLen, 4);
	assert_int_equal(class, CKO_SECRET_KEY);
	assert_int_equal(list[6].ulValueLen, 4);
	/* the gravest of what is left */
	list[2] = list[1];
	list[0].ulValueLen = 1;
	assert_int_equal(attrs_answer(&a, list, 7), CKR_ATTRIBUTE_TYPE_INVALID);
	list[0].ulValueLen = 1;
	assert_int_equal(attrs_answer(&a, list, 1), CKR_BUFFER_TOO_SMALL);
	assert_int_equal(attrs_answer(&a, list, 0), CKR_OK);
	attrs_free(&a);
}

static void
test_answer_sizes(void **state)
{
	struct attrs a = key_of(CKO_DATA, CKK_RSA);
	uint8_t room[8] = { 9, 9, 9, 9, 9, 9, 9, 9 };
	CK_ATTRIBUTE list[] = { { CKA_LABEL, NULL, 77 },
				{ CKA_LABEL, room, 8 },
				{ CKA_VALUE, room + 7, 0 } };

	assert_int_equal(attrs_set(&a, CKA_VALUE, TEXT("")), CKR_OK);
	assert_int_equal(attrs_answer(&a, list, 3), CKR_OK);
	assert_int_equal(list[0].ulValueLen, 4);
	assert_int_equal(list[1].ulValueLen, 4);
	assert_int_equal(list[2].ulValueLen, 0);
	assert_memory_equal(room, "mine\t\t\t\t", 8);
	attrs_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/base/attrs/set/bad", test_set_bad),
		CASE("/base/attrs/set/bad-keeps", test_set_bad_keeps),
		CASE("/base/attrs/find/absent", test_absent),
		CASE("/base/attrs/find/wrong-size", test_wrong_size),
		CASE("/base/attrs/match/secret", test_match_secret),
		CASE("/base/attrs/answer/sensitive", test_answer_sensitive),
		CASE("/base/attrs/answer/rsa-parts", test_answer_rsa_parts),
		CASE("/base/attrs/answer/short-room", test_answer_short_room),
		CASE("/base/attrs/answer/goes-on", test_answer_goes_on),
		CASE("/base/attrs/answer/not-secret", test_answer_not_secret),
		CASE("/base/attrs/answer/sizes", test_answer_sizes),
		CASE("/base/attrs/set", test_set),
		CASE("/base/attrs/set/own-value", test_set_own_value),
		CASE("/base/attrs/set/many", test_many),
		CASE("/base/attrs/copy", test_template_and_copy),
		CASE("/base/attrs/match", test_match),
	};

	return cmocka_run_group_tests_name("/base/attrs", tests, NULL, NULL);
}
