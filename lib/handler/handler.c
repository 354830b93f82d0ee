#include "handler/handler.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/container.h"
#include "wsgi/date.h"
#include "wsgi/hop.h"
#include "wsgi/status.h"
#include "wsgi/uri.h"

static int start_respond(struct wsgi_start *start, const char *status,
			 const struct wsgi_header *headers, size_t n, const struct wsgi_error *exc);
static int start_write(struct wsgi_start *start, const void *data, size_t len);

static const struct wsgi_header plain_text = {"Content-Type", "text/plain"};

void wsgi_handler_init(struct wsgi_handler *h, const struct wsgi_handler_ops *ops)
{
	assert(ops->write && ops->flush && ops->get_stdin && ops->get_stderr && ops->add_cgi_vars);
	*h = (struct wsgi_handler){
		.ops = ops,
		.start = {.respond = start_respond, .write = start_write},
		.wsgi_multithread = true,
		.wsgi_multiprocess = true,
		.wsgi_file_wrapper = true,
		.origin_server = true,
		.http_version = "1.0",
		.traceback_limit = -1,
		.error_status = "500 Internal Server Error",
		.error_headers = &plain_text,
		.error_headers_len = 1,
		.error_body = "A server error occurred.  Please contact the administrator.",
		.flush_at_end = true,
		.content_length = UINT64_MAX,
	};
	wsgi_environ_init(&h->environ);
	wsgi_headers_init(&h->headers);
	h->start.error = &h->error;
	h->start.failure = &h->error;
}

void wsgi_handler_finish(struct wsgi_handler *h)
{
	wsgi_environ_finish(&h->environ);
	wsgi_headers_finish(&h->headers);
	wsgi_buf_finish(&h->status);
	wsgi_buf_finish(&h->scratch);
}

struct wsgi_handler *wsgi_handler_of(struct wsgi_start *start)
{
	return container_of(start, struct wsgi_handler, start);
}

/* -- environ ----------------------------------------------------------------------------------- */

static bool method_is(const struct wsgi_environ *env, const char *method)
{
	const char *value = wsgi_environ_get(env, "REQUEST_METHOD");

	return value != NULL && strcmp(value, method) == 0;
}

/* Whether a request whose length nobody tells may have a body all the same. */
static bool may_have_body(const struct wsgi_handler *h)
{
	const struct wsgi_environ *env = &h->environ;

	if (h->input_pending || wsgi_environ_get(env, "HTTP_TRANSFER_ENCODING") != NULL)
		return true;
	return method_is(env, "POST") || method_is(env, "PUT") || method_is(env, "PATCH");
}

/* The input ends at CONTENT_LENGTH; one that is no number promises nothing. */
static void bound_input(struct wsgi_handler *h)
{
	struct wsgi_environ *env = &h->environ;
	uint64_t length = 0;

	switch (wsgi_length_parse(wsgi_environ_get(env, "CONTENT_LENGTH"), &length)) {
	case WSGI_LENGTH_GIVEN:
		env->input->left = length;
		break;
	case WSGI_LENGTH_BAD:
		env->input->left = 0;
		break;
	case WSGI_LENGTH_NONE:
		env->input->left = UINT64_MAX;
		env->input_terminated = may_have_body(h);
		break;
	}
}

int wsgi_handler_setup_environ(struct wsgi_handler *h)
{
	struct wsgi_environ *env = &h->environ;
	int rc = 0;

	wsgi_environ_clear(env);
	if (h->os_environ != NULL)
		rc = wsgi_environ_update(env, h->os_environ);
	if (rc == 0)
		rc = h->ops->add_cgi_vars(h);
	if (rc != 0)
		return wsgi_fail(&h->error, rc, "the request's environ cannot be built: %s",
				 strerror(-rc));
	env->input = h->ops->get_stdin(h);
	env->errors = h->ops->get_stderr(h);
	env->url_scheme = h->ops->get_scheme ? h->ops->get_scheme(h) : wsgi_guess_scheme(env);
	env->multithread = h->wsgi_multithread;
	env->multiprocess = h->wsgi_multiprocess;
	env->run_once = h->wsgi_run_once;
	env->file_wrapper = h->wsgi_file_wrapper;
	bound_input(h);
	if (h->origin_server && h->server_software != NULL)
		rc = wsgi_environ_setdefault(env, "SERVER_SOFTWARE", h->server_software);
	return rc;
}

/* -- start_response ---------------------------------------------------------------------------- */

