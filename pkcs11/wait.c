/* C_WaitForSlotEvent (5.5.4): no thread of ours, PC/SC does the waiting. */
#include "mem.h"
#include "module.h"
#include "slot.h"

/* The event of a slot that the application does not see is none. */
static bool
take_event(struct slots *slots, CK_SLOT_ID *id)
{
	struct slot *slot;
	bool found = false;

	lock_take(&slots->lock);
	for (slot = slots->slots; slot != NULL && !found; slot = slot->next) {
		found = slot->event && !slot_hidden(slots, slot);
		slot->event = false;
		if (found)
			*id = slot->id;
	}
	lock_give(&slots->lock);
	return found;
}

/* One look, and one wait when there was nothing to be seen: CKR_NO_EVENT. */
static CK_RV
look(struct slots *slots, struct reader_state *states, bool wait,
     CK_SLOT_ID *id)
{
	size_t count;
	CK_RV rv = scan_states(slots, states, &count);

	if (rv != CKR_OK)
		return rv;
	if (take_event(slots, id))
		return CKR_OK;
	if (wait)
		rv = pcsc_wait(slots->pcsc, states, count);
	return rv == CKR_OK ? CKR_NO_EVENT : CKR_CRYPTOKI_NOT_INITIALIZED;
}

/* A slot whose reader or card came or went since the last call, or since the
 * first look around. Without one it waits, or answers CKR_NO_EVENT.
 * CKR_CRYPTOKI_NOT_INITIALIZED when C_Finalize ends the wait. */
static CK_RV
slots_wait(struct slots *slots, bool wait, CK_SLOT_ID *id)
{
	size_t size = READERS_MAX * sizeof(struct reader_state);
	struct reader_state *states = mem_new(size);
	CK_RV rv;

	if (states == NULL)
		return CKR_HOST_MEMORY;
	do
		rv = look(slots, states, wait, id);
	while (wait && rv == CKR_NO_EVENT);
	mem_free(states, size);
	return rv;
}

CK_RV
C_WaitForSlotEvent(CK_FLAGS flags, CK_SLOT_ID *slot, void *reserved)
{
	CK_RV rv = module_enter(__func__);

	if (rv != CKR_OK)
		return rv;
	if (slot == NULL || reserved != NULL)
		return module_leave(__func__, CKR_ARGUMENTS_BAD);
	rv = slots_wait(module_slots(), !(flags & CKF_DONT_BLOCK), slot);
	return module_leave(__func__, rv);
}
