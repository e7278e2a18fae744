/* The commands of the PIV driver, held against what real cards answered. */
#include "piv_applet.h"

#define P256	    "yubikey-5.4.3-p256.apdu"
#define RSA_SIGN    "yubikey-5.4.3-rsa2048-sign.apdu"
#define RSA_DECRYPT "yubikey-5.4.3-rsa2048-decrypt.apdu"
#define NEO	    "yubikey-neo-3.3.7.apdu"

static CK_RV
compute(struct pubkey *key, uint8_t reference, struct cursor input,
	struct builder *out)
{
	struct card_key k = { .id = (uint64_t)reference << 8,
			      .public_key = key };
	struct card_job job = { .key = &k, .input = input };

	job.primitive = key->type == CKK_RSA  ? CARD_RSA_RAW
			: key->type == CKK_EC ? CARD_ECDSA
					      : CARD_EDDSA;
	return piv_driver.compute(&applet, &job, out);
}

static struct pubkey *
p256(void)
{
	struct pubkey *key = NULL;

	assert_int_equal(pubkey_from_ec(curve_named("prime256v1"),
					script_fact(P256, "public key"), &key),
			 CKR_OK);
	return key;
}

static struct pubkey *
rsa2048(const char *file)
{
	struct pubkey *key = NULL;

	assert_int_equal(pubkey_from_rsa(script_fact(file, "modulus"),
					 hex("010001"), &key),
			 CKR_OK);
	return key;
}

static void
answer_bad(const char *answer)
{
	struct pubkey *key = p256();
	struct builder out = builder_heap(1024);

	script_add(script, "> 0087119A077C058200810100"
			   "00\n");
	script_add(script, answer);
	assert_int_not_equal(compute(key, 0x9A, hex("00"), &out), CKR_OK);
	builder_free(&out);
	pubkey_free(key);
}

static void
compute_garbage(void **state)
{
	answer_bad("< 9000\n");
	answer_bad("< 7C9000\n");
	answer_bad("< 7C009000\n");
	answer_bad("< 7C0282009000\n");
	answer_bad("< 7C7F82019000\n");
	answer_bad("< 7C8282FFFF9000\n");
	answer_bad("< 7C0482023000"
		   "9000\n");
	answer_bad("< 820101"
		   "9000\n");
	answer_bad("< 6A80\n");
}

static void
compute_ecdsa(void **state)
{
	const struct scheme scheme = { .kind = SCHEME_ECDSA };
	struct cursor digest = hex("2C26B46B68FFC68FF99B453C1D30413413422D7064"
				   "83BFA0F98A5E886266E7AE");
	struct pubkey *key = p256();
	struct builder out = builder_heap(1024);

	script_load(script, P256, NULL);
	assert_int_equal(compute(key, 0x9A, digest, &out), CKR_OK);
	assert_int_equal(out.used, 64);
	assert_int_equal(
		pubkey_verify(key, &scheme, digest, builder_read(&out)),
		CKR_OK);
	builder_free(&out);
	pubkey_free(key);
}

/* The digest of "hello", padded by the host, signed by the card. */
static void
compute_rsa(const char *title, bool extended)
{
	const struct scheme scheme = { .kind = SCHEME_RSA_PKCS1,
				       .digest = DIGEST_SHA256 };
	struct cursor digest = hex("2CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1F"
				   "A7425E73043362938B9824");
	struct pubkey *key = rsa2048(RSA_SIGN);
	struct builder block = builder_heap(1024), out = builder_heap(1024);

	applet.extended = extended;
	assert_int_equal(padding_encode(&scheme, digest, 2048, &block), CKR_OK);
	script_load(script, RSA_SIGN, title);
	assert_int_equal(compute(key, 0x9A, builder_read(&block), &out),
			 CKR_OK);
	assert_int_equal(
		pubkey_verify(key, &scheme, digest, builder_read(&out)),
		CKR_OK);
	builder_free(&block);
	builder_free(&out);
	pubkey_free(key);
}

static void
compute_rsa_short(void **state)
{
	compute_rsa("short", false);
}

