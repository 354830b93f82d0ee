#include "fcgi/request.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/container.h"
#include "base/fdio.h"
#include "fcgi/conn.h"
#include "fcgi/file.h"

enum {
	COPY_BYTES = 32 << 10, /* a write up to this is copied, and leaves with its neighbours */
	BATCH = 16,            /* records in one system call */
	STDERR_BYTES = 1500,   /* nginx makes a log line of a record, and cuts it at 2048 bytes */
};

static char *first_of(struct wsgi_fcgi_conn *c)
{
	return c->worker->out + FCGI_HEADER_LEN;
}

/* How many bytes of STDOUT are held. */
static size_t held_of(struct wsgi_fcgi_conn *c)
{
	return (size_t)((char *)c->out.wrNext - first_of(c));
}

/* An FCGX_Stream has nobody to return to. */
static void fail(FCGX_Stream *s, int code)
{
	s->FCGI_errno = -code;
	s->isClosed = 1;
	s->rdNext = s->isReader ? s->stop : s->rdNext;
}

/* ---- STDIN ---- */

static void read_from(struct wsgi_fcgi_conn *c, struct wsgi_span piece)
{
	/* FCGX_UnGetChar() writes to it; the memory is ours. */
	c->in.rdNext = c->in.stopUnget = (unsigned char *)(uintptr_t)piece.data;
	c->in.wrNext = c->in.stop = c->in.rdNext + piece.len;
	c->req.has_stdin |= piece.len > 0;
}

static void fill_stdin(FCGX_Stream *s)
{
	struct wsgi_fcgi_conn *c = s->data;
	struct wsgi_span piece;
	ssize_t n;

	if (s->isClosed)
		return;
	n = wsgi_fcgi_conn_input(c, &piece, true);
	if (n > 0)
		read_from(c, piece);
	else
		fail(s, (int)n);
}

static ssize_t read_stdin(struct wsgi_input *in, void *buf, size_t len)
{
	struct wsgi_fcgi_conn *c = container_of(in, struct wsgi_fcgi_conn, req.input);
	FCGX_Stream *s = &c->in;
	size_t n;

	if (s->rdNext == s->stop)
		fill_stdin(s);
	n = (size_t)(s->stop - s->rdNext);
	if (n == 0)
		return -s->FCGI_errno;
	n = n < len ? n : len;
	memcpy(buf, s->rdNext, n);
	s->rdNext += n;
	return (ssize_t)n;
}

/* ---- STDOUT ---- */

static int state_of(const struct wsgi_fcgi_conn *c)
{
	return c->aborted ? -ECONNABORTED : c->code;
}

/*
 * Send what is held and then data, in records as large as they can be. The first record has what
 * is held, with room for its header in front, and as much of data as fits; nothing is copied.
 */
static int send_stdout(struct wsgi_fcgi_conn *c, const char *data, size_t len)
{
	const size_t room = c->config->limits.out_buffer_bytes;
	char heads[BATCH][FCGI_HEADER_LEN];
	struct iovec iov[2 * BATCH];
	size_t held = held_of(c);
	int rc = state_of(c);

	c->stdout_sent = true;
	while (rc == 0 && held + len > 0) {
		int n = 0;

		for (int i = 0; i < BATCH && held + len > 0; i++) {
			size_t part =
				len < WSGI_RECORD_CONTENT - held ? len : WSGI_RECORD_CONTENT - held;
			char *head = i == 0 ? c->worker->out : heads[i];

			wsgi_record_put_head(head, FCGI_STDOUT, c->session.id, held + part, 0);
			iov[n++] = (struct iovec){head, FCGI_HEADER_LEN + held};
			if (part > 0)
				iov[n++] = (struct iovec){(char *)(uintptr_t)data, part};
			data += part;
			len -= part;
			held = 0;
		}
		rc = wsgi_fcgi_conn_send(c, iov, n, 0, room);
	}
	c->out.wrNext = (unsigned char *)first_of(c);
	return rc;
}

