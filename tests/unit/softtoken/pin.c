/* Tests of softtoken/soft_pin.c: PINs, their tries, and who may set them. */
#include "place.h"

#include <pthread.h>
#include <string.h>

static CK_FLAGS
flags_of(struct token *t)
{
	CK_TOKEN_INFO info;

	assert_int_equal(t->ops->info(t, &info), CKR_OK);
	return info.flags & (CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY |
			     CKF_USER_PIN_LOCKED | CKF_SO_PIN_COUNT_LOW |
			     CKF_SO_PIN_FINAL_TRY | CKF_SO_PIN_LOCKED |
			     CKF_USER_PIN_INITIALIZED);
}

static void
try_wrong(struct token *t, enum login user)
{
	assert_int_equal(t->ops->login(t, user, TEXT("wrong-pin")),
			 CKR_PIN_INCORRECT);
	assert_int_equal(t->ops->login_state(t), LOGIN_NONE);
}

/* No try is spent on what cannot be a PIN. */
static void
test_length(void **state)
{
	static const uint8_t much[256];
	struct place p;
	struct token *t;

	place_open(&p);
	p.config.softtoken_tries = 3;
	place_list(&p);
	t = p.list[0].token;
	assert_int_equal(t->ops->init(t, TEXT("abc"), TEXT("x")),
			 CKR_PIN_LEN_RANGE);
	assert_int_equal(t->ops->init(t, cursor_of(much, 256), TEXT("x")),
			 CKR_PIN_LEN_RANGE);
	assert_int_equal(t->ops->init(t, cursor_of(NULL, 0), TEXT("x")),
			 CKR_ARGUMENTS_BAD);
	t = place_token(&p);
	assert_int_equal(t->ops->init(t, TEXT("abc"), TEXT("x")),
			 CKR_PIN_INCORRECT);
	for (int i = 0; i < 4; i++)
		assert_int_equal(t->ops->login(t, LOGIN_USER, TEXT("abc")),
				 CKR_PIN_INCORRECT);
	assert_int_equal(t->ops->login(t, LOGIN_USER, cursor_of(much, 256)),
			 CKR_PIN_INCORRECT);
	assert_int_equal(t->ops->login(t, LOGIN_USER, cursor_of(NULL, 0)),
			 CKR_ARGUMENTS_BAD);
	assert_int_equal(flags_of(t), CKF_USER_PIN_INITIALIZED);
	place_close(&p);
}

static void
test_tries(void **state)
{
	struct place p;
	struct token *t;

	place_open(&p);
	p.config.softtoken_tries = 3;
	t = place_token(&p);
	try_wrong(t, LOGIN_USER);
	assert_int_equal(flags_of(t),
			 CKF_USER_PIN_INITIALIZED | CKF_USER_PIN_COUNT_LOW);
	log_in(t, LOGIN_USER);
	log_out(t);
	assert_int_equal(flags_of(t), CKF_USER_PIN_INITIALIZED);
	try_wrong(t, LOGIN_USER);
	try_wrong(t, LOGIN_USER);
	assert_int_equal(flags_of(t), CKF_USER_PIN_INITIALIZED |
					      CKF_USER_PIN_COUNT_LOW |
					      CKF_USER_PIN_FINAL_TRY);
	try_wrong(t, LOGIN_USER);
	assert_int_equal(flags_of(t),
			 CKF_USER_PIN_INITIALIZED | CKF_USER_PIN_LOCKED);
	/* a locked counter wins over the right PIN, in the next process too */
	assert_int_equal(t->ops->login(t, LOGIN_USER, TEXT(USER_PIN)),
			 CKR_PIN_LOCKED);
	place_forget(&p);
	place_list(&p);
	t = p.list[0].token;
	assert_int_equal(t->ops->login(t, LOGIN_USER, TEXT(USER_PIN)),
			 CKR_PIN_LOCKED);
	assert_int_equal(t->ops->pin_change(t, TEXT(USER_PIN), TEXT("newer")),
			 CKR_PIN_LOCKED);
	/* only the SO ends that */
	log_in(t, LOGIN_SO);
	assert_int_equal(t->ops->pin_init(t, TEXT("another")), CKR_OK);
	log_out(t);
	assert_int_equal(t->ops->login(t, LOGIN_USER, TEXT("another")), CKR_OK);
	place_close(&p);
}

