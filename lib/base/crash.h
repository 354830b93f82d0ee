#ifndef WSGI_BASE_CRASH_H
#define WSGI_BASE_CRASH_H

#include "base/log.h"

/*
 * crash - the last words of a process whose application's code ends it: by a fault, abort() or
 * exit().
 *
 * Shape    the log gets one line that says what happened, and on Windows where; then last is
 *          called; then the process ends as it would have: by its signal, or with its status.
 * Errors   in a process that is broken already nothing is allocated, and nothing waits long.
 */
struct wsgi_crash {
	struct wsgi_log log;
	void (*last)(void *ctx); /* writes to descriptors, and does no more */
	void *ctx;
};

/*
 * Watch from now on; NULL: no longer. One for the process: crash is borrowed, and so is what it
 * points to. A signal that somebody else handles (Python's faulthandler) is left to him.
 */
void wsgi_crash_watch(const struct wsgi_crash *crash);

#endif
