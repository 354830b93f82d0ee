#include "serve/forward.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "fcgi/client.h"

static bool has_body(const struct wsgi_environ *env)
{
	const char *length = wsgi_environ_get(env, "CONTENT_LENGTH");

	return wsgi_environ_get(env, "HTTP_TRANSFER_ENCODING") != NULL ||
	       (length != NULL && length[0] != '\0' && strcmp(length, "0") != 0);
}

/* A backend may show its parameters to libraries as its environment (httpoxy). */
static int get_environ(struct wsgi_request_handler *r, struct wsgi_environ *env)
{
	int rc = wsgi_request_handler_get_environ(r, env);

	wsgi_environ_delete(env, "HTTP_PROXY");
	return rc;
}

static void answer_failure(struct wsgi_request_handler *r, int rc, const char *why)
{
	const struct wsgi_forward *f = wsgi_server_ctx(r->server);
	const char *status = rc == -ETIMEDOUT ? "504 Gateway Timeout"
			     : rc == -EBUSY   ? "503 Service Unavailable"
					      : "502 Bad Gateway";

	if (rc == -ECONNREFUSED || rc == -ENOENT)
		wsgi_log(f->log, WSGI_LOG_ERROR,
			 "%s; start it by wsgi-fcgi --bind %s APPLICATION, or give --fcgi another "
			 "address",
			 why, f->backend);
	else
		wsgi_log(f->log, WSGI_LOG_ERROR, "%s", why);
	wsgi_request_handler_fail(r, status,
				  "The application behind this server does not answer.\n"
				  "Its log and this server's say why.\n");
}

static void handle(struct wsgi_request_handler *r)
{
	const struct wsgi_forward *f = wsgi_server_ctx(r->server);
	struct wsgi_fcgi_call call = {
		.params = &r->environ,
		.input = has_body(&r->environ) ? r->input : NULL,
		.output = r->output,
		.errors = wsgi_request_handler_get_stderr(r),
	};
	struct wsgi_error err = {0};
	int rc = wsgi_fcgi_client_call(f->client, &call, &err);

	if (rc == 0 && wsgi_request_handler_status(r) == 0)
		answer_failure(r, -EPROTO, "the FastCGI backend sent no response");
	else if (call.client_failed && rc == -EPROTO)
		answer_failure(r, rc, wsgi_request_handler_refusal(r)->text);
	else if (call.client_failed)
		wsgi_request_handler_cut(r); /* the client left */
	else if (rc != 0)
		answer_failure(r, rc, err.text);
}

const struct wsgi_request_handler_ops wsgi_forward_class = {
	.get_environ = get_environ,
	.handle = handle,
};

int wsgi_forward_init(struct wsgi_forward *f, const char *backend, const struct wsgi_log *log,
		      struct wsgi_error *err)
{
	*f = (struct wsgi_forward){.backend = backend, .log = log};
	return wsgi_fcgi_client_create(&f->client, backend, &wsgi_fcgi_client_default_limits, err);
}

void wsgi_forward_finish(struct wsgi_forward *f)
{
	wsgi_fcgi_client_destroy(f->client);
}
