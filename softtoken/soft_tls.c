/* The key block of TLS 1.0 to 1.2 as keys (PKCS#11 3.2, 6.40.7; RFC 5246, 6.3),
 * and the bare PRF. */
#include "soft_tls.h"

#include "kdf.h"

enum { PART_MAX = 1024, BITS = 8, SEED_MAX = 4096, KEYS = 4 };

/* What is asked for, in bytes. */
struct block {
	CK_TLS12_KEY_MAT_PARAMS p;
	size_t mac, key, iv;
};

static bool
param_read(const CK_MECHANISM *mechanism, void *param, size_t size)
{
	struct cursor c = cursor_of(mechanism->pParameter, size);

	if (!mechanism->pParameter || mechanism->ulParameterLen != size)
		return false;
	cursor_copy(&c, param, size);
	return true;
}

/* TLS 1.0 and 1.1 have no choice of a hash; CKM_TLS12_KEY_SAFE_DERIVE gives no
 * IVs, whatever it is asked. */
static bool
block_param(const CK_MECHANISM *mechanism, CK_TLS12_KEY_MAT_PARAMS *p)
{
	CK_SSL3_KEY_MAT_PARAMS old;

	if (mechanism->mechanism != CKM_TLS_KEY_AND_MAC_DERIVE) {
		if (!param_read(mechanism, p, sizeof(*p)))
			return false;
		if (mechanism->mechanism == CKM_TLS12_KEY_SAFE_DERIVE)
			p->ulIVSizeInBits = 0;
		return true;
	}
	if (!param_read(mechanism, &old, sizeof(old)))
		return false;
	*p = (CK_TLS12_KEY_MAT_PARAMS){
		.ulMacSizeInBits = old.ulMacSizeInBits,
		.ulKeySizeInBits = old.ulKeySizeInBits,
		.ulIVSizeInBits = old.ulIVSizeInBits,
		.bIsExport = old.bIsExport,
		.RandomInfo = old.RandomInfo,
		.pReturnedKeyMaterial = old.pReturnedKeyMaterial,
		.prfHashMechanism = CKM_TLS_PRF,
	};
	return true;
}

static CK_RV
block_read(const CK_MECHANISM *mechanism, struct block *b)
{
	CK_TLS12_KEY_MAT_PARAMS *p = &b->p;

	if (!block_param(mechanism, p))
		return CKR_MECHANISM_PARAM_INVALID;
	b->mac = p->ulMacSizeInBits / BITS;
	b->key = p->ulKeySizeInBits / BITS;
	b->iv = p->ulIVSizeInBits / BITS;
	if (b->mac > PART_MAX || b->key > PART_MAX || b->iv > PART_MAX ||
	    (p->ulMacSizeInBits | p->ulKeySizeInBits | p->ulIVSizeInBits) %
			    BITS !=
		    0)
		return CKR_MECHANISM_PARAM_INVALID;
	if (b->key == 0 || p->bIsExport || !p->pReturnedKeyMaterial ||
	    !p->RandomInfo.pClientRandom || !p->RandomInfo.pServerRandom)
		return CKR_MECHANISM_PARAM_INVALID;
	if (b->iv > 0 && (!p->pReturnedKeyMaterial->pIVClient ||
			  !p->pReturnedKeyMaterial->pIVServer))
		return CKR_MECHANISM_PARAM_INVALID;
	return CKR_OK;
}

static CK_RV
block_compute(const struct block *b, struct cursor secret, struct builder *out)
{
	const CK_SSL3_RANDOM_DATA *r = &b->p.RandomInfo;
	struct builder seed = builder_heap(SEED_MAX);
	CK_RV rv = CKR_MECHANISM_PARAM_INVALID;

	builder_text(&seed, "key expansion");
	builder_put(&seed, r->pServerRandom, r->ulServerRandomLen);
	builder_put(&seed, r->pClientRandom, r->ulClientRandomLen);
	if (builder_ok(&seed))
		rv = kdf_tls_prf(b->p.prfHashMechanism, secret,
				 builder_read(&seed),
				 2 * (b->mac + b->key + b->iv), out);
	builder_free(&seed);
	return rv;
}

struct keys {
	struct derived list[KEYS];
	size_t count;
};

/* One key, as secret as the master secret is. */
static CK_RV
key_make(struct soft_token *t, const struct base *base, struct template with,
	 struct cursor value, struct attrs *made)
{
	struct origin origin = base_origin(base);
	struct wish wish;
	struct maker maker;
	CK_RV rv = wish_read(with, CKK_GENERIC_SECRET, &wish);

