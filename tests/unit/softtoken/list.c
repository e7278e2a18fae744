/* Tests of softtoken/soft_list.c: files that are no tokens, tokens that come
 * and go. */
#include "place.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char other[] = "0123456789abcdef";

static void
other_path(struct place *p, char path[128])
{
	snprintf(path, 128, "%s/%s.token", p->folder, other);
}

static size_t
file_read(const char *path, uint8_t *bytes, size_t room)
{
	FILE *f = fopen(path, "rb");
	size_t size;

	assert_non_null(f);
	size = fread(bytes, 1, room, f);
	fclose(f);
	return size;
}

static void
file_write(const char *path, const uint8_t *bytes, size_t size)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, size, f), size);
	fclose(f);
}

/* Beside a good token, these bytes are no token, and stay as they are. */
static void
refused_bytes(const uint8_t *bytes, size_t size)
{
	static uint8_t after[1 << 20];
	struct place p;
	struct token *t;
	char path[128];
	uint64_t id;

	place_open(&p);
	t = place_token(&p);
	other_path(&p, path);
	file_write(path, bytes, size);
	for (int i = 0; i < 3; i++) {
		place_list(&p);
		assert_int_equal(p.count, 1);
		assert_ptr_equal(p.list[0].token, t);
	}
	assert_int_equal(file_read(path, after, sizeof(after)), size);
	assert_memory_equal(after, bytes, size);
	assert_int_equal(make_data(t, "works", "on", false, &id), CKR_OK);
	place_close(&p);
}

/* The bytes of a good token's file, all of them in the one file. */
static size_t
good_bytes(struct place *p, uint8_t *bytes, size_t room)
{
	char path[128];

	place_sql(p, "PRAGMA wal_checkpoint(TRUNCATE)");
	place_path(p, "", path);
	return file_read(path, bytes, room);
}

static void
test_foreign(void **state)
{
	uint8_t text[5000];

	refused_bytes((const uint8_t *)"", 0);
	refused_bytes((const uint8_t *)"not a database", 14);
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)(i * 7);
	refused_bytes(text, sizeof(text));
}

static void
test_foreign_database(void **state)
{
	static uint8_t bytes[1 << 16];
	struct place p;
	char path[128];
	sqlite3 *db;
	size_t size;

	place_open(&p);
	other_path(&p, path);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "CREATE TABLE bookmarks (url TEXT)",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	sqlite3_close(db);
	size = file_read(path, bytes, sizeof(bytes));
	place_close(&p);
	refused_bytes(bytes, size);
}

static void
test_truncated(void **state)
{
	static uint8_t bytes[1 << 20];
	static const size_t cuts[] = { 1, 50, 100, 4096, 5000, 12288 };
	struct place p;
	size_t size;

	place_open(&p);
	place_token(&p);
	size = good_bytes(&p, bytes, sizeof(bytes));
	place_close(&p);
	assert_true(size > 12288);
	for (size_t i = 0; i < COUNT(cuts); i++)
		refused_bytes(bytes, cuts[i]);
}

/* A copy under another name is not a second token: serial numbers are one's
 * own. */
static void
test_copied(void **state)
{
	static uint8_t bytes[1 << 20];
	struct place p;
	size_t size;

	place_open(&p);
	place_token(&p);
	size = good_bytes(&p, bytes, sizeof(bytes));
	place_close(&p);
	refused_bytes(bytes, size);
}

static void
test_newer(void **state)
{
	struct place p;
	uint64_t id;

	place_open(&p);
	make_data(place_token(&p), "kept", "x", false, &id);
	place_sql(&p, "PRAGMA user_version = 2");
	place_forget(&p);
	place_list(&p);
	assert_int_equal(p.count, 0);
	/* what is not touched comes back when it is understood */
	snprintf(p.list[0].serial, sizeof(p.list[0].serial), "%s", other);
	place_close(&p);
}

