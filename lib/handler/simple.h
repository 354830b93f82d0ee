#ifndef WSGI_HANDLER_SIMPLE_H
#define WSGI_HANDLER_SIMPLE_H

#include "base/decls.h"
#include "handler/handler.h"
#include "wsgi/output.h"

WSGI_BEGIN_DECLS

/* simple - a handler over three streams and a given environ. Source: wsgiref SimpleHandler. */
struct wsgi_simple_handler {
	struct wsgi_handler base;
	struct wsgi_input *in; /* borrowed, as the next three */
	struct wsgi_output *out;
	struct wsgi_errors *err;
	const struct wsgi_environ *base_env; /* its bytes must outlive the run */
};

/*
 * SimpleHandler(in, out, err, base_env): multithread, not multiprocess, an origin server. Not to be
 * copied or moved from then on.
 */
void wsgi_simple_handler_init(struct wsgi_simple_handler *s, struct wsgi_input *in,
			      struct wsgi_output *out, struct wsgi_errors *err,
			      const struct wsgi_environ *base_env);
void wsgi_simple_handler_finish(struct wsgi_simple_handler *s);

WSGI_END_DECLS

#endif
