/* Tests of pcsc/reader.c: one insertion of a card as a transport. */
#include "fake.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static uint8_t answer_bytes[APDU_ANSWER_MAX];

static struct transport *
open_explained(bool explained)
{
	struct reader_state card = { .name = "Reader 0",
				     .card = true,
				     .explained = explained,
				     .insertion = 5u << 16 | 1,
				     .atr = { 0x3B, 0x80, 0x01 },
				     .atr_size = 3 };
	struct transport *t = reader_open(NULL, &card);

	assert_non_null(t);
	return t;
}

static struct transport *
open_card(void)
{
	return open_explained(false);
}

static void
assert_begin(struct transport *t, uint64_t generation)
{
	uint64_t got = 0;

	assert_int_equal(t->ops->begin(t, &got), CKR_OK);
	assert_int_equal(got, generation);
	assert_int_equal(fake.transactions, 1);
}

static void
assert_begin_fails(struct transport *t, CK_RV rv)
{
	uint64_t got = 77;

	assert_int_equal(t->ops->begin(t, &got), rv);
	assert_int_equal(got, 77);
	assert_int_equal(fake.transactions, 0);
}

static CK_RV
exchange(struct transport *t, uint16_t *sw)
{
	struct apdu command = { .ins = 0x20,
				.data = cursor_of("1234", 4),
				.le = 0 };
	struct builder answer = builder_over(answer_bytes, 8);

	return t->ops->exchange(t, &command, &answer, sw);
}

/* Ends the transport; nothing of it is left at the service. */
static void
close_clean(struct transport *t)
{
	t->ops->close(t);
	assert_int_equal(fake.cards, 0);
	assert_int_equal(fake.contexts, 0);
}

/* Over for good: not even a look at the service brings it back. */
static void
assert_over(struct transport *t)
{
	unsigned calls = fake_total();

	assert_int_equal(fake.cards, 0);
	assert_int_equal(fake.contexts, 0);
	assert_begin_fails(t, CKR_DEVICE_REMOVED);
	assert_int_equal(fake_total(), calls);
	close_clean(t);
}

static void
test_no_card(void **state)
{
	struct reader_state empty = { .name = "Reader 0" };
	struct transport *t = reader_open(NULL, &empty);

	assert_over(t);
}

static void
test_service_down(void **state)
{
	struct transport *t = open_card();

	fake_answer(CALL_ESTABLISH, SCARD_E_NO_SERVICE);
	assert_begin_fails(t, CKR_DEVICE_REMOVED);
	assert_over(t);
}

static void
test_denied(void **state)
{
	struct transport *t = open_card();

	/* a service that hangs up as it refuses wants a new context */
	fake.always[CALL_CONNECT] = SCARD_W_SECURITY_VIOLATION;
	assert_begin_fails(t, CKR_DEVICE_ERROR);
	assert_int_equal(fake.calls[CALL_ESTABLISH], 2);
	assert_int_equal(fake.contexts, 0);
	assert_int_equal(fake.lines[LOG_ERROR], 1);
	assert_non_null(strstr(fake.line, "polkit"));
	fake.always[CALL_CONNECT] = SCARD_S_SUCCESS;
	assert_begin(t, 1);
	t->ops->end(t);
	close_clean(t);
}

/* To hang up later is no refusal: the service has died. */
static void
test_hung_up(void **state)
{
	static const LONG codes[] = { SCARD_W_SECURITY_VIOLATION,
				      SCARD_F_COMM_ERROR };
	struct transport *t;
	uint16_t sw;

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		t = open_card();
		assert_begin(t, 1);
		fake_answer(CALL_TRANSMIT, codes[i]);
		assert_int_equal(exchange(t, &sw), CKR_DEVICE_REMOVED);
		assert_null(strstr(fake.line, "polkit"));
		t->ops->end(t);
		assert_over(t);
		fake_reset(NULL);
		t = open_card();
		fake_answer(CALL_BEGIN, codes[i]);
		assert_begin_fails(t, CKR_DEVICE_REMOVED);
		assert_over(t);
		fake_reset(NULL);
	}
}

/* SCardConnect succeeds on whatever card is there. */
static void
test_other_insertion(void **state)
{
	struct transport *t = open_card();

	fake.event += 2u << 16;
	assert_begin_fails(t, CKR_DEVICE_REMOVED);
	assert_int_equal(fake.calls[CALL_BEGIN], 0);
	assert_int_equal(fake.calls[CALL_DISCONNECT], 1);
	fake.event -= 2u << 16;
	assert_over(t);
}

