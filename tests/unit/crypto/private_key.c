/* Private keys from templates, judged by OpenSSL's own. */
#include "private_key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

enum { NUMBERS = 8, SIZE = 512 };

/* The numbers of a key that OpenSSL made, as a template. */
struct given {
	uint8_t bytes[NUMBERS][SIZE];
	CK_ATTRIBUTE list[NUMBERS];
	CK_ULONG count;
};

static EVP_PKEY *rsa;

static int
setup(void **state)
{
	rsa = EVP_RSA_gen(1024);
	return rsa != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
	EVP_PKEY_free(rsa);
	return 0;
}

static void
give(struct given *g, CK_ATTRIBUTE_TYPE type, const void *value, size_t size)
{
	struct builder b = builder_over(g->bytes[g->count], SIZE);

	builder_put(&b, value, size);
	assert_true(builder_ok(&b));
	g->list[g->count] = (CK_ATTRIBUTE){ type, g->bytes[g->count], size };
	g->count++;
}

static void
give_number(struct given *g, CK_ATTRIBUTE_TYPE type, const char *name)
{
	uint8_t bytes[SIZE];
	BIGNUM *number = NULL;

	assert_int_equal(EVP_PKEY_get_bn_param(rsa, name, &number), 1);
	give(g, type, bytes, (size_t)BN_bn2bin(number, bytes));
	BN_clear_free(number);
}

static void
give_least(struct given *g)
{
	*g = (struct given){ .count = 0 };
	give_number(g, CKA_PRIME_1, OSSL_PKEY_PARAM_RSA_FACTOR1);
	give_number(g, CKA_PRIME_2, OSSL_PKEY_PARAM_RSA_FACTOR2);
	give_number(g, CKA_PUBLIC_EXPONENT, OSSL_PKEY_PARAM_RSA_E);
}

static void
give_all(struct given *g)
{
	give_least(g);
	give_number(g, CKA_MODULUS, OSSL_PKEY_PARAM_RSA_N);
	give_number(g, CKA_PRIVATE_EXPONENT, OSSL_PKEY_PARAM_RSA_D);
	give_number(g, CKA_EXPONENT_1, OSSL_PKEY_PARAM_RSA_EXPONENT1);
	give_number(g, CKA_EXPONENT_2, OSSL_PKEY_PARAM_RSA_EXPONENT2);
	give_number(g, CKA_COEFFICIENT, OSSL_PKEY_PARAM_RSA_COEFFICIENT1);
}

static CK_RV
key_of(CK_KEY_TYPE type, const struct given *g, struct private_key **key)
{
	*key = NULL;
	return private_key_of(type, (struct template){ g->list, g->count },
			      key);
}

static void
refused(CK_KEY_TYPE type, const struct given *g, CK_RV wanted)
{
	struct private_key *key;

	assert_int_equal(key_of(type, g, &key), wanted);
	assert_null(key);
}

static void
rsa_incomplete(void **state)
{
	struct given g;

	for (size_t i = 0; i < 3; i++) {
		give_least(&g);
		g.list[i].ulValueLen = 0;
		refused(CKK_RSA, &g, CKR_TEMPLATE_INCOMPLETE);
		g.list[i].type = CKA_LABEL;
		refused(CKK_RSA, &g, CKR_TEMPLATE_INCOMPLETE);
	}
	refused(CKK_AES, &g, CKR_KEY_TYPE_INCONSISTENT);
}

/* One wrong bit anywhere is found. */
static void
rsa_inconsistent(void **state)
{
	struct given g;

	for (size_t i = 0; i < NUMBERS; i++) {
		give_all(&g);
		g.bytes[i][g.list[i].ulValueLen / 2] ^= 0x10;
		refused(CKK_RSA, &g, CKR_ATTRIBUTE_VALUE_INVALID);
	}
	/* one prime twice, 1 and 0 for primes, an even exponent */
	give_least(&g);
	g.list[1] = g.list[0];
	g.list[1].type = CKA_PRIME_2;
	refused(CKK_RSA, &g, CKR_ATTRIBUTE_VALUE_INVALID);
	for (uint8_t least = 0; least < 2; least++) {
		give_least(&g);
		g.bytes[0][0] = least;
		g.list[0].ulValueLen = 1;
		refused(CKK_RSA, &g, CKR_ATTRIBUTE_VALUE_INVALID);
	}
	give_least(&g);
	g.bytes[2][0] = 2;
	g.list[2].ulValueLen = 1;
	refused(CKK_RSA, &g, CKR_ATTRIBUTE_VALUE_INVALID);
	/* absurdly long */
	give_least(&g);
	g.list[0].ulValueLen = SIZE * 1000UL;
	refused(CKK_RSA, &g, CKR_ATTRIBUTE_VALUE_INVALID);
}

