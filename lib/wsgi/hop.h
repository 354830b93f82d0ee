#ifndef WSGI_HOP_H
#define WSGI_HOP_H

#include <stdbool.h>

#include "base/decls.h"
#include "base/span.h"

WSGI_BEGIN_DECLS

/*
 * Whether a header belongs to one connection and so to the server, never to the application.
 * Source   wsgiref/util.py is_hop_by_hop(); RFC 2616, 13.5.1.
 */
bool wsgi_is_hop_by_hop(struct wsgi_span name);

WSGI_END_DECLS

#endif
