/* Public keys: from whatever form they come in to one canonical form. */
#include "pubkey.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include "context.h"
#include "der.h"
#include "mem.h"

enum {
	RSA_BITS_MIN = 512,
	POINT_UNCOMPRESSED = 0x04,
	INFO_MAX = 2 * (RSA_BITS_MAX / 8) + 128,
	FIELD_BITS_MIN = 512,
	FIELD_BITS_MAX = 8192,
	DSA_BITS_MAX = 3072,
};

/* AlgorithmIdentifier of RFC 3279, 2.3.1: rsaEncryption with NULL. */
static const uint8_t rsa_oid[] = { 0x2A, 0x86, 0x48, 0x86, 0xF7,
				   0x0D, 0x01, 0x01, 0x01 };
/* id-ecPublicKey (RFC 5480, 2.1.1), whose parameter is the curve. */
static const uint8_t ec_oid[] = { 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01 };

/* Appends an element TAG around what WRITE puts for KEY. */
static void
info_wrap(struct builder *out, uint8_t tag, const struct pubkey *key,
	  void (*write)(const struct pubkey *key, struct builder *out))
{
	struct builder inner = builder_heap(INFO_MAX);
	write(key, &inner);
	tlv_put(out, tag, builder_read(&inner));
	if (!builder_ok(&inner))
		out->bad = true;
	builder_free(&inner);
}

static void
rsa_numbers_write(const struct pubkey *key, struct builder *out)
{
	der_put_unsigned(out, key->modulus);
	der_put_unsigned(out, key->exponent);
}

static bool
is_of_field(const struct pubkey *key)
{
	return key->type == CKK_DSA || key->type == CKK_DH;
}

static void
key_bits_write(const struct pubkey *key, struct builder *out)
{
	builder_u8(out, 0); /* unused bits */
	if (key->type == CKK_RSA)
		info_wrap(out, DER_SEQUENCE, key, rsa_numbers_write);
	else if (is_of_field(key))
		der_put_unsigned(out, key->value);
	else
		builder_append(out, key->point);
}

static void
algorithm_write(const struct pubkey *key, struct builder *out)
{
	if (key->type == CKK_RSA) {
		tlv_put(out, DER_OID, cursor_of(rsa_oid, sizeof(rsa_oid)));
		tlv_put(out, DER_NULL, cursor_of(NULL, 0));
	} else if (is_of_field(key)) {
		ffc_algorithm_write(key, out);
	} else if (key->type != CKK_EC) {
		/* RFC 8410, 3: the algorithm says it all; RFC 9881 and others
		 * do the same for parameter sets */
		builder_append(out, key->set != NULL ? key->set->oid
						     : key->curve->oid);
	} else {
		tlv_put(out, DER_OID, cursor_of(ec_oid, sizeof(ec_oid)));
		builder_append(out, key->curve->oid);
	}
}

static void
info_write(const struct pubkey *key, struct builder *out)
{
	info_wrap(out, DER_SEQUENCE, key, algorithm_write);
	info_wrap(out, DER_BIT_STRING, key, key_bits_write);
}

static bool
rsa_parse(struct cursor parameter, struct cursor bits, struct pubkey *key)
{
	/* RFC 3279 wants a NULL here; some certificates leave it out. */
	if (parameter.left > 0)
		der_take(&parameter, DER_NULL, NULL);
	struct cursor numbers = der_take(&bits, DER_SEQUENCE, NULL);
	key->type = CKK_RSA;
	key->modulus = der_take_unsigned(&numbers);
	key->exponent = der_take_unsigned(&numbers);
	return cursor_end(&parameter) && cursor_end(&bits) &&
	       cursor_end(&numbers);
}

/* An algorithm that is a curve (RFC 8410) or a parameter set, and whose key is
 * bare bytes. */
