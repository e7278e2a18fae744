/* Where things go, and what is taken away and moved. */
#include "piv_case.h"

/* What has no number in PIV, or stands for no place, is not sent. */
static void
place_refused(void **state)
{
	struct card_new new = rsa_pair;
	uint64_t id;

	new.cka_id = hex("25");
	assert_int_equal(piv_driver.place(&applet, &new, &id),
			 CKR_ATTRIBUTE_VALUE_INVALID);
	new.cka_id = hex("01");
	new.bits = 1536;
	assert_int_equal(piv_driver.place(&applet, &new, &id),
			 CKR_KEY_SIZE_RANGE);
	new.bits = 2048;
	new.exponent = hex("03");
	assert_int_equal(piv_driver.place(&applet, &new, &id),
			 CKR_ATTRIBUTE_VALUE_INVALID);
	new.exponent = hex("010001");
	assert_int_equal(piv_driver.place(&applet, &new, &id), CKR_OK);
	assert_int_equal(id, ID(0x9A, CKO_PRIVATE_KEY));
	new = ec_pair("secp521r1");
	new.cka_id = hex("01");
	assert_int_equal(piv_driver.place(&applet, &new, &id),
			 CKR_CURVE_NOT_SUPPORTED);
}

/* OpenSC's numbers, and ykcs11's where they are no others'. */
static void
place_ids(void **state)
{
	static const struct {
		const char *cka_id;
		uint8_t reference;
	} places[] = {
		{ "02", 0x9C }, { "03", 0x9D }, { "04", 0x9E }, { "05", 0x82 },
		{ "09", 0x86 }, { "0A", 0x87 }, { "0F", 0x8C }, { "10", 0x87 },
		{ "19", 0x90 }, { "20", 0x91 }, { "24", 0x95 },
	};
	struct card_new new = rsa_pair;
	uint64_t id;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		new.cka_id = hex(places[i].cka_id);
		assert_int_equal(piv_driver.place(&applet, &new, &id), CKR_OK);
		assert_int_equal(piv_reference(id), places[i].reference);
	}
}

/* A key is moved only to a place that is empty by the card's own word: a
 * retired one may hold a key without a certificate. */
static void
move_occupied(void **state)
{
	static const struct {
		const char *answer;
		CK_RV rv;
	} places[] = {
		{ "< 0101110202020103010104009000\n",
		  CKR_ATTRIBUTE_VALUE_INVALID },
		{ "< 9000\n", CKR_ATTRIBUTE_VALUE_INVALID },
		{ "< 6982\n", CKR_ATTRIBUTE_VALUE_INVALID },
		{ "< 6D00\n", CKR_ATTRIBUTE_VALUE_INVALID },
		{ "< 6F00\n", CKR_ATTRIBUTE_VALUE_INVALID },
		{ "< 6A88\n> 00CB3FFF055C035FC10D00\n< 5301709000\n",
		  CKR_ATTRIBUTE_VALUE_INVALID },
	};
	struct card_object key = { .id = ID(0x9E, CKO_PRIVATE_KEY) };
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	struct piv *piv = applet.state;
	uint64_t id = 0;

	piv->version =
		(struct piv_version){ .asked = true, .major = 5, .minor = 7 };
	assert_int_equal(attrs_set_ulong(&key.attrs, CKA_CLASS, class), CKR_OK);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		script_add(script, "> 00F7008200\n");
		script_add(script, places[i].answer);
		assert_int_equal(piv_driver.move(&applet, &key, hex("05"), &id),
				 places[i].rv);
		script_done(script);
	}
	script_add(script, "> 00F7008200\n< 6A88\n"
			   "> 00CB3FFF055C035FC10D00\n< 6A82\n"
			   "> 00F6829E\n< 9000\n");
	assert_int_equal(piv_driver.move(&applet, &key, hex("05"), &id),
			 CKR_OK);
	assert_int_equal(id, ID(0x82, CKO_PRIVATE_KEY));
	script_add(script, "> 00F7008200\n! removed\n");
	assert_int_equal(piv_driver.move(&applet, &key, hex("05"), &id),
			 CKR_DEVICE_REMOVED);
	attrs_free(&key.attrs);
}

static CK_RV
take_away(uint8_t reference, CK_OBJECT_CLASS class)
{
	struct card_object o = { .id = ID(reference, class) };
	CK_RV rv;

	assert_int_equal(attrs_set_ulong(&o.attrs, CKA_CLASS, class), CKR_OK);
	rv = piv_driver.remove(&applet, &o);
	script_done(script);
	attrs_free(&o.attrs);
	return rv;
}

/* What cannot be taken away is not tried: a public key without its private one,
 * a private key before 5.7, the certificate of F9. */
static void
remove_refused(void **state)
{
	firmware(5, 4, 3);
	assert_int_equal(take_away(0x9A, CKO_PUBLIC_KEY),
			 CKR_ACTION_PROHIBITED);
	assert_int_equal(take_away(0x9A, CKO_PRIVATE_KEY),
			 CKR_ACTION_PROHIBITED);
	assert_int_equal(take_away(0xF9, CKO_CERTIFICATE),
			 CKR_ACTION_PROHIBITED);
	script_add(script, DELETE_9A "< 6982\n");
	assert_int_equal(take_away(0x9A, CKO_CERTIFICATE),
			 CKR_USER_NOT_LOGGED_IN);
	firmware(5, 7, 0);
	script_add(script, "> 00F6FF9A\n< 6982\n");
	assert_int_equal(take_away(0x9A, CKO_PRIVATE_KEY),
			 CKR_USER_NOT_LOGGED_IN);
	script_add(script, "> 00F6FF9A\n< 6A88\n");
	assert_int_equal(take_away(0x9A, CKO_PRIVATE_KEY),
			 CKR_OBJECT_HANDLE_INVALID);
	script_add(script, "> 00F6FF9A\n! removed\n");
	assert_int_equal(take_away(0x9A, CKO_PRIVATE_KEY), CKR_DEVICE_REMOVED);
}

/* A key that was made here is remembered until it goes. */
static void
remove_good(void **state)
{
	struct pubkey *key = NULL;

	assert_int_equal(pubkey_from_ec(curve_named("prime256v1"),
					script_fact("yubikey-5.4.3-p256.apdu",
						    "public key"),
					&key),
			 CKR_OK);
	piv_made_keep(&applet, 0x9A, key);
	script_add(script, DELETE_9A "< 9000\n");
	assert_int_equal(take_away(0x9A, CKO_CERTIFICATE), CKR_OK);
	assert_non_null(piv_made(&applet, 0x9A));
	firmware(5, 7, 0);
	script_add(script, "> 00F6FF9A\n< 9000\n");
	assert_int_equal(take_away(0x9A, CKO_PRIVATE_KEY), CKR_OK);
	assert_null(piv_made(&applet, 0x9A));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/cardos/piv_write/place/refused", place_refused),
		CASE("/cardos/piv_write/move/occupied", move_occupied),
		CASE("/cardos/piv_write/remove/refused", remove_refused),
		CASE("/cardos/piv_write/place/ids", place_ids),
		CASE("/cardos/piv_write/remove", remove_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
