/* The PINs of a card token: login, logout, and what others took away. */
#include "card_token.h"
#include "iso7816.h"
#include "log.h"

enum { TRIES_SAFE = 2 }; /* never spend the last try, nor one on a doubt */

/* After a good VERIFY all tries are there, but no number is told. */
void
card_pin_seen(struct card_token *t, size_t index,
	      const struct card_pin_status *status)
{
	struct card_pin_status *seen =
		index == CARD_PIN_SO ? &t->so_tries : &t->tries;

	pthread_mutex_lock(&t->lock);
	seen->known = status->known && !status->verified;
	seen->tries_left = status->tries_left;
	if (seen->known && seen->tries_left > seen->tries_max)
		seen->tries_max = seen->tries_left;
	pthread_mutex_unlock(&t->lock);
}

CK_RV
card_pin_look(struct card_token *t, size_t index,
	      struct card_pin_status *status)
{
	struct card_pin_status now = { 0 };
	CK_RV rv;

	rv = t->applet->driver->pin_status(t->applet, index, &now);
	if (rv != CKR_OK)
		return rv;
	card_pin_seen(t, index, &now);
	*status = now;
	return CKR_OK;
}

bool
card_pin_sendable(const struct card_token *t, size_t index, struct cursor pin)
{
	if (pin.at == NULL)
		return t->card->keypad;
	return pin.left >= t->applet->pins[index].old_min &&
	       pin.left <= t->applet->pins[index].max;
}

/* The PIN of whoever is logged in, or to log in. */
static size_t
pin_of(const struct card_token *t, enum login who)
{
	return who == LOGIN_SO ? (size_t)CARD_PIN_SO : t->pin_index;
}

/* What of a card's refusals may be answered to a login. */
static CK_RV
login_refusal(CK_RV rv)
{
	switch (rv) {
	case CKR_OBJECT_HANDLE_INVALID:
	case CKR_DATA_INVALID:
	case CKR_DATA_LEN_RANGE:
	case CKR_FUNCTION_REJECTED:
		return CKR_DEVICE_ERROR;
	default:
		return rv;
	}
}

/* And to a change of the PIN, which who changes it need not be logged in for.
 */
static CK_RV
pin_refusal(CK_RV rv)
{
	switch (rv) {
	case CKR_USER_NOT_LOGGED_IN:
	case CKR_USER_PIN_NOT_INITIALIZED:
		return CKR_FUNCTION_FAILED;
	default:
		return login_refusal(rv);
	}
}

/*
 * A sibling applet that answered the proof as well refuses the PIN reference,
 * which spends no try: the applet is selected then and asked once more.
 */
CK_RV
card_pin_verify(struct card_token *t, size_t index, struct cursor pin)
{
	struct card_applet *a = t->applet;
	const struct card_driver *driver = a->driver;
	struct card_pin_status status = { 0 };
	CK_RV rv;

	a->pin_kept = t->card->pin_keep && pin.at != NULL;
	rv = driver->pin_verify(a, index, pin, &status);
	if (rv != CKR_OK && sw_listed(driver->wrong_applet, a->sw)) {
		rv = applet_select(a);
		if (rv != CKR_OK)
			return rv;
		rv = driver->pin_verify(a, index, pin, &status);
	}
	if (rv == CKR_OK || rv == CKR_PIN_INCORRECT || rv == CKR_PIN_LOCKED)
		card_pin_seen(t, index, &status);
	if (rv != CKR_OK)
		return login_refusal(rv);
	t->verified_in = t->card->generation;
	t->own_login = 0;
	return CKR_OK;
}

/* A PIN that was verified before the first look has hidden its tries: it is
 * forgotten, and the card tells them. */
static CK_RV
pin_tries_uncover(struct card_token *t, size_t index,
		  struct card_pin_status *status)
{
	struct card_applet *a = t->applet;
	bool switched;
	CK_RV rv = CKR_FUNCTION_NOT_SUPPORTED;

	if (a->driver->pin_forget != NULL)
		rv = a->driver->pin_forget(a, index);
	if (rv != CKR_OK)
		return applet_mute(a, rv) ? rv : CKR_USER_NOT_LOGGED_IN;
	/* it may have taken another applet to do it */
	rv = applet_guard(a, &switched);
	return rv != CKR_OK ? rv : card_pin_look(t, index, status);
}

