/*
 * p11bench measures a PKCS#11 module against libcrypto in the same process.
 *
 * Every cryptographic case is run in interleaved rounds: one on the module, one
 * of the same work done with the EVP API. The figure to look at is the ratio
 * (module operations per second of processor time divided by libcrypto's, median
 * of the rounds): it hardly depends on the machine or on its load. Results are checked with
 * libcrypto outside the timed part. A mechanism that the token lacks, or
 * answers with an error, prints "n/a" and the return value.
 *
 * It makes its own keys on the token and removes them at the end: point it at a
 * scratch token.
 */
#include <dlfcn.h>
#include <getopt.h>

#include "bench.h"

struct options options = { .seconds = 1.0,
			   .rounds = 5,
			   .threads = 4,
			   .objects = 1000,
			   .populate_limit = 120 };
struct run run = { .key_on_token = CK_TRUE };
const CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

struct stage {
	const char *name;
	void (*run)(void);
};

static bool
wanted(const char *stage)
{
	size_t size = strlen(stage);
	for (const char *at = options.only; at && *at;) {
		size_t word = strcspn(at, ",");
		if (word == size && !strncmp(at, stage, size))
			return true;
		at += word + (at[word] == ',');
	}
	return options.only == NULL;
}

static void
usage(FILE *f)
{
	fputs("p11bench --module SO --pin PIN [options]\n"
	      "  --token LABEL       the token (default: first with a PIN)\n"
	      "  --so-pin PIN        make a token when none is found\n"
	      "  --init-args STRING  given to C_Initialize as pReserved\n"
	      "  --seconds S         per case and side (default 1)\n"
	      "  --rounds N          interleaved, per case (default 5)\n"
	      "  --threads N         most threads (default 4)\n"
	      "  --objects N         most objects in stage find (1000)\n"
	      "  --populate-limit S  fills no longer than this (120)\n"
	      "  --workdir DIR       also measure a durable write there\n"
	      "  --session-keys      the bench's keys are session objects\n"
	      "  --keep              leave keys and objects in the token\n"
	      "  --only a,b,c        of: init floor session login attr sign\n"
	      "                      verify decrypt derive digest cipher\n"
	      "                      random keygen threads find\n"
	      "  --exactly WHAT=N    only that, N times: object, pair, sign,\n"
	      "                      session, session-find, digest, gcm or\n"
	      "                      cbc (of 16 bytes), and own-digest,\n"
	      "                      own-gcm, own-cbc by libcrypto\n"
	      "  --json              one JSON document instead of lines\n",
	      f);
}

enum {
	O_MODULE = 256,
	O_TOKEN,
	O_PIN,
	O_SO_PIN,
	O_INIT_ARGS,
	O_SECONDS,
	O_ROUNDS,
	O_THREADS,
	O_OBJECTS,
	O_LIMIT,
	O_FOLDER,
	O_SESSION_KEYS,
	O_KEEP,
	O_ONLY,
	O_EXACTLY,
	O_JSON,
	O_HELP,
};

static const struct option long_options[] = {
	{ "module", 1, 0, O_MODULE },
	{ "token", 1, 0, O_TOKEN },
	{ "pin", 1, 0, O_PIN },
	{ "so-pin", 1, 0, O_SO_PIN },
	{ "init-args", 1, 0, O_INIT_ARGS },
	{ "seconds", 1, 0, O_SECONDS },
	{ "rounds", 1, 0, O_ROUNDS },
	{ "threads", 1, 0, O_THREADS },
	{ "objects", 1, 0, O_OBJECTS },
	{ "populate-limit", 1, 0, O_LIMIT },
	{ "workdir", 1, 0, O_FOLDER },
	{ "session-keys", 0, 0, O_SESSION_KEYS },
	{ "keep", 0, 0, O_KEEP },
	{ "only", 1, 0, O_ONLY },
	{ "exactly", 1, 0, O_EXACTLY },
	{ "json", 0, 0, O_JSON },
	{ "help", 0, 0, O_HELP },
	{ 0 },
};

static const char **
text_option(int option)
{
	switch (option) {
	case O_MODULE:
		return &options.module;
	case O_TOKEN:
		return &options.token;
	case O_PIN:
		return &options.pin;
	case O_SO_PIN:
		return &options.so_pin;
	case O_INIT_ARGS:
		return &options.init_args;
	case O_FOLDER:
		return &options.folder;
	case O_ONLY:
		return &options.only;
	case O_EXACTLY:
		return &options.exactly;
	default:
		return NULL;
	}
}

static void
option_take(int option, const char *value)
{
	switch (option) {
	case O_SECONDS:
		options.seconds = atof(value);
		break;
	case O_ROUNDS:
		options.rounds = atoi(value);
		break;
	case O_THREADS:
		options.threads = atoi(value);
		break;
	case O_OBJECTS:
		options.objects = strtoul(value, NULL, 10);
		break;
	case O_LIMIT:
		options.populate_limit = atof(value);
		break;
	case O_SESSION_KEYS:
		run.key_on_token = CK_FALSE;
		break;
	case O_KEEP:
		options.keep = true;
		break;
	case O_JSON:
		options.json = true;
		break;
	case O_HELP:
		usage(stdout);
		exit(0);
	default:
		usage(stderr);
		exit(2);
	}
}

