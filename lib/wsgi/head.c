#include "wsgi/head.h"

#include <errno.h>

#include "wsgi/hop.h"
#include "wsgi/status.h"

static int check_header(const struct wsgi_header *header, struct wsgi_error *err)
{
	const struct wsgi_span name = wsgi_span_of(header->name);

	if (wsgi_is_hop_by_hop(name))
		return wsgi_fail(err, -EPROTO, "Hop-by-hop header, '%s: %s', not allowed",
				 header->name, header->value);
	return wsgi_header_check(name, wsgi_span_of(header->value), err);
}

int wsgi_head_check(const char *status, const struct wsgi_header *headers, size_t n,
		    struct wsgi_error *err)
{
	int rc = wsgi_status_check(wsgi_span_of(status), err);

	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = check_header(&headers[i], err);
	return rc;
}
