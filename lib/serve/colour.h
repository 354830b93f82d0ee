#ifndef WSGI_SERVE_COLOUR_H
#define WSGI_SERVE_COLOUR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/request_handler.h"

/*
 * colour - the line of a request as a terminal shows it: redirections, a client's errors and
 * the server's stand out, the time stands back.
 */

/*
 * Whether to write colours: to a terminal that knows them, unless the user wants none.
 *   term       TERM; NULL: not set
 *   no_color   NO_COLOR; NULL: not set. Source: no-color.org
 */
bool wsgi_colour_wanted(bool is_terminal, const char *term, const char *no_color);

/*
 * Colour a line of wsgi_request_line() by its status.
 *   out   at least len + WSGI_COLOUR_EXTRA bytes
 * Returns the bytes written to it.
 */
enum { WSGI_COLOUR_EXTRA = 32 };
size_t wsgi_colour_line(const char *line, size_t len, int status, char *out);

/* The log_request of a wsgi_request_handler: WSGIRequestHandler's, in colour. */
void wsgi_colour_log_request(struct wsgi_request_handler *r, int status, uint64_t body_bytes);

#endif
