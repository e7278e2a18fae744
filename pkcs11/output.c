/* The convention of 5.2 for what was computed at once. */
#include "output.h"

CK_RV
output_give(const struct builder *result, CK_BYTE *buffer, CK_ULONG *size)
{
	CK_ULONG room = *size;
	struct builder out;

	if (!builder_ok(result))
		return CKR_HOST_MEMORY;
	*size = result->used;
	if (buffer == NULL)
		return CKR_OK;
	if (result->used > room)
		return CKR_BUFFER_TOO_SMALL;
	out = builder_over(buffer, result->used);
	builder_append(&out, builder_read(result));
	return CKR_OK;
}
