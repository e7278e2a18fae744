/* Keys are decoded: from the attributes of an object, or from somebody's
 * SubjectPublicKeyInfo. */
#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include "../crypto/context.h"
#include "key_inside.h"
#include "mem.h"

/* What OpenSSL calls the attributes. */
static const struct part {
	CK_ATTRIBUTE_TYPE type;
	const char *name;
} rsa_parts[] = {
	{ CKA_MODULUS, OSSL_PKEY_PARAM_RSA_N },
	{ CKA_PUBLIC_EXPONENT, OSSL_PKEY_PARAM_RSA_E },
	{ CKA_PRIVATE_EXPONENT, OSSL_PKEY_PARAM_RSA_D },
	{ CKA_PRIME_1, OSSL_PKEY_PARAM_RSA_FACTOR1 },
	{ CKA_PRIME_2, OSSL_PKEY_PARAM_RSA_FACTOR2 },
	{ CKA_EXPONENT_1, OSSL_PKEY_PARAM_RSA_EXPONENT1 },
	{ CKA_EXPONENT_2, OSSL_PKEY_PARAM_RSA_EXPONENT2 },
	{ CKA_COEFFICIENT, OSSL_PKEY_PARAM_RSA_COEFFICIENT1 },
};
enum { RSA_PARTS = 8, RSA_PARTS_WITHOUT_CRT = 3 };

static const struct part ec_private_value = { CKA_VALUE,
					      OSSL_PKEY_PARAM_PRIV_KEY };

static const struct part dh_parts[] = {
	{ CKA_PRIME, OSSL_PKEY_PARAM_FFC_P },
	{ CKA_BASE, OSSL_PKEY_PARAM_FFC_G },
	{ CKA_VALUE, OSSL_PKEY_PARAM_PRIV_KEY },
};
enum { DH_PARTS = 3 };

static struct soft_key *
key_new(CK_KEY_TYPE type, size_t bits, size_t size)
{
	struct soft_key *k = mem_new(sizeof(*k));

	if (!k)
		return NULL;
	atomic_init(&k->references, 1);
	k->type = type;
	k->bits = bits;
	k->size = size;
	return k;
}

/* Takes PKEY, also on failure. CURVE and SET as of struct soft_key. */
static CK_RV
private_new(EVP_PKEY *pkey, CK_KEY_TYPE type, const struct curve *curve,
	    const struct parameter_set *set, struct soft_key **key)
{
	size_t bits = (size_t)EVP_PKEY_get_bits(pkey);
	size_t size = (size_t)EVP_PKEY_get_size(pkey);
	struct soft_key *k = key_new(type, bits, size);

	if (!k) {
		EVP_PKEY_free(pkey);
		return CKR_HOST_MEMORY;
	}
	k->pkey = pkey;
	k->field = curve ? curve->field : size;
	k->curve = curve;
	if (curve)
		k->size = 2 * curve->field;
	if (set)
		k->size = set->out_size;
	*key = k;
	return CKR_OK;
}

/* Numbers of a private key are marked secure: OpenSSL wipes its copies then. */
static bool
part_push(OSSL_PARAM_BLD *bld, const struct part *part,
	  const struct attrs *attrs, BIGNUM **number)
{
	struct cursor value = attrs_value(attrs, part->type);

	*number = BN_secure_new();
	return *number && cursor_ok(&value) && value.left <= RSA_BITS_MAX / 8 &&
	       BN_bin2bn(value.at, (int)value.left, *number) &&
	       OSSL_PARAM_BLD_push_BN(bld, part->name, *number) == 1;
}

static EVP_PKEY *
pkey_build(const char *algorithm, OSSL_PARAM_BLD *bld)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
	EVP_PKEY_CTX *ctx =
		EVP_PKEY_CTX_new_from_name(crypto_context(), algorithm, NULL);
	EVP_PKEY *pkey = NULL;
	bool good;

	crypto_enter();
	good = params && ctx && EVP_PKEY_fromdata_init(ctx) == 1 &&
	       EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, params) == 1;
	if (crypto_leave(good, CKR_FUNCTION_FAILED) != CKR_OK)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	return pkey;
}

static CK_RV
rsa_private_load(const struct attrs *attrs, struct soft_key **key)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	BIGNUM *numbers[RSA_PARTS] = { NULL };
	int count = attrs_find(attrs, CKA_COEFFICIENT) ? RSA_PARTS
						       : RSA_PARTS_WITHOUT_CRT;
	bool fine = bld != NULL;
	EVP_PKEY *pkey = NULL;

	for (int i = 0; fine && i < count; i++)
		fine = part_push(bld, &rsa_parts[i], attrs, &numbers[i]);
	if (fine)
		pkey = pkey_build(ALGORITHM_RSA, bld);
	for (int i = 0; i < count; i++)
		BN_clear_free(numbers[i]);
	OSSL_PARAM_BLD_free(bld);
	if (!pkey)
		return CKR_ATTRIBUTE_VALUE_INVALID;
	return private_new(pkey, CKK_RSA, NULL, NULL, key);
}

