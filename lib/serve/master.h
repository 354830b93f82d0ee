#ifndef WSGI_SERVE_MASTER_H
#define WSGI_SERVE_MASTER_H

#include "serve/gateway.h"

/*
 * master - the process manager of wsgi-fcgi: binds, supervises, and never runs the application.
 *
 * Shape    one loop over signals, the lines of zygotes and workers, and a clock. What to do is
 *          proc/decide's to say, from a view of the board; how is proc/pool's.
 * Signals  TERM, QUIT: end gracefully. INT: at once. HUP: a new zygote, whose workers take over
 *          once one of them is ready. USR1: open the logs again. USR2: become the program that
 *          now stands at our path, with the sockets, the process id and the old workers until new
 *          ones are ready. TTIN, TTOU: one worker more, one less.
 * Errors   an application that does not load when the program starts ends it, with the status
 *          that the load gave; once workers have served, they go on, and it is tried again.
 * Source   gunicorn's signals; PHP-FPM's process manager.
 */

/* Returns the exit status. */
int wsgi_master_run(const struct wsgi_options *o, const struct wsgi_gateway_host *host);

#endif
