/* What goes to an OpenPGP card to change it, and what never does. */
#include <string.h>

#include "openpgp_case.h"

#define CARDS	    "openpgp.apdu"
#define WRITE	    "/cardos/openpgp_write/"
#define P256	    "06082A8648CE3D030107"
#define GET_C4	    "> 00CA00C400\n"
#define NAMES(n, t) "> 00DA00" n "14*\n< 9000\n> 00DA00" t "04*\n< 9000\n"
#define X4(byte)    byte byte byte byte
#define X31(byte) \
	X4(byte)  \
	X4(byte) X4(byte) X4(byte) X4(byte) X4(byte) X4(byte) byte byte byte

static struct card_new
rsa(size_t bits, const char *cka_id)
{
	return (struct card_new){ .class = CKO_PRIVATE_KEY,
				  .key_type = CKK_RSA,
				  .bits = bits,
				  .cka_id = hex(cka_id) };
}

static struct card_new
on_curve(const struct curve *curve, const char *cka_id)
{
	return (struct card_new){ .class = CKO_PRIVATE_KEY,
				  .key_type = curve->type,
				  .bits = curve->bits,
				  .curve = curve,
				  .cka_id = hex(cka_id) };
}

static CK_RV
placed(const struct card_new *new)
{
	uint64_t id = 7;
	CK_RV rv = openpgp_driver.place(&applet, new, &id);

	assert_int_equal(id == 7, rv != CKR_OK);
	return rv;
}

static void
place_bad(void **state)
{
	const struct curve *ed = curve_typed(CKK_EC_EDWARDS, hex("06032B6570"));
	const struct curve *x =
		curve_typed(CKK_EC_MONTGOMERY, hex("06032B656E"));
	struct card_new new = rsa(2048, "04");

	assert_int_equal(placed(&new), CKR_ATTRIBUTE_VALUE_INVALID);
	new = rsa(2048, "0101");
	assert_int_equal(placed(&new), CKR_ATTRIBUTE_VALUE_INVALID);
	new = rsa(1024, "01");
	assert_int_equal(placed(&new), CKR_KEY_SIZE_RANGE);
	new = rsa(2049, "01");
	assert_int_equal(placed(&new), CKR_KEY_SIZE_RANGE);
	new = rsa(8192, "01");
	assert_int_equal(placed(&new), CKR_KEY_SIZE_RANGE);
	new = rsa(2048, "01");
	new.exponent = hex("03");
	assert_int_equal(placed(&new), CKR_ATTRIBUTE_VALUE_INVALID);
	new = rsa(2048, "");
	assert_int_equal(placed(&new), CKR_TEMPLATE_INCOMPLETE);
	new = on_curve(ed, "02");
	assert_int_equal(placed(&new), CKR_CURVE_NOT_SUPPORTED);
	new = on_curve(x, "03");
	assert_int_equal(placed(&new), CKR_CURVE_NOT_SUPPORTED);
	new = on_curve(x, "02");
	assert_int_equal(placed(&new), CKR_OK);
}

/* What the key is for chooses, but replaces nothing. */
static void
place_chosen(void **state)
{
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ATTRIBUTE sign = { CKA_SIGN, &yes, 1 };
	CK_ATTRIBUTE decrypt[] = { { CKA_SIGN, &no, 1 },
				   { CKA_DECRYPT, &yes, 1 } };
	struct card_new new = rsa(2048, "");

	new.template = (struct template){ &sign, 1 };
	assert_int_equal(placed(&new), CKR_TEMPLATE_INCOMPLETE);
	new.template = (struct template){ decrypt, 2 };
	assert_int_equal(placed(&new), CKR_OK);
	new.cka_id = hex("01");
	assert_int_equal(placed(&new), CKR_TEMPLATE_INCONSISTENT);
	new.cka_id = hex("02");
	assert_int_equal(placed(&new), CKR_OK);
	new.template = (struct template){ &sign, 1 };
	assert_int_equal(placed(&new), CKR_TEMPLATE_INCONSISTENT);
	sign.ulValueLen = 2;
	assert_int_equal(placed(&new), CKR_ATTRIBUTE_VALUE_INVALID);
}

/* Attributes that cannot change leave one kind of key for a place. */
static void
place_fixed(void **state)
{
	struct openpgp *o = applet.state;
	struct card_new new = rsa(4096, "01");

	o->facts.changes = false;
	assert_int_equal(placed(&new), CKR_KEY_SIZE_RANGE);
	new = on_curve(curve_named("prime256v1"), "01");
	assert_int_equal(placed(&new), CKR_CURVE_NOT_SUPPORTED);
	new = rsa(2048, "01");
	assert_int_equal(placed(&new), CKR_OK);
}

static CK_RV
generate(const struct card_new *new)
{
	uint64_t id = 0;

	assert_int_equal(openpgp_driver.place(&applet, new, &id), CKR_OK);
	return openpgp_driver.generate(&applet, new, id);
}

