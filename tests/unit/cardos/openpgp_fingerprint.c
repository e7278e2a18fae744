/* The names of keys, held against what GnuPG calls them. */
#include "../../../cardos/openpgp.h"

#include <stdio.h>

#include "script.h"

#define FILE_NAME "openpgp-gnupg.apdu"

static struct cursor
number_take(struct cursor *c)
{
	return cursor_take(c, ((size_t)cursor_u16(c) + 7) / 8);
}

/* The curve, as the card's attributes would name it. */
static const struct curve *
curve_take(struct cursor *c)
{
	uint8_t bytes[64];
	struct builder attributes = builder_over(bytes, sizeof(bytes));
	struct openpgp_key told = { 0 };

	builder_u8(&attributes, OPENPGP_ECDH);
	builder_append(&attributes, cursor_take(c, cursor_u8(c)));
	openpgp_attributes_parse(builder_read(&attributes), &told);
	assert_non_null(told.curve);
	return told.curve;
}

static struct pubkey *
key_take(struct cursor *c)
{
	const struct curve *curve;
	struct pubkey *key = NULL;
	struct cursor first, second;

	if (cursor_u8(c) == OPENPGP_RSA) {
		first = number_take(c);
		second = number_take(c);
		assert_int_equal(pubkey_from_rsa(first, second, &key), CKR_OK);
		return key;
	}
	curve = curve_take(c);
	first = number_take(c);
	openpgp_point_bare(curve, &first);
	assert_int_equal(pubkey_from_ec(curve, first, &key), CKR_OK);
	return key;
}

static void
gnupg(void **state)
{
	static const struct {
		const char *name;
		enum openpgp_use use;
	} keys[] = {
		{ "rsa2048", OPENPGP_SIGN },
		{ "rsa2048", OPENPGP_DECIPHER },
		{ "ed25519", OPENPGP_AUTHENTICATE },
		{ "cv25519", OPENPGP_DECIPHER },
		{ "p256", OPENPGP_SIGN },
		{ "p256 cipher", OPENPGP_DECIPHER },
		{ "p384 cipher", OPENPGP_DECIPHER },
		{ "bp512 cipher", OPENPGP_DECIPHER },
		{ "p521 cipher", OPENPGP_DECIPHER },
	};
	char name[64];

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		uint8_t bytes[DIGEST_SIZE_MAX];
		struct builder out = builder_over(bytes, sizeof(bytes));
		struct cursor packet;
		struct pubkey *key;
		uint32_t time;

		snprintf(name, sizeof(name), "packet %s", keys[i].name);
		packet = script_fact(FILE_NAME, name);
		assert_int_equal(cursor_u8(&packet), 4);
		time = cursor_u32(&packet);
		key = key_take(&packet);
		assert_int_equal(
			openpgp_fingerprint(keys[i].use, key, time, &out),
			CKR_OK);
		snprintf(name, sizeof(name), "name %s", keys[i].name);
		assert_true(cursor_same(builder_read(&out),
					script_fact(FILE_NAME, name)));
		pubkey_free(key);
	}
}

/* The same key to sign with, or made a second later, is another one. */
static void
differs(void **state)
{
	struct cursor packet = script_fact(FILE_NAME, "packet p256 cipher");
	uint8_t bytes[3][DIGEST_SIZE_MAX];
	struct builder out[3];
	struct pubkey *key;
	uint32_t time;

	cursor_u8(&packet);
	time = cursor_u32(&packet);
	key = key_take(&packet);
	for (size_t i = 0; i < 3; i++)
		out[i] = builder_over(bytes[i], DIGEST_SIZE_MAX);
	assert_int_equal(
		openpgp_fingerprint(OPENPGP_DECIPHER, key, time, &out[0]),
		CKR_OK);
	assert_int_equal(
		openpgp_fingerprint(OPENPGP_DECIPHER, key, time + 1, &out[1]),
		CKR_OK);
	assert_int_equal(openpgp_fingerprint(OPENPGP_SIGN, key, time, &out[2]),
			 CKR_OK);
	assert_false(cursor_same(builder_read(&out[0]), builder_read(&out[1])));
	assert_false(cursor_same(builder_read(&out[0]), builder_read(&out[2])));
	pubkey_free(key);
}

#define CASE(name, function)                                               \
	{                                                                  \
		"/cardos/openpgp_fingerprint/" name, function, NULL, NULL, \
			NULL                                               \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("differs", differs),
		CASE("gnupg", gnupg),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
