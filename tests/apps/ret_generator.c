/* Chunks that are made as they are asked for. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/container.h"
#include "wsgi/app.h"

struct chunks {
	struct wsgi_body body;
	size_t at;
};

static int next(struct wsgi_body *body, const void **data, size_t *len)
{
	static const char *const texts[] = {"chunk 0\n", "chunk 1\n", "chunk 2\n", NULL};
	struct chunks *c = container_of(body, struct chunks, body);

	if (texts[c->at] == NULL)
		return 0;
	*data = texts[c->at++];
	*len = strlen(*data);
	return 1;
}

static int close_chunks(struct wsgi_body *body)
{
	free(container_of(body, struct chunks, body));
	return 0;
}

static int call(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		struct wsgi_body **body)
{
	static const struct wsgi_header type = {"Content-Type", "text/plain"};
	struct chunks *c = calloc(1, sizeof(*c));
	int rc;

	(void)app;
	(void)env;
	if (c == NULL)
		return -ENOMEM;
	c->body = (struct wsgi_body){.next = next, .close = close_chunks};
	rc = start->respond(start, "200 OK", &type, 1, NULL);
	if (rc == 0)
		*body = &c->body;
	else
		free(c);
	return rc;
}

struct wsgi_app application = {.call = call};
