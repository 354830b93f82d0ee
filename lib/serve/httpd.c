#include "serve/httpd.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/container.h"
#include "base/log.h"
#include "fcgi/client.h"
#include "handler/simple.h"
#include "http/server.h"
#include "proc/forked.h"
#include "proc/listener.h"

enum {
	FORWARD_THREADS = 64, /* they only wait for the backend */
	BACKLOG = 511,        /* Apache's */
	GRACE_MS = 10000,     /* for requests under way when a signal comes */
	CUT_MS = 500,         /* for those that were cut off then, to notice it */
};

/* What serves the requests: an application or a backend. */
struct httpd {
	struct wsgi_app *app;            /* NULL: there is a client */
	struct wsgi_fcgi_client *client; /* NULL: there is an app */
	const char *backend;             /* its address */
	bool multithread;
	struct wsgi_fd_errors errors;
	struct wsgi_log log;
	struct wsgi_http_server *server;
	bool stuck; /* the server has ended, but a thread of it is in the application */
};

/* What a thread is running; NULL: nothing. */
static _Thread_local struct wsgi_handler *running;

/* -- the log ----------------------------------------------------------------------------------- */

static void append(char *line, size_t size, size_t *len, const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
		bool escape = *p < 32 || *p == 127 || *p == '\\';
		int n = snprintf(line + *len, size - *len, escape ? "\\x%02x" : "%c", *p);

		if ((size_t)n >= size - *len)
			return;
		*len += (size_t)n;
	}
}

static const char *variable(const struct wsgi_http_request *req, const char *name)
{
	const char *value = wsgi_environ_get(&req->environ, name);

	return value != NULL && value[0] != '\0' ? value : "-";
}

size_t wsgi_httpd_log_line(const struct wsgi_http_request *req, long long seconds, char *line,
			   size_t size)
{
	/* Not strftime's %b, which follows the locale. */
	static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t clock = (time_t)seconds;
	size_t room = size - 48; /* for the end of the line */
	size_t len = 0;
	struct tm tm;

	localtime_r(&clock, &tm);
	append(line, room, &len, variable(req, "REMOTE_ADDR"));
	len += (size_t)snprintf(line + len, size - len, " - - [%02d/%s/%04d %02d:%02d:%02d] \"",
				tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour,
				tm.tm_min, tm.tm_sec);
	append(line, room, &len, variable(req, "REQUEST_METHOD"));
	append(line, room, &len, " ");
	append(line, room, &len, variable(req, "REQUEST_URI"));
	append(line, room, &len, " ");
	append(line, room, &len, variable(req, "SERVER_PROTOCOL"));
	len += (size_t)snprintf(line + len, size - len, "\" %d %llu\n", req->status,
				(unsigned long long)req->body_bytes);
	return len;
}

static void log_request(const struct httpd *h, const struct wsgi_http_request *req)
{
	char line[1024];
	size_t len = wsgi_httpd_log_line(req, (long long)time(NULL), line, sizeof(line));

	/* One write, so that lines of several threads do not mix; a lost line is no failure. */
	if (write(h->log.fd, line, len) < 0)
		return;
}

/* -- an application ---------------------------------------------------------------------------- */

static void leave(void *ctx)
{
	struct httpd *h = ctx;

	h->app->leave(h->app);
}

static void enter(void *ctx)
{
	struct httpd *h = ctx;

	h->app->enter(h->app);
}

/* A SimpleHandler whose output knows what is wrong with a response's head. */
struct run {
	struct wsgi_simple_handler handler;
	struct wsgi_handler_ops ops; /* SimpleHandler's, but for log_exception */
	const struct httpd *httpd;
	const struct wsgi_http_request *req;
};

static void log_exception(struct wsgi_handler *h)
{
	struct run *run = container_of(h, struct run, handler.base);
	const struct wsgi_error *refused = &run->req->error;

	if (refused->text[0] != '\0' && h->error.code == refused->code)
		h->error = *refused;
	else if (refused->text[0] != '\0') /* in the application's own write() */
		wsgi_log(&run->httpd->log, WSGI_LOG_ERROR, "%s", refused->text);
	wsgi_handler_log_exception(h);
}

static void run_init(struct run *run, struct httpd *h, struct wsgi_http_request *req)
{
	struct wsgi_handler *handler = &run->handler.base;

	wsgi_simple_handler_init(&run->handler, &req->input, &req->output, &h->errors.errors,
				 &req->environ);
	run->ops = *handler->ops;
	run->ops.log_exception = log_exception;
	handler->ops = &run->ops;
	run->httpd = h;
	run->req = req;
	/* The status line, Date and Server are the HTTP side's. */
	handler->origin_server = false;
	handler->wsgi_multithread = h->multithread;
}

