#ifndef WSGI_HANDLER_H
#define WSGI_HANDLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/decls.h"
#include "base/error.h"
#include "wsgi/app.h"
#include "wsgi/environ.h"
#include "wsgi/headers.h"

WSGI_BEGIN_DECLS

/*
 * handler - runs one application call: environ in, status, headers and body out.
 *
 * Shape    the algorithm is wsgi_handler_run(); a "class" is an ops table, and a "subclass"
 *          that changes only data is an init function that sets other fields.
 * Threads  one handler runs one request at a time.
 * Source   wsgiref/handlers.py BaseHandler; a method's name there is the op's name here.
 */
struct wsgi_handler;

struct wsgi_handler_ops {
	/* Required: BaseHandler's abstract methods. */
	int (*write)(struct wsgi_handler *h, const void *data, size_t len); /* _write: 0, -errno */
	int (*flush)(struct wsgi_handler *h);                               /* _flush: 0, -errno */
	struct wsgi_input *(*get_stdin)(struct wsgi_handler *h);
	struct wsgi_errors *(*get_stderr)(struct wsgi_handler *h);
	int (*add_cgi_vars)(struct wsgi_handler *h); /* into h->environ: 0, -errno */

	/* Optional: NULL inherits BaseHandler's own behaviour, which is exported below. */
	int (*setup_environ)(struct wsgi_handler *h);
	const char *(*get_scheme)(struct wsgi_handler *h);
	void (*log_exception)(struct wsgi_handler *h);
	/* A small application of its own, called after an error before the headers went out. */
	int (*error_output)(struct wsgi_handler *h, struct wsgi_start *start,
			    struct wsgi_body **body);
	/*
	 * Send at most limit bytes of a file; the headers are out. Adds what went to *sent.
	 * Returns 0; -ENOTSUP: nothing was sent, iterate instead; -errno. NULL: always iterate.
	 */
	int (*sendfile)(struct wsgi_handler *h, const struct wsgi_file *file, uint64_t limit,
			uint64_t *sent);
	/* Whether h->body->file, which it may set first, is to be sent by sendfile. */
	bool (*result_is_file)(struct wsgi_handler *h);
	/*
	 * Send h->body and close it. Returns 0; -errno, after it has set h->truncated if the client
	 * cannot tell that the response is not whole.
	 */
	int (*finish_response)(struct wsgi_handler *h);
	/* Iteration is at its end: send the headers if they have not gone. Returns 0 or -errno. */
	int (*finish_content)(struct wsgi_handler *h);
	/*
	 * Add Content-Length to h->headers, where it can be told; they have none. h->bytes_sent is
	 * the length of the first chunk, or of the file (UINT64_MAX: not known). Returns 0 or
	 * -errno.
	 */
	int (*set_content_length)(struct wsgi_handler *h);
	/* The last look at h->headers before they go out. Returns 0 or -errno. */
	int (*cleanup_headers)(struct wsgi_handler *h);
	/* Append the status line, Date and Server; or Status. Returns 0 or -errno. */
	int (*send_preamble)(struct wsgi_handler *h, struct wsgi_buf *head);
	/* Send the whole head, and set h->headers_sent. Returns 0 or -errno. */
	int (*send_headers)(struct wsgi_handler *h);
	/* Whether the client knows HTTP/1.0: without that an origin server sends the body alone. */
	bool (*client_is_modern)(struct wsgi_handler *h);
	/*
	 * The run failed with code, and h->error says why as far as that is known: log it, and
	 * answer with error_output if no headers went out. Returns 0 or -errno.
	 */
	int (*handle_error)(struct wsgi_handler *h, int code);
	/*
	 * The run is over, however it ended: all is sent, the body is closed. The state is there
	 * still. NULL: nothing is left to be done.
	 */
	void (*close)(struct wsgi_handler *h);
};

struct wsgi_handler {
	const struct wsgi_handler_ops *ops;

