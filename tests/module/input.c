/* Bad input of every kind: no state, no session, no pointers. */
#include "suite.h"

/* Every function that takes a session, with nothing else. */

static void
session_functions_1(CK_FUNCTION_LIST *p, CK_SESSION_HANDLE session,
		    CK_RV expected)
{
	assert_rv(expected, p->C_InitPIN(session, NULL, 0));
	assert_rv(expected, p->C_SetPIN(session, NULL, 0, NULL, 0));
	assert_rv(expected, p->C_CloseSession(session));
	assert_rv(expected, p->C_GetSessionInfo(session, NULL));
	assert_rv(expected, p->C_GetOperationState(session, NULL, NULL));
	assert_rv(expected, p->C_SetOperationState(session, NULL, 0, 0, 0));
	assert_rv(expected, p->C_Login(session, 0, NULL, 0));
	assert_rv(expected, p->C_Logout(session));
	assert_rv(expected, p->C_CreateObject(session, NULL, 0, NULL));
	assert_rv(expected, p->C_CopyObject(session, 0, NULL, 0, NULL));
	assert_rv(expected, p->C_DestroyObject(session, 0));
	assert_rv(expected, p->C_GetObjectSize(session, 0, NULL));
}

static void
session_functions_2(CK_FUNCTION_LIST *p, CK_SESSION_HANDLE session,
		    CK_RV expected)
{
	assert_rv(expected, p->C_GetAttributeValue(session, 0, NULL, 0));
	assert_rv(expected, p->C_SetAttributeValue(session, 0, NULL, 0));
	assert_rv(expected, p->C_FindObjectsInit(session, NULL, 0));
	assert_rv(expected, p->C_FindObjects(session, NULL, 0, NULL));
	assert_rv(expected, p->C_FindObjectsFinal(session));
	assert_rv(expected, p->C_EncryptInit(session, NULL, 0));
	assert_rv(expected, p->C_Encrypt(session, NULL, 0, NULL, NULL));
	assert_rv(expected, p->C_EncryptUpdate(session, NULL, 0, NULL, NULL));
	assert_rv(expected, p->C_EncryptFinal(session, NULL, NULL));
	assert_rv(expected, p->C_DecryptInit(session, NULL, 0));
	assert_rv(expected, p->C_Decrypt(session, NULL, 0, NULL, NULL));
	assert_rv(expected, p->C_DecryptUpdate(session, NULL, 0, NULL, NULL));
}

static void
session_functions_3(CK_FUNCTION_LIST *p, CK_SESSION_HANDLE session,
		    CK_RV expected)
{
	assert_rv(expected, p->C_DecryptFinal(session, NULL, NULL));
	assert_rv(expected, p->C_DigestInit(session, NULL));
	assert_rv(expected, p->C_Digest(session, NULL, 0, NULL, NULL));
	assert_rv(expected, p->C_DigestUpdate(session, NULL, 0));
	assert_rv(expected, p->C_DigestKey(session, 0));
	assert_rv(expected, p->C_DigestFinal(session, NULL, NULL));
	assert_rv(expected, p->C_SignInit(session, NULL, 0));
	assert_rv(expected, p->C_Sign(session, NULL, 0, NULL, NULL));
	assert_rv(expected, p->C_SignUpdate(session, NULL, 0));
	assert_rv(expected, p->C_SignFinal(session, NULL, NULL));
	assert_rv(expected, p->C_SignRecoverInit(session, NULL, 0));
	assert_rv(expected, p->C_SignRecover(session, NULL, 0, NULL, NULL));
}

