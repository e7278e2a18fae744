/* Message digests: the cached algorithms and a digest under way. */
#include "context.h"
#include "mem.h"

static const struct digest_row {
	const char *name;
	size_t size;
	CK_MECHANISM_TYPE mechanism;
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
};

struct digester {
	EVP_MD_CTX *context;
	size_t size;
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

const struct evp_md_st *
digest_algorithm(enum digest d)
{
	const struct crypto *c = crypto_get();
	return c == NULL ? NULL : c->digests[d];
}

enum digest
digest_of_mechanism(CK_MECHANISM_TYPE type)
{
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

struct digester *
digester_new(enum digest d)
{
	const EVP_MD *algorithm = digest_algorithm(d);
	if (algorithm == NULL)
		return NULL;
	struct digester *new = mem_new(sizeof(*new));
	if (new == NULL)
		return NULL;
	crypto_enter();
	new->size = digest_size(d);
	new->context = EVP_MD_CTX_new();
	new->started =
		new->context !=
		NULL &&EVP_DigestInit_ex2(new->context, algorithm, NULL) == 1;
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
		d->started = EVP_DigestInit_ex2(d->context, NULL, NULL) == 1;
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

void
digester_free(struct digester *d)
{
	if (d == NULL)
		return;
	EVP_MD_CTX_free(d->context);
	mem_free(d, sizeof(*d));
}
