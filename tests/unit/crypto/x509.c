/* Tests of crypto/x509.c, on certificates that OpenSSL makes. */
#include "judge.h"

#include <openssl/x509v3.h>

#include "der.h"

enum { DER_MAX = 1 << 17 };

static EVP_PKEY *pkey;

/* What differs from one certificate to the next; NULL leaves it out. */
struct recipe {
	const char *usage; /* as in OpenSSL's configuration */
	const char *more;  /* extendedKeyUsage */
	const char *comment;
	const char *start, *end; /* ASN1_TIME_set_string() */
	int version;
};

static const struct recipe plain = {
	.usage = "critical,digitalSignature",
	.start = "20240131235959Z",
	.end = "20491231000000Z",
	.version = 2,
};

static int
setup(void **state)
{
	pkey = judge_ec("P-256");
	return 0;
}

static int
teardown(void **state)
{
	EVP_PKEY_free(pkey);
	crypto_close();
	return 0;
}

static void
extension_add(X509 *x, int nid, const char *value)
{
	if (value == NULL)
		return;
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	assert_non_null(e);
	assert_int_equal(X509_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
}

static void
name_add(X509_NAME *name, const char *field, const char *value)
{
	assert_int_equal(X509_NAME_add_entry_by_txt(
				 name, field, MBSTRING_UTF8,
				 (const uint8_t *)value, -1, -1, 0),
			 1);
}

static X509 *
certificate_make(const struct recipe *r)
{
	X509 *x = X509_new();
	assert_non_null(x);
	X509_NAME *subject = X509_get_subject_name(x);
	X509_NAME *issuer = X509_get_issuer_name(x);
	X509_set_version(x, r->version);
	ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), 0xC0FFEE0001);
	name_add(subject, "C", "DE");
	name_add(subject, "CN", "J\xC3\xB6rg Tester");
	name_add(subject, "O", "Tests");
	name_add(issuer, "CN", "Issuer");
	assert_int_equal(ASN1_TIME_set_string(X509_getm_notBefore(x), r->start),
			 1);
	assert_int_equal(ASN1_TIME_set_string(X509_getm_notAfter(x), r->end),
			 1);
	X509_set_pubkey(x, pkey);
	extension_add(x, NID_ext_key_usage, r->more);
	extension_add(x, NID_netscape_comment, r->comment);
	extension_add(x, NID_key_usage, r->usage);
	assert_true(X509_sign(x, pkey, EVP_sha256()) > 0);
	return x;
}

static struct builder
der_of(const struct recipe *r)
{
	struct builder der = builder_heap(DER_MAX);
	X509 *x = certificate_make(r);
	uint8_t *bytes = NULL;
	int size = i2d_X509(x, &bytes);
	assert_true(size > 0);
	builder_put(&der, bytes, (size_t)size);
	OPENSSL_free(bytes);
	X509_free(x);
	return der;
}

static void
assert_refused(struct cursor der)
{
	const struct certificate untouched = { .start = "none" };
	struct certificate out = untouched;
	uint8_t *copy = copy_of(der);
	assert_int_equal(certificate_parse(cursor_of(copy, der.left), &out),
			 CKR_DATA_INVALID);
	assert_memory_equal(&out, &untouched, sizeof(out));
	free(copy);
}

static void
test_truncated(void **state)
{
	struct builder der = der_of(&plain);
	for (size_t size = 0; size < der.used; size++) {
		struct cursor c = builder_read(&der);
		assert_refused(cursor_take(&c, size));
	}
	struct certificate out;
	struct cursor bad = builder_read(&der);
	cursor_fail(&bad);
	assert_int_equal(certificate_parse(bad, &out), CKR_DATA_INVALID);
	builder_free(&der);
}

static void
test_no_certificate(void **state)
{
	struct builder info = builder_heap(DER_MAX);
	judge_info(pkey, &info);
	assert_refused(builder_read(&info));
	assert_refused(text("-----BEGIN CERTIFICATE-----"));
	assert_refused(hex("3000"));
	assert_refused(hex("300930003000030100"));
	builder_free(&info);
}

