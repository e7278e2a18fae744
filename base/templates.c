/* Readers of a caller's template, which may hold anything. */
#include "object.h"

/* Far over the number of attribute types that there are. */
enum { TEMPLATE_MAX = 1024 };

const CK_ATTRIBUTE *
template_find(const CK_ATTRIBUTE *list, CK_ULONG count, CK_ATTRIBUTE_TYPE type)
{
	for (CK_ULONG i = 0; i < count; i++) {
		if (list[i].type == type)
			return &list[i];
	}
	return NULL;
}

/* Copies the value of an attribute to OUT when it has just that size. */
static CK_RV
template_fixed(const CK_ATTRIBUTE *attr, void *out, size_t size)
{
	struct cursor value = cursor_of(attr->pValue, attr->ulValueLen);

	if (!cursor_ok(&value) || value.left != size)
		return CKR_ATTRIBUTE_VALUE_INVALID;
	cursor_copy(&value, out, size);
	return CKR_OK;
}

CK_RV
template_ulong(const CK_ATTRIBUTE *list, CK_ULONG count, CK_ATTRIBUTE_TYPE type,
	       CK_ULONG fallback, CK_ULONG *value)
{
	const CK_ATTRIBUTE *attr = template_find(list, count, type);

	if (attr != NULL)
		return template_fixed(attr, value, sizeof(*value));
	*value = fallback;
	return CKR_OK;
}

CK_RV
template_bool(const CK_ATTRIBUTE *list, CK_ULONG count, CK_ATTRIBUTE_TYPE type,
	      bool fallback, bool *value)
{
	const CK_ATTRIBUTE *attr = template_find(list, count, type);
	CK_BBOOL byte = fallback ? CK_TRUE : CK_FALSE;
	CK_RV rv = CKR_OK;

	if (attr != NULL)
		rv = template_fixed(attr, &byte, sizeof(byte));
	if (rv == CKR_OK)
		*value = byte != CK_FALSE;
	return rv;
}

static bool
same_value(const CK_ATTRIBUTE *a, const CK_ATTRIBUTE *b)
{
	return cursor_is(cursor_of(a->pValue, a->ulValueLen), b->pValue,
			 b->ulValueLen);
}

CK_RV
template_check(const CK_ATTRIBUTE *list, CK_ULONG count)
{
	if ((list == NULL && count > 0) || count > TEMPLATE_MAX)
		return CKR_ARGUMENTS_BAD;
	for (CK_ULONG i = 0; i < count; i++) {
		const CK_ATTRIBUTE *before =
			template_find(list, i, list[i].type);

		if (list[i].pValue == NULL && list[i].ulValueLen > 0)
			return CKR_ARGUMENTS_BAD;
		if (list[i].ulValueLen == CK_UNAVAILABLE_INFORMATION)
			return CKR_ATTRIBUTE_VALUE_INVALID;
		if (before != NULL && !same_value(before, &list[i]))
			return CKR_TEMPLATE_INCONSISTENT;
	}
	return CKR_OK;
}
