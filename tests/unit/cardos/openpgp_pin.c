/* The PINs of OpenPGP cards: which tries are spent, and what never goes out. */
#include "../../../cardos/openpgp.h"

#include <string.h>

#include "script.h"

#define AID	 "4F10D27600012401030400061234567800 00"
#define GET_6E	 "> 00CA006E00\n"
#define GET_C4	 "> 00CA00C400\n"
#define VERIFY82 "> 0020008206313233343536\n"
#define VERIFY81 "> 0020008106313233343536\n"

static struct script *script;
static struct card_applet applet;

static void
start(const char *application_related)
{
	script = script_new();
	applet = script_applet(script, &openpgp_driver);
	script_add(script, GET_6E "< ");
	script_add(script, application_related);
	script_add(script, "9000\n");
}

static void
stop(void)
{
	script_applet_free(script, &applet);
}

/* Keys in all places; PW1 good for one signature, no KDF. */
static int
setup(void **state)
{
	start("6E31" AID "731DC00A7000000000000000000"
	      "0C407007F7F7F030003DE06010102010301");
	assert_int_equal(openpgp_driver.open(&applet, hex("")), CKR_OK);
	assert_true(applet.proven);
	script_done(script);
	return 0;
}

/* PW1 good for more than one signature, and a KDF may be there. */
static int
setup_several(void **state)
{
	start("6E31" AID "731DC00A0100000000000000000"
	      "0C407017F7F7F030003DE06010102010301");
	assert_int_equal(openpgp_driver.open(&applet, hex("")), CKR_OK);
	return 0;
}

static int
teardown(void **state)
{
	stop();
	return 0;
}

static struct card_key
key_of(enum openpgp_use use, struct pubkey *public_key)
{
	return (struct card_key){ .id = (uint64_t)use << 8 | CKO_PRIVATE_KEY,
				  .pin_each_time = use == OPENPGP_SIGN,
				  .public_key = public_key };
}

static CK_RV
verify(const struct card_key *key, struct card_pin_status *status)
{
	applet.pin_for = key;
	return openpgp_driver.pin_verify(&applet, 0, cursor_of("123456", 6),
					 status);
}

static void
pin_empty(void **state)
{
	struct card_pin_status status;
	uint8_t many[128] = { 0 };

	assert_int_equal(
		openpgp_driver.pin_verify(&applet, 0, hex(""), &status),
		CKR_PIN_LEN_RANGE);
	assert_int_equal(openpgp_driver.pin_verify(&applet, 0, cursor_of("", 0),
						   &status),
			 CKR_PIN_LEN_RANGE);
	assert_int_equal(
		openpgp_driver.pin_verify(
			&applet, 0, cursor_of(many, sizeof(many)), &status),
		CKR_PIN_LEN_RANGE);
	assert_int_equal(script->exchanges, 1);
}

/* An empty VERIFY is counted as a wrong PIN by some: none is ever sent. */
static void
status_asked(void **state)
{
	struct card_pin_status status;

	script_add(script, GET_C4 "< 007F7F7F0200039000\n");
	assert_int_equal(openpgp_driver.pin_status(&applet, 0, &status),
			 CKR_OK);
	assert_int_equal(status.tries_left, 2);
	script_add(script, GET_C4 "< 6A88\n");
	assert_int_equal(openpgp_driver.pin_status(&applet, 0, &status),
			 CKR_OK);
	assert_false(status.known);
	script_done(script);
}

/* 6982 says "wrong" here, and DO C4 how often one may try. */
static void
pin_wrong(void **state)
{
	struct card_pin_status status;

	script_add(script, VERIFY82 "< 6982\n" GET_C4 "< 007F7F7F0200039000\n");
	assert_int_equal(verify(NULL, &status), CKR_PIN_INCORRECT);
	assert_true(status.known);
	assert_int_equal(status.tries_left, 2);
	script_add(script, VERIFY82 "< 63C1\n");
	assert_int_equal(verify(NULL, &status), CKR_PIN_INCORRECT);
	assert_int_equal(status.tries_left, 1);
	/* a wrong length costs nothing */
	script_add(script, VERIFY82 "< 6A80\n" GET_C4 "< 007F7F7F0100039000\n");
	assert_int_equal(verify(NULL, &status), CKR_PIN_INCORRECT);
	assert_int_equal(status.tries_left, 1);
}

