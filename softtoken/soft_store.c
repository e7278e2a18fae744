/* One token file: opening, locking, transactions, and SQLite's errors. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "log.h"
#include "mem.h"
#include "store_file.h"

static const char *const sql[SQL_STATEMENTS] = {
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_BEGIN_SNAPSHOT] = "BEGIN",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
	[SQL_DATA_VERSION] = "PRAGMA data_version",
	[SQL_TOKEN_READ] = "SELECT label, generation FROM token",
	[SQL_TOKEN_WRITE] = "UPDATE token SET label = ?1, generation = ?2",
	[SQL_PIN_READ] = "SELECT kdf, cost, salt, wrapped, failures FROM pin"
			 " WHERE role = ?1",
	[SQL_PIN_WRITE] = "REPLACE INTO pin"
			  " (role, kdf, cost, salt, wrapped, failures)"
			  " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
	[SQL_PINS_REMOVE] = "DELETE FROM pin",
	[SQL_IDS] = "UPDATE token SET next_id = next_id + ?1"
		    " RETURNING next_id - ?1",
	[SQL_ROW_READ] = "SELECT version, class, key_type, private, id_tag,"
			 " label_tag, subject_tag, blob FROM object"
			 " WHERE id = ?1",
	[SQL_ROW_VERSION] = "SELECT version FROM object WHERE id = ?1",
	[SQL_ROW_INSERT] = "INSERT INTO object (id, version, class, key_type,"
			   " private, id_tag, label_tag, subject_tag, blob)"
			   " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	[SQL_ROW_REPLACE] = "UPDATE object SET version = ?2, class = ?3,"
			    " key_type = ?4, private = ?5, id_tag = ?6,"
			    " label_tag = ?7, subject_tag = ?8, blob = ?9"
			    " WHERE id = ?1 AND version = ?2 - 1",
	[SQL_ROW_REMOVE] = "DELETE FROM object WHERE id = ?1",
	[SQL_ROWS_REMOVE] = "DELETE FROM object",
/* the plus keeps SQLite from an index that would serve this search worse */
#define REST                                  \
	" AND (?3 IS NULL OR +class = ?3)"    \
	" AND (?4 IS NULL OR +key_type = ?4)" \
	" AND (?5 IS NULL OR private = 0)"    \
	" AND (?6 IS NULL OR private = ?6) ORDER BY id"
/* a public object's tag is the plain one, a private object's the keyed one */
#define TAGGED(tag)             \
	"SELECT id FROM object" \
	" WHERE " tag " IN (?1, ?2) AND " tag " = iif(private, ?2, ?1)" REST
	[SQL_SEARCH + BY_ALL] = "SELECT id FROM object WHERE 1" REST,
	[SQL_SEARCH + BY_CLASS] = "SELECT id FROM object WHERE class = ?3" REST,
	[SQL_SEARCH + BY_KEY_TYPE] =
		"SELECT id FROM object WHERE key_type = ?4" REST,
	[SQL_SEARCH + BY_ID] = TAGGED("id_tag"),
	[SQL_SEARCH + BY_LABEL] = TAGGED("label_tag"),
	[SQL_SEARCH + BY_SUBJECT] = TAGGED("subject_tag"),
#undef TAGGED
#undef REST
};

static const struct {
	int code;
	CK_RV rv;
} errors[] = {
	{ SQLITE_OK, CKR_OK },
	{ SQLITE_ROW, CKR_OK },
	{ SQLITE_DONE, CKR_OK },
	{ SQLITE_NOMEM, CKR_HOST_MEMORY },
	{ SQLITE_READONLY, CKR_TOKEN_WRITE_PROTECTED },
	{ SQLITE_FULL, CKR_DEVICE_MEMORY },
	{ SQLITE_BUSY, CKR_FUNCTION_FAILED },
};