static void
session_functions_4(CK_FUNCTION_LIST *p, CK_SESSION_HANDLE session,
		    CK_RV expected)
{
	assert_rv(expected, p->C_VerifyInit(session, NULL, 0));
	assert_rv(expected, p->C_Verify(session, NULL, 0, NULL, 0));
	assert_rv(expected, p->C_VerifyUpdate(session, NULL, 0));
	assert_rv(expected, p->C_VerifyFinal(session, NULL, 0));
	assert_rv(expected, p->C_VerifyRecoverInit(session, NULL, 0));
	assert_rv(expected, p->C_VerifyRecover(session, NULL, 0, NULL, NULL));
	assert_rv(expected,
		  p->C_DigestEncryptUpdate(session, NULL, 0, NULL, NULL));
	assert_rv(expected,
		  p->C_DecryptDigestUpdate(session, NULL, 0, NULL, NULL));
	assert_rv(expected,
		  p->C_SignEncryptUpdate(session, NULL, 0, NULL, NULL));
	assert_rv(expected,
		  p->C_DecryptVerifyUpdate(session, NULL, 0, NULL, NULL));
	assert_rv(expected, p->C_GenerateKey(session, NULL, NULL, 0, NULL));
	assert_rv(expected, p->C_GenerateKeyPair(session, NULL, NULL, 0, NULL,
						 0, NULL, NULL));
}

static void
session_functions_5(CK_FUNCTION_LIST *p, CK_SESSION_HANDLE session,
		    CK_RV expected)
{
	assert_rv(expected, p->C_WrapKey(session, NULL, 0, 0, NULL, NULL));
	assert_rv(expected,
		  p->C_UnwrapKey(session, NULL, 0, NULL, 0, NULL, 0, NULL));
	assert_rv(expected, p->C_DeriveKey(session, NULL, 0, NULL, 0, NULL));
	assert_rv(expected, p->C_SeedRandom(session, NULL, 0));
	assert_rv(expected, p->C_GenerateRandom(session, NULL, 0));
}

static void
session_functions(CK_FUNCTION_LIST *p, CK_SESSION_HANDLE session,
		  CK_RV expected)
{
	session_functions_1(p, session, expected);
	session_functions_2(p, session, expected);
	session_functions_3(p, session, expected);
	session_functions_4(p, session, expected);
	session_functions_5(p, session, expected);
}

static void
session_functions_3_0_1(CK_FUNCTION_LIST_3_0 *p, CK_SESSION_HANDLE session,
			CK_RV expected)
{
	assert_rv(expected, p->C_LoginUser(session, 0, NULL, 0, NULL, 0));
	assert_rv(expected, p->C_SessionCancel(session, 0));
	assert_rv(expected, p->C_MessageEncryptInit(session, NULL, 0));
	assert_rv(expected, p->C_EncryptMessage(session, NULL, 0, NULL, 0, NULL,
						0, NULL, NULL));
	assert_rv(expected,
		  p->C_EncryptMessageBegin(session, NULL, 0, NULL, 0));
	assert_rv(expected, p->C_EncryptMessageNext(session, NULL, 0, NULL, 0,
						    NULL, NULL, 0));
	assert_rv(expected, p->C_MessageEncryptFinal(session));
	assert_rv(expected, p->C_MessageDecryptInit(session, NULL, 0));
	assert_rv(expected, p->C_DecryptMessage(session, NULL, 0, NULL, 0, NULL,
						0, NULL, NULL));
	assert_rv(expected,
		  p->C_DecryptMessageBegin(session, NULL, 0, NULL, 0));
	assert_rv(expected, p->C_DecryptMessageNext(session, NULL, 0, NULL, 0,
						    NULL, NULL, 0));
	assert_rv(expected, p->C_MessageDecryptFinal(session));
}

static void
session_functions_3_0_2(CK_FUNCTION_LIST_3_0 *p, CK_SESSION_HANDLE session,
			CK_RV expected)
{
	assert_rv(expected, p->C_MessageSignInit(session, NULL, 0));
	assert_rv(expected,
		  p->C_SignMessage(session, NULL, 0, NULL, 0, NULL, NULL));
	assert_rv(expected, p->C_SignMessageBegin(session, NULL, 0));
	assert_rv(expected,
		  p->C_SignMessageNext(session, NULL, 0, NULL, 0, NULL, NULL));
	assert_rv(expected, p->C_MessageSignFinal(session));
	assert_rv(expected, p->C_MessageVerifyInit(session, NULL, 0));
	assert_rv(expected,
		  p->C_VerifyMessage(session, NULL, 0, NULL, 0, NULL, 0));
	assert_rv(expected, p->C_VerifyMessageBegin(session, NULL, 0));
	assert_rv(expected,
		  p->C_VerifyMessageNext(session, NULL, 0, NULL, 0, NULL, 0));
	assert_rv(expected, p->C_MessageVerifyFinal(session));
}

