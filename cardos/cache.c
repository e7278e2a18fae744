/* Public objects of cards in a folder of the user's, to be read once. */
#include "cache.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto.h"
#include "log.h"

enum {
	NAME_BYTES = 16, /* of a digest, in hexadecimal */
	NAME_SIZE = 2 * NAME_BYTES + 1,
	DIGEST_SIZE = 32,
	OBJECT_MAX = 65536,
	PATH_SIZE = 4096,
	FOLDER_MODE = 0700,
	FILE_MODE = 0600,
	READABLE = 044, /* of a system's folder, so of its files */
	FOREIGN_WRITES = 022,
};

/* A file: this, a digest of its name and of the object, the object. */
static const char magic[] = "signet cache 1\n";

static CK_RV
digest(struct cursor first, struct cursor second, struct builder *out)
{
	struct digester *d = digester_new(DIGEST_SHA256);
	CK_RV rv = CKR_HOST_MEMORY;

	if (d == NULL)
		return rv;
	if ((rv = digester_update(d, first)) == CKR_OK &&
	    (rv = digester_update(d, second)) == CKR_OK)
		rv = digester_finish(d, out);
	digester_free(d);
	return rv;
}

static struct cursor
text_of(const char *text)
{
	return cursor_of(text, strlen(text) + 1);
}

/* The ATR is in it, as a serial number is unique among one maker's cards. */
static bool
name_make(const struct card_applet *a, unsigned object, char name[NAME_SIZE])
{
	const struct transport_info *info =
		a->transport->ops->info(a->transport);
	uint8_t key[256], hash[DIGEST_SIZE];
	struct builder b = builder_over(key, sizeof(key));
	struct builder h = builder_over(hash, sizeof(hash));
	struct builder text = builder_over(name, NAME_SIZE);
	struct cursor all;

	builder_append(&b, text_of(a->driver->name));
	builder_append(&b, text_of(a->card));
	builder_u32(&b, object);
	builder_put(&b, info->atr, info->atr_size);
	if (!builder_ok(&b) ||
	    digest(builder_read(&b), cursor_of(NULL, 0), &h) != CKR_OK)
		return false;
	all = builder_read(&h);
	builder_hex(&text, cursor_take(&all, NAME_BYTES));
	builder_u8(&text, '\0');
	return builder_ok(&text);
}

