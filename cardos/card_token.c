/* A PIN of an applet as a token: token_ops over any card_driver. */
#include "card_token.h"

#include <string.h>

#include "iso7816.h"
#include "mechanism.h"

/* Of cards that do not tell their maximum, though more may have been seen. */
enum { TRIES_USUAL = 3 };

struct card_token *
card_token_of(struct token *t)
{
	return (struct card_token *)t;
}

const struct card_pin *
card_token_pin(const struct card_token *t)
{
	return &t->applet->pins[t->pin_index];
}

/* A reset takes the card's verified state away, whoever caused it. */
CK_RV
card_token_begin(struct card_token *t)
{
	CK_RV rv = card_begin(t->card);

	if (rv == CKR_OK && t->login != LOGIN_NONE && t->pin == NULL &&
	    t->verified_in != t->card->generation)
		card_login_lost(t);
	return rv;
}

CK_RV
card_token_identify(struct card_token *t)
{
	CK_RV rv;

	if (t->identified)
		return CKR_OK;
	rv = applet_identify(t->applet);
	if (rv != CKR_OK)
		return rv;
	card_found_keep(t->card, t->applet);
	pthread_mutex_lock(&t->lock);
	t->identity = t->applet->identity;
	t->identified = true;
	pthread_mutex_unlock(&t->lock);
	return CKR_OK;
}

/* In a transaction. TOLD: what recognition found out along the way. */
static CK_RV
card_token_tries_read(struct card_token *t, const struct card_pin_status *told)
{
	struct card_pin_status status;
	bool switched;
	CK_RV rv;

	if (told->known) {
		card_pin_seen(t, t->pin_index, told);
		return CKR_OK;
	}
	rv = applet_guard(t->applet, &switched);
	return rv != CKR_OK ? rv : card_pin_look(t, t->pin_index, &status);
}

/* In a transaction: what CK_TOKEN_INFO says of the card, read once. */
static CK_RV
card_token_read(struct card_token *t)
{
	CK_RV rv = card_token_identify(t);

	if (rv == CKR_OK)
		rv = card_token_tries_read(t, &t->identity.tries);
	if (rv != CKR_OK)
		return rv;
	card_pin_seen(t, CARD_PIN_SO, &t->identity.so_tries);
	pthread_mutex_lock(&t->lock);
	t->looked = true;
	pthread_mutex_unlock(&t->lock);
	return CKR_OK;
}

/* Only the first look sends anything. */
static CK_RV
card_token_look(struct card_token *t)
{
	bool looked;
	CK_RV rv;

	pthread_mutex_lock(&t->lock);
	looked = t->looked;
	pthread_mutex_unlock(&t->lock);
	if (looked)
		return CKR_OK;
	rv = card_token_begin(t);
	if (rv != CKR_OK)
		return rv;
	if (!t->looked)
		rv = card_token_read(t);
	return card_end(t->card, rv);
}

struct tries_flags {
	CK_FLAGS low, final, locked;
};

static const struct tries_flags user_flags = {
	CKF_USER_PIN_COUNT_LOW,
	CKF_USER_PIN_FINAL_TRY,
	CKF_USER_PIN_LOCKED,
};

static const struct tries_flags so_flags = {
	CKF_SO_PIN_COUNT_LOW,
	CKF_SO_PIN_FINAL_TRY,
	CKF_SO_PIN_LOCKED,
};

static CK_FLAGS
card_token_tries(const struct card_pin_status *tries,
		 const struct tries_flags *f)
{
	unsigned full =
		tries->tries_max > TRIES_USUAL ? tries->tries_max : TRIES_USUAL;
	CK_FLAGS flags = 0;

	if (!tries->known)
		return 0;
	if (tries->tries_left < full)
		flags |= f->low;
	if (tries->tries_left == 1)
		flags |= f->final;
	if (tries->tries_left == 0)
		flags |= f->locked;
	return flags;
}

static CK_FLAGS
card_token_flags(const struct card_token *t)
{
	CK_FLAGS flags =
		CKF_TOKEN_INITIALIZED | CKF_RNG | CKF_USER_PIN_INITIALIZED;

	if (!t->identity.keyless && card_objects_private(t))
		flags |= CKF_LOGIN_REQUIRED;
	if (t->card->keypad)
		flags |= CKF_PROTECTED_AUTHENTICATION_PATH;
	return flags | card_token_tries(&t->tries, &user_flags) |
	       card_token_tries(&t->so_tries, &so_flags);
}

