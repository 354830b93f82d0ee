#include "http/exchange.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/container.h"
#include "wsgi/status.h"

static ssize_t read_upload(struct wsgi_input *in, void *buf, size_t len);
static int write_response(struct wsgi_output *out, const void *data, size_t len);
static int flush_response(struct wsgi_output *out);

struct wsgi_exchange *wsgi_exchange_create(const struct wsgi_exchange_ops *ops, void *ctx)
{
	struct wsgi_exchange *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return NULL;
	x->ops = ops;
	x->ctx = ctx;
	x->refs = 1;
	x->in_max = UINT64_MAX;
	pthread_mutex_init(&x->lock, NULL);
	pthread_cond_init(&x->moved, NULL);
	wsgi_spool_init(&x->in);
	wsgi_spool_init(&x->out);
	wsgi_http_head_init(&x->head);
	wsgi_environ_init(&x->req.environ);
	wsgi_input_init(&x->req.input, read_upload, UINT64_MAX);
	x->req.output.write = write_response;
	x->req.output.flush = flush_response;
	return x;
}

static void destroy(struct wsgi_exchange *x)
{
	wsgi_input_finish(&x->req.input);
	wsgi_environ_finish(&x->req.environ);
	wsgi_http_head_finish(&x->head);
	wsgi_spool_finish(&x->out);
	wsgi_spool_finish(&x->in);
	pthread_cond_destroy(&x->moved);
	pthread_mutex_destroy(&x->lock);
	free(x);
}

static void unlock_and_drop(struct wsgi_exchange *x)
{
	bool last = --x->refs == 0;

	pthread_mutex_unlock(&x->lock);
	if (last)
		destroy(x);
}

static void wake(struct wsgi_exchange *x)
{
	if (!x->asleep)
		return;
	x->asleep = false;
	x->ops->wake(x);
}

/* -- the worker -------------------------------------------------------------------------------- */

/*
 * Wait for the wire until ready says so; taken and left with the lock held. The lock is given back
 * before enter, which may wait for an interpreter.
 */
static void await(struct wsgi_exchange *x, bool (*ready)(const struct wsgi_exchange *x))
{
	if (ready(x))
		return;
	pthread_mutex_unlock(&x->lock);
	if (x->ops->leave != NULL)
		x->ops->leave(x->ctx);
	pthread_mutex_lock(&x->lock);
	while (!ready(x))
		pthread_cond_wait(&x->moved, &x->lock);
	pthread_mutex_unlock(&x->lock);
	if (x->ops->enter != NULL)
		x->ops->enter(x->ctx);
	pthread_mutex_lock(&x->lock);
}

static bool upload_came(const struct wsgi_exchange *x)
{
	return wsgi_spool_len(&x->in) > 0 || x->in_ended || x->in_error != 0 || x->gone;
}

static bool response_has_room(const struct wsgi_exchange *x)
{
	return wsgi_spool_len(&x->out) < WSGI_EXCHANGE_BUFFER || x->gone;
}

static ssize_t read_upload(struct wsgi_input *in, void *buf, size_t len)
{
	struct wsgi_exchange *x = container_of(in, struct wsgi_exchange, req.input);
	ssize_t n;

	pthread_mutex_lock(&x->lock);
	if (!x->reading && !x->in_ended) {
		x->reading = true;
		wake(x);
	}
	await(x, upload_came);
	n = wsgi_spool_take(&x->in, buf, len);
	if (n == 0 && !x->in_ended)
		n = x->in_error != 0 ? x->in_error : -ECONNRESET;
	if (!x->in_ended && wsgi_spool_len(&x->in) <= WSGI_EXCHANGE_BUFFER / 2)
		wake(x);
	pthread_mutex_unlock(&x->lock);
	return n;
}

static bool has_no_body(const struct wsgi_exchange *x)
{
	const char *method = wsgi_environ_get(&x->req.environ, "REQUEST_METHOD");

	return (method != NULL && strcmp(method, "HEAD") == 0) ||
	       wsgi_status_has_no_body(x->head.status);
}

/* How much of a body's next len bytes may go out. */
static size_t allowed(const struct wsgi_exchange *x, size_t len)
{
	uint64_t left = x->head.content_length - x->req.body_bytes;

	return x->head.content_length == UINT64_MAX || left > len ? len : (size_t)left;
}

