/* 5.4: C_Initialize, C_Finalize, C_GetInfo, function lists, interfaces. */
#include <pthread.h>
#include <stdlib.h>

#include "suite.h"

static CK_RV
create_mutex(void **mutex)
{
	*mutex = calloc(1, sizeof(pthread_mutex_t));
	return *mutex == NULL ? CKR_HOST_MEMORY : CKR_OK;
}

static CK_RV
destroy_mutex(void *mutex)
{
	free(mutex);
	return CKR_OK;
}

static CK_RV
lock_mutex(void *mutex)
{
	return pthread_mutex_lock(mutex) == 0 ? CKR_OK : CKR_MUTEX_BAD;
}

static CK_RV
unlock_mutex(void *mutex)
{
	return pthread_mutex_unlock(mutex) == 0 ? CKR_OK : CKR_MUTEX_NOT_LOCKED;
}

/* 5.4.1: "pReserved ... MUST be NULL_PTR; if it's not, then C_Initialize
 * should return with the value CKR_ARGUMENTS_BAD" */
static void
test_reserved(void **state)
{
	CK_C_INITIALIZE_ARGS args = { .pReserved = &args };

	assert_rv(CKR_ARGUMENTS_BAD, suite.p11->C_Initialize(&args));
}

/* 5.4.1: "If some, but not all, of the supplied function pointers ... are
 * non-NULL_PTR ... CKR_ARGUMENTS_BAD" */
static void
test_some_mutexes(void **state)
{
	CK_C_INITIALIZE_ARGS args = { .flags = CKF_OS_LOCKING_OK };

	args.LockMutex = lock_mutex;
	assert_rv(CKR_ARGUMENTS_BAD, suite.p11->C_Initialize(&args));
	args.CreateMutex = create_mutex;
	args.UnlockMutex = unlock_mutex;
	assert_rv(CKR_ARGUMENTS_BAD, suite.p11->C_Initialize(&args));
}

/* 5.4.1, way 3: "If the library is unable to do this, C_Initialize should
 * return with the value CKR_CANT_LOCK." */
static void
test_own_mutexes(void **state)
{
	CK_RV rv;
	CK_C_INITIALIZE_ARGS args = {
		create_mutex, destroy_mutex, lock_mutex, unlock_mutex, 0, NULL
	};

	rv = suite.p11->C_Initialize(&args);
	assert_one_of(rv, CKR_CANT_LOCK, CKR_OK);
}

/* 5.4.1, way 4: with CKF_OS_LOCKING_OK the library has the choice. */
static void
test_both_ways(void **state)
{
	CK_C_INITIALIZE_ARGS args = { create_mutex,	 destroy_mutex,
				      lock_mutex,	 unlock_mutex,
				      CKF_OS_LOCKING_OK, NULL };

	assert_ok(suite.p11->C_Initialize(&args));
	session_open(0);
}

/* 5.4.1: "the library's code may not create its own threads" */
static void
test_no_threads(void **state)
{
	CK_C_INITIALIZE_ARGS args = {
		.flags = CKF_OS_LOCKING_OK | CKF_LIBRARY_CANT_CREATE_OS_THREADS
	};

	assert_ok(suite.p11->C_Initialize(&args));
	session_open(0);
}

/* 5.4.1: CKR_CRYPTOKI_ALREADY_INITIALIZED */
static void
test_twice(void **state)
{
	assert_ok(suite.p11->C_Initialize(NULL));
	assert_rv(CKR_CRYPTOKI_ALREADY_INITIALIZED,
		  suite.p11->C_Initialize(NULL));
}

/* 5.4.2: "a single call to C_Finalize" for each C_Initialize, any number of
 * times */
static void
test_again_and_again(void **state)
{
	int i;

	for (i = 0; i < 20; i++) {
		assert_ok(suite.p11->C_Initialize(NULL));
		session_open(0);
		assert_ok(suite.p11->C_Finalize(NULL));
		assert_rv(CKR_CRYPTOKI_NOT_INITIALIZED,
			  suite.p11->C_Finalize(NULL));
	}
}

/* 5.4.2: "if C_Finalize is called with a non-NULL_PTR value for pReserved, it
 * should return the value CKR_ARGUMENTS_BAD" */
static void
test_finalize_reserved(void **state)
{
	CK_INFO info;

	assert_rv(CKR_ARGUMENTS_BAD, suite.p11->C_Finalize(&info));
	assert_ok(suite.p11->C_GetInfo(&info));
}

/* 5.4.2: what there was is gone. */
static void
test_finalize_closes(void **state)
{
	CK_SESSION_HANDLE before = suite.session;
	CK_SESSION_INFO info;

	login();
	assert_ok(suite.p11->C_Finalize(NULL));
	assert_ok(suite.p11->C_Initialize(NULL));
	assert_rv(CKR_SESSION_HANDLE_INVALID,
		  suite.p11->C_GetSessionInfo(before, &info));
	assert_int_equal(session_state(session_open(0)), CKS_RO_PUBLIC_SESSION);
}

