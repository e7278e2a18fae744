/* Configuration: /etc/signet.conf, the user's file, then the environment. */
#ifndef SIGNET_CONFIG_H
#define SIGNET_CONFIG_H

#include "log.h"

enum { CONFIG_TEXT_MAX = 4096 };

/* All settings with their defaults applied; texts are never NULL. */
struct config {
	char *applets;          /* names in order, "" for all */
	char *slots_hide;       /* slot descriptions, comma separated globs */
	char *readers_ignore;   /* reader names, comma separated globs */
	bool pin_keep;          /* keep the PIN from C_Login to C_Logout */
	bool logout_leave;      /* C_Logout leaves the card verified */
	char *cache;            /* folder, "" when off */
	bool piv_retired_all;   /* ask all 20, whatever the key history says */
	bool piv_always_authenticate; /* for each use of a key that wants it */
	bool softtoken_init;    /* show an empty slot to make a token in */
	char *softtoken_path;   /* folder of the token files, "" when none */
	char *softtoken_kdf;    /* "scrypt" or "pbkdf2", with ":ROUNDS" */
	unsigned softtoken_tries; /* PIN tries, 0 without limit */
	enum log_level log_level;
	char *log_file;         /* "" or "-" is stderr */
};

/*
 * Reads the configuration, then opens the log as it says. Never fails for a
 * bad file: what is wrong is remembered and logged with file and line once the
 * log is open, and the default holds. In a setuid or setgid process, or when the user's file
 * belongs to another user, only /etc/signet.conf counts. NULL only when
 * memory is short.
 */
struct config *config_load(void) MUST_CHECK;
void config_free(struct config *config);

/* Is NAME one of the comma separated LIST, by name or by glob (fnmatch)? */
bool config_listed(const char *list, const char *name);

#endif
