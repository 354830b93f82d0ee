#ifndef WSGI_ROUTER_H
#define WSGI_ROUTER_H

#include <stddef.h>

#include "base/decls.h"
#include "wsgi/app.h"

WSGI_BEGIN_DECLS

/*
 * router - an application that hands each request to one of several, by its path.
 *
 * Shape    the applications see their own mount: shift_path_info() moves the segments of the route
 *          from PATH_INFO to SCRIPT_NAME. Of the routes that fit the longest wins; a request that
 *          none fits goes to fallback with its path as it was.
 * Owner    the routes and applications are borrowed for as long as the router is used.
 * Threads  nothing changes after init: any number of requests at a time.
 * Source   wsgiref/util.py shift_path_info().
 */
struct wsgi_route {
	const char *path; /* "/blog", "/static/img"; segments are compared as decoded bytes */
	struct wsgi_app *app;
};

struct wsgi_router {
	struct wsgi_app app; /* give this to the server */
	const struct wsgi_route *routes;
	size_t len;
	struct wsgi_app *fallback; /* NULL: "404 Not Found" in plain text */
};

/* Cannot fail; there is nothing to finish. */
void wsgi_router_init(struct wsgi_router *r, const struct wsgi_route *routes, size_t len,
		      struct wsgi_app *fallback);

WSGI_END_DECLS

#endif