CK_RV
card_pin_restore(struct card_token *t, const struct secret *pin, bool anew)
{
	size_t index = pin_of(t, t->login);
	struct card_pin_status status;
	CK_RV rv = card_pin_look(t, index, &status);
	unsigned left;

	if (rv != CKR_OK)
		return rv;
	if (status.verified && !anew)
		return CKR_OK;
	if (pin == NULL || !status.known)
		return CKR_USER_NOT_LOGGED_IN;
	if (status.verified && t->tries.tries_max == 0)
		rv = pin_tries_uncover(t, index, &status);
	if (rv != CKR_OK)
		return rv;
	/* A verified PIN hides the counter, and has all its tries. */
	left = status.verified ? t->tries.tries_max : status.tries_left;
	if (!status.known || left < TRIES_SAFE)
		return CKR_USER_NOT_LOGGED_IN;
	rv = card_pin_verify(t, index,
			     cursor_of(secret_data(pin), secret_size(pin)));
	if (rv != CKR_PIN_INCORRECT && rv != CKR_PIN_LOCKED)
		return rv;
	log_line(LOG_ERROR, "the card refused the PIN it took before");
	return CKR_USER_NOT_LOGGED_IN;
}

enum login
card_login_state(struct token *token)
{
	struct card_token *t = card_token_of(token);
	enum login login;

	if (atomic_load(&t->card->removed))
		return LOGIN_NONE;
	pthread_mutex_lock(&t->lock);
	login = t->login;
	pthread_mutex_unlock(&t->lock);
	return login;
}

static void
card_login_set(struct card_token *t, enum login login)
{
	pthread_mutex_lock(&t->lock);
	if (t->login == LOGIN_NONE && login != LOGIN_NONE)
		card_hold(t->card);
	if (t->login != LOGIN_NONE && login == LOGIN_NONE) {
		card_unhold(t->card);
		card_objects_hide(t);
	}
	t->login = login;
	pthread_mutex_unlock(&t->lock);
}

static void
card_login_end(struct card_token *t)
{
	card_login_set(t, LOGIN_NONE);
	t->wrote = false;
	secret_free(t->pin);
	t->pin = NULL;
}

void
card_login_lost(struct card_token *t)
{
	log_line(LOG_INFO, "another program ended the login");
	card_login_end(t);
}

/* In a transaction. The PIN follows a proof of the applet. */
static CK_RV
card_login_verify(struct card_token *t, enum login user, struct cursor pin)
{
	bool switched;
	CK_RV rv;

	if (t->login != LOGIN_NONE)
		return CKR_USER_ALREADY_LOGGED_IN;
	rv = card_objects_prove(t);
	if (rv == CKR_OK)
		rv = applet_guard(t->applet, &switched);
	if (rv == CKR_OK)
		rv = card_pin_verify(t, pin_of(t, user), pin);
	if (rv != CKR_OK)
		return rv;
	/* Without memory for it the PIN is asked for again some day. */
	if (t->card->pin_keep && pin.at != NULL)
		t->pin = secret_new(pin.at, pin.left);
	card_login_set(t, user);
	return CKR_OK;
}

/* C_Login does not know CKR_PIN_LEN_RANGE (PKCS#11 3.2, 5.6.8): a PIN that
 * cannot be right is not sent and is incorrect. */
CK_RV
card_login(struct token *token, enum login user, struct cursor pin)
{
	struct card_token *t = card_token_of(token);
	CK_RV rv;

	if (atomic_load(&t->card->removed))
		return CKR_DEVICE_REMOVED;
	if (t->applet->pins[pin_of(t, user)].max == 0)
		return CKR_USER_TYPE_INVALID;
	if (!card_pin_sendable(t, pin_of(t, user), pin))
		return CKR_PIN_INCORRECT;
	rv = card_token_begin(t);
	if (rv != CKR_OK)
		return rv;
	return card_end(t->card, card_login_verify(t, user, pin));
}

/* In a transaction. A reset has made the card forget already. What a security
 * officer may do is never left to others. */
static CK_RV
card_logout_forget(struct card_token *t, enum login who)
{
	const struct card_driver *driver = t->applet->driver;
	CK_RV rv = CKR_FUNCTION_NOT_SUPPORTED;

	if ((t->card->logout_leave && who == LOGIN_USER) ||
	    t->verified_in != t->card->generation)
		return CKR_OK;
	if (driver->pin_forget != NULL)
		rv = driver->pin_forget(t->applet, pin_of(t, who));
	if (rv != CKR_OK)
		log_line(LOG_ERROR, "the card stays verified after logout");
	return rv == CKR_DEVICE_REMOVED ? rv : CKR_OK;
}

