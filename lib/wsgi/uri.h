#ifndef WSGI_URI_H
#define WSGI_URI_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/decls.h"
#include "wsgi/environ.h"

WSGI_BEGIN_DECLS

/*
 * uri - what a request's address was, from its environ.
 * Source   wsgiref/util.py; PEP 3333 "URL Reconstruction".
 */

/* "https" if HTTPS is "yes", "on" or "1", else "http". Source: guess_scheme(). */
const char *wsgi_guess_scheme(const struct wsgi_environ *env);

/*
 * Append the application's base URI. Uses env->url_scheme.
 * Returns 0; -ENOENT when SERVER_NAME or SERVER_PORT is needed and absent (a KeyError in Python);
 * -ENOMEM. Source: application_uri().
 */
int wsgi_application_uri(const struct wsgi_environ *env, struct wsgi_buf *out);

/* Append the whole URI, with the query string if asked for. Source: request_uri(). */
int wsgi_request_uri(const struct wsgi_environ *env, bool include_query, struct wsgi_buf *out);

/*
 * Move one segment from PATH_INFO to SCRIPT_NAME.
 * Returns 1 and appends the segment (it may be empty: the path ended in "/"); 0 when there is
 * nothing to shift (None in Python); -EINVAL for a PATH_INFO without "/" (an IndexError in Python);
 * -ENOMEM. Source: shift_path_info().
 */
int wsgi_shift_path_info(struct wsgi_environ *env, struct wsgi_buf *segment);

/* The value of a hexadecimal digit; -1 for any other character. */
int wsgi_hex_digit(char c);

/*
 * Append text percent-decoded once: "%2F" is "/", "%252F" is "%2F", a lone "%" stays.
 * Returns 0 or -ENOMEM.
 */
int wsgi_percent_decode(struct wsgi_span text, struct wsgi_buf *out);

/*
 * Add what wsgiref.util.setup_testing_defaults() adds, where it is missing: variables, url_scheme,
 * an empty input and an errors that forgets what is written to it. For tests of servers and
 * applications only: the data is made up. Returns 0 or -ENOMEM.
 */
int wsgi_setup_testing_defaults(struct wsgi_environ *env);

WSGI_END_DECLS

#endif
