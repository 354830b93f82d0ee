#ifndef WSGI_PROC_NOTIFY_H
#define WSGI_PROC_NOTIFY_H

#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/error.h"

/*
 * notify - what a service manager is told: that the server is ready, reloads, stops, lives.
 *
 * Shape    a datagram of lines NAME=VALUE to the socket that NOTIFY_SOCKET names. What the
 *          environment says is taken out of it, so that no application speaks for the server.
 *          Where nobody asked, each call does nothing.
 * Errors   none: a server does not end because nobody listens. A send waits a second at most.
 * Source   sd_notify(3), sd_watchdog_enabled(3), systemd.service(5).
 */
struct wsgi_notify {
	int fd; /* -1: nobody asked; of a zeroed struct, nor of 0 */
	struct sockaddr_un to;
	socklen_t to_len;
	/* WatchdogSec=: wsgi_notify_alive() is to come at least so often; 0: not asked for. */
	int64_t watchdog_ms;
};

/*
 * Read NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, and take them out of the environment.
 * Returns 0, where nobody asked too; -EINVAL, with words, for what cannot be understood, after
 * which n does nothing.
 */
int wsgi_notify_open(struct wsgi_notify *n, struct wsgi_error *err);
void wsgi_notify_finish(struct wsgi_notify *n);

/*
 * Put them back, for an exec of the same server in the same process. Returns 0 or -ENOMEM.
 */
int wsgi_notify_hand_on(const struct wsgi_notify *n);

/* status: a line for a person, "4 workers"; NULL: as it is. */
void wsgi_notify_ready(struct wsgi_notify *n, const char *status);
void wsgi_notify_reloading(struct wsgi_notify *n, const char *status);
void wsgi_notify_stopping(struct wsgi_notify *n, const char *status);
void wsgi_notify_alive(struct wsgi_notify *n);

#endif
