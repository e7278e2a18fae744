/* C_WrapKey and C_UnwrapKey (5.18.3, 5.18.5). */
#include "cross.h"
#include "data.h"
#include "module.h"
#include "output.h"

/* A token wraps with its own key what may come from elsewhere; the host wraps
 * with any public key. */
static CK_RV
wrap_with(struct session *s, const struct holder *with, struct derivation *d,
	  struct builder *out)
{
	struct token *host = s->presence->host;
	struct attrs held = { 0 };
	CK_RV rv = CKR_FUNCTION_NOT_SUPPORTED;

	d->key = with->id;
	if (with->owner->ops->wrap != NULL)
		rv = with->owner->ops->wrap(with->owner, d, out);
	if (rv != CKR_FUNCTION_NOT_SUPPORTED || with->owner == host ||
	    host->ops->wrap == NULL)
		return rv;
	rv = holder_lend(with, &held);
	if (rv == CKR_KEY_UNEXTRACTABLE)
		return CKR_WRAPPING_KEY_TYPE_INCONSISTENT;
	if (rv != CKR_OK)
		return rv;
	d->held = &held;
	rv = host->ops->wrap(host, d, out);
	attrs_free(&held);
	return rv;
}

static CK_RV
wrap(struct session *s, const CK_MECHANISM *mechanism,
     CK_OBJECT_HANDLE wrapping_key, CK_OBJECT_HANDLE key, struct builder *out)
{
	struct derivation d = { .mechanism = mechanism };
	struct attrs wrapped = { 0 };
	struct holder with, what;
	CK_RV rv = data_mechanism(mechanism);

	if (rv != CKR_OK)
		return rv;
	if (!holder_find(s, wrapping_key, &with))
		return CKR_WRAPPING_KEY_HANDLE_INVALID;
	if (!holder_find(s, key, &what))
		return CKR_KEY_HANDLE_INVALID;
	rv = holder_lend(&what, &wrapped);
	if (rv == CKR_OBJECT_HANDLE_INVALID)
		return CKR_KEY_HANDLE_INVALID;
	if (rv != CKR_OK)
		return rv;
	d.other = &wrapped;
	rv = wrap_with(s, &with, &d, out);
	attrs_free(&wrapped);
	return rv == CKR_OBJECT_HANDLE_INVALID ? CKR_WRAPPING_KEY_HANDLE_INVALID
					       : rv;
}

CK_RV
C_WrapKey(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
	  CK_OBJECT_HANDLE wrapping_key, CK_OBJECT_HANDLE key,
	  CK_BYTE *wrapped_key, CK_ULONG *wrapped_key_len)
{
	struct builder out = builder_heap(OUTPUT_MAX);
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	rv = CKR_ARGUMENTS_BAD;
	if (wrapped_key_len != NULL)
		rv = wrap(s, mechanism, wrapping_key, key, &out);
	if (rv == CKR_OK)
		rv = output_give(&out, wrapped_key, wrapped_key_len);
	builder_free(&out);
	return session_leave(__func__, s, rv);
}

static CK_RV
unwrap(struct session *s, CK_OBJECT_HANDLE unwrapping_key, struct derivation *d,
       CK_OBJECT_HANDLE *key)
{
	struct attrs object = { 0 };
	struct holder with;
	CK_RV rv = data_mechanism(d->mechanism);

	if (rv != CKR_OK)
		return rv;
	if (!holder_find(s, unwrapping_key, &with))
		return CKR_UNWRAPPING_KEY_HANDLE_INVALID;
	if (with.owner->ops->unwrap == NULL)
		return CKR_FUNCTION_NOT_SUPPORTED;
	d->key = with.id;
	rv = with.owner->ops->unwrap(with.owner, d, &object);
	if (rv == CKR_OBJECT_HANDLE_INVALID || rv == CKR_KEY_HANDLE_INVALID)
		return CKR_UNWRAPPING_KEY_HANDLE_INVALID;
	return rv == CKR_OK ? cross_adopt(s, &object, 1, key) : rv;
}

CK_RV
C_UnwrapKey(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
	    CK_OBJECT_HANDLE unwrapping_key, CK_BYTE *wrapped_key,
	    CK_ULONG wrapped_key_len, CK_ATTRIBUTE *attributes, CK_ULONG count,
	    CK_OBJECT_HANDLE *key)
{
	struct derivation d = {
		.mechanism = mechanism,
		.input = cursor_of(wrapped_key, wrapped_key_len),
	};
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	if (key == NULL || data_is_bad(wrapped_key, wrapped_key_len))
		return session_leave(__func__, s, CKR_ARGUMENTS_BAD);
	rv = cross_check(s, attributes, count, CKO_SECRET_KEY, &d.object);
	if (rv == CKR_OK)
		rv = unwrap(s, unwrapping_key, &d, key);
	return session_leave(__func__, s, rv);
}
