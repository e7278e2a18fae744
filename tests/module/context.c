/* 4.9, CKA_ALWAYS_AUTHENTICATE: keys that want the PIN for each use, and
 * C_Login with CKU_CONTEXT_SPECIFIC (5.6.8). */
#include "suite.h"

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_BYTE digest[32] = { 5, 7, 7 }, text[] = "to be signed once";
static CK_BYTE signature[512];
static CK_MECHANISM ecdsa = { CKM_ECDSA, NULL, 0 };
static CK_MECHANISM ecdsa_sha256 = { CKM_ECDSA_SHA256, NULL, 0 };
static CK_MECHANISM rsa = { CKM_RSA_PKCS, NULL, 0 };

/* A new key of the token or the session that wants the PIN each time. */
static CK_OBJECT_HANDLE
pair_make_in(CK_BBOOL *token, CK_MECHANISM_TYPE type, CK_ATTRIBUTE_TYPE what,
	     const void *value, CK_ULONG size, CK_ATTRIBUTE_TYPE use)
{
	CK_MECHANISM mechanism = { type, NULL, 0 };
	CK_ATTRIBUTE public_list[] = { { CKA_TOKEN, &no, 1 },
				       { what, (void *)value, size } };
	CK_ATTRIBUTE private_list[] = {
		{ CKA_TOKEN, token, 1 },
		{ CKA_PRIVATE, &yes, 1 },
		{ CKA_ALWAYS_AUTHENTICATE, &yes, 1 },
		{ use, &yes, 1 },
	};
	CK_OBJECT_HANDLE keys[2];

	assert_ok(suite.p11->C_GenerateKeyPair(suite.session, &mechanism,
					       public_list, 2, private_list, 4,
					       &keys[0], &keys[1]));
	return keys[1];
}

static CK_OBJECT_HANDLE
pair_make_for(CK_MECHANISM_TYPE type, CK_ATTRIBUTE_TYPE what, const void *value,
	      CK_ULONG size, CK_ATTRIBUTE_TYPE use)
{
	return pair_make_in(&yes, type, what, value, size, use);
}

/* An EC key of the kind that is there. */
static CK_OBJECT_HANDLE
key_find(void)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_KEY_TYPE type = CKK_EC;
	CK_ATTRIBUTE match[] = { { CKA_CLASS, &class, sizeof(class) },
				 { CKA_KEY_TYPE, &type, sizeof(type) },
				 { CKA_ALWAYS_AUTHENTICATE, &yes, 1 } };
	CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
	CK_ULONG count = 0;

	assert_ok(suite.p11->C_FindObjectsInit(suite.session, match, 3));
	assert_ok(suite.p11->C_FindObjects(suite.session, &key, 1, &count));
	assert_ok(suite.p11->C_FindObjectsFinal(suite.session));
	if (count == 0)
		skip();
	return key;
}

static const CK_BYTE p256[] = { 0x06, 0x08, 0x2a, 0x86, 0x48,
				0xce, 0x3d, 0x03, 0x01, 0x07 };

/* An EC key on P-256 that wants the PIN each time; the user is logged in. */
static CK_OBJECT_HANDLE
key_get(void)
{
	login();
	if (suite.card)
		return key_find();
	return pair_make_for(CKM_EC_KEY_PAIR_GEN, CKA_EC_PARAMS, p256,
			     sizeof(p256), CKA_SIGN);
}

static CK_RV
sign(void)
{
	CK_ULONG size = sizeof(signature);

	return suite.p11->C_Sign(suite.session, digest, sizeof(digest),
				 signature, &size);
}

static CK_RV
login_again(const char *pin)
{
	return login_as(CKU_CONTEXT_SPECIFIC, pin);
}

static void
test_sign(void **state)
{
	CK_OBJECT_HANDLE key = key_get();

	assert_rv(CKR_OPERATION_NOT_INITIALIZED, login_again(suite.pin));
	assert_ok(suite.p11->C_SignInit(suite.session, &ecdsa, key));
	assert_ok(login_again(suite.pin));
	assert_ok(sign());
	/* "lasts until the cryptographic operation has ... been completed" */
	assert_ok(suite.p11->C_SignInit(suite.session, &ecdsa, key));
	assert_rv(CKR_USER_NOT_LOGGED_IN, sign());
	assert_rv(CKR_OPERATION_NOT_INITIALIZED, sign());
	assert_int_equal(session_state(suite.session), CKS_RW_USER_FUNCTIONS);
}

/* "Failing or omitting to re-authenticate ... will result in
 * CKR_USER_NOT_LOGGED_IN", also right after C_Login. */
static void
test_omitted(void **state)
{
	(void)key_get();
	/* from here on nothing has to be read of the key */
	assert_ok(suite.p11->C_Logout(suite.session));
	login();
	assert_ok(suite.p11->C_SignInit(suite.session, &ecdsa, key_find()));
	assert_rv(CKR_USER_NOT_LOGGED_IN, sign());
}

/* "continuing ... will result in a behavior as if C_Login had not been called"
 * after a PIN that was wrong; the right one still does it. */
