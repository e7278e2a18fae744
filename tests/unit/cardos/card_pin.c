/* Login and logout: which tries are spent, and which are not. */
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

static CK_RV
login(struct token *t, const char *pin, size_t size)
{
	return t->ops->login(t, LOGIN_USER, cursor_of(pin, size));
}

static void
login_empty(void **state)
{
	struct token *t = script_token(script, true);

	assert_int_equal(login(t, "", 0), CKR_PIN_INCORRECT);
	assert_int_equal(login(t, "123", 3), CKR_PIN_INCORRECT);
	assert_int_equal(login(t, "123456789", 9), CKR_PIN_INCORRECT);
	assert_int_equal(t->ops->login(t, LOGIN_SO, cursor_of("1", 1)),
			 CKR_PIN_INCORRECT);
	token_unref(t);
}

/* Some applets take four digits, fewer than a new PIN has to have here. */
static void
login_short(void **state)
{
	struct token *t = script_token(script, true);

	script_add(script, script_proof);
	script_add(script, "> 002000800831323334FFFFFFFF\n< 9000\n");
	assert_int_equal(login(t, "1234", 4), CKR_OK);
	script_add(script, script_forget);
	assert_int_equal(t->ops->logout(t), CKR_OK);
	token_unref(t);
}

/* The flags follow each answer of the card, without asking for them. */
static void
login_wrong(void **state)
{
	struct token *t = script_token(script, true);
	CK_FLAGS flags;

	script_add(script, script_chuid);
	script_add(script, "> 00200080\n< 63C3\n");
	assert_false(token_flags(t) & CKF_USER_PIN_COUNT_LOW);
	script_add(script, script_proof);
	script_add(script, "> 0020008008303030303030FFFF\n< 63C2\n");
	assert_int_equal(login(t, "000000", 6), CKR_PIN_INCORRECT);
	assert_int_equal(t->ops->login_state(t), LOGIN_NONE);
	assert_true(token_flags(t) & CKF_USER_PIN_COUNT_LOW);
	script_add(script, script_proof);
	script_add(script, "> 0020008008303030303030FFFF\n< 63C1\n");
	assert_int_equal(login(t, "000000", 6), CKR_PIN_INCORRECT);
	assert_true(token_flags(t) & CKF_USER_PIN_FINAL_TRY);
	script_add(script, script_proof);
	script_add(script, "> 0020008008303030303030FFFF\n< 6983\n");
	assert_int_equal(login(t, "000000", 6), CKR_PIN_LOCKED);
	flags = token_flags(t);
	assert_true(flags & CKF_USER_PIN_LOCKED);
	assert_false(flags & CKF_USER_PIN_FINAL_TRY);
	assert_int_equal(script->releases, script->begins);
	token_unref(t);
}

/* One VERIFY, whatever it answers. */
static void
refused(const char *answer, CK_RV wanted)
{
	struct script *s = script_new();
	struct token *t = script_token(s, true);

	script_add(s, script_proof);
	script_add(s, "> 0020008008303030303030FFFF\n");
	script_add(s, answer);
	assert_int_equal(login(t, "000000", 6), wanted);
	assert_int_equal(t->ops->login_state(t), LOGIN_NONE);
	token_unref(t);
	script_free(s);
}

static void
login_refused(void **state)
{
	refused("< 63C0\n", CKR_PIN_INCORRECT);
	refused("< 6300\n", CKR_PIN_INCORRECT);
	refused("< 6302\n", CKR_PIN_INCORRECT);
	refused("< 6A80\n", CKR_PIN_INCORRECT);
	refused("< 6700\n", CKR_PIN_INCORRECT);
	refused("< 6984\n", CKR_USER_PIN_NOT_INITIALIZED);
	refused("< 6600\n", CKR_DEVICE_ERROR);
	refused("< 6F00\n", CKR_DEVICE_ERROR);
	refused("! error\n", CKR_DEVICE_ERROR);
	refused("! removed\n", CKR_DEVICE_REMOVED);
}

