/* C_GenerateRandom and C_SeedRandom: the host's generator, for every token. */
#include "crypto.h"
#include "data.h"
#include "module.h"
#include "session.h"

CK_RV
C_SeedRandom(CK_SESSION_HANDLE session, CK_BYTE *seed, CK_ULONG seed_len)
{
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	if (data_is_bad(seed, seed_len))
		rv = CKR_ARGUMENTS_BAD;
	else
		rv = random_seed(cursor_of(seed, seed_len));
	return session_leave(__func__, s, rv);
}

CK_RV
C_GenerateRandom(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG data_len)
{
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	if (data == NULL || data_is_bad(data, data_len))
		rv = CKR_ARGUMENTS_BAD;
	else
		rv = random_bytes(data, data_len);
	return session_leave(__func__, s, rv);
}
