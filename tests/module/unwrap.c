/* 5.18.4, 5.18.5: how long a key becomes that was wrapped, what the key that
 * unwraps or derives it adds to its template, and what it says of itself. */
#include "suite.h"

enum { BLOCK = 16 };

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_BYTE iv[BLOCK];
static struct wrapped wrapped;
static CK_MECHANISM key_wrap = { CKM_AES_KEY_WRAP, NULL, 0 };
static CK_MECHANISM cbc = { CKM_AES_CBC, iv, sizeof(iv) };
static CK_MECHANISM cbc_pad = { CKM_AES_CBC_PAD, iv, sizeof(iv) };

static void
wrap(CK_MECHANISM *mechanism, CK_OBJECT_HANDLE with, CK_OBJECT_HANDLE key)
{
	CK_RV rv;

	wrapped.size = sizeof(wrapped.bytes);
	rv = suite.p11->C_WrapKey(suite.session, mechanism, with, key,
				  wrapped.bytes, &wrapped.size);
	if (rv == CKR_KEY_SIZE_RANGE || rv == CKR_KEY_NOT_WRAPPABLE)
		skip(); /* "tokens vary in which types of keys" */
	assert_ok(rv);
}

static CK_OBJECT_HANDLE
wrapper(CK_MECHANISM_TYPE type)
{
	need_mechanism(type, CKF_WRAP | CKF_UNWRAP);
	return secret_make(CKK_AES, 16, CKF_WRAP | CKF_UNWRAP);
}

static void
assert_same_value(CK_OBJECT_HANDLE one, CK_OBJECT_HANDLE other)
{
	CK_BYTE a[64], b[64];
	CK_ATTRIBUTE first = { CKA_VALUE, a, sizeof(a) };
	CK_ATTRIBUTE second = { CKA_VALUE, b, sizeof(b) };
	CK_SESSION_HANDLE s = suite.session;

	assert_ok(suite.p11->C_GetAttributeValue(s, one, &first, 1));
	assert_ok(suite.p11->C_GetAttributeValue(s, other, &second, 1));
	assert_int_equal(first.ulValueLen, second.ulValueLen);
	assert_memory_equal(a, b, first.ulValueLen);
}

/* "If any length conflict occurs between the key type of the unwrapped key, the
 * output from the unwrapping mechanism, or the specified CKA_VALUE_LEN, then
 * the function SHALL return CKR_WRAPPED_KEY_LEN_RANGE." */
static void
test_conflict(void **state)
{
	static const struct {
		CK_KEY_TYPE type;
		CK_ULONG length;
	} conflicts[] = {
		{ CKK_GENERIC_SECRET, 8 }, { CKK_GENERIC_SECRET, 17 },
		{ CKK_AES, 32 },	   { CKK_AES, 17 },
		{ CKK_DES3, 0 },	   { CKK_DES3, 24 },
		{ CKK_DES3, 16 },
	};
	CK_OBJECT_HANDLE with = wrapper(CKM_AES_KEY_WRAP), made;
	CK_OBJECT_HANDLE key = secret_make(CKK_GENERIC_SECRET, 16, CKF_SIGN);
	size_t i;

	wrap(&key_wrap, with, key);
	for (i = 0; i < sizeof(conflicts) / sizeof(conflicts[0]); i++)
		assert_rv(CKR_WRAPPED_KEY_LEN_RANGE,
			  secret_unwrap(&key_wrap, with, &wrapped,
					conflicts[i].type, conflicts[i].length,
					&made));
	/* "MAY specify CKA_VALUE_LEN" */
	assert_ok(secret_unwrap(&key_wrap, with, &wrapped, CKK_AES, 16, &made));
	assert_same_value(key, made);
}

/* 6.13.4, 6.16.3: a key that does not fill its last block is "padded on the
 * trailing end with up to block size minus one null bytes"; the template says
 * where it ends. */
static void
test_filled(void **state)
{
	CK_MECHANISM *mechanism = *state;
	CK_ULONG block = mechanism == &cbc ? 16 : 8;
	CK_ULONG whole = mechanism == &cbc ? 32 : 24;
	CK_OBJECT_HANDLE with = wrapper(mechanism->mechanism), made;
	CK_OBJECT_HANDLE key = secret_make(CKK_GENERIC_SECRET, 21, CKF_SIGN);

	wrap(mechanism, with, key);
	assert_int_equal(wrapped.size, 32);
	assert_ok(secret_unwrap(mechanism, with, &wrapped, CKK_GENERIC_SECRET,
				21, &made));
	assert_same_value(key, made);
	assert_rv(CKR_WRAPPED_KEY_LEN_RANGE,
		  secret_unwrap(mechanism, with, &wrapped, CKK_GENERIC_SECRET,
				whole + 1, &made));
	assert_rv(CKR_WRAPPED_KEY_LEN_RANGE,
		  secret_unwrap(mechanism, with, &wrapped, CKK_GENERIC_SECRET,
				whole - block, &made));
}

