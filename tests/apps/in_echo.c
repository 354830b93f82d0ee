/* The request's body, read whole by its Content-Length. */
#include <stdio.h>

#include "reply.h"

static int echo(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		struct wsgi_body **body)
{
	char len[24];
	const struct wsgi_header headers[] = {{"Content-Type", value_of(env, "CONTENT_TYPE")},
					      {"X-Read", len}};
	struct reply *r = reply_create();
	int rc;

	(void)app;
	if (r == NULL)
		return -ENOMEM;
	rc = add_input(env, &r->text);
	snprintf(len, sizeof(len), "%zu", r->text.len);
	return reply_send(r, rc, start, headers, 2, body);
}

struct wsgi_app application = {.call = echo};
