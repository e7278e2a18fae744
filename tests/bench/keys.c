/* The keys of the bench: the token's, and libcrypto's own of the same kind. */
#include <openssl/param_build.h>

#include "bench.h"

static const unsigned char oid_p256[] = { 6,	0x08, 0x2a, 0x86, 0x48,
					  0xce, 0x3d, 3,    1,	  7 };
static const unsigned char oid_p384[] = { 6, 5, 0x2b, 0x81, 4, 0, 0x22 };
static const unsigned char oid_ed[] = { 6, 3, 0x2b, 0x65, 0x70 };
static const unsigned char name_ed[] = "\x13\x0c"
				       "edwards25519";

static const char *const key_ids[K_COUNT] = { "pb-rsa2048", "pb-rsa3072",
					      "pb-p256",    "pb-p384",
					      "pb-ed",	    "pb-mldsa" };
static struct keypair keys[K_COUNT];

const char *
key_id(int which)
{
	return key_ids[which];
}

bool
key_made(int which)
{
	return keys[which].public_key && !keys[which].rv;
}

unsigned char *
attribute(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, size_t *size)
{
	CK_ATTRIBUTE a = { type, NULL, 0 };
	if (run.p11->C_GetAttributeValue(run.session, object, &a, 1) !=
		    CKR_OK ||
	    a.ulValueLen == CK_UNAVAILABLE_INFORMATION)
		return NULL;
	if (!(a.pValue = calloc(1, a.ulValueLen + 1)))
		return NULL;
	if (run.p11->C_GetAttributeValue(run.session, object, &a, 1) !=
	    CKR_OK) {
		free(a.pValue);
		return NULL;
	}
	*size = a.ulValueLen;
	return a.pValue;
}

static EVP_PKEY *
public_from(const char *type, OSSL_PARAM *params)
{
	EVP_PKEY *pkey = NULL;
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	if (!c || EVP_PKEY_fromdata_init(c) <= 0 ||
	    EVP_PKEY_fromdata(c, &pkey, EVP_PKEY_PUBLIC_KEY, params) <= 0)
		pkey = NULL;
	EVP_PKEY_CTX_free(c);
	return pkey;
}

static EVP_PKEY *
public_rsa(CK_OBJECT_HANDLE object)
{
	size_t n_size, e_size;
	unsigned char *n = attribute(object, CKA_MODULUS, &n_size);
	unsigned char *e = attribute(object, CKA_PUBLIC_EXPONENT, &e_size);
	EVP_PKEY *pkey = NULL;
	if (n && e) {
		BIGNUM *bn = BN_bin2bn(n, (int)n_size, NULL);
		BIGNUM *be = BN_bin2bn(e, (int)e_size, NULL);
		OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
		OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, bn);
		OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, be);
		OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(b);
		pkey = public_from("RSA", params);
		OSSL_PARAM_free(params);
		OSSL_PARAM_BLD_free(b);
		BN_free(bn);
		BN_free(be);
	}
	free(n);
	free(e);
	return pkey;
}

/* CKA_EC_POINT, with or without the DER OCTET STRING around it. */
static unsigned char *
point(CK_OBJECT_HANDLE object, size_t want)
{
	size_t size;
	unsigned char *v = attribute(object, CKA_EC_POINT, &size);
	if (!v || size == want)
		return v;
	if (size > want + 1 && v[0] == 4) {
		size_t skip = v[1] & 0x80 ? 2 + (v[1] & 0x7fu) : 2;
		if (size == want + skip) {
			memmove(v, v + skip, want);
			return v;
		}
	}
	free(v);
	return NULL;
}

static EVP_PKEY *
public_ec(CK_OBJECT_HANDLE object, const char *group, size_t size)
{
	unsigned char *v = point(object, size);
	if (!v)
		return NULL;
	EVP_PKEY *pkey;
	if (group) {
		OSSL_PARAM params[] = {
			OSSL_PARAM_construct_utf8_string(
				OSSL_PKEY_PARAM_GROUP_NAME, (char *)group, 0),
			OSSL_PARAM_construct_octet_string(
				OSSL_PKEY_PARAM_PUB_KEY, v, size),
			OSSL_PARAM_construct_end()
		};
		pkey = public_from("EC", params);
	} else {
		pkey = EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, v,
						      size);
	}
	free(v);
	return pkey;
}

static EVP_PKEY *
public_mldsa(CK_OBJECT_HANDLE object)
{
	size_t size;
	unsigned char *v = attribute(object, CKA_VALUE, &size);
	EVP_PKEY *pkey = NULL;
	if (v)
		pkey = EVP_PKEY_new_raw_public_key_ex(NULL, "ML-DSA-65", NULL,
						      v, size);
	free(v);
	return pkey;
}

