/* The commands of the OpenPGP driver, held against what real cards answered. */
#include "../../../cardos/openpgp.h"

#include "script.h"

#define CARDS	 "openpgp.apdu"
#define AID	 "4F10D27600012401030400061234567800 00"
#define GET_6E	 "> 00CA006E00\n"
#define GET_C4	 "> 00CA00C400\n"
#define VERIFY82 "> 0020008206313233343536\n"
#define VERIFY81 "> 0020008106313233343536\n"

static struct script *script;
static struct card_applet applet;

static void
start(const char *application_related)
{
	uint64_t generation;

	script = script_new();
	applet = (struct card_applet){ .driver = &openpgp_driver };
	applet.transport = apdu_layer_new(&script->transport);
	assert_int_equal(
		applet.transport->ops->begin(applet.transport, &generation),
		CKR_OK);
	script_add(script, GET_6E "< ");
	script_add(script, application_related);
	script_add(script, "9000\n");
}

static void
stop(void)
{
	openpgp_driver.close(&applet);
	applet.transport->ops->end(applet.transport);
	applet.transport->ops->close(applet.transport);
	script_free(script);
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

/* PW1 good for more than one signature, and a KDF may be there. */
static int
setup_several(void **state)
{
	start("6E31" AID "731DC00A0100000000000000000"
	      "0C407017F7F7F030003DE06010102010301");
	assert_int_equal(openpgp_driver.open(&applet, hex("")), CKR_OK);
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

static void
pin_empty(void **state)
{
	struct card_pin_status status;
	uint8_t many[128] = { 0 };

	assert_int_equal(
		openpgp_driver.pin_verify(&applet, 0, hex(""), &status),
		CKR_PIN_LEN_RANGE);
	assert_int_equal(openpgp_driver.pin_verify(&applet, 0, cursor_of("", 0),
						   &status),
			 CKR_PIN_LEN_RANGE);
	assert_int_equal(
		openpgp_driver.pin_verify(
			&applet, 0, cursor_of(many, sizeof(many)), &status),
		CKR_PIN_LEN_RANGE);
	assert_int_equal(script->exchanges, 1);
}

/* 6982 says "wrong" here, and DO C4 how often one may try. */
static void
pin_wrong(void **state)
{
	struct card_pin_status status;

	script_add(script, VERIFY82 "< 6982\n" GET_C4 "< 007F7F7F0200039000\n");
	assert_int_equal(verify(NULL, &status), CKR_PIN_INCORRECT);
	assert_true(status.known);
	assert_int_equal(status.tries_left, 2);
	script_add(script, VERIFY82 "< 63C1\n");
	assert_int_equal(verify(NULL, &status), CKR_PIN_INCORRECT);
	assert_int_equal(status.tries_left, 1);
	/* a wrong length costs nothing */
	script_add(script, VERIFY82 "< 6A80\n" GET_C4 "< 007F7F7F0100039000\n");
	assert_int_equal(verify(NULL, &status), CKR_PIN_INCORRECT);
	assert_int_equal(status.tries_left, 1);
}

static void
pin_locked(void **state)
{
	struct card_pin_status status;

	script_add(script, VERIFY82 "< 6983\n");
	assert_int_equal(verify(NULL, &status), CKR_PIN_LOCKED);
	script_add(script, VERIFY82 "< 63C0\n");
	assert_int_equal(verify(NULL, &status), CKR_PIN_LOCKED);
	script_add(script, VERIFY82 "< 6982\n" GET_C4 "< 007F7F7F0000039000\n");
	assert_int_equal(verify(NULL, &status), CKR_PIN_LOCKED);
}

static void
pin_worn_out(void **state)
{
	struct card_pin_status status;

	script_add(script, VERIFY82 "< 6581\n");
	assert_int_equal(verify(NULL, &status), CKR_DEVICE_MEMORY);
	script_add(script, VERIFY82 "! error\n");
	assert_int_equal(verify(NULL, &status), CKR_DEVICE_ERROR);
}

/* The key says in which state PW1 is to be verified. */
static void
pin_states(void **state)
{
	struct card_key sign = key_of(OPENPGP_SIGN, NULL);
	struct card_key other = key_of(OPENPGP_AUTHENTICATE, NULL);
	struct card_pin_status status;

	script_add(script, VERIFY82 "< 9000\n");
	assert_int_equal(verify(NULL, &status), CKR_OK);
	assert_true(status.verified);
	script_add(script, VERIFY82 "< 9000\n");
	assert_int_equal(verify(&other, &status), CKR_OK);
	assert_false(((struct openpgp *)applet.state)->signs);
	script_add(script, VERIFY81 "< 9000\n");
	assert_int_equal(verify(&sign, &status), CKR_OK);
	assert_true(((struct openpgp *)applet.state)->signs);
}

/* A PIN that will not be there later is verified for signing as well. */
static void
pin_not_kept(void **state)
{
	struct card_pin_status status;

	script_add(script, "> 00CA00F900\n< 6A88\n");
	script_add(script, VERIFY82 "< 9000\n" VERIFY81 "< 9000\n");
	assert_int_equal(verify(NULL, &status), CKR_OK);
	assert_true(((struct openpgp *)applet.state)->signs);
	applet.pin_kept = true;
	script_add(script, VERIFY82 "< 9000\n");
	assert_int_equal(verify(NULL, &status), CKR_OK);
}

/* With a KDF that is not known no PIN goes out. */
static void
kdf_unknown(void **state)
{
	struct card_pin_status status;

	script_add(script, "> 00CA00F900\n< 8101049000\n");
	assert_int_equal(verify(NULL, &status), CKR_DEVICE_ERROR);
	script_add(script, "> 00CA00F900\n< 6F00\n");
	assert_int_equal(verify(NULL, &status), CKR_DEVICE_ERROR);
	script_add(script, "> 00CA00F900\n! error\n");
	assert_int_equal(verify(NULL, &status), CKR_DEVICE_ERROR);
}

/* What a YubiKey took; it may have been set since, so after a refusal it is
 * read again. */
static void
kdf_known(void **state)
{
	struct card_pin_status status;

	applet.pin_kept = true;
	script_add(script, "> 00CA00F900\n< 8101009000\n" VERIFY82
			   "< 6982\n" GET_C4 "< 017F7F7F0200039000\n");
	assert_int_equal(verify(NULL, &status), CKR_PIN_INCORRECT);
	script_add(script,
		   "> 00CA00F900\n"
		   "< 81010382010A8304000186A08408ABABABABABABABAB9000\n"
		   "> 0020008240C6A8AE5EA8ADF3CC733DF4212BFD595098F4B999*\n"
		   "< 9000\n");
	assert_int_equal(verify(NULL, &status), CKR_OK);
}

static void
forget(void **state)
{
	script_add(script, "> 0020FF82\n< 9000\n");
	assert_int_equal(openpgp_driver.pin_forget(&applet, 0), CKR_OK);
	/* YubiKey before 5.6 */
	script_add(script, "> 0020FF82\n< 6A80\n"
			   "> 00A4040006D2760001240100\n< 9000\n");
	assert_int_equal(openpgp_driver.pin_forget(&applet, 0), CKR_OK);
	/* another applet is selected */
	script_add(script, "> 0020FF82\n< 6A88\n");
	assert_int_equal(openpgp_driver.pin_forget(&applet, 0), CKR_OK);
	script_add(script, "> 0020FF82\n! removed\n");
	assert_int_equal(openpgp_driver.pin_forget(&applet, 0),
			 CKR_DEVICE_REMOVED);
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
		CASE("pin/empty", pin_empty, setup),
		CASE("pin/wrong", pin_wrong, setup),
		CASE("pin/locked", pin_locked, setup),
		CASE("pin/worn-out", pin_worn_out, setup),
		CASE("kdf/unknown", kdf_unknown, setup_several),
		CASE("sign/unverified", sign_unverified, setup),
		CASE("signature/forms", signature_forms, setup),
		CASE("pin/states", pin_states, setup),
		CASE("pin/not-kept", pin_not_kept, setup_several),
		CASE("kdf/known", kdf_known, setup_several),
		CASE("forget", forget, setup),
		CASE("sign/yubikey", sign_yubikey, setup),
		CASE("decipher", decipher, setup),
		CASE("selected-anew", selected_anew, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
