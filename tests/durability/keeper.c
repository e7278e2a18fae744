/*
 * A program that makes, lists and uses keys in one token through C_* alone, and
 * says on stdout what it is sure of, for a script that kills it.
 *
 * keeper MODULE LABEL init|make|pairs|fork|check|sign|find|tokens [COUNT [OF]]
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cryptoki.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PIN	     "123456"
#define SO_PIN	     "12345678"

enum { SLOTS = 64, PAGE = 256, ID_SIZE = 24, SECRET = 32, FORKED = 40 };

static CK_FUNCTION_LIST *p11;
static CK_SESSION_HANDLE session;
static CK_BBOOL yes = CK_TRUE;

static void
must(CK_RV rv, const char *what)
{
	if (rv == CKR_OK)
		return;
	printf("%s 0x%lx\n", what, rv);
	fflush(stdout);
	_exit(3);
}

static void
say(const char *word, unsigned long number)
{
	printf("%s %lu\n", word, number);
	fflush(stdout);
}

/* The slot of the token with this label, or the empty software slot. */
static CK_SLOT_ID
slot_find(const char *label)
{
	CK_SLOT_ID slots[SLOTS];
	CK_ULONG count = SLOTS;

	must(p11->C_GetSlotList(CK_TRUE, slots, &count), "C_GetSlotList");
	for (CK_ULONG i = 0; i < count; i++) {
		CK_TOKEN_INFO info;
		bool made;

		if (p11->C_GetTokenInfo(slots[i], &info) != CKR_OK)
			continue;
		made = (info.flags & CKF_TOKEN_INITIALIZED) != 0;
		if (label ? made &&
				    memcmp(info.label, label, strlen(label)) ==
					    0 &&
				    info.label[strlen(label)] == ' '
			  : !made)
			return slots[i];
	}
	printf("no token\n");
	fflush(stdout);
	_exit(4);
}

static void
log_in(const char *label, CK_FLAGS flags)
{
	must(p11->C_Initialize(NULL), "C_Initialize");
	must(p11->C_OpenSession(slot_find(label), CKF_SERIAL_SESSION | flags,
				NULL, NULL, &session),
	     "C_OpenSession");
	must(p11->C_Login(session, CKU_USER, (CK_UTF8CHAR *)PIN, strlen(PIN)),
	     "C_Login");
}

/* A token with this label in the empty slot; says how C_InitToken ended. */
static int
run_init(const char *label)
{
	CK_UTF8CHAR padded[32];
	CK_SLOT_ID slot;
	CK_RV rv;

	memset(padded, ' ', sizeof(padded));
	memcpy(padded, label, strlen(label));
	must(p11->C_Initialize(NULL), "C_Initialize");
	slot = slot_find(NULL);
	say("ready", 0);
	if (getchar() == EOF)
		return 1;
	rv = p11->C_InitToken(slot, (CK_UTF8CHAR *)SO_PIN, strlen(SO_PIN),
			      padded);
	say("init", rv);
	if (rv != CKR_OK)
		return 0;
	must(p11->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL,
				NULL, &session),
	     "C_OpenSession");
	must(p11->C_Login(session, CKU_SO, (CK_UTF8CHAR *)SO_PIN,
			  strlen(SO_PIN)),
	     "C_Login");
	must(p11->C_InitPIN(session, (CK_UTF8CHAR *)PIN, strlen(PIN)),
	     "C_InitPIN");
	return 0;
}

/* A private AES key whose value follows from its id. */
static CK_RV
key_make(const char *prefix, unsigned long number)
{
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_AES;
	CK_BBOOL no = CK_FALSE;
	CK_BYTE value[SECRET];
	char id[ID_SIZE];
	int size = snprintf(id, sizeof(id), "%s%lu", prefix, number);
	CK_ATTRIBUTE list[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_KEY_TYPE, &type, sizeof(type) },
		{ CKA_TOKEN, &yes, 1 },
		{ CKA_PRIVATE, &yes, 1 },
		{ CKA_ENCRYPT, &yes, 1 },
		{ CKA_SENSITIVE, &no, 1 },
		{ CKA_EXTRACTABLE, &yes, 1 },
		{ CKA_ID, id, (CK_ULONG)size },
		{ CKA_VALUE, value, sizeof(value) },
	};
	CK_OBJECT_HANDLE made;

	memset(value, (int)(number & 0xFF), sizeof(value));
	return p11->C_CreateObject(session, list, COUNT(list), &made);
}

