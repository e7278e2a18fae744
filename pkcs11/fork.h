/* Telling a forked child from its parent without a system call. */
#ifndef SIGNET_FORK_H
#define SIGNET_FORK_H

#include <stdatomic.h>

/*
 * A number in a page of its own, 0 at first and 0 again in every child of a
 * fork. It stays for as long as the module is loaded. NULL where the kernel cannot.
 */
atomic_int *fork_mark_new(void);

#endif
