#ifndef WSGI_SERVE_HTTPD_H
#define WSGI_SERVE_HTTPD_H

#include "serve/gateway.h"

/*
 * httpd - wsgi-serve: an HTTP server that runs an application, or forwards to a FastCGI backend.
 *
 * Shape    defines wsgi_gateway_serve (serve/gateway.h). Says where it listens, then writes a line
 *          for each request, both on standard error; ends at SIGINT or SIGTERM with status 0.
 * Source   wsgiref/simple_server.py.
 */

/*
 * The line that simple_server logs for a request:
 * 127.0.0.1 - - [06/Nov/1994 08:49:37] "GET / HTTP/1.1" 200 5
 *   seconds   since 1970; shown as local time
 * Control characters and backslashes of the request are escaped. Returns the bytes written to line,
 * cut at size and always ending in a newline.
 */
struct wsgi_http_request;
size_t wsgi_httpd_log_line(const struct wsgi_http_request *req, long long seconds, char *line,
			   size_t size);

#endif
