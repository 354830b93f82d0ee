#ifndef WSGI_SERVE_CGI_RELATIVE_H
#define WSGI_SERVE_CGI_RELATIVE_H

#include "base/error.h"
#include "serve/options.h"

/*
 * cgi_relative - names that count from a folder which the client chooses.
 *
 * IIS starts a CGI program in the folder that the URL leads to, be it one where others put files.
 * An application, an interpreter or a log named from there would be theirs.
 */

/*
 * Whether each name on a mapping's line is whole, or counts from --chdir's folder, which is whole.
 * Returns 0; -EINVAL with words. Then o->error_logfile, if it is such a name, is NULL.
 */
int wsgi_cgi_relative_check(struct wsgi_options *o, struct wsgi_error *err);

#endif
