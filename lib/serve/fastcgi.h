#ifndef WSGI_SERVE_FASTCGI_H
#define WSGI_SERVE_FASTCGI_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/log.h"
#include "proc/allow.h"
#include "proc/board.h"
#include "serve/access_log.h"
#include "serve/admission.h"
#include "serve/limits.h"
#include "serve/status.h"
#include "wsgi/app.h"

/*
 * fastcgi - a worker: one process that serves one application over FastCGI.
 *
 * It binds nothing, forks nothing and handles no signal: a process manager, or the run of
 * wsgi-fcgi, does that around it. Source: wsgiref BaseCGIHandler, one for each request.
 */
struct wsgi_fastcgi_worker {
	struct wsgi_app *app; /* all borrowed, for as long as the worker runs */
	const int *fds;       /* n_fds listening sockets */
	size_t n_fds;
	unsigned threads;
	const char *script_name; /* --script-name; NULL: as the front end says */
	bool multiprocess;       /* wsgi.multiprocess */
	const struct wsgi_log *log;
	/* Optional, each: zeroed there is none. */
	struct wsgi_board board;        /* where each thread says what it serves... */
	uint32_t place;                 /* ...in the row of this place */
	bool board_is_read;             /* ...with words, not only that it serves */
	struct wsgi_access_log *access; /* a line for each request */
	struct wsgi_status *status;     /* what answers status_path and ping_path */
	const char *status_path, *ping_path;
	bool iis;                       /* --iis */
	const struct wsgi_allow *allow; /* the peers that TCP sockets serve; NULL: all */
	const int *exchange;            /* {give, take}: see fcgi/reactor.h; NULL: none */
	uint64_t max_requests;          /* 0: none; as all the workers' threads count together */
	uint64_t max_memory_bytes;      /* 0: none; looked at after requests */
	/* Called once, when one of these limits is reached, by any thread. */
	void (*on_limit)(void *ctx);
	/*
	 * Called before a request when dozing is set, which it clears first: who calls relieve may
	 * sleep while nothing is served.
	 */
	void (*on_wake)(void *ctx);
	atomic_bool dozing;
	/* Called in a child that the application forks, which has no part in this worker. */
	void (*on_fork)(void *ctx);
	void *ctx;                    /* of these three */
	struct wsgi_reactor *reactor; /* private, as all below */
	atomic_uint threads_begun;
	struct wsgi_limits limits;
	struct wsgi_admission admission;
	uint64_t ended; /* requests, when is_busy was asked last */
};

/* Make it ready to run. Returns 0; -errno with words in err. */
int wsgi_fastcgi_worker_init(struct wsgi_fastcgi_worker *w, struct wsgi_error *err);

/* Serve until stopped: this thread is one of its threads. Returns 0; -errno with words in err. */
int wsgi_fastcgi_worker_run(struct wsgi_fastcgi_worker *w, struct wsgi_error *err);

/* Finish what is in flight, then let run return. Async-signal-safe; may be called again. */
void wsgi_fastcgi_worker_stop(struct wsgi_fastcgi_worker *w);

/* The same, and what has no request goes to other workers by the exchange. */
void wsgi_fastcgi_worker_retire(struct wsgi_fastcgi_worker *w);

/*
 * To be called every 100 ms or so, by a thread that serves nothing: wsgi_reactor_relieve(), and the
 * worker's own row of the board is brought up to date.
 */
void wsgi_fastcgi_worker_relieve(struct wsgi_fastcgi_worker *w);

/* Whether a request is under way, or has been since the last call. For that thread; needs a board.
 */
bool wsgi_fastcgi_worker_is_busy(struct wsgi_fastcgi_worker *w);

void wsgi_fastcgi_worker_finish(struct wsgi_fastcgi_worker *w);

#endif
