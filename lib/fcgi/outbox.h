#ifndef WSGI_FCGI_OUTBOX_H
#define WSGI_FCGI_OUTBOX_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "base/buf.h"

/*
 * outbox - the way out of a non-blocking socket, and what it has not taken yet: bytes, or the rest
 * of a file, which becomes records of STDOUT as it goes.
 *
 * Threads  the thread that serves a connection sends; the one that waits for all connections may
 *          push at the same time. A lock keeps the bytes in order.
 * Errors   0 or -errno. The caller ignores SIGPIPE: sendfile(2) raises it.
 */
struct wsgi_outbox_file {
	int fd; /* belongs to the outbox, once it has it */
	off_t offset;
	uint64_t left;
	size_t part; /* of it, in the record whose head went out already; 0: at a record's end */
	uint16_t id; /* of the request */
};

struct wsgi_outbox {
	pthread_mutex_t lock;
	struct wsgi_buf buf; /* buf.data[at..len) is still to be sent */
	size_t at;
	struct wsgi_outbox_file *file; /* and then this, if not NULL */
	struct wsgi_buf tail;          /* and then this */
};

void wsgi_outbox_init(struct wsgi_outbox *o);
void wsgi_outbox_finish(struct wsgi_outbox *o);

/* Forget what is there, keeping some memory. */
void wsgi_outbox_clear(struct wsgi_outbox *o);

/* Give back the memory of an empty one. */
void wsgi_outbox_shed(struct wsgi_outbox *o);

/*
 * Send n pieces, after what is there already. What the socket does not take now is kept when no
 * more than room bytes are waiting then.
 *   flags   MSG_MORE or 0
 * Returns 0 when all was sent or kept; -EAGAIN when iov still holds what was neither; -ENOMEM;
 * -errno of sendmsg(2).
 */
int wsgi_outbox_send(struct wsgi_outbox *o, int fd, struct iovec *iov, int n, int flags,
		     size_t room);

/*
 * Keep the rest of a file, after what is there already.
 * Returns 0: f->fd is ours now; -EBUSY: there is one already; -ENOMEM.
 */
int wsgi_outbox_keep_file(struct wsgi_outbox *o, const struct wsgi_outbox_file *f);

/*
 * Send what was kept; of a file some at once, so that others have their turn: -EAGAIN then too.
 * Returns 0 when nothing is left; -EAGAIN; -EIO when the file is shorter than it was; -errno of
 * send(2).
 */
int wsgi_outbox_push(struct wsgi_outbox *o, int fd);

/* Whether nothing is waiting. */
bool wsgi_outbox_is_empty(struct wsgi_outbox *o);

#endif
