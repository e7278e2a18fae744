/* Decoded keys, and what they sign and decrypt. */
#include <openssl/rsa.h>

#include "../crypto/context.h"
#include "key_inside.h"
#include "mem.h"

enum { ECDSA_DER_MAX = 160 /* P-521 needs 139 */ };

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
	return key->size;
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

CK_RV
soft_key_sign(struct soft_key *key, const struct scheme *scheme,
	      struct cursor input, struct builder *out)
{
	if (!key->pkey)
		return CKR_KEY_TYPE_INCONSISTENT;
	if (scheme_whole(scheme->kind))
		return message_sign(key->pkey, scheme, input, out);
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
