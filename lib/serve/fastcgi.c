#include "serve/fastcgi.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "fcgi/reactor.h"
#include "handler/cgi.h"
#include "handler/location.h"
#include "handler/mount.h"
#include "handler/required.h"
#include "proc/forked.h"

/* A thread's handler, kept from request to request so that its memory is. */
static _Thread_local struct wsgi_simple_handler handler;
static _Thread_local struct wsgi_handler_ops handler_ops;

/* Where a thread is. One that the application started, and that reads its input, is a stranger. */
static _Thread_local enum { STRANGER, OUTSIDE, INSIDE } where;

/* Which of the worker's threads this is. */
static _Thread_local uint32_t thread_index;

/* -- a request --------------------------------------------------------------------------------- */

static int nothing(struct wsgi_body *body, const void **data, size_t *len)
{
	(void)body;
	(void)data;
	(void)len;
	return 0;
}

static int refuse(struct wsgi_start *start, const char *status, const char *text)
{
	static const struct wsgi_header type = {"Content-Type", "text/plain"};
	int rc = start->respond(start, status, &type, 1, NULL);

	return rc == 0 ? start->write(start, text, strlen(text)) : rc;
}

/* What answers a request that is not below --script-name. */
static int not_found(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		     struct wsgi_body **body)
{
	static struct wsgi_body end = {.next = nothing};

	(void)app;
	(void)env;
	*body = &end;
	return refuse(start, "404 Not Found", "There is no application at this path.\n");
}

static int no_memory(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		     struct wsgi_body **body)
{
	(void)app;
	(void)env;
	(void)start;
	(void)body;
	return -ENOMEM;
}

static void go_in(struct wsgi_app *app)
{
	if (app->enter != NULL)
		app->enter(app);
	where = INSIDE;
}

static void go_out(struct wsgi_app *app)
{
	where = OUTSIDE;
	if (app->leave != NULL)
		app->leave(app);
}

static void init_handler(void)
{
	wsgi_base_cgi_handler_init(&handler, NULL, NULL, NULL, NULL);
	handler_ops = *handler.base.ops;
	handler_ops.send_preamble = wsgi_location_send_preamble;
	handler.base.ops = &handler_ops;
}

/* Also with a Content-Length: HAProxy would wait for the rest when the request has ended. */
static bool is_cut(const struct wsgi_handler *h)
{
	return h->truncated || (h->headers_sent && !h->no_body && h->content_length != UINT64_MAX &&
				h->bytes_sent < h->content_length);
}

static void run(struct wsgi_fastcgi_worker *w, struct wsgi_fcgi_request *req, struct wsgi_app *app)
{
	struct wsgi_handler *h = &handler.base;
	int rc;

	if (h->ops == NULL)
		init_handler();
	handler.in = &req->input;
	handler.out = &req->output;
	handler.err = &req->errors;
	handler.base_env = &req->params;
	h->wsgi_multithread = w->threads > 1;
	h->wsgi_multiprocess = w->multiprocess;
	h->input_pending = req->has_stdin;
	h->flush_at_end = false; /* the reactor sends the last bytes with the request's end */
	if (app == w->app)
		go_in(app);
	rc = wsgi_handler_run(h, app);
	if (wsgi_forked())
		_exit(EX_OK); /* the application's child has come back out of it: it has no request
			       */
	if (app == w->app)
		go_out(app);
	req->cut = is_cut(h) || rc != 0;
	req->has_length = h->content_length != UINT64_MAX;
}

/* What answers a request; its path is put right for that. */
static struct wsgi_app *find(struct wsgi_fastcgi_worker *w, struct wsgi_environ *params)
{
	static struct wsgi_app outside = {.call = not_found}, exhausted = {.call = no_memory};
	int rc = w->iis ? wsgi_iis_fix_path(params) : 0;

	if (rc == 0)
		rc = wsgi_mount_fix(params, w->script_name);
	if (wsgi_required_fix(params) != 0)
		return &exhausted;
	return rc == 0 ? w->app : rc == -ENOENT ? &outside : &exhausted;
}

static void describe(struct wsgi_board_request *request, const struct wsgi_environ *params)
{
	request->method = wsgi_environ_get(params, "REQUEST_METHOD");
	request->uri = wsgi_environ_get(params, "REQUEST_URI");
	request->script = wsgi_environ_get(params, "SCRIPT_FILENAME");
	if (request->script == NULL)
		request->script = wsgi_environ_get(params, "SCRIPT_NAME");
	request->user = wsgi_environ_get(params, "REMOTE_USER");
	request->content_length = wsgi_environ_get(params, "CONTENT_LENGTH");
}

