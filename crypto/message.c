/* Signatures over whole messages, with their contexts and variants for digests:
 * EdDSA (RFC 8032), ML-DSA (FIPS 204) and SLH-DSA (FIPS 205). */
#include <openssl/core_names.h>

#include "context.h"
#include "mem.h"
#include "message.h"
#include "pubkey.h"

enum {
	PARAMS_MAX = 4,
	OID_MAX = 11,
	PREHASH_MAX = 2 + CONTEXT_MAX + OID_MAX + DIGEST_SIZE_MAX,
};

/* OpenSSL's names of parameters that 3.0 has not yet. */
#define PARAM_INSTANCE	    "instance"
#define PARAM_CONTEXT	    "context-string"
#define PARAM_ENCODING	    "message-encoding"
#define PARAM_DETERMINISTIC "deterministic"

/* What OpenSSL is told of a scheme beside the key. */
struct instruction {
	OSSL_PARAM params[PARAMS_MAX];
	int bare, deterministic;
	struct cursor input;
	uint8_t space[PREHASH_MAX];
};

/* RFC 8032, 5.1 and 5.2 */
static const char *
eddsa_instance(const EVP_PKEY *pkey, const struct scheme *s)
{
	if (EVP_PKEY_is_a(pkey, "ED448"))
		return s->prehashed ? "Ed448ph" : "Ed448";
	if (s->prehashed)
		return "Ed25519ph";
	return s->label.left > 0 ? "Ed25519ctx" : "Ed25519";
}

bool
message_variants(void)
{
	const struct crypto *c = crypto_get();
	if (c == NULL)
		return false;
	crypto_enter();
	EVP_SIGNATURE *algorithm =
		EVP_SIGNATURE_fetch(c->library, "ED25519", NULL);
	const OSSL_PARAM *known =
		algorithm == NULL ? NULL
				  : EVP_SIGNATURE_settable_ctx_params(algorithm);
	bool good = known != NULL &&
		    OSSL_PARAM_locate_const(known, PARAM_INSTANCE) != NULL;
	EVP_SIGNATURE_free(algorithm);
	return crypto_leave(good, CKR_MECHANISM_PARAM_INVALID) == CKR_OK;
}

/* NIST's hash functions by the last number of their OIDs (FIPS 204, 5.4.1). */
static const uint8_t hash_numbers[DIGESTS] = {
	[DIGEST_SHA256] = 1,   [DIGEST_SHA384] = 2,	[DIGEST_SHA512] = 3,
	[DIGEST_SHA224] = 4,   [DIGEST_SHA512_224] = 5, [DIGEST_SHA512_256] = 6,
	[DIGEST_SHA3_224] = 7, [DIGEST_SHA3_256] = 8,	[DIGEST_SHA3_384] = 9,
	[DIGEST_SHA3_512] = 10, [DIGEST_SHAKE128] = 11, [DIGEST_SHAKE256] = 12,
};

bool
message_hash_known(enum digest d)
{
	return hash_numbers[d] != 0 && digest_algorithm(d) != NULL;
}

/* 01, the context and its size, the hash function, the digest (FIPS 204,
 * algorithm 4; FIPS 205, algorithm 23). */
static CK_RV
prehash_write(const struct scheme *s, struct cursor digest, struct builder *out)
{
	static const uint8_t oid[] = { 0x06, 0x09, 0x60, 0x86, 0x48,
				       0x01, 0x65, 0x03, 0x04, 0x02 };
	if (digest.bad || digest.left != digest_size(s->hash))
		return CKR_DATA_LEN_RANGE;
	builder_u8(out, 1);
	builder_u8(out, (uint8_t)s->label.left);
	builder_append(out, s->label);
	builder_put(out, oid, sizeof(oid));
	builder_u8(out, hash_numbers[s->hash]);
	builder_append(out, digest);
	return crypto_written(out);
}

static CK_RV
instruct(struct instruction *i, const EVP_PKEY *pkey, const struct scheme *s,
	 struct cursor input)
{
	OSSL_PARAM *next = i->params;
	bool eddsa = s->kind == SCHEME_EDDSA;
	bool own = s->prehashed && !eddsa;
	CK_RV rv = CKR_OK;
	i->input = input;
	if (eddsa && (s->prehashed || s->label.left > 0))
		*next++ = param_text(PARAM_INSTANCE, eddsa_instance(pkey, s));
	if (s->label.left > 0 && !own)
		*next++ = OSSL_PARAM_construct_octet_string(
			PARAM_CONTEXT, (void *)s->label.at, s->label.left);
	if (own) {
		struct builder b = builder_over(i->space, sizeof(i->space));
		rv = prehash_write(s, input, &b);
		i->input = builder_read(&b);
		i->bare = 0;
		*next++ = OSSL_PARAM_construct_int(PARAM_ENCODING, &i->bare);
	}
	if (s->deterministic) {
		i->deterministic = 1;
		*next++ = OSSL_PARAM_construct_int(PARAM_DETERMINISTIC,
						   &i->deterministic);
	}
	*next = OSSL_PARAM_construct_end();
	return rv;
}

CK_RV
message_sign(EVP_PKEY *pkey, const struct scheme *scheme, struct cursor input,
	     struct builder *out)
{
	const struct crypto *c = crypto_get();
	size_t room = (size_t)EVP_PKEY_get_size(pkey), size = room;
	struct instruction i;
	CK_RV rv = instruct(&i, pkey, scheme, input);
	if (rv != CKR_OK)
		return rv;
	uint8_t *place = builder_space(out, room);
	if (place == NULL || c == NULL)
		return crypto_written(out);
	crypto_enter();
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = context != NULL &&
		    EVP_DigestSignInit_ex(context, NULL, NULL, c->library, NULL,
					  pkey, i.params) == 1 &&
		    EVP_DigestSign(context, place, &size, i.input.at,
				   i.input.left) == 1;
	EVP_MD_CTX_free(context);
	mem_wipe(i.space, sizeof(i.space));
	rv = crypto_leave(good, CKR_FUNCTION_FAILED);
	builder_trim(out, rv == CKR_OK ? room - size : room);
	return rv;
}

CK_RV
message_verify(struct pubkey *key, const struct scheme *scheme,
	       struct cursor input, struct cursor signature)
{
	const struct crypto *c = crypto_get();
	struct instruction i;
	CK_RV rv = instruct(&i, key->pkey, scheme, input);
	if (signature.left != pubkey_size(key))
		return CKR_SIGNATURE_LEN_RANGE;
	if (rv != CKR_OK || c == NULL)
		return rv != CKR_OK ? rv : CKR_HOST_MEMORY;
	crypto_enter();
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool ready = context != NULL &&
		     EVP_DigestVerifyInit_ex(context, NULL, NULL, c->library,
					     NULL, key->pkey, i.params) == 1;
	bool good =
		ready && EVP_DigestVerify(context, signature.at, signature.left,
					  i.input.at, i.input.left) == 1;
	EVP_MD_CTX_free(context);
	return crypto_leave(good, ready ? CKR_SIGNATURE_INVALID
					: CKR_FUNCTION_FAILED);
}