/* C_SetPIN has words of its own for what the card says. */
static void
change_refused(void **state)
{
	static const struct {
		const char *answer;
		CK_RV rv;
	} words[] = {
		{ "< 6984\n", CKR_FUNCTION_FAILED },
		{ "< 6982\n", CKR_FUNCTION_FAILED },
		{ "< 6600\n", CKR_DEVICE_ERROR },
		{ "< 6A83\n", CKR_DEVICE_ERROR },
	};
	struct cursor old_pin = cursor_of("123456", 6);
	struct cursor new_pin = cursor_of("654321", 6);
	struct token *t = script_token(script, true);

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		script_add(script, script_proof);
		script_add(script, "> 00200080\n< 63C3\n"
				   "> 0024008010313233343536FFFF"
				   "363534333231FFFF\n");
		script_add(script, words[i].answer);
		assert_int_equal(t->ops->pin_change(t, old_pin, new_pin),
				 words[i].rv);
	}
	token_unref(t);
}

/* No PIN goes to an applet that is not known to be PIV. */
static void
login_not_proven(void **state)
{
	struct token *t = script_token(script, true);

	script_add(script, "> 00CB3FFF035C017E00\n< 6D00\n"
			   "> 00A4040009A0000003080000100000\n< 6A82\n");
	assert_int_equal(login(t, "123456", 6), CKR_DEVICE_ERROR);
	script_add(script, "> 00CB3FFF035C017E00\n! error\n");
	assert_int_equal(login(t, "123456", 6), CKR_DEVICE_ERROR);
	token_unref(t);
}

static void
login_good(void **state)
{
	struct token *t = script_login(script, true);

	assert_int_equal(script->exchanges, 3);
	assert_int_equal(t->ops->login_state(t), LOGIN_USER);
	/* kept connected from now on */
	assert_int_equal(script->releases, 1);
	assert_int_equal(login(t, "123456", 6), CKR_USER_ALREADY_LOGGED_IN);
	script_add(script, script_forget);
	assert_int_equal(t->ops->logout(t), CKR_OK);
	assert_int_equal(t->ops->login_state(t), LOGIN_NONE);
	assert_int_equal(script->releases, 2);
	assert_int_equal(t->ops->logout(t), CKR_USER_NOT_LOGGED_IN);
	token_unref(t);
}

/* A dual CAC whose other applet answers the proof: 6A86 is no wrong PIN. */
static void
login_sibling(void **state)
{
	struct token *t = script_token(script, true);

	script_add(script, script_proof);
	script_add(script, "> 0020008008313233343536FFFF\n< 6A86\n");
	script_add(script, script_select);
	script_add(script, script_verify);
	assert_int_equal(login(t, "123456", 6), CKR_OK);
	token_unref(t);
}

/* Without a discovery object the CHUID proves it, and is remembered. */
static void
login_no_discovery(void **state)
{
	struct token *t = script_token(script, true);

	for (int turn = 0; turn < 2; turn++) {
		if (turn == 0)
			script_add(script, "> 00CB3FFF035C017E00\n< 6A80\n");
		script_add(script, script_chuid);
		script_add(script, "> 0020008008303030303030FFFF\n< 63C4\n");
		assert_int_equal(login(t, "000000", 6), CKR_PIN_INCORRECT);
		script_done(script);
	}
	token_unref(t);
}

static void
login_global_pin(void **state)
{
	struct token *t = script_token(script, true);

	script_add(script, "> 00CB3FFF035C017E00\n"
			   "< 7E124F0BA0000003080000100001005F2F02602090"
			   "00\n"
			   "> 0020000008313233343536FFFF\n< 9000\n");
	assert_int_equal(login(t, "123456", 6), CKR_OK);
	token_unref(t);
}

static void
login_keypad(void **state)
{
	struct token *t;

	script->info.pinpad = true;
	t = script_token(script, true);
	script_add(script, script_proof);
	assert_int_equal(t->ops->login(t, LOGIN_USER, cursor_of(NULL, 0)),
			 CKR_OK);
	assert_int_equal(script->keypad, 1);
	assert_int_equal(script->typed.command.ins, 0x20);
	assert_int_equal(script->typed.command.data.left, 8);
	assert_false(script->typed.change);
	assert_int_equal(t->ops->login_state(t), LOGIN_USER);
	token_unref(t);
}

