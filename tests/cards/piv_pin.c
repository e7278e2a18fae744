/* PIN, PUK and global PIN of the simulated PIV application. */
#include "piv.h"

#include <string.h>

enum {
	REFERENCE_GLOBAL = 0x00,
	REFERENCE_PIN = 0x80,
	REFERENCE_PUK = 0x81,
};

void
pin_set(struct piv_pin *pin, const uint8_t value[PIN_SIZE], uint8_t tries)
{
	memcpy(pin->value, value, PIN_SIZE);
	pin->total = tries;
	pin->tries = tries;
	pin->verified = false;
}

bool
pin_pad(const char *text, uint8_t value[PIN_SIZE])
{
	size_t n = strlen(text);

	if (n < 6 || n > PIN_SIZE)
		return false;
	memset(value, 0xff, PIN_SIZE);
	memcpy(value, text, n);
	return true;
}

bool
piv_pin_given(const struct piv *piv)
{
	return piv->pin.verified || piv->global.verified;
}

static struct piv_pin *
pin_find(struct piv *piv, uint8_t reference)
{
	if (reference == REFERENCE_PIN)
		return &piv->pin;
	if (reference == REFERENCE_GLOBAL &&
	    piv_has(piv, QUIRK_DISCOVERY_GLOBAL))
		return &piv->global;
	return NULL;
}

static uint16_t
tries_word(const struct piv *piv, const struct piv_pin *pin)
{
	uint16_t base = piv_has(piv, QUIRK_630X) ? 0x6300 : SW_TRIES;

	return base | (pin->tries > 15 ? 15 : pin->tries);
}

/* Compares and counts; SW_OK resets the counter (part 2, 3.2.1). */
static uint16_t
pin_try(const struct piv *piv, struct piv_pin *pin, struct span given)
{
	pin->verified = false;
	if (pin->tries == 0)
		return SW_BLOCKED;
	if (span_is(given, pin->value, PIN_SIZE)) {
		pin->tries = pin->total;
		return SW_OK;
	}
	pin->tries--;
	if (pin->tries == 0 && piv_has(piv, QUIRK_LAST_TRY_6983))
		return SW_BLOCKED;
	return tries_word(piv, pin);
}

/* 6 to 8 bytes, then FF; decimal digits where the card looks (2.4.3). */
static bool
pin_well_formed(const struct piv *piv, struct span value, bool digits)
{
	size_t n = 0;

	if (value.left != PIN_SIZE)
		return false;
	while (n < PIN_SIZE && value.at[n] != 0xff)
		n++;
	if (n < 6)
		return false;
	for (size_t i = 0; i < PIN_SIZE; i++) {
		if (i >= n && value.at[i] != 0xff)
			return false;
		if (i < n && digits && piv_has(piv, QUIRK_PIN_DIGITS) &&
		    (value.at[i] < '0' || value.at[i] > '9'))
			return false;
	}
	return true;
}

static uint16_t
verify_empty(struct piv *piv, struct piv_pin *pin)
{
	if (pin->verified && !piv_has(piv, QUIRK_NO_EMPTY_VERIFY))
		return SW_OK;
	if (piv_has(piv, QUIRK_EMPTY_VERIFY_COUNTS) && pin->tries > 0)
		pin->tries--;
	if (pin->tries == 0)
		return SW_BLOCKED;
	return tries_word(piv, pin);
}

uint16_t
piv_verify(struct piv *piv, const struct command *command)
{
	struct piv_pin *pin = pin_find(piv, command->p2);
	uint16_t sw;

	if (command->p1 == 0xff && !piv_has(piv, QUIRK_NO_VERIFY_FF)) {
		if (!pin)
			return SW_REFERENCE;
		if (command->data.left > 0)
			return SW_DATA;
		pin->verified = false;
		return SW_OK;
	}
	if (command->p1 != 0)
		return SW_P1P2;
	if (!pin)
		return SW_REFERENCE;
	if (command->data.left == 0)
		return verify_empty(piv, pin);
	if (command->data.left != PIN_SIZE)
		return piv_has(piv, QUIRK_LENGTH_6700) ? SW_LENGTH : SW_DATA;
	sw = pin_try(piv, pin, command->data);
	if (sw == SW_OK) {
		pin->verified = true;
		piv->fresh = true;
		piv->fresh_claimed = false;
	}
	return sw;
}

/* A counter nibble, or none where the card gives none. */
static uint16_t
word_plain(const struct piv *piv, uint16_t sw)
{
	if (sw != SW_OK && sw != SW_BLOCKED && piv_has(piv, QUIRK_PLAIN_6300))
		return 0x6300;
	return sw;
}

uint16_t
piv_change(struct piv *piv, const struct command *command)
{
	struct span rest = command->data;
	struct span old = span_take(&rest, PIN_SIZE);
	struct piv_pin *pin = command->p2 == REFERENCE_PUK
				      ? &piv->puk
				      : pin_find(piv, command->p2);
	uint16_t sw;

	if (command->p1 != 0)
		return SW_P1P2;
	if (!pin)
		return SW_REFERENCE;
	if (rest.bad || rest.left != PIN_SIZE)
		return SW_DATA;
	if (pin->tries > 0 && !pin_well_formed(piv, rest, pin != &piv->puk))
		return SW_DATA;
	sw = pin_try(piv, pin, old);
	if (sw != SW_OK)
		return word_plain(piv, sw);
	memcpy(pin->value, rest.at, PIN_SIZE);
	/* Part 2, 3.2.2: the security status is set. */
	pin->verified = pin != &piv->puk;
	return SW_OK;
}

uint16_t
piv_reset_retry(struct piv *piv, const struct command *command)
{
	struct span rest = command->data;
	struct span puk = span_take(&rest, PIN_SIZE);
	uint16_t sw;

	if (command->p1 != 0)
		return SW_P1P2;
	if (command->p2 != REFERENCE_PIN)
		return SW_REFERENCE;
	if (rest.bad || rest.left != PIN_SIZE)
		return SW_DATA;
	/* Yubico's look at the PUK first: ykman blocks it by two PINs of FF. */
	if (piv->puk.tries > 0 && piv_has(piv, QUIRK_NO_YUBICO) &&
	    !pin_well_formed(piv, rest, true))
		return SW_DATA;
	sw = pin_try(piv, &piv->puk, puk);
	if (sw != SW_OK)
		return word_plain(piv, sw);
	if (!pin_well_formed(piv, rest, true))
		return SW_DATA;
	memcpy(piv->pin.value, rest.at, PIN_SIZE);
	/* Part 2, 3.2.3: the PIN's security status does not change. */
	piv->pin.tries = piv->pin.total;
	return SW_OK;
}
