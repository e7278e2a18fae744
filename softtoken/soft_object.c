/* From a template to a whole object: rules, defaults, what the token adds. */
#include "soft_made.h"
#include "soft_template.h"

enum { UNIQUE_BYTES = 16, CHECK_SIZE = 3 };

/* Sets what the template left out. */
static CK_RV
absent_set(struct attrs *attrs, CK_ATTRIBUTE_TYPE type, struct cursor value)
{
	return attrs_find(attrs, type) ? CKR_OK : attrs_set(attrs, type, value);
}

CK_RV
check_value_set(struct attrs *attrs, struct cursor whole)
{
	struct cursor given = attrs_value(attrs, CKA_CHECK_VALUE);
	struct cursor value = cursor_take(&whole, CHECK_SIZE);

	if (!cursor_ok(&given))
		return attrs_set(attrs, CKA_CHECK_VALUE, value);
	return given.left == 0 || cursor_same(given, value)
		       ? CKR_OK
		       : CKR_ATTRIBUTE_VALUE_INVALID;
}

static CK_RV
sha1(struct cursor in, struct builder *out)
{
	struct digester *d = digester_new(DIGEST_SHA1);
	CK_RV rv = d ? digester_update(d, in) : CKR_HOST_MEMORY;

	if (rv == CKR_OK)
		rv = digester_finish(d, out);
	digester_free(d);
	return rv;
}

CK_RV
sha1_check_value(struct attrs *attrs)
{
	uint8_t space[DIGEST_SIZE_MAX];
	struct builder digest = builder_over(space, sizeof(space));
	CK_RV rv = sha1(attrs_value(attrs, CKA_VALUE), &digest);

	return rv == CKR_OK ? check_value_set(attrs, builder_read(&digest))
			    : rv;
}

static bool
is_told(const struct attrs *attrs, CK_ATTRIBUTE_TYPE type)
{
	struct cursor value = attrs_value(attrs, type);

	return cursor_ok(&value) && value.left > 0;
}

/* "The URL where the complete certificate can be obtained" may stand for it,
 * and hashes tell whose it is (4.6.3). */
static CK_RV
certificate_elsewhere(struct attrs *attrs)
{
	if (!is_told(attrs, CKA_URL) || !is_told(attrs, CKA_SUBJECT))
		return CKR_TEMPLATE_INCOMPLETE;
	return attrs_set(attrs, CKA_CHECK_VALUE, cursor_of(NULL, 0));
}

/* What the template left out stands in the certificate. */
static CK_RV
certificate_import(struct attrs *attrs)
{
	struct certificate c;
	CK_RV rv;

	if (is_told(attrs, CKA_URL) &&
	    !(is_told(attrs, CKA_HASH_OF_SUBJECT_PUBLIC_KEY) &&
	      is_told(attrs, CKA_HASH_OF_ISSUER_PUBLIC_KEY)))
		return CKR_TEMPLATE_INCOMPLETE;
	if (!is_told(attrs, CKA_VALUE))
		return certificate_elsewhere(attrs);
	rv = certificate_parse(attrs_value(attrs, CKA_VALUE), &c);
	if (rv != CKR_OK)
		return rv == CKR_HOST_MEMORY ? rv : CKR_ATTRIBUTE_VALUE_INVALID;
	rv = absent_set(attrs, CKA_SUBJECT, c.subject);
	if (rv == CKR_OK)
		rv = absent_set(attrs, CKA_ISSUER, c.issuer);
	if (rv == CKR_OK)
		rv = absent_set(attrs, CKA_SERIAL_NUMBER, c.serial);
	if (rv == CKR_OK)
		rv = absent_set(attrs, CKA_START_DATE, cursor_of(c.start, 8));
	if (rv == CKR_OK)
		rv = absent_set(attrs, CKA_END_DATE, cursor_of(c.end, 8));
	if (rv == CKR_OK)
		rv = absent_set(attrs, CKA_PUBLIC_KEY_INFO, c.public_key_info);
	return rv == CKR_OK ? sha1_check_value(attrs) : rv;
}