static CK_RV
safe_parse(struct cursor oid, struct cursor parameter, struct cursor bits,
	   struct pubkey *key)
{
	key->curve = curve_typed(CKK_EC_EDWARDS, oid);
	if (key->curve == NULL)
		key->curve = curve_typed(CKK_EC_MONTGOMERY, oid);
	if (key->curve == NULL)
		key->set = parameter_set_of_oid(oid);
	if (key->curve == NULL && key->set == NULL)
		return CKR_KEY_TYPE_INCONSISTENT;
	key->type = key->set != NULL ? key->set->type : key->curve->type;
	key->point = bits;
	return parameter.left == 0 ? CKR_OK : CKR_DATA_INVALID;
}

/* Fills type and numbers of KEY with what INFO says, whatever it is. */
static CK_RV
info_parse(struct cursor info, struct pubkey *key)
{
	struct cursor sequence = der_take(&info, DER_SEQUENCE, NULL);
	struct cursor algorithm = der_take(&sequence, DER_SEQUENCE, NULL);
	struct cursor whole_oid;
	struct cursor oid = der_take(&algorithm, DER_OID, &whole_oid);
	struct cursor bits = der_take_bytes(&sequence);
	if (!cursor_end(&info) || !cursor_end(&sequence) || !cursor_ok(&oid))
		return CKR_DATA_INVALID;
	if (cursor_is(oid, rsa_oid, sizeof(rsa_oid)))
		return rsa_parse(algorithm, bits, key) ? CKR_OK
						       : CKR_DATA_INVALID;
	if (ffc_oid_type(oid, &key->type))
		return ffc_parse(algorithm, bits, key) ? CKR_OK
						       : CKR_DATA_INVALID;
	if (!cursor_is(oid, ec_oid, sizeof(ec_oid)))
		return safe_parse(whole_oid, algorithm, bits, key);
	key->type = CKK_EC;
	key->curve = curve_find(algorithm);
	key->point = bits;
	return key->curve == NULL ? CKR_KEY_TYPE_INCONSISTENT : CKR_OK;
}

static OSSL_PARAM *
rsa_params(const struct pubkey *key)
{
	OSSL_PARAM *params = NULL;
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	BIGNUM *n = BN_bin2bn(key->modulus.at, (int)key->modulus.left, NULL);
	BIGNUM *e = BN_bin2bn(key->exponent.at, (int)key->exponent.left, NULL);
	if (build != NULL && n != NULL && e != NULL &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) == 1)
		params = OSSL_PARAM_BLD_to_param(build);
	OSSL_PARAM_BLD_free(build);
	BN_free(n);
	BN_free(e);
	return params;
}

static OSSL_PARAM *
ec_params(const struct pubkey *key)
{
	OSSL_PARAM *params = NULL;
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	if (build != NULL &&
	    OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME,
					    key->curve->name, 0) == 1 &&
	    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY,
					     key->point.at,
					     key->point.left) == 1)
		params = OSSL_PARAM_BLD_to_param(build);
	OSSL_PARAM_BLD_free(build);
	return params;
}

/* From parameters; OpenSSL checks that a point is on its curve. */
static bool
pkey_build(struct pubkey *key, OSSL_LIB_CTX *library)
{
	const char *name = ALGORITHM_EC;
	OSSL_PARAM *params;
	if (is_of_field(key)) {
		name = key->type == CKK_DSA ? ALGORITHM_DSA : ALGORITHM_DH;
		params = ffc_params(key);
	} else if (key->type == CKK_RSA) {
		name = ALGORITHM_RSA;
		params = rsa_params(key);
	} else {
		params = ec_params(key);
	}
	EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(library, name, NULL);
	bool good = params != NULL && maker != NULL &&
		    EVP_PKEY_fromdata_init(maker) == 1 &&
		    EVP_PKEY_fromdata(maker, &key->pkey, EVP_PKEY_PUBLIC_KEY,
				      params) == 1;
	EVP_PKEY_CTX_free(maker);
	OSSL_PARAM_free(params);
	return good;
}