static void
test_other_atr(void **state)
{
	struct transport *t = open_card();

	fake.atr[2] = 0x02;
	assert_begin_fails(t, CKR_DEVICE_REMOVED);
	assert_over(t);
}

static void
test_swapped_while_released(void **state)
{
	struct transport *t = open_card();

	assert_begin(t, 1);
	t->ops->end(t);
	t->ops->release(t);
	fake.event += 2u << 16;
	assert_begin_fails(t, CKR_DEVICE_REMOVED);
	assert_over(t);
}

static void
test_removed(void **state)
{
	static const LONG codes[] = {
		SCARD_W_REMOVED_CARD,	    SCARD_E_NO_SMARTCARD,
		SCARD_E_READER_UNAVAILABLE, SCARD_E_UNKNOWN_READER,
		SCARD_E_NO_SERVICE,	    SCARD_E_SERVICE_STOPPED
	};
	struct transport *t;

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		fake_reset(NULL);
		t = open_card();
		assert_begin(t, 1);
		t->ops->end(t);
		fake_answer(CALL_BEGIN, codes[i]);
		assert_begin_fails(t, CKR_DEVICE_REMOVED);
		assert_int_equal(fake.calls[CALL_CONNECT], 1);
		assert_over(t);
	}
}

static void
test_reset(void **state)
{
	struct transport *t = open_card();

	assert_begin(t, 1);
	t->ops->end(t);
	fake_answer(CALL_BEGIN, SCARD_W_RESET_CARD);
	fake.protocol = SCARD_PROTOCOL_T0;
	/* The answer to a warm reset may differ. */
	fake.atr[2] = 0x02;
	assert_begin(t, 2);
	assert_true(t->ops->info(t)->t0);
	assert_int_equal(t->ops->info(t)->atr[2], 0x02);
	assert_int_equal(fake.calls[CALL_RECONNECT], 1);
	assert_int_equal(fake.calls[CALL_CONNECT], 1);
	t->ops->end(t);
	assert_begin(t, 2);
	t->ops->end(t);
	close_clean(t);
}

static void
test_reset_hides_swap(void **state)
{
	struct transport *t = open_card();

	assert_begin(t, 1);
	t->ops->end(t);
	fake_answer(CALL_BEGIN, SCARD_W_RESET_CARD);
	fake.event += 2u << 16;
	assert_begin_fails(t, CKR_DEVICE_REMOVED);
	assert_over(t);
}

static void
test_reset_for_ever(void **state)
{
	struct transport *t = open_card();

	fake.always[CALL_BEGIN] = SCARD_W_RESET_CARD;
	assert_begin_fails(t, CKR_DEVICE_ERROR);
	assert_true(fake.calls[CALL_BEGIN] <= 20);
	fake.always[CALL_BEGIN] = SCARD_S_SUCCESS;
	assert_int_equal(t->ops->begin(t, &(uint64_t){ 0 }), CKR_OK);
	t->ops->end(t);
	close_clean(t);
}

static void
test_busy(void **state)
{
	struct transport *t = open_card();

	fake_answer(CALL_CONNECT, SCARD_E_SHARING_VIOLATION);
	fake_answer(CALL_CONNECT, SCARD_E_SHARING_VIOLATION);
	assert_begin(t, 1);
	assert_int_equal(fake.pauses, 2);
	assert_int_equal(fake.lines[LOG_INFO], 1);
	assert_int_equal(fake.lines[LOG_ERROR], 0);
	t->ops->end(t);
	close_clean(t);
}

static void
test_busy_for_ever(void **state)
{
	struct transport *t = open_card();

	fake.always[CALL_CONNECT] = SCARD_E_SHARING_VIOLATION;
	assert_begin_fails(t, CKR_DEVICE_ERROR);
	assert_true(fake.pauses > 0 && fake.pauses <= 20);
	assert_int_equal(fake.lines[LOG_INFO], 1);
	assert_int_equal(fake.lines[LOG_ERROR], 1);
	fake.always[CALL_CONNECT] = SCARD_S_SUCCESS;
	assert_begin(t, 1);
	t->ops->end(t);
	close_clean(t);
}

