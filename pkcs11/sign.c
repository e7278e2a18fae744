/* C_Sign and its kin (5.13). */
#include "activity.h"
#include "module.h"

CK_RV
C_SignInit(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
	   CK_OBJECT_HANDLE key)
{
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	rv = operation_init(s, OPERATION_SIGN, mechanism, key);
	return session_leave(__func__, s, rv);
}

CK_RV
C_Sign(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG data_len,
       CK_BYTE *signature, CK_ULONG *signature_len)
{
	const struct step step = {
		.kind = STEP_SINGLE,
		.in = data,
		.in_size = data_len,
		.has_out = true,
		.out = signature,
		.out_size = signature_len,
	};
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	rv = operation_step(s, OPERATION_SIGN, &step);
	return session_leave(__func__, s, rv);
}

CK_RV
C_SignUpdate(CK_SESSION_HANDLE session, CK_BYTE *part, CK_ULONG part_len)
{
	const struct step step = {
		.kind = STEP_UPDATE,
		.in = part,
		.in_size = part_len,
	};
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	rv = operation_step(s, OPERATION_SIGN, &step);
	return session_leave(__func__, s, rv);
}

CK_RV
C_SignFinal(CK_SESSION_HANDLE session, CK_BYTE *signature,
	    CK_ULONG *signature_len)
{
	const struct step step = {
		.kind = STEP_FINAL,
		.has_out = true,
		.out = signature,
		.out_size = signature_len,
	};
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	rv = operation_step(s, OPERATION_SIGN, &step);
	return session_leave(__func__, s, rv);
}

CK_RV
C_SignRecoverInit(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
		  CK_OBJECT_HANDLE key)
{
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	rv = operation_init(s, OPERATION_SIGN_RECOVER, mechanism, key);
	return session_leave(__func__, s, rv);
}

CK_RV
C_SignRecover(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG data_len,
	      CK_BYTE *signature, CK_ULONG *signature_len)
{
	const struct step step = {
		.kind = STEP_SINGLE,
		.in = data,
		.in_size = data_len,
		.has_out = true,
		.out = signature,
		.out_size = signature_len,
	};
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	rv = operation_step(s, OPERATION_SIGN_RECOVER, &step);
	return session_leave(__func__, s, rv);
}