/* OpenSSL's form of the key. */
static CK_RV
pkey_make(struct pubkey *key)
{
	const struct crypto *c = crypto_get();
	bool bare = key->set != NULL ||
		    (key->curve != NULL && key->type != CKK_EC);
	if (c == NULL)
		return CKR_HOST_MEMORY;
	crypto_enter();
	if (bare)
		key->pkey = EVP_PKEY_new_raw_public_key_ex(
			c->library,
			key->set != NULL ? key->set->name : key->curve->name,
			NULL, key->point.at, key->point.left);
	bool good = bare ? key->pkey != NULL : pkey_build(key, c->library);
	return crypto_leave(good, CKR_DATA_INVALID);
}

/* A key of its own from one that borrows its numbers. */
static CK_RV
pubkey_new(const struct pubkey *from, struct pubkey **key)
{
	struct counted_key *new = mem_new(sizeof(*new));
	if (new == NULL)
		return CKR_HOST_MEMORY;
	struct builder info = builder_heap(INFO_MAX);
	info_wrap(&info, DER_SEQUENCE, from, info_write);
	new->references = 1;
	new->key.bits = from->bits;
	new->key.bytes = builder_give(&info, &new->key.bytes_size);
	CK_RV rv = CKR_HOST_MEMORY;
	if (new->key.bytes == NULL)
		goto out;
	new->key.info = cursor_of(new->key.bytes, new->key.bytes_size);
	rv = info_parse(new->key.info, &new->key);
	if (rv != CKR_OK)
		goto out;
	rv = pkey_make(&new->key);
	if (rv != CKR_OK)
		goto out;
	*key = &new->key;
	return CKR_OK;
out:
	pubkey_free(&new->key);
	return rv;
}

/* The bits of a number without leading zeros. */
static size_t
number_bits(struct cursor number)
{
	size_t bits = 8 * number.left;
	for (uint8_t first = cursor_u8(&number); first > 0 && first < 0x80;
	     first = (uint8_t)(first << 1))
		bits--;
	return bits;
}

static bool
number_odd(struct cursor number)
{
	if (number.left > 0)
		cursor_take(&number, number.left - 1);
	return cursor_u8(&number) & 1;
}

CK_RV
pubkey_from_rsa(struct cursor modulus, struct cursor exponent,
		struct pubkey **key)
{
	struct pubkey from = { .type = CKK_RSA,
			       .modulus = cursor_unpadded(modulus),
			       .exponent = cursor_unpadded(exponent) };
	if (from.modulus.left > RSA_BITS_MAX / 8)
		return CKR_DATA_INVALID;
	from.bits = number_bits(from.modulus);
	if (from.bits < RSA_BITS_MIN)
		return CKR_DATA_INVALID;
	if (from.exponent.left > from.modulus.left)
		return CKR_DATA_INVALID;
	/* Both are odd in a key; an even modulus is no work for OpenSSL. */
	if (!number_odd(from.modulus) || !number_odd(from.exponent))
		return CKR_DATA_INVALID;
	return pubkey_new(&from, key);
}

/* FIPS 186-4, 4.2 and what OpenSSL works with. */
static bool
field_fits(const struct pubkey *key)
{
	size_t q = number_bits(key->subprime);
	if (key->type == CKK_DSA &&
	    (key->bits > DSA_BITS_MAX || !number_odd(key->subprime) ||
	     (q != 160 && q != 224 && q != 256)))
		return false;
	return key->bits >= FIELD_BITS_MIN && key->bits <= FIELD_BITS_MAX &&
	       number_odd(key->prime) && key->base.left > 0 &&
	       key->base.left <= key->prime.left && key->value.left > 0 &&
	       key->value.left <= key->prime.left;
}

