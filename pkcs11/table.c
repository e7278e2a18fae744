/* A hash table with linear probing, without tombstones. */
#include "table.h"

#include <assert.h>

#include "mem.h"

enum { ROOM_FIRST = 16 };

/* Where the search for a key begins. Keys are counters: spread them. */
static size_t
home(const struct table *t, uint64_t key)
{
	return (size_t)((key * 0x9e3779b97f4a7c15u) >> 32) & (t->room - 1);
}

static size_t
after(const struct table *t, size_t row)
{
	return (row + 1) & (t->room - 1);
}

/* The row of the key, or the free one where it would be. */
static struct table_row *
row_of(const struct table *t, uint64_t key)
{
	size_t row = home(t, key);

	while (t->rows[row].value != NULL && t->rows[row].key != key)
		row = after(t, row);
	return &t->rows[row];
}

static CK_RV
grow(struct table *t)
{
	size_t room = t->room == 0 ? ROOM_FIRST : t->room * 2;
	struct table bigger = { .room = room, .count = t->count };
	size_t row;

	bigger.rows = mem_new(room * sizeof(*bigger.rows));
	if (bigger.rows == NULL)
		return CKR_HOST_MEMORY;
	for (row = 0; row < t->room; row++) {
		if (t->rows[row].value != NULL)
			*row_of(&bigger, t->rows[row].key) = t->rows[row];
	}
	table_free(t);
	*t = bigger;
	return CKR_OK;
}

CK_RV
table_put(struct table *t, uint64_t key, void *value)
{
	struct table_row *row;

	assert(value != NULL);
	/* three quarters full at most, so that a probe ends soon */
	if (t->count >= t->room / 4 * 3 && grow(t) != CKR_OK)
		return CKR_HOST_MEMORY;
	row = row_of(t, key);
	assert(row->value == NULL);
	row->key = key;
	row->value = value;
	t->count++;
	return CKR_OK;
}

void *
table_get(const struct table *t, uint64_t key)
{
	return t->room == 0 ? NULL : row_of(t, key)->value;
}

/* Closes the gap at HOLE, so that no later row is cut off from its home. */
static void
close_gap(struct table *t, size_t hole)
{
	size_t row;

	for (row = after(t, hole); t->rows[row].value != NULL;
	     row = after(t, row)) {
		size_t from = home(t, t->rows[row].key);

		/* does the hole lie between its home and where it is? */
		if (((row - from) & (t->room - 1)) <
		    ((row - hole) & (t->room - 1)))
			continue;
		t->rows[hole] = t->rows[row];
		hole = row;
	}
	t->rows[hole].value = NULL;
}

void *
table_take(struct table *t, uint64_t key)
{
	struct table_row *row;
	void *value;

	if (t->room == 0)
		return NULL;
	row = row_of(t, key);
	value = row->value;
	if (value == NULL)
		return NULL;
	t->count--;
	close_gap(t, (size_t)(row - t->rows));
	return value;
}

void *
table_next(const struct table *t, size_t *row)
{
	while (*row < t->room) {
		void *value = t->rows[(*row)++].value;

		if (value != NULL)
			return value;
	}
	return NULL;
}

void
table_free(struct table *t)
{
	mem_free(t->rows, t->room * sizeof(*t->rows));
	*t = (struct table){ 0 };
}
