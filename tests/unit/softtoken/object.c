/* Tests of softtoken/soft_object.c and soft_access.c, and of base/shape.c and
 * base/shapes.c: which templates make which objects. */
#include "place.h"
#include "shape.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

static const CK_OBJECT_CLASS data_class = CKO_DATA,
			     secret_class = CKO_SECRET_KEY,
			     private_class = CKO_PRIVATE_KEY,
			     public_class = CKO_PUBLIC_KEY,
			     certificate_class = CKO_CERTIFICATE,
			     vendor_class = CKO_VENDOR_DEFINED;
static const CK_ULONG generic = CKK_GENERIC_SECRET, aes = CKK_AES,
		      rsa = CKK_RSA, des = CKK_DES, ec = CKK_EC,
		      x509 = CKC_X_509, thirty_two = 32;
static const uint8_t number[32] = { 1, 2, 3 };

/* What the template makes, on a token where the user is logged in. */
static CK_RV
create(struct token *t, const CK_ATTRIBUTE *list, CK_ULONG count)
{
	uint64_t id = 0;

	return t->ops->create(t, (struct template){ list, count }, &id);
}

static void
test_refused(void **state)
{
	static const struct {
		CK_RV rv;
		CK_ATTRIBUTE list[6];
	} cases[] = {
		{ CKR_TEMPLATE_INCOMPLETE, { TEXT_ATTR(CKA_LABEL, "x") } },
		{ CKR_TEMPLATE_INCOMPLETE,
		  { ONE_ATTR(CKA_CLASS, secret_class),
		    TEXT_ATTR(CKA_VALUE, "v") } },
		{ CKR_TEMPLATE_INCOMPLETE,
		  { ONE_ATTR(CKA_CLASS, secret_class),
		    ONE_ATTR(CKA_KEY_TYPE, generic) } },
		{ CKR_TEMPLATE_INCOMPLETE,
		  { ONE_ATTR(CKA_CLASS, private_class),
		    ONE_ATTR(CKA_KEY_TYPE, rsa), ATTR(CKA_MODULUS, number) } },
		{ CKR_TEMPLATE_INCOMPLETE,
		  { ONE_ATTR(CKA_CLASS, certificate_class),
		    ONE_ATTR(CKA_CERTIFICATE_TYPE, x509) } },
		{ CKR_ATTRIBUTE_VALUE_INVALID,
		  { ONE_ATTR(CKA_CLASS, vendor_class) } },
		{ CKR_ATTRIBUTE_VALUE_INVALID, { TEXT_ATTR(CKA_CLASS, "x") } },
		{ CKR_ATTRIBUTE_VALUE_INVALID,
		  { ONE_ATTR(CKA_CLASS, secret_class),
		    ONE_ATTR(CKA_KEY_TYPE, des), TEXT_ATTR(CKA_VALUE, "v") } },
		{ CKR_ATTRIBUTE_VALUE_INVALID,
		  { ONE_ATTR(CKA_CLASS, data_class),
		    TEXT_ATTR(CKA_PRIVATE, "\2") } },
		{ CKR_ATTRIBUTE_VALUE_INVALID,
		  { ONE_ATTR(CKA_CLASS, data_class),
		    TEXT_ATTR(CKA_PRIVATE, "ab") } },
		{ CKR_ATTRIBUTE_VALUE_INVALID,
		  { ONE_ATTR(CKA_CLASS, secret_class),
		    ONE_ATTR(CKA_KEY_TYPE, generic), TEXT_ATTR(CKA_VALUE, ""),
		    ONE_ATTR(CKA_PRIVATE, no) } },
		{ CKR_ATTRIBUTE_VALUE_INVALID,
		  { ONE_ATTR(CKA_CLASS, secret_class),
		    ONE_ATTR(CKA_KEY_TYPE, aes),
		    TEXT_ATTR(CKA_VALUE, "short") } },
		{ CKR_ATTRIBUTE_VALUE_INVALID,
		  { ONE_ATTR(CKA_CLASS, secret_class),
		    ONE_ATTR(CKA_KEY_TYPE, generic), TEXT_ATTR(CKA_VALUE, "v"),
		    TEXT_ATTR(CKA_START_DATE, "2020-1-1") } },
		{ CKR_ATTRIBUTE_VALUE_INVALID,
		  { ONE_ATTR(CKA_CLASS, secret_class),
		    ONE_ATTR(CKA_KEY_TYPE, generic), TEXT_ATTR(CKA_VALUE, "v"),
		    TEXT_ATTR(CKA_CHECK_VALUE, "bad") } },
		{ CKR_ATTRIBUTE_VALUE_INVALID,
		  { ONE_ATTR(CKA_CLASS, certificate_class),
		    ONE_ATTR(CKA_CERTIFICATE_TYPE, x509),
		    TEXT_ATTR(CKA_VALUE, "no certificate") } },
		{ CKR_TEMPLATE_INCONSISTENT,
		  { ONE_ATTR(CKA_CLASS, data_class),
		    TEXT_ATTR(CKA_MODULUS, "x") } },
		{ CKR_ATTRIBUTE_TYPE_INVALID,
		  { ONE_ATTR(CKA_CLASS, data_class),
		    TEXT_ATTR(CKA_VENDOR_DEFINED, "x") } },
		{ CKR_ATTRIBUTE_READ_ONLY,
		  { ONE_ATTR(CKA_CLASS, data_class),
		    TEXT_ATTR(CKA_UNIQUE_ID, "x") } },
		{ CKR_ATTRIBUTE_READ_ONLY,
		  { ONE_ATTR(CKA_CLASS, secret_class),
		    ONE_ATTR(CKA_KEY_TYPE, generic), TEXT_ATTR(CKA_VALUE, "v"),
		    ONE_ATTR(CKA_LOCAL, yes) } },
		{ CKR_ATTRIBUTE_READ_ONLY,
		  { ONE_ATTR(CKA_CLASS, secret_class),
		    ONE_ATTR(CKA_KEY_TYPE, generic), TEXT_ATTR(CKA_VALUE, "v"),
		    ONE_ATTR(CKA_ALWAYS_SENSITIVE, yes) } },
		{ CKR_TEMPLATE_INCONSISTENT,
		  { ONE_ATTR(CKA_CLASS, secret_class),
		    ONE_ATTR(CKA_KEY_TYPE, generic), TEXT_ATTR(CKA_VALUE, "v"),
		    ONE_ATTR(CKA_VALUE_LEN, thirty_two) } },
		{ CKR_TEMPLATE_INCONSISTENT,
		  { ONE_ATTR(CKA_CLASS, data_class), TEXT_ATTR(CKA_LABEL, "x"),
		    TEXT_ATTR(CKA_LABEL, "y") } },
		{ CKR_TEMPLATE_INCONSISTENT,
		  { ONE_ATTR(CKA_CLASS, data_class),
		    ONE_ATTR(CKA_TOKEN, no) } },
	};
	struct place p;
	struct token *t;

	place_open(&p);
	t = place_token(&p);
	log_in(t, LOGIN_USER);
	for (size_t i = 0; i < COUNT(cases); i++) {
		CK_ULONG count = 0;
		CK_RV rv;

		while (count < 6 && cases[i].list[count].pValue)
			count++;
		rv = create(t, cases[i].list, count);
		if (rv != cases[i].rv)
			fail_msg("case %zu: %lx instead of %lx", i, rv,
				 cases[i].rv);
	}
	assert_int_equal(count_objects(t, NULL), 0);
	place_close(&p);
}

