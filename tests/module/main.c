/* Loads a module, makes a token in it, and holds it against the standard. */
#include <dlfcn.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "suite.h"

static const struct cases *const files[] = {
	&general_cases,	 &slot_cases,	   &token_cases,    &session_cases,
	&login_cases,	 &object_cases,	   &find_cases,	    &sign_cases,
	&cipher_cases,	 &digest_cases,	   &key_cases,	    &secret_cases,
	&input_cases,	 &thread_cases,	   &fork_cases,	    &init_cases,
	&life_cases,	 &template_cases,  &message_cases,  &state_cases,
	&profile_cases,	 &wrap_cases,	   &verify_cases,   &dual_cases,
	&wrapping_cases, &unwrap_cases,	   &envelope_cases, &attribute_cases,
	&user_cases,	 &context_cases,   &other_cases,    &removal_cases,
	&saved_cases,	 &refusal_cases,   &kem_cases,	    &rule_cases,
	&faulty_cases,	 &surrender_cases, &made_cases,	    &protected_cases,
	&locked_cases,	 &crypt_cases,	   &aead_cases,	    &limit_cases,
	&storage_cases,
};

enum { CASES_MAX = 256 };

/* The case after which to begin, when not with the first. */
static const char *after;

/* Seconds that a case may take, 0 for as many as it likes. */
static unsigned limit;

/* The file that gets what was answered. */
static const char *answers;

static void
die(const char *what, CK_RV rv)
{
	fprintf(stderr, "%s: 0x%lx\n", what, rv);
	exit(2);
}

static void
must(const char *what, CK_RV rv)
{
	if (rv != CKR_OK)
		die(what, rv);
}

static void *
interface_get(void *library, CK_BYTE major, CK_BYTE minor)
{
	CK_VERSION version = { major, minor };
	CK_INTERFACE *interface = NULL;
	CK_C_GetInterface get;

	*(void **)&get = dlsym(library, "C_GetInterface");
	if (get == NULL ||
	    get((CK_UTF8CHAR *)"PKCS 11", &version, &interface, 0) != CKR_OK)
		return NULL;
	return interface->pFunctionList;
}

static void *
load(const char *path)
{
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	CK_C_GetFunctionList get;

	if (library == NULL) {
		fprintf(stderr, "%s\n", dlerror());
		exit(2);
	}
	*(void **)&get = dlsym(library, "C_GetFunctionList");
	if (get == NULL)
		die("no C_GetFunctionList", 0);
	must("C_GetFunctionList", get(&suite.p11));
	suite.p11 = answers_of_CK_FUNCTION_LIST(suite.p11);
	suite.p11_3_0 =
		answers_of_CK_FUNCTION_LIST_3_0(interface_get(library, 3, 0));
	suite.p11_3_2 =
		answers_of_CK_FUNCTION_LIST_3_2(interface_get(library, 3, 2));
	return library;
}

static bool
is_empty(const CK_TOKEN_INFO *info)
{
	return !(info->flags & CKF_TOKEN_INITIALIZED);
}

static bool
is_ours(const CK_TOKEN_INFO *info)
{
	const char *label = suite.card ? suite.label : "suite ";

	return strncmp((const char *)info->label, label, strlen(label)) == 0;
}

static CK_SLOT_ID
slot_find(bool (*wanted)(const CK_TOKEN_INFO *info))
{
	CK_SLOT_ID slots[64];
	CK_TOKEN_INFO info;
	CK_ULONG count = 64, i;

	must("C_GetSlotList", suite.p11->C_GetSlotList(CK_TRUE, NULL, &count));
	count = 64;
	must("C_GetSlotList", suite.p11->C_GetSlotList(CK_TRUE, slots, &count));
	for (i = 0; i < count; i++) {
		must("C_GetTokenInfo",
		     suite.p11->C_GetTokenInfo(slots[i], &info));
		if (wanted(&info))
			return slots[i];
	}
	die("no slot with a token to be made", count);
	return 0;
}

