#ifndef WSGI_HTTP_EXCHANGE_H
#define WSGI_HTTP_EXCHANGE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "http/crew.h"
#include "http/head.h"
#include "http/request.h"
#include "http/spool.h"

/*
 * exchange - one request between two sides: the worker, a thread that may block, and the wire,
 * which never waits but sleeps until it is woken.
 *
 * Shape    the upload goes from the wire to the worker, the response back, each through a queue of
 *          at most WSGI_EXCHANGE_BUFFER bytes: the faster side waits. One exception: once the
 *          worker has begun to answer, the rest of an upload is queued up to in_max (in a file),
 *          because the wire can send the answer only when it has the whole request.
 * Owner    both sides hold it; the one that lets go last frees it.
 * Threads  the lock guards every member that is not said to belong to one side.
 */
enum { WSGI_EXCHANGE_BUFFER = 64 * 1024 };

struct wsgi_exchange;

struct wsgi_exchange_ops {
	/* The wire: call me no more until wake; and: call me again. Both under the lock. */
	void (*sleep)(struct wsgi_exchange *x);
	void (*wake)(struct wsgi_exchange *x);
	/* Optional, together: the worker is about to wait, and has waited. Not under the lock. */
	void (*leave)(void *ctx);
	void (*enter)(void *ctx);
};

struct wsgi_exchange {
	struct wsgi_http_request req; /* the worker's */
	struct wsgi_crew_job job;     /* the worker's turn */
	const struct wsgi_exchange_ops *ops;
	void *ctx;  /* for leave and enter */
	void *wire; /* for sleep and wake */
	pthread_mutex_t lock;
	pthread_cond_t moved; /* the worker waits for it */
	unsigned refs;

	struct wsgi_spool in, out;
	uint64_t in_max;            /* see above; the wire's, before the first feed */
	int in_error;               /* -errno: the upload could not be kept */
	bool in_ended;              /* the upload is whole */
	bool reading;               /* the worker has asked for the upload */
	bool responded;             /* head is whole and the wire may send it */
	bool taken;                 /* the wire sends it */
	bool failed;                /* the wire answers 500 in its place */
	bool complete;              /* all of the response is there already */
	bool done;                  /* the worker has let go */
	bool gone;                  /* the wire has */
	bool asleep;                /* between sleep and wake */
	bool no_body;               /* HEAD, 204, 304: the response's body is dropped */
	struct wsgi_http_head head; /* the worker's until responded */
};

/* Make one, held by the wire alone. NULL: no memory. */
struct wsgi_exchange *wsgi_exchange_create(const struct wsgi_exchange_ops *ops, void *ctx);

/* The worker's side: take hold before req is used; let go when the response is whole or cut. */
void wsgi_exchange_hold(struct wsgi_exchange *x);
void wsgi_exchange_done(struct wsgi_exchange *x);

/* The wire's side: let go. */
void wsgi_exchange_gone(struct wsgi_exchange *x);

/* From any thread that keeps x from being freed: the wire will not go on; whoever waits wakes. */
void wsgi_exchange_abort(struct wsgi_exchange *x);

/*
 * Around a fork(): freeze keeps both sides out. In the child there is no wire: nothing of x comes
 * or goes any more, and no op but leave and enter is called.
 */
void wsgi_exchange_freeze(struct wsgi_exchange *x);
void wsgi_exchange_thaw(struct wsgi_exchange *x);
void wsgi_exchange_thaw_in_child(struct wsgi_exchange *x);

/* Whether the worker has let go. */
bool wsgi_exchange_is_done(struct wsgi_exchange *x);

/* What the wire is to do. With WAIT it has been put to sleep. */
enum wsgi_exchange_turn {
	WSGI_TURN_WAIT,
	WSGI_TURN_UPLOAD,  /* read the request's body */
	WSGI_TURN_RESPOND, /* head is whole: send it */
	WSGI_TURN_FAIL,    /* there is no response: answer 500 */
};

/*
 * For a client that waits for "100 Continue": UPLOAD as soon as the worker wants the body, or
 * begins an answer that it may still read for; RESPOND for a whole answer without it.
 */
enum wsgi_exchange_turn wsgi_exchange_turn(struct wsgi_exchange *x);

/* The request is whole: UPLOAD is no longer an answer. */
enum wsgi_exchange_turn wsgi_exchange_uploaded(struct wsgi_exchange *x);

/*
 * A piece of the upload: how much of it was taken; not all: the wire has been put to sleep; -EFBIG:
 * more than in_max would be kept.
 */
ssize_t wsgi_exchange_feed(struct wsgi_exchange *x, const void *data, size_t len);

/*
 * A piece of the response's body: its length; 0: the wire has been put to sleep; -ENODATA: the body
 * has ended; -EPROTO: it was cut.
 */
ssize_t wsgi_exchange_take(struct wsgi_exchange *x, void *buf, size_t len);

#endif
