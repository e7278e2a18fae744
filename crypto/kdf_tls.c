/* The PRFs of TLS 1.0 to 1.2 and the secrets that come of them (PKCS#11 3.2,
 * 6.40; RFC 5246, 8.1; RFC 7627; RFC 5705).
 */
#include <openssl/core_names.h>
#include <openssl/kdf.h>

#include "kdf_inside.h"

enum {
	PREMASTER_SIZE = 48, /* of RSA; it begins with a version */
	MASTER_SIZE = 48,
	SEED_MAX = 66000,
};

/* Label and seed, which are one for the PRF. */
struct tls_seed {
	const char *label;
	struct cursor first, second, context;
	bool with_context; /* led by its length (RFC 5705, 4) */
};

/* MD5 and SHA-1 together, each with a half of the secret. */
static CK_RV
prf_old(struct cursor secret, struct cursor seed, size_t wanted,
	struct builder *out)
{
	char digest[] = "MD5-SHA1";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest,
						 0),
		OSSL_PARAM_construct_octet_string(
			OSSL_KDF_PARAM_SECRET, (void *)secret.at, secret.left),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED,
						  (void *)seed.at, seed.left),
		OSSL_PARAM_construct_end(),
	};
	const struct crypto *c = crypto_get();
	uint8_t *place = builder_space(out, wanted);
	if (c == NULL || place == NULL)
		return CKR_HOST_MEMORY;
	crypto_enter();
	EVP_KDF *kdf = EVP_KDF_fetch(c->library, "TLS1-PRF", NULL);
	EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
	bool good = context != NULL &&
		    EVP_KDF_derive(context, place, wanted, params) == 1;
	EVP_KDF_CTX_free(context);
	EVP_KDF_free(kdf);
	if (!good)
		builder_trim(out, wanted);
	return crypto_leave(good, CKR_MECHANISM_PARAM_INVALID);
}

CK_RV
kdf_tls_prf(CK_MECHANISM_TYPE prf, struct cursor secret, struct cursor seed,
	    size_t wanted, struct builder *out)
{
	enum digest d = digest_of_mechanism(prf);
	if (prf == CKM_TLS_PRF)
		return prf_old(secret, seed, wanted, out);
	if (d == DIGEST_NONE)
		return CKR_MECHANISM_PARAM_INVALID;
	return kdf_p_hash(d, secret, seed, wanted, out);
}

static CK_RV
prf_run(CK_MECHANISM_TYPE prf, const struct kdf_job *job,
	const struct tls_seed *s, struct cursor label, size_t wanted,
	struct builder *out)
{
	struct builder seed = builder_heap(SEED_MAX);
	if (s->label != NULL)
		builder_text(&seed, s->label);
	builder_append(&seed, label);
	builder_append(&seed, s->first);
	builder_append(&seed, s->second);
	if (s->with_context) {
		builder_u16(&seed, (uint16_t)s->context.left);
		builder_append(&seed, s->context);
	}
	CK_RV rv = CKR_MECHANISM_PARAM_INVALID;
	if (builder_ok(&seed))
		rv = kdf_tls_prf(prf, job->base, builder_read(&seed), wanted,
				 out);
	builder_free(&seed);
	return rv;
}

/* The master secret; the version that RSA hides goes to who asks for it. */
static CK_RV
master_make(const struct kdf_job *job, CK_MECHANISM_TYPE hash,
	    const struct tls_seed *seed, CK_VERSION *version, bool rsa,
	    struct builder *out)
{
	struct cursor base = job->base;
	if (job->wanted > 0 && job->wanted != MASTER_SIZE)
		return CKR_KEY_SIZE_RANGE;
	/* where there is no version, none is to be asked for */
	if (!rsa && version != NULL)
		return CKR_MECHANISM_PARAM_INVALID;
	if (rsa && base.left != PREMASTER_SIZE)
		return CKR_KEY_SIZE_RANGE;
	CK_RV rv =
		prf_run(hash, job, seed, cursor_of(NULL, 0), MASTER_SIZE, out);
	if (rv == CKR_OK && version != NULL) {
		version->major = cursor_u8(&base);
		version->minor = cursor_u8(&base);
	}
	return rv;
}

