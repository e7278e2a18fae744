/* Many threads on all tokens of a module at once, each with its own session. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cryptoki.h"

enum { THREADS = 64, ROUNDS = 3, SLOTS_MAX = 8, KEY_ID = 1 };

static CK_FUNCTION_LIST *p11;

/* A token, and a pair of keys on it. */
struct place {
	CK_SLOT_ID slot;
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE public_key, private_key;
	CK_MECHANISM mechanism;
};

struct worker {
	pthread_t thread;
	const struct place *place;
	const char *where; /* the first call that failed */
	CK_RV rv;
};

static void
must(const char *what, CK_RV rv)
{
	if (rv == CKR_OK)
		return;
	fprintf(stderr, "%s: 0x%lx\n", what, rv);
	exit(1);
}

static void
load(const char *path)
{
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	CK_C_GetFunctionList get;

	if (library == NULL) {
		fprintf(stderr, "%s\n", dlerror());
		exit(1);
	}
	*(void **)&get = dlsym(library, "C_GetFunctionList");
	must("C_GetFunctionList", get(&p11));
}

static CK_OBJECT_HANDLE
find(CK_SESSION_HANDLE session, CK_OBJECT_CLASS class)
{
	CK_BYTE id = KEY_ID;
	CK_ATTRIBUTE match[] = { { CKA_CLASS, &class, sizeof(class) },
				 { CKA_ID, &id, 1 } };
	CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
	CK_ULONG count = 0;

	must("C_FindObjectsInit", p11->C_FindObjectsInit(session, match, 2));
	must("C_FindObjects",
	     p11->C_FindObjects(session, &object, 1, &count));
	must("C_FindObjectsFinal", p11->C_FindObjectsFinal(session));
	must("no such key", count == 1 ? CKR_OK : CKR_GENERAL_ERROR);
	return object;
}

static void
place_open(struct place *place, CK_SLOT_ID slot, const char *pin)
{
	CK_KEY_TYPE type = 0;
	CK_ATTRIBUTE ask = { CKA_KEY_TYPE, &type, sizeof(type) };

	place->slot = slot;
	must("C_OpenSession",
	     p11->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL,
				&place->session));
	must("C_Login", p11->C_Login(place->session, CKU_USER,
				     (CK_UTF8CHAR *)pin, strlen(pin)));
	place->public_key = find(place->session, CKO_PUBLIC_KEY);
	place->private_key = find(place->session, CKO_PRIVATE_KEY);
	must("C_GetAttributeValue",
	     p11->C_GetAttributeValue(place->session, place->private_key, &ask,
				      1));
	place->mechanism.mechanism =
		type == CKK_RSA ? CKM_SHA256_RSA_PKCS : CKM_ECDSA;
}

/* A key pair on an empty software token. */
static void
token_fill(CK_SESSION_HANDLE session)
{
	static CK_BYTE p256[] = { 0x06, 0x08, 0x2a, 0x86, 0x48,
				  0xce, 0x3d, 0x03, 0x01, 0x07 };
	CK_MECHANISM mechanism = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
	CK_BYTE id = KEY_ID;
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE list[] = { { CKA_TOKEN, &yes, 1 },
				{ CKA_ID, &id, 1 },
				{ CKA_EC_PARAMS, p256, sizeof(p256) } };
	CK_OBJECT_HANDLE keys[2];

	must("C_GenerateKeyPair",
	     p11->C_GenerateKeyPair(session, &mechanism, list, 3, list, 2,
				    &keys[0], &keys[1]));
}

static void
token_make(CK_SLOT_ID slot, const char *pin)
{
	CK_UTF8CHAR label[] = "threads                         ";
	CK_UTF8CHAR *bytes = (CK_UTF8CHAR *)pin;
	CK_ULONG size = strlen(pin);
	CK_SESSION_HANDLE session;

	must("C_InitToken", p11->C_InitToken(slot, bytes, size, label));
	must("C_OpenSession",
	     p11->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL,
				NULL, &session));
	must("C_Login", p11->C_Login(session, CKU_SO, bytes, size));
	must("C_InitPIN", p11->C_InitPIN(session, bytes, size));
	must("C_Logout", p11->C_Logout(session));
	must("C_Login", p11->C_Login(session, CKU_USER, bytes, size));
	token_fill(session);
	must("C_CloseSession", p11->C_CloseSession(session));
}

static bool
did(struct worker *w, const char *where, CK_RV rv)
{
	if (rv == CKR_OK)
		return true;
	w->where = where;
	w->rv = rv;
	return false;
}

