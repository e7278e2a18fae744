/* C_WrapKey, C_UnwrapKey and their authenticated kin (5.18.3 to 5.18.6). */
#include "aead.h"
#include "cross.h"
#include "data.h"
#include "mechanism.h"
#include "module.h"
#include "output.h"

enum { AES_KEY_MAX = 32 };

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
	if (rv == CKR_KEY_HANDLE_INVALID)
		return CKR_WRAPPING_KEY_HANDLE_INVALID;
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
	rv = CKR_KEY_HANDLE_INVALID;
	if (data_is_key(attrs_ulong(&wrapped, CKA_CLASS, CKO_DATA)))
		rv = wrap_with(s, &with, &d, out);
	attrs_free(&wrapped);
	return rv == CKR_OBJECT_HANDLE_INVALID ? CKR_WRAPPING_KEY_HANDLE_INVALID
					       : rv;
}

/* A call that wraps, and where its outcome goes. */
struct wrapping {
	const CK_MECHANISM *mechanism;
	CK_OBJECT_HANDLE with, key;
	CK_BYTE *out;
	CK_ULONG *out_len;
};

/* The last bytes of what was wrapped are the tag, which has its own place. */
static void
tag_take(const struct aead *aead, struct builder *out, struct builder *tag)
{
	struct cursor all = builder_read(out);

	if (aead->tag == NULL || all.left < aead->tag_size)
		return;
	cursor_take(&all, all.left - aead->tag_size);
	builder_append(tag, all);
	builder_trim(out, aead->tag_size);
}

/* With an IV that we may have to make. It and the tag go out with the key, but
 * not for a length alone. */
static CK_RV
wrap_aead(struct session *s, const struct wrapping *w, const struct aead *aead)
{
	struct builder out = builder_heap(OUTPUT_MAX);
	uint8_t space[AEAD_TAG_MAX];
	struct builder tag = builder_over(space, sizeof(space));
	struct builder tag_out = builder_over(aead->tag, aead->tag_size);
	struct iv_maker ivs = { 0 };
	struct aead_plain plain;
	CK_RV rv = iv_make_once(&ivs, aead);

	if (rv != CKR_OK)
		return rv;
	aead_plain(aead, ivs.last, aead->aad, &plain);
	rv = wrap(s, &plain.mechanism, w->with, w->key, &out);
	if (rv == CKR_OK) {
		tag_take(aead, &out, &tag);
		rv = output_give(&out, w->out, w->out_len);
	}
	if (rv == CKR_OK && w->out != NULL) {
		iv_give(&ivs, aead);
		if (aead->tag != NULL)
			builder_append(&tag_out, builder_read(&tag));
	}
	builder_free(&out);
	return rv;
}

static CK_RV
wrap_plain(struct session *s, const struct wrapping *w)
{
	struct builder out = builder_heap(OUTPUT_MAX);
	struct aead aead;
	CK_RV rv = data_mechanism(w->mechanism);

	if (w->out_len == NULL)
		return CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK && aead_is_wrap(w->mechanism)) {
		rv = aead_read_wrap(w->mechanism, &aead);
		return rv == CKR_OK ? wrap_aead(s, w, &aead) : rv;
	}
	if (rv == CKR_OK)
		rv = wrap(s, w->mechanism, w->with, w->key, &out);
	if (rv == CKR_OK)
		rv = output_give(&out, w->out, w->out_len);
	builder_free(&out);
	return rv;
}

CK_RV
C_WrapKey(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
	  CK_OBJECT_HANDLE wrapping_key, CK_OBJECT_HANDLE key,
	  CK_BYTE *wrapped_key, CK_ULONG *wrapped_key_len)
{
	const struct wrapping w = { mechanism, wrapping_key, key, wrapped_key,
				    wrapped_key_len };
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	return session_leave(__func__, s, wrap_plain(s, &w));
}

/* The parameters of a message, in a mechanism that has them. */
static CK_RV
read_message(const CK_MECHANISM *mechanism, const CK_BYTE *aad, CK_ULONG size,
	     struct aead *aead)
{
	CK_RV rv = data_mechanism(mechanism);

	if (rv != CKR_OK)
		return rv;
	if (data_is_bad(aad, size))
		return CKR_ARGUMENTS_BAD;
	rv = aead_read_message(mechanism->mechanism, mechanism->pParameter,
			       mechanism->ulParameterLen, aead);
	if (rv == CKR_OK)
		aead->aad = cursor_of(aad, size);
	return rv;
}

CK_RV
C_WrapKeyAuthenticated(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
		       CK_OBJECT_HANDLE wrapping_key, CK_OBJECT_HANDLE key,
		       CK_BYTE *associated_data, CK_ULONG associated_data_len,
		       CK_BYTE *wrapped_key, CK_ULONG *wrapped_key_len)
{
	const struct wrapping w = { mechanism, wrapping_key, key, wrapped_key,
				    wrapped_key_len };
	struct aead aead;
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	if (wrapped_key_len == NULL)
		return session_leave(__func__, s, CKR_ARGUMENTS_BAD);
	rv = read_message(mechanism, associated_data, associated_data_len,
			  &aead);
	if (rv == CKR_OK)
		rv = wrap_aead(s, &w, &aead);
	return session_leave(__func__, s, rv);
}

