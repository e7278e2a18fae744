/* Two operations that one update goes through (5.17). */
#include "activity.h"
#include "module.h"

struct dual {
	enum operation_kind cipher; /* that gives bytes out */
	enum operation_kind other;  /* that takes the plaintext, too */
	struct step step;	    /* of the cipher */
};

/* One in parts, begun by C_DigestInit, C_SignInit or C_VerifyInit. */
static bool
other_fits(const struct activity *other)
{
	return !other->signature_first && !other->operation->single_part;
}

/* The other operation's step, with the plaintext. */
static CK_RV
other_update(struct activity *other, const CK_BYTE *data, CK_ULONG size)
{
	struct step step = { .kind = STEP_UPDATE, .in = data, .in_size = size };

	return activity_step(other, &step);
}

/* The other half gets what has been encrypted, and nothing else. That is a
 * copy, as encryption may write over it. */
static CK_RV
encrypt_update(struct activity *cipher, struct activity *other,
	       const struct step *step)
{
	struct builder plain;
	CK_RV rv;

	if (step->out == NULL || step->out_size == NULL)
		return activity_step(cipher, step);
	/* nothing is read before there is room for what it becomes */
	rv = activity_room(cipher, step);
	if (rv != CKR_OK)
		return rv;
	plain = builder_heap(step->in_size);
	builder_put(&plain, step->in, step->in_size);
	rv = builder_ok(&plain) ? activity_step(cipher, step) : CKR_HOST_MEMORY;
	if (rv == CKR_OK)
		rv = other_update(other, plain.data, plain.used);
	builder_free(&plain);
	return rv;
}

static CK_RV
decrypt_update(struct activity *cipher, struct activity *other,
	       const struct step *step)
{
	CK_RV rv = activity_step(cipher, step);

	if (rv != CKR_OK || step->out == NULL)
		return rv;
	return other_update(other, step->out, *step->out_size);
}

static CK_RV
dual_update(struct session *s, const struct dual *dual)
{
	struct activity *cipher, *other;
	CK_RV rv = activity_take(s, dual->cipher, &cipher);

	if (rv != CKR_OK)
		return rv;
	rv = activity_take(s, dual->other, &other);
	if (rv == CKR_OK) {
		if (!other_fits(other))
			rv = CKR_OPERATION_NOT_INITIALIZED;
		else if (dual->cipher == OPERATION_ENCRYPT)
			rv = encrypt_update(cipher, other, &dual->step);
		else
			rv = decrypt_update(cipher, other, &dual->step);
		activity_give(s, other);
	}
	activity_give(s, cipher);
	return rv;
}

CK_RV
C_DigestEncryptUpdate(CK_SESSION_HANDLE session, CK_BYTE *part,
		      CK_ULONG part_len, CK_BYTE *encrypted_part,
		      CK_ULONG *encrypted_part_len)
{
	struct dual dual = {
		.cipher = OPERATION_ENCRYPT,
		.other = OPERATION_DIGEST,
		.step = {
			.kind = STEP_UPDATE,
			.in = part,
			.in_size = part_len,
			.has_out = true,
			.out = encrypted_part,
			.out_size = encrypted_part_len,
		},
	};
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	return session_leave(__func__, s, dual_update(s, &dual));
}

CK_RV
C_DecryptDigestUpdate(CK_SESSION_HANDLE session, CK_BYTE *encrypted_part,
		      CK_ULONG encrypted_part_len, CK_BYTE *part,
		      CK_ULONG *part_len)
{
	struct dual dual = {
		.cipher = OPERATION_DECRYPT,
		.other = OPERATION_DIGEST,
		.step = {
			.kind = STEP_UPDATE,
			.in = encrypted_part,
			.in_size = encrypted_part_len,
			.has_out = true,
			.out = part,
			.out_size = part_len,
		},
	};
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	return session_leave(__func__, s, dual_update(s, &dual));
}

CK_RV
C_SignEncryptUpdate(CK_SESSION_HANDLE session, CK_BYTE *part, CK_ULONG part_len,
		    CK_BYTE *encrypted_part, CK_ULONG *encrypted_part_len)
{
	struct dual dual = {
		.cipher = OPERATION_ENCRYPT,
		.other = OPERATION_SIGN,
		.step = {
			.kind = STEP_UPDATE,
			.in = part,
			.in_size = part_len,
			.has_out = true,
			.out = encrypted_part,
			.out_size = encrypted_part_len,
		},
	};
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	return session_leave(__func__, s, dual_update(s, &dual));
}

CK_RV
C_DecryptVerifyUpdate(CK_SESSION_HANDLE session, CK_BYTE *encrypted_part,
		      CK_ULONG encrypted_part_len, CK_BYTE *part,
		      CK_ULONG *part_len)
{
	struct dual dual = {
		.cipher = OPERATION_DECRYPT,
		.other = OPERATION_VERIFY,
		.step = {
			.kind = STEP_UPDATE,
			.in = encrypted_part,
			.in_size = encrypted_part_len,
			.has_out = true,
			.out = part,
			.out_size = part_len,
		},
	};
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	return session_leave(__func__, s, dual_update(s, &dual));
}
