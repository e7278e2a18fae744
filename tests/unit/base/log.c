/* Tests of base/log.c: what it shows, and above all what it never shows. */
#include "case.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"

static char folder[] = "log-XXXXXX"; /* in the working directory */
static char path[64], other[64];

/* All that is in a file, as a text; "" when there is none. */
static const char *
content(const char *name)
{
	static char text[512 * 1024];
	FILE *file = fopen(name, "r");
	size_t size = 0;

	if (file != NULL) {
		size = fread(text, 1, sizeof(text) - 1, file);
		fclose(file);
	}
	text[size] = '\0';
	return text;
}

static size_t
lines_of(const char *text)
{
	size_t lines = 0;

	for (; *text != '\0'; text++)
		lines += *text == '\n';
	return lines;
}

static int
setup(void **state)
{
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/log", folder);
	snprintf(other, sizeof(other), "%s/other", folder);
	return 0;
}

static int
teardown(void **state)
{
	return rmdir(folder);
}

static int
clean(void **state)
{
	log_close();
	unlink(path);
	unlink(other);
	return 0;
}

static void
assert_stays_off(void)
{
	log_open(LOG_DEBUG, path);
	assert_false(log_on(LOG_ERROR));
	log_line(LOG_ERROR, "lost");
	log_apdu("reader", BYTES(0, 0xA4, 4, 0), BYTES(0x90, 0));
}

static void
test_link(void **state)
{
	assert_int_equal(close(open(other, O_CREAT | O_WRONLY, 0600)), 0);
	assert_int_equal(symlink("other", path), 0);
	assert_stays_off();
	assert_string_equal(content(other), "");
}

static void
test_not_regular(void **state)
{
	int reader;

	assert_int_equal(mkfifo(path, 0600), 0);
	assert_stays_off();
	/* nor when somebody listens at its other end */
	reader = open(path, O_RDONLY | O_NONBLOCK);
	assert_true(reader >= 0);
	assert_stays_off();
	close(reader);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_stays_off();
	assert_int_equal(rmdir(path), 0);
}

static void
test_not_ours(void **state)
{
	if (geteuid() != 0)
		skip();
	assert_int_equal(close(open(path, O_CREAT | O_WRONLY, 0666)), 0);
	assert_int_equal(chown(path, 65534, 65534), 0);
	assert_stays_off();
	assert_string_equal(content(path), "");
}

static void
test_no_folder(void **state)
{
	log_open(LOG_DEBUG, "/nonexistent/folder/log");
	assert_false(log_on(LOG_ERROR));
	log_line(LOG_ERROR, "lost");
}

static void
test_off(void **state)
{
	log_open(LOG_OFF, path);
	assert_false(log_on(LOG_OFF));
	assert_false(log_on(LOG_ERROR));
	log_line(LOG_ERROR, "lost");
	log_line(LOG_OFF, "lost");
	assert_int_equal(access(path, F_OK), -1);
	log_close();
	log_close();
}

static void
test_levels(void **state)
{
	static const enum log_level levels[] = { LOG_ERROR, LOG_INFO,
						 LOG_DEBUG };
	const char *text;

	for (size_t i = 0; i < 3; i++) {
		log_open(levels[i], path);
		log_line(LOG_ERROR, "is error %d", 1);
		log_line(LOG_INFO, "is info %d", 2);
		log_line(LOG_DEBUG, "is debug %d", 3);
		log_apdu("reader", BYTES(0, 0xA4, 4, 0), BYTES(0x90, 0));
		text = content(path);
		assert_non_null(strstr(text, " error: is error 1\n"));
		assert_true((strstr(text, " info: is info 2\n") != NULL) ==
			    (i >= 1));
		assert_true((strstr(text, " debug: is debug 3\n") != NULL) ==
			    (i >= 2));
		assert_true((strstr(text, "reader: 00A40400") != NULL) ==
			    (i >= 2));
		clean(state);
	}
}

