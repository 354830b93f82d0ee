/* A request's path: shifted segment by segment to its end, quoted in a URI, and decoded. */
#include "wsgi/uri.h"

#include <ctype.h>
#include <errno.h>

#include "../fuzz.h"

static struct wsgi_span value(const struct wsgi_environ *env, const char *name)
{
	struct wsgi_span s = {"", 0};

	wsgi_environ_find(env, name, &s);
	return s;
}

static void set(struct wsgi_environ *env, const char *name, struct wsgi_span s)
{
	must(wsgi_environ_set_span(env, wsgi_span_of(name), s) == 0);
}

static struct wsgi_span span(const struct wsgi_buf *b)
{
	return (struct wsgi_span){b->data, b->len};
}

static size_t count(struct wsgi_span s, char c)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += s.data[i] == c;
	return n;
}

static bool begins(struct wsgi_span s, char c)
{
	return s.len > 0 && s.data[0] == c;
}

static bool ends(struct wsgi_span s, char c)
{
	return s.len > 0 && s.data[s.len - 1] == c;
}

/* -- shift_path_info --------------------------------------------------------------------------- */

/* Add path's segments, each with a "/", but none that is empty or "."; false: there is a "..". */
static bool add_segments(struct wsgi_buf *out, struct wsgi_span path)
{
	size_t len;

	for (; path.len > 0; path.data += len, path.len -= len) {
		for (len = 0; len < path.len && path.data[len] != '/';)
			len++;
		if (len == 2 && memcmp(path.data, "..", 2) == 0)
			return false;
		if (len > 1 || (len == 1 && path.data[0] != '.'))
			must(wsgi_buf_add(out, "/", 1) == 0 &&
			     wsgi_buf_add(out, path.data, len) == 0);
		len += len < path.len;
	}
	return true;
}

/* The segments of SCRIPT_NAME and PATH_INFO. */
static bool segments(const struct wsgi_environ *env, struct wsgi_buf *out)
{
	out->len = 0;
	return add_segments(out, value(env, "SCRIPT_NAME")) &&
	       add_segments(out, value(env, "PATH_INFO"));
}

/* Once: 1 if there may be more. The whole path stays what it is. */
static int shift(struct wsgi_environ *env)
{
	struct wsgi_buf before = {0}, after = {0}, segment = {0};
	const struct wsgi_span path = value(env, "PATH_INFO");
	const bool is_absolute = begins(path, '/'), is_plain = segments(env, &before);
	const size_t len = path.len, slashes = count(path, '/');
	int rc = wsgi_shift_path_info(env, &segment);

	if (rc == 1) {
		must(value(env, "PATH_INFO").len < len);
		must(count(span(&segment), '/') == 0 && !wsgi_span_is(span(&segment), "."));
	} else {
		must(segment.len == 0);
		must(rc == (len > 0 && slashes == 0 ? -EINVAL : 0));
	}
	if (rc >= 0 && is_absolute && is_plain) {
		must(segments(env, &after));
		must(same(span(&before), span(&after)));
	}
	wsgi_buf_finish(&before);
	wsgi_buf_finish(&after);
	wsgi_buf_finish(&segment);
	return rc;
}

static void shift_to_the_end(struct wsgi_span script, struct wsgi_span path)
{
	const size_t most = count(path, '/') + 1;
	const bool slash = ends(path, '/'), clear = begins(path, '/') && !ends(script, '/');
	struct wsgi_environ env = {0};
	struct wsgi_buf all = {0};
	bool is_plain;
	size_t n = 0;
	int rc;

	set(&env, "SCRIPT_NAME", script);
	set(&env, "PATH_INFO", path);
	is_plain = segments(&env, &all);
	while ((rc = shift(&env)) == 1)
		must(++n <= most);
	must(count(value(&env, "PATH_INFO"), '/') == 0);
	must(rc == 0 || !begins(path, '/'));
	if (clear && is_plain)
		must(ends(value(&env, "SCRIPT_NAME"), '/') == slash);
	wsgi_buf_finish(&all);
	wsgi_environ_finish(&env);
}

/* -- percent_decode ---------------------------------------------------------------------------- */

static void check_decode(struct wsgi_span text)
{
	struct wsgi_buf out = {0}, want = {0};

	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i], digits[3] = "";

		if (c == '%' && i + 2 < text.len && isxdigit((unsigned char)text.data[i + 1]) &&
		    isxdigit((unsigned char)text.data[i + 2])) {
			memcpy(digits, text.data + i + 1, 2);
			c = (char)strtoul(digits, NULL, 16);
			i += 2;
		}
		must(wsgi_buf_add(&want, &c, 1) == 0);
	}
	must(wsgi_percent_decode(text, &out) == 0);
	must(same(span(&out), span(&want)));
	wsgi_buf_finish(&out);
	wsgi_buf_finish(&want);
}

