#ifndef WSGI_SERVE_CGI_NAME_H
#define WSGI_SERVE_CGI_NAME_H

#include <stdbool.h>

/*
 * cgi_name - names of files as a client or IIS writes them, and what Windows may take them for.
 *
 * Pure: nothing is looked at. The rules are Windows' on every system, with "/" and "\" for slashes;
 * but whether letters of either case are the same, the system says (base/path.h).
 */

/* Whether two names are one; an empty one is none. */
bool wsgi_cgi_name_is_same(const char *a, const char *b);

/* Whether path is file, or goes on behind it. */
bool wsgi_cgi_name_begins_with(const char *path, const char *file);

/*
 * Whether a path is another host's: to look at it alone has Windows log on there. "\\?\C:\apps" is
 * none.
 */
bool wsgi_cgi_name_is_remote(const char *path);

/* Whether a part of path is "." or "..". */
bool wsgi_cgi_name_has_dots(const char *path);

/*
 * Whether a part of a URL's path may name another file on Windows than it says: a stream of a file
 * ("app.py::$DATA"), a short name ("APPLIC~1.PY"), a wildcard, dots or spaces at the end, which
 * Windows drops.
 */
bool wsgi_cgi_name_is_doubtful(const char *url);

/* Whether IIS starts a file of that name by itself, a script of words too. */
bool wsgi_cgi_name_is_program(const char *url);

#endif