static void
test_newer_unharmed(void **state)
{
	struct place p;
	char serial[SOFT_SERIAL_SIZE + 1];
	uint64_t id;

	place_open(&p);
	make_data(place_token(&p), "kept", "x", false, &id);
	snprintf(serial, sizeof(serial), "%s", p.list[0].serial);
	place_sql(&p, "PRAGMA user_version = 2");
	place_forget(&p);
	place_list(&p);
	assert_int_equal(p.count, 0);
	snprintf(p.list[0].serial, sizeof(p.list[0].serial), "%s", serial);
	place_sql(&p, "PRAGMA user_version = 1");
	place_list(&p);
	assert_int_equal(p.count, 1);
	assert_int_equal(count_objects(p.list[0].token, "kept"), 1);
	place_close(&p);
}

/* A file whose tables are damaged is no token, and nothing else is missing for
 * it. */
static void
test_damaged(void **state)
{
	static const char *const damages[] = {
		"DROP TABLE pin",
		"UPDATE token SET label = x'00'",
		"UPDATE pin SET salt = x'00'",
	};
	struct place p;

	for (size_t i = 0; i < COUNT(damages); i++) {
		place_open(&p);
		place_token(&p);
		place_sql(&p, damages[i]);
		place_forget(&p);
		place_list(&p);
		assert_int_equal(p.count, 0);
		place_close(&p);
	}
}

/* Every byte of the header and of the pages changed in turn: nothing crashes,
 * and the token beside it works. */
static void
test_bit_flips(void **state)
{
	static uint8_t bytes[1 << 20];
	struct place p, q;
	char path[128];
	size_t size;
	int shown = 0;

	place_open(&p);
	place_token(&p);
	size = good_bytes(&p, bytes, sizeof(bytes));
	place_open(&q);
	q.config.softtoken_init = false;
	snprintf(path, sizeof(path), "%s/%s.token", q.folder, p.list[0].serial);
	for (size_t at = 0; at < size; at += at < 100 ? 1 : 397) {
		bytes[at] ^= 0x10;
		file_write(path, bytes, size);
		place_list(&q);
		if (q.count > 0) {
			struct token *t = q.list[0].token;

			shown++;
			(void)t->ops->login(t, LOGIN_USER, TEXT(USER_PIN));
			count_objects(t, "x");
		}
		place_forget(&q);
		bytes[at] ^= 0x10;
	}
	assert_true(shown > 0);
	place_close(&q);
	place_close(&p);
}

