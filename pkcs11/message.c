/* Message-based operations from their beginning to their end (5.9 to 5.16). */
#include "message.h"

#include "crypto.h"
#include "data.h"
#include "mem.h"

enum { PARAMETER_MAX = 4096 };

bool
message_signs(CK_MECHANISM_TYPE type)
{
	/* needs another IV for each message, and has no place for it */
	return type != CKM_AES_GMAC;
}

void
message_free(struct message *m)
{
	if (m == NULL)
		return;
	activity_end(&m->work, CKR_FUNCTION_CANCELED);
	builder_free(&m->parameter);
	builder_free(&m->context);
	mem_free(m, sizeof(*m));
}

static bool
is_kind(CK_MECHANISM_TYPE type, enum scheme_kind one, enum scheme_kind other)
{
	size_t count, i;
	const struct scheme_row *rows = scheme_rows(&count);

	for (i = 0; i < count; i++) {
		if (rows[i].type == type)
			return rows[i].kind == one || rows[i].kind == other;
	}
	return false;
}

/* Where a parameter points to more of itself: pointer and length. Those of
 * HashML-DSA begin as those of ML-DSA do. */
static bool
context_of(CK_MECHANISM_TYPE type, void *parameter, CK_ULONG size,
	   CK_BYTE ***context, CK_ULONG *length)
{
	CK_SIGN_ADDITIONAL_CONTEXT *lattice = parameter;
	CK_EDDSA_PARAMS *eddsa = parameter;

	if (is_kind(type, SCHEME_EDDSA, SCHEME_EDDSA) &&
	    size == sizeof(*eddsa)) {
		*context = &eddsa->pContextData;
		*length = eddsa->ulContextDataLen;
		return true;
	}
	if (is_kind(type, SCHEME_ML_DSA, SCHEME_SLH_DSA) &&
	    size >= sizeof(*lattice)) {
		*context = &lattice->pContext;
		*length = lattice->ulContextLen;
		return true;
	}
	return false;
}

/* The mechanism is the caller's only as long as C_MessageSignInit takes. */
static CK_RV
mechanism_keep(struct message *m, const CK_MECHANISM *given)
{
	CK_MECHANISM_TYPE type = given->mechanism;
	CK_BYTE **context;
	CK_ULONG length;

	m->mechanism = (CK_MECHANISM){ .mechanism = type };
	if (given->ulParameterLen == 0)
		return CKR_OK;
	m->parameter = builder_heap(PARAMETER_MAX);
	builder_put(&m->parameter, given->pParameter, given->ulParameterLen);
	if (!builder_ok(&m->parameter))
		return CKR_MECHANISM_PARAM_INVALID;
	m->mechanism.pParameter = m->parameter.data;
	m->mechanism.ulParameterLen = m->parameter.used;
	if (!context_of(type, m->parameter.data, m->parameter.used, &context,
			&length))
		return CKR_OK;
	if (data_is_bad(*context, length))
		return CKR_MECHANISM_PARAM_INVALID;
	m->context = builder_heap(PARAMETER_MAX);
	builder_put(&m->context, *context, length);
	*context = m->context.data;
	return builder_ok(&m->context) ? CKR_OK : CKR_MECHANISM_PARAM_INVALID;
}

CK_RV
message_start(struct session *s, struct message *m,
	      const CK_MECHANISM *mechanism)
{
	CK_RV rv;

	if (m->work.progress != AT_REST)
		return CKR_OK;
	rv = activity_start(s, &m->work, m->kind, mechanism, m->key);
	m->keyless = rv == CKR_KEY_HANDLE_INVALID;
	return m->keyless ? CKR_OPERATION_NOT_INITIALIZED : rv;
}

void
message_give(struct session *s, struct activity *a)
{
	if (a->message->keyless)
		activity_end(a, CKR_KEY_HANDLE_INVALID);
	activity_give(s, a);
}

/* What does not depend on a message: may the key do this at all? */
static CK_RV
crypt_try(struct session *s, struct message *m, CK_MECHANISM_TYPE type)
{
	static const uint8_t iv[AEAD_TAG_MAX];
	const struct aead some = {
		.type = type, .iv_size = 12, .tag_size = AEAD_TAG_MAX
	};
	struct aead_plain plain;
	CK_RV rv;

	aead_plain(&some, iv, cursor_of(NULL, 0), &plain);
	rv = activity_start(s, &m->work, m->kind, &plain.mechanism, m->key);
	activity_end(&m->work, CKR_FUNCTION_CANCELED);
	return rv;
}

static CK_RV
begin(struct session *s, unsigned kind, struct message *m,
      const CK_MECHANISM *mechanism)
{
	bool crypt = kind == MESSAGE_ENCRYPT || kind == MESSAGE_DECRYPT;
	CK_MECHANISM_TYPE type = mechanism->mechanism;
	struct aead first;
	CK_RV rv;

	if (crypt ? !aead_is(type) : !message_signs(type))
		return CKR_MECHANISM_INVALID;
	if (!crypt) {
		rv = mechanism_keep(m, mechanism);
		return rv == CKR_OK ? activity_start(s, &m->work, m->kind,
						     &m->mechanism, m->key)
				    : rv;
	}
	m->mechanism.mechanism = type;
	/* the parameters come with each message; here they may */
	if (mechanism->ulParameterLen > 0) {
		rv = aead_read_message(type, mechanism->pParameter,
				       mechanism->ulParameterLen, &first);
		if (rv != CKR_OK)
			return rv;
	}
	return crypt_try(s, m, type);
}

static enum operation_kind
kind_of_each(unsigned kind)
{
	switch (kind) {
	case MESSAGE_ENCRYPT:
		return OPERATION_ENCRYPT;
	case MESSAGE_DECRYPT:
		return OPERATION_DECRYPT;
	case MESSAGE_SIGN:
		return OPERATION_SIGN;
	default:
		return OPERATION_VERIFY;
	}
}

CK_RV
message_init(struct session *s, unsigned kind, const CK_MECHANISM *mechanism,
	     CK_OBJECT_HANDLE key)
{
	struct activity *a;
	struct message *m;
	CK_RV rv;

	if (mechanism == NULL)
		return operation_cancel(s, kind);
	rv = data_mechanism(mechanism);
	if (rv == CKR_OK)
		rv = activity_take_new(s, kind, &a);
	if (rv != CKR_OK)
		return rv;
	m = mem_new(sizeof(*m));
	rv = m == NULL ? CKR_HOST_MEMORY : CKR_OK;
	if (rv == CKR_OK) {
		m->kind = kind_of_each(kind);
		m->key = key;
		rv = begin(s, kind, m, mechanism);
	}
	if (rv == CKR_OK) {
		a->message = m;
		a->progress = BEGUN;
	} else {
		message_free(m);
	}
	activity_give(s, a);
	return rv;
}

CK_RV
message_final(struct session *s, unsigned kind)
{
	struct activity *a;
	CK_RV rv = activity_take(s, kind, &a);

	if (rv != CKR_OK)
		return rv;
	if (a->message->under_way)
		rv = CKR_OPERATION_ACTIVE;
	else
		activity_end(a, CKR_OK);
	activity_give(s, a);
	return rv;
}
