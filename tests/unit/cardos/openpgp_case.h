/* What the tests of writing to an OpenPGP card begin with: an applet of which
 * the security officer is logged in. */
#ifndef TESTS_OPENPGP_CASE_H
#define TESTS_OPENPGP_CASE_H

#include "../../../cardos/openpgp.h"

#include "script.h"

#include "tlv.h"

static struct script *script;
static struct card_applet applet;

/* A card of MANUFACTURER, "0006", whose keys are all of ATTRIBUTES. */
static inline void
start(const char *manufacturer, const char *version, const char *attributes)
{
	struct builder in = builder_heap(4096), all = builder_heap(4096);
	struct builder aid = builder_heap(64), line = builder_heap(1 << 14);

	builder_append(&aid, hex("D27600012401"));
	builder_append(&aid, hex(version));
	builder_append(&aid, hex(manufacturer));
	builder_append(&aid, hex("123456780000"));
	tlv_put(&in, 0xC0, hex("7C000800080000200000"));
	for (uint32_t i = 0; i < OPENPGP_KEYS; i++)
		tlv_put(&in, 0xC1 + i, hex(attributes));
	tlv_put(&in, 0xC4, hex("017F7F7F030003"));
	tlv_put(&in, 0xDE, hex("010102000302"));
	tlv_put(&all, 0x4F, builder_read(&aid));
	tlv_put(&all, 0x73, builder_read(&in));
	builder_text(&line, "> 00CA006E00\n< ");
	builder_hex(&line, builder_read(&all));
	builder_text(&line, "9000\n");
	builder_u8(&line, 0);
	script = script_new();
	applet = script_applet(script, &openpgp_driver);
	script_add(script, (char *)line.data);
	assert_int_equal(openpgp_driver.open(&applet, hex("")), CKR_OK);
	applet.by_so = true;
	builder_free(&in);
	builder_free(&all);
	builder_free(&aid);
	builder_free(&line);
}

static inline int
setup(void **state)
{
	start("000F", "0304", "010800002000");
	return 0;
}

static inline int
setup_curve(void **state)
{
	start("000F", "0304", "132A8648CE3D030107");
	return 0;
}

static inline int
setup_yubikey(void **state)
{
	start("0006", "0304", "010800001100");
	return 0;
}

static inline int
teardown(void **state)
{
	script_applet_free(script, &applet);
	return 0;
}

static inline CK_RV
removed(enum openpgp_use use, CK_OBJECT_CLASS class)
{
	struct card_object o = { .id = openpgp_object_id(use, class) };
	CK_RV rv;

	assert_int_equal(attrs_set_ulong(&o.attrs, CKA_CLASS, class), CKR_OK);
	rv = openpgp_driver.remove(&applet, &o);
	attrs_free(&o.attrs);
	return rv;
}

#define CASE(name, function, before)                   \
	{                                              \
		name, function, before, teardown, NULL \
	}

#endif