static void
is_number(struct cursor got, const char *name)
{
	BIGNUM *wanted = NULL, *number = BN_bin2bn(got.at, (int)got.left, NULL);

	assert_int_equal(EVP_PKEY_get_bn_param(rsa, name, &wanted), 1);
	assert_int_equal(BN_cmp(wanted, number), 0);
	assert_int_equal(got.left, 64);
	BN_clear_free(wanted);
	BN_clear_free(number);
}

/* From the primes alone all that OpenSSL has for the key. */
static void
rsa_completed(void **state)
{
	struct private_key *key;
	struct given g;

	for (int all = 0; all < 2; all++) {
		if (all)
			give_all(&g);
		else
			give_least(&g);
		assert_int_equal(key_of(CKK_RSA, &g, &key), CKR_OK);
		assert_int_equal(key->public_key->bits, 1024);
		is_number(key->prime_1, OSSL_PKEY_PARAM_RSA_FACTOR1);
		is_number(key->prime_2, OSSL_PKEY_PARAM_RSA_FACTOR2);
		is_number(key->exponent_1, OSSL_PKEY_PARAM_RSA_EXPONENT1);
		is_number(key->exponent_2, OSSL_PKEY_PARAM_RSA_EXPONENT2);
		is_number(key->coefficient, OSSL_PKEY_PARAM_RSA_COEFFICIENT1);
		private_key_free(key);
	}
	/* the primes the other way round: another coefficient */
	give_least(&g);
	g.list[0].type = CKA_PRIME_2;
	g.list[1].type = CKA_PRIME_1;
	assert_int_equal(key_of(CKK_RSA, &g, &key), CKR_OK);
	is_number(key->prime_1, OSSL_PKEY_PARAM_RSA_FACTOR2);
	private_key_free(key);
}

static void
give_curve(struct given *g, const char *curve, struct cursor value)
{
	struct cursor oid = curve_named(curve)->oid;

	*g = (struct given){ .count = 0 };
	give(g, CKA_EC_PARAMS, oid.at, oid.left);
	give(g, CKA_VALUE, value.at, value.left);
}

/* The order of P-256 and what is one more, by SP 800-186. */
static uint8_t p256_order[] = {
	0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF,
	0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17,
	0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51,
};

static void
ec_refused(void **state)
{
	static const uint8_t zeros[33], nonsense[] = { 0x06, 0x01, 0x00 };
	struct cursor order = cursor_of(p256_order, sizeof(p256_order));
	struct given g;

	give_curve(&g, "prime256v1", order);
	refused(CKK_EC, &g, CKR_ATTRIBUTE_VALUE_INVALID);
	give_curve(&g, "prime256v1", cursor_of(zeros, 32));
	refused(CKK_EC, &g, CKR_ATTRIBUTE_VALUE_INVALID);
	g.list[1].ulValueLen = 0;
	refused(CKK_EC, &g, CKR_TEMPLATE_INCOMPLETE);
	g.count = 1;
	refused(CKK_EC, &g, CKR_TEMPLATE_INCOMPLETE);
	give_curve(&g, "prime256v1", cursor_of("\1\1", 2));
	g.list[0] = (CK_ATTRIBUTE){ CKA_EC_PARAMS, (void *)nonsense,
				    sizeof(nonsense) };
	refused(CKK_EC, &g, CKR_CURVE_NOT_SUPPORTED);
	/* Edwards keys have one length */
	give_curve(&g, "ED25519", cursor_of(zeros, 33));
	refused(CKK_EC_EDWARDS, &g, CKR_ATTRIBUTE_VALUE_INVALID);
	give_curve(&g, "ED25519", order);
	refused(CKK_EC, &g, CKR_CURVE_NOT_SUPPORTED);
}

