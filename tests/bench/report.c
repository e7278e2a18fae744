/* Results: kept, shown as lines while they come, or as one JSON document. */
#include "bench.h"

static struct result *results;
static size_t count;

static void
human(double rate, char *text, size_t size)
{
	if (rate <= 0)
		snprintf(text, size, "-");
	else if (rate >= 1e6)
		snprintf(text, size, "%.2fM", rate / 1e6);
	else if (rate >= 1e4)
		snprintf(text, size, "%.1fk", rate / 1e3);
	else if (rate >= 100)
		snprintf(text, size, "%.0f", rate);
	else
		snprintf(text, size, "%.2f", rate);
}

struct result *
result_add(const char *name)
{
	results = realloc(results, (count + 1) * sizeof *results);
	if (!results)
		die("out of memory");
	struct result *r = &results[count++];
	memset(r, 0, sizeof *r);
	snprintf(r->name, sizeof r->name, "%s", name);
	r->rss = resident_kib();
	return r;
}

void
result_show(const struct result *r)
{
	char least[24], middle[24], library[24];
	if (options.json)
		return;
	if (r->absent) {
		printf("%-38s n/a (0x%lx) %s\n", r->name, r->rv, r->note);
		fflush(stdout);
		return;
	}
	human(r->module_min, least, sizeof least);
	human(r->module_median, middle, sizeof middle);
	human(r->library, library, sizeof library);
	printf("%-38s min %9s  med %9s/s %11.2f us", r->name, least, middle,
	       1e6 / r->module_median);
	if (r->library > 0)
		printf("  lib %9s/s  ratio %6.3f", library, r->ratio);
	if (r->verdict)
		printf("  %s", r->verdict > 0 ? "ok" : "WRONG RESULT");
	printf("%s%s\n", r->note[0] ? "  " : "", r->note);
	fflush(stdout);
}

void
result_absent(const char *name, CK_RV rv, const char *note)
{
	struct result *r = result_add(name);
	r->absent = true;
	r->rv = rv;
	snprintf(r->note, sizeof r->note, "%s", note ? note : "");
	result_show(r);
}

void
result_memory(const char *name)
{
	struct result *r = result_add(name);
	snprintf(r->note, sizeof r->note, "memory");
	if (!options.json)
		printf("%-38s %ld KiB resident\n", name, r->rss);
}

void
result_span(const char *name, double seconds, double things, const char *note)
{
	struct result *r = result_add(name);
	r->module_median = seconds > 0 ? things / seconds : 0;
	r->module_min = r->module_max = r->module_median;
	snprintf(r->note, sizeof r->note, "%s", note ? note : "");
	result_show(r);
}

static void
json_text(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putchar('\\');
		if ((unsigned char)*text >= 0x20)
			putchar(*text);
	}
	putchar('"');
}

static void
json_result(const struct result *r)
{
	printf(" {\"name\":");
	json_text(r->name);
	if (r->absent)
		printf(",\"na\":true,\"rv\":%lu", r->rv);
	else if (r->module_median > 0)
		printf(",\"min_ops\":%.6g,\"median_ops\":%.6g,\"max_ops\":%.6g",
		       r->module_min, r->module_median, r->module_max);
	if (!r->absent && r->busy > 0)
		printf(",\"busy_ops\":%.6g", r->busy);
	if (!r->absent && r->library > 0)
		printf(",\"libcrypto_ops\":%.6g,\"ratio\":%.4f", r->library,
		       r->ratio);
	if (r->verdict)
		printf(",\"verified\":%s", r->verdict > 0 ? "true" : "false");
	printf(",\"rss_kib\":%ld,\"note\":", r->rss);
	json_text(r->note);
	putchar('}');
}

void
results_json(void)
{
	printf("{\"module\":");
	json_text(options.module);
	printf(",\"library\":");
	json_text(run.library);
	printf(",\"token\":");
	json_text(run.token);
	printf(",\"libcrypto\":");
	json_text(OpenSSL_version(OPENSSL_VERSION));
	printf(",\"wrong_results\":%d,\"results\":[", run.wrong);
	for (size_t i = 0; i < count; i++) {
		printf(i ? ",\n" : "\n");
		json_result(&results[i]);
	}
	printf("\n]}\n");
}
