#include "fcgi/client.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "fcgi/dial.h"
#include "fcgi/pair.h"
#include "fcgi/record.h"

const struct wsgi_fcgi_client_limits wsgi_fcgi_client_default_limits = {
	.connect_ms = 5000,
	.silence_ms = 60000,
	.kept = 16,
};

/* So much of what was sent is kept for a second try. */
enum { REPLAY_BYTES = 64 * 1024 };

enum { REQUEST_ID = 1 }; /* the only one on its connection */

struct wsgi_fcgi_client {
	char *address;
	struct wsgi_fcgi_client_limits limits;
	pthread_mutex_t lock;
	unsigned waiting; /* calls that have had no byte of their response yet */
	unsigned kept;
	int fds[]; /* kept of them */
};

/* One call. */
struct run {
	struct wsgi_fcgi_client *client;
	struct wsgi_fcgi_call *call;
	struct wsgi_error *err;
	int fd;
	bool reused;         /* the connection had a request before */
	struct wsgi_buf out; /* records: out.data[sent..len) is still to be sent */
	size_t sent;
	bool replayable;  /* out holds all that was sent */
	bool input_ended; /* the last record of STDIN is in out */
	bool deaf;        /* the backend takes no more */
	bool received;    /* some byte has come */
	bool ended;       /* END_REQUEST has come */
	bool unflushed;   /* output has something that was not flushed */
	struct wsgi_record_reader reader;
	unsigned char end[8]; /* the body of END_REQUEST */
	size_t end_len;
	char in[32 * 1024];
};

int wsgi_fcgi_client_create(struct wsgi_fcgi_client **client, const char *address,
			    const struct wsgi_fcgi_client_limits *limits, struct wsgi_error *err)
{
	struct wsgi_fcgi_client *c;
	int rc = wsgi_dial_check(address, err);

	if (rc != 0)
		return rc;
	c = calloc(1, sizeof(*c) + limits->kept * sizeof(c->fds[0]));
	if (c != NULL)
		c->address = strdup(address);
	if (c == NULL || c->address == NULL) {
		free(c);
		return wsgi_fail(err, -ENOMEM, "no memory for a FastCGI client");
	}
	c->limits = *limits;
	pthread_mutex_init(&c->lock, NULL);
	*client = c;
	return 0;
}

void wsgi_fcgi_client_destroy(struct wsgi_fcgi_client *client)
{
	if (client == NULL)
		return;
	while (client->kept > 0)
		close(client->fds[--client->kept]);
	pthread_mutex_destroy(&client->lock);
	free(client->address);
	free(client);
}

/* -- connections ------------------------------------------------------------------------------- */

/* Whether an idle connection is still good: the backend has neither closed it nor said anything. */
static bool is_quiet(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == -1 &&
	       (errno == EAGAIN || errno == EWOULDBLOCK);
}

static int take_kept(struct wsgi_fcgi_client *c)
{
	int fd = -1;

	pthread_mutex_lock(&c->lock);
	while (fd == -1 && c->kept > 0) {
		fd = c->fds[--c->kept];
		if (is_quiet(fd))
			break;
		close(fd);
		fd = -1;
	}
	pthread_mutex_unlock(&c->lock);
	return fd;
}

static void keep_or_close(struct run *r)
{
	struct wsgi_fcgi_client *c = r->client;

	pthread_mutex_lock(&c->lock);
	if (c->kept < c->limits.kept && c->waiting == 0) {
		c->fds[c->kept++] = r->fd;
		r->fd = -1;
	}
	pthread_mutex_unlock(&c->lock);
	if (r->fd != -1)
		close(r->fd);
	r->fd = -1;
}

static void count_waiting(struct wsgi_fcgi_client *c, int by)
{
	pthread_mutex_lock(&c->lock);
	c->waiting += (unsigned)by;
	pthread_mutex_unlock(&c->lock);
}

/* -- what is sent ------------------------------------------------------------------------------ */

static int put_record(struct run *r, uint8_t type, const void *data, size_t len)
{
	char head[FCGI_HEADER_LEN];
	int rc;

	wsgi_record_put_head(head, type, REQUEST_ID, len, 0);
	rc = wsgi_buf_add(&r->out, head, sizeof(head));
	return rc == 0 && len > 0 ? wsgi_buf_add(&r->out, data, len) : rc;
}

static int put_begin(struct run *r)
{
	const FCGI_BeginRequestBody body = {
		.roleB0 = FCGI_RESPONDER,
		.flags = r->client->limits.kept > 0 ? FCGI_KEEP_CONN : 0,
	};

	return put_record(r, FCGI_BEGIN_REQUEST, &body, sizeof(body));
}

