#ifndef WSGI_PROC_QUEUE_H
#define WSGI_PROC_QUEUE_H

#include <stddef.h>

/*
 * queue - the connections that wait on listening sockets until somebody accepts them.
 *
 * Shape    asked of the kernel: TCP_INFO, and for unix sockets sock_diag(7). No more than three
 *          system calls a socket, so that a timer can do it.
 * Source   PHP-FPM's "listen queue" and "listen queue len".
 */
struct wsgi_queue {
	unsigned waiting, capacity;
};

/* The queue of one socket. Returns 0; -errno: this kernel does not tell, and q is all 0. */
int wsgi_queue_of(int fd, struct wsgi_queue *q);

/* The sum over n of them; what cannot be told of adds nothing. */
void wsgi_queue_sum(const int *fds, size_t n, struct wsgi_queue *q);

#endif
