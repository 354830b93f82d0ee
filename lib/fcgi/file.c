#include "fcgi/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

static int wait_to_send(struct wsgi_fcgi_conn *c)
{
	return wsgi_fcgi_conn_wait(c, POLLOUT, c->config->limits.io_timeout_ms);
}

/* It is gone in the middle of a record that was promised. */
static int is_short(struct wsgi_fcgi_conn *c)
{
	c->req.cut = true;
	return -EIO;
}

static void move(struct wsgi_fcgi_file *f, size_t n)
{
	f->part -= n;
	f->left -= n;
}

/*
 * Leave the rest to whoever waits for all connections, while others are served. The application may
 * close its descriptor. Returns 0; -errno when that cannot be, and the thread has to wait.
 */
static int leave_to_outbox(struct wsgi_fcgi_conn *c, struct wsgi_fcgi_file *f)
{
	const struct wsgi_outbox_file rest = {
		.fd = fcntl(f->fd, F_DUPFD_CLOEXEC, 0),
		.offset = f->offset,
		.left = f->left,
		.part = f->part,
		.id = c->session.id,
	};
	int rc = rest.fd >= 0 ? wsgi_outbox_keep_file(&c->outbox, &rest) : -errno;

	if (rc != 0 && rest.fd >= 0)
		close(rest.fd);
	if (rc != 0)
		return rc;
	f->left = f->part = 0;
	c->config->unsent(c);
	return 0;
}

/* Bytes before the file were kept: it goes after them, or else waits until they have gone. */
static int follow(struct wsgi_fcgi_conn *c, struct wsgi_fcgi_file *f)
{
	int rc;

	if (leave_to_outbox(c, f) == 0)
		return 0;
	while ((rc = wsgi_outbox_push(&c->outbox, c->fd)) == -EAGAIN) {
		rc = wait_to_send(c);
		if (rc != 0)
			return rc;
	}
	return rc;
}

/* The head of the next record, and what is held before the file. */
static int begin_part(struct wsgi_fcgi_conn *c, struct wsgi_fcgi_file *f, size_t held)
{
	struct iovec iov = {c->worker->out, FCGI_HEADER_LEN + held};

	f->part = WSGI_RECORD_CONTENT - held;
	if (f->part > f->left)
		f->part = (size_t)f->left;
	wsgi_record_put_head(iov.iov_base, FCGI_STDOUT, c->session.id, held + f->part, 0);
	return wsgi_fcgi_conn_send(c, &iov, 1, MSG_MORE, c->config->limits.out_buffer_bytes);
}

/* Where sendfile(2) cannot: by way of the thread's memory, whose bytes have gone. */
static int copy_part(struct wsgi_fcgi_conn *c, struct wsgi_fcgi_file *f)
{
	int rc = 0;

	while (rc == 0 && f->part > 0) {
		ssize_t n = pread(f->fd, c->worker->out, f->part, f->offset);
		struct iovec iov = {c->worker->out, n > 0 ? (size_t)n : 0};

		if (n <= 0)
			return is_short(c);
		f->offset += n;
		move(f, (size_t)n);
		rc = wsgi_fcgi_conn_send(c, &iov, 1, 0, 0);
	}
	return rc;
}

/* Returns how much; -errno. */
static ssize_t send_some(struct wsgi_fcgi_conn *c, struct wsgi_fcgi_file *f)
{
	const struct wsgi_reactor_ops *ops = &c->config->ops;
	ssize_t n;

	if (ops->leave != NULL)
		ops->leave(c->config->ctx);
	n = sendfile(c->fd, f->fd, &f->offset, f->part);
	if (n < 0)
		n = -errno;
	if (ops->enter != NULL)
		ops->enter(c->config->ctx);
	return n;
}

/* The socket takes no more. */
static int wait_or_leave(struct wsgi_fcgi_conn *c, struct wsgi_fcgi_file *f)
{
	int rc = wsgi_fcgi_conn_be_patient(c);

	if (rc != -ETIMEDOUT)
		return rc;
	rc = leave_to_outbox(c, f);
	return rc == 0 ? 0 : wait_to_send(c);
}

static int send_part(struct wsgi_fcgi_conn *c, struct wsgi_fcgi_file *f)
{
	int rc = 0;

	while (rc == 0 && f->part > 0) {
		ssize_t n = send_some(c, f);

		if (n > 0)
			move(f, (size_t)n);
		else if (n == 0)
			rc = is_short(c);
		else if (n == -EINVAL || n == -ENOSYS)
			rc = copy_part(c, f);
		else if (n == -EAGAIN)
			rc = wait_or_leave(c, f);
		else if (n != -EINTR)
			rc = (int)n;
	}
	return rc;
}

int wsgi_fcgi_file_send(struct wsgi_fcgi_conn *c, struct wsgi_fcgi_file *f, size_t held)
{
	int rc = 0;

	for (; rc == 0 && f->left > 0; held = 0) {
		rc = begin_part(c, f, held);
		if (rc == 0 && !wsgi_outbox_is_empty(&c->outbox))
			rc = follow(c, f);
		if (rc == 0)
			rc = send_part(c, f);
	}
	return c->code = rc;
}
