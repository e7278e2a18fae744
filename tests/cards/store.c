/* Data objects by tag, each a copy of its bytes. */
#include "store.h"

#include <stdlib.h>
#include <string.h>

static struct store_entry *
entry_find(const struct store *store, uint32_t tag)
{
	for (size_t i = 0; i < STORE_ENTRIES; i++) {
		if (store->entries[i].content && store->entries[i].tag == tag)
			return (struct store_entry *)&store->entries[i];
	}
	return NULL;
}

static void
entry_clear(struct store_entry *entry)
{
	free(entry->content);
	*entry = (struct store_entry){ 0 };
}

bool
store_put(struct store *store, uint32_t tag, struct span content)
{
	struct store_entry *entry = entry_find(store, tag);
	uint8_t *copy;

	if (content.left == 0) {
		if (entry)
			entry_clear(entry);
		return true;
	}
	for (size_t i = 0; i < STORE_ENTRIES && !entry; i++) {
		if (!store->entries[i].content)
			entry = &store->entries[i];
	}
	copy = entry ? malloc(content.left) : NULL;
	if (!copy)
		return false;
	memcpy(copy, content.at, content.left);
	entry_clear(entry);
	*entry = (struct store_entry){
		.tag = tag,
		.content = copy,
		.size = content.left,
	};
	return true;
}

bool
store_get(const struct store *store, uint32_t tag, struct span *content)
{
	const struct store_entry *entry = entry_find(store, tag);

	if (!entry)
		return false;
	*content = span_of(entry->content, entry->size);
	return true;
}

void
store_clear(struct store *store)
{
	for (size_t i = 0; i < STORE_ENTRIES; i++)
		entry_clear(&store->entries[i]);
}