static void
test_tries_so(void **state)
{
	struct place p;
	struct token *t;

	place_open(&p);
	p.config.softtoken_tries = 2;
	t = place_token(&p);
	assert_int_equal(t->ops->init(t, TEXT("wrong-pin"), TEXT("x")),
			 CKR_PIN_INCORRECT);
	assert_int_equal(flags_of(t), CKF_USER_PIN_INITIALIZED |
					      CKF_SO_PIN_COUNT_LOW |
					      CKF_SO_PIN_FINAL_TRY);
	try_wrong(t, LOGIN_SO);
	assert_int_equal(flags_of(t),
			 CKF_USER_PIN_INITIALIZED | CKF_SO_PIN_LOCKED);
	assert_int_equal(t->ops->login(t, LOGIN_SO, TEXT(SO_PIN)),
			 CKR_PIN_LOCKED);
	assert_int_equal(t->ops->init(t, TEXT(SO_PIN), TEXT("x")),
			 CKR_PIN_LOCKED);
	/* the user's PIN has a counter of its own */
	log_in(t, LOGIN_USER);
	place_close(&p);
}

static void
test_no_limit(void **state)
{
	struct place p;
	struct token *t;

	place_open(&p);
	t = place_token(&p);
	for (int i = 0; i < 20; i++)
		try_wrong(t, LOGIN_USER);
	assert_int_equal(flags_of(t), CKF_USER_PIN_INITIALIZED);
	log_in(t, LOGIN_USER);
	place_close(&p);
}

/* Another process's failures count here: both look into the file. */
static void
test_tries_shared(void **state)
{
	struct place p, q;
	struct token *a, *b;

	place_open(&p);
	p.config.softtoken_tries = 3;
	a = place_token(&p);
	q = p;
	q.count = 0;
	place_list(&q);
	b = q.list[0].token;
	try_wrong(a, LOGIN_USER);
	try_wrong(b, LOGIN_USER);
	try_wrong(a, LOGIN_USER);
	assert_int_equal(b->ops->login(b, LOGIN_USER, TEXT(USER_PIN)),
			 CKR_PIN_LOCKED);
	assert_true(flags_of(b) & CKF_USER_PIN_LOCKED);
	place_forget(&q);
	place_close(&p);
}

static void
test_already(void **state)
{
	struct place p;
	struct token *t;

	place_open(&p);
	t = place_token(&p);
	log_in(t, LOGIN_USER);
	assert_int_equal(t->ops->login(t, LOGIN_USER, TEXT(USER_PIN)),
			 CKR_USER_ALREADY_LOGGED_IN);
	assert_int_equal(t->ops->login(t, LOGIN_SO, TEXT(SO_PIN)),
			 CKR_USER_ANOTHER_ALREADY_LOGGED_IN);
	assert_int_equal(t->ops->pin_init(t, TEXT("stolen")),
			 CKR_USER_NOT_LOGGED_IN);
	log_out(t);
	assert_int_equal(t->ops->pin_init(t, TEXT("stolen")),
			 CKR_USER_NOT_LOGGED_IN);
	place_close(&p);
}

/* The user's wrapped key does not open for the SO, were it put there. */
static void
test_swapped_roles(void **state)
{
	struct place p;
	struct token *t;

	place_open(&p);
	place_token(&p);
	place_sql(&p, "UPDATE pin SET role = role + 10;"
		      "UPDATE pin SET role = 13 - role;");
	place_forget(&p);
	place_list(&p);
	t = p.list[0].token;
	assert_int_equal(t->ops->login(t, LOGIN_SO, TEXT(USER_PIN)),
			 CKR_PIN_INCORRECT);
	assert_int_equal(t->ops->login(t, LOGIN_USER, TEXT(SO_PIN)),
			 CKR_PIN_INCORRECT);
	place_close(&p);
}