/* A folder that others can write to, or that is a third one's, is none. */
static int
folder_open(const struct card_applet *a, struct stat *is)
{
	int folder = open(a->cache, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (folder < 0)
		return -1;
	if (fstat(folder, is) == 0 && !(is->st_mode & FOREIGN_WRITES) &&
	    (is->st_uid == geteuid() || is->st_uid == 0))
		return folder;
	log_line(LOG_ERROR, "%s is not used: others may write to it", a->cache);
	(void)close(folder);
	return -1;
}

/* The folder, and above it at most one more that is not yet there. */
static void
folder_make(const char *path)
{
	char above[PATH_SIZE];
	int size = snprintf(above, sizeof(above), "%s", path);
	char *slash;

	if (mkdir(path, FOLDER_MODE) == 0 || errno != ENOENT ||
	    size >= PATH_SIZE)
		return;
	for (slash = strrchr(above, '/'); slash > above && slash[1] == '\0';
	     slash = strrchr(above, '/'))
		*slash = '\0';
	if (slash == NULL || slash == above)
		return;
	*slash = '\0';
	if (mkdir(above, FOLDER_MODE) == 0)
		(void)mkdir(path, FOLDER_MODE); /* the open tells */
}

/* All of a regular file of the folder's owner. */
static bool
file_load(int folder, uid_t owner, const char *name, struct builder *out)
{
	int file = openat(folder, name,
			  O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat is;
	bool good = false;
	uint8_t *room = NULL;
	ssize_t got = 0;

	if (file < 0)
		return false;
	if (fstat(file, &is) == 0 && S_ISREG(is.st_mode) &&
	    is.st_uid == owner && is.st_size > 0)
		room = builder_space(out, (size_t)is.st_size);
	if (room != NULL)
		got = read(file, room, (size_t)is.st_size);
	good = room != NULL && got == is.st_size;
	(void)close(file);
	return good;
}

/* The object in a file whose digest is right. */
static bool
file_parse(const char *name, struct cursor file, struct cursor *object)
{
	uint8_t hash[DIGEST_SIZE];
	struct builder h = builder_over(hash, sizeof(hash));
	struct cursor head = cursor_take(&file, sizeof(magic) - 1);
	struct cursor told = cursor_take(&file, DIGEST_SIZE);

	if (!cursor_ok(&file) || !cursor_is(head, magic, sizeof(magic) - 1) ||
	    digest(text_of(name), file, &h) != CKR_OK ||
	    !cursor_same(told, builder_read(&h)))
		return false;
	*object = file;
	return true;
}

static bool
file_write(int file, struct cursor bytes)
{
	while (bytes.left > 0) {
		ssize_t put = write(file, bytes.at, bytes.left);

		if (put <= 0)
			return false;
		cursor_take(&bytes, (size_t)put);
	}
	return true;
}

/* Whole or not at all: written aside, then renamed. */
static void
file_store(int folder, mode_t mode, const char *name, struct cursor bytes)
{
	char aside[NAME_SIZE + 64];
	bool good;
	int file;

	(void)snprintf(aside, sizeof(aside), "%s.%d.%lx", name, (int)getpid(),
		       (unsigned long)pthread_self());
	file = openat(folder, aside,
		      O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		      FILE_MODE);
	good = file >= 0 && file_write(file, bytes) && fchmod(file, mode) == 0;
	if (file >= 0 && close(file) != 0)
		good = false;
	if (!good || renameat(folder, aside, folder, name) != 0)
		(void)unlinkat(folder, aside, 0);
}

bool
cache_on(const struct card_applet *a)
{
	return a->cache != NULL && *a->cache != '\0' && *a->card != '\0';
}

bool
cache_has(const struct card_applet *a, unsigned object)
{
	char name[NAME_SIZE];
	struct stat is;
	int folder;
	bool has;

	if (!cache_on(a) || !name_make(a, object, name))
		return false;
	folder = folder_open(a, &is);
	if (folder < 0)
		return false;
	has = faccessat(folder, name, R_OK, AT_EACCESS) == 0;
	(void)close(folder);
	return has;
}

bool
cache_find(const struct card_applet *a, unsigned object, struct builder *bytes)
{
	struct builder file =
		builder_heap(OBJECT_MAX + DIGEST_SIZE + sizeof(magic));
	struct cursor whole, begins = builder_read(bytes);
	char name[NAME_SIZE];
	bool found = false;
	struct stat is;
	int folder;

	if (!cache_on(a) || !name_make(a, object, name))
		return false;
	folder = folder_open(a, &is);
	if (folder < 0)
		return false;
	if (!file_load(folder, is.st_uid, name, &file))
		goto out;
	if (!file_parse(name, builder_read(&file), &whole)) {
		log_line(LOG_INFO, "%s/%s is damaged: thrown away", a->cache,
			 name);
		(void)unlinkat(folder, name, 0);
		goto out;
	}
	found = cursor_begins(whole, begins.at, begins.left);
	if (found) {
		cursor_take(&whole, begins.left);
		builder_append(bytes, whole);
	}
out:
	builder_free(&file);
	(void)close(folder);
	return found && builder_ok(bytes);
}

void
cache_keep(const struct card_applet *a, unsigned object, struct cursor bytes)
{
	struct builder file =
		builder_heap(OBJECT_MAX + DIGEST_SIZE + sizeof(magic));
	char name[NAME_SIZE];
	struct stat is;
	int folder = -1;

	if (!cache_on(a) || !name_make(a, object, name))
		return;
	builder_put(&file, magic, sizeof(magic) - 1);
	if (digest(text_of(name), bytes, &file) != CKR_OK)
		goto out;
	builder_append(&file, bytes);
	folder_make(a->cache);
	folder = folder_open(a, &is);
	if (folder >= 0 && builder_ok(&file))
		file_store(folder, FILE_MODE | (is.st_mode & READABLE), name,
			   builder_read(&file));
out:
	if (folder >= 0)
		(void)close(folder);
	builder_free(&file);
}

void
cache_drop(const struct card_applet *a, unsigned object)
{
	char name[NAME_SIZE];
	struct stat is;
	int folder;

	if (!cache_on(a) || !name_make(a, object, name))
		return;
	folder = folder_open(a, &is);
	if (folder < 0)
		return;
	(void)unlinkat(folder, name, 0); /* there may be none */
	(void)close(folder);
}
