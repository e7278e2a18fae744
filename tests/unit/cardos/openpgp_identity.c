/* Who an OpenPGP card is, and when it is asked whether it has keys at all. */
#include "../../../cardos/openpgp.h"

#include "script.h"

#define CARDS "openpgp.apdu"

struct opened {
	struct script *script;
	struct card_applet applet;
};

static void
open_card(struct opened *o, const char *card)
{
	struct builder b = builder_heap(4096);
	struct cursor fact = script_fact(CARDS, card);

	o->script = script_new();
	o->applet = script_applet(o->script, &openpgp_driver);
	builder_text(&b, "> 00CA006E00\n< ");
	builder_hex(&b, fact);
	builder_text(&b, "9000\n");
	builder_u8(&b, 0);
	script_add(o->script, (char *)b.data);
	builder_free(&b);
	assert_int_equal(openpgp_driver.open(&o->applet, hex("")), CKR_OK);
}

static void
close_card(struct opened *o)
{
	script_applet_free(o->script, &o->applet);
}

static void
silent(void **state)
{
	struct card_identity id = { .model = "untouched" };
	struct opened o;

	open_card(&o, "yubikey neo");
	script_add(o.script, "> 0047810002B60000\n! error\n");
	assert_int_equal(openpgp_identify(&o.applet, &id), CKR_DEVICE_ERROR);
	assert_string_equal(id.model, "untouched");
	close_card(&o);
}

/* A card that lists its keys is not asked for them. */
static void
yubikey(void **state)
{
	struct card_identity id;
	struct opened o;

	open_card(&o, "yubikey 5.4.3");
	assert_int_equal(openpgp_identify(&o.applet, &id), CKR_OK);
	assert_string_equal(id.label, "OpenPGP card 00000000");
	assert_string_equal(id.manufacturer, "Yubico");
	assert_string_equal(id.model, "OpenPGP card");
	assert_string_equal(id.serial, "000600000000");
	assert_int_equal(id.firmware.major, 3);
	assert_int_equal(id.firmware.minor, 4);
	assert_true(id.tries.known);
	assert_int_equal(id.tries.tries_left, 3);
	assert_false(id.keyless);
	close_card(&o);
	open_card(&o, "yubikey 5.4.3 empty");
	assert_int_equal(openpgp_identify(&o.applet, &id), CKR_OK);
	assert_true(id.keyless);
	close_card(&o);
}

/* One that does not is, unless a fingerprint tells of a key. */
static void
asked(void **state)
{
	struct card_identity id;
	struct opened o;

	open_card(&o, "zeitcontrol 2.1");
	script_add(o.script, "> 00478100000002B6000000\n< 6A88\n"
			     "> 00478100000002B8000000\n< 6F00\n"
			     "> 00478100000002A4000000\n< 9000\n");
	assert_int_equal(openpgp_identify(&o.applet, &id), CKR_OK);
	assert_string_equal(id.manufacturer, "ZeitControl");
	assert_int_equal(id.firmware.minor, 1);
	assert_true(id.keyless);
	close_card(&o);
	open_card(&o, "smartpgp 3.2");
	script_load(o.script, "openpgp-read.apdu", "rsa2048");
	script_add(o.script, "> 0047810002B80000\n< 6A88\n"
			     "> 0047810002A40000\n< 6A88\n");
	assert_int_equal(openpgp_identify(&o.applet, &id), CKR_OK);
	assert_string_equal(id.manufacturer, "unknown");
	assert_false(id.keyless);
	assert_int_equal(id.tries.tries_left, 2);
	close_card(&o);
}

/* What a NEO's places are for they are for ever, elsewhere that may change. */
static void
abilities(void **state)
{
	static const char *const rsa[] = { "> 0047810002B60000\n< 6A88\n",
					   "> 0047810002B80000\n< 6A88\n",
					   "> 0047810002A40000\n< 6A88\n" };
	struct card_identity id;
	struct openpgp *state_of;
	struct opened o;

	open_card(&o, "yubikey neo");
	for (size_t i = 0; i < 3; i++)
		script_add(o.script, rsa[i]);
	assert_int_equal(openpgp_identify(&o.applet, &id), CKR_OK);
	assert_non_null(id.can);
	assert_int_equal(id.can->primitives,
			 1u << CARD_RSA_DIGESTINFO | 1u << CARD_RSA_DECRYPT);
	assert_int_equal(id.can->rsa_min, 2048);
	assert_int_equal(id.can->rsa_max, 2048);
	assert_int_equal(id.can->generates[0], CKK_RSA);
	assert_int_equal(id.can->generates[3], CK_UNAVAILABLE_INFORMATION);
	state_of = o.applet.state;
	state_of->facts.keys[OPENPGP_DECIPHER] = (struct openpgp_key){
		.algorithm = OPENPGP_ECDH,
		.curve = curve_named("secp384r1"),
	};
	assert_non_null(openpgp_abilities(state_of));
	assert_int_equal(state_of->can.primitives,
			 1u << CARD_RSA_DIGESTINFO | 1u << CARD_ECDH);
	assert_int_equal(state_of->can.ec_max, 384);
	state_of->facts.keys[OPENPGP_DECIPHER].curve = NULL;
	assert_null(openpgp_abilities(state_of));
	close_card(&o);
	open_card(&o, "yubikey 5.4.3");
	assert_int_equal(openpgp_identify(&o.applet, &id), CKR_OK);
	assert_null(id.can);
	close_card(&o);
}

static void
nominate(void **state)
{
	static const struct {
		const char *atr;
		int rank;
	} rows[] = {
		{ "3B80800101", 0 },
		{ "3BFD1300008131FE158073C021C057597562694B657940", 1 },
		{ "3BFC1300008131FE15597562696B65794E454F7233E1", 1 },
		{ "3BDA18FF81B1FE751F030031C573C001400090000C", 1 },
		{ "3BDA18FF81B1FE751F030031F573C001600090001C", 1 },
		{ "3BDA11FF81B1FE551F0300318473800180009000E4", 1 },
		{ "3B8F01805D4E6974726F6B657900000000006A", 1 },
		{ "", 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(openpgp_nominate(hex(rows[i].atr)),
				 rows[i].rank);
}

#define CASE(name, function)                                                 \
	{                                                                    \
		"/cardos/openpgp_identity/" name, function, NULL, NULL, NULL \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("silent", silent),	    CASE("yubikey", yubikey),
		CASE("asked", asked),	    CASE("abilities", abilities),
		CASE("nominate", nominate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
