/* C_MessageEncryptInit, C_MessageDecryptInit and their kin (5.9, 5.11). */
#include "data.h"
#include "message.h"
#include "module.h"
#include "output.h"

enum { TEXT_MAX = 1u << 31 };

/* One call of the application on a message. */
struct call {
	unsigned kind;
	const void *parameter;
	CK_ULONG parameter_len;
	const CK_BYTE *aad;
	CK_ULONG aad_len;
	const CK_BYTE *in;
	CK_ULONG in_len;
	CK_BYTE *out;
	CK_ULONG *out_len;
	CK_FLAGS flags; /* CKF_END_OF_MESSAGE */
};

static CK_RV
read_parameter(const struct message *m, const struct call *call,
	       struct aead *aead)
{
	return aead_read_message(m->mechanism.mechanism, call->parameter,
				 call->parameter_len, aead);
}

/* The cipher for a message, with its IV. */
static CK_RV
crypt_start(struct session *s, struct message *m, const struct aead *aead,
	    const struct call *call)
{
	struct aead given = *aead;
	struct aead_plain plain;
	CK_RV rv;

	/* of what is decrypted nobody makes the IV */
	if (m->kind == OPERATION_DECRYPT)
		given.generator = CKG_NO_GENERATE;
	rv = iv_make(&m->ivs, &given);
	if (rv != CKR_OK)
		return rv;
	aead_plain(&given, m->ivs.last, cursor_of(call->aad, call->aad_len),
		   &plain);
	return message_start(s, m, &plain.mechanism);
}

/* Bytes that this part gives out. The tag goes another way. */
static size_t
part_size(const struct message *m, const struct call *call)
{
	struct operation *o = m->work.operation;

	if (!(call->flags & CKF_END_OF_MESSAGE))
		return o->ops->size(o, call->in_len, false);
	if (m->kind == OPERATION_ENCRYPT)
		return o->ops->size(o, call->in_len, true) - m->tag_size;
	return o->ops->size(o, call->in_len + m->tag_size, true);
}

/* The cipher writes the tag behind the text: it goes to its own place. */
static CK_RV
tag_give(struct builder *text, const struct aead *aead)
{
	struct builder tag = builder_over(aead->tag, aead->tag_size);
	struct cursor all = builder_read(text);

	if (all.left < aead->tag_size)
		return CKR_FUNCTION_FAILED;
	cursor_take(&all, all.left - aead->tag_size);
	builder_append(&tag, all);
	builder_trim(text, aead->tag_size);
	return CKR_OK;
}

/* The tag is the last of what is decrypted. */
static CK_RV
part_work(struct message *m, const struct aead *aead, const struct call *call,
	  struct builder *out)
{
	struct operation *o = m->work.operation;
	struct cursor none = cursor_of(NULL, 0);
	bool end = call->flags & CKF_END_OF_MESSAGE;
	CK_RV rv = o->ops->update(o, cursor_of(call->in, call->in_len), out);

	if (rv == CKR_OK && end && m->kind == OPERATION_DECRYPT)
		rv = o->ops->update(o, cursor_of(aead->tag, aead->tag_size),
				    out);
	if (rv == CKR_OK && end)
		rv = o->ops->finish(o, none, out);
	if (rv == CKR_OK && !builder_ok(out))
		rv = CKR_HOST_MEMORY;
	if (rv == CKR_OK && end && m->kind == OPERATION_ENCRYPT)
		rv = tag_give(out, aead);
	return rv == CKR_ENCRYPTED_DATA_INVALID ? CKR_AEAD_DECRYPT_FAILED : rv;
}

/* By way of memory of ours, as the text may be in place. */
static CK_RV
part_run(struct message *m, const struct aead *aead, const struct call *call)
{
	size_t size = part_size(m, call);
	struct builder out;
	CK_RV rv;

	if (call->out == NULL) {
		*call->out_len = size;
		return CKR_OK;
	}
	if (*call->out_len < size) {
		*call->out_len = size;
		return CKR_BUFFER_TOO_SMALL;
	}
	out = builder_heap(size + m->tag_size);
	rv = part_work(m, aead, call, &out);
	if (rv == CKR_OK)
		rv = output_give(&out, call->out, call->out_len);
	builder_free(&out);
	if (rv != CKR_OK || (call->flags & CKF_END_OF_MESSAGE))
		activity_end(&m->work, rv);
	return rv;
}

