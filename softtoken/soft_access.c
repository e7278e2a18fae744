/* C_FindObjects to C_GenerateKeyPair on either kind of software token. */
#include "soft_made.h"
#include "soft_template.h"

enum { CHANGE_TRIES = 8 };

struct maker
maker_of(struct soft_token *t)
{
	return (struct maker){
		.token = t->shelf == &sealed_shelf,
		.asks = atomic_load(&soft_pin_owner(t)->store) != NULL,
		.login = soft_login_state(t),
	};
}

CK_RV
soft_get(struct soft_token *t, uint64_t id, struct item **item)
{
	CK_RV rv = t->shelf->get(t, id, item);

	if (rv != CKR_OK || !item_facts(*item)->private ||
	    soft_login_state(t) == LOGIN_USER)
		return rv;
	soft_unlock(t);
	return CKR_OBJECT_HANDLE_INVALID;
}

CK_RV
soft_search(struct token *token, struct template match, struct ids *found)
{
	struct soft_token *t = soft_of(token);

	return t->shelf->search(t, match, found);
}

static bool
has_nested(const CK_ATTRIBUTE *list, CK_ULONG count)
{
	for (CK_ULONG i = 0; i < count; i++) {
		if (attribute_nested(list[i].type))
			return true;
	}
	return false;
}

/* The last error tells; all attributes are answered (5.7.5). */
static CK_RV
one_by_one_answer(const struct attrs *attrs, CK_ATTRIBUTE *list, CK_ULONG count)
{
	CK_RV all = CKR_OK;

	for (CK_ULONG i = 0; i < count; i++) {
		struct cursor value = attrs_value(attrs, list[i].type);
		bool nested = attribute_form(list[i].type) == FORM_TEMPLATE &&
			      cursor_ok(&value);
		CK_RV rv = nested ? nested_answer(value, &list[i])
				  : attrs_answer(attrs, &list[i], 1);

		if (rv != CKR_OK)
			all = rv;
	}
	return all;
}

CK_RV
soft_attributes_get(struct token *token, uint64_t id, CK_ATTRIBUTE *list,
		    CK_ULONG count)
{
	struct soft_token *t = soft_of(token);
	struct item *item;
	CK_RV rv = soft_get(t, id, &item);

	if (rv != CKR_OK)
		return rv;
	rv = has_nested(list, count)
		     ? one_by_one_answer(&item->attrs, list, count)
		     : attrs_answer(&item->attrs, list, count);
	soft_unlock(t);
	return rv;
}

/* One try; CKR_OBJECT_HANDLE_INVALID also when somebody was faster. */
static CK_RV
change_try(struct soft_token *t, uint64_t id, struct template changes,
	   bool *there)
{
	struct maker maker = maker_of(t);
	struct attrs attrs = { NULL, 0, 0 };
	uint64_t version;
	struct item *item;
	CK_RV rv = soft_get(t, id, &item);

	*there = rv == CKR_OK;
	if (rv != CKR_OK)
		return rv;
	version = item->version;
	rv = attrs_copy(&attrs, &item->attrs);
	soft_unlock(t);
	if (rv == CKR_OK)
		rv = object_change(&maker, &attrs, changes);
	if (rv == CKR_OK)
		return t->shelf->change(t, id, version, &attrs);
	attrs_free(&attrs);
	return rv;
}

CK_RV
soft_attributes_set(struct token *token, uint64_t id, struct template changes)
{
	struct soft_token *t = soft_of(token);
	CK_RV rv = CKR_OBJECT_HANDLE_INVALID;
	bool there = true;

	for (int i = 0; rv == CKR_OBJECT_HANDLE_INVALID && there; i++) {
		if (i == CHANGE_TRIES)
			return CKR_FUNCTION_FAILED;
		rv = change_try(t, id, changes, &there);
	}
	return rv;
}

CK_RV
soft_create(struct token *token, struct template object, uint64_t *id)
{
	struct soft_token *t = soft_of(token);
	struct maker maker = maker_of(t);
	struct attrs attrs;
	CK_RV rv = object_make(&maker, object, &attrs);

	return rv == CKR_OK ? t->shelf->add(t, &attrs, 1, id) : rv;
}

/*
 * A session object always goes: the end of its session may come when the login
 * has ended before, and CKA_DESTROYABLE does not keep it from that end.
 */
CK_RV
soft_destroy(struct token *token, uint64_t id)
{
	struct soft_token *t = soft_of(token);
	bool destroyable;
	struct item *item;
	CK_RV rv;

	if (t->shelf == &memory_shelf)
		return t->shelf->remove(t, id);
	rv = soft_get(t, id, &item);
	if (rv != CKR_OK)
		return rv;
	destroyable = attrs_bool(&item->attrs, CKA_DESTROYABLE, true);
	soft_unlock(t);
	return destroyable ? t->shelf->remove(t, id) : CKR_ACTION_PROHIBITED;
}

CK_RV
soft_generate_pair(struct token *token, const CK_MECHANISM *mechanism,
		   struct template public_key, struct template private_key,
		   uint64_t *public_id, uint64_t *private_id)
{
	struct soft_token *t = soft_of(token);
	struct maker maker = maker_of(t);
	struct attrs pair[2];
	uint64_t ids[2];
	CK_RV rv = pair_make(&maker, mechanism, public_key, private_key, pair);

	if (rv == CKR_OK)
		rv = t->shelf->add(t, pair, 2, ids);
	if (rv != CKR_OK)
		return rv;
	*public_id = ids[0];
	*private_id = ids[1];
	return CKR_OK;
}
