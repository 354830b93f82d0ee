#include <stdio.h>
#include <strings.h>
#include <time.h>

#include "handler/steps.h"
#include "wsgi/date.h"
#include "wsgi/status.h"

static int code_of(const struct wsgi_handler *h)
{
	return wsgi_status_code((struct wsgi_span){h->status.data, h->status.len});
}

int wsgi_handler_set_content_length(struct wsgi_handler *h)
{
	char digits[24];
	size_t count;
	int rc;

	if (wsgi_status_has_no_body(code_of(h)) || h->body == NULL || h->body->count == NULL)
		return 0;
	rc = h->body->count(h->body, &count);
	if (rc == -ENOTSUP)
		return 0;
	if (rc != 0 || count != 1 || h->bytes_sent == UINT64_MAX)
		return wsgi_handler_returned(h, "the body's count()", rc);
	snprintf(digits, sizeof(digits), "%llu", (unsigned long long)h->bytes_sent);
	return wsgi_headers_add(&h->headers, "Content-Length", digits);
}

/* RFC 9110, 8.6: no Content-Length on 1xx and 204; on 304 only the application's own. */
int wsgi_handler_cleanup_headers(struct wsgi_handler *h)
{
	const char *length = wsgi_headers_get(&h->headers, "Content-Length");
	int code = code_of(h);

	if (length == NULL)
		return step_set_content_length(h);
	if (wsgi_status_has_no_body(code) && code != 304)
		wsgi_headers_delete(&h->headers, "Content-Length");
	else if (wsgi_length_parse(length, &h->content_length) != WSGI_LENGTH_GIVEN)
		h->content_length = UINT64_MAX;
	return 0;
}

bool wsgi_handler_client_is_modern(struct wsgi_handler *h)
{
	const char *protocol = wsgi_environ_get(&h->environ, "SERVER_PROTOCOL");

	return protocol == NULL || strcasecmp(protocol, "HTTP/0.9") != 0;
}

static int add_line(struct wsgi_handler *h, struct wsgi_buf *head)
{
	int rc;

	if (h->origin_server)
		rc = wsgi_buf_addf(head, "HTTP/%s ", h->http_version);
	else
		rc = wsgi_buf_adds(head, "Status: ");
	if (rc == 0)
		rc = wsgi_buf_add(head, h->status.data, h->status.len);
	return rc == 0 ? wsgi_buf_adds(head, "\r\n") : rc;
}

int wsgi_handler_send_preamble(struct wsgi_handler *h, struct wsgi_buf *head)
{
	char date[WSGI_DATE_SIZE];
	int rc;

	if (h->origin_server && !step_client_is_modern(h))
		return 0;
	rc = add_line(h, head);
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

int wsgi_handler_send_headers(struct wsgi_handler *h)
{
	int rc;

	rc = step_cleanup_headers(h);
	if (rc != 0)
		return rc;
	h->scratch.len = 0;
	if (!h->origin_server || step_client_is_modern(h)) {
		rc = step_send_preamble(h, &h->scratch);
		if (rc == 0)
			rc = wsgi_headers_bytes(&h->headers, &h->scratch);
		if (rc != 0)
			return rc;
	}
	h->headers_sent = true;
	return wsgi_handler_transport(h, h->ops->write(h, h->scratch.data, h->scratch.len));
}
