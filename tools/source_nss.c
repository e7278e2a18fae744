/*
 * Tokens of NSS: certificates and public keys in cert9.db, private and secret
 * keys in key4.db. A row is an object, a column aHEX the attribute of that
 * type; numbers have 4 bytes, big-endian.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import.h"

enum { COLUMNS_MAX = 1000, CHECK = 14 };

struct base {
	sqlite3 *db;
	struct nss_key key;
	struct builder salt;
	struct secret *password;
};

static bool
is_number(CK_ATTRIBUTE_TYPE type)
{
	switch (type) {
	case CKA_CLASS:
	case CKA_CERTIFICATE_TYPE:
	case CKA_CERTIFICATE_CATEGORY:
	case CKA_KEY_TYPE:
	case CKA_MODULUS_BITS:
	case CKA_PRIME_BITS:
	case CKA_VALUE_LEN:
	case CKA_KEY_GEN_MECHANISM:
	case CKA_PARAMETER_SET:
		return true;
	default:
		return false;
	}
}

/* What NSS encrypts in the key database. */
static bool
is_sealed(CK_ATTRIBUTE_TYPE type)
{
	switch (type) {
	case CKA_VALUE:
	case CKA_SEED:
	case CKA_PRIVATE_EXPONENT:
	case CKA_PRIME_1:
	case CKA_PRIME_2:
	case CKA_EXPONENT_1:
	case CKA_EXPONENT_2:
	case CKA_COEFFICIENT:
		return true;
	default:
		return false;
	}
}

/* A signature from the table metaData; false when there is none. */
static bool
signature_load(struct base *base, const char *name, struct builder *out)
{
	sqlite3_stmt *q = database_query(
		base->db, "SELECT item1 FROM metaData WHERE id = ?1");
	bool found = false;
	if (q &&
	    sqlite3_bind_text(q, 1, name, -1, SQLITE_STATIC) == SQLITE_OK &&
	    sqlite3_step(q) == SQLITE_ROW) {
		struct cursor value = database_value(q, 0);
		builder_append(out, value);
		found = cursor_ok(&value) && builder_ok(out);
	}
	sqlite3_finalize(q);
	return found;
}

/*
 * The signature lies under the object's number; some versions filed it, on a
 * change of the password, under one with the two highest bits set.
 */
static bool
is_genuine(struct base *base, uint32_t id, CK_ATTRIBUTE_TYPE type,
	   struct cursor plain)
{
	static const uint32_t marks[] = { 0, 0xc0000000, 0x80000000,
					  0x40000000 };
	bool genuine = false;
	for (size_t i = 0; i < sizeof marks / sizeof *marks && !genuine; i++) {
		char name[40];
		struct builder b = builder_heap(VALUE_MAX);
		snprintf(name, sizeof name, "sig_key_%08x_%08x", id | marks[i],
			 (unsigned)type);
		genuine = signature_load(base, name, &b) &&
			  nss_verify(&base->key, builder_read(&b), type, plain);
		builder_free(&b);
	}
	return genuine;
}

static bool
set_sealed(struct base *base, uint32_t id, struct item *item,
	   CK_ATTRIBUTE_TYPE type, struct cursor value)
{
	struct builder plain = builder_heap(VALUE_MAX);
	bool ok = nss_decrypt(&base->key, value, &plain);
	if (!ok)
		item_refuse(item, "it does not decrypt: damaged, or of an"
				  " unknown form");
	if (ok && nss_is_signed(value) &&
	    !is_genuine(base, id, type, builder_read(&plain))) {
		item_refuse(item, "a value was changed or swapped");
		ok = false;
	}
	ok = ok &&
	     attrs_set(&item->attrs, type, builder_read(&plain)) == CKR_OK;
	builder_free(&plain);
	return ok;
}

/* NSS writes an empty value as these bytes, as it reads NULL as "absent". */
static bool
is_empty(struct cursor value)
{
	static const uint8_t mark[] = { 0xa5, 0x00, 0x5a };
	return cursor_is(value, mark, sizeof mark);
}

/* The number of a column aHEX; false for any other column. */
static bool
column_type(const char *name, CK_ATTRIBUTE_TYPE *type)
{
	char *end;
	if (name[0] != 'a' || !name[1])
		return false;
	*type = strtoul(name + 1, &end, 16);
	return *end == 0;
}

