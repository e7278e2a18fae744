/* CK_TOKEN_INFO of a card, what it costs, and the end of a card. */
#include <string.h>

#include "script.h"

static struct script *script;

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

static void
field_is(const uint8_t *field, size_t size, const char *text)
{
	assert_memory_equal(field, text, strlen(text));
	for (size_t i = strlen(text); i < size; i++)
		assert_int_equal(field[i], ' ');
}

/* Everything says so from now on, and nothing is sent. */
static void
gone(struct token *t)
{
	unsigned begins = script->begins;
	CK_TOKEN_INFO info;
	CK_MECHANISM m = { .mechanism = CKM_ECDSA };
	struct operation_key k = { .id = 1 };
	struct operation *o = NULL;
	struct ids found = { 0 };

	assert_int_equal(t->ops->info(t, &info), CKR_DEVICE_REMOVED);
	assert_int_equal(t->ops->login(t, LOGIN_USER, cursor_of("123456", 6)),
			 CKR_DEVICE_REMOVED);
	assert_int_equal(t->ops->logout(t), CKR_DEVICE_REMOVED);
	assert_int_equal(t->ops->search(t, (struct template){ 0 }, &found),
			 CKR_DEVICE_REMOVED);
	assert_int_equal(t->ops->attributes_get(t, 1, NULL, 0),
			 CKR_DEVICE_REMOVED);
	assert_int_equal(t->ops->operation_start(t, OPERATION_SIGN, &m, &k, &o),
			 CKR_DEVICE_REMOVED);
	assert_int_equal(t->ops->login_state(t), LOGIN_NONE);
	t->ops->idle(t);
	assert_int_equal(script->begins, begins);
}

static void
removed_in_info(void **state)
{
	struct token *t = script_token(script, true);
	CK_TOKEN_INFO info;

	script_add(script, "> 00CB3FFF055C035FC10200\n! removed\n");
	assert_int_equal(t->ops->info(t, &info), CKR_DEVICE_REMOVED);
	gone(t);
	token_unref(t);
}

static void
removed_between(void **state)
{
	struct token *t = script_login(script, true);
	struct ids found = { 0 };

	script->gone = true;
	assert_int_equal(t->ops->search(t, (struct template){ 0 }, &found),
			 CKR_DEVICE_REMOVED);
	gone(t);
	token_unref(t);
}

/* The next look may find the card well again. */
static void
mute_in_info(void **state)
{
	struct token *t = script_token(script, true);
	CK_TOKEN_INFO info;

	script_add(script, "> 00CB3FFF055C035FC10200\n! error\n");
	assert_int_equal(t->ops->info(t, &info), CKR_DEVICE_ERROR);
	script_add(script, script_chuid);
	script_add(script, "> 00200080\n< 63C3\n");
	assert_int_equal(t->ops->info(t, &info), CKR_OK);
	token_unref(t);
}

static void
info(void **state)
{
	struct token *t = script_token(script, true);
	CK_TOKEN_INFO info;

	script_add(script, script_chuid);
	script_add(script, "> 00200080\n< 63C3\n");
	assert_int_equal(t->ops->info(t, &info), CKR_OK);
	script_done(script);
	field_is(info.label, sizeof(info.label), "PIV ccddeeff");
	field_is(info.serialNumber, sizeof(info.serialNumber),
		 "8899aabbccddeeff");
	field_is(info.manufacturerID, sizeof(info.manufacturerID), "Nitrokey");
	field_is(info.model, sizeof(info.model), "Nitrokey 3");
	field_is(info.utcTime, sizeof(info.utcTime), "");
	assert_int_equal(info.ulMinPinLen, 6);
	assert_int_equal(info.ulMaxPinLen, 8);
	assert_int_equal(info.flags, CKF_RNG | CKF_LOGIN_REQUIRED |
					     CKF_USER_PIN_INITIALIZED |
					     CKF_TOKEN_INITIALIZED);
	/* once is enough */
	assert_int_equal(t->ops->info(t, &info), CKR_OK);
	assert_int_equal(script->begins, 2);
	assert_int_equal(script->releases, 2);
	token_unref(t);
}

static void
info_keypad(void **state)
{
	struct token *t;

	script->info.pinpad = true;
	t = script_token(script, true);
	script_add(script, script_chuid);
	script_add(script, "> 00200080\n< 63C3\n");
	assert_true(token_flags(t) & CKF_PROTECTED_AUTHENTICATION_PATH);
	token_unref(t);
}

