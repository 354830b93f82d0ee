#ifndef WSGI_PROC_LISTENER_H
#define WSGI_PROC_LISTENER_H

#include <stdbool.h>
#include <sys/types.h>

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
	/* What stands there is ours: another server's socket, later put there, stays. Private. */
	dev_t dev;
	ino_t ino;
};

/* Who may connect to a unix socket: the owner and the group of its path, and their mode. */
struct wsgi_listener_access {
	uid_t owner; /* (uid_t)-1: who runs this process; as to chown(2) */
	gid_t group; /* (gid_t)-1: the process's */
	mode_t mode;
};

/*
 * Find that out, before anything is bound.
 *   owner, group   names or numbers; NULL: not named. An owner who is named brings his group.
 *   mode           above 0777 (WSGI_MODE_UNSET): 0660 where one of them is named, else 0666
 * Returns 0; -EINVAL, with words, for one that there is not; -EPERM, with words, where this process
 * may not give the socket to them; -EIO; -ENOMEM.
 * Source: PHP-FPM's listen.owner, listen.group, listen.mode.
 */
int wsgi_listener_access_find(struct wsgi_listener_access *access, const char *owner,
			      const char *group, unsigned mode, struct wsgi_error *err);

/*
 * Bind and listen. A unix socket that nobody listens on any more is taken over; one that answers is
 * not. Its mode is 0666: who may connect is decided by the folder that it stands in. An inherited
 * socket keeps its queue, and its path stays when the listener is finished: they are its maker's.
 * Returns 0; -errno with words in err that name the address and what to do.
 */
int wsgi_listener_open(struct wsgi_listener *l, const char *address, int backlog,
		       struct wsgi_error *err);

/*
 * The same, where a unix socket is for some only; nobody else can connect to it for a moment.
 *   access   NULL: wsgi_listener_open()
 */
int wsgi_listener_open_for(struct wsgi_listener *l, const char *address, int backlog,
			   const struct wsgi_listener_access *access, struct wsgi_error *err);

/*
 * Whether an address could be listened on, as far as that is known without binding it: its form,
 * and the folder of a unix socket. One that stands there is fine, for it may be that of the server
 * that this is asked beside. Returns 0; -errno with words, those of wsgi_listener_open().
 */
int wsgi_listener_check(const char *address, struct wsgi_error *err);

/*
 * Take back what this process had open before an exec, descriptor included.
 *   name   as it was
 *   path   as it was: the last program that has it removes it; NULL: none
 * Returns 0; -ENOTSOCK, with words, when fd is no listening socket; -ENOMEM.
 */
int wsgi_listener_inherit(struct wsgi_listener *l, int fd, const char *name, const char *path,
			  struct wsgi_error *err);

/* Whether a descriptor is a listening socket, as a front end hands one over on descriptor 0. */
bool wsgi_listener_is(int fd);

/*
 * Take over a listening socket: it moves to another descriptor, fd becomes /dev/null. FastCGI
 * Specification, 2.2 (FCGI_LISTENSOCK_FILENO). Returns 0 or -errno with words in err.
 */
int wsgi_listener_adopt(struct wsgi_listener *l, int fd, struct wsgi_error *err);

/*
 * Before an orderly end: begin no new connection, while those that wait in the queue can still be
 * accepted. Without it, those that come between the last accept and the close are reset, after they
 * were sent a request. Whoever comes now finds nobody, and asks again or elsewhere. Only for a
 * socket of one's own: it is so for every process that has it, for good. On unix sockets the path
 * is what goes, with wsgi_listener_close().
 */
void wsgi_listener_hush(struct wsgi_listener *l);

/* Close the socket and remove the path; the name stays. */
void wsgi_listener_close(struct wsgi_listener *l);

/* The same, and free the name. A zeroed or already finished listener is fine. */
void wsgi_listener_finish(struct wsgi_listener *l);

#endif
