/* The shelf of a stored token: rows of its file, with a cache before them. */
#include "rowed.h"
#include "soft_token.h"

enum {
	CACHE_MAX = 1024,  /* objects in memory */
	CACHE_SEARCH = 64, /* a search with more results fills no cache */
	LOAD_TRIES = 64,   /* against other threads' changes */
};

/* The object as its row tells it now. */
static CK_RV
row_load(struct store *s, struct ring *ring, uint64_t id, uint64_t *version,
	 struct attrs *attrs)
{
	struct builder bytes = builder_heap(STORE_BLOB_MAX);
	struct row row;
	CK_RV rv = store_begin(s, STORE_READ);

	if (rv == CKR_OK)
		rv = store_end(s, store_row_read(s, id, &row, &bytes));
	if (rv == CKR_OK)
		rv = row_open(ring, &row, attrs);
	if (rv == CKR_OK)
		*version = row.version;
	builder_free(&bytes);
	/* who cannot open it does not know that it is there */
	return rv == CKR_USER_NOT_LOGGED_IN ? CKR_OBJECT_HANDLE_INVALID : rv;
}

static bool
has_key(const struct item *item)
{
	return item->key != NULL;
}

/* With the lock. */
static CK_RV
cache_put(struct soft_token *t, uint64_t id, uint64_t version,
	  struct attrs *attrs)
{
	struct item *item;

	if (t->items.count >= CACHE_MAX)
		items_clear(&t->items, has_key);
	if (t->items.count >= CACHE_MAX)
		items_clear(&t->items, NULL);
	items_remove(&t->items, id);
	item = item_new(id, version, attrs);
	if (!item)
		return CKR_HOST_MEMORY;
	item->epoch = t->epoch;
	return items_add(&t->items, item);
}

/* What a thread saw before it let the lock go to read the store. */
struct seen {
	uint64_t changes, epoch, version;
	bool cached;
	struct ring *ring;
};

/* With the lock: the object, if the cache has it and it is fresh. */
static struct item *
cache_get(struct soft_token *t, uint64_t id, struct seen *seen)
{
	struct item *item;

	look_now(t, false);
	item = items_find(&t->items, id);
	if (item && item->epoch == t->epoch)
		return item;
	seen->changes = t->changes;
	seen->epoch = t->epoch;
	seen->cached = item != NULL;
	seen->version = item ? item->version : 0;
	seen->ring = ring_ref(t->ring);
	return NULL;
}

/* Brings the cache up to date without the lock. CKR_OK also when other threads
 * changed too much meanwhile: the caller looks again. */
static CK_RV
cache_fill(struct soft_token *t, uint64_t id, const struct seen *seen)
{
	struct attrs attrs = { NULL, 0, 0 };
	struct store *s = atomic_load(&t->store);
	struct item *item;
	uint64_t version = 0;
	CK_RV rv = store_begin(s, STORE_READ);

	if (rv == CKR_OK)
		rv = store_end(s, store_row_version(s, id, &version));
	if (rv == CKR_OK && version == 0)
		rv = CKR_OBJECT_HANDLE_INVALID;
	if (rv == CKR_OK && (!seen->cached || version != seen->version))
		rv = row_load(s, seen->ring, id, &version, &attrs);
	soft_lock(t);
	item = items_find(&t->items, id);
	if (t->changes != seen->changes)
		rv = CKR_OK;
	else if (rv != CKR_OK)
		items_remove(&t->items, id);
	else if (attrs.count > 0)
		rv = cache_put(t, id, version, &attrs);
	else if (item && item->version == version)
		item->epoch = seen->epoch;
	soft_unlock(t);
	attrs_free(&attrs);
	return rv;
}

static CK_RV
sealed_get(struct soft_token *t, uint64_t id, struct item **item)
{
	CK_RV rv = CKR_OK;

	if (!atomic_load(&t->store))
		return CKR_OBJECT_HANDLE_INVALID;
	for (int i = 0; rv == CKR_OK && i < LOAD_TRIES; i++) {
		struct seen seen;

		soft_lock(t);
		*item = cache_get(t, id, &seen);
		if (*item)
			return CKR_OK;
		soft_unlock(t);
		rv = cache_fill(t, id, &seen);
		ring_unref(seen.ring);
	}
	return rv == CKR_OK ? CKR_FUNCTION_FAILED : rv;
}

static bool
match_now(const struct attrs *attrs, struct template match)
{
	return attrs_match(attrs, match.list, match.count) == MATCH_YES;
}

/* Does the object behind one row of the index match, blob and all? */
static bool
candidate_matches(struct soft_token *t, struct ring *ring, uint64_t id,
		  struct template match, bool keep)
{
	struct attrs attrs = { NULL, 0, 0 };
	struct item *item;
	uint64_t version;
	bool fine;

