/* piv-card: a simulated PIV card for the virtual reader of pcscd. */
#include "others.h"
#include "piv_kind.h"
#include "station.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum option_id {
	OPT_PORT = 1,
	OPT_FIRMWARE,
	OPT_QUIRK,
	OPT_NO_QUIRK,
	OPT_WORD,
	OPT_EXTENDED,
	OPT_KEY,
	OPT_CERT,
	OPT_OBJECT,
	OPT_BLANK,
	OPT_PIN,
	OPT_PUK,
	OPT_GLOBAL_PIN,
	OPT_TRIES,
	OPT_PUK_TRIES,
	OPT_SERIAL,
	OPT_ATR,
	OPT_SECOND,
	OPT_TRACE,
	OPT_CONTROL,
	OPT_FAULT,
	OPT_SLOW,
	OPT_TELL,
	OPT_HELP,
};

static const struct option options[] = {
	{ "port", required_argument, NULL, OPT_PORT },
	{ "firmware", required_argument, NULL, OPT_FIRMWARE },
	{ "quirk", required_argument, NULL, OPT_QUIRK },
	{ "no-quirk", required_argument, NULL, OPT_NO_QUIRK },
	{ "sw", required_argument, NULL, OPT_WORD },
	{ "extended", required_argument, NULL, OPT_EXTENDED },
	{ "key", required_argument, NULL, OPT_KEY },
	{ "cert", required_argument, NULL, OPT_CERT },
	{ "object", required_argument, NULL, OPT_OBJECT },
	{ "blank", no_argument, NULL, OPT_BLANK },
	{ "pin", required_argument, NULL, OPT_PIN },
	{ "puk", required_argument, NULL, OPT_PUK },
	{ "global-pin", required_argument, NULL, OPT_GLOBAL_PIN },
	{ "tries", required_argument, NULL, OPT_TRIES },
	{ "puk-tries", required_argument, NULL, OPT_PUK_TRIES },
	{ "serial", required_argument, NULL, OPT_SERIAL },
	{ "atr", required_argument, NULL, OPT_ATR },
	{ "second-applet", no_argument, NULL, OPT_SECOND },
	{ "trace", required_argument, NULL, OPT_TRACE },
	{ "control", required_argument, NULL, OPT_CONTROL },
	{ "fault", required_argument, NULL, OPT_FAULT },
	{ "slow", required_argument, NULL, OPT_SLOW },
	{ "tell", required_argument, NULL, OPT_TELL },
	{ "help", no_argument, NULL, OPT_HELP },
	{ 0 },
};

/* clang-format off */
static const char usage[] =
"usage: piv-card --port N [OPTION...]\n"
"       piv-card --tell SOCKET LINE\n"
"  --firmware KIND       neo 4.3 5.2 5.4 5.7 nitrokey3 nist, or N.N.N\n"
"  --quirk NAME, --no-quirk NAME, --sw NAME=XXXX\n"
"  --extended on|off     take extended length, or answer 6700\n"
"  --key SLOT=FILE[:never|once|always]\n"
"  --cert SLOT=FILE[:gzip|gzip80|zlib|netid|bare|raw|mscuid]\n"
"  --object TAG=FILE     the bytes inside 53\n"
"  --blank               no CHUID, no capability container\n"
"  --pin --puk --global-pin TEXT, --tries --puk-tries N, --serial N\n"
"  --atr HEX, --second-applet\n"
"  --trace FILE, --control SOCKET, --slow MS\n"
"  --fault [N:|+N:]KIND  XXXX remove remove-after reset switch-applet empty\n"
"                        short long[:N] garbage flip truncate silent:MS\n"
"control lines: remove insert reset select-other count state delay MS\n"
"               slow MS fault ... touch on|off\n"
"quirks:";
/* clang-format on */

static struct piv piv;
static struct station station;
static struct yubico device;

struct choice {
	const struct piv_kind *kind;
	bool blank;
	bool second;
};

static void
usage_print(FILE *to)
{
	const char *name;

	(void)fputs(usage, to);
	for (unsigned i = 0; (name = quirk_name(i)); i++)
		(void)fprintf(to, "%s%s", i % 4 ? " " : "\n  ", name);
	(void)fputc('\n', to);
}

static bool
pin_load(struct piv_pin *pin, const char *text)
{
	uint8_t value[PIN_SIZE];

	if (!pin_pad(text, value))
		return false;
	pin_set(pin, value, pin->total);
	return true;
}

static bool
tries_load(struct piv_pin *pin, const char *text)
{
	unsigned n;

	if (!number_read(text, &n) || n > 255)
		return false;
	pin->total = (uint8_t)n;
	pin->tries = (uint8_t)n;
	return true;
}

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
quirk_load(const char *text, bool on)
{
	enum quirk quirk;

	if (!quirk_find(text, &quirk))
		return false;
	if (on)
		piv.quirks |= UINT64_C(1) << quirk;
	else
		piv.quirks &= ~(UINT64_C(1) << quirk);
	return true;
}

