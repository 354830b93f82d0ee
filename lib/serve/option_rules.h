#ifndef WSGI_SERVE_OPTION_RULES_H
#define WSGI_SERVE_OPTION_RULES_H

#include "serve/option_table.h"

/*
 * option_rules - how options go together: what one needs of another, and what follows from both.
 *
 * Source   PHP-FPM's checks of a pool (sapi/fpm, fpm_conf.c) for what is its own; gunicorn's
 *          documentation for the rest.
 */

/*
 * Set what follows from other options where it was not given: the spare servers of --pm=dynamic.
 * Returns 0; -EINVAL with words that name the options that contradict each other; -ENOMEM.
 */
int wsgi_option_rules_apply(struct wsgi_options *o, struct wsgi_error *err);

/* Whether an option means something beside the others; NULL: it does; else what it is for. */
const char *wsgi_option_idle(const struct wsgi_options *o, const struct wsgi_option *option);

#endif
