/* New objects for a card, from templates that are judged before it hears of
 * them (PKCS#11 3.2, 4.1.1 and 4.6 to 4.9). */
#include "card_write.h"

#include "log.h"
#include "shape.h"

static const struct card_pair_row pair_rows[] = {
	{ CKM_RSA_PKCS_KEY_PAIR_GEN, CKK_RSA },
	{ CKM_EC_KEY_PAIR_GEN, CKK_EC },
	{ CKM_EC_EDWARDS_KEY_PAIR_GEN, CKK_EC_EDWARDS },
	{ CKM_EC_MONTGOMERY_KEY_PAIR_GEN, CKK_EC_MONTGOMERY },
};

enum { PAIR_ROWS = sizeof(pair_rows) / sizeof(pair_rows[0]) };

bool
card_generates(const struct card_abilities *can, CK_KEY_TYPE type)
{
	const CK_KEY_TYPE *t = can->generates;

	for (; t != NULL && *t != CK_UNAVAILABLE_INFORMATION; t++)
		if (*t == type)
			return true;
	return false;
}

const struct card_pair_row *
card_pair_row(const struct card_abilities *can, size_t index)
{
	for (size_t i = 0; i < PAIR_ROWS; i++)
		if (card_generates(can, pair_rows[i].type) && index-- == 0)
			return &pair_rows[i];
	return NULL;
}

static struct cursor
value_of(struct template t, CK_ATTRIBUTE_TYPE type)
{
	const CK_ATTRIBUTE *a = template_find(t.list, t.count, type);

	return a == NULL ? cursor_of(NULL, 0)
			 : cursor_of(a->pValue, a->ulValueLen);
}

static CK_RV
new_certificate(struct template t, struct card_new *new)
{
	struct cursor der = value_of(t, CKA_VALUE);
	CK_RV rv;

	if (der.left == 0)
		return CKR_TEMPLATE_INCOMPLETE;
	rv = certificate_parse(der, &new->certificate);
	return rv == CKR_DATA_INVALID ? CKR_ATTRIBUTE_VALUE_INVALID : rv;
}

static CK_RV
new_private_key(struct template t, struct card_new *new)
{
	CK_RV rv = private_key_of(new->key_type, t, &new->key);

	if (rv != CKR_OK)
		return rv;
	new->bits = new->key->public_key->bits;
	new->curve = new->key->public_key->curve;
	new->exponent = new->key->public_key->exponent;
	return CKR_OK;
}

/* The kind of a key or certificate: of the latter it may be left out, as there
 * is but one. */
static CK_RV
kind_of(struct template t, CK_OBJECT_CLASS class, CK_ULONG *kind)
{
	if (class == CKO_CERTIFICATE)
		return template_ulong(t.list, t.count, CKA_CERTIFICATE_TYPE,
				      CKC_X_509, kind);
	if (class == CKO_DATA)
		return CKR_OK;
	if (template_find(t.list, t.count, CKA_KEY_TYPE) == NULL)
		return CKR_TEMPLATE_INCOMPLETE;
	return template_ulong(t.list, t.count, CKA_KEY_TYPE, 0, kind);
}

/* A public key comes with a private key or a certificate, never alone. */
static bool
class_storable(CK_OBJECT_CLASS class)
{
	if (class == CKO_CERTIFICATE || class == CKO_DATA ||
	    class == CKO_PRIVATE_KEY)
		return true;
	log_line(LOG_INFO, "a card keeps certificates, private keys and data");
	return false;
}

CK_RV
card_new_object(const struct card_driver *driver, struct template object,
		struct card_new *new)
{
	struct card_new n = { .template = object };
	const struct shape *shape;
	CK_ULONG kind = 0;
	CK_RV rv;

