/* Tests of pkcs11/fork.c: the mark is the parent's alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../pkcs11/fork.h"

/* 0 when the mark is empty in the child and in its own child, set there. */
static int
child(atomic_int *mark)
{
	int status;
	pid_t pid;

	if (atomic_load(mark) != 0)
		return 1;
	atomic_store(mark, 1);
	pid = fork();
	if (pid == 0)
		_exit(atomic_load(mark) != 0);
	if (waitpid(pid, &status, 0) != pid || status != 0)
		return 2;
	return atomic_load(mark) == 1 ? 0 : 3;
}

static void
test_children(void **state)
{
	atomic_int *mark = fork_mark_new();
	int status;
	pid_t pid;

	if (mark == NULL)
		skip(); /* a kernel before 4.14 */
	assert_int_equal(atomic_load(mark), 0);
	atomic_store(mark, 1);
	pid = fork();
	if (pid == 0)
		_exit(child(mark));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(atomic_load(mark), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ "/pkcs11/fork/children", test_children },
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
