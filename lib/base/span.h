#ifndef WSGI_BASE_SPAN_H
#define WSGI_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/decls.h"

WSGI_BEGIN_DECLS

/* span - some bytes that somebody else owns. data may be NULL when len is 0. */
struct wsgi_span {
	const char *data;
	size_t len;
};

/* The span of a string, without its NUL. */
struct wsgi_span wsgi_span_of(const char *text);

/* Whether a span holds exactly the bytes of a string. */
bool wsgi_span_is(struct wsgi_span s, const char *text);

/* The same, where ASCII letters compare without regard to case. */
bool wsgi_span_is_nocase(struct wsgi_span s, const char *text);

/*
 * Take off *text what stands before the first c, and that c too; all of it when there is none.
 * Returns what was taken, without the c.
 */
struct wsgi_span wsgi_span_cut(struct wsgi_span *text, char c);

WSGI_END_DECLS

#endif
