/* The environ that the application sees, an entry a line: NAME=value, both in hex. */
#include "reply.h"
#include "wsgi/uri.h"

static int add_hex(struct wsgi_buf *out, const char *data, size_t len)
{
	int rc = 0;

	for (size_t i = 0; i < len && rc == 0; i++)
		rc = wsgi_buf_addf(out, "%02x", (unsigned char)data[i]);
	return rc;
}

static int add_entry(struct wsgi_buf *out, struct wsgi_span name, struct wsgi_span value)
{
	int rc = add_hex(out, name.data, name.len);

	if (rc == 0)
		rc = wsgi_buf_adds(out, "=");
	if (rc == 0)
		rc = add_hex(out, value.data, value.len);
	return rc == 0 ? wsgi_buf_adds(out, "\n") : rc;
}

static int add_text(struct wsgi_buf *out, const char *name, const char *value)
{
	return add_entry(out, (struct wsgi_span){name, strlen(name)},
			 (struct wsgi_span){value, strlen(value)});
}

static int add_uri(struct wsgi_buf *out, const struct wsgi_environ *env)
{
	struct wsgi_buf uri = {0};
	int rc = wsgi_request_uri(env, true, &uri);

	if (rc == 0)
		rc = add_entry(out, (struct wsgi_span){"uri", 3},
			       (struct wsgi_span){uri.data, uri.len});
	else if (rc == -ENOENT)
		rc = 0;
	wsgi_buf_finish(&uri);
	return rc;
}

static int call(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		struct wsgi_body **body)
{
	static const struct wsgi_header type = {"Content-Type", "text/plain"};
	struct wsgi_buf text = {0};
	int rc = add_text(&text, "wsgi.url_scheme", env->url_scheme);

	(void)app;
	for (size_t i = 0; i < env->len && rc == 0; i++) {
		struct wsgi_span name, value;

		wsgi_environ_at(env, i, &name, &value);
		rc = add_entry(&text, name, value);
	}
	if (rc == 0)
		rc = add_uri(&text, env);
	return reply(&text, rc, start, &type, 1, body);
}

struct wsgi_app application = {.call = call};
