/* The PIN, the PUK and the reset: what is sent, and which tries are spent. */
#include <string.h>

#include "piv_applet.h"

#define DISCOVERY "> 00CB3FFF035C017E00\n"
#define STATE	  "> 00200080\n"
#define CHANGE	  "> 0024008010313233343536FFFF363534333231FFFF\n"
#define UNBLOCK	  "> 002C0080103132333435363738313233343536FFFF\n"
#define KEY	  "000102030405060708090A0B0C0D0E0F"
#define LOGIN                                                          \
	"> 00F7009B00\n< 0101089000\n> 0087089B047C02800000\n"         \
	"< 7C12801069C4E0D86A7B0430D8CDB78070B4C55A9000\n"             \
	"> 0087089B267C24801000112233445566778899AABBCCDDEEFF8110*\n"
#define RESET "> 00FB0000\n"
#define WRONG "> 0020008008*\n"
/* selects another applet, to end what the management key allows */
#define LEAVE "> 00A4040006D2760001240100\n< 9000\n"
#define PUK   "> 002C008010*\n"

/* One whose discovery object has told which PIN is the user's. */
static int
setup(void **state)
{
	script = script_new();
	applet = script_applet(script, &piv_driver);
	return piv_driver.open(&applet, hex("7E055F2F024000")) == CKR_OK ? 0
									 : -1;
}

static struct cursor
text(const char *of)
{
	return cursor_of(of, strlen(of));
}

static CK_RV
verify(void)
{
	struct card_pin_status status;
	CK_RV rv = piv_driver.pin_verify(&applet, 0, text("123456"), &status);

	script_done(script);
	return rv;
}

static CK_RV
change(const char *old_value, struct card_pin_status *status)
{
	const char *new_value = strncmp(old_value, "PUK:", 4) == 0 ? "123456"
								   : "654321";
	CK_RV rv = piv_driver.pin_change(&applet, 0, text(old_value),
					 text(new_value), status);

	script_done(script);
	return rv;
}

/* No PIN goes out before it is known which one it is; what is said to that
 * stays, and a card that says nothing gets none. */
static void
verify_discovers(void **state)
{
	script_add(script, DISCOVERY "! error\n");
	assert_int_equal(verify(), CKR_DEVICE_ERROR);
	script_add(script, DISCOVERY "< 7E055F2F0260209000\n"
				     "> 0020000008313233343536FFFF\n< 9000\n");
	assert_int_equal(verify(), CKR_OK);
	script_add(script, "> 0020000008313233343536FFFF\n< 63C2\n");
	assert_int_equal(verify(), CKR_PIN_INCORRECT);
}

static void
verify_discovers_nothing(void **state)
{
	script_add(script, DISCOVERY "< 6A82\n");
	script_add(script, script_verify);
	assert_int_equal(verify(), CKR_OK);
	script_add(script, script_verify);
	assert_int_equal(verify(), CKR_OK);
}

/* A card whose proof is the CHUID was asked, and has none. */
static void
verify_proven(void **state)
{
	applet.proof = &piv_driver.proofs[1];
	script_add(script, script_verify);
	assert_int_equal(verify(), CKR_OK);
}

/* What cannot be the PIN, or the PUK, spends no try. */
static void
change_lengths(void **state)
{
	static const char *const lengths[] = {
		"1", "123", "123456789", "puk:12345678", "PUK12345678",
	};
	struct card_pin_status status;

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		script_add(script, STATE "< 63C3\n");
		assert_int_equal(change(lengths[i], &status),
				 CKR_PIN_INCORRECT);
		assert_int_equal(status.tries_left, 3);
	}
}

static void
unblock_lengths(void **state)
{
	static const char *const lengths[] = {
		"PUK:", "PUK:1", "PUK:1234", "PUK:12345", "PUK:123456789",
	};
	struct card_pin_status status;

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		assert_int_equal(change(lengths[i], &status),
				 CKR_PIN_INCORRECT);
}

