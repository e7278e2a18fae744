/* Tests of softtoken/soft_material.c and soft_generate.c: keys that come from
 * elsewhere, on every curve, and keys that are none. */
#include "place.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

static const CK_OBJECT_CLASS private_class = CKO_PRIVATE_KEY,
			     public_class = CKO_PUBLIC_KEY;
static const CK_KEY_TYPE rsa_type = CKK_RSA, ec_type = CKK_EC;

enum { PARTS = 8, PART_MAX = 512 };

/* The numbers of an RSA key that OpenSSL made. */
struct parts {
	uint8_t bytes[PARTS][PART_MAX];
	CK_ATTRIBUTE list[2 + PARTS];
};

static const struct {
	CK_ATTRIBUTE_TYPE type;
	const char *name;
} names[PARTS] = {
	{ CKA_MODULUS, OSSL_PKEY_PARAM_RSA_N },
	{ CKA_PUBLIC_EXPONENT, OSSL_PKEY_PARAM_RSA_E },
	{ CKA_PRIVATE_EXPONENT, OSSL_PKEY_PARAM_RSA_D },
	{ CKA_PRIME_1, OSSL_PKEY_PARAM_RSA_FACTOR1 },
	{ CKA_PRIME_2, OSSL_PKEY_PARAM_RSA_FACTOR2 },
	{ CKA_EXPONENT_1, OSSL_PKEY_PARAM_RSA_EXPONENT1 },
	{ CKA_EXPONENT_2, OSSL_PKEY_PARAM_RSA_EXPONENT2 },
	{ CKA_COEFFICIENT, OSSL_PKEY_PARAM_RSA_COEFFICIENT1 },
};

static void
parts_of(EVP_PKEY *pkey, struct parts *p)
{
	p->list[0] = (CK_ATTRIBUTE)ONE_ATTR(CKA_CLASS, private_class);
	p->list[1] = (CK_ATTRIBUTE)ONE_ATTR(CKA_KEY_TYPE, rsa_type);
	for (size_t i = 0; i < PARTS; i++) {
		BIGNUM *n = NULL;

		assert_int_equal(EVP_PKEY_get_bn_param(pkey, names[i].name, &n),
				 1);
		p->list[2 + i] =
			(CK_ATTRIBUTE){ names[i].type, p->bytes[i],
					(CK_ULONG)BN_bn2bin(n, p->bytes[i]) };
		BN_clear_free(n);
	}
}

struct fixture {
	struct place place;
	struct token *token;
};

static void
fixture_open(struct fixture *f)
{
	place_open(&f->place);
	f->token = place_token(&f->place);
	log_in(f->token, LOGIN_USER);
}

static CK_RV
create(struct fixture *f, const CK_ATTRIBUTE *list, CK_ULONG count,
       uint64_t *id)
{
	return f->token->ops->create(f->token, (struct template){ list, count },
				     id);
}

static void
signs(struct fixture *f, uint64_t private_id, uint64_t public_id,
      CK_MECHANISM_TYPE type)
{
	uint8_t space[1024];
	struct builder out = builder_over(space, sizeof(space));
	struct builder none = builder_over(NULL, 0);
	CK_MECHANISM m = { type, NULL, 0 };

	assert_int_equal(run_operation(f->token, OPERATION_SIGN, &m, private_id,
				       TEXT("text"), cursor_of(NULL, 0), &out),
			 CKR_OK);
	assert_int_equal(run_operation(f->token, OPERATION_VERIFY, &m,
				       public_id, TEXT("text"),
				       builder_read(&out), &none),
			 CKR_OK);
}

