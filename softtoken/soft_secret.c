/* Secret keys: their sizes, their check values, and the making of new ones. */
#include "cipher.h"
#include "kdf.h"
#include "mem.h"
#include "soft_made.h"

enum { BLOCK_MAX = 16, SIZES_MAX = 3, SECRET_MAX = 4096, PREMASTER_SIZE = 48 };

/* Types of keys that have sizes of their own, and the mechanism that makes a
 * check value of a block of zeros (4.10.2). All others: see SHA-1. */
static const struct {
	CK_KEY_TYPE type;
	size_t sizes[SIZES_MAX];
	CK_MECHANISM_TYPE check;
	size_t block;
} kinds[] = {
	{ CKK_AES, { 16, 24, 32 }, CKM_AES_ECB, 16 },
	{ CKK_DES3, { 24 }, CKM_DES3_ECB, 8 },
	{ CKK_AES_XTS, { 32, 64 }, CK_UNAVAILABLE_INFORMATION, 0 },
	{ CKK_CHACHA20, { 32 }, CK_UNAVAILABLE_INFORMATION, 0 },
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

bool
secret_size_fits(CK_KEY_TYPE type, size_t size)
{
	for (size_t i = 0; i < KINDS; i++) {
		if (kinds[i].type != type)
			continue;
		for (size_t j = 0; j < SIZES_MAX; j++) {
			if (size > 0 && kinds[i].sizes[j] == size)
				return true;
		}
		return false;
	}
	return size > 0 && size <= SECRET_MAX;
}

/* How long a key of this type has to be; 0 when that is not fixed. */
static size_t
secret_fixed_size(CK_KEY_TYPE type)
{
	for (size_t i = 0; i < KINDS; i++) {
		if (kinds[i].type == type && kinds[i].sizes[1] == 0)
			return kinds[i].sizes[0];
	}
	return 0;
}

static CK_RV
cipher_check_value(struct attrs *attrs, CK_MECHANISM_TYPE type, size_t block)
{
	static const uint8_t zeros[BLOCK_MAX];
	CK_MECHANISM mechanism = { type, NULL, 0 };
	uint8_t space[BLOCK_MAX];
	struct builder out = builder_over(space, sizeof(space));
	struct cipher *c = cipher_new();
	CK_RV rv = CKR_HOST_MEMORY;

	if (c)
		rv = cipher_start(c, &mechanism, attrs_value(attrs, CKA_VALUE),
				  true);
	if (rv == CKR_OK)
		rv = cipher_whole(c, cursor_of(zeros, block), &out);
	cipher_free(c);
	return rv == CKR_OK ? check_value_set(attrs, builder_read(&out)) : rv;
}

CK_RV
secret_import(struct attrs *attrs)
{
	CK_KEY_TYPE type = attrs_ulong(attrs, CKA_KEY_TYPE, 0);
	size_t size = attrs_value(attrs, CKA_VALUE).left;
	CK_RV rv;

	if (!secret_size_fits(type, size))
		return CKR_ATTRIBUTE_VALUE_INVALID;
	rv = attrs_set_ulong(attrs, CKA_VALUE_LEN, size);
	if (rv != CKR_OK)
		return rv;
	for (size_t i = 0; i < KINDS; i++) {
		if (kinds[i].type == type && kinds[i].block > 0)
			return cipher_check_value(attrs, kinds[i].check,
						  kinds[i].block);
	}
	return sha1_check_value(attrs);
}

CK_RV
wish_read_any(struct template t, CK_KEY_TYPE type, struct wish *wish)
{
	struct wish w;
	CK_RV rv = template_check(t.list, t.count);

	if (rv == CKR_OK)
		rv = template_ulong(t.list, t.count, CKA_CLASS, CKO_SECRET_KEY,
				    &w.class);
	if (rv == CKR_OK)
		rv = template_ulong(t.list, t.count, CKA_KEY_TYPE, type,
				    &w.type);
	if (rv == CKR_OK)
		rv = template_ulong(t.list, t.count, CKA_VALUE_LEN, 0, &w.size);
	if (rv == CKR_OK)
		rv = template_bool(t.list, t.count, CKA_TOKEN, false, &w.token);
	if (rv != CKR_OK)
		return rv;
	if (!shape_find(w.class, w.type))
		return CKR_TEMPLATE_INCONSISTENT;
	if (w.class == CKO_SECRET_KEY && w.size == 0)
		w.size = secret_fixed_size(w.type);
	*wish = w;
	return CKR_OK;
}

CK_RV
wish_read(struct template t, CK_KEY_TYPE type, struct wish *wish)
{
	struct wish w;
	CK_RV rv = wish_read_any(t, type, &w);

	if (rv != CKR_OK)
		return rv;
	/* also where the template may not say it, it has to be right */
	if (w.class == CKO_SECRET_KEY &&
	    template_find(t.list, t.count, CKA_VALUE_LEN) &&
	    !secret_size_fits(w.type, w.size))
		return w.size > SECRET_MAX || w.size == 0
			       ? CKR_ATTRIBUTE_VALUE_INVALID
			       : CKR_TEMPLATE_INCONSISTENT;
	*wish = w;
	return CKR_OK;
}

CK_RV
data_wish_read(struct template t, struct wish *wish)
{
	struct wish w = { .type = 0 };
	CK_RV rv =
		template_ulong(t.list, t.count, CKA_CLASS, CKO_DATA, &w.class);

	if (rv == CKR_OK)
		rv = template_ulong(t.list, t.count, CKA_VALUE_LEN, 0, &w.size);
	if (rv == CKR_OK)
		rv = template_bool(t.list, t.count, CKA_TOKEN, false, &w.token);
	if (rv == CKR_OK)
		*wish = w;
	return rv;
}

struct maker
maker_for(struct soft_token *t, const struct wish *wish)
{
	struct maker maker = maker_of(t);

	maker.token = wish->token;
	return maker;
}

CK_RV
secret_make(const struct maker *maker, const struct origin *origin,
	    struct template t, const struct wish *wish, struct cursor value,
	    struct attrs *attrs)
{
	const struct shape *shape = shape_find(CKO_SECRET_KEY, wish->type);
	struct attrs made = { NULL, 0, 0 };
	CK_RV rv;

	if (!shape || wish->class != CKO_SECRET_KEY)
		return CKR_TEMPLATE_INCONSISTENT;
	rv = shaped_make(maker, shape, t, ON_GENERATE, &made);
	if (rv == CKR_OK)
		rv = attrs_set(&made, CKA_VALUE, value);
	if (rv == CKR_OK)
		rv = secret_import(&made);
	if (rv == CKR_OK)
		rv = origin_set(shape, &made, origin);
	if (rv == CKR_OK)
		*attrs = made;
	else
		attrs_free(&made);
	return rv;
}

/* Random bytes for most. */
static CK_RV
bytes_random(const CK_MECHANISM *mechanism, size_t size, struct builder *out)
{
	uint8_t *space = builder_space(out, size);

	if (mechanism->ulParameterLen > 0)
		return CKR_MECHANISM_PARAM_INVALID;
	return space ? random_bytes(space, size) : CKR_HOST_MEMORY;
}

/* What RSA carries: the version that the client offers, then random bytes
 * (6.40.3; RFC 5246, 7.4.7.1). */
static CK_RV
premaster_random(const CK_MECHANISM *mechanism, size_t size,
		 struct builder *out)
{
	struct cursor version = cursor_of(mechanism->pParameter,
					  mechanism->ulParameterLen);
	uint8_t *space;

	if (!mechanism->pParameter || version.left != sizeof(CK_VERSION))
		return CKR_MECHANISM_PARAM_INVALID;
	if (size != PREMASTER_SIZE)
		return CKR_TEMPLATE_INCONSISTENT;
	builder_append(out, version);
	space = builder_space(out, size - version.left);
	return space ? random_bytes(space, size - version.left)
		     : CKR_HOST_MEMORY;
}

static const struct {
	struct mechanism mechanism;
	CK_KEY_TYPE type;
	CK_RV(*make)
	(const CK_MECHANISM *mechanism, size_t size, struct builder *out);
	CK_ULONG size; /* when it is always the same */
} generators[] = {
	{ { CKM_AES_KEY_GEN, { 16, 32, CKF_GENERATE } },
	  CKK_AES,
	  bytes_random },
	{ { CKM_AES_XTS_KEY_GEN, { 32, 64, CKF_GENERATE } },
	  CKK_AES_XTS,
	  bytes_random },
	/* of this one the sizes are bits (6.20.4) */
	{ { CKM_GENERIC_SECRET_KEY_GEN, { 8, 8 * SECRET_MAX, CKF_GENERATE } },
	  CKK_GENERIC_SECRET,
	  bytes_random },
	{ { CKM_CHACHA20_KEY_GEN, { 32, 32, CKF_GENERATE } },
	  CKK_CHACHA20,
	  bytes_random },
	{ { CKM_HKDF_KEY_GEN, { 1, SECRET_MAX, CKF_GENERATE } },
	  CKK_HKDF,
	  bytes_random },
	/* makes a key of any type (6.37.2) */
	{ { CKM_PKCS5_PBKD2, { 1, SECRET_MAX, CKF_GENERATE } },
	  CKK_GENERIC_SECRET,
	  kdf_pbkdf2 },
	{ { CKM_TLS_PRE_MASTER_KEY_GEN, { 48, 48, CKF_GENERATE } },
	  CKK_GENERIC_SECRET,
	  premaster_random,
	  PREMASTER_SIZE },
#define HMAC_KEY(name)                                                    \
	{                                                                 \
		{ CKM_##name##_KEY_GEN, { 1, SECRET_MAX, CKF_GENERATE } }, \
			CKK_##name##_HMAC, bytes_random                   \
	}
	HMAC_KEY(SHA_1),
	HMAC_KEY(SHA224),
	HMAC_KEY(SHA256),
	HMAC_KEY(SHA384),
	HMAC_KEY(SHA512),
	HMAC_KEY(SHA512_224),
	HMAC_KEY(SHA512_256),
	HMAC_KEY(SHA3_224),
	HMAC_KEY(SHA3_256),
	HMAC_KEY(SHA3_384),
	HMAC_KEY(SHA3_512),
	HMAC_KEY(BLAKE2B_512),
};
enum { GENERATORS = sizeof(generators) / sizeof(generators[0]) };

size_t
secret_generators(struct mechanism *list, size_t room)
{
	for (size_t i = 0; i < GENERATORS && i < room; i++)
		list[i] = generators[i].mechanism;
	return GENERATORS;
}

/* The type is the mechanism's; of generic secrets an HMAC's own will do. */
static bool
type_fits(CK_KEY_TYPE made, CK_KEY_TYPE wanted)
{
	return wanted == made ||
	       (made == CKK_GENERIC_SECRET && secret_size_fits(wanted, 1) &&
		wanted != CKK_HKDF);
}

static CK_RV
generate_with(struct soft_token *t, size_t which, const CK_MECHANISM *mechanism,
	      struct template object, struct attrs *attrs)
{
	struct origin origin = { mechanism->mechanism, true, true };
	struct maker maker = maker_of(t);
	struct builder value = builder_heap(SECRET_MAX);
	struct wish wish;
	CK_RV rv = wish_read(object, generators[which].type, &wish);

	if (rv == CKR_OK && (wish.class != CKO_SECRET_KEY ||
			     (mechanism->mechanism != CKM_PKCS5_PBKD2 &&
			      !type_fits(generators[which].type, wish.type))))
		rv = CKR_TEMPLATE_INCONSISTENT;
	if (rv == CKR_OK && wish.size == 0)
		wish.size = generators[which].size;
	if (rv == CKR_OK && wish.size == 0)
		rv = CKR_TEMPLATE_INCOMPLETE;
	if (rv == CKR_OK)
		rv = generators[which].make(mechanism, wish.size, &value);
	if (rv == CKR_OK)
		rv = secret_make(&maker, &origin, object, &wish,
				 builder_read(&value), attrs);
	builder_free(&value);
	return rv;
}

CK_RV
soft_generate(struct token *token, const CK_MECHANISM *mechanism,
	      struct template object, uint64_t *id)
{
	struct soft_token *t = soft_of(token);
	struct attrs attrs = { NULL, 0, 0 };

	for (size_t i = 0; i < GENERATORS; i++) {
		CK_RV rv;

		if (generators[i].mechanism.type != mechanism->mechanism)
			continue;
		rv = generate_with(t, i, mechanism, object, &attrs);
		return rv == CKR_OK ? t->shelf->add(t, &attrs, 1, id) : rv;
	}
	return CKR_MECHANISM_INVALID;
}
