/* The data objects of OpenPGP cards, held against what real cards gave. */
#include "../../../cardos/openpgp.h"

#include "script.h"

#define CARDS "openpgp.apdu"
#define AID   "4F10D27600012401030400061234567800 00"

static struct openpgp_facts
facts_of(const char *card)
{
	struct openpgp_facts facts = { 0 };

	assert_true(openpgp_facts_parse(script_fact(CARDS, card), &facts));
	return facts;
}

static bool
parses(const char *text)
{
	struct openpgp_facts facts = { .version = 7 };
	bool good = openpgp_facts_parse(hex(text), &facts);

	assert_int_equal(facts.version == 7, !good);
	return good;
}

static void
facts_bad(void **state)
{
	assert_false(parses(""));
	assert_false(parses("6E00"));
	assert_false(parses("6E047300"));
	assert_false(parses("4F06D27600012401"));
	/* another applet, and version 1.1 */
	assert_false(parses("4F10D276000124020304000612345678 0000"));
	assert_false(parses("4F10D276000124010101000612345678 0000"));
	assert_false(parses("C407007F7F7F030003"));
}

/* What is cut short leaves what came before it. */
static void
facts_cut(void **state)
{
	struct openpgp_facts facts = { 0 };

	assert_true(openpgp_facts_parse(
		hex("6E817F" AID "7375C40700207F7F020003C53C0102"), &facts));
	assert_int_equal(facts.version, 0x0304);
	assert_true(facts.pin.known);
	assert_int_equal(facts.pin.max[OPENPGP_PW1], 0x20);
	assert_int_equal(facts.pin.tries_left[OPENPGP_PW1], 2);
	assert_int_equal(facts.keys[0].presence, OPENPGP_POSSIBLE);
	assert_true(openpgp_facts_parse(hex(AID), &facts));
	assert_false(facts.pin.known);
	assert_int_equal(facts.pin.max[OPENPGP_PW1], 127);
}

static void
facts_yubikey(void **state)
{
	struct openpgp_facts f = facts_of("yubikey 5.4.3");

	assert_int_equal(f.version, 0x0304);
	assert_int_equal(f.manufacturer, 0x0006);
	assert_true(f.extended);
	assert_true(f.kdf);
	assert_int_equal(f.certificates, 3);
	assert_true(f.pin.several);
	assert_int_equal(f.pin.max[OPENPGP_PW1], 127);
	assert_int_equal(f.pin.tries_left[OPENPGP_PW1], 3);
	assert_int_equal(f.keys[0].presence, OPENPGP_PRESENT);
	assert_int_equal(f.keys[0].algorithm, OPENPGP_ECDSA);
	assert_ptr_equal(f.keys[0].curve, curve_named("prime256v1"));
	assert_int_equal(f.keys[1].presence, OPENPGP_ABSENT);
	assert_int_equal(f.keys[1].algorithm, OPENPGP_RSA);
	f = facts_of("yubikey 5.4.3 empty");
	for (size_t i = 0; i < OPENPGP_KEYS; i++)
		assert_int_equal(f.keys[i].presence, OPENPGP_ABSENT);
}

/* Its C4 begins with FF: PW1 is not good for one signature alone. */
static void
facts_yubikey_4(void **state)
{
	struct openpgp_facts f = facts_of("yubikey 4");

	assert_int_equal(f.version, 0x0201);
	assert_false(f.extended);
	assert_false(f.kdf);
	assert_true(f.changes);
	assert_true(f.private_data);
	assert_int_equal(f.certificates, 1);
	assert_int_equal(f.certificate_max, 0x04C0);
	assert_true(f.pin.several);
	assert_int_equal(f.pin.tries_left[OPENPGP_CODE], 0);
	assert_int_equal(f.keys[0].exponent_bits, 17);
	assert_int_equal(f.keys[0].presence, OPENPGP_POSSIBLE);
}

