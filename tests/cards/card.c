/* The length layer and the applet table of a simulated chip. */
#include "card.h"

#include <string.h>

#define CLA_CHAIN    0x10
#define PIV_AID_SIZE 11

void
card_init(struct card *card, uint64_t quirks, bool extended)
{
	*card = (struct card){ .quirks = quirks, .extended = extended };
	card->chain_data =
		pile_of(card->chain_bytes, sizeof(card->chain_bytes));
}

bool
card_add(struct card *card, const struct applet_ops *ops, void *self)
{
	if (card->applet_count == CARD_APPLETS)
		return false;
	card->applets[card->applet_count++] = (struct applet){ ops, self };
	return true;
}

static bool
card_has(const struct card *card, enum quirk quirk)
{
	return card->quirks & UINT64_C(1) << quirk;
}

static void
chain_drop(struct card *card)
{
	card->chaining = false;
	card->chain_data.used = 0;
	card->chain_data.bad = false;
}

static void
answer_drop(struct card *card)
{
	memset(card->answer_bytes, 0, card->answer_size);
	card->answer_size = 0;
	card->answer_sent = 0;
}

static void
applet_leave(struct card *card)
{
	if (card->current && card->current->ops->forget)
		card->current->ops->forget(card->current->self);
	card->current = NULL;
}

void
card_reset(struct card *card)
{
	chain_drop(card);
	answer_drop(card);
	applet_leave(card);
	if (!card_has(card, QUIRK_NONE_SELECTED) && card->applet_count > 0)
		card->current = &card->applets[0];
}

void
card_switch(struct card *card)
{
	struct applet *old = card->current;
	size_t next = old ? (size_t)(old - card->applets) + 1 : 0;

	chain_drop(card);
	answer_drop(card);
	applet_leave(card);
	/* A card with one applet is left with none selected. */
	if (card->applet_count > 1)
		card->current = &card->applets[next % card->applet_count];
}

/* SELECT takes the AID or its beginning, 5 bytes at least
 * (SP 800-73 part 2, 3.1.1 asks for 9; YubiKeys take the RID alone). */
static struct applet *
applet_find(struct card *card, struct span aid)
{
	const struct applet_ops *ops;

	if (aid.left < 5)
		return NULL;
	for (size_t i = 0; i < card->applet_count; i++) {
		ops = card->applets[i].ops;
		if (card_has(card, QUIRK_AID_9_OR_11) &&
		    ops->aid_size == PIV_AID_SIZE && aid.left != 9 &&
		    aid.left != PIV_AID_SIZE)
			continue;
		if (aid.left <= ops->aid_size &&
		    !memcmp(ops->aid, aid.at, aid.left))
			return &card->applets[i];
	}
	return NULL;
}

static uint16_t
card_select(struct card *card, const struct command *command,
	    struct pile *answer)
{
	struct applet *applet;
	bool again;

	/* A YubiKey does so for 04 and 08, too. */
	if (command->p2 != 0 && card_has(card, QUIRK_SELECT_0C_6D00))
		return SW_INS;
	if (command->p1 != 0x04 || (command->p2 & ~0x0c) != 0)
		return SW_P1P2;
	applet = applet_find(card, command->data);
	if (!applet) {
		if (card_has(card, QUIRK_UNKNOWN_AID_DESELECTS))
			applet_leave(card);
		return SW_NOT_FOUND;
	}
	again = applet == card->current;
	if (!again)
		applet_leave(card);
	card->current = applet;
	return applet->ops->select(applet->self, again, answer);
}

/* Joins the links of a chain. Gives SW_OK when the command is whole (then it
 * holds all data), SW_MORE after a link, or an error. */
static uint16_t
chain_join(struct card *card, struct command *command, bool continues)
{
	bool link = command->cla & CLA_CHAIN;

	if (!continues && !card_has(card, QUIRK_CHAIN_STAYS))
		chain_drop(card);
	if (!link && !continues)
		return SW_OK;
	if (card_has(card, QUIRK_NO_CHAINING))
		return SW_NO_CHAINING;
	if (!card->chaining) {
		card->chaining = true;
		card->chain = *command;
	}
	pile_span(&card->chain_data, command->data);
	if (card->chain_data.bad) {
		chain_drop(card);
		return SW_LENGTH;
	}
	if (link)
		return SW_MORE;
	command->data = pile_view(&card->chain_data);
	card->chaining = false;
	return SW_OK;
}

/* What goes out now of the answer that waits, and the status word for it. */
static void
answer_send(struct card *card, const struct command *command, bool hold,
	    struct pile *answer)
{
	size_t rest = card->answer_size - card->answer_sent;
	size_t most = command->le;
	uint16_t sw = card->answer_sw;