/* A file that asks for an endless KDF, or none, is refused. */
static void
test_absurd_kdf(void **state)
{
	static const char *const changes[] = {
		"UPDATE pin SET cost = 4294967295",
		"UPDATE pin SET cost = 1",
		"UPDATE pin SET kdf = 7",
		"UPDATE pin SET kdf = 1, cost = 2000000000",
	};

	for (size_t i = 0; i < COUNT(changes); i++) {
		struct place p;
		struct token *t;

		place_open(&p);
		t = place_token(&p);
		place_sql(&p, changes[i]);
		assert_int_equal(t->ops->login(t, LOGIN_USER, TEXT(USER_PIN)),
				 CKR_DEVICE_ERROR);
		place_close(&p);
	}
}

static void
test_change(void **state)
{
	struct place p;
	struct token *t;
	uint64_t id;

	place_open(&p);
	t = place_token(&p);
	log_in(t, LOGIN_USER);
	assert_int_equal(make_data(t, "private", "x", true, &id), CKR_OK);
	assert_int_equal(
		t->ops->pin_change(t, TEXT("wrong-pin"), TEXT("user-2")),
		CKR_PIN_INCORRECT);
	assert_int_equal(t->ops->pin_change(t, TEXT(USER_PIN), TEXT("abc")),
			 CKR_PIN_LEN_RANGE);
	assert_int_equal(t->ops->pin_change(t, TEXT(USER_PIN), TEXT("user-2")),
			 CKR_OK);
	log_out(t);
	try_wrong(t, LOGIN_USER);
	assert_int_equal(t->ops->login(t, LOGIN_USER, TEXT(USER_PIN)),
			 CKR_PIN_INCORRECT);
	assert_int_equal(t->ops->login(t, LOGIN_USER, TEXT("user-2")), CKR_OK);
	assert_int_equal(count_objects(t, "private"), 1);
	log_out(t);
	/* nobody logged in: the user's; the SO logged in: the SO's */
	assert_int_equal(t->ops->pin_change(t, TEXT("user-2"), TEXT("user-3")),
			 CKR_OK);
	log_in(t, LOGIN_SO);
	assert_int_equal(t->ops->pin_change(t, TEXT(SO_PIN), TEXT("so-2")),
			 CKR_OK);
	log_out(t);
	assert_int_equal(t->ops->login(t, LOGIN_SO, TEXT(SO_PIN)),
			 CKR_PIN_INCORRECT);
	assert_int_equal(t->ops->login(t, LOGIN_SO, TEXT("so-2")), CKR_OK);
	/* a new user PIN of the SO's leaves the objects */
	assert_int_equal(t->ops->pin_init(t, TEXT("user-4")), CKR_OK);
	log_out(t);
	assert_int_equal(t->ops->login(t, LOGIN_USER, TEXT("user-4")), CKR_OK);
	assert_int_equal(count_objects(t, "private"), 1);
	place_close(&p);
}

