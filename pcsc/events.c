/* What readers there are and what is in them: the state context. */
#include <string.h>

#include "context.h"
#include "log.h"
#include "mem.h"

enum {
	/* A context that died is made anew once; a reader may vanish between
	 * its listing and the look at it. */
	SCAN_TRIES = 3,
};

struct pcsc *
pcsc_new(void)
{
	struct pcsc *p = mem_new(sizeof(*p));

	if (p == NULL)
		return NULL;
	if (pthread_mutex_init(&p->lock, NULL) != 0) {
		mem_free(p, sizeof(*p));
		return NULL;
	}
	if (!waiter_open(&p->waiter)) {
		pthread_mutex_destroy(&p->lock);
		mem_free(p, sizeof(*p));
		return NULL;
	}
	p->reason = SCARD_S_SUCCESS;
	return p;
}

void
pcsc_free(struct pcsc *p)
{
	if (p == NULL)
		return;
	waiter_close(&p->waiter);
	context_close(&p->context);
	pthread_mutex_destroy(&p->lock);
	mem_free(p, sizeof(*p));
}

void
pcsc_forget(struct pcsc *p)
{
	if (p != NULL)
		mem_free(p, sizeof(*p));
}

/* Splits the service's list: each name ends with NUL, so does the list. */
static size_t
readers_named(SCARD_READERSTATE *readers, struct cursor names)
{
	size_t count = 0;

	while (count < READERS_MAX) {
		const char *name = (const char *)names.at;
		size_t size = strnlen(name, names.left);

		(void)cursor_take(&names, size);
		(void)cursor_u8(&names);
		if (size == 0 || !cursor_ok(&names))
			break;
		readers[count++] = (SCARD_READERSTATE){
			.szReader = name,
			.dwCurrentState = SCARD_STATE_UNAWARE,
		};
	}
	return count;
}

static void
state_load(struct reader_state *state, const SCARD_READERSTATE *reader,
	   uint16_t epoch)
{
	struct builder name = builder_over(state->name, READER_NAME_MAX - 1);
	struct builder atr = builder_over(state->atr, sizeof(state->atr));
	size_t size = strnlen(reader->szReader, READER_NAME_MAX - 1);
	DWORD event = reader->dwEventState;

	*state = (struct reader_state){
		.card = event & SCARD_STATE_PRESENT,
		.mute = event & SCARD_STATE_MUTE,
		.in_use = event & (SCARD_STATE_INUSE | SCARD_STATE_EXCLUSIVE),
		.exclusive = event & SCARD_STATE_EXCLUSIVE,
		.insertion = (uint32_t)epoch << 16 | event_counter(reader),
	};
	builder_put(&name, reader->szReader, size);
	builder_append(&atr, event_atr(reader));
	state->atr_size = builder_read(&atr).left;
}

/* One listing and one look at all that it names. */
static LONG
scan_once(struct pcsc *p, struct reader_state *states, size_t *count)
{
	bool known = p->context.open;
	char *names = NULL;
	DWORD size = SCARD_AUTOALLOCATE;
	size_t found;
	LONG code;

	code = context_open(&p->context);
	if (code != SCARD_S_SUCCESS)
		return code;
	if (!known)
		p->epoch++;
	code = SCardListReaders(p->context.handle, NULL, (LPSTR)&names, &size);
	if (code != SCARD_S_SUCCESS)
		return context_answer(code);
	found = readers_named(p->readers, cursor_of(names, size));
	code = SCardGetStatusChange(p->context.handle, 0, p->readers,
				    (DWORD)found);
	if (code == SCARD_S_SUCCESS) {
		for (size_t i = 0; i < found; i++)
			state_load(&states[i], &p->readers[i], p->epoch);
		*count = found;
	}
	(void)SCardFreeMemory(p->context.handle, names);
	return context_answer(code);
}

/* Is it worth to scan again at once? A dead context is dropped on the way. */
static bool
scan_again(struct pcsc *p, LONG code, bool known)
{
	enum scard_fate fate = scard_find(code)->fate;

	if (code == SCARD_E_UNKNOWN_READER)
		return true;
	if (fate != FATE_SERVICE && fate != FATE_HANDLE)
		return false;
	context_close(&p->context);
	return known;
}

static void
scan_explain(struct pcsc *p, LONG code)
{
	bool failed =
		code != SCARD_S_SUCCESS && code != SCARD_E_NO_READERS_AVAILABLE;

	if (code == p->reason)
		return;
	if (code == SCARD_S_SUCCESS)
		log_line(LOG_INFO, "pcscd has readers again");
	else
		log_line(failed ? LOG_ERROR : LOG_INFO, "no readers: %s (%08X)",
			 scard_find(code)->text, scard_number(code));
	p->reason = code;
}

CK_RV
pcsc_scan(struct pcsc *p, struct reader_state *states, size_t *count)
{
	size_t found = 0;
	bool known;
	LONG code;

	pthread_mutex_lock(&p->lock);
	for (unsigned tries = 0; tries < SCAN_TRIES; tries++) {
		known = p->context.open;
		code = scan_once(p, states, &found);
		if (!scan_again(p, code, known))
			break;
	}
	scan_explain(p, code);
	*count = found;
	pthread_mutex_unlock(&p->lock);
	return CKR_OK;
}
