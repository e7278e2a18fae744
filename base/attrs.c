/* A set of attributes: each is present, absent or not yet read. */
#include "object.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"

enum {
	ATTRS_FIRST = 8,	  /* attributes of a set's first room */
	ATTR_SIZE_MAX = 16 << 20, /* no honest value is longer */
};

static struct attr *
attrs_entry(const struct attrs *a, CK_ATTRIBUTE_TYPE type)
{
	for (size_t i = 0; i < a->count; i++) {
		if (a->list[i].type == type)
			return &a->list[i];
	}
	return NULL;
}

static CK_RV
attrs_grow(struct attrs *a)
{
	size_t room = a->room == 0 ? ATTRS_FIRST : 2 * a->room;
	struct attr *list;

	if (a->count < a->room)
		return CKR_OK;
	list = reallocarray(a->list, room, sizeof(*list));
	if (list == NULL)
		return CKR_HOST_MEMORY;
	a->list = list;
	a->room = room;
	return CKR_OK;
}

static CK_RV
value_copy(struct cursor from, uint8_t **copy)
{
	size_t size = from.left;
	uint8_t *value = NULL;

	if (!cursor_ok(&from) || size > ATTR_SIZE_MAX)
		return CKR_ATTRIBUTE_VALUE_INVALID;
	if (size > 0) {
		value = mem_new(size);
		if (value == NULL)
			return CKR_HOST_MEMORY;
		cursor_copy(&from, value, size);
	}
	*copy = value;
	return CKR_OK;
}

/* Takes the value of NEXT, unless it fails. */
static CK_RV
attrs_replace(struct attrs *a, struct attr next)
{
	struct attr *entry = attrs_entry(a, next.type);
	CK_RV rv;

	if (entry == NULL) {
		rv = attrs_grow(a);
		if (rv != CKR_OK)
			return rv;
		entry = &a->list[a->count++];
	} else {
		mem_free(entry->value, entry->size);
	}
	*entry = next;
	return CKR_OK;
}

CK_RV
attrs_set(struct attrs *a, CK_ATTRIBUTE_TYPE type, struct cursor value)
{
	struct attr next = { .type = type, .state = ATTR_PRESENT };
	CK_RV rv;

	next.size = value.left;
	rv = value_copy(value, &next.value);
	if (rv != CKR_OK)
		return rv;
	rv = attrs_replace(a, next);
	if (rv != CKR_OK)
		mem_free(next.value, next.size);
	return rv;
}

CK_RV
attrs_set_ulong(struct attrs *a, CK_ATTRIBUTE_TYPE type, CK_ULONG value)
{
	return attrs_set(a, type, cursor_of(&value, sizeof(value)));
}

CK_RV
attrs_set_bool(struct attrs *a, CK_ATTRIBUTE_TYPE type, bool value)
{
	CK_BBOOL byte = value ? CK_TRUE : CK_FALSE;

	return attrs_set(a, type, cursor_of(&byte, sizeof(byte)));
}

CK_RV
attrs_set_text(struct attrs *a, CK_ATTRIBUTE_TYPE type, const char *text)
{
	return attrs_set(a, type, cursor_of(text, strlen(text)));
}

CK_RV
attrs_set_unread(struct attrs *a, CK_ATTRIBUTE_TYPE type)
{
	return attrs_replace(
		a, (struct attr){ .type = type, .state = ATTR_UNREAD });
}

bool
attribute_nested(CK_ATTRIBUTE_TYPE type)
{
	if (type == CKA_ENCAPSULATE_TEMPLATE ||
	    type == CKA_DECAPSULATE_TEMPLATE)
		return true;
	return (type & CKF_ARRAY_ATTRIBUTE) != 0 &&
	       type != CKA_ALLOWED_MECHANISMS;
}

CK_RV
attrs_set_template(struct attrs *a, const CK_ATTRIBUTE *list, CK_ULONG count)
{
	CK_RV rv = CKR_OK;

	for (CK_ULONG i = 0; i < count && rv == CKR_OK; i++) {
		struct cursor value =
			cursor_of(list[i].pValue, list[i].ulValueLen);

		rv = attribute_nested(list[i].type)
			     ? CKR_ATTRIBUTE_TYPE_INVALID
			     : attrs_set(a, list[i].type, value);
	}
	return rv;
}

CK_RV
attrs_copy(struct attrs *to, const struct attrs *from)
{
	CK_RV rv = CKR_OK;

	for (size_t i = 0; i < from->count && rv == CKR_OK; i++) {
		const struct attr *attr = &from->list[i];

		if (attr->state == ATTR_UNREAD)
			rv = attrs_set_unread(to, attr->type);
		else
			rv = attrs_set(to, attr->type,
				       cursor_of(attr->value, attr->size));
	}
	return rv;
}

void
attrs_remove(struct attrs *a, CK_ATTRIBUTE_TYPE type)
{
	struct attr *entry = attrs_entry(a, type);

	if (entry == NULL)
		return;
	mem_free(entry->value, entry->size);
	*entry = a->list[--a->count];
}

void
attrs_free(struct attrs *a)
{
	if (a == NULL)
		return;
	for (size_t i = 0; i < a->count; i++)
		mem_free(a->list[i].value, a->list[i].size);
	free(a->list);
	*a = (struct attrs){ 0 };
}

const struct attr *
attrs_find(const struct attrs *a, CK_ATTRIBUTE_TYPE type)
{
	return attrs_entry(a, type);
}

struct cursor
attrs_value(const struct attrs *a, CK_ATTRIBUTE_TYPE type)
{
	const struct attr *attr = attrs_find(a, type);

	if (attr == NULL || attr->state != ATTR_PRESENT)
		return (struct cursor){ .bad = true };
	return cursor_of(attr->value, attr->size);
}