static void
test_file(void **state)
{
	char pid[32];
	struct stat st;
	mode_t mask = umask(0);

	log_open(LOG_INFO, path);
	umask(mask);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	log_line(LOG_INFO, "one");
	log_open(LOG_INFO, path);
	errno = 77;
	log_line(LOG_INFO, "two");
	assert_int_equal(errno, 77);
	assert_int_equal(lines_of(content(path)), 2);
	snprintf(pid, sizeof(pid), "Z %d %d info: one\n", (int)getpid(),
		 (int)getpid());
	assert_non_null(strstr(content(path), pid));
	log_close();
	log_line(LOG_INFO, "three");
	assert_int_equal(lines_of(content(path)), 2);
}

/* stderr, also when the program closes its own and takes the number. */
static void
test_stderr(void **state)
{
	int saved = dup(STDERR_FILENO);
	int file = open(path, O_CREAT | O_WRONLY, 0600);

	assert_int_equal(dup2(file, STDERR_FILENO), STDERR_FILENO);
	log_open(LOG_INFO, "-");
	log_line(LOG_INFO, "dash");
	log_open(LOG_INFO, NULL);
	log_line(LOG_INFO, "null");
	log_open(LOG_INFO, "");
	log_line(LOG_INFO, "empty");
	close(file);
	file = open(other, O_CREAT | O_WRONLY, 0600);
	assert_int_equal(dup2(file, STDERR_FILENO), STDERR_FILENO);
	log_line(LOG_INFO, "late");
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	close(file);
	close(saved);
	assert_int_equal(lines_of(content(path)), 4);
	assert_string_equal(content(other), "");
}

