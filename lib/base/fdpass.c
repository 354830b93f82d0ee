#include "base/fdpass.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for the most descriptors of one message, aligned as cmsg(3) wants it. */
union control {
	struct cmsghdr align;
	char room[CMSG_SPACE(WSGI_FDPASS_MAX * sizeof(int))];
};

int wsgi_fdpass_pair(int fds[2])
{
	int rc = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds);

	return rc == 0 ? 0 : -errno;
}

static void put_descriptors(struct msghdr *msg, const int *fds, size_t n)
{
	struct cmsghdr *c;

	msg->msg_controllen = CMSG_SPACE(n * sizeof(int));
	c = CMSG_FIRSTHDR(msg);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(c), fds, n * sizeof(int));
}

int wsgi_fd_send(int sock, const void *data, size_t len, const int *fds, size_t n)
{
	struct iovec iov = {(char *)(uintptr_t)data, len};
	union control control = {0};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t sent;

	if (len == 0 || n > WSGI_FDPASS_MAX)
		return -EINVAL;
	if (n > 0) {
		msg.msg_control = &control;
		put_descriptors(&msg, fds, n);
	}
	do
		sent = sendmsg(sock, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

/* Those that came; at most WSGI_FDPASS_MAX, for which all has room. */
static size_t get_descriptors(struct msghdr *msg, int *all)
{
	size_t n = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(all, CMSG_DATA(c), n * sizeof(int));
	}
	return n;
}

/* Whether a message came whole. Returns 0 or -errno. */
static int check(const struct msghdr *msg, size_t came, size_t room)
{
	if (msg->msg_flags & MSG_TRUNC || came > room)
		return -EMSGSIZE;
	if (msg->msg_flags & MSG_CTRUNC)
		return came < WSGI_FDPASS_MAX ? -EMFILE : -EMSGSIZE;
	return 0;
}

ssize_t wsgi_fd_recv(int sock, void *data, size_t len, int *fds, size_t *n)
{
	struct iovec iov = {data, len};
	union control control;
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};
	int all[WSGI_FDPASS_MAX], rc;
	const size_t room = *n;
	ssize_t got;

	*n = 0;
	do
		got = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	*n = get_descriptors(&msg, all);
	rc = check(&msg, *n, room);
	if (rc == 0 && *n > 0)
		memcpy(fds, all, *n * sizeof(int));
	while (rc != 0 && *n > 0)
		close(all[--*n]);
	return rc != 0 ? rc : got;
}
