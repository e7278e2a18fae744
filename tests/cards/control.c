/* The control socket: a test sends lines, each is answered by one line that
 * begins with "ok" or "error". */
#include "station.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static bool
address_fill(const char *path, struct sockaddr_un *address)
{
	size_t n = strlen(path);

	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (n >= sizeof(address->sun_path))
		return false;
	memcpy(address->sun_path, path, n + 1);
	return true;
}

bool
control_open(struct station *station)
{
	struct sockaddr_un address;
	int fd;

	if (!station->control_path)
		return true;
	if (!address_fill(station->control_path, &address))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	(void)unlink(station->control_path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(fd, 4)) {
		(void)close(fd);
		return false;
	}
	station->listener = fd;
	return true;
}

static void
peer_close(struct station *station)
{
	if (station->peer >= 0)
		(void)close(station->peer);
	station->peer = -1;
	station->line_used = 0;
}

void
control_close(struct station *station)
{
	peer_close(station);
	if (station->listener < 0)
		return;
	(void)close(station->listener);
	station->listener = -1;
	(void)unlink(station->control_path);
}

/* One test speaks at a time; a new one takes the place of the last. */
void
control_accept(struct station *station)
{
	int fd = accept(station->listener, NULL, NULL);

	if (fd < 0)
		return;
	peer_close(station);
	station->peer = fd;
}

static bool
line_insert(struct station *station)
{
	if (station->wire >= 0)
		return true;
	return station_insert(station);
}

static bool
line_number(const char *line, const char *word, unsigned *number)
{
	size_t n = strlen(word);

	return !strncmp(line, word, n) && number_read(line + n, number);
}

static bool
line_obey(struct station *station, const char *line)
{
	unsigned number;

	if (!strcmp(line, "remove")) {
		station_remove(station);
	} else if (!strcmp(line, "insert")) {
		return line_insert(station);
	} else if (!strcmp(line, "reset")) {
		station_note(station, "reset");
		card_reset(&station->card);
	} else if (!strcmp(line, "select-other")) {
		station_note(station, "select-other");
		card_switch(&station->card);
	} else if (line_number(line, "delay ", &number)) {
		station->delay = number;
	} else if (line_number(line, "slow ", &number)) {
		station->card.slow = number;
	} else if (!strcmp(line, "answer")) {
		/* One that is waited for comes now. */
		station->due = 0;
	} else if (!strcmp(line, "fault none")) {
		fault_clear(&station->faults);
	} else if (!strncmp(line, "fault ", 6)) {
		return fault_add(&station->faults, line + 6,
				 station->exchanges);
	} else {
		return card_control(&station->card, line);
	}
	return true;
}

static void
line_answer(struct station *station, const char *line)
{
	char text[1024];
	struct pile reply = pile_of(text, sizeof(text) - 1);
	char number[16];

	if (!strcmp(line, "count")) {
		(void)snprintf(number, sizeof(number), "ok %u",
			       station->exchanges);
		pile_text(&reply, number);
	} else if (!strcmp(line, "state")) {
		pile_text(&reply, "ok ");
		card_describe(&station->card, &reply);
	} else {
		pile_text(&reply, line_obey(station, line) ? "ok" : "error");
	}
	pile_byte(&reply, '\n');
	if (send(station->peer, reply.at, reply.used, MSG_NOSIGNAL) < 0)
		peer_close(station);
}

void
control_receive(struct station *station)
{
	char c;

	/* Byte by byte is slow and simple; a line is short. */
	if (read(station->peer, &c, 1) != 1) {
		peer_close(station);
		return;
	}
	if (c != '\n') {
		if (station->line_used + 1 < sizeof(station->line))
			station->line[station->line_used++] = c;
		return;
	}
	station->line[station->line_used] = '\0';
	station->line_used = 0;
	line_answer(station, station->line);
}

bool
station_tell(const char *path, const char *line)
{
	struct sockaddr_un address;
	char reply[1024] = "";
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t used = 0;
	ssize_t n = 1;

	if (fd < 0 || !address_fill(path, &address) ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    dprintf(fd, "%s\n", line) < 0)
		n = 0;
	while (n > 0 && used < sizeof(reply) - 1 && !strchr(reply, '\n')) {
		n = read(fd, reply + used, sizeof(reply) - 1 - used);
		used += n > 0 ? (size_t)n : 0;
		reply[used] = '\0';
	}
	if (fd >= 0)
		(void)close(fd);
	(void)fputs(reply, stdout);
	return !strncmp(reply, "ok", 2);
}
