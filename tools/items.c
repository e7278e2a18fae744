/* Objects found in a source: what can be made of them elsewhere, their names.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import.h"

enum {
	CERTIFICATE = 1,
	PUBLIC = 2,
	PRIVATE = 4,
	SECRET = 8,
	DATA = 16,
	KEYS = PUBLIC | PRIVATE | SECRET,
	ANY = KEYS | CERTIFICATE | DATA,
};

/* Which attributes C_CreateObject takes for which objects (PKCS#11 3.2,
 * chapter 4); values that are the default anyway are not repeated. */
enum rule { KEEP, KEEP_FALSE, KEEP_TRUE, KEEP_NUMBER };
static const struct keep {
	CK_ATTRIBUTE_TYPE type;
	unsigned classes;
	enum rule rule;
} keeps[] = {
	{ CKA_CLASS, ANY, KEEP },
	{ CKA_PRIVATE, ANY, KEEP },
	{ CKA_LABEL, ANY, KEEP },
	{ CKA_MODIFIABLE, ANY, KEEP_FALSE },
	{ CKA_COPYABLE, ANY, KEEP_FALSE },
	{ CKA_DESTROYABLE, ANY, KEEP_FALSE },
	{ CKA_APPLICATION, DATA, KEEP },
	{ CKA_OBJECT_ID, DATA, KEEP },
	{ CKA_VALUE, CERTIFICATE | PRIVATE | SECRET | DATA, KEEP },
	{ CKA_CERTIFICATE_TYPE, CERTIFICATE, KEEP },
	{ CKA_CERTIFICATE_CATEGORY, CERTIFICATE, KEEP_NUMBER },
	{ CKA_ISSUER, CERTIFICATE, KEEP },
	{ CKA_SERIAL_NUMBER, CERTIFICATE, KEEP },
	{ CKA_SUBJECT, CERTIFICATE | PUBLIC | PRIVATE, KEEP },
	{ CKA_ID, CERTIFICATE | KEYS, KEEP },
	{ CKA_KEY_TYPE, KEYS, KEEP },
	{ CKA_START_DATE, KEYS | CERTIFICATE, KEEP },
	{ CKA_END_DATE, KEYS | CERTIFICATE, KEEP },
	{ CKA_DERIVE, KEYS, KEEP },
	{ CKA_ALLOWED_MECHANISMS, KEYS, KEEP },
	{ CKA_SENSITIVE, PRIVATE | SECRET, KEEP },
	{ CKA_EXTRACTABLE, PRIVATE | SECRET, KEEP },
	{ CKA_WRAP_WITH_TRUSTED, PRIVATE | SECRET, KEEP_TRUE },
	{ CKA_ALWAYS_AUTHENTICATE, PRIVATE, KEEP_TRUE },
	{ CKA_ENCRYPT, PUBLIC | SECRET, KEEP },
	{ CKA_DECRYPT, PRIVATE | SECRET, KEEP },
	{ CKA_SIGN, PRIVATE | SECRET, KEEP },
	{ CKA_SIGN_RECOVER, PRIVATE, KEEP },
	{ CKA_VERIFY, PUBLIC | SECRET, KEEP },
	{ CKA_VERIFY_RECOVER, PUBLIC, KEEP },
	{ CKA_WRAP, PUBLIC | SECRET, KEEP },
	{ CKA_UNWRAP, PRIVATE | SECRET, KEEP },
	{ CKA_MODULUS, PUBLIC | PRIVATE, KEEP },
	{ CKA_PUBLIC_EXPONENT, PUBLIC | PRIVATE, KEEP },
	{ CKA_PRIVATE_EXPONENT, PRIVATE, KEEP },
	{ CKA_PRIME_1, PRIVATE, KEEP },
	{ CKA_PRIME_2, PRIVATE, KEEP },
	{ CKA_EXPONENT_1, PRIVATE, KEEP },
	{ CKA_EXPONENT_2, PRIVATE, KEEP },
	{ CKA_COEFFICIENT, PRIVATE, KEEP },
	{ CKA_EC_PARAMS, PUBLIC | PRIVATE, KEEP },
	{ CKA_EC_POINT, PUBLIC, KEEP },
	{ CKA_PRIME, PUBLIC | PRIVATE, KEEP },
	{ CKA_SUBPRIME, PUBLIC | PRIVATE, KEEP },
	{ CKA_BASE, PUBLIC | PRIVATE, KEEP },
};

