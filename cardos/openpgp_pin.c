/* The PINs of an OpenPGP card: PW1 in both its states, and the resetting code.
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
	PIN_SIGN = 0x81, /* of CHANGE and RESET RETRY COUNTER, too */
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

/* DO C4; an empty VERIFY tells different things on different cards. */
CK_RV
openpgp_pin_status(struct card_applet *a, size_t pin,
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
		status->tries_left = told.tries_left;
	}
	return CKR_OK;
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

/* Appends what goes to the card for a PIN: itself, or what the KDF makes. */
static CK_RV
openpgp_pin_put(const struct openpgp_kdf *kdf, struct cursor value,
		struct builder *out)
{
	if (kdf->digest != DIGEST_NONE)
		return openpgp_kdf_derive(kdf, value, out);
	builder_append(out, value);
	return builder_ok(out) ? CKR_OK : CKR_PIN_LEN_RANGE;
}

/* One VERIFY; a PIN that is empty or too long is not derived either. */
static CK_RV
openpgp_verify(struct card_applet *a, uint8_t reference, struct cursor value)
{
	const struct openpgp *o = a->state;
	struct card_pin pin = a->pins[0];
	uint8_t bytes[PIN_DATA_MAX];
	struct builder data = builder_over(bytes, sizeof(bytes));
	CK_RV rv;

	pin.reference = reference;
	a->sw = 0;
	if (value.at == NULL && o->kdf.digest == DIGEST_NONE)
		return iso_verify(a, &pin, value, 0);
	if (value.at == NULL) {
		log_line(LOG_ERROR, "OpenPGP: the keypad cannot derive");
		return CKR_FUNCTION_FAILED;
	}
	if (value.left == 0 || value.left > pin.max)
		return CKR_PIN_LEN_RANGE;
	rv = openpgp_pin_put(&o->kdf, value, &data);
	if (rv == CKR_OK)
		rv = iso_verify(a, &pin, builder_read(&data), 0);
	mem_wipe(bytes, sizeof(bytes));
	return rv;
}

/*
 * The card refused the PIN: 6982 says no more than that on most cards, some
 * count down to 63C0 and on; a length that cannot be right spends no try.
 */
static CK_RV
openpgp_refused(struct card_applet *a, CK_RV rv, struct card_pin_status *status)
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
		asked = openpgp_pin_status(a, 0, status);
		a->sw = sw;
		if (asked != CKR_OK)
			return asked;
	}
	return status->known && status->tries_left == 0 ? CKR_PIN_LOCKED
							: CKR_PIN_INCORRECT;
}

/*
 * PW1 has one value and two states: 81 to sign, 82 for the rest. C_Login needs
 * 82; 81 follows when a key wants it, or at once if the PIN is not kept.
 */
CK_RV
openpgp_pin_verify(struct card_applet *a, size_t pin, struct cursor value,
		   struct card_pin_status *status)
{
	struct openpgp *o = a->state;
	const struct card_key *key = a->pin_for;
	bool sign = key != NULL && openpgp_use_of(key->id) == OPENPGP_SIGN;
	CK_RV rv = openpgp_kdf_read(a);

	*status = (struct card_pin_status){ 0 };
	if (rv != CKR_OK)
		return rv;
	rv = openpgp_verify(a, sign ? PIN_SIGN : OPENPGP_PIN_OTHER, value);
	if (rv != CKR_OK && a->sw != 0)
		return openpgp_refused(a, rv, status);
	if (rv != CKR_OK)
		return rv;
	*status = iso_pin_status(a->sw);
	if (key == NULL && !a->pin_kept && o->facts.pin.several &&
	    o->facts.keys[OPENPGP_SIGN].presence != OPENPGP_ABSENT)
		sign = openpgp_verify(a, PIN_SIGN, value) == CKR_OK;
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
 * before 5.6); selecting the applet anew ends both states as well. */
CK_RV
openpgp_pin_forget(struct card_applet *a, size_t pin)
{
	struct openpgp *o = a->state;
	CK_RV rv = CKR_FUNCTION_NOT_SUPPORTED;

	a->sw = SW_OK;
	if (o->facts.version > OPENPGP_VERSION_3) {
		rv = openpgp_forget(a, OPENPGP_PIN_OTHER);
		if (rv == CKR_OK && o->signs)
			rv = openpgp_forget(a, PIN_SIGN);
	}
	o->signs = false;
	if (rv == CKR_OK || applet_mute(a, rv))
		return rv;
	return iso_select(a, a->driver->aid, NULL);
}

