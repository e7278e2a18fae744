/* Message authentication codes (PKCS#11 3.2, 6.13.8, 6.14, 6.20 and further).
 */
#include <openssl/core_names.h>

#include "cipher.h"
#include "context.h"
#include "kdf.h"
#include "mem.h"

enum {
	MAC_SIZE_MAX = DIGEST_SIZE_MAX,
	AES_TAG = 16,
	DES_TAG = 8,
	GMAC_IV_MAX = 128,
	TLS_SEED_MAX = 65536,
	TLS_SERVER = 1, /* who signs, in CK_TLS_MAC_PARAMS */
	TLS_CLIENT = 2,
	BITS = 8,
};

enum mac_kind { KIND_HMAC, KIND_CMAC, KIND_GMAC, KIND_TLS };

struct mac {
	EVP_MAC_CTX *context;
	size_t size; /* of what is given out */
	/* A PRF of TLS takes its secret, and label and data, at the end. */
	bool tls;
	CK_MECHANISM_TYPE prf;
	struct builder secret, seed;
};

#define SIGN	 (CKF_SIGN | CKF_VERIFY)
#define ANY_HMAC 1, 512

static const struct secret_row rows[] = {
#define HMAC(name)                                                            \
	{ CKM_##name##_HMAC, CKK_GENERIC_SECRET, SIGN, ANY_HMAC },            \
	{                                                                     \
		CKM_##name##_HMAC_GENERAL, CKK_GENERIC_SECRET, SIGN, ANY_HMAC \
	}
	HMAC(SHA_1),
	HMAC(SHA224),
	HMAC(SHA256),
	HMAC(SHA384),
	HMAC(SHA512),
	HMAC(SHA512_224),
	HMAC(SHA512_256),
	HMAC(SHA3_224),
	HMAC(SHA3_256),
	HMAC(SHA3_384),
	HMAC(SHA3_512),
	HMAC(BLAKE2B_512),
	{ CKM_AES_CMAC, CKK_AES, SIGN, 16, 32 },
	{ CKM_AES_CMAC_GENERAL, CKK_AES, SIGN, 16, 32 },
	{ CKM_DES3_CMAC, CKK_DES3, SIGN, 24, 24 },
	{ CKM_DES3_CMAC_GENERAL, CKK_DES3, SIGN, 24, 24 },
	{ CKM_AES_GMAC, CKK_AES, SIGN, 16, 32 },
	{ CKM_TLS_MAC, CKK_GENERIC_SECRET, SIGN, ANY_HMAC },
	{ CKM_TLS12_MAC, CKK_GENERIC_SECRET, SIGN, ANY_HMAC },
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

/* What the rows mean, in their order. */
static const struct mac_meaning {
	enum mac_kind kind;
	enum digest digest;    /* HMAC */
	enum cipher_mode mode; /* CMAC, GMAC */
	bool general;	       /* the parameter says how much is given out */
	CK_KEY_TYPE own_type;  /* of HMAC keys */
} meanings[] = {
#define HMACS(digest, own)                      \
	{ KIND_HMAC, digest, 0, false, own },   \
	{                                       \
		KIND_HMAC, digest, 0, true, own \
	}
	HMACS(DIGEST_SHA1, CKK_SHA_1_HMAC),
	HMACS(DIGEST_SHA224, CKK_SHA224_HMAC),
	HMACS(DIGEST_SHA256, CKK_SHA256_HMAC),
	HMACS(DIGEST_SHA384, CKK_SHA384_HMAC),
	HMACS(DIGEST_SHA512, CKK_SHA512_HMAC),
	HMACS(DIGEST_SHA512_224, CKK_SHA512_224_HMAC),
	HMACS(DIGEST_SHA512_256, CKK_SHA512_256_HMAC),
	HMACS(DIGEST_SHA3_224, CKK_SHA3_224_HMAC),
	HMACS(DIGEST_SHA3_256, CKK_SHA3_256_HMAC),
	HMACS(DIGEST_SHA3_384, CKK_SHA3_384_HMAC),
	HMACS(DIGEST_SHA3_512, CKK_SHA3_512_HMAC),
	HMACS(DIGEST_BLAKE2B, CKK_BLAKE2B_512_HMAC),
	{ KIND_CMAC, DIGEST_NONE, MODE_AES_CBC, false, CKK_AES },
	{ KIND_CMAC, DIGEST_NONE, MODE_AES_CBC, true, CKK_AES },
	{ KIND_CMAC, DIGEST_NONE, MODE_DES3_CBC, false, CKK_DES3 },
	{ KIND_CMAC, DIGEST_NONE, MODE_DES3_CBC, true, CKK_DES3 },
	{ KIND_GMAC, DIGEST_NONE, MODE_AES_GCM, false, CKK_AES },
	{ KIND_TLS, DIGEST_NONE, 0, false, CKK_GENERIC_SECRET },
	{ KIND_TLS, DIGEST_NONE, 0, false, CKK_GENERIC_SECRET },
};
_Static_assert(ROWS == sizeof(meanings) / sizeof(meanings[0]),
	       "a meaning for each row");

static const char *const kind_names[] = {
	[KIND_HMAC] = "HMAC",
	[KIND_CMAC] = "CMAC",
	[KIND_GMAC] = "GMAC",
};

const struct secret_row *
mac_rows(size_t *count)
{
	*count = ROWS;
	return rows;
}

static const struct mac_meaning *
meaning_find(CK_MECHANISM_TYPE type)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].type == type)
			return &meanings[i];
	return NULL;
}

