/* The PINs of a PIV card: the user's, the PUK, and the way back to the
 * factory's. */
#include "piv.h"

#include <string.h>

#include "crypto.h"
#include "log.h"
#include "mem.h"

enum {
	INS_VERIFY = 0x20,
	INS_CHANGE = 0x24,
	INS_RESET_RETRY = 0x2C,
	INS_RESET = 0xFB,
	VERIFY_FORGET = 0xFF,
	PIN_APPLICATION = 0x80,
	PIN_PADDING = 0xFF,
	SW_WRONG_DATA = 0x6A80,
	SW_BAD_PIN_BLOCK = 0x6700,
	SW_BLOCKED = 0x6983,
	SW_NO_INSTRUCTION = 0x6D00,
	SW_NO_CLASS = 0x6E00,
	SW_FAULT = 0x6F00,
	TRIES_ALL = 300, /* one byte's worth, and some that are no try */
};

/* The old PIN of C_SetPIN that is the PUK. */
static const uint8_t puk_prefix[] = { 'P', 'U', 'K', ':' };

/* What a card that knows the reset says while a PIN can still be used. */
static const uint16_t not_blocked[] = { 0x6982, 0x6985, 0 };

/* Applets that are often beside PIV: OpenPGP, two card managers, FIDO, and
 * Yubico's one-time passwords. */
static const struct cursor piv_siblings[] = {
	PIV_BYTES(0xD2, 0x76, 0x00, 0x01, 0x24, 0x01),
	PIV_BYTES(0xA0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00, 0x00),
	PIV_BYTES(0xA0, 0x00, 0x00, 0x00, 0x03, 0x00, 0x00, 0x00),
	PIV_BYTES(0xA0, 0x00, 0x00, 0x06, 0x47, 0x2F, 0x00, 0x01),
	PIV_BYTES(0xA0, 0x00, 0x00, 0x05, 0x27, 0x20, 0x01),
	{ 0 },
};

/* A VERIFY without data asks, and spends no try (SP 800-73-4 part 2, 3.2.1):
 * only what proved to be PIV gets here. A wrong management key spends nothing,
 * and whether one was right is not to be asked for. */
CK_RV
piv_pin_status(struct card_applet *a, size_t pin,
	       struct card_pin_status *status)
{
	CK_RV rv;

	if (pin == CARD_PIN_SO) {
		*status = (struct card_pin_status){
			.known = true,
			.tries_left = CARD_TRIES_ENDLESS,
		};
		return CKR_OK;
	}
	rv = iso_verify_state(a, &a->pins[pin]);
	if (applet_mute(a, rv))
		return rv;
	*status = iso_pin_status(a->sw);
	return CKR_OK;
}

/* A PIN block that the card calls malformed spends no try (SP 800-73-4 part 2,
 * 3.2.1), but is wrong all the same. */
CK_RV
piv_pin_verify(struct card_applet *a, size_t pin, struct cursor value,
	       struct card_pin_status *status)
{
	CK_RV rv;

	if (pin == CARD_PIN_SO) {
		*status = (struct card_pin_status){ 0 };
		return piv_admin_login(a, value);
	}
	rv = piv_discover(a);
	if (rv != CKR_OK)
		return rv;
	rv = iso_verify(a, &a->pins[pin], value, PIV_PIN_BLOCK);
	*status = iso_pin_status(a->sw);
	if (a->sw == SW_WRONG_DATA || a->sw == SW_BAD_PIN_BLOCK)
		return CKR_PIN_INCORRECT;
	return rv;
}

/* Selecting another applet drops whatever was verified. */
static CK_RV
piv_leave(struct card_applet *a)
{
	CK_RV rv;

	for (const struct cursor *aid = piv_siblings; aid->left > 0; aid++) {
		a->proven = false;
		rv = iso_select(a, *aid, NULL);
		if (rv == CKR_OK || applet_mute(a, rv))
			return rv;
	}
	return CKR_FUNCTION_NOT_SUPPORTED;
}

/*
 * VERIFY with P1 = FF came with SP 800-73-4 and is for PINs alone; on older
 * cards, and of the management key, one of the applets that are often there is
 * selected.
 */
