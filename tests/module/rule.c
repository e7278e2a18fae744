/* Rules of objects, sessions and operations that hold from one function to the
 * next: how keys say where they come from (4.10, 5.7, 5.18), copies (5.7.2),
 * arrays of attributes (5.7.5), what is cancelled (5.6.5) and who waits
 * (5.5.4). */
#include <pthread.h>

#include "suite.h"

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_OBJECT_CLASS secret_class = CKO_SECRET_KEY;
static CK_KEY_TYPE generic = CKK_GENERIC_SECRET, aes = CKK_AES;
static CK_MECHANISM hash = { CKM_SHA256_KEY_DERIVATION, NULL, 0 };
static CK_MECHANISM sha256 = { CKM_SHA256, NULL, 0 };

static CK_BBOOL
flag_of(CK_OBJECT_HANDLE key, CK_ATTRIBUTE_TYPE type)
{
	CK_BBOOL value = 7;
	CK_ATTRIBUTE one = { type, &value, 1 };

	assert_ok(suite.p11->C_GetAttributeValue(suite.session, key, &one, 1));
	return value;
}

static void
assert_origin(CK_OBJECT_HANDLE key, CK_BBOOL local, CK_BBOOL always_sensitive,
	      CK_BBOOL never_extractable)
{
	assert_int_equal(flag_of(key, CKA_LOCAL), local);
	assert_int_equal(flag_of(key, CKA_ALWAYS_SENSITIVE), always_sensitive);
	assert_int_equal(flag_of(key, CKA_NEVER_EXTRACTABLE),
			 never_extractable);
}

/* A secret key of the session, made here. */
static CK_OBJECT_HANDLE
generate(CK_BBOOL sensitive, CK_BBOOL extractable)
{
	CK_MECHANISM mechanism = { CKM_AES_KEY_GEN, NULL, 0 };
	CK_ULONG size = 16;
	CK_ATTRIBUTE list[] = {
		{ CKA_VALUE_LEN, &size, sizeof(size) },
		{ CKA_PRIVATE, &no, 1 },
		{ CKA_DERIVE, &yes, 1 },
		{ CKA_WRAP, &yes, 1 },
		{ CKA_UNWRAP, &yes, 1 },
		{ CKA_SENSITIVE, &sensitive, 1 },
		{ CKA_EXTRACTABLE, &extractable, 1 },
	};
	CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;

	need_mechanism(CKM_AES_KEY_GEN, CKF_GENERATE);
	assert_ok(suite.p11->C_GenerateKey(suite.session, &mechanism, list, 7,
					   &key));
	return key;
}

/* What 4.10 leaves to the token when a template does not say it: programs read
 * or wrap the secret that they make for one message (Java's KeyGenerator and
 * KeyAgreement); a secret that stays on the token does not leave it. */
static void
test_secret_defaults(void **state)
{
	CK_MECHANISM mechanism = { CKM_AES_KEY_GEN, NULL, 0 };
	CK_ULONG size = 16;
	CK_BYTE value[16];
	CK_ATTRIBUTE list[] = {
		{ CKA_VALUE_LEN, &size, sizeof(size) },
		{ CKA_TOKEN, &yes, 1 },
	};
	CK_ATTRIBUTE wanted = { CKA_VALUE, value, sizeof(value) };
	CK_OBJECT_HANDLE session_key, token_key;

	need_strict();
	need_made();
	need_mechanism(CKM_AES_KEY_GEN, CKF_GENERATE);
	login();
	assert_ok(suite.p11->C_GenerateKey(suite.session, &mechanism, list, 1,
					   &session_key));
	assert_int_equal(flag_of(session_key, CKA_SENSITIVE), CK_FALSE);
	assert_int_equal(flag_of(session_key, CKA_EXTRACTABLE), CK_TRUE);
	assert_ok(suite.p11->C_GetAttributeValue(suite.session, session_key,
						 &wanted, 1));
	assert_ok(suite.p11->C_GenerateKey(suite.session, &mechanism, list, 2,
					   &token_key));
	assert_int_equal(flag_of(token_key, CKA_EXTRACTABLE), CK_FALSE);
	assert_rv(CKR_ATTRIBUTE_SENSITIVE,
		  suite.p11->C_GetAttributeValue(suite.session, token_key,
						 &wanted, 1));
}

