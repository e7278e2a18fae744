/* A C library that does not tell whether there are other threads. */
#include "count.h"

bool
process_alone(void)
{
	return false;
}
