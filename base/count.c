/* Counting without a locked bus while the process has one thread: of a digest
 * of a short message that is half the cost. */
#include "count.h"

static unsigned
count_by(atomic_uint *count, unsigned difference)
{
	unsigned number;

	if (!process_alone())
		return atomic_fetch_add(count, difference) + difference;
	number = atomic_load_explicit(count, memory_order_relaxed) + difference;
	atomic_store_explicit(count, number, memory_order_relaxed);
	return number;
}

unsigned
count_up(atomic_uint *count)
{
	return count_by(count, 1);
}

unsigned
count_down(atomic_uint *count)
{
	return count_by(count, -1u);
}
