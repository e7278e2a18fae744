/* Public keys of finite fields: DSA (FIPS 186-4) and Diffie-Hellman (PKCS #3). */
#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include "context.h"
#include "der.h"
#include "pubkey.h"

enum { NUMBERS_MAX = 4 * (RSA_BITS_MAX / 8) };

/* id-dsa (RFC 3279, 2.3.2) */
static const uint8_t dsa_oid[] = { 0x2A, 0x86, 0x48, 0xCE, 0x38, 0x04, 0x01 };
/* dhKeyAgreement (PKCS #3, 9) */
static const uint8_t dh_oid[] = { 0x2A, 0x86, 0x48, 0x86, 0xF7,
				  0x0D, 0x01, 0x03, 0x01 };

bool
ffc_oid_type(struct cursor oid, CK_KEY_TYPE *type)
{
	if (cursor_is(oid, dsa_oid, sizeof(dsa_oid)))
		*type = CKK_DSA;
	else if (cursor_is(oid, dh_oid, sizeof(dh_oid)))
		*type = CKK_DH;
	else
		return false;
	return true;
}

void
ffc_algorithm_write(const struct pubkey *key, struct builder *out)
{
	bool dsa = key->type == CKK_DSA;
	struct builder numbers = builder_heap(NUMBERS_MAX);
	tlv_put(out, DER_OID,
		dsa ? cursor_of(dsa_oid, sizeof(dsa_oid))
		    : cursor_of(dh_oid, sizeof(dh_oid)));
	der_put_unsigned(&numbers, key->prime);
	if (dsa)
		der_put_unsigned(&numbers, key->subprime);
	der_put_unsigned(&numbers, key->base);
	tlv_put(out, DER_SEQUENCE, builder_read(&numbers));
	out->bad |= numbers.bad;
	builder_free(&numbers);
}

bool
ffc_parse(struct cursor parameter, struct cursor bits, struct pubkey *key)
{
	struct cursor numbers = der_take(&parameter, DER_SEQUENCE, NULL);
	key->prime = der_take_unsigned(&numbers);
	if (key->type == CKK_DSA)
		key->subprime = der_take_unsigned(&numbers);
	key->base = der_take_unsigned(&numbers);
	/* PKCS #3 may say how long private values are */
	if (key->type == CKK_DH && numbers.left > 0)
		der_take_unsigned(&numbers);
	key->value = der_take_unsigned(&bits);
	return cursor_end(&parameter) && cursor_end(&numbers) &&
	       cursor_end(&bits);
}

static bool
number_push(OSSL_PARAM_BLD *build, const char *name, struct cursor value,
	    BIGNUM **number)
{
	*number = BN_bin2bn(value.at, (int)value.left, NULL);
	return *number != NULL &&
	       OSSL_PARAM_BLD_push_BN(build, name, *number) == 1;
}

OSSL_PARAM *
ffc_params(const struct pubkey *key)
{
	OSSL_PARAM *params = NULL;
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	BIGNUM *p = NULL, *q = NULL, *g = NULL, *y = NULL;
	if (build != NULL &&
	    number_push(build, OSSL_PKEY_PARAM_FFC_P, key->prime, &p) &&
	    (key->type == CKK_DH ||
	     number_push(build, OSSL_PKEY_PARAM_FFC_Q, key->subprime, &q)) &&
	    number_push(build, OSSL_PKEY_PARAM_FFC_G, key->base, &g) &&
	    number_push(build, OSSL_PKEY_PARAM_PUB_KEY, key->value, &y))
		params = OSSL_PARAM_BLD_to_param(build);
	OSSL_PARAM_BLD_free(build);
	BN_free(p);
	BN_free(q);
	BN_free(g);
	BN_free(y);
	return params;
}