static int write_stdout(struct wsgi_output *out, const void *data, size_t len)
{
	struct wsgi_fcgi_conn *c = container_of(out, struct wsgi_fcgi_conn, req.output);

	if (len > COPY_BYTES || len > (size_t)(c->out.stop - c->out.wrNext))
		return send_stdout(c, data, len);
	if (len > 0)
		memcpy(c->out.wrNext, data, len);
	c->out.wrNext += len;
	return state_of(c);
}

/* Whether the client is still there and wants the response. */
static int look(struct wsgi_fcgi_conn *c)
{
	struct wsgi_span piece;
	ssize_t n;

	if (c->session.phase == WSGI_SESSION_WHOLE)
		return wsgi_fcgi_conn_look(c);
	if (c->in.rdNext != c->in.stop || c->in.isClosed)
		return 0;
	n = wsgi_fcgi_conn_input(c, &piece, false);
	if (n > 0)
		read_from(c, piece);
	return n < 0 && n != -EAGAIN ? (int)n : 0;
}

static int flush_stdout(struct wsgi_output *out)
{
	struct wsgi_fcgi_conn *c = container_of(out, struct wsgi_fcgi_conn, req.output);
	int rc;

	if (c->session.role == FCGI_AUTHORIZER)
		return state_of(c);
	rc = held_of(c) > 0 ? send_stdout(c, "", 0) : state_of(c);
	/* Who flushes once has, as a rule, all there is: that one is spared the system call. */
	if (rc == 0 && c->flushed)
		rc = look(c);
	c->flushed = true;
	if (rc == 0 && !wsgi_outbox_is_empty(&c->outbox))
		c->config->unsent(c);
	return rc;
}

static void empty_stdout(FCGX_Stream *s, int do_close)
{
	struct wsgi_fcgi_conn *c = s->data;
	int rc = held_of(c) > 0 ? send_stdout(c, "", 0) : 0;

	s->isClosed |= do_close;
	if (rc != 0)
		fail(s, rc);
}

/* ---- files ---- */

/* A small file is read to where it leaves with the rest of the response. */
static int hold_file(struct wsgi_fcgi_conn *c, const struct wsgi_file *file, size_t len,
		     uint64_t *sent)
{
	ssize_t n = pread(file->fd, c->out.wrNext, len, file->offset);

	if (n < 0)
		return -errno;
	c->out.wrNext += n;
	*sent += (uint64_t)n;
	return 0;
}

static int send_file(struct wsgi_output *out, const struct wsgi_file *file, uint64_t limit,
		     uint64_t *sent)
{
	struct wsgi_fcgi_conn *c = container_of(out, struct wsgi_fcgi_conn, req.output);
	struct wsgi_fcgi_file f = {.fd = file->fd, .offset = file->offset};
	uint64_t len = limit < file->len ? limit : file->len, there;
	struct stat st;
	int rc = state_of(c);

	if (rc != 0 || fstat(f.fd, &st) != 0 || !S_ISREG(st.st_mode))
		return rc != 0 ? rc : -ENOTSUP;
	there = st.st_size > f.offset ? (uint64_t)(st.st_size - f.offset) : 0;
	len = len < there ? len : there;
	if (len <= COPY_BYTES && len <= (size_t)(c->out.stop - c->out.wrNext))
		return hold_file(c, file, (size_t)len, sent);
	f.left = len;
	c->stdout_sent = true;
	rc = wsgi_fcgi_file_send(c, &f, held_of(c));
	c->out.wrNext = (unsigned char *)first_of(c);
	*sent += len - f.left;
	return rc;
}

/* ---- STDERR ---- */

/* How much of a text one record takes: whole lines, as far as they fit. */
static size_t part_of(const char *data, size_t len)
{
	const char *end;

	if (len <= STDERR_BYTES)
		return len;
	end = memrchr(data, '\n', STDERR_BYTES);
	return end != NULL ? (size_t)(end - data) + 1 : STDERR_BYTES;
}

/* Nothing of a log is lost: what the web server cannot be sent any more stays in ours. */
static void keep_stderr(const struct wsgi_fcgi_conn *c, const char *data, size_t len)
{
	if (c->config->log != NULL && c->config->log->fd >= 0)
		wsgi_fd_write(c->config->log->fd, data, len);
}

