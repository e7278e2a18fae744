/* C_Decrypt and its kin (5.10). */
#include "activity.h"
#include "module.h"

CK_RV
C_DecryptInit(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
	      CK_OBJECT_HANDLE key)
{
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	rv = operation_init(s, OPERATION_DECRYPT, mechanism, key);
	return session_leave(__func__, s, rv);
}

CK_RV
C_Decrypt(CK_SESSION_HANDLE session, CK_BYTE *encrypted_data,
	  CK_ULONG encrypted_data_len, CK_BYTE *data, CK_ULONG *data_len)
{
	const struct step step = {
		.kind = STEP_SINGLE,
		.in = encrypted_data,
		.in_size = encrypted_data_len,
		.has_out = true,
		.out = data,
		.out_size = data_len,
	};
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	rv = operation_step(s, OPERATION_DECRYPT, &step);
	return session_leave(__func__, s, rv);
}

CK_RV
C_DecryptUpdate(CK_SESSION_HANDLE session, CK_BYTE *encrypted_part,
		CK_ULONG encrypted_part_len, CK_BYTE *part, CK_ULONG *part_len)
{
	const struct step step = {
		.kind = STEP_UPDATE,
		.in = encrypted_part,
		.in_size = encrypted_part_len,
		.has_out = true,
		.out = part,
		.out_size = part_len,
	};
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	rv = operation_step(s, OPERATION_DECRYPT, &step);
	return session_leave(__func__, s, rv);
}

CK_RV
C_DecryptFinal(CK_SESSION_HANDLE session, CK_BYTE *last_part,
	       CK_ULONG *last_part_len)
{
	const struct step step = {
		.kind = STEP_FINAL,
		.has_out = true,
		.out = last_part,
		.out_size = last_part_len,
	};
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	rv = operation_step(s, OPERATION_DECRYPT, &step);
	return session_leave(__func__, s, rv);
}
