/* From a PIN to the token's master key: slow on purpose, and authenticated. */
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

#include "../crypto/context.h"
#include "gcm.h"
#include "log.h"
#include "mem.h"
#include "seal.h"

static const struct {
	const char *name;
	enum kdf kdf;
	uint32_t usual, least, most;
} kdfs[] = {
	{ "scrypt", KDF_SCRYPT, SCRYPT_N, SCRYPT_N_MIN, SCRYPT_N_MAX },
	{ "pbkdf2", KDF_PBKDF2, PBKDF2_ROUNDS, PBKDF2_ROUNDS_MIN,
	  PBKDF2_ROUNDS_MAX },
};

/* N of scrypt has to be a power of two (RFC 7914, 2). */
static uint32_t
power_of_two(uint32_t cost)
{
	while (cost & (cost - 1))
		cost &= cost - 1;
	return cost;
}

static bool
cost_parse(const char *text, unsigned long *cost)
{
	char *end;

	if (*text == '\0')
		return true;
	*cost = strtoul(text + 1, &end, 10);
	return *text == ':' && end != text + 1 && *end == '\0';
}

struct kdf_choice
kdf_parse(const char *text)
{
	struct kdf_choice choice = { KDF_SCRYPT, SCRYPT_N };

	for (size_t i = 0; i < sizeof(kdfs) / sizeof(kdfs[0]); i++) {
		size_t size = strlen(kdfs[i].name);
		unsigned long cost = kdfs[i].usual;

		if (strncmp(text, kdfs[i].name, size) != 0 ||
		    !cost_parse(text + size, &cost))
			continue;
		if (cost < kdfs[i].least)
			cost = kdfs[i].least;
		if (cost > kdfs[i].most)
			cost = kdfs[i].most;
		choice.kdf = kdfs[i].kdf;
		choice.cost = (uint32_t)cost;
		if (choice.kdf == KDF_SCRYPT)
			choice.cost = power_of_two(choice.cost);
		return choice;
	}
	if (*text)
		log_line(LOG_ERROR, "softtoken.kdf: \"%s\" is not known", text);
	return choice;
}

/* A file says which KDF it wants, so its numbers are bounded too. */
static bool
kdf_sane(const struct pin_record *r)
{
	for (size_t i = 0; i < sizeof(kdfs) / sizeof(kdfs[0]); i++) {
		if (kdfs[i].kdf == r->kdf)
			return r->cost >= kdfs[i].least &&
			       r->cost <= kdfs[i].most;
	}
	return false;
}

static OSSL_PARAM
octets(const char *name, const void *data, size_t size)
{
	return OSSL_PARAM_construct_octet_string(name, (void *)data, size);
}

static CK_RV
kdf_run(const char *name, const OSSL_PARAM *params,
	uint8_t key[MASTER_KEY_SIZE])
{
	EVP_KDF *kdf = EVP_KDF_fetch(crypto_context(), name, NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	CK_RV rv;

	crypto_enter();
	rv = crypto_leave(
		ctx && EVP_KDF_derive(ctx, key, MASTER_KEY_SIZE, params) == 1,
		CKR_FUNCTION_FAILED);
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return rv;
}

static CK_RV
kdf_scrypt(const struct pin_record *r, struct cursor pin,
	   uint8_t key[MASTER_KEY_SIZE])
{
	uint64_t n = r->cost;
	uint32_t block = 8, parallel = 1;
	/* OpenSSL's own limit is a little less than what N = 2^15 needs */
	uint64_t memory = n * block * 128 + (1 << 20);
	OSSL_PARAM params[] = {
		octets(OSSL_KDF_PARAM_PASSWORD, pin.at, pin.left),
		octets(OSSL_KDF_PARAM_SALT, r->salt, sizeof(r->salt)),
		OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n),
		OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_R, &block),
		OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_P, &parallel),
		OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM,
					    &memory),
		OSSL_PARAM_construct_end(),
	};

	return kdf_run("SCRYPT", params, key);
}

static CK_RV
kdf_pbkdf2(const struct pin_record *r, struct cursor pin,
	   uint8_t key[MASTER_KEY_SIZE])
{
	uint64_t rounds = r->cost;
	int unchecked = 1; /* SP 800-132's lower bounds: ours are our own */
	OSSL_PARAM params[] = {
		octets(OSSL_KDF_PARAM_PASSWORD, pin.at, pin.left),
		octets(OSSL_KDF_PARAM_SALT, r->salt, sizeof(r->salt)),
		OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_ITER, &rounds),
		OSSL_PARAM_construct_int(OSSL_KDF_PARAM_PKCS5, &unchecked),
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
						 (char *)"SHA256", 0),
		OSSL_PARAM_construct_end(),
	};

	return kdf_run("PBKDF2", params, key);
}

static CK_RV
pin_key(const struct pin_record *r, struct cursor pin,
	uint8_t key[MASTER_KEY_SIZE])
{
	return r->kdf == KDF_SCRYPT ? kdf_scrypt(r, pin, key)
				    : kdf_pbkdf2(r, pin, key);
}

/* A wrapped key that was moved to the other role, or comes from another token,
 * does not unwrap. */
static void
pin_context(const struct pin_record *r, const char *serial,
	    enum store_role role, struct builder *aad)
{
	builder_text(aad, "signet pin");
	builder_text(aad, serial);
	builder_u32(aad, role);
	builder_u32(aad, r->kdf);
	builder_u32(aad, r->cost);
}

CK_RV
pin_wrap(struct kdf_choice choice, const char *serial, enum store_role role,
	 struct cursor pin, const uint8_t master[MASTER_KEY_SIZE],
	 struct pin_record *record)
{
	struct pin_record r = { .set = true,
				.kdf = choice.kdf,
				.cost = choice.cost };
	uint8_t key[MASTER_KEY_SIZE], space[64];
	struct builder aad = builder_over(space, sizeof(space));
	struct builder out = builder_over(r.wrapped, sizeof(r.wrapped));
	CK_RV rv = random_bytes(r.salt, sizeof(r.salt));

	if (rv == CKR_OK)
		rv = pin_key(&r, pin, key);
	pin_context(&r, serial, role, &aad);
	if (rv == CKR_OK)
		rv = gcm_seal(key, builder_read(&aad),
			      cursor_of(master, MASTER_KEY_SIZE), &out);
	mem_wipe(key, sizeof(key));
	if (rv == CKR_OK)
		*record = r;
	return rv;
}

CK_RV
pin_unwrap(const struct pin_record *record, const char *serial,
	   enum store_role role, struct cursor pin,
	   uint8_t master[MASTER_KEY_SIZE])
{
	uint8_t key[MASTER_KEY_SIZE], space[64];
	struct builder aad = builder_over(space, sizeof(space));
	struct builder out = builder_over(master, MASTER_KEY_SIZE);
	CK_RV rv;

	if (!kdf_sane(record)) {
		log_line(LOG_ERROR, "token %s: its PIN record is damaged",
			 serial);
		return CKR_DEVICE_ERROR;
	}
	rv = pin_key(record, pin, key);
	pin_context(record, serial, role, &aad);
	if (rv == CKR_OK)
		rv = gcm_open(
			key, builder_read(&aad),
			cursor_of(record->wrapped, sizeof(record->wrapped)),
			&out);
	mem_wipe(key, sizeof(key));
	return rv == CKR_DATA_INVALID ? CKR_PIN_INCORRECT : rv;
}
