/* Preloaded into pcscd: TCP_NODELAY on every TCP socket. The virtual reader
 * driver writes length and message apart, and with Nagle's algorithm the
 * second waits for the acknowledgement of the first, 40 ms per exchange. */
#include <dlfcn.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#define EXPORTED __attribute__((visibility("default")))

static void
socket_hurry(int fd)
{
	int domain = 0, type = 0, on = 1;
	socklen_t n = sizeof(domain), m = sizeof(type);

	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &n) ||
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &m))
		return;
	if ((domain == AF_INET || domain == AF_INET6) && type == SOCK_STREAM)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

EXPORTED int
accept(int fd, struct sockaddr *restrict peer, socklen_t *restrict size)
{
	int (*next)(int, struct sockaddr *, socklen_t *);
	int got;

	*(void **)&next = dlsym(RTLD_NEXT, "accept");
	got = next(fd, peer, size);
	socket_hurry(got);
	return got;
}

EXPORTED int
socket(int domain, int type, int protocol)
{
	int (*next)(int, int, int);
	int got;

	*(void **)&next = dlsym(RTLD_NEXT, "socket");
	got = next(domain, type, protocol);
	socket_hurry(got);
	return got;
}
