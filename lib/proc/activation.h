#ifndef WSGI_PROC_ACTIVATION_H
#define WSGI_PROC_ACTIVATION_H

#include <stdbool.h>

#include "base/error.h"

/*
 * activation - listening sockets that a service manager opened before it started this process.
 *
 * Shape    descriptors from WSGI_ACTIVATION_FIRST on, in the order of the socket unit. What they
 *          are opened as (proc/listener) is "fd://3". They are close-on-exec, and the environment
 *          says no more of them, so that no child takes them for its own.
 * Source   sd_listen_fds(3), systemd.socket(5).
 */
enum { WSGI_ACTIVATION_FIRST = 3, WSGI_ACTIVATION_MOST = 1024 };

/*
 * Take what LISTEN_PID and LISTEN_FDS say, and take them, and LISTEN_FDNAMES, out of the
 * environment.
 *   count   how many sockets there are, 0 in case of an error too
 * Returns 0, where there is nothing, or it is for another process, too; -EINVAL, with words, for
 * what cannot be understood, or is no socket that listens; -errno.
 */
int wsgi_activation_take(int *count, struct wsgi_error *err);

/* Whether there is any for this process to take. */
bool wsgi_activation_is_given(void);

#endif