static void
rsa_make(CK_SESSION_HANDLE session)
{
	CK_MECHANISM mechanism = { CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0 };
	CK_BYTE id = suite.rsa, exponent[] = { 1, 0, 1 };
	CK_ULONG bits = 2048;
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE public_list[] = {
		{ CKA_TOKEN, &yes, 1 },
		{ CKA_ID, &id, 1 },
		{ CKA_VERIFY, &yes, 1 },
		{ CKA_ENCRYPT, &yes, 1 },
		{ CKA_VERIFY_RECOVER, &yes, 1 },
		{ CKA_MODULUS_BITS, &bits, sizeof(bits) },
		{ CKA_PUBLIC_EXPONENT, exponent, 3 },
	};
	CK_ATTRIBUTE private_list[] = {
		{ CKA_TOKEN, &yes, 1 },	       { CKA_ID, &id, 1 },
		{ CKA_PRIVATE, &yes, 1 },      { CKA_SENSITIVE, &yes, 1 },
		{ CKA_SIGN, &yes, 1 },	       { CKA_DECRYPT, &yes, 1 },
		{ CKA_SIGN_RECOVER, &yes, 1 },
	};
	CK_OBJECT_HANDLE keys[2];

	must("C_GenerateKeyPair",
	     suite.p11->C_GenerateKeyPair(session, &mechanism, public_list, 7,
					  private_list, 7, &keys[0], &keys[1]));
}

static void
ec_make(CK_SESSION_HANDLE session)
{
	CK_BYTE id = suite.ec;
	CK_ATTRIBUTE name = { CKA_ID, &id, 1 };
	CK_OBJECT_HANDLE keys[2];
	int i;

	must("C_GenerateKeyPair",
	     pair_make(session, CK_TRUE, &keys[0], &keys[1]));
	for (i = 0; i < 2; i++)
		must("C_SetAttributeValue",
		     suite.p11->C_SetAttributeValue(session, keys[i], &name,
						    1));
}

/* A token with PINs and keys: the standard's own way to one (5.5.7, 5.5.8). */
static void
token_make(void)
{
	CK_UTF8CHAR label[33] = "suite                           ";
	CK_UTF8CHAR *so_pin = (CK_UTF8CHAR *)suite.so_pin;
	CK_UTF8CHAR *pin = (CK_UTF8CHAR *)suite.pin;
	CK_SESSION_HANDLE session;

	must("C_Initialize", suite.p11->C_Initialize(NULL));
	suite.slot = slot_find(is_empty);
	must("C_InitToken",
	     suite.p11->C_InitToken(suite.slot, so_pin, strlen(suite.so_pin),
				    label));
	must("C_OpenSession",
	     suite.p11->C_OpenSession(suite.slot,
				      CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL,
				      NULL, &session));
	must("C_Login",
	     suite.p11->C_Login(session, CKU_SO, so_pin, strlen(suite.so_pin)));
	must("C_InitPIN",
	     suite.p11->C_InitPIN(session, pin, strlen(suite.pin)));
	must("C_Logout", suite.p11->C_Logout(session));
	must("C_Login",
	     suite.p11->C_Login(session, CKU_USER, pin, strlen(suite.pin)));
	rsa_make(session);
	ec_make(session);
	must("C_Finalize", suite.p11->C_Finalize(NULL));
}

/* Some modules put a new token into another slot when they start again. */
static void
token_find(void)
{
	must("C_Initialize", suite.p11->C_Initialize(NULL));
	suite.slot = slot_find(is_ours);
	must("C_Finalize", suite.p11->C_Finalize(NULL));
}

static void
usage(void)
{
	fprintf(stderr,
		"usage: conformance --module MODULE [OPTION]... [FILE]...\n"
		"\n"
		"Makes a token in an empty slot of a PKCS#11 module and holds\n"
		"the module against the standard: all cases, or those of the\n"
		"named files (general, slot, session ...).\n"
		"\n"
		"  --pin PIN          of the user\n"
		"  --so-pin PIN       of the security officer\n"
		"  --card RSA,DEC,EC  takes the token that is there, which "
		"has\n"
		"                     keys with these CKA_ID: one that signs,\n"
		"                     one that decrypts, one on P-256\n"
		"  --label TEXT       of that token: what its label begins "
		"with\n"
		"  --tell COMMAND     where \"remove\", \"insert\", \"fault "
		"...\" and\n"
		"                     \"slow ...\" are added: what the card "
		"is to do\n"
		"  --after CASE       begins behind it, in its file\n"
		"  --limit SECONDS    that a case may take, or the suite "
		"dies of it\n"
		"  --strict           asks what signet promises, too, where "
		"the\n"
		"                     standard leaves a choice\n"
		"  --answers FILE     gets what each function has answered\n"
		"  --files            the names of the files\n");
	exit(2);
}

