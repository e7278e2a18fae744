/* The card of one insertion as a transport: the wire of all that is above. */
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "mem.h"
#include "pinpad.h"

enum {
	BEGIN_TRIES = 20,	       /* of one begin, whatever they meet */
	BUSY_WAIT = 100 * 1000 * 1000, /* nanoseconds between two tries */
	REMOVAL_WAIT = 1000,	       /* milliseconds; see reader_went() */
};

struct reader {
	struct transport transport;
	pthread_mutex_t lock;	/* the wire: held from begin to end */
	pid_t owner;		/* in a forked child all below is not ours */
	struct context context; /* of this reader alone */
	SCARDHANDLE card;
	bool connected;
	bool reset;	  /* by somebody, since we connected */
	bool over;	  /* the insertion is, for good */
	bool explained;	  /* the log has said why it cannot be used */
	uint16_t counter; /* the insertion, as the service counts them */
	uint64_t generation;
	bool asked; /* what follows is known */
	struct pinpad pinpad;
	struct transport_info info;
	char name[READER_NAME_MAX];
	uint8_t sent[APDU_WIRE_MAX];
	uint8_t received[APDU_WIRE_MAX];
};

static struct reader *
reader_of(struct transport *t)
{
	return (struct reader *)t;
}

static void
reader_disconnect(struct reader *r)
{
	if (!r->connected)
		return;
	/* When this fails, nothing was left to end. */
	(void)SCardDisconnect(r->card, SCARD_LEAVE_CARD);
	r->connected = false;
	r->reset = false;
}

/* What the service says of this reader now: no wait, no APDU. */
static LONG
reader_look(struct reader *r, SCARD_READERSTATE *now)
{
	*now = (SCARD_READERSTATE){ .szReader = r->name,
				    .dwCurrentState = SCARD_STATE_UNAWARE };
	return context_answer(
		SCardGetStatusChange(r->context.handle, 0, now, 1));
}

static bool
reader_has_card(const struct reader *r, const SCARD_READERSTATE *now)
{
	return (now->dwEventState & SCARD_STATE_PRESENT) &&
	       event_counter(now) == r->counter;
}

static void
reader_atr_store(struct reader *r, struct cursor atr)
{
	struct builder out = builder_over(r->info.atr, sizeof(r->info.atr));

	builder_append(&out, atr);
	r->info.atr_size = builder_read(&out).left;
}

/* PC/SC connects to whatever card is there: it must be the one we are for. */
static LONG
reader_connect(struct reader *r)
{
	SCARD_READERSTATE now;
	DWORD protocol;
	LONG code;

	code = context_open(&r->context);
	if (code == SCARD_S_SUCCESS && r->generation == 0) {
		code = reader_look(r, &now);
		r->info.shared = now.dwEventState &
				 (SCARD_STATE_INUSE | SCARD_STATE_EXCLUSIVE);
	}
	if (code == SCARD_S_SUCCESS)
		code = SCardConnect(r->context.handle, r->name,
				    SCARD_SHARE_SHARED,
				    SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1,
				    &r->card, &protocol);
	if (code != SCARD_S_SUCCESS)
		return code;
	r->connected = true;
	r->generation++;
	r->info.t0 = protocol == SCARD_PROTOCOL_T0;
	code = reader_look(r, &now);
	if (code == SCARD_S_SUCCESS &&
	    (!reader_has_card(r, &now) ||
	     !cursor_is(event_atr(&now), r->info.atr, r->info.atr_size)))
		code = SCARD_W_REMOVED_CARD;
	return code;
}

/*
 * After a reset by somebody else. A swap of cards before it may hide behind
 * it, so the insertion is looked at as well; not the ATR, as some cards answer
 * a warm reset with another one.
 */
