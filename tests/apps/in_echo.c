/* The request's body, read whole by its Content-Length. */
#include <stdio.h>

#include "reply.h"

static int echo(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		struct wsgi_body **body)
{
	char len[24];
	const struct wsgi_header headers[] = {{"Content-Type", value_of(env, "CONTENT_TYPE")},
					      {"X-Read", len}};
	struct wsgi_buf text = {0};
	int rc;

	(void)app;
	rc = add_input(env, &text);
	snprintf(len, sizeof(len), "%zu", text.len);
	return reply(&text, rc, start, headers, 2, body);
}

struct wsgi_app application = {.call = echo};