	if (rv != CKR_OK)
		return rv;
	maker = maker_for(t, &wish);
	if (wish.class != CKO_SECRET_KEY ||
	    (wish.size > 0 && wish.size != value.left))
		return CKR_TEMPLATE_INCONSISTENT;
	rv = secret_make(&maker, &origin, with, &wish, value, made);
	if (rv == CKR_OK)
		rv = secrecy_inherit(base->attrs, made);
	if (rv == CKR_OK)
		rv = origin_set(shape_of_attrs(made), made, &origin);
	if (rv != CKR_OK)
		attrs_free(made);
	return rv;
}

/* A MAC key lives where the other ones do, and can nothing but MACs. */
static CK_RV
mac_make(struct soft_token *t, const struct base *base, struct template with,
	 struct cursor value, struct attrs *made)
{
	static const CK_ATTRIBUTE_TYPE kept[] = { CKA_TOKEN, CKA_PRIVATE };
	CK_ATTRIBUTE list[2];
	struct template mac = { list, 0 };

	for (size_t i = 0; i < 2; i++) {
		const CK_ATTRIBUTE *a =
			template_find(with.list, with.count, kept[i]);

		if (a)
			list[mac.count++] = *a;
	}
	return key_make(t, base, mac, value, made);
}

static CK_RV
keys_make(struct soft_token *t, const struct base *base, struct template with,
	  const struct block *b, struct cursor all, struct keys *keys)
{
	CK_SSL3_KEY_MAT_OUT *out = b->p.pReturnedKeyMaterial;
	CK_OBJECT_HANDLE *handles[KEYS] = { &out->hClientMacSecret,
					    &out->hServerMacSecret,
					    &out->hClientKey,
					    &out->hServerKey };
	struct builder client = builder_over(out->pIVClient, b->iv);
	struct builder server = builder_over(out->pIVServer, b->iv);
	CK_RV rv = CKR_OK;

	for (size_t i = 0; rv == CKR_OK && i < KEYS; i++) {
		bool mac = i < 2;
		struct attrs *made;
		struct cursor value = cursor_take(&all, mac ? b->mac : b->key);

		*handles[i] = CK_INVALID_HANDLE;
		if (value.left == 0)
			continue;
		keys->list[keys->count].handle = handles[i];
		made = &keys->list[keys->count].attrs;
		rv = mac ? mac_make(t, base, with, value, made)
			 : key_make(t, base, with, value, made);
		if (rv == CKR_OK)
			keys->count++;
	}
	if (rv == CKR_OK) {
		builder_append(&client, cursor_take(&all, b->iv));
		builder_append(&server, cursor_take(&all, b->iv));
	}
	return rv;
}

CK_RV
tls_keys_derive(struct soft_token *t, const struct derivation *d,
		const struct base *base, struct template with,
		struct derived *list, size_t *count)
{
	struct builder all = builder_heap(KDF_SIZE_MAX);
	struct keys keys = { .count = 0 };
	struct block b;
	CK_RV rv = block_read(d->mechanism, &b);

	if (rv == CKR_OK)
		rv = block_compute(&b, attrs_value(base->attrs, CKA_VALUE),
				   &all);
	if (rv == CKR_OK)
		rv = keys_make(t, base, with, &b, builder_read(&all), &keys);
	for (size_t i = 0; i < keys.count; i++) {
		if (rv == CKR_OK)
			list[i] = keys.list[i];
		else
			attrs_free(&keys.list[i].attrs);
	}
	if (rv == CKR_OK)
		*count = keys.count;
	builder_free(&all);
	return rv;
}

/* No key comes of it: what was asked for goes to the caller (6.40.5). */
CK_RV
tls_prf_derive(struct soft_token *t, const struct derivation *d,
	       const struct base *base, struct template with,
	       struct derived *list, size_t *count)
{
	struct builder seed = builder_heap(SEED_MAX), out;
	CK_TLS_PRF_PARAMS p;
	CK_RV rv = CKR_MECHANISM_PARAM_INVALID;

	if (!param_read(d->mechanism, &p, sizeof(p)) || !p.pOutput ||
	    !p.pulOutputLen || *p.pulOutputLen == 0 ||
	    *p.pulOutputLen > KDF_SIZE_MAX || (!p.pSeed && p.ulSeedLen > 0) ||
	    (!p.pLabel && p.ulLabelLen > 0))
		return CKR_MECHANISM_PARAM_INVALID;
	out = builder_over(p.pOutput, *p.pulOutputLen);
	builder_put(&seed, p.pLabel, p.ulLabelLen);
	builder_put(&seed, p.pSeed, p.ulSeedLen);
	if (builder_ok(&seed))
		rv = kdf_tls_prf(CKM_TLS_PRF,
				 attrs_value(base->attrs, CKA_VALUE),
				 builder_read(&seed), *p.pulOutputLen, &out);
	builder_free(&seed);
	if (rv == CKR_OK)
		*count = 0;
	return rv;
}
