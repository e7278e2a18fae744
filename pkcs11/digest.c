/* C_Digest and its kin (5.12). */
#include "activity.h"
#include "data.h"
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

/* The value of a secret key (5.12.4), as the key's token lends it. */
static CK_RV
digest_key(struct session *s, CK_OBJECT_HANDLE handle)
{
	struct presence *p = s->presence;
	struct attrs key = { 0 };
	struct step step = { .kind = STEP_UPDATE };
	struct object_ref ref;
	struct token *owner;
	struct cursor value;
	CK_OBJECT_CLASS class;
	CK_RV rv;

	if (!presence_find(p, handle, &ref))
		return CKR_KEY_HANDLE_INVALID;
	owner = presence_owner(p, ref);
	if (owner->ops->lend == NULL)
		return CKR_KEY_INDIGESTIBLE;
	rv = owner->ops->lend(owner, ref.id, &key);
	if (rv == CKR_OBJECT_HANDLE_INVALID)
		return CKR_KEY_HANDLE_INVALID;
	if (rv != CKR_OK)
		return rv;
	value = attrs_value(&key, CKA_VALUE);
	class = attrs_ulong(&key, CKA_CLASS, CKO_DATA);
	if (!data_is_key(class)) {
		rv = CKR_KEY_HANDLE_INVALID;
	} else if (class != CKO_SECRET_KEY || !cursor_ok(&value)) {
		rv = CKR_KEY_INDIGESTIBLE;
	} else {
		step.in = value.at;
		step.in_size = value.left;
		rv = operation_step(s, OPERATION_DIGEST, &step);
	}
	attrs_free(&key);
	return rv;
}

CK_RV
C_DigestKey(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	return session_leave(__func__, s, digest_key(s, key));
}