/* TLS 1.0 and 1.1 have no choice of a hash. */
static bool
master_read(const CK_MECHANISM *mechanism, CK_TLS12_MASTER_KEY_DERIVE_PARAMS *p)
{
	CK_SSL3_MASTER_KEY_DERIVE_PARAMS old;
	if (mechanism->mechanism == CKM_TLS12_MASTER_KEY_DERIVE ||
	    mechanism->mechanism == CKM_TLS12_MASTER_KEY_DERIVE_DH)
		return param_read(mechanism, p, sizeof(*p));
	if (!param_read(mechanism, &old, sizeof(old)))
		return false;
	*p = (CK_TLS12_MASTER_KEY_DERIVE_PARAMS){
		.RandomInfo = old.RandomInfo,
		.pVersion = old.pVersion,
		.prfHashMechanism = CKM_TLS_PRF,
	};
	return true;
}

CK_RV
kdf_tls_master(const struct kdf_job *job, struct builder *out)
{
	CK_MECHANISM_TYPE type = job->mechanism->mechanism;
	bool rsa = type == CKM_TLS12_MASTER_KEY_DERIVE ||
		   type == CKM_TLS_MASTER_KEY_DERIVE;
	CK_TLS12_MASTER_KEY_DERIVE_PARAMS p;
	if (!master_read(job->mechanism, &p))
		return CKR_MECHANISM_PARAM_INVALID;
	const struct tls_seed seed = {
		.label = "master secret",
		.first = param_bytes(p.RandomInfo.pClientRandom,
				     p.RandomInfo.ulClientRandomLen),
		.second = param_bytes(p.RandomInfo.pServerRandom,
				      p.RandomInfo.ulServerRandomLen),
	};
	return master_make(job, p.prfHashMechanism, &seed, p.pVersion, rsa,
			   out);
}

CK_RV
kdf_tls_extended(const struct kdf_job *job, struct builder *out)
{
	bool rsa = job->mechanism->mechanism ==
		   CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE;
	CK_TLS12_EXTENDED_MASTER_KEY_DERIVE_PARAMS p;
	if (!param_read(job->mechanism, &p, sizeof(p)))
		return CKR_MECHANISM_PARAM_INVALID;
	const struct tls_seed seed = {
		.label = "extended master secret",
		.first = param_bytes(p.pSessionHash, p.ulSessionHashLen),
		.second = cursor_of(NULL, 0),
	};
	return master_make(job, p.prfHashMechanism, &seed, p.pVersion, rsa,
			   out);
}

/* An exporter: any label, and perhaps a context. */
CK_RV
kdf_tls_export(const struct kdf_job *job, struct builder *out)
{
	CK_TLS_KDF_PARAMS p;
	if (!param_read(job->mechanism, &p, sizeof(p)))
		return CKR_MECHANISM_PARAM_INVALID;
	const struct tls_seed seed = {
		.first = param_bytes(p.RandomInfo.pClientRandom,
				     p.RandomInfo.ulClientRandomLen),
		.second = param_bytes(p.RandomInfo.pServerRandom,
				      p.RandomInfo.ulServerRandomLen),
		.context = param_bytes(p.pContextData, p.ulContextDataLength),
		.with_context = p.pContextData != NULL,
	};
	if (seed.context.left > UINT16_MAX || p.ulLabelLength == 0)
		return CKR_MECHANISM_PARAM_INVALID;
	if (job->wanted == 0)
		return CKR_TEMPLATE_INCOMPLETE;
	return prf_run(p.prfMechanism, job, &seed,
		       param_bytes(p.pLabel, p.ulLabelLength), job->wanted,
		       out);
}
