#ifndef WSGI_SERVE_STATUS_HTTP_H
#define WSGI_SERVE_STATUS_HTTP_H

#include "serve/options.h"

/*
 * status_http - what wsgi-serve does for --status-socket of wsgi-fcgi, whose child it is then: the
 * other end of serve/status_server.
 *
 * Words    o->bind[0] is the socket, "fd://N"; o->status_board is "BOARD,LINE": the descriptors of
 *          the board, and of a line at whose end it ends.
 * Signals  none: the terminal and systemd send them to the master and all its children, and it is
 *          to say until the end that the service ends.
 */

/* Returns the exit status. */
int wsgi_status_http_run(const struct wsgi_options *o);

#endif
