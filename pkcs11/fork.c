/*
 * A page that the kernel empties in a forked child. Every call has to know
 * whose child it is in, and to ask for the process id costs as much as the
 * digest of a short message.
 */
#include "fork.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE_MAX = 65536 };

/* A whole page lies in here wherever it begins. It goes when the module is
 * unloaded, and not before, as a call may look at it at any time. */
static uint8_t room[2 * PAGE_MAX];

atomic_int *
fork_mark_new(void)
{
	long size = sysconf(_SC_PAGESIZE);
	uintptr_t page = (uintptr_t)room;
	void *mark;

	if (size <= 0 || size > PAGE_MAX)
		return NULL;
	page += (uintptr_t)size - 1;
	mark = (void *)(page - page % (uintptr_t)size);
	/* an emulator that says yes to all advice would keep the page */
	if (madvise(mark, (size_t)size, -1) != 0 &&
	    madvise(mark, (size_t)size, MADV_WIPEONFORK) == 0)
		return mark;
	return NULL;
}