/* -- application_uri, request_uri -------------------------------------------------------------- */

/* Whether all of it may stand in a URI's path: RFC 3986, 3.3, of which wsgiref quotes more. */
static bool is_quoted(struct wsgi_span s, const char *safe)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] == '%' && i + 2 < s.len && isxdigit((unsigned char)s.data[i + 1]) &&
		    isxdigit((unsigned char)s.data[i + 2]))
			continue;
		if (!isalnum((unsigned char)s.data[i]) &&
		    (s.data[i] == '\0' || strchr(safe, s.data[i]) == NULL))
			return false;
	}
	return true;
}

/* A quoted path says a and b, one after the other. */
static void means(struct wsgi_span quoted, struct wsgi_span a, struct wsgi_span b)
{
	struct wsgi_buf got = {0}, want = {0};

	must(wsgi_percent_decode(quoted, &got) == 0);
	must(wsgi_buf_add(&want, a.data, a.len) == 0 && wsgi_buf_add(&want, b.data, b.len) == 0);
	must(same(span(&got), span(&want)));
	wsgi_buf_finish(&got);
	wsgi_buf_finish(&want);
}

static struct wsgi_span without(const struct wsgi_buf *uri, const char *front)
{
	size_t len = strlen(front);

	must(uri->len >= len && memcmp(uri->data, front, len) == 0);
	return (struct wsgi_span){uri->data + len, uri->len - len};
}

static void check_uris(const struct wsgi_environ *env, const char *front)
{
	const struct wsgi_span script = value(env, "SCRIPT_NAME"), path = value(env, "PATH_INFO");
	const struct wsgi_span query = value(env, "QUERY_STRING"), slash = wsgi_span_of("/");
	struct wsgi_buf app = {0}, uri = {0}, full = {0};
	struct wsgi_span rest;

	must(wsgi_application_uri(env, &app) == 0);
	must(is_quoted(without(&app, front), "_.-~/"));
	means(without(&app, front), script.len > 0 ? script : slash, (struct wsgi_span){0});
	must(wsgi_request_uri(env, false, &uri) == 0);
	must(is_quoted(without(&uri, front), "_.-~/;=,"));
	if (script.len > 0)
		means(without(&uri, front), script, path);
	else if (path.len == 0 || path.data[0] == '/')
		means(without(&uri, front), path.len > 0 ? path : slash, (struct wsgi_span){0});
	must(wsgi_request_uri(env, true, &full) == 0);
	must(full.len >= uri.len && memcmp(full.data, uri.data, uri.len) == 0);
	rest = (struct wsgi_span){full.data + uri.len, full.len - uri.len};
	must(query.len == 0 ? rest.len == 0
			    : begins(rest, '?') &&
				      same((struct wsgi_span){rest.data + 1, rest.len - 1}, query));
	wsgi_buf_finish(&app);
	wsgi_buf_finish(&uri);
	wsgi_buf_finish(&full);
}

/* Without a Host the name and the port are needed, and what was in the buffer stays. */
static void check_server(struct wsgi_environ *env, uint8_t how)
{
	struct wsgi_buf out = {0};

	must(wsgi_buf_adds(&out, "before") == 0);
	if (how & 1)
		set(env, "SERVER_NAME", wsgi_span_of("s"));
	if (how & 2)
		set(env, "SERVER_PORT", wsgi_span_of(how & 4 ? "80" : "443"));
	env->url_scheme = how & 8 ? "https" : "http";
	if ((how & 3) != 3) {
		must(wsgi_application_uri(env, &out) == -ENOENT);
		must(wsgi_request_uri(env, true, &out) == -ENOENT);
		must(wsgi_span_is(span(&out), "before"));
	} else if (how & 8) {
		check_uris(env, how & 4 ? "https://s:80" : "https://s");
	} else {
		check_uris(env, how & 4 ? "http://s" : "http://s:443");
	}
	wsgi_buf_finish(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = {data, size};
	const uint8_t how = fuzz_byte(&f);
	struct wsgi_span script = fuzz_span(&f, 60), path = fuzz_span(&f, 200);
	struct wsgi_span query = fuzz_span(&f, 30);
	struct wsgi_environ env = {.url_scheme = "http"};

	shift_to_the_end(script, path);
	check_decode(path);
	set(&env, "SCRIPT_NAME", script);
	set(&env, "PATH_INFO", path);
	set(&env, "QUERY_STRING", query);
	check_server(&env, how);
	env.url_scheme = "https";
	set(&env, "HTTP_HOST", wsgi_span_of("h:1"));
	check_uris(&env, "https://h:1");
	wsgi_environ_finish(&env);
	fuzz_free(script);
	fuzz_free(path);
	fuzz_free(query);
	return 0;
}
