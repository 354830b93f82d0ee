#ifndef WSGI_GZIP_H
#define WSGI_GZIP_H

#include <stddef.h>

#include "base/decls.h"
#include "wsgi/app.h"

WSGI_BEGIN_DECLS

/*
 * gzip - an application around an application that compresses what it answers, by zlib.
 *
 * Shape    a response is compressed when the client accepts gzip, the status allows a body and is
 *          not 206, and the response is of a kind that gets smaller (text, JSON, XML, SVG,
 *          JavaScript), not encoded yet, not "no-transform" and not shorter than min_bytes. It
 *          then has "Content-Encoding: gzip", a weak ETag, no Accept-Ranges, and a Content-Length
 *          only if it is one chunk of at most 256 KiB. What could have been compressed has
 *          "Vary: Accept-Encoding" in either case.
 *
 *          Each chunk of a streaming body can be read by the client when it is sent. The head is
 *          passed on with the first chunk. A body that fails ends without gzip's trailer, so that
 *          the client sees it. A write() that fails, by a level that is none for one, fails ever
 *          after, and so does the body. What the application tells of a failure goes into
 *          start->failure: its log_exception, trace and drop_exception are not called.
 * Owner    the application is borrowed for as long as the middleware is used.
 * Threads  any number of requests at a time, each with 580 KiB of memory at most.
 * Source   RFC 9110, 8.4 and 12.5.3; RFC 1952.
 */
struct wsgi_gzip {
	struct wsgi_app app; /* give this to the server */
	struct wsgi_app *application;
	int level;        /* 1, fast, to 9, small; 6 */
	size_t min_bytes; /* of a response whose length is known: 200 */
};

/* Cannot fail; there is nothing to finish. */
void wsgi_gzip_init(struct wsgi_gzip *g, struct wsgi_app *application);

WSGI_END_DECLS

#endif
