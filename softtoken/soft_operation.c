/* Operations: a digest or a buffer in front of one computation with a key. */
#include "mem.h"
#include "soft_token.h"

enum { ECDSA_INPUT_MAX = 1024 };

/* A finished one waits to be used again: it keeps its digester, no key. */
struct soft_operation {
	struct operation operation; /* first: pkcs11/ sees this */
	struct soft_token *token;
	struct soft_key *key;
	struct scheme scheme;
	struct builder label;  /* what SCHEME.label points to */
	struct builder buffer; /* input that is not digested */
	enum digest digest;    /* what DIGESTER makes */
	struct digester *digester;
	bool digesting;
	bool authorised; /* by the context-specific login */
};

static struct soft_operation *
operation_of(struct operation *o)
{
	return (struct soft_operation *)o;
}

static void
operation_clear(struct soft_operation *o)
{
	soft_key_unref(o->key);
	o->key = NULL;
	builder_free(&o->label);
	builder_free(&o->buffer);
	o->authorised = false;
}

static void
operation_free(struct operation *operation)
{
	struct soft_operation *o = operation_of(operation);

	operation_clear(o);
	digester_free(o->digester);
	token_unref(&o->token->token);
	mem_free(o, sizeof(*o));
}

static size_t
operation_size(struct operation *operation, size_t in_size, bool finish)
{
	struct soft_operation *o = operation_of(operation);

	if (!finish || operation->kind == OPERATION_VERIFY)
		return 0;
	if (operation->kind == OPERATION_DIGEST)
		return digest_size(o->digest);
	return o->key ? soft_key_size(o->key) : 0;
}

static CK_RV
operation_update(struct operation *operation, struct cursor in,
		 struct builder *out)
{
	struct soft_operation *o = operation_of(operation);

	if (o->digesting)
		return digester_update(o->digester, in);
	builder_append(&o->buffer, in);
	if (builder_ok(&o->buffer))
		return CKR_OK;
	return operation->kind == OPERATION_DECRYPT
		       ? CKR_ENCRYPTED_DATA_LEN_RANGE
		       : CKR_DATA_LEN_RANGE;
}

static CK_RV
key_compute(struct soft_operation *o, struct cursor input,
	    struct cursor signature, struct builder *out)
{
	if (!o->key)
		return CKR_OPERATION_NOT_INITIALIZED;
	if (o->operation.login_each_time && !o->authorised)
		return CKR_USER_NOT_LOGGED_IN;
	switch (o->operation.kind) {
	case OPERATION_SIGN:
		return soft_key_sign(o->key, &o->scheme, input, out);
	case OPERATION_VERIFY:
		return soft_key_verify(o->key, &o->scheme, input, signature);
	case OPERATION_ENCRYPT:
		return soft_key_encrypt(o->key, &o->scheme, input, out);
	case OPERATION_DECRYPT:
		return soft_key_decrypt(o->key, &o->scheme, input, out);
	default:
		return CKR_FUNCTION_FAILED;
	}
}

static CK_RV
operation_finish(struct operation *operation, struct cursor in,
		 struct builder *out)
{
	struct soft_operation *o = operation_of(operation);
	uint8_t space[DIGEST_SIZE_MAX];
	struct builder digest = builder_over(space, sizeof(space));
	struct cursor input = builder_read(&o->buffer);
	CK_RV rv = CKR_OK;

	if (operation->kind == OPERATION_DIGEST)
		return digester_finish(o->digester, out);
	if (o->digesting) {
		rv = digester_finish(o->digester, &digest);
		input = builder_read(&digest);
	}
	if (rv == CKR_OK)
		rv = key_compute(o, input, in, out);
	mem_wipe(space, sizeof(space));
	operation_clear(o);
	return rv;
}

/* C_Login with CKU_CONTEXT_SPECIFIC: the PIN is only checked, as the key lies
 * here already. */
static CK_RV
operation_login(struct operation *operation, struct cursor pin)
{
	struct soft_operation *o = operation_of(operation);
	struct opened opened;
	CK_RV rv = pin_check(o->token, ROLE_USER, pin, &opened);

	mem_wipe(&opened, sizeof(opened));
	o->authorised = rv == CKR_OK;
	return rv;
}

