#ifndef WSGI_HTTP_REQUEST_H
#define WSGI_HTTP_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "wsgi/environ.h"
#include "wsgi/input.h"
#include "wsgi/output.h"

/*
 * request - one HTTP request, for whoever serves it.
 *
 * Owner    the server; valid inside its serve callback only.
 * Threads  one thread serves a request; input and output may block it.
 */
struct wsgi_http_request {
	struct wsgi_environ environ; /* see http/message.h */
	struct wsgi_input input;     /* the body; it ends by itself, left is UINT64_MAX */
	/*
	 * Takes a CGI response: "Status: 200 OK", header fields, a blank line, the body. A body
	 * that goes beyond its Content-Length, or that the request or the status does not allow, is
	 * dropped. -EPROTO: the head is malformed, req->error says how.
	 */
	struct wsgi_output output;
	struct wsgi_error error;
	/*
	 * Set by who serves when the response is not whole and the client must see that: the
	 * connection is closed in the middle of it.
	 */
	bool cut;
	/* How far the response is: */
	int status; /* 0 before the head was whole */
	uint64_t body_bytes;
};

/* Whether nobody waits for a response any more: the client left, or was cut off. */
bool wsgi_http_request_is_lost(struct wsgi_http_request *req);

/*
 * For a log, at the end: the status that the client has got, or is about to; 0: none.
 *   body_bytes   set to the length of the body; 0 for the server's own page, in place of a response
 *                that it did not wait for
 */
int wsgi_http_request_answered(struct wsgi_http_request *req, uint64_t *body_bytes);

/*
 * Answer with a short page of plain text in place of a response that came to nothing. When a part
 * of it is on its way already, it is cut instead.
 *   status   "502 Bad Gateway"
 * Returns 0 or what output.write returned.
 */
int wsgi_http_request_fail(struct wsgi_http_request *req, const char *status, const char *text);

#endif
