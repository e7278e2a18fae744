/* A card program: its command line, its card, its end. */
#include "program.h"
#include "station.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS_MAX 64

/* clang-format off */
static const char usage[] =
"usage: %1$s --port N [OPTION...]\n"
"       %1$s --tell SOCKET LINE\n"
"  --quirk NAME, --no-quirk NAME, --atr HEX\n"
"  --extended on|off     take extended length, or answer 6700\n"
"  --trace FILE, --control SOCKET, --slow MS\n"
"  --fault [N:|+N:]KIND  XXXX remove remove-after reset switch-applet empty\n"
"                        short long[:N] garbage flip truncate silent:MS\n"
"control lines: remove insert reset select-other count state delay MS\n"
"               slow MS fault ... touch on|off\n";
/* clang-format on */

static struct station station;
static uint64_t *quirks;

static bool
atr_load(const char *text)
{
	struct pile atr = pile_of(station.atr, sizeof(station.atr));

	if (!hex_read(text, &atr) || atr.used < 2)
		return false;
	station.atr_size = atr.used;
	return true;
}

static bool
port_load(const char *text)
{
	unsigned n;

	if (!number_read(text, &n) || n == 0 || n > 65535)
		return false;
	station.port = (uint16_t)n;
	return true;
}

static bool
extended_load(const char *text)
{
	station.card.extended = !strcmp(text, "on");
	return station.card.extended || !strcmp(text, "off");
}

static bool
trace_load(const char *path)
{
	if (station.trace)
		return false;
	station.trace = fopen(path, "we");
	return station.trace;
}

static bool
control_load(const char *path)
{
	station.control_path = path;
	return true;
}

static bool
fault_load(const char *text)
{
	return fault_add(&station.faults, text, 0);
}

static bool
slow_load(const char *text)
{
	return number_read(text, &station.card.slow);
}

static bool
quirk_load(const char *text)
{
	enum quirk quirk;

	if (!quirk_find(text, &quirk))
		return false;
	*quirks |= UINT64_C(1) << quirk;
	return true;
}

static bool
quirk_drop(const char *text)
{
	enum quirk quirk;

	if (!quirk_find(text, &quirk))
		return false;
	*quirks &= ~(UINT64_C(1) << quirk);
	return true;
}

/* Obeyed before all others. */
static bool
early_load(const char *text)
{
	(void)text;
	return true;
}

static const struct choice choices[] = {
	{ "firmware", true, early_load },
	{ "tell", true, early_load },
	{ "help", false, early_load },
	{ "port", true, port_load },
	{ "quirk", true, quirk_load },
	{ "no-quirk", true, quirk_drop },
	{ "atr", true, atr_load },
	{ "extended", true, extended_load },
	{ "trace", true, trace_load },
	{ "control", true, control_load },
	{ "fault", true, fault_load },
	{ "slow", true, slow_load },
	{ NULL, false, NULL },
};

struct program {
	const char *name;
	const struct share *const *shares;
	size_t count;
	struct option options[OPTIONS_MAX];
	const char *firmware;
};

static void
names_print(const char *(*name)(unsigned n), FILE *to)
{
	const char *text;

	for (unsigned i = 0; (text = name(i)); i++)
		(void)fprintf(to, "%s%s", i % 3 ? " " : "\n  ", text);
	(void)fputc('\n', to);
}

static void
usage_print(const struct program *program, FILE *to)
{
	const struct share *share;

	(void)fprintf(to, usage, program->name);
	for (size_t i = 0; i < program->count; i++)
		(void)fputs(program->shares[i]->usage, to);
	(void)fputs("quirks:", to);
	names_print(quirk_name, to);
	for (size_t i = 0; i < program->count; i++) {
		share = program->shares[i];
		if (share->quirk_name)
			names_print(share->quirk_name, to);
	}
}

static void
options_add(struct program *program, const struct choice *choice, size_t *n)
{
	for (; choice->name && *n < OPTIONS_MAX - 1; choice++) {
		program->options[(*n)++] = (struct option){
			.name = choice->name,
			.has_arg = choice->argument ? required_argument
						    : no_argument,
			.val = 1,
		};
	}
}

/* The kind of card decides what the other options mean. */
static void
options_first(struct program *program, int argc, char **argv)
{
	const char *name;
	int id, index = 0;

	while ((id = getopt_long(argc, argv, "", program->options, &index)) !=
	       -1) {
		name = id == '?' ? "help" : program->options[index].name;
		if (!strcmp(name, "help")) {
			usage_print(program, id == '?' ? stderr : stdout);
			exit(id == '?' ? 2 : 0);
		}
		if (!strcmp(name, "tell") && optind < argc)
			exit(station_tell(optarg, argv[optind]) ? 0 : 1);
		if (!strcmp(name, "firmware"))
			program->firmware = optarg;
	}
	optind = 1;
}

static bool
choice_load(const struct choice *choice, const char *name, const char *value)
{
	for (; choice->name; choice++) {
		if (!strcmp(choice->name, name) && choice->load(value))
			return true;
	}
	return false;
}

static bool
option_load(const struct program *program, const char *name, const char *value)
{
	for (size_t i = 0; i < program->count; i++) {
		if (choice_load(program->shares[i]->choices, name, value))
			return true;
	}
	if (choice_load(choices, name, value))
		return true;
	(void)fprintf(stderr, "%s: --%s %s: bad value\n", program->name, name,
		      value ? value : "");
	return false;
}

static bool
options_load(const struct program *program, int argc, char **argv)
{
	int id, index = 0;

	while ((id = getopt_long(argc, argv, "", program->options, &index)) !=
	       -1) {
		if (!option_load(program, program->options[index].name, optarg))
			return false;
	}
	return true;
}

static bool
card_make(const struct program *program)
{
	struct face face, first = { 0 };

	for (size_t i = 0; i < program->count; i++) {
		if (!program->shares[i]->begin(program->firmware, &face)) {
			(void)fprintf(stderr, "%s: no such firmware\n",
				      program->name);
			return false;
		}
		if (i == 0)
			first = face;
	}
	station_init(&station);
	card_init(&station.card, 0, first.extended);
	quirks = program->shares[0]->quirks;
	return atr_load(first.atr);
}

static bool
card_fill(const struct program *program)
{
	station.card.quirks = *quirks;
	for (size_t i = 0; i < program->count; i++) {
		if (!program->shares[i]->add(&station.card))
			return false;
	}
	return true;
}

int
program_run(int argc, char **argv, const char *name,
	    const struct share *const *shares, size_t count)
{
	struct program program = {
		.name = name,
		.shares = shares,
		.count = count,
	};
	size_t n = 0;
	int status = 2;

	options_add(&program, choices, &n);
	for (size_t i = 0; i < count; i++)
		options_add(&program, shares[i]->choices, &n);
	options_first(&program, argc, argv);
	if (card_make(&program) && options_load(&program, argc, argv) &&
	    card_fill(&program))
		status = station.port && station_run(&station) ? 0 : 1;
	if (status == 1)
		(void)fprintf(stderr, "%s: no reader at --port\n", name);
	if (station.trace)
		(void)fclose(station.trace);
	for (size_t i = 0; i < count; i++)
		shares[i]->end();
	return status;
}
