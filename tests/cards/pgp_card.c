/* The simulated OpenPGP application: SELECT, the dispatch of instructions and
 * the life cycle. */
#include "pgp.h"

#include <stdio.h>
#include <string.h>

#define CHALLENGE_MAX 0x1000

static void
applet_forget(void *applet)
{
	struct pgp *pgp = applet;

	memset(pgp->given, 0, sizeof(pgp->given));
	pgp->occurrence = 0;
	pgp->decipher = SLOT_DEC;
	pgp->authenticate = SLOT_AUT;
}

void
pgp_init(struct pgp *pgp)
{
	struct pile capabilities =
		pile_of(pgp->capabilities, sizeof(pgp->capabilities));
	struct pile attributes;

	for (int i = 0; i < PGP_SLOTS; i++) {
		/* The attestation key came with the device and stays. */
		if (i == SLOT_ATT && pgp->keys[i].attributes.size > 0)
			continue;
		pgp_key_clear(&pgp->keys[i]);
		pgp->keys[i] = (struct pgp_key){ .touch = { 0x00, 0x20 } };
		attributes = pile_of(pgp->keys[i].attributes.bytes,
				     sizeof(pgp->keys[i].attributes.bytes));
		(void)hex_read(pgp->kind->attributes, &attributes);
		pgp->keys[i].attributes.size = attributes.used;
	}
	(void)hex_read(pgp->kind->capabilities, &capabilities);
	store_clear(&pgp->objects);
	pgp_pins_init(pgp);
	pgp->several = pgp->kind->several;
	pgp->signatures = 0;
	pgp->terminated = false;
	pgp->decipher = SLOT_DEC;
	pgp->authenticate = SLOT_AUT;
}

void
pgp_free(struct pgp *pgp)
{
	for (int i = 0; i < PGP_SLOTS; i++)
		pgp_key_clear(&pgp->keys[i]);
	store_clear(&pgp->objects);
}

static uint16_t
applet_select(void *applet, bool again, struct pile *answer)
{
	struct pgp *pgp = applet;
	uint8_t bytes[32];
	struct pile aid = pile_of(bytes, sizeof(bytes));

	if (!again || !pgp_has(pgp, PGP_RESELECT_KEEPS_PIN))
		applet_forget(pgp);
	if (pgp->terminated)
		return pgp_has(pgp, PGP_TERMINATED_6985) ? SW_CONDITIONS
							 : SW_TERMINATED;
	if (pgp_has(pgp, PGP_SELECT_FCI)) {
		pgp_aid(pgp, &aid);
		pile_header(answer, 0x6f, aid.used + 2);
		pile_tlv(answer, 0x84, aid.at, aid.used);
	}
	return SW_OK;
}

/* TERMINATE DF, with PW3 given or with no way left to give it. */
static uint16_t
terminate(struct pgp *pgp, const struct command *command)
{
	if (command->p1 != 0 || command->p2 != 0)
		return SW_P1P2;
	if (!pgp->given[RIGHT_ADMIN] && pgp->pins[PIN_ADMIN].tries > 0)
		return SW_SECURITY;
	pgp->terminated = true;
	return SW_OK;
}

static uint16_t
activate(struct pgp *pgp, const struct command *command)
{
	if (command->p1 != 0 || command->p2 != 0)
		return SW_P1P2;
	if (!pgp->terminated)
		return SW_OK;
	pgp_init(pgp);
	if (!pgp_has(pgp, PGP_ACTIVATE_KEEPS_PIN))
		applet_forget(pgp);
	return SW_OK;
}

static uint16_t
challenge(struct pgp *pgp, const struct command *command, struct pile *answer)
{
	size_t most = (size_t)pgp->capabilities[2] << 8 | pgp->capabilities[3];
	size_t n = command->le;
	uint8_t *place;

	if (!(pgp->capabilities[0] & 0x40))
		return SW_INS;
	if (command->p1 != 0 || command->p2 != 0)
		return SW_P1P2;
	if (n == 0 || command->data.left > 0 || n > CHALLENGE_MAX)
		return SW_LENGTH;
	/* Le 00 means as much as there is. */
	if (n > most)
		n = most;
	place = pile_reserve(answer, n);
	return place && chip_random(place, n) ? SW_OK : SW_FAILED;
}

