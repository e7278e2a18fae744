/* The card's side of a reader: the simulated card connects to it. */
#include "wire.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WAIT_STEP = 10, WAIT_STEPS = 40 }; /* milliseconds; so many */

bool
wire_listen(struct wire *w, uint16_t port)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int on = 1;

	w->card = -1;
	w->listener =
		socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (w->listener < 0)
		return false;
	(void)setsockopt(w->listener, SOL_SOCKET, SO_REUSEADDR, &on,
			 sizeof(on));
	return !bind(w->listener, (struct sockaddr *)&at, sizeof(at)) &&
	       !listen(w->listener, 1);
}

static void
card_close(struct wire *w)
{
	if (w->card >= 0)
		(void)close(w->card);
	w->card = -1;
}

void
wire_close(struct wire *w)
{
	card_close(w);
	if (w->listener >= 0)
		(void)close(w->listener);
	w->listener = -1;
}

bool
wire_present(struct wire *w)
{
	int on = 1;
	uint8_t byte;

	if (w->card >= 0 &&
	    recv(w->card, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
		card_close(w);
	if (w->card >= 0)
		return true;
	w->card = accept4(w->listener, NULL, NULL, SOCK_CLOEXEC);
	if (w->card < 0)
		return false;
	(void)setsockopt(w->card, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return true;
}

bool
wire_send(struct wire *w, const uint8_t *bytes, size_t size)
{
	const uint8_t head[2] = { (uint8_t)(size >> 8), (uint8_t)size };

	if (w->card < 0 || size > WIRE_MAX)
		return false;
	if (send(w->card, head, 2, MSG_NOSIGNAL | MSG_MORE) == 2 &&
	    send(w->card, bytes, size, MSG_NOSIGNAL) == (ssize_t)size)
		return true;
	card_close(w);
	return false;
}

ssize_t
wire_receive(struct wire *w, uint8_t bytes[WIRE_MAX])
{
	uint8_t head[2];
	size_t size;

	if (w->card < 0)
		return -1;
	if (recv(w->card, head, 2, MSG_WAITALL) == 2) {
		size = (size_t)head[0] << 8 | head[1];
		if (size == 0 ||
		    recv(w->card, bytes, size, MSG_WAITALL) == (ssize_t)size)
			return (ssize_t)size;
	}
	card_close(w);
	return -1;
}

/* Another thread may close the card's socket meanwhile, hence the steps. */
void
wire_wait(const struct wire *w)
{
	int card = w->card;

	for (int step = 0; step < WAIT_STEPS && card == w->card; step++) {
		struct pollfd fd = { .fd = card, .events = POLLRDHUP };

		if (card < 0)
			fd = (struct pollfd){ w->listener, POLLIN, 0 };
		if (poll(&fd, 1, WAIT_STEP) > 0)
			break;
	}
}
