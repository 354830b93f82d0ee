#ifndef WSGI_SERVE_HTTPD_H
#define WSGI_SERVE_HTTPD_H

#include "base/log.h"
#include "serve/gateway.h"

/*
 * httpd - wsgi-serve: a wsgi_server that runs an application, or forwards to a FastCGI backend.
 *
 * Shape    defines wsgi_gateway_serve (serve/gateway.h). Says where it listens, then writes a line
 *          for each request, both on standard error; ends at SIGINT, SIGTERM or SIGHUP with status
 * 0. Source   wsgiref/simple_server.py.
 */

/*
 * "listening on http://127.0.0.1:8000/": a URL where there can be one, as terminals make it a link.
 *   name   what the socket is called (proc/listener.h)
 */
void wsgi_httpd_say_address(const struct wsgi_log *log, const struct wsgi_options *o,
			    const char *name);

/* Whether a signal has its default action: SIGHUP has not under nohup(1). */
bool wsgi_httpd_is_default(int signo);

#endif
