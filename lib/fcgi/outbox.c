#include "fcgi/outbox.h"

#include <errno.h>
#include <stdint.h>
#include <sys/socket.h>

enum { KEPT_BYTES = 64 << 10 };

void wsgi_outbox_init(struct wsgi_outbox *o)
{
	*o = (struct wsgi_outbox){.at = 0};
	pthread_mutex_init(&o->lock, NULL);
}

void wsgi_outbox_finish(struct wsgi_outbox *o)
{
	wsgi_buf_finish(&o->buf);
	pthread_mutex_destroy(&o->lock);
}

void wsgi_outbox_clear(struct wsgi_outbox *o)
{
	o->at = o->buf.len = 0;
	if (o->buf.cap > KEPT_BYTES)
		wsgi_buf_finish(&o->buf);
}

static int push(struct wsgi_outbox *o, int fd)
{
	while (o->at < o->buf.len) {
		ssize_t n = send(fd, o->buf.data + o->at, o->buf.len - o->at,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			o->at += (size_t)n;
	}
	if (o->at > 0)
		wsgi_outbox_clear(o);
	return 0;
}

static size_t sum(const struct iovec *iov, int n)
{
	size_t len = 0;

	for (int i = 0; i < n; i++)
		len += iov[i].iov_len;
	return len;
}

/* The first len bytes of iov are done with. */
static void use_up(struct iovec *iov, size_t len)
{
	for (; len > 0; iov++) {
		size_t n = len < iov->iov_len ? len : iov->iov_len;

		iov->iov_base = (char *)iov->iov_base + n;
		iov->iov_len -= n;
		len -= n;
	}
}

static int keep(struct wsgi_outbox *o, struct iovec *iov, int n, size_t len)
{
	wsgi_buf_drop(&o->buf, o->at);
	o->at = 0;
	if (wsgi_buf_reserve(&o->buf, len) != 0)
		return -ENOMEM;
	for (int i = 0; i < n; i++) {
		wsgi_buf_add(&o->buf, iov[i].iov_base, iov[i].iov_len);
		iov[i].iov_len = 0;
	}
	return 0;
}

/* send(2) for one piece, which most responses are, is a little quicker. */
static ssize_t send_some(int fd, const struct iovec *iov, int n, int flags)
{
	const struct msghdr msg = {.msg_iov = (struct iovec *)(uintptr_t)iov,
				   .msg_iovlen = (size_t)n};

	flags |= MSG_NOSIGNAL | MSG_DONTWAIT;
	return n == 1 ? send(fd, iov->iov_base, iov->iov_len, flags) : sendmsg(fd, &msg, flags);
}

static int send_all(struct wsgi_outbox *o, int fd, struct iovec *iov, int n, int flags, size_t room)
{
	size_t left = sum(iov, n);
	int rc = push(o, fd);

	while (rc == 0 && left > 0) {
		ssize_t sent = send_some(fd, iov, n, flags);

		if (sent < 0 && errno != EINTR)
			rc = -errno;
		if (sent > 0) {
			use_up(iov, (size_t)sent);
			left -= (size_t)sent;
		}
	}
	if (rc == -EAGAIN && o->buf.len - o->at + left <= room)
		rc = keep(o, iov, n, left);
	return rc;
}

int wsgi_outbox_send(struct wsgi_outbox *o, int fd, struct iovec *iov, int n, int flags,
		     size_t room)
{
	int rc;

	pthread_mutex_lock(&o->lock);
	rc = send_all(o, fd, iov, n, flags, room);
	pthread_mutex_unlock(&o->lock);
	return rc;
}

int wsgi_outbox_push(struct wsgi_outbox *o, int fd)
{
	int rc;

	pthread_mutex_lock(&o->lock);
	rc = push(o, fd);
	pthread_mutex_unlock(&o->lock);
	return rc;
}

bool wsgi_outbox_is_empty(struct wsgi_outbox *o)
{
	bool is_empty;

	pthread_mutex_lock(&o->lock);
	is_empty = o->at == o->buf.len;
	pthread_mutex_unlock(&o->lock);
	return is_empty;
}
