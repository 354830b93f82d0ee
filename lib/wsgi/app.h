#ifndef WSGI_APP_H
#define WSGI_APP_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/decls.h"
#include "base/error.h"
#include "base/span.h"
#include "wsgi/environ.h"
#include "wsgi/errors.h"
#include "wsgi/headers.h"
#include "wsgi/input.h"

WSGI_BEGIN_DECLS

/*
 * app - the contract between a server and an application: PEP 3333's, in C.
 *
 * An application written in C is a shared object with one symbol:
 *
 *	struct wsgi_app application = {.call = hello};
 *
 * It calls the server through the pointers it is given and needs no symbol of libwsgi; what the
 * library has for it (wsgi/body.h, wsgi/query.h, ...) it may use all the same.
 *
 * Errors   an application returns 0 or a negative errno. The server logs a failure and answers
 *          500 if nothing was sent yet. What start and write return is to be passed on.
 */

struct wsgi_trace;

/*
 * start - the start_response() that an application is given, and the write() it returns.
 * Source  PEP 3333 "The start_response() Callable". Whoever runs the application implements it.
 */
struct wsgi_start {
	/*
	 * Give status ("200 OK") and n headers; all are copied.
	 *   exc   NULL; or, when called again to report an error, what went wrong
	 * Returns 0; -EPROTO for a malformed status, a hop-by-hop header, or a second call without
	 * exc; -EINVAL for a control character; -EALREADY with exc after the headers went out: the
	 * application ends, by returning that or exc->code; -ENOMEM. What is refused is not kept.
	 */
	int (*respond)(struct wsgi_start *start, const char *status,
		       const struct wsgi_header *headers, size_t n, const struct wsgi_error *exc);
	/*
	 * write(): send len bytes now, the headers before them.
	 * Returns 0; -EPROTO before respond; -EPIPE and its kin when the client left; -errno.
	 */
	int (*write)(struct wsgi_start *start, const void *data, size_t len);
	/* In words, why one of the two failed last; borrowed. NULL: not known. */
	const struct wsgi_error *error;
	/*
	 * Where the application may say why, before it or its body returns an error: code is what
	 * it then returns, text a line for the log. Valid until the body is closed. NULL: nobody
	 * would read it.
	 */
	struct wsgi_error *failure;
};

/*
 * file - a body that is the rest of an open file, or len bytes of it: sent by sendfile where the
 * transport can. Source: PEP 3333 "Optional Platform-Specific File Handling".
 */
struct wsgi_file {
	int fd;         /* borrowed until the body is closed */
	int64_t offset; /* where to begin */
	uint64_t len;   /* UINT64_MAX: to the end of the file */
};

/*
 * body - what an application returns: an iterable of byte chunks.
 * Source  PEP 3333 "Specification Details": iterate, then call close() however it ended.
 */
struct wsgi_body {
	/* Next chunk into *data and *len, borrowed until the next call: 1. The end: 0. -errno. */
	int (*next)(struct wsgi_body *body, const void **data, size_t *len);
	/* Called exactly once by the handler, also after a failure. NULL: nothing to close. */
	int (*close)(struct wsgi_body *body);
	/*
	 * len(iterable): asked once, before the headers go out, when they have no Content-Length;
	 * a body of one chunk gets one. Returns 0 and sets *count; -ENOTSUP when it cannot be told;
	 * any other -errno is a failure. NULL: cannot be told.
	 */
	int (*count)(struct wsgi_body *body, size_t *count);
	/*
	 * The whole chunks are there already (a list): they need not be sent one by one. A body
	 * that makes its chunks as it goes leaves this false, and each is sent before the next is
	 * asked for.
	 */
	bool eager;
	/* Not NULL: the body is this file; the handler may send it so in place of calling next. */
	const struct wsgi_file *file;
};

/*
 * app - a WSGI callable, whatever its language: app(environ, start_response) -> iterable.
 */
struct wsgi_app {
	/* Sets *body, which stays the application's to free, in its close(). Returns 0 or -errno.
	 */
	int (*call)(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		    struct wsgi_body **body);
	/*
	 * Optional. Write what went wrong to errors: the pending exception with its traceback, or
	 * error when there is none. NULL: the handler writes error->text.
	 *   limit   frames of traceback at most; -1 all of them
	 */
	void (*log_exception)(struct wsgi_app *app, struct wsgi_errors *errors,
			      const struct wsgi_error *error, int limit);
	/*
	 * Optional. Take the pending exception apart for a developer to read; it stays pending.
	 * Asked before log_exception. Returns 0; -ENODATA: none is pending; -ENOMEM.
	 */
	int (*trace)(struct wsgi_app *app, struct wsgi_trace *trace);
	/* Optional. What log_exception would tell is of no interest: the client has left. */
	void (*drop_exception)(struct wsgi_app *app);
	/*
	 * Optional, together. The host is about to do something that may block (leave), and has
	 * done it (enter): an interpreter gives its lock to other threads in between. Between
	 * leave and enter nothing of the application is called.
	 */
	void (*leave)(struct wsgi_app *app);
	void (*enter)(struct wsgi_app *app);
	/* Optional. The host's thread that calls this ends; it has left. */
	void (*thread_ends)(struct wsgi_app *app);
};

/* What app->call and the bodies return when the application itself failed and knows the details. */
#define WSGI_RAISED (-EOWNERDEAD)

WSGI_END_DECLS

#endif
