#ifndef WSGI_SERVE_ACCESS_LINE_H
#define WSGI_SERVE_ACCESS_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

/*
 * access_line - a line of a log while it is made, in memory of its own as long as it is short.
 *
 * Shape    what others chose comes in escaped, so that it can neither end the line nor a quoted
 *          part of it, nor move a terminal's cursor: a '"' and a '\' have a '\' before them, a
 *          control character and a byte above 0x7e is \xNN. In JSON a byte that is no UTF-8 is the
 *          character of that number, \u00NN: it is a valid string, whatever the bytes were.
 */
struct wsgi_access_line {
	char *data; /* len bytes of cap */
	size_t len, cap;
	bool failed; /* there was no memory: the line is not whole */
	char own[4096];
};

void wsgi_access_line_init(struct wsgi_access_line *l);
void wsgi_access_line_finish(struct wsgi_access_line *l);

/* Append text as it is. */
void wsgi_access_line_add(struct wsgi_access_line *l, const char *text, size_t len);

/* What printf makes of fmt: fewer than 128 bytes. */
void wsgi_access_line_addf(struct wsgi_access_line *l, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Append text of others, for a line of text; or for a string in JSON, without its quotes. */
void wsgi_access_line_escape(struct wsgi_access_line *l, struct wsgi_span text);
void wsgi_access_line_json(struct wsgi_access_line *l, struct wsgi_span text);

#endif
