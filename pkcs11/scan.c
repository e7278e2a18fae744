/* Looking around: what changed in the readers and among the software tokens. */
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "mem.h"
#include "slot.h"

/* Tokens that have left their slots: ended when no lock is held. */
struct leaving {
	struct presence *first;
};

/* With the lock. */
static void
slot_empty(struct slot *slot, struct leaving *leaving)
{
	if (slot->presence == NULL)
		return;
	/* of a reader's first slot its reader tells */
	slot->event = slot->event || (slot->reader != NULL && slot->applet > 0);
	slot->presence->next = leaving->first;
	leaving->first = slot->presence;
	slot->presence = NULL;
}

static void
leave(struct leaving *leaving)
{
	while (leaving->first != NULL) {
		struct presence *p = leaving->first;

		leaving->first = p->next;
		presence_end(p);
		presence_unref(p);
	}
}

/* With the lock, as all up to scan_readers(). */
static void
reader_empty(struct slots *slots, struct reader *r, struct leaving *leaving)
{
	struct slot *slot;

	for (slot = slots->slots; slot != NULL; slot = slot->next) {
		if (slot->reader == r)
			slot_empty(slot, leaving);
	}
	if (r->card == CARD_LOOKING)
		pthread_cond_broadcast(&slots->looked);
	r->card = CARD_NONE;
}

static const struct reader_state *
state_of(const struct reader *r, const struct reader_state *states,
	 size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (strcmp(states[i].name, r->state.name) == 0)
			return &states[i];
	}
	return NULL;
}

/* With the lock: something happened that the application may wait for. */
static void
reader_event(struct slots *slots, const struct reader *r)
{
	struct slot *slot = slot_find(slots, r->number);

	slot->event = true;
}

/* Did a card come or go, or the reader itself? The service counts from the
 * beginning when it is restarted, so a count tells nothing of an empty one. */
static bool
reader_changed(const struct reader *r, const struct reader_state *now)
{
	if (now == NULL || !r->there)
		return (now != NULL) != r->there;
	return (now->card || r->state.card) &&
	       now->insertion != r->state.insertion;
}

static void
reader_update(struct slots *slots, struct reader *r,
	      const struct reader_state *now, struct leaving *leaving)
{
	bool same = now != NULL && r->card != CARD_NONE && now->card &&
		    now->insertion == r->state.insertion;

	if (reader_changed(r, now)) {
		reader_event(slots, r);
		r->told = true;
	}
	if (!same) {
		reader_empty(slots, r, leaving);
		if (now != NULL && now->card)
			r->card = CARD_NEW;
	}
	r->there = now != NULL;
	if (now != NULL)
		r->state = *now;
}

static struct reader *
reader_find(const struct slots *slots, const char *name)
{
	struct reader *r = slots->readers;

	while (r != NULL && strcmp(r->state.name, name) != 0)
		r = r->next;
	return r;
}

/* A reader seen for the first time, and the slot that it will always have. */
static CK_RV
reader_new(struct slots *slots, const struct reader_state *state)
{
	struct reader **at = &slots->readers;
	struct reader *r;
	struct slot *slot;
	unsigned number = 1;

	while (*at != NULL) {
		at = &(*at)->next;
		number++;
	}
	if (number > READER_NUMBER_MAX) {
		log_line(LOG_ERROR, "too many readers, not shown: %s",
			 state->name);
		return CKR_OK;
	}
	r = mem_new(sizeof(*r));
	if (r == NULL)
		return CKR_HOST_MEMORY;
	slot = slot_new(slots, number);
	if (slot == NULL) {
		mem_free(r, sizeof(*r));
		return CKR_HOST_MEMORY;
	}
	slot->reader = r;
	slot->event = slots->scanned;
	r->number = number;
	r->state = *state;
	r->there = true;
	r->told = slots->scanned;
	r->card = state->card ? CARD_NEW : CARD_NONE;
	*at = r;
	return CKR_OK;
}

static CK_RV
readers_merge(struct slots *slots, const struct reader_state *states,
	      size_t count, struct leaving *leaving)
{
	struct reader *r;
	size_t i;
	CK_RV rv = CKR_OK;

	for (r = slots->readers; r != NULL; r = r->next)
		reader_update(slots, r, state_of(r, states, count), leaving);
	for (i = 0; i < count && rv == CKR_OK; i++) {
		const char *name = states[i].name;

		if (reader_find(slots, name) == NULL &&
		    !config_listed(slots->config->readers_ignore, name))
			rv = reader_new(slots, &states[i]);
	}
	return rv;
}

