/* What the PIV driver writes, held against what a YubiKey 5.4.3 was sent and
 * answered. */
#include "../../../cardos/piv.h"

#include "script.h"
#include "tlv.h"

#define FACTS		"yubikey-5.4.3-write.apdu"
#define ID(slot, class) ((uint64_t)(slot) << 8 | (class))
#define DELETE_9A	"> 00DB3FFF075C035FC1055300\n"

static struct script *script;
static struct card_applet applet;

static int
setup(void **state)
{
	script = script_new();
	applet = script_applet(script, &piv_driver);
	applet.by_so = true;
	return piv_driver.open(&applet, hex("")) == CKR_OK ? 0 : -1;
}

static int
teardown(void **state)
{
	script_applet_free(script, &applet);
	return 0;
}

static struct card_new
ec_pair(const char *curve)
{
	return (struct card_new){ .class = CKO_PRIVATE_KEY,
				  .key_type = CKK_EC,
				  .curve = curve_named(curve),
				  .bits = curve_named(curve)->bits };
}

static const struct card_new rsa_pair = { .class = CKO_PRIVATE_KEY,
					  .key_type = CKK_RSA,
					  .bits = 2048 };

static CK_RV
generate(struct card_new new, CK_BYTE pin, CK_BYTE touch)
{
	CK_ATTRIBUTE policies[] = {
		{ PIV_PIN_POLICY, &pin, sizeof(pin) },
		{ PIV_TOUCH_POLICY, &touch, sizeof(touch) },
	};
	CK_RV rv;

	new.template = (struct template){ policies, 2 };
	rv = piv_driver.generate(&applet, &new, ID(0x9A, CKO_PRIVATE_KEY));
	script_done(script);
	return rv;
}

/* No key comes of a refusal, nor of an answer that is none. */
static void
generate_refused(void **state)
{
	static const struct {
		const char *answer;
		CK_RV rv;
	} refusals[] = {
		{ "< 6982\n", CKR_USER_NOT_LOGGED_IN },
		{ "< 6A80\n", CKR_CURVE_NOT_SUPPORTED },
		{ "< 6A84\n", CKR_DEVICE_MEMORY },
		/* another applet's answer, and PIV's own */
		{ "< 6D00\n> 00CB3FFF035C017E00\n< 6D00\n", CKR_DEVICE_ERROR },
		{ "< 6D00\n> 00CB3FFF035C017E00\n< 7E019000\n",
		  CKR_CURVE_NOT_SUPPORTED },
		{ "< 6F00\n", CKR_DEVICE_ERROR },
		{ "< 9000\n", CKR_DEVICE_ERROR },
		{ "< 7F49038601049000\n", CKR_DEVICE_ERROR },
		/* not on the curve */
		{ "< 7F490586030401029000\n", CKR_DEVICE_ERROR },
		{ "! error\n", CKR_DEVICE_ERROR },
		{ "! removed\n", CKR_DEVICE_REMOVED },
	};

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		script_add(script, "> 0047009A0BAC09800111AA0101AB010100\n");
		script_add(script, refusals[i].answer);
		assert_int_equal(generate(ec_pair("prime256v1"), 1, 1),
				 refusals[i].rv);
		assert_null(piv_made(&applet, 0x9A));
	}
}

static void
generated(const char *title, struct card_new new, CK_BYTE pin)
{
	struct pubkey *key;

	script_load(script, FACTS, title);
	script_add(script, DELETE_9A "< 9000\n");
	assert_int_equal(generate(new, pin, 1), CKR_OK);
	key = piv_made(&applet, 0x9A);
	assert_non_null(key);
	assert_int_equal(key->type, new.key_type);
	assert_int_equal(key->bits, new.bits);
}

static void
generate_real(void **state)
{
	generated("generate, P-256", ec_pair("prime256v1"), 3);
	generated("generate, P-384", ec_pair("secp384r1"), 1);
	generated("generate, RSA-2048", rsa_pair, 1);
}

/* A card that hides that a full block is not all; one of which no more than the
 * beginning comes, as of a real PivApplet, has made no key that is known. */
