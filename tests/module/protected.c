/* 5.1.6, 5.6.1: a token that is write-protected, which is another run's: its
 * own media are, and the suite has made it before. */
#include "suite.h"

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_OBJECT_CLASS data_class = CKO_DATA, secret_class = CKO_SECRET_KEY;
static CK_KEY_TYPE generic = CKK_GENERIC_SECRET;
static CK_BYTE iv[12], tag[16], wrapped[64];
static const CK_RV bad = CKR_TOKEN_WRITE_PROTECTED;

static int
begin(void **state)
{
	if (suite.p11->C_Initialize(NULL) != CKR_OK)
		return -1;
	suite.session = session_open(0);
	return 0;
}

static void
need_protected(void)
{
	CK_TOKEN_INFO info;

	assert_ok(suite.p11->C_GetTokenInfo(suite.slot, &info));
	if (!(info.flags & CKF_WRITE_PROTECTED))
		skip();
}

/* An object of the token, public, that the suite has made of its key pairs. */
static CK_OBJECT_HANDLE
token_object(void)
{
	return object_get(CKO_PUBLIC_KEY, suite.rsa);
}

/* 5.6.1: "If the token is write-protected ... then only read-only sessions may
 * be opened with it." */
static void
test_session(void **state)
{
	CK_SESSION_HANDLE session;

	need_protected();
	assert_rv(bad, suite.p11->C_OpenSession(
			       suite.slot, CKF_SERIAL_SESSION | CKF_RW_SESSION,
			       NULL, NULL, &session));
	login();
	assert_int_equal(session_state(suite.session), CKS_RO_USER_FUNCTIONS);
	(void)object_get(CKO_PRIVATE_KEY, suite.rsa);
}

/* 5.1.6: it "has higher priority than CKR_SESSION_READ_ONLY"; what is of the
 * session alone is made all the same. */
static void
test_objects(void **state)
{
	CK_ATTRIBUTE list[] = { { CKA_CLASS, &data_class, sizeof(data_class) },
				{ CKA_PRIVATE, &no, 1 },
				{ CKA_TOKEN, &yes, 1 } };
	CK_ATTRIBUTE label = { CKA_LABEL, (void *)"changed", 7 };
	CK_SESSION_HANDLE s = suite.session;
	CK_FUNCTION_LIST *p = suite.p11;
	CK_OBJECT_HANDLE object, made;

	need_protected();
	object = data_make(s, CK_FALSE, CK_FALSE, "of the session");
	assert_rv(bad, p->C_CreateObject(s, list, 3, &made));
	assert_rv(bad, p->C_CopyObject(s, object, &list[2], 1, &made));
	assert_rv(bad, p->C_SetAttributeValue(s, token_object(), &label, 1));
	assert_rv(bad, p->C_DestroyObject(s, token_object()));
	assert_ok(p->C_SetAttributeValue(s, object, &label, 1));
	assert_ok(p->C_CopyObject(s, object, NULL, 0, &made));
	assert_ok(p->C_DestroyObject(s, object));
	(void)token_object();
}

static void
test_keys(void **state)
{
	static CK_BYTE p256[] = { 0x06, 0x08, 0x2a, 0x86, 0x48,
				  0xce, 0x3d, 0x03, 0x01, 0x07 };
	CK_MECHANISM aes = { CKM_AES_KEY_GEN, NULL, 0 };
	CK_MECHANISM ec = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
	CK_MECHANISM hash = { CKM_SHA256_KEY_DERIVATION, NULL, 0 };
	CK_ULONG size = 16;
	CK_ATTRIBUTE list[] = { { CKA_TOKEN, &yes, 1 },
				{ CKA_PRIVATE, &no, 1 },
				{ CKA_VALUE_LEN, &size, sizeof(size) } };
	CK_ATTRIBUTE pair[] = { { CKA_TOKEN, &yes, 1 },
				{ CKA_EC_PARAMS, p256, sizeof(p256) } };
	CK_SESSION_HANDLE s = suite.session;
	CK_FUNCTION_LIST *p = suite.p11;
	CK_OBJECT_HANDLE keys[2], base;

	need_protected();
	need_mechanism(CKM_AES_KEY_GEN, CKF_GENERATE);
	need_mechanism(CKM_SHA256_KEY_DERIVATION, CKF_DERIVE);
	login();
	base = secret_make(CKK_GENERIC_SECRET, 32, CKF_DERIVE);
	assert_rv(bad, p->C_GenerateKey(s, &aes, list, 3, &keys[0]));
	assert_rv(bad, p->C_GenerateKeyPair(s, &ec, pair, 2, list, 1, &keys[0],
					    &keys[1]));
	assert_rv(bad, p->C_DeriveKey(s, &hash, base, list, 2, &keys[0]));
	list[0].pValue = &no;
	assert_ok(p->C_GenerateKey(s, &aes, list, 3, &keys[0]));
}

