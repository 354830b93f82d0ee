#ifndef WSGI_REQUEST_HANDLER_H
#define WSGI_REQUEST_HANDLER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/decls.h"
#include "base/error.h"
#include "handler/simple.h"
#include "wsgi/environ.h"
#include "wsgi/errors.h"
#include "wsgi/input.h"
#include "wsgi/output.h"

WSGI_BEGIN_DECLS

/*
 * request_handler - WSGIRequestHandler: one HTTP request of a server.
 *
 * Shape    made by the server for each request, and gone after it. A class of one's own is an ops
 *          table; each op that is NULL is WSGIRequestHandler's, which is exported below.
 * Threads  one thread serves a request; the ops of several requests run at the same time when the
 *          server has several threads.
 * Source   wsgiref/simple_server.py WSGIRequestHandler, ServerHandler.
 */
struct wsgi_server;
struct wsgi_request_handler;

struct wsgi_request_handler_ops {
	/* Set the request's variables in env, which is empty. Returns 0 or -errno: 500. */
	int (*get_environ)(struct wsgi_request_handler *r, struct wsgi_environ *env);
	/* wsgi.errors. */
	struct wsgi_errors *(*get_stderr)(struct wsgi_request_handler *r);
	/*
	 * Serve the request: read r->input, write a CGI response to r->output. Without a whole head
	 * of one it is answered 500.
	 */
	void (*handle)(struct wsgi_request_handler *r);
	/*
	 * After handle: a line for each request.
	 *   status       what the client got, or is about to; 0: nothing, because it left. 500 when
	 *                the server ended before handle did.
	 *   body_bytes   0 then
	 */
	void (*log_request)(struct wsgi_request_handler *r, int status, uint64_t body_bytes);
};

struct wsgi_request_handler {
	const struct wsgi_request_handler_ops *ops;
	struct wsgi_server *server;
	struct wsgi_environ environ; /* what get_environ set, from before handle on */
	struct wsgi_input *input;    /* the request's body; it ends by itself */
	/*
	 * Takes a CGI response: "Status: 200 OK", header fields, a blank line, the body. -EPROTO:
	 * the head is malformed, wsgi_request_handler_refusal() says how.
	 */
	struct wsgi_output *output;
	void *ctx; /* for the class; NULL at first; freed by its log_request(), the last call */
	struct wsgi_http_request *request; /* private */
};

/* WSGIRequestHandler's own methods, for an op that extends one ("super()"). */
int wsgi_request_handler_get_environ(struct wsgi_request_handler *r, struct wsgi_environ *env);
struct wsgi_errors *wsgi_request_handler_get_stderr(struct wsgi_request_handler *r);
void wsgi_request_handler_handle(struct wsgi_request_handler *r);
void wsgi_request_handler_log_request(struct wsgi_request_handler *r, int status,
				      uint64_t body_bytes);

/* The status of the response, once its head is whole; 0 before. */
int wsgi_request_handler_status(const struct wsgi_request_handler *r);

/* Why output has refused the response's head; its text is "" when it has not. Borrowed from r. */
const struct wsgi_error *wsgi_request_handler_refusal(const struct wsgi_request_handler *r);

/*
 * Answer with a short page of plain text in place of a response that came to nothing; if a part of
 * that is on its way already, cut the connection.
 *   status   "502 Bad Gateway"
 */
void wsgi_request_handler_fail(struct wsgi_request_handler *r, const char *status,
			       const char *text);

/* The response is not whole and the client must see it: the connection ends in the middle. */
void wsgi_request_handler_cut(struct wsgi_request_handler *r);

/*
 * ServerHandler: the SimpleHandler that handle() runs the application in. For a handle of one's
 * own that changes the handler: init, change fields or base.ops, run.
 */
struct wsgi_server_handler {
	struct wsgi_simple_handler simple;
	struct wsgi_handler_ops ops;          /* simple's, to be changed here before the run */
	struct wsgi_request_handler *request; /* borrowed */
};

void wsgi_server_handler_init(struct wsgi_server_handler *h, struct wsgi_request_handler *r);

/* Run the server's application, answer what failed, free what init and the run made. */
void wsgi_server_handler_run(struct wsgi_server_handler *h);

WSGI_END_DECLS

#endif
