/* The token that gets the objects, through C_* of any PKCS#11 module. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "import.h"

enum { SLOTS_MAX = 256, NAMING_MAX = 5 };

static bool
module_open(struct target *t, const char *path)
{
	CK_RV (*get)(CK_FUNCTION_LIST_PTR_PTR);
	CK_C_INITIALIZE_ARGS arguments = { .flags = CKF_OS_LOCKING_OK };
	t->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!t->library) {
		complain("%s", dlerror());
		return false;
	}
	*(void **)&get = dlsym(t->library, "C_GetFunctionList");
	if (!get || get(&t->p11) != CKR_OK) {
		complain("%s is no PKCS#11 module", path);
		return false;
	}
	CK_RV rv = t->p11->C_Initialize(&arguments);
	t->initialized = rv == CKR_OK;
	if (rv != CKR_OK)
		complain("%s: C_Initialize failed: 0x%lx", path, rv);
	return rv == CKR_OK;
}

static bool
is_wanted(struct target *t, CK_SLOT_ID slot, const struct target_wish *wish)
{
	CK_TOKEN_INFO info;
	CK_UTF8CHAR label[sizeof info.label];
	if (wish->slot && slot != strtoul(wish->slot, NULL, 0))
		return false;
	if (!wish->token)
		return true;
	text_pad(label, sizeof label,
		 cursor_of(wish->token, strlen(wish->token)));
	return t->p11->C_GetTokenInfo(slot, &info) == CKR_OK &&
	       mem_equal(info.label, label, sizeof label);
}

static bool
slot_find(struct target *t, const struct target_wish *wish, CK_SLOT_ID *slot)
{
	CK_SLOT_ID slots[SLOTS_MAX];
	CK_ULONG count = SLOTS_MAX, found = 0;
	CK_RV rv = t->p11->C_GetSlotList(CK_TRUE, slots, &count);
	if (rv != CKR_OK) {
		complain("C_GetSlotList failed: 0x%lx", rv);
		return false;
	}
	for (CK_ULONG i = 0; i < count; i++) {
		if (!is_wanted(t, slots[i], wish))
			continue;
		*slot = slots[i];
		found++;
	}
	if (found == 1)
		return true;
	complain(found ? "several tokens fit: say --slot NUMBER"
		       : "there is no such token");
	return false;
}

static bool
login(struct target *t, CK_SLOT_ID slot, const struct target_wish *wish)
{
	CK_TOKEN_INFO info;
	struct secret *pin = NULL;
	CK_RV rv = t->p11->C_GetTokenInfo(slot, &info);
	if (rv == CKR_OK && !(info.flags & CKF_LOGIN_REQUIRED))
		return true;
	if (rv == CKR_OK && (info.flags & CKF_PROTECTED_AUTHENTICATION_PATH)) {
		rv = t->p11->C_Login(t->session, CKU_USER, NULL, 0);
	} else if (rv == CKR_OK) {
		pin = pin_get(&wish->pin);
		if (!pin)
			return false;
		rv = t->p11->C_Login(t->session, CKU_USER,
				     (CK_UTF8CHAR *)secret_data(pin),
				     secret_size(pin));
	}
	secret_free(pin);
	if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN)
		return true;
	complain("login to the token failed: %s (0x%lx)",
		 rv == CKR_PIN_INCORRECT ? "the PIN is wrong"
		 : rv == CKR_PIN_LOCKED	 ? "the PIN is locked"
					 : "C_Login",
		 rv);
	return false;
}

bool
target_open(struct target *t, const struct target_wish *wish)
{
	CK_SLOT_ID slot = 0;
	*t = (struct target){ 0 };
	if (!module_open(t, wish->module) || !slot_find(t, wish, &slot))
		return false;
	CK_RV rv =
		t->p11->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION,
				      NULL, NULL, &t->session);
	if (rv != CKR_OK) {
		complain("no session that may write: 0x%lx", rv);
		return false;
	}
	return login(t, slot, wish);
}

void
target_close(struct target *t)
{
	if (t->initialized)
		t->p11->C_Finalize(NULL);
	if (t->library)
		dlclose(t->library);
	*t = (struct target){ 0 };
}

static bool
is_there(struct target *t, CK_ATTRIBUTE *list, CK_ULONG count)
{
	CK_OBJECT_HANDLE object;
	CK_ULONG found = 0;
	if (t->p11->C_FindObjectsInit(t->session, list, count) != CKR_OK)
		return false;
	if (t->p11->C_FindObjects(t->session, &object, 1, &found) != CKR_OK)
		found = 0;
	t->p11->C_FindObjectsFinal(t->session);
	return found > 0;
}

/* Appends the attribute when the object has it and it is not empty. */
static bool
add(const struct item *item, CK_ATTRIBUTE_TYPE type, CK_ATTRIBUTE *list,
    CK_ULONG *count)
{
	const struct attr *attr = attrs_find(&item->attrs, type);
	if (!attr || !item_keeps(item, attr))
		return false;
	list[(*count)++] = (CK_ATTRIBUTE){ type, attr->value, attr->size };
	return true;
}

/* What two objects of a class cannot have in common without being the same,
 * as far as a token tells it. */
static CK_ATTRIBUTE_TYPE
identity(const struct item *item)
{
	switch (attrs_ulong(&item->attrs, CKA_CLASS, CKO_VENDOR_DEFINED)) {
	case CKO_CERTIFICATE:
	case CKO_DATA:
		return CKA_VALUE;
	case CKO_PUBLIC_KEY:
		if (attrs_find(&item->attrs, CKA_EC_POINT))
			return CKA_EC_POINT;
		return CKA_MODULUS;
	default:
		return CKA_MODULUS;
	}
}

enum target_state
target_look(struct target *t, const struct item *item)
{
	CK_ATTRIBUTE list[NAMING_MAX];
	CK_ULONG count = 0;
	add(item, CKA_CLASS, list, &count);
	add(item, CKA_KEY_TYPE, list, &count);
	bool named = add(item, CKA_ID, list, &count);
	named = add(item, CKA_LABEL, list, &count) || named;
	bool known = add(item, identity(item), list, &count);
	if ((!named && !known) || !is_there(t, list, count))
		return TARGET_LACKS;
	return known ? TARGET_HAS : TARGET_HAS_OTHER;
}

CK_RV
target_create(struct target *t, const struct item *item)
{
	CK_BBOOL yes = CK_TRUE;
	CK_OBJECT_HANDLE object;
	CK_ULONG count = 0;
	CK_ATTRIBUTE *list = calloc(item->attrs.count + 1, sizeof *list);
	if (!list)
		return CKR_HOST_MEMORY;
	list[count++] = (CK_ATTRIBUTE){ CKA_TOKEN, &yes, sizeof yes };
	for (size_t i = 0; i < item->attrs.count; i++) {
		const struct attr *attr = &item->attrs.list[i];
		if (item_keeps(item, attr))
			list[count++] = (CK_ATTRIBUTE){ attr->type, attr->value,
							attr->size };
	}
	CK_RV rv = t->p11->C_CreateObject(t->session, list, count, &object);
	free(list);
	return rv;
}
