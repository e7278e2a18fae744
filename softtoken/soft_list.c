/* The folder of token files, and the serial number of the next token. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto.h"
#include "log.h"
#include "soft_token.h"

enum { FOLDER_ENTRIES_MAX = 4096, NEXT_TRIES = 3 };

struct serial {
	char text[SOFT_SERIAL_SIZE + 1];
};

static bool
serial_parse(const char *text, size_t size, struct serial *serial)
{
	struct builder b = builder_over(serial->text, SOFT_SERIAL_SIZE);

	serial->text[SOFT_SERIAL_SIZE] = '\0';
	builder_put(&b, text, size);
	return builder_ok(&b) && b.used == SOFT_SERIAL_SIZE &&
	       strspn(serial->text, "0123456789abcdef") == SOFT_SERIAL_SIZE;
}

/* A token's file is SERIAL.token; beside it lie SQLite's own and drafts. */
static bool
name_parse(const char *name, struct serial *serial)
{
	const char *dot = strchr(name, '.');

	return dot && strcmp(dot, ".token") == 0 &&
	       serial_parse(name, (size_t)(dot - name), serial);
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(((const struct serial *)a)->text,
		      ((const struct serial *)b)->text);
}

/* The serials of the files in the folder, sorted; at most SOFT_TOKENS_MAX. */
static size_t
folder_read(const char *folder, struct serial *found)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	size_t count = 0;

	if (!dir) {
		if (errno != ENOENT)
			log_line(LOG_INFO, "%s: %s", folder, strerror(errno));
		return 0;
	}
	for (int i = 0; i < FOLDER_ENTRIES_MAX; i++) {
		entry = readdir(dir);
		if (!entry || count == SOFT_TOKENS_MAX)
			break;
		if (name_parse(entry->d_name, &found[count]))
			count++;
	}
	closedir(dir);
	qsort(found, count, sizeof(*found), by_text);
	return count;
}

static bool
file_stat(const char *folder, const char *serial, struct stat *st)
{
	char path[PATH_MAX];

	return snprintf(path, sizeof(path), "%s/%s.token", folder, serial) <
		       PATH_MAX &&
	       stat(path, st) == 0;
}

/* What cannot be used is not tried again until it changes. A busy file is tried
 * each time. */
static void
file_judge(const struct stat *st, CK_RV rv)
{
	if (rv == CKR_TOKEN_NOT_RECOGNIZED || rv == CKR_DEVICE_ERROR)
		registry_refuse(st);
}

/* A file as a store, and what it was as it was opened. */
static struct store *
file_open(const char *folder, const char *serial, struct stat *st)
{
	struct store *store = NULL;

	if (!file_stat(folder, serial, st) || registry_is_refused(st))
		return NULL;
	file_judge(st, store_open(folder, serial, &store));
	return store;
}

static bool
is_empty(const struct soft_slot *slot)
{
	return !atomic_load(&soft_of(slot->token)->store);
}

/* Another process may have made a token in our empty slot. */
static void
empty_adopt(const struct config *config, const struct soft_slot *slot)
{
	struct stat st;
	struct store *store =
		file_open(config->softtoken_path, slot->serial, &st);

	/* a failure was logged, and the slot stays empty */
	if (store)
		file_judge(&st, soft_adopt(soft_of(slot->token), store));
}

static bool
still_stands(const struct config *config, const struct soft_slot *slot)
{
	struct soft_token *t = soft_of(slot->token);

	if (strcmp(t->folder, config->softtoken_path) != 0)
		return false;
	if (is_empty(slot))
		empty_adopt(config, slot);
	if (is_empty(slot))
		return config->softtoken_init;
	return !store_gone(atomic_load(&t->store));
}

/* Lets go of what has vanished, and gives the empty slot, if any, apart: it
 * shall come last. */
static struct token *
known_sift(const struct config *config, struct soft_slot *list, size_t *count)
{
	struct token *empty = NULL;
	size_t kept = 0;

	for (size_t i = 0; i < *count; i++) {
		if (!still_stands(config, &list[i]))
			token_unref(list[i].token);
		else if (!is_empty(&list[i]))
			list[kept++] = list[i];
		else if (!empty)
			empty = list[i].token;
		else
			token_unref(list[i].token);
	}
	*count = kept;
	return empty;
}

