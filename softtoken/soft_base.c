/* The key that another is made with. */
#include "soft_base.h"

#include "soft_operation.h"

/* With the token's lock: a reference to the decoded key. */
static CK_RV
key_take(struct item *item, struct base *base)
{
	CK_OBJECT_CLASS class = attrs_ulong(&item->attrs, CKA_CLASS, CKO_DATA);
	CK_RV rv = CKR_OK;

	if (class == CKO_SECRET_KEY)
		return CKR_OK;
	if (class != CKO_PUBLIC_KEY && class != CKO_PRIVATE_KEY)
		return CKR_KEY_HANDLE_INVALID;
	if (!item->key)
		rv = soft_key_load(&item->attrs, &item->key);
	if (rv == CKR_OK)
		base->key = soft_key_ref(item->key);
	return rv;
}

static CK_RV
item_take(struct soft_token *t, uint64_t id, struct base *base)
{
	struct item *item;
	CK_RV rv = soft_get(t, id, &item);

	if (rv != CKR_OK)
		return rv == CKR_OBJECT_HANDLE_INVALID ? CKR_KEY_HANDLE_INVALID
						       : rv;
	rv = attrs_copy(&base->lent, &item->attrs);
	if (rv == CKR_OK)
		rv = key_take(item, base);
	soft_unlock(t);
	base->attrs = &base->lent;
	return rv;
}

/* Of somebody else's key the host has the public half at most. */
static CK_RV
held_take(const struct attrs *held, struct base *base)
{
	struct cursor info = attrs_value(held, CKA_PUBLIC_KEY_INFO);

	base->attrs = held;
	if (attrs_ulong(held, CKA_CLASS, CKO_DATA) != CKO_PUBLIC_KEY)
		return CKR_OK;
	return soft_key_of_info(info, &base->key);
}

CK_RV
base_permits(const struct base *base, const struct derivation *d,
	     CK_ATTRIBUTE_TYPE usage)
{
	if (!attrs_bool(base->attrs, usage, false))
		return CKR_KEY_FUNCTION_NOT_PERMITTED;
	return mechanism_allowed(base->attrs, d->mechanism->mechanism)
		       ? CKR_OK
		       : CKR_MECHANISM_INVALID;
}

CK_RV
base_take(struct soft_token *t, const struct derivation *d, struct base *base)
{
	struct base b = { .key = NULL };
	CK_RV rv = d->held ? held_take(d->held, &b) : item_take(t, d->key, &b);

	if (rv != CKR_OK) {
		base_free(&b);
		return rv;
	}
	*base = b;
	if (!d->held)
		base->attrs = &base->lent;
	return CKR_OK;
}

void
base_free(struct base *base)
{
	attrs_free(&base->lent);
	soft_key_unref(base->key);
}

bool
base_is(const struct base *base, CK_OBJECT_CLASS class, CK_KEY_TYPE type)
{
	return attrs_ulong(base->attrs, CKA_CLASS, CKO_DATA) == class &&
	       attrs_ulong(base->attrs, CKA_KEY_TYPE, CKK_VENDOR_DEFINED) ==
		       type;
}

/* What a key is worth that comes of this one (PKCS#11 3.2, 6.3.20). */
struct origin
base_origin(const struct base *base)
{
	return (struct origin){
		.generated = CK_UNAVAILABLE_INFORMATION,
		.always_sensitive =
			attrs_bool(base->attrs, CKA_ALWAYS_SENSITIVE, false),
		.never_extractable =
			attrs_bool(base->attrs, CKA_NEVER_EXTRACTABLE, false),
	};
}