static bool
set(struct base *base, sqlite3_stmt *row, int column, struct item *item)
{
	CK_ATTRIBUTE_TYPE type;
	uint32_t id = (uint32_t)sqlite3_column_int64(row, 0);
	if (!column_type(sqlite3_column_name(row, column), &type) ||
	    sqlite3_column_type(row, column) == SQLITE_NULL)
		return true;
	struct cursor value = database_value(row, column);
	if (!cursor_ok(&value))
		return false;
	if (is_empty(value))
		value = cursor_of(NULL, 0);
	else if (base->password && is_sealed(type))
		return set_sealed(base, id, item, type, value);
	else if (is_number(type))
		return value.left == 4 &&
		       attrs_set_ulong(&item->attrs, type,
				       cursor_u32(&value)) == CKR_OK;
	return attrs_set(&item->attrs, type, value) == CKR_OK;
}

/* Trust settings and what else only NSS knows. */
static void
name_record(struct item *item)
{
	struct builder b = builder_over(item->name, sizeof item->name - 1);
	if (attrs_ulong(&item->attrs, CKA_CLASS, 0) >= CKO_VENDOR_DEFINED)
		builder_text(&b, "record of NSS");
}

static bool
rows_read(struct base *base, const char *query, struct items *items)
{
	sqlite3_stmt *q = database_query(base->db, query);
	int step = SQLITE_ERROR;
	while (q && (step = sqlite3_step(q)) == SQLITE_ROW) {
		struct item *item = items_add(items);
		int columns = sqlite3_column_count(q);
		if (!item || columns > COLUMNS_MAX)
			break;
		for (int i = 1; i < columns; i++) {
			if (set(base, q, i, item))
				continue;
			if (!item->reason[0])
				item_refuse(item, "its row is damaged");
		}
		name_record(item);
	}
	sqlite3_finalize(q);
	return step == SQLITE_DONE;
}

/* The salt of all passwords, and a known text under this one's key. */
static bool
password_prove(struct base *base)
{
	static const char known[CHECK] = "password-check";
	struct builder plain = builder_heap(VALUE_MAX);
	sqlite3_stmt *q =
		database_query(base->db, "SELECT item1, item2 FROM metaData"
					 " WHERE id = 'password'");
	bool ok = false;
	if (q && sqlite3_step(q) == SQLITE_ROW) {
		builder_append(&base->salt, database_value(q, 0));
		base->key.salt = builder_read(&base->salt);
		base->key.password = secret_read(base->password);
		ok = builder_ok(&base->salt) &&
		     nss_decrypt(&base->key, database_value(q, 1), &plain) &&
		     cursor_is(builder_read(&plain), known, sizeof known);
	}
	sqlite3_finalize(q);
	builder_free(&plain);
	return ok;
}

/* An empty password first: many databases have no other. */
static bool
password_find(struct base *base, const struct wish *wish)
{
	base->salt = builder_heap(VALUE_MAX);
	base->password = secret_new("", 0);
	if (base->password && password_prove(base))
		return true;
	builder_reset(&base->salt);
	secret_free(base->password);
	base->password = pin_get(&wish->source_pin);
	if (!base->password)
		return false;
	if (password_prove(base))
		return true;
	complain("the password of the NSS database is wrong");
	return false;
}

static bool
base_read(const char *folder, const char *name, const struct wish *wish,
	  struct items *items)
{
	char path[4096];
	struct base base = { 0 };
	bool keys = wish != NULL, ok = false;
	if (!path_join(path, sizeof path, folder, name))
		return false;
	base.db = database_open(path);
	if (base.db && (!keys || password_find(&base, wish)))
		ok = rows_read(&base,
			       keys ? "SELECT * FROM nssPrivate"
				    : "SELECT * FROM nssPublic",
			       items);
	if (base.db && !ok)
		complain("%s: it was not read to its end", path);
	secret_free(base.password);
	builder_free(&base.salt);
	sqlite3_close(base.db);
	return ok;
}

bool
source_nss(const char *folder, const struct wish *wish, struct items *items)
{
	bool certificates = path_exists(folder, "cert9.db");
	bool keys = path_exists(folder, "key4.db");
	if (!certificates && !keys) {
		complain("%s: neither cert9.db nor key4.db is there", folder);
		return false;
	}
	if (keys && !base_read(folder, "key4.db", wish, items))
		return false;
	return !certificates || base_read(folder, "cert9.db", NULL, items);
}
