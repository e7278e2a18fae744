/* Reads the settings from files, environment and defaults. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"
#include "settings.h"

enum {
	FILE_MAX = 64 * 1024,
	READ_SIZE = 4096,
	KEY_MAX = 128,
	MESSAGE_MAX = 1024,
	MESSAGES_MAX = 32 * 1024, /* bytes of all; the rest is dropped */
};

/* One reading of all sources. */
struct loading {
	struct config *config;
	struct builder messages; /* lines for the log */
	const char *file;
	struct cursor rest; /* of the file */
	unsigned line;
};

static void complain(struct loading *l, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void
complain(struct loading *l, const char *format, ...)
{
	char text[MESSAGE_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (MESSAGES_MAX - l->messages.used <= strlen(text))
		return;
	builder_text(&l->messages, text);
	builder_u8(&l->messages, '\n');
}

/* WHERE is for the message: a file and a line, or a variable. */
static void
setting_apply(struct loading *l, const struct setting *s, const char *text,
	      const char *where)
{
	if (!setting_set(s, text, l->config))
		complain(l, "%s: \"%.80s\" is not good for %s, which is %s",
			 where, text, s->key, setting_wanted(s));
}

/* A pair of the file: "a.b = c", or "b = c" in section a. Errors are told here
 * and are none of libinih's. */
static int
take_pair(void *user, const char *section, const char *name, const char *value)
{
	struct loading *l = user;
	const struct setting *s;
	char key[KEY_MAX], where[MESSAGE_MAX / 2];

	snprintf(where, sizeof(where), "%s:%u", l->file, l->line);
	snprintf(key, sizeof(key), "%s%s%s", section,
		 *section == '\0' ? "" : ".", name);
	s = setting_find(key);
	if (s == NULL)
		complain(l, "%s: there is no setting %s", where, key);
	else
		setting_apply(l, s, value, where);
	return 1;
}

static struct cursor
take_line(struct cursor *text)
{
	struct cursor ahead = *text;
	struct cursor line;
	size_t size = 0;

	while (ahead.left > 0 && cursor_u8(&ahead) != '\n')
		size++;
	line = cursor_take(text, size);
	if (text->left > 0)
		cursor_u8(text);
	while (line.left > 0 && strchr(" \t\r", *line.at) != NULL &&
	       *line.at != '\0')
		cursor_u8(&line);
	return line;
}

static bool
holds_nul(struct cursor line)
{
	while (line.left > 0) {
		if (cursor_u8(&line) == 0)
			return true;
	}
	return false;
}

/*
 * Gives libinih the next line, an empty one in place of one that it would
 * misread. Without its leading blanks no line continues the one before it.
 */
static char *
give_line(char *buffer, int size, void *stream)
{
	struct loading *l = stream;
	struct builder out = builder_over(buffer, (size_t)size);
	struct cursor line;

	if (l->rest.left == 0)
		return NULL;
	line = take_line(&l->rest);
	l->line++;
	if (holds_nul(line)) {
		complain(l, "%s:%u: holds a zero byte", l->file, l->line);
		cursor_rest(&line);
	}
	builder_append(&out, line);
	builder_u8(&out, '\0');
	if (builder_ok(&out))
		return buffer;
	complain(l, "%s:%u: longer than %d bytes", l->file, l->line, size - 1);
	builder_reset(&out);
	builder_u8(&out, '\0');
	return buffer;
}

static void
parse_file(struct loading *l, struct cursor text)
{
	int line;

	l->rest = text;
	l->line = 0;
	line = ini_parse_stream(give_line, l, take_pair, l);
	if (line > 0)
		complain(l, "%s:%d: neither a [section] nor key = value",
			 l->file, line);
	else if (line < 0)
		complain(l, "%s: short of memory", l->file);
}

/* All of an open file; there is no space for one that is too long. */
static bool
read_all(int file, struct builder *out)
{
	ssize_t got = 1;
	uint8_t *space;

	while (got > 0) {
		space = builder_space(out, READ_SIZE);
		if (space == NULL)
			return false;
		got = read(file, space, READ_SIZE);
		builder_trim(out, READ_SIZE - (size_t)(got > 0 ? got : 0));
	}
	return got == 0;
}

static void
read_file(struct loading *l, int file)
{
	struct builder text = builder_heap(FILE_MAX + READ_SIZE);

	if (!read_all(file, &text))
		complain(l, "%s: cannot be read, or is longer than %d bytes",
			 l->file, FILE_MAX);
	else
		parse_file(l, builder_read(&text));
	builder_free(&text);
}

/* Reads a file if it is there. False when it may be trusted by nobody but
 * OWNER, and belongs to somebody else. */
static bool
load_file(struct loading *l, const char *path, const uid_t *owner)
{
	struct stat st;
	bool trusted = true;
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	l->file = path;
	if (file < 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			complain(l, "%s: %m", path);
		return true;
	}
	if (fstat(file, &st) != 0 || !S_ISREG(st.st_mode)) {
		complain(l, "%s: not a regular file", path);
	} else if (owner != NULL && st.st_uid != *owner) {
		complain(l,
			 "%s: belongs to somebody else, so it does not "
			 "count, nor does the environment",
			 path);
		trusted = false;
	} else {
		read_file(l, file);
	}
	close(file);
	return trusted;
}

/*
 * REST in the user's folder that VARIABLE names, else in HOME's BELOW; NULL
 * when there is neither. A path that is not absolute does not count (XDG base
 * directory specification). secure_getenv() knows nothing in a setuid process.
 */
static char *
user_path(const char *variable, const char *below, const char *rest)
{
	const char *folder = secure_getenv(variable);
	char *path;

	if (folder == NULL || *folder != '/') {
		folder = secure_getenv("HOME");
		if (folder == NULL || *folder != '/')
			return NULL;
	} else {
		below = "";
	}
	if (asprintf(&path, "%s%s%s", folder, below, rest) < 0)
		return NULL;
	return path;
}

/* True when the user's own settings count: their file is not another's. */
static bool
load_user(struct loading *l)
{
	const uid_t user = geteuid();
	char *path =
		user_path("XDG_CONFIG_HOME", "/.config", "/signet/signet.conf");
	bool trusted = true;

	if (path != NULL)
		trusted = load_file(l, path, &user);
	free(path);
	return trusted;
}

static void
load_environment(struct loading *l)
{
	const struct setting *s;

	for (size_t i = 0; (s = setting_at(i)) != NULL; i++) {
		const char *text = secure_getenv(s->variable);

		/* an empty variable is as good as none */
		if (text != NULL && *text != '\0')
			setting_apply(l, s, text, s->variable);
	}
}

static void
load_fallbacks(struct loading *l)
{
	const struct setting *s;

	for (size_t i = 0; (s = setting_at(i)) != NULL; i++) {
		if (s->fallback != NULL)
			setting_apply(l, s, s->fallback, s->key);
	}
}

/* A folder that nobody set is among the user's, if they are to be trusted. */
static void
fill_folder(char **field, char *path)
{
	if (*field == NULL)
		*field = strdup(path == NULL ? "" : path);
	free(path);
}

static void
load_all(struct loading *l)
{
	bool trusted;

	load_fallbacks(l);
	load_file(l, SIGNET_SYSCONF_FILE, NULL);
	trusted = load_user(l);
	if (trusted)
		load_environment(l);
	fill_folder(&l->config->cache,
		    trusted ? user_path("XDG_CACHE_HOME", "/.cache", "/signet")
			    : NULL);
	fill_folder(&l->config->softtoken_path,
		    trusted ? user_path("XDG_DATA_HOME", "/.local/share",
					"/signet/tokens")
			    : NULL);
}

static void
log_messages(struct cursor messages)
{
	while (messages.left > 0) {
		struct cursor line = take_line(&messages);

		log_line(LOG_ERROR, "%.*s", (int)line.left,
			 (const char *)line.at);
	}
}

/* Texts that memory was too short for are missing. */
static bool
complete(const struct config *c)
{
	return c->applets != NULL && c->slots_hide != NULL &&
	       c->readers_ignore != NULL && c->cache != NULL &&
	       c->softtoken_path != NULL && c->softtoken_kdf != NULL &&
	       c->log_file != NULL;
}

struct config *
config_load(void)
{
	struct loading l = { .messages = builder_heap(MESSAGES_MAX) };

	l.config = mem_new(sizeof(*l.config));
	if (l.config == NULL)
		return NULL;
	load_all(&l);
	if (!complete(l.config)) {
		config_free(l.config);
		l.config = NULL;
	} else {
		log_open(l.config->log_level, l.config->log_file);
		log_messages(builder_read(&l.messages));
	}
	builder_free(&l.messages);
	return l.config;
}

void
config_free(struct config *config)
{
	if (config == NULL)
		return;
	free(config->applets);
	free(config->slots_hide);
	free(config->readers_ignore);
	free(config->cache);
	free(config->softtoken_path);
	free(config->softtoken_kdf);
	free(config->log_file);
	free(config);
}

/* A reader's name may hold brackets, so it is compared as it stands too. */
static bool
glob_matches(struct cursor glob, const char *name)
{
	char text[CONFIG_TEXT_MAX + 1];
	struct builder b = builder_over(text, sizeof(text));

	builder_append(&b, glob);
	builder_u8(&b, '\0');
	if (!builder_ok(&b))
		return false;
	return strcmp(text, name) == 0 || fnmatch(text, name, 0) == 0;
}

bool
config_listed(const char *list, const char *name)
{
	while (*list != '\0') {
		size_t size, blanks = strspn(list, " \t,");

		list += blanks;
		size = strcspn(list, ",");
		while (size > 0 && strchr(" \t", list[size - 1]) != NULL)
			size--;
		if (size > 0 && glob_matches(cursor_of(list, size), name))
			return true;
		list += strcspn(list, ",");
	}
	return false;
}
