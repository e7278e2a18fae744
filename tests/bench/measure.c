/* The measurer: interleaved rounds of the module's work and libcrypto's. */
#include <stdarg.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

static double
clock_read(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

double
now(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

long
resident_kib(void)
{
	long size, resident = 0;
	FILE *f = fopen("/proc/self/statm", "r");
	if (!f)
		return 0;
	if (fscanf(f, "%ld %ld", &size, &resident) != 2)
		resident = 0;
	fclose(f);
	return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

_Noreturn void
die(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fputs("p11bench: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	exit(1);
}

double
worked(void)
{
	return clock_read(CLOCK_PROCESS_CPUTIME_ID);
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

double
median(double *values, int count)
{
	qsort(values, (size_t)count, sizeof *values, compare);
	if (count % 2)
		return values[count / 2];
	return (values[count / 2 - 1] + values[count / 2]) / 2;
}

/*
 * A failed operation may stay active (C_EncryptUpdate refused, say) and spoil
 * what follows, so the working session is replaced after each failure.
 */
void
work_session_renew(void)
{
	CK_FLAGS flags = CKF_SERIAL_SESSION | CKF_RW_SESSION;
	if (run.work && run.work != run.session)
		run.p11->C_CloseSession(run.work);
	if (run.p11->C_OpenSession(run.slot, flags, NULL, NULL, &run.work) !=
	    CKR_OK)
		run.work = run.session;
}

/* Operations per second over about SECONDS, or 0 with *RV set on failure. BUSY,
 * when given, is how many in a second of this process's processor time. */
double
run_for(op_fn op, void *context, double seconds, CK_RV *rv, double *busy)
{
	unsigned long done = 0, batch = 1;
	double before = worked();
	double start = now(), spent;
	for (;;) {
		for (unsigned long i = 0; i < batch; i++)
			if ((*rv = op(context)) != CKR_OK)
				return 0;
		done += batch;
		spent = now() - start;
		if (spent >= seconds)
			break;
		/* Clock reads must not show in tiny work. */
		if (spent < 0.004 * seconds)
			batch *= 2;
	}
	before = worked() - before;
	if (busy)
		*busy = before > 0 ? (double)done / before : 0;
	return (double)done / spent;
}

static void
fail(const struct work *work, CK_RV rv, const char *note)
{
	result_absent(work->name, rv, note);
	work_session_renew();
}

void
measure(const struct work *work)
{
	double module[ROUNDS_MAX], library[ROUNDS_MAX], ratio[ROUNDS_MAX];
	double busy[ROUNDS_MAX];
	double slice = options.seconds / options.rounds;
	double own_busy = 0;
	op_fn reference = work->reference;
	CK_RV rv, own;

	if ((rv = work->op(work->context)) != CKR_OK) {
		fail(work, rv, work->note);
		return;
	}
	if (reference && reference(work->reference_context) != CKR_OK)
		reference = NULL;
	for (int i = 0; i < options.rounds; i++) {
		module[i] =
			run_for(work->op, work->context, slice, &rv, &busy[i]);
		if (rv != CKR_OK) {
			fail(work, rv, "failed while being timed");
			return;
		}
		if (!reference)
			continue;
		library[i] = run_for(reference, work->reference_context, slice,
				     &own, &own_busy);
		if (work->waits)
			ratio[i] = library[i] > 0 ? module[i] / library[i] : 0;
		else
			ratio[i] = own_busy > 0 ? busy[i] / own_busy : 0;
	}
	struct result *r = result_add(work->name);
	r->busy = median(busy, options.rounds);
	r->module_median = median(module, options.rounds);
	r->module_min = module[0];
	r->module_max = module[options.rounds - 1];
	if (reference) {
		r->library = median(library, options.rounds);
		r->ratio = median(ratio, options.rounds);
	}
	r->verdict = work->verdict;
	run.wrong += work->verdict == WRONG;
	snprintf(r->note, sizeof r->note, "%s", work->note ? work->note : "");
	result_show(r);
}
