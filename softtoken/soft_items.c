/* Objects in memory, found by their id. */
#include <stdlib.h>

#include "mem.h"
#include "soft_token.h"

enum { ITEMS_FIRST = 64 };

struct item *
item_new(uint64_t id, uint64_t version, struct attrs *attrs)
{
	struct item *item = mem_new(sizeof(*item));

	if (!item)
		return NULL;
	item->id = id;
	item->version = version;
	item->attrs = *attrs;
	*attrs = (struct attrs){ NULL, 0, 0 };
	return item;
}

void
item_free(struct item *item)
{
	if (!item)
		return;
	attrs_free(&item->attrs);
	soft_key_unref(item->key);
	cipher_free(item->cipher);
	mem_free(item, sizeof(*item));
}

/* Ids are given out one after the other, which spreads them by itself. */
static struct item **
bucket_of(const struct items *items, uint64_t id)
{
	return &items->buckets[id & (items->room - 1)];
}

struct item *
items_find(const struct items *items, uint64_t id)
{
	struct item *item;

	if (items->count == 0)
		return NULL;
	item = *bucket_of(items, id);
	while (item && item->id != id)
		item = item->next;
	return item;
}

static void
items_link(struct items *items, struct item *item)
{
	struct item **bucket = bucket_of(items, item->id);

	item->next = *bucket;
	*bucket = item;
	items->count++;
}

static CK_RV
items_grow(struct items *items)
{
	struct items grown = { NULL, 0, 0 };
	struct item *item, *next;

	if (items->count < items->room)
		return CKR_OK;
	grown.room = items->room ? 2 * items->room : ITEMS_FIRST;
	grown.buckets = calloc(grown.room, sizeof(struct item *));
	if (!grown.buckets)
		return CKR_HOST_MEMORY;
	for (size_t i = 0; i < items->room; i++) {
		for (item = items->buckets[i]; item; item = next) {
			next = item->next;
			items_link(&grown, item);
		}
	}
	free(items->buckets);
	*items = grown;
	return CKR_OK;
}

CK_RV
items_add(struct items *items, struct item *item)
{
	CK_RV rv = items_grow(items);

	if (rv == CKR_OK)
		items_link(items, item);
	else
		item_free(item);
	return rv;
}

void
items_remove(struct items *items, uint64_t id)
{
	struct item **at, *item;

	if (items->count == 0)
		return;
	for (at = bucket_of(items, id); *at; at = &(*at)->next) {
		item = *at;
		if (item->id != id)
			continue;
		*at = item->next;
		items->count--;
		item_free(item);
		return;
	}
}

void
items_clear(struct items *items, bool (*keep)(const struct item *item))
{
	struct item **at, *item;

	for (size_t i = 0; i < items->room; i++) {
		at = &items->buckets[i];
		while (*at) {
			item = *at;
			if (keep && keep(item)) {
				at = &item->next;
				continue;
			}
			*at = item->next;
			items->count--;
			item_free(item);
		}
	}
	if (items->count > 0)
		return;
	free(items->buckets);
	*items = (struct items){ NULL, 0, 0 };
}

static int
by_id(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

CK_RV
items_list(const struct items *items,
	   bool (*wanted)(const struct item *item, const void *context),
	   const void *context, struct ids *found)
{
	const struct item *item;
	size_t first = found->count;
	CK_RV rv = CKR_OK;

	for (size_t i = 0; i < items->room; i++) {
		item = items->buckets[i];
		for (; item && rv == CKR_OK; item = item->next) {
			if (wanted(item, context))
				rv = ids_add(found, item->id);
		}
	}
	if (found->count > first)
		qsort(found->list + first, found->count - first,
		      sizeof(*found->list), by_id);
	return rv;
}
