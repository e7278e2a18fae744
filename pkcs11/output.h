/* Giving out what was computed at once, by the convention of 5.2. */
#ifndef SIGNET_OUTPUT_H
#define SIGNET_OUTPUT_H

#include "bytes.h"
#include "cryptoki.h"

enum { OUTPUT_MAX = 1 << 20 }; /* longer is no wrapped key or ciphertext */

/* SIZE gets the length; the bytes go to BUFFER when it is given and large
 * enough. CKR_BUFFER_TOO_SMALL, CKR_HOST_MEMORY when the builder is bad. */
CK_RV output_give(const struct builder *result, CK_BYTE *buffer,
		  CK_ULONG *size) MUST_CHECK;

#endif
