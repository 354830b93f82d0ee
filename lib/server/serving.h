#ifndef WSGI_SERVER_SERVING_H
#define WSGI_SERVER_SERVING_H

#include "http/server.h"
#include "server/server.h"

/*
 * serving - the servers of this process that serve right now, for the sake of an application's own
 * fork(): the child gets none of their sockets and answers nothing. A server that does not serve
 * goes along into the child as it is, so that a program may fork first and serve then.
 *
 * Threads  any; a fork waits while a server starts or ends.
 */

/* Make server->http, serving. Returns 0 or -errno with words in err. */
int wsgi_serving_start(struct wsgi_server *server, const struct wsgi_http_config *config,
		       struct wsgi_error *err);

/* Forget server: no thread of it is in the application any more. */
void wsgi_serving_end(struct wsgi_server *server);

#endif
