/* An object's attributes as bytes that mean the same on every machine. */
#include "shape.h"
#include "seal.h"

enum { ENCODING = 1, ATTRIBUTES_MAX = 1024 };
enum { VALUE_BYTES, VALUE_ULONGS };

/* A CK_ULONG is 4 bytes on one machine and 8 on another, and has no byte order:
 * one is written as 8 bytes, "not available" stays that. */
static uint64_t
wide(CK_ULONG value)
{
	return value == CK_UNAVAILABLE_INFORMATION ? UINT64_MAX : value;
}

static CK_ULONG
narrow(uint64_t value)
{
	return (CK_ULONG)value;
}

static bool
is_ulongs(CK_ATTRIBUTE_TYPE type)
{
	enum form form = attribute_form(type);

	return form == FORM_ULONG || form == FORM_MECHANISMS;
}

static void
ulongs_encode(struct cursor value, struct builder *out)
{
	size_t count = value.left / sizeof(CK_ULONG);

	builder_u32(out, (uint32_t)(count * 8));
	while (count-- > 0) {
		CK_ULONG number = 0;

		cursor_copy(&value, &number, sizeof(number));
		builder_u64(out, wide(number));
	}
}

CK_RV
attrs_encode(const struct attrs *attrs, struct builder *out)
{
	builder_u8(out, ENCODING);
	for (size_t i = 0; i < attrs->count; i++) {
		const struct attr *a = &attrs->list[i];
		struct cursor value = cursor_of(a->value, a->size);

		if (a->state != ATTR_PRESENT)
			continue;
		builder_u64(out, a->type);
		if (is_ulongs(a->type)) {
			builder_u8(out, VALUE_ULONGS);
			ulongs_encode(value, out);
		} else {
			builder_u8(out, VALUE_BYTES);
			builder_u32(out, (uint32_t)value.left);
			builder_append(out, value);
		}
	}
	return builder_ok(out) ? CKR_OK : CKR_HOST_MEMORY;
}

static CK_RV
ulongs_decode(struct cursor in, CK_ATTRIBUTE_TYPE type, struct attrs *attrs)
{
	struct builder b = builder_heap(in.left / 8 * sizeof(CK_ULONG));
	CK_RV rv;

	if (in.left == 8)
		return attrs_set_ulong(attrs, type, narrow(cursor_u64(&in)));
	while (cursor_ok(&in) && in.left > 0) {
		CK_ULONG number = narrow(cursor_u64(&in));

		builder_put(&b, &number, sizeof(number));
	}
	rv = cursor_end(&in) && builder_ok(&b)
		     ? attrs_set(attrs, type, builder_read(&b))
		     : CKR_DATA_INVALID;
	builder_free(&b);
	return rv;
}

/* With those by which a row is compared. */
static bool
is_wanted(CK_ATTRIBUTE_TYPE type, struct template only)
{
	return type == CKA_CLASS || type == CKA_KEY_TYPE ||
	       type == CKA_PRIVATE ||
	       template_find(only.list, only.count, type);
}

CK_RV
attrs_decode(struct cursor in, struct template only, struct attrs *attrs)
{
	struct attrs found = { NULL, 0, 0 };
	CK_RV rv = cursor_u8(&in) == ENCODING ? CKR_OK : CKR_DATA_INVALID;

	for (int i = 0; rv == CKR_OK && in.left > 0; i++) {
		CK_ATTRIBUTE_TYPE type = narrow(cursor_u64(&in));
		uint8_t kind = cursor_u8(&in);
		struct cursor value = cursor_take(&in, cursor_u32(&in));

		if (!cursor_ok(&value) || i >= ATTRIBUTES_MAX ||
		    kind > VALUE_ULONGS)
			rv = CKR_DATA_INVALID;
		else if (only.count > 0 && !is_wanted(type, only))
			continue;
		else if (kind == VALUE_ULONGS)
			rv = ulongs_decode(value, type, &found);
		else
			rv = attrs_set(&found, type, value);
	}
	if (rv == CKR_OK && !cursor_end(&in))
		rv = CKR_DATA_INVALID;
	if (rv != CKR_OK) {
		attrs_free(&found);
		return rv;
	}
	*attrs = found;
	return CKR_OK;
}