CK_RV
scan_states(struct slots *slots, struct reader_state *states, size_t *count)
{
	struct leaving leaving = { NULL };
	size_t found = 0;
	CK_RV rv;

	lock_take(&slots->scan_lock);
	rv = pcsc_scan(slots->pcsc, states, &found);
	lock_take(&slots->lock);
	if (rv == CKR_OK)
		rv = readers_merge(slots, states, found, &leaving);
	slots->scanned = slots->scanned || rv == CKR_OK;
	lock_give(&slots->lock);
	lock_give(&slots->scan_lock);
	leave(&leaving);
	*count = found;
	return rv;
}

CK_RV
scan_readers(struct slots *slots)
{
	size_t size = READERS_MAX * sizeof(struct reader_state), count;
	struct reader_state *states = mem_new(size);
	CK_RV rv;

	if (states == NULL)
		return CKR_HOST_MEMORY;
	rv = scan_states(slots, states, &count);
	mem_free(states, size);
	return rv;
}

/* The next scan tells whether another card is in the reader, or the same. */
void
slots_lost(struct slots *slots, struct presence *p)
{
	struct leaving leaving = { NULL };
	struct slot *slot;

	lock_take(&slots->lock);
	slot = slot_find(slots, p->slot);
	if (slot->presence == p && slot->reader != NULL)
		reader_empty(slots, slot->reader, &leaving);
	else if (slot->presence == p)
		slot_empty(slot, &leaving);
	lock_give(&slots->lock);
	leave(&leaving);
}

/* Ids of software tokens follow from their serial numbers, so that they stay
 * the same from one program to the next. */
static CK_SLOT_ID
software_id(struct slots *slots, const char *serial)
{
	CK_SLOT_ID id = (CK_SLOT_ID)strtoull(serial, NULL, 16) & 0x7fffffff;

	if (id < SLOT_SOFTWARE)
		id += SLOT_SOFTWARE;
	while (slot_find(slots, id) != NULL)
		id++;
	return id;
}

static struct slot *
software_slot(struct slots *slots, const char *serial)
{
	struct slot *slot;
	struct builder name;

	for (slot = slots->slots; slot != NULL; slot = slot->next) {
		if (slot->reader == NULL && strcmp(slot->serial, serial) == 0)
			return slot;
	}
	slot = slot_new(slots, software_id(slots, serial));
	if (slot == NULL)
		return NULL;
	name = builder_over(slot->serial, SOFT_SERIAL_SIZE);
	builder_text(&name, serial);
	return slot;
}

static CK_RV
software_fill(struct slots *slots, const struct soft_slot *soft,
	      struct leaving *leaving)
{
	struct slot *slot = software_slot(slots, soft->serial);

	if (slot == NULL)
		return CKR_HOST_MEMORY;
	if (slot->presence != NULL && slot->presence->token == soft->token)
		return CKR_OK;
	slot_empty(slot, leaving);
	slot->presence = presence_new(token_ref(soft->token), slot->id, true);
	return slot->presence == NULL ? CKR_HOST_MEMORY : CKR_OK;
}

static bool
software_stands(const struct slots *slots, const struct slot *slot)
{
	size_t i;

	for (i = 0; i < slots->soft_count; i++) {
		if (strcmp(slots->soft[i].serial, slot->serial) == 0)
			return true;
	}
	return false;
}

/* With both locks. */
static CK_RV
software_merge(struct slots *slots, struct leaving *leaving)
{
	struct slot *slot;
	size_t i;
	CK_RV rv = CKR_OK;

	for (slot = slots->slots; slot != NULL; slot = slot->next) {
		if (slot->reader == NULL && !software_stands(slots, slot))
			slot_empty(slot, leaving);
	}
	for (i = 0; i < slots->soft_count && rv == CKR_OK; i++)
		rv = software_fill(slots, &slots->soft[i], leaving);
	return rv;
}

CK_RV
scan_software(struct slots *slots)
{
	struct leaving leaving = { NULL };
	CK_RV rv;

	lock_take(&slots->scan_lock);
	rv = soft_tokens_list(slots->config, slots->soft, &slots->soft_count);
	lock_take(&slots->lock);
	if (rv == CKR_OK)
		rv = software_merge(slots, &leaving);
	lock_give(&slots->lock);
	lock_give(&slots->scan_lock);
	leave(&leaving);
	return rv;
}

/* What the first look at a card finds. */
struct look {
	struct reader_state state;
	struct presence *found[CARD_TOKENS_MAX];
	char names[CARD_TOKENS_MAX][APPLET_NAME_SIZE];
	size_t count;
	CK_RV trouble;
};

