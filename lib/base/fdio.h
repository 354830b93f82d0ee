#ifndef WSGI_BASE_FDIO_H
#define WSGI_BASE_FDIO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

/*
 * fdio - reads and writes on descriptors that go on after EINTR and short counts, and on a
 * non-blocking descriptor wait (poll) where it would block.
 *
 * Errors   0 or a negative errno. -EPIPE and -ECONNRESET: the peer left. Nobody's signal handler
 *          is relied on: callers that must survive a closed pipe ignore SIGPIPE.
 */

/* Up to len bytes, after at least one: their count; 0 at the end; -errno. */
ssize_t wsgi_fd_read(int fd, void *buf, size_t len);

/* All of data. Returns 0 or -errno. */
int wsgi_fd_write(int fd, const void *data, size_t len);

/* All of n pieces, in one system call where the kernel takes them so. iov is used up. */
int wsgi_fd_writev(int fd, struct iovec *iov, int n);

/*
 * Copy *left bytes (or all up to the end, when *left is UINT64_MAX) from in, at *offset, to out:
 * by sendfile, else splice, else through a buffer. Advances *offset and counts *left down.
 * Returns 0 when all was sent or in came to its end; -errno.
 */
int wsgi_fd_sendfile(int out, int in, off_t *offset, uint64_t *left);

/*
 * Put /dev/null where descriptor 0, 1 or 2 is closed, so that no socket or file of ours comes to
 * stand there and is written to as a log. Returns 0 or -errno.
 */
int wsgi_fd_standard(void);

/* A copy of fd above the standard descriptors, which no child inherits. Returns it or -errno. */
int wsgi_fd_keep(int fd);

/*
 * Read no more: a socket's other end may go on writing and is not told of a broken connection for
 * what has arrived by now. What is no socket is left alone.
 */
void wsgi_fd_drop(int fd);

/* Set or clear O_NONBLOCK. Returns 0 or -errno. */
int wsgi_fd_nonblock(int fd, int on);

/*
 * How many connections this process can have: seven eighths of its limit of open files (65536 at
 * most), whose soft value is raised to the hard one; the rest is for everything else. 0: unknown.
 */
unsigned wsgi_fd_limit(void);

/*
 * Whether a file can be made at a path, as far as its folder says; nothing is. Returns 0; -ENOENT,
 * -ENOTDIR, -EACCES, -EROFS ...; -ENOMEM.
 */
int wsgi_fd_may_create(const char *path);

#endif