static const struct operation_ops operation_ops = {
	.size = operation_size,
	.update = operation_update,
	.finish = operation_finish,
	.login = operation_login,
	.free = operation_free,
};

/* What an operation asks of the key's object. */
static const struct {
	CK_OBJECT_CLASS class;
	CK_ATTRIBUTE_TYPE usage;
	CK_FLAGS flag;
} demands[OPERATION_KINDS] = {
	[OPERATION_SIGN] = { CKO_PRIVATE_KEY, CKA_SIGN, CKF_SIGN },
	[OPERATION_VERIFY] = { CKO_PUBLIC_KEY, CKA_VERIFY, CKF_VERIFY },
	[OPERATION_ENCRYPT] = { CKO_PUBLIC_KEY, CKA_ENCRYPT, CKF_ENCRYPT },
	[OPERATION_DECRYPT] = { CKO_PRIVATE_KEY, CKA_DECRYPT, CKF_DECRYPT },
};

/* CKA_ALLOWED_MECHANISMS (PKCS#11 3.2, 4.7); when it is absent or empty every
 * mechanism is allowed. */
static bool
mechanism_allowed(const struct attrs *attrs, CK_MECHANISM_TYPE mechanism)
{
	struct cursor list = attrs_value(attrs, CKA_ALLOWED_MECHANISMS);

	if (!cursor_ok(&list) || list.left == 0)
		return true;
	while (cursor_ok(&list) && list.left > 0) {
		CK_MECHANISM_TYPE allowed = CK_UNAVAILABLE_INFORMATION;

		cursor_copy(&list, &allowed, sizeof(allowed));
		if (allowed == mechanism)
			return true;
	}
	return false;
}

/* With the token's lock: may this object do that? */
static CK_RV
item_permits(const struct item *item, enum operation_kind kind,
	     CK_MECHANISM_TYPE mechanism, const struct scheme *scheme)
{
	CK_KEY_TYPE type = scheme->kind == SCHEME_ECDSA ? CKK_EC : CKK_RSA;

	if (attrs_ulong(&item->attrs, CKA_CLASS, CKO_DATA) !=
		    demands[kind].class
	    || attrs_ulong(&item->attrs, CKA_KEY_TYPE,
			   CK_UNAVAILABLE_INFORMATION) != type)
		return CKR_KEY_TYPE_INCONSISTENT;
	if (!attrs_bool(&item->attrs, demands[kind].usage, false))
		return CKR_KEY_FUNCTION_NOT_PERMITTED;
	if (!mechanism_allowed(&item->attrs, mechanism))
		return CKR_MECHANISM_INVALID;
	return CKR_OK;
}

static CK_RV
key_of_object(struct soft_operation *o, CK_MECHANISM_TYPE mechanism,
	      uint64_t id)
{
	enum operation_kind kind = o->operation.kind;
	struct item *item;
	CK_RV rv = soft_get(o->token, id, &item);

	if (rv != CKR_OK)
		return rv == CKR_OBJECT_HANDLE_INVALID ? CKR_KEY_HANDLE_INVALID
						       : rv;
	rv = item_permits(item, kind, mechanism, &o->scheme);
	if (rv == CKR_OK && !item->key)
		rv = soft_key_load(&item->attrs, &item->key);
	if (rv == CKR_OK) {
		o->key = soft_key_ref(item->key);
		o->operation.login_each_time = attrs_bool(
			&item->attrs, CKA_ALWAYS_AUTHENTICATE, false);
	}
	soft_unlock(o->token);
	return rv;
}

/* Somebody else's public key: only what public keys do. */
static CK_RV
key_of_info(struct soft_operation *o, struct cursor info)
{
	CK_KEY_TYPE type = o->scheme.kind == SCHEME_ECDSA ? CKK_EC : CKK_RSA;
	CK_RV rv;

	if (o->operation.kind != OPERATION_VERIFY &&
	    o->operation.kind != OPERATION_ENCRYPT)
		return CKR_KEY_TYPE_INCONSISTENT;
	rv = soft_key_of_info(info, &o->key);
	if (rv == CKR_DATA_INVALID)
		return CKR_KEY_TYPE_INCONSISTENT;
	if (rv == CKR_OK && soft_key_type(o->key) != type)
		rv = CKR_KEY_TYPE_INCONSISTENT;
	return rv;
}

