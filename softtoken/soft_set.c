/* Keys of a parameter set: ML-KEM, ML-DSA and SLH-DSA, whose halves are plain
 * bytes (PKCS#11 3.2, 6.67 to 6.69). */
#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "../crypto/context.h"
#include "mem.h"
#include "soft_material.h"

enum { BYTES_MAX = 8192, PARAMS_MAX = 3 };

/* OpenSSL's name of what a key can be made from anew; 3.0 has it not yet. */
#define PARAM_SEED "seed"

static const struct parameter_set *
set_of(const struct attrs *attrs)
{
	return parameter_set_find(
		attrs_ulong(attrs, CKA_KEY_TYPE, CKK_VENDOR_DEFINED),
		attrs_ulong(attrs, CKA_PARAMETER_SET, 0));
}

static CK_RV
halves_set(const struct pubkey *key, struct attrs *attrs)
{
	CK_RV rv = attrs_set_ulong(attrs, CKA_PARAMETER_SET, key->set->id);

	return rv == CKR_OK ? info_set(key, attrs) : rv;
}

CK_RV
set_public_import(struct attrs *attrs)
{
	const struct parameter_set *set = set_of(attrs);
	struct pubkey *key = NULL;
	CK_RV rv = CKR_PARAMETER_SET_NOT_SUPPORTED;

	if (set)
		rv = pubkey_from_set(set, attrs_value(attrs, CKA_VALUE), &key);
	if (rv == CKR_OK)
		rv = halves_set(key, attrs);
	pubkey_free(key);
	return rv == CKR_DATA_INVALID || rv == CKR_KEY_TYPE_INCONSISTENT
		       ? CKR_ATTRIBUTE_VALUE_INVALID
		       : rv;
}

/* Bytes of a key by OpenSSL's name, as an attribute; one that came along has to
 * be the same. */
static CK_RV
bytes_take(EVP_PKEY *pkey, const char *name, CK_ATTRIBUTE_TYPE type,
	   struct attrs *attrs)
{
	struct cursor given = attrs_value(attrs, type);
	struct builder b = builder_heap(BYTES_MAX);
	uint8_t *space = builder_space(&b, BYTES_MAX);
	size_t size = 0;
	CK_RV rv = CKR_HOST_MEMORY;
	bool good;

	crypto_enter();
	good = space && EVP_PKEY_get_octet_string_param(pkey, name, space,
							BYTES_MAX, &size) == 1;
	if (space)
		rv = crypto_leave(good, CKR_FUNCTION_FAILED);
	else
		DROP(crypto_leave(good, CKR_OK)); /* there is no memory */
	if (rv == CKR_OK && cursor_ok(&given) &&
	    !(given.left == size && mem_equal(given.at, space, size)))
		rv = CKR_ATTRIBUTE_VALUE_INVALID;
	if (rv == CKR_OK)
		rv = attrs_set(attrs, type, cursor_of(space, size));
	builder_free(&b);
	return rv;
}

static CK_RV
public_of(EVP_PKEY *pkey, const struct parameter_set *set, struct pubkey **key)
{
	struct attrs half = { NULL, 0, 0 };
	CK_RV rv = bytes_take(pkey, OSSL_PKEY_PARAM_PUB_KEY, CKA_VALUE, &half);

	if (rv == CKR_OK)
		rv = pubkey_from_set(set, attrs_value(&half, CKA_VALUE), key);
	attrs_free(&half);
	return rv;
}

/* From seed or value, or both. */
static CK_RV
private_build(const struct parameter_set *set, struct cursor seed,
	      struct cursor value, EVP_PKEY **pkey)
{
	EVP_PKEY_CTX *ctx =
		EVP_PKEY_CTX_new_from_name(crypto_context(), set->name, NULL);
	OSSL_PARAM params[PARAMS_MAX], *next = params;
	bool good;

	if (cursor_ok(&seed))
		*next++ = OSSL_PARAM_construct_octet_string(
			PARAM_SEED, (void *)seed.at, seed.left);
	if (cursor_ok(&value))
		*next++ = OSSL_PARAM_construct_octet_string(
			OSSL_PKEY_PARAM_PRIV_KEY, (void *)value.at, value.left);
	*next = OSSL_PARAM_construct_end();
	crypto_enter();
	good = ctx && EVP_PKEY_fromdata_init(ctx) == 1 &&
	       EVP_PKEY_fromdata(ctx, pkey, EVP_PKEY_KEYPAIR, params) == 1;
	EVP_PKEY_CTX_free(ctx);
	return crypto_leave(good, CKR_ATTRIBUTE_VALUE_INVALID);
}

CK_RV
set_private_import(struct attrs *attrs)
{
	const struct parameter_set *set = set_of(attrs);
	struct cursor seed = attrs_value(attrs, CKA_SEED);
	struct cursor value = attrs_value(attrs, CKA_VALUE);
	EVP_PKEY *pkey = NULL;
	struct pubkey *key = NULL;
	CK_RV rv;

	if (!set || !key_type_available(set->type))
		return CKR_PARAMETER_SET_NOT_SUPPORTED;
	if (!cursor_ok(&seed) && !cursor_ok(&value))
		return CKR_TEMPLATE_INCOMPLETE;
	if ((cursor_ok(&seed) && seed.left != set->seed_size) ||
	    (cursor_ok(&value) && value.left != set->private_size))
		return CKR_ATTRIBUTE_VALUE_INVALID;
	rv = private_build(set, seed, value, &pkey);
	if (rv == CKR_OK)
		rv = bytes_take(pkey, OSSL_PKEY_PARAM_PRIV_KEY, CKA_VALUE,
				attrs);
	if (rv == CKR_OK)
		rv = public_of(pkey, set, &key);
	if (rv == CKR_OK)
		rv = halves_set(key, attrs);
	pubkey_free(key);
	EVP_PKEY_free(pkey);
	return rv;
}

CK_RV
set_generate(CK_KEY_TYPE type, struct attrs *public_key,
	     struct attrs *private_key)
{
	const OSSL_PARAM none = OSSL_PARAM_construct_end();
	const struct parameter_set *set = set_of(public_key);
	struct pubkey *key = NULL;
	EVP_PKEY *pkey;
	CK_RV rv = CKR_FUNCTION_FAILED;

	if (!set || set->type != type)
		return CKR_PARAMETER_SET_NOT_SUPPORTED;
	pkey = pkey_generate(set->name, &none);
	if (pkey)
		rv = public_of(pkey, set, &key);
	if (rv == CKR_OK)
		rv = bytes_take(pkey, OSSL_PKEY_PARAM_PRIV_KEY, CKA_VALUE,
				private_key);
	if (rv == CKR_OK && set->seed_size > 0)
		rv = bytes_take(pkey, PARAM_SEED, CKA_SEED, private_key);
	if (rv == CKR_OK)
		rv = attrs_set(public_key, CKA_VALUE, key->point);
	if (rv == CKR_OK)
		rv = halves_set(key, public_key);
	if (rv == CKR_OK)
		rv = halves_set(key, private_key);
	pubkey_free(key);
	EVP_PKEY_free(pkey);
	return rv;
}
