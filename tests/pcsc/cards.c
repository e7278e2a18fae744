/* Tests of pcsc/ beside a real pcscd: cards that come, go and are reset. */
#include "stage.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <winscard.h>

enum { ROUNDS = 40 };

static struct pcsc *pcsc;
static struct reader_state states[READERS_MAX];

static int
setup(void **state)
{
	pcsc = pcsc_new();
	assert_non_null(pcsc);
	stage_tell("insert");
	(void)stage_wait(pcsc, true);
	return 0;
}

static int
teardown(void **state)
{
	pcsc_free(pcsc);
	pcsc = NULL;
	return 0;
}

static struct transport *
open_card(void)
{
	struct reader_state card = stage_wait(pcsc, true);
	struct transport *t = reader_open(pcsc, &card);

	assert_non_null(t);
	return t;
}

/* Another program connects and resets the card. */
static void
reset_by_other(void)
{
	struct reader_state card = stage_wait(pcsc, true);
	SCARDCONTEXT context;
	SCARDHANDLE handle;
	DWORD protocol;

	assert_int_equal(
		SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context),
		SCARD_S_SUCCESS);
	assert_int_equal(SCardConnect(context, card.name, SCARD_SHARE_SHARED,
				      SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1,
				      &handle, &protocol),
			 SCARD_S_SUCCESS);
	assert_int_equal(SCardDisconnect(handle, SCARD_RESET_CARD),
			 SCARD_S_SUCCESS);
	assert_int_equal(SCardReleaseContext(context), SCARD_S_SUCCESS);
}

static void
test_empty(void **state)
{
	struct transport *t;
	uint64_t generation;
	size_t count;

	assert_int_equal(pcsc_scan(pcsc, states, &count), CKR_OK);
	/* A virtual reader has two slots, the second stays empty. */
	assert_int_equal(count, 2);
	assert_false(states[1].card);
	assert_int_equal(states[1].atr_size, 0);
	t = reader_open(pcsc, &states[1]);
	assert_non_null(t);
	assert_int_equal(t->ops->begin(t, &generation), CKR_DEVICE_REMOVED);
	t->ops->close(t);
}

static void
test_removed_between(void **state)
{
	struct transport *t = open_card();
	uint64_t generation;

	(void)stage_round(t);
	stage_tell("remove");
	(void)stage_wait(pcsc, false);
	assert_int_equal(t->ops->begin(t, &generation), CKR_DEVICE_REMOVED);
	t->ops->close(t);
}

static void
test_removed_in_transaction(void **state)
{
	struct transport *t = open_card();
	uint64_t generation;
	uint16_t sw;

	assert_int_equal(t->ops->begin(t, &generation), CKR_OK);
	stage_select(t);
	stage_tell("remove");
	assert_int_equal(stage_exchange(t, &sw), CKR_DEVICE_REMOVED);
	t->ops->end(t);
	assert_int_equal(t->ops->begin(t, &generation), CKR_DEVICE_REMOVED);
	t->ops->close(t);
}

static void
test_removed_in_exchange(void **state)
{
	struct transport *t = open_card();
	uint64_t generation;
	uint16_t sw;

	assert_int_equal(t->ops->begin(t, &generation), CKR_OK);
	stage_tell("fault remove");
	assert_int_equal(stage_exchange(t, &sw), CKR_DEVICE_REMOVED);
	t->ops->end(t);
	stage_tell("insert");
	(void)stage_wait(pcsc, true);
	assert_int_equal(t->ops->begin(t, &generation), CKR_DEVICE_REMOVED);
	t->ops->close(t);
}

/* The same card again is another insertion. */
static void
test_inserted_again(void **state)
{
	struct reader_state card = stage_wait(pcsc, true);
	struct transport *held = open_card(), *released = open_card();
	struct transport *unused = open_card(), *fresh;
	uint64_t generation;

	(void)stage_round(held);
	(void)stage_round(released);
	released->ops->release(released);
	stage_tell("remove");
	stage_wait_change(pcsc, card.insertion);
	stage_tell("insert");
	fresh = open_card();
	assert_int_equal(held->ops->begin(held, &generation),
			 CKR_DEVICE_REMOVED);
	assert_int_equal(released->ops->begin(released, &generation),
			 CKR_DEVICE_REMOVED);
	assert_int_equal(unused->ops->begin(unused, &generation),
			 CKR_DEVICE_REMOVED);
	(void)stage_round(fresh);
	held->ops->close(held);
	released->ops->close(released);
	unused->ops->close(unused);
	fresh->ops->close(fresh);
}

static void
test_reset(void **state)
{
	struct reader_state card = stage_wait(pcsc, true), after;
	struct transport *t = open_card();
	uint64_t before = stage_round(t);

	reset_by_other();
	assert_int_not_equal(stage_round(t), before);
	before = stage_round(t);
	assert_int_equal(stage_round(t), before);
	after = stage_wait(pcsc, true);
	assert_int_equal(after.insertion, card.insertion);
	t->ops->close(t);
}

static void
test_no_status_word(void **state)
{
	struct transport *t = open_card();
	uint64_t generation;
	uint16_t sw = 1;

	assert_int_equal(t->ops->begin(t, &generation), CKR_OK);
	stage_tell("fault short");
	assert_int_equal(stage_exchange(t, &sw), CKR_DEVICE_ERROR);
	assert_int_equal(sw, 1);
	stage_select(t);
	t->ops->end(t);
	t->ops->close(t);
}