/* 5.4.3, 3.1 */
static void
test_info(void **state)
{
	CK_INFO info;
	size_t i;

	assert_rv(CKR_ARGUMENTS_BAD, suite.p11->C_GetInfo(NULL));
	assert_ok(suite.p11->C_GetInfo(&info));
	assert_true(info.cryptokiVersion.major >= 2);
	assert_int_equal(info.flags, 0);
	/* "padded with the blank character, not null-terminated" */
	for (i = 0; i < sizeof(info.manufacturerID); i++)
		assert_int_not_equal(info.manufacturerID[i], '\0');
	for (i = 0; i < sizeof(info.libraryDescription); i++)
		assert_int_not_equal(info.libraryDescription[i], '\0');
}

/* 3.6.5: "every function in the Cryptoki API MUST have an entry" */
static void
assert_filled(const void *list, size_t size)
{
	void (*function)(void);
	size_t i;

	for (i = sizeof(function); i < size; i += sizeof(function)) {
		memcpy(&function, (const char *)list + i, sizeof(function));
		assert_non_null(function);
	}
}

static void
test_function_list(void **state)
{
	assert_rv(CKR_ARGUMENTS_BAD, suite.p11->C_GetFunctionList(NULL));
	assert_int_equal(suite.p11->version.major, 2);
	assert_filled(suite.p11, sizeof(*suite.p11));
}

static void
test_function_lists_3(void **state)
{
	CK_FUNCTION_LIST_3_0 *list = need_3_0();

	assert_int_equal(list->version.major, 3);
	assert_int_equal(list->version.minor, 0);
	assert_filled(list, sizeof(*list));
	if (suite.p11_3_2 == NULL)
		return;
	assert_int_equal(suite.p11_3_2->version.minor, 2);
	assert_filled(suite.p11_3_2, sizeof(*suite.p11_3_2));
}

/* 5.4.5 */
static void
test_interface_list(void **state)
{
	CK_FUNCTION_LIST_3_0 *list = need_3_0();
	CK_INTERFACE interfaces[16];
	CK_ULONG count = 0, all;

	assert_rv(CKR_ARGUMENTS_BAD, list->C_GetInterfaceList(NULL, NULL));
	assert_ok(list->C_GetInterfaceList(NULL, &count));
	assert_in_range(count, 1, 16);
	all = count--;
	assert_rv(CKR_BUFFER_TOO_SMALL,
		  list->C_GetInterfaceList(interfaces, &count));
	assert_int_equal(count, all);
	count = 16;
	assert_ok(list->C_GetInterfaceList(interfaces, &count));
	assert_int_equal(count, all);
	assert_string_equal((char *)interfaces[0].pInterfaceName, "PKCS 11");
}

/* 5.4.6 */
static void
test_interface(void **state)
{
	CK_FUNCTION_LIST_3_0 *list = need_3_0();
	CK_VERSION never = { 9, 9 };
	CK_INTERFACE *interface = NULL;

	assert_rv(CKR_ARGUMENTS_BAD, list->C_GetInterface(NULL, NULL, NULL, 0));
	assert_int_not_equal(list->C_GetInterface((CK_UTF8CHAR *)"No such",
						  NULL, &interface, 0),
			     CKR_OK);
	assert_int_not_equal(list->C_GetInterface(NULL, &never, &interface, 0),
			     CKR_OK);
	assert_ok(list->C_GetInterface(NULL, NULL, &interface, 0));
	assert_non_null(interface->pFunctionList);
	assert_ok(list->C_GetInterface((CK_UTF8CHAR *)"PKCS 11", NULL,
				       &interface, 0));
}

/* 3.6.7: a child of ours keeps no sessions, so the flag would be a lie. */
static void
test_interface_fork_safe(void **state)
{
	CK_FUNCTION_LIST_3_0 *list = need_3_0();
	CK_INTERFACE *interface = NULL;

	assert_int_not_equal(list->C_GetInterface(NULL, NULL, &interface,
						  CKF_INTERFACE_FORK_SAFE),
			     CKR_OK);
	assert_null(interface);
}

static const struct CMUnitTest list[] = {
	CASE_BARE("/general/initialize/reserved", test_reserved),
	CASE_BARE("/general/initialize/some-mutexes", test_some_mutexes),
	CASE_BARE("/general/initialize/own-mutexes", test_own_mutexes),
	CASE_BARE("/general/initialize/both-ways", test_both_ways),
	CASE_BARE("/general/initialize/no-threads", test_no_threads),
	CASE_BARE("/general/initialize/twice", test_twice),
	CASE_BARE("/general/initialize/again-and-again", test_again_and_again),
	CASE("/general/finalize/reserved", test_finalize_reserved),
	CASE("/general/finalize/closes", test_finalize_closes),
	CASE("/general/info", test_info),
	CASE("/general/function-list", test_function_list),
	CASE("/general/function-list/3", test_function_lists_3),
	CASE("/general/interface/list", test_interface_list),
	CASE("/general/interface", test_interface),
	CASE("/general/interface/fork-safe", test_interface_fork_safe),
};

const struct cases general_cases = CASES("general", list);