static void
generate_user(void **state)
{
	struct card_new new = rsa(2048, "01");

	applet.by_so = false;
	applet.sw = 0x6982;
	assert_int_equal(generate(&new), CKR_USER_NOT_LOGGED_IN);
	assert_false(sw_listed(openpgp_driver.pin_wanted, applet.sw));
}

/* The card makes this key. */
static void
made(struct cursor key)
{
	struct builder line = builder_heap(4096);

	builder_text(&line, "> 0047800002B60000\n< ");
	builder_hex(&line, key);
	builder_text(&line, "9000\n");
	builder_u8(&line, 0);
	script_add(script, (char *)line.data);
	builder_free(&line);
}

/* The kind of key is right already. */
static void
generate_same(void **state)
{
	struct card_new new = on_curve(curve_named("prime256v1"), "01");

	made(script_fact(CARDS, "yubikey p256"));
	script_add(script, NAMES("C7", "CE"));
	assert_int_equal(generate(&new), CKR_OK);
}

/* A card that wants e of another length says that the data is wrong; a curve
 * that it does not know is the caller's mistake. */
static void
generate_other(void **state)
{
	struct openpgp *o = applet.state;
	struct card_new new = rsa(3072, "03");

	script_add(script, "> 00DA00C306010C00002000\n< 6A80\n"
			   "> 00DA00C306010C00001100\n< 6A80\n");
	assert_int_equal(generate(&new), CKR_KEY_SIZE_RANGE);
	new = on_curve(curve_named("secp521r1"), "03");
	script_add(script, "> 00DA00C306132B81040023\n< 6A80\n");
	assert_int_equal(generate(&new), CKR_CURVE_NOT_SUPPORTED);
	script_add(script, "> 00DA00C306132B81040023\n< 6985\n");
	assert_int_equal(generate(&new), CKR_CURVE_NOT_SUPPORTED);
	assert_int_equal(o->facts.keys[2].presence, OPENPGP_PRESENT);
	new = rsa(3072, "03");
	script_add(script, "> 00DA00C306010C00002000\n< 6A80\n"
			   "> 00DA00C306010C00001100\n< 9000\n"
			   "> 0047800002A40000\n< 6985\n");
	assert_int_equal(generate(&new), CKR_FUNCTION_FAILED);
	assert_int_equal(o->facts.keys[2].presence, OPENPGP_ABSENT);
	assert_int_equal(o->facts.keys[2].exponent_bits, 17);
}

/* The card has made the key, but keeps no name of it, or is gone. */
static void
generate_unnamed(void **state)
{
	struct card_new new = on_curve(curve_named("prime256v1"), "01");

	made(script_fact(CARDS, "yubikey p256"));
	script_add(script, "> 00DA00C714*\n< 6A88\n");
	assert_int_equal(generate(&new), CKR_OK);
	made(script_fact(CARDS, "yubikey p256"));
	script_add(script, "> 00DA00C714*\n! error\n");
	assert_int_equal(generate(&new), CKR_DEVICE_ERROR);
}

static CK_RV
bring(CK_KEY_TYPE type, const char *params, const char *scalar,
      const char *cka_id)
{
	struct cursor oid = hex(params), value = hex(scalar);
	CK_ATTRIBUTE list[] = {
		{ CKA_EC_PARAMS, (void *)oid.at, oid.left },
		{ CKA_VALUE, (void *)value.at, value.left },
	};
	struct card_new new = { .class = CKO_PRIVATE_KEY,
				.key_type = type,
				.cka_id = hex(cka_id) };
	uint64_t id = 0;
	CK_RV rv;

	assert_int_equal(
		private_key_of(type, (struct template){ list, 2 }, &new.key),
		CKR_OK);
	new.curve = new.key->public_key->curve;
	new.bits = new.key->public_key->bits;
	rv = openpgp_driver.place(&applet, &new, &id);
	if (rv == CKR_OK)
		rv = openpgp_driver.write(&applet, &new, id);
	private_key_free(new.key);
	return rv;
}