/* 4.8, 4.9: likewise what an RSA key may do. Java's Cipher recovers what was
 * encrypted with a private key, and does not say so when it makes the key. */
static void
test_rsa_defaults(void **state)
{
	CK_MECHANISM mechanism = { CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0 };
	CK_ULONG bits = 2048;
	CK_ATTRIBUTE list = { CKA_MODULUS_BITS, &bits, sizeof(bits) };
	CK_OBJECT_HANDLE pair[2];

	need_strict();
	need_made();
	need_mechanism(CKM_RSA_PKCS, CKF_SIGN_RECOVER | CKF_VERIFY_RECOVER);
	login();
	assert_ok(suite.p11->C_GenerateKeyPair(suite.session, &mechanism, &list,
					       1, NULL, 0, &pair[0], &pair[1]));
	assert_int_equal(flag_of(pair[0], CKA_VERIFY_RECOVER), CK_TRUE);
	assert_int_equal(flag_of(pair[1], CKA_SIGN_RECOVER), CK_TRUE);
	assert_int_equal(flag_of(pair[1], CKA_EXTRACTABLE), CK_FALSE);
}

/* 5.18.1, 4.10: of what was made here. */
static void
test_generated(void **state)
{
	int i;

	for (i = 0; i < 4; i++) {
		CK_BBOOL sensitive = i & 1 ? CK_TRUE : CK_FALSE;
		CK_BBOOL extractable = i & 2 ? CK_TRUE : CK_FALSE;

		assert_origin(generate(sensitive, extractable), CK_TRUE,
			      sensitive, !extractable);
	}
}

/* 5.7.1: of what was brought in, however sheltered it is from now on. */
static void
test_created(void **state)
{
	CK_BYTE value[16] = { 3 };
	CK_ATTRIBUTE list[] = {
		{ CKA_CLASS, &secret_class, sizeof(secret_class) },
		{ CKA_KEY_TYPE, &generic, sizeof(generic) },
		{ CKA_PRIVATE, &no, 1 },
		{ CKA_SENSITIVE, &yes, 1 },
		{ CKA_EXTRACTABLE, &no, 1 },
		{ CKA_VALUE, value, sizeof(value) },
	};
	CK_OBJECT_HANDLE key;

	if (suite.p11->C_CreateObject(suite.session, list, 6, &key) != CKR_OK)
		skip();
	assert_origin(key, CK_FALSE, CK_FALSE, CK_FALSE);
}

/* 6.24.3: "If the base key has its CKA_ALWAYS_SENSITIVE attribute set to
 * CK_FALSE, then the derived key will as well"; else it is as CKA_SENSITIVE of
 * the derived key; CKA_NEVER_EXTRACTABLE likewise. */
static void
test_derived(void **state)
{
	int i;

	need_mechanism(CKM_SHA256_KEY_DERIVATION, CKF_DERIVE);
	for (i = 0; i < 4; i++) {
		CK_BBOOL base_open = i & 1 ? CK_TRUE : CK_FALSE;
		CK_BBOOL open = i & 2 ? CK_TRUE : CK_FALSE;
		CK_BBOOL closed = !open;
		CK_ATTRIBUTE list[] = {
			{ CKA_CLASS, &secret_class, sizeof(secret_class) },
			{ CKA_KEY_TYPE, &generic, sizeof(generic) },
			{ CKA_PRIVATE, &no, 1 },
			{ CKA_SENSITIVE, &closed, 1 },
			{ CKA_EXTRACTABLE, &open, 1 },
		};
		CK_OBJECT_HANDLE base = generate(!base_open, base_open), key;

		assert_ok(suite.p11->C_DeriveKey(suite.session, &hash, base,
						 list, 5, &key));
		assert_origin(key, CK_FALSE, !base_open && !open,
			      !base_open && !open);
	}
}

