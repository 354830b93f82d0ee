#ifndef WSGI_SERVE_DEBUG_H
#define WSGI_SERVE_DEBUG_H

#include "base/error.h"
#include "server/request_handler.h"

/*
 * debug - --debug of wsgi-serve: an error of the application is answered with its traceback.
 *
 * The page shows the program's insides, so it is for a developer at this machine: the server
 * listens on a loopback address only, and the page goes only to who asked for one by its name,
 * through no proxy that can be told.
 */

/*
 * Whether a server that listens on address, as wsgi_server_address() has it, may be in debug.
 * Returns 0; -EINVAL with words in err.
 */
int wsgi_debug_check(const char *address, struct wsgi_error *err);

/*
 * WSGIRequestHandler, but for the page that answers an error. The traceback is logged all the same.
 *   the server's ctx   a struct wsgi_log, borrowed
 */
extern const struct wsgi_request_handler_ops wsgi_debug_class;

#endif