CK_RV
piv_pin_forget(struct card_applet *a, size_t pin)
{
	struct piv *piv = a->state;
	const struct apdu command = { .ins = INS_VERIFY,
				      .p1 = VERIFY_FORGET,
				      .p2 = a->pins[pin].reference };
	struct card_pin_status status;
	CK_RV rv;

	if (pin == CARD_PIN_SO || piv->admin) {
		rv = piv_leave(a);
		if (rv == CKR_FUNCTION_NOT_SUPPORTED)
			rv = piv_admin_spoil(a);
		piv->admin = false;
		return rv;
	}
	rv = applet_exchange(a, &command, NULL);
	if (rv == CKR_OK || applet_mute(a, rv))
		return rv;
	/* Not verified, or PIV is not even selected: then it forgot. */
	status = iso_pin_status(a->sw);
	if (status.known || a->sw == SW_NO_INSTRUCTION || a->sw == SW_NO_CLASS)
		return CKR_OK;
	return piv_leave(a);
}

static void
pin_put(struct builder *b, struct cursor value)
{
	builder_append(b, value);
	if (value.left <= PIV_PIN_BLOCK)
		builder_fill(b, PIN_PADDING, PIV_PIN_BLOCK - value.left);
}

/* CHANGE REFERENCE DATA or RESET RETRY COUNTER: what is known, the new PIN.
 * What is too short or too long to be known spends no try. */
static CK_RV
pin_set(struct card_applet *a, uint8_t ins, uint8_t reference,
	struct cursor known, struct cursor new_value)
{
	uint8_t bytes[2 * PIV_PIN_BLOCK];
	struct builder data = builder_over(bytes, sizeof(bytes));
	struct apdu command = { .ins = ins, .p2 = reference };
	CK_RV rv = CKR_PIN_INCORRECT;

	a->sw = 0;
	if (known.left < a->pins[0].old_min || known.left > a->pins[0].max)
		return CKR_PIN_INCORRECT;
	pin_put(&data, known);
	pin_put(&data, new_value);
	command.data = builder_read(&data);
	if (builder_ok(&data))
		rv = applet_exchange(a, &command, NULL);
	mem_wipe(bytes, sizeof(bytes));
	/* nothing was spent: digits may be wanted where there are none */
	if (a->sw == SW_WRONG_DATA)
		return CKR_PIN_INVALID;
	return rv;
}

/* A wrong PUK has tries of its own, which are not spent on one that is shorter
 * than any card lets it be. */
static CK_RV
piv_unblock(struct card_applet *a, size_t pin, struct cursor puk,
	    struct cursor new_value, struct card_pin_status *status)
{
	struct card_pin_status tries;
	CK_RV rv;

	a->sw = 0;
	if (puk.left < a->pins[pin].min ||
	    a->pins[pin].reference != PIN_APPLICATION)
		return CKR_PIN_INCORRECT;
	rv = pin_set(a, INS_RESET_RETRY, PIN_APPLICATION, puk, new_value);
	tries = iso_pin_status(a->sw);
	if (rv == CKR_PIN_INCORRECT && tries.known)
		log_line(LOG_ERROR, "PIV: wrong PUK, %u tries left",
			 tries.tries_left);
	if (rv == CKR_OK)
		DROP(piv_pin_status(a, pin, status)); /* it is set anyway */
	return rv;
}

/* Old and new PIN in one command, which counts as a VERIFY. Nothing is sent to
 * a PIN that is blocked. */
static CK_RV
piv_user_change(struct card_applet *a, size_t pin, struct cursor old_value,
		struct cursor new_value, struct card_pin_status *status)
{
	CK_RV rv = piv_pin_status(a, pin, status);

	if (rv != CKR_OK)
		return rv;
	if (status->known && !status->verified && status->tries_left == 0)
		return CKR_PIN_LOCKED;
	if (old_value.at == NULL)
		rv = iso_change_keypad(a, &a->pins[pin], PIV_PIN_BLOCK);
	else
		rv = pin_set(a, INS_CHANGE, a->pins[pin].reference, old_value,
			     new_value);
	if (a->sw != 0)
		*status = iso_pin_status(a->sw);
	if (rv == CKR_OK && old_value.at != NULL)
		piv_derived_follow(a, old_value, new_value);
	return rv;
}

CK_RV
piv_pin_change(struct card_applet *a, size_t pin, struct cursor old_value,
	       struct cursor new_value, struct card_pin_status *status)
{
	CK_RV rv;

