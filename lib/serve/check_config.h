#ifndef WSGI_SERVE_CHECK_CONFIG_H
#define WSGI_SERVE_CHECK_CONFIG_H

#include "serve/gateway.h"

/*
 * check_config - what --check-config and --print-config of wsgi-fcgi do in place of serving.
 */

/*
 * Whether it would start with these options: its user, its files, the folders of its sockets, and
 * the application, which is loaded with the privileges and the environment that it is to have.
 * Nothing is bound or written; what an application does while it loads is its own affair. For a
 * Python one this process becomes the interpreter, in which this is called once more. Says that
 * all is well, or what is not. Returns the exit status.
 */
int wsgi_check_config(const struct wsgi_options *o, const struct wsgi_gateway_host *host);

/* Write the options to standard output, as a file of --config. Returns the exit status. */
int wsgi_print_config(const struct wsgi_options *o);

#endif
