/* C_MessageSignInit, C_MessageVerifyInit and their kin (5.14, 5.16). */
#include "message.h"
#include "module.h"

/* One call of the application on a message. */
struct call {
	unsigned kind;
	const void *parameter;
	CK_ULONG parameter_len;
	bool single; /* C_SignMessage, C_VerifyMessage */
	bool last;   /* of the calls on this message */
	struct step step;
};

/* No mechanism that signs has parameters for each message. */
static CK_RV
parameter_check(const struct call *call)
{
	return call->parameter_len == 0 ? CKR_OK : CKR_MECHANISM_PARAM_INVALID;
}

static CK_RV
single(struct session *s, struct message *m, const struct call *call)
{
	CK_RV rv;

	if (m->under_way)
		return CKR_OPERATION_ACTIVE;
	rv = parameter_check(call);
	if (rv == CKR_OK)
		rv = message_start(s, m, &m->mechanism);
	if (rv != CKR_OK)
		return rv;
	activity_announce(s, &m->work);
	return activity_step(&m->work, &call->step);
}

/* The last part, with the signature: it counts only when that can be given. */
static CK_RV
last_part(struct message *m, const struct call *call)
{
	struct step part = call->step, final = call->step;
	CK_RV rv = CKR_OK;

	part.kind = STEP_UPDATE;
	part.has_out = false;
	final.in = NULL;
	final.in_size = 0;
	if (final.has_out && final.out == NULL)
		return activity_step(&m->work, &final);
	if (final.has_out)
		rv = activity_room(&m->work, &final);
	if (rv == CKR_OK && part.in_size > 0)
		rv = activity_step(&m->work, &part);
	return rv == CKR_OK ? activity_step(&m->work, &final) : rv;
}

static CK_RV
next(struct session *s, struct message *m, const struct call *call)
{
	CK_RV rv = parameter_check(call);

	if (!m->under_way)
		return CKR_OPERATION_NOT_INITIALIZED;
	activity_announce(s, &m->work);
	if (rv != CKR_OK)
		activity_end(&m->work, rv);
	else if (call->last)
		rv = last_part(m, call);
	else
		rv = activity_step(&m->work, &call->step);
	m->under_way = m->work.progress != AT_REST;
	return rv;
}

static CK_RV
on_message(struct session *s, const struct call *call)
{
	struct activity *a;
	CK_RV rv = activity_take(s, call->kind, &a);

	if (rv != CKR_OK)
		return rv;
	rv = call->single ? single(s, a->message, call)
			  : next(s, a->message, call);
	message_give(s, a);
	return rv;
}

static CK_RV
message_begin(struct session *s, unsigned kind, CK_ULONG parameter_len)
{
	struct activity *a;
	struct message *m;
	CK_RV rv = activity_take(s, kind, &a);

	if (rv != CKR_OK)
		return rv;
	m = a->message;
	if (m->under_way)
		rv = CKR_OPERATION_ACTIVE;
	else if (parameter_len > 0)
		rv = CKR_MECHANISM_PARAM_INVALID;
	else
		rv = message_start(s, m, &m->mechanism);
	/* of this mechanism there is no message in parts */
	if (rv == CKR_OK && m->work.operation->single_part)
		rv = CKR_OPERATION_NOT_INITIALIZED;
	if (rv == CKR_OK)
		m->under_way = true;
	message_give(s, a);
	return rv;
}

CK_RV
C_MessageSignInit(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
		  CK_OBJECT_HANDLE key)
{
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	rv = message_init(s, MESSAGE_SIGN, mechanism, key);
	return session_leave(__func__, s, rv);
}

CK_RV
C_SignMessage(CK_SESSION_HANDLE session, void *parameter,
	      CK_ULONG parameter_len, CK_BYTE *data, CK_ULONG data_len,
	      CK_BYTE *signature, CK_ULONG *signature_len)
{
	const struct call call = {
		.kind = MESSAGE_SIGN,
		.parameter = parameter,
		.parameter_len = parameter_len,
		.single = true,
		.step = {
			.kind = STEP_SINGLE,
			.in = data,
			.in_size = data_len,
			.has_out = true,
			.out = signature,
			.out_size = signature_len,
		},
	};
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	return session_leave(__func__, s, on_message(s, &call));
}

CK_RV
C_SignMessageBegin(CK_SESSION_HANDLE session, void *parameter,
		   CK_ULONG parameter_len)
{
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	rv = message_begin(s, MESSAGE_SIGN, parameter_len);
	return session_leave(__func__, s, rv);
}

/* Without a place for the signature's length there is more to come. */
CK_RV
C_SignMessageNext(CK_SESSION_HANDLE session, void *parameter,
		  CK_ULONG parameter_len, CK_BYTE *data, CK_ULONG data_len,
		  CK_BYTE *signature, CK_ULONG *signature_len)
{
	bool last = signature_len != NULL;
	const struct call call = {
		.kind = MESSAGE_SIGN,
		.parameter = parameter,
		.parameter_len = parameter_len,
		.last = last,
		.step = {
			.kind = last ? STEP_FINAL : STEP_UPDATE,
			.in = data,
			.in_size = data_len,
			.has_out = last,
			.out = signature,
			.out_size = signature_len,
		},
	};
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	return session_leave(__func__, s, on_message(s, &call));
}

CK_RV
C_MessageSignFinal(CK_SESSION_HANDLE session)
{
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	return session_leave(__func__, s, message_final(s, MESSAGE_SIGN));
}

CK_RV
C_MessageVerifyInit(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
		    CK_OBJECT_HANDLE key)
{
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	rv = message_init(s, MESSAGE_VERIFY, mechanism, key);
	return session_leave(__func__, s, rv);
}

CK_RV
C_VerifyMessage(CK_SESSION_HANDLE session, void *parameter,
		CK_ULONG parameter_len, CK_BYTE *data, CK_ULONG data_len,
		CK_BYTE *signature, CK_ULONG signature_len)
{
	const struct call call = {
		.kind = MESSAGE_VERIFY,
		.parameter = parameter,
		.parameter_len = parameter_len,
		.single = true,
		.step = {
			.kind = STEP_SINGLE,
			.in = data,
			.in_size = data_len,
			.signature = signature,
			.signature_size = signature_len,
		},
	};
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	return session_leave(__func__, s, on_message(s, &call));
}

CK_RV
C_VerifyMessageBegin(CK_SESSION_HANDLE session, void *parameter,
		     CK_ULONG parameter_len)
{
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	rv = message_begin(s, MESSAGE_VERIFY, parameter_len);
	return session_leave(__func__, s, rv);
}

/* Without a signature there is more to come. */
CK_RV
C_VerifyMessageNext(CK_SESSION_HANDLE session, void *parameter,
		    CK_ULONG parameter_len, CK_BYTE *data, CK_ULONG data_len,
		    CK_BYTE *signature, CK_ULONG signature_len)
{
	bool last = signature != NULL;
	const struct call call = {
		.kind = MESSAGE_VERIFY,
		.parameter = parameter,
		.parameter_len = parameter_len,
		.last = last,
		.step = {
			.kind = last ? STEP_FINAL : STEP_UPDATE,
			.in = data,
			.in_size = data_len,
			.signature = signature,
			.signature_size = last ? signature_len : 0,
		},
	};
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	return session_leave(__func__, s, on_message(s, &call));
}

CK_RV
C_MessageVerifyFinal(CK_SESSION_HANDLE session)
{
	struct session *s;
	CK_RV rv = session_enter(__func__, session, &s);

	if (rv != CKR_OK)
		return rv;
	return session_leave(__func__, s, message_final(s, MESSAGE_VERIFY));
}
