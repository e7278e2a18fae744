/* The tables of attributes: what each kind of object has (PKCS#11 3.2, 4). */
#include "shape.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define RULES(array)                \
	{                           \
		array, COUNT(array) \
	}

enum {
	GIVEN = ON_CREATE | ON_GENERATE,
	USAGE = GIVEN | ON_SET,
	FIXED = 0, /* only ever set by the token */
	MATERIAL = ON_CREATE | BY_MECHANISM,
};

/* 4.4 and 4.5: what every object on a token has */
static const struct rule storage[] = {
	{ CKA_CLASS, FORM_ULONG, NO_VALUE, GIVEN | NEED_CREATE },
	{ CKA_TOKEN, FORM_BOOL, NO_VALUE, GIVEN },
	{ CKA_LABEL, FORM_BYTES, IS_EMPTY, USAGE },
	{ CKA_MODIFIABLE, FORM_BOOL, IS_TRUE, GIVEN },
	{ CKA_COPYABLE, FORM_BOOL, IS_TRUE, USAGE | ONLY_DOWN },
	{ CKA_DESTROYABLE, FORM_BOOL, IS_TRUE, GIVEN },
	{ CKA_UNIQUE_ID, FORM_BYTES, NO_VALUE, FIXED },
};

static const struct rule data[] = {
	{ CKA_PRIVATE, FORM_BOOL, IS_FALSE, GIVEN },
	{ CKA_APPLICATION, FORM_BYTES, IS_EMPTY, USAGE },
	{ CKA_OBJECT_ID, FORM_BYTES, IS_EMPTY, USAGE },
	{ CKA_VALUE, FORM_BYTES, IS_EMPTY, USAGE },
	/* how much CKM_HKDF_DATA shall derive */
	{ CKA_VALUE_LEN, FORM_ULONG, NO_VALUE, ON_GENERATE },
};

/* 4.6.3; subject, issuer, serial number and dates are read from the value when
 * the template leaves them out */
static const struct rule certificate[] = {
	{ CKA_PRIVATE, FORM_BOOL, IS_FALSE, GIVEN },
	{ CKA_CERTIFICATE_TYPE, FORM_ULONG, NO_VALUE, GIVEN | NEED_CREATE },
	{ CKA_TRUSTED, FORM_BOOL, IS_FALSE, USAGE },
	{ CKA_CERTIFICATE_CATEGORY, FORM_ULONG, IS_ZERO, GIVEN },
	{ CKA_CHECK_VALUE, FORM_BYTES, NO_VALUE, GIVEN },
	{ CKA_START_DATE, FORM_DATE, NO_VALUE, GIVEN },
	{ CKA_END_DATE, FORM_DATE, NO_VALUE, GIVEN },
	{ CKA_PUBLIC_KEY_INFO, FORM_BYTES, NO_VALUE, GIVEN },
	{ CKA_SUBJECT, FORM_BYTES, NO_VALUE, GIVEN },
	{ CKA_ID, FORM_BYTES, IS_EMPTY, USAGE },
	{ CKA_ISSUER, FORM_BYTES, NO_VALUE, USAGE },
	{ CKA_SERIAL_NUMBER, FORM_BYTES, NO_VALUE, USAGE },
	{ CKA_VALUE, FORM_BYTES, NO_VALUE, ON_CREATE | NEED_CREATE },
	{ CKA_URL, FORM_BYTES, IS_EMPTY, GIVEN },
	{ CKA_HASH_OF_SUBJECT_PUBLIC_KEY, FORM_BYTES, IS_EMPTY, GIVEN },
	{ CKA_HASH_OF_ISSUER_PUBLIC_KEY, FORM_BYTES, IS_EMPTY, GIVEN },
	{ CKA_JAVA_MIDP_SECURITY_DOMAIN, FORM_ULONG, IS_ZERO, GIVEN },
	{ CKA_NAME_HASH_ALGORITHM, FORM_ULONG, NO_VALUE, GIVEN },
};

/* 4.7 and 4.8 */
#define KEY_RULES                                                        \
	{ CKA_KEY_TYPE, FORM_ULONG, NO_VALUE, GIVEN | NEED_CREATE },     \
		{ CKA_ID, FORM_BYTES, IS_EMPTY, USAGE },                 \
		{ CKA_START_DATE, FORM_DATE, IS_EMPTY, USAGE },          \
		{ CKA_END_DATE, FORM_DATE, IS_EMPTY, USAGE },            \
		{ CKA_LOCAL, FORM_BOOL, NO_VALUE, FIXED },               \
		{ CKA_KEY_GEN_MECHANISM, FORM_ULONG, NO_VALUE, FIXED },  \
	{                                                                \
		CKA_ALLOWED_MECHANISMS, FORM_MECHANISMS, NO_VALUE, GIVEN \
	}

