/* Derivations from bytes: tables, digests and simple ones (PKCS#11 3.2, 6.17,
 * 6.20 and further, 6.37, 6.43). */
#include "kdf_inside.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>

#include "mem.h"

enum { BITS = 8, PASSWORD_MAX = 1 << 20, ROUNDS_MAX = 1 << 28 };

CK_RV
kdf_cut(struct cursor all, size_t wanted, struct builder *out)
{
	struct cursor taken = cursor_take(&all, wanted > 0 ? wanted : all.left);
	if (!cursor_ok(&taken))
		return CKR_KEY_SIZE_RANGE;
	builder_append(out, taken);
	return crypto_written(out);
}

/* The parameter of the simple ones: CK_KEY_DERIVATION_STRING_DATA. */
static struct cursor
data_of(const CK_MECHANISM *mechanism)
{
	CK_KEY_DERIVATION_STRING_DATA p;
	struct cursor data = cursor_of(NULL, 0);
	if (param_read(mechanism, &p, sizeof(p)))
		data = param_bytes(p.pData, p.ulLen);
	else
		cursor_fail(&data);
	if (data.left > KDF_SIZE_MAX)
		cursor_fail(&data);
	return data;
}

static CK_RV
concatenate(struct cursor a, struct cursor b, size_t wanted,
	    struct builder *out)
{
	struct builder all = builder_heap(2 * (size_t)KDF_SIZE_MAX);
	CK_RV rv = CKR_MECHANISM_PARAM_INVALID;
	builder_append(&all, a);
	builder_append(&all, b);
	if (cursor_ok(&a) && cursor_ok(&b))
		rv = builder_ok(&all) ? kdf_cut(builder_read(&all), wanted, out)
				      : CKR_HOST_MEMORY;
	builder_free(&all);
	return rv;
}

static CK_RV
derive_base_data(const struct kdf_job *j, struct builder *out)
{
	return concatenate(j->base, data_of(j->mechanism), j->wanted, out);
}

static CK_RV
derive_data_base(const struct kdf_job *j, struct builder *out)
{
	return concatenate(data_of(j->mechanism), j->base, j->wanted, out);
}

static CK_RV
derive_base_key(const struct kdf_job *j, struct builder *out)
{
	return concatenate(j->base, j->other, j->wanted, out);
}

/* As long as the shorter of both (6.43.8). */
static CK_RV
derive_xor(const struct kdf_job *j, struct builder *out)
{
	struct cursor base = j->base, data = data_of(j->mechanism);
	if (!cursor_ok(&data))
		return CKR_MECHANISM_PARAM_INVALID;
	size_t size = data.left < base.left ? data.left : base.left;
	if (j->wanted > size)
		return CKR_KEY_SIZE_RANGE;
	if (j->wanted > 0)
		size = j->wanted;
	for (; size > 0; size--)
		builder_u8(out, cursor_u8(&base) ^ cursor_u8(&data));
	return crypto_written(out);
}

/* From this bit on, round the end if need be (6.43.9). */
static CK_RV
derive_extract(const struct kdf_job *j, struct builder *out)
{
	CK_EXTRACT_PARAMS bit;
	size_t size = j->base.left;
	if (!param_read(j->mechanism, &bit, sizeof(bit)))
		return CKR_MECHANISM_PARAM_INVALID;
	if (size == 0 || bit >= BITS * size)
		return CKR_MECHANISM_PARAM_INVALID;
	if (j->wanted == 0)
		return CKR_TEMPLATE_INCOMPLETE;
	if (j->wanted > size)
		return CKR_KEY_SIZE_RANGE;
	struct cursor front = j->base, ring;
	cursor_take(&front, bit / BITS);
	struct builder b = builder_heap(2 * size);
	builder_append(&b, front);
	builder_append(&b, j->base);
	ring = builder_read(&b);
	uint16_t two = cursor_u8(&ring);
	for (size_t i = 0; i < j->wanted; i++) {
		two = (uint16_t)(two << BITS | cursor_u8(&ring));
		builder_u8(out, (uint8_t)(two >> (BITS - bit % BITS)));
	}
	bool good = cursor_ok(&ring);
	builder_free(&b);
	return good ? crypto_written(out) : CKR_HOST_MEMORY;
}

