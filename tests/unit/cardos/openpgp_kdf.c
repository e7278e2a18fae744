/* The key derivation of OpenPGP cards, held against what a YubiKey took. */
#include "../../../cardos/openpgp.h"

#include "script.h"

#include "tlv.h"

static CK_RV
parse(const char *text, struct openpgp_kdf *kdf)
{
	return openpgp_kdf_parse(hex(text), kdf);
}

/* With any of these no PIN may be sent. */
static void
bad(void **state)
{
	static const char *const texts[] = {
		"810102",
		"81020000",
		"82010A",
		"810103",
		"81010382010A830400018 6A0",
		"8101038201098304000186A08408ABABABABABABABAB",
		"81010382010A83030186A08408ABABABABABABABAB",
		"81010382010A8304000186A08407ABABABABABABAB",
		"81010382010A8304FFFFFFFF8408ABABABABABABABAB",
		"8101038201",
	};
	struct openpgp_kdf kdf = { .count = 77 };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(parse(texts[i], &kdf), CKR_DEVICE_ERROR);
		assert_int_equal(kdf.count, 77);
	}
}

static void
none(void **state)
{
	static const char *const texts[] = { "", "810100", "F900",
					     "F903810100" };
	struct openpgp_kdf kdf;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		kdf.digest = DIGEST_SHA256;
		assert_int_equal(parse(texts[i], &kdf), CKR_OK);
		assert_int_equal(kdf.digest, DIGEST_NONE);
	}
}

/* The card's own object has the hashes of the first PINs in 87 and 88. */
static void
yubikey(void **state)
{
	struct cursor fact = script_fact("openpgp.apdu", "yubikey kdf");
	struct cursor user = { 0 }, admin = { 0 };
	uint8_t bytes[OPENPGP_DERIVED_MAX];
	struct builder out = builder_over(bytes, sizeof(bytes));
	struct openpgp_kdf kdf = { 0 };

	assert_int_equal(openpgp_kdf_parse(fact, &kdf), CKR_OK);
	assert_int_equal(kdf.digest, DIGEST_SHA512);
	assert_true(tlv_find(fact, 0x87, &user) &&
		    tlv_find(fact, 0x88, &admin));
	assert_int_equal(openpgp_kdf_derive(&kdf, OPENPGP_PW1, cursor_of("123456", 6), &out),
			 CKR_OK);
	assert_true(cursor_same(builder_read(&out), user));
	builder_reset(&out);
	assert_int_equal(
		openpgp_kdf_derive(&kdf, OPENPGP_PW3, cursor_of("12345678", 8), &out),
		CKR_OK);
	assert_true(cursor_same(builder_read(&out), admin));
}

/* A count that is too small hashes salt and PIN once (RFC 4880, 3.7.1.3):
 * SHA-256 of eight zero bytes and "123456". */
static void
once(void **state)
{
	const struct openpgp_kdf kdf = { .digest = DIGEST_SHA256, .count = 3 };
	const struct openpgp_kdf longer = { .digest = DIGEST_SHA256,
					    .count = 14 };
	uint8_t bytes[OPENPGP_DERIVED_MAX], same[OPENPGP_DERIVED_MAX];
	struct builder out = builder_over(bytes, sizeof(bytes));
	struct builder other = builder_over(same, sizeof(same));

	assert_int_equal(openpgp_kdf_derive(&kdf, OPENPGP_PW1, cursor_of("123456", 6), &out),
			 CKR_OK);
	assert_int_equal(
		openpgp_kdf_derive(&longer, OPENPGP_PW1, cursor_of("123456", 6), &other),
		CKR_OK);
	assert_int_equal(out.used, 32);
	assert_true(cursor_same(builder_read(&out), builder_read(&other)));
}

#define CASE(name, function)                                            \
	{                                                               \
		"/cardos/openpgp_kdf/" name, function, NULL, NULL, NULL \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("bad", bad),
		CASE("none", none),
		CASE("yubikey", yubikey),
		CASE("once", once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
