/* Private keys from the numbers in a template: checked and completed. */
#include "private_key.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/objects.h>

#include "context.h"
#include "mem.h"

enum {
	PRIME_BYTES_MAX = RSA_BITS_MAX / 16,
	RSA_BITS_MIN = 512,
	NUMBERS = 5,
	NUMBERS_MAX = NUMBERS * PRIME_BYTES_MAX,
	POINT_MAX = 256,
};

/* What is computed with: all of it is given back at once. */
struct rsa_numbers {
	BN_CTX *context;
	BIGNUM *n, *e, *d, *p, *q, *dp, *dq, *qinv;
};

static struct cursor
value_of(struct template t, CK_ATTRIBUTE_TYPE type)
{
	const CK_ATTRIBUTE *a = template_find(t.list, t.count, type);

	return a == NULL ? cursor_of(NULL, 0)
			 : cursor_of(a->pValue, a->ulValueLen);
}

/* NULL when the template has no such number, or an absurd one. */
static BIGNUM *
number_of(struct template t, CK_ATTRIBUTE_TYPE type)
{
	struct cursor value = value_of(t, type);

	if (value.left == 0 || value.left > RSA_BITS_MAX / 8)
		return NULL;
	return BN_bin2bn(value.at, (int)value.left, NULL);
}

static void
numbers_free(struct rsa_numbers *r)
{
	BIGNUM *const all[] = { r->n, r->e,  r->d,  r->p,
				r->q, r->dp, r->dq, r->qinv };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		BN_clear_free(all[i]);
	BN_CTX_free(r->context);
}

static bool
numbers_load(struct template t, struct rsa_numbers *r)
{
	r->context = BN_CTX_secure_new_ex(crypto_context());
	r->p = number_of(t, CKA_PRIME_1);
	r->q = number_of(t, CKA_PRIME_2);
	r->e = number_of(t, CKA_PUBLIC_EXPONENT);
	r->n = BN_new();
	r->d = BN_new();
	r->dp = BN_new();
	r->dq = BN_new();
	r->qinv = BN_new();
	return r->context && r->p && r->q && r->e && r->n && r->d && r->dp &&
	       r->dq && r->qinv;
}

/* The exponent of one prime: 1/e modulo PRIME - 1. */
static bool
exponent_make(const struct rsa_numbers *r, const BIGNUM *prime,
	      BIGNUM *exponent)
{
	BIGNUM *less = BN_dup(prime);
	bool good = less != NULL && BN_sub_word(less, 1) == 1 &&
		    BN_mod_inverse(exponent, r->e, less, r->context) != NULL;

	BN_clear_free(less);
	return good;
}

static bool
numbers_complete(struct rsa_numbers *r)
{
	BN_set_flags(r->p, BN_FLG_CONSTTIME);
	BN_set_flags(r->q, BN_FLG_CONSTTIME);
	return BN_is_odd(r->p) && BN_is_odd(r->q) &&
	       BN_check_prime(r->p, r->context, NULL) == 1 &&
	       BN_check_prime(r->q, r->context, NULL) == 1 &&
	       BN_mul(r->n, r->p, r->q, r->context) == 1 &&
	       exponent_make(r, r->p, r->dp) && exponent_make(r, r->q, r->dq) &&
	       BN_mod_inverse(r->qinv, r->q, r->p, r->context) != NULL;
}

/* What the template has beside the primes must be what follows from them. */
static bool
number_fits(struct template t, CK_ATTRIBUTE_TYPE type, const BIGNUM *wanted)
{
	BIGNUM *given = number_of(t, type);
	bool fits = template_find(t.list, t.count, type) == NULL ||
		    (given != NULL && BN_cmp(given, wanted) == 0);

	BN_clear_free(given);
	return fits;
}

/* d is right when it is right for both primes: 1/e modulo p - 1 and q - 1. */
static bool
exponent_fits(struct template t, const struct rsa_numbers *r,
	      const BIGNUM *prime, const BIGNUM *wanted)
{
	BIGNUM *less = BN_dup(prime), *given, *rest = BN_new();
	bool fits;

	if (template_find(t.list, t.count, CKA_PRIVATE_EXPONENT) == NULL) {
		BN_clear_free(less);
		BN_free(rest);
		return true;
	}
	given = number_of(t, CKA_PRIVATE_EXPONENT);
	fits = less != NULL && rest != NULL && given != NULL &&
	       BN_sub_word(less, 1) == 1 &&
	       BN_mod(rest, given, less, r->context) == 1 &&
	       BN_cmp(rest, wanted) == 0;
	BN_clear_free(less);
	BN_clear_free(given);
	BN_clear_free(rest);
	return fits;
}

