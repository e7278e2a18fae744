/* The table of slots: readers, what is in them, and software tokens. */
#ifndef SIGNET_SLOTS_H
#define SIGNET_SLOTS_H

#include "config.h"
#include "presence.h"
#include "reader.h"

struct slots;

/* Borrows both. Looks at nothing yet. NULL: no memory. */
struct slots *slots_new(struct pcsc *pcsc,
			const struct config *config) MUST_CHECK;
/* Closes all sessions, too. NULL is fine. */
void slots_free(struct slots *slots);

/*
 * C_GetSlotList. FRESH asks for a new list: readers and tokens are looked for,
 * and new cards looked at, or another thread's look at them waited for. Else
 * the list is the last one. CKR_HOST_MEMORY.
 */
CK_RV slots_refresh(struct slots *slots, bool fresh) MUST_CHECK;
/* Fills in at most ROOM ids and gives how many there are. */
CK_ULONG slots_list(struct slots *slots, bool with_token, CK_SLOT_ID *list,
		    CK_ULONG room);

/* C_GetSlotInfo. CKR_SLOT_ID_INVALID. */
CK_RV slots_info(struct slots *slots, CK_SLOT_ID id,
		 CK_SLOT_INFO *info) MUST_CHECK;

/*
 * The token in a slot as it is now, with a reference. CKR_SLOT_ID_INVALID,
 * CKR_TOKEN_NOT_PRESENT, CKR_TOKEN_NOT_RECOGNIZED, CKR_DEVICE_ERROR.
 */
CK_RV slots_token(struct slots *slots, CK_SLOT_ID id,
		  struct presence **presence) MUST_CHECK;

/* A token said that it is gone: ends it, sessions included. */
void slots_lost(struct slots *slots, struct presence *p);

#endif
