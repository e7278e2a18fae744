/* The inside of a store, for the files that make it up. */
#ifndef SIGNET_STORE_FILE_H
#define SIGNET_STORE_FILE_H

#include <pthread.h>
/* In Firefox these are the functions of its own SQLite, which has not all of
 * them (tests/firefox/sqlite.sh). */
#include <sqlite3.h>

#include "store.h"

enum {
	STORE_APPLICATION = 0x5349474E, /* "SIGN" */
	STORE_SCHEMA = 1,
	STORE_BUSY_MS = 60000,
};

enum statement {
	SQL_BEGIN,
	SQL_BEGIN_SNAPSHOT,
	SQL_COMMIT,
	SQL_ROLLBACK,
	SQL_DATA_VERSION,
	SQL_TOKEN_READ,
	SQL_TOKEN_WRITE,
	SQL_PIN_READ,
	SQL_PIN_WRITE,
	SQL_PINS_REMOVE,
	SQL_IDS,
	SQL_ROW_READ,
	SQL_ROW_VERSION,
	SQL_ROW_INSERT,
	SQL_ROW_REPLACE,
	SQL_ROW_REMOVE,
	SQL_ROWS_REMOVE,
	SQL_SEARCH, /* one for each struct row_match.by */
	SQL_STATEMENTS = SQL_SEARCH + BY_SUBJECT + 1,
};

struct store {
	pthread_mutex_t lock;
	sqlite3 *db; /* NULL in a forked child */
	sqlite3_stmt *statements[SQL_STATEMENTS];
	bool writable;
	bool within; /* a transaction */
	char *path;
	struct store *next; /* in the registry */
};

/* A statement ready for its parameters. */
CK_RV store_prepare(struct store *s, enum statement which,
		    sqlite3_stmt **statement) MUST_CHECK;
/* Runs it; ROW tells whether there is one to be read. Without a row, and on
 * error, it is reset; else sqlite3_reset() is the caller's. */
CK_RV store_step(struct store *s, sqlite3_stmt *statement,
		 bool *row) MUST_CHECK;
/* Prepared, without parameters and without an answer. */
CK_RV store_run(struct store *s, enum statement which) MUST_CHECK;
/* SQLite's result code as CK_RV; logs what went wrong. */
CK_RV store_error(struct store *s, int code, const char *what);

/* Makes the tables in an empty database. */
CK_RV schema_make(struct store *s) MUST_CHECK;
/* Brings an older schema up to date; CKR_TOKEN_NOT_RECOGNIZED for a newer one
 * and for what is no token. */
CK_RV schema_check(struct store *s, const char *serial) MUST_CHECK;

void store_closed(struct store *s);

#endif
