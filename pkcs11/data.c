/* Checks on what a caller gives, before a byte of it is read. */
#include "data.h"

#include <stdint.h>

enum {
	ATTRIBUTES_MAX = 4096, /* more than there are types of them */
	PIN_MAX = 4096,
};

bool
data_is_bad(const void *data, CK_ULONG size)
{
	return (data == NULL && size > 0) || size > PTRDIFF_MAX;
}

bool
data_is_key(CK_OBJECT_CLASS class)
{
	return class == CKO_PUBLIC_KEY || class == CKO_PRIVATE_KEY ||
	       class == CKO_SECRET_KEY;
}

CK_RV
data_query(const CK_ATTRIBUTE *list, CK_ULONG count)
{
	if ((list == NULL && count > 0) || count > ATTRIBUTES_MAX)
		return CKR_ARGUMENTS_BAD;
	return CKR_OK;
}

CK_RV
data_template(const CK_ATTRIBUTE *list, CK_ULONG count,
	      struct template *template)
{
	CK_RV rv = data_query(list, count);
	CK_ULONG i;

	if (rv != CKR_OK)
		return rv;
	for (i = 0; i < count; i++) {
		if (list[i].pValue != NULL && list[i].ulValueLen > PTRDIFF_MAX)
			return CKR_ATTRIBUTE_VALUE_INVALID;
	}
	rv = template_check(list, count);
	if (rv != CKR_OK)
		return rv;
	*template = (struct template){ .list = list, .count = count };
	return CKR_OK;
}

CK_RV
data_mechanism(const CK_MECHANISM *mechanism)
{
	if (mechanism == NULL)
		return CKR_ARGUMENTS_BAD;
	if (data_is_bad(mechanism->pParameter, mechanism->ulParameterLen))
		return CKR_MECHANISM_PARAM_INVALID;
	return CKR_OK;
}

/* Does the token have a keypad or the like? */
static bool
has_keypad(struct token *t)
{
	CK_TOKEN_INFO info = { 0 };

	return t->ops->info(t, &info) == CKR_OK &&
	       (info.flags & CKF_PROTECTED_AUTHENTICATION_PATH);
}

CK_RV
data_pin(struct token *t, const CK_UTF8CHAR *pin, CK_ULONG size, CK_RV wrong,
	 struct cursor *out)
{
	if (pin == NULL && (size > 0 || !has_keypad(t)))
		return CKR_ARGUMENTS_BAD;
	if (pin != NULL && (size == 0 || size > PIN_MAX))
		return wrong;
	*out = cursor_of(pin, size);
	return CKR_OK;
}
