/* pkcs11/module.c, interface.c, rv_name.c, unsupported.c: the module itself. */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../pkcs11/rv_name.h"
#include "fake.h"

static CK_RV
create_mutex(void **mutex)
{
	return CKR_OK;
}

static CK_RV
use_mutex(void *mutex)
{
	return CKR_OK;
}

static void
test_null(void **state)
{
	CK_ULONG count = 0;

	assert_int_equal(C_GetInfo(NULL), CKR_ARGUMENTS_BAD);
	assert_int_equal(C_GetFunctionList(NULL), CKR_ARGUMENTS_BAD);
	assert_int_equal(C_GetInterfaceList(NULL, NULL), CKR_ARGUMENTS_BAD);
	assert_int_equal(C_GetInterface(NULL, NULL, NULL, 0),
			 CKR_ARGUMENTS_BAD);
	assert_int_equal(C_GetInterfaceList(NULL, &count), CKR_OK);
	assert_int_equal(count, 3);
}

/* 5.4.1 */
static void
test_initialize_arguments(void **state)
{
	CK_C_INITIALIZE_ARGS args = { 0 };

	args.pReserved = &args;
	assert_int_equal(C_Initialize(&args), CKR_ARGUMENTS_BAD);
	args = (CK_C_INITIALIZE_ARGS){ .CreateMutex = create_mutex };
	assert_int_equal(C_Initialize(&args), CKR_ARGUMENTS_BAD);
	args.flags = CKF_OS_LOCKING_OK;
	assert_int_equal(C_Initialize(&args), CKR_ARGUMENTS_BAD);
	args = (CK_C_INITIALIZE_ARGS){ create_mutex, use_mutex, use_mutex,
				       use_mutex,    0,		NULL };
	assert_int_equal(C_Initialize(&args), CKR_CANT_LOCK);
	args.flags = CKF_OS_LOCKING_OK | CKF_LIBRARY_CANT_CREATE_OS_THREADS;
	assert_int_equal(C_Initialize(&args), CKR_OK);
	assert_int_equal(C_Finalize(NULL), CKR_OK);
	args = (CK_C_INITIALIZE_ARGS){ 0 };
	assert_int_equal(C_Initialize(&args), CKR_OK);
	assert_int_equal(C_Finalize(NULL), CKR_OK);
}

static void
test_initialize_again(void **state)
{
	int i;

	for (i = 0; i < 3; i++) {
		assert_int_equal(C_Finalize(NULL),
				 CKR_CRYPTOKI_NOT_INITIALIZED);
		assert_int_equal(C_Initialize(NULL), CKR_OK);
		assert_int_equal(C_Initialize(NULL),
				 CKR_CRYPTOKI_ALREADY_INITIALIZED);
		assert_int_equal(C_Finalize(state), CKR_ARGUMENTS_BAD);
		assert_int_equal(C_Finalize(NULL), CKR_OK);
	}
}

/* Before C_Initialize, and after C_Finalize. */
static void
test_not_initialized(void **state)
{
	CK_RV none = CKR_CRYPTOKI_NOT_INITIALIZED;
	CK_INFO info;
	CK_ULONG count;
	CK_FUNCTION_LIST *list;

	assert_int_equal(C_GetInfo(&info), none);
	assert_int_equal(C_GetSlotList(CK_TRUE, NULL, &count), none);
	assert_int_equal(C_CloseSession(1), none);
	assert_int_equal(C_Sign(1, NULL, 0, NULL, NULL), none);
	assert_int_equal(C_GetFunctionStatus(1), none);
	assert_int_equal(C_WaitForSlotEvent(CKF_DONT_BLOCK, &count, NULL),
			 none);
	assert_int_equal(C_AsyncJoin(1, NULL, 0, NULL, 0), none);
	assert_int_equal(C_GetFunctionList(&list), CKR_OK);
}

static void
test_refusals(void **state)
{
	assert_int_equal(C_GetFunctionStatus(0), CKR_FUNCTION_NOT_PARALLEL);
	assert_int_equal(C_GetFunctionStatus(world_session),
			 CKR_FUNCTION_NOT_PARALLEL);
	assert_int_equal(C_CancelFunction(world_session),
			 CKR_FUNCTION_NOT_PARALLEL);
	assert_int_equal(C_AsyncGetID(0, NULL, NULL),
			 CKR_SESSION_HANDLE_INVALID);
	assert_int_equal(C_AsyncGetID(world_session, NULL, NULL),
			 CKR_FUNCTION_NOT_SUPPORTED);
}

static void
test_info(void **state)
{
	CK_INFO info;

	assert_int_equal(C_GetInfo(&info), CKR_OK);
	assert_int_equal(info.cryptokiVersion.major, 3);
	assert_int_equal(info.cryptokiVersion.minor, 2);
	assert_memory_equal(info.manufacturerID,
			    "signet                          ", 32);
	assert_int_equal(info.flags, 0);
}

