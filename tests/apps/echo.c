/* The request's body as it comes, a block at a time: of any size, in constant memory. */
#include "reply.h"

enum { BLOCK = 65536 };

struct echo {
	struct wsgi_body body;
	struct wsgi_input *input;
	char block[BLOCK];
};

static int next(struct wsgi_body *body, const void **data, size_t *len)
{
	struct echo *e = container_of(body, struct echo, body);
	ssize_t n = wsgi_input_read(e->input, e->block, BLOCK);

	if (n <= 0)
		return (int)n;
	*data = e->block;
	*len = (size_t)n;
	return 1;
}

static int close_echo(struct wsgi_body *body)
{
	free(container_of(body, struct echo, body));
	return 0;
}

static int echo(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		struct wsgi_body **body)
{
	const char *length = value_of(env, "CONTENT_LENGTH");
	const struct wsgi_header headers[] = {{"Content-Type", "application/octet-stream"},
					      {"Content-Length", length}};
	struct echo *e = calloc(1, sizeof(*e));
	int rc;

	(void)app;
	if (e == NULL)
		return -ENOMEM;
	e->body = (struct wsgi_body){.next = next, .close = close_echo};
	e->input = env->input;
	rc = start->respond(start, "200 OK", headers, *length != '\0' ? 2 : 1, NULL);
	if (rc == 0)
		*body = &e->body;
	else
		free(e);
	return rc;
}

struct wsgi_app application = {.call = echo};
