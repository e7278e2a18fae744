/* The software token and the host token: one body, two tables. */
#include "soft_base.h"
#include "mem.h"

#include <string.h>

struct soft_token *
soft_of(struct token *t)
{
	return (struct soft_token *)t;
}

void
soft_lock(struct soft_token *t)
{
	pthread_mutex_lock(&t->lock);
}

void
soft_unlock(struct soft_token *t)
{
	pthread_mutex_unlock(&t->lock);
}

enum login
soft_login_state(struct soft_token *t)
{
	if (t->peer)
		return t->peer->ops->login_state(t->peer);
	return (enum login)atomic_load(&t->login);
}

struct ring *
soft_ring(struct soft_token *t)
{
	struct ring *ring;

	soft_lock(t);
	ring = ring_ref(t->ring);
	soft_unlock(t);
	return ring;
}

void
soft_forget(struct soft_token *t)
{
	atomic_store(&t->login, LOGIN_NONE);
	ring_unref(t->ring);
	t->ring = NULL;
	items_clear(&t->items, NULL);
	t->changes++;
}

CK_RV
soft_adopt(struct soft_token *t, struct store *s)
{
	struct store *none = NULL;
	struct look look;
	CK_RV rv = store_begin(s, STORE_READ);

	if (rv == CKR_OK)
		rv = store_end(s, look_read(s, UINT64_MAX, &look));
	if (rv != CKR_OK) {
		store_close(s);
		return rv;
	}
	soft_lock(t);
	look_apply(t, &look);
	soft_unlock(t);
	/* another thread may have found the file that this one has made */
	if (!atomic_compare_exchange_strong(&t->store, &none, s))
		store_close(s);
	return CKR_OK;
}

static enum login
token_login_state(struct token *token)
{
	return soft_login_state(soft_of(token));
}

static struct cursor
text(const char *s)
{
	return cursor_of(s, strlen(s));
}

static void
info_common(struct soft_token *t, CK_TOKEN_INFO *info)
{
	*info = (CK_TOKEN_INFO){
		.ulMaxSessionCount = CK_EFFECTIVELY_INFINITE,
		.ulMaxRwSessionCount = CK_EFFECTIVELY_INFINITE,
		.ulMinPinLen = PIN_MIN,
		.ulMaxPinLen = PIN_MAX,
		.ulTotalPublicMemory = CK_UNAVAILABLE_INFORMATION,
		.ulFreePublicMemory = CK_UNAVAILABLE_INFORMATION,
		.ulTotalPrivateMemory = CK_UNAVAILABLE_INFORMATION,
		.ulFreePrivateMemory = CK_UNAVAILABLE_INFORMATION,
		.firmwareVersion = { 0, 1 },
	};
	text_pad(info->label, sizeof(info->label), text(""));
	text_pad(info->manufacturerID, sizeof(info->manufacturerID),
		 text("signet"));
	text_pad(info->model, sizeof(info->model), text("software token"));
	text_pad(info->serialNumber, sizeof(info->serialNumber),
		 text(t->serial));
	text_pad(info->utcTime, sizeof(info->utcTime), text(""));
}

static CK_RV
token_info(struct token *token, CK_TOKEN_INFO *info)
{
	struct soft_token *t = soft_of(token);
	struct store *s = atomic_load(&t->store);
	CK_TOKEN_INFO i;

	info_common(t, &i);
	i.flags = CKF_RNG | CKF_LOGIN_REQUIRED;
	if (s) {
		soft_lock(t);
		look_now(t, false);
		text_pad(i.label, sizeof(i.label),
			 cursor_of(t->record.label, sizeof(t->record.label)));
		i.flags |= CKF_TOKEN_INITIALIZED | pin_flags(t);
		soft_unlock(t);
		if (!store_writable(s))
			i.flags |= CKF_WRITE_PROTECTED;
	}
	*info = i;
	return CKR_OK;
}

/* Nobody shows a host token; it answers all the same. */
static CK_RV
host_info(struct token *token, CK_TOKEN_INFO *info)
{
	info_common(soft_of(token), info);
	info->flags = CKF_RNG | CKF_TOKEN_INITIALIZED;
	return CKR_OK;
}

static CK_RV
host_login(struct token *token, enum login user, struct cursor pin)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

static bool
is_public(const struct item *item)
{
	return !attrs_bool(&item->attrs, CKA_PRIVATE, true);
}

/* The peer's user is leaving: private session objects go (PKCS#11 3.2,
 * 5.6.9). */