/*
 * Whether the web server is better not sent any: Caddy 2.6 drops it, HAProxy 2.6 ends by SIGSEGV
 * when a connection on which some came is closed in mid-response.
 */
static bool is_unfit_for_stderr(const struct wsgi_fcgi_conn *c)
{
	const char *software = wsgi_environ_get(&c->req.params, "SERVER_SOFTWARE");

	return software != NULL && (strncmp(software, "Caddy", strlen("Caddy")) == 0 ||
				    strncmp(software, "HAProxy", strlen("HAProxy")) == 0);
}

static int send_stderr(struct wsgi_fcgi_conn *c, const char *data, size_t len)
{
	int rc = state_of(c);

	if (rc == 0 && is_unfit_for_stderr(c)) {
		keep_stderr(c, data, len);
		return 0;
	}
	while (rc == 0 && len > 0) {
		size_t part = part_of(data, len);
		char head[FCGI_HEADER_LEN];
		struct iovec iov[] = {{head, sizeof(head)}, {(char *)(uintptr_t)data, part}};

		wsgi_record_put_head(head, FCGI_STDERR, c->session.id, part, 0);
		c->stderr_sent = true;
		rc = wsgi_fcgi_conn_send(c, iov, 2, 0, c->config->limits.out_buffer_bytes);
		data += rc == 0 ? part : 0;
		len -= rc == 0 ? part : 0;
	}
	if (rc != 0)
		keep_stderr(c, data, len);
	return rc;
}

static int flush_stderr(struct wsgi_fcgi_conn *c)
{
	char *first = c->worker->err;
	size_t held = (size_t)((char *)c->err.wrNext - first);

	c->err.wrNext = (unsigned char *)first;
	return held > 0 ? send_stderr(c, first, held) : 0;
}

static void empty_stderr(FCGX_Stream *s, int do_close)
{
	struct wsgi_fcgi_conn *c = s->data;
	int rc = flush_stderr(c);

	s->isClosed |= do_close;
	if (rc != 0)
		fail(s, rc);
}

static int write_stderr(struct wsgi_errors *errors, const char *data, size_t len)
{
	struct wsgi_fcgi_conn *c = container_of(errors, struct wsgi_fcgi_conn, req.errors);

	flush_stderr(c);
	return send_stderr(c, data, len);
}

/* ---- begin and end ---- */

static FCGX_Stream writer(struct wsgi_fcgi_conn *c, char *first, size_t len,
			  void (*empty)(FCGX_Stream *s, int do_close))
{
	unsigned char *start = (unsigned char *)first;

	return (FCGX_Stream){
		.wrNext = start,
		.rdNext = start + len,
		.stop = start + len,
		.stopUnget = start,
		.emptyBuffProc = empty,
		.data = c,
	};
}

static void init_streams(struct wsgi_fcgi_conn *c)
{
	struct wsgi_fcgi_request *req = &c->req;
	struct wsgi_buf ahead = req->input.ahead; /* its memory is for the next request too */

	ahead.len = 0;
	c->in = (FCGX_Stream){.isReader = 1, .fillBuffProc = fill_stdin, .data = c};
	c->out = writer(c, first_of(c), WSGI_RECORD_CONTENT, empty_stdout);
	c->err = writer(c, c->worker->err, sizeof(c->worker->err), empty_stderr);
	wsgi_input_init(&req->input, read_stdin, UINT64_MAX);
	req->input.ahead = ahead;
	req->output.write = write_stdout;
	req->output.flush = flush_stdout;
	req->output.sendfile = send_file;
	req->errors.write = write_stderr;
}