CK_RV
pair_make(const struct pair_request *q, CK_OBJECT_HANDLE *public_key,
	  CK_OBJECT_HANDLE *private_key)
{
	static const unsigned char f4[] = { 1, 0, 1 };
	CK_MECHANISM m = { q->mechanism, NULL, 0 };
	size_t id_size = strlen(q->id);
	CK_ATTRIBUTE pub[8] = { AB(CKA_TOKEN, q->on_token), AB(CKA_VERIFY, yes),
				A(CKA_ID, q->id, id_size),
				A(CKA_LABEL, q->id, id_size) };
	CK_ATTRIBUTE priv[9] = {
		AB(CKA_TOKEN, q->on_token), AB(CKA_PRIVATE, yes),
		AB(CKA_SENSITIVE, yes),	    AB(CKA_SIGN, yes),
		A(CKA_ID, q->id, id_size),  A(CKA_LABEL, q->id, id_size)
	};
	CK_ULONG pubs = 4, privs = 6;
	if (q->bits) {
		pub[pubs++] = (CK_ATTRIBUTE)A(CKA_MODULUS_BITS, &q->bits,
					      sizeof q->bits);
		pub[pubs++] =
			(CK_ATTRIBUTE)A(CKA_PUBLIC_EXPONENT, f4, sizeof f4);
		pub[pubs++] = (CK_ATTRIBUTE)AB(CKA_ENCRYPT, yes);
		priv[privs++] = (CK_ATTRIBUTE)AB(CKA_DECRYPT, yes);
	}
	if (q->params)
		pub[pubs++] = (CK_ATTRIBUTE)A(CKA_EC_PARAMS, q->params,
					      q->params_size);
	if (q->set)
		pub[pubs++] = (CK_ATTRIBUTE)A(CKA_PARAMETER_SET, &q->set,
					      sizeof q->set);
	if (q->derive)
		priv[privs++] = (CK_ATTRIBUTE)AB(CKA_DERIVE, yes);
	return run.p11->C_GenerateKeyPair(run.session, &m, pub, pubs, priv,
					  privs, public_key, private_key);
}

struct pair_request
pair_p256(CK_BBOOL on_token, CK_BBOOL derive, const char *id)
{
	return (struct pair_request){ .mechanism = CKM_EC_KEY_PAIR_GEN,
				      .params = oid_p256,
				      .params_size = sizeof oid_p256,
				      .on_token = on_token,
				      .derive = derive,
				      .id = id };
}

static void
make_rsa(struct keypair *k, CK_ULONG bits, const char *id)
{
	struct pair_request q = { .mechanism = CKM_RSA_PKCS_KEY_PAIR_GEN,
				  .bits = bits,
				  .on_token = run.key_on_token,
				  .id = id };
	k->rv = pair_make(&q, &k->public_key, &k->private_key);
	if (!k->rv)
		k->check = public_rsa(k->public_key);
	k->own = EVP_RSA_gen(bits);
}

static void
make_ec(struct keypair *k, int which)
{
	struct pair_request q =
		pair_p256(run.key_on_token, CK_TRUE, key_ids[which]);
	bool p384 = which == K_P384;
	if (p384) {
		q.params = oid_p384;
		q.params_size = sizeof oid_p384;
	}
	const char *group = p384 ? "P-384" : "P-256";
	k->rv = pair_make(&q, &k->public_key, &k->private_key);
	if (!k->rv)
		k->check = public_ec(k->public_key, group, p384 ? 97 : 65);
	k->own = EVP_EC_gen(group);
}

static void
make_ed(struct keypair *k)
{
	struct pair_request q = { .mechanism = CKM_EC_EDWARDS_KEY_PAIR_GEN,
				  .params = oid_ed,
				  .params_size = sizeof oid_ed,
				  .on_token = run.key_on_token,
				  .id = key_ids[K_ED] };
	k->rv = pair_make(&q, &k->public_key, &k->private_key);
	if (k->rv) {
		q.params = name_ed;
		q.params_size = sizeof name_ed - 1;
		k->rv = pair_make(&q, &k->public_key, &k->private_key);
	}
	if (!k->rv)
		k->check = public_ec(k->public_key, NULL, 32);
	k->own = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
}

static void
make_mldsa(struct keypair *k)
{
	struct pair_request q = { .mechanism = CKM_ML_DSA_KEY_PAIR_GEN,
				  .set = CKP_ML_DSA_65,
				  .on_token = run.key_on_token,
				  .id = key_ids[K_MLDSA] };
	k->rv = pair_make(&q, &k->public_key, &k->private_key);
	if (!k->rv)
		k->check = public_mldsa(k->public_key);
	k->own = EVP_PKEY_Q_keygen(NULL, NULL, "ML-DSA-65");
}

struct keypair *
key(int which)
{
	struct keypair *k = &keys[which];
	if (k->public_key || k->rv)
		return k;
	switch (which) {
	case K_RSA2048:
		make_rsa(k, 2048, key_ids[which]);
		break;
	case K_RSA3072:
		make_rsa(k, 3072, key_ids[which]);
		break;
	case K_P256:
	case K_P384:
		make_ec(k, which);
		break;
	case K_ED:
		make_ed(k);
		break;
	default:
		make_mldsa(k);
	}
	ERR_clear_error();
	return k;
}
