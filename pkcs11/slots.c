/* The table of slots: what an application may ask of it. */
#include "slots.h"

#include "mem.h"
#include "slot.h"

struct slots *
slots_new(struct pcsc *pcsc, const struct config *config)
{
	struct slots *slots = mem_new(sizeof(*slots));

	if (slots == NULL)
		return NULL;
	slots->pcsc = pcsc;
	slots->config = config;
	lock_new(&slots->scan_lock);
	lock_new(&slots->lock);
	pthread_cond_init(&slots->looked, NULL);
	return slots;
}

static void
free_slots(struct slots *slots)
{
	while (slots->slots != NULL) {
		struct slot *slot = slots->slots;

		slots->slots = slot->next;
		if (slot->presence != NULL)
			presence_close(slot->presence);
		presence_unref(slot->presence);
		mem_free(slot, sizeof(*slot));
	}
}

static void
free_readers(struct slots *slots)
{
	while (slots->readers != NULL) {
		struct reader *r = slots->readers;

		slots->readers = r->next;
		mem_free(r, sizeof(*r));
	}
}

void
slots_free(struct slots *slots)
{
	size_t i;

	if (slots == NULL)
		return;
	free_slots(slots);
	free_readers(slots);
	for (i = 0; i < slots->soft_count; i++)
		token_unref(slots->soft[i].token);
	pthread_cond_destroy(&slots->looked);
	lock_free(&slots->lock);
	lock_free(&slots->scan_lock);
	mem_free(slots, sizeof(*slots));
}

struct slot *
slot_find(struct slots *slots, CK_SLOT_ID id)
{
	struct slot *slot = slots->slots;

	while (slot != NULL && slot->id != id)
		slot = slot->next;
	return slot;
}

struct slot *
slot_new(struct slots *slots, CK_SLOT_ID id)
{
	struct slot **at = &slots->slots;
	struct slot *slot = mem_new(sizeof(*slot));

	if (slot == NULL)
		return NULL;
	while (*at != NULL && (*at)->id < id)
		at = &(*at)->next;
	slot->id = id;
	slot->next = *at;
	*at = slot;
	return slot;
}

/* A reader that comes after this one in the list, for a walk without lock:
 * readers are never taken out. */
static struct reader *
next_reader(struct slots *slots, struct reader *r)
{
	struct reader *next;

	lock_take(&slots->lock);
	next = r == NULL ? slots->readers : r->next;
	lock_give(&slots->lock);
	return next;
}

/* Everything that may have changed. A card that could not be looked at, as it
 * was in exclusive use perhaps, gets its next chance here. */
static CK_RV
scan_all(struct slots *slots)
{
	struct reader *r = NULL;
	CK_RV rv = scan_readers(slots);

	if (rv == CKR_OK)
		rv = scan_software(slots);
	while (rv == CKR_OK && (r = next_reader(slots, r)) != NULL)
		scan_card(slots, r, true);
	return rv;
}

/* A list changes only when the application asks for its length (5.5.1). */
CK_RV
slots_refresh(struct slots *slots, bool fresh)
{
	struct slot *slot;
	bool listed;
	CK_RV rv;

	lock_take(&slots->lock);
	listed = slots->listed;
	lock_give(&slots->lock);
	if (listed && !fresh)
		return CKR_OK;
	rv = scan_all(slots);
	if (rv != CKR_OK)
		return rv;
	lock_take(&slots->lock);
	slots->listed = true;
	for (slot = slots->slots; slot != NULL; slot = slot->next)
		slot->listed = !slot_hidden(slots, slot);
	lock_give(&slots->lock);
	return CKR_OK;
}

/* With the lock. A card that nobody knows is a token, too, of its reader's
 * first slot. */
static bool
has_token(const struct slot *slot)
{
	const struct reader *r = slot->reader;

	if (slot->presence != NULL)
		return true;
	return r != NULL && slot->applet == 0 && r->card == CARD_SEEN &&
	       r->trouble != CKR_OK;
}

CK_ULONG
slots_list(struct slots *slots, bool with_token, CK_SLOT_ID *list,
	   CK_ULONG room)
{
	const struct slot *slot;
	CK_ULONG count = 0;

	lock_take(&slots->lock);
	for (slot = slots->slots; slot != NULL; slot = slot->next) {
		if (!slot->listed || (with_token && !has_token(slot)))
			continue;
		if (count < room)
			list[count] = slot->id;
		count++;
	}
	lock_give(&slots->lock);
	return count;
}

/* With the lock, if it is well: a slot whose state is known. */
static CK_RV
slot_known(struct slots *slots, CK_SLOT_ID id, struct slot **slot)
{
	struct slot *found;

	lock_take(&slots->lock);
	found = slot_find(slots, id);
	if (found != NULL && !slot_hidden(slots, found)) {
		*slot = found;
		return CKR_OK;
	}
	lock_give(&slots->lock);
	return CKR_SLOT_ID_INVALID;
}

/* The same of a reader's slot, whose card may be new. */
static CK_RV
slot_looked(struct slots *slots, CK_SLOT_ID id, struct slot **slot)
{
	struct reader *r;
	CK_RV rv = slot_known(slots, id, slot);

	if (rv != CKR_OK)
		return rv;
	r = (*slot)->reader;
	while (r != NULL && (r->card == CARD_NEW || r->card == CARD_LOOKING)) {
		lock_give(&slots->lock);
		scan_card(slots, r, false);
		lock_take(&slots->lock);
	}
	return CKR_OK;
}

/*
 * With the lock, if it is well: the slot as it is now. A reader's is looked up
 * at PC/SC, which costs no APDU. An unknown one is looked for everywhere, since
 * slots may be named before they were listed.
 */
static CK_RV
slot_now(struct slots *slots, CK_SLOT_ID id, struct slot **slot)
{
	CK_RV rv = CKR_OK;

	if (id < SLOT_SOFTWARE)
		rv = scan_readers(slots);
	if (rv == CKR_OK)
		rv = slot_looked(slots, id, slot);
	if (rv != CKR_SLOT_ID_INVALID)
		return rv;
	rv = scan_all(slots);
	return rv == CKR_OK ? slot_looked(slots, id, slot) : rv;
}

CK_RV
slots_info(struct slots *slots, CK_SLOT_ID id, CK_SLOT_INFO *info)
{
	struct slot *slot;
	CK_RV rv = slot_now(slots, id, &slot);

	if (rv != CKR_OK)
		return rv;
	*info = (CK_SLOT_INFO){ 0 };
	slot_describe(slot, info);
	if (slot->reader != NULL)
		info->flags |= CKF_REMOVABLE_DEVICE | CKF_HW_SLOT;
	if (has_token(slot))
		info->flags |= CKF_TOKEN_PRESENT;
	lock_give(&slots->lock);
	return CKR_OK;
}

/* With the lock. */
static CK_RV
why_empty(const struct slot *slot)
{
	return has_token(slot) ? slot->reader->trouble : CKR_TOKEN_NOT_PRESENT;
}

CK_RV
slots_token(struct slots *slots, CK_SLOT_ID id, struct presence **presence)
{
	struct slot *slot;
	CK_RV rv = slot_now(slots, id, &slot);

	if (rv != CKR_OK)
		return rv;
	if (slot->presence != NULL)
		*presence = presence_ref(slot->presence);
	else
		rv = why_empty(slot);
	lock_give(&slots->lock);
	return rv;
}
