/* What the chip computes, on libcrypto: making and reading keys. */
#include "chip.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/objects.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <stdio.h>
#include <string.h>

EVP_PKEY *
chip_generate(const struct chip_kind *kind)
{
	switch (kind->type) {
	case CHIP_RSA:
		return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", kind->size * 8);
	case CHIP_EC:
		return EVP_PKEY_Q_keygen(NULL, NULL, "EC", kind->curve);
	case CHIP_ED25519:
		return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	case CHIP_X25519:
		return EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	}
	return NULL;
}

EVP_PKEY *
chip_load(const char *path)
{
	FILE *file = fopen(path, "r");
	EVP_PKEY *key;

	if (!file)
		return NULL;
	key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
	(void)fclose(file);
	return key;
}

static bool
curve_is(EVP_PKEY *key, const char *curve)
{
	char name[64];
	size_t n;

	return EVP_PKEY_get_group_name(key, name, sizeof(name), &n) > 0 &&
	       OBJ_txt2nid(name) == OBJ_txt2nid(curve);
}

bool
chip_matches(EVP_PKEY *key, const struct chip_kind *kind)
{
	switch (kind->type) {
	case CHIP_RSA:
		return EVP_PKEY_is_a(key, "RSA") &&
		       (size_t)EVP_PKEY_get_size(key) == kind->size;
	case CHIP_EC:
		return EVP_PKEY_is_a(key, "EC") && curve_is(key, kind->curve);
	case CHIP_ED25519:
		return EVP_PKEY_is_a(key, "ED25519");
	case CHIP_X25519:
		return EVP_PKEY_is_a(key, "X25519");
	}
	return false;
}

static EVP_PKEY *
key_from(const char *type, OSSL_PARAM_BLD *build)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
	EVP_PKEY *key = NULL;

	if (ctx && params && EVP_PKEY_fromdata_init(ctx) > 0 &&
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params) <= 0)
		key = NULL;
	OSSL_PARAM_free(params);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

/* n = p q, d = 1/e mod (p-1)(q-1), in numbers that belong to ctx. */
static bool
rsa_complete(const BIGNUM *p, const BIGNUM *q, const BIGNUM *e, BIGNUM *n,
	     BIGNUM *d, BN_CTX *ctx)
{
	BIGNUM *p1 = BN_CTX_get(ctx);
	BIGNUM *q1 = BN_CTX_get(ctx);
	BIGNUM *phi = BN_CTX_get(ctx);

	return phi && BN_mul(n, p, q, ctx) && BN_sub(p1, p, BN_value_one()) &&
	       BN_sub(q1, q, BN_value_one()) && BN_mul(phi, p1, q1, ctx) &&
	       BN_mod_inverse(d, e, phi, ctx);
}

EVP_PKEY *
chip_import_rsa(struct span p, struct span q, struct span e)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *numbers[5];
	EVP_PKEY *key = NULL;

	if (!build || !ctx)
		goto out;
	BN_CTX_start(ctx);
	for (int i = 0; i < 5; i++)
		numbers[i] = BN_CTX_get(ctx);
	if (!numbers[4] || !BN_bin2bn(p.at, (int)p.left, numbers[0]) ||
	    !BN_bin2bn(q.at, (int)q.left, numbers[1]) ||
	    !BN_bin2bn(e.at, (int)e.left, numbers[2]) ||
	    !rsa_complete(numbers[0], numbers[1], numbers[2], numbers[3],
			  numbers[4], ctx))
		goto end;
	if (OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, numbers[3]) &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, numbers[2]) &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_D, numbers[4]))
		key = key_from("RSA", build);
end:
	BN_CTX_end(ctx);
out:
	BN_CTX_free(ctx);
	OSSL_PARAM_BLD_free(build);
	return key;
}

/* The uncompressed point of a scalar; its size, or 0. */
static size_t
scalar_point(const char *curve, const BIGNUM *scalar, uint8_t *to, size_t room)
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(OBJ_txt2nid(curve));
	EC_POINT *point = group ? EC_POINT_new(group) : NULL;
	size_t n = 0;

	if (point && !BN_is_zero(scalar) &&
	    BN_cmp(scalar, EC_GROUP_get0_order(group)) < 0 &&
	    EC_POINT_mul(group, point, scalar, NULL, NULL, NULL))
		n = EC_POINT_point2oct(group, point,
				       POINT_CONVERSION_UNCOMPRESSED, to, room,
				       NULL);
	EC_POINT_free(point);
	EC_GROUP_free(group);
	return n;
}

EVP_PKEY *
chip_import_ec(const struct chip_kind *kind, struct span scalar)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	BIGNUM *number = BN_bin2bn(scalar.at, (int)scalar.left, NULL);
	uint8_t point[133];
	size_t n = 0;
	EVP_PKEY *key = NULL;

	if (build && number && scalar.left == kind->size)
		n = scalar_point(kind->curve, number, point, sizeof(point));
	if (n > 0 &&
	    OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME,
					    kind->curve, 0) &&
	    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY,
					     point, n) &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, number))
		key = key_from("EC", build);
	BN_free(number);
	OSSL_PARAM_BLD_free(build);
	return key;
}

EVP_PKEY *
chip_import_raw(const struct chip_kind *kind, struct span secret)
{
	int type =
		kind->type == CHIP_X25519 ? EVP_PKEY_X25519 : EVP_PKEY_ED25519;

	return EVP_PKEY_new_raw_private_key(type, NULL, secret.at, secret.left);
}

static bool
number_write(EVP_PKEY *key, const char *name, struct pile *to)
{
	BIGNUM *number = NULL;
	uint8_t *place;
	bool ok = false;

	if (EVP_PKEY_get_bn_param(key, name, &number) > 0) {
		place = pile_reserve(to, (size_t)BN_num_bytes(number));
		ok = place && BN_bn2bin(number, place) > 0;
	}
	BN_free(number);
	return ok;
}

bool
chip_rsa_public(EVP_PKEY *key, struct pile *n, struct pile *e)
{
	return number_write(key, OSSL_PKEY_PARAM_RSA_N, n) &&
	       number_write(key, OSSL_PKEY_PARAM_RSA_E, e);
}

bool
chip_point(EVP_PKEY *key, struct pile *point)
{
	const char *name = EVP_PKEY_is_a(key, "EC")
				   ? OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY
				   : OSSL_PKEY_PARAM_PUB_KEY;
	uint8_t bytes[133];
	size_t n = 0;

	if (EVP_PKEY_get_octet_string_param(key, name, bytes, sizeof(bytes),
					    &n) <= 0)
		return false;
	pile_bytes(point, bytes, n);
	return !point->bad;
}
