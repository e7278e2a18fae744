/* Signing and deciphering with a key on a card: the host digests, pads and
 * checks, the card computes once. */
#include "card_token.h"
#include "iso7816.h"
#include "log.h"
#include "mechanism.h"

enum { MESSAGE_MAX = 65536 /* of what must reach the card whole */ };

struct card_operation {
	struct operation operation;
	struct card_token *token;
	uint64_t id;
	struct card_key key;
	struct scheme scheme;
	enum card_primitive primitive;
	struct digester *digester; /* of a message, when the scheme has one */
	struct builder message;	   /* else all of the input */
	struct builder label;	   /* what scheme.label points at */
	struct secret *pin;	   /* of a context-specific login */
	unsigned long own_login;   /* its number */
};

static struct card_operation *
operation_of(struct operation *o)
{
	return (struct card_operation *)o;
}

static size_t
operation_size(struct operation *operation, size_t in_size, bool finish)
{
	return finish ? pubkey_size(operation_of(operation)->key.public_key)
		      : 0;
}

static CK_RV
operation_update(struct operation *operation, struct cursor in,
		 struct builder *out)
{
	struct card_operation *o = operation_of(operation);

	if (o->digester != NULL)
		return digester_update(o->digester, in);
	builder_append(&o->message, in);
	return builder_ok(&o->message) ? CKR_OK : CKR_DATA_LEN_RANGE;
}

/*
 * No signature leaves that the public key does not verify. A key that was made
 * anew in the slot shows here: its certificate is read once more.
 */
static CK_RV
operation_check(struct card_operation *o, struct cursor message,
		struct cursor signature)
{
	struct pubkey *now = NULL;
	CK_RV rv;

	rv = pubkey_verify(o->key.public_key, &o->scheme, message, signature);
	if (rv == CKR_OK)
		return CKR_OK;
	log_line(LOG_ERROR, "the signature does not fit the certificate");
	rv = card_key_reload(o->token, o->id, &now);
	if (rv != CKR_OK)
		return card_refusal(rv);
	if (!cursor_same(now->info, o->key.public_key->info))
		rv = pubkey_verify(now, &o->scheme, message, signature);
	else
		rv = CKR_DEVICE_ERROR;
	pubkey_free(now);
	return rv == CKR_OK ? CKR_OK : CKR_DEVICE_ERROR;
}

/* The result of the card, checked or unpadded. */
static CK_RV
operation_result(struct card_operation *o, struct cursor message,
		 struct cursor result, struct builder *out)
{
	CK_RV rv;

	if (o->primitive != CARD_RSA_DECRYPT &&
	    result.left != pubkey_size(o->key.public_key))
		return CKR_DEVICE_ERROR;
	if (o->operation.kind == OPERATION_DECRYPT)
		return mechanism_plaintext(&o->scheme, o->primitive, result,
					   out);
	rv = operation_check(o, message, result);
	if (rv != CKR_OK)
		return rv;
	builder_append(out, result);
	return builder_ok(out) ? CKR_OK : CKR_BUFFER_TOO_SMALL;
}

static CK_RV
operation_run(struct card_operation *o, struct cursor message,
	      struct builder *out)
{
	struct card_job job = { .primitive = o->primitive, .key = &o->key };
	struct card_use use = { .token = o->token,
				.id = o->id,
				.key = &o->key,
				.pin = o->pin,
				.own_login = o->own_login,
				.surrender = o->operation.surrender,
				.caller = o->operation.caller };
	struct builder input = builder_heap(MESSAGE_MAX);
	struct builder result = builder_heap(MESSAGE_MAX);
	CK_RV rv = mechanism_input(&o->scheme, &job, o->operation.kind, message,
				   &input);

	if (rv != CKR_OK)
		goto out;
	job.input = builder_read(&input);
	rv = card_compute(&use, &job, &result);
	if (rv == CKR_OK)
		rv = operation_result(o, message, builder_read(&result), out);
out:
	builder_free(&input);
	builder_free(&result);
	return rv;
}

static CK_RV
operation_finish(struct operation *operation, struct cursor in,
		 struct builder *out)
{
	struct card_operation *o = operation_of(operation);
	uint8_t bytes[DIGEST_SIZE_MAX];
	struct builder digest = builder_over(bytes, sizeof(bytes));
	CK_RV rv;

	if (o->digester == NULL)
		return operation_run(o, builder_read(&o->message), out);
	rv = digester_finish(o->digester, &digest);
	if (rv != CKR_OK)
		return rv;
	return operation_run(o, builder_read(&digest), out);
}

