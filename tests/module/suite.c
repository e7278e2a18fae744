/* What the cases need again and again. */
#include <stdlib.h>
#include <time.h>

#include "suite.h"

struct suite suite;

/* Whether the value tells of the input what others say less exactly. */
static bool
is_of_input(CK_RV rv)
{
	return rv == CKR_MECHANISM_PARAM_INVALID || rv == CKR_DATA_LEN_RANGE ||
	       rv == CKR_DATA_INVALID || rv == CKR_ENCRYPTED_DATA_INVALID ||
	       rv == CKR_ENCRYPTED_DATA_LEN_RANGE ||
	       rv == CKR_CRYPTOKI_NOT_INITIALIZED;
}

void
rv_assert(CK_RV answered, CK_RV wanted, const char *file, int line)
{
	if (answered == wanted)
		return;
	if (answered == CKR_FUNCTION_NOT_SUPPORTED)
		skip();
	if (!suite.strict && is_of_input(wanted) &&
	    (answered == CKR_ARGUMENTS_BAD || answered == CKR_FUNCTION_FAILED))
		return;
	print_error("answered: 0x%lx, wanted: 0x%lx\n", answered, wanted);
	_fail(file, line);
}

void
one_of_assert(CK_RV answered, const CK_RV *wanted, size_t count,
	      const char *file, int line)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (wanted[i] == answered)
			return;
	}
	if (answered == CKR_FUNCTION_NOT_SUPPORTED)
		skip();
	print_error("answered: 0x%lx\n", answered);
	_fail(file, line);
}

void
assert_unfit(CK_RV answered)
{
	if (!suite.strict && answered == CKR_KEY_HANDLE_INVALID)
		return;
	assert_one_of(answered, CKR_KEY_FUNCTION_NOT_PERMITTED,
		      CKR_KEY_TYPE_INCONSISTENT);
}

CK_SESSION_HANDLE
session_open(CK_FLAGS flags)
{
	CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
	CK_ULONG count;

	/* where a library looks around, and some only here (5.5.1) */
	if (!suite.strict)
		(void)suite.p11->C_GetSlotList(CK_TRUE, NULL, &count);
	assert_ok(suite.p11->C_OpenSession(
		suite.slot, flags | CKF_SERIAL_SESSION, NULL, NULL, &session));
	return session;
}

CK_STATE
session_state(CK_SESSION_HANDLE session)
{
	CK_SESSION_INFO info;

	assert_ok(suite.p11->C_GetSessionInfo(session, &info));
	return info.state;
}

CK_RV
login_as(CK_USER_TYPE user, const char *pin)
{
	return suite.p11->C_Login(suite.session, user, (CK_UTF8CHAR *)pin,
				  strlen(pin));
}

void
login(void)
{
	assert_ok(login_as(CKU_USER, suite.pin));
}

static CK_ULONG
find(CK_ATTRIBUTE *match, CK_ULONG count, CK_OBJECT_HANDLE *found,
     CK_ULONG room)
{
	CK_ULONG given = 0;

	assert_ok(suite.p11->C_FindObjectsInit(suite.session, match, count));
	assert_ok(suite.p11->C_FindObjects(suite.session, found, room, &given));
	assert_ok(suite.p11->C_FindObjectsFinal(suite.session));
	return given;
}

CK_OBJECT_HANDLE
object_get(CK_OBJECT_CLASS class, CK_BYTE id)
{
	CK_ATTRIBUTE match[] = { { CKA_CLASS, &class, sizeof(class) },
				 { CKA_ID, &id, sizeof(id) } };
	CK_OBJECT_HANDLE found[2] = { 0 };

	assert_int_equal(find(match, 2, found, 2), 1);
	return found[0];
}

CK_ULONG
object_count(CK_ATTRIBUTE *match, CK_ULONG count)
{
	CK_OBJECT_HANDLE found[256];

	return find(match, count, found, 256);
}

CK_OBJECT_HANDLE
data_make(CK_SESSION_HANDLE session, CK_BBOOL token, CK_BBOOL private,
	  const char *label)
{
	CK_OBJECT_CLASS class = CKO_DATA;
	CK_ATTRIBUTE list[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_TOKEN, &token, sizeof(token) },
		{ CKA_PRIVATE, &private, sizeof(private) },
		{ CKA_LABEL, (void *)label, strlen(label) },
		{ CKA_VALUE, (void *)label, strlen(label) },
	};
	CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;

	if (suite.p11->C_CreateObject(session, list, 5, &object) != CKR_OK)
		skip();
	return object;
}

CK_RV
object_peek(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
	CK_OBJECT_CLASS class;
	CK_ATTRIBUTE one = { CKA_CLASS, &class, sizeof(class) };

	return suite.p11->C_GetAttributeValue(session, object, &one, 1);
}

