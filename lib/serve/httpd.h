#ifndef WSGI_SERVE_HTTPD_H
#define WSGI_SERVE_HTTPD_H

#include "serve/gateway.h"

/*
 * httpd - wsgi-serve: a wsgi_server that runs an application, or forwards to a FastCGI backend.
 *
 * Shape    defines wsgi_gateway_serve (serve/gateway.h). Says where it listens, then writes a line
 *          for each request, both on standard error; ends at SIGINT or SIGTERM with status 0.
 * Source   wsgiref/simple_server.py.
 */

#endif
