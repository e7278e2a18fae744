/* The attributes of certificates and keys on a card (PKCS#11 3.2, 4). */
#include "card_object.h"

#include "mem.h"
#include "tlv.h"

enum {
	TAG_OCTET_STRING = 0x04,
	POINT_MAX = 256,
	CHECK_VALUE_SIZE = 3,
	DATE_SIZE = sizeof(CK_DATE),
};

void
card_objects_free(struct card_object *list)
{
	struct card_object *next;

	for (; list != NULL; list = next) {
		next = list->next;
		attrs_free(&list->attrs);
		pubkey_free(list->key.public_key);
		mem_free(list, sizeof(*list));
	}
}

/* What a complete object has beside what its name tells; 0 ends. */
static const CK_ATTRIBUTE_TYPE certificate_rest[] = {
	CKA_VALUE,	   CKA_SUBJECT,		CKA_ISSUER,
	CKA_SERIAL_NUMBER, CKA_PUBLIC_KEY_INFO, CKA_CHECK_VALUE,
	CKA_START_DATE,	   CKA_END_DATE,	0,
};

static const CK_ATTRIBUTE_TYPE data_rest[] = { CKA_VALUE, 0 };

static const CK_ATTRIBUTE_TYPE public_rest[] = {
	CKA_KEY_TYPE,
	CKA_SUBJECT,
	CKA_START_DATE,
	CKA_END_DATE,
	CKA_PUBLIC_KEY_INFO,
	CKA_ENCRYPT,
	CKA_VERIFY,
	CKA_WRAP,
	CKA_DERIVE,
	CKA_MODULUS,
	CKA_MODULUS_BITS,
	CKA_PUBLIC_EXPONENT,
	CKA_EC_PARAMS,
	CKA_EC_POINT,
	0,
};

static const CK_ATTRIBUTE_TYPE private_rest[] = {
	CKA_KEY_TYPE,
	CKA_SUBJECT,
	CKA_START_DATE,
	CKA_END_DATE,
	CKA_PUBLIC_KEY_INFO,
	CKA_DECRYPT,
	CKA_SIGN,
	CKA_UNWRAP,
	CKA_DERIVE,
	CKA_ALWAYS_AUTHENTICATE,
	CKA_MODULUS,
	CKA_PUBLIC_EXPONENT,
	CKA_EC_PARAMS,
	CKA_EC_POINT,
	0,
};

/* What all objects of a class have in common, whatever is in them. */
struct object_flag {
	CK_ATTRIBUTE_TYPE type;
	bool value;
};

static const struct object_flag certificate_flags[] = {
	{ CKA_TRUSTED, false },
	{ 0 },
};

static const struct object_flag data_flags[] = { { 0 } };

static const struct object_flag public_flags[] = {
	{ CKA_LOCAL, false },
	{ CKA_VERIFY_RECOVER, false },
	{ CKA_TRUSTED, false },
	{ 0 },
};

/* Whether the key was made on the card is not known before the card tells, so
 * CKA_LOCAL is false; that nobody can take it out of the card is. */
static const struct object_flag private_flags[] = {
	{ CKA_LOCAL, false },
	{ CKA_SENSITIVE, true },
	{ CKA_ALWAYS_SENSITIVE, true },
	{ CKA_EXTRACTABLE, false },
	{ CKA_NEVER_EXTRACTABLE, true },
	{ CKA_SIGN_RECOVER, false },
	{ CKA_WRAP_WITH_TRUSTED, false },
	{ 0 },
};

struct object_class {
	CK_OBJECT_CLASS class;
	const CK_ATTRIBUTE_TYPE *rest;
	const struct object_flag *flags;
};

static const struct object_class classes[] = {
	{ CKO_DATA, data_rest, data_flags },
	{ CKO_CERTIFICATE, certificate_rest, certificate_flags },
	{ CKO_PUBLIC_KEY, public_rest, public_flags },
	{ CKO_PRIVATE_KEY, private_rest, private_flags },
};

static const struct object_class *
class_of(CK_OBJECT_CLASS class)
{
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (classes[i].class == class)
			return &classes[i];
	return NULL;
}

static CK_RV
flags_set(struct attrs *a, const struct object_flag *flag)
{
	CK_RV rv = CKR_OK;

	for (; rv == CKR_OK && flag->type != 0; flag++)
		rv = attrs_set_bool(a, flag->type, flag->value);
	return rv;
}

/* CKA_CERTIFICATE_TYPE and its like: numbers that the class alone tells. */
static CK_RV
numbers_set(struct attrs *a, CK_OBJECT_CLASS class)
{
	CK_RV rv;

	if (class == CKO_DATA)
		return CKR_OK;
	if (class != CKO_CERTIFICATE)
		return attrs_set_ulong(a, CKA_KEY_GEN_MECHANISM,
				       CK_UNAVAILABLE_INFORMATION);
	if ((rv = attrs_set_ulong(a, CKA_CERTIFICATE_TYPE, CKC_X_509)) ||
	    (rv = attrs_set_ulong(a, CKA_CERTIFICATE_CATEGORY,
				  CK_CERTIFICATE_CATEGORY_TOKEN_USER)))
		return rv;
	return attrs_set_ulong(a, CKA_JAVA_MIDP_SECURITY_DOMAIN,
			       CK_SECURITY_DOMAIN_UNSPECIFIED);
}

