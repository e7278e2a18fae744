/* Attestation: of a key that the card made, when it is asked for. */
#include "piv_case.h"

#include "tlv.h"

#define PROOF "> 00CB3FFF035C017E00\n< 7E055F2F0240009000\n"
#define ASK   "> 00F99A00000000\n"

static CK_RV
attest(uint8_t reference, struct builder *der)
{
	const struct card_object o = { .id = ID(reference, CKO_PRIVATE_KEY) };
	CK_RV rv;

	applet.proven = false;
	builder_reset(der);
	rv = piv_driver.attest(&applet, &o, der);
	script_done(script);
	return rv;
}

/* No attestation is no error; a card in trouble is one. */
static void
refused(void **state)
{
	static const struct {
		const char *answer;
		CK_RV rv;
	} refusals[] = {
		{ "< 6A80\n", CKR_ATTRIBUTE_TYPE_INVALID }, /* brought in */
		{ "< 6A88\n", CKR_ATTRIBUTE_TYPE_INVALID }, /* no key */
		{ "< 6D00\n", CKR_ATTRIBUTE_TYPE_INVALID },
		{ "< 9000\n", CKR_ATTRIBUTE_TYPE_INVALID },
		{ "< 30031234569000\n", CKR_ATTRIBUTE_TYPE_INVALID },
		{ "< 308400FFFFFF9000\n", CKR_ATTRIBUTE_TYPE_INVALID },
		{ "! error\n", CKR_DEVICE_ERROR },
		{ "! removed\n", CKR_DEVICE_REMOVED },
	};
	struct builder der = builder_heap(4096);

	script_atr(script, ATR_YUBIKEY_5);
	applet.extended = true;
	firmware(5, 4, 3);
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		script_add(script, PROOF ASK);
		script_add(script, refusals[i].answer);
		assert_int_equal(attest(0x9A, &der), refusals[i].rv);
	}
	builder_free(&der);
}

/* Firmware before 4.3, and other makers' cards, are not asked. */
static void
unable(void **state)
{
	struct builder der = builder_heap(4096);

	script_add(script, PROOF);
	assert_int_equal(attest(0x9A, &der), CKR_ATTRIBUTE_TYPE_INVALID);
	script_atr(script, ATR_YUBIKEY_4);
	firmware(4, 2, 8);
	script_add(script, PROOF);
	assert_int_equal(attest(0x9A, &der), CKR_ATTRIBUTE_TYPE_INVALID);
	assert_int_equal(attest(0x81, &der), CKR_ATTRIBUTE_TYPE_INVALID);
	builder_free(&der);
}

/* As it comes, without a container. */
static void
good(void **state)
{
	struct builder der = builder_heap(4096), line = builder_heap(4096);
	struct cursor container =
		script_fact(FACTS, "certificate, in its container");
	struct cursor content, certificate;

	assert_true(tlv_find(container, 0x53, &content));
	assert_true(tlv_find(content, 0x70, &certificate));
	script_atr(script, ATR_YUBIKEY_5);
	applet.extended = true;
	firmware(4, 3, 0);
	builder_text(&line, PROOF ASK "< ");
	builder_hex(&line, certificate);
	builder_text(&line, "9000\n");
	builder_u8(&line, '\0');
	script_add(script, (char *)line.data);
	assert_int_equal(attest(0x9A, &der), CKR_OK);
	assert_true(cursor_same(builder_read(&der), certificate));
	builder_free(&der);
	builder_free(&line);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/cardos/piv_attest/refused", refused),
		CASE("/cardos/piv_attest/unable", unable),
		CASE("/cardos/piv_attest/good", good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
