#ifndef WSGI_SERVE_OPTION_RULES_H
#define WSGI_SERVE_OPTION_RULES_H

#include "serve/option_table.h"

/*
 * option_rules - what one option needs of another. wsgi-fcgi has more rules (serve/fcgi_rules.h).
 *
 * Source   gunicorn's documentation, and PHP-FPM's.
 */

/* Returns 0; -EINVAL with words that name an option and what it is for. */
int wsgi_option_rules_apply(struct wsgi_options *o, struct wsgi_error *err);

/* Whether an option means something beside the others; NULL: it does; else what it is for. */
const char *wsgi_option_idle(const struct wsgi_options *o, const struct wsgi_option *option);

#endif