static CK_RV
digest_once(enum digest d, struct cursor a, struct cursor b, struct cursor c,
	    struct builder *out)
{
	struct digester *digester = digester_new(d);
	if (digester == NULL)
		return CKR_HOST_MEMORY;
	CK_RV rv = digester_update(digester, a);
	if (rv == CKR_OK)
		rv = digester_update(digester, b);
	if (rv == CKR_OK)
		rv = digester_update(digester, c);
	if (rv == CKR_OK)
		rv = digester_finish(digester, out);
	digester_free(digester);
	return rv;
}

static enum digest digest_of_row(CK_MECHANISM_TYPE type);

static CK_RV
derive_digest(const struct kdf_job *j, struct builder *out)
{
	uint8_t space[DIGEST_SIZE_MAX];
	struct builder digest = builder_over(space, sizeof(space));
	const struct cursor none = cursor_of(NULL, 0);
	if (j->mechanism->ulParameterLen > 0)
		return CKR_MECHANISM_PARAM_INVALID;
	CK_RV rv = digest_once(digest_of_row(j->mechanism->mechanism), j->base,
			       none, none, &digest);
	if (rv == CKR_OK)
		rv = kdf_cut(builder_read(&digest), j->wanted, out);
	mem_wipe(space, sizeof(space));
	return rv;
}

/* As many bytes as are wanted (6.23). */
static CK_RV
derive_shake(const struct kdf_job *j, struct builder *out)
{
	const struct crypto *c = crypto_get();
	bool small = j->mechanism->mechanism == CKM_SHAKE_128_KEY_DERIVATION;
	if (j->mechanism->ulParameterLen > 0)
		return CKR_MECHANISM_PARAM_INVALID;
	if (j->wanted == 0)
		return CKR_TEMPLATE_INCOMPLETE;
	uint8_t *place = builder_space(out, j->wanted);
	if (c == NULL || place == NULL)
		return CKR_HOST_MEMORY;
	crypto_enter();
	EVP_MD *md = EVP_MD_fetch(c->library, small ? "SHAKE-128" : "SHAKE-256",
				  NULL);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = md != NULL && context != NULL &&
		    EVP_DigestInit_ex2(context, md, NULL) == 1 &&
		    EVP_DigestUpdate(context, j->base.at, j->base.left) == 1 &&
		    EVP_DigestFinalXOF(context, place, j->wanted) == 1;
	EVP_MD_CTX_free(context);
	EVP_MD_free(md);
	return crypto_leave(good, CKR_FUNCTION_FAILED);
}

/* A message of the caller's, encrypted (6.17). */
static CK_RV
derive_encrypted(const struct kdf_job *j, CK_MECHANISM *m, struct cursor data,
		 struct builder *out)
{
	struct builder all = builder_heap(KDF_SIZE_MAX);
	struct cipher *c = cipher_new();
	CK_RV rv = CKR_HOST_MEMORY;
	if (!cursor_ok(&data) || data.left == 0 || data.left > KDF_SIZE_MAX)
		rv = CKR_MECHANISM_PARAM_INVALID;
	else if (c != NULL)
		rv = cipher_start(c, m, j->base, true);
	if (rv == CKR_OK)
		rv = cipher_whole(c, data, &all);
	if (rv == CKR_OK)
		rv = kdf_cut(builder_read(&all), j->wanted, out);
	cipher_free(c);
	builder_free(&all);
	return rv == CKR_DATA_LEN_RANGE ? CKR_MECHANISM_PARAM_INVALID : rv;
}

static CK_RV
derive_ecb(const struct kdf_job *j, struct builder *out)
{
	CK_MECHANISM m = { CKM_AES_ECB, NULL, 0 };
	return derive_encrypted(j, &m, data_of(j->mechanism), out);
}

static CK_RV
derive_cbc(const struct kdf_job *j, struct builder *out)
{
	CK_AES_CBC_ENCRYPT_DATA_PARAMS p;
	CK_MECHANISM m = { CKM_AES_CBC, p.iv, sizeof(p.iv) };
	if (!param_read(j->mechanism, &p, sizeof(p)))
		return CKR_MECHANISM_PARAM_INVALID;
	return derive_encrypted(j, &m, param_bytes(p.pData, p.length), out);
}