static void
test_wrong(void **state)
{
	CK_OBJECT_HANDLE key = key_get();

	assert_ok(suite.p11->C_SignInit(suite.session, &ecdsa, key));
	assert_rv(CKR_PIN_INCORRECT, login_again("0000-no"));
	assert_int_equal(session_state(suite.session), CKS_RW_USER_FUNCTIONS);
	assert_ok(login_again(suite.pin));
	assert_ok(sign());
}

static void
test_parts(void **state)
{
	CK_OBJECT_HANDLE key = key_get();
	CK_ULONG size = sizeof(signature);
	CK_RV rv;

	need_mechanism(CKM_ECDSA_SHA256, CKF_SIGN);
	assert_ok(suite.p11->C_SignInit(suite.session, &ecdsa_sha256, key));
	assert_ok(login_again(suite.pin));
	assert_ok(suite.p11->C_SignUpdate(suite.session, text, sizeof(text)));
	assert_ok(suite.p11->C_SignFinal(suite.session, signature, &size));
	assert_ok(suite.p11->C_SignInit(suite.session, &ecdsa_sha256, key));
	rv = suite.p11->C_SignUpdate(suite.session, text, sizeof(text));
	if (rv == CKR_OK) {
		size = sizeof(signature);
		rv = suite.p11->C_SignFinal(suite.session, signature, &size);
	}
	assert_rv(CKR_USER_NOT_LOGGED_IN, rv);
}

/* C_LoginUser does it as well (5.6.9). */
static void
test_login_user(void **state)
{
	CK_FUNCTION_LIST_3_0 *p = need_3_0();
	CK_OBJECT_HANDLE key = key_get();

	assert_ok(p->C_SignInit(suite.session, &ecdsa, key));
	assert_ok(p->C_LoginUser(suite.session, CKU_CONTEXT_SPECIFIC,
				 (CK_UTF8CHAR *)suite.pin, strlen(suite.pin),
				 NULL, 0));
	assert_ok(sign());
}

/* Another session of the application has not been authenticated. */
static void
test_other_session(void **state)
{
	CK_SESSION_HANDLE other = session_open(0);
	CK_OBJECT_HANDLE key = key_get();
	CK_ULONG size = sizeof(signature);

	assert_ok(suite.p11->C_SignInit(suite.session, &ecdsa, key));
	assert_ok(suite.p11->C_SignInit(other, &ecdsa, key));
	assert_ok(login_again(suite.pin));
	assert_rv(CKR_USER_NOT_LOGGED_IN,
		  suite.p11->C_Sign(other, digest, sizeof(digest), signature,
				    &size));
	assert_ok(sign());
}

/* 5.14: of each message, whole or in parts. */
static void
test_message(void **state)
{
	CK_FUNCTION_LIST_3_0 *p = need_3_0();
	CK_SESSION_HANDLE s = suite.session;
	CK_RV none = CKR_USER_NOT_LOGGED_IN;
	CK_ULONG size = sizeof(signature);
	CK_OBJECT_HANDLE key = key_get();

	need_mechanism(CKM_ECDSA_SHA256, CKF_MESSAGE_SIGN);
	assert_ok(p->C_MessageSignInit(s, &ecdsa_sha256, key));
	assert_ok(login_again(suite.pin));
	assert_ok(p->C_SignMessage(s, NULL, 0, text, sizeof(text), signature,
				   &size));
	size = sizeof(signature);
	assert_rv(none, p->C_SignMessage(s, NULL, 0, text, sizeof(text),
					 signature, &size));
	assert_ok(p->C_SignMessageBegin(s, NULL, 0));
	size = sizeof(signature);
	assert_rv(none, p->C_SignMessageNext(s, NULL, 0, text, sizeof(text),
					     signature, &size));
	assert_ok(p->C_MessageSignFinal(s));
}

static void
test_sign_recover(void **state)
{
	static const CK_ULONG bits = 2048;
	CK_ULONG size = sizeof(signature);
	CK_OBJECT_HANDLE key;

	need_made();
	need_mechanism(CKM_RSA_PKCS, CKF_SIGN_RECOVER);
	login();
	key = pair_make_for(CKM_RSA_PKCS_KEY_PAIR_GEN, CKA_MODULUS_BITS, &bits,
			    sizeof(bits), CKA_SIGN_RECOVER);
	assert_ok(suite.p11->C_SignRecoverInit(suite.session, &rsa, key));
	assert_rv(CKR_USER_NOT_LOGGED_IN,
		  suite.p11->C_SignRecover(suite.session, text, sizeof(text),
					   signature, &size));
}

static void
test_decrypt(void **state)
{
	static const CK_ULONG bits = 2048;
	CK_BYTE block[256], plain[256];
	CK_ULONG size = sizeof(plain);
	CK_OBJECT_HANDLE key;

	need_made();
	login();
	key = pair_make_for(CKM_RSA_PKCS_KEY_PAIR_GEN, CKA_MODULUS_BITS, &bits,
			    sizeof(bits), CKA_DECRYPT);
	memset(block, 1, sizeof(block));
	assert_ok(suite.p11->C_DecryptInit(suite.session, &rsa, key));
	assert_rv(
		CKR_USER_NOT_LOGGED_IN,
		suite.p11->C_Decrypt(suite.session, block, 256, plain, &size));
	assert_ok(suite.p11->C_DecryptInit(suite.session, &rsa, key));
	assert_ok(login_again(suite.pin));
	/* it gets as far as the block, which is none */
	size = sizeof(plain);
	assert_int_not_equal(
		suite.p11->C_Decrypt(suite.session, block, 256, plain, &size),
		CKR_USER_NOT_LOGGED_IN);
}