/* What its place says of an object apart from the rest of its class. */
static CK_RV
place_set(struct attrs *a, const struct card_object_name *name)
{
	CK_RV rv;

	if (name->class != CKO_DATA)
		return attrs_set(a, CKA_ID, cursor_of(&name->cka_id, 1));
	rv = attrs_set_text(a, CKA_APPLICATION, name->application);
	if (rv != CKR_OK)
		return rv;
	return attrs_set(a, CKA_OBJECT_ID, name->object_id);
}

/* A place on the card is all that tells an object there from others without
 * reading it; what comes into it later has the same name. */
static CK_RV
unique_id_set(struct attrs *a, uint64_t id)
{
	uint8_t number[sizeof(id)], bytes[32];
	struct builder digits = builder_over(number, sizeof(number));
	struct builder text = builder_over(bytes, sizeof(bytes));

	builder_u64(&digits, id);
	builder_text(&text, "card ");
	builder_hex(&text, builder_read(&digits));
	return attrs_set(a, CKA_UNIQUE_ID, builder_read(&text));
}

static CK_RV
name_set(struct attrs *a, const struct card_object_name *name)
{
	const struct object_flag flags[] = {
		{ CKA_TOKEN, true },	    { CKA_PRIVATE, name->private },
		{ CKA_MODIFIABLE, name->modifiable },
		{ CKA_COPYABLE, false },
		{ CKA_DESTROYABLE, name->removable },
		{ 0 },
	};
	CK_RV rv;

	if ((rv = attrs_set_ulong(a, CKA_CLASS, name->class)) ||
	    (rv = place_set(a, name)) ||
	    (rv = attrs_set_text(a, CKA_LABEL, name->label)) ||
	    (rv = flags_set(a, flags)) ||
	    (rv = unique_id_set(a, name->id)))
		return rv;
	return numbers_set(a, name->class);
}

static CK_RV
rest_unread(struct attrs *a, const CK_ATTRIBUTE_TYPE *type)
{
	CK_RV rv = CKR_OK;

	for (; rv == CKR_OK && *type != 0; type++)
		rv = attrs_set_unread(a, *type);
	return rv;
}

CK_RV
card_object_add(struct card_object ***end, const struct card_object_name *name,
		bool complete, struct card_object **object)
{
	const struct object_class *class = class_of(name->class);
	struct card_object *new = mem_new(sizeof(*new));
	CK_RV rv;

	if (new == NULL)
		return CKR_HOST_MEMORY;
	new->id = name->id;
	new->group = name->group;
	new->state = complete ? CARD_OBJECT_READ : CARD_OBJECT_LISTED;
	rv = name_set(&new->attrs, name);
	if (rv == CKR_OK && class != NULL)
		rv = flags_set(&new->attrs, class->flags);
	if (rv == CKR_OK && class != NULL && !complete)
		rv = rest_unread(&new->attrs, class->rest);
	if (rv != CKR_OK) {
		card_objects_free(new);
		return rv;
	}
	**end = new;
	*end = &new->next;
	*object = new;
	return CKR_OK;
}

/* A private key that was brought in has been elsewhere (PKCS#11, 5.7.1). */
CK_RV
card_object_origin(struct attrs *a, bool made)
{
	CK_RV rv = attrs_set_bool(a, CKA_LOCAL, made);

	if (rv != CKR_OK || made ||
	    attrs_ulong(a, CKA_CLASS, CKO_PRIVATE_KEY) != CKO_PRIVATE_KEY)
		return rv;
	rv = attrs_set_bool(a, CKA_ALWAYS_SENSITIVE, false);
	if (rv != CKR_OK)
		return rv;
	return attrs_set_bool(a, CKA_NEVER_EXTRACTABLE, false);
}

CK_RV
card_object_unread(struct card_object *o)
{
	const struct object_class *class = class_of(
		attrs_ulong(&o->attrs, CKA_CLASS, CK_UNAVAILABLE_INFORMATION));
	CK_RV rv = CKR_OK;

	if (class != NULL)
		rv = rest_unread(&o->attrs, class->rest);
	if (rv == CKR_OK && o->told != NULL)
		rv = rest_unread(&o->attrs, o->told);
	if (rv != CKR_OK)
		return rv;
	o->state = CARD_OBJECT_LISTED;
	pubkey_free(o->key.public_key);
	o->key = (struct card_key){ 0 };
	return CKR_OK;
}

