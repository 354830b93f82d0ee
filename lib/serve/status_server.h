#ifndef WSGI_SERVE_STATUS_SERVER_H
#define WSGI_SERVE_STATUS_SERVER_H

#include <sys/types.h>

#include "base/error.h"
#include "proc/board.h"
#include "proc/priv.h"

/*
 * status_server - the process that answers --status-socket: HTTP, on /status and /ping, for a
 * person, a monitor and a balancer's health check.
 *
 * Shape    a child of the master that becomes wsgi-serve, so that wsgi-fcgi needs no HTTP. It has
 *          the board and the socket, and neither loads nor asks the application. It takes no
 *          signal: it ends when the master says so, or ends, or becomes another program.
 * Health   /ping is 200 while a worker serves, 503 while none does and from head->stopping on: at
 *          the end the master sets that first, and stops this process once the workers have ended.
 * Owner    the master; it waits for pid with its other children. To start it anew after it died is
 *          the master's to decide.
 */
struct wsgi_status_server {
	pid_t pid; /* 0: there is none */
	int line;  /* close-on-exec; its end is the process's end; private */
};

/*
 * Whether there is a wsgi-serve to become. Returns 0; -ENOEXEC with words: what is installed is not
 * whole.
 */
int wsgi_status_server_check(struct wsgi_error *err);

/*
 * Start it.
 *   fd     the listening socket, borrowed; the master's, so that it outlives this process
 *   board  borrowed
 *   priv   who to become; NULL: nobody else
 * Returns 0; -ENOENT, with words, where wsgi-serve does not stand beside this program; -errno with
 * words. s is zeroed on failure.
 */
int wsgi_status_server_start(struct wsgi_status_server *s, int fd, const struct wsgi_board *board,
			     const struct wsgi_priv *priv, struct wsgi_error *err);

/* Tell it to end, which it does within a second, and forget it; the master waits for the pid. */
void wsgi_status_server_stop(struct wsgi_status_server *s);

/* In a child of the master's that execs nothing: keep nothing of it. */
void wsgi_status_server_forget(struct wsgi_status_server *s);

#endif
