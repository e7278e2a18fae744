/* The two things that an ECDH on a card leaves to the host: is the other's
 * point one, and can what came of it be a secret. */
#include <openssl/core_names.h>

#include "context.h"
#include "der.h"
#include "key.h"
#include "mem.h"

enum {
	POINT_EVEN = 0x02, /* compressed (SEC 1, 2.3.3) */
	POINT_ODD = 0x03,
	POINT_UNCOMPRESSED = 0x04,
	FIELD_MAX = 66,
};

/* Has the point a form that there is on its curve? */
static bool
form_fits(const struct curve *curve, struct cursor point)
{
	size_t size = point.left;

	if (curve->type != CKK_EC)
		return size == curve->field;
	switch (cursor_u8(&point)) {
	case POINT_EVEN:
	case POINT_ODD:
		return size == 1 + curve->field;
	case POINT_UNCOMPRESSED:
		return size == 1 + 2 * curve->field;
	default:
		return false;
	}
}

/* A point of a prime curve, as OpenSSL's key: NULL when it is not on it. */
static EVP_PKEY *
point_load(const struct curve *curve, struct cursor point)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
						 (char *)curve->name, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
						  (void *)point.at, point.left),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *maker =
		EVP_PKEY_CTX_new_from_name(crypto_context(), ALGORITHM_EC, NULL);
	EVP_PKEY *pkey = NULL;

	if (maker == NULL || EVP_PKEY_fromdata_init(maker) != 1 ||
	    EVP_PKEY_fromdata(maker, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		pkey = NULL;
	EVP_PKEY_CTX_free(maker);
	return pkey;
}

static bool
coordinate_put(const EVP_PKEY *pkey, const char *name, size_t size,
	       struct builder *out)
{
	uint8_t *place = builder_space(out, size);
	BIGNUM *number = NULL;
	bool good = place != NULL &&
		    EVP_PKEY_get_bn_param(pkey, name, &number) == 1 &&
		    BN_bn2binpad(number, place, (int)size) == (int)size;

	BN_free(number);
	return good;
}

static CK_RV
prime_point(const struct curve *curve, struct cursor given,
	    struct builder *point)
{
	EVP_PKEY *pkey;
	bool good;

	crypto_enter();
	pkey = point_load(curve, given);
	builder_u8(point, POINT_UNCOMPRESSED);
	good = pkey != NULL &&
	       coordinate_put(pkey, OSSL_PKEY_PARAM_EC_PUB_X, curve->field,
			      point) &&
	       coordinate_put(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, curve->field,
			      point);
	EVP_PKEY_free(pkey);
	return crypto_leave(good, CKR_MECHANISM_PARAM_INVALID);
}

/* With a point of small order every key has the secret zero (RFC 7748, 6.1):
 * a key of ours shows it. */
static bool
order_large(const struct curve *curve, struct cursor point)
{
	OSSL_LIB_CTX *library = crypto_context();
	uint8_t secret[FIELD_MAX];
	size_t size = sizeof(secret);
	EVP_PKEY *peer = EVP_PKEY_new_raw_public_key_ex(
		library, curve->name, NULL, point.at, point.left);
	EVP_PKEY *ours = EVP_PKEY_Q_keygen(library, NULL, curve->name);
	EVP_PKEY_CTX *agreement =
		EVP_PKEY_CTX_new_from_pkey(library, ours, NULL);
	bool good = peer != NULL && agreement != NULL &&
		    EVP_PKEY_derive_init(agreement) == 1 &&
		    EVP_PKEY_derive_set_peer(agreement, peer) == 1 &&
		    EVP_PKEY_derive(agreement, secret, &size) == 1;

	EVP_PKEY_CTX_free(agreement);
	EVP_PKEY_free(ours);
	EVP_PKEY_free(peer);
	mem_wipe(secret, sizeof(secret));
	return good;
}

static CK_RV
montgomery_point(const struct curve *curve, struct cursor given,
		 struct builder *point)
{
	CK_RV rv;

	crypto_enter();
	rv = crypto_leave(order_large(curve, given),
			  CKR_MECHANISM_PARAM_INVALID);
	if (rv != CKR_OK)
		return rv;
	builder_append(point, given);
	return crypto_written(point);
}

CK_RV
peer_form(const struct curve *curve, struct cursor given, struct cursor *bare)
{
	struct cursor octets = given;

	if (!form_fits(curve, given)) {
		given = der_take(&octets, DER_OCTET_STRING, NULL);
		if (!cursor_end(&octets) || !form_fits(curve, given))
			return CKR_MECHANISM_PARAM_INVALID;
	}
	*bare = given;
	return CKR_OK;
}

CK_RV
peer_point(const struct curve *curve, struct cursor given,
	   struct builder *point)
{
	CK_RV rv = peer_form(curve, given, &given);

	if (rv != CKR_OK)
		return rv;
	if (curve->type == CKK_EC)
		return prime_point(curve, given, point);
	return montgomery_point(curve, given, point);
}

/* Every other number is the x of a point. */
static bool
is_coordinate(const struct curve *curve, struct cursor x)
{
	uint8_t space[1 + FIELD_MAX];
	struct builder point = builder_over(space, sizeof(space));
	EVP_PKEY *pkey = NULL;
	CK_RV rv;

	builder_u8(&point, POINT_EVEN);
	builder_append(&point, x);
	crypto_enter();
	if (builder_ok(&point))
		pkey = point_load(curve, builder_read(&point));
	rv = crypto_leave(pkey != NULL, CKR_DATA_INVALID);
	EVP_PKEY_free(pkey);
	mem_wipe(space, sizeof(space));
	return rv == CKR_OK;
}

bool
peer_secret_fits(const struct curve *curve, struct cursor secret)
{
	static const uint8_t zeros[FIELD_MAX];

	if (secret.bad || secret.left != curve->field)
		return false;
	if (curve->type == CKK_EC)
		return is_coordinate(curve, secret);
	return !mem_equal(secret.at, zeros, secret.left);
}
