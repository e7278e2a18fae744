/* The keypad of a reader, with somebody typing (PC/SC part 10, 2.5.2). */
#include "keypad.h"

#include <reader.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SW_TIMEOUT = 0x6400,
	SW_CANCELLED = 0x6401,
	SW_DIFFER = 0x6402,
	SW_LENGTH = 0x6403,
	SW_STRUCTURE = 0x6B80,
	ASCII_BYTES = 0x82, /* a PIN in ASCII, from the start of the data */
	VALIDATION_KEY = 0x02,
	HEADER = 5,
	PIN_MAX = 64,
};

static size_t
word(uint8_t *apdu, unsigned sw)
{
	apdu[0] = (uint8_t)(sw >> 8);
	apdu[1] = (uint8_t)sw;
	return 2;
}

/* wPINMaxExtraDigit as the card and what we tell of ourselves make it. */
static unsigned
digits_wanted(void)
{
	const char *digits = getenv("SIGNET_IFD_DIGITS");

	return digits ? (unsigned)strtoul(digits, NULL, 16) : 0x0608;
}

/* The next line that is typed; the lines before it have been used up. */
static bool
line_take(char *line, int size)
{
	static long at;
	const char *path = getenv("SIGNET_IFD_PINS");
	FILE *file = path ? fopen(path, "re") : NULL;
	bool taken;

	if (!file)
		return false;
	taken = !fseek(file, at, SEEK_SET) && fgets(line, size, file);
	at = ftell(file);
	(void)fclose(file);
	line[taken ? strcspn(line, "\n") : 0] = '\0';
	return taken;
}

/* Types one PIN of SIZE into BLOCK; 0, or the status word that ends it all. */
static unsigned
type(uint16_t digits, uint8_t *block, size_t room, size_t *used)
{
	char line[64] = "";
	size_t size;

	*used = 0;

	if (!line_take(line, sizeof(line)) || !strcmp(line, "timeout"))
		return SW_TIMEOUT;
	if (!strcmp(line, "cancel"))
		return SW_CANCELLED;
	if (!strcmp(line, "differ"))
		return SW_DIFFER;
	size = strlen(line);
	if (size < digits >> 8 || size > (digits & 0xFF) || size > room)
		return SW_LENGTH;
	memcpy(block, line, size);
	*used = size;
	return 0;
}

/* A command with as much data as its Lc says, a whole number of blocks; none
 * when the PIN comes as it is. */
static bool
command_good(const uint8_t *apdu, size_t size, size_t blocks, uint8_t block)
{
	return size >= HEADER && size <= 261 &&
	       size == HEADER + (size_t)apdu[4] && apdu[4] == blocks * block;
}

/* Types one PIN into its block of APDU, or behind what is there. */
static unsigned
enter(uint16_t digits, uint8_t *apdu, size_t index, uint8_t block)
{
	size_t size;
	unsigned sw;

	if (block > 0)
		return type(digits, apdu + HEADER + index * block, block,
			    &size);
	sw = type(digits, apdu + HEADER + apdu[4], PIN_MAX, &size);
	apdu[4] += (uint8_t)size;
	return sw;
}

size_t
keypad_verify(const uint8_t *in, size_t size, bool display, uint8_t apdu[261])
{
	PIN_VERIFY_STRUCTURE s;
	unsigned sw;

	if (size < sizeof(s))
		return word(apdu, SW_STRUCTURE);
	memcpy(&s, in, sizeof(s));
	if (s.ulDataLength != size - sizeof(s) ||
	    s.bmFormatString != ASCII_BYTES || s.bmPINLengthFormat != 0 ||
	    s.bEntryValidationCondition != VALIDATION_KEY ||
	    s.bNumberMessage != (display ? 1 : 0) || s.bTimerOut == 0 ||
	    s.wPINMaxExtraDigit != digits_wanted() ||
	    !command_good(in + sizeof(s), s.ulDataLength, 1,
			  s.bmPINBlockString & 0x0F))
		return word(apdu, SW_STRUCTURE);
	memcpy(apdu, in + sizeof(s), s.ulDataLength);
	sw = enter(s.wPINMaxExtraDigit, apdu, 0, s.bmPINBlockString & 0x0F);
	return sw ? word(apdu, sw) : HEADER + (size_t)apdu[4];
}

size_t
keypad_modify(const uint8_t *in, size_t size, bool display, uint8_t apdu[261])
{
	PIN_MODIFY_STRUCTURE s;
	uint8_t block;
	unsigned sw;

	if (size < sizeof(s))
		return word(apdu, SW_STRUCTURE);
	memcpy(&s, in, sizeof(s));
	block = s.bmPINBlockString & 0x0F;
	if (s.ulDataLength != size - sizeof(s) ||
	    s.bmFormatString != ASCII_BYTES || s.bInsertionOffsetOld != 0 ||
	    s.bInsertionOffsetNew != block || s.bConfirmPIN != 3 ||
	    s.bEntryValidationCondition != VALIDATION_KEY ||
	    s.wPINMaxExtraDigit != digits_wanted() ||
	    s.bNumberMessage != (display ? 3 : 0) ||
	    !command_good(in + sizeof(s), s.ulDataLength, 2, block))
		return word(apdu, SW_STRUCTURE);
	memcpy(apdu, in + sizeof(s), s.ulDataLength);
	sw = enter(s.wPINMaxExtraDigit, apdu, 0, block);
	if (!sw)
		sw = enter(s.wPINMaxExtraDigit, apdu, 1, block);
	return sw ? word(apdu, sw) : HEADER + (size_t)apdu[4];
}
