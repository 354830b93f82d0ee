#ifndef WSGI_FCGI_REACTOR_H
#define WSGI_FCGI_REACTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/log.h"
#include "fcgi/request.h"

/*
 * reactor - all FastCGI connections of one process, over a few threads.
 *
 * Shape    any number of threads call wsgi_reactor_run(); one of them waits (epoll) for all
 *          connections, and serves a request itself as soon as one is whole, while another takes
 *          its place at the wait. An idle, kept, slow or silent connection holds no thread: a
 *          request is served only when its parameters are whole and its STDIN is either whole or
 *          has filled stdin_buffer_bytes; what a slow client has not taken of a response is sent
 *          later by whoever waits, up to out_buffer_bytes.
 * Errors   hostile or broken peers cost their own connection at most.
 * Signals  the caller ignores SIGPIPE: sendfile(2) raises it.
 * Forks    a reactor is made, run and destroyed by one process: after fork(), not before.
 * Source   FastCGI Specification 1.0.
 */
struct wsgi_reactor;

struct wsgi_reactor_limits {
	size_t params_bytes;       /* of one request's PARAMS; more: END_REQUEST after a 431 page */
	size_t stdin_buffer_bytes; /* read ahead before a request is served */
	size_t out_buffer_bytes; /* of a response, kept for a slow client before its thread waits */
	/*
	 * More wait in the listen queue. 0: seven eighths of the limit of open files (65536 at
	 * most), whose soft value wsgi_reactor_create() raises to the hard one.
	 */
	unsigned max_connections;
	/* A peer that moves no byte for so long in mid-request is dropped; an idle one never. */
	int io_timeout_ms;
};
extern const struct wsgi_reactor_limits wsgi_reactor_default_limits;

struct wsgi_reactor_ops {
	/*
	 * Serve one request: read req->input, write req->output. The reactor ends it. A request
	 * whose STDIN was cut off before this is never served; later it reads as -ECONNRESET.
	 */
	void (*serve)(void *ctx, struct wsgi_fcgi_request *req);
	/*
	 * Optional: after serve, in the same thread, when the response has been sent: what nobody
	 * has to wait for. req->params are there still, its streams are not.
	 */
	void (*ended)(void *ctx, struct wsgi_fcgi_request *req);
	/* Optional, together: around each system call that may block while serve runs. */
	void (*leave)(void *ctx);
	void (*enter)(void *ctx);
	/*
	 * Optional: whether a peer of a TCP socket may be served; one that may not is closed, and
	 * the callback has said so.
	 */
	bool (*admit)(void *ctx, const struct sockaddr *peer);
	/*
	 * FCGI_MAX_CONNS and FCGI_MAX_REQS, as GET_VALUES tells them; max_conns 0: the limit's
	 * max_connections.
	 */
	unsigned max_conns, max_reqs;
};

/*
 * Make a reactor over listening sockets.
 *   fds   n listening sockets (made non-blocking here), borrowed
 *   log   borrowed
 * Returns 0; -errno with words in err.
 */
int wsgi_reactor_create(struct wsgi_reactor **r, const int *fds, size_t n,
			const struct wsgi_reactor_limits *limits,
			const struct wsgi_reactor_ops *ops, void *ctx, const struct wsgi_log *log,
			struct wsgi_error *err);
void wsgi_reactor_destroy(struct wsgi_reactor *r);

/*
 * Share connections with other processes, by a pair of SOCK_SEQPACKET (base/fdpass.h) that all of
 * them have: a connection that no byte of a request has come on is given into one end and taken
 * out of the other by whoever has a thread to serve it, as from a listening socket. So a web
 * server's kept connections outlive a worker, and none waits for a busy one while another is
 * free. Before the first run. Both are borrowed. Returns 0 or -errno.
 */
int wsgi_reactor_share(struct wsgi_reactor *r, int give, int take);

/*
 * Stop as wsgi_reactor_stop() does, but give idle connections away, at once and as each becomes
 * idle, in place of closing them. What is in the exchange stays there, for others.
 */
void wsgi_reactor_retire(struct wsgi_reactor *r);

/*
 * While no thread waits for connections, because all of them serve and have for 50 ms: give away
 * those on which a next request is waiting. For a thread that does not run the reactor, which
 * calls it every 100 ms or so; cheap when there is nothing to do.
 */
void wsgi_reactor_relieve(struct wsgi_reactor *r);

/* How many connections there are now, and how many have been accepted or taken. */
void wsgi_reactor_count(struct wsgi_reactor *r, unsigned *connections, uint64_t *accepted);

/* Serve, in this thread, until the reactor has stopped. Returns 0; -errno of epoll. */
int wsgi_reactor_run(struct wsgi_reactor *r);

/*
 * Stop gracefully: accept no more, finish the requests that have begun, then let every run return.
 * A connection is closed with the end of its response; one that is idle at once if no request has
 * come for half a second, else after that time, so that a front end whose next request is under
 * way on it does not lose that. Async-signal-safe; may be called again.
 */
void wsgi_reactor_stop(struct wsgi_reactor *r);

/*
 * An application's own fork(): hold before it, go on after it in the parent; the child forgets.
 * forget closes every descriptor of the reactor, whose connections go on in the parent, and makes
 * the request that the child is in fail, as if its client had left. The reactor is of no other use
 * then. Source: pthread_atfork(3).
 */
void wsgi_reactor_hold(struct wsgi_reactor *r);
void wsgi_reactor_go_on(struct wsgi_reactor *r);
void wsgi_reactor_forget(struct wsgi_reactor *r);

#endif