static bool
is_listed(const struct soft_slot *list, size_t count, const char *serial)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(list[i].serial, serial) == 0)
			return true;
	}
	return false;
}

static void
list_add(struct soft_slot *list, size_t *count, struct token *token)
{
	struct soft_slot *slot = &list[*count];
	struct builder b = builder_over(slot->serial, SOFT_SERIAL_SIZE);

	builder_text(&b, soft_of(token)->serial);
	slot->serial[SOFT_SERIAL_SIZE] = '\0';
	slot->token = token;
	(*count)++;
}

static CK_RV
found_add(const struct config *config, struct soft_slot *list, size_t *count)
{
	struct serial found[SOFT_TOKENS_MAX];
	size_t files = folder_read(config->softtoken_path, found);

	/* one place stays for the empty slot */
	for (size_t i = 0; i < files && *count < SOFT_TOKENS_MAX - 1; i++) {
		struct soft_token *t;
		struct store *store;
		struct stat st;
		CK_RV rv;

		if (is_listed(list, *count, found[i].text))
			continue;
		store = file_open(config->softtoken_path, found[i].text, &st);
		if (!store)
			continue;
		rv = soft_token_new(config, found[i].text, store, &t);
		file_judge(&st, rv);
		if (rv == CKR_HOST_MEMORY)
			return rv;
		if (rv == CKR_OK)
			list_add(list, count, &t->token);
	}
	return CKR_OK;
}

static bool
next_path(const char *folder, char path[PATH_MAX])
{
	return snprintf(path, PATH_MAX, "%s/.next", folder) < PATH_MAX;
}

/* The number that an earlier process chose, if no token has it yet. */
static bool
next_read(const char *folder, const char *path, struct serial *serial)
{
	char text[SOFT_SERIAL_SIZE + 1];
	ssize_t size = readlink(path, text, sizeof(text));
	struct stat st;

	if (size < 0)
		return false;
	if (serial_parse(text, (size_t)size, serial) &&
	    !file_stat(folder, serial->text, &st))
		return true;
	unlink(path);
	return false;
}

static CK_RV
serial_random(struct serial *serial)
{
	uint64_t number;
	CK_RV rv = random_bytes(&number, sizeof(number));

	if (rv == CKR_OK)
		snprintf(serial->text, sizeof(serial->text), "%016llx",
			 (unsigned long long)number);
	return rv;
}

/*
 * The serial number of the token to come. Its slot's id follows from it, and
 * has to be the same in the process that lists the slots and in the next one,
 * which initialises: so it is kept in the folder, as the target of a symbolic
 * link, which is made and read at one stroke.
 */
static CK_RV
next_serial(const char *folder, struct serial *serial)
{
	char path[PATH_MAX];
	CK_RV rv = CKR_OK;

	if (!next_path(folder, path))
		return CKR_DEVICE_ERROR;
	store_folder_make(folder);
	for (int i = 0; i < NEXT_TRIES; i++) {
		if (next_read(folder, path, serial))
			return CKR_OK;
		rv = serial_random(serial);
		if (rv != CKR_OK || symlink(serial->text, path) == 0 ||
		    errno != EEXIST)
			break;
	}
	return rv;
}

void
next_serial_taken(const char *folder)
{
	char path[PATH_MAX];

	if (next_path(folder, path))
		unlink(path);
}

static CK_RV
empty_add(const struct config *config, struct soft_slot *list, size_t *count)
{
	struct soft_token *t;
	struct serial serial;
	CK_RV rv = next_serial(config->softtoken_path, &serial);

	if (rv == CKR_OK)
		rv = soft_token_new(config, serial.text, NULL, &t);
	if (rv == CKR_OK)
		list_add(list, count, &t->token);
	return rv;
}

CK_RV
soft_tokens_list(const struct config *config, struct soft_slot *list,
		 size_t *count)
{
	struct token *empty = known_sift(config, list, count);
	CK_RV rv = CKR_OK;

	if (config->softtoken_path[0] == '\0')
		return CKR_OK;
	rv = found_add(config, list, count);
	if (empty)
		list_add(list, count, empty);
	else if (rv == CKR_OK && config->softtoken_init)
		rv = empty_add(config, list, count);
	return rv;
}
