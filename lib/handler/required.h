#ifndef WSGI_HANDLER_REQUIRED_H
#define WSGI_HANDLER_REQUIRED_H

#include "wsgi/environ.h"

/*
 * required - the variables that an application may count on, where a front end leaves them out,
 * empty, or spells them in its own way; put right before the handler sees them.
 *
 * QUERY_STRING is there; SERVER_NAME, SERVER_PORT and SERVER_PROTOCOL are, and are not empty: the
 * host and the port come from HTTP_HOST, else SERVER_ADDR, else are "localhost" and the scheme's.
 * SERVER_NAME has no port (HAProxy gives the Host header). A CONTENT_LENGTH of "-1" is none (Caddy,
 * of a body without a length). HTTP_CONTENT_TYPE and HTTP_CONTENT_LENGTH, which nginx sends beside
 * the names without HTTP_, are not.
 *
 * Source   PEP 3333 "environ Variables"; RFC 3875, 4.1.
 *
 * Returns 0 or -ENOMEM.
 */
int wsgi_required_fix(struct wsgi_environ *env);

#endif
