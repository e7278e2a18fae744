/* Templates as attributes: packed, handed out, matched and merged. */
#include "soft_template.h"

#include "mem.h"
#include "shape.h"
#include "seal.h"

enum { NESTED_MAX = 64, PACKED_MAX = 65536 };
static const struct template everything;

/* The caller's array, copied, as its address may be an odd one. */
static CK_RV
list_read(struct cursor value, CK_ATTRIBUTE list[NESTED_MAX], size_t *count)
{
	*count = value.left / sizeof(CK_ATTRIBUTE);
	if (value.left % sizeof(CK_ATTRIBUTE) != 0 || *count > NESTED_MAX)
		return CKR_ATTRIBUTE_VALUE_INVALID;
	cursor_copy(&value, list, value.left);
	return cursor_ok(&value) ? CKR_OK : CKR_ATTRIBUTE_VALUE_INVALID;
}

/* No template within a template; a form is held where it is known. */
static CK_RV
list_check(const CK_ATTRIBUTE *list, size_t count)
{
	CK_RV rv = template_check(list, count);

	for (size_t i = 0; rv == CKR_OK && i < count; i++) {
		enum form form = attribute_form(list[i].type);

		rv = form == FORM_TEMPLATE ? CKR_ATTRIBUTE_VALUE_INVALID
					   : form_check(form, &list[i]);
	}
	return rv == CKR_OK ? CKR_OK : CKR_ATTRIBUTE_VALUE_INVALID;
}

CK_RV
nested_pack(struct cursor value, struct attrs *attrs, CK_ATTRIBUTE_TYPE type)
{
	CK_ATTRIBUTE list[NESTED_MAX];
	struct attrs inner = { NULL, 0, 0 };
	struct builder b = builder_heap(PACKED_MAX);
	size_t count;
	CK_RV rv = list_read(value, list, &count);

	if (rv == CKR_OK)
		rv = list_check(list, count);
	if (rv == CKR_OK)
		rv = attrs_set_template(&inner, list, count);
	if (rv == CKR_OK)
		rv = attrs_encode(&inner, &b);
	if (rv == CKR_OK)
		rv = attrs_set(attrs, type, builder_read(&b));
	attrs_free(&inner);
	builder_free(&b);
	return rv;
}

/* Into the caller's array, which has its own buffers, or lengths only. */
static CK_RV
inner_answer(const struct attr *from, CK_ATTRIBUTE *to)
{
	struct builder b = builder_over(to->pValue, from->size);
	CK_ULONG room = to->ulValueLen;

	to->type = from->type;
	to->ulValueLen = from->size;
	if (!to->pValue)
		return CKR_OK;
	if (room < from->size) {
		to->ulValueLen = CK_UNAVAILABLE_INFORMATION;
		return CKR_BUFFER_TOO_SMALL;
	}
	builder_put(&b, from->value, from->size);
	return CKR_OK;
}

CK_RV
nested_answer(struct cursor packed, CK_ATTRIBUTE *a)
{
	CK_ATTRIBUTE *list = a->pValue;
	CK_ULONG room = a->ulValueLen / sizeof(*list);
	struct attrs inner = { NULL, 0, 0 };
	CK_RV rv = attrs_decode(packed, everything, &inner), all = CKR_OK;

	if (rv != CKR_OK)
		return rv;
	a->ulValueLen = inner.count * sizeof(*list);
	if (list && room < inner.count) {
		a->ulValueLen = CK_UNAVAILABLE_INFORMATION;
		all = CKR_BUFFER_TOO_SMALL;
	}
	for (size_t i = 0; list && room >= inner.count && i < inner.count;
	     i++) {
		rv = inner_answer(&inner.list[i], &list[i]);
		if (rv != CKR_OK)
			all = rv;
	}
	attrs_free(&inner);
	return all;
}

static CK_RV
inner_get(const struct attrs *key, CK_ATTRIBUTE_TYPE type, struct attrs *inner)
{
	struct cursor packed = attrs_value(key, type);

	return cursor_ok(&packed) ? attrs_decode(packed, everything, inner)
				  : CKR_OK;
}

CK_RV
nested_match(const struct attrs *key, CK_ATTRIBUTE_TYPE type,
	     const struct attrs *object, bool *match)
{
	struct attrs inner = { NULL, 0, 0 };
	CK_RV rv = inner_get(key, type, &inner);

	if (rv != CKR_OK)
		return rv;
	*match = true;
	for (size_t i = 0; i < inner.count; i++) {
		struct cursor wanted =
			cursor_of(inner.list[i].value, inner.list[i].size);
		struct cursor found = attrs_value(object, inner.list[i].type);

		if (!cursor_ok(&found) || !cursor_same(wanted, found))
			*match = false;
	}
	attrs_free(&inner);
	return CKR_OK;
}

CK_RV
merged_make(const struct attrs *key, CK_ATTRIBUTE_TYPE type,
	    struct template given, struct merged *merged)
{
	struct merged m = { .all = given };
	CK_RV rv = template_check(given.list, given.count);

	if (rv == CKR_OK)
		rv = inner_get(key, type, &m.added);
	if (rv != CKR_OK || m.added.count == 0) {
		*merged = m;
		return rv;
	}
	m.room = given.count + m.added.count;
	m.list = mem_new(m.room * sizeof(*m.list));
	if (!m.list)
		rv = CKR_HOST_MEMORY;
	m.all = (struct template){ m.list, 0 };
	for (size_t i = 0; rv == CKR_OK && i < given.count; i++)
		m.list[m.all.count++] = given.list[i];
	for (size_t i = 0; rv == CKR_OK && i < m.added.count; i++) {
		const struct attr *a = &m.added.list[i];
		const CK_ATTRIBUTE *same =
			template_find(given.list, given.count, a->type);

		if (!same)
			m.list[m.all.count++] =
				(CK_ATTRIBUTE){ a->type, a->value, a->size };
		else if (!cursor_is(cursor_of(same->pValue, same->ulValueLen),
				    a->value, a->size))
			rv = CKR_TEMPLATE_INCONSISTENT;
	}
	*merged = m;
	return rv;
}

void
merged_free(struct merged *merged)
{
	mem_free(merged->list, merged->room * sizeof(*merged->list));
	attrs_free(&merged->added);
	*merged = (struct merged){ .room = 0 };
}