/* 5.18.4: of what was unwrapped; CKA_EXTRACTABLE is CK_TRUE where nothing else
 * is said. */
static void
test_unwrapped(void **state)
{
	CK_MECHANISM wrap = { CKM_AES_KEY_WRAP, NULL, 0 };
	CK_BYTE wrapped[64];
	CK_ULONG size = sizeof(wrapped);
	CK_ATTRIBUTE list[] = {
		{ CKA_CLASS, &secret_class, sizeof(secret_class) },
		{ CKA_KEY_TYPE, &aes, sizeof(aes) },
		{ CKA_PRIVATE, &no, 1 },
	};
	CK_OBJECT_HANDLE with = generate(CK_TRUE, CK_FALSE), key;

	need_mechanism(CKM_AES_KEY_WRAP, CKF_WRAP | CKF_UNWRAP);
	assert_ok(suite.p11->C_WrapKey(suite.session, &wrap, with,
				       generate(CK_TRUE, CK_TRUE), wrapped,
				       &size));
	assert_ok(suite.p11->C_UnwrapKey(suite.session, &wrap, with, wrapped,
					 size, list, 3, &key));
	assert_origin(key, CK_FALSE, CK_FALSE, CK_FALSE);
	assert_int_equal(flag_of(key, CKA_EXTRACTABLE), CK_TRUE);
}

/* 5.7.2: a copy has "the same value for its CKA_ALWAYS_SENSITIVE attribute as
 * the original key", and CKA_NEVER_EXTRACTABLE of one that was extractable is
 * CK_FALSE. */
static void
test_copied(void **state)
{
	CK_ATTRIBUTE list[] = { { CKA_SENSITIVE, &yes, 1 },
				{ CKA_EXTRACTABLE, &no, 1 } };
	CK_ATTRIBUTE label = { CKA_LABEL, (void *)"copy", 4 };
	CK_OBJECT_HANDLE copy;

	assert_ok(suite.p11->C_CopyObject(
		suite.session, generate(CK_FALSE, CK_TRUE), list, 2, &copy));
	assert_origin(copy, CK_TRUE, CK_FALSE, CK_FALSE);
	assert_ok(suite.p11->C_CopyObject(
		suite.session, generate(CK_TRUE, CK_FALSE), &label, 1, &copy));
	assert_origin(copy, CK_TRUE, CK_TRUE, CK_TRUE);
	list[1].pValue = &yes;
	assert_int_not_equal(suite.p11->C_CopyObject(
				     suite.session, generate(CK_TRUE, CK_FALSE),
				     list, 2, &copy),
			     CKR_OK);
}

/* 4.1.3: "the four special attributes CKA_TOKEN, CKA_PRIVATE, CKA_MODIFIABLE
 * and CKA_DESTROYABLE" are another matter for a copy. */
static void
test_copy_special(void **state)
{
	CK_ATTRIBUTE list[] = { { CKA_PRIVATE, &yes, 1 },
				{ CKA_MODIFIABLE, &no, 1 },
				{ CKA_DESTROYABLE, &no, 1 } };
	CK_ATTRIBUTE label = { CKA_LABEL, (void *)"changed", 7 };
	CK_FUNCTION_LIST *p = suite.p11;
	CK_SESSION_HANDLE s = suite.session;
	CK_OBJECT_HANDLE copy,
		data = data_make(s, CK_FALSE, CK_FALSE, "special");
	CK_RV rv;

	assert_rv(CKR_USER_NOT_LOGGED_IN,
		  p->C_CopyObject(s, data, list, 1, &copy));
	login();
	rv = p->C_CopyObject(s, data, list, 3, &copy);
	if (rv == CKR_ATTRIBUTE_READ_ONLY && !suite.strict)
		skip(); /* "a particular token might not actually" (4.1.3) */
	assert_ok(rv);
	assert_int_equal(flag_of(copy, CKA_PRIVATE), CK_TRUE);
	assert_rv(CKR_ACTION_PROHIBITED,
		  p->C_SetAttributeValue(s, copy, &label, 1));
	assert_rv(CKR_ACTION_PROHIBITED, p->C_DestroyObject(s, copy));
	assert_ok(p->C_SetAttributeValue(s, data, &label, 1));
	assert_ok(p->C_DestroyObject(s, data));
}

