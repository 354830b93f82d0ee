#ifndef WSGI_SERVE_FRONTENDS_H
#define WSGI_SERVE_FRONTENDS_H

#include "base/buf.h"
#include "base/error.h"
#include "serve/options.h"

/*
 * frontends - the configuration of a web server in front of wsgi-fcgi: --print-frontend.
 *
 * Shape    the files of scripts/frontends, which the end-to-end tests run, with what the options
 *          say put in for @NAME@ and ${WSGI_NAME}, and a head of its own. With --bind the web
 *          server connects to the first address; without it it starts wsgi-fcgi itself, if it can.
 */

/*
 * Append the configuration of the web server that o->print_frontend names.
 *   program   the path of wsgi-fcgi, for a web server that starts it
 *   folder    the working directory, absolute
 * Returns 0; -EINVAL with words: there is no such server, or an option is missing or cannot be
 * written in its configuration; -ENOMEM. Pure.
 */
int wsgi_frontend_config(const struct wsgi_options *o, const char *program, const char *folder,
			 struct wsgi_buf *out, struct wsgi_error *err);

/* Print that. Returns the exit status; it has been said why. */
int wsgi_frontend_print(const struct wsgi_options *o);

#endif
