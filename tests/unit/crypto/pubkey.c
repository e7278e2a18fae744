/* Tests of crypto/pubkey.c: one canonical form, and nothing that is no key. */
#include "pubkey.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>

#include "judge.h"

enum { INFO_MAX = 8192 };

static const char *const curve_names[] = {
	"secp224r1",	   "prime256v1",      "secp384r1",
	"secp521r1",	   "secp256k1",	      "brainpoolP224r1",
	"brainpoolP256r1", "brainpoolP320r1", "brainpoolP384r1",
	"brainpoolP512r1",
};

static void
assert_no_info(struct cursor info, CK_RV wanted)
{
	struct pubkey *key = NULL;
	uint8_t *copy = copy_of(info);
	assert_int_equal(pubkey_from_info(cursor_of(copy, info.left), &key),
			 wanted);
	assert_null(key);
	free(copy);
}

static void
test_info_truncated(void **state)
{
	EVP_PKEY *keys[] = { judge_rsa(1024), judge_ec("P-256") };
	for (size_t i = 0; i < COUNT(keys); i++) {
		struct builder info = builder_heap(INFO_MAX);
		judge_info(keys[i], &info);
		for (size_t size = 0; size < info.used; size++) {
			struct cursor c = builder_read(&info);
			assert_no_info(cursor_take(&c, size), CKR_DATA_INVALID);
		}
		builder_u8(&info, 0); /* bytes after it */
		assert_no_info(builder_read(&info), CKR_DATA_INVALID);
		builder_free(&info);
		EVP_PKEY_free(keys[i]);
	}
}

/* Whatever a changed byte makes of it: a key or an error, nothing worse. */
static void
test_info_mutated(void **state)
{
	EVP_PKEY *keys[] = { judge_rsa(512), judge_ec("P-256") };
	size_t kept = 0, refused = 0;
	for (size_t i = 0; i < COUNT(keys); i++) {
		struct builder info = builder_heap(INFO_MAX);
		judge_info(keys[i], &info);
		for (size_t at = 0; at < 16 * info.used; at++) {
			struct pubkey *key = NULL;
			uint8_t *copy = copy_of(builder_read(&info));
			copy[at / 16] ^= (uint8_t)(1 + 17 * (at % 16));
			CK_RV rv = pubkey_from_info(cursor_of(copy, info.used),
						    &key);
			assert_true((rv == CKR_OK) == (key != NULL));
			kept += rv == CKR_OK;
			refused += rv != CKR_OK;
			pubkey_free(key);
			free(copy);
		}
		builder_free(&info);
		EVP_PKEY_free(keys[i]);
	}
	assert_true(kept > 0);
	assert_true(refused > 0);
}

static void
test_info_kinds(void **state)
{
	struct builder other = builder_heap(INFO_MAX);
	EVP_PKEY *small = judge_ec("prime192v1");
	judge_info(small, &other);
	assert_no_info(builder_read(&other), CKR_KEY_TYPE_INCONSISTENT);
	builder_free(&other);
	EVP_PKEY_free(small);
	/* no public key but a certificate's other parts */
	assert_no_info(hex("020101"), CKR_DATA_INVALID);
	assert_no_info(hex("3000"), CKR_DATA_INVALID);
	assert_no_info(hex("30023000"), CKR_DATA_INVALID);
	struct cursor bad = hex("3000");
	struct pubkey *key = NULL;
	cursor_fail(&bad);
	assert_int_equal(pubkey_from_info(bad, &key), CKR_DATA_INVALID);
}

/* RFC 8410's keys: read, written again the same, and cut or longer refused. */
static void
test_info_safe(void **state)
{
	static const char *const types[] = { "ED25519", "X25519", "ED448",
					     "X448" };
	for (size_t i = 0; i < COUNT(types); i++) {
		struct builder info = builder_heap(INFO_MAX);
		EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, types[i]);
		uint8_t raw[57];
		size_t size = sizeof(raw);
		struct pubkey *key = judge_public(pkey), *again = NULL;
		judge_info(pkey, &info);
		assert_int_equal(EVP_PKEY_get_raw_public_key(pkey, raw, &size),
				 1);
		assert_same(key->info, builder_read(&info));
		assert_same(key->point, cursor_of(raw, size));
		assert_int_equal(key->type, i % 2 == 0 ? CKK_EC_EDWARDS
						       : CKK_EC_MONTGOMERY);
		assert_string_equal(key->curve->name, types[i]);
		assert_int_equal(pubkey_from_ec(key->curve,
						cursor_of(raw, size - 1),
						&again),
				 CKR_DATA_INVALID);
		assert_int_equal(pubkey_from_ec(key->curve,
						cursor_of(raw, size), &again),
				 CKR_OK);
		assert_same(again->info, key->info);
		pubkey_free(again);
		pubkey_free(key);
		builder_free(&info);
		EVP_PKEY_free(pkey);
	}
}

