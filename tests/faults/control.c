/* Speaks to a simulated card's control socket. */
#include "control.h"

#include <err.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int
control_connect(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		err(2, "%s", path);
	return fd;
}

void
control_tell(int fd, const char *line, char *answer, size_t size)
{
	size_t used = 0;

	if (dprintf(fd, "%s\n", line) < 0)
		err(2, "cannot tell the card '%s'", line);
	while (used < size - 1) {
		if (read(fd, answer + used, 1) != 1)
			err(2, "no answer to '%s'", line);
		if (answer[used] == '\n')
			break;
		used++;
	}
	answer[used] = '\0';
	if (strncmp(answer, "ok", 2) != 0)
		errx(2, "'%s' is answered by '%s'", line, answer);
}
