/* Data objects: there for who asks for them, and for nobody else. */
#include "script.h"

#define GET(tag)    "> 00CB3FFF055C03" tag "00\n"
#define ABSENT(tag) GET(tag) "< 6A82\n"
#define DISCOVERY   "7E124F0BA0000003080000100001005F2F024000"

static struct script *script;
static CK_OBJECT_CLASS data = CKO_DATA;
static CK_ATTRIBUTE by_class = { CKA_CLASS, &data, sizeof(data) };

static int
setup(void **state)
{
	script = script_new();
	return 0;
}

static int
teardown(void **state)
{
	script_free(script);
	return 0;
}

/* All that comes after the chip's certificates, absent. */
static void
add_rest(void)
{
	script_add(script, ABSENT("5FC106") "> 00CB3FFF035C017E00\n< " DISCOVERY
					    "9000\n" ABSENT("5FC10C"));
}

static void
add_last(void)
{
	script_add(script, ABSENT("5FC10D"));
	script_add(script, "> 00CB3FFF045C027F6100\n< 7F6103020100"
			   "9000\n" ABSENT("5FC122"));
}

static void
add_public(void)
{
	script_add(script, GET("5FC107") "< 5303F101219000\n");
	script_add(script, GET("5FC102") "< 53009000\n");
	script_add(script, ABSENT("5FC105") ABSENT("5FC10A") ABSENT("5FC10B"));
	script_add(script, ABSENT("5FC101"));
	add_rest();
	add_last();
}

/* A search for all, or for keys, does not see them, even when they are read. */
static void
not_sought(void **state)
{
	struct token *t = script_token(script, true);
	CK_OBJECT_CLASS keys = CKO_SECRET_KEY;
	CK_ATTRIBUTE match = { CKA_CLASS, &keys, sizeof(keys) };
	uint8_t long_id[2] = { 0 };
	CK_ATTRIBUTE id = { CKA_ID, long_id, sizeof(long_id) };

	assert_int_equal(find_count(t, &match, 1), 0);
	assert_int_equal(find_count(t, &id, 1), 0);
	add_public();
	assert_int_equal(find_count(t, &by_class, 1), 3);
	script_done(script);
	assert_int_equal(find_count(t, &match, 1), 0);
	assert_int_equal(find_count(t, &id, 1), 0);
	/* absent or read: nothing is asked a second time */
	assert_int_equal(find_count(t, &by_class, 1), 3);
	token_unref(t);
}

static void
value_is(struct token *t, uint64_t id, CK_ATTRIBUTE_TYPE type,
	 struct cursor wanted)
{
	uint8_t value[256];
	CK_ATTRIBUTE a = { type, value, sizeof(value) };

	assert_int_equal(t->ops->attributes_get(t, id, &a, 1), CKR_OK);
	assert_true(cursor_same(cursor_of(value, a.ulValueLen), wanted));
}

/* Who knows what it is called asks for nothing else. */
static void
by_object_id(void **state)
{
	struct token *t = script_token(script, true);
	/* 2.16.840.1.101.3.7.2.96.80: the discovery object */
	struct cursor oid = hex("060A60864801650307026050");
	CK_ATTRIBUTE match = { CKA_OBJECT_ID, (void *)oid.at, oid.left };
	struct ids found = { 0 };
	struct template wanted = { &match, 1 };

	script_add(script, "> 00CB3FFF035C017E00\n< " DISCOVERY "9000\n");
	assert_int_equal(t->ops->search(t, wanted, &found), CKR_OK);
	assert_int_equal(found.count, 1);
	value_is(t, found.list[0], CKA_VALUE, hex(DISCOVERY));
	value_is(t, found.list[0], CKA_LABEL,
		 cursor_of("Discovery Object", 16));
	value_is(t, found.list[0], CKA_APPLICATION,
		 cursor_of("Discovery Object", 16));
	/* OpenSC's tools give it without its tag */
	match.pValue = (void *)(oid.at + 2);
	match.ulValueLen -= 2;
	ids_free(&found);
	assert_int_equal(t->ops->search(t, wanted, &found), CKR_OK);
	assert_int_equal(found.count, 1);
	match.ulValueLen--;
	ids_free(&found);
	assert_int_equal(t->ops->search(t, wanted, &found), CKR_OK);
	assert_int_equal(found.count, 0);
	ids_free(&found);
	token_unref(t);
}

/* What wants the PIN is not asked for before, and shows after it. */
static void
behind_the_pin(void **state)
{
	struct token *t = script_login(script, true);
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE match[] = { by_class, { CKA_PRIVATE, &yes, 1 } };
	struct ids found = { 0 };
	struct template wanted = { match, 2 };

	script_add(script, ABSENT("5FC103"));
	script_add(script, script_proof);
	script_add(script, GET("5FC109") "< 530788058903AABBCC9000\n");
	/* one that it does not show all the same */
	script_add(script, GET("5FC108") "< 6982\n> 00200080\n< 9000\n");
	script_add(script, GET("5FC108") "< 6982\n");
	script_add(script, ABSENT("5FC121"));
	script_add(script, GET("5FC123") "< 9000\n");
	assert_int_equal(t->ops->search(t, wanted, &found), CKR_OK);
	assert_int_equal(found.count, 1);
	value_is(t, found.list[0], CKA_VALUE, hex("530788058903AABBCC"));
	value_is(t, found.list[0], CKA_LABEL,
		 cursor_of("Printed Information", 19));
	script_add(script, script_forget);
	assert_int_equal(t->ops->logout(t), CKR_OK);
	assert_int_equal(find_count(t, match, 2), 0);
	ids_free(&found);
	token_unref(t);
}

