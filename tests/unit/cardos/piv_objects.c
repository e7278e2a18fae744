/* PIV certificates as cards store them, and the keys that follow from them. */
#include "../../../cardos/piv.h"

#include <zlib.h>

#include "script.h"
#include "tlv.h"

static struct maker ec, p384, rsa, ca, usage, ed, strange, old;

static int
setup_once(void **state)
{
	maker_ec(&ec, "P-256", NULL);
	maker_ec(&p384, "P-384", "keyAgreement");
	maker_rsa(&rsa, 2048, NULL);
	maker_rsa(&ca, 2048, "keyCertSign");
	maker_rsa(&usage, 2048, "digitalSignature,keyEncipherment");
	maker_ed25519(&ed);
	maker_ec(&strange, "P-521", NULL);
	maker_rsa(&old, 1536, NULL);
	return 0;
}

static int
teardown_once(void **state)
{
	maker_free(&ec);
	maker_free(&p384);
	maker_free(&rsa);
	maker_free(&ca);
	maker_free(&usage);
	maker_free(&ed);
	maker_free(&strange);
	maker_free(&old);
	return 0;
}

/* Is there a certificate, when this is the content of its container? */
static bool
shown(struct cursor content)
{
	struct script *s = script_new();
	struct token *t = script_token(s, true);
	bool found;

	script_data(s, "5FC105", content);
	found = find_one(t, CKO_CERTIFICATE, 1) != 0;
	if (found) {
		assert_int_not_equal(find_one(t, CKO_PUBLIC_KEY, 1), 0);
		script_done(s);
	}
	token_unref(t);
	script_free(s);
	return found;
}

/* The certificate in tag 70, with texts in hexadecimal around it. */
static bool
wrapped(const char *before, struct cursor body, const char *after)
{
	struct builder b = builder_heap(1 << 17);
	bool found;

	builder_append(&b, hex(before));
	tlv_put(&b, 0x70, body);
	builder_append(&b, hex(after));
	found = shown(builder_read(&b));
	builder_free(&b);
	return found;
}

/* Deflate with zlib's window bits: 15 zlib, 31 gzip. */
static void
deflated(struct cursor in, int window, struct builder *out)
{
	z_stream z = { .next_in = (Bytef *)in.at, .avail_in = (uInt)in.left };
	uInt room = 1 << 16;

	assert_int_equal(
		deflateInit2(&z, 9, Z_DEFLATED, window, 9, Z_DEFAULT_STRATEGY),
		Z_OK);
	z.next_out = builder_space(out, room);
	z.avail_out = room;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	builder_trim(out, z.avail_out);
	deflateEnd(&z);
}

static void
certificate_bad(void **state)
{
	struct builder zeros = builder_heap(1 << 20),
		       bomb = builder_heap(1 << 20);
	struct cursor cut = maker_certificate(&ec);

	cut.left -= 1;
	assert_false(wrapped("", cut, "710100FE00"));
	assert_false(wrapped("", hex(""), "710100FE00"));
	assert_false(wrapped("", hex("00"), "710100FE00"));
	assert_false(wrapped("", hex("3000"), ""));
	assert_false(wrapped("", hex("1F8B0800"), "710101FE00"));
	assert_false(wrapped("", hex("0100"), "710101FE00"));
	assert_false(shown(hex("7182")));
	assert_false(shown(hex("70")));
	assert_false(shown(hex("308400000000")));
	/* inflates to more than any certificate has */
	builder_fill(&zeros, 0x30, 100000);
	deflated(builder_read(&zeros), 31, &bomb);
	assert_false(wrapped("", builder_read(&bomb), "710101FE00"));
	builder_free(&zeros);
	builder_free(&bomb);
}

static void
certificate_plain(void **state)
{
	struct cursor der = maker_certificate(&ec);

	assert_true(wrapped("", der, "710100FE00"));
	assert_true(wrapped("", der, "7100FE00"));
	assert_true(wrapped("", der, "FE00"));
	assert_true(wrapped("", der, ""));
	assert_true(wrapped("710100", der, "FE00"));
	assert_true(wrapped("FE00710100", der, ""));
	assert_true(wrapped("", der,
			    "7100"
			    "7203AABBCC"
			    "FE00"));
	/* the bare certificate, as some programs have stored it */
	assert_true(shown(der));
	/* plain, though marked as compressed */
	assert_true(wrapped("", der, "710101FE00"));
}

/* As all certificates of the NIST PIV test card: 70 gzip, 71 01, FE. */
static void
certificate_compressed(void **state)
{
	struct builder gzip = builder_heap(1 << 17);
	struct builder zlib = builder_heap(1 << 17);
	struct builder net_id = builder_heap(1 << 17);

	deflated(maker_certificate(&ec), 31, &gzip);
	deflated(maker_certificate(&ec), 15, &zlib);
	assert_true(wrapped("", builder_read(&gzip), "710101FE00"));
	assert_true(wrapped("", builder_read(&gzip), "710180FE00"));
	assert_true(wrapped("", builder_read(&zlib), "710101FE00"));
	assert_true(wrapped("", builder_read(&gzip), ""));
	/* Net iD: 01 00, a little-endian length, zlib */
	builder_append(&net_id, hex("0100"));
	builder_u8(&net_id, (uint8_t)(ec.size & 0xFF));
	builder_u8(&net_id, (uint8_t)(ec.size >> 8));
	builder_append(&net_id, builder_read(&zlib));
	assert_true(wrapped("", builder_read(&net_id), "710101FE00"));
	builder_free(&gzip);
	builder_free(&zlib);
	builder_free(&net_id);
}

