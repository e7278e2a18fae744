/* 5.18.3, 5.18.4 and, with a tag of its own, 5.18.6, 5.18.7 (3.2): keys that
 * leave and come back encrypted. */
#include "suite.h"

enum { ROOM = 2048, SECRET = 16 };

/* One pair of functions, by a mechanism of its own. */
struct family {
	CK_RV(*wrap)
	(CK_MECHANISM *mechanism, CK_OBJECT_HANDLE with, CK_OBJECT_HANDLE key,
	 CK_BYTE *out, CK_ULONG *size);
	CK_RV(*unwrap)
	(CK_MECHANISM *mechanism, CK_OBJECT_HANDLE with, CK_BYTE *in,
	 CK_ULONG size, CK_ATTRIBUTE *list, CK_ULONG count,
	 CK_OBJECT_HANDLE *key);
	CK_MECHANISM good;
	CK_MECHANISM bad; /* its parameter is none */
	CK_ULONG wrapped; /* bytes of a wrapped secret */
	int since;
};

static CK_BYTE iv[12], tag[16], aad[] = "associated", wrapped[ROOM];
static CK_GCM_MESSAGE_PARAMS gcm = { iv,  sizeof(iv), 0, CKG_NO_GENERATE,
				     tag, 128 };
static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

static CK_RV
plain_wrap(CK_MECHANISM *mechanism, CK_OBJECT_HANDLE with, CK_OBJECT_HANDLE key,
	   CK_BYTE *out, CK_ULONG *size)
{
	return suite.p11->C_WrapKey(suite.session, mechanism, with, key, out,
				    size);
}

static CK_RV
plain_unwrap(CK_MECHANISM *mechanism, CK_OBJECT_HANDLE with, CK_BYTE *in,
	     CK_ULONG size, CK_ATTRIBUTE *list, CK_ULONG count,
	     CK_OBJECT_HANDLE *key)
{
	return suite.p11->C_UnwrapKey(suite.session, mechanism, with, in, size,
				      list, count, key);
}

static CK_RV
tagged_wrap(CK_MECHANISM *mechanism, CK_OBJECT_HANDLE with,
	    CK_OBJECT_HANDLE key, CK_BYTE *out, CK_ULONG *size)
{
	return suite.p11_3_2->C_WrapKeyAuthenticated(suite.session, mechanism,
						     with, key, aad,
						     sizeof(aad), out, size);
}

static CK_RV
tagged_unwrap(CK_MECHANISM *mechanism, CK_OBJECT_HANDLE with, CK_BYTE *in,
	      CK_ULONG size, CK_ATTRIBUTE *list, CK_ULONG count,
	      CK_OBJECT_HANDLE *key)
{
	return suite.p11_3_2->C_UnwrapKeyAuthenticated(
		suite.session, mechanism, with, in, size, list, count, aad,
		sizeof(aad), key);
}

static const struct family plain = {
	plain_wrap,
	plain_unwrap,
	{ CKM_AES_KEY_WRAP, NULL, 0 },
	{ CKM_AES_KEY_WRAP, iv, 3 },
	SECRET + 8,
	2,
};
static const struct family tagged = {
	tagged_wrap,
	tagged_unwrap,
	{ CKM_AES_GCM, &gcm, sizeof(gcm) },
	{ CKM_AES_GCM, &gcm, 5 },
	SECRET,
	32,
};

static CK_RV
unwrap_by(const struct family *f, CK_MECHANISM mechanism, CK_OBJECT_HANDLE with,
	  CK_ULONG size, CK_OBJECT_HANDLE *key)
{
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_ATTRIBUTE list[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_KEY_TYPE, &type, sizeof(type) },
		{ CKA_PRIVATE, &no, 1 },
		{ CKA_SENSITIVE, &no, 1 },
		{ CKA_EXTRACTABLE, &yes, 1 },
	};

	return f->unwrap(&mechanism, with, wrapped, size, list, 5, key);
}

static CK_RV
unwrap(const struct family *f, CK_OBJECT_HANDLE with, CK_ULONG size,
       CK_OBJECT_HANDLE *key)
{
	return unwrap_by(f, f->good, with, size, key);
}

