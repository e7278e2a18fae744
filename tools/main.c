/* signet-import: brings keys and certificates from elsewhere into a token. */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import.h"

enum exit_status { ALL_IMPORTED, SOME_NOT, NOTHING_DONE };

struct program {
	struct wish wish;
	struct target_wish target;
	const char *from; /* KIND:FOLDER, or NULL: files */
	char **files;
	int file_count;
	uint8_t id[64];
};

struct totals {
	unsigned imported, there, left_out, failed;
};

void
complain(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fputs("signet-import: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
}

static void
usage(FILE *f)
{
	fputs("usage: signet-import [OPTION]... (--token LABEL | --slot N)"
	      " FILE...\n"
	      "       signet-import [OPTION]... (--token LABEL | --slot N)"
	      " --from KIND:FOLDER\n"
	      "\n"
	      "Brings keys and certificates into a token: from files (PEM, DER,"
	      " PKCS#8,\nPKCS#12), or all of a token of SoftHSM 2 or NSS.\n"
	      "\n"
	      "  --from softhsm2:FOLDER  a token's folder, or the one above\n"
	      "  --from nss:FOLDER       where cert9.db and key4.db are\n"
	      "  --source-token LABEL    which of several in the folder above\n"
	      "  --source-pin-file FILE  its PIN, or the password of the"
	      " files\n"
	      "  --source-pin-env NAME   the same from the environment\n"
	      "  --module FILE           the token's PKCS#11 module\n"
	      "  --token LABEL           the token that gets the objects\n"
	      "  --slot N                the same by its slot\n"
	      "  --pin-file FILE         its user PIN\n"
	      "  --pin-env NAME          the same from the environment\n"
	      "  --id HEX                CKA_ID of what the files hold\n"
	      "  --label TEXT            CKA_LABEL of what the files hold\n"
	      "  --extractable           a file's keys may be wrapped later\n"
	      "  --help, --version\n"
	      "\n"
	      "A PIN that is not given is asked for. Exit status: 0 all is in"
	      " the token, 1\nsomething is not, 2 nothing was done.\n",
	      f);
}

enum {
	O_FROM = 256,
	O_SOURCE_TOKEN,
	O_SOURCE_PIN_FILE,
	O_SOURCE_PIN_ENV,
	O_MODULE,
	O_TOKEN,
	O_SLOT,
	O_PIN_FILE,
	O_PIN_ENV,
	O_ID,
	O_LABEL,
	O_EXTRACTABLE,
	O_HELP,
	O_VERSION,
};

static const struct option options[] = {
	{ "from", 1, 0, O_FROM },
	{ "source-token", 1, 0, O_SOURCE_TOKEN },
	{ "source-pin-file", 1, 0, O_SOURCE_PIN_FILE },
	{ "source-pin-env", 1, 0, O_SOURCE_PIN_ENV },
	{ "module", 1, 0, O_MODULE },
	{ "token", 1, 0, O_TOKEN },
	{ "slot", 1, 0, O_SLOT },
	{ "pin-file", 1, 0, O_PIN_FILE },
	{ "pin-env", 1, 0, O_PIN_ENV },
	{ "id", 1, 0, O_ID },
	{ "label", 1, 0, O_LABEL },
	{ "extractable", 0, 0, O_EXTRACTABLE },
	{ "help", 0, 0, O_HELP },
	{ "version", 0, 0, O_VERSION },
	{ 0 },
};

static const char **
text_option(struct program *p, int option)
{
	switch (option) {
	case O_FROM:
		return &p->from;
	case O_SOURCE_TOKEN:
		return &p->wish.source_token;
	case O_SOURCE_PIN_FILE:
		return &p->wish.source_pin.file;
	case O_SOURCE_PIN_ENV:
		return &p->wish.source_pin.variable;
	case O_MODULE:
		return &p->target.module;
	case O_TOKEN:
		return &p->target.token;
	case O_SLOT:
		return &p->target.slot;
	case O_PIN_FILE:
		return &p->target.pin.file;
	case O_PIN_ENV:
		return &p->target.pin.variable;
	case O_LABEL:
		return &p->wish.label;
	default:
		return NULL;
	}
}

static bool
id_parse(struct program *p, const char *hex)
{
	size_t size = strlen(hex);
	struct builder b = builder_over(p->id, sizeof p->id);
	bool good = size > 0 && size % 2 == 0 &&
		    size == strspn(hex, "0123456789abcdefABCDEF");
	for (; good && *hex; hex += 2) {
		char digits[3] = { hex[0], hex[1], 0 };
		builder_u8(&b, (uint8_t)strtoul(digits, NULL, 16));
	}
	p->wish.id = builder_read(&b);
	if (good && builder_ok(&b))
		return true;
	complain("--id wants up to %zu bytes as pairs of hexadecimal digits",
		 sizeof p->id);
	return false;
}

static bool
option_take(struct program *p, int option, const char *value)
{
	const char **text = text_option(p, option);
	if (text) {
		*text = value;
		return true;
	}
	switch (option) {
	case O_ID:
		return id_parse(p, value);
	case O_EXTRACTABLE:
		p->wish.extractable = true;
		return true;
	case O_HELP:
		usage(stdout);
		exit(ALL_IMPORTED);
	case O_VERSION:
		puts("signet-import " SIGNET_VERSION);
		exit(ALL_IMPORTED);
	default:
		return false;
	}
}

static bool
options_read(struct program *p, int argc, char **argv)
{
	int option;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (!option_take(p, option, optarg))
			return false;
	p->files = argv + optind;
	p->file_count = argc - optind;
	if (!p->target.token && !p->target.slot) {
		complain("say which token gets the objects: --token or --slot");
		return false;
	}
	if (!p->from == !p->file_count) {
		complain("give files, or a token with --from");
		return false;
	}
	if (p->from &&
	    (p->wish.label || cursor_ok(&p->wish.id) || p->wish.extractable)) {
		complain("--id, --label and --extractable are for files; a"
			 " token's objects keep what they have");
		return false;
	}
	return true;
}

/* Everything is read before the target is touched. */
static bool
sources_read(const struct program *p, struct items *items)
{
	static const struct {
		const char *prefix;
		bool (*read)(const char *folder, const struct wish *wish,
			     struct items *items);
	} kinds[] = { { "softhsm2:", source_softhsm }, { "nss:", source_nss } };
	for (int i = 0; i < p->file_count; i++)
		if (!source_file(p->files[i], &p->wish, items))
			return false;
	if (!p->from)
		return true;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		size_t size = strlen(kinds[i].prefix);
		if (!strncmp(p->from, kinds[i].prefix, size))
			return kinds[i].read(p->from + size, &p->wish, items);
	}
	complain("--from takes softhsm2:FOLDER or nss:FOLDER");
	return false;
}