static void
options_read(int argc, char **argv)
{
	int option;
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) !=
	       -1) {
		const char **text = text_option(option);
		if (text)
			*text = optarg;
		else
			option_take(option, optarg);
	}
	if (!options.module || !options.pin) {
		usage(stderr);
		exit(2);
	}
	if (options.rounds < 1 || options.rounds > ROUNDS_MAX)
		options.rounds = 5;
	if (options.threads < 1 || options.threads > THREADS_MAX)
		options.threads = 4;
}

static void
module_load(void)
{
	CK_RV (*get)(CK_FUNCTION_LIST_PTR_PTR);
	unsigned char warm[4];
	long before = resident_kib();
	RAND_bytes(warm, sizeof warm); /* libcrypto's own start comes first */
	void *module = dlopen(options.module, RTLD_NOW | RTLD_LOCAL);
	if (!module)
		die("%s", dlerror());
	*(void **)&get = dlsym(module, "C_GetFunctionList");
	if (!get || get(&run.p11) != CKR_OK || !run.p11)
		die("no function list in %s", options.module);
	if (!options.json)
		printf("# resident before dlopen %ld KiB, after %ld KiB\n",
		       before, resident_kib());
}

static void
module_describe(void)
{
	CK_INFO info;
	char text[33], maker[33];
	if (run.p11->C_GetInfo(&info) != CKR_OK)
		return;
	text_unpad(text, info.libraryDescription, 32);
	text_unpad(maker, info.manufacturerID, 32);
	snprintf(run.library, sizeof run.library,
		 "%s / %s %d.%d, cryptoki %d.%d", maker, text,
		 info.libraryVersion.major, info.libraryVersion.minor,
		 info.cryptokiVersion.major, info.cryptokiVersion.minor);
}

static void
token_open(void)
{
	CK_RV rv = slot_find();
	if (rv != CKR_OK && options.so_pin) {
		if ((rv = token_make()) != CKR_OK)
			die("making a token: 0x%lx", rv);
		run.p11->C_Finalize(NULL);
		if (module_start() != CKR_OK)
			die("C_Initialize failed after C_InitToken");
		rv = slot_find();
	}
	if (rv != CKR_OK)
		die("no usable token (0x%lx); --token or --so-pin may help",
		    rv);
	if ((rv = token_login()) != CKR_OK)
		die("login: 0x%lx", rv);
}

static void
token_describe(void)
{
	CK_TOKEN_INFO info;
	char label[33], model[17];
	CK_ULONG mechanisms = 0;
	if (run.p11->C_GetTokenInfo(run.slot, &info) != CKR_OK)
		return;
	text_unpad(label, info.label, 32);
	text_unpad(model, info.model, 16);
	snprintf(run.token, sizeof run.token, "%s (%s)", label, model);
	run.p11->C_GetMechanismList(run.slot, NULL, &mechanisms);
	if (!options.json)
		printf("# %s\n# token %s, %lu mechanisms, sessions max %ld,"
		       " libcrypto: %s\n",
		       run.library, run.token, mechanisms,
		       (long)info.ulMaxSessionCount,
		       OpenSSL_version(OPENSSL_VERSION));
}

static void
stages_run(void)
{
	static const struct stage stages[] = {
		{ "floor", stage_floor },     { "session", stage_session },
		{ "login", stage_login },     { "attr", stage_attributes },
		{ "sign", stage_sign },	      { "verify", stage_verify },
		{ "decrypt", stage_decrypt }, { "derive", stage_derive },
		{ "digest", stage_digest },   { "cipher", stage_cipher },
		{ "random", stage_random },   { "keygen", stage_keygen },
		{ "threads", stage_threads }, { "find", stage_find },
	};
	token_describe();
	work_session_renew();
	result_memory("memory after login");
	for (size_t i = 0; i < COUNT(stages); i++)
		if (wanted(stages[i].name))
			stages[i].run();
	if (!options.keep)
		objects_destroy();
	result_memory("memory at the end");
}

/* That needs no token. */
static bool
only_start(void)
{
	return options.only && !strcmp(options.only, "init");
}

int
main(int argc, char **argv)
{
	options_read(argc, argv);
	module_load();
	CK_RV rv = module_start();
	if (rv != CKR_OK)
		die("C_Initialize: 0x%lx", rv);
	module_describe();
	if (!options.exactly && wanted("init"))
		stage_start();
	if (!only_start())
		token_open();
	if (options.exactly)
		exactly(options.exactly);
	else if (!only_start())
		stages_run();
	run.p11->C_Finalize(NULL);
	if (options.json && !options.exactly)
		results_json();
	else if (run.wrong)
		printf("# %d WRONG RESULTS\n", run.wrong);
	return run.wrong ? 3 : 0;
}