static void
test_file_modes(void **state)
{
	struct place p;
	char path[128];
	struct stat st;
	uint64_t id;
	mode_t old = umask(0);

	place_open(&p);
	make_data(place_token(&p), "x", "y", false, &id);
	umask(old);
	place_path(&p, "", path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	place_path(&p, "-wal", path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	place_close(&p);
}

static void
test_folder_made(void **state)
{
	struct place p, deep;
	char folder[128], path[128];
	struct stat st;

	place_open(&p);
	deep = p;
	snprintf(folder, sizeof(folder), "%s/a/b", p.folder);
	deep.config.softtoken_path = folder;
	place_token(&deep);
	assert_int_equal(stat(folder, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	snprintf(deep.folder, sizeof(deep.folder), "%.60s", folder);
	place_close(&deep);
	snprintf(path, sizeof(path), "%s/a", p.folder);
	assert_int_equal(rmdir(path), 0);
	place_close(&p);
}

/* No slot unasked, and none without a folder. */
static void
test_unasked(void **state)
{
	struct place p;
	struct stat st;
	char path[128];

	place_open(&p);
	p.config.softtoken_init = false;
	place_list(&p);
	assert_int_equal(p.count, 0);
	snprintf(path, sizeof(path), "%s/.next", p.folder);
	assert_int_not_equal(lstat(path, &st), 0);
	p.config.softtoken_init = true;
	p.config.softtoken_path = (char *)"";
	place_list(&p);
	assert_int_equal(p.count, 0);
	place_close(&p);
}

/* The empty slot has the serial number that its token will get, in the next
 * process too. */
static void
test_serial_stays(void **state)
{
	struct place p;
	char serial[SOFT_SERIAL_SIZE + 1];
	struct token *t;

	place_open(&p);
	place_list(&p);
	assert_int_equal(p.count, 1);
	memcpy(serial, p.list[0].serial, sizeof(serial));
	place_forget(&p);
	place_list(&p);
	assert_string_equal(p.list[0].serial, serial);
	t = p.list[0].token;
	assert_int_equal(t->ops->init(t, TEXT(SO_PIN), TEXT("first")), CKR_OK);
	place_list(&p);
	assert_int_equal(p.count, 2);
	assert_ptr_equal(p.list[0].token, t);
	assert_string_equal(p.list[0].serial, serial);
	assert_string_not_equal(p.list[1].serial, serial);
	place_forget(&p);
	place_list(&p);
	assert_int_equal(p.count, 2);
	assert_string_equal(p.list[0].serial, serial);
	place_close(&p);
}

/* Two processes want to make the same token: one does, the other is told, and
 * sees it at its next look. */
static void
test_init_race(void **state)
{
	struct place p, q;
	struct token *a, *b;

	place_open(&p);
	q = p;
	place_list(&p);
	place_list(&q);
	a = p.list[0].token;
	b = q.list[0].token;
	assert_string_equal(p.list[0].serial, q.list[0].serial);
	assert_int_equal(a->ops->init(a, TEXT(SO_PIN), TEXT("a")), CKR_OK);
	assert_int_equal(b->ops->init(b, TEXT("other-pin"), TEXT("b")),
			 CKR_FUNCTION_FAILED);
	place_list(&q);
	assert_int_equal(q.count, 2);
	assert_ptr_equal(q.list[0].token, b);
	assert_int_equal(b->ops->login(b, LOGIN_SO, TEXT("other-pin")),
			 CKR_PIN_INCORRECT);
	assert_int_equal(b->ops->login(b, LOGIN_SO, TEXT(SO_PIN)), CKR_OK);
	place_forget(&q);
	place_close(&p);
}

static void
test_vanished(void **state)
{
	struct place p;
	struct token *t;
	char path[128];
	uint64_t id;

	place_open(&p);
	t = token_ref(place_token(&p));
	place_path(&p, "", path);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(make_data(t, "lost", "x", false, &id),
			 CKR_DEVICE_REMOVED);
	place_list(&p);
	assert_int_equal(p.count, 0);
	token_unref(t);
	place_close(&p);
}

/* In a child without root's rights. */
static int
read_only_child(struct place *p)
{
	CK_MECHANISM m = { CKM_ECDSA, NULL, 0 };
	uint8_t space[64];
	struct builder signature = builder_over(space, sizeof(space));
	struct ids found = { 0 };
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE match[] = { ONE_ATTR(CKA_CLASS, class) };
	CK_TOKEN_INFO info;
	struct token *t;
	uint64_t id;

	soft_tokens_forget();
	if (setgid(65534) != 0 || setuid(65534) != 0)
		return 1;
	p->count = 0;
	if (soft_tokens_list(&p->config, p->list, &p->count) != CKR_OK ||
	    p->count != 1)
		return 2;
	t = p->list[0].token;
	if (t->ops->info(t, &info) != CKR_OK ||
	    !(info.flags & CKF_WRITE_PROTECTED))
		return 3;
	if (t->ops->login(t, LOGIN_USER, TEXT("wrong")) != CKR_PIN_INCORRECT)
		return 4;
	if (t->ops->login(t, LOGIN_USER, TEXT(USER_PIN)) != CKR_OK)
		return 5;
	if (make_data(t, "x", "y", false, &id) != CKR_TOKEN_WRITE_PROTECTED)
		return 6;
	if (t->ops->search(t, TEMPLATE(match), &found) != CKR_OK ||
	    found.count != 1)
		return 7;
	if (run_operation(t, OPERATION_SIGN, &m, found.list[0], TEXT("digest"),
			  cursor_of(NULL, 0), &signature) != CKR_OK)
		return 8;
	ids_free(&found);
	place_forget(p);
	return 0;
}

/* Read-only media: the folder cannot be written, the file neither. */
static void
read_only(bool with_wal)
{
	struct place p;
	struct token *t;
	uint64_t pair[2];
	char path[128];
	int status;
	pid_t pid;

	place_open(&p);
	t = place_token(&p);
	log_in(t, LOGIN_USER);
	assert_int_equal(make_ec(t, "key", pair), CKR_OK);
	place_path(&p, "", path);
	assert_int_equal(chmod(path, 0444), 0);
	if (!with_wal)
		place_sql(&p, "PRAGMA journal_mode = DELETE");
	for (int i = 0; with_wal && i < 2; i++) {
		place_path(&p, i ? "-wal" : "-shm", path);
		assert_int_equal(chmod(path, 0444), 0);
	}
	place_forget(&p);
	assert_int_equal(chmod(p.folder, 0555), 0);
	pid = fork();
	if (pid == 0)
		_exit(read_only_child(&p));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(chmod(p.folder, 0700), 0);
	place_close(&p);
}

static void
test_read_only(void **state)
{
	if (geteuid() != 0)
		skip();
	read_only(true);
}

/* A folder that a copy was made to, without SQLite's other files. */
static void
test_read_only_alone(void **state)
{
	struct place p;
	struct token *t;
	uint64_t pair[2];
	char path[128];
	int status;
	pid_t pid;

	if (geteuid() != 0)
		skip();
	place_open(&p);
	t = place_token(&p);
	log_in(t, LOGIN_USER);
	assert_int_equal(make_ec(t, "key", pair), CKR_OK);
	place_sql(&p, "PRAGMA wal_checkpoint(TRUNCATE)");
	place_path(&p, "-wal", path);
	unlink(path);
	place_path(&p, "-shm", path);
	unlink(path);
	place_path(&p, "", path);
	assert_int_equal(chmod(path, 0444), 0);
	place_forget(&p);
	assert_int_equal(chmod(p.folder, 0555), 0);
	pid = fork();
	if (pid == 0)
		_exit(read_only_child(&p));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(chmod(p.folder, 0700), 0);
	place_close(&p);
}

/* A read-only folder for making a token in. */
static void
test_read_only_init(void **state)
{
	struct place p;
	int status;
	pid_t pid;

	if (geteuid() != 0)
		skip();
	place_open(&p);
	assert_int_equal(chmod(p.folder, 0555), 0);
	pid = fork();
	if (pid == 0) {
		struct token *t;

		if (setgid(65534) != 0 || setuid(65534) != 0)
			_exit(1);
		place_list(&p);
		t = p.list[0].token;
		_exit(t->ops->init(t, TEXT(SO_PIN), TEXT("x")) !=
		      CKR_TOKEN_WRITE_PROTECTED);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 0);
	place_list(&p);
	assert_int_equal(p.count, 1);
	place_close(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ "/softtoken/list/foreign", test_foreign },
		{ "/softtoken/list/foreign-database", test_foreign_database },
		{ "/softtoken/list/truncated", test_truncated },
		{ "/softtoken/list/copied", test_copied },
		{ "/softtoken/list/newer", test_newer },
		{ "/softtoken/list/newer/unharmed", test_newer_unharmed },
		{ "/softtoken/list/damaged", test_damaged },
		{ "/softtoken/list/bit-flips", test_bit_flips },
		{ "/softtoken/list/vanished", test_vanished },
		{ "/softtoken/list/init-race", test_init_race },
		{ "/softtoken/list/read-only", test_read_only },
		{ "/softtoken/list/read-only/alone", test_read_only_alone },
		{ "/softtoken/list/read-only/init", test_read_only_init },
		{ "/softtoken/list/unasked", test_unasked },
		{ "/softtoken/list/modes", test_file_modes },
		{ "/softtoken/list/folder-made", test_folder_made },
		{ "/softtoken/list/serial-stays", test_serial_stays },
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
