/* PUT DATA, and the containers of certificates both ways. */
#include "piv_case.h"

#include <zlib.h>

#include "tlv.h"

enum { BOMB = 300000 };

static struct maker ec;

static int
setup_once(void **state)
{
	maker_ec(&ec, "P-256", NULL);
	return 0;
}

static int
teardown_once(void **state)
{
	maker_free(&ec);
	return 0;
}

/* Compressed by zlib, as some issuers do; gzip is zlib's with other ends. */
static void
pack(struct cursor plain, struct builder *out)
{
	uint8_t bytes[8192];
	uLongf size = sizeof(bytes);

	assert_int_equal(compress2(bytes, &size, plain.at, plain.left, 9),
			 Z_OK);
	builder_put(out, bytes, size);
}

/* What comes of this content of 53. */
static CK_RV
read_of(struct cursor content, struct builder *der)
{
	const struct piv_slot *slot = piv_slot_find(0x9A);
	CK_RV rv;

	builder_reset(der);
	script_data(script, "5FC105", content);
	rv = piv_certificate_read(&applet, slot, der);
	script_done(script);
	return rv;
}

/* Lengths beyond the end, too much when it is inflated, and half of it. */
static void
read_refused(void **state)
{
	static uint8_t zeros[BOMB];
	struct builder der = builder_heap(CERTIFICATE_MAX);
	struct builder packed = builder_heap(8192), content = builder_heap(8192);

	assert_int_equal(read_of(hex("70"), &der), CKR_DATA_INVALID);
	assert_int_equal(read_of(hex("700071010"), &der), CKR_DATA_INVALID);
	assert_int_equal(read_of(hex("7084FFFFFFFF3003"), &der),
			 CKR_DATA_INVALID);
	assert_int_equal(read_of(hex("70850100000000"), &der),
			 CKR_DATA_INVALID);
	assert_int_equal(read_of(hex("7080300302010100"), &der),
			 CKR_DATA_INVALID);
	assert_int_equal(read_of(hex("7002FFFF710100"), &der),
			 CKR_DATA_INVALID);
	/* Net iD's header without its data */
	assert_int_equal(read_of(hex("70020100710101"), &der),
			 CKR_DATA_INVALID);
	pack(cursor_of(zeros, BOMB), &packed);
	tlv_put(&content, 0x70, builder_read(&packed));
	assert_int_equal(read_of(builder_read(&content), &der),
			 CKR_DATA_INVALID);
	assert_int_equal(der.used, 0);
	builder_reset(&packed);
	pack(maker_certificate(&ec), &packed);
	builder_reset(&content);
	tlv_put(&content, 0x70, cursor_of(packed.data, packed.used / 2));
	assert_int_equal(read_of(builder_read(&content), &der),
			 CKR_DATA_INVALID);
	assert_int_equal(der.used, 0);
	builder_free(&der);
	builder_free(&packed);
	builder_free(&content);
}

static void
read_is(const struct builder *content)
{
	struct builder der = builder_heap(CERTIFICATE_MAX);

	assert_int_equal(read_of(builder_read(content), &der), CKR_OK);
	assert_true(cursor_same(builder_read(&der), maker_certificate(&ec)));
	builder_free(&der);
}

/* Compressed or not shows by itself; 71 may say otherwise, or miss. */
static void
read_forms(void **state)
{
	static const char *const after[] = {
		"", "7100", "710100FE00", "710101FE00", "710180", "7101817200",
	};
	struct builder packed = builder_heap(8192), content = builder_heap(8192);
	struct cursor der = maker_certificate(&ec);

	pack(der, &packed);
	for (size_t i = 0; i < sizeof(after) / sizeof(after[0]); i++) {
		builder_reset(&content);
		tlv_put(&content, 0x70, der);
		builder_append(&content, hex(after[i]));
		read_is(&content);
		builder_reset(&content);
		tlv_put(&content, 0x70, builder_read(&packed));
		builder_append(&content, hex(after[i]));
		read_is(&content);
	}
	/* other tags first, then the bare certificate */
	builder_reset(&content);
	builder_append(&content, hex("FE0071010172020000"));
	tlv_put(&content, 0x70, builder_read(&packed));
	read_is(&content);
	builder_reset(&content);
	builder_append(&content, der);
	read_is(&content);
	builder_free(&packed);
	builder_free(&content);
}