static void
pin_locked(void **state)
{
	struct card_pin_status status;

	script_add(script, VERIFY82 "< 6983\n");
	assert_int_equal(verify(NULL, &status), CKR_PIN_LOCKED);
	script_add(script, VERIFY82 "< 63C0\n");
	assert_int_equal(verify(NULL, &status), CKR_PIN_LOCKED);
	script_add(script, VERIFY82 "< 6982\n" GET_C4 "< 007F7F7F0000039000\n");
	assert_int_equal(verify(NULL, &status), CKR_PIN_LOCKED);
}

static void
pin_worn_out(void **state)
{
	struct card_pin_status status;

	script_add(script, VERIFY82 "< 6581\n");
	assert_int_equal(verify(NULL, &status), CKR_DEVICE_MEMORY);
	script_add(script, VERIFY82 "! error\n");
	assert_int_equal(verify(NULL, &status), CKR_DEVICE_ERROR);
}

/* The key says in which state PW1 is to be verified. */
static void
pin_states(void **state)
{
	struct card_key sign = key_of(OPENPGP_SIGN, NULL);
	struct card_key other = key_of(OPENPGP_AUTHENTICATE, NULL);
	struct card_pin_status status;

	script_add(script, VERIFY82 "< 9000\n");
	assert_int_equal(verify(NULL, &status), CKR_OK);
	assert_true(status.verified);
	script_add(script, VERIFY82 "< 9000\n");
	assert_int_equal(verify(&other, &status), CKR_OK);
	assert_false(((struct openpgp *)applet.state)->signs);
	script_add(script, VERIFY81 "< 9000\n");
	assert_int_equal(verify(&sign, &status), CKR_OK);
	assert_true(((struct openpgp *)applet.state)->signs);
}

/* A PIN that will not be there later is verified for signing as well. */
static void
pin_not_kept(void **state)
{
	struct card_pin_status status;

	/* so a YubiKey NEO says that there is no such object */
	script_add(script, "> 00CA00F900\n< 6A83\n");
	script_add(script, VERIFY82 "< 9000\n" VERIFY81 "< 9000\n");
	assert_int_equal(verify(NULL, &status), CKR_OK);
	assert_true(((struct openpgp *)applet.state)->signs);
	applet.pin_kept = true;
	script_add(script, VERIFY82 "< 9000\n");
	assert_int_equal(verify(NULL, &status), CKR_OK);
}

/* With a KDF that is not known no PIN goes out. */
static void
kdf_unknown(void **state)
{
	struct card_pin_status status;

	script_add(script, "> 00CA00F900\n< 8101049000\n");
	assert_int_equal(verify(NULL, &status), CKR_DEVICE_ERROR);
	script_add(script, "> 00CA00F900\n< 6F00\n");
	assert_int_equal(verify(NULL, &status), CKR_DEVICE_ERROR);
	script_add(script, "> 00CA00F900\n! error\n");
	assert_int_equal(verify(NULL, &status), CKR_DEVICE_ERROR);
}

/* What a YubiKey took; it may have been set since, so after a refusal it is
 * read again. */
static void
kdf_known(void **state)
{
	struct card_pin_status status;

	applet.pin_kept = true;
	script_add(script, "> 00CA00F900\n< 8101009000\n" VERIFY82
			   "< 6982\n" GET_C4 "< 017F7F7F0200039000\n");
	assert_int_equal(verify(NULL, &status), CKR_PIN_INCORRECT);
	script_add(script,
		   "> 00CA00F900\n"
		   "< 81010382010A8304000186A08408ABABABABABABABAB9000\n"
		   "> 0020008240C6A8AE5EA8ADF3CC733DF4212BFD595098F4B999*\n"
		   "< 9000\n");
	assert_int_equal(verify(NULL, &status), CKR_OK);
}

static void
forget(void **state)
{
	script_add(script, "> 0020FF82\n< 9000\n");
	assert_int_equal(openpgp_driver.pin_forget(&applet, 0), CKR_OK);
	/* YubiKey before 5.6 */
	script_add(script, "> 0020FF82\n< 6A80\n"
			   "> 00A4040006D2760001240100\n< 9000\n");
	assert_int_equal(openpgp_driver.pin_forget(&applet, 0), CKR_OK);
	/* another applet is selected */
	script_add(script, "> 0020FF82\n< 6A88\n");
	assert_int_equal(openpgp_driver.pin_forget(&applet, 0), CKR_OK);
	script_add(script, "> 0020FF82\n! removed\n");
	assert_int_equal(openpgp_driver.pin_forget(&applet, 0),
			 CKR_DEVICE_REMOVED);
}

