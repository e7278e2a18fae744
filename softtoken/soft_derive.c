/* C_DeriveKey: a secret is computed, and becomes a key or data. */
#include "kdf.h"
#include "mem.h"
#include "soft_base.h"
#include "soft_template.h"
#include "soft_tls.h"

enum {
	EC_BITS_MIN = 224,
	EC_BITS_MAX = 521,
	DH_BITS_MIN = 512,
	DH_BITS_MAX = 8192,
	SECRET_MAX = 1024,
};

/* One derivation under way. */
struct deriving {
	const struct derivation *d;
	const struct base *base;
	struct wish wish;
};

CK_OBJECT_HANDLE
derivation_other(const CK_MECHANISM *mechanism)
{
	struct cursor c = cursor_of(
		mechanism->pParameter,
		mechanism->pParameter ? mechanism->ulParameterLen : 0);
	CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
	CK_HKDF_PARAMS p;

	switch (mechanism->mechanism) {
	case CKM_CONCATENATE_BASE_AND_KEY:
		if (c.left == sizeof(handle))
			cursor_copy(&c, &handle, sizeof(handle));
		return handle;
	case CKM_HKDF_DERIVE:
	case CKM_HKDF_DATA:
		if (c.left != sizeof(p))
			return CK_INVALID_HANDLE;
		cursor_copy(&c, &p, sizeof(p));
		return p.ulSaltType == CKF_HKDF_SALT_KEY ? p.hSaltKey
							 : CK_INVALID_HANDLE;
	default:
		return CK_INVALID_HANDLE;
	}
}

static CK_RV
param_copy(const CK_MECHANISM *mechanism, void *param, size_t size)
{
	struct cursor c = cursor_of(mechanism->pParameter, size);

	if (!mechanism->pParameter || mechanism->ulParameterLen != size)
		return CKR_MECHANISM_PARAM_INVALID;
	cursor_copy(&c, param, size);
	return CKR_OK;
}

static CK_RV
from_bytes(const struct deriving *x, struct builder *value)
{
	struct kdf_job job = { .mechanism = x->d->mechanism,
			       .base = attrs_value(x->base->attrs, CKA_VALUE),
			       .other = cursor_of(NULL, 0),
			       .wanted = x->wish.size };

	if (derivation_other(x->d->mechanism) != CK_INVALID_HANDLE) {
		if (!x->d->other)
			return CKR_KEY_HANDLE_INVALID;
		job.other = attrs_value(x->d->other, CKA_VALUE);
		if (attrs_ulong(x->d->other, CKA_CLASS, CKO_DATA) !=
			    CKO_SECRET_KEY ||
		    !cursor_ok(&job.other))
			return CKR_KEY_TYPE_INCONSISTENT;
	}
	return kdf_run(&job, value);
}

/* The shared secret of our key, or of the card's that has computed it. */
static CK_RV
secret_agree(const struct deriving *x, struct cursor point,
	     struct builder *secret)
{
	if (x->d->held) {
		builder_append(secret, x->d->computed);
		return x->d->computed.left > 0 && builder_ok(secret)
			       ? CKR_OK
			       : CKR_KEY_TYPE_INCONSISTENT;
	}
	return soft_key_agree(x->base->key, point, secret);
}

static CK_RV
from_ecdh(const struct deriving *x, struct builder *value)
{
	uint8_t space[SECRET_MAX];
	struct builder secret = builder_over(space, sizeof(space));
	CK_ECDH1_DERIVE_PARAMS p;
	CK_RV rv = param_copy(x->d->mechanism, &p, sizeof(p));

	if (rv == CKR_OK &&
	    (!p.pPublicData || (!p.pSharedData && p.ulSharedDataLen > 0)))
		rv = CKR_MECHANISM_PARAM_INVALID;
	if (rv == CKR_OK)
		rv = secret_agree(x,
				  cursor_of(p.pPublicData, p.ulPublicDataLen),
				  &secret);
	if (rv == CKR_OK)
		rv = kdf_agreed(p.kdf, builder_read(&secret),
				cursor_of(p.pSharedData, p.ulSharedDataLen),
				x->wish.size, value);
	mem_wipe(space, sizeof(space));
	return rv;
}

/* The parameter is the other side's public value (6.4.6). */
static CK_RV
from_dh(const struct deriving *x, struct builder *value)
{
	const CK_MECHANISM *m = x->d->mechanism;
	struct builder secret = builder_heap(DH_BITS_MAX / 8);
	CK_RV rv = CKR_MECHANISM_PARAM_INVALID;

	if (m->pParameter && m->ulParameterLen <= DH_BITS_MAX / 8)
		rv = secret_agree(
			x, cursor_of(m->pParameter, m->ulParameterLen),
			&secret);
	if (rv == CKR_OK)
		rv = kdf_agreed(CKD_NULL, builder_read(&secret),
				cursor_of(NULL, 0), x->wish.size, value);
	builder_free(&secret);
	return rv;
}

static bool
fits_dh(const struct base *base)
{
	return base_is(base, CKO_PRIVATE_KEY, CKK_DH);
}

