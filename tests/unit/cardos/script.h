/* A wire whose commands and answers are written down beforehand. */
#ifndef TESTS_SCRIPT_H
#define TESTS_SCRIPT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "card.h"
#include "card_driver.h"
#include "config.h"
#include "maker.h"
#include "mem.h"
#include "token.h"

struct script {
	struct transport transport;
	struct transport_info info;
	uint64_t generation;
	struct maker *chip; /* computes the answers that are "@" */
	/* Called while a command is with the card, as by another thread. */
	void (*during)(struct token *token);
	struct token *token;
	bool busy, gone, closed;
	unsigned begins, releases, exchanges, keypad;
	struct pin_entry typed; /* what the keypad was last asked for */
	uint16_t typed_sw;	/* and the card said to it; 0: 9000 */
	bool alone;		/* nobody else is connected */
	char *lines;		/* what is still to come */
	struct builder text;
	struct builder input;	/* of a chained command */
	struct builder pending; /* of an answer fetched in pieces */
};

/* T=1, a short-length ATR, not shared. */
struct script *script_new(void);
void script_atr(struct script *s, const char *atr);
/* All lines were used, all transactions ended; the wire was closed. */
void script_free(struct script *s);

/*
 * More lines: "> 00A4..." a command as it goes over the wire, "*" at its end
 * for any rest; "< ...9000" the answer to it; "< @" what the chip computes, in
 * pieces of 256 bytes; "! error" or "! removed" instead of an answer.
 */
void script_add(struct script *s, const char *lines);
/* The lines of a file in transcripts/ after a comment that begins with TITLE,
 * up to the next comment; NULL: all lines. */
void script_load(struct script *s, const char *file, const char *title);
/* A file in transcripts/, for reading. */
FILE *script_open(const char *file);
/* What follows "# NAME: " in such a file, from hexadecimal. */
struct cursor script_fact(const char *file, const char *name);
/* GET DATA of TAG ("5FC105") with this content of 53, in short pieces. */
void script_data(struct script *s, const char *tag, struct cursor content);
/* The same for a certificate of the maker's: 70, 71, FE. */
void script_certificate(struct script *s, const char *tag,
			const struct maker *m);
/* Nothing is left to be sent. */
void script_done(const struct script *s);

/* An applet of DRIVER over the wire, in a transaction, not opened yet; and its
 * end, with that of the script. */
struct card_applet script_applet(struct script *s,
				 const struct card_driver *driver);
void script_applet_free(struct script *s, struct card_applet *a);

/* The card of a script as its only token, recognised by a YubiKey's answer. */
extern const char script_select[], script_proof[], script_chuid[];
extern struct config script_config; /* of these */
struct token *script_token(struct script *s, bool pin_keep);
/* The same, logged in with 123456. */
struct token *script_login(struct script *s, bool pin_keep);
extern const char script_verify[], script_forget[];

/* Bytes from hexadecimal, which live until the test ends. */
struct cursor hex(const char *text);

/* The one object that matches, 0 when there is none. */
uint64_t find_one(struct token *t, CK_OBJECT_CLASS class, uint8_t cka_id);
size_t find_count(struct token *t, CK_ATTRIBUTE *list, CK_ULONG count);
CK_FLAGS token_flags(struct token *t);

/* One operation from start to end. OUT is a builder's. */
CK_RV operate(struct token *t, enum operation_kind kind,
	      CK_MECHANISM_TYPE mechanism, uint64_t key, struct cursor in,
	      struct builder *out);
CK_RV operate_sign(struct token *t, CK_MECHANISM_TYPE mechanism, uint64_t key);

#endif
