/* Tests of softtoken/soft_store.c, soft_rows.c and soft_registry.c: what is
 * committed stays, whoever else writes, forks or is killed. */
#include "place.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static struct store *
store_of(struct token *t)
{
	return atomic_load(&soft_of(t)->store);
}

/* A second view of the same folder, as another process has it. */
static struct token *
second_view(struct place *p, struct place *q)
{
	*q = *p;
	q->count = 0;
	place_list(q);
	assert_int_equal(q->count, 1);
	return q->list[0].token;
}

static void
test_rollback(void **state)
{
	struct place p;
	struct token *t;
	struct store *s;
	struct row row = { .version = 1,
			   .class = CKO_DATA,
			   .key_type = CK_UNAVAILABLE_INFORMATION,
			   .blob = TEXT("x") };
	uint64_t version = 7;

	place_open(&p);
	t = place_token(&p);
	s = store_of(t);
	assert_int_equal(store_begin(s, STORE_WRITE), CKR_OK);
	assert_int_equal(store_ids(s, 1, &row.id), CKR_OK);
	assert_int_equal(store_row_insert(s, &row), CKR_OK);
	/* the same id a second time is an error, and undoes all */
	assert_int_not_equal(store_end(s, store_row_insert(s, &row)), CKR_OK);
	assert_int_equal(store_begin(s, STORE_READ), CKR_OK);
	assert_int_equal(store_row_version(s, row.id, &version), CKR_OK);
	assert_int_equal(store_end(s, CKR_OK), CKR_OK);
	assert_int_equal(version, 0);
	place_close(&p);
}

static void
test_stale_replace(void **state)
{
	struct place p;
	struct token *t;
	struct store *s;
	struct row row = { .version = 3,
			   .class = CKO_DATA,
			   .key_type = CK_UNAVAILABLE_INFORMATION,
			   .blob = TEXT("x") };

	place_open(&p);
	t = place_token(&p);
	s = store_of(t);
	assert_int_equal(make_data(t, "x", "1", false, &row.id), CKR_OK);
	assert_int_equal(store_begin(s, STORE_WRITE), CKR_OK);
	assert_int_equal(store_end(s, store_row_replace(s, &row)),
			 CKR_OBJECT_HANDLE_INVALID);
	assert_int_equal(store_begin(s, STORE_WRITE), CKR_OK);
	assert_int_equal(store_end(s, store_row_remove(s, row.id + 5)),
			 CKR_OBJECT_HANDLE_INVALID);
	assert_true(has_value(t, row.id, CKA_VALUE, TEXT("1")));
	place_close(&p);
}

static void
test_second_sees(void **state)
{
	struct place p, q;
	struct token *a, *b;
	uint64_t id;
	CK_ATTRIBUTE change[] = { TEXT_ATTR(CKA_VALUE, "changed") };

	place_open(&p);
	a = place_token(&p);
	b = second_view(&p, &q);
	assert_int_equal(count_objects(b, NULL), 0);
	assert_int_equal(make_data(a, "shared", "first", false, &id), CKR_OK);
	assert_int_equal(count_objects(b, "shared"), 1);
	assert_true(has_value(b, id, CKA_VALUE, TEXT("first")));
	assert_int_equal(a->ops->attributes_set(a, id, TEMPLATE(change)),
			 CKR_OK);
	assert_true(has_value(a, id, CKA_VALUE, TEXT("changed")));
	assert_int_equal(count_objects(b, "shared"), 1);
	assert_true(has_value(b, id, CKA_VALUE, TEXT("changed")));
	assert_int_equal(b->ops->destroy(b, id), CKR_OK);
	assert_int_equal(count_objects(a, NULL), 0);
	assert_false(has_value(a, id, CKA_VALUE, TEXT("changed")));
	assert_int_equal(a->ops->destroy(a, id), CKR_OBJECT_HANDLE_INVALID);
	place_forget(&q);
	place_close(&p);
}

