#include "handler/handler.h"

#include <assert.h>

#include "base/container.h"
#include "handler/steps.h"

static const struct wsgi_header plain_text = {"Content-Type", "text/plain"};

void wsgi_handler_init(struct wsgi_handler *h, const struct wsgi_handler_ops *ops)
{
	assert(ops->write && ops->flush && ops->get_stdin && ops->get_stderr && ops->add_cgi_vars);
	*h = (struct wsgi_handler){
		.ops = ops,
		.wsgi_multithread = true,
		.wsgi_multiprocess = true,
		.wsgi_file_wrapper = true,
		.origin_server = true,
		.http_version = "1.0",
		.traceback_limit = -1,
		.error_status = "500 Internal Server Error",
		.error_headers = &plain_text,
		.error_headers_len = 1,
		.error_body = "A server error occurred.  Please contact the administrator.",
		.flush_at_end = true,
		.content_length = UINT64_MAX,
	};
	wsgi_environ_init(&h->environ);
	wsgi_headers_init(&h->headers);
	wsgi_handler_init_start(h);
}

void wsgi_handler_finish(struct wsgi_handler *h)
{
	if (h == NULL)
		return;
	wsgi_environ_finish(&h->environ);
	wsgi_headers_finish(&h->headers);
	wsgi_buf_finish(&h->status);
	wsgi_buf_finish(&h->scratch);
}

struct wsgi_handler *wsgi_handler_of(struct wsgi_start *start)
{
	return container_of(start, struct wsgi_handler, start);
}

static void forget_error(struct wsgi_handler *h)
{
	h->error.code = 0;
	h->error.text[0] = '\0';
}

static void begin(struct wsgi_handler *h, struct wsgi_app *app)
{
	h->app = app;
	h->body = NULL;
	h->status.len = 0;
	h->has_headers = h->headers_sent = h->no_body = h->client_left = h->truncated = false;
	h->late = h->refused.code = 0;
	h->bytes_sent = 0;
	h->content_length = UINT64_MAX;
	forget_error(h);
	wsgi_headers_clear(&h->headers);
}

static int call(struct wsgi_handler *h, struct wsgi_app *app)
{
	int rc = app->call(app, &h->environ, &h->start, &h->body);

	rc = wsgi_handler_returned(h, "the application", rc);
	if (rc == 0 && h->body == NULL)
		rc = wsgi_fail(&h->error, -EPROTO, "the application returned no body");
	if (rc == 0) {
		forget_error(h); /* it has got over what went wrong so far */
		return 0;
	}
	h->body = NULL; /* nothing was returned, so nothing is closed */
	wsgi_handler_note_cut(h);
	return rc;
}

static int respond(struct wsgi_handler *h, struct wsgi_app *app)
{
	int rc = step_setup_environ(h);

	if (rc == 0)
		rc = call(h, app);
	if (rc == 0)
		rc = step_finish_response(h);
	if (rc == 0)
		forget_error(h);
	if (rc == 0 || wsgi_handler_client_left(h))
		return rc;
	wsgi_handler_close_body(h); /* a finish_response of a subclass may have left it open */
	if (rc == -EALREADY && h->late != 0)
		rc = h->late; /* respond() returned that: the error is the application's own */
	wsgi_handler_blame(h, rc);
	return step_handle_error(h, rc);
}

int wsgi_handler_run(struct wsgi_handler *h, struct wsgi_app *app)
{
	int rc;

	begin(h, app);
	rc = respond(h, app);
	wsgi_handler_close_body(h); /* of an error page that failed, of a client that left */
	if (h->client_left && app->drop_exception != NULL)
		app->drop_exception(app);
	if (rc == 0 && h->flush_at_end && !h->client_left)
		rc = wsgi_handler_transport(h, h->ops->flush(h));
	if (h->ops->close != NULL)
		h->ops->close(h);
	h->app = NULL;
	return h->client_left ? 0 : rc;
}