/* In a transaction. Nothing may come between this VERIFY and the key command,
 * so nothing follows it here. */
static CK_RV
operation_verify(struct card_operation *o, struct cursor pin)
{
	bool switched;
	CK_RV rv = applet_guard(o->token->applet, &switched);

	o->token->applet->pin_for = &o->key;
	if (rv == CKR_OK)
		rv = card_pin_verify(o->token, o->token->pin_index, pin);
	if (rv != CKR_OK)
		return rv;
	o->own_login = ++o->token->own_logins;
	o->token->own_login = o->own_login;
	secret_free(o->pin);
	o->pin = NULL;
	if (o->token->card->pin_keep && pin.at != NULL)
		o->pin = secret_new(pin.at, pin.left);
	return CKR_OK;
}

static CK_RV
operation_login(struct operation *operation, struct cursor pin)
{
	struct card_operation *o = operation_of(operation);
	struct card_token *t = o->token;
	CK_RV rv;

	if (!card_pin_sendable(t, t->pin_index, pin))
		return CKR_PIN_INCORRECT;
	rv = card_token_begin(t);
	if (rv != CKR_OK)
		return rv;
	return card_end(t->card, operation_verify(o, pin));
}

static void
operation_free(struct operation *operation)
{
	struct card_operation *o = operation_of(operation);
	struct card_token *t = o->token;

	digester_free(o->digester);
	builder_free(&o->message);
	builder_free(&o->label);
	secret_free(o->pin);
	pubkey_free(o->key.public_key);
	mem_free(o, sizeof(*o));
	card_drop(t->card);
	token_unref(&t->token);
}

static const struct operation_ops card_operation_ops = {
	.size = operation_size,
	.update = operation_update,
	.finish = operation_finish,
	.login = operation_login,
	.free = operation_free,
};

/* The label of OAEP is the caller's only until C_DecryptInit returns. */
static CK_RV
operation_copy(struct card_operation *o, const struct scheme *scheme)
{
	o->scheme = *scheme;
	builder_append(&o->label, scheme->label);
	if (!builder_ok(&o->label))
		return CKR_MECHANISM_PARAM_INVALID;
	o->scheme.label = builder_read(&o->label);
	if (scheme->digest == DIGEST_NONE)
		return CKR_OK;
	o->digester = digester_new(scheme->digest);
	return o->digester != NULL ? CKR_OK : CKR_HOST_MEMORY;
}

/* Takes the reference of KEY's public key, whatever it answers. */
static CK_RV
operation_new(struct card_token *t, enum operation_kind kind,
	      const struct scheme *scheme, const struct card_key *key,
	      struct card_operation **operation)
{
	struct card_operation *o = mem_new(sizeof(*o));
	CK_RV rv;

	if (o == NULL) {
		pubkey_free(key->public_key);
		return CKR_HOST_MEMORY;
	}
	token_ref(&t->token);
	card_hold(t->card);
	o->operation.ops = &card_operation_ops;
	o->operation.kind = kind;
	o->operation.single_part =
		scheme->digest == DIGEST_NONE && scheme->kind != SCHEME_EDDSA;
	o->operation.login_each_time = key->pin_each_time;
	o->token = t;
	o->key = *key;
	o->message = builder_heap(MESSAGE_MAX);
	o->label = builder_heap(MESSAGE_MAX);
	rv = operation_copy(o, scheme);
	if (rv == CKR_OK)
		rv = mechanism_primitive(scheme, kind, key, &o->primitive);
	if (rv != CKR_OK) {
		operation_free(&o->operation);
		return rv;
	}
	*operation = o;
	return CKR_OK;
}

CK_RV
card_operation_start(struct token *token, enum operation_kind kind,
		     const CK_MECHANISM *mechanism,
		     const struct operation_key *key,
		     struct operation **operation)
{
	struct card_token *t = card_token_of(token);
	struct card_operation *o = NULL;
	struct card_key found;
	struct scheme scheme;
	CK_RV rv;

	if (atomic_load(&t->card->removed))
		return CKR_DEVICE_REMOVED;
	if (kind != OPERATION_SIGN && kind != OPERATION_DECRYPT)
		return CKR_FUNCTION_NOT_SUPPORTED;
	rv = scheme_parse(mechanism, &scheme);
	if (rv != CKR_OK)
		return rv;
	rv = card_key_get(t, key->id, &found);
	if (rv != CKR_OK)
		return rv;
	rv = operation_new(t, kind, &scheme, &found, &o);
	if (rv != CKR_OK)
		return rv;
	o->id = key->id;
	*operation = &o->operation;
	return CKR_OK;
}