/* Why a card cannot be used is said once, until it can be. */
static void
test_explained(void **state)
{
	struct transport *t = open_explained(true);

	fake.always[CALL_CONNECT] = SCARD_E_SHARING_VIOLATION;
	assert_begin_fails(t, CKR_DEVICE_ERROR);
	assert_int_equal(fake.lines[LOG_INFO] + fake.lines[LOG_ERROR], 0);
	fake.always[CALL_CONNECT] = SCARD_S_SUCCESS;
	assert_begin(t, 1);
	t->ops->end(t);
	t->ops->release(t);
	fake.always[CALL_CONNECT] = SCARD_E_SHARING_VIOLATION;
	assert_begin_fails(t, CKR_DEVICE_ERROR);
	assert_int_equal(fake.lines[LOG_ERROR], 1);
	close_clean(t);
}

static void
test_handle_lost(void **state)
{
	struct transport *t = open_card();

	assert_begin(t, 1);
	t->ops->end(t);
	fake_answer(CALL_BEGIN, SCARD_E_INVALID_HANDLE);
	assert_begin(t, 2);
	assert_int_equal(fake.calls[CALL_ESTABLISH], 2);
	assert_int_equal(fake.contexts, 1);
	t->ops->end(t);
	close_clean(t);
}

static void
test_handle_lost_twice(void **state)
{
	struct transport *t = open_card();

	fake.always[CALL_BEGIN] = SCARD_E_INVALID_HANDLE;
	assert_begin_fails(t, CKR_DEVICE_ERROR);
	assert_int_equal(fake.calls[CALL_ESTABLISH], 2);
	fake.always[CALL_BEGIN] = SCARD_S_SUCCESS;
	assert_begin(t, 3);
	t->ops->end(t);
	close_clean(t);
}

/* What else fails is let go of, so that the next begin starts afresh. */
static void
test_begin_fails(void **state)
{
	struct transport *t = open_card();

	assert_begin(t, 1);
	t->ops->end(t);
	fake_answer(CALL_BEGIN, SCARD_F_INTERNAL_ERROR);
	assert_begin_fails(t, CKR_DEVICE_ERROR);
	assert_int_equal(fake.cards, 0);
	assert_begin(t, 2);
	t->ops->end(t);
	close_clean(t);
}

static void
test_end_fails(void **state)
{
	struct transport *t = open_card();

	assert_begin(t, 1);
	fake_answer(CALL_END, SCARD_W_RESET_CARD);
	t->ops->end(t);
	assert_int_equal(fake.cards, 0);
	assert_begin(t, 2);
	t->ops->end(t);
	close_clean(t);
}

static void
test_exchange_removed(void **state)
{
	static const LONG codes[] = { SCARD_W_REMOVED_CARD, SCARD_E_NO_SERVICE,
				      SCARD_E_READER_UNAVAILABLE };
	struct transport *t;
	uint16_t sw = 1;

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		fake_reset(NULL);
		t = open_card();
		assert_begin(t, 1);
		fake_answer(CALL_TRANSMIT, codes[i]);
		assert_int_equal(exchange(t, &sw), CKR_DEVICE_REMOVED);
		assert_int_equal(sw, 1);
		t->ops->end(t);
		assert_over(t);
	}
}

/* The command fails before the service notices that the card is gone. */
static void
test_exchange_pulled(void **state)
{
	struct transport *t = open_card();
	uint16_t sw = 1;

	assert_begin(t, 1);
	fake_answer(CALL_TRANSMIT, SCARD_E_NOT_TRANSACTED);
	fake.event_next = 2u << 16 | SCARD_STATE_EMPTY;
	assert_int_equal(exchange(t, &sw), CKR_DEVICE_REMOVED);
	t->ops->end(t);
	assert_over(t);
}

static void
test_exchange_pulled_silently(void **state)
{
	struct transport *t = open_card();
	uint16_t sw = 1;

	assert_begin(t, 1);
	fake.reply_size = 0;
	fake.event_next = 2u << 16 | SCARD_STATE_EMPTY;
	assert_int_equal(exchange(t, &sw), CKR_DEVICE_REMOVED);
	t->ops->end(t);
	assert_over(t);
}

