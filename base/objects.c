/* A token's objects in the order of their ids, indexed by id and by CKA_ID. */
#include "object.h"

#include <stdlib.h>

#include "mem.h"

enum {
	IDS_FIRST = 16,
	BUCKETS_FIRST = 16, /* a power of two, as all that follow */
	BUCKET_LOAD = 2,    /* objects per bucket before there are more */
};

/* A place in a chain; LINK is what points here, so that it leaves at once. */
struct node;
struct chain {
	struct node *next;
	struct node **link;
};

enum index { BY_ID, BY_CKA_ID, INDEXES };

struct node {
	struct object object;
	struct node *before, *after;
	struct chain chains[INDEXES];
};

struct objects {
	struct node *first, *last;
	struct node *unread; /* those whose CKA_ID is not yet known */
	struct node **buckets[INDEXES];
	size_t bucket_count;
	size_t count;
	uint64_t last_id;
};

CK_RV
ids_add(struct ids *ids, uint64_t id)
{
	size_t room = ids->room == 0 ? IDS_FIRST : 2 * ids->room;
	uint64_t *list;

	if (ids->count == ids->room) {
		list = reallocarray(ids->list, room, sizeof(*list));
		if (list == NULL)
			return CKR_HOST_MEMORY;
		ids->list = list;
		ids->room = room;
	}
	ids->list[ids->count++] = id;
	return CKR_OK;
}

void
ids_free(struct ids *ids)
{
	if (ids == NULL)
		return;
	free(ids->list);
	*ids = (struct ids){ 0 };
}

static struct node **
bucket_of(const struct objects *o, enum index index, struct cursor key)
{
	return &o->buckets[index][cursor_hash(key) & (o->bucket_count - 1)];
}

static void
chain_join(struct node *node, enum index index, struct node **head)
{
	struct chain *chain = &node->chains[index];

	chain->next = *head;
	chain->link = head;
	if (*head != NULL)
		(*head)->chains[index].link = &chain->next;
	*head = node;
}

static void
chain_leave(struct node *node, enum index index)
{
	struct chain *chain = &node->chains[index];

	if (chain->link == NULL)
		return;
	*chain->link = chain->next;
	if (chain->next != NULL)
		chain->next->chains[index].link = chain->link;
	*chain = (struct chain){ 0 };
}

/* An object without CKA_ID is in no chain: nobody finds it by one. */
static void
index_cka_id(struct objects *o, struct node *node)
{
	const struct attr *attr = attrs_find(&node->object.attrs, CKA_ID);
	struct node **head;

	chain_leave(node, BY_CKA_ID);
	if (attr == NULL)
		return;
	head = attr->state == ATTR_UNREAD
		       ? &o->unread
		       : bucket_of(o, BY_CKA_ID,
				   cursor_of(attr->value, attr->size));
	chain_join(node, BY_CKA_ID, head);
}

static struct cursor
id_key(const uint64_t *id)
{
	return cursor_of(id, sizeof(*id));
}

static void
index_all(struct objects *o)
{
	for (struct node *n = o->first; n != NULL; n = n->after) {
		chain_leave(n, BY_ID);
		chain_join(n, BY_ID,
			   bucket_of(o, BY_ID, id_key(&n->object.id)));
		index_cka_id(o, n);
	}
}

static void
buckets_free(struct node **buckets[INDEXES])
{
	for (int i = 0; i < INDEXES; i++)
		free(buckets[i]);
}

/* Gives both indexes COUNT buckets. The old ones stand until all have left. */
static CK_RV
buckets_resize(struct objects *o, size_t count)
{
	struct node **old[INDEXES], **new[INDEXES];
	bool short_of = false;

	for (int i = 0; i < INDEXES; i++) {
		old[i] = o->buckets[i];
		new[i] = calloc(count, sizeof(*new[i]));
		short_of = short_of || new[i] == NULL;
	}
	if (short_of) {
		buckets_free(new);
		return CKR_HOST_MEMORY;
	}
	for (int i = 0; i < INDEXES; i++)
		o->buckets[i] = new[i];
	o->bucket_count = count;
	index_all(o);
	buckets_free(old);
	return CKR_OK;
}

struct objects *
objects_new(void)
{
	struct objects *o = mem_new(sizeof(*o));

	if (o == NULL)
		return NULL;
	if (buckets_resize(o, BUCKETS_FIRST) != CKR_OK) {
		free(o);
		return NULL;
	}
	return o;
}

