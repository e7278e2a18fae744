/* The shelf of a host token: session objects, in memory only. */
#include "soft_token.h"

static CK_RV
memory_get(struct soft_token *t, uint64_t id, struct item **item)
{
	soft_lock(t);
	*item = items_find(&t->items, id);
	if (*item)
		return CKR_OK;
	soft_unlock(t);
	return CKR_OBJECT_HANDLE_INVALID;
}

static bool
item_shown(const struct item *item, const void *context)
{
	const bool *user = context;

	return *user || !attrs_bool(&item->attrs, CKA_PRIVATE, true);
}

static CK_RV
memory_search(struct soft_token *t, struct template match, struct ids *found)
{
	bool user = soft_login_state(t) == LOGIN_USER;
	CK_RV rv;

	soft_lock(t);
	rv = items_search(&t->items, match, item_shown, &user, found);
	soft_unlock(t);
	return rv;
}

static CK_RV
memory_add(struct soft_token *t, struct attrs *objects, size_t count,
	   uint64_t *ids)
{
	struct item *item;
	CK_RV rv = CKR_OK;
	size_t done;

	soft_lock(t);
	for (done = 0; done < count; done++) {
		item = item_new(t->next_id, 1, &objects[done]);
		rv = item ? items_add(&t->items, item) : CKR_HOST_MEMORY;
		if (rv != CKR_OK)
			break;
		ids[done] = t->next_id++;
	}
	if (rv != CKR_OK) {
		while (done > 0)
			items_remove(&t->items, ids[--done]);
	}
	soft_unlock(t);
	for (size_t i = 0; i < count; i++)
		attrs_free(&objects[i]);
	return rv;
}

static CK_RV
memory_change(struct soft_token *t, uint64_t id, uint64_t version,
	      struct attrs *attrs)
{
	struct attrs old = *attrs;
	struct item *item;
	CK_RV rv = CKR_OBJECT_HANDLE_INVALID;

	soft_lock(t);
	item = items_find(&t->items, id);
	if (item && item->version == version) {
		old = item->attrs;
		item->attrs = *attrs;
		item->facts.known = false;
		items_changed(&t->items, item);
		item->version++;
		rv = CKR_OK;
	}
	soft_unlock(t);
	*attrs = (struct attrs){ NULL, 0, 0 };
	attrs_free(&old);
	return rv;
}

static CK_RV
memory_remove(struct soft_token *t, uint64_t id)
{
	bool there;

	soft_lock(t);
	there = items_find(&t->items, id) != NULL;
	items_remove(&t->items, id);
	soft_unlock(t);
	return there ? CKR_OK : CKR_OBJECT_HANDLE_INVALID;
}

const struct shelf memory_shelf = {
	.get = memory_get,
	.search = memory_search,
	.add = memory_add,
	.change = memory_change,
	.remove = memory_remove,
};