/* Of a type that has one length it need not be told. */
static void
test_fixed(void **state)
{
	CK_OBJECT_HANDLE with = wrapper(CKM_AES_CBC), made, key;

	need_mechanism(CKM_DES3_CBC, CKF_DECRYPT);
	key = secret_make(CKK_DES3, 24, CKF_DECRYPT);
	wrap(&cbc, with, key);
	assert_ok(secret_unwrap(&cbc, with, &wrapped, CKK_DES3, 0, &made));
	assert_same_value(key, made);
}

/* An EC key of the session that may leave it. */
static CK_OBJECT_HANDLE
private_make(void)
{
	static CK_BYTE p256[] = { 0x06, 0x08, 0x2a, 0x86, 0x48,
				  0xce, 0x3d, 0x03, 0x01, 0x07 };
	CK_MECHANISM mechanism = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
	CK_ATTRIBUTE public_list[] = { { CKA_EC_PARAMS, p256, sizeof(p256) } };
	CK_ATTRIBUTE private_list[] = { { CKA_SENSITIVE, &no, 1 },
					{ CKA_EXTRACTABLE, &yes, 1 },
					{ CKA_SIGN, &yes, 1 } };
	CK_OBJECT_HANDLE pair[2];

	need_mechanism(CKM_EC_KEY_PAIR_GEN, CKF_GENERATE_KEY_PAIR);
	assert_ok(suite.p11->C_GenerateKeyPair(suite.session, &mechanism,
					       public_list, 1, private_list, 3,
					       &pair[0], &pair[1]));
	return pair[1];
}

static CK_RV
unwrap_private(CK_OBJECT_HANDLE with, CK_KEY_TYPE type, CK_OBJECT_HANDLE *key)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE list[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_KEY_TYPE, &type, sizeof(type) },
	};

	return suite.p11->C_UnwrapKey(suite.session, &cbc_pad, with,
				      wrapped.bytes, wrapped.size, list, 2,
				      key);
}

/* "The new key will have the CKA_ALWAYS_SENSITIVE attribute set to CK_FALSE,
 * and the CKA_NEVER_EXTRACTABLE attribute set to CK_FALSE. The CKA_EXTRACTABLE
 * attribute is by default set to CK_TRUE ... CKA_LOCAL attribute set to
 * CK_FALSE", private keys, too; 4.8: then CKA_KEY_GEN_MECHANISM is
 * CK_UNAVAILABLE_INFORMATION. */
static void
test_private(void **state)
{
	CK_BBOOL flags[4] = { 7, 7, 7, 7 };
	CK_MECHANISM_TYPE made_by = 7;
	CK_ATTRIBUTE told[] = {
		{ CKA_ALWAYS_SENSITIVE, &flags[0], 1 },
		{ CKA_NEVER_EXTRACTABLE, &flags[1], 1 },
		{ CKA_LOCAL, &flags[2], 1 },
		{ CKA_EXTRACTABLE, &flags[3], 1 },
		{ CKA_KEY_GEN_MECHANISM, &made_by, sizeof(made_by) },
	};
	CK_OBJECT_HANDLE with = wrapper(CKM_AES_CBC_PAD), made;

	login();
	wrap(&cbc_pad, with, private_make());
	assert_ok(unwrap_private(with, CKK_EC, &made));
	assert_ok(suite.p11->C_GetAttributeValue(suite.session, made, told, 5));
	assert_int_equal(flags[0], CK_FALSE);
	assert_int_equal(flags[1], CK_FALSE);
	assert_int_equal(flags[2], CK_FALSE);
	assert_int_equal(flags[3], CK_TRUE);
	assert_int_equal(made_by, CK_UNAVAILABLE_INFORMATION);
	/* it is not the key that the template tells of */
	assert_int_not_equal(unwrap_private(with, CKK_RSA, &made), CKR_OK);
}

/* PrivateKeyInfo (RFC 5208) of EC keys: on a curve that there is not, and with
 * parameters that are no curve's name. */
