/* Profile objects (4.13): all claims are true of all tokens of their kind. */
#include "profile.h"

#include "mem.h"
#include "object.h"

/* The OASIS profiles, 5.1, 5.3, 5.5; also the ids of the objects. */
static const struct {
	CK_PROFILE_ID id;
	const char *unique;
	bool card_only;
} claims[] = {
	{ CKP_BASELINE_PROVIDER, "profile 1", false },
	{ CKP_EXTENDED_PROVIDER, "profile 2", false },
	/* an application may make a software token's certificates private */
	{ CKP_PUBLIC_CERTIFICATES_TOKEN, "profile 4", true },
};
enum { CLAIMS = sizeof(claims) / sizeof(claims[0]) };

struct profiles {
	struct token token;
	bool card;
	struct attrs objects[CLAIMS];
};

static struct profiles *
profiles_of(struct token *t)
{
	return (struct profiles *)t;
}

static bool
is_claimed(const struct profiles *p, size_t which)
{
	return p->card || !claims[which].card_only;
}

static CK_RV
profiles_search(struct token *t, struct template match, struct ids *found)
{
	struct profiles *p = profiles_of(t);
	CK_RV rv = CKR_OK;
	size_t i;

	for (i = 0; i < CLAIMS && rv == CKR_OK; i++) {
		if (is_claimed(p, i) &&
		    attrs_match(&p->objects[i], match.list, match.count) ==
			    MATCH_YES)
			rv = ids_add(found, claims[i].id);
	}
	return rv;
}

static CK_RV
profiles_get(struct token *t, uint64_t id, CK_ATTRIBUTE *list, CK_ULONG count)
{
	struct profiles *p = profiles_of(t);
	size_t i;

	for (i = 0; i < CLAIMS; i++) {
		if (claims[i].id == id)
			return attrs_answer(&p->objects[i], list, count);
	}
	return CKR_OBJECT_HANDLE_INVALID;
}

static CK_RV
profiles_start(struct token *t, enum operation_kind kind,
	       const CK_MECHANISM *mechanism, const struct operation_key *key,
	       struct operation **operation)
{
	return CKR_KEY_HANDLE_INVALID;
}

static void
profiles_end(struct profiles *p)
{
	size_t i;

	for (i = 0; i < CLAIMS; i++)
		attrs_free(&p->objects[i]);
	mem_free(p, sizeof(*p));
}

static void
profiles_free(struct token *t)
{
	profiles_end(profiles_of(t));
}

static const struct token_ops profiles_ops = {
	.search = profiles_search,
	.attributes_get = profiles_get,
	.operation_start = profiles_start,
	.free = profiles_free,
};

/* As if it were stored, since clients name CKA_TOKEN when they search. */
static CK_RV
object_make(size_t which, struct attrs *a)
{
	CK_RV rv = attrs_set_ulong(a, CKA_CLASS, CKO_PROFILE);

	if (rv == CKR_OK)
		rv = attrs_set_bool(a, CKA_TOKEN, true);
	if (rv == CKR_OK)
		rv = attrs_set_bool(a, CKA_PRIVATE, false);
	if (rv == CKR_OK)
		rv = attrs_set_bool(a, CKA_MODIFIABLE, false);
	if (rv == CKR_OK)
		rv = attrs_set_bool(a, CKA_COPYABLE, false);
	if (rv == CKR_OK)
		rv = attrs_set_bool(a, CKA_DESTROYABLE, false);
	if (rv == CKR_OK)
		rv = attrs_set_text(a, CKA_UNIQUE_ID, claims[which].unique);
	if (rv == CKR_OK)
		rv = attrs_set_ulong(a, CKA_PROFILE_ID, claims[which].id);
	return rv;
}

struct token *
profiles_new(bool card)
{
	struct profiles *p = mem_new(sizeof(*p));
	CK_RV rv = CKR_OK;
	size_t i;

	if (p == NULL)
		return NULL;
	p->token.ops = &profiles_ops;
	p->token.references = 1;
	p->card = card;
	for (i = 0; i < CLAIMS && rv == CKR_OK; i++)
		rv = object_make(i, &p->objects[i]);
	if (rv == CKR_OK)
		return &p->token;
	profiles_end(p);
	return NULL;
}
