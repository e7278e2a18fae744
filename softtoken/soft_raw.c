/* Edwards and Montgomery keys, whose halves are plain bytes (RFC 8410). */
#include <openssl/evp.h>

#include "../crypto/context.h"
#include "../crypto/der.h"
#include "mem.h"
#include "soft_material.h"

enum { RAW_MAX = 57 /* Ed448 */ };

static const struct curve *
curve_of(const struct attrs *attrs)
{
	CK_KEY_TYPE type = attrs_ulong(attrs, CKA_KEY_TYPE, CKK_VENDOR_DEFINED);

	return curve_typed(type, attrs_value(attrs, CKA_EC_PARAMS));
}

/* The point as it is: bare (PKCS#11 3.0 and later), in an OCTET STRING (as of
 * CKK_EC), or in a BIT STRING (a draft of 3.0). */
static struct cursor
point_bare(const struct curve *curve, struct cursor point)
{
	struct cursor in = point, value;

	if (point.left == curve->field)
		return point;
	if (der_next_is(&point, DER_OCTET_STRING))
		value = der_take(&in, DER_OCTET_STRING, NULL);
	else
		value = der_take_bytes(&in);
	return cursor_end(&in) && value.left == curve->field ? value : point;
}

/* What the public half contributes to either object. */
static CK_RV
halves_set(const struct pubkey *key, struct attrs *attrs, bool point)
{
	CK_RV rv = info_set(key, attrs);

	if (rv == CKR_OK)
		rv = attrs_set(attrs, CKA_EC_PARAMS, key->curve->oid);
	if (rv == CKR_OK && point)
		rv = attrs_set(attrs, CKA_EC_POINT, key->point);
	return rv;
}

CK_RV
raw_public_import(struct attrs *attrs)
{
	const struct curve *curve = curve_of(attrs);
	struct cursor point = attrs_value(attrs, CKA_EC_POINT);
	struct pubkey *key = NULL;
	CK_RV rv;

	if (!curve)
		return curve_refusal(attrs_value(attrs, CKA_EC_PARAMS));
	rv = pubkey_from_ec(curve, point_bare(curve, point), &key);
	if (rv == CKR_OK)
		rv = halves_set(key, attrs, true);
	pubkey_free(key);
	return rv == CKR_DATA_INVALID ? CKR_ATTRIBUTE_VALUE_INVALID : rv;
}

/* The public half of a private key. */
static CK_RV
public_of(EVP_PKEY *pkey, const struct curve *curve, struct pubkey **key)
{
	uint8_t point[RAW_MAX];
	size_t size = sizeof(point);

	crypto_enter();
	if (crypto_leave(EVP_PKEY_get_raw_public_key(pkey, point, &size) == 1,
			 CKR_FUNCTION_FAILED) != CKR_OK)
		return CKR_FUNCTION_FAILED;
	return pubkey_from_ec(curve, cursor_of(point, size), key);
}

/* The point that came along has to be the key's; the private object has none.
 */
static CK_RV
point_check(struct attrs *attrs, const struct pubkey *key)
{
	struct cursor point = attrs_value(attrs, CKA_EC_POINT);
	bool same = !cursor_ok(&point) ||
		    cursor_same(point_bare(key->curve, point), key->point);

	attrs_remove(attrs, CKA_EC_POINT);
	return same ? CKR_OK : CKR_ATTRIBUTE_VALUE_INVALID;
}

CK_RV
raw_private_import(struct attrs *attrs)
{
	const struct curve *curve = curve_of(attrs);
	struct cursor value = attrs_value(attrs, CKA_VALUE);
	struct pubkey *key = NULL;
	EVP_PKEY *pkey;
	CK_RV rv;

	if (!curve)
		return curve_refusal(attrs_value(attrs, CKA_EC_PARAMS));
	crypto_enter();
	pkey = EVP_PKEY_new_raw_private_key_ex(crypto_context(), curve->name,
					       NULL, value.at, value.left);
	rv = crypto_leave(pkey != NULL, CKR_ATTRIBUTE_VALUE_INVALID);
	if (rv == CKR_OK)
		rv = public_of(pkey, curve, &key);
	EVP_PKEY_free(pkey);
	if (rv == CKR_OK)
		rv = point_check(attrs, key);
	if (rv == CKR_OK)
		rv = halves_set(key, attrs, false);
	pubkey_free(key);
	return rv;
}

static CK_RV
value_set(EVP_PKEY *pkey, struct attrs *attrs)
{
	uint8_t value[RAW_MAX];
	size_t size = sizeof(value);
	CK_RV rv = CKR_FUNCTION_FAILED;

	crypto_enter();
	if (crypto_leave(EVP_PKEY_get_raw_private_key(pkey, value, &size) == 1,
			 CKR_FUNCTION_FAILED) == CKR_OK)
		rv = attrs_set(attrs, CKA_VALUE, cursor_of(value, size));
	mem_wipe(value, sizeof(value));
	return rv;
}

CK_RV
raw_generate(CK_KEY_TYPE type, struct cursor params, struct attrs *public_key,
	     struct attrs *private_key)
{
	const struct curve *curve = curve_typed(type, params);
	struct pubkey *key = NULL;
	EVP_PKEY *pkey;
	CK_RV rv;

	if (!curve)
		return curve_refusal(params);
	crypto_enter();
	pkey = EVP_PKEY_Q_keygen(crypto_context(), NULL, curve->name);
	rv = crypto_leave(pkey != NULL, CKR_FUNCTION_FAILED);
	if (rv == CKR_OK)
		rv = public_of(pkey, curve, &key);
	if (rv == CKR_OK)
		rv = value_set(pkey, private_key);
	EVP_PKEY_free(pkey);
	if (rv == CKR_OK)
		rv = halves_set(key, public_key, true);
	if (rv == CKR_OK)
		rv = halves_set(key, private_key, false);
	pubkey_free(key);
	return rv;
}