static int put_params(struct run *r)
{
	const struct wsgi_environ *env = r->call->params;
	struct wsgi_buf stream = {0};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < env->len; i++) {
		struct wsgi_span name, value;
		char head[8];

		wsgi_environ_at(env, i, &name, &value);
		rc = wsgi_buf_add(&stream, head, wsgi_pair_put_head(head, name.len, value.len));
		if (rc == 0)
			rc = wsgi_buf_add(&stream, name.data, name.len);
		if (rc == 0)
			rc = wsgi_buf_add(&stream, value.data, value.len);
	}
	for (size_t at = 0; rc == 0 && at < stream.len; at += WSGI_RECORD_CONTENT) {
		size_t n = stream.len - at;

		rc = put_record(r, FCGI_PARAMS, stream.data + at,
				n < WSGI_RECORD_CONTENT ? n : WSGI_RECORD_CONTENT);
	}
	wsgi_buf_finish(&stream);
	return rc == 0 ? put_record(r, FCGI_PARAMS, NULL, 0) : rc;
}

static int put_head(struct run *r)
{
	int rc = put_begin(r);

	if (rc == 0)
		rc = put_params(r);
	if (rc == 0 && r->call->input == NULL) {
		r->input_ended = true;
		rc = put_record(r, FCGI_STDIN, NULL, 0);
	}
	return rc == 0 ? 0 : wsgi_fail(r->err, rc, "no memory for a FastCGI request");
}

/* Some of the body: not wsgi_input_read(), which waits until the whole buffer is full. */
static ssize_t read_some(struct wsgi_input *in, void *buf, size_t len)
{
	ssize_t n;

	if (in->left < len)
		len = (size_t)in->left;
	n = len > 0 ? in->read(in, buf, len) : 0;
	if (n > 0 && in->left != UINT64_MAX)
		in->left -= (uint64_t)n;
	return n;
}

/* All of out is sent: put the next piece of the body there. */
static int refill(struct run *r)
{
	ssize_t n;
	int rc;

	if (!r->replayable || r->out.len > REPLAY_BYTES) {
		r->replayable = false;
		r->out.len = r->sent = 0;
	}
	rc = wsgi_buf_reserve(&r->out, FCGI_HEADER_LEN + sizeof(r->in));
	if (rc != 0)
		return wsgi_fail(r->err, rc, "no memory for a FastCGI request");
	n = read_some(r->call->input, r->out.data + r->out.len + FCGI_HEADER_LEN, sizeof(r->in));
	if (n < 0) {
		r->call->client_failed = true;
		return (int)n;
	}
	wsgi_record_put_head(r->out.data + r->out.len, FCGI_STDIN, REQUEST_ID, (size_t)n, 0);
	r->out.len += FCGI_HEADER_LEN + (size_t)n;
	r->input_ended = n == 0;
	return 0;
}

/* A backend that takes no more may have answered before: what it said is read to the end. */
static void send_some(struct run *r)
{
	ssize_t n = send(r->fd, r->out.data + r->sent, r->out.len - r->sent,
			 MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n >= 0)
		r->sent += (size_t)n;
	else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
		r->deaf = true;
}

/* -- what comes back --------------------------------------------------------------------------- */

static int take_end(struct run *r)
{
	static const char *const why[] = {"", "it takes one request for each connection only",
					  "it is overloaded", "it is no Responder"};
	unsigned status;

	if (r->end_len < sizeof(r->end))
		return wsgi_fail(r->err, -EPROTO, "the FastCGI backend at %s ended badly",
				 r->client->address);
	r->ended = true;
	r->call->app_status = (uint32_t)r->end[0] << 24 | (uint32_t)r->end[1] << 16 |
			      (uint32_t)r->end[2] << 8 | r->end[3];
	status = r->end[4];
	if (status == FCGI_REQUEST_COMPLETE)
		return 0;
	return wsgi_fail(r->err, -EBUSY, "the FastCGI backend at %s refuses the request: %s",
			 r->client->address,
			 status < sizeof(why) / sizeof(why[0]) ? why[status] : "?");
}

static int take_content(struct run *r, struct wsgi_span piece)
{
	struct wsgi_fcgi_call *call = r->call;
	int rc = 0;

	if (r->reader.id != REQUEST_ID)
		return 0;
	if (r->reader.type == FCGI_STDOUT) {
		rc = call->output->write(call->output, piece.data, piece.len);
		r->unflushed = true;
		call->client_failed = rc != 0;
	} else if (r->reader.type == FCGI_STDERR && call->errors != NULL) {
		/* A log that cannot be written is no reason to stop. */
		call->errors->write(call->errors, piece.data, piece.len);
	} else if (r->reader.type == FCGI_END_REQUEST) {
		size_t room = sizeof(r->end) - r->end_len;
		size_t n = piece.len < room ? piece.len : room;

		memcpy(r->end + r->end_len, piece.data, n);
		r->end_len += n;
	}
	return rc;
}