static void
node_free(struct node *node, void (*free_key)(void *key))
{
	if (free_key != NULL && node->object.key != NULL)
		free_key(node->object.key);
	attrs_free(&node->object.attrs);
	free(node);
}

void
objects_free(struct objects *o, void (*free_key)(void *key))
{
	struct node *after;

	if (o == NULL)
		return;
	for (struct node *n = o->first; n != NULL; n = after) {
		after = n->after;
		node_free(n, free_key);
	}
	buckets_free(o->buckets);
	free(o);
}

CK_RV
objects_add(struct objects *o, struct attrs *attrs, struct object **object)
{
	struct node *node = mem_new(sizeof(*node));

	if (node == NULL)
		return CKR_HOST_MEMORY;
	if (o->count / BUCKET_LOAD >= o->bucket_count)
		/* short of memory, the chains just get longer */
		DROP(buckets_resize(o, 2 * o->bucket_count));
	node->object.id = ++o->last_id;
	node->object.attrs = *attrs;
	*attrs = (struct attrs){ 0 };
	node->before = o->last;
	if (o->last != NULL)
		o->last->after = node;
	else
		o->first = node;
	o->last = node;
	o->count++;
	chain_join(node, BY_ID, bucket_of(o, BY_ID, id_key(&node->object.id)));
	index_cka_id(o, node);
	*object = &node->object;
	return CKR_OK;
}

static struct node *
node_find(const struct objects *o, uint64_t id)
{
	struct node *n = *bucket_of(o, BY_ID, id_key(&id));

	while (n != NULL && n->object.id != id)
		n = n->chains[BY_ID].next;
	return n;
}

struct object *
objects_find(const struct objects *o, uint64_t id)
{
	struct node *node = node_find(o, id);

	return node == NULL ? NULL : &node->object;
}

CK_RV
objects_changed(struct objects *o, struct object *object)
{
	struct node *node = node_find(o, object->id);

	if (node == NULL)
		return CKR_OBJECT_HANDLE_INVALID;
	index_cka_id(o, node);
	return CKR_OK;
}

void
objects_remove(struct objects *o, uint64_t id, void (*free_key)(void *key))
{
	struct node *node = node_find(o, id);

	if (node == NULL)
		return;
	chain_leave(node, BY_ID);
	chain_leave(node, BY_CKA_ID);
	if (node->before != NULL)
		node->before->after = node->after;
	else
		o->first = node->after;
	if (node->after != NULL)
		node->after->before = node->before;
	else
		o->last = node->before;
	o->count--;
	node_free(node, free_key);
}

static CK_RV
search_node(const struct node *n, const CK_ATTRIBUTE *list, CK_ULONG count,
	    struct ids *found)
{
	if (attrs_match(&n->object.attrs, list, count) == MATCH_NO)
		return CKR_OK;
	return ids_add(found, n->object.id);
}

static CK_RV
search_chain(const struct node *n, const CK_ATTRIBUTE *list, CK_ULONG count,
	     struct ids *found)
{
	CK_RV rv = CKR_OK;

	for (; n != NULL && rv == CKR_OK; n = n->chains[BY_CKA_ID].next)
		rv = search_node(n, list, count, found);
	return rv;
}

static int
id_order(const void *a, const void *b)
{
	const uint64_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

/* The index knows no order, so what it found is put into that of the ids. */
static CK_RV
search_cka_id(const struct objects *o, const CK_ATTRIBUTE *list, CK_ULONG count,
	      struct ids *found)
{
	const CK_ATTRIBUTE *id = template_find(list, count, CKA_ID);
	struct cursor key = cursor_of(id->pValue, id->ulValueLen);
	size_t before = found->count;
	CK_RV rv;

	if (!cursor_ok(&key))
		return CKR_OK;
	rv = search_chain(*bucket_of(o, BY_CKA_ID, key), list, count, found);
	if (rv == CKR_OK)
		rv = search_chain(o->unread, list, count, found);
	if (found->count > before)
		qsort(found->list + before, found->count - before,
		      sizeof(*found->list), id_order);
	return rv;
}

CK_RV
objects_search(const struct objects *o, const CK_ATTRIBUTE *list,
	       CK_ULONG count, struct ids *found)
{
	CK_RV rv = CKR_OK;

	if (template_find(list, count, CKA_ID) != NULL)
		return search_cka_id(o, list, count, found);
	for (struct node *n = o->first; n != NULL && rv == CKR_OK; n = n->after)
		rv = search_node(n, list, count, found);
	return rv;
}