/* 5.7.2: "to copy a session object to a token object" */
static void
test_copy_to_token(void **state)
{
	CK_ATTRIBUTE token = { CKA_TOKEN, &yes, 1 };
	CK_ATTRIBUTE label = { CKA_LABEL, (void *)"to the token", 12 };
	CK_SESSION_HANDLE other = session_open(CKF_RW_SESSION);
	CK_SESSION_HANDLE ro = session_open(0);
	CK_OBJECT_HANDLE data, copy;

	need_made();
	data = data_make(other, CK_FALSE, CK_FALSE, "to the token");
	assert_rv(CKR_SESSION_READ_ONLY,
		  suite.p11->C_CopyObject(ro, data, &token, 1, &copy));
	assert_ok(suite.p11->C_CopyObject(other, data, &token, 1, &copy));
	assert_ok(suite.p11->C_CloseSession(other));
	assert_rv(CKR_OBJECT_HANDLE_INVALID, object_peek(suite.session, data));
	assert_int_equal(object_count(&label, 1), 1);
	assert_ok(suite.p11->C_DestroyObject(suite.session, copy));
}

/* 4.5.1: CKA_UNIQUE_ID: "Any attempt to modify ... MUST fail": it is the
 * object's for good. */
static void
test_unique_id(void **state)
{
	CK_BYTE before[64], after[64];
	CK_ATTRIBUTE one = { CKA_UNIQUE_ID, before, sizeof(before) };
	CK_ATTRIBUTE other = { CKA_UNIQUE_ID, after, sizeof(after) };
	CK_OBJECT_HANDLE key;

	need_3_0();
	key = object_get(CKO_PUBLIC_KEY, suite.rsa);
	assert_ok(suite.p11->C_GetAttributeValue(suite.session, key, &one, 1));
	assert_true(one.ulValueLen > 0);
	assert_int_equal(object_count(&one, 1), 1);
	assert_int_not_equal(
		suite.p11->C_SetAttributeValue(suite.session, key, &one, 1),
		CKR_OK);
	assert_ok(suite.p11->C_Finalize(NULL));
	assert_int_equal(case_begin(state), 0);
	key = object_get(CKO_PUBLIC_KEY, suite.rsa);
	assert_ok(
		suite.p11->C_GetAttributeValue(suite.session, key, &other, 1));
	assert_int_equal(one.ulValueLen, other.ulValueLen);
	assert_memory_equal(before, after, one.ulValueLen);
}

/* 4.10.2: what the caller says of CKA_CHECK_VALUE "MUST match what the library
 * calculates it to be". */
static void
test_check_value(void **state)
{
	CK_BYTE value[16] = { 9 }, check[3];
	CK_ATTRIBUTE list[] = {
		{ CKA_CLASS, &secret_class, sizeof(secret_class) },
		{ CKA_KEY_TYPE, &aes, sizeof(aes) },
		{ CKA_PRIVATE, &no, 1 },
		{ CKA_VALUE, value, sizeof(value) },
		{ CKA_CHECK_VALUE, check, sizeof(check) },
	};
	CK_FUNCTION_LIST *p = suite.p11;
	CK_OBJECT_HANDLE key;

	if (p->C_CreateObject(suite.session, list, 4, &key) != CKR_OK ||
	    p->C_GetAttributeValue(suite.session, key, &list[4], 1) != CKR_OK ||
	    list[4].ulValueLen != sizeof(check))
		skip();
	assert_ok(p->C_CreateObject(suite.session, list, 5, &key));
	check[0] ^= 1;
	assert_rv(CKR_ATTRIBUTE_VALUE_INVALID,
		  p->C_CreateObject(suite.session, list, 5, &key));
	list[4].ulValueLen = 0;
	assert_ok(p->C_CreateObject(suite.session, list, 5, &key));
}

