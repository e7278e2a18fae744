/* Tests of crypto/context.c: what a host program with an OpenSSL of its own
 * may and may not notice. */
#include "context.h"

#include <openssl/err.h>
#include <openssl/provider.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "judge.h"

static void
test_host_errors(void **state)
{
	struct pubkey *key = NULL;
	char one[] = { 1 };
	ERR_clear_error();
	/* an error of ours, below OpenSSL: a point that is on no curve */
	struct builder point = builder_heap(65);
	builder_u8(&point, 4);
	builder_fill(&point, 1, 64);
	assert_int_equal(pubkey_from_ec(curve_named("P-256"),
					builder_read(&point), &key),
			 CKR_DATA_INVALID);
	assert_int_equal(ERR_peek_error(), 0);

	/* the host's own error is still the only one afterwards */
	assert_null(EVP_MD_fetch(NULL, "no such digest", NULL));
	unsigned long mine = ERR_peek_last_error();
	assert_int_not_equal(mine, 0);
	assert_int_equal(pubkey_from_ec(curve_named("P-256"),
					builder_read(&point), &key),
			 CKR_DATA_INVALID);
	assert_int_equal(random_bytes(one, sizeof(one)), CKR_OK);
	assert_int_equal(ERR_peek_last_error(), mine);
	assert_int_equal(ERR_get_error(), mine);
	assert_int_equal(ERR_get_error(), 0);
	builder_free(&point);
}

static void
test_leave(void **state)
{
	crypto_enter();
	assert_int_equal(crypto_leave(false, CKR_DATA_INVALID),
			 CKR_DATA_INVALID);
	crypto_enter();
	ERR_raise(ERR_LIB_CRYPTO, ERR_R_MALLOC_FAILURE);
	assert_int_equal(crypto_leave(false, CKR_DATA_INVALID),
			 CKR_HOST_MEMORY);
	crypto_enter();
	ERR_raise(ERR_LIB_CRYPTO, ERR_R_MALLOC_FAILURE);
	assert_int_equal(crypto_leave(true, CKR_DATA_INVALID), CKR_OK);
	assert_int_equal(ERR_peek_error(), 0);
}

static void
test_written(void **state)
{
	uint8_t space[1];
	struct builder over = builder_over(space, sizeof(space));
	struct builder heap = builder_heap(1);
	assert_int_equal(crypto_written(&over), CKR_OK);
	builder_u16(&over, 0);
	assert_int_equal(crypto_written(&over), CKR_BUFFER_TOO_SMALL);
	builder_u16(&heap, 0);
	assert_int_equal(crypto_written(&heap), CKR_HOST_MEMORY);
	builder_free(&heap);
}

/* A configuration adds a provider to the default context: ours reads none of
 * it, and the host program's own context still does. */
