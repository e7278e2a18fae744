/* A token that computes nothing of worth, but counts what is asked of it. */
#include <stdlib.h>
#include <string.h>

#include "fake.h"
#include "fake_cross.h"
#include "mem.h"

unsigned fakes_alive;

struct fake_operation {
	struct operation operation;
	struct fake *owner;
	uint8_t sum;
	size_t seen;
	bool logged_in; /* for this key alone */
};

struct fake *
fake_of(struct token *t)
{
	return (struct fake *)t;
}

static enum login
login_of(struct fake *f)
{
	struct fake *who = f->host ? f->peer : f;

	return __atomic_load_n(&who->login, __ATOMIC_SEQ_CST);
}

static CK_RV
fake_info(struct token *t, CK_TOKEN_INFO *info)
{
	struct fake *f = fake_of(t);

	gate_pass(f->info_gate);
	if (f->lost != CKR_OK)
		return f->lost;
	*info = (CK_TOKEN_INFO){ .flags = f->flags };
	text_pad(info->model, sizeof(info->model),
		 cursor_of(f->model, strlen(f->model)));
	return CKR_OK;
}

static enum login
fake_login_state(struct token *t)
{
	return login_of(fake_of(t));
}

static size_t
fake_mechanisms(struct token *t, struct mechanism *list, size_t room)
{
	static const struct mechanism card[] = {
		{ FAKE_PARTS, { 1024, 2048, CKF_HW | CKF_SIGN } },
		{ FAKE_SINGLE,
		  { 1024, 2048, CKF_HW | CKF_SIGN | CKF_DECRYPT } },
		{ FAKE_KEYPAIR, { 1024, 2048, CKF_GENERATE_KEY_PAIR } },
		{ FAKE_KEYGEN, { 16, 32, CKF_GENERATE } },
		{ FAKE_DERIVE, { 16, 32, CKF_DERIVE } },
	};
	static const struct mechanism host[] = {
		{ FAKE_PARTS, { 512, 4096, CKF_SIGN | CKF_VERIFY } },
		{ FAKE_DIGEST, { 0, 0, CKF_DIGEST } },
		{ CKM_EC_KEY_PAIR_GEN, { 256, 521, CKF_GENERATE_KEY_PAIR } },
		{ FAKE_HMAC, { 1, 64, CKF_SIGN | CKF_VERIFY } },
	};
	const struct mechanism *own = fake_of(t)->host ? host : card;
	size_t i;

	size_t count = fake_of(t)->host ? 4 : 5;

	for (i = 0; i < count && i < room; i++)
		list[i] = own[i];
	return count;
}

static CK_RV
fake_init(struct token *t, struct cursor so_pin, struct cursor label)
{
	fake_of(t)->inits++;
	return CKR_OK;
}

static CK_RV
fake_login(struct token *t, enum login user, struct cursor pin)
{
	struct fake *f = fake_of(t);

	gate_pass(f->login_gate);
	if (f->lost != CKR_OK)
		return f->lost;
	f->logins++;
	if (pin.at != NULL && !cursor_is(pin, f->pin, strlen(f->pin)))
		return CKR_PIN_INCORRECT;
	__atomic_store_n(&f->login, user, __ATOMIC_SEQ_CST);
	return CKR_OK;
}

static CK_RV
fake_logout(struct token *t)
{
	struct fake *f = fake_of(t);

	f->logouts++;
	__atomic_store_n(&f->login, LOGIN_NONE, __ATOMIC_SEQ_CST);
	return CKR_OK;
}

static CK_RV
fake_pin_init(struct token *t, struct cursor pin)
{
	return CKR_OK;
}

static CK_RV
fake_pin_change(struct token *t, struct cursor old_pin, struct cursor new_pin)
{
	struct fake *f = fake_of(t);

	return cursor_is(old_pin, f->pin, strlen(f->pin)) ? CKR_OK
							  : CKR_PIN_INCORRECT;
}

/* What points to the object, or ends the list. */
static struct object **
object_at(struct fake *f, uint64_t id)
{
	struct object **at = &f->objects;

	while (*at != NULL && (*at)->id != id)
		at = &(*at)->next;
	return at;
}

