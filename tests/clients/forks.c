/* A host forks while its threads come and go: each child starts the module for
 * itself, whatever those threads had locked. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cryptoki.h"

enum { THREADS = 4, CHILDREN = 200, SLOTS = 4 };

static CK_FUNCTION_LIST *p11;
static CK_SLOT_ID slot;
static atomic_bool stopping;

static void
must(const char *what, bool fine)
{
	if (fine)
		return;
	fprintf(stderr, "forks: %s\n", what);
	exit(1);
}

static void
load(const char *path)
{
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	CK_C_GetFunctionList get;

	must("dlopen", library != NULL);
	*(void **)&get = dlsym(library, "C_GetFunctionList");
	must("C_GetFunctionList", get(&p11) == CKR_OK);
}

static CK_RV
draw(void)
{
	CK_SESSION_HANDLE session;
	CK_BYTE bytes[16];
	CK_RV rv = p11->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL,
				      &session);

	if (rv == CKR_OK)
		rv = p11->C_GenerateRandom(session, bytes, sizeof(bytes));
	if (rv == CKR_OK)
		rv = p11->C_CloseSession(session);
	return rv;
}

static void *
draw_once(void *failed)
{
	return draw() == CKR_OK ? NULL : failed;
}

/* libcrypto keeps account of every thread that used it, until that ends. */
static void *
come_and_go(void *failed)
{
	void *result = NULL;

	while (result == NULL && !atomic_load(&stopping)) {
		pthread_t threads[THREADS];
		int i;

		for (i = 0; i < THREADS; i++)
			if (pthread_create(&threads[i], NULL, draw_once,
					   failed) != 0)
				abort();
		for (i = 0; i < THREADS; i++) {
			void *one;

			pthread_join(threads[i], &one);
			if (one != NULL)
				result = one;
		}
	}
	return result;
}

/* The first slot, an empty one or that of a token. */
static CK_RV
slot_find(void)
{
	CK_SLOT_ID list[SLOTS];
	CK_ULONG count = SLOTS;
	CK_RV rv = p11->C_GetSlotList(CK_TRUE, list, &count);

	slot = list[0];
	return rv == CKR_OK && count == 0 ? CKR_SLOT_ID_INVALID : rv;
}

/* SQLite has locks of the whole process, which opening and closing a token's
 * file takes. */
static void *
start_and_finish(void *failed)
{
	CK_RV rv = CKR_OK;

	while (rv == CKR_OK && !atomic_load(&stopping)) {
		CK_ULONG count;

		rv = p11->C_Initialize(NULL);
		if (rv == CKR_OK)
			rv = p11->C_GetSlotList(CK_TRUE, NULL, &count);
		if (rv == CKR_OK)
			rv = p11->C_Finalize(NULL);
	}
	return rv == CKR_OK ? NULL : failed;
}

/* Gives the step that failed, or 0. A child that hangs is killed. */
static int
child_work(void)
{
	alarm(60);
	if (p11->C_Initialize(NULL) != CKR_OK)
		return 1;
	if (slot_find() != CKR_OK)
		return 2;
	if (draw() != CKR_OK)
		return 3;
	return p11->C_Finalize(NULL) == CKR_OK ? 0 : 4;
}

static void
child(void)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0)
		_exit(child_work());
	must("a child failed", waitpid(pid, &status, 0) == pid && status == 0);
}

/* Children beside threads that do WORK. */
static void
children(void *(*work)(void *), int count)
{
	pthread_t threads[THREADS];
	int i;

	atomic_store(&stopping, false);
	for (i = 0; i < count; i++)
		must("pthread_create",
		     pthread_create(&threads[i], NULL, work, &slot) == 0);
	for (i = 0; i < CHILDREN; i++)
		child();
	atomic_store(&stopping, true);
	for (i = 0; i < count; i++) {
		void *result;

		pthread_join(threads[i], &result);
		must("a thread failed", result == NULL);
	}
}

int
main(int argc, char **argv)
{
	CK_UTF8CHAR pin[] = "so-pin-1", label[32] = "forks";

	must("usage: forks MODULE", argc == 2);
	load(argv[1]);
	must("C_Initialize", p11->C_Initialize(NULL) == CKR_OK);
	must("C_GetSlotList", slot_find() == CKR_OK);
	must("this thread too has used libcrypto", draw() == CKR_OK);
	children(come_and_go, THREADS);
	must("C_InitToken", p11->C_InitToken(slot, pin, sizeof(pin) - 1,
					     label) == CKR_OK);
	must("C_Finalize", p11->C_Finalize(NULL) == CKR_OK);
	children(start_and_finish, 1);
	return 0;
}
