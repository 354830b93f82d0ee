#ifndef WSGI_SERVE_REPORTER_H
#define WSGI_SERVE_REPORTER_H

#include "base/error.h"
#include "serve/options.h"
#include "wsgi/loader.h"

/*
 * reporter - tells the supervisor of --reload which files the application consists of.
 *
 * Shape    a thread asks the loader, from before the application is loaded on, as a module may be
 *          imported at any time; and writes to the pipe when the answer is another one.
 * Wire     a message is the state, WSGI_REPORT_LOADING or _SERVING; two times of the day in
 *          nanoseconds, with a space between them; and the files. Each has a NUL after it, an
 *          empty name ends the message. At the first time the thread had asked before: what
 *          is new among the files was not there then. At the second it asked for this message.
 * Threads  all calls come from the thread that loads and serves.
 */
struct wsgi_reporter;

#define WSGI_REPORT_LOADING "loading"
#define WSGI_REPORT_SERVING "serving"

/*
 * Begin to report. SIGINT does nothing in this process from then on, and what it always does in
 * those that the application starts or forks. None of them has the pipe, or the socket.
 *   o   the child's: reload_pipe, and the socket as fd://N in bind
 * Sets *r, to be freed by wsgi_reporter_destroy(). Returns 0; -EINVAL when there is no such pipe;
 * -errno; with words in err.
 */
int wsgi_reporter_create(struct wsgi_reporter **r, const struct wsgi_options *o,
			 struct wsgi_loader *loader, struct wsgi_error *err);

/* The application is loaded and served from now on. NULL is fine here and below. */
void wsgi_reporter_serving(struct wsgi_reporter *r);

/* In a child that the application forked: have nothing of the pipe. */
void wsgi_reporter_forget(struct wsgi_reporter *r);

/* Report once more, what a failed load had to do with above all, and end. */
void wsgi_reporter_destroy(struct wsgi_reporter *r);

#endif
