/* Private keys as PKCS#8, to be wrapped and unwrapped. */
#include "soft_pkcs8.h"

#include "../crypto/der.h"
#include "key.h"

enum { PKCS8_MAX = 32768, EC_PRIVATE_VERSION = 1 };

static const uint8_t rsa_oid[] = { 0x2A, 0x86, 0x48, 0x86, 0xF7,
				   0x0D, 0x01, 0x01, 0x01 };
static const uint8_t ec_oid[] = { 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01 };

/* RSAPrivateKey after its version (RFC 8017, A.1.2). */
static const CK_ATTRIBUTE_TYPE rsa_parts[] = {
	CKA_MODULUS, CKA_PUBLIC_EXPONENT, CKA_PRIVATE_EXPONENT, CKA_PRIME_1,
	CKA_PRIME_2, CKA_EXPONENT_1,	  CKA_EXPONENT_2,	CKA_COEFFICIENT,
};
enum { RSA_PARTS = sizeof(rsa_parts) / sizeof(rsa_parts[0]) };

static void
number_put(struct builder *b, uint8_t number)
{
	der_put_unsigned(b, cursor_of(&number, 1));
}

static bool
rsa_put(const struct attrs *key, struct builder *out)
{
	number_put(out, 0);
	for (size_t i = 0; i < RSA_PARTS; i++) {
		struct cursor part = attrs_value(key, rsa_parts[i]);

		if (!cursor_ok(&part))
			return false;
		der_put_unsigned(out, part);
	}
	return true;
}

/* RFC 5915, 3; the curve stands in the AlgorithmIdentifier. */
static bool
ec_put(const struct attrs *key, struct builder *out)
{
	struct cursor value = attrs_value(key, CKA_VALUE);

	number_put(out, EC_PRIVATE_VERSION);
	tlv_put(out, DER_OCTET_STRING, value);
	return cursor_ok(&value);
}

/* RFC 8410, 7 */
static bool
raw_put(const struct attrs *key, struct builder *out)
{
	struct cursor value = attrs_value(key, CKA_VALUE);

	tlv_put(out, DER_OCTET_STRING, value);
	return cursor_ok(&value);
}

static void
algorithm_put(const struct attrs *key, bool rsa, struct builder *out)
{
	uint8_t space[64];
	struct builder b = builder_over(space, sizeof(space));

	if (attrs_ulong(key, CKA_KEY_TYPE, CKK_RSA) == CKK_EC_EDWARDS ||
	    attrs_ulong(key, CKA_KEY_TYPE, CKK_RSA) == CKK_EC_MONTGOMERY) {
		builder_append(&b, attrs_value(key, CKA_EC_PARAMS));
	} else if (rsa) {
		tlv_put(&b, DER_OID, cursor_of(rsa_oid, sizeof(rsa_oid)));
		tlv_put(&b, DER_NULL, cursor_of(NULL, 0));
	} else {
		tlv_put(&b, DER_OID, cursor_of(ec_oid, sizeof(ec_oid)));
		builder_append(&b, attrs_value(key, CKA_EC_PARAMS));
	}
	out->bad |= b.bad;
	tlv_put(out, DER_SEQUENCE, builder_read(&b));
}

CK_RV
pkcs8_encode(const struct attrs *key, struct builder *out)
{
	CK_KEY_TYPE type = attrs_ulong(key, CKA_KEY_TYPE, CKK_VENDOR_DEFINED);
	struct builder inner = builder_heap(PKCS8_MAX),
		       sequence = builder_heap(PKCS8_MAX),
		       body = builder_heap(PKCS8_MAX);
	bool fine = false;

	if (type == CKK_RSA)
		fine = rsa_put(key, &inner);
	else if (type == CKK_EC)
		fine = ec_put(key, &inner);
	else if (type == CKK_EC_EDWARDS || type == CKK_EC_MONTGOMERY)
		fine = raw_put(key, &sequence);
	if (inner.used > 0)
		tlv_put(&sequence, DER_SEQUENCE, builder_read(&inner));
	number_put(&body, 0);
	algorithm_put(key, type == CKK_RSA, &body);
	tlv_put(&body, DER_OCTET_STRING, builder_read(&sequence));
	tlv_put(out, DER_SEQUENCE, builder_read(&body));
	fine = fine && builder_ok(&inner) && builder_ok(&sequence) &&
	       builder_ok(&body) && builder_ok(out);
	builder_free(&inner);
	builder_free(&sequence);
	builder_free(&body);
	return fine ? CKR_OK : CKR_KEY_NOT_WRAPPABLE;
}

