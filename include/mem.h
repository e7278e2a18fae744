/* Wiped memory, and memory for secrets. */
#ifndef SIGNET_MEM_H
#define SIGNET_MEM_H

#include <stdbool.h>
#include <stddef.h>

#include "must_check.h"

/* Zeroed memory; NULL when there is none. mem_free() wipes it first. */
void *mem_new(size_t size) MUST_CHECK;
void mem_free(void *p, size_t size);

/* Overwrites SIZE bytes in a way that the compiler keeps. */
void mem_wipe(void *p, size_t size);

/* Compares in time that does not depend on where the bytes differ. */
bool mem_equal(const void *a, const void *b, size_t size);

/*
 * One secret (a PIN, a master key) in pages of its own: locked when the
 * system lets us (a refused mlock is no error), not in core dumps, zero in a
 * forked child. Give NULL to secret_free() freely.
 */
struct secret;
struct secret *secret_new(const void *data, size_t size) MUST_CHECK;
const void *secret_data(const struct secret *s);
size_t secret_size(const struct secret *s);
void secret_free(struct secret *s);

#endif
