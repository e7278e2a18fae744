/* Mechanisms and their parameters as schemes (PKCS#11 3.2, 6.1, 6.3, 6.67 and
 * 6.69). */
#include "context.h"
#include "key.h"
#include "message.h"

#define USE_SIGN    (CKF_SIGN | CKF_VERIFY)
#define USE_CRYPT   (CKF_ENCRYPT | CKF_DECRYPT)
#define USE_RECOVER (CKF_SIGN_RECOVER | CKF_VERIFY_RECOVER)

static const struct scheme_row rows[] = {
	{ CKM_RSA_PKCS, SCHEME_RSA_PKCS1, DIGEST_NONE,
	  USE_SIGN | USE_CRYPT | USE_RECOVER },
	{ CKM_SHA1_RSA_PKCS, SCHEME_RSA_PKCS1, DIGEST_SHA1, USE_SIGN },
	{ CKM_SHA224_RSA_PKCS, SCHEME_RSA_PKCS1, DIGEST_SHA224, USE_SIGN },
	{ CKM_SHA256_RSA_PKCS, SCHEME_RSA_PKCS1, DIGEST_SHA256, USE_SIGN },
	{ CKM_SHA384_RSA_PKCS, SCHEME_RSA_PKCS1, DIGEST_SHA384, USE_SIGN },
	{ CKM_SHA512_RSA_PKCS, SCHEME_RSA_PKCS1, DIGEST_SHA512, USE_SIGN },
	{ CKM_SHA3_224_RSA_PKCS, SCHEME_RSA_PKCS1, DIGEST_SHA3_224, USE_SIGN },
	{ CKM_SHA3_256_RSA_PKCS, SCHEME_RSA_PKCS1, DIGEST_SHA3_256, USE_SIGN },
	{ CKM_SHA3_384_RSA_PKCS, SCHEME_RSA_PKCS1, DIGEST_SHA3_384, USE_SIGN },
	{ CKM_SHA3_512_RSA_PKCS, SCHEME_RSA_PKCS1, DIGEST_SHA3_512, USE_SIGN },
	{ CKM_RSA_X_509, SCHEME_RSA_RAW, DIGEST_NONE,
	  USE_SIGN | USE_CRYPT | USE_RECOVER },
	{ CKM_RSA_PKCS_PSS, SCHEME_RSA_PSS, DIGEST_NONE, USE_SIGN },
	{ CKM_SHA1_RSA_PKCS_PSS, SCHEME_RSA_PSS, DIGEST_SHA1, USE_SIGN },
	{ CKM_SHA224_RSA_PKCS_PSS, SCHEME_RSA_PSS, DIGEST_SHA224, USE_SIGN },
	{ CKM_SHA256_RSA_PKCS_PSS, SCHEME_RSA_PSS, DIGEST_SHA256, USE_SIGN },
	{ CKM_SHA384_RSA_PKCS_PSS, SCHEME_RSA_PSS, DIGEST_SHA384, USE_SIGN },
	{ CKM_SHA512_RSA_PKCS_PSS, SCHEME_RSA_PSS, DIGEST_SHA512, USE_SIGN },
	{ CKM_SHA3_224_RSA_PKCS_PSS, SCHEME_RSA_PSS, DIGEST_SHA3_224,
	  USE_SIGN },
	{ CKM_SHA3_256_RSA_PKCS_PSS, SCHEME_RSA_PSS, DIGEST_SHA3_256,
	  USE_SIGN },
	{ CKM_SHA3_384_RSA_PKCS_PSS, SCHEME_RSA_PSS, DIGEST_SHA3_384,
	  USE_SIGN },
	{ CKM_SHA3_512_RSA_PKCS_PSS, SCHEME_RSA_PSS, DIGEST_SHA3_512,
	  USE_SIGN },
	{ CKM_RSA_PKCS_OAEP, SCHEME_RSA_OAEP, DIGEST_NONE, USE_CRYPT },
	{ CKM_ECDSA, SCHEME_ECDSA, DIGEST_NONE, USE_SIGN },
	{ CKM_ECDSA_SHA1, SCHEME_ECDSA, DIGEST_SHA1, USE_SIGN },
	{ CKM_ECDSA_SHA224, SCHEME_ECDSA, DIGEST_SHA224, USE_SIGN },
	{ CKM_ECDSA_SHA256, SCHEME_ECDSA, DIGEST_SHA256, USE_SIGN },
	{ CKM_ECDSA_SHA384, SCHEME_ECDSA, DIGEST_SHA384, USE_SIGN },
	{ CKM_ECDSA_SHA512, SCHEME_ECDSA, DIGEST_SHA512, USE_SIGN },
	{ CKM_ECDSA_SHA3_224, SCHEME_ECDSA, DIGEST_SHA3_224, USE_SIGN },
	{ CKM_ECDSA_SHA3_256, SCHEME_ECDSA, DIGEST_SHA3_256, USE_SIGN },
	{ CKM_ECDSA_SHA3_384, SCHEME_ECDSA, DIGEST_SHA3_384, USE_SIGN },
	{ CKM_ECDSA_SHA3_512, SCHEME_ECDSA, DIGEST_SHA3_512, USE_SIGN },
	{ CKM_EDDSA, SCHEME_EDDSA, DIGEST_NONE, USE_SIGN },
	/* old signatures are verified, new ones not made */
	{ CKM_DSA, SCHEME_DSA, DIGEST_NONE, CKF_VERIFY },
	{ CKM_DSA_SHA1, SCHEME_DSA, DIGEST_SHA1, CKF_VERIFY },
	{ CKM_DSA_SHA224, SCHEME_DSA, DIGEST_SHA224, CKF_VERIFY },
	{ CKM_DSA_SHA256, SCHEME_DSA, DIGEST_SHA256, CKF_VERIFY },
	{ CKM_DSA_SHA384, SCHEME_DSA, DIGEST_SHA384, CKF_VERIFY },
	{ CKM_DSA_SHA512, SCHEME_DSA, DIGEST_SHA512, CKF_VERIFY },
	{ CKM_DSA_SHA3_224, SCHEME_DSA, DIGEST_SHA3_224, CKF_VERIFY },
	{ CKM_DSA_SHA3_256, SCHEME_DSA, DIGEST_SHA3_256, CKF_VERIFY },
	{ CKM_DSA_SHA3_384, SCHEME_DSA, DIGEST_SHA3_384, CKF_VERIFY },
	{ CKM_DSA_SHA3_512, SCHEME_DSA, DIGEST_SHA3_512, CKF_VERIFY },
#define WHOLE_SCHEMES(name)                                                  \
	{ CKM_##name, SCHEME_##name, DIGEST_NONE, USE_SIGN },                \
		{ CKM_HASH_##name, SCHEME_##name, DIGEST_NONE, USE_SIGN },   \
		WHOLE_HASHED(name, SHA224), WHOLE_HASHED(name, SHA256),      \
		WHOLE_HASHED(name, SHA384), WHOLE_HASHED(name, SHA512),      \
		WHOLE_HASHED(name, SHA3_224), WHOLE_HASHED(name, SHA3_256),  \
		WHOLE_HASHED(name, SHA3_384), WHOLE_HASHED(name, SHA3_512),  \
		WHOLE_HASHED(name, SHAKE128), WHOLE_HASHED(name, SHAKE256)
#define WHOLE_HASHED(name, hash)                                          \
	{                                                                 \
		CKM_HASH_##name##_##hash, SCHEME_##name, DIGEST_##hash, \
			USE_SIGN                                          \
	}
	WHOLE_SCHEMES(ML_DSA),
	WHOLE_SCHEMES(SLH_DSA),
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

const struct scheme_row *
scheme_rows(size_t *count)
{
	*count = ROWS;
	return rows;
}

CK_KEY_TYPE
scheme_key_type(enum scheme_kind kind)
{
	switch (kind) {
	case SCHEME_ECDSA:
		return CKK_EC;
	case SCHEME_DSA:
		return CKK_DSA;
	case SCHEME_EDDSA:
		return CKK_EC_EDWARDS;
	case SCHEME_ML_DSA:
		return CKK_ML_DSA;
	case SCHEME_SLH_DSA:
		return CKK_SLH_DSA;
	default:
		return CKK_RSA;
	}
}

bool
scheme_whole(enum scheme_kind kind)
{
	return kind == SCHEME_EDDSA || kind == SCHEME_ML_DSA ||
	       kind == SCHEME_SLH_DSA;
}

bool
scheme_can(const struct scheme_row *row)
{
	return key_type_available(scheme_key_type(row->kind)) &&
	       (row->digest == DIGEST_NONE ||
		digest_algorithm(row->digest) != NULL);
}

static const struct scheme_row *
scheme_find(CK_MECHANISM_TYPE type)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].type == type)
			return &rows[i];
	return NULL;
}

