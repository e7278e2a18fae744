/* Decoded keys, and what they compute. */
#include "soft_key.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <stdatomic.h>

#include "../crypto/context.h"
#include "mem.h"
#include "tlv.h"

enum { ECDSA_DER_MAX = 160 /* P-521 needs 139 */ };

struct soft_key {
	atomic_uint references;
	struct pubkey *public_key; /* of a public key, then PKEY is NULL */
	EVP_PKEY *pkey;
	CK_KEY_TYPE type;
	size_t bits;
	size_t field; /* bytes of a modulus, or of r or s */
	const struct curve *curve; /* of a private key, NULL: RSA */
	/* Prepared for the bare private operation. It is never used itself but
	 * copied, as that costs much less than to prepare another. */
	_Atomic(EVP_PKEY_CTX *) prepared;
};

/* What OpenSSL calls the attributes. */
static const struct part {
	CK_ATTRIBUTE_TYPE type;
	const char *name;
} rsa_parts[] = {
	{ CKA_MODULUS, OSSL_PKEY_PARAM_RSA_N },
	{ CKA_PUBLIC_EXPONENT, OSSL_PKEY_PARAM_RSA_E },
	{ CKA_PRIVATE_EXPONENT, OSSL_PKEY_PARAM_RSA_D },
	{ CKA_PRIME_1, OSSL_PKEY_PARAM_RSA_FACTOR1 },
	{ CKA_PRIME_2, OSSL_PKEY_PARAM_RSA_FACTOR2 },
	{ CKA_EXPONENT_1, OSSL_PKEY_PARAM_RSA_EXPONENT1 },
	{ CKA_EXPONENT_2, OSSL_PKEY_PARAM_RSA_EXPONENT2 },
	{ CKA_COEFFICIENT, OSSL_PKEY_PARAM_RSA_COEFFICIENT1 },
};
enum { RSA_PARTS = 8, RSA_PARTS_WITHOUT_CRT = 3 };

static const struct part ec_private_value = { CKA_VALUE,
					      OSSL_PKEY_PARAM_PRIV_KEY };

static struct soft_key *
key_new(CK_KEY_TYPE type, size_t bits, size_t field)
{
	struct soft_key *k = mem_new(sizeof(*k));

	if (!k)
		return NULL;
	atomic_init(&k->references, 1);
	k->type = type;
	k->bits = bits;
	k->field = field;
	return k;
}

/* Takes PKEY, also on failure. */
static CK_RV
private_new(EVP_PKEY *pkey, CK_KEY_TYPE type, const struct curve *curve,
	    struct soft_key **key)
{
	size_t bits = (size_t)EVP_PKEY_get_bits(pkey);
	size_t size = (size_t)EVP_PKEY_get_size(pkey);
	struct soft_key *k = key_new(type, bits, curve ? curve->field : size);

	if (!k) {
		EVP_PKEY_free(pkey);
		return CKR_HOST_MEMORY;
	}
	k->pkey = pkey;
	k->curve = curve;
	*key = k;
	return CKR_OK;
}

/* Numbers of a private key are marked secure: OpenSSL wipes its copies then. */
static bool
part_push(OSSL_PARAM_BLD *bld, const struct part *part,
	  const struct attrs *attrs, BIGNUM **number)
{
	struct cursor value = attrs_value(attrs, part->type);

	*number = BN_secure_new();
	return *number && cursor_ok(&value) && value.left <= RSA_BITS_MAX / 8 &&
	       BN_bin2bn(value.at, (int)value.left, *number) &&
	       OSSL_PARAM_BLD_push_BN(bld, part->name, *number) == 1;
}

static EVP_PKEY *
pkey_build(const char *algorithm, OSSL_PARAM_BLD *bld)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
	EVP_PKEY_CTX *ctx =
		EVP_PKEY_CTX_new_from_name(crypto_context(), algorithm, NULL);
	EVP_PKEY *pkey = NULL;
	bool good;

	crypto_enter();
	good = params && ctx && EVP_PKEY_fromdata_init(ctx) == 1 &&
	       EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, params) == 1;
	if (crypto_leave(good, CKR_FUNCTION_FAILED) != CKR_OK)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	return pkey;
}

