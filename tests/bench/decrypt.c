/* Stage "decrypt": RSA PKCS#1 v1.5 and OAEP. */
#include "bench.h"

struct decryption {
	CK_OBJECT_HANDLE key;
	CK_MECHANISM mechanism;
	CK_RSA_PKCS_OAEP_PARAMS oaep;
	unsigned char in[512], out[512], own_in[512], own_out[512];
	size_t in_size, own_in_size;
	CK_ULONG out_size;
	EVP_PKEY *own;
	const EVP_MD *md; /* of OAEP, NULL for PKCS#1 v1.5 */
};

struct decryption_kind {
	const char *name, *md;
	CK_MECHANISM_TYPE hash;
	CK_RSA_PKCS_MGF_TYPE mgf;
};

static const unsigned char secret[] = "thirty-two bytes of key material";
enum { SECRET_SIZE = 32 };

static CK_RV
op_decrypt(void *context)
{
	struct decryption *d = context;
	CK_RV rv = run.p11->C_DecryptInit(run.work, &d->mechanism, d->key);
	if (rv != CKR_OK)
		return rv;
	d->out_size = sizeof d->out;
	return run.p11->C_Decrypt(run.work, d->in, d->in_size, d->out,
				  &d->out_size);
}

static bool
set_padding(EVP_PKEY_CTX *c, const EVP_MD *md)
{
	if (!md)
		return EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PADDING) > 0;
	return EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_OAEP_PADDING) > 0 &&
	       EVP_PKEY_CTX_set_rsa_oaep_md(c, md) > 0 &&
	       EVP_PKEY_CTX_set_rsa_mgf1_md(c, md) > 0;
}

static bool
own_encrypt(EVP_PKEY *pkey, const EVP_MD *md, unsigned char *out, size_t *size)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	bool ok = c && EVP_PKEY_encrypt_init(c) > 0 && set_padding(c, md) &&
		  EVP_PKEY_encrypt(c, out, size, secret, SECRET_SIZE) > 0;
	EVP_PKEY_CTX_free(c);
	return ok;
}

static CK_RV
ref_decrypt(void *context)
{
	struct decryption *d = context;
	size_t size = sizeof d->own_out;
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_pkey(NULL, d->own, NULL);
	bool ok = c && EVP_PKEY_decrypt_init(c) > 0 && set_padding(c, d->md) &&
		  EVP_PKEY_decrypt(c, d->own_out, &size, d->own_in,
				   d->own_in_size) > 0;
	EVP_PKEY_CTX_free(c);
	return ok ? CKR_OK : CKR_FUNCTION_FAILED;
}

static void
decryption_run(const struct decryption_kind *kind, const struct keypair *k)
{
	struct decryption d = { .key = k->private_key,
				.mechanism = { CKM_RSA_PKCS, NULL, 0 },
				.own = k->own,
				.in_size = sizeof d.in,
				.own_in_size = sizeof d.own_in };
	enum verdict verdict = UNCHECKED;
	if (kind->md) {
		d.md = EVP_get_digestbyname(kind->md);
		d.oaep = (CK_RSA_PKCS_OAEP_PARAMS){ kind->hash, kind->mgf,
						    CKZ_DATA_SPECIFIED, NULL,
						    0 };
		d.mechanism = (CK_MECHANISM){ CKM_RSA_PKCS_OAEP, &d.oaep,
					      sizeof d.oaep };
	}
	if (!own_encrypt(k->check, d.md, d.in, &d.in_size) ||
	    !own_encrypt(k->own, d.md, d.own_in, &d.own_in_size))
		return;
	if (op_decrypt(&d) != CKR_OK)
		work_session_renew();
	else if (d.out_size == SECRET_SIZE &&
		 !memcmp(d.out, secret, SECRET_SIZE))
		verdict = CONFIRMED;
	else
		verdict = WRONG;
	measure(&(struct work){ kind->name, op_decrypt, &d, ref_decrypt, &d,
				verdict, NULL });
}

void
stage_decrypt(void)
{
	static const struct decryption_kind kinds[] = {
		{ "decrypt RSA-2048 PKCS1", NULL, 0, 0 },
		{ "decrypt RSA-2048 OAEP-SHA1", "SHA1", CKM_SHA_1,
		  CKG_MGF1_SHA1 },
		{ "decrypt RSA-2048 OAEP-SHA256", "SHA256", CKM_SHA256,
		  CKG_MGF1_SHA256 },
	};
	struct keypair *k = key(K_RSA2048);
	if (k->rv || !k->check) {
		result_absent("decrypt RSA-2048", k->rv, "key generation");
		return;
	}
	for (size_t i = 0; i < COUNT(kinds); i++)
		decryption_run(&kinds[i], k);
}
