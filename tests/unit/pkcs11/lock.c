/* pkcs11/lock.c: who waits for whom, told by order and never by time. */
#include <pthread.h>
#include <sched.h>

#include "fake.h"

static CK_MECHANISM mechanism = { FAKE_PARTS, NULL, 0 };

/* A thread that makes one call and keeps its result. */
struct call {
	pthread_t thread;
	CK_SESSION_HANDLE session;
	CK_RV rv;
	unsigned finishes; /* of the token's, when it came back */
	CK_ULONG count;	   /* of tokens that it was told of */
};

static void
call_start(struct call *call, void *(*body)(void *))
{
	assert_int_equal(pthread_create(&call->thread, NULL, body, call), 0);
}

static CK_RV
call_end(struct call *call)
{
	assert_int_equal(pthread_join(call->thread, NULL), 0);
	return call->rv;
}

static void *
sign(void *arg)
{
	struct call *call = arg;
	CK_BYTE data[1] = { 1 }, out[FAKE_SIGNATURE_SIZE];
	CK_ULONG size = sizeof(out);

	call->rv = C_Sign(call->session, data, 1, out, &size);
	return NULL;
}

static void *
login(void *arg)
{
	struct call *call = arg;

	call->rv = C_Login(call->session, CKU_USER, (CK_UTF8CHAR *)"1234", 4);
	return NULL;
}

static void *
login_so(void *arg)
{
	struct call *call = arg;

	call->rv = C_Login(call->session, CKU_SO, (CK_UTF8CHAR *)"1234", 4);
	return NULL;
}

static void *
search(void *arg)
{
	struct call *call = arg;

	call->rv = C_FindObjectsInit(call->session, NULL, 0);
	return NULL;
}

static void *
open_session(void *arg)
{
	struct call *call = arg;

	call->rv = C_OpenSession(world_slot, CKF_SERIAL_SESSION, NULL, NULL,
				 &call->session);
	return NULL;
}

static void *
close_session(void *arg)
{
	struct call *call = arg;

	call->rv = C_CloseSession(call->session);
	return NULL;
}

/* Another thread closes it. */
static void
wait_for_invalid(CK_SESSION_HANDLE session)
{
	CK_SESSION_INFO info;

	while (C_GetSessionInfo(session, &info) == CKR_OK)
		sched_yield();
}

static void *
finalize(void *arg)
{
	struct call *call = arg;

	call->rv = C_Finalize(NULL);
	call->finishes =
		__atomic_load_n(&world_token->finishes, __ATOMIC_SEQ_CST);
	return NULL;
}

/* Has a signature begin that stays in its card until the gate opens. */
static void
slow_signature(struct call *call, struct gate *gate)
{
	world_login();
	assert_int_equal(
		C_SignInit(world_session, &mechanism,
			   world_find(world_session, CKO_PRIVATE_KEY, 1)),
		CKR_OK);
	world_token->finish_gate = gate;
	call->session = world_session;
	call_start(call, sign);
	gate_wait(gate);
}

/* All that an application asks again and again, without any waiting. */
static void
assert_state_queries(void)
{
	CK_SLOT_ID slots[4];
	CK_SLOT_INFO slot;
	CK_TOKEN_INFO token;
	CK_SESSION_INFO session;
	CK_ULONG count = 4;

	assert_int_equal(C_GetSlotList(CK_TRUE, NULL, &count), CKR_OK);
	count = 4;
	assert_int_equal(C_GetSlotList(CK_TRUE, slots, &count), CKR_OK);
	assert_int_equal(C_GetSlotInfo(world_slot, &slot), CKR_OK);
	assert_int_equal(C_GetTokenInfo(world_slot, &token), CKR_OK);
	assert_int_equal(C_GetSessionInfo(world_session, &session), CKR_OK);
}

/* One slow signature holds up no state query, and no other session. */
static void
test_slow_signature(void **state)
{
	struct gate *gate = gate_new();
	struct call call;

	slow_signature(&call, gate);
	assert_state_queries();
	world_count(world_open(world_slot, 0), CKO_CERTIFICATE);
	gate_open(gate);
	assert_int_equal(call_end(&call), CKR_OK);
	gate_free(gate);
}

