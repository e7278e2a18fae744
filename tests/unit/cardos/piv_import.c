/* Private keys that are brought to a card, and the certificate that is there
 * already. */
#include "piv_case.h"

#include "tlv.h"

#define IMPORT "> 00FE119A0406020102\n"

static struct private_key key;

/* One whose public half is in the real card's certificate, or is not. */
static CK_RV
import(struct pubkey *public_key)
{
	struct card_new new = ec_pair("prime256v1");
	CK_RV rv;

	key = (struct private_key){ .scalar = hex("0102"),
				    .public_key = public_key };
	new.key = &key;
	rv = piv_driver.write(&applet, &new, ID(0x9A, CKO_PRIVATE_KEY));
	script_done(script);
	pubkey_free(public_key);
	return rv;
}

/* The content of the container. */
static struct cursor
certified(void)
{
	struct cursor content;

	assert_true(tlv_find(script_fact(FACTS, "certificate, in its container"),
			     0x53, &content));
	return content;
}

static struct pubkey *
fitting(void)
{
	struct pubkey *found = NULL;
	struct certificate c;
	struct cursor der;

	assert_true(tlv_find(certified(), 0x70, &der));
	assert_int_equal(certificate_parse(der, &c), CKR_OK);
	assert_int_equal(pubkey_from_info(c.public_key_info, &found), CKR_OK);
	return found;
}

static struct pubkey *
another(void)
{
	struct pubkey *found = NULL;

	assert_int_equal(pubkey_from_ec(curve_named("prime256v1"),
					script_fact("yubikey-5.4.3-p256.apdu",
						    "public key"),
					&found),
			 CKR_OK);
	return found;
}

static void
refused(void **state)
{
	static const struct {
		const char *answer;
		CK_RV rv;
	} refusals[] = {
		{ "< 6A80\n", CKR_ATTRIBUTE_VALUE_INVALID },
		{ "< 6A81\n", CKR_ATTRIBUTE_VALUE_INVALID },
		{ "< 6982\n", CKR_USER_NOT_LOGGED_IN },
		{ "< 6A84\n", CKR_DEVICE_MEMORY },
		{ "< 6F00\n", CKR_DEVICE_ERROR },
		{ "< 6D00\n> 00CB3FFF035C017E00\n< 7E019000\n",
		  CKR_ATTRIBUTE_VALUE_INVALID },
		{ "! error\n", CKR_DEVICE_ERROR },
		{ "! removed\n", CKR_DEVICE_REMOVED },
	};

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		script_add(script, IMPORT);
		script_add(script, refusals[i].answer);
		assert_int_equal(import(fitting()), refusals[i].rv);
		assert_null(piv_made(&applet, 0x9A));
	}
}

/* What is there, is not this key's or is no certificate goes. */
static void
other_certificate(void **state)
{
	script_add(script, IMPORT "< 9000\n");
	script_data(script, "5FC105", certified());
	script_add(script, DELETE_9A "< 9000\n");
	assert_int_equal(import(another()), CKR_OK);
	script_add(script, IMPORT "< 9000\n");
	script_data(script, "5FC105", hex("7003300102"));
	script_add(script, DELETE_9A "< 9000\n");
	assert_int_equal(import(fitting()), CKR_OK);
	/* neither read nor taken away: the key is there all the same */
	script_add(script, IMPORT "< 9000\n");
	script_data(script, "5FC105", certified());
	script_add(script, DELETE_9A "< 6581\n");
	assert_int_equal(import(another()), CKR_OK);
	script_add(script, IMPORT "< 9000\n");
	script_add(script, "> 00CB3FFF055C035FC10500\n< 6F00\n");
	assert_int_equal(import(another()), CKR_OK);
	assert_non_null(piv_made(&applet, 0x9A));
	script_add(script, IMPORT "< 9000\n");
	script_data(script, "5FC105", certified());
	script_add(script, DELETE_9A "! removed\n");
	assert_int_equal(import(another()), CKR_DEVICE_REMOVED);
}

/* A certificate may have come first; also one of a retired key that no rule
 * would look for. */
static void
own_certificate(void **state)
{
	struct card_new new = ec_pair("prime256v1");

	script_add(script, IMPORT "< 9000\n");
	script_add(script, "> 00CB3FFF055C035FC10500\n< 6A82\n");
	assert_int_equal(import(fitting()), CKR_OK);
	script_add(script, IMPORT "< 9000\n");
	script_data(script, "5FC105", certified());
	assert_int_equal(import(fitting()), CKR_OK);
	key = (struct private_key){ .scalar = hex("0102"),
				    .public_key = fitting() };
	new.key = &key;
	script_add(script, "> 00FE11830406020102\n< 9000\n");
	script_data(script, "5FC10E", certified());
	assert_int_equal(
		piv_driver.write(&applet, &new, ID(0x83, CKO_PRIVATE_KEY)),
		CKR_OK);
	pubkey_free(key.public_key);
}

/* A YubiKey wants five numbers, a Nitrokey 3 two and the public exponent. */
static void
rsa_numbers(void **state)
{
	struct card_new new = rsa_pair;
	struct pubkey *public_key = NULL;

	assert_int_equal(pubkey_from_rsa(script_fact(
				"yubikey-5.4.3-rsa2048-sign.apdu", "modulus"),
					 hex("010001"), &public_key),
			 CKR_OK);
	key = (struct private_key){ .prime_1 = hex("A1"),
				    .prime_2 = hex("A2"),
				    .exponent_1 = hex("A3"),
				    .exponent_2 = hex("A4"),
				    .coefficient = hex("A5"),
				    .public_key = public_key };
	new.key = &key;
	script_add(script, "> 00FE079A0B0101A10201A20303010001\n< 6A80\n");
	assert_int_equal(piv_import(&applet, &new, 0x9A),
			 CKR_ATTRIBUTE_VALUE_INVALID);
	script_atr(script, ATR_YUBIKEY_5);
	script_add(script, "> 00FE079A0F0101A10201A20301A30401A40501A5\n"
			   "< 6A80\n");
	assert_int_equal(piv_import(&applet, &new, 0x9A),
			 CKR_ATTRIBUTE_VALUE_INVALID);
	pubkey_free(public_key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/cardos/piv_import/refused", refused),
		CASE("/cardos/piv_import/other-certificate", other_certificate),
		CASE("/cardos/piv_import/own-certificate", own_certificate),
		CASE("/cardos/piv_import/rsa-numbers", rsa_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
