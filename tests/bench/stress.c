/*
 * p11stress: several processes work on one token at once; what breaks?
 *
 * Each child creates private AES token objects, finds each one back, and signs
 * with a shared key in between. The parent then counts the objects after a
 * fresh C_Initialize. The exit status is 0 when nothing failed and nothing is
 * lost.
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cryptoki.h"

enum { SLOTS_MAX = 64, PROCESSES_MAX = 64, PAGE = 512 };
static char key_id[] = "pb-stress";

static struct {
	CK_FUNCTION_LIST *p11;
	CK_SESSION_HANDLE session;
	const char *token, *pin, *init_args;
	char label[32];
} run;

/* What a child saw go wrong. */
struct failures {
	int create, own, key, sign;
	CK_RV last;
};

static CK_RV
login(CK_SLOT_ID slot)
{
	CK_RV rv = run.p11->C_OpenSession(slot,
					  CKF_SERIAL_SESSION | CKF_RW_SESSION,
					  NULL, NULL, &run.session);
	if (rv != CKR_OK)
		return rv;
	return run.p11->C_Login(run.session, CKU_USER, (CK_UTF8CHAR *)run.pin,
				strlen(run.pin));
}

static CK_RV
start(void)
{
	static struct {
		CK_C_INITIALIZE_ARGS arguments;
		void *more; /* NSS reads one field on */
	} init;
	CK_SLOT_ID ids[SLOTS_MAX];
	CK_ULONG count = SLOTS_MAX;
	CK_TOKEN_INFO info;
	memset(&init, 0, sizeof init);
	init.arguments.flags = CKF_OS_LOCKING_OK;
	init.arguments.pReserved = (void *)run.init_args;
	CK_RV rv = run.p11->C_Initialize(&init);
	if (rv == CKR_OK)
		rv = run.p11->C_GetSlotList(CK_TRUE, ids, &count);
	if (rv != CKR_OK)
		return rv;
	for (CK_ULONG i = 0; i < count; i++)
		if (run.p11->C_GetTokenInfo(ids[i], &info) == CKR_OK &&
		    !strncmp((char *)info.label, run.token, strlen(run.token)))
			return login(ids[i]);
	return CKR_TOKEN_NOT_PRESENT;
}

static CK_RV
create(const char *id)
{
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_AES;
	CK_BBOOL yes = CK_TRUE;
	unsigned char value[32];
	CK_OBJECT_HANDLE object;
	CK_ATTRIBUTE t[] = { { CKA_CLASS, &class, sizeof class },
			     { CKA_KEY_TYPE, &type, sizeof type },
			     { CKA_TOKEN, &yes, 1 },
			     { CKA_PRIVATE, &yes, 1 },
			     { CKA_ENCRYPT, &yes, 1 },
			     { CKA_ID, (void *)id, strlen(id) },
			     { CKA_LABEL, run.label, strlen(run.label) },
			     { CKA_VALUE, value, sizeof value } };
	memset(value, 7, sizeof value);
	return run.p11->C_CreateObject(run.session, t, 8, &object);
}

static CK_ULONG
find(CK_OBJECT_CLASS class, CK_ATTRIBUTE_TYPE type, const char *value,
     CK_OBJECT_HANDLE *object, CK_RV *rv)
{
	CK_ATTRIBUTE t[] = { { CKA_CLASS, &class, sizeof class },
			     { type, (void *)value, strlen(value) } };
	CK_OBJECT_HANDLE page[PAGE];
	CK_ULONG count, total = 0;
	if ((*rv = run.p11->C_FindObjectsInit(run.session, t, 2)) != CKR_OK)
		return 0;
	for (;;) {
		*rv = run.p11->C_FindObjects(run.session, page, PAGE, &count);
		if (*rv != CKR_OK || count == 0)
			break;
		*object = page[0];
		total += count;
	}
	run.p11->C_FindObjectsFinal(run.session);
	return total;
}

/* The key that all children sign with. */
static CK_RV
shared_key(void)
{
	static unsigned char p256[] = { 6,    8,    0x2a, 0x86, 0x48,
					0xce, 0x3d, 3,	  1,	7 };
	CK_BBOOL yes = CK_TRUE;
	CK_MECHANISM m = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
	CK_ATTRIBUTE pub[] = { { CKA_TOKEN, &yes, 1 },
			       { CKA_EC_PARAMS, p256, sizeof p256 },
			       { CKA_ID, key_id, strlen(key_id) } };
	CK_ATTRIBUTE priv[] = { { CKA_TOKEN, &yes, 1 },
				{ CKA_PRIVATE, &yes, 1 },
				{ CKA_SIGN, &yes, 1 },
				{ CKA_ID, key_id, strlen(key_id) } };
	CK_OBJECT_HANDLE a, b;
	CK_RV rv;
	if (find(CKO_PRIVATE_KEY, CKA_ID, key_id, &a, &rv) > 0)
		return CKR_OK;
	return run.p11->C_GenerateKeyPair(run.session, &m, pub, 3, priv, 4, &a,
					  &b);
}