static bool
card_option(const char *ids)
{
	return sscanf(ids, "%hhu,%hhu,%hhu", &suite.rsa, &suite.decrypt,
		      &suite.ec) == 3;
}

static void
files_print(void)
{
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		printf("%s\n", files[i]->name);
	exit(0);
}

static void
officer_set(const char *pin)
{
	suite.so_pin = pin;
	suite.officer = true;
}

static void
option_take(int option)
{
	if (option == 'm')
		suite.path = optarg;
	else if (option == 'p')
		suite.pin = optarg;
	else if (option == 's')
		officer_set(optarg);
	else if (option == 'l')
		suite.label = optarg;
	else if (option == 't')
		suite.tell = optarg;
	else if (option == 'a')
		answers = optarg;
	else if (option == 'r')
		suite.strict = true;
	else if (option == 'f')
		files_print();
	else if (option == 'e')
		after = optarg;
	else if (option == 'i')
		limit = (unsigned)strtoul(optarg, NULL, 10);
	else if (option == 'c' && card_option(optarg))
		suite.card = true;
	else
		usage();
}

static void
options(int argc, char **argv)
{
	static const struct option known[] = {
		{ "module", required_argument, NULL, 'm' },
		{ "pin", required_argument, NULL, 'p' },
		{ "so-pin", required_argument, NULL, 's' },
		{ "after", required_argument, NULL, 'e' },
		{ "limit", required_argument, NULL, 'i' },
		{ "card", required_argument, NULL, 'c' },
		{ "label", required_argument, NULL, 'l' },
		{ "tell", required_argument, NULL, 't' },
		{ "strict", no_argument, NULL, 'r' },
		{ "answers", required_argument, NULL, 'a' },
		{ "files", no_argument, NULL, 'f' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	suite.pin = "1234-user";
	suite.so_pin = "5678-so";
	suite.rsa = 1;
	suite.decrypt = 1;
	suite.ec = 2;
	suite.label = "";
	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1)
		option_take(option);
	if (suite.path == NULL)
		usage();
}

static bool
is_wanted(const struct cases *cases, int argc, char **argv)
{
	int i;

	for (i = optind; i < argc; i++) {
		if (strcmp(argv[i], cases->name) == 0)
			return true;
	}
	return argc == optind;
}

/* A case crashes and hangs as any program does: what cmocka makes of a crash
 * would leave the module as it was then to the next case. */
static void
run_case(void **state)
{
	static const int signals[] = { SIGFPE, SIGILL, SIGSEGV, SIGBUS };
	const struct CMUnitTest *one = *state;
	void *own = one->initial_state;
	size_t i;

	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		(void)signal(signals[i], SIG_DFL);
	(void)alarm(limit); /* its end, and the next one's beginning, too */
	one->test_func(&own);
}

static size_t
first_of(const struct cases *cases)
{
	size_t i;

	for (i = 0; after != NULL && i < cases->count; i++) {
		if (strcmp(after, cases->list[i].name) == 0)
			return i + 1;
	}
	return 0;
}

static int
run(const struct cases *cases)
{
	struct CMUnitTest list[CASES_MAX];
	size_t count = 0, i;

	for (i = first_of(cases); i < cases->count && count < CASES_MAX; i++) {
		list[count] = cases->list[i];
		list[count].test_func = run_case;
		list[count++].initial_state = (void *)&cases->list[i];
	}
	return _cmocka_run_group_tests(cases->name, list, count, NULL, NULL);
}

int
main(int argc, char **argv)
{
	void *library;
	int failed = 0;
	size_t i;

	options(argc, argv);
	/* what was said is told, however it ends */
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	library = load(suite.path);
	suite.officer = suite.officer || !suite.card;
	if (!suite.card)
		token_make();
	token_find();
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (is_wanted(files[i], argc, argv))
			failed += run(files[i]);
	}
	if (answers != NULL && !answers_write(answers))
		die(answers, 0);
	/* nothing of the module may be left to run afterwards */
	if (dlclose(library) != 0)
		failed++;
	return failed == 0 ? 0 : 1;
}
