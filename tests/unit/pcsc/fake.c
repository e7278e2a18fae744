/* A stand-in for libpcsclite and the log, scripted and counted by a test. */
#include "fake.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct fake fake;

const SCARD_IO_REQUEST g_rgSCardT0Pci = { SCARD_PROTOCOL_T0,
					  sizeof(SCARD_IO_REQUEST) };
const SCARD_IO_REQUEST g_rgSCardT1Pci = { SCARD_PROTOCOL_T1,
					  sizeof(SCARD_IO_REQUEST) };

enum { CONTEXT = 0x1234, CARD = 0x5678 };

static const uint8_t atr[] = { 0x3B, 0x80, 0x01 };
static const uint8_t reply[] = { 0x90, 0x00 };

int
fake_reset(void **state)
{
	fake = (struct fake){
		.names = { "Reader 0" },
		.readers = 1,
		.event = 1 << 16 | SCARD_STATE_CHANGED | SCARD_STATE_PRESENT,
		.atr_size = sizeof(atr),
		.protocol = SCARD_PROTOCOL_T1,
		.reply = reply,
		.reply_size = sizeof(reply),
	};
	memcpy(fake.atr, atr, sizeof(atr));
	return 0;
}

void
fake_answer(enum fake_call call, LONG code)
{
	assert_true(fake.scripted[call] < FAKE_SCRIPT);
	fake.script[call][fake.scripted[call]++] = code;
}

unsigned
fake_total(void)
{
	unsigned total = 0;

	for (size_t i = 0; i < FAKE_CALLS; i++)
		total += fake.calls[i];
	return total;
}

static LONG
play(enum fake_call call)
{
	fake.calls[call]++;
	if (fake.played[call] < fake.scripted[call])
		return fake.script[call][fake.played[call]++];
	return fake.always[call];
}

LONG
SCardEstablishContext(DWORD scope, LPCVOID one, LPCVOID two,
		      LPSCARDCONTEXT context)
{
	LONG code = play(CALL_ESTABLISH);

	assert_int_equal(scope, SCARD_SCOPE_SYSTEM);
	if (code != SCARD_S_SUCCESS)
		return code;
	fake.contexts++;
	*context = CONTEXT;
	return code;
}

LONG
SCardReleaseContext(SCARDCONTEXT context)
{
	assert_int_equal(context, CONTEXT);
	assert_true(fake.contexts > 0);
	fake.contexts--;
	return play(CALL_RELEASE);
}

LONG
SCardListReaders(SCARDCONTEXT context, LPCSTR groups, LPSTR readers,
		 LPDWORD size)
{
	LONG code = play(CALL_LIST);
	size_t used = 0, n;
	char *names;

	assert_int_equal(context, CONTEXT);
	assert_int_equal(*size, SCARD_AUTOALLOCATE);
	if (code != SCARD_S_SUCCESS)
		return code;
	for (size_t i = 0; i < fake.readers; i++)
		used += strlen(fake.names[i]) + 1;
	names = calloc(1, used + 1);
	assert_non_null(names);
	used = 0;
	for (size_t i = 0; i < fake.readers; i++) {
		n = strlen(fake.names[i]) + 1;
		memcpy(names + used, fake.names[i], n);
		used += n;
	}
	*size = (DWORD)(fake.list_size ? fake.list_size : used + 1);
	*(char **)readers = names;
	return code;
}

LONG
SCardFreeMemory(SCARDCONTEXT context, LPCVOID memory)
{
	free((void *)memory);
	return play(CALL_FREE);
}

LONG
SCardGetStatusChange(SCARDCONTEXT context, DWORD timeout,
		     SCARD_READERSTATE *states, DWORD count)
{
	LONG code = play(CALL_LOOK);

	assert_int_equal(context, CONTEXT);
	assert_true(fake.contexts > 0);
	fake.timeout = timeout;
	fake.looked_at = count;
	memcpy(fake.known, states, count * sizeof(*states));
	if (code != SCARD_S_SUCCESS)
		return code;
	for (DWORD i = 0; i < count; i++) {
		states[i].dwEventState = fake.event;
		states[i].cbAtr = fake.atr_size;
		memcpy(states[i].rgbAtr, fake.atr, sizeof(fake.atr));
	}
	if (fake.event_next != 0)
		fake.event = fake.event_next;
	return code;
}

LONG
SCardConnect(SCARDCONTEXT context, LPCSTR reader, DWORD share, DWORD protocols,
	     LPSCARDHANDLE card, LPDWORD protocol)
{
	LONG code = play(CALL_CONNECT);

	assert_int_equal(context, CONTEXT);
	assert_true(fake.contexts > 0);
	assert_string_equal(reader, "Reader 0");
	assert_int_equal(share, SCARD_SHARE_SHARED);
	assert_int_equal(protocols, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1);
	if (code != SCARD_S_SUCCESS)
		return code;
	fake.cards++;
	*card = CARD;
	*protocol = fake.protocol;
	return code;
}

