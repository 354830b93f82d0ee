#ifndef WSGI_SERVE_DEBUG_PAGE_H
#define WSGI_SERVE_DEBUG_PAGE_H

#include <stdbool.h>

#include "base/buf.h"
#include "wsgi/environ.h"
#include "wsgi/trace.h"

/*
 * debug_page - an exception and the request that met it, as a page for the developer.
 *
 * Pure: what is not in trace and env is not looked at. The page is UTF-8, whatever they hold, and
 * complete in itself; nothing in it is a script. The cookies and credentials of env are left
 * out (serve/secrets.h), wherever they stand, since pages end up in reports. A trace has one
 * exception at least.
 */

/* Append the page in HTML, or in plain text for a terminal. Return 0 or -ENOMEM. */
int wsgi_debug_page_html(struct wsgi_buf *out, const struct wsgi_trace *trace,
			 const struct wsgi_environ *env);
int wsgi_debug_page_text(struct wsgi_buf *out, const struct wsgi_trace *trace,
			 const struct wsgi_environ *env);

/* Whether a client with this header Accept is to get HTML; it has to ask. NULL: no header. */
bool wsgi_debug_page_wants_html(const char *accept);

#endif