static enum digest
digest_of_mgf(CK_RSA_PKCS_MGF_TYPE mgf)
{
	static const CK_RSA_PKCS_MGF_TYPE mgfs[DIGESTS] = {
		[DIGEST_SHA1] = CKG_MGF1_SHA1,
		[DIGEST_SHA224] = CKG_MGF1_SHA224,
		[DIGEST_SHA256] = CKG_MGF1_SHA256,
		[DIGEST_SHA384] = CKG_MGF1_SHA384,
		[DIGEST_SHA512] = CKG_MGF1_SHA512,
		[DIGEST_SHA3_224] = CKG_MGF1_SHA3_224,
		[DIGEST_SHA3_256] = CKG_MGF1_SHA3_256,
		[DIGEST_SHA3_384] = CKG_MGF1_SHA3_384,
		[DIGEST_SHA3_512] = CKG_MGF1_SHA3_512,
	};
	for (enum digest d = DIGEST_NONE + 1; d < DIGESTS; d++)
		if (mgfs[d] != 0 && mgfs[d] == mgf)
			return d;
	return DIGEST_NONE;
}

bool
param_read(const CK_MECHANISM *mechanism, void *param, size_t size)
{
	if (mechanism->pParameter == NULL || mechanism->ulParameterLen != size)
		return false;
	struct cursor c = cursor_of(mechanism->pParameter, size);
	cursor_copy(&c, param, size);
	return cursor_end(&c);
}

