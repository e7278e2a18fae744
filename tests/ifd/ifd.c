/*
 * A reader driver for the real pcscd with the faults and features that the
 * virtual reader lacks: a keypad, T=0, no extended length, stalls.
 *
 *   SIGNET_IFD=LIST      of: pinpad, modify, display, narrow, t0, short,
 *                        max:N
 *                        short: refuses extended length without telling;
 *                        max:N: tells N as dwMaxAPDUDataSize, 0 is short;
 *                        narrow: takes PINs of 7 to 7 digits
 *   SIGNET_IFD_PINS=FILE what is typed, a line for each PIN: 123456, timeout,
 *                        cancel, differ; a change takes old and new
 *   SIGNET_IFD_DIGITS=HH the wPINMaxExtraDigit that we must get, 0608
 *   SIGNET_IFD_STALL=FILE while it is there, the next command fails on the bus
 *                        and takes the file away
 */
#include <ifdhandler.h>
#include <reader.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "keypad.h"
#include "wire.h"

#define EXPORTED __attribute__((visibility("default")))

enum {
	SLOTS = 2,	 /* as the virtual reader has; the second stays empty */
	SHORT_MAX = 261, /* bytes of a short APDU */
	TAG_MAX_APDU = 10,
	STALL_MS = 200,
};

static struct wire wire = { -1, -1 };
static uint8_t atr[MAX_ATR_SIZE];
static DWORD atr_size;
/* T=0: what the card has answered already and nobody fetched. */
static uint8_t held[WIRE_MAX];
static size_t held_size;

static bool
is_set(const char *word)
{
	const char *list = getenv("SIGNET_IFD");

	return list && strstr(list, word);
}

static long
apdu_max(void)
{
	const char *list = getenv("SIGNET_IFD");
	const char *at = list ? strstr(list, "max:") : NULL;

	return at ? strtol(at + 4, NULL, 10) : -1;
}

EXPORTED RESPONSECODE
IFDHCreateChannelByName(DWORD lun, LPSTR name)
{
	const char *port = strrchr(name, ':');

	if (lun & 0xFFFF)
		return IFD_SUCCESS; /* the second slot */
	if (!port || !wire_listen(&wire, (uint16_t)strtoul(port + 1, NULL, 16)))
		return IFD_COMMUNICATION_ERROR;
	return IFD_SUCCESS;
}

EXPORTED RESPONSECODE
IFDHCreateChannel(DWORD lun, DWORD channel)
{
	return IFD_COMMUNICATION_ERROR;
}

EXPORTED RESPONSECODE
IFDHCloseChannel(DWORD lun)
{
	if (!(lun & 0xFFFF))
		wire_close(&wire);
	return IFD_SUCCESS;
}

/* So that a card is seen to come and to go at once, not by polling. */
static RESPONSECODE
presence_wait(DWORD lun, int timeout)
{
	const struct timespec pause = { .tv_nsec = STALL_MS * 1000000L };

	if (lun & 0xFFFF)
		(void)nanosleep(&pause, NULL);
	else
		wire_wait(&wire);
	return IFD_SUCCESS;
}

EXPORTED RESPONSECODE
IFDHGetCapabilities(DWORD lun, DWORD tag, PDWORD size, PUCHAR value)
{
	RESPONSECODE (*const wait)(DWORD, int) = presence_wait;

	switch (tag) {
	case TAG_IFD_ATR:
	case SCARD_ATTR_ATR_STRING:
		if (*size < atr_size)
			return IFD_ERROR_INSUFFICIENT_BUFFER;
		memcpy(value, atr, atr_size);
		*size = atr_size;
		return IFD_SUCCESS;
	case TAG_IFD_POLLING_THREAD_WITH_TIMEOUT:
		if (*size < sizeof(wait))
			return IFD_ERROR_INSUFFICIENT_BUFFER;
		memcpy(value, &wait, sizeof(wait));
		*size = sizeof(wait);
		return IFD_SUCCESS;
	case TAG_IFD_SLOTS_NUMBER:
		*value = SLOTS;
		break;
	case TAG_IFD_SIMULTANEOUS_ACCESS:
		*value = 1;
		break;
	case TAG_IFD_THREAD_SAFE:
	case TAG_IFD_SLOT_THREAD_SAFE:
		*value = 0;
		break;
	default:
		return IFD_ERROR_TAG;
	}
	*size = 1;
	return IFD_SUCCESS;
}

