#ifndef WSGI_SERVE_OPTION_HELP_H
#define WSGI_SERVE_OPTION_HELP_H

#include <stdio.h>

#include "serve/options.h"

/*
 * option_help - every option that a gateway takes, with its words; for a terminal of 100 columns.
 */
void wsgi_options_help(enum wsgi_gateway gateway, FILE *out);

#endif