/* Every place of every list is filled: they hold nothing but pointers. */
static void
assert_filled(const void *list, size_t size)
{
	void (*function)(void);
	size_t i;

	for (i = sizeof(void *); i < size; i += sizeof(function)) {
		memcpy(&function, (const char *)list + i, sizeof(function));
		assert_non_null(function);
	}
}

static void
assert_interface(CK_VERSION *version, CK_BYTE major, CK_BYTE minor, size_t size)
{
	CK_INTERFACE *interface = NULL;
	CK_VERSION *own;

	assert_int_equal(C_GetInterface((CK_UTF8CHAR *)"PKCS 11", version,
					&interface, 0),
			 CKR_OK);
	own = interface->pFunctionList;
	assert_string_equal((char *)interface->pInterfaceName, "PKCS 11");
	assert_int_equal(own->major, major);
	assert_int_equal(own->minor, minor);
	assert_int_equal(interface->flags, 0);
	assert_filled(own, size);
}

/* 5.4.5, 5.4.6 */
static void
test_interfaces(void **state)
{
	CK_VERSION v240 = { 2, 40 }, v30 = { 3, 0 }, v32 = { 3, 2 };
	CK_VERSION v31 = { 3, 1 };
	CK_INTERFACE *interface = NULL, list[3];
	CK_FUNCTION_LIST *functions;
	CK_ULONG count = 2;

	assert_int_not_equal(
		C_GetInterface((CK_UTF8CHAR *)"Vendor", NULL, &interface, 0),
		CKR_OK);
	assert_int_not_equal(C_GetInterface(NULL, &v31, &interface, 0), CKR_OK);
	assert_int_not_equal(
		C_GetInterface(NULL, NULL, &interface, CKF_INTERFACE_FORK_SAFE),
		CKR_OK);
	assert_null(interface);
	assert_interface(NULL, 3, 2, sizeof(CK_FUNCTION_LIST_3_2));
	assert_interface(&v32, 3, 2, sizeof(CK_FUNCTION_LIST_3_2));
	assert_interface(&v30, 3, 0, sizeof(CK_FUNCTION_LIST_3_0));
	assert_interface(&v240, 2, 40, sizeof(CK_FUNCTION_LIST));
	assert_int_equal(C_GetInterfaceList(list, &count),
			 CKR_BUFFER_TOO_SMALL);
	assert_int_equal(count, 3);
	assert_int_equal(C_GetInterfaceList(list, &count), CKR_OK);
	assert_int_equal(C_GetFunctionList(&functions), CKR_OK);
	assert_int_equal(functions->version.major, 2);
	assert_int_equal(functions->version.minor, 40);
	assert_ptr_equal(functions, list[2].pFunctionList);
}

/* Runs in the child: what it finds is its exit status. */
static int
in_child(void)
{
	CK_SESSION_INFO session;
	CK_ULONG count;
	CK_SESSION_HANDLE own;

	if (C_GetSessionInfo(world_session, &session) !=
	    CKR_CRYPTOKI_NOT_INITIALIZED)
		return 1;
	if (C_Finalize(NULL) != CKR_CRYPTOKI_NOT_INITIALIZED)
		return 2;
	if (world.forgotten != 0)
		return 3;
	if (C_Initialize(NULL) != CKR_OK)
		return 4;
	if (world.forgotten != 3)
		return 5;
	if (C_GetSessionInfo(world_session, &session) !=
	    CKR_SESSION_HANDLE_INVALID)
		return 6;
	if (C_GetSlotList(CK_TRUE, NULL, &count) != CKR_OK || count != 1)
		return 7;
	if (C_OpenSession(world_slot, CKF_SERIAL_SESSION, NULL, NULL, &own) !=
		    CKR_OK ||
	    own == world_session)
		return 8;
	return C_Finalize(NULL) == CKR_OK ? 0 : 9;
}

/* A child has to initialise for itself, and leaves its parent alone. */
static void
test_fork(void **state)
{
	CK_SESSION_INFO session;
	pid_t child;
	int status;

	fflush(NULL);
	child = fork();
	if (child == 0)
		_exit(in_child());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(C_GetSessionInfo(world_session, &session), CKR_OK);
}

static void *
initialize(void *arg)
{
	CK_RV *rv = arg;

	*rv = C_Initialize(NULL);
	return NULL;
}

/* In a child of a child, by four threads at once: one of them does it. */
static int
in_grandchild(void)
{
	enum { THREADS = 4 };
	pthread_t threads[THREADS];
	CK_RV rv[THREADS];
	int i, done = 0;

	for (i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, initialize, &rv[i]);
	for (i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		done += rv[i] == CKR_OK;
		if (rv[i] != CKR_OK &&
		    rv[i] != CKR_CRYPTOKI_ALREADY_INITIALIZED)
			return 1;
	}
	return done == 1 && C_Finalize(NULL) == CKR_OK ? 0 : 2;
}