/* Both change the same object: no change is lost without an error. */
static void
test_second_changes(void **state)
{
	struct place p, q;
	struct token *a, *b;
	uint64_t id;
	CK_ATTRIBUTE label[] = { TEXT_ATTR(CKA_LABEL, "by a") };
	CK_ATTRIBUTE value[] = { TEXT_ATTR(CKA_VALUE, "by b") };

	place_open(&p);
	a = place_token(&p);
	b = second_view(&p, &q);
	assert_int_equal(make_data(a, "x", "y", false, &id), CKR_OK);
	assert_true(has_value(a, id, CKA_LABEL, TEXT("x")));
	assert_true(has_value(b, id, CKA_LABEL, TEXT("x")));
	assert_int_equal(a->ops->attributes_set(a, id, TEMPLATE(label)),
			 CKR_OK);
	assert_int_equal(b->ops->attributes_set(b, id, TEMPLATE(value)),
			 CKR_OK);
	assert_int_equal(count_objects(a, "by a"), 1);
	assert_true(has_value(a, id, CKA_VALUE, TEXT("by b")));
	place_forget(&q);
	place_close(&p);
}

enum { FORKED = 40 };

static int
create_some(struct token *t, const char *label, int count)
{
	for (int i = 0; i < count; i++) {
		uint64_t id;

		if (make_data(t, label, "x", false, &id) != CKR_OK)
			return 1;
	}
	return 0;
}

