/* The wire to the virtual reader driver of pcscd: each message is a two-byte
 * big-endian length and as many bytes; one byte is a control, more an APDU. */
#ifndef TESTS_CARDS_VPCD_H
#define TESTS_CARDS_VPCD_H

#include "octets.h"

enum vpcd_control {
	VPCD_POWER_OFF = 0,
	VPCD_POWER_ON = 1,
	VPCD_RESET = 2,
	VPCD_ATR = 4,
};

/* Connects to the reader on this host; a descriptor, or -1. */
int
vpcd_open(uint16_t port);

/* Receives one message; false when the reader is gone. */
bool
vpcd_receive(int fd, struct pile *message);

bool
vpcd_send(int fd, struct span message);

#endif