static void
generate_pieces(void **state)
{
	char line[600];
	struct builder text = builder_over(line, sizeof(line));
	uint8_t bytes[270];
	struct builder answer = builder_over(bytes, sizeof(bytes));
	struct cursor all;

	builder_append(&answer, hex("7F4982010981820100"));
	builder_fill(&answer, 0xC5, 256);
	builder_append(&answer, hex("8203010001"));
	all = builder_read(&answer);
	builder_text(&text, "< ");
	builder_hex(&text, cursor_take(&all, 256));
	builder_text(&text, "9000\n");
	builder_u8(&text, '\0');
	script_add(script, "> 0047009A0BAC09800107AA0101AB010100\n");
	script_add(script, line);
	builder_reset(&text);
	builder_text(&text, "> 00C0000000\n< ");
	builder_hex(&text, all);
	builder_text(&text, "9000\n");
	builder_u8(&text, '\0');
	script_add(script, line);
	script_add(script, DELETE_9A "< 9000\n");
	assert_int_equal(generate(rsa_pair, 1, 1), CKR_OK);
	assert_int_equal(piv_made(&applet, 0x9A)->bits, 2048);
	piv_made_forget(&applet);
	script_add(script, "> 0047009A0BAC09800107AA0101AB010100\n"
			   "< 7F49820109818201009000\n");
	assert_int_equal(generate(rsa_pair, 1, 1), CKR_DEVICE_ERROR);
	assert_null(piv_made(&applet, 0x9A));
}

/* The key is there; that its old certificate could not go is no failure. */
static void
generate_old_certificate(void **state)
{
	script_load(script, FACTS, "generate, P-384");
	script_add(script, DELETE_9A "< 6A82\n");
	assert_int_equal(generate(ec_pair("secp384r1"), 1, 1), CKR_OK);
	assert_non_null(piv_made(&applet, 0x9A));
	script_load(script, FACTS, "generate, P-384");
	script_add(script, DELETE_9A "! removed\n");
	assert_int_equal(generate(ec_pair("secp384r1"), 1, 1),
			 CKR_DEVICE_REMOVED);
}

/* A YubiKey 4 takes about 2,000 bytes in an extended command: more is chained.
 */
static void
put_long(void **state)
{
	static const uint8_t zeros[2500];
	struct cursor tag = hex("5FC105");
	char line[600];
	size_t sent = 5 + 4 + sizeof(zeros), piece;

	script_atr(script, "3BF81300008131FE15597562696B657934D4");
	applet.extended = true;
	script_add(script, "> 00DB3FFF0001095C035FC10553820100*\n< 9000\n");
	assert_int_equal(piv_put_data(&applet, tag, cursor_of(zeros, 256)),
			 CKR_OK);
	for (; sent > 0; sent -= piece) {
		piece = sent > 255 ? 255 : sent;
		snprintf(line, sizeof(line), "> %s0DB3FFF%02zX*\n< 9000\n",
			 sent > 255 ? "1" : "0", piece);
		script_add(script, line);
	}
	assert_int_equal(
		piv_put_data(&applet, tag, cursor_of(zeros, sizeof(zeros))),
		CKR_OK);
	assert_true(applet.extended);
	script_done(script);
}

/* A YubiKey whose RSA keys can be factored makes none, and is not asked to. */
static void
place_weak(void **state)
{
	struct private_key brought = { .scalar = hex("01") };
	struct card_new new = rsa_pair;
	uint64_t id;

	script_atr(script, "3BF81300008131FE15597562696B657934D4");
	new.cka_id = hex("01");
	script_add(script, "> 00FD000000\n< 0403049000\n");
	assert_int_equal(piv_driver.place(&applet, &new, &id),
			 CKR_FUNCTION_NOT_SUPPORTED);
	/* one that is brought is none of its making */
	new.key = &brought;
	assert_int_equal(piv_driver.place(&applet, &new, &id), CKR_OK);
	new.bits = 4096;
	assert_int_equal(piv_driver.place(&applet, &new, &id),
			 CKR_KEY_SIZE_RANGE);
}