static CK_RV
host_logout(struct token *token)
{
	struct soft_token *t = soft_of(token);

	soft_lock(t);
	items_clear(&t->items, is_public);
	soft_unlock(t);
	return CKR_OK;
}

/* Decoded keys do not outlive the last session; a host token's objects are all
 * of sessions. */
static void
token_idle(struct token *token)
{
	struct soft_token *t = soft_of(token);

	soft_lock(t);
	items_clear(&t->items, NULL);
	t->changes++;
	soft_unlock(t);
}

/* In a forked child the lock may be held for ever: it is not taken. */
static void
token_free(struct token *token)
{
	struct soft_token *t = soft_of(token);

	soft_forget(t);
	store_close(atomic_load(&t->store));
	token_unref(t->peer);
	if (t->folder)
		mem_free(t->folder, strlen(t->folder) + 1);
	mem_free(t, sizeof(*t));
}

static const struct token_ops soft_ops = {
	.info = token_info,
	.login_state = token_login_state,
	.mechanisms = soft_mechanisms,
	.init = soft_init,
	.login = soft_login,
	.logout = soft_logout,
	.pin_init = soft_pin_init,
	.pin_change = soft_pin_change,
	.search = soft_search,
	.attributes_get = soft_attributes_get,
	.attributes_set = soft_attributes_set,
	.create = soft_create,
	.destroy = soft_destroy,
	.generate_pair = soft_generate_pair,
	.generate = soft_generate,
	.lend = soft_lend,
	.adopt = soft_adopt_objects,
	.copy = soft_copy,
	.derive = soft_derive,
	.wrap = soft_wrap,
	.unwrap = soft_unwrap,
	.encapsulate = soft_encapsulate,
	.decapsulate = soft_decapsulate,
	.operation_start = soft_operation_start,
	.idle = token_idle,
	.free = token_free,
};

static const struct token_ops host_ops = {
	.info = host_info,
	.login_state = token_login_state,
	.mechanisms = soft_mechanisms,
	.login = host_login,
	.logout = host_logout,
	.search = soft_search,
	.attributes_get = soft_attributes_get,
	.attributes_set = soft_attributes_set,
	.create = soft_create,
	.destroy = soft_destroy,
	.generate_pair = soft_generate_pair,
	.generate = soft_generate,
	.lend = soft_lend,
	.adopt = soft_adopt_objects,
	.copy = soft_copy,
	.derive = soft_derive,
	.wrap = soft_wrap,
	.unwrap = soft_unwrap,
	.encapsulate = soft_encapsulate,
	.decapsulate = soft_decapsulate,
	.operation_start = soft_operation_start,
	.idle = token_idle,
	.free = token_free,
};

struct soft_token *
soft_pin_owner(struct soft_token *t)
{
	return t->peer && t->peer->ops == &soft_ops ? soft_of(t->peer) : t;
}

static struct soft_token *
body_new(const struct token_ops *ops, const struct shelf *shelf)
{
	struct soft_token *t = mem_new(sizeof(*t));

	if (!t)
		return NULL;
	t->token.ops = ops;
	t->token.references = 1;
	t->shelf = shelf;
	t->next_id = 1;
	pthread_mutex_init(&t->lock, NULL);
	return t;
}

static char *
text_copy(const char *s)
{
	size_t size = strlen(s) + 1;
	char *copy = mem_new(size);
	struct builder b = builder_over(copy, copy ? size : 0);

	builder_text(&b, s);
	return copy;
}

CK_RV
soft_token_new(const struct config *config, const char *serial,
	       struct store *store, struct soft_token **token)
{
	struct soft_token *t = body_new(&soft_ops, &sealed_shelf);
	struct builder b;
	CK_RV rv = CKR_OK;

	if (!t) {
		store_close(store);
		return CKR_HOST_MEMORY;
	}
	b = builder_over(t->serial, SOFT_SERIAL_SIZE);
	builder_text(&b, serial);
	t->tries = config->softtoken_tries;
	t->kdf = kdf_parse(config->softtoken_kdf);
	t->folder = text_copy(config->softtoken_path);
	if (store)
		rv = soft_adopt(t, store);
	if (rv == CKR_OK && !t->folder)
		rv = CKR_HOST_MEMORY;
	if (rv != CKR_OK) {
		token_unref(&t->token);
		return rv;
	}
	*token = t;
	return CKR_OK;
}

struct token *
host_token_new(struct token *peer)
{
	struct soft_token *t = body_new(&host_ops, &memory_shelf);

	if (!t)
		return NULL;
	t->peer = peer ? token_ref(peer) : NULL;
	return &t->token;
}
