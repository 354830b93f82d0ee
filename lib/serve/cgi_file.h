#ifndef WSGI_SERVE_CGI_FILE_H
#define WSGI_SERVE_CGI_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/*
 * cgi_file - the files that are applications of a CGI program, and their names as such.
 */

/* ".wsgi", ".py" and that of shared objects, in the order in which they are looked for; then NULL.
 */
extern const char *const wsgi_cgi_endings[];

/* Whether the first len bytes of path name a file: what handler/paths.h asks. */
bool wsgi_cgi_file_is_there(const char *path, size_t len);

/* Whether the first len bytes of path end in one of them. */
bool wsgi_cgi_file_is_application(const char *path, size_t len);

/* A path's name as an application: it has a slash, and its colons are its own. 0 or -ENOMEM. */
int wsgi_cgi_file_name(char **application, const char *path, size_t len, const char *ending);

/*
 * The file that a request names, when it may be served: its real path is below root and ends in one
 * of the endings. It is taken at that path: nobody can put a link in its place after the check.
 * Sets *application, its name, the caller's to free. Returns 0; -ENOENT; -EACCES; -ENOMEM; words in
 * err.
 */
int wsgi_cgi_file(const char *root, const char *file, char **application, struct wsgi_error *err);

#endif
