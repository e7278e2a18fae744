/* Stage "derive": ECDH on P-256, and the derived key destroyed. */
#include "bench.h"

enum { POINT_SIZE = 65, SECRET_SIZE = 32 };

struct derivation {
	CK_OBJECT_HANDLE key, made;
	unsigned char peer[POINT_SIZE];
	unsigned char wrapped[2 + POINT_SIZE]; /* as an OCTET STRING */
	bool is_wrapped, keep;
	EVP_PKEY *own;
	unsigned char out[SECRET_SIZE];
};

static CK_RV
op_derive(void *context)
{
	struct derivation *d = context;
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_ULONG size = SECRET_SIZE;
	CK_ECDH1_DERIVE_PARAMS params = { CKD_NULL, 0, NULL, POINT_SIZE,
					  d->peer };
	CK_MECHANISM m = { CKM_ECDH1_DERIVE, &params, sizeof params };
	CK_ATTRIBUTE t[] = { A(CKA_CLASS, &class, sizeof class),
			     A(CKA_KEY_TYPE, &type, sizeof type),
			     AB(CKA_TOKEN, no),
			     AB(CKA_SENSITIVE, no),
			     AB(CKA_EXTRACTABLE, yes),
			     A(CKA_VALUE_LEN, &size, sizeof size) };
	if (d->is_wrapped) {
		params.pPublicData = d->wrapped;
		params.ulPublicDataLen = sizeof d->wrapped;
	}
	CK_RV rv = run.p11->C_DeriveKey(run.session, &m, d->key, t, COUNT(t),
					&d->made);
	if (rv == CKR_OK && !d->keep)
		rv = run.p11->C_DestroyObject(run.session, d->made);
	return rv;
}

static bool
own_derive(EVP_PKEY *pkey, EVP_PKEY *peer, unsigned char *out)
{
	size_t size = SECRET_SIZE;
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	bool ok = c && EVP_PKEY_derive_init(c) > 0 &&
		  EVP_PKEY_derive_set_peer(c, peer) > 0 &&
		  EVP_PKEY_derive(c, out, &size) > 0;
	EVP_PKEY_CTX_free(c);
	return ok;
}

static CK_RV
ref_derive(void *context)
{
	struct derivation *d = context;
	EVP_PKEY *peer = EVP_PKEY_new();
	bool ok = peer && EVP_PKEY_copy_parameters(peer, d->own) > 0 &&
		  EVP_PKEY_set1_encoded_public_key(peer, d->peer, POINT_SIZE) >
			  0 &&
		  own_derive(d->own, peer, d->out);
	EVP_PKEY_free(peer);
	return ok ? CKR_OK : CKR_FUNCTION_FAILED;
}

static enum verdict
derive_check(struct derivation *d, EVP_PKEY *peer, EVP_PKEY *public_key)
{
	unsigned char expected[SECRET_SIZE];
	size_t size;
	unsigned char *value = attribute(d->made, CKA_VALUE, &size);
	enum verdict verdict = UNCHECKED;
	if (value && own_derive(peer, public_key, expected))
		verdict = size == SECRET_SIZE && !memcmp(value, expected, size)
				  ? CONFIRMED
				  : WRONG;
	free(value);
	run.p11->C_DestroyObject(run.session, d->made);
	return verdict;
}

void
stage_derive(void)
{
	struct keypair *k = key(K_P256);
	if (k->rv) {
		result_absent("derive ECDH P-256", k->rv, "key generation");
		return;
	}
	struct derivation d = { .key = k->private_key,
				.own = k->own,
				.keep = true };
	enum verdict verdict = UNCHECKED;
	EVP_PKEY *peer = EVP_EC_gen("P-256");
	size_t size;
	EVP_PKEY_get_octet_string_param(peer,
					OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY,
					d.peer, sizeof d.peer, &size);
	d.wrapped[0] = 4;
	d.wrapped[1] = POINT_SIZE;
	memcpy(d.wrapped + 2, d.peer, POINT_SIZE);
	CK_RV rv = op_derive(&d);
	if (rv != CKR_OK) {
		d.is_wrapped = true;
		rv = op_derive(&d);
	}
	if (rv == CKR_OK && k->check)
		verdict = derive_check(&d, peer, k->check);
	d.keep = false;
	measure(&(struct work){
		"derive ECDH P-256 (+destroy)", op_derive, &d, ref_derive, &d,
		verdict, d.is_wrapped ? "peer point as OCTET STRING" : NULL });
	EVP_PKEY_free(peer);
}