static int check_header(struct wsgi_handler *h, const struct wsgi_header *header)
{
	struct wsgi_span name = wsgi_span_of(header->name);

	if (wsgi_is_hop_by_hop(name))
		return wsgi_fail(&h->error, -EPROTO, "Hop-by-hop header, '%s: %s', not allowed",
				 header->name, header->value);
	return wsgi_header_check(name, wsgi_span_of(header->value), &h->error);
}

/* Nothing of what is refused is kept: not sent either, if the application swallows the error. */
static int set_head(struct wsgi_handler *h, const char *status, const struct wsgi_header *headers,
		    size_t n)
{
	struct wsgi_span text = wsgi_span_of(status);
	int rc = wsgi_status_check(text, &h->error);

	h->status.len = 0;
	h->has_headers = false;
	wsgi_headers_clear(&h->headers);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		rc = check_header(h, &headers[i]);
		if (rc == 0)
			rc = wsgi_headers_add_span(&h->headers, wsgi_span_of(headers[i].name),
						   wsgi_span_of(headers[i].value));
	}
	if (rc == 0)
		rc = wsgi_buf_add(&h->status, text.data, text.len);
	h->has_headers = rc == 0;
	return rc;
}

static int start_respond(struct wsgi_start *start, const char *status,
			 const struct wsgi_header *headers, size_t n, const struct wsgi_error *exc)
{
	struct wsgi_handler *h = wsgi_handler_of(start);

	if (exc != NULL && h->headers_sent) { /* too late for another page: the error goes on */
		h->error = *exc;
		return -EALREADY;
	}
	if (exc == NULL && h->has_headers)
		return wsgi_fail(&h->error, -EPROTO, "Headers already set!");
	return set_head(h, status, headers, n);
}

/* -- output ------------------------------------------------------------------------------------ */

/* What came back from the transport: a client that left is remembered, and is no error. */
static int transport(struct wsgi_handler *h, int rc)
{
	if (rc == -EPIPE || rc == -ECONNRESET || rc == -ECONNABORTED)
		h->client_left = true;
	else if (rc < 0)
		wsgi_fail(&h->error, rc, "the response cannot be sent: %s", strerror(-rc));
	return rc;
}

static int set_content_length(struct wsgi_handler *h)
{
	char digits[24];
	size_t count;
	int rc;

	if (h->body == NULL || h->body->count == NULL)
		return 0;
	rc = h->body->count(h->body, &count);
	if (rc == -ENOTSUP)
		return 0;
	if (rc != 0 || count != 1)
		return rc;
	snprintf(digits, sizeof(digits), "%llu", (unsigned long long)h->bytes_sent);
	return wsgi_headers_add(&h->headers, "Content-Length", digits);
}

static int code_of(const struct wsgi_handler *h)
{
	return wsgi_status_code((struct wsgi_span){h->status.data, h->status.len});
}

/* RFC 9110, 8.6: no Content-Length on 1xx and 204; on 304 only the application's own. */
static int cleanup_headers(struct wsgi_handler *h)
{
	int code = code_of(h);
	bool bodiless = wsgi_status_has_no_body(code);
	const char *length;

	h->no_body = bodiless || method_is(&h->environ, "HEAD");
	length = wsgi_headers_get(&h->headers, "Content-Length");
	if (length == NULL)
		return bodiless ? 0 : set_content_length(h);
	if (bodiless && code != 304)
		wsgi_headers_delete(&h->headers, "Content-Length");
	else if (wsgi_length_parse(length, &h->content_length) != WSGI_LENGTH_GIVEN)
		h->content_length = UINT64_MAX;
	return 0;
}

static bool client_is_modern(const struct wsgi_handler *h)
{
	const char *protocol = wsgi_environ_get(&h->environ, "SERVER_PROTOCOL");

	return protocol == NULL || strcasecmp(protocol, "HTTP/0.9") != 0;
}

static int add_preamble(struct wsgi_handler *h, struct wsgi_buf *head)
{
	char date[WSGI_DATE_SIZE];
	int rc;

	if (!h->origin_server)
		rc = wsgi_buf_adds(head, "Status: ");
	else
		rc = wsgi_buf_addf(head, "HTTP/%s ", h->http_version);
	if (rc == 0)
		rc = wsgi_buf_add(head, h->status.data, h->status.len);
	if (rc == 0)
		rc = wsgi_buf_adds(head, "\r\n");
	if (rc != 0 || !h->origin_server)
		return rc;
	if (wsgi_headers_get(&h->headers, "Date") == NULL) {
		wsgi_date_format((int64_t)time(NULL), date);
		rc = wsgi_buf_addf(head, "Date: %s\r\n", date);
	}
	if (rc == 0 && h->server_software && wsgi_headers_get(&h->headers, "Server") == NULL)
		rc = wsgi_buf_addf(head, "Server: %s\r\n", h->server_software);
	return rc;
}

