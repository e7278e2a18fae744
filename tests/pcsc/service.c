/* Tests of pcsc/ with a pcscd that is down, comes up, dies and comes back. */
#include "stage.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "log.h"

enum { RESTARTS = 3 };

static struct reader_state states[READERS_MAX];

static size_t
scan(struct pcsc *p)
{
	size_t count = SIZE_MAX;

	assert_int_equal(pcsc_scan(p, states, &count), CKR_OK);
	return count;
}

/* Lines of the log so far that hold this text. */
static unsigned
logged(const char *text)
{
	char path[128], line[1024];
	unsigned count = 0;
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/signet.log",
		       getenv("SIGNET_TEST_DIR"));
	file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		count += strstr(line, text) != NULL;
	(void)fclose(file);
	return count;
}

static unsigned
descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned count = 0;

	assert_non_null(folder);
	while (readdir(folder))
		count++;
	(void)closedir(folder);
	return count;
}

static void
test_down(void **state)
{
	struct pcsc *p = pcsc_new();
	unsigned before = logged("systemctl start pcscd.socket");

	assert_non_null(p);
	assert_int_equal(scan(p), 0);
	assert_int_equal(scan(p), 0);
	assert_int_equal(logged("systemctl start pcscd.socket"), before + 1);
	pcsc_free(p);
}

static void
test_comes_up(void **state)
{
	struct pcsc *p = pcsc_new();
	struct transport *t;
	struct reader_state card;

	assert_non_null(p);
	assert_int_equal(scan(p), 0);
	stage_pcscd_start();
	card = stage_wait(p, true);
	t = reader_open(p, &card);
	assert_non_null(t);
	(void)stage_round(t);
	t->ops->close(t);
	pcsc_free(p);
}

static void
test_dies(void **state)
{
	struct pcsc *p = pcsc_new();
	struct reader_state card;
	struct transport *idle, *busy;
	uint64_t generation;
	uint16_t sw;

	assert_non_null(p);
	card = stage_wait(p, true);
	idle = reader_open(p, &card);
	busy = reader_open(p, &card);
	assert_true(idle && busy);
	(void)stage_round(idle);
	assert_int_equal(busy->ops->begin(busy, &generation), CKR_OK);
	stage_pcscd_kill();
	assert_int_equal(stage_exchange(busy, &sw), CKR_DEVICE_REMOVED);
	busy->ops->end(busy);
	assert_int_equal(busy->ops->begin(busy, &generation),
			 CKR_DEVICE_REMOVED);
	assert_int_equal(idle->ops->begin(idle, &generation),
			 CKR_DEVICE_REMOVED);
	assert_int_equal(scan(p), 0);
	idle->ops->close(idle);
	busy->ops->close(busy);
	pcsc_free(p);
	stage_pcscd_start();
}

/* Nobody looks while it is down; the counters of the new one begin anew. */
static void
test_restarts_unseen(void **state)
{
	struct pcsc *p = pcsc_new(), *other = pcsc_new();
	struct reader_state before, after;
	struct transport *held, *released, *fresh;
	uint64_t generation;

	assert_true(p && other);
	before = stage_wait(p, true);
	held = reader_open(p, &before);
	released = reader_open(p, &before);
	assert_true(held && released);
	(void)stage_round(held);
	(void)stage_round(released);
	released->ops->release(released);
	stage_pcscd_kill();
	stage_pcscd_start();
	(void)stage_wait(other, true);
	assert_int_equal(held->ops->begin(held, &generation),
			 CKR_DEVICE_REMOVED);
	assert_int_equal(released->ops->begin(released, &generation),
			 CKR_DEVICE_REMOVED);
	assert_true(scan(p) > 0);
	after = states[0];
	assert_true(after.card);
	assert_int_not_equal(after.insertion, before.insertion);
	fresh = reader_open(p, &after);
	assert_non_null(fresh);
	(void)stage_round(fresh);
	held->ops->close(held);
	released->ops->close(released);
	fresh->ops->close(fresh);
	pcsc_free(p);
	pcsc_free(other);
}

static void
test_restarts_leak_nothing(void **state)
{
	struct pcsc *p = pcsc_new();
	unsigned before = descriptors();
	struct reader_state card;
	struct transport *t;
	uint64_t generation;

	assert_non_null(p);
	for (int i = 0; i < RESTARTS; i++) {
		card = stage_wait(p, true);
		t = reader_open(p, &card);
		assert_non_null(t);
		(void)stage_round(t);
		stage_pcscd_kill();
		assert_int_equal(t->ops->begin(t, &generation),
				 CKR_DEVICE_REMOVED);
		t->ops->close(t);
		assert_int_equal(scan(p), 0);
		stage_pcscd_start();
	}
	(void)stage_wait(p, true);
	pcsc_free(p);
	assert_int_equal(descriptors(), before);
}

static int
setup_down(void **state)
{
	stage_pcscd_kill();
	return 0;
}

static int
setup_log(void **state)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/signet.log",
		       getenv("SIGNET_TEST_DIR"));
	log_open(LOG_DEBUG, path);
	return 0;
}

static int
teardown_log(void **state)
{
	log_close();
	return 0;
}

/* Without pcscd from the start, there is not even its socket. */
static int
run_none(void)
{
	const struct CMUnitTest tests[] = {
		{ "/pcsc/service/none", test_down, NULL, NULL, NULL },
	};

	return cmocka_run_group_tests_name("/pcsc/service", tests, setup_log,
					   teardown_log);
}

static int
run_all(void)
{
	const struct CMUnitTest tests[] = {
		{ "/pcsc/service/down", test_down, setup_down, NULL, NULL },
		{ "/pcsc/service/comes-up", test_comes_up, NULL, NULL, NULL },
		{ "/pcsc/service/dies", test_dies, NULL, NULL, NULL },
		{ "/pcsc/service/restarts/unseen", test_restarts_unseen, NULL,
		  NULL, NULL },
		{ "/pcsc/service/restarts/leak", test_restarts_leak_nothing,
		  NULL, NULL, NULL },
	};

	return cmocka_run_group_tests_name("/pcsc/service", tests, setup_log,
					   teardown_log);
}

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "none") == 0)
		return run_none();
	return run_all();
}
