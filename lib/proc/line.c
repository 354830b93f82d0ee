#include "proc/line.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/fdpass.h"

int wsgi_line_say(int line, const struct wsgi_line_message *m, const int *fds, size_t n)
{
	struct pollfd room = {.fd = line, .events = POLLOUT};
	int rc;

	while ((rc = wsgi_fd_send(line, m, sizeof(*m), fds, n)) == -EAGAIN)
		if (poll(&room, 1, -1) < 0 && errno != EINTR)
			return -errno;
	return rc;
}

int wsgi_line_hear(int line, struct wsgi_line_message *m, int *fds, size_t *n)
{
	ssize_t got = wsgi_fd_recv(line, m, sizeof(*m), fds, n);

	/* Its other end was closed with messages unread: that is an end, too. */
	if (got == 0 || got == -ECONNRESET)
		return 0;
	if (got < 0)
		return (int)got;
	if (got == sizeof(*m))
		return 1;
	while (*n > 0)
		close(fds[--*n]);
	return -EBADMSG;
}
