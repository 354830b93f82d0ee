#ifndef WSGI_SERVE_STANDIN_H
#define WSGI_SERVE_STANDIN_H

#include "base/error.h"
#include "base/log.h"
#include "serve/options.h"

/*
 * standin - answers 503 in place of an application that does not load, so that nobody waits.
 *
 * Threads  create and destroy come from one thread; the requests are served in others, all of
 *          which have ended when destroy returns: one may fork then.
 */
struct wsgi_standin;

/*
 * Answer requests on a listening socket from now on.
 *   o     for certfile and keyfile
 *   fd    borrowed, as is log
 * Sets *s, to be freed by wsgi_standin_destroy(). Returns 0; -errno with words in err.
 */
int wsgi_standin_create(struct wsgi_standin **s, const struct wsgi_options *o, int fd,
			const struct wsgi_log *log, struct wsgi_error *err);

/* Answer what has begun, and end; who comes later waits in the queue of fd. NULL is fine. */
void wsgi_standin_destroy(struct wsgi_standin *s);

#endif