static CK_BYTE no_curve[] = {
	0x30, 0x2b, 0x02, 0x01, 0x00, 0x30, 0x0f, 0x06, 0x07, 0x2a, 0x86, 0x48,
	0xce, 0x3d, 0x02, 0x01, 0x06, 0x04, 0x2a, 0x03, 0x04, 0x05, 0x04, 0x15,
	0x30, 0x13, 0x02, 0x01, 0x01, 0x04, 0x0e, 0x01, 0x02, 0x03, 0x04, 0x05,
	0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e,
};
static CK_BYTE no_name[] = {
	0x30, 0x2a, 0x02, 0x01, 0x00, 0x30, 0x0e, 0x06, 0x07, 0x2a, 0x86,
	0x48, 0xce, 0x3d, 0x02, 0x01, 0x30, 0x03, 0x02, 0x01, 0x01, 0x04,
	0x15, 0x30, 0x13, 0x02, 0x01, 0x01, 0x04, 0x0e, 0x01, 0x02, 0x03,
	0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e,
};

static CK_RV
unwrap_encoded(CK_OBJECT_HANDLE with, CK_BYTE *encoded, CK_ULONG size)
{
	CK_OBJECT_HANDLE made;

	wrapped.size = sizeof(wrapped.bytes);
	assert_ok(suite.p11->C_EncryptInit(suite.session, &cbc_pad, with));
	assert_ok(suite.p11->C_Encrypt(suite.session, encoded, size,
				       wrapped.bytes, &wrapped.size));
	return unwrap_private(with, CKK_EC, &made);
}

/* 6.3: CKR_CURVE_NOT_SUPPORTED, and CKR_DOMAIN_PARAMS_INVALID for "an
 * unsupported representation of domain parameters" */
static void
test_curve(void **state)
{
	CK_OBJECT_HANDLE with;

	need_made();
	need_mechanism(CKM_AES_CBC_PAD, CKF_ENCRYPT | CKF_UNWRAP);
	login();
	with = secret_make(CKK_AES, 16, CKF_ENCRYPT | CKF_UNWRAP);
	assert_rv(CKR_CURVE_NOT_SUPPORTED,
		  unwrap_encoded(with, no_curve, sizeof(no_curve)));
	assert_rv(CKR_DOMAIN_PARAMS_INVALID,
		  unwrap_encoded(with, no_name, sizeof(no_name)));
}

/* What C_EncryptMessage has sealed comes as a key of this class and type. */
static CK_RV
unwrap_sealed(CK_OBJECT_CLASS class, CK_KEY_TYPE type, CK_BYTE *in,
	      CK_ULONG size)
{
	static CK_BYTE tag[16];
	CK_GCM_MESSAGE_PARAMS p = { iv,		  12,  0,
				    CKG_GENERATE, tag, 8 * sizeof(tag) };
	CK_MECHANISM mechanism = { CKM_AES_GCM, &p, sizeof(p) };
	CK_MECHANISM begin = { CKM_AES_GCM, NULL, 0 };
	CK_ATTRIBUTE list[] = { { CKA_CLASS, &class, sizeof(class) },
				{ CKA_KEY_TYPE, &type, sizeof(type) } };
	CK_FUNCTION_LIST_3_2 *p11 = need_3_2();
	CK_OBJECT_HANDLE with, made;

	with = secret_make(CKK_AES, 16, CKF_ENCRYPT | CKF_UNWRAP);
	wrapped.size = sizeof(wrapped.bytes);
	assert_ok(p11->C_MessageEncryptInit(suite.session, &begin, with));
	assert_ok(p11->C_EncryptMessage(suite.session, &p, sizeof(p), NULL, 0,
					in, size, wrapped.bytes,
					&wrapped.size));
	assert_ok(p11->C_MessageEncryptFinal(suite.session));
	assert_int_equal(wrapped.size, size);
	p.ivGenerator = CKG_NO_GENERATE;
	return p11->C_UnwrapKeyAuthenticated(suite.session, &mechanism, with,
					     wrapped.bytes, size, list, 2, NULL,
					     0, &made);
}

/* 5.18.7: authentic, and no AES key by its length, no EC key by its curve. */
static void
test_sealed(void **state)
{
	CK_OBJECT_CLASS secret = CKO_SECRET_KEY, private = CKO_PRIVATE_KEY;

	need_mechanism(CKM_AES_GCM, CKF_UNWRAP | CKF_MESSAGE_ENCRYPT);
	login();
	assert_rv(CKR_WRAPPED_KEY_LEN_RANGE,
		  unwrap_sealed(secret, CKK_AES, no_name, 3));
	assert_rv(CKR_CURVE_NOT_SUPPORTED,
		  unwrap_sealed(private, CKK_EC, no_curve, sizeof(no_curve)));
	assert_rv(CKR_DOMAIN_PARAMS_INVALID,
		  unwrap_sealed(private, CKK_EC, no_name, sizeof(no_name)));
}

