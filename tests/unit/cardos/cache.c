/* cardos/cache.c: what is kept, what is believed, and what is thrown away. */
#include "../../../cardos/cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "script.h"

static char base[64], folder[80];
static struct transport_info info = { .atr = { 0x3B, 0x80 }, .atr_size = 2 };
static uint8_t object[1000];

static const struct transport_info *
wire_info(struct transport *t)
{
	return &info;
}

static const struct transport_ops ops = { .info = wire_info };
static struct transport wire = { .ops = &ops };

static struct card_applet
applet(const char *serial)
{
	struct card_applet a = { .driver = &piv_driver,
				 .transport = &wire,
				 .cache = folder };

	(void)snprintf(a.card, sizeof(a.card), "%s", serial);
	return a;
}

static int
setup(void **state)
{
	(void)snprintf(base, sizeof(base), "/tmp/signet-cache-XXXXXX");
	if (mkdtemp(base) == NULL)
		return -1;
	(void)snprintf(folder, sizeof(folder), "%s/user/signet", base);
	for (size_t i = 0; i < sizeof(object); i++)
		object[i] = (uint8_t)(i * 7);
	info.atr[1] = 0x80;
	return 0;
}

static int
teardown(void **state)
{
	char command[128];

	(void)snprintf(command, sizeof(command), "rm -rf '%s'", base);
	return system(command);
}

/* The name of the only file in the folder, or of none. */
static bool
only_file(char *path, size_t size)
{
	DIR *d = opendir(folder);
	struct dirent *entry;
	unsigned count = 0;

	while (d != NULL && (entry = readdir(d)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, size, "%s/%s", folder, entry->d_name);
		count++;
	}
	if (d != NULL)
		(void)closedir(d);
	assert_true(count <= 1);
	return count == 1;
}

static bool
find(const struct card_applet *a, unsigned number, size_t first)
{
	struct builder b = builder_heap(sizeof(object));
	bool found;

	builder_put(&b, object, first);
	found = cache_find(a, number, &b);
	if (found)
		assert_true(
			cursor_is(builder_read(&b), object, sizeof(object)));
	else
		assert_int_equal(b.used, first);
	builder_free(&b);
	return found;
}

static void
keep(const struct card_applet *a, unsigned number)
{
	cache_keep(a, number, cursor_of(object, sizeof(object)));
}

static void
test_off(void **state)
{
	struct card_applet none = applet("1"), empty = none,
			   nobody = applet("");
	struct stat is;

	none.cache = NULL;
	empty.cache = "";
	keep(&none, 1);
	keep(&empty, 1);
	keep(&nobody, 1);
	cache_drop(&none, 1);
	assert_false(cache_on(&none) || cache_on(&empty) || cache_on(&nobody));
	assert_false(find(&none, 1, 256) || find(&nobody, 1, 256));
	assert_false(cache_has(&empty, 1));
	assert_int_not_equal(stat(folder, &is), 0);
}

static void
test_no_folder(void **state)
{
	struct card_applet a = applet("1");

	(void)snprintf(folder, sizeof(folder), "%s/a/b/c", base);
	keep(&a, 1);
	assert_false(find(&a, 1, 256));
	(void)snprintf(folder, sizeof(folder), "/dev/null/x");
	keep(&a, 1);
	assert_false(find(&a, 1, 256));
}

/* Whoever can write there can give us any certificate. */
static void
test_foreign_folder(void **state)
{
	struct card_applet a = applet("1");

	keep(&a, 1);
	assert_true(find(&a, 1, 256));
	assert_int_equal(chmod(folder, 0770), 0);
	assert_false(find(&a, 1, 256) || cache_has(&a, 1));
	assert_int_equal(chmod(folder, 0755), 0);
	assert_true(find(&a, 1, 256));
}

static void
damage(size_t at)
{
	struct card_applet a = applet("1");
	char path[512];
	uint8_t byte;
	int file;

	keep(&a, 1);
	assert_true(only_file(path, sizeof(path)));
	file = open(path, O_RDWR);
	assert_int_equal(pread(file, &byte, 1, (off_t)at), 1);
	byte ^= 1;
	assert_int_equal(pwrite(file, &byte, 1, (off_t)at), 1);
	(void)close(file);
	assert_false(find(&a, 1, 256));
	assert_false(only_file(path, sizeof(path)));
}

static void
test_damaged(void **state)
{
	damage(0);
	damage(20);
	damage(60);
	damage(15 + 32 + sizeof(object) - 1);
}