/* Every attribute of every shape, with a value of a wrong size: an error, and
 * no object. */
static void
test_refused_sizes(void **state)
{
	static const CK_OBJECT_CLASS classes[] = { CKO_DATA, CKO_CERTIFICATE,
						   CKO_PUBLIC_KEY,
						   CKO_PRIVATE_KEY,
						   CKO_SECRET_KEY };
	static const CK_ULONG types[] = { 0, CKC_X_509, CKK_EC, CKK_RSA,
					  CKK_AES };
	size_t tried = 0;

	for (size_t i = 0; i < COUNT(classes); i++) {
		const struct shape *s = shape_find(classes[i], types[i]);

		assert_non_null(s);
		for (size_t r = 0; r < 4; r++) {
			for (size_t j = 0; j < s->rules[r].count; j++) {
				const struct rule *rule = &s->rules[r].list[j];
				CK_ATTRIBUTE a = { rule->type, (void *)"abc",
						   3 };

				if (rule->form == FORM_BYTES ||
				    rule->form == FORM_NUMBER)
					continue;
				assert_int_equal(form_check(rule->form, &a),
						 CKR_ATTRIBUTE_VALUE_INVALID);
				tried++;
			}
		}
	}
	assert_true(tried > 40);
}

/* No shape has an attribute twice, or one that nobody can ever give it. */
static void
test_tables(void **state)
{
	static const CK_OBJECT_CLASS classes[] = {
		CKO_DATA,	CKO_CERTIFICATE, CKO_PUBLIC_KEY,
		CKO_PUBLIC_KEY, CKO_PRIVATE_KEY, CKO_PRIVATE_KEY,
		CKO_SECRET_KEY
	};
	static const CK_ULONG types[] = { 0,	   CKC_X_509, CKK_RSA, CKK_EC,
					  CKK_RSA, CKK_EC,    CKK_AES };

	for (size_t i = 0; i < COUNT(classes); i++) {
		const struct shape *s = shape_find(classes[i], types[i]);
		CK_ATTRIBUTE_TYPE seen[64];
		size_t count = 0;

		for (size_t r = 0; r < 4; r++) {
			for (size_t j = 0; j < s->rules[r].count; j++) {
				const struct rule *rule = &s->rules[r].list[j];

				for (size_t n = 0; n < count; n++)
					assert_int_not_equal(seen[n],
							     rule->type);
				seen[count++] = rule->type;
				assert_ptr_equal(shape_rule(s, rule->type),
						 rule);
			}
		}
		assert_true(count > 10);
	}
	assert_null(shape_find(CKO_SECRET_KEY, CKK_DES));
	assert_null(shape_find(CKO_HW_FEATURE, 0));
}

