/* C_DeriveKey (5.18.6). */
#include "cross.h"
#include "data.h"
#include "key.h"
#include "mechanism.h"
#include "module.h"

enum { SECRET_MAX = 256 /* bytes of a card's ECDH */ };

/* A second key that the mechanism's parameter names. */
static CK_RV
lend_other(struct session *s, const CK_MECHANISM *mechanism,
	   struct attrs *other, struct derivation *d)
{
	CK_OBJECT_HANDLE handle = derivation_other(mechanism);
	struct holder holder;
	CK_RV rv;

	if (handle == CK_INVALID_HANDLE)
		return CKR_OK;
	if (!holder_find(s, handle, &holder))
		return CKR_KEY_HANDLE_INVALID;
	rv = holder_lend(&holder, other);
	if (rv == CKR_OK)
		d->other = other;
	return rv;
}

static void
derived_free(struct derived *list, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		attrs_free(&list[i].attrs);
}

/* Gives each key to its token, and its handle to where that is wanted. */
static CK_RV
adopt(struct session *s, struct derived *list, size_t count,
      CK_OBJECT_HANDLE *key)
{
	struct attrs objects[DERIVED_MAX];
	CK_OBJECT_HANDLE handles[DERIVED_MAX];
	size_t i;
	CK_RV rv;

	for (i = 0; i < count; i++) {
		if (list[i].handle == NULL && key == NULL) {
			derived_free(list, count);
			return CKR_ARGUMENTS_BAD;
		}
	}
	for (i = 0; i < count; i++)
		objects[i] = list[i].attrs;
	rv = count == 0 ? CKR_OK : cross_adopt(s, objects, count, handles);
	for (i = 0; i < count && rv == CKR_OK; i++)
		*(list[i].handle == NULL ? key : list[i].handle) = handles[i];
	return rv;
}

/* The host makes keys of SECRET, which the card computed or would. */
static CK_RV
host_derive(struct session *s, struct derivation *d, struct cursor secret,
	    struct derived *list, size_t *count)
{
	struct token *host = s->presence->host;

	d->computed = secret;
	return host->ops->derive(host, d, list, count);
}

/* With a secret of zeros: what the host refuses shall cost no touch, and no
 * use of a key. */
static CK_RV
host_rehearse(struct session *s, struct derivation *d)
{
	static const uint8_t zeros[SECRET_MAX];
	CK_KEY_TYPE type = attrs_ulong(d->held, CKA_KEY_TYPE, CKK_RSA);
	const struct curve *curve =
		curve_typed(type, attrs_value(d->held, CKA_EC_PARAMS));
	struct derived list[DERIVED_MAX] = { 0 };
	size_t count = 0;
	CK_RV rv;

	if (curve == NULL || curve->field > SECRET_MAX)
		return CKR_KEY_TYPE_INCONSISTENT;
	rv = host_derive(s, d, cursor_of(zeros, curve->field), list, &count);
	derived_free(list, count);
	return rv;
}

/* The card has its part of the work, the host the rest. */
static CK_RV
derive_shared(struct session *s, const struct holder *from,
	      struct derivation *d, struct derived *list, size_t *count)
{
	struct builder secret = builder_heap(SECRET_MAX);
	struct attrs held = { 0 };
	CK_RV rv = holder_describe(from, &held);

	if (rv != CKR_OK)
		return rv;
	d->held = &held;
	rv = host_rehearse(s, d);
	if (rv == CKR_OK)
		rv = from->owner->ops->agree(from->owner, d, &secret);
	if (rv == CKR_OK)
		rv = host_derive(s, d, builder_read(&secret), list, count);
	builder_free(&secret);
	attrs_free(&held);
	return rv;
}

static CK_RV
derive_any(struct session *s, const struct holder *from, struct derivation *d,
	   struct derived *list, size_t *count)
{
	d->key = from->id;
	if (from->owner->ops->derive != NULL)
		return from->owner->ops->derive(from->owner, d, list, count);
	if (from->owner->ops->agree != NULL &&
	    s->presence->host->ops->derive != NULL)
		return derive_shared(s, from, d, list, count);
	return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV
derive(struct session *s, CK_OBJECT_HANDLE base, struct derivation *d,
       CK_OBJECT_HANDLE *key)
{
	struct derived list[DERIVED_MAX] = { 0 };
	struct attrs other = { 0 };
	struct holder from;
	size_t count = 0;
	CK_RV rv = data_mechanism(d->mechanism);

	if (rv == CKR_OK)
		rv = mechanism_check(s->presence, d->mechanism->mechanism,
				     CKF_DERIVE);
	if (rv != CKR_OK)
		return rv;
	if (!holder_find(s, base, &from))
		return CKR_KEY_HANDLE_INVALID;
	rv = lend_other(s, d->mechanism, &other, d);
	if (rv == CKR_OK)
		rv = derive_any(s, &from, d, list, &count);
	attrs_free(&other);
	if (rv == CKR_OBJECT_HANDLE_INVALID)
		return CKR_KEY_HANDLE_INVALID;
	return rv == CKR_OK ? adopt(s, list, count, key) : rv;
}

/* No handle is asked for where the mechanism's parameter takes them all. */
CK_RV
C_DeriveKey(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
	    CK_OBJECT_HANDLE base_key, CK_ATTRIBUTE *attributes, CK_ULONG count,
	    CK_OBJECT_HANDLE *key)
{
	struct derivation d = { .mechanism = mechanism,
				.surrender = session_surrender };
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	d.caller = s;
	rv = cross_check(s, attributes, count, CKO_SECRET_KEY, &d.object);
	if (rv == CKR_OK)
		rv = derive(s, base_key, &d, key);
	return session_leave(__func__, s, rv);
}
