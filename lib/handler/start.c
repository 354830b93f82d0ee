#include "handler/steps.h"
#include "wsgi/head.h"
#include "wsgi/status.h"

/* Nothing of what is refused is kept: not sent either, if the application swallows the error. */
static int set_head(struct wsgi_handler *h, const char *status, const struct wsgi_header *headers,
		    size_t n)
{
	struct wsgi_span text = wsgi_span_of(status);
	int rc = wsgi_head_check(status, headers, n, &h->error);

	h->status.len = 0;
	h->has_headers = false;
	wsgi_headers_clear(&h->headers);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = wsgi_headers_add_span(&h->headers, wsgi_span_of(headers[i].name),
					   wsgi_span_of(headers[i].value));
	if (rc == 0)
		rc = wsgi_buf_add(&h->status, text.data, text.len);
	h->has_headers = rc == 0;
	h->no_body =
		wsgi_status_has_no_body(wsgi_status_code(text)) || method_is(&h->environ, "HEAD");
	if (rc != 0) {
		wsgi_handler_blame(h, rc);
		h->refused = h->error;
	}
	return rc;
}

static int start_respond(struct wsgi_start *start, const char *status,
			 const struct wsgi_header *headers, size_t n, const struct wsgi_error *exc)
{
	struct wsgi_handler *h = wsgi_handler_of(start);

	if (exc != NULL && h->headers_sent) { /* too late for another page: the error goes on */
		h->error = *exc;
		if (h->error.code >= 0)
			h->error.code = -EALREADY;
		h->late = h->error.code;
		return -EALREADY;
	}
	if (exc == NULL && h->has_headers)
		return wsgi_fail(&h->error, -EPROTO, "Headers already set!");
	return set_head(h, status, headers, n);
}

static int start_write(struct wsgi_start *start, const void *data, size_t len)
{
	return wsgi_handler_write(wsgi_handler_of(start), data, len, true);
}

void wsgi_handler_init_start(struct wsgi_handler *h)
{
	h->start = (struct wsgi_start){
		.respond = start_respond,
		.write = start_write,
		.error = &h->error,
		.failure = &h->error,
	};
}
