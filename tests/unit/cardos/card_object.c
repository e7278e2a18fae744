/* Attributes of listed objects and of read ones. */
#include "../../../cardos/card_object.h"

#include "script.h"

static struct maker rsa, ec;

static int
setup_once(void **state)
{
	maker_rsa(&rsa, 2048, NULL);
	maker_ec(&ec, "P-256", NULL);
	return 0;
}

static int
teardown_once(void **state)
{
	maker_free(&rsa);
	maker_free(&ec);
	return 0;
}

static struct card_object *
object_new(CK_OBJECT_CLASS class, bool complete)
{
	const struct card_object_name name = {
		.id = 7,
		.group = 1,
		.class = class,
		.cka_id = 3,
		.label = "label",
		.private = true,
	};
	struct card_object *list = NULL, **end = &list, *o = NULL;

	assert_int_equal(card_object_add(&end, &name, complete, &o), CKR_OK);
	assert_ptr_equal(o, list);
	assert_ptr_equal(end, &o->next);
	return o;
}

/* A read object of the class, made from the certificate. */
static struct card_object *
object_read(CK_OBJECT_CLASS class, struct maker *m)
{
	struct card_object *o = object_new(class, true);
	struct card_key key = { .sign = true };
	struct certificate c;
	CK_RV rv;

	assert_int_equal(certificate_parse(maker_certificate(m), &c), CKR_OK);
	assert_int_equal(pubkey_from_info(c.public_key_info, &key.public_key),
			 CKR_OK);
	if (class == CKO_CERTIFICATE)
		rv = card_object_certificate(&o->attrs, &c);
	else if (class == CKO_PUBLIC_KEY)
		rv = card_object_public_key(&o->attrs, &key, &c);
	else
		rv = card_object_private_key(&o->attrs, &key, &c);
	assert_int_equal(rv, CKR_OK);
	pubkey_free(key.public_key);
	return o;
}

/* What reading tells was listed as unread, or a search would miss it; what was
 * known before has not changed. */
static void
listed_first(CK_OBJECT_CLASS class, struct maker *m)
{
	struct card_object *listed = object_new(class, false);
	struct card_object *read = object_read(class, m);

	assert_int_equal(listed->state, CARD_OBJECT_LISTED);
	assert_int_equal(read->state, CARD_OBJECT_READ);
	for (size_t i = 0; i < read->attrs.count; i++) {
		const struct attr *a = &read->attrs.list[i];
		const struct attr *before = attrs_find(&listed->attrs, a->type);

		assert_int_equal(a->state, ATTR_PRESENT);
		assert_non_null(before);
		if (before->state == ATTR_UNREAD)
			continue;
		assert_int_equal(before->size, a->size);
		assert_memory_equal(before->value, a->value, a->size);
	}
	card_objects_free(listed);
	card_objects_free(read);
}

static void
listed(void **state)
{
	static const CK_OBJECT_CLASS classes[] = { CKO_CERTIFICATE,
						   CKO_PUBLIC_KEY,
						   CKO_PRIVATE_KEY };

	for (size_t i = 0; i < 3; i++) {
		listed_first(classes[i], &rsa);
		listed_first(classes[i], &ec);
	}
	card_objects_free(NULL);
}

static void
public_key(void **state)
{
	struct card_object *o = object_read(CKO_PUBLIC_KEY, &rsa);
	struct cursor exponent = attrs_value(&o->attrs, CKA_PUBLIC_EXPONENT);

	assert_int_equal(attrs_ulong(&o->attrs, CKA_MODULUS_BITS, 0), 2048);
	assert_int_equal(attrs_value(&o->attrs, CKA_MODULUS).left, 256);
	assert_true(cursor_same(exponent, hex("010001")));
	assert_true(attrs_bool(&o->attrs, CKA_VERIFY, false));
	assert_false(attrs_bool(&o->attrs, CKA_ENCRYPT, true));
	card_objects_free(o);
	/* the point comes in a DER OCTET STRING, the curve by its name */
	o = object_read(CKO_PUBLIC_KEY, &ec);
	assert_true(cursor_begins(attrs_value(&o->attrs, CKA_EC_POINT),
				  "\x04\x41\x04", 3));
	assert_int_equal(attrs_value(&o->attrs, CKA_EC_POINT).left, 67);
	assert_true(cursor_same(attrs_value(&o->attrs, CKA_EC_PARAMS),
				hex("06082A8648CE3D030107")));
	assert_null(attrs_find(&o->attrs, CKA_MODULUS_BITS));
	card_objects_free(o);
}

static bool
flag(const struct card_object *o, CK_ATTRIBUTE_TYPE type)
{
	const struct attr *a = attrs_find(&o->attrs, type);

	assert_non_null(a);
	return attrs_bool(&o->attrs, type, false);
}

/* 4.4: what a place can do with its object, its driver knows. */
static void
able(void **state)
{
	struct card_object_name name = { .class = CKO_CERTIFICATE,
					 .cka_id = 3,
					 .label = "label" };
	struct card_object *list = NULL, **end = &list, *fixed, *loose;

	assert_int_equal(card_object_add(&end, &name, true, &fixed), CKR_OK);
	name.removable = true;
	name.modifiable = true;
	assert_int_equal(card_object_add(&end, &name, true, &loose), CKR_OK);
	assert_false(flag(fixed, CKA_DESTROYABLE));
	assert_false(flag(fixed, CKA_MODIFIABLE));
	assert_false(flag(fixed, CKA_COPYABLE));
	assert_true(flag(loose, CKA_DESTROYABLE));
	assert_true(flag(loose, CKA_MODIFIABLE));
	assert_false(flag(loose, CKA_COPYABLE));
	card_objects_free(list);
}

/* 4.3.1: known without reading, and another for each object. */
static void
unique_id(void **state)
{
	struct card_object_name name = { .id = 0x9a03,
					 .class = CKO_PRIVATE_KEY,
					 .label = "label" };
	struct card_object *list = NULL, **end = &list, *one, *other;
	struct cursor value;

	assert_int_equal(card_object_add(&end, &name, false, &one), CKR_OK);
	name.id = 0x9a02;
	assert_int_equal(card_object_add(&end, &name, false, &other), CKR_OK);
	value = attrs_value(&one->attrs, CKA_UNIQUE_ID);
	assert_true(cursor_is(value, "card 0000000000009A03", 21));
	assert_false(cursor_same(value,
				 attrs_value(&other->attrs, CKA_UNIQUE_ID)));
	card_objects_free(list);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ "/cardos/card_object/listed", listed, NULL, NULL, NULL },
		{ "/cardos/card_object/public-key", public_key, NULL, NULL,
		  NULL },
		{ "/cardos/card_object/able", able, NULL, NULL, NULL },
		{ "/cardos/card_object/unique-id", unique_id, NULL, NULL,
		  NULL },
	};

	return cmocka_run_group_tests(tests, setup_once, teardown_once);
}
