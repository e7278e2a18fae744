/* C_FindObjects and its kin: a search is a list of ids, taken at its start. */
#include "activity.h"
#include "data.h"
#include "mem.h"
#include "module.h"

/* Who is asked: the token, the host token, and the token's profiles. */
enum side { TOKEN, HOST, PROFILES, SIDES };

struct search {
	struct ids found[SIDES];
	size_t at[SIDES];
	unsigned long logouts; /* of the token, when the search was made */
	bool busy;	       /* checked out by a call */
	bool dead;	       /* to be freed by that call */
};

static void
search_free(struct search *search)
{
	unsigned side;

	if (search == NULL)
		return;
	for (side = 0; side < SIDES; side++)
		ids_free(&search->found[side]);
	mem_free(search, sizeof(*search));
}

/* Checks the session's search out, as activity_take() does. */
static CK_RV
search_take(struct session *s, struct search **search)
{
	CK_RV rv = CKR_OK;

	lock_take(&s->lock);
	if (s->search == NULL)
		rv = CKR_OPERATION_NOT_INITIALIZED;
	else if (s->search->busy)
		rv = CKR_OPERATION_ACTIVE;
	if (rv == CKR_OK) {
		s->search->busy = true;
		*search = s->search;
	}
	lock_give(&s->lock);
	return rv;
}

static CK_RV
search_take_new(struct session *s, struct search **search)
{
	struct search *fresh = mem_new(sizeof(*fresh));
	CK_RV rv = CKR_OK;

	if (fresh == NULL)
		return CKR_HOST_MEMORY;
	fresh->busy = true;
	lock_take(&s->lock);
	if (s->closed)
		rv = CKR_SESSION_CLOSED;
	else if (s->search != NULL)
		rv = CKR_OPERATION_ACTIVE;
	else
		s->search = fresh;
	lock_give(&s->lock);
	if (rv != CKR_OK) {
		search_free(fresh);
		return rv;
	}
	*search = fresh;
	return CKR_OK;
}

/* Checks it in; for the last time when it is OVER or its session is. */
static void
search_give(struct session *s, struct search *search, bool over)
{
	lock_take(&s->lock);
	search->busy = false;
	if (over && !search->dead)
		s->search = NULL;
	over = over || search->dead;
	lock_give(&s->lock);
	if (over)
		search_free(search);
}

void
search_end(struct session *s)
{
	struct search *search;

	lock_take(&s->lock);
	search = s->search;
	s->search = NULL;
	if (search != NULL && search->busy) {
		search->dead = true;
		search = NULL;
	}
	lock_give(&s->lock);
	search_free(search);
}

CK_RV
search_cancel(struct session *s)
{
	struct search *search;
	CK_RV rv = search_take(s, &search);

	if (rv == CKR_OPERATION_NOT_INITIALIZED)
		return CKR_OK;
	if (rv == CKR_OPERATION_ACTIVE)
		return CKR_OPERATION_CANCEL_FAILED;
	search_give(s, search, true);
	return CKR_OK;
}

/* Token objects are the token's, session objects the host token's: a template
 * that names CKA_TOKEN saves one of the two its search. */
static CK_RV
search_run(struct presence *p, struct template match, struct search *search)
{
	const CK_ATTRIBUTE *named =
		template_find(match.list, match.count, CKA_TOKEN);
	bool token = false;
	CK_RV rv = template_bool(match.list, match.count, CKA_TOKEN, false,
				 &token);

	if (rv != CKR_OK)
		return rv;
	search->logouts = atomic_load(&p->logouts);
	if (named == NULL || token)
		rv = p->token->ops->search(p->token, match,
					   &search->found[TOKEN]);
	if (rv == CKR_OK && (named == NULL || !token))
		rv = p->host->ops->search(p->host, match, &search->found[HOST]);
	if (rv == CKR_OK && (named == NULL || token))
		rv = p->profiles->ops->search(p->profiles, match,
					      &search->found[PROFILES]);
	return rv;
}

CK_RV
C_FindObjectsInit(CK_SESSION_HANDLE session, CK_ATTRIBUTE *attributes,
		  CK_ULONG count)
{
	struct template match = { 0 };
	struct search *search;
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	rv = data_template(attributes, count, &match);
	if (rv == CKR_OK)
		rv = search_take_new(s, &search);
	if (rv != CKR_OK)
		return session_leave(__func__, s, rv);
	rv = search_run(s->presence, match, search);
	search_give(s, search, rv != CKR_OK);
	return session_leave(__func__, s, rv);
}

/* Somebody has logged out since: can this one still be seen? */
static bool
is_hidden(struct token *owner, uint64_t id)
{
	CK_OBJECT_CLASS class;
	CK_ATTRIBUTE attribute = { CKA_CLASS, &class, sizeof(class) };

	return owner->ops->attributes_get(owner, id, &attribute, 1) ==
	       CKR_OBJECT_HANDLE_INVALID;
}

/* The next object's handle; CKR_OK with none at the end. */
static CK_RV
search_next(struct presence *p, struct search *search, CK_OBJECT_HANDLE *handle)
{
	bool check = search->logouts != atomic_load(&p->logouts);
	unsigned side;

	for (side = 0; side < SIDES; side++) {
		struct ids *found = &search->found[side];

		while (search->at[side] < found->count) {
			struct object_ref ref = {
				.id = found->list[search->at[side]++],
				.host = side == HOST,
				.profile = side == PROFILES,
			};

			if (check && is_hidden(presence_owner(p, ref), ref.id))
				continue;
			return presence_give(p, ref, NULL, handle);
		}
	}
	*handle = CK_INVALID_HANDLE;
	return CKR_OK;
}

static CK_RV
search_step(struct presence *p, struct search *search,
	    CK_OBJECT_HANDLE *objects, CK_ULONG max, CK_ULONG *count)
{
	CK_ULONG given = 0;
	CK_RV rv = CKR_OK;

	while (given < max) {
		CK_OBJECT_HANDLE handle;

		rv = search_next(p, search, &handle);
		if (rv != CKR_OK || handle == CK_INVALID_HANDLE)
			break;
		objects[given++] = handle;
	}
	if (rv == CKR_OK)
		*count = given;
	return rv;
}

CK_RV
C_FindObjects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *object,
	      CK_ULONG max_count, CK_ULONG *count)
{
	struct search *search;
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	if (count == NULL || (object == NULL && max_count > 0))
		return session_leave(__func__, s, CKR_ARGUMENTS_BAD);
	rv = search_take(s, &search);
	if (rv != CKR_OK)
		return session_leave(__func__, s, rv);
	rv = search_step(s->presence, search, object, max_count, count);
	search_give(s, search, false);
	return session_leave(__func__, s, rv);
}

CK_RV
C_FindObjectsFinal(CK_SESSION_HANDLE session)
{
	struct search *search;
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	rv = search_take(s, &search);
	if (rv == CKR_OK)
		search_give(s, search, true);
	return session_leave(__func__, s, rv);
}
