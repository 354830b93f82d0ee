#include "serve/status.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/buf.h"
#include "base/container.h"
#include "serve/status_facts.h"
#include "serve/status_html.h"
#include "serve/status_json.h"
#include "serve/status_openmetrics.h"
#include "serve/status_text.h"
#include "serve/status_xml.h"
#include "wsgi/body.h"
#include "wsgi/query.h"

/* -- answers ----------------------------------------------------------------------------------- */

enum { NONCE_SIZE = 33, POLICY_SIZE = 200, MAX_HEADERS = 5 };

/* An answer that no cache keeps: PHP-FPM's two headers. */
static int reply(struct wsgi_start *start, struct wsgi_body **body, const char *status,
		 const struct wsgi_header *more, size_t n, struct wsgi_span text)
{
	struct wsgi_header headers[2 + MAX_HEADERS] = {
		{"Expires", "Thu, 01 Jan 1970 00:00:00 GMT"},
		{"Cache-Control", "no-cache, no-store, must-revalidate, max-age=0"},
	};

	for (size_t i = 0; i < n && i < MAX_HEADERS; i++)
		headers[2 + i] = more[i];
	return wsgi_reply_bytes(start, body, status, headers, 2 + n, text.data, text.len);
}

static int reply_line(struct wsgi_start *start, struct wsgi_body **body, const char *status,
		      const char *line)
{
	static const struct wsgi_header type = {"Content-Type", "text/plain; charset=utf-8"};

	return reply(start, body, status, &type, 1, wsgi_span_of(line));
}

