/* 5.22: CKN_SURRENDER, and what another call of the same session meets while an
 * operation is in a card. The suite tells the card to be slow (--tell), which a
 * library may announce before the second use of the key. */
#include <pthread.h>

#include "suite.h"

enum { ROOM = 512 };

static CK_MECHANISM rsa_sha256 = { CKM_SHA256_RSA_PKCS, NULL, 0 };
static CK_BYTE text[] = "to be signed", out[ROOM];
static CK_OBJECT_HANDLE key;

/* What the callback does, and how often it was called. */
static CK_RV (*reaction)(void);
static unsigned told;

static CK_RV
surrender(CK_SESSION_HANDLE session, CK_NOTIFICATION event, void *application)
{
	if (event != CKN_SURRENDER || application != &told)
		return CKR_OK;
	told++;
	return reaction();
}

static CK_RV
go_on(void)
{
	return CKR_OK;
}

static CK_RV
cancel(void)
{
	return CKR_CANCEL;
}

static CK_RV
sign(void)
{
	CK_ULONG size = ROOM;

	return suite.p11->C_Sign(suite.session, text, sizeof(text), out, &size);
}

static void
sign_begin(void)
{
	assert_ok(suite.p11->C_SignInit(suite.session, &rsa_sha256, key));
}

/* A session with a callback, and a key of which it is known to be slow. */
static void
prepare(CK_RV (*what)(void))
{
	need_tell();
	told = 0;
	reaction = go_on;
	assert_ok(suite.p11->C_OpenSession(suite.slot,
					   CKF_SERIAL_SESSION | CKF_RW_SESSION,
					   &told, surrender, &suite.session));
	login();
	key = object_get(CKO_PRIVATE_KEY, suite.rsa);
	sign_begin();
	card_tell("slow 600");
	assert_ok(sign());
	card_tell("slow 0");
	told = 0;
	reaction = what;
}

/* Skips the case where the library did not surrender. */
static void
need_told(void)
{
	if (told == 0 && !suite.strict)
		skip();
	assert_int_equal(told, 1);
}

/* "If the application ... returns CKR_OK, the function goes on" */
static void
test_on(void **state)
{
	prepare(go_on);
	sign_begin();
	assert_ok(sign());
	need_told();
}

/* "CKR_CANCEL: then the function aborts and returns CKR_FUNCTION_CANCELED"
 * (5.1.4); the operation is over as with any other error. */
static void
test_cancel(void **state)
{
	CK_RV rv;

	prepare(cancel);
	sign_begin();
	rv = sign();
	need_told();
	assert_rv(CKR_FUNCTION_CANCELED, rv);
	assert_rv(CKR_OPERATION_NOT_INITIALIZED, sign());
	assert_int_equal(session_state(suite.session), CKS_RW_USER_FUNCTIONS);
}

static void
test_cancel_final(void **state)
{
	CK_ULONG size = ROOM;
	CK_RV rv;

	prepare(cancel);
	sign_begin();
	assert_ok(suite.p11->C_SignUpdate(suite.session, text, sizeof(text)));
	rv = suite.p11->C_SignFinal(suite.session, out, &size);
	need_told();
	assert_rv(CKR_FUNCTION_CANCELED, rv);
}

static void
test_cancel_message(void **state)
{
	CK_FUNCTION_LIST_3_0 *p = need_3_0();
	CK_SESSION_HANDLE s;
	CK_ULONG size = ROOM;
	CK_RV rv;

	need_mechanism(CKM_SHA256_RSA_PKCS, CKF_MESSAGE_SIGN);
	prepare(cancel);
	s = suite.session;
	assert_ok(p->C_MessageSignInit(s, &rsa_sha256, key));
	rv = p->C_SignMessage(s, NULL, 0, text, sizeof(text), out, &size);
	need_told();
	assert_rv(CKR_FUNCTION_CANCELED, rv);
	assert_ok(p->C_SignMessageBegin(s, NULL, 0));
	size = ROOM;
	rv = p->C_SignMessageNext(s, NULL, 0, text, sizeof(text), out, &size);
	assert_rv(CKR_FUNCTION_CANCELED, rv);
}