static const struct {
	CK_OBJECT_CLASS class;
	CK_ULONG type;
	CK_RV (*import)(struct attrs *attrs);
} importers[] = {
	{ CKO_CERTIFICATE, CKC_X_509, certificate_import },
	{ CKO_PUBLIC_KEY, CKK_RSA, rsa_public_import },
	{ CKO_PUBLIC_KEY, CKK_EC, ec_public_import },
	{ CKO_PRIVATE_KEY, CKK_RSA, rsa_private_import },
	{ CKO_PRIVATE_KEY, CKK_EC, ec_private_import },
	{ CKO_PUBLIC_KEY, CKK_EC_EDWARDS, raw_public_import },
	{ CKO_PRIVATE_KEY, CKK_EC_EDWARDS, raw_private_import },
	{ CKO_PUBLIC_KEY, CKK_EC_MONTGOMERY, raw_public_import },
	{ CKO_PRIVATE_KEY, CKK_EC_MONTGOMERY, raw_private_import },
	{ CKO_PUBLIC_KEY, CKK_DSA, dsa_public_import },
	{ CKO_PUBLIC_KEY, CKK_DH, dh_public_import },
	{ CKO_PRIVATE_KEY, CKK_DH, dh_private_import },
	{ CKO_PUBLIC_KEY, CKK_ML_KEM, set_public_import },
	{ CKO_PRIVATE_KEY, CKK_ML_KEM, set_private_import },
	{ CKO_PUBLIC_KEY, CKK_ML_DSA, set_public_import },
	{ CKO_PRIVATE_KEY, CKK_ML_DSA, set_private_import },
	{ CKO_PUBLIC_KEY, CKK_SLH_DSA, set_public_import },
	{ CKO_PRIVATE_KEY, CKK_SLH_DSA, set_private_import },
};

CK_RV
material_import(const struct shape *shape, struct attrs *attrs)
{
	for (size_t i = 0; i < sizeof(importers) / sizeof(importers[0]); i++) {
		if (importers[i].class == shape->class &&
		    importers[i].type == shape->type)
			return importers[i].import(attrs);
	}
	return shape->class == CKO_SECRET_KEY ? secret_import(attrs) : CKR_OK;
}

CK_RV
extractable_default(struct template t, struct attrs *attrs)
{
	CK_RV rv;

	if (template_find(t.list, t.count, CKA_EXTRACTABLE))
		return CKR_OK;
	rv = attrs_set_bool(attrs, CKA_EXTRACTABLE, true);
	if (rv != CKR_OK)
		attrs_free(attrs);
	return rv;
}

CK_RV
unique_id_set(struct attrs *attrs)
{
	uint8_t id[UNIQUE_BYTES], text[2 * UNIQUE_BYTES];
	struct builder b = builder_over(text, sizeof(text));
	CK_RV rv = random_bytes(id, sizeof(id));

	builder_hex(&b, cursor_of(id, sizeof(id)));
	return rv == CKR_OK ? attrs_set(attrs, CKA_UNIQUE_ID, builder_read(&b))
			    : rv;
}

CK_RV
origin_set(const struct shape *shape, struct attrs *attrs,
	   const struct origin *origin)
{
	bool local = origin->generated != CK_UNAVAILABLE_INFORMATION;
	CK_RV rv;

	if (shape->type_attribute != CKA_KEY_TYPE)
		return CKR_OK;
	rv = attrs_set_bool(attrs, CKA_LOCAL, local);
	if (rv == CKR_OK)
		rv = attrs_set_ulong(attrs, CKA_KEY_GEN_MECHANISM,
				     origin->generated);
	if (rv != CKR_OK || shape->class == CKO_PUBLIC_KEY)
		return rv;
	rv = attrs_set_bool(attrs, CKA_ALWAYS_SENSITIVE,
			    origin->always_sensitive &&
				    attrs_bool(attrs, CKA_SENSITIVE, false));
	if (rv == CKR_OK)
		rv = attrs_set_bool(
			attrs, CKA_NEVER_EXTRACTABLE,
			origin->never_extractable &&
				!attrs_bool(attrs, CKA_EXTRACTABLE, true));
	return rv;
}