static void
session_functions_3_0(CK_FUNCTION_LIST_3_0 *p, CK_SESSION_HANDLE session,
		      CK_RV expected)
{
	session_functions_3_0_1(p, session, expected);
	session_functions_3_0_2(p, session, expected);
}

static void
session_functions_3_2_1(CK_FUNCTION_LIST_3_2 *p, CK_SESSION_HANDLE session,
			CK_RV expected)
{
	assert_rv(expected, p->C_EncapsulateKey(session, NULL, 0, NULL, 0, NULL,
						NULL, NULL));
	assert_rv(expected, p->C_DecapsulateKey(session, NULL, 0, NULL, 0, NULL,
						0, NULL));
	assert_rv(expected,
		  p->C_VerifySignatureInit(session, NULL, 0, NULL, 0));
	assert_rv(expected, p->C_VerifySignature(session, NULL, 0));
	assert_rv(expected, p->C_VerifySignatureUpdate(session, NULL, 0));
	assert_rv(expected, p->C_VerifySignatureFinal(session));
	assert_rv(expected, p->C_GetSessionValidationFlags(session, 0, NULL));
	assert_rv(expected, p->C_AsyncComplete(session, NULL, NULL));
	assert_rv(expected, p->C_AsyncGetID(session, NULL, NULL));
	assert_rv(expected, p->C_AsyncJoin(session, NULL, 0, NULL, 0));
	assert_rv(expected, p->C_WrapKeyAuthenticated(session, NULL, 0, 0, NULL,
						      0, NULL, NULL));
	assert_rv(expected,
		  p->C_UnwrapKeyAuthenticated(session, NULL, 0, NULL, 0, NULL,
					      0, NULL, 0, NULL));
}

static void
session_functions_3_2(CK_FUNCTION_LIST_3_2 *p, CK_SESSION_HANDLE session,
		      CK_RV expected)
{
	session_functions_3_2_1(p, session, expected);
}

static void
all_functions(CK_SESSION_HANDLE session, CK_RV expected)
{
	session_functions(suite.p11, session, expected);
	if (suite.p11_3_0 != NULL)
		session_functions_3_0(suite.p11_3_0, session, expected);
	if (suite.p11_3_2 != NULL)
		session_functions_3_2(suite.p11_3_2, session, expected);
}

/* 5.1.2: "In general, ... codes from Section 5.1.1 take precedence" */
static void
functions_without_session(CK_RV expected)
{
	CK_FUNCTION_LIST *p = suite.p11;
	CK_SESSION_HANDLE session;
	CK_SLOT_INFO slot;
	CK_TOKEN_INFO token;
	CK_MECHANISM_INFO mechanism;
	CK_INFO info;
	CK_UTF8CHAR label[32];
	CK_ULONG count;

	assert_rv(expected, p->C_GetInfo(&info));
	assert_rv(expected, p->C_GetSlotList(CK_TRUE, NULL, &count));
	assert_rv(expected, p->C_GetSlotInfo(suite.slot, &slot));
	assert_rv(expected, p->C_GetTokenInfo(suite.slot, &token));
	assert_rv(expected, p->C_GetMechanismList(suite.slot, NULL, &count));
	assert_rv(expected,
		  p->C_GetMechanismInfo(suite.slot, CKM_RSA_PKCS, &mechanism));
	assert_rv(expected, p->C_InitToken(suite.slot, NULL, 0, label));
	assert_rv(expected, p->C_OpenSession(suite.slot, CKF_SERIAL_SESSION,
					     NULL, NULL, &session));
	assert_rv(expected, p->C_CloseAllSessions(suite.slot));
	assert_rv(expected,
		  p->C_WaitForSlotEvent(CKF_DONT_BLOCK, &count, NULL));
	assert_rv(expected, p->C_Finalize(NULL));
}