static CK_RV
text_check(const struct call *call)
{
	if (call->out_len == NULL || data_is_bad(call->in, call->in_len) ||
	    data_is_bad(call->aad, call->aad_len) ||
	    (call->flags & ~CKF_END_OF_MESSAGE))
		return CKR_ARGUMENTS_BAD;
	if (call->in_len > TEXT_MAX)
		return call->kind == MESSAGE_ENCRYPT
			       ? CKR_DATA_LEN_RANGE
			       : CKR_ENCRYPTED_DATA_LEN_RANGE;
	return CKR_OK;
}

/* These ciphers give out as much as comes in, so that a question for the
 * length needs no IV. */
static CK_RV
whole(struct session *s, struct message *m, const struct call *call)
{
	struct aead aead;
	CK_RV rv;

	if (m->under_way)
		return CKR_OPERATION_ACTIVE;
	rv = text_check(call);
	if (rv == CKR_OK)
		rv = read_parameter(m, call, &aead);
	if (rv != CKR_OK)
		return rv;
	if (call->out == NULL || *call->out_len < call->in_len) {
		*call->out_len = call->in_len;
		return call->out == NULL ? CKR_OK : CKR_BUFFER_TOO_SMALL;
	}
	rv = crypt_start(s, m, &aead, call);
	if (rv != CKR_OK)
		return rv;
	m->tag_size = aead.tag_size;
	rv = part_run(m, &aead, call);
	/* also if it asked for more room than there can be */
	activity_end(&m->work, rv);
	if (rv == CKR_OK && m->kind == OPERATION_ENCRYPT)
		iv_give(&m->ivs, &aead);
	return rv;
}

static CK_RV
begin(struct session *s, struct message *m, const struct call *call)
{
	struct aead aead;
	CK_RV rv;

	if (m->under_way)
		return CKR_OPERATION_ACTIVE;
	if (data_is_bad(call->aad, call->aad_len))
		return CKR_ARGUMENTS_BAD;
	rv = read_parameter(m, call, &aead);
	if (rv == CKR_OK)
		rv = crypt_start(s, m, &aead, call);
	if (rv != CKR_OK)
		return rv;
	m->under_way = true;
	m->tag_size = aead.tag_size;
	if (m->kind == OPERATION_ENCRYPT)
		iv_give(&m->ivs, &aead);
	return CKR_OK;
}

static CK_RV
next(struct session *s, struct message *m, const struct call *call)
{
	struct aead aead;
	CK_RV rv;

	if (!m->under_way)
		return CKR_OPERATION_NOT_INITIALIZED;
	rv = text_check(call);
	if (rv == CKR_OK)
		rv = read_parameter(m, call, &aead);
	if (rv == CKR_OK && aead.tag_size != m->tag_size)
		rv = CKR_MECHANISM_PARAM_INVALID;
	if (rv == CKR_OK)
		rv = part_run(m, &aead, call);
	else
		activity_end(&m->work, rv);
	m->under_way = m->work.progress != AT_REST;
	return rv;
}

static CK_RV
on_message(struct session *s, const struct call *call,
	   CK_RV (*act)(struct session *s, struct message *m,
			const struct call *call))
{
	struct activity *a;
	CK_RV rv = activity_take(s, call->kind, &a);

	if (rv != CKR_OK)
		return rv;
	rv = act(s, a->message, call);
	message_give(s, a);
	return rv;
}

CK_RV
C_MessageEncryptInit(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
		     CK_OBJECT_HANDLE key)
{
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	rv = message_init(s, MESSAGE_ENCRYPT, mechanism, key);
	return session_leave(__func__, s, rv);
}

CK_RV
C_EncryptMessage(CK_SESSION_HANDLE session, void *parameter,
		 CK_ULONG parameter_len, CK_BYTE *associated_data,
		 CK_ULONG associated_data_len, CK_BYTE *plaintext,
		 CK_ULONG plaintext_len, CK_BYTE *ciphertext,
		 CK_ULONG *ciphertext_len)
{
	const struct call call = {
		.kind = MESSAGE_ENCRYPT,
		.parameter = parameter,
		.parameter_len = parameter_len,
		.aad = associated_data,
		.aad_len = associated_data_len,
		.in = plaintext,
		.in_len = plaintext_len,
		.out = ciphertext,
		.out_len = ciphertext_len,
		.flags = CKF_END_OF_MESSAGE,
	};
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	return session_leave(__func__, s, on_message(s, &call, whole));
}

