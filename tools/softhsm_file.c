/*
 * SoftHSM 2's file store: a folder per token, a file per object.
 *
 * A file is a generation number, then attributes: type, kind, value; numbers
 * are 8 bytes, big-endian; byte strings and lists have their size in front.
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "import.h"
#include "softhsm.h"

enum kind { KIND_BOOL = 1, KIND_NUMBER, KIND_BYTES, KIND_MAP, KIND_MECHANISMS };
enum { MECHANISMS_MAX = 1000, NAME_MAX_SHOWN = 79 };

static struct cursor
sized(struct cursor *c, uint64_t unit)
{
	uint64_t count = cursor_u64(c);
	if (count > c->left / unit)
		cursor_fail(c);
	return cursor_take(c, cursor_ok(c) ? (size_t)(count * unit) : 0);
}

static bool
set_mechanisms(struct attrs *attrs, CK_ATTRIBUTE_TYPE type, struct cursor list)
{
	CK_ULONG mechanisms[MECHANISMS_MAX];
	size_t count = 0;
	while (list.left > 0 && count < MECHANISMS_MAX)
		mechanisms[count++] = cursor_u64(&list);
	return cursor_end(&list) &&
	       attrs_set(attrs, type,
			 cursor_of(mechanisms, count * sizeof *mechanisms)) ==
		       CKR_OK;
}

static bool
attribute_read(struct cursor *c, struct attrs *attrs)
{
	CK_ATTRIBUTE_TYPE type = cursor_u64(c);
	uint64_t kind = cursor_u64(c);
	struct cursor value;
	switch (kind) {
	case KIND_BOOL:
		return attrs_set_bool(attrs, type, cursor_u8(c)) == CKR_OK;
	case KIND_NUMBER:
		return attrs_set_ulong(attrs, type, cursor_u64(c)) == CKR_OK;
	case KIND_BYTES:
	case KIND_MAP: /* kept as it is: item_check() wants to see it */
		value = sized(c, 1);
		return attrs_set(attrs, type, value) == CKR_OK;
	case KIND_MECHANISMS:
		value = sized(c, 8);
		return set_mechanisms(attrs, type, value);
	default:
		return false;
	}
}

static bool
object_parse(struct cursor c, struct attrs *attrs)
{
	cursor_u64(&c); /* the generation */
	for (size_t i = 0; i < ATTRIBUTES_MAX && c.left > 0; i++)
		if (!attribute_read(&c, attrs) || !cursor_ok(&c))
			return false;
	return cursor_end(&c);
}

static bool
object_load(const char *folder, const char *name, struct attrs *attrs)
{
	char path[4096];
	struct builder b;
	if (!path_join(path, sizeof path, folder, name) ||
	    !file_load(path, VALUE_MAX, &b))
		return false;
	bool ok = object_parse(builder_read(&b), attrs);
	builder_free(&b);
	return ok;
}

bool
softhsm_file_token(const char *folder, struct attrs *token)
{
	if (object_load(folder, SOFTHSM_FILE, token))
		return true;
	complain("%s/%s is damaged", folder, SOFTHSM_FILE);
	return false;
}

static bool
is_object(const char *name)
{
	static const char suffix[] = ".object";
	size_t size = strlen(name), end = sizeof suffix - 1;
	return size > end && !strcmp(name + size - end, suffix) &&
	       strcmp(name, SOFTHSM_FILE) != 0;
}

bool
softhsm_file_objects(const char *folder, struct items *items)
{
	DIR *d = opendir(folder);
	struct dirent *entry;
	if (!d) {
		complain("%s: %s", folder, strerror(errno));
		return false;
	}
	while ((entry = readdir(d))) {
		if (!is_object(entry->d_name))
			continue;
		struct item *item = items_add(items);
		if (!item)
			break;
		if (object_load(folder, entry->d_name, &item->attrs))
			continue;
		attrs_free(&item->attrs);
		struct builder b = builder_over(item->name, NAME_MAX_SHOWN);
		builder_put(&b, entry->d_name,
			    strnlen(entry->d_name, NAME_MAX_SHOWN));
		item_refuse(item, "the file is damaged or half written");
	}
	closedir(d);
	return true;
}