/* What other calls on the same session get: the table in lock.c. */
static void
test_busy_session(void **state)
{
	struct gate *gate = gate_new();
	CK_MECHANISM digest = { FAKE_DIGEST, NULL, 0 };
	CK_BYTE data[1] = { 1 }, out[16];
	CK_ULONG size = sizeof(out);
	struct call call;

	slow_signature(&call, gate);
	assert_int_equal(C_Sign(world_session, data, 1, out, &size),
			 CKR_OPERATION_ACTIVE);
	assert_int_equal(C_SignUpdate(world_session, data, 1),
			 CKR_OPERATION_ACTIVE);
	assert_int_equal(C_SignInit(world_session, &mechanism, 1),
			 CKR_OPERATION_ACTIVE);
	assert_int_equal(C_SignInit(world_session, NULL, 0),
			 CKR_OPERATION_CANCEL_FAILED);
	assert_int_equal(C_DigestInit(world_session, &digest), CKR_OK);
	assert_int_equal(C_Digest(world_session, data, 1, out, &size), CKR_OK);
	gate_open(gate);
	assert_int_equal(call_end(&call), CKR_OK);
	gate_free(gate);
}

/* The session may be closed: the call under way ends as it will. */
static void
test_close_busy(void **state)
{
	struct gate *gate = gate_new();
	CK_SESSION_INFO info;
	struct call call;

	world_open(world_slot, 0);
	slow_signature(&call, gate);
	assert_int_equal(C_CloseSession(world_session), CKR_OK);
	assert_int_equal(C_GetSessionInfo(world_session, &info),
			 CKR_SESSION_HANDLE_INVALID);
	assert_int_equal(world_token->frees, 0);
	gate_open(gate);
	assert_int_equal(call_end(&call), CKR_OK);
	assert_int_equal(world_token->frees, 1);
	gate_free(gate);
}

/* The card is pulled out while it signs. */
static void
test_removed_busy(void **state)
{
	struct gate *gate = gate_new();
	CK_SLOT_INFO info;
	struct call call;

	slow_signature(&call, gate);
	world_token->refuse = CKR_DEVICE_REMOVED;
	world_remove(0);
	assert_int_equal(C_GetSlotInfo(world_slot, &info), CKR_OK);
	assert_false(info.flags & CKF_TOKEN_PRESENT);
	gate_open(gate);
	assert_int_equal(call_end(&call), CKR_DEVICE_REMOVED);
	gate_free(gate);
}

static void
test_slow_search(void **state)
{
	struct gate *gate = gate_new();
	struct call call = { .session = world_session };
	CK_OBJECT_HANDLE object;
	CK_ULONG count;

	world_token->search_gate = gate;
	call_start(&call, search);
	gate_wait(gate);
	assert_state_queries();
	assert_int_equal(C_FindObjectsInit(world_session, NULL, 0),
			 CKR_OPERATION_ACTIVE);
	assert_int_equal(C_FindObjects(world_session, &object, 1, &count),
			 CKR_OPERATION_ACTIVE);
	assert_int_equal(C_FindObjectsFinal(world_session),
			 CKR_OPERATION_ACTIVE);
	assert_int_equal(C_CloseSession(world_session), CKR_OK);
	gate_open(gate);
	assert_int_equal(call_end(&call), CKR_OK);
	world_session = world_open(world_slot, CKF_RW_SESSION);
	gate_free(gate);
}

/* A person at a keypad takes his time. */
static void
test_slow_login(void **state)
{
	struct gate *gate = gate_new();
	struct call call = { .session = world_session };

	world_token->login_gate = gate;
	call_start(&call, login);
	gate_wait(gate);
	assert_state_queries();
	assert_int_equal(C_CloseSession(world_open(world_slot, 0)), CKR_OK);
	gate_open(gate);
	assert_int_equal(call_end(&call), CKR_OK);
	gate_free(gate);
}

static void *
login_keypad(void *arg)
{
	struct call *call = arg;

	call->rv = C_Login(call->session, CKU_USER, NULL, 0);
	return NULL;
}

/* The last session is closed under a C_Login on its way: nobody is left to be
 * logged in for, and no later session finds the login. */
static void
test_close_before_login(void **state)
{
	struct gate *gate = gate_new();
	struct call call = { .session = world_session };

	world_token->flags = CKF_PROTECTED_AUTHENTICATION_PATH;
	world_token->info_gate = gate;
	call_start(&call, login_keypad);
	gate_wait(gate);
	assert_int_equal(C_CloseSession(world_session), CKR_OK);
	gate_open(gate);
	assert_int_equal(call_end(&call), CKR_SESSION_CLOSED);
	assert_int_equal(world_token->logins, 0);
	world_token->info_gate = NULL;
	gate_free(gate);
}

/* The same when the token has it already: the login ends as it comes. */
static void
test_close_in_login(void **state)
{
	struct gate *gate = gate_new();
	struct call call = { .session = world_session };
	struct call closing = { .session = world_session };

	world_token->login_gate = gate;
	call_start(&call, login);
	gate_wait(gate);
	call_start(&closing, close_session);
	wait_for_invalid(world_session);
	gate_open(gate);
	assert_int_equal(call_end(&call), CKR_OK);
	assert_int_equal(call_end(&closing), CKR_OK);
	assert_int_equal(world_token->logouts, 1);
	gate_free(gate);
}