CK_RV
C_EncryptMessageBegin(CK_SESSION_HANDLE session, void *parameter,
		      CK_ULONG parameter_len, CK_BYTE *associated_data,
		      CK_ULONG associated_data_len)
{
	const struct call call = {
		.kind = MESSAGE_ENCRYPT,
		.parameter = parameter,
		.parameter_len = parameter_len,
		.aad = associated_data,
		.aad_len = associated_data_len,
	};
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	return session_leave(__func__, s, on_message(s, &call, begin));
}

CK_RV
C_EncryptMessageNext(CK_SESSION_HANDLE session, void *parameter,
		     CK_ULONG parameter_len, CK_BYTE *plaintext_part,
		     CK_ULONG plaintext_part_len, CK_BYTE *ciphertext_part,
		     CK_ULONG *ciphertext_part_len, CK_FLAGS flags)
{
	const struct call call = {
		.kind = MESSAGE_ENCRYPT,
		.parameter = parameter,
		.parameter_len = parameter_len,
		.in = plaintext_part,
		.in_len = plaintext_part_len,
		.out = ciphertext_part,
		.out_len = ciphertext_part_len,
		.flags = flags,
	};
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	return session_leave(__func__, s, on_message(s, &call, next));
}

CK_RV
C_MessageEncryptFinal(CK_SESSION_HANDLE session)
{
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	return session_leave(__func__, s, message_final(s, MESSAGE_ENCRYPT));
}

CK_RV
C_MessageDecryptInit(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
		     CK_OBJECT_HANDLE key)
{
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	rv = message_init(s, MESSAGE_DECRYPT, mechanism, key);
	return session_leave(__func__, s, rv);
}

CK_RV
C_DecryptMessage(CK_SESSION_HANDLE session, void *parameter,
		 CK_ULONG parameter_len, CK_BYTE *associated_data,
		 CK_ULONG associated_data_len, CK_BYTE *ciphertext,
		 CK_ULONG ciphertext_len, CK_BYTE *plaintext,
		 CK_ULONG *plaintext_len)
{
	const struct call call = {
		.kind = MESSAGE_DECRYPT,
		.parameter = parameter,
		.parameter_len = parameter_len,
		.aad = associated_data,
		.aad_len = associated_data_len,
		.in = ciphertext,
		.in_len = ciphertext_len,
		.out = plaintext,
		.out_len = plaintext_len,
		.flags = CKF_END_OF_MESSAGE,
	};
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	return session_leave(__func__, s, on_message(s, &call, whole));
}

CK_RV
C_DecryptMessageBegin(CK_SESSION_HANDLE session, void *parameter,
		      CK_ULONG parameter_len, CK_BYTE *associated_data,
		      CK_ULONG associated_data_len)
{
	const struct call call = {
		.kind = MESSAGE_DECRYPT,
		.parameter = parameter,
		.parameter_len = parameter_len,
		.aad = associated_data,
		.aad_len = associated_data_len,
	};
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	return session_leave(__func__, s, on_message(s, &call, begin));
}

/* Nothing comes out before the end: what is not proven does not go out. */
CK_RV
C_DecryptMessageNext(CK_SESSION_HANDLE session, void *parameter,
		     CK_ULONG parameter_len, CK_BYTE *ciphertext_part,
		     CK_ULONG ciphertext_part_len, CK_BYTE *plaintext_part,
		     CK_ULONG *plaintext_part_len, CK_FLAGS flags)
{
	const struct call call = {
		.kind = MESSAGE_DECRYPT,
		.parameter = parameter,
		.parameter_len = parameter_len,
		.in = ciphertext_part,
		.in_len = ciphertext_part_len,
		.out = plaintext_part,
		.out_len = plaintext_part_len,
		.flags = flags,
	};
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	return session_leave(__func__, s, on_message(s, &call, next));
}

CK_RV
C_MessageDecryptFinal(CK_SESSION_HANDLE session)
{
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	return session_leave(__func__, s, message_final(s, MESSAGE_DECRYPT));
}
