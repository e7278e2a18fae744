/* The making of a token file: whole or not at all, and over nothing. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto.h"
#include "log.h"
#include "store_file.h"

void
store_folder_make(const char *folder)
{
	char path[PATH_MAX];
	size_t size = strlen(folder);

	if (size >= sizeof(path))
		return;
	snprintf(path, sizeof(path), "%s", folder);
	for (size_t i = 1; i < size; i++) {
		if (path[i] != '/')
			continue;
		path[i] = '\0';
		mkdir(path, 0700);
		path[i] = '/';
	}
	mkdir(path, 0700);
}

/* An entry of a folder is durable only when the folder is. */
static void
folder_sync(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

static CK_RV
token_insert(struct store *s, const char *serial,
	     const struct token_record *token)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(
		s->db, "INSERT INTO token VALUES (1, ?1, ?2, ?3, 1)", -1,
		&statement, NULL);

	if (code == SQLITE_OK) {
		sqlite3_bind_text(statement, 1, serial, -1, SQLITE_STATIC);
		sqlite3_bind_blob(statement, 2, token->label, STORE_LABEL_SIZE,
				  SQLITE_STATIC);
		sqlite3_bind_int64(statement, 3, (int64_t)token->generation);
		code = sqlite3_step(statement);
	}
	sqlite3_finalize(statement);
	return store_error(s, code, "cannot write");
}

/*
 * WAL where it works. SQLite sets that mode without a look at whether the
 * shared memory can be mapped there; only the next read tells. The exclusive
 * mode needs none, and so brings such a file back to the rollback journal.
 */
static CK_RV
journal_choose(struct store *s)
{
	int code = sqlite3_exec(s->db,
				"PRAGMA journal_mode = WAL;"
				"SELECT count(*) FROM sqlite_schema;",
				NULL, NULL, NULL);

	if (code == SQLITE_OK)
		return CKR_OK;
	store_closed(s);
	code = sqlite3_open_v2(s->path, &s->db,
			       SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
			       NULL);
	if (code == SQLITE_OK)
		code = sqlite3_exec(s->db,
				    "PRAGMA locking_mode = EXCLUSIVE;"
				    "PRAGMA journal_mode = DELETE;"
				    "SELECT count(*) FROM sqlite_schema;",
				    NULL, NULL, NULL);
	return store_error(s, code, "cannot make");
}

/* The file is made in SQLite's rollback mode, which leaves no second file
 * behind; how it goes on is chosen as the last step. */
static CK_RV
file_fill(const char *path, const char *serial,
	  const struct token_record *token, const struct pin_record *so)
{
	struct store s = { .path = (char *)path, .writable = true };
	CK_RV rv;

	pthread_mutex_init(&s.lock, NULL);
	registry_lock();
	rv = store_error(
		&s,
		sqlite3_open_v2(path, &s.db,
				SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
				NULL),
		"cannot make");
	if (rv == CKR_OK)
		rv = schema_make(&s);
	if (rv == CKR_OK)
		rv = store_begin(&s, STORE_WRITE);
	if (rv == CKR_OK) {
		rv = token_insert(&s, serial, token);
		if (rv == CKR_OK)
			rv = store_pin_write(&s, ROLE_SO, so);
		rv = store_end(&s, rv);
	}
	if (rv == CKR_OK)
		rv = journal_choose(&s);
	store_closed(&s);
	registry_unlock();
	pthread_mutex_destroy(&s.lock);
	return rv;
}

/* link(2) fails where rename(2) would overwrite. */
static CK_RV
file_publish(const char *from, const char *to)
{
	if (link(from, to) == 0)
		return CKR_OK;
	log_line(LOG_ERROR, "%s: %s", to,
		 errno == EEXIST ? "another process has just made this token"
				 : strerror(errno));
	return CKR_FUNCTION_FAILED;
}

static CK_RV
file_claim(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd >= 0) {
		close(fd);
		return CKR_OK;
	}
	log_line(LOG_ERROR, "%s: %s", path, strerror(errno));
	switch (errno) {
	case ENOSPC:
	case EDQUOT:
		return CKR_DEVICE_MEMORY;
	case EACCES:
	case EPERM:
	case EROFS:
		return CKR_TOKEN_WRITE_PROTECTED;
	default:
		return CKR_DEVICE_ERROR;
	}
}

/* With what SQLite leaves of a WAL that did not work. */
static void
draft_remove(const char *draft)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	char path[PATH_MAX + 8];

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", draft, ends[i]);
		unlink(path);
	}
}

CK_RV
store_create(const char *folder, const char *serial,
	     const struct token_record *token, const struct pin_record *so)
{
	char path[PATH_MAX], draft[PATH_MAX];
	uint32_t salt;
	CK_RV rv = random_bytes(&salt, sizeof(salt));

	if (rv != CKR_OK)
		return rv;
	/* what a crash leaves behind is no *.token */
	if (snprintf(path, sizeof(path), "%s/%s.token", folder, serial) >=
		    PATH_MAX ||
	    snprintf(draft, sizeof(draft), "%s/.%s.%08x", folder, serial,
		     salt) >= PATH_MAX)
		return CKR_DEVICE_ERROR;
	store_folder_make(folder);
	rv = file_claim(draft);
	if (rv != CKR_OK)
		return rv;
	rv = file_fill(draft, serial, token, so);
	if (rv == CKR_OK)
		rv = file_publish(draft, path);
	draft_remove(draft);
	if (rv == CKR_OK)
		folder_sync(folder);
	return rv;
}