/* "Immediately after a cryptographic operation using the key has been
 * initiated": of two that wait the login is for the one begun last, and one
 * that has its own leaves the next to the other. */
static void
test_two(void **state)
{
	static const CK_ULONG bits = 2048;
	static CK_BYTE block[256] = { 1 };
	CK_BYTE plain[256];
	CK_ULONG size = sizeof(plain);
	CK_OBJECT_HANDLE key = key_get(), other;
	CK_TOKEN_INFO info;

	need_made();
	assert_ok(suite.p11->C_GetTokenInfo(suite.slot, &info));
	if (!(info.flags & CKF_DUAL_CRYPTO_OPERATIONS))
		skip();
	other = pair_make_for(CKM_RSA_PKCS_KEY_PAIR_GEN, CKA_MODULUS_BITS,
			      &bits, sizeof(bits), CKA_DECRYPT);
	assert_ok(suite.p11->C_SignInit(suite.session, &ecdsa, key));
	assert_ok(suite.p11->C_DecryptInit(suite.session, &rsa, other));
	assert_ok(login_again(suite.pin));
	assert_rv(CKR_USER_NOT_LOGGED_IN, sign());
	assert_int_not_equal(
		suite.p11->C_Decrypt(suite.session, block, 256, plain, &size),
		CKR_USER_NOT_LOGGED_IN);
	assert_ok(suite.p11->C_SignInit(suite.session, &ecdsa, key));
	assert_ok(login_again(suite.pin));
	assert_ok(suite.p11->C_DecryptInit(suite.session, &rsa, other));
	assert_ok(login_again(suite.pin));
	size = sizeof(plain);
	assert_int_not_equal(
		suite.p11->C_Decrypt(suite.session, block, 256, plain, &size),
		CKR_USER_NOT_LOGGED_IN);
	assert_ok(sign());
}

static void
assert_wants_pin(CK_OBJECT_HANDLE key)
{
	assert_ok(suite.p11->C_SignInit(suite.session, &ecdsa, key));
	assert_rv(CKR_USER_NOT_LOGGED_IN, sign());
	assert_ok(suite.p11->C_SignInit(suite.session, &ecdsa, key));
	assert_rv(CKR_PIN_INCORRECT, login_again(wrong_pin()));
	assert_ok(login_again(suite.pin));
	assert_ok(sign());
}

/* A key of the session wants it as well: pkcs11-provider signs with copies of
 * keys that it makes for itself. */
static void
test_session_key(void **state)
{
	CK_ATTRIBUTE session = { CKA_TOKEN, &no, 1 };
	CK_OBJECT_HANDLE key, copy;

	need_made();
	key = key_get();
	assert_ok(suite.p11->C_CopyObject(suite.session, key, &session, 1,
					  &copy));
	assert_wants_pin(copy);
	assert_wants_pin(pair_make_in(&no, CKM_EC_KEY_PAIR_GEN, CKA_EC_PARAMS,
				      p256, sizeof(p256), CKA_SIGN));
}

/* "This attribute may only be set to CK_TRUE when CKA_PRIVATE is also
 * CK_TRUE." */
static void
test_public(void **state)
{
	CK_MECHANISM mechanism = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
	CK_ATTRIBUTE public_list[] = {
		{ CKA_TOKEN, &no, 1 },
		{ CKA_EC_PARAMS, (void *)p256, sizeof(p256) },
	};
	CK_ATTRIBUTE private_list[] = {
		{ CKA_TOKEN, &yes, 1 },
		{ CKA_PRIVATE, &no, 1 },
		{ CKA_ALWAYS_AUTHENTICATE, &yes, 1 },
	};
	CK_OBJECT_HANDLE keys[2];

	need_made();
	login();
	assert_rv(CKR_TEMPLATE_INCONSISTENT,
		  suite.p11->C_GenerateKeyPair(suite.session, &mechanism,
					       public_list, 2, private_list, 3,
					       &keys[0], &keys[1]));
}

static const struct CMUnitTest list[] = {
	CASE("/context/sign", test_sign),
	CASE("/context/omitted", test_omitted),
	CASE("/context/wrong", test_wrong),
	CASE("/context/parts", test_parts),
	CASE("/context/login-user", test_login_user),
	CASE("/context/other-session", test_other_session),
	CASE("/context/message", test_message),
	CASE("/context/recover", test_sign_recover),
	CASE("/context/decrypt", test_decrypt),
	CASE("/context/two", test_two),
	CASE("/context/session-key", test_session_key),
	CASE("/context/public", test_public),
};

const struct cases context_cases = CASES("context", list);
