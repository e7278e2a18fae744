/* Functions that signet does not have, refused in due form (5.1.6). */
#include "module.h"
#include "session.h"

/* A refusal still tells a library that is not initialized, and a session that
 * is none. */
static CK_RV
refuse(const char *name, CK_SESSION_HANDLE session, CK_RV why)
{
	struct session *s;
	CK_RV rv = session_enter(name, session, &s);

	if (rv != CKR_OK)
		return rv;
	return session_leave(name, s, why);
}

CK_RV
C_GetFunctionStatus(CK_SESSION_HANDLE session)
{
	return refuse(__func__, session, CKR_FUNCTION_NOT_PARALLEL);
}

CK_RV
C_CancelFunction(CK_SESSION_HANDLE session)
{
	return refuse(__func__, session, CKR_FUNCTION_NOT_PARALLEL);
}

CK_RV
C_AsyncComplete(CK_SESSION_HANDLE session, CK_UTF8CHAR *function_name,
		CK_ASYNC_DATA *result)
{
	return refuse(__func__, session, CKR_FUNCTION_NOT_SUPPORTED);
}

CK_RV
C_AsyncGetID(CK_SESSION_HANDLE session, CK_UTF8CHAR *function_name,
	     CK_ULONG *id)
{
	return refuse(__func__, session, CKR_FUNCTION_NOT_SUPPORTED);
}

CK_RV
C_AsyncJoin(CK_SESSION_HANDLE session, CK_UTF8CHAR *function_name, CK_ULONG id,
	    CK_BYTE *data, CK_ULONG data_len)
{
	return refuse(__func__, session, CKR_FUNCTION_NOT_SUPPORTED);
}

CK_RV
C_WrapKeyAuthenticated(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
		       CK_OBJECT_HANDLE wrapping_key, CK_OBJECT_HANDLE key,
		       CK_BYTE *associated_data, CK_ULONG associated_data_len,
		       CK_BYTE *wrapped_key, CK_ULONG *wrapped_key_len)
{
	return refuse(__func__, session, CKR_FUNCTION_NOT_SUPPORTED);
}

CK_RV
C_UnwrapKeyAuthenticated(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
			 CK_OBJECT_HANDLE unwrapping_key, CK_BYTE *wrapped_key,
			 CK_ULONG wrapped_key_len, CK_ATTRIBUTE *attributes,
			 CK_ULONG count, CK_BYTE *associated_data,
			 CK_ULONG associated_data_len, CK_OBJECT_HANDLE *key)
{
	return refuse(__func__, session, CKR_FUNCTION_NOT_SUPPORTED);
}