static void
compute_rsa_extended(void **state)
{
	compute_rsa("extended", true);
}

static void
compute_decrypt(void **state)
{
	const struct scheme scheme = { .kind = SCHEME_RSA_PKCS1 };
	struct cursor cipher = script_fact(RSA_DECRYPT, "ciphertext");
	struct pubkey *key = rsa2048(RSA_DECRYPT);
	struct builder out = builder_heap(1024), text = builder_heap(1024);

	script_load(script, RSA_DECRYPT, "short");
	assert_int_equal(compute(key, 0x9A, cipher, &out), CKR_OK);
	assert_int_equal(padding_decode(&scheme, builder_read(&out), &text),
			 CKR_OK);
	assert_true(cursor_is(builder_read(&text), "hello", 5));
	builder_free(&text);
	builder_free(&out);
	pubkey_free(key);
}

/* Leading zeros that a card drops belong to the result. */
static void
compute_short_result(void **state)
{
	struct pubkey *key = rsa2048(RSA_SIGN);
	struct builder out = builder_heap(1024);

	script_add(script, "> 0087079A077C05820081010100\n"
			   "< 7C04820201029000\n");
	assert_int_equal(compute(key, 0x9A, hex("01"), &out), CKR_OK);
	assert_int_equal(out.used, 256);
	assert_int_equal(out.data[253], 0);
	assert_int_equal(out.data[255], 2);
	builder_free(&out);
	pubkey_free(key);
}

/* Nitrokeys before 1.8.2 call RSA-3072 E0: tried once, and remembered. */
static void
compute_old_numbers(void **state)
{
	struct builder modulus = builder_heap(384), out = builder_heap(512);
	struct pubkey *key = NULL;

	builder_fill(&modulus, 0xC5, 384);
	assert_int_equal(
		pubkey_from_rsa(builder_read(&modulus), hex("010001"), &key),
		CKR_OK);
	script_add(script, "> 0087059A077C05820081010100\n< 6A86\n"
			   "> 0087E09A077C05820081010100\n< 6A86\n");
	assert_int_not_equal(compute(key, 0x9A, hex("01"), &out), CKR_OK);
	script_add(script, "> 0087059A077C05820081010100\n< 6A80\n"
			   "> 0087E09A077C05820081010100\n< 6982\n");
	assert_int_equal(compute(key, 0x9A, hex("01"), &out),
			 CKR_USER_NOT_LOGGED_IN);
	script_add(script, "> 0087E09A077C05820081010100\n"
			   "< 7C058203AABBCC9000\n");
	assert_int_equal(compute(key, 0x9A, hex("01"), &out), CKR_OK);
	assert_int_equal(out.used, 384);
	builder_free(&modulus);
	builder_free(&out);
	pubkey_free(key);
}

/* A key for key establishment wants tag 85, which is remembered. */
static void
compute_establishes(void **state)
{
	struct pubkey *key = rsa2048(RSA_SIGN);
	struct builder out = builder_heap(1024);

	script_add(script, "> 0087079D077C05820081010100\n< 6A80\n"
			   "> 0087079D077C05820085010100\n"
			   "< 7C03820107"
			   "9000\n"
			   "> 0087079D077C05820085010100\n"
			   "< 7C03820107"
			   "9000\n"
			   "> 0087079A077C05820081010100\n< 6A80\n");
	assert_int_equal(compute(key, 0x9D, hex("01"), &out), CKR_OK);
	assert_int_equal(out.used, 256);
	builder_reset(&out);
	assert_int_equal(compute(key, 0x9D, hex("01"), &out), CKR_OK);
	builder_reset(&out);
	assert_int_equal(compute(key, 0x9A, hex("01"), &out), CKR_DATA_INVALID);
	builder_free(&out);
	pubkey_free(key);
}

