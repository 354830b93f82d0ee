#ifndef WSGI_SERVE_STATUS_JSON_H
#define WSGI_SERVE_STATUS_JSON_H

#include <stdbool.h>

#include "base/buf.h"
#include "serve/status_facts.h"

/*
 * The status as one object; full: with a list "processes" of an object a row. Appends to out.
 * Returns 0 or -ENOMEM. Source: PHP-FPM.
 */
int wsgi_status_json(struct wsgi_buf *out, const struct wsgi_status_facts *f, bool full);

#endif