static bool
fits_ecdh(const struct base *base)
{
	return base_is(base, CKO_PRIVATE_KEY, CKK_EC) ||
	       base_is(base, CKO_PRIVATE_KEY, CKK_EC_MONTGOMERY);
}

static const struct {
	struct mechanism mechanism;
	bool (*fits)(const struct base *base);
	CK_RV (*derive)(const struct deriving *x, struct builder *value);
} agreements[] = {
	{ { CKM_DH_PKCS_DERIVE, { DH_BITS_MIN, DH_BITS_MAX, CKF_DERIVE } },
	  fits_dh,
	  from_dh },
	{ { CKM_ECDH1_DERIVE,
	    { EC_BITS_MIN, EC_BITS_MAX,
	      CKF_DERIVE | CKF_EC_F_P | CKF_EC_OID | CKF_EC_UNCOMPRESS } },
	  fits_ecdh,
	  from_ecdh },
	/* the cofactor of all our curves is 1, or in the function already */
	{ { CKM_ECDH1_COFACTOR_DERIVE,
	    { EC_BITS_MIN, EC_BITS_MAX,
	      CKF_DERIVE | CKF_EC_F_P | CKF_EC_OID | CKF_EC_UNCOMPRESS } },
	  fits_ecdh,
	  from_ecdh },
};
enum { AGREEMENTS = sizeof(agreements) / sizeof(agreements[0]) };

/* Of these comes another number of keys than one. */
static const struct {
	struct mechanism mechanism;
	CK_RV (*derive)
	(struct soft_token *t, const struct derivation *d,
	 const struct base *base, struct template with, struct derived *list,
	 size_t *count);
} connections[] = {
	{ { CKM_TLS12_KEY_AND_MAC_DERIVE, { 48, 48, CKF_DERIVE } },
	  tls_keys_derive },
	{ { CKM_TLS12_KEY_SAFE_DERIVE, { 48, 48, CKF_DERIVE } },
	  tls_keys_derive },
	{ { CKM_TLS_KEY_AND_MAC_DERIVE, { 48, 48, CKF_DERIVE } },
	  tls_keys_derive },
	{ { CKM_TLS_PRF, { 1, SECRET_MAX, CKF_DERIVE } }, tls_prf_derive },
};
enum { CONNECTIONS = sizeof(connections) / sizeof(connections[0]) };

size_t
derive_mechanisms(struct mechanism *list, size_t room)
{
	size_t count, done = 0;
	const struct kdf_row *rows = kdf_rows(&count);

	for (size_t i = 0; i < AGREEMENTS && done < room; i++)
		list[done++] = agreements[i].mechanism;
	for (size_t i = 0; i < CONNECTIONS && done < room; i++)
		list[done++] = connections[i].mechanism;
	for (size_t i = 0; i < count && done < room; i++) {
		if (kdf_can(rows[i].type))
			list[done++] = (struct mechanism){
				rows[i].type, { 1, KDF_SIZE_MAX, CKF_DERIVE }
			};
	}
	return done;
}

static const struct kdf_row *
row_of(CK_MECHANISM_TYPE type)
{
	size_t count;
	const struct kdf_row *rows = kdf_rows(&count);

	for (size_t i = 0; i < count; i++) {
		if (rows[i].type == type)
			return &rows[i];
	}
	return NULL;
}

static bool
derive_known(CK_MECHANISM_TYPE type)
{
	for (size_t i = 0; i < AGREEMENTS; i++) {
		if (agreements[i].mechanism.type == type)
			return true;
	}
	for (size_t i = 0; i < CONNECTIONS; i++) {
		if (connections[i].mechanism.type == type)
			return true;
	}
	return row_of(type) != NULL && kdf_can(type);
}

/* Is the base a key of the type that the mechanism takes? */
static bool
derive_fits(CK_MECHANISM_TYPE type, const struct base *base)
{
	struct cursor value = attrs_value(base->attrs, CKA_VALUE);

	for (size_t i = 0; i < AGREEMENTS; i++) {
		if (agreements[i].mechanism.type == type)
			return agreements[i].fits(base);
	}
	for (size_t i = 0; i < CONNECTIONS; i++) {
		if (connections[i].mechanism.type == type)
			return base_is(base, CKO_SECRET_KEY,
				       CKK_GENERIC_SECRET);
	}
	return attrs_ulong(base->attrs, CKA_CLASS, CKO_DATA) ==
		       CKO_SECRET_KEY &&
	       cursor_ok(&value);
}

static CK_RV
value_derive(const struct deriving *x, struct builder *value)
{
	CK_MECHANISM_TYPE type = x->d->mechanism->mechanism;

	for (size_t i = 0; i < AGREEMENTS; i++) {
		if (agreements[i].mechanism.type == type)
			return agreements[i].derive(x, value);
	}
	return from_bytes(x, value);
}