EXPORTED RESPONSECODE
IFDHSetCapabilities(DWORD lun, DWORD tag, DWORD size, PUCHAR value)
{
	return IFD_NOT_SUPPORTED;
}

EXPORTED RESPONSECODE
IFDHSetProtocolParameters(DWORD lun, DWORD protocol, UCHAR flags, UCHAR pts1,
			  UCHAR pts2, UCHAR pts3)
{
	return IFD_SUCCESS;
}

EXPORTED RESPONSECODE
IFDHPowerICC(DWORD lun, DWORD action, PUCHAR answer, PDWORD size)
{
	static uint8_t bytes[WIRE_MAX];
	const uint8_t ask = WIRE_ATR;
	uint8_t how = action == IFD_RESET ? WIRE_RESET : WIRE_ON;
	ssize_t got;

	*size = 0;
	held_size = 0;
	if (action == IFD_POWER_DOWN)
		how = WIRE_OFF;
	if (lun & 0xFFFF || !wire_send(&wire, &how, 1))
		return IFD_COMMUNICATION_ERROR;
	if (action == IFD_POWER_DOWN)
		return IFD_SUCCESS;
	if (!wire_send(&wire, &ask, 1))
		return IFD_COMMUNICATION_ERROR;
	got = wire_receive(&wire, bytes);
	if (got <= 0 || got > MAX_ATR_SIZE)
		return IFD_COMMUNICATION_ERROR;
	atr_size = (DWORD)got;
	memcpy(atr, bytes, atr_size);
	memcpy(answer, atr, atr_size);
	*size = atr_size;
	return IFD_SUCCESS;
}

/* One command to the card and its answer; -1: the card has gone. */
static ssize_t
ask_card(const uint8_t *command, size_t size, uint8_t answer[WIRE_MAX])
{
	if (!wire_send(&wire, command, size))
		return -1;
	return wire_receive(&wire, answer);
}

static ssize_t
word(uint8_t *answer, unsigned sw)
{
	answer[0] = (uint8_t)(sw >> 8);
	answer[1] = (uint8_t)sw;
	return 2;
}

/* GET RESPONSE for what is held; the card's own word comes with the end. */
static ssize_t
held_give(uint8_t le, uint8_t answer[WIRE_MAX])
{
	size_t data = held_size - 2;

	if (le != (uint8_t)data)
		return word(answer, 0x6C00 | (uint8_t)data);
	memcpy(answer, held, held_size);
	held_size = 0;
	return (ssize_t)data + 2;
}

/*
 * T=0 knows no command with data both ways: the answer is announced by 61xx
 * and fetched (ISO/IEC 7816-3, 12.2.1); an Le that does not fit gets 6Cxx.
 */
static ssize_t
transmit_t0(const uint8_t *command, size_t size, uint8_t answer[WIRE_MAX])
{
	uint8_t whole[SHORT_MAX] = { 0 };
	ssize_t got;

	if (size < 5 || size > 5 + 255 || (size > 5 && size != 5u + command[4]))
		return -1;
	if (size == 5 && command[1] == 0xC0 && held_size > 0)
		return held_give(command[4], answer);
	held_size = 0;
	memcpy(whole, command, size);
	/* a case 4 command gets the Le that T=0 has no place for */
	got = ask_card(whole, size > 5 ? size + 1 : size, answer);
	if (got <= 2 || (size == 5 && (uint8_t)(got - 2) == command[4]))
		return got;
	memcpy(held, answer, got);
	held_size = (size_t)got;
	return word(answer,
		    (size > 5 ? 0x6100u : 0x6C00u) | (uint8_t)(got - 2));
}

static bool
stalls(void)
{
	const struct timespec pause = { .tv_nsec = STALL_MS * 1000000L };
	const char *path = getenv("SIGNET_IFD_STALL");

	if (!path || unlink(path))
		return false;
	(void)nanosleep(&pause, NULL);
	return true;
}

