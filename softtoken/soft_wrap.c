/* C_WrapKey and C_UnwrapKey: keys as the content of a message. */
#include "cipher.h"
#include "mem.h"
#include "soft_base.h"
#include "soft_pkcs8.h"
#include "soft_template.h"

enum { CONTENT_MAX = 65536, BLOCK = 16, SEMIBLOCK = 8 };

/* Who wraps, and what a wrapped key may be. */
struct way {
	const struct secret_row *cipher; /* or else RSA, by: */
	struct scheme scheme;
	bool filled; /* the mode wants whole blocks, and has no padding */
	size_t block;
};

static CK_RV
way_find(const CK_MECHANISM *mechanism, struct way *way)
{
	CK_MECHANISM_TYPE type = mechanism->mechanism;
	size_t count;
	const struct secret_row *rows = cipher_rows(&count);
	struct way w = { .cipher = NULL, .block = BLOCK };

	for (size_t i = 0; i < count; i++) {
		if (rows[i].type == type && (rows[i].flags & CKF_WRAP))
			w.cipher = &rows[i];
	}
	w.filled = type == CKM_AES_ECB || type == CKM_AES_CBC ||
		   type == CKM_AES_KEY_WRAP;
	if (type == CKM_AES_KEY_WRAP)
		w.block = SEMIBLOCK;
	if (!w.cipher && type != CKM_RSA_PKCS && type != CKM_RSA_PKCS_OAEP)
		return CKR_MECHANISM_INVALID;
	if (!w.cipher) {
		CK_RV rv = scheme_parse(mechanism, &w.scheme);

		if (rv != CKR_OK)
			return rv;
	}
	*way = w;
	return CKR_OK;
}

/* Is the base a key of the type that does it? With RSA either half has its
 * side. */
static bool
way_fits(const struct way *way, const struct base *base, CK_OBJECT_CLASS half)
{
	if (!way->cipher)
		return base_is(base, half, CKK_RSA);
	return base_is(base, CKO_SECRET_KEY, way->cipher->key_type);
}

/* Has the key room for the hashes of its padding? A card's has, or its card
 * would not have decrypted. */
static bool
way_has_room(const struct way *way, const struct base *base)
{
	return way->cipher || !base->key ||
	       padding_fits(&way->scheme, soft_key_size(base->key));
}

/* What may be wrapped by whom (PKCS#11 3.2, 4.9, 4.10). A key that the template
 * does not match is no key for it: 5.18.3 has a code that says so. */
static CK_RV
wrap_permitted(const struct base *base, const struct attrs *object)
{
	bool match = false;
	CK_RV rv;

	if (!attrs_bool(object, CKA_EXTRACTABLE, false))
		return CKR_KEY_UNEXTRACTABLE;
	if (attrs_bool(object, CKA_WRAP_WITH_TRUSTED, false) &&
	    !attrs_bool(base->attrs, CKA_TRUSTED, false))
		return CKR_KEY_NOT_WRAPPABLE;
	rv = nested_match(base->attrs, CKA_WRAP_TEMPLATE, object, &match);
	if (rv == CKR_OK && !match)
		rv = CKR_KEY_HANDLE_INVALID;
	return rv;
}

static CK_RV
content_make(const struct way *way, const struct attrs *object,
	     struct builder *content)
{
	CK_OBJECT_CLASS class = attrs_ulong(object, CKA_CLASS, CKO_DATA);
	size_t over;
	CK_RV rv = CKR_OK;

	if (class == CKO_SECRET_KEY)
		builder_append(content, attrs_value(object, CKA_VALUE));
	else if (class == CKO_PRIVATE_KEY && way->cipher)
		rv = pkcs8_encode(object, content);
	else
		return CKR_KEY_NOT_WRAPPABLE;
	over = content->used % way->block;
	/* a mode without padding: zeros, as its text says (6.13.4, 6.16.3) */
	if (way->filled && over > 0)
		builder_fill(content, 0, way->block - over);
	if (rv == CKR_OK && !builder_ok(content))
		rv = CKR_HOST_MEMORY;
	return rv;
}

/* CCM wants to know a length beforehand: of a key it is ours to say, whatever
 * the parameters say (6.13.6). */
