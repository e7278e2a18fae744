/* VERIFY, ATR bytes and what is the same for all cards. */
#include "../../../cardos/iso7816.h"

#include "script.h"

static const struct card_pin pin = { "PIN", 0x80, 6, 8 };

static CK_RV
verify(const char *lines, struct cursor value)
{
	struct script *s = script_new();
	struct card_applet a = { .transport = apdu_layer_new(&s->transport) };
	uint64_t generation;
	CK_RV rv;

	script_add(s, lines);
	assert_int_equal(a.transport->ops->begin(a.transport, &generation),
			 CKR_OK);
	rv = iso_verify(&a, &pin, value, 8);
	a.transport->ops->end(a.transport);
	a.transport->ops->close(a.transport);
	script_free(s);
	return rv;
}

static void
verify_empty(void **state)
{
	assert_int_equal(verify("", cursor_of("", 0)), CKR_PIN_LEN_RANGE);
}

static void
verify_long(void **state)
{
	assert_int_equal(verify("", cursor_of("123456789", 9)),
			 CKR_PIN_LEN_RANGE);
}

static void
verify_no_keypad(void **state)
{
	assert_int_equal(verify("", cursor_of(NULL, 0)), CKR_PIN_LEN_RANGE);
}

static void
change_keypad(void **state)
{
	struct script *script = script_new();
	struct card_applet a = { .transport =
					 apdu_layer_new(&script->transport) };
	uint64_t generation;

	assert_int_equal(a.transport->ops->begin(a.transport, &generation),
			 CKR_OK);
	assert_int_equal(iso_change_keypad(&a, &pin, 8), CKR_PIN_LEN_RANGE);
	assert_int_equal(script->keypad, 0);
	script->info.pinpad = true;
	assert_int_equal(iso_change_keypad(&a, &pin, 65), CKR_OK);
	assert_int_equal(iso_change_keypad(&a, &pin, 129), CKR_PIN_LEN_RANGE);
	assert_int_equal(iso_change_keypad(&a, &pin, 8), CKR_OK);
	assert_int_equal(script->keypad, 2);
	assert_true(script->typed.change);
	assert_int_equal(script->typed.command.ins, 0x24);
	assert_int_equal(script->typed.command.data.left, 16);
	assert_int_equal(script->typed.block, 8);
	assert_int_equal(script->typed.pin_max, 8);
	script->typed_sw = 0x63C1;
	assert_int_equal(iso_change_keypad(&a, &pin, 8), CKR_PIN_INCORRECT);
	assert_int_equal(a.sw, 0x63C1);
	a.transport->ops->end(a.transport);
	a.transport->ops->close(a.transport);
	script_free(script);
}

static void
verify_padded(void **state)
{
	assert_int_equal(verify("> 0020008008313233343536FFFF\n< 63C2\n",
				cursor_of("123456", 6)),
			 CKR_PIN_INCORRECT);
	assert_int_equal(verify("> 00200080083132333435363738\n< 9000\n",
				cursor_of("12345678", 8)),
			 CKR_OK);
}

static void
status_words(void **state)
{
	struct card_pin_status status = iso_pin_status(0x6A80);

	assert_false(status.known || status.verified);
	status = iso_pin_status(0x6300);
	assert_false(status.known);
	status = iso_pin_status(0x6983);
	assert_true(status.known && status.tries_left == 0);
	status = iso_pin_status(0x6303); /* YubiKey NEO */
	assert_true(status.known && status.tries_left == 3);
	status = iso_pin_status(0x63CF);
	assert_true(status.known && status.tries_left == 15);
	status = iso_pin_status(0x9000);
	assert_true(status.known && status.verified);
}

static void
historical_bad(void **state)
{
	struct cursor c = iso_historical(hex("3BFF"));

	assert_int_equal(c.left, 0);
	c = iso_historical(hex(""));
	assert_int_equal(c.left, 0);
	/* TD announces TD to the end */
	c = iso_historical(hex("3B80808080808080808080808080808080"));
	assert_int_equal(c.left, 0);
	c = iso_historical(hex("3B85010203"));
	assert_int_equal(c.left, 0);
}

static void
historical(void **state)
{
	struct cursor c = iso_historical(
		hex("3BFD1300008131FE158073C021C057597562694B657940"));

	assert_true(cursor_same(c, hex("8073C021C057597562694B6579")));
	c = iso_historical(hex("3B021450"));
	assert_true(cursor_same(c, hex("1450")));
}

static void
extended(void **state)
{
	assert_false(iso_extended(hex("")));
	assert_false(iso_extended(hex("59756269")));
	assert_false(iso_extended(hex("80")));
	assert_false(iso_extended(hex("8073C021")));
	assert_false(iso_extended(hex("8073C02180")));
	/* what looks like capabilities is the status at the end */
	assert_false(iso_extended(hex("0073C0C0C0")));
	assert_true(iso_extended(hex("8073C021C057597562694B6579")));
	assert_true(iso_extended(hex("0031C573C00140059000")));
}

static void
contains(void **state)
{
	assert_false(iso_contains(hex("A0000003"), hex("A000000308")));
	assert_false(iso_contains(hex("A000000308"), hex("")));
	assert_true(iso_contains(hex("FFA000000308"), hex("A000000308")));
	assert_true(iso_contains_text(cursor_of("xYubi", 5), "Yubi"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ "/cardos/iso7816/verify/empty", verify_empty, NULL, NULL,
		  NULL },
		{ "/cardos/iso7816/verify/long", verify_long, NULL, NULL,
		  NULL },
		{ "/cardos/iso7816/verify/no-keypad", verify_no_keypad, NULL,
		  NULL, NULL },
		{ "/cardos/iso7816/verify/padded", verify_padded, NULL, NULL,
		  NULL },
		{ "/cardos/iso7816/change/keypad", change_keypad, NULL, NULL,
		  NULL },
		{ "/cardos/iso7816/pin-status", status_words, NULL, NULL,
		  NULL },
		{ "/cardos/iso7816/historical/bad", historical_bad, NULL, NULL,
		  NULL },
		{ "/cardos/iso7816/historical/good", historical, NULL, NULL,
		  NULL },
		{ "/cardos/iso7816/extended", extended, NULL, NULL, NULL },
		{ "/cardos/iso7816/contains", contains, NULL, NULL, NULL },
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
