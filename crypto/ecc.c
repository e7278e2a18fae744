/* Named curves, and the forms in which ECDSA signatures come. */
#include <string.h>

#include "context.h"
#include "der.h"
#include "key.h"

enum {
	FIELD_MAX = 66, /* P-521 */
	INTEGER_HEADER_MAX = 3,
};

static const uint8_t oid_p224[] = { DER_OID, 5, 0x2B, 0x81, 0x04, 0x00, 0x21 };
static const uint8_t oid_p256[] = { DER_OID, 8,	   0x2A, 0x86, 0x48,
				    0xCE,    0x3D, 0x03, 0x01, 0x07 };
static const uint8_t oid_p384[] = { DER_OID, 5, 0x2B, 0x81, 0x04, 0x00, 0x22 };
static const uint8_t oid_p521[] = { DER_OID, 5, 0x2B, 0x81, 0x04, 0x00, 0x23 };
static const uint8_t oid_k256[] = { DER_OID, 5, 0x2B, 0x81, 0x04, 0x00, 0x0A };

#define BRAINPOOL(last)                                                     \
	{                                                                   \
		DER_OID, 9, 0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, \
			last                                                \
	}
static const uint8_t oid_b224[] = BRAINPOOL(0x05);
static const uint8_t oid_b256[] = BRAINPOOL(0x07);
static const uint8_t oid_b320[] = BRAINPOOL(0x09);
static const uint8_t oid_b384[] = BRAINPOOL(0x0B);
static const uint8_t oid_b512[] = BRAINPOOL(0x0D);

/* RFC 8410, 3 */
#define SAFE(last)                           \
	{                                    \
		DER_OID, 3, 0x2B, 0x65, last \
	}
static const uint8_t oid_x25519[] = SAFE(0x6E);
static const uint8_t oid_x448[] = SAFE(0x6F);
static const uint8_t oid_ed25519[] = SAFE(0x70);
static const uint8_t oid_ed448[] = SAFE(0x71);

#define SAFE_CURVE(text, kind, der, n, size)                          \
	{                                                             \
		.type = kind, .name = text,                           \
		.oid = { .at = der, .left = sizeof(der) }, .bits = n, \
		.field = size                                         \
	}
#define CURVE(text, der, n) SAFE_CURVE(text, CKK_EC, der, n, (n + 7) / 8)
static const struct curve curves[] = {
	CURVE("prime256v1", oid_p256, 256),
	CURVE("secp384r1", oid_p384, 384),
	CURVE("secp521r1", oid_p521, 521),
	CURVE("secp224r1", oid_p224, 224),
	CURVE("secp256k1", oid_k256, 256),
	CURVE("brainpoolP224r1", oid_b224, 224),
	CURVE("brainpoolP256r1", oid_b256, 256),
	CURVE("brainpoolP320r1", oid_b320, 320),
	CURVE("brainpoolP384r1", oid_b384, 384),
	CURVE("brainpoolP512r1", oid_b512, 512),
	SAFE_CURVE("ED25519", CKK_EC_EDWARDS, oid_ed25519, 255, 32),
	SAFE_CURVE("ED448", CKK_EC_EDWARDS, oid_ed448, 448, 57),
	SAFE_CURVE("X25519", CKK_EC_MONTGOMERY, oid_x25519, 255, 32),
	SAFE_CURVE("X448", CKK_EC_MONTGOMERY, oid_x448, 448, 56),
};

/* What SEC 2, FIPS 186 and PKCS#11 (3.2, 6.3.3) call the curves that OpenSSL
 * names otherwise. */
