/* pcscd-ready READERS CARDS: waits until pcscd shows so many readers (slots)
 * and so many powered cards; 1 when that does not come about. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winscard.h>

#define STEP_MS	    5
#define PATIENCE_MS 20000
#define READERS_MAX 32

/* Names as SCardListReaders gives them, into states; their number. */
static DWORD
states_fill(char *names, SCARD_READERSTATE *states)
{
	DWORD n = 0;

	for (char *name = names; *name && n < READERS_MAX;
	     name += strlen(name) + 1) {
		states[n] = (SCARD_READERSTATE){
			.szReader = name,
			.dwCurrentState = SCARD_STATE_UNAWARE,
		};
		n++;
	}
	return n;
}

static int
cards_seen(SCARDCONTEXT context, unsigned *readers, unsigned *cards)
{
	char names[4096];
	DWORD size = sizeof(names);
	SCARD_READERSTATE states[READERS_MAX];
	DWORD n;

	*readers = 0;
	*cards = 0;
	if (SCardListReaders(context, NULL, names, &size))
		return 0;
	n = states_fill(names, states);
	if (n == 0 || SCardGetStatusChange(context, 0, states, n))
		return 0;
	for (DWORD i = 0; i < n; i++) {
		if (states[i].dwEventState & SCARD_STATE_PRESENT &&
		    !(states[i].dwEventState & SCARD_STATE_MUTE) &&
		    states[i].cbAtr > 0)
			(*cards)++;
	}
	*readers = (unsigned)n;
	return 1;
}

int
main(int argc, char **argv)
{
	unsigned long want_readers, want_cards;
	unsigned readers = 0, cards = 0;
	SCARDCONTEXT context;
	int seen;

	if (argc != 3)
		return 2;
	want_readers = strtoul(argv[1], NULL, 10);
	want_cards = strtoul(argv[2], NULL, 10);
	for (int ms = 0; ms < PATIENCE_MS; ms += STEP_MS) {
		if (!SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL,
					   &context)) {
			seen = cards_seen(context, &readers, &cards);
			(void)SCardReleaseContext(context);
			if (seen && readers == want_readers &&
			    cards >= want_cards)
				return 0;
		}
		(void)poll(NULL, 0, STEP_MS);
	}
	(void)fprintf(stderr, "pcscd-ready: %u readers, %u cards\n", readers,
		      cards);
	return 1;
}