/* 73 is empty and C0 and the rest follow it; an early one has it right. */
static void
facts_neo(void **state)
{
	static const char *const cards[] = { "yubikey neo",
					     "yubikey neo later" };

	for (size_t i = 0; i < 2; i++) {
		struct openpgp_facts f = facts_of(cards[i]);

		assert_int_equal(f.version, 0x0200);
		assert_false(f.extended);
		assert_false(f.kdf);
		assert_int_equal(f.certificates, 1);
		assert_true(f.pin.known);
		assert_false(f.pin.several);
		assert_int_equal(f.pin.tries_left[OPENPGP_PW1], 3);
		assert_int_equal(f.keys[2].algorithm, OPENPGP_RSA);
		assert_int_equal(f.keys[2].presence, OPENPGP_POSSIBLE);
	}
}

/* Without 6E around it. */
static void
facts_zeitcontrol(void **state)
{
	struct openpgp_facts f = facts_of("zeitcontrol 2.1");

	assert_int_equal(f.version, 0x0201);
	assert_int_equal(f.manufacturer, 0x0005);
	assert_true(f.extended);
	assert_true(f.pin.several);
	assert_int_equal(f.pin.max[OPENPGP_PW1], 32);
}

static void
facts_smartpgp(void **state)
{
	struct openpgp_facts f = facts_of("smartpgp 3.2");

	assert_int_equal(f.version, 0x0302);
	assert_int_equal(f.manufacturer, 0xAFAF);
	assert_false(f.extended);
	assert_true(f.kdf);
	assert_int_equal(f.pin.tries_left[OPENPGP_PW1], 2);
}

/* A fingerprint tells of a key where the card does not; a curve is known with
 * and without the byte that some cards append. */
static void
facts_keys(void **state)
{
	struct openpgp_facts f = { 0 };

	assert_true(openpgp_facts_parse(
		hex(AID "7360"
			"C10A132A8648CE3D030107FF"
			"C20A122A8648CE3D03010700"
			"C306132B81040022"
			"C53C00000000000000000000000000000000000000000102030000"
			"000000000000000000000000000000000000000000000000000000"
			"000000000000"
			"DE020301"),
		&f));
	assert_ptr_equal(f.keys[0].curve, curve_named("prime256v1"));
	assert_ptr_equal(f.keys[1].curve, curve_named("prime256v1"));
	assert_ptr_equal(f.keys[2].curve, curve_named("secp384r1"));
	assert_int_equal(f.keys[0].presence, OPENPGP_POSSIBLE);
	assert_int_equal(f.keys[1].presence, OPENPGP_PRESENT);
	assert_int_equal(f.keys[2].presence, OPENPGP_PRESENT);
	assert_int_equal(facts_of("yubikey 5.4.3 x25519").keys[1].curve->type,
			 CKK_EC_MONTGOMERY);
	/* nothing that is known, and X25519's number with two bytes more */
	assert_true(openpgp_facts_parse(
		hex(AID "7316C102122BC210122B0601040197550105010000"), &f));
	assert_null(f.keys[0].curve);
	assert_null(f.keys[1].curve);
	assert_true(openpgp_facts_parse(
		hex(AID
		    "7318C10A162B06010401DA470F01C30B162B06010401DA470F0100"),
		&f));
	assert_int_equal(f.keys[0].curve->type, CKK_EC_EDWARDS);
	assert_ptr_equal(f.keys[0].curve, f.keys[2].curve);
}

/* D6 to D8; what is not there tells of no touch. */
static void
facts_touch(void **state)
{
	struct openpgp_facts f = { 0 };

	assert_true(openpgp_facts_parse(
		hex(AID "730BD6020020D7020120D80104D900"), &f));
	assert_false(f.keys[OPENPGP_SIGN].touch);
	assert_true(f.keys[OPENPGP_DECIPHER].touch);
	assert_true(f.keys[OPENPGP_AUTHENTICATE].touch);
	assert_true(openpgp_facts_parse(hex(AID "7302D600"), &f));
	assert_false(f.keys[OPENPGP_SIGN].touch);
}

