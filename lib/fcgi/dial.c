#include "fcgi/dial.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char *unix_path(const char *address)
{
	return strncmp(address, "unix:", 5) == 0 ? address + 5 : NULL;
}

static int bad_address(const char *address, struct wsgi_error *err)
{
	return wsgi_fail(err, -EINVAL,
			 "'%.100s' is no address: give unix:PATH, HOST:PORT or [IPV6]:PORT",
			 address);
}

/* Take "HOST:PORT" apart; the brackets of an IPv6 address are dropped. */
static int split(const char *address, char host[256], const char **port)
{
	const char *colon = strrchr(address, ':');
	size_t len = colon != NULL ? (size_t)(colon - address) : 0;
	char *end;
	long n;

	if (len == 0 || len > 255)
		return -EINVAL;
	n = strtol(colon + 1, &end, 10);
	if (colon[1] < '0' || colon[1] > '9' || *end != '\0' || n < 1 || n > 65535)
		return -EINVAL;
	if (address[0] == '[' && address[len - 1] == ']') {
		address++;
		len -= 2;
	} else if (memchr(address, ':', len) != NULL) {
		return -EINVAL;
	}
	memcpy(host, address, len);
	host[len] = '\0';
	*port = colon + 1;
	return len > 0 ? 0 : -EINVAL;
}

int wsgi_dial_check(const char *address, struct wsgi_error *err)
{
	const char *path = unix_path(address), *port;
	struct sockaddr_un un;
	char host[256];

	if (path != NULL && strlen(path) >= sizeof(un.sun_path))
		return wsgi_fail(err, -EINVAL,
				 "the socket's path '%.100s' is longer than %zu bytes", path,
				 sizeof(un.sun_path) - 1);
	if (path != NULL ? path[0] == '\0' : split(address, host, &port) != 0)
		return bad_address(address, err);
	return 0;
}

/* Wait until a connect that is under way has succeeded or failed. Returns 0 or -errno. */
static int await_connect(int fd, int timeout_ms)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	socklen_t len = sizeof(int);
	int n, code = 0;

	do
		n = poll(&p, 1, timeout_ms > 0 ? timeout_ms : -1);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return -ETIMEDOUT;
	if (n < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &len) != 0)
		return -errno;
	return -code;
}

static int connect_to(const struct sockaddr *addr, socklen_t len, int timeout_ms)
{
	int fd = socket(addr->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int one = 1;
	int rc;

	if (fd == -1)
		return -errno;
	if (addr->sa_family != AF_UNIX)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	rc = connect(fd, addr, len) == 0 ? 0 : -errno;
	if (rc == -EINPROGRESS || rc == -EINTR)
		rc = await_connect(fd, timeout_ms);
	if (rc == 0)
		return fd;
	close(fd);
	return rc;
}

/* A unix socket with a full backlog refuses at once, with EAGAIN: it is asked again. */
static int connect_unix(const char *path, int timeout_ms)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int waited_ms = 0;
	int fd;

	memcpy(un.sun_path, path, strlen(path) + 1);
	while ((fd = connect_to((struct sockaddr *)&un, sizeof(un), timeout_ms)) == -EAGAIN &&
	       (timeout_ms <= 0 || waited_ms < timeout_ms)) {
		poll(NULL, 0, 10);
		waited_ms += 10;
	}
	return fd;
}

static int connect_host(const char *host, const char *port, int timeout_ms, struct wsgi_error *err)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *list;
	int rc = getaddrinfo(host, port, &hints, &list);
	int fd = -ENOENT;

	if (rc != 0)
		return wsgi_fail(err, -ENOENT, "the FastCGI backend's name '%.100s' is unknown: %s",
				 host, gai_strerror(rc));
	for (const struct addrinfo *a = list; a != NULL && fd < 0; a = a->ai_next)
		fd = connect_to(a->ai_addr, a->ai_addrlen, timeout_ms);
	freeaddrinfo(list);
	if (fd < 0)
		wsgi_fail(err, fd, "no FastCGI backend at %.100s:%s: %s", host, port,
			  strerror(-fd));
	return fd;
}

int wsgi_dial(const char *address, int timeout_ms, struct wsgi_error *err)
{
	const char *path = unix_path(address), *port;
	char host[256];
	int rc = wsgi_dial_check(address, err);

	if (rc != 0)
		return rc;
	if (path == NULL)
		return split(address, host, &port) == 0 ? connect_host(host, port, timeout_ms, err)
							: bad_address(address, err);
	rc = connect_unix(path, timeout_ms);
	if (rc < 0)
		wsgi_fail(err, rc, "no FastCGI backend at %.120s: %s", address, strerror(-rc));
	return rc;
}