/* The rows' order is that of the functions below. */
static const struct kdf_row rows[] = {
	{ CKM_CONCATENATE_BASE_AND_KEY, true, false },
	{ CKM_CONCATENATE_BASE_AND_DATA, true, false },
	{ CKM_CONCATENATE_DATA_AND_BASE, true, false },
	{ CKM_XOR_BASE_AND_DATA, true, false },
	{ CKM_EXTRACT_KEY_FROM_KEY, true, false },
	{ CKM_AES_ECB_ENCRYPT_DATA, false, false },
	{ CKM_AES_CBC_ENCRYPT_DATA, false, false },
	{ CKM_HKDF_DERIVE, false, false },
	{ CKM_HKDF_DATA, false, true },
	{ CKM_SP800_108_COUNTER_KDF, false, false },
	{ CKM_SP800_108_FEEDBACK_KDF, false, false },
	{ CKM_SP800_108_DOUBLE_PIPELINE_KDF, false, false },
	{ CKM_TLS12_MASTER_KEY_DERIVE, false, false },
	{ CKM_TLS12_MASTER_KEY_DERIVE_DH, false, false },
	{ CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE, false, false },
	{ CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE_DH, false, false },
	{ CKM_TLS12_KDF, false, false },
	{ CKM_TLS_KDF, false, false },
	{ CKM_TLS_MASTER_KEY_DERIVE, false, false },
	{ CKM_TLS_MASTER_KEY_DERIVE_DH, false, false },
	{ CKM_SHAKE_128_KEY_DERIVATION, false, false },
	{ CKM_SHAKE_256_KEY_DERIVATION, false, false },
	{ CKM_SHA1_KEY_DERIVATION, false, false },
	{ CKM_SHA224_KEY_DERIVATION, false, false },
	{ CKM_SHA256_KEY_DERIVATION, false, false },
	{ CKM_SHA384_KEY_DERIVATION, false, false },
	{ CKM_SHA512_KEY_DERIVATION, false, false },
	{ CKM_SHA512_224_KEY_DERIVATION, false, false },
	{ CKM_SHA512_256_KEY_DERIVATION, false, false },
	{ CKM_SHA3_224_KEY_DERIVATION, false, false },
	{ CKM_SHA3_256_KEY_DERIVATION, false, false },
	{ CKM_SHA3_384_KEY_DERIVATION, false, false },
	{ CKM_SHA3_512_KEY_DERIVATION, false, false },
	{ CKM_BLAKE2B_512_KEY_DERIVE, false, false },
	{ CKM_BLAKE2B_160_KEY_DERIVE, false, false },
	{ CKM_BLAKE2B_256_KEY_DERIVE, false, false },
	{ CKM_BLAKE2B_384_KEY_DERIVE, false, false },
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static const struct {
	CK_RV (*derive)(const struct kdf_job *j, struct builder *out);
	enum digest digest;
} functions[] = {
	{ derive_base_key },
	{ derive_base_data },
	{ derive_data_base },
	{ derive_xor },
	{ derive_extract },
	{ derive_ecb },
	{ derive_cbc },
	{ kdf_hkdf },
	{ kdf_hkdf },
	{ kdf_counter },
	{ kdf_feedback },
	{ kdf_pipeline },
	{ kdf_tls_master },
	{ kdf_tls_master },
	{ kdf_tls_extended },
	{ kdf_tls_extended },
	{ kdf_tls_export },
	{ kdf_tls_export },
	{ kdf_tls_master },
	{ kdf_tls_master },
	{ derive_shake },
	{ derive_shake },
	{ derive_digest, DIGEST_SHA1 },
	{ derive_digest, DIGEST_SHA224 },
	{ derive_digest, DIGEST_SHA256 },
	{ derive_digest, DIGEST_SHA384 },
	{ derive_digest, DIGEST_SHA512 },
	{ derive_digest, DIGEST_SHA512_224 },
	{ derive_digest, DIGEST_SHA512_256 },
	{ derive_digest, DIGEST_SHA3_224 },
	{ derive_digest, DIGEST_SHA3_256 },
	{ derive_digest, DIGEST_SHA3_384 },
	{ derive_digest, DIGEST_SHA3_512 },
	{ derive_digest, DIGEST_BLAKE2B },
	{ derive_digest, DIGEST_BLAKE2B_160 },
	{ derive_digest, DIGEST_BLAKE2B_256 },
	{ derive_digest, DIGEST_BLAKE2B_384 },
};
_Static_assert(ROWS == sizeof(functions) / sizeof(functions[0]),
	       "a function for each row");

static enum digest
digest_of_row(CK_MECHANISM_TYPE type)
{
	size_t i = 0;
	while (i < ROWS - 1 && rows[i].type != type)
		i++;
	return functions[i].digest;
}

bool
kdf_can(CK_MECHANISM_TYPE type)
{
	enum digest d = digest_of_row(type);
	return d == DIGEST_NONE || digest_algorithm(d) != NULL;
}

const struct kdf_row *
kdf_rows(size_t *count)
{
	*count = ROWS;
	return rows;
}

CK_RV
kdf_run(const struct kdf_job *job, struct builder *out)
{
	if (job->wanted > KDF_SIZE_MAX || job->base.left > KDF_SIZE_MAX)
		return CKR_KEY_SIZE_RANGE;
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].type == job->mechanism->mechanism &&
		    kdf_can(rows[i].type))
			return functions[i].derive(job, out);
	return CKR_MECHANISM_INVALID;
}

