#ifndef WSGI_SERVE_LOCAL_H
#define WSGI_SERVE_LOCAL_H

#include <stdbool.h>

/*
 * local - whether only somebody at this machine can have asked.
 */

/* Whether a socket is bound to a loopback address: 127.0.0.0/8 or ::1. */
bool wsgi_local_socket(int fd);

/*
 * Whether the header Host names a loopback address, with any port or none: localhost, 127.x.x.x or
 * [::1]. A page of a stranger can make a browser ask a loopback address, under a name whose address
 * the stranger changed to that (DNS rebinding), and would then be given the answer.
 *   host   NULL: the request has none; that is not local
 */
bool wsgi_local_host(const char *host);

#endif
