/* Keys that come of other keys, as the fake tokens make them. */
#include "fake_cross.h"
#include "fake.h"

static CK_RV
object_get(struct token *t, uint64_t id, struct object **object)
{
	*object = fake_object(fake_of(t), id);
	return *object == NULL ? CKR_OBJECT_HANDLE_INVALID : CKR_OK;
}

CK_RV
cross_generate(struct token *t, const CK_MECHANISM *mechanism,
	       struct template object, uint64_t *id)
{
	return t->ops->create(t, object, id);
}

CK_RV
cross_lend(struct token *t, uint64_t id, struct attrs *object)
{
	struct object *o;
	CK_RV rv = object_get(t, id, &o);

	return rv == CKR_OK ? attrs_copy(object, &o->attrs) : rv;
}

CK_RV
cross_take(struct token *t, struct attrs *objects, size_t count, uint64_t *ids)
{
	CK_RV rv = fake_of(t)->refuse;
	size_t i;

	for (i = 0; i < count; i++) {
		if (rv == CKR_OK)
			ids[i] = fake_object_add(fake_of(t), &objects[i]);
		attrs_free(&objects[i]);
	}
	return rv;
}

CK_RV
cross_copy(struct token *t, uint64_t id, struct template changes,
	   struct attrs *object)
{
	struct object *o;
	CK_RV rv = object_get(t, id, &o);

	if (rv == CKR_OK)
		rv = attrs_copy(object, &o->attrs);
	return rv == CKR_OK
		       ? attrs_set_template(object, changes.list, changes.count)
		       : rv;
}

static CK_RV
secret(struct template template, struct cursor value, struct attrs *object)
{
	CK_RV rv = attrs_set_template(object, template.list, template.count);

	if (rv == CKR_OK)
		rv = attrs_set_ulong(object, CKA_CLASS, CKO_SECRET_KEY);
	return rv == CKR_OK ? attrs_set(object, CKA_VALUE, value) : rv;
}

CK_RV
cross_unwrap(struct token *t, const struct derivation *d, struct attrs *object)
{
	struct object *o;
	CK_RV rv = object_get(t, d->key, &o);

	if (rv != CKR_OK)
		return rv;
	if (d->input.left == 0)
		return CKR_WRAPPED_KEY_LEN_RANGE;
	return secret(d->object, d->input, object);
}

/* A public key of another's is told by its CKA_PUBLIC_KEY_INFO alone. */
static struct cursor
info_of(struct token *t, const struct derivation *d)
{
	struct object *o;

	if (d->held != NULL)
		return attrs_value(d->held, CKA_PUBLIC_KEY_INFO);
	if (object_get(t, d->key, &o) != CKR_OK)
		return cursor_of(NULL, 0);
	return attrs_value(&o->attrs, CKA_PUBLIC_KEY_INFO);
}

CK_RV
cross_wrap(struct token *t, const struct derivation *d, struct builder *out)
{
	if (fake_of(t)->public_keys_elsewhere)
		return CKR_FUNCTION_NOT_SUPPORTED;
	builder_append(out, info_of(t, d));
	builder_append(out, attrs_value(d->other, CKA_VALUE));
	return CKR_OK;
}

CK_RV
cross_encapsulate(struct token *t, const struct derivation *d,
		  struct builder *out, struct attrs *object)
{
	if (fake_of(t)->public_keys_elsewhere)
		return CKR_FUNCTION_NOT_SUPPORTED;
	builder_append(out, info_of(t, d));
	builder_text(out, "sealed");
	return secret(d->object, cursor_of("secret", 6), object);
}

/* The fakes' mechanism names the second key by its parameter. */
CK_OBJECT_HANDLE
derivation_other(const CK_MECHANISM *mechanism)
{
	const CK_OBJECT_HANDLE *other = mechanism->pParameter;

	return other == NULL ? CK_INVALID_HANDLE : *other;
}

/* Two keys: one for the caller, and the other's handle goes where the test
 * wants it. */
CK_OBJECT_HANDLE *cross_second;

CK_RV
cross_derive(struct token *t, const struct derivation *d, struct derived *list,
	     size_t *count)
{
	struct object *o;
	CK_RV rv;

	*count = 1;
	if (d->held != NULL)
		return secret(d->object, d->computed, &list[0].attrs);
	rv = object_get(t, d->key, &o);
	if (rv == CKR_OK)
		rv = secret(d->object, cursor_of("first", 5), &list[0].attrs);
	if (rv == CKR_OK && d->other != NULL)
		rv = attrs_set(&list[0].attrs, CKA_LABEL,
			       attrs_value(d->other, CKA_VALUE));
	if (rv != CKR_OK || cross_second == NULL)
		return rv;
	list[1].handle = cross_second;
	*count = 2;
	return secret(d->object, cursor_of("second", 6), &list[1].attrs);
}