static void
test_cancel_decrypt(void **state)
{
	CK_MECHANISM rsa = { CKM_RSA_PKCS, NULL, 0 };
	CK_BYTE cipher[ROOM];
	CK_ULONG size = ROOM, plain_size = ROOM;
	CK_FUNCTION_LIST *p = suite.p11;
	CK_RV rv = CKR_OK;
	int i;

	need_mechanism(CKM_RSA_PKCS, CKF_ENCRYPT | CKF_DECRYPT);
	prepare(go_on);
	key = object_get(CKO_PRIVATE_KEY, suite.decrypt);
	assert_ok(p->C_EncryptInit(suite.session, &rsa,
				   object_get(CKO_PUBLIC_KEY, suite.decrypt)));
	assert_ok(
		p->C_Encrypt(suite.session, text, sizeof(text), cipher, &size));
	card_tell("slow 600");
	for (i = 0; i < 2; i++) {
		assert_rv(CKR_OK, rv);
		assert_ok(p->C_DecryptInit(suite.session, &rsa, key));
		plain_size = ROOM;
		rv = p->C_Decrypt(suite.session, cipher, size, out,
				  &plain_size);
		told = 0;
		reaction = cancel;
	}
	assert_rv(CKR_FUNCTION_CANCELED, rv);
}

/* 5.6.5: "from an application callback ... no action will be taken by the
 * library and CKR_FUNCTION_FAILED must be returned" */
static CK_RV
session_cancel(void)
{
	if (suite.p11_3_0->C_SessionCancel(suite.session, CKF_SIGN) !=
	    CKR_FUNCTION_FAILED)
		return CKR_CANCEL;
	return CKR_OK;
}

static void
test_session_cancel(void **state)
{
	(void)need_3_0();
	prepare(session_cancel);
	sign_begin();
	assert_ok(sign());
	need_told();
}

/* The table of pkcs11/lock.c: what other threads get meanwhile. */
struct met {
	CK_RV init, end, sign, update, final, cancel, info;
};
static struct met met;

static void *
meet(void *arg)
{
	CK_SESSION_HANDLE s = suite.session;
	CK_FUNCTION_LIST_3_0 *p = suite.p11_3_0;
	CK_SESSION_INFO info;
	CK_ULONG size = ROOM;
	CK_BYTE other[ROOM];

	met.init = p->C_SignInit(s, &rsa_sha256, key);
	met.end = p->C_SignInit(s, NULL, 0);
	met.sign = p->C_Sign(s, text, sizeof(text), other, &size);
	met.update = p->C_SignUpdate(s, text, sizeof(text));
	met.final = p->C_SignFinal(s, other, &size);
	met.cancel = p->C_SessionCancel(s, CKF_SIGN);
	met.info = p->C_GetSessionInfo(s, &info);
	return NULL;
}

static CK_RV
let_meet(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, meet, NULL) != 0 ||
	    pthread_join(thread, NULL) != 0)
		return CKR_CANCEL;
	return CKR_OK;
}

static void
test_meanwhile(void **state)
{
	need_strict(); /* "undefined", says 5.1.2 */
	(void)need_3_0();
	prepare(let_meet);
	sign_begin();
	assert_ok(sign());
	need_told();
	assert_rv(CKR_OPERATION_ACTIVE, met.init);
	assert_rv(CKR_OPERATION_CANCEL_FAILED, met.end);
	assert_rv(CKR_OPERATION_ACTIVE, met.sign);
	assert_rv(CKR_OPERATION_ACTIVE, met.update);
	assert_rv(CKR_OPERATION_ACTIVE, met.final);
	assert_rv(CKR_OPERATION_CANCEL_FAILED, met.cancel);
	assert_ok(met.info);
}

static const struct CMUnitTest list[] = {
	CASE_REMOVING("/surrender/on", test_on, NULL),
	CASE_REMOVING("/surrender/cancel", test_cancel, NULL),
	CASE_REMOVING("/surrender/cancel/final", test_cancel_final, NULL),
	CASE_REMOVING("/surrender/cancel/message", test_cancel_message, NULL),
	CASE_REMOVING("/surrender/cancel/decrypt", test_cancel_decrypt, NULL),
	CASE_REMOVING("/surrender/session-cancel", test_session_cancel, NULL),
	CASE_REMOVING("/surrender/meanwhile", test_meanwhile, NULL),
};

const struct cases surrender_cases = CASES("surrender", list);