/* The extended header list: tag and length apart from the number. */
static void
import(void **state)
{
	struct openpgp *o = applet.state;

	o->facts.imports = true;
	script_add(script, "> 00DA00C109132A8648CE3D030107\n< 9000\n"
			   "> 00DB3FFF2C4D2AB6007F480292205F4820" X31(
				   "00") "01\n< 9000\n" NAMES("C7", "CE"));
	assert_int_equal(bring(CKK_EC, P256, X31("00") "01", "01"), CKR_OK);
	/* the last byte first, but not of a seed */
	script_add(script, "> 00DA00C20B122B060104019755010501\n< 9000\n"
			   "> 00DB3FFF2C4D2AB8007F480292205F4820" X31(
				   "40") "08\n< 9000\n" NAMES("C8", "CF"));
	assert_int_equal(
		bring(CKK_EC_MONTGOMERY, "06032B656E", "08" X31("40"), "02"),
		CKR_OK);
	script_add(script, "> 00DA00C30A162B06010401DA470F01\n< 9000\n"
			   "> 00DB3FFF2C4D2AA4007F480292205F4820"
			   "08" X31("40") "\n< 9000\n" NAMES("C9", "D0"));
	assert_int_equal(
		bring(CKK_EC_EDWARDS, "06032B6570", "08" X31("40"), "03"),
		CKR_OK);
	/* with the point, as its own attributes say */
	o->facts.keys[0].format = 0xFF;
	script_add(script,
		   "> 00DB3FFF6F4D6DB6007F480492209941"
		   "5F4861" X31("00") "01"
				      "046B17D1F2E12C4247F8BCE6E563A440F2*\n"
				      "< 6982\n");
	assert_int_equal(bring(CKK_EC, P256, X31("00") "01", "01"),
			 CKR_USER_NOT_LOGGED_IN);
	o->facts.imports = false;
	assert_int_equal(bring(CKK_EC, P256, X31("00") "01", "01"),
			 CKR_FUNCTION_NOT_SUPPORTED);
}

/* A card that wants the point without a word of it in the attributes gets it
 * once it has refused a key without; a wrong RSA key goes once. */
static void
import_point(void **state)
{
	struct openpgp *o = applet.state;

	o->facts.imports = true;
	for (int i = 0; i < 2; i++) {
		script_add(script, "> 00DB3FFF2C4D2AB600*\n< 6A80\n"
				   "> 00DB3FFF6F4D6DB6007F480492209941"
				   "5F4861" X31("00") "0104*\n");
		script_add(script,
			   i == 0 ? "< 6A80\n" : "< 9000\n" NAMES("C7", "CE"));
		assert_int_equal(bring(CKK_EC, P256, X31("00") "01", "01"),
				 i == 0 ? CKR_DATA_INVALID : CKR_OK);
	}
}

static void
remove_key(void **state)
{
	struct openpgp *o = applet.state;

	assert_int_equal(removed(OPENPGP_SIGN, CKO_PRIVATE_KEY),
			 CKR_ACTION_PROHIBITED);
	o->facts.manufacturer = OPENPGP_YUBICO;
	script_add(script, "> 00DA00C106011000002000\n< 9000\n"
			   "> 00DA00C106010800002000\n< 9000\n");
	assert_int_equal(removed(OPENPGP_SIGN, CKO_PRIVATE_KEY), CKR_OK);
	assert_int_equal(o->facts.keys[0].presence, OPENPGP_ABSENT);
	assert_int_equal(o->facts.keys[0].bits, 2048);
}

static CK_RV
reset(const char *pin)
{
	return openpgp_driver.reset(&applet, cursor_of(pin, strlen(pin)));
}

/* PW3 first; a card that cannot be terminated stays as it is. */
static void
reset_refused(void **state)
{
	script_add(script, "> 00200083083837363534333231\n< 6982\n" GET_C4
			   "< 017F7F7F0300029000\n");
	assert_int_equal(reset("87654321"), CKR_PIN_INCORRECT);
	script_add(script, "> 00200083083132333435363738\n< 9000\n"
			   "> 00E60000\n< 6985\n> 0020FF83\n< 9000\n");
	assert_int_equal(reset("12345678"), CKR_FUNCTION_FAILED);
	script_add(script, "> 00200083083132333435363738\n< 9000\n"
			   "> 00E60000\n! error\n> 0020FF83\n< 9000\n");
	assert_int_equal(reset("12345678"), CKR_DEVICE_ERROR);
}

static void
reset_good(void **state)
{
	struct openpgp *o = applet.state;

	o->signs = true;
	script_add(script,
		   "> 00200083083132333435363738\n< 9000\n"
		   "> 00E60000\n< 9000\n> 00440000\n< 9000\n"
		   "> 00A4040006D2760001240100\n< 9000\n"
		   "> 00CA006E00\n< 4F10D276000124010304000F123456780000"
		   "7308DE060100020003009000\n");
	assert_int_equal(reset("12345678"), CKR_OK);
	assert_false(o->signs);
	for (size_t i = 0; i < OPENPGP_KEYS; i++)
		assert_int_equal(o->facts.keys[i].presence, OPENPGP_ABSENT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(WRITE "place/bad", place_bad, setup),
		CASE(WRITE "place/chosen", place_chosen, setup),
		CASE(WRITE "place/fixed", place_fixed, setup),
		CASE(WRITE "generate/user", generate_user, setup),
		CASE(WRITE "generate/other", generate_other, setup),
		CASE(WRITE "generate/unnamed", generate_unnamed, setup_curve),
		CASE(WRITE "generate/same", generate_same, setup_curve),
		CASE(WRITE "import", import, setup),
		CASE(WRITE "import/point", import_point, setup_curve),
		CASE(WRITE "remove", remove_key, setup),
		CASE(WRITE "reset/refused", reset_refused, setup),
		CASE(WRITE "reset/good", reset_good, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
