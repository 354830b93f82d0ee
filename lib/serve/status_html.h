#ifndef WSGI_SERVE_STATUS_HTML_H
#define WSGI_SERVE_STATUS_HTML_H

#include <stdbool.h>

#include "base/buf.h"
#include "serve/status_facts.h"

/*
 * status_html - the status as a page for a person: the pool's numbers, a row for each thread, and a
 * script that asks for the page anew every other second.
 *
 *   nonce   of the page's own style and script, for the Content-Security-Policy that goes with it:
 *           nothing else runs, whatever a client's URI holds
 * Appends to out. Returns 0 or -ENOMEM.
 */
int wsgi_status_html(struct wsgi_buf *out, const struct wsgi_status_facts *f, const char *nonce);

#endif
