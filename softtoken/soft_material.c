/* Keys that an application brings: completed, made canonical, and proved. */
#include "soft_material.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "../crypto/context.h"
#include "tlv.h"

enum {
	DER_BIT_STRING = 0x03,
	DER_OCTET_STRING = 0x04,
	POINT_MAX = 256,
};

CK_RV
number_set(struct attrs *attrs, CK_ATTRIBUTE_TYPE type, const BIGNUM *number,
	   size_t size)
{
	struct builder b = builder_heap(RSA_BITS_MAX / 8);
	size_t used = size ? size : (size_t)BN_num_bytes(number);
	uint8_t *bytes = builder_space(&b, used);
	CK_RV rv = CKR_HOST_MEMORY;

	if (bytes && BN_bn2binpad(number, bytes, (int)used) >= 0)
		rv = attrs_set(attrs, type, builder_read(&b));
	builder_free(&b);
	return rv;
}

CK_RV
info_set(const struct pubkey *key, struct attrs *attrs)
{
	struct cursor given = attrs_value(attrs, CKA_PUBLIC_KEY_INFO);

	if (given.left > 0 && !cursor_same(given, key->info))
		return CKR_ATTRIBUTE_VALUE_INVALID;
	return attrs_set(attrs, CKA_PUBLIC_KEY_INFO, key->info);
}

CK_RV
rsa_private_set(const struct pubkey *key, struct attrs *attrs)
{
	CK_RV rv = attrs_set(attrs, CKA_MODULUS, key->modulus);

	if (rv == CKR_OK)
		rv = attrs_set(attrs, CKA_PUBLIC_EXPONENT, key->exponent);
	return rv == CKR_OK ? info_set(key, attrs) : rv;
}

CK_RV
rsa_public_set(const struct pubkey *key, struct attrs *attrs)
{
	CK_RV rv = attrs_set_ulong(attrs, CKA_MODULUS_BITS, key->bits);

	return rv == CKR_OK ? rsa_private_set(key, attrs) : rv;
}

CK_RV
ec_private_set(const struct pubkey *key, struct attrs *attrs)
{
	CK_RV rv = attrs_set(attrs, CKA_EC_PARAMS, key->curve->oid);

	return rv == CKR_OK ? info_set(key, attrs) : rv;
}

/* PKCS#11 3.2, 6.3.3: the point is a DER OCTET STRING. */
CK_RV
ec_public_set(const struct pubkey *key, struct attrs *attrs)
{
	uint8_t space[POINT_MAX];
	struct builder b = builder_over(space, sizeof(space));
	CK_RV rv;

	tlv_put(&b, DER_OCTET_STRING, key->point);
	if (!builder_ok(&b))
		return CKR_FUNCTION_FAILED;
	rv = attrs_set(attrs, CKA_EC_POINT, builder_read(&b));
	return rv == CKR_OK ? ec_private_set(key, attrs) : rv;
}

static CK_RV
as_attribute_error(CK_RV rv)
{
	return rv == CKR_DATA_INVALID || rv == CKR_KEY_TYPE_INCONSISTENT
		       ? CKR_ATTRIBUTE_VALUE_INVALID
		       : rv;
}

static CK_RV
rsa_pubkey(const struct attrs *attrs, struct pubkey **key)
{
	CK_RV rv =
		pubkey_from_rsa(attrs_value(attrs, CKA_MODULUS),
				attrs_value(attrs, CKA_PUBLIC_EXPONENT), key);

	if (rv != CKR_OK)
		return as_attribute_error(rv);
	if ((*key)->bits >= RSA_BITS_MIN)
		return CKR_OK;
	pubkey_free(*key);
	*key = NULL;
	return CKR_ATTRIBUTE_VALUE_INVALID;
}

CK_RV
rsa_public_import(struct attrs *attrs)
{
	struct pubkey *key = NULL;
	CK_RV rv = rsa_pubkey(attrs, &key);

	if (rv == CKR_OK)
		rv = rsa_public_set(key, attrs);
	pubkey_free(key);
	return rv;
}

/*
 * The point without its wrapping. Clients send it as DER OCTET STRING (the
 * standard), as DER BIT STRING, or bare; a bare point begins with 04 as an
 * OCTET STRING does, so its length decides.
 */
static struct cursor
point_unwrapped(const struct curve *curve, struct cursor point)
{
	size_t size = 1 + 2 * curve->field;
	struct cursor in = point, value;

	if (point.left == size)
		return point;
	if (tlv_find(in, DER_OCTET_STRING, &value) && value.left == size)
		return value;
	if (tlv_find(in, DER_BIT_STRING, &value) && cursor_u8(&value) == 0 &&
	    value.left == size)
		return value;
	return point;
}

