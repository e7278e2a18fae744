/* What a public key computes: verification and encryption. */
#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include "context.h"
#include "mem.h"
#include "pubkey.h"

enum {
	BLOCK_MAX = RSA_BITS_MAX / 8,
	ECDSA_DER_MAX = 160, /* P-521 needs 139 */
	PKCS1_OVERHEAD = 11,
	PARAMS_MAX = 6,
};

static EVP_PKEY_CTX *
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
	if (type == CKK_EC)
		return EVP_PKEY_verify_init(computation) == 1;
	return EVP_PKEY_encrypt_init(computation) == 1 &&
	       EVP_PKEY_CTX_set_rsa_padding(computation, RSA_NO_PADDING) == 1;
}

/* The prepared computation of the key, or another one like it. */
static EVP_PKEY_CTX *
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

static void
computation_put(struct pubkey *key, EVP_PKEY_CTX *computation)
{
	struct counted_key *counted = (struct counted_key *)key;
	EVP_PKEY_CTX_free(atomic_exchange(&counted->idle, computation));
}

/* The bare public operation on a block as long as the modulus; OTHERWISE says
 * what it means that the block is no number below the modulus. */
static CK_RV
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

/*
 * PKCS#1 v1.5 and raw: the block that the signature must hold is made anew and
 * compared (RFC 8017, 8.2.2), so no parser meets what a forger may have put
 * there.
 */
static CK_RV
verify_block(struct pubkey *key, const struct scheme *scheme,
	     struct cursor input, struct cursor signature)
{
	uint8_t wanted_space[BLOCK_MAX], found_space[BLOCK_MAX];
	struct builder wanted =
		builder_over(wanted_space, sizeof(wanted_space));
	struct builder found = builder_over(found_space, sizeof(found_space));
	CK_RV rv = padding_encode(scheme, input, key->bits, &wanted);
	if (rv != CKR_OK)
		return rv;
	rv = rsa_public(key, signature, CKR_SIGNATURE_INVALID, &found);
	if (rv != CKR_OK)
		return rv;
	return cursor_same(builder_read(&wanted), builder_read(&found))
		       ? CKR_OK
		       : CKR_SIGNATURE_INVALID;
}

static OSSL_PARAM
param_text(const char *name, const char *text)
{
	/* OSSL_PARAM has no const, but what is set is only read. */
	return OSSL_PARAM_construct_utf8_string(name, (char *)text, 0);
}

static CK_RV
verify_pss(struct pubkey *key, const struct scheme *scheme, struct cursor input,
	   struct cursor signature)
{
	int salt = (int)scheme->salt;
	const char *hash = digest_name(scheme->hash);
	const char *mgf = digest_name(scheme->mgf);
	const OSSL_PARAM params[] = {
		param_text(OSSL_SIGNATURE_PARAM_DIGEST, hash),
		param_text(OSSL_SIGNATURE_PARAM_PAD_MODE,
			   OSSL_PKEY_RSA_PAD_MODE_PSS),
		OSSL_PARAM_construct_int(OSSL_SIGNATURE_PARAM_PSS_SALTLEN,
					 &salt),
		param_text(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, mgf),
		OSSL_PARAM_construct_end(),
	};
	if (input.left != digest_size(scheme->hash))
		return CKR_DATA_LEN_RANGE;
	crypto_enter();
	EVP_PKEY_CTX *computation = computation_new(key);
	bool ready = computation != NULL &&
		     EVP_PKEY_verify_init_ex(computation, params) == 1;
	bool good = ready &&
		    EVP_PKEY_verify(computation, signature.at, signature.left,
				    input.at, input.left) == 1;
	EVP_PKEY_CTX_free(computation);
	return crypto_leave(good, ready ? CKR_SIGNATURE_INVALID
					: CKR_FUNCTION_FAILED);
}

static CK_RV
verify_ecdsa(struct pubkey *key, struct cursor input, struct cursor signature)
{
	uint8_t space[ECDSA_DER_MAX];
	struct builder der = builder_over(space, sizeof(space));
	CK_RV rv = ecdsa_join(signature, &der);
	if (rv != CKR_OK)
		return rv;
	struct cursor joined = builder_read(&der);
	crypto_enter();
	EVP_PKEY_CTX *computation = computation_take(key);
	bool good = computation != NULL &&
		    EVP_PKEY_verify(computation, joined.at, joined.left,
				    input.at, input.left) == 1;
	rv = crypto_leave(good, computation != NULL ? CKR_SIGNATURE_INVALID
						    : CKR_FUNCTION_FAILED);
	if (computation != NULL)
		computation_put(key, computation);
	return rv;
}

CK_RV
pubkey_verify(struct pubkey *key, const struct scheme *scheme,
	      struct cursor input, struct cursor signature)
{
	bool ecdsa = scheme->kind == SCHEME_ECDSA;
	size_t size = pubkey_size(key);
	if (ecdsa != (key->type == CKK_EC))
		return CKR_KEY_TYPE_INCONSISTENT;
	if (input.bad)
		return CKR_DATA_LEN_RANGE;
	if (signature.bad || signature.left > size)
		return CKR_SIGNATURE_LEN_RANGE;
	if (ecdsa) {
		/* It may be shorter (PKCS#11 3.2, 6.3.1), but r as long as s */
		if (signature.left == 0 || signature.left % 2 != 0)
			return CKR_SIGNATURE_LEN_RANGE;
		return verify_ecdsa(key, input, signature);
	}
	if (signature.left != size)
		return CKR_SIGNATURE_LEN_RANGE;
	if (scheme->kind == SCHEME_RSA_PSS)
		return verify_pss(key, scheme, input, signature);
	return verify_block(key, scheme, input, signature);
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