static void
login_no_keypad(void **state)
{
	struct token *t = script_token(script, true);

	assert_int_equal(t->ops->login(t, LOGIN_USER, cursor_of(NULL, 0)),
			 CKR_PIN_INCORRECT);
	assert_int_equal(script->keypad, 0);
	token_unref(t);
}

/* Cards before SP 800-73-4 forget when another applet is selected. */
static void
logout_old(void **state)
{
	struct token *t = script_login(script, true);

	script_add(script, "> 0020FF80\n< 6A86\n"
			   "> 00A4040006D2760001240100\n< 6A82\n"
			   "> 00A4040008A00000015100000000\n< 6F009000\n");
	assert_int_equal(t->ops->logout(t), CKR_OK);
	assert_int_equal(t->ops->login_state(t), LOGIN_NONE);
	token_unref(t);
}

/* Another program has selected its applet, or reset the card: PIV forgot. */
static void
logout_forgotten(void **state)
{
	struct token *t = script_login(script, true);

	script_add(script, "> 0020FF80\n< 6D00\n");
	assert_int_equal(t->ops->logout(t), CKR_OK);
	script_add(script, script_proof);
	script_add(script, script_verify);
	assert_int_equal(login(t, "123456", 6), CKR_OK);
	script->generation++;
	assert_int_equal(t->ops->logout(t), CKR_OK);
	assert_int_equal(t->ops->login_state(t), LOGIN_NONE);
	token_unref(t);
}

static void
logout_impossible(void **state)
{
	struct token *t = script_login(script, true);

	script_add(script, "> 0020FF80\n< 6A86\n"
			   "> 00A4040006D2760001240100\n< 6A82\n"
			   "> 00A4040008A00000015100000000\n< 6A82\n"
			   "> 00A4040008A00000000300000000\n< 6A82\n"
			   "> 00A4040008A0000006472F000100\n< 6A82\n"
			   "> 00A4040007A000000527200100\n< 6A82\n");
	assert_int_equal(t->ops->logout(t), CKR_OK);
	assert_int_equal(t->ops->login_state(t), LOGIN_NONE);
	token_unref(t);
}

/* Whatever the card says, nobody is logged in after C_Logout. */
static void
logout_removed(void **state)
{
	struct token *t = script_login(script, true);

	script_add(script, "> 0020FF80\n! removed\n");
	assert_int_equal(t->ops->logout(t), CKR_DEVICE_REMOVED);
	assert_int_equal(t->ops->login_state(t), LOGIN_NONE);
	token_unref(t);
}

/* A reset ends a login whose PIN is not kept; the next call notices. */
static void
reset_noticed(void **state)
{
	struct token *t = script_login(script, false);

	script->generation++;
	assert_int_equal(t->ops->login_state(t), LOGIN_USER);
	assert_int_equal(t->ops->logout(t), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(t->ops->login_state(t), LOGIN_NONE);
	token_unref(t);
}

#define CASE(name, function)                                              \
	{                                                                 \
		"/cardos/card_pin/" name, function, setup, teardown, NULL \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("login/empty", login_empty),
		CASE("login/short", login_short),
		CASE("login/wrong", login_wrong),
		{ "/cardos/card_pin/login/refused", login_refused, NULL, NULL,
		  NULL },
		CASE("change/refused", change_refused),
		CASE("login/not-proven", login_not_proven),
		CASE("login/no-keypad", login_no_keypad),
		CASE("login/good", login_good),
		CASE("login/sibling", login_sibling),
		CASE("login/no-discovery", login_no_discovery),
		CASE("login/global-pin", login_global_pin),
		CASE("login/keypad", login_keypad),
		CASE("logout/old", logout_old),
		CASE("logout/forgotten", logout_forgotten),
		CASE("logout/impossible", logout_impossible),
		CASE("logout/removed", logout_removed),
		CASE("reset", reset_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
