/* The commands of the OpenPGP driver, held against what real cards answered. */
#include "../../../cardos/openpgp.h"

#include "script.h"

#define CARDS	  "openpgp.apdu"
#define AID	  "4F10D27600012401030400061234567800 00"
#define GET_6E	  "> 00CA006E00\n"
#define VERIFY81  "> 0020008106313233343536\n"
#define X8(byte)  byte byte byte byte byte byte byte byte
#define X32(byte) X8(byte) X8(byte) X8(byte) X8(byte)

static struct script *script;
static struct card_applet applet;

static void
start(const char *application_related)
{
	script = script_new();
	applet = script_applet(script, &openpgp_driver);
	script_add(script, GET_6E "< ");
	script_add(script, application_related);
	script_add(script, "9000\n");
}

static void
stop(void)
{
	script_applet_free(script, &applet);
}

/* Keys in all places; PW1 good for one signature, no KDF. */
static int
setup(void **state)
{
	start("6E31" AID "731DC00A7000000000000000000"
	      "0C407007F7F7F030003DE06010102010301");
	assert_int_equal(openpgp_driver.open(&applet, hex("")), CKR_OK);
	assert_true(applet.proven);
	script_done(script);
	return 0;
}

static int
teardown(void **state)
{
	stop();
	return 0;
}

static void
open_bad(void **state)
{
	start("6A027300");
	assert_int_equal(openpgp_driver.open(&applet, hex("")),
			 CKR_DEVICE_ERROR);
	assert_false(applet.proven);
	assert_null(applet.state);
	stop();
}

static struct card_key
key_of(enum openpgp_use use, struct pubkey *public_key)
{
	return (struct card_key){ .id = (uint64_t)use << 8 | CKO_PRIVATE_KEY,
				  .pin_each_time = use == OPENPGP_SIGN,
				  .public_key = public_key };
}

static CK_RV
verify(const struct card_key *key, struct card_pin_status *status)
{
	applet.pin_for = key;
	return openpgp_driver.pin_verify(&applet, 0, cursor_of("123456", 6),
					 status);
}

static struct pubkey *
public_key(const char *name)
{
	struct openpgp_key told = { .curve = curve_named("prime256v1") };
	struct pubkey *key = NULL;

	assert_int_equal(
		openpgp_key_parse(script_fact(CARDS, name), &told, &key),
		CKR_OK);
	return key;
}

static CK_RV
compute(enum openpgp_use use, enum card_primitive primitive, struct pubkey *key,
	struct cursor input, struct builder *out)
{
	struct card_key k = key_of(use, key);
	struct card_job job = { .primitive = primitive,
				.key = &k,
				.input = input };

	builder_reset(out);
	return openpgp_driver.compute(&applet, &job, out);
}

/* Not verified as 81, or no more: nothing is sent. */
static void
sign_unverified(void **state)
{
	struct pubkey *key = public_key("yubikey p256");
	struct builder out = builder_heap(1024);
	struct card_key sign = key_of(OPENPGP_SIGN, key);
	struct card_pin_status status;

	assert_int_equal(
		compute(OPENPGP_SIGN, CARD_ECDSA, key, hex("00"), &out),
		CKR_USER_NOT_LOGGED_IN);
	assert_true(sw_listed(openpgp_driver.pin_wanted, applet.sw));
	script_add(script, VERIFY81 "< 9000\n");
	assert_int_equal(verify(&sign, &status), CKR_OK);
	script_add(script, "> 002A9E9A010000\n< 6A80\n");
	assert_int_equal(
		compute(OPENPGP_SIGN, CARD_ECDSA, key, hex("00"), &out),
		CKR_DATA_INVALID);
	assert_int_equal(
		compute(OPENPGP_SIGN, CARD_ECDSA, key, hex("00"), &out),
		CKR_USER_NOT_LOGGED_IN);
	builder_free(&out);
	pubkey_free(key);
}

/* What a YubiKey computed, and its public key verifies. */
static void
sign_yubikey(void **state)
{
	static const char *const titles[] = { "sign of 32", "sign of 48",
					      "sign of 64" };
	static const char *const hashes[] = {
		"8D756AE4BF4F413DB4AA7BF14A84E716650742F4852D9DDA7395324F3E2B3B"
		"BD",
		"3D9E664749A24984140961EBE1A9B54A04F93D4F9A742FBBE2EF7032340C17"
		"73"
		"193683C6102DBEA76C4CD3C16B424BDA",
		"46A3A46F02BFF4A2373524166766EDCA4E6D1FCA67E95952F492B0912AC122"
		"39"
		"BE75694D63C646139F6EB43313C688DED5A4B331F17191952780740B9F979C"
		"20",
	};
	const struct scheme ecdsa = { .kind = SCHEME_ECDSA };
	struct pubkey *key = public_key("yubikey p256");
	struct card_key sign = key_of(OPENPGP_SIGN, key);
	struct builder out = builder_heap(1024);
	struct card_pin_status status;

	for (size_t i = 0; i < 3; i++) {
		script_add(script, VERIFY81 "< 9000\n");
		assert_int_equal(verify(&sign, &status), CKR_OK);
		script_load(script, CARDS, titles[i]);
		assert_int_equal(compute(OPENPGP_SIGN, CARD_ECDSA, key,
					 hex(hashes[i]), &out),
				 CKR_OK);
		assert_int_equal(out.used, 64);
		assert_int_equal(pubkey_verify(key, &ecdsa, hex(hashes[i]),
					       builder_read(&out)),
				 CKR_OK);
	}
	builder_free(&out);
	pubkey_free(key);
}

