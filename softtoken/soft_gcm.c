/* AES-256-GCM (SP 800-38D) for what lies on disk. */
#include <limits.h>
#include <openssl/evp.h>

#include "crypto.h"
#include "gcm.h"

/* A context with key, nonce and associated data in it; NULL on failure. */
static EVP_CIPHER_CTX *
gcm_start(const uint8_t key[GCM_KEY_SIZE], const uint8_t *nonce,
	  struct cursor aad, bool seal)
{
	EVP_CIPHER *cipher =
		EVP_CIPHER_fetch(crypto_context(), "AES-256-GCM", NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;

	if (!cipher || !ctx || aad.left > INT_MAX ||
	    EVP_CipherInit_ex2(ctx, cipher, key, nonce, seal, NULL) != 1 ||
	    EVP_CipherUpdate(ctx, NULL, &n, aad.at, (int)aad.left) != 1) {
		EVP_CIPHER_CTX_free(ctx);
		ctx = NULL;
	}
	EVP_CIPHER_free(cipher);
	return ctx;
}

CK_RV
gcm_seal(const uint8_t key[GCM_KEY_SIZE], struct cursor aad,
	 struct cursor plain, struct builder *out)
{
	size_t size = GCM_NONCE_SIZE + plain.left + GCM_TAG_SIZE;
	uint8_t *nonce = plain.left > INT_MAX ? NULL : builder_space(out, size);
	uint8_t *body, *tag;
	EVP_CIPHER_CTX *ctx;
	CK_RV rv;
	int n;

	if (!nonce)
		return CKR_HOST_MEMORY;
	body = nonce + GCM_NONCE_SIZE;
	tag = body + plain.left;
	rv = random_bytes(nonce, GCM_NONCE_SIZE);
	if (rv != CKR_OK)
		return rv;
	rv = CKR_FUNCTION_FAILED;
	ctx = gcm_start(key, nonce, aad, true);
	if (ctx &&
	    EVP_CipherUpdate(ctx, body, &n, plain.at, (int)plain.left) == 1 &&
	    EVP_CipherFinal_ex(ctx, tag, &n) == 1 &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, GCM_TAG_SIZE,
				tag) == 1)
		rv = CKR_OK;
	EVP_CIPHER_CTX_free(ctx);
	return rv;
}

CK_RV
gcm_open(const uint8_t key[GCM_KEY_SIZE], struct cursor aad,
	 struct cursor sealed, struct builder *out)
{
	struct cursor nonce = cursor_take(&sealed, GCM_NONCE_SIZE);
	EVP_CIPHER_CTX *ctx = NULL;
	struct cursor body, tag;
	CK_RV rv = CKR_DATA_INVALID;
	uint8_t *plain, none[1];
	int n;

	if (!cursor_ok(&nonce) || sealed.left < GCM_TAG_SIZE ||
	    sealed.left > INT_MAX)
		return CKR_DATA_INVALID;
	body = cursor_take(&sealed, sealed.left - GCM_TAG_SIZE);
	tag = cursor_rest(&sealed);
	plain = builder_space(out, body.left);
	if (!builder_ok(out))
		return CKR_HOST_MEMORY;
	ctx = gcm_start(key, nonce.at, aad, false);
	if (!ctx)
		rv = CKR_FUNCTION_FAILED;
	else if (EVP_CipherUpdate(ctx, plain ? plain : none, &n, body.at,
				  (int)body.left) == 1 &&
		 EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, GCM_TAG_SIZE,
				     (void *)tag.at) == 1 &&
		 EVP_CipherFinal_ex(ctx, none, &n) == 1)
		rv = CKR_OK;
	if (rv != CKR_OK)
		builder_trim(out, body.left);
	EVP_CIPHER_CTX_free(ctx);
	return rv;
}
