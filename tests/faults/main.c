/* Every fault at every exchange of every scenario: the call ends with a true
 * CKR_ code, no PIN try is lost, and the next run works.
 *
 * usage: faults MODULE CONTROL-SOCKET KEY-FOLDER piv|openpgp
 *        cold|warm|shared|write
 *
 * warm: what is kept on disk has been read before; shared: somebody else is
 * connected, so that recognition is polite; write: what changes the card. */
#include <dlfcn.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <winscard.h>

#include "control.h"
#include "scenario.h"

enum {
	EXCHANGES_MAX = 64, /* of one scenario */
	LOOKS_MAX = 1000,   /* for a card that comes or goes */
};

/* What a fault does: the card is gone afterwards, or has told a lie. */
enum effect { TROUBLE, GONE, LIE };

static const struct fault {
	const char *name;
	enum effect effect;
} faults[] = {
	{ "remove", GONE },
	{ "remove-after", GONE },
	{ "leave:200", GONE },
	{ "reset", TROUBLE },
	{ "switch-applet", TROUBLE },
	{ "6F00", TROUBLE },
	{ "empty", TROUBLE },
	{ "short", TROUBLE },
	{ "long", TROUBLE },
	{ "garbage", LIE },
	{ "flip", LIE },
	{ "truncate", LIE },
	{ "silent:200", TROUBLE },
};

struct bench {
	CK_FUNCTION_LIST *p11;
	const struct kind *kind;
	EVP_PKEY *keys[KEYS];
	bool shared;
	int control;
	CK_ULONG tokens;  /* on the card */
	char state[1024]; /* of the card when nothing is wrong */
	unsigned triples, failed;
};

static void
tell(struct bench *bench, const char *line)
{
	char answer[1024];

	control_tell(bench->control, line, answer, sizeof(answer));
}

static unsigned
exchanges(struct bench *bench)
{
	char answer[64];

	control_tell(bench->control, "count", answer, sizeof(answer));
	return (unsigned)strtoul(answer + 3, NULL, 10);
}

static struct run
perform_alone(struct bench *bench, const struct scenario *scenario)
{
	struct run run = { .p11 = bench->p11, .kind = bench->kind };
	CK_RV rv = bench->p11->C_Initialize(NULL);

	if (rv != CKR_OK)
		errx(2, "C_Initialize: %#lx", rv);
	for (size_t i = 0; i < KEYS; i++)
		run.keys[i] = bench->keys[i];
	scenario->perform(&run);
	rv = bench->p11->C_Finalize(NULL);
	if (rv != CKR_OK)
		errx(2, "C_Finalize: %#lx", rv);
	return run;
}

/* Somebody else is connected to the first reader, and does nothing. */
static struct run
perform(struct bench *bench, const struct scenario *scenario)
{
	char names[1024];
	DWORD size = sizeof(names), protocol;
	SCARDCONTEXT context;
	SCARDHANDLE card;
	struct run run;

	if (!bench->shared)
		return perform_alone(bench, scenario);
	if (SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context) ||
	    SCardListReaders(context, NULL, names, &size) ||
	    SCardConnect(context, names, SCARD_SHARE_SHARED,
			 SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &card,
			 &protocol))
		errx(2, "cannot be the somebody else");
	run = perform_alone(bench, scenario);
	/* a card that has gone cannot be let go */
	(void)SCardDisconnect(card, SCARD_LEAVE_CARD);
	(void)SCardReleaseContext(context);
	return run;
}

static void
complain(struct bench *bench, const char *what, const char *where,
	 const struct run *run)
{
	bench->failed++;
	printf("FAIL %s: %s (%s %#lx)\n", where, what,
	       run->step ? run->step : "no step", run->rv);
}

static CK_ULONG
tokens_present(struct bench *bench)
{
	CK_ULONG count = 0;

	if (bench->p11->C_Initialize(NULL) != CKR_OK ||
	    bench->p11->C_GetSlotList(CK_TRUE, NULL, &count) != CKR_OK ||
	    bench->p11->C_Finalize(NULL) != CKR_OK)
		errx(2, "the module does not start");
	return count;
}

/* The reader service looks for cards a few times a second only. */
static void
tokens_wait(struct bench *bench, CK_ULONG count)
{
	for (int i = 0; i < LOOKS_MAX; i++) {
		if (tokens_present(bench) == count)
			return;
		(void)usleep(20000);
	}
	errx(2, "the reader service does not see %lu tokens", count);
}

/* The card's state, without what counts up as it should. */
static void
state_load(struct bench *bench, char state[1024])
{
	char *count, *rest;

	control_tell(bench->control, "state", state, 1024);
	count = strstr(state, " signatures=");
	if (!count)
		return;
	rest = count + 1 + strcspn(count + 1, " ");
	(void)memmove(count, rest, strlen(rest) + 1);
}

