#ifndef WSGI_BODY_H
#define WSGI_BODY_H

#include <stddef.h>

#include "base/decls.h"
#include "base/span.h"
#include "wsgi/app.h"

WSGI_BEGIN_DECLS

/*
 * body - the bodies that an application in C returns most often: what [b"..."] and [] are in
 * Python.
 * Owner    each is on the heap and freed by its own close(), which the handler calls.
 */

/* A body of one chunk, a copy of data: it gets a Content-Length. NULL: no memory. */
struct wsgi_body *wsgi_bytes_body(const void *data, size_t len);

/* A list of n chunks, all copied; n is 0 for an empty body. NULL: no memory. */
struct wsgi_body *wsgi_list_body(const struct wsgi_span *chunks, size_t n);

/*
 * A whole answer in one call: start_response() with a Content-Type, and a body of one chunk.
 *   status         "200 OK"
 *   content_type   "text/plain; charset=utf-8"
 *   text           copied
 * Sets *body. Returns 0; -ENOMEM; what start->respond returned: for app->call to return as it is.
 */
int wsgi_reply(struct wsgi_start *start, struct wsgi_body **body, const char *status,
	       const char *content_type, const char *text);

/* The same with n headers of one's own, and bytes. */
int wsgi_reply_bytes(struct wsgi_start *start, struct wsgi_body **body, const char *status,
		     const struct wsgi_header *headers, size_t n, const void *data, size_t len);

/* Close a body that a middleware does not return. NULL is fine. Returns what its close() did. */
int wsgi_body_close(struct wsgi_body *body);

WSGI_END_DECLS

#endif
