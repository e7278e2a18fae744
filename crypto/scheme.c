/* Mechanisms and their parameters as schemes (PKCS#11 3.2, 6.1 and 6.3). */
#include "context.h"

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
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

const struct scheme_row *
scheme_rows(size_t *count)
{
	*count = ROWS;
	return rows;
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

/* No parameter is pure EdDSA without a context; so is one that says just that
 * (6.3.16). Variants need an OpenSSL that has them. */
static CK_RV
eddsa_parse(const CK_MECHANISM *mechanism)
{
	CK_EDDSA_PARAMS param;
	if (mechanism->pParameter == NULL && mechanism->ulParameterLen == 0)
		return CKR_OK;
	if (!param_read(mechanism, &param, sizeof(param)))
		return CKR_MECHANISM_PARAM_INVALID;
	return param.phFlag == CK_FALSE && param.ulContextDataLen == 0
		       ? CKR_OK
		       : CKR_MECHANISM_PARAM_INVALID;
}

CK_RV
scheme_parse(const CK_MECHANISM *mechanism, struct scheme *scheme)
{
	const struct scheme_row *row = scheme_find(mechanism->mechanism);
	if (row == NULL)
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
		rv = eddsa_parse(mechanism);
	else if (mechanism->pParameter != NULL || mechanism->ulParameterLen)
		rv = CKR_MECHANISM_PARAM_INVALID;
	if (rv == CKR_OK)
		*scheme = s;
	return rv;
}
