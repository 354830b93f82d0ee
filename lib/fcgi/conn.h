#ifndef WSGI_FCGI_CONN_H
#define WSGI_FCGI_CONN_H

#include "fcgi/outbox.h"
#include "fcgi/params.h"
#include "fcgi/reactor.h"
#include "fcgi/session.h"

/*
 * conn - one connection of a web server: its socket, what came and what is to go, and the request
 * that is under way on it.
 *
 * Threads  one thread at a time has a connection in hand and lends it its memory (worker); only
 *          the outbox may be pushed by another one meanwhile.
 * Errors   0 or -errno; after any failure but -EAGAIN the connection is to be closed.
 */

/* A thread's memory: an idle connection has none of this size. */
struct wsgi_fcgi_worker {
	char in[64 << 10];                                       /* what recv gave */
	char out[FCGI_HEADER_LEN + WSGI_RECORD_CONTENT + 4 * 8]; /* STDOUT, and the end after it */
	char err[FCGI_HEADER_LEN + 4096];                        /* STDERR by FCGX_Put*() */
};

struct wsgi_fcgi_conn;

/* What all connections of a reactor share. */
struct wsgi_fcgi_config {
	struct wsgi_reactor_limits limits;
	struct wsgi_reactor_ops ops;
	void *ctx;
	const struct wsgi_log *log;
	/* The reader of a response is behind, and the application is about to make more of it. */
	void (*unsent)(struct wsgi_fcgi_conn *c);
	/* The thread that serves is about to wait for the peer. */
	void (*waits)(struct wsgi_fcgi_conn *c);
};

struct wsgi_fcgi_conn {
	int fd; /* -1: closed */
	bool tcp;
	const struct wsgi_fcgi_config *config;
	struct wsgi_fcgi_worker *worker; /* NULL: nobody has it in hand */
	struct wsgi_session session;
	struct wsgi_outbox outbox;

	struct wsgi_span rest; /* came and is not decoded; lies in worker->in or in ahead */
	struct wsgi_buf ahead;
	struct wsgi_span body; /* STDIN read before the request is served: worker->in or kept */
	struct wsgi_buf kept;

	struct wsgi_params params;
	struct wsgi_fcgi_request req;
	FCGX_Stream in, out, err; /* of req.fcgx */
	bool stdout_sent, stderr_sent, flushed;

	bool aborted;    /* by FCGI_ABORT_REQUEST */
	bool eof;        /* the peer sends no more */
	int code;        /* why nothing more can be sent */
	unsigned waits;  /* short ones, for a reader of the response that is behind */
	bool closing;    /* as soon as all was sent */
	bool lingering;  /* but not before the peer: it still sends, and what it has to read... */
	size_t lingered; /* ...would be lost. Bytes that came since. */
};

void wsgi_fcgi_conn_init(struct wsgi_fcgi_conn *c, const struct wsgi_fcgi_config *config);
void wsgi_fcgi_conn_finish(struct wsgi_fcgi_conn *c);

/* Give back all memory that an idle connection does not need. */
void wsgi_fcgi_conn_shed(struct wsgi_fcgi_conn *c);

/* Begin with a connected, non-blocking socket, which the connection owns from now on. */
void wsgi_fcgi_conn_open(struct wsgi_fcgi_conn *c, int fd, bool tcp);

/* Close the socket, keeping some memory for the next one. */
void wsgi_fcgi_conn_close(struct wsgi_fcgi_conn *c);

/*
 * Decode what is there, else receive and decode; never waits.
 * Returns 0 when more must come; 1 when a request is to be served; -errno.
 */
int wsgi_fcgi_conn_read(struct wsgi_fcgi_conn *c);

/* Give the worker back: what lies in its memory and is still wanted is copied. 0 or -ENOMEM. */
int wsgi_fcgi_conn_park(struct wsgi_fcgi_conn *c);

/* Forget the request that was under way, keeping some memory for the next one. */
void wsgi_fcgi_conn_forget(struct wsgi_fcgi_conn *c);

/* Whether no byte of a request has come since the last one. */
bool wsgi_fcgi_conn_is_idle(const struct wsgi_fcgi_conn *c);

/*
 * Send n pieces (used up), waiting where it must. What the socket does not take is kept, up to room
 * bytes, for whoever waits for all connections. Returns 0; -ETIMEDOUT; -errno, all told again
 * later.
 */
int wsgi_fcgi_conn_send(struct wsgi_fcgi_conn *c, struct iovec *iov, int n, int flags, size_t room);

/*
 * The socket takes no more. A reader that is just a little behind is waited for, which spares
 * copying; but not too often in one request. Returns 0: it takes some again; -ETIMEDOUT: the reader
 * is a slow one; -errno.
 */
int wsgi_fcgi_conn_be_patient(struct wsgi_fcgi_conn *c);

/*
 * Get some of STDIN, borrowed until the next call.
 *   wait   false: -EAGAIN when nothing is there
 * Returns the count of bytes; 0 at the end; -ECONNABORTED; -ECONNRESET; -ETIMEDOUT; -errno.
 */
ssize_t wsgi_fcgi_conn_input(struct wsgi_fcgi_conn *c, struct wsgi_span *piece, bool wait);

/*
 * Look, after STDIN was read whole, whether the client is still there and wants the response.
 * Returns 0; -ECONNABORTED; -ECONNRESET; -errno.
 */
int wsgi_fcgi_conn_look(struct wsgi_fcgi_conn *c);

/* Wait for the socket, the interpreter's lock let go. Returns 0; -ETIMEDOUT after ms; -errno. */
int wsgi_fcgi_conn_wait(struct wsgi_fcgi_conn *c, short events, int ms);

/*
 * In request.c: make c->req ready to be served, with the worker's memory; and end it: send what is
 * held and END_REQUEST, or what is no record when the request was cut. Returns 0 or -errno.
 */
void wsgi_fcgi_request_begin(struct wsgi_fcgi_conn *c);
int wsgi_fcgi_request_end(struct wsgi_fcgi_conn *c);

#endif