static CK_RV
rsa_take(struct cursor in, struct attrs *key)
{
	struct cursor sequence = der_take(&in, DER_SEQUENCE, NULL);
	CK_RV rv = CKR_OK;

	if (der_take_unsigned(&sequence).left != 0) /* of two primes */
		return CKR_DATA_INVALID;
	for (size_t i = 0; rv == CKR_OK && i < RSA_PARTS; i++)
		rv = attrs_set(key, rsa_parts[i], der_take_unsigned(&sequence));
	if (rv != CKR_OK)
		return rv;
	return cursor_end(&sequence) && cursor_end(&in) ? CKR_OK
							: CKR_DATA_INVALID;
}

static CK_RV
ec_take(struct cursor params, struct cursor in, struct attrs *key)
{
	struct cursor sequence = der_take(&in, DER_SEQUENCE, NULL), value;
	CK_RV rv;

	/* parameters and public key, which may follow, are told elsewhere */
	der_take_unsigned(&sequence);
	value = der_take(&sequence, DER_OCTET_STRING, NULL);
	if (!cursor_ok(&sequence) || !cursor_end(&in))
		return CKR_DATA_INVALID;
	rv = attrs_set(key, CKA_EC_PARAMS, params);
	return rv == CKR_OK ? attrs_set(key, CKA_VALUE, value) : rv;
}

static CK_RV
raw_take(struct cursor oid, struct cursor in, struct attrs *key,
	 CK_KEY_TYPE *type)
{
	struct cursor value = der_take(&in, DER_OCTET_STRING, NULL);
	CK_RV rv;

	*type = curve_typed(CKK_EC_EDWARDS, oid) ? CKK_EC_EDWARDS
						 : CKK_EC_MONTGOMERY;
	if (!curve_typed(*type, oid) || !cursor_end(&in))
		return CKR_DATA_INVALID;
	rv = attrs_set(key, CKA_EC_PARAMS, oid);
	return rv == CKR_OK ? attrs_set(key, CKA_VALUE, value) : rv;
}

CK_RV
pkcs8_decode(struct cursor in, struct attrs *key, CK_KEY_TYPE *type)
{
	struct cursor info = der_take(&in, DER_SEQUENCE, NULL);
	struct cursor version = der_take_unsigned(&info);
	struct cursor algorithm = der_take(&info, DER_SEQUENCE, NULL);
	struct cursor bytes = der_take(&info, DER_OCTET_STRING, NULL);
	struct cursor whole_oid;
	struct cursor oid = der_take(&algorithm, DER_OID, &whole_oid);

	/* attributes may follow in INFO; after it nothing but padding, that a
	 * mode without any of its own has put there */
	if (!cursor_ok(&info) || !cursor_ok(&oid) || version.left > 1)
		return CKR_DATA_INVALID;
	if (cursor_unpadded(in).left > 0)
		return CKR_DATA_INVALID;
	if (cursor_is(oid, rsa_oid, sizeof(rsa_oid))) {
		*type = CKK_RSA;
		return rsa_take(bytes, key);
	}
	if (!cursor_is(oid, ec_oid, sizeof(ec_oid)))
		return raw_take(whole_oid, bytes, key, type);
	*type = CKK_EC;
	return ec_take(algorithm, bytes, key);
}
