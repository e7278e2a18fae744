/* Objects that cross between tokens: lent, adopted, copied. */
#include "soft_made.h"
#include "soft_template.h"

CK_RV
soft_lend(struct token *token, uint64_t id, struct attrs *object)
{
	struct soft_token *t = soft_of(token);
	struct attrs copy = { NULL, 0, 0 };
	struct item *item;
	CK_RV rv = soft_get(t, id, &item);

	if (rv != CKR_OK)
		return rv;
	rv = attrs_copy(&copy, &item->attrs);
	soft_unlock(t);
	if (rv == CKR_OK)
		*object = copy;
	else
		attrs_free(&copy);
	return rv;
}

/* Does it belong here, and may it come? */
static CK_RV
adoption_check(struct soft_token *t, const struct attrs *object)
{
	struct maker maker = maker_of(t);

	if (attrs_bool(object, CKA_TOKEN, false) != maker.token)
		return CKR_TEMPLATE_INCONSISTENT;
	if (attrs_bool(object, CKA_PRIVATE, true) && maker.login != LOGIN_USER)
		return CKR_USER_NOT_LOGGED_IN;
	return CKR_OK;
}

CK_RV
soft_adopt_objects(struct token *token, struct attrs *objects, size_t count,
		   uint64_t *ids)
{
	struct soft_token *t = soft_of(token);
	CK_RV rv = CKR_OK;

	for (size_t i = 0; rv == CKR_OK && i < count; i++)
		rv = adoption_check(t, &objects[i]);
	if (rv == CKR_OK)
		return t->shelf->add(t, objects, count, ids);
	for (size_t i = 0; i < count; i++)
		attrs_free(&objects[i]);
	return rv;
}

/* What a copy may have otherwise, although C_SetAttributeValue may not set it
 * (PKCS#11 3.2, 4.1.3). */
static bool
is_copys_own(CK_ATTRIBUTE_TYPE type)
{
	return type == CKA_TOKEN || type == CKA_PRIVATE ||
	       type == CKA_MODIFIABLE || type == CKA_DESTROYABLE;
}

static CK_RV
copy_check(const struct shape *shape, const struct attrs *from,
	   struct template changes, bool so)
{
	CK_RV rv = template_check(changes.list, changes.count);
	CK_BBOOL private = attrs_bool(from, CKA_PRIVATE, true);
	bool wanted;

	for (size_t i = 0; rv == CKR_OK && i < changes.count; i++) {
		const CK_ATTRIBUTE *a = &changes.list[i];

		rv = is_copys_own(a->type)
			     ? form_check(FORM_BOOL, a)
			     : shape_check_change(shape, from, a, 1, so);
	}
	if (rv == CKR_OK)
		rv = template_bool(changes.list, changes.count, CKA_PRIVATE,
				   private, &wanted);
	/* what was hidden does not come out */
	if (rv == CKR_OK && private && !wanted)
		rv = CKR_TEMPLATE_INCONSISTENT;
	return rv;
}

CK_RV
soft_copy(struct token *token, uint64_t id, struct template changes,
	  struct attrs *object)
{
	struct maker maker = maker_of(soft_of(token));
	struct attrs copy = { NULL, 0, 0 };
	const struct shape *shape;
	CK_RV rv = soft_lend(token, id, &copy);

	if (rv != CKR_OK)
		return rv;
	shape = shape_of_attrs(&copy);
	if (!shape)
		rv = CKR_FUNCTION_FAILED;
	else if (!attrs_bool(&copy, CKA_COPYABLE, true))
		rv = CKR_ACTION_PROHIBITED;
	if (rv == CKR_OK)
		rv = copy_check(shape, &copy, changes, maker.login == LOGIN_SO);
	if (rv == CKR_OK)
		rv = attributes_put(&copy, changes);
	if (rv == CKR_OK)
		rv = unique_id_set(&copy);
	if (rv == CKR_OK)
		*object = copy;
	else
		attrs_free(&copy);
	return rv;
}