static int send_headers(struct wsgi_handler *h)
{
	int rc;

	rc = cleanup_headers(h);
	if (rc != 0)
		return rc;
	h->scratch.len = 0;
	if (!h->origin_server || client_is_modern(h)) {
		rc = add_preamble(h, &h->scratch);
		if (rc == 0)
			rc = wsgi_headers_bytes(&h->headers, &h->scratch);
		if (rc != 0)
			return rc;
	}
	h->headers_sent = true;
	return transport(h, h->ops->write(h, h->scratch.data, h->scratch.len));
}

/* How many of len more bytes still fit into the Content-Length. */
static size_t within_length(const struct wsgi_handler *h, size_t len)
{
	uint64_t before = h->bytes_sent - len;

	if (h->content_length == UINT64_MAX || h->bytes_sent <= h->content_length)
		return len;
	return before < h->content_length ? (size_t)(h->content_length - before) : 0;
}

int wsgi_handler_write(struct wsgi_handler *h, const void *data, size_t len, bool flush)
{
	int rc = 0;

	if (h->status.len == 0)
		return wsgi_fail(&h->error, -EPROTO, "write() before start_response()");
	if (h->client_left)
		return -EPIPE;
	if (!h->headers_sent) {
		h->bytes_sent = len;
		rc = send_headers(h);
	} else {
		h->bytes_sent += len;
	}
	len = within_length(h, len);
	if (rc == 0 && len > 0 && !h->no_body)
		rc = transport(h, h->ops->write(h, data, len));
	if (rc == 0 && flush)
		rc = transport(h, h->ops->flush(h));
	return rc;
}

static int start_write(struct wsgi_start *start, const void *data, size_t len)
{
	return wsgi_handler_write(wsgi_handler_of(start), data, len, true);
}

/* -- body -------------------------------------------------------------------------------------- */

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

static int finish_content(struct wsgi_handler *h)
{
	int rc = 0;

	if (h->headers_sent)
		return 0;
	if (!h->has_headers)
		return wsgi_fail(&h->error, -ENODATA,
				 "no headers: start_response() was not called");
	if (!wsgi_status_has_no_body(code_of(h)))
		rc = wsgi_headers_setdefault(&h->headers, "Content-Length", "0");
	return rc == 0 ? send_headers(h) : rc;
}

/* Send the body by the transport's sendfile. Returns 1 when it did; 0: iterate; -errno. */
static int send_file(struct wsgi_handler *h)
{
	uint64_t limit, sent = 0;
	int rc;

	if (h->body->file == NULL || h->ops->sendfile == NULL || h->headers_sent ||
	    h->status.len == 0 || h->body->file->len == 0)
		return 0;
	h->bytes_sent = h->body->file->len; /* of a body of one chunk it is the Content-Length */
	rc = send_headers(h);
	h->bytes_sent = 0;
	if (rc != 0)
		return rc;
	if (h->no_body) /* what would have been sent is not even read */
		return 1;
	limit = h->content_length;
	rc = h->ops->sendfile(h, h->body->file, limit, &sent);
	h->bytes_sent = sent;
	if (rc == -ENOTSUP)
		return 0;
	return rc == 0 ? 1 : transport(h, rc);
}

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

static int close_body(struct wsgi_handler *h)
{
	struct wsgi_body *body = h->body;

	h->body = NULL; /* first: closed once, whatever close() does */
	return body != NULL && body->close != NULL ? body->close(body) : 0;
}

/* The transport says so when it writes; when an application reads, its input knows. */
static bool client_left(struct wsgi_handler *h)
{
	int failed = h->environ.input != NULL ? h->environ.input->failed : 0;

	if (failed == -EPIPE || failed == -ECONNRESET || failed == -ECONNABORTED)
		h->client_left = true;
	return h->client_left;
}

static void log_error(struct wsgi_handler *h, int code)
{
	if (h->error.code != code)
		h->error = (struct wsgi_error){.code = code};
	if (h->ops->log_exception != NULL)
		h->ops->log_exception(h);
	else
		wsgi_handler_log_exception(h);
}

/* The application failed. If it had begun to answer, can the client tell that this was not all? */
static void note_cut(struct wsgi_handler *h)
{
	if (h->headers_sent && !h->client_left)
		h->truncated = h->content_length == UINT64_MAX && !h->no_body;
}

