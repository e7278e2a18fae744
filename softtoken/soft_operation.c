/* Operations: what keeps input, computes and forgets, whatever the engine. */
#include "soft_operation.h"

#include "mem.h"

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
	o->running = false;
	if (o->cipher)
		cipher_end(o->cipher);
	if (o->mac)
		mac_end(o->mac);
}

static void
operation_free(struct operation *operation)
{
	struct soft_operation *o = operation_of(operation);

	operation_clear(o);
	digester_free(o->digester);
	cipher_free(o->cipher);
	mac_free(o->mac);
	token_unref(&o->token->token);
	mem_free(o, sizeof(*o));
}

static size_t
operation_size(struct operation *operation, size_t in_size, bool finish)
{
	struct soft_operation *o = operation_of(operation);

	if (!o->running)
		return 0;
	if (o->engine == ENGINE_CIPHER)
		return cipher_size(o->cipher, in_size, finish);
	if (!finish || operation->kind == OPERATION_VERIFY)
		return 0;
	if (o->engine == ENGINE_DIGEST)
		return digest_size(o->digest);
	return o->engine == ENGINE_MAC ? mac_size(o->mac)
				       : soft_key_size(o->key);
}

static CK_RV
buffer_append(struct soft_operation *o, struct cursor in)
{
	builder_append(&o->buffer, in);
	if (builder_ok(&o->buffer))
		return CKR_OK;
	switch (o->operation.kind) {
	case OPERATION_DECRYPT:
		return CKR_ENCRYPTED_DATA_LEN_RANGE;
	case OPERATION_VERIFY_RECOVER:
		return CKR_SIGNATURE_LEN_RANGE;
	default:
		return CKR_DATA_LEN_RANGE;
	}
}

static CK_RV
operation_update(struct operation *operation, struct cursor in,
		 struct builder *out)
{
	struct soft_operation *o = operation_of(operation);

	if (!o->running)
		return CKR_OPERATION_NOT_INITIALIZED;
	if (o->engine == ENGINE_CIPHER)
		return cipher_update(o->cipher, in, out);
	if (o->engine == ENGINE_MAC)
		return mac_update(o->mac, in);
	return o->digesting ? digester_update(o->digester, in)
			    : buffer_append(o, in);
}

static CK_RV
key_compute(struct soft_operation *o, struct cursor input,
	    struct cursor signature, struct builder *out)
{
	if (o->operation.login_each_time && !o->authorised)
		return CKR_USER_NOT_LOGGED_IN;
	switch (o->operation.kind) {
	case OPERATION_SIGN:
	case OPERATION_SIGN_RECOVER:
		return soft_key_sign(o->key, &o->scheme, input, out);
	case OPERATION_VERIFY:
		return soft_key_verify(o->key, &o->scheme, input, signature);
	case OPERATION_VERIFY_RECOVER:
		return soft_key_recover(o->key, &o->scheme, input, out);
	case OPERATION_ENCRYPT:
		return soft_key_encrypt(o->key, &o->scheme, input, out);
	case OPERATION_DECRYPT:
		return soft_key_decrypt(o->key, &o->scheme, input, out);
	default:
		return CKR_FUNCTION_FAILED;
	}
}

/* INPUT is all that there was, when nothing has digested it. */
static CK_RV
pair_finish(struct soft_operation *o, struct cursor input,
	    struct cursor signature, struct builder *out)
{
	uint8_t space[DIGEST_SIZE_MAX];
	struct builder digest = builder_over(space, sizeof(space));
	CK_RV rv = CKR_OK;

	if (o->digesting) {
		rv = digester_finish(o->digester, &digest);
		input = builder_read(&digest);
	}
	if (rv == CKR_OK)
		rv = key_compute(o, input, signature, out);
	mem_wipe(space, sizeof(space));
	return rv;
}

static CK_RV
mac_end_with(struct soft_operation *o, struct cursor signature,
	     struct builder *out)
{
	return o->operation.kind == OPERATION_VERIFY
		       ? mac_verify(o->mac, signature)
		       : mac_finish(o->mac, out);
}

/*
 * The cipher of an operation that ended well goes back to its key's object, to
 * rest there with the key for the next one, unless the object is gone or has a
 * cipher by now, or the token may be another's since.
 */
static void
cipher_return(struct soft_operation *o, CK_RV rv)
{
	struct soft_token *t = o->token;
	struct item *item = NULL;

	if (rv != CKR_OK)
		return;
	cipher_rest(o->cipher);
	soft_lock(t);
	if (t->changes == o->cipher_changes)
		item = items_find(&t->items, o->cipher_id);
	if (item && !item->cipher) {
		item->cipher = o->cipher;
		o->cipher = NULL;
	}
	soft_unlock(t);
}