/* 4.8, 4.10, footnote 10: "Can only be set to CK_TRUE by the SO user" */
static void
test_trusted(void **state)
{
	CK_ATTRIBUTE trusted = { CKA_TRUSTED, &yes, 1 };
	CK_OBJECT_HANDLE key = secret_make(CKK_GENERIC_SECRET, 16, CKF_SIGN);

	assert_int_not_equal(
		suite.p11->C_SetAttributeValue(suite.session, key, &trusted, 1),
		CKR_OK);
	login();
	assert_int_not_equal(
		suite.p11->C_SetAttributeValue(suite.session, key, &trusted, 1),
		CKR_OK);
	assert_int_equal(flag_of(key, CKA_TRUSTED), CK_FALSE);
}

/* 5.7.5: "the length specified in ulValueLen MUST be large enough to hold all
 * attributes in the array"; "the type element of attributes within the array
 * MUST be ignored on input and MUST be set on output"; each has its own length.
 */
static void
test_array(void **state)
{
	CK_ATTRIBUTE inner[] = { { CKA_SENSITIVE, &yes, 1 },
				 { CKA_LABEL, (void *)"eleven char", 11 } };
	CK_BYTE value[16] = { 4 }, flag = 7, small[4];
	CK_ATTRIBUTE list[] = {
		{ CKA_CLASS, &secret_class, sizeof(secret_class) },
		{ CKA_KEY_TYPE, &aes, sizeof(aes) },
		{ CKA_PRIVATE, &no, 1 },
		{ CKA_VALUE, value, sizeof(value) },
		{ CKA_UNWRAP_TEMPLATE, inner, sizeof(inner) },
	};
	CK_ATTRIBUTE got[] = { { CKA_ID, &flag, 1 },
			       { CKA_ID, small, sizeof(small) } };
	CK_ATTRIBUTE query = { CKA_UNWRAP_TEMPLATE, got, sizeof(got[0]) };
	CK_SESSION_HANDLE s = suite.session;
	CK_FUNCTION_LIST *p = suite.p11;
	CK_OBJECT_HANDLE key;

	if (p->C_CreateObject(s, list, 5, &key) != CKR_OK)
		skip();
	assert_rv(CKR_BUFFER_TOO_SMALL,
		  p->C_GetAttributeValue(s, key, &query, 1));
	assert_int_equal(query.ulValueLen, CK_UNAVAILABLE_INFORMATION);
	query.ulValueLen = sizeof(got);
	assert_rv(CKR_BUFFER_TOO_SMALL,
		  p->C_GetAttributeValue(s, key, &query, 1));
	assert_int_equal(got[0].type, CKA_SENSITIVE);
	assert_int_equal(flag, CK_TRUE);
	assert_int_equal(got[1].type, CKA_LABEL);
	assert_int_equal(got[1].ulValueLen, CK_UNAVAILABLE_INFORMATION);
	got[1].pValue = NULL;
	query.ulValueLen = sizeof(got);
	assert_ok(p->C_GetAttributeValue(s, key, &query, 1));
	assert_int_equal(got[1].ulValueLen, 11);
	assert_int_equal(query.ulValueLen, sizeof(got));
}

