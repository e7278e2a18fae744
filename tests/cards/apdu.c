/* The command APDU, cases 1 to 4, short and extended (ISO 7816-3, 12.1.3). */
#include "card.h"

static bool
length_short(struct span *rest, struct command *command)
{
	size_t lc;

	if (rest->left == 1) {
		command->le = span_byte(rest);
		if (command->le == 0)
			command->le = 256;
		return true;
	}
	lc = span_byte(rest);
	command->data = span_take(rest, lc);
	if (lc == 0 || rest->bad)
		return false;
	if (rest->left == 0)
		return true;
	command->le = span_byte(rest);
	if (command->le == 0)
		command->le = 256;
	return rest->left == 0;
}

static bool
length_extended(struct span *rest, struct command *command)
{
	size_t lc;

	command->extended = true;
	(void)span_byte(rest); /* the 00 that announces extended lengths */
	lc = span_number(rest, 2);
	if (rest->left == 0 && !rest->bad) {
		command->le = lc == 0 ? 65536 : lc;
		return true;
	}
	command->data = span_take(rest, lc);
	if (lc == 0 || rest->bad)
		return false;
	if (rest->left == 0)
		return true;
	command->le = span_number(rest, 2);
	if (command->le == 0)
		command->le = 65536;
	return !rest->bad && rest->left == 0;
}

bool
command_parse(struct span apdu, struct command *command)
{
	*command = (struct command){ 0 };
	command->cla = span_byte(&apdu);
	command->ins = span_byte(&apdu);
	command->p1 = span_byte(&apdu);
	command->p2 = span_byte(&apdu);
	if (apdu.bad)
		return false;
	if (apdu.left == 0)
		return true;
	if (apdu.left >= 3 && apdu.at[0] == 0)
		return length_extended(&apdu, command);
	return length_short(&apdu, command);
}