/* 5.6.1: no R/O session slips in while the SO logs in. */
static void
test_slow_so_login(void **state)
{
	struct gate *gate = gate_new();
	struct call call = { .session = world_session };
	CK_SESSION_HANDLE session;

	world_token->login_gate = gate;
	call_start(&call, login_so);
	gate_wait(gate);
	assert_int_equal(C_OpenSession(world_slot, CKF_SERIAL_SESSION, NULL,
				       NULL, &session),
			 CKR_SESSION_READ_WRITE_SO_EXISTS);
	gate_open(gate);
	assert_int_equal(call_end(&call), CKR_OK);
	gate_free(gate);
}

/* Two logins at once: one of them is told that the other was first. */
static void
test_two_logins(void **state)
{
	struct gate *gate = gate_new();
	struct call first = { .session = world_session };
	struct call second = { .session = world_session };

	world_token->login_gate = gate;
	call_start(&first, login);
	gate_wait(gate);
	call_start(&second, login);
	gate_open(gate);
	assert_int_equal(call_end(&first), CKR_OK);
	assert_int_equal(call_end(&second), CKR_USER_ALREADY_LOGGED_IN);
	assert_int_equal(world_token->logins, 1);
	gate_free(gate);
}

/* One that asks for a card which another thread is looking at. */
static void *
list_tokens(void *arg)
{
	struct call *call = arg;
	CK_ULONG count = 99;

	call->rv = C_GetSlotList(CK_TRUE, NULL, &count);
	call->count = count;
	return NULL;
}

static void *
slot_info(void *arg)
{
	struct call *call = arg;
	CK_SLOT_INFO slot = { 0 };

	call->rv = C_GetSlotInfo(world_slot, &slot);
	call->count = (slot.flags & CKF_TOKEN_PRESENT) != 0;
	return NULL;
}

static void *
token_info(void *arg)
{
	struct call *call = arg;
	CK_TOKEN_INFO token;

	call->rv = C_GetTokenInfo(world_slot, &token);
	call->count = 1;
	return NULL;
}

/* Has asked PC/SC, so that nothing is left but the answer. */
static void
wait_for_scans(unsigned scans)
{
	while (__atomic_load_n(&world.scans, __ATOMIC_SEQ_CST) < scans)
		sched_yield();
}

/* One thread looks at a new card, and whoever asks meanwhile has the right
 * answer at once: none of them is told that the reader is empty. */
static void
test_first_look(void **state)
{
	void *(*const bodies[])(void *) = { list_tokens, slot_info, token_info,
					    open_session };
	enum { ASKING = 4 };
	struct gate *gate = gate_new();
	struct fake *f = fake_new();
	struct call looking, asking[ASKING] = { 0 };
	unsigned scans, i;

	world_remove(0);
	world_insert(0, &f, 1);
	world.open_gate = gate;
	call_start(&looking, list_tokens);
	gate_wait(gate);
	scans = world.scans;
	for (i = 0; i < ASKING; i++)
		call_start(&asking[i], bodies[i]);
	wait_for_scans(scans + ASKING);
	gate_open(gate);
	assert_int_equal(call_end(&looking), CKR_OK);
	assert_int_equal(looking.count, 1);
	for (i = 0; i < ASKING; i++) {
		assert_int_equal(call_end(&asking[i]), CKR_OK);
		if (bodies[i] != open_session)
			assert_int_equal(asking[i].count, 1);
	}
	assert_int_equal(world.opens, 2);
	gate_free(gate);
}

/* A card that is slow to be recognised holds up nobody who asks for another
 * reader. */
static void
test_first_look_elsewhere(void **state)
{
	struct gate *gate = gate_new();
	struct fake *f = fake_new();
	struct call looking;
	CK_SESSION_INFO session;
	CK_TOKEN_INFO token;
	CK_SLOT_INFO slot;

	world_reader(1, "Second 00 00");
	world_insert(1, &f, 1);
	world.open_gate = gate;
	call_start(&looking, list_tokens);
	gate_wait(gate);
	assert_int_equal(C_GetSlotInfo(world_slot, &slot), CKR_OK);
	assert_int_equal(C_GetTokenInfo(world_slot, &token), CKR_OK);
	assert_int_equal(C_GetSessionInfo(world_session, &session), CKR_OK);
	assert_int_equal(C_CloseSession(world_open(world_slot, 0)), CKR_OK);
	gate_open(gate);
	assert_int_equal(call_end(&looking), CKR_OK);
	assert_int_equal(looking.count, 2);
	gate_free(gate);
}