/* 5.7.8: "the maximum number of object handles to be returned" may be none. */
static void
test_find_none(void **state)
{
	CK_ATTRIBUTE label = { CKA_LABEL, (void *)"none", 4 };
	CK_OBJECT_HANDLE found[2] = { 0 };
	CK_ULONG count = 7;

	data_make(suite.session, CK_FALSE, CK_FALSE, "none");
	assert_ok(suite.p11->C_FindObjectsInit(suite.session, &label, 1));
	assert_ok(suite.p11->C_FindObjects(suite.session, found, 0, &count));
	assert_int_equal(count, 0);
	assert_ok(suite.p11->C_FindObjects(suite.session, found, 2, &count));
	assert_int_equal(count, 1);
	assert_ok(suite.p11->C_FindObjectsFinal(suite.session));
}

/* 5.7.7: what is made and destroyed in another session "may or may not be
 * found"; the others are, each once. */
static void
test_find_among(void **state)
{
	CK_ATTRIBUTE label = { CKA_LABEL, (void *)"among", 5 };
	CK_SESSION_HANDLE other = session_open(0);
	CK_OBJECT_HANDLE stays[8], found;
	CK_ULONG count, i, seen[8] = { 0 };

	for (i = 0; i < 8; i++)
		stays[i] =
			data_make(suite.session, CK_FALSE, CK_FALSE, "among");
	assert_ok(suite.p11->C_FindObjectsInit(suite.session, &label, 1));
	do {
		CK_OBJECT_HANDLE passes =
			data_make(other, CK_FALSE, CK_FALSE, "among");

		found = CK_INVALID_HANDLE;
		assert_ok(suite.p11->C_FindObjects(suite.session, &found, 1,
						   &count));
		for (i = 0; i < 8 && count == 1; i++)
			seen[i] += stays[i] == found;
		assert_ok(suite.p11->C_DestroyObject(other, passes));
	} while (count == 1);
	assert_ok(suite.p11->C_FindObjectsFinal(suite.session));
	for (i = 0; i < 8; i++)
		assert_int_equal(seen[i], 1);
}

/* 5.6.5: CKF_FIND_OBJECTS, and several at once */
static void
test_cancel(void **state)
{
	CK_FUNCTION_LIST_3_0 *p = need_3_0();
	CK_SESSION_HANDLE s = suite.session;
	CK_OBJECT_HANDLE found;
	CK_BYTE out[32];
	CK_ULONG count, size = sizeof(out);

	assert_ok(p->C_FindObjectsInit(s, NULL, 0));
	assert_ok(p->C_SessionCancel(s, CKF_FIND_OBJECTS));
	assert_rv(CKR_OPERATION_NOT_INITIALIZED,
		  p->C_FindObjects(s, &found, 1, &count));
	assert_ok(p->C_FindObjectsInit(s, NULL, 0));
	if (p->C_DigestInit(s, &sha256) != CKR_OK)
		skip();
	assert_ok(p->C_SessionCancel(s, CKF_FIND_OBJECTS | CKF_DIGEST));
	assert_rv(CKR_OPERATION_NOT_INITIALIZED, p->C_FindObjectsFinal(s));
	assert_rv(CKR_OPERATION_NOT_INITIALIZED,
		  p->C_Digest(s, out, 1, out, &size));
}

/* 5.6.5: "If C_SessionCancel is used to cancel one half of a dual-function
 * operation, the remaining operation should still be left in an active state"
 */
static void
test_cancel_half(void **state)
{
	CK_FUNCTION_LIST_3_0 *p = need_3_0();
	CK_BYTE iv[16] = { 0 }, text[16] = { 1 }, out[64];
	CK_MECHANISM cbc = { CKM_AES_CBC, iv, sizeof(iv) };
	CK_SESSION_HANDLE s = suite.session;
	CK_ULONG size = sizeof(out);

	need_dual();
	need_mechanism(CKM_AES_CBC, CKF_ENCRYPT);
	assert_ok(p->C_EncryptInit(s, &cbc,
				   secret_make(CKK_AES, 16, CKF_ENCRYPT)));
	assert_ok(p->C_DigestInit(s, &sha256));
	assert_ok(p->C_DigestEncryptUpdate(s, text, 16, out, &size));
	assert_ok(p->C_SessionCancel(s, CKF_ENCRYPT));
	size = sizeof(out);
	assert_rv(CKR_OPERATION_NOT_INITIALIZED,
		  p->C_DigestEncryptUpdate(s, text, 16, out, &size));
	size = sizeof(out);
	assert_ok(p->C_DigestFinal(s, out, &size));
	assert_int_equal(size, 32);
}