/* Parent and child create at once, the parent closes first, a third counts. */
static void
test_fork(void **state)
{
	struct place p;
	struct token *t;
	int go[2], status;
	char byte = 0;
	pid_t pid;

	place_open(&p);
	t = place_token(&p);
	assert_int_equal(create_some(t, "before", 1), 0);
	assert_int_equal(pipe(go), 0);
	pid = fork();
	if (pid == 0) {
		soft_tokens_forget();
		place_forget(&p);
		place_list(&p);
		if (create_some(p.list[0].token, "child", FORKED) != 0)
			_exit(1);
		/* the parent has closed */
		close(go[1]);
		if (read(go[0], &byte, 1) != 0)
			_exit(2);
		if (create_some(p.list[0].token, "child", FORKED) != 0)
			_exit(3);
		place_forget(&p);
		_exit(0);
	}
	assert_int_equal(create_some(t, "parent", FORKED), 0);
	place_forget(&p);
	close(go[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_true(WIFEXITED(status));
	place_list(&p);
	t = p.list[0].token;
	assert_int_equal(count_objects(t, "before"), 1);
	assert_int_equal(count_objects(t, "parent"), FORKED);
	assert_int_equal(count_objects(t, "child"), 2 * FORKED);
	close(go[0]);
	place_close(&p);
}

static void *
writer_thread(void *argument)
{
	struct token *t = argument;

	return create_some(t, "thread", FORKED) == 0 ? NULL : argument;
}

/* The address sanitizer's allocator keeps its own locks over a fork. */
#ifdef __SANITIZE_ADDRESS__
enum { FORKS_WITH_THREADS = 0 };
#else
enum { FORKS_WITH_THREADS = 1 };
#endif

/* Forking while a thread writes: the child finds no lock held. */
static void
test_fork_while_writing(void **state)
{
	struct place p;
	struct token *t;
	pthread_t thread;
	void *failed;

	if (!FORKS_WITH_THREADS)
		skip();
	place_open(&p);
	t = place_token(&p);
	assert_int_equal(pthread_create(&thread, NULL, writer_thread, t), 0);
	for (int i = 0; i < 10; i++) {
		int status;
		pid_t pid = fork();

		if (pid == 0) {
			alarm(60);
			soft_tokens_forget();
			place_forget(&p);
			place_list(&p);
			_exit(create_some(p.list[0].token, "child", 1));
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
	pthread_join(thread, &failed);
	assert_null(failed);
	assert_int_equal(count_objects(t, "thread"), FORKED);
	assert_int_equal(count_objects(t, "child"), 10);
	place_close(&p);
}

/* A child that has forgotten leaves the parent's store as it was, and its own
 * inherited token says that it is gone. */
static void
test_fork_forgotten(void **state)
{
	struct place p;
	struct token *t;
	int status;
	pid_t pid;
	uint64_t id;

	place_open(&p);
	t = place_token(&p);
	pid = fork();
	if (pid == 0) {
		soft_tokens_forget();
		_exit(make_data(t, "x", "y", false, &id) != CKR_DEVICE_REMOVED);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(make_data(t, "x", "y", false, &id), CKR_OK);
	place_close(&p);
}

enum { KILLS = 12 };

/* Creates private keys for ever, and says each time when one is committed. */
static void
killed_child(struct place *p, int out)
{
	struct token *t;

	soft_tokens_forget();
	place_forget(p);
	place_list(p);
	t = p->list[0].token;
	log_in(t, LOGIN_USER);
	for (;;) {
		uint64_t pair[2];
		char byte = 1;

		if (make_ec(t, "killed", pair) != CKR_OK ||
		    write(out, &byte, 1) != 1)
			_exit(1);
	}
}

/* SIGKILL at some moment: no half pair, no lost one, the token opens. */
static void
test_kill(void **state)
{
	struct place p;
	size_t committed = 0, found;
	struct token *t;

	place_open(&p);
	place_token(&p);
	for (int i = 0; i < KILLS; i++) {
		int said[2], status;
		char byte;
		pid_t pid;

		assert_int_equal(pipe(said), 0);
		pid = fork();
		if (pid == 0)
			killed_child(&p, said[1]);
		close(said[1]);
		assert_int_equal(read(said[0], &byte, 1), 1);
		committed++;
		usleep((useconds_t)(i * 700));
		kill(pid, SIGKILL);
		while (read(said[0], &byte, 1) == 1)
			committed++;
		close(said[0]);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
	}
	place_forget(&p);
	place_list(&p);
	assert_int_equal(p.count, 1);
	t = p.list[0].token;
	log_in(t, LOGIN_USER);
	found = count_objects(t, "killed");
	/* the last pair of each round may be committed and unsaid */
	assert_int_equal(found % 2, 0);
	assert_in_range(found / 2, committed, committed + KILLS);
	place_close(&p);
}

enum { WRITERS = 4, EACH = 25 };

static void
test_processes(void **state)
{
	struct place p;
	pid_t pids[WRITERS];

	place_open(&p);
	place_token(&p);
	place_forget(&p);
	for (int i = 0; i < WRITERS; i++) {
		pids[i] = fork();
		if (pids[i] != 0)
			continue;
		soft_tokens_forget();
		place_list(&p);
		_exit(create_some(p.list[0].token, "many", EACH));
	}
	for (int i = 0; i < WRITERS; i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(WEXITSTATUS(status), 0);
	}
	place_list(&p);
	assert_int_equal(count_objects(p.list[0].token, "many"),
			 WRITERS * EACH);
	place_close(&p);
}

/* In a child whose files may not grow: as on a full disk. */
static int
full_child(struct place *p)
{
	struct rlimit limit = { 70000, 70000 };
	CK_RV rv = CKR_OK;
	size_t made = 0;
	struct token *t;
	uint64_t id;

	soft_tokens_forget();
	place_forget(p);
	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
		return 1;
	place_list(p);
	t = p->list[0].token;
	while (rv == CKR_OK && made < 1000) {
		rv = make_data(t, "before the end", "x", false, &id);
		made += rv == CKR_OK;
	}
	if (rv != CKR_DEVICE_ERROR && rv != CKR_DEVICE_MEMORY)
		return 2;
	return count_objects(t, "before the end") == made ? 0 : 3;
}

/* What was committed before the disk was full stays, and work goes on after. */
static void
test_full(void **state)
{
	struct place p;
	struct token *t;
	size_t before;
	int status;
	uint64_t id;
	pid_t pid;

	place_open(&p);
	place_token(&p);
	pid = fork();
	if (pid == 0)
		_exit(full_child(&p));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	place_forget(&p);
	place_list(&p);
	t = p.list[0].token;
	before = count_objects(t, "before the end");
	assert_true(before > 0);
	assert_int_equal(make_data(t, "before the end", "x", false, &id),
			 CKR_OK);
	assert_int_equal(count_objects(t, "before the end"), before + 1);
	place_close(&p);
}

static void
test_wal_kept(void **state)
{
	struct place p;
	char path[128];
	uint64_t id;

	place_open(&p);
	make_data(place_token(&p), "x", "y", false, &id);
	place_path(&p, "-wal", path);
	place_forget(&p);
	assert_int_equal(access(path, F_OK), 0);
	place_close(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ "/softtoken/store/rollback", test_rollback },
		{ "/softtoken/store/stale-replace", test_stale_replace },
		{ "/softtoken/store/second/sees", test_second_sees },
		{ "/softtoken/store/second/changes", test_second_changes },
		{ "/softtoken/store/full", test_full },
		{ "/softtoken/store/fork", test_fork },
		{ "/softtoken/store/fork/writing", test_fork_while_writing },
		{ "/softtoken/store/fork/forgotten", test_fork_forgotten },
		{ "/softtoken/store/kill", test_kill },
		{ "/softtoken/store/processes", test_processes },
		{ "/softtoken/store/wal-kept", test_wal_kept },
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
