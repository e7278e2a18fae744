/* C_EncapsulateKey and C_DecapsulateKey (5.18.8, 5.18.9). */
#include "cross.h"
#include "data.h"
#include "module.h"
#include "output.h"

/* The key's own token, or the host with any public key. */
static CK_RV
encapsulate_with(struct session *s, const struct holder *with,
		 struct derivation *d, struct builder *out,
		 struct attrs *object)
{
	struct token *host = s->presence->host;
	struct attrs held = { 0 };
	CK_RV rv = CKR_FUNCTION_NOT_SUPPORTED;

	d->key = with->id;
	if (with->owner->ops->encapsulate != NULL)
		rv = with->owner->ops->encapsulate(with->owner, d, out, object);
	if (rv != CKR_FUNCTION_NOT_SUPPORTED || with->owner == host ||
	    host->ops->encapsulate == NULL)
		return rv;
	rv = holder_lend(with, &held);
	if (rv == CKR_KEY_UNEXTRACTABLE)
		return CKR_KEY_TYPE_INCONSISTENT;
	if (rv != CKR_OK)
		return rv;
	d->held = &held;
	rv = host->ops->encapsulate(host, d, out, object);
	attrs_free(&held);
	return rv;
}

/* Each call makes another secret: without room for its ciphertext there is no
 * key either. */
static CK_RV
encapsulate(struct session *s, CK_OBJECT_HANDLE public_key,
	    struct derivation *d, CK_BYTE *ciphertext, CK_ULONG *size,
	    CK_OBJECT_HANDLE *key)
{
	struct builder out = builder_heap(OUTPUT_MAX);
	struct attrs object = { 0 };
	struct holder with;
	CK_RV rv = data_mechanism(d->mechanism);

	if (rv != CKR_OK)
		return rv;
	if (!holder_find(s, public_key, &with))
		return CKR_KEY_HANDLE_INVALID;
	rv = encapsulate_with(s, &with, d, &out, &object);
	if (rv == CKR_OBJECT_HANDLE_INVALID)
		rv = CKR_KEY_HANDLE_INVALID;
	if (rv == CKR_OK)
		rv = output_give(&out, ciphertext, size);
	if (rv == CKR_OK && ciphertext != NULL)
		rv = cross_adopt(s, &object, 1, key);
	else
		attrs_free(&object);
	builder_free(&out);
	return rv;
}

CK_RV
C_EncapsulateKey(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
		 CK_OBJECT_HANDLE public_key, CK_ATTRIBUTE *attributes,
		 CK_ULONG count, CK_BYTE *ciphertext, CK_ULONG *ciphertext_len,
		 CK_OBJECT_HANDLE *key)
{
	struct derivation d = { .mechanism = mechanism };
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	if (ciphertext_len == NULL || (ciphertext != NULL && key == NULL))
		return session_leave(__func__, s, CKR_ARGUMENTS_BAD);
	rv = cross_check(s, attributes, count, CKO_SECRET_KEY, &d.object);
	if (rv == CKR_OK)
		rv = encapsulate(s, public_key, &d, ciphertext, ciphertext_len,
				 key);
	return session_leave(__func__, s, rv);
}

static CK_RV
decapsulate(struct session *s, CK_OBJECT_HANDLE private_key,
	    struct derivation *d, CK_OBJECT_HANDLE *key)
{
	struct attrs object = { 0 };
	struct holder with;
	CK_RV rv = data_mechanism(d->mechanism);

	if (rv != CKR_OK)
		return rv;
	if (!holder_find(s, private_key, &with))
		return CKR_UNWRAPPING_KEY_HANDLE_INVALID;
	if (with.owner->ops->decapsulate == NULL)
		return CKR_MECHANISM_INVALID; /* none of this token does it */
	d->key = with.id;
	rv = with.owner->ops->decapsulate(with.owner, d, &object);
	if (rv == CKR_KEY_SIZE_RANGE)
		return CKR_WRAPPED_KEY_LEN_RANGE; /* no such secret comes out */
	return rv == CKR_OK ? cross_adopt(s, &object, 1, key)
			    : cross_unwrapping(rv);
}

CK_RV
C_DecapsulateKey(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
		 CK_OBJECT_HANDLE private_key, CK_ATTRIBUTE *attributes,
		 CK_ULONG count, CK_BYTE *ciphertext, CK_ULONG ciphertext_len,
		 CK_OBJECT_HANDLE *key)
{
	struct derivation d = {
		.mechanism = mechanism,
		.input = cursor_of(ciphertext, ciphertext_len),
	};
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	if (key == NULL || data_is_bad(ciphertext, ciphertext_len))
		return session_leave(__func__, s, CKR_ARGUMENTS_BAD);
	rv = cross_check(s, attributes, count, CKO_SECRET_KEY, &d.object);
	if (rv == CKR_OK)
		rv = decapsulate(s, private_key, &d, key);
	return session_leave(__func__, s, rv);
}