static CK_RV
wrap_by(const struct family *f, CK_MECHANISM mechanism, CK_OBJECT_HANDLE with,
	CK_OBJECT_HANDLE key)
{
	CK_ULONG size = ROOM;
	CK_RV rv = f->wrap(&mechanism, with, key, wrapped, &size);

	if (rv == CKR_FUNCTION_NOT_SUPPORTED)
		skip();
	return rv;
}

static CK_RV
wrap(const struct family *f, CK_OBJECT_HANDLE with, CK_OBJECT_HANDLE key)
{
	return wrap_by(f, f->good, with, key);
}

static CK_OBJECT_HANDLE
wrapper(void)
{
	return secret_make(CKK_AES, 16, CKF_WRAP | CKF_UNWRAP);
}

static CK_OBJECT_HANDLE
secret(void)
{
	return secret_make(CKK_GENERIC_SECRET, SECRET, CKF_SIGN);
}

/* Skips the case when the module or its token has no such functions. */
static const struct family *
family_of(void **state)
{
	const struct family *f = *state;

	if (f->since == 32)
		(void)need_3_2();
	need_mechanism(f->good.mechanism, CKF_WRAP | CKF_UNWRAP);
	(void)wrap(f, wrapper(), secret());
	return f;
}

static CK_ULONG
value_of(CK_OBJECT_HANDLE key, CK_BYTE *value, CK_ULONG size)
{
	CK_ATTRIBUTE attribute = { CKA_VALUE, value, size };

	assert_ok(suite.p11->C_GetAttributeValue(suite.session, key, &attribute,
						 1));
	return attribute.ulValueLen;
}

/* "CKA_ALWAYS_SENSITIVE ... CK_FALSE", "CKA_NEVER_EXTRACTABLE ... CK_FALSE",
 * "CKA_LOCAL ... CK_FALSE" of what was unwrapped (5.18.4) */
static void
test_round(void **state)
{
	const struct family *f = family_of(state);
	CK_OBJECT_HANDLE with = wrapper(), key = secret(), again;
	CK_BYTE a[SECRET], b[SECRET];
	CK_BBOOL flags[3] = { 7, 7, 7 };
	CK_ATTRIBUTE list[] = { { CKA_ALWAYS_SENSITIVE, &flags[0], 1 },
				{ CKA_NEVER_EXTRACTABLE, &flags[1], 1 },
				{ CKA_LOCAL, &flags[2], 1 } };

	assert_ok(wrap(f, with, key));
	assert_ok(unwrap(f, with, f->wrapped, &again));
	assert_int_equal(value_of(key, a, SECRET), SECRET);
	assert_int_equal(value_of(again, b, SECRET), SECRET);
	assert_memory_equal(a, b, SECRET);
	assert_ok(
		suite.p11->C_GetAttributeValue(suite.session, again, list, 3));
	assert_int_equal(flags[0], CK_FALSE);
	assert_int_equal(flags[1], CK_FALSE);
	assert_int_equal(flags[2], CK_FALSE);
}

static void
test_length(void **state)
{
	const struct family *f = family_of(state);
	CK_OBJECT_HANDLE with = wrapper(), key = secret();
	CK_MECHANISM mechanism = f->good;
	CK_ULONG size = 0;

	assert_ok(f->wrap(&mechanism, with, key, NULL, &size));
	assert_in_range(size, f->wrapped, f->wrapped + 16);
	size = f->wrapped - 1;
	assert_rv(CKR_BUFFER_TOO_SMALL,
		  f->wrap(&mechanism, with, key, wrapped, &size));
	assert_in_range(size, f->wrapped, f->wrapped + 16);
	assert_ok(f->wrap(&mechanism, with, key, wrapped, &size));
	assert_int_equal(size, f->wrapped);
}