#define CODE   "RC:87654321"
#define CHANGE "> 002400810C313233343536363534333231\n"
#define RESET  "> 002C00810E3837363534333231363534333231\n"

static CK_RV
change(const char *old_pin, struct card_pin_status *status)
{
	return openpgp_driver.pin_change(&applet, 0,
					 cursor_of(old_pin, strlen(old_pin)),
					 cursor_of("654321", 6), status);
}

/* The old PIN is verified before anything is changed. */
static void
change_wrong(void **state)
{
	struct card_pin_status status;

	script_add(script, VERIFY82 "< 6982\n" GET_C4 "< 007F7F7F0200039000\n");
	assert_int_equal(change("123456", &status), CKR_PIN_INCORRECT);
	assert_int_equal(status.tries_left, 2);
	script_add(script, VERIFY82 "< 6983\n");
	assert_int_equal(change("123456", &status), CKR_PIN_LOCKED);
	script_add(script, VERIFY82 "< 9000\n" CHANGE "< 6A80\n");
	assert_int_equal(change("123456", &status), CKR_PIN_LEN_RANGE);
	script_add(script, VERIFY82 "< 9000\n" CHANGE "< 6982\n");
	assert_int_equal(change("123456", &status), CKR_FUNCTION_FAILED);
	assert_true(status.verified);
}

static void
change_good(void **state)
{
	struct card_pin_status status;

	script_add(script, VERIFY82 "< 9000\n" CHANGE "< 9000\n");
	assert_int_equal(change("123456", &status), CKR_OK);
}

static void
change_keypad(void **state)
{
	struct card_pin_status status;
	struct cursor typed = { 0 };

	script->info.pinpad = true;
	assert_int_equal(
		openpgp_driver.pin_change(&applet, 0, typed, typed, &status),
		CKR_OK);
	assert_int_equal(script->typed.command.p2, 0x81);
	assert_int_equal(script->typed.command.data.left, 0);
	assert_true(script->typed.change);
	script->typed_sw = 0x6982;
	script_add(script, GET_C4 "< 007F7F7F0200039000\n");
	assert_int_equal(
		openpgp_driver.pin_change(&applet, 0, typed, typed, &status),
		CKR_PIN_INCORRECT);
	assert_int_equal(status.tries_left, 2);
}

static void
code_wrong(void **state)
{
	struct card_pin_status status;

	assert_int_equal(change("RC:", &status), CKR_PIN_INCORRECT);
	script_add(script, RESET "< 6982\n" GET_C4 "< 007F7F7F0302039000\n");
	assert_int_equal(change(CODE, &status), CKR_PIN_INCORRECT);
	assert_false(status.known);
	script_add(script, RESET "< 63C1\n" GET_C4 "< 007F7F7F0301039000\n");
	assert_int_equal(change(CODE, &status), CKR_PIN_INCORRECT);
	script_add(script, RESET "< 6985\n" GET_C4 "< 007F7F7F0302039000\n");
	assert_int_equal(change(CODE, &status), CKR_PIN_INCORRECT);
	/* the last try of it, and a card that has only one word for all */
	script_add(script, RESET "< 6982\n" GET_C4 "< 007F7F7F0300039000\n");
	assert_int_equal(change(CODE, &status), CKR_PIN_LOCKED);
	script_add(script, RESET "< 6985\n" GET_C4 "< 007F7F7F0300039000\n");
	assert_int_equal(change(CODE, &status), CKR_PIN_LOCKED);
	script_add(script, RESET "< 6985\n" GET_C4 "< 6F00\n");
	assert_int_equal(change(CODE, &status), CKR_PIN_INCORRECT);
	script_add(script, RESET "< 6983\n");
	assert_int_equal(change(CODE, &status), CKR_PIN_LOCKED);
	script_add(script, RESET "< 6A88\n");
	assert_int_equal(change(CODE, &status), CKR_PIN_LOCKED);
	script_add(script, RESET "< 6A80\n");
	assert_int_equal(change(CODE, &status), CKR_PIN_LEN_RANGE);
}

static void
code_good(void **state)
{
	struct card_pin_status status;

	script_add(script, RESET "< 9000\n" GET_C4 "< 007F7F7F0303039000\n");
	assert_int_equal(change(CODE, &status), CKR_OK);
	assert_int_equal(status.tries_left, 3);
}

