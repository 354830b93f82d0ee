#ifndef WSGI_PROC_LISTENER_H
#define WSGI_PROC_LISTENER_H

#include <stdbool.h>

#include "base/error.h"

/*
 * listener - a listening socket and what it is called.
 *
 * Shape    an address is "unix:PATH", "HOST:PORT", "[IPV6]:PORT" or ":PORT"; port 0 lets the
 *          system choose, and name says which it was. A host with addresses of both kinds means
 *          the IPv4 one, as to socketserver. "fd://N" is a listening socket that this
 *          process was started with on descriptor N (gunicorn's name for it).
 * Owner    the caller; fd is close-on-exec, so that no child of an application has it.
 */
struct wsgi_listener {
	int fd;     /* -1: none */
	char *name; /* the address as one can connect to it; owned */
	char *path; /* of a unix socket that finish removes; NULL: none; owned */
};

/*
 * Bind and listen. A unix socket that nobody listens on any more is taken over; one that answers is
 * not. Its mode is 0666: who may connect is decided by the folder that it stands in. An inherited
 * socket keeps its queue, and its path stays when the listener is finished: they are its maker's.
 * Returns 0; -errno with words in err that name the address and what to do.
 */
int wsgi_listener_open(struct wsgi_listener *l, const char *address, int backlog,
		       struct wsgi_error *err);

/* Whether a descriptor is a listening socket, as a front end hands one over on descriptor 0. */
bool wsgi_listener_is(int fd);

/*
 * Take over a listening socket: it moves to another descriptor, fd becomes /dev/null. FastCGI
 * Specification, 2.2 (FCGI_LISTENSOCK_FILENO). Returns 0 or -errno with words in err.
 */
int wsgi_listener_adopt(struct wsgi_listener *l, int fd, struct wsgi_error *err);

/* Close the socket and remove the path; the name stays. */
void wsgi_listener_close(struct wsgi_listener *l);

/* The same, and free the name. A zeroed or already finished listener is fine. */
void wsgi_listener_finish(struct wsgi_listener *l);

#endif