static void
test_login_needed(void **state)
{
	CK_ATTRIBUTE list[] = { ONE_ATTR(CKA_CLASS, secret_class),
				ONE_ATTR(CKA_KEY_TYPE, generic),
				TEXT_ATTR(CKA_VALUE, "v") };
	CK_ATTRIBUTE open[] = { ONE_ATTR(CKA_CLASS, secret_class),
				ONE_ATTR(CKA_KEY_TYPE, generic),
				TEXT_ATTR(CKA_VALUE, "v"),
				ONE_ATTR(CKA_PRIVATE, no) };
	struct place p;
	struct token *t;
	uint64_t id;

	place_open(&p);
	t = place_token(&p);
	/* keys are private unless the template says otherwise */
	assert_int_equal(create(t, list, COUNT(list)), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(create(t, open, COUNT(open)), CKR_OK);
	log_in(t, LOGIN_SO);
	assert_int_equal(create(t, list, COUNT(list)), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(make_data(t, "x", "y", false, &id), CKR_OK);
	place_close(&p);
}

static void
test_defaults(void **state)
{
	static const CK_ATTRIBUTE_TYPE truths[] = {
		CKA_PRIVATE,
		CKA_SENSITIVE,
		CKA_MODIFIABLE,
		CKA_COPYABLE,
		CKA_DESTROYABLE,
		CKA_SIGN,
		CKA_TOKEN,
		CKA_LOCAL,
		CKA_DERIVE,
		CKA_ALWAYS_SENSITIVE,
		CKA_NEVER_EXTRACTABLE,
	};
	static const CK_ATTRIBUTE_TYPE falsehoods[] = {
		CKA_EXTRACTABLE,
		CKA_WRAP_WITH_TRUSTED,
		CKA_ALWAYS_AUTHENTICATE,
		CKA_DECRYPT,
		CKA_UNWRAP,
	};
	CK_MECHANISM_TYPE made = CKM_EC_KEY_PAIR_GEN;
	uint8_t unique[64];
	CK_ATTRIBUTE a = { CKA_UNIQUE_ID, unique, sizeof(unique) };
	uint64_t pair[2];
	struct place p;
	struct token *t;

	place_open(&p);
	t = place_token(&p);
	log_in(t, LOGIN_USER);
	assert_int_equal(make_ec(t, "key", pair), CKR_OK);
	for (size_t i = 0; i < COUNT(truths); i++)
		assert_int_equal(get_bool(t, pair[1], truths[i]), CK_TRUE);
	for (size_t i = 0; i < COUNT(falsehoods); i++)
		assert_int_equal(get_bool(t, pair[1], falsehoods[i]), CK_FALSE);
	assert_true(has_value(t, pair[1], CKA_KEY_GEN_MECHANISM,
			      cursor_of(&made, sizeof(made))));
	assert_int_equal(get_bool(t, pair[0], CKA_PRIVATE), CK_FALSE);
	assert_int_equal(get_bool(t, pair[0], CKA_VERIFY), CK_TRUE);
	assert_int_equal(t->ops->attributes_get(t, pair[0], &a, 1), CKR_OK);
	assert_int_equal(a.ulValueLen, 32);
	assert_false(
		has_value(t, pair[1], CKA_UNIQUE_ID, cursor_of(unique, 32)));
	/* the public key info stands on both, and is the same */
	a = (CK_ATTRIBUTE){ CKA_PUBLIC_KEY_INFO, unique, 0 };
	a.pValue = NULL;
	assert_int_equal(t->ops->attributes_get(t, pair[0], &a, 1), CKR_OK);
	assert_int_equal(a.ulValueLen, 91);
	place_close(&p);
}

static void
test_secret_parts(void **state)
{
	CK_ATTRIBUTE list[] = { ONE_ATTR(CKA_CLASS, secret_class),
				ONE_ATTR(CKA_KEY_TYPE, aes),
				ATTR(CKA_VALUE, number) };
	CK_ATTRIBUTE open[] = { ONE_ATTR(CKA_CLASS, secret_class),
				ONE_ATTR(CKA_KEY_TYPE, aes),
				ATTR(CKA_VALUE, number),
				ONE_ATTR(CKA_SENSITIVE, no),
				ONE_ATTR(CKA_EXTRACTABLE, yes) };
	uint8_t value[64];
	CK_ATTRIBUTE get = { CKA_VALUE, value, sizeof(value) };
	CK_ULONG size = 32;
	struct place p;
	struct token *t;
	uint64_t id, pair[2];

	place_open(&p);
	t = place_token(&p);
	log_in(t, LOGIN_USER);
	assert_int_equal(t->ops->create(t, TEMPLATE(list), &id), CKR_OK);
	assert_int_equal(t->ops->attributes_get(t, id, &get, 1),
			 CKR_ATTRIBUTE_SENSITIVE);
	assert_int_equal(get.ulValueLen, CK_UNAVAILABLE_INFORMATION);
	assert_true(has_value(t, id, CKA_VALUE_LEN,
			      cursor_of(&size, sizeof(size))));
	assert_int_equal(get_bool(t, id, CKA_LOCAL), CK_FALSE);
	assert_int_equal(get_bool(t, id, CKA_ALWAYS_SENSITIVE), CK_FALSE);
	assert_int_equal(get_bool(t, id, CKA_NEVER_EXTRACTABLE), CK_FALSE);
	assert_int_equal(t->ops->create(t, TEMPLATE(open), &id), CKR_OK);
	assert_true(has_value(t, id, CKA_VALUE, cursor_of(number, 32)));
	/* AES-256 of zeros under this key, by another implementation */
	assert_int_equal(make_ec(t, "key", pair), CKR_OK);
	get = (CK_ATTRIBUTE){ CKA_VALUE, value, sizeof(value) };
	assert_int_equal(t->ops->attributes_get(t, pair[1], &get, 1),
			 CKR_ATTRIBUTE_SENSITIVE);
	place_close(&p);
}

static void
test_check_value(void **state)
{
	uint8_t block[32];
	int size = 0;
	static const uint8_t zeros[16];
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	CK_ATTRIBUTE list[] = { ONE_ATTR(CKA_CLASS, secret_class),
				ONE_ATTR(CKA_KEY_TYPE, aes),
				ATTR(CKA_VALUE, number) };
	struct place p;
	struct token *t;
	uint64_t id;

	EVP_EncryptInit_ex(ctx, EVP_aes_256_ecb(), NULL, number, NULL);
	EVP_EncryptUpdate(ctx, block, &size, zeros, 16);
	EVP_CIPHER_CTX_free(ctx);
	place_open(&p);
	t = place_token(&p);
	log_in(t, LOGIN_USER);
	assert_int_equal(t->ops->create(t, TEMPLATE(list), &id), CKR_OK);
	assert_true(has_value(t, id, CKA_CHECK_VALUE, cursor_of(block, 3)));
	place_close(&p);
}

static void
test_change_rules(void **state)
{
	static const struct {
		CK_RV rv;
		CK_ATTRIBUTE a;
	} cases[] = {
		{ CKR_ATTRIBUTE_READ_ONLY, ONE_ATTR(CKA_SENSITIVE, no) },
		{ CKR_ATTRIBUTE_READ_ONLY, ONE_ATTR(CKA_EXTRACTABLE, yes) },
		{ CKR_ATTRIBUTE_READ_ONLY, ONE_ATTR(CKA_PRIVATE, no) },
		{ CKR_ATTRIBUTE_READ_ONLY, ONE_ATTR(CKA_TOKEN, no) },
		{ CKR_ATTRIBUTE_READ_ONLY, ONE_ATTR(CKA_CLASS, data_class) },
		{ CKR_ATTRIBUTE_READ_ONLY, ONE_ATTR(CKA_LOCAL, no) },
		{ CKR_ATTRIBUTE_READ_ONLY, ATTR(CKA_VALUE, number) },
		{ CKR_ATTRIBUTE_READ_ONLY, ATTR(CKA_EC_PARAMS, number) },
		{ CKR_ATTRIBUTE_READ_ONLY, TEXT_ATTR(CKA_UNIQUE_ID, "x") },
		{ CKR_TEMPLATE_INCONSISTENT, ATTR(CKA_MODULUS, number) },
		{ CKR_TEMPLATE_INCONSISTENT, ATTR(CKA_APPLICATION, number) },
		{ CKR_ATTRIBUTE_TYPE_INVALID,
		  ATTR(CKA_VENDOR_DEFINED, number) },
		{ CKR_ATTRIBUTE_VALUE_INVALID, TEXT_ATTR(CKA_SIGN, "no") },
		{ CKR_OK, ONE_ATTR(CKA_SENSITIVE, yes) },
		{ CKR_OK, ONE_ATTR(CKA_WRAP_WITH_TRUSTED, yes) },
		{ CKR_ATTRIBUTE_READ_ONLY,
		  ONE_ATTR(CKA_WRAP_WITH_TRUSTED, no) },
		{ CKR_OK, TEXT_ATTR(CKA_ID, "new id") },
		{ CKR_OK, TEXT_ATTR(CKA_LABEL, "new label") },
		{ CKR_OK, TEXT_ATTR(CKA_START_DATE, "20200101") },
		{ CKR_OK, ONE_ATTR(CKA_COPYABLE, no) },
		{ CKR_ATTRIBUTE_READ_ONLY, ONE_ATTR(CKA_COPYABLE, yes) },
	};
	struct place p;
	struct token *t;
	uint64_t pair[2];

	place_open(&p);
	t = place_token(&p);
	log_in(t, LOGIN_USER);
	assert_int_equal(make_ec(t, "key", pair), CKR_OK);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct template change = { &cases[i].a, 1 };
		CK_RV rv = t->ops->attributes_set(t, pair[1], change);

		if (rv != cases[i].rv)
			fail_msg("case %zu: %lx", i, rv);
	}
	assert_int_equal(count_objects(t, "new label"), 1);
	assert_int_equal(count_objects(t, "key"), 1);
	assert_int_equal(
		t->ops->attributes_set(t, 999, (struct template){ NULL, 0 }),
		CKR_OBJECT_HANDLE_INVALID);
	place_close(&p);
}

static void
test_prohibited(void **state)
{
	CK_ATTRIBUTE list[] = { ONE_ATTR(CKA_CLASS, data_class),
				ONE_ATTR(CKA_MODIFIABLE, no),
				ONE_ATTR(CKA_DESTROYABLE, no) };
	CK_ATTRIBUTE label[] = { TEXT_ATTR(CKA_LABEL, "x") };
	struct place p;
	struct token *t;
	uint64_t id;

	place_open(&p);
	t = place_token(&p);
	assert_int_equal(t->ops->create(t, TEMPLATE(list), &id), CKR_OK);
	assert_int_equal(t->ops->attributes_set(t, id, TEMPLATE(label)),
			 CKR_ACTION_PROHIBITED);
	assert_int_equal(t->ops->destroy(t, id), CKR_ACTION_PROHIBITED);
	assert_int_equal(count_objects(t, NULL), 1);
	place_close(&p);
}

static void
test_generate_refused(void **state)
{
	static const CK_ULONG bits = 2048, few = 512, odd = 1023, many = 16384;
	static const uint8_t even[] = { 2 }, one[] = { 1 },
			     curve[] = { 6, 1, 1 };
	static const struct {
		CK_RV rv;
		CK_MECHANISM_TYPE mechanism;
		CK_ATTRIBUTE public_list[3], private_list[2];
	} cases[] = {
		{ CKR_MECHANISM_INVALID, CKM_DSA_KEY_PAIR_GEN },
		{ CKR_TEMPLATE_INCOMPLETE, CKM_RSA_PKCS_KEY_PAIR_GEN },
		{ CKR_TEMPLATE_INCOMPLETE, CKM_EC_KEY_PAIR_GEN },
		{ CKR_KEY_SIZE_RANGE,
		  CKM_RSA_PKCS_KEY_PAIR_GEN,
		  { ONE_ATTR(CKA_MODULUS_BITS, few) } },
		{ CKR_KEY_SIZE_RANGE,
		  CKM_RSA_PKCS_KEY_PAIR_GEN,
		  { ONE_ATTR(CKA_MODULUS_BITS, odd) } },
		{ CKR_KEY_SIZE_RANGE,
		  CKM_RSA_PKCS_KEY_PAIR_GEN,
		  { ONE_ATTR(CKA_MODULUS_BITS, many) } },
		{ CKR_ATTRIBUTE_VALUE_INVALID,
		  CKM_RSA_PKCS_KEY_PAIR_GEN,
		  { ONE_ATTR(CKA_MODULUS_BITS, bits),
		    ATTR(CKA_PUBLIC_EXPONENT, even) } },
		{ CKR_ATTRIBUTE_VALUE_INVALID,
		  CKM_RSA_PKCS_KEY_PAIR_GEN,
		  { ONE_ATTR(CKA_MODULUS_BITS, bits),
		    ATTR(CKA_PUBLIC_EXPONENT, one) } },
		{ CKR_CURVE_NOT_SUPPORTED,
		  CKM_EC_KEY_PAIR_GEN,
		  { ATTR(CKA_EC_PARAMS, curve) } },
		{ CKR_TEMPLATE_INCONSISTENT,
		  CKM_EC_KEY_PAIR_GEN,
		  { ATTR(CKA_EC_PARAMS, p256), ONE_ATTR(CKA_KEY_TYPE, rsa) } },
		{ CKR_TEMPLATE_INCONSISTENT,
		  CKM_EC_KEY_PAIR_GEN,
		  { ATTR(CKA_EC_PARAMS, p256),
		    ONE_ATTR(CKA_CLASS, private_class) } },
		{ CKR_TEMPLATE_INCONSISTENT,
		  CKM_EC_KEY_PAIR_GEN,
		  { ATTR(CKA_EC_PARAMS, p256), ATTR(CKA_EC_POINT, number) } },
		{ CKR_TEMPLATE_INCONSISTENT,
		  CKM_EC_KEY_PAIR_GEN,
		  { ATTR(CKA_EC_PARAMS, p256) },
		  { ATTR(CKA_VALUE, number) } },
		{ CKR_ATTRIBUTE_READ_ONLY,
		  CKM_EC_KEY_PAIR_GEN,
		  { ATTR(CKA_EC_PARAMS, p256) },
		  { ONE_ATTR(CKA_NEVER_EXTRACTABLE, yes) } },
		{ CKR_TEMPLATE_INCONSISTENT,
		  CKM_EC_KEY_PAIR_GEN,
		  { ATTR(CKA_EC_PARAMS, p256) },
		  { ATTR(CKA_MODULUS, number) } },
		{ CKR_TEMPLATE_INCONSISTENT,
		  CKM_EC_KEY_PAIR_GEN,
		  { ATTR(CKA_EC_PARAMS, p256), ONE_ATTR(CKA_TOKEN, no) } },
	};
	struct place p;
	struct token *t;

	place_open(&p);
	t = place_token(&p);
	log_in(t, LOGIN_USER);
	for (size_t i = 0; i < COUNT(cases); i++) {
		CK_MECHANISM m = { cases[i].mechanism, NULL, 0 };
		struct template halves[2] = { { cases[i].public_list, 0 },
					      { cases[i].private_list, 0 } };
		uint64_t a, b;
		CK_RV rv;

		while (halves[0].count < 3 &&
		       halves[0].list[halves[0].count].pValue)
			halves[0].count++;
		while (halves[1].count < 2 &&
		       halves[1].list[halves[1].count].pValue)
			halves[1].count++;
		rv = t->ops->generate_pair(t, &m, halves[0], halves[1], &a, &b);
		if (rv != cases[i].rv)
			fail_msg("case %zu: %lx instead of %lx", i, rv,
				 cases[i].rv);
	}
	assert_int_equal(count_objects(t, NULL), 0);
	place_close(&p);
}

/* A certificate of OpenSSL's making. */
static size_t
certificate_make(uint8_t *der)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	uint8_t *at = der;
	int size;

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 77);
	ASN1_TIME_set_string(X509_getm_notBefore(x), "20200102000000Z");
	ASN1_TIME_set_string(X509_getm_notAfter(x), "20400304000000Z");
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
				   (const uint8_t *)"somebody", -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	X509_set_pubkey(x, pkey);
	X509_sign(x, pkey, EVP_sha256());
	size = i2d_X509(x, &at);
	X509_free(x);
	EVP_PKEY_free(pkey);
	assert_true(size > 0);
	return (size_t)size;
}