/* A key of a kind that PIV does not have leaves the certificate. */
static void
key_unknown(struct maker *m)
{
	struct script *s = script_new();
	struct token *t = script_login(s, true);

	script_certificate(s, "5FC105", m);
	assert_int_not_equal(find_one(t, CKO_CERTIFICATE, 1), 0);
	assert_int_equal(find_one(t, CKO_PRIVATE_KEY, 1), 0);
	assert_int_equal(find_one(t, CKO_PUBLIC_KEY, 1), 0);
	token_unref(t);
	script_free(s);
}

static void
keys_unknown(void **state)
{
	key_unknown(&strange);
	key_unknown(&old);
}

struct use {
	CK_BBOOL sign, decrypt, unwrap, derive, each;
};

static struct use
use_of(const char *tag, uint8_t cka_id, struct maker *m)
{
	struct script *s = script_new();
	struct token *t = script_login(s, true);
	struct use use = { 9, 9, 9, 9, 9 };
	CK_ATTRIBUTE list[] = {
		{ CKA_SIGN, &use.sign, 1 },
		{ CKA_DECRYPT, &use.decrypt, 1 },
		{ CKA_UNWRAP, &use.unwrap, 1 },
		{ CKA_DERIVE, &use.derive, 1 },
		{ CKA_ALWAYS_AUTHENTICATE, &use.each, 1 },
	};
	uint64_t key;

	script_certificate(s, tag, m);
	key = find_one(t, CKO_PRIVATE_KEY, cka_id);
	assert_int_equal(t->ops->attributes_get(t, key, list, 5), CKR_OK);
	token_unref(t);
	script_free(s);
	return use;
}

static void
use_is(struct use use, const char *wanted)
{
	char text[6] = "-----";
	struct builder b = builder_over(text, 5);

	builder_u8(&b, use.sign == CK_TRUE ? 's' : '-');
	builder_u8(&b, use.decrypt == CK_TRUE ? 'd' : '-');
	builder_u8(&b, use.unwrap == CK_TRUE ? 'u' : '-');
	builder_u8(&b, use.derive == CK_TRUE ? 'x' : '-');
	builder_u8(&b, use.each == CK_TRUE ? 'a' : '-');
	assert_string_equal(text, wanted);
}

static void
usage_by_slot(void **state)
{
	use_is(use_of("5FC105", 1, &rsa), "sdu--");
	use_is(use_of("5FC10A", 2, &rsa), "s---a");
	use_is(use_of("5FC10B", 3, &rsa), "-du--");
	use_is(use_of("5FC101", 4, &rsa), "s----");
	use_is(use_of("5FC105", 1, &ec), "s----");
	use_is(use_of("5FC10B", 3, &ec), "---x-");
	/* what can do one thing does it wherever it is */
	use_is(use_of("5FC105", 1, &ed), "s----");
	use_is(use_of("5FC10B", 3, &ed), "s----");
}

static void
usage_by_certificate(void **state)
{
	use_is(use_of("5FC105", 1, &usage), "sdu--");
	use_is(use_of("5FC10B", 3, &usage), "sdu--");
	/* a CA's key has a key usage that allows neither */
	use_is(use_of("5FC10A", 2, &ca), "s---a");
	use_is(use_of("5FC105", 1, &ca), "s----");
	use_is(use_of("5FC10B", 3, &p384), "---x-");
	use_is(use_of("5FC105", 1, &p384), "s--x-");
}

static uint8_t
algorithm_of(const struct maker *m)
{
	struct certificate c;
	struct pubkey *key = NULL;
	uint8_t algorithm;

	assert_int_equal(certificate_parse(maker_certificate(m), &c), CKR_OK);
	assert_int_equal(pubkey_from_info(c.public_key_info, &key), CKR_OK);
	algorithm = piv_algorithm(key);
	pubkey_free(key);
	return algorithm;
}

static void
algorithms(void **state)
{
	assert_int_equal(algorithm_of(&rsa), 0x07);
	assert_int_equal(algorithm_of(&ec), 0x11);
	assert_int_equal(algorithm_of(&p384), 0x14);
	assert_int_equal(algorithm_of(&ed), 0xE0);
	assert_int_equal(algorithm_of(&old), 0);
	assert_int_equal(algorithm_of(&strange), 0);
}

#define CASE(name, function)                                            \
	{                                                               \
		"/cardos/piv_objects/" name, function, NULL, NULL, NULL \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("certificate/bad", certificate_bad),
		CASE("key/unknown", keys_unknown),
		CASE("certificate/plain", certificate_plain),
		CASE("certificate/compressed", certificate_compressed),
		CASE("usage/by-slot", usage_by_slot),
		CASE("usage/by-certificate", usage_by_certificate),
		CASE("algorithms", algorithms),
	};

	return cmocka_run_group_tests(tests, setup_once, teardown_once);
}