CK_RV
secrecy_inherit(const struct attrs *from, struct attrs *made)
{
	CK_RV rv = CKR_OK;

	if (!from)
		return CKR_OK;
	if (attrs_bool(from, CKA_SENSITIVE, false))
		rv = attrs_set_bool(made, CKA_SENSITIVE, true);
	if (rv == CKR_OK && !attrs_bool(from, CKA_EXTRACTABLE, true))
		rv = attrs_set_bool(made, CKA_EXTRACTABLE, false);
	return rv;
}

static struct origin
origin_of(const struct deriving *x)
{
	struct origin origin = base_origin(x->base);

	if (x->d->other) {
		origin.always_sensitive &=
			attrs_bool(x->d->other, CKA_ALWAYS_SENSITIVE, false);
		origin.never_extractable &=
			attrs_bool(x->d->other, CKA_NEVER_EXTRACTABLE, false);
	}
	return origin;
}

static CK_RV
key_make(struct soft_token *t, const struct deriving *x,
	 const struct kdf_row *row, struct template with, struct cursor value,
	 struct attrs *made)
{
	struct maker maker = maker_for(t, &x->wish);
	struct origin origin = origin_of(x);
	CK_RV rv;

	/* what comes of itself has to be a key of the type, too */
	if (!secret_size_fits(x->wish.type, value.left))
		return x->wish.size == 0 ? CKR_TEMPLATE_INCOMPLETE
					 : CKR_KEY_SIZE_RANGE;
	rv = secret_make(&maker, &origin, with, &x->wish, value, made);
	if (rv != CKR_OK || !row || !row->inherits)
		return rv;
	rv = secrecy_inherit(x->base->attrs, made);
	if (rv == CKR_OK)
		rv = secrecy_inherit(x->d->other, made);
	if (rv == CKR_OK)
		rv = origin_set(shape_of_attrs(made), made, &origin);
	if (rv != CKR_OK)
		attrs_free(made);
	return rv;
}

static CK_RV
data_make(struct soft_token *t, const struct deriving *x, struct template with,
	  struct cursor value, struct attrs *made)
{
	const struct shape *shape = shape_find(CKO_DATA, 0);
	struct maker maker = maker_for(t, &x->wish);
	struct attrs data = { NULL, 0, 0 };
	CK_RV rv = shaped_make(&maker, shape, with, ON_GENERATE, &data);

	if (rv == CKR_OK)
		rv = attrs_set(&data, CKA_VALUE, value);
	attrs_remove(&data, CKA_VALUE_LEN);
	if (rv == CKR_OK)
		*made = data;
	else
		attrs_free(&data);
	return rv;
}

static CK_RV
derive_with(struct soft_token *t, const struct derivation *d,
	    const struct base *base, struct template with, struct attrs *made)
{
	struct deriving x = { .d = d, .base = base };
	const struct kdf_row *row = row_of(d->mechanism->mechanism);
	bool data = row && row->gives_data;
	struct builder value = builder_heap(KDF_SIZE_MAX);
	CK_RV rv = data ? data_wish_read(with, &x.wish)
			: wish_read(with, CKK_GENERIC_SECRET, &x.wish);

	if (rv == CKR_OK && (x.wish.class == CKO_DATA) != data)
		rv = CKR_TEMPLATE_INCONSISTENT;
	if (rv == CKR_OK)
		rv = value_derive(&x, &value);
	if (rv == CKR_OK)
		rv = data ? data_make(t, &x, with, builder_read(&value), made)
			  : key_make(t, &x, row, with, builder_read(&value),
				     made);
	builder_free(&value);
	return rv;
}

static CK_RV
derive_all(struct soft_token *t, const struct derivation *d,
	   const struct base *base, struct template with, struct derived *list,
	   size_t *count)
{
	struct derived made = { .handle = NULL };
	CK_RV rv;

	for (size_t i = 0; i < CONNECTIONS; i++) {
		if (connections[i].mechanism.type == d->mechanism->mechanism)
			return connections[i].derive(t, d, base, with, list,
						     count);
	}
	rv = derive_with(t, d, base, with, &made.attrs);
	if (rv != CKR_OK)
		return rv;
	list[0] = made;
	*count = 1;
	return CKR_OK;
}

CK_RV
soft_derive(struct token *token, const struct derivation *d,
	    struct derived *list, size_t *count)
{
	struct soft_token *t = soft_of(token);
	struct merged merged = { .room = 0 };
	struct base base;
	CK_RV rv;

	if (!derive_known(d->mechanism->mechanism))
		return CKR_MECHANISM_INVALID;
	rv = base_take(t, d, &base);
	if (rv != CKR_OK)
		return rv;
	rv = CKR_KEY_TYPE_INCONSISTENT;
	if (derive_fits(d->mechanism->mechanism, &base))
		rv = base_permits(&base, d, CKA_DERIVE);
	if (rv == CKR_OK)
		rv = merged_make(base.attrs, CKA_DERIVE_TEMPLATE, d->object,
				 &merged);
	if (rv == CKR_OK)
		rv = derive_all(t, d, &base, merged.all, list, count);
	merged_free(&merged);
	base_free(&base);
	return rv;
}
