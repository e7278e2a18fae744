/* One signature case, on the module's side and on libcrypto's. */
#include "bench.h"

const struct signature_kind signature_kinds[KIND_COUNT] = {
	{ "RSA-2048 PKCS1-SHA256", K_RSA2048, CKM_SHA256_RSA_PKCS, "SHA256",
	  PAD_PKCS1, 256, false, false },
	{ "RSA-3072 PKCS1-SHA256", K_RSA3072, CKM_SHA256_RSA_PKCS, "SHA256",
	  PAD_PKCS1, 256, false, false },
	{ "RSA-2048 PSS-SHA256", K_RSA2048, CKM_SHA256_RSA_PKCS_PSS, "SHA256",
	  PAD_PSS, 256, false, false },
	{ "ECDSA P-256 (digest)", K_P256, CKM_ECDSA, NULL, PAD_NONE, 32, true,
	  true },
	{ "ECDSA P-256 SHA256", K_P256, CKM_ECDSA_SHA256, "SHA256", PAD_NONE,
	  256, false, true },
	{ "ECDSA P-384 (digest)", K_P384, CKM_ECDSA, NULL, PAD_NONE, 48, true,
	  true },
	{ "Ed25519", K_ED, CKM_EDDSA, NULL, PAD_NONE, 256, false, false },
	{ "ML-DSA-65", K_MLDSA, CKM_ML_DSA, NULL, PAD_NONE, 256, false, false },
};

CK_RV
op_sign(void *context)
{
	struct signature *s = context;
	CK_RV rv = run.p11->C_SignInit(s->session, &s->mechanism, s->key);
	if (rv != CKR_OK)
		return rv;
	s->size = sizeof s->value;
	return run.p11->C_Sign(s->session, s->message, s->message_size,
			       s->value, &s->size);
}

CK_RV
op_verify(void *context)
{
	struct signature *s = context;
	CK_RV rv = run.p11->C_VerifyInit(s->session, &s->mechanism, s->key);
	if (rv != CKR_OK)
		return rv;
	return run.p11->C_Verify(s->session, s->message, s->message_size,
				 s->value, s->size);
}

static bool
set_padding(EVP_PKEY_CTX *c, enum padding padding, const EVP_MD *md)
{
	if (padding == PAD_PKCS1)
		return EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PADDING) > 0;
	if (padding == PAD_PSS)
		return EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PSS_PADDING) >
			       0 &&
		       EVP_PKEY_CTX_set_rsa_pss_saltlen(
			       c, EVP_MD_get_size(md)) > 0;
	return true;
}

static bool
own_sign(struct signature *s)
{
	bool ok;
	s->own_size = sizeof s->own_value;
	if (s->digested) {
		EVP_PKEY_CTX *c =
			EVP_PKEY_CTX_new_from_pkey(NULL, s->own, NULL);
		ok = c && EVP_PKEY_sign_init(c) > 0 &&
		     EVP_PKEY_sign(c, s->own_value, &s->own_size, s->message,
				   s->message_size) > 0;
		EVP_PKEY_CTX_free(c);
		return ok;
	}
	EVP_PKEY_CTX *inner = NULL;
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	ok = c && EVP_DigestSignInit(c, &inner, s->md, NULL, s->own) > 0 &&
	     set_padding(inner, s->padding, s->md) &&
	     EVP_DigestSign(c, s->own_value, &s->own_size, s->message,
			    s->message_size) > 0;
	EVP_MD_CTX_free(c);
	return ok;
}

static bool
own_verify(const struct signature *s, EVP_PKEY *pkey,
	   const unsigned char *value, size_t size)
{
	bool ok;
	if (s->digested) {
		EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
		ok = c && EVP_PKEY_verify_init(c) > 0 &&
		     EVP_PKEY_verify(c, value, size, s->message,
				     s->message_size) > 0;
		EVP_PKEY_CTX_free(c);
		return ok;
	}
	EVP_PKEY_CTX *inner = NULL;
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	ok = c && EVP_DigestVerifyInit(c, &inner, s->md, NULL, pkey) > 0 &&
	     set_padding(inner, s->padding, s->md) &&
	     EVP_DigestVerify(c, value, size, s->message, s->message_size) > 0;
	EVP_MD_CTX_free(c);
	return ok;
}

CK_RV
ref_sign(void *context)
{
	return own_sign(context) ? CKR_OK : CKR_FUNCTION_FAILED;
}

CK_RV
ref_verify(void *context)
{
	struct signature *s = context;
	bool ok = own_verify(s, s->own, s->own_value, s->own_size);
	return ok ? CKR_OK : CKR_FUNCTION_FAILED;
}

/* r||s of PKCS#11 into the DER form that libcrypto wants. */
static size_t
raw_to_der(const unsigned char *raw, size_t size, unsigned char *der)
{
	unsigned char *at = der;
	int half = (int)size / 2;
	ECDSA_SIG *sig = ECDSA_SIG_new();
	ECDSA_SIG_set0(sig, BN_bin2bn(raw, half, NULL),
		       BN_bin2bn(raw + half, half, NULL));
	int used = i2d_ECDSA_SIG(sig, &at);
	ECDSA_SIG_free(sig);
	return used > 0 ? (size_t)used : 0;
}

enum verdict
signature_check(const struct signature *s, EVP_PKEY *public_key, bool ecdsa)
{
	unsigned char der[512];
	if (!public_key)
		return UNCHECKED;
	if (!ecdsa)
		return own_verify(s, public_key, s->value, s->size) ? CONFIRMED
								    : WRONG;
	if (s->size > 256)
		return WRONG;
	size_t size = raw_to_der(s->value, s->size, der);
	return own_verify(s, public_key, der, size) ? CONFIRMED : WRONG;
}

void
signature_setup(struct signature *s, const struct signature_kind *kind,
		CK_SESSION_HANDLE session)
{
	struct keypair *k = key(kind->key);
	memset(s, 0, sizeof *s);
	s->session = session;
	s->key = k->private_key;
	s->mechanism.mechanism = kind->mechanism;
	if (kind->padding == PAD_PSS) {
		s->pss = (CK_RSA_PKCS_PSS_PARAMS){ CKM_SHA256, CKG_MGF1_SHA256,
						   32 };
		s->mechanism.pParameter = &s->pss;
		s->mechanism.ulParameterLen = sizeof s->pss;
	}
	RAND_bytes(s->message, sizeof s->message);
	s->message_size = kind->message_size;
	s->own = k->own;
	s->md = kind->md ? EVP_get_digestbyname(kind->md) : NULL;
	s->padding = kind->padding;
	s->digested = kind->digested;
}
