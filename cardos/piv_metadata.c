/* What a YubiKey tells of itself and of a key: GET VERSION, GET METADATA. */
#include "piv.h"
#include "tlv.h"

enum {
	INS_GET_VERSION = 0xFD,
	INS_GET_METADATA = 0xF7,
	TAG_ALGORITHM = 0x01,
	TAG_POLICY = 0x02,
	TAG_ORIGIN = 0x03,
	TAG_PUBLIC_KEY = 0x04,
	TAG_MODULUS = 0x81,
	TAG_EXPONENT = 0x82,
	TAG_POINT = 0x86,
	ORIGIN_GENERATED = 1,
	SW_NO_KEY = 0x6A88,
};

static CK_RV
version_ask(struct card_applet *a, struct piv_version *version)
{
	const struct apdu command = { .ins = INS_GET_VERSION,
				      .le = APDU_SHORT_ANSWER };
	uint8_t bytes[APDU_SHORT_ANSWER];
	struct builder answer = builder_over(bytes, sizeof(bytes));
	struct piv_version v = { .asked = true };
	struct cursor c;
	CK_RV rv = applet_exchange(a, &command, &answer);

	if (rv != CKR_OK)
		return rv;
	c = builder_read(&answer);
	v.major = cursor_u8(&c);
	v.minor = cursor_u8(&c);
	v.patch = cursor_u8(&c);
	if (!cursor_end(&c))
		return CKR_DATA_INVALID;
	*version = v;
	return CKR_OK;
}

CK_RV
piv_version(struct card_applet *a, struct piv_version *version)
{
	struct piv *piv = a->state;
	bool switched = false;
	CK_RV rv = CKR_OK;

	if (!piv->version.asked && piv_versioned(a)) {
		rv = version_ask(a, &piv->version);
		if (rv != CKR_OK && !a->proven && !applet_mute(a, rv)) {
			rv = applet_guard(a, &switched);
			if (rv == CKR_OK && switched)
				rv = version_ask(a, &piv->version);
		}
		if (applet_mute(a, rv))
			return rv;
	}
	piv->version.asked = true;
	*version = piv->version;
	return CKR_OK;
}

bool
piv_version_least(const struct piv_version *version, uint8_t major,
		  uint8_t minor)
{
	return version->major > major ||
	       (version->major == major && version->minor >= minor);
}

CK_RV
piv_metadata_had(struct card_applet *a, bool *had)
{
	struct piv_version version;
	CK_RV rv = piv_version(a, &version);

	if (rv == CKR_OK)
		*had = piv_version_least(&version, 5, 3);
	return rv;
}

static const struct curve *
algorithm_curve(uint8_t algorithm)
{
	static const struct {
		uint8_t algorithm;
		const char *curve;
	} curves[] = { { 0x11, "prime256v1" },
		       { 0x14, "secp384r1" },
		       { 0xE0, "ED25519" },
		       { 0xE1, "X25519" } };

	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (curves[i].algorithm == algorithm)
			return curve_named(curves[i].curve);
	return NULL;
}

/* The public key in what metadata and GENERATE give, without its outer tag. */
static CK_RV
piv_public_key(uint8_t algorithm, struct cursor inside, struct pubkey **key)
{
	const struct curve *curve = algorithm_curve(algorithm);
	struct cursor modulus, exponent, point;
	struct pubkey *found = NULL;
	CK_RV rv = CKR_DATA_INVALID;

	if (curve != NULL && tlv_find(inside, TAG_POINT, &point))
		rv = pubkey_from_ec(curve, point, &found);
	if (curve == NULL && tlv_find(inside, TAG_MODULUS, &modulus) &&
	    tlv_find(inside, TAG_EXPONENT, &exponent))
		rv = pubkey_from_rsa(modulus, exponent, &found);
	if (rv == CKR_OK && piv_algorithm(found) != algorithm) {
		pubkey_free(found);
		return CKR_DATA_INVALID;
	}
	if (rv == CKR_OK)
		*key = found;
	return rv;
}

/* Some cards answer with what is no metadata, or not all of it: what does not
 * fit together tells nothing. */
static CK_RV
metadata_parse(struct cursor answer, struct piv_metadata *out)
{
	struct cursor algorithm, policy, origin, key;
	struct piv_metadata m = { .public_key = NULL };
	uint8_t kind;
	CK_RV rv;

	if (!tlv_find(answer, TAG_ALGORITHM, &algorithm) ||
	    !tlv_find(answer, TAG_POLICY, &policy) ||
	    !tlv_find(answer, TAG_ORIGIN, &origin) ||
	    !tlv_find(answer, TAG_PUBLIC_KEY, &key))
		return CKR_DATA_INVALID;
	kind = cursor_u8(&algorithm);
	m.pin = cursor_u8(&policy);
	m.touch = cursor_u8(&policy);
	m.generated = cursor_u8(&origin) == ORIGIN_GENERATED;
	if (!cursor_end(&algorithm) || !cursor_end(&policy) ||
	    !cursor_end(&origin))
		return CKR_DATA_INVALID;
	rv = piv_public_key(kind, key, &m.public_key);
	if (rv == CKR_OK)
		*out = m;
	return rv;
}

CK_RV
piv_metadata_read(struct card_applet *a, uint8_t reference,
		  struct piv_metadata *out)
{
	const struct apdu command = { .ins = INS_GET_METADATA,
				      .p2 = reference,
				      .le = APDU_ANSWER_MAX };
	struct builder answer = builder_heap(APDU_ANSWER_MAX);
	CK_RV rv = applet_exchange(a, &command, &answer);

	if (rv == CKR_OK)
		rv = metadata_parse(builder_read(&answer), out);
	else if (a->sw == SW_NO_KEY)
		rv = CKR_OBJECT_HANDLE_INVALID;
	builder_free(&answer);
	return rv;
}