static void
test_arguments(void **state)
{
	const struct family *f = family_of(state);
	CK_OBJECT_HANDLE with = wrapper(), key = secret(), made;
	CK_MECHANISM mechanism = f->good;
	CK_ULONG size = ROOM;

	login();
	assert_rv(CKR_ARGUMENTS_BAD, f->wrap(NULL, with, key, wrapped, &size));
	assert_rv(CKR_ARGUMENTS_BAD,
		  f->wrap(&mechanism, with, key, wrapped, NULL));
	assert_rv(CKR_ARGUMENTS_BAD,
		  f->unwrap(NULL, with, wrapped, 24, NULL, 0, &made));
	assert_rv(CKR_ARGUMENTS_BAD,
		  f->unwrap(&mechanism, with, NULL, 24, NULL, 0, &made));
	assert_rv(CKR_ARGUMENTS_BAD,
		  f->unwrap(&mechanism, with, wrapped, 24, NULL, 1, &made));
}

static void
test_mechanism(void **state)
{
	const struct family *f = family_of(state);
	CK_MECHANISM digest = { CKM_SHA256, NULL, 0 };
	CK_OBJECT_HANDLE with = wrapper(), key = secret(), made;

	assert_rv(CKR_MECHANISM_INVALID, wrap_by(f, digest, with, key));
	assert_rv(CKR_MECHANISM_INVALID, unwrap_by(f, digest, with, 24, &made));
	assert_rv(CKR_MECHANISM_PARAM_INVALID, wrap_by(f, f->bad, with, key));
	assert_rv(CKR_MECHANISM_PARAM_INVALID,
		  unwrap_by(f, f->bad, with, 24, &made));
}

/* The handles, and the type of the key that does it. */
static void
test_keys(void **state)
{
	const struct family *f = family_of(state);
	CK_OBJECT_HANDLE with = wrapper(), key = secret(), made;
	CK_OBJECT_HANDLE other =
		secret_make(CKK_GENERIC_SECRET, 16, CKF_WRAP | CKF_UNWRAP);

	assert_rv(CKR_WRAPPING_KEY_HANDLE_INVALID, wrap(f, 0, key));
	assert_rv(CKR_KEY_HANDLE_INVALID, wrap(f, with, 0));
	assert_rv(CKR_WRAPPING_KEY_TYPE_INCONSISTENT, wrap(f, other, key));
	assert_ok(wrap(f, with, key));
	assert_rv(CKR_UNWRAPPING_KEY_HANDLE_INVALID,
		  unwrap(f, 0, f->wrapped, &made));
	assert_rv(CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT,
		  unwrap(f, other, f->wrapped, &made));
}

/* "The CKA_WRAP attribute of the wrapping key ... MUST be CK_TRUE." No value is
 * named for it that is of these functions. */
static void
test_not_permitted(void **state)
{
	const struct family *f = family_of(state);
	CK_OBJECT_HANDLE with = secret_make(CKK_AES, 16, CKF_UNWRAP), made;
	CK_OBJECT_HANDLE from = secret_make(CKK_AES, 16, CKF_WRAP);

	assert_int_not_equal(wrap(f, with, secret()), CKR_OK);
	assert_ok(wrap(f, from, secret()));
	assert_int_not_equal(unwrap(f, from, f->wrapped, &made), CKR_OK);
	assert_ok(unwrap(f, with, f->wrapped, &made));
}

static CK_RV
flag_set(CK_OBJECT_HANDLE key, CK_ATTRIBUTE_TYPE type, CK_BBOOL value)
{
	CK_ATTRIBUTE attribute = { type, &value, sizeof(value) };

	return suite.p11->C_SetAttributeValue(suite.session, key, &attribute,
					      1);
}

/* 5.18.3: CKR_KEY_UNEXTRACTABLE, CKR_KEY_NOT_WRAPPABLE */
static void
test_unextractable(void **state)
{
	const struct family *f = family_of(state);
	CK_OBJECT_HANDLE with = wrapper(), key = secret(), trusting = secret();

	assert_ok(flag_set(key, CKA_EXTRACTABLE, CK_FALSE));
	assert_rv(CKR_KEY_UNEXTRACTABLE, wrap(f, with, key));
	/* "a particular token might not ... support modification" (4.1.2) */
	if (flag_set(trusting, CKA_WRAP_WITH_TRUSTED, CK_TRUE) != CKR_OK)
		skip();
	assert_rv(CKR_KEY_NOT_WRAPPABLE, wrap(f, with, trusting));
}