LONG
SCardReconnect(SCARDHANDLE card, DWORD share, DWORD protocols, DWORD how,
	       LPDWORD protocol)
{
	LONG code = play(CALL_RECONNECT);

	assert_int_equal(card, CARD);
	assert_int_equal(share, SCARD_SHARE_SHARED);
	assert_int_equal(protocols, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1);
	assert_int_equal(how, SCARD_LEAVE_CARD);
	if (code == SCARD_S_SUCCESS)
		*protocol = fake.protocol;
	return code;
}

LONG
SCardDisconnect(SCARDHANDLE card, DWORD how)
{
	assert_int_equal(card, CARD);
	assert_int_equal(how, SCARD_LEAVE_CARD);
	assert_true(fake.cards > 0);
	fake.cards--;
	fake.transactions = 0;
	return play(CALL_DISCONNECT);
}

LONG
SCardBeginTransaction(SCARDHANDLE card)
{
	LONG code = play(CALL_BEGIN);

	assert_int_equal(card, CARD);
	assert_true(fake.cards > 0);
	if (code == SCARD_S_SUCCESS)
		fake.transactions++;
	return code;
}

LONG
SCardEndTransaction(SCARDHANDLE card, DWORD how)
{
	LONG code = play(CALL_END);

	assert_int_equal(card, CARD);
	assert_int_equal(how, SCARD_LEAVE_CARD);
	assert_int_equal(fake.transactions, 1);
	if (code == SCARD_S_SUCCESS)
		fake.transactions--;
	return code;
}

LONG
SCardTransmit(SCARDHANDLE card, const SCARD_IO_REQUEST *pci, LPCBYTE sent,
	      DWORD sent_size, SCARD_IO_REQUEST *got, LPBYTE received,
	      LPDWORD received_size)
{
	LONG code = play(CALL_TRANSMIT);

	assert_int_equal(fake.transactions, 1);
	assert_true(sent_size <= sizeof(fake.sent));
	assert_true(*received_size >= APDU_ANSWER_MAX + 2);
	memcpy(fake.sent, sent, sent_size);
	fake.sent_size = sent_size;
	fake.sent_at = sent;
	fake.sent_protocol = (DWORD)pci->dwProtocol;
	fake.received_at = received;
	memcpy(received, fake.reply, fake.reply_size);
	if (code == SCARD_S_SUCCESS)
		*received_size = (DWORD)fake.reply_size;
	return code;
}

static LONG
control_tell(const uint8_t *text, size_t text_size, LPVOID out, LPDWORD got)
{
	if (text == NULL)
		return SCARD_E_UNSUPPORTED_FEATURE;
	memcpy(out, text, text_size);
	*got = (DWORD)text_size;
	return SCARD_S_SUCCESS;
}

LONG
SCardControl(SCARDHANDLE card, DWORD code, LPCVOID in, DWORD in_size,
	     LPVOID out, DWORD room, LPDWORD got)
{
	LONG result = play(CALL_CONTROL);

	assert_int_equal(card, CARD);
	assert_int_equal(fake.transactions, 1);
	assert_true(room >= 264);
	if (code == FAKE_ASK_FEATURES)
		return control_tell(fake.features, fake.features_size, out,
				    got);
	if (code == FAKE_ASK_PROPERTIES)
		return control_tell(fake.properties, fake.properties_size, out,
				    got);
	assert_true(in_size <= sizeof(fake.sent));
	memcpy(fake.sent, in, in_size);
	fake.sent_size = in_size;
	fake.controlled = code;
	if (result != SCARD_S_SUCCESS)
		return result;
	memcpy(out, fake.reply, fake.reply_size);
	*got = (DWORD)fake.reply_size;
	return SCARD_S_SUCCESS;
}

LONG
SCardCancel(SCARDCONTEXT context)
{
	assert_int_equal(context, CONTEXT);
	return play(CALL_CANCEL);
}

int
pthread_cond_timedwait(pthread_cond_t *ended, pthread_mutex_t *lock,
		       const struct timespec *until)
{
	fake.pauses++;
	return ETIMEDOUT;
}

int
nanosleep(const struct timespec *pause, struct timespec *left)
{
	fake.pauses++;
	return 0;
}

void
log_line(enum log_level level, const char *format, ...)
{
	va_list arguments;

	fake.lines[level]++;
	va_start(arguments, format);
	(void)vsnprintf(fake.line, sizeof(fake.line), format, arguments);
	va_end(arguments);
}

void
log_apdu(const char *reader, struct cursor command, struct cursor answer)
{
	fake.apdus++;
}