static void
test_init_again(void **state)
{
	struct place p, q;
	struct token *t, *elsewhere;
	CK_TOKEN_INFO info;
	uint64_t old, id;

	place_open(&p);
	t = place_token(&p);
	log_in(t, LOGIN_USER);
	assert_int_equal(make_data(t, "old", "x", true, &old), CKR_OK);
	assert_int_equal(make_data(t, "old", "x", false, &id), CKR_OK);
	log_out(t);
	q = p;
	q.count = 0;
	place_list(&q);
	elsewhere = q.list[0].token;
	log_in(elsewhere, LOGIN_USER);
	assert_int_equal(count_objects(elsewhere, "old"), 2);

	assert_int_equal(t->ops->init(t, TEXT("wrong-pin"), TEXT("new")),
			 CKR_PIN_INCORRECT);
	assert_int_equal(count_objects(t, "old"), 1);
	assert_int_equal(t->ops->init(t, TEXT(SO_PIN), TEXT("new")), CKR_OK);
	assert_int_equal(t->ops->info(t, &info), CKR_OK);
	assert_memory_equal(info.label, "new     ", 8);
	assert_int_equal(info.flags & CKF_USER_PIN_INITIALIZED, 0);
	assert_int_equal(t->ops->login(t, LOGIN_USER, TEXT(USER_PIN)),
			 CKR_USER_PIN_NOT_INITIALIZED);
	assert_int_equal(count_objects(t, NULL), 0);

	/* the login that stands elsewhere is over, and seals nothing more */
	assert_int_equal(make_data(elsewhere, "late", "x", true, &id),
			 CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(count_objects(elsewhere, NULL), 0);
	assert_int_equal(elsewhere->ops->login_state(elsewhere), LOGIN_NONE);
	/* and no id is ever given again */
	assert_int_equal(make_data(t, "first", "x", false, &id), CKR_OK);
	assert_true(id > old + 1);
	place_forget(&q);
	place_close(&p);
}

/* A KDF that costs more by now is brought in at a login, a cheaper one not. */
static void
test_kdf_raised(void **state)
{
	struct place p;
	struct token *t;
	struct pin_record now;

	place_open(&p);
	place_token(&p);
	place_forget(&p);
	p.config.softtoken_kdf = (char *)"pbkdf2:3000";
	place_list(&p);
	t = p.list[0].token;
	log_in(t, LOGIN_USER);
	soft_lock(soft_of(t));
	now = soft_of(t)->user;
	soft_unlock(soft_of(t));
	assert_int_equal(now.cost, 3000);
	place_forget(&p);
	p.config.softtoken_kdf = (char *)"pbkdf2:1000";
	place_list(&p);
	t = p.list[0].token;
	log_in(t, LOGIN_USER);
	assert_int_equal(soft_of(t)->user.cost, 3000);
	assert_int_equal(soft_of(t)->so.cost, 1000);
	place_close(&p);
}

struct initialiser {
	struct place place;
	struct token *token;
	CK_RV rv;
};

static void *
initialise(void *argument)
{
	struct initialiser *i = argument;

	i->rv = i->token->ops->init(i->token, TEXT(SO_PIN), TEXT("again"));
	return NULL;
}

/* Two that have the right SO PIN: who comes second in the middle of the other's
 * work is not told that the PIN is wrong. */
static void
test_init_at_once(void **state)
{
	struct initialiser two[2];
	struct place p;
	pthread_t threads[2];
	size_t made = 0;

	place_open(&p);
	place_token(&p);
	place_forget(&p);
	p.config.softtoken_kdf = (char *)"pbkdf2:200000";
	for (size_t i = 0; i < COUNT(two); i++) {
		two[i].place = p;
		place_list(&two[i].place);
		two[i].token = two[i].place.list[0].token;
	}
	for (size_t i = 0; i < COUNT(two); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, initialise,
						&two[i]),
				 0);
	for (size_t i = 0; i < COUNT(two); i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	for (size_t i = 0; i < COUNT(two); i++) {
		made += two[i].rv == CKR_OK;
		if (two[i].rv != CKR_OK)
			assert_int_equal(two[i].rv, CKR_FUNCTION_FAILED);
		log_in(two[i].token, LOGIN_SO);
		place_forget(&two[i].place);
	}
	assert_in_range(made, 1, 2);
	place_close(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ "/softtoken/pin/length", test_length },
		{ "/softtoken/pin/tries", test_tries },
		{ "/softtoken/pin/tries/so", test_tries_so },
		{ "/softtoken/pin/tries/shared", test_tries_shared },
		{ "/softtoken/pin/already", test_already },
		{ "/softtoken/pin/swapped-roles", test_swapped_roles },
		{ "/softtoken/pin/absurd-kdf", test_absurd_kdf },
		{ "/softtoken/pin/no-limit", test_no_limit },
		{ "/softtoken/pin/change", test_change },
		{ "/softtoken/pin/init-again", test_init_again },
		{ "/softtoken/pin/init-at-once", test_init_at_once },
		{ "/softtoken/pin/kdf-raised", test_kdf_raised },
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
