/* Keys of finite fields: DSA's, which only verify, and those of Diffie-Hellman
 * (PKCS#11 3.2, 6.2 and 6.4). */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "../crypto/context.h"
#include "soft_material.h"

enum { PRIVATE_BITS_MIN = 160 };

static CK_RV
numbers_set(const struct pubkey *key, struct attrs *attrs)
{
	CK_RV rv = attrs_set(attrs, CKA_PRIME, key->prime);

	if (rv == CKR_OK && key->type == CKK_DSA)
		rv = attrs_set(attrs, CKA_SUBPRIME, key->subprime);
	if (rv == CKR_OK)
		rv = attrs_set(attrs, CKA_BASE, key->base);
	return rv == CKR_OK ? info_set(key, attrs) : rv;
}

/* VALUE is the public one. */
static CK_RV
field_pubkey(const struct attrs *attrs, CK_KEY_TYPE type, struct cursor value,
	     struct pubkey **key)
{
	struct pubkey numbers = {
		.type = type,
		.prime = attrs_value(attrs, CKA_PRIME),
		.subprime = attrs_value(attrs, CKA_SUBPRIME),
		.base = attrs_value(attrs, CKA_BASE),
		.value = value,
	};
	CK_RV rv = pubkey_from_field(&numbers, key);

	return rv == CKR_DATA_INVALID ? CKR_ATTRIBUTE_VALUE_INVALID : rv;
}

static CK_RV
public_import(struct attrs *attrs, CK_KEY_TYPE type)
{
	struct pubkey *key = NULL;
	CK_RV rv = field_pubkey(attrs, type, attrs_value(attrs, CKA_VALUE),
				&key);

	if (rv == CKR_OK)
		rv = attrs_set(attrs, CKA_VALUE, key->value);
	if (rv == CKR_OK)
		rv = numbers_set(key, attrs);
	pubkey_free(key);
	return rv;
}

CK_RV
dsa_public_import(struct attrs *attrs)
{
	return public_import(attrs, CKK_DSA);
}

CK_RV
dh_public_import(struct attrs *attrs)
{
	return public_import(attrs, CKK_DH);
}

/* base^x mod prime, for an x that lies between */
static CK_RV
value_compute(const struct attrs *attrs, const BIGNUM *x, struct builder *out)
{
	BIGNUM *p = number_get(attrs, CKA_PRIME);
	BIGNUM *g = number_get(attrs, CKA_BASE), *y = BN_new();
	BN_CTX *ctx = BN_CTX_secure_new_ex(crypto_context());
	uint8_t *place = NULL;
	bool good;

	crypto_enter();
	good = p && g && y && ctx && BN_is_odd(p) && !BN_is_zero(x) &&
	       BN_cmp(x, p) < 0 && BN_mod_exp(y, g, x, p, ctx) == 1;
	if (good)
		place = builder_space(out, (size_t)BN_num_bytes(y));
	good = good && place && BN_bn2bin(y, place) > 0;
	BN_free(y);
	BN_clear_free(p);
	BN_clear_free(g);
	BN_CTX_free(ctx);
	return crypto_leave(good, CKR_ATTRIBUTE_VALUE_INVALID);
}

/* The public half of a private key; CKA_VALUE_BITS follows from the value. */
static CK_RV
private_complete(struct attrs *attrs, struct pubkey **key)
{
	BIGNUM *x = number_get(attrs, CKA_VALUE);
	struct builder value = builder_heap(RSA_BITS_MAX / 8);
	CK_RV rv = x ? value_compute(attrs, x, &value)
		     : CKR_ATTRIBUTE_VALUE_INVALID;

	if (rv == CKR_OK)
		rv = field_pubkey(attrs, CKK_DH, builder_read(&value), key);
	if (rv == CKR_OK)
		rv = numbers_set(*key, attrs);
	if (rv == CKR_OK)
		rv = attrs_set_ulong(attrs, CKA_VALUE_BITS,
				     (CK_ULONG)BN_num_bits(x));
	BN_clear_free(x);
	builder_free(&value);
	return rv;
}

