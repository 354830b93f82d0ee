#ifndef WSGI_FCGI_DIAL_H
#define WSGI_FCGI_DIAL_H

#include "base/error.h"

/*
 * dial - a connection to a FastCGI backend.
 *   address   "unix:PATH", "HOST:PORT" or "[IPV6]:PORT"
 */

/* Returns 0, or -EINVAL with words for an address that is none. Nobody is asked. */
int wsgi_dial_check(const char *address, struct wsgi_error *err);

/*
 * Connect; a name's addresses are tried one after the other.
 *   timeout_ms   for each of them
 * Returns a descriptor, non-blocking and close-on-exec; -EINVAL; -ENOENT, -ECONNREFUSED,
 * -ETIMEDOUT and the other failures of connect(2), with words that name the address.
 */
int wsgi_dial(const char *address, int timeout_ms, struct wsgi_error *err);

#endif