static uint16_t
serve_yubico(struct pgp *pgp, const struct command *command,
	     struct pile *answer)
{
	if (pgp->kind->firmware == 0)
		return SW_INS;
	if (command->ins == INS_YUBICO_TRIES)
		return pgp_set_tries(pgp, command);
	if (command->ins != INS_YUBICO_VERSION)
		return SW_INS;
	for (int shift = 16; shift >= 0; shift -= 8)
		pile_byte(answer, (uint8_t)(pgp->kind->firmware >> shift));
	return SW_OK;
}

static uint16_t
serve_data(struct pgp *pgp, const struct command *command, struct pile *answer)
{
	switch (command->ins) {
	case INS_GET_TAG:
		return pgp_get_data(pgp, command, answer);
	case INS_GET_NEXT:
		return pgp_get_next(pgp, command, answer);
	case INS_PUT_TAG:
	case INS_PUT_DATA:
		return pgp_put_data(pgp, command);
	case INS_SELECT_DATA:
		return pgp_select_data(pgp, command);
	case INS_UPDATE_BINARY:
		return pgp_update_binary(pgp, command);
	default:
		return serve_yubico(pgp, command, answer);
	}
}

/* CanoKey's choice of a certificate does not last. */
static void
occurrence_drop(struct pgp *pgp, const struct command *command)
{
	if (!pgp_has(pgp, PGP_CERTS_REVERSED) ||
	    command->ins == INS_SELECT_DATA || command->ins == INS_GET_NEXT)
		return;
	if ((command->ins == INS_GET_TAG || command->ins == INS_PUT_TAG) &&
	    command->p1 == TAG_CERTIFICATE >> 8 &&
	    command->p2 == (TAG_CERTIFICATE & 0xff))
		return;
	pgp->occurrence = 0;
}

static uint16_t
applet_serve(void *applet, const struct command *command, struct pile *answer)
{
	struct pgp *pgp = applet;

	if (command->ins == INS_ACTIVATE)
		return activate(pgp, command);
	if (pgp->terminated)
		return SW_CONDITIONS;
	occurrence_drop(pgp, command);
	switch (command->ins) {
	case INS_VERIFY:
		return pgp_verify(pgp, command);
	case INS_CHANGE:
		return pgp_change(pgp, command);
	case INS_RESET_RETRY:
		return pgp_reset_retry(pgp, command);
	case INS_GENERATE:
		return pgp_generate(pgp, command, answer);
	case INS_PSO:
		return pgp_operation(pgp, command, answer);
	case INS_INTERNAL_AUTHENTICATE:
		return pgp_authenticate(pgp, command, answer);
	case INS_MSE:
		return pgp_environment(pgp, command);
	case INS_CHALLENGE:
		return challenge(pgp, command, answer);
	case INS_TERMINATE:
		return terminate(pgp, command);
	default:
		return serve_data(pgp, command, answer);
	}
}

static void
applet_describe(void *applet, struct pile *text)
{
	const struct pgp *pgp = applet;
	const struct pgp_pin *pins = pgp->pins;
	char line[160];

	(void)snprintf(line, sizeof(line),
		       "pw1=%u/%u rc=%u/%u pw3=%u/%u pw1-81=%d pw1-82=%d "
		       "pw3-83=%d signatures=%u terminated=%d",
		       pins[PIN_USER].tries, pins[PIN_USER].total,
		       pins[PIN_RESET].tries, pins[PIN_RESET].total,
		       pins[PIN_ADMIN].tries, pins[PIN_ADMIN].total,
		       pgp->given[RIGHT_SIGN], pgp->given[RIGHT_USE],
		       pgp->given[RIGHT_ADMIN], (unsigned)pgp->signatures,
		       pgp->terminated);
	pile_text(text, line);
}

static bool
applet_control(void *applet, const char *line)
{
	struct pgp *pgp = applet;

	if (!strcmp(line, "touch on"))
		pgp->touched = true;
	else if (!strcmp(line, "touch off"))
		pgp->touched = false;
	else
		return false;
	return true;
}

const struct applet_ops pgp_applet = {
	.name = "openpgp",
	.aid = { 0xd2, 0x76, 0x00, 0x01, 0x24, 0x01 },
	.aid_size = 6,
	.slow_ins = INS_PSO,
	.select = applet_select,
	.serve = applet_serve,
	.forget = applet_forget,
	.describe = applet_describe,
	.control = applet_control,
};
