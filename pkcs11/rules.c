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

/* CKR_TOKEN_WRITE_PROTECTED "has higher priority than CKR_SESSION_READ_ONLY"
 * (5.1.6), and lets only R/O sessions be (5.6.1). */
CK_RV
writing_check(struct session *s)
{
	struct token *t = s->presence->token;
	CK_TOKEN_INFO info = { 0 };

	if (s->rw)
		return CKR_OK;
	if (t->ops->info(t, &info) == CKR_OK &&
	    (info.flags & CKF_WRITE_PROTECTED))
		return CKR_TOKEN_WRITE_PROTECTED;
	return CKR_SESSION_READ_ONLY;
}

CK_RV
making_check(struct session *s, const struct making *making)
{
	CK_RV rv = making->token ? writing_check(s) : CKR_OK;

	if (rv != CKR_OK)
		return rv;
	if (making->private && !may_be_private(s, making))
		return CKR_USER_NOT_LOGGED_IN;
	return CKR_OK;
}

CK_RV
change_check(struct session *s, struct object_ref ref)
{
	return ref.host ? CKR_OK : writing_check(s);
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
