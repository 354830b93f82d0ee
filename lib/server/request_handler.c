#include "server/request_handler.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

#include "base/container.h"
#include "http/request.h"
#include "server/instance.h"
#include "server/request_line.h"
#include "server/running.h"
#include "server/serve.h"

/* -- WSGIRequestHandler ------------------------------------------------------------------------ */

int wsgi_request_handler_get_environ(struct wsgi_request_handler *r, struct wsgi_environ *env)
{
	return wsgi_environ_update(env, &r->request->environ);
}

struct wsgi_errors *wsgi_request_handler_get_stderr(struct wsgi_request_handler *r)
{
	return &r->server->errors.errors;
}

void wsgi_request_handler_handle(struct wsgi_request_handler *r)
{
	struct wsgi_server_handler h;

	wsgi_server_handler_init(&h, r);
	wsgi_server_handler_run(&h);
}

void wsgi_request_handler_log_request(struct wsgi_request_handler *r, int status,
				      uint64_t body_bytes)
{
	char line[1024];
	size_t len = wsgi_request_line(&r->environ, status, body_bytes, (long long)time(NULL), line,
				       sizeof(line));

	wsgi_request_line_write(wsgi_server_log(r->server), line, len);
}

int wsgi_request_handler_status(const struct wsgi_request_handler *r)
{
	return r->request->status;
}

const struct wsgi_error *wsgi_request_handler_refusal(const struct wsgi_request_handler *r)
{
	return &r->request->error;
}

void wsgi_request_handler_fail(struct wsgi_request_handler *r, const char *status, const char *text)
{
	wsgi_http_request_fail(r->request, status, text);
}

void wsgi_request_handler_cut(struct wsgi_request_handler *r)
{
	r->request->cut = true;
}

/* -- the class --------------------------------------------------------------------------------- */

static const struct wsgi_request_handler_ops own_ops = {
	.get_environ = wsgi_request_handler_get_environ,
	.get_stderr = wsgi_request_handler_get_stderr,
	.handle = wsgi_request_handler_handle,
	.log_request = wsgi_request_handler_log_request,
};

static int get_environ(struct wsgi_request_handler *r)
{
	return r->ops->get_environ != NULL ? r->ops->get_environ(r, &r->environ)
					   : own_ops.get_environ(r, &r->environ);
}

static struct wsgi_errors *get_stderr(struct wsgi_request_handler *r)
{
	return r->ops->get_stderr != NULL ? r->ops->get_stderr(r) : own_ops.get_stderr(r);
}

static void handle(struct wsgi_request_handler *r)
{
	if (r->ops->handle != NULL)
		r->ops->handle(r);
	else
		own_ops.handle(r);
}

static void log_request(struct wsgi_request_handler *r)
{
	uint64_t body_bytes;
	int status = wsgi_http_request_answered(r->request, &body_bytes);

	if (r->ops->log_request != NULL)
		r->ops->log_request(r, status, body_bytes);
	else
		own_ops.log_request(r, status, body_bytes);
}

/* -- a request --------------------------------------------------------------------------------- */

static void answer_500(struct wsgi_request_handler *r)
{
	wsgi_request_handler_fail(r, "500 Internal Server Error", "A server error occurred.\n");
}

/* The class's handle has returned. */
static void answer_if_it_has_not(struct wsgi_request_handler *r)
{
	const struct wsgi_error *refused = wsgi_request_handler_refusal(r);

	if (r->request->status != 0 || wsgi_http_request_is_lost(r->request))
		return;
	wsgi_log(r->server->config.log, WSGI_LOG_ERROR, "%s",
		 refused->text[0] != '\0' ? refused->text
					  : "the handler class sent no whole head of a response");
	r->request->cut = false; /* what it was for does not come */
	answer_500(r);
}

static void serve(void *ctx, struct wsgi_http_request *req)
{
	struct wsgi_server *s = ctx;
	const struct wsgi_request_handler_ops *ops = s->config.handler_class;
	struct wsgi_request_handler r = {
		.ops = ops != NULL ? ops : &own_ops,
		.server = s,
		.input = &req->input,
		.output = &req->output,
		.request = req,
	};
	int rc;

	wsgi_environ_init(&r.environ);
	rc = get_environ(&r);
	if (rc == 0) {
		handle(&r);
		answer_if_it_has_not(&r);
	} else {
		wsgi_log(s->config.log, WSGI_LOG_ERROR, "a request's environ cannot be built: %s",
			 strerror(-rc));
		answer_500(&r);
	}
	log_request(&r);
	wsgi_environ_finish(&r.environ);
}

static void leave(void *ctx)
{
	(void)ctx;
	wsgi_running_leave();
}

static void enter(void *ctx)
{
	(void)ctx;
	wsgi_running_enter();
}

static void thread_ends(void *ctx)
{
	(void)ctx;
	wsgi_running_thread_ends();
}

static void ended(void *ctx)
{
	eventfd_write(((struct wsgi_server *)ctx)->ended_fd, 1);
}

const struct wsgi_http_ops wsgi_serve_ops = {
	.serve = serve,
	.leave = leave,
	.enter = enter,
	.thread_ends = thread_ends,
	.ended = ended,
};

/* -- ServerHandler ----------------------------------------------------------------------------- */

/* What output knows of a response's head that it refused, is said in place of a mere -EPROTO. */
static void log_exception(struct wsgi_handler *handler)
{
	struct wsgi_server_handler *h =
		container_of(handler, struct wsgi_server_handler, simple.base);
	const struct wsgi_error *refused = wsgi_request_handler_refusal(h->request);

	if (refused->text[0] != '\0' && handler->error.code == refused->code)
		handler->error = *refused;
	else if (refused->text[0] != '\0') /* in the application's own write() */
		wsgi_log(h->request->server->config.log, WSGI_LOG_ERROR, "%s", refused->text);
	wsgi_handler_log_exception(handler);
}

void wsgi_server_handler_init(struct wsgi_server_handler *h, struct wsgi_request_handler *r)
{
	struct wsgi_handler *base = &h->simple.base;

	wsgi_simple_handler_init(&h->simple, r->input, r->output, get_stderr(r), &r->environ);
	h->request = r;
	h->ops = *base->ops;
	h->ops.log_exception = log_exception;
	base->ops = &h->ops;
	/* The status line, Date and Server are the HTTP side's. */
	base->origin_server = false;
	base->wsgi_multithread = r->server->config.threads > 1;
}

/* Answer what the run, which returned rc, has not. */
static void settle(struct wsgi_server_handler *h, int rc)
{
	const struct wsgi_handler *base = &h->simple.base;
	struct wsgi_request_handler *r = h->request;
	const char *refused = wsgi_request_handler_refusal(r)->text;

	if (base->error.code == 0 && refused[0] != '\0') /* the application did not look */
		wsgi_log(r->server->config.log, WSGI_LOG_ERROR, "%s", refused);
	if (r->request->status != 0 && base->truncated)
		wsgi_request_handler_cut(r);
	else if (rc != 0 || r->request->status == 0)
		wsgi_request_handler_fail(r, base->error_status, base->error_body);
}

void wsgi_server_handler_run(struct wsgi_server_handler *h)
{
	struct wsgi_server *s = h->request->server;
	struct wsgi_app *app = wsgi_server_get_app(s);
	int rc = -ENOENT;

	if (app != NULL)
		rc = wsgi_running_run(&h->simple.base, app);
	else
		wsgi_log(s->config.log, WSGI_LOG_ERROR,
			 "there is no application: wsgi_server_set_app() was not called");
	settle(h, rc);
	wsgi_simple_handler_finish(&h->simple);
}