static void
test_rsa_wrong(void **state)
{
	EVP_PKEY *pkey = EVP_RSA_gen(1024);
	struct parts p;
	struct fixture f;
	uint64_t id;

	fixture_open(&f);
	parts_of(pkey, &p);
	/* any number changed: the key does not work, and is refused */
	for (size_t i = 0; i < PARTS; i++) {
		size_t last = p.list[2 + i].ulValueLen - 1;
		CK_ULONG count = i < 3 ? 5 : 10;
		CK_RV rv;

		p.bytes[i][last / 2] ^= 4;
		rv = create(&f, p.list, count, &id);
		p.bytes[i][last / 2] ^= 4;
		if (rv != CKR_ATTRIBUTE_VALUE_INVALID)
			fail_msg("part %zu: %lx", i, rv);
	}
	/* one prime alone */
	assert_int_equal(create(&f, p.list, 6, &id), CKR_TEMPLATE_INCOMPLETE);
	/* even and tiny moduli */
	p.bytes[0][127] ^= 1;
	assert_int_equal(create(&f, p.list, 10, &id),
			 CKR_ATTRIBUTE_VALUE_INVALID);
	p.list[2].ulValueLen = 64;
	assert_int_equal(create(&f, p.list, 10, &id),
			 CKR_ATTRIBUTE_VALUE_INVALID);
	assert_int_equal(count_objects(f.token, NULL), 0);
	EVP_PKEY_free(pkey);
	place_close(&f.place);
}

/* With all parts, with the primes alone, and with none of them. */
static void
test_rsa(void **state)
{
	static const CK_ULONG counts[] = { 10, 7, 5 };
	EVP_PKEY *pkey = EVP_RSA_gen(2048);
	struct parts p;
	struct fixture f;
	uint64_t public_id, id;
	CK_ULONG bits = 2048;
	struct item *item;

	fixture_open(&f);
	parts_of(pkey, &p);
	p.list[0].pValue = (void *)&public_class;
	assert_int_equal(create(&f, p.list, 4, &public_id), CKR_OK);
	assert_true(has_value(f.token, public_id, CKA_MODULUS_BITS,
			      cursor_of(&bits, sizeof(bits))));
	p.list[0].pValue = (void *)&private_class;
	for (size_t i = 0; i < COUNT(counts); i++) {
		assert_int_equal(create(&f, p.list, counts[i], &id), CKR_OK);
		signs(&f, id, public_id, CKM_SHA256_RSA_PKCS);
		assert_int_equal(soft_get(soft_of(f.token), id, &item), CKR_OK);
		for (size_t j = 2 + 5; counts[i] == 7 && j < 10; j++)
			assert_true(cursor_same(
				attrs_value(&item->attrs, p.list[j].type),
				cursor_unpadded(
					cursor_of(p.list[j].pValue,
						  p.list[j].ulValueLen))));
		soft_unlock(soft_of(f.token));
	}
	EVP_PKEY_free(pkey);
	place_close(&f.place);
}

static const char *const curve_names[] = {
	"secp224r1", "prime256v1",	"secp384r1",	   "secp521r1",
	"secp256k1", "brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1",
};

/* An EC key of OpenSSL's: d, and 04 || X || Y. */
static size_t
ec_make(const struct curve *curve, uint8_t *d, uint8_t *point)
{
	EVP_PKEY *pkey = EVP_EC_gen(curve->name);
	BIGNUM *n = NULL;
	size_t size = 0;

	assert_non_null(pkey);
	assert_int_equal(
		EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_PRIV_KEY, &n), 1);
	assert_int_equal(BN_bn2binpad(n, d, (int)curve->field),
			 (int)curve->field);
	assert_int_equal(
		EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY,
						point, 256, &size),
		1);
	BN_clear_free(n);
	EVP_PKEY_free(pkey);
	return size;
}