/* A certificate with one element more at the end of what is signed. */
static void
test_extra_element(void **state)
{
	struct builder der = der_of(&plain), more = builder_heap(DER_MAX);
	struct builder tbs = builder_heap(DER_MAX), out = builder_heap(DER_MAX);
	struct cursor whole = builder_read(&der);
	struct cursor parts = der_take(&whole, DER_SEQUENCE, NULL);
	builder_append(&tbs, der_take(&parts, DER_SEQUENCE, NULL));
	for (int extra = 0; extra < 2; extra++) {
		struct certificate c;
		builder_reset(&more);
		builder_reset(&out);
		tlv_put(&more, DER_SEQUENCE, builder_read(&tbs));
		builder_append(&more, parts);
		tlv_put(&out, DER_SEQUENCE, builder_read(&more));
		if (extra)
			assert_refused(builder_read(&out));
		else
			assert_int_equal(
				certificate_parse(builder_read(&out), &c),
				CKR_OK);
		tlv_put(&tbs, DER_NULL, cursor_of(NULL, 0));
	}
	builder_free(&der);
	builder_free(&more);
	builder_free(&tbs);
	builder_free(&out);
}

/* Well-formed, and just within and just beyond what we take. */
static void
test_too_large(void **state)
{
	static char comment[CERTIFICATE_MAX];
	struct recipe r = plain;
	struct certificate c;
	memset(comment, 'x', CERTIFICATE_MAX - 1000);
	r.comment = comment;
	struct builder der = der_of(&r);
	assert_true(der.used <= CERTIFICATE_MAX);
	assert_int_equal(certificate_parse(builder_read(&der), &c), CKR_OK);
	assert_true(c.sign);
	builder_free(&der);

	memset(comment, 'x', CERTIFICATE_MAX - 100);
	der = der_of(&r);
	assert_true(der.used > CERTIFICATE_MAX);
	assert_refused(builder_read(&der));
	builder_free(&der);
}

/* Every byte changed in several ways; what parses points into what was given,
 * and the sanitizers watch the rest. */
static void
test_mutated(void **state)
{
	struct builder der = der_of(&plain);
	size_t parsed = 0;
	for (size_t at = 0; at < 16 * der.used; at++) {
		struct certificate c;
		uint8_t *copy = copy_of(builder_read(&der));
		copy[at / 16] ^= (uint8_t)(1 + 17 * (at % 16));
		CK_RV rv = certificate_parse(cursor_of(copy, der.used), &c);
		if (rv == CKR_OK) {
			parsed++;
			assert_ptr_equal(c.der.at, copy);
			assert_true(c.der.left <= der.used);
			assert_int_equal(strlen(c.start), 8);
			assert_int_equal(strlen(c.end), 8);
		} else {
			assert_int_equal(rv, CKR_DATA_INVALID);
		}
		free(copy);
	}
	/* most bytes are serial, names, key and signature */
	assert_true(parsed > der.used);
	builder_free(&der);
}

static void
assert_dates(const char *start, const char *end, const char *start_date,
	     const char *end_date)
{
	struct recipe r = plain;
	struct certificate c;
	r.start = start;
	r.end = end;
	struct builder der = der_of(&r);
	assert_int_equal(certificate_parse(builder_read(&der), &c), CKR_OK);
	assert_string_equal(c.start, start_date);
	assert_string_equal(c.end, end_date);
	builder_free(&der);
}

static void
test_dates(void **state)
{
	assert_dates("500101000000Z", "491231235959Z", "19500101", "20491231");
	assert_dates("19991231235959Z", "20000101000000Z", "19991231",
		     "20000101");
	assert_dates("20500101000000Z", "99991231235959Z", "20500101",
		     "99991231");
}

