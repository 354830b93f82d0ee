#include "fcgi/conn.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	KEPT_BYTES = 64 << 10,   /* more memory than this is not kept */
	LINGER_BYTES = 16 << 20, /* taken from a peer that sends on after its END_REQUEST */
	KEEP_AT_ONCE = 64 << 10, /* of what a socket did not take; more is copied only for */
	PATIENCE = 20,           /* a reader that has let us wait so often */
	PATIENCE_MS = 5,         /* or so long at once */
	LOOK_BYTES = 4096,
};

void wsgi_fcgi_conn_init(struct wsgi_fcgi_conn *c, const struct wsgi_fcgi_config *config)
{
	*c = (struct wsgi_fcgi_conn){.fd = -1, .config = config};
	wsgi_outbox_init(&c->outbox);
	wsgi_environ_init(&c->req.params);
}

void wsgi_fcgi_conn_finish(struct wsgi_fcgi_conn *c)
{
	if (c->fd >= 0)
		close(c->fd);
	wsgi_fcgi_conn_shed(c);
	wsgi_outbox_finish(&c->outbox);
}

void wsgi_fcgi_conn_shed(struct wsgi_fcgi_conn *c)
{
	wsgi_environ_finish(&c->req.params);
	wsgi_input_finish(&c->req.input);
	wsgi_params_finish(&c->params);
	wsgi_buf_finish(&c->ahead);
	wsgi_buf_finish(&c->kept);
	wsgi_outbox_shed(&c->outbox);
}

void wsgi_fcgi_conn_open(struct wsgi_fcgi_conn *c, int fd, bool tcp)
{
	wsgi_session_init(&c->session, c->config->ops.max_conns, c->config->ops.max_reqs);
	c->fd = fd;
	c->tcp = tcp;
	c->eof = c->closing = c->lingering = false;
	c->req.cut = false;
	c->code = 0;
	c->lingered = 0;
}

static void empty(struct wsgi_buf *b)
{
	b->len = 0;
	if (b->cap > KEPT_BYTES)
		wsgi_buf_finish(b);
}

void wsgi_fcgi_conn_forget(struct wsgi_fcgi_conn *c)
{
	wsgi_params_clear(&c->params);
	wsgi_environ_clear(&c->req.params);
	c->body = (struct wsgi_span){0};
	c->aborted = false;
	empty(&c->kept);
}

void wsgi_fcgi_conn_close(struct wsgi_fcgi_conn *c)
{
	const struct linger reset = {.l_onoff = 1};

	/* There are front ends that take an end of file for the end of a response. */
	if (c->tcp && c->code != 0)
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(c->fd);
	c->fd = -1;
	c->worker = NULL;
	c->rest = (struct wsgi_span){0};
	empty(&c->ahead);
	wsgi_outbox_clear(&c->outbox);
	wsgi_fcgi_conn_forget(c);
}

bool wsgi_fcgi_conn_is_idle(const struct wsgi_fcgi_conn *c)
{
	return wsgi_session_is_idle(&c->session) && c->rest.len == 0;
}

/* An answer of a few bytes, outside of a response: whoever waits sends what is left of it. */
static int reply(struct wsgi_fcgi_conn *c, const void *data, size_t len)
{
	char copy[512];
	struct iovec iov = {copy, len};

	memcpy(copy, data, len);
	return wsgi_outbox_send(&c->outbox, c->fd, &iov, 1, 0, SIZE_MAX);
}

/* No more requests here. The peer may be sending still: it is let finish. */
static void linger(struct wsgi_fcgi_conn *c)
{
	wsgi_session_end(&c->session);
	c->closing = c->lingering = true;
}

static int refuse_params(struct wsgi_fcgi_conn *c)
{
	static const char page[] = "Status: 431 Request Header Fields Too Large\r\n"
				   "Content-Type: text/plain\r\n\r\n"
				   "The request's header fields are too large.\n";
	char text[sizeof(page) + 2 * FCGI_HEADER_LEN + WSGI_RECORD_END_LEN], *p = text;
	const uint16_t id = c->session.id;

	wsgi_log(c->config->log, WSGI_LOG_WARNING,
		 "refused a request (431): %zu bytes of FastCGI parameters have come, the limit is "
		 "%zu",
		 c->params.bytes, c->config->limits.params_bytes);
	p += wsgi_record_put_head(p, FCGI_STDOUT, id, sizeof(page) - 1, 0);
	p = stpcpy(p, page);
	p += wsgi_record_put_head(p, FCGI_STDOUT, id, 0, 0);
	p += wsgi_record_put_end(p, id, 0, FCGI_REQUEST_COMPLETE);
	wsgi_fcgi_conn_forget(c);
	linger(c);
	return reply(c, text, (size_t)(p - text));
}