/* A scalar comes short, or with zeros before it; the point is OpenSSL's. */
static void
ec_completed(void **state)
{
	uint8_t padded[40] = { 0 }, point[65];
	struct cursor order = cursor_of(p256_order, sizeof(p256_order));
	struct private_key *key;
	struct given g;

	/* 1 is the generator, the order less one its opposite */
	give_curve(&g, "prime256v1", cursor_of("\1", 1));
	assert_int_equal(key_of(CKK_EC, &g, &key), CKR_OK);
	assert_int_equal(key->scalar.left, 32);
	struct cursor at = key->public_key->point;
	assert_int_equal(at.left, sizeof(point));
	cursor_copy(&at, point, sizeof(point));
	assert_int_equal(point[1], 0x6B);
	assert_int_equal(point[2], 0x17);
	private_key_free(key);
	padded[39] = 1;
	give_curve(&g, "prime256v1", cursor_of(padded, sizeof(padded)));
	give(&g, CKA_EC_POINT, point, sizeof(point));
	assert_int_equal(key_of(CKK_EC, &g, &key), CKR_OK);
	assert_int_equal(key->scalar.left, 32);
	private_key_free(key);
	p256_order[31]--;
	give_curve(&g, "prime256v1", order);
	p256_order[31]++;
	assert_int_equal(key_of(CKK_EC, &g, &key), CKR_OK);
	at = key->public_key->point;
	cursor_take(&at, 1);
	assert_int_equal(cursor_u8(&at), 0x6B);
	private_key_free(key);
	/* another's point does not fit */
	give(&g, CKA_EC_POINT, point, sizeof(point));
	refused(CKK_EC, &g, CKR_ATTRIBUTE_VALUE_INVALID);
	point[64] ^= 1;
	give_curve(&g, "prime256v1", cursor_of("\1", 1));
	give(&g, CKA_EC_POINT, point, sizeof(point));
	refused(CKK_EC, &g, CKR_ATTRIBUTE_VALUE_INVALID);
}

static void
bare(const char *name, CK_KEY_TYPE type)
{
	EVP_PKEY *made = EVP_PKEY_Q_keygen(NULL, NULL, name);
	uint8_t secret[32], public[32];
	size_t size = sizeof(secret);
	struct private_key *key;
	struct given g;

	assert_int_equal(EVP_PKEY_get_raw_private_key(made, secret, &size), 1);
	assert_int_equal(EVP_PKEY_get_raw_public_key(made, public, &size), 1);
	give_curve(&g, name, cursor_of(secret, sizeof(secret)));
	assert_int_equal(key_of(type, &g, &key), CKR_OK);
	assert_true(cursor_is(key->public_key->point, public, sizeof(public)));
	assert_true(cursor_is(key->scalar, secret, sizeof(secret)));
	give(&g, CKA_PUBLIC_KEY_INFO, key->public_key->info.at,
	     key->public_key->info.left);
	private_key_free(key);
	assert_int_equal(key_of(type, &g, &key), CKR_OK);
	private_key_free(key);
	g.bytes[2][g.list[2].ulValueLen - 1] ^= 1;
	refused(type, &g, CKR_ATTRIBUTE_VALUE_INVALID);
	EVP_PKEY_free(made);
}

static void
edwards_montgomery(void **state)
{
	bare("ED25519", CKK_EC_EDWARDS);
	bare("X25519", CKK_EC_MONTGOMERY);
}

#define CASE(name, function)                                            \
	{                                                               \
		"/crypto/private_key/" name, function, NULL, NULL, NULL \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("rsa/incomplete", rsa_incomplete),
		CASE("rsa/inconsistent", rsa_inconsistent),
		CASE("ec/refused", ec_refused),
		CASE("rsa/completed", rsa_completed),
		CASE("ec/completed", ec_completed),
		CASE("bare", edwards_montgomery),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