struct object *
fake_object(struct fake *f, uint64_t id)
{
	return *object_at(f, id);
}

uint64_t
fake_object_add(struct fake *f, struct attrs *attrs)
{
	struct object *o = calloc(1, sizeof(*o));

	assert_non_null(o);
	o->id = ++f->last_id;
	o->attrs = *attrs;
	*attrs = (struct attrs){ 0 };
	*object_at(f, o->id) = o;
	return o->id;
}

static void
object_drop(struct object **at)
{
	struct object *o = *at;

	*at = o->next;
	attrs_free(&o->attrs);
	free(o);
}

static bool
is_visible(struct fake *f, const struct object *o)
{
	return login_of(f) == LOGIN_USER ||
	       !attrs_bool(&o->attrs, CKA_PRIVATE, false);
}

static struct object *
visible(struct fake *f, uint64_t id)
{
	struct object *o = fake_object(f, id);

	return o != NULL && is_visible(f, o) ? o : NULL;
}

static CK_RV
fake_search(struct token *t, struct template match, struct ids *found)
{
	struct fake *f = fake_of(t);
	CK_RV rv = CKR_OK;

	f->searches++;
	gate_pass(f->search_gate);
	if (f->lost != CKR_OK)
		return f->lost;
	for (struct object *o = f->objects; o && rv == CKR_OK; o = o->next) {
		if (is_visible(f, o) &&
		    attrs_match(&o->attrs, match.list, match.count) != MATCH_NO)
			rv = ids_add(found, o->id);
	}
	return rv;
}

static CK_RV
fake_attributes_get(struct token *t, uint64_t id, CK_ATTRIBUTE *list,
		    CK_ULONG count)
{
	struct fake *f = fake_of(t);
	struct object *o = visible(f, id);

	if (f->lost != CKR_OK)
		return f->lost;
	if (o == NULL)
		return CKR_OBJECT_HANDLE_INVALID;
	return attrs_answer(&o->attrs, list, count);
}

static CK_RV
fake_attributes_set(struct token *t, uint64_t id, struct template changes)
{
	struct object *o = visible(fake_of(t), id);

	if (o == NULL)
		return CKR_OBJECT_HANDLE_INVALID;
	return attrs_set_template(&o->attrs, changes.list, changes.count);
}

static CK_RV
fake_create(struct token *t, struct template object, uint64_t *id)
{
	struct attrs attrs = { 0 };
	CK_RV rv = attrs_set_template(&attrs, object.list, object.count);

	if (rv == CKR_OK)
		*id = fake_object_add(fake_of(t), &attrs);
	attrs_free(&attrs);
	return rv;
}

static CK_RV
fake_destroy(struct token *t, uint64_t id)
{
	struct fake *f = fake_of(t);
	struct object **at = object_at(f, id);

	if (!f->host && visible(f, id) == NULL)
		return CKR_OBJECT_HANDLE_INVALID;
	f->destroyed++;
	if (*at != NULL)
		object_drop(at);
	return CKR_OK;
}

static CK_RV
fake_generate_pair(struct token *t, const CK_MECHANISM *mechanism,
		   struct template public_key, struct template private_key,
		   uint64_t *public_id, uint64_t *private_id)
{
	CK_RV rv = fake_create(t, public_key, public_id);

	return rv != CKR_OK ? rv : fake_create(t, private_key, private_id);
}

static void
fake_idle(struct token *t)
{
	fake_of(t)->idles++;
}

static void
fake_free(struct token *t)
{
	struct fake *f = fake_of(t);

	while (f->objects != NULL)
		object_drop(&f->objects);
	if (f->peer != NULL)
		token_unref(&f->peer->token);
	fakes_alive--;
	free(f);
}

/* Operations: a signature is the sum of the bytes, eight times. */