static void
look_name(struct token *t, char *name)
{
	CK_TOKEN_INFO info = { 0 };
	struct builder text = builder_over(name, APPLET_NAME_SIZE - 1);
	size_t size = sizeof(info.model);

	/* a name that cannot be had is none */
	if (t->ops->info(t, &info) != CKR_OK)
		return;
	while (size > 0 && info.model[size - 1] == ' ')
		size--;
	builder_put(&text, info.model, size);
}

static CK_RV
look_tokens(struct slots *slots, struct look *look, struct token **tokens,
	    size_t *count)
{
	struct transport *wire;

	if (look->state.mute)
		return CKR_OK;
	wire = reader_open(slots->pcsc, &look->state);
	if (wire == NULL)
		return CKR_HOST_MEMORY;
	return card_tokens_open(wire, slots->config, tokens, count);
}

static void
look_at_card(struct slots *slots, const struct reader *r, struct look *look)
{
	struct token *tokens[CARD_TOKENS_MAX];
	size_t count = 0, i;
	CK_RV rv = look_tokens(slots, look, tokens, &count);

	look->trouble = rv;
	if (rv != CKR_OK)
		return;
	if (count == 0)
		look->trouble = CKR_TOKEN_NOT_RECOGNIZED;
	for (i = 0; i < count; i++) {
		if (count > 1)
			look_name(tokens[i], look->names[i]);
		look->found[i] = presence_new(
			tokens[i], r->number + i * SLOT_APPLET, false);
		if (look->found[i] == NULL)
			look->trouble = CKR_HOST_MEMORY;
	}
	look->count = count;
}

/* With the lock: the slot of an applet on the reader's card. */
static struct slot *
applet_slot(struct slots *slots, struct reader *r, size_t applet)
{
	CK_SLOT_ID id = r->number + applet * SLOT_APPLET;
	struct slot *slot = slot_find(slots, id);

	if (slot == NULL)
		slot = slot_new(slots, id);
	if (slot == NULL)
		return NULL;
	slot->reader = r;
	slot->applet = (unsigned)applet;
	return slot;
}

/* With the lock: puts what was found into its slots, all or nothing. Is there
 * an event that the service does not tell? */
static bool
look_fill(struct slots *slots, struct reader *r, struct look *look)
{
	bool event = false;
	size_t i;

	/* it left before we came: what PC/SC tells next is what holds */
	r->card = look->trouble == CKR_DEVICE_REMOVED ? CARD_NONE : CARD_SEEN;
	r->trouble = look->trouble;
	for (i = 0; i < look->count; i++) {
		if (applet_slot(slots, r, i) == NULL)
			r->trouble = CKR_HOST_MEMORY;
	}
	for (i = 0; i < look->count && r->trouble == CKR_OK; i++) {
		struct slot *slot = applet_slot(slots, r, i);
		struct builder name;

		if (i > 0 && r->told)
			event = slot->event = true;
		name = builder_over(slot->applet_name, APPLET_NAME_SIZE);
		builder_put(&name, look->names[i], APPLET_NAME_SIZE);
		slot->presence = look->found[i];
		look->found[i] = NULL;
	}
	return event;
}

/* With the lock. Who has a card for himself is waited for once. */
static bool
is_to_be_seen(const struct reader *r, bool retry)
{
	if (r->card == CARD_NEW)
		return true;
	return retry && r->card == CARD_SEEN && r->trouble != CKR_OK &&
	       r->trouble != CKR_TOKEN_NOT_RECOGNIZED && !r->state.exclusive;
}

/* With the lock. Nobody is told that a reader is empty while its card is being
 * recognised; who has waited for another's look needs none of his own. */
static bool
look_claim(struct slots *slots, struct reader *r, bool retry)
{
	bool waited = false;

	while (r->card == CARD_LOOKING) {
		pthread_cond_wait(&slots->looked, &slots->lock);
		waited = true;
	}
	return is_to_be_seen(r, retry && !waited);
}

void
scan_card(struct slots *slots, struct reader *r, bool retry)
{
	struct look look = { .trouble = CKR_OK };
	bool claimed, event = false;
	size_t i;

	lock_take(&slots->lock);
	claimed = look_claim(slots, r, retry);
	look.state = r->state;
	look.state.explained = r->card == CARD_SEEN;
	if (claimed)
		r->card = CARD_LOOKING;
	lock_give(&slots->lock);
	if (!claimed)
		return;
	look_at_card(slots, r, &look);
	lock_take(&slots->lock);
	/* unless it was taken out while we looked */
	if (r->card == CARD_LOOKING &&
	    r->state.insertion == look.state.insertion)
		event = look_fill(slots, r, &look);
	pthread_cond_broadcast(&slots->looked);
	lock_give(&slots->lock);
	if (event)
		pcsc_wake(slots->pcsc);
	for (i = 0; i < look.count; i++)
		presence_unref(look.found[i]);
}
