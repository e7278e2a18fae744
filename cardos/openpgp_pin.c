/* The PINs of an OpenPGP card: PW1 in both its states, the resetting code, PW3.
 */
#include "openpgp.h"

#include "log.h"
#include "mem.h"

enum {
	INS_VERIFY = 0x20,
	INS_CHANGE = 0x24,
	INS_RESET_RETRY = 0x2C,
	VERIFY_FORGET = 0xFF,
	TAG_PIN_STATUS = 0xC4,
	TAG_KDF = 0xF9,
	RESET_BY_ADMIN = 0x02,
	PIN_DATA_MAX = 2 * 128,
	SW_OK = 0x9000,
	SW_WRONG_LENGTH = 0x6700,
	SW_REFUSED = 0x6982,
	SW_BLOCKED = 0x6983,
	SW_WRONG_DATA = 0x6A80,
	SW_NO_INSTRUCTION = 0x6D00,
	SW_NO_CLASS = 0x6E00,
	SW_NO_REFERENCE = 0x6A88,
};

/* The old PIN of C_SetPIN that is the resetting code. */
static const uint8_t code_prefix[] = { 'R', 'C', ':' };

/* The secret that a PIN of the driver's is. */
static enum openpgp_secret
secret_of(size_t pin)
{
	return pin == CARD_PIN_SO ? OPENPGP_PW3 : OPENPGP_PW1;
}

static enum openpgp_secret
secret_by(uint8_t reference)
{
	return reference == OPENPGP_PIN_ADMIN ? OPENPGP_PW3 : OPENPGP_PW1;
}

/* DO C4; an empty VERIFY tells different things on different cards. */
static CK_RV
openpgp_tries_read(struct card_applet *a, enum openpgp_secret which,
		   struct card_pin_status *status)
{
	uint8_t bytes[APDU_SHORT_ANSWER];
	struct builder answer = builder_over(bytes, sizeof(bytes));
	struct openpgp_pin told;
	CK_RV rv =
		openpgp_get_data(a, TAG_PIN_STATUS, APDU_SHORT_ANSWER, &answer);

	if (applet_mute(a, rv))
		return rv;
	*status = (struct card_pin_status){ 0 };
	if (rv == CKR_OK && openpgp_pin_parse(builder_read(&answer), &told)) {
		status->known = true;
		status->tries_left = told.tries_left[which];
	}
	return CKR_OK;
}

CK_RV
openpgp_pin_status(struct card_applet *a, size_t pin,
		   struct card_pin_status *status)
{
	return openpgp_tries_read(a, secret_of(pin), status);
}

/* DO F9, before the first VERIFY. What says no more than that there is none
 * is none; with anything else no PIN may be sent. */
static CK_RV
openpgp_kdf_read(struct card_applet *a)
{
	struct openpgp *o = a->state;
	struct builder answer;
	CK_RV rv;

	if (o->kdf_known || !o->facts.kdf)
		return CKR_OK;
	answer = builder_heap(APDU_ANSWER_MAX);
	rv = openpgp_get_data(a, TAG_KDF, APDU_SHORT_ANSWER, &answer);
	if (rv == CKR_OBJECT_HANDLE_INVALID)
		rv = CKR_OK;
	else if (rv != CKR_OK && !applet_mute(a, rv))
		rv = CKR_DEVICE_ERROR;
	if (rv == CKR_OK)
		rv = openpgp_kdf_parse(builder_read(&answer), &o->kdf);
	if (rv != CKR_OK)
		log_line(LOG_ERROR, "OpenPGP: its KDF is not known, no PIN "
				    "is sent");
	o->kdf_known = rv == CKR_OK;
	builder_free(&answer);
	return rv;
}

/* Appends what goes to the card for a secret: itself, or what the KDF makes. */
static CK_RV
openpgp_pin_put(const struct openpgp_kdf *kdf, enum openpgp_secret which,
		struct cursor value, struct builder *out)
{
	if (kdf->digest != DIGEST_NONE)
		return openpgp_kdf_derive(kdf, which, value, out);
	builder_append(out, value);
	return builder_ok(out) ? CKR_OK : CKR_PIN_LEN_RANGE;
}