static size_t
op_size(struct operation *o, size_t in_size, bool finish)
{
	switch (o->kind) {
	case OPERATION_SIGN:
	case OPERATION_SIGN_RECOVER:
	case OPERATION_DIGEST:
		return finish ? FAKE_SIGNATURE_SIZE : 0;
	case OPERATION_ENCRYPT:
		return in_size + (finish ? 1 : 0);
	case OPERATION_DECRYPT:
	case OPERATION_VERIFY_RECOVER:
		return in_size + 16;
	default:
		return 0;
	}
}

static CK_RV
op_update(struct operation *o, struct cursor in, struct builder *out)
{
	struct fake_operation *f = (struct fake_operation *)o;
	bool cipher = o->kind == OPERATION_ENCRYPT ||
		      o->kind == OPERATION_DECRYPT ||
		      o->kind == OPERATION_VERIFY_RECOVER;

	f->seen += in.left;
	while (in.left > 0) {
		uint8_t byte = cursor_u8(&in);

		f->sum = (uint8_t)(f->sum + byte);
		if (byte == 0xee)
			return CKR_DATA_LEN_RANGE;
		if (cipher)
			builder_u8(out, byte ^ 0x55);
	}
	return CKR_OK;
}

static CK_RV
op_finish(struct operation *o, struct cursor in, struct builder *out)
{
	struct fake_operation *f = (struct fake_operation *)o;
	uint8_t sum[FAKE_SIGNATURE_SIZE];

	gate_pass(f->owner->finish_gate);
	if (f->owner->surrenders && o->surrender(o->caller) != CKR_OK)
		return CKR_FUNCTION_CANCELED;
	__atomic_add_fetch(&f->owner->finishes, 1, __ATOMIC_SEQ_CST);
	if (f->owner->refuse != CKR_OK)
		return f->owner->refuse;
	if (o->login_each_time && !f->logged_in)
		return CKR_USER_NOT_LOGGED_IN;
	memset(sum, f->sum, sizeof(sum));
	f->sum = 0;
	f->logged_in = false;
	if (o->kind == OPERATION_VERIFY)
		return cursor_is(in, sum, sizeof(sum)) ? CKR_OK
						       : CKR_SIGNATURE_INVALID;
	if (o->kind == OPERATION_ENCRYPT)
		builder_u8(out, 0x0f);
	else if (o->kind != OPERATION_DECRYPT &&
		 o->kind != OPERATION_VERIFY_RECOVER)
		builder_put(out, sum, sizeof(sum));
	return CKR_OK;
}

static CK_RV
op_login(struct operation *o, struct cursor pin)
{
	struct fake_operation *f = (struct fake_operation *)o;

	if (f->owner->context != CKR_OK)
		return f->owner->context;
	if (!cursor_is(pin, f->owner->pin, strlen(f->owner->pin)))
		return CKR_PIN_INCORRECT;
	f->logged_in = true;
	return CKR_OK;
}

static void
op_free(struct operation *o)
{
	struct fake_operation *f = (struct fake_operation *)o;

	__atomic_add_fetch(&f->owner->frees, 1, __ATOMIC_SEQ_CST);
	token_unref(&f->owner->token);
	free(f);
}

static CK_RV
op_copy(struct operation *o, struct operation **copy)
{
	struct fake_operation *f = (struct fake_operation *)o;
	struct fake_operation *new = calloc(1, sizeof(*new));

	*new = *f;
	new->logged_in = false;
	token_ref(&f->owner->token);
	*copy = &new->operation;
	return CKR_OK;
}

static const struct operation_ops op_ops = {
	.size = op_size,
	.update = op_update,
	.finish = op_finish,
	.login = op_login,
	.copy = op_copy,
	.free = op_free,
};

static CK_RV
op_check(struct fake *f, enum operation_kind kind, const CK_MECHANISM *m,
	 const struct operation_key *key)
{
	struct object *o;

	if (kind == OPERATION_DIGEST)
		return m->mechanism == FAKE_DIGEST ? CKR_OK
						   : CKR_MECHANISM_INVALID;
	if (m->mechanism != FAKE_PARTS && m->mechanism != FAKE_SINGLE &&
	    m->mechanism != CKM_AES_GCM)
		return CKR_MECHANISM_INVALID;
	if (f->host && key->public_key_info.left > 0)
		return CKR_OK;
	if (f->public_keys_elsewhere &&
	    (kind == OPERATION_VERIFY || kind == OPERATION_ENCRYPT))
		return CKR_FUNCTION_NOT_SUPPORTED;
	o = visible(f, key->id);
	if (o == NULL)
		return CKR_KEY_HANDLE_INVALID;
	if (attrs_ulong(&o->attrs, CKA_CLASS, 0) == CKO_CERTIFICATE)
		return CKR_KEY_TYPE_INCONSISTENT;
	return CKR_OK;
}