	*status = (struct card_pin_status){ 0 };
	if (pin == CARD_PIN_SO)
		return piv_admin_change(a, old_value, new_value);
	rv = piv_discover(a);
	if (rv != CKR_OK)
		return rv;
	if (!cursor_begins(old_value, puk_prefix, sizeof(puk_prefix)))
		return piv_user_change(a, pin, old_value, new_value, status);
	cursor_take(&old_value, sizeof(puk_prefix));
	return piv_unblock(a, pin, old_value, new_value, status);
}

/* A PIN that nobody has: digits, as anything else might not count. */
static CK_RV
pin_invent(uint8_t value[PIV_PIN_BLOCK])
{
	CK_RV rv = random_bytes(value, PIV_PIN_BLOCK);

	for (size_t i = 0; i < PIV_PIN_BLOCK; i++)
		value[i] = '0' + value[i] % 10;
	return rv;
}

/* Spends all tries, of the PIN or with RESET RETRY COUNTER of the PUK. */
static CK_RV
tries_spend(struct card_applet *a, uint8_t ins)
{
	uint8_t value[PIV_PIN_BLOCK] = { 0 };
	const struct card_pin pin = { .reference = PIN_APPLICATION,
				      .max = PIV_PIN_BLOCK };
	struct cursor invented = cursor_of(value, sizeof(value));
	CK_RV rv;

	for (unsigned i = 0; i < TRIES_ALL; i++) {
		rv = pin_invent(value);
		if (rv != CKR_OK)
			return rv;
		if (ins == INS_VERIFY)
			rv = iso_verify(a, &pin, invented, PIV_PIN_BLOCK);
		else
			rv = pin_set(a, ins, PIN_APPLICATION, invented,
				     invented);
		if (applet_mute(a, rv))
			return rv;
		if (a->sw == SW_BLOCKED)
			return CKR_OK;
	}
	return CKR_FUNCTION_FAILED;
}

static CK_RV
reset_send(struct card_applet *a)
{
	const struct apdu command = { .ins = INS_RESET };

	return applet_exchange(a, &command, NULL);
}

/* Does the card not know the reset, or was it something else that answered? */
static CK_RV
reset_refused(struct card_applet *a)
{
	bool fault = a->sw == SW_FAULT;
	CK_RV rv;

	a->proven = false;
	rv = applet_prove(a);
	if (rv != CKR_OK)
		return rv;
	return fault || !a->proven ? CKR_DEVICE_ERROR
				   : CKR_FUNCTION_NOT_SUPPORTED;
}

/*
 * A YubiKey goes back only when PIN and PUK are blocked, a Nitrokey when the
 * PIN is. So both are blocked here, as the one exception to never spending a
 * try; but only of who has the management key, and on a card that knows the
 * command.
 */
static CK_RV
reset_insist(struct card_applet *a)
{
	static const uint8_t spends[] = { INS_VERIFY, INS_RESET_RETRY };
	CK_RV rv = CKR_FUNCTION_FAILED;

	for (size_t i = 0; i < sizeof(spends); i++) {
		log_line(LOG_INFO, "PIV: blocking the %s for the reset",
			 spends[i] == INS_VERIFY ? "PIN" : "PUK");
		rv = tries_spend(a, spends[i]);
		if (rv != CKR_OK)
			break;
		rv = reset_send(a);
		if (!sw_listed(not_blocked, a->sw))
			break;
	}
	return rv == CKR_OK || applet_mute(a, rv) ? rv : CKR_FUNCTION_FAILED;
}

static CK_RV
reset_make(struct card_applet *a)
{
	CK_RV rv = reset_send(a);

	if (sw_listed(not_blocked, a->sw))
		return reset_insist(a);
	return rv == CKR_OK || applet_mute(a, rv) ? rv : reset_refused(a);
}

/* What the management key allows does not outlive a reset that fails. */
CK_RV
piv_reset(struct card_applet *a, struct cursor so_pin)
{
	struct piv *piv = a->state;
	CK_RV rv = piv_admin_login(a, so_pin);

	if (rv != CKR_OK)
		return rv;
	rv = reset_make(a);
	if (rv != CKR_OK && rv != CKR_DEVICE_REMOVED)
		DROP(piv_pin_forget(a, CARD_PIN_SO)); /* as far as it can */
	if (rv != CKR_OK)
		return rv;
	piv_made_forget(a);
	*piv = (struct piv){ .discovered = piv->discovered,
			     .version = piv->version };
	return CKR_OK;
}