static void say_begin(const struct wsgi_fastcgi_worker *w, struct wsgi_board_thread *row,
		      const struct wsgi_fcgi_request *req)
{
	struct wsgi_board_request request = {
		.began_us = req->began_ns / 1000,
		.cpu = w->status_path != NULL,
		.brief = !w->board_is_read,
	};

	if (row != NULL && w->board_is_read)
		describe(&request, &req->params);
	wsgi_board_begin(row, &request);
}

static void reach_limit(struct wsgi_fastcgi_worker *w)
{
	if (w->on_limit != NULL)
		w->on_limit(w->ctx);
}

/* Before a request: a minder that sleeps does so while nothing is served. */
static void wake_minder(struct wsgi_fastcgi_worker *w)
{
	if (atomic_load_explicit(&w->dozing, memory_order_relaxed) &&
	    atomic_exchange(&w->dozing, false))
		w->on_wake(w->ctx);
}

static void serve(void *ctx, struct wsgi_fcgi_request *req)
{
	struct wsgi_fastcgi_worker *w = ctx;
	struct wsgi_board_thread *row = wsgi_board_thread(&w->board, w->place, thread_index);
	struct wsgi_app *app = NULL;

	say_begin(w, row, req);
	wake_minder(w);
	if (w->status != NULL)
		app = wsgi_status_find(w->status, &req->params, w->status_path, w->ping_path);
	run(w, req, app != NULL ? app : find(w, &req->params));
	wsgi_board_end(row); /* who has the answer finds it counted */
}

static void log_access(struct wsgi_fastcgi_worker *w, const struct wsgi_fcgi_request *req)
{
	const int64_t took_us = wsgi_clock_us(CLOCK_MONOTONIC) - req->began_ns / 1000;
	const struct wsgi_access_log_facts facts = {
		.env = &req->params,
		.handler = &handler.base,
		.began_at_us = wsgi_clock_us(CLOCK_REALTIME) - took_us,
		.took_us = took_us,
	};

	wsgi_access_log_write(w->access, &facts);
}

/* The response has gone: nobody waits for this. */
static void ended(void *ctx, struct wsgi_fcgi_request *req)
{
	struct wsgi_fastcgi_worker *w = ctx;

	if (w->access != NULL)
		log_access(w, req);
	if (wsgi_limits_count(&w->limits))
		reach_limit(w);
}

/* A thread of the reactor outside of the application has nothing to leave. */
static bool is_inside(const struct wsgi_fastcgi_worker *w)
{
	return w->app->leave != NULL && where != OUTSIDE;
}

static void leave(void *ctx)
{
	struct wsgi_fastcgi_worker *w = ctx;

	if (is_inside(w))
		w->app->leave(w->app);
}

static void enter(void *ctx)
{
	struct wsgi_fastcgi_worker *w = ctx;

	if (is_inside(w))
		w->app->enter(w->app);
}

static bool admit(void *ctx, const struct sockaddr *peer)
{
	return wsgi_admission_ask(&((struct wsgi_fastcgi_worker *)ctx)->admission, peer);
}

/* -- the application forks --------------------------------------------------------------------- */

static void before_fork(void *ctx)
{
	wsgi_reactor_hold(((struct wsgi_fastcgi_worker *)ctx)->reactor);
}

static void after_fork(void *ctx)
{
	wsgi_reactor_go_on(((struct wsgi_fastcgi_worker *)ctx)->reactor);
}

static void in_child(void *ctx)
{
	struct wsgi_fastcgi_worker *w = ctx;

	wsgi_reactor_forget(w->reactor);
	wsgi_limits_finish(&w->limits);
	if (w->on_fork != NULL)
		w->on_fork(w->ctx);
	handler.base.client_left = true;
}

static const struct wsgi_forked_ops fork_ops = {
	.before = before_fork,
	.after = after_fork,
	.child = in_child,
};

/* -- the worker -------------------------------------------------------------------------------- */

/* A limit below what the application needs is a slip, which only costs speed: it is said. */
static void warn_of_memory(struct wsgi_fastcgi_worker *w)
{
	uint64_t bytes;

	wsgi_limits_weigh(&w->limits, &bytes);
	if (w->max_memory_bytes > 0 && bytes > w->max_memory_bytes)
		wsgi_log(w->log, WSGI_LOG_WARNING,
			 "a worker has %" PRIu64 " KiB before its first request, and --max-memory "
			 "is %" PRIu64 " KiB: each is replaced after a request; allow more",
			 bytes / 1024, w->max_memory_bytes / 1024);
}