/* A key that adds this label to what it makes. */
static CK_OBJECT_HANDLE
template_key(CK_KEY_TYPE type, CK_ATTRIBUTE_TYPE template,
	     CK_ATTRIBUTE_TYPE usage)
{
	static CK_ATTRIBUTE inner = { CKA_LABEL, (void *)"partition", 9 };
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_BYTE value[BLOCK] = { 8 };
	CK_ATTRIBUTE list[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_KEY_TYPE, &type, sizeof(type) },
		{ CKA_PRIVATE, &no, 1 },
		{ CKA_WRAP, &yes, 1 },
		{ usage, &yes, 1 },
		{ CKA_VALUE, value, sizeof(value) },
		{ template, &inner, sizeof(inner) },
	};
	CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;

	if (suite.p11->C_CreateObject(suite.session, list, 7, &key) != CKR_OK)
		skip();
	return key;
}

static CK_RV
unwrap_labelled(CK_OBJECT_HANDLE with, const char *label,
		CK_OBJECT_HANDLE *made)
{
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_ATTRIBUTE list[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_KEY_TYPE, &type, sizeof(type) },
		{ CKA_PRIVATE, &no, 1 },
		{ CKA_LABEL, (void *)label, label == NULL ? 0 : strlen(label) },
	};

	return suite.p11->C_UnwrapKey(suite.session, &key_wrap, with,
				      wrapped.bytes, wrapped.size, list,
				      label == NULL ? 3 : 4, made);
}

static CK_RV
derive_labelled(CK_OBJECT_HANDLE from, const char *label,
		CK_OBJECT_HANDLE *made)
{
	CK_MECHANISM hash = { CKM_SHA256_KEY_DERIVATION, NULL, 0 };
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_ATTRIBUTE list[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_KEY_TYPE, &type, sizeof(type) },
		{ CKA_PRIVATE, &no, 1 },
		{ CKA_LABEL, (void *)label, label == NULL ? 0 : strlen(label) },
	};

	return suite.p11->C_DeriveKey(suite.session, &hash, from, list,
				      label == NULL ? 3 : 4, made);
}

typedef CK_RV make_labelled(CK_OBJECT_HANDLE with, const char *label,
			    CK_OBJECT_HANDLE *made);

/* "an attribute set that will be added to attributes of the key ... If any
 * attribute conflict occurs ... the function SHALL return
 * CKR_TEMPLATE_INCONSISTENT." */
static void
assert_partition(make_labelled *make, CK_OBJECT_HANDLE with)
{
	CK_ATTRIBUTE label = { CKA_LABEL, (void *)"partition", 9 };
	CK_OBJECT_HANDLE made;

	assert_ok(make(with, NULL, &made));
	assert_int_equal(object_count(&label, 1), 1);
	assert_ok(make(with, "partition", &made));
	assert_int_equal(object_count(&label, 1), 2);
	assert_rv(CKR_TEMPLATE_INCONSISTENT, make(with, "other", &made));
	assert_int_equal(object_count(&label, 1), 2);
}

static void
test_unwrap_template(void **state)
{
	CK_OBJECT_HANDLE with;

	need_mechanism(CKM_AES_KEY_WRAP, CKF_WRAP | CKF_UNWRAP);
	with = template_key(CKK_AES, CKA_UNWRAP_TEMPLATE, CKA_UNWRAP);
	wrap(&key_wrap, with, secret_make(CKK_GENERIC_SECRET, 16, CKF_SIGN));
	assert_partition(unwrap_labelled, with);
}

static void
test_derive_template(void **state)
{
	need_mechanism(CKM_SHA256_KEY_DERIVATION, CKF_DERIVE);
	assert_partition(derive_labelled,
			 template_key(CKK_GENERIC_SECRET, CKA_DERIVE_TEMPLATE,
				      CKA_DERIVE));
}

static const struct CMUnitTest list[] = {
	CASE("/unwrap/length/conflict", test_conflict),
	CASE_OF("/unwrap/length/cbc", test_filled, &cbc),
	CASE_OF("/unwrap/length/key-wrap", test_filled, &key_wrap),
	CASE("/unwrap/length/fixed", test_fixed),
	CASE("/unwrap/private", test_private),
	CASE("/unwrap/curve", test_curve),
	CASE("/unwrap/sealed", test_sealed),
	CASE("/unwrap/template", test_unwrap_template),
	CASE("/unwrap/template/derive", test_derive_template),
};

const struct cases unwrap_cases = CASES("unwrap", list);