/* Who waits for a look at a card that leaves is not left waiting: the gate
 * opens only after he has his answer. */
static void
test_first_look_gone(void **state)
{
	struct gate *gate = gate_new();
	struct fake *f = fake_new();
	struct call looking, asking = { 0 };
	CK_SLOT_INFO slot;
	unsigned scans;

	world_remove(0);
	world_insert(0, &f, 1);
	world.open_gate = gate;
	call_start(&looking, list_tokens);
	gate_wait(gate);
	scans = world.scans;
	call_start(&asking, slot_info);
	wait_for_scans(scans + 1);
	token_ref(&f->token);
	world_remove(0);
	assert_int_equal(C_GetSlotInfo(world_slot, &slot), CKR_OK);
	assert_int_equal(call_end(&asking), CKR_OK);
	assert_int_equal(asking.count, 0);
	world.cards[0][0] = f;
	world.card_counts[0] = 1;
	gate_open(gate);
	assert_int_equal(call_end(&looking), CKR_OK);
	gate_free(gate);
}

/* A person is at the keypad while his card is pulled out: who asks for the
 * slots does not wait for the login to be over. */
static void
test_removed_in_login(void **state)
{
	struct gate *gate = gate_new();
	struct call call = { .session = world_session };
	CK_SLOT_INFO slot;

	world_token->login_gate = gate;
	call_start(&call, login);
	gate_wait(gate);
	world_remove(0);
	assert_int_equal(C_GetSlotInfo(world_slot, &slot), CKR_OK);
	assert_false(slot.flags & CKF_TOKEN_PRESENT);
	gate_open(gate);
	call_end(&call);
	gate_free(gate);
}

/* The card leaves while it is looked at: what was found is of no use. */
static void
test_first_look_too_late(void **state)
{
	struct gate *gate = gate_new();
	struct fake *f = fake_new();
	struct call looking;
	CK_TOKEN_INFO token;

	world_remove(0);
	world_insert(0, &f, 1);
	world.open_gate = gate;
	call_start(&looking, list_tokens);
	gate_wait(gate);
	token_ref(&f->token);
	world_remove(0);
	assert_int_equal(C_GetTokenInfo(world_slot, &token),
			 CKR_TOKEN_NOT_PRESENT);
	world.cards[0][0] = f;
	world.card_counts[0] = 1;
	gate_open(gate);
	assert_int_equal(call_end(&looking), CKR_OK);
	assert_int_equal(C_GetTokenInfo(world_slot, &token),
			 CKR_TOKEN_NOT_PRESENT);
	gate_free(gate);
}

/* 5.4.2: C_Finalize waits for what is in a card; nothing new begins. */
static void
test_finalize_waits(void **state)
{
	struct gate *gate = gate_new();
	struct call call, end;
	CK_INFO info;

	slow_signature(&call, gate);
	call_start(&end, finalize);
	while (C_GetInfo(&info) == CKR_OK)
		;
	assert_int_equal(C_Finalize(NULL), CKR_CRYPTOKI_NOT_INITIALIZED);
	assert_int_equal(C_Initialize(NULL), CKR_CRYPTOKI_ALREADY_INITIALIZED);
	gate_open(gate);
	assert_int_equal(call_end(&call), CKR_OK);
	assert_int_equal(call_end(&end), CKR_OK);
	assert_int_equal(end.finishes, 1);
	gate_free(gate);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/pkcs11/lock/signature", test_slow_signature),
		CASE("/pkcs11/lock/signature/same-session", test_busy_session),
		CASE("/pkcs11/lock/signature/close", test_close_busy),
		CASE("/pkcs11/lock/signature/removed", test_removed_busy),
		CASE("/pkcs11/lock/search", test_slow_search),
		CASE("/pkcs11/lock/login", test_slow_login),
		CASE("/pkcs11/lock/login/closed-before",
		     test_close_before_login),
		CASE("/pkcs11/lock/login/closed", test_close_in_login),
		CASE("/pkcs11/lock/login/so", test_slow_so_login),
		CASE("/pkcs11/lock/login/removed", test_removed_in_login),
		CASE("/pkcs11/lock/login/two", test_two_logins),
		CASE("/pkcs11/lock/first-look", test_first_look),
		CASE("/pkcs11/lock/first-look/elsewhere",
		     test_first_look_elsewhere),
		CASE("/pkcs11/lock/first-look/gone", test_first_look_gone),
		CASE("/pkcs11/lock/first-look/too-late",
		     test_first_look_too_late),
		CASE("/pkcs11/lock/finalize", test_finalize_waits),
	};

	return cmocka_run_group_tests_name("/pkcs11/lock", tests, NULL, NULL);
}