/* Another program has ended what the PIN allowed: it is verified again, and not
 * on the last try. */
static void
behind_the_pin_again(void **state)
{
	CK_ATTRIBUTE match[] = {
		by_class, { CKA_LABEL, (char[]){ "Printed Information" }, 19 }
	};
	struct token *t = script_login(script, true);

	script_add(script, GET("5FC109") "< 6D00\n"
					 "> 00CB3FFF035C017E00\n< 6D00\n");
	script_add(script, script_select);
	script_add(script, GET("5FC109") "< 6982\n> 00200080\n< 63C3\n");
	script_add(script, script_verify);
	script_add(script, GET("5FC109") "< 530788058903AABBCC9000\n");
	assert_int_equal(find_count(t, match, 2), 1);
	assert_int_equal(t->ops->login_state(t), LOGIN_USER);
	script_add(script, script_forget);
	assert_int_equal(t->ops->logout(t), CKR_OK);
	script_add(script, script_proof);
	script_add(script, script_verify);
	assert_int_equal(t->ops->login(t, LOGIN_USER, cursor_of("123456", 6)),
			 CKR_OK);
	script_add(script, GET("5FC109") "< 6982\n");
	script_add(script, script_proof);
	script_add(script, "> 00200080\n< 63C1\n");
	assert_int_equal(find_count(t, match, 2), 0);
	assert_int_equal(t->ops->login_state(t), LOGIN_NONE);
	token_unref(t);
}

/* A private object is read anew after each login: another program may have
 * taken it away. */
static void
gone(void **state)
{
	CK_ATTRIBUTE match[] = {
		by_class, { CKA_LABEL, (char[]){ "Printed Information" }, 19 }
	};
	struct token *t = script_login(script, true);
	struct template wanted = { match, 2 };
	struct ids found = { 0 };
	uint8_t value[64];
	CK_ATTRIBUTE a = { CKA_VALUE, value, sizeof(value) };

	script_add(script, GET("5FC109") "< 530788058903AABBCC9000\n");
	assert_int_equal(t->ops->search(t, wanted, &found), CKR_OK);
	assert_int_equal(found.count, 1);
	script_add(script, script_forget);
	assert_int_equal(t->ops->logout(t), CKR_OK);
	assert_int_equal(t->ops->attributes_get(t, found.list[0], &a, 1),
			 CKR_OBJECT_HANDLE_INVALID);
	script_add(script, script_proof);
	script_add(script, script_verify);
	assert_int_equal(t->ops->login(t, LOGIN_USER, cursor_of("123456", 6)),
			 CKR_OK);
	script_add(script, ABSENT("5FC109"));
	script_add(script, script_proof);
	assert_int_equal(t->ops->attributes_get(t, found.list[0], &a, 1),
			 CKR_OBJECT_HANDLE_INVALID);
	assert_int_equal(find_count(t, match, 2), 0);
	ids_free(&found);
	token_unref(t);
}

/* Retired certificates as data follow the rule of their keys. */
static void
retired(void **state)
{
	/* 2.16.840.1.101.3.7.2.16.2: the second */
	struct cursor oid = hex("60864801650307021002");
	CK_ATTRIBUTE match[] = {
		by_class, { CKA_OBJECT_ID, (void *)oid.at, oid.left }
	};
	struct token *t = script_token(script, true);

	script_add(script, ABSENT("5FC10D"));
	script_add(script, script_proof);
	assert_int_equal(find_count(t, match, 2), 0);
	token_unref(t);
}

/* Another applet's answers are not the card's data. */
static void
wrong_applet(void **state)
{
	struct token *t = script_token(script, true);
	CK_ATTRIBUTE match[] = {
		by_class, { CKA_LABEL, (char[]){ "Security Object" }, 15 }
	};

	script_add(script, GET("5FC106") "< 6D00\n"
					 "> 00CB3FFF035C017E00\n< 6D00\n");
	script_add(script, script_select);
	script_add(script, GET("5FC106") "< 5304BA02BB009000\n");
	assert_int_equal(find_count(t, match, 2), 1);
	token_unref(t);
}

#define CASE(name, function)                                              \
	{                                                                 \
		"/cardos/piv_data/" name, function, setup, teardown, NULL \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("not-sought", not_sought),
		CASE("by-object-id", by_object_id),
		CASE("behind-the-pin", behind_the_pin),
		CASE("behind-the-pin/again", behind_the_pin_again),
		CASE("gone", gone),
		CASE("retired", retired),
		CASE("wrong-applet", wrong_applet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
