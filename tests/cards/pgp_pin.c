/* PW1, the resetting code and PW3 of the simulated OpenPGP application. */
#include "pgp.h"

#include <string.h>

enum {
	REFERENCE_SIGN = 0x81,
	REFERENCE_USE = 0x82,
	REFERENCE_ADMIN = 0x83,
};

static const size_t least[PGP_PINS] = {
	[PIN_USER] = 6,
	[PIN_RESET] = 8,
	[PIN_ADMIN] = 8,
};

bool
pgp_pin_set(struct pgp_pin *pin, struct span value)
{
	if (value.left > sizeof(pin->value))
		return false;
	memset(pin->value, 0, sizeof(pin->value));
	if (value.left > 0)
		memcpy(pin->value, value.at, value.left);
	pin->size = value.left;
	pin->fresh = false;
	return true;
}

static void
pin_default(struct pgp_pin *pin, const char *text)
{
	(void)pgp_pin_set(pin, span_of(text, strlen(text)));
	pin->tries = pin->total;
	pin->fresh = true;
}

void
pgp_pins_reset(struct pgp *pgp)
{
	pin_default(&pgp->pins[PIN_USER], "123456");
	pin_default(&pgp->pins[PIN_ADMIN], "12345678");
	pin_default(&pgp->pins[PIN_RESET], "");
	if (!pgp_has(pgp, PGP_CODE_COUNTED))
		pgp->pins[PIN_RESET].tries = 0;
}

void
pgp_pins_init(struct pgp *pgp)
{
	for (int i = 0; i < PGP_PINS; i++)
		pgp->pins[i].total = 3;
	pgp_pins_reset(pgp);
}

static bool
length_good(const struct pgp *pgp, enum pgp_pin_name name, size_t n)
{
	return n >= least[name] && n <= pgp->kind->pin_max;
}

static uint16_t
word_wrong(const struct pgp *pgp, const struct pgp_pin *pin)
{
	if (pgp_has(pgp, PGP_WRONG_63CX))
		return SW_TRIES | (pin->tries > 15 ? 15 : pin->tries);
	return SW_SECURITY;
}

/* Some cards look at the length first, others count a wrong PIN. */
static uint16_t
length_check(const struct pgp *pgp, enum pgp_pin_name name, size_t n)
{
	if (length_good(pgp, name, n))
		return SW_OK;
	if (pgp_has(pgp, PGP_LENGTH_6A80))
		return SW_DATA;
	return pgp_has(pgp, PGP_LENGTH_6700) ? SW_LENGTH : SW_OK;
}

static uint16_t
pin_try(const struct pgp *pgp, struct pgp_pin *pin, struct span given)
{
	if (pin->tries == 0)
		return SW_BLOCKED;
	if (pin->size > 0 && span_is(given, pin->value, pin->size)) {
		pin->tries = pin->total;
		return SW_OK;
	}
	pin->tries--;
	return word_wrong(pgp, pin);
}

static uint16_t
verify_empty(struct pgp *pgp, const struct pgp_pin *pin, bool *given)
{
	if (pgp_has(pgp, PGP_NO_EMPTY_VERIFY))
		return SW_DATA;
	if (pgp_has(pgp, PGP_EMPTY_VERIFY_ENDS)) {
		*given = false;
		return SW_OK;
	}
	if (*given)
		return SW_OK;
	if (pin->tries == 0)
		return SW_BLOCKED;
	return SW_TRIES | (pin->tries > 15 ? 15 : pin->tries);
}

uint16_t
pgp_verify(struct pgp *pgp, const struct command *command)
{
	enum pgp_pin_name name =
		command->p2 == REFERENCE_ADMIN ? PIN_ADMIN : PIN_USER;
	struct pgp_pin *pin = &pgp->pins[name];
	bool *given;
	uint16_t sw;

	/* A YubiKey answers so to the PIN of PIV, which the wrong applet got.
	 */
	if (command->p2 < REFERENCE_SIGN || command->p2 > REFERENCE_ADMIN)
		return pgp->kind->firmware ? SW_WRONG_P1P2 : SW_REFERENCE;
	given = &pgp->given[command->p2 - REFERENCE_SIGN];
	if (command->p1 == 0xff && command->data.left == 0) {
		if (pgp_has(pgp, PGP_NO_VERIFY_FF))
			return SW_DATA;
		*given = false;
		return SW_OK;
	}
	if (command->p1 != 0)
		return SW_P1P2;
	if (command->data.left == 0)
		return verify_empty(pgp, pin, given);
	sw = length_check(pgp, name, command->data.left);
	if (sw != SW_OK)
		return sw;
	sw = pin_try(pgp, pin, command->data);
	*given = sw == SW_OK;
	return sw;
}

/*
 * A Gnuk enciphers its keys by the PINs. So PW1 is set beside a key alone; a
 * key that comes puts it back to that of a new card, and as long as PW3 was
 * never set, PW1 has to be as long as one and is PW3 as well. An empty PW3
 * makes it so again.
 */
static uint16_t
new_check(const struct pgp *pgp, enum pgp_pin_name name, size_t n)
{
	bool keys = false;

	for (int i = 0; i < PGP_SLOTS; i++)
		keys = keys || pgp->keys[i].pkey;
	if (pgp_has(pgp, PGP_PW1_OF_KEYS)) {
		if (name == PIN_ADMIN && n == 0)
			return SW_OK;
		if (!length_good(pgp, name, n) ||
		    (name == PIN_USER &&
		     (!keys ||
		      (n < least[PIN_ADMIN] && pgp->pins[PIN_ADMIN].fresh))))
			return SW_CONDITIONS;
		return SW_OK;
	}
	if (length_good(pgp, name, n))
		return SW_OK;
	return pgp_has(pgp, PGP_LENGTH_6700) ? SW_LENGTH : SW_DATA;
}