static void
test_exchange_fails(void **state)
{
	struct transport *t = open_card();
	uint16_t sw = 1;

	assert_begin(t, 1);
	fake_answer(CALL_TRANSMIT, SCARD_E_NOT_TRANSACTED);
	fake_answer(CALL_LOOK, SCARD_S_SUCCESS);
	fake_answer(CALL_LOOK, SCARD_E_TIMEOUT);
	assert_int_equal(exchange(t, &sw), CKR_DEVICE_ERROR);
	assert_int_equal(sw, 1);
	assert_int_equal(exchange(t, &sw), CKR_OK);
	assert_int_equal(fake.apdus, 2);
	t->ops->end(t);
	close_clean(t);
}

static void
test_exchange_reset(void **state)
{
	struct transport *t = open_card();
	uint16_t sw = 1;

	assert_begin(t, 1);
	fake_answer(CALL_TRANSMIT, SCARD_W_RESET_CARD);
	assert_int_equal(exchange(t, &sw), CKR_DEVICE_ERROR);
	assert_int_equal(fake.calls[CALL_TRANSMIT], 1);
	t->ops->end(t);
	fake_answer(CALL_BEGIN, SCARD_W_RESET_CARD);
	assert_begin(t, 2);
	t->ops->end(t);
	close_clean(t);
}

static void
test_exchange_no_status_word(void **state)
{
	struct transport *t = open_card();
	uint16_t sw = 1;

	fake.reply_size = 1;
	assert_begin(t, 1);
	assert_int_equal(exchange(t, &sw), CKR_DEVICE_ERROR);
	fake.reply_size = 0;
	fake_answer(CALL_LOOK, SCARD_S_SUCCESS);
	fake_answer(CALL_LOOK, SCARD_E_TIMEOUT);
	assert_int_equal(exchange(t, &sw), CKR_DEVICE_ERROR);
	assert_int_equal(sw, 1);
	t->ops->end(t);
	close_clean(t);
}

static void
test_exchange_no_room(void **state)
{
	static const uint8_t reply[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 0x90, 0 };
	struct transport *t = open_card();
	uint16_t sw = 1;

	fake.reply = reply;
	fake.reply_size = sizeof(reply);
	assert_begin(t, 1);
	assert_int_equal(exchange(t, &sw), CKR_DEVICE_MEMORY);
	assert_int_equal(sw, 1);
	t->ops->end(t);
	close_clean(t);
}

static void
test_exchange_too_long(void **state)
{
	struct apdu command = { .data = cursor_of(answer_bytes, 256) };
	struct builder answer = builder_over(answer_bytes, 8);
	struct transport *t = open_card();
	uint16_t sw = 1;

	fake.protocol = SCARD_PROTOCOL_T0;
	assert_begin(t, 1);
	assert_int_equal(t->ops->exchange(t, &command, &answer, &sw),
			 CKR_DATA_LEN_RANGE);
	assert_int_equal(fake.calls[CALL_TRANSMIT], 0);
	t->ops->end(t);
	close_clean(t);
}

static void
test_exchange(void **state)
{
	static const uint8_t reply[] = { 'a', 'b', 0x6A, 0x82 };
	static const uint8_t sent[] = { 0, 0xCB, 1, 2, 1, 'x', 0 };
	struct apdu command = { .ins = 0xCB,
				.p1 = 1,
				.p2 = 2,
				.data = cursor_of("x", 1),
				.le = 256 };
	struct builder answer = builder_over(answer_bytes, 8);
	struct transport *t = open_card();
	uint16_t sw;

	fake.reply = reply;
	fake.reply_size = sizeof(reply);
	builder_u8(&answer, 'z');
	assert_begin(t, 1);
	assert_int_equal(t->ops->exchange(t, &command, &answer, &sw), CKR_OK);
	t->ops->end(t);
	assert_int_equal(sw, 0x6A82);
	assert_true(cursor_is(builder_read(&answer), "zab", 3));
	assert_int_equal(fake.sent_size, sizeof(sent));
	assert_memory_equal(fake.sent, sent, sizeof(sent));
	assert_int_equal(fake.sent_protocol, SCARD_PROTOCOL_T1);
	assert_int_equal(fake.apdus, 1);
	close_clean(t);
}

static void
test_exchange_t0(void **state)
{
	struct apdu command = { .ins = 0xCB };
	struct builder answer = builder_over(answer_bytes, 8);
	struct transport *t = open_card();
	uint16_t sw;

	fake.protocol = SCARD_PROTOCOL_T0;
	assert_begin(t, 1);
	assert_true(t->ops->info(t)->t0);
	assert_int_equal(t->ops->exchange(t, &command, &answer, &sw), CKR_OK);
	t->ops->end(t);
	assert_int_equal(fake.sent_size, 5);
	assert_int_equal(fake.sent_protocol, SCARD_PROTOCOL_T0);
	close_clean(t);
}

