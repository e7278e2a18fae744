/* Keys: from libcrypto's objects to Cryptoki's attributes, and the public half
 * of a private key. */
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <string.h>

#include "import.h"
#include "tlv.h"

enum { NUMBER_MAX = 4096, DER_OCTETS = 0x04, DER_OID = 0x06 };

/* Curves that libcrypto knows as key types of their own; CKA_EC_PARAMS is the
 * OID or the name as a PrintableString. */
static const struct own_curve {
	const char *name;
	CK_KEY_TYPE type;
	uint8_t oid[5];
	const char *printable;
} own_curves[] = {
	{ "ED25519",
	  CKK_EC_EDWARDS,
	  { DER_OID, 3, 0x2b, 0x65, 0x70 },
	  "\x13\x0c"
	  "edwards25519" },
	{ "ED448",
	  CKK_EC_EDWARDS,
	  { DER_OID, 3, 0x2b, 0x65, 0x71 },
	  "\x13\x0a"
	  "edwards448" },
	{ "X25519",
	  CKK_EC_MONTGOMERY,
	  { DER_OID, 3, 0x2b, 0x65, 0x6e },
	  "\x13\x0a"
	  "curve25519" },
	{ "X448",
	  CKK_EC_MONTGOMERY,
	  { DER_OID, 3, 0x2b, 0x65, 0x6f },
	  "\x13\x08"
	  "curve448" },
};
enum { OWN_CURVES = sizeof own_curves / sizeof *own_curves };

static bool
set_number(struct attrs *attrs, CK_ATTRIBUTE_TYPE type, const BIGNUM *number)
{
	uint8_t bytes[NUMBER_MAX];
	int size = BN_num_bytes(number);
	bool ok = size <= NUMBER_MAX && BN_bn2bin(number, bytes) == size &&
		  attrs_set(attrs, type, cursor_of(bytes, (size_t)size)) ==
			  CKR_OK;
	mem_wipe(bytes, sizeof bytes);
	return ok;
}

static bool
set_parameter(struct attrs *attrs, CK_ATTRIBUTE_TYPE type, const EVP_PKEY *pkey,
	      const char *name)
{
	BIGNUM *number = NULL;
	bool ok = EVP_PKEY_get_bn_param(pkey, name, &number) > 0 &&
		  set_number(attrs, type, number);
	BN_clear_free(number);
	return ok;
}

/* CKA_EC_POINT is the point in a DER OCTET STRING (PKCS#11 3.2, 6.3.3). */
static bool
set_point(struct attrs *attrs, struct cursor point)
{
	struct builder b = builder_heap(NUMBER_MAX);
	tlv_put(&b, DER_OCTETS, point);
	bool ok = builder_ok(&b) &&
		  attrs_set(attrs, CKA_EC_POINT, builder_read(&b)) == CKR_OK;
	builder_free(&b);
	return ok;
}

static bool
rsa_attributes(EVP_PKEY *pkey, bool private, struct attrs *attrs)
{
	static const struct {
		CK_ATTRIBUTE_TYPE type;
		const char *name;
		bool private;
	} numbers[] = {
		{ CKA_MODULUS, OSSL_PKEY_PARAM_RSA_N, false },
		{ CKA_PUBLIC_EXPONENT, OSSL_PKEY_PARAM_RSA_E, false },
		{ CKA_PRIVATE_EXPONENT, OSSL_PKEY_PARAM_RSA_D, true },
		{ CKA_PRIME_1, OSSL_PKEY_PARAM_RSA_FACTOR1, true },
		{ CKA_PRIME_2, OSSL_PKEY_PARAM_RSA_FACTOR2, true },
		{ CKA_EXPONENT_1, OSSL_PKEY_PARAM_RSA_EXPONENT1, true },
		{ CKA_EXPONENT_2, OSSL_PKEY_PARAM_RSA_EXPONENT2, true },
		{ CKA_COEFFICIENT, OSSL_PKEY_PARAM_RSA_COEFFICIENT1, true },
	};
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		if ((private || !numbers[i].private) &&
		    !set_parameter(attrs, numbers[i].type, pkey,
				   numbers[i].name))
			return false;
	return attrs_set_ulong(attrs, CKA_KEY_TYPE, CKK_RSA) == CKR_OK;
}

