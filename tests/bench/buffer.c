/* Stages "digest" and "random", and the buffers they share with "cipher". */
#include "bench.h"

const size_t sizes[SIZES] = { 16, 1024, MIB };
const char *const size_names[SIZES] = { "16 B", "1 KiB", "1 MiB" };

void
buffer_setup(struct buffer *b, size_t size)
{
	memset(b, 0, sizeof *b);
	b->size = size;
	b->in = malloc(size);
	b->out = malloc(size + 64);
	b->own_out = malloc(size + 64);
	if (!b->in || !b->out || !b->own_out)
		die("out of memory");
	RAND_bytes(b->in, (int)size);
}

void
buffer_free(struct buffer *b)
{
	free(b->in);
	free(b->out);
	free(b->own_out);
	EVP_MD_CTX_free(b->digest);
	EVP_MD_free(b->md);
	EVP_CIPHER_CTX_free(b->context);
	EVP_CIPHER_free(b->cipher);
}

CK_RV
op_digest(void *context)
{
	struct buffer *b = context;
	CK_RV rv = run.p11->C_DigestInit(run.work, &b->mechanism);
	if (rv != CKR_OK)
		return rv;
	b->out_size = 64;
	return run.p11->C_Digest(run.work, b->in, b->size, b->out,
				 &b->out_size);
}

CK_RV
ref_digest(void *context)
{
	struct buffer *b = context;
	unsigned size;
	bool ok = EVP_DigestInit_ex2(b->digest, b->md, NULL) > 0 &&
		  EVP_DigestUpdate(b->digest, b->in, b->size) > 0 &&
		  EVP_DigestFinal_ex(b->digest, b->own_out, &size) > 0;
	return ok ? CKR_OK : CKR_FUNCTION_FAILED;
}

void
digest_setup(struct buffer *b, size_t size)
{
	buffer_setup(b, size);
	b->mechanism.mechanism = CKM_SHA256;
	b->md = EVP_MD_fetch(NULL, "SHA256", NULL);
	b->digest = EVP_MD_CTX_new();
}

static void
digest_run(size_t size, const char *size_name)
{
	struct buffer b;
	char name[80];
	enum verdict verdict = UNCHECKED;
	digest_setup(&b, size);
	if (op_digest(&b) != CKR_OK)
		work_session_renew();
	else if (ref_digest(&b) == CKR_OK)
		verdict = b.out_size == 32 && !memcmp(b.out, b.own_out, 32)
				  ? CONFIRMED
				  : WRONG;
	snprintf(name, sizeof name, "digest SHA-256 %s", size_name);
	measure(&(struct work){ name, op_digest, &b, ref_digest, &b, verdict,
				NULL });
	buffer_free(&b);
}

void
stage_digest(void)
{
	for (size_t i = 0; i < SIZES; i++)
		digest_run(sizes[i], size_names[i]);
}

static CK_RV
op_random(void *context)
{
	struct buffer *b = context;
	return run.p11->C_GenerateRandom(run.work, b->out, b->size);
}

static CK_RV
ref_random(void *context)
{
	struct buffer *b = context;
	return RAND_bytes(b->own_out, (int)b->size) > 0 ? CKR_OK
							: CKR_FUNCTION_FAILED;
}

void
stage_random(void)
{
	static const size_t random_sizes[] = { 32, 4096 };
	for (size_t i = 0; i < COUNT(random_sizes); i++) {
		struct buffer b;
		char name[80];
		buffer_setup(&b, random_sizes[i]);
		snprintf(name, sizeof name, "random %zu B", random_sizes[i]);
		measure(&(struct work){ name, op_random, &b, ref_random, &b,
					UNCHECKED, NULL });
		buffer_free(&b);
	}
}
