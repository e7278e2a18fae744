/* A table from numbers to pointers, in constant time. */
#ifndef SIGNET_TABLE_H
#define SIGNET_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "cryptoki.h"
#include "must_check.h"

struct table_row {
	uint64_t key;
	void *value; /* NULL: the row is free */
};

/* Zero-initialised is empty. It grows, and never shrinks. */
struct table {
	struct table_row *rows;
	size_t room; /* a power of two, or 0 */
	size_t count;
};

/* The value is not NULL and the key not yet there. CKR_HOST_MEMORY. */
CK_RV table_put(struct table *t, uint64_t key, void *value) MUST_CHECK;
/* The value, or NULL. */
void *table_get(const struct table *t, uint64_t key);
/* Takes it out and gives it, or NULL. */
void *table_take(struct table *t, uint64_t key);
/* Walks all values from *ROW on, which begins as 0; NULL at the end. */
void *table_next(const struct table *t, size_t *row);
/* Frees the rows, not what the values point to. */
void table_free(struct table *t);

#endif
