/* C_SessionCancel (5.6.5). */
#include "activity.h"
#include "module.h"

static const struct {
	CK_FLAGS flag;
	unsigned kind; /* enum operation_kind or message_kind */
} kinds[] = {
	{ CKF_DIGEST, OPERATION_DIGEST },
	{ CKF_SIGN, OPERATION_SIGN },
	{ CKF_SIGN_RECOVER, OPERATION_SIGN_RECOVER },
	{ CKF_VERIFY, OPERATION_VERIFY },
	{ CKF_VERIFY_RECOVER, OPERATION_VERIFY_RECOVER },
	{ CKF_ENCRYPT, OPERATION_ENCRYPT },
	{ CKF_DECRYPT, OPERATION_DECRYPT },
	{ CKF_MESSAGE_ENCRYPT, MESSAGE_ENCRYPT },
	{ CKF_MESSAGE_DECRYPT, MESSAGE_DECRYPT },
	{ CKF_MESSAGE_SIGN, MESSAGE_SIGN },
	{ CKF_MESSAGE_VERIFY, MESSAGE_VERIFY },
};

/* All that can be cancelled is, whatever becomes of the others. */
static CK_RV
cancel(struct session *s, CK_FLAGS flags)
{
	CK_RV rv = CKR_OK;
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if ((flags & kinds[i].flag) &&
		    operation_cancel(s, kinds[i].kind) != CKR_OK)
			rv = CKR_OPERATION_CANCEL_FAILED;
	}
	if ((flags & CKF_FIND_OBJECTS) && search_cancel(s) != CKR_OK)
		rv = CKR_OPERATION_CANCEL_FAILED;
	return rv;
}

CK_RV
C_SessionCancel(CK_SESSION_HANDLE session, CK_FLAGS flags)
{
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	/* "no action will be taken" for a callback (5.6.5) */
	if (session_in_callback())
		return session_leave(__func__, s, CKR_FUNCTION_FAILED);
	return session_leave(__func__, s, cancel(s, flags));
}
