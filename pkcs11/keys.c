/* C_GenerateKey (5.18.1). */
#include "data.h"
#include "mechanism.h"
#include "module.h"
#include "rules.h"
#include "session.h"

static CK_RV
generate(struct session *s, const CK_MECHANISM *mechanism,
	 struct template template, CK_OBJECT_HANDLE *key)
{
	struct making making = { 0 };
	struct token *owner;
	uint64_t id;
	CK_RV rv = data_mechanism(mechanism);

	if (rv == CKR_OK)
		rv = mechanism_check(s->presence, mechanism->mechanism,
				     CKF_GENERATE);
	if (rv == CKR_OK)
		rv = making_read(template, CKO_SECRET_KEY, &making);
	if (rv == CKR_OK)
		rv = making_check(s, &making);
	if (rv != CKR_OK)
		return rv;
	owner = making_owner(s, &making);
	if (owner->ops->generate == NULL)
		return CKR_FUNCTION_NOT_SUPPORTED;
	rv = owner->ops->generate(owner, mechanism, template, &id);
	return rv == CKR_OK ? making_handle(s, &making, id, key) : rv;
}

CK_RV
C_GenerateKey(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
	      CK_ATTRIBUTE *attributes, CK_ULONG count, CK_OBJECT_HANDLE *key)
{
	struct template template = { 0 };
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	if (key == NULL)
		return session_leave(__func__, s, CKR_ARGUMENTS_BAD);
	rv = data_template(attributes, count, &template);
	if (rv == CKR_OK)
		rv = generate(s, mechanism, template, key);
	return session_leave(__func__, s, rv);
}
