/* What an honest card would say: one file for each applet. */
#ifndef FUZZ_GOOD_H
#define FUZZ_GOOD_H

#include "card.h"

/* card.c: of a P-256 key, with a key usage. */
extern const struct cursor good_certificate;
/* The security officer's PIN, of the factory. */
extern const char good_so_pin[];
/* What C_SetPIN takes for the PIN to unblock it, with its prefix. */
extern const char good_code[];

void good_answer(const struct apdu *command, struct builder *out);

#endif
