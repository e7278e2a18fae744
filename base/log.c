/* The log: one line per event, written at once, and no PIN in any of them. */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	LOG_TEXT_MAX = 2048,	  /* of log_line(); the rest is cut off */
	LOG_SHOWN_MAX = 4096,	  /* bytes of an APDU's data shown in full */
	LOG_LINE_MAX = 64 * 1024, /* with all of it made visible */
	FIRST_NOT_STANDARD = 3,	  /* of the file descriptors */
};

static _Atomic int log_file = -1;
static _Atomic int log_level = LOG_OFF;

/* Only a regular file of our own: no link, pipe or device that somebody else
 * put there to have the log in a place of his choice. */
static int
file_open(const char *path)
{
	struct stat st;
	int file = open(path,
			O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC |
				O_NONBLOCK | O_NOCTTY,
			S_IRUSR | S_IWUSR);

	if (file < 0)
		return -1;
	if (fstat(file, &st) != 0 || !S_ISREG(st.st_mode) ||
	    st.st_uid != geteuid()) {
		close(file);
		return -1;
	}
	return file;
}

/* A copy of stderr: its number may become some other file of the host's. */
static int
stderr_open(void)
{
	return fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, FIRST_NOT_STANDARD);
}

void
log_open(enum log_level level, const char *file)
{
	int opened;

	log_close();
	if (level == LOG_OFF)
		return;
	if (file == NULL || *file == '\0' || strcmp(file, "-") == 0)
		opened = stderr_open();
	else
		opened = file_open(file);
	if (opened < 0)
		return;
	atomic_store(&log_file, opened);
	atomic_store(&log_level, level);
}

void
log_close(void)
{
	int file;

	atomic_store(&log_level, LOG_OFF);
	file = atomic_exchange(&log_file, -1);
	if (file >= 0)
		close(file);
}

bool
log_on(enum log_level level)
{
	return level != LOG_OFF && (int)level <= atomic_load(&log_level);
}

static void
put_prefix(struct builder *line, enum log_level level)
{
	static const char *const words[] = {
		[LOG_OFF] = "off",
		[LOG_ERROR] = "error",
		[LOG_INFO] = "info",
		[LOG_DEBUG] = "debug",
	};
	char date[sizeof("2000-12-31T23:59:59")] = "";
	char prefix[80];
	struct timespec now;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	if (gmtime_r(&now.tv_sec, &tm) != NULL)
		strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(prefix, sizeof(prefix), "%s.%03dZ %d %d %s: ", date,
		 (int)(now.tv_nsec / 1000000), (int)getpid(), (int)gettid(),
		 words[level]);
	builder_text(line, prefix);
}

/* Whatever a terminal might act on, in this or that character set, is shown as
 * a number. */
static void
put_visible(struct builder *line, struct cursor text)
{
	while (text.left > 0) {
		uint8_t byte = cursor_u8(&text);

		if (byte >= ' ' && byte <= '~') {
			builder_u8(line, byte);
		} else {
			builder_text(line, "\\x");
			builder_hex(line, cursor_of(&byte, 1));
		}
	}
}

static void
write_line(enum log_level level, struct cursor text)
{
	struct builder line = builder_heap(LOG_LINE_MAX);
	struct cursor bytes;
	int saved = errno;

	put_prefix(&line, level);
	put_visible(&line, text);
	builder_u8(&line, '\n');
	bytes = builder_read(&line);
	if (cursor_ok(&bytes))
		/* a full disk must not hinder the caller's work */
		DROP(write(atomic_load(&log_file), bytes.at, bytes.left) < 0);
	builder_free(&line);
	errno = saved;
}

void
log_line(enum log_level level, const char *format, ...)
{
	char text[LOG_TEXT_MAX];
	va_list arguments;

	if (!log_on(level))
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	write_line(level, cursor_of(text, strlen(text)));
}

/* A command APDU's parts (ISO/IEC 7816-3, 12.1). */
struct command {
	uint8_t cla, ins, p1, p2;
	struct cursor data;
	size_t le;
	bool has_le;
};

static void
parse_le(struct cursor *c, bool extended, struct command *out)
{
	if (c->left == 0)
		return;
	out->has_le = true;
	out->le = extended ? cursor_u16(c) : cursor_u8(c);
	if (out->le == 0)
		out->le = extended ? 65536 : 256;
}

