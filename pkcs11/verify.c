/* C_Verify and its kin (5.15). */
#include "activity.h"
#include "module.h"

CK_RV
C_VerifyInit(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
	     CK_OBJECT_HANDLE key)
{
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	rv = operation_init(s, OPERATION_VERIFY, mechanism, key);
	return session_leave(__func__, s, rv);
}

CK_RV
C_Verify(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG data_len,
	 CK_BYTE *signature, CK_ULONG signature_len)
{
	const struct step step = {
		.kind = STEP_SINGLE,
		.in = data,
		.in_size = data_len,
		.signature = signature,
		.signature_size = signature_len,
	};
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	rv = operation_step(s, OPERATION_VERIFY, &step);
	return session_leave(__func__, s, rv);
}

CK_RV
C_VerifyUpdate(CK_SESSION_HANDLE session, CK_BYTE *part, CK_ULONG part_len)
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
	rv = operation_step(s, OPERATION_VERIFY, &step);
	return session_leave(__func__, s, rv);
}

CK_RV
C_VerifyFinal(CK_SESSION_HANDLE session, CK_BYTE *signature,
	      CK_ULONG signature_len)
{
	const struct step step = {
		.kind = STEP_FINAL,
		.signature = signature,
		.signature_size = signature_len,
	};
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	rv = operation_step(s, OPERATION_VERIFY, &step);
	return session_leave(__func__, s, rv);
}

CK_RV
C_VerifyRecoverInit(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
		    CK_OBJECT_HANDLE key)
{
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	rv = operation_init(s, OPERATION_VERIFY_RECOVER, mechanism, key);
	return session_leave(__func__, s, rv);
}

CK_RV
C_VerifyRecover(CK_SESSION_HANDLE session, CK_BYTE *signature,
		CK_ULONG signature_len, CK_BYTE *data, CK_ULONG *data_len)
{
	const struct step step = {
		.kind = STEP_SINGLE,
		.in = signature,
		.in_size = signature_len,
		.has_out = true,
		.out = data,
		.out_size = data_len,
	};
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	rv = operation_step(s, OPERATION_VERIFY_RECOVER, &step);
	return session_leave(__func__, s, rv);
}

/* From here on the signature comes first (3.2, 5.15.7 to 5.15.10). */

CK_RV
C_VerifySignatureInit(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
		      CK_OBJECT_HANDLE key, CK_BYTE *signature,
		      CK_ULONG signature_len)
{
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	rv = operation_init_verify(s, mechanism, key, signature, signature_len);
	return session_leave(__func__, s, rv);
}

CK_RV
C_VerifySignature(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG data_len)
{
	const struct step step = {
		.kind = STEP_SINGLE,
		.signature_first = true,
		.in = data,
		.in_size = data_len,
	};
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	rv = operation_step(s, OPERATION_VERIFY, &step);
	return session_leave(__func__, s, rv);
}

CK_RV
C_VerifySignatureUpdate(CK_SESSION_HANDLE session, CK_BYTE *part,
			CK_ULONG part_len)
{
	const struct step step = {
		.kind = STEP_UPDATE,
		.signature_first = true,
		.in = part,
		.in_size = part_len,
	};
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	rv = operation_step(s, OPERATION_VERIFY, &step);
	return session_leave(__func__, s, rv);
}

CK_RV
C_VerifySignatureFinal(CK_SESSION_HANDLE session)
{
	const struct step step = {
		.kind = STEP_FINAL,
		.signature_first = true,
	};
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	rv = operation_step(s, OPERATION_VERIFY, &step);
	return session_leave(__func__, s, rv);
}