static CK_RV
check_value_set(struct attrs *a, struct cursor der)
{
	uint8_t digest[DIGEST_SIZE_MAX];
	struct builder b = builder_over(digest, sizeof(digest));
	struct digester *d = digester_new(DIGEST_SHA1);
	struct cursor whole;
	CK_RV rv = CKR_HOST_MEMORY;

	if (d == NULL)
		return rv;
	if ((rv = digester_update(d, der)) || (rv = digester_finish(d, &b)))
		goto out;
	whole = builder_read(&b);
	rv = attrs_set(a, CKA_CHECK_VALUE,
		       cursor_take(&whole, CHECK_VALUE_SIZE));
out:
	digester_free(d);
	return rv;
}

bool card_object_data_named(struct template match)
{
	CK_ULONG class;

	if (template_find(match.list, match.count, CKA_OBJECT_ID) != NULL)
		return true;
	return template_ulong(match.list, match.count, CKA_CLASS,
			      CK_UNAVAILABLE_INFORMATION, &class) == CKR_OK &&
	       class == CKO_DATA;
}

CK_RV
card_object_certificate(struct attrs *a, const struct certificate *c)
{
	CK_RV rv;

	if ((rv = attrs_set(a, CKA_VALUE, c->der)) ||
	    (rv = attrs_set(a, CKA_SUBJECT, c->subject)) ||
	    (rv = attrs_set(a, CKA_ISSUER, c->issuer)) ||
	    (rv = attrs_set(a, CKA_SERIAL_NUMBER, c->serial)) ||
	    (rv = attrs_set(a, CKA_PUBLIC_KEY_INFO, c->public_key_info)) ||
	    (rv = attrs_set(a, CKA_START_DATE,
			    cursor_of(c->start, DATE_SIZE))) ||
	    (rv = attrs_set(a, CKA_END_DATE, cursor_of(c->end, DATE_SIZE))))
		return rv;
	return check_value_set(a, c->der);
}

/* CKA_EC_POINT is the point in a DER OCTET STRING, on Edwards curves the bare
 * one (PKCS#11 3.2, 6.3.3 and 6.3.5). */
static CK_RV
key_ec_set(struct attrs *a, const struct pubkey *key)
{
	uint8_t bytes[POINT_MAX];
	struct builder point = builder_over(bytes, sizeof(bytes));
	CK_RV rv;

	if (key->type == CKK_EC)
		tlv_put(&point, TAG_OCTET_STRING, key->point);
	else
		builder_append(&point, key->point);
	if (!builder_ok(&point))
		return CKR_DATA_INVALID;
	rv = attrs_set(a, CKA_EC_PARAMS, key->curve->oid);
	if (rv != CKR_OK)
		return rv;
	return attrs_set(a, CKA_EC_POINT, builder_read(&point));
}

static CK_RV
key_rsa_set(struct attrs *a, const struct pubkey *key)
{
	CK_RV rv = attrs_set(a, CKA_MODULUS, key->modulus);

	if (rv != CKR_OK)
		return rv;
	return attrs_set(a, CKA_PUBLIC_EXPONENT, key->exponent);
}

/* What both halves of a pair tell of it. A key has no dates of its own. */
static CK_RV
key_set(struct attrs *a, const struct pubkey *key, const struct certificate *c)
{
	struct cursor none = cursor_of(NULL, 0);
	CK_RV rv;

	if ((rv = attrs_set_ulong(a, CKA_KEY_TYPE, key->type)) ||
	    (rv = attrs_set(a, CKA_SUBJECT, c->subject)) ||
	    (rv = attrs_set(a, CKA_START_DATE, none)) ||
	    (rv = attrs_set(a, CKA_END_DATE, none)) ||
	    (rv = attrs_set(a, CKA_PUBLIC_KEY_INFO, key->info)))
		return rv;
	if (key->type == CKK_RSA)
		return key_rsa_set(a, key);
	return key_ec_set(a, key);
}

CK_RV
card_object_public_key(struct attrs *a, const struct card_key *key,
		       const struct certificate *c)
{
	const struct pubkey *public_key = key->public_key;
	const struct object_flag use[] = {
		{ CKA_VERIFY, key->sign },
		{ CKA_ENCRYPT, key->decrypt },
		{ CKA_WRAP, key->decrypt },
		{ CKA_DERIVE, key->derive },
		{ 0 },
	};
	CK_RV rv;

	if ((rv = key_set(a, public_key, c)) || (rv = flags_set(a, use)))
		return rv;
	if (public_key->type != CKK_RSA)
		return CKR_OK;
	return attrs_set_ulong(a, CKA_MODULUS_BITS, public_key->bits);
}

CK_RV
card_object_private_key(struct attrs *a, const struct card_key *key,
			const struct certificate *c)
{
	const struct object_flag use[] = {
		{ CKA_SIGN, key->sign },
		{ CKA_DECRYPT, key->decrypt },
		{ CKA_UNWRAP, key->decrypt },
		{ CKA_DERIVE, key->derive },
		{ CKA_ALWAYS_AUTHENTICATE, key->pin_each_time },
		{ 0 },
	};
	CK_RV rv = key_set(a, key->public_key, c);

	if (rv != CKR_OK)
		return rv;
	return flags_set(a, use);
}