/* CHANGE or RESET RETRY COUNTER: OLD, then the new PIN. */
static CK_RV
openpgp_pin_set(struct card_applet *a, uint8_t ins,
		const struct openpgp_kdf *old_kdf, struct cursor old_value,
		struct cursor new_value)
{
	const struct openpgp *o = a->state;
	uint8_t bytes[PIN_DATA_MAX];
	struct builder data = builder_over(bytes, sizeof(bytes));
	struct apdu command = { .ins = ins, .p2 = PIN_SIGN };
	CK_RV rv;

	a->sw = 0;
	rv = openpgp_pin_put(old_kdf, old_value, &data);

	if (rv == CKR_OK)
		rv = openpgp_pin_put(&o->kdf, new_value, &data);
	command.data = builder_read(&data);
	if (rv == CKR_OK)
		rv = applet_exchange(a, &command, NULL);
	mem_wipe(bytes, sizeof(bytes));
	if (a->sw == SW_WRONG_DATA || a->sw == SW_WRONG_LENGTH)
		return CKR_PIN_LEN_RANGE;
	return rv;
}

/* Both PINs are typed one after the other, so that here the card alone tells
 * them apart. */
static CK_RV
openpgp_change_keypad(struct card_applet *a, struct card_pin_status *status)
{
	const struct openpgp *o = a->state;
	struct card_pin pin = a->pins[0];
	CK_RV rv;

	pin.reference = PIN_SIGN;
	if (o->kdf.digest != DIGEST_NONE) {
		log_line(LOG_ERROR, "OpenPGP: the keypad cannot derive");
		return CKR_FUNCTION_FAILED;
	}
	rv = iso_change_keypad(a, &pin, 0);
	if (rv != CKR_OK && a->sw != 0)
		return openpgp_refused(a, rv, status);
	return rv;
}

/* The card refuses a wrong code in as many ways as a wrong PIN, and one that
 * is not set or used up in some more. */
static CK_RV
openpgp_unblock(struct card_applet *a, struct cursor code,
		struct cursor new_value, struct card_pin_status *status)
{
	const struct openpgp *o = a->state;
	struct openpgp_kdf kdf = o->kdf;
	struct cursor salt = cursor_of(o->kdf.salt_code, OPENPGP_SALT);
	CK_RV rv;

	cursor_copy(&salt, kdf.salt, sizeof(kdf.salt));
	rv = openpgp_pin_set(a, INS_RESET_RETRY, &kdf, code, new_value);
	switch (rv) {
	case CKR_OK:
		return openpgp_pin_status(a, 0, status);
	case CKR_USER_NOT_LOGGED_IN:
		return CKR_PIN_INCORRECT;
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
CK_RV
openpgp_pin_change(struct card_applet *a, size_t pin, struct cursor old_value,
		   struct cursor new_value, struct card_pin_status *status)
{
	struct openpgp *o = a->state;
	bool code = cursor_begins(old_value, code_prefix, sizeof(code_prefix));
	CK_RV rv = openpgp_kdf_read(a);

	*status = (struct card_pin_status){ 0 };
	if (rv != CKR_OK)
		return rv;
	if (old_value.at == NULL)
		return openpgp_change_keypad(a, status);
	if (code) {
		cursor_take(&old_value, sizeof(code_prefix));
		if (old_value.left == 0 || old_value.left > a->pins[0].max)
			return CKR_PIN_INCORRECT;
		return openpgp_unblock(a, old_value, new_value, status);
	}
	rv = openpgp_verify(a, OPENPGP_PIN_OTHER, old_value);
	if (rv != CKR_OK && a->sw != 0)
		return openpgp_refused(a, rv, status);
	if (rv != CKR_OK)
		return rv;
	*status = iso_pin_status(a->sw);
	o->signs = false;
	rv = openpgp_pin_set(a, INS_CHANGE, &o->kdf, old_value, new_value);
	return rv == CKR_USER_NOT_LOGGED_IN ? CKR_FUNCTION_FAILED : rv;
}
