/* The module is started, its token found or made, and logged in to. */
#include "bench.h"

/* NSS reads LibraryParameters where others read pReserved, and one more. */
static struct {
	CK_C_INITIALIZE_ARGS arguments;
	void *more;
} start;

enum { SLOTS_MAX = 64 };

CK_RV
module_start(void)
{
	memset(&start, 0, sizeof start);
	start.arguments.flags = CKF_OS_LOCKING_OK;
	start.arguments.pReserved = (void *)options.init_args;
	return run.p11->C_Initialize(&start);
}

void
text_unpad(char *out, const CK_UTF8CHAR *field, size_t size)
{
	memcpy(out, field, size);
	out[size] = 0;
	while (size && out[size - 1] == ' ')
		out[--size] = 0;
}

CK_RV
slots_list(CK_SLOT_ID *ids, CK_ULONG *count)
{
	*count = SLOTS_MAX;
	return run.p11->C_GetSlotList(CK_TRUE, ids, count);
}

static bool
is_wanted(const CK_TOKEN_INFO *info)
{
	char label[33];
	text_unpad(label, info->label, sizeof info->label);
	if (options.token)
		return !strcmp(label, options.token);
	return info->flags & CKF_USER_PIN_INITIALIZED;
}

CK_RV
slot_find(void)
{
	CK_SLOT_ID ids[SLOTS_MAX];
	CK_ULONG count;
	CK_TOKEN_INFO info;
	CK_RV rv = slots_list(ids, &count);
	if (rv != CKR_OK)
		return rv;
	for (CK_ULONG i = 0; i < count; i++) {
		if (run.p11->C_GetTokenInfo(ids[i], &info) != CKR_OK ||
		    !is_wanted(&info))
			continue;
		run.slot = ids[i];
		return CKR_OK;
	}
	return CKR_TOKEN_NOT_PRESENT;
}

static CK_RV
token_init(CK_SLOT_ID slot, const char *name)
{
	CK_UTF8CHAR label[32];
	CK_UTF8CHAR *so_pin = (CK_UTF8CHAR *)options.so_pin;
	CK_ULONG size = strlen(options.so_pin);
	CK_SESSION_HANDLE session;
	memset(label, ' ', sizeof label);
	memcpy(label, name, strnlen(name, sizeof label));
	CK_RV rv = run.p11->C_InitToken(slot, so_pin, size, label);
	if (rv != CKR_OK)
		return rv;
	rv = run.p11->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION,
				    NULL, NULL, &session);
	if (rv != CKR_OK)
		return rv;
	rv = run.p11->C_Login(session, CKU_SO, so_pin, size);
	if (rv == CKR_OK)
		rv = run.p11->C_InitPIN(session, (CK_UTF8CHAR *)options.pin,
					strlen(options.pin));
	run.p11->C_Logout(session);
	run.p11->C_CloseSession(session);
	return rv;
}

/* Initialises the first blank token. */
CK_RV
token_make(void)
{
	CK_SLOT_ID ids[SLOTS_MAX];
	CK_ULONG count;
	CK_TOKEN_INFO info;
	CK_RV rv = slots_list(ids, &count);
	if (rv != CKR_OK)
		return rv;
	if (!options.token)
		options.token = "p11bench";
	for (CK_ULONG i = 0; i < count; i++)
		if (run.p11->C_GetTokenInfo(ids[i], &info) == CKR_OK &&
		    !(info.flags & CKF_TOKEN_INITIALIZED))
			return token_init(ids[i], options.token);
	return CKR_TOKEN_NOT_PRESENT;
}

CK_RV
token_login(void)
{
	CK_FLAGS flags = CKF_SERIAL_SESSION | CKF_RW_SESSION;
	CK_RV rv = run.p11->C_OpenSession(run.slot, flags, NULL, NULL,
					  &run.session);
	if (rv != CKR_OK)
		return rv;
	rv = run.p11->C_Login(run.session, CKU_USER, (CK_UTF8CHAR *)options.pin,
			      strlen(options.pin));
	run.work = run.session;
	return rv == CKR_USER_ALREADY_LOGGED_IN ? CKR_OK : rv;
}