static LONG
reader_reconnect(struct reader *r)
{
	SCARD_READERSTATE now;
	DWORD protocol;
	LONG code;

	code = SCardReconnect(r->card, SCARD_SHARE_SHARED,
			      SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1,
			      SCARD_LEAVE_CARD, &protocol);
	if (code != SCARD_S_SUCCESS)
		return context_answer(code);
	r->reset = false;
	r->generation++;
	r->info.t0 = protocol == SCARD_PROTOCOL_T0;
	code = reader_look(r, &now);
	if (code != SCARD_S_SUCCESS)
		return code;
	if (!reader_has_card(r, &now))
		return SCARD_W_REMOVED_CARD;
	reader_atr_store(r, event_atr(&now));
	return SCARD_S_SUCCESS;
}

/* Notes what a failed call means for this transport, and says it. */
static CK_RV
reader_failed(struct reader *r, LONG code)
{
	const struct scard_code *found = scard_find(code);

	if (found->fate == FATE_REMOVED || found->fate == FATE_SERVICE)
		r->over = true;
	log_line(r->explained ? LOG_DEBUG
		 : r->over    ? LOG_INFO
			      : LOG_ERROR,
		 "%s: %s (%08X)", r->name, found->text, scard_number(code));
	return found->rv;
}

/* Lets go of what a failure left behind; the next begin starts afresh. */
static void
reader_drop(struct reader *r, enum scard_fate fate)
{
	reader_disconnect(r);
	if (r->over || fate == FATE_HANDLE)
		context_close(&r->context);
}

static void
reader_wait_busy(const struct reader *r, bool first)
{
	struct timespec pause = { .tv_nsec = BUSY_WAIT };

	if (first)
		log_line(r->explained ? LOG_DEBUG : LOG_INFO, "%s: waiting: %s",
			 r->name, scard_find(SCARD_E_SHARING_VIOLATION)->text);
	/* Woken early by a signal, it tries early. */
	(void)nanosleep(&pause, NULL);
}

static LONG
reader_try(struct reader *r)
{
	LONG code = SCARD_S_SUCCESS;

	if (!r->connected)
		code = reader_connect(r);
	else if (r->reset)
		code = reader_reconnect(r);
	if (code == SCARD_S_SUCCESS)
		code = context_answer(SCardBeginTransaction(r->card));
	return code;
}

/* What the reader can do is asked once, when nobody else can interfere. */
static void
reader_ask(struct reader *r)
{
	if (r->asked)
		return;
	pinpad_read(r->card, &r->pinpad);
	r->info.pinpad = r->pinpad.verify != 0;
	r->info.max_command = pinpad_max_command(&r->pinpad);
	r->asked = true;
}

/* May another try help? Does what has to be done before it. */
static bool
reader_mend(struct reader *r, enum scard_fate fate, bool first)
{
	switch (fate) {
	case FATE_RESET:
		r->reset = r->connected;
		return true;
	case FATE_BUSY:
		reader_wait_busy(r, first);
		return true;
	case FATE_HANDLE:
		/* The service lives, so its count of insertions holds. */
		reader_drop(r, fate);
		return first;
	default:
		return false;
	}
}

static CK_RV
reader_start(struct reader *r)
{
	enum scard_fate fate = FATE_NONE, before;
	LONG code = SCARD_W_REMOVED_CARD;
	CK_RV rv;

	if (r->over)
		return CKR_DEVICE_REMOVED;
	for (unsigned tries = 0; tries < BEGIN_TRIES; tries++) {
		code = reader_try(r);
		if (code == SCARD_S_SUCCESS) {
			r->explained = false;
			return CKR_OK;
		}
		before = fate;
		fate = scard_find(code)->fate;
		if (!reader_mend(r, fate, fate != before))
			break;
	}
	rv = reader_failed(r, code);
	reader_drop(r, fate);
	return rv;
}

static CK_RV
reader_begin(struct transport *t, uint64_t *generation)
{
	struct reader *r = reader_of(t);
	CK_RV rv;

	if (r->owner != getpid())
		return CKR_DEVICE_REMOVED;
	pthread_mutex_lock(&r->lock);
	rv = reader_start(r);
	if (rv != CKR_OK) {
		pthread_mutex_unlock(&r->lock);
		return rv;
	}
	reader_ask(r);
	*generation = r->generation;
	return CKR_OK;
}

