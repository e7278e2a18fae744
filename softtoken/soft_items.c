/* Objects in memory, found by their id and by what is searched for most. */
#include <stdlib.h>

#include "mem.h"
#include "soft_token.h"

enum { ITEMS_FIRST = 64 };

static const CK_ATTRIBUTE_TYPE indexed[ITEM_INDEXES] = {
	[ITEM_BY_CKA_ID] = CKA_ID,
	[ITEM_BY_LABEL] = CKA_LABEL,
	[ITEM_BY_CLASS] = CKA_CLASS,
	[ITEM_BY_PRIVATE] = CKA_PRIVATE,
};

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

static void
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

/* Where the items of an index begin that have this value. */
static struct item **
index_bucket(const struct items *items, enum item_index index,
	     struct cursor value)
{
	size_t spread = cursor_hash(value) & (items->room - 1);

	return &items->buckets[(1 + index) * items->room + spread];
}

static void
index_leave(struct item *item, enum item_index index)
{
	struct item_link *link = &item->links[index];

	if (!link->at)
		return;
	*link->at = link->next;
	if (link->next)
		link->next->links[index].at = link->at;
	*link = (struct item_link){ NULL, NULL };
}

/* What has no such attribute is not found by one. */
static void
index_join(struct items *items, struct item *item, enum item_index index)
{
	struct item_link *link = &item->links[index];
	struct cursor value = attrs_value(&item->attrs, indexed[index]);
	struct item **first;

	if (!cursor_ok(&value))
		return;
	first = index_bucket(items, index, value);
	*link = (struct item_link){ *first, first };
	if (*first)
		(*first)->links[index].at = &link->next;
	*first = item;
}

void
items_changed(struct items *items, struct item *item)
{
	for (enum item_index i = 0; i < ITEM_INDEXES; i++) {
		index_leave(item, i);
		index_join(items, item, i);
	}
}

static void
items_link(struct items *items, struct item *item)
{
	struct item **bucket = bucket_of(items, item->id);

	item->next = *bucket;
	*bucket = item;
	items->count++;
	for (enum item_index i = 0; i < ITEM_INDEXES; i++)
		index_join(items, item, i);
}

/* AT is what points to it among the ids. */
static void
items_drop(struct items *items, struct item **at)
{
	struct item *item = *at;

	*at = item->next;
	items->count--;
	for (enum item_index i = 0; i < ITEM_INDEXES; i++)
		index_leave(item, i);
	item_free(item);
}

/* All move to where there is more room; none is asked where it was. */
static CK_RV
items_grow(struct items *items)
{
	struct items grown = { NULL, 0, 0 };
	struct item *item, *next;

	if (items->count < items->room)
		return CKR_OK;
	grown.room = items->room ? 2 * items->room : ITEMS_FIRST;
	grown.buckets = calloc((1 + ITEM_INDEXES) * grown.room,
			       sizeof(struct item *));
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
	struct item **at;

	if (items->count == 0)
		return;
	for (at = bucket_of(items, id); *at; at = &(*at)->next) {
		if ((*at)->id != id)
			continue;
		items_drop(items, at);
		return;
	}
}

void
items_clear(struct items *items, bool (*keep)(const struct item *item))
{
	struct item **at;

	for (size_t i = 0; i < items->room; i++) {
		at = &items->buckets[i];
		while (*at) {
			if (keep && keep(*at))
				at = &(*at)->next;
			else
				items_drop(items, at);
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

/* One search; what it looks at is a chain of an index, or all. */
struct lookup {
	struct template match;
	bool (*wanted)(const struct item *item, const void *context);
	const void *context;
	struct ids *found;
};

static CK_RV
lookup_item(const struct lookup *l, const struct item *item)
{
	if (attrs_match(&item->attrs, l->match.list, l->match.count) !=
		    MATCH_YES ||
	    !l->wanted(item, l->context))
		return CKR_OK;
	return ids_add(l->found, item->id);
}

static CK_RV
lookup_index(const struct items *items, const struct lookup *l,
	     enum item_index index, const CK_ATTRIBUTE *named)
{
	struct cursor value = cursor_of(named->pValue, named->ulValueLen);
	const struct item *item = *index_bucket(items, index, value);
	CK_RV rv = CKR_OK;

	for (; item && rv == CKR_OK; item = item->links[index].next)
		rv = lookup_item(l, item);
	return rv;
}

static CK_RV
lookup_all(const struct items *items, const struct lookup *l)
{
	const struct item *item;
	CK_RV rv = CKR_OK;

	for (size_t i = 0; i < items->room; i++) {
		item = items->buckets[i];
		for (; item && rv == CKR_OK; item = item->next)
			rv = lookup_item(l, item);
	}
	return rv;
}

/* By the first index that the template names: they stand in the order of how
 * few objects share a value. */
static CK_RV
lookup_run(const struct items *items, const struct lookup *l)
{
	for (enum item_index i = 0; i < ITEM_INDEXES; i++) {
		const CK_ATTRIBUTE *named = template_find(
			l->match.list, l->match.count, indexed[i]);

		if (named)
			return lookup_index(items, l, i, named);
	}
	return lookup_all(items, l);
}

CK_RV
items_search(const struct items *items, struct template match,
	     bool (*wanted)(const struct item *item, const void *context),
	     const void *context, struct ids *found)
{
	const struct lookup l = { match, wanted, context, found };
	size_t first = found->count;
	CK_RV rv = items->count > 0 ? lookup_run(items, &l) : CKR_OK;

	if (found->count > first)
		qsort(found->list + first, found->count - first,
		      sizeof(*found->list), by_id);
	return rv;
}
