/* A simulated card at work: serves the reader and the tests in one loop. */
#include "station.h"
#include "vpcd.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* How long the reader may take to come up or to come back. */
#define PATIENCE_MS 20000
#define RETRY_MS    5

static volatile sig_atomic_t stopped;
static sigset_t unblocked; /* signals arrive while we wait, only then */

static void
signal_stop(int number)
{
	(void)number;
	stopped = 1;
}

static uint64_t
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void
station_note(struct station *station, const char *text)
{
	if (!station->trace)
		return;
	(void)fprintf(station->trace, "# %s\n", text);
	(void)fflush(station->trace);
}

static void
trace_hex(struct station *station, char mark, struct span bytes)
{
	if (!station->trace)
		return;
	(void)fprintf(station->trace, "%c ", mark);
	for (size_t i = 0; i < bytes.left; i++)
		(void)fprintf(station->trace, "%02X", bytes.at[i]);
	(void)fputc('\n', station->trace);
	(void)fflush(station->trace);
}

void
station_init(struct station *station)
{
	station->wire = -1;
	station->listener = -1;
	station->peer = -1;
	station->answer =
		pile_of(station->answer_bytes, sizeof(station->answer_bytes));
}

static void
wire_close(struct station *station)
{
	if (station->wire >= 0)
		(void)close(station->wire);
	station->wire = -1;
	station->pending = false;
	station->leaving = false;
	card_reset(&station->card);
}

void
station_remove(struct station *station)
{
	station_note(station, "remove");
	wire_close(station);
}

bool
station_insert(struct station *station)
{
	const struct timespec step = { .tv_nsec = RETRY_MS * 1000000L };

	for (unsigned ms = 0; ms < PATIENCE_MS && !stopped; ms += RETRY_MS) {
		station->wire = vpcd_open(station->port);
		if (station->wire >= 0)
			break;
		(void)ppoll(NULL, 0, &step, &unblocked);
	}
	if (station->wire < 0)
		return false;
	station_note(station, "insert");
	card_reset(&station->card);
	return true;
}

static void
answer_send(struct station *station)
{
	station->pending = false;
	if (station->leaving) {
		station_remove(station);
		return;
	}
	trace_hex(station, '<', pile_view(&station->answer));
	if (!vpcd_send(station->wire, pile_view(&station->answer)))
		wire_close(station);
}

static void
wire_control(struct station *station, uint8_t control)
{
	switch (control) {
	case VPCD_POWER_OFF:
		station_note(station, "power off");
		card_reset(&station->card);
		break;
	case VPCD_POWER_ON:
		station_note(station, "power on");
		card_reset(&station->card);
		break;
	case VPCD_RESET:
		station_note(station, "reset");
		card_reset(&station->card);
		break;
	case VPCD_ATR:
		(void)vpcd_send(station->wire,
				span_of(station->atr, station->atr_size));
		break;
	default:
		break;
	}
}

/* Faults that act before the card obeys. False: there is no answer. */
static bool
fault_before(struct station *station, const struct fault *fault)
{
	switch (fault->kind) {
	case FAULT_REMOVE:
		station_remove(station);
		return false;
	case FAULT_RESET:
		station_note(station, "reset");
		card_reset(&station->card);
		return true;
	case FAULT_SWITCH:
		station_note(station, "select-other");
		card_switch(&station->card);
		return true;
	default:
		return true;
	}
}

static void
wire_apdu(struct station *station, struct span apdu)
{
	struct fault fault;
	unsigned delay = 0;

	trace_hex(station, '>', apdu);
	station->exchanges++;
	station->answer.used = 0;
	station->answer.bad = false;
	fault = fault_take(&station->faults, station->exchanges);
	if (!fault_before(station, &fault))
		return;
	if (fault.kind == FAULT_WORD) {
		pile_byte(&station->answer, (uint8_t)(fault.value >> 8));
		pile_byte(&station->answer, (uint8_t)fault.value);
	} else {
		card_exchange(&station->card, apdu, &station->answer, &delay);
	}
	if (fault.kind == FAULT_REMOVE_AFTER) {
		station_remove(station);
		return;
	}
	fault_spoil(&fault, &station->answer);
	delay += station->delay;
	station->leaving = fault.kind == FAULT_LEAVE;
	if (fault.kind == FAULT_SILENT || station->leaving)
		delay += fault.value;
	station->pending = true;
	station->due = now_ms() + delay;
	if (delay == 0)
		answer_send(station);
}

static void
wire_receive(struct station *station)
{
	static uint8_t bytes[65535];
	struct pile message = pile_of(bytes, sizeof(bytes));

	if (!vpcd_receive(station->wire, &message)) {
		/* The reader let go of the card, or pcscd has ended. */
		station_note(station, "ejected");
		wire_close(station);
		if (!station_insert(station))
			stopped = 1;
		return;
	}
	if (message.used == 1)
		wire_control(station, bytes[0]);
	else if (message.used > 1)
		wire_apdu(station, pile_view(&message));
}

static int
wait_time(const struct station *station)
{
	uint64_t now = now_ms();

	if (!station->pending)
		return -1;
	return station->due > now ? (int)(station->due - now) : 0;
}

static void
station_step(struct station *station)
{
	struct pollfd fds[3] = {
		{ .fd = station->wire, .events = POLLIN },
		{ .fd = station->listener, .events = POLLIN },
		{ .fd = station->peer, .events = POLLIN },
	};
	int ms = wait_time(station);
	struct timespec wait = { .tv_sec = ms / 1000,
				 .tv_nsec = ms % 1000 * 1000000L };

	if (ppoll(fds, 3, ms < 0 ? NULL : &wait, &unblocked) < 0)
		return;
	if (fds[2].revents)
		control_receive(station);
	if (fds[1].revents)
		control_accept(station);
	if (station->pending && wait_time(station) == 0)
		answer_send(station);
	else if (fds[0].revents && fds[0].fd == station->wire)
		wire_receive(station);
}

bool
station_run(struct station *station)
{
	struct sigaction action = { .sa_handler = signal_stop };
	sigset_t blocked;
	bool ok;

	(void)sigemptyset(&blocked);
	(void)sigaddset(&blocked, SIGTERM);
	(void)sigaddset(&blocked, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &blocked, &unblocked);
	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGINT, &action, NULL);
	ok = control_open(station) && station_insert(station);
	while (ok && !stopped)
		station_step(station);
	control_close(station);
	wire_close(station);
	return ok;
}