static void
test_exchange_longest(void **state)
{
	uint8_t *reply = calloc(1, APDU_ANSWER_MAX + 2);
	struct apdu command = { .le = APDU_ANSWER_MAX };
	struct builder answer = builder_over(answer_bytes, APDU_ANSWER_MAX);
	struct transport *t = open_card();
	uint16_t sw;

	assert_non_null(reply);
	reply[APDU_ANSWER_MAX] = 0x90;
	fake.reply = reply;
	fake.reply_size = APDU_ANSWER_MAX + 2;
	assert_begin(t, 1);
	assert_int_equal(t->ops->exchange(t, &command, &answer, &sw), CKR_OK);
	assert_int_equal(sw, 0x9000);
	assert_int_equal(builder_read(&answer).left, APDU_ANSWER_MAX);
	t->ops->end(t);
	close_clean(t);
	free(reply);
}

static void
assert_wiped(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		assert_int_equal(bytes[i], 0);
}

/* The PIN that was sent and the plaintext that came are not kept. */
static void
test_exchange_wipes(void **state)
{
	static const uint8_t reply[] = {
		's', 'e', 'c', 'r', 'e', 't', 0x90, 1
	};
	struct transport *t = open_card();
	uint16_t sw;

	fake.reply = reply;
	fake.reply_size = sizeof(reply);
	assert_begin(t, 1);
	assert_int_equal(exchange(t, &sw), CKR_OK);
	assert_wiped(fake.sent_at, fake.sent_size);
	assert_wiped(fake.received_at, sizeof(reply));
	fake_answer(CALL_TRANSMIT, SCARD_W_RESET_CARD);
	assert_int_equal(exchange(t, &sw), CKR_DEVICE_ERROR);
	assert_wiped(fake.sent_at, fake.sent_size);
	assert_wiped(fake.received_at, sizeof(reply));
	t->ops->end(t);
	close_clean(t);
}

static void
test_steady(void **state)
{
	struct transport *t = open_card();
	struct fake before;
	uint16_t sw;

	assert_begin(t, 1);
	t->ops->end(t);
	before = fake;
	assert_begin(t, 1);
	assert_int_equal(exchange(t, &sw), CKR_OK);
	assert_int_equal(exchange(t, &sw), CKR_OK);
	t->ops->end(t);
	before.calls[CALL_BEGIN] += 1;
	before.calls[CALL_TRANSMIT] += 2;
	before.calls[CALL_END] += 1;
	assert_memory_equal(fake.calls, before.calls, sizeof(fake.calls));
	close_clean(t);
}

static void
test_shared(void **state)
{
	struct transport *t = open_card();

	fake.event |= SCARD_STATE_INUSE;
	assert_begin(t, 1);
	t->ops->end(t);
	assert_true(t->ops->info(t)->shared);
	close_clean(t);
	fake_reset(NULL);
	/* In use, but only by ourselves. */
	t = open_card();
	fake.event_next = fake.event | SCARD_STATE_INUSE;
	assert_begin(t, 1);
	t->ops->end(t);
	assert_false(t->ops->info(t)->shared);
	close_clean(t);
}

static void
test_info(void **state)
{
	struct transport *t = open_card();
	const struct transport_info *info = t->ops->info(t);

	assert_begin(t, 1);
	t->ops->end(t);
	assert_string_equal(info->name, "Reader 0");
	assert_int_equal(info->atr_size, 3);
	assert_memory_equal(info->atr, fake.atr, 3);
	assert_false(info->t0);
	assert_false(info->pinpad);
	assert_int_equal(info->max_command, 0);
	close_clean(t);
}

static void
test_release(void **state)
{
	struct transport *t = open_card();

	t->ops->release(t);
	assert_int_equal(fake_total(), 0);
	assert_begin(t, 1);
	t->ops->end(t);
	t->ops->release(t);
	t->ops->release(t);
	assert_int_equal(fake.cards, 0);
	assert_int_equal(fake.calls[CALL_DISCONNECT], 1);
	assert_begin(t, 2);
	t->ops->end(t);
	assert_int_equal(fake.calls[CALL_ESTABLISH], 1);
	/* Who else is there is asked before the first connect alone. */
	assert_int_equal(fake.calls[CALL_LOOK], 3);
	close_clean(t);
}