static void
reader_end(struct transport *t)
{
	struct reader *r = reader_of(t);
	LONG code;

	code = SCardEndTransaction(r->card, SCARD_LEAVE_CARD);
	if (code != SCARD_S_SUCCESS || r->over)
		reader_drop(r, scard_find(code)->fate);
	pthread_mutex_unlock(&r->lock);
}

/*
 * Did the command fail because the card was pulled out? pcscd polls for that,
 * each 400 ms, and the failure may come first.
 */
static bool
reader_went(struct reader *r)
{
	SCARD_READERSTATE now;
	LONG code;

	code = reader_look(r, &now);
	if (code == SCARD_S_SUCCESS && reader_has_card(r, &now)) {
		now.dwCurrentState = now.dwEventState;
		code = SCardGetStatusChange(r->context.handle, REMOVAL_WAIT,
					    &now, 1);
	}
	if (code == SCARD_S_SUCCESS)
		return !reader_has_card(r, &now);
	return scard_find(code)->fate == FATE_REMOVED;
}

/* COMMAND was sent: its answer, or why there is none. */
static CK_RV
reader_answered(struct reader *r, struct cursor command, LONG code, DWORD size,
		struct cursor *answer)
{
	*answer = cursor_of(r->received, code == SCARD_S_SUCCESS ? size : 0);
	log_apdu(r->name, command, *answer);
	if (answer->left > 0)
		return CKR_OK;
	mem_wipe(r->received, sizeof(r->received));
	code = context_answer(code);
	/* Some drivers report nothing at all as an answer of no bytes. */
	if (code == SCARD_S_SUCCESS)
		code = SCARD_E_NOT_TRANSACTED;
	if (scard_find(code)->fate == FATE_NONE && reader_went(r))
		code = SCARD_W_REMOVED_CARD;
	return reader_failed(r, code);
}

static CK_RV
reader_transmit(struct reader *r, struct cursor command, struct cursor *answer)
{
	const SCARD_IO_REQUEST *pci = SCARD_PCI_T1;
	DWORD size = sizeof(r->received);
	LONG code;

	if (r->info.t0)
		pci = SCARD_PCI_T0;
	code = SCardTransmit(r->card, pci, command.at, command.left, NULL,
			     r->received, &size);
	return reader_answered(r, command, code, size, answer);
}

/* The log gets the template alone, which nobody has typed into. */
static CK_RV
reader_type(struct reader *r, uint32_t code, struct cursor structure,
	    struct cursor template, struct cursor *answer)
{
	DWORD size = 0;
	LONG result;

	log_line(LOG_INFO, "%s: waiting for the PIN at its keypad", r->name);
	result = SCardControl(r->card, code, structure.at, structure.left,
			      r->received, sizeof(r->received), &size);
	return reader_answered(r, template, result, size, answer);
}

static CK_RV
reader_pin_entry(struct transport *t, const struct pin_entry *entry,
		 uint16_t *sw)
{
	struct reader *r = reader_of(t);
	uint32_t code = entry->change ? r->pinpad.modify : r->pinpad.verify;
	uint8_t bytes[APDU_SHORT_DATA + 6];
	struct builder apdu = builder_over(bytes, sizeof(bytes));
	struct builder wire = builder_over(r->sent, sizeof(r->sent));
	struct cursor answer, data;
	uint16_t status;
	CK_RV rv;

	if (code == 0)
		return CKR_FUNCTION_NOT_SUPPORTED;
	rv = apdu_encode(&entry->command, false, &apdu);
	if (rv != CKR_OK)
		return rv;
	if (entry->command.data.left == 0)
		builder_u8(&apdu, 0); /* the Lc that the keypad counts up */
	pinpad_structure(&r->pinpad, entry, builder_read(&apdu), &wire);
	if (!builder_ok(&apdu) || !builder_ok(&wire))
		return CKR_DATA_LEN_RANGE;
	rv = reader_type(r, code, builder_read(&wire), builder_read(&apdu),
			 &answer);
	if (rv != CKR_OK)
		return rv;
	if (!apdu_answer(answer, &data, &status))
		return CKR_DEVICE_ERROR;
	rv = pinpad_rv(status, entry->change);
	if (rv == CKR_OK)
		*sw = status;
	return rv;
}

