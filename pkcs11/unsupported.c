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

/* A "legacy function which should simply return the value" (5.20), whatever the
 * session. */
static CK_RV
legacy(const char *name)
{
	CK_RV rv = module_enter(name);

	if (rv != CKR_OK)
		return rv;
	return module_leave(name, CKR_FUNCTION_NOT_PARALLEL);
}

CK_RV
C_GetFunctionStatus(CK_SESSION_HANDLE session)
{
	return legacy(__func__);
}

CK_RV
C_CancelFunction(CK_SESSION_HANDLE session)
{
	return legacy(__func__);
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