static void
policies_refused(void **state)
{
	CK_ULONG wide = 2;
	CK_BYTE odd[3] = { 1, 1, 1 };
	CK_ATTRIBUTE policy = { PIV_PIN_POLICY, &wide, sizeof(wide) };
	struct card_new new = ec_pair("prime256v1");
	uint8_t bytes[16];
	struct builder out = builder_over(bytes, sizeof(bytes));

	assert_int_equal(generate(new, 4, 1), CKR_ATTRIBUTE_VALUE_INVALID);
	assert_int_equal(generate(new, 1, 0xFF), CKR_ATTRIBUTE_VALUE_INVALID);
	new.template = (struct template){ &policy, 1 };
	assert_int_equal(piv_policies_put(&new, &out), CKR_OK);
	assert_true(cursor_same(builder_read(&out), hex("AA0102")));
	policy = (CK_ATTRIBUTE){ PIV_PIN_POLICY, odd, sizeof(odd) };
	assert_int_equal(piv_policies_put(&new, &out),
			 CKR_ATTRIBUTE_VALUE_INVALID);
}

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

/* A key that was brought; a certificate that fits it stays. */
static void
import_real(void **state)
{
	struct cursor container =
		script_fact(FACTS, "certificate, in its container");
	struct private_key key = { .scalar = hex("0102") };
	struct card_new new = ec_pair("prime256v1");
	struct certificate c;
	struct cursor content, der;

	assert_true(tlv_find(container, 0x53, &content));
	assert_true(tlv_find(content, 0x70, &der));
	assert_int_equal(certificate_parse(der, &c), CKR_OK);
	assert_int_equal(pubkey_from_info(c.public_key_info, &key.public_key),
			 CKR_OK);
	new.key = &key;
	script_add(script, "> 00FE119A0406020102\n< 9000\n");
	script_data(script, "5FC105", content);
	assert_int_equal(
		piv_driver.write(&applet, &new, ID(0x9A, CKO_PRIVATE_KEY)),
		CKR_OK);
	script_done(script);
	/* another key's goes */
	pubkey_free(key.public_key);
	assert_int_equal(pubkey_from_ec(curve_named("prime256v1"),
					script_fact("yubikey-5.4.3-p256.apdu",
						    "public key"),
					&key.public_key),
			 CKR_OK);
	script_add(script, "> 00FE119A0406020102\n< 9000\n");
	script_data(script, "5FC105", content);
	script_add(script, "> 00CB3FFF055C035FC10500\n< 5301709000\n");
	script_add(script, DELETE_9A "< 9000\n");
	assert_int_equal(
		piv_driver.write(&applet, &new, ID(0x9A, CKO_PRIVATE_KEY)),
		CKR_OK);
	pubkey_free(key.public_key);
}

static void
import_refused(void **state)
{
	struct private_key key = { .scalar = hex("0102") };
	struct card_new new = ec_pair("prime256v1");

	new.key = &key;
	script_add(script, "> 00FE119A0406020102\n< 6A80\n");
	assert_int_equal(
		piv_driver.write(&applet, &new, ID(0x9A, CKO_PRIVATE_KEY)),
		CKR_ATTRIBUTE_VALUE_INVALID);
	script_add(script, "> 00FE119A0406020102\n< 6982\n");
	assert_int_equal(
		piv_driver.write(&applet, &new, ID(0x9A, CKO_PRIVATE_KEY)),
		CKR_USER_NOT_LOGGED_IN);
	assert_null(piv_made(&applet, 0x9A));
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

#define CASE(name, function)                                               \
	{                                                                  \
		"/cardos/piv_write/" name, function, setup, teardown, NULL \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("generate/refused", generate_refused),
		CASE("policies/refused", policies_refused),
		CASE("place/refused", place_refused),
		CASE("import/refused", import_refused),
		CASE("move/occupied", move_occupied),
		CASE("generate/real", generate_real),
		CASE("generate/pieces", generate_pieces),
		CASE("generate/old-certificate", generate_old_certificate),
		CASE("place/weak", place_weak),
		CASE("put/long", put_long),
		CASE("place/ids", place_ids),
		CASE("import/real", import_real),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