bool
mac_takes(CK_MECHANISM_TYPE mechanism, CK_KEY_TYPE type)
{
	const struct mac_meaning *m = meaning_find(mechanism);
	return m != NULL &&
	       (type == m->own_type ||
		(m->kind == KIND_HMAC && type == CKK_GENERIC_SECRET));
}

struct mac *
mac_new(void)
{
	return mem_new(sizeof(struct mac));
}

void
mac_end(struct mac *m)
{
	EVP_MAC_CTX_free(m->context);
	m->context = NULL;
	builder_free(&m->secret);
	builder_free(&m->seed);
	m->tls = false;
}

void
mac_free(struct mac *m)
{
	if (m == NULL)
		return;
	mac_end(m);
	mem_free(m, sizeof(*m));
}

/* A context of this kind, with its key. */
static CK_RV
context_start(struct mac *m, enum mac_kind kind, const OSSL_PARAM *params,
	      struct cursor key)
{
	const struct crypto *c = crypto_get();
	static const uint8_t none;
	mac_end(m);
	if (c == NULL)
		return CKR_HOST_MEMORY;
	crypto_enter();
	EVP_MAC *algorithm = EVP_MAC_fetch(c->library, kind_names[kind], NULL);
	m->context = EVP_MAC_CTX_new(algorithm);
	/* an HMAC key may be empty, but NULL would be none at all */
	bool good = m->context != NULL &&
		    EVP_MAC_init(m->context, key.left > 0 ? key.at : &none,
				 key.left, params) == 1;
	EVP_MAC_free(algorithm);
	CK_RV rv = crypto_leave(good, CKR_FUNCTION_FAILED);
	if (rv != CKR_OK)
		mac_end(m);
	return rv;
}

CK_RV
mac_start_hmac(struct mac *m, enum digest d, struct cursor key)
{
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
						 (char *)digest_name(d), 0),
		OSSL_PARAM_construct_end(),
	};
	/* OpenSSL's HMAC cannot tell a digest its size */
	if (digest_optional(d))
		return CKR_MECHANISM_PARAM_INVALID;
	m->size = digest_size(d);
	return context_start(m, KIND_HMAC, params, key);
}

static CK_RV
start_cipher(struct mac *m, const struct mac_meaning *meaning,
	     struct cursor key, struct cursor iv)
{
	const char *name = cipher_name(meaning->mode, key.left);
	OSSL_PARAM params[3] = { OSSL_PARAM_construct_end(),
				 OSSL_PARAM_construct_end(),
				 OSSL_PARAM_construct_end() };
	if (name == NULL)
		return CKR_KEY_SIZE_RANGE;
	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER,
						     (char *)name, 0);
	if (iv.left > 0)
		params[1] = OSSL_PARAM_construct_octet_string(
			OSSL_MAC_PARAM_IV, (void *)iv.at, iv.left);
	return context_start(m, meaning->kind, params, key);
}

/* The IV alone (PKCS#11 2.40), or all that GCM may have. */
static CK_RV
start_gmac(struct mac *m, const struct mac_meaning *meaning,
	   const CK_MECHANISM *mechanism, struct cursor key)
{
	CK_GCM_PARAMS p = { .ulTagBits = BITS * AES_TAG };
	struct cursor iv =
		param_bytes(mechanism->pParameter, mechanism->ulParameterLen);
	struct cursor aad = cursor_of(NULL, 0);
	if (param_read(mechanism, &p, sizeof(p))) {
		iv = param_bytes(p.pIv, p.ulIvLen);
		aad = param_bytes(p.pAAD, p.ulAADLen);
	}
	m->size = p.ulTagBits / BITS;
	if (p.ulTagBits % BITS != 0 || m->size < 4 || m->size > AES_TAG ||
	    !cursor_ok(&aad) || !cursor_ok(&iv) || iv.left == 0 ||
	    iv.left > GMAC_IV_MAX)
		return CKR_MECHANISM_PARAM_INVALID;
	CK_RV rv = start_cipher(m, meaning, key, iv);
	return rv == CKR_OK ? mac_update(m, aad) : rv;
}