static const struct curve_alias {
	CK_KEY_TYPE type;
	const char *alias, *name;
} curve_aliases[] = {
	{ CKK_EC, "secp256r1", "prime256v1" },
	{ CKK_EC, "P-224", "secp224r1" },
	{ CKK_EC, "P-256", "prime256v1" },
	{ CKK_EC, "P-384", "secp384r1" },
	{ CKK_EC, "P-521", "secp521r1" },
	{ CKK_EC_EDWARDS, "edwards25519", "ED25519" },
	{ CKK_EC_EDWARDS, "edwards448", "ED448" },
	{ CKK_EC_EDWARDS, "Ed25519", "ED25519" },
	{ CKK_EC_EDWARDS, "Ed448", "ED448" },
	{ CKK_EC_MONTGOMERY, "curve25519", "X25519" },
	{ CKK_EC_MONTGOMERY, "curve448", "X448" },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The curve whose name is exactly this text. */
static const struct curve *
curve_spelled(CK_KEY_TYPE type, struct cursor name)
{
	for (size_t i = 0; i < COUNT(curve_aliases); i++) {
		const struct curve_alias *a = &curve_aliases[i];
		if (type == a->type &&
		    cursor_is(name, a->alias, strlen(a->alias)))
			name = cursor_of(a->name, strlen(a->name));
	}
	for (size_t i = 0; i < COUNT(curves); i++)
		if (curves[i].type == type &&
		    cursor_is(name, curves[i].name, strlen(curves[i].name)))
			return &curves[i];
	return NULL;
}

const struct curve *
curve_named(const char *name)
{
	static const CK_KEY_TYPE types[] = { CKK_EC, CKK_EC_EDWARDS,
					     CKK_EC_MONTGOMERY };
	struct cursor text = cursor_of(name, strlen(name));
	const struct curve *curve = NULL;

	for (size_t i = 0; curve == NULL && i < COUNT(types); i++)
		curve = curve_spelled(types[i], text);
	return curve;
}

const struct curve *
curve_typed(CK_KEY_TYPE type, struct cursor params)
{
	if (der_next_is(&params, DER_PRINTABLE_STRING)) {
		struct cursor name =
			der_take(&params, DER_PRINTABLE_STRING, NULL);
		return cursor_end(&params) ? curve_spelled(type, name) : NULL;
	}
	for (size_t i = 0; i < COUNT(curves); i++)
		if (curves[i].type == type &&
		    cursor_same(params, curves[i].oid))
			return &curves[i];
	return NULL;
}

CK_RV
curve_refusal(struct cursor params)
{
	bool named = der_next_is(&params, DER_OID) ||
		     der_next_is(&params, DER_PRINTABLE_STRING);
	struct tlv choice;

	return named && tlv_next(&params, &choice) && cursor_end(&params)
		       ? CKR_CURVE_NOT_SUPPORTED
		       : CKR_DOMAIN_PARAMS_INVALID;
}

const struct curve *
curve_find(struct cursor params)
{
	return curve_typed(CKK_EC, params);
}

CK_RV
ecdsa_split(struct cursor der, size_t size, struct builder *out)
{
	struct cursor sequence = der_take(&der, DER_SEQUENCE, NULL);
	/* Zeros in front of a number are no part of it: some cards pad. */
	struct cursor r = der_take_unsigned(&sequence);
	struct cursor s = der_take_unsigned(&sequence);
	if (!cursor_end(&der) || !cursor_end(&sequence))
		return CKR_DATA_INVALID;
	if (r.left > size || s.left > size)
		return CKR_DATA_INVALID;
	builder_padded(out, r, size);
	builder_padded(out, s, size);
	return crypto_written(out);
}

CK_RV
ecdsa_join(struct cursor raw, struct builder *der)
{
	uint8_t space[2 * (INTEGER_HEADER_MAX + FIELD_MAX)];
	struct builder numbers = builder_over(space, sizeof(space));
	if (raw.left == 0 || raw.left % 2 != 0 || raw.left > 2 * FIELD_MAX)
		return CKR_DATA_INVALID;
	struct cursor r = cursor_take(&raw, raw.left / 2);
	der_put_unsigned(&numbers, r);
	der_put_unsigned(&numbers, raw);
	tlv_put(der, DER_SEQUENCE, builder_read(&numbers));
	return crypto_written(der);
}

void
ecdsa_fit(struct cursor digest, size_t size, struct builder *out)
{
	if (digest.left > size)
		digest = cursor_take(&digest, size);
	builder_padded(out, digest, size);
}