/* PW1 has one value and two states, PW3 one. */
static struct card_pin
pin_in_state(const struct card_applet *a, uint8_t reference)
{
	bool admin = reference == OPENPGP_PIN_ADMIN;
	struct card_pin pin = a->pins[admin ? (size_t)CARD_PIN_SO : 0];

	pin.reference = reference;
	return pin;
}

static CK_RV
keypad_check(const struct openpgp *o)
{
	if (o->kdf.digest == DIGEST_NONE)
		return CKR_OK;
	log_line(LOG_ERROR, "OpenPGP: the keypad cannot derive");
	return CKR_FUNCTION_FAILED;
}

/* One VERIFY; a PIN that is empty or too long is not derived either. */
static CK_RV
openpgp_verify(struct card_applet *a, uint8_t reference, struct cursor value)
{
	const struct openpgp *o = a->state;
	const struct card_pin pin = pin_in_state(a, reference);
	uint8_t bytes[PIN_DATA_MAX];
	struct builder data = builder_over(bytes, sizeof(bytes));
	CK_RV rv;

	a->sw = 0;
	if (value.at == NULL) {
		rv = keypad_check(o);
		return rv != CKR_OK ? rv : iso_verify(a, &pin, value, 0);
	}
	if (value.left == 0 || value.left > pin.max)
		return CKR_PIN_LEN_RANGE;
	rv = openpgp_pin_put(&o->kdf, secret_by(reference), value, &data);
	if (rv == CKR_OK)
		rv = iso_verify(a, &pin, builder_read(&data), 0);
	mem_wipe(bytes, sizeof(bytes));
	return rv;
}

/*
 * The card refused the secret: 6982 says no more than that on most cards, some
 * count down to 63C0 and on; a length that cannot be right spends no try.
 */
static CK_RV
openpgp_refused(struct card_applet *a, enum openpgp_secret which, CK_RV rv,
		struct card_pin_status *status)
{
	struct openpgp *o = a->state;
	uint16_t sw = a->sw;
	CK_RV asked;

	*status = iso_pin_status(sw);
	if (sw == SW_BLOCKED)
		return CKR_PIN_LOCKED;
	if (sw != SW_REFUSED && sw != SW_WRONG_DATA && sw != SW_WRONG_LENGTH &&
	    rv != CKR_PIN_INCORRECT)
		return rv;
	/* It might have been set by another program. */
	o->kdf_known = false;
	if (!status->known) {
		asked = openpgp_tries_read(a, which, status);
		a->sw = sw;
		if (asked != CKR_OK)
			return asked;
	}
	return status->known && status->tries_left == 0 ? CKR_PIN_LOCKED
							: CKR_PIN_INCORRECT;
}

/* Verifies, and tells what became of it. */
static CK_RV
openpgp_secret_verify(struct card_applet *a, uint8_t reference,
		      struct cursor value, struct card_pin_status *status)
{
	CK_RV rv = openpgp_verify(a, reference, value);

	if (rv != CKR_OK && a->sw != 0)
		return openpgp_refused(a, secret_by(reference), rv, status);
	if (rv == CKR_OK)
		*status = iso_pin_status(a->sw);
	return rv;
}

/*
 * C_Login needs PW1 as 82; 81, to sign, follows when a key wants it, or at once
 * if the PIN is not kept.
 */
CK_RV
openpgp_pin_verify(struct card_applet *a, size_t pin, struct cursor value,
		   struct card_pin_status *status)
{
	struct openpgp *o = a->state;
	const struct card_key *key = pin == CARD_PIN_SO ? NULL : a->pin_for;
	bool sign = key != NULL && openpgp_use_of(key->id) == OPENPGP_SIGN;
	CK_RV rv = openpgp_kdf_read(a);

	*status = (struct card_pin_status){ 0 };
	if (rv != CKR_OK)
		return rv;
	if (pin == CARD_PIN_SO)
		return openpgp_secret_verify(a, OPENPGP_PIN_ADMIN, value,
					     status);
	rv = openpgp_secret_verify(
		a, sign ? OPENPGP_PIN_SIGN : OPENPGP_PIN_OTHER, value, status);
	if (rv != CKR_OK)
		return rv;
	if (key == NULL && !a->pin_kept && o->facts.pin.several &&
	    o->facts.keys[OPENPGP_SIGN].presence != OPENPGP_ABSENT)
		sign = openpgp_verify(a, OPENPGP_PIN_SIGN, value) == CKR_OK;
	o->signs = o->signs || sign;
	return CKR_OK;
}