static void
one_object(int process, int number, struct failures *bad)
{
	char id[32];
	unsigned char value[128], digest[32] = { 1 };
	CK_ULONG size = sizeof value;
	CK_MECHANISM m = { CKM_ECDSA, NULL, 0 };
	CK_OBJECT_HANDLE object;
	CK_RV rv;
	snprintf(id, sizeof id, "s%d-%d", process, number);
	if ((rv = create(id)) != CKR_OK) {
		bad->create++;
		bad->last = rv;
		return;
	}
	if (find(CKO_SECRET_KEY, CKA_ID, id, &object, &rv) < 1) {
		bad->own++;
		bad->last = rv;
	}
	if (find(CKO_PRIVATE_KEY, CKA_ID, key_id, &object, &rv) != 1) {
		bad->key++;
		bad->last = rv;
		return;
	}
	if ((rv = run.p11->C_SignInit(run.session, &m, object)) != CKR_OK ||
	    (rv = run.p11->C_Sign(run.session, digest, 32, value, &size)) !=
		    CKR_OK) {
		bad->sign++;
		bad->last = rv;
	}
}

static int
child(int process, int objects)
{
	struct failures bad = { 0 };
	CK_RV rv = start();
	if (rv != CKR_OK) {
		printf("  child %d: start failed 0x%lx\n", process, rv);
		fflush(stdout);
		return 1;
	}
	for (int i = 0; i < objects; i++)
		one_object(process, i, &bad);
	bool failed = bad.create || bad.own || bad.key || bad.sign;
	if (failed)
		printf("  child %d: create failed %d, own object not found %d,"
		       " key not found %d, sign failed %d, last rv 0x%lx\n",
		       process, bad.create, bad.own, bad.key, bad.sign,
		       bad.last);
	run.p11->C_Finalize(NULL);
	fflush(stdout);
	return failed;
}

/* How many children failed or died. */
static int
children(int processes, int objects)
{
	pid_t pids[PROCESSES_MAX];
	int failed = 0;
	fflush(stdout);
	for (int i = 0; i < processes; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(child(i, objects));
	}
	for (int i = 0; i < processes; i++) {
		int status = 1;
		if (pids[i] > 0)
			waitpid(pids[i], &status, 0);
		failed += status != 0;
	}
	return failed;
}

static int
stress(int processes, int objects)
{
	struct timespec begin, end;
	CK_OBJECT_HANDLE object;
	CK_RV rv = start();
	if (rv == CKR_OK)
		rv = shared_key();
	if (rv != CKR_OK) {
		printf("start 0x%lx\n", rv);
		return 1;
	}
	run.p11->C_Finalize(NULL);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	int failed = children(processes, objects);
	clock_gettime(CLOCK_MONOTONIC, &end);
	if ((rv = start()) != CKR_OK) {
		printf("restart 0x%lx\n", rv);
		return 1;
	}
	CK_ULONG there =
		find(CKO_SECRET_KEY, CKA_LABEL, run.label, &object, &rv);
	CK_ULONG wanted = (CK_ULONG)processes * (CK_ULONG)objects;
	printf("%d processes x %d objects: %lu of %lu there afterwards,"
	       " %d children failed, %.2f s\n",
	       processes, objects, there, wanted, failed,
	       (double)(end.tv_sec - begin.tv_sec) +
		       (double)(end.tv_nsec - begin.tv_nsec) / 1e9);
	run.p11->C_Finalize(NULL);
	return failed || there != wanted;
}

int
main(int argc, char **argv)
{
	CK_RV (*get)(CK_FUNCTION_LIST_PTR_PTR);
	if (argc < 6) {
		fputs("p11stress MODULE TOKEN PIN PROCESSES OBJECTS"
		      " [INIT-ARGS]\n",
		      stderr);
		return 2;
	}
	int processes = atoi(argv[4]), objects = atoi(argv[5]);
	void *module = dlopen(argv[1], RTLD_NOW);
	if (!module || processes < 1 || processes > PROCESSES_MAX)
		return 2;
	*(void **)&get = dlsym(module, "C_GetFunctionList");
	if (!get || get(&run.p11) != CKR_OK)
		return 2;
	run.token = argv[2];
	run.pin = argv[3];
	run.init_args = argc > 6 ? argv[6] : NULL;
	snprintf(run.label, sizeof run.label, "stress-%d", (int)getpid());
	return stress(processes, objects);
}