/* Hash(secret || counter || shared info) as often as needed (X9.63, 5.6.3). */
static CK_RV
x963(enum digest d, struct cursor secret, struct cursor shared, size_t wanted,
     struct builder *out)
{
	uint8_t space[DIGEST_SIZE_MAX], number[sizeof(uint32_t)];
	CK_RV rv = CKR_OK;
	for (uint32_t i = 1; rv == CKR_OK && wanted > 0; i++) {
		struct builder digest = builder_over(space, sizeof(space));
		struct builder b = builder_over(number, sizeof(number));
		builder_u32(&b, i);
		rv = digest_once(d, secret, builder_read(&b), shared, &digest);
		size_t now = wanted < digest.used ? wanted : digest.used;
		if (rv == CKR_OK)
			rv = kdf_cut(builder_read(&digest), now, out);
		wanted -= now;
	}
	mem_wipe(space, sizeof(space));
	return rv;
}

CK_RV
kdf_agreed(CK_EC_KDF_TYPE kdf, struct cursor secret, struct cursor shared_info,
	   size_t wanted, struct builder *out)
{
	static const struct {
		CK_EC_KDF_TYPE kdf;
		enum digest digest;
	} kdfs[] = {
		{ CKD_SHA1_KDF, DIGEST_SHA1 },
		{ CKD_SHA224_KDF, DIGEST_SHA224 },
		{ CKD_SHA256_KDF, DIGEST_SHA256 },
		{ CKD_SHA384_KDF, DIGEST_SHA384 },
		{ CKD_SHA512_KDF, DIGEST_SHA512 },
		{ CKD_SHA3_224_KDF, DIGEST_SHA3_224 },
		{ CKD_SHA3_256_KDF, DIGEST_SHA3_256 },
		{ CKD_SHA3_384_KDF, DIGEST_SHA3_384 },
		{ CKD_SHA3_512_KDF, DIGEST_SHA3_512 },
		{ CKD_BLAKE2B_160_KDF, DIGEST_BLAKE2B_160 },
		{ CKD_BLAKE2B_256_KDF, DIGEST_BLAKE2B_256 },
		{ CKD_BLAKE2B_384_KDF, DIGEST_BLAKE2B_384 },
		{ CKD_BLAKE2B_512_KDF, DIGEST_BLAKE2B },
	};
	if (kdf == CKD_NULL) {
		if (shared_info.bad || shared_info.left > 0)
			return CKR_MECHANISM_PARAM_INVALID;
		/* what is too much goes from the leading end (6.3.20) */
		if (wanted > 0 && wanted < secret.left)
			cursor_take(&secret, secret.left - wanted);
		return kdf_cut(secret, wanted, out);
	}
	if (shared_info.bad || shared_info.left > KDF_SIZE_MAX)
		return CKR_MECHANISM_PARAM_INVALID;
	for (size_t i = 0; i < sizeof(kdfs) / sizeof(kdfs[0]); i++) {
		enum digest d = kdfs[i].digest;
		if (kdfs[i].kdf == kdf && digest_algorithm(d) != NULL)
			return x963(d, secret, shared_info,
				    wanted > 0 ? wanted : digest_size(d), out);
	}
	return CKR_MECHANISM_PARAM_INVALID;
}