/* What ends a handshake (6.40.11; RFC 5246, 7.4.9). */
static CK_RV
start_tls(struct mac *m, const CK_MECHANISM *mechanism, struct cursor key)
{
	CK_TLS_MAC_PARAMS p;
	if (!param_read(mechanism, &p, sizeof(p)) ||
	    (p.prfHashMechanism != CKM_TLS_PRF &&
	     digest_of_mechanism(p.prfHashMechanism) == DIGEST_NONE) ||
	    p.ulMacLength == 0 || p.ulMacLength > MAC_SIZE_MAX ||
	    (p.ulServerOrClient != TLS_SERVER &&
	     p.ulServerOrClient != TLS_CLIENT))
		return CKR_MECHANISM_PARAM_INVALID;
	mac_end(m);
	m->tls = true;
	m->prf = p.prfHashMechanism;
	m->size = p.ulMacLength;
	m->secret = builder_heap(key.left);
	m->seed = builder_heap(TLS_SEED_MAX);
	builder_append(&m->secret, key);
	builder_text(&m->seed, p.ulServerOrClient == TLS_SERVER
				       ? "server finished"
				       : "client finished");
	return builder_ok(&m->secret) && builder_ok(&m->seed)
		       ? CKR_OK
		       : CKR_HOST_MEMORY;
}

CK_RV
mac_start(struct mac *m, const CK_MECHANISM *mechanism, struct cursor key)
{
	const struct mac_meaning *meaning = meaning_find(mechanism->mechanism);
	if (meaning == NULL)
		return CKR_MECHANISM_INVALID;
	if (meaning->kind == KIND_GMAC)
		return start_gmac(m, meaning, mechanism, key);
	if (meaning->kind == KIND_TLS)
		return start_tls(m, mechanism, key);
	size_t full = meaning->mode == MODE_DES3_CBC ? DES_TAG : AES_TAG;
	if (meaning->kind == KIND_HMAC)
		full = digest_size(meaning->digest);
	CK_MAC_GENERAL_PARAMS size = full;
	if (meaning->general ? !param_read(mechanism, &size, sizeof(size))
			     : mechanism->ulParameterLen > 0)
		return CKR_MECHANISM_PARAM_INVALID;
	if (size == 0 || size > full)
		return CKR_MECHANISM_PARAM_INVALID;
	CK_RV rv = meaning->kind == KIND_HMAC
			   ? mac_start_hmac(m, meaning->digest, key)
			   : start_cipher(m, meaning, key, cursor_of(NULL, 0));
	m->size = size;
	return rv;
}

struct mac *
mac_copy(const struct mac *m)
{
	struct mac *copy = mac_new();
	if (copy == NULL)
		return NULL;
	copy->size = m->size;
	copy->tls = m->tls;
	copy->prf = m->prf;
	copy->secret = builder_heap(m->secret.used);
	copy->seed = builder_heap(TLS_SEED_MAX);
	builder_append(&copy->secret, builder_read(&m->secret));
	builder_append(&copy->seed, builder_read(&m->seed));
	crypto_enter();
	if (m->context != NULL)
		copy->context = EVP_MAC_CTX_dup(m->context);
	bool good = (m->context == NULL || copy->context != NULL) &&
		    builder_ok(&copy->secret) && builder_ok(&copy->seed);
	DROP(crypto_leave(good, CKR_OK)); /* NULL says it all */
	if (good)
		return copy;
	mac_free(copy);
	return NULL;
}

size_t
mac_size(const struct mac *m)
{
	return m->size;
}

CK_RV
mac_update(struct mac *m, struct cursor in)
{
	if (m->tls) {
		builder_append(&m->seed, in);
		return builder_ok(&m->seed) ? CKR_OK : CKR_DATA_LEN_RANGE;
	}
	if (m->context == NULL)
		return CKR_OPERATION_NOT_INITIALIZED;
	if (in.bad || EVP_MAC_update(m->context, in.at, in.left) != 1)
		return CKR_FUNCTION_FAILED;
	return CKR_OK;
}

CK_RV
mac_finish(struct mac *m, struct builder *out)
{
	uint8_t space[MAC_SIZE_MAX];
	size_t size = 0;
	if (m->tls)
		return kdf_tls_prf(m->prf, builder_read(&m->secret),
				   builder_read(&m->seed), m->size, out);
	if (m->context == NULL)
		return CKR_OPERATION_NOT_INITIALIZED;
	crypto_enter();
	bool good = EVP_MAC_final(m->context, space, &size, sizeof(space)) == 1;
	CK_RV rv = crypto_leave(good && size >= m->size, CKR_FUNCTION_FAILED);
	if (rv == CKR_OK) {
		builder_put(out, space, m->size);
		rv = crypto_written(out);
	}
	mem_wipe(space, sizeof(space));
	return rv;
}

CK_RV
mac_verify(struct mac *m, struct cursor signature)
{
	uint8_t space[MAC_SIZE_MAX];
	struct builder b = builder_over(space, sizeof(space));
	if (signature.bad || signature.left != m->size)
		return CKR_SIGNATURE_LEN_RANGE;
	CK_RV rv = mac_finish(m, &b);
	if (rv == CKR_OK && !mem_equal(space, signature.at, m->size))
		rv = CKR_SIGNATURE_INVALID;
	mem_wipe(space, sizeof(space));
	return rv;
}
