/* What the chip computes, on libcrypto: the primitives. */
#include "chip.h"

#include <openssl/rand.h>
#include <openssl/rsa.h>

#include <string.h>

/* RSA-4096 is the largest key here. */
#define OUT_MAX 512

static bool
pile_result(struct pile *out, const uint8_t *bytes, size_t n)
{
	pile_bytes(out, bytes, n);
	return !out->bad;
}

bool
chip_rsa(EVP_PKEY *key, struct span block, struct pile *out)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	uint8_t result[OUT_MAX];
	size_t n = sizeof(result);
	bool ok;

	ok = ctx && EVP_PKEY_get_size(key) <= OUT_MAX &&
	     EVP_PKEY_decrypt_init(ctx) > 0 &&
	     EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) > 0 &&
	     EVP_PKEY_decrypt(ctx, result, &n, block.at, block.left) > 0 &&
	     pile_result(out, result, n);
	EVP_PKEY_CTX_free(ctx);
	return ok;
}

static bool
sign_ecdsa(EVP_PKEY *key, struct span hash, struct pile *out)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	uint8_t result[OUT_MAX];
	size_t n = sizeof(result);
	bool ok;

	ok = ctx && EVP_PKEY_sign_init(ctx) > 0 &&
	     EVP_PKEY_sign(ctx, result, &n, hash.at, hash.left) > 0 &&
	     pile_result(out, result, n);
	EVP_PKEY_CTX_free(ctx);
	return ok;
}

static bool
sign_eddsa(EVP_PKEY *key, struct span message, struct pile *out)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t result[OUT_MAX];
	size_t n = sizeof(result);
	bool ok;

	ok = ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) > 0 &&
	     EVP_DigestSign(ctx, result, &n, message.at, message.left) > 0 &&
	     pile_result(out, result, n);
	EVP_MD_CTX_free(ctx);
	return ok;
}

bool
chip_sign(EVP_PKEY *key, struct span message, struct pile *out)
{
	if (EVP_PKEY_is_a(key, "EC"))
		return sign_ecdsa(key, message, out);
	return EVP_PKEY_is_a(key, "ED25519") && sign_eddsa(key, message, out);
}

static EVP_PKEY *
peer_read(EVP_PKEY *key, struct span peer)
{
	EVP_PKEY *other;

	if (EVP_PKEY_is_a(key, "X25519"))
		return EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL,
						   peer.at, peer.left);
	other = EVP_PKEY_new();
	if (!other || EVP_PKEY_copy_parameters(other, key) <= 0 ||
	    EVP_PKEY_set1_encoded_public_key(other, peer.at, peer.left) <= 0) {
		EVP_PKEY_free(other);
		return NULL;
	}
	return other;
}

bool
chip_derive(EVP_PKEY *key, struct span peer, struct pile *out)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	EVP_PKEY *other = peer_read(key, peer);
	uint8_t result[OUT_MAX];
	size_t n = sizeof(result);
	bool ok;

	ok = ctx && other && EVP_PKEY_derive_init(ctx) > 0 &&
	     EVP_PKEY_derive_set_peer(ctx, other) > 0 &&
	     EVP_PKEY_derive(ctx, result, &n) > 0 &&
	     pile_result(out, result, n);
	EVP_PKEY_free(other);
	EVP_PKEY_CTX_free(ctx);
	return ok;
}

bool
chip_block(const struct chip_cipher *cipher, const uint8_t *key, bool encrypt,
	   const uint8_t *in, uint8_t *out)
{
	EVP_CIPHER *kind = EVP_CIPHER_fetch(NULL, cipher->name, NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0;
	bool ok;

	ok = kind && ctx &&
	     EVP_CipherInit_ex2(ctx, kind, key, NULL, encrypt, NULL) > 0 &&
	     EVP_CIPHER_CTX_set_padding(ctx, 0) > 0 &&
	     EVP_CipherUpdate(ctx, out, &n, in, (int)cipher->block_size) > 0 &&
	     (size_t)n == cipher->block_size;
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(kind);
	return ok;
}

bool
chip_random(uint8_t *to, size_t n)
{
	return RAND_bytes(to, (int)n) > 0;
}
