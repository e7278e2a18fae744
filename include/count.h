/* Counting what other threads count, too. */
#ifndef SIGNET_COUNT_H
#define SIGNET_COUNT_H

#include <stdatomic.h>
#include <stdbool.h>

/*
 * Is there surely no thread but this one? False when nobody knows. It may turn
 * true or false between two calls, never within one that starts no thread.
 */
bool process_alone(void);

/* One up, one down; give the new number. They order memory as atomic ones do,
 * and cost a tenth of these as long as nobody else is there. */
unsigned count_up(atomic_uint *count);
unsigned count_down(atomic_uint *count);

#endif