static int abort_unserved(struct wsgi_fcgi_conn *c)
{
	char end[WSGI_RECORD_END_LEN];

	wsgi_record_put_end(end, c->session.id, 0, FCGI_REQUEST_COMPLETE);
	wsgi_fcgi_conn_forget(c);
	if (c->session.keep_conn)
		wsgi_session_end(&c->session);
	else
		linger(c);
	return reply(c, end, sizeof(end));
}

/* Move what was read of STDIN to memory of our own. */
static int keep_body(struct wsgi_fcgi_conn *c)
{
	int rc;

	if (c->body.len == 0 || c->body.data == c->kept.data)
		return 0;
	c->kept.len = 0;
	rc = wsgi_buf_add(&c->kept, c->body.data, c->body.len);
	c->body.data = c->kept.data;
	return rc;
}

/* A first piece stays where it is; from the second on they are put together. */
static int add_body(struct wsgi_fcgi_conn *c, struct wsgi_span piece)
{
	int rc = 0;

	if (c->body.len == 0) {
		c->body = piece;
	} else {
		rc = keep_body(c);
		if (rc == 0)
			rc = wsgi_buf_add(&c->kept, piece.data, piece.len);
		c->body = (struct wsgi_span){c->kept.data, c->kept.len};
	}
	if (rc == 0 && c->body.len >= c->config->limits.stdin_buffer_bytes)
		rc = 1;
	return rc;
}

/*
 * PARAMS are whole. An authorizer is told that it is one, as libfcgi tells it; a responder is not,
 * because its variables are those that the web server sends, and no others. Returns as on_event().
 */
static int end_params(struct wsgi_fcgi_conn *c)
{
	static const char role[] = "\x9\xa"
				   "FCGI_ROLE"
				   "AUTHORIZER";
	const bool authorizes = c->session.role == FCGI_AUTHORIZER;
	int rc = 0;

	if (authorizes && wsgi_pair_at_border(&c->params.reader))
		rc = wsgi_params_add(&c->params, (struct wsgi_span){role, sizeof(role) - 1},
				     SIZE_MAX);
	if (rc == 0)
		rc = wsgi_params_end(&c->params, &c->req.params, &c->req.fcgx.envp);
	return rc == 0 && authorizes ? 1 : rc;
}

/* What an event means for a request that is not served yet. Returns 0, 1 (serve it), -errno. */
static int on_event(struct wsgi_fcgi_conn *c, int event, struct wsgi_span piece)
{
	int rc = 0;

	switch (event) {
	case WSGI_SESSION_PARAMS:
		rc = wsgi_params_add(&c->params, piece, c->config->limits.params_bytes);
		return rc == -EMSGSIZE ? refuse_params(c) : rc;
	case WSGI_SESSION_PARAMS_END:
		return end_params(c);
	case WSGI_SESSION_INPUT:
		return add_body(c, piece);
	case WSGI_SESSION_INPUT_END:
		return 1;
	case WSGI_SESSION_ABORT:
		return abort_unserved(c);
	case WSGI_SESSION_REFUSE:
		linger(c);
		return reply(c, piece.data, piece.len);
	case WSGI_SESSION_REPLY:
		return reply(c, piece.data, piece.len);
	default:
		return 0;
	}
}

static int decode(struct wsgi_fcgi_conn *c)
{
	struct wsgi_span piece = {0};
	int event, rc = 0;

	while (rc == 0 && !c->closing) {
		event = wsgi_session_next(&c->session, &c->rest, &piece);
		if (event <= 0)
			return event;
		rc = on_event(c, event, piece);
	}
	return rc;
}