static CK_RV
rsa_private_load(const struct attrs *attrs, struct soft_key **key)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	BIGNUM *numbers[RSA_PARTS] = { NULL };
	int count = attrs_find(attrs, CKA_COEFFICIENT) ? RSA_PARTS
						       : RSA_PARTS_WITHOUT_CRT;
	bool fine = bld != NULL;
	EVP_PKEY *pkey = NULL;

	for (int i = 0; fine && i < count; i++)
		fine = part_push(bld, &rsa_parts[i], attrs, &numbers[i]);
	if (fine)
		pkey = pkey_build(ALGORITHM_RSA, bld);
	for (int i = 0; i < count; i++)
		BN_clear_free(numbers[i]);
	OSSL_PARAM_BLD_free(bld);
	if (!pkey)
		return CKR_ATTRIBUTE_VALUE_INVALID;
	return private_new(pkey, CKK_RSA, NULL, key);
}

static CK_RV
ec_private_load(const struct attrs *attrs, struct soft_key **key)
{
	const struct curve *curve =
		curve_find(attrs_value(attrs, CKA_EC_PARAMS));
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	BIGNUM *number = NULL;
	EVP_PKEY *pkey = NULL;

	if (curve && bld &&
	    OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME,
					    curve->name, 0) == 1 &&
	    part_push(bld, &ec_private_value, attrs, &number))
		pkey = pkey_build(ALGORITHM_EC, bld);
	BN_clear_free(number);
	OSSL_PARAM_BLD_free(bld);
	if (!curve)
		return CKR_CURVE_NOT_SUPPORTED;
	if (!pkey)
		return CKR_ATTRIBUTE_VALUE_INVALID;
	return private_new(pkey, CKK_EC, curve, key);
}

/* Edwards and Montgomery keys are bytes (RFC 8032, RFC 7748). */
static CK_RV
raw_private_load(const struct attrs *attrs, CK_KEY_TYPE type,
		 struct soft_key **key)
{
	const struct curve *curve =
		curve_typed(type, attrs_value(attrs, CKA_EC_PARAMS));
	struct cursor value = attrs_value(attrs, CKA_VALUE);
	EVP_PKEY *pkey = NULL;

	if (!curve)
		return CKR_CURVE_NOT_SUPPORTED;
	crypto_enter();
	if (cursor_ok(&value))
		pkey = EVP_PKEY_new_raw_private_key_ex(crypto_context(),
						       curve->name, NULL,
						       value.at, value.left);
	if (crypto_leave(pkey != NULL, CKR_FUNCTION_FAILED) != CKR_OK)
		return CKR_ATTRIBUTE_VALUE_INVALID;
	return private_new(pkey, type, curve, key);
}

CK_RV
soft_key_of_info(struct cursor spki, struct soft_key **key)
{
	struct pubkey *public_key = NULL;
	struct soft_key *k;
	CK_RV rv = pubkey_from_info(spki, &public_key);

	if (rv != CKR_OK)
		return rv;
	k = key_new(public_key->type, public_key->bits,
		    public_key->type == CKK_RSA ? pubkey_size(public_key)
						: public_key->curve->field);
	if (!k) {
		pubkey_free(public_key);
		return CKR_HOST_MEMORY;
	}
	k->public_key = public_key;
	*key = k;
	return CKR_OK;
}

CK_RV
soft_key_load(const struct attrs *attrs, struct soft_key **key)
{
	CK_OBJECT_CLASS class =
		attrs_ulong(attrs, CKA_CLASS, CK_UNAVAILABLE_INFORMATION);
	CK_KEY_TYPE type =
		attrs_ulong(attrs, CKA_KEY_TYPE, CK_UNAVAILABLE_INFORMATION);

	if (class == CKO_PUBLIC_KEY)
		return soft_key_of_info(attrs_value(attrs, CKA_PUBLIC_KEY_INFO),
					key);
	if (class == CKO_PRIVATE_KEY && type == CKK_RSA)
		return rsa_private_load(attrs, key);
	if (class == CKO_PRIVATE_KEY && type == CKK_EC)
		return ec_private_load(attrs, key);
	if (class == CKO_PRIVATE_KEY &&
	    (type == CKK_EC_EDWARDS || type == CKK_EC_MONTGOMERY))
		return raw_private_load(attrs, type, key);
	return CKR_KEY_TYPE_INCONSISTENT;
}

struct soft_key *
soft_key_ref(struct soft_key *key)
{
	atomic_fetch_add(&key->references, 1);
	return key;
}

void
soft_key_unref(struct soft_key *key)
{
	if (!key || atomic_fetch_sub(&key->references, 1) != 1)
		return;
	EVP_PKEY_CTX_free(atomic_load(&key->prepared));
	EVP_PKEY_free(key->pkey);
	pubkey_free(key->public_key);
	mem_free(key, sizeof(*key));
}

