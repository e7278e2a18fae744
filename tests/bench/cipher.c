/* Stage "cipher": AES-256 GCM and CBC, in one call and in pieces. */
#include "bench.h"

enum { CHUNK = 16384, ROOM = 64 };

static void
iv_count(struct buffer *b)
{
	for (int i = 11; i >= 0 && ++b->iv[i] == 0; i--)
		;
}

CK_RV
op_encrypt(void *context)
{
	struct buffer *b = context;
	iv_count(b);
	CK_RV rv = run.p11->C_EncryptInit(run.work, &b->mechanism, b->key);
	if (rv != CKR_OK)
		return rv;
	b->out_size = b->size + ROOM;
	return run.p11->C_Encrypt(run.work, b->in, b->size, b->out,
				  &b->out_size);
}

static CK_RV
op_encrypt_update(void *context)
{
	struct buffer *b = context;
	CK_ULONG used, total = 0;
	iv_count(b);
	CK_RV rv = run.p11->C_EncryptInit(run.work, &b->mechanism, b->key);
	if (rv != CKR_OK)
		return rv;
	for (size_t at = 0; at < b->size; at += b->chunk) {
		size_t left = b->size - at;
		used = b->size + ROOM - total;
		rv = run.p11->C_EncryptUpdate(run.work, b->in + at,
					      left < b->chunk ? left : b->chunk,
					      b->out + total, &used);
		if (rv != CKR_OK)
			return rv;
		total += used;
	}
	used = b->size + ROOM - total;
	rv = run.p11->C_EncryptFinal(run.work, b->out + total, &used);
	b->out_size = total + used;
	return rv;
}

CK_RV
ref_encrypt(void *context)
{
	struct buffer *b = context;
	int used = 0, total = 0;
	if (EVP_EncryptInit_ex2(b->context, b->cipher, b->key_value, b->iv,
				NULL) <= 0)
		return CKR_FUNCTION_FAILED;
	for (size_t at = 0; at < b->size; at += b->chunk) {
		size_t left = b->size - at;
		if (EVP_EncryptUpdate(
			    b->context, b->own_out + total, &used, b->in + at,
			    (int)(left < b->chunk ? left : b->chunk)) <= 0)
			return CKR_FUNCTION_FAILED;
		total += used;
	}
	if (EVP_EncryptFinal_ex(b->context, b->own_out + total, &used) <= 0)
		return CKR_FUNCTION_FAILED;
	total += used;
	if (b->is_gcm && EVP_CIPHER_CTX_ctrl(b->context, EVP_CTRL_GCM_GET_TAG,
					     16, b->own_out + total) <= 0)
		return CKR_FUNCTION_FAILED;
	return CKR_OK;
}

/*
 * An AES key whose value both sides know. An object of the working session:
 * some modules do not show a session object to other sessions.
 */
static CK_RV
key_setup(CK_OBJECT_HANDLE *object, unsigned char *value)
{
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_AES;
	CK_ATTRIBUTE t[] = { A(CKA_CLASS, &class, sizeof class),
			     A(CKA_KEY_TYPE, &type, sizeof type),
			     AB(CKA_TOKEN, no),
			     AB(CKA_ENCRYPT, yes),
			     AB(CKA_DECRYPT, yes),
			     AB(CKA_SENSITIVE, no),
			     AB(CKA_EXTRACTABLE, yes),
			     A(CKA_VALUE, value, 32) };
	RAND_bytes(value, 32);
	return run.p11->C_CreateObject(run.work, t, COUNT(t), object);
}

/* Some modules make no objects from values: then the module's own key. */
static CK_RV
key_generate(CK_OBJECT_HANDLE *object, unsigned char *value)
{
	CK_MECHANISM m = { CKM_AES_KEY_GEN, NULL, 0 };
	CK_ULONG length = 32;
	CK_ATTRIBUTE t[] = { AB(CKA_TOKEN, no),
			     AB(CKA_ENCRYPT, yes),
			     AB(CKA_DECRYPT, yes),
			     AB(CKA_SENSITIVE, no),
			     AB(CKA_EXTRACTABLE, yes),
			     A(CKA_VALUE_LEN, &length, sizeof length) };
	CK_RV rv = run.p11->C_GenerateKey(run.work, &m, t, COUNT(t), object);
	if (rv != CKR_OK)
		return rv;
	size_t size = 0;
	unsigned char *made = attribute(*object, CKA_VALUE, &size);
	if (made && size == 32)
		memcpy(value, made, size);
	free(made);
	return size == 32 ? CKR_OK : CKR_KEY_UNEXTRACTABLE;
}

static void
mechanism_setup(struct buffer *b, bool gcm, bool update)
{
	b->is_gcm = gcm;
	b->chunk = update ? CHUNK : b->size;
	b->context = EVP_CIPHER_CTX_new();
	b->cipher = EVP_CIPHER_fetch(NULL, gcm ? "AES-256-GCM" : "AES-256-CBC",
				     NULL);
	b->mechanism = (CK_MECHANISM){ CKM_AES_CBC_PAD, b->iv, 16 };
	if (!gcm)
		return;
	b->gcm = (CK_GCM_PARAMS){ b->iv, 12, 96, NULL, 0, 128 };
	b->mechanism = (CK_MECHANISM){ CKM_AES_GCM, &b->gcm, sizeof b->gcm };
}

CK_RV
encrypt_setup(struct buffer *b, size_t size, bool gcm, bool update)
{
	buffer_setup(b, size);
	CK_RV rv = key_setup(&b->key, b->key_value);
	if (rv != CKR_OK)
		rv = key_generate(&b->key, b->key_value);
	mechanism_setup(b, gcm, update);
	return rv;
}

static void
cipher_run(bool gcm, size_t which, bool update)
{
	struct buffer b;
	char name[80];
	enum verdict verdict = UNCHECKED;
	op_fn op = update ? op_encrypt_update : op_encrypt;

	snprintf(name, sizeof name, "encrypt AES-%s %s %s", gcm ? "GCM" : "CBC",
		 size_names[which], update ? "update" : "one-shot");
	CK_RV rv = encrypt_setup(&b, sizes[which], gcm, update);
	if (rv == CKR_OK)
		rv = op(&b);
	if (rv != CKR_OK) {
		result_absent(name, rv, NULL);
		work_session_renew();
		buffer_free(&b);
		return;
	}
	if (ref_encrypt(&b) == CKR_OK)
		verdict = memcmp(b.out, b.own_out, b.out_size) ? WRONG
							       : CONFIRMED;
	measure(&(struct work){ name, op, &b, ref_encrypt, &b, verdict, NULL });
	run.p11->C_DestroyObject(run.work, b.key);
	buffer_free(&b);
}

void
stage_cipher(void)
{
	for (int gcm = 1; gcm >= 0; gcm--)
		for (size_t i = 0; i < 2 * SIZES; i++)
			cipher_run(gcm, i / 2, i % 2);
	result_memory("memory after ciphers");
}