/* "If any attribute mismatch occurs ... CKR_KEY_HANDLE_INVALID" */
static void
test_template(void **state)
{
	const struct family *f = family_of(state);
	CK_ATTRIBUTE inner = { CKA_LABEL, (void *)"these", 5 };
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_AES;
	CK_BYTE value[16] = { 8 };
	CK_ATTRIBUTE list[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_KEY_TYPE, &type, sizeof(type) },
		{ CKA_PRIVATE, &no, 1 },
		{ CKA_WRAP, &yes, 1 },
		{ CKA_VALUE, value, sizeof(value) },
		{ CKA_WRAP_TEMPLATE, &inner, sizeof(inner) },
	};
	CK_OBJECT_HANDLE with, key = secret();

	assert_ok(suite.p11->C_CreateObject(suite.session, list, 6, &with));
	assert_rv(CKR_KEY_HANDLE_INVALID, wrap(f, with, key));
	assert_ok(
		suite.p11->C_SetAttributeValue(suite.session, key, &inner, 1));
	assert_ok(wrap(f, with, key));
}

/* CKR_WRAPPED_KEY_INVALID; what is damaged makes no key. */
static void
test_invalid(void **state)
{
	const struct family *f = family_of(state);
	CK_OBJECT_HANDLE with = wrapper(), made;
	CK_ULONG before = object_count(NULL, 0);
	CK_RV rv;

	assert_ok(wrap(f, with, secret()));
	before = object_count(NULL, 0);
	wrapped[5] ^= 1;
	assert_rv(CKR_WRAPPED_KEY_INVALID, unwrap(f, with, f->wrapped, &made));
	rv = unwrap(f, with, 7, &made);
	assert_one_of(rv, CKR_WRAPPED_KEY_LEN_RANGE, CKR_WRAPPED_KEY_INVALID);
	assert_int_equal(object_count(NULL, 0), before);
}

#define CASES_OF(name, f)                                                      \
	CASE_OF("/wrapping/" name, test_round, (void *)&f),                    \
		CASE_OF("/wrapping/" name "/length", test_length, (void *)&f), \
		CASE_OF("/wrapping/" name "/arguments", test_arguments,        \
			(void *)&f),                                           \
		CASE_OF("/wrapping/" name "/mechanism", test_mechanism,        \
			(void *)&f),                                           \
		CASE_OF("/wrapping/" name "/keys", test_keys, (void *)&f),     \
		CASE_OF("/wrapping/" name "/not-permitted",                    \
			test_not_permitted, (void *)&f),                       \
		CASE_OF("/wrapping/" name "/unextractable",                    \
			test_unextractable, (void *)&f),                       \
		CASE_OF("/wrapping/" name "/template", test_template,          \
			(void *)&f),                                           \
		CASE_OF("/wrapping/" name "/invalid", test_invalid,            \
			(void *)&f)

/* RSA wraps what is shorter than its modulus: CKR_KEY_SIZE_RANGE, and no
 * private keys at all: CKR_KEY_NOT_WRAPPABLE. */
static void
test_rsa(void **state)
{
	CK_MECHANISM rsa = { CKM_RSA_PKCS, NULL, 0 };
	CK_OBJECT_HANDLE with, pair[2];

	need_mechanism(CKM_RSA_PKCS, CKF_WRAP | CKF_UNWRAP);
	with = rsa_public_copy(suite.rsa, CKF_WRAP);
	assert_ok(wrap_by(&plain, rsa, with, secret()));
	assert_rv(CKR_KEY_SIZE_RANGE,
		  wrap_by(&plain, rsa, with,
			  secret_make(CKK_GENERIC_SECRET, 250, CKF_SIGN)));
	login();
	ec_pair_make(CKF_SIGN, &pair[0], &pair[1]);
	assert_int_not_equal(wrap_by(&plain, rsa, with, pair[1]), CKR_OK);
}

static const struct CMUnitTest list[] = {
	CASES_OF("plain", plain),
	CASES_OF("tagged", tagged),
	CASE("/wrapping/rsa", test_rsa),
};

const struct cases wrapping_cases = CASES("wrapping", list);
