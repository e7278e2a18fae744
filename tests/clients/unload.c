/* A host that loads the module, uses it and unloads it, again and again. */
#include <dirent.h>
#include <dlfcn.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cryptoki.h"

enum { LINE_MAX_SIZE = 4096, SIGNALS = 65 };

static CK_FUNCTION_LIST *p11;

static void
must(const char *what, bool fine)
{
	if (fine)
		return;
	fprintf(stderr, "unload: %s\n", what);
	_exit(1);
}

static void *
load(const char *path)
{
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	CK_C_GetFunctionList get;

	must("dlopen", library != NULL);
	*(void **)&get = dlsym(library, "C_GetFunctionList");
	must("C_GetFunctionList", get(&p11) == CKR_OK);
	return library;
}

/* Slots and mechanisms, a session, an object, a digest with its state saved,
 * a key pair and its signature. */
static void
use(void)
{
	CK_MECHANISM sha256 = { CKM_SHA256, NULL, 0 };
	CK_MECHANISM pair = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
	CK_MECHANISM ecdsa = { CKM_ECDSA, NULL, 0 };
	CK_BYTE p256[] = { 0x06, 0x08, 0x2a, 0x86, 0x48,
			   0xce, 0x3d, 0x03, 0x01, 0x07 };
	CK_BYTE digest[32] = { 1 }, signature[64], state[64];
	CK_BBOOL no = CK_FALSE;
	CK_ATTRIBUTE list[] = { { CKA_PRIVATE, &no, 1 },
				{ CKA_EC_PARAMS, p256, sizeof(p256) } };
	CK_OBJECT_HANDLE keys[2];
	CK_SESSION_HANDLE s;
	CK_SLOT_ID slot;
	CK_ULONG count = 1, size = sizeof(state);

	must("C_GetSlotList",
	     p11->C_GetSlotList(CK_TRUE, &slot, &count) == CKR_OK);
	must("C_OpenSession",
	     p11->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &s) ==
		     CKR_OK);
	must("C_DigestInit", p11->C_DigestInit(s, &sha256) == CKR_OK);
	must("C_GetOperationState",
	     p11->C_GetOperationState(s, state, &size) == CKR_OK);
	must("C_GenerateKeyPair",
	     p11->C_GenerateKeyPair(s, &pair, list, 2, list, 1, &keys[0],
				    &keys[1]) == CKR_OK);
	must("C_SignInit", p11->C_SignInit(s, &ecdsa, keys[1]) == CKR_OK);
	size = sizeof(signature);
	must("C_Sign", p11->C_Sign(s, digest, sizeof(digest), signature,
				   &size) == CKR_OK);
	must("C_FindObjectsInit",
	     p11->C_FindObjectsInit(s, NULL, 0) == CKR_OK);
}

static size_t
entries(const char *folder)
{
	DIR *d = opendir(folder);
	size_t count = 0;

	must(folder, d != NULL);
	while (readdir(d) != NULL)
		count++;
	closedir(d);
	return count;
}

/* Lines of our memory map; MINE: those of the module. */
static size_t
mapped(bool mine)
{
	FILE *f = fopen("/proc/self/maps", "re");
	char line[LINE_MAX_SIZE];
	size_t count = 0;

	must("maps", f != NULL);
	while (fgets(line, sizeof(line), f) != NULL)
		count += !mine || strstr(line, "signet-pkcs11") != NULL;
	fclose(f);
	return count;
}

static void
no_handlers(void)
{
	struct sigaction action;
	int number;

	for (number = 1; number < SIGNALS; number++) {
		if (sigaction(number, NULL, &action) != 0)
			continue;
		must("a signal has a handler",
		     action.sa_handler == SIG_DFL ||
			     action.sa_handler == SIG_IGN);
	}
}

/* What others leave behind they leave once: the first rounds do not count. */
static void
unload(const char *path, int rounds)
{
	size_t files = 0, maps = 0;
	int i;

	for (i = 0; i < rounds; i++) {
		void *library = load(path);

		must("C_Initialize", p11->C_Initialize(NULL) == CKR_OK);
		use();
		must("C_Finalize", p11->C_Finalize(NULL) == CKR_OK);
		must("dlclose", dlclose(library) == 0);
		must("the module is still there", mapped(true) == 0);
		must("a thread is left", entries("/proc/self/task") == 3);
		no_handlers();
		if (i == rounds / 2) {
			files = entries("/proc/self/fd");
			maps = mapped(false);
		}
	}
	must("files are left open", entries("/proc/self/fd") == files);
	must("memory is left", mapped(false) <= maps);
}

static void
finish(void)
{
	must("C_Finalize at exit", p11->C_Finalize(NULL) == CKR_OK);
	printf("finished\n");
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	if (atoi(argv[2]) > 0) {
		unload(argv[1], atoi(argv[2]));
		printf("finished\n");
		return 0;
	}
	/* the handler runs after libcrypto's, which came later */
	must("atexit", atexit(finish) == 0);
	load(argv[1]);
	must("C_Initialize", p11->C_Initialize(NULL) == CKR_OK);
	use();
	return 0;
}