CK_RV
attributes_put(struct attrs *attrs, struct template t)
{
	CK_RV rv = CKR_OK;

	for (size_t i = 0; rv == CKR_OK && i < t.count; i++) {
		const CK_ATTRIBUTE *a = &t.list[i];
		struct cursor value = cursor_of(a->pValue, a->ulValueLen);

		rv = attribute_form(a->type) == FORM_TEMPLATE
			     ? nested_pack(value, attrs, a->type)
			     : attrs_set_template(attrs, a, 1);
	}
	return rv;
}

/* CKA_ALWAYS_AUTHENTICATE "may only be set to CK_TRUE when CKA_PRIVATE is also
 * CK_TRUE" (4.9); what holds the session's objects beside a card has no PIN to
 * ask for. */
static bool
login_can_be_asked(const struct maker *maker, const struct attrs *attrs)
{
	if (!attrs_bool(attrs, CKA_ALWAYS_AUTHENTICATE, false))
		return true;
	return maker->asks && attrs_bool(attrs, CKA_PRIVATE, true);
}

/* Secret keys of a session may leave, unless their template says otherwise:
 * programs wrap or read those that they make for one message and do not say
 * so beforehand (Java's SunPKCS11 among them). Those that stay stay. */
static CK_RV
session_default(const struct maker *maker, const struct shape *shape,
		struct attrs *attrs)
{
	if (shape->class != CKO_SECRET_KEY || maker->token ||
	    attrs_find(attrs, CKA_EXTRACTABLE))
		return CKR_OK;
	return attrs_set_bool(attrs, CKA_EXTRACTABLE, true);
}

/* What every new object gets, once its template was found right. */
static CK_RV
common_set(const struct maker *maker, const struct shape *shape,
	   struct template t, struct attrs *attrs)
{
	CK_RV rv = attributes_put(attrs, t);

	if (rv == CKR_OK &&
	    attrs_bool(attrs, CKA_TOKEN, maker->token) != maker->token)
		rv = CKR_TEMPLATE_INCONSISTENT;
	if (rv == CKR_OK && attrs_bool(attrs, CKA_TRUSTED, false) &&
	    maker->login != LOGIN_SO)
		rv = CKR_ATTRIBUTE_READ_ONLY;
	if (rv == CKR_OK)
		rv = attrs_set_bool(attrs, CKA_TOKEN, maker->token);
	if (rv == CKR_OK)
		rv = attrs_set_ulong(attrs, CKA_CLASS, shape->class);
	if (rv == CKR_OK && shape->type_attribute != CK_UNAVAILABLE_INFORMATION)
		rv = attrs_set_ulong(attrs, shape->type_attribute, shape->type);
	if (rv == CKR_OK)
		rv = session_default(maker, shape, attrs);
	if (rv == CKR_OK)
		rv = shape_complete(shape, attrs);
	if (rv == CKR_OK && !login_can_be_asked(maker, attrs))
		rv = CKR_TEMPLATE_INCONSISTENT;
	if (rv == CKR_OK && attrs_bool(attrs, CKA_PRIVATE, true) &&
	    maker->login != LOGIN_USER)
		rv = CKR_USER_NOT_LOGGED_IN;
	return rv == CKR_OK ? unique_id_set(attrs) : rv;
}

CK_RV
shaped_make(const struct maker *maker, const struct shape *shape,
	    struct template t, unsigned when, struct attrs *attrs)
{
	CK_RV rv = shape_check(shape, t.list, t.count, when);

	return rv == CKR_OK ? common_set(maker, shape, t, attrs) : rv;
}

