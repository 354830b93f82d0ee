#ifndef WSGI_SERVE_PARKED_H
#define WSGI_SERVE_PARKED_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "fcgi/depot.h"

/*
 * parked - kept connections that have no request, while no worker is there to wait for one
 * (--pm=ondemand): the master has them until a request comes on one of them.
 *
 * Shape    they are taken out of the exchange (fcgi/depot), and given into it again for the
 *          worker that is then started. Those whose peer has left are closed.
 */
struct wsgi_parked {
	struct wsgi_depot depot;
	struct wsgi_parked_connection {
		int fd;
		bool tcp;
	} * connections; /* n of them; private */
	size_t n, room;
	size_t most;        /* by the limit of open files, of which the owner needs some itself */
	size_t turned_away; /* closed because of that; the owner's to set back */
};

/*
 * Over the two ends of the exchange, which stay the caller's. Raises the limit of open files.
 * Returns 0 or -errno.
 */
int wsgi_parked_init(struct wsgi_parked *p, int give, int take);

/* Close all of them. */
void wsgi_parked_close(struct wsgi_parked *p);
void wsgi_parked_finish(struct wsgi_parked *p);

/*
 * Take what is in the exchange; above the most, what has no request is closed. Returns 0 or -errno:
 * what is there stays there.
 */
int wsgi_parked_take(struct wsgi_parked *p);

/* Give back all that the exchange has room for. */
void wsgi_parked_give(struct wsgi_parked *p);

/*
 * Whether a request, or a part of one, has come on one of them. Closes those whose peer has left.
 *   polled   p->n of them, in the order of wsgi_parked_poll(), as poll(2) has left them
 */
bool wsgi_parked_look(struct wsgi_parked *p, const struct pollfd *polled);

/* Fill p->n of what poll(2) wants. */
void wsgi_parked_poll(const struct wsgi_parked *p, struct pollfd *polled);

#endif