static bool
sign(struct worker *w, CK_SESSION_HANDLE session)
{
	const struct place *place = w->place;
	CK_MECHANISM mechanism = place->mechanism;
	CK_BYTE digest[32] = { (CK_BYTE)session }, signature[512];
	CK_ULONG size = sizeof(signature);

	return did(w, "C_SignInit",
		   p11->C_SignInit(session, &mechanism,
				   place->private_key)) &&
	       did(w, "C_Sign",
		   p11->C_Sign(session, digest, sizeof(digest), signature,
			       &size)) &&
	       did(w, "C_VerifyInit",
		   p11->C_VerifyInit(session, &mechanism,
				     place->public_key)) &&
	       did(w, "C_Verify",
		   p11->C_Verify(session, digest, sizeof(digest), signature,
				 size));
}

/* What asks for no card. */
static bool
ask(struct worker *w, CK_SESSION_HANDLE session)
{
	CK_SESSION_INFO info;
	CK_TOKEN_INFO token;
	CK_ULONG count = 0;

	return did(w, "C_GetSlotList",
		   p11->C_GetSlotList(CK_TRUE, NULL, &count)) &&
	       did(w, "C_GetTokenInfo",
		   p11->C_GetTokenInfo(w->place->slot, &token)) &&
	       did(w, "C_GetSessionInfo",
		   p11->C_GetSessionInfo(session, &info));
}

static void *
work(void *arg)
{
	struct worker *w = arg;
	CK_SESSION_HANDLE session;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		if (!did(w, "C_OpenSession",
			 p11->C_OpenSession(w->place->slot, CKF_SERIAL_SESSION,
					    NULL, NULL, &session)) ||
		    !sign(w, session) || !ask(w, session) ||
		    !did(w, "C_CloseSession", p11->C_CloseSession(session)))
			break;
	}
	return NULL;
}

/* A child that starts and stops the module for itself does not touch what its
 * parent has. */
static void
child(void)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		CK_ULONG count = 0;
		bool fine = p11->C_Finalize(NULL) ==
				    CKR_CRYPTOKI_NOT_INITIALIZED &&
			    p11->C_Initialize(NULL) == CKR_OK &&
			    p11->C_GetSlotList(CK_TRUE, NULL, &count) ==
				    CKR_OK &&
			    p11->C_Finalize(NULL) == CKR_OK;

		_exit(fine ? 0 : 1);
	}
	if (waitpid(pid, &status, 0) != pid || status != 0) {
		fprintf(stderr, "the child failed\n");
		exit(1);
	}
}

static int
run(const struct place *places, size_t count, bool forks)
{
	static struct worker workers[THREADS];
	int failed = 0, i;

	for (i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .place =
						      &places[i % (int)count] };
		if (pthread_create(&workers[i].thread, NULL, work,
				   &workers[i]) != 0)
			exit(1);
	}
	if (forks)
		child();
	for (i = 0; i < THREADS; i++)
		pthread_join(workers[i].thread, NULL);
	for (i = 0; i < THREADS; i++) {
		if (workers[i].rv == CKR_OK)
			continue;
		fprintf(stderr, "slot 0x%lx: %s: 0x%lx\n",
			workers[i].place->slot, workers[i].where,
			workers[i].rv);
		failed = 1;
	}
	return failed;
}

int
main(int argc, char **argv)
{
	CK_C_INITIALIZE_ARGS args = { .flags = CKF_OS_LOCKING_OK };
	struct place places[SLOTS_MAX] = { 0 };
	CK_SLOT_ID slots[SLOTS_MAX];
	CK_ULONG count = SLOTS_MAX, i, open = 0;
	int failed;

	if (argc != 5) {
		fprintf(stderr, "usage: threads MODULE PIN TOKENS "
				"forks|stays\n");
		return 2;
	}
	load(argv[1]);
	must("C_Initialize", p11->C_Initialize(&args));
	must("C_GetSlotList", p11->C_GetSlotList(CK_TRUE, slots, &count));
	for (i = 0; i < count; i++) {
		CK_TOKEN_INFO info;

		must("C_GetTokenInfo", p11->C_GetTokenInfo(slots[i], &info));
		if (!(info.flags & CKF_TOKEN_INITIALIZED))
			token_make(slots[i], argv[2]);
		place_open(&places[open++], slots[i], argv[2]);
	}
	printf("%lu tokens\n", open);
	if (open != strtoul(argv[3], NULL, 10))
		return 1;
	failed = run(places, open, strcmp(argv[4], "forks") == 0);
	must("C_Finalize", p11->C_Finalize(NULL));
	return failed;
}
