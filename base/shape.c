/* Templates held against the tables of attributes (PKCS#11 3.2, 4.1). */
#include "shape.h"

static CK_BBOOL
bool_of(const CK_ATTRIBUTE *a)
{
	return *(const CK_BBOOL *)a->pValue;
}

static bool
is_digits(struct cursor c)
{
	while (cursor_ok(&c) && c.left > 0) {
		uint8_t digit = cursor_u8(&c);

		if (digit < '0' || digit > '9')
			return false;
	}
	return true;
}

CK_RV
form_check(enum form form, const CK_ATTRIBUTE *a)
{
	CK_ULONG size = a->ulValueLen;
	bool fine = false;

	switch (form) {
	case FORM_BYTES:
		fine = size < CK_UNAVAILABLE_INFORMATION;
		break;
	case FORM_NUMBER:
		fine = size > 0 && size < CK_UNAVAILABLE_INFORMATION;
		break;
	case FORM_BOOL:
		fine = size == sizeof(CK_BBOOL) && bool_of(a) <= CK_TRUE;
		break;
	case FORM_ULONG:
		fine = size == sizeof(CK_ULONG);
		break;
	case FORM_DATE:
		fine = size == 0 || (size == sizeof(CK_DATE) &&
				     is_digits(cursor_of(a->pValue, size)));
		break;
	case FORM_MECHANISMS:
		fine = size % sizeof(CK_MECHANISM_TYPE) == 0 &&
		       size < CK_UNAVAILABLE_INFORMATION;
		break;
	case FORM_TEMPLATE:
		fine = size % sizeof(CK_ATTRIBUTE) == 0 &&
		       size < CK_UNAVAILABLE_INFORMATION;
		break;
	}
	return fine ? CKR_OK : CKR_ATTRIBUTE_VALUE_INVALID;
}

/* 4.1.1: an attribute that is another kind of object's does not fit in with
 * the rest of the template, one that is nobody's is invalid. */
static CK_RV
foreign(const CK_ATTRIBUTE *a)
{
	return attribute_known(a->type) ? CKR_TEMPLATE_INCONSISTENT
					: CKR_ATTRIBUTE_TYPE_INVALID;
}

static CK_RV
given_check(const struct rule *rule, const CK_ATTRIBUTE *a, unsigned when)
{
	if (!rule)
		return foreign(a);
	if (rule->flags & when)
		return form_check(rule->form, a);
	/* 4.1.1: what the mechanism contributes contradicts the template, what
	 * the token alone decides is read-only */
	if (rule->flags & (BY_MECHANISM | ON_GENERATE))
		return CKR_TEMPLATE_INCONSISTENT;
	return CKR_ATTRIBUTE_READ_ONLY;
}

static bool
is_listed(const CK_ATTRIBUTE_TYPE *types, CK_ATTRIBUTE_TYPE type)
{
	for (; types != NULL && *types != 0; types++)
		if (*types == type)
			return true;
	return false;
}

CK_RV
shape_check_given(const struct shape *shape, struct template given,
		  unsigned when, const CK_ATTRIBUTE_TYPE *beside)
{
	CK_RV rv = template_check(given.list, given.count);

	for (CK_ULONG i = 0; rv == CKR_OK && i < given.count; i++) {
		const CK_ATTRIBUTE *a = &given.list[i];

		if (!is_listed(beside, a->type))
			rv = given_check(shape_rule(shape, a->type), a, when);
	}
	return rv;
}

CK_RV
shape_check(const struct shape *shape, const CK_ATTRIBUTE *list, CK_ULONG count,
	    unsigned when)
{
	unsigned need = when == ON_CREATE ? NEED_CREATE : NEED_GENERATE;
	CK_RV rv = shape_check_given(shape, (struct template){ list, count },
				     when, NULL);

	for (size_t i = 0; rv == CKR_OK && i < 4; i++) {
		const struct rules *r = &shape->rules[i];

		for (size_t j = 0; j < r->count; j++) {
			if ((r->list[j].flags & need) &&
			    !template_find(list, count, r->list[j].type))
				rv = CKR_TEMPLATE_INCOMPLETE;
		}
	}
	return rv;
}

static CK_RV
fallback_set(const struct rule *rule, struct attrs *attrs)
{
	switch (rule->fallback) {
	case IS_FALSE:
		return attrs_set_bool(attrs, rule->type, false);
	case IS_TRUE:
		return attrs_set_bool(attrs, rule->type, true);
	case IS_EMPTY:
		return attrs_set(attrs, rule->type, cursor_of(NULL, 0));
	case IS_ZERO:
		return attrs_set_ulong(attrs, rule->type, 0);
	case NO_VALUE:
		break;
	}
	return CKR_OK;
}

CK_RV
shape_complete(const struct shape *shape, struct attrs *attrs)
{
	CK_RV rv = CKR_OK;

	for (size_t i = 0; i < 4; i++) {
		const struct rules *r = &shape->rules[i];

		for (size_t j = 0; rv == CKR_OK && j < r->count; j++) {
			if (!attrs_find(attrs, r->list[j].type))
				rv = fallback_set(&r->list[j], attrs);
		}
	}
	return rv;
}

static CK_RV
change_check(const struct rule *rule, const struct attrs *attrs,
	     const CK_ATTRIBUTE *a, bool so)
{
	CK_RV rv;
	bool was;

	if (!rule)
		return foreign(a);
	if (!(rule->flags & ON_SET))
		return CKR_ATTRIBUTE_READ_ONLY;
	if ((rule->flags & ONLY_AWAY) && a->ulValueLen > 0)
		return CKR_ATTRIBUTE_READ_ONLY;
	rv = form_check(rule->form, a);
	if (rv == CKR_OK && (rule->flags & ONLY_SAME) &&
	    !cursor_is(attrs_value(attrs, rule->type), a->pValue,
		       a->ulValueLen))
		rv = CKR_ATTRIBUTE_VALUE_INVALID;
	if (rv != CKR_OK || rule->form != FORM_BOOL)
		return rv;
	was = attrs_bool(attrs, rule->type, false);
	if ((rule->flags & ONLY_UP) && was && !bool_of(a))
		return CKR_ATTRIBUTE_READ_ONLY;
	if ((rule->flags & ONLY_DOWN) && !was && bool_of(a))
		return CKR_ATTRIBUTE_READ_ONLY;
	if (rule->type == CKA_TRUSTED && bool_of(a) && !so)
		return CKR_ATTRIBUTE_READ_ONLY;
	return CKR_OK;
}

CK_RV
shape_check_change(const struct shape *shape, const struct attrs *attrs,
		   const CK_ATTRIBUTE *list, CK_ULONG count, bool so)
{
	CK_RV rv = template_check(list, count);

	for (CK_ULONG i = 0; rv == CKR_OK && i < count; i++)
		rv = change_check(shape_rule(shape, list[i].type), attrs,
				  &list[i], so);
	return rv;
}
