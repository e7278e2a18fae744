/* C_Login, C_LoginUser, C_Logout. */
#include "activity.h"
#include "data.h"
#include "module.h"
#include "session.h"

/* A PIN that cannot be one is wrong, and costs no try. */
static CK_RV
login(struct session *s, CK_USER_TYPE user_type, const CK_UTF8CHAR *pin,
      CK_ULONG pin_len)
{
	struct presence *p = s->presence;
	struct cursor bytes;
	CK_RV rv;

	if (user_type != CKU_SO && user_type != CKU_USER &&
	    user_type != CKU_CONTEXT_SPECIFIC)
		return CKR_USER_TYPE_INVALID;
	rv = data_pin(p->token, pin, pin_len, CKR_PIN_INCORRECT, &bytes);
	if (rv != CKR_OK)
		return rv;
	if (user_type == CKU_CONTEXT_SPECIFIC)
		return context_login(s, bytes);
	return presence_login(p, user_type == CKU_SO ? LOGIN_SO : LOGIN_USER,
			      bytes);
}

CK_RV
C_Login(CK_SESSION_HANDLE session, CK_USER_TYPE user_type, CK_UTF8CHAR *pin,
	CK_ULONG pin_len)
{
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	return session_leave(__func__, s, login(s, user_type, pin, pin_len));
}

/* No token of ours tells users apart by name: a name is an argument too many,
 * none makes this C_Login. */
CK_RV
C_LoginUser(CK_SESSION_HANDLE session, CK_USER_TYPE user_type, CK_UTF8CHAR *pin,
	    CK_ULONG pin_len, CK_UTF8CHAR *user_name, CK_ULONG user_name_len)
{
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	if (user_name_len > 0)
		return session_leave(__func__, s, CKR_ARGUMENTS_BAD);
	return session_leave(__func__, s, login(s, user_type, pin, pin_len));
}

CK_RV
C_Logout(CK_SESSION_HANDLE session)
{
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	return session_leave(__func__, s, presence_logout(s->presence));
}