/* A full block that ends with 9000 though the rest is waiting. */
static void
compute_unannounced(void **state)
{
	struct pubkey *key = rsa2048(RSA_SIGN);
	struct builder out = builder_heap(1024), b = builder_heap(4096);

	builder_text(&b, "> 0087079A077C05820081010100\n< 7C82010482820100");
	for (int i = 0; i < 248; i++)
		builder_text(&b, "5A");
	builder_text(&b, "9000\n> 00C0000000\n< 5A5A5A5A5A5A5A5A9000\n");
	builder_u8(&b, 0);
	script_add(script, (char *)b.data);
	assert_int_equal(compute(key, 0x9A, hex("01"), &out), CKR_OK);
	assert_int_equal(out.used, 256);
	assert_int_equal(out.data[255], 0x5A);
	builder_free(&b);
	builder_free(&out);
	pubkey_free(key);
}

/* A whole message for Ed25519 may be as long as a command, chained. */
static void
compute_message(void **state)
{
	struct builder message = builder_heap(5000), out = builder_heap(64);
	struct pubkey *key = NULL;

	builder_fill(&message, 0x5A, 5000);
	assert_int_equal(pubkey_from_ec(curve_named("ED25519"),
					cursor_of(message.data, 32), &key),
			 CKR_OK);
	script_add(script, "> 1087E09AFF7C82138E820081821388*\n< 9000\n");
	for (int i = 1; i < 5010 / 255; i++)
		script_add(script, "> 1087E09AFF5A*\n< 9000\n");
	script_add(script, "> 0087E09AA5*\n< 7C03820107"
			   "9000\n");
	assert_int_equal(compute(key, 0x9A, builder_read(&message), &out),
			 CKR_OK);
	assert_true(cursor_is(builder_read(&out), "\x07", 1));
	builder_free(&message);
	builder_free(&out);
	pubkey_free(key);
}

static struct card_pin_status
pin_status(void)
{
	struct card_pin_status status = { 0 };

	assert_int_equal(piv_driver.pin_status(&applet, 0, &status), CKR_OK);
	return status;
}

/* A YubiKey NEO never says that the PIN is verified. */
static void
pin_neo(void **state)
{
	struct card_pin_status status;

	script_load(script, NEO, "verify");
	((struct piv *)applet.state)->discovered = true;
	assert_int_equal(pin_status().tries_left, 5);
	assert_int_equal(piv_driver.pin_verify(&applet, 0,
					       cursor_of("123456", 6), &status),
			 CKR_OK);
	assert_true(status.verified);
	assert_false(pin_status().verified);
	script_load(script, NEO, "count");
	assert_int_equal(pin_status().tries_left, 3);
}

