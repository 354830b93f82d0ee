#ifndef WSGI_SERVE_CGI_LOG_H
#define WSGI_SERVE_CGI_LOG_H

#include "base/log.h"
#include "serve/options.h"
#include "wsgi/environ.h"
#include "wsgi/errors.h"

/*
 * cgi_log - the error log of a CGI program: standard error, or the file of --error-logfile.
 */

/*
 * Have the file take the place of standard error, so that what Python, a child of the application
 * or the C library writes is in it too. It is made with mode 0640, less the umask, and written to
 * at its end. If it cannot be opened, standard error has a line that says so, and is used: then
 * o->error_logfile is NULL. Called before --chdir, outside an interpreter: what follows inherits
 * descriptor 2.
 */
void wsgi_cgi_log_open(struct wsgi_options *o);

/*
 * The file that a command line names which wsgi_options_parse() refuses, on either side of what is
 * wrong with it; NULL: none. Words from the first on that is neither an option nor the value of
 * one that we know are not looked at: an application may be there, and a client's words after it.
 */
const char *wsgi_cgi_log_named(enum wsgi_gateway gateway, int argc, char *const *argv);

/*
 * wsgi.errors of a request, on standard error. Where that is a file, the first of it stands after a
 * line that says when, and at which request.
 */
struct wsgi_cgi_errors {
	struct wsgi_errors errors;
	const struct wsgi_log *log; /* borrowed, as the next */
	const struct wsgi_environ *vars;
	bool has_begun;
};
void wsgi_cgi_errors_init(struct wsgi_cgi_errors *e, const struct wsgi_log *log,
			  const struct wsgi_environ *vars);

#endif