CK_RV
store_error(struct store *s, int code, const char *what)
{
	CK_RV rv = CKR_DEVICE_ERROR;

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		if (errors[i].code == (code & 0xFF))
			rv = errors[i].rv;
	}
	if (rv != CKR_OK)
		log_line(LOG_ERROR, "%s: %s: %s", s->path, what,
			 sqlite3_errstr(code));
	return rv;
}

CK_RV
store_prepare(struct store *s, enum statement which, sqlite3_stmt **statement)
{
	sqlite3_stmt **kept = &s->statements[which];
	int code = SQLITE_OK;

	if (!*kept)
		code = sqlite3_prepare_v3(s->db, sql[which], -1,
					  SQLITE_PREPARE_PERSISTENT, kept,
					  NULL);
	if (code != SQLITE_OK)
		return store_error(s, code, "cannot prepare");
	sqlite3_clear_bindings(*kept);
	*statement = *kept;
	return CKR_OK;
}

CK_RV
store_step(struct store *s, sqlite3_stmt *statement, bool *row)
{
	int code = sqlite3_step(statement);

	*row = code == SQLITE_ROW;
	if (*row)
		return CKR_OK;
	sqlite3_reset(statement);
	return store_error(s, code, sqlite3_sql(statement));
}

CK_RV
store_run(struct store *s, enum statement which)
{
	sqlite3_stmt *statement = NULL;
	bool row;
	CK_RV rv = store_prepare(s, which, &statement);

	if (rv == CKR_OK)
		rv = store_step(s, statement, &row);
	return rv;
}

