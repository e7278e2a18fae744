/* What is computed with one token's key may be for another: lend and adopt. */
#include "cross.h"

#include "data.h"

bool
holder_find(struct session *s, CK_OBJECT_HANDLE handle, struct holder *holder)
{
	struct object_ref ref;

	if (!presence_find(s->presence, handle, &ref))
		return false;
	holder->owner = presence_owner(s->presence, ref);
	holder->id = ref.id;
	return true;
}

/* One attribute, when the object has it. */
static CK_RV
copy_attribute(const struct holder *holder, CK_ATTRIBUTE_TYPE type,
	       struct attrs *object)
{
	CK_BYTE value[PUBLIC_KEY_INFO_MAX];
	CK_ATTRIBUTE attribute = { type, value, sizeof(value) };
	CK_RV rv = holder->owner->ops->attributes_get(holder->owner, holder->id,
						      &attribute, 1);

	if (rv == CKR_ATTRIBUTE_TYPE_INVALID)
		return CKR_OK;
	if (rv != CKR_OK)
		return rv;
	return attrs_set(object, type, cursor_of(value, attribute.ulValueLen));
}

/* The attributes of a list that 0 ends; CKA_CLASS is 0, and always copied. */
static CK_RV
copy_attributes(const struct holder *holder, const CK_ATTRIBUTE_TYPE *types,
		struct attrs *object)
{
	CK_RV rv = copy_attribute(holder, CKA_CLASS, object);

	for (; *types != 0 && rv == CKR_OK; types++)
		rv = copy_attribute(holder, *types, object);
	return rv;
}

/* A handle of what is no key is none of a key (5.1.6). */
static CK_RV
class_check(const struct attrs *object, CK_OBJECT_CLASS wanted, CK_RV unfit)
{
	CK_OBJECT_CLASS class = attrs_ulong(object, CKA_CLASS, CKO_DATA);

	if (class == wanted)
		return CKR_OK;
	return data_is_key(class) ? unfit : CKR_KEY_HANDLE_INVALID;
}

/* A card lends nothing: of a public key the host can do without. */
static CK_RV
lend_public(const struct holder *holder, struct attrs *object)
{
	static const CK_ATTRIBUTE_TYPE types[] = {
		CKA_KEY_TYPE,	 CKA_MODULUS,  CKA_PUBLIC_EXPONENT,
		CKA_EC_PARAMS,	 CKA_EC_POINT, CKA_PUBLIC_KEY_INFO,
		CKA_WRAP,	 CKA_ENCAPSULATE, CKA_TRUSTED, 0,
	};
	CK_RV rv = copy_attributes(holder, types, object);

	return rv == CKR_OK ? class_check(object, CKO_PUBLIC_KEY,
					  CKR_KEY_UNEXTRACTABLE)
			    : rv;
}

CK_RV
holder_describe(const struct holder *holder, struct attrs *object)
{
	static const CK_ATTRIBUTE_TYPE types[] = {
		CKA_KEY_TYPE,
		CKA_EC_PARAMS,
		CKA_DERIVE,
		CKA_UNWRAP,
		CKA_ALWAYS_SENSITIVE,
		CKA_NEVER_EXTRACTABLE,
		0,
	};
	struct attrs told = { 0 };
	CK_RV rv = copy_attributes(holder, types, &told);

	if (rv == CKR_OK)
		rv = class_check(&told, CKO_PRIVATE_KEY,
				 CKR_KEY_TYPE_INCONSISTENT);
	if (rv != CKR_OK) {
		attrs_free(&told);
		return rv;
	}
	*object = told;
	return CKR_OK;
}

CK_RV
holder_lend(const struct holder *holder, struct attrs *object)
{
	struct attrs lent = { 0 };
	CK_RV rv;

	if (holder->owner->ops->lend != NULL)
		rv = holder->owner->ops->lend(holder->owner, holder->id, &lent);
	else
		rv = lend_public(holder, &lent);
	if (rv != CKR_OK) {
		attrs_free(&lent);
		return rv;
	}
	*object = lent;
	return CKR_OK;
}

CK_RV
cross_check(struct session *s, const CK_ATTRIBUTE *list, CK_ULONG count,
	    CK_OBJECT_CLASS class, struct template *template)
{
	struct making making = { 0 };
	CK_RV rv = data_template(list, count, template);

	if (rv == CKR_OK)
		rv = making_read(*template, class, &making);
	if (rv == CKR_OK)
		rv = making_check(s, &making);
	if (rv == CKR_OK && making_owner(s, &making)->ops->adopt == NULL)
		rv = CKR_TEMPLATE_INCONSISTENT; /* it keeps no such key */
	return rv;
}

CK_RV
cross_unwrapping(CK_RV rv)
{
	switch (rv) {
	case CKR_OBJECT_HANDLE_INVALID:
	case CKR_KEY_HANDLE_INVALID:
		return CKR_UNWRAPPING_KEY_HANDLE_INVALID;
	case CKR_KEY_TYPE_INCONSISTENT:
		return CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT;
	case CKR_KEY_SIZE_RANGE:
		return CKR_UNWRAPPING_KEY_SIZE_RANGE;
	case CKR_DATA_LEN_RANGE:
	case CKR_ENCRYPTED_DATA_LEN_RANGE:
		return CKR_WRAPPED_KEY_LEN_RANGE;
	case CKR_ENCRYPTED_DATA_INVALID:
		return CKR_WRAPPED_KEY_INVALID;
	default:
		return rv;
	}
}

static CK_RV
adopt(struct session *s, const struct making *making, struct attrs *objects,
      size_t count, CK_OBJECT_HANDLE *handles)
{
	struct token *owner = making_owner(s, making);
	uint64_t ids[DERIVED_MAX];
	CK_RV rv = owner->ops->adopt(owner, objects, count, ids);
	size_t i;

	if (rv != CKR_OK)
		return rv;
	for (i = 0; i < count && rv == CKR_OK; i++)
		rv = making_handle(s, making, ids[i], &handles[i]);
	if (rv == CKR_OK)
		return CKR_OK;
	/* all or none; destroying one twice does no harm */
	for (i = 0; i < count; i++)
		(void)owner->ops->destroy(owner, ids[i]);
	return rv;
}

CK_RV
cross_adopt(struct session *s, struct attrs *objects, size_t count,
	    CK_OBJECT_HANDLE *handles)
{
	struct making making = {
		.token = attrs_bool(&objects[0], CKA_TOKEN, false),
		.private = attrs_bool(&objects[0], CKA_PRIVATE, false),
	};
	struct token *owner = making_owner(s, &making);
	CK_RV rv = making_check(s, &making);
	size_t i;

	if (rv == CKR_OK &&
	    (owner->ops->adopt == NULL || owner->ops->destroy == NULL))
		rv = CKR_FUNCTION_NOT_SUPPORTED;
	if (rv == CKR_OK)
		return adopt(s, &making, objects, count, handles);
	for (i = 0; i < count; i++)
		attrs_free(&objects[i]);
	return rv;
}