static void
pin(void **state)
{
	struct openpgp_pin p = { .max[OPENPGP_PW1] = 99 };

	assert_false(openpgp_pin_parse(hex(""), &p));
	assert_false(openpgp_pin_parse(hex("007F7F7F"), &p));
	assert_false(openpgp_pin_parse(hex("0102030405060708"), &p));
	assert_int_equal(p.max[OPENPGP_PW1], 99);
	assert_true(openpgp_pin_parse(hex("00FF7F7F010003"), &p));
	assert_int_equal(p.max[OPENPGP_PW1], 127);
	assert_int_equal(p.tries_left[OPENPGP_PW1], 1);
	assert_false(p.several);
	assert_true(openpgp_pin_parse(hex("FF7F7F7F030003"), &p));
	assert_true(p.several);
	assert_true(openpgp_pin_parse(hex("C40701207F7F020003"), &p));
	assert_true(p.several);
	assert_int_equal(p.max[OPENPGP_PW1], 32);
}

static CK_RV
key_parse(const char *answer, const char *curve, struct pubkey **key)
{
	struct openpgp_key told = {
		.curve = curve != NULL ? curve_named(curve) : NULL,
	};

	return openpgp_key_parse(hex(answer), &told, key);
}

static void
key_bad(void **state)
{
	static const char *const bad[] = {
		"",
		"9000",
		"7F4900",
		"7F49028600",
		"7F490481010082",
		"7F490786050401020304",
		"7F4905810301000182",
	};
	struct pubkey *key = NULL;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(key_parse(bad[i], "prime256v1", &key),
				 CKR_OBJECT_HANDLE_INVALID);
		assert_null(key);
	}
}

static void
key_good(void **state)
{
	struct openpgp_key told = { .curve = curve_named("prime256v1") };
	struct pubkey *key = NULL;

	assert_int_equal(
		openpgp_key_parse(script_fact(CARDS, "yubikey rsa2048"), &told,
				  &key),
		CKR_OK);
	assert_int_equal(key->type, CKK_RSA);
	assert_int_equal(key->bits, 2048);
	pubkey_free(key);
	assert_int_equal(openpgp_key_parse(script_fact(CARDS, "yubikey p256"),
					   &told, &key),
			 CKR_OK);
	assert_int_equal(key->type, CKK_EC);
	pubkey_free(key);
	/* with 40 before it as well */
	told.curve = curve_typed(CKK_EC_MONTGOMERY, hex("0603 2B656E"));
	assert_int_equal(openpgp_key_parse(script_fact(CARDS, "yubikey x25519"),
					   &told, &key),
			 CKR_OK);
	assert_int_equal(key->type, CKK_EC_MONTGOMERY);
	pubkey_free(key);
	assert_int_equal(
		openpgp_key_parse(
			hex("7F4923862140 3BF61CB429ACC95B4DD7A1706E0D4BB1"
			    "F396225D1FE0AA0CB6FCAF6E44B4AC65"),
			&told, &key),
		CKR_OK);
	assert_int_equal(key->point.left, 32);
	pubkey_free(key);
	/* a point on a curve that the card did not tell */
	told.curve = NULL;
	assert_int_equal(openpgp_key_parse(script_fact(CARDS, "yubikey p256"),
					   &told, &key),
			 CKR_OBJECT_HANDLE_INVALID);
}

#define CASE(name, function)                                             \
	{                                                                \
		"/cardos/openpgp_data/" name, function, NULL, NULL, NULL \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("facts/bad", facts_bad),
		CASE("facts/cut", facts_cut),
		CASE("pin", pin),
		CASE("key/bad", key_bad),
		CASE("facts/yubikey", facts_yubikey),
		CASE("facts/yubikey-4", facts_yubikey_4),
		CASE("facts/neo", facts_neo),
		CASE("facts/zeitcontrol", facts_zeitcontrol),
		CASE("facts/smartpgp", facts_smartpgp),
		CASE("facts/keys", facts_keys),
		CASE("facts/touch", facts_touch),
		CASE("key/good", key_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