static void
test_one_line(void **state)
{
	char longer[5000];
	const char *text;

	log_open(LOG_INFO, path);
	log_line(LOG_INFO, "a\nb\r\t\x1B[2J\x7F\xC3\xA9%s", "");
	text = content(path);
	assert_non_null(
		strstr(text, "a\\x0Ab\\x0D\\x09\\x1B[2J\\x7F\\xC3\\xA9\n"));
	assert_int_equal(lines_of(text), 1);
	memset(longer, '\n', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	log_line(LOG_INFO, "%s", longer);
	log_line(LOG_INFO, "next");
	text = content(path);
	assert_int_equal(lines_of(text), 3);
	assert_non_null(strstr(text, "info: next\n"));
}

enum { THREADS = 8, LINES = 200 };

static void *
write_lines(void *argument)
{
	char text[101];

	memset(text, *(char *)argument, 100);
	text[100] = '\0';
	for (int i = 0; i < LINES; i++)
		log_line(LOG_INFO, "%s", text);
	return NULL;
}

/* No line of one thread stands within that of another. */
static void
test_threads(void **state)
{
	char letters[THREADS] = { 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h' };
	size_t counts[THREADS] = { 0 };
	pthread_t threads[THREADS];
	const char *text;

	log_open(LOG_INFO, path);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_lines,
						&letters[i]),
				 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	text = content(path);
	assert_int_equal(lines_of(text), THREADS * LINES);
	for (text = strstr(text, "info: "); text != NULL;
	     text = strstr(text, "info: ")) {
		text += strlen("info: ");
		assert_in_range(*text, 'a', 'h');
		assert_int_equal(strspn(text, (char[]){ *text, '\0' }), 100);
		assert_int_equal(text[100], '\n');
		counts[*text - 'a']++;
	}
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(counts[i], LINES);
}

/* The tail of what one APDU looks like. */
static void
assert_shown(struct cursor command, struct cursor answer, const char *wanted)
{
	const char *text;

	log_open(LOG_DEBUG, path);
	log_apdu("A reader", command, answer);
	text = strstr(content(path), "debug: ");
	assert_non_null(text);
	assert_string_equal(text + strlen("debug: "), wanted);
	clean(NULL);
}

static void
test_apdu_malformed(void **state)
{
	assert_shown(cursor_of(NULL, 0), cursor_of(NULL, 0),
		     "A reader: 0 bytes -> 0 bytes\n");
	assert_shown(cursor_of(NULL, 1), cursor_of(NULL, 1),
		     "A reader: 0 bytes -> 0 bytes\n");
	assert_shown(BYTES(0, 0xA4, 4), BYTES(0x90),
		     "A reader: 3 bytes -> 1 bytes\n");
	/* Lc says less, or more, than there is */
	assert_shown(BYTES(0, 0xA4, 4, 0, 2, 1, 2, 3, 4), BYTES(0x90, 0),
		     "A reader: 9 bytes -> 0 bytes, SW 9000\n");
	assert_shown(BYTES(0, 0xA4, 4, 0, 5, 1, 2, 3), BYTES(0xAA, 0x67, 0),
		     "A reader: 8 bytes -> 1 bytes, SW 6700\n");
	assert_shown(BYTES(0, 0xA4, 4, 0, 0, 0, 5, 1, 2), BYTES(0x67, 0),
		     "A reader: 9 bytes -> 0 bytes, SW 6700\n");
	assert_shown(BYTES(0, 0xA4, 4, 0, 0, 0), BYTES(0x67, 0),
		     "A reader: 6 bytes -> 0 bytes, SW 6700\n");
}

static void
test_apdu_shown(void **state)
{
	assert_shown(BYTES(0, 0xA4, 4, 0), BYTES(0x90, 0),
		     "A reader: 00A40400, 0 bytes -> 0 bytes, SW 9000\n");
	assert_shown(BYTES(0, 0xCA, 0, 0x6E, 0), BYTES(1, 2, 0x90, 0),
		     "A reader: 00CA006E, 0 bytes, Le 256 -> "
		     "2 bytes 0102, SW 9000\n");
	assert_shown(BYTES(0, 0xA4, 4, 0, 2, 0xA0, 1), BYTES(0x6A, 0x82),
		     "A reader: 00A40400, 2 bytes A001 -> 0 bytes, SW 6A82\n");
	assert_shown(BYTES(0, 0xA4, 4, 0, 2, 0xA0, 1, 7), BYTES(3, 0x90, 0),
		     "A reader: 00A40400, 2 bytes A001, Le 7 -> "
		     "1 bytes 03, SW 9000\n");
	assert_shown(BYTES(0, 0xB0, 4, 0, 0, 0, 0), BYTES(3, 0x90, 0),
		     "A reader: 00B00400, 0 bytes, Le 65536 -> "
		     "1 bytes 03, SW 9000\n");
	assert_shown(BYTES(0, 0xA4, 4, 0, 0, 0, 1, 0xA0), BYTES(0x90, 0),
		     "A reader: 00A40400, 1 bytes A0 -> 0 bytes, SW 9000\n");
	assert_shown(BYTES(0, 0xA4, 4, 0, 0, 0, 1, 0xA0, 1, 0), BYTES(0x90, 0),
		     "A reader: 00A40400, 1 bytes A0, Le 256 -> "
		     "0 bytes, SW 9000\n");
}

static void
test_apdu_long(void **state)
{
	static uint8_t answer[65538];
	const char *text;

	memset(answer, 0xAB, sizeof(answer));
	log_open(LOG_DEBUG, path);
	log_apdu("A reader", BYTES(0, 0xB0, 0, 0, 0, 0, 0),
		 cursor_of(answer, sizeof(answer)));
	text = content(path);
	assert_int_equal(lines_of(text), 1);
	assert_non_null(strstr(text, "65536 bytes ABAB"));
	assert_non_null(strstr(text, "ABAB..., SW ABAB\n"));
	assert_in_range(strlen(text), 8192, 9000);
}

static const char pin[] = "918273645546";
static const char pin_hex[] = "393138323733363435353436";

/* Puts PIN in as the data of a command, in one of the forms that there are. */
static void
put_command(struct builder *b, uint8_t cla, uint8_t ins, int form)
{
	const uint8_t size = sizeof(pin) - 1;

	builder_u8(b, cla);
	builder_u8(b, ins);
	builder_u16(b, 0x0081);
	switch (form) {
	case 0: /* case 3 short */
		builder_u8(b, size);
		builder_text(b, pin);
		break;
	case 1: /* case 4 short */
		builder_u8(b, size);
		builder_text(b, pin);
		builder_u8(b, 0);
		break;
	case 2: /* case 3 extended */
		builder_u8(b, 0);
		builder_u16(b, size);
		builder_text(b, pin);
		break;
	case 3: /* case 4 extended */
		builder_u8(b, 0);
		builder_u16(b, size);
		builder_text(b, pin);
		builder_u16(b, 0);
		break;
	case 4: /* no length at all */
		builder_text(b, pin);
		break;
	case 5: /* a length too short */
		builder_u8(b, size - 1);
		builder_text(b, pin);
		break;
	case 6: /* a length too long */
		builder_u8(b, size + 1);
		builder_text(b, pin);
		break;
	case 7: /* an extended length of zero */
		builder_u8(b, 0);
		builder_u16(b, 0);
		builder_text(b, pin);
		break;
	default: /* no P1 P2 */
		builder_reset(b);
		builder_u8(b, cla);
		builder_u8(b, ins);
		builder_text(b, pin);
		break;
	}
}

static void
assert_no_pin(const char *where)
{
	const char *text = content(where);

	assert_null(strstr(text, pin));
	assert_null(strstr(text, pin_hex));
	/* nor the half of it */
	assert_null(strstr(text, "645546"));
	assert_null(strstr(text, "363435353436"));
	assert_null(strstr(text, "393138323733"));
}

/* Every secret-bearing instruction, in plain, chained and foreign classes, in
 * every form; the answer holds a secret as well. */
static void
test_no_pin(void **state)
{
	static const uint8_t secret_ins[] = { 0x20, 0x21, 0x24, 0x2C, 0x2D,
					      0x2A, 0x22, 0x47, 0x82, 0x86,
					      0x87, 0x88, 0xC0, 0xC2, 0xDA,
					      0xDB, 0xD6, 0xDC, 0xE2, 0xFE,
					      0xFF, 0xF9, 0xFB, 0x84, 0x00 };
	static const uint8_t classes[] = { 0x00, 0x10, 0x0C, 0x80, 0x90, 0x84 };
	struct builder command = builder_heap(1000);
	struct builder answer = builder_heap(1000);

	builder_text(&answer, pin);
	builder_u16(&answer, 0x9000);
	log_open(LOG_DEBUG, path);
	for (size_t i = 0; i < sizeof(secret_ins) * sizeof(classes) * 9; i++) {
		uint8_t ins = secret_ins[i / 9 % sizeof(secret_ins)];
		uint8_t cla = classes[i / 9 / sizeof(secret_ins)];

		builder_reset(&command);
		put_command(&command, cla, ins, (int)(i % 9));
		log_apdu("A reader", builder_read(&command),
			 builder_read(&answer));
	}
	assert_int_equal(lines_of(content(path)),
			 sizeof(secret_ins) * sizeof(classes) * 9);
	assert_no_pin(path);
	builder_free(&command);
	builder_free(&answer);
}

/* An instruction that is shown is so in the plain class alone, for a chain may
 * be of anything. */
static void
test_no_pin_chained(void **state)
{
	static const uint8_t classes[] = { 0x10, 0x1C, 0x80, 0x90, 0x40, 0xFF };
	static const uint8_t public_ins[] = { 0xA4, 0xB0, 0xB1, 0xB2, 0xCA,
					      0xCB, 0xF7, 0xF8, 0xFD };
	struct builder command = builder_heap(1000);
	struct cursor answer = TEXT("9182736455469\x90");

	log_open(LOG_DEBUG, path);
	for (size_t i = 0; i < sizeof(classes) * sizeof(public_ins); i++) {
		for (int form = 0; form < 4; form++) {
			builder_reset(&command);
			put_command(&command, classes[i / sizeof(public_ins)],
				    public_ins[i % sizeof(public_ins)], form);
			log_apdu("A reader", builder_read(&command), answer);
		}
	}
	assert_no_pin(path);
	builder_free(&command);
}

/* A PIN of one digit in the place of Le. */
static void
test_no_pin_as_length(void **state)
{
	assert_shown(BYTES(0, 0x20, 0, 0x81, 0x31), BYTES(0x63, 0xC2),
		     "A reader: 00200081, 0 bytes -> 0 bytes, SW 63C2\n");
	assert_shown(BYTES(0, 0x20, 0, 0x81, 0, 0x31, 0x32), BYTES(0x63, 0xC2),
		     "A reader: 00200081, 0 bytes -> 0 bytes, SW 63C2\n");
}

static void
test_no_pin_levels(void **state)
{
	struct builder command = builder_heap(1000);

	put_command(&command, 0x00, 0x20, 0);
	for (int level = LOG_OFF; level <= LOG_DEBUG; level++) {
		log_open((enum log_level)level, path);
		log_apdu("A reader", builder_read(&command), BYTES(0x90, 0));
		log_close();
	}
	assert_int_equal(lines_of(content(path)), 1);
	assert_no_pin(path);
	builder_free(&command);
}

/* Objects that a card gives after a PIN only; the printed information may hold
 * a management key. */
static void
test_secret_objects(void **state)
{
	struct cursor answer = BYTES(0x53, 0x01, 0x77, 0x90, 0x00);

	assert_shown(BYTES(0, 0xCB, 0x3F, 0xFF, 5, 0x5C, 3, 0x5F, 0xC1, 9, 0),
		     answer,
		     "A reader: 00CB3FFF, 5 bytes -> 3 bytes, SW 9000\n");
	assert_shown(BYTES(0, 0xCA, 1, 3, 0), answer,
		     "A reader: 00CA0103, 0 bytes -> 3 bytes, SW 9000\n");
	assert_shown(BYTES(0, 0xCB, 0x3F, 0xFF, 5, 0x5C, 3, 0x5F, 0xC1, 5),
		     answer,
		     "A reader: 00CB3FFF, 5 bytes 5C035FC105 -> "
		     "3 bytes 530177, SW 9000\n");
}

#define CLEAN_CASE(name, function)                \
	{                                         \
		name, function, NULL, clean, NULL \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CLEAN_CASE("/base/log/pin/apdu", test_no_pin),
		CLEAN_CASE("/base/log/pin/chained", test_no_pin_chained),
		CLEAN_CASE("/base/log/pin/as-length", test_no_pin_as_length),
		CLEAN_CASE("/base/log/pin/levels", test_no_pin_levels),
		CLEAN_CASE("/base/log/pin/objects", test_secret_objects),
		CLEAN_CASE("/base/log/open/link", test_link),
		CLEAN_CASE("/base/log/open/not-regular", test_not_regular),
		CLEAN_CASE("/base/log/open/not-ours", test_not_ours),
		CLEAN_CASE("/base/log/open/no-folder", test_no_folder),
		CLEAN_CASE("/base/log/open/off", test_off),
		CLEAN_CASE("/base/log/apdu/malformed", test_apdu_malformed),
		CLEAN_CASE("/base/log/open/file", test_file),
		CLEAN_CASE("/base/log/open/stderr", test_stderr),
		CLEAN_CASE("/base/log/line/levels", test_levels),
		CLEAN_CASE("/base/log/line/one", test_one_line),
		CLEAN_CASE("/base/log/line/threads", test_threads),
		CLEAN_CASE("/base/log/apdu/shown", test_apdu_shown),
		CLEAN_CASE("/base/log/apdu/long", test_apdu_long),
	};

	return cmocka_run_group_tests_name("/base/log", tests, setup, teardown);
}
