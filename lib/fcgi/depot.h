#ifndef WSGI_FCGI_DEPOT_H
#define WSGI_FCGI_DEPOT_H

#include <stdbool.h>

/*
 * depot - the exchange, where workers leave connections for each other: a pair of SOCK_SEQPACKET
 * that all of them have (base/fdpass.h), given into at one end and taken out of at the other.
 *
 * Shape    a message has one descriptor, and whether it is a TCP socket. Its layout has a number,
 *          because workers of another version of this program may be at the other end.
 * Owner    the ends are the caller's, and so is what is given; what is taken is the taker's.
 */
struct wsgi_depot {
	int give, take; /* -1: there is none */
	int spare[2];   /* held, so that what is taken finds room; private */
};

void wsgi_depot_init(struct wsgi_depot *x);

/* Use these ends. Returns 0 or -errno. */
int wsgi_depot_open(struct wsgi_depot *x, int give, int take);
void wsgi_depot_finish(struct wsgi_depot *x);

/* In the child of an application's own fork(): close the ends as well. */
void wsgi_depot_forget(struct wsgi_depot *x);

/* Give a copy of fd. Returns 0; -EAGAIN: it is full; -errno: it is of no more use. */
int wsgi_depot_give(struct wsgi_depot *x, int fd, bool tcp);

/*
 * Take one. Returns its descriptor, close-on-exec; -EAGAIN: there is none; -EMFILE: this process
 * has no descriptor left, and what is there waits for others, or for later; -EPROTO: one was lost,
 * because it was not understood or, after all, found no room; -errno: it is of no more use.
 */
int wsgi_depot_take(struct wsgi_depot *x, bool *tcp);

#endif