/* Into worker->in. Returns the count; 0 at the end; -errno. */
static ssize_t receive(struct wsgi_fcgi_conn *c)
{
	ssize_t n;

	do
		n = recv(c->fd, c->worker->in, sizeof(c->worker->in), MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	c->eof = n == 0;
	c->ahead.len = 0; /* it holds what rest is made of, or nothing */
	c->rest = (struct wsgi_span){c->worker->in, (size_t)n};
	return n;
}

static int discard(struct wsgi_fcgi_conn *c)
{
	c->lingered += c->rest.len;
	c->rest.len = 0;
	return c->lingered > LINGER_BYTES ? -EMSGSIZE : 0;
}

int wsgi_fcgi_conn_read(struct wsgi_fcgi_conn *c)
{
	ssize_t n;
	int rc;

	if (c->rest.len == 0) {
		n = receive(c);
		if (n <= 0)
			return n == -EAGAIN ? 0 : n == 0 ? -ECONNRESET : (int)n;
	}
	rc = c->closing ? 0 : decode(c);
	if (rc == 0 && c->closing)
		rc = discard(c);
	/* The memory that ahead has may move while the request is served. */
	if (rc == 1 && c->ahead.len > 0 && keep_body(c) != 0)
		rc = -ENOMEM;
	return rc;
}

/* Move what is not decoded to the end of ahead, which then holds nothing else. */
static int stash(struct wsgi_fcgi_conn *c)
{
	int rc = 0;

	if (c->rest.len == 0) {
		empty(&c->ahead);
	} else if (c->ahead.len > 0) {
		size_t used = (size_t)(c->rest.data - c->ahead.data);

		if (used > c->rest.len)
			wsgi_buf_drop(&c->ahead, used);
	} else {
		rc = wsgi_buf_add(&c->ahead, c->rest.data, c->rest.len);
	}
	c->rest.data = c->ahead.data != NULL ? c->ahead.data + c->ahead.len - c->rest.len : NULL;
	return rc;
}

int wsgi_fcgi_conn_park(struct wsgi_fcgi_conn *c)
{
	int rc = keep_body(c);

	if (rc == 0)
		rc = stash(c);
	c->worker = NULL;
	return rc;
}

static void leave(struct wsgi_fcgi_conn *c)
{
	if (c->config->ops.leave != NULL)
		c->config->ops.leave(c->config->ctx);
}

static void enter(struct wsgi_fcgi_conn *c)
{
	if (c->config->ops.enter != NULL)
		c->config->ops.enter(c->config->ctx);
}

int wsgi_fcgi_conn_wait(struct wsgi_fcgi_conn *c, short events, int ms)
{
	struct pollfd p = {.fd = c->fd, .events = events};
	int n;

	c->config->waits(c);
	leave(c);
	do
		n = poll(&p, 1, ms);
	while (n < 0 && errno == EINTR);
	enter(c);
	if (n < 0)
		return -errno;
	return n == 0 ? -ETIMEDOUT : 0;
}

int wsgi_fcgi_conn_be_patient(struct wsgi_fcgi_conn *c)
{
	int rc = -ETIMEDOUT;

	if (c->waits++ < PATIENCE)
		rc = wsgi_fcgi_conn_wait(c, POLLOUT, PATIENCE_MS);
	if (rc == -ETIMEDOUT)
		c->waits = PATIENCE;
	return rc;
}

/* For a slow reader the rest is kept, and the thread is free; above room it has to wait. */
static int wait_to_send(struct wsgi_fcgi_conn *c, size_t *may_keep, size_t room)
{
	int rc;

	if (*may_keep == room)
		return wsgi_fcgi_conn_wait(c, POLLOUT, c->config->limits.io_timeout_ms);
	rc = wsgi_fcgi_conn_be_patient(c);
	if (rc != -ETIMEDOUT)
		return rc;
	*may_keep = room;
	return 0;
}

int wsgi_fcgi_conn_send(struct wsgi_fcgi_conn *c, struct iovec *iov, int n, int flags, size_t room)
{
	size_t may_keep = room < KEEP_AT_ONCE ? room : KEEP_AT_ONCE;
	bool is_long = n > 2; /* more than one record: the kernel takes a while to copy them */
	int rc = c->code;

	while (rc == 0) {
		if (is_long)
			leave(c);
		rc = wsgi_outbox_send(&c->outbox, c->fd, iov, n, flags, may_keep);
		if (is_long)
			enter(c);
		if (rc != -EAGAIN)
			break;
		rc = wait_to_send(c, &may_keep, room);
	}
	c->code = rc;
	return rc;
}

/* Wait for input. The peer may be waiting for what was kept, before it sends on. */
static int wait_to_receive(struct wsgi_fcgi_conn *c)
{
	short events = wsgi_outbox_is_empty(&c->outbox) ? POLLIN : POLLIN | POLLOUT;
	int rc = wsgi_fcgi_conn_wait(c, events, c->config->limits.io_timeout_ms);

	if (rc == 0 && events != POLLIN)
		rc = wsgi_outbox_push(&c->outbox, c->fd);
	return rc == -EAGAIN ? 0 : rc;
}

/* An event while a request is served. Returns 0 or -errno. */
static int on_event_in_service(struct wsgi_fcgi_conn *c, int event, struct wsgi_span piece)
{
	struct iovec iov;
	char copy[sizeof(c->session.reply)];

	if (event == WSGI_SESSION_ABORT) {
		c->aborted = true;
		return -ECONNABORTED;
	}
	if (event != WSGI_SESSION_REPLY)
		return 0;
	memcpy(copy, piece.data, piece.len);
	iov = (struct iovec){copy, piece.len};
	return wsgi_fcgi_conn_send(c, &iov, 1, 0, c->config->limits.out_buffer_bytes);
}

/* Receive more of STDIN. Returns 0 or -errno. */
static int more_input(struct wsgi_fcgi_conn *c, bool wait)
{
	ssize_t n = c->eof ? 0 : receive(c);

	if (n == 0)
		return -ECONNRESET;
	if (n != -EAGAIN)
		return n < 0 ? (int)n : 0;
	return wait ? wait_to_receive(c) : -EAGAIN;
}

ssize_t wsgi_fcgi_conn_input(struct wsgi_fcgi_conn *c, struct wsgi_span *piece, bool wait)
{
	int event, rc = c->aborted ? -ECONNABORTED : 0;

	while (rc == 0 && c->session.phase == WSGI_SESSION_IN_INPUT) {
		event = wsgi_session_next(&c->session, &c->rest, piece);
		if (event == WSGI_SESSION_INPUT)
			return (ssize_t)piece->len;
		if (event < 0)
			rc = c->code = event;
		else if (event == WSGI_SESSION_MORE)
			rc = more_input(c, wait);
		else
			rc = on_event_in_service(c, event, *piece);
	}
	if (rc == -ETIMEDOUT)
		c->code = rc;
	return rc;
}

/* Receive what is there, behind what is not decoded yet. Returns 0 or -errno. */
static int receive_ahead(struct wsgi_fcgi_conn *c)
{
	ssize_t n;
	int rc = stash(c);

	if (rc == 0)
		rc = wsgi_buf_reserve(&c->ahead, LOOK_BYTES);
	if (rc != 0)
		return rc;
	c->rest.data = c->ahead.data + c->ahead.len - c->rest.len;
	n = recv(c->fd, c->ahead.data + c->ahead.len, LOOK_BYTES, MSG_DONTWAIT);
	if (n > 0) {
		c->ahead.len += (size_t)n;
		c->rest.len += (size_t)n;
	}
	c->eof = n == 0;
	return n < 0 && errno != EAGAIN && errno != EINTR ? -errno : 0;
}

int wsgi_fcgi_conn_look(struct wsgi_fcgi_conn *c)
{
	struct wsgi_span piece;
	char byte;
	ssize_t n;
	int event, rc;

	/* A half-close is no farewell; a whole one shows as soon as something is sent. */
	if (c->aborted || c->eof || c->session.held)
		return c->aborted ? -ECONNABORTED : 0;
	n = recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
	c->eof = n == 0;
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : (c->code = -errno);
	rc = receive_ahead(c);
	while (rc == 0 && (event = wsgi_session_next(&c->session, &c->rest, &piece)) > 0) {
		if (event == WSGI_SESSION_HOLD)
			return 0;
		rc = on_event_in_service(c, event, piece);
	}
	return rc;
}
