/* Stage "threads": one key, one session per thread, both sides. */
#include <errno.h>
#include <pthread.h>

#include "bench.h"

struct worker {
	pthread_t thread;
	op_fn op;
	struct signature *context;
	double seconds, rate;
	CK_RV rv;
	pthread_barrier_t *barrier;
};

struct team {
	const struct signature_kind *kind;
	struct signature *cases[THREADS_MAX];
	CK_SESSION_HANDLE sessions[THREADS_MAX];
	int size;
	double one, library_one; /* rates of one thread */
};

static void *
work(void *argument)
{
	struct worker *w = argument;
	pthread_barrier_wait(w->barrier);
	w->rate = run_for(w->op, w->context, w->seconds, &w->rv, NULL);
	return NULL;
}

static double
run_threads(op_fn op, const struct team *team, int count, CK_RV *rv)
{
	struct worker w[THREADS_MAX];
	pthread_barrier_t barrier;
	double sum = 0;
	pthread_barrier_init(&barrier, NULL, (unsigned)count);
	for (int i = 0; i < count; i++) {
		w[i] = (struct worker){ .op = op,
					.context = team->cases[i],
					.seconds = options.seconds /
						   options.rounds,
					.barrier = &barrier };
		if (pthread_create(&w[i].thread, NULL, work, &w[i]))
			die("pthread_create: %s", strerror(errno));
	}
	*rv = CKR_OK;
	for (int i = 0; i < count; i++) {
		pthread_join(w[i].thread, NULL);
		sum += w[i].rate;
		if (w[i].rv != CKR_OK)
			*rv = w[i].rv;
	}
	pthread_barrier_destroy(&barrier);
	return sum;
}

static void
team_open(struct team *team, const struct signature_kind *kind)
{
	CK_FLAGS flags = CKF_SERIAL_SESSION | CKF_RW_SESSION;
	memset(team, 0, sizeof *team);
	team->kind = kind;
	for (int i = 0; i < options.threads; i++) {
		if (run.p11->C_OpenSession(run.slot, flags, NULL, NULL,
					   &team->sessions[i]) != CKR_OK)
			break;
		if (!(team->cases[i] = malloc(sizeof *team->cases[i])))
			die("out of memory");
		signature_setup(team->cases[i], kind, team->sessions[i]);
		team->size++;
	}
}

static void
team_close(struct team *team)
{
	for (int i = 0; i < team->size; i++) {
		run.p11->C_CloseSession(team->sessions[i]);
		free(team->cases[i]);
	}
}

static enum verdict
team_check(const struct team *team, int count)
{
	for (int i = 0; i < count; i++)
		if (signature_check(team->cases[i], key(team->kind->key)->check,
				    team->kind->ecdsa) == WRONG)
			return WRONG;
	return CONFIRMED;
}

static void
measure_threads(struct team *team, int count)
{
	double module[ROUNDS_MAX], library[ROUNDS_MAX], ratio[ROUNDS_MAX];
	CK_RV rv = CKR_OK, own;
	char name[80];
	snprintf(name, sizeof name, "sign %s, %d thread%s", team->kind->name,
		 count, count > 1 ? "s" : "");
	for (int i = 0; i < options.rounds && rv == CKR_OK; i++) {
		module[i] = run_threads(op_sign, team, count, &rv);
		library[i] = run_threads(ref_sign, team, count, &own);
		ratio[i] = library[i] > 0 ? module[i] / library[i] : 0;
	}
	if (rv != CKR_OK) {
		result_absent(name, rv, "in a thread");
		return;
	}
	struct result *r = result_add(name);
	r->module_median = median(module, options.rounds);
	r->module_min = module[0];
	r->module_max = module[options.rounds - 1];
	r->library = median(library, options.rounds);
	r->ratio = median(ratio, options.rounds);
	r->verdict = team_check(team, count);
	run.wrong += r->verdict == WRONG;
	if (count == 1) {
		team->one = r->module_median;
		team->library_one = r->library;
	}
	snprintf(r->note, sizeof r->note, "scaling x%.2f (libcrypto x%.2f)",
		 r->module_median / team->one, r->library / team->library_one);
	result_show(r);
}

void
stage_threads(void)
{
	static const int which[] = { KIND_RSA2048, KIND_P256 };
	for (size_t i = 0; i < COUNT(which); i++) {
		struct team team;
		if (key(signature_kinds[which[i]].key)->rv)
			continue;
		team_open(&team, &signature_kinds[which[i]]);
		for (int count = 1; count <= team.size; count *= 2)
			measure_threads(&team, count);
		team_close(&team);
	}
	result_memory("memory after threads");
}
