#ifndef WSGI_SERVE_REPORTS_H
#define WSGI_SERVE_REPORTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * reports - what a reporter tells, as its supervisor reads it; see serve/reporter.h for the wire.
 *
 * Owner    the caller owns the struct; pipe is the struct's to close.
 */
struct wsgi_reports {
	int pipe; /* does not block; -1: none, or it has ended */
	struct wsgi_buf bytes;
	size_t taken; /* of them, by the last message */
};

struct wsgi_report {
	const char *state;
	int64_t before_ns, asked_ns;
	const char *files; /* of that length */
	size_t len;
};

/* Begin to read a pipe. */
void wsgi_reports_init(struct wsgi_reports *r, int pipe);

/* Close the pipe, and forget what was read. */
void wsgi_reports_finish(struct wsgi_reports *r);

/* Read what is there. Returns 0; -ENOMEM: the rest of it is there the next time. */
int wsgi_reports_read(struct wsgi_reports *r);

/* The next message that was read whole: false when there is none. It is borrowed until the next. */
bool wsgi_reports_next(struct wsgi_reports *r, struct wsgi_report *out);

#endif