static CK_RV
pair_make(unsigned long number)
{
	static CK_BYTE p256[] = { 0x06, 0x08, 0x2A, 0x86, 0x48,
				  0xCE, 0x3D, 0x03, 0x01, 0x07 };
	CK_MECHANISM mechanism = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
	char id[ID_SIZE];
	int size = snprintf(id, sizeof(id), "pair%lu", number);
	CK_ATTRIBUTE public_key[] = {
		{ CKA_TOKEN, &yes, 1 },
		{ CKA_VERIFY, &yes, 1 },
		{ CKA_EC_PARAMS, p256, sizeof(p256) },
		{ CKA_ID, id, (CK_ULONG)size },
	};
	CK_ATTRIBUTE private_key[] = {
		{ CKA_TOKEN, &yes, 1 },
		{ CKA_PRIVATE, &yes, 1 },
		{ CKA_SIGN, &yes, 1 },
		{ CKA_ID, id, (CK_ULONG)size },
	};
	CK_OBJECT_HANDLE made[2];

	return p11->C_GenerateKeyPair(session, &mechanism, public_key,
				      COUNT(public_key), private_key,
				      COUNT(private_key), &made[0], &made[1]);
}

/* Each number is said when the object is committed; ends at the first that
 * is refused, and says why. */
static int
run_make(const char *label, bool pairs, const char *prefix, unsigned long count)
{
	log_in(label, CKF_RW_SESSION);
	say("ready", 0);
	for (unsigned long i = 0; i < count; i++) {
		CK_RV rv = pairs ? pair_make(i) : key_make(prefix, i);

		if (rv != CKR_OK) {
			say("refused", rv);
			return 0;
		}
		say("made", i);
	}
	must(p11->C_Finalize(NULL), "C_Finalize");
	return 0;
}

static int
forked_child(const char *label, int parent_closed)
{
	char byte;

	log_in(label, CKF_RW_SESSION);
	for (unsigned long i = 0; i < FORKED; i++)
		must(key_make("child", i), "C_CreateObject");
	if (read(parent_closed, &byte, 1) != 0)
		return 1;
	for (unsigned long i = 0; i < FORKED; i++)
		must(key_make("late", i), "C_CreateObject");
	must(p11->C_Finalize(NULL), "C_Finalize");
	return 0;
}

/* Parent and child create at once, the parent closes first. */
static int
run_fork(const char *label)
{
	int closed[2], status = -1;
	pid_t child;

	log_in(label, CKF_RW_SESSION);
	must(key_make("before", 0), "C_CreateObject");
	if (pipe(closed) != 0)
		return 1;
	fflush(NULL);
	child = fork();
	if (child == 0) {
		close(closed[1]);
		_exit(forked_child(label, closed[0]));
	}
	for (unsigned long i = 0; i < FORKED; i++)
		must(key_make("parent", i), "C_CreateObject");
	must(p11->C_Finalize(NULL), "C_Finalize");
	close(closed[1]);
	if (waitpid(child, &status, 0) != child)
		return 1;
	say("child", (unsigned long)status);
	return 0;
}

/* A key with the value that its id tells. */
static void
secret_check(CK_OBJECT_HANDLE object, const char *id)
{
	CK_BYTE value[SECRET] = { 0 }, wanted[SECRET];
	CK_ATTRIBUTE list = { CKA_VALUE, value, sizeof(value) };

	memset(wanted, atoi(id + strcspn(id, "0123456789")) & 0xFF,
	       sizeof(wanted));
	must(p11->C_GetAttributeValue(session, object, &list, 1), "CKA_VALUE");
	if (list.ulValueLen != SECRET || memcmp(value, wanted, SECRET) != 0)
		must(CKR_GENERAL_ERROR, "half a key");
}

/* Is it whole? */
static void
object_check(CK_OBJECT_HANDLE object)
{
	CK_OBJECT_CLASS class = 0;
	CK_BYTE id[ID_SIZE] = { 0 }, point[100];
	CK_ATTRIBUTE list[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_ID, id, sizeof(id) - 1 },
	};
	CK_ATTRIBUTE value = { CKA_EC_POINT, point, sizeof(point) };

	must(p11->C_GetAttributeValue(session, object, list, 1), "CKA_CLASS");
	/* the token's own, which nobody made */
	if (class == CKO_PROFILE)
		return;
	must(p11->C_GetAttributeValue(session, object, list, COUNT(list)),
	     "C_GetAttributeValue");
	if (class == CKO_PUBLIC_KEY)
		must(p11->C_GetAttributeValue(session, object, &value, 1),
		     "CKA_EC_POINT");
	if (class == CKO_SECRET_KEY)
		secret_check(object, (char *)id);
	printf("object %lu %s\n", class, (char *)id);
}