#define PUBLIC_RULES(crypt, sign, kem)                                            \
	KEY_RULES, { CKA_PRIVATE, FORM_BOOL, IS_FALSE, GIVEN },          \
		{ CKA_SUBJECT, FORM_BYTES, IS_EMPTY, USAGE },            \
		{ CKA_PUBLIC_KEY_INFO, FORM_BYTES, NO_VALUE, MATERIAL }, \
		{ CKA_TRUSTED, FORM_BOOL, IS_FALSE, USAGE },             \
		{ CKA_ENCRYPT, FORM_BOOL, crypt, USAGE },                \
		{ CKA_VERIFY, FORM_BOOL, sign, USAGE },                  \
		{ CKA_VERIFY_RECOVER, FORM_BOOL, crypt, USAGE },         \
		{ CKA_WRAP, FORM_BOOL, crypt, USAGE },                   \
		{ CKA_WRAP_TEMPLATE, FORM_TEMPLATE, NO_VALUE, GIVEN },   \
		{ CKA_ENCAPSULATE, FORM_BOOL, kem, USAGE },              \
		{ CKA_ENCAPSULATE_TEMPLATE, FORM_TEMPLATE, NO_VALUE, GIVEN }, \
	{                                                                \
		CKA_DERIVE, FORM_BOOL, IS_FALSE, USAGE                   \
	}

/* what private and secret keys have in common */
#define GUARDED_RULES(sensitive)                                             \
	KEY_RULES, { CKA_PRIVATE, FORM_BOOL, IS_TRUE, GIVEN },               \
		{ CKA_SENSITIVE, FORM_BOOL, sensitive, USAGE | ONLY_UP },    \
		{ CKA_EXTRACTABLE, FORM_BOOL, IS_FALSE, USAGE | ONLY_DOWN }, \
		{ CKA_ALWAYS_SENSITIVE, FORM_BOOL, NO_VALUE, FIXED },        \
		{ CKA_NEVER_EXTRACTABLE, FORM_BOOL, NO_VALUE, FIXED },       \
	{                                                                    \
		CKA_WRAP_WITH_TRUSTED, FORM_BOOL, IS_FALSE, USAGE | ONLY_UP  \
	}

#define PRIVATE_RULES(crypt, sign, derive, kem)                               \
	GUARDED_RULES(IS_TRUE), { CKA_SUBJECT, FORM_BYTES, IS_EMPTY, USAGE }, \
		{ CKA_PUBLIC_KEY_INFO, FORM_BYTES, NO_VALUE,                  \
		  MATERIAL | ON_SET | ONLY_SAME },                            \
		{ CKA_ALWAYS_AUTHENTICATE, FORM_BOOL, IS_FALSE, GIVEN },      \
		{ CKA_DECRYPT, FORM_BOOL, crypt, USAGE },                     \
		{ CKA_SIGN, FORM_BOOL, sign, USAGE },                         \
		{ CKA_SIGN_RECOVER, FORM_BOOL, crypt, USAGE },                \
		{ CKA_UNWRAP, FORM_BOOL, crypt, USAGE },                      \
		{ CKA_UNWRAP_TEMPLATE, FORM_TEMPLATE, NO_VALUE, GIVEN },      \
		{ CKA_DERIVE_TEMPLATE, FORM_TEMPLATE, NO_VALUE, GIVEN },      \
		{ CKA_DECAPSULATE, FORM_BOOL, kem, USAGE },                   \
		{ CKA_DECAPSULATE_TEMPLATE, FORM_TEMPLATE, NO_VALUE, GIVEN }, \
	{                                                                     \
		CKA_DERIVE, FORM_BOOL, derive, USAGE                          \
	}

/* 6.1.2 */
static const struct rule rsa_public[] = {
	PUBLIC_RULES(IS_TRUE, IS_TRUE, IS_FALSE),
	{ CKA_MODULUS, FORM_NUMBER, NO_VALUE, MATERIAL | NEED_CREATE },
	{ CKA_MODULUS_BITS, FORM_ULONG, NO_VALUE, ON_GENERATE | NEED_GENERATE },
	{ CKA_PUBLIC_EXPONENT, FORM_NUMBER, NO_VALUE, GIVEN | NEED_CREATE },
};