	if (most == 0)
		most = command->extended ? 65536 : 256;
	/* A YubiKey 4 gives 254 bytes first, then 255 at a time. */
	if (!command->extended && card_has(card, QUIRK_CHUNK_255) &&
	    most > (card->answer_sent == 0 ? 254 : 255))
		most = card->answer_sent == 0 ? 254 : 255;
	if (hold)
		most = 0;
	if (most > rest)
		most = rest;
	pile_bytes(answer, card->answer_bytes + card->answer_sent, most);
	card->answer_sent += most;
	rest -= most;
	if (rest == 0) {
		answer_drop(card);
	} else if (!card_has(card, QUIRK_HIDE_MORE) || most < 254) {
		sw = SW_MORE;
		if (card_has(card, QUIRK_CHUNK_255))
			sw |= rest > 255 ? 255 : (uint8_t)rest;
		else
			sw |= rest > 255 ? 0 : (uint8_t)rest;
	}
	pile_byte(answer, (uint8_t)(sw >> 8));
	pile_byte(answer, (uint8_t)sw);
}

/* The answer is held back behind 61xx, as over T=0 and by some T=1 cards. */
static bool
answer_held(const struct card *card, const struct command *command)
{
	if (card->answer_size == 0 || command->extended)
		return false;
	return card_has(card, QUIRK_BARE_61XX) ||
	       (command->ins == INS_SELECT &&
		card_has(card, QUIRK_SELECT_61XX)) ||
	       (command->le == 0 && card_has(card, QUIRK_NO_LE_61XX));
}

static bool
answer_wrong_le(const struct card *card, const struct command *command)
{
	return (command->ins == INS_GET_DATA || command->ins == INS_GET_TAG) &&
	       !command->extended && card_has(card, QUIRK_GET_DATA_6CXX) &&
	       card->answer_size > 0 && card->answer_size < 256 &&
	       command->le != card->answer_size;
}

static uint16_t
card_serve(struct card *card, const struct command *command,
	   struct pile *answer)
{
	if (command->ins == INS_SELECT) {
		chain_drop(card);
		return card_select(card, command, answer);
	}
	if (!card->current)
		return SW_INS;
	return card->current->ops->serve(card->current->self, command, answer);
}

static void
card_command(struct card *card, struct command *command, bool continues,
	     struct pile *answer)
{
	struct pile data =
		pile_of(card->answer_bytes, sizeof(card->answer_bytes) - 2);
	uint16_t sw = chain_join(card, command, continues);
	bool whole = sw == SW_OK;

	if (whole) {
		sw = card_serve(card, command, &data);
		if ((continues && sw == SW_OK) ||
		    !card_has(card, QUIRK_CHAIN_STAYS))
			chain_drop(card);
	} else if (sw == SW_MORE) {
		sw = SW_OK;
	}
	if (data.bad)
		sw = SW_FAILED;
	card->answer_size = sw == SW_OK || sw == SW_WARNING ? data.used : 0;
	card->answer_sent = 0;
	card->answer_sw = sw;
	if (answer_wrong_le(card, command)) {
		card->answer_sw = SW_WRONG_LE | (uint8_t)card->answer_size;
		answer_drop(card);
	}
	answer_send(card, command, answer_held(card, command), answer);
}

static void
answer_sw(struct pile *answer, uint16_t sw)
{
	pile_byte(answer, (uint8_t)(sw >> 8));
	pile_byte(answer, (uint8_t)sw);
}

static bool
chain_continues(const struct card *card, const struct command *command)
{
	return card->chaining && card->chain.ins == command->ins &&
	       card->chain.p1 == command->p1 && card->chain.p2 == command->p2;
}

void
card_exchange(struct card *card, struct span apdu, struct pile *answer,
	      unsigned *delay)
{
	struct command command;
	bool well = command_parse(apdu, &command);
	bool continues = chain_continues(card, &command);

	*delay = 0;
	if (card->current && card->current->ops->notice)
		card->current->ops->notice(card->current->self, &command,
					   continues);
	if (well && command.cla == 0 && command.ins == INS_GET_RESPONSE) {
		chain_drop(card);
		if (card->answer_size > 0)
			answer_send(card, &command, false, answer);
		else
			answer_sw(answer, SW_DATA);
		return;
	}
	answer_drop(card);
	if (!well || (command.extended && !card->extended)) {
		chain_drop(card);
		answer_sw(answer, SW_LENGTH);
		return;
	}
	if (command.cla & ~CLA_CHAIN) {
		chain_drop(card);
		answer_sw(answer, SW_CLA);
		return;
	}
	if (card->current && command.ins == card->current->ops->slow_ins &&
	    !(command.cla & CLA_CHAIN))
		*delay = card->slow;
	card_command(card, &command, continues, answer);
}

void
card_describe(struct card *card, struct pile *text)
{
	pile_text(text, "applet=");
	pile_text(text, card->current ? card->current->ops->name : "none");
	for (size_t i = 0; i < card->applet_count; i++) {
		if (!card->applets[i].ops->describe)
			continue;
		pile_byte(text, ' ');
		card->applets[i].ops->describe(card->applets[i].self, text);
	}
}

bool
card_control(struct card *card, const char *line)
{
	const struct applet *applet;
	bool understood = false;

	for (size_t i = 0; i < card->applet_count; i++) {
		applet = &card->applets[i];
		if (applet->ops->control &&
		    applet->ops->control(applet->self, line))
			understood = true;
	}
	return understood;
}