CK_RV
card_logout(struct token *token)
{
	struct card_token *t = card_token_of(token);
	CK_RV rv = card_token_begin(t);

	if (rv != CKR_OK) {
		pthread_mutex_lock(&t->card->lock);
		card_login_end(t);
		pthread_mutex_unlock(&t->card->lock);
		return rv;
	}
	if (t->login == LOGIN_NONE)
		return card_end(t->card, CKR_USER_NOT_LOGGED_IN);
	rv = card_logout_forget(t, t->login);
	card_login_end(t);
	return card_end(t->card, rv);
}

/* In a transaction that may be a new connection's: a PIN that others have
 * kept the card powered for is still verified. */
static void
card_login_withdraw(struct card_token *t, enum login who)
{
	bool switched;

	t->verified_in = t->card->generation;
	if (applet_guard(t->applet, &switched) == CKR_OK && !switched)
		DROP(card_logout_forget(t, who)); /* it has said why */
}

void
card_login_leave(struct token *token)
{
	struct card_token *t = card_token_of(token);
	struct card *card = t->card;
	enum login who;
	bool alone, wrote;

	pthread_mutex_lock(&card->lock);
	who = t->login;
	wrote = who == LOGIN_SO || t->wrote;
	card_login_end(t);
	if (atomic_load(&card->holders) == 0)
		card->transport->ops->release(card->transport);
	alone = atomic_load(&card->holders) == 0 &&
		card->transport->ops->alone(card->transport);
	pthread_mutex_unlock(&card->lock);
	/* what may write is not left to the time it takes to power down */
	if ((alone && !wrote) || card_begin(card) != CKR_OK)
		return;
	card_login_withdraw(t, who);
	DROP(card_end(card, CKR_OK)); /* there is nobody left to tell */
}

/* In a transaction. What was verified along the way stays so for one who is
 * logged in, and for nobody else. */
static CK_RV
card_pin_replace(struct card_token *t, struct cursor old_pin,
		 struct cursor new_pin)
{
	struct card_applet *a = t->applet;
	size_t index = pin_of(t, t->login);
	struct card_pin_status status = { 0 };
	bool switched;
	CK_RV rv = applet_guard(a, &switched);

	if (rv != CKR_OK)
		return rv;
	rv = a->driver->pin_change(a, index, old_pin, new_pin, &status);
	if (status.known)
		card_pin_seen(t, index, &status);
	if (t->login == LOGIN_NONE && status.verified &&
	    a->driver->pin_forget != NULL &&
	    a->driver->pin_forget(a, index) != CKR_OK)
		log_line(LOG_ERROR, "the card stays verified after the change "
				    "of a PIN");
	/* what got no answer may have been done all the same */
	if (t->pin != NULL &&
	    (rv == CKR_OK || (rv == CKR_DEVICE_ERROR && applet_mute(a, rv)))) {
		secret_free(t->pin);
		t->pin = rv != CKR_OK || new_pin.at == NULL
				 ? NULL /* nobody but the keypad has it */
				 : secret_new(new_pin.at, new_pin.left);
	}
	return pin_refusal(rv);
}

/* Could these be the PINs? At a keypad both are typed. */
static CK_RV
card_pins_check(const struct card_token *t, const struct card_pin *pin,
		struct cursor old_pin, struct cursor new_pin)
{
	if ((old_pin.at == NULL) != (new_pin.at == NULL))
		return CKR_ARGUMENTS_BAD;
	if (old_pin.at == NULL)
		return t->card->keypad ? CKR_OK : CKR_ARGUMENTS_BAD;
	if (old_pin.left == 0)
		return CKR_PIN_INCORRECT;
	if (new_pin.left < pin->min || new_pin.left > pin->max)
		return CKR_PIN_LEN_RANGE;
	return CKR_OK;
}

CK_RV
card_pin_change(struct token *token, struct cursor old_pin,
		struct cursor new_pin)
{
	struct card_token *t = card_token_of(token);
	const struct card_pin *pin =
		&t->applet->pins[pin_of(t, card_login_state(token))];
	CK_RV rv;

	if (t->applet->driver->pin_change == NULL)
		return CKR_FUNCTION_NOT_SUPPORTED;
	rv = card_pins_check(t, pin, old_pin, new_pin);
	if (rv == CKR_OK)
		rv = card_token_begin(t);
	if (rv != CKR_OK)
		return rv;
	return card_end(t->card, card_pin_replace(t, old_pin, new_pin));
}

CK_RV
card_login_renew(struct card_token *t)
{
	CK_RV rv = card_pin_restore(t, t->pin, false);

	if (rv == CKR_USER_NOT_LOGGED_IN)
		card_login_lost(t);
	return rv;
}
