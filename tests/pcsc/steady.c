/* Tests which calls of the service pcsc/ makes, under pcsccount. */
#include "stage.h"

#include <dlfcn.h>
#include <string.h>

static unsigned long (*count)(const char *name);
static struct pcsc *pcsc;
static struct transport *transport;

/* The calls whose number matters. */
enum call {
	ESTABLISH,
	CONNECT,
	RECONNECT,
	DISCONNECT,
	LOOK,
	STATUS,
	LIST,
	BEGIN,
	TRANSMIT,
	END,
	CALLS
};

static const char *const names[CALLS] = {
	[ESTABLISH] = "EstablishContext", [CONNECT] = "Connect",
	[RECONNECT] = "Reconnect",	  [DISCONNECT] = "Disconnect",
	[LOOK] = "GetStatusChange",	  [STATUS] = "Status",
	[LIST] = "ListReaders",		  [BEGIN] = "BeginTransaction",
	[TRANSMIT] = "Transmit",	  [END] = "EndTransaction",
};

struct calls {
	unsigned long of[CALLS];
};

static struct calls
calls_now(void)
{
	struct calls now;

	for (size_t i = 0; i < CALLS; i++)
		now.of[i] = count(names[i]);
	return now;
}

static void
assert_calls(struct calls before, struct calls wanted)
{
	struct calls now = calls_now();

	for (size_t i = 0; i < CALLS; i++) {
		if (now.of[i] - before.of[i] != wanted.of[i])
			fail_msg("%s: %lu calls instead of %lu", names[i],
				 now.of[i] - before.of[i], wanted.of[i]);
	}
}

#define WANTED(...)                   \
	(struct calls)                \
	{                             \
		.of = { __VA_ARGS__ } \
	}

static void
test_first(void **state)
{
	struct calls before = calls_now();

	(void)stage_round(transport);
	assert_calls(before, WANTED([ESTABLISH] = 1, [CONNECT] = 1, [LOOK] = 2,
				    [BEGIN] = 1, [TRANSMIT] = 1, [END] = 1));
}

static void
test_steady(void **state)
{
	struct calls before;
	uint64_t generation;

	(void)stage_round(transport);
	before = calls_now();
	assert_int_equal(transport->ops->begin(transport, &generation), CKR_OK);
	stage_select(transport);
	stage_select(transport);
	stage_select(transport);
	transport->ops->end(transport);
	assert_calls(before, WANTED([BEGIN] = 1, [TRANSMIT] = 3, [END] = 1));
}

static void
test_released(void **state)
{
	struct calls before;

	(void)stage_round(transport);
	before = calls_now();
	transport->ops->release(transport);
	(void)stage_round(transport);
	assert_calls(before, WANTED([CONNECT] = 1, [DISCONNECT] = 1, [LOOK] = 1,
				    [BEGIN] = 1, [TRANSMIT] = 1, [END] = 1));
}

/* A scan touches no card: one list, one look. */
static void
test_scan(void **state)
{
	struct calls before = calls_now();

	(void)stage_wait(pcsc, true);
	assert_calls(before, WANTED([LIST] = 1, [LOOK] = 1));
}

static int
setup(void **state)
{
	struct reader_state card;

	*(void **)&count = dlsym(RTLD_DEFAULT, "pcsccount");
	pcsc = pcsc_new();
	if (count == NULL || pcsc == NULL)
		return -1;
	card = stage_wait(pcsc, true);
	transport = reader_open(pcsc, &card);
	return transport == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	transport->ops->close(transport);
	pcsc_free(pcsc);
	return 0;
}

#define CASE(name, function)                          \
	{                                             \
		name, function, setup, teardown, NULL \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/pcsc/steady/first", test_first),
		CASE("/pcsc/steady/steady", test_steady),
		CASE("/pcsc/steady/released", test_released),
		CASE("/pcsc/steady/scan", test_scan),
	};

	return cmocka_run_group_tests_name("/pcsc/steady", tests, NULL, NULL);
}