/* 5.5.5, 5.5.6: what a mechanism's flags do not say cannot be begun with it. */
static void
test_mechanism_flags(void **state)
{
	CK_MECHANISM_TYPE types[512];
	CK_ULONG count = 512, i;
	CK_FUNCTION_LIST *p = suite.p11;

	assert_ok(p->C_GetMechanismList(suite.slot, types, &count));
	for (i = 0; i < count; i++) {
		CK_MECHANISM mechanism = { types[i], NULL, 0 };
		CK_MECHANISM_INFO info = { 0 };

		assert_ok(p->C_GetMechanismInfo(suite.slot, types[i], &info));
		if (info.flags & CKF_DIGEST)
			continue;
		assert_rv(CKR_MECHANISM_INVALID,
			  p->C_DigestInit(suite.session, &mechanism));
	}
}

/* 5.6.1, 5.6.8: sessions that are opened after a login are logged in. */
static void
test_session_states(void **state)
{
	login();
	assert_int_equal(session_state(session_open(0)), CKS_RO_USER_FUNCTIONS);
	assert_int_equal(session_state(session_open(CKF_RW_SESSION)),
			 CKS_RW_USER_FUNCTIONS);
	assert_ok(suite.p11->C_Logout(suite.session));
	assert_int_equal(session_state(session_open(CKF_RW_SESSION)),
			 CKS_RW_PUBLIC_SESSION);
}

static void *
wait_for_event(void *arg)
{
	CK_SLOT_ID slot;
	CK_RV *rv = arg;

	do {
		*rv = suite.p11->C_WaitForSlotEvent(0, &slot, NULL);
	} while (*rv == CKR_OK);
	return NULL;
}

/* 5.4.2, 5.5.4: "the blocked thread becomes unblocked and returns the value
 * CKR_CRYPTOKI_NOT_INITIALIZED" */
static void
test_wait(void **state)
{
	CK_RV rv = CKR_OK;
	pthread_t thread;

	need_strict(); /* others crash, hang or do not, as it happens */
	assert_int_equal(pthread_create(&thread, NULL, wait_for_event, &rv), 0);
	assert_ok(suite.p11->C_Finalize(NULL));
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_rv(CKR_CRYPTOKI_NOT_INITIALIZED, rv);
}

static const struct CMUnitTest list[] = {
	CASE("/rule/defaults/secret", test_secret_defaults),
	CASE("/rule/defaults/rsa", test_rsa_defaults),
	CASE("/rule/origin/generated", test_generated),
	CASE("/rule/origin/created", test_created),
	CASE("/rule/origin/derived", test_derived),
	CASE("/rule/origin/unwrapped", test_unwrapped),
	CASE("/rule/origin/copied", test_copied),
	CASE("/rule/copy/special", test_copy_special),
	CASE("/rule/copy/to-token", test_copy_to_token),
	CASE("/rule/unique-id", test_unique_id),
	CASE("/rule/check-value", test_check_value),
	CASE("/rule/trusted", test_trusted),
	CASE("/rule/array", test_array),
	CASE("/rule/find/none", test_find_none),
	CASE("/rule/find/among", test_find_among),
	CASE("/rule/cancel", test_cancel),
	CASE("/rule/cancel/half", test_cancel_half),
	CASE("/rule/mechanism-flags", test_mechanism_flags),
	CASE("/rule/session-states", test_session_states),
	CASE("/rule/wait", test_wait),
};

const struct cases rule_cases = CASES("rule", list);