struct cursor
param_bytes(const void *data, CK_ULONG size)
{
	struct cursor c = cursor_of(data, data == NULL ? 0 : size);
	if (data == NULL && size > 0)
		cursor_fail(&c);
	return c;
}

static bool
hashes_fit(const struct scheme *s)
{
	return s->hash != DIGEST_NONE && s->hash < DIGEST_SIGNATURES &&
	       s->mgf != DIGEST_NONE;
}

static CK_RV
pss_parse(const CK_MECHANISM *mechanism, struct scheme *s)
{
	CK_RSA_PKCS_PSS_PARAMS param;
	if (!param_read(mechanism, &param, sizeof(param)))
		return CKR_MECHANISM_PARAM_INVALID;
	s->hash = digest_of_mechanism(param.hashAlg);
	s->mgf = digest_of_mgf(param.mgf);
	s->salt = param.sLen;
	if (!hashes_fit(s))
		return CKR_MECHANISM_PARAM_INVALID;
	if (s->digest != DIGEST_NONE && s->digest != s->hash)
		return CKR_MECHANISM_PARAM_INVALID;
	if (s->salt > RSA_BITS_MAX / 8)
		return CKR_MECHANISM_PARAM_INVALID;
	return CKR_OK;
}

static CK_RV
oaep_parse(const CK_MECHANISM *mechanism, struct scheme *s)
{
	CK_RSA_PKCS_OAEP_PARAMS param;
	if (!param_read(mechanism, &param, sizeof(param)))
		return CKR_MECHANISM_PARAM_INVALID;
	s->hash = digest_of_mechanism(param.hashAlg);
	s->mgf = digest_of_mgf(param.mgf);
	if (!hashes_fit(s))
		return CKR_MECHANISM_PARAM_INVALID;
	if (param.pSourceData == NULL && param.ulSourceDataLen != 0)
		return CKR_MECHANISM_PARAM_INVALID;
	/* Clients that use no label leave the source at 0. */
	if (param.source != CKZ_DATA_SPECIFIED &&
	    (param.source != 0 || param.ulSourceDataLen != 0))
		return CKR_MECHANISM_PARAM_INVALID;
	s->label = cursor_of(param.pSourceData, param.ulSourceDataLen);
	return CKR_OK;
}

