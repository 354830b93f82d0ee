#ifndef WSGI_HEAD_H
#define WSGI_HEAD_H

#include <stddef.h>

#include "base/decls.h"
#include "base/error.h"
#include "wsgi/headers.h"

WSGI_BEGIN_DECLS

/*
 * head - what start_response() is given: a status and n headers.
 *
 * Whether a server may send it: the status is one (wsgi_status_check), no header is hop-by-hop, and
 * none has a control character that wsgi_header_check() refuses. For all that implement a
 * wsgi_start, or keep a head to pass it on later.
 * Returns 0; -EPROTO for a malformed status or a hop-by-hop header; -EINVAL for a control
 * character; words in err.
 * Source   PEP 3333 "The start_response() Callable"; wsgiref BaseHandler.start_response().
 */
int wsgi_head_check(const char *status, const struct wsgi_header *headers, size_t n,
		    struct wsgi_error *err);

WSGI_END_DECLS

#endif