/* Without the colon it is a PIN like another. */
static void
change_no_prefix(void **state)
{
	struct card_pin_status status;

	script_add(script, STATE "< 63C3\n"
				 "> 002400801050554B31323334FF"
				 "363534333231FFFF\n< 63C2\n");
	assert_int_equal(change("PUK1234", &status), CKR_PIN_INCORRECT);
	assert_int_equal(status.tries_left, 2);
	script_add(script, STATE "< 6983\n");
	assert_int_equal(change("PUK1234", &status), CKR_PIN_LOCKED);
}

static void
change_refused(void **state)
{
	static const struct {
		const char *answer;
		CK_RV rv;
	} refusals[] = {
		{ "< 63C0\n", CKR_PIN_INCORRECT },
		{ "< 6300\n", CKR_PIN_INCORRECT },
		{ "< 6302\n", CKR_PIN_INCORRECT },
		{ "< 6983\n", CKR_PIN_LOCKED },
		{ "< 6A80\n", CKR_PIN_INVALID },
		{ "< 6F00\n", CKR_DEVICE_ERROR },
		{ "! error\n", CKR_DEVICE_ERROR },
		{ "! removed\n", CKR_DEVICE_REMOVED },
	};
	struct card_pin_status status;

	script_add(script, STATE "< 6983\n");
	assert_int_equal(change("123456", &status), CKR_PIN_LOCKED);
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		script_add(script, STATE "< 63C1\n" CHANGE);
		script_add(script, refusals[i].answer);
		assert_int_equal(change("123456", &status), refusals[i].rv);
	}
}

static void
unblock_refused(void **state)
{
	static const struct {
		const char *answer;
		CK_RV rv;
	} refusals[] = {
		{ "< 63C1\n", CKR_PIN_INCORRECT },
		{ "< 6300\n", CKR_PIN_INCORRECT },
		{ "< 63C0\n", CKR_PIN_INCORRECT },
		{ "< 6983\n", CKR_PIN_LOCKED },
		{ "< 6A80\n", CKR_PIN_INVALID },
		{ "! removed\n", CKR_DEVICE_REMOVED },
	};
	struct card_pin_status status;

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		script_add(script, UNBLOCK);
		script_add(script, refusals[i].answer);
		assert_int_equal(change("PUK:12345678", &status),
				 refusals[i].rv);
		assert_false(status.known);
	}
}

/* A PIN that was changed is changed, whatever the card says next. */
static void
change_stands(void **state)
{
	static const char *const next[] = {
		"> 00CB3FFF055C035FFF0000\n! error\n",
		"> 00CB3FFF055C035FFF0000\n< 6A82\n",
		/* a management key that is made of another PIN */
		"> 00CB3FFF055C035FFF0000\n< 53178015810100821000010203040506"
		"0708090A0B0C0D0E0F9000\n"
		"> 0087039B047C02800000\n< 6A86\n"
		"> 00870A9B047C02800000\n< 6A86\n",
	};
	struct card_pin_status status;

	for (size_t i = 0; i < sizeof(next) / sizeof(next[0]); i++) {
		script_add(script, STATE "< 63C3\n" CHANGE "< 9000\n");
		script_add(script, next[i]);
		assert_int_equal(change("123456", &status), CKR_OK);
		assert_true(status.verified);
	}
	script_add(script, UNBLOCK "< 9000\n" STATE "! removed\n");
	assert_int_equal(change("PUK:12345678", &status), CKR_OK);
}

/* The PUK is the application PIN's. */
static void
unblock_global(void **state)
{
	struct card_pin_status status;

	script_add(script, DISCOVERY "< 7E055F2F0260209000\n");
	assert_int_equal(change("PUK:12345678", &status), CKR_PIN_INCORRECT);
}

static void
unblock_real(void **state)
{
	struct card_pin_status status;

	script_load(script, FACTS, "unblock");
	script_add(script, STATE "< 63C3\n");
	assert_int_equal(piv_driver.pin_change(&applet, 0,
					       text("PUK:00000000"),
					       text("000000"), &status),
			 CKR_OK);
	assert_int_equal(status.tries_left, 3);
}

static CK_RV
reset(void)
{
	CK_RV rv = piv_driver.reset(&applet, text(KEY));

	script_done(script);
	return rv;
}

