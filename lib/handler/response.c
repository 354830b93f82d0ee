#include <sys/stat.h>

#include "handler/steps.h"
#include "wsgi/body.h"
#include "wsgi/status.h"

int wsgi_handler_transport(struct wsgi_handler *h, int rc)
{
	if (rc == -EPIPE || rc == -ECONNRESET || rc == -ECONNABORTED)
		h->client_left = true;
	else if (rc < 0)
		wsgi_fail(&h->error, rc, "the response cannot be sent: %s", strerror(-rc));
	return rc;
}

/* -- write() ----------------------------------------------------------------------------------- */

/* How many of len more bytes still fit into the Content-Length. */
static size_t within_length(const struct wsgi_handler *h, size_t len)
{
	uint64_t before = h->bytes_sent - len;

	if (h->content_length == UINT64_MAX || h->bytes_sent <= h->content_length)
		return len;
	return before < h->content_length ? (size_t)(h->content_length - before) : 0;
}

/* There is no head, and so no response: it was not given, or what was given was refused. */
static int not_started(struct wsgi_handler *h, int code, const char *text)
{
	if (h->refused.code == 0)
		return wsgi_fail(&h->error, code, "%s", text);
	return wsgi_fail(&h->error, code, "start_response() was refused: %s", h->refused.text);
}

int wsgi_handler_write(struct wsgi_handler *h, const void *data, size_t len, bool flush)
{
	int rc = 0;

	if (h->status.len == 0)
		return not_started(h, -EPROTO, "write() before start_response()");
	if (h->client_left)
		return -EPIPE;
	if (!h->headers_sent) {
		h->bytes_sent = len;
		rc = step_send_headers(h);
	} else {
		h->bytes_sent += len;
	}
	len = within_length(h, len);
	if (rc == 0 && len > 0 && !h->no_body)
		rc = wsgi_handler_transport(h, h->ops->write(h, data, len));
	if (rc == 0 && flush)
		rc = wsgi_handler_transport(h, h->ops->flush(h));
	return rc;
}

/* -- the body ---------------------------------------------------------------------------------- */

/* PEP 3333: a server stops iterating when the Content-Length is reached. */
static bool is_full(const struct wsgi_handler *h)
{
	return h->headers_sent && h->content_length != UINT64_MAX && !h->no_body &&
	       h->bytes_sent > h->content_length;
}

static int iterate(struct wsgi_handler *h)
{
	struct wsgi_body *body = h->body;
	const void *data;
	size_t len;
	int rc;

	while ((rc = body->next(body, &data, &len)) > 0) {
		rc = wsgi_handler_write(h, data, len, !body->eager);
		if (rc != 0 || is_full(h))
			return rc;
	}
	return rc;
}

bool wsgi_handler_result_is_file(struct wsgi_handler *h)
{
	return h->wsgi_file_wrapper && h->body->file != NULL;
}

/* How many bytes of a file are to be sent; UINT64_MAX: that cannot be told. */
static uint64_t left_of(const struct wsgi_file *file)
{
	struct stat st;

	if (file->len != UINT64_MAX || fstat(file->fd, &st) != 0 || !S_ISREG(st.st_mode))
		return file->len;
	return st.st_size > file->offset ? (uint64_t)(st.st_size - file->offset) : 0;
}

/* Send the body by the transport's sendfile. Returns 1 when it did; 0: iterate; -errno. */
static int send_file(struct wsgi_handler *h)
{
	uint64_t sent = 0, len, limit;
	int rc;

	if (!step_result_is_file(h) || h->body->file == NULL || h->ops->sendfile == NULL ||
	    h->headers_sent || h->status.len == 0)
		return 0;
	len = left_of(h->body->file);
	if (len == 0) /* perhaps a reader gets more; else there is a length of 0 to send */
		return 0;
	if (h->body->count == NULL)
		len = h->body->file->len; /* it may grow while it is sent */
	h->bytes_sent = len;              /* of a body of one chunk it is the Content-Length */
	rc = step_send_headers(h);
	h->bytes_sent = 0;
	if (rc != 0)
		return rc;
	if (h->no_body) /* what would have been sent is not even read */
		return 1;
	limit = h->content_length;
	if (h->body->file->len == UINT64_MAX && len < limit)
		limit = len; /* it may have grown */
	rc = h->ops->sendfile(h, h->body->file, limit, &sent);
	h->bytes_sent = sent;
	if (rc == -ENOTSUP)
		return 0;
	return rc == 0 ? 1 : wsgi_handler_transport(h, rc);
}

int wsgi_handler_finish_content(struct wsgi_handler *h)
{
	struct wsgi_span status = {h->status.data, h->status.len};
	int rc = 0;

	if (h->headers_sent)
		return 0;
	if (!h->has_headers)
		return not_started(h, -ENODATA, "no headers: start_response() was not called");
	if (!wsgi_status_has_no_body(wsgi_status_code(status)))
		rc = wsgi_headers_setdefault(&h->headers, "Content-Length", "0");
	return rc == 0 ? step_send_headers(h) : rc;
}

static int send_body(struct wsgi_handler *h)
{
	int rc = send_file(h);

	if (rc != 0)
		return rc < 0 ? rc : 0;
	rc = iterate(h);
	return rc == 0 ? step_finish_content(h) : rc;
}

/* -- its end ----------------------------------------------------------------------------------- */

static void complain_about_length(struct wsgi_handler *h)
{
	struct wsgi_buf *line = &h->scratch;

	if (h->content_length == UINT64_MAX || h->no_body || h->bytes_sent == h->content_length ||
	    h->environ.errors == NULL)
		return;
	line->len = 0;
	if (wsgi_buf_addf(line, "Content-Length is %llu, but the body %s; %s\n",
			  (unsigned long long)h->content_length,
			  h->bytes_sent > h->content_length ? "is longer" : "ended before",
			  h->bytes_sent > h->content_length ? "it was cut there"
							    : "the client sees it cut") == 0)
		h->environ.errors->write(h->environ.errors, line->data, line->len);
}

int wsgi_handler_close_body(struct wsgi_handler *h)
{
	struct wsgi_body *body = h->body;

	h->body = NULL; /* first: closed once, whatever close() does */
	return wsgi_handler_returned(h, "the body's close()", wsgi_body_close(body));
}

int wsgi_handler_finish_response(struct wsgi_handler *h)
{
	int rc = send_body(h), closed;

	if (rc == 0) {
		h->error.code = 0; /* not what close() will fail of */
		complain_about_length(h);
	} else {
		wsgi_handler_note_cut(h);
	}
	closed = wsgi_handler_close_body(h);
	if (closed != 0 && wsgi_handler_client_left(h)) { /* that is quiet; this is not that */
		wsgi_handler_blame(h, closed);
		step_log_exception(h);
	}
	return closed != 0 ? closed : rc;
}
