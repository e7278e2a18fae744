/* The border to the PC/SC service: contexts, and what its codes mean. */
#include "context.h"

/*
 * The one table from SCARD_* to CKR_* (PC/SC part 5, 3.1.4). Codes are compared
 * by their macros: where long has 64 bits, pcsc-lite's are positive.
 */
static const struct scard_code scard_codes[] = {
	{ SCARD_S_SUCCESS, CKR_OK, FATE_NONE, "no error" },

	/* The card has gone, or its reader, or the service. */
	{ SCARD_W_REMOVED_CARD, CKR_DEVICE_REMOVED, FATE_REMOVED,
	  "the card was removed: insert it again" },
	{ SCARD_E_NO_SMARTCARD, CKR_DEVICE_REMOVED, FATE_REMOVED,
	  "no card is in the reader: insert it" },
	{ SCARD_E_UNKNOWN_READER, CKR_DEVICE_REMOVED, FATE_REMOVED,
	  "the reader was unplugged: plug it in again" },
	{ SCARD_E_READER_UNAVAILABLE, CKR_DEVICE_REMOVED, FATE_REMOVED,
	  "the reader stopped answering: plug it in again" },
	{ SCARD_E_NO_READERS_AVAILABLE, CKR_DEVICE_REMOVED, FATE_REMOVED,
	  "pcscd has no reader: plug one in; if one is, it lacks a driver "
	  "(install the package of libccid)" },
	{ SCARD_E_NO_SERVICE, CKR_DEVICE_REMOVED, FATE_SERVICE,
	  "pcscd is not running: systemctl start pcscd.socket" },
	{ SCARD_E_SERVICE_STOPPED, CKR_DEVICE_REMOVED, FATE_SERVICE,
	  "libpcsclite and pcscd differ in protocol version, or pcscd is just "
	  "stopping: install both in one version and restart pcscd" },
	{ SCARD_P_SHUTDOWN, CKR_DEVICE_REMOVED, FATE_SERVICE,
	  "pcscd is shutting down: systemctl restart pcscd.socket" },

	/* The card is there, but its state or our handle is gone. */
	{ SCARD_W_RESET_CARD, CKR_DEVICE_ERROR, FATE_RESET,
	  "another program reset the card: try again" },
	{ SCARD_E_INVALID_HANDLE, CKR_DEVICE_ERROR, FATE_HANDLE,
	  "pcscd does not know this connection any more: try again" },
	{ SCARD_E_SHARING_VIOLATION, CKR_DEVICE_ERROR, FATE_BUSY,
	  "another program holds the card for itself: end it (GnuPG: "
	  "gpgconf --kill scdaemon) or let it share (scdaemon.conf: "
	  "pcsc-shared)" },

	/* The card does not talk. */
	{ SCARD_W_UNRESPONSIVE_CARD, CKR_DEVICE_ERROR, FATE_NONE,
	  "the card does not answer: insert it the other way round, or "
	  "clean its contacts" },
	{ SCARD_W_UNPOWERED_CARD, CKR_DEVICE_ERROR, FATE_NONE,
	  "the card has no power: insert it again" },
	{ SCARD_W_UNSUPPORTED_CARD, CKR_DEVICE_ERROR, FATE_NONE,
	  "the reader cannot work with this card: try another reader" },
	{ SCARD_E_CARD_UNSUPPORTED, CKR_DEVICE_ERROR, FATE_NONE,
	  "the reader cannot work with this card: try another reader" },
	{ SCARD_E_PROTO_MISMATCH, CKR_DEVICE_ERROR, FATE_NONE,
	  "the card speaks neither T=0 nor T=1, or another program fixed its "
	  "protocol: end that program" },
	{ SCARD_E_INVALID_ATR, CKR_DEVICE_ERROR, FATE_NONE,
	  "the card's first answer is malformed: insert it again" },
	{ SCARD_E_NOT_TRANSACTED, CKR_DEVICE_ERROR, FATE_NONE,
	  "the card did not answer the command: insert it again" },
	{ SCARD_E_COMM_DATA_LOST, CKR_DEVICE_ERROR, FATE_NONE,
	  "the reader lost touch with the card: insert it again" },
	{ SCARD_E_TIMEOUT, CKR_DEVICE_ERROR, FATE_NONE,
	  "the card took too long: insert it again" },
	{ SCARD_E_NOT_READY, CKR_DEVICE_ERROR, FATE_NONE,
	  "the reader is not ready: try again, or plug it in again" },
	{ SCARD_E_READER_UNSUPPORTED, CKR_DEVICE_ERROR, FATE_NONE,
	  "the reader's driver lacks what is needed: update libccid" },

	/* The service says no; it may hang up on us as it does. */
	{ SCARD_W_SECURITY_VIOLATION, CKR_DEVICE_ERROR, FATE_HANDLE,
	  "access to pcscd denied by polkit: allow this user the actions "
	  "org.debian.pcsc-lite.access_pcsc and access_card" },
	{ SCARD_F_COMM_ERROR, CKR_DEVICE_ERROR, FATE_HANDLE,
	  "pcscd hung up, as it does when polkit denies access: allow this "
	  "user the actions org.debian.pcsc-lite.access_pcsc and access_card" },
	{ SCARD_E_NO_ACCESS, CKR_DEVICE_ERROR, FATE_NONE,
	  "access to pcscd denied: see its socket's permissions" },
	{ SCARD_E_SERVER_TOO_BUSY, CKR_DEVICE_ERROR, FATE_NONE,
	  "pcscd has too many clients: end some, or see its --max-thread" },
	{ SCARD_E_NO_MEMORY, CKR_HOST_MEMORY, FATE_NONE,
	  "pcscd or this program is short of memory, or pcscd has too many "
	  "clients: end some" },
	{ SCARD_E_CANCELLED, CKR_DEVICE_ERROR, FATE_NONE,
	  "the call was cancelled" },
	{ SCARD_E_SYSTEM_CANCELLED, CKR_DEVICE_ERROR, FATE_NONE,
	  "the system is going down or to sleep: try again" },
	{ SCARD_E_UNSUPPORTED_FEATURE, CKR_DEVICE_ERROR, FATE_NONE,
	  "pcscd or the reader's driver does not offer this: update them" },

	/* What the service should not say; mostly a bug, of ours or its own. */
	{ SCARD_E_INSUFFICIENT_BUFFER, CKR_DEVICE_ERROR, FATE_NONE,
	  "the answer is longer than any APDU: card or driver is faulty" },
	{ SCARD_E_PCI_TOO_SMALL, CKR_DEVICE_ERROR, FATE_NONE,
	  "pcscd refused the protocol header: update pcscd" },
	{ SCARD_E_INVALID_PARAMETER, CKR_DEVICE_ERROR, FATE_NONE,
	  "pcscd refused a parameter: update pcscd and libpcsclite together" },
	{ SCARD_E_INVALID_VALUE, CKR_DEVICE_ERROR, FATE_NONE,
	  "pcscd refused a value: update pcscd and libpcsclite together" },
	{ SCARD_F_INTERNAL_ERROR, CKR_DEVICE_ERROR, FATE_NONE,
	  "pcscd failed: see its log, then systemctl restart pcscd" },
	{ SCARD_F_UNKNOWN_ERROR, CKR_DEVICE_ERROR, FATE_NONE,
	  "the reader's driver failed: plug the reader in again" },
};

