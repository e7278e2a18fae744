/* What the C library knows of other threads. */
#include "count.h"

#include <sys/single_threaded.h>

bool
process_alone(void)
{
	return __libc_single_threaded;
}