/* A mechanism may be known and yet not do this. */
static CK_RV
scheme_serves(CK_MECHANISM_TYPE mechanism, enum operation_kind kind)
{
	size_t count;
	const struct scheme_row *rows = scheme_rows(&count);

	for (size_t i = 0; i < count; i++) {
		if (rows[i].type == mechanism &&
		    (rows[i].flags & demands[kind].flag))
			return CKR_OK;
	}
	return CKR_MECHANISM_INVALID;
}

/* The label is the caller's only as long as C_DecryptInit takes. */
static CK_RV
scheme_keep(struct soft_operation *o, const CK_MECHANISM *mechanism)
{
	CK_RV rv = scheme_serves(mechanism->mechanism, o->operation.kind);

	if (rv == CKR_OK)
		rv = scheme_parse(mechanism, &o->scheme);
	if (rv != CKR_OK)
		return rv;
	o->label = builder_heap(o->scheme.label.left);
	builder_append(&o->label, o->scheme.label);
	o->scheme.label = builder_read(&o->label);
	return builder_ok(&o->label) ? CKR_OK : CKR_HOST_MEMORY;
}

static CK_RV
digester_want(struct soft_operation *o, enum digest digest)
{
	o->digesting = digest != DIGEST_NONE;
	if (!o->digesting)
		return CKR_OK;
	if (o->digester && o->digest == digest) {
		digester_reset(o->digester);
		return CKR_OK;
	}
	digester_free(o->digester);
	o->digest = digest;
	o->digester = digester_new(digest);
	return o->digester ? CKR_OK : CKR_HOST_MEMORY;
}

static CK_RV
start_digest(struct soft_operation *o, const CK_MECHANISM *mechanism)
{
	enum digest digest = digest_of_mechanism(mechanism->mechanism);

	if (digest == DIGEST_NONE)
		return CKR_MECHANISM_INVALID;
	if (mechanism->ulParameterLen > 0)
		return CKR_MECHANISM_PARAM_INVALID;
	return digester_want(o, digest);
}

static CK_RV
start_keyed(struct soft_operation *o, const CK_MECHANISM *mechanism,
	    const struct operation_key *key)
{
	CK_RV rv = scheme_keep(o, mechanism);

	if (rv == CKR_OK && key->public_key_info.left > 0)
		rv = key_of_info(o, key->public_key_info);
	else if (rv == CKR_OK)
		rv = key_of_object(o, mechanism->mechanism, key->id);
	if (rv != CKR_OK)
		return rv;
	o->operation.single_part = o->scheme.digest == DIGEST_NONE;
	o->buffer = builder_heap(o->scheme.kind == SCHEME_ECDSA
					 ? ECDSA_INPUT_MAX
					 : soft_key_size(o->key));
	return digester_want(o, o->scheme.digest);
}

static struct soft_operation *
operation_new(struct soft_token *t)
{
	struct soft_operation *o = mem_new(sizeof(*o));

	if (!o)
		return NULL;
	o->operation.ops = &operation_ops;
	o->token = t;
	token_ref(&t->token);
	return o;
}

CK_RV
soft_operation_start(struct token *token, enum operation_kind kind,
		     const CK_MECHANISM *mechanism,
		     const struct operation_key *key,
		     struct operation **operation)
{
	struct soft_operation *o = *operation ? operation_of(*operation)
					      : operation_new(soft_of(token));
	CK_RV rv;

	*operation = NULL;
	if (!o)
		return CKR_HOST_MEMORY;
	operation_clear(o);
	o->operation.kind = kind;
	o->operation.single_part = false;
	o->operation.login_each_time = false;
	if (kind == OPERATION_DIGEST)
		rv = start_digest(o, mechanism);
	else
		rv = start_keyed(o, mechanism, key);
	if (rv != CKR_OK) {
		operation_free(&o->operation);
		return rv;
	}
	*operation = &o->operation;
	return CKR_OK;
}
