/*
 * Counts the calls of any PC/SC client: preloaded, it stands in for
 * libpcsclite and passes everything on.
 *
 * Its SONAME is libpcsclite.so.1, so that it also catches clients that open
 * the library by that name with dlopen().
 *
 *   PCSCCOUNT_LOG=file   one line per call: name, code, microseconds, and the
 *                        APDU and its answer in hexadecimal
 *   PCSCCOUNT_OUT=file   one line at the end: the calls that were made
 *   pcsccount(name)      for a test in the same process: calls so far
 */
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <winscard.h>

#define EXPORTED __attribute__((visibility("default")))

enum call {
	CALL_EstablishContext,
	CALL_ReleaseContext,
	CALL_IsValidContext,
	CALL_Connect,
	CALL_Reconnect,
	CALL_Disconnect,
	CALL_BeginTransaction,
	CALL_EndTransaction,
	CALL_Status,
	CALL_GetStatusChange,
	CALL_Control,
	CALL_Transmit,
	CALL_ListReaders,
	CALL_ListReaderGroups,
	CALL_FreeMemory,
	CALL_Cancel,
	CALL_GetAttrib,
	CALL_SetAttrib,
	CALLS
};

static const char *const names[CALLS] = {
	[CALL_EstablishContext] = "EstablishContext",
	[CALL_ReleaseContext] = "ReleaseContext",
	[CALL_IsValidContext] = "IsValidContext",
	[CALL_Connect] = "Connect",
	[CALL_Reconnect] = "Reconnect",
	[CALL_Disconnect] = "Disconnect",
	[CALL_BeginTransaction] = "BeginTransaction",
	[CALL_EndTransaction] = "EndTransaction",
	[CALL_Status] = "Status",
	[CALL_GetStatusChange] = "GetStatusChange",
	[CALL_Control] = "Control",
	[CALL_Transmit] = "Transmit",
	[CALL_ListReaders] = "ListReaders",
	[CALL_ListReaderGroups] = "ListReaderGroups",
	[CALL_FreeMemory] = "FreeMemory",
	[CALL_Cancel] = "Cancel",
	[CALL_GetAttrib] = "GetAttrib",
	[CALL_SetAttrib] = "SetAttrib",
};

static atomic_ulong counts[CALLS];
static void *library;
static FILE *calls_log;

EXPORTED const SCARD_IO_REQUEST g_rgSCardT0Pci = { SCARD_PROTOCOL_T0,
						   sizeof(SCARD_IO_REQUEST) };
EXPORTED const SCARD_IO_REQUEST g_rgSCardT1Pci = { SCARD_PROTOCOL_T1,
						   sizeof(SCARD_IO_REQUEST) };
EXPORTED const SCARD_IO_REQUEST g_rgSCardRawPci = { SCARD_PROTOCOL_RAW,
						    sizeof(SCARD_IO_REQUEST) };

EXPORTED unsigned long pcsccount(const char *name);

__attribute__((constructor)) static void
count_start(void)
{
	const char *path = getenv("PCSCCOUNT_LOG");

	library = dlopen(PCSCLITE_PATH, RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		(void)fprintf(stderr, "pcsccount: %s\n", dlerror());
		_exit(99);
	}
	if (path)
		calls_log = fopen(path, "ae");
}

__attribute__((destructor)) static void
count_stop(void)
{
	const char *path = getenv("PCSCCOUNT_OUT");
	FILE *out = path ? fopen(path, "ae") : NULL;

	if (!out)
		return;
	(void)fprintf(out, "pid %d:", (int)getpid());
	for (size_t i = 0; i < CALLS; i++) {
		if (counts[i])
			(void)fprintf(out, " %s=%lu", names[i], counts[i]);
	}
	(void)fputc('\n', out);
	(void)fclose(out);
}

unsigned long
pcsccount(const char *name)
{
	for (size_t i = 0; i < CALLS; i++) {
		if (strcmp(names[i], name) == 0)
			return counts[i];
	}
	abort();
}

static unsigned long
now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (unsigned long)t.tv_sec * 1000000 +
	       (unsigned long)t.tv_nsec / 1000;
}

static void *
real_find(const char *name)
{
	void *found = dlsym(library, name);

	if (!found)
		abort();
	return found;
}