	if (template_find(object.list, object.count, CKA_CLASS) == NULL)
		return CKR_TEMPLATE_INCOMPLETE;
	rv = template_ulong(object.list, object.count, CKA_CLASS, 0, &n.class);
	if (rv == CKR_OK && !class_storable(n.class))
		rv = CKR_ATTRIBUTE_VALUE_INVALID;
	if (rv == CKR_OK)
		rv = kind_of(object, n.class, &kind);
	if (rv != CKR_OK)
		return rv;
	shape = shape_find(n.class, kind);
	if (shape == NULL)
		return CKR_ATTRIBUTE_VALUE_INVALID;
	rv = shape_check_given(shape, object, ON_CREATE, driver->own);
	if (rv != CKR_OK)
		return rv;
	n.key_type = kind;
	n.cka_id = value_of(object, CKA_ID);
	n.value = value_of(object, CKA_VALUE);
	if (n.class == CKO_CERTIFICATE)
		rv = new_certificate(object, &n);
	if (n.class == CKO_PRIVATE_KEY)
		rv = new_private_key(object, &n);
	if (rv == CKR_OK)
		*new = n;
	return rv;
}

/* What a template may say of itself beside what the mechanism says. */
static CK_RV
half_check(const struct card_driver *driver, struct template t,
	   CK_OBJECT_CLASS class, CK_KEY_TYPE type)
{
	CK_ULONG said_class, said_type;
	CK_RV rv = template_ulong(t.list, t.count, CKA_CLASS, class,
				  &said_class);

	if (rv == CKR_OK)
		rv = template_ulong(t.list, t.count, CKA_KEY_TYPE, type,
				    &said_type);
	if (rv != CKR_OK)
		return rv;
	if (said_class != class || said_type != type)
		return CKR_TEMPLATE_INCONSISTENT;
	return shape_check_given(shape_find(class, type), t, ON_GENERATE,
				 driver->own);
}

/* Both halves are in one place. */
static CK_RV
pair_id(struct template public_key, struct template private_key,
	struct cursor *id)
{
	struct cursor of_public = value_of(public_key, CKA_ID);
	struct cursor of_private = value_of(private_key, CKA_ID);

	if (of_public.left > 0 && of_private.left > 0 &&
	    !cursor_same(of_public, of_private))
		return CKR_TEMPLATE_INCONSISTENT;
	*id = of_private.left > 0 ? of_private : of_public;
	return CKR_OK;
}

static CK_RV
pair_kind(struct template public_key, struct card_new *new)
{
	struct cursor params = value_of(public_key, CKA_EC_PARAMS);
	CK_ULONG bits;
	CK_RV rv;

	if (new->key_type != CKK_RSA) {
		if (params.left == 0)
			return CKR_TEMPLATE_INCOMPLETE;
		new->curve = curve_typed(new->key_type, params);
		if (new->curve == NULL)
			return curve_refusal(params);
		new->bits = new->curve->bits;
		return CKR_OK;
	}
	rv = template_ulong(public_key.list, public_key.count, CKA_MODULUS_BITS,
			    0, &bits);
	if (rv != CKR_OK)
		return rv;
	if (bits == 0)
		return CKR_TEMPLATE_INCOMPLETE;
	new->bits = bits;
	new->exponent =
		cursor_unpadded(value_of(public_key, CKA_PUBLIC_EXPONENT));
	return CKR_OK;
}

CK_RV
card_new_pair(const struct card_driver *driver, const CK_MECHANISM *mechanism,
	      struct template public_key, struct template private_key,
	      struct card_new *new)
{
	struct card_new n = { .class = CKO_PRIVATE_KEY,
			      .template = private_key };
	const struct card_pair_row *row;
	CK_RV rv;

	for (size_t i = 0; (row = card_pair_row(&driver->can, i)) != NULL; i++)
		if (row->mechanism == mechanism->mechanism)
			break;
	if (row == NULL)
		return CKR_MECHANISM_INVALID;
	if (mechanism->ulParameterLen != 0)
		return CKR_MECHANISM_PARAM_INVALID;
	n.key_type = row->type;
	rv = half_check(driver, public_key, CKO_PUBLIC_KEY, row->type);
	if (rv == CKR_OK)
		rv = half_check(driver, private_key, CKO_PRIVATE_KEY,
				row->type);
	if (rv == CKR_OK)
		rv = pair_kind(public_key, &n);
	if (rv == CKR_OK)
		rv = pair_id(public_key, private_key, &n.cka_id);
	if (rv == CKR_OK)
		*new = n;
	return rv;
}

void
card_new_end(struct card_new *new)
{
	private_key_free(new->key);
	new->key = NULL;
}