int wsgi_fastcgi_worker_init(struct wsgi_fastcgi_worker *w, struct wsgi_error *err)
{
	const struct wsgi_reactor_ops ops = {
		.serve = serve,
		.ended = ended,
		.leave = leave,
		.enter = enter,
		.admit = w->allow != NULL ? admit : NULL,
		.max_conns = wsgi_reactor_default_limits.max_connections,
		.max_reqs = w->threads,
	};
	int rc = wsgi_reactor_create(&w->reactor, w->fds, w->n_fds, &wsgi_reactor_default_limits,
				     &ops, w, w->log, err);

	w->admission = (struct wsgi_admission){.allow = w->allow, .log = w->log};
	if (rc != 0)
		return rc;
	if (w->exchange != NULL)
		rc = wsgi_reactor_share(w->reactor, w->exchange[0], w->exchange[1]);
	if (rc != 0)
		return wsgi_fail(err, rc, "the exchange of connections: %s", strerror(-rc));
	wsgi_limits_init(&w->limits, w->max_requests, w->max_memory_bytes);
	warn_of_memory(w);
	return 0;
}

static void *thread_main(void *arg)
{
	struct wsgi_fastcgi_worker *w = arg;
	int rc;

	thread_index = atomic_fetch_add(&w->threads_begun, 1) + 1; /* 0 is the one that runs it */
	where = OUTSIDE;
	rc = wsgi_reactor_run(w->reactor);

	if (rc != 0)
		wsgi_log(w->log, WSGI_LOG_ERROR, "a thread ended: %s", strerror(-rc));
	if (w->app->thread_ends != NULL)
		w->app->thread_ends(w->app);
	wsgi_simple_handler_finish(&handler);
	return NULL;
}

/*
 * Start n threads. Returns how many started. No signal is blocked in them: what an application
 * starts would inherit that, and not end when it is told to.
 */
static unsigned start_threads(struct wsgi_fastcgi_worker *w, pthread_t *threads, unsigned n)
{
	unsigned started = 0;

	while (started < n && pthread_create(&threads[started], NULL, thread_main, w) == 0)
		started++;
	return started;
}

int wsgi_fastcgi_worker_run(struct wsgi_fastcgi_worker *w, struct wsgi_error *err)
{
	unsigned others = w->threads - 1, started;
	pthread_t *threads = calloc(others + 1, sizeof(*threads));
	int rc;

	if (threads == NULL)
		return wsgi_fail(err, -ENOMEM, "no memory for %u threads", w->threads);
	rc = wsgi_forked_watch(&fork_ops, w);
	if (rc != 0) {
		free(threads);
		return wsgi_fail(err, rc, "no memory to watch for forks");
	}
	started = start_threads(w, threads, others);
	if (started < others)
		wsgi_log(w->log, WSGI_LOG_WARNING, "only %u of %u threads could be started",
			 started + 1, w->threads);
	where = OUTSIDE;
	rc = wsgi_reactor_run(w->reactor);
	where = STRANGER;
	wsgi_reactor_stop(w->reactor);
	for (unsigned i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	free(threads);
	wsgi_forked_watch(NULL, NULL);
	wsgi_simple_handler_finish(&handler);
	handler = (struct wsgi_simple_handler){0};
	return rc == 0 ? 0 : wsgi_fail(err, rc, "epoll: %s", strerror(-rc));
}

void wsgi_fastcgi_worker_stop(struct wsgi_fastcgi_worker *w)
{
	wsgi_reactor_stop(w->reactor);
}

void wsgi_fastcgi_worker_retire(struct wsgi_fastcgi_worker *w)
{
	wsgi_reactor_retire(w->reactor);
}

void wsgi_fastcgi_worker_relieve(struct wsgi_fastcgi_worker *w)
{
	struct wsgi_board_worker *row = wsgi_board_worker(&w->board, w->place);
	unsigned connections;
	uint64_t accepted, bytes;

	wsgi_reactor_relieve(w->reactor);
	wsgi_reactor_count(w->reactor, &connections, &accepted);
	if (wsgi_limits_weigh(&w->limits, &bytes))
		reach_limit(w);
	if (row == NULL)
		return;
	row->connections = connections;
	row->accepted = accepted;
	row->memory_bytes = bytes;
}

bool wsgi_fastcgi_worker_is_busy(struct wsgi_fastcgi_worker *w)
{
	uint64_t ended = 0;
	bool busy = false;

	for (uint32_t i = 0; i < w->threads; i++) {
		struct wsgi_board_thread *row = wsgi_board_thread(&w->board, w->place, i);

		if (row == NULL)
			break;
		busy = busy || atomic_load(&row->began_ms) != 0;
		ended += atomic_load(&row->requests);
	}
	busy = busy || ended != w->ended;
	w->ended = ended;
	return busy;
}

void wsgi_fastcgi_worker_finish(struct wsgi_fastcgi_worker *w)
{
	wsgi_limits_finish(&w->limits);
	wsgi_reactor_destroy(w->reactor);
	w->reactor = NULL;
}
