#ifndef WSGI_SERVE_RELOAD_H
#define WSGI_SERVE_RELOAD_H

#include "serve/gateway.h"
#include "serve/reporter.h"

/*
 * reload - wsgi-serve --reload: a supervisor that starts the server again when a source file of
 * the application changes.
 *
 * Shape    The supervisor has the listening socket, and nothing of the application or of Python.
 *          It forks a child, which does what wsgi-serve does without --reload, on that socket,
 *          and reports its files (serve/reporter.h). When one of them has changed, the child is
 *          asked to end, and the next one is started; who connects in the meantime waits in the
 *          socket's queue. A child that does not load, or ends by itself, is not started again
 *          before something has changed; until then requests are answered 503.
 * Source   gunicorn's --reload, --reload-extra-file and fd:// for the words.
 */

/*
 * Supervise until SIGINT, SIGTERM or SIGHUP; a second one of the first two does not wait for
 * requests under way.
 *   address   to listen on
 *   kind      whose run() a child does: with the socket as --bind fd://N, and reload_pipe
 * Returns the exit status: in the supervisor, and in each child what run() returned.
 */
int wsgi_reload_run(const struct wsgi_options *o, const struct wsgi_gateway_host *host,
		    const char *address, const struct wsgi_gateway_kind *kind);

/*
 * wsgi_gateway_load() for a child, with a reporter from before that on. Sets *reporter, to be
 * given to wsgi_reporter_destroy(); NULL: not a child of a supervisor.
 */
int wsgi_reload_load(const struct wsgi_options *o, const struct wsgi_gateway_host *host,
		     struct wsgi_app **app, struct wsgi_reporter **reporter);

#endif