static void
test_alone(void **state)
{
	struct transport *t = open_card();

	assert_begin(t, 1);
	t->ops->end(t);
	assert_false(t->ops->alone(t));
	t->ops->release(t);
	fake_answer(CALL_LOOK, SCARD_E_NO_SERVICE);
	assert_false(t->ops->alone(t));
	fake.event |= SCARD_STATE_INUSE;
	assert_false(t->ops->alone(t));
	fake.event &= ~(DWORD)SCARD_STATE_INUSE;
	assert_true(t->ops->alone(t));
	assert_int_equal(fake.calls[CALL_TRANSMIT], 0);
	close_clean(t);
}

/* Bits of what a child found wrong, as its exit status. */
static int
child_use(struct transport *t)
{
	uint64_t generation = 0;
	unsigned calls = fake_total();
	int wrong = 0;

	if (t->ops->begin(t, &generation) != CKR_DEVICE_REMOVED)
		wrong |= 1;
	t->ops->release(t);
	t->ops->close(t);
	if (fake_total() != calls)
		wrong |= 2;
	return wrong;
}

static void
test_fork(void **state)
{
	struct transport *t = open_card();
	int status = 1;
	pid_t child;

	/* Forked in mid-transaction, the child finds the lock held. */
	assert_begin(t, 1);
	child = fork();
	if (child == 0)
		_exit(child_use(t));
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	t->ops->end(t);
	close_clean(t);
}

#define CASE(name, function)                           \
	{                                              \
		name, function, fake_reset, NULL, NULL \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/pcsc/reader/begin/no-card", test_no_card),
		CASE("/pcsc/reader/begin/service-down", test_service_down),
		CASE("/pcsc/reader/begin/denied", test_denied),
		CASE("/pcsc/reader/hung-up", test_hung_up),
		CASE("/pcsc/reader/begin/other-insertion",
		     test_other_insertion),
		CASE("/pcsc/reader/begin/other-atr", test_other_atr),
		CASE("/pcsc/reader/begin/swapped", test_swapped_while_released),
		CASE("/pcsc/reader/begin/removed", test_removed),
		CASE("/pcsc/reader/begin/reset-hides-swap",
		     test_reset_hides_swap),
		CASE("/pcsc/reader/begin/reset-for-ever", test_reset_for_ever),
		CASE("/pcsc/reader/begin/busy-for-ever", test_busy_for_ever),
		CASE("/pcsc/reader/begin/explained", test_explained),
		CASE("/pcsc/reader/begin/handle-lost-twice",
		     test_handle_lost_twice),
		CASE("/pcsc/reader/begin/fails", test_begin_fails),
		CASE("/pcsc/reader/begin/handle-lost", test_handle_lost),
		CASE("/pcsc/reader/begin/busy", test_busy),
		CASE("/pcsc/reader/begin/reset", test_reset),
		CASE("/pcsc/reader/end/fails", test_end_fails),
		CASE("/pcsc/reader/exchange/removed", test_exchange_removed),
		CASE("/pcsc/reader/exchange/pulled", test_exchange_pulled),
		CASE("/pcsc/reader/exchange/pulled-silently",
		     test_exchange_pulled_silently),
		CASE("/pcsc/reader/exchange/fails", test_exchange_fails),
		CASE("/pcsc/reader/exchange/reset", test_exchange_reset),
		CASE("/pcsc/reader/exchange/no-status-word",
		     test_exchange_no_status_word),
		CASE("/pcsc/reader/exchange/no-room", test_exchange_no_room),
		CASE("/pcsc/reader/exchange/too-long", test_exchange_too_long),
		CASE("/pcsc/reader/exchange/t1", test_exchange),
		CASE("/pcsc/reader/exchange/t0", test_exchange_t0),
		CASE("/pcsc/reader/exchange/longest", test_exchange_longest),
		CASE("/pcsc/reader/exchange/wipes", test_exchange_wipes),
		CASE("/pcsc/reader/steady", test_steady),
		CASE("/pcsc/reader/info", test_info),
		CASE("/pcsc/reader/shared", test_shared),
		CASE("/pcsc/reader/release", test_release),
		CASE("/pcsc/reader/alone", test_alone),
		CASE("/pcsc/reader/fork", test_fork),
	};

	return cmocka_run_group_tests_name("/pcsc/reader", tests, NULL, NULL);
}
