/* New key pairs: made by OpenSSL, taken apart into attributes. */
#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "../crypto/context.h"
#include "mem.h"
#include "soft_material.h"

enum { POINT_MAX = 256, RSA_SECRETS = 6 };

static const struct {
	CK_ATTRIBUTE_TYPE type;
	const char *name;
} rsa_secrets[RSA_SECRETS] = {
	{ CKA_PRIVATE_EXPONENT, OSSL_PKEY_PARAM_RSA_D },
	{ CKA_PRIME_1, OSSL_PKEY_PARAM_RSA_FACTOR1 },
	{ CKA_PRIME_2, OSSL_PKEY_PARAM_RSA_FACTOR2 },
	{ CKA_EXPONENT_1, OSSL_PKEY_PARAM_RSA_EXPONENT1 },
	{ CKA_EXPONENT_2, OSSL_PKEY_PARAM_RSA_EXPONENT2 },
	{ CKA_COEFFICIENT, OSSL_PKEY_PARAM_RSA_COEFFICIENT1 },
};

/* One secret number of a key, padded to SIZE bytes, or as it is with 0. */
static CK_RV
secret_export(EVP_PKEY *pkey, const char *name, CK_ATTRIBUTE_TYPE type,
	      size_t size, struct attrs *attrs)
{
	BIGNUM *number = NULL;
	CK_RV rv = CKR_FUNCTION_FAILED;

	if (EVP_PKEY_get_bn_param(pkey, name, &number) == 1)
		rv = number_set(attrs, type, number, size);
	BN_clear_free(number);
	return rv;
}

/* One public number, appended to OUT; an empty cursor when there is none. */
static struct cursor
public_number(EVP_PKEY *pkey, const char *name, struct builder *out)
{
	size_t before = out->used;
	struct cursor all;
	BIGNUM *n = NULL;
	uint8_t *space;

	if (EVP_PKEY_get_bn_param(pkey, name, &n) == 1) {
		space = builder_space(out, (size_t)BN_num_bytes(n));
		if (space)
			BN_bn2bin(n, space);
	}
	BN_free(n);
	all = builder_read(out);
	cursor_take(&all, before);
	return all;
}

/* The numbers are asked for one by one: OpenSSL's encoder for a whole public
 * key takes several times as long as to generate an EC key. */
static CK_RV
rsa_public_export(EVP_PKEY *pkey, struct pubkey **key)
{
	uint8_t n_space[RSA_BITS_MAX / 8], e_space[RSA_BITS_MAX / 8];
	struct builder n = builder_over(n_space, sizeof(n_space));
	struct builder e = builder_over(e_space, sizeof(e_space));

	return pubkey_from_rsa(public_number(pkey, OSSL_PKEY_PARAM_RSA_N, &n),
			       public_number(pkey, OSSL_PKEY_PARAM_RSA_E, &e),
			       key);
}

static CK_RV
ec_public_export(EVP_PKEY *pkey, const struct curve *curve, struct pubkey **key)
{
	uint8_t point[POINT_MAX];
	size_t size = 0;

	if (EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY,
					    point, sizeof(point), &size) != 1)
		return CKR_FUNCTION_FAILED;
	return pubkey_from_ec(curve, cursor_of(point, size), key);
}

static CK_RV
rsa_export(EVP_PKEY *pkey, struct attrs *public_key, struct attrs *private_key)
{
	struct pubkey *key = NULL;
	CK_RV rv = rsa_public_export(pkey, &key);

	if (rv == CKR_OK)
		rv = rsa_public_set(key, public_key);
	if (rv == CKR_OK)
		rv = rsa_private_set(key, private_key);
	for (size_t i = 0; rv == CKR_OK && i < RSA_SECRETS; i++)
		rv = secret_export(pkey, rsa_secrets[i].name,
				   rsa_secrets[i].type, 0, private_key);
	pubkey_free(key);
	return rv;
}

