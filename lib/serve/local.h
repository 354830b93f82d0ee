#ifndef WSGI_SERVE_LOCAL_H
#define WSGI_SERVE_LOCAL_H

#include <stdbool.h>

/*
 * Whether a server's address, or the header Host of a request, names a loopback address, with any
 * port or none: localhost, 127.x.x.x or [::1].
 *
 * For Host: a stranger's page can make a browser ask a loopback address, under a name of the
 * stranger's whose address was changed to that (DNS rebinding), and would be given the answer.
 *   host   NULL: there is none; that is not local
 */
bool wsgi_local_host(const char *host);

#endif
