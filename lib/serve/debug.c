#include "serve/debug.h"

#include <errno.h>
#include <string.h>

#include "base/container.h"
#include "base/log.h"
#include "serve/debug_page.h"
#include "serve/local.h"
#include "server/server.h"
#include "wsgi/body.h"
#include "wsgi/trace.h"

int wsgi_debug_check(const char *address, struct wsgi_error *err)
{
	if (wsgi_local_host(address))
		return 0;
	return wsgi_fail(err, -EINVAL,
			 "--debug shows the program to whoever can connect: it listens on "
			 "127.0.0.1:PORT or [::1]:PORT only, not on %s",
			 address);
}

/* ServerHandler, which takes the exception apart before it is logged, and so gone. */
struct debug_handler {
	struct wsgi_server_handler server;
	void (*log_exception)(struct wsgi_handler *h); /* ServerHandler's */
	struct wsgi_trace trace;
};

static struct debug_handler *debug(struct wsgi_handler *h)
{
	return container_of(h, struct debug_handler, server.simple.base);
}

static void log_exception(struct wsgi_handler *h)
{
	struct debug_handler *d = debug(h);

	wsgi_trace_finish(&d->trace);
	if (!h->headers_sent && h->error.code == WSGI_RAISED && h->app->trace != NULL &&
	    h->app->trace(h->app, &d->trace) != 0)
		wsgi_trace_finish(&d->trace); /* half of it would mislead */
	d->log_exception(h);
}

/* What the page tells when there is no exception: the words that stand in the log. */
static int add_words(struct wsgi_trace *t, const struct wsgi_error *e)
{
	const char *type = e->code == WSGI_RAISED ? "The application failed" : strerror(-e->code);

	return wsgi_trace_add_error(t, type, e->text, WSGI_TRACE_LAST);
}

static int render(struct debug_handler *d, struct wsgi_buf *page, bool html)
{
	const struct wsgi_handler *h = &d->server.simple.base;
	int rc = 0;

	if (d->trace.errors_len == 0)
		rc = add_words(&d->trace, &h->error);
	if (rc != 0)
		return rc;
	return html ? wsgi_debug_page_html(page, &d->trace, &h->environ)
		    : wsgi_debug_page_text(page, &d->trace, &h->environ);
}

/* Nothing is fetched or run, no cache keeps it, and no other site's page has any of it. */
static const struct wsgi_header html_headers[] = {
	{"Content-Type", "text/html; charset=utf-8"},
	{"Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; "
				    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
	{"Cache-Control", "no-store"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
	{"X-Content-Type-Options", "nosniff"},
};
static const struct wsgi_header text_headers[] = {
	{"Content-Type", "text/plain; charset=utf-8"},
	{"Cache-Control", "no-store"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
	{"X-Content-Type-Options", "nosniff"},
};

static int answer(struct wsgi_handler *h, struct wsgi_start *start, struct wsgi_body **body,
		  bool html, const struct wsgi_buf *page)
{
	const struct wsgi_header *headers = html ? html_headers : text_headers;
	size_t n = html ? sizeof(html_headers) / sizeof(html_headers[0])
			: sizeof(text_headers) / sizeof(text_headers[0]);

	*body = wsgi_bytes_body(page->data, page->len);
	if (*body == NULL)
		return -ENOMEM;
	return start->respond(start, h->error_status, headers, n, &h->error);
}

static bool is_for_developer(struct wsgi_handler *h)
{
	const struct wsgi_log *log = wsgi_server_ctx(debug(h)->server.request->server);
	const char *host = wsgi_environ_get(&h->environ, "HTTP_HOST");
	struct wsgi_span proxys;

	if (wsgi_local_proxy(&h->environ, &proxys)) {
		wsgi_log(log, WSGI_LOG_WARNING,
			 "the page with the traceback is not for who comes through a proxy (%.*s)",
			 (int)proxys.len, proxys.data);
		return false;
	}
	if (wsgi_local_host(host))
		return true;
	wsgi_log(log, WSGI_LOG_WARNING,
		 "the page with the traceback is for http://localhost and http://127.0.0.1 only, "
		 "not for Host '%s'",
		 host != NULL ? host : "");
	return false;
}

static int error_output(struct wsgi_handler *h, struct wsgi_start *start, struct wsgi_body **body)
{
	bool html = wsgi_debug_page_wants_html(wsgi_environ_get(&h->environ, "HTTP_ACCEPT"));
	struct wsgi_buf page = {0};
	int rc;

	if (!is_for_developer(h) || render(debug(h), &page, html) != 0)
		rc = wsgi_handler_error_output(h, start, body);
	else
		rc = answer(h, start, body, html, &page);
	wsgi_buf_finish(&page);
	return rc;
}

static void handle(struct wsgi_request_handler *r)
{
	struct debug_handler d;

	wsgi_server_handler_init(&d.server, r);
	wsgi_trace_init(&d.trace);
	d.log_exception = d.server.ops.log_exception;
	d.server.ops.log_exception = log_exception;
	d.server.ops.error_output = error_output;
	wsgi_server_handler_run(&d.server);
	wsgi_trace_finish(&d.trace);
}

const struct wsgi_request_handler_ops wsgi_debug_class = {.handle = handle};
