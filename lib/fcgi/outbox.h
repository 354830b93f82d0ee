#ifndef WSGI_FCGI_OUTBOX_H
#define WSGI_FCGI_OUTBOX_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/uio.h>

#include "base/buf.h"

/*
 * outbox - the way out of a non-blocking socket, and what it has not taken yet.
 *
 * Threads  the thread that serves a connection sends; the one that waits for all connections may
 *          push at the same time. A lock keeps the bytes in order.
 * Errors   0 or -errno; never a signal (MSG_NOSIGNAL).
 */
struct wsgi_outbox {
	pthread_mutex_t lock;
	struct wsgi_buf buf; /* buf.data[at..len) is still to be sent */
	size_t at;
};

void wsgi_outbox_init(struct wsgi_outbox *o);
void wsgi_outbox_finish(struct wsgi_outbox *o);

/* Forget what is there, keeping some memory. */
void wsgi_outbox_clear(struct wsgi_outbox *o);

/*
 * Send n pieces, after what is there already. What the socket does not take now is kept when no
 * more than room bytes are waiting then.
 *   flags   MSG_MORE or 0
 * Returns 0 when all was sent or kept; -EAGAIN when iov still holds what was neither; -ENOMEM;
 * -errno of sendmsg(2).
 */
int wsgi_outbox_send(struct wsgi_outbox *o, int fd, struct iovec *iov, int n, int flags,
		     size_t room);

/* Send what was kept. Returns 0 when nothing is left; -EAGAIN; -errno of send(2). */
int wsgi_outbox_push(struct wsgi_outbox *o, int fd);

/* Whether nothing is waiting. */
bool wsgi_outbox_is_empty(struct wsgi_outbox *o);

#endif
