/* One use of a private key on a card: announced, sent, and once more when the
 * card was switched, reset, or wants the PIN. */
#include <time.h>

#include "card_token.h"
#include "iso7816.h"
#include "log.h"

enum { PATIENCE = 300 /* milliseconds, longer than a key computes */ };

/* In a transaction, after the card refused, or forgot by a reset: the applet,
 * then the PIN if the key wants it and policy allows. */
static CK_RV
use_recover(const struct card_use *use, bool pin_wanted, bool *again)
{
	struct card_token *t = use->token;
	bool each = use->key->pin_each_time, switched;
	CK_RV rv;

	if (pin_wanted && each && use->pin == NULL)
		return CKR_USER_NOT_LOGGED_IN;
	t->applet->pin_for = use->key;
	rv = applet_guard(t->applet, &switched);
	if (rv != CKR_OK)
		return rv;
	*again = pin_wanted || switched;
	if (!*again || (use->key->pin_never && !pin_wanted))
		return CKR_OK;
	rv = card_pin_restore(t, each ? use->pin : t->pin,
			      each || use->key->pin_anew);
	if (rv == CKR_USER_NOT_LOGGED_IN && !each && t->login != LOGIN_NONE)
		card_login_lost(t);
	return rv;
}

/* Did a reset by somebody else take away what the key needs? */
static bool
use_stale(const struct card_use *use)
{
	const struct card_token *t = use->token;

	return !use->key->pin_never && t->verified_in != t->card->generation;
}

/* The card takes the last VERIFY for whatever use comes next. One that was the
 * login of another operation is not for this one, which has none of its own
 * (4.9). After C_Login the card decides: OpenSSH has no other for a key's
 * first use. */
static bool
use_borrows(const struct card_use *use)
{
	return use->key->pin_each_time && use->pin == NULL &&
	       use->token->own_login != 0 &&
	       use->token->own_login != use->own_login;
}

/* In a transaction: the key command goes first and unguarded; when it fails as
 * in a wrong applet or without a PIN, guard, PIN, and once more. */
static CK_RV
use_send(const struct card_use *use, const struct card_job *job,
	 struct builder *out)
{
	struct card_applet *a = use->token->applet;
	const struct card_driver *driver = a->driver;
	bool stale = use_stale(use), wanted, again;
	CK_RV rv, recovered;

	if (!use->key->pin_never && use->token->login != LOGIN_USER)
		return CKR_USER_NOT_LOGGED_IN;
	if (use_borrows(use))
		return CKR_USER_NOT_LOGGED_IN;
	if (stale || driver->guard_first || a->chained) {
		rv = use_recover(use, stale, &again);
		return rv != CKR_OK ? rv : driver->compute(a, job, out);
	}
	rv = driver->compute(a, job, out);
	wanted = sw_listed(driver->pin_wanted, a->sw);
	if (rv == CKR_OK ||
	    (!wanted && !sw_listed(driver->wrong_applet, a->sw)))
		return rv;
	recovered = use_recover(use, wanted, &again);
	if (recovered != CKR_OK)
		return recovered;
	if (!again)
		return rv;
	return driver->compute(a, job, out);
}

CK_RV
card_refusal(CK_RV rv)
{
	switch (rv) {
	case CKR_OK:
	case CKR_DEVICE_REMOVED:
	case CKR_DEVICE_MEMORY:
	case CKR_HOST_MEMORY:
	case CKR_USER_NOT_LOGGED_IN:
	case CKR_FUNCTION_REJECTED:
	case CKR_FUNCTION_FAILED:
		return rv;
	default:
		return CKR_DEVICE_ERROR;
	}
}

/* A card that takes the padding off by itself tells by this that there is none
 * (OpenPGP card 3.4, 7.2.11: incorrect parameters in the data field). */
static CK_RV
use_refusal(const struct card_job *job, CK_RV rv)
{
	if (rv == CKR_DATA_INVALID && job->primitive == CARD_RSA_DECRYPT)
		return CKR_ENCRYPTED_DATA_INVALID;
	return card_refusal(rv);
}

static uint64_t
now_milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* A key that wants a touch will wait for one, and one that took long is likely
 * to again: the application hears of it first (PKCS#11, surrender callbacks).
 */
static CK_RV
use_announce(const struct card_use *use)
{
	if (!use->key->touch && !card_key_slow(use->token, use->id))
		return CKR_OK;
	log_line(LOG_INFO, "waiting for the card: %s",
		 use->key->touch ? "touch it" : "if it blinks, touch it");
	if (use->surrender == NULL || use->surrender(use->caller) == CKR_OK)
		return CKR_OK;
	return CKR_FUNCTION_CANCELED;
}

/* In a transaction. A key that the card refuses to use may be another by now,
 * or gone: it is looked at again when it is next asked for. */
static void
use_doubt(const struct card_use *use, CK_RV rv)
{
	switch (card_refusal(rv)) {
	case CKR_DEVICE_ERROR:
	case CKR_FUNCTION_FAILED:
		if (!applet_mute(use->token->applet, rv))
			DROP(card_objects_written(use->token, use->id,
						  CKO_PRIVATE_KEY));
		break;
	default:
		break;
	}
}

CK_RV
card_compute(const struct card_use *use, const struct card_job *job,
	     struct builder *out)
{
	struct card_token *t = use->token;
	uint64_t since;
	CK_RV rv = use_announce(use);

	if (rv == CKR_OK)
		rv = card_token_begin(t);
	if (rv != CKR_OK)
		return rv;
	since = now_milliseconds();
	rv = use_send(use, job, out);
	if (rv == CKR_OK)
		card_key_used(t, use->id,
			      now_milliseconds() - since > PATIENCE);
	use_doubt(use, rv);
	return card_end(t->card, use_refusal(job, rv));
}
