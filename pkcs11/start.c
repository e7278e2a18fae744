/* Starting an operation: whose key it is, and which token does the work. */
#include "activity.h"
#include "data.h"
#include "module.h"

/* longest signature: SLH-DSA has 49,856 bytes */
enum { SIGNATURE_MAX = 65536 };

/* What an operation is started with. */
struct start {
	enum operation_kind kind;
	const CK_MECHANISM *mechanism;
	struct presence *presence;
	struct operation *spare; /* a reusable one */
	const struct token *spare_token;
	const struct token *maker; /* who started it in the end */
};

/* Starts it on one token, from the spare one when that is of this token. */
static CK_RV
start_on(struct start *start, struct token *t, const struct operation_key *key,
	 struct operation **operation)
{
	struct operation *o = NULL;
	CK_RV rv;

	if (start->spare_token == t) {
		o = start->spare;
		start->spare = NULL;
	}
	rv = t->ops->operation_start(t, start->kind, start->mechanism, key, &o);
	if (rv != CKR_OK)
		return rv;
	start->maker = t;
	*operation = o;
	return CKR_OK;
}

/* What a public key must have to be used so; CK_UNAVAILABLE_INFORMATION when
 * no public key can. */
static CK_ATTRIBUTE_TYPE
permission(enum operation_kind kind)
{
	switch (kind) {
	case OPERATION_VERIFY:
		return CKA_VERIFY;
	case OPERATION_VERIFY_RECOVER:
		return CKA_VERIFY_RECOVER;
	case OPERATION_ENCRYPT:
		return CKA_ENCRYPT;
	default:
		return CK_UNAVAILABLE_INFORMATION;
	}
}

/*
 * The key's own token has no means for this: the host does it, when the object
 * is a public key that may be used so. The host knows no more of the key than
 * its CKA_PUBLIC_KEY_INFO.
 */
static CK_RV
start_on_host(struct start *start, struct token *owner, uint64_t id,
	      struct operation **operation)
{
	CK_OBJECT_CLASS class = CKO_DATA;
	CK_BBOOL allowed = CK_FALSE;
	CK_BYTE info[PUBLIC_KEY_INFO_MAX];
	CK_ATTRIBUTE list[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ permission(start->kind), &allowed, sizeof(allowed) },
		{ CKA_PUBLIC_KEY_INFO, info, sizeof(info) },
	};
	struct operation_key key = { 0 };
	struct operation *begun = NULL;
	CK_RV rv = owner->ops->attributes_get(owner, id, list, 3);

	if (rv != CKR_OK && rv != CKR_ATTRIBUTE_TYPE_INVALID &&
	    rv != CKR_ATTRIBUTE_SENSITIVE)
		return rv == CKR_BUFFER_TOO_SMALL ? CKR_KEY_SIZE_RANGE : rv;
	if (!data_is_key(class))
		return CKR_KEY_HANDLE_INVALID;
	if (list[2].ulValueLen == CK_UNAVAILABLE_INFORMATION)
		return CKR_KEY_TYPE_INCONSISTENT;
	key.public_key_info = cursor_of(info, list[2].ulValueLen);
	rv = start_on(start, start->presence->host, &key, &begun);
	if (rv != CKR_OK)
		return rv;
	/* the wrong type comes before the wrong use (5.1.6) */
	if (class != CKO_PUBLIC_KEY || allowed == CK_FALSE) {
		begun->ops->free(begun);
		return CKR_KEY_FUNCTION_NOT_PERMITTED;
	}
	*operation = begun;
	return CKR_OK;
}

/* A valid handle of an object that is no key is not a valid handle of a key
 * (5.1.6); asked only when the token has refused it. */
