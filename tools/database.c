/* SQLite files that are only read, and whose makers are not trusted. */
#include "import.h"

/* A hostile schema can make a query without end. */
enum { STEPS_PER_LOOK = 1000000, LOOKS_MAX = 1000 };

static int
look(void *context)
{
	unsigned *looks = context;
	return ++*looks > LOOKS_MAX;
}

sqlite3 *
database_open(const char *path)
{
	static unsigned looks;
	sqlite3 *db = NULL;
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) !=
	    SQLITE_OK) {
		complain("%s: %s", path, db ? sqlite3_errmsg(db) : "no memory");
		sqlite3_close(db);
		return NULL;
	}
	looks = 0;
	sqlite3_progress_handler(db, STEPS_PER_LOOK, look, &looks);
	sqlite3_busy_timeout(db, 10000);
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 4 * VALUE_MAX);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	return db;
}

sqlite3_stmt *
database_query(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *statement = NULL;
	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK)
		return statement;
	complain("%s: %s", sqlite3_db_filename(db, "main"), sqlite3_errmsg(db));
	return NULL;
}

struct cursor
database_value(sqlite3_stmt *row, int column)
{
	struct cursor value = cursor_of(NULL, 0);
	int type = sqlite3_column_type(row, column);
	if (type != SQLITE_BLOB && type != SQLITE_TEXT) {
		cursor_fail(&value);
		return value;
	}
	const void *data = sqlite3_column_blob(row, column);
	int size = sqlite3_column_bytes(row, column);
	value = cursor_of(data, data ? (size_t)size : 0);
	if (size > VALUE_MAX)
		cursor_fail(&value);
	return value;
}
