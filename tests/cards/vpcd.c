/* The wire to the virtual reader driver of pcscd. */
#include "vpcd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

int
vpcd_open(uint16_t port)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0)
		return -1;
	/* Two small writes per answer would wait for each other's
	 * acknowledgement, 40 ms and more per exchange. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to))) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static bool
read_whole(int fd, uint8_t *to, size_t n)
{
	ssize_t got;

	while (n > 0) {
		got = read(fd, to, n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		to += got;
		n -= (size_t)got;
	}
	return true;
}

bool
vpcd_receive(int fd, struct pile *message)
{
	uint8_t head[2] = { 0 };
	struct span size = span_of(head, sizeof(head));
	uint8_t *place;
	size_t n;

	if (!read_whole(fd, head, sizeof(head)))
		return false;
	n = span_number(&size, 2);
	place = pile_reserve(message, n);
	return place && read_whole(fd, place, n);
}

bool
vpcd_send(int fd, struct span message)
{
	uint8_t bytes[2 + 65535];
	struct pile out = pile_of(bytes, sizeof(bytes));
	size_t sent = 0;
	ssize_t n;

	if (message.left > 65535)
		return false;
	pile_byte(&out, (uint8_t)(message.left >> 8));
	pile_byte(&out, (uint8_t)message.left);
	pile_span(&out, message);
	while (sent < out.used) {
		n = send(fd, out.at + sent, out.used - sent, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		sent += (size_t)n;
	}
	return true;
}