static CK_RV
why_refused(struct token *owner, uint64_t id, CK_RV rv)
{
	CK_OBJECT_CLASS class = CKO_DATA;
	CK_ATTRIBUTE attribute = { CKA_CLASS, &class, sizeof(class) };

	if (rv == CKR_OBJECT_HANDLE_INVALID)
		return CKR_KEY_HANDLE_INVALID;
	if (rv != CKR_KEY_TYPE_INCONSISTENT &&
	    rv != CKR_KEY_FUNCTION_NOT_PERMITTED)
		return rv;
	if (owner->ops->attributes_get(owner, id, &attribute, 1) != CKR_OK)
		return rv;
	return data_is_key(class) ? rv : CKR_KEY_HANDLE_INVALID;
}

static CK_RV
start_with_key(struct start *start, CK_OBJECT_HANDLE handle,
	       struct operation **operation)
{
	struct presence *p = start->presence;
	struct operation_key key = { 0 };
	struct object_ref ref;
	struct token *owner;
	CK_RV rv;

	if (!presence_find(p, handle, &ref))
		return CKR_KEY_HANDLE_INVALID;
	owner = presence_owner(p, ref);
	key.id = ref.id;
	rv = start_on(start, owner, &key, operation);
	if (rv != CKR_FUNCTION_NOT_SUPPORTED)
		return why_refused(owner, ref.id, rv);
	if (permission(start->kind) == CK_UNAVAILABLE_INFORMATION)
		return CKR_KEY_FUNCTION_NOT_PERMITTED;
	return start_on_host(start, owner, ref.id, operation);
}

static CK_RV
start(struct start *start, CK_OBJECT_HANDLE key, struct operation **operation)
{
	struct operation_key none = { 0 };

	if (start->kind == OPERATION_DIGEST)
		return start_on(start, start->presence->host, &none, operation);
	return start_with_key(start, key, operation);
}

CK_RV
activity_start(struct session *s, struct activity *a, enum operation_kind kind,
	       const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
	struct start begin = {
		.kind = kind,
		.mechanism = mechanism,
		.presence = s->presence,
		.spare = a->operation,
		.spare_token = a->token,
	};
	CK_RV rv;

	a->operation = NULL;
	rv = start(&begin, key, &a->operation);
	if (begin.spare != NULL)
		begin.spare->ops->free(begin.spare);
	if (rv != CKR_OK)
		return rv;
	a->token = begin.maker;
	a->key = key;
	a->progress = a->operation->login_each_time ? LOCKED : BEGUN;
	a->since = a->operation->login_each_time ? module_handle() : 0;
	return CKR_OK;
}

CK_RV
operation_init(struct session *s, enum operation_kind kind,
	       const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
	struct activity *a;
	CK_RV rv;

	if (mechanism == NULL)
		return operation_cancel(s, kind);
	rv = data_mechanism(mechanism);
	if (rv == CKR_OK)
		rv = activity_take_new(s, kind, &a);
	if (rv != CKR_OK)
		return rv;
	rv = activity_start(s, a, kind, mechanism, key);
	activity_give(s, a);
	return rv;
}

CK_RV
operation_init_verify(struct session *s, const CK_MECHANISM *mechanism,
		      CK_OBJECT_HANDLE key, const CK_BYTE *signature,
		      CK_ULONG size)
{
	struct activity *a;
	CK_RV rv;

	if (mechanism == NULL)
		return operation_cancel(s, OPERATION_VERIFY);
	if (signature == NULL || data_is_bad(signature, size))
		return CKR_ARGUMENTS_BAD;
	if (size > SIGNATURE_MAX)
		return CKR_SIGNATURE_LEN_RANGE;
	rv = data_mechanism(mechanism);
	if (rv == CKR_OK)
		rv = activity_take_new(s, OPERATION_VERIFY, &a);
	if (rv != CKR_OK)
		return rv;
	a->signature = builder_heap(SIGNATURE_MAX);
	builder_put(&a->signature, signature, size);
	rv = builder_ok(&a->signature) ? CKR_OK : CKR_HOST_MEMORY;
	if (rv == CKR_OK)
		rv = activity_start(s, a, OPERATION_VERIFY, mechanism, key);
	if (rv == CKR_OK)
		a->signature_first = true;
	else
		builder_free(&a->signature);
	activity_give(s, a);
	return rv;
}
