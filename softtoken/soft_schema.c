/* The tables of a token file, and how an older file becomes a newer one. */
#include <string.h>

#include "log.h"
#include "store_file.h"

/*
 * The ids of objects come from token.next_id and are never used again. The tag
 * columns hold CKA_ID, CKA_LABEL and CKA_SUBJECT: as they are for public
 * objects, keyed hashes of them for private ones.
 */
static const char schema[] =
	"BEGIN;"
	"CREATE TABLE token ("
	" one INTEGER PRIMARY KEY CHECK (one = 1),"
	" serial TEXT NOT NULL, label BLOB NOT NULL,"
	" generation INTEGER NOT NULL, next_id INTEGER NOT NULL);"
	"CREATE TABLE pin ("
	" role INTEGER PRIMARY KEY,"
	" kdf INTEGER NOT NULL, cost INTEGER NOT NULL,"
	" salt BLOB NOT NULL, wrapped BLOB NOT NULL,"
	" failures INTEGER NOT NULL);"
	"CREATE TABLE object ("
	" id INTEGER PRIMARY KEY, version INTEGER NOT NULL,"
	" class INTEGER NOT NULL, key_type INTEGER,"
	" private INTEGER NOT NULL,"
	" id_tag BLOB, label_tag BLOB, subject_tag BLOB,"
	" blob BLOB NOT NULL);"
	"CREATE INDEX object_class ON object (class, key_type);"
	"CREATE INDEX object_key_type ON object (key_type)"
	" WHERE key_type IS NOT NULL;"
	"CREATE INDEX object_id_tag ON object (id_tag, class)"
	" WHERE id_tag IS NOT NULL;"
	"CREATE INDEX object_label_tag ON object (label_tag)"
	" WHERE label_tag IS NOT NULL;"
	"CREATE INDEX object_subject_tag ON object (subject_tag)"
	" WHERE subject_tag IS NOT NULL;"
	"PRAGMA application_id = 0x5349474E;"
	"PRAGMA user_version = 1;"
	"COMMIT;";

/* migrations[n] makes schema n + 1 out of schema n. There is none yet: schema 1
 * is the first, and no file has schema 0. */
static const char *const migrations[STORE_SCHEMA] = { NULL };

CK_RV
schema_make(struct store *s)
{
	int code = sqlite3_exec(s->db, schema, NULL, NULL, NULL);

	return store_error(s, code, "cannot make the tables");
}

/* One number, by a statement that is used once. */
static CK_RV
number_read(struct store *s, const char *sql, int64_t *number)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW) {
		*number = sqlite3_column_int64(statement, 0);
		code = SQLITE_OK;
	}
	sqlite3_finalize(statement);
	return store_error(s, code, "cannot read");
}

static CK_RV
schema_migrate(struct store *s, int64_t version)
{
	CK_RV rv = store_begin(s, STORE_WRITE);

	if (rv != CKR_OK)
		return rv;
	/* another process may have done it meanwhile */
	rv = number_read(s, "PRAGMA user_version", &version);
	for (; rv == CKR_OK && version < STORE_SCHEMA; version++) {
		const char *step = version < 0 ? NULL : migrations[version];

		if (!step) {
			log_line(LOG_ERROR, "%s: no token has schema %lld",
				 s->path, (long long)version);
			rv = CKR_TOKEN_NOT_RECOGNIZED;
		} else {
			rv = store_error(
				s, sqlite3_exec(s->db, step, NULL, NULL, NULL),
				"cannot bring the tables up to date");
		}
	}
	return store_end(s, rv);
}

static CK_RV
schema_serial(struct store *s, const char *serial)
{
	sqlite3_stmt *statement = NULL;
	const char *found = NULL;
	CK_RV rv = CKR_TOKEN_NOT_RECOGNIZED;
	int code = sqlite3_prepare_v2(s->db, "SELECT serial FROM token", -1,
				      &statement, NULL);

	if (code == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
		found = (const char *)sqlite3_column_text(statement, 0);
	if (found && strcmp(found, serial) == 0)
		rv = CKR_OK;
	else
		log_line(LOG_ERROR, "%s: this file is %s", s->path,
			 found ? "a copy of another token" : "damaged");
	sqlite3_finalize(statement);
	return rv;
}

CK_RV
schema_check(struct store *s, const char *serial)
{
	int64_t application = 0, version = 0;
	CK_RV rv;

	rv = number_read(s, "PRAGMA application_id", &application);
	if (rv == CKR_OK)
		rv = number_read(s, "PRAGMA user_version", &version);
	if (rv != CKR_OK)
		return rv;
	if (application != STORE_APPLICATION) {
		log_line(LOG_ERROR, "%s: this is no token", s->path);
		return CKR_TOKEN_NOT_RECOGNIZED;
	}
	if (version > STORE_SCHEMA) {
		log_line(LOG_ERROR,
			 "%s: a newer signet made this token (schema %lld, "
			 "this one knows %d)",
			 s->path, (long long)version, STORE_SCHEMA);
		return CKR_TOKEN_NOT_RECOGNIZED;
	}
	if (version < STORE_SCHEMA)
		rv = schema_migrate(s, version);
	return rv == CKR_OK ? schema_serial(s, serial) : rv;
}
