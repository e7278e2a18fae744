/* Whose login a key that wants the PIN each time is used with. */
#include "script.h"

#define SIGN_9C "> 0087119C267C2482008120*\n"

static struct script *script;
static struct maker ec;

static int
setup_once(void **state)
{
	maker_ec(&ec, "P-256", NULL);
	return 0;
}

static int
teardown_once(void **state)
{
	maker_free(&ec);
	return 0;
}

static int
setup(void **state)
{
	script = script_new();
	script->chip = &ec;
	return 0;
}

static int
teardown(void **state)
{
	script_free(script);
	return 0;
}

/* A token, logged in, with the key of 9C read. */
static struct token *
ready(bool pin_keep, uint64_t *key)
{
	struct token *t = script_login(script, pin_keep);

	script_certificate(script, "5FC10A", &ec);
	*key = find_one(t, CKO_PRIVATE_KEY, 2);
	assert_int_not_equal(*key, 0);
	script_done(script);
	return t;
}

static struct operation *
start(struct token *t, uint64_t key)
{
	CK_MECHANISM m = { .mechanism = CKM_ECDSA_SHA256 };
	struct operation_key k = { .id = key };
	struct operation *o = NULL;

	assert_int_equal(t->ops->operation_start(t, OPERATION_SIGN, &m, &k, &o),
			 CKR_OK);
	return o;
}

static void
login(struct operation *o)
{
	script_add(script, script_proof);
	script_add(script, script_verify);
	assert_int_equal(o->ops->login(o, cursor_of("123456", 6)), CKR_OK);
	script_done(script);
}

static CK_RV
finish(struct operation *o)
{
	struct builder out = builder_heap(1024);
	CK_RV rv = o->ops->update(o, cursor_of("x", 1), &out);

	if (rv == CKR_OK)
		rv = o->ops->finish(o, cursor_of(NULL, 0), &out);
	builder_free(&out);
	o->ops->free(o);
	script_done(script);
	return rv;
}

/* The card would take it for the VERIFY that came last, whoever gave it
 * (PKCS#11 3.2, 4.9: it authenticates the active key of that operation). */
static void
other_login(void **state)
{
	uint64_t key;
	struct token *t = ready(true, &key);
	struct operation *with = start(t, key), *without = start(t, key);

	login(with);
	assert_int_equal(finish(without), CKR_USER_NOT_LOGGED_IN);
	script_add(script, SIGN_9C "< @\n");
	assert_int_equal(finish(with), CKR_OK);
	/* nor when it was used */
	assert_int_equal(finish(start(t, key)), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(t->ops->login_state(t), LOGIN_USER);
	token_unref(t);
}

/* C_Login alone is for whom the card lets use it, as before. */
static void
login_anew(void **state)
{
	uint64_t key;
	struct token *t = ready(true, &key);
	struct operation *with = start(t, key);

	login(with);
	script_add(script, SIGN_9C "< @\n");
	assert_int_equal(finish(with), CKR_OK);
	script_add(script, script_forget);
	assert_int_equal(t->ops->logout(t), CKR_OK);
	script_add(script, script_proof);
	script_add(script, script_verify);
	assert_int_equal(t->ops->login(t, LOGIN_USER, cursor_of("123456", 6)),
			 CKR_OK);
	script_add(script, SIGN_9C "< @\n");
	assert_int_equal(finish(start(t, key)), CKR_OK);
	token_unref(t);
}

/* Two that have their own: the first finds its VERIFY overtaken, which the
 * card takes all the same, and the second repeats its own. */
static void
both_logins(void **state)
{
	uint64_t key;
	struct token *t = ready(true, &key);
	struct operation *first = start(t, key), *second = start(t, key);

	login(first);
	login(second);
	script_add(script, SIGN_9C "< @\n");
	assert_int_equal(finish(first), CKR_OK);
	script_add(script, SIGN_9C "< 6982\n");
	script_add(script, script_proof);
	script_add(script, "> 00200080\n< 63C3\n");
	script_add(script, script_verify);
	script_add(script, SIGN_9C "< @\n");
	assert_int_equal(finish(second), CKR_OK);
	token_unref(t);
}

/* Where no PIN is kept the last login is the one that counts. */
static void
both_logins_not_kept(void **state)
{
	uint64_t key;
	struct token *t = ready(false, &key);
	struct operation *first = start(t, key), *second = start(t, key);

	login(first);
	login(second);
	assert_int_equal(finish(first), CKR_USER_NOT_LOGGED_IN);
	script_add(script, SIGN_9C "< @\n");
	assert_int_equal(finish(second), CKR_OK);
	token_unref(t);
}

#define CASE(name, function)                                    \
	{                                                       \
		"/cardos/card_compute/" name, function, setup, \
			teardown, NULL                          \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("login/of-another", other_login),
		CASE("login/anew", login_anew),
		CASE("login/both", both_logins),
		CASE("login/both/not-kept", both_logins_not_kept),
	};

	return cmocka_run_group_tests_name("/cardos/card_compute", tests,
					   setup_once, teardown_once);
}