static CK_RV
ec_export(EVP_PKEY *pkey, const struct curve *curve, struct attrs *public_key,
	  struct attrs *private_key)
{
	struct pubkey *key = NULL;
	CK_RV rv = ec_public_export(pkey, curve, &key);

	if (rv == CKR_OK)
		rv = ec_public_set(key, public_key);
	if (rv == CKR_OK)
		rv = ec_private_set(key, private_key);
	if (rv == CKR_OK)
		rv = secret_export(pkey, OSSL_PKEY_PARAM_PRIV_KEY, CKA_VALUE,
				   curve->field, private_key);
	pubkey_free(key);
	return rv;
}

EVP_PKEY *
pkey_generate(const char *algorithm, const OSSL_PARAM *params)
{
	EVP_PKEY_CTX *ctx =
		EVP_PKEY_CTX_new_from_name(crypto_context(), algorithm, NULL);
	EVP_PKEY *pkey = NULL;
	bool good;

	crypto_enter();
	good = ctx && EVP_PKEY_keygen_init(ctx) == 1 &&
	       EVP_PKEY_CTX_set_params(ctx, params) == 1 &&
	       EVP_PKEY_generate(ctx, &pkey) == 1;
	if (crypto_leave(good, CKR_FUNCTION_FAILED) != CKR_OK)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

/* An RSA exponent is odd and at least 3; more than 64 bits serve nobody. */
static CK_RV
exponent_parse(struct cursor exponent, uint64_t *value)
{
	uint8_t space[8];
	struct builder b = builder_over(space, sizeof(space));
	struct cursor padded;
	uint64_t e;

	builder_padded(&b, cursor_unpadded(exponent), sizeof(space));
	if (!builder_ok(&b))
		return CKR_ATTRIBUTE_VALUE_INVALID;
	padded = builder_read(&b);
	e = cursor_u64(&padded);
	if (e < 3 || e % 2 == 0)
		return CKR_ATTRIBUTE_VALUE_INVALID;
	*value = e;
	return CKR_OK;
}

CK_RV
rsa_generate(CK_ULONG bits, struct cursor exponent, struct attrs *public_key,
	     struct attrs *private_key)
{
	size_t size = bits;
	uint64_t e = 65537;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_size_t(OSSL_PKEY_PARAM_RSA_BITS, &size),
		OSSL_PARAM_construct_uint64(OSSL_PKEY_PARAM_RSA_E, &e),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY *pkey;
	CK_RV rv;

	if (bits < RSA_BITS_MIN || bits > RSA_BITS_GENERATE_MAX)
		return CKR_KEY_SIZE_RANGE;
	if (exponent.left > 0) {
		rv = exponent_parse(exponent, &e);
		if (rv != CKR_OK)
			return rv;
	}
	pkey = pkey_generate(ALGORITHM_RSA, params);
	if (!pkey)
		return CKR_FUNCTION_FAILED;
	/* OpenSSL leaves an odd bit out, from 2,048 on */
	rv = EVP_PKEY_get_bits(pkey) == (int)bits
		     ? rsa_export(pkey, public_key, private_key)
		     : CKR_KEY_SIZE_RANGE;
	EVP_PKEY_free(pkey);
	return rv;
}

CK_RV
ec_generate(struct cursor ec_params, struct attrs *public_key,
	    struct attrs *private_key)
{
	const struct curve *curve = curve_find(ec_params);
	OSSL_PARAM params[2] = { OSSL_PARAM_construct_end(),
				 OSSL_PARAM_construct_end() };
	EVP_PKEY *pkey;
	CK_RV rv;

	if (!curve)
		return curve_refusal(ec_params);
	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
						     (char *)curve->name, 0);
	pkey = pkey_generate(ALGORITHM_EC, params);
	rv = pkey ? ec_export(pkey, curve, public_key, private_key)
		  : CKR_FUNCTION_FAILED;
	EVP_PKEY_free(pkey);
	return rv;
}