/* The whole message goes to the card. */
static void
sign_edwards(void **state)
{
	struct cursor message =
		hex("8D756AE4BF4F413DB4AA7BF14A84E716650742F4852D9DDA7395324F"
		    "3E2B3BBD");
	struct openpgp_key told = {
		.curve = curve_typed(CKK_EC_EDWARDS, hex("06032B6570")),
	};
	const struct scheme eddsa = { .kind = SCHEME_EDDSA };
	struct builder out = builder_heap(1024);
	struct pubkey *key = NULL;
	struct card_pin_status status;
	struct card_key sign;

	assert_int_equal(
		openpgp_key_parse(script_fact(CARDS, "yubikey ed25519"), &told,
				  &key),
		CKR_OK);
	sign = key_of(OPENPGP_SIGN, key);
	script_add(script, VERIFY81 "< 9000\n");
	assert_int_equal(verify(&sign, &status), CKR_OK);
	script_load(script, CARDS, "message of 32");
	assert_int_equal(compute(OPENPGP_SIGN, CARD_EDDSA, key, message, &out),
			 CKR_OK);
	assert_int_equal(
		pubkey_verify(key, &eddsa, message, builder_read(&out)),
		CKR_OK);
	builder_free(&out);
	pubkey_free(key);
}

static void
signature_forms(void **state)
{
	struct pubkey *key = public_key("yubikey p256");
	struct builder out = builder_heap(1024);

	script_add(script, "> 00880000010000\n< 30060201010201029000\n");
	assert_int_equal(
		compute(OPENPGP_AUTHENTICATE, CARD_ECDSA, key, hex("00"), &out),
		CKR_OK);
	assert_int_equal(out.used, 64);
	assert_int_equal(out.data[31], 1);
	assert_int_equal(out.data[63], 2);
	script_add(script, "> 00880000010000\n< 3006020101029000\n");
	assert_int_not_equal(
		compute(OPENPGP_AUTHENTICATE, CARD_ECDSA, key, hex("00"), &out),
		CKR_OK);
	/* a sign byte before both numbers, then both shorter than the field */
	script_add(script, "> 00880000010000\n< 0080" X32("01") "0000" X32(
				   "02") "9000\n");
	assert_int_not_equal(
		compute(OPENPGP_AUTHENTICATE, CARD_ECDSA, key, hex("00"), &out),
		CKR_OK);
	script_add(script,
		   "> 00880000010000\n< 00" X32("81") "00" X32("02") "9000\n");
	assert_int_equal(
		compute(OPENPGP_AUTHENTICATE, CARD_ECDSA, key, hex("00"), &out),
		CKR_OK);
	assert_true(cursor_same(builder_read(&out), hex(X32("81") X32("02"))));
	script_add(script, "> 00880000010000\n< 0102"
			   "0003"
			   "9000\n");
	assert_int_equal(
		compute(OPENPGP_AUTHENTICATE, CARD_ECDSA, key, hex("00"), &out),
		CKR_OK);
	assert_int_equal(out.used, 64);
	assert_int_equal(out.data[30], 1);
	assert_int_equal(out.data[62], 0);
	assert_int_equal(out.data[63], 3);
	script_add(script, "> 00880000010000\n< 010203"
			   "9000\n");
	assert_int_equal(
		compute(OPENPGP_AUTHENTICATE, CARD_ECDSA, key, hex("00"), &out),
		CKR_DEVICE_ERROR);
	builder_free(&out);
	pubkey_free(key);
}

/* 257 bytes go in two pieces when they must be short. */
static void
decipher(void **state)
{
	struct pubkey *key = public_key("yubikey rsa2048");
	struct builder cipher = builder_heap(256), out = builder_heap(1024);

	builder_fill(&cipher, 0x5A, 256);
	script_add(script, "> 102A8086FF005A*\n< 9000\n"
			   "> 002A8086025A5A00\n< 48656C6C6F9000\n");
	assert_int_equal(compute(OPENPGP_DECIPHER, CARD_RSA_DECRYPT, key,
				 builder_read(&cipher), &out),
			 CKR_OK);
	assert_true(cursor_is(builder_read(&out), "Hello", 5));
	script_add(script, "> 102A8086FF005A*\n< 6982\n");
	assert_int_equal(compute(OPENPGP_DECIPHER, CARD_RSA_DECRYPT, key,
				 builder_read(&cipher), &out),
			 CKR_USER_NOT_LOGGED_IN);
	builder_free(&cipher);
	builder_free(&out);
	pubkey_free(key);
}

