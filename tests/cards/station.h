/* A simulated card at work: the wire to the reader, the trace, the control
 * socket of the tests, the faults. */
#ifndef TESTS_CARDS_STATION_H
#define TESTS_CARDS_STATION_H

#include "card.h"
#include "fault.h"

#include <stdio.h>

#define STATION_LINE 256

struct station {
	struct card card;
	uint8_t atr[33];
	size_t atr_size;
	uint16_t port;
	FILE *trace;			/* NULL: none */
	const char *control_path;	/* NULL: none */
	struct fault_list faults;
	unsigned delay;			/* ms before each answer */

	unsigned exchanges;
	int wire;			/* -1: not in the reader */
	int listener;
	int peer;
	char line[STATION_LINE];
	size_t line_used;

	bool pending;			/* an answer is held back */
	bool leaving;			/* the card goes instead */
	uint64_t due;			/* when it goes out */
	uint8_t answer_bytes[CARD_ANSWER_MAX];
	struct pile answer;
};

void
station_init(struct station *station);

/* Puts the card into the reader and serves until SIGTERM, or until the
 * reader is gone for good; false when it could not start. */
bool
station_run(struct station *station);

/* Sends one line to another program's control socket and prints its reply;
 * true when that said ok. */
bool
station_tell(const char *path, const char *line);

/* control.c */
bool
control_open(struct station *station);

void
control_close(struct station *station);

void
control_accept(struct station *station);

void
control_receive(struct station *station);

/* station.c, for the control socket */
void
station_remove(struct station *station);

bool
station_insert(struct station *station);

void
station_note(struct station *station, const char *text);

#endif
