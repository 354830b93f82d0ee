/*
 * The request's environ as text, a line for each variable. What the server left out is made up by
 * setup_testing_defaults(), so that the application runs in any test.
 *
 *	cc -shared -fPIC -o env_dump.so env_dump.c $(pkg-config --cflags --libs libwsgi)
 *	wsgi-serve ./env_dump.so
 */
#include <wsgi.h>

static int add_line(struct wsgi_buf *page, struct wsgi_span name, struct wsgi_span value)
{
	int rc = wsgi_buf_add(page, name.data, name.len);

	if (rc == 0)
		rc = wsgi_buf_adds(page, ": ");
	if (rc == 0)
		rc = wsgi_buf_add(page, value.data, value.len);
	return rc == 0 ? wsgi_buf_adds(page, "\n") : rc;
}

static int add_environ(struct wsgi_buf *page, const struct wsgi_environ *env)
{
	struct wsgi_span name, value;
	int rc = 0;

	for (size_t i = 0; i < env->len && rc == 0; i++) {
		wsgi_environ_at(env, i, &name, &value);
		rc = add_line(page, name, value);
	}
	return rc == 0 ? add_line(page, wsgi_span_of("wsgi.url_scheme"),
				  wsgi_span_of(env->url_scheme))
		       : rc;
}

static int env_dump(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		    struct wsgi_body **body)
{
	static const struct wsgi_header type = {"Content-Type", "text/plain; charset=utf-8"};
	struct wsgi_environ own;
	struct wsgi_buf page = {0};
	int rc;

	(void)app;
	wsgi_environ_init(&own);
	rc = wsgi_environ_copy(&own, env);
	if (rc == 0)
		rc = wsgi_setup_testing_defaults(&own);
	if (rc == 0)
		rc = add_environ(&page, &own);
	if (rc == 0)
		rc = wsgi_reply_bytes(start, body, "200 OK", &type, 1, page.data, page.len);
	wsgi_buf_finish(&page);
	wsgi_environ_finish(&own);
	return rc;
}

struct wsgi_app application = {.call = env_dump};