static void
test_long_answer(void **state)
{
	struct transport *t = open_card();
	struct apdu get = { .ins = 0xCB, .le = APDU_ANSWER_MAX };
	struct builder answer = builder_heap(APDU_ANSWER_MAX);
	uint64_t generation;
	uint16_t sw = 0;

	assert_int_equal(t->ops->begin(t, &generation), CKR_OK);
	stage_tell("fault long:60000");
	assert_int_equal(t->ops->exchange(t, &get, &answer, &sw), CKR_OK);
	assert_true(builder_read(&answer).left > 59000);
	t->ops->end(t);
	builder_free(&answer);
	t->ops->close(t);
}

static void
test_card(void **state)
{
	struct reader_state card = stage_wait(pcsc, true);
	const struct transport_info *info;
	struct transport *t = open_card();

	assert_false(card.mute);
	assert_false(card.in_use);
	assert_int_equal(card.atr_size, sizeof(stage_atr));
	assert_memory_equal(card.atr, stage_atr, sizeof(stage_atr));
	(void)stage_round(t);
	info = t->ops->info(t);
	assert_string_equal(info->name, card.name);
	assert_int_equal(info->atr_size, sizeof(stage_atr));
	assert_false(info->t0);
	assert_false(info->shared);
	assert_true(stage_wait(pcsc, true).in_use);
	t->ops->close(t);
	assert_false(stage_wait(pcsc, true).in_use);
}

static void
test_shared(void **state)
{
	struct transport *first = open_card(), *second;

	(void)stage_round(first);
	second = open_card();
	(void)stage_round(second);
	assert_true(second->ops->info(second)->shared);
	second->ops->close(second);
	first->ops->close(first);
}

static void
test_release(void **state)
{
	struct transport *t = open_card();
	uint64_t before = stage_round(t);

	t->ops->release(t);
	assert_false(stage_wait(pcsc, true).in_use);
	assert_int_not_equal(stage_round(t), before);
	t->ops->close(t);
}

struct work {
	struct transport *transport;
	atomic_int *inside;
	atomic_int *wrong;
};

/* No cmocka here: it is for one thread. */
static void *
work_run(void *argument)
{
	struct work *work = argument;
	struct transport *t = work->transport;
	uint64_t generation;
	uint16_t sw;

	for (int i = 0; i < ROUNDS; i++) {
		if (t->ops->begin(t, &generation) != CKR_OK) {
			atomic_fetch_add(work->wrong, 1);
			continue;
		}
		if (atomic_fetch_add(work->inside, 1) != 0)
			atomic_fetch_add(work->wrong, 1);
		if (stage_exchange(t, &sw) != CKR_OK || sw != 0x9000)
			atomic_fetch_add(work->wrong, 1);
		atomic_fetch_sub(work->inside, 1);
		t->ops->end(t);
	}
	return NULL;
}

static void
two_threads(struct transport *one, struct transport *two)
{
	atomic_int inside = 0, wrong = 0;
	struct work works[2] = { { one, &inside, &wrong },
				 { two, &inside, &wrong } };
	pthread_t threads[2];

	for (size_t i = 0; i < 2; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, work_run, &works[i]),
			0);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(wrong, 0);
}

static void
test_threads(void **state)
{
	struct transport *t = open_card();

	two_threads(t, t);
	t->ops->close(t);
}

/* As two programs would: the service keeps the transactions apart. */
static void
test_threads_apart(void **state)
{
	struct transport *one = open_card(), *two = open_card();

	two_threads(one, two);
	one->ops->close(one);
	two->ops->close(two);
}

static void
child_run(struct transport *inherited)
{
	struct transport *t;
	uint64_t generation;

	inherited->ops->close(inherited);
	pcsc_forget(pcsc);
	pcsc = pcsc_new();
	t = open_card();
	assert_int_equal(t->ops->begin(t, &generation), CKR_OK);
	stage_select(t);
	t->ops->end(t);
	t->ops->close(t);
	pcsc_free(pcsc);
}

/* What a child drops stays the parent's. */
static void
test_fork(void **state)
{
	struct transport *t = open_card();
	uint64_t before = stage_round(t);
	int status = 1;
	pid_t child = fork();

	if (child == 0) {
		child_run(t);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(stage_round(t), before);
	t->ops->close(t);
}

#define CASE(name, function)                          \
	{                                             \
		name, function, setup, teardown, NULL \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/pcsc/cards/empty", test_empty),
		CASE("/pcsc/cards/removed/between", test_removed_between),
		CASE("/pcsc/cards/removed/transaction",
		     test_removed_in_transaction),
		CASE("/pcsc/cards/removed/exchange", test_removed_in_exchange),
		CASE("/pcsc/cards/inserted-again", test_inserted_again),
		CASE("/pcsc/cards/reset", test_reset),
		CASE("/pcsc/cards/no-status-word", test_no_status_word),
		CASE("/pcsc/cards/long-answer", test_long_answer),
		CASE("/pcsc/cards/card", test_card),
		CASE("/pcsc/cards/shared", test_shared),
		CASE("/pcsc/cards/release", test_release),
		CASE("/pcsc/cards/threads/one-transport", test_threads),
		CASE("/pcsc/cards/threads/two-transports", test_threads_apart),
		CASE("/pcsc/cards/fork", test_fork),
	};

	return cmocka_run_group_tests_name("/pcsc/cards", tests, NULL, NULL);
}
