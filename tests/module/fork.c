/* A forked child is another application: it has to start for itself (usage
 * guide, "Applications and processes"). */
#include <sys/wait.h>
#include <unistd.h>

#include "suite.h"

static int
child_of(int (*body)(void))
{
	pid_t child;
	int status = -1;

	fflush(NULL);
	child = fork();
	if (child == 0)
		_exit(body());
	if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

/* What the parent had is not the child's (3.7.3). */
static int
uses_nothing(void)
{
	CK_SESSION_INFO info;
	CK_ULONG count;
	CK_RV none = CKR_CRYPTOKI_NOT_INITIALIZED;

	if (suite.p11->C_GetSessionInfo(suite.session, &info) != none)
		return 1;
	if (suite.p11->C_GetSlotList(CK_TRUE, NULL, &count) != none)
		return 2;
	if (suite.p11->C_CloseSession(suite.session) != none)
		return 3;
	return suite.p11->C_Finalize(NULL) == none ? 0 : 4;
}

static int
signs(void)
{
	CK_MECHANISM mechanism = { CKM_ECDSA, NULL, 0 };
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_BYTE id = suite.ec, digest[32] = { 5 }, signature[64];
	CK_ATTRIBUTE match[] = { { CKA_CLASS, &class, sizeof(class) },
				 { CKA_ID, &id, 1 } };
	CK_OBJECT_HANDLE key;
	CK_SESSION_HANDLE session;
	CK_ULONG count = 0, size = sizeof(signature);
	CK_FUNCTION_LIST *p = suite.p11;

	if (p->C_Initialize(NULL) != CKR_OK)
		return 1;
	if (p->C_OpenSession(suite.slot, CKF_SERIAL_SESSION, NULL, NULL,
			     &session) != CKR_OK)
		return 2;
	if (p->C_Login(session, CKU_USER, (CK_UTF8CHAR *)suite.pin,
		       strlen(suite.pin)) != CKR_OK)
		return 3;
	if (p->C_FindObjectsInit(session, match, 2) != CKR_OK ||
	    p->C_FindObjects(session, &key, 1, &count) != CKR_OK || count != 1)
		return 4;
	if (p->C_SignInit(session, &mechanism, key) != CKR_OK ||
	    p->C_Sign(session, digest, 32, signature, &size) != CKR_OK)
		return 5;
	return p->C_Finalize(NULL) == CKR_OK ? 0 : 6;
}

/* As a daemon does. */
static int
signs_in_grandchild(void)
{
	return child_of(signs);
}

/* With its session and its login, by a key that wants one: the child has had a
 * card's connection of its own, and ended its own login alone. */
static void
assert_parent_lives(void)
{
	CK_MECHANISM rsa = { CKM_RSA_PKCS, NULL, 0 };
	CK_BYTE signature[512];
	CK_ULONG size = sizeof(signature);

	assert_int_equal(session_state(suite.session), CKS_RW_USER_FUNCTIONS);
	assert_ok(suite.p11->C_SignInit(
		suite.session, &rsa, object_get(CKO_PRIVATE_KEY, suite.rsa)));
	assert_ok(suite.p11->C_Sign(suite.session, digest_info,
				    DIGEST_INFO_SIZE, signature, &size));
	assert_int_equal(session_state(suite.session), CKS_RW_USER_FUNCTIONS);
}

static void
test_uses_nothing(void **state)
{
	need_strict(); /* "undefined", says the usage guide */
	login();
	assert_int_equal(child_of(uses_nothing), 0);
	assert_parent_lives();
}

static void
test_signs(void **state)
{
	login();
	assert_int_equal(child_of(signs), 0);
	assert_parent_lives();
}

static void
test_grandchild(void **state)
{
	login();
	assert_int_equal(child_of(signs_in_grandchild), 0);
	assert_parent_lives();
}

static const struct CMUnitTest list[] = {
	CASE("/fork/uses-nothing", test_uses_nothing),
	CASE("/fork/signs", test_signs),
	CASE("/fork/grandchild", test_grandchild),
};

const struct cases fork_cases = CASES("fork", list);