static CK_RV
fake_operation_start(struct token *t, enum operation_kind kind,
		     const CK_MECHANISM *mechanism,
		     const struct operation_key *key,
		     struct operation **operation)
{
	struct fake *f = fake_of(t);
	struct fake_operation *o = (struct fake_operation *)*operation;
	struct object *object;
	CK_RV rv = op_check(f, kind, mechanism, key);

	if (rv != CKR_OK) {
		if (o != NULL)
			op_free(&o->operation);
		*operation = NULL;
		return rv;
	}
	f->starts++;
	if (mechanism->ulParameterLen > 0)
		f->parameter = *(const uint8_t *)mechanism->pParameter;
	if (o != NULL) {
		f->reuses++;
	} else {
		o = calloc(1, sizeof(*o));
		o->owner = f;
		token_ref(t);
	}
	object = fake_object(f, key->id);
	o->operation = (struct operation){
		.ops = &op_ops,
		.kind = kind,
		.single_part = mechanism->mechanism == FAKE_SINGLE,
		.reusable = !f->single_use,
		.login_each_time = object != NULL &&
				   attrs_bool(&object->attrs,
					      CKA_ALWAYS_AUTHENTICATE, false),
	};
	o->sum = 0;
	o->logged_in = false;
	*operation = &o->operation;
	return CKR_OK;
}

static const struct token_ops fake_ops = {
	.info = fake_info,
	.login_state = fake_login_state,
	.mechanisms = fake_mechanisms,
	.init = fake_init,
	.login = fake_login,
	.logout = fake_logout,
	.pin_init = fake_pin_init,
	.pin_change = fake_pin_change,
	.search = fake_search,
	.attributes_get = fake_attributes_get,
	.attributes_set = fake_attributes_set,
	.create = fake_create,
	.destroy = fake_destroy,
	.generate_pair = fake_generate_pair,
	.generate = cross_generate,
	.lend = cross_lend,
	.adopt = cross_take,
	.copy = cross_copy,
	.derive = cross_derive,
	.unwrap = cross_unwrap,
	.decapsulate = cross_unwrap,
	.encapsulate = cross_encapsulate,
	.wrap = cross_wrap,
	.operation_start = fake_operation_start,
	.idle = fake_idle,
	.free = fake_free,
};

struct fake *
fake_new(void)
{
	struct fake *f = calloc(1, sizeof(*f));

	f->token = (struct token){ .ops = &fake_ops, .references = 1 };
	f->model = "FAKE";
	strcpy(f->pin, "1234");
	fakes_alive++;
	return f;
}

struct token *
host_token_new(struct token *peer)
{
	struct fake *f = fake_new();

	f->host = true;
	f->peer = fake_of(peer);
	token_ref(peer);
	f->model = "HOST";
	return &f->token;
}

uint64_t
fake_add(struct fake *f, CK_OBJECT_CLASS class, uint8_t id, bool private)
{
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ATTRIBUTE list[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_ID, &id, sizeof(id) },
		{ CKA_TOKEN, &yes, sizeof(yes) },
		{ CKA_PRIVATE, private ? &yes : &no, sizeof(yes) },
		{ CKA_PUBLIC_KEY_INFO, &id, sizeof(id) },
		{ class == CKO_PUBLIC_KEY ? CKA_VERIFY : CKA_SIGN, &yes,
		  sizeof(yes) },
	};
	struct template template = { list, 6 };
	uint64_t made = 0;

	assert_int_equal(fake_create(&f->token, template, &made), CKR_OK);
	return made;
}