static void
test_ec_curves(void **state)
{
	struct fixture f;

	fixture_open(&f);
	for (size_t i = 0; i < COUNT(curve_names); i++) {
		const struct curve *curve = curve_named(curve_names[i]);
		uint8_t d[80], point[256], wrapped[256];
		struct builder w = builder_over(wrapped, sizeof(wrapped));
		CK_MECHANISM generate = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
		CK_ATTRIBUTE list[] = {
			ONE_ATTR(CKA_CLASS, private_class),
			ONE_ATTR(CKA_KEY_TYPE, ec_type),
			{ CKA_EC_PARAMS, NULL, 0 },
			{ CKA_VALUE, d, 0 },
		};
		uint64_t private_id, public_id, pair[2];
		size_t size;

		assert_non_null(curve);
		size = ec_make(curve, d, point);
		assert_int_equal(size, 1 + 2 * curve->field);
		list[2].pValue = (void *)curve->oid.at;
		list[2].ulValueLen = curve->oid.left;
		list[3].ulValueLen = curve->field;
		assert_int_equal(create(&f, list, 4, &private_id), CKR_OK);
		list[0].pValue = (void *)&public_class;
		list[3] = (CK_ATTRIBUTE){ CKA_EC_POINT, point, size };
		assert_int_equal(create(&f, list, 4, &public_id), CKR_OK);
		signs(&f, private_id, public_id, CKM_ECDSA_SHA256);
		signs(&f, private_id, public_id, CKM_ECDSA_SHA512);
		/* out it comes as an OCTET STRING */
		builder_u8(&w, 4);
		if (size > 127)
			builder_u8(&w, 0x81);
		builder_u8(&w, (uint8_t)size);
		builder_put(&w, point, size);
		assert_true(has_value(f.token, public_id, CKA_EC_POINT,
				      builder_read(&w)));
		assert_int_equal(f.token->ops->generate_pair(
					 f.token, &generate,
					 (struct template){ &list[2], 1 },
					 (struct template){ NULL, 0 }, &pair[0],
					 &pair[1]),
				 CKR_OK);
		signs(&f, pair[1], pair[0], CKM_ECDSA_SHA1);
	}
	place_close(&f.place);
}

/* The forms in which clients send a point. */
static void
test_ec_forms(void **state)
{
	const struct curve *curve = curve_named("prime256v1");
	uint8_t d[32], point[65 + 8], octets[80], bits[80];
	struct builder o = builder_over(octets, sizeof(octets));
	struct builder b = builder_over(bits, sizeof(bits));
	CK_ATTRIBUTE list[] = {
		ONE_ATTR(CKA_CLASS, public_class),
		ONE_ATTR(CKA_KEY_TYPE, ec_type),
		ATTR(CKA_EC_PARAMS, p256),
		{ CKA_EC_POINT, NULL, 0 },
	};
	struct fixture f;
	uint64_t ids[3];

	fixture_open(&f);
	ec_make(curve, d, point);
	builder_u8(&o, 0x04);
	builder_u8(&o, 65);
	builder_put(&o, point, 65);
	builder_u8(&b, 0x03);
	builder_u8(&b, 66);
	builder_u8(&b, 0);
	builder_put(&b, point, 65);
	list[3] = (CK_ATTRIBUTE){ CKA_EC_POINT, point, 65 };
	assert_int_equal(create(&f, list, 4, &ids[0]), CKR_OK);
	list[3] = (CK_ATTRIBUTE){ CKA_EC_POINT, octets, 67 };
	assert_int_equal(create(&f, list, 4, &ids[1]), CKR_OK);
	list[3] = (CK_ATTRIBUTE){ CKA_EC_POINT, bits, 68 };
	assert_int_equal(create(&f, list, 4, &ids[2]), CKR_OK);
	for (int i = 0; i < 3; i++)
		assert_true(has_value(f.token, ids[i], CKA_EC_POINT,
				      cursor_of(octets, 67)));
	/* cut, not on the curve, and with bytes behind */
	list[3] = (CK_ATTRIBUTE){ CKA_EC_POINT, point, 64 };
	assert_int_equal(create(&f, list, 4, &ids[0]),
			 CKR_ATTRIBUTE_VALUE_INVALID);
	list[3].ulValueLen = 66;
	assert_int_equal(create(&f, list, 4, &ids[0]),
			 CKR_ATTRIBUTE_VALUE_INVALID);
	list[3].ulValueLen = 65;
	point[40] ^= 1;
	assert_int_equal(create(&f, list, 4, &ids[0]),
			 CKR_ATTRIBUTE_VALUE_INVALID);
	assert_int_equal(count_objects(f.token, NULL), 3);
	place_close(&f.place);
}