/* The uncompressed point of PKEY, whatever form it came in. */
static bool
ec_point(EVP_PKEY *pkey, const EC_GROUP *group, struct attrs *attrs)
{
	uint8_t bytes[NUMBER_MAX];
	size_t size = 0;
	bool ok = false;
	EC_POINT *point = EC_POINT_new(group);
	if (!point ||
	    EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY,
					    bytes, sizeof bytes, &size) <= 0 ||
	    EC_POINT_oct2point(group, point, bytes, size, NULL) <= 0)
		goto out;
	size = EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED,
				  bytes, sizeof bytes, NULL);
	ok = size > 0 && set_point(attrs, cursor_of(bytes, size));
out:
	EC_POINT_free(point);
	return ok;
}

static bool
ec_attributes(EVP_PKEY *pkey, bool private, struct attrs *attrs)
{
	char name[80];
	uint8_t *der = NULL;
	size_t used;
	bool ok = false;
	EC_GROUP *group = NULL;
	if (EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME,
					   name, sizeof name, &used) <= 0)
		return false;
	int nid = OBJ_txt2nid(name);
	if (nid == NID_undef)
		nid = EC_curve_nist2nid(name);
	int size = i2d_ASN1_OBJECT(OBJ_nid2obj(nid), &der);
	group = EC_GROUP_new_by_curve_name(nid);
	if (nid == NID_undef || size <= 0 || !group)
		goto out;
	ok = attrs_set(attrs, CKA_EC_PARAMS, cursor_of(der, (size_t)size)) ==
		     CKR_OK &&
	     attrs_set_ulong(attrs, CKA_KEY_TYPE, CKK_EC) == CKR_OK &&
	     (private ? set_parameter(attrs, CKA_VALUE, pkey,
				      OSSL_PKEY_PARAM_PRIV_KEY)
		      : ec_point(pkey, group, attrs));
out:
	EC_GROUP_free(group);
	OPENSSL_free(der);
	return ok;
}

static bool
own_curve_attributes(EVP_PKEY *pkey, bool private,
		     const struct own_curve *curve, struct attrs *attrs)
{
	uint8_t raw[64];
	size_t size = sizeof raw;
	bool ok = (private ? EVP_PKEY_get_raw_private_key(pkey, raw, &size)
			   : EVP_PKEY_get_raw_public_key(pkey, raw, &size)) > 0;
	struct cursor value = cursor_of(raw, size);
	if (ok)
		ok = private ? attrs_set(attrs, CKA_VALUE, value) == CKR_OK
			     : set_point(attrs, value);
	mem_wipe(raw, sizeof raw);
	return ok &&
	       attrs_set(attrs, CKA_EC_PARAMS,
			 cursor_of(curve->oid, sizeof curve->oid)) == CKR_OK &&
	       attrs_set_ulong(attrs, CKA_KEY_TYPE, curve->type) == CKR_OK;
}

bool
key_attributes(EVP_PKEY *pkey, bool private, struct attrs *attrs,
	       const char **reason)
{
	*reason = "libcrypto does not tell its numbers";
	if (EVP_PKEY_is_a(pkey, "RSA"))
		return rsa_attributes(pkey, private, attrs);
	if (EVP_PKEY_is_a(pkey, "EC")) {
		*reason = "its curve has no name";
		return ec_attributes(pkey, private, attrs);
	}
	for (size_t i = 0; i < OWN_CURVES; i++)
		if (EVP_PKEY_is_a(pkey, own_curves[i].name))
			return own_curve_attributes(pkey, private,
						    &own_curves[i], attrs);
	*reason = "keys of this kind are not imported";
	return false;
}

bool
key_id(EVP_PKEY *pkey, uint8_t id[20])
{
	X509_PUBKEY *info = NULL;
	const uint8_t *bits;
	int size;
	bool ok =
		X509_PUBKEY_set(&info, pkey) > 0 &&
		X509_PUBKEY_get0_param(NULL, &bits, &size, NULL, info) > 0 &&
		EVP_Digest(bits, (size_t)size, id, NULL, EVP_sha1(), NULL) > 0;
	X509_PUBKEY_free(info);
	return ok;
}