static bool
context_read(struct scheme *s, const void *context, CK_ULONG size)
{
	s->label = param_bytes(context, size);
	return cursor_ok(&s->label) && s->label.left <= CONTEXT_MAX;
}

/* No parameter is pure EdDSA without a context; so is one that says just that
 * (6.3.16). Variants need an OpenSSL that has them. */
static CK_RV
eddsa_parse(const CK_MECHANISM *mechanism, struct scheme *s)
{
	CK_EDDSA_PARAMS param;
	if (mechanism->pParameter == NULL && mechanism->ulParameterLen == 0)
		return CKR_OK;
	if (!param_read(mechanism, &param, sizeof(param)) ||
	    !context_read(s, param.pContextData, param.ulContextDataLen))
		return CKR_MECHANISM_PARAM_INVALID;
	s->prehashed = param.phFlag != CK_FALSE;
	if ((s->prehashed || s->label.left > 0) && !message_variants())
		return CKR_MECHANISM_PARAM_INVALID;
	return CKR_OK;
}

/* A mechanism that leaves the digest to the caller says which in its parameter;
 * all others may go without one (6.67.5, 6.69.5). */
static CK_RV
whole_parse(const CK_MECHANISM *mechanism, struct scheme *s)
{
	CK_HASH_SIGN_ADDITIONAL_CONTEXT hashed = { .hash = 0 };
	CK_SIGN_ADDITIONAL_CONTEXT plain = { .hedgeVariant = 0 };
	bool named = mechanism->mechanism == CKM_HASH_ML_DSA ||
		     mechanism->mechanism == CKM_HASH_SLH_DSA;
	s->hash = s->digest;
	if (named) {
		if (!param_read(mechanism, &hashed, sizeof(hashed)))
			return CKR_MECHANISM_PARAM_INVALID;
		s->hash = digest_of_mechanism(hashed.hash);
		if (!message_hash_known(s->hash))
			return CKR_MECHANISM_PARAM_INVALID;
		plain = (CK_SIGN_ADDITIONAL_CONTEXT){ hashed.hedgeVariant,
						      hashed.pContext,
						      hashed.ulContextLen };
	} else if ((mechanism->pParameter != NULL ||
		    mechanism->ulParameterLen > 0) &&
		   !param_read(mechanism, &plain, sizeof(plain))) {
		return CKR_MECHANISM_PARAM_INVALID;
	}
	s->prehashed = s->hash != DIGEST_NONE;
	s->deterministic = plain.hedgeVariant == CKH_DETERMINISTIC_REQUIRED;
	if (plain.hedgeVariant > CKH_DETERMINISTIC_REQUIRED ||
	    !context_read(s, plain.pContext, plain.ulContextLen))
		return CKR_MECHANISM_PARAM_INVALID;
	return CKR_OK;
}

CK_RV
scheme_parse(const CK_MECHANISM *mechanism, struct scheme *scheme)
{
	const struct scheme_row *row = scheme_find(mechanism->mechanism);
	if (row == NULL || !scheme_can(row))
		return CKR_MECHANISM_INVALID;
	struct scheme s = { .kind = row->kind,
			    .digest = row->digest,
			    .label = cursor_of(NULL, 0) };
	CK_RV rv = CKR_OK;
	if (s.kind == SCHEME_RSA_PSS)
		rv = pss_parse(mechanism, &s);
	else if (s.kind == SCHEME_RSA_OAEP)
		rv = oaep_parse(mechanism, &s);
	else if (s.kind == SCHEME_EDDSA)
		rv = eddsa_parse(mechanism, &s);
	else if (scheme_whole(s.kind))
		rv = whole_parse(mechanism, &s);
	else if (mechanism->pParameter != NULL || mechanism->ulParameterLen)
		rv = CKR_MECHANISM_PARAM_INVALID;
	if (rv == CKR_OK)
		*scheme = s;
	return rv;
}