/* Every object, by class and CKA_ID. */
static int
run_check(const char *label)
{
	CK_OBJECT_HANDLE found[PAGE];
	CK_ULONG count;

	log_in(label, 0);
	must(p11->C_FindObjectsInit(session, NULL, 0), "C_FindObjectsInit");
	do {
		must(p11->C_FindObjects(session, found, PAGE, &count),
		     "C_FindObjects");
		for (CK_ULONG i = 0; i < count; i++)
			object_check(found[i]);
	} while (count > 0);
	must(p11->C_FindObjectsFinal(session), "C_FindObjectsFinal");
	must(p11->C_Finalize(NULL), "C_Finalize");
	say("checked", 0);
	return 0;
}

static CK_OBJECT_HANDLE
key_find(CK_OBJECT_CLASS class, const char *id)
{
	CK_ATTRIBUTE match[] = { { CKA_CLASS, &class, sizeof(class) },
				 { CKA_ID, (void *)id, strlen(id) } };
	CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
	CK_ULONG count;

	must(p11->C_FindObjectsInit(session, match, COUNT(match)),
	     "C_FindObjectsInit");
	must(p11->C_FindObjects(session, &key, 1, &count), "C_FindObjects");
	must(p11->C_FindObjectsFinal(session), "C_FindObjectsFinal");
	if (count != 1) {
		say("no key", count);
		_exit(5);
	}
	return key;
}

/* Signs COUNT times with the first pair, and verifies. */
static int
run_sign(const char *label, unsigned long count)
{
	CK_MECHANISM mechanism = { CKM_ECDSA, NULL, 0 };
	CK_BYTE digest[32] = { 7 }, signature[64];
	CK_OBJECT_HANDLE secret, open;

	log_in(label, 0);
	secret = key_find(CKO_PRIVATE_KEY, "pair0");
	open = key_find(CKO_PUBLIC_KEY, "pair0");
	for (unsigned long i = 0; i < count; i++) {
		CK_ULONG size = sizeof(signature);

		must(p11->C_SignInit(session, &mechanism, secret),
		     "C_SignInit");
		must(p11->C_Sign(session, digest, sizeof(digest), signature,
				 &size),
		     "C_Sign");
		must(p11->C_VerifyInit(session, &mechanism, open),
		     "C_VerifyInit");
		must(p11->C_Verify(session, digest, sizeof(digest), signature,
				   size),
		     "C_Verify");
	}
	must(p11->C_Finalize(NULL), "C_Finalize");
	say("signed", count);
	return 0;
}

/* Searches for COUNT keys, one after the other. */
static int
run_find(const char *label, unsigned long among, unsigned long count)
{
	log_in(label, 0);
	for (unsigned long i = 0; i < count; i++) {
		char id[ID_SIZE];

		snprintf(id, sizeof(id), "key%lu", i * 7919 % among);
		(void)key_find(CKO_SECRET_KEY, id);
	}
	say("found", count);
	return 0;
}

static int
run_tokens(void)
{
	CK_SLOT_ID slots[SLOTS];
	CK_ULONG count = SLOTS;

	must(p11->C_Initialize(NULL), "C_Initialize");
	must(p11->C_GetSlotList(CK_TRUE, slots, &count), "C_GetSlotList");
	for (CK_ULONG i = 0; i < count; i++) {
		CK_TOKEN_INFO info;

		must(p11->C_GetTokenInfo(slots[i], &info), "C_GetTokenInfo");
		if (info.flags & CKF_TOKEN_INITIALIZED)
			printf("token %.16s %s %.32s\n", info.serialNumber,
			       info.flags & CKF_WRITE_PROTECTED ? "ro" : "rw",
			       info.label);
	}
	must(p11->C_Finalize(NULL), "C_Finalize");
	return 0;
}

static bool
module_load(const char *path)
{
	void *module = dlopen(path, RTLD_NOW);
	CK_C_GetFunctionList get;

	if (!module)
		return false;
	*(void **)&get = dlsym(module, "C_GetFunctionList");
	return get && get(&p11) == CKR_OK;
}

int
main(int argc, char **argv)
{
	const char *what = argc > 3 ? argv[3] : "";
	unsigned long count = argc > 4 ? strtoul(argv[4], NULL, 10) : 1;
	unsigned long among = argc > 5 ? strtoul(argv[5], NULL, 10) : 1;

	if (argc < 4 || !module_load(argv[1]))
		return 2;
	if (strcmp(what, "init") == 0)
		return run_init(argv[2]);
	if (strcmp(what, "make") == 0)
		return run_make(argv[2], false, "key", count);
	if (strcmp(what, "pairs") == 0)
		return run_make(argv[2], true, "", count);
	if (strcmp(what, "fork") == 0)
		return run_fork(argv[2]);
	if (strcmp(what, "check") == 0)
		return run_check(argv[2]);
	if (strcmp(what, "sign") == 0)
		return run_sign(argv[2], count);
	if (strcmp(what, "find") == 0)
		return run_find(argv[2], among, count);
	if (strcmp(what, "tokens") == 0)
		return run_tokens();
	return 2;
}