/* The zeros that a cryptogram begins with go, too, behind the padding
 * indicator: it is as long as the modulus. */
static void
decipher_zeros(void **state)
{
	struct pubkey *key = public_key("yubikey rsa2048");
	struct builder cipher = builder_heap(256), out = builder_heap(1024);

	builder_u16(&cipher, 0);
	builder_fill(&cipher, 0x5A, 254);
	script_add(script, "> 102A8086FF0000005A*\n< 9000\n"
			   "> 002A8086025A5A00\n< 9000\n");
	assert_int_equal(compute(OPENPGP_DECIPHER, CARD_RSA_DECRYPT, key,
				 builder_read(&cipher), &out),
			 CKR_OK);
	assert_int_equal(out.used, 0); /* an empty message is one */
	builder_free(&cipher);
	builder_free(&out);
	pubkey_free(key);
}

static CK_RV
derive(struct pubkey *key, const char *point, struct builder *out)
{
	return compute(OPENPGP_DECIPHER, CARD_ECDH, key, hex(point), out);
}

/* What a YubiKey made of somebody's point. */
static void
derive_yubikey(void **state)
{
	static const struct {
		const char *key, *peer, *title;
		size_t secret;
	} real[] = {
		{ "yubikey p256 decipher", "peer p256", "derive p256", 32 },
		{ "yubikey p521", "peer p521", "derive p521", 66 },
		{ "yubikey x25519", "peer x25519", "derive x25519", 32 },
	};

	for (size_t i = 0; i < 3; i++) {
		const char *name = i == 1 ? "secp521r1" : "prime256v1";
		struct openpgp_key told = { .curve = curve_named(name) };
		struct builder out = builder_heap(1024);
		struct pubkey *key = NULL;

		if (i == 2)
			told.curve = curve_typed(CKK_EC_MONTGOMERY,
						 hex("06032B656E"));
		assert_int_equal(
			openpgp_key_parse(script_fact(CARDS, real[i].key),
					  &told, &key),
			CKR_OK);
		script_load(script, CARDS, real[i].title);
		assert_int_equal(compute(OPENPGP_DECIPHER, CARD_ECDH, key,
					 script_fact(CARDS, real[i].peer),
					 &out),
				 CKR_OK);
		assert_int_equal(out.used, real[i].secret);
		builder_free(&out);
		pubkey_free(key);
	}
}

/* All of the point, or 40 before X, or something else. */
static void
derive_forms(void **state)
{
	struct pubkey *key = public_key("yubikey p256");
	struct builder out = builder_heap(1024);

	script_add(script, "> 002A808607A6057F4902860000\n< 04" X32("01")
				   X32("02") "9000\n");
	assert_int_equal(derive(key, "", &out), CKR_OK);
	assert_true(cursor_same(builder_read(&out), hex(X32("01"))));
	script_add(script,
		   "> 002A808607A6057F4902860000\n< 02" X32("01") "9000\n");
	assert_int_equal(derive(key, "", &out), CKR_DEVICE_ERROR);
	script_add(script, "> 002A808607A6057F4902860000\n< 6982\n");
	assert_int_equal(derive(key, "", &out), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(out.used, 0);
	builder_free(&out);
	pubkey_free(key);
}

/* SELECT ends PW1's states, the harmless question does not. */
static void
selected_anew(void **state)
{
	struct card_key sign = key_of(OPENPGP_SIGN, NULL);
	struct openpgp *o = applet.state;
	struct card_pin_status status;

	script_add(script, VERIFY81 "< 9000\n");
	assert_int_equal(verify(&sign, &status), CKR_OK);
	assert_int_equal(openpgp_driver.open(
				 &applet, hex("D276000124010304000612345678")),
			 CKR_OK);
	assert_true(o->signs);
	assert_int_equal(openpgp_driver.open(&applet, hex("")), CKR_OK);
	assert_false(o->signs);
}

#define CASE(name, function, before)                             \
	{                                                        \
		"/cardos/openpgp/" name, function, before,       \
			(before) == NULL ? NULL : teardown, NULL \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("open/bad", open_bad, NULL),
		CASE("sign/unverified", sign_unverified, setup),
		CASE("signature/forms", signature_forms, setup),
		CASE("sign/yubikey", sign_yubikey, setup),
		CASE("sign/edwards", sign_edwards, setup),
		CASE("decipher", decipher, setup),
		CASE("decipher/zeros", decipher_zeros, setup),
		CASE("derive/yubikey", derive_yubikey, setup),
		CASE("derive/forms", derive_forms, setup),
		CASE("selected-anew", selected_anew, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
