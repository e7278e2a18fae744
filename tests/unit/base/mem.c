/* Tests of base/mem.c. */
#include "case.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mem.h"

static void
test_secret_bad(void **state)
{
	assert_null(secret_new(NULL, 4));
	assert_null(secret_new("", SIZE_MAX));
	assert_null(secret_new("", SIZE_MAX / 2));
	secret_free(NULL);
	mem_free(NULL, 8);
	mem_wipe(NULL, 0);
}

static void
test_equal(void **state)
{
	assert_false(mem_equal("123456", "123457", 6));
	assert_false(mem_equal("023456", "123456", 6));
	assert_true(mem_equal("123456", "123457", 5));
	assert_true(mem_equal("a", "b", 0));
}

static void
test_new(void **state)
{
	uint8_t *p = mem_new(64), *nothing = mem_new(0);

	assert_non_null(p);
	assert_non_null(nothing);
	for (size_t i = 0; i < 64; i++)
		assert_int_equal(p[i], 0);
	p[0] = p[63] = 1;
	mem_wipe(p, 63);
	assert_int_equal(p[0], 0);
	assert_int_equal(p[63], 1);
	mem_free(p, 64);
	mem_free(nothing, 0);
}

static void
test_secret(void **state)
{
	uint8_t long_secret[10000];
	struct secret *pin = secret_new("123456", 6), *other;

	memset(long_secret, 0xA5, sizeof(long_secret));
	other = secret_new(long_secret, sizeof(long_secret));
	assert_non_null(pin);
	assert_non_null(other);
	assert_int_equal(secret_size(pin), 6);
	assert_memory_equal(secret_data(pin), "123456", 6);
	assert_int_equal(secret_size(other), sizeof(long_secret));
	assert_memory_equal(secret_data(other), long_secret,
			    sizeof(long_secret));
	secret_free(other);
	secret_free(pin);
	pin = secret_new(NULL, 0);
	assert_non_null(pin);
	assert_int_equal(secret_size(pin), 0);
	secret_free(pin);
}

/* A forked child has no PIN, and not one of zeros either. */
static void
test_secret_fork(void **state)
{
	struct secret *pin = secret_new("123456", 6);
	const uint8_t *data;
	int status;
	pid_t child;

	assert_non_null(pin);
	data = secret_data(pin);
	child = fork();
	if (child == 0)
		_exit(secret_size(pin) == 0 && data[0] == 0 ? 0 : 1);
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_memory_equal(secret_data(pin), "123456", 6);
	secret_free(pin);
}

/* Does the mapping that PLACE is in have a flag, as the system tells? */
static bool
mapping_has(const void *place, const char *flag)
{
	FILE *maps = fopen("/proc/self/smaps", "r");
	unsigned long first, end;
	bool inside = false, found = false;
	char line[512];

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps) != NULL) {
		if (sscanf(line, "%lx-%lx ", &first, &end) == 2)
			inside = (uintptr_t)place >= first &&
				 (uintptr_t)place < end;
		else if (inside && strncmp(line, "VmFlags:", 8) == 0)
			found = strstr(line, flag) != NULL;
	}
	fclose(maps);
	return found;
}

static void
test_secret_flags(void **state)
{
	struct secret *pin = secret_new("123456", 6);

	assert_non_null(pin);
	assert_true(mapping_has(secret_data(pin), " dd"));
	assert_true(mapping_has(secret_data(pin), " wf"));
	assert_false(mapping_has(&pin, " dd"));
	secret_free(pin);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("/base/mem/secret/bad", test_secret_bad),
		CASE("/base/mem/equal", test_equal),
		CASE("/base/mem/new", test_new),
		CASE("/base/mem/secret", test_secret),
		CASE("/base/mem/secret/fork", test_secret_fork),
		CASE("/base/mem/secret/flags", test_secret_flags),
	};

	return cmocka_run_group_tests_name("/base/mem", tests, NULL, NULL);
}
