/*
 * SoftHSM 2's database store: a folder per token with one SQLite file.
 *
 * Attributes lie in a table per kind, with type and object_id; object 1 is the
 * token. Numbers inside a list of mechanisms are the host's own CK_ULONG.
 */
#include "import.h"
#include "softhsm.h"

enum kind { KIND_BOOL, KIND_NUMBER, KIND_BYTES };

static const struct table {
	enum kind kind;
	const char *query;
} tables[] = {
	{ KIND_BOOL, "SELECT object_id, type, value FROM attribute_boolean"
		     " WHERE (object_id = 1) = ?1" },
	{ KIND_NUMBER, "SELECT object_id, type, value FROM attribute_integer"
		       " WHERE (object_id = 1) = ?1" },
	{ KIND_BYTES, "SELECT object_id, type, value FROM attribute_binary"
		      " WHERE (object_id = 1) = ?1" },
	{ KIND_BYTES, "SELECT object_id, type, value FROM attribute_array"
		      " WHERE (object_id = 1) = ?1" },
};
enum { TABLES = sizeof tables / sizeof *tables };

/* The objects' numbers, in the order of their items. */
struct rows {
	struct ids ids;
	struct items *items;
	size_t first;
};

static bool
ids_read(sqlite3 *db, struct rows *rows)
{
	sqlite3_stmt *q = database_query(
		db, "SELECT id FROM object WHERE id > 1 ORDER BY id");
	int step = SQLITE_ERROR;
	while (q && (step = sqlite3_step(q)) == SQLITE_ROW)
		if (!items_add(rows->items) ||
		    ids_add(&rows->ids, (uint64_t)sqlite3_column_int64(q, 0)) !=
			    CKR_OK)
			break;
	sqlite3_finalize(q);
	return step == SQLITE_DONE;
}

/* The item of an object's number; NULL when there is none. */
static struct item *
item_of(struct rows *rows, uint64_t id)
{
	size_t low = 0, high = rows->ids.count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (rows->ids.list[middle] < id)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == rows->ids.count || rows->ids.list[low] != id)
		return NULL;
	return &rows->items->list[rows->first + low];
}

static bool
set(struct attrs *attrs, enum kind kind, sqlite3_stmt *row)
{
	CK_ATTRIBUTE_TYPE type = (CK_ULONG)sqlite3_column_int64(row, 1);
	if (attrs->count >= ATTRIBUTES_MAX)
		return false;
	if (kind == KIND_BOOL)
		return attrs_set_bool(attrs, type,
				      sqlite3_column_int(row, 2) != 0) ==
		       CKR_OK;
	if (kind == KIND_NUMBER)
		return attrs_set_ulong(attrs, type,
				       (CK_ULONG)sqlite3_column_int64(
					       row, 2)) == CKR_OK;
	struct cursor value = database_value(row, 2);
	if (sqlite3_column_type(row, 2) == SQLITE_NULL)
		value = cursor_of(NULL, 0);
	return cursor_ok(&value) && attrs_set(attrs, type, value) == CKR_OK;
}

static bool
table_read(sqlite3 *db, const struct table *table, struct attrs *token,
	   struct rows *rows)
{
	sqlite3_stmt *q = database_query(db, table->query);
	int step = SQLITE_ERROR;
	if (q)
		sqlite3_bind_int(q, 1, token != NULL);
	while (q && (step = sqlite3_step(q)) == SQLITE_ROW) {
		struct item *item = NULL;
		if (rows)
			item = item_of(rows,
				       (uint64_t)sqlite3_column_int64(q, 0));
		if (!token && !item)
			continue; /* of an object that was destroyed */
		bool good = set(token ? token : &item->attrs, table->kind, q);
		if (!good && item)
			item_refuse(item, "its row in the database is damaged");
		if (!good && token)
			break;
	}
	sqlite3_finalize(q);
	return step == SQLITE_DONE;
}

static sqlite3 *
store_open(const char *folder)
{
	char path[4096];
	if (!path_join(path, sizeof path, folder, SOFTHSM_DATABASE))
		return NULL;
	return database_open(path);
}

static bool
tables_read(const char *folder, struct attrs *token, struct rows *rows)
{
	sqlite3 *db = store_open(folder);
	bool ok = db && (!rows || ids_read(db, rows));
	for (size_t i = 0; ok && i < TABLES; i++)
		ok = table_read(db, &tables[i], token, rows);
	sqlite3_close(db);
	if (!ok)
		complain("%s/%s: it is damaged, or no token of SoftHSM", folder,
			 SOFTHSM_DATABASE);
	return ok;
}

bool
softhsm_db_token(const char *folder, struct attrs *token)
{
	return tables_read(folder, token, NULL);
}

bool
softhsm_db_objects(const char *folder, struct items *items)
{
	struct rows rows = { .items = items, .first = items->count };
	bool ok = tables_read(folder, NULL, &rows);
	ids_free(&rows.ids);
	return ok;
}
