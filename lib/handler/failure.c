#include <stdio.h>

#include "base/container.h"
#include "handler/steps.h"

bool wsgi_handler_client_left(struct wsgi_handler *h)
{
	int failed = h->environ.input != NULL ? h->environ.input->failed : 0;

	if (failed == -EPIPE || failed == -ECONNRESET || failed == -ECONNABORTED)
		h->client_left = true;
	return h->client_left;
}

void wsgi_handler_note_cut(struct wsgi_handler *h)
{
	if (h->headers_sent && !h->client_left)
		h->truncated = h->content_length == UINT64_MAX && !h->no_body;
}

void wsgi_handler_blame(struct wsgi_handler *h, int code)
{
	if (h->error.code != code)
		h->error = (struct wsgi_error){.code = code};
}

int wsgi_handler_returned(struct wsgi_handler *h, const char *who, int rc)
{
	if (rc <= 0)
		return rc;
	return wsgi_fail(&h->error, -EPROTO, "%s returned %d, which is no negative errno", who, rc);
}

static const char *words_of(const struct wsgi_error *error)
{
	if (error->text[0] != '\0')
		return error->text;
	if (error->code == WSGI_RAISED)
		return "the application returned WSGI_RAISED, but has no log_exception";
	return strerror(-error->code);
}

void wsgi_handler_log_exception(struct wsgi_handler *h)
{
	struct wsgi_errors *errors = h->ops->get_stderr(h);
	char line[sizeof(h->error.text) + sizeof("\n")];

	if (h->app->log_exception != NULL) {
		h->app->log_exception(h->app, errors,
				      h->error.code == WSGI_RAISED ? NULL : &h->error,
				      h->traceback_limit);
	} else {
		/* One write: the lines of several threads do not mix. */
		snprintf(line, sizeof(line), "%s\n", words_of(&h->error));
		wsgi_errors_puts(errors, line);
	}
	wsgi_errors_flush(errors);
}

/* -- the page ---------------------------------------------------------------------------------- */

static int page_next(struct wsgi_body *body, const void **data, size_t *len)
{
	struct wsgi_handler *h = container_of(body, struct wsgi_handler, error_page);

	if (h->error_page_given)
		return 0;
	*data = h->error_body;
	*len = strlen(h->error_body);
	h->error_page_given = true;
	return 1;
}

static int one_chunk(struct wsgi_body *body, size_t *count)
{
	(void)body;
	*count = 1;
	return 0;
}

int wsgi_handler_error_output(struct wsgi_handler *h, struct wsgi_start *start,
			      struct wsgi_body **body)
{
	h->error_page = (struct wsgi_body){.next = page_next, .count = one_chunk, .eager = true};
	h->error_page_given = false;
	*body = &h->error_page;
	return start->respond(start, h->error_status, h->error_headers, h->error_headers_len,
			      &h->error);
}

int wsgi_handler_handle_error(struct wsgi_handler *h, int code)
{
	struct wsgi_error failure;
	int rc;

	wsgi_handler_blame(h, code);
	step_log_exception(h);
	failure = h->error;
	if (h->headers_sent)
		return 0;
	h->bytes_sent = 0;
	h->content_length = UINT64_MAX;
	rc = step_error_output(h);
	if (rc == 0 && h->body == NULL)
		rc = wsgi_fail(&h->error, -EPROTO, "the error page has no body");
	if (rc == 0)
		rc = step_finish_response(h);
	if (rc == 0)
		h->error = failure; /* the page is no answer to what went wrong */
	return rc;
}