static const char *
rv_text(CK_RV rv)
{
	switch (rv) {
	case CKR_HOST_MEMORY:
		return "no memory";
	case CKR_DEVICE_MEMORY:
		return "the token is full";
	case CKR_ATTRIBUTE_TYPE_INVALID:
	case CKR_ATTRIBUTE_VALUE_INVALID:
	case CKR_ATTRIBUTE_READ_ONLY:
	case CKR_TEMPLATE_INCOMPLETE:
	case CKR_TEMPLATE_INCONSISTENT:
		return "the token does not take such an object";
	case CKR_CURVE_NOT_SUPPORTED:
	case CKR_DOMAIN_PARAMS_INVALID:
	case CKR_KEY_SIZE_RANGE:
		return "the token does not know this curve or key size";
	case CKR_FUNCTION_NOT_SUPPORTED:
	case CKR_ACTION_PROHIBITED:
		return "the token takes no objects from outside";
	case CKR_TOKEN_WRITE_PROTECTED:
		return "the token is write-protected";
	case CKR_USER_NOT_LOGGED_IN:
		return "the token wants another login";
	default:
		return "the token refused it";
	}
}

static void
import(struct target *t, const struct item *item, struct totals *totals)
{
	char name[400]; /* 64 characters of 4 bytes and an id */
	item_describe(item, name, sizeof name);
	if (item->left_out) {
		printf("left out: %s: %s\n", name, item->reason);
		totals->left_out++;
		return;
	}
	if (item->reason[0]) {
		printf("NOT imported: %s: %s\n", name, item->reason);
		totals->failed++;
		return;
	}
	enum target_state state = target_look(t, item);
	if (state == TARGET_HAS) {
		printf("already there: %s\n", name);
		totals->there++;
		return;
	}
	if (state == TARGET_HAS_OTHER) {
		printf("NOT imported: %s: the token has one of this name,"
		       " which may be another\n",
		       name);
		totals->failed++;
		return;
	}
	CK_RV rv = target_create(t, item);
	if (rv == CKR_OK) {
		printf("imported: %s\n", name);
		totals->imported++;
		return;
	}
	printf("NOT imported: %s: %s (0x%lx)\n", name, rv_text(rv), rv);
	totals->failed++;
}

static enum exit_status
import_all(struct target *t, const struct items *items)
{
	struct totals totals = { 0 };
	for (size_t i = 0; i < items->count; i++)
		import(t, &items->list[i], &totals);
	printf("%u imported, %u already there, %u left out, %u not imported\n",
	       totals.imported, totals.there, totals.left_out, totals.failed);
	return totals.failed ? SOME_NOT : ALL_IMPORTED;
}

int
main(int argc, char **argv)
{
	struct program p = {
		.target = { .module = SIGNET_MODULE,
			    .pin.prompt = "user PIN of the token" },
		.wish.source_pin.prompt = "PIN or password of the source"
	};
	struct items items = { 0 };
	struct target target = { 0 };
	enum exit_status status = NOTHING_DONE;
	cursor_fail(&p.wish.id);
	if (!options_read(&p, argc, argv)) {
		fputs("Try 'signet-import --help'.\n", stderr);
		return NOTHING_DONE;
	}
	if (!sources_read(&p, &items))
		goto out;
	items_complete(&items);
	for (size_t i = 0; i < items.count; i++)
		item_check(&items.list[i]);
	if (target_open(&target, &p.target))
		status = import_all(&target, &items);
out:
	target_close(&target);
	items_free(&items);
	return status;
}