/* The host makes a key of what the card decrypted or would. */
static CK_RV
host_unwrap(struct session *s, struct derivation *d, struct cursor content,
	    struct attrs *object)
{
	struct token *host = s->presence->host;

	d->computed = content;
	return host->ops->unwrap(host, d, object);
}

/* With zeros: what the host refuses shall cost no touch, and no use of a key.
 * The length is not known yet. */
static CK_RV
host_rehearse(struct session *s, struct derivation *d)
{
	static const uint8_t zeros[AES_KEY_MAX];
	struct attrs object = { 0 };
	CK_RV rv = host_unwrap(s, d, cursor_of(zeros, sizeof(zeros)), &object);

	attrs_free(&object);
	if (rv == CKR_WRAPPED_KEY_INVALID || rv == CKR_WRAPPED_KEY_LEN_RANGE)
		return CKR_OK;
	return rv;
}

static CK_RV
content_decrypt(struct session *s, struct operation *o, struct cursor input,
		struct builder *content)
{
	CK_RV rv;

	o->surrender = session_surrender;
	o->caller = s;
	rv = o->ops->update(o, input, content);
	if (rv == CKR_OK)
		rv = o->ops->finish(o, cursor_of(NULL, 0), content);
	return rv;
}

/* The card decrypts, the host does the rest. */
static CK_RV
unwrap_shared(struct session *s, const struct holder *with,
	      struct derivation *d, struct attrs *object)
{
	const struct operation_key key = { .id = with->id };
	struct token *owner = with->owner;
	struct builder content = builder_heap(OUTPUT_MAX);
	struct operation *o = NULL;
	struct attrs held = { 0 };
	CK_RV rv = mechanism_check(s->presence, d->mechanism->mechanism,
				   CKF_UNWRAP);

	if (rv == CKR_OK)
		rv = holder_describe(with, &held);
	d->held = &held;
	if (rv == CKR_OK)
		rv = owner->ops->operation_start(owner, OPERATION_DECRYPT,
						 d->mechanism, &key, &o);
	if (rv == CKR_OK)
		rv = host_rehearse(s, d);
	if (rv == CKR_OK)
		rv = content_decrypt(s, o, d->input, &content);
	if (rv == CKR_OK)
		rv = host_unwrap(s, d, builder_read(&content), object);
	if (o != NULL)
		o->ops->free(o);
	builder_free(&content);
	attrs_free(&held);
	return rv;
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
	d->key = with.id;
	if (with.owner->ops->unwrap != NULL)
		rv = with.owner->ops->unwrap(with.owner, d, &object);
	else
		rv = unwrap_shared(s, &with, d, &object);
	return rv == CKR_OK ? cross_adopt(s, &object, 1, key)
			    : cross_unwrapping(rv);
}

/* With the IV and, when it does not come behind the key, the tag of AEAD. */
static CK_RV
unwrap_aead(struct session *s, CK_OBJECT_HANDLE unwrapping_key,
	    const struct aead *aead, struct derivation *d,
	    CK_OBJECT_HANDLE *key)
{
	struct builder input = builder_heap(OUTPUT_MAX);
	struct aead_plain plain;
	CK_RV rv;

	builder_append(&input, d->input);
	if (aead->tag != NULL)
		builder_put(&input, aead->tag, aead->tag_size);
	aead_plain(aead, aead->iv, aead->aad, &plain);
	d->input = builder_read(&input);
	d->mechanism = &plain.mechanism;
	rv = builder_ok(&input) ? unwrap(s, unwrapping_key, d, key)
				: CKR_WRAPPED_KEY_LEN_RANGE;
	builder_free(&input);
	return rv;
}

static CK_RV
unwrap_plain(struct session *s, CK_OBJECT_HANDLE unwrapping_key,
	     struct derivation *d, CK_OBJECT_HANDLE *key)
{
	struct aead aead;
	CK_RV rv = data_mechanism(d->mechanism);

	if (rv != CKR_OK)
		return rv;
	if (!aead_is_wrap(d->mechanism))
		return unwrap(s, unwrapping_key, d, key);
	rv = aead_read_wrap(d->mechanism, &aead);
	return rv == CKR_OK ? unwrap_aead(s, unwrapping_key, &aead, d, key)
			    : rv;
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
		rv = unwrap_plain(s, unwrapping_key, &d, key);
	return session_leave(__func__, s, rv);
}

CK_RV
C_UnwrapKeyAuthenticated(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
			 CK_OBJECT_HANDLE unwrapping_key, CK_BYTE *wrapped_key,
			 CK_ULONG wrapped_key_len, CK_ATTRIBUTE *attributes,
			 CK_ULONG count, CK_BYTE *associated_data,
			 CK_ULONG associated_data_len, CK_OBJECT_HANDLE *key)
{
	struct derivation d = {
		.input = cursor_of(wrapped_key, wrapped_key_len),
	};
	struct aead aead;
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	if (key == NULL || data_is_bad(wrapped_key, wrapped_key_len))
		return session_leave(__func__, s, CKR_ARGUMENTS_BAD);
	rv = read_message(mechanism, associated_data, associated_data_len,
			  &aead);
	if (rv == CKR_OK)
		rv = cross_check(s, attributes, count, CKO_SECRET_KEY,
				 &d.object);
	if (rv == CKR_OK)
		rv = unwrap_aead(s, unwrapping_key, &aead, &d, key);
	return session_leave(__func__, s, rv);
}