/* The shape that a template asks for. */
static CK_RV
shape_of(struct template t, const struct shape **shape)
{
	CK_ATTRIBUTE_TYPE type_attribute;
	CK_OBJECT_CLASS class;
	CK_ULONG type = 0;
	CK_RV rv;

	rv = template_check(t.list, t.count);
	if (rv != CKR_OK)
		return rv;
	if (!template_find(t.list, t.count, CKA_CLASS))
		return CKR_TEMPLATE_INCOMPLETE;
	rv = template_ulong(t.list, t.count, CKA_CLASS, 0, &class);
	if (rv != CKR_OK || !shape_type_attribute(class, &type_attribute))
		return CKR_ATTRIBUTE_VALUE_INVALID;
	if (type_attribute != CK_UNAVAILABLE_INFORMATION) {
		if (!template_find(t.list, t.count, type_attribute))
			return CKR_TEMPLATE_INCOMPLETE;
		rv = template_ulong(t.list, t.count, type_attribute, 0, &type);
	}
	if (rv != CKR_OK)
		return rv;
	*shape = shape_find(class, type);
	return *shape ? CKR_OK : CKR_ATTRIBUTE_VALUE_INVALID;
}

CK_RV
object_make(const struct maker *maker, struct template object,
	    struct attrs *attrs)
{
	static const struct origin origin = { CK_UNAVAILABLE_INFORMATION, false,
					      false };
	struct attrs made = { NULL, 0, 0 };
	const struct shape *shape = NULL;
	CK_RV rv = shape_of(object, &shape);

	if (rv == CKR_OK)
		rv = shaped_make(maker, shape, object, ON_CREATE, &made);
	if (rv == CKR_OK)
		rv = material_import(shape, &made);
	if (rv == CKR_OK)
		rv = origin_set(shape, &made, &origin);
	if (rv != CKR_OK) {
		attrs_free(&made);
		return rv;
	}
	*attrs = made;
	return CKR_OK;
}

/* One half of a pair, still without its key. */
static CK_RV
half_make(const struct maker *maker, CK_OBJECT_CLASS class, CK_KEY_TYPE type,
	  struct template t, struct attrs *half)
{
	const struct shape *shape = shape_find(class, type);
	CK_ULONG given_class, given_type;
	CK_RV rv = shape_check(shape, t.list, t.count, ON_GENERATE);

	if (rv == CKR_OK)
		rv = template_ulong(t.list, t.count, CKA_CLASS, class,
				    &given_class);
	if (rv == CKR_OK)
		rv = template_ulong(t.list, t.count, CKA_KEY_TYPE, type,
				    &given_type);
	if (rv == CKR_OK && (given_class != class || given_type != type))
		rv = CKR_TEMPLATE_INCONSISTENT;
	return rv == CKR_OK ? common_set(maker, shape, t, half) : rv;
}

static CK_RV
rsa_pair(CK_KEY_TYPE type, struct attrs pair[2])
{
	CK_ULONG bits = attrs_ulong(&pair[0], CKA_MODULUS_BITS, 0);
	struct cursor exponent = attrs_value(&pair[0], CKA_PUBLIC_EXPONENT);

	return rsa_generate(bits, exponent, &pair[0], &pair[1]);
}

static CK_RV
curve_pair(CK_KEY_TYPE type, struct attrs pair[2])
{
	struct cursor params = attrs_value(&pair[0], CKA_EC_PARAMS);

	return type == CKK_EC
		       ? ec_generate(params, &pair[0], &pair[1])
		       : raw_generate(type, params, &pair[0], &pair[1]);
}

static CK_RV
dh_pair(CK_KEY_TYPE type, struct attrs pair[2])
{
	CK_ULONG bits = attrs_ulong(&pair[1], CKA_VALUE_BITS, 0);

	return dh_generate(bits, &pair[0], &pair[1]);
}

static CK_RV
set_pair(CK_KEY_TYPE type, struct attrs pair[2])
{
	return set_generate(type, &pair[0], &pair[1]);
}

