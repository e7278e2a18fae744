/* Tests of crypto/peer.c: the other's point, and what came of it. */
#include "judge.h"

#include <openssl/ec.h>

enum { POINT_MAX = 200 };

static const char x25519_params[] = "06032b656e";
/* RFC 7748, 6.1: Alice's public key */
static const char x25519_point[] =
	"8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a";

static const struct curve *
x25519(void)
{
	const struct curve *c = curve_typed(CKK_EC_MONTGOMERY,
					    hex(x25519_params));

	assert_non_null(c);
	return c;
}

static CK_RV
peer(const struct curve *curve, struct cursor given)
{
	uint8_t *copy = copy_of(given);
	struct builder point = builder_heap(POINT_MAX);
	CK_RV rv = peer_point(curve, cursor_of(copy, given.left), &point);

	builder_free(&point);
	free(copy);
	return rv;
}

static void
test_form_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		"00", /* the point at infinity */
		"04",
		"0400",
		"0401ff",
		"06", /* hybrid */
		"8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b",
		"0422041f85",
	};
	EVP_PKEY *pkey = judge_ec("P-256");
	struct pubkey *key = judge_public(pkey);
	struct builder long_one = builder_heap(POINT_MAX);

	for (size_t i = 0; i < COUNT(wrong); i++) {
		assert_int_equal(peer(curve_named("P-256"), hex(wrong[i])),
				 CKR_MECHANISM_PARAM_INVALID);
		assert_int_equal(peer(x25519(), hex(wrong[i])),
				 CKR_MECHANISM_PARAM_INVALID);
	}
	/* of another curve; with a byte after it, bare and wrapped */
	assert_int_equal(peer(curve_named("P-384"), key->point),
			 CKR_MECHANISM_PARAM_INVALID);
	builder_append(&long_one, key->point);
	builder_u8(&long_one, 0);
	assert_int_equal(peer(curve_named("P-256"), builder_read(&long_one)),
			 CKR_MECHANISM_PARAM_INVALID);
	builder_reset(&long_one);
	builder_append(&long_one, hex("0441"));
	builder_append(&long_one, key->point);
	builder_u8(&long_one, 0);
	assert_int_equal(peer(curve_named("P-256"), builder_read(&long_one)),
			 CKR_MECHANISM_PARAM_INVALID);
	builder_free(&long_one);
	pubkey_free(key);
	EVP_PKEY_free(pkey);
}

/* A point beside the curve gives the key away, bit by bit. */
static void
test_beside_refused(void **state)
{
	EVP_PKEY *pkey = judge_ec("P-256");
	struct pubkey *key = judge_public(pkey);
	uint8_t *copy = copy_of(key->point);

	copy[key->point.left - 1] ^= 1;
	assert_int_equal(peer(curve_named("P-256"),
			      cursor_of(copy, key->point.left)),
			 CKR_MECHANISM_PARAM_INVALID);
	free(copy);
	pubkey_free(key);
	EVP_PKEY_free(pkey);
	/* y of this x is no number */
	assert_int_equal(peer(curve_named("P-256"),
			      hex("02000000000000000000000000000000000000000000"
				  "0000000000000000000001")),
			 CKR_MECHANISM_PARAM_INVALID);
}

/* RFC 7748, 6.1, and the list of curve25519's small points. */
static void
test_small_refused(void **state)
{
	static const char *const small[] = {
		"00000000000000000000000000000000"
		"00000000000000000000000000000000",
		"01000000000000000000000000000000"
		"00000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46a"
		"da098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b"
		"04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffff"
		"ffffffffffffffffffffffffffffff7f",
	};

	for (size_t i = 0; i < COUNT(small); i++)
		assert_int_equal(peer(x25519(), hex(small[i])),
				 CKR_MECHANISM_PARAM_INVALID);
}

static void
assert_given(const struct curve *curve, struct cursor given,
	     struct cursor wanted)
{
	struct builder wrapped = builder_heap(POINT_MAX);
	struct builder out = builder_heap(POINT_MAX);

	assert_int_equal(peer_point(curve, given, &out), CKR_OK);
	assert_same(builder_read(&out), wanted);
	builder_u8(&wrapped, 0x04);
	if (given.left > 127)
		builder_u8(&wrapped, 0x81);
	builder_u8(&wrapped, (uint8_t)given.left);
	builder_append(&wrapped, given);
	builder_reset(&out);
	assert_int_equal(peer_point(curve, builder_read(&wrapped), &out),
			 CKR_OK);
	assert_same(builder_read(&out), wanted);
	builder_free(&wrapped);
	builder_free(&out);
}

/* Bare, wrapped, compressed: one point. */
static void
test_forms(void **state)
{
	static const char *const names[] = { "P-256", "P-384", "P-521",
					     "brainpoolP256r1" };

	for (size_t i = 0; i < COUNT(names); i++) {
		const struct curve *curve = curve_named(names[i]);
		EVP_PKEY *pkey = judge_ec(names[i]);
		struct pubkey *key = judge_public(pkey);
		struct builder compressed = builder_heap(POINT_MAX);
		struct cursor point = key->point, x, y;

		assert_given(curve, key->point, key->point);
		cursor_u8(&point);
		x = cursor_take(&point, curve->field);
		y = point;
		builder_u8(&compressed, y.at[y.left - 1] & 1 ? 0x03 : 0x02);
		builder_append(&compressed, x);
		assert_given(curve, builder_read(&compressed), key->point);
		assert_true(peer_secret_fits(curve, x));
		builder_free(&compressed);
		pubkey_free(key);
		EVP_PKEY_free(pkey);
	}
	assert_given(x25519(), hex(x25519_point), hex(x25519_point));
}

static void
test_secret_refused(void **state)
{
	const struct curve *p256 = curve_named("P-256");
	static const char one[] = "00000000000000000000000000000000"
				  "00000000000000000000000000000001";
	static const char zero[] = "00000000000000000000000000000000"
				   "00000000000000000000000000000000";

	assert_false(peer_secret_fits(p256, hex("")));
	assert_false(peer_secret_fits(p256, hex(x25519_params)));
	assert_false(peer_secret_fits(curve_named("P-384"), hex(one)));
	/* 1 is no x of this curve, nor is what is over its prime */
	assert_false(peer_secret_fits(p256, hex(one)));
	assert_false(peer_secret_fits(
		p256, hex("ffffffffffffffffffffffffffffffff"
			  "ffffffffffffffffffffffffffffffff")));
	assert_false(peer_secret_fits(x25519(), hex(zero)));
	assert_true(peer_secret_fits(x25519(), hex(one)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/peer/form/refused", test_form_refused),
		CASE("/peer/beside/refused", test_beside_refused),
		CASE("/peer/small/refused", test_small_refused),
		CASE("/peer/forms", test_forms),
		CASE("/peer/secret/refused", test_secret_refused),
	};

	return cmocka_run_group_tests_name("/peer", tests, NULL, NULL);
}
