/* C_Encrypt and its kin (5.8). */
#include "activity.h"
#include "module.h"

CK_RV
C_EncryptInit(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
	      CK_OBJECT_HANDLE key)
{
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	rv = operation_init(s, OPERATION_ENCRYPT, mechanism, key);
	return session_leave(__func__, s, rv);
}

CK_RV
C_Encrypt(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG data_len,
	  CK_BYTE *encrypted_data, CK_ULONG *encrypted_data_len)
{
	const struct step step = {
		.kind = STEP_SINGLE,
		.in = data,
		.in_size = data_len,
		.has_out = true,
		.out = encrypted_data,
		.out_size = encrypted_data_len,
	};
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	rv = operation_step(s, OPERATION_ENCRYPT, &step);
	return session_leave(__func__, s, rv);
}

CK_RV
C_EncryptUpdate(CK_SESSION_HANDLE session, CK_BYTE *part, CK_ULONG part_len,
		CK_BYTE *encrypted_part, CK_ULONG *encrypted_part_len)
{
	const struct step step = {
		.kind = STEP_UPDATE,
		.in = part,
		.in_size = part_len,
		.has_out = true,
		.out = encrypted_part,
		.out_size = encrypted_part_len,
	};
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	rv = operation_step(s, OPERATION_ENCRYPT, &step);
	return session_leave(__func__, s, rv);
}

CK_RV
C_EncryptFinal(CK_SESSION_HANDLE session, CK_BYTE *last_encrypted_part,
	       CK_ULONG *last_encrypted_part_len)
{
	const struct step step = {
		.kind = STEP_FINAL,
		.has_out = true,
		.out = last_encrypted_part,
		.out_size = last_encrypted_part_len,
	};
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	rv = operation_step(s, OPERATION_ENCRYPT, &step);
	return session_leave(__func__, s, rv);
}