static CK_RV
operation_finish(struct operation *operation, struct cursor in,
		 struct builder *out)
{
	struct soft_operation *o = operation_of(operation);
	CK_RV rv = CKR_FUNCTION_FAILED;

	if (!o->running)
		return CKR_OPERATION_NOT_INITIALIZED;
	switch (o->engine) {
	case ENGINE_DIGEST:
		o->running = false;
		return digester_finish(o->digester, out);
	case ENGINE_PAIR:
		rv = pair_finish(o, builder_read(&o->buffer), in, out);
		break;
	case ENGINE_CIPHER:
		rv = cipher_finish(o->cipher, out);
		cipher_return(o, rv);
		break;
	case ENGINE_MAC:
		rv = mac_end_with(o, in, out);
		break;
	}
	operation_clear(o);
	return rv;
}

static CK_RV
operation_whole(struct operation *operation, struct cursor in,
		struct cursor signature, struct builder *out)
{
	struct soft_operation *o = operation_of(operation);
	CK_RV rv;

	if (o->running && o->engine == ENGINE_CIPHER) {
		rv = cipher_whole(o->cipher, in, out);
		cipher_return(o, rv);
		operation_clear(o);
		return rv;
	}
	if (o->running && o->engine == ENGINE_PAIR && !o->digesting &&
	    scheme_whole(o->scheme.kind) && o->buffer.used == 0) {
		rv = key_compute(o, in, signature, out);
		operation_clear(o);
		return rv;
	}
	rv = operation_update(operation, in, out);
	return rv == CKR_OK ? operation_finish(operation, signature, out) : rv;
}

/* C_Login with CKU_CONTEXT_SPECIFIC: the PIN is only checked, as the key lies
 * here already. */
static CK_RV
operation_login(struct operation *operation, struct cursor pin)
{
	struct soft_operation *o = operation_of(operation);
	struct opened opened;
	CK_RV rv = pin_check(soft_pin_owner(o->token), ROLE_USER, pin, &opened);

	mem_wipe(&opened, sizeof(opened));
	o->authorised = rv == CKR_OK;
	return rv;
}

static const struct operation_ops operation_ops;

static struct soft_operation *
operation_new(struct soft_token *t)
{
	struct soft_operation *o = mem_new(sizeof(*o));

	if (!o)
		return NULL;
	o->operation.ops = &operation_ops;
	o->operation.reusable = true;
	o->token = t;
	token_ref(&t->token);
	return o;
}

static CK_RV
engines_copy(const struct soft_operation *o, struct soft_operation *copy)
{
	if (o->engine == ENGINE_MAC) {
		copy->mac = mac_copy(o->mac);
		return copy->mac ? CKR_OK : CKR_HOST_MEMORY;
	}
	if (!o->digesting)
		return CKR_OK;
	copy->digester = digester_copy(o->digester);
	return copy->digester ? CKR_OK : CKR_HOST_MEMORY;
}

/* A cipher's state has no copy that all modes of OpenSSL have. */
static CK_RV
operation_copy(struct operation *operation, struct operation **copy)
{
	struct soft_operation *o = operation_of(operation), *c;
	CK_RV rv;

	if (!o->running || o->engine == ENGINE_CIPHER)
		return CKR_STATE_UNSAVEABLE;
	c = operation_new(o->token);
	if (!c)
		return CKR_HOST_MEMORY;
	c->operation.kind = o->operation.kind;
	c->operation.single_part = o->operation.single_part;
	c->operation.login_each_time = o->operation.login_each_time;
	c->engine = o->engine;
	c->running = true;
	c->key = o->key ? soft_key_ref(o->key) : NULL;
	c->digest = o->digest;
	c->digesting = o->digesting;
	c->label = builder_heap(o->label.used);
	builder_append(&c->label, builder_read(&o->label));
	c->scheme = o->scheme;
	c->scheme.label = builder_read(&c->label);
	c->buffer = builder_heap(o->buffer.limit);
	builder_append(&c->buffer, builder_read(&o->buffer));
	rv = engines_copy(o, c);
	if (rv == CKR_OK && !(builder_ok(&c->label) && builder_ok(&c->buffer)))
		rv = CKR_HOST_MEMORY;
	if (rv == CKR_OK)
		*copy = &c->operation;
	else
		operation_free(&c->operation);
	return rv;
}

static const struct operation_ops operation_ops = {
	.size = operation_size,
	.update = operation_update,
	.finish = operation_finish,
	.whole = operation_whole,
	.login = operation_login,
	.copy = operation_copy,
	.free = operation_free,
};

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
	rv = operation_begin(o, mechanism, key);
	o->running = rv == CKR_OK;
	if (rv != CKR_OK) {
		operation_free(&o->operation);
		return rv;
	}
	*operation = &o->operation;
	return CKR_OK;
}