CK_ULONG
attrs_ulong(const struct attrs *a, CK_ATTRIBUTE_TYPE type, CK_ULONG fallback)
{
	struct cursor value = attrs_value(a, type);
	CK_ULONG number = fallback;

	if (value.left == sizeof(number))
		cursor_copy(&value, &number, sizeof(number));
	return number;
}

bool
attrs_bool(const struct attrs *a, CK_ATTRIBUTE_TYPE type, bool fallback)
{
	struct cursor value = attrs_value(a, type);

	return value.left == sizeof(CK_BBOOL) ? cursor_u8(&value) != CK_FALSE
					      : fallback;
}

/* Attributes that a sensitive key keeps to itself (PKCS#11 3.2, 4.9, 4.10). */
static bool
attr_secret(CK_ATTRIBUTE_TYPE type)
{
	switch (type) {
	case CKA_VALUE:
	case CKA_SEED:
	case CKA_PRIVATE_EXPONENT:
	case CKA_PRIME_1:
	case CKA_PRIME_2:
	case CKA_EXPONENT_1:
	case CKA_EXPONENT_2:
	case CKA_COEFFICIENT:
		return true;
	default:
		return false;
	}
}

/* Does a key of this type have this secret attribute, held here or not? */
static bool
key_has(CK_KEY_TYPE key_type, CK_ATTRIBUTE_TYPE type)
{
	switch (type) {
	case CKA_VALUE:
		return key_type != CKK_RSA;
	case CKA_SEED:
		return key_type == CKK_ML_DSA || key_type == CKK_ML_KEM;
	default:
		return key_type == CKK_RSA;
	}
}

/* A key that does not say so is taken as sensitive. */
static bool
attrs_sensitive(const struct attrs *a)
{
	switch (attrs_ulong(a, CKA_CLASS, CKO_SECRET_KEY)) {
	case CKO_PRIVATE_KEY:
	case CKO_SECRET_KEY:
	case CKO_OTP_KEY:
		return attrs_bool(a, CKA_SENSITIVE, true) ||
		       !attrs_bool(a, CKA_EXTRACTABLE, false);
	default:
		return false;
	}
}

/* Nor may a search be used to guess at a secret. */
static enum attrs_match
attr_match(const struct attrs *a, const CK_ATTRIBUTE *wanted)
{
	const struct attr *attr = attrs_find(a, wanted->type);

	if (attr == NULL)
		return MATCH_NO;
	if (attr_secret(wanted->type) && attrs_sensitive(a))
		return MATCH_NO;
	if (attr->state == ATTR_UNREAD)
		return MATCH_UNREAD;
	return cursor_is(cursor_of(attr->value, attr->size), wanted->pValue,
			 wanted->ulValueLen)
		       ? MATCH_YES
		       : MATCH_NO;
}

enum attrs_match
attrs_match(const struct attrs *a, const CK_ATTRIBUTE *list, CK_ULONG count)
{
	enum attrs_match all = MATCH_YES;

	for (CK_ULONG i = 0; i < count; i++) {
		enum attrs_match one = attr_match(a, &list[i]);

		if (one == MATCH_NO)
			return MATCH_NO;
		if (one == MATCH_UNREAD)
			all = MATCH_UNREAD;
	}
	return all;
}

bool
attrs_unread(const struct attrs *a, const CK_ATTRIBUTE *list, CK_ULONG count)
{
	for (CK_ULONG i = 0; i < count; i++) {
		const struct attr *attr = attrs_find(a, list[i].type);

		if (attr != NULL && attr->state == ATTR_UNREAD)
			return true;
	}
	return false;
}

static CK_RV
attr_answer(const struct attrs *a, CK_ATTRIBUTE *wanted)
{
	CK_ULONG key_type = attrs_ulong(a, CKA_KEY_TYPE, CKK_VENDOR_DEFINED);
	struct cursor value = attrs_value(a, wanted->type);
	struct builder out;

	if (attr_secret(wanted->type) && attrs_sensitive(a) &&
	    (cursor_ok(&value) || key_has(key_type, wanted->type)))
		return CKR_ATTRIBUTE_SENSITIVE;
	if (!cursor_ok(&value))
		return CKR_ATTRIBUTE_TYPE_INVALID;
	if (wanted->pValue != NULL) {
		out = builder_over(wanted->pValue, wanted->ulValueLen);
		builder_append(&out, value);
		if (!builder_ok(&out))
			return CKR_BUFFER_TOO_SMALL;
	}
	wanted->ulValueLen = value.left;
	return CKR_OK;
}

/* Any of the codes that apply may be returned; we tell the gravest. */
static CK_RV
rv_graver(CK_RV a, CK_RV b)
{
	static const CK_RV order[] = { CKR_ATTRIBUTE_SENSITIVE,
				       CKR_ATTRIBUTE_TYPE_INVALID,
				       CKR_BUFFER_TOO_SMALL };

	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++) {
		if (a == order[i] || b == order[i])
			return order[i];
	}
	return CKR_OK;
}

CK_RV
attrs_answer(const struct attrs *a, CK_ATTRIBUTE *list, CK_ULONG count)
{
	CK_RV all = CKR_OK;

	for (CK_ULONG i = 0; i < count; i++) {
		CK_RV rv = attr_answer(a, &list[i]);

		if (rv != CKR_OK)
			list[i].ulValueLen = CK_UNAVAILABLE_INFORMATION;
		all = rv_graver(all, rv);
	}
	return all;
}