static void
discovery(void **state)
{
	struct {
		const char *object;
		uint8_t reference;
	} cases[] = {
		/* bad ones leave the default */
		{ "7E", 0x80 },
		{ "7E00", 0x80 },
		{ "7E035F2F00", 0x80 },
		{ "7E055F2F0260", 0x80 },
		{ "7E055F2F026020", 0x00 },
		/* a global PIN that is not the primary one, or is no PIN */
		{ "7E055F2F026010", 0x80 },
		{ "7E055F2F024020", 0x80 },
		{ "7E124F0BA0000003080000100001005F2F024000", 0x80 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(piv_driver.open(&applet, hex(cases[i].object)),
				 CKR_OK);
		assert_int_equal(applet.pins[0].reference, cases[i].reference);
	}
}

static CK_RV
get_data(const char *lines, size_t le, size_t size)
{
	struct builder b = builder_heap(APDU_ANSWER_MAX);
	struct cursor content = { 0 };
	CK_RV rv;

	script_add(script, lines);
	rv = piv_get_data(&applet, hex("5FC105"), le, &b, &content);
	if (rv == CKR_OK)
		assert_int_equal(content.left, size);
	builder_free(&b);
	script_done(script);
	return rv;
}

#define GET "> 00CB3FFF055C035FC10500\n"

static void
data_absent(void **state)
{
	assert_int_equal(get_data(GET "< 6A82\n", 65536, 0),
			 CKR_OBJECT_HANDLE_INVALID);
	assert_int_equal(get_data(GET "< 6A80\n", 65536, 0),
			 CKR_OBJECT_HANDLE_INVALID);
	assert_int_equal(get_data(GET "< 9000\n", 65536, 0),
			 CKR_OBJECT_HANDLE_INVALID);
	assert_int_equal(get_data(GET "< 6F009000\n", 65536, 0),
			 CKR_OBJECT_HANDLE_INVALID);
	assert_false(applet.proven);
	assert_int_equal(get_data(GET "< 53009000\n", 65536, 0),
			 CKR_OBJECT_HANDLE_INVALID);
	assert_true(applet.proven);
	assert_int_equal(get_data(GET "< 6982\n", 65536, 0),
			 CKR_USER_NOT_LOGGED_IN);
}

/* A full block ends with 9000 though more is waiting. */
static void
data_unannounced(void **state)
{
	struct builder b = builder_heap(4096);

	builder_text(&b, GET "< 53820104");
	for (int i = 0; i < 252; i++)
		builder_text(&b, "01");
	builder_text(&b, "9000\n> 00C0000000\n< 01010101010101019000\n");
	builder_u8(&b, 0);
	assert_int_equal(get_data((char *)b.data, 65536, 260), CKR_OK);
	builder_reset(&b);
	builder_text(&b, GET "< 53820104");
	for (int i = 0; i < 252; i++)
		builder_text(&b, "01");
	builder_text(&b, "9000\n> 00C0000000\n< 6D00\n");
	builder_u8(&b, 0);
	assert_int_equal(get_data((char *)b.data, 65536, 252), CKR_OK);
	builder_free(&b);
}

/* A fault, and what is not PIV any more, is not the key's. */
static void
key_refused(void **state)
{
	static const struct {
		uint16_t sw;
		CK_RV rv;
		const char *proof;
	} cases[] = {
		{ 0x6F00, CKR_DEVICE_ERROR },
		{ 0x6D00, CKR_DEVICE_ERROR, "< 6D00\n" },
		{ 0x6E00, CKR_DEVICE_ERROR, "< 6E00\n" },
		{ 0x6D00, CKR_DEVICE_ERROR, "! error\n" },
		{ 0x6D00, CKR_ATTRIBUTE_VALUE_INVALID, "< 7E019000\n" },
		{ 0x6982, CKR_USER_NOT_LOGGED_IN },
		{ 0x6A84, CKR_DEVICE_MEMORY },
		{ 0x6A80, CKR_ATTRIBUTE_VALUE_INVALID },
		{ 0x6A86, CKR_ATTRIBUTE_VALUE_INVALID },
		{ 0x9000, CKR_OK },
	};

	assert_int_equal(piv_key_refused(&applet, CKR_DEVICE_REMOVED,
					 CKR_ATTRIBUTE_VALUE_INVALID),
			 CKR_DEVICE_REMOVED);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		applet.sw = cases[i].sw;
		if (cases[i].proof != NULL) {
			script_add(script, "> 00CB3FFF035C017E00\n");
			script_add(script, cases[i].proof);
		}
		assert_int_equal(piv_key_refused(&applet, sw_rv(applet.sw),
						 CKR_ATTRIBUTE_VALUE_INVALID),
				 cases[i].rv);
	}
}

#define CASE(name, function)                                                  \
	{                                                                     \
		"/cardos/piv/" name, function, applet_setup, applet_teardown, \
			NULL                                                  \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("key-refused", key_refused),
		CASE("compute/garbage", compute_garbage),
		CASE("data/absent", data_absent),
		CASE("data/unannounced", data_unannounced),
		CASE("discovery", discovery),
		CASE("pin/neo", pin_neo),
		CASE("compute/short-result", compute_short_result),
		CASE("compute/establishes", compute_establishes),
		CASE("compute/old-numbers", compute_old_numbers),
		CASE("compute/unannounced", compute_unannounced),
		CASE("compute/message", compute_message),
		CASE("compute/ecdsa", compute_ecdsa),
		CASE("compute/rsa-short", compute_rsa_short),
		CASE("compute/rsa-extended", compute_rsa_extended),
		CASE("compute/decrypt", compute_decrypt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