static void
test_before_initialize(void **state)
{
	functions_without_session(CKR_CRYPTOKI_NOT_INITIALIZED);
	all_functions(1, CKR_CRYPTOKI_NOT_INITIALIZED);
}

static void
test_after_finalize(void **state)
{
	assert_ok(suite.p11->C_Finalize(NULL));
	functions_without_session(CKR_CRYPTOKI_NOT_INITIALIZED);
	all_functions(suite.session, CKR_CRYPTOKI_NOT_INITIALIZED);
}

/* 5.1.2: CKR_SESSION_HANDLE_INVALID, whatever else is wrong */
static void
test_no_session(void **state)
{
	CK_SESSION_HANDLE dead = session_open(0);

	assert_ok(suite.p11->C_CloseSession(dead));
	all_functions(CK_INVALID_HANDLE, CKR_SESSION_HANDLE_INVALID);
	all_functions(dead, CKR_SESSION_HANDLE_INVALID);
	all_functions((CK_SESSION_HANDLE)-1, CKR_SESSION_HANDLE_INVALID);
}

/* Sizes that no memory has, of which a caller can only lie. */
static void
test_absurd_sizes(void **state)
{
	CK_FUNCTION_LIST *p = suite.p11;
	CK_SESSION_HANDLE session = suite.session;
	CK_ULONG endless = (CK_ULONG)-1, size = endless;
	CK_MECHANISM sha256 = { CKM_SHA256, NULL, 0 };
	CK_MECHANISM too_long = { CKM_RSA_PKCS_PSS, &size, endless };
	CK_ATTRIBUTE attribute = { CKA_LABEL, &size, endless };
	CK_OBJECT_HANDLE object;
	CK_BYTE byte[64];

	need_strict();
	assert_ok(p->C_DigestInit(session, &sha256));
	assert_int_not_equal(p->C_Digest(session, byte, endless, byte, &size),
			     CKR_OK);
	login();
	assert_int_not_equal(
		p->C_SignInit(session, &too_long,
			      object_get(CKO_PRIVATE_KEY, suite.rsa)),
		CKR_OK);
	assert_int_not_equal(p->C_GenerateRandom(session, byte, endless),
			     CKR_OK);
	assert_int_not_equal(p->C_FindObjectsInit(session, &attribute, 1),
			     CKR_OK);
	assert_int_not_equal(p->C_FindObjectsInit(session, &attribute, endless),
			     CKR_OK);
	assert_int_not_equal(
		p->C_CreateObject(session, &attribute, endless / 3, &object),
		CKR_OK);
	assert_int_not_equal(p->C_Login(session, CKU_SO, byte, endless),
			     CKR_OK);
	assert_int_not_equal(p->C_SetPIN(session, byte, endless, byte, endless),
			     CKR_OK);
}

/* An output that claims all of memory is as good as one that is enough. */
static void
test_endless_output(void **state)
{
	CK_MECHANISM sha256 = { CKM_SHA256, NULL, 0 };
	CK_BYTE out[32];
	CK_ULONG size = (CK_ULONG)-1;

	need_strict();
	assert_ok(suite.p11->C_DigestInit(suite.session, &sha256));
	assert_ok(suite.p11->C_Digest(suite.session, (CK_BYTE *)"", 0, out,
				      &size));
	assert_int_equal(size, 32);
}

/* 5.1.6: "Even unsupported functions ... should have a stub" */
static void
test_not_supported(void **state)
{
	CK_ULONG count;
	CK_FUNCTION_LIST_3_2 *p = need_3_2();

	assert_rv(CKR_FUNCTION_NOT_SUPPORTED,
		  p->C_AsyncGetID(suite.session, NULL, &count));
}

static const struct CMUnitTest list[] = {
	CASE_BARE("/input/before-initialize", test_before_initialize),
	CASE("/input/after-finalize", test_after_finalize),
	CASE("/input/no-session", test_no_session),
	CASE("/input/absurd-sizes", test_absurd_sizes),
	CASE("/input/endless-output", test_endless_output),
	CASE("/input/not-supported", test_not_supported),
};

const struct cases input_cases = CASES("input", list);