static ssize_t
transmit(const uint8_t *command, size_t size, uint8_t answer[WIRE_MAX])
{
	if (size > SHORT_MAX && (is_set("short") || apdu_max() == 0))
		return -1;
	if (is_set("t0"))
		return transmit_t0(command, size, answer);
	return ask_card(command, size, answer);
}

EXPORTED RESPONSECODE
IFDHTransmitToICC(DWORD lun, SCARD_IO_HEADER pci, PUCHAR command, DWORD size,
		  PUCHAR out, PDWORD room, PSCARD_IO_HEADER got_pci)
{
	static uint8_t answer[WIRE_MAX];
	ssize_t got = -1;

	if (!stalls())
		got = transmit(command, size, answer);
	if (got < 0 || (DWORD)got > *room) {
		*room = 0;
		return IFD_COMMUNICATION_ERROR;
	}
	memcpy(out, answer, got);
	*room = (DWORD)got;
	return IFD_SUCCESS;
}

static size_t
feature(uint8_t *out, uint8_t tag)
{
	const uint8_t bytes[] = { tag, 4, 0x42, 0x33, 0, tag };

	memcpy(out, bytes, sizeof(bytes));
	return sizeof(bytes);
}

static size_t
features(uint8_t *out)
{
	size_t used = 0;

	if (is_set("pinpad"))
		used += feature(out + used, FEATURE_VERIFY_PIN_DIRECT);
	if (is_set("modify"))
		used += feature(out + used, FEATURE_MODIFY_PIN_DIRECT);
	return used + feature(out + used, FEATURE_GET_TLV_PROPERTIES);
}

static size_t
properties(uint8_t *out)
{
	const uint8_t layout[] = { 1, 2, 16, is_set("display") ? 2 : 0 };
	const uint8_t pins[] = { 6, 1, is_set("narrow") ? 7 : 4,
				 7, 1, is_set("narrow") ? 7 : 12 };
	long max = apdu_max();
	const uint8_t size[] = { TAG_MAX_APDU,	       4,
				 (uint8_t)max,	       (uint8_t)(max >> 8),
				 (uint8_t)(max >> 16), (uint8_t)(max >> 24) };
	size_t used = 0;

	if (is_set("display")) {
		memcpy(out + used, layout, sizeof(layout));
		used += sizeof(layout);
	}
	memcpy(out + used, pins, sizeof(pins));
	used += sizeof(pins);
	if (max < 0)
		return used;
	memcpy(out + used, size, sizeof(size));
	return used + sizeof(size);
}

EXPORTED RESPONSECODE
IFDHControl(DWORD lun, DWORD code, PUCHAR in, DWORD in_size, PUCHAR out,
	    DWORD room, LPDWORD got)
{
	static uint8_t answer[WIRE_MAX], apdu[SHORT_MAX];
	ssize_t size = 0;

	*got = 0;
	if (lun & 0xFFFF || room < SHORT_MAX)
		return IFD_ERROR_NOT_SUPPORTED;
	switch (code) {
	case CM_IOCTL_GET_FEATURE_REQUEST:
		*got = (DWORD)features(out);
		return IFD_SUCCESS;
	case 0x42330000 + FEATURE_GET_TLV_PROPERTIES:
		*got = (DWORD)properties(out);
		return IFD_SUCCESS;
	case 0x42330000 + FEATURE_VERIFY_PIN_DIRECT:
		size = (ssize_t)keypad_verify(in, in_size, is_set("display"),
					      apdu);
		break;
	case 0x42330000 + FEATURE_MODIFY_PIN_DIRECT:
		size = (ssize_t)keypad_modify(in, in_size, is_set("display"),
					      apdu);
		break;
	default:
		return IFD_ERROR_NOT_SUPPORTED;
	}
	/* a status word of the keypad's own, or a command for the card */
	if (size > 2)
		size = ask_card(apdu, (size_t)size, answer);
	else
		memcpy(answer, apdu, (size_t)size);
	if (size < 0)
		return IFD_COMMUNICATION_ERROR;
	memcpy(out, answer, (size_t)size);
	*got = (DWORD)size;
	return IFD_SUCCESS;
}

EXPORTED RESPONSECODE
IFDHICCPresence(DWORD lun)
{
	if (lun & 0xFFFF || !wire_present(&wire))
		return IFD_ICC_NOT_PRESENT;
	return IFD_ICC_PRESENT;
}
