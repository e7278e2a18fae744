/* Algorithm attributes: read in all forms, written in the card's own. */
#include "../../../cardos/openpgp.h"

#include "script.h"

static struct openpgp_key
parsed(const char *text)
{
	struct openpgp_key key = { 0 };

	openpgp_attributes_parse(hex(text), &key);
	return key;
}

static bool
puts_as(const struct openpgp_key *key, const char *text)
{
	uint8_t bytes[64];
	struct builder b = builder_over(bytes, sizeof(bytes));

	openpgp_attributes_put(key, &b);
	return builder_ok(&b) && cursor_same(builder_read(&b), hex(text));
}

/* Cut short, unknown, too long: a key of no kind that anything fits. */
static void
bad(void **state)
{
	static const char *const texts[] = { "",
					     "13",
					     "132A",
					     "122A8648CE",
					     "132A8648CE3D0301070000",
					     "122B0601040197550105010000" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct openpgp_key key = parsed(texts[i]);

		assert_null(key.curve);
		assert_false(openpgp_key_same(&key, &key));
	}
}

static void
forms(void **state)
{
	struct openpgp_key key = parsed("010800001103");

	assert_int_equal(key.bits, 2048);
	assert_int_equal(key.exponent_bits, 17);
	assert_int_equal(key.format, 3);
	key = parsed("0110000020"); /* no format */
	assert_int_equal(key.bits, 4096);
	assert_int_equal(key.format, 0);
	key = parsed("132A8648CE3D030107FF");
	assert_ptr_equal(key.curve, curve_named("prime256v1"));
	assert_true(openpgp_point_wanted(&key));
	key = parsed("162B06010401DA470F0100");
	assert_int_equal(key.curve->type, CKK_EC_EDWARDS);
	assert_false(openpgp_point_wanted(&key));
}

/* What a place has is kept where it fits, the exponent's length above all. */
static void
wanted(void **state)
{
	struct openpgp_facts facts = { .manufacturer = 0xAFAF };
	struct openpgp_key key;

	facts.keys[0] = parsed("132A8648CE3D030107FF");
	facts.keys[1] = parsed("010800001103");
	facts.keys[2] = parsed("010800002000");
	key = openpgp_key_wanted(&facts, OPENPGP_AUTHENTICATE, NULL, 3072);
	assert_true(puts_as(&key, "010C00002000"));
	key = openpgp_key_wanted(&facts, OPENPGP_SIGN, NULL, 2048);
	assert_true(puts_as(&key, "010800001103"));
	assert_true(openpgp_exponent_other(&key));
	assert_true(puts_as(&key, "010800002003"));
	assert_true(openpgp_exponent_other(&key));
	assert_true(puts_as(&key, "010800001103"));
	key = openpgp_key_wanted(&facts, OPENPGP_SIGN,
				 curve_named("prime256v1"), 256);
	assert_true(openpgp_point_wanted(&key));
	assert_true(openpgp_key_same(&key, &facts.keys[0]));
	assert_false(openpgp_exponent_other(&key));
	key = openpgp_key_wanted(&facts, OPENPGP_SIGN, curve_named("secp384r1"),
				 384);
	assert_false(openpgp_point_wanted(&key));
	assert_false(openpgp_key_same(&key, &facts.keys[0]));
	assert_true(puts_as(&key, "132B81040022"));
	key = openpgp_key_wanted(&facts, OPENPGP_DECIPHER,
				 curve_named("brainpoolP512r1"), 512);
	assert_true(puts_as(&key, "122B240303020801010D"));
}

/* No place has an RSA key: a YubiKey says 17 bits, others 32. */
static void
wanted_unknown(void **state)
{
	struct openpgp_facts facts = { .manufacturer = OPENPGP_YUBICO };
	struct openpgp_key key;

	key = openpgp_key_wanted(&facts, OPENPGP_SIGN, NULL, 2048);
	assert_true(puts_as(&key, "010800001100"));
	facts.manufacturer = 0x000F;
	key = openpgp_key_wanted(&facts, OPENPGP_SIGN, NULL, 2048);
	assert_true(puts_as(&key, "010800002000"));
}

/* A YubiKey before 5.6 lists X25519 with Ed25519's number. */
static void
same(void **state)
{
	struct openpgp_key x = parsed("162B060104019755010501");
	struct openpgp_key y = parsed("122B060104019755010501");
	struct openpgp_key z = parsed("162B06010401DA470F01");
	struct openpgp_key rsa = parsed("010800002000");
	struct openpgp_key other = parsed("010800001103");

	assert_true(openpgp_key_same(&x, &y));
	assert_false(openpgp_key_same(&x, &z));
	assert_false(openpgp_key_same(&x, &rsa));
	assert_true(openpgp_key_same(&rsa, &other));
	other.bits = 4096;
	assert_false(openpgp_key_same(&rsa, &other));
}

static void
places(void **state)
{
	assert_int_equal(openpgp_algorithm(OPENPGP_SIGN, CKK_EC), 0x13);
	assert_int_equal(openpgp_algorithm(OPENPGP_DECIPHER, CKK_EC), 0x12);
	assert_int_equal(openpgp_algorithm(OPENPGP_SIGN, CKK_EC_EDWARDS), 0x16);
	assert_int_equal(openpgp_algorithm(OPENPGP_DECIPHER, CKK_EC_EDWARDS),
			 0);
	assert_int_equal(openpgp_algorithm(OPENPGP_DECIPHER, CKK_EC_MONTGOMERY),
			 0x12);
	assert_int_equal(openpgp_algorithm(OPENPGP_SIGN, CKK_EC_MONTGOMERY), 0);
	assert_int_equal(openpgp_algorithm(OPENPGP_SIGN, CKK_AES), 0);
	/* no number of its own, and none that a card knows */
	assert_int_equal(openpgp_curve_oid(
				 curve_typed(CKK_EC_EDWARDS, hex("06032B6571")))
				 .left,
			 0);
}

#define CASE(name, function)                                                  \
	{                                                                     \
		"/cardos/openpgp_algorithm/" name, function, NULL, NULL, NULL \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("bad", bad),	CASE("forms", forms),
		CASE("wanted", wanted), CASE("wanted/unknown", wanted_unknown),
		CASE("same", same),	CASE("places", places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