	/* a row that does not open was logged; for a search it is not there */
	if (keep) {
		if (sealed_get(t, id, &item) != CKR_OK)
			return false;
		fine = match_now(&item->attrs, match);
		soft_unlock(t);
		return fine;
	}
	fine = row_load(atomic_load(&t->store), ring, id, &version, &attrs) ==
		       CKR_OK &&
	       match_now(&attrs, match);
	attrs_free(&attrs);
	return fine;
}

/* The rows that the index offers, and a look at what else is new. */
static CK_RV
candidates_find(struct soft_token *t, const struct row_match *match,
		struct ids *candidates)
{
	struct store *s = atomic_load(&t->store);
	struct look look;
	uint64_t known;
	CK_RV rv;

	soft_lock(t);
	known = t->data_version;
	soft_unlock(t);
	rv = store_begin(s, STORE_READ);
	if (rv != CKR_OK)
		return rv;
	rv = look_read(s, known, &look);
	if (rv == CKR_OK)
		rv = store_row_search(s, match, candidates);
	rv = store_end(s, rv);
	if (rv == CKR_OK) {
		soft_lock(t);
		look_apply(t, &look);
		soft_unlock(t);
	}
	return rv;
}

static CK_RV
sealed_search(struct soft_token *t, struct template match, struct ids *found)
{
	struct ids candidates = { NULL, 0, 0 };
	struct builder tag = builder_heap(64);
	struct ring *ring = soft_ring(t);
	struct row_match index;
	CK_RV rv = CKR_OK;

	if (!atomic_load(&t->store) ||
	    !row_match_of(ring, match.list, match.count, &tag, &index))
		goto out;
	index.public_only = soft_login_state(t) != LOGIN_USER;
	rv = candidates_find(t, &index, &candidates);
	for (size_t i = 0; rv == CKR_OK && i < candidates.count; i++) {
		uint64_t id = candidates.list[i];

		if (match.count == 0 ||
		    candidate_matches(t, ring, id, match,
				      candidates.count <= CACHE_SEARCH))
			rv = ids_add(found, id);
	}
out:
	ids_free(&candidates);
	builder_free(&tag);
	ring_unref(ring);
	return rv;
}

static CK_RV
rows_insert(struct store *s, struct ring *ring, const struct attrs *objects,
	    size_t count, uint64_t *ids)
{
	uint64_t first;
	CK_RV rv = store_ids(s, count, &first);

	for (size_t i = 0; rv == CKR_OK && i < count; i++) {
		struct rowed r;

		ids[i] = first + i;
		rv = rowed_make(ring, ids[i], 1, &objects[i], &r);
		if (rv == CKR_OK)
			rv = store_row_insert(s, &r.row);
		rowed_free(&r);
	}
	return rv;
}

static CK_RV
sealed_add(struct soft_token *t, struct attrs *objects, size_t count,
	   uint64_t *ids)
{
	struct store *s = atomic_load(&t->store);
	struct ring *ring = soft_ring(t);
	CK_RV rv = CKR_TOKEN_NOT_RECOGNIZED;

	if (s)
		rv = store_begin(s, STORE_WRITE);
	if (rv == CKR_OK) {
		rv = generation_check(t, s);
		if (rv == CKR_OK)
			rv = rows_insert(s, ring, objects, count, ids);
		rv = store_end(s, rv);
	}
	for (size_t i = 0; i < count; i++)
		attrs_free(&objects[i]);
	ring_unref(ring);
	return rv;
}

/* What was loaded before is stale; what is being loaded is, too. */
static void
cache_drop(struct soft_token *t, uint64_t id)
{
	soft_lock(t);
	items_remove(&t->items, id);
	t->changes++;
	soft_unlock(t);
}

static CK_RV
sealed_change(struct soft_token *t, uint64_t id, uint64_t version,
	      struct attrs *attrs)
{
	struct store *s = atomic_load(&t->store);
	struct ring *ring = soft_ring(t);
	struct rowed r;
	CK_RV rv = rowed_make(ring, id, version + 1, attrs, &r);

	if (rv == CKR_OK)
		rv = store_begin(s, STORE_WRITE);
	if (rv == CKR_OK) {
		rv = generation_check(t, s);
		if (rv == CKR_OK)
			rv = store_row_replace(s, &r.row);
		rv = store_end(s, rv);
	}
	if (rv == CKR_OK || rv == CKR_OBJECT_HANDLE_INVALID)
		cache_drop(t, id);
	rowed_free(&r);
	attrs_free(attrs);
	ring_unref(ring);
	return rv;
}

static CK_RV
sealed_remove(struct soft_token *t, uint64_t id)
{
	struct store *s = atomic_load(&t->store);
	CK_RV rv = store_begin(s, STORE_WRITE);

	if (rv != CKR_OK)
		return rv;
	rv = store_end(s, store_row_remove(s, id));
	if (rv == CKR_OK || rv == CKR_OBJECT_HANDLE_INVALID)
		cache_drop(t, id);
	return rv;
}

const struct shelf sealed_shelf = {
	.get = sealed_get,
	.search = sealed_search,
	.add = sealed_add,
	.change = sealed_change,
	.remove = sealed_remove,
};
