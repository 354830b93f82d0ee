#ifndef WSGI_ROUTER_H
#define WSGI_ROUTER_H

#include <stddef.h>

#include "base/decls.h"
#include "wsgi/app.h"

WSGI_BEGIN_DECLS

/*
 * router - an application that hands each request to one of several, by its path.
 *
 * Shape    a route fits a path that begins with its segments: "/blog" fits "/blog", "/blog/" and
 *          "/blog/2024", not "/blogs". Segments are compared as decoded bytes; empty ones and "."
 *          are passed over, so that "//blog/./2024" is the same. Of the routes that fit the one
 *          with the most segments wins, of equals the first.
 *
 *          The application sees its own mount: shift_path_info() has moved the segments of the
 *          route from PATH_INFO to SCRIPT_NAME. "/blog" leaves an empty PATH_INFO, "/blog/" a "/".
 *          A request that no route fits goes to fallback, with its path as it was.
 *
 *          Routers may stand in routers. A body's file, count and eager pass through. What an
 *          application tells of a failure goes into start->failure: the log_exception, trace and
 *          drop_exception of an application inside a router are not called.
 * Owner    the routes and applications are borrowed for as long as the router is used. The environ
 *          that an application gets lives until its body is closed.
 * Threads  nothing changes after init: any number of requests at a time.
 * Source   wsgiref/util.py shift_path_info(); Werkzeug's DispatcherMiddleware mounts so, too.
 */
struct wsgi_route {
	const char *path; /* "/blog", "/static/img"; "/" fits every path */
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