/* A YubiKey 4 takes about 2,000 bytes in an extended command: more is chained.
 */
static void
put_long(void **state)
{
	static const uint8_t zeros[2500];
	struct cursor tag = hex("5FC105");
	char line[600];
	size_t sent = 5 + 4 + sizeof(zeros), piece;

	script_atr(script, ATR_YUBIKEY_4);
	applet.extended = true;
	script_add(script, "> 00DB3FFF0001095C035FC10553820100*\n< 9000\n");
	assert_int_equal(piv_put_data(&applet, tag, cursor_of(zeros, 256)),
			 CKR_OK);
	for (; sent > 0; sent -= piece) {
		piece = sent > 255 ? 255 : sent;
		snprintf(line, sizeof(line), "> %s0DB3FFF%02zX*\n< 9000\n",
			 sent > 255 ? "1" : "0", piece);
		script_add(script, line);
	}
	assert_int_equal(
		piv_put_data(&applet, tag, cursor_of(zeros, sizeof(zeros))),
		CKR_OK);
	assert_true(applet.extended);
	script_done(script);
}

/* What goes by a short tag has no other around it; a refusal for want of the
 * management key is remembered. */
static void
put_refused(void **state)
{
	struct piv *piv = applet.state;

	piv->admin = true;
	script_add(script, "> 00DB3FFF057F61020102\n< 6A80\n");
	assert_int_equal(piv_put_data(&applet, hex("7F61"), hex("0102")),
			 CKR_DATA_INVALID);
	assert_true(piv->admin);
	script_add(script, DELETE_9A "< 6982\n");
	assert_int_equal(piv_put_data(&applet, hex("5FC105"), hex("")),
			 CKR_USER_NOT_LOGGED_IN);
	assert_false(piv->admin);
}

/* A certificate that another key has left behind. */
static void
remove_old(void **state)
{
	const struct piv_slot *slot = piv_slot_find(0x9A);

	script_add(script, DELETE_9A "< 9000\n");
	assert_int_equal(piv_certificate_remove(&applet, slot), CKR_OK);
	script_add(script, DELETE_9A "< 6982\n");
	assert_int_equal(piv_certificate_remove(&applet, slot), CKR_OK);
	script_add(script, DELETE_9A "! error\n");
	assert_int_equal(piv_certificate_remove(&applet, slot),
			 CKR_DEVICE_ERROR);
}

/* How much an object holds, and that a certificate is compressed beyond it. */
static void
sizes(void **state)
{
	struct builder der = builder_heap(8192);
	uint8_t noise[4000];

	assert_int_equal(piv_object_max(&applet), 32768);
	script_atr(script, "3BFC1300008131FE15597562696B65794E454F7233E1");
	assert_int_equal(piv_object_max(&applet), 2025);
	builder_fill(&der, 0x30, 4000);
	assert_int_equal(piv_certificate_check(&applet, builder_read(&der)),
			 CKR_OK);
	assert_int_equal(random_bytes(noise, sizeof(noise)), CKR_OK);
	assert_int_equal(piv_certificate_check(&applet,
					       cursor_of(noise, sizeof(noise))),
			 CKR_DEVICE_MEMORY);
	script_atr(script, ATR_YUBIKEY_4);
	assert_int_equal(piv_object_max(&applet), 3049);
	builder_free(&der);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/cardos/piv_container/read/refused", read_refused),
		CASE("/cardos/piv_container/put/refused", put_refused),
		CASE("/cardos/piv_container/read/forms", read_forms),
		CASE("/cardos/piv_container/put/long", put_long),
		CASE("/cardos/piv_container/remove", remove_old),
		CASE("/cardos/piv_container/sizes", sizes),
	};

	return cmocka_run_group_tests(tests, setup_once, teardown_once);
}