static CK_RV
length_set(CK_MECHANISM *mechanism, CK_CCM_PARAMS *own, bool encrypt,
	   size_t size)
{
	struct cursor given =
		cursor_of(mechanism->pParameter, mechanism->ulParameterLen);
	size_t tag;

	if (mechanism->mechanism != CKM_AES_CCM)
		return CKR_OK;
	cursor_copy(&given, own, sizeof(*own));
	if (!cursor_end(&given))
		return CKR_MECHANISM_PARAM_INVALID;
	tag = encrypt ? 0 : own->ulMACLen;
	if (size < tag)
		return CKR_ENCRYPTED_DATA_LEN_RANGE;
	own->ulDataLen = size - tag;
	mechanism->pParameter = own;
	return CKR_OK;
}

static CK_RV
cipher_once(const CK_MECHANISM *given, struct cursor key, bool encrypt,
	    struct cursor in, struct builder *out)
{
	CK_MECHANISM mechanism = *given;
	CK_CCM_PARAMS sized;
	CK_RV rv = length_set(&mechanism, &sized, encrypt, in.left);
	struct cipher *c;

	if (rv != CKR_OK)
		return rv;
	c = cipher_new();
	rv = CKR_HOST_MEMORY;
	if (c)
		rv = cipher_start(c, &mechanism, key, encrypt);
	if (rv == CKR_OK)
		rv = cipher_whole(c, in, out);
	cipher_free(c);
	return rv;
}

static CK_RV
content_wrap(const struct derivation *d, const struct way *way,
	     const struct base *base, struct cursor content,
	     struct builder *out)
{
	if (!way->cipher)
		return soft_key_encrypt(base->key, &way->scheme, content, out);
	return cipher_once(d->mechanism, attrs_value(base->attrs, CKA_VALUE),
			   true, content, out);
}

CK_RV
soft_wrap(struct token *token, const struct derivation *d, struct builder *out)
{
	struct builder content = builder_heap(CONTENT_MAX);
	struct base base;
	struct way way;
	CK_RV rv = way_find(d->mechanism, &way);

	if (rv == CKR_OK && !d->other)
		rv = CKR_KEY_HANDLE_INVALID;
	if (rv == CKR_OK)
		rv = base_take(soft_of(token), d, &base);
	if (rv != CKR_OK)
		return rv == CKR_KEY_HANDLE_INVALID && d->other
			       ? CKR_WRAPPING_KEY_HANDLE_INVALID
			       : rv;
	rv = CKR_WRAPPING_KEY_TYPE_INCONSISTENT;
	if (way_fits(&way, &base, CKO_PUBLIC_KEY))
		rv = base_permits(&base, d, CKA_WRAP);
	if (rv == CKR_OK && !way_has_room(&way, &base))
		rv = CKR_WRAPPING_KEY_SIZE_RANGE;
	if (rv == CKR_OK)
		rv = wrap_permitted(&base, d->other);
	if (rv == CKR_OK)
		rv = content_make(&way, d->other, &content);
	if (rv == CKR_OK)
		rv = content_wrap(d, &way, &base, builder_read(&content), out);
	if (rv == CKR_DATA_LEN_RANGE)
		rv = CKR_KEY_SIZE_RANGE;
	builder_free(&content);
	base_free(&base);
	return rv;
}

/* What is wrong with a wrapped key says no more than that it is; by PKCS #1
 * v1.5 not even that its padding was right and its length is wrong, which is
 * all that Bleichenbacher asks for. */
static CK_RV
as_wrapped_error(const struct way *way, CK_RV rv)
{
	bool mute = !way->cipher && way->scheme.kind == SCHEME_RSA_PKCS1;

	switch (rv) {
	case CKR_WRAPPED_KEY_LEN_RANGE:
		return mute ? CKR_WRAPPED_KEY_INVALID : rv;
	case CKR_ENCRYPTED_DATA_INVALID:
	case CKR_DATA_INVALID:
		return CKR_WRAPPED_KEY_INVALID;
	case CKR_ENCRYPTED_DATA_LEN_RANGE:
	case CKR_DATA_LEN_RANGE:
		return CKR_WRAPPED_KEY_LEN_RANGE;
	default:
		return rv;
	}
}

static CK_RV
content_unwrap(const struct derivation *d, const struct way *way,
	       const struct base *base, struct builder *content)
{
	if (d->held && base_is(base, CKO_PRIVATE_KEY, CKK_RSA)) {
		builder_append(content, d->computed);
		return CKR_OK;
	}
	if (!way->cipher)
		return soft_key_decrypt(base->key, &way->scheme, d->input,
					content);
	return cipher_once(d->mechanism, attrs_value(base->attrs, CKA_VALUE),
			   false, d->input, content);
}

