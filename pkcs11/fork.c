/*
 * A page that the kernel empties in a forked child. Every call has to know
 * whose child it is in, and to ask for the process id costs as much as the
 * digest of a short message.
 */
#include "fork.h"

#include <stddef.h>
#include <sys/mman.h>

atomic_int *
fork_mark_new(void)
{
	size_t size = sizeof(atomic_int);
	atomic_int *mark = mmap(NULL, size, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mark == MAP_FAILED)
		return NULL;
	/* an emulator that says yes to all advice would keep the page */
	if (madvise(mark, size, -1) != 0 &&
	    madvise(mark, size, MADV_WIPEONFORK) == 0)
		return mark;
	munmap(mark, size);
	return NULL;
}
