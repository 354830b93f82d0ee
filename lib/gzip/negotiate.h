#ifndef WSGI_GZIP_NEGOTIATE_H
#define WSGI_GZIP_NEGOTIATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "wsgi/headers.h"

/*
 * negotiate - whether a response is to be compressed, and what its headers say then. Pure.
 * Source   RFC 9110, 8.4, 8.8.3, 12.5.3 and 12.5.5; RFC 9111, 5.2.2.6 (no-transform).
 */

/*
 * Whether a client that sends this Accept-Encoding is to get gzip: it accepts it, under its name,
 * as "x-gzip" or as "*", and does not like "identity" better.
 */
bool wsgi_gzip_is_accepted(struct wsgi_span accept_encoding);

/* Whether a response with this status and these headers is one that gets smaller. */
bool wsgi_gzip_is_fit(struct wsgi_span status, const struct wsgi_headers *h);

/* See to it that Vary has Accept-Encoding, or "*". Returns 0 or -ENOMEM. */
int wsgi_gzip_add_vary(struct wsgi_headers *h);

/* Make of the headers of a response those of the same response compressed. Returns 0, -ENOMEM. */
int wsgi_gzip_relabel(struct wsgi_headers *h);

#endif