/* P-256 by its numbers instead of its name (RFC 5480 forbids it). */
static void
test_info_explicit(void **state)
{
	struct builder info = builder_heap(INFO_MAX);
	EVP_PKEY *pkey = judge_ec("P-256");
	assert_int_equal(EVP_PKEY_set_utf8_string_param(
				 pkey, OSSL_PKEY_PARAM_EC_ENCODING,
				 OSSL_PKEY_EC_ENCODING_EXPLICIT),
			 1);
	judge_info(pkey, &info);
	assert_true(info.used > 200);
	assert_no_info(builder_read(&info), CKR_KEY_TYPE_INCONSISTENT);
	builder_free(&info);
	EVP_PKEY_free(pkey);
}

static void
assert_no_rsa(size_t bytes, uint8_t first, uint8_t last, const char *exponent)
{
	struct builder n = builder_heap(INFO_MAX);
	struct pubkey *key = NULL;
	builder_u8(&n, first);
	builder_fill(&n, 0x55, bytes - 2);
	builder_u8(&n, last);
	assert_int_equal(pubkey_from_rsa(builder_read(&n), hex(exponent), &key),
			 CKR_DATA_INVALID);
	assert_null(key);
	builder_free(&n);
}

static void
test_rsa_refused(void **state)
{
	struct pubkey *key = NULL;
	assert_int_equal(pubkey_from_rsa(hex(""), hex("010001"), &key),
			 CKR_DATA_INVALID);
	assert_int_equal(pubkey_from_rsa(hex("00000000"), hex("03"), &key),
			 CKR_DATA_INVALID);
	assert_no_rsa(64, 0x7F, 0x55, "010001");   /* 511 bits */
	assert_no_rsa(2049, 0x01, 0x55, "010001"); /* 16,385 bits */
	assert_no_rsa(128, 0xC0, 0x54, "010001");  /* even modulus */
	assert_no_rsa(128, 0xC0, 0x55, "010000");  /* even exponent */
	assert_no_rsa(128, 0xC0, 0x55, "00");
	assert_no_rsa(128, 0xC0, 0x55, "");
	struct builder long_exponent = builder_heap(256);
	struct builder n = builder_heap(256);
	builder_fill(&long_exponent, 0x55, 129);
	builder_fill(&n, 0xD5, 128);
	assert_int_equal(pubkey_from_rsa(builder_read(&n),
					 builder_read(&long_exponent), &key),
			 CKR_DATA_INVALID);
	assert_null(key);
	builder_free(&long_exponent);
	builder_free(&n);
}

static void
assert_no_point(struct cursor point)
{
	struct pubkey *key = NULL;
	uint8_t *copy = copy_of(point);
	assert_int_equal(pubkey_from_ec(curve_named("P-256"),
					cursor_of(copy, point.left), &key),
			 CKR_DATA_INVALID);
	assert_null(key);
	free(copy);
}

static void
test_ec_refused(void **state)
{
	EVP_PKEY *pkey = judge_ec("P-256");
	struct pubkey *good = judge_public(pkey);
	struct builder b = builder_heap(256);
	assert_no_point(hex(""));
	assert_no_point(hex("00")); /* infinity */
	assert_no_point(hex("0400"));
	builder_append(&b, good->point);
	b.data[64] ^= 1; /* not on the curve */
	assert_no_point(builder_read(&b));
	b.data[64] ^= 1;
	b.data[0] = 0x06; /* hybrid form, with either sign */
	assert_no_point(builder_read(&b));
	b.data[0] = 0x07;
	assert_no_point(builder_read(&b));
	b.data[0] = 0x02; /* compressed form, of the wrong size */
	assert_no_point(builder_read(&b));
	struct cursor c = builder_read(&b);
	assert_no_point(cursor_take(&c, 33)); /* compressed form */
	builder_reset(&b);
	builder_u8(&b, 0x04);
	builder_fill(&b, 0xFF, 64); /* not below the field's prime */
	assert_no_point(builder_read(&b));
	builder_reset(&b);
	builder_u8(&b, 0x04);
	builder_fill(&b, 0x00, 64);
	assert_no_point(builder_read(&b));
	builder_reset(&b);
	builder_append(&b, hex("0441")); /* OCTET STRING, then a byte more */
	builder_append(&b, good->point);
	builder_u8(&b, 0);
	assert_no_point(builder_read(&b));
	c = builder_read(&b);
	assert_no_point(cursor_take(&c, 66));
	pubkey_free(good);
	builder_free(&b);
	EVP_PKEY_free(pkey);
}

