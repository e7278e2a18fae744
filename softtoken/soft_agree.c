/* Secrets that two keys agree on, or that one is sent. */
#include <openssl/dh.h>

#include "../crypto/context.h"
#include "key_inside.h"

enum { SECRET_SIZE = 32 /* of any ML-KEM (FIPS 203, 8) */ };

/* The other half of the agreement, on this key's curve or in its field. */
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
		    (key->type != CKK_DH ||
		     EVP_PKEY_CTX_set_dh_pad(ctx, 1) == 1) &&
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
	CK_RV rv = CKR_OK;

	if (!key || !key->pkey ||
	    (key->type != CKK_EC && key->type != CKK_EC_MONTGOMERY &&
	     key->type != CKK_DH))
		return CKR_KEY_TYPE_INCONSISTENT;
	if (key->type != CKK_DH)
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

CK_RV
soft_key_encapsulate(struct soft_key *key, struct builder *ciphertext,
		     struct builder *secret)
{
	if (!key || !key->public_key)
		return CKR_KEY_TYPE_INCONSISTENT;
	return pubkey_encapsulate(key->public_key, ciphertext, secret);
}

/* A ciphertext that was tampered with gives another secret (FIPS 203, 6.3). */
CK_RV
soft_key_decapsulate(struct soft_key *key, struct cursor ciphertext,
		     struct builder *secret)
{
	size_t size = SECRET_SIZE;
	EVP_PKEY_CTX *ctx;
	uint8_t *space;
	bool good;

	if (!key || !key->pkey || key->type != CKK_ML_KEM)
		return CKR_KEY_TYPE_INCONSISTENT;
	if (ciphertext.left != key->size)
		return CKR_WRAPPED_KEY_LEN_RANGE;
	space = builder_space(secret, size);
	if (!space)
		return CKR_FUNCTION_FAILED;
	crypto_enter();
	ctx = EVP_PKEY_CTX_new_from_pkey(crypto_context(), key->pkey, NULL);
	good = ctx && EVP_PKEY_decapsulate_init(ctx, NULL) == 1 &&
	       EVP_PKEY_decapsulate(ctx, space, &size, ciphertext.at,
				    ciphertext.left) == 1;
	EVP_PKEY_CTX_free(ctx);
	return crypto_leave(good, CKR_FUNCTION_FAILED);
}
