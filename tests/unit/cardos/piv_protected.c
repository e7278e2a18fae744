/* Who may write: the security officer, or the user whose PIN protects the
 * management key. */
#include "piv_applet.h"

#define ADMIN		"> 00CB3FFF055C035FFF0000\n"
#define STORED		ADMIN "< 530580038101029000\n"
#define PRINTED		"> 00CB3FFF055C035FC10900\n"
#define KEY		"09D98781FBDCC9B691A205806EC0BA8431AC0D9F59A500AD"
#define START		"> 0087039B047C02800000\n< 7C0A800811223344556677889000\n"
#define SHOW		"> 0087039B167C148008*\n"
#define SALT		"000102030405060708090A0B0C0D0E0F"
#define DERIVED_WITNESS "C89809C6A221622B"
#define DERIVED                    \
	ADMIN "< 5317801581010082" \
	      "10" SALT "9000\n"

static CK_RV
need(void)
{
	CK_RV rv = piv_admin_need(&applet);

	script_done(script);
	return rv;
}

/* The security officer, and who was let in before, need no more. */
static void
need_none(void **state)
{
	applet.by_so = true;
	assert_int_equal(need(), CKR_OK);
	applet.by_so = false;
	((struct piv *)applet.state)->admin = true;
	assert_int_equal(need(), CKR_OK);
}

/* Nothing is guessed: what does not say so protects nothing. */
static void
need_refused(void **state)
{
	static const char *const admin[] = {
		"< 6A82\n",
		"< 53009000\n",
		"< 53028000"
		"9000\n",
		"< 5305800381010"
		"09000\n", /* not stored */
		"< 530580038101"
		"019000\n", /* PUK blocked */
		"< 530E800C810100820"
		"70001020304050600"
		"9000\n",
		"< 5308"
		"9000\n", /* cut short */
	};

	for (size_t i = 0; i < sizeof(admin) / sizeof(admin[0]); i++) {
		script_add(script, ADMIN);
		script_add(script, admin[i]);
		assert_int_equal(need(), CKR_USER_NOT_LOGGED_IN);
		/* no VERIFY would mend it */
		assert_int_equal(applet.sw, 0);
	}
	script_add(script, ADMIN "! error\n");
	assert_int_equal(need(), CKR_DEVICE_ERROR);
	script_add(script, STORED PRINTED "! removed\n");
	assert_int_equal(need(), CKR_DEVICE_REMOVED);
}

static void
stored_refused(void **state)
{
	static const char *const printed[] = {
		"< 6982\n",
		"< 6A82\n",
		"< 530489020102"
		"9000\n",
		"< 53048802890"
		"09000\n",
	};

	for (size_t i = 0; i < sizeof(printed) / sizeof(printed[0]); i++) {
		script_add(script, STORED PRINTED);
		script_add(script, printed[i]);
		assert_int_equal(need(), CKR_USER_NOT_LOGGED_IN);
	}
	/* an old key */
	script_add(script, STORED PRINTED "< 531C881A8918" KEY
					  "9000\n" START SHOW "< 6982\n");
	assert_int_equal(need(), CKR_USER_NOT_LOGGED_IN);
	assert_false(((struct piv *)applet.state)->admin);
}

static void
stored(void **state)
{
	script_add(script, STORED PRINTED "< 531C881A8918" KEY
					  "9000\n" START SHOW "< 9000\n");
	assert_int_equal(need(), CKR_OK);
	assert_true(((struct piv *)applet.state)->admin);
	assert_int_equal(need(), CKR_OK);
}

/* Made of the PIN, which is to be had only when it is kept. */
static void
derived(void **state)
{
	struct secret *pin = secret_new("123456", 6);

	script_add(script, DERIVED);
	assert_int_equal(need(), CKR_USER_NOT_LOGGED_IN);
	applet.kept = pin;
	/* the witness under PBKDF2-HMAC-SHA1(123456, SALT, 10000), as Python's
	 * hashlib and OpenSSL compute it */
	script_add(script, DERIVED START "> 0087039B167C148008" DERIVED_WITNESS
					 "8108*\n< 9000\n");
	assert_int_equal(need(), CKR_OK);
	applet.kept = NULL;
	secret_free(pin);
}

/* A new management key is written where the old one was; the command is a real
 * card's. */
static void
follow_stored(void **state)
{
	script_add(script, STORED);
	script_load(script, FACTS, "put, protected management key");
	piv_protected_follow(&applet, hex(KEY));
	script_done(script);
}

/* One that was made of the PIN is not any more, and what says so goes. */
static void
follow_derived(void **state)
{
	script_add(script,
		   DERIVED "> 00DB3FFF0C5C035FFF0053058003810100\n< 9000\n");
	piv_protected_follow(&applet, hex(KEY));
	script_add(script, ADMIN "< 6A82\n");
	piv_protected_follow(&applet, hex(KEY));
}

#define CASE(name, function)                                           \
	{                                                              \
		"/cardos/piv_protected/" name, function, applet_setup, \
			applet_teardown, NULL                          \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("refused", need_refused),
		CASE("stored/refused", stored_refused),
		CASE("none", need_none),
		CASE("stored", stored),
		CASE("derived", derived),
		CASE("follow/stored", follow_stored),
		CASE("follow/derived", follow_derived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
