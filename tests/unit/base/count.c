/* Tests of base/count.c: nothing is lost, with other threads and without. */
#include "count.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { THREADS = 4, TIMES = 20000 };

static atomic_uint counted;

static void
test_alone(void **state)
{
	atomic_uint count = 0;

	assert_int_equal(count_up(&count), 1);
	assert_int_equal(count_up(&count), 2);
	assert_int_equal(count_down(&count), 1);
	assert_int_equal(count_down(&count), 0);
}

static void *
count_often(void *unused)
{
	for (int i = 0; i < TIMES; i++) {
		count_up(&counted);
		count_up(&counted);
		count_down(&counted);
	}
	return NULL;
}

/* What was counted alone goes on with others there. */
static void
test_threads(void **state)
{
	pthread_t threads[THREADS];

	count_up(&counted);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, count_often, NULL),
			0);
	assert_false(process_alone());
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(count_down(&counted), THREADS * TIMES);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ "/base/count/alone", test_alone },
		{ "/base/count/threads", test_threads },
	};

	return cmocka_run_group_tests_name("/base/count", tests, NULL, NULL);
}