static bool
switch_load(const char *text, bool *to)
{
	*to = !strcmp(text, "on");
	return *to || !strcmp(text, "off");
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
trace_load(const char *path)
{
	if (station.trace)
		return false;
	station.trace = fopen(path, "we");
	return station.trace;
}

/* Options of the wire, the reader side and the test. */
static bool
option_station(int id, const char *value, struct choice *choice)
{
	unsigned n;

	switch (id) {
	case OPT_PORT:
		return port_load(value);
	case OPT_EXTENDED:
		return switch_load(value, &station.card.extended);
	case OPT_ATR:
		return atr_load(value);
	case OPT_TRACE:
		return trace_load(value);
	case OPT_CONTROL:
		station.control_path = value;
		return true;
	case OPT_FAULT:
		return fault_add(&station.faults, value, 0);
	case OPT_SLOW:
		return number_read(value, &station.card.slow);
	case OPT_SECOND:
		choice->second = true;
		return true;
	case OPT_SERIAL:
		if (!number_read(value, &n))
			return false;
		piv.serial = n;
		return true;
	default:
		return false;
	}
}

static bool
option_piv(int id, const char *value, struct choice *choice)
{
	switch (id) {
	case OPT_FIRMWARE:
	case OPT_BLANK:
		return true; /* obeyed before all others */
	case OPT_QUIRK:
	case OPT_NO_QUIRK:
		return quirk_load(value, id == OPT_QUIRK);
	case OPT_WORD:
		return piv_load_word(&piv, value);
	case OPT_KEY:
		return piv_load_key(&piv, value);
	case OPT_CERT:
		return piv_load_certificate(&piv, value);
	case OPT_OBJECT:
		return piv_load_object(&piv, value);
	case OPT_PIN:
		return pin_load(&piv.pin, value);
	case OPT_PUK:
		return pin_load(&piv.puk, value);
	case OPT_GLOBAL_PIN:
		return pin_load(&piv.global, value);
	case OPT_TRIES:
		return tries_load(&piv.pin, value);
	case OPT_PUK_TRIES:
		return tries_load(&piv.puk, value);
	default:
		return option_station(id, value, choice);
	}
}

/* The kind of card decides what the other options mean. */
static bool
firmware_load(int argc, char **argv, struct choice *choice)
{
	const char *text = "5.4";
	uint32_t version;
	int id;

	while ((id = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (id == '?' || id == OPT_HELP) {
			usage_print(id == '?' ? stderr : stdout);
			exit(id == '?' ? 2 : 0);
		}
		if (id == OPT_TELL && optind < argc)
			exit(station_tell(optarg, argv[optind]) ? 0 : 1);
		if (id == OPT_FIRMWARE)
			text = optarg;
		if (id == OPT_BLANK)
			choice->blank = true;
	}
	optind = 1;
	choice->kind = piv_kind_find(text, &version);
	if (!choice->kind)
		return false;
	piv_kind_apply(&piv, choice->kind, version);
	station_init(&station);
	card_init(&station.card, 0, choice->kind->extended);
	return atr_load(choice->kind->atr);
}

static bool
applets_add(const struct choice *choice)
{
	struct card *card = &station.card;

	card->quirks = piv.quirks;
	device = (struct yubico){ piv.version, piv.serial };
	if (!card_add(card, &piv_applet, &piv))
		return false;
	if (choice->second && !card_add(card, &dummy_applet, NULL))
		return false;
	return !choice->kind->yubico ||
	       (card_add(card, &yubico_otp, &device) &&
		card_add(card, &yubico_management, &device));
}

/* Identity first, so that --object can put another in its place. */
static bool
options_load(int argc, char **argv, struct choice *choice)
{
	int id, index = 0;

	if (!choice->blank && !piv_load_identity(&piv))
		return false;
	while ((id = getopt_long(argc, argv, "", options, &index)) != -1) {
		if (!option_piv(id, optarg, choice)) {
			(void)fprintf(stderr, "piv-card: --%s %s: bad value\n",
				      options[index].name,
				      optarg ? optarg : "");
			return false;
		}
	}
	return true;
}

int
main(int argc, char **argv)
{
	struct choice choice = { 0 };
	int status = 2;

	if (!firmware_load(argc, argv, &choice))
		(void)fputs("piv-card: no such firmware\n", stderr);
	else if (options_load(argc, argv, &choice) && applets_add(&choice))
		status = station.port && station_run(&station) ? 0 : 1;
	if (status == 1)
		(void)fputs("piv-card: no reader at --port\n", stderr);
	if (station.trace)
		(void)fclose(station.trace);
	piv_free(&piv);
	return status;
}
