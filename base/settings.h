/* The table of settings: what each is called and what it may be. */
#ifndef SIGNET_SETTINGS_H
#define SIGNET_SETTINGS_H

#include "config.h"

struct setting_kind;

/* Without a fallback here it is a folder among the user's own. */
struct setting {
	const char *key;      /* in a file */
	const char *variable; /* in the environment */
	const char *fallback;
	const struct setting_kind *kind;
	size_t offset; /* in struct config */
};

/* The setting of that number, NULL after the last one. */
const struct setting *setting_at(size_t number);
/* The setting of that key, NULL when there is none. */
const struct setting *setting_find(const char *key);

/* Sets it from TEXT; false, and nothing done, when that does not suit. */
bool setting_set(const struct setting *setting, const char *text,
		 struct config *config) MUST_CHECK;
/* What would suit, in words. */
const char *setting_wanted(const struct setting *setting);

#endif
