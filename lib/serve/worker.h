#ifndef WSGI_SERVE_WORKER_H
#define WSGI_SERVE_WORKER_H

#include "proc/board.h"
#include "serve/gateway.h"

/*
 * worker - a process that serves, under a master: it loads the application, says READY, and serves
 * until it is told to end, or until its line to the master ends.
 *
 * Threads  the main thread loads, and serves with o->threads - 1 more; a minder of our own, which
 *          the application never meets, has the line.
 * Signals  TERM and QUIT are an orderly end, and before READY an end at once; INT, which a
 *          terminal sends to everybody, is the master's to answer, as are HUP, USR1 and USR2.
 *          Nothing is blocked, and nothing ignored that was not before: what the application
 *          starts inherits that.
 */
struct wsgi_worker { /* all borrowed */
	const struct wsgi_options *o;
	const struct wsgi_gateway_host *host;
	struct wsgi_app *app; /* loaded already; NULL: still to be loaded */
	const int *fds;       /* n_fds listening sockets */
	size_t n_fds;
	struct wsgi_board board;
	int line;        /* to the master */
	int exchange[2]; /* give, take */
	int access;      /* the access log; -1: none */
	uint32_t place, serial;
};

/* Returns the exit status. */
int wsgi_worker_run(const struct wsgi_worker *w);

/*
 * Load the application that w->o names. What it forks meanwhile gets none of w's descriptors, and
 * never comes back from here. Returns 0 or an exit status; it has been said why.
 */
int wsgi_worker_load(const struct wsgi_worker *w, struct wsgi_app **app);

/*
 * WSGI_LINE_LOGS: let n descriptors, which are closed, take the places of standard error (and
 * standard output) and of the access log.
 */
void wsgi_worker_take_logs(int access, const int *fds, size_t n);

/*
 * Let signals that are the master's to answer do nothing here. By a handler: what is ignored would
 * be so in every program that the application starts, too. Signals that the application answers
 * itself, or that are ignored already, are left alone.
 */
void wsgi_worker_leave_signals(void);

#endif