int wsgi_handler_finish_response(struct wsgi_handler *h)
{
	int rc, closed;

	rc = send_file(h);
	if (rc == 0)
		rc = iterate(h);
	if (rc > 0)
		rc = 0;
	if (rc == 0)
		rc = finish_content(h);
	if (rc == 0) {
		h->error.code = 0; /* what went wrong before, the application has got over */
		complain_about_length(h);
	} else {
		note_cut(h);
	}
	closed = close_body(h);
	if (closed != 0 && client_left(h)) /* that the client left is quiet; this is not that */
		log_error(h, closed);
	return closed != 0 ? closed : rc;
}

/* -- errors ------------------------------------------------------------------------------------ */

void wsgi_handler_log_exception(struct wsgi_handler *h)
{
	struct wsgi_errors *errors = h->ops->get_stderr(h);
	const char *text = h->error.text;

	if (h->app->log_exception != NULL) {
		h->app->log_exception(h->app, errors,
				      h->error.code == WSGI_RAISED ? NULL : &h->error,
				      h->traceback_limit);
	} else {
		wsgi_errors_puts(errors, text[0] != '\0' ? text : strerror(-h->error.code));
		wsgi_errors_puts(errors, "\n");
	}
	wsgi_errors_flush(errors);
}

struct text_body {
	struct wsgi_body body;
	const char *text; /* NULL once it was given */
};

static int text_next(struct wsgi_body *body, const void **data, size_t *len)
{
	struct text_body *t = container_of(body, struct text_body, body);

	if (t->text == NULL)
		return 0;
	*data = t->text;
	*len = strlen(t->text);
	t->text = NULL;
	return 1;
}

static int one_chunk(struct wsgi_body *body, size_t *count)
{
	(void)body;
	*count = 1;
	return 0;
}

static int default_error_output(struct wsgi_handler *h, struct text_body *t)
{
	*t = (struct text_body){
		.body = {.next = text_next, .count = one_chunk, .eager = true},
		.text = h->error_body,
	};
	h->body = &t->body;
	return h->start.respond(&h->start, h->error_status, h->error_headers, h->error_headers_len,
				&h->error);
}

static int finish_response(struct wsgi_handler *h)
{
	return h->ops->finish_response ? h->ops->finish_response(h)
				       : wsgi_handler_finish_response(h);
}

static int handle_error(struct wsgi_handler *h, int code)
{
	struct wsgi_error failure;
	struct text_body text;
	int rc;

	log_error(h, code);
	failure = h->error;
	if (h->headers_sent)
		return 0;
	h->bytes_sent = 0;
	h->content_length = UINT64_MAX;
	if (h->ops->error_output != NULL)
		rc = h->ops->error_output(h, &h->start, &h->body);
	else
		rc = default_error_output(h, &text);
	if (rc == 0)
		rc = finish_response(h);
	if (rc == 0)
		h->error = failure; /* the page is no answer to what went wrong */
	return rc;
}

/* -- run --------------------------------------------------------------------------------------- */

static void begin(struct wsgi_handler *h, struct wsgi_app *app)
{
	h->app = app;
	h->body = NULL;
	h->status.len = 0;
	h->has_headers = h->headers_sent = h->no_body = h->client_left = h->truncated = false;
	h->bytes_sent = 0;
	h->content_length = UINT64_MAX;
	h->error.code = 0;
	h->error.text[0] = '\0';
	wsgi_headers_clear(&h->headers);
}

static int call(struct wsgi_handler *h, struct wsgi_app *app)
{
	int rc = app->call(app, &h->environ, &h->start, &h->body);

	if (rc == 0 && h->body == NULL)
		rc = wsgi_fail(&h->error, -EPROTO, "the application returned no body");
	if (rc != 0)
		note_cut(h);
	return rc;
}

int wsgi_handler_run(struct wsgi_handler *h, struct wsgi_app *app)
{
	int rc;

	begin(h, app);
	rc = h->ops->setup_environ ? h->ops->setup_environ(h) : wsgi_handler_setup_environ(h);
	if (rc == 0)
		rc = call(h, app);
	if (rc == 0)
		rc = finish_response(h);
	if (rc != 0 && !client_left(h))
		rc = handle_error(h, rc);
	close_body(h); /* only when the error page itself failed */
	if (h->client_left && app->drop_exception != NULL)
		app->drop_exception(app);
	if (h->client_left)
		rc = 0;
	else if (rc == 0 && h->flush_at_end)
		rc = transport(h, h->ops->flush(h));
	h->app = NULL;
	return h->client_left ? 0 : rc;
}