static CK_RV
reader_exchange(struct transport *t, const struct apdu *command,
		struct builder *answer, uint16_t *sw)
{
	struct reader *r = reader_of(t);
	struct builder wire = builder_over(r->sent, sizeof(r->sent));
	struct cursor received = cursor_of(NULL, 0), data;
	uint16_t status;
	CK_RV rv;

	rv = apdu_encode(command, r->info.t0, &wire);
	if (rv == CKR_OK)
		rv = reader_transmit(r, builder_read(&wire), &received);
	if (rv != CKR_OK)
		goto out;
	if (!apdu_answer(received, &data, &status)) {
		log_line(LOG_ERROR, "%s: answer without status word", r->name);
		rv = CKR_DEVICE_ERROR;
		goto out;
	}
	builder_append(answer, data);
	if (builder_ok(answer))
		*sw = status;
	else
		rv = CKR_DEVICE_MEMORY;
out:
	/* A PIN may be in the one, plaintext in the other. */
	mem_wipe(r->received, received.left);
	builder_reset(&wire);
	return rv;
}

static const struct transport_info *
reader_info(struct transport *t)
{
	return &reader_of(t)->info;
}

static void
reader_release(struct transport *t)
{
	struct reader *r = reader_of(t);

	if (r->owner != getpid())
		return;
	pthread_mutex_lock(&r->lock);
	reader_disconnect(r);
	pthread_mutex_unlock(&r->lock);
}

static bool
reader_alone(struct transport *t)
{
	struct reader *r = reader_of(t);
	SCARD_READERSTATE now;
	bool alone;

	if (r->owner != getpid())
		return false;
	pthread_mutex_lock(&r->lock);
	alone = !r->connected && context_open(&r->context) == SCARD_S_SUCCESS &&
		reader_look(r, &now) == SCARD_S_SUCCESS &&
		!(now.dwEventState &
		  (SCARD_STATE_INUSE | SCARD_STATE_EXCLUSIVE));
	pthread_mutex_unlock(&r->lock);
	return alone;
}

/* In a forked child the lock may be held for ever, and nothing else is ours. */
static void
reader_close(struct transport *t)
{
	struct reader *r = reader_of(t);

	if (r->owner == getpid()) {
		reader_disconnect(r);
		context_close(&r->context);
		pthread_mutex_destroy(&r->lock);
	}
	mem_free(r, sizeof(*r));
}

static const struct transport_ops reader_ops = {
	.begin = reader_begin,
	.end = reader_end,
	.exchange = reader_exchange,
	.pin_entry = reader_pin_entry,
	.info = reader_info,
	.release = reader_release,
	.alone = reader_alone,
	.close = reader_close,
};

struct transport *
reader_open(struct pcsc *p, const struct reader_state *state)
{
	struct reader *r = mem_new(sizeof(*r));
	struct builder name;

	if (r == NULL)
		return NULL;
	if (pthread_mutex_init(&r->lock, NULL) != 0) {
		mem_free(r, sizeof(*r));
		return NULL;
	}
	r->transport.ops = &reader_ops;
	r->owner = getpid();
	r->counter = (uint16_t)state->insertion;
	r->over = !state->card;
	r->explained = state->explained;
	name = builder_over(r->name, sizeof(r->name) - 1);
	builder_put(&name, state->name, strnlen(state->name, name.room));
	r->info.name = r->name;
	reader_atr_store(r, cursor_of(state->atr, state->atr_size));
	return &r->transport;
}