/* d times the generator, for a named curve. */
static bool
ec_public(struct cursor params, struct cursor value, struct attrs *public)
{
	uint8_t bytes[NUMBER_MAX];
	const uint8_t *at = params.at;
	bool ok = false;
	EC_GROUP *group = d2i_ECPKParameters(NULL, &at, (long)params.left);
	EC_POINT *point = group ? EC_POINT_new(group) : NULL;
	BIGNUM *d = value.left <= NUMBER_MAX
			    ? BN_bin2bn(value.at, (int)value.left, NULL)
			    : NULL;
	if (point && d && EC_GROUP_get_curve_name(group) != NID_undef &&
	    EC_POINT_mul(group, point, d, NULL, NULL, NULL) > 0) {
		size_t size = EC_POINT_point2oct(group, point,
						 POINT_CONVERSION_UNCOMPRESSED,
						 bytes, sizeof bytes, NULL);
		ok = size > 0 && set_point(public, cursor_of(bytes, size));
	}
	BN_clear_free(d);
	EC_POINT_free(point);
	EC_GROUP_free(group);
	return ok;
}

static bool
is_curve(struct cursor params, const struct own_curve *curve)
{
	return cursor_is(params, curve->oid, sizeof curve->oid) ||
	       cursor_is(params, curve->printable, strlen(curve->printable));
}

static bool
own_curve_public(struct cursor params, struct cursor value,
		 struct attrs *public)
{
	uint8_t raw[64];
	size_t size = sizeof raw;
	EVP_PKEY *pkey = NULL;
	for (size_t i = 0; i < OWN_CURVES && !pkey; i++)
		if (is_curve(params, &own_curves[i]))
			pkey = EVP_PKEY_new_raw_private_key_ex(
				NULL, own_curves[i].name, NULL, value.at,
				value.left);
	bool ok = pkey && EVP_PKEY_get_raw_public_key(pkey, raw, &size) > 0 &&
		  set_point(public, cursor_of(raw, size));
	EVP_PKEY_free(pkey);
	return ok;
}

/* Attributes that both halves have, and the uses that answer each other. */
static bool
copy_common(const struct attrs *private, struct attrs *public)
{
	static const CK_ATTRIBUTE_TYPE same[] = {
		CKA_KEY_TYPE,	    CKA_LABEL,	   CKA_ID,
		CKA_SUBJECT,	    CKA_EC_PARAMS, CKA_MODULUS,
		CKA_PUBLIC_EXPONENT
	};
	static const CK_ATTRIBUTE_TYPE uses[][2] = { { CKA_SIGN, CKA_VERIFY },
						     { CKA_DECRYPT,
						       CKA_ENCRYPT },
						     { CKA_UNWRAP, CKA_WRAP } };
	bool ok = attrs_set_ulong(public, CKA_CLASS, CKO_PUBLIC_KEY) == CKR_OK;
	for (size_t i = 0; ok && i < sizeof same / sizeof *same; i++) {
		struct cursor value = attrs_value(private, same[i]);
		if (cursor_ok(&value))
			ok = attrs_set(public, same[i], value) == CKR_OK;
	}
	for (size_t i = 0; ok && i < sizeof uses / sizeof *uses; i++)
		ok = attrs_set_bool(public, uses[i][1],
				    attrs_bool(private, uses[i][0], false)) ==
		     CKR_OK;
	return ok && attrs_set_bool(public, CKA_PRIVATE, false) == CKR_OK;
}

bool
key_public(const struct attrs *private, struct attrs *public)
{
	struct cursor params = attrs_value(private, CKA_EC_PARAMS);
	struct cursor value = attrs_value(private, CKA_VALUE);
	if (!copy_common(private, public))
		return false;
	switch (attrs_ulong(private, CKA_KEY_TYPE, CKK_VENDOR_DEFINED)) {
	case CKK_RSA:
		return true;
	case CKK_EC:
		return ec_public(params, value, public);
	case CKK_EC_EDWARDS:
	case CKK_EC_MONTGOMERY:
		return own_curve_public(params, value, public);
	default:
		return false;
	}
}