static int take_records(struct run *r, struct wsgi_span in)
{
	struct wsgi_span piece;
	int event, rc = 0;

	while (rc == 0 && !r->ended) {
		event = wsgi_record_read(&r->reader, &in, &piece);
		if (event < 0)
			return wsgi_fail(r->err, -EPROTO, "what answers at %s is not FastCGI",
					 r->client->address);
		if (event == WSGI_RECORD_MORE)
			break;
		if (event == WSGI_RECORD_DATA)
			rc = take_content(r, piece);
		if (event == WSGI_RECORD_END && r->reader.type == FCGI_END_REQUEST &&
		    r->reader.id == REQUEST_ID)
			rc = take_end(r);
	}
	if (in.len > 0)
		r->deaf = true; /* it says more than it was asked: not to be used again */
	return rc;
}

static int closed_early(struct run *r)
{
	return wsgi_fail(r->err, -EPROTO, "the FastCGI backend at %s closed the connection %s",
			 r->client->address,
			 r->received ? "in the middle of its response" : "without a response");
}

static int receive(struct run *r)
{
	ssize_t n = recv(r->fd, r->in, sizeof(r->in), MSG_DONTWAIT);
	int rc;

	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return 0;
	if (n <= 0)
		return closed_early(r);
	if (!r->received) {
		r->received = true;
		count_waiting(r->client, -1);
	}
	rc = take_records(r, (struct wsgi_span){r->in, (size_t)n});
	if (rc == 0 && r->unflushed) {
		r->unflushed = false;
		rc = r->call->output->flush(r->call->output);
		r->call->client_failed = rc != 0;
	}
	return rc;
}

/* -- both -------------------------------------------------------------------------------------- */

static bool has_to_send(const struct run *r)
{
	return !r->deaf && r->sent < r->out.len;
}

/* The next piece of the body is read, which may block, only while the backend says nothing. */
static bool wants_input(const struct run *r)
{
	struct pollfd p = {.fd = r->fd, .events = POLLIN};

	return !r->deaf && !has_to_send(r) && !r->input_ended && poll(&p, 1, 0) == 0;
}

static int converse(struct run *r)
{
	int silence_ms = r->client->limits.silence_ms;
	int n, rc = 0;

	while (rc == 0 && !r->ended) {
		struct pollfd p = {.fd = r->fd, .events = POLLIN};

		if (wants_input(r))
			rc = refill(r);
		if (rc != 0)
			break;
		if (has_to_send(r))
			p.events |= POLLOUT;
		n = poll(&p, 1, silence_ms > 0 ? silence_ms : -1);
		if (n == 0)
			return wsgi_fail(r->err, -ETIMEDOUT,
					 "the FastCGI backend at %s said nothing for %d seconds",
					 r->client->address, silence_ms / 1000);
		if (n > 0 && (p.revents & POLLOUT) != 0)
			send_some(r);
		if (n > 0 && (p.revents & ~POLLOUT) != 0)
			rc = receive(r);
	}
	return rc;
}

static bool is_idempotent(const struct wsgi_environ *env)
{
	static const char *const methods[] = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"};
	const char *method = wsgi_environ_get(env, "REQUEST_METHOD");

	for (size_t i = 0; method != NULL && i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcmp(method, methods[i]) == 0)
			return true;
	return false;
}

static bool may_retry(const struct run *r, int rc)
{
	bool had_all = r->input_ended && r->sent == r->out.len;

	return rc == -EPROTO && r->reused && !r->received && r->replayable &&
	       (!had_all || is_idempotent(r->call->params));
}

/* One try over a kept connection, if there is one, else over a new one. */
static int try(struct run *r, bool fresh)
{
	int rc;

	r->fd = fresh ? -1 : take_kept(r->client);
	r->reused = r->fd != -1;
	r->sent = 0;
	r->deaf = false;
	wsgi_record_reader_init(&r->reader);
	if (r->fd == -1)
		r->fd = wsgi_dial(r->client->address, r->client->limits.connect_ms, r->err);
	if (r->fd < 0)
		return r->fd;
	rc = converse(r);
	if (rc == 0 && !r->deaf && !has_to_send(r) && r->input_ended &&
	    r->client->limits.kept > 0) {
		keep_or_close(r);
	} else {
		close(r->fd);
		r->fd = -1;
	}
	return rc;
}

int wsgi_fcgi_client_call(struct wsgi_fcgi_client *client, struct wsgi_fcgi_call *call,
			  struct wsgi_error *err)
{
	struct run *r = calloc(1, sizeof(*r));
	int rc;

	if (r == NULL)
		return wsgi_fail(err, -ENOMEM, "no memory for a FastCGI request");
	r->client = client;
	r->call = call;
	r->err = err;
	r->replayable = true;
	call->client_failed = false;
	call->app_status = 0;
	count_waiting(client, 1);
	rc = put_head(r);
	if (rc == 0)
		rc = try(r, false);
	if (may_retry(r, rc))
		rc = try(r, true);
	if (!r->received)
		count_waiting(client, -1);
	wsgi_buf_finish(&r->out);
	free(r);
	return rc;
}