static const struct scard_code scard_unknown = {
	.rv = CKR_DEVICE_ERROR,
	.fate = FATE_NONE,
	.text = "pcscd gave a code that we do not know: see its log",
};

const struct scard_code *
scard_find(LONG code)
{
	size_t count = sizeof(scard_codes) / sizeof(scard_codes[0]);

	for (size_t i = 0; i < count; i++) {
		if (scard_codes[i].code == code)
			return &scard_codes[i];
	}
	return &scard_unknown;
}

unsigned
scard_number(LONG code)
{
	return (unsigned)((unsigned long)code & 0xFFFFFFFF);
}

LONG
context_answer(LONG code)
{
	if (code == SCARD_W_SECURITY_VIOLATION || code == SCARD_F_COMM_ERROR)
		return SCARD_E_NO_SERVICE;
	return code;
}

LONG
context_open(struct context *c)
{
	LONG code;

	if (c->open)
		return SCARD_S_SUCCESS;
	code = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL,
				     &c->handle);
	c->open = code == SCARD_S_SUCCESS;
	return code;
}

void
context_close(struct context *c)
{
	if (!c->open)
		return;
	/* It fails when the service died, and forgets the context even so. */
	(void)SCardReleaseContext(c->handle);
	c->open = false;
}

uint16_t
event_counter(const SCARD_READERSTATE *state)
{
	return (uint16_t)(state->dwEventState >> 16);
}

struct cursor
event_atr(const SCARD_READERSTATE *state)
{
	bool known = (state->dwEventState & SCARD_STATE_PRESENT) &&
		     state->cbAtr <= sizeof(state->rgbAtr);

	return cursor_of(state->rgbAtr, known ? state->cbAtr : 0);
}
