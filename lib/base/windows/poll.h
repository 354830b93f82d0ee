#ifndef WSGI_BASE_WINDOWS_POLL_H
#define WSGI_BASE_WINDOWS_POLL_H

/* Descriptors of Windows' C library always block: there is nothing to wait for before a write. */
struct pollfd {
	int fd;
	short events, revents;
};

#define POLLIN 1
#define POLLOUT 4

static inline int poll(struct pollfd *fds, unsigned n, int timeout_ms)
{
	(void)timeout_ms;
	for (unsigned i = 0; i < n; i++)
		fds[i].revents = fds[i].events;
	return (int)n;
}

#endif