static CK_RV
ec_pubkey(const struct attrs *attrs, struct cursor point, struct pubkey **key)
{
	struct cursor params = attrs_value(attrs, CKA_EC_PARAMS);
	const struct curve *curve = curve_find(params);

	if (!curve)
		return curve_refusal(params);
	return as_attribute_error(
		pubkey_from_ec(curve, point_unwrapped(curve, point), key));
}

CK_RV
ec_public_import(struct attrs *attrs)
{
	struct pubkey *key = NULL;
	CK_RV rv = ec_pubkey(attrs, attrs_value(attrs, CKA_EC_POINT), &key);

	if (rv == CKR_OK)
		rv = ec_public_set(key, attrs);
	pubkey_free(key);
	return rv;
}

/* Signs with the private half and verifies with the public one: wrong parts of
 * any kind show. */
static CK_RV
pair_prove(const struct attrs *attrs, struct pubkey *public_key)
{
	static const uint8_t digest[32] = { 1 };
	struct scheme scheme = { .kind = public_key->type == CKK_RSA
						 ? SCHEME_RSA_PKCS1
						 : SCHEME_ECDSA,
				 .digest = DIGEST_SHA256 };
	struct cursor input = cursor_of(digest, sizeof(digest));
	uint8_t space[RSA_BITS_MAX / 8];
	struct builder signature = builder_over(space, sizeof(space));
	struct soft_key *private_key = NULL;
	CK_RV rv = soft_key_load(attrs, &private_key);

	if (rv == CKR_OK)
		rv = soft_key_sign(private_key, &scheme, input, &signature);
	if (rv == CKR_OK)
		rv = pubkey_verify(public_key, &scheme, input,
				   builder_read(&signature));
	soft_key_unref(private_key);
	return rv == CKR_OK || rv == CKR_HOST_MEMORY
		       ? rv
		       : CKR_ATTRIBUTE_VALUE_INVALID;
}

BIGNUM *
number_get(const struct attrs *attrs, CK_ATTRIBUTE_TYPE type)
{
	struct cursor value = attrs_value(attrs, type);
	BIGNUM *number = BN_secure_new();

	if (number && cursor_ok(&value) && value.left <= RSA_BITS_MAX / 8 &&
	    BN_bin2bn(value.at, (int)value.left, number)) {
		BN_set_flags(number, BN_FLG_CONSTTIME);
		return number;
	}
	BN_clear_free(number);
	return NULL;
}

/* Sets a number that the others give; one that came along has to agree. */
static CK_RV
number_agree(struct attrs *attrs, CK_ATTRIBUTE_TYPE type, const BIGNUM *number)
{
	BIGNUM *given;
	bool same;

	if (!attrs_find(attrs, type))
		return number_set(attrs, type, number, 0);
	given = number_get(attrs, type);
	same = given && BN_cmp(given, number) == 0;
	BN_clear_free(given);
	return same ? CKR_OK : CKR_ATTRIBUTE_VALUE_INVALID;
}

static CK_RV
primes_check(const struct attrs *attrs, const BIGNUM *p, const BIGNUM *q,
	     BN_CTX *ctx)
{
	BIGNUM *n = number_get(attrs, CKA_MODULUS), *product = BN_secure_new();
	bool same = n && product && BN_mul(product, p, q, ctx) == 1 &&
		    BN_cmp(n, product) == 0;

	BN_clear_free(product);
	BN_clear_free(n);
	return same ? CKR_OK : CKR_ATTRIBUTE_VALUE_INVALID;
}

/* d mod (prime - 1) (RFC 8017, 3.2) */
static CK_RV
crt_exponent_set(struct attrs *attrs, CK_ATTRIBUTE_TYPE type, const BIGNUM *d,
		 const BIGNUM *prime, BN_CTX *ctx)
{
	BIGNUM *less = BN_dup(prime), *rest = BN_secure_new();
	CK_RV rv = CKR_ATTRIBUTE_VALUE_INVALID;

	if (less && rest && BN_sub_word(less, 1) &&
	    BN_mod(rest, d, less, ctx) == 1)
		rv = number_agree(attrs, type, rest);
	BN_clear_free(less);
	BN_clear_free(rest);
	return rv;
}

/* The CRT parts from the primes: with all of them signing is four times as
 * fast, and with none of them OpenSSL signs as well. */
