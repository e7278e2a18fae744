/* Private keys as PKCS#8, to be wrapped and unwrapped. */
#include "soft_pkcs8.h"

#include "../crypto/der.h"
#include "key.h"

enum { PKCS8_MAX = 32768, EC_PRIVATE_VERSION = 1, TAG_SEED = 0x80 };

static const uint8_t rsa_oid[] = { 0x2A, 0x86, 0x48, 0x86, 0xF7,
				   0x0D, 0x01, 0x01, 0x01 };
static const uint8_t dh_oid[] = { 0x2A, 0x86, 0x48, 0x86, 0xF7,
				  0x0D, 0x01, 0x03, 0x01 };
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

static const struct parameter_set *
set_of(const struct attrs *key)
{
	return parameter_set_find(
		attrs_ulong(key, CKA_KEY_TYPE, CKK_VENDOR_DEFINED),
		attrs_ulong(key, CKA_PARAMETER_SET, 0));
}

/* SLH-DSA's as they are (RFC 9909, 6); of the others the seed and what comes of
 * it, or the latter alone (RFC 9881, 6; RFC 9935, 6). */
static bool
set_put(const struct attrs *key, struct builder *inner,
	struct builder *sequence)
{
	const struct parameter_set *set = set_of(key);
	struct cursor value = attrs_value(key, CKA_VALUE);
	struct cursor seed = attrs_value(key, CKA_SEED);

	if (!set)
		return false;
	if (set->seed_size == 0) {
		builder_append(sequence, value);
	} else if (!cursor_ok(&seed)) {
		tlv_put(sequence, DER_OCTET_STRING, value);
	} else {
		tlv_put(inner, DER_OCTET_STRING, seed);
		tlv_put(inner, DER_OCTET_STRING, value);
	}
	return cursor_ok(&value);
}

/* PKCS #3, 9 */
static void
dh_algorithm_put(const struct attrs *key, struct builder *out)
{
	struct builder numbers = builder_heap(PKCS8_MAX);

	tlv_put(out, DER_OID, cursor_of(dh_oid, sizeof(dh_oid)));
	der_put_unsigned(&numbers, attrs_value(key, CKA_PRIME));
	der_put_unsigned(&numbers, attrs_value(key, CKA_BASE));
	tlv_put(out, DER_SEQUENCE, builder_read(&numbers));
	out->bad |= numbers.bad;
	builder_free(&numbers);
}

static void
algorithm_put(const struct attrs *key, CK_KEY_TYPE type, struct builder *out)
{
	struct builder b = builder_heap(PKCS8_MAX);

	switch (type) {
	case CKK_RSA:
		tlv_put(&b, DER_OID, cursor_of(rsa_oid, sizeof(rsa_oid)));
		tlv_put(&b, DER_NULL, cursor_of(NULL, 0));
		break;
	case CKK_EC:
		tlv_put(&b, DER_OID, cursor_of(ec_oid, sizeof(ec_oid)));
		builder_append(&b, attrs_value(key, CKA_EC_PARAMS));
		break;
	case CKK_DH:
		dh_algorithm_put(key, &b);
		break;
	default:
		builder_append(&b, set_of(key) ? set_of(key)->oid
					       : attrs_value(key,
							     CKA_EC_PARAMS));
	}
	out->bad |= b.bad;
	tlv_put(out, DER_SEQUENCE, builder_read(&b));
	builder_free(&b);
}

static bool
content_put(const struct attrs *key, CK_KEY_TYPE type, struct builder *inner,
	    struct builder *sequence)
{
	switch (type) {
	case CKK_RSA:
		return rsa_put(key, inner);
	case CKK_EC:
		return ec_put(key, inner);
	case CKK_EC_EDWARDS:
	case CKK_EC_MONTGOMERY:
		return raw_put(key, sequence);
	case CKK_DH:
		der_put_unsigned(sequence, attrs_value(key, CKA_VALUE));
		return true;
	default:
		return set_put(key, inner, sequence);
	}
}

CK_RV
pkcs8_encode(const struct attrs *key, struct builder *out)
{
	CK_KEY_TYPE type = attrs_ulong(key, CKA_KEY_TYPE, CKK_VENDOR_DEFINED);
	struct builder inner = builder_heap(PKCS8_MAX),
		       sequence = builder_heap(PKCS8_MAX),
		       body = builder_heap(PKCS8_MAX);
	bool fine = content_put(key, type, &inner, &sequence);

	if (inner.used > 0)
		tlv_put(&sequence, DER_SEQUENCE, builder_read(&inner));
	number_put(&body, 0);
	algorithm_put(key, type, &body);
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

/* Any of the three forms of set_put(). */
static CK_RV
set_take(const struct parameter_set *set, struct cursor in, struct attrs *key)
{
	struct cursor seed = in, value = in;
	CK_RV rv = attrs_set_ulong(key, CKA_PARAMETER_SET, set->id);

	if (set->seed_size == 0)
		return rv == CKR_OK ? attrs_set(key, CKA_VALUE, in) : rv;
	if (der_next_is(&in, DER_SEQUENCE)) {
		value = der_take(&in, DER_SEQUENCE, NULL);
		seed = der_take(&value, DER_OCTET_STRING, NULL);
		in = value;
		value = der_take(&in, DER_OCTET_STRING, NULL);
	} else if (der_next_is(&in, DER_OCTET_STRING)) {
		value = der_take(&in, DER_OCTET_STRING, NULL);
		cursor_fail(&seed);
	} else {
		seed = der_take(&in, TAG_SEED, NULL);
		cursor_fail(&value);
	}
	if (!cursor_end(&in))
		return CKR_DATA_INVALID;
	if (rv == CKR_OK && cursor_ok(&seed))
		rv = attrs_set(key, CKA_SEED, seed);
	if (rv == CKR_OK && cursor_ok(&value))
		rv = attrs_set(key, CKA_VALUE, value);
	return rv;
}

static CK_RV
dh_take(struct cursor params, struct cursor in, struct attrs *key)
{
	struct cursor numbers = der_take(&params, DER_SEQUENCE, NULL);
	struct cursor prime = der_take_unsigned(&numbers);
	struct cursor base = der_take_unsigned(&numbers);
	struct cursor value = der_take_unsigned(&in);
	CK_RV rv;

	/* how long private values are may follow */
	if (!cursor_ok(&numbers) || !cursor_end(&params) || !cursor_end(&in))
		return CKR_DATA_INVALID;
	rv = attrs_set(key, CKA_PRIME, prime);
	if (rv == CKR_OK)
		rv = attrs_set(key, CKA_BASE, base);
	return rv == CKR_OK ? attrs_set(key, CKA_VALUE, value) : rv;
}

/* An algorithm that says it all: a parameter set or a curve. */
static CK_RV
bare_take(struct cursor oid, struct cursor in, struct attrs *key,
	  CK_KEY_TYPE *type)
{
	const struct parameter_set *set = parameter_set_of_oid(oid);

	if (!set)
		return raw_take(oid, in, key, type);
	*type = set->type;
	return set_take(set, in, key);
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
	if (cursor_is(oid, dh_oid, sizeof(dh_oid))) {
		*type = CKK_DH;
		return dh_take(algorithm, bytes, key);
	}
	if (!cursor_is(oid, ec_oid, sizeof(ec_oid)))
		return bare_take(whole_oid, bytes, key, type);
	*type = CKK_EC;
	return ec_take(algorithm, bytes, key);
}
