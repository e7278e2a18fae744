/* The shelf of a stored token: rows of its file, with a cache before them. */
#include "rowed.h"
#include "soft_token.h"

enum {
	CACHE_MAX = 1024, /* objects in memory */
	OPENED_MAX = 64,  /* a search that the index answers opens no more */
	LOAD_TRIES = 64,  /* against other threads' changes */
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
		rv = row_open(ring, &row, (struct template){ NULL, 0 }, attrs);
	if (rv == CKR_OK)
		*version = row.version;
	builder_free(&bytes);
	/* who cannot open it does not know that it is there */
	return rv == CKR_USER_NOT_LOGGED_IN ? CKR_OBJECT_HANDLE_INVALID : rv;
}

static CK_RV
version_load(struct store *s, uint64_t id, uint64_t *version)
{
	CK_RV rv = store_begin(s, STORE_READ);

	if (rv == CKR_OK)
		rv = store_end(s, store_row_version(s, id, version));
	if (rv == CKR_OK && *version == 0)
		rv = CKR_OBJECT_HANDLE_INVALID;
	return rv;
}

static bool
has_key(const struct item *item)
{
	return item->key != NULL || item->cipher != NULL;
}

/* With the lock. */
static CK_RV
cache_put(struct soft_token *t, uint64_t id, uint64_t version, uint64_t epoch,
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
	item->epoch = epoch;
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
	CK_RV rv = CKR_OK;

	if (seen->cached)
		rv = version_load(s, id, &version);
	if (rv == CKR_OK && (!seen->cached || version != seen->version))
		rv = row_load(s, seen->ring, id, &version, &attrs);
	soft_lock(t);
	item = items_find(&t->items, id);
	if (t->changes != seen->changes)
		rv = CKR_OK;
	else if (rv != CKR_OK)
		items_remove(&t->items, id);
	else if (attrs.count > 0)
		rv = cache_put(t, id, version, seen->epoch, &attrs);
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

/* A search under way. */
struct search {
	struct template match;
	struct row_match index;
	struct ring *ring;
	struct ids candidates;
	/* the only candidate's row, of the same moment as the search */
	bool read;
	struct row row;
	struct builder bytes;
};

/* With the lock: the object, if the cache has it and it is fresh. */
static struct item *
cache_peek(struct soft_token *t, uint64_t id)
{
	struct item *item = items_find(&t->items, id);

	return item && item->epoch == t->epoch ? item : NULL;
}

/* The rows that the index offers, and a look at what else is new. */
static CK_RV
search_rows(struct soft_token *t, struct store *s, struct search *search)
{
	struct ids *found = &search->candidates;
	struct look look;
	uint64_t known;
	CK_RV rv;

	soft_lock(t);
	known = t->data_version;
	soft_unlock(t);
	rv = look_read(s, known, &look);
	if (rv == CKR_OK)
		rv = store_row_search(s, &search->index, found);
	if (rv != CKR_OK)
		return rv;
	soft_lock(t);
	look_apply(t, &look);
	search->read = found->count == 1 && !cache_peek(t, found->list[0]);
	soft_unlock(t);
	if (search->read)
		rv = store_row_read(s, found->list[0], &search->row,
				    &search->bytes);
	return rv;
}

/* Opens no more of a row than the search is for. */
static bool
row_matches(struct search *search)
{
	struct template all = { NULL, 0 };
	struct attrs attrs = { NULL, 0, 0 };
	bool fine;

	/* a row that does not open was logged; for a search it is not there */
	fine = row_open(search->ring, &search->row,
			search->index.whole ? search->match : all,
			&attrs) == CKR_OK &&
	       match_now(&attrs, search->match);
	attrs_free(&attrs);
	return fine;
}

/* Does the object behind one row of the index match, blob and all? */
static bool
candidate_matches(struct soft_token *t, struct search *search, uint64_t id,
		  bool known)
{
	struct store *s = atomic_load(&t->store);
	struct item *item;
	bool cached, fine = false;

	soft_lock(t);
	item = cache_peek(t, id);
	cached = item != NULL;
	if (item)
		fine = match_now(&item->attrs, search->match);
	soft_unlock(t);
	if (cached || known)
		return cached ? fine : known;
	if (!search->read) {
		builder_free(&search->bytes);
		if (store_begin(s, STORE_READ) != CKR_OK ||
		    store_end(s, store_row_read(s, id, &search->row,
						&search->bytes)) != CKR_OK)
			return false;
	}
	return row_matches(search);
}

static CK_RV
search_run(struct soft_token *t, struct search *search, struct ids *found)
{
	struct store *s = atomic_load(&t->store);
	struct ids *candidates = &search->candidates;
	bool all = search->match.count == 0, known;
	CK_RV rv = store_begin(s, STORE_SNAPSHOT);

	if (rv == CKR_OK)
		rv = store_end(s, search_rows(t, s, search));
	known = search->index.whole && candidates->count > OPENED_MAX;
	for (size_t i = 0; rv == CKR_OK && i < candidates->count; i++) {
		uint64_t id = candidates->list[i];

		if (all || candidate_matches(t, search, id, known))
			rv = ids_add(found, id);
	}
	return rv;
}

static CK_RV
sealed_search(struct soft_token *t, struct template match, struct ids *found)
{
	struct search search = {
		.match = match,
		.ring = soft_ring(t),
		.bytes = builder_heap(STORE_BLOB_MAX),
	};
	struct builder tag = builder_heap(64);
	CK_RV rv = CKR_OK;

	if (atomic_load(&t->store) &&
	    row_match_of(search.ring, match.list, match.count, &tag,
			 &search.index)) {
		search.index.public_only = soft_login_state(t) != LOGIN_USER;
		rv = search_run(t, &search, found);
	}
	ids_free(&search.candidates);
	builder_free(&search.bytes);
	builder_free(&tag);
	ring_unref(search.ring);
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