CK_RV
dh_private_import(struct attrs *attrs)
{
	struct pubkey *key = NULL;
	CK_RV rv = private_complete(attrs, &key);

	pubkey_free(key);
	return rv;
}

static OSSL_PARAM *
field_params(const struct attrs *attrs, CK_ULONG bits)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	BIGNUM *p = number_get(attrs, CKA_PRIME);
	BIGNUM *g = number_get(attrs, CKA_BASE);
	OSSL_PARAM *params = NULL;

	if (bld && p && g &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_FFC_P, p) == 1 &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_FFC_G, g) == 1 &&
	    (bits == 0 ||
	     OSSL_PARAM_BLD_push_long(bld, OSSL_PKEY_PARAM_DH_PRIV_LEN,
				      (long)bits) == 1))
		params = OSSL_PARAM_BLD_to_param(bld);
	BN_clear_free(p);
	BN_clear_free(g);
	OSSL_PARAM_BLD_free(bld);
	return params;
}

/* The field alone; a key is made in it. */
static EVP_PKEY *
field_new(const struct attrs *attrs, CK_ULONG bits)
{
	OSSL_PARAM *params = field_params(attrs, bits);
	EVP_PKEY_CTX *ctx =
		EVP_PKEY_CTX_new_from_name(crypto_context(), ALGORITHM_DH, NULL);
	EVP_PKEY *field = NULL;

	if (!params || !ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &field, EVP_PKEY_KEY_PARAMETERS, params) !=
		    1)
		field = NULL;
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	return field;
}

static CK_RV
value_generate(const struct attrs *field, CK_ULONG bits,
	       struct attrs *private_key)
{
	EVP_PKEY *params, *pkey = NULL;
	EVP_PKEY_CTX *ctx = NULL;
	BIGNUM *x = NULL;
	bool good;
	CK_RV rv;

	crypto_enter();
	params = field_new(field, bits);
	if (params)
		ctx = EVP_PKEY_CTX_new_from_pkey(crypto_context(), params,
						 NULL);
	good = ctx && EVP_PKEY_keygen_init(ctx) == 1 &&
	       EVP_PKEY_generate(ctx, &pkey) == 1 &&
	       EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_PRIV_KEY, &x) == 1;
	rv = crypto_leave(good, CKR_ATTRIBUTE_VALUE_INVALID);
	if (rv == CKR_OK)
		rv = number_set(private_key, CKA_VALUE, x, 0);
	BN_clear_free(x);
	EVP_PKEY_free(pkey);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(params);
	return rv;
}

CK_RV
dh_generate(CK_ULONG bits, struct attrs *public_key, struct attrs *private_key)
{
	static const uint8_t two = 2;
	struct cursor prime = attrs_value(public_key, CKA_PRIME);
	struct cursor base = attrs_value(public_key, CKA_BASE);
	struct pubkey *key = NULL;
	CK_RV rv = field_pubkey(public_key, CKK_DH, cursor_of(&two, 1), &key);

	pubkey_free(key);
	key = NULL;
	if (rv == CKR_OK && bits > 0 &&
	    (bits < PRIVATE_BITS_MIN || bits > RSA_BITS_MAX))
		rv = CKR_ATTRIBUTE_VALUE_INVALID;
	if (rv == CKR_OK)
		rv = value_generate(public_key, bits, private_key);
	if (rv == CKR_OK)
		rv = attrs_set(private_key, CKA_PRIME, prime);
	if (rv == CKR_OK)
		rv = attrs_set(private_key, CKA_BASE, base);
	if (rv == CKR_OK)
		rv = private_complete(private_key, &key);
	if (rv == CKR_OK)
		rv = attrs_set(public_key, CKA_VALUE, key->value);
	if (rv == CKR_OK)
		rv = numbers_set(key, public_key);
	pubkey_free(key);
	return rv;
}