static void
card_token_text(uint8_t *field, size_t size, const char *text)
{
	text_pad(field, size, cursor_of(text, strlen(text)));
}

static CK_RV
card_info(struct token *token, CK_TOKEN_INFO *info)
{
	struct card_token *t = card_token_of(token);
	const struct card_pin *pin = card_token_pin(t);
	const struct card_identity *id = &t->identity;
	CK_TOKEN_INFO new = {
		.ulMaxSessionCount = CK_EFFECTIVELY_INFINITE,
		.ulSessionCount = CK_UNAVAILABLE_INFORMATION,
		.ulMaxRwSessionCount = CK_EFFECTIVELY_INFINITE,
		.ulRwSessionCount = CK_UNAVAILABLE_INFORMATION,
		.ulMinPinLen = pin->min,
		.ulMaxPinLen = pin->max,
		.ulTotalPublicMemory = CK_UNAVAILABLE_INFORMATION,
		.ulFreePublicMemory = CK_UNAVAILABLE_INFORMATION,
		.ulTotalPrivateMemory = CK_UNAVAILABLE_INFORMATION,
		.ulFreePrivateMemory = CK_UNAVAILABLE_INFORMATION,
	};
	CK_RV rv;

	if (atomic_load(&t->card->removed))
		return CKR_DEVICE_REMOVED;
	rv = card_token_look(t);
	if (rv != CKR_OK)
		return rv;
	card_token_text(new.utcTime, sizeof(new.utcTime), "");
	pthread_mutex_lock(&t->lock);
	card_token_text(new.label, sizeof(new.label), id->label);
	card_token_text(new.manufacturerID, sizeof(new.manufacturerID),
			id->manufacturer);
	card_token_text(new.model, sizeof(new.model), id->model);
	card_token_text(new.serialNumber, sizeof(new.serialNumber), id->serial);
	new.hardwareVersion = id->hardware;
	new.firmwareVersion = id->firmware;
	new.flags = card_token_flags(t);
	pthread_mutex_unlock(&t->lock);
	*info = new;
	return CKR_OK;
}

/* Before the first look it is what the best of such cards does. */
static size_t
card_mechanisms(struct token *token, struct mechanism *list, size_t room)
{
	struct card_token *t = card_token_of(token);
	const struct card_abilities *can;

	pthread_mutex_lock(&t->lock);
	can = t->identity.can;
	pthread_mutex_unlock(&t->lock);
	if (can == NULL)
		can = &t->applet->driver->can;
	return mechanisms_of(can, list, room);
}

/* Nobody has a session: the card's verified state must not outlive them. */
static void
card_idle(struct token *token)
{
	if (card_login_state(token) != LOGIN_NONE)
		card_login_leave(token);
}

static void
card_token_free(struct token *token)
{
	struct card_token *t = card_token_of(token);

	if (t->login != LOGIN_NONE)
		card_unhold(t->card);
	secret_free(t->pin);
	card_objects_free(t->objects);
	card_unref(t->card);
	pthread_mutex_destroy(&t->lock);
	mem_free(t, sizeof(*t));
}

static const struct token_ops card_token_ops = {
	.info = card_info,
	.login_state = card_login_state,
	.mechanisms = card_mechanisms,
	.init = card_init,
	.login = card_login,
	.logout = card_logout,
	.pin_init = card_pin_init,
	.pin_change = card_pin_change,
	.search = card_search,
	.attributes_get = card_attributes_get,
	.attributes_set = card_attributes_set,
	.create = card_create,
	.destroy = card_destroy,
	.generate_pair = card_generate_pair,
	.agree = card_agree,
	.operation_start = card_operation_start,
	.idle = card_idle,
	.free = card_token_free,
};

struct token *
card_token_new(struct card *card, struct card_applet *applet, size_t pin_index)
{
	struct card_token *t = mem_new(sizeof(*t));

	if (t == NULL || pthread_mutex_init(&t->lock, NULL) != 0) {
		mem_free(t, sizeof(*t));
		return NULL;
	}
	t->token.ops = &card_token_ops;
	t->token.references = 1;
	t->card = card_ref(card);
	t->applet = applet;
	t->pin_index = pin_index;
	return &t->token;
}
