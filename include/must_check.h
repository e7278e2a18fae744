/* Marks a result that the caller has to look at. */
#ifndef SIGNET_MUST_CHECK_H
#define SIGNET_MUST_CHECK_H

#define MUST_CHECK __attribute__((warn_unused_result))

/*
 * Drops the result of a MUST_CHECK call; the reason stands in a comment beside
 * it. (A cast to void does not silence GCC.)
 */
#define DROP(call)              \
	do {                    \
		if (call) {     \
		}               \
	} while (0)

#endif
