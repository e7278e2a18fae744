/* Which session may make, change and see what: rules of all object calls. */
#include "rules.h"

CK_RV
making_read(struct template template, CK_OBJECT_CLASS class,
	    struct making *making)
{
	CK_RV rv = template_ulong(template.list, template.count, CKA_CLASS,
				  class, &class);
	bool private = class == CKO_PRIVATE_KEY || class == CKO_SECRET_KEY;

	if (rv == CKR_OK)
		rv = template_bool(template.list, template.count, CKA_TOKEN,
				   false, &making->token);
	if (rv == CKR_OK)
		rv = template_bool(template.list, template.count, CKA_PRIVATE,
				   private, &making->private);
	return rv;
}

/* The SO may bring private keys to a card, whose user sees them later. */
static bool
may_be_private(struct session *s, const struct making *making)
{
	switch (presence_login_state(s->presence)) {
	case LOGIN_USER:
		return true;
	case LOGIN_SO:
		return making->token && !s->presence->software;
	case LOGIN_NONE:
		break;
	}
	return false;
}

CK_RV
making_check(struct session *s, const struct making *making)
{
	if (making->token && !s->rw)
		return CKR_SESSION_READ_ONLY;
	if (making->private && !may_be_private(s, making))
		return CKR_USER_NOT_LOGGED_IN;
	return CKR_OK;
}

CK_RV
change_check(struct session *s, struct object_ref ref)
{
	return ref.host || s->rw ? CKR_OK : CKR_SESSION_READ_ONLY;
}

struct token *
making_owner(struct session *s, const struct making *making)
{
	return making->token ? s->presence->token : s->presence->host;
}

CK_RV
making_handle(struct session *s, const struct making *making, uint64_t id,
	      CK_OBJECT_HANDLE *handle)
{
	struct object_ref ref = { .id = id, .host = !making->token };
	struct token *owner = making_owner(s, making);
	CK_RV rv = handles_give(&s->presence->handles, ref,
				ref.host ? &s->objects : NULL, handle);

	if (rv != CKR_OK && owner->ops->destroy != NULL)
		(void)owner->ops->destroy(owner, id);
	return rv;
}
