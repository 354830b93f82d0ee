#include "handler/location.h"

#include <string.h>

static bool is_haproxy(const struct wsgi_handler *h)
{
	const char *software = wsgi_environ_get(&h->environ, "SERVER_SOFTWARE");

	return software != NULL && strncmp(software, "HAProxy", strlen("HAProxy")) == 0;
}

int wsgi_location_send_preamble(struct wsgi_handler *h, struct wsgi_buf *head)
{
	const char *location = wsgi_headers_get_all(&h->headers, "Location", 0);
	int rc = 0;

	if (location == NULL || !is_haproxy(h))
		return wsgi_handler_send_preamble(h, head);
	for (size_t i = 0; rc == 0; i++) {
		location = wsgi_headers_get_all(&h->headers, "Location", i);
		if (location == NULL)
			break;
		rc = wsgi_buf_adds(head, "Location: ");
		if (rc == 0)
			rc = wsgi_buf_adds(head, location);
		if (rc == 0)
			rc = wsgi_buf_adds(head, "\r\n");
	}
	if (rc != 0)
		return rc;
	wsgi_headers_delete(&h->headers, "Location");
	return wsgi_handler_send_preamble(h, head);
}