struct item *
items_add(struct items *items)
{
	if (items->count == OBJECTS_MAX) {
		complain("over %d objects: the rest is not looked at",
			 OBJECTS_MAX);
		return NULL;
	}
	if (items->count == items->room) {
		size_t room = items->room ? 2 * items->room : 16;
		void *list = realloc(items->list, room * sizeof *items->list);
		if (!list) {
			complain("no memory");
			return NULL;
		}
		items->list = list;
		items->room = room;
	}
	struct item *item = &items->list[items->count++];
	*item = (struct item){ 0 };
	return item;
}

void
items_free(struct items *items)
{
	for (size_t i = 0; i < items->count; i++)
		attrs_free(&items->list[i].attrs);
	free(items->list);
	*items = (struct items){ 0 };
}

void
item_refuse(struct item *item, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(item->reason, sizeof item->reason, format, arguments);
	va_end(arguments);
}

static unsigned
class_bit(const struct item *item)
{
	switch (attrs_ulong(&item->attrs, CKA_CLASS,
			    CK_UNAVAILABLE_INFORMATION)) {
	case CKO_DATA:
		return DATA;
	case CKO_CERTIFICATE:
		return CERTIFICATE;
	case CKO_PUBLIC_KEY:
		return PUBLIC;
	case CKO_PRIVATE_KEY:
		return PRIVATE;
	case CKO_SECRET_KEY:
		return SECRET;
	default:
		return 0;
	}
}

static const char *
class_name(const struct item *item)
{
	switch (class_bit(item)) {
	case DATA:
		return "data";
	case CERTIFICATE:
		return "certificate";
	case PUBLIC:
		return "public key";
	case PRIVATE:
		return "private key";
	case SECRET:
		return "secret key";
	default:
		return "object";
	}
}

/* How many bytes the UTF-8 character at C has; 0 when it is none, or a control
 * character that could move a terminal's cursor. */
static size_t
character_size(struct cursor c)
{
	uint8_t first = cursor_u8(&c);
	size_t more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
	if (first < 0x80)
		return first >= 0x20 && first != 0x7f;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	for (size_t i = 0; i < more; i++) {
		uint8_t next = cursor_u8(&c);
		bool control = first == 0xc2 && next < 0xa0;
		if (next < 0x80 || next > 0xbf || control)
			return 0;
	}
	return more + 1;
}

/* Text of a stranger: what is no plain text in it becomes '?'. */
static void
put_shown(struct builder *b, struct cursor text)
{
	for (size_t i = 0; i < 64 && text.left > 0; i++) {
		size_t size = character_size(text);
		if (size > 0)
			builder_append(b, cursor_take(&text, size));
		else
			builder_u8(b, '?');
		if (size == 0)
			cursor_take(&text, 1);
	}
}

void
item_describe(const struct item *item, char *text, size_t size)
{
	struct builder b = builder_over(text, size - 1);
	struct cursor label = attrs_value(&item->attrs, CKA_LABEL);
	struct cursor id = attrs_value(&item->attrs, CKA_ID);
	builder_text(&b, item->name[0] ? item->name : class_name(item));
	if (cursor_ok(&label) && label.left > 0) {
		builder_text(&b, " '");
		put_shown(&b, label);
		builder_text(&b, "'");
	}
	if (cursor_ok(&id) && id.left > 0 && id.left <= 32) {
		builder_text(&b, " (id ");
		builder_hex(&b, id);
		builder_text(&b, ")");
	}
	text[builder_read(&b).left] = 0;
}

static bool
lacks(const struct item *item, CK_ATTRIBUTE_TYPE type)
{
	struct cursor value = attrs_value(&item->attrs, type);
	return !cursor_ok(&value) || value.left == 0;
}