static bool
numbers_fit(struct template t, const struct rsa_numbers *r)
{
	return number_fits(t, CKA_MODULUS, r->n) &&
	       number_fits(t, CKA_EXPONENT_1, r->dp) &&
	       number_fits(t, CKA_EXPONENT_2, r->dq) &&
	       number_fits(t, CKA_COEFFICIENT, r->qinv) &&
	       exponent_fits(t, r, r->p, r->dp) &&
	       exponent_fits(t, r, r->q, r->dq);
}

static bool
number_put(struct builder *b, const BIGNUM *number, size_t size)
{
	uint8_t *space = builder_space(b, size);

	return space != NULL && BN_bn2binpad(number, space, (int)size) >= 0;
}

/* Cards want each number in half the modulus's size. */
static CK_RV
numbers_store(const struct rsa_numbers *r, struct private_key *key)
{
	int bits = BN_num_bits(r->n);
	size_t half = (size_t)bits / 16;
	struct builder *b = &key->numbers;
	struct cursor all;

	if (bits < RSA_BITS_MIN || bits % 16 != 0 ||
	    !number_put(b, r->p, half) || !number_put(b, r->q, half) ||
	    !number_put(b, r->dp, half) || !number_put(b, r->dq, half) ||
	    !number_put(b, r->qinv, half))
		return CKR_KEY_SIZE_RANGE;
	all = builder_read(b);
	key->prime_1 = cursor_take(&all, half);
	key->prime_2 = cursor_take(&all, half);
	key->exponent_1 = cursor_take(&all, half);
	key->exponent_2 = cursor_take(&all, half);
	key->coefficient = cursor_take(&all, half);
	return CKR_OK;
}

static CK_RV
rsa_publish(const struct rsa_numbers *r, struct pubkey **key)
{
	uint8_t n_space[RSA_BITS_MAX / 8], e_space[RSA_BITS_MAX / 8];
	struct builder n = builder_over(n_space, sizeof(n_space));
	struct builder e = builder_over(e_space, sizeof(e_space));

	if (!number_put(&n, r->n, (size_t)BN_num_bytes(r->n)) ||
	    !number_put(&e, r->e, (size_t)BN_num_bytes(r->e)))
		return CKR_KEY_SIZE_RANGE;
	return pubkey_from_rsa(builder_read(&n), builder_read(&e), key);
}

static CK_RV
rsa_load(struct template t, struct private_key *key)
{
	struct rsa_numbers r = { 0 };
	CK_RV rv = CKR_HOST_MEMORY;
	bool good;

	if (value_of(t, CKA_PRIME_1).left == 0 ||
	    value_of(t, CKA_PRIME_2).left == 0 ||
	    value_of(t, CKA_PUBLIC_EXPONENT).left == 0)
		return CKR_TEMPLATE_INCOMPLETE;
	crypto_enter();
	good = numbers_load(t, &r) && numbers_complete(&r) &&
	       numbers_fit(t, &r);
	rv = crypto_leave(good, CKR_ATTRIBUTE_VALUE_INVALID);
	if (rv == CKR_OK)
		rv = numbers_store(&r, key);
	if (rv == CKR_OK)
		rv = rsa_publish(&r, &key->public_key);
	numbers_free(&r);
	return rv;
}

/* The point of a scalar that is less than the order; 0: it is none. */
static size_t
point_make(const struct curve *curve, struct cursor scalar, uint8_t *point,
	   size_t room)
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name_ex(
		crypto_context(), NULL, OBJ_txt2nid(curve->name));
	BIGNUM *number = BN_bin2bn(scalar.at, (int)scalar.left, NULL);
	EC_POINT *at = group != NULL ? EC_POINT_new(group) : NULL;
	size_t size = 0;

	if (at != NULL && number != NULL && !BN_is_zero(number) &&
	    BN_cmp(number, EC_GROUP_get0_order(group)) < 0 &&
	    EC_POINT_mul(group, at, number, NULL, NULL, NULL) == 1)
		size = EC_POINT_point2oct(group, at,
					  POINT_CONVERSION_UNCOMPRESSED, point,
					  room, NULL);
	BN_clear_free(number);
	EC_POINT_free(at);
	EC_GROUP_free(group);
	return size;
}

