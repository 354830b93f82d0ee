#ifndef WSGI_FCGI_DOORS_H
#define WSGI_FCGI_DOORS_H

#include "fcgi/core.h"

/*
 * doors - where connections come in: the listening sockets, and the exchange with other workers.
 */

/* Listening sockets; they are made non-blocking. Returns 0 or -errno. */
int wsgi_doors_init(struct wsgi_reactor *r, const int *fds, size_t n);
void wsgi_doors_finish(struct wsgi_reactor *r);

/* Have epoll tell who comes, or not. With the lock held. Returns 0 or -errno. */
int wsgi_doors_open(struct wsgi_reactor *r);
void wsgi_doors_close(struct wsgi_reactor *r);

/*
 * The leader's: let one in. Returns 1; 0 when one came who was turned away; -errno when there is
 * nobody, or nothing to take him with.
 */
int wsgi_door_let_in(struct wsgi_reactor *r, struct wsgi_door *d, struct wsgi_peer **p);

/* The leader's, who was told of somebody and has no thread for him: give him to another worker. */
void wsgi_door_pass_on(struct wsgi_reactor *r, struct wsgi_door *d);

/*
 * The leader's, who ends: let those in who wait, to be looked at, or to be given away on retiring.
 * The queue of a listening socket goes when it is closed; and of who came while others go on, they
 * may not have been told, because this reactor was.
 */
void wsgi_doors_let_all_in(struct wsgi_reactor *r);

/* In the child of an application's own fork(). */
void wsgi_doors_forget(struct wsgi_reactor *r);

#endif
