/* The statements on a token's label, PINs and objects. */
#include "store_file.h"

#include <limits.h>

#include "log.h"

/* SQLite takes NULL and 0 bytes for NULL, which is not an empty value. What is
 * larger than it takes becomes NULL, which no such column may be. */
static void
bind_cursor(sqlite3_stmt *st, int at, struct cursor c)
{
	if (!cursor_ok(&c) || c.left > INT_MAX)
		sqlite3_bind_null(st, at);
	else if (c.left == 0)
		sqlite3_bind_zeroblob(st, at, 0);
	else
		sqlite3_bind_blob(st, at, c.at, (int)c.left, SQLITE_STATIC);
}

static struct cursor
column_cursor(sqlite3_stmt *st, int at)
{
	const void *data = sqlite3_column_blob(st, at);
	int size = sqlite3_column_bytes(st, at);
	struct cursor c = cursor_of(data, size > 0 ? (size_t)size : 0);

	if (sqlite3_column_type(st, at) == SQLITE_NULL)
		cursor_fail(&c);
	return c;
}

/* What SQLite finds no fault with. */
static CK_RV
damaged(const struct store *s, const char *what)
{
	log_line(LOG_ERROR, "%s: %s is damaged", s->path, what);
	return CKR_DEVICE_ERROR;
}

/* Runs a statement that answers nothing and changes one row. */
static CK_RV
run_changing(struct store *s, sqlite3_stmt *st)
{
	bool row;
	CK_RV rv = store_step(s, st, &row);

	sqlite3_clear_bindings(st); /* they are the caller's */
	if (rv == CKR_OK && sqlite3_changes(s->db) != 1)
		rv = CKR_OBJECT_HANDLE_INVALID;
	return rv;
}

static CK_RV
read_number(struct store *s, sqlite3_stmt *st, uint64_t *number)
{
	bool row;
	CK_RV rv = store_step(s, st, &row);

	if (rv != CKR_OK || !row)
		return rv;
	*number = (uint64_t)sqlite3_column_int64(st, 0);
	/* a changing statement is done only when it was stepped to its end */
	rv = store_step(s, st, &row);
	sqlite3_reset(st);
	return rv;
}

CK_RV
store_data_version(struct store *s, uint64_t *version)
{
	sqlite3_stmt *st;
	CK_RV rv = store_prepare(s, SQL_DATA_VERSION, &st);

	return rv == CKR_OK ? read_number(s, st, version) : rv;
}

CK_RV
store_token_read(struct store *s, struct token_record *r)
{
	struct token_record found = { .generation = 0 };
	sqlite3_stmt *st;
	struct cursor label;
	bool row;
	CK_RV rv = store_prepare(s, SQL_TOKEN_READ, &st);

	if (rv == CKR_OK)
		rv = store_step(s, st, &row);
	if (rv != CKR_OK)
		return rv;
	if (!row)
		return damaged(s, "the token's record");
	label = column_cursor(st, 0);
	cursor_copy(&label, found.label, STORE_LABEL_SIZE);
	found.generation = (uint64_t)sqlite3_column_int64(st, 1);
	sqlite3_reset(st);
	if (!cursor_end(&label))
		return damaged(s, "the token's record");
	*r = found;
	return CKR_OK;
}

static bool
pin_parse(sqlite3_stmt *st, struct pin_record *r)
{
	struct cursor salt = column_cursor(st, 2);
	struct cursor wrapped = column_cursor(st, 3);

	r->set = true;
	r->kdf = (uint32_t)sqlite3_column_int64(st, 0);
	r->cost = (uint32_t)sqlite3_column_int64(st, 1);
	cursor_copy(&salt, r->salt, sizeof(r->salt));
	cursor_copy(&wrapped, r->wrapped, sizeof(r->wrapped));
	r->failures = (uint32_t)sqlite3_column_int64(st, 4);
	return cursor_end(&salt) && cursor_end(&wrapped);
}

CK_RV
store_pin_read(struct store *s, enum store_role role, struct pin_record *r)
{
	struct pin_record found = { .set = false };
	sqlite3_stmt *st;
	bool row, fine = true;
	CK_RV rv = store_prepare(s, SQL_PIN_READ, &st);

	if (rv != CKR_OK)
		return rv;
	sqlite3_bind_int(st, 1, role);
	rv = store_step(s, st, &row);
	if (rv != CKR_OK)
		return rv;
	if (row) {
		fine = pin_parse(st, &found);
		sqlite3_reset(st);
	}
	if (!fine)
		return damaged(s, "a PIN's record");
	*r = found;
	return CKR_OK;
}

CK_RV
store_pin_write(struct store *s, enum store_role role,
		const struct pin_record *r)
{
	sqlite3_stmt *st;
	CK_RV rv = store_prepare(s, SQL_PIN_WRITE, &st);

	if (rv != CKR_OK)
		return rv;
	sqlite3_bind_int(st, 1, role);
	sqlite3_bind_int64(st, 2, r->kdf);
	sqlite3_bind_int64(st, 3, r->cost);
	sqlite3_bind_blob(st, 4, r->salt, sizeof(r->salt), SQLITE_STATIC);
	sqlite3_bind_blob(st, 5, r->wrapped, sizeof(r->wrapped), SQLITE_STATIC);
	sqlite3_bind_int64(st, 6, r->failures);
	return run_changing(s, st);
}