static void
test_certificate(void **state)
{
	static const uint8_t serial[] = { 2, 1, 77 };
	uint8_t der[2048];
	CK_ATTRIBUTE list[] = { ONE_ATTR(CKA_CLASS, certificate_class),
				ONE_ATTR(CKA_CERTIFICATE_TYPE, x509),
				{ CKA_VALUE, der, 0 },
				TEXT_ATTR(CKA_ID, "cert") };
	CK_ATTRIBUTE match[] = { ATTR(CKA_SERIAL_NUMBER, serial),
				 ONE_ATTR(CKA_CLASS, certificate_class) };
	struct ids found = { 0 };
	struct certificate c;
	struct place p;
	struct token *t;
	uint64_t id;

	list[2].ulValueLen = certificate_make(der);
	place_open(&p);
	t = place_token(&p);
	assert_int_equal(t->ops->create(t, TEMPLATE(list), &id), CKR_OK);
	assert_int_equal(
		certificate_parse(cursor_of(der, list[2].ulValueLen), &c),
		CKR_OK);
	assert_true(has_value(t, id, CKA_SUBJECT, c.subject));
	assert_true(has_value(t, id, CKA_ISSUER, c.subject));
	assert_true(has_value(t, id, CKA_PUBLIC_KEY_INFO, c.public_key_info));
	assert_true(has_value(t, id, CKA_START_DATE, TEXT("20200102")));
	assert_true(has_value(t, id, CKA_END_DATE, TEXT("20400304")));
	assert_int_equal(get_bool(t, id, CKA_TRUSTED), CK_FALSE);
	assert_int_equal(t->ops->search(t, TEMPLATE(match), &found), CKR_OK);
	assert_int_equal(found.count, 1);
	ids_free(&found);
	place_close(&p);
}

