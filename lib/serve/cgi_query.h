#ifndef WSGI_SERVE_CGI_QUERY_H
#define WSGI_SERVE_CGI_QUERY_H

#include <stdbool.h>

/*
 * cgi_query - the words that a web server makes of a query string (RFC 3875, 4.4).
 *
 * Servers differ in what they decode, quote by a backslash, or cut off at a NUL, in whether an
 * empty word is one, and in where they split: Python's http.server makes one word of all. So the
 * letters and digits alone are compared, word after word. To take too many words for the client's
 * is the safe error.
 */

/*
 * Whether the words from first on, up to a NULL, could be what a server made of a query, or of its
 * beginning. A word without letters, the administrator's "/", is not yet the beginning of a query
 * that has some.
 */
bool wsgi_cgi_query_is(char *const *first, const char *query);

#endif