CK_RV
store_renew(struct store *s, const struct token_record *token,
	    const struct pin_record *so)
{
	sqlite3_stmt *st;
	CK_RV rv = store_run(s, SQL_ROWS_REMOVE);

	if (rv == CKR_OK)
		rv = store_run(s, SQL_PINS_REMOVE);
	if (rv == CKR_OK)
		rv = store_pin_write(s, ROLE_SO, so);
	if (rv == CKR_OK)
		rv = store_prepare(s, SQL_TOKEN_WRITE, &st);
	if (rv != CKR_OK)
		return rv;
	sqlite3_bind_blob(st, 1, token->label, STORE_LABEL_SIZE, SQLITE_STATIC);
	sqlite3_bind_int64(st, 2, (int64_t)token->generation);
	return run_changing(s, st);
}

CK_RV
store_ids(struct store *s, size_t count, uint64_t *first)
{
	sqlite3_stmt *st;
	CK_RV rv = store_prepare(s, SQL_IDS, &st);

	if (rv != CKR_OK)
		return rv;
	sqlite3_bind_int64(st, 1, (int64_t)count);
	return read_number(s, st, first);
}

static void
row_parse(sqlite3_stmt *st, struct row *row, struct builder *bytes)
{
	struct cursor columns[4];
	struct cursor *out[] = { &row->id_tag, &row->label_tag,
				 &row->subject_tag, &row->blob };
	struct cursor all;

	row->version = (uint64_t)sqlite3_column_int64(st, 0);
	row->class = (CK_ULONG)sqlite3_column_int64(st, 1);
	row->key_type = CK_UNAVAILABLE_INFORMATION;
	if (sqlite3_column_type(st, 2) != SQLITE_NULL)
		row->key_type = (CK_ULONG)sqlite3_column_int64(st, 2);
	row->private = sqlite3_column_int(st, 3) != 0;
	for (int i = 0; i < 4; i++) {
		columns[i] = column_cursor(st, 4 + i);
		if (cursor_ok(&columns[i]))
			builder_append(bytes, columns[i]);
	}
	all = builder_read(bytes);
	for (int i = 0; i < 4; i++) {
		*out[i] = cursor_take(&all, columns[i].left);
		if (!cursor_ok(&columns[i]))
			cursor_fail(out[i]);
	}
}

CK_RV
store_row_read(struct store *s, uint64_t id, struct row *row,
	       struct builder *bytes)
{
	struct row found = { .id = id };
	sqlite3_stmt *st;
	bool any;
	CK_RV rv = store_prepare(s, SQL_ROW_READ, &st);

	if (rv != CKR_OK)
		return rv;
	sqlite3_bind_int64(st, 1, (int64_t)id);
	rv = store_step(s, st, &any);
	if (rv != CKR_OK)
		return rv;
	if (!any)
		return CKR_OBJECT_HANDLE_INVALID;
	row_parse(st, &found, bytes);
	sqlite3_reset(st);
	if (!builder_ok(bytes))
		return CKR_HOST_MEMORY;
	*row = found;
	return CKR_OK;
}

CK_RV
store_row_version(struct store *s, uint64_t id, uint64_t *version)
{
	sqlite3_stmt *st;
	uint64_t found = 0;
	CK_RV rv = store_prepare(s, SQL_ROW_VERSION, &st);

	if (rv != CKR_OK)
		return rv;
	sqlite3_bind_int64(st, 1, (int64_t)id);
	rv = read_number(s, st, &found);
	if (rv == CKR_OK)
		*version = found;
	return rv;
}

static CK_RV
row_write(struct store *s, enum statement which, const struct row *row)
{
	sqlite3_stmt *st;
	CK_RV rv = store_prepare(s, which, &st);

	if (rv != CKR_OK)
		return rv;
	sqlite3_bind_int64(st, 1, (int64_t)row->id);
	sqlite3_bind_int64(st, 2, (int64_t)row->version);
	sqlite3_bind_int64(st, 3, (int64_t)row->class);
	if (row->key_type != CK_UNAVAILABLE_INFORMATION)
		sqlite3_bind_int64(st, 4, (int64_t)row->key_type);
	sqlite3_bind_int(st, 5, row->private);
	bind_cursor(st, 6, row->id_tag);
	bind_cursor(st, 7, row->label_tag);
	bind_cursor(st, 8, row->subject_tag);
	bind_cursor(st, 9, row->blob);
	return run_changing(s, st);
}

CK_RV
store_row_insert(struct store *s, const struct row *row)
{
	return row_write(s, SQL_ROW_INSERT, row);
}

CK_RV
store_row_replace(struct store *s, const struct row *row)
{
	return row_write(s, SQL_ROW_REPLACE, row);
}

CK_RV
store_row_remove(struct store *s, uint64_t id)
{
	sqlite3_stmt *st;
	CK_RV rv = store_prepare(s, SQL_ROW_REMOVE, &st);

	if (rv != CKR_OK)
		return rv;
	sqlite3_bind_int64(st, 1, (int64_t)id);
	return run_changing(s, st);
}

CK_RV
store_row_search(struct store *s, const struct row_match *match,
		 struct ids *found)
{
	sqlite3_stmt *st;
	bool row = true;
	CK_RV rv = store_prepare(s, SQL_SEARCH + match->by, &st);

	if (rv != CKR_OK)
		return rv;
	bind_cursor(st, 1, match->plain);
	bind_cursor(st, 2, match->keyed);
	if (!match->any_class)
		sqlite3_bind_int64(st, 3, (int64_t)match->class);
	if (!match->any_key_type)
		sqlite3_bind_int64(st, 4, (int64_t)match->key_type);
	if (match->public_only)
		sqlite3_bind_int(st, 5, 1);
	if (!match->any_private)
		sqlite3_bind_int(st, 6, match->private);
	while (rv == CKR_OK) {
		rv = store_step(s, st, &row);
		if (rv != CKR_OK || !row)
			break;
		rv = ids_add(found, (uint64_t)sqlite3_column_int64(st, 0));
	}
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return rv;
}