CK_KEY_TYPE
soft_key_type(const struct soft_key *key)
{
	return key->type;
}

size_t
soft_key_size(const struct soft_key *key)
{
	return key->type == CKK_RSA ? key->field : 2 * key->field;
}

static bool
context_prepare(EVP_PKEY_CTX *ctx, CK_KEY_TYPE type)
{
	if (type == CKK_EC)
		return EVP_PKEY_sign_init(ctx) == 1;
	return EVP_PKEY_decrypt_init(ctx) == 1 &&
	       EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) == 1;
}

static EVP_PKEY_CTX *
context_new(struct soft_key *key)
{
	EVP_PKEY_CTX *ctx =
		EVP_PKEY_CTX_new_from_pkey(crypto_context(), key->pkey, NULL);

	if (ctx && context_prepare(ctx, key->type))
		return ctx;
	EVP_PKEY_CTX_free(ctx);
	return NULL;
}

/* A context of the caller's own; NULL when there is none to be had. */
static EVP_PKEY_CTX *
context_get(struct soft_key *key)
{
	EVP_PKEY_CTX *shared = atomic_load(&key->prepared), *mine;

	if (shared)
		return EVP_PKEY_CTX_dup(shared);
	mine = context_new(key);
	if (!mine)
		return NULL;
	if (atomic_compare_exchange_strong(&key->prepared, &shared, mine))
		return EVP_PKEY_CTX_dup(mine);
	return mine; /* another thread was faster */
}

/* The bare private operation on a block as long as the modulus. */
static CK_RV
rsa_private(struct soft_key *key, struct cursor block, CK_RV otherwise,
	    struct builder *out)
{
	uint8_t *space = builder_space(out, key->field);
	size_t size = key->field;
	EVP_PKEY_CTX *ctx;
	bool good;

	if (!space)
		return crypto_written(out);
	crypto_enter();
	ctx = context_get(key);
	good = ctx &&
	       EVP_PKEY_decrypt(ctx, space, &size, block.at, block.left) == 1;
	EVP_PKEY_CTX_free(ctx);
	if (!good)
		builder_trim(out, key->field);
	return crypto_leave(good, otherwise);
}

/* The padding is ours and the operation OpenSSL's, so that one prepared context
 * serves every mechanism. */
static CK_RV
rsa_sign(struct soft_key *key, const struct scheme *scheme, struct cursor input,
	 struct builder *out)
{
	uint8_t space[RSA_BITS_MAX / 8];
	struct builder block = builder_over(space, sizeof(space));
	CK_RV rv = padding_encode(scheme, input, key->bits, &block);

	/* a raw block that is not below the modulus is the caller's fault */
	if (rv == CKR_OK)
		rv = rsa_private(key, builder_read(&block),
				 scheme->kind == SCHEME_RSA_RAW
					 ? CKR_DATA_INVALID
					 : CKR_FUNCTION_FAILED,
				 out);
	mem_wipe(space, block.used);
	return rv;
}

static CK_RV
ecdsa_sign(struct soft_key *key, struct cursor input, struct builder *out)
{
	uint8_t der[ECDSA_DER_MAX];
	size_t size = sizeof(der);
	EVP_PKEY_CTX *ctx;
	bool good;
	CK_RV rv;

	crypto_enter();
	ctx = context_get(key);
	good = ctx && EVP_PKEY_sign(ctx, der, &size, input.at, input.left) == 1;
	EVP_PKEY_CTX_free(ctx);
	rv = crypto_leave(good, CKR_FUNCTION_FAILED);
	if (rv == CKR_OK)
		rv = ecdsa_split(cursor_of(der, size), key->field, out);
	return rv;
}

static CK_RV
eddsa_sign(struct soft_key *key, struct cursor message, struct builder *out)
{
	size_t size = 2 * key->field;
	uint8_t *space = builder_space(out, size);
	EVP_MD_CTX *ctx;
	bool good;

	if (!space)
		return crypto_written(out);
	crypto_enter();
	ctx = EVP_MD_CTX_new();
	good = ctx &&
	       EVP_DigestSignInit_ex(ctx, NULL, NULL, crypto_context(), NULL,
				     key->pkey, NULL) == 1 &&
	       EVP_DigestSign(ctx, space, &size, message.at, message.left) == 1;
	EVP_MD_CTX_free(ctx);
	return crypto_leave(good, CKR_FUNCTION_FAILED);
}

