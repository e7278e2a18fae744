/* Verification of signatures with a public key. */
#include <openssl/core_names.h>

#include "context.h"
#include "pubkey.h"

enum {
	BLOCK_MAX = RSA_BITS_MAX / 8,
	ECDSA_DER_MAX = 160, /* P-521 needs 139 */
	FILLER_MIN = 8,
};

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

/* r || s, of ECDSA and DSA. */
static CK_RV
verify_pair(struct pubkey *key, struct cursor input, struct cursor signature)
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
	size_t size = pubkey_size(key);
	if (key->type != scheme_key_type(scheme->kind))
		return CKR_KEY_TYPE_INCONSISTENT;
	if (input.bad)
		return CKR_DATA_LEN_RANGE;
	if (signature.bad || signature.left > size)
		return CKR_SIGNATURE_LEN_RANGE;
	if (scheme_whole(scheme->kind))
		return message_verify(key, scheme, input, signature);
	if (scheme->kind == SCHEME_ECDSA) {
		/* It may be shorter (PKCS#11 3.2, 6.3.1), but r as long as s */
		if (signature.left == 0 || signature.left % 2 != 0)
			return CKR_SIGNATURE_LEN_RANGE;
		return verify_pair(key, input, signature);
	}
	if (signature.left != size)
		return CKR_SIGNATURE_LEN_RANGE;
	if (scheme->kind == SCHEME_DSA)
		return verify_pair(key, input, signature);
	if (scheme->kind == SCHEME_RSA_PSS)
		return verify_pss(key, scheme, input, signature);
	return verify_block(key, scheme, input, signature);
}

/* 00 01 FF ... FF 00 message (RFC 8017, 9.2), of no secret. */
static CK_RV
block_open(struct cursor block, struct builder *out)
{
	size_t filler = 0;
	if (cursor_u8(&block) != 0x00 || cursor_u8(&block) != 0x01)
		return CKR_SIGNATURE_INVALID;
	uint8_t byte = cursor_u8(&block);
	for (; byte == 0xFF; filler++)
		byte = cursor_u8(&block);
	if (byte != 0x00 || filler < FILLER_MIN || !cursor_ok(&block))
		return CKR_SIGNATURE_INVALID;
	builder_append(out, block);
	return crypto_written(out);
}

CK_RV
pubkey_recover(struct pubkey *key, const struct scheme *scheme,
	       struct cursor signature, struct builder *out)
{
	uint8_t space[BLOCK_MAX];
	struct builder block = builder_over(space, sizeof(space));
	if (key->type != CKK_RSA)
		return CKR_KEY_TYPE_INCONSISTENT;
	if (signature.bad || signature.left != pubkey_size(key))
		return CKR_SIGNATURE_LEN_RANGE;
	CK_RV rv = rsa_public(key, signature, CKR_SIGNATURE_INVALID, &block);
	if (rv != CKR_OK)
		return rv;
	if (scheme->kind == SCHEME_RSA_PKCS1)
		return block_open(builder_read(&block), out);
	if (scheme->kind != SCHEME_RSA_RAW)
		return CKR_MECHANISM_INVALID;
	builder_append(out, builder_read(&block));
	return crypto_written(out);
}
