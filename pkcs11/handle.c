/* Object handles: two tables over one entry, found from either side. */
#include "handle.h"

#include "mem.h"
#include "module.h"

struct handle {
	CK_OBJECT_HANDLE handle;
	struct object_ref ref;
	unsigned long logouts; /* when it was given or proven last */
	struct owned *owner;   /* of a session object */
	struct handle *next, *previous;
};

static struct table *
table_of(struct handles *h, struct object_ref ref)
{
	return &h->by_id[ref.profile ? 2 : ref.host];
}

void
handles_new(struct handles *h)
{
	*h = (struct handles){ .logouts = 1 };
	lock_new(&h->lock);
}

void
handles_free(struct handles *h)
{
	size_t row = 0;
	struct handle *entry;

	while ((entry = table_next(&h->by_handle, &row)) != NULL)
		mem_free(entry, sizeof(*entry));
	table_free(&h->by_handle);
	table_free(&h->by_id[0]);
	table_free(&h->by_id[1]);
	table_free(&h->by_id[2]);
	lock_free(&h->lock);
}

static void
entry_own(struct handle *entry, struct owned *owner)
{
	entry->owner = owner;
	entry->next = owner->first;
	if (owner->first != NULL)
		owner->first->previous = entry;
	owner->first = entry;
}

static void
entry_disown(struct handle *entry)
{
	if (entry->owner == NULL)
		return;
	if (entry->previous != NULL)
		entry->previous->next = entry->next;
	else
		entry->owner->first = entry->next;
	if (entry->next != NULL)
		entry->next->previous = entry->previous;
}

static void
entry_free(struct handles *h, struct handle *entry)
{
	entry_disown(entry);
	(void)table_take(&h->by_handle, entry->handle);
	(void)table_take(table_of(h, entry->ref), entry->ref.id);
	mem_free(entry, sizeof(*entry));
}

static struct handle *
entry_new(struct handles *h, struct object_ref ref)
{
	struct handle *entry = mem_new(sizeof(*entry));

	if (entry == NULL)
		return NULL;
	entry->handle = module_handle();
	entry->ref = ref;
	entry->logouts = h->logouts;
	if (table_put(&h->by_handle, entry->handle, entry) != CKR_OK) {
		mem_free(entry, sizeof(*entry));
		return NULL;
	}
	if (table_put(table_of(h, ref), ref.id, entry) != CKR_OK) {
		(void)table_take(&h->by_handle, entry->handle);
		mem_free(entry, sizeof(*entry));
		return NULL;
	}
	return entry;
}

static CK_RV
give(struct handles *h, struct object_ref ref, struct owned *owner,
     CK_OBJECT_HANDLE *handle)
{
	struct handle *entry = table_get(table_of(h, ref), ref.id);

	if (owner != NULL && owner->closed)
		return CKR_SESSION_CLOSED;
	if (entry == NULL)
		entry = entry_new(h, ref);
	if (entry == NULL)
		return CKR_HOST_MEMORY;
	/* another session may have found it before its maker came here */
	if (owner != NULL && entry->owner == NULL)
		entry_own(entry, owner);
	*handle = entry->handle;
	return CKR_OK;
}

CK_RV
handles_give(struct handles *h, struct object_ref ref, struct owned *owner,
	     CK_OBJECT_HANDLE *handle)
{
	CK_RV rv;

	lock_take(&h->lock);
	rv = give(h, ref, owner, handle);
	lock_give(&h->lock);
	return rv;
}

bool
handles_find(struct handles *h, CK_OBJECT_HANDLE handle, struct object_ref *ref,
	     unsigned long *due)
{
	struct handle *entry;

	lock_take(&h->lock);
	entry = table_get(&h->by_handle, handle);
	if (entry != NULL) {
		*ref = entry->ref;
		*due = entry->logouts == h->logouts ? 0 : h->logouts;
	}
	lock_give(&h->lock);
	return entry != NULL;
}

void
handles_prove(struct handles *h, CK_OBJECT_HANDLE handle, unsigned long due)
{
	struct handle *entry;

	lock_take(&h->lock);
	entry = table_get(&h->by_handle, handle);
	if (entry != NULL)
		entry->logouts = due;
	lock_give(&h->lock);
}

void
handles_logout(struct handles *h)
{
	lock_take(&h->lock);
	h->logouts++;
	lock_give(&h->lock);
}

void
handles_drop_object(struct handles *h, struct object_ref ref)
{
	struct handle *entry;

	lock_take(&h->lock);
	entry = table_get(table_of(h, ref), ref.id);
	if (entry != NULL)
		entry_free(h, entry);
	lock_give(&h->lock);
}

void
handles_drop(struct handles *h, CK_OBJECT_HANDLE handle)
{
	struct handle *entry;

	lock_take(&h->lock);
	entry = table_get(&h->by_handle, handle);
	if (entry != NULL)
		entry_free(h, entry);
	lock_give(&h->lock);
}

CK_RV
handles_list(struct handles *h, struct ids *list)
{
	size_t row = 0;
	struct handle *entry;
	CK_RV rv = CKR_OK;

	lock_take(&h->lock);
	while (rv == CKR_OK &&
	       (entry = table_next(&h->by_handle, &row)) != NULL)
		rv = ids_add(list, entry->handle);
	lock_give(&h->lock);
	return rv;
}

bool
handles_disown(struct handles *h, struct owned *owner, struct object_ref *ref)
{
	struct handle *entry;

	lock_take(&h->lock);
	owner->closed = true;
	entry = owner->first;
	if (entry != NULL) {
		*ref = entry->ref;
		entry_free(h, entry);
	}
	lock_give(&h->lock);
	return entry != NULL;
}
