#ifndef WSGI_SERVE_STATUS_H
#define WSGI_SERVE_STATUS_H

#include "proc/board.h"
#include "wsgi/app.h"

/*
 * status - the state of the workers, as an application: what --status-path, --ping-path and
 * --status-socket answer.
 *
 * Shape    a wsgi_app over a board, which needs nothing else: it runs in a worker, or in the
 *          process that --status-socket has. The query chooses: text, ?json, ?html, ?openmetrics
 *          or ?xml, and full for a row for each worker and thread. No answer may be cached; HEAD
 *          is as GET; other methods get a 405.
 * Source   PHP-FPM's status page: its fields, in its spellings and order.
 */
struct wsgi_status {
	struct wsgi_app app, ping; /* ping answers "pong", as PHP-FPM's does */
	struct wsgi_app health;  /* "pong" or a 503: of all workers, not of the one that answers */
	struct wsgi_board board; /* private; borrowed */
};

void wsgi_status_init(struct wsgi_status *s, const struct wsgi_board *board);

/*
 * Which of app and ping a request is for, by its whole path (SCRIPT_NAME and PATH_INFO).
 *   status_path, ping_path   NULL: none
 * Returns NULL: neither.
 */
struct wsgi_app *wsgi_status_find(struct wsgi_status *s, const struct wsgi_environ *env,
				  const char *status_path, const char *ping_path);

#endif
