#ifndef WSGI_SERVE_FCGI_RULES_H
#define WSGI_SERVE_FCGI_RULES_H

#include "base/error.h"
#include "serve/options.h"

/*
 * fcgi_rules - how the options of wsgi-fcgi go together: what of the process manager's follows from
 * the rest, and what only its own parts can read: --allowed-clients, --access-logformat.
 *
 * Apart from option_rules, so that a command which has none of those parts does without them.
 *
 * Source   PHP-FPM's checks of a pool (sapi/fpm, fpm_conf.c).
 */

/*
 * After wsgi_options_parse() or wsgi_options_again(): set what follows from other options where it
 * was not given, the spare servers of --pm=dynamic.
 * Returns 0; -EINVAL with words that name the options that contradict each other; -ENOMEM.
 */
int wsgi_fcgi_rules_apply(struct wsgi_options *o, struct wsgi_error *err);

#endif
