#ifndef WSGI_SERVE_VISIBLE_H
#define WSGI_SERVE_VISIBLE_H

#include "base/buf.h"
#include "base/span.h"

/*
 * visible - text of others made safe to show, in a page or on a terminal.
 *
 * Shape    UTF-8 comes out, whatever went in: a byte that is not UTF-8 becomes U+FFFD. Control
 *          characters, and those that turn the direction of writing round, are shown as \x1b and
 *          \u202e, so that no text changes how what stands around it looks. Newline and tab stay.
 */

/* Append text to a page, as an element's content or an attribute's value. Returns 0 or -ENOMEM. */
int wsgi_visible_html(struct wsgi_buf *out, struct wsgi_span text);

/* Append text for a terminal. Returns 0 or -ENOMEM. */
int wsgi_visible_text(struct wsgi_buf *out, struct wsgi_span text);

/* The same for a part of one line: newline and tab are shown as \x0a and \x09. */
int wsgi_visible_line(struct wsgi_buf *out, struct wsgi_span text);

/*
 * Append text as the content of a string in JSON, without its quotes: who reads it gets every
 * character as it was. Returns 0 or -ENOMEM. Source: RFC 8259, 7.
 */
int wsgi_visible_json(struct wsgi_buf *out, struct wsgi_span text);

#endif
