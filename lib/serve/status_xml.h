#ifndef WSGI_SERVE_STATUS_XML_H
#define WSGI_SERVE_STATUS_XML_H

#include <stdbool.h>

#include "base/buf.h"
#include "serve/status_facts.h"

/*
 * The status as XML; full: with an element for each row. Appends to out. Returns 0 or -ENOMEM.
 * Source: PHP-FPM.
 */
int wsgi_status_xml(struct wsgi_buf *out, const struct wsgi_status_facts *f, bool full);

#endif