/* Zeros that filled the last block go, when the length is told. */
static CK_RV
secret_unwrap(struct soft_token *t, const struct way *way,
	      const struct wish *wish, struct template with,
	      struct cursor content, struct attrs *object)
{
	static const struct origin origin = { CK_UNAVAILABLE_INFORMATION, false,
					      false };
	const struct maker maker = maker_for(t, wish);
	bool told = template_find(with.list, with.count, CKA_VALUE_LEN);

	if (way->filled && wish->size > 0 && wish->size <= content.left &&
	    content.left - wish->size < way->block)
		content = cursor_take(&content, wish->size);
	if (((told || wish->size > 0) && wish->size != content.left) ||
	    !secret_size_fits(wish->type, content.left))
		return CKR_WRAPPED_KEY_LEN_RANGE;
	return secret_make(&maker, &origin, with, wish, content, object);
}

/* Private keys come as PKCS#8, whatever their template calls them. */
static CK_RV
private_unwrap(struct soft_token *t, const struct wish *wish,
	       struct template with, struct cursor content,
	       struct attrs *object)
{
	static const struct origin origin = { CK_UNAVAILABLE_INFORMATION, false,
					      false };
	const struct shape *shape = shape_find(wish->class, wish->type);
	struct maker maker = maker_for(t, wish);
	struct attrs made = { NULL, 0, 0 };
	CK_KEY_TYPE type = 0;
	CK_RV rv = shaped_make(&maker, shape, with, ON_GENERATE, &made);

	if (rv == CKR_OK)
		rv = pkcs8_decode(content, &made, &type);
	if (rv == CKR_OK && type != wish->type)
		rv = CKR_TEMPLATE_INCONSISTENT;
	if (rv == CKR_OK)
		rv = material_import(shape, &made);
	if (rv == CKR_ATTRIBUTE_VALUE_INVALID)
		rv = CKR_WRAPPED_KEY_INVALID;
	if (rv == CKR_OK)
		rv = origin_set(shape, &made, &origin);
	if (rv == CKR_OK)
		*object = made;
	else
		attrs_free(&made);
	return rv;
}

static CK_RV
object_unwrap(struct soft_token *t, const struct way *way, struct template with,
	      struct cursor content, struct attrs *object)
{
	struct wish wish;
	CK_RV rv;

	if (!template_find(with.list, with.count, CKA_CLASS) ||
	    !template_find(with.list, with.count, CKA_KEY_TYPE))
		return CKR_TEMPLATE_INCOMPLETE;
	rv = wish_read_any(with, CKK_GENERIC_SECRET, &wish);
	if (rv != CKR_OK)
		return rv;
	if (wish.class == CKO_SECRET_KEY)
		rv = secret_unwrap(t, way, &wish, with, content, object);
	else if (wish.class == CKO_PRIVATE_KEY && way->cipher)
		rv = private_unwrap(t, &wish, with, content, object);
	else
		rv = CKR_TEMPLATE_INCONSISTENT;
	return rv == CKR_OK ? extractable_default(with, object) : rv;
}

CK_RV
soft_unwrap(struct token *token, const struct derivation *d,
	    struct attrs *object)
{
	struct soft_token *t = soft_of(token);
	struct builder content = builder_heap(CONTENT_MAX);
	struct merged merged = { .room = 0 };
	struct base base;
	struct way way;
	CK_RV rv = way_find(d->mechanism, &way);

	if (rv == CKR_OK && d->input.left > CONTENT_MAX)
		rv = CKR_WRAPPED_KEY_LEN_RANGE;
	if (rv == CKR_OK)
		rv = base_take(t, d, &base);
	if (rv != CKR_OK)
		return rv == CKR_KEY_HANDLE_INVALID
			       ? CKR_UNWRAPPING_KEY_HANDLE_INVALID
			       : rv;
	rv = CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT;
	if (way_fits(&way, &base, CKO_PRIVATE_KEY))
		rv = base_permits(&base, d, CKA_UNWRAP);
	if (rv == CKR_OK && !way_has_room(&way, &base))
		rv = CKR_UNWRAPPING_KEY_SIZE_RANGE;
	if (rv == CKR_OK)
		rv = merged_make(base.attrs, CKA_UNWRAP_TEMPLATE, d->object,
				 &merged);
	if (rv == CKR_OK)
		rv = as_wrapped_error(&way,
				      content_unwrap(d, &way, &base, &content));
	if (rv == CKR_OK)
		rv = as_wrapped_error(
			&way, object_unwrap(t, &way, merged.all,
					    builder_read(&content), object));
	merged_free(&merged);
	builder_free(&content);
	base_free(&base);
	return rv;
}
