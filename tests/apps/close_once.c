/* So many chunks as the query says; each, and each close(), writes a line to the log. */
#include <stdio.h>

#include "reply.h"

struct counted {
	struct wsgi_body body;
	struct wsgi_errors *errors;
	int n, at, closed;
	char chunk[16];
};

static void say(const struct counted *c, const char *what, int number)
{
	char line[64];

	snprintf(line, sizeof(line), "LOG: %s %d\n", what, number);
	wsgi_errors_puts(c->errors, line);
	wsgi_errors_flush(c->errors);
}

static int next(struct wsgi_body *body, const void **data, size_t *len)
{
	struct counted *c = container_of(body, struct counted, body);

	if (c->at == c->n)
		return 0;
	say(c, "chunk", c->at);
	*len = (size_t)snprintf(c->chunk, sizeof(c->chunk), "%d ", c->at++);
	*data = c->chunk;
	return 1;
}

static int close_counted(struct wsgi_body *body)
{
	struct counted *c = container_of(body, struct counted, body);

	say(c, "close", ++c->closed);
	free(c);
	return 0;
}

static int call(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		struct wsgi_body **body)
{
	static const struct wsgi_header type = {"Content-Type", "text/plain"};
	struct counted *c = calloc(1, sizeof(*c));
	int rc;

	(void)app;
	if (c == NULL)
		return -ENOMEM;
	c->body = (struct wsgi_body){.next = next, .close = close_counted};
	c->errors = env->errors;
	c->n = atoi(value_of(env, "QUERY_STRING"));
	rc = start->respond(start, "200 OK", &type, 1, NULL);
	if (rc == 0)
		*body = &c->body;
	else
		free(c);
	return rc;
}

struct wsgi_app application = {.call = call};
