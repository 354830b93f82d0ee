#ifndef WSGI_TRACE_H
#define WSGI_TRACE_H

#include <stddef.h>

#include "base/buf.h"
#include "base/decls.h"

WSGI_BEGIN_DECLS

/*
 * trace - an exception taken apart, for a page that a developer reads.
 *
 * Shape    the exception's type and message; the exceptions that led to it before it; for each its
 *          frames, outermost first; for each frame where it is, some source lines and the local
 *          variables. All text is UTF-8, not escaped for anything, and cut where it is very long.
 * Owner    a trace holds all of its text.
 */
struct wsgi_trace_local {
	size_t name, value; /* where they begin in text, each with a NUL after it */
};

struct wsgi_trace_frame {
	size_t file, function;      /* in text; file "": frames were left out, function says how */
	unsigned line;              /* counted from 1; 0: not known */
	size_t source;              /* in text: some lines around that one, each with its newline */
	unsigned source_line;       /* the number of the first of them */
	size_t first_local, locals; /* in the trace's list */
};

/* How an exception led to the next one. Source: Python's __cause__ and __context__. */
enum wsgi_trace_relation {
	WSGI_TRACE_LAST,    /* there is no next one */
	WSGI_TRACE_CAUSE,   /* it is the next one's direct cause */
	WSGI_TRACE_CONTEXT, /* it was being handled when the next one was raised */
};

struct wsgi_trace_error {
	size_t type, message; /* in text: "ValueError", "invalid literal"; it may have newlines */
	enum wsgi_trace_relation relation;
	size_t first_frame, frames; /* in the trace's list */
};

struct wsgi_trace {
	struct wsgi_buf text;
	struct wsgi_trace_error *errors; /* errors_len of them, in the order in which they came */
	struct wsgi_trace_frame *frames;
	struct wsgi_trace_local *locals;
	size_t errors_len, frames_len, locals_len;
	size_t runtime; /* in text: "Python 3.11.2, /usr/bin/python3"; 0: not said */
};

void wsgi_trace_init(struct wsgi_trace *t);

/* Free it all; the trace is an empty one afterwards. A zeroed one is fine. */
void wsgi_trace_finish(struct wsgi_trace *t);

/* The string that begins at a place in text, until the trace next changes. */
const char *wsgi_trace_text(const struct wsgi_trace *t, size_t at);

/*
 * Append an exception; a frame to the last exception; a local variable to the last frame; say what
 * runs the application. Strings are copied; NULL is "".
 * Return 0 or -ENOMEM, after which the trace holds what was there before.
 */
int wsgi_trace_add_error(struct wsgi_trace *t, const char *type, const char *message,
			 enum wsgi_trace_relation relation);
int wsgi_trace_add_frame(struct wsgi_trace *t, const char *file, const char *function,
			 unsigned line, const char *source, unsigned source_line);
int wsgi_trace_add_local(struct wsgi_trace *t, const char *name, const char *value);
int wsgi_trace_set_runtime(struct wsgi_trace *t, const char *runtime);

WSGI_END_DECLS

#endif