/* 6.1.3; without the public exponent a key cannot be used blinded */
static const struct rule rsa_private[] = {
	PRIVATE_RULES(IS_TRUE, IS_TRUE, IS_FALSE, IS_FALSE),
	{ CKA_MODULUS, FORM_NUMBER, NO_VALUE, MATERIAL | NEED_CREATE },
	{ CKA_PUBLIC_EXPONENT, FORM_NUMBER, NO_VALUE, MATERIAL | NEED_CREATE },
	{ CKA_PRIVATE_EXPONENT, FORM_NUMBER, NO_VALUE, MATERIAL | NEED_CREATE },
	{ CKA_PRIME_1, FORM_NUMBER, NO_VALUE, MATERIAL },
	{ CKA_PRIME_2, FORM_NUMBER, NO_VALUE, MATERIAL },
	{ CKA_EXPONENT_1, FORM_NUMBER, NO_VALUE, MATERIAL },
	{ CKA_EXPONENT_2, FORM_NUMBER, NO_VALUE, MATERIAL },
	{ CKA_COEFFICIENT, FORM_NUMBER, NO_VALUE, MATERIAL },
};

/* 6.3.3 */
static const struct rule ec_public[] = {
	PUBLIC_RULES(IS_FALSE, IS_TRUE, IS_FALSE),
	{ CKA_EC_PARAMS, FORM_BYTES, NO_VALUE,
	  GIVEN | NEED_CREATE | NEED_GENERATE },
	{ CKA_EC_POINT, FORM_NUMBER, NO_VALUE, MATERIAL | NEED_CREATE },
};

/* 6.3.4; the point is none of its attributes, but clients send it along */
static const struct rule ec_private[] = {
	PRIVATE_RULES(IS_FALSE, IS_TRUE, IS_TRUE, IS_FALSE),
	{ CKA_EC_PARAMS, FORM_BYTES, NO_VALUE, MATERIAL | NEED_CREATE },
	{ CKA_VALUE, FORM_NUMBER, NO_VALUE, MATERIAL | NEED_CREATE },
	{ CKA_EC_POINT, FORM_NUMBER, NO_VALUE, MATERIAL },
};

/* 6.2.2 */
static const struct rule dsa_public[] = {
	PUBLIC_RULES(IS_FALSE, IS_TRUE, IS_FALSE),
	{ CKA_PRIME, FORM_NUMBER, NO_VALUE, MATERIAL | NEED_CREATE },
	{ CKA_SUBPRIME, FORM_NUMBER, NO_VALUE, MATERIAL | NEED_CREATE },
	{ CKA_BASE, FORM_NUMBER, NO_VALUE, MATERIAL | NEED_CREATE },
	{ CKA_VALUE, FORM_NUMBER, NO_VALUE, MATERIAL | NEED_CREATE },
};

/* 6.4.2 */
static const struct rule dh_public[] = {
	PUBLIC_RULES(IS_FALSE, IS_FALSE, IS_FALSE),
	{ CKA_PRIME, FORM_NUMBER, NO_VALUE,
	  GIVEN | NEED_CREATE | NEED_GENERATE },
	{ CKA_BASE, FORM_NUMBER, NO_VALUE,
	  GIVEN | NEED_CREATE | NEED_GENERATE },
	{ CKA_VALUE, FORM_NUMBER, NO_VALUE, MATERIAL | NEED_CREATE },
};

/* 6.4.3 */
static const struct rule dh_private[] = {
	PRIVATE_RULES(IS_FALSE, IS_FALSE, IS_TRUE, IS_FALSE),
	{ CKA_PRIME, FORM_NUMBER, NO_VALUE, MATERIAL | NEED_CREATE },
	{ CKA_BASE, FORM_NUMBER, NO_VALUE, MATERIAL | NEED_CREATE },
	{ CKA_VALUE, FORM_NUMBER, NO_VALUE, MATERIAL | NEED_CREATE },
	{ CKA_VALUE_BITS, FORM_ULONG, NO_VALUE, ON_GENERATE },
};

/* 6.67.2, 6.68.2, 6.69.2 */
#define SET_PUBLIC                                    \
	{ CKA_PARAMETER_SET, FORM_ULONG, NO_VALUE,    \
	  GIVEN | NEED_CREATE | NEED_GENERATE },      \
	{                                             \
		CKA_VALUE, FORM_NUMBER, NO_VALUE,     \
			MATERIAL | NEED_CREATE        \
	}