/* Nothing is spent for who has not the management key, on a card that does not
 * know the reset, or on one that is in trouble. */
static void
reset_refused(void **state)
{
	script_add(script, LOGIN "< 6982\n");
	assert_int_equal(reset(), CKR_PIN_INCORRECT);
	script_add(script, LOGIN "< 9000\n" RESET "< 6D00\n" DISCOVERY
				 "< 7E055F2F0240009000\n" LEAVE);
	assert_int_equal(reset(), CKR_FUNCTION_NOT_SUPPORTED);
	assert_false(((struct piv *)applet.state)->admin);
	script_add(script, LOGIN "< 9000\n" RESET "< 6D00\n" DISCOVERY
				 "< 6D00\n" LEAVE);
	assert_int_equal(reset(), CKR_DEVICE_ERROR);
	script_add(script, LOGIN "< 9000\n" RESET "< 6F00\n" DISCOVERY
				 "< 7E055F2F0240009000\n" LEAVE);
	assert_int_equal(reset(), CKR_DEVICE_ERROR);
	script_add(script, LOGIN "< 9000\n" RESET "! removed\n");
	assert_int_equal(reset(), CKR_DEVICE_REMOVED);
}

/* The PUK is not spent when it is not what the card wants. */
static void
reset_fails(void **state)
{
	script_add(script, LOGIN "< 9000\n" RESET "< 6985\n");
	script_add(script, WRONG "< 63C0\n" WRONG "< 6983\n" RESET "< 6581\n"
					      LEAVE);
	assert_int_equal(reset(), CKR_FUNCTION_FAILED);
	/* a PIN that never blocks */
	script_add(script, LOGIN "< 9000\n" RESET "< 6982\n");
	for (unsigned i = 0; i < 300; i++)
		script_add(script, WRONG "< 6982\n");
	script_add(script, LEAVE);
	assert_int_equal(reset(), CKR_FUNCTION_FAILED);
	script_add(script, LOGIN "< 9000\n" RESET "< 6985\n");
	script_add(script, WRONG "< 63C0\n" WRONG "! removed\n");
	assert_int_equal(reset(), CKR_DEVICE_REMOVED);
}

/* As far as the card demands it: nothing, the PIN, or the PUK as well. */
static void
reset_good(void **state)
{
	struct piv *piv = applet.state;

	piv->retired_first = true;
	script_add(script, LOGIN "< 9000\n" RESET "< 9000\n");
	assert_int_equal(reset(), CKR_OK);
	assert_false(piv->admin || piv->retired_first);
	script_add(script, LOGIN "< 9000\n" RESET "< 6985\n");
	script_add(script, WRONG "< 63C0\n" WRONG "< 6983\n" RESET "< 9000\n");
	assert_int_equal(reset(), CKR_OK);
	script_add(script, LOGIN "< 9000\n" RESET "< 6982\n");
	script_add(script, WRONG "< 6983\n" RESET "< 6982\n");
	script_add(script, PUK "< 63C0\n" PUK "< 6983\n" RESET "< 9000\n");
	assert_int_equal(reset(), CKR_OK);
}

#define CASE(name, function)                                               \
	{                                                                  \
		"/cardos/piv_pin/" name, function, setup, applet_teardown, \
			NULL                                               \
	}
#define UNKNOWN(name, function)                                  \
	{                                                        \
		"/cardos/piv_pin/" name, function, applet_setup, \
			applet_teardown, NULL                    \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("change/lengths", change_lengths),
		CASE("change/refused", change_refused),
		CASE("change/no-prefix", change_no_prefix),
		CASE("unblock/lengths", unblock_lengths),
		CASE("unblock/refused", unblock_refused),
		UNKNOWN("unblock/global", unblock_global),
		CASE("reset/refused", reset_refused),
		CASE("reset/fails", reset_fails),
		UNKNOWN("verify/discovers", verify_discovers),
		UNKNOWN("verify/discovers/nothing", verify_discovers_nothing),
		UNKNOWN("verify/proven", verify_proven),
		CASE("change/stands", change_stands),
		CASE("unblock/real", unblock_real),
		CASE("reset/good", reset_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