/* Cases 1 to 4, short and extended; false at anything else. */
static bool
parse_command(struct cursor c, struct command *out)
{
	bool extended;

	out->cla = cursor_u8(&c);
	out->ins = cursor_u8(&c);
	out->p1 = cursor_u8(&c);
	out->p2 = cursor_u8(&c);
	extended = c.left > 1 && *c.at == 0;
	if (extended)
		cursor_u8(&c);
	if (c.left > (extended ? 2 : 1))
		out->data = cursor_take(&c, extended ? cursor_u16(&c)
						     : cursor_u8(&c));
	parse_le(&c, extended, out);
	return cursor_end(&c);
}

/* Data objects that a card gives after a PIN only. One of PIV's, the printed
 * information, is where some tools keep the card's management key. */
static bool
object_secret(const struct command *command)
{
	static const struct {
		uint8_t ins, p1, p2;
		uint8_t name[5];
		size_t name_size;
	} secrets[] = {
		{ 0xCA, 0x01, 0x03, .name_size = 0 },
		{ 0xCA, 0x01, 0x04, .name_size = 0 },
		{ 0xCB, 0x3F, 0xFF, { 0x5C, 0x03, 0x5F, 0xC1, 0x09 }, 5 },
		{ 0xCB, 0x3F, 0xFF, { 0x5C, 0x03, 0x5F, 0xC1, 0x03 }, 5 },
		{ 0xCB, 0x3F, 0xFF, { 0x5C, 0x03, 0x5F, 0xC1, 0x08 }, 5 },
		{ 0xCB, 0x3F, 0xFF, { 0x5C, 0x03, 0x5F, 0xC1, 0x21 }, 5 },
	};

	for (size_t i = 0; i < sizeof(secrets) / sizeof(*secrets); i++) {
		if (command->ins == secrets[i].ins &&
		    command->p1 == secrets[i].p1 &&
		    command->p2 == secrets[i].p2 &&
		    cursor_begins(command->data, secrets[i].name,
				  secrets[i].name_size))
			return true;
	}
	return false;
}

/*
 * May the data of this command and of its answer be read by all? What is not
 * in the list may carry a secret. GET RESPONSE is not: it may go on with a
 * decryption; nor is a part of a chain, nor any class but the plain one, where
 * a number may mean another instruction.
 */
static bool
command_public(const struct command *command)
{
	if (command->cla > 0x0F)
		return false;
	switch (command->ins) {
	case 0xA4: /* SELECT */
	case 0xB0: /* READ BINARY */
	case 0xB1:
	case 0xB2: /* READ RECORD */
	case 0xCA: /* GET DATA */
	case 0xCB:
	case 0xF7: /* of YubiKeys: metadata, serial number, version */
	case 0xF8:
	case 0xFD:
		return !object_secret(command);
	default:
		return false;
	}
}

static void
put_data(struct builder *text, struct cursor data, bool public)
{
	char size[32];

	snprintf(size, sizeof(size), "%zu bytes", data.left);
	builder_text(text, size);
	if (!public || data.left == 0)
		return;
	builder_text(text, " ");
	if (data.left > LOG_SHOWN_MAX) {
		builder_hex(text, cursor_take(&data, LOG_SHOWN_MAX));
		builder_text(text, "...");
	} else {
		builder_hex(text, data);
	}
}

/* Le is part of what is hidden: in a VERIFY that somebody cut short, the first
 * digit of the PIN stands in its place. */
static void
put_command(struct builder *text, const struct command *command, bool public)
{
	const uint8_t header[] = { command->cla, command->ins, command->p1,
				   command->p2 };
	char le[32];

	builder_hex(text, cursor_of(header, sizeof(header)));
	builder_text(text, ", ");
	put_data(text, command->data, public);
	if (!public || !command->has_le)
		return;
	snprintf(le, sizeof(le), ", Le %zu", command->le);
	builder_text(text, le);
}

static void
put_answer(struct builder *text, struct cursor answer, bool public)
{
	const size_t sw_size = 2;

	if (answer.left < sw_size) {
		put_data(text, answer, false);
		return;
	}
	put_data(text, cursor_take(&answer, answer.left - sw_size), public);
	builder_text(text, ", SW ");
	builder_hex(text, answer);
}

void
log_apdu(const char *reader, struct cursor command, struct cursor answer)
{
	struct builder text = builder_heap(LOG_LINE_MAX);
	struct command parsed = { 0 };
	bool known, public;

	if (!log_on(LOG_DEBUG))
		return;
	known = parse_command(command, &parsed);
	public = known && command_public(&parsed);
	builder_text(&text, reader);
	builder_text(&text, ": ");
	if (known)
		put_command(&text, &parsed, public);
	else
		put_data(&text, command, false);
	builder_text(&text, " -> ");
	put_answer(&text, answer, public);
	write_line(LOG_DEBUG, builder_read(&text));
	builder_free(&text);
}