CK_RV
pair_make(CK_SESSION_HANDLE session, CK_BBOOL token,
	  CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key)
{
	static CK_BYTE p256[] = { 0x06, 0x08, 0x2a, 0x86, 0x48,
				  0xce, 0x3d, 0x03, 0x01, 0x07 };
	CK_MECHANISM mechanism = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
	CK_BYTE id = 0x77;
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE public_list[] = {
		{ CKA_TOKEN, &token, sizeof(token) },
		{ CKA_EC_PARAMS, p256, sizeof(p256) },
		{ CKA_VERIFY, &yes, sizeof(yes) },
		{ CKA_ID, &id, sizeof(id) },
	};
	CK_ATTRIBUTE private_list[] = {
		{ CKA_TOKEN, &token, sizeof(token) },
		{ CKA_PRIVATE, &yes, sizeof(yes) },
		{ CKA_SIGN, &yes, sizeof(yes) },
		{ CKA_ID, &id, sizeof(id) },
	};

	return suite.p11->C_GenerateKeyPair(session, &mechanism, public_list, 4,
					    private_list, 4, public_key,
					    private_key);
}

void
need_strict(void)
{
	if (!suite.strict)
		skip();
}

void
need_session_objects(void)
{
	(void)data_make(suite.session, CK_FALSE, CK_FALSE, "can it be?");
}

void
need_officer(void)
{
	if (!suite.officer)
		skip();
}

static const char *
otherwise(const char *pin, char *room, size_t size)
{
	size_t last = strlen(pin) - 1;

	assert_in_range(last, 0, size - 2);
	memcpy(room, pin, last + 2);
	room[last] = pin[last] == '1' ? '2' : '1';
	return room;
}

const char *
wrong_pin(void)
{
	static char room[64];

	return otherwise(suite.pin, room, sizeof(room));
}

const char *
wrong_so_pin(void)
{
	static char room[64];

	return otherwise(suite.so_pin, room, sizeof(room));
}

void
need_made(void)
{
	if (suite.card)
		skip();
}

void
need_mechanism(CK_MECHANISM_TYPE type, CK_FLAGS flags)
{
	/* some modules add to the flags that they find */
	CK_MECHANISM_INFO info = { 0 };

	if (suite.p11->C_GetMechanismInfo(suite.slot, type, &info) != CKR_OK ||
	    (info.flags & flags) != flags)
		skip();
}

void
need_dual(void)
{
	CK_TOKEN_INFO info;

	assert_ok(suite.p11->C_GetTokenInfo(suite.slot, &info));
	if (!(info.flags & CKF_DUAL_CRYPTO_OPERATIONS))
		skip();
}

CK_FUNCTION_LIST_3_0 *
need_3_0(void)
{
	if (suite.p11_3_0 == NULL)
		skip();
	return suite.p11_3_0;
}

CK_FUNCTION_LIST_3_2 *
need_3_2(void)
{
	if (suite.p11_3_2 == NULL)
		skip();
	return suite.p11_3_2;
}

int
case_begin(void **state)
{
	CK_C_INITIALIZE_ARGS args = { .flags = CKF_OS_LOCKING_OK };

	if (suite.p11->C_Initialize(&args) != CKR_OK)
		return -1;
	suite.session = session_open(CKF_RW_SESSION);
	return 0;
}

int
case_end(void **state)
{
	CK_RV rv = suite.p11->C_Finalize(NULL);

	return rv == CKR_OK || rv == CKR_CRYPTOKI_NOT_INITIALIZED ? 0 : -1;
}

void
need_tell(void)
{
	if (suite.tell == NULL)
		skip();
}

void
card_tell(const char *what)
{
	char command[1024];
	int n = snprintf(command, sizeof(command), "%s '%s' >/dev/null",
			 suite.tell, what);

	assert_in_range(n, 1, sizeof(command) - 1);
	assert_int_equal(system(command), 0);
}

/* The slot as the next look at it has it; a list is asked for first, as that
 * is when a library looks around (5.5.1). A slot may have come with its token.
 */
static bool
is_present(void)
{
	CK_SLOT_INFO info = { 0 };
	CK_ULONG count = 0;
	CK_RV rv;

	assert_ok(suite.p11->C_GetSlotList(CK_FALSE, NULL, &count));
	rv = suite.p11->C_GetSlotInfo(suite.slot, &info);
	assert_one_of(rv, CKR_OK, CKR_SLOT_ID_INVALID);
	return info.flags & CKF_TOKEN_PRESENT;
}

/* For the reader service; that it comes at all is what is tested. */
void
card_wait(bool present)
{
	const struct timespec pause = { 0, 20000000 };
	int i;

	for (i = 0; i < 1000 && is_present() != present; i++)
		(void)nanosleep(&pause, NULL);
	assert_true(is_present() == present);
}

int
card_back(void **state)
{
	if (suite.tell != NULL) {
		card_tell("fault none");
		card_tell("slow 0");
		card_tell("insert");
		(void)suite.p11->C_Initialize(NULL);
		card_wait(true);
	}
	return case_end(state);
}