static void
test_ec_wrong(void **state)
{
	static const uint8_t zero[32], params[] = { 6, 3, 42, 3, 4 };
	uint8_t much[32], d[32], point[65], info[256];
	CK_ATTRIBUTE list[] = {
		ONE_ATTR(CKA_CLASS, private_class),
		ONE_ATTR(CKA_KEY_TYPE, ec_type),
		ATTR(CKA_EC_PARAMS, p256),
		ATTR(CKA_VALUE, zero),
		ATTR(CKA_EC_POINT, point),
	};
	struct fixture f;
	uint64_t id;

	fixture_open(&f);
	memset(much, 0xFF, sizeof(much));
	assert_int_equal(create(&f, list, 4, &id), CKR_ATTRIBUTE_VALUE_INVALID);
	list[3].pValue = much;
	assert_int_equal(create(&f, list, 4, &id), CKR_ATTRIBUTE_VALUE_INVALID);
	ec_make(curve_named("prime256v1"), d, point);
	list[3].pValue = d;
	point[64] ^= 1;
	assert_int_equal(create(&f, list, 5, &id), CKR_ATTRIBUTE_VALUE_INVALID);
	point[64] ^= 1;
	assert_int_equal(create(&f, list, 5, &id), CKR_OK);
	list[2] = (CK_ATTRIBUTE)ATTR(CKA_EC_PARAMS, params);
	assert_int_equal(create(&f, list, 4, &id), CKR_CURVE_NOT_SUPPORTED);
	/* another key's public half */
	list[2] = (CK_ATTRIBUTE)ATTR(CKA_EC_PARAMS, p256);
	list[4] = (CK_ATTRIBUTE)TEXT_ATTR(CKA_PUBLIC_KEY_INFO, "not this");
	assert_int_equal(create(&f, list, 5, &id), CKR_ATTRIBUTE_VALUE_INVALID);
	/* it "MAY be empty", and is not then */
	list[4] = (CK_ATTRIBUTE){ CKA_PUBLIC_KEY_INFO, NULL, 0 };
	assert_int_equal(create(&f, list, 5, &id), CKR_OK);
	list[4] = (CK_ATTRIBUTE){ CKA_PUBLIC_KEY_INFO, info, sizeof(info) };
	assert_int_equal(f.token->ops->attributes_get(f.token, id,
						      &list[4], 1),
			 CKR_OK);
	assert_true(list[4].ulValueLen > 65);
	assert_int_equal(create(&f, list, 5, &id), CKR_OK);
	place_close(&f.place);
}

static void
test_generate_exponent(void **state)
{
	static const uint8_t three[] = { 0, 0, 3 };
	CK_MECHANISM m = { CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0 };
	CK_ULONG bits = 1024;
	CK_ATTRIBUTE list[] = { ONE_ATTR(CKA_MODULUS_BITS, bits),
				ATTR(CKA_PUBLIC_EXPONENT, three) };
	struct template nothing = { NULL, 0 };
	struct fixture f;
	uint64_t pair[2];

	fixture_open(&f);
	assert_int_equal(f.token->ops->generate_pair(f.token, &m,
						     TEMPLATE(list), nothing,
						     &pair[0], &pair[1]),
			 CKR_OK);
	assert_true(has_value(f.token, pair[0], CKA_PUBLIC_EXPONENT,
			      cursor_of(three + 2, 1)));
	signs(&f, pair[1], pair[0], CKM_SHA256_RSA_PKCS);
	assert_int_equal(f.token->ops->generate_pair(
				 f.token, &m, (struct template){ list, 1 },
				 nothing, &pair[0], &pair[1]),
			 CKR_OK);
	assert_true(has_value(f.token, pair[0], CKA_PUBLIC_EXPONENT,
			      cursor_of("\1\0\1", 3)));
	place_close(&f.place);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ "/softtoken/material/rsa/wrong", test_rsa_wrong },
		{ "/softtoken/material/ec/wrong", test_ec_wrong },
		{ "/softtoken/material/rsa", test_rsa },
		{ "/softtoken/material/ec/forms", test_ec_forms },
		{ "/softtoken/material/ec/curves", test_ec_curves },
		{ "/softtoken/generate/exponent", test_generate_exponent },
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