/* The public key of an Edwards or Montgomery key (RFC 8032, RFC 7748). */
static size_t
bare_make(const struct curve *curve, struct cursor bytes, uint8_t *point,
	  size_t room)
{
	EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key_ex(
		crypto_context(), curve->name, NULL, bytes.at, bytes.left);
	size_t size = room;

	if (pkey == NULL ||
	    EVP_PKEY_get_raw_public_key(pkey, point, &size) != 1)
		size = 0;
	EVP_PKEY_free(pkey);
	return size;
}

static CK_RV
ec_load(CK_KEY_TYPE type, struct template t, struct private_key *key)
{
	struct cursor params = value_of(t, CKA_EC_PARAMS);
	struct cursor value = value_of(t, CKA_VALUE);
	const struct curve *curve = curve_typed(type, params);
	uint8_t point[POINT_MAX];
	size_t size;
	CK_RV rv;

	if (params.left == 0 || value.left == 0)
		return CKR_TEMPLATE_INCOMPLETE;
	if (curve == NULL)
		return curve_refusal(params);
	if (type == CKK_EC)
		builder_padded(&key->numbers, cursor_unpadded(value),
			       curve->field);
	else
		builder_append(&key->numbers, value);
	key->scalar = builder_read(&key->numbers);
	if (!builder_ok(&key->numbers))
		return CKR_ATTRIBUTE_VALUE_INVALID;
	crypto_enter();
	size = (type == CKK_EC ? point_make : bare_make)(
		curve, key->scalar, point, sizeof(point));
	rv = crypto_leave(size > 0, CKR_ATTRIBUTE_VALUE_INVALID);
	if (rv != CKR_OK)
		return rv;
	return pubkey_from_ec(curve, cursor_of(point, size), &key->public_key);
}

/* Clients send the public half along. */
static CK_RV
public_fits(struct template t, const struct pubkey *key)
{
	struct cursor info = value_of(t, CKA_PUBLIC_KEY_INFO);
	struct cursor point = value_of(t, CKA_EC_POINT);
	struct pubkey *given = NULL;
	CK_RV rv = CKR_OK;

	if (info.left > 0 && !cursor_same(info, key->info))
		return CKR_ATTRIBUTE_VALUE_INVALID;
	if (key->curve == NULL || point.left == 0)
		return CKR_OK;
	rv = pubkey_from_ec(key->curve, point, &given);
	if (rv == CKR_OK && !cursor_same(given->info, key->info))
		rv = CKR_ATTRIBUTE_VALUE_INVALID;
	pubkey_free(given);
	return rv == CKR_HOST_MEMORY || rv == CKR_OK
		       ? rv
		       : CKR_ATTRIBUTE_VALUE_INVALID;
}

CK_RV
private_key_of(CK_KEY_TYPE type, struct template t, struct private_key **key)
{
	struct private_key *new = mem_new(sizeof(*new));
	CK_RV rv;

	if (new == NULL)
		return CKR_HOST_MEMORY;
	new->numbers = builder_heap(NUMBERS_MAX);
	if (type == CKK_RSA)
		rv = rsa_load(t, new);
	else if (type == CKK_EC || type == CKK_EC_EDWARDS ||
		 type == CKK_EC_MONTGOMERY)
		rv = ec_load(type, t, new);
	else
		rv = CKR_KEY_TYPE_INCONSISTENT;
	if (rv == CKR_OK)
		rv = public_fits(t, new->public_key);
	if (rv != CKR_OK) {
		private_key_free(new);
		return rv;
	}
	*key = new;
	return CKR_OK;
}

void
private_key_free(struct private_key *key)
{
	if (key == NULL)
		return;
	pubkey_free(key->public_key);
	builder_free(&key->numbers);
	mem_free(key, sizeof(*key));
}
