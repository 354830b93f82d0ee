#ifndef WSGI_STATUS_H
#define WSGI_STATUS_H

#include <stdbool.h>

#include "base/decls.h"
#include "base/error.h"
#include "base/span.h"

WSGI_BEGIN_DECLS

/*
 * Whether an application may answer with this status: three digits, a space, a reason, and no
 * control character (CR or LF would begin a header line of the client's choice). Digits are what
 * Python's str.isdigit() takes: the superscripts of latin-1 too.
 * Returns 0; -EPROTO for a malformed one; -EINVAL for a control character; words in err.
 * Source   PEP 3333 "The start_response() Callable"; wsgiref BaseHandler.start_response().
 */
int wsgi_status_check(struct wsgi_span status, struct wsgi_error *err);

/* The number of a status that wsgi_status_check() let pass; 0 for others, and for superscripts. */
int wsgi_status_code(struct wsgi_span status);

/* Whether RFC 9110 gives a response with this code no body: 1xx, 204, 304. */
bool wsgi_status_has_no_body(int code);

WSGI_END_DECLS

#endif