static const struct rule set_public[] = {
	PUBLIC_RULES(IS_FALSE, IS_TRUE, IS_FALSE),
	SET_PUBLIC,
};
static const struct rule kem_public[] = {
	PUBLIC_RULES(IS_FALSE, IS_FALSE, IS_TRUE),
	SET_PUBLIC,
};

/* 6.67.3, 6.68.3, 6.69.3; either seed or value will do, where there are seeds */
#define SET_PRIVATE                                                  \
	{ CKA_PARAMETER_SET, FORM_ULONG, NO_VALUE,                   \
	  MATERIAL | NEED_CREATE },                                  \
	{                                                            \
		CKA_VALUE, FORM_NUMBER, NO_VALUE, MATERIAL           \
	}
static const struct rule ml_dsa_private[] = {
	PRIVATE_RULES(IS_FALSE, IS_TRUE, IS_FALSE, IS_FALSE),
	SET_PRIVATE,
	{ CKA_SEED, FORM_NUMBER, NO_VALUE, MATERIAL },
};
static const struct rule slh_dsa_private[] = {
	PRIVATE_RULES(IS_FALSE, IS_TRUE, IS_FALSE, IS_FALSE),
	SET_PRIVATE,
};
static const struct rule ml_kem_private[] = {
	PRIVATE_RULES(IS_FALSE, IS_FALSE, IS_FALSE, IS_TRUE),
	SET_PRIVATE,
	{ CKA_SEED, FORM_NUMBER, NO_VALUE, MATERIAL },
};

/* 4.10, which leaves it to the token what a key may do: Java's SunPKCS11 does
 * not say that it wants to encrypt with the keys that it makes, and programs
 * that were written beside NSS or SoftHSM do not say that they want to wrap. */
#define SECRET_RULES(crypt)                                                   \
	GUARDED_RULES(IS_FALSE), { CKA_TRUSTED, FORM_BOOL, IS_FALSE, USAGE }, \
		{ CKA_CHECK_VALUE, FORM_BYTES, NO_VALUE, USAGE | ONLY_AWAY }, \
		{ CKA_ENCRYPT, FORM_BOOL, crypt, USAGE },                     \
		{ CKA_DECRYPT, FORM_BOOL, crypt, USAGE },                     \
		{ CKA_SIGN, FORM_BOOL, IS_TRUE, USAGE },                      \
		{ CKA_VERIFY, FORM_BOOL, IS_TRUE, USAGE },                    \
		{ CKA_WRAP, FORM_BOOL, crypt, USAGE },                        \
		{ CKA_UNWRAP, FORM_BOOL, crypt, USAGE },                      \
		{ CKA_DERIVE, FORM_BOOL, IS_FALSE, USAGE },                   \
		{ CKA_VALUE, FORM_NUMBER, NO_VALUE, MATERIAL | NEED_CREATE }, \
		{ CKA_VALUE_LEN, FORM_ULONG, NO_VALUE, ON_GENERATE },         \
		{ CKA_WRAP_TEMPLATE, FORM_TEMPLATE, NO_VALUE, GIVEN },        \
		{ CKA_UNWRAP_TEMPLATE, FORM_TEMPLATE, NO_VALUE, GIVEN },      \
	{                                                                     \
		CKA_DERIVE_TEMPLATE, FORM_TEMPLATE, NO_VALUE, GIVEN           \
	}
static const struct rule secret[] = { SECRET_RULES(IS_FALSE) };
static const struct rule cipher[] = { SECRET_RULES(IS_TRUE) };

#define KEY(class_, type_, list_)                    \
	{                                            \
		class_, CKA_KEY_TYPE, type_,         \
		{                                    \
			RULES(storage), RULES(list_) \
		}                                    \
	}