/* CK_ULONG attributes and booleans match by value, empty templates all. */
static void
test_search(void **state)
{
	CK_ATTRIBUTE by_class[] = { ONE_ATTR(CKA_CLASS, public_class) };
	CK_ATTRIBUTE by_type[] = { ONE_ATTR(CKA_KEY_TYPE, ec) };
	CK_ATTRIBUTE by_flag[] = { ONE_ATTR(CKA_SIGN, yes) };
	CK_ATTRIBUTE by_token[] = { ONE_ATTR(CKA_TOKEN, no) };
	CK_ATTRIBUTE wrong[] = { TEXT_ATTR(CKA_CLASS, "abc") };
	CK_ATTRIBUTE absent[] = { TEXT_ATTR(CKA_MODULUS, "abc") };
	struct {
		struct template match;
		size_t count;
	} cases[] = {
		{ TEMPLATE(wrong), 0 },	   { TEMPLATE(absent), 0 },
		{ TEMPLATE(by_token), 0 }, { TEMPLATE(by_class), 2 },
		{ TEMPLATE(by_type), 4 },  { TEMPLATE(by_flag), 2 },
		{ { NULL, 0 }, 5 },
	};
	struct place p;
	struct token *t;
	uint64_t pair[2], id;

	place_open(&p);
	t = place_token(&p);
	log_in(t, LOGIN_USER);
	assert_int_equal(make_ec(t, "a", pair), CKR_OK);
	assert_int_equal(make_ec(t, "b", pair), CKR_OK);
	assert_int_equal(make_data(t, "c", "x", true, &id), CKR_OK);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ids found = { 0 };

		assert_int_equal(t->ops->search(t, cases[i].match, &found),
				 CKR_OK);
		if (found.count != cases[i].count)
			fail_msg("case %zu: %zu", i, found.count);
		for (size_t j = 1; j < found.count; j++)
			assert_true(found.list[j - 1] < found.list[j]);
		ids_free(&found);
	}
	place_close(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ "/softtoken/object/refused", test_refused },
		{ "/softtoken/object/refused/sizes", test_refused_sizes },
		{ "/softtoken/object/login-needed", test_login_needed },
		{ "/softtoken/object/change", test_change_rules },
		{ "/softtoken/object/prohibited", test_prohibited },
		{ "/softtoken/object/generate/refused", test_generate_refused },
		{ "/softtoken/object/tables", test_tables },
		{ "/softtoken/object/secret-parts", test_secret_parts },
		{ "/softtoken/object/defaults", test_defaults },
		{ "/softtoken/object/check-value", test_check_value },
		{ "/softtoken/object/certificate", test_certificate },
		{ "/softtoken/object/search", test_search },
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
