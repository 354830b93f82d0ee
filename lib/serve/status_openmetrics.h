#ifndef WSGI_SERVE_STATUS_OPENMETRICS_H
#define WSGI_SERVE_STATUS_OPENMETRICS_H

#include <stdbool.h>

#include "base/buf.h"
#include "serve/status_facts.h"

/*
 * The status for Prometheus and its kin: wsgi_fcgi_*, with PHP-FPM's metrics first; full: the
 * workers' own too. Appends to out. Returns 0 or -ENOMEM.
 * Source: PHP-FPM's, for what there is; the OpenMetrics specification 1.0, for how it is written.
 */
int wsgi_status_openmetrics(struct wsgi_buf *out, const struct wsgi_status_facts *f, bool full);

#define WSGI_STATUS_OPENMETRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

#endif