static const struct shape shapes[] = {
	{ CKO_DATA,
	  CK_UNAVAILABLE_INFORMATION,
	  0,
	  { RULES(storage), RULES(data) } },
	{ CKO_CERTIFICATE,
	  CKA_CERTIFICATE_TYPE,
	  CKC_X_509,
	  { RULES(storage), RULES(certificate) } },
	KEY(CKO_PUBLIC_KEY, CKK_RSA, rsa_public),
	KEY(CKO_PUBLIC_KEY, CKK_EC, ec_public),
	KEY(CKO_PRIVATE_KEY, CKK_RSA, rsa_private),
	KEY(CKO_PRIVATE_KEY, CKK_EC, ec_private),
	KEY(CKO_PUBLIC_KEY, CKK_EC_EDWARDS, ec_public),
	KEY(CKO_PRIVATE_KEY, CKK_EC_EDWARDS, ec_private),
	KEY(CKO_PUBLIC_KEY, CKK_EC_MONTGOMERY, ec_public),
	KEY(CKO_PRIVATE_KEY, CKK_EC_MONTGOMERY, ec_private),
	KEY(CKO_PUBLIC_KEY, CKK_DSA, dsa_public),
	KEY(CKO_PUBLIC_KEY, CKK_DH, dh_public),
	KEY(CKO_PRIVATE_KEY, CKK_DH, dh_private),
	KEY(CKO_PUBLIC_KEY, CKK_ML_KEM, kem_public),
	KEY(CKO_PRIVATE_KEY, CKK_ML_KEM, ml_kem_private),
	KEY(CKO_PUBLIC_KEY, CKK_ML_DSA, set_public),
	KEY(CKO_PRIVATE_KEY, CKK_ML_DSA, ml_dsa_private),
	KEY(CKO_PUBLIC_KEY, CKK_SLH_DSA, set_public),
	KEY(CKO_PRIVATE_KEY, CKK_SLH_DSA, slh_dsa_private),
	KEY(CKO_SECRET_KEY, CKK_GENERIC_SECRET, secret),
	KEY(CKO_SECRET_KEY, CKK_AES, cipher),
	KEY(CKO_SECRET_KEY, CKK_AES_XTS, cipher),
	KEY(CKO_SECRET_KEY, CKK_DES3, cipher),
	KEY(CKO_SECRET_KEY, CKK_CHACHA20, cipher),
	KEY(CKO_SECRET_KEY, CKK_HKDF, secret),
	KEY(CKO_SECRET_KEY, CKK_SHA_1_HMAC, secret),
	KEY(CKO_SECRET_KEY, CKK_SHA224_HMAC, secret),
	KEY(CKO_SECRET_KEY, CKK_SHA256_HMAC, secret),
	KEY(CKO_SECRET_KEY, CKK_SHA384_HMAC, secret),
	KEY(CKO_SECRET_KEY, CKK_SHA512_HMAC, secret),
	KEY(CKO_SECRET_KEY, CKK_SHA512_224_HMAC, secret),
	KEY(CKO_SECRET_KEY, CKK_SHA512_256_HMAC, secret),
	KEY(CKO_SECRET_KEY, CKK_SHA3_224_HMAC, secret),
	KEY(CKO_SECRET_KEY, CKK_SHA3_256_HMAC, secret),
	KEY(CKO_SECRET_KEY, CKK_SHA3_384_HMAC, secret),
	KEY(CKO_SECRET_KEY, CKK_SHA3_512_HMAC, secret),
	KEY(CKO_SECRET_KEY, CKK_BLAKE2B_512_HMAC, secret),
};

const struct shape *
shape_find(CK_OBJECT_CLASS class, CK_ULONG type)
{
	for (size_t i = 0; i < COUNT(shapes); i++) {
		const struct shape *s = &shapes[i];

		if (s->class == class &&
		    (s->type_attribute == CK_UNAVAILABLE_INFORMATION ||
		     s->type == type))
			return s;
	}
	return NULL;
}

bool
shape_type_attribute(CK_OBJECT_CLASS class, CK_ATTRIBUTE_TYPE *type)
{
	for (size_t i = 0; i < COUNT(shapes); i++) {
		if (shapes[i].class == class) {
			*type = shapes[i].type_attribute;
			return true;
		}
	}
	return false;
}

const struct rule *
shape_rule(const struct shape *shape, CK_ATTRIBUTE_TYPE type)
{
	for (size_t i = 0; i < COUNT(shape->rules); i++) {
		for (size_t j = 0; j < shape->rules[i].count; j++) {
			if (shape->rules[i].list[j].type == type)
				return &shape->rules[i].list[j];
		}
	}
	return NULL;
}

static const struct rule *
any_rule(CK_ATTRIBUTE_TYPE type)
{
	const struct rule *rule = NULL;

	for (size_t i = 0; !rule && i < COUNT(shapes); i++)
		rule = shape_rule(&shapes[i], type);
	return rule;
}

enum form
attribute_form(CK_ATTRIBUTE_TYPE type)
{
	const struct rule *rule = any_rule(type);

	return rule ? rule->form : FORM_BYTES;
}

bool
attribute_known(CK_ATTRIBUTE_TYPE type)
{
	return any_rule(type) != NULL;
}