void wsgi_fcgi_request_begin(struct wsgi_fcgi_conn *c)
{
	struct wsgi_fcgi_request *req = &c->req;

	req->fcgx = (FCGX_Request){
		.requestId = c->session.id,
		.role = c->session.role,
		.in = &c->in,
		.out = &c->out,
		.err = &c->err,
		.envp = req->fcgx.envp,
		.ipcFd = c->fd,
		.isBeginProcessed = 1,
		.keepConnection = c->session.keep_conn,
		.nWriters = 2,
		.listen_sock = -1,
	};
	req->has_stdin = req->cut = req->has_length = false;
	req->app_status = 0;
	c->stdout_sent = c->stderr_sent = c->flushed = c->aborted = false;
	c->waits = 0;
	init_streams(c);
	read_from(c, c->body);
}

/* What is held, the ends of the streams and of the request, in one piece. */
static int send_end(struct wsgi_fcgi_conn *c)
{
	const uint16_t id = c->session.id;
	size_t held = c->aborted ? 0 : held_of(c);
	char *start = held > 0 ? c->worker->out : first_of(c), *p = first_of(c) + held;
	struct iovec iov = {.iov_base = start};

	if (held > 0)
		wsgi_record_put_head(start, FCGI_STDOUT, id, held, 0);
	p += wsgi_record_put_head(p, FCGI_STDOUT, id, 0, 0);
	if (c->stderr_sent)
		p += wsgi_record_put_head(p, FCGI_STDERR, id, 0, 0);
	p += wsgi_record_put_end(p, id, c->req.app_status, FCGI_REQUEST_COMPLETE);
	iov.iov_len = (size_t)(p - start);
	return wsgi_fcgi_conn_send(c, &iov, 1, 0, c->config->limits.out_buffer_bytes);
}

/*
 * What was held; then the connection ends, without an END_REQUEST. To some front ends that is the
 * end of the response, as it is to nginx with fastcgi_keep_conn or fastcgi_buffering off; so if
 * there is no length by which they see that it is cut, eight bytes follow that begin no record. All
 * zero, so that they promise nothing: HAProxy looks at no version, and waits for the rest of one.
 */
static int send_cut(struct wsgi_fcgi_conn *c)
{
	char no_record[FCGI_HEADER_LEN] = {0};
	struct iovec iov = {no_record, sizeof(no_record)};
	int rc = held_of(c) > 0 ? send_stdout(c, "", 0) : 0;

	if (rc == 0 && !c->req.has_length)
		rc = wsgi_fcgi_conn_send(c, &iov, 1, 0, c->config->limits.out_buffer_bytes);
	return rc;
}

/* In place of a 200 that came too early. Returns whether nobody has seen that yet. */
static bool deny(struct wsgi_fcgi_conn *c)
{
	static const char no[] = "Status: 500 Internal Server Error\r\n"
				 "Content-Type: text/plain\r\n\r\n"
				 "The authorizer failed.\n";

	if (c->session.role != FCGI_AUTHORIZER || c->stdout_sent)
		return false;
	c->out.wrNext = (unsigned char *)memcpy(first_of(c), no, sizeof(no) - 1) + sizeof(no) - 1;
	return true;
}

/* Pass over what has come of a body that nobody read. */
static int skip_input(struct wsgi_fcgi_conn *c)
{
	struct wsgi_span piece;
	ssize_t n = 1;

	while (n > 0 && c->rest.len > 0 && c->session.phase == WSGI_SESSION_IN_INPUT)
		n = wsgi_fcgi_conn_input(c, &piece, false);
	return c->code;
}

int wsgi_fcgi_request_end(struct wsgi_fcgi_conn *c)
{
	int rc = flush_stderr(c);

	if (c->req.cut && deny(c))
		c->req.cut = false;
	if (rc == 0)
		rc = c->code;
	if (rc == 0)
		rc = c->req.cut ? send_cut(c) : send_end(c);
	if (c->config->ops.ended != NULL)
		c->config->ops.ended(c->config->ctx, &c->req);
	if (rc == 0)
		rc = skip_input(c);
	c->closing = !c->session.keep_conn || c->req.cut;
	/* To an authorizer STDIN may come that nobody expects. */
	c->lingering = c->closing && (c->session.phase != WSGI_SESSION_WHOLE ||
				      c->session.role == FCGI_AUTHORIZER);
	wsgi_session_end(&c->session);
	wsgi_fcgi_conn_forget(c);
	return rc;
}