CK_RV
pubkey_from_field(const struct pubkey *numbers, struct pubkey **key)
{
	struct pubkey from = {
		.type = numbers->type,
		.prime = cursor_unpadded(numbers->prime),
		.subprime = cursor_unpadded(numbers->subprime),
		.base = cursor_unpadded(numbers->base),
		.value = cursor_unpadded(numbers->value),
	};
	if (from.prime.left > FIELD_BITS_MAX / 8)
		return CKR_DATA_INVALID;
	from.bits = number_bits(from.prime);
	return field_fits(&from) ? pubkey_new(&from, key) : CKR_DATA_INVALID;
}

CK_RV
pubkey_from_set(const struct parameter_set *set, struct cursor bytes,
		struct pubkey **key)
{
	struct pubkey from = { .type = set->type,
			       .bits = 8 * set->public_size,
			       .set = set,
			       .point = bytes };
	if (!key_type_available(set->type))
		return CKR_KEY_TYPE_INCONSISTENT;
	if (bytes.bad || bytes.left != set->public_size)
		return CKR_DATA_INVALID;
	return pubkey_new(&from, key);
}

static CK_RV
safe_new(const struct curve *curve, struct cursor point, struct pubkey **key)
{
	struct pubkey from = { .type = curve->type,
			       .bits = curve->bits,
			       .curve = curve,
			       .point = point };
	if (point.bad || point.left != curve->field)
		return CKR_DATA_INVALID;
	return pubkey_new(&from, key);
}

CK_RV
pubkey_from_ec(const struct curve *curve, struct cursor point,
	       struct pubkey **key)
{
	if (curve->type != CKK_EC)
		return safe_new(curve, point, key);
	size_t size = 1 + 2 * curve->field;
	static const uint8_t uncompressed = POINT_UNCOMPRESSED;
	if (point.left != size) {
		struct cursor octets = point;
		point = der_take(&octets, DER_OCTET_STRING, NULL);
		if (!cursor_end(&octets) || point.left != size)
			return CKR_DATA_INVALID;
	}
	if (!cursor_begins(point, &uncompressed, 1))
		return CKR_DATA_INVALID;
	struct pubkey from = { .type = CKK_EC,
			       .bits = curve->bits,
			       .curve = curve,
			       .point = point };
	return pubkey_new(&from, key);
}

CK_RV
pubkey_from_info(struct cursor spki, struct pubkey **key)
{
	struct pubkey from = { 0 };
	CK_RV rv = info_parse(spki, &from);
	if (rv != CKR_OK)
		return rv;
	if (from.type == CKK_RSA)
		return pubkey_from_rsa(from.modulus, from.exponent, key);
	if (is_of_field(&from))
		return pubkey_from_field(&from, key);
	if (from.set != NULL)
		return pubkey_from_set(from.set, from.point, key);
	/* A certificate has the bare point, never an OCTET STRING. */
	if (from.type == CKK_EC && from.point.left != 1 + 2 * from.curve->field)
		return CKR_DATA_INVALID;
	return pubkey_from_ec(from.curve, from.point, key);
}

struct pubkey *
pubkey_ref(struct pubkey *key)
{
	if (key != NULL)
		atomic_fetch_add(&((struct counted_key *)key)->references, 1);
	return key;
}

void
pubkey_free(struct pubkey *key)
{
	struct counted_key *counted = (struct counted_key *)key;
	if (key == NULL || atomic_fetch_sub(&counted->references, 1) > 1)
		return;
	EVP_PKEY_CTX_free(counted->idle);
	EVP_PKEY_free(key->pkey);
	mem_free(key->bytes, key->bytes_size);
	mem_free(counted, sizeof(*counted));
}

size_t
pubkey_size(const struct pubkey *key)
{
	switch (key->type) {
	case CKK_RSA:
	case CKK_DH:
		return (key->bits + 7) / 8;
	case CKK_DSA:
		return 2 * key->subprime.left;
	default:
		return key->set != NULL ? key->set->out_size
					: 2 * key->curve->field;
	}
}
