/* What the tests beside a real pcscd share: its card, its life and death. */
#ifndef TESTS_PCSC_STAGE_H
#define TESTS_PCSC_STAGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "reader.h"

/* The ATR that the card was given. */
extern const uint8_t stage_atr[23];

/* Tells the simulated card a line, which it must obey. */
void stage_tell(const char *line);
/* Scans until the first reader has a card, or has none. */
struct reader_state stage_wait(struct pcsc *p, bool card);
/* Scans until this insertion is over. */
void stage_wait_change(struct pcsc *p, uint32_t insertion);

void stage_pcscd_kill(void);
void stage_pcscd_start(void);

/* SELECT of the PIV applet must work. */
void stage_select(struct transport *t);
CK_RV stage_exchange(struct transport *t, uint16_t *sw);
/* A whole transaction with a SELECT: its generation. */
uint64_t stage_round(struct transport *t);

#endif
