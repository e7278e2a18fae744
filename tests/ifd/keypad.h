/* The keypad of a reader, with somebody typing (PC/SC part 10, 2.5.2). */
#ifndef TESTS_IFD_KEYPAD_H
#define TESTS_IFD_KEYPAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Puts what is typed into the command of a PIN structure: the size of APDU for
 * the card, or 2 for a status word of the keypad's own. A structure that a real
 * reader would refuse gets 6B80.
 */
size_t keypad_verify(const uint8_t *in, size_t size, bool display,
		     uint8_t apdu[261]);
size_t keypad_modify(const uint8_t *in, size_t size, bool display,
		     uint8_t apdu[261]);

#endif