static enum digest
digest_of_prf(CK_PKCS5_PBKD2_PSEUDO_RANDOM_FUNCTION_TYPE prf)
{
	static const CK_ULONG prfs[DIGESTS] = {
		[DIGEST_SHA1] = CKP_PKCS5_PBKD2_HMAC_SHA1,
		[DIGEST_SHA224] = CKP_PKCS5_PBKD2_HMAC_SHA224,
		[DIGEST_SHA256] = CKP_PKCS5_PBKD2_HMAC_SHA256,
		[DIGEST_SHA384] = CKP_PKCS5_PBKD2_HMAC_SHA384,
		[DIGEST_SHA512] = CKP_PKCS5_PBKD2_HMAC_SHA512,
		[DIGEST_SHA512_224] = CKP_PKCS5_PBKD2_HMAC_SHA512_224,
		[DIGEST_SHA512_256] = CKP_PKCS5_PBKD2_HMAC_SHA512_256,
	};
	for (enum digest d = DIGEST_NONE + 1; d < DIGESTS; d++)
		if (prfs[d] != 0 && prfs[d] == prf)
			return d;
	return DIGEST_NONE;
}

static bool
pbkdf2_run(enum digest d, struct cursor password, struct cursor salt,
	   uint64_t rounds, uint8_t *place, size_t size)
{
	int plain = 1; /* RFC 8018 without SP 800-132's lower bounds */
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD,
						  (void *)password.at,
						  password.left),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT,
						  (void *)salt.at, salt.left),
		OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_ITER, &rounds),
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
						 (char *)digest_name(d), 0),
		OSSL_PARAM_construct_int(OSSL_KDF_PARAM_PKCS5, &plain),
		OSSL_PARAM_construct_end(),
	};
	const struct crypto *c = crypto_get();
	EVP_KDF *kdf = EVP_KDF_fetch(c->library, "PBKDF2", NULL);
	EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
	bool good = context != NULL &&
		    EVP_KDF_derive(context, place, size, params) == 1;
	EVP_KDF_CTX_free(context);
	EVP_KDF_free(kdf);
	return good;
}

/*
 * NSS gives a pointer to the length, as CK_PKCS5_PBKD2_PARAMS has it; it is as
 * long as CK_PKCS5_PBKD2_PARAMS2. No password is as long as an address of 64
 * bits is high, and no address is higher than 47 bits.
 */
static struct cursor
pbkdf2_password(const CK_PKCS5_PBKD2_PARAMS2 *p)
{
	CK_ULONG length = p->ulPasswordLen;

	if (sizeof(length) == 8 && length >> 32 != 0 && length >> 47 == 0 &&
	    length % sizeof(length) == 0)
		length = *(const CK_ULONG *)length;
	return param_bytes(p->pPassword, length);
}

CK_RV
kdf_password(enum digest d, struct cursor password, struct cursor salt,
	     uint64_t rounds, size_t wanted, struct builder *out)
{
	/* OpenSSL takes nothing at all for no password given */
	static const uint8_t none;
	if (password.left == 0)
		password.at = &none;
	if (salt.left == 0)
		salt.at = &none;
	uint8_t *place = builder_space(out, wanted);
	if (place == NULL || crypto_get() == NULL)
		return CKR_HOST_MEMORY;
	crypto_enter();
	bool good = pbkdf2_run(d, password, salt, rounds, place, wanted);
	return crypto_leave(good, CKR_FUNCTION_FAILED);
}

CK_RV
kdf_pbkdf2(const CK_MECHANISM *mechanism, size_t wanted, struct builder *out)
{
	CK_PKCS5_PBKD2_PARAMS2 p;
	if (!param_read(mechanism, &p, sizeof(p)))
		return CKR_MECHANISM_PARAM_INVALID;
	struct cursor salt =
		param_bytes(p.pSaltSourceData, p.ulSaltSourceDataLen);
	struct cursor password = pbkdf2_password(&p);
	enum digest d = digest_of_prf(p.prf);
	if (p.saltSource != CKZ_SALT_SPECIFIED || d == DIGEST_NONE ||
	    !cursor_ok(&salt) || !cursor_ok(&password) || p.ulPrfDataLen != 0 ||
	    p.iterations == 0 || p.iterations > ROUNDS_MAX ||
	    password.left > PASSWORD_MAX || salt.left > PASSWORD_MAX)
		return CKR_MECHANISM_PARAM_INVALID;
	return kdf_password(d, password, salt, p.iterations, wanted, out);
}
