#include "base/fdio.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BLOCK = 65536, CHUNK = 1 << 30 };

static int wait_for(int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events};

	while (poll(&p, 1, -1) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* After a call on fd has failed: 0 when it is to be made again, now that it can; or -errno. */
static int try_again(int fd, short events)
{
	if (errno == EINTR)
		return 0;
	if (errno == EAGAIN)
		return wait_for(fd, events);
	return -errno;
}

ssize_t wsgi_fd_read(int fd, void *buf, size_t len)
{
	ssize_t n;

	while ((n = read(fd, buf, len)) < 0) {
		int rc = try_again(fd, POLLIN);

		if (rc != 0)
			return rc;
	}
	return n;
}

int wsgi_fd_write(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0) {
			int rc = try_again(fd, POLLOUT);

			if (rc != 0)
				return rc;
			continue;
		}
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

int wsgi_fd_writev(int fd, struct iovec *iov, int n)
{
	while (n > 0) {
		ssize_t done = writev(fd, iov, n < IOV_MAX ? n : IOV_MAX);

		if (done < 0) {
			int rc = try_again(fd, POLLOUT);

			if (rc != 0)
				return rc;
			continue;
		}
		for (; n > 0 && (size_t)done >= iov->iov_len; iov++, n--)
			done -= (ssize_t)iov->iov_len;
		if (n > 0) {
			iov->iov_base = (char *)iov->iov_base + done;
			iov->iov_len -= (size_t)done;
		}
	}
	return 0;
}

/* A copy on its way. */
struct copy {
	int out, in;
	off_t *offset; /* NULL: in has none, it is a pipe or the like */
};

static ssize_t by_sendfile(const struct copy *c, size_t len)
{
	return sendfile(c->out, c->in, c->offset, len);
}

static ssize_t by_splice(const struct copy *c, size_t len)
{
	loff_t at = c->offset != NULL ? *c->offset : 0;
	ssize_t n = splice(c->in, c->offset != NULL ? &at : NULL, c->out, NULL, len, 0);

	if (n > 0 && c->offset != NULL)
		*c->offset = at;
	return n;
}

static ssize_t by_buffer(const struct copy *c, size_t len)
{
	char block[BLOCK];
	ssize_t n;
	int rc;

	if (len > sizeof(block))
		len = sizeof(block);
	n = c->offset != NULL ? pread(c->in, block, len, *c->offset) : read(c->in, block, len);
	if (n <= 0)
		return n;
	rc = wsgi_fd_write(c->out, block, (size_t)n);
	if (rc != 0) {
		errno = -rc;
		return -1;
	}
	if (c->offset != NULL)
		*c->offset += n;
	return n;
}

/* Whether errno says that this way of copying is not for these two descriptors. */
static int is_no_way(void)
{
	return errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP;
}

int wsgi_fd_sendfile(int out, int in, off_t *offset, uint64_t *left)
{
	static ssize_t (*const ways[])(const struct copy *c, size_t len) = {by_sendfile, by_splice,
									    by_buffer};
	const size_t last = sizeof(ways) / sizeof(ways[0]) - 1;
	struct copy c = {.out = out, .in = in, .offset = offset};
	size_t way = 0;

	while (*left > 0) {
		ssize_t n = ways[way](&c, *left < CHUNK ? (size_t)*left : CHUNK);
		int rc;

		if (n == 0)
			return 0;
		if (n > 0) {
			*left -= (uint64_t)n;
			if (c.offset == NULL)
				*offset += n;
		} else if (errno == ESPIPE && c.offset != NULL) {
			c.offset = NULL;
		} else if (is_no_way() && way < last) {
			way++;
		} else {
			/* EAGAIN does not say which of the two is not ready: wait for both. */
			rc = try_again(in, POLLIN);
			if (rc == 0)
				rc = wait_for(out, POLLOUT);
			if (rc != 0)
				return rc;
		}
	}
	return 0;
}

int wsgi_fd_keep(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	return copy >= 0 ? copy : -errno;
}

void wsgi_fd_drop(int fd)
{
	char block[16384];

	/* After this nothing more arrives: what is read below is there already. A pipe says no. */
	if (shutdown(fd, SHUT_RD) != 0)
		return;
	while (recv(fd, block, sizeof(block), MSG_DONTWAIT) > 0)
		;
}

int wsgi_fd_nonblock(int fd, int on)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return -errno;
	flags = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
	return fcntl(fd, F_SETFL, flags) == 0 ? 0 : -errno;
}

int wsgi_fd_standard(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

unsigned wsgi_fd_limit(void)
{
	enum { MOST = 1 << 16 };
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 0;
	if (limit.rlim_cur < limit.rlim_max && limit.rlim_cur < MOST) {
		limit.rlim_cur = limit.rlim_max < MOST ? limit.rlim_max : MOST;
		setrlimit(RLIMIT_NOFILE, &limit);
		getrlimit(RLIMIT_NOFILE, &limit);
	}
	if (limit.rlim_cur > MOST)
		limit.rlim_cur = MOST;
	return (unsigned)(limit.rlim_cur - limit.rlim_cur / 8);
}

int wsgi_fd_may_create(const char *path)
{
	char *folder = strdup(path), *slash;
	int rc;

	if (folder == NULL)
		return -ENOMEM;
	slash = strrchr(folder, '/');
	if (slash != NULL)
		slash[1] = '\0'; /* the slash stays: no file may stand there */
	rc = faccessat(AT_FDCWD, slash != NULL ? folder : ".", W_OK | X_OK, AT_EACCESS);
	rc = rc == 0 ? 0 : -errno;
	free(folder);
	return rc;
}