static void run_app(struct httpd *h, struct wsgi_http_request *req)
{
	struct run run;
	const struct wsgi_handler *handler = &run.handler.base;
	int rc;

	run_init(&run, h, req);
	if (h->app->enter != NULL)
		h->app->enter(h->app);
	running = &run.handler.base;
	rc = wsgi_handler_run(running, h->app);
	if (wsgi_forked())
		_exit(EX_OK); /* the application's child has come back out of it */
	running = NULL;
	if (h->app->leave != NULL)
		h->app->leave(h->app);
	if (req->status != 0 && handler->truncated)
		req->cut = true;
	else if (rc != 0 || req->status == 0)
		wsgi_http_request_fail(req, handler->error_status, handler->error_body);
	wsgi_simple_handler_finish(&run.handler);
}

static void serve_app(void *ctx, struct wsgi_http_request *req)
{
	run_app(ctx, req);
	log_request(ctx, req);
}

static void thread_ends(void *ctx)
{
	struct httpd *h = ctx;

	if (h->app->thread_ends != NULL)
		h->app->thread_ends(h->app);
}

static const struct wsgi_http_ops native_ops = {.serve = serve_app, .thread_ends = thread_ends};
static const struct wsgi_http_ops locked_ops = {
	.serve = serve_app,
	.leave = leave,
	.enter = enter,
	.thread_ends = thread_ends,
};

/* -- a backend --------------------------------------------------------------------------------- */

static bool has_body(const struct wsgi_environ *env)
{
	const char *length = wsgi_environ_get(env, "CONTENT_LENGTH");

	return wsgi_environ_get(env, "HTTP_TRANSFER_ENCODING") != NULL ||
	       (length != NULL && length[0] != '\0' && strcmp(length, "0") != 0);
}

static void answer_failure(struct httpd *h, struct wsgi_http_request *req, int rc, const char *why)
{
	const char *status = rc == -ETIMEDOUT ? "504 Gateway Timeout"
			     : rc == -EBUSY   ? "503 Service Unavailable"
					      : "502 Bad Gateway";

	if (rc == -ECONNREFUSED || rc == -ENOENT)
		wsgi_log(&h->log, WSGI_LOG_ERROR,
			 "%s; start it by wsgi-fcgi --bind %s APPLICATION, or give --fcgi another "
			 "address",
			 why, h->backend);
	else
		wsgi_log(&h->log, WSGI_LOG_ERROR, "%s", why);
	wsgi_http_request_fail(req, status,
			       "The application behind this server does not answer.\n"
			       "Its log and this server's say why.\n");
}

static void forward(struct httpd *h, struct wsgi_http_request *req)
{
	struct wsgi_fcgi_call call = {
		.params = &req->environ,
		.input = has_body(&req->environ) ? &req->input : NULL,
		.output = &req->output,
		.errors = &h->errors.errors,
	};
	struct wsgi_error err = {0};
	int rc;

	/* A backend may show its parameters to libraries as its environment (httpoxy). */
	wsgi_environ_delete(&req->environ, "HTTP_PROXY");
	rc = wsgi_fcgi_client_call(h->client, &call, &err);
	if (rc == 0 && req->status == 0)
		answer_failure(h, req, -EPROTO, "the FastCGI backend sent no response");
	else if (call.client_failed && rc == -EPROTO)
		answer_failure(h, req, rc, req->error.text);
	else if (call.client_failed)
		req->cut = true; /* the client left */
	else if (rc != 0)
		answer_failure(h, req, rc, err.text);
}

static void serve_backend(void *ctx, struct wsgi_http_request *req)
{
	forward(ctx, req);
	log_request(ctx, req);
}

static const struct wsgi_http_ops backend_ops = {.serve = serve_backend};

/* -- signals ----------------------------------------------------------------------------------- */

/* A signal handler is given nothing but the number: this is where it finds whom to tell. */
static int stop_fd = -1;

static void on_stop(int signo)
{
	const uint64_t one = 1;
	int code = errno;

	(void)signo;
	if (write(stop_fd, &one, sizeof(one)) < 0)
		_exit(EX_OSERR);
	errno = code;
}

static int catch_signals(void)
{
	/* The second signal ends the process at once. */
	struct sigaction stop = {.sa_handler = on_stop, .sa_flags = SA_RESETHAND};
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	stop_fd = eventfd(0, EFD_CLOEXEC);
	if (stop_fd == -1)
		return -errno;
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	return 0;
}

static void await_stop(void)
{
	uint64_t count;

	while (read(stop_fd, &count, sizeof(count)) < 0 && errno == EINTR)
		;
}

/* -- the application forks --------------------------------------------------------------------- */

static void before_fork(void *ctx)
{
	wsgi_http_server_hold(((struct httpd *)ctx)->server);
}

static void after_fork(void *ctx)
{
	wsgi_http_server_go_on(((struct httpd *)ctx)->server);
}

