/* What PKCS#11 wants of an X.509 certificate (RFC 5280, 4.1), in place. */
#include "der.h"
#include "key.h"

enum {
	TAG_VERSION = 0xA0,
	TAG_ISSUER_ID = 0x81,
	TAG_SUBJECT_ID = 0x82,
	TAG_ISSUER_ID_PARTS = 0xA1,
	TAG_SUBJECT_ID_PARTS = 0xA2,
	TAG_EXTENSIONS = 0xA3,
	DATE_SIZE = 8,
	YEAR_PIVOT = '5', /* UTCTime 50 to 99 is in the last century */
};

/* Bits of KeyUsage (RFC 5280, 4.2.1.3), of its first byte. */
enum {
	USAGE_SIGN = 0x80 | 0x40,    /* digitalSignature, nonRepudiation */
	USAGE_DECRYPT = 0x20 | 0x10, /* keyEncipherment, dataEncipherment */
	USAGE_AGREE = 0x08,
};

static const uint8_t oid_key_usage[] = { 0x55, 0x1D, 0x0F };

/* UTCTime or GeneralizedTime (RFC 5280, 4.1.2.5) as YYYYMMDD. */
static bool
date_parse(struct cursor *validity, char *date)
{
	struct builder out = builder_over(date, DATE_SIZE);
	bool utc = der_next_is(validity, DER_UTC_TIME);
	struct cursor time = der_take(
		validity, utc ? DER_UTC_TIME : DER_GENERALIZED_TIME, NULL);
	struct cursor decade = time;
	if (utc)
		builder_text(&out,
			     cursor_u8(&decade) >= YEAR_PIVOT ? "19" : "20");
	struct cursor digits = cursor_take(&time, DATE_SIZE - out.used);
	builder_append(&out, digits);
	while (digits.left > 0) {
		uint8_t digit = cursor_u8(&digits);
		if (digit < '0' || digit > '9')
			return false;
	}
	return builder_ok(&out);
}

static bool
usage_parse(struct cursor value, struct certificate *out)
{
	struct cursor bits = der_take(&value, DER_BIT_STRING, NULL);
	uint8_t unused = cursor_u8(&bits);
	uint8_t usage = bits.left > 0 ? cursor_u8(&bits) : 0;
	out->key_usage = true;
	out->sign = (usage & USAGE_SIGN) != 0;
	out->decrypt = (usage & USAGE_DECRYPT) != 0;
	out->agree = (usage & USAGE_AGREE) != 0;
	return cursor_end(&value) && cursor_ok(&bits) && unused < 8;
}

static bool
extensions_parse(struct cursor explicit, struct certificate *out)
{
	struct cursor list = der_take(&explicit, DER_SEQUENCE, NULL);
	if (!cursor_end(&explicit))
		return false;
	while (list.left > 0) {
		struct cursor extension = der_take(&list, DER_SEQUENCE, NULL);
		struct cursor oid = der_take(&extension, DER_OID, NULL);
		if (der_next_is(&extension, DER_BOOLEAN))
			der_take(&extension, DER_BOOLEAN, NULL);
		struct cursor value =
			der_take(&extension, DER_OCTET_STRING, NULL);
		if (!cursor_end(&extension))
			return false;
		if (cursor_is(oid, oid_key_usage, sizeof(oid_key_usage)) &&
		    !usage_parse(value, out))
			return false;
	}
	return cursor_ok(&list);
}

/* What may follow the public key: two unique ids that nobody has used since
 * 1988, and the extensions. */
static bool
tail_parse(struct cursor tbs, struct certificate *out)
{
	static const uint8_t ids[] = { TAG_ISSUER_ID, TAG_ISSUER_ID_PARTS,
				       TAG_SUBJECT_ID, TAG_SUBJECT_ID_PARTS };
	for (size_t i = 0; i < sizeof(ids); i++)
		if (der_next_is(&tbs, ids[i]))
			der_take(&tbs, ids[i], NULL);
	if (der_next_is(&tbs, TAG_EXTENSIONS)) {
		struct cursor explicit = der_take(&tbs, TAG_EXTENSIONS, NULL);
		if (!extensions_parse(explicit, out))
			return false;
	}
	return cursor_end(&tbs);
}

static bool
tbs_parse(struct cursor tbs, struct certificate *out)
{
	if (der_next_is(&tbs, TAG_VERSION))
		der_take(&tbs, TAG_VERSION, NULL);
	der_take(&tbs, DER_INTEGER, &out->serial);
	der_take(&tbs, DER_SEQUENCE, NULL); /* signature algorithm */
	der_take(&tbs, DER_SEQUENCE, &out->issuer);
	struct cursor validity = der_take(&tbs, DER_SEQUENCE, NULL);
	der_take(&tbs, DER_SEQUENCE, &out->subject);
	der_take(&tbs, DER_SEQUENCE, &out->public_key_info);
	return cursor_ok(&tbs) && date_parse(&validity, out->start) &&
	       date_parse(&validity, out->end) && cursor_end(&validity) &&
	       tail_parse(tbs, out);
}

CK_RV
certificate_parse(struct cursor der, struct certificate *out)
{
	struct certificate found = { .key_usage = false };
	/* What follows is skipped: a card's file may be longer. */
	struct cursor parts = der_take(&der, DER_SEQUENCE, &found.der);
	struct cursor tbs = der_take(&parts, DER_SEQUENCE, NULL);
	der_take(&parts, DER_SEQUENCE, NULL);	/* signature algorithm */
	der_take(&parts, DER_BIT_STRING, NULL); /* signature */
	if (!cursor_end(&parts) || found.der.left > CERTIFICATE_MAX)
		return CKR_DATA_INVALID;
	if (!tbs_parse(tbs, &found))
		return CKR_DATA_INVALID;
	*out = found;
	return CKR_OK;
}
