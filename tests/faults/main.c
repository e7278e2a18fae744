/* Every fault at every exchange of every scenario: the call ends with a true
 * CKR_ code, no PIN try is lost, and the next run works.
 *
 * usage: faults MODULE CONTROL-SOCKET 9A-PUBLIC-KEY 9D-PUBLIC-KEY */
#include <dlfcn.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/pem.h>

#include "control.h"
#include "scenario.h"

enum {
	EXCHANGES_MAX = 64, /* of one scenario */
	LOOKS_MAX = 1000,   /* for a card that comes or goes */
};

/* No empty answer: the virtual reader waits for more after one. */
static const char *const faults[] = {
	"remove", "remove-after", "reset", "switch-applet", "6F00", "short",
	"long",	  "garbage",	  "flip",  "truncate",	    "silent:200",
};

struct bench {
	CK_FUNCTION_LIST *p11;
	EVP_PKEY *signing_key, *management_key;
	int control;
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
perform(struct bench *bench, const struct scenario *scenario)
{
	struct run run = { .p11 = bench->p11,
			   .signing_key = bench->signing_key,
			   .management_key = bench->management_key };
	CK_RV rv = bench->p11->C_Initialize(NULL);

	if (rv != CKR_OK)
		errx(2, "C_Initialize: %#lx", rv);
	scenario->perform(&run);
	rv = bench->p11->C_Finalize(NULL);
	if (rv != CKR_OK)
		errx(2, "C_Finalize: %#lx", rv);
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
cards_present(struct bench *bench)
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
cards_wait(struct bench *bench, CK_ULONG count)
{
	for (int i = 0; i < LOOKS_MAX; i++) {
		if (cards_present(bench) == count)
			return;
		(void)usleep(20000);
	}
	errx(2, "the reader service does not see %lu cards", count);
}

/* Puts the card back as it was, and sees that it is. */
static void
mend(struct bench *bench, const struct scenario *scenario, const char *where,
     bool removed)
{
	char state[1024];
	struct run run;

	if (removed) {
		cards_wait(bench, 0);
		tell(bench, "insert");
		cards_wait(bench, 1);
	}
	run = perform(bench, scenario);
	if (run.rv != CKR_OK || run.wrong)
		complain(bench, "the next run does not work", where, &run);
	tell(bench, "reset");
	control_tell(bench->control, "state", state, sizeof(state));
	if (strcmp(state, bench->state) != 0) {
		complain(bench, state, where, &run);
		printf("  and was: %s\n", bench->state);
	}
}

static void
strike(struct bench *bench, const struct scenario *scenario, unsigned at,
       const char *fault)
{
	char line[64], where[96];
	struct run run;

	(void)snprintf(line, sizeof(line), "fault +%u:%s", at, fault);
	(void)snprintf(where, sizeof(where), "%s, exchange %u, %s",
		       scenario->name, at, fault);
	tell(bench, line);
	run = perform(bench, scenario);
	bench->triples++;
	if (run.wrong)
		complain(bench, "a wrong result was given", where, &run);
	if (!rv_allowed(run.rv))
		complain(bench, "not a true answer", where, &run);
	mend(bench, scenario, where, strncmp(fault, "remove", 6) == 0);
}

static void
try_scenario(struct bench *bench, const struct scenario *scenario)
{
	unsigned before = exchanges(bench), count;
	struct run run = perform(bench, scenario);

	count = exchanges(bench) - before;
	if (run.rv != CKR_OK || run.wrong) {
		complain(bench, "fails without a fault", scenario->name, &run);
		return;
	}
	if (count < 3 || count > EXCHANGES_MAX)
		errx(2, "%s takes %u exchanges", scenario->name, count);
	tell(bench, "reset");
	control_tell(bench->control, "state", bench->state,
		     sizeof(bench->state));
	for (unsigned at = 1; at <= count; at++)
		for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
			strike(bench, scenario, at, faults[i]);
}

static EVP_PKEY *
key_load(const char *path)
{
	FILE *file = fopen(path, "re");
	EVP_PKEY *key;

	if (!file)
		err(2, "%s", path);
	key = PEM_read_PUBKEY(file, NULL, NULL, NULL);
	(void)fclose(file);
	if (!key)
		errx(2, "%s: no public key", path);
	return key;
}

int
main(int argc, char **argv)
{
	struct bench bench = { 0 };
	CK_C_GetFunctionList list;
	void *module;

	if (argc != 5)
		errx(2, "usage: faults MODULE CONTROL-SOCKET 9A-KEY 9D-KEY");
	module = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
	if (!module)
		errx(2, "%s", dlerror());
	list = (CK_C_GetFunctionList)dlsym(module, "C_GetFunctionList");
	if (!list || list(&bench.p11) != CKR_OK)
		errx(2, "no function list");
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	bench.control = control_connect(argv[2]);
	bench.signing_key = key_load(argv[3]);
	bench.management_key = key_load(argv[4]);
	for (size_t i = 0; i < scenario_count; i++)
		try_scenario(&bench, &scenarios[i]);
	printf("%u triples of scenario, exchange and fault tried, %u failed\n",
	       bench.triples, bench.failed);
	EVP_PKEY_free(bench.signing_key);
	EVP_PKEY_free(bench.management_key);
	return bench.failed > 0 || bench.triples == 0;
}
