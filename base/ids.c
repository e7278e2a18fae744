/* A growing list of object ids. */
#include <stdlib.h>

#include "object.h"

enum { IDS_FIRST = 16 };

CK_RV
ids_add(struct ids *ids, uint64_t id)
{
	size_t room = ids->room == 0 ? IDS_FIRST : 2 * ids->room;
	uint64_t *list;

	if (ids->count == ids->room) {
		list = reallocarray(ids->list, room, sizeof(*list));
		if (list == NULL)
			return CKR_HOST_MEMORY;
		ids->list = list;
		ids->room = room;
	}
	ids->list[ids->count++] = id;
	return CKR_OK;
}

void
ids_free(struct ids *ids)
{
	if (ids == NULL)
		return;
	free(ids->list);
	*ids = (struct ids){ 0 };
}
