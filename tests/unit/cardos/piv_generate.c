/* Keys that the card makes, held against what a YubiKey 5.4.3 was sent and
 * answered. */
#include "piv_case.h"

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

/* No key comes of a refusal; what was there stays. */
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

/* The card has made a key and does not tell which: the one that was there is
 * remembered no more, and its certificate goes. */
static void
generate_unclear(void **state)
{
	static const char *const answers[] = {
		"< 9000\n",
		"< 7F49038601049000\n",
		"< 7F490586030401029000\n", /* not on the curve */
		"< 7F490781010182030100019000\n", /* RSA */
	};

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		script_load(script, FACTS, "generate, P-256");
		script_add(script, DELETE_9A "< 9000\n");
		assert_int_equal(generate(ec_pair("prime256v1"), 3, 1), CKR_OK);
		assert_non_null(piv_made(&applet, 0x9A));
		script_add(script, "> 0047009A0BAC09800111AA0103AB010100\n");
		script_add(script, answers[i]);
		script_add(script, DELETE_9A "< 9000\n");
		assert_int_equal(generate(ec_pair("prime256v1"), 3, 1),
				 CKR_DEVICE_ERROR);
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
			   "< 7F49820109818201009000\n" DELETE_9A "< 9000\n");
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

/* A YubiKey whose RSA keys can be factored makes none, and is not asked to. */
static void
check_weak(void **state)
{
	struct private_key brought = { .scalar = hex("01") };
	struct card_new new = rsa_pair;
	uint64_t id;

	script_atr(script, ATR_YUBIKEY_4);
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

/* What the firmware cannot have is not sent; what it has may be brought, too. */
static void
check_kinds(void **state)
{
	static const struct {
		uint8_t version[3];
		CK_KEY_TYPE type;
		const char *curve; /* or RSA's bits */
		size_t bits;
		CK_RV rv;
	} kinds[] = {
		{ { 3, 1, 8 }, CKK_EC, "secp384r1", 0, CKR_CURVE_NOT_SUPPORTED },
		{ { 3, 1, 8 }, CKK_RSA, NULL, 3072, CKR_KEY_SIZE_RANGE },
		{ { 4, 3, 5 }, CKK_EC, "secp384r1", 0, CKR_OK },
		{ { 4, 3, 5 }, CKK_RSA, NULL, 2048, CKR_OK },
		{ { 5, 4, 3 }, CKK_RSA, NULL, 4096, CKR_KEY_SIZE_RANGE },
		{ { 5, 4, 3 }, CKK_EC_EDWARDS, "ED25519", 0,
		  CKR_CURVE_NOT_SUPPORTED },
		{ { 5, 7, 0 }, CKK_RSA, NULL, 4096, CKR_OK },
		{ { 5, 7, 0 }, CKK_RSA, NULL, 1024, CKR_OK },
		{ { 5, 7, 0 }, CKK_EC_EDWARDS, "ED25519", 0, CKR_OK },
		{ { 5, 7, 0 }, CKK_EC_MONTGOMERY, "X25519", 0, CKR_OK },
		{ { 5, 7, 0 }, CKK_EC, "secp521r1", 0,
		  CKR_CURVE_NOT_SUPPORTED },
	};
	struct card_new new;

	script_atr(script, ATR_YUBIKEY_5);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const uint8_t *v = kinds[i].version;

		new = rsa_pair;
		new.bits = kinds[i].bits;
		if (kinds[i].curve != NULL)
			new = ec_pair(kinds[i].curve);
		new.key_type = kinds[i].type;
		firmware(v[0], v[1], v[2]);
		assert_int_equal(piv_key_check(&applet, &new), kinds[i].rv);
	}
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
	assert_int_equal(piv_policies_put(&new, NULL, &out), CKR_OK);
	assert_true(cursor_same(builder_read(&out), hex("AA0102")));
	policy = (CK_ATTRIBUTE){ PIV_PIN_POLICY, odd, sizeof(odd) };
	assert_int_equal(piv_policies_put(&new, NULL, &out),
			 CKR_ATTRIBUTE_VALUE_INVALID);
}

/* CKA_ALWAYS_AUTHENTICATE is a policy, too, but where the place has it. */
static void
policies_always(void **state)
{
	CK_BBOOL each = CK_TRUE;
	CK_BYTE pin = PIV_PIN_ONCE;
	CK_ATTRIBUTE list[] = {
		{ CKA_ALWAYS_AUTHENTICATE, &each, sizeof(each) },
		{ PIV_PIN_POLICY, &pin, sizeof(pin) },
	};
	struct card_new new = ec_pair("prime256v1");
	uint8_t bytes[16];
	struct builder out = builder_over(bytes, sizeof(bytes));

	new.template = (struct template){ list, 2 };
	assert_int_equal(piv_policies_put(&new, piv_slot_find(0x9C), &out),
			 CKR_TEMPLATE_INCONSISTENT);
	pin = PIV_PIN_ALWAYS;
	assert_int_equal(piv_policies_put(&new, piv_slot_find(0x9C), &out),
			 CKR_OK);
	assert_true(cursor_same(builder_read(&out), hex("AA0103")));
	builder_reset(&out);
	new.template.count = 1;
	assert_int_equal(piv_policies_put(&new, piv_slot_find(0x9C), &out),
			 CKR_OK);
	assert_int_equal(out.used, 0);
	assert_int_equal(piv_policies_put(&new, piv_slot_find(0x9A), &out),
			 CKR_OK);
	assert_true(cursor_same(builder_read(&out), hex("AA0103")));
	builder_reset(&out);
	each = CK_FALSE;
	assert_int_equal(piv_policies_put(&new, piv_slot_find(0x9A), &out),
			 CKR_OK);
	assert_int_equal(out.used, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/cardos/piv_generate/refused", generate_refused),
		CASE("/cardos/piv_generate/unclear", generate_unclear),
		CASE("/cardos/piv_generate/policies", policies_refused),
		CASE("/cardos/piv_generate/policies/always", policies_always),
		CASE("/cardos/piv_generate/weak", check_weak),
		CASE("/cardos/piv_generate/kinds", check_kinds),
		CASE("/cardos/piv_generate/real", generate_real),
		CASE("/cardos/piv_generate/pieces", generate_pieces),
		CASE("/cardos/piv_generate/old-certificate",
		     generate_old_certificate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
