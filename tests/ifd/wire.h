/* The card's side of a reader: the simulated card connects to it. */
#ifndef TESTS_IFD_WIRE_H
#define TESTS_IFD_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { WIRE_MAX = 65535 };

/* The controls of the simulated cards' protocol, one byte each. */
enum wire_control {
	WIRE_OFF = 0,
	WIRE_ON = 1,
	WIRE_RESET = 2,
	WIRE_ATR = 4,
};

struct wire {
	int listener;
	_Atomic int card; /* -1: none */
};

bool wire_listen(struct wire *w, uint16_t port);
void wire_close(struct wire *w);

/* Has a card been put in, and is it still there? */
bool wire_present(struct wire *w);

/* Sends a message; false when the card has gone. */
bool wire_send(struct wire *w, const uint8_t *bytes, size_t size);
/* The size of the message that was put into BYTES; -1 when the card is gone. */
ssize_t wire_receive(struct wire *w, uint8_t bytes[WIRE_MAX]);

/* Waits until the card comes or goes, or a while. */
void wire_wait(const struct wire *w);

#endif
