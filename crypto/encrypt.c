/* What a public key computes: its bare operation, and encryption with it. */
#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include "context.h"
#include "mem.h"
#include "pubkey.h"

enum {
	BLOCK_MAX = RSA_BITS_MAX / 8,
	PKCS1_OVERHEAD = 11,
	PARAMS_MAX = 6,
	SECRET_SIZE = 32, /* of any ML-KEM (FIPS 203, 8) */
};

EVP_PKEY_CTX *
computation_new(const struct pubkey *key)
{
	const struct crypto *c = crypto_get();
	if (c == NULL)
		return NULL;
	return EVP_PKEY_CTX_new_from_pkey(c->library, key->pkey, NULL);
}

static bool
computation_prepare(EVP_PKEY_CTX *computation, CK_KEY_TYPE type)
{
	if (type != CKK_RSA)
		return EVP_PKEY_verify_init(computation) == 1;
	return EVP_PKEY_encrypt_init(computation) == 1 &&
	       EVP_PKEY_CTX_set_rsa_padding(computation, RSA_NO_PADDING) == 1;
}

EVP_PKEY_CTX *
computation_take(struct pubkey *key)
{
	struct counted_key *counted = (struct counted_key *)key;
	EVP_PKEY_CTX *computation = atomic_exchange(&counted->idle, NULL);
	if (computation != NULL)
		return computation;
	computation = computation_new(key);
	if (computation != NULL && computation_prepare(computation, key->type))
		return computation;
	EVP_PKEY_CTX_free(computation);
	return NULL;
}

void
computation_put(struct pubkey *key, EVP_PKEY_CTX *computation)
{
	struct counted_key *counted = (struct counted_key *)key;
	EVP_PKEY_CTX_free(atomic_exchange(&counted->idle, computation));
}

CK_RV
rsa_public(struct pubkey *key, struct cursor block, CK_RV otherwise,
	   struct builder *out)
{
	size_t size = pubkey_size(key);
	uint8_t *space = builder_space(out, size);
	if (space == NULL)
		return crypto_written(out);
	crypto_enter();
	EVP_PKEY_CTX *computation = computation_take(key);
	if (computation == NULL)
		otherwise = CKR_FUNCTION_FAILED;
	bool good = computation != NULL &&
		    EVP_PKEY_encrypt(computation, space, &size, block.at,
				     block.left) == 1;
	if (computation != NULL)
		computation_put(key, computation);
	if (!good)
		builder_trim(out, pubkey_size(key));
	return crypto_leave(good, otherwise);
}

OSSL_PARAM
param_text(const char *name, const char *text)
{
	/* OSSL_PARAM has no const, but what is set is only read. */
	return OSSL_PARAM_construct_utf8_string(name, (char *)text, 0);
}

static CK_RV
encrypt_raw(struct pubkey *key, struct cursor input, struct builder *out)
{
	uint8_t space[BLOCK_MAX];
	struct builder block = builder_over(space, sizeof(space));
	builder_padded(&block, input, pubkey_size(key));
	CK_RV rv = builder_ok(&block) ? rsa_public(key, builder_read(&block),
						   CKR_DATA_INVALID, out)
				      : CKR_DATA_LEN_RANGE;
	mem_wipe(space, sizeof(space));
	return rv;
}

static CK_RV
encrypt_padded(struct pubkey *key, const OSSL_PARAM *params,
	       struct cursor input, struct builder *out)
{
	size_t size = pubkey_size(key);
	uint8_t *space = builder_space(out, size);
	if (space == NULL)
		return crypto_written(out);
	crypto_enter();
	EVP_PKEY_CTX *computation = computation_new(key);
	bool good = computation != NULL &&
		    EVP_PKEY_encrypt_init_ex(computation, params) == 1 &&
		    EVP_PKEY_encrypt(computation, space, &size, input.at,
				     input.left) == 1;
	EVP_PKEY_CTX_free(computation);
	if (!good)
		builder_trim(out, pubkey_size(key));
	return crypto_leave(good, CKR_FUNCTION_FAILED);
}

static CK_RV
encrypt_oaep(struct pubkey *key, const struct scheme *scheme,
	     struct cursor input, struct builder *out)
{
	size_t overhead = 2 * digest_size(scheme->hash) + 2;
	size_t size = pubkey_size(key);
	if (size < overhead)
		return CKR_KEY_SIZE_RANGE;
	if (input.left > size - overhead)
		return CKR_DATA_LEN_RANGE;
	OSSL_PARAM params[PARAMS_MAX] = {
		param_text(OSSL_ASYM_CIPHER_PARAM_PAD_MODE,
			   OSSL_PKEY_RSA_PAD_MODE_OAEP),
		param_text(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST,
			   digest_name(scheme->hash)),
		param_text(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST,
			   digest_name(scheme->mgf)),
		OSSL_PARAM_construct_end(),
		OSSL_PARAM_construct_end(),
	};
	/* OpenSSL takes no empty label, and none is the same. */
	if (scheme->label.left > 0)
		params[3] = OSSL_PARAM_construct_octet_string(
			OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL,
			(void *)scheme->label.at, scheme->label.left);
	return encrypt_padded(key, params, input, out);
}

CK_RV
pubkey_encrypt(struct pubkey *key, const struct scheme *scheme,
	       struct cursor input, struct builder *out)
{
	const OSSL_PARAM pkcs1[] = {
		param_text(OSSL_ASYM_CIPHER_PARAM_PAD_MODE,
			   OSSL_PKEY_RSA_PAD_MODE_PKCSV15),
		OSSL_PARAM_construct_end(),
	};
	if (key->type != CKK_RSA)
		return CKR_KEY_TYPE_INCONSISTENT;
	if (input.bad)
		return CKR_DATA_LEN_RANGE;
	switch (scheme->kind) {
	case SCHEME_RSA_PKCS1:
		if (input.left > pubkey_size(key) - PKCS1_OVERHEAD)
			return CKR_DATA_LEN_RANGE;
		return encrypt_padded(key, pkcs1, input, out);
	case SCHEME_RSA_OAEP:
		return encrypt_oaep(key, scheme, input, out);
	case SCHEME_RSA_RAW:
		return encrypt_raw(key, input, out);
	default:
		return CKR_MECHANISM_INVALID;
	}
}

CK_RV
pubkey_encapsulate(struct pubkey *key, struct builder *ciphertext,
		   struct builder *secret)
{
	if (key->type != CKK_ML_KEM)
		return CKR_KEY_TYPE_INCONSISTENT;
	size_t wrapped = pubkey_size(key), size = SECRET_SIZE;
	uint8_t *place = builder_space(ciphertext, wrapped);
	uint8_t *secret_place = builder_space(secret, size);
	if (place == NULL || secret_place == NULL)
		return CKR_HOST_MEMORY;
	crypto_enter();
	EVP_PKEY_CTX *computation = computation_new(key);
	bool good = computation != NULL &&
		    EVP_PKEY_encapsulate_init(computation, NULL) == 1 &&
		    EVP_PKEY_encapsulate(computation, place, &wrapped,
					 secret_place, &size) == 1 &&
		    wrapped == pubkey_size(key) && size == SECRET_SIZE;
	EVP_PKEY_CTX_free(computation);
	return crypto_leave(good, CKR_FUNCTION_FAILED);
}