static bool is_read(const struct wsgi_environ *env)
{
	const char *method = wsgi_environ_get(env, "REQUEST_METHOD");

	return method == NULL || strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

static int refuse_method(struct wsgi_start *start, struct wsgi_body **body)
{
	static const struct wsgi_header headers[] = {
		{"Content-Type", "text/plain; charset=utf-8"},
		{"Allow", "GET, HEAD"},
	};

	return reply(start, body, "405 Method Not Allowed", headers, 2,
		     wsgi_span_of("GET or HEAD, please.\n"));
}

/* -- the status -------------------------------------------------------------------------------- */

/* The forms, the first that a query names counts; text where it names none. */
enum form { HTML, XML, JSON, OPENMETRICS, TEXT };

static const struct {
	const char *word, *type;
} forms[] = {
	[HTML] = {"html", "text/html; charset=utf-8"},
	[XML] = {"xml", "text/xml; charset=utf-8"},
	[JSON] = {"json", "application/json"},
	[OPENMETRICS] = {"openmetrics", WSGI_STATUS_OPENMETRICS_TYPE},
	[TEXT] = {"", "text/plain; charset=utf-8"},
};

static int read_query(const struct wsgi_environ *env, enum form *form, bool *full)
{
	const char *text = wsgi_environ_get(env, "QUERY_STRING");
	struct wsgi_span name, value;
	struct wsgi_query query;
	int rc;

	*form = TEXT;
	*full = false;
	wsgi_query_init(&query, wsgi_span_of(text != NULL ? text : ""));
	while ((rc = wsgi_query_next(&query, &name, &value)) == 1) {
		*full = *full || wsgi_span_is(name, "full");
		for (enum form f = HTML; f < *form; f++)
			if (wsgi_span_is(name, forms[f].word))
				*form = f;
	}
	wsgi_query_finish(&query);
	return rc;
}

static int make_nonce(char nonce[NONCE_SIZE])
{
	unsigned char bytes[16];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return -EIO;
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(nonce + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

/* A page in which nothing of a client's runs, were it not escaped. */
static int reply_html(struct wsgi_start *start, struct wsgi_body **body, struct wsgi_buf *out,
		      const struct wsgi_status_facts *facts)
{
	char nonce[NONCE_SIZE], policy[POLICY_SIZE];
	const struct wsgi_header headers[] = {
		{"Content-Type", forms[HTML].type},
		{"Content-Security-Policy", policy},
		{"X-Content-Type-Options", "nosniff"},
	};
	int rc = make_nonce(nonce);

	if (rc != 0)
		return rc;
	snprintf(policy, sizeof(policy),
		 "default-src 'none'; connect-src 'self'; script-src 'nonce-%s'; "
		 "style-src 'nonce-%s'; base-uri 'none'; form-action 'none'",
		 nonce, nonce);
	rc = wsgi_status_html(out, facts, nonce);
	if (rc != 0)
		return rc;
	return reply(start, body, "200 OK", headers, sizeof(headers) / sizeof(headers[0]),
		     (struct wsgi_span){out->data, out->len});
}

static int write_form(struct wsgi_buf *out, enum form form, const struct wsgi_status_facts *facts,
		      bool full)
{
	switch (form) {
	case XML:
		return wsgi_status_xml(out, facts, full);
	case JSON:
		return wsgi_status_json(out, facts, full);
	case OPENMETRICS:
		return wsgi_status_openmetrics(out, facts, full);
	default:
		return wsgi_status_text(out, facts, full);
	}
}

static int reply_form(struct wsgi_start *start, struct wsgi_body **body, struct wsgi_buf *out,
		      enum form form, const struct wsgi_status_facts *facts, bool full)
{
	const struct wsgi_header headers[] = {
		{"Content-Type", forms[form].type},
		{"X-Content-Type-Options", "nosniff"},
	};
	int rc = write_form(out, form, facts, full);

	if (rc != 0)
		return rc;
	return reply(start, body, "200 OK", headers, sizeof(headers) / sizeof(headers[0]),
		     (struct wsgi_span){out->data, out->len});
}

static int call_status(struct wsgi_app *app, const struct wsgi_environ *env,
		       struct wsgi_start *start, struct wsgi_body **body)
{
	struct wsgi_status *s = container_of(app, struct wsgi_status, app);
	struct wsgi_status_facts facts;
	struct wsgi_buf out = {0};
	enum form form;
	bool full;
	int rc;

	if (!is_read(env))
		return refuse_method(start, body);
	rc = read_query(env, &form, &full);
	if (rc != 0)
		return rc;
	wsgi_status_facts_read(&facts, &s->board);
	if (form == HTML)
		rc = reply_html(start, body, &out, &facts);
	else
		rc = reply_form(start, body, &out, form, &facts, full);
	wsgi_buf_finish(&out);
	return rc;
}

/* -- pings ------------------------------------------------------------------------------------- */

static int call_ping(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		     struct wsgi_body **body)
{
	(void)app;
	if (!is_read(env))
		return refuse_method(start, body);
	return reply_line(start, body, "200 OK", "pong");
}

static int call_health(struct wsgi_app *app, const struct wsgi_environ *env,
		       struct wsgi_start *start, struct wsgi_body **body)
{
	struct wsgi_status *s = container_of(app, struct wsgi_status, health);
	struct wsgi_status_facts facts;
	const char *why;

	if (!is_read(env))
		return refuse_method(start, body);
	wsgi_status_facts_read(&facts, &s->board);
	if (wsgi_status_facts_healthy(&facts, &why))
		return reply_line(start, body, "200 OK", "pong");
	return reply_line(start, body, "503 Service Unavailable", why);
}

/* -- which ------------------------------------------------------------------------------------- */

void wsgi_status_init(struct wsgi_status *s, const struct wsgi_board *board)
{
	*s = (struct wsgi_status){
		.app = {.call = call_status},
		.ping = {.call = call_ping},
		.health = {.call = call_health},
		.board = *board,
	};
}

/* Whether the two, one behind the other, are a path. */
static bool is_path(const char *script_name, const char *path_info, const char *path)
{
	const size_t len = strlen(script_name);

	return path != NULL && strncmp(path, script_name, len) == 0 &&
	       strcmp(path + len, path_info) == 0;
}

struct wsgi_app *wsgi_status_find(struct wsgi_status *s, const struct wsgi_environ *env,
				  const char *status_path, const char *ping_path)
{
	const char *script_name = wsgi_environ_get(env, "SCRIPT_NAME");
	const char *path_info = wsgi_environ_get(env, "PATH_INFO");

	script_name = script_name != NULL ? script_name : "";
	path_info = path_info != NULL ? path_info : "";
	if (is_path(script_name, path_info, status_path))
		return &s->app;
	return is_path(script_name, path_info, ping_path) ? &s->ping : NULL;
}
