/* Waiting for readers and cards to come and go, on a context of its own. */
#include <time.h>

#include "context.h"
#include "log.h"

enum {
	/* pcsc-lite before 2.3 misses a reader that comes between a scan and
	 * the wait, so there is no wait without end; milliseconds. */
	WAIT_SLICE = 60 * 1000,
	PAUSE = 1000,	    /* before the service is tried again */
	CANCEL_AGAIN = 100, /* a cancel that comes before the wait is lost */
	SECOND = 1000,
};

/* The pseudo reader that stands for readers coming and going. */
static const char plug_and_play[] = "\\\\?PnP?\\Notification";

bool
waiter_open(struct waiter *w)
{
	if (pthread_mutex_init(&w->lock, NULL) != 0)
		return false;
	if (pthread_cond_init(&w->ended, NULL) == 0)
		return true;
	pthread_mutex_destroy(&w->lock);
	return false;
}

void
waiter_close(struct waiter *w)
{
	context_close(&w->context);
	pthread_cond_destroy(&w->ended);
	pthread_mutex_destroy(&w->lock);
}

/* With the lock, which is let go meanwhile. A clock that is set makes it
 * shorter or longer once. */
static void
waiter_pause(struct waiter *w, unsigned milliseconds)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += milliseconds / SECOND;
	until.tv_nsec += (long)(milliseconds % SECOND) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	(void)pthread_cond_timedwait(&w->ended, &w->lock, &until);
}

/* Who uses a card is left out, so that it wakes nobody. */
static DWORD
state_known(const struct reader_state *seen)
{
	DWORD state = (DWORD)(seen->insertion & 0xFFFF) << 16;

	if (!seen->card)
		return state | SCARD_STATE_EMPTY;
	return state | SCARD_STATE_PRESENT |
	       (seen->mute ? SCARD_STATE_MUTE : 0);
}

/* The pseudo reader comes last, to be left out easily. */
static DWORD
states_known(struct waiter *w, const struct reader_state *seen, size_t count)
{
	for (size_t i = 0; i < count; i++)
		w->readers[i] = (SCARD_READERSTATE){
			.szReader = seen[i].name,
			.dwCurrentState = state_known(&seen[i]),
		};
	w->readers[count] = (SCARD_READERSTATE){ .szReader = plug_and_play };
	return (DWORD)count + 1;
}

/* pcsc-lite refuses more readers than it can have; then none can come. */
static LONG
waiter_look(struct waiter *w, DWORD count)
{
	LONG code = SCardGetStatusChange(w->context.handle, WAIT_SLICE,
					 w->readers, count);

	if (code != SCARD_E_INVALID_PARAMETER || count < 2)
		return code;
	return SCardGetStatusChange(w->context.handle, WAIT_SLICE, w->readers,
				    count - 1);
}

/* Does this answer mean that something may have happened? Else the next try
 * would get the same answer, and has to wait. */
static bool
is_news(LONG code)
{
	return code == SCARD_S_SUCCESS || code == SCARD_E_TIMEOUT ||
	       code == SCARD_E_CANCELLED || code == SCARD_E_UNKNOWN_READER;
}

/* With the lock, which is let go over the wait. */
static void
waiter_wait(struct waiter *w, const struct reader_state *seen, size_t count)
{
	DWORD readers = states_known(w, seen, count);
	LONG code = context_open(&w->context);

	if (code == SCARD_S_SUCCESS) {
		pthread_mutex_unlock(&w->lock);
		code = waiter_look(w, readers);
		pthread_mutex_lock(&w->lock);
	}
	if (is_news(code))
		return;
	context_close(&w->context);
	if (!w->cancelled)
		waiter_pause(w, PAUSE);
}

CK_RV
pcsc_wait(struct pcsc *p, const struct reader_state *seen, size_t count)
{
	struct waiter *w = &p->waiter;
	CK_RV rv;

	pthread_mutex_lock(&w->lock);
	if (w->waiting && !w->cancelled) {
		/* Somebody else does; what ends his wait is news for us. */
		pthread_cond_wait(&w->ended, &w->lock);
	} else if (!w->cancelled && !w->woken) {
		w->waiting = true;
		w->waits++;
		waiter_wait(w, seen, count);
		w->waiting = false;
		pthread_cond_broadcast(&w->ended);
	}
	w->woken = false;
	rv = w->cancelled ? CKR_FUNCTION_CANCELED : CKR_OK;
	pthread_mutex_unlock(&w->lock);
	return rv;
}

/* With the lock, which is let go meanwhile. */
static void
waiter_end(struct waiter *w)
{
	unsigned wait = w->waits;

	while (w->waiting && w->waits == wait) {
		if (w->context.open)
			(void)SCardCancel(w->context.handle);
		waiter_pause(w, CANCEL_AGAIN);
	}
}

void
pcsc_wake(struct pcsc *p)
{
	struct waiter *w = &p->waiter;

	pthread_mutex_lock(&w->lock);
	w->woken = true;
	waiter_end(w);
	pthread_mutex_unlock(&w->lock);
}

void
pcsc_wait_cancel(struct pcsc *p)
{
	struct waiter *w = &p->waiter;

	pthread_mutex_lock(&w->lock);
	w->cancelled = true;
	pthread_cond_broadcast(&w->ended);
	waiter_end(w);
	pthread_mutex_unlock(&w->lock);
}
