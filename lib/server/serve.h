#ifndef WSGI_SERVER_SERVE_H
#define WSGI_SERVER_SERVE_H

#include "http/server.h"

/*
 * serve - a request as it comes from the HTTP side, given to the server's handler class. The ctx of
 * these ops is the wsgi_server.
 */
extern const struct wsgi_http_ops wsgi_serve_ops;

#endif
