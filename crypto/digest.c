/* Message digests: the cached algorithms and a digest under way. */
#include <openssl/core_names.h>

#include "context.h"
#include "mem.h"

static const struct digest_row {
	const char *name;
	size_t size;
	CK_MECHANISM_TYPE mechanism;
	/* how the algorithm is told its size, when it has several */
	const char *size_param;
} digest_rows[DIGESTS] = {
	[DIGEST_SHA1] = { "SHA1", 20, CKM_SHA_1 },
	[DIGEST_SHA224] = { "SHA2-224", 28, CKM_SHA224 },
	[DIGEST_SHA256] = { "SHA2-256", 32, CKM_SHA256 },
	[DIGEST_SHA384] = { "SHA2-384", 48, CKM_SHA384 },
	[DIGEST_SHA512] = { "SHA2-512", 64, CKM_SHA512 },
	[DIGEST_SHA512_224] = { "SHA2-512/224", 28, CKM_SHA512_224 },
	[DIGEST_SHA512_256] = { "SHA2-512/256", 32, CKM_SHA512_256 },
	[DIGEST_SHA3_224] = { "SHA3-224", 28, CKM_SHA3_224 },
	[DIGEST_SHA3_256] = { "SHA3-256", 32, CKM_SHA3_256 },
	[DIGEST_SHA3_384] = { "SHA3-384", 48, CKM_SHA3_384 },
	[DIGEST_SHA3_512] = { "SHA3-512", 64, CKM_SHA3_512 },
	[DIGEST_BLAKE2B] = { "BLAKE2B-512", 64, CKM_BLAKE2B_512 },
#define BLAKE2B(size, mechanism)                                          \
	{                                                                 \
		"BLAKE2B-512", size, mechanism, OSSL_DIGEST_PARAM_SIZE \
	}
	[DIGEST_BLAKE2B_160] = BLAKE2B(20, CKM_BLAKE2B_160),
	[DIGEST_BLAKE2B_256] = BLAKE2B(32, CKM_BLAKE2B_256),
	[DIGEST_BLAKE2B_384] = BLAKE2B(48, CKM_BLAKE2B_384),
#define SHAKE(name, size)                                                     \
	{                                                                     \
		name, size, CK_UNAVAILABLE_INFORMATION,                       \
			OSSL_DIGEST_PARAM_XOFLEN                              \
	}
	[DIGEST_SHAKE128] = SHAKE("SHAKE-128", 32),
	[DIGEST_SHAKE256] = SHAKE("SHAKE-256", 64),
};

struct digester {
	EVP_MD_CTX *context;
	size_t size;
	OSSL_PARAM params[2]; /* the size, where that has to be told */
	bool started; /* the context is in the middle of a message */
};

const char *
digest_name(enum digest d)
{
	return digest_rows[d].name;
}

size_t
digest_size(enum digest d)
{
	return digest_rows[d].size;
}

/* Before 3.2 OpenSSL's BLAKE2b is of 512 bits, whatever it is told. */
EVP_MD *
digest_fetch(OSSL_LIB_CTX *library, enum digest d)
{
	const struct digest_row *row = &digest_rows[d];
	EVP_MD *md = EVP_MD_fetch(library, row->name, NULL);
	if (md == NULL || row->size_param == NULL ||
	    OSSL_PARAM_locate_const(EVP_MD_settable_ctx_params(md),
				    row->size_param) != NULL)
		return md;
	EVP_MD_free(md);
	return NULL;
}

bool
digest_optional(enum digest d)
{
	return digest_rows[d].size_param != NULL;
}

const struct evp_md_st *
digest_algorithm(enum digest d)
{
	const struct crypto *c = crypto_get();
	return c == NULL ? NULL : c->digests[d];
}

enum digest
digest_of_mechanism(CK_MECHANISM_TYPE type)
{
	if (type == CK_UNAVAILABLE_INFORMATION)
		return DIGEST_NONE;
	for (enum digest d = DIGEST_NONE + 1; d < DIGESTS; d++)
		if (digest_rows[d].mechanism == type)
			return d;
	return DIGEST_NONE;
}

CK_MECHANISM_TYPE
digest_mechanism(enum digest d)
{
	return digest_rows[d].mechanism;
}

/* What OpenSSL is told at each start. */
static void
digester_tell(struct digester *d, const char *size_param, size_t size)
{
	d->size = size;
	d->params[0] = OSSL_PARAM_construct_end();
	if (size_param != NULL)
		d->params[0] =
			OSSL_PARAM_construct_size_t(size_param, &d->size);
	d->params[1] = OSSL_PARAM_construct_end();
}

struct digester *
digester_new(enum digest d)
{
	const EVP_MD *algorithm = digest_algorithm(d);
	if (algorithm == NULL)
		return NULL;
	struct digester *new = mem_new(sizeof(*new));
	if (new == NULL)
		return NULL;
	digester_tell(new, digest_rows[d].size_param, digest_size(d));
	crypto_enter();
	new->context = EVP_MD_CTX_new();
	new->started = new->context != NULL &&
		       EVP_DigestInit_ex2(new->context, algorithm,
					  new->params) == 1;
	bool good = new->started;
	DROP(crypto_leave(good, CKR_OK)); /* NULL says it all */
	if (good)
		return new;
	digester_free(new);
	return NULL;
}

/*
 * No border to OpenSSL's errors is drawn around the calls below, as it would
 * double what a short digest costs: once started, they fail only for misuse.
 */

/* Without an algorithm OpenSSL keeps the one it has, and fetches nothing. */
static bool
digester_start(struct digester *d)
{
	if (!d->started)
		d->started =
			EVP_DigestInit_ex2(d->context, NULL, d->params) == 1;
	return d->started;
}

CK_RV
digester_update(struct digester *d, struct cursor in)
{
	if (in.bad || !digester_start(d) ||
	    EVP_DigestUpdate(d->context, in.at, in.left) != 1)
		return CKR_FUNCTION_FAILED;
	return CKR_OK;
}

CK_RV
digester_finish(struct digester *d, struct builder *out)
{
	uint8_t *digest = builder_space(out, d->size);
	if (digest == NULL)
		return crypto_written(out);
	bool good = digester_start(d) &&
		    EVP_DigestFinal_ex(d->context, digest, NULL) == 1;
	d->started = false;
	if (good)
		return CKR_OK;
	builder_trim(out, d->size);
	return CKR_FUNCTION_FAILED;
}

void
digester_reset(struct digester *d)
{
	d->started = false;
}

struct digester *
digester_copy(const struct digester *d)
{
	struct digester *copy = mem_new(sizeof(*copy));
	if (copy == NULL)
		return NULL;
	crypto_enter();
	digester_tell(copy, d->params[0].key, d->size);
	copy->started = d->started;
	copy->context = EVP_MD_CTX_new();
	bool good = copy->context != NULL &&
		    EVP_MD_CTX_copy_ex(copy->context, d->context) == 1;
	DROP(crypto_leave(good, CKR_OK)); /* NULL says it all */
	if (good)
		return copy;
	digester_free(copy);
	return NULL;
}

void
digester_free(struct digester *d)
{
	if (d == NULL)
		return;
	EVP_MD_CTX_free(d->context);
	mem_free(d, sizeof(*d));
}