static void
test_configuration(void **state)
{
	static const char content[] = "openssl_conf = main\n"
				      "[main]\nproviders = list\n"
				      "[list]\nnull = chosen\n"
				      "[chosen]\nactivate = 1\n";
	char path[32];
	int file = memfd_create("configuration", 0); /* goes through exec */
	assert_true(file >= 0);
	assert_int_equal(write(file, content, sizeof(content) - 1),
			 sizeof(content) - 1);
	assert_true(snprintf(path, sizeof(path), "/proc/self/fd/%d", file) > 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		execl("/proc/self/exe", "configured", path, NULL);
		_exit(127);
	}
	int status = 0;
	assert_int_equal(waitpid(child, &status, 0), child);
	close(file);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* The other program of the case above; its result is a bit per failure. */
static int
configured(const char *path)
{
	int wrong = 0;
	setenv("OPENSSL_CONF", path, 1);
	struct digester *d = digester_new(DIGEST_SHA256);
	if (d == NULL)
		wrong |= 1;
	digester_free(d);
	if (OSSL_PROVIDER_available(crypto_context(), "null"))
		wrong |= 2;
	/* the host's default context comes to its configuration untouched */
	if (!OSSL_PROVIDER_available(NULL, "null"))
		wrong |= 4;
	crypto_close();
	return wrong;
}

static void
test_context(void **state)
{
	const struct crypto *c = crypto_get();
	assert_non_null(c);
	assert_ptr_equal(crypto_get(), c);
	assert_ptr_equal(crypto_context(), c->library);
	for (enum digest d = DIGEST_SHA1; d < DIGESTS; d++) {
		assert_ptr_equal(digest_algorithm(d), c->digests[d]);
		if (digest_optional(d) && c->digests[d] == NULL)
			continue;
		assert_true(EVP_MD_is_a(c->digests[d], judge_name(d)));
	}
	assert_true(OSSL_PROVIDER_available(c->library, "default"));
}

static void
test_reopened(void **state)
{
	for (int i = 0; i < 3; i++) {
		uint8_t byte[1];
		assert_non_null(crypto_context());
		assert_int_equal(random_bytes(byte, 1), CKR_OK);
		crypto_close();
	}
	crypto_close();
}

struct meeting {
	pthread_barrier_t barrier;
	struct ossl_lib_ctx_st *seen[4];
	int arrived; /* under the barrier */
};

static void *
meet(void *argument)
{
	struct meeting *m = argument;
	int place = __atomic_fetch_add(&m->arrived, 1, __ATOMIC_SEQ_CST);
	pthread_barrier_wait(&m->barrier);
	m->seen[place] = crypto_context();
	return NULL;
}

/* All threads that come at once get the same context. */
static void
test_threads(void **state)
{
	for (int round = 0; round < 20; round++) {
		struct meeting m = { .arrived = 0 };
		pthread_t threads[COUNT(m.seen)];
		crypto_close();
		pthread_barrier_init(&m.barrier, NULL, COUNT(m.seen));
		for (size_t i = 0; i < COUNT(m.seen); i++)
			assert_int_equal(
				pthread_create(&threads[i], NULL, meet, &m), 0);
		for (size_t i = 0; i < COUNT(m.seen); i++)
			pthread_join(threads[i], NULL);
		for (size_t i = 0; i < COUNT(m.seen); i++) {
			assert_non_null(m.seen[i]);
			assert_ptr_equal(m.seen[i], m.seen[0]);
		}
		pthread_barrier_destroy(&m.barrier);
	}
}

static void *
draw_and_wait(void *argument)
{
	pthread_barrier_t *barrier = argument;
	uint8_t byte[1];
	CK_RV rv = random_bytes(byte, sizeof(byte));
	pthread_barrier_wait(barrier); /* the context has been used, */
	pthread_barrier_wait(barrier); /* and closed meanwhile */
	return rv == CKR_OK ? barrier : NULL;
}

/* A thread that drew random numbers outlives crypto_close(): when it ends,
 * OpenSSL looks into the context once more. That the context is the same is
 * told by a part of it, which we hold so that its address is not used again. */
static void
test_close_before_thread(void **state)
{
	pthread_barrier_t barrier;
	pthread_t thread;
	void *result = NULL;
	EVP_MD *held = crypto_get()->digests[DIGEST_SHA1];
	assert_int_equal(EVP_MD_up_ref(held), 1);
	pthread_barrier_init(&barrier, NULL, 2);
	assert_int_equal(pthread_create(&thread, NULL, draw_and_wait, &barrier),
			 0);
	pthread_barrier_wait(&barrier);
	crypto_close();
	assert_ptr_equal(crypto_get()->digests[DIGEST_SHA1], held);
	pthread_barrier_wait(&barrier);
	pthread_join(thread, &result);
	assert_ptr_equal(result, &barrier);
	pthread_barrier_destroy(&barrier);
	EVP_MD_free(held);
}

static void
test_fork(void **state)
{
	uint8_t mine[32], theirs[32];
	int ends[2];
	assert_int_equal(random_bytes(mine, sizeof(mine)), CKR_OK);
	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		bool good = random_bytes(mine, sizeof(mine)) == CKR_OK &&
			    write(ends[1], mine, sizeof(mine)) == sizeof(mine);
		_exit(good ? 0 : 1);
	}
	int status = 0;
	assert_int_equal(random_bytes(mine, sizeof(mine)), CKR_OK);
	assert_int_equal(read(ends[0], theirs, sizeof(theirs)), sizeof(theirs));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_memory_not_equal(mine, theirs, sizeof(mine));
	close(ends[0]);
	close(ends[1]);
}

/* Gives a bit per failure. */
static int
forgets(void)
{
	const struct crypto *parents = crypto_get();
	uint8_t byte[1];
	int wrong = 0;

	crypto_forget();
	const struct crypto *own = crypto_get();
	if (own == NULL || own == parents)
		wrong |= 1;
	if (random_bytes(byte, sizeof(byte)) != CKR_OK)
		wrong |= 2;
	crypto_close();
	if (crypto_get() != own)
		wrong |= 4;
	return wrong;
}

/* A forked child has a context of its own, which it keeps. */
static void
test_forget(void **state)
{
	int status = -1;

	assert_non_null(crypto_get());
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(forgets());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		CASE("/crypto/context/host-errors", test_host_errors),
		CASE("/crypto/context/leave", test_leave),
		CASE("/crypto/context/written", test_written),
		CASE("/crypto/context/configuration", test_configuration),
		CASE("/crypto/context/close-before-thread",
		     test_close_before_thread),
		CASE("/crypto/context/one", test_context),
		CASE("/crypto/context/reopened", test_reopened),
		CASE("/crypto/context/threads", test_threads),
		CASE("/crypto/context/fork", test_fork),
		CASE("/crypto/context/forget", test_forget),
	};
	if (argc == 2)
		return configured(argv[1]);
	int failed = cmocka_run_group_tests_name("/crypto/context", tests, NULL,
						 NULL);
	crypto_close();
	return failed;
}
