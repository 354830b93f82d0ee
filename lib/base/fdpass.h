#ifndef WSGI_BASE_FDPASS_H
#define WSGI_BASE_FDPASS_H

#include <stddef.h>
#include <sys/types.h>

/*
 * fdpass - messages with descriptors in them, between processes: SCM_RIGHTS, unix(7).
 *
 * Shape    over a pair of SOCK_SEQPACKET, where each send is received whole. Descriptors that
 *          arrive are close-on-exec, and the receiver's. Neither call raises SIGPIPE, nor waits: a
 *          socket that several processes have may have been made to block by any of them.
 * Errors   -EAGAIN: there is no message, or no room; -EPIPE and -ECONNRESET: the peer has ended.
 */
enum { WSGI_FDPASS_MAX = 8 };

/* A pair of connected SOCK_SEQPACKET, close-on-exec, not blocking. Returns 0 or -errno. */
int wsgi_fdpass_pair(int fds[2]);

/* Send len > 0 bytes, and n <= WSGI_FDPASS_MAX descriptors, which stay the sender's. 0 or -errno.
 */
int wsgi_fd_send(int sock, const void *data, size_t len, const int *fds, size_t n);

/*
 * Receive a message of at most len bytes and *n descriptors, and set *n to how many came. What has
 * no room is closed, and is -EMSGSIZE, as are bytes that have none; -EMFILE: this process was at
 * its limit of open files. The message is gone then, and *n is 0.
 * Returns the count of bytes; 0 at the end; -errno.
 */
ssize_t wsgi_fd_recv(int sock, void *data, size_t len, int *fds, size_t *n);

#endif