static void
test_fork_twice(void **state)
{
	pid_t child;
	int status;

	fflush(NULL);
	child = fork();
	if (child == 0) {
		child = fork();
		if (child == 0)
			_exit(in_grandchild());
		_exit(waitpid(child, &status, 0) == child ? WEXITSTATUS(status)
							  : 99);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* Forks into a PID namespace of its own, where the child has number 1, with
 * WORK for it. -1: not allowed. */
static int
in_namespace(int (*work)(void))
{
	pid_t child;
	int status = -1;

	if (unshare(CLONE_NEWPID) != 0)
		return -1;
	child = fork();
	if (child == 0)
		_exit(work());
	return waitpid(child, &status, 0) == child && WIFEXITED(status)
		       ? WEXITSTATUS(status)
		       : 99;
}

static int
initialize_again(void)
{
	return C_Initialize(NULL) == CKR_OK && C_Finalize(NULL) == CKR_OK ? 0
									  : 1;
}

static int
initialize_twice(void)
{
	if (getpid() != 1 || C_Initialize(NULL) != CKR_OK)
		return 2;
	return in_namespace(initialize_again);
}

/* Parent and child may both be number 1, in two sandboxes. */
static void
test_fork_same_number(void **state)
{
	pid_t child;
	int status;

	fflush(NULL);
	child = fork();
	if (child == 0)
		_exit(in_namespace(initialize_twice));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == (uint8_t)-1)
		skip(); /* it wants root */
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int fork_status;

/* As another thread would, while this one finishes. */
static void
fork_now(void)
{
	pid_t child;

	world.on_free = NULL;
	fflush(NULL);
	child = fork();
	if (child == 0)
		_exit(C_Initialize(NULL) != CKR_OK || world.forgotten != 2);
	assert_int_equal(waitpid(child, &fork_status, 0), child);
}

/* What is half gone at the fork is none of the child's. */
static void
test_fork_in_finalize(void **state)
{
	world.on_free = fork_now;
	assert_int_equal(C_Finalize(NULL), CKR_OK);
	assert_true(WIFEXITED(fork_status));
	assert_int_equal(WEXITSTATUS(fork_status), 0);
}

static void
test_rv_names(void **state)
{
	assert_string_equal(rv_name(CKR_OK), "CKR_OK");
	assert_string_equal(rv_name(CKR_TOKEN_NOT_INITIALIZED),
			    "CKR_TOKEN_NOT_INITIALIZED");
	assert_string_equal(rv_name(CKR_VENDOR_DEFINED + 5), "CKR_?");
}

/* 100,000 open sessions: they are found, and gone in the end. */
static void
test_many_sessions(void **state)
{
	enum { SESSIONS = 100000 };
	static CK_SESSION_HANDLE sessions[SESSIONS];
	CK_SESSION_INFO info;
	int i;

	for (i = 0; i < SESSIONS; i++)
		sessions[i] = world_open(world_slot, 0);
	for (i = 0; i < SESSIONS; i += 7)
		assert_int_equal(C_GetSessionInfo(sessions[i], &info), CKR_OK);
	for (i = 0; i < SESSIONS; i += 2)
		assert_int_equal(C_CloseSession(sessions[i]), CKR_OK);
	assert_int_equal(C_CloseAllSessions(world_slot), CKR_OK);
	assert_int_equal(C_GetSessionInfo(sessions[1], &info),
			 CKR_SESSION_HANDLE_INVALID);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/pkcs11/module/null", test_null),
		CASE_BARE("/pkcs11/module/initialize/arguments",
			  test_initialize_arguments),
		CASE_BARE("/pkcs11/module/initialize/again",
			  test_initialize_again),
		CASE_BARE("/pkcs11/module/not-initialized",
			  test_not_initialized),
		CASE("/pkcs11/module/refusals", test_refusals),
		CASE("/pkcs11/module/info", test_info),
		CASE_PLAIN("/pkcs11/module/interfaces", test_interfaces),
		CASE("/pkcs11/module/fork", test_fork),
		CASE("/pkcs11/module/fork/twice", test_fork_twice),
		CASE("/pkcs11/module/fork/in-finalize", test_fork_in_finalize),
		CASE("/pkcs11/module/fork/same-number", test_fork_same_number),
		CASE_PLAIN("/pkcs11/module/rv-names", test_rv_names),
		CASE("/pkcs11/module/many-sessions", test_many_sessions),
	};

	return cmocka_run_group_tests_name("/pkcs11/module", tests, NULL, NULL);
}