static CK_RV
crt_complete(struct attrs *attrs)
{
	BIGNUM *d = number_get(attrs, CKA_PRIVATE_EXPONENT);
	BIGNUM *p = number_get(attrs, CKA_PRIME_1);
	BIGNUM *q = number_get(attrs, CKA_PRIME_2);
	BN_CTX *ctx = BN_CTX_secure_new_ex(crypto_context());
	BIGNUM *inverse = NULL;
	CK_RV rv = CKR_ATTRIBUTE_VALUE_INVALID;

	crypto_enter();
	if (d && p && q && ctx)
		inverse = BN_mod_inverse(NULL, q, p, ctx);
	DROP(crypto_leave(true, CKR_OK)); /* the inverse tells */
	if (inverse)
		rv = primes_check(attrs, p, q, ctx);
	if (rv == CKR_OK)
		rv = number_agree(attrs, CKA_COEFFICIENT, inverse);
	if (rv == CKR_OK)
		rv = crt_exponent_set(attrs, CKA_EXPONENT_1, d, p, ctx);
	if (rv == CKR_OK)
		rv = crt_exponent_set(attrs, CKA_EXPONENT_2, d, q, ctx);
	BN_clear_free(inverse);
	BN_clear_free(d);
	BN_clear_free(p);
	BN_clear_free(q);
	BN_CTX_free(ctx);
	return rv;
}

CK_RV
rsa_private_import(struct attrs *attrs)
{
	bool p = attrs_find(attrs, CKA_PRIME_1) != NULL;
	bool q = attrs_find(attrs, CKA_PRIME_2) != NULL;
	struct pubkey *key = NULL;
	CK_RV rv = rsa_pubkey(attrs, &key);

	if (rv == CKR_OK)
		rv = rsa_private_set(key, attrs);
	if (rv == CKR_OK && p != q)
		rv = CKR_TEMPLATE_INCOMPLETE;
	if (rv == CKR_OK && p)
		rv = crt_complete(attrs);
	if (!p) {
		attrs_remove(attrs, CKA_EXPONENT_1);
		attrs_remove(attrs, CKA_EXPONENT_2);
		attrs_remove(attrs, CKA_COEFFICIENT);
	}
	if (rv == CKR_OK)
		rv = pair_prove(attrs, key);
	pubkey_free(key);
	return rv;
}

/* d * G as 04 || X || Y. */
static CK_RV
point_compute(const struct curve *curve, const BIGNUM *d, struct builder *out)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
						 (char *)curve->name, 0),
		OSSL_PARAM_construct_end(),
	};
	EC_GROUP *group =
		EC_GROUP_new_from_params(params, crypto_context(), NULL);
	BN_CTX *ctx = BN_CTX_secure_new_ex(crypto_context());
	EC_POINT *point = group ? EC_POINT_new(group) : NULL;
	uint8_t *place = builder_space(out, 1 + 2 * curve->field);
	bool good;

	crypto_enter();
	good = ctx && point && place && !BN_is_zero(d) &&
	       BN_cmp(d, EC_GROUP_get0_order(group)) < 0 &&
	       EC_POINT_mul(group, point, d, NULL, NULL, ctx) == 1 &&
	       EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED,
				  place, 1 + 2 * curve->field, ctx) > 0;
	EC_POINT_free(point);
	EC_GROUP_free(group);
	BN_CTX_free(ctx);
	return crypto_leave(good, CKR_ATTRIBUTE_VALUE_INVALID);
}

/* The public half from the private one. */
static CK_RV
ec_public_half(const struct attrs *attrs, struct pubkey **key)
{
	struct cursor params = attrs_value(attrs, CKA_EC_PARAMS);
	const struct curve *curve = curve_find(params);
	uint8_t space[POINT_MAX];
	struct builder point = builder_over(space, sizeof(space));
	BIGNUM *d;
	CK_RV rv = CKR_ATTRIBUTE_VALUE_INVALID;

	if (!curve)
		return curve_refusal(params);
	d = number_get(attrs, CKA_VALUE);
	if (d)
		rv = point_compute(curve, d, &point);
	if (rv == CKR_OK)
		rv = pubkey_from_ec(curve, builder_read(&point), key);
	BN_clear_free(d);
	return as_attribute_error(rv);
}

/* The point that came along has to be the key's. */
static CK_RV
point_check(struct attrs *attrs, const struct pubkey *key)
{
	struct cursor point = attrs_value(attrs, CKA_EC_POINT);
	bool same = !cursor_ok(&point) ||
		    cursor_same(point_unwrapped(key->curve, point), key->point);

	attrs_remove(attrs, CKA_EC_POINT);
	return same ? CKR_OK : CKR_ATTRIBUTE_VALUE_INVALID;
}

CK_RV
ec_private_import(struct attrs *attrs)
{
	struct pubkey *key = NULL;
	BIGNUM *d;
	CK_RV rv = ec_public_half(attrs, &key);

	if (rv != CKR_OK)
		return rv;
	rv = point_check(attrs, key);
	if (rv == CKR_OK)
		rv = ec_private_set(key, attrs);
	d = number_get(attrs, CKA_VALUE);
	if (rv == CKR_OK)
		rv = d ? number_set(attrs, CKA_VALUE, d, key->curve->field)
		       : CKR_HOST_MEMORY;
	BN_clear_free(d);
	if (rv == CKR_OK)
		rv = pair_prove(attrs, key);
	pubkey_free(key);
	return rv;
}
