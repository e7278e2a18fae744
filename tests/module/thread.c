/* Many threads in one module, each with a session of its own. */
#include <pthread.h>

#include "suite.h"

enum { THREADS = 64, ROUNDS = 10 };

static CK_MECHANISM rsa = { CKM_SHA256_RSA_PKCS, NULL, 0 };

struct worker {
	pthread_t thread;
	CK_OBJECT_HANDLE public_key, private_key;
	CK_RV rv;
	const char *where;
};

/* No assertion outside the main thread: the first failure is kept. */
static bool
did(struct worker *w, const char *where, CK_RV rv)
{
	if (rv == CKR_OK)
		return true;
	w->rv = rv;
	w->where = where;
	return false;
}

static bool
sign_and_verify(struct worker *w, CK_SESSION_HANDLE session)
{
	CK_BYTE text[] = "from many threads", signature[256];
	CK_ULONG size = sizeof(signature);
	CK_FUNCTION_LIST *p = suite.p11;

	return did(w, "C_SignInit",
		   p->C_SignInit(session, &rsa, w->private_key)) &&
	       did(w, "C_Sign",
		   p->C_Sign(session, text, sizeof(text), signature, &size)) &&
	       did(w, "C_VerifyInit",
		   p->C_VerifyInit(session, &rsa, w->public_key)) &&
	       did(w, "C_Verify",
		   p->C_Verify(session, text, sizeof(text), signature, size));
}

static bool
find_all(struct worker *w, CK_SESSION_HANDLE session)
{
	CK_OBJECT_HANDLE found[64];
	CK_ULONG count;
	CK_FUNCTION_LIST *p = suite.p11;

	return did(w, "C_FindObjectsInit",
		   p->C_FindObjectsInit(session, NULL, 0)) &&
	       did(w, "C_FindObjects",
		   p->C_FindObjects(session, found, 64, &count)) &&
	       did(w, "C_FindObjectsFinal", p->C_FindObjectsFinal(session));
}

static bool
make_and_destroy(struct worker *w, CK_SESSION_HANDLE session)
{
	CK_OBJECT_CLASS class = CKO_DATA;
	CK_BBOOL no = CK_FALSE;
	CK_ATTRIBUTE list[] = { { CKA_CLASS, &class, sizeof(class) },
				{ CKA_PRIVATE, &no, 1 } };
	CK_OBJECT_HANDLE object;
	CK_FUNCTION_LIST *p = suite.p11;

	return did(w, "C_CreateObject",
		   p->C_CreateObject(session, list, 2, &object)) &&
	       did(w, "C_DestroyObject", p->C_DestroyObject(session, object));
}

static bool
ask(struct worker *w, CK_SESSION_HANDLE session)
{
	CK_SESSION_INFO info;
	CK_TOKEN_INFO token;
	CK_ULONG count;
	CK_FUNCTION_LIST *p = suite.p11;

	return did(w, "C_GetSlotList",
		   p->C_GetSlotList(CK_TRUE, NULL, &count)) &&
	       did(w, "C_GetTokenInfo",
		   p->C_GetTokenInfo(suite.slot, &token)) &&
	       did(w, "C_GetSessionInfo", p->C_GetSessionInfo(session, &info));
}

static void *
work(void *arg)
{
	struct worker *w = arg;
	CK_SESSION_HANDLE session;
	CK_FUNCTION_LIST *p = suite.p11;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		if (!did(w, "C_OpenSession",
			 p->C_OpenSession(suite.slot, CKF_SERIAL_SESSION, NULL,
					  NULL, &session)))
			break;
		if (!sign_and_verify(w, session) || !find_all(w, session) ||
		    !make_and_destroy(w, session) || !ask(w, session))
			break;
		if (!did(w, "C_CloseSession", p->C_CloseSession(session)))
			break;
	}
	return NULL;
}

/* 5.4.1, way 2: "multi-threaded Cryptoki access" with CKF_OS_LOCKING_OK */
static void
test_own_sessions(void **state)
{
	static struct worker workers[THREADS];
	int i;

	need_session_objects();
	login();
	for (i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){
			.public_key = object_get(CKO_PUBLIC_KEY, suite.rsa),
			.private_key = object_get(CKO_PRIVATE_KEY, suite.rsa),
		};
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work,
						&workers[i]),
				 0);
	}
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
	for (i = 0; i < THREADS; i++) {
		if (workers[i].rv != CKR_OK)
			print_error("%s\n", workers[i].where);
		assert_ok(workers[i].rv);
	}
}

/* One session in many hands: whatever each gets, it is a result of the
 * standard's, and the module is whole afterwards. */
static void *
quarrel(void *arg)
{
	struct worker *w = arg;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		w->rv = CKR_OK;
		(void)sign_and_verify(w, suite.session);
		(void)find_all(w, suite.session);
		if (w->rv == CKR_GENERAL_ERROR || w->rv == CKR_DEVICE_ERROR)
			break;
		w->rv = CKR_OK;
	}
	return NULL;
}

static void
test_one_session(void **state)
{
	static struct worker workers[4];
	struct worker after = { 0 };
	int i;

	need_strict(); /* "undefined", says 5.1.2 */
	login();
	after.public_key = object_get(CKO_PUBLIC_KEY, suite.rsa);
	after.private_key = object_get(CKO_PRIVATE_KEY, suite.rsa);
	for (i = 0; i < 4; i++) {
		workers[i] = after;
		assert_int_equal(pthread_create(&workers[i].thread, NULL,
						quarrel, &workers[i]),
				 0);
	}
	for (i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
		assert_ok(workers[i].rv);
	}
	assert_true(sign_and_verify(&after, session_open(0)));
}

static const struct CMUnitTest list[] = {
	CASE("/thread/own-sessions", test_own_sessions),
	CASE("/thread/one-session", test_one_session),
};

const struct cases thread_cases = CASES("thread", list);