#define VERIFY83 "> 00200083083132333435363738\n"

/* PW3's tries are the last of C4. */
static void
officer_wrong(void **state)
{
	struct cursor pin = cursor_of("12345678", 8);
	struct card_pin_status status;

	script_add(script, VERIFY83 "< 6982\n" GET_C4 "< 007F7F7F0300019000\n");
	assert_int_equal(
		openpgp_driver.pin_verify(&applet, CARD_PIN_SO, pin, &status),
		CKR_PIN_INCORRECT);
	assert_int_equal(status.tries_left, 1);
	script_add(script, VERIFY83 "< 6983\n");
	assert_int_equal(openpgp_driver.pin_change(&applet, CARD_PIN_SO, pin,
						   cursor_of("11112222", 8),
						   &status),
			 CKR_PIN_LOCKED);
	assert_int_equal(openpgp_driver.pin_verify(&applet, CARD_PIN_SO,
						   cursor_of("", 0), &status),
			 CKR_PIN_LEN_RANGE);
	script_add(script, GET_C4 "< 007F7F7F0300029000\n");
	assert_int_equal(
		openpgp_driver.pin_status(&applet, CARD_PIN_SO, &status),
		CKR_OK);
	assert_int_equal(status.tries_left, 2);
}

/* "RC:" is no prefix of PW3's; the signature state stays what it was. */
static void
officer(void **state)
{
	struct cursor pin = cursor_of("12345678", 8);
	struct openpgp *o = applet.state;
	struct card_pin_status status;

	o->signs = true;
	script_add(script, VERIFY83 "< 9000\n");
	assert_int_equal(
		openpgp_driver.pin_verify(&applet, CARD_PIN_SO, pin, &status),
		CKR_OK);
	script_add(script, VERIFY83 "< 9000\n> 00240083103132333435363738"
				    "3131313132323232\n< 9000\n");
	assert_int_equal(openpgp_driver.pin_change(&applet, CARD_PIN_SO, pin,
						   cursor_of("11112222", 8),
						   &status),
			 CKR_OK);
	script_add(script, "> 002000830B52433A3131313132323232\n< 6982\n" GET_C4
			   "< 007F7F7F0300029000\n");
	assert_int_equal(openpgp_driver.pin_change(&applet, CARD_PIN_SO,
						   cursor_of("RC:11112222", 11),
						   cursor_of("12345678", 8),
						   &status),
			 CKR_PIN_INCORRECT);
	script_add(script, "> 0020FF83\n< 9000\n");
	assert_int_equal(openpgp_driver.pin_forget(&applet, CARD_PIN_SO),
			 CKR_OK);
	assert_true(o->signs);
}

static void
officer_gives(void **state)
{
	struct cursor pin = cursor_of("654321", 6);

	script_add(script, "> 002C028106363534333231\n< 6982\n");
	assert_int_equal(openpgp_driver.pin_init(&applet, 0, pin),
			 CKR_USER_NOT_LOGGED_IN);
	script_add(script, "> 002C028106363534333231\n< 6A80\n");
	assert_int_equal(openpgp_driver.pin_init(&applet, 0, pin),
			 CKR_PIN_LEN_RANGE);
	script_add(script, "> 002C028106363534333231\n< 9000\n");
	assert_int_equal(openpgp_driver.pin_init(&applet, 0, pin), CKR_OK);
}

#define CASE(name, function, before)                                          \
	{                                                                     \
		"/cardos/openpgp_pin/" name, function, before, teardown, NULL \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("status/asked", status_asked, setup),
		CASE("empty", pin_empty, setup),
		CASE("wrong", pin_wrong, setup),
		CASE("locked", pin_locked, setup),
		CASE("worn-out", pin_worn_out, setup),
		CASE("kdf/unknown", kdf_unknown, setup_several),
		CASE("change/wrong", change_wrong, setup),
		CASE("code/wrong", code_wrong, setup),
		CASE("officer/wrong", officer_wrong, setup),
		CASE("officer", officer, setup),
		CASE("officer/gives", officer_gives, setup),
		CASE("states", pin_states, setup),
		CASE("not-kept", pin_not_kept, setup_several),
		CASE("kdf/known", kdf_known, setup_several),
		CASE("forget", forget, setup),
		CASE("change/good", change_good, setup),
		CASE("code/good", code_good, setup),
		CASE("change/keypad", change_keypad, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