static void
test_unwrap(void **state)
{
	CK_GCM_MESSAGE_PARAMS gcm = {
		iv, sizeof(iv), 0, CKG_GENERATE, tag, 128
	};
	CK_MECHANISM wrap = { CKM_AES_KEY_WRAP, NULL, 0 };
	CK_MECHANISM aead = { CKM_AES_GCM, &gcm, sizeof(gcm) };
	CK_ATTRIBUTE list[] = {
		{ CKA_CLASS, &secret_class, sizeof(secret_class) },
		{ CKA_KEY_TYPE, &generic, sizeof(generic) },
		{ CKA_PRIVATE, &no, 1 },
		{ CKA_TOKEN, &yes, 1 },
	};
	CK_ULONG size = sizeof(wrapped);
	CK_FUNCTION_LIST_3_2 *p = need_3_2();
	CK_SESSION_HANDLE s = suite.session;
	CK_OBJECT_HANDLE with, made;

	need_protected();
	need_mechanism(CKM_AES_KEY_WRAP, CKF_WRAP | CKF_UNWRAP);
	with = secret_make(CKK_AES, 16, CKF_WRAP | CKF_UNWRAP);
	assert_ok(p->C_WrapKey(s, &wrap, with, with, wrapped, &size));
	assert_rv(bad, p->C_UnwrapKey(s, &wrap, with, wrapped, size, list, 4,
				      &made));
	size = sizeof(wrapped);
	assert_ok(p->C_WrapKeyAuthenticated(s, &aead, with, with, iv, 4,
					    wrapped, &size));
	assert_rv(bad,
		  p->C_UnwrapKeyAuthenticated(s, &aead, with, wrapped, size,
					      list, 4, iv, 4, &made));
	assert_rv(bad, p->C_EncapsulateKey(s, &wrap, token_object(), list, 4,
					   wrapped, &size, &made));
	assert_rv(bad, p->C_DecapsulateKey(s, &wrap, with, list, 4, wrapped,
					   size, &made));
}

/* 5.5.7, 5.5.9 */
static void
test_pins(void **state)
{
	CK_UTF8CHAR label[33] = "not to be written               ";
	CK_UTF8CHAR *pin = (CK_UTF8CHAR *)suite.pin;
	CK_FUNCTION_LIST *p = suite.p11;

	need_protected();
	assert_rv(bad, p->C_SetPIN(suite.session, pin, strlen(suite.pin), pin,
				   strlen(suite.pin)));
	assert_ok(p->C_CloseSession(suite.session));
	assert_rv(bad, p->C_InitToken(suite.slot, (CK_UTF8CHAR *)suite.so_pin,
				      strlen(suite.so_pin), label));
}

#define CASE_PROTECTED(name, function)                \
	{                                             \
		name, function, begin, case_end, NULL \
	}

static const struct CMUnitTest list[] = {
	CASE_PROTECTED("/protected/session", test_session),
	CASE_PROTECTED("/protected/objects", test_objects),
	CASE_PROTECTED("/protected/keys", test_keys),
	CASE_PROTECTED("/protected/unwrap", test_unwrap),
	CASE_PROTECTED("/protected/pins", test_pins),
};

const struct cases protected_cases = CASES("protected", list);
