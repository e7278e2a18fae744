/* C_Digest and its kin (5.12). */
#include "activity.h"
#include "module.h"

CK_RV
C_DigestInit(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism)
{
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	rv = operation_init(s, OPERATION_DIGEST, mechanism, CK_INVALID_HANDLE);
	return session_leave(__func__, s, rv);
}

CK_RV
C_Digest(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG data_len,
	 CK_BYTE *digest, CK_ULONG *digest_len)
{
	const struct step step = {
		.kind = STEP_SINGLE,
		.in = data,
		.in_size = data_len,
		.has_out = true,
		.out = digest,
		.out_size = digest_len,
	};
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	rv = operation_step(s, OPERATION_DIGEST, &step);
	return session_leave(__func__, s, rv);
}

CK_RV
C_DigestUpdate(CK_SESSION_HANDLE session, CK_BYTE *part, CK_ULONG part_len)
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
	rv = operation_step(s, OPERATION_DIGEST, &step);
	return session_leave(__func__, s, rv);
}

CK_RV
C_DigestFinal(CK_SESSION_HANDLE session, CK_BYTE *digest, CK_ULONG *digest_len)
{
	const struct step step = {
		.kind = STEP_FINAL,
		.has_out = true,
		.out = digest,
		.out_size = digest_len,
	};
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	rv = operation_step(s, OPERATION_DIGEST, &step);
	return session_leave(__func__, s, rv);
}
