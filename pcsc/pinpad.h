/* Inside pcsc/: what a reader can do beside carrying APDUs (PC/SC part 10). */
#ifndef SIGNET_PCSC_PINPAD_H
#define SIGNET_PCSC_PINPAD_H

#include "context.h"

/* Control codes are 0 for what the reader does not have. */
struct pinpad {
	uint32_t verify, modify, properties;
	bool display;
	uint8_t pin_min, pin_max; /* of the keypad, 0: not told */
	bool max_told;
	uint32_t max_data; /* dwMaxAPDUDataSize, when MAX_TOLD */
};

/* Asks the reader, within a transaction. One that does not know the question
 * has no keypad; an error is for who sends the next command to find. */
void pinpad_read(SCARDHANDLE card, struct pinpad *pinpad);

/* The longest APDU, in bytes; 0 when the reader does not tell. */
size_t pinpad_max_command(const struct pinpad *pinpad);

/* Puts PIN_VERIFY_STRUCTURE or PIN_MODIFY_STRUCTURE for ENTRY into OUT, with
 * APDU as the template. */
void pinpad_structure(const struct pinpad *pinpad,
		      const struct pin_entry *entry, struct cursor apdu,
		      struct builder *out);

/* What a status word of the keypad's own means: CKR_FUNCTION_CANCELED,
 * CKR_DEVICE_ERROR, CKR_PIN_INCORRECT for a PIN that no PIN can be, of a CHANGE
 * CKR_PIN_INVALID or CKR_PIN_LEN_RANGE; CKR_OK: it is the card's. */
CK_RV pinpad_rv(uint16_t sw, bool change);

#endif