static void
test_cut_short(void **state)
{
	static const off_t sizes[] = { 0, 1, 14, 15, 40, 47, 48, 500 };
	struct card_applet a = applet("1");
	char path[512];

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		keep(&a, 1);
		assert_true(only_file(path, sizeof(path)));
		assert_int_equal(truncate(path, sizes[i]), 0);
		assert_false(find(&a, 1, 256));
	}
}

/* A file under another's name, or a link, is not that object. */
static void
test_renamed(void **state)
{
	struct card_applet a = applet("1");
	char one[512], two[520];

	keep(&a, 1);
	assert_true(only_file(one, sizeof(one)));
	(void)snprintf(two, sizeof(two), "%s.old", one);
	assert_int_equal(rename(one, two), 0);
	assert_int_equal(symlink(two, one), 0);
	assert_false(find(&a, 1, 256));
	assert_int_equal(unlink(one), 0);
	keep(&a, 2);
	assert_int_equal(unlink(two), 0);
	assert_true(only_file(two, sizeof(two)));
	assert_int_equal(rename(two, one), 0);
	assert_false(find(&a, 1, 256));
}

static void
test_changed(void **state)
{
	struct card_applet a = applet("1");

	keep(&a, 1);
	object[255]++;
	assert_false(find(&a, 1, 256));
	assert_true(cache_has(&a, 1));
	keep(&a, 1);
	assert_true(find(&a, 1, 256));
}

static void
test_others(void **state)
{
	struct card_applet a = applet("1"), b = applet("2"), other = a;
	struct card_driver driver = piv_driver;

	driver.name = "other";
	other.driver = &driver;
	keep(&a, 1);
	assert_false(find(&b, 1, 256));
	assert_false(find(&a, 2, 256));
	assert_false(find(&other, 1, 256));
	info.atr[1] = 0x81;
	assert_false(find(&a, 1, 256));
	info.atr[1] = 0x80;
	assert_true(find(&a, 1, 256));
}

static void
test_too_long(void **state)
{
	static uint8_t big[70000];
	struct card_applet a = applet("1");

	cache_keep(&a, 1, cursor_of(big, sizeof(big)));
	assert_false(cache_has(&a, 1));
}

static void
test_drop(void **state)
{
	struct card_applet a = applet("1");

	cache_drop(&a, 1);
	keep(&a, 1);
	assert_true(cache_has(&a, 1));
	cache_drop(&a, 1);
	assert_false(cache_has(&a, 1));
	assert_false(find(&a, 1, 256));
}

static void
test_kept(void **state)
{
	struct card_applet a = applet("1");
	struct stat is;
	char path[512];

	keep(&a, 1);
	keep(&a, 1);
	assert_true(only_file(path, sizeof(path)));
	assert_int_equal(stat(path, &is), 0);
	assert_int_equal(is.st_mode & 07777, 0600);
	assert_int_equal(stat(folder, &is), 0);
	assert_int_equal(is.st_mode & 07777, 0700);
	assert_true(find(&a, 1, 256));
	assert_true(find(&a, 1, 0));
	assert_true(find(&a, 1, sizeof(object)));
}

/* A file that others may read is only where all may. */
static void
test_system(void **state)
{
	struct card_applet a = applet("1");
	mode_t before = umask(077);
	struct stat is;
	char path[512];

	keep(&a, 1);
	assert_int_equal(chmod(folder, 0755), 0);
	keep(&a, 1);
	assert_true(only_file(path, sizeof(path)));
	assert_int_equal(stat(path, &is), 0);
	assert_int_equal(is.st_mode & 07777, 0644);
	assert_true(find(&a, 1, 256));
	umask(before);
}

#define CASE(name, function)                                           \
	{                                                              \
		"/cardos/cache/" name, function, setup, teardown, NULL \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("off", test_off),
		CASE("no-folder", test_no_folder),
		CASE("foreign-folder", test_foreign_folder),
		CASE("damaged", test_damaged),
		CASE("cut-short", test_cut_short),
		CASE("renamed", test_renamed),
		CASE("changed", test_changed),
		CASE("others", test_others),
		CASE("too-long", test_too_long),
		CASE("drop", test_drop),
		CASE("kept", test_kept),
		CASE("system", test_system),
	};

	return cmocka_run_group_tests_name("/cardos/cache", tests, NULL, NULL);
}