	/* Class attributes: an init sets them, the caller may change them before a run. */
	bool wsgi_multithread, wsgi_multiprocess, wsgi_run_once;
	bool wsgi_file_wrapper;      /* false: offer none (None in Python) */
	bool origin_server;          /* true: "HTTP/1.0 200 OK"; false: "Status: 200 OK" */
	const char *http_version;    /* "1.0" */
	const char *server_software; /* NULL: none */
	const struct wsgi_environ *os_environ; /* set before add_cgi_vars; NULL: none; borrowed */
	int traceback_limit;                   /* frames in the log; -1: all of them */
	const char *error_status;
	const struct wsgi_header *error_headers;
	size_t error_headers_len;
	const char *error_body;
	bool flush_at_end;  /* false: whoever made the handler flushes after the run */
	bool input_pending; /* a body is known to come, even if nothing tells its length */

	/* State of the run; for ops, not to be changed by them where not said. */
	struct wsgi_start start; /* what the application is given */
	struct wsgi_app *app;    /* the one that runs; NULL between runs */
	struct wsgi_environ environ;
	struct wsgi_body *body; /* result: what the application returned; NULL when closed */
	struct wsgi_buf status; /* "" before start_response */
	struct wsgi_headers headers;
	bool has_headers, headers_sent; /* headers were given; they went out */
	bool no_body;                   /* HEAD, 1xx, 204, 304: the body is not sent */
	bool client_left;               /* the transport said so: nothing more is sent or logged */
	bool truncated;                 /* an error cut the body off; the client cannot be told */
	uint64_t bytes_sent;            /* of the body, those dropped for HEAD counted too */
	uint64_t content_length;        /* the application's, UINT64_MAX: none */
	struct wsgi_error error;        /* what went wrong last, if anything did */
	struct wsgi_error refused;      /* private: why start_response() was, if it was */
	int late;                       /* private: the code of an exc that came too late; or 0 */
	struct wsgi_buf scratch;        /* private */
	struct wsgi_body error_page;    /* private: what error_output returns */
	bool error_page_given;          /* private */
};

/*
 * For the makers of a handler class. Asserts that the required ops are there. The handler points
 * into itself: it is not copied or moved from then on.
 */
void wsgi_handler_init(struct wsgi_handler *h, const struct wsgi_handler_ops *ops);
void wsgi_handler_finish(struct wsgi_handler *h);

/*
 * Call app once and send its response, or an error page when nothing was sent yet.
 * Returns 0, also when the client left or the error page went out, as wsgiref does; -errno when
 * even the error page failed. h->truncated says that the client got a part of a response.
 */
int wsgi_handler_run(struct wsgi_handler *h, struct wsgi_app *app);

/* BaseHandler's own methods, for an op that extends one ("super()"). */
int wsgi_handler_setup_environ(struct wsgi_handler *h);
void wsgi_handler_log_exception(struct wsgi_handler *h);
int wsgi_handler_error_output(struct wsgi_handler *h, struct wsgi_start *start,
			      struct wsgi_body **body);
int wsgi_handler_finish_response(struct wsgi_handler *h);
const char *wsgi_handler_get_scheme(struct wsgi_handler *h);
bool wsgi_handler_result_is_file(struct wsgi_handler *h);
int wsgi_handler_finish_content(struct wsgi_handler *h);
int wsgi_handler_set_content_length(struct wsgi_handler *h);
int wsgi_handler_cleanup_headers(struct wsgi_handler *h);
int wsgi_handler_send_preamble(struct wsgi_handler *h, struct wsgi_buf *head);
int wsgi_handler_send_headers(struct wsgi_handler *h);
bool wsgi_handler_client_is_modern(struct wsgi_handler *h);
int wsgi_handler_handle_error(struct wsgi_handler *h, int code);

/*
 * write(): send the headers if they have not gone, then data, cut at the Content-Length.
 *   flush   send it now; false: more is sure to come
 * Returns 0; -EPROTO before start_response; -errno of the transport.
 */
int wsgi_handler_write(struct wsgi_handler *h, const void *data, size_t len, bool flush);

/*
 * The handler that start is in: one that a handler gave, to its error_output or to the application
 * that it runs. Not one that a middleware made: that is in no handler.
 */
struct wsgi_handler *wsgi_handler_of(struct wsgi_start *start);

WSGI_END_DECLS

#endif