static int write_body(struct wsgi_exchange *x, const char *data, size_t len)
{
	int rc = 0;

	pthread_mutex_lock(&x->lock);
	while (rc == 0 && len > 0) {
		size_t n = WSGI_EXCHANGE_BUFFER - (size_t)wsgi_spool_len(&x->out);

		if (n == 0) {
			x->responded = true;
			wake(x);
			await(x, response_has_room);
			rc = x->gone ? -EPIPE : 0;
			continue;
		}
		n = n < len ? n : len;
		rc = x->gone ? -EPIPE : wsgi_spool_add(&x->out, data, n);
		data += n;
		len -= n;
	}
	pthread_mutex_unlock(&x->lock);
	return rc;
}

static int write_response(struct wsgi_output *out, const void *data, size_t len)
{
	struct wsgi_exchange *x = container_of(out, struct wsgi_exchange, req.output);
	ssize_t n = 0;
	int rc;

	if (!x->head.whole) {
		n = wsgi_http_head_feed(&x->head, data, len, &x->req.error);
		if (n < 0)
			return (int)n;
		if (x->head.whole) {
			x->req.status = x->head.status;
			x->no_body = has_no_body(x);
		}
	}
	len -= (size_t)n;
	if (len == 0 || x->no_body)
		return 0;
	len = allowed(x, len);
	rc = write_body(x, (const char *)data + n, len);
	x->req.body_bytes += len;
	return rc;
}

static int flush_response(struct wsgi_output *out)
{
	struct wsgi_exchange *x = container_of(out, struct wsgi_exchange, req.output);
	int rc;

	pthread_mutex_lock(&x->lock);
	if (x->head.whole) {
		x->responded = true;
		x->complete = x->no_body || x->req.body_bytes == x->head.content_length;
	}
	wake(x);
	rc = x->gone ? -EPIPE : 0;
	pthread_mutex_unlock(&x->lock);
	return rc;
}

int wsgi_http_request_fail(struct wsgi_http_request *req, const char *status, const char *text)
{
	struct wsgi_exchange *x = container_of(req, struct wsgi_exchange, req);
	struct wsgi_buf page = {0};
	int rc;

	if (x->head.whole) {
		req->cut = true;
		return 0;
	}
	wsgi_http_head_finish(&x->head);
	wsgi_http_head_init(&x->head);
	rc = wsgi_buf_addf(&page,
			   "Status: %s\r\nContent-Type: text/plain; charset=utf-8\r\n"
			   "Content-Length: %zu\r\n\r\n%s",
			   status, strlen(text), text);
	if (rc == 0)
		rc = req->output.write(&req->output, page.data, page.len);
	wsgi_buf_finish(&page);
	return rc == 0 ? req->output.flush(&req->output) : rc;
}

bool wsgi_http_request_is_lost(struct wsgi_http_request *req)
{
	struct wsgi_exchange *x = container_of(req, struct wsgi_exchange, req);
	bool gone;

	pthread_mutex_lock(&x->lock);
	gone = x->gone;
	pthread_mutex_unlock(&x->lock);
	return gone;
}

int wsgi_http_request_answered(struct wsgi_http_request *req, uint64_t *body_bytes)
{
	struct wsgi_exchange *x = container_of(req, struct wsgi_exchange, req);
	int status = req->status;

	*body_bytes = req->body_bytes;
	pthread_mutex_lock(&x->lock);
	if (x->gone && !x->taken) {
		status = x->failed ? 500 : 0;
		*body_bytes = 0;
	}
	pthread_mutex_unlock(&x->lock);
	return status;
}

void wsgi_exchange_hold(struct wsgi_exchange *x)
{
	pthread_mutex_lock(&x->lock);
	x->refs++;
	pthread_mutex_unlock(&x->lock);
}

void wsgi_exchange_done(struct wsgi_exchange *x)
{
	pthread_mutex_lock(&x->lock);
	if (!x->no_body && x->head.content_length != UINT64_MAX &&
	    x->req.body_bytes < x->head.content_length)
		x->req.cut = true;
	x->done = true;
	wake(x);
	unlock_and_drop(x);
}

/* -- the wire ---------------------------------------------------------------------------------- */

void wsgi_exchange_gone(struct wsgi_exchange *x)
{
	pthread_mutex_lock(&x->lock);
	x->gone = true;
	x->asleep = false;
	pthread_cond_broadcast(&x->moved);
	unlock_and_drop(x);
}

void wsgi_exchange_abort(struct wsgi_exchange *x)
{
	pthread_mutex_lock(&x->lock);
	x->gone = true;
	x->failed = x->in_ended && !x->taken; /* as the wire will, when it is its turn */
	wake(x);
	pthread_cond_broadcast(&x->moved);
	pthread_mutex_unlock(&x->lock);
}

void wsgi_exchange_freeze(struct wsgi_exchange *x)
{
	pthread_mutex_lock(&x->lock);
}

