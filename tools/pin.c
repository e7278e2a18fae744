/* PINs and passwords: from a file, the environment or a prompt without echo. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "import.h"

enum { PIN_MAX = 1024 };

struct cursor
secret_read(const struct secret *s)
{
	return cursor_of(secret_data(s), secret_size(s));
}

/* The first line of a file or of a terminal, without its end. */
static struct secret *
line_read(FILE *f)
{
	char line[PIN_MAX];
	struct secret *s = NULL;
	if (fgets(line, sizeof line, f))
		s = secret_new(line, strcspn(line, "\r\n"));
	mem_wipe(line, sizeof line);
	return s;
}

static struct secret *
from_file(const char *path)
{
	FILE *f = fopen(path, "re");
	struct secret *s = NULL;
	if (f) {
		setvbuf(f, NULL, _IONBF, 0); /* no copy left in a buffer */
		s = line_read(f);
		fclose(f);
	}
	if (!s)
		complain("%s: no PIN can be read from it", path);
	return s;
}

static struct secret *
from_variable(const char *name)
{
	const char *text = getenv(name);
	if (!text) {
		complain("the environment has no %s", name);
		return NULL;
	}
	return secret_new(text, strlen(text));
}

static struct secret *
from_prompt(const char *prompt)
{
	struct termios before, silent;
	FILE *terminal = fopen("/dev/tty", "r+e");
	if (!terminal || tcgetattr(fileno(terminal), &before)) {
		complain("no terminal to ask for the %s", prompt);
		if (terminal)
			fclose(terminal);
		return NULL;
	}
	setvbuf(terminal, NULL, _IONBF, 0);
	silent = before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(fileno(terminal), TCSAFLUSH, &silent);
	fprintf(terminal, "%s: ", prompt);
	struct secret *s = line_read(terminal);
	tcsetattr(fileno(terminal), TCSAFLUSH, &before);
	fputc('\n', terminal);
	fclose(terminal);
	if (!s)
		complain("no %s was given", prompt);
	return s;
}

struct secret *
pin_get(const struct pin_source *source)
{
	if (source->file)
		return from_file(source->file);
	if (source->variable)
		return from_variable(source->variable);
	return from_prompt(source->prompt);
}
