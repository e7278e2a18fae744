/* Where a key or certificate goes whose template does not say it. */
#include "piv_case.h"

#define PROOF		 "> 00CB3FFF035C017E00\n< 7E055F2F0240009000\n"
#define METADATA(ref)	 "> 00F700" ref "000000\n"
#define NO_KEY(ref)	 METADATA(ref) "< 6A88\n"
#define GET(tag)	 "> 00CB3FFF055C03" tag "00\n"
#define NOTHING(tag)	 GET(tag) "< 6A82\n"
#define OBJECT(tag)	 GET(tag) "< 53037001309000\n"
/* a key, of which all is told but the public half */
#define UNCLEAR(ref) METADATA(ref) "< 010111020202019000\n"

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

static int
setup_metadata(void **state)
{
	setup(state);
	script_atr(script, ATR_YUBIKEY_5);
	applet.extended = true;
	firmware(5, 4, 3);
	return 0;
}

static CK_RV
place(struct card_new new, uint8_t *reference)
{
	uint64_t id = 0;
	CK_RV rv;

	applet.proven = false;
	rv = piv_driver.place(&applet, &new, &id);
	script_done(script);
	*reference = rv == CKR_OK ? piv_reference(id) : 0;
	return rv;
}

/* A card that does not tell is not guessed at. */
static void
untold(void **state)
{
	uint8_t reference;

	script_add(script, PROOF);
	assert_int_equal(place(rsa_pair, &reference), CKR_TEMPLATE_INCOMPLETE);
}

/* What is not surely empty is passed over, whatever the card says. */
static void
passed_over(void **state)
{
	uint8_t reference;

	script_add(script, PROOF UNCLEAR("9A") METADATA("9C") "< 6F00\n");
	script_add(script, NO_KEY("82") OBJECT("5FC10D"));
	script_add(script, NO_KEY("83") GET("5FC10E") "< 6982\n");
	script_add(script, METADATA("84") "< 9000\n");
	script_add(script, NO_KEY("85") NOTHING("5FC110"));
	assert_int_equal(place(rsa_pair, &reference), CKR_OK);
	assert_int_equal(reference, 0x85);
	script_add(script, PROOF NO_KEY("9A") GET("5FC105") "! error\n");
	assert_int_equal(place(rsa_pair, &reference), CKR_DEVICE_ERROR);
	script_add(script, PROOF METADATA("9A") "! removed\n");
	assert_int_equal(place(rsa_pair, &reference), CKR_DEVICE_REMOVED);
}

/* 9D is the last for a key that signs, and in its turn for another. */
static void
use(CK_ATTRIBUTE_TYPE type, CK_BBOOL *value, uint8_t wanted)
{
	CK_ATTRIBUTE a = { type, value, sizeof(*value) };
	struct card_new new = rsa_pair;
	uint8_t reference;

	new.template = (struct template){ &a, 1 };
	script_add(script, PROOF UNCLEAR("9A") UNCLEAR("9C"));
	if (wanted == 0x9D)
		script_add(script, NO_KEY("9D") NOTHING("5FC10B"));
	else
		script_add(script, NO_KEY("82") NOTHING("5FC10D"));
	assert_int_equal(place(new, &reference), CKR_OK);
	assert_int_equal(reference, wanted);
}

static void
uses(void **state)
{
	use(CKA_SIGN, &yes, 0x82);
	use(CKA_SIGN, &no, 0x9D);
	use(CKA_DECRYPT, &yes, 0x9D);
	use(CKA_DERIVE, &yes, 0x9D);
	use(CKA_DECRYPT, &no, 0x82);
}

/* All are taken: 9D is asked for too, and 9E never. */
static void
full(void **state)
{
	char line[64];
	uint8_t reference;

	script_add(script, PROOF UNCLEAR("9A") UNCLEAR("9C"));
	for (unsigned at = 0x82; at < 0x96; at++) {
		snprintf(line, sizeof(line),
			 "> 00F700%02X000000\n< 010111020202019000\n", at);
		script_add(script, line);
	}
	script_add(script, UNCLEAR("9A") UNCLEAR("9C") UNCLEAR("9D"));
	for (unsigned at = 0x82; at < 0x96; at++) {
		snprintf(line, sizeof(line),
			 "> 00F700%02X000000\n< 010111020202019000\n", at);
		script_add(script, line);
	}
	assert_int_equal(place(rsa_pair, &reference), CKR_DEVICE_MEMORY);
}

/* A certificate goes to its key: on a card that does not tell of keys, to one
 * that was made here. */
static void
certificates(void **state)
{
	struct card_new new = { .class = CKO_CERTIFICATE };
	struct pubkey *key = NULL;
	uint8_t reference;

	assert_int_equal(pubkey_from_ec(curve_named("prime256v1"),
					script_fact("yubikey-5.4.3-p256.apdu",
						    "public key"),
					&key),
			 CKR_OK);
	new.certificate.der = hex("3000");
	new.certificate.public_key_info = key->info;
	script_add(script, PROOF);
	assert_int_equal(place(new, &reference), CKR_TEMPLATE_INCOMPLETE);
	new.cka_id = hex("00112233445566778899AABBCCDDEEFF00112233");
	script_add(script, PROOF);
	assert_int_equal(place(new, &reference), CKR_ATTRIBUTE_VALUE_INVALID);
	piv_made_keep(&applet, 0x85, pubkey_ref(key));
	script_add(script, PROOF);
	assert_int_equal(place(new, &reference), CKR_OK);
	assert_int_equal(reference, 0x85);
	pubkey_free(key);
}

/* The word of the card counts, not what was made here once. */
static void
certificates_told(void **state)
{
	struct card_new new = { .class = CKO_CERTIFICATE };
	struct cursor point =
		script_fact("yubikey-5.4.3-p256.apdu", "public key");
	struct builder line = builder_heap(1024);
	struct pubkey *key = NULL;
	uint8_t reference;

	assert_int_equal(pubkey_from_ec(curve_named("prime256v1"), point, &key),
			 CKR_OK);
	new.certificate.der = hex("3000");
	new.certificate.public_key_info = key->info;
	piv_made_keep(&applet, 0x9A, pubkey_ref(key));
	builder_text(&line, PROOF NO_KEY("9A") METADATA("9C")
			    "< 0101110202020103010104438641");
	builder_hex(&line, point);
	builder_text(&line, "9000\n");
	builder_u8(&line, '\0');
	script_add(script, (char *)line.data);
	assert_int_equal(place(new, &reference), CKR_OK);
	assert_int_equal(reference, 0x9C);
	builder_free(&line);
	pubkey_free(key);
}

#define TOLD(name, function)                                          \
	{                                                             \
		name, function, setup_metadata, applet_teardown, NULL \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/cardos/piv_place/untold", untold),
		TOLD("/cardos/piv_place/passed-over", passed_over),
		TOLD("/cardos/piv_place/full", full),
		TOLD("/cardos/piv_place/uses", uses),
		CASE("/cardos/piv_place/certificates", certificates),
		TOLD("/cardos/piv_place/certificates/told", certificates_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
