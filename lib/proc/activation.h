#ifndef WSGI_PROC_ACTIVATION_H
#define WSGI_PROC_ACTIVATION_H

#include <stdbool.h>

#include "base/error.h"

/*
 * activation - listening sockets that a service manager opened before it started this process.
 *
 * Shape    count of them, at the descriptors from WSGI_ACTIVATION_FIRST on: "fd://3"
 * (proc/listener) is what they are opened as. They are close-on-exec, and the environment says no
 * more of them, so that no child takes them for its own. Names    FileDescriptorName= of the
 * socket's unit; systemd gives its unit's name where it has none. Source   sd_listen_fds(3),
 * systemd.socket(5).
 */
enum { WSGI_ACTIVATION_FIRST = 3, WSGI_ACTIVATION_MOST = 1024 };

struct wsgi_activation {
	int count;
	char *names; /* LISTEN_FDNAMES; NULL: none were given; private, owned */
};

/*
 * Take what LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES say, and take them out of the environment.
 * Returns 0, with a count of 0 where there is nothing, or it is for another process; -EINVAL, with
 * words, for what cannot be understood, or is no socket that listens; -ENOMEM.
 */
int wsgi_activation_take(struct wsgi_activation *a, struct wsgi_error *err);
/* Whether there is any for this process to take. */
bool wsgi_activation_is_given(void);

void wsgi_activation_finish(struct wsgi_activation *a);

/* Whether the socket at a descriptor was given that name. */
bool wsgi_activation_is(const struct wsgi_activation *a, int fd, const char *name);

#endif
