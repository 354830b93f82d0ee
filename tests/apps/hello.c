/* hello METHOD PATH BODY, and how many headers came. */
#include <stdio.h>

#include "reply.h"

static size_t count_headers(const struct wsgi_environ *env)
{
	size_t n = 0;

	for (size_t i = 0; i < env->len; i++) {
		struct wsgi_span name, value;

		wsgi_environ_at(env, i, &name, &value);
		if (name.len >= 5 && memcmp(name.data, "HTTP_", 5) == 0)
			n++;
	}
	return n;
}

static int hello(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		 struct wsgi_body **body)
{
	char keys[24];
	const struct wsgi_header headers[] = {{"Content-Type", "text/plain"}, {"X-Keys", keys}};
	struct wsgi_buf text = {0};
	int rc;

	(void)app;
	snprintf(keys, sizeof(keys), "%zu", count_headers(env));
	rc = wsgi_buf_addf(&text, "hello %s %s ", value_of(env, "REQUEST_METHOD"),
			   value_of(env, "PATH_INFO"));
	if (rc == 0)
		rc = add_input(env, &text);
	return reply(&text, rc, start, headers, 2, body);
}

struct wsgi_app application = {.call = hello};