/* Has the file been removed or replaced under the open connection? */
static bool
store_moved(struct store *s)
{
	int moved = 0;

	sqlite3_file_control(s->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
	return moved != 0;
}

/* What is written to a removed file is lost, so that is no success. */
static CK_RV
write_begin(struct store *s)
{
	if (!s->writable)
		return CKR_TOKEN_WRITE_PROTECTED;
	if (store_moved(s))
		return CKR_DEVICE_REMOVED;
	return store_run(s, SQL_BEGIN);
}

CK_RV
store_begin(struct store *s, enum store_mode mode)
{
	CK_RV rv = CKR_OK;

	pthread_mutex_lock(&s->lock);
	if (!s->db)
		rv = CKR_DEVICE_REMOVED;
	else if (mode == STORE_WRITE)
		rv = write_begin(s);
	else if (mode == STORE_SNAPSHOT)
		rv = store_run(s, SQL_BEGIN_SNAPSHOT);
	s->within = rv == CKR_OK && mode != STORE_READ;
	if (rv != CKR_OK)
		pthread_mutex_unlock(&s->lock);
	return rv;
}

bool
store_try(struct store *s)
{
	if (pthread_mutex_trylock(&s->lock) != 0)
		return false;
	if (s->db)
		return true;
	pthread_mutex_unlock(&s->lock);
	return false;
}

CK_RV
store_end(struct store *s, CK_RV rv)
{
	if (s->within && rv == CKR_OK)
		rv = store_run(s, SQL_COMMIT);
	/* after some errors SQLite has rolled back by itself */
	if (s->within && !sqlite3_get_autocommit(s->db))
		DROP(store_run(s, SQL_ROLLBACK)); /* RV says why already */
	s->within = false;
	pthread_mutex_unlock(&s->lock);
	return rv;
}

bool
store_gone(struct store *s)
{
	bool gone;

	if (!store_try(s))
		return s->db == NULL;
	gone = store_moved(s);
	pthread_mutex_unlock(&s->lock);
	return gone;
}

bool
store_writable(const struct store *s)
{
	return s->writable;
}

/* A path as a URI of SQLite's: only "%", "?" and "#" mean something there. */
static CK_RV
uri_of(const char *path, struct builder *uri)
{
	builder_text(uri, "file:");
	for (; *path; path++) {
		if (*path == '%' || *path == '?' || *path == '#') {
			builder_text(uri, "%");
			builder_hex(uri, cursor_of(path, 1));
		} else {
			builder_put(uri, path, 1);
		}
	}
	builder_text(uri, "?immutable=1");
	builder_u8(uri, 0);
	return builder_ok(uri) ? CKR_OK : CKR_HOST_MEMORY;
}

/* Committed rows that still stand in the WAL would be lost by "immutable". */
static bool
wal_pending(const char *path)
{
	char wal[PATH_MAX];
	struct stat st;

	snprintf(wal, sizeof(wal), "%s-wal", path);
	return stat(wal, &st) == 0 && st.st_size > 0;
}

/* Settings of every connection; the first of them that reads the file tells
 * whether it can be read at all. */
static int
connection_tune(struct store *s)
{
	int persist = 1;
	int code;

	sqlite3_extended_result_codes(s->db, 1);
	sqlite3_busy_timeout(s->db, STORE_BUSY_MS);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_file_control(s->db, "main", SQLITE_FCNTL_PERSIST_WAL, &persist);
	code = sqlite3_exec(s->db,
			    "PRAGMA wal_autocheckpoint = 1000;"
			    "PRAGMA synchronous = FULL;"
			    "PRAGMA secure_delete = ON;"
			    "PRAGMA cell_size_check = ON;"
			    "SELECT count(*) FROM sqlite_schema;",
			    NULL, NULL, NULL);
	s->writable = sqlite3_db_readonly(s->db, "main") == 0;
	return code;
}

static int
connection_open(struct store *s, const char *name, int flags)
{
	int code = sqlite3_open_v2(name, &s->db, flags | SQLITE_OPEN_NOMUTEX,
				   NULL);

	if (code == SQLITE_OK)
		code = connection_tune(s);
	if (code != SQLITE_OK) {
		sqlite3_close(s->db);
		s->db = NULL;
	}
	return code;
}

/* Read-only media cannot hold the shared memory that WAL wants. */
static int
connection_open_any(struct store *s)
{
	struct builder uri = builder_heap(4 * PATH_MAX);
	int code = connection_open(s, s->path, SQLITE_OPEN_READWRITE);

	if (((code & 0xFF) == SQLITE_CANTOPEN ||
	     (code & 0xFF) == SQLITE_READONLY) &&
	    !wal_pending(s->path) && uri_of(s->path, &uri) == CKR_OK)
		code = connection_open(s, (const char *)uri.data,
				       SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
	builder_free(&uri);
	return code;
}

CK_RV
store_open(const char *folder, const char *serial, struct store **store)
{
	size_t size = strlen(folder) + strlen(serial) + sizeof("/.token");
	struct store *s = mem_new(sizeof(*s));
	CK_RV rv;

	if (!s)
		return CKR_HOST_MEMORY;
	pthread_mutex_init(&s->lock, NULL);
	s->path = mem_new(size);
	if (!s->path) {
		store_close(s);
		return CKR_HOST_MEMORY;
	}
	snprintf(s->path, size, "%s/%s.token", folder, serial);
	registry_lock();
	rv = store_error(s, connection_open_any(s), "cannot open");
	if (s->db)
		registry_add(s);
	if (rv == CKR_OK)
		rv = schema_check(s, serial);
	registry_unlock();
	if (rv != CKR_OK) {
		store_close(s);
		return rv;
	}
	if (!store_writable(s))
		log_line(LOG_INFO, "%s: read-only", s->path);
	*store = s;
	return CKR_OK;
}

void
store_closed(struct store *s)
{
	for (size_t i = 0; i < SQL_STATEMENTS; i++) {
		sqlite3_finalize(s->statements[i]);
		s->statements[i] = NULL;
	}
	sqlite3_close(s->db);
	s->db = NULL;
}

void
store_close(struct store *s)
{
	if (!s)
		return;
	registry_lock();
	registry_remove(s);
	store_closed(s);
	registry_unlock();
	pthread_mutex_destroy(&s->lock);
	if (s->path)
		mem_free(s->path, strlen(s->path) + 1);
	mem_free(s, sizeof(*s));
}