/* One state. Another applet that answers has made the card forget already. */
static CK_RV
openpgp_forget(struct card_applet *a, uint8_t reference)
{
	const struct apdu command = { .ins = INS_VERIFY,
				      .p1 = VERIFY_FORGET,
				      .p2 = reference };
	CK_RV rv = applet_exchange(a, &command, NULL);

	if (a->sw == SW_NO_INSTRUCTION || a->sw == SW_NO_CLASS ||
	    a->sw == SW_NO_REFERENCE)
		return CKR_OK;
	return rv;
}

/* VERIFY with P1 = FF came with version 3.1 and is not everywhere (YubiKey
 * before 5.6); selecting the applet anew ends all states as well. */
CK_RV
openpgp_pin_forget(struct card_applet *a, size_t pin)
{
	struct openpgp *o = a->state;
	bool admin = pin == CARD_PIN_SO;
	CK_RV rv = CKR_FUNCTION_NOT_SUPPORTED;

	a->sw = SW_OK;
	if (o->facts.version > OPENPGP_VERSION_3) {
		rv = openpgp_forget(a, admin ? OPENPGP_PIN_ADMIN
					     : OPENPGP_PIN_OTHER);
		if (rv == CKR_OK && !admin && o->signs)
			rv = openpgp_forget(a, OPENPGP_PIN_SIGN);
	}
	o->signs = o->signs && admin && rv == CKR_OK;
	if (rv == CKR_OK || applet_mute(a, rv))
		return rv;
	return iso_select(a, a->driver->aid, NULL);
}

/* One secret and then the new one of PIN: of CHANGE and RESET RETRY COUNTER.
 * An empty one is not there. */
struct openpgp_change {
	struct apdu command;
	enum openpgp_secret old_which, new_which;
	struct cursor old_value, new_value;
};

static CK_RV
openpgp_pin_set(struct card_applet *a, struct openpgp_change *change)
{
	const struct openpgp *o = a->state;
	uint8_t bytes[PIN_DATA_MAX];
	struct builder data = builder_over(bytes, sizeof(bytes));
	CK_RV rv = CKR_OK;

	a->sw = 0;
	if (change->old_value.left > 0)
		rv = openpgp_pin_put(&o->kdf, change->old_which,
				     change->old_value, &data);
	if (rv == CKR_OK)
		rv = openpgp_pin_put(&o->kdf, change->new_which,
				     change->new_value, &data);
	change->command.data = builder_read(&data);
	if (rv == CKR_OK)
		rv = applet_exchange(a, &change->command, NULL);
	mem_wipe(bytes, sizeof(bytes));
	if (a->sw == SW_WRONG_DATA || a->sw == SW_WRONG_LENGTH)
		return CKR_PIN_LEN_RANGE;
	return rv;
}

/* The old PIN is right, or PW3 is given: it is the new one that the card does
 * not take as things are. */
static CK_RV
openpgp_new_refused(const struct openpgp *o, CK_RV rv)
{
	if (rv != CKR_FUNCTION_FAILED)
		return rv;
	log_line(LOG_ERROR, "OpenPGP: a Gnuk wants a key before PW1 is set, "
			    "and 8 characters while PW3 was never set");
	for (size_t i = 0; i < OPENPGP_KEYS; i++)
		if (o->facts.keys[i].presence != OPENPGP_ABSENT)
			return CKR_PIN_LEN_RANGE;
	return rv;
}

/* Both PINs are typed one after the other, so that here the card alone tells
 * them apart. */
static CK_RV
openpgp_change_keypad(struct card_applet *a, uint8_t reference,
		      struct card_pin_status *status)
{
	const struct card_pin pin = pin_in_state(a, reference);
	CK_RV rv = keypad_check(a->state);

	if (rv != CKR_OK)
		return rv;
	rv = iso_change_keypad(a, &pin, 0);
	if (rv != CKR_OK && a->sw != 0)
		return openpgp_refused(a, secret_by(reference), rv, status);
	return rv;
}

/* The code has tries of its own, which C_GetTokenInfo has no place for. A card
 * refuses a wrong code in as many ways as a wrong PIN, a YubiKey NEO by 6985,
 * and one that is not set or used up in some more. */
