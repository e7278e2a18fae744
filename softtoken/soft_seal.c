/* A login's keys, and objects sealed or marked with them. */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdatomic.h>
#include <string.h>

#include "crypto.h"
#include "gcm.h"
#include "mem.h"
#include "seal.h"

enum { KEY_SIZE = 32, MAC_SIZE = 32, TAG_SIZE = 16, AAD_SIZE = 64 };

/* How a blob begins; it has to agree with the row's private flag. */
enum blob_form { BLOB_PLAIN, BLOB_MARKED, BLOB_SEALED };

struct keys {
	uint8_t master[MASTER_KEY_SIZE];
	uint8_t seal[KEY_SIZE];
	uint8_t mark[KEY_SIZE];
	uint8_t tag[KEY_SIZE];
};

/* The MACs have their keys in them and are only ever copied: to set up a MAC
 * costs more than to compute one. */
struct ring {
	atomic_uint references;
	struct secret *secret; /* struct keys */
	EVP_MAC_CTX *mark, *tag;
};

static const struct keys *
ring_keys(const struct ring *r)
{
	return secret_data(r->secret);
}

static CK_RV
subkey_derive(const uint8_t master[MASTER_KEY_SIZE], const char *purpose,
	      uint8_t key[KEY_SIZE])
{
	EVP_KDF *kdf = EVP_KDF_fetch(crypto_context(), "HKDF", NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
						 (char *)"SHA256", 0),
		OSSL_PARAM_construct_octet_string(
			OSSL_KDF_PARAM_KEY, (void *)master, MASTER_KEY_SIZE),
		OSSL_PARAM_construct_octet_string(
			OSSL_KDF_PARAM_INFO, (void *)purpose, strlen(purpose)),
		OSSL_PARAM_construct_end(),
	};
	int fine = ctx && EVP_KDF_derive(ctx, key, KEY_SIZE, params) == 1;

	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return fine ? CKR_OK : CKR_FUNCTION_FAILED;
}

/* HMAC-SHA-256 (RFC 2104), keyed. */
static EVP_MAC_CTX *
hmac_new(const uint8_t key[KEY_SIZE])
{
	EVP_MAC *mac = EVP_MAC_fetch(crypto_context(), "HMAC", NULL);
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(mac);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
						 (char *)"SHA256", 0),
		OSSL_PARAM_construct_end(),
	};

	if (ctx && EVP_MAC_init(ctx, key, KEY_SIZE, params) != 1) {
		EVP_MAC_CTX_free(ctx);
		ctx = NULL;
	}
	EVP_MAC_free(mac);
	return ctx;
}

/* Of A || B. */
static CK_RV
hmac(const EVP_MAC_CTX *keyed, struct cursor a, struct cursor b,
     uint8_t out[MAC_SIZE])
{
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_dup(keyed);
	size_t size = 0;
	bool fine = ctx && EVP_MAC_update(ctx, a.at, a.left) == 1 &&
		    EVP_MAC_update(ctx, b.at, b.left) == 1 &&
		    EVP_MAC_final(ctx, out, &size, MAC_SIZE) == 1;

	EVP_MAC_CTX_free(ctx);
	return fine && size == MAC_SIZE ? CKR_OK : CKR_FUNCTION_FAILED;
}

struct ring *
ring_new(const uint8_t master[MASTER_KEY_SIZE])
{
	struct ring *r = mem_new(sizeof(*r));
	struct keys keys;
	struct builder b = builder_over(keys.master, sizeof(keys.master));

	if (!r)
		return NULL;
	atomic_init(&r->references, 1);
	builder_put(&b, master, MASTER_KEY_SIZE);
	if (subkey_derive(master, "signet seal", keys.seal) == CKR_OK &&
	    subkey_derive(master, "signet mark", keys.mark) == CKR_OK &&
	    subkey_derive(master, "signet tag", keys.tag) == CKR_OK) {
		r->secret = secret_new(&keys, sizeof(keys));
		r->mark = hmac_new(keys.mark);
		r->tag = hmac_new(keys.tag);
	}
	mem_wipe(&keys, sizeof(keys));
	if (r->secret && r->mark && r->tag)
		return r;
	ring_unref(r);
	return NULL;
}

struct ring *
ring_ref(struct ring *r)
{
	if (r)
		atomic_fetch_add(&r->references, 1);
	return r;
}

