#ifndef WSGI_HOP_H
#define WSGI_HOP_H

#include <stdbool.h>

#include "base/span.h"

/*
 * Whether a header belongs to one connection and so to the server, never to the application.
 * Source   wsgiref/util.py is_hop_by_hop(); RFC 2616, 13.5.1.
 */
bool wsgi_is_hop_by_hop(struct wsgi_span name);

#endif