/* Puts the card back as it was, and sees that it is. */
static void
mend(struct bench *bench, const struct scenario *scenario, const char *where,
     bool removed)
{
	char state[1024];
	struct run run;

	if (removed) {
		tokens_wait(bench, 0);
		tell(bench, "insert");
		tokens_wait(bench, bench->tokens);
	}
	run = perform(bench, scenario);
	if (run.rv != CKR_OK || run.wrong)
		complain(bench, "the next run does not work", where, &run);
	tell(bench, "reset");
	state_load(bench, state);
	if (strcmp(state, bench->state) != 0) {
		complain(bench, state, where, &run);
		printf("  and was: %s\n", bench->state);
	}
}

static void
strike(struct bench *bench, const struct scenario *scenario, unsigned at,
       const struct fault *fault)
{
	unsigned before = exchanges(bench);
	char line[64], where[96];
	struct run run;

	(void)snprintf(line, sizeof(line), "fault +%u:%s", at, fault->name);
	(void)snprintf(where, sizeof(where), "%s, exchange %u, %s",
		       scenario->name, at, fault->name);
	tell(bench, line);
	run = perform(bench, scenario);
	if (exchanges(bench) - before < at)
		complain(bench, "the fault was not met", where, &run);
	tell(bench, "fault none");
	bench->triples++;
	if (run.wrong && !(run.unproven && fault->effect == LIE))
		complain(bench, "a wrong result was given", where, &run);
	if (!rv_allowed(run.rv, fault->effect == GONE))
		complain(bench, "not a true answer", where, &run);
	mend(bench, scenario, where, fault->effect == GONE);
}

static void
try_scenario(struct bench *bench, const struct scenario *scenario)
{
	struct run run = perform(bench, scenario);
	unsigned before = exchanges(bench), count;

	run = perform(bench, scenario);
	count = exchanges(bench) - before;
	if (run.rv != CKR_OK || run.wrong) {
		complain(bench, "fails without a fault", scenario->name, &run);
		return;
	}
	if (count < 3 || count > EXCHANGES_MAX)
		errx(2, "%s takes %u exchanges", scenario->name, count);
	tell(bench, "reset");
	state_load(bench, bench->state);
	for (unsigned at = 1; at <= count; at++)
		for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
			strike(bench, scenario, at, &faults[i]);
}

static void
try_all(struct bench *bench, const struct scenario *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!list[i].offered || list[i].offered(bench->kind))
			try_scenario(bench, &list[i]);
}

static EVP_PKEY *
key_load(const char *folder, const char *name)
{
	char path[4096];
	EVP_PKEY *key;
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s.pub", folder, name);
	file = fopen(path, "re");
	if (!file)
		err(2, "%s", path);
	key = PEM_read_PUBKEY(file, NULL, NULL, NULL);
	(void)fclose(file);
	if (!key)
		errx(2, "%s: no public key", path);
	return key;
}

static CK_FUNCTION_LIST *
module_load(const char *path)
{
	CK_FUNCTION_LIST *p11 = NULL;
	CK_C_GetFunctionList list;
	void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (!module)
		errx(2, "%s", dlerror());
	list = (CK_C_GetFunctionList)dlsym(module, "C_GetFunctionList");
	if (!list || list(&p11) != CKR_OK)
		errx(2, "no function list");
	return p11;
}

int
main(int argc, char **argv)
{
	struct bench bench = { 0 };
	const struct kind *kind = argc == 6 ? kind_find(argv[4]) : NULL;

	if (!kind)
		errx(2, "usage: faults MODULE CONTROL-SOCKET KEY-FOLDER "
			"piv|openpgp cold|warm|shared|write");
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	bench.p11 = module_load(argv[1]);
	bench.control = control_connect(argv[2]);
	bench.kind = kind;
	bench.keys[KEY_SIGN] = key_load(argv[3], kind->sign_file);
	bench.keys[KEY_EACH] = key_load(argv[3], kind->each_file);
	bench.keys[KEY_DECRYPT] = key_load(argv[3], kind->decrypt_file);
	bench.shared = strcmp(argv[5], "shared") == 0;
	bench.tokens = tokens_present(&bench);
	if (strcmp(argv[5], "write") == 0)
		try_all(&bench, write_scenarios, write_scenario_count);
	else
		try_all(&bench, scenarios, scenario_count);
	printf("%u triples of scenario, exchange and fault tried, %u failed\n",
	       bench.triples, bench.failed);
	for (size_t i = 0; i < KEYS; i++)
		EVP_PKEY_free(bench.keys[i]);
	return bench.failed > 0 || bench.triples == 0;
}
