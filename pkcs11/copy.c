/* C_CopyObject (5.7.2). */
#include "cross.h"
#include "data.h"
#include "module.h"

/* The token that has the object says what its copy is; where that goes, the
 * copy's own CKA_TOKEN says. */
static CK_RV
copy(struct session *s, CK_OBJECT_HANDLE handle, struct template changes,
     CK_OBJECT_HANDLE *made)
{
	struct attrs object = { 0 };
	struct holder from;
	CK_RV rv;

	if (!holder_find(s, handle, &from))
		return CKR_OBJECT_HANDLE_INVALID;
	if (from.owner->ops->copy == NULL)
		return CKR_ACTION_PROHIBITED;
	rv = from.owner->ops->copy(from.owner, from.id, changes, &object);
	return rv == CKR_OK ? cross_adopt(s, &object, 1, made) : rv;
}

CK_RV
C_CopyObject(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
	     CK_ATTRIBUTE *attributes, CK_ULONG count,
	     CK_OBJECT_HANDLE *new_object)
{
	struct template changes = { 0 };
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	if (new_object == NULL)
		return session_leave(__func__, s, CKR_ARGUMENTS_BAD);
	rv = data_template(attributes, count, &changes);
	if (rv == CKR_OK)
		rv = copy(s, object, changes, new_object);
	return session_leave(__func__, s, rv);
}