static CK_RV
ec_private_load(const struct attrs *attrs, struct soft_key **key)
{
	const struct curve *curve =
		curve_find(attrs_value(attrs, CKA_EC_PARAMS));
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	BIGNUM *number = NULL;
	EVP_PKEY *pkey = NULL;

	if (curve && bld &&
	    OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME,
					    curve->name, 0) == 1 &&
	    part_push(bld, &ec_private_value, attrs, &number))
		pkey = pkey_build(ALGORITHM_EC, bld);
	BN_clear_free(number);
	OSSL_PARAM_BLD_free(bld);
	if (!curve)
		return CKR_CURVE_NOT_SUPPORTED;
	if (!pkey)
		return CKR_ATTRIBUTE_VALUE_INVALID;
	return private_new(pkey, CKK_EC, curve, NULL, key);
}

static CK_RV
dh_private_load(const struct attrs *attrs, struct soft_key **key)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	BIGNUM *numbers[DH_PARTS] = { NULL };
	bool fine = bld != NULL;
	EVP_PKEY *pkey = NULL;

	for (int i = 0; fine && i < DH_PARTS; i++)
		fine = part_push(bld, &dh_parts[i], attrs, &numbers[i]);
	if (fine)
		pkey = pkey_build(ALGORITHM_DH, bld);
	for (int i = 0; i < DH_PARTS; i++)
		BN_clear_free(numbers[i]);
	OSSL_PARAM_BLD_free(bld);
	if (!pkey)
		return CKR_ATTRIBUTE_VALUE_INVALID;
	return private_new(pkey, CKK_DH, NULL, NULL, key);
}

static EVP_PKEY *
bytes_load(const char *name, struct cursor value)
{
	EVP_PKEY *pkey = NULL;

	crypto_enter();
	if (cursor_ok(&value))
		pkey = EVP_PKEY_new_raw_private_key_ex(
			crypto_context(), name, NULL, value.at, value.left);
	DROP(crypto_leave(pkey != NULL, CKR_OK)); /* NULL says it all */
	return pkey;
}

/* Keys of a parameter set are bytes (FIPS 203 to 205). */
static CK_RV
set_private_load(const struct attrs *attrs, CK_KEY_TYPE type,
		 struct soft_key **key)
{
	const struct parameter_set *set = parameter_set_find(
		type, attrs_ulong(attrs, CKA_PARAMETER_SET, 0));
	EVP_PKEY *pkey;

	if (!set)
		return CKR_KEY_TYPE_INCONSISTENT;
	pkey = bytes_load(set->name, attrs_value(attrs, CKA_VALUE));
	if (!pkey)
		return CKR_ATTRIBUTE_VALUE_INVALID;
	return private_new(pkey, type, NULL, set, key);
}

/* Edwards and Montgomery keys are bytes (RFC 8032, RFC 7748). */
static CK_RV
raw_private_load(const struct attrs *attrs, CK_KEY_TYPE type,
		 struct soft_key **key)
{
	const struct curve *curve =
		curve_typed(type, attrs_value(attrs, CKA_EC_PARAMS));
	EVP_PKEY *pkey;

	if (!curve)
		return CKR_CURVE_NOT_SUPPORTED;
	pkey = bytes_load(curve->name, attrs_value(attrs, CKA_VALUE));
	if (!pkey)
		return CKR_ATTRIBUTE_VALUE_INVALID;
	return private_new(pkey, type, curve, NULL, key);
}

CK_RV
soft_key_of_info(struct cursor spki, struct soft_key **key)
{
	struct pubkey *public_key = NULL;
	struct soft_key *k;
	CK_RV rv = pubkey_from_info(spki, &public_key);

	if (rv != CKR_OK)
		return rv;
	k = key_new(public_key->type, public_key->bits,
		    pubkey_size(public_key));
	if (!k) {
		pubkey_free(public_key);
		return CKR_HOST_MEMORY;
	}
	k->public_key = public_key;
	*key = k;
	return CKR_OK;
}

CK_RV
soft_key_load(const struct attrs *attrs, struct soft_key **key)
{
	CK_OBJECT_CLASS class =
		attrs_ulong(attrs, CKA_CLASS, CK_UNAVAILABLE_INFORMATION);
	CK_KEY_TYPE type =
		attrs_ulong(attrs, CKA_KEY_TYPE, CK_UNAVAILABLE_INFORMATION);

	if (class == CKO_PUBLIC_KEY)
		return soft_key_of_info(attrs_value(attrs, CKA_PUBLIC_KEY_INFO),
					key);
	if (class != CKO_PRIVATE_KEY)
		return CKR_KEY_TYPE_INCONSISTENT;
	switch (type) {
	case CKK_RSA:
		return rsa_private_load(attrs, key);
	case CKK_EC:
		return ec_private_load(attrs, key);
	case CKK_EC_EDWARDS:
	case CKK_EC_MONTGOMERY:
		return raw_private_load(attrs, type, key);
	case CKK_DH:
		return dh_private_load(attrs, key);
	case CKK_ML_KEM:
	case CKK_ML_DSA:
	case CKK_SLH_DSA:
		return set_private_load(attrs, type, key);
	default:
		return CKR_KEY_TYPE_INCONSISTENT;
	}
}