static const struct pair_maker {
	CK_MECHANISM_TYPE mechanism;
	CK_KEY_TYPE type;
	CK_RV (*generate)(CK_KEY_TYPE type, struct attrs pair[2]);
} pair_makers[] = {
	{ CKM_RSA_PKCS_KEY_PAIR_GEN, CKK_RSA, rsa_pair },
	{ CKM_EC_KEY_PAIR_GEN, CKK_EC, curve_pair },
	{ CKM_EC_EDWARDS_KEY_PAIR_GEN, CKK_EC_EDWARDS, curve_pair },
	{ CKM_EC_MONTGOMERY_KEY_PAIR_GEN, CKK_EC_MONTGOMERY, curve_pair },
	{ CKM_DH_PKCS_KEY_PAIR_GEN, CKK_DH, dh_pair },
	{ CKM_ML_KEM_KEY_PAIR_GEN, CKK_ML_KEM, set_pair },
	{ CKM_ML_DSA_KEY_PAIR_GEN, CKK_ML_DSA, set_pair },
	{ CKM_SLH_DSA_KEY_PAIR_GEN, CKK_SLH_DSA, set_pair },
};

static CK_RV
pair_maker_find(const CK_MECHANISM *mechanism, const struct pair_maker **maker)
{
	const struct pair_maker *end =
		pair_makers + sizeof(pair_makers) / sizeof(pair_makers[0]);

	for (const struct pair_maker *m = pair_makers; m < end; m++) {
		if (m->mechanism != mechanism->mechanism ||
		    !key_type_available(m->type))
			continue;
		*maker = m;
		return mechanism->ulParameterLen > 0
			       ? CKR_MECHANISM_PARAM_INVALID
			       : CKR_OK;
	}
	return CKR_MECHANISM_INVALID;
}

CK_RV
pair_make(const struct maker *maker, const CK_MECHANISM *mechanism,
	  struct template public_key, struct template private_key,
	  struct attrs pair[2])
{
	struct attrs made[2] = { { NULL, 0, 0 }, { NULL, 0, 0 } };
	struct origin origin = { mechanism->mechanism, true, true };
	const struct pair_maker *how = NULL;
	CK_RV rv = pair_maker_find(mechanism, &how);
	CK_KEY_TYPE type = how ? how->type : 0;

	if (rv == CKR_OK)
		rv = half_make(maker, CKO_PUBLIC_KEY, type, public_key,
			       &made[0]);
	if (rv == CKR_OK)
		rv = half_make(maker, CKO_PRIVATE_KEY, type, private_key,
			       &made[1]);
	if (rv == CKR_OK)
		rv = how->generate(type, made);
	if (rv == CKR_OK)
		rv = origin_set(shape_find(CKO_PUBLIC_KEY, type), &made[0],
				&origin);
	if (rv == CKR_OK)
		rv = origin_set(shape_find(CKO_PRIVATE_KEY, type), &made[1],
				&origin);
	for (int i = 0; i < 2; i++) {
		if (rv == CKR_OK)
			pair[i] = made[i];
		else
			attrs_free(&made[i]);
	}
	return rv;
}

const struct shape *
shape_of_attrs(const struct attrs *attrs)
{
	return shape_find(attrs_ulong(attrs, CKA_CLASS, CKO_DATA),
			  attrs_ulong(attrs, CKA_KEY_TYPE, CKC_X_509));
}

CK_RV
object_change(const struct maker *maker, struct attrs *attrs,
	      struct template changes)
{
	const struct shape *shape = shape_of_attrs(attrs);
	CK_RV rv;

	if (!shape)
		return CKR_FUNCTION_FAILED;
	/* "Trusted certificates cannot be modified" (4.6.2) */
	if (!attrs_bool(attrs, CKA_MODIFIABLE, true) ||
	    (shape->class == CKO_CERTIFICATE &&
	     attrs_bool(attrs, CKA_TRUSTED, false)))
		return CKR_ACTION_PROHIBITED;
	rv = shape_check_change(shape, attrs, changes.list, changes.count,
				maker->login == LOGIN_SO);
	if (rv == CKR_OK)
		rv = attrs_set_template(attrs, changes.list, changes.count);
	return rv;
}
