#ifndef WSGI_SERVE_FORWARD_H
#define WSGI_SERVE_FORWARD_H

#include "base/error.h"
#include "base/log.h"
#include "server/server.h"

/*
 * forward - a server's handler class that runs no application: each request is passed on to a
 * FastCGI backend.
 *
 * Owner    the caller; it is the ctx of a server whose handler_class is wsgi_forward_class.
 */
struct wsgi_forward {
	struct wsgi_fcgi_client *client; /* private, as all of it */
	const char *backend;
	const struct wsgi_log *log;
};

extern const struct wsgi_request_handler_ops wsgi_forward_class;

/*
 * Know a backend by its address, "unix:PATH" or "HOST:PORT"; nothing is connected yet. Both are
 * borrowed. Returns 0; -EINVAL with words in err; -ENOMEM.
 */
int wsgi_forward_init(struct wsgi_forward *f, const char *backend, const struct wsgi_log *log,
		      struct wsgi_error *err);
void wsgi_forward_finish(struct wsgi_forward *f);

#endif
