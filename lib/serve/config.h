#ifndef WSGI_SERVE_CONFIG_H
#define WSGI_SERVE_CONFIG_H

#include <stdio.h>

#include "base/error.h"
#include "serve/options.h"

/*
 * config - a file of options: what --config reads and --print-config writes.
 *
 * Shape    a line each: NAME = VALUE. The name is that of the long option, with '-' or '_', or
 *          gunicorn's (raw_env, accesslog ...). A value is bare, "quoted" or 'quoted', where \\,
 *          \", \' and \n are what they are in Python; of an option that may be given several times
 *          also ["a", "b"], over several lines if need be. A flag is true or false (yes, no, on,
 *          off, 1, 0). The application is APPLICATION = "blog:app". A '#' begins a comment, and
 *          so it does behind a value and a blank. The line [wsgi-fcgi] may stand there, and says
 *          nothing. No option that does not may be given several times stands there twice.
 * Source   gunicorn.conf.py, as far as that is names and constants.
 */

enum { WSGI_CONFIG_MAX = 1 << 20 }; /* bytes */

/*
 * Read a file into o, which has the gateway's defaults, and whose values it borrows from *text.
 *   text   set in any case: the caller's to free, once o is not used any more; or NULL
 * Returns 0; -EINVAL with words that name the file, the line and what is to be there, or for
 * what is no such file: a folder, a longer one; -ENOENT, -EACCES ... with words; -ENOMEM.
 */
int wsgi_config_read(const char *path, struct wsgi_options *o, char **text, struct wsgi_error *err);

/*
 * Write the file that says what o says: every option that its gateway takes, those that have no
 * value or mean nothing as a comment. Returns 0 or -errno.
 */
int wsgi_config_write(const struct wsgi_options *o, FILE *out);

#endif