CK_RV
soft_key_sign(struct soft_key *key, const struct scheme *scheme,
	      struct cursor input, struct builder *out)
{
	if (!key->pkey)
		return CKR_KEY_TYPE_INCONSISTENT;
	if (key->type == CKK_EC_EDWARDS)
		return eddsa_sign(key, input, out);
	return key->type == CKK_EC ? ecdsa_sign(key, input, out)
				   : rsa_sign(key, scheme, input, out);
}

CK_RV
soft_key_decrypt(struct soft_key *key, const struct scheme *scheme,
		 struct cursor input, struct builder *out)
{
	uint8_t space[RSA_BITS_MAX / 8];
	struct builder block = builder_over(space, sizeof(space));
	CK_RV rv;

	if (!key->pkey || key->type != CKK_RSA)
		return CKR_KEY_TYPE_INCONSISTENT;
	if (input.left != key->field)
		return CKR_ENCRYPTED_DATA_LEN_RANGE;
	rv = rsa_private(key, input, CKR_ENCRYPTED_DATA_INVALID, &block);
	if (rv == CKR_OK)
		rv = padding_decode(scheme, builder_read(&block), out);
	mem_wipe(space, block.used);
	return rv;
}

CK_RV
soft_key_verify(struct soft_key *key, const struct scheme *scheme,
		struct cursor input, struct cursor signature)
{
	if (!key->public_key)
		return CKR_KEY_TYPE_INCONSISTENT;
	return pubkey_verify(key->public_key, scheme, input, signature);
}

CK_RV
soft_key_recover(struct soft_key *key, const struct scheme *scheme,
		 struct cursor signature, struct builder *out)
{
	if (!key->public_key)
		return CKR_KEY_TYPE_INCONSISTENT;
	return pubkey_recover(key->public_key, scheme, signature, out);
}

CK_RV
soft_key_encrypt(struct soft_key *key, const struct scheme *scheme,
		 struct cursor input, struct builder *out)
{
	if (!key->public_key)
		return CKR_KEY_TYPE_INCONSISTENT;
	return pubkey_encrypt(key->public_key, scheme, input, out);
}

/* The other half of the agreement, on this key's curve. */
static EVP_PKEY *
peer_new(const struct soft_key *key, struct cursor point)
{
	EVP_PKEY *peer;

	if (key->type == CKK_EC_MONTGOMERY)
		return EVP_PKEY_new_raw_public_key_ex(crypto_context(),
						      key->curve->name, NULL,
						      point.at, point.left);
	peer = EVP_PKEY_new();
	if (peer && EVP_PKEY_copy_parameters(peer, key->pkey) == 1 &&
	    EVP_PKEY_set1_encoded_public_key(peer, point.at, point.left) == 1)
		return peer;
	EVP_PKEY_free(peer);
	return NULL;
}

static bool
secret_compute(struct soft_key *key, EVP_PKEY *peer, uint8_t *secret,
	       size_t *size)
{
	EVP_PKEY_CTX *ctx =
		EVP_PKEY_CTX_new_from_pkey(crypto_context(), key->pkey, NULL);
	bool good = ctx && EVP_PKEY_derive_init(ctx) == 1 &&
		    EVP_PKEY_derive_set_peer(ctx, peer) == 1 &&
		    EVP_PKEY_derive(ctx, secret, size) == 1;

	EVP_PKEY_CTX_free(ctx);
	return good;
}

CK_RV
soft_key_agree(struct soft_key *key, struct cursor point,
	       struct builder *secret)
{
	size_t size;
	uint8_t *space;
	EVP_PKEY *peer;
	bool good = false;
	CK_RV rv;

	if (!key || !key->pkey ||
	    (key->type != CKK_EC && key->type != CKK_EC_MONTGOMERY))
		return CKR_KEY_TYPE_INCONSISTENT;
	rv = peer_form(key->curve, point, &point);
	if (rv != CKR_OK)
		return rv;
	size = key->field;
	space = builder_space(secret, size);
	if (!space)
		return CKR_FUNCTION_FAILED;
	crypto_enter();
	peer = peer_new(key, point);
	if (peer)
		good = secret_compute(key, peer, space, &size) &&
		       size == key->field;
	EVP_PKEY_free(peer);
	return crypto_leave(good, CKR_MECHANISM_PARAM_INVALID);
}