void wsgi_exchange_thaw(struct wsgi_exchange *x)
{
	pthread_mutex_unlock(&x->lock);
}

void wsgi_exchange_thaw_in_child(struct wsgi_exchange *x)
{
	x->gone = true;
	x->asleep = false;
	pthread_mutex_unlock(&x->lock);
}

bool wsgi_exchange_is_done(struct wsgi_exchange *x)
{
	bool done;

	pthread_mutex_lock(&x->lock);
	done = x->done;
	pthread_mutex_unlock(&x->lock);
	return done;
}

static void put_to_sleep(struct wsgi_exchange *x)
{
	x->asleep = true;
	x->ops->sleep(x);
}

static enum wsgi_exchange_turn answer(struct wsgi_exchange *x)
{
	if (x->gone)
		return WSGI_TURN_FAIL;
	if (x->responded || (x->done && x->head.whole))
		return WSGI_TURN_RESPOND;
	return x->done ? WSGI_TURN_FAIL : WSGI_TURN_WAIT;
}

/* Keep in mind what the wire is told to send. */
static enum wsgi_exchange_turn told(struct wsgi_exchange *x, enum wsgi_exchange_turn turn)
{
	x->taken = x->taken || turn == WSGI_TURN_RESPOND;
	x->failed = x->failed || turn == WSGI_TURN_FAIL;
	return turn;
}

enum wsgi_exchange_turn wsgi_exchange_turn(struct wsgi_exchange *x)
{
	enum wsgi_exchange_turn turn;

	pthread_mutex_lock(&x->lock);
	turn = answer(x);
	if (turn == WSGI_TURN_RESPOND && (x->complete || x->done))
		x->in_error = -ECONNRESET; /* the client is not asked for it */
	else if (turn == WSGI_TURN_RESPOND || (turn == WSGI_TURN_WAIT && x->reading))
		turn = WSGI_TURN_UPLOAD;
	if (told(x, turn) == WSGI_TURN_WAIT)
		put_to_sleep(x);
	pthread_mutex_unlock(&x->lock);
	return turn;
}

enum wsgi_exchange_turn wsgi_exchange_uploaded(struct wsgi_exchange *x)
{
	enum wsgi_exchange_turn turn;

	pthread_mutex_lock(&x->lock);
	x->in_ended = true;
	pthread_cond_signal(&x->moved);
	turn = told(x, answer(x));
	if (turn == WSGI_TURN_WAIT)
		put_to_sleep(x);
	pthread_mutex_unlock(&x->lock);
	return turn;
}

/* Room for the upload, under the lock. What nobody reads any more is dropped: any amount of it. */
static size_t upload_room(const struct wsgi_exchange *x)
{
	uint64_t queued = wsgi_spool_len(&x->in);

	if (x->responded || x->done || x->gone || x->in_error != 0)
		return SIZE_MAX;
	return queued < WSGI_EXCHANGE_BUFFER ? WSGI_EXCHANGE_BUFFER - (size_t)queued : 0;
}

/* Queue what somebody may still read. */
static void keep(struct wsgi_exchange *x, const void *data, size_t len)
{
	if (x->done || x->gone || x->in_error != 0)
		return;
	if (len > x->in_max - wsgi_spool_len(&x->in))
		x->in_error = -EFBIG;
	else
		x->in_error = wsgi_spool_add(&x->in, data, len);
}

ssize_t wsgi_exchange_feed(struct wsgi_exchange *x, const void *data, size_t len)
{
	size_t room;
	ssize_t n;

	pthread_mutex_lock(&x->lock);
	room = upload_room(x);
	if (room < len)
		put_to_sleep(x);
	len = room < len ? room : len;
	keep(x, data, len);
	n = x->in_error == -EFBIG ? -EFBIG : (ssize_t)len;
	pthread_cond_signal(&x->moved);
	pthread_mutex_unlock(&x->lock);
	return n;
}

static ssize_t end_of(const struct wsgi_exchange *x)
{
	return x->req.cut ? -EPROTO : -ENODATA;
}

ssize_t wsgi_exchange_take(struct wsgi_exchange *x, void *buf, size_t len)
{
	ssize_t n;

	pthread_mutex_lock(&x->lock);
	n = wsgi_spool_take(&x->out, buf, len);
	if (wsgi_spool_len(&x->out) <= WSGI_EXCHANGE_BUFFER / 2)
		pthread_cond_signal(&x->moved);
	if (n < 0 || x->gone)
		n = -EPROTO;
	else if (n == 0 && x->done)
		n = end_of(x);
	else if (n == 0)
		put_to_sleep(x);
	pthread_mutex_unlock(&x->lock);
	return n;
}
