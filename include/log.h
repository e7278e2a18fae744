/* The log: off unless asked for, one line per event, PINs never in it. */
#ifndef SIGNET_LOG_H
#define SIGNET_LOG_H

#include <stdint.h>

#include "bytes.h"

enum log_level {
	LOG_OFF,
	LOG_ERROR, /* something failed that a user should know the cause of */
	LOG_INFO,  /* readers, cards, tokens come and go; why a slot is empty */
	LOG_DEBUG, /* every Cryptoki call and every APDU */
};

/*
 * Starts the log at LEVEL into FILE (made with mode 0600, appended to), or to
 * stderr when FILE is NULL, "" or "-". A file that cannot be opened, is not a
 * regular file or belongs to somebody else leaves the log off. Opening and
 * closing is for who starts and stops the module, with nobody else in it.
 */
void log_open(enum log_level level, const char *file);
void log_close(void);
bool log_on(enum log_level level);

/* One line; a line end and control characters in it are made visible. */
void log_line(enum log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * One line for an APDU that was sent and its answer (SW included). What a
 * command or answer may hold is shown only for instructions that are known to
 * carry nothing secret (SELECT, GET DATA, READ ...); of all others, VERIFY
 * first of all, header and sizes only. The one place where APDUs are logged.
 */
void log_apdu(const char *reader, struct cursor command, struct cursor answer);

#endif
