/* C_CreateObject, C_DestroyObject, and the attributes of objects (5.7). */
#include "data.h"
#include "module.h"
#include "rules.h"
#include "session.h"

static CK_RV
create(struct session *s, const CK_ATTRIBUTE *list, CK_ULONG count,
       CK_OBJECT_HANDLE *handle)
{
	struct template template = { 0 };
	struct making making = { 0 };
	struct token *owner;
	uint64_t id;
	CK_RV rv;

	if (handle == NULL)
		return CKR_ARGUMENTS_BAD;
	rv = data_template(list, count, &template);
	if (rv == CKR_OK)
		rv = making_read(template, CKO_DATA, &making);
	if (rv == CKR_OK)
		rv = making_check(s, &making);
	if (rv != CKR_OK)
		return rv;
	owner = making_owner(s, &making);
	if (owner->ops->create == NULL)
		return CKR_FUNCTION_NOT_SUPPORTED;
	rv = owner->ops->create(owner, template, &id);
	if (rv != CKR_OK)
		return rv;
	return making_handle(s, &making, id, handle);
}

CK_RV
C_CreateObject(CK_SESSION_HANDLE session, CK_ATTRIBUTE *attributes,
	       CK_ULONG count, CK_OBJECT_HANDLE *object)
{
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	return session_leave(__func__, s, create(s, attributes, count, object));
}

/* A host token destroys whatever it is told to, as sessions end. So it is here
 * that a session object is asked whether it can be seen and destroyed. */
static CK_RV
destroy_check(struct token *host, uint64_t id)
{
	CK_BBOOL destroyable = CK_TRUE;
	CK_ATTRIBUTE attribute = { CKA_DESTROYABLE, &destroyable,
				   sizeof(destroyable) };
	CK_RV rv = host->ops->attributes_get(host, id, &attribute, 1);

	if (rv != CKR_OK && rv != CKR_ATTRIBUTE_TYPE_INVALID)
		return rv;
	return destroyable == CK_FALSE ? CKR_ACTION_PROHIBITED : CKR_OK;
}

static CK_RV
destroy(struct session *s, CK_OBJECT_HANDLE handle)
{
	struct presence *p = s->presence;
	struct object_ref ref;
	struct token *owner;
	CK_RV rv;

	if (!presence_find(p, handle, &ref))
		return CKR_OBJECT_HANDLE_INVALID;
	rv = change_check(s, ref);
	if (rv != CKR_OK)
		return rv;
	owner = presence_owner(p, ref);
	if (owner->ops->destroy == NULL)
		return CKR_ACTION_PROHIBITED;
	if (ref.host)
		rv = destroy_check(owner, ref.id);
	if (rv == CKR_OK)
		rv = owner->ops->destroy(owner, ref.id);
	if (rv == CKR_OK || rv == CKR_OBJECT_HANDLE_INVALID)
		handles_drop(&p->handles, handle);
	return rv;
}

CK_RV
C_DestroyObject(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	return session_leave(__func__, s, destroy(s, object));
}

static CK_RV
get_attributes(struct session *s, CK_OBJECT_HANDLE handle, CK_ATTRIBUTE *list,
	       CK_ULONG count)
{
	struct presence *p = s->presence;
	struct object_ref ref;
	struct token *owner;
	CK_RV rv = data_query(list, count);

	if (rv != CKR_OK)
		return rv;
	if (!presence_find(p, handle, &ref))
		return CKR_OBJECT_HANDLE_INVALID;
	owner = presence_owner(p, ref);
	return owner->ops->attributes_get(owner, ref.id, list, count);
}

CK_RV
C_GetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
		    CK_ATTRIBUTE *attributes, CK_ULONG count)
{
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	return session_leave(__func__, s,
			     get_attributes(s, object, attributes, count));
}

static CK_RV
set_attributes(struct session *s, CK_OBJECT_HANDLE handle,
	       const CK_ATTRIBUTE *list, CK_ULONG count)
{
	struct presence *p = s->presence;
	struct template changes = { 0 };
	struct object_ref ref;
	struct token *owner;
	CK_RV rv = data_template(list, count, &changes);

	if (rv != CKR_OK)
		return rv;
	if (!presence_find(p, handle, &ref))
		return CKR_OBJECT_HANDLE_INVALID;
	rv = change_check(s, ref);
	if (rv != CKR_OK)
		return rv;
	owner = presence_owner(p, ref);
	if (owner->ops->attributes_set == NULL)
		return CKR_ACTION_PROHIBITED;
	return owner->ops->attributes_set(owner, ref.id, changes);
}

CK_RV
C_SetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
		    CK_ATTRIBUTE *attributes, CK_ULONG count)
{
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	return session_leave(__func__, s,
			     set_attributes(s, object, attributes, count));
}

/* What an object takes of a token's memory is nobody's to say (5.7.4): this is
 * the sum of what may be seen of its values. */
static CK_RV
get_size(struct session *s, CK_OBJECT_HANDLE handle, CK_ULONG *size)
{
	static const CK_ATTRIBUTE_TYPE types[] = {
		CKA_VALUE,	     CKA_LABEL,	    CKA_ID,
		CKA_SUBJECT,	     CKA_ISSUER,    CKA_SERIAL_NUMBER,
		CKA_APPLICATION,     CKA_OBJECT_ID, CKA_MODULUS,
		CKA_PUBLIC_EXPONENT, CKA_EC_PARAMS, CKA_EC_POINT,
		CKA_PUBLIC_KEY_INFO,
	};
	enum { TYPES = sizeof(types) / sizeof(types[0]) };
	CK_ATTRIBUTE list[TYPES] = { 0 };
	CK_ULONG sum = 0;
	CK_RV rv;
	size_t i;

	if (size == NULL)
		return CKR_ARGUMENTS_BAD;
	for (i = 0; i < TYPES; i++)
		list[i].type = types[i];
	rv = get_attributes(s, handle, list, TYPES);
	if (rv != CKR_OK && rv != CKR_ATTRIBUTE_TYPE_INVALID &&
	    rv != CKR_ATTRIBUTE_SENSITIVE)
		return rv;
	for (i = 0; i < TYPES; i++) {
		if (list[i].ulValueLen != CK_UNAVAILABLE_INFORMATION)
			sum += list[i].ulValueLen;
	}
	*size = sum;
	return CKR_OK;
}

CK_RV
C_GetObjectSize(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
		CK_ULONG *size)
{
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	return session_leave(__func__, s, get_size(s, object, size));
}
