#include "wsgi/uri.h"

#include <errno.h>
#include <string.h>

#include "wsgi/errors.h"
#include "wsgi/input.h"

/* What urllib.parse.quote() leaves as it is, besides the safe characters it is given. */
static const char unreserved[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~";

static struct wsgi_span get(const struct wsgi_environ *env, const char *name)
{
	struct wsgi_span value = {.data = "", .len = 0};

	wsgi_environ_find(env, name, &value);
	return value;
}

const char *wsgi_guess_scheme(const struct wsgi_environ *env)
{
	const struct wsgi_span https = get(env, "HTTPS");

	if (wsgi_span_is(https, "yes") || wsgi_span_is(https, "on") || wsgi_span_is(https, "1"))
		return "https";
	return "http";
}

static int add(struct wsgi_buf *out, struct wsgi_span s)
{
	return wsgi_buf_add(out, s.data, s.len);
}

static int add_quoted(struct wsgi_buf *out, struct wsgi_span s, const char *safe)
{
	int rc = 0;

	for (size_t i = 0; i < s.len && rc == 0; i++) {
		const char c = s.data[i];

		if (c != '\0' && (strchr(unreserved, c) != NULL || strchr(safe, c) != NULL))
			rc = wsgi_buf_add(out, &c, 1);
		else
			rc = wsgi_buf_addf(out, "%%%02X", (unsigned char)c);
	}
	return rc;
}

/* "name", or "name:port" when the port is not the scheme's own. */
static int add_server(const struct wsgi_environ *env, struct wsgi_buf *out)
{
	const bool is_https = strcmp(env->url_scheme, "https") == 0;
	struct wsgi_span name, port;
	int rc;

	if (!wsgi_environ_find(env, "SERVER_NAME", &name) ||
	    !wsgi_environ_find(env, "SERVER_PORT", &port))
		return -ENOENT;
	rc = add(out, name);
	if (rc != 0 || wsgi_span_is(port, is_https ? "443" : "80"))
		return rc;
	rc = wsgi_buf_adds(out, ":");
	return rc == 0 ? add(out, port) : rc;
}

static int add_application_uri(const struct wsgi_environ *env, struct wsgi_buf *out)
{
	const struct wsgi_span host = get(env, "HTTP_HOST");
	struct wsgi_span script = get(env, "SCRIPT_NAME");
	int rc;

	if (env->url_scheme == NULL)
		return -ENOENT;
	rc = wsgi_buf_adds(out, env->url_scheme);
	if (rc == 0)
		rc = wsgi_buf_adds(out, "://");
	if (rc == 0)
		rc = host.len > 0 ? add(out, host) : add_server(env, out);
	if (script.len == 0)
		script = wsgi_span_of("/");
	return rc == 0 ? add_quoted(out, script, "/") : rc;
}

static int add_request_uri(const struct wsgi_environ *env, bool include_query, struct wsgi_buf *out)
{
	const struct wsgi_span query = get(env, "QUERY_STRING");
	int rc = add_application_uri(env, out);
	size_t at = out->len;

	if (rc == 0)
		rc = add_quoted(out, get(env, "PATH_INFO"), "/;=,");
	/* The "/" that stands in for SCRIPT_NAME takes the place of the first character. */
	if (rc == 0 && get(env, "SCRIPT_NAME").len == 0 && out->len > at)
		memmove(out->data + at, out->data + at + 1, --out->len - at);
	if (rc != 0 || !include_query || query.len == 0)
		return rc;
	rc = wsgi_buf_adds(out, "?");
	return rc == 0 ? add(out, query) : rc;
}

int wsgi_application_uri(const struct wsgi_environ *env, struct wsgi_buf *out)
{
	const size_t before = out->len;
	int rc = add_application_uri(env, out);

	if (rc != 0)
		out->len = before;
	return rc;
}

int wsgi_request_uri(const struct wsgi_environ *env, bool include_query, struct wsgi_buf *out)
{
	const size_t before = out->len;
	int rc = add_request_uri(env, include_query, out);

	if (rc != 0)
		out->len = before;
	return rc;
}

static bool has_slash(struct wsgi_span path)
{
	return path.len > 0 && memchr(path.data, '/', path.len) != NULL;
}

static bool is_idle(struct wsgi_span segment)
{
	return segment.len == 0 || wsgi_span_is(segment, ".");
}

/*
 * Split path into the segment to shift and what is left, without the idle segments in between.
 * Only the last segment may be shifted though it is empty or ".".
 */
static int split_path(struct wsgi_span path, struct wsgi_span *name, struct wsgi_buf *rest)
{
	bool shifted = false;
	int rc;

	rc = add(rest, wsgi_span_cut(&path, '/')); /* before the first "/": as a rule, nothing */
	while (rc == 0 && has_slash(path)) {
		const struct wsgi_span segment = wsgi_span_cut(&path, '/');

		if (is_idle(segment))
			continue;
		if (shifted) {
			rc = wsgi_buf_adds(rest, "/");
			if (rc == 0)
				rc = add(rest, segment);
		} else {
			*name = segment;
			shifted = true;
		}
	}
	if (!shifted) {
		*name = path;
		return rc;
	}
	if (rc == 0)
		rc = wsgi_buf_adds(rest, "/");
	return rc == 0 ? add(rest, path) : rc;
}

/* Take the last segment off what stands in out from start, unless it is ".." or there is none. */
static bool drop_segment(struct wsgi_buf *out, size_t start)
{
	size_t at = out->len;

	while (at > start && out->data[at - 1] != '/')
		at--;
	if (at == out->len ||
	    wsgi_span_is((struct wsgi_span){.data = out->data + at, .len = out->len - at}, ".."))
		return false;
	out->len = at > start ? at - 1 : at;
	return true;
}

/* Append path as posixpath.normpath() writes it. */
static int add_normal(struct wsgi_buf *out, struct wsgi_span path)
{
	size_t slashes = 0, start;
	int rc;

	while (slashes < path.len && path.data[slashes] == '/')
		slashes++;
	/* Two of them mean something of their own in POSIX, three or more are one. */
	rc = wsgi_buf_add(out, "//", slashes > 2 ? 1 : slashes);
	start = out->len;
	while (rc == 0 && path.len > 0) {
		const struct wsgi_span segment = wsgi_span_cut(&path, '/');
		const bool is_up = wsgi_span_is(segment, "..");

		if (is_idle(segment) || (is_up && drop_segment(out, start)) ||
		    (is_up && slashes > 0 && out->len == start))
			continue;
		if (out->len > start)
			rc = wsgi_buf_adds(out, "/");
		if (rc == 0)
			rc = add(out, segment);
	}
	return rc == 0 && slashes == 0 && out->len == start ? wsgi_buf_adds(out, ".") : rc;
}

/* Append SCRIPT_NAME with name after it. */
static int add_script_name(struct wsgi_buf *out, struct wsgi_span script, struct wsgi_span name)
{
	struct wsgi_buf joined = {0};
	int rc = add(&joined, script);

	if (rc == 0)
		rc = wsgi_buf_adds(&joined, "/");
	if (rc == 0)
		rc = add(&joined, name);
	if (rc == 0)
		rc = add_normal(out, (struct wsgi_span){.data = joined.data, .len = joined.len});
	wsgi_buf_finish(&joined);
	if (rc != 0)
		return rc;
	if (out->len > 0 && out->data[out->len - 1] == '/')
		out->len--;
	if (name.len == 0 && (out->len == 0 || out->data[out->len - 1] != '/'))
		rc = wsgi_buf_adds(out, "/");
	return rc;
}

static int set(struct wsgi_environ *env, const char *name, const struct wsgi_buf *value)
{
	return wsgi_environ_set_span(env, wsgi_span_of(name),
				     (struct wsgi_span){.data = value->data, .len = value->len});
}

int wsgi_shift_path_info(struct wsgi_environ *env, struct wsgi_buf *segment)
{
	const struct wsgi_span path = get(env, "PATH_INFO");
	struct wsgi_buf script = {0}, rest = {0};
	struct wsgi_span name;
	int rc;

	if (path.len == 0)
		return 0;
	if (!has_slash(path))
		return -EINVAL;
	rc = split_path(path, &name, &rest);
	if (rc == 0)
		rc = add_script_name(&script, get(env, "SCRIPT_NAME"), name);
	/* name lies in the PATH_INFO that is about to go. */
	if (rc == 0 && !wsgi_span_is(name, "."))
		rc = add(segment, name) == 0 ? 1 : -ENOMEM;
	if (rc >= 0 && set(env, "SCRIPT_NAME", &script) != 0)
		rc = -ENOMEM;
	if (rc >= 0 && set(env, "PATH_INFO", &rest) != 0)
		rc = -ENOMEM;
	wsgi_buf_finish(&script);
	wsgi_buf_finish(&rest);
	return rc;
}

int wsgi_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int wsgi_percent_decode(struct wsgi_span text, struct wsgi_buf *out)
{
	int rc = wsgi_buf_reserve(out, text.len);

	for (size_t i = 0; i < text.len && rc == 0; i++) {
		char c = text.data[i];

		if (c == '%' && text.len - i > 2 && wsgi_hex_digit(text.data[i + 1]) >= 0 &&
		    wsgi_hex_digit(text.data[i + 2]) >= 0) {
			c = (char)(wsgi_hex_digit(text.data[i + 1]) * 16 +
				   wsgi_hex_digit(text.data[i + 2]));
			i += 2;
		}
		rc = wsgi_buf_add(out, &c, 1);
	}
	return rc;
}

/* setdefault() for a value that may hold any byte. */
static int set_default(struct wsgi_environ *env, const char *name, struct wsgi_span value)
{
	struct wsgi_span old;

	if (wsgi_environ_find(env, name, &old))
		return 0;
	return wsgi_environ_set_span(env, wsgi_span_of(name), value);
}

static int forget(struct wsgi_errors *errors, const char *data, size_t len)
{
	(void)errors;
	(void)data;
	(void)len;
	return 0;
}

/* Any number of environs share them: an input without read is empty, and never written to. */
static struct wsgi_input no_input = {.read = NULL};
static struct wsgi_errors no_errors = {.write = forget};

int wsgi_setup_testing_defaults(struct wsgi_environ *env)
{
	const bool has_path = wsgi_environ_get(env, "SCRIPT_NAME") != NULL ||
			      wsgi_environ_get(env, "PATH_INFO") != NULL;
	int rc = wsgi_environ_setdefault(env, "SERVER_NAME", "127.0.0.1");

	if (rc == 0)
		rc = wsgi_environ_setdefault(env, "SERVER_PROTOCOL", "HTTP/1.0");
	if (rc == 0)
		rc = set_default(env, "HTTP_HOST", get(env, "SERVER_NAME"));
	if (rc == 0)
		rc = wsgi_environ_setdefault(env, "REQUEST_METHOD", "GET");
	if (rc == 0 && !has_path)
		rc = wsgi_environ_setdefault(env, "SCRIPT_NAME", "");
	if (rc == 0 && !has_path)
		rc = wsgi_environ_setdefault(env, "PATH_INFO", "/");
	if (env->input == NULL)
		env->input = &no_input;
	if (env->errors == NULL)
		env->errors = &no_errors;
	if (env->url_scheme == NULL)
		env->url_scheme = wsgi_guess_scheme(env);
	if (rc == 0 && strcmp(env->url_scheme, "http") == 0)
		rc = wsgi_environ_setdefault(env, "SERVER_PORT", "80");
	if (rc == 0 && strcmp(env->url_scheme, "https") == 0)
		rc = wsgi_environ_setdefault(env, "SERVER_PORT", "443");
	return rc;
}