static void
test_rsa(void **state)
{
	static const unsigned bits[] = { 512, 1024, 1025, 2047, 2048 };
	for (size_t i = 0; i < COUNT(bits); i++) {
		EVP_PKEY *pkey = judge_rsa(bits[i]);
		struct builder info = builder_heap(INFO_MAX);
		struct builder padded = builder_heap(INFO_MAX);
		struct pubkey *key = judge_public(pkey), *again = NULL;
		judge_info(pkey, &info);
		assert_int_equal(key->type, CKK_RSA);
		assert_int_equal(key->bits, bits[i]);
		assert_null(key->curve);
		assert_same(key->info, builder_read(&info));
		assert_hex(key->exponent, "010001");
		assert_int_equal(key->modulus.left, (bits[i] + 7) / 8);
		assert_int_equal(pubkey_size(key), (bits[i] + 7) / 8);
		assert_int_equal(EVP_PKEY_eq(key->pkey, pkey), 1);
		/* the same from its numbers, with zeros before them */
		builder_u16(&padded, 0);
		builder_append(&padded, key->modulus);
		assert_int_equal(pubkey_from_rsa(builder_read(&padded),
						 hex("0000010001"), &again),
				 CKR_OK);
		assert_same(again->info, key->info);
		assert_same(again->modulus, key->modulus);
		pubkey_free(again);
		pubkey_free(key);
		builder_free(&info);
		builder_free(&padded);
		EVP_PKEY_free(pkey);
	}
}

/* A certificate that leaves the NULL out (RFC 3279 wants it) still has a key,
 * and a key's info is canonical whatever it came from. */
static void
test_rsa_lenient(void **state)
{
	EVP_PKEY *pkey = judge_rsa(512);
	struct pubkey *key = judge_public(pkey), *again = NULL;
	struct builder b = builder_heap(INFO_MAX);
	builder_append(&b, hex("305a300b06092a864886f70d010101034b00"));
	struct cursor c = key->info;
	cursor_take(&c, c.left - 74);
	builder_append(&b, c);
	assert_int_equal(pubkey_from_info(builder_read(&b), &again), CKR_OK);
	assert_same(again->info, key->info);
	pubkey_free(key);
	pubkey_free(again);
	builder_free(&b);
	EVP_PKEY_free(pkey);
}

static void
test_ec(void **state)
{
	for (size_t i = 0; i < COUNT(curve_names); i++) {
		EVP_PKEY *pkey = judge_ec(curve_names[i]);
		struct builder info = builder_heap(INFO_MAX);
		struct builder octets = builder_heap(INFO_MAX);
		struct pubkey *key = judge_public(pkey), *again = NULL;
		judge_info(pkey, &info);
		assert_int_equal(key->type, CKK_EC);
		assert_ptr_equal(key->curve, curve_named(curve_names[i]));
		assert_int_equal(key->bits, key->curve->bits);
		assert_int_equal(pubkey_size(key), 2 * key->curve->field);
		assert_same(key->info, builder_read(&info));
		assert_int_equal(key->point.left, 1 + 2 * key->curve->field);
		assert_int_equal(EVP_PKEY_eq(key->pkey, pkey), 1);
		/* from the bare point, and from CKA_EC_POINT */
		assert_int_equal(pubkey_from_ec(key->curve, key->point, &again),
				 CKR_OK);
		assert_same(again->info, key->info);
		pubkey_free(again);
		builder_u8(&octets, 0x04);
		if (key->point.left >= 0x80)
			builder_u8(&octets, 0x81);
		builder_u8(&octets, (uint8_t)key->point.left);
		builder_append(&octets, key->point);
		assert_int_equal(pubkey_from_ec(key->curve,
						builder_read(&octets), &again),
				 CKR_OK);
		assert_same(again->point, key->point);
		pubkey_free(again);
		pubkey_free(key);
		builder_free(&info);
		builder_free(&octets);
		EVP_PKEY_free(pkey);
	}
}

static void
test_references(void **state)
{
	EVP_PKEY *pkey = judge_ec("P-256");
	struct pubkey *key = judge_public(pkey);
	assert_ptr_equal(pubkey_ref(key), key);
	assert_ptr_equal(pubkey_ref(key), key);
	pubkey_free(key);
	pubkey_free(key);
	assert_int_equal(EVP_PKEY_eq(key->pkey, pkey), 1);
	pubkey_free(key);
	pubkey_free(NULL);
	assert_null(pubkey_ref(NULL));
	EVP_PKEY_free(pkey);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/crypto/pubkey/info/truncated", test_info_truncated),
		CASE("/crypto/pubkey/info/mutated", test_info_mutated),
		CASE("/crypto/pubkey/info/kinds", test_info_kinds),
		CASE("/crypto/pubkey/info/safe", test_info_safe),
		CASE("/crypto/pubkey/info/explicit", test_info_explicit),
		CASE("/crypto/pubkey/rsa/refused", test_rsa_refused),
		CASE("/crypto/pubkey/ec/refused", test_ec_refused),
		CASE("/crypto/pubkey/rsa", test_rsa),
		CASE("/crypto/pubkey/rsa/lenient", test_rsa_lenient),
		CASE("/crypto/pubkey/ec", test_ec),
		CASE("/crypto/pubkey/references", test_references),
	};
	int failed = cmocka_run_group_tests_name("/crypto/pubkey", tests, NULL,
						 NULL);
	crypto_close();
	return failed;
}
