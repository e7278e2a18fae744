/* Data objects by tag, each a copy of its bytes. */
#ifndef TESTS_CARDS_STORE_H
#define TESTS_CARDS_STORE_H

#include "octets.h"

#define STORE_ENTRIES 64

struct store_entry {
	uint32_t tag;
	uint8_t *content; /* NULL: the place is free */
	size_t size;
};

struct store {
	struct store_entry entries[STORE_ENTRIES];
};

/* Stores a copy; no bytes delete the object. False when there is no room. */
bool store_put(struct store *store, uint32_t tag, struct span content);

bool store_get(const struct store *store, uint32_t tag, struct span *content);

void store_clear(struct store *store);

#endif
