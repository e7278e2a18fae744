/* Faults that strike at a chosen exchange. */
#ifndef TESTS_CARDS_FAULT_H
#define TESTS_CARDS_FAULT_H

#include "card.h"

enum fault_kind {
	FAULT_NONE,
	FAULT_REMOVE,		/* the card is pulled, the command lost */
	FAULT_REMOVE_AFTER,	/* obeyed, then pulled before the answer */
	FAULT_RESET,		/* the card forgets its state, then obeys */
	FAULT_SWITCH,		/* another applet is current, then obeys */
	FAULT_WORD,		/* only a status word, not obeyed */
	FAULT_EMPTY,		/* an answer of no bytes */
	FAULT_SHORT,		/* an answer of one byte */
	FAULT_LONG,		/* value bytes, 9000 among them */
	FAULT_GARBAGE,		/* data of noise, then 9000 */
	FAULT_FLIP,		/* the last bit of the data is wrong */
	FAULT_TRUNCATE,		/* half the data, then the status word */
	FAULT_SILENT,		/* the answer comes value ms late */
	FAULT_LEAVE,		/* obeyed, silent for value ms, then pulled */
};

struct fault {
	unsigned at;		/* number of the exchange, from 1 */
	enum fault_kind kind;
	unsigned value;
};

#define FAULTS 32

struct fault_list {
	struct fault faults[FAULTS];
	size_t count;
};

/* Adds "[N:|+N:]KIND[:VALUE]", where N counts from 1, +N from the exchanges
 * done, and without N the next one is meant; false when malformed. */
bool
fault_add(struct fault_list *list, const char *text, unsigned done);

/* None from now on. */
void
fault_clear(struct fault_list *list);

/* Takes the next fault of this exchange off the list. */
struct fault
fault_take(struct fault_list *list, unsigned exchange);

/* Spoils an answer that the card has given. */
void
fault_spoil(const struct fault *fault, struct pile *answer);

/* A decimal number that ends the text. */
bool
number_read(const char *text, unsigned *number);

#endif
