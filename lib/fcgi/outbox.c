#include "fcgi/outbox.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fcgi/record.h"

enum {
	KEPT_BYTES = 64 << 10,
	FILE_AT_ONCE = 256 << 10, /* of one client's file, before the next client's turn */
};

void wsgi_outbox_init(struct wsgi_outbox *o)
{
	*o = (struct wsgi_outbox){.at = 0};
	pthread_mutex_init(&o->lock, NULL);
}

static void drop_file(struct wsgi_outbox *o)
{
	if (o->file != NULL)
		close(o->file->fd);
	free(o->file);
	o->file = NULL;
}

void wsgi_outbox_finish(struct wsgi_outbox *o)
{
	drop_file(o);
	wsgi_buf_finish(&o->buf);
	wsgi_buf_finish(&o->tail);
	pthread_mutex_destroy(&o->lock);
}

static void clear_buf(struct wsgi_outbox *o)
{
	o->at = o->buf.len = 0;
	if (o->buf.cap > KEPT_BYTES)
		wsgi_buf_finish(&o->buf);
}

void wsgi_outbox_clear(struct wsgi_outbox *o)
{
	drop_file(o);
	wsgi_buf_finish(&o->tail);
	clear_buf(o);
}

void wsgi_outbox_shed(struct wsgi_outbox *o)
{
	if (o->file == NULL && o->at == o->buf.len)
		wsgi_buf_finish(&o->buf);
}

/* ---- sending what was kept ---- */

static int push_buf(struct wsgi_outbox *o, int fd, int flags)
{
	while (o->at < o->buf.len) {
		ssize_t n = send(fd, o->buf.data + o->at, o->buf.len - o->at,
				 MSG_NOSIGNAL | MSG_DONTWAIT | flags);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			o->at += (size_t)n;
	}
	if (o->at > 0)
		clear_buf(o);
	return 0;
}

/* The head of the file's next record. */
static int begin_part(struct wsgi_outbox *o)
{
	struct wsgi_outbox_file *f = o->file;
	char head[FCGI_HEADER_LEN];

	f->part = f->left < WSGI_RECORD_CONTENT ? (size_t)f->left : WSGI_RECORD_CONTENT;
	wsgi_record_put_head(head, FCGI_STDOUT, f->id, f->part, 0);
	return wsgi_buf_add(&o->buf, head, sizeof(head));
}

/* Where sendfile(2) cannot: the part is read, to be sent as other bytes are. */
static ssize_t read_part(struct wsgi_outbox *o)
{
	struct wsgi_outbox_file *f = o->file;
	ssize_t n;

	if (wsgi_buf_reserve(&o->buf, f->part) != 0)
		return -ENOMEM;
	n = pread(f->fd, o->buf.data, f->part, f->offset);
	if (n < 0)
		return -errno;
	o->buf.len = (size_t)n;
	f->offset += n;
	return n;
}

/* Some of the part. Returns how much, or -errno. */
static ssize_t push_part(struct wsgi_outbox *o, int fd)
{
	struct wsgi_outbox_file *f = o->file;
	ssize_t n = sendfile(fd, f->fd, &f->offset, f->part);

	if (n < 0)
		n = errno == EINVAL || errno == ENOSYS ? read_part(o) : -errno;
	if (n == 0)
		return -EIO;
	if (n > 0) {
		f->part -= (size_t)n;
		f->left -= (size_t)n;
	}
	return n;
}

/* The file came to its end: what was kept after it is next. */
static void end_file(struct wsgi_outbox *o)
{
	const struct wsgi_buf empty = o->buf;

	drop_file(o);
	o->buf = o->tail;
	o->tail = empty;
	wsgi_buf_finish(&o->tail);
}

static int push_file(struct wsgi_outbox *o, int fd)
{
	uint64_t sent = 0;

	for (;;) {
		ssize_t n = push_buf(o, fd, MSG_MORE);

		if (n < 0)
			return (int)n;
		if (o->file->left == 0)
			return 0;
		if (o->file->part > 0)
			n = push_part(o, fd);
		else if (sent < FILE_AT_ONCE)
			n = begin_part(o);
		else
			n = -EAGAIN;
		if (n < 0 && n != -EINTR)
			return (int)n;
		sent += n > 0 ? (uint64_t)n : 0;
	}
}

static int push(struct wsgi_outbox *o, int fd)
{
	int rc = 0;

	if (o->file != NULL) {
		rc = push_file(o, fd);
		if (rc == 0)
			end_file(o);
	}
	return rc == 0 ? push_buf(o, fd, 0) : rc;
}

/* ---- sending ---- */

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
	struct wsgi_buf *b = o->file != NULL ? &o->tail : &o->buf;

	wsgi_buf_drop(&o->buf, o->at);
	o->at = 0;
	if (wsgi_buf_reserve(b, len) != 0)
		return -ENOMEM;
	for (int i = 0; i < n; i++) {
		wsgi_buf_add(b, iov[i].iov_base, iov[i].iov_len);
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
	if (rc == -EAGAIN && o->buf.len - o->at + o->tail.len + left <= room)
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

int wsgi_outbox_keep_file(struct wsgi_outbox *o, const struct wsgi_outbox_file *f)
{
	int rc = 0;

	pthread_mutex_lock(&o->lock);
	if (o->file != NULL)
		rc = -EBUSY;
	else
		o->file = malloc(sizeof(*o->file));
	if (rc == 0 && o->file == NULL)
		rc = -ENOMEM;
	if (rc == 0)
		*o->file = *f;
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
	is_empty = o->at == o->buf.len && o->file == NULL;
	pthread_mutex_unlock(&o->lock);
	return is_empty;
}
