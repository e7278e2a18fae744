/* Serial numbers and makers of PIV cards. */
#include "../../../cardos/piv.h"

#include <stdio.h>

#include "script.h"

#define CHUID	      "> 00CB3FFF055C035FC10200\n"
#define ATR_YUBIKEY_5 "3BFD1300008131FE158073C021C057597562694B657940"
#define ATR_YUBIKEY_4 "3BF81300008131FE15597562696B657934D4"
#define VERSION	      "> 00FD000000\n"
#define ATR_NEO	      "3BFC1300008131FE15597562696B65794E454F7233E1"
#define ATR_NITROKEY  "3B8F01805D4E6974726F6B657900000000006A"
#define ATR_OTHER     "3B80800101"

static struct card_identity identity;

/* What the card is, by its ATR and by what it answers. */
static CK_RV
identify(const char *atr, bool proven, const char *lines, const char *title)
{
	struct script *s = script_new();
	struct card_applet a;
	CK_RV rv;

	script_atr(s, atr);
	if (lines != NULL)
		script_add(s, lines);
	else
		script_load(s, "chuid.apdu", title);
	a = script_applet(s, &piv_driver);
	a.proven = proven;
	assert_int_equal(piv_driver.open(&a, hex("")), CKR_OK);
	identity = (struct card_identity){ 0 };
	rv = piv_identify(&a, &identity);
	script_applet_free(s, &a);
	return rv;
}

static void
identity_is(const char *serial, const char *label, const char *maker,
	    const char *model)
{
	assert_string_equal(identity.serial, serial);
	assert_string_equal(identity.label, label);
	assert_string_equal(identity.manufacturer, maker);
	assert_string_equal(identity.model, model);
}

static void
mute(void **state)
{
	assert_int_equal(identify(ATR_OTHER, true, CHUID "! error\n", NULL),
			 CKR_DEVICE_ERROR);
	assert_int_equal(identify(ATR_YUBIKEY_5, true,
				  CHUID "< 6A82\n> 00F8000000\n! removed\n",
				  NULL),
			 CKR_DEVICE_REMOVED);
}

/* Zeros, blanks and wrong sizes tell nothing. */
static void
chuid_useless(void **state)
{
	static const char *const answers[] = {
		CHUID "< 6A82\n",
		CHUID "< 6982\n",
		CHUID "< 6F00\n",
		CHUID "< 9000\n",
		CHUID "< 53009000\n",
		CHUID "< 5305340301029000\n",
		CHUID "< 531230019A340101"
		      "9000\n",
		CHUID "< 5312341000000000000000000000000000000000"
		      "9000\n",
		CHUID "< 5384FFFFFFFF34"
		      "9000\n",
	};

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		assert_int_equal(identify(ATR_OTHER, true, answers[i], NULL),
				 CKR_OK);
		identity_is("", "PIV", "unknown", "PIV");
	}
}

/* A card of nobody's has the FASC-N of many. */
static void
chuid_nobody(void **state)
{
	assert_int_equal(identify(ATR_NITROKEY, true, NULL, "YubiKey 5.7.4"),
			 CKR_OK);
	identity_is("", "PIV", "Nitrokey", "Nitrokey 3");
}

static void
chuid_guid(void **state)
{
	char lines[256];

	snprintf(lines, sizeof(lines), "%s" VERSION "< 0100049000\n",
		 script_chuid);
	assert_int_equal(identify(ATR_NEO, true, lines, NULL), CKR_OK);
	assert_int_equal(identity.firmware.major, 1);
	assert_int_equal(identity.firmware.minor, 0);
	identity_is("8899aabbccddeeff", "PIV ccddeeff", "Yubico",
		    "YubiKey NEO");
}

/* The first block of a long one is enough. */
static void
chuid_federal(void **state)
{
	assert_int_equal(identify(ATR_OTHER, true, NULL, "NIST PIV test card"),
			 CKR_OK);
	identity_is("9a844486501843f5", "PIV 501843f5", "unknown", "PIV");
}

static void
number(void **state)
{
	assert_int_equal(identify(ATR_YUBIKEY_5, true,
				  CHUID "< 6A82\n> 00F8000000\n"
					"< 00FEDCBA9000\n" VERSION
					"< 0504039000\n",
				  NULL),
			 CKR_OK);
	identity_is("16702650", "PIV 16702650", "Yubico", "YubiKey 5");
	assert_int_equal(identity.firmware.major, 5);
	assert_int_equal(identity.firmware.minor, 4);
	assert_int_equal(identify(ATR_YUBIKEY_5, true,
				  CHUID "< 6A82\n> 00F8000000\n"
					"< FFFFFFFF9000\n" VERSION "< 6D00\n",
				  NULL),
			 CKR_OK);
	identity_is("4294967295", "PIV 94967295", "Yubico", "YubiKey 5");
}

static void
number_useless(void **state)
{
	static const char *const answers[] = { "< 6D00\n", "< 000000009000\n",
					       "< 0102039000\n",
					       "< 01020304059000\n" };
	char lines[256];

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		snprintf(lines, sizeof(lines),
			 CHUID "< 6A82\n> 00F8000000\n%s" VERSION
			       "< 050403009000\n",
			 answers[i]);
		assert_int_equal(identify(ATR_YUBIKEY_5, true, lines, NULL),
				 CKR_OK);
		identity_is("", "PIV", "Yubico", "YubiKey 5");
		assert_int_equal(identity.firmware.major, 0);
	}
}

static void
extended(void **state)
{
	assert_false(piv_extended(hex("")));
	assert_false(piv_extended(hex(ATR_OTHER)));
	assert_false(piv_extended(hex(ATR_NEO)));
	assert_false(piv_extended(hex(ATR_NITROKEY)));
	assert_true(piv_extended(hex(ATR_YUBIKEY_4)));
	assert_true(piv_extended(hex(ATR_YUBIKEY_5)));
	assert_int_equal(piv_nominate(hex(ATR_OTHER)), 0);
	assert_int_equal(piv_nominate(hex(ATR_YUBIKEY_4)), 1);
}

#define CASE(name, function)                                             \
	{                                                                \
		"/cardos/piv_identity/" name, function, NULL, NULL, NULL \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("mute", mute),
		CASE("chuid/useless", chuid_useless),
		CASE("chuid/nobody", chuid_nobody),
		CASE("number/useless", number_useless),
		CASE("chuid/guid", chuid_guid),
		CASE("chuid/federal", chuid_federal),
		CASE("number/good", number),
		CASE("extended", extended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