/* What is missing is believed of the right applet only. */
static void
info_switched(void **state)
{
	struct token *t = script_token(script, true);
	CK_TOKEN_INFO info;

	script_add(script, "> 00CB3FFF055C035FC10200\n< 6D00\n"
			   "> 00CB3FFF035C017E00\n< 6D00\n");
	script_add(script, script_select);
	script_add(script, script_chuid);
	script_add(script, "> 00200080\n< 63C3\n");
	assert_int_equal(t->ops->info(t, &info), CKR_OK);
	field_is(info.label, sizeof(info.label), "PIV ccddeeff");
	token_unref(t);
}

static void
info_no_chuid(void **state)
{
	struct token *t = script_token(script, true);
	CK_TOKEN_INFO info;

	script_add(script, "> 00CB3FFF055C035FC10200\n< 6A82\n");
	script_add(script, script_proof);
	script_add(script, "> 00200080\n< 6983\n");
	assert_int_equal(t->ops->info(t, &info), CKR_OK);
	field_is(info.label, sizeof(info.label), "PIV");
	field_is(info.serialNumber, sizeof(info.serialNumber), "");
	assert_true(info.flags & CKF_USER_PIN_LOCKED);
	token_unref(t);
}

static void
tries_are(const char *answer, CK_FLAGS wanted)
{
	struct script *s = script_new();
	struct token *t = script_token(s, true);

	script_add(s, script_chuid);
	script_add(s, "> 00200080\n");
	script_add(s, answer);
	assert_int_equal(token_flags(t) &
				 (CKF_USER_PIN_COUNT_LOW |
				  CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED),
			 wanted);
	token_unref(t);
	script_free(s);
}

static void
tries(void **state)
{
	tries_are("< 6983\n", CKF_USER_PIN_LOCKED | CKF_USER_PIN_COUNT_LOW);
	tries_are("< 63C1\n", CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_COUNT_LOW);
	tries_are("< 63C2\n", CKF_USER_PIN_COUNT_LOW);
	tries_are("< 63C3\n", 0);
	tries_are("< 63CA\n", 0);
	tries_are("< 6302\n", CKF_USER_PIN_COUNT_LOW);
	tries_are("< 9000\n", 0);
	tries_are("< 6F00\n", 0);
}

/* Some cards count an empty VERIFY as a wrong PIN, none of them PIV: what has
 * not proved to be PIV is not asked. */
static void
tries_not_asked(void **state)
{
	struct token *t = script_token(script, true);
	CK_TOKEN_INFO info;

	script_add(script, "> 00CB3FFF055C035FC10200\n< 6A82\n");
	for (int look = 0; look < 2; look++)
		script_add(script,
			   "> 00CB3FFF035C017E00\n< 6D00\n"
			   "> 00A4040009A0000003080000100000\n< 6A82\n");
	assert_int_equal(t->ops->info(t, &info), CKR_DEVICE_ERROR);
	script_done(script);
	token_unref(t);
}

static void
mechanisms(void **state)
{
	struct token *t = script_token(script, true);
	struct mechanism list[64];
	size_t count = t->ops->mechanisms(t, NULL, 0);

	assert_in_range(count, 10, 64);
	assert_int_equal(t->ops->mechanisms(t, list, 64), count);
	token_unref(t);
}

static void
idle(void **state)
{
	struct token *t = script_login(script, true);
	unsigned releases = script->releases;

	script_add(script, script_proof);
	script_add(script, script_forget);
	t->ops->idle(t);
	assert_int_equal(t->ops->login_state(t), LOGIN_NONE);
	assert_int_equal(script->releases, releases + 2);
	token_unref(t);
}

/* Alone with the card, letting it go is enough: nothing is sent. */
static void
idle_alone(void **state)
{
	struct token *t = script_login(script, true);
	unsigned releases = script->releases, begins = script->begins;

	script->alone = true;
	t->ops->idle(t);
	assert_int_equal(t->ops->login_state(t), LOGIN_NONE);
	assert_int_equal(script->releases, releases + 1);
	assert_int_equal(script->begins, begins);
	token_unref(t);
}

#define CASE(name, function)                                                \
	{                                                                   \
		"/cardos/card_token/" name, function, setup, teardown, NULL \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("removed/in-info", removed_in_info),
		CASE("removed/between", removed_between),
		CASE("info/mute", mute_in_info),
		CASE("info/switched", info_switched),
		CASE("info/no-chuid", info_no_chuid),
		CASE("info/good", info),
		CASE("info/keypad", info_keypad),
		CASE("info/tries-not-asked", tries_not_asked),
		{ "/cardos/card_token/info/tries", tries, NULL, NULL, NULL },
		CASE("mechanisms", mechanisms),
		CASE("idle", idle),
		CASE("idle/alone", idle_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
