/* 5.1.4, CKR_PIN_LOCKED: wrong PINs until there are no tries left. The cases
 * end with a token that nobody can use again. */
#include "suite.h"

enum { TRIES = 20 };

static const char wrong[] = "0000-wrong";

static CK_UTF8CHAR *
utf8(const char *pin)
{
	return (CK_UTF8CHAR *)pin;
}

/* Skips the case when the token counts no tries, or is not ours to lock. */
static void
lock(CK_USER_TYPE user)
{
	CK_RV rv = CKR_PIN_INCORRECT;
	int i;

	need_made();
	for (i = 0; i < TRIES && rv == CKR_PIN_INCORRECT; i++)
		rv = login_as(user, wrong);
	if (rv == CKR_PIN_INCORRECT)
		skip();
	assert_rv(CKR_PIN_LOCKED, rv);
}

static CK_FLAGS
token_flags(void)
{
	CK_TOKEN_INFO info;

	assert_ok(suite.p11->C_GetTokenInfo(suite.slot, &info));
	return info.flags;
}

/* 5.6.8, 5.6.9, 5.5.9: the right PIN is of no use any more, until the security
 * officer sets one (5.5.8). */
static void
test_user(void **state)
{
	CK_ULONG size = strlen(suite.pin);

	lock(CKU_USER);
	assert_true(token_flags() & CKF_USER_PIN_LOCKED);
	assert_rv(CKR_PIN_LOCKED, login_as(CKU_USER, suite.pin));
	assert_rv(CKR_PIN_LOCKED,
		  suite.p11->C_SetPIN(suite.session, utf8(suite.pin), size,
				      utf8(suite.pin), size));
	if (suite.p11_3_0 != NULL)
		assert_rv(CKR_PIN_LOCKED,
			  suite.p11_3_0->C_LoginUser(suite.session, CKU_USER,
						     utf8(suite.pin), size,
						     NULL, 0));
	assert_ok(login_as(CKU_SO, suite.so_pin));
	assert_ok(suite.p11->C_InitPIN(suite.session, utf8(suite.pin), size));
	assert_ok(suite.p11->C_Logout(suite.session));
	assert_false(token_flags() & CKF_USER_PIN_LOCKED);
	login();
}

/* 5.5.7: a token whose security officer is locked out is not made anew. */
static void
test_so(void **state)
{
	CK_UTF8CHAR label[] = "suite                           ";

	lock(CKU_SO);
	assert_true(token_flags() & CKF_SO_PIN_LOCKED);
	assert_rv(CKR_PIN_LOCKED, login_as(CKU_SO, suite.so_pin));
	assert_ok(suite.p11->C_CloseAllSessions(suite.slot));
	assert_rv(CKR_PIN_LOCKED,
		  suite.p11->C_InitToken(suite.slot, utf8(suite.so_pin),
					 strlen(suite.so_pin), label));
}

/* A P-256 key on the token that wants the PIN each time; the user is logged
 * in. */
static CK_OBJECT_HANDLE
key_make(void)
{
	static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	static CK_BYTE p256[] = { 0x06, 0x08, 0x2a, 0x86, 0x48,
				  0xce, 0x3d, 0x03, 0x01, 0x07 };
	CK_MECHANISM mechanism = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
	CK_ATTRIBUTE public_list[] = { { CKA_TOKEN, &no, 1 },
				       { CKA_EC_PARAMS, p256, sizeof(p256) } };
	CK_ATTRIBUTE private_list[] = { { CKA_TOKEN, &yes, 1 },
					{ CKA_PRIVATE, &yes, 1 },
					{ CKA_ALWAYS_AUTHENTICATE, &yes, 1 },
					{ CKA_SIGN, &yes, 1 } };
	CK_OBJECT_HANDLE keys[2];

	assert_ok(suite.p11->C_GenerateKeyPair(suite.session, &mechanism,
					       public_list, 2, private_list, 4,
					       &keys[0], &keys[1]));
	return keys[1];
}

/* 4.9: "repeated failed re-authentication attempts may cause the PIN to be
 * locked. C_Login returns in this case CKR_PIN_LOCKED and this also logs the
 * user out from the token." */
static void
test_context(void **state)
{
	CK_MECHANISM ecdsa = { CKM_ECDSA, NULL, 0 };
	CK_ULONG size = strlen(suite.pin);
	CK_RV rv = CKR_PIN_INCORRECT;
	int i;

	need_made();
	login();
	assert_ok(suite.p11->C_SignInit(suite.session, &ecdsa, key_make()));
	for (i = 0; i < TRIES && rv == CKR_PIN_INCORRECT; i++)
		rv = login_as(CKU_CONTEXT_SPECIFIC, wrong);
	if (rv != CKR_PIN_LOCKED)
		skip();
	assert_int_equal(session_state(suite.session), CKS_RW_PUBLIC_SESSION);
	assert_ok(login_as(CKU_SO, suite.so_pin));
	assert_ok(suite.p11->C_InitPIN(suite.session, utf8(suite.pin), size));
	assert_ok(suite.p11->C_Logout(suite.session));
	login();
}

static const struct CMUnitTest list[] = {
	CASE("/locked/user", test_user),
	CASE("/locked/context", test_context),
	CASE("/locked/so", test_so),
};

const struct cases locked_cases = CASES("locked", list);