/* A signal to the child ends the child, not the server. */
static void in_child(void *ctx)
{
	wsgi_http_server_forget(((struct httpd *)ctx)->server);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	close(stop_fd);
	wsgi_forked_watch(NULL, NULL); /* of its own children the server has nothing to keep */
	if (running != NULL)
		running->client_left = true;
}

static const struct wsgi_forked_ops fork_ops = {
	.before = before_fork,
	.after = after_fork,
	.child = in_child,
};

/* -- the run ----------------------------------------------------------------------------------- */

static int fail(const struct httpd *h, int status, const char *why)
{
	wsgi_log(&h->log, WSGI_LOG_ERROR, "%s", why);
	return status;
}

/* A URL where there can be one: terminals make it a link. */
static void say_address(const struct httpd *h, const char *name)
{
	bool is_path = strncmp(name, "unix:", 5) == 0;

	wsgi_log(&h->log, WSGI_LOG_INFO, "listening on %s%s%s", is_path ? "" : "http://", name,
		 is_path ? "" : "/");
}

/* Returns false when the application still runs: nothing of the server can be freed then. */
static bool stop(struct httpd *h)
{
	unsigned cut = wsgi_http_server_stop(h->server, GRACE_MS);

	if (cut > 0)
		wsgi_log(&h->log, WSGI_LOG_WARNING,
			 "%u request%s not answered within %d s: cut off", cut, cut == 1 ? "" : "s",
			 GRACE_MS / 1000);
	if (wsgi_http_server_await(h->server, CUT_MS) > 0)
		return false;
	wsgi_forked_watch(NULL, NULL);
	wsgi_http_server_destroy(h->server);
	return true;
}

static int serve(struct httpd *h, const struct wsgi_options *o, int fd, const char *name)
{
	struct wsgi_http_limits limits = wsgi_http_default_limits;
	const struct wsgi_http_ops *ops = h->client != NULL       ? &backend_ops
					  : h->app->enter != NULL ? &locked_ops
								  : &native_ops;
	struct wsgi_error err = {0};

	limits.threads = h->client != NULL && o->threads <= 1 ? FORWARD_THREADS : o->threads;
	h->multithread = limits.threads > 1;
	if (catch_signals() != 0)
		return fail(h, EX_OSERR, "no descriptor for signals");
	if (wsgi_http_server_create(&h->server, fd, "wsgi-serve/" WSGI_VERSION, &limits, ops, h,
				    &h->log, &err) != 0)
		return fail(h, EX_OSERR, err.text);
	if (h->app != NULL && wsgi_forked_watch(&fork_ops, h) != 0)
		return fail(h, EX_OSERR, "no memory to watch for forks");
	say_address(h, name);
	await_stop();
	h->stuck = !stop(h);
	return EX_OK;
}

static int listen_and_serve(struct httpd *h, const struct wsgi_options *o)
{
	const char *address = o->bind_len > 0 ? o->bind[0] : "127.0.0.1:8000";
	struct wsgi_listener listener;
	struct wsgi_error err = {0};
	int rc;

	if (o->bind_len > 1)
		return fail(h, EX_USAGE, "give --bind once: one server has one address");
	rc = wsgi_listener_open(&listener, address, BACKLOG, &err);
	if (rc != 0)
		return fail(h, rc == -EINVAL ? EX_USAGE : EX_UNAVAILABLE, err.text);
	rc = serve(h, o, listener.fd, listener.name != NULL ? listener.name : address);
	wsgi_listener_finish(&listener);
	if (h->stuck)
		_exit(rc); /* without what would wait for that thread, or run beside it */
	return rc;
}

static int run_backend(struct httpd *h, const struct wsgi_options *o)
{
	struct wsgi_error err = {0};
	int rc;

	if (o->application != NULL)
		return fail(h, EX_USAGE, "give an application or --fcgi, not both");
	if (wsgi_fcgi_client_create(&h->client, o->fcgi, &wsgi_fcgi_client_default_limits, &err) !=
	    0)
		return fail(h, EX_USAGE, err.text);
	h->backend = o->fcgi;
	rc = listen_and_serve(h, o);
	wsgi_fcgi_client_destroy(h->client);
	return rc;
}

static int run(const struct wsgi_options *o, const struct wsgi_gateway_host *host)
{
	struct httpd h = {
		.log = {.fd = STDERR_FILENO, .program = o->program, .level = WSGI_LOG_INFO}};
	int rc;

	wsgi_fd_errors_init(&h.errors, STDERR_FILENO);
	if (o->fcgi != NULL)
		return run_backend(&h, o);
	rc = wsgi_gateway_load(o, host, o->application, &h.app);
	return rc == 0 ? listen_and_serve(&h, o) : rc;
}

const struct wsgi_gateway_kind wsgi_gateway_serve = {
	.gateway = WSGI_GATEWAY_SERVE,
	.run = run,
};
