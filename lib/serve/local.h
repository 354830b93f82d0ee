#ifndef WSGI_SERVE_LOCAL_H
#define WSGI_SERVE_LOCAL_H

#include <stdbool.h>

#include "base/span.h"
#include "wsgi/environ.h"

/*
 * Whether a server's address, or the header Host of a request, names a loopback address, with any
 * port or none: localhost, 127.x.x.x or [::1].
 *
 * For Host: a stranger's page can make a browser ask a loopback address, under a name of the
 * stranger's whose address was changed to that (DNS rebinding), and would be given the answer.
 *   host   NULL: there is none; that is not local
 */
bool wsgi_local_host(const char *host);

/*
 * Whether a request tells that it came through a proxy, and by which variable. A proxy at this
 * machine may come from a loopback address for anybody, and make Host one. Not every proxy tells.
 *   name   set when it does, borrowed until env next changes
 */
bool wsgi_local_proxy(const struct wsgi_environ *env, struct wsgi_span *name);

#endif