static CK_RV
openpgp_code_refused(struct card_applet *a)
{
	struct card_pin_status code = { 0 };
	uint16_t sw = a->sw;
	CK_RV rv = openpgp_tries_read(a, OPENPGP_CODE, &code);

	a->sw = sw;
	if (rv != CKR_OK || !code.known)
		return CKR_PIN_INCORRECT;
	log_line(LOG_ERROR,
		 "OpenPGP: the resetting code is refused, "
		 "%u tries of it are left",
		 code.tries_left);
	return code.tries_left == 0 ? CKR_PIN_LOCKED : CKR_PIN_INCORRECT;
}

static CK_RV
openpgp_unblock(struct card_applet *a, struct cursor code,
		struct cursor new_value, struct card_pin_status *status)
{
	struct openpgp_change change = {
		.command = { .ins = INS_RESET_RETRY, .p2 = OPENPGP_PIN_SIGN },
		.old_which = OPENPGP_CODE,
		.old_value = code,
		.new_which = OPENPGP_PW1,
		.new_value = new_value,
	};
	CK_RV rv = openpgp_pin_set(a, &change);

	switch (rv) {
	case CKR_OK:
		return openpgp_tries_read(a, OPENPGP_PW1, status);
	case CKR_USER_NOT_LOGGED_IN:
	case CKR_PIN_INCORRECT:
	case CKR_FUNCTION_FAILED:
		return openpgp_code_refused(a);
	case CKR_OBJECT_HANDLE_INVALID:
		return CKR_PIN_LOCKED;
	default:
		return rv;
	}
}

/*
 * The card tells old and new PIN apart by their lengths alone, so the old one
 * is verified first: one that is cut short could change the PIN to something
 * that nobody typed.
 */
static CK_RV
openpgp_change(struct card_applet *a, size_t pin, struct openpgp_change *change,
	       struct card_pin_status *status)
{
	struct openpgp *o = a->state;
	bool admin = pin == CARD_PIN_SO;
	CK_RV rv = openpgp_secret_verify(
		a, admin ? OPENPGP_PIN_ADMIN : OPENPGP_PIN_OTHER,
		change->old_value, status);

	if (rv != CKR_OK)
		return rv;
	o->signs = o->signs && admin;
	rv = openpgp_new_refused(o, openpgp_pin_set(a, change));
	return rv == CKR_USER_NOT_LOGGED_IN ? CKR_FUNCTION_FAILED : rv;
}

CK_RV
openpgp_pin_change(struct card_applet *a, size_t pin, struct cursor old_value,
		   struct cursor new_value, struct card_pin_status *status)
{
	struct openpgp_change change = {
		.command = { .ins = INS_CHANGE, .p2 = OPENPGP_PIN_SIGN },
		.old_which = secret_of(pin),
		.old_value = old_value,
		.new_which = secret_of(pin),
		.new_value = new_value,
	};
	const struct openpgp *o = a->state;
	bool code = cursor_begins(old_value, code_prefix, sizeof(code_prefix));
	CK_RV rv = openpgp_kdf_read(a);

	*status = (struct card_pin_status){ 0 };
	if (rv != CKR_OK)
		return rv;
	if (pin == CARD_PIN_SO)
		change.command.p2 = OPENPGP_PIN_ADMIN;
	if (old_value.at == NULL)
		return openpgp_change_keypad(a, change.command.p2, status);
	if (!code || pin == CARD_PIN_SO)
		return openpgp_change(a, pin, &change, status);
	cursor_take(&old_value, sizeof(code_prefix));
	if (old_value.left == 0 ||
	    old_value.left > o->facts.pin.max[OPENPGP_CODE])
		return CKR_PIN_INCORRECT;
	return openpgp_unblock(a, old_value, new_value, status);
}

/* RESET RETRY COUNTER by PW3, which is verified. */
CK_RV
openpgp_pin_init(struct card_applet *a, size_t pin, struct cursor new_value)
{
	struct openpgp_change change = {
		.command = { .ins = INS_RESET_RETRY,
			     .p1 = RESET_BY_ADMIN,
			     .p2 = OPENPGP_PIN_SIGN },
		.new_which = secret_of(pin),
		.new_value = new_value,
	};
	struct openpgp *o = a->state;
	CK_RV rv = openpgp_kdf_read(a);

	if (rv == CKR_OK)
		rv = openpgp_new_refused(o, openpgp_pin_set(a, &change));
	o->signs = false;
	return rv;
}
