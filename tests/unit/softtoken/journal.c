/* Tests of softtoken/soft_make.c where SQLite's WAL cannot work: the token has
 * the rollback journal instead. */
#include "place.h"

#include <dirent.h>
#include <sqlite3.h>
#include <string.h>

/* SQLite's own files, but for memory that cannot be shared. */
static sqlite3_vfs *base, unmapped;
static sqlite3_io_methods methods;

static int
map_never(sqlite3_file *file, int page, int size, int extend,
	  void volatile **memory)
{
	return SQLITE_IOERR_SHMMAP;
}

static int
open_unmapped(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
	      int *out)
{
	int code = base->xOpen(base, name, file, flags, out);

	if (code == SQLITE_OK && (flags & SQLITE_OPEN_MAIN_DB)) {
		methods = *file->pMethods;
		methods.xShmMap = map_never;
		file->pMethods = &methods;
	}
	return code;
}

static void
mapping_forbid(void)
{
	base = sqlite3_vfs_find(NULL);
	unmapped = *base;
	unmapped.zName = "unmapped";
	unmapped.xOpen = open_unmapped;
	assert_int_equal(sqlite3_vfs_register(&unmapped, 1), SQLITE_OK);
}

static void
mapping_allow(void)
{
	assert_int_equal(sqlite3_vfs_unregister(&unmapped), SQLITE_OK);
	assert_int_equal(sqlite3_vfs_register(base, 1), SQLITE_OK);
}

static void
assert_journal(struct place *p, const char *mode)
{
	sqlite3_stmt *statement;
	sqlite3 *db;
	char path[128];

	place_path(p, "", path);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA journal_mode", -1,
					    &statement, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	assert_string_equal((const char *)sqlite3_column_text(statement, 0),
			    mode);
	sqlite3_finalize(statement);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* Nothing of the making is left, and there is one token. */
static void
assert_no_draft(struct place *p)
{
	DIR *dir = opendir(p->folder);
	struct dirent *entry;

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.' && entry->d_name[1] != '.' &&
		    entry->d_name[1] != '\0')
			assert_string_equal(entry->d_name, ".next");
	}
	closedir(dir);
}

static void
keeps_objects(const char *mode)
{
	struct place p;
	struct token *t;
	uint64_t id;

	place_open(&p);
	t = place_token(&p);
	log_in(t, LOGIN_USER);
	assert_int_equal(make_data(t, "kept", "1", true, &id), CKR_OK);
	assert_no_draft(&p);
	assert_journal(&p, mode);
	place_forget(&p);
	place_list(&p);
	t = p.list[0].token;
	log_in(t, LOGIN_USER);
	assert_int_equal(count_objects(t, "kept"), 1);
	place_close(&p);
}

static void
test_wal(void **state)
{
	keeps_objects("wal");
}

static void
test_no_wal(void **state)
{
	mapping_forbid();
	keeps_objects("delete");
	mapping_allow();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ "/softtoken/journal/wal", test_wal },
		{ "/softtoken/journal/no-wal", test_no_wal },
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
