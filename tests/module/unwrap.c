/* 5.18.4, 5.18.5: how long a key becomes that was wrapped, what the key that
 * unwraps or derives it adds to its template, and what it says of itself. */
#include "suite.h"

enum { ROOM = 512, BLOCK = 16 };

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_BYTE wrapped[ROOM], iv[BLOCK];
static CK_ULONG wrapped_size;
static CK_MECHANISM key_wrap = { CKM_AES_KEY_WRAP, NULL, 0 };
static CK_MECHANISM cbc = { CKM_AES_CBC, iv, sizeof(iv) };
static CK_MECHANISM cbc_pad = { CKM_AES_CBC_PAD, iv, sizeof(iv) };

static void
wrap(CK_MECHANISM *mechanism, CK_OBJECT_HANDLE with, CK_OBJECT_HANDLE key)
{
	CK_RV rv;

	wrapped_size = ROOM;
	rv = suite.p11->C_WrapKey(suite.session, mechanism, with, key, wrapped,
				  &wrapped_size);
	if (rv == CKR_KEY_SIZE_RANGE || rv == CKR_KEY_NOT_WRAPPABLE)
		skip(); /* "tokens vary in which types of keys" */
	assert_ok(rv);
}

/* As a key of this type; a LENGTH of 0 is not told. */
static CK_RV
unwrap_secret(CK_MECHANISM *mechanism, CK_OBJECT_HANDLE with, CK_KEY_TYPE type,
	      CK_ULONG length, CK_OBJECT_HANDLE *key)
{
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_ATTRIBUTE list[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_KEY_TYPE, &type, sizeof(type) },
		{ CKA_PRIVATE, &no, 1 },
		{ CKA_SENSITIVE, &no, 1 },
		{ CKA_EXTRACTABLE, &yes, 1 },
		{ CKA_VALUE_LEN, &length, sizeof(length) },
	};

	return suite.p11->C_UnwrapKey(suite.session, mechanism, with, wrapped,
				      wrapped_size, list, length == 0 ? 5 : 6,
				      key);
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
			  unwrap_secret(&key_wrap, with, conflicts[i].type,
					conflicts[i].length, &made));
	/* "MAY specify CKA_VALUE_LEN" */
	assert_ok(unwrap_secret(&key_wrap, with, CKK_AES, 16, &made));
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
	assert_int_equal(wrapped_size, 32);
	assert_ok(
		unwrap_secret(mechanism, with, CKK_GENERIC_SECRET, 21, &made));
	assert_same_value(key, made);
	assert_rv(CKR_WRAPPED_KEY_LEN_RANGE,
		  unwrap_secret(mechanism, with, CKK_GENERIC_SECRET, whole + 1,
				&made));
	assert_rv(CKR_WRAPPED_KEY_LEN_RANGE,
		  unwrap_secret(mechanism, with, CKK_GENERIC_SECRET,
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
	assert_ok(unwrap_secret(&cbc, with, CKK_DES3, 0, &made));
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

	return suite.p11->C_UnwrapKey(suite.session, &cbc_pad, with, wrapped,
				      wrapped_size, list, 2, key);
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

	return suite.p11->C_UnwrapKey(suite.session, &key_wrap, with, wrapped,
				      wrapped_size, list, label == NULL ? 3 : 4,
				      made);
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

/* By RSA, as a message is for whom it is encrypted: the token's own key, which
 * may be on a card. */

static CK_RSA_PKCS_OAEP_PARAMS oaep_params = { CKM_SHA_1, CKG_MGF1_SHA1,
					       CKZ_DATA_SPECIFIED, NULL, 0 };
static CK_MECHANISM pkcs = { CKM_RSA_PKCS, NULL, 0 };
static CK_MECHANISM oaep = { CKM_RSA_PKCS_OAEP, &oaep_params,
			     sizeof(oaep_params) };
static CK_BYTE content[16] = "the content's k";

/* Gives the key that unwraps it. */
static CK_OBJECT_HANDLE
encrypt_content(CK_MECHANISM *mechanism)
{
	CK_SESSION_HANDLE s = suite.session;

	need_mechanism(mechanism->mechanism, CKF_UNWRAP);
	if (session_state(s) != CKS_RW_USER_FUNCTIONS)
		login();
	wrapped_size = ROOM;
	assert_ok(suite.p11->C_EncryptInit(
		s, mechanism, rsa_public_copy(suite.decrypt, CKF_ENCRYPT)));
	assert_ok(suite.p11->C_Encrypt(s, content, sizeof(content), wrapped,
				       &wrapped_size));
	return object_get(CKO_PRIVATE_KEY, suite.decrypt);
}

/* "recovers": the key is the one that was wrapped. */
static void
test_rsa(void **state)
{
	CK_MECHANISM *mechanism = *state;
	CK_OBJECT_HANDLE with = encrypt_content(mechanism), made;
	CK_BYTE value[32];
	CK_BBOOL local = 7;
	CK_ATTRIBUTE told[] = { { CKA_VALUE, value, sizeof(value) },
				{ CKA_LOCAL, &local, 1 } };

	assert_ok(unwrap_secret(mechanism, with, CKK_AES, 0, &made));
	assert_ok(suite.p11->C_GetAttributeValue(suite.session, made, told, 2));
	assert_int_equal(told[0].ulValueLen, sizeof(content));
	assert_memory_equal(value, content, sizeof(content));
	assert_int_equal(local, CK_FALSE);
	assert_ok(
		unwrap_secret(mechanism, with, CKK_GENERIC_SECRET, 16, &made));
}

/* CKR_WRAPPED_KEY_INVALID, CKR_WRAPPED_KEY_LEN_RANGE; of PKCS #1 v1.5 nothing
 * is told but that it is wrong (RFC 8017, 7.2). */
static void
test_rsa_invalid(void **state)
{
	CK_MECHANISM *mechanism = *state;
	CK_OBJECT_HANDLE with = encrypt_content(mechanism), made;
	CK_ULONG before = object_count(NULL, 0);
	CK_RV length = mechanism == &oaep ? CKR_WRAPPED_KEY_LEN_RANGE
					  : CKR_WRAPPED_KEY_INVALID;
	CK_RV rv;

	rv = unwrap_secret(mechanism, with, CKK_AES, 32, &made);
	assert_one_of(rv, length,
		      suite.strict ? length : CKR_WRAPPED_KEY_LEN_RANGE);
	wrapped_size--;
	rv = unwrap_secret(mechanism, with, CKK_AES, 0, &made);
	assert_one_of(rv, CKR_WRAPPED_KEY_LEN_RANGE, CKR_WRAPPED_KEY_INVALID);
	wrapped_size++;
	memset(wrapped, 0, wrapped_size); /* what 1 decrypts to */
	wrapped[wrapped_size - 1] = 1;
	assert_rv(CKR_WRAPPED_KEY_INVALID,
		  unwrap_secret(mechanism, with, CKK_AES, 0, &made));
	assert_int_equal(object_count(NULL, 0), before);
}

/* The key that unwraps: CKR_UNWRAPPING_KEY_*; CKA_UNWRAP "MUST be CK_TRUE". */
static void
test_rsa_key(void **state)
{
	CK_MECHANISM raw = { CKM_RSA_X_509, NULL, 0 };
	CK_OBJECT_HANDLE with = encrypt_content(&pkcs), made;
	CK_OBJECT_HANDLE other = object_get(CKO_PRIVATE_KEY, suite.ec);
	CK_RV unfit = CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT;

	need_strict();
	assert_rv(CKR_MECHANISM_INVALID,
		  unwrap_secret(&raw, with, CKK_AES, 0, &made));
	assert_rv(CKR_UNWRAPPING_KEY_HANDLE_INVALID,
		  unwrap_secret(&pkcs, 0, CKK_AES, 0, &made));
	assert_rv(unfit, unwrap_secret(&pkcs, other, CKK_AES, 0, &made));
	other = object_get(CKO_PUBLIC_KEY, suite.decrypt);
	assert_rv(unfit, unwrap_secret(&pkcs, other, CKK_AES, 0, &made));
	assert_ok(suite.p11->C_Logout(suite.session));
	assert_rv(CKR_UNWRAPPING_KEY_HANDLE_INVALID,
		  unwrap_secret(&pkcs, with, CKK_AES, 0, &made));
	login();
	if (suite.card)
		other = rsa_private_without(CKF_UNWRAP);
	else
		rsa_pair_make(CKF_DECRYPT, &with, &other);
	assert_rv(CKR_KEY_FUNCTION_NOT_PERMITTED,
		  unwrap_secret(&pkcs, other, CKK_AES, 0, &made));
}

/* 4.1.1: what cannot be made of any content */
static void
test_rsa_template(void **state)
{
	CK_OBJECT_HANDLE with = encrypt_content(&pkcs), made;
	CK_OBJECT_CLASS class = CKO_SECRET_KEY, private = CKO_PRIVATE_KEY;
	CK_KEY_TYPE type = CKK_RSA;
	CK_ATTRIBUTE list[] = { { CKA_CLASS, &class, sizeof(class) } };
	CK_ATTRIBUTE key[] = { { CKA_CLASS, &private, sizeof(private) },
			       { CKA_KEY_TYPE, &type, sizeof(type) } };
	CK_FUNCTION_LIST *p = suite.p11;

	need_strict();
	assert_rv(CKR_TEMPLATE_INCOMPLETE,
		  p->C_UnwrapKey(suite.session, &pkcs, with, wrapped,
				 wrapped_size, list, 1, &made));
	assert_rv(CKR_TEMPLATE_INCONSISTENT,
		  p->C_UnwrapKey(suite.session, &pkcs, with, wrapped,
				 wrapped_size, key, 2, &made));
	assert_rv(CKR_ARGUMENTS_BAD,
		  p->C_UnwrapKey(suite.session, &pkcs, with, wrapped,
				 wrapped_size, list, 1, NULL));
}

/* CKR_WRAPPING_KEY_SIZE_RANGE, CKR_UNWRAPPING_KEY_SIZE_RANGE: a modulus that
 * has no room for two hashes (RFC 8017, 7.1.1) */
static void
test_rsa_size(void **state)
{
	CK_RSA_PKCS_OAEP_PARAMS params = { CKM_SHA512, CKG_MGF1_SHA512,
					   CKZ_DATA_SPECIFIED, NULL, 0 };
	CK_MECHANISM large = { CKM_RSA_PKCS_OAEP, &params, sizeof(params) };
	CK_MECHANISM generate = { CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0 };
	CK_ULONG bits = 1024;
	CK_ATTRIBUTE of_public[] = { { CKA_MODULUS_BITS, &bits, sizeof(bits) },
				     { CKA_WRAP, &yes, 1 } };
	CK_ATTRIBUTE of_private = { CKA_UNWRAP, &yes, 1 };
	CK_OBJECT_HANDLE keys[2], key, made;

	need_made();
	need_mechanism(CKM_RSA_PKCS_OAEP, CKF_WRAP | CKF_UNWRAP);
	login();
	assert_ok(suite.p11->C_GenerateKeyPair(suite.session, &generate,
					       of_public, 2, &of_private, 1,
					       &keys[0], &keys[1]));
	key = secret_make(CKK_GENERIC_SECRET, 16, CKF_SIGN);
	wrapped_size = ROOM;
	assert_rv(CKR_WRAPPING_KEY_SIZE_RANGE,
		  suite.p11->C_WrapKey(suite.session, &large, keys[0], key,
				       wrapped, &wrapped_size));
	wrapped_size = 128;
	assert_rv(CKR_UNWRAPPING_KEY_SIZE_RANGE,
		  unwrap_secret(&large, keys[1], CKK_AES, 0, &made));
}

static const struct CMUnitTest list[] = {
	CASE("/unwrap/length/conflict", test_conflict),
	CASE_OF("/unwrap/length/cbc", test_filled, &cbc),
	CASE_OF("/unwrap/length/key-wrap", test_filled, &key_wrap),
	CASE("/unwrap/length/fixed", test_fixed),
	CASE("/unwrap/private", test_private),
	CASE("/unwrap/template", test_unwrap_template),
	CASE("/unwrap/template/derive", test_derive_template),
	CASE_OF("/unwrap/rsa/pkcs", test_rsa, &pkcs),
	CASE_OF("/unwrap/rsa/oaep", test_rsa, &oaep),
	CASE_OF("/unwrap/rsa/pkcs/invalid", test_rsa_invalid, &pkcs),
	CASE_OF("/unwrap/rsa/oaep/invalid", test_rsa_invalid, &oaep),
	CASE("/unwrap/rsa/key", test_rsa_key),
	CASE("/unwrap/rsa/template", test_rsa_template),
	CASE("/unwrap/rsa/key-size", test_rsa_size),
};

const struct cases unwrap_cases = CASES("unwrap", list);
