/* A body without an end; close() is logged, when the client has left. */
#include "reply.h"

struct endless {
	struct wsgi_body body;
	struct wsgi_errors *errors;
};

static int next(struct wsgi_body *body, const void **data, size_t *len)
{
	static const char block[8192] = "endless ";

	(void)body;
	*data = block;
	*len = sizeof(block);
	return 1;
}

static int close_endless(struct wsgi_body *body)
{
	struct endless *e = container_of(body, struct endless, body);

	wsgi_errors_puts(e->errors, "LOG: close 1\n");
	wsgi_errors_flush(e->errors);
	free(e);
	return 0;
}

static int call(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		struct wsgi_body **body)
{
	static const struct wsgi_header type = {"Content-Type", "text/plain"};
	struct endless *e = calloc(1, sizeof(*e));
	int rc = e != NULL ? start->respond(start, "200 OK", &type, 1, NULL) : -ENOMEM;

	(void)app;
	if (rc != 0) {
		free(e);
		return rc;
	}
	e->body = (struct wsgi_body){.next = next, .close = close_endless};
	e->errors = env->errors;
	*body = &e->body;
	return 0;
}

struct wsgi_app application = {.call = call};