/* The PIN of a new card, or the one that its KDF came with. */
static void
pin_first(struct pgp *pgp, enum pgp_pin_name name)
{
	uint32_t tag = name == PIN_ADMIN ? 0x88 : 0x87;
	struct span kdf, hashed;

	pin_default(&pgp->pins[name],
		    name == PIN_ADMIN ? "12345678" : "123456");
	if (store_get(&pgp->objects, TAG_KDF, &kdf) &&
	    span_find(kdf, tag, &hashed))
		(void)pgp_pin_set(&pgp->pins[name], hashed);
	pgp->pins[name].fresh = true;
}

static void
new_of_keys(struct pgp *pgp, enum pgp_pin_name name)
{
	struct pgp_pin *admin = &pgp->pins[PIN_ADMIN];

	if (name == PIN_ADMIN && admin->size == 0)
		pin_first(pgp, PIN_ADMIN);
	if (name == PIN_USER && admin->fresh) {
		*admin = pgp->pins[PIN_USER];
		admin->fresh = true;
	}
	if (name == PIN_ADMIN || admin->fresh)
		pgp->given[RIGHT_ADMIN] = false;
	if (name == PIN_USER) {
		pgp->given[RIGHT_SIGN] = false;
		pgp->given[RIGHT_USE] = false;
	}
}

void
pgp_pins_key(struct pgp *pgp)
{
	if (!pgp_has(pgp, PGP_PW1_OF_KEYS))
		return;
	pin_first(pgp, PIN_USER);
	(void)pgp_pin_set(&pgp->pins[PIN_RESET], span_of(NULL, 0));
}

/* The old value ends where the card knows that it ends. */
uint16_t
pgp_change(struct pgp *pgp, const struct command *command)
{
	enum pgp_pin_name name =
		command->p2 == REFERENCE_ADMIN ? PIN_ADMIN : PIN_USER;
	struct pgp_pin *pin = &pgp->pins[name];
	struct span rest = command->data;
	struct span old = span_take(&rest, pin->size);
	uint16_t sw;

	if (command->p1 != 0)
		return SW_P1P2;
	if (command->p2 != REFERENCE_SIGN && command->p2 != REFERENCE_ADMIN)
		return SW_REFERENCE;
	sw = pin_try(pgp, pin, old);
	if (sw != SW_OK)
		return sw;
	sw = new_check(pgp, name, rest.left);
	if (sw != SW_OK)
		return sw;
	(void)pgp_pin_set(pin, rest);
	if (pgp_has(pgp, PGP_PW1_OF_KEYS))
		new_of_keys(pgp, name);
	/* Else what has been given stays given. */
	return SW_OK;
}

/* P1 = 00 with the resetting code, 02 with PW3 given. */
uint16_t
pgp_reset_retry(struct pgp *pgp, const struct command *command)
{
	struct pgp_pin *code = &pgp->pins[PIN_RESET];
	struct pgp_pin *pin = &pgp->pins[PIN_USER];
	struct span rest = command->data;
	uint16_t sw;

	if (command->p1 != 0 && command->p1 != 2)
		return SW_P1P2;
	if (command->p2 != REFERENCE_SIGN)
		return SW_REFERENCE;
	if (command->p1 == 2 && !pgp->given[RIGHT_ADMIN])
		return SW_SECURITY;
	if (command->p1 == 0) {
		sw = pin_try(pgp, code, span_take(&rest, code->size));
		if (sw != SW_OK)
			return pgp_has(pgp, PGP_CODE_6985) ? SW_CONDITIONS : sw;
	}
	sw = new_check(pgp, PIN_USER, rest.left);
	if (sw != SW_OK)
		return sw;
	(void)pgp_pin_set(pin, rest);
	if (pgp_has(pgp, PGP_PW1_OF_KEYS))
		new_of_keys(pgp, PIN_USER);
	pin->tries = pin->total;
	pgp->given[RIGHT_SIGN] = false;
	pgp->given[RIGHT_USE] = false;
	return SW_OK;
}

uint16_t
pgp_put_reset_code(struct pgp *pgp, struct span value)
{
	struct pgp_pin *code = &pgp->pins[PIN_RESET];

	if (value.left > 0 && !length_good(pgp, PIN_RESET, value.left))
		return SW_DATA;
	(void)pgp_pin_set(code, value);
	code->tries = value.left > 0 || pgp_has(pgp, PGP_CODE_COUNTED)
			      ? code->total
			      : 0;
	return SW_OK;
}

uint16_t
pgp_set_tries(struct pgp *pgp, const struct command *command)
{
	struct span data = command->data;
	struct pgp_pin *pin;

	if (command->p1 != 0 || command->p2 != 0)
		return SW_P1P2;
	if (!pgp->given[RIGHT_ADMIN])
		return SW_SECURITY;
	if (data.left != PGP_PINS || memchr(data.at, 0, PGP_PINS))
		return SW_DATA;
	for (int i = 0; i < PGP_PINS; i++) {
		pin = &pgp->pins[i];
		pin->total = span_byte(&data);
		pin->tries = pin->size > 0 ? pin->total : 0;
	}
	return SW_OK;
}