void
ring_unref(struct ring *r)
{
	if (!r || atomic_fetch_sub(&r->references, 1) != 1)
		return;
	secret_free(r->secret);
	EVP_MAC_CTX_free(r->mark);
	EVP_MAC_CTX_free(r->tag);
	mem_free(r, sizeof(*r));
}

const uint8_t *
ring_master(const struct ring *r)
{
	return ring_keys(r)->master;
}

/* What of a row its blob is bound to: moved to another row, or cut back to an
 * older version under a new number, it does not open. */
static void
row_context(const struct row *row, struct builder *aad)
{
	builder_text(aad, "signet object");
	builder_u64(aad, row->id);
	builder_u64(aad, row->version);
	builder_u64(aad, row->class);
	builder_u64(aad, row->key_type);
}

CK_RV
blob_seal(struct ring *ring, const struct row *row, struct cursor plain,
	  struct builder *blob)
{
	uint8_t space[AAD_SIZE], mark[MAC_SIZE];
	struct builder aad = builder_over(space, sizeof(space));
	CK_RV rv = CKR_OK;

	row_context(row, &aad);
	if (row->private) {
		if (!ring)
			return CKR_USER_NOT_LOGGED_IN;
		builder_u8(blob, BLOB_SEALED);
		rv = gcm_seal(ring_keys(ring)->seal, builder_read(&aad), plain,
			      blob);
	} else if (ring) {
		rv = hmac(ring->mark, builder_read(&aad), plain, mark);
		builder_u8(blob, BLOB_MARKED);
		builder_put(blob, mark, sizeof(mark));
		builder_append(blob, plain);
	} else {
		builder_u8(blob, BLOB_PLAIN);
		builder_append(blob, plain);
	}
	if (rv == CKR_OK && !builder_ok(blob))
		rv = CKR_HOST_MEMORY;
	return rv;
}

static CK_RV
marked_open(struct ring *ring, struct cursor aad, struct cursor blob,
	    struct builder *plain, bool *proven)
{
	struct cursor mark = cursor_take(&blob, MAC_SIZE);
	uint8_t wanted[MAC_SIZE];
	CK_RV rv;

	if (!cursor_ok(&blob))
		return CKR_DATA_INVALID;
	if (ring) {
		rv = hmac(ring->mark, aad, blob, wanted);
		if (rv != CKR_OK)
			return rv;
		if (!mem_equal(mark.at, wanted, MAC_SIZE))
			return CKR_DATA_INVALID;
		*proven = true;
	}
	builder_append(plain, blob);
	return CKR_OK;
}

CK_RV
blob_open(struct ring *ring, const struct row *row, struct builder *plain,
	  bool *proven)
{
	uint8_t space[AAD_SIZE];
	struct builder aad = builder_over(space, sizeof(space));
	struct cursor blob = row->blob;
	uint8_t form = cursor_u8(&blob);
	CK_RV rv = CKR_OK;

	*proven = false;
	row_context(row, &aad);
	if (!cursor_ok(&blob) || (form == BLOB_SEALED) != row->private)
		return CKR_DATA_INVALID;
	switch (form) {
	case BLOB_PLAIN:
		builder_append(plain, blob);
		break;
	case BLOB_MARKED:
		rv = marked_open(ring, builder_read(&aad), blob, plain, proven);
		break;
	case BLOB_SEALED:
		if (!ring)
			return CKR_USER_NOT_LOGGED_IN;
		rv = gcm_open(ring_keys(ring)->seal, builder_read(&aad), blob,
			      plain);
		*proven = rv == CKR_OK;
		break;
	default:
		rv = CKR_DATA_INVALID;
	}
	if (rv == CKR_OK && !builder_ok(plain))
		rv = CKR_HOST_MEMORY;
	return rv;
}

CK_RV
tag_make(struct ring *ring, CK_ATTRIBUTE_TYPE type, struct cursor value,
	 struct builder *tag)
{
	uint8_t space[8], out[MAC_SIZE];
	struct builder kind = builder_over(space, sizeof(space));
	CK_RV rv;

	builder_u64(&kind, type);
	rv = hmac(ring->tag, builder_read(&kind), value, out);
	if (rv == CKR_OK)
		builder_put(tag, out, TAG_SIZE);
	return rv;
}
