/* What wsgi/uri.h makes of a request's environ, in plain ASCII. */
#include "reply.h"
#include "wsgi/uri.h"

/* What a client wrote is latin-1 to Python, so that a byte above ASCII is two of UTF-8. */
static int add_escaped(struct wsgi_buf *out, const char *text, size_t len, bool latin1)
{
	int rc = 0;

	for (size_t i = 0; i < len && rc == 0; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c >= 0x80 && latin1)
			rc = wsgi_buf_addf(out, "%%%02X%%%02X", 0xc0 | c >> 6, 0x80 | (c & 0x3f));
		else if (c > 0x20 && c < 0x7f && c != '%' && c != '\'')
			rc = wsgi_buf_add(out, &c, 1);
		else
			rc = wsgi_buf_addf(out, "%%%02X", c);
	}
	return rc;
}

static int add_quoted(struct wsgi_buf *out, const char *text, size_t len)
{
	int rc = wsgi_buf_adds(out, "'");

	if (rc == 0)
		rc = add_escaped(out, text, len, true);
	return rc == 0 ? wsgi_buf_adds(out, "'") : rc;
}

static int add_string(struct wsgi_buf *out, const char *label, const char *text)
{
	int rc = wsgi_buf_adds(out, label);

	if (rc != 0 || text == NULL)
		return rc != 0 ? rc : wsgi_buf_adds(out, "None");
	return add_quoted(out, text, strlen(text));
}

/* The host is the client's header or the server's own name; the query is the client's. */
static int add_quoted_uri(struct wsgi_buf *out, const struct wsgi_buf *uri, bool host_latin1)
{
	const char *query = memchr(uri->data, '?', uri->len);
	size_t head = query != NULL ? (size_t)(query - uri->data) : uri->len;
	int rc = wsgi_buf_adds(out, "'");

	if (rc == 0)
		rc = add_escaped(out, uri->data, head, host_latin1);
	if (rc == 0 && query != NULL)
		rc = add_escaped(out, query, uri->len - head, true);
	return rc == 0 ? wsgi_buf_adds(out, "'") : rc;
}

/* Of a process's environment a request's own variables alone are bytes to Python. */
static bool host_is_latin1(const struct wsgi_environ *env)
{
	return !env->from_process || *value_of(env, "HTTP_HOST") != '\0';
}

static int add_uri(struct wsgi_buf *out, const char *label, const struct wsgi_environ *env,
		   bool whole, bool query)
{
	struct wsgi_buf uri = {0};
	int rc = wsgi_buf_adds(out, label), found;

	found = whole ? wsgi_request_uri(env, query, &uri) : wsgi_application_uri(env, &uri);
	if (rc == 0 && found == -ENOENT)
		rc = wsgi_buf_adds(out, "raises KeyError");
	else if (rc == 0)
		rc = found == 0 ? add_quoted_uri(out, &uri, host_is_latin1(env)) : found;
	wsgi_buf_finish(&uri);
	return rc;
}

/* Shift a segment and show what is left. Returns 1; 0 when the path is used up; -errno. */
static int add_shift(struct wsgi_buf *out, struct wsgi_environ *env)
{
	struct wsgi_buf segment = {0};
	int shifted = wsgi_shift_path_info(env, &segment);
	int rc = wsgi_buf_adds(out, "\nshift ");

	if (rc == 0 && shifted == 1)
		rc = add_quoted(out, segment.data, segment.len);
	else if (rc == 0 && shifted == -EINVAL)
		rc = wsgi_buf_adds(out, "raises IndexError");
	else if (rc == 0)
		rc = shifted == 0 ? wsgi_buf_adds(out, "None") : shifted;
	if (rc == 0)
		rc = add_string(out, " script ", wsgi_environ_get(env, "SCRIPT_NAME"));
	if (rc == 0)
		rc = add_string(out, " path ", wsgi_environ_get(env, "PATH_INFO"));
	wsgi_buf_finish(&segment);
	if (rc != 0)
		return rc;
	return shifted == 1 || (shifted == 0 && *value_of(env, "PATH_INFO") != '\0');
}

static int add_all(struct wsgi_buf *out, struct wsgi_environ *env)
{
	int rc = add_string(out, "scheme ", env->url_scheme);

	if (rc == 0)
		rc = add_string(out, "\nguess ", wsgi_guess_scheme(env));
	if (rc == 0)
		rc = add_uri(out, "\napp ", env, false, false);
	if (rc == 0)
		rc = add_uri(out, "\nuri ", env, true, true);
	if (rc == 0)
		rc = add_uri(out, "\nnoquery ", env, true, false);
	if (rc == 0)
		rc = 1;
	for (int i = 0; i < 12 && rc == 1; i++)
		rc = add_shift(out, env);
	return rc >= 0 ? wsgi_buf_adds(out, "\n") : rc;
}

static int call(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		struct wsgi_body **body)
{
	static const struct wsgi_header type = {"Content-Type", "text/plain"};
	struct wsgi_buf text = {0};
	struct wsgi_environ own;
	int rc;

	(void)app;
	wsgi_environ_init(&own);
	rc = wsgi_environ_copy(&own, env);
	if (rc == 0)
		rc = add_all(&text, &own);
	wsgi_environ_finish(&own);
	return reply(&text, rc, start, &type, 1, body);
}

struct wsgi_app application = {.call = call};
