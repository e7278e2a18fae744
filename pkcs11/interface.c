/* The three function lists, and how an application gets at them (5.4). */
#include <string.h>

#include "cryptoki.h"

#define ENTRY(name, parameters) .name = name,

static const CK_FUNCTION_LIST list_2_40 = { .version = { 2, 40 },
					    CK_FUNCTIONS_2_40(ENTRY) };

static const CK_FUNCTION_LIST_3_0 list_3_0 = {
	.version = { 3, 0 }, CK_FUNCTIONS_2_40(ENTRY) CK_FUNCTIONS_3_0(ENTRY)
};

static const CK_FUNCTION_LIST_3_2 list_3_2 = {
	.version = { 3, 2 },
	CK_FUNCTIONS_2_40(ENTRY) CK_FUNCTIONS_3_0(ENTRY) CK_FUNCTIONS_3_2(ENTRY)
};

#undef ENTRY

static const CK_UTF8CHAR name_standard[] = "PKCS 11";

/*
 * The default comes first. Cryptoki's structures are not const, what they
 * point to is. CKF_INTERFACE_FORK_SAFE would promise that a forked child keeps
 * sessions and logins; it does not.
 */
static const CK_INTERFACE interfaces[] = {
	{ (CK_UTF8CHAR *)name_standard, (void *)&list_3_2, 0 },
	{ (CK_UTF8CHAR *)name_standard, (void *)&list_3_0, 0 },
	{ (CK_UTF8CHAR *)name_standard, (void *)&list_2_40, 0 },
};

enum { INTERFACES = sizeof(interfaces) / sizeof(interfaces[0]) };

CK_RV
C_GetFunctionList(CK_FUNCTION_LIST **list)
{
	if (list == NULL)
		return CKR_ARGUMENTS_BAD;
	*list = (CK_FUNCTION_LIST *)&list_2_40;
	return CKR_OK;
}

CK_RV
C_GetInterfaceList(CK_INTERFACE *list, CK_ULONG *count)
{
	CK_ULONG room, i;

	if (count == NULL)
		return CKR_ARGUMENTS_BAD;
	room = *count;
	*count = INTERFACES;
	if (list == NULL)
		return CKR_OK;
	if (room < INTERFACES)
		return CKR_BUFFER_TOO_SMALL;
	for (i = 0; i < INTERFACES; i++)
		list[i] = interfaces[i];
	return CKR_OK;
}

static int
is_wanted(const CK_INTERFACE *interface, const CK_UTF8CHAR *name,
	  const CK_VERSION *version, CK_FLAGS flags)
{
	const CK_VERSION *own = interface->pFunctionList;

	if (name != NULL &&
	    strcmp((const char *)name, (const char *)name_standard) != 0)
		return 0;
	if (version != NULL &&
	    (version->major != own->major || version->minor != own->minor))
		return 0;
	return (interface->flags & flags) == flags;
}

/* None that matches is CKR_ARGUMENTS_BAD: the clause names nothing better. */
CK_RV
C_GetInterface(CK_UTF8CHAR *name, CK_VERSION *version, CK_INTERFACE **interface,
	       CK_FLAGS flags)
{
	CK_ULONG i;

	if (interface == NULL)
		return CKR_ARGUMENTS_BAD;
	for (i = 0; i < INTERFACES; i++) {
		if (is_wanted(&interfaces[i], name, version, flags)) {
			*interface = (CK_INTERFACE *)&interfaces[i];
			return CKR_OK;
		}
	}
	return CKR_ARGUMENTS_BAD;
}
