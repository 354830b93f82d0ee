#ifndef WSGI_SERVE_FASTCGI_H
#define WSGI_SERVE_FASTCGI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/log.h"
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
	struct wsgi_reactor *reactor; /* private */
};

/* Make it ready to run. Returns 0; -errno with words in err. */
int wsgi_fastcgi_worker_init(struct wsgi_fastcgi_worker *w, struct wsgi_error *err);

/* Serve until stopped: this thread is one of its threads. Returns 0; -errno with words in err. */
int wsgi_fastcgi_worker_run(struct wsgi_fastcgi_worker *w, struct wsgi_error *err);

/* Finish what is in flight, then let run return. Async-signal-safe; may be called again. */
void wsgi_fastcgi_worker_stop(struct wsgi_fastcgi_worker *w);

void wsgi_fastcgi_worker_finish(struct wsgi_fastcgi_worker *w);

#endif