static void
assert_usage(const char *usage, bool sign, bool decrypt, bool agree)
{
	struct recipe r = plain;
	struct certificate c;
	r.usage = usage;
	r.more = "clientAuth";
	struct builder der = der_of(&r);
	assert_int_equal(certificate_parse(builder_read(&der), &c), CKR_OK);
	assert_int_equal(c.key_usage, usage != NULL);
	assert_int_equal(c.sign, sign);
	assert_int_equal(c.decrypt, decrypt);
	assert_int_equal(c.agree, agree);
	builder_free(&der);
}

static void
test_usage(void **state)
{
	assert_usage(NULL, false, false, false);
	assert_usage("critical,keyCertSign", false, false, false);
	assert_usage("critical,digitalSignature", true, false, false);
	assert_usage("nonRepudiation", true, false, false);
	assert_usage("keyEncipherment", false, true, false);
	assert_usage("dataEncipherment", false, true, false);
	assert_usage("keyAgreement", false, false, true);
	assert_usage("digitalSignature,keyEncipherment,keyAgreement", true,
		     true, true);
	assert_usage("keyAgreement,decipherOnly", false, false, true);
}

/* Each part against OpenSSL's encoding of it. */
static void
assert_part(struct cursor part, int size, uint8_t *der)
{
	assert_true(size > 0);
	assert_same(part, cursor_of(der, (size_t)size));
	OPENSSL_free(der);
}

static void
test_parts(void **state)
{
	struct recipe r = plain;
	for (r.version = 0; r.version <= 2; r.version++) {
		uint8_t *part = NULL;
		struct certificate c;
		struct pubkey *key = NULL;
		if (r.version < 2)
			r.usage = NULL;
		else
			r.usage = plain.usage;
		struct builder der = der_of(&r);
		struct cursor whole = builder_read(&der);
		X509 *x = d2i_X509(NULL, &(const uint8_t *){ der.data },
				   (long)der.used);
		assert_non_null(x);
		assert_int_equal(certificate_parse(whole, &c), CKR_OK);
		assert_same(c.der, whole);
		int size = i2d_X509_NAME(X509_get_subject_name(x), &part);
		assert_part(c.subject, size, part);
		part = NULL;
		size = i2d_X509_NAME(X509_get_issuer_name(x), &part);
		assert_part(c.issuer, size, part);
		part = NULL;
		size = i2d_ASN1_INTEGER(X509_get_serialNumber(x), &part);
		assert_part(c.serial, size, part);
		part = NULL;
		size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &part);
		assert_part(c.public_key_info, size, part);
		assert_int_equal(pubkey_from_info(c.public_key_info, &key),
				 CKR_OK);
		assert_int_equal(EVP_PKEY_eq(key->pkey, pkey), 1);
		assert_string_equal(c.start, "20240131");
		assert_string_equal(c.end, "20491231");
		pubkey_free(key);
		X509_free(x);
		builder_free(&der);
	}
}

/* A card's file may be longer than the certificate in it. */
static void
test_longer_file(void **state)
{
	struct builder der = der_of(&plain);
	size_t size = der.used;
	struct certificate c;
	builder_fill(&der, 0xFF, 100);
	assert_int_equal(certificate_parse(builder_read(&der), &c), CKR_OK);
	assert_int_equal(c.der.left, size);
	assert_ptr_equal(c.der.at, der.data);
	builder_free(&der);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/crypto/x509/truncated", test_truncated),
		CASE("/crypto/x509/no-certificate", test_no_certificate),
		CASE("/crypto/x509/extra-element", test_extra_element),
		CASE("/crypto/x509/too-large", test_too_large),
		CASE("/crypto/x509/mutated", test_mutated),
		CASE("/crypto/x509/dates", test_dates),
		CASE("/crypto/x509/usage", test_usage),
		CASE("/crypto/x509/parts", test_parts),
		CASE("/crypto/x509/longer-file", test_longer_file),
	};
	return cmocka_run_group_tests_name("/crypto/x509", tests, setup,
					   teardown);
}