static bool
lacks_value(const struct item *item)
{
	unsigned class = class_bit(item);
	CK_KEY_TYPE type = attrs_ulong(&item->attrs, CKA_KEY_TYPE,
				       CK_UNAVAILABLE_INFORMATION);
	if (class == DATA)
		return false;
	if (class != PUBLIC && class != PRIVATE)
		return lacks(item, CKA_VALUE);
	if (type == CKK_RSA)
		return lacks(item, CKA_MODULUS) ||
		       lacks(item, CKA_PUBLIC_EXPONENT) ||
		       (class == PRIVATE && lacks(item, CKA_PRIVATE_EXPONENT));
	if (type == CKK_EC || type == CKK_EC_EDWARDS ||
	    type == CKK_EC_MONTGOMERY)
		return lacks(item, CKA_EC_PARAMS) ||
		       lacks(item, class == PRIVATE ? CKA_VALUE : CKA_EC_POINT);
	return lacks(item, CKA_VALUE);
}

void
item_check(struct item *item)
{
	static const CK_ATTRIBUTE_TYPE templates[] = { CKA_WRAP_TEMPLATE,
						       CKA_UNWRAP_TEMPLATE,
						       CKA_DERIVE_TEMPLATE };
	if (item->reason[0])
		return;
	if (class_bit(item) == 0) {
		item->left_out = true;
		item_refuse(item, "neither key, certificate nor data");
		return;
	}
	if (lacks_value(item)) {
		item_refuse(item, "its value is not there: half written?");
		return;
	}
	for (size_t i = 0; i < sizeof templates / sizeof *templates; i++)
		if (!lacks(item, templates[i]))
			item_refuse(item, "it limits other keys by a template,"
					  " which would be lost");
}

/* DSA and Diffie-Hellman have their public value in CKA_VALUE too. */
static bool
is_public_value(const struct item *item, const struct attr *attr)
{
	CK_KEY_TYPE type = attrs_ulong(&item->attrs, CKA_KEY_TYPE,
				       CK_UNAVAILABLE_INFORMATION);
	return attr->type == CKA_VALUE && class_bit(item) == PUBLIC &&
	       !attrs_find(&item->attrs, CKA_EC_POINT) && type != CKK_RSA;
}

bool
item_keeps(const struct item *item, const struct attr *attr)
{
	if (attr->state != ATTR_PRESENT || attr->size == 0)
		return false;
	if (is_public_value(item, attr))
		return true;
	for (size_t i = 0; i < sizeof keeps / sizeof *keeps; i++) {
		const struct keep *k = &keeps[i];
		if (k->type != attr->type || !(k->classes & class_bit(item)))
			continue;
		if (k->rule == KEEP_FALSE)
			return !attrs_bool(&item->attrs, k->type, true);
		if (k->rule == KEEP_TRUE)
			return attrs_bool(&item->attrs, k->type, false);
		if (k->rule == KEEP_NUMBER)
			return attrs_ulong(&item->attrs, k->type, 0) != 0;
		return true;
	}
	return false;
}

static bool
has_public(const struct items *items, const struct item *private)
{
	struct cursor id = attrs_value(&private->attrs, CKA_ID);
	for (size_t i = 0; i < items->count; i++) {
		const struct item *other = &items->list[i];
		if (class_bit(other) == PUBLIC &&
		    cursor_same(attrs_value(&other->attrs, CKA_ID), id))
			return true;
	}
	return false;
}

void
items_complete(struct items *items)
{
	size_t count = items->count;
	for (size_t i = 0; i < count; i++) {
		struct item *private = &items->list[i];
		if (class_bit(private) != PRIVATE || private->reason[0] ||
		    has_public(items, private))
			continue;
		struct attrs public = { 0 };
		struct item *added = NULL;
		if (key_public(&private->attrs, &public))
			added = items_add(items);
		if (added)
			added->attrs = public;
		else
			attrs_free(&public);
	}
}
