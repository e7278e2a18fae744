/* A card program: the applets of one card, each with its share of the command
 * line, in the reader until it is pulled for good. */
#ifndef TESTS_CARDS_PROGRAM_H
#define TESTS_CARDS_PROGRAM_H

#include "card.h"

/* One option; load is false when the value will not do. When two shares know
 * a name, the first that takes the value has it. */
struct choice {
	const char *name; /* NULL ends a list */
	bool argument;
	bool (*load)(const char *value);
};

/* What a kind of card is to the reader. */
struct face {
	const char *atr; /* hexadecimal */
	bool extended;	 /* takes extended length */
};

struct share {
	const struct choice *choices;
	const char *usage;
	uint64_t *quirks; /* of enum quirk; those of the first count */

	/* Makes the applet one of this kind; NULL is the default. Comes
	 * before all options. */
	bool (*begin)(const char *firmware, struct face *face);

	/* Puts the applet on the card, and what else such a card has. */
	bool (*add)(struct card *card);

	void (*end)(void);

	/* OPTIONAL: the n-th of the names that its own --quirk knows. */
	const char *(*quirk_name)(unsigned n);
};

extern const struct share piv_share;
extern const struct share pgp_share;

int program_run(int argc, char **argv, const char *name,
		const struct share *const *shares, size_t count);

#endif