static LONG
call_note(enum call call, LONG code, unsigned long since)
{
	counts[call]++;
	if (calls_log) {
		(void)fprintf(calls_log, "%s %08lX %lu us\n", names[call],
			      (unsigned long)code & 0xFFFFFFFF,
			      now_us() - since);
		(void)fflush(calls_log);
	}
	return code;
}

static void
bytes_note(const char *mark, const BYTE *bytes, DWORD size)
{
	if (!calls_log)
		return;
	(void)fputs(mark, calls_log);
	for (DWORD i = 0; i < size; i++)
		(void)fprintf(calls_log, "%02X", bytes[i]);
	(void)fputc('\n', calls_log);
}

/* Defines a function that is passed on as it is. */
#define PASS(name, parameters, arguments)                             \
	EXPORTED LONG SCard##name parameters                          \
	{                                                             \
		LONG(*real) parameters;                               \
		unsigned long since = now_us();                       \
                                                                      \
		*(void **)&real = real_find("SCard" #name);           \
		return call_note(CALL_##name, real arguments, since); \
	}

PASS(EstablishContext, (DWORD a, LPCVOID b, LPCVOID c, LPSCARDCONTEXT d),
     (a, b, c, d))
PASS(ReleaseContext, (SCARDCONTEXT a), (a))
PASS(IsValidContext, (SCARDCONTEXT a), (a))
PASS(Connect,
     (SCARDCONTEXT a, LPCSTR b, DWORD c, DWORD d, LPSCARDHANDLE e, LPDWORD f),
     (a, b, c, d, e, f))
PASS(Reconnect, (SCARDHANDLE a, DWORD b, DWORD c, DWORD d, LPDWORD e),
     (a, b, c, d, e))
PASS(Disconnect, (SCARDHANDLE a, DWORD b), (a, b))
PASS(BeginTransaction, (SCARDHANDLE a), (a))
PASS(EndTransaction, (SCARDHANDLE a, DWORD b), (a, b))
PASS(Status,
     (SCARDHANDLE a, LPSTR b, LPDWORD c, LPDWORD d, LPDWORD e, LPBYTE f,
      LPDWORD g),
     (a, b, c, d, e, f, g))
PASS(GetStatusChange, (SCARDCONTEXT a, DWORD b, SCARD_READERSTATE *c, DWORD d),
     (a, b, c, d))
PASS(Control,
     (SCARDHANDLE a, DWORD b, LPCVOID c, DWORD d, LPVOID e, DWORD f, LPDWORD g),
     (a, b, c, d, e, f, g))
PASS(ListReaders, (SCARDCONTEXT a, LPCSTR b, LPSTR c, LPDWORD d), (a, b, c, d))
PASS(ListReaderGroups, (SCARDCONTEXT a, LPSTR b, LPDWORD c), (a, b, c))
PASS(FreeMemory, (SCARDCONTEXT a, LPCVOID b), (a, b))
PASS(Cancel, (SCARDCONTEXT a), (a))
PASS(GetAttrib, (SCARDHANDLE a, DWORD b, LPBYTE c, LPDWORD d), (a, b, c, d))
PASS(SetAttrib, (SCARDHANDLE a, DWORD b, LPCBYTE c, DWORD d), (a, b, c, d))

EXPORTED LONG
SCardTransmit(SCARDHANDLE card, const SCARD_IO_REQUEST *pci, LPCBYTE sent,
	      DWORD sent_size, SCARD_IO_REQUEST *got, LPBYTE received,
	      LPDWORD received_size)
{
	LONG (*real)
	(SCARDHANDLE, const SCARD_IO_REQUEST *, LPCBYTE, DWORD,
	 SCARD_IO_REQUEST *, LPBYTE, LPDWORD);
	unsigned long since = now_us();
	LONG code;

	*(void **)&real = real_find("SCardTransmit");
	code = real(card, pci, sent, sent_size, got, received, received_size);
	bytes_note("> ", sent, sent_size);
	if (code == SCARD_S_SUCCESS)
		bytes_note("< ", received, *received_size);
	return call_note(CALL_Transmit, code, since);
}

EXPORTED const char *
pcsc_stringify_error(const LONG code)
{
	const char *(*real)(LONG);

	*(void **)&real = real_find("pcsc_stringify_error");
	return real(code);
}
